/* SPDX-License-Identifier: Apache-2.0 */
/* chain: both dialects, announced blocks and blocks of one size. */
#include "wombatkv/chain.h"

#include "base/bytes.h"
#include "base/le.h"
#include "wombatkv/xxh64.h"
#include "../support/test.h"

#define CORE_CHAIN "golden/vectors/core_chain.tsv"
#define PROMPTS "golden/bucket/prompts.tsv"

/* Longest tenant of the vectors is 5,000 bytes, longest block 8,192 tokens. */
#define LARGE_BYTES WMBT_CHAIN_BYTES(8192)

static wmbt_chain_config core_config(wmbt_view tenant, wmbt_view fingerprint, uint32_t block_tokens)
{
    wmbt_chain_config c = {0};
    c.dialect = WMBT_CHAIN_CORE;
    c.block_tokens = block_tokens;
    c.tenant = tenant;
    c.fingerprint = fingerprint;
    return c;
}

static wmbt_chain_config ds4_config(wmbt_view fingerprint, uint32_t bits, uint32_t block_tokens)
{
    wmbt_chain_config c = {0};
    c.dialect = WMBT_CHAIN_DS4;
    c.block_tokens = block_tokens;
    c.fingerprint = fingerprint;
    c.quant_bits = bits;
    return c;
}

static void check_hash(wmbt_test *t, const wmbt_block_hash *got, wmbt_view want_hex)
{
    wmbt_block_hash want;
    T_EQ(t, wmbt_block_hash_from_hex(want_hex, &want), WMBT_OK);
    T_BYTES(t, got->bytes, want.bytes, WMBT_BLOCK_HASH_BYTES);
}

/* --- core ------------------------------------------------------------------------------------- */

/* Tokens of a row: a generator or stored bytes. */
typedef struct token_source {
    uint32_t state;  /* of xorshift32, 0: stored */
    wmbt_view bytes; /* stored tokens that are left */
} token_source;

static uint32_t next_token(token_source *s)
{
    if (s->state != 0) {
        return wmbt_test_random(&s->state);
    }
    uint32_t v = wmbt_load_le32(s->bytes.data);
    s->bytes = wmbt_view_of(s->bytes.data + 4, s->bytes.len - 4);
    return v;
}

/* One announced block, its tokens in pieces that grow: 1, 2, ... */
static void add_block(wmbt_test *t, wmbt_chain *x, token_source *tokens, uint32_t count,
                      wmbt_block_hash *hash)
{
    uint32_t piece[97];
    T_EQ(t, wmbt_chain_begin_block(x, count), WMBT_OK);
    for (uint32_t done = 0, n = 1; done < count; n = n % 97 + 1) {
        uint32_t now = n < count - done ? n : count - done;
        for (uint32_t i = 0; i < now; i++) {
            piece[i] = next_token(tokens);
        }
        T_EQ(t, wmbt_chain_end_block(x, hash), WMBT_BAD_STATE);
        T_EQ(t, wmbt_chain_add(x, piece, now), WMBT_OK);
        done += now;
    }
    T_EQ(t, wmbt_chain_end_block(x, hash), WMBT_OK);
}

static void test_golden_core(wmbt_test *t)
{
    wmbt_view text;
    T_CHECK(t, wmbt_test_data(t, CORE_CHAIN, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    const uint32_t tenant = wmbt_table_column(t, &table, "tenant_hex");
    const uint32_t fingerprint = wmbt_table_column(t, &table, "fingerprint_hex");
    const uint32_t seed = wmbt_table_column(t, &table, "token_seed");
    const uint32_t lens = wmbt_table_column(t, &table, "block_lens");
    const uint32_t stored = wmbt_table_column(t, &table, "tokens_hex");
    const uint32_t hashes = wmbt_table_column(t, &table, "hashes");
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        wmbt_chain *x;
        wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, LARGE_BYTES), LARGE_BYTES);
        wmbt_chain_config config = core_config(wmbt_cell_bytes(t, cells[tenant]),
                                               wmbt_cell_bytes(t, cells[fingerprint]), 0);
        T_EQ(t, wmbt_chain_init(memory, &config, &x), WMBT_OK);
        token_source tokens = {(uint32_t)wmbt_cell_u64(t, cells[seed]), {NULL, 0}};
        if (tokens.state == 0) {
            tokens.bytes = wmbt_cell_bytes(t, cells[stored]);
        }
        wmbt_view blocks = cells[lens];
        wmbt_view want = cells[hashes];
        T_EQ(t, wmbt_test_view_is(blocks, "empty"), wmbt_test_view_is(want, "empty"));
        if (wmbt_test_view_is(blocks, "empty")) {
            continue;
        }
        while (blocks.data != NULL) {
            uint32_t count = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&blocks, ','));
            wmbt_block_hash hash;
            T_CHECK(t, want.data != NULL);
            T_CALL(t, add_block(t, x, &tokens, count, &hash));
            T_CALL(t, check_hash(t, &hash, wmbt_cell_part(&want, ',')));
        }
        T_CHECK(t, want.data == NULL && tokens.bytes.len == 0);
    }
    T_EQ(t, table.row, 199);
}

/* Every split of 10 tokens in blocks of 4: 2^9 ways to cut, the same two hashes. The hashes are
 * those of the fact sheet (formats, core chain), made by upstream. */
static const char *const doc_hashes[] = {
    "88ceb4a16b98a2b592de1820cc4cd537b944172d5b63772f50c5868ecdf25458",
    "29f1a91e2112b54d80b3dc2b75e91fa28b0357f606928f4bd8efc17ba016836c"};

static void push_split(wmbt_test *t, wmbt_chain *x, const uint32_t *tokens, size_t count,
                       uint32_t cuts)
{
    size_t full = 0;
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        while (end < count && (cuts >> (end - 1) & 1) == 0) {
            end++;
        }
        while (begin < end) {
            wmbt_block_hash hash;
            wmbt_bytes_fill(hash.bytes, 0xEE, sizeof hash.bytes);
            size_t taken = 99;
            wmbt_status status = wmbt_chain_push(x, tokens + begin, end - begin, &taken, &hash);
            T_CHECK(t, taken != 0 && taken <= end - begin);
            begin += taken;
            T_EQ(t, status, begin % 4 == 0 ? WMBT_OK : WMBT_NEED_MORE);
            if (status == WMBT_OK) {
                T_CHECK(t, full < 2);
                T_CALL(t, check_hash(t, &hash, wmbt_test_text(doc_hashes[full++])));
            } else {
                T_CHECK(t, begin == end && hash.bytes[0] == 0xEE && hash.bytes[31] == 0xEE);
            }
        }
    }
    T_EQ(t, full, 2);
    T_EQ(t, wmbt_chain_blocks(x), 2);
}

static void test_every_split(wmbt_test *t)
{
    static const uint32_t tokens[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint8_t fingerprint[32];
    wmbt_bytes_fill(fingerprint, 7, sizeof fingerprint);
    wmbt_chain_config config =
        core_config(WMBT_VIEW_LITERAL("tenant-a"), wmbt_view_of(fingerprint, 32), 4);
    wmbt_chain *x;
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(4));
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(4)), &config, &x), WMBT_OK);
    T_CHECK(t, (uint8_t *)x == memory);
    for (uint32_t cuts = 0; cuts < 512; cuts++) {
        wmbt_chain_reset(x);
        T_CALL(t, push_split(t, x, tokens, 10, cuts));
    }
}

/* --- ds4 -------------------------------------------------------------------------------------- */

/* The fact sheet's example: fingerprint abcdef0123456789abcdef01, q2, token i is 1 + i mod 16. */
static void test_ds4_example(wmbt_test *t)
{
    static const char *const want[] = {
        "b7f70c0db176e76390bf9ebabb2bc659727c59ee5de09462b1ce4e44e8ce8421",
        "c969a2f9ac8b8ba7a560f7649740cb7355e4a0ce927b988e6f56a3bed3ba54b1"};
    uint32_t tokens[256];
    for (uint32_t i = 0; i < 256; i++) {
        tokens[i] = 1 + i % 16;
    }
    wmbt_chain_config config = ds4_config(WMBT_VIEW_LITERAL("abcdef0123456789abcdef01"), 2, 128);
    wmbt_chain *x;
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(128));
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(128)), &config, &x), WMBT_OK);
    for (size_t cut = 0; cut <= 256; cut++) { /* two pieces, and the rest of a block after each */
        wmbt_chain_reset(x);
        size_t at = 0, full = 0;
        while (at < 256) {
            size_t end = at < cut ? cut : 256, taken;
            wmbt_block_hash hash;
            if (wmbt_chain_push(x, tokens + at, end - at, &taken, &hash) == WMBT_OK) {
                T_CHECK(t, full < 2);
                T_CALL(t, check_hash(t, &hash, wmbt_test_text(want[full++])));
            }
            at += taken;
        }
        T_EQ(t, full, 2);
    }
    /* The announced form gives the same. */
    wmbt_chain_reset(x);
    T_EQ(t, wmbt_chain_begin_block(x, 127), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_begin_block(x, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_begin_block(x, 128), WMBT_OK);
    T_EQ(t, wmbt_chain_add(x, tokens, 128), WMBT_OK);
    wmbt_block_hash hash;
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_OK);
    T_CALL(t, check_hash(t, &hash, wmbt_test_text(want[0])));
}

/* Name of a prompt's token file: golden/bucket/prompts/NAME.u32, NUL-terminated. */
static void prompt_path(wmbt_test *t, wmbt_view name, char path[96])
{
    static const char before[] = "golden/bucket/prompts/";
    static const char after[] = ".u32";
    T_CHECK(t, sizeof before + sizeof after + name.len <= 96);
    wmbt_bytes_copy((uint8_t *)path, (const uint8_t *)before, sizeof before - 1);
    wmbt_bytes_copy((uint8_t *)path + sizeof before - 1, name.data, name.len);
    wmbt_bytes_copy((uint8_t *)path + sizeof before - 1 + name.len, (const uint8_t *)after,
                    sizeof after);
}

static void run_prompt(wmbt_test *t, const wmbt_chain_config *config, wmbt_view bytes,
                       wmbt_view want)
{
    wmbt_chain *x;
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, WMBT_CHAIN_BYTES(256)), WMBT_CHAIN_BYTES(256));
    T_EQ(t, wmbt_chain_init(memory, config, &x), WMBT_OK);
    uint32_t piece[37];
    for (size_t at = 0; at < bytes.len / 4;) {
        size_t n = 0, taken;
        for (; n < 37 && at + n < bytes.len / 4; n++) {
            piece[n] = wmbt_load_le32(bytes.data + 4 * (at + n));
        }
        wmbt_block_hash hash;
        wmbt_status status = wmbt_chain_push(x, piece, n, &taken, &hash);
        if (status == WMBT_OK) {
            T_CHECK(t, want.data != NULL);
            T_CALL(t, check_hash(t, &hash, wmbt_cell_part(&want, ',')));
        } else {
            T_EQ(t, status, WMBT_NEED_MORE);
        }
        at += taken;
    }
    T_CHECK(t, want.data == NULL);
}

static void test_golden_prompts(wmbt_test *t)
{
    wmbt_view text;
    T_CHECK(t, wmbt_test_data(t, PROMPTS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, true);
    const uint32_t fingerprint = wmbt_table_column(t, &table, "fingerprint");
    const uint32_t bits = wmbt_table_column(t, &table, "quant_bits");
    const uint32_t block_tokens = wmbt_table_column(t, &table, "block_tokens");
    const uint32_t count = wmbt_table_column(t, &table, "tokens");
    const uint32_t full = wmbt_table_column(t, &table, "full_blocks");
    const uint32_t hashes = wmbt_table_column(t, &table, "hashes");
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        char path[96];
        wmbt_view bytes;
        T_CALL(t, prompt_path(t, cells[0], path));
        T_CHECK(t, wmbt_test_data(t, path, &bytes));
        T_EQ(t, bytes.len, 4 * wmbt_cell_u64(t, cells[count]));
        wmbt_chain_config config =
            ds4_config(cells[fingerprint], (uint32_t)wmbt_cell_u64(t, cells[bits]),
                       (uint32_t)wmbt_cell_u64(t, cells[block_tokens]));
        wmbt_view want = cells[hashes];
        if (wmbt_cell_u64(t, cells[full]) == 0) {
            want = wmbt_view_of(NULL, 0);
        }
        T_CALL(t, run_prompt(t, &config, bytes, want));
    }
    T_EQ(t, table.row, 49);
}

static void test_ds4_stops_at_512_blocks(wmbt_test *t)
{
    uint32_t tokens[128];
    for (uint32_t i = 0; i < 128; i++) {
        tokens[i] = i;
    }
    wmbt_chain_config config = ds4_config(WMBT_VIEW_LITERAL("abcdef0123456789abcdef01"), 2, 128);
    wmbt_chain *x;
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(128));
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(128)), &config, &x), WMBT_OK);
    wmbt_block_hash hash;
    size_t taken;
    for (uint32_t i = 0; i < WMBT_CHAIN_DS4_MAX_BLOCKS; i++) {
        T_EQ(t, wmbt_chain_blocks(x), i);
        T_EQ(t, wmbt_chain_push(x, tokens, 128, &taken, &hash), WMBT_OK);
        T_EQ(t, taken, 128);
    }
    wmbt_bytes_fill(hash.bytes, 0xEE, 32);
    T_EQ(t, wmbt_chain_push(x, tokens, 128, &taken, &hash), WMBT_END);
    T_CHECK(t, taken == 0 && hash.bytes[0] == 0xEE);
    T_EQ(t, wmbt_chain_begin_block(x, 128), WMBT_END);
    T_EQ(t, wmbt_chain_blocks(x), WMBT_CHAIN_DS4_MAX_BLOCKS);
}

/* --- both ------------------------------------------------------------------------------------- */

static void test_names(wmbt_test *t)
{
    T_EQ(t, wmbt_chain_dialect_from_name(WMBT_VIEW_LITERAL("core")), WMBT_CHAIN_CORE);
    T_EQ(t, wmbt_chain_dialect_from_name(WMBT_VIEW_LITERAL("ds4")), WMBT_CHAIN_DS4);
    T_EQ(t, wmbt_chain_dialect_from_name(WMBT_VIEW_LITERAL("ds4x")), 0);
    T_EQ(t, wmbt_chain_dialect_from_name(WMBT_VIEW_LITERAL("Core")), 0);
    T_EQ(t, wmbt_chain_dialect_from_name(wmbt_view_of(NULL, 0)), 0);
    for (uint32_t d = 1; d <= 2; d++) {
        wmbt_view name = wmbt_test_text(wmbt_chain_dialect_name(d));
        T_EQ(t, wmbt_chain_dialect_from_name(name), d);
    }
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_chain_dialect_name(0)), "unknown"));
}

static wmbt_status try_init(wmbt_test *t, const wmbt_chain_config *config, size_t bytes)
{
    wmbt_test_reset(t);
    wmbt_chain *x = NULL;
    uint8_t *memory = wmbt_test_alloc(t, bytes);
    wmbt_status status = wmbt_chain_init(wmbt_buf_of(memory, bytes), config, &x);
    if ((status == WMBT_OK) != (x != NULL)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "x is set if and only if init is ok");
    }
    return status;
}

static void test_config_core(wmbt_test *t)
{
    uint8_t fingerprint[33];
    wmbt_bytes_fill(fingerprint, 9, sizeof fingerprint);
    wmbt_view good = wmbt_view_of(fingerprint, 32);
    const wmbt_view none = wmbt_view_of(NULL, 0);
    const size_t room = WMBT_CHAIN_BYTES(128);
    wmbt_chain_config c = core_config(none, good, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_OK);
    for (size_t n = 0; n <= 33; n++) {
        c = core_config(none, wmbt_view_of(fingerprint, n), 128);
        T_EQ(t, try_init(t, &c, room), n == 32 ? WMBT_OK : WMBT_BAD_ARGUMENT);
    }
    c = core_config(none, wmbt_view_of(NULL, 32), 128);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    c = core_config(wmbt_view_of(NULL, 1), good, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    c = core_config(WMBT_VIEW_LITERAL("\xff"), good, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_TEXT);
    c = core_config(none, good, 128);
    c.quant_bits = 2;
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    c = core_config(none, good, WMBT_CHAIN_MAX_BLOCK_TOKENS + 1);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    c = core_config(none, good, WMBT_CHAIN_MAX_BLOCK_TOKENS);
    T_EQ(t, try_init(t, &c, room), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, try_init(t, &c, WMBT_CHAIN_BYTES(WMBT_CHAIN_MAX_BLOCK_TOKENS)), WMBT_OK);
    T_EQ(t, try_init(t, &c, WMBT_CHAIN_BYTES(WMBT_CHAIN_MAX_BLOCK_TOKENS) - 1),
         WMBT_BUFFER_TOO_SMALL);
    static const uint32_t dialects[] = {0, 3, UINT32_MAX};
    for (size_t i = 0; i < 3; i++) {
        c = core_config(none, good, 128);
        c.dialect = dialects[i];
        T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    }
}

static void test_config_ds4(wmbt_test *t)
{
    uint8_t text[128];
    wmbt_bytes_fill(text, 'f', sizeof text);
    const wmbt_view good = wmbt_view_of(text, 24);
    const size_t room = WMBT_CHAIN_BYTES(8192);
    wmbt_chain_config c;
    for (uint32_t n = 0; n <= 8192 + 256; n++) {
        c = ds4_config(good, 2, n);
        bool valid = n != 0 && n % 128 == 0 && n <= 8192;
        T_EQ(t, try_init(t, &c, room), valid ? WMBT_OK : WMBT_BAD_ARGUMENT);
    }
    c = ds4_config(good, 2, UINT32_MAX - 127);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    /* 9 + fingerprint + "|q2" + 7 characters, fewer than 128. */
    for (size_t n = 0; n <= 128; n++) {
        wmbt_status want = n == 0 ? WMBT_BAD_ARGUMENT : n <= 108 ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
        c = ds4_config(wmbt_view_of(text, n), 2, 128);
        T_EQ(t, try_init(t, &c, room), want);
        c = ds4_config(wmbt_view_of(text, n), 16, 128);
        T_EQ(t, try_init(t, &c, room), n == 108 ? WMBT_NOT_REPRESENTABLE : want);
    }
    c = ds4_config(wmbt_view_of(text, SIZE_MAX), 2, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_NOT_REPRESENTABLE);
    text[0] = 0; /* what is too long is not searched for a NUL */
    c = ds4_config(wmbt_view_of(text, 109), 2, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_NOT_REPRESENTABLE);
    c = ds4_config(wmbt_view_of(text, 108), 2, 128);
    T_EQ(t, try_init(t, &c, 0), WMBT_BAD_TEXT);
    text[0] = 'f';
    c = ds4_config(good, INT32_MAX, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_OK);
    c = ds4_config(good, (uint32_t)INT32_MAX + 1u, 128);
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    c = ds4_config(good, 2, 128);
    c.tenant = WMBT_VIEW_LITERAL("t");
    T_EQ(t, try_init(t, &c, room), WMBT_BAD_ARGUMENT);
    for (size_t i = 0; i < 24; i++) {
        text[i] = 0;
        c = ds4_config(good, 2, 128);
        T_EQ(t, try_init(t, &c, room), WMBT_BAD_TEXT);
        text[i] = 'f';
    }
}

static void test_memory(wmbt_test *t)
{
    uint8_t fingerprint[32];
    wmbt_bytes_fill(fingerprint, 9, sizeof fingerprint);
    static const uint32_t sizes[] = {0,   1,   2,    240,  241,  496,  497,
                                     512, 753, 1008, 1009, 2032, 8192, 0x10000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        wmbt_chain_config c =
            core_config(wmbt_view_of(NULL, 0), wmbt_view_of(fingerprint, 32), sizes[i]);
        T_EQ(t, try_init(t, &c, WMBT_CHAIN_BYTES(sizes[i])), WMBT_OK);
        T_EQ(t, try_init(t, &c, WMBT_CHAIN_BYTES(sizes[i]) - 1), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, try_init(t, &c, 0), WMBT_BUFFER_TOO_SMALL);
    }
    wmbt_chain_config c = core_config(wmbt_view_of(NULL, 0), wmbt_view_of(fingerprint, 32), 1);
    wmbt_chain *x = NULL;
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(NULL, 500), &c, &x), WMBT_BAD_ARGUMENT);
    wmbt_test_reset(t);
    uint8_t *memory = wmbt_test_alloc(t, 1000);
    for (size_t shift = 1; shift < WMBT_CHAIN_ALIGN; shift++) {
        T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory + shift, 500), &c, &x), WMBT_BUFFER_MISALIGNED);
        T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory + shift, 100), &c, &x), WMBT_BUFFER_TOO_SMALL);
    }
    T_CHECK(t, x == NULL);
    T_EQ(t, WMBT_CHAIN_BYTES(128), 200);
    T_EQ(t, WMBT_CHAIN_BYTES(8192), 392);
}

/* Memory for n tokens has room for exactly the blocks that BLAKE3 has room for, and for tenants of
 * 960 bytes and of 4 n bytes. */
static void test_room(wmbt_test *t)
{
    uint8_t fingerprint[32];
    wmbt_bytes_fill(fingerprint, 9, sizeof fingerprint);
    uint8_t *tenant = NULL;
    static const struct {
        uint32_t tokens, room;
    } rows[] = {{0, 240}, {240, 240}, {241, 496}, {496, 496}, {497, 1008}, {1024, 2032}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t bytes = WMBT_CHAIN_BYTES(rows[i].tokens);
        wmbt_test_reset(t);
        tenant = wmbt_test_alloc(t, 4096);
        wmbt_bytes_fill(tenant, 't', 4096);
        wmbt_view longest = wmbt_view_of(tenant, rows[i].tokens > 240 ? rows[i].tokens * 4 : 960);
        wmbt_chain_config c = core_config(longest, wmbt_view_of(fingerprint, 32), 0);
        uint8_t *memory = wmbt_test_alloc(t, bytes);
        wmbt_chain *x;
        T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, bytes), &c, &x), WMBT_OK);
        T_EQ(t, wmbt_chain_begin_block(x, rows[i].room + 1), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_chain_begin_block(x, UINT32_MAX), WMBT_TOO_LARGE);
        T_EQ(t, wmbt_chain_begin_block(x, rows[i].room), WMBT_OK);
        static const uint32_t tokens[16];
        for (uint32_t n = 0; n < rows[i].room; n += 16) {
            T_EQ(t, wmbt_chain_add(x, tokens, 16), WMBT_OK);
        }
        wmbt_block_hash hash;
        T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_OK);
    }
    wmbt_chain_config c = core_config(wmbt_view_of(tenant, 4096), wmbt_view_of(fingerprint, 32), 0);
    wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, WMBT_CHAIN_BYTES(128)), WMBT_CHAIN_BYTES(128));
    wmbt_chain *x = NULL;
    T_EQ(t, wmbt_chain_init(memory, &c, &x), WMBT_TOO_LARGE);
    T_CHECK(t, x == NULL);
}

static void test_states(wmbt_test *t)
{
    static const uint32_t tokens[] = {1, 2, 3, 4};
    uint8_t fingerprint[32];
    wmbt_bytes_fill(fingerprint, 7, sizeof fingerprint);
    wmbt_chain_config config =
        core_config(WMBT_VIEW_LITERAL("tenant-a"), wmbt_view_of(fingerprint, 32), 0);
    wmbt_chain *x;
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(4));
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(4)), &config, &x), WMBT_OK);
    T_EQ(t, wmbt_chain_hash_bytes(x), WMBT_BLOCK_HASH_BYTES);
    wmbt_block_hash hash;
    wmbt_bytes_fill(hash.bytes, 0xEE, 32);
    size_t taken = 77;
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_add(x, tokens, 1), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_add(x, tokens, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_begin_block(x, 4), WMBT_OK);
    T_EQ(t, wmbt_chain_begin_block(x, 4), WMBT_BAD_STATE);
    T_EQ(t, wmbt_chain_add(x, NULL, 1), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_add(x, NULL, 0), WMBT_OK);
    T_EQ(t, wmbt_chain_add(x, tokens, 5), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_add(x, tokens, SIZE_MAX), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_add(x, tokens, 3), WMBT_OK);
    T_EQ(t, wmbt_chain_add(x, tokens + 3, 2), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_BAD_STATE);
    T_CHECK(t, hash.bytes[0] == 0xEE && hash.bytes[31] == 0xEE && taken == 77);
    T_EQ(t, wmbt_chain_blocks(x), 0);
    T_EQ(t, wmbt_chain_add(x, tokens + 3, 1), WMBT_OK);
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_OK); /* the refused calls left no trace */
    T_CALL(t, check_hash(t, &hash, wmbt_test_text(doc_hashes[0])));
    T_EQ(t, wmbt_chain_end_block(x, &hash), WMBT_BAD_STATE);

    config.block_tokens = 4;
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(4)), &config, &x), WMBT_OK);
    T_EQ(t, wmbt_chain_push(x, NULL, 1, &taken, &hash), WMBT_BAD_ARGUMENT);
    T_EQ(t, taken, 77);
    T_EQ(t, wmbt_chain_push(x, NULL, 0, &taken, &hash), WMBT_NEED_MORE);
    T_EQ(t, taken, 0);
    T_EQ(t, wmbt_chain_begin_block(x, 3), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_chain_begin_block(x, 4), WMBT_OK); /* a push continues what begin_block began */
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
    T_CALL(t, check_hash(t, &hash, wmbt_test_text(doc_hashes[0])));
}

/* After 2^32 - 1 blocks there is no further one. The number stands in the state at byte 12, which
 * wmbt_chain_blocks() confirms. */
static void check_block_count(wmbt_test *t, uint32_t block)
{
    static const uint8_t fingerprint[32] = {7};
    static const uint32_t tokens[16] = {5};
    wmbt_chain_config config =
        core_config(wmbt_view_of(NULL, 0), wmbt_view_of(fingerprint, 32), block);
    wmbt_chain *x;
    wmbt_test_reset(t);
    uint32_t *memory = (uint32_t *)(void *)wmbt_test_alloc(t, WMBT_CHAIN_BYTES(16));
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(16)), &config, &x), WMBT_OK);
    size_t taken = 77;
    wmbt_block_hash hash;
    memory[3] = UINT32_MAX - 1u;
    T_EQ(t, wmbt_chain_blocks(x), UINT32_MAX - 1u);
    T_EQ(t, wmbt_chain_push(x, tokens, block, &taken, &hash), WMBT_OK);
    T_EQ(t, wmbt_chain_blocks(x), UINT32_MAX);
    taken = 77;
    wmbt_bytes_fill(hash.bytes, 0xEE, 32);
    T_EQ(t, wmbt_chain_begin_block(x, block), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_chain_push(x, tokens, block, &taken, &hash), WMBT_TOO_LARGE);
    T_CHECK(t, taken == 77 && hash.bytes[0] == 0xEE);
    wmbt_chain_reset(x);
    T_EQ(t, wmbt_chain_push(x, tokens, block, &taken, &hash), WMBT_OK);
}

static void test_block_count(wmbt_test *t)
{
    T_CALL(t, check_block_count(t, 1));
    T_CALL(t, check_block_count(t, 16)); /* in one go, where a machine can */
}

/* A byte copy in the middle of a block goes on by itself. */
static void test_clone(wmbt_test *t)
{
    static const uint32_t tokens[] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t fingerprint[32];
    wmbt_bytes_fill(fingerprint, 7, sizeof fingerprint);
    wmbt_chain_config config =
        core_config(WMBT_VIEW_LITERAL("tenant-a"), wmbt_view_of(fingerprint, 32), 4);
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(4));
    uint8_t *copy = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(4));
    wmbt_chain *x;
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(4)), &config, &x), WMBT_OK);
    size_t taken;
    wmbt_block_hash hash;
    T_EQ(t, wmbt_chain_push(x, tokens, 4, &taken, &hash), WMBT_OK);
    T_EQ(t, wmbt_chain_push(x, tokens + 4, 2, &taken, &hash), WMBT_NEED_MORE);
    wmbt_bytes_copy(copy, memory, WMBT_CHAIN_BYTES(4));
    wmbt_bytes_fill(memory, 0, WMBT_CHAIN_BYTES(4));
    x = (wmbt_chain *)(void *)copy;
    T_EQ(t, wmbt_chain_push(x, tokens + 6, 2, &taken, &hash), WMBT_OK);
    T_CALL(t, check_hash(t, &hash, wmbt_test_text(doc_hashes[1])));
}

/* --- failures of peers (docs/FAILURES.md) ----------------------------------------------------- */

#define FAILURE_TOKENS 128u

static void hash_block(wmbt_test *t, const wmbt_chain_config *config,
                       const uint32_t tokens[FAILURE_TOKENS], wmbt_block_hash *hash)
{
    wmbt_test_reset(t);
    wmbt_chain *x;
    size_t taken;
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(FAILURE_TOKENS));
    wmbt_buf buf = wmbt_buf_of(memory, WMBT_CHAIN_BYTES(FAILURE_TOKENS));
    T_EQ(t, wmbt_chain_init(buf, config, &x), WMBT_OK);
    T_EQ(t, wmbt_chain_push(x, tokens, FAILURE_TOKENS, &taken, hash), WMBT_OK);
}

/* Two blocks that a weaker hash takes for the same have two hashes, in both dialects. */
static void check_differ(wmbt_test *t, const uint32_t a[FAILURE_TOKENS],
                         const uint32_t b[FAILURE_TOKENS])
{
    static const uint8_t fingerprint[32] = {7};
    wmbt_chain_config config[2] = {
        core_config(WMBT_VIEW_LITERAL("t"), wmbt_view_of(fingerprint, 32), FAILURE_TOKENS),
        ds4_config(WMBT_VIEW_LITERAL("abcdef0123456789abcdef01"), 2, FAILURE_TOKENS)};
    for (size_t i = 0; i < 2; i++) {
        wmbt_block_hash hash_a, hash_b;
        T_CALL(t, hash_block(t, &config[i], a, &hash_a));
        T_CALL(t, hash_block(t, &config[i], b, &hash_b));
        T_CHECK(t, !wmbt_block_hash_equal(&hash_a, &hash_b));
    }
}

static void fill_tokens(uint32_t a[FAILURE_TOKENS], uint32_t b[FAILURE_TOKENS])
{
    for (uint32_t i = 0; i < FAILURE_TOKENS; i++) {
        a[i] = b[i] = 1000 + 37 * i;
    }
}

/* What Python makes of a number that is no larger than this: itself, but -1 becomes -2. */
static int32_t python_hash(uint32_t token)
{
    int32_t v = token <= INT32_MAX ? (int32_t)token : -(int32_t)(UINT32_MAX - token) - 1;
    return v == -1 ? -2 : v;
}

static void test_failure_1(wmbt_test *t)
{
    uint32_t a[FAILURE_TOKENS], b[FAILURE_TOKENS];
    fill_tokens(a, b);
    a[5] = UINT32_MAX;
    b[5] = UINT32_MAX - 1;
    for (uint32_t i = 0; i < FAILURE_TOKENS; i++) {
        T_EQ(t, python_hash(a[i]), python_hash(b[i]));
    }
    T_CALL(t, check_differ(t, a, b));
}

#if WMBT_CFG_ZSTD
static uint64_t xxh64_of(const uint32_t tokens[FAILURE_TOKENS])
{
    uint8_t bytes[4 * FAILURE_TOKENS];
    for (uint32_t i = 0; i < FAILURE_TOKENS; i++) {
        wmbt_store_le32(bytes + 4 * i, tokens[i]);
    }
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, 0);
    wmbt_xxh64_update(&x, wmbt_view_of(bytes, sizeof bytes));
    return wmbt_xxh64_final(&x);
}

/* XXH64 takes eight bytes into a sum of 64 bits: sum' = rotate(sum + bytes x P2, 31) x P1. Another
 * top bit of the bytes is another top bit of the sum, becomes bit 30, and ends as 2^30 x P1 more or
 * less, which the sum's next eight bytes undo. Which of both depends on the seed; every second seed
 * is met. */
static void test_failure_2(wmbt_test *t)
{
    const uint64_t p1 = UINT64_C(0x9E3779B185EBCA87), p2 = UINT64_C(0xC2B2AE3D27D4EB4F);
    uint64_t inverse = p2; /* of p2, right in 3 bits; each step doubles them */
    for (unsigned i = 0; i < 5; i++) {
        inverse *= 2 - p2 * inverse;
    }
    T_CHECK(t, inverse * p2 == 1);
    uint32_t a[FAILURE_TOKENS], b[FAILURE_TOKENS];
    unsigned met = 0;
    for (unsigned less = 0; less < 2; less++) {
        fill_tokens(a, b);
        b[1] ^= UINT32_C(0x80000000);
        uint64_t undo = (p1 << 30) * inverse; /* 32 bytes on: tokens 8 and 9 */
        uint64_t next = ((uint64_t)a[9] << 32 | a[8]) + (less != 0 ? undo : 0 - undo);
        b[8] = (uint32_t)next;
        b[9] = (uint32_t)(next >> 32);
        met += xxh64_of(a) == xxh64_of(b) ? 1u : 0u;
        T_CALL(t, check_differ(t, a, b));
    }
    T_EQ(t, met, 1);
}
#endif

static void test_failure_3(wmbt_test *t)
{
    uint32_t a[FAILURE_TOKENS], b[FAILURE_TOKENS], sum_a = 0, sum_b = 0;
    fill_tokens(a, b);
    b[60] += 1;
    b[61] -= 31;
    for (uint32_t i = 0; i < FAILURE_TOKENS; i++) {
        sum_a = sum_a * 31 + a[i];
        sum_b = sum_b * 31 + b[i];
    }
    T_EQ(t, sum_a, sum_b);
    T_CALL(t, check_differ(t, a, b));
}

static void test_failure_17(wmbt_test *t)
{
    uint32_t a[FAILURE_TOKENS], b[FAILURE_TOKENS];
    fill_tokens(a, b);
    wmbt_block_hash core, ds4;
    wmbt_view name = WMBT_VIEW_LITERAL("0123456789abcdef0123456789abcdef");
    wmbt_chain_config config = core_config(wmbt_view_of(NULL, 0), name, FAILURE_TOKENS);
    T_CALL(t, hash_block(t, &config, a, &core));
    config.dialect = WMBT_CHAIN_DS4; /* nothing else changes */
    T_CALL(t, hash_block(t, &config, a, &ds4));
    T_CHECK(t, !wmbt_block_hash_equal(&core, &ds4));
    for (uint32_t dialect = 0; dialect < 4; dialect += 3) { /* there is no default */
        wmbt_test_reset(t);
        wmbt_chain *x;
        uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(FAILURE_TOKENS));
        config.dialect = dialect;
        T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(FAILURE_TOKENS)), &config, &x),
             WMBT_BAD_ARGUMENT);
    }
}

/* --- several chains at once ------------------------------------------------------------------- */

#define MANY_MOST 33
#define MANY_TOKENS 320
#define MANY_BYTES WMBT_CHAIN_BYTES(MANY_TOKENS)

/* A chain of one of eleven kinds: dialect, size of blocks and what was done with it. */
static wmbt_chain *many_chain(wmbt_test *t, uint8_t *memory, size_t kind, const uint32_t *tokens)
{
    static const uint8_t fingerprint[32] = {7};
    static const uint32_t sizes[] = {128, 128, 128, 16, 1, 240, 241, 320, 128, 0, 128};
    wmbt_chain_config config =
        core_config(WMBT_VIEW_LITERAL("many"), wmbt_view_of(fingerprint, 32), sizes[kind]);
    if (kind == 1u || kind == 8u) {
        config = ds4_config(WMBT_VIEW_LITERAL("many"), 4, 128);
    }
    wmbt_chain *x = NULL;
    wmbt_block_hash hash;
    size_t taken = 0;
    T_ALSO(t, wmbt_chain_init(wmbt_buf_of(memory, MANY_BYTES), &config, &x) == WMBT_OK, "init");
    if (t->failed) {
        return NULL;
    }
    if (kind == 2u) { /* begun by push */
        T_ALSO(t, wmbt_chain_push(x, tokens, 5, &taken, &hash) == WMBT_NEED_MORE, "begun");
    } else if (kind == 8u) { /* the last but one, by push, and then the last */
        for (uint32_t i = 0; i < WMBT_CHAIN_DS4_MAX_BLOCKS - 1u; i++) {
            T_ALSO(t, wmbt_chain_push(x, tokens, 128, &taken, &hash) == WMBT_OK, "ds4");
        }
    } else if (kind == 10u) { /* announced, all tokens but one */
        T_ALSO(t, wmbt_chain_begin_block(x, 128) == WMBT_OK, "announced");
        T_ALSO(t, wmbt_chain_add(x, tokens, 127) == WMBT_OK, "announced");
    }
    return x;
}

/* The same by announcing and adding, which never takes a block in one go; false if it cannot. */
static bool many_streamed(wmbt_test *t, const uint8_t *memory, const uint32_t *tokens,
                          uint32_t count, wmbt_block_hash *hash)
{
    static uint64_t copy[MANY_BYTES / 8u];
    wmbt_test_copy((uint8_t *)copy, memory, MANY_BYTES);
    wmbt_chain *x = (wmbt_chain *)(void *)copy;
    if (wmbt_chain_begin_block(x, count) != WMBT_OK) {
        return false;
    }
    T_ALSO(t, wmbt_chain_add(x, tokens, count / 2u) == WMBT_OK, "first half");
    T_ALSO(t, wmbt_chain_add(x, tokens + count / 2u, count - count / 2u) == WMBT_OK, "the rest");
    T_ALSO(t, wmbt_chain_end_block(x, hash) == WMBT_OK, "end");
    return true;
}

/* Two rounds with n chains of the kinds first, first + step, ... */
static void many_round(wmbt_test *t, size_t n, size_t first, size_t step, const uint32_t *tokens)
{
    static const uint32_t counts[] = {128, 300, 128, 320, 1, 320, 320, 320, 128, 16, 9};
    uint8_t *together = wmbt_test_alloc(t, n * MANY_BYTES);
    uint8_t *alone = wmbt_test_alloc(t, n * MANY_BYTES);
    wmbt_chain_step *steps = (wmbt_chain_step *)(void *)wmbt_test_alloc(t, n * sizeof *steps);
    T_CHECK(t, together != NULL && alone != NULL && steps != NULL);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < n; i++) {
            size_t kind = (first + i * step) % 11u;
            if (round == 0) {
                steps[i].chain = many_chain(t, together + i * MANY_BYTES, kind, tokens);
                T_CALL(t, (void)many_chain(t, alone + i * MANY_BYTES, kind, tokens));
            }
            steps[i].tokens = tokens + i;
            steps[i].count = round == 2 ? i % 4u : counts[kind];
            steps[i].taken = 77;
            steps[i].status = WMBT_BAD_TAG;
            wmbt_test_fill(&steps[i].hash, sizeof steps[i].hash);
            if (round == 2 && i % 5u == 4u) { /* NULL, with a count or without */
                steps[i].tokens = NULL;
            }
        }
        wmbt_chain_push_many(steps, n);
        for (size_t i = 0; i < n; i++) {
            wmbt_chain *x = (wmbt_chain *)(void *)(alone + i * MANY_BYTES);
            wmbt_block_hash hash, streamed;
            size_t taken = 77;
            wmbt_test_fill(&hash, sizeof hash);
            uint32_t size = steps[i].status == WMBT_OK ? (uint32_t)steps[i].taken : 0u;
            bool whole = size != 0u && steps[i].tokens != NULL &&
                         many_streamed(t, alone + i * MANY_BYTES, steps[i].tokens, size, &streamed);
            T_EQ(t, wmbt_chain_push(x, steps[i].tokens, steps[i].count, &taken, &hash),
                 steps[i].status);
            T_EQ(t, steps[i].taken, taken);
            T_BYTES(t, steps[i].hash.bytes, hash.bytes, sizeof hash);
            T_CHECK(t, !whole || wmbt_test_same(streamed.bytes, hash.bytes, sizeof hash));
            T_EQ(t, wmbt_chain_blocks(steps[i].chain), wmbt_chain_blocks(x));
        }
    }
}

static void test_many(wmbt_test *t)
{
    uint32_t *tokens = (uint32_t *)(void *)wmbt_test_alloc(t, 4u * (MANY_TOKENS + MANY_MOST));
    T_CHECK(t, tokens != NULL);
    uint32_t seed = 5;
    for (size_t i = 0; i < MANY_TOKENS + MANY_MOST; i++) {
        tokens[i] = wmbt_test_random(&seed);
    }
    size_t kept = t->arena_used;
    wmbt_chain_push_many(NULL, 0);
    for (size_t n = 1; n <= T_MANY(MANY_MOST, 6); n++) {
        for (size_t kind = 0; kind < 11u; kind++) {
            t->arena_used = kept;
            T_CALL(t, many_round(t, n, kind, 0, tokens)); /* all alike */
        }
        t->arena_used = kept;
        T_CALL(t, many_round(t, n, 0, 1, tokens)); /* all kinds in turn */
    }
}

/* Two blocks of a size by push and by one step of many are what adding makes of them, with the
 * tokens at the end of memory. */
static void check_size(wmbt_test *t, wmbt_chain_config *config, uint32_t n)
{
    static uint64_t memory[3][MANY_BYTES / 8u];
    uint8_t *tokens = t->arena.data + t->arena.len - 4u * (size_t)n;
    const uint32_t *given = (const uint32_t *)(const void *)tokens;
    wmbt_chain *x[3];
    wmbt_chain_step step;
    config->block_tokens = n;
    for (size_t i = 0; i < 3; i++) {
        T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory[i], MANY_BYTES), config, &x[i]), WMBT_OK);
    }
    for (uint32_t i = 0; i < 4u * n; i++) {
        tokens[i] = (uint8_t)(7u * i + n);
    }
    for (size_t block = 0; block < 2; block++) {
        wmbt_block_hash pushed, added;
        size_t taken = 77;
        step.chain = x[1];
        step.tokens = NULL; /* against the contract */
        step.count = n;
        wmbt_chain_push_many(&step, 1);
        T_EQ(t, step.status, WMBT_BAD_ARGUMENT);
        step.tokens = given;
        wmbt_chain_push_many(&step, 1);
        T_CHECK(t, step.status == WMBT_OK && step.taken == n);
        T_EQ(t, wmbt_chain_push(x[0], given, n, &taken, &pushed), WMBT_OK);
        T_EQ(t, taken, n);
        T_EQ(t, wmbt_chain_begin_block(x[2], n), WMBT_OK);
        T_EQ(t, wmbt_chain_add(x[2], given, 1), WMBT_OK);
        T_EQ(t, wmbt_chain_add(x[2], given + 1, n - 1u), WMBT_OK);
        T_EQ(t, wmbt_chain_end_block(x[2], &added), WMBT_OK);
        T_BYTES(t, pushed.bytes, added.bytes, WMBT_BLOCK_HASH_BYTES);
        T_BYTES(t, step.hash.bytes, added.bytes, WMBT_BLOCK_HASH_BYTES);
    }
}

static void test_every_size(wmbt_test *t)
{
    static const uint8_t fingerprint[32] = {7};
    for (uint32_t n = 1; n <= MANY_TOKENS; n += n < 20u || n > T_MANY(200u, 235u) ? 1u : 20u) {
        wmbt_chain_config core =
            core_config(WMBT_VIEW_LITERAL("size"), wmbt_view_of(fingerprint, 32), n);
        T_CALL(t, check_size(t, &core, n));
        if (n % WMBT_CHAIN_DS4_BLOCK_STEP == 0) {
            wmbt_chain_config ds4 = ds4_config(WMBT_VIEW_LITERAL("size"), 4, n);
            T_CALL(t, check_size(t, &ds4, n));
        }
    }
}

static const wmbt_case cases[] = {
    {"core: golden chains", test_golden_core, 8192, CORE_CHAIN},
    {"core: every split of ten tokens", test_every_split, 256, NULL},
    {"ds4: the example, every cut", test_ds4_example, 256, NULL},
    {"failure 19: ds4's hashes are the engine's, for all golden prompts", test_golden_prompts, 256,
     PROMPTS " golden/bucket/prompts/"},
    {"ds4: 512 blocks and no more", test_ds4_stops_at_512_blocks, 256, NULL},
    {"several at once are several one by one", test_many, 2 * MANY_MOST *MANY_BYTES + 12000, NULL},
    {"blocks of every size in one go", test_every_size, 4 * MANY_TOKENS, NULL},
    {"names of dialects", test_names, 0, NULL},
    {"configuration: core", test_config_core, 1024, NULL},
    {"configuration: ds4", test_config_ds4, 512, NULL},
    {"memory: size and alignment", test_memory, 1024, NULL},
    {"room for blocks and tenants", test_room, 5120, NULL},
    {"states, and refused calls leave no trace", test_states, 256, NULL},
    {"2^32 - 1 blocks and no more", test_block_count, 256, NULL},
    {"clone", test_clone, 512, NULL},
    {"failure 1: tokens that are one to Python's hash", test_failure_1, 512, NULL},
#if WMBT_CFG_ZSTD
    {"failure 2: a collision of XXH64 on purpose", test_failure_2, 512, NULL},
#endif
    {"failure 3: a collision of a rolling hash", test_failure_3, 512, NULL},
    {"failure 17: dialects share no hash, and none is the default", test_failure_17, 512, NULL},
};
WMBT_SUITE(chain, cases);
