/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metavalue. Tables are upstream's answers, the values of slatedb_values.tsv what its daemon really
 * stored. What we refuse and upstream accepts is named, and stands under "Differences".
 */
#include "wombatkv/metavalue.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "base/le.h"
#include "../support/test.h"

#define VECTORS "golden/vectors/radix_metavalue.tsv"
#define STORED "golden/bucket/slatedb_values.tsv"

#define NO_VIEW wmbt_view_of(NULL, 0)
#define COMPAT WMBT_METAVALUE_COMPAT

static bool metas_equal(const wmbt_block_meta *a, const wmbt_block_meta *b)
{
    return wmbt_block_hash_equal(&a->parent_hash, &b->parent_hash) &&
           wmbt_model_digest_equal(&a->model_digest, &b->model_digest) &&
           wmbt_layout_tag_equal(&a->layout_tag, &b->layout_tag) &&
           a->payload_bytes == b->payload_bytes && a->last_access_ns == b->last_access_ns &&
           a->block_seq == b->block_seq && a->ext_flags == b->ext_flags;
}

static void bytes_of_part(wmbt_test *t, wmbt_view *list, uint8_t *out, size_t n)
{
    wmbt_view v = wmbt_cell_bytes(t, wmbt_cell_part(list, ':'));
    T_EQ(t, v.len, n);
    wmbt_bytes_copy(out, v.data, n);
}

/* parent_hash:block_seq:payload_bytes:last_access_ns:model_digest:layout_tag:ext_flags */
static void meta_of(wmbt_test *t, wmbt_view cell, wmbt_block_meta *meta)
{
    wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta);
    T_CALL(t, bytes_of_part(t, &cell, meta->parent_hash.bytes, 32));
    meta->block_seq = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->payload_bytes = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->last_access_ns = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    T_CALL(t, bytes_of_part(t, &cell, meta->model_digest.bytes, 24));
    T_CALL(t, bytes_of_part(t, &cell, meta->layout_tag.bytes, 16));
    meta->ext_flags = (uint32_t)wmbt_cell_u64(t, cell);
}

static wmbt_status read_value(wmbt_test *t, wmbt_view value, uint32_t flags, wmbt_block_meta *meta)
{
    wmbt_test_fill(meta, sizeof *meta);
    wmbt_status status = wmbt_metavalue_read(value, flags, meta);
    if (status != WMBT_OK && !wmbt_test_is_filled(meta, sizeof *meta)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "an error changes nothing");
    }
    return status;
}

/* --- golden ----------------------------------------------------------------------------------- */

static void golden_value(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view value = wmbt_cell_bytes(t, cells[5]);
    wmbt_block_meta want, got;
    T_CALL(t, meta_of(t, cells[4], &want));
    T_EQ(t, read_value(t, value, 0, &got), WMBT_OK);
    T_CHECK(t, metas_equal(&got, &want));
#if WMBT_CFG_WRITERS
    uint8_t out[WMBT_METAVALUE_BYTES + 1u];
    wmbt_test_fill(out, sizeof out);
    wmbt_metavalue_write(&want, out);
    T_EQ(t, value.len, WMBT_METAVALUE_BYTES);
    T_BYTES(t, out, value.data, value.len);
    T_CHECK(t, out[WMBT_METAVALUE_BYTES] == WMBT_TEST_PATTERN);
#endif
}

/* What compat accepts and the strict reader refuses: a longer value, padding. */
static void golden_decode(wmbt_test *t, const wmbt_view *cells, uint32_t *longer, uint32_t *padded)
{
    wmbt_view value = wmbt_cell_bytes(t, cells[5]);
    wmbt_block_meta want, got;
    wmbt_status status = read_value(t, value, COMPAT, &got);
    wmbt_status strict = read_value(t, value, 0, &want);
    if (wmbt_test_view_is(cells[6], "none")) {
        T_CHECK(t, wmbt_status_is_error(status) && wmbt_status_is_error(strict));
        return;
    }
    T_EQ(t, status, WMBT_OK);
    T_CALL(t, meta_of(t, cells[4], &want));
    T_CHECK(t, metas_equal(&got, &want));
    if (value.len != WMBT_METAVALUE_BYTES) {
        T_EQ(t, strict, WMBT_TRAILING_BYTES);
        ++*longer;
    } else if (strict != WMBT_OK) {
        T_EQ(t, strict, WMBT_BAD_FIELD);
        T_CHECK(t, (wmbt_load_le32(value.data + 40) | wmbt_load_le32(value.data + 104)) != 0u);
        ++*padded;
    }
}

/* Builds a key in memory of just the right size, and in less; takes it apart again. */
static void check_key(wmbt_test *t, const wmbt_metavalue_key *key, wmbt_view want)
{
    uint8_t out[256];
    size_t len = 99;
    T_CHECK(t, want.len <= sizeof out);
    for (size_t room = 0; room < want.len; room++) {
        wmbt_test_fill(out, want.len);
        T_EQ(t, wmbt_metavalue_key_build(key, wmbt_buf_of(out, room), &len), WMBT_BUFFER_TOO_SMALL);
        T_CHECK(t, len == 99 && wmbt_test_is_filled(out, want.len));
    }
    T_EQ(t, wmbt_metavalue_key_build(key, wmbt_buf_of(out, want.len), &len), WMBT_OK);
    T_CHECK(t, wmbt_view_equal(wmbt_view_of(out, len), want));
    wmbt_metavalue_key back;
    wmbt_test_fill(&back, sizeof back);
    T_EQ(t, wmbt_metavalue_key_parse(want, &back), WMBT_OK);
    T_CHECK(t, back.kind == key->kind && wmbt_block_hash_equal(&back.hash, &key->hash));
    bool topological = key->kind == WMBT_METAVALUE_KEY_TOPOLOGICAL;
    T_EQ(t, back.block_seq, topological ? key->block_seq : 0u);
    T_CHECK(t, wmbt_view_equal(back.name_space, topological ? key->name_space : NO_VIEW));
    T_CHECK(t, topological ? wmbt_model_digest_equal(&back.model_digest, &key->model_digest)
                           : wmbt_model_digest_is_zero(&back.model_digest));
}

static void golden_stored_keys(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_metavalue_key key;
    wmbt_block_meta meta;
    wmbt_view both = cells[5];
    wmbt_test_fill(&key, sizeof key);
    T_CALL(t, meta_of(t, cells[4], &meta));
    key.name_space = wmbt_cell_bytes(t, cells[2]);
    T_EQ(t, wmbt_block_hash_from_hex(cells[3], &key.hash), WMBT_OK);
    key.block_seq = meta.block_seq;
    wmbt_bytes_copy(key.model_digest.bytes, meta.model_digest.bytes, WMBT_MODEL_DIGEST_BYTES);
    key.kind = WMBT_METAVALUE_KEY_HASH;
    T_CALL(t, check_key(t, &key, wmbt_cell_bytes(t, wmbt_cell_part(&both, ','))));
    key.kind = WMBT_METAVALUE_KEY_TOPOLOGICAL;
    wmbt_view topological = wmbt_cell_bytes(t, both);
    T_EQ(t, topological.len, WMBT_METAVALUE_TOPOLOGICAL_KEY_BYTES(key.name_space.len));
    T_CALL(t, check_key(t, &key, topological));
}

/* One good entry and one more key: upstream counts what begins with "h/" and lists what parses. */
static void golden_scan(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view text = wmbt_cell_bytes(t, cells[3]), want = cells[6];
    wmbt_metavalue_key key;
    bool counted = text.len >= 2u && text.data[0] == 'h' && text.data[1] == '/';
    bool listed =
        wmbt_metavalue_key_parse(text, &key) == WMBT_OK && key.kind == WMBT_METAVALUE_KEY_HASH;
    T_EQ(t, 1u + (counted ? 1u : 0u), wmbt_cell_u64(t, wmbt_cell_part(&want, ':')));
    T_EQ(t, 1u + (listed ? 1u : 0u), wmbt_cell_u64(t, want));
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t longer = 0, padded = 0;
    T_CHECK(t, wmbt_test_data(t, VECTORS, &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "value")) {
            T_CALL(t, golden_value(t, cells));
        } else if (wmbt_test_view_is(cells[1], "decode")) {
            T_CALL(t, golden_decode(t, cells, &longer, &padded));
        } else if (wmbt_test_view_is(cells[1], "stored_keys")) {
            T_CALL(t, golden_stored_keys(t, cells));
        } else {
            T_CHECK(t, wmbt_test_view_is(cells[1], "scan"));
            T_CALL(t, golden_scan(t, cells));
        }
    }
    T_EQ(t, table.row, 716);
    T_CHECK(t, longer != 0 && padded != 0);
}

/* What a daemon wrote: each value twice, under both keys. */
static void test_golden_stored(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t kinds[3] = {0, 0, 0};
    T_CHECK(t, wmbt_test_data(t, STORED, &text));
    wmbt_table_open(&table, text, true);
    const uint32_t key_at = wmbt_table_column(t, &table, "key");
    const uint32_t value_at = wmbt_table_column(t, &table, "value_hex");
    const uint32_t hash_at = wmbt_table_column(t, &table, "block_hash");
    const uint32_t bytes_at = wmbt_table_column(t, &table, "payload_bytes");
    const uint32_t access_at = wmbt_table_column(t, &table, "last_access_ns");
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_metavalue_key key;
        wmbt_block_meta meta;
        wmbt_block_hash hash;
        wmbt_view value = wmbt_cell_bytes(t, cells[value_at]);
        T_EQ(t, wmbt_metavalue_key_parse(cells[key_at], &key), WMBT_OK);
        T_EQ(t, wmbt_block_hash_from_hex(cells[hash_at], &hash), WMBT_OK);
        T_CHECK(t, wmbt_block_hash_equal(&hash, &key.hash));
        T_CHECK(t, key.kind == WMBT_METAVALUE_KEY_HASH ||
                       wmbt_test_view_is(key.name_space, "default"));
        kinds[key.kind]++;
        T_CALL(t, check_key(t, &key, cells[key_at]));
        T_EQ(t, read_value(t, value, 0, &meta), WMBT_OK);
        T_EQ(t, meta.payload_bytes, wmbt_cell_u64(t, cells[bytes_at]));
        T_EQ(t, meta.last_access_ns, wmbt_cell_u64(t, cells[access_at]));
        T_CHECK(t, meta.block_seq == 0 && meta.ext_flags == 0 && wmbt_block_meta_is_root(&meta));
        T_CHECK(t, wmbt_model_digest_is_zero(&meta.model_digest) &&
                       wmbt_layout_tag_is_zero(&meta.layout_tag));
    }
    T_EQ(t, table.row, 8);
    T_CHECK(t, kinds[1] == 4 && kinds[2] == 4);
}

/* --- values ----------------------------------------------------------------------------------- */

/* The value of formats.md: seq 7, 1024 bytes, stamp 1, digest 24 x 2A, tag "test-v1". */
static void doc_value(uint8_t *out)
{
    wmbt_bytes_fill(out, 0, WMBT_METAVALUE_BYTES);
    wmbt_bytes_copy(out, (const uint8_t *)"v001", 4);
    out[36] = 7;
    out[45] = 4;
    out[52] = 1;
    wmbt_bytes_fill(out + 60, 0x2A, 24);
    wmbt_bytes_copy(out + 84, (const uint8_t *)"test-v1", 7);
}

static void expect_refused(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)context, (void)at;
    wmbt_block_meta meta;
    T_EQ(t, read_value(t, changed, 0, &meta), WMBT_TRUNCATED);
    T_EQ(t, read_value(t, changed, COMPAT, &meta), WMBT_TRUNCATED);
}

/* No checksum: a flip in a field is another value, in the tag or the padding it is refused. */
static void expect_status_of_place(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    wmbt_block_meta meta;
    size_t byte = at / 8u;
    bool tag = byte < 4u, padding = (byte >= 40u && byte < 44u) || byte >= 104u;
    wmbt_status bad_tag = byte == 0u ? WMBT_BAD_MAGIC : WMBT_UNSUPPORTED_VERSION;
    T_EQ(t, read_value(t, changed, 0, &meta), tag ? bad_tag : padding ? WMBT_BAD_FIELD : WMBT_OK);
    T_EQ(t, read_value(t, changed, COMPAT, &meta), tag ? bad_tag : WMBT_OK);
    T_CHECK(t, tag || metas_equal(&meta, context) == padding);
}

static void test_faults(wmbt_test *t)
{
    uint8_t value[WMBT_METAVALUE_BYTES];
    wmbt_block_meta meta;
    doc_value(value);
    wmbt_view v = wmbt_view_of(value, sizeof value);
    T_EQ(t, read_value(t, v, 0, &meta), WMBT_OK);
    T_CHECK(t, meta.block_seq == 7 && meta.payload_bytes == 1024 && meta.last_access_ns == 1);
    wmbt_view tag;
    T_EQ(t, wmbt_layout_tag_to_text(&meta.layout_tag, &tag), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(tag, "test-v1") && meta.model_digest.bytes[23] == 0x2A);
    T_CALL(t, wmbt_fault_truncate(t, v, 1, expect_refused, NULL));
    T_CALL(t, wmbt_fault_flip(t, v, 1, expect_status_of_place, &meta));
}

/* Upstream finds the archive from its end: bytes before it are skipped by eights. */
static void test_hostile_length(wmbt_test *t)
{
    uint8_t value[WMBT_METAVALUE_BYTES + 64];
    for (size_t more = 1; more <= 64; more++) {
        wmbt_block_meta meta;
        wmbt_test_fill(value, 4u + more);
        doc_value(value + more);
        wmbt_bytes_fill(value + more, WMBT_TEST_PATTERN, 4);
        wmbt_bytes_copy(value, (const uint8_t *)"v001", 4);
        wmbt_view v = wmbt_view_of(value, WMBT_METAVALUE_BYTES + more);
        T_EQ(t, read_value(t, v, 0, &meta), WMBT_TRAILING_BYTES);
        T_EQ(t, read_value(t, v, COMPAT, &meta), (more & 7u) == 0u ? WMBT_OK : WMBT_BAD_LENGTH);
        T_CHECK(t, (more & 7u) != 0u || meta.payload_bytes == 1024);
    }
}

static void test_arguments(wmbt_test *t)
{
    wmbt_block_meta meta;
    uint8_t value[WMBT_METAVALUE_BYTES];
    doc_value(value);
    T_EQ(t, read_value(t, wmbt_view_of(NULL, 108), 0, &meta), WMBT_BAD_ARGUMENT);
    T_EQ(t, read_value(t, wmbt_view_of(value, 108), 2, &meta), WMBT_BAD_ARGUMENT);
    T_EQ(t, read_value(t, NO_VIEW, 0, &meta), WMBT_TRUNCATED);
}

/* --- keys ------------------------------------------------------------------------------------- */

#define HASH "c9fb7d78680b70842661751154860452213c9c608d796b96bab706af9d077343"
#define MODEL "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a"
#define T_KEY "t/default/" MODEL "/0000004d/" HASH

static const struct {
    const char *key;
    wmbt_status status;
} parses[] = {
    {"h/" HASH, WMBT_OK},
    {T_KEY, WMBT_OK},
    {"t/\xc3\xa4/" MODEL "/ffffffff/" HASH, WMBT_OK},
    {"", WMBT_BAD_SYNTAX},
    {"h", WMBT_BAD_SYNTAX},
    {"h0" HASH, WMBT_BAD_SYNTAX},
    {"H/" HASH, WMBT_BAD_SYNTAX},
    {HASH, WMBT_BAD_SYNTAX},
    {"h/", WMBT_BAD_LENGTH},
    {"h/" HASH "0", WMBT_BAD_LENGTH},
    {"h/C9fb7d78680b70842661751154860452213c9c608d796b96bab706af9d077343", WMBT_BAD_TEXT},
    {"t/", WMBT_BAD_SYNTAX},
    {"t/default", WMBT_BAD_SYNTAX},
    {"t/default/" MODEL "/0000004d", WMBT_BAD_SYNTAX},
    {"t//" MODEL "/0000004d/" HASH, WMBT_BAD_SYNTAX},
    {"t/default//0000004d/" HASH, WMBT_BAD_LENGTH},
    {"t/a/b/" MODEL "/0000004d/" HASH, WMBT_BAD_SYNTAX},
    {T_KEY "/", WMBT_BAD_SYNTAX},
    {"t/default/" MODEL "0/0000004d/" HASH, WMBT_BAD_LENGTH},
    {"t/default/" MODEL "/000004d/" HASH, WMBT_BAD_LENGTH},
    {"t/default/" MODEL "/00000004d/" HASH, WMBT_BAD_LENGTH},
    {T_KEY "0", WMBT_BAD_LENGTH},
    {"t/default/" MODEL "/0000004D/" HASH, WMBT_BAD_TEXT},
    {"t/\xff/" MODEL "/0000004d/" HASH, WMBT_BAD_TEXT},
};

static void test_key_table(wmbt_test *t)
{
    wmbt_metavalue_key key;
    for (size_t i = 0; i < sizeof parses / sizeof parses[0]; i++) {
        wmbt_view text = wmbt_test_text(parses[i].key);
        wmbt_test_where(t, text);
        wmbt_test_fill(&key, sizeof key);
        T_EQ(t, wmbt_metavalue_key_parse(text, &key), parses[i].status);
        if (parses[i].status != WMBT_OK) {
            T_CHECK(t, wmbt_test_is_filled(&key, sizeof key));
        } else {
            T_CALL(t, check_key(t, &key, text));
        }
    }
    T_EQ(t, wmbt_metavalue_key_parse(WMBT_VIEW_LITERAL(T_KEY), &key), WMBT_OK);
    T_CHECK(t, key.block_seq == 0x4D && key.hash.bytes[0] == 0xC9 &&
                   key.model_digest.bytes[0] == 0x2A &&
                   wmbt_test_view_is(key.name_space, "default"));
    T_EQ(t, wmbt_metavalue_key_parse(wmbt_view_of(NULL, 66), &key), WMBT_BAD_ARGUMENT);
}

/* A changed key is refused, or it is another key that builds again. */
static void expect_refused_or_same(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)at;
    wmbt_metavalue_key key;
    wmbt_test_fill(&key, sizeof key);
    wmbt_status status = wmbt_metavalue_key_parse(changed, &key);
    if (status != WMBT_OK) {
        T_CHECK(t, wmbt_status_is_malformed(status) && wmbt_test_is_filled(&key, sizeof key));
        return;
    }
    T_CHECK(t, context == NULL); /* a truncated key is never taken */
    T_CALL(t, check_key(t, &key, changed));
}

static void test_key_faults(wmbt_test *t)
{
    int truncated = 1;
    const wmbt_view keys[2] = {WMBT_VIEW_LITERAL("h/" HASH), WMBT_VIEW_LITERAL(T_KEY)};
    for (size_t i = 0; i < 2; i++) {
        T_CALL(t, wmbt_fault_truncate(t, keys[i], 1, expect_refused_or_same, &truncated));
        T_CALL(t, wmbt_fault_flip(t, keys[i], 1, expect_refused_or_same, NULL));
    }
}

static void test_build_refusals(wmbt_test *t)
{
    static const uint8_t text[] = "a/b\xff";
    uint8_t out[256];
    size_t len = 99;
    wmbt_metavalue_key key;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_test_fill(out, sizeof out);
    wmbt_test_fill(&key, sizeof key);
    key.kind = WMBT_METAVALUE_KEY_TOPOLOGICAL;
    key.name_space = NO_VIEW;
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_NOT_REPRESENTABLE);
    key.name_space = wmbt_view_of(text, 3);
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_NOT_REPRESENTABLE);
    key.name_space = wmbt_view_of(text + 1, 2); /* "/b" */
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_NOT_REPRESENTABLE);
    key.name_space = wmbt_view_of(text + 3, 1);
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_NOT_REPRESENTABLE);
    key.name_space = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_BAD_ARGUMENT);
    key.name_space = wmbt_view_of(text, 1);
    T_EQ(t, wmbt_metavalue_key_build(&key, wmbt_buf_of(NULL, 256), &len), WMBT_BAD_ARGUMENT);
    key.kind = 0;
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_BAD_ARGUMENT);
    key.kind = 3;
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_BAD_ARGUMENT);
    T_CHECK(t, len == 99 && wmbt_test_is_filled(out, sizeof out));
    /* the namespace of a hash key is not looked at */
    key.kind = WMBT_METAVALUE_KEY_HASH;
    key.name_space = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_metavalue_key_build(&key, room, &len), WMBT_OK);
    T_EQ(t, len, WMBT_METAVALUE_HASH_KEY_BYTES);
}

static const wmbt_case cases[] = {
    {"golden: every row", test_golden, 16 * 1024, VECTORS},
    {"golden: what a daemon stored", test_golden_stored, 16 * 1024, STORED},
    {"value: every truncation and bit flip", test_faults, 256, NULL},
    {"hostile: length of a value", test_hostile_length, 0, NULL},
    {"value: arguments", test_arguments, 0, NULL},
    {"key: parse", test_key_table, 0, NULL},
    {"key: every truncation and bit flip", test_key_faults, 512, NULL},
    {"key: what is not built", test_build_refusals, 0, NULL},
};
WMBT_SUITE(metavalue, cases);
