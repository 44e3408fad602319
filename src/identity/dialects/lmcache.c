/* SPDX-License-Identifier: Apache-2.0 */
/* LMCache: BLAKE3 or vLLM's CBOR between processes, numbers of 64 bits in CBOR within one. */
#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* --- multiprocess ----------------------------------------------------------------------------- */

static bool wmbt_lmcache_root_blake3(wmbt_engine *x)
{
    static const uint8_t zeros[12] = {0}; /* a number of 64 bits and a token */
    wmbt_engine_put(x, zeros, sizeof zeros);
    return true;
}

const wmbt_dialect wmbt_dialect_lmcache_mp_blake3 = {
    .calls = &wmbt_engine_calls_all,
    WMBT_DIALECT_NAME("lmcache-mp-blake3"),
    .hash = &wmbt_engine_blake3,
    .root = wmbt_lmcache_root_blake3,
    .header = wmbt_engine_put_parent,
    .add = wmbt_engine_add_be,
    .may = WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK,
    .hash_bytes = 32,
    .parent_bytes = 32,
    .flags = WMBT_DIALECT_FIXED,
};

/* --- roots that are vLLM's -------------------------------------------------------------------- */

static bool wmbt_lmcache_root_cbor(wmbt_engine *x)
{
    wmbt_view seed = x->config->seed_text;
    wmbt_engine_cbor_text(x, wmbt_engine_has(seed) ? seed : WMBT_VIEW_LITERAL("vllm-none-hash"));
    return true;
}

const wmbt_dialect wmbt_dialect_lmcache_mp_sha256_cbor = {
    .calls = &wmbt_engine_calls_all,
    WMBT_DIALECT_NAME("lmcache-mp-sha256-cbor"),
    .hash = &wmbt_engine_sha256,
    .root = wmbt_lmcache_root_cbor,
    .header = wmbt_engine_cbor_begin_bytes,
    .add = wmbt_engine_cbor_tokens,
    .tail = wmbt_engine_cbor_null,
    .may = WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK,
    .of_root = WMBT_ENGINE_SEED_TEXT,
    .hash_bytes = 32,
    .parent_bytes = 32,
};

/* --- in-process: the third element is an empty array ------------------------------------------ */

static void wmbt_lmcache_tail_empty(wmbt_engine *x)
{
    wmbt_engine_cbor_header(x, 4, 0);
}

#    define WMBT_LMCACHE(constant, text, of_hash, need)                                  \
        const wmbt_dialect wmbt_dialect_##constant = {                                   \
            .calls = &wmbt_engine_calls_all,                                             \
            WMBT_DIALECT_NAME(text),                                                     \
            .hash = &(of_hash),                                                          \
            .root = wmbt_lmcache_root_cbor,                                              \
            .header = wmbt_engine_cbor_begin_number,                                     \
            .add = wmbt_engine_cbor_tokens,                                              \
            .tail = wmbt_lmcache_tail_empty,                                             \
            .may = WMBT_ENGINE_SEED_TEXT | WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK, \
            .needed = (need),                                                            \
            .of_root = WMBT_ENGINE_SEED_TEXT,                                            \
            .hash_bytes = 8,                                                             \
            .parent_bytes = 8,                                                           \
            .flags = WMBT_DIALECT_SHORT_LAST,                                            \
        }

WMBT_LMCACHE(lmcache_sha256_cbor, "lmcache-sha256-cbor", wmbt_engine_sha256, 0);
WMBT_LMCACHE(lmcache_xxhash_cbor, "lmcache-xxhash-cbor", wmbt_engine_xxh3_128,
             WMBT_ENGINE_SEED_TEXT);

#endif
