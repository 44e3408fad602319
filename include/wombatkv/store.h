/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block store in caller memory: an ordered map from block keys to payloads, with the operations
 * and the semantics of wombatkv-core's InMemoryKvStore. Capacity is fixed. Payloads are not copied:
 * the store keeps views of them (a payload is often larger than all memory of a controller, and
 * usually lies already where it is to stay), and a view of each key's tenant. Both must stay as
 * long as the entry does.
 *
 * The hash of block i of a prompt is chain.h's, core dialect. Source of the rules: docs/FORMATS.md,
 * "Block store semantics".
 */
#ifndef WOMBATKV_STORE_H
#define WOMBATKV_STORE_H

#include "wombatkv/metadata.h"

#if WMBT_CFG_STORE

WMBT_BEGIN_DECLS

/** What a block is stored under. Ordered by its fields in this order, bytes as unsigned. */
typedef struct wmbt_block_key {
    wmbt_view tenant;            /**< text, may be empty */
    uint8_t fingerprint[32];     /**< of the identity context */
    wmbt_block_hash prefix_hash; /**< of the block: chain.h */
    uint32_t block_index;        /**< number of the block in its prompt */
} wmbt_block_key;

/** One block. Its memory is the store's. */
typedef struct wmbt_store_entry {
    wmbt_block_key key;
    wmbt_view payload;
} wmbt_store_entry;

/** Blocks of one prompt: what its keys have in common, and a hash for each block from the first. */
typedef struct wmbt_store_prefix {
    wmbt_view tenant;
    const uint8_t *fingerprint; /**< 32 bytes */
    const wmbt_block_hash *hashes;
    uint32_t count; /**< of hashes */
} wmbt_store_prefix;

/** Alignment of a store's memory. */
#    define WMBT_STORE_ALIGN WMBT_MEMORY_ALIGN

/** Bytes of memory for `capacity` blocks, a constant expression if capacity is one. */
#    define WMBT_STORE_BYTES(capacity) (16u + WMBT_SIZE(capacity) * sizeof(wmbt_store_entry))

/** A store. It is not to be moved to other memory while it is used. */
typedef struct wmbt_store wmbt_store;

/**
 * Starts an empty store for up to `capacity` blocks in `memory`, which it occupies until it is no
 * longer used; *x is that memory.
 *
 * bad-argument: NULL with a length; buffer-too-small: less than WMBT_STORE_BYTES(capacity);
 * buffer-misaligned: not a multiple of WMBT_STORE_ALIGN. *x is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_store_init(wmbt_buf memory, uint32_t capacity,
                                                     wmbt_store **x);

/** Blocks that are stored. */
WMBT_API uint32_t wmbt_store_count(const wmbt_store *x);

/** Blocks that there is room for in all. */
WMBT_API uint32_t wmbt_store_capacity(const wmbt_store *x);

/**
 * Stores a payload, or replaces the one that has this key (the entry then keeps the tenant's view
 * that it has). Work: a binary search, and a move of the entries behind a new one.
 *
 * bad-argument: NULL with a length; full: no room for another key. Nothing is stored then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_store_put_block(wmbt_store *x, const wmbt_block_key *key,
                                                          wmbt_view payload);

/**
 * The payload of a key.
 *
 * missing: there is none; bad-argument: NULL with a length. *payload is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_store_get_block(const wmbt_store *x,
                                                          const wmbt_block_key *key,
                                                          wmbt_view *payload);

/**
 * The entry of place `at` in the order of the keys, from 0: a pointer into the store, valid until
 * the next put or publish. NULL if at >= wmbt_store_count().
 */
WMBT_API const wmbt_store_entry *wmbt_store_entry_at(const wmbt_store *x, uint32_t at);

/**
 * Stores payloads[i] under (tenant, fingerprint, hashes[i], i) for every i, or nothing at all.
 *
 * bad-argument: NULL with a length or count, fingerprint NULL; bad-count: payload_count differs
 * from prefix->count; full: no room for all new keys.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_store_publish_prefix(wmbt_store *x,
                                                               const wmbt_store_prefix *prefix,
                                                               const wmbt_view *payloads,
                                                               uint32_t payload_count);

/**
 * How many blocks from the first on are stored: *matched, and their payloads in `payloads`, which
 * has room for prefix->count views, or is NULL if they are not wanted.
 *
 * The blocks from *matched on are missing, all of them: those behind the first hole are not looked
 * for, as they cannot be used. wmbt_store_key_of() gives their keys.
 *
 * bad-argument: NULL with a length or count, fingerprint NULL. *matched and payloads are then
 * unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_store_lookup_prefix(const wmbt_store *x,
                                                              const wmbt_store_prefix *prefix,
                                                              wmbt_view *payloads,
                                                              uint32_t *matched);

/** The key of block `index` of a prompt; index < prefix->count. */
WMBT_API void wmbt_store_key_of(const wmbt_store_prefix *prefix, uint32_t index,
                                wmbt_block_key *key);

WMBT_END_DECLS

#endif

#endif
