/* SPDX-License-Identifier: Apache-2.0 */
/* vLLM: a tuple of parent, tokens and extras, in CBOR or as a pickle. */
#include "identity/dialects/dialect.h"
#include "identity/dialects/pickle.h"

#if WMBT_CFG_DIALECTS

/* Variants: how an entry of the extras is written. */
#    define WMBT_VLLM_TAGGED 0u      /* from 0.31 on: a tuple that begins with its kind */
#    define WMBT_VLLM_PAIRS 1u       /* from 0.19 on: an item is a pair of identifier and offset */
#    define WMBT_VLLM_IDENTIFIERS 2u /* an item is its identifier */

/* What PYTHONHASHSEED stands for if it is not set, from 0.29 on. */
static wmbt_view wmbt_vllm_seed(const wmbt_engine *x)
{
    wmbt_view seed = x->config->seed_text;
    return wmbt_engine_has(seed) ? seed : WMBT_VIEW_LITERAL("vllm-none-hash");
}

static void wmbt_vllm_root_cbor(wmbt_engine *x)
{
    if (!wmbt_engine_has(x->config->parent)) {
        wmbt_engine_start(x, 0);
        wmbt_engine_cbor_text(x, wmbt_vllm_seed(x));
        wmbt_engine_final_root(x);
    }
}

static void wmbt_vllm_root_pickle(wmbt_engine *x)
{
    if (wmbt_engine_has(x->config->parent)) {
        return;
    }
    wmbt_engine_start(x, 0);
    wmbt_pickle_count(x);
    x->dialect->writer->text(x, wmbt_vllm_seed(x));
    if (wmbt_pickle_begin(x)) {
        x->dialect->writer->text(x, wmbt_vllm_seed(x));
        wmbt_pickle_stop(x);
    }
    wmbt_engine_final_root(x);
}

/* Kinds of entries, in their order, and how many values each is made of by variant: 0 is one value
 * that stands for itself. */
enum { WMBT_VLLM_LORA, WMBT_VLLM_ITEM, WMBT_VLLM_SALT, WMBT_VLLM_EMBEDS, WMBT_VLLM_KINDS };

static unsigned wmbt_vllm_values(unsigned variant, unsigned kind)
{
    static const uint8_t values[][WMBT_VLLM_KINDS] = {{3, 3, 2, 2}, {0, 2, 0, 0}, {0, 0, 0, 0}};
    return values[variant][kind];
}

/* Each kind's text. */
static wmbt_view wmbt_vllm_tag(unsigned kind)
{
    static const char tags[] = "lora\0mm\0cache_salt\0prompt_embeds";
    static const uint8_t at[] = {0, 5, 8, 19, sizeof tags};
    return wmbt_view_of(tags + at[kind], (size_t)at[kind + 1u] - at[kind] - 1u);
}

/* One entry. An item's offset is counted from the block's beginning, so it may be negative. */
static uint32_t wmbt_vllm_entry(wmbt_engine *x, bool write, unsigned kind, const wmbt_view *value,
                                const wmbt_dialect_item *item)
{
    const wmbt_engine_writer *w = x->dialect->writer;
    if (!write) {
        return 1;
    }
    const unsigned n = wmbt_vllm_values(x->dialect->variant, kind);
    if (n != 0u) {
        w->begin(x, n);
    }
    if (x->dialect->variant == WMBT_VLLM_TAGGED) {
        w->tag(x, wmbt_vllm_tag(kind));
    }
    if (kind == WMBT_VLLM_EMBEDS) {
        w->bytes(x, *value);
    } else {
        w->text(x, *value);
    }
    if (n == 0u) {
        return 1;
    }
    if (kind == WMBT_VLLM_LORA) {
        w->text(x, x->config->lora_path);
    }
    if (kind == WMBT_VLLM_ITEM) {
        w->number(x, (int64_t)(item->offset - x->start));
    }
    w->end(x, n);
    return 1;
}

/* The digest of the block's embeddings; without one the block fails, and any bytes will do. */
static wmbt_view wmbt_vllm_digest(wmbt_engine *x)
{
    const wmbt_view all = x->config->embeds;
    const uint32_t block = x->base.chain.blocks;
    if (block >= all.len / WMBT_BLOCK_HASH_BYTES) {
        x->failed = (uint32_t)WMBT_BAD_ARGUMENT;
        return all;
    }
    return wmbt_view_of(all.data + (size_t)block * WMBT_BLOCK_HASH_BYTES, WMBT_BLOCK_HASH_BYTES);
}

/* Writes the entries of the block, or only counts them. */
static uint32_t wmbt_vllm_entries(wmbt_engine *x, bool write)
{
    const wmbt_engine_config *c = x->config;
    const wmbt_dialect_item *item;
    uint32_t count = 0;
    if (wmbt_engine_has(c->lora_name)) {
        count += wmbt_vllm_entry(x, write, WMBT_VLLM_LORA, &c->lora_name, NULL);
    }
    for (uint32_t i = x->item; (item = wmbt_engine_next_item(x, &i)) != NULL;) {
        count += wmbt_vllm_entry(x, write, WMBT_VLLM_ITEM, &item->identifier, item);
    }
    if (c->salt.len != 0u && (c->first_block | x->base.chain.blocks) == 0u) {
        count += wmbt_vllm_entry(x, write, WMBT_VLLM_SALT, &c->salt, NULL);
    }
    if (wmbt_engine_has(c->embeds)) {
        const wmbt_view digest = wmbt_vllm_digest(x);
        count += wmbt_vllm_entry(x, write, WMBT_VLLM_EMBEDS, &digest, NULL);
    }
    return count;
}

static void wmbt_vllm_extras(wmbt_engine *x)
{
    const wmbt_engine_writer *w = x->dialect->writer;
    if (wmbt_engine_has(x->config->extras)) {
        wmbt_engine_put_view(x, x->config->extras);
        return;
    }
    const uint32_t count = wmbt_vllm_entries(x, false);
    if (count == 0u) {
        w->none(x);
        return;
    }
    w->begin(x, count);
    (void)wmbt_vllm_entries(x, true);
    w->end(x, count);
}

/* With a lookahead the extras become a tuple of them and the tokens ahead. */
static void wmbt_vllm_tail_cbor(wmbt_engine *x)
{
    if (x->config->lookahead != 0u) {
        x->dialect->writer->begin(x, x->config->lookahead + 1u);
    }
    wmbt_vllm_extras(x);
}

static void wmbt_vllm_keep(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    (void)x; /* engine.c keeps them */
    (void)tokens;
    (void)count;
}

static void wmbt_vllm_value(wmbt_engine *x)
{
    const wmbt_engine_writer *w = x->dialect->writer;
    const uint32_t *tokens = wmbt_engine_kept(x);
    w->begin(x, 3);
    w->bytes(x, wmbt_engine_parent(x));
    w->begin(x, x->words);
    for (uint32_t i = 0; i < x->words; i++) {
        w->number(x, tokens[i]);
    }
    w->end(x, x->words);
    if (x->ahead != 0u) {
        w->begin(x, x->ahead + 1u);
    }
    wmbt_vllm_extras(x);
    for (uint32_t i = 0; i < x->ahead; i++) {
        w->number(x, tokens[x->words + i]);
    }
    if (x->ahead != 0u) {
        w->end(x, x->ahead + 1u);
    }
    w->end(x, 3);
}

static void wmbt_vllm_tail_pickle(wmbt_engine *x)
{
    wmbt_pickle_count(x);
    wmbt_vllm_value(x);
    if (wmbt_pickle_begin(x)) {
        wmbt_vllm_value(x);
        wmbt_pickle_stop(x);
    }
}

#    define WMBT_VLLM_FIELDS                                                    \
        (WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK | \
         WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_SALT | WMBT_ENGINE_ITEMS | WMBT_ENGINE_EMBEDS)

#    define WMBT_VLLM_CBOR(constant, text, of_hash, bytes, more, need, how) \
        const wmbt_dialect wmbt_dialect_##constant = {                      \
            .calls = &wmbt_engine_calls_all,                                \
            .name = text,                                                   \
            .hash = &(of_hash),                                             \
            .writer = &wmbt_engine_cbor,                                    \
            .root = wmbt_vllm_root_cbor,                                    \
            .header = wmbt_engine_cbor_begin_bytes,                         \
            .add = wmbt_engine_cbor_tokens,                                 \
            .tail = wmbt_vllm_tail_cbor,                                    \
            .may = WMBT_VLLM_FIELDS | WMBT_ENGINE_EXTRAS | (more),          \
            .needed = (need),                                               \
            .of_root = WMBT_ENGINE_SEED_TEXT,                               \
            .hash_bytes = (bytes),                                          \
            .parent_bytes = (bytes),                                        \
            .flags = WMBT_DIALECT_ANY_PARENT,                               \
            .check_items = wmbt_dialect_check_items,                        \
            .items = WMBT_ITEMS_TEXT,                                       \
            .variant = (how),                                               \
        }

#    define WMBT_VLLM_PICKLE(constant, text, of_hash, bytes, need)                          \
        const wmbt_dialect wmbt_dialect_##constant = {                                      \
            .calls = &wmbt_engine_calls_all,                                                \
            .name = text,                                                                   \
            .hash = &(of_hash),                                                             \
            .writer = &wmbt_engine_pickle,                                                  \
            .root = wmbt_vllm_root_pickle,                                                  \
            .add = wmbt_vllm_keep,                                                          \
            .tail = wmbt_vllm_tail_pickle,                                                  \
            .may = WMBT_VLLM_FIELDS | WMBT_ENGINE_LORA_PATH | WMBT_ENGINE_LOOKAHEAD,        \
            .needed = (need),                                                               \
            .of_root = WMBT_ENGINE_SEED_TEXT,                                               \
            .hash_bytes = (bytes),                                                          \
            .parent_bytes = (bytes),                                                        \
            .flags = WMBT_DIALECT_ANY_PARENT | WMBT_DIALECT_WHOLE | WMBT_DIALECT_TAIL_LAST, \
            .check_items = wmbt_dialect_check_items,                                        \
            .items = WMBT_ITEMS_TEXT,                                                       \
            .variant = WMBT_VLLM_TAGGED,                                                    \
        }

#    define WMBT_VLLM_NEW (WMBT_ENGINE_LORA_PATH | WMBT_ENGINE_LOOKAHEAD)

WMBT_VLLM_CBOR(vllm_sha256_cbor, "vllm-sha256-cbor", wmbt_engine_sha256, 32, WMBT_VLLM_NEW, 0,
               WMBT_VLLM_TAGGED);
WMBT_VLLM_CBOR(vllm_xxhash_cbor, "vllm-xxhash-cbor", wmbt_engine_xxh3_128, 16, WMBT_VLLM_NEW,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_TAGGED);
WMBT_VLLM_PICKLE(vllm_sha256, "vllm-sha256", wmbt_engine_sha256, 32, 0);
WMBT_VLLM_PICKLE(vllm_xxhash, "vllm-xxhash", wmbt_engine_xxh3_128, 16, WMBT_ENGINE_SEED_TEXT);
WMBT_VLLM_CBOR(vllm_sha256_cbor_v0_30, "vllm-sha256-cbor-0.30", wmbt_engine_sha256, 32, 0, 0,
               WMBT_VLLM_PAIRS);
WMBT_VLLM_CBOR(vllm_xxhash_cbor_v0_30, "vllm-xxhash-cbor-0.30", wmbt_engine_xxh3_128, 16, 0,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_PAIRS);
WMBT_VLLM_CBOR(vllm_sha256_cbor_v0_28, "vllm-sha256-cbor-0.28", wmbt_engine_sha256, 32, 0,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_PAIRS);
WMBT_VLLM_CBOR(vllm_xxhash_cbor_v0_28, "vllm-xxhash-cbor-0.28", wmbt_engine_xxh3_128, 16, 0,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_PAIRS);
WMBT_VLLM_CBOR(vllm_sha256_cbor_v0_18, "vllm-sha256-cbor-0.18", wmbt_engine_sha256, 32, 0,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_IDENTIFIERS);
WMBT_VLLM_CBOR(vllm_xxhash_cbor_v0_18, "vllm-xxhash-cbor-0.18", wmbt_engine_xxh3_128, 16, 0,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_IDENTIFIERS);

#endif
