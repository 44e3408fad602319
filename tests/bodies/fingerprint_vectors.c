/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity contexts against vectors/fingerprint.tsv, which a model wrote that shares nothing with
 * the library but docs/FINGERPRINT.md (tests/independent/fingerprint_model.py). The head of the
 * table explains its columns.
 */
#include "base/bytes.h"
#include "../support/test.h"
#include "wombatkv/fingerprint.h"

#define TABLE "vectors/fingerprint.tsv"

enum {
    NAME,
    START,
    TEXT,
    ACCEPT,
    ENCODING,
    FINGERPRINT,
    MODEL_DIGEST,
    COLUMNS,
    PATTERN = 0xA5,
    SHORT_BYTES = 10 * 1024, /* files of at most so many bytes are short */
    /* The file, the encoding twice, a field's text, BLAKE3's memory, and what alignment takes. */
    SHORT_ARENA = 4 * SHORT_BYTES + 1024,
    LONG_BYTES = 100 * 1024,
    LONG_ARENA = LONG_BYTES + 3 * (int)WMBT_FINGERPRINT_MAX_BYTES + 4096
};

/* The number of bytes of a cell of parts joined by "+", HEX or HEX*N; written to `out` unless
 * NULL. */
static size_t unpack_cell(wmbt_test *t, wmbt_view cell, uint8_t *out)
{
    size_t total = 0;
    if (wmbt_test_view_is(cell, "-")) {
        return 0;
    }
    while (cell.data != NULL) {
        wmbt_view times = wmbt_cell_part(&cell, '+');
        wmbt_view hex = wmbt_cell_part(&times, '*');
        uint64_t n = times.data == NULL ? 1u : wmbt_cell_u64(t, times);
        for (uint64_t i = 0; i < n; i++) {
            for (size_t k = 0; k < hex.len / 2u && out != NULL; k++) {
                const uint8_t *c = hex.data + 2u * k;
                uint32_t high = c[0] <= '9' ? c[0] - (uint32_t)'0' : c[0] - (uint32_t)'a' + 10u;
                uint32_t low = c[1] <= '9' ? c[1] - (uint32_t)'0' : c[1] - (uint32_t)'a' + 10u;
                out[total + k] = (uint8_t)(high << 4 | low);
            }
            total += hex.len / 2u;
        }
    }
    return total;
}

/* The bytes of such a cell, in fresh scratch memory. */
static wmbt_view cell_parts(wmbt_test *t, wmbt_view cell)
{
    size_t n = unpack_cell(t, cell, NULL);
    uint8_t *out = n == 0 ? NULL : wmbt_test_alloc(t, n);
    return wmbt_view_of(out, out == NULL ? 0 : unpack_cell(t, cell, out));
}

static void read_accept(wmbt_test *t, wmbt_view cell, wmbt_fingerprint_accept *accept)
{
    accept->unknown = 0;
    accept->zero_layout = 0;
    if (wmbt_test_view_is(cell, "-")) {
        return;
    }
    while (cell.data != NULL) {
        wmbt_view name = wmbt_cell_part(&cell, ',');
        uint32_t field = wmbt_fingerprint_field_from_name(name);
        if (wmbt_test_view_is(name, "zero-layout")) {
            accept->zero_layout = 1;
        } else {
            T_CHECK(t, field != 0);
            accept->unknown |= WMBT_FINGERPRINT_BIT(field);
        }
    }
}

/* A context that begins as an engine's, "ds4:BITS:TEXT", and whose fields `lines` set. */
static void start_ds4(wmbt_test *t, wmbt_view start, wmbt_view lines,
                      wmbt_fingerprint_context *context)
{
    T_CHECK(t, wmbt_test_view_is(wmbt_cell_part(&start, ':'), "ds4"));
    uint32_t bits = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&start, ':'));
    T_EQ(t, wmbt_fingerprint_init_ds4(context, wmbt_cell_bytes(t, start), bits), WMBT_OK);
    while (lines.data != NULL && lines.len > 0) {
        wmbt_view value = wmbt_cell_part(&lines, '\n');
        wmbt_view name = wmbt_cell_part(&value, '=');
        T_CHECK(t, name.len > 1u && value.len > 1u); /* `name = value` */
        uint32_t field = wmbt_fingerprint_field_from_name(wmbt_view_of(name.data, name.len - 1u));
        T_CHECK(t, field != 0);
        T_EQ(t, wmbt_fingerprint_set(context, field, wmbt_view_of(value.data + 1, value.len - 1u)),
             WMBT_OK);
    }
}

/* A file that means nothing: the context stays, and the place is one of its lines. */
static void check_refused(wmbt_test *t, wmbt_view text)
{
    wmbt_fingerprint_context context;
    wmbt_fingerprint_place place = {0, 0};
    uint8_t *bytes = (uint8_t *)&context;
    uint32_t lines = 1;
    for (size_t i = 0; i < text.len; i++) {
        lines += text.data[i] == (uint8_t)'\n' ? 1u : 0u;
    }
    wmbt_bytes_fill(bytes, PATTERN, sizeof context);
    T_CHECK(t, wmbt_fingerprint_read(text, &context, &place) != WMBT_OK);
    T_CHECK(t, place.line >= 1u && place.line <= lines);
    for (size_t i = 0; i < sizeof context; i++) {
        T_EQ(t, bytes[i], PATTERN);
    }
}

static void check_encoding(wmbt_test *t, const wmbt_fingerprint_context *context,
                           const wmbt_fingerprint_accept *accept, wmbt_view want)
{
    uint8_t *out = wmbt_test_alloc(t, want.len);
    size_t len = 0;
    T_CHECK(t, out != NULL);
    T_EQ(t, wmbt_fingerprint_encode(context, accept, wmbt_buf_of(out, want.len), &len), WMBT_OK);
    T_EQ(t, len, want.len);
    T_BYTES(t, out, want.data, len);
}

/* No fingerprint and no encoding; the encoding is seen by accepting all that can be. */
static void check_open(wmbt_test *t, const wmbt_fingerprint_context *context,
                       const wmbt_fingerprint_accept *accept, wmbt_buf memory, wmbt_view want)
{
    const wmbt_fingerprint_accept all = {WMBT_FINGERPRINT_ACCEPTABLE, 1};
    uint8_t hash[WMBT_FINGERPRINT_BYTES], byte = PATTERN;
    size_t len = PATTERN;
    wmbt_bytes_fill(hash, PATTERN, sizeof hash);
    T_CHECK(t, wmbt_fingerprint_open_fields(context, accept) != 0);
    T_EQ(t, wmbt_fingerprint_compute(context, accept, memory, hash), WMBT_UNKNOWN_CONTEXT);
    T_EQ(t, wmbt_fingerprint_encode(context, accept, wmbt_buf_of(&byte, 1), &len),
         WMBT_UNKNOWN_CONTEXT);
    T_EQ(t, byte, PATTERN);
    T_EQ(t, len, PATTERN);
    for (size_t i = 0; i < sizeof hash; i++) {
        T_EQ(t, hash[i], PATTERN);
    }
    if (wmbt_fingerprint_open_fields(context, &all) == 0) {
        T_CALL(t, check_encoding(t, context, &all, want));
    }
}

/* What value_text says of a field, read again, is the field. Weak fields have no such text. */
static void check_value_texts(wmbt_test *t, const wmbt_fingerprint_context *context, size_t most)
{
    uint8_t *text = wmbt_test_alloc(t, most);
    T_CHECK(t, text != NULL);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        wmbt_fingerprint_context again;
        uint32_t state = context->values[field - 1u].state;
        size_t len = PATTERN;
        wmbt_fingerprint_init(&again);
        T_EQ(t, wmbt_fingerprint_value_text(context, field, wmbt_buf_of(text, most), &len),
             WMBT_OK);
        if (state == WMBT_FINGERPRINT_UNKNOWN) {
            T_EQ(t, len, 0);
        } else if (state != WMBT_FINGERPRINT_WEAK) {
            T_EQ(t, wmbt_fingerprint_set(&again, field, wmbt_view_of(text, len)), WMBT_OK);
            T_CHECK(t, wmbt_fingerprint_same(context, &again, field));
        }
    }
}

static void check_model_digest(wmbt_test *t, const wmbt_fingerprint_context *context,
                               wmbt_view cell)
{
    wmbt_model_digest digest;
    wmbt_bytes_fill(digest.bytes, PATTERN, sizeof digest.bytes);
    wmbt_status status = wmbt_fingerprint_model_digest(context, &digest);
    if (wmbt_test_view_is(cell, "-")) {
        T_EQ(t, status, WMBT_UNKNOWN_CONTEXT);
        T_EQ(t, digest.bytes[0], PATTERN);
        return;
    }
    wmbt_view want = wmbt_cell_bytes(t, cell);
    T_EQ(t, status, WMBT_OK);
    T_EQ(t, want.len, sizeof digest.bytes);
    T_BYTES(t, digest.bytes, want.data, want.len);
}

static void check_row(wmbt_test *t, const wmbt_view *cells, size_t most)
{
    wmbt_fingerprint_context context;
    wmbt_fingerprint_accept accept;
    wmbt_fingerprint_place place = {PATTERN, PATTERN};
    uint8_t hash[WMBT_FINGERPRINT_BYTES];
    wmbt_view text = cell_parts(t, cells[TEXT]);
    T_CALL(t, read_accept(t, cells[ACCEPT], &accept));
    if (wmbt_test_view_is(cells[FINGERPRINT], "refused")) {
        T_CALL(t, check_refused(t, text));
        return;
    }
    wmbt_bytes_fill((uint8_t *)&context, PATTERN, sizeof context);
    if (wmbt_test_view_is(cells[START], "-")) {
        T_EQ(t, wmbt_fingerprint_read(text, &context, &place), WMBT_OK);
        T_EQ(t, place.line, PATTERN);
    } else {
        T_CALL(t, start_ds4(t, cells[START], text, &context));
    }
    wmbt_view want = cell_parts(t, cells[ENCODING]);
    uint8_t *memory = wmbt_test_alloc(t, WMBT_FINGERPRINT_MEMORY_BYTES);
    T_CHECK(t, want.len > 0 && memory != NULL);
    wmbt_buf room = wmbt_buf_of(memory, WMBT_FINGERPRINT_MEMORY_BYTES);
    if (wmbt_test_view_is(cells[FINGERPRINT], "unknown-context")) {
        T_CALL(t, check_open(t, &context, &accept, room, want));
    } else {
        wmbt_view want_hash = wmbt_cell_bytes(t, cells[FINGERPRINT]);
        T_EQ(t, want_hash.len, sizeof hash);
        T_EQ(t, wmbt_fingerprint_open_fields(&context, &accept), 0);
        T_CALL(t, check_encoding(t, &context, &accept, want));
        T_EQ(t, wmbt_fingerprint_compute(&context, &accept, room, hash), WMBT_OK);
        T_BYTES(t, hash, want_hash.data, sizeof hash);
    }
    T_CALL(t, check_model_digest(t, &context, cells[MODEL_DIGEST]));
    T_CALL(t, check_value_texts(t, &context, most));
}

/* Rows whose file has more than `above` and at most `most` bytes. */
static void check_rows(wmbt_test *t, size_t above, size_t most, size_t most_value)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint32_t done = 0;
    T_CHECK(t, wmbt_test_data(t, TABLE, &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        T_EQ(t, table.columns, COLUMNS);
        wmbt_test_where(t, cells[NAME]);
        size_t n = unpack_cell(t, cells[TEXT], NULL);
        T_CHECK(t, n <= LONG_BYTES);
        if (n <= most && (n > above || above == 0)) {
            T_CALL(t, check_row(t, cells, most_value));
            done++;
        }
    }
    T_CHECK(t, done > 0 && table.promised.data != NULL);
}

static void test_short(wmbt_test *t)
{
    check_rows(t, 0, SHORT_BYTES, SHORT_BYTES);
}

static void test_long(wmbt_test *t)
{
    check_rows(t, SHORT_BYTES, LONG_BYTES, WMBT_FINGERPRINT_MAX_VALUE_BYTES);
}

static const wmbt_case cases[] = {
    {"the model's vectors, short files", test_short, SHORT_ARENA, TABLE},
    {"the model's vectors, long files", test_long, LONG_ARENA, TABLE},
};

WMBT_SUITE(fingerprint_vectors, cases);
