/* SPDX-License-Identifier: Apache-2.0 */
/* objkey: keys of blocks and raw tails. */
#include "wombatkv/objkey.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "../support/test.h"

#define PROMPTS "golden/bucket/prompts.tsv"
#define BLOCKS "golden/bucket/blocks.tsv"
#define MANIFEST "golden/bucket/MANIFEST.tsv"

#define HASH "4db8ecd98814a6c5dddfa2f637955a145a6f061a84a410bd0beaad6a1bc25ff0"
#define BLOCK_KEY "kv/cabi/ds4-metal/wombatkv/v1/block/b3=" HASH
#define TAIL_KEY "kv/cabi/ds4-metal/wombatkv/v1/sidecar/raw_tail/b3=" HASH

static const wmbt_view no_prefix = {NULL, 0};

static void fill_key(wmbt_test *t, wmbt_objkey *key, uint32_t kind, wmbt_view prefix,
                     wmbt_view name_space, wmbt_view hash)
{
    wmbt_bytes_fill((uint8_t *)key, 0, sizeof *key);
    key->kind = kind;
    key->prefix = prefix;
    key->name_space = name_space;
    T_EQ(t, wmbt_block_hash_from_hex(hash, &key->hash), WMBT_OK);
}

/* A key with another hash becomes this one when its digits are written over. */
static void check_other_hash(wmbt_test *t, const wmbt_objkey *key, wmbt_view want)
{
    uint8_t out[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    wmbt_objkey other;
    WMBT_COPY_STRUCT(&other, key);
    wmbt_bytes_fill(other.hash.bytes, 0xEE, WMBT_BLOCK_HASH_BYTES);
    T_EQ(t, wmbt_objkey_build(&other, 0, wmbt_buf_of(out, sizeof out), &len), WMBT_OK);
    T_EQ(t, len, want.len);
    wmbt_block_hash_to_hex(&key->hash, out + len - WMBT_BLOCK_HASH_HEX_BYTES);
    T_BYTES(t, out, want.data, len);
}

/* Builds in memory of just the right size, then parses it back. */
static void check_key(wmbt_test *t, const wmbt_objkey *key, wmbt_view want)
{
    uint8_t out[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    T_CHECK(t, want.len <= WMBT_OBJKEY_BYTES(key->prefix.len, key->name_space.len));
    T_EQ(t, wmbt_objkey_build(key, 0, wmbt_buf_of(out, want.len), &len), WMBT_OK);
    T_EQ(t, len, want.len);
    T_BYTES(t, out, want.data, len);
    T_CALL(t, check_other_hash(t, key, want));
    for (size_t known = 0; known < 2; known++) {
        wmbt_objkey back;
        wmbt_bytes_fill((uint8_t *)&back, 0xEE, sizeof back);
        T_EQ(t, wmbt_objkey_parse(want, known != 0 ? key->prefix : no_prefix, 0, &back), WMBT_OK);
        T_EQ(t, back.kind, key->kind);
        T_EQ(t, back.has_model, 0);
        T_CHECK(t, wmbt_block_hash_equal(&back.hash, &key->hash));
        T_CHECK(t, back.prefix.data == want.data && back.prefix.len == key->prefix.len);
        T_EQ(t, back.name_space.len, key->name_space.len);
        T_BYTES(t, back.name_space.data, key->name_space.data, key->name_space.len);
    }
}

/* Every block key of blocks.tsv and every tail key of prompts.tsv from prefix, namespace, hash. */
static void test_golden_keys(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table prompts, blocks;
    T_CHECK(t, wmbt_test_data(t, PROMPTS, &text));
    wmbt_table_open(&prompts, text, true);
    T_CHECK(t, wmbt_test_data(t, BLOCKS, &text));
    wmbt_table_open(&blocks, text, true);
    const uint32_t prefix = wmbt_table_column(t, &prompts, "prefix");
    const uint32_t name_space = wmbt_table_column(t, &prompts, "namespace");
    const uint32_t hashes = wmbt_table_column(t, &prompts, "hashes");
    const uint32_t usable = wmbt_table_column(t, &prompts, "usable_blocks");
    const uint32_t full = wmbt_table_column(t, &prompts, "full_blocks");
    const uint32_t tail_key = wmbt_table_column(t, &prompts, "tail_key");
    const uint32_t block_key = wmbt_table_column(t, &blocks, "key");
    wmbt_view p[WMBT_TABLE_MAX_COLUMNS], b[WMBT_TABLE_MAX_COLUMNS];
    uint32_t tails = 0;
    while (wmbt_table_next(t, &prompts, p)) {
        wmbt_test_where(t, p[0]);
        wmbt_view list = p[hashes];
        wmbt_objkey key;
        uint64_t count = wmbt_cell_u64(t, p[full]);
        for (uint64_t i = 0; i < count; i++) {
            T_CHECK(t, wmbt_table_next(t, &blocks, b) && wmbt_view_equal(p[0], b[0]));
            wmbt_view hash = wmbt_cell_part(&list, ',');
            T_CALL(t, fill_key(t, &key, WMBT_OBJKEY_BLOCK, p[prefix], p[name_space], hash));
            T_CALL(t, check_key(t, &key, b[block_key]));
            if (i + 1 == wmbt_cell_u64(t, p[usable])) {
                key.kind = WMBT_OBJKEY_RAW_TAIL;
                T_CALL(t, check_key(t, &key, p[tail_key]));
                tails++;
            }
        }
    }
    T_EQ(t, prompts.row, 49);
    T_CHECK(t, !wmbt_table_next(t, &blocks, b));
    T_EQ(t, blocks.row, 91);
    T_EQ(t, tails, 49 - 8);
}

static bool has_text(wmbt_view v, const char *text)
{
    wmbt_view what = wmbt_test_text(text);
    for (size_t i = 0; i + what.len <= v.len; i++) {
        if (wmbt_test_same(v.data + i, what.data, what.len)) {
            return true;
        }
    }
    return false;
}

/* Every key of the bucket is a block, a raw tail, or refused; what is taken apart builds again. */
static void test_golden_bucket(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, MANIFEST, &text));
    wmbt_table_open(&table, text, true);
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint32_t kinds[3] = {0, 0, 0};
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_objkey key;
        key.kind = 0;
        wmbt_status status = wmbt_objkey_parse(cells[0], no_prefix, 0, &key);
        uint32_t want = has_text(cells[0], "/block/b3=")      ? WMBT_OBJKEY_BLOCK
                        : has_text(cells[0], "/raw_tail/b3=") ? WMBT_OBJKEY_RAW_TAIL
                                                              : 0;
        T_EQ(t, status, want != 0 ? WMBT_OK : WMBT_BAD_SYNTAX);
        T_EQ(t, key.kind, want);
        kinds[want]++;
        if (want != 0) {
            T_CALL(t, check_key(t, &key, cells[0]));
        }
    }
    T_EQ(t, table.row, 172);
    T_CHECK(t, kinds[0] != 0 && kinds[1] != 0 && kinds[2] != 0);
}

/* --- building --------------------------------------------------------------------------------- */

static wmbt_status try_build(wmbt_test *t, const char *prefix, const char *name_space,
                             uint32_t flags)
{
    wmbt_objkey key;
    uint8_t out[WMBT_OBJKEY_MAX_BYTES + 1];
    wmbt_bytes_fill(out, 0xEE, sizeof out);
    size_t len = 99;
    fill_key(t, &key, WMBT_OBJKEY_BLOCK, wmbt_test_text(prefix), wmbt_test_text(name_space),
             WMBT_VIEW_LITERAL(HASH));
    wmbt_status status = wmbt_objkey_build(&key, flags, wmbt_buf_of(out, sizeof out), &len);
    if (status == WMBT_OK) {
        wmbt_objkey back;
        wmbt_view known = flags == 0 ? no_prefix : key.prefix;
        if (wmbt_objkey_parse(wmbt_view_of(out, len), known, 0, &back) != WMBT_OK ||
            !wmbt_view_equal(back.prefix, key.prefix) ||
            !wmbt_view_equal(back.name_space, key.name_space)) {
            wmbt_test_fail(t, __FILE__, __LINE__, "what is built is taken apart the same");
        }
    } else if (len != 99 || out[0] != 0xEE || out[sizeof out - 1] != 0xEE) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a refused build writes nothing");
    }
    return status;
}

/* Status without and with WMBT_OBJKEY_COMPAT_SPLIT. */
static const struct {
    const char *prefix, *name_space;
    wmbt_status strict, compat;
} builds[] = {
    {"kv", "default", WMBT_OK, WMBT_OK},
    {"kv/cabi", "ds4-metal", WMBT_OK, WMBT_OK},
    {"kv", "", WMBT_OK, WMBT_OK},
    {"a b", "\xc3\xa4 -._~", WMBT_OK, WMBT_OK},
    {"-", "--", WMBT_OK, WMBT_OK},
    {"wombatkv/v1", "wombatkv", WMBT_OK, WMBT_OK},
    {"kv/", "a", WMBT_OK, WMBT_OK},
    {"/kv", "a", WMBT_OK, WMBT_OK},
    {"..", "..", WMBT_OK, WMBT_OK},
    {"my-wombatkv/v1", "a", WMBT_OK, WMBT_OK}, /* but for its first byte */
    /* two pairs share a key */
    {"kv/cabi", "", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    {"kv", "a/b", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    {"kv", "a/", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    {"kv", "/", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    {"kv/", "", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    {"/", "", WMBT_NOT_REPRESENTABLE, WMBT_OK},
    /* no prefix */
    {"", "default", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"", "", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    /* a reader would split the key earlier */
    {"a/wombatkv/v1", "b", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a/wombatkv/v1/b", "c", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a/wombatkv", "v1", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a/wombatkv/v1", "", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a", "wombatkv/v1", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a", "wombatkv/v1/x", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"a", "b/wombatkv/v1/block/b3=" HASH, WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"/wombatkv/v1/a", "b", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    /* not UTF-8 */
    {"kv\xff", "a", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
    {"kv", "\xc0\x80", WMBT_NOT_REPRESENTABLE, WMBT_NOT_REPRESENTABLE},
};

static void test_build_table(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++) {
        wmbt_test_where(t, wmbt_test_text(builds[i].prefix));
        T_EQ(t, try_build(t, builds[i].prefix, builds[i].name_space, 0), builds[i].strict);
        T_EQ(t, try_build(t, builds[i].prefix, builds[i].name_space, WMBT_OBJKEY_COMPAT_SPLIT),
             builds[i].compat);
        T_CHECK(t, !t->failed);
    }
}

/* The key is `text`, of `bytes`, in every room that holds it; in less nothing is written. */
static void check_every_room(wmbt_test *t, const wmbt_objkey *key, const char *text, size_t bytes)
{
    uint8_t out[256];
    T_CHECK(t, bytes < sizeof out);
    for (size_t room = 0; room <= bytes + 1u; room++) {
        wmbt_test_fill(out, sizeof out);
        size_t len = 99, written = room >= bytes ? bytes : 0u;
        T_EQ(t, wmbt_objkey_build(key, 0, wmbt_buf_of(out, room), &len),
             room >= bytes ? WMBT_OK : WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, len, room >= bytes ? bytes : 99);
        T_BYTES(t, out, written != 0u ? (const uint8_t *)text : out, written);
        T_CHECK(t, wmbt_test_is_filled(out + written, sizeof out - written));
    }
}

static void test_build_every_room(wmbt_test *t)
{
    wmbt_objkey key;
    T_CALL(t, fill_key(t, &key, WMBT_OBJKEY_RAW_TAIL, WMBT_VIEW_LITERAL("kv/cabi"),
                       WMBT_VIEW_LITERAL("ds4-metal"), WMBT_VIEW_LITERAL(HASH)));
    T_CALL(t, check_every_room(t, &key, TAIL_KEY, sizeof TAIL_KEY - 1));
    size_t len = 99;
    T_EQ(t, wmbt_objkey_build(&key, 0, wmbt_buf_of(NULL, 0), &len), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_objkey_build(&key, 0, wmbt_buf_of(NULL, 500), &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, len, 99);
}

static void test_build_limits(wmbt_test *t)
{
    uint8_t long_text[WMBT_OBJKEY_MAX_BYTES + 1], out[WMBT_OBJKEY_MAX_BYTES + 1];
    wmbt_bytes_fill(long_text, 'n', sizeof long_text);
    wmbt_objkey key;
    const size_t rest = sizeof "kv//wombatkv/v1/block/b3=" HASH - 1;
    for (size_t n = WMBT_OBJKEY_MAX_BYTES - rest - 2; n <= sizeof long_text; n++) {
        size_t len = 99;
        T_CALL(t, fill_key(t, &key, WMBT_OBJKEY_BLOCK, WMBT_VIEW_LITERAL("kv"),
                           wmbt_view_of(long_text, n), WMBT_VIEW_LITERAL(HASH)));
        bool fits = n + rest <= WMBT_OBJKEY_MAX_BYTES;
        T_EQ(t, wmbt_objkey_build(&key, 0, wmbt_buf_of(out, sizeof out), &len),
             fits ? WMBT_OK : WMBT_NOT_REPRESENTABLE);
        T_EQ(t, len, fits ? n + rest : 99);
    }
    size_t len = 99;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    key.name_space = wmbt_view_of(long_text, SIZE_MAX); /* never read */
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    key.name_space = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_BAD_ARGUMENT);
    key.name_space = no_prefix;
    key.prefix = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_BAD_ARGUMENT);
    key.prefix = wmbt_view_of(long_text, SIZE_MAX); /* never read */
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    key.prefix = wmbt_view_of("k\0v", 3);
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    key.prefix = wmbt_view_of("kv", 2);
    T_EQ(t, wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_UPPER, room, &len), WMBT_BAD_ARGUMENT);
    key.kind = 0;
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_BAD_ARGUMENT);
    key.kind = 3;
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_BAD_ARGUMENT);
    key.kind = WMBT_OBJKEY_BLOCK;
    key.has_model = 2;
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_BAD_ARGUMENT);
    T_EQ(t, len, 99);
}

/* --- parsing ---------------------------------------------------------------------------------- */

#define UPPER "4DB8ECD98814A6C5DDDFA2F637955A145A6F061A84A410BD0BEAAD6A1BC25FF0"

static const struct {
    const char *key;
    const char *prefix;
    wmbt_status status;
} parses[] = {
    {BLOCK_KEY, "", WMBT_OK},
    {BLOCK_KEY, "kv/cabi", WMBT_OK},
    {BLOCK_KEY, "kv", WMBT_OK}, /* namespace cabi/ds4-metal */
    {BLOCK_KEY, "kv/cabi/ds4-metal", WMBT_OK},
    {BLOCK_KEY, "kv/cab", WMBT_BAD_SYNTAX},
    {BLOCK_KEY, "kv/cabi/", WMBT_BAD_SYNTAX},
    {BLOCK_KEY, "kv/cabi/ds4-metal/", WMBT_BAD_SYNTAX},
    {BLOCK_KEY, "kv/cabi/ds4-metal/wombatkv", WMBT_BAD_SYNTAX},
    {BLOCK_KEY, "other", WMBT_BAD_SYNTAX},
    {TAIL_KEY, "", WMBT_OK},
    {"kv/wombatkv/v1/block/b3=" HASH, "", WMBT_OK},
    {"", "", WMBT_BAD_SYNTAX},
    {"/", "", WMBT_BAD_SYNTAX},
    {HASH, "", WMBT_BAD_SYNTAX},
    {"wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"/wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"/a/wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv//wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv//wombatkv/v1/block/b3=" HASH, "kv", WMBT_BAD_SYNTAX},
    {"kv/a/wkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v2/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/", "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/block", "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/block/", "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/block/b2=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/block/model=00/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/sidecar/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/x/wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_SYNTAX},
    {"kv/a/wombatkv/v1/block/b3=", "", WMBT_BAD_LENGTH},
    {"kv/a/wombatkv/v1/block/b3=" HASH "0", "", WMBT_BAD_LENGTH},
    {"kv/a/wombatkv/v1/block/b3=" HASH "/", "", WMBT_BAD_LENGTH},
    {"kv/a/wombatkv/v1/block/b3=" HASH HASH, "", WMBT_BAD_LENGTH},
    {"kv/a/wombatkv/v1/block/b3=" UPPER, "", WMBT_BAD_TEXT},
    {"kv\xff/a/wombatkv/v1/block/b3=" HASH, "", WMBT_BAD_TEXT},
};

static void test_parse_table(wmbt_test *t)
{
    wmbt_objkey key;
    for (size_t i = 0; i < sizeof parses / sizeof parses[0]; i++) {
#if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
        if (has_text(wmbt_test_text(parses[i].key), "model=")) {
            continue; /* judged by its own test */
        }
#endif
        wmbt_test_where(t, wmbt_test_text(parses[i].key));
        wmbt_bytes_fill((uint8_t *)&key, 0xEE, sizeof key);
        wmbt_view text = wmbt_test_text(parses[i].key);
        wmbt_view prefix = wmbt_test_text(parses[i].prefix);
        T_EQ(t, wmbt_objkey_parse(text, prefix, 0, &key), parses[i].status);
        if (parses[i].status != WMBT_OK) {
            for (size_t k = 0; k < sizeof key; k++) {
                T_EQ(t, ((const uint8_t *)&key)[k], 0xEE);
            }
        } else if (prefix.len != 0) {
            T_CHECK(t, wmbt_view_equal(key.prefix, prefix));
        }
    }
    wmbt_view upper = WMBT_VIEW_LITERAL("kv/a/wombatkv/v1/block/b3=" UPPER);
    T_EQ(t, wmbt_objkey_parse(upper, no_prefix, WMBT_OBJKEY_COMPAT_UPPER, &key), WMBT_OK);
    T_EQ(t, key.hash.bytes[0], 0x4D);
    T_EQ(t, wmbt_objkey_parse(upper, no_prefix, WMBT_OBJKEY_COMPAT_SPLIT, &key), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_objkey_parse(wmbt_view_of(NULL, 9), no_prefix, 0, &key), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_objkey_parse(upper, wmbt_view_of(NULL, 9), 0, &key), WMBT_BAD_ARGUMENT);
}

static void test_parse_length_limit(wmbt_test *t)
{
    uint8_t text[WMBT_OBJKEY_MAX_BYTES + 1];
    static const char rest[] = "/wombatkv/v1/block/b3=" HASH;
    wmbt_objkey key;
    for (size_t n = WMBT_OBJKEY_MAX_BYTES - 1; n <= WMBT_OBJKEY_MAX_BYTES + 1; n++) {
        wmbt_bytes_fill(text, 'p', sizeof text);
        wmbt_bytes_copy(text + n - (sizeof rest - 1), (const uint8_t *)rest, sizeof rest - 1);
        T_EQ(t, wmbt_objkey_parse(wmbt_view_of(text, n), no_prefix, 0, &key),
             n <= WMBT_OBJKEY_MAX_BYTES ? WMBT_OK : WMBT_TOO_LARGE);
    }
    T_EQ(t, wmbt_objkey_parse(wmbt_view_of(text, SIZE_MAX), no_prefix, 0, &key), WMBT_TOO_LARGE);
}

/* A changed key is refused, or it is another key that builds again. */
static void expect_refused_or_same(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)at;
    wmbt_objkey key;
    wmbt_bytes_fill((uint8_t *)&key, 0xEE, sizeof key);
    wmbt_status status = wmbt_objkey_parse(changed, no_prefix, 0, &key);
    if (status != WMBT_OK) {
        T_CHECK(t, wmbt_status_is_malformed(status) && key.kind == 0xEEEEEEEEu);
        return;
    }
    T_CHECK(t, context == NULL); /* a truncated key is never taken */
    uint8_t out[sizeof TAIL_KEY];
    size_t len = 0;
    T_EQ(t, wmbt_objkey_build(&key, 0, wmbt_buf_of(out, sizeof out), &len), WMBT_OK);
    T_EQ(t, len, changed.len);
    T_BYTES(t, out, changed.data, len);
}

static void test_faults(wmbt_test *t)
{
    int truncated = 1;
    const wmbt_view keys[2] = {WMBT_VIEW_LITERAL(BLOCK_KEY), WMBT_VIEW_LITERAL(TAIL_KEY)};
    for (size_t i = 0; i < 2; i++) {
        T_CALL(t, wmbt_fault_truncate(t, keys[i], 1, expect_refused_or_same, &truncated));
        T_CALL(t, wmbt_fault_flip(t, keys[i], 1, expect_refused_or_same, NULL));
    }
}

/* --- the experimental form -------------------------------------------------------------------- */

#if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
#    define DIGEST "000102030405060708090a0b0c0d0e0f1011121314151617"
#    define UPPER_DIGEST "000102030405060708090A0B0C0D0E0F1011121314151617"
#    define ZERO_DIGEST "000000000000000000000000000000000000000000000000"
#    define MODEL_KEY "kv/a/wombatkv/v1/block/model=" DIGEST "/b3=" HASH

static void fill_model_key(wmbt_test *t, wmbt_objkey *key)
{
    T_CALL(t, fill_key(t, key, WMBT_OBJKEY_BLOCK, WMBT_VIEW_LITERAL("kv"), WMBT_VIEW_LITERAL("a"),
                       WMBT_VIEW_LITERAL(HASH)));
    key->has_model = 1;
    T_EQ(t, wmbt_model_digest_from_hex(WMBT_VIEW_LITERAL(DIGEST), &key->model), WMBT_OK);
}

static void check_model_rooms(wmbt_test *t)
{
    wmbt_objkey key;
    T_CALL(t, fill_model_key(t, &key));
    T_CHECK(t, sizeof MODEL_KEY - 1 <= WMBT_OBJKEY_BYTES(2, 1));
    T_CALL(t, check_every_room(t, &key, MODEL_KEY, sizeof MODEL_KEY - 1));
}

/* The longest key with a model, and one byte more. */
static void check_model_limits(wmbt_test *t)
{
    wmbt_objkey key;
    uint8_t long_text[WMBT_OBJKEY_MAX_BYTES], out[WMBT_OBJKEY_MAX_BYTES + 1];
    const size_t rest = sizeof MODEL_KEY - sizeof "a"; /* but for the namespace */
    wmbt_bytes_fill(long_text, 'n', sizeof long_text);
    T_CALL(t, fill_model_key(t, &key));
    for (size_t more = 0; more < 2; more++) {
        size_t len = 99;
        key.name_space = wmbt_view_of(long_text, WMBT_OBJKEY_MAX_BYTES - rest + more);
        T_EQ(t, wmbt_objkey_build(&key, 0, wmbt_buf_of(out, sizeof out), &len),
             more == 0 ? WMBT_OK : WMBT_NOT_REPRESENTABLE);
        T_EQ(t, len, more == 0 ? WMBT_OBJKEY_MAX_BYTES : 99);
    }
}

static void check_model_parses(wmbt_test *t)
{
    static const struct {
        const char *rest;
        uint32_t flags;
        wmbt_status status;
    } rows[] = {
        {"block/model=" DIGEST "/b3=" HASH, 0, WMBT_OK},
        {"block/model=" UPPER_DIGEST "/b3=" HASH, WMBT_OBJKEY_COMPAT_UPPER, WMBT_OK},
        {"block/model=" UPPER_DIGEST "/b3=" HASH, 0, WMBT_BAD_TEXT},
        {"block/model=" ZERO_DIGEST "/b3=" HASH, 0, WMBT_BAD_TEXT},
        {"block/model=0g0102030405060708090a0b0c0d0e0f1011121314151617/b3=" HASH, 0, WMBT_BAD_TEXT},
        {"block/model=00/b3=" HASH, 0, WMBT_BAD_LENGTH},
        {"block/model=" DIGEST, 0, WMBT_BAD_LENGTH},
        {"block/model=" DIGEST "0/b3=" HASH, 0, WMBT_BAD_LENGTH},
        {"block/model=" DIGEST "b3=" HASH, 0, WMBT_BAD_LENGTH},
        {"block/model=", 0, WMBT_BAD_LENGTH},
        {"block/model=" DIGEST "/" HASH, 0, WMBT_BAD_SYNTAX},
        {"block/model=" DIGEST "/", 0, WMBT_BAD_SYNTAX},
        {"sidecar/raw_tail/model=" DIGEST "/b3=" HASH, 0, WMBT_BAD_SYNTAX},
    };
    wmbt_objkey key, back;
    T_CALL(t, fill_model_key(t, &key));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t text[256];
        const wmbt_view front = WMBT_VIEW_LITERAL("kv/a/wombatkv/v1/");
        const wmbt_view rest = wmbt_test_text(rows[i].rest);
        wmbt_test_where(t, rest);
        wmbt_bytes_copy(text, front.data, front.len);
        wmbt_bytes_copy(text + front.len, rest.data, rest.len);
        wmbt_test_fill(&back, sizeof back);
        T_EQ(t,
             wmbt_objkey_parse(wmbt_view_of(text, front.len + rest.len), no_prefix, rows[i].flags,
                               &back),
             rows[i].status);
        if (rows[i].status != WMBT_OK) {
            T_CHECK(t, wmbt_test_is_filled(&back, sizeof back));
        } else {
            T_CHECK(t, back.has_model == 1 && wmbt_model_digest_equal(&back.model, &key.model));
            T_CHECK(t, wmbt_block_hash_equal(&back.hash, &key.hash));
        }
    }
}
#endif

static void test_model_keys(wmbt_test *t)
{
    wmbt_objkey key;
    uint8_t out[256];
    size_t len = 99;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
#if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
    T_CALL(t, fill_model_key(t, &key));
    wmbt_bytes_fill(key.model.bytes, 0, sizeof key.model.bytes);
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE); /* zero digest */
    T_CALL(t, fill_model_key(t, &key));
    key.kind = WMBT_OBJKEY_RAW_TAIL;
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, len, 99);
    T_CALL(t, check_model_rooms(t));
    T_CALL(t, check_model_limits(t));
    T_CALL(t, check_model_parses(t));
#else
    T_CALL(t, fill_key(t, &key, WMBT_OBJKEY_BLOCK, WMBT_VIEW_LITERAL("kv"), WMBT_VIEW_LITERAL("a"),
                       WMBT_VIEW_LITERAL(HASH)));
    key.has_model = 1;
    T_EQ(t, wmbt_objkey_build(&key, 0, room, &len), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, len, 99);
#endif
}

static const wmbt_case cases[] = {
    {"golden: keys of all prompts and blocks", test_golden_keys, 0, PROMPTS " " BLOCKS},
    {"golden: every key of the bucket", test_golden_bucket, 0, MANIFEST},
    {"build: what cannot come back is refused", test_build_table, 0, NULL},
    {"build: every room", test_build_every_room, 0, NULL},
    {"build: limits and arguments", test_build_limits, 0, NULL},
    {"parse", test_parse_table, 0, NULL},
    {"parse: length limit", test_parse_length_limit, 0, NULL},
    {"every truncation and bit flip", test_faults, 4096, NULL},
    {"keys with a model", test_model_keys, 0, NULL},
};
WMBT_SUITE(objkey, cases);
