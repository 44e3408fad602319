/* SPDX-License-Identifier: Apache-2.0 */
/* Hash chains over blocks of tokens. */
#include "wombatkv/chain.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"
#include "hash/blake3_pairs.h"
#include "identity/dialects/dialect.h"

#if WMBT_CFG_CHAIN

/* What is hashed before a block's tokens is at most this: ds4's 64 hex digits. */
#    define WMBT_CHAIN_HEAD_BYTES 64u

/* Where tokens must be turned into bytes, it is done in groups of a BLAKE3 block. */
#    define WMBT_CHAIN_GROUP_TOKENS 16u

WMBT_STATIC_ASSERT(sizeof(struct wmbt_chain) + WMBT_BLAKE3_BYTES(0) == WMBT_CHAIN_BYTES(0), "size");
WMBT_STATIC_ASSERT(sizeof(struct wmbt_chain) % WMBT_BLAKE3_ALIGN == 0, "the hash is aligned");
WMBT_STATIC_ASSERT(WMBT_CHAIN_ALIGN == WMBT_BLAKE3_ALIGN, "and so is the chain");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(struct wmbt_chain) <= WMBT_CHAIN_ALIGN, "alignment");
WMBT_STATIC_ASSERT(WMBT_CHAIN_HEAD_BYTES == WMBT_BLOCK_HASH_HEX_BYTES, "the longest head");

uint32_t wmbt_chain_dialect_from_name(wmbt_view name)
{
    if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("core"))) {
        return WMBT_CHAIN_CORE;
    }
    return wmbt_view_equal(name, WMBT_VIEW_LITERAL("ds4")) ? WMBT_CHAIN_DS4 : 0u;
}

const char *wmbt_chain_dialect_name(uint32_t dialect)
{
    if (dialect == WMBT_CHAIN_CORE) {
        return "core";
    }
    return dialect == WMBT_CHAIN_DS4 ? "ds4" : "unknown";
}

#    if WMBT_CFG_DIALECTS
/* What does the work of another engine's chain. */
static const wmbt_engine_calls *wmbt_chain_calls(const wmbt_chain *x)
{
    return ((const wmbt_engine *)(const void *)x)->dialect->calls;
}
#    endif

static wmbt_blake3 *wmbt_chain_hash(wmbt_chain *x)
{
    return (wmbt_blake3 *)(void *)(x + 1);
}

/* Hashes texts one after the other. */
static wmbt_status wmbt_chain_feed(wmbt_chain *x, const wmbt_view *part, size_t parts)
{
    wmbt_status status = WMBT_OK;
    for (size_t i = 0; i < parts && status == WMBT_OK; i++) {
        status = wmbt_blake3_update(wmbt_chain_hash(x), part[i]);
    }
    return status;
}

/* Hashes numbers of 32 bits, little-endian. */
static wmbt_status wmbt_chain_feed_numbers(wmbt_chain *x, const uint32_t *number, size_t count)
{
#    ifdef WMBT_UNALIGNED_U64_IS_LE /* as they stand in memory */
    return wmbt_blake3_update(wmbt_chain_hash(x), wmbt_view_of(number, 4u * count));
#    else
    wmbt_status status = WMBT_OK;
    while (count != 0u && status == WMBT_OK) {
        uint8_t bytes[4u * WMBT_CHAIN_GROUP_TOKENS];
        size_t n = count < WMBT_CHAIN_GROUP_TOKENS ? count : WMBT_CHAIN_GROUP_TOKENS;
        for (size_t i = 0; i < n; i++) {
            wmbt_store_le32(bytes + 4u * i, number[i]);
        }
        status = wmbt_blake3_update(wmbt_chain_hash(x), wmbt_view_of(bytes, 4u * n));
        number += n;
        count -= n;
    }
    return status;
#    endif
}

static wmbt_status wmbt_chain_check_core(const wmbt_chain_config *config)
{
    if (config->quant_bits != 0u || config->block_tokens > WMBT_CHAIN_MAX_BLOCK_TOKENS ||
        config->fingerprint.len != WMBT_CHAIN_CORE_FINGERPRINT_BYTES) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_text_is_utf8(config->tenant) ? WMBT_OK : WMBT_BAD_TEXT;
}

/* A seed is hashed from a mark, the tenant, the fingerprint and, for ds4, "|qBITS|ds4-v1". */
#    define WMBT_CHAIN_SEED_PARTS 4u
#    define WMBT_CHAIN_CORE_SEED "tp-seed-v1"
#    define WMBT_CHAIN_DS4_SEED "WMBTBLK1|"
#    define WMBT_CHAIN_DS4_BITS "|q"
#    define WMBT_CHAIN_DS4_LAYOUT "|ds4-v1"
#    define WMBT_CHAIN_DS4_TAIL_BYTES \
        (sizeof(WMBT_CHAIN_DS4_BITS WMBT_CHAIN_DS4_LAYOUT) + WMBT_TEXT_U64_DIGITS)

static size_t wmbt_chain_ds4_tail(uint32_t quant_bits, uint8_t tail[WMBT_CHAIN_DS4_TAIL_BYTES])
{
    size_t bits = sizeof WMBT_CHAIN_DS4_BITS - 1u, layout = sizeof WMBT_CHAIN_DS4_LAYOUT - 1u;
    wmbt_bytes_copy(tail, (const uint8_t *)WMBT_CHAIN_DS4_BITS, bits);
    bits += wmbt_text_u64(quant_bits, tail + bits);
    wmbt_bytes_copy(tail + bits, (const uint8_t *)WMBT_CHAIN_DS4_LAYOUT, layout);
    return bits + layout;
}

static wmbt_status wmbt_chain_check_ds4(const wmbt_chain_config *config, size_t tail_bytes)
{
    const wmbt_view text = config->fingerprint;
    if (config->tenant.len != 0u || text.len == 0u || config->quant_bits > INT32_MAX ||
        config->block_tokens == 0u || config->block_tokens > WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS ||
        config->block_tokens % WMBT_CHAIN_DS4_BLOCK_STEP != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    size_t around = sizeof WMBT_CHAIN_DS4_SEED - 1u + tail_bytes;
    if (text.len > WMBT_CHAIN_DS4_MAX_SEED_BYTES - around) {
        return WMBT_NOT_REPRESENTABLE;
    }
    return wmbt_text_has_nul(text) ? WMBT_BAD_TEXT : WMBT_OK;
}

/* Tokens of the largest block for which `bytes` (at least WMBT_CHAIN_BYTES(0)) have room: BLAKE3
 * takes 1 KiB without a stack, and twice as much for each 32 bytes of it. */
static uint32_t wmbt_chain_room(size_t bytes)
{
    uint32_t tokens = 1024u / 4u;
    size_t stack = bytes - WMBT_CHAIN_BYTES(0);
    while (stack >= 32u && tokens < WMBT_CHAIN_MAX_BLOCK_TOKENS) {
        tokens += tokens;
        stack -= 32u;
    }
    return tokens - WMBT_CHAIN_HEAD_BYTES / 4u;
}

/* Judges a configuration; if it is good, part[] is what its seed is hashed from. */
static wmbt_status wmbt_chain_check(const wmbt_chain_config *config,
                                    uint8_t tail[WMBT_CHAIN_DS4_TAIL_BYTES],
                                    wmbt_view part[WMBT_CHAIN_SEED_PARTS])
{
    if (wmbt_view_is_bad(config->tenant) || wmbt_view_is_bad(config->fingerprint) ||
        config->engine != NULL) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_view_set(&part[1], config->tenant);
    wmbt_view_set(&part[2], config->fingerprint);
    wmbt_view_set(&part[3], wmbt_view_of(NULL, 0));
    if (config->dialect == WMBT_CHAIN_CORE) {
        wmbt_view_set(&part[0], WMBT_VIEW_LITERAL(WMBT_CHAIN_CORE_SEED));
        return wmbt_chain_check_core(config);
    }
    if (config->dialect != WMBT_CHAIN_DS4) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_view_set(&part[0], WMBT_VIEW_LITERAL(WMBT_CHAIN_DS4_SEED));
    wmbt_view_set(&part[3], wmbt_view_of(tail, wmbt_chain_ds4_tail(config->quant_bits, tail)));
    return wmbt_chain_check_ds4(config, part[3].len);
}

wmbt_status wmbt_chain_init(wmbt_buf memory, const wmbt_chain_config *config, wmbt_chain **x)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
#    if WMBT_CFG_DIALECTS
    if (config->engine != NULL && config->dialect == WMBT_CHAIN_ENGINE &&
        config->engine->dialect != NULL) {
        return config->engine->dialect->calls->init(memory, config, x);
    }
#    endif
    uint8_t tail[WMBT_CHAIN_DS4_TAIL_BYTES];
    wmbt_view part[WMBT_CHAIN_SEED_PARTS];
    wmbt_status status = wmbt_chain_check(config, tail, part);
    if (status != WMBT_OK) {
        return status;
    }
    if (memory.len < WMBT_CHAIN_BYTES(0)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    uint32_t room_tokens = wmbt_chain_room(memory.len);
    if (room_tokens < config->block_tokens) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    const size_t before = sizeof(struct wmbt_chain);
    wmbt_blake3 *hash; /* judges the alignment of both */
    status = wmbt_blake3_init(wmbt_buf_of(memory.data + before, memory.len - before), &hash);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_chain *state = (wmbt_chain *)(void *)memory.data;
    status = wmbt_chain_feed(state, part, WMBT_CHAIN_SEED_PARTS);
    if (status != WMBT_OK) {
        return status;
    }
    state->dialect = config->dialect;
    state->block_tokens = config->block_tokens;
    state->room_tokens = room_tokens;
    wmbt_blake3_final(hash, state->seed.bytes);
    wmbt_chain_reset(state);
    *x = state;
    return WMBT_OK;
}

void wmbt_chain_reset(wmbt_chain *x)
{
    wmbt_bytes_copy(x->parent.bytes, x->seed.bytes, WMBT_BLOCK_HASH_BYTES);
    x->blocks = 0;
    x->lacking = 0;
    x->open = 0;
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE) {
        wmbt_chain_calls(x)->reset(x);
    }
#    endif
}

#    ifdef WMBT_BLAKE3_RUN

/*
 * The first 64 bytes of what is hashed for a block: of core a mark, the hash before, the tokens'
 * bytes and the first of them, of ds4 the hash before as text. They are put together in registers.
 */
#        define WMBT_CHAIN_CORE_MARK "tp-chain-v1"
#        define WMBT_CHAIN_CORE_MARK_BYTES (sizeof(WMBT_CHAIN_CORE_MARK) - 1u)
#        define WMBT_CHAIN_CORE_HEAD_BYTES (WMBT_CHAIN_CORE_MARK_BYTES + WMBT_BLOCK_HASH_BYTES + 8u)

/* Bytes of tokens among them. */
static size_t wmbt_chain_first_tokens(const wmbt_chain *x)
{
    return x->dialect == WMBT_CHAIN_DS4 ? 0u : WMBT_BLAKE3_BLOCK_BYTES - WMBT_CHAIN_CORE_HEAD_BYTES;
}

/* The eight bytes that begin `bits` bits before those of `next`, which follow those of `before`. */
static uint64_t wmbt_chain_across(uint64_t before, uint64_t next, unsigned bits)
{
    return before >> (64u - bits) | next << bits;
}

static void wmbt_chain_first_block(const wmbt_chain *x, const uint8_t *tokens,
                                   uint8_t block[WMBT_BLAKE3_BLOCK_BYTES])
{
    if (x->dialect == WMBT_CHAIN_DS4) {
        wmbt_block_hash_to_hex(&x->parent, block);
        return;
    }
    enum { PART = 8u * (WMBT_CHAIN_CORE_MARK_BYTES % 8u) }; /* bits */
    static const uint8_t mark[16] = WMBT_CHAIN_CORE_MARK;
    uint64_t part[6];
    part[0] = wmbt_load_le64(mark + 8) << (64u - PART); /* ends like a part before */
    part[5] = 4u * (uint64_t)x->block_tokens;
    for (size_t i = 0; i < 4u; i++) {
        part[1u + i] = wmbt_load_le64(x->parent.bytes + 8u * i);
    }
    uint64_t first = wmbt_load_le32(tokens) | (uint64_t)tokens[4] << 32; /* each is read once */
    wmbt_blake3_store16(block, wmbt_load_le64(mark), wmbt_chain_across(part[0], part[1], PART));
    wmbt_blake3_store16(block + 16, wmbt_chain_across(part[1], part[2], PART),
                        wmbt_chain_across(part[2], part[3], PART));
    wmbt_blake3_store16(block + 32, wmbt_chain_across(part[3], part[4], PART),
                        wmbt_chain_across(part[4], part[5], PART));
    wmbt_blake3_store16(block + 48, wmbt_chain_across(part[5], first, PART),
                        wmbt_load_le64(tokens + 8u - PART / 8u));
}

/* True if the next block can be hashed in one go: all its tokens are here, nothing of it was taken,
 * it is allowed, it fits in a chunk, and has more than the first 64 bytes. */
static bool wmbt_chain_is_whole(const wmbt_chain *x, const uint32_t *tokens, size_t count)
{
    return (x->dialect == WMBT_CHAIN_CORE || x->dialect == WMBT_CHAIN_DS4) && x->open == 0u &&
           tokens != NULL && x->block_tokens > wmbt_chain_first_tokens(x) / 4u &&
           count >= x->block_tokens &&
           x->block_tokens <= (WMBT_BLAKE3_CHUNK_BYTES - WMBT_CHAIN_HEAD_BYTES) / 4u &&
           x->blocks != UINT32_MAX &&
           (x->dialect == WMBT_CHAIN_CORE || x->blocks < WMBT_CHAIN_DS4_MAX_BLOCKS);
}

static void wmbt_chain_set_hash(wmbt_chain *x, const uint32_t digest[8], wmbt_block_hash *hash)
{
    wmbt_blake3_copy_hash(x->parent.bytes, (const uint8_t *)digest);
    wmbt_blake3_copy_hash(hash->bytes, (const uint8_t *)digest);
    x->blocks++;
}

static void wmbt_chain_whole(wmbt_chain *x, const uint32_t *tokens, wmbt_block_hash *hash)
{
    uint8_t edge[1][WMBT_BLAKE3_BLOCK_BYTES], tail[1][WMBT_BLAKE3_BLOCK_BYTES];
    uint32_t digest[1][8];
    const size_t first = wmbt_chain_first_tokens(x);
    const uint8_t *body = (const uint8_t *)tokens + first;
    wmbt_blake3_pairs pairs = {1, 4u * (size_t)x->block_tokens - first, edge, tail, &body, digest};
    wmbt_chain_first_block(x, (const uint8_t *)tokens, edge[0]);
    wmbt_blake3_hash_pairs(&pairs);
    wmbt_chain_set_hash(x, digest[0], hash);
}

/* Blocks of one shape, whole ones. */
static void wmbt_chain_whole_many(wmbt_chain_step *const step[WMBT_BLAKE3_RUN_LANES], size_t steps)
{
    uint8_t edge[WMBT_BLAKE3_RUN_LANES][WMBT_BLAKE3_BLOCK_BYTES];
    uint8_t tail[WMBT_BLAKE3_RUN_LANES][WMBT_BLAKE3_BLOCK_BYTES];
    uint32_t digest[WMBT_BLAKE3_RUN_LANES][8];
    const uint8_t *body[WMBT_BLAKE3_RUN_LANES];
    const wmbt_chain *chain = step[0]->chain;
    const size_t first = wmbt_chain_first_tokens(chain);
    const size_t body_bytes = 4u * (size_t)chain->block_tokens - first;
    wmbt_blake3_pairs pairs = {steps, body_bytes, edge, tail, body, digest};
    for (size_t i = 0; i < steps; i++) {
        const uint8_t *tokens = (const uint8_t *)step[i]->tokens;
        wmbt_chain_first_block(step[i]->chain, tokens, edge[i]);
        body[i] = tokens + first;
    }
    wmbt_blake3_hash_pairs(&pairs);
    for (size_t i = 0; i < steps; i++) {
        wmbt_chain_set_hash(step[i]->chain, digest[i], &step[i]->hash);
        step[i]->taken = chain->block_tokens;
        step[i]->status = WMBT_OK;
    }
}

#    endif

/* Hashes what comes before a block's tokens. */
static wmbt_status wmbt_chain_head(wmbt_chain *x, uint32_t tokens)
{
    wmbt_view part[2];
    if (x->dialect == WMBT_CHAIN_DS4) { /* the hash before, as text */
        uint8_t hex[WMBT_BLOCK_HASH_HEX_BYTES];
        wmbt_block_hash_to_hex(&x->parent, hex);
        wmbt_view_set(&part[0], wmbt_view_of(hex, sizeof hex));
        return wmbt_chain_feed(x, part, 1);
    }
    /* A mark, the hash before, the byte length of the tokens as a number of 64 bits. */
    uint32_t length[2];
    length[0] = tokens * 4u; /* does not overflow: tokens are at most WMBT_CHAIN_MAX_BLOCK_TOKENS */
    length[1] = 0;
    wmbt_view_set(&part[0], WMBT_VIEW_LITERAL("tp-chain-v1"));
    wmbt_view_set(&part[1], wmbt_view_of(x->parent.bytes, WMBT_BLOCK_HASH_BYTES));
    wmbt_status status = wmbt_chain_feed(x, part, 2);
    return status == WMBT_OK ? wmbt_chain_feed_numbers(x, length, 2) : status;
}

wmbt_status wmbt_chain_begin_block(wmbt_chain *x, uint32_t tokens)
{
    if (x->open != 0u) {
        return WMBT_BAD_STATE;
    }
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE) {
        return wmbt_chain_calls(x)->begin_block(x, tokens);
    }
#    endif
    if (x->block_tokens != 0u && tokens != x->block_tokens) {
        return WMBT_BAD_ARGUMENT;
    }
    if (x->dialect == WMBT_CHAIN_DS4 && x->blocks >= WMBT_CHAIN_DS4_MAX_BLOCKS) {
        return WMBT_END;
    }
    if (tokens > x->room_tokens || x->blocks == UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    wmbt_blake3_reset(wmbt_chain_hash(x));
    wmbt_status status = wmbt_chain_head(x, tokens);
    if (status != WMBT_OK) {
        return status;
    }
    x->lacking = tokens;
    x->open = 1;
    return WMBT_OK;
}

wmbt_status wmbt_chain_add(wmbt_chain *x, const uint32_t *tokens, size_t count)
{
    if (x->open == 0u) {
        return WMBT_BAD_STATE;
    }
    if ((tokens == NULL && count != 0u) || count > x->lacking) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = WMBT_OK;
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE) {
        wmbt_chain_calls(x)->add(x, tokens, count);
    } else
#    endif
    {
        status = wmbt_chain_feed_numbers(x, tokens, count);
    }
    if (status == WMBT_OK) {
        x->lacking -= (uint32_t)count;
    }
    return status;
}

wmbt_status wmbt_chain_end_block(wmbt_chain *x, wmbt_block_hash *hash)
{
    if (x->open == 0u || x->lacking != 0u) {
        return WMBT_BAD_STATE;
    }
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE) {
        wmbt_status status = wmbt_chain_calls(x)->end_block(x, hash);
        if (status != WMBT_OK) {
            return status;
        }
    } else
#    endif
    {
        wmbt_blake3_final(wmbt_chain_hash(x), x->parent.bytes);
        wmbt_bytes_copy(hash->bytes, x->parent.bytes, WMBT_BLOCK_HASH_BYTES);
    }
    x->blocks++;
    x->open = 0;
    return WMBT_OK;
}

wmbt_status wmbt_chain_push(wmbt_chain *x, const uint32_t *tokens, size_t count, size_t *taken,
                            wmbt_block_hash *hash)
{
    if (x->block_tokens == 0u) {
        return WMBT_BAD_STATE;
    }
    if (tokens == NULL && count != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE && wmbt_chain_calls(x)->push != NULL) {
        return wmbt_chain_calls(x)->push(x, tokens, count, taken, hash);
    }
#    endif
#    ifdef WMBT_BLAKE3_RUN
    if (wmbt_chain_is_whole(x, tokens, count)) {
        *taken = x->block_tokens;
        wmbt_chain_whole(x, tokens, hash);
        return WMBT_OK;
    }
#    endif
    wmbt_status status;
    if (x->open == 0u && count != 0u) {
        status = wmbt_chain_begin_block(x, x->block_tokens);
        if (status == WMBT_END) {
            *taken = 0;
        }
        if (status != WMBT_OK) {
            return status;
        }
    }
    size_t n = count < x->lacking ? count : x->lacking;
    if (n != 0u) {
        status = wmbt_chain_add(x, tokens, n);
        if (status != WMBT_OK) {
            return status;
        }
    }
    *taken = n;
    return x->open != 0u && x->lacking == 0u ? wmbt_chain_end_block(x, hash) : WMBT_NEED_MORE;
}

static void wmbt_chain_push_step(wmbt_chain_step *step)
{
    step->status =
        wmbt_chain_push(step->chain, step->tokens, step->count, &step->taken, &step->hash);
}

void wmbt_chain_push_many(wmbt_chain_step *step, size_t steps)
{
#    ifdef WMBT_BLAKE3_RUN
    wmbt_chain_step *waiting[WMBT_BLAKE3_RUN_LANES];
    size_t count = 0;
    for (size_t i = 0; i < steps; i++) {
        const wmbt_chain *x = step[i].chain;
        if (!wmbt_chain_is_whole(x, step[i].tokens, step[i].count)) {
            wmbt_chain_push_step(&step[i]);
            continue;
        }
        if (count == WMBT_BLAKE3_RUN_LANES ||
            (count != 0u && (x->dialect != waiting[0]->chain->dialect ||
                             x->block_tokens != waiting[0]->chain->block_tokens))) {
            wmbt_chain_whole_many(waiting, count);
            count = 0;
        }
        waiting[count] = &step[i];
        count++;
    }
    if (count != 0u) {
        wmbt_chain_whole_many(waiting, count);
    }
#    else
    for (size_t i = 0; i < steps; i++) {
        wmbt_chain_push_step(&step[i]);
    }
#    endif
}

uint32_t wmbt_chain_blocks(const wmbt_chain *x)
{
    return x->blocks;
}

uint32_t wmbt_chain_hash_bytes(const wmbt_chain *x)
{
#    if WMBT_CFG_DIALECTS
    if (x->dialect == WMBT_CHAIN_ENGINE) {
        return ((const wmbt_engine *)(const void *)x)->dialect->hash_bytes;
    }
#    endif
    (void)x;
    return WMBT_BLOCK_HASH_BYTES;
}

#endif
