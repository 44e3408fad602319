/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of blocks and raw tails share. */
#include "objects.h"

#if WMBT_CFG_SHAPE

static const wmbt_shape_layer small_layers[] = {{0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}};
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

#endif
