/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefetching: which blocks are worth fetching first. The best by upstream's score: how lately a
 * block was used (a half-life of ten minutes), 0.3 more if it is the first of a prompt, 0.2 more if
 * it is of the model that runs now. Those of one score come in ascending order of their hashes.
 * Source of the rules: docs/FORMATS.md, "Prefetching".
 *
 * Offer candidates, or a whole index; the best `room` of them are kept in an array of the caller.
 * Time n log k. Those of one score come in the order in which an index lists them, which is the
 * ascending order of their hashes upstream.
 */
#ifndef WOMBATKV_PREFETCH_H
#define WOMBATKV_PREFETCH_H

#include "wombatkv/index.h"

#if WMBT_CFG_PREFETCH

WMBT_BEGIN_DECLS

/** A block that was chosen. */
typedef struct wmbt_prefetch_block {
    wmbt_block_hash hash;
    uint64_t score;  /**< as wmbt_prefetch_score() */
    uint64_t number; /**< blocks that were offered before it */
} wmbt_prefetch_block;

/** One selection. The first part is to be read, the second is the library's. */
typedef struct wmbt_prefetch {
    uint32_t count;  /**< blocks in the array */
    uint32_t scored; /**< blocks that were offered */

    uint32_t room;
    wmbt_prefetch_block *blocks;
    wmbt_model_digest active;
    uint64_t now_ns;
    uint32_t ties;
} wmbt_prefetch;

/**
 * The score of a block, as the bits of an IEEE 754 double, computed without floating point. Scores
 * are not negative, so they compare as numbers. What upstream computes may differ in the last bit,
 * as the exponential of one mathematical library does from another's.
 *
 * A time of use after `now_ns` counts as now. `active` all zero is equal to a block's that is all
 * zero, as upstream.
 */
WMBT_API uint64_t wmbt_prefetch_score(const wmbt_block_meta *meta, const wmbt_model_digest *active,
                                      uint64_t now_ns);

/* Which of two blocks of one score comes first. Where they are offered in ascending order of their
 * hashes, it is the same. Values are pinned. */
#    define WMBT_PREFETCH_TIES_BY_HASH 0u /**< the smaller hash, in whatever order they come */
#    define WMBT_PREFETCH_TIES_BY_OFFER \
        1u /**< the one that was offered first, as upstream's sort */

/**
 * Starts a selection of up to `room` blocks, in an array that it needs until its end. `ties` is
 * WMBT_PREFETCH_TIES_...; any other number is by hash.
 */
WMBT_API void wmbt_prefetch_begin(wmbt_prefetch *p, wmbt_prefetch_block *blocks, uint32_t room,
                                  const wmbt_model_digest *active, uint64_t now_ns, uint32_t ties);

/** Offers a block. */
WMBT_API void wmbt_prefetch_offer(wmbt_prefetch *p, const wmbt_block_hash *hash,
                                  const wmbt_block_meta *meta);

/** Offers every block of an index, in no order: for ties by hash. One whose record is being written
 * all the while is left out. */
WMBT_API void wmbt_prefetch_offer_index(wmbt_prefetch *p, const wmbt_index *x);

/** Ends the selection: the array has the best block first. */
WMBT_API void wmbt_prefetch_end(wmbt_prefetch *p);

WMBT_END_DECLS

#endif

#endif
