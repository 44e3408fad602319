/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of blocks and raw tails share. */
#include "objects.h"

#if WMBT_CFG_SHAPE

/* A shape has as many layers as it says: what stands behind them is none. */
static const wmbt_shape_layer small_layers[] = {
    {0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}, {7, 1, 1}};
const wmbt_shape wmbt_test_shape = {small_layers, 4, 2, 1, 4, 8};

uint32_t wmbt_test_crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1u) != 0u ? 0x82F63B78u : 0u);
        }
    }
    return ~crc;
}

uint32_t wmbt_test_crc32c_large(const uint8_t *p, size_t n)
{
    uint32_t table[256];
    for (uint32_t i = 0; i < 256u; i++) {
        uint8_t byte = (uint8_t)i;
        /* the CRC of one byte from register 0, without the inversions */
        table[i] = ~wmbt_test_crc32c(0xFFFFFFFFu, &byte, 1);
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < n; i++) {
        crc = (crc >> 8) ^ table[(crc ^ p[i]) & 0xFFu];
    }
    return ~crc;
}

#    define MAX_UNDO 64u
#    define MAX_APPEND 64u

/* An object under alteration, and what to put back. */
typedef struct altered {
    uint8_t *data;
    size_t len, full_len;
    size_t undo_at[MAX_UNDO];
    uint8_t undo_byte[MAX_UNDO];
    size_t undo_count;
} altered;

static void set_byte(wmbt_test *t, altered *a, size_t at, uint8_t value)
{
    T_CHECK(t, at < a->len && a->undo_count < MAX_UNDO);
    a->undo_at[a->undo_count] = at;
    a->undo_byte[a->undo_count] = a->data[at];
    a->undo_count++;
    a->data[at] = value;
}

static void set_bytes(wmbt_test *t, altered *a, size_t at, wmbt_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        T_CALL(t, set_byte(t, a, at + i, bytes.data[i]));
    }
}

static void fix_crc(wmbt_test *t, altered *a, wmbt_test_crc_place place)
{
    T_CHECK(t, a->len >= place.covered + 4u);
    size_t end = place.at_end ? a->len - 4u : a->len;
    uint32_t crc = wmbt_test_crc32c_large(a->data + place.covered, end - place.covered);
    uint8_t bytes[4] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                        (uint8_t)(crc >> 24)};
    set_bytes(t, a, place.at_end ? end : place.at, wmbt_view_of(bytes, 4));
}

static void apply(wmbt_test *t, altered *a, wmbt_view op, wmbt_test_crc_place place)
{
    wmbt_view name = wmbt_cell_part(&op, ':');
    size_t used = t->arena_used;
    if (wmbt_test_view_is(name, "put")) {
        size_t at = (size_t)wmbt_cell_u64(t, wmbt_cell_part(&op, ':'));
        set_bytes(t, a, at, wmbt_cell_bytes(t, op));
    } else if (wmbt_test_view_is(name, "append")) {
        wmbt_view bytes = wmbt_cell_bytes(t, op);
        T_CHECK(t, bytes.len <= MAX_APPEND && a->len == a->full_len);
        a->len += bytes.len;
        set_bytes(t, a, a->full_len, bytes);
    } else if (wmbt_test_view_is(name, "truncate")) {
        size_t n = (size_t)wmbt_cell_u64(t, op);
        T_CHECK(t, n <= a->len);
        a->len = n;
    } else if (wmbt_test_view_is(name, "flip")) {
        size_t bit = (size_t)wmbt_cell_u64(t, op);
        T_CHECK(t, bit / 8u < a->len);
        set_byte(t, a, bit / 8u, (uint8_t)(a->data[bit / 8u] ^ (1u << (bit % 8u))));
    } else {
        T_CHECK(t, wmbt_test_view_is(name, "fixcrc"));
        fix_crc(t, a, place);
    }
    t->arena_used = used;
}

uint32_t wmbt_test_verdicts(wmbt_test *t, const char *table, const char *file,
                            wmbt_test_crc_place place, wmbt_test_verdict judge)
{
    static const char folder[] = "golden/engine/";
    wmbt_view text, object;
    if (!wmbt_test_data(t, table, &text) || !wmbt_test_data(t, file, &object)) {
        return 0;
    }
    altered a = {wmbt_test_alloc(t, object.len + MAX_APPEND), object.len, object.len, {0}, {0}, 0};
    if (a.data == NULL) {
        return 0;
    }
    for (size_t i = 0; i < object.len; i++) {
        a.data[i] = object.data[i];
    }
    wmbt_table rows;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table_open(&rows, text, false);
    while (!t->failed && wmbt_table_next(t, &rows, cells)) {
        if (!wmbt_test_view_is(cells[1], file + sizeof folder - 1u)) {
            wmbt_test_fail(t, __FILE__, __LINE__, "the verdict is about this object");
            break;
        }
        wmbt_view ops = cells[WMBT_TEST_VERDICT_OPS];
        while (ops.data != NULL && !t->failed && !wmbt_test_view_is(ops, "-")) {
            apply(t, &a, wmbt_cell_part(&ops, ','), place);
        }
        if (!t->failed) {
            judge(t, wmbt_view_of(a.data, a.len), cells);
        }
        while (a.undo_count != 0u) {
            a.undo_count--;
            a.data[a.undo_at[a.undo_count]] = a.undo_byte[a.undo_count];
        }
        a.len = a.full_len;
    }
    return rows.row;
}

/* --- push readers ----------------------------------------------------------------------------- */

/* Room for each of them; sizes are checked where the forms are made. */
typedef struct any_push {
    uint64_t words[WMBT_TEST_PUSH_BYTES / 8u];
} any_push;

wmbt_status wmbt_test_read_whole(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                 const void *expect, void *info)
{
    wmbt_test_fill(info, f->info_bytes);
    wmbt_status status = f->read(object, expect, info);
    T_ALSO(t, status == WMBT_OK || wmbt_test_is_filled(info, f->info_bytes),
           "info is unchanged on an error");
    return status;
}

/* Feeds object[*at, end), and gets on as far as that; the rows go to `shadow`, unless that is NULL.
 * Returns what the last call said. */
static wmbt_status feed_until(wmbt_test *t, const wmbt_test_form *f, any_push *push,
                              wmbt_view object, size_t *at, size_t end, uint8_t *shadow)
{
    wmbt_status status;
    do {
        wmbt_buf dst = wmbt_buf_of(NULL, 0);
        wmbt_extent e;
        uint32_t position;
        if (f->at(push, &e, &position) == WMBT_OK) {
            T_ALSO(t, e.offset + position == *at && position < e.bytes,
                   "the extent says where the byte is");
            size_t room = end - *at < e.bytes - position ? end - *at : e.bytes - position;
            dst = shadow == NULL ? dst : wmbt_buf_of(shadow + *at, room);
        }
        size_t taken = SIZE_MAX;
        status = f->feed(push, wmbt_view_of(object.data + *at, end - *at), dst, &taken);
        if (wmbt_status_is_error(status)) {
            T_ALSO(t, taken == SIZE_MAX, "taken is unchanged on an error");
            return status;
        }
        T_ALSO(t, taken <= end - *at && (status == WMBT_OK || taken == end - *at),
               "need-more and end took all");
        *at += taken;
        T_ALSO(t, f->offset(push) == *at, "taken bytes count");
    } while (status == WMBT_OK && *at < end && !t->failed);
    return status;
}

static wmbt_status finish(wmbt_test *t, const wmbt_test_form *f, any_push *push, wmbt_status status,
                          void *info)
{
    wmbt_test_fill(info, f->info_bytes);
    wmbt_status verdict = f->finish(push, info);
    T_ALSO(t, !wmbt_status_is_error(status) || verdict == status, "a refusal is for good");
    T_ALSO(t, verdict == WMBT_OK || wmbt_test_is_filled(info, f->info_bytes),
           "info is unchanged on an error");
    return verdict;
}

wmbt_status wmbt_test_read_pushed(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                  const void *expect, uint32_t seed, uint32_t most, uint8_t *shadow,
                                  void *info)
{
    any_push push;
    size_t at = 0;
    wmbt_test_fill(info, f->info_bytes);
    wmbt_status status = f->init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    while (!wmbt_status_is_error(status) && at < object.len && !t->failed) {
        size_t n = object.len - at;
        if (seed != 0u) {
            size_t m = 1u + wmbt_test_random(&seed) % most;
            n = m < n ? m : n;
        }
        status = feed_until(t, f, &push, object, &at, at + n, shadow);
    }
    return finish(t, f, &push, status, info);
}

wmbt_status wmbt_test_read_all_ways(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                    const void *expect, void *info)
{
    static const struct {
        uint32_t seed, most;
    } ways[] = {{0, 1}, {1, 1}, {5, 7}, {9, 60}, {3, 300}};
    wmbt_status status = wmbt_test_read_whole(t, f, object, expect, info);
    for (size_t i = 0; i < sizeof ways / sizeof ways[0] && !t->failed; i++) {
        uint32_t pushed[WMBT_TEST_INFO_BYTES / 4u];
        T_ALSO(t,
               wmbt_test_read_pushed(t, f, object, expect, ways[i].seed, ways[i].most, NULL,
                                     pushed) == status,
               "push says what whole says");
        T_ALSO(t, wmbt_test_same((const uint8_t *)pushed, info, f->info_bytes),
               "push says what whole says");
    }
    return status;
}

wmbt_status wmbt_test_read_placed(wmbt_test *t, const wmbt_test_form *f, wmbt_view object,
                                  const void *expect, uint32_t step, uint64_t wrong_at, void *info)
{
    any_push push;
    size_t at = 0;
    wmbt_status status = f->init(&push, expect);
    while (!wmbt_status_is_error(status) && at < object.len && !t->failed) {
        wmbt_extent e;
        uint32_t position;
        if (f->at(&push, &e, &position) == WMBT_OK) {
            uint32_t n = e.bytes - position < step ? e.bytes - position : step;
            uint32_t crc = wmbt_test_crc32c(0, object.data + at, n);
            crc ^= at <= wrong_at && wrong_at < at + n ? 1u : 0u;
            status = f->placed(&push, n, crc);
            at += n;
            T_ALSO(t, f->offset(&push) == at, "placed bytes count");
        } else {
            status = feed_until(t, f, &push, object, &at, at + 1u, NULL);
        }
    }
    return finish(t, f, &push, status, info);
}

/* at() names the extent that the byte `at` belongs to, if it belongs to one. */
static void check_at(wmbt_test *t, const wmbt_test_form *f, const any_push *push, size_t at,
                     size_t len, const wmbt_body_part *parts, size_t count)
{
    wmbt_extent e;
    uint32_t position = 4711;
    size_t i = 0;
    wmbt_test_fill(&e, sizeof e);
    wmbt_status status = f->at(push, &e, &position);
    while (i < count && at >= parts[i].extent.offset + parts[i].extent.bytes) {
        i++;
    }
    if (i == count || at < parts[i].extent.offset || parts[i].extent.kind == WMBT_EXTENT_FIELD) {
        T_EQ(t, status, at == len ? WMBT_END : WMBT_MISSING);
        T_CHECK(t, wmbt_test_is_filled(&e, sizeof e) && position == 4711u);
        return;
    }
    T_EQ(t, status, WMBT_OK);
    T_EQ(t, e.offset, parts[i].extent.offset);
    T_EQ(t, e.bytes, parts[i].extent.bytes);
    T_EQ(t, e.rows, parts[i].extent.rows);
    T_EQ(t, e.layer, parts[i].extent.layer);
    T_EQ(t, e.kind, parts[i].extent.kind);
    T_EQ(t, position, at - e.offset);
}

void wmbt_test_splits(wmbt_test *t, const wmbt_test_form *f, wmbt_view object, const void *expect,
                      const wmbt_body_part *parts, size_t count)
{
    uint8_t *shadow = wmbt_test_alloc(t, object.len);
    uint32_t whole[WMBT_TEST_INFO_BYTES / 4u], info[WMBT_TEST_INFO_BYTES / 4u];
    T_CHECK(t, shadow != NULL);
    T_EQ(t, wmbt_test_read_whole(t, f, object, expect, whole), WMBT_OK);
    for (size_t split = 0; split <= object.len; split++) {
        wmbt_test_fill(shadow, object.len);
        any_push push;
        size_t at = 0;
        T_EQ(t, f->init(&push, expect), WMBT_OK);
        T_CALL(t, (void)feed_until(t, f, &push, object, &at, split, shadow));
        T_EQ(t, at, split);
        T_CALL(t, check_at(t, f, &push, at, object.len, parts, count));
        T_EQ(t, feed_until(t, f, &push, object, &at, object.len, shadow), WMBT_END);
        T_EQ(t, at, object.len);
        T_EQ(t, finish(t, f, &push, WMBT_OK, info), WMBT_OK);
        T_BYTES(t, (const uint8_t *)info, (const uint8_t *)whole, f->info_bytes);
        size_t o = 0;
        for (size_t i = 0; i < count; i++) {
            for (; o < parts[i].extent.offset; o++) {
                T_EQ(t, shadow[o], WMBT_TEST_PATTERN);
            }
            bool row = parts[i].extent.kind != WMBT_EXTENT_FIELD;
            for (; o < parts[i].extent.offset + parts[i].extent.bytes; o++) {
                T_EQ(t, shadow[o], row ? object.data[o] : WMBT_TEST_PATTERN);
            }
        }
        T_CHECK(t, wmbt_test_is_filled(shadow + o, object.len - o));
    }
}

/* --- walks ------------------------------------------------------------------------------------ */

static void check_part(wmbt_test *t, const wmbt_body_part *got, const wmbt_body_part *want)
{
    T_EQ(t, got->extent.offset, want->extent.offset);
    T_EQ(t, got->extent.bytes, want->extent.bytes);
    T_EQ(t, got->extent.rows, want->extent.rows);
    T_EQ(t, got->extent.layer, want->extent.layer);
    T_EQ(t, got->extent.kind, want->extent.kind);
    T_EQ(t, got->value, want->value);
    T_EQ(t, got->mismatch, want->mismatch);
}

void wmbt_test_walk(wmbt_test *t, const wmbt_test_form *f, void *walk, size_t stride,
                    const wmbt_body_part *parts, size_t count)
{
    const uint64_t first = parts[0].extent.offset;
    const uint64_t end = parts[count - 1u].extent.offset + parts[count - 1u].extent.bytes;
    wmbt_body_part part;
    for (size_t i = 0; i < count; i++) {
        T_EQ(t, f->walk_next(walk, &part), WMBT_OK);
        T_CALL(t, check_part(t, &part, &parts[i]));
    }
    wmbt_test_fill(&part, sizeof part);
    T_EQ(t, f->walk_next(walk, &part), WMBT_END);
    for (uint64_t a = 0; a < end + 13u; a += stride) {
        size_t i = 0;
        for (uint64_t b = 0; b < end + 13u; b++) {
            wmbt_status status = f->walk_seek(walk, a, &part);
            T_EQ(t, status, a < first || a >= end ? WMBT_MISSING : WMBT_OK);
            wmbt_test_fill(&part, sizeof part);
            status = f->walk_seek(walk, b, &part);
            if (b < first || b >= end) {
                T_EQ(t, status, WMBT_MISSING);
                T_CHECK(t, wmbt_test_is_filled(&part, sizeof part));
                continue;
            }
            T_EQ(t, status, WMBT_OK);
            while (b >= parts[i].extent.offset + parts[i].extent.bytes) {
                i++;
            }
            T_CALL(t, check_part(t, &part, &parts[i]));
            status = f->walk_next(walk, &part);
            T_EQ(t, status, i + 1u < count ? WMBT_OK : WMBT_END);
            if (status == WMBT_OK) {
                T_CALL(t, check_part(t, &part, &parts[i + 1u]));
            }
        }
    }
    wmbt_test_fill(&part, sizeof part);
    T_EQ(t, f->walk_seek(walk, UINT64_MAX, &part), WMBT_MISSING);
    T_CHECK(t, wmbt_test_is_filled(&part, sizeof part));
}

uint8_t *wmbt_test_only_rows(wmbt_test *t, const wmbt_test_form *f, void *walk, wmbt_view object)
{
    uint8_t *copy = wmbt_test_alloc(t, object.len);
    wmbt_body_part part;
    if (copy != NULL) {
        wmbt_test_fill(copy, object.len);
        while (f->walk_next(walk, &part) == WMBT_OK) {
            if (part.extent.kind != WMBT_EXTENT_FIELD) {
                wmbt_test_copy(copy + part.extent.offset, object.data + part.extent.offset,
                               part.extent.bytes);
            }
        }
    }
    return copy;
}

#endif
