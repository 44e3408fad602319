/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eviction: which blocks go when the stored bytes exceed a budget. The oldest go first, by the time
 * of their last use, those of one time in ascending order of their hashes, until a tenth of the
 * budget is free; exactly as upstream's evictor chooses. The candidates lie in an array of the
 * caller, which becomes a heap: time n for n candidates and log n for each block that goes.
 * Source of the rules: docs/FORMATS.md, "Eviction".
 *
 * With an index: wmbt_evict_collect(), wmbt_evict_begin(), then wmbt_evict_step() until end. A step
 * removes the block from the index, unless it was used meanwhile; the caller deletes the object.
 * What was collected is a picture of that moment, as it is upstream.
 */
#ifndef WOMBATKV_EVICT_H
#define WOMBATKV_EVICT_H

#include "wombatkv/index.h"

#if WMBT_CFG_EVICT

WMBT_BEGIN_DECLS

/** A candidate. */
typedef struct wmbt_evict_block {
    wmbt_block_hash hash;
    uint64_t last_access_ns;
    uint64_t payload_bytes;
} wmbt_evict_block;

/** One round of eviction. The first part is to be read, the second is the library's. */
typedef struct wmbt_evict {
    uint64_t total_bytes;  /**< of all candidates, modulo 2^64 as upstream */
    uint64_t needed_bytes; /**< to be freed; 0 if the budget is kept */
    uint64_t freed_bytes;  /**< of blocks that went */
    uint32_t freed;        /**< blocks that went */
    uint32_t skipped;      /**< blocks that were used or removed meanwhile */
    bool is_over;          /**< the budget is exceeded */

    wmbt_evict_block *blocks;
    uint32_t left;
    wmbt_evict_block parent;
    bool tries_parent;
} wmbt_evict;

/**
 * The bytes that may stay when `budget_bytes` is exceeded: nine tenths, as upstream computes them.
 * Equal to its result for every u64, also where that result is not exact because a double holds 53
 * bits only (budgets from 2^53 on, 9 PB).
 */
WMBT_API uint64_t wmbt_evict_target(uint64_t budget_bytes);

/**
 * Every block of an index as a candidate, for one who may be writing it.
 *
 * buffer-too-small: room for fewer than wmbt_index_count() blocks; what was written is no array
 * then. bad-state: records were being written; again when the writer has gone on. *count is then
 * unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_evict_collect(const wmbt_index *x,
                                                        wmbt_evict_block *blocks, uint32_t room,
                                                        uint32_t *count);

/**
 * Starts a round: adds up, and if more than `budget_bytes` is stored and the budget is not 0, makes
 * a heap of the array, which the round needs until its end.
 */
WMBT_API void wmbt_evict_begin(wmbt_evict *e, wmbt_evict_block *blocks, uint32_t count,
                               uint64_t budget_bytes);

/**
 * The next block to go, without an index. Tell wmbt_evict_done() what became of it before the next.
 *
 * end: enough was freed, or no candidate is left. *block is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_evict_next(wmbt_evict *e, wmbt_evict_block *block);

/** The block that wmbt_evict_next() named went (`freed`), or stays: it was used meanwhile. */
WMBT_API void wmbt_evict_done(wmbt_evict *e, const wmbt_evict_block *block, bool freed);

/**
 * Removes the next block from the index, if it is as it was collected; those that are not are
 * passed over and counted. *block is the block that went: delete its object.
 *
 * In a prefix-closed index a block with children stays for now; when the last of them goes and it
 * is older still, it goes next. The index is prefix-closed after every step.
 *
 * end: enough was freed, or no candidate is left. *block is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_evict_step(wmbt_evict *e, wmbt_index_writer *w,
                                                     wmbt_evict_block *block);

WMBT_END_DECLS

#endif

#endif
