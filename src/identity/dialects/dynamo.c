/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamo, and Mooncake's conductor: a hash of each block alone, chained by a second one. */
#include "identity/dialects/dialect.h"

#include "base/bytes.h"
#include "wombatkv/lineage.h"
#include "wombatkv/xxh3.h"

#if WMBT_CFG_DIALECTS

/* The seed of Dynamo's own hashes. */
#    define WMBT_DYNAMO_SEED 1337u

/* Variants: what the second hash is seeded with. */
#    define WMBT_DYNAMO_CHAIN_BY_SALT 1u /* else by 1337 */

/* --- roots ------------------------------------------------------------------------------------ */

static uint64_t wmbt_dynamo_hash(wmbt_engine *x, const wmbt_view *text, uint64_t seed)
{
    uint8_t digest[8];
    if (text->len == 0u) { /* an empty name is none */
        return 0;
    }
    wmbt_engine_start(x, seed);
    wmbt_engine_put(x, text->data, text->len);
    x->dialect->hash->final(wmbt_engine_state(x), digest);
    return wmbt_engine_load_be64(digest);
}

static void wmbt_dynamo_root(wmbt_engine *x)
{
    x->seed = WMBT_DYNAMO_SEED + wmbt_dynamo_hash(x, &x->config->lora_name, 0) +
              wmbt_dynamo_hash(x, &x->config->salt, 1);
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* A slot is its kind, a number, and an item's hash or zeros: 13 bytes. */
static void wmbt_dynamo_put_slot(wmbt_engine *x, uint8_t kind, uint32_t number, uint64_t hash)
{
    wmbt_engine_put(x, &kind, 1);
    wmbt_engine_put_le32(x, number);
    wmbt_engine_put_le64(x, hash);
}

/* Blocks that no run touches are their tokens; in others every token is a slot. */
static void wmbt_dynamo_add_slots(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    uint32_t i = x->item;
    const wmbt_dialect_item *run = wmbt_engine_next_item(x, &i);
    if (run == NULL) {
        wmbt_engine_add_le(x, tokens, count);
        return;
    }
    for (size_t t = 0; t < count; t++) {
        const uint64_t place = x->start + x->at + t;
        while (run != NULL && run->offset + run->length <= place) {
            run = wmbt_engine_next_item(x, &i);
        }
        if (run != NULL && run->offset <= place) {
            wmbt_dynamo_put_slot(x, 1, (uint32_t)(place - run->offset), run->hash);
        } else {
            wmbt_dynamo_put_slot(x, 0, tokens[t], 0);
        }
    }
}

/* The hashes of the block's items, from the lowest to the highest. They are not kept, so each one
 * is looked for: the lowest above the one before, as often as it is there. */
static void wmbt_dynamo_tail_sorted(wmbt_engine *x)
{
    const wmbt_dialect_item *item;
    uint64_t from = 0;
    for (;;) {
        uint64_t lowest = UINT64_MAX;
        uint32_t times = 0;
        for (uint32_t i = x->item; (item = wmbt_engine_next_item(x, &i)) != NULL;) {
            if (item->hash >= from && item->hash <= lowest) {
                times = item->hash < lowest ? 1u : times + 1u;
                lowest = item->hash;
            }
        }
        for (uint32_t i = 0; i < times; i++) {
            wmbt_engine_put_le64(x, lowest);
        }
        if (times == 0u || lowest == UINT64_MAX) {
            return;
        }
        from = lowest + 1u;
    }
}

/* True if a block came before: *parent is then its sequence hash. */
static bool wmbt_dynamo_parent(const wmbt_engine *x, uint64_t *parent)
{
    wmbt_view v = wmbt_engine_parent(x);
    *parent = v.len != 0u ? wmbt_engine_load_be64(v.data) : 0u;
    return v.len != 0u;
}

/* The first block's hash is its own; the others' are hashed from the one before and their own. */
static void wmbt_dynamo_finish(wmbt_engine *x, const uint8_t *digest)
{
    uint64_t parent;
    uint8_t *sequence = x->base.chain.parent.bytes;
    const bool by_salt = (x->dialect->variant & WMBT_DYNAMO_CHAIN_BY_SALT) != 0u;
    x->block_hash = wmbt_engine_load_be64(digest);
    if (wmbt_dynamo_parent(x, &parent)) {
        wmbt_engine_start(x, by_salt ? x->seed : WMBT_DYNAMO_SEED);
        wmbt_engine_put_le64(x, parent);
        wmbt_engine_put_le64(x, x->block_hash);
        x->dialect->hash->final(wmbt_engine_state(x), sequence);
    } else {
        wmbt_bytes_copy(sequence, digest, 8);
    }
    wmbt_bytes_copy(x->result, sequence, 8);
}

/* A lineage hash has no place for more blocks than 2^24: begin_block() has looked. */
static void wmbt_dynamo_finish_lineage(wmbt_engine *x, const uint8_t *digest)
{
    uint64_t parent;
    const bool first = !wmbt_dynamo_parent(x, &parent);
    const uint32_t position = (uint32_t)wmbt_engine_number(x);
    wmbt_dynamo_finish(x, digest);
    (void)!wmbt_lineage_pack(wmbt_engine_load_be64(x->result), first ? NULL : &parent, position,
                             x->result);
}

static void wmbt_dynamo_finish_lineage_v1_2(wmbt_engine *x, const uint8_t *digest)
{
    uint64_t parent;
    const bool first = !wmbt_dynamo_parent(x, &parent);
    const uint32_t position = (uint32_t)wmbt_engine_number(x);
    wmbt_dynamo_finish(x, digest);
    (void)!wmbt_lineage_v1_2_pack(wmbt_engine_load_be64(x->result), first ? NULL : &parent,
                                  position, x->result);
}

/* --- the dialects ----------------------------------------------------------------------------- */

#    define WMBT_DYNAMO_START (WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK)
#    define WMBT_DYNAMO_NAMES (WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_SALT | WMBT_ENGINE_ITEMS)

#    define WMBT_DYNAMO(constant, text, root_, add_, tail_, finish_, fields, bytes, more, \
                        more_flags, kind, how)                                            \
        const wmbt_dialect wmbt_dialect_##constant = {                                    \
            .calls = &wmbt_engine_calls_all,                                              \
            .name = text,                                                                 \
            .hash = &wmbt_engine_xxh3_64,                                                 \
            .root = (root_),                                                              \
            .add = (add_),                                                                \
            .tail = (tail_),                                                              \
            .finish = (finish_),                                                          \
            .may = WMBT_DYNAMO_START | (fields),                                          \
            .hash_bytes = (bytes),                                                        \
            .parent_bytes = 8,                                                            \
            .ahead = (more),                                                              \
            .flags = WMBT_DIALECT_TWO_HASHES | (more_flags),                              \
            .check_items = (kind) != 0u ? wmbt_dialect_check_items : NULL,                \
            .items = (kind),                                                              \
            .variant = (how),                                                             \
        }

WMBT_DYNAMO(dynamo_request_v1_6, "dynamo-request-1.6", wmbt_dynamo_root, wmbt_dynamo_add_slots,
            NULL, wmbt_dynamo_finish, WMBT_DYNAMO_NAMES, 8, 0, 0, WMBT_ITEMS_RUN, 0);
WMBT_DYNAMO(dynamo_plh_v1_6, "dynamo-plh-1.6", wmbt_dynamo_root, wmbt_dynamo_add_slots, NULL,
            wmbt_dynamo_finish_lineage, WMBT_DYNAMO_NAMES, 16, 0, WMBT_DIALECT_LINEAGE,
            WMBT_ITEMS_RUN, 0);
WMBT_DYNAMO(dynamo_router_v1_6, "dynamo-router-1.6", wmbt_dynamo_root, wmbt_engine_add_le,
            wmbt_dynamo_tail_sorted, wmbt_dynamo_finish, WMBT_DYNAMO_NAMES, 8, 0, 0,
            WMBT_ITEMS_NUMBER, 0);
WMBT_DYNAMO(dynamo_router_eagle_v1_6, "dynamo-router-eagle-1.6", wmbt_dynamo_root,
            wmbt_engine_add_le, wmbt_dynamo_tail_sorted, wmbt_dynamo_finish, WMBT_DYNAMO_NAMES, 8,
            1, WMBT_DIALECT_TAIL_LAST, WMBT_ITEMS_NUMBER, 0);
WMBT_DYNAMO(dynamo_tokens_v1_2, "dynamo-tokens-1.2", NULL, wmbt_engine_add_le, NULL,
            wmbt_dynamo_finish, WMBT_ENGINE_SEED, 8, 0, 0, 0, WMBT_DYNAMO_CHAIN_BY_SALT);
WMBT_DYNAMO(dynamo_plh_v1_2, "dynamo-plh-1.2", NULL, wmbt_engine_add_le, NULL,
            wmbt_dynamo_finish_lineage_v1_2, WMBT_ENGINE_SEED, 16, 0, WMBT_DIALECT_LINEAGE, 0,
            WMBT_DYNAMO_CHAIN_BY_SALT);
WMBT_DYNAMO(mooncake_conductor, "mooncake-conductor", NULL, wmbt_engine_add_le, NULL,
            wmbt_dynamo_finish, WMBT_ENGINE_SEED, 8, 0, WMBT_DIALECT_DERIVED, 0,
            WMBT_DYNAMO_CHAIN_BY_SALT);

#endif
