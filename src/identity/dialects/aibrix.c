/* SPDX-License-Identifier: Apache-2.0 */
/* AIBrix's gateway: XXH64 of blocks of bytes, so a block may end inside a token. */
#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* The parent of the first block is the seed itself. */
static bool wmbt_aibrix_root(wmbt_engine *x)
{
    uint8_t seed[8];
    wmbt_engine_store_be64(seed, x->config->seed);
    wmbt_engine_set_root(x, seed, sizeof seed);
    return false;
}

/* Blocks of bytes are no blocks of tokens: only push() takes them. */
static wmbt_status wmbt_aibrix_begin(wmbt_chain *chain, uint32_t tokens)
{
    (void)chain;
    (void)tokens;
    return WMBT_BAD_STATE;
}

static void wmbt_aibrix_begin_bytes(wmbt_engine *x)
{
    wmbt_engine_start(x, x->seed);
    wmbt_engine_put_le64(x, wmbt_engine_load_be64(wmbt_engine_parent(x).data));
    x->words = x->base.block_tokens;
}

/* Here x->words are the bytes that the open block lacks (0: none is open), and x->at are the bytes
 * of the next token that are taken. A token is taken with its last byte; until then it is given
 * again, so none is kept. */
static wmbt_status wmbt_aibrix_push(wmbt_chain *chain, const uint32_t *tokens, size_t count,
                                    size_t *taken, wmbt_block_hash *hash)
{
    wmbt_engine *x = (wmbt_engine *)(void *)chain;
    size_t i = 0;
    if (chain->blocks == UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    if (x->words == 0u) {
        wmbt_aibrix_begin_bytes(x);
    }
    while (i < count && x->words != 0u) {
        uint8_t bytes[4];
        uint32_t n = 0;
        while (x->at < 4u && x->words != 0u) {
            bytes[n++] = (uint8_t)(tokens[i] >> (24u - 8u * x->at));
            x->at++;
            x->words--;
        }
        wmbt_engine_put(x, bytes, n);
        if (x->at == 4u) {
            x->at = 0;
            i++;
        }
    }
    *taken = i;
    if (x->words != 0u) {
        return WMBT_NEED_MORE;
    }
    wmbt_engine_finish(x, hash);
    chain->blocks++;
    return WMBT_OK;
}

static const wmbt_engine_calls wmbt_aibrix_calls = {
    wmbt_engine_init, wmbt_engine_reset, wmbt_aibrix_begin, NULL, NULL, wmbt_aibrix_push,
};

const wmbt_dialect wmbt_dialect_aibrix_gateway = {
    .calls = &wmbt_aibrix_calls,
    WMBT_DIALECT_NAME("aibrix-gateway"),
    .hash = &wmbt_engine_xxh64,
    .root = wmbt_aibrix_root,
    .may = WMBT_ENGINE_SEED | WMBT_ENGINE_PARENT,
    .hash_bytes = 8,
    .parent_bytes = 8,
    .flags = WMBT_DIALECT_DERIVED | WMBT_DIALECT_BYTES,
};

#endif
