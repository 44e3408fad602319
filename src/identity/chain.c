/* SPDX-License-Identifier: Apache-2.0 */
/* Hash chains over blocks of tokens. */
#include "wombatkv/chain.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"

#if WMBT_CFG_CHAIN

/* BLAKE3's state follows in the same memory. */
struct wmbt_chain {
    uint32_t dialect;
    uint32_t block_tokens; /* 0: announced */
    uint32_t room_tokens;  /* largest block that the hash has room for */
    uint32_t blocks;       /* blocks done */
    uint32_t lacking;      /* tokens that the open block lacks */
    uint32_t open;         /* 1 between begin and end of a block */
    wmbt_block_hash seed;
    wmbt_block_hash parent; /* hash of the block before, or the seed */
};

/* What is hashed before a block's tokens is at most this: ds4's 64 hex digits. */
#    define WMBT_CHAIN_HEAD_BYTES 64u

/* Tokens are turned into bytes in groups of a BLAKE3 block. */
#    define WMBT_CHAIN_GROUP_TOKENS 16u

WMBT_STATIC_ASSERT(sizeof(struct wmbt_chain) + WMBT_BLAKE3_BYTES(0) == WMBT_CHAIN_BYTES(0), "size");
WMBT_STATIC_ASSERT(sizeof(struct wmbt_chain) % WMBT_BLAKE3_ALIGN == 0, "the hash is aligned");
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

static wmbt_blake3 *wmbt_chain_hash(wmbt_chain *x)
{
    return (wmbt_blake3 *)(void *)(x + 1);
}

static wmbt_status wmbt_chain_feed(wmbt_chain *x, wmbt_view bytes)
{
    return wmbt_blake3_update(wmbt_chain_hash(x), bytes);
}

static wmbt_status wmbt_chain_check_core(const wmbt_chain_config *config)
{
    if (config->quant_bits != 0u || config->block_tokens > WMBT_CHAIN_MAX_BLOCK_TOKENS ||
        config->fingerprint.len != WMBT_CHAIN_CORE_FINGERPRINT_BYTES) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_text_is_utf8(config->tenant) ? WMBT_OK : WMBT_BAD_TEXT;
}

/* The seed text around the fingerprint. */
#    define WMBT_CHAIN_DS4_BEFORE "WMBTBLK1|"
#    define WMBT_CHAIN_DS4_BITS "|q"
#    define WMBT_CHAIN_DS4_AFTER "|ds4-v1"
#    define WMBT_CHAIN_DS4_AROUND_BYTES \
        (sizeof(WMBT_CHAIN_DS4_BEFORE WMBT_CHAIN_DS4_BITS WMBT_CHAIN_DS4_AFTER) - 1u)

static wmbt_status wmbt_chain_check_ds4(const wmbt_chain_config *config)
{
    const wmbt_view text = config->fingerprint;
    if (config->tenant.len != 0u || text.len == 0u || config->quant_bits > INT32_MAX ||
        config->block_tokens == 0u || config->block_tokens > WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS ||
        config->block_tokens % WMBT_CHAIN_DS4_BLOCK_STEP != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    size_t around = WMBT_CHAIN_DS4_AROUND_BYTES + wmbt_text_u64(config->quant_bits, digits);
    if (text.len > WMBT_CHAIN_DS4_MAX_SEED_BYTES - around) {
        return WMBT_NOT_REPRESENTABLE;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == 0u) {
            return WMBT_BAD_TEXT;
        }
    }
    return WMBT_OK;
}

static wmbt_status wmbt_chain_check(const wmbt_chain_config *config)
{
    if (wmbt_view_is_bad(config->tenant) || wmbt_view_is_bad(config->fingerprint)) {
        return WMBT_BAD_ARGUMENT;
    }
    switch (config->dialect) {
    case WMBT_CHAIN_CORE: return wmbt_chain_check_core(config);
    case WMBT_CHAIN_DS4: return wmbt_chain_check_ds4(config);
    default: return WMBT_BAD_ARGUMENT;
    }
}

static wmbt_status wmbt_chain_seed_core(wmbt_chain *x, const wmbt_chain_config *config)
{
    wmbt_status status = wmbt_chain_feed(x, WMBT_VIEW_LITERAL("tp-seed-v1"));
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, config->tenant);
    }
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, config->fingerprint);
    }
    return status;
}

static wmbt_status wmbt_chain_seed_ds4(wmbt_chain *x, const wmbt_chain_config *config)
{
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    size_t count = wmbt_text_u64(config->quant_bits, digits);
    wmbt_status status = wmbt_chain_feed(x, WMBT_VIEW_LITERAL(WMBT_CHAIN_DS4_BEFORE));
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, config->fingerprint);
    }
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, WMBT_VIEW_LITERAL(WMBT_CHAIN_DS4_BITS));
    }
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, wmbt_view_of(digits, count));
    }
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, WMBT_VIEW_LITERAL(WMBT_CHAIN_DS4_AFTER));
    }
    return status;
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

wmbt_status wmbt_chain_init(wmbt_buf memory, const wmbt_chain_config *config, wmbt_chain **x)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_chain_check(config);
    if (status != WMBT_OK) {
        return status;
    }
    if (memory.len < WMBT_CHAIN_BYTES(0) || wmbt_chain_room(memory.len) < config->block_tokens) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_CHAIN_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_chain *state = (wmbt_chain *)(void *)memory.data;
    wmbt_blake3 *hash;
    status = wmbt_blake3_init(wmbt_buf_of(memory.data + sizeof *state, memory.len - sizeof *state),
                              &hash);
    if (status != WMBT_OK) {
        return status;
    }
    state->dialect = config->dialect;
    state->block_tokens = config->block_tokens;
    state->room_tokens = wmbt_chain_room(memory.len);
    status = config->dialect == WMBT_CHAIN_CORE ? wmbt_chain_seed_core(state, config)
                                                : wmbt_chain_seed_ds4(state, config);
    if (status != WMBT_OK) {
        return status;
    }
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
}

/* core: a mark, the hash before, the byte length of the tokens. */
static wmbt_status wmbt_chain_head_core(wmbt_chain *x, uint32_t tokens)
{
    uint8_t bytes[8];
    wmbt_status status = wmbt_chain_feed(x, WMBT_VIEW_LITERAL("tp-chain-v1"));
    if (status == WMBT_OK) {
        status = wmbt_chain_feed(x, wmbt_view_of(x->parent.bytes, WMBT_BLOCK_HASH_BYTES));
    }
    if (status == WMBT_OK) {
        wmbt_store_le64(bytes, (uint64_t)tokens * 4u);
        status = wmbt_chain_feed(x, wmbt_view_of(bytes, sizeof bytes));
    }
    return status;
}

/* ds4: the hash before, as text. */
static wmbt_status wmbt_chain_head_ds4(wmbt_chain *x)
{
    uint8_t hex[WMBT_BLOCK_HASH_HEX_BYTES];
    wmbt_block_hash_to_hex(&x->parent, hex);
    return wmbt_chain_feed(x, wmbt_view_of(hex, sizeof hex));
}

wmbt_status wmbt_chain_begin_block(wmbt_chain *x, uint32_t tokens)
{
    if (x->open != 0u) {
        return WMBT_BAD_STATE;
    }
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
    wmbt_status status =
        x->dialect == WMBT_CHAIN_CORE ? wmbt_chain_head_core(x, tokens) : wmbt_chain_head_ds4(x);
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
    while (count != 0u) {
        uint8_t bytes[4u * WMBT_CHAIN_GROUP_TOKENS];
        size_t n = count < WMBT_CHAIN_GROUP_TOKENS ? count : WMBT_CHAIN_GROUP_TOKENS;
        for (size_t i = 0; i < n; i++) {
            wmbt_store_le32(bytes + 4u * i, tokens[i]);
        }
        wmbt_status status = wmbt_chain_feed(x, wmbt_view_of(bytes, 4u * n));
        if (status != WMBT_OK) {
            return status;
        }
        tokens += n;
        count -= n;
        x->lacking -= (uint32_t)n;
    }
    return WMBT_OK;
}

wmbt_status wmbt_chain_end_block(wmbt_chain *x, wmbt_block_hash *hash)
{
    if (x->open == 0u || x->lacking != 0u) {
        return WMBT_BAD_STATE;
    }
    wmbt_blake3_final(wmbt_chain_hash(x), x->parent.bytes);
    wmbt_bytes_copy(hash->bytes, x->parent.bytes, WMBT_BLOCK_HASH_BYTES);
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
    wmbt_status status = WMBT_OK;
    if (x->open == 0u && count != 0u) {
        status = wmbt_chain_begin_block(x, x->block_tokens);
    }
    size_t n = count < x->lacking ? count : x->lacking;
    if (status == WMBT_OK && n != 0u) {
        status = wmbt_chain_add(x, tokens, n);
    }
    if (wmbt_status_is_error(status)) {
        return status;
    }
    *taken = n;
    if (status == WMBT_OK) {
        status = x->open != 0u && x->lacking == 0u ? wmbt_chain_end_block(x, hash) : WMBT_NEED_MORE;
    }
    return status;
}

uint32_t wmbt_chain_blocks(const wmbt_chain *x)
{
    return x->blocks;
}

#endif
