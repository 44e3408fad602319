/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residency: where the blocks of a chain lie, in memory, on a local disk, or only in the bucket;
 * the keys that upstream's residency index has; and its estimate of what an index takes.
 * Source of the rules: docs/FORMATS.md, "Residency".
 *
 * A residency index is a wmbt_index of its own, started with WMBT_RESIDENCY_CONTEXTS contexts and
 * not prefix-closed. Only what stands here is to be done with it.
 */
#ifndef WOMBATKV_RESIDENCY_H
#define WOMBATKV_RESIDENCY_H

#include "wombatkv/index.h"

#if WMBT_CFG_RESIDENCY

WMBT_BEGIN_DECLS

/* Where a block lies. Values are pinned. */
#    define WMBT_RESIDENCY_RAM 1u    /**< in memory */
#    define WMBT_RESIDENCY_NVME 2u   /**< on a local disk */
#    define WMBT_RESIDENCY_REMOTE 3u /**< in the bucket only: to be fetched */

/** Contexts of a residency index: one for each of these. */
#    define WMBT_RESIDENCY_CONTEXTS 3u

/** What is known of a block. */
typedef struct wmbt_residency {
    uint32_t block_index;
    uint32_t where; /**< WMBT_RESIDENCY_... */
} wmbt_residency;

/** What is known of a chain. */
typedef struct wmbt_residency_chain {
    uint32_t matched;  /**< blocks from the first on that the index has */
    uint32_t resident; /**< of them, from the first on, those that lie here. The others, from number
                            `resident` to `matched` - 1, are those to prefetch: the first is remote,
                            and what lies behind it counts with it wherever it lies */
} wmbt_residency_chain;

/**
 * Stores or replaces an entry.
 *
 * bad-argument: no such residency; full: no free slot. Nothing is changed then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_residency_put(wmbt_index_writer *w,
                                                        const wmbt_block_hash *key,
                                                        const wmbt_residency *entry);

/**
 * Looks up a chain until its first key that is absent. entries[i], for i < chain->resident, are of
 * the blocks that lie here; the array has room for `count`.
 */
WMBT_API void wmbt_residency_lookup(const wmbt_index *x, const wmbt_block_hash *keys,
                                    uint32_t count, wmbt_residency *entries,
                                    wmbt_residency_chain *chain);

/** Bytes of the fingerprint in a key. */
#    define WMBT_RESIDENCY_FINGERPRINT_BYTES 16u

/** The key of a block: fingerprint, block index, depth, and eight bytes mixed of these. */
WMBT_API void wmbt_residency_key(const uint8_t fingerprint[WMBT_RESIDENCY_FINGERPRINT_BYTES],
                                 uint32_t block_index, uint32_t depth, wmbt_block_hash *key);

/** What an index may take of a host's memory. */
typedef struct wmbt_residency_guard {
    uint64_t host_bytes;     /**< memory of the host */
    uint64_t reserved_bytes; /**< of it, kept for the system */
    uint64_t overhead_bytes; /**< of an entry, beside its key and value */
    uint8_t percent;         /**< of the rest, for the index; more than 100 is allowed */
} wmbt_residency_guard;

/** Upstream's values: 96 GiB, 48 GiB, 64, 30 %. */
WMBT_API void wmbt_residency_guard_init(wmbt_residency_guard *guard);

/** Bytes that an index may take. Sums and products end at 2^64 - 1, as upstream. */
WMBT_API uint64_t wmbt_residency_guard_budget(const wmbt_residency_guard *guard);

/** Bytes that upstream's index takes for so many entries, by its own estimate. */
WMBT_API uint64_t wmbt_residency_guard_bytes(const wmbt_residency_guard *guard, uint64_t entries);

/** Bytes that a residency index of this library takes: WMBT_INDEX_BYTES() of any capacity. */
WMBT_API uint64_t wmbt_residency_bytes(uint64_t entries);

/**
 * wmbt_residency_put(), unless the entries would then take more than the budget by upstream's
 * estimate. Entries that are replaced count once.
 *
 * too-large: they would; *estimated_bytes says how much. Else as wmbt_residency_put(), and
 * *estimated_bytes is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_residency_put_guarded(wmbt_index_writer *w,
                                                                const wmbt_residency_guard *guard,
                                                                const wmbt_block_hash *key,
                                                                const wmbt_residency *entry,
                                                                uint64_t *estimated_bytes);

WMBT_END_DECLS

#endif

#endif
