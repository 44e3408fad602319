/* SPDX-License-Identifier: Apache-2.0 */
/* vLLM: a tuple of parent, tokens and extras, in CBOR; vllm_pickle.c has the pickles. */
#include "identity/dialects/vllm.h"

#if WMBT_CFG_DIALECTS

/* What PYTHONHASHSEED stands for if it is not set, from 0.29 on. */
wmbt_view wmbt_vllm_seed(const wmbt_engine *x)
{
    wmbt_view seed = x->config->seed_text;
    return wmbt_engine_has(seed) ? seed : WMBT_VIEW_LITERAL("vllm-none-hash");
}

static bool wmbt_vllm_root_cbor(wmbt_engine *x)
{
    wmbt_engine_cbor_text(x, wmbt_vllm_seed(x));
    return true;
}

/* Kinds of entries, in their order. */
enum { WMBT_VLLM_LORA, WMBT_VLLM_ITEM, WMBT_VLLM_SALT, WMBT_VLLM_EMBEDS, WMBT_VLLM_KINDS };

/* How many values an entry is made of, by variant: 0 is one value that stands for itself. */
static const uint8_t wmbt_vllm_values[][WMBT_VLLM_KINDS] = {
    {3, 3, 2, 2}, {0, 2, 0, 0}, {0, 0, 0, 0}};

/* Each kind's text. */
static wmbt_view wmbt_vllm_tag(unsigned kind)
{
    static const char tags[] = "lorammcache_saltprompt_embeds";
    static const uint8_t at[] = {0, 4, 6, 16, sizeof tags - 1u};
    return wmbt_view_of(tags + at[kind], (size_t)at[kind + 1u] - at[kind]);
}

/* One entry, whose tag is a text or one again; 0: it is only counted. An item's offset is counted
 * from the block's beginning, so it may be negative. */
static void wmbt_vllm_entry(wmbt_engine *x, uint32_t write, unsigned kind, const wmbt_view *value,
                            const wmbt_dialect_item *item)
{
    const wmbt_engine_writer *w = x->dialect->writer;
    const unsigned n = wmbt_vllm_values[x->dialect->variant][kind];
    if (write == 0u) {
        return;
    }
    if (n != 0u) {
        w->mark(x, WMBT_WRITE_TUPLE, n);
    }
    if (x->dialect->variant == WMBT_VLLM_TAGGED) {
        const wmbt_view tag = wmbt_vllm_tag(kind);
        w->string(x, write, tag.data, tag.len);
    }
    w->string(x, kind == WMBT_VLLM_EMBEDS ? WMBT_WRITE_BYTES : WMBT_WRITE_TEXT, value->data,
              value->len);
    if (n == 0u) {
        return;
    }
    if (kind == WMBT_VLLM_LORA) {
        w->string(x, WMBT_WRITE_TEXT, x->config->lora_path.data, x->config->lora_path.len);
    }
    if (kind == WMBT_VLLM_ITEM) {
        w->integer(x, (int64_t)(item->offset - x->start));
    }
    w->mark(x, WMBT_WRITE_END, n);
}

/* The digest of the block's embeddings; without one the block fails, and any bytes will do. */
static wmbt_view wmbt_vllm_digest(wmbt_engine *x)
{
    const wmbt_view all = x->config->embeds;
    const uint32_t block = x->base.blocks;
    if (block >= all.len / WMBT_BLOCK_HASH_BYTES) {
        x->failed = (uint32_t)WMBT_BAD_ARGUMENT;
        return all;
    }
    return wmbt_view_of(all.data + (size_t)block * WMBT_BLOCK_HASH_BYTES, WMBT_BLOCK_HASH_BYTES);
}

/* Writes the entries of the block, or only counts them: 0. */
static uint32_t wmbt_vllm_entries(wmbt_engine *x, uint32_t write)
{
    const wmbt_engine_config *c = x->config;
    const wmbt_dialect_item *item;
    uint32_t count = 0, tag = write;
    if (wmbt_engine_has(c->lora_name)) {
        wmbt_vllm_entry(x, write, WMBT_VLLM_LORA, &c->lora_name, NULL);
        count++;
    }
    for (uint32_t i = x->item; (item = wmbt_engine_next_item(x, &i)) != NULL;) {
        wmbt_vllm_entry(x, tag, WMBT_VLLM_ITEM, &item->identifier, item);
        count++;
        tag = write != 0u ? WMBT_WRITE_AGAIN : 0u;
    }
    if (c->salt.len != 0u && (c->first_block | x->base.blocks) == 0u) {
        wmbt_vllm_entry(x, write, WMBT_VLLM_SALT, &c->salt, NULL);
        count++;
    }
    if (wmbt_engine_has(c->embeds)) {
        const wmbt_view digest = wmbt_vllm_digest(x);
        wmbt_vllm_entry(x, write, WMBT_VLLM_EMBEDS, &digest, NULL);
        count++;
    }
    return count;
}

void wmbt_vllm_extras(wmbt_engine *x)
{
    const wmbt_engine_writer *w = x->dialect->writer;
    if (wmbt_engine_has(x->config->extras)) {
        wmbt_engine_put_view(x, x->config->extras);
        return;
    }
    const uint32_t count = wmbt_vllm_entries(x, 0);
    if (count == 0u) {
        w->mark(x, WMBT_WRITE_NONE, WMBT_WRITE_NONE_NUMBER);
        return;
    }
    w->mark(x, WMBT_WRITE_TUPLE, count);
    (void)wmbt_vllm_entries(x, WMBT_WRITE_TEXT);
    w->mark(x, WMBT_WRITE_END, count);
}

/* With a lookahead the extras become a tuple of them and the tokens ahead. */
static void wmbt_vllm_tail_cbor(wmbt_engine *x)
{
    if (x->config->lookahead != 0u) {
        wmbt_engine_cbor_header(x, WMBT_WRITE_TUPLE, x->config->lookahead + 1u);
    }
    wmbt_vllm_extras(x);
}

#    define WMBT_VLLM_CBOR(constant, text, of_hash, bytes, more, need, how) \
        const wmbt_dialect wmbt_dialect_##constant = {                      \
            .calls = &wmbt_engine_calls_all,                                \
            WMBT_DIALECT_NAME(text),                                        \
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

#    define WMBT_VLLM_NEW (WMBT_ENGINE_LORA_PATH | WMBT_ENGINE_LOOKAHEAD)

WMBT_VLLM_CBOR(vllm_sha256_cbor, "vllm-sha256-cbor", wmbt_engine_sha256, 32, WMBT_VLLM_NEW, 0,
               WMBT_VLLM_TAGGED);
WMBT_VLLM_CBOR(vllm_xxhash_cbor, "vllm-xxhash-cbor", wmbt_engine_xxh3_128, 16, WMBT_VLLM_NEW,
               WMBT_ENGINE_SEED_TEXT, WMBT_VLLM_TAGGED);
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
