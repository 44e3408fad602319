/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manifest. The verdicts are upstream's (golden/vectors, golden/bucket) and serde_json's
 * (vectors/json_numbers.tsv); nothing expected here was computed by the library.
 */
#include "wombatkv/manifest.h"

#include "../support/common.h"
#include "../support/fault.h"

/* Emulators are slow. */
#if __STDC_HOSTED__
#    define MANY 1000000u
#    define MANY_ENTRIES 100000u
#else
#    define MANY 50000u
#    define MANY_ENTRIES 5000u
#endif

#define NO_MEMORY wmbt_buf_of(NULL, 0)

static const char good_delta[] =
    "{\"schema_version\":1,\"epoch_ms\":1700000000100,\"seq\":7,\"tenant_id\":\"tenant-a\","
    "\"fingerprint\":\"fp-1\",\"prefix_hash\":\"h-1\",\"payload_digest\":\"d-1\","
    "\"write_id\":\"w-1\"}";

static const char good_manifest[] =
    "{\"schema_version\":1,\"epoch_ms\":5,\"checksum32\":9,\"entries\":[{\"object_id\":\"seg-1\","
    "\"key_range_start\":\"a\",\"key_range_end\":\"m\"},[\"seg-2\",\"n\",\"\\u007a\"]]}";

/* --- helpers ---------------------------------------------------------------------------------- */

/* What a call answered. */
typedef struct answer {
    wmbt_status status;
    wmbt_json_error error;
    wmbt_delta delta;
    wmbt_manifest manifest;
} answer;

static bool is_filled_or_zero(wmbt_buf b)
{
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] != WMBT_TEST_PATTERN && b.data[i] != 0u) {
            return false;
        }
    }
    return true;
}

/* Builds texts. The arena is large enough, or the test fails. */
typedef struct builder {
    wmbt_test *t;
    uint8_t *data;
    size_t len, room;
} builder;

static builder build(wmbt_test *t, size_t room)
{
    builder b = {t, wmbt_test_alloc(t, room), 0, room};
    return b;
}

static void add_bytes(builder *b, const uint8_t *p, size_t n)
{
    if (b->data == NULL || n > b->room - b->len) {
        wmbt_test_fail(b->t, __FILE__, __LINE__, "the text fits");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        b->data[b->len++] = p[i];
    }
}

static void add(builder *b, const char *text)
{
    wmbt_view v = wmbt_test_text(text);
    add_bytes(b, v.data, v.len);
}

static void add_times(builder *b, const char *text, size_t times)
{
    for (size_t i = 0; i < times && !b->t->failed; i++) {
        add(b, text);
    }
}

static wmbt_view built(const builder *b)
{
    return wmbt_view_of(b->data, b->len);
}

/* The delta above with one field's value replaced. */
static void add_delta_with(builder *b, const char *field, const char *value)
{
    static const char *const names[] = {"schema_version", "epoch_ms",    "seq",
                                        "tenant_id",      "fingerprint", "prefix_hash",
                                        "payload_digest", "write_id"};
    static const char *const values[] = {"1",        "1700000000100", "7",       "\"tenant-a\"",
                                         "\"fp-1\"", "\"h-1\"",       "\"d-1\"", "\"w-1\""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        add(b, i == 0u ? "{\"" : ",\"");
        add(b, names[i]);
        add(b, "\":");
        add(b, wmbt_test_view_is(wmbt_test_text(names[i]), field) ? value : values[i]);
    }
}

/* Checks what holds of every answer. */
static void check_error(wmbt_test *t, const answer *a, size_t text_len)
{
    static const struct {
        uint32_t kind;
        wmbt_status status;
    } pairs[] = {
        {WMBT_JSON_NO_ERROR, WMBT_OK},
        {WMBT_JSON_NO_ERROR, WMBT_END},
        {WMBT_JSON_DOCUMENT, WMBT_TRUNCATED},
        {WMBT_JSON_DOCUMENT, WMBT_TRAILING_BYTES},
        {WMBT_JSON_DOCUMENT, WMBT_BAD_TEXT},
        {WMBT_JSON_DOCUMENT, WMBT_BAD_NUMBER},
        {WMBT_JSON_DOCUMENT, WMBT_BAD_SYNTAX},
        {WMBT_JSON_DOCUMENT, WMBT_BAD_FIELD},
        {WMBT_JSON_DOCUMENT, WMBT_TOO_DEEP},
        {WMBT_JSON_SCHEMA, WMBT_UNSUPPORTED_VERSION},
        {WMBT_JSON_EMPTY_FIELD, WMBT_BAD_FIELD},
        {WMBT_JSON_MISSING_FIELD, WMBT_BAD_FIELD},
        {WMBT_JSON_WRONG_TYPE, WMBT_BAD_FIELD},
        {WMBT_JSON_CALLER, WMBT_BAD_ARGUMENT},
        {WMBT_JSON_CALLER, WMBT_BUFFER_TOO_SMALL},
        {WMBT_JSON_CALLER, WMBT_TOO_DEEP},
    };
    bool listed = false;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        listed = listed || (a->error.kind == pairs[i].kind && a->status == pairs[i].status);
    }
    T_CHECK(t, listed);
    T_CHECK(t, a->error.offset <= text_len);
    T_CHECK(t, a->error.offset == 0u || a->error.kind == WMBT_JSON_DOCUMENT ||
                   a->status == WMBT_TOO_DEEP);
    T_CHECK(t, (a->error.kind == WMBT_JSON_SCHEMA) ==
                   (a->error.version != 1u && a->error.field == WMBT_FIELD_SCHEMA_VERSION &&
                    a->status == WMBT_UNSUPPORTED_VERSION));
    T_CHECK(t, (a->status == WMBT_BUFFER_TOO_SMALL) == (a->error.needed != 0u));
    T_CHECK(t, a->error.field <= WMBT_FIELD_WRITE_ID);
    T_CHECK(t, a->error.entry == 0u || (a->error.field >= WMBT_FIELD_OBJECT_ID &&
                                        a->error.field <= WMBT_FIELD_KEY_RANGE_END));
    T_CHECK(t, a->error.kind != WMBT_JSON_NO_ERROR ||
                   (a->error.field == 0u && a->error.version == 0u && a->error.offset == 0u));
}

/* Nothing but the kind is said. */
static void check_plain_error(wmbt_test *t, const wmbt_json_error *e, uint32_t kind)
{
    T_EQ(t, e->kind, kind);
    T_EQ(t, e->field, WMBT_FIELD_NONE);
    T_EQ(t, e->version, 0);
    T_EQ(t, e->entry, 0);
    T_EQ(t, e->offset, 0);
    T_EQ(t, e->needed, 0);
}

/* What a call finds below its caller's frame is not zero. */
static WMBT_NOINLINE void dirty_stack(void)
{
    volatile uint8_t below[1024];
    for (size_t i = 0; i < sizeof below; i++) {
        below[i] = WMBT_TEST_PATTERN;
    }
}

/* Reads a delta and checks that an error changes nothing. */
static void read_delta(wmbt_test *t, wmbt_view text, bool v1, wmbt_buf room, wmbt_buf work,
                       answer *a)
{
    wmbt_test_fill(a, sizeof *a);
    wmbt_test_fill(room.data, room.len);
    dirty_stack();
    a->status = v1 ? wmbt_delta_read_v1(text, room, work, &a->delta, &a->error)
                   : wmbt_delta_read(text, room, &a->delta, &a->error);
    if (a->status != WMBT_OK) {
        T_CHECK(t, wmbt_test_is_filled(&a->delta, sizeof a->delta));
        T_CHECK(t, is_filled_or_zero(room));
    } else {
        T_EQ(t, a->delta.schema_version, 1);
    }
    T_CALL(t, check_error(t, a, text.len));
    wmbt_delta again;
    T_EQ(t,
         v1 ? wmbt_delta_read_v1(text, room, work, &again, NULL)
            : wmbt_delta_read(text, room, &again, NULL),
         a->status);
}

static void read_manifest(wmbt_test *t, wmbt_view text, bool v1, wmbt_buf work, answer *a)
{
    wmbt_test_fill(a, sizeof *a);
    dirty_stack();
    a->status = v1 ? wmbt_manifest_read_v1(text, work, &a->manifest, &a->error)
                   : wmbt_manifest_read(text, &a->manifest, &a->error);
    if (a->status != WMBT_OK) {
        T_CHECK(t, wmbt_test_is_filled(&a->manifest, sizeof a->manifest));
    } else {
        T_EQ(t, a->manifest.schema_version, 1);
    }
    T_CALL(t, check_error(t, a, text.len));
    wmbt_manifest again;
    T_EQ(t,
         v1 ? wmbt_manifest_read_v1(text, work, &again, NULL)
            : wmbt_manifest_read(text, &again, NULL),
         a->status);
}

/* --- upstream's verdicts ---------------------------------------------------------------------- */

/* The word of golden/vectors/README.md, from the kind alone. */
static const char *word_of(const answer *a)
{
    static const char *const words[] = {"ok",
                                        "err:json",
                                        "err:unsupported_schema",
                                        "err:empty_field",
                                        "err:missing_field",
                                        "err:wrong_type",
                                        "caller"};
    return a->error.kind < sizeof words / sizeof words[0] ? words[a->error.kind] : "?";
}

static void check_outcome(wmbt_test *t, const answer *a, wmbt_view word, wmbt_view detail)
{
    T_CHECK(t, wmbt_test_view_is(word, word_of(a)));
    T_EQ(t, a->status == WMBT_OK, wmbt_test_view_is(word, "ok"));
    if (a->error.kind == WMBT_JSON_SCHEMA) {
        T_EQ(t, wmbt_cell_u64(t, detail), a->error.version);
    } else if (a->error.kind >= WMBT_JSON_EMPTY_FIELD) {
        T_CHECK(t, wmbt_test_view_is(detail, wmbt_field_name_cstr(a->error.field)));
    } else {
        T_CHECK(t, wmbt_test_view_is(detail, "none"));
    }
}

static void check_text(wmbt_test *t, wmbt_view got, wmbt_view cell)
{
    wmbt_view want = wmbt_cell_bytes(t, cell);
    T_EQ(t, got.len, want.len);
    T_BYTES(t, got.data, want.data, want.len);
}

#define DELTA_COLUMNS 14u

static void check_delta(wmbt_test *t, const wmbt_delta *d, const wmbt_view *cells)
{
    T_EQ(t, d->schema_version, wmbt_cell_u64(t, cells[6]));
    T_EQ(t, d->epoch_ms, wmbt_cell_u64(t, cells[7]));
    T_EQ(t, d->seq, wmbt_cell_u64(t, cells[8]));
    T_CALL(t, check_text(t, d->tenant_id, cells[9]));
    T_CALL(t, check_text(t, d->fingerprint, cells[10]));
    T_CALL(t, check_text(t, d->prefix_hash, cells[11]));
    T_CALL(t, check_text(t, d->payload_digest, cells[12]));
    T_CALL(t, check_text(t, d->write_id, cells[13]));
}

/* A text in memory that ends where the text ends, and memory of so many bytes in front of it. */
static wmbt_buf memory(wmbt_test *t, size_t n)
{
    return n == 0u ? NO_MEMORY : wmbt_buf_of(wmbt_test_alloc(t, n), n);
}

static void test_delta_rows(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, "golden/vectors/core_delta_json.tsv", &file)) {
        return;
    }
    wmbt_table table;
    uint32_t ok = 0;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, DELTA_COLUMNS);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view text = wmbt_cell_bytes(t, cells[1]);
        wmbt_buf room = memory(t, text.len), work = memory(t, WMBT_JSON_WORK_BYTES(text.len));
        answer a;
        for (uint32_t v1 = 0; v1 < 2u; v1++) {
            T_CALL(t, read_delta(t, text, v1 != 0u, room, work, &a));
            T_CALL(t, check_outcome(t, &a, cells[v1 != 0u ? 2 : 4], cells[v1 != 0u ? 3 : 5]));
            if (a.status == WMBT_OK) {
                T_CALL(t, check_delta(t, &a.delta, cells));
                ok++;
            }
        }
    }
    T_CHECK(t, t->failed || ok > 100u);
}

/* Entries as the table has them: object_id:key_range_start:key_range_end, joined by commas. */
static void check_entries(wmbt_test *t, const wmbt_manifest *m, wmbt_buf work, wmbt_view list)
{
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    wmbt_json_error error;
    wmbt_buf room = memory(t, m->strings_bytes);
    size_t used = t->arena_used, n = 0;
    if (wmbt_test_view_is(list, "empty")) {
        list = wmbt_view_of(NULL, 0);
    }
    wmbt_manifest_walk_init(&walk, m, work);
    while (list.data != NULL) {
        wmbt_view row = wmbt_cell_part(&list, ',');
        T_EQ(t, wmbt_manifest_walk_next(&walk, room, &entry, &error), WMBT_OK);
        T_EQ(t, error.kind, WMBT_JSON_NO_ERROR);
        T_CALL(t, check_text(t, entry.object_id, wmbt_cell_part(&row, ':')));
        T_CALL(t, check_text(t, entry.key_range_start, wmbt_cell_part(&row, ':')));
        T_CALL(t, check_text(t, entry.key_range_end, row));
        t->arena_used = used;
        n++;
    }
    T_EQ(t, m->entry_count, n);
    wmbt_test_fill(&entry, sizeof entry);
    T_EQ(t, wmbt_manifest_walk_next(&walk, room, &entry, &error), WMBT_END);
    T_CHECK(t, wmbt_test_is_filled(&entry, sizeof entry));
}

static void test_manifest_rows(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, "golden/vectors/core_manifest_json.tsv", &file)) {
        return;
    }
    wmbt_table table;
    uint32_t ok = 0;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 10);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view text = wmbt_cell_bytes(t, cells[1]);
        wmbt_buf work = memory(t, WMBT_JSON_WORK_BYTES(text.len));
        answer a;
        for (uint32_t v1 = 0; v1 < 2u; v1++) {
            T_CALL(t, read_manifest(t, text, v1 != 0u, work, &a));
            T_CALL(t, check_outcome(t, &a, cells[v1 != 0u ? 2 : 4], cells[v1 != 0u ? 3 : 5]));
            if (a.status == WMBT_OK) {
                T_EQ(t, a.manifest.schema_version, wmbt_cell_u64(t, cells[6]));
                T_EQ(t, a.manifest.epoch_ms, wmbt_cell_u64(t, cells[7]));
                T_EQ(t, a.manifest.checksum32, wmbt_cell_u64(t, cells[8]));
                T_CALL(t, check_entries(t, &a.manifest, v1 != 0u ? work : NO_MEMORY, cells[9]));
                ok++;
            }
        }
    }
    T_CHECK(t, t->failed || ok > 100u);
}

/* The documents of the sample bucket: the second part of the name is upstream's verdict. */
#define BUCKET "golden/bucket/bucket/"

static void test_bucket(wmbt_test *t)
{
    static const struct {
        const char *name;
        uint32_t kind, field, version;
        size_t entries;
    } manifests[] = {
        {BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-good.json", 0, 0, 0, 0},
        {BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-empty.json", 0, 0, 0, 0},
        {BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-extra-fields.json", 0, 0, 0, 0},
        {BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-empty-id.json", WMBT_JSON_EMPTY_FIELD,
         WMBT_FIELD_OBJECT_ID, 0, 0},
        {BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-version-2.json", WMBT_JSON_SCHEMA,
         WMBT_FIELD_SCHEMA_VERSION, 2, 0},
    };
    wmbt_view text;
    answer a;
    for (size_t i = 0; i < sizeof manifests / sizeof manifests[0]; i++) {
        if (!wmbt_test_data(t, manifests[i].name, &text)) {
            return;
        }
        T_CALL(t, read_manifest(t, text, false, NO_MEMORY, &a));
        T_EQ(t, a.error.kind, manifests[i].kind);
        T_EQ(t, a.error.field, manifests[i].field);
        T_EQ(t, a.error.version, manifests[i].version);
    }
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* What serde_json takes as a generic value: the strict reader sees it in an unknown field. */
static void test_number_rows(wmbt_test *t)
{
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, "vectors/json_numbers.tsv", &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 3);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        bool accepted = wmbt_test_view_is(cells[2], "ok");
        builder b = build(t, 4096);
        add(&b, "{\"x\":");
        add_bytes(&b, cells[1].data, cells[1].len);
        add(&b, ",");
        add_bytes(&b, (const uint8_t *)good_delta + 1, sizeof good_delta - 2u);
        answer a;
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, accepted ? WMBT_OK : WMBT_BAD_NUMBER);
        /* every one is a number by its form */
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
    }
}

static void check_number(wmbt_test *t, const char *field, const char *value, wmbt_status status,
                         uint64_t number)
{
    wmbt_test_reset(t);
    wmbt_test_where(t, wmbt_test_text(value));
    builder b = build(t, 1024);
    add_delta_with(&b, field, value);
    add(&b, "}");
    answer a;
    for (uint32_t v1 = 0; v1 < 2u; v1++) {
        T_CALL(t, read_delta(t, built(&b), v1 != 0u, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, status);
        if (status == WMBT_OK) {
            T_EQ(t, field[0] == 's' ? a.delta.seq : a.delta.epoch_ms, number);
        }
    }
}

static void test_integer_limits(wmbt_test *t)
{
    static const struct {
        const char *text;
        wmbt_status status;
        uint64_t number;
    } rows[] = {
        {"0", WMBT_OK, 0},
        {"18446744073709551615", WMBT_OK, UINT64_MAX},
        {"18446744073709551610", WMBT_OK, UINT64_MAX - 5u},
        {"18446744073709551609", WMBT_OK, UINT64_MAX - 6u},
        {"9223372036854775808", WMBT_OK, UINT64_C(1) << 63},
        {"18446744073709551616", WMBT_BAD_NUMBER, 0},
        {"18446744073709551620", WMBT_BAD_NUMBER, 0},
        {"184467440737095516150", WMBT_BAD_NUMBER, 0},
        {"-0", WMBT_BAD_NUMBER, 0},
        {"-1", WMBT_BAD_NUMBER, 0},
        {"1.0", WMBT_BAD_NUMBER, 0},
        {"1e0", WMBT_BAD_NUMBER, 0},
        {"00", WMBT_BAD_NUMBER, 0},
        {"+1", WMBT_BAD_SYNTAX, 0},
        {"\"1\"", WMBT_BAD_FIELD, 0},
        {"null", WMBT_BAD_FIELD, 0},
        {"[1]", WMBT_BAD_FIELD, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        T_CALL(t, check_number(t, "seq", rows[i].text, rows[i].status, rows[i].number));
        T_CALL(t, check_number(t, "epoch_ms", rows[i].text, rows[i].status, rows[i].number));
    }
}

/* schema_version is 16 bits: 65536 is another kind of error for each reader. */
static void test_version_limits(wmbt_test *t)
{
    static const struct {
        const char *text;
        uint32_t strict_kind, v1_kind, version;
    } rows[] = {
        {"1", WMBT_JSON_NO_ERROR, WMBT_JSON_NO_ERROR, 0},
        {"0", WMBT_JSON_SCHEMA, WMBT_JSON_SCHEMA, 0},
        {"2", WMBT_JSON_SCHEMA, WMBT_JSON_SCHEMA, 2},
        {"65535", WMBT_JSON_SCHEMA, WMBT_JSON_SCHEMA, 65535},
        {"65536", WMBT_JSON_WRONG_TYPE, WMBT_JSON_DOCUMENT, 0},
        {"4294967297", WMBT_JSON_WRONG_TYPE, WMBT_JSON_DOCUMENT, 0},
        {"18446744073709551617", WMBT_JSON_WRONG_TYPE, WMBT_JSON_DOCUMENT, 0},
        {"1e999", WMBT_JSON_DOCUMENT, WMBT_JSON_DOCUMENT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(rows[i].text));
        builder b = build(t, 1024);
        add_delta_with(&b, "schema_version", rows[i].text);
        add(&b, "}");
        answer a;
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.error.kind, rows[i].strict_kind);
        T_EQ(t, a.error.version, rows[i].version);
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.error.kind, rows[i].v1_kind);
        T_EQ(t, a.error.version, rows[i].version);
    }
}

/* Another version is told before a field of an entry that is refused, and is of no entry. */
static void test_version_before_an_entry(wmbt_test *t)
{
    answer a;
    const wmbt_view text =
        wmbt_test_text("{\"epoch_ms\":1,\"checksum32\":1,\"entries\":[[\"o\",\"s\",\"e\"],"
                       "[\"o\",\"s\",5]],\"schema_version\":2}");
    /* strict: the rest is read */
    T_CALL(t, read_manifest(t, text, false, NO_MEMORY, &a));
    T_EQ(t, a.error.kind, WMBT_JSON_SCHEMA);
    T_EQ(t, a.error.version, 2);
    T_EQ(t, a.error.entry, 0);
    T_EQ(t, a.error.offset, 0);
}

/* checksum32 is 32 bits. */
static void test_checksum_limits(wmbt_test *t)
{
    answer a;
    T_CALL(t, read_manifest(t, wmbt_test_text("[1,2,4294967295,[]]"), true, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_OK);
    T_EQ(t, a.manifest.checksum32, UINT32_MAX);
    T_EQ(t, a.manifest.entry_count, 0);
    T_CALL(t, read_manifest(t, wmbt_test_text("[1,2,4294967296,[]]"), true, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_BAD_NUMBER);
    T_EQ(t, a.error.field, WMBT_FIELD_CHECKSUM32);
}

/* Exponents about 2^31, 2^32 and 2^64: a 1 before them is infinite or 0, four hundred nines are. */
static void test_long_exponents(wmbt_test *t)
{
    static const char *const exponents[] = {
        "214748364",   "2147483640",  "2147483646",           "2147483647",
        "2147483648",  "2147483649",  "2147483650",           "4294966897",
        "4294967295",  "4294967296",  "4294967297",           "4294967300",
        "21474836470", "21474836480", "42949672960",          "42949672970",
        "99999999999", "8589934592",  "18446744073709551616", "00000000002147483648"};
    static const struct {
        const char *before;
        size_t nines;
        const char *sign;
        wmbt_status status;
    } rows[] = {
        {"1", 0, "", WMBT_BAD_NUMBER}, {"1", 0, "+", WMBT_BAD_NUMBER},
        {"0", 0, "", WMBT_OK},         {"1", 0, "-", WMBT_OK},
        {"", 400, "-", WMBT_OK},       {"0.", 400, "", WMBT_BAD_NUMBER},
        {"-0.", 400, "-", WMBT_OK},
    };
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
            wmbt_test_reset(t);
            wmbt_test_where(t, wmbt_test_text(exponents[i]));
            builder b = build(t, 1024);
            add_delta_with(&b, "none", "");
            add(&b, ",\"x\":");
            add(&b, rows[k].before);
            add_times(&b, "9", rows[k].nines);
            add(&b, "e");
            add(&b, rows[k].sign);
            add(&b, exponents[i]);
            add(&b, "}");
            answer a;
            T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[k].status);
        }
    }
}

/* Each byte behind a backslash, in a text that is wanted, a key and a text that is not. */
static void test_escapes(wmbt_test *t)
{
    static const char named[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    for (uint32_t c = 0; c < 256u; c++) {
        uint32_t name = 0;
        while (name < 8u && (uint8_t)named[name] != c) {
            name++;
        }
        for (uint32_t place = 0; place < 3u; place++) {
            static const char *const before[] = {"\"a\",\"x\":1,\"write_id\":\"w", "\"a\",\"x",
                                                 "\"a\",\"x\":\"w"};
            static const char *const after[] = {"z\"}", "z\":1,\"write_id\":\"w\"}",
                                                "z\",\"write_id\":\"w\"}"};
            wmbt_test_reset(t);
            builder b = build(t, 512);
            uint8_t escape[2] = {'\\', 0}, room[3];
            escape[1] = (uint8_t)c;
            add(&b, "{\"schema_version\":1,\"epoch_ms\":1,\"seq\":1,\"tenant_id\":\"a\","
                    "\"fingerprint\":"
                    "\"a\",\"prefix_hash\":\"a\",\"payload_digest\":");
            add(&b, before[place]);
            add_bytes(&b, escape, 2);
            add(&b, after[place]);
            for (uint32_t v1 = 0; v1 < 2u; v1++) {
                answer a;
                T_CALL(t, read_delta(t, built(&b), v1 != 0u, wmbt_buf_of(room, 3), NO_MEMORY, &a));
                T_EQ(t, a.status, name < 8u ? WMBT_OK : WMBT_BAD_TEXT);
                if (name < 8u && place == 0u) {
                    const uint8_t want[3] = {'w', (uint8_t)values[name], 'z'};
                    T_EQ(t, a.delta.write_id.len, 3);
                    T_BYTES(t, a.delta.write_id.data, want, 3);
                }
            }
        }
    }
}

/* A hundred thousand digits before, after the point and in the exponent. */
static void test_long_numbers(wmbt_test *t)
{
    static const struct {
        const char *before, *digits, *after;
        wmbt_status status;
    } rows[] = {
        {"1", "0", "", WMBT_BAD_NUMBER},
        {"0.", "0", "1", WMBT_OK},
        {"0.", "9", "", WMBT_OK},
        {"1", "0", "e-100000", WMBT_OK},
        {"1", "0", "e-99691", WMBT_BAD_NUMBER},
        {"1", "0", "e-99692", WMBT_OK},
        {"1e", "9", "", WMBT_BAD_NUMBER},
        {"0e", "9", "", WMBT_OK},
        {"1e-", "9", "", WMBT_OK},
        {"1e+", "0", "1", WMBT_OK},
        {"-1", "7", ".5e-99999", WMBT_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_test_reset(t);
        wmbt_test_where(t, wmbt_test_text(rows[i].before));
        builder b = build(t, 101024);
        add_delta_with(&b, "none", "");
        add(&b, ",\"x\":");
        add(&b, rows[i].before);
        add_times(&b, rows[i].digits, 100000);
        add(&b, rows[i].after);
        add(&b, "}");
        answer a;
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, rows[i].status);
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
    }
}

/* --- depth ------------------------------------------------------------------------------------ */

/* A delta with an unknown field that nests `depth` containers: pattern 0 arrays, 1 objects, 2 both
 * in turn, 3 by a random walk. The last `missing` are not closed. */
static wmbt_view nested(wmbt_test *t, size_t depth, uint32_t pattern, size_t missing)
{
    builder b = build(t, 7u * depth + 1024u);
    uint8_t *kinds = wmbt_test_alloc(t, depth + 1u);
    uint32_t state = 77u;
    add_delta_with(&b, "none", "");
    add(&b, ",\"deep\":");
    for (size_t i = 0; i < depth && !t->failed; i++) {
        kinds[i] = (uint8_t)(pattern == 2u   ? i & 1u
                             : pattern == 3u ? wmbt_test_random(&state) >> 7 & 1u
                                             : pattern);
        add(&b, kinds[i] != 0u ? "{\"k\":" : "[");
    }
    add(&b, "0");
    for (size_t i = depth; i > missing && !t->failed; i--) {
        add(&b, kinds[i - 1u] != 0u ? "}" : "]");
    }
    add(&b, missing == 0u ? "}" : "");
    return built(&b);
}

/* The document itself is the first container. */
static void test_depth_strict(wmbt_test *t)
{
    answer a;
    for (uint32_t pattern = 0; pattern < 4u; pattern++) {
        wmbt_test_reset(t);
        T_CALL(t, read_delta(t, nested(t, 126, pattern, 0), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        T_CALL(t, read_delta(t, nested(t, 127, pattern, 0), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_TOO_DEEP);
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
    }
}

static void test_depth_v1(wmbt_test *t)
{
    static const size_t depths[] = {126, 127, 128, 134, 135, 136, 143, 144, 145, 1000, 5000};
    for (uint32_t i = 0; i < 4u * (sizeof depths / sizeof depths[0]); i++) {
        wmbt_test_reset(t);
        size_t depth = depths[i / 4u], levels = depth + 1u;
        wmbt_view text = nested(t, depth, i % 4u, 0);
        size_t least = levels <= WMBT_JSON_LEVELS ? 0u : (levels - WMBT_JSON_LEVELS + 7u) / 8u;
        wmbt_buf work = memory(t, least + 1u);
        answer a;
        T_CHECK(t, WMBT_JSON_WORK_BYTES(text.len) > least);
        T_CALL(t, read_delta(t, text, true, NO_MEMORY, wmbt_buf_of(work.data, least), &a));
        T_EQ(t, a.status, WMBT_OK);
        if (least != 0u) { /* a byte less: the caller's fault, not the document's */
            wmbt_test_fill(work.data, least + 1u);
            T_CALL(t, read_delta(t, text, true, NO_MEMORY, wmbt_buf_of(work.data, least - 1u), &a));
            T_EQ(t, a.status, WMBT_TOO_DEEP);
            T_EQ(t, a.error.kind, WMBT_JSON_CALLER);
            T_EQ(t, work.data[least - 1u], WMBT_TEST_PATTERN);
        }
        /* the kind of each level is remembered: one wrong bracket is found */
        for (size_t at = text.len - 1u; at > text.len - depth; at -= 1u + depth / 40u) {
            uint8_t *p = (uint8_t *)(uintptr_t)&text.data[at];
            uint8_t kept = *p;
            *p = kept == (uint8_t)'}' ? (uint8_t)']' : (uint8_t)'}';
            T_CALL(t, read_delta(t, text, true, NO_MEMORY, wmbt_buf_of(work.data, least), &a));
            T_EQ(t, a.status, WMBT_BAD_SYNTAX);
            T_EQ(t, a.error.offset, at);
            *p = kept;
        }
    }
}

/* With the memory that the header names no text is too deep, whatever is in it. */
static void test_depth_unclosed(wmbt_test *t)
{
    static const size_t counts[] = {1, 127, 128, 129, 1000, MANY};
    for (uint32_t i = 0; i < 2u * (sizeof counts / sizeof counts[0]); i++) {
        wmbt_test_reset(t);
        size_t n = counts[i / 2u];
        builder b = build(t, 5u * n + 16u);
        add(&b, "{\"x\":");
        add_times(&b, i % 2u == 0u ? "[" : "{\"\":", n);
        wmbt_buf work = memory(t, WMBT_JSON_WORK_BYTES(b.len));
        answer a;
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, work, &a));
        T_EQ(t, a.status, WMBT_TRUNCATED);
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        /* too deep only where what is left could close it */
        T_EQ(t, a.status, n < 1000u ? WMBT_TRUNCATED : WMBT_TOO_DEEP);
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, n < 127u ? WMBT_TRUNCATED : WMBT_TOO_DEEP);
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
        wmbt_view text = nested(t, n < 5000u ? n : 5000u, 3, 1);
        work = memory(t, WMBT_JSON_WORK_BYTES(text.len));
        T_CALL(t, read_delta(t, text, true, NO_MEMORY, work, &a));
        T_EQ(t, a.status, WMBT_TRUNCATED);
    }
}

/* Without memory, as many are open as can be: more memory is asked for only if the text could close
 * them all. */
static void test_depth_left(wmbt_test *t)
{
    for (size_t closed = 120; closed < 136u; closed++) {
        wmbt_test_reset(t);
        builder b = build(t, 512);
        answer a;
        add(&b, "{\"x\":");
        add_times(&b, "[", WMBT_JSON_LEVELS);
        add_times(&b, "]", closed);
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, closed <= WMBT_JSON_LEVELS ? WMBT_TRUNCATED : WMBT_TOO_DEEP);
    }
}

/* The walk counts the two containers around an entry too. */
static void test_depth_walk(wmbt_test *t)
{
    for (size_t depth = 120; depth < 140u; depth++) {
        wmbt_test_reset(t);
        builder b = build(t, 2048);
        add(&b, "{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,\"entries\":[{\"x\":");
        add_times(&b, "[", depth);
        add_times(&b, "]", depth);
        add(&b, ",\"object_id\":\"o\",\"key_range_start\":\"s\",\"key_range_end\":\"e\"}]}");
        wmbt_buf work = memory(t, WMBT_JSON_WORK_BYTES(b.len));
        wmbt_manifest_walk walk;
        wmbt_manifest_entry entry;
        answer a;
        T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
        T_EQ(t, a.status, depth + 3u <= 127u ? WMBT_OK : WMBT_TOO_DEEP);
        if (a.status == WMBT_OK) {
            wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
            T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
        }
        T_CALL(t, read_manifest(t, built(&b), true, work, &a));
        T_EQ(t, a.status, WMBT_OK);
        wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error),
             depth + 3u <= WMBT_JSON_LEVELS ? WMBT_OK : WMBT_TOO_DEEP);
        wmbt_manifest_walk_init(&walk, &a.manifest, work);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error), WMBT_OK);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error), WMBT_END);
    }
}

/* --- texts ------------------------------------------------------------------------------------ */

/* `room` of exactly the size that is needed; a byte less is refused, and says how much. */
static void test_room(wmbt_test *t)
{
    static const char text[] =
        "{\"schema_version\":1,\"epoch_ms\":1,\"seq\":1,\"tenant_id\":\"a\\u00e9b\","
        "\"fingerprint\":\"plain\",\"prefix_hash\":\"\\ud83d\\ude00\",\"payload_digest\":\"x\\/y\","
        "\"write_id\":\"\\n\"}";
    static const size_t needed = 4 + 4 + 3 + 1;
    uint8_t *room = wmbt_test_alloc(t, 64);
    answer a;
    for (size_t n = 0; n < 64u; n++) {
        T_CALL(t, read_delta(t, wmbt_test_text(text), (n & 1u) != 0u, wmbt_buf_of(room, n),
                             NO_MEMORY, &a));
        T_EQ(t, a.status, n < needed ? WMBT_BUFFER_TOO_SMALL : WMBT_OK);
        T_EQ(t, a.error.needed, n < needed ? needed : 0u);
    }
    T_CHECK(t, wmbt_test_view_is(a.delta.tenant_id, "a\xC3\xA9"
                                                    "b"));
    T_CHECK(t, wmbt_test_view_is(a.delta.fingerprint, "plain"));
    T_CHECK(t, a.delta.fingerprint.data >= (const uint8_t *)text &&
                   a.delta.fingerprint.data < (const uint8_t *)text + sizeof text);
    T_CHECK(t, wmbt_test_view_is(a.delta.prefix_hash, "\xF0\x9F\x98\x80"));
    T_CHECK(t, wmbt_test_view_is(a.delta.payload_digest, "x/y"));
    T_CHECK(t, wmbt_test_view_is(a.delta.write_id, "\n"));
    T_CHECK(t, wmbt_test_is_filled(room + needed, 64u - 1u - needed));
    /* a refusal comes before the lack of room */
    static const char bad[] = "{\"schema_version\":1,\"tenant_id\":\"\\n\\n\",\"tenant_id\":\"\"}";
    T_CALL(t, read_delta(t, wmbt_test_text(bad), true, wmbt_buf_of(room, 1), NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_BAD_FIELD);
}

static void test_walk_room(wmbt_test *t)
{
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    wmbt_json_error error;
    answer a;
    uint8_t byte = WMBT_TEST_PATTERN;
    T_CALL(t, read_manifest(t, wmbt_test_text(good_manifest), false, NO_MEMORY, &a));
    T_EQ(t, a.manifest.entry_count, 2);
    T_EQ(t, a.manifest.strings_bytes, 1);
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &error), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "m"));
    wmbt_test_fill(&entry, sizeof entry);
    for (uint32_t i = 0; i < 3u; i++) { /* nothing is lost by a failure */
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &error), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, error.needed, 1);
        T_EQ(t, error.kind, WMBT_JSON_CALLER);
        T_EQ(t, error.offset, 0);
        T_CHECK(t, wmbt_test_is_filled(&entry, sizeof entry));
    }
    T_EQ(t, wmbt_manifest_walk_next(&walk, wmbt_buf_of(&byte, 1), &entry, &error), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(entry.object_id, "seg-2"));
    T_CHECK(t, entry.key_range_end.data == &byte && byte == (uint8_t)'z');
    wmbt_test_fill(&error, sizeof error);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &error), WMBT_END);
    T_CALL(t, check_plain_error(t, &error, WMBT_JSON_NO_ERROR));
    /* memory for the first text, but not for the second */
    static const char two[] =
        "[1,2,3,[[\"\\n\",\"\\u0041\\u0041\",\"c\"],[\"\\t\",\"\\t\",\"c\"]]]";
    uint8_t room[2];
    T_CALL(t, read_manifest(t, wmbt_test_text(two), true, NO_MEMORY, &a));
    T_EQ(t, a.manifest.strings_bytes, 3); /* of an entry, not of all */
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    wmbt_test_fill(room, sizeof room);
    T_EQ(t, wmbt_manifest_walk_next(&walk, wmbt_buf_of(room, 2), &entry, &error),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, error.needed, 3);
    T_CHECK(t, is_filled_or_zero(wmbt_buf_of(room, sizeof room)));
}

/* Fields that are not known, anywhere, with escapes or without a name, need no memory and change
 * nothing. */
static const char *const unknown_fields[] = {"\"x\":\"\\n\\u00e9\"", "\"\":7", "\"\":\"\\t\"",
                                             "\"\\n\":[{\"\\r\":\"\\n\"},\"\\t\"]",
                                             "\"schema_version\\u0000\":2"};

static void test_unknown_in_deltas(wmbt_test *t)
{
    static const char *const members[] = {
        "\"schema_version\":1",     "\"epoch_ms\":11",       "\"seq\":7",
        "\"tenant_id\":\"t\"",      "\"fingerprint\":\"f\"", "\"prefix_hash\":\"p\"",
        "\"payload_digest\":\"d\"", "\"write_id\":\"w\""};
    for (size_t k = 0; k < sizeof unknown_fields / sizeof unknown_fields[0]; k++) {
        for (uint32_t at = 0; at <= 8u; at++) {
            wmbt_test_reset(t);
            builder b = build(t, 512);
            for (uint32_t i = 0; i < 9u; i++) {
                add(&b, i == 0u ? "{" : ",");
                add(&b, i == at ? unknown_fields[k] : members[i < at ? i : i - 1u]);
            }
            add(&b, "}");
            for (uint32_t v1 = 0; v1 < 2u; v1++) {
                answer a;
                T_CALL(t, read_delta(t, built(&b), v1 != 0u, NO_MEMORY, NO_MEMORY, &a));
                T_EQ(t, a.status, WMBT_OK);
                T_EQ(t, a.delta.epoch_ms, 11);
                T_EQ(t, a.delta.seq, 7);
                T_CHECK(t, wmbt_test_view_is(a.delta.tenant_id, "t"));
                T_CHECK(t, wmbt_test_view_is(a.delta.write_id, "w"));
            }
        }
    }
}

static void test_unknown_in_manifests(wmbt_test *t)
{
    static const char *const members[] = {"\"schema_version\":1", "\"epoch_ms\":11",
                                          "\"checksum32\":5", "\"entries\":["};
    static const char *const of_entry[] = {"\"object_id\":\"o\"", "\"key_range_start\":\"s\"",
                                           "\"key_range_end\":\"e\""};
    for (size_t k = 0; k < sizeof unknown_fields / sizeof unknown_fields[0]; k++) {
        for (uint32_t at = 0; at <= 4u; at++) {
            wmbt_test_reset(t);
            builder b = build(t, 512);
            for (uint32_t i = 0; i < 5u; i++) {
                add(&b, i == 0u ? "{" : ",");
                add(&b, i == at ? unknown_fields[k] : members[i < at ? i : i - 1u]);
                for (uint32_t e = 0; i != at && (i < at ? i : i - 1u) == 3u && e < 5u; e++) {
                    add(&b, e == 0u ? "{" : e == 4u ? "}]" : ",");
                    if (e < 4u) {
                        uint32_t there = at < 4u ? at : 3u;
                        add(&b, e == there ? unknown_fields[k] : of_entry[e < there ? e : e - 1u]);
                    }
                }
            }
            add(&b, "}");
            for (uint32_t v1 = 0; v1 < 2u; v1++) {
                answer a;
                wmbt_manifest_walk walk;
                wmbt_manifest_entry entry;
                T_CALL(t, read_manifest(t, built(&b), v1 != 0u, NO_MEMORY, &a));
                T_EQ(t, a.status, WMBT_OK);
                T_EQ(t, a.manifest.epoch_ms, 11);
                T_EQ(t, a.manifest.checksum32, 5);
                T_EQ(t, a.manifest.entry_count, 1);
                T_EQ(t, a.manifest.strings_bytes, 0);
                wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
                T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
                T_CHECK(t, wmbt_test_view_is(entry.object_id, "o"));
                T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "e"));
            }
        }
    }
}

static void test_many_escapes(wmbt_test *t)
{
    builder b = build(t, 6u * MANY + 1024u);
    add_delta_with(&b, "none", "");
    b.len -= 4u; /* w-1" */
    size_t start = b.len;
    add_times(&b, "\\u0041", MANY);
    add(&b, "\"}");
    wmbt_buf room = memory(t, MANY);
    answer a;
    for (uint32_t v1 = 0; v1 < 2u; v1++) {
        T_CALL(t, read_delta(t, built(&b), v1 != 0u, room, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        T_EQ(t, a.delta.write_id.len, MANY);
        for (size_t i = 0; i < MANY; i++) {
            T_EQ(t, room.data[i], 'A');
        }
        T_CALL(t, read_delta(t, built(&b), v1 != 0u, wmbt_buf_of(room.data, room.len - 1u),
                             NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, a.error.needed, MANY);
    }
    b.data[b.len - 4u] = (uint8_t)'g'; /* the last digit but one */
    T_CALL(t, read_delta(t, built(&b), true, room, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_BAD_TEXT);
    T_EQ(t, a.error.offset, b.len - 4u);
    T_CHECK(t, start < b.len);
}

/* Upstream's functions take text that is UTF-8 already; here it is checked, wherever it stands. */
static void test_not_utf8(wmbt_test *t)
{
    static const struct {
        const char *bytes;
        bool good;
    } rows[] = {
        {"\xC3\xA9", true},
        {"\xE2\x82\xAC", true},
        {"\xF0\x9F\x98\x80", true},
        {"\xC2\x80", true}, /* the first and the last of each length */
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {"\x80", false},
        {"\xC0\x80", false},
        {"\xC1\xBF", false},
        {"\xC3", false},
        {"\xC3\x28", false},
        {"\xC3\x7F", false}, /* below and above what goes on */
        {"\xC3\xC0", false},
        {"\xE2\x82\x7F", false},
        {"\xE2\x82\xC0", false},
        {"\xF0\x9F\x98\x7F", false},
        {"\xF0\x9F\x98\xC0", false},
        {"\xE0\x9F\xBF", false},
        {"\xED\xA0\x80", false},
        {"\xE2\x82", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
        {"\xE2\x28\xA1", false},
        {"\xF0\x9F\x98", false},
    };
    static const char *const places[] = {",\"x\":\"", ",\"x\":[{\"", ",\""};
    static const char *const ends[] = {"\"}", "\":1}]}", "\":2}"};
    for (size_t i = 0; i < 3u * (sizeof rows / sizeof rows[0]); i++) {
        wmbt_test_reset(t);
        builder b = build(t, 1024);
        add_delta_with(&b, "none", "");
        add(&b, places[i % 3u]);
        add(&b, rows[i / 3u].bytes);
        add(&b, ends[i % 3u]);
        answer a;
        for (uint32_t v1 = 0; v1 < 2u; v1++) {
            T_CALL(t, read_delta(t, built(&b), v1 != 0u, NO_MEMORY, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[i / 3u].good ? WMBT_OK : WMBT_BAD_TEXT);
        }
    }
}

/* Keys as long as a name, longer, and much longer than anything kept. */
/* Code points where the number of bytes changes; the bytes are those of the Unicode standard. */
static void test_escaped_code_points(wmbt_test *t)
{
    static const struct {
        const char *value, *bytes;
    } rows[] = {
        {"\"\\u0001\"", "\x01"},
        {"\"\\u007f\"", "\x7F"},
        {"\"\\u0080\"", "\xC2\x80"},
        {"\"\\u07fF\"", "\xDF\xBF"},
        {"\"\\u0800\"", "\xE0\xA0\x80"},
        {"\"\\uD7FF\"", "\xED\x9F\xBF"},
        {"\"\\ue000\"", "\xEE\x80\x80"},
        {"\"\\uffff\"", "\xEF\xBF\xBF"},
        {"\"\\ud800\\udc00\"", "\xF0\x90\x80\x80"},
        {"\"\\udbff\\udfff\"", "\xF4\x8F\xBF\xBF"},
        {"\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < 2u * (sizeof rows / sizeof rows[0]); i++) {
        uint8_t room[4];
        answer a;
        wmbt_test_reset(t);
        builder b = build(t, 1024);
        add_delta_with(&b, "tenant_id", rows[i / 2u].value);
        add(&b, "}");
        T_CALL(t, read_delta(t, built(&b), i % 2u != 0u, wmbt_buf_of(room, 4), NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(a.delta.tenant_id, rows[i / 2u].bytes));
    }
}

/* Halves of a pair that are alone or in the wrong order, at both ends of their ranges. */
static void test_escaped_surrogates(wmbt_test *t)
{
    static const char *const values[] = {
        "\"\\udfff\"",        "\"\\udc00\"",        "\"\\udbff\"",        "\"\\ud800x\"",
        "\"\\ud800\\udbff\"", "\"\\ud800\\ue000\"", "\"\\udc00\\ud800\"", "\"\\ud800\\n\"",
    };
    for (size_t i = 0; i < 2u * (sizeof values / sizeof values[0]); i++) {
        uint8_t room[8];
        answer a;
        wmbt_test_reset(t);
        builder b = build(t, 1024);
        add_delta_with(&b, "tenant_id", values[i / 2u]);
        add(&b, "}");
        T_CALL(t, read_delta(t, built(&b), i % 2u != 0u, wmbt_buf_of(room, 8), NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_BAD_TEXT);
    }
}

/* A lone surrogate may stand in an unknown field, but not in what follows it. */
static void test_surrogate_after_unknown(wmbt_test *t)
{
    static const char *const values[] = {"\"\\ud800\"", "\"fine\""};
    for (size_t i = 0; i < 2; i++) {
        answer a;
        wmbt_test_reset(t);
        builder b = build(t, 1024);
        add(&b, "{\"x\":[\"\\udc00\"],");
        size_t at = b.len;
        add_delta_with(&b, "tenant_id", values[i]);
        add(&b, "}");
        T_CHECK(t, b.data != NULL);
        b.data[at] = ' '; /* in place of a second '{' */
        T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, i == 0u ? WMBT_BAD_TEXT : WMBT_OK);
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_BAD_TEXT);
    }
}

static void test_long_keys(wmbt_test *t)
{
    for (size_t n = 0; n < 40u; n++) {
        wmbt_test_reset(t);
        builder b = build(t, 2048);
        add_delta_with(&b, "none", "");
        add(&b, ",\"");
        add(&b, "write_id");
        add_times(&b, "\\u0000", n);
        add(&b, "\":null}");
        answer a;
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
        T_EQ(t, a.status, n == 0u ? WMBT_BAD_FIELD : WMBT_OK); /* n = 0: the field twice */
        T_EQ(t, a.error.field, n == 0u ? WMBT_FIELD_WRITE_ID : WMBT_FIELD_NONE);
    }
    wmbt_test_reset(t);
    builder b = build(t, MANY + 2048u);
    add(&b, "{\"key_range_start\":1,\"key_range_start1\":1,\"key_range_start12\":1,\"");
    add_times(&b, "k", MANY);
    add(&b, "\":1,");
    add_bytes(&b, (const uint8_t *)good_delta + 1, sizeof good_delta - 2u);
    answer a;
    T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_OK);
}

/* --- many ------------------------------------------------------------------------------------- */

static void test_many_entries(wmbt_test *t)
{
    static const size_t count = MANY_ENTRIES;
    builder b = build(t, 14u * count + 1024u);
    add(&b, "{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,\"entries\":[");
    for (size_t i = 0; i < count && !t->failed; i++) {
        add(&b, i == 0u ? "[\"o\",\"s\",\"e\"]" : ",[\"o\",\"s\",\"e\"]");
    }
    add(&b, "]}");
    answer a;
    T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_OK);
    T_EQ(t, a.manifest.entry_count, count);
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    size_t n = 0;
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    while (wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL) == WMBT_OK) {
        n++;
    }
    T_EQ(t, n, count);
    b.data[b.len - 5u] = (uint8_t)'"'; /* the last text is empty now, and its quote is too many */
    T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_BAD_SYNTAX);
}

/* The first empty text by entries, then by the order of declaration, not of the document. */
static void test_empty_order(wmbt_test *t)
{
    answer a;
    T_CALL(t, read_manifest(
                  t,
                  wmbt_test_text("[1,1,1,[[\"o\",\"s\",\"e\"],{\"key_range_end\":\"\","
                                 "\"object_id\":\"o\",\"key_range_start\":\"\"},[\"\",\"\",\"\"]"
                                 "]]"),
                  true, NO_MEMORY, &a));
    T_EQ(t, a.error.kind, WMBT_JSON_EMPTY_FIELD);
    T_EQ(t, a.error.field, WMBT_FIELD_KEY_RANGE_START);
    T_EQ(t, a.error.entry, 1);
}

/* Wherever in the text a key begins, a reader may compare it at once or byte by byte: the answer is
 * the same, and so are its offsets but for what stands before. */
#define MAX_BEFORE 600u
static void test_keys_anywhere(wmbt_test *t)
{
    static const struct {
        const char *key; /* instead of "tenant_id": with its quotes and what follows */
        wmbt_status status;
        uint32_t field;
    } rows[] = {
        {"\"tenant_id\":", WMBT_OK, WMBT_FIELD_NONE},
        {"\"tenant_id\" :", WMBT_OK, WMBT_FIELD_NONE},
        {" \"tenant_id\":", WMBT_OK, WMBT_FIELD_NONE},
        {"\"x\":[],\"tenant_id\":", WMBT_OK, WMBT_FIELD_NONE},
        {"\"tenant_id\";", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
        {"\"tenant_id:", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
        {"'tenant_id\":", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
        {"\"tenant_ie\":", WMBT_BAD_FIELD, WMBT_FIELD_TENANT_ID},
        {"\"uenant_id\":", WMBT_BAD_FIELD, WMBT_FIELD_TENANT_ID},
        {"\"tenant_i\":", WMBT_BAD_FIELD, WMBT_FIELD_TENANT_ID},
        {"\"tenant_id2\":", WMBT_BAD_FIELD, WMBT_FIELD_TENANT_ID},
        {"\"tenant_id\\u0000\":", WMBT_BAD_FIELD, WMBT_FIELD_TENANT_ID},
        {"\"seq\":", WMBT_BAD_FIELD, WMBT_FIELD_SEQ},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t offset = 0;
        for (size_t before = 0; before < MAX_BEFORE; before++) {
            wmbt_test_reset(t);
            builder b = build(t, MAX_BEFORE + 512u);
            answer a;
            add_times(&b, " ", before);
            add(&b, "{\"schema_version\":1,\"epoch_ms\":1700000000100,\"seq\":7,");
            add(&b, rows[i].key);
            add(&b, "\"tenant-a\",\"fingerprint\":\"fp-1\",\"prefix_hash\":\"h-1\","
                    "\"payload_digest\":\"d-1\",\"write_id\":\"w-1\"}");
            T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[i].status);
            T_EQ(t, a.error.field, rows[i].field);
            if (a.status == WMBT_OK) {
                T_EQ(t, a.delta.seq, 7);
                T_CHECK(t, wmbt_test_view_is(a.delta.tenant_id, "tenant-a"));
                T_CHECK(t, wmbt_test_view_is(a.delta.write_id, "w-1"));
            } else {
                offset = before == 0u ? a.error.offset : offset;
                T_EQ(t, a.error.offset, offset + before);
            }
        }
    }
}

/* The text with `name` replaced where it first stands as a key: that is not known, or no text. */
static void check_other_name(wmbt_test *t, const char *text, const char *name, wmbt_view other,
                             wmbt_status status, uint32_t field)
{
    wmbt_view known = wmbt_test_text(name);
    size_t at = 1;
    builder b = build(t, 512);
    answer a;
    wmbt_test_where(t, other);
    while (text[at - 1u] != '"' || text[at + known.len] != '"' ||
           !wmbt_test_same((const uint8_t *)text + at, known.data, known.len)) {
        at++;
    }
    add_bytes(&b, (const uint8_t *)text, at);
    add_bytes(&b, other.data, other.len);
    add(&b, text + at + known.len);
    if (text == good_delta) {
        T_CALL(t, read_delta(t, built(&b), false, NO_MEMORY, NO_MEMORY, &a));
    } else {
        T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
    }
    T_EQ(t, a.status, status);
    T_EQ(t, a.error.field, status == WMBT_BAD_TEXT ? WMBT_FIELD_NONE : field);
}

/* Each name with a bit of it changed, with all bits of a quarter or half of it, and with the second
 * half of another name: readers compare halves. */
static void test_names_that_are_not_known(wmbt_test *t)
{
    for (uint32_t i = 0; i < 2u * WMBT_FIELD_WRITE_ID; i++) {
        const char *text = i % 2u == 0u ? good_delta : good_manifest;
        uint32_t field = i / 2u + 1u;
        wmbt_view name = wmbt_test_text(wmbt_field_name_cstr(field));
        bool of_delta = field <= WMBT_FIELD_EPOCH_MS || field >= WMBT_FIELD_SEQ;
        bool of_manifest = field < WMBT_FIELD_SEQ;
        uint8_t other[32];
        if (!(text == good_delta ? of_delta : of_manifest)) {
            continue;
        }
        for (size_t bit = 0; bit < 8u * name.len; bit++) {
            wmbt_test_reset(t);
            wmbt_test_copy(other, name.data, name.len);
            other[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
            uint8_t c = other[bit / 8u];
            if (c >= 0x20u && c != (uint8_t)'"' && c != (uint8_t)'\\') {
                T_CALL(t, check_other_name(t, text, (const char *)name.data,
                                           wmbt_view_of(other, name.len),
                                           c < 0x80u ? WMBT_BAD_FIELD : WMBT_BAD_TEXT, field));
            }
        }
        for (size_t n = 4; n <= 8u; n += 4u) {
            for (size_t k = 0; k < name.len; k++) {
                other[k] = (uint8_t)(k < n ? name.data[k] ^ 0xFFu : name.data[k]);
            }
            wmbt_test_reset(t);
            T_CALL(t, check_other_name(t, text, (const char *)name.data,
                                       wmbt_view_of(other, name.len), WMBT_BAD_TEXT, field));
        }
        for (uint32_t of = 1; name.len > 8u && of <= WMBT_FIELD_WRITE_ID; of++) {
            wmbt_view half = wmbt_test_text(wmbt_field_name_cstr(of));
            bool known = half.len <= 8u;
            wmbt_test_copy(other, name.data, 8);
            for (size_t k = 8; k < half.len; k++) {
                other[k] = half.data[k];
            }
            for (uint32_t k = 1; k <= WMBT_FIELD_WRITE_ID; k++) {
                known = known || wmbt_test_same_view(wmbt_test_text(wmbt_field_name_cstr(k)),
                                                     wmbt_view_of(other, half.len));
            }
            if (!known) {
                wmbt_test_reset(t);
                T_CALL(t, check_other_name(t, text, (const char *)name.data,
                                           wmbt_view_of(other, half.len), WMBT_BAD_FIELD, field));
            }
        }
    }
}

/* A manifest of three entries, all after `before` blanks; the second one is given. */
static builder build_three(wmbt_test *t, size_t before, const char *second)
{
    wmbt_test_reset(t);
    builder b = build(t, 4096);
    add_times(&b, " ", before);
    add(&b, "{\"schema_version\":1,\"epoch_ms\":5,\"checksum32\":9,\"entries\":[{\"object_id\":"
            "\"seg-1\",\"key_range_start\":\"a\",\"key_range_end\":\"m\"},");
    add(&b, second);
    add(&b, ",{\"object_id\":\"seg-3\",\"key_range_start\":\"t\",\"key_range_end\":\"z\"}]}");
    return b;
}

/* The walk gives three entries; the second is the texts given. */
static void check_three(wmbt_test *t, const wmbt_manifest *m, wmbt_view id, wmbt_view start,
                        wmbt_view end)
{
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    uint8_t room[8];
    wmbt_buf strings = wmbt_buf_of(room, sizeof room);
    wmbt_manifest_walk_init(&walk, m, NO_MEMORY);
    T_EQ(t, wmbt_manifest_walk_next(&walk, strings, &entry, NULL), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(entry.object_id, "seg-1"));
    T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "m"));
    T_EQ(t, wmbt_manifest_walk_next(&walk, strings, &entry, NULL), WMBT_OK);
    T_CHECK(t, wmbt_test_same_view(entry.object_id, id));
    T_CHECK(t, wmbt_test_same_view(entry.key_range_start, start));
    T_CHECK(t, wmbt_test_same_view(entry.key_range_end, end));
    T_EQ(t, wmbt_manifest_walk_next(&walk, strings, &entry, NULL), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(entry.object_id, "seg-3"));
    T_CHECK(t, wmbt_test_view_is(entry.key_range_start, "t"));
    T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "z"));
    T_EQ(t, wmbt_manifest_walk_next(&walk, strings, &entry, NULL), WMBT_END);
}

/* The second of three entries. */
static const struct {
    const char *entry; /* good ones hold "id", "s" and "e" */
    wmbt_status status;
    uint32_t field;
} entries[] = {
#define ID "\"object_id\":\"id\""
#define START "\"key_range_start\":\"s\""
#define END "\"key_range_end\":\"e\""
    {"{" ID "," START "," END "}", WMBT_OK, WMBT_FIELD_NONE},
    {" {" ID "," START "," END "}", WMBT_OK, WMBT_FIELD_NONE},
    {"{ " ID "," START "," END "}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID " ," START "," END "}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID "," START ", " END "}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID "," START "," END "\n}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID "," START "," END "} ", WMBT_OK, WMBT_FIELD_NONE},
    {"{" END "," ID "," START "}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID "," START "," END ",\"x\":0}", WMBT_OK, WMBT_FIELD_NONE},
    {"{" ID "," START ",\"key_range_end\":\"\\u0065\"}", WMBT_OK, WMBT_FIELD_NONE},
    {"{\"object_id\": \"id\"," START "," END "}", WMBT_OK, WMBT_FIELD_NONE},
    {"[\"id\",\"s\",\"e\"]", WMBT_OK, WMBT_FIELD_NONE},
    {"{,,}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{{" ID "," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "x," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "," START "," END "x}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID ";" START ";" END "]", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "x," START "x," END "x}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{'object_id\":\"id\",'key_range_start\":\"s\",'key_range_end\":\"e\"}", WMBT_BAD_SYNTAX,
     WMBT_FIELD_NONE},
    {"{\"object_id\":'id\",\"key_range_start\":'s\",\"key_range_end\":'e\"}", WMBT_BAD_SYNTAX,
     WMBT_FIELD_NONE},
    {"{\"object_id\":\"id\\,\"key_range_start\":\"s\\,\"key_range_end\":\"e\\}", WMBT_BAD_TEXT,
     WMBT_FIELD_NONE},
    {"{," ID "," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "," START "," END ",", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "}" START "," END ",", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "}" START "}" END ",", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "," START "," END "]", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"[" ID "," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID ";" START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "," START "}" END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{" ID "," START "," END ",}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{\"object_id\":'id\"," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{\"object_id\":\"id'," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{'object_id\":\"id\"," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{\"object_id':\"id\"," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{\"object_id\";\"id\"," START "," END "}", WMBT_BAD_SYNTAX, WMBT_FIELD_NONE},
    {"{\"object_id\":\"i\x01\"," START "," END "}", WMBT_BAD_TEXT, WMBT_FIELD_NONE},
    {"{\"object_id\":\"id\x1F," START "," END "}", WMBT_BAD_TEXT, WMBT_FIELD_NONE},
    {"{\"object_id\":\"id\\," START "," END "}", WMBT_BAD_TEXT, WMBT_FIELD_NONE},
    {"{\"object_id\":\"i\xFF\"," START "," END "}", WMBT_BAD_TEXT, WMBT_FIELD_NONE},
    {"{\"object_id\":0," START "," END "}", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID},
    {"{\"object_ie\":\"id\"," START "," END "}", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID},
    {"{" ID ",\"key_range_starT\":\"s\"," END "}", WMBT_BAD_FIELD, WMBT_FIELD_KEY_RANGE_START},
    {"{" ID "," START ",\"Key_range_end\":\"e\"}", WMBT_BAD_FIELD, WMBT_FIELD_KEY_RANGE_END},
    {"{\"object_id\":\"\"," START "," END "}", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID},
    {"{" ID "," START ",\"key_range_end\":\"\"}", WMBT_BAD_FIELD, WMBT_FIELD_KEY_RANGE_END},
    {"{" ID "," START "}", WMBT_BAD_FIELD, WMBT_FIELD_KEY_RANGE_END},
    {"{" START "," END "}", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID},
    {"{" ID ",\"key_range_start\":\"e_end\",\"key_rangX_end\":\"e\"}", WMBT_BAD_FIELD,
     WMBT_FIELD_KEY_RANGE_END},
    {"{" ID "," ID "," START "," END "}", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID},
#undef ID
#undef START
#undef END
};

/* Wherever in the text an entry begins, a reader may take it whole or token by token: as above. */
static void test_entries_anywhere(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        size_t offset = 0;
        for (size_t before = 0; before < 130u; before++) {
            answer a;
            builder b = build_three(t, before, entries[i].entry);
            T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
            T_EQ(t, a.status, entries[i].status);
            T_EQ(t, a.error.field, entries[i].field);
            if (a.status == WMBT_OK) {
                T_EQ(t, a.manifest.entry_count, 3);
                T_CALL(t, check_three(t, &a.manifest, wmbt_test_text("id"), wmbt_test_text("s"),
                                      wmbt_test_text("e")));
            } else if (a.error.kind == WMBT_JSON_DOCUMENT) {
                offset = before == 0u ? a.error.offset : offset;
                T_EQ(t, a.error.offset, offset + before);
            }
        }
    }
}

/* What opens the first entry, and what stands between two. */
static void test_between_entries(wmbt_test *t)
{
#define MEMBERS "\"object_id\":\"i\",\"key_range_start\":\",\",\"key_range_end\":\"}\"}"
    static const struct {
        const char *entries;
        wmbt_status status;
    } rows[] = {
        {"[{" MEMBERS ",{" MEMBERS "]", WMBT_OK},
        {"[ {" MEMBERS " , {" MEMBERS " ]", WMBT_OK},
        {"[{{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[," MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[[" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[,{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS "{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS "{{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS ";{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS ",[" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS "," MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS ",,{" MEMBERS "]", WMBT_BAD_SYNTAX},
        {"[{" MEMBERS ",{" MEMBERS ",]", WMBT_BAD_SYNTAX},
    };
#undef MEMBERS
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t before = 0; before < 130u; before++) {
            wmbt_test_reset(t);
            builder b = build(t, 512);
            answer a;
            wmbt_manifest_walk walk;
            wmbt_manifest_entry entry;
            wmbt_test_where(t, wmbt_test_text(rows[i].entries));
            add_times(&b, " ", before);
            add(&b, "{\"schema_version\":1,\"epoch_ms\":5,\"checksum32\":9,\"entries\":");
            add(&b, rows[i].entries);
            add(&b, "}");
            T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[i].status);
            if (a.status != WMBT_OK) {
                continue;
            }
            wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
            for (uint32_t k = 0; k < 2u; k++) {
                T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
                T_CHECK(t, wmbt_test_view_is(entry.key_range_start, ","));
                T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "}"));
            }
            T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_END);
        }
    }
}

/* Entries of 64 bytes, all alike, of a text that ends anywhere in the last two: what a reader may
 * still have of those before is no text. */
static void test_entries_alike(wmbt_test *t)
{
    static const char *const alike[] = {
        "{\"object_id\":\"ob\",\"key_range_start\":\"st\",\"key_range_end\":\"end\"},",
        "{\"object_id\":\"ob\",\"key_range_start\":\"st\",\"key_range_end\":\"\\ne\"},",
        "{\"object_id\":\"objid\",\"key_range_start\":\",\",\"key_range_end\":\"}\"},",
    };
    for (size_t i = 0; i < 3u; i++) {
        T_EQ(t, wmbt_test_text(alike[i]).len, 64);
        for (size_t count = 1; count < 12u; count++) {
            for (size_t cut = 1; cut <= 128u; cut++) {
                wmbt_test_reset(t);
                builder b = build(t, 1024);
                answer a;
                add(&b, "{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,\"entries\":[");
                add_times(&b, alike[i], count);
                b.len -= cut < b.len ? cut : b.len;
                T_CALL(t, read_manifest(t, built(&b), (cut & 1u) != 0u, NO_MEMORY, &a));
                T_EQ(t, a.status, WMBT_TRUNCATED);
            }
        }
        for (size_t before = 0; before < 64u; before++) { /* the whole of it, wherever it begins */
            wmbt_test_reset(t);
            builder b = build(t, 1024);
            answer a;
            add_times(&b, " ", before);
            add(&b, "[1,1,1,[");
            add_times(&b, alike[i], 12);
            b.len--;
            add(&b, "]]");
            T_CALL(t, read_manifest(t, built(&b), true, NO_MEMORY, &a));
            T_EQ(t, a.status, WMBT_OK);
            T_EQ(t, a.manifest.entry_count, 12);
        }
    }
}

/* A text whose last entry would be whole, and with it the text, if what stood there 64 bytes before
 * still did. */
static void test_entries_cut_short(wmbt_test *t)
{
    static const struct {
        const char *whole, *cut;
        wmbt_status status;
    } rows[] = {
#define TO_END "\"key_range_start\":\"s\",\"key_range_end\":\""
        {"{\"object_id\":\"o\"," TO_END "\\\"}]}\"},", "{\"object_id\":\"o\"," TO_END "e",
         WMBT_TRUNCATED},
        {"{\"object_id\":\"o\"," TO_END "xx}]}\"},", "{\"object_id\":\"o\"," TO_END "e\"",
         WMBT_TRUNCATED},
        {"{\"object_id\":\"o\"," TO_END "xx}]}\"},",
         "\"," TO_END "e\"},{\"object_id\":\"o\"," TO_END "e\"}]}", WMBT_BAD_SYNTAX},
#undef TO_END
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 3u * 64u; k++) {
            wmbt_test_reset(t);
            builder b = build(t, 1024);
            answer a;
            T_EQ(t, wmbt_test_text(rows[i].whole).len, 64);
            add_times(&b, " ", k % 64u);
            add(&b, "{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,\"entries\":[");
            add_times(&b, rows[i].whole, k / 64u + 1u);
            add(&b, rows[i].cut);
            T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[i].status);
        }
    }
}

/* Three entries of which the first has, where the second one's last name ends, what ends a text. */
static void test_entries_after_longer_ones(wmbt_test *t)
{
    for (size_t i = 0; i < 32u * 48u; i++) {
        wmbt_test_reset(t);
        builder b = build(t, 1024);
        answer a;
        wmbt_manifest_walk walk;
        wmbt_manifest_entry entry;
        add(&b, "[1,1,1,[{\"object_id\":\"o\",\"key_range_start\":\"");
        add_times(&b, "a", i % 32u + 64u);
        add(&b, ":\",\"key_range_end\":\"e\"},{\"object_id\":\"o\",\"key_range_start\":\"");
        add_times(&b, "b", i / 32u + 32u);
        add(&b, "\",\"key_range_end\":\"}\"},{\"object_id\":\"o\",\"key_range_start\":\"s\","
                "\"key_range_end\":\"e\"}]]");
        T_CALL(t, read_manifest(t, built(&b), true, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        T_EQ(t, a.manifest.entry_count, 3);
        wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
        T_EQ(t, entry.key_range_start.len, i % 32u + 65u);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
        T_EQ(t, entry.key_range_start.len, i / 32u + 32u);
        T_CHECK(t, wmbt_test_view_is(entry.key_range_end, "}"));
    }
}

/* A byte that does not stand for itself anywhere in a long text of an entry. */
static void test_bytes_anywhere_in_an_entry(wmbt_test *t)
{
    static const struct {
        const char *bytes, *decoded;
        wmbt_status status;
    } rows[] = {
        {"\xC3\xA9", "\xC3\xA9", WMBT_OK}, {"\\t", "\t", WMBT_OK},
        {"\x7F", "\x7F", WMBT_OK},         {"\"", NULL, WMBT_BAD_SYNTAX},
        {"\x1F", NULL, WMBT_BAD_TEXT},     {"\xA0", NULL, WMBT_BAD_TEXT},
    };
    enum { BYTES = 520 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t at = 0; at < BYTES; at++) {
            char entry[BYTES + 128];
            uint8_t expected[BYTES + 2];
            const char *const parts[] = {"{\"object_id\":\"id\",\"key_range_start\":\"s\","
                                         "\"key_range_end\":\"",
                                         "\"}"};
            size_t n = 0, bytes = 0;
            for (const char *p = parts[0]; *p != '\0'; p++) {
                entry[n++] = *p;
            }
            for (size_t k = 0; k < BYTES; k++) {
                const char *p = k == at ? rows[i].bytes : "y", *d = k == at ? rows[i].decoded : "y";
                for (; *p != '\0'; p++) {
                    entry[n++] = *p;
                }
                for (; d != NULL && *d != '\0'; d++) {
                    expected[bytes++] = (uint8_t)*d;
                }
            }
            for (const char *p = parts[1]; *p != '\0'; p++) {
                entry[n++] = *p;
            }
            entry[n] = '\0';
            builder b = build_three(t, at % 3u, entry);
            wmbt_buf room = memory(t, BYTES + 2u);
            answer a;
            wmbt_manifest_walk walk;
            wmbt_manifest_entry got;
            T_CALL(t, read_manifest(t, built(&b), true, NO_MEMORY, &a));
            T_EQ(t, a.status, rows[i].status);
            if (a.status == WMBT_OK) {
                wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
                T_EQ(t, wmbt_manifest_walk_next(&walk, room, &got, NULL), WMBT_OK);
                T_EQ(t, wmbt_manifest_walk_next(&walk, room, &got, NULL), WMBT_OK);
                T_EQ(t, got.key_range_end.len, bytes);
                T_BYTES(t, got.key_range_end.data, expected, bytes);
            }
        }
    }
}

/* An entry of any length, of which a reader may be able to take a short one whole only. */
static void test_entries_of_any_length(wmbt_test *t)
{
    static const char *const parts[4] = {"{\"object_id\":\"id", "\",\"key_range_start\":\"s",
                                         "\",\"key_range_end\":\"e", "\"}"};
    for (size_t which = 0; which < 3u; which++) {
        for (size_t more = 0; more < MAX_BEFORE; more++) {
            uint8_t text[MAX_BEFORE + 2u];
            char entry[MAX_BEFORE + 64u];
            size_t n = 0, begin = which == 0u ? 2u : 1u;
            wmbt_view texts[3] = {wmbt_test_text("id"), wmbt_test_text("s"), wmbt_test_text("e")};
            wmbt_test_copy(text, texts[which].data, begin);
            for (size_t part = 0; part < 4u; part++) {
                for (const char *p = parts[part]; *p != '\0'; p++) {
                    entry[n++] = *p;
                }
                for (size_t k = 0; part == which && k < more; k++) {
                    entry[n++] = (char)('a' + k % 26u);
                    text[begin + k] = (uint8_t)('a' + k % 26u);
                }
            }
            entry[n] = '\0';
            texts[which] = wmbt_view_of(text, begin + more);
            builder b = build_three(t, 5u * more % 64u, entry);
            answer a;
            T_CALL(t, read_manifest(t, built(&b), false, NO_MEMORY, &a));
            T_EQ(t, a.status, WMBT_OK);
            T_EQ(t, a.manifest.strings_bytes, 0);
            T_CALL(t, check_three(t, &a.manifest, texts[0], texts[1], texts[2]));
        }
    }
}

/* Each byte at each place of a text: which stand for themselves is RFC 8259's, section 7. */
static void test_bytes_anywhere(wmbt_test *t)
{
    for (uint32_t byte = 0; byte < 256u; byte++) {
        for (size_t before = 0; before < 300u; before += byte < 0x7Fu && byte > 0x5Cu ? 37u : 1u) {
            wmbt_test_reset(t);
            builder b = build(t, 1024);
            answer a;
            uint8_t one = (uint8_t)byte;
            add(&b, "[1,2,3,\"");
            add_times(&b, "a", before);
            add_bytes(&b, &one, 1);
            add(&b, "a\",\"f\",\"h\",\"d\",\"w\"]");
            T_CALL(t, read_delta(t, built(&b), true, NO_MEMORY, NO_MEMORY, &a));
            wmbt_status expected = byte < 0x20u || byte >= 0x80u || byte == '\\' ? WMBT_BAD_TEXT
                                   : byte == '"'                                 ? WMBT_BAD_SYNTAX
                                                                                 : WMBT_OK;
            T_EQ(t, a.status, expected);
            if (a.status == WMBT_OK) {
                T_EQ(t, a.delta.tenant_id.len, before + 2u);
                T_EQ(t, a.delta.write_id.len, 1);
            }
        }
    }
}

/* --- memory that changes ---------------------------------------------------------------------- */

/* The entries change after they were read: the walk says so, or hands out what now stands there. */
static void test_walk_after_change(wmbt_test *t)
{
    size_t n = sizeof good_manifest - 1u;
    uint8_t *text = wmbt_test_alloc(t, n), *room = wmbt_test_alloc(t, 8);
    uint32_t refused = 0;
    for (size_t i = 0; i < n * 8u; i++) {
        for (size_t k = 0; k < n; k++) {
            text[k] = (uint8_t)good_manifest[k];
        }
        answer a;
        T_CALL(t, read_manifest(t, wmbt_view_of(text, n), (i & 1u) != 0u, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        text[i / 8u] ^= (uint8_t)(1u << i % 8u);
        wmbt_manifest_walk walk;
        wmbt_manifest_entry entry;
        wmbt_status status = WMBT_OK;
        wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
        for (uint32_t k = 0; k < 3u && status == WMBT_OK; k++) {
            wmbt_test_fill(&entry, sizeof entry);
            status = wmbt_manifest_walk_next(&walk, wmbt_buf_of(room, 8), &entry, &a.error);
            a.status = status;
            T_CALL(t, check_error(t, &a, a.manifest.entries.len));
            if (status != WMBT_OK) {
                T_CHECK(t, wmbt_test_is_filled(&entry, sizeof entry));
                break;
            }
            T_CHECK(t, entry.object_id.len != 0u && entry.key_range_start.len != 0u &&
                           entry.key_range_end.len != 0u);
        }
        refused += status != WMBT_END;
    }
    T_CHECK(t, refused > n);
}

/* Offsets of a walk count from the first entry. */
static void test_walk_error_offset(wmbt_test *t)
{
    size_t n = sizeof good_manifest - 1u, at = 0;
    uint8_t *text = wmbt_test_alloc(t, n);
    T_CHECK(t, text != NULL);
    wmbt_test_copy(text, (const uint8_t *)good_manifest, n);
    while (!wmbt_test_same(text + at, (const uint8_t *)"\"seg-2", 6)) {
        at++;
    }
    answer a;
    T_CALL(t, read_manifest(t, wmbt_view_of(text, n), false, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_OK);
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    text[at] = 'x';
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error), WMBT_OK);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error), WMBT_BAD_SYNTAX);
    T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
    T_EQ(t, a.error.offset, (size_t)(text + at - a.manifest.entries.data));
}

/* The walk is as strict as the reader was: half a pair in a field that is not known. */
static void test_walk_is_as_strict(wmbt_test *t)
{
    static const char before[] =
        "{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,\"entries\":[{\"object_id\":\"o\","
        "\"key_range_start\":\"s\",\"key_range_end\":\"e\",\"x\":\"\\ud83d\\ude00\"}]}";
    size_t n = sizeof before - 1u;
    uint8_t *text = wmbt_test_alloc(t, n);
    T_CHECK(t, text != NULL);
    for (uint32_t v1 = 0; v1 < 2u; v1++) {
        answer a;
        wmbt_manifest_walk walk;
        wmbt_manifest_entry entry;
        wmbt_test_copy(text, (const uint8_t *)before, n);
        T_CALL(t, read_manifest(t, wmbt_view_of(text, n), v1 != 0u, NO_MEMORY, &a));
        T_EQ(t, a.status, WMBT_OK);
        text[n - 7u] = (uint8_t)'0'; /* \ud000 */
        wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
        T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error),
             v1 != 0u ? WMBT_OK : WMBT_BAD_TEXT);
    }
}

/* A text that is empty now is refused, as the reader would have. */
static void test_walk_after_emptied(wmbt_test *t)
{
    static const char before[] = "[1,2,3,[[\"a\",\"b\",\"c\"],[\"d\",\"e\",\"f\"]]]";
    static const char after[] = "[1,2,3,[[\"a\",\"b\",\"c\"],[\"d\",\"\" ,\"f\"]]]";
    size_t n = sizeof before - 1u;
    uint8_t *text = wmbt_test_alloc(t, n);
    answer a;
    for (size_t i = 0; i < n; i++) {
        text[i] = (uint8_t)before[i];
    }
    T_CALL(t, read_manifest(t, wmbt_view_of(text, n), true, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_OK);
    for (size_t i = 0; i < n; i++) {
        text[i] = (uint8_t)after[i];
    }
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_OK);
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, &a.error), WMBT_BAD_FIELD);
    T_EQ(t, a.error.kind, WMBT_JSON_EMPTY_FIELD);
    T_EQ(t, a.error.field, WMBT_FIELD_KEY_RANGE_START);
    T_EQ(t, a.error.entry, 1);
    T_EQ(t, a.error.offset, 0);
}

/* --- faults ----------------------------------------------------------------------------------- */

static const char *const fault_documents[] = {
    good_delta,
    good_manifest,
    " [1, 2, 3, \"\\u00e9\\ud83d\\ude00\", \"b\", \"\xC3\xA9\", \"d\", \"e\"] ",
    "{\"x\":[{\"y\":[-1.5e-3,true,false,null,\"\\\\\"]},{}],\"write_id\":\"w\",\"seq\":0,"
    "\"schema_version\":1,\"tenant_id\":\"t\",\"prefix_hash\":\"p\",\"epoch_ms\":0,"
    "\"payload_digest\":\"d\",\"fingerprint\":\"f\"}",
};

/* The four readers agree where they must. */
static void check_readers(wmbt_test *t, wmbt_view text)
{
    uint8_t room[64];
    answer strict, v1;
    for (uint32_t manifest = 0; manifest < 2u; manifest++) {
        if (manifest != 0u) {
            T_CALL(t, read_manifest(t, text, false, NO_MEMORY, &strict));
            T_CALL(t, read_manifest(t, text, true, NO_MEMORY, &v1));
        } else {
            T_CALL(t, read_delta(t, text, false, wmbt_buf_of(room, 64), NO_MEMORY, &strict));
            T_CALL(t, read_delta(t, text, true, wmbt_buf_of(room, 64), NO_MEMORY, &v1));
        }
        /* what the strict one accepts the other accepts */
        T_CHECK(t, strict.status != WMBT_OK || v1.status == WMBT_OK);
        /* what is no text at all is that for both */
        T_CHECK(t, v1.status != WMBT_TRUNCATED || strict.error.kind == WMBT_JSON_DOCUMENT);
        T_CHECK(t, strict.status != WMBT_TRAILING_BYTES || v1.error.kind == WMBT_JSON_DOCUMENT);
        T_CHECK(t,
                v1.error.kind != WMBT_JSON_WRONG_TYPE && v1.error.kind != WMBT_JSON_MISSING_FIELD);
    }
}

static void try_truncated(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    const char *whole = context;
    answer a;
    uint8_t room[64];
    bool blank = true; /* what is cut off is white space */
    for (size_t i = at; whole[i] != '\0'; i++) {
        blank = blank && whole[i] == ' ';
    }
    T_CALL(t, check_readers(t, changed));
    for (uint32_t i = 0; i < 2u && !blank; i++) {
        T_CALL(t, read_delta(t, changed, i != 0u, wmbt_buf_of(room, 64), NO_MEMORY, &a));
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
        T_CALL(t, read_manifest(t, changed, i != 0u, NO_MEMORY, &a));
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
    }
    T_CALL(t, read_delta(t, changed, false, wmbt_buf_of(room, 64), NO_MEMORY, &a));
    T_CHECK(t, blank || a.status == WMBT_TRUNCATED); /* the strict one reads to the end */
}

static void try_flipped(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)context;
    (void)at;
    T_CALL(t, check_readers(t, changed));
}

static void test_truncated(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof fault_documents / sizeof fault_documents[0]; i++) {
        wmbt_view text = wmbt_test_text(fault_documents[i]);
        wmbt_fault_truncate(t, text, 1, try_truncated, (void *)(uintptr_t)fault_documents[i]);
    }
}

static void test_flipped(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof fault_documents / sizeof fault_documents[0]; i++) {
        wmbt_fault_flip(t, wmbt_test_text(fault_documents[i]), 1, try_flipped, NULL);
    }
}

/* Every single byte, every pair of bytes: nothing is a document. */
static void test_tiny(wmbt_test *t)
{
    uint8_t text[2];
    answer a;
    for (uint32_t i = 0; i < 65536u; i++) {
        text[0] = (uint8_t)(i >> 8);
        text[1] = (uint8_t)i;
        for (size_t n = (i & 255u) == 0u ? 1u : 2u; n <= 2u; n++) {
            T_CALL(t, read_delta(t, wmbt_view_of(text, n), true, NO_MEMORY, NO_MEMORY, &a));
            T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
            T_CALL(t, read_manifest(t, wmbt_view_of(text, n), true, NO_MEMORY, &a));
            T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
            T_CALL(t, read_delta(t, wmbt_view_of(text, n), false, NO_MEMORY, NO_MEMORY, &a));
            T_CHECK(t,
                    a.error.kind == WMBT_JSON_DOCUMENT || a.error.kind == WMBT_JSON_MISSING_FIELD);
        }
    }
    T_CALL(t, read_delta(t, wmbt_view_of(NULL, 0), false, NO_MEMORY, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_TRUNCATED);
    T_CALL(t, read_manifest(t, wmbt_view_of(NULL, 0), true, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_TRUNCATED);
}

/* Where a refusal is: the byte that cannot be, or the end of a value that may not be. */
static void test_details(wmbt_test *t)
{
    static const struct {
        const char *text;
        wmbt_status status;
        uint32_t field;
        size_t entry, offset;
    } rows[] = {
        {"", WMBT_TRUNCATED, 0, 0, 0},
        {"x", WMBT_BAD_SYNTAX, 0, 0, 0},
        {"[1,2,3,[]]x", WMBT_TRAILING_BYTES, 0, 0, 10},
        {"[1,2,3,[],4]", WMBT_BAD_FIELD, WMBT_FIELD_NONE, 0, 11},
        {"[1,2,3]", WMBT_BAD_FIELD, WMBT_FIELD_ENTRIES, 0, 7},
        {"[1,2,3,[],]", WMBT_BAD_SYNTAX, 0, 0, 10},
        {"[1,2,3,{}]", WMBT_BAD_FIELD, WMBT_FIELD_ENTRIES, 0, 8},
        {"[1,2,3,[7]]", WMBT_BAD_FIELD, WMBT_FIELD_NONE, 0, 9},
        {"[1,-2,3,[]]", WMBT_BAD_NUMBER, WMBT_FIELD_EPOCH_MS, 0, 5},
        {"[1,2,3,[[\"a\",\"b\",\"c\"],[\"a\",\"b\"]]]", WMBT_BAD_FIELD, WMBT_FIELD_KEY_RANGE_END, 1,
         31},
        {"[1,2,3,[[\"a\",\"b\",\"c\"],[null,\"a\",\"b\"]]]", WMBT_BAD_FIELD, WMBT_FIELD_OBJECT_ID,
         1, 27},
        {"[1,2,3,[[\"a\",\"b\",\"c\"],[\"a\",null,\"b\"]]]", WMBT_BAD_FIELD,
         WMBT_FIELD_KEY_RANGE_START, 1, 31},
        {"{\"entries\":[],\"epoch_ms\":1}", WMBT_BAD_FIELD, WMBT_FIELD_SCHEMA_VERSION, 0, 27},
        {"[1,2,3,[[\"a\",\"\\x\",\"c\"]]]", WMBT_BAD_TEXT, 0, 0, 15},
        {"[1,2,3,[[\"a\",\"\\ud800\",\"c\"]]]", WMBT_BAD_TEXT, 0, 0, 20},
        {"[1,2,3,[[\"a\",\"\x01\",\"c\"]]]", WMBT_BAD_TEXT, 0, 0, 14},
        {"[1,2,3,[}", WMBT_BAD_SYNTAX, 0, 0, 8},
    };
    answer a;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_test_where(t, wmbt_test_text(rows[i].text));
        T_CALL(t, read_manifest(t, wmbt_test_text(rows[i].text), true, NO_MEMORY, &a));
        T_EQ(t, a.status, rows[i].status);
        T_EQ(t, a.error.field, rows[i].field);
        T_EQ(t, a.error.entry, rows[i].entry);
        T_EQ(t, a.error.offset, rows[i].offset);
        T_EQ(t, a.error.kind, WMBT_JSON_DOCUMENT);
    }
    /* an entry is refused, then the text is: that comes first, and is of no entry */
    T_CALL(t, read_manifest(t,
                            wmbt_test_text("{\"schema_version\":1,\"epoch_ms\":1,\"checksum32\":1,"
                                           "\"entries\":[[\"a\",\"b\",\"c\"],[\"a\",null,\"c\"]"),
                            false, NO_MEMORY, &a));
    T_EQ(t, a.status, WMBT_TRUNCATED);
    T_EQ(t, a.error.field, WMBT_FIELD_NONE);
    T_EQ(t, a.error.entry, 0);
}

static void test_bad_arguments(wmbt_test *t)
{
    answer a;
    wmbt_view text = wmbt_test_text(good_delta);
    wmbt_test_fill(&a, sizeof a);
    T_EQ(t, wmbt_delta_read(wmbt_view_of(NULL, 1), NO_MEMORY, &a.delta, &a.error),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_delta_read(text, wmbt_buf_of(NULL, 1), &a.delta, NULL), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_delta_read_v1(text, NO_MEMORY, wmbt_buf_of(NULL, 1), &a.delta, &a.error),
         WMBT_BAD_ARGUMENT);
    T_CALL(t, check_plain_error(t, &a.error, WMBT_JSON_CALLER));
    wmbt_test_fill(&a.error, sizeof a.error);
    T_EQ(t, wmbt_manifest_read(wmbt_view_of(NULL, 1), &a.manifest, &a.error), WMBT_BAD_ARGUMENT);
    T_CALL(t, check_plain_error(t, &a.error, WMBT_JSON_CALLER));
    T_EQ(t, wmbt_manifest_read_v1(text, wmbt_buf_of(NULL, 1), &a.manifest, NULL),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&a.delta, sizeof a.delta));
    T_CHECK(t, wmbt_test_is_filled(&a.manifest, sizeof a.manifest));
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    T_CALL(t, read_manifest(t, wmbt_test_text(good_manifest), false, NO_MEMORY, &a));
    wmbt_manifest_walk_init(&walk, &a.manifest, NO_MEMORY);
    T_EQ(t, wmbt_manifest_walk_next(&walk, wmbt_buf_of(NULL, 1), &entry, NULL), WMBT_BAD_ARGUMENT);
    wmbt_manifest_walk_init(&walk, &a.manifest, wmbt_buf_of(NULL, 1));
    T_EQ(t, wmbt_manifest_walk_next(&walk, NO_MEMORY, &entry, NULL), WMBT_BAD_ARGUMENT);
}

static void test_field_names(wmbt_test *t)
{
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_field_name_cstr(WMBT_FIELD_KEY_RANGE_START)),
                                 "key_range_start"));
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_field_name_cstr(WMBT_FIELD_WRITE_ID)),
                                 "write_id"));
    T_CHECK(t, wmbt_field_name_cstr(WMBT_FIELD_NONE)[0] == '\0');
    T_CHECK(t, wmbt_field_name_cstr(14)[0] == '\0');
    T_CHECK(t, wmbt_field_name_cstr(UINT32_MAX)[0] == '\0');
}

static const wmbt_case cases[] = {
    {"upstream's verdicts on deltas", test_delta_rows, 100000,
     "golden/vectors/core_delta_json.tsv"},
    {"upstream's verdicts on manifests", test_manifest_rows, 400000,
     "golden/vectors/core_manifest_json.tsv"},
    {"manifests of the sample bucket", test_bucket, 0,
     BUCKET "manifests/tenant-a/fp-5f1c0a9b/manifest-good.json " BUCKET
            "manifests/tenant-a/fp-5f1c0a9b/manifest-empty.json " BUCKET
            "manifests/tenant-a/fp-5f1c0a9b/manifest-extra-fields.json " BUCKET
            "manifests/tenant-a/fp-5f1c0a9b/manifest-empty-id.json " BUCKET
            "manifests/tenant-a/fp-5f1c0a9b/manifest-version-2.json"},
    {"numbers that serde_json takes or refuses", test_number_rows, 8192,
     "vectors/json_numbers.tsv"},
    {"hostile epoch_ms and seq", test_integer_limits, 2048, NULL},
    {"hostile schema_version", test_version_limits, 2048, NULL},
    {"another version before an entry", test_version_before_an_entry, 2048, NULL},
    {"hostile checksum32", test_checksum_limits, 0, NULL},
    {"hostile length of a number", test_long_numbers, 103000, NULL},
    {"hostile exponents", test_long_exponents, 1024, NULL},
    {"each byte behind a backslash", test_escapes, 512, NULL},
    {"hostile depth, dispatching readers", test_depth_strict, 8192, NULL},
    {"hostile depth, v1 readers", test_depth_v1, 50000, NULL},
    {"hostile depth, nothing closed", test_depth_unclosed, 5u * MANY + MANY / 3u + 60000u, NULL},
    {"hostile depth, what is left", test_depth_left, 512, NULL},
    {"hostile depth in an entry", test_depth_walk, 8192, NULL},
    {"room for texts", test_room, 64, NULL},
    {"room for the texts of an entry", test_walk_room, 0, NULL},
    {"a delta's unknown fields", test_unknown_in_deltas, 512, NULL},
    {"a manifest's unknown fields", test_unknown_in_manifests, 512, NULL},
    {"hostile number of escapes", test_many_escapes, 7u * MANY + 4096u, NULL},
    {"code points in escapes", test_escaped_code_points, 1024, NULL},
    {"surrogates in escapes", test_escaped_surrogates, 1024, NULL},
    {"a surrogate after an unknown field", test_surrogate_after_unknown, 1024, NULL},
    {"not UTF-8", test_not_utf8, 2048, NULL},
    {"hostile length of a key", test_long_keys, MANY + 10000u, NULL},
    {"hostile number of entries", test_many_entries, 14u * MANY_ENTRIES + 4096u, NULL},
    {"the first empty text is named", test_empty_order, 0, NULL},
    {"keys anywhere in the text", test_keys_anywhere, MAX_BEFORE + 1024u, NULL},
    {"names that are not known", test_names_that_are_not_known, 512, NULL},
    {"entries anywhere in the text", test_entries_anywhere, 5120, NULL},
    {"between entries", test_between_entries, 512, NULL},
    {"entries alike", test_entries_alike, 1024, NULL},
    {"entries cut short", test_entries_cut_short, 1024, NULL},
    {"entries after longer ones", test_entries_after_longer_ones, 1024, NULL},
    {"each byte anywhere in an entry", test_bytes_anywhere_in_an_entry, 5120, NULL},
    {"entries of any length", test_entries_of_any_length, 5120, NULL},
    {"each byte anywhere in a text", test_bytes_anywhere, 2048, NULL},
    {"entries that change after they were read", test_walk_after_change, 1024, NULL},
    {"walk: where an error is", test_walk_error_offset, 1024, NULL},
    {"the walk is as strict as the reader was", test_walk_is_as_strict, 256, NULL},
    {"an entry's text that is empty after it was read", test_walk_after_emptied, 64, NULL},
    {"every truncation", test_truncated, 1024, NULL},
    {"every single-bit flip", test_flipped, 1024, NULL},
    {"every text of one or two bytes", test_tiny, 0, NULL},
    {"what an error tells", test_details, 0, NULL},
    {"bad arguments", test_bad_arguments, 0, NULL},
    {"names of fields", test_field_names, 0, NULL},
};
WMBT_SUITE(manifest, cases);
