/* SPDX-License-Identifier: Apache-2.0 */
/* Dynamo, and Mooncake's conductor: a hash of each block alone, chained by a second one. */
#include "identity/dialects/dialect.h"

#include "wombatkv/lineage.h"
#include "wombatkv/xxh3.h"

#if WMBT_CFG_DIALECTS

/* The seed of Dynamo's own hashes. */
#    define WMBT_DYNAMO_SEED 1337u

/* Variants: what the second hash is seeded with. */
#    define WMBT_DYNAMO_CHAIN_BY_SALT 1u /* else by 1337 */

/* --- roots ------------------------------------------------------------------------------------ */

/* An empty name adds nothing. */
static bool wmbt_dynamo_root(wmbt_engine *x)
{
    const wmbt_view *text = &x->config->lora_name;
    x->seed = WMBT_DYNAMO_SEED;
    for (uint32_t i = 0; i < 2u; i++) {
        if (text->len != 0u) {
            uint8_t digest[8];
            wmbt_engine_start(x, i);
            wmbt_engine_put(x, text->data, text->len);
            x->dialect->hash->final(wmbt_engine_state(x), digest);
            x->seed += wmbt_engine_load_be64(digest);
        }
        text = &x->config->salt;
    }
    return false;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Blocks that no run touches are their tokens; in others every token is a slot of 13 bytes: its
 * kind, a number, and an item's hash or zeros. */
static void wmbt_dynamo_add_slots(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    uint32_t i = x->item;
    uint64_t place = x->start + x->at;
    const wmbt_dialect_item *run = wmbt_engine_next_item(x, &i);
    if (run == NULL) {
        wmbt_engine_add_le(x, tokens, count);
        return;
    }
    for (size_t t = 0; t < count; t++, place++) {
        uint8_t kind = 0;
        uint32_t number = tokens[t];
        uint64_t hash = 0;
        while (run != NULL && run->offset + run->length <= place) {
            run = wmbt_engine_next_item(x, &i);
        }
        if (run != NULL && run->offset <= place) {
            kind = 1;
            number = (uint32_t)(place - run->offset);
            hash = run->hash;
        }
        wmbt_engine_put(x, &kind, 1);
        wmbt_engine_put_le32(x, number);
        wmbt_engine_put_le64(x, hash);
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
        if (lowest == UINT64_MAX) { /* the last, or none is left */
            return;
        }
        from = lowest + 1u;
    }
}

/* The first block's hash is its own; the others' are hashed from the one before and their own.
 * True if a block came before: *parent is then its hash. */
static bool wmbt_dynamo_chain(wmbt_engine *x, uint8_t *digest, uint64_t *parent)
{
    const wmbt_view before = wmbt_engine_parent(x);
    x->block_hash = wmbt_engine_load_be64(digest);
    if (before.len == 0u) {
        return false;
    }
    *parent = wmbt_engine_load_be64(before.data);
    wmbt_engine_start(x, x->dialect->variant == WMBT_DYNAMO_CHAIN_BY_SALT ? x->seed
                                                                          : WMBT_DYNAMO_SEED);
    wmbt_engine_put_le64(x, *parent);
    wmbt_engine_put_le64(x, x->block_hash);
    x->dialect->hash->final(wmbt_engine_state(x), digest);
    return true;
}

static bool wmbt_dynamo_finish(wmbt_engine *x, uint8_t *digest)
{
    uint64_t parent;
    (void)wmbt_dynamo_chain(x, digest, &parent);
    return true;
}

/* A lineage hash has no place for more blocks than 2^24: begin_block() has looked. */
static bool wmbt_dynamo_finish_lineage(wmbt_engine *x, uint8_t *digest)
{
    uint64_t parent;
    const bool follows = wmbt_dynamo_chain(x, digest, &parent);
    (void)!wmbt_lineage_pack(wmbt_engine_load_be64(digest), follows ? &parent : NULL,
                             (uint32_t)wmbt_engine_number(x), x->result);
    return false;
}

static bool wmbt_dynamo_finish_lineage_v1_2(wmbt_engine *x, uint8_t *digest)
{
    uint64_t parent;
    const bool follows = wmbt_dynamo_chain(x, digest, &parent);
    (void)!wmbt_lineage_v1_2_pack(wmbt_engine_load_be64(digest), follows ? &parent : NULL,
                                  (uint32_t)wmbt_engine_number(x), x->result);
    return false;
}

/* --- the dialects ----------------------------------------------------------------------------- */

#    define WMBT_DYNAMO_START (WMBT_ENGINE_PARENT | WMBT_ENGINE_FIRST_BLOCK)
#    define WMBT_DYNAMO_NAMES (WMBT_ENGINE_LORA_NAME | WMBT_ENGINE_SALT | WMBT_ENGINE_ITEMS)

#    define WMBT_DYNAMO(constant, text, root_, add_, tail_, finish_, fields, bytes, more, \
                        more_flags, kind, how)                                            \
        const wmbt_dialect wmbt_dialect_##constant = {                                    \
            .calls = &wmbt_engine_calls_all,                                              \
            WMBT_DIALECT_NAME(text),                                                      \
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
