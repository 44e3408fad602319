/* SPDX-License-Identifier: Apache-2.0 */
/* TensorRT-LLM, KV cache manager v2: SHA-256 of the parent and the block's tokens. */
#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* Present numbers of the scope: a mask byte, then each. */
static bool wmbt_trtllm_root(wmbt_engine *x)
{
    const wmbt_engine_config *c = x->config;
    const uint8_t mask = (uint8_t)((c->lora_id != NULL ? 1u : 0u) | (c->salt_id != NULL ? 2u : 0u));
    wmbt_engine_put(x, &mask, 1);
    if (c->lora_id != NULL) {
        wmbt_engine_put_le64(x, *c->lora_id);
    }
    if (c->salt_id != NULL) {
        wmbt_engine_put_le64(x, *c->salt_id);
    }
    return true;
}

/* The first slot of an item is its digest instead of a token. */
static void wmbt_trtllm_add(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    uint32_t i = x->item;
    const wmbt_dialect_item *item = wmbt_engine_next_item(x, &i);
    size_t plain = 0; /* tokens that wait */
    for (size_t t = 0; t < count; t++) {
        const uint64_t place = x->start + x->at + t;
        while (item != NULL && item->offset < place) {
            item = wmbt_engine_next_item(x, &i);
        }
        if (item != NULL && item->offset == place) {
            wmbt_engine_add_le(x, tokens + t - plain, plain);
            wmbt_engine_put_view(x, item->identifier);
            plain = 0;
        } else {
            plain++;
        }
    }
    wmbt_engine_add_le(x, tokens + count - plain, plain);
}

const wmbt_dialect wmbt_dialect_trtllm_v2 = {
    .calls = &wmbt_engine_calls_all,
    WMBT_DIALECT_NAME("trtllm-v2"),
    .hash = &wmbt_engine_sha256,
    .root = wmbt_trtllm_root,
    .header = wmbt_engine_put_parent,
    .add = wmbt_trtllm_add,
    .may = WMBT_ENGINE_LORA_ID | WMBT_ENGINE_SALT_ID | WMBT_ENGINE_ITEMS | WMBT_ENGINE_PARENT |
           WMBT_ENGINE_FIRST_BLOCK,
    .of_root = WMBT_ENGINE_LORA_ID | WMBT_ENGINE_SALT_ID,
    .hash_bytes = 32,
    .parent_bytes = 32,
    .flags = WMBT_DIALECT_DERIVED | WMBT_DIALECT_SHORT_LAST,
    .check_items = wmbt_dialect_check_items,
    .items = WMBT_ITEMS_DIGEST,
};

#endif
