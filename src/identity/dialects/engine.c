/* SPDX-License-Identifier: Apache-2.0 */
/* What the chains of all engines share: configuration, memory, the way from token to hash. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"
#include "base/le.h"
#include "hash/mul64.h"
#include "wombatkv/lineage.h"

#if WMBT_CFG_DIALECTS

WMBT_STATIC_ASSERT(sizeof(struct wmbt_engine) % 8u == 0u, "the hash's state is aligned");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(struct wmbt_engine) <= WMBT_CHAIN_ALIGN, "alignment");

/* --- bytes into the hash ---------------------------------------------------------------------- */

void wmbt_engine_start(wmbt_engine *x, uint64_t seed)
{
    x->dialect->hash->start(wmbt_engine_state(x), x->room, seed);
}

void wmbt_engine_put(wmbt_engine *x, const uint8_t *p, size_t n)
{
    if (n != 0u) {
        x->dialect->hash->update(wmbt_engine_state(x), p, n);
    }
}

void wmbt_engine_put_le32(wmbt_engine *x, uint32_t v)
{
    uint8_t bytes[4];
    wmbt_store_le32(bytes, v);
    wmbt_engine_put(x, bytes, sizeof bytes);
}

void wmbt_engine_put_le64(wmbt_engine *x, uint64_t v)
{
    wmbt_engine_put_le32(x, (uint32_t)v);
    wmbt_engine_put_le32(x, (uint32_t)(v >> 32));
}

void wmbt_engine_set_root(wmbt_engine *x, const uint8_t *p, uint32_t n)
{
    wmbt_bytes_copy(x->base.seed.bytes, p, n);
    x->root_bytes = n;
}

wmbt_view wmbt_engine_parent(const wmbt_engine *x)
{
    if (x->base.blocks != 0u) {
        return wmbt_view_of(x->base.parent.bytes, x->dialect->parent_bytes);
    }
    return wmbt_chain_root(&x->base);
}

void wmbt_engine_put_parent(wmbt_engine *x)
{
    wmbt_engine_put_view(x, wmbt_engine_parent(x));
}

/* Words in groups, so that a hash is not called for each. */
#    define WMBT_ENGINE_GROUP_WORDS 16u

void wmbt_engine_add_le(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
#    ifdef WMBT_UNALIGNED_U64_IS_LE /* as they stand in memory */
    wmbt_engine_put(x, (const uint8_t *)tokens, 4u * count);
#    else
    uint8_t bytes[4u * WMBT_ENGINE_GROUP_WORDS];
    size_t fill = 0;
    for (size_t i = 0; i < count; i++) {
        wmbt_store_le32(bytes + fill, tokens[i]);
        fill += 4u;
        if (fill == sizeof bytes || i + 1u == count) {
            wmbt_engine_put(x, bytes, fill);
            fill = 0;
        }
    }
#    endif
}

void wmbt_engine_add_be(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    uint8_t bytes[4u * WMBT_ENGINE_GROUP_WORDS];
    size_t fill = 0;
    for (size_t i = 0; i < count; i++) {
        for (unsigned b = 0; b < 4u; b++) {
            bytes[fill++] = (uint8_t)(tokens[i] >> (24u - 8u * b));
        }
        if (fill == sizeof bytes || i + 1u == count) {
            wmbt_engine_put(x, bytes, fill);
            fill = 0;
        }
    }
}

/* --- items ------------------------------------------------------------------------------------ */

/* True if a place is behind an item. A text may stand for no tokens at all: it is then in the block
 * whose first token is before it. Items whose kind has no length are at one place. */
static bool wmbt_engine_is_behind(const wmbt_engine *x, const wmbt_dialect_item *item,
                                  uint64_t place)
{
    const uint32_t kind = x->dialect->items;
    const bool one = kind == WMBT_ITEMS_DIGEST || kind == WMBT_ITEMS_NUMBER;
    return item->offset + (one ? 1u : item->length) <= place;
}

const wmbt_dialect_item *wmbt_engine_next_item(const wmbt_engine *x, uint32_t *i)
{
    uint64_t end = x->start + x->words + x->config->lookahead;
    if (*i >= x->config->item_count || x->config->items[*i].offset >= end) {
        return NULL;
    }
    /* those that end before the block were passed over when it began, and they do not overlap */
    WMBT_ASSERT(!wmbt_engine_is_behind(x, &x->config->items[*i], x->start));
    return &x->config->items[(*i)++];
}

/* --- the calls of a chain --------------------------------------------------------------------- */

/* Bytes of the hash's state, and words that are kept behind it. */
static uint32_t wmbt_engine_room(const wmbt_dialect *d, uint32_t block_tokens)
{
    return d->hash->state_bytes + (d->hash->room != NULL ? d->hash->room(block_tokens) : 0u);
}

static uint32_t wmbt_engine_keeps(const wmbt_engine_config *c, uint32_t block_tokens)
{
    uint32_t whole = (c->dialect->flags & WMBT_DIALECT_WHOLE) != 0u ? block_tokens : 0u;
    return whole + c->lookahead + c->dialect->ahead;
}

size_t wmbt_engine_bytes(const wmbt_engine_config *config, uint32_t block_tokens)
{
    size_t kept = (size_t)wmbt_engine_keeps(config, block_tokens) + 1u;
    return sizeof(wmbt_engine) + wmbt_engine_room(config->dialect, block_tokens) + 8u * (kept / 2u);
}

void wmbt_engine_reset(wmbt_chain *chain)
{
    wmbt_engine *x = (wmbt_engine *)(void *)chain;
    x->start = wmbt_mul32_wide(x->config->first_block, chain->block_tokens);
    x->block_hash = 0;
    x->kept = 0;
    x->item = 0;
    x->ended = 0;
    x->at = 0;
    x->words = 0;
    wmbt_bytes_fill(x->result, 0, sizeof x->result);
}

wmbt_status wmbt_engine_init(wmbt_buf memory, const wmbt_chain_config *config, wmbt_chain **out)
{
    const wmbt_engine_config *c = config->engine;
    if (config->tenant.len != 0u || config->fingerprint.len != 0u || config->quant_bits != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_engine_check(c, config->block_tokens, NULL);
    if (status != WMBT_OK) {
        return status;
    }
    if (memory.len < wmbt_engine_bytes(c, config->block_tokens)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_CHAIN_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_engine *x = (wmbt_engine *)(void *)memory.data;
    wmbt_bytes_fill(memory.data, 0, sizeof *x);
    x->base.dialect = WMBT_CHAIN_ENGINE;
    x->base.block_tokens = config->block_tokens;
    x->dialect = c->dialect;
    x->config = c;
    x->seed = c->seed;
    x->room = wmbt_engine_room(c->dialect, config->block_tokens);
    wmbt_engine_start(x, 0);
    if (c->dialect->root != NULL && c->dialect->root(x)) {
        c->dialect->hash->final(wmbt_engine_state(x), x->base.seed.bytes);
        x->root_bytes = c->dialect->parent_bytes;
    }
    if (wmbt_engine_has(c->parent) && c->parent.len <= WMBT_BLOCK_HASH_BYTES) {
        wmbt_engine_set_root(x, c->parent.data, (uint32_t)c->parent.len);
    } /* a longer one is read where it lies */
    if (x->failed != (uint32_t)WMBT_OK) {
        return (wmbt_status)x->failed;
    }
    wmbt_chain_reset(&x->base);
    *out = &x->base;
    return WMBT_OK;
}

/* Takes words at x->at, which are those of the block and then those ahead; what is ahead is kept
 * for the next block. `words` may be the kept ones themselves. */
static void wmbt_engine_take(wmbt_engine *x, const uint32_t *words, size_t count)
{
    const wmbt_dialect *d = x->dialect;
    const uint32_t tail_at = x->words + ((d->flags & WMBT_DIALECT_TAIL_LAST) != 0u ? x->ahead : 0u);
    while (count != 0u) {
        size_t n = count;
        if (x->at < x->words && n > x->words - x->at) {
            n = x->words - x->at;
        }
        d->add(x, words, n);
        if (x->at >= x->words || (d->flags & WMBT_DIALECT_WHOLE) != 0u) {
            uint32_t *keep = wmbt_engine_kept(x) + x->at;
            keep -= (d->flags & WMBT_DIALECT_WHOLE) != 0u ? 0u : x->words;
            for (size_t i = 0; i < n; i++) {
                keep[i] = words[i];
            }
        }
        x->at += (uint32_t)n;
        words += n;
        count -= n;
        if (x->at == tail_at && d->tail != NULL) {
            d->tail(x);
        }
    }
}

/* Whether a block of this size comes next. */
static wmbt_status wmbt_engine_may_begin(const wmbt_engine *x, uint32_t tokens)
{
    const uint32_t block_tokens = x->base.block_tokens;
    if (block_tokens != 0u && tokens != block_tokens &&
        ((x->dialect->flags & WMBT_DIALECT_SHORT_LAST) == 0u || tokens == 0u ||
         tokens > block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (x->ended != 0u) {
        return WMBT_END;
    }
    if ((x->dialect->flags & WMBT_DIALECT_LINEAGE) != 0u &&
        wmbt_engine_number(x) >= WMBT_LINEAGE_POSITIONS) {
        return WMBT_TOO_LARGE;
    }
    return x->base.blocks == UINT32_MAX || tokens > WMBT_ENGINE_MAX_BLOCK_TOKENS ? WMBT_TOO_LARGE
                                                                                 : WMBT_OK;
}

static wmbt_status wmbt_engine_begin(wmbt_chain *chain, uint32_t tokens)
{
    wmbt_engine *x = (wmbt_engine *)(void *)chain;
    const wmbt_dialect *d = x->dialect;
    wmbt_status status = wmbt_engine_may_begin(x, tokens);
    if (status != WMBT_OK) {
        return status;
    }
    x->words = (d->flags & WMBT_DIALECT_WIDE) != 0u ? 2u * tokens : tokens;
    x->ahead = tokens != 0u ? x->config->lookahead + d->ahead : 0u;
    x->at = 0;
    x->failed = (uint32_t)WMBT_OK;
    while (x->item < x->config->item_count &&
           wmbt_engine_is_behind(x, &x->config->items[x->item], x->start)) {
        x->item++;
    }
    wmbt_engine_start(x, x->seed);
    if (d->header != NULL) {
        d->header(x);
    }
    if (tokens == 0u) {
        if (d->tail != NULL) {
            d->tail(x);
        }
    } else {
        wmbt_engine_take(x, wmbt_engine_kept(x), x->kept);
    }
    chain->lacking = x->words + x->ahead - x->at;
    chain->open = 1;
    x->ended = tokens != chain->block_tokens && chain->block_tokens != 0u;
    return WMBT_OK;
}

static void wmbt_engine_add(wmbt_chain *chain, const uint32_t *tokens, size_t count)
{
    wmbt_engine_take((wmbt_engine *)(void *)chain, tokens, count);
}

/* The hash of the digest that has been computed. */
void wmbt_engine_finish(wmbt_engine *x, wmbt_block_hash *hash)
{
    const wmbt_dialect *d = x->dialect;
    uint8_t digest[WMBT_BLOCK_HASH_BYTES];
    d->hash->final(wmbt_engine_state(x), digest);
    if (d->finish == NULL || d->finish(x, digest)) {
        wmbt_bytes_copy(x->result, digest, d->hash_bytes);
    }
    wmbt_bytes_copy(x->base.parent.bytes, digest, d->parent_bytes);
    wmbt_bytes_copy(hash->bytes, x->result, WMBT_BLOCK_HASH_BYTES);
}

static wmbt_status wmbt_engine_end(wmbt_chain *chain, wmbt_block_hash *hash)
{
    wmbt_engine *x = (wmbt_engine *)(void *)chain;
    if (x->failed != (uint32_t)WMBT_OK) {
        return (wmbt_status)x->failed;
    }
    wmbt_engine_finish(x, hash);
    if ((x->dialect->flags & WMBT_DIALECT_WHOLE) != 0u) { /* to where the next block expects them */
        uint32_t *keep = wmbt_engine_kept(x);
        for (uint32_t i = 0; i < x->ahead; i++) {
            keep[i] = keep[x->words + i];
        }
    }
    x->start += (x->dialect->flags & WMBT_DIALECT_WIDE) != 0u ? x->words / 2u : x->words;
    x->kept = x->ahead;
    return WMBT_OK;
}

const wmbt_engine_calls wmbt_engine_calls_all = {
    wmbt_engine_init, wmbt_engine_reset, wmbt_engine_begin, wmbt_engine_add, wmbt_engine_end, NULL,
};

/* --- what can be asked ------------------------------------------------------------------------ */

static const wmbt_engine *wmbt_engine_of(const wmbt_chain *x)
{
    return x->dialect == WMBT_CHAIN_ENGINE ? (const wmbt_engine *)(const void *)x : NULL;
}

wmbt_view wmbt_chain_root(const wmbt_chain *x)
{
    const wmbt_engine *e = wmbt_engine_of(x);
    if (e == NULL) {
        return wmbt_view_of(x->seed.bytes, WMBT_BLOCK_HASH_BYTES);
    }
    if (e->config->parent.len > WMBT_BLOCK_HASH_BYTES) {
        return e->config->parent;
    }
    return wmbt_view_of(x->seed.bytes, e->root_bytes);
}

uint64_t wmbt_chain_number(const wmbt_chain *x)
{
    const wmbt_engine *e = wmbt_engine_of(x);
    return e != NULL && e->dialect->hash_bytes == 8u ? wmbt_engine_load_be64(e->result) : 0u;
}

uint64_t wmbt_chain_block_number(const wmbt_chain *x)
{
    const wmbt_engine *e = wmbt_engine_of(x);
    return e != NULL ? e->block_hash : 0u;
}

uint64_t wmbt_chain_salt_hash(const wmbt_chain *x)
{
    const wmbt_engine *e = wmbt_engine_of(x);
    return e != NULL ? e->seed : 0u;
}

const char *wmbt_dialect_name(const wmbt_dialect *dialect)
{
    return dialect->name;
}

uint32_t wmbt_dialect_hash_bytes(const wmbt_dialect *dialect)
{
    return dialect->hash_bytes;
}

uint32_t wmbt_dialect_fields(const wmbt_dialect *dialect, uint32_t *needed)
{
    *needed = dialect->needed;
    return dialect->may;
}

uint32_t wmbt_dialect_items(const wmbt_dialect *dialect)
{
    return dialect->items;
}

uint32_t wmbt_dialect_reads_ahead(const wmbt_dialect *dialect)
{
    return wmbt_dialect_is_wide(dialect) ? dialect->ahead / 2u : dialect->ahead;
}

bool wmbt_dialect_hashes_short_last(const wmbt_dialect *dialect)
{
    return (dialect->flags & WMBT_DIALECT_SHORT_LAST) != 0u;
}

bool wmbt_dialect_is_wide(const wmbt_dialect *dialect)
{
    return (dialect->flags & WMBT_DIALECT_WIDE) != 0u;
}

bool wmbt_dialect_hashes_blocks(const wmbt_dialect *dialect)
{
    return (dialect->flags & WMBT_DIALECT_TWO_HASHES) != 0u;
}

bool wmbt_dialect_is_derived(const wmbt_dialect *dialect)
{
    return (dialect->flags & WMBT_DIALECT_DERIVED) != 0u;
}

#endif
