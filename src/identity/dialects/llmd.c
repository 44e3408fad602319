/* SPDX-License-Identifier: Apache-2.0 */
/* llm-d: keys of 64 bits, by FNV-1a over CBOR, by XXH64, and before 0.5 by SHA-256. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"

#if WMBT_CFG_DIALECTS

/* Variants: what is written of an item. */
#    define WMBT_LLMD_HASH_ONLY 0u
#    define WMBT_LLMD_HASH_AND_OFFSET 1u

#    define WMBT_LLMD_FIELDS \
        (WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_MODEL | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK)
#    define WMBT_LLMD_ROOT (WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_MODEL)

/* The hash of the seed's text, which may be empty. */
static uint64_t wmbt_llmd_seed(wmbt_engine *x)
{
    uint8_t digest[8];
    wmbt_engine_put_view(x, x->config->seed_text);
    x->dialect->hash->final(wmbt_engine_state(x), digest);
    wmbt_engine_start(x, 0);
    return wmbt_engine_load_be64(digest);
}

/* --- FNV-1a over CBOR ------------------------------------------------------------------------- */

static bool wmbt_llmd_root_fnv(wmbt_engine *x)
{
    const uint64_t seed = wmbt_llmd_seed(x);
    wmbt_engine_cbor_header(x, 4, 3);
    wmbt_engine_cbor_header(x, 0, seed);
    wmbt_engine_cbor_null(x);
    wmbt_engine_cbor_text(x, x->config->model);
    return true;
}

/* A map for each item, or null for none. */
static void wmbt_llmd_tail_maps(wmbt_engine *x)
{
    const wmbt_dialect_item *item;
    const bool offsets = x->dialect->variant == WMBT_LLMD_HASH_AND_OFFSET;
    uint32_t count = 0;
    for (uint32_t i = x->item; wmbt_engine_next_item(x, &i) != NULL;) {
        count++;
    }
    if (count == 0u) {
        wmbt_engine_cbor_null(x);
        return;
    }
    wmbt_engine_cbor_header(x, 4, count);
    for (uint32_t i = x->item; (item = wmbt_engine_next_item(x, &i)) != NULL;) {
        wmbt_engine_cbor_header(x, 5, offsets ? 2u : 1u);
        wmbt_engine_cbor_text(x, WMBT_VIEW_LITERAL("Hash"));
        wmbt_engine_cbor_text(x, item->identifier);
        if (offsets) {
            wmbt_engine_cbor_text(x, WMBT_VIEW_LITERAL("Offset"));
            wmbt_engine_cbor_integer(x, (int64_t)(item->offset - x->start));
        }
    }
}

#    define WMBT_LLMD_FNV(constant, text, tail_, fields, more_flags, kind, how) \
        const wmbt_dialect wmbt_dialect_##constant = {                          \
            .calls = &wmbt_engine_calls_all,                                    \
            WMBT_DIALECT_NAME(text),                                            \
            .hash = &wmbt_engine_fnv64,                                         \
            .root = wmbt_llmd_root_fnv,                                         \
            .header = wmbt_engine_cbor_begin_number,                            \
            .add = wmbt_engine_cbor_tokens,                                     \
            .tail = (tail_),                                                    \
            .may = WMBT_LLMD_FIELDS | (fields),                                 \
            .needed = WMBT_ENGINE_MODEL,                                        \
            .of_root = WMBT_LLMD_ROOT,                                          \
            .hash_bytes = 8,                                                    \
            .parent_bytes = 8,                                                  \
            .flags = WMBT_DIALECT_NUMBER_PARENT | (more_flags),                 \
            .check_items = (kind) != 0u ? wmbt_dialect_check_items : NULL,      \
            .items = (kind),                                                    \
            .variant = (how),                                                   \
        }

WMBT_LLMD_FNV(llmd_fnv_cbor, "llmd-fnv-cbor", wmbt_engine_cbor_null, 0, 0, 0, 0);
WMBT_LLMD_FNV(llmd_router_fnv, "llmd-router-fnv", wmbt_llmd_tail_maps, WMBT_ENGINE_ITEMS,
              WMBT_DIALECT_DERIVED, WMBT_ITEMS_TEXT, WMBT_LLMD_HASH_ONLY);
WMBT_LLMD_FNV(llmd_kvcache_fnv, "llmd-kvcache-fnv", wmbt_llmd_tail_maps, WMBT_ENGINE_ITEMS,
              WMBT_DIALECT_DERIVED, WMBT_ITEMS_TEXT, WMBT_LLMD_HASH_AND_OFFSET);

/* --- XXH64 ------------------------------------------------------------------------------------ */

static bool wmbt_llmd_root_xxh64(wmbt_engine *x)
{
    const uint64_t seed = wmbt_llmd_seed(x);
    wmbt_engine_put_le64(x, seed);
    wmbt_engine_put_le64(x, x->config->model.len);
    wmbt_engine_put_view(x, x->config->model);
    return true;
}

static void wmbt_llmd_header_xxh64(wmbt_engine *x)
{
    wmbt_engine_put_le64(x, wmbt_engine_load_be64(wmbt_engine_parent(x).data));
}

static void wmbt_llmd_tail_texts(wmbt_engine *x)
{
    const wmbt_dialect_item *item;
    for (uint32_t i = x->item; (item = wmbt_engine_next_item(x, &i)) != NULL;) {
        wmbt_engine_put_le64(x, item->identifier.len);
        wmbt_engine_put_view(x, item->identifier);
    }
}

const wmbt_dialect wmbt_dialect_llmd_router_xxh64 = {
    .calls = &wmbt_engine_calls_all,
    WMBT_DIALECT_NAME("llmd-router-xxh64"),
    .hash = &wmbt_engine_xxh64,
    .root = wmbt_llmd_root_xxh64,
    .header = wmbt_llmd_header_xxh64,
    .add = wmbt_engine_add_le,
    .tail = wmbt_llmd_tail_texts,
    .may = WMBT_LLMD_FIELDS | WMBT_ENGINE_ITEMS,
    .needed = WMBT_ENGINE_MODEL,
    .of_root = WMBT_LLMD_ROOT,
    .hash_bytes = 8,
    .parent_bytes = 8,
    .flags = WMBT_DIALECT_NUMBER_PARENT | WMBT_DIALECT_DERIVED,
    .check_items = wmbt_dialect_check_items,
    .items = WMBT_ITEMS_TEXT,
};

/* --- SHA-256, whose last 8 bytes are the key -------------------------------------------------- */

static bool wmbt_llmd_root_sha256(wmbt_engine *x)
{
    wmbt_engine_cbor_text(x, x->config->seed_text);
    return true;
}

static bool wmbt_llmd_finish_sha256(wmbt_engine *x, uint8_t *digest)
{
    wmbt_bytes_copy(x->result, digest + 24, 8);
    return false;
}

const wmbt_dialect wmbt_dialect_llmd_sha256_cbor_v0_4 = {
    .calls = &wmbt_engine_calls_all,
    WMBT_DIALECT_NAME("llmd-sha256-cbor-0.4"),
    .hash = &wmbt_engine_sha256,
    .root = wmbt_llmd_root_sha256,
    .header = wmbt_engine_cbor_begin_bytes,
    .add = wmbt_engine_cbor_tokens,
    .tail = wmbt_engine_cbor_null,
    .finish = wmbt_llmd_finish_sha256,
    .may = WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK,
    .of_root = WMBT_ENGINE_SEED_TEXT,
    .hash_bytes = 8,
    .parent_bytes = 32,
};

#endif
