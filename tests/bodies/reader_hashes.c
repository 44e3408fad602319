/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: what it does from hashes, with plain objects only. The suite needs neither chain nor
 * BLAKE3, so it is also run where both are left out (WMBT_CFG_READER_TOKENS 0).
 */
#include "../support/objects.h"
#include "../support/test.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/reader.h"

#define SHAPE (&wmbt_test_shape)
#define BLOCK_TOKENS 8u
#define BLOCKS 3u
#define TOKENS (BLOCKS * BLOCK_TOKENS + 2u)
#define MAX_BYTES 1024u
#define PLACES (4u * WMBT_EXTENT_KINDS)

static const uint8_t fingerprint[32] = {7};

/* A prompt's blocks, its tail, and where their rows go. */
typedef struct bed {
    uint8_t object[BLOCKS + 1u][MAX_BYTES]; /* the last is the tail */
    size_t len[BLOCKS + 1u];
    wmbt_reader_place places[PLACES];
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    wmbt_reader *r;
} bed;

static void make_objects(wmbt_test *t, bed *b)
{
    uint32_t state = 5;
    for (uint32_t i = 0; i <= BLOCKS; i++) {
        for (uint32_t k = 0; k < MAX_BYTES; k++) {
            b->object[i][k] = (uint8_t)(wmbt_test_random(&state) >> 7);
        }
        wmbt_buf room = wmbt_buf_of(b->object[i], MAX_BYTES);
        if (i < BLOCKS) {
            T_EQ(t, wmbt_kvblock_seal(room, SHAPE, BLOCK_TOKENS, i, &b->len[i]), WMBT_OK);
        } else {
            T_EQ(t,
                 wmbt_rawtail_seal(room, SHAPE, TOKENS, SHAPE->window, BLOCKS * BLOCK_TOKENS,
                                   &b->len[i]),
                 WMBT_OK);
        }
    }
}

/* A reader of a prompt without input, whose rows go to memory if it has no more than BLOCKS. */
static bed *make(wmbt_test *t, uint32_t max_blocks, uint32_t block_tokens)
{
    bed *b = (bed *)(void *)wmbt_test_alloc(t, sizeof *b);
    size_t size = WMBT_READER_BYTES(max_blocks, 1);
    uint8_t *memory = wmbt_test_alloc(t, size);
    if (b == NULL || memory == NULL) {
        return NULL;
    }
    b->config.shape = SHAPE;
    b->config.max_blocks = max_blocks;
    b->config.in_flight = 1;
    b->config.max_object_bytes = MAX_BYTES;
    uint64_t at = 0;
    for (uint32_t i = 0; max_blocks == BLOCKS && i < PLACES; i++) {
        b->places[i].offset = at;
        b->places[i].wanted = 1;
        at += wmbt_reader_place_bytes(&b->config, block_tokens, i / WMBT_EXTENT_KINDS,
                                      i % WMBT_EXTENT_KINDS);
    }
    b->config.memory = wmbt_buf_of(wmbt_test_alloc(t, (size_t)at), (size_t)at);
    b->config.places = max_blocks == BLOCKS ? b->places : NULL;
    b->prompt.chain.dialect = WMBT_CHAIN_CORE;
    b->prompt.chain.block_tokens = block_tokens;
    b->prompt.chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    b->prompt.prefix = WMBT_VIEW_LITERAL("kv/t");
    b->prompt.flags = WMBT_READER_TRUST_TAIL;
    bool good = b->config.memory.data != NULL &&
                wmbt_reader_init(wmbt_buf_of(memory, size), &b->config, 1, &b->r) == WMBT_OK;
    return good ? b : NULL;
}

static wmbt_block_hash hash_of(uint32_t block)
{
    wmbt_block_hash hash = {{0}};
    hash.bytes[0] = (uint8_t)block;
    hash.bytes[1] = (uint8_t)(block >> 8);
    hash.bytes[31] = 0xA5;
    return hash;
}

static void give_hashes(wmbt_test *t, bed *b, uint32_t blocks, uint32_t tokens)
{
    for (uint32_t i = 0; i < blocks; i++) {
        wmbt_block_hash hash = hash_of(i);
        T_EQ(t, wmbt_reader_hash(b->r, &hash), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_end(b->r, tokens), WMBT_OK);
}

/* The key of a want has its block's hash in hex, two digits of which are looked at. */
static void check_key(wmbt_test *t, bed *b, const wmbt_want *want, uint32_t block)
{
    uint8_t key[256];
    size_t len = 0;
    T_EQ(t, wmbt_reader_want_key(b->r, want, wmbt_buf_of(key, sizeof key), &len), WMBT_OK);
    bool found = false;
    for (size_t i = 0; i + 4u <= len; i++) {
        found = found || (key[i] == '0' && key[i + 1u] == "0123456789abcdef"[block & 15u] &&
                          key[i + 2u] == '0' && key[i + 3u] == '0');
    }
    T_CHECK(t, found);
}

/* Answers wants until all is settled. The objects come in pieces of so many bytes, from the last to
 * the first. Returns the status that the last object got. */
static wmbt_status run(wmbt_test *t, bed *b, uint32_t piece)
{
    wmbt_want want;
    wmbt_status status = WMBT_OK, next;
    while ((next = wmbt_reader_next_want(b->r, &want)) == WMBT_OK && !t->failed) {
        bool tail = want.object == WMBT_READER_TAIL;
        uint32_t i = tail ? BLOCKS : want.object;
        if (want.kind == WMBT_WANT_OBJECT) {
            check_key(t, b, &want, tail ? BLOCKS - 1u : i);
            status = wmbt_reader_found(b->r, &want, b->len[i]);
        }
        uint32_t most = (uint32_t)b->len[i] - want.offset;
        uint32_t left = want.bytes < most ? want.bytes : most;
        for (status = WMBT_NEED_MORE; left != 0u && status == WMBT_NEED_MORE;) {
            uint32_t n = want.kind == WMBT_WANT_OBJECT || left < piece ? left : piece;
            size_t taken = 0;
            left -= n;
            status = wmbt_reader_feed(b->r, &want, want.offset + left,
                                      wmbt_view_of(b->object[i] + want.offset + left, n), &taken);
        }
        if (status == WMBT_NEED_MORE) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a want that got its bytes is over");
        }
    }
    if (next != WMBT_END) {
        wmbt_test_fail(t, __FILE__, __LINE__, "all is settled");
    }
    return status;
}

/* Every row of an object lies where its place says. */
static void check_rows(wmbt_test *t, const bed *b, uint32_t object)
{
    uint32_t i = object == WMBT_READER_TAIL ? BLOCKS : object;
    wmbt_piece piece;
    uint32_t at = 0, rows = 0;
    while (wmbt_reader_piece(b->r, object, at, NULL, &piece) == WMBT_OK) {
        T_EQ(t, piece.trust, WMBT_TRUST_USABLE);
        if (piece.has_place != 0u) {
            T_CHECK(t, wmbt_test_same(b->config.memory.data + (size_t)piece.place,
                                      b->object[i] + at, piece.bytes));
            rows += piece.bytes;
        }
        at += piece.bytes;
    }
    T_EQ(t, at, b->len[i]);
    T_CHECK(t, rows != 0u);
}

static void test_restore(wmbt_test *t)
{
    for (uint32_t piece = 1; piece < 300u; piece += piece < 40u ? 1u : 13u) {
        wmbt_test_reset(t);
        bed *b = make(t, BLOCKS, BLOCK_TOKENS);
        T_CHECK(t, b != NULL);
        T_CALL(t, make_objects(t, b));
        T_EQ(t, wmbt_reader_start(b->r, &b->prompt), WMBT_OK);
        T_CALL(t, give_hashes(t, b, BLOCKS, TOKENS));
        T_EQ(t, run(t, b, piece), WMBT_END);
        wmbt_plan plan;
        T_EQ(t, wmbt_reader_plan(b->r, &plan), WMBT_OK);
        T_CHECK(t, plan.load_blocks == BLOCKS && plan.load_tail == 1u && plan.logits_only == 1u);
        for (uint32_t i = 0; i < BLOCKS; i++) {
            T_CALL(t, check_rows(t, b, i));
        }
        T_CALL(t, check_rows(t, b, WMBT_READER_TAIL));
    }
}

/* One bit of an object, and it and what is behind it is not used. */
static void test_damage(wmbt_test *t)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        for (uint32_t bit = 0; bit < 144u * 8u; bit += T_MANY(1u, 7u)) {
            wmbt_test_reset(t);
            bed *b = make(t, BLOCKS, BLOCK_TOKENS);
            T_CHECK(t, b != NULL);
            T_CALL(t, make_objects(t, b));
            b->object[i][bit / 8u] ^= (uint8_t)(1u << (bit & 7u));
            b->prompt.flags |= WMBT_READER_NO_TAIL;
            T_EQ(t, wmbt_reader_start(b->r, &b->prompt), WMBT_OK);
            T_CALL(t, give_hashes(t, b, BLOCKS, TOKENS));
            T_CHECK(t, wmbt_status_is_error(run(t, b, 1000)));
            T_EQ(t, wmbt_reader_usable_blocks(b->r), i);
        }
    }
}

/* What block 0 gets for its first bytes: ok if more of it is to come. */
static wmbt_status header_says(bed *b, const char *text, size_t len)
{
    wmbt_want want;
    size_t taken = 0;
    wmbt_block_hash hash = hash_of(0);
    if (wmbt_reader_start(b->r, &b->prompt) != WMBT_OK ||
        wmbt_reader_hash(b->r, &hash) != WMBT_OK || wmbt_reader_next_want(b->r, &want) != WMBT_OK ||
        wmbt_reader_found(b->r, &want, len) != WMBT_NEED_MORE) {
        return WMBT_BAD_STATE;
    }
    return wmbt_reader_feed(b->r, &want, 0, wmbt_view_of((const uint8_t *)text, len), &taken);
}

/* A wrapper and a manifest, also a damaged one: to be collected, or of no algorithm that there is.
 * What only looks like a mark is a damaged block. */
static void test_collected(wmbt_test *t)
{
    static const char manifest[] = "WMBT_KV_SHM_LARGE_V1\n"
                                   "00000000000000000000000000000000"
                                   "00000000000000000000000000000000\n144\n1\n";
    static const char wrapper[139] = {'W', 'B', 'Z', '1', 0, 3, (char)129};
    static const char other[] = "WMBT_KV_SHM_LARGE_V2\n0000000";
    const wmbt_status good = WMBT_CFG_READER_COLLECT ? WMBT_OK : WMBT_UNSUPPORTED_ALGORITHM;
    bed *b = make(t, BLOCKS, BLOCK_TOKENS);
    T_CHECK(t, b != NULL);
    T_EQ(t, header_says(b, manifest, sizeof manifest - 1u), good);
    T_EQ(t, header_says(b, wrapper, sizeof wrapper), good);
    T_EQ(t, header_says(b, manifest, 21),
         WMBT_CFG_READER_COLLECT ? WMBT_TRUNCATED : WMBT_UNSUPPORTED_ALGORITHM);
    T_EQ(t, header_says(b, manifest, 20), WMBT_TRUNCATED); /* less than a mark, or a header */
    T_EQ(t, header_says(b, other, sizeof other - 1u), WMBT_BAD_MAGIC);
}

/* What the dialect says: which blocks there are at most, in every configuration. */
static void test_dialects(wmbt_test *t)
{
    static const uint32_t bad[] = {0, WMBT_CHAIN_ENGINE, 4, 77, UINT32_MAX};
    for (uint32_t dialect = WMBT_CHAIN_CORE; dialect <= WMBT_CHAIN_DS4; dialect++) {
        wmbt_test_reset(t);
        bed *b = make(t, 520, 128);
        T_CHECK(t, b != NULL);
        for (uint32_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
            b->prompt.chain.dialect = bad[i];
            T_EQ(t, wmbt_reader_start(b->r, &b->prompt), WMBT_BAD_ARGUMENT);
        }
        b->prompt.chain.dialect = dialect;
        if (dialect == WMBT_CHAIN_DS4) {
            b->prompt.chain.fingerprint = WMBT_VIEW_LITERAL("fingerprint");
            b->prompt.chain.quant_bits = 2;
        }
        T_EQ(t, wmbt_reader_start(b->r, &b->prompt), WMBT_OK);
        uint32_t most = dialect == WMBT_CHAIN_DS4 ? WMBT_CHAIN_DS4_MAX_BLOCKS : 520u;
        for (uint32_t i = 0; i < most; i++) {
            wmbt_block_hash hash = hash_of(i);
            T_EQ(t, wmbt_reader_hash(b->r, &hash), WMBT_OK);
        }
        wmbt_block_hash hash = hash_of(most);
        T_EQ(t, wmbt_reader_hash(b->r, &hash), WMBT_FULL);
        T_EQ(t, wmbt_reader_blocks(b->r), most);
    }
}

/* An identity is the chain's business: without one, none is looked at. */
static void test_identity(wmbt_test *t)
{
    bed *b = make(t, BLOCKS, BLOCK_TOKENS);
    T_CHECK(t, b != NULL);
    b->prompt.chain.fingerprint.len = 31;
    T_EQ(t, wmbt_reader_start(b->r, &b->prompt),
         WMBT_CFG_READER_TOKENS ? WMBT_BAD_ARGUMENT : WMBT_OK);
    b->prompt.chain.fingerprint.len = 32;
    b->prompt.chain.block_tokens = 0;
    T_EQ(t, wmbt_reader_start(b->r, &b->prompt), WMBT_BAD_ARGUMENT);
}

/* A reader takes what its macro says, not a byte less; a block is 44 of them, rounded up to 8. */
static void test_memory(wmbt_test *t)
{
    bed *b = make(t, BLOCKS, BLOCK_TOKENS);
    T_CHECK(t, b != NULL);
    T_CHECK(t, WMBT_READER_RECORD_BYTES(1) == 48u && WMBT_READER_RECORD_BYTES(2) == 88u);
    size_t room = 24u << 10;
    uint8_t *memory = wmbt_test_alloc(t, room);
    T_CHECK(t, memory != NULL);
    wmbt_reader_config c = b->config;
    c.places = NULL;
    for (uint32_t runs = 1; runs <= WMBT_READER_MAX_RUNS; runs += 9u) {
        for (uint32_t blocks = 1; blocks < 100u; blocks += 7u) {
            c.max_blocks = blocks;
            c.in_flight = 1u + blocks % 3u;
            c.runs = runs;
            size_t bytes = 1024u + WMBT_READER_RECORD_BYTES(blocks) +
                           c.in_flight * WMBT_READER_OBJECT_BYTES(runs);
            T_EQ(t, bytes, WMBT_READER_BYTES_RUNS(blocks, c.in_flight, runs));
            for (size_t i = 0; i < room; i++) {
                memory[i] = 0x5A;
            }
            wmbt_reader *r = NULL;
            T_EQ(t, wmbt_reader_init(wmbt_buf_of(memory, bytes - 1u), &c, 1, &r),
                 WMBT_BUFFER_TOO_SMALL);
            T_EQ(t, wmbt_reader_init(wmbt_buf_of(memory, bytes), &c, 1, &r), WMBT_OK);
            T_EQ(t, wmbt_reader_start(r, &b->prompt), WMBT_OK);
            T_EQ(t, memory[bytes], 0x5A);
        }
    }
}

#define ARENA (64u << 10)

static const wmbt_case cases[] = {
    {"blocks and a tail, from hashes", test_restore, ARENA, NULL},
    {"any bit of a block", test_damage, ARENA, NULL},
    {"objects that have to be collected", test_collected, ARENA, NULL},
    {"a dialect's limit of blocks", test_dialects, ARENA, NULL},
    {"the chain's identity", test_identity, ARENA, NULL},
    {"memory", test_memory, ARENA, NULL},
};
WMBT_SUITE(reader_hashes, cases);
