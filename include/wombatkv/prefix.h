/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The longest usable prefix, from presence bits. A hole ends it, and what lies behind a hole is
 * never taken for more than that: presence is not monotone, so nothing is searched by halving.
 * Source of the rules: docs/REUSE.md, "Prefix".
 *
 * A model may keep its state in several pools, each with a bit a block: rows that every later token
 * sees, rows of a sliding window, one state at the tip. A prefix of k blocks is usable if each pool
 * has what its rule asks for at k. Set a bit only when the block was read and verified: a bit for a
 * block that is merely listed, or whose write failed, makes garbage usable.
 */
#ifndef WOMBATKV_PREFIX_H
#define WOMBATKV_PREFIX_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_REUSE

WMBT_BEGIN_DECLS

/** Pools that a scan takes at most. */
#    define WMBT_PREFIX_MAX_POOLS 16u

/** Bytes of presence bits for so many blocks. */
#    define WMBT_PREFIX_BYTES(blocks) (((blocks) >> 3) + (((blocks) & 7u) != 0u ? 1u : 0u))

/* What a pool must have for a prefix of k blocks, k > 0. Values are pinned; 0 is none of them. */
#    define WMBT_PREFIX_ALL 1u      /**< blocks 0 to k - 1 */
#    define WMBT_PREFIX_TRAILING 2u /**< the last `trailing` of them, or all if k is less */
#    define WMBT_PREFIX_TIP 3u      /**< block k - 1: a state after the last block */

/** One pool. */
typedef struct wmbt_prefix_pool {
    wmbt_view present; /**< bit i % 8 of byte i / 8, least significant first: block i is there */
    uint32_t rule;     /**< WMBT_PREFIX_... */
    uint32_t trailing; /**< blocks, for WMBT_PREFIX_TRAILING (wmbt_boundary_window_blocks()) */
} wmbt_prefix_pool;

/** A run of blocks without a hole, as long as it goes. */
typedef struct wmbt_prefix_segment {
    uint32_t first;  /**< first block */
    uint32_t blocks; /**< at least 1; every pool with WMBT_PREFIX_ALL has all of them */
    uint32_t usable; /**< of them, from the first on, what could be used if all that lies before
                          `first` were in memory already; 0 to `blocks` */
} wmbt_prefix_segment;

/** True if block `block` is marked; false behind the end of the bits. */
static inline bool wmbt_prefix_is_present(wmbt_view present, uint32_t block)
{
    return (block >> 3) < present.len && (present.data[block >> 3] & 1u << (block & 7u)) != 0u;
}

/** Marks a block. Nothing happens behind the end of the bits. */
static inline void wmbt_prefix_mark(wmbt_buf present, uint32_t block)
{
    if ((block >> 3) < present.len) {
        present.data[block >> 3] =
            WMBT_CAST(uint8_t, present.data[block >> 3] | 1u << (block & 7u));
    }
}

/**
 * The number of blocks of the longest usable prefix of `blocks` blocks: 0 to `blocks`. With pools
 * that do not need all blocks a shorter prefix may be unusable where a longer one is usable.
 * Time: one step a block and pool; every bit is read once.
 * Returns ok; bad-argument (no pool; a view that is NULL or has fewer bits than blocks; an unknown
 * rule); too-large (more than WMBT_PREFIX_MAX_POOLS pools). On an error *usable is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_prefix_longest(const wmbt_prefix_pool *pool, size_t pools,
                                                         uint32_t blocks, uint32_t *usable);

/**
 * For reports, and for callers who fill holes themselves: the first segment that begins at block
 * `from` or later. Starting at 0, and then at first + blocks of the segment before, lists them all
 * in linear time. Only a segment that begins at block 0 is a prefix: what lies behind a hole is
 * usable only once the hole was computed.
 * Returns ok; missing if there is no further segment; else as wmbt_prefix_longest(). Unless ok
 * *segment is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_prefix_segment_at(const wmbt_prefix_pool *pool,
                                                            size_t pools, uint32_t blocks,
                                                            uint32_t from,
                                                            wmbt_prefix_segment *segment);

/** How many bytes at the start of `resident` (one a block, 0: not there) are not 0. Empty for NULL
 * with a length. */
WMBT_API size_t wmbt_prefix_resident(wmbt_view resident);

WMBT_END_DECLS

#endif

#endif
