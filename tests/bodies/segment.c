/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment. Tables are upstream's answers; what we refuse and upstream accepts is named in each test
 * and stands under "Differences" in docs/FORMATS.md.
 */
#include "wombatkv/segment.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "base/le.h"
#include "../support/test.h"

#define SEGMENTS "golden/vectors/format_segment.tsv"
#define RANGES "golden/vectors/format_segment_range.tsv"
#define BUCKET "golden/bucket/wal.tsv"

#define NO_VIEW wmbt_view_of(NULL, 0)
#define COMPAT WMBT_SEGMENT_COMPAT

/* The golden segment of formats.md: a, b, c with payload-a, payload-b, payload-c. */
static const uint8_t doc[] = "WMBT_KV_SGV1\3\0\0\0"
                             "\1\0\x09\0\0\0apayload-a"
                             "\1\0\x09\0\0\0bpayload-b"
                             "\1\0\x09\0\0\0cpayload-c"
                             "\1\0a\x17\0\0\0\x09\0\0\0"
                             "\1\0b\x27\0\0\0\x09\0\0\0"
                             "\1\0c\x37\0\0\0\x09\0\0\0"
                             "WMBT_KV_SEG1\x21\0\0\0\x18\x80\xa2\x96";

#define DOC_BYTES (sizeof doc - 1u)
#define DOC_INDEX 64u /* where its index begins */
#define DOC_FOOTER 97u
#define DOC_VIEW wmbt_view_of(doc, DOC_BYTES)

/* Opens by ranges: 16 bytes, 20 bytes, the index. */
static wmbt_status open_ranges(wmbt_test *t, wmbt_segment_index *index, wmbt_view object,
                               uint32_t flags)
{
    wmbt_segment_layout layout;
    wmbt_test_fill(&layout, sizeof layout);
    size_t header = object.len < 16u ? object.len : 16u;
    size_t tail = object.len < 20u ? object.len : 20u;
    wmbt_view end = tail == 0u ? NO_VIEW : wmbt_view_of(object.data + (object.len - tail), tail);
    wmbt_status status =
        wmbt_segment_locate(object.len, wmbt_view_of(object.data, header), end, flags, &layout);
    if (status != WMBT_OK) {
        T_ALSO(t, wmbt_test_is_filled(&layout, sizeof layout), "an error changes nothing");
        return status;
    }
    T_ALSO(t, layout.index_offset + layout.index_bytes + 20u == object.len, "the index fits");
    wmbt_view bytes =
        wmbt_view_of(object.data + (size_t)layout.index_offset, (size_t)layout.index_bytes);
    return wmbt_segment_open_index(index, &layout, bytes, flags);
}

/* Reads a whole index: ok or what it was refused with. `want` is NULL or a list of
 * key:offset:length. */
static wmbt_status read_index(wmbt_test *t, wmbt_view object, uint32_t flags, bool ranges,
                              const wmbt_view *want)
{
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    wmbt_view list = want == NULL || wmbt_test_view_is(*want, "empty") ? NO_VIEW : *want;
    wmbt_test_fill(&index, sizeof index);
    wmbt_status status =
        ranges ? open_ranges(t, &index, object, flags) : wmbt_segment_open(&index, object, flags);
    T_ALSO(t, status == WMBT_OK || wmbt_test_is_filled(&index, sizeof index),
           "an error changes nothing");
    while (status == WMBT_OK) {
        wmbt_test_fill(&entry, sizeof entry);
        status = wmbt_segment_next(&index, &entry);
        if (status != WMBT_OK) {
            T_ALSO(t, wmbt_test_is_filled(&entry, sizeof entry), "an error changes nothing");
            T_ALSO(t, wmbt_segment_next(&index, &entry) == status, "a refusal is for good");
        } else if (want != NULL) {
            wmbt_view fields = wmbt_cell_part(&list, ',');
            wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&fields, ':'));
            T_ALSO(t, wmbt_view_equal(entry.key, key), "the key");
            T_ALSO(t, entry.payload_offset == wmbt_cell_u64(t, wmbt_cell_part(&fields, ':')),
                   "the offset");
            T_ALSO(t, entry.payload_bytes == wmbt_cell_u64(t, fields), "the length");
        }
    }
    T_ALSO(t, want == NULL || status != WMBT_END || list.data == NULL, "all entries");
    status = status == WMBT_END ? WMBT_OK : status;
    if (!ranges) {
        wmbt_segment_layout layout;
        wmbt_test_fill(&layout, sizeof layout);
        T_ALSO(t, wmbt_segment_verify(object, flags, &layout) == status, "verify says the same");
        T_ALSO(t, (status == WMBT_OK) != wmbt_test_is_filled(&layout, sizeof layout),
               "layout only if good");
    }
    return status;
}

static wmbt_status status_of(wmbt_test *t, wmbt_view outcome)
{
    static const wmbt_word words[] = {
        {"ok", WMBT_OK},
        {"err:unexpected_eof", WMBT_TRUNCATED},
        {"err:invalid_magic", WMBT_BAD_MAGIC},
        {"err:checksum", WMBT_BAD_CHECKSUM},
        {"err:field_too_large", WMBT_TOO_LARGE},
        {"err:invalid_range", WMBT_BAD_ARGUMENT},
    };
    return wmbt_cell_status(t, outcome, words, sizeof words / sizeof words[0]);
}

/* True for what only the strict reader refuses. */
static bool is_strict_only(wmbt_status status)
{
    return status == WMBT_BAD_LENGTH || status == WMBT_BAD_OFFSET || status == WMBT_BAD_COUNT;
}

/* --- index ------------------------------------------------------------------------------------ */

static void golden_index(wmbt_test *t, const wmbt_view *cells, uint32_t *refused)
{
    wmbt_view wire = wmbt_cell_bytes(t, cells[2]);
    wmbt_status want = status_of(t, cells[4]);
    const wmbt_view *entries = want == WMBT_OK ? &cells[5] : NULL;
    T_EQ(t, read_index(t, wire, COMPAT, false, entries), want);
    T_EQ(t, read_index(t, wire, COMPAT, true, entries), want);
    wmbt_status strict = read_index(t, wire, 0, false, NULL);
    wmbt_status by_ranges = read_index(t, wire, 0, true, NULL);
    if (want == WMBT_OK) {
        T_CHECK(t, strict == WMBT_OK || is_strict_only(strict));
        T_CHECK(t, by_ranges == WMBT_OK || is_strict_only(by_ranges));
        T_CHECK(t, strict != WMBT_OK || by_ranges == WMBT_OK);
        *refused += strict != WMBT_OK ? 1u : 0u;
    } else { /* a check of ours may come before the entry that upstream stops at */
        T_CHECK(t, strict == want || is_strict_only(strict));
    }
}

static void golden_footer(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view footer = wmbt_cell_bytes(t, cells[2]), index = wmbt_cell_bytes(t, cells[3]);
    wmbt_status want = status_of(t, cells[4]);
    uint32_t bytes = 7, sum = 7;
    if (want == WMBT_TRUNCATED && footer.len >= 20u) {
        want = WMBT_BAD_LENGTH; /* upstream has one word for both */
    }
    T_EQ(t, wmbt_segment_read_footer(footer, index, COMPAT, &bytes, &sum), want);
    if (want != WMBT_OK) {
        T_CHECK(t, bytes == 7 && sum == 7);
        T_EQ(t, wmbt_segment_read_footer(footer, index, 0, &bytes, &sum), want);
        return;
    }
    wmbt_view fields = cells[5];
    T_EQ(t, bytes, wmbt_cell_u64(t, wmbt_cell_part(&fields, ':')));
    T_EQ(t, sum, wmbt_cell_u64(t, fields));
    T_EQ(t, wmbt_segment_read_footer(footer, index, 0, &bytes, &sum),
         footer.len > 20u ? WMBT_TRAILING_BYTES : WMBT_OK);
}

#if WMBT_CFG_WRITERS
#    define MAX_BLOCKS 16u

static void golden_encode(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_segment_block blocks[MAX_BLOCKS];
    wmbt_view list = wmbt_test_view_is(cells[5], "empty") ? NO_VIEW : cells[5];
    wmbt_status want = status_of(t, cells[4]);
    size_t count = 0, bytes = 36;
    while (list.data != NULL) {
        wmbt_view fields = wmbt_cell_part(&list, ','), key = fields;
        if (fields.len > 4u && wmbt_test_same(fields.data, (const uint8_t *)"rep:", 4)) {
            key.len = sizeof "rep:00:65536" - 1u; /* then ":-" */
            fields = wmbt_view_of(fields.data + key.len + 1u, fields.len - key.len - 1u);
        } else {
            key = wmbt_cell_part(&fields, ':');
        }
        T_CHECK(t, count < MAX_BLOCKS);
        blocks[count].key = wmbt_cell_bytes(t, key);
        blocks[count].payload = wmbt_cell_bytes(t, fields);
        bytes += 16u + 2u * blocks[count].key.len + blocks[count].payload.len;
        count++;
    }
    uint8_t *out = wmbt_test_alloc(t, bytes + 1u);
    T_CHECK(t, out != NULL);
    wmbt_test_fill(out, bytes + 1u);
    size_t written = 99;
    T_EQ(t, wmbt_segment_write(blocks, count, wmbt_buf_of(out, bytes - 1u), &written),
         want == WMBT_OK ? WMBT_BUFFER_TOO_SMALL : want);
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, bytes + 1u));
    T_EQ(t, wmbt_segment_write(blocks, count, wmbt_buf_of(out, bytes), &written), want);
    if (want == WMBT_OK) {
        wmbt_view wire = wmbt_cell_bytes(t, cells[2]);
        T_CHECK(t, wmbt_view_equal(wire, wmbt_view_of(out, written)));
        T_CHECK(t, out[bytes] == WMBT_TEST_PATTERN);
    }
}

static void golden_footer_encode(wmbt_test *t, const wmbt_view *cells)
{
    uint8_t out[WMBT_SEGMENT_FOOTER_BYTES];
    wmbt_view fields = cells[5], wire = wmbt_cell_bytes(t, cells[2]);
    uint32_t bytes = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&fields, ':'));
    wmbt_segment_write_footer(bytes, (uint32_t)wmbt_cell_u64(t, fields), out);
    T_CHECK(t, wmbt_view_equal(wire, wmbt_view_of(out, sizeof out)));
}
#endif

static void test_golden_segments(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t refused = 0;
    T_CHECK(t, wmbt_test_data(t, SEGMENTS, &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "index")) {
            T_CALL(t, golden_index(t, cells, &refused));
        } else if (wmbt_test_view_is(cells[1], "footer")) {
            T_CALL(t, golden_footer(t, cells));
        } else {
#if WMBT_CFG_WRITERS
            bool encode = wmbt_test_view_is(cells[1], "encode");
            T_CHECK(t, encode || wmbt_test_view_is(cells[1], "footer_encode"));
            T_CALL(t, encode ? golden_encode(t, cells) : golden_footer_encode(t, cells));
#endif
        }
    }
    T_EQ(t, table.row, 982);
    T_CHECK(t, refused != 0);
}

/* --- ranges of keys --------------------------------------------------------------------------- */

/* The entries of a range: `want` is a list of key:payload, or of key:length. */
static void read_range(wmbt_test *t, const wmbt_segment_index *from, wmbt_view first,
                       wmbt_view last, const wmbt_segment_window *window, wmbt_view bytes,
                       wmbt_view want, bool lengths)
{
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    uint32_t count = 0;
    wmbt_bytes_copy((uint8_t *)&index, (const uint8_t *)from, sizeof index);
    while (wmbt_segment_next(&index, &entry) == WMBT_OK) {
        if (!wmbt_segment_in_range(entry.key, first, last)) {
            continue;
        }
        wmbt_view payload = NO_VIEW, fields = wmbt_cell_part(&want, ',');
        T_EQ(t, wmbt_segment_payload(&entry, window, bytes, &payload), WMBT_OK);
        wmbt_view key = wmbt_cell_part(&fields, ':');
        T_CHECK(t, wmbt_view_equal(entry.key, key.len == 0u ? key : wmbt_cell_bytes(t, key)));
        if (lengths) {
            T_EQ(t, payload.len, wmbt_cell_u64(t, fields));
        } else {
            T_CHECK(t, wmbt_view_equal(payload, wmbt_cell_bytes(t, fields)));
        }
        count++;
    }
    T_EQ(t, count, window->count);
    T_CHECK(t, want.data == NULL || count == 0u);
}

/* True if a payload of the range is not in its window: what upstream calls an early end. */
static bool misses_a_payload(const wmbt_segment_index *from, wmbt_view first, wmbt_view last,
                             const wmbt_segment_window *window, wmbt_view bytes)
{
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    wmbt_bytes_copy((uint8_t *)&index, (const uint8_t *)from, sizeof index);
    while (wmbt_segment_next(&index, &entry) == WMBT_OK) {
        wmbt_view payload;
        wmbt_test_fill(&payload, sizeof payload);
        if (wmbt_segment_in_range(entry.key, first, last) &&
            wmbt_segment_payload(&entry, window, bytes, &payload) == WMBT_TRUNCATED) {
            return wmbt_test_is_filled(&payload, sizeof payload);
        }
    }
    return false;
}

static void golden_range(wmbt_test *t, const wmbt_view *cells, bool ranges)
{
    wmbt_view object = wmbt_cell_bytes(t, cells[1]);
    wmbt_view first = wmbt_cell_bytes(t, cells[2]), last = wmbt_cell_bytes(t, cells[3]);
    wmbt_status want = status_of(t, cells[4]);
    wmbt_segment_index index;
    wmbt_segment_window window;
    wmbt_test_fill(&window, sizeof window);
    wmbt_status status =
        ranges ? open_ranges(t, &index, object, COMPAT) : wmbt_segment_open(&index, object, COMPAT);
    if (status != WMBT_OK) { /* upstream compares the ends of the range first */
        T_CHECK(t, status == want || want == WMBT_BAD_ARGUMENT);
        return;
    }
    status = wmbt_segment_select(&index, first, last, &window);
    if (status != WMBT_OK) {
        T_EQ(t, status, want);
        T_CHECK(t, wmbt_test_is_filled(&window, sizeof window));
        return;
    }
    wmbt_view bytes = NO_VIEW;
    if (window.bytes != 0u) {
        T_CHECK(t, window.offset <= object.len && window.bytes <= object.len - window.offset);
        bytes = wmbt_view_of(object.data + (size_t)window.offset, (size_t)window.bytes);
    }
    if (want != WMBT_OK) {
        T_EQ(t, want, WMBT_TRUNCATED);
        T_CHECK(t, misses_a_payload(&index, first, last, &window, bytes));
        return;
    }
    T_EQ(t, window.count == 0u ? 1u : 2u, wmbt_cell_u64(t, cells[5]));
    T_CHECK(t, wmbt_view_equal(bytes, wmbt_cell_bytes(t, cells[7])));
    T_CALL(t, read_range(t, &index, first, last, &window, bytes, cells[6], false));
    /* the window of a whole object serves as well */
    const wmbt_segment_window all = {0, object.len, window.count};
    if (read_index(t, object, 0, false, NULL) == WMBT_OK) {
        T_CALL(t, read_range(t, &index, first, last, &all, object, cells[6], false));
    }
}

static void test_golden_ranges(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, RANGES, &text));
    wmbt_table_open(&table, text, false);
    uint32_t absent = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "none")) {
            absent++; /* no object: nothing to read */
            continue;
        }
        T_CALL(t, golden_range(t, cells, false));
        T_CALL(t, golden_range(t, cells, true));
    }
    T_EQ(t, table.row, 226);
    T_EQ(t, absent, 2);
}

static void test_select(wmbt_test *t)
{
    wmbt_segment_index index;
    wmbt_segment_window window;
    const wmbt_view a = WMBT_VIEW_LITERAL("a"), b = WMBT_VIEW_LITERAL("b");
    wmbt_test_fill(&window, sizeof window);
    T_EQ(t, wmbt_segment_open(&index, DOC_VIEW, 0), WMBT_OK);
    T_EQ(t, wmbt_segment_select(&index, b, a, &window), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_select(&index, wmbt_view_of(NULL, 1), a, &window), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_select(&index, a, wmbt_view_of(NULL, 1), &window), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&window, sizeof window));
    T_EQ(t, wmbt_segment_select(&index, a, b, &window), WMBT_OK);
    T_CHECK(t, window.offset == 23 && window.bytes == 25 && window.count == 2);
    T_EQ(t, wmbt_segment_select(&index, b, b, &window), WMBT_OK); /* the index has not moved */
    T_CHECK(t, window.offset == 39 && window.bytes == 9 && window.count == 1);
    T_EQ(t, wmbt_segment_select(&index, NO_VIEW, NO_VIEW, &window), WMBT_OK);
    T_CHECK(t, window.offset == 0 && window.bytes == 0 && window.count == 0);
    wmbt_segment_entry entry = {b, 39, 9};
    wmbt_view payload;
    wmbt_test_fill(&payload, sizeof payload);
    window.offset = 40;
    window.bytes = 8;
    T_EQ(t, wmbt_segment_payload(&entry, &window, wmbt_view_of(doc + 40, 8), &payload),
         WMBT_TRUNCATED);
    window.offset = 39;
    T_EQ(t, wmbt_segment_payload(&entry, &window, wmbt_view_of(doc + 39, 8), &payload),
         WMBT_TRUNCATED);
    T_EQ(t, wmbt_segment_payload(&entry, &window, wmbt_view_of(NULL, 9), &payload),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&payload, sizeof payload));
    T_EQ(t, wmbt_segment_payload(&entry, &window, wmbt_view_of(doc + 39, 9), &payload), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(payload, "payload-b"));
}

/* --- faults and hostile fields ---------------------------------------------------------------- */

/* A fault in payload bytes is not seen, any other is. */
static void expect_refused(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    bool ranges = *(const bool *)context;
    bool payload = false;
    if (changed.len == DOC_BYTES) {
        size_t byte = at / 8u;
        payload = (byte >= 23u && byte < 32u) || (byte >= 39u && byte < 48u) ||
                  (byte >= 55u && byte < 64u) || (ranges && byte >= 16u && byte < DOC_INDEX);
    }
    T_EQ(t, wmbt_status_is_error(read_index(t, changed, 0, ranges, NULL)), !payload);
    (void)read_index(t, changed, COMPAT, ranges, NULL);
}

static void test_faults(wmbt_test *t)
{
    for (size_t i = 0; i < 2; i++) {
        bool ranges = i != 0u;
        T_EQ(t, read_index(t, DOC_VIEW, 0, ranges, NULL), WMBT_OK);
        T_CALL(t, wmbt_fault_truncate(t, DOC_VIEW, 1, expect_refused, &ranges));
        T_CALL(t, wmbt_fault_flip(t, DOC_VIEW, 1, expect_refused, &ranges));
    }
}

static void copy_doc(uint8_t *out)
{
    wmbt_bytes_copy(out, doc, DOC_BYTES);
}

static void fix_sum(uint8_t *object)
{
    wmbt_store_le32(object + DOC_FOOTER + 16,
                    wmbt_test_fnv1a(object + DOC_INDEX, DOC_FOOTER - DOC_INDEX));
}

/* Statuses of an altered copy: whole, by ranges, and what upstream says. */
static void expect_statuses(wmbt_test *t, const uint8_t *object, wmbt_status whole,
                            wmbt_status ranges, wmbt_status compat)
{
    wmbt_view v = wmbt_view_of(object, DOC_BYTES);
    T_EQ(t, read_index(t, v, 0, false, NULL), whole);
    T_EQ(t, read_index(t, v, 0, true, NULL), ranges);
    T_EQ(t, read_index(t, v, COMPAT, false, NULL), compat);
    T_EQ(t, read_index(t, v, COMPAT, true, NULL), compat);
}

static void test_hostile_block_count(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    static const uint32_t counts[] = {0, 1, 2, 4, 0x80000000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        copy_doc(object);
        wmbt_store_le32(object + 12, counts[i]);
        T_CALL(t, expect_statuses(t, object, WMBT_BAD_COUNT, WMBT_BAD_COUNT, WMBT_OK));
    }
}

static void test_hostile_index_length(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    for (uint32_t n = 0; n <= 130; n++) {
        copy_doc(object);
        wmbt_store_le32(object + DOC_FOOTER + 12, n);
        wmbt_status compat = n == 33               ? WMBT_OK
                             : n > DOC_BYTES - 20u ? WMBT_TRUNCATED
                                                   : WMBT_BAD_CHECKSUM;
        wmbt_status strict = n > DOC_BYTES - 36u && n <= DOC_BYTES - 20u ? WMBT_BAD_LENGTH : compat;
        T_CALL(t, expect_statuses(t, object, strict, strict, compat));
    }
    static const uint32_t large[] = {0x7FFFFFFF, 0x80000000, 0xFFFFFFEC, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        copy_doc(object);
        wmbt_store_le32(object + DOC_FOOTER + 12, large[i]);
        T_CALL(t, expect_statuses(t, object, WMBT_TRUNCATED, WMBT_TRUNCATED, WMBT_TRUNCATED));
    }
}

/* An index that reaches into the header, with a right checksum: upstream reads it. */
static void test_index_over_header(wmbt_test *t)
{
    uint8_t object[12 + 4 + 6 + 20];
    wmbt_bytes_copy(object, doc, 12);
    wmbt_store_le16(object + 12, 0); /* an entry: empty key, offset 0, length 0 */
    wmbt_bytes_fill(object + 14, 0, 8);
    wmbt_bytes_copy(object + 22, doc + DOC_FOOTER, 12);
    wmbt_store_le32(object + 34, 10);
    wmbt_store_le32(object + 38, wmbt_test_fnv1a(object + 12, 10));
    wmbt_view v = wmbt_view_of(object, sizeof object);
    T_EQ(t, read_index(t, v, 0, false, NULL), WMBT_BAD_LENGTH);
    T_EQ(t, read_index(t, v, 0, true, NULL), WMBT_BAD_LENGTH);
    T_EQ(t, read_index(t, v, COMPAT, false, NULL), WMBT_OK);
}

static void test_hostile_key_length_in_index(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    static const uint16_t lengths[] = {0, 2, 10, 23, 24, 25, 26, 0x7FFF, 0xFFFF};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t entry = 0; entry < 3; entry++) {
            copy_doc(object);
            wmbt_store_le16(object + DOC_INDEX + 11u * entry, lengths[i]);
            fix_sum(object);
            wmbt_view v = wmbt_view_of(object, DOC_BYTES);
            wmbt_status strict = read_index(t, v, 0, false, NULL);
            T_CHECK(t, strict == WMBT_TRUNCATED || strict == WMBT_BAD_OFFSET);
            T_CHECK(t, read_index(t, v, COMPAT, false, NULL) == WMBT_TRUNCATED ||
                           (lengths[i] == 23u && entry == 0u)); /* one entry that fills it */
        }
    }
}

static void test_hostile_payload_offset(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    for (uint32_t at = 0; at < 130; at++) {
        copy_doc(object);
        wmbt_store_le32(object + DOC_INDEX + 14, at); /* of "b": 39 */
        fix_sum(object);
        wmbt_status want = at == 39u ? WMBT_OK : WMBT_BAD_OFFSET;
        T_CALL(t, expect_statuses(t, object, want, want, WMBT_OK));
    }
    wmbt_store_le32(object + DOC_INDEX + 14, UINT32_MAX);
    fix_sum(object);
    T_CALL(t, expect_statuses(t, object, WMBT_BAD_OFFSET, WMBT_BAD_OFFSET, WMBT_OK));
    wmbt_segment_index index; /* and "b" is not handed out before it is refused */
    wmbt_segment_entry entry;
    T_EQ(t, wmbt_segment_open(&index, wmbt_view_of(object, DOC_BYTES), 0), WMBT_OK);
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_OK);
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_BAD_OFFSET);
}

static void test_hostile_payload_length_in_index(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    static const uint32_t lengths[] = {0, 8, 10, 53, 54, 0x7FFFFFFF, 0xFFFFFFD9, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t entry = 0; entry < 3; entry++) {
            copy_doc(object);
            wmbt_store_le32(object + DOC_INDEX + 11u * entry + 7u, lengths[i]);
            fix_sum(object);
            T_CALL(t, expect_statuses(t, object, WMBT_BAD_OFFSET, WMBT_BAD_OFFSET, WMBT_OK));
        }
    }
}

/* The blocks' own headers: seen only in a whole object. */
static void test_hostile_block_headers(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    static const size_t blocks[] = {16, 32, 48};
    for (size_t b = 0; b < 3; b++) {
        for (size_t at = 0; at < 7; at++) { /* key length, payload length, key */
            copy_doc(object);
            object[blocks[b] + at] ^= 0x80u;
            T_CALL(t, expect_statuses(t, object, WMBT_BAD_OFFSET, WMBT_OK, WMBT_OK));
        }
    }
}

/* Fewer entries than blocks, right checksum and count: bytes that nothing points to. */
static void test_gap_before_index(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    const size_t n = DOC_BYTES - 11u;
    copy_doc(object);
    wmbt_store_le32(object + 12, 2);
    wmbt_bytes_copy(object + DOC_FOOTER - 11u, doc + DOC_FOOTER, 12);
    wmbt_store_le32(object + n - 8u, 22);
    wmbt_store_le32(object + n - 4u, wmbt_test_fnv1a(object + DOC_INDEX, 22));
    T_EQ(t, read_index(t, wmbt_view_of(object, n), 0, false, NULL), WMBT_BAD_OFFSET);
    T_EQ(t, read_index(t, wmbt_view_of(object, n), COMPAT, false, NULL), WMBT_OK);
}

static void test_bytes_that_change(wmbt_test *t)
{
    uint8_t object[DOC_BYTES];
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    copy_doc(object);
    T_EQ(t, wmbt_segment_open(&index, wmbt_view_of(object, DOC_BYTES), 0), WMBT_OK);
    wmbt_test_fill(object, 16);
    wmbt_test_fill(object + DOC_FOOTER, 20);
    for (size_t i = 0; i < 3; i++) {
        T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_OK);
        T_EQ(t, entry.payload_offset, 23u + 16u * i);
        wmbt_test_fill(object + DOC_INDEX, 11u * (i + 1u));
        wmbt_test_fill(object + 16, 16u * (i + 1u));
    }
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_END);

    /* a change ahead of the reader is refused */
    copy_doc(object);
    T_EQ(t, wmbt_segment_open(&index, wmbt_view_of(object, DOC_BYTES), COMPAT), WMBT_OK);
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_OK);
    wmbt_store_le16(object + DOC_INDEX + 22, 0xFFFF);
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_OK);
    T_EQ(t, wmbt_segment_next(&index, &entry), WMBT_BAD_CHECKSUM);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_segment_layout layout, good;
    wmbt_segment_index index;
    uint32_t bytes = 7, sum = 7;
    wmbt_test_fill(&layout, sizeof layout);
    wmbt_test_fill(&index, sizeof index);
    /* every header and tail that is long enough */
    for (size_t header = 0; header <= DOC_BYTES + 1u; header++) {
        for (size_t tail = 0; tail <= DOC_BYTES; tail++) {
            bool fits = header >= 16u && header <= DOC_BYTES && tail >= 20u;
            T_EQ(t,
                 wmbt_segment_locate(DOC_BYTES, wmbt_view_of(doc, header),
                                     wmbt_view_of(doc + (DOC_BYTES - tail), tail), 0, &good),
                 fits ? WMBT_OK : WMBT_BAD_ARGUMENT);
        }
    }
    T_EQ(t, wmbt_segment_locate(DOC_BYTES, DOC_VIEW, DOC_VIEW, 0, &good), WMBT_OK);
    T_CHECK(t, good.object_bytes == DOC_BYTES && good.index_offset == DOC_INDEX);
    T_CHECK(t, good.index_bytes == 33 && good.block_count == 3 && good.checksum == 0x96A28018);
    T_EQ(t, wmbt_segment_locate(35, DOC_VIEW, DOC_VIEW, 0, &layout), WMBT_TRUNCATED);
    T_EQ(t, wmbt_segment_locate(DOC_BYTES, DOC_VIEW, DOC_VIEW, 2, &layout), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_locate(DOC_BYTES, wmbt_view_of(NULL, 16), DOC_VIEW, 0, &layout),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_locate(DOC_BYTES, DOC_VIEW, wmbt_view_of(NULL, 20), 0, &layout),
         WMBT_BAD_ARGUMENT);
    /* a tail longer than the object that it is of */
    T_EQ(t,
         wmbt_segment_locate(40, wmbt_view_of(doc, 16), wmbt_view_of(doc + (DOC_BYTES - 41u), 41),
                             0, &layout),
         WMBT_BAD_ARGUMENT);
    /* an object larger than the memory of a 32-bit machine */
    T_EQ(t, wmbt_segment_locate(UINT64_C(0x200000000), DOC_VIEW, DOC_VIEW, 0, &layout), WMBT_OK);
    T_EQ(t, layout.index_offset, UINT64_C(0x200000000) - 53u);
    wmbt_test_fill(&layout, sizeof layout);
    T_EQ(t, wmbt_segment_open(&index, wmbt_view_of(NULL, 99), 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_open(&index, DOC_VIEW, 4), WMBT_BAD_ARGUMENT);
    wmbt_view entries = wmbt_view_of(doc + DOC_INDEX, 33);
    T_EQ(t, wmbt_segment_open_index(&index, &good, wmbt_view_of(NULL, 33), 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_open_index(&index, &good, entries, 2), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_open_index(&index, &good, wmbt_view_of(doc, 32), 0), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_segment_open_index(&index, &good, wmbt_view_of(doc, 34), 0), WMBT_BAD_LENGTH);
    T_CHECK(t, wmbt_test_is_filled(&layout, sizeof layout) &&
                   wmbt_test_is_filled(&index, sizeof index));
    T_EQ(t, wmbt_segment_read_footer(wmbt_view_of(NULL, 20), entries, 0, &bytes, &sum),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_read_footer(DOC_VIEW, wmbt_view_of(NULL, 1), 0, &bytes, &sum),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_read_footer(DOC_VIEW, entries, 2, &bytes, &sum), WMBT_BAD_ARGUMENT);
    T_CHECK(t, bytes == 7 && sum == 7);
}

#if WMBT_CFG_WRITERS
static void test_writer_limits(wmbt_test *t)
{
    static const uint8_t byte[1] = {0};
    uint8_t out[256];
    size_t written = 99;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_segment_block two[2] = {{NO_VIEW, NO_VIEW}, {NO_VIEW, NO_VIEW}};
    wmbt_test_fill(out, sizeof out);
    two[0].key = wmbt_view_of(byte, 65536); /* judged by its length, never read */
    T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_TOO_LARGE);
    two[0].key = wmbt_view_of(byte, 65535);
    T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_BUFFER_TOO_SMALL);
    two[0].key = NO_VIEW;
    /* the last offset that has 32 bits: header, two block headers, one payload */
    two[0].payload = wmbt_view_of(byte, UINT32_MAX - 28u);
    T_EQ(t, wmbt_segment_write(two, 2, room, &written),
         SIZE_MAX > UINT32_MAX ? WMBT_BUFFER_TOO_SMALL : WMBT_TOO_LARGE);
    two[0].payload = wmbt_view_of(byte, UINT32_MAX - 27u);
    T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_TOO_LARGE);
    two[0].payload = wmbt_view_of(byte, UINT32_MAX); /* the next offset passes 2^32 - 1 */
    T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_segment_write(two, 1, room, &written),
         SIZE_MAX > UINT32_MAX ? WMBT_BUFFER_TOO_SMALL : WMBT_TOO_LARGE);
    if (SIZE_MAX > UINT32_MAX) {
        two[0].payload = wmbt_view_of(byte, SIZE_MAX);
        T_EQ(t, wmbt_segment_write(two, 1, room, &written), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_segment_write(two, SIZE_MAX, room, &written), WMBT_TOO_LARGE);
    }
    two[0].payload = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_BAD_ARGUMENT);
    two[0].payload = NO_VIEW;
    for (size_t i = 0; i < 2; i++) {
        wmbt_view key = two[i].key;
        two[i].key = wmbt_view_of(NULL, 1);
        T_EQ(t, wmbt_segment_write(two, 2, room, &written), WMBT_BAD_ARGUMENT);
        two[i].key = key;
    }
    T_EQ(t, wmbt_segment_write(NULL, 2, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_segment_write(two, 2, wmbt_buf_of(NULL, 256), &written), WMBT_BAD_ARGUMENT);
    for (size_t n = 0; n < 36; n++) {
        T_EQ(t, wmbt_segment_write(NULL, 0, wmbt_buf_of(out, n), &written), WMBT_BUFFER_TOO_SMALL);
    }
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, sizeof out));
    T_EQ(t, wmbt_segment_write(NULL, 0, wmbt_buf_of(out, 36), &written), WMBT_OK);
    T_CHECK(t, written == 36 && out[36] == WMBT_TEST_PATTERN);
    T_EQ(t, WMBT_SEGMENT_BYTES(3u, 3u, 27u), DOC_BYTES);
}
#endif

/* --- the sample bucket ------------------------------------------------------------------------ */

#define FOLDER "golden/bucket/bucket/"

static bool object_of(wmbt_test *t, wmbt_view key, wmbt_view *object)
{
    char name[128];
    size_t n = sizeof FOLDER - 1u;
    if (key.len >= sizeof name - n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the key is short");
        return false;
    }
    wmbt_bytes_copy((uint8_t *)name, (const uint8_t *)FOLDER, n);
    wmbt_bytes_copy((uint8_t *)name + n, key.data, key.len);
    name[n + key.len] = '\0';
    return wmbt_test_data(t, name, object);
}

/* range_read OBJECT FROM TO ROUND_TRIPS KEYHEX:LENGTH,... */
static void bucket_range(wmbt_test *t, wmbt_view object, wmbt_view line)
{
    wmbt_view first = wmbt_cell_part(&line, '\t'), last = wmbt_cell_part(&line, '\t');
    wmbt_view trips = wmbt_cell_part(&line, '\t');
    wmbt_segment_index index;
    wmbt_segment_window window;
    T_EQ(t, wmbt_segment_open(&index, object, 0), WMBT_OK);
    wmbt_status status = wmbt_segment_select(&index, first, last, &window);
    if (wmbt_test_view_is(trips, "error")) {
        T_EQ(t, status, WMBT_BAD_ARGUMENT);
        return;
    }
    T_EQ(t, status, WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(trips, window.count == 0u ? "round_trips=1" : "round_trips=2"));
    wmbt_view bytes = wmbt_view_of(object.data + (size_t)window.offset, (size_t)window.bytes);
    T_CALL(t, read_range(t, &index, first, last, &window, bytes, line, true));
}

static void test_golden_bucket(wmbt_test *t)
{
    wmbt_view table;
    wmbt_segment_index index;
    wmbt_view open_name = NO_VIEW; /* the object whose entries come line by line */
    uint32_t entries = 0, ranges = 0, fails = 0;
    T_CHECK(t, wmbt_test_data(t, BUCKET, &table));
    while (table.data != NULL) {
        wmbt_test_reset(t);
        wmbt_view line = wmbt_cell_part(&table, '\n'), object;
        wmbt_view kind = wmbt_cell_part(&line, '\t'), name = wmbt_cell_part(&line, '\t');
        bool entry_line = wmbt_test_view_is(kind, "segment_entry");
        bool fails_line = wmbt_test_view_is(kind, "segment_fails");
        if (!entry_line && !fails_line && !wmbt_test_view_is(kind, "range_read")) {
            continue;
        }
        wmbt_test_where(t, name);
        T_CHECK(t, object_of(t, name, &object));
        if (entry_line) {
            wmbt_segment_entry entry;
            T_EQ(t, object.len, wmbt_cell_u64(t, wmbt_cell_part(&line, '\t')));
            if (!wmbt_view_equal(name, open_name)) {
                T_EQ(t, wmbt_segment_open(&index, object, 0), WMBT_OK);
                open_name = name;
            }
            wmbt_view key = wmbt_cell_part(&line, '\t'), offset = wmbt_cell_part(&line, '\t');
            wmbt_status status = wmbt_segment_next(&index, &entry);
            entries++;
            if (wmbt_test_view_is(offset, "-")) {
                T_EQ(t, status, WMBT_END); /* no entries */
                continue;
            }
            T_EQ(t, status, WMBT_OK);
            T_CHECK(t, wmbt_view_equal(entry.key, wmbt_cell_bytes(t, key)));
            T_EQ(t, entry.payload_offset, wmbt_cell_u64(t, offset));
            T_EQ(t, entry.payload_bytes, wmbt_cell_u64(t, line));
            T_EQ(t, read_index(t, object, 0, false, NULL), WMBT_OK);
        } else if (fails_line) {
            T_EQ(t, read_index(t, object, COMPAT, false, NULL), WMBT_BAD_CHECKSUM);
            T_EQ(t, read_index(t, object, 0, false, NULL), WMBT_BAD_CHECKSUM);
            fails++;
        } else {
            T_CALL(t, bucket_range(t, object, line));
            ranges++;
        }
    }
    T_CHECK(t, entries == 9 && ranges == 7 && fails == 1);
}

#if WMBT_CFG_WRITERS

/* 65,545 bytes of the index each: one more than fit in 2^32 - 1 bytes. */
#    define LONG_INDEX_BLOCKS 65528u

/* Blocks with the longest keys: an index of 2^32 bytes and more has no length. No key is read
 * before that is known. */
static void test_long_index(wmbt_test *t)
{
    static const uint8_t byte = 'k';
    wmbt_segment_block *blocks =
        (wmbt_segment_block *)(void *)wmbt_test_alloc(t, LONG_INDEX_BLOCKS * sizeof *blocks);
    size_t written = 7;
    T_CHECK(t, blocks != NULL);
    for (size_t i = 0; i < LONG_INDEX_BLOCKS; i++) {
        blocks[i].key = wmbt_view_of(&byte, UINT16_MAX);
    }
    wmbt_buf none = wmbt_buf_of(NULL, 0);
    T_EQ(t, wmbt_segment_write(blocks, LONG_INDEX_BLOCKS, none, &written), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_segment_write(blocks, LONG_INDEX_BLOCKS - 1u, none, &written),
         SIZE_MAX > UINT32_MAX ? WMBT_BUFFER_TOO_SMALL : WMBT_TOO_LARGE);
    T_EQ(t, written, 7);
}

#endif

#define OBJECTS                                             \
    FOLDER "segments/tenant-a/seg-sorted.bin " FOLDER       \
           "segments/tenant-a/seg-unsorted-dup.bin " FOLDER \
           "segments/tenant-a/seg-empty.bin " FOLDER "segments/tenant-a/seg-bad-index.bin"

static const wmbt_case cases[] = {
    {"golden: index, footer, writer", test_golden_segments, 256 * 1024, SEGMENTS},
    {"golden: ranges of keys", test_golden_ranges, 32 * 1024, RANGES},
    {"golden: the sample bucket", test_golden_bucket, 32 * 1024, BUCKET " " OBJECTS},
    {"ranges of keys, payloads", test_select, 0, NULL},
    {"every truncation and bit flip", test_faults, 1024, NULL},
    {"hostile: block count", test_hostile_block_count, 0, NULL},
    {"hostile: index length", test_hostile_index_length, 0, NULL},
    {"hostile: index over the header", test_index_over_header, 0, NULL},
    {"hostile: key length in the index", test_hostile_key_length_in_index, 0, NULL},
    {"hostile: payload offset", test_hostile_payload_offset, 0, NULL},
    {"hostile: payload length in the index", test_hostile_payload_length_in_index, 0, NULL},
    {"hostile: lengths and key of a block", test_hostile_block_headers, 0, NULL},
    {"hostile: blocks that no entry names", test_gap_before_index, 0, NULL},
    {"bytes that change while they are read", test_bytes_that_change, 0, NULL},
    {"arguments, what header and tail say", test_arguments, 0, NULL},
#if WMBT_CFG_WRITERS
    {"writer: an index without a length", test_long_index,
     LONG_INDEX_BLOCKS *(uint32_t)sizeof(wmbt_segment_block), NULL},
    {"writer: limits and arguments", test_writer_limits, 0, NULL},
#endif
};
WMBT_SUITE(segment, cases);
