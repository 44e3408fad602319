/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The restore plan: what to load for a prompt, from where the model must run, and whether the raw
 * tail counts. A plan is data; the caller carries it out.
 * Source of the rules: docs/REUSE.md, "What a restore is worth" and "The raw tail".
 *
 * T: tokens of the prompt. B = usable_blocks x block_tokens. N: tokens that the tail speaks of.
 * Blocks hold compressed rows only. At B the raw rows of the sliding window and the compressors'
 * pending state are missing, and only a tail has them: without one, an exact result needs a run
 * from exact_from, which lies far before B.
 */
#ifndef WOMBATKV_PLAN_H
#define WOMBATKV_PLAN_H

#include "wombatkv/shape.h"

#if WMBT_CFG_REUSE

WMBT_BEGIN_DECLS

/** What is known of the raw tail that is stored at the last usable block. */
typedef struct wmbt_plan_tail {
    wmbt_status status;    /**< ok: read, intact; missing: not there; else its reader's word */
    uint32_t total_tokens; /**< N */
    uint32_t raw_rows;     /**< raw rows a layer: positions [N - raw_rows, N) */
    uint32_t rows_agree;   /**< 1: the partial rows of all layers go on at one position, rows_end:
                                each compressed layer has floor(N / ratio) - rows_end / ratio of
                                them, its indexer as many. 0: they do not, or it is not known */
    uint32_t rows_end;     /**< where they go on; of no interest if no layer compresses */
    uint64_t bytes;        /**< as stored; of a large value manifest and chunks together */
} wmbt_plan_tail;

/** What a plan is made from. Zero it first: fields may be added. */
typedef struct wmbt_plan_input {
    const wmbt_shape *shape; /**< not kept */
    uint32_t block_tokens;   /**< tokens of a block */
    uint32_t prompt_tokens;  /**< T */
    uint32_t usable_blocks;  /**< blocks from the first on that were read and verified (prefix.h) */
    uint32_t flags;          /**< WMBT_PLAN_... or 0 */
    uint64_t blocks_bytes;   /**< stored sizes of the usable blocks, added up */
    wmbt_plan_tail tail;     /**< of no interest if usable_blocks is 0 */
} wmbt_plan_input;

/** The caller vouches that the tail's tokens are the prompt's. Nothing stored proves it, but N = B.
 */
#    define WMBT_PLAN_TRUST_TAIL 1u
/** Go on at tokens_restored, as upstream's engine does, with an empty window if no tail counts: the
 * numbers are then not those of a run without a cache. */
#    define WMBT_PLAN_INEXACT 2u

/*
 * Why a tail counts or does not: the first that applies. Values are pinned. 3 to 7: does not fit.
 * PAST_BLOCK: rows between B and what the tail holds would be in neither object.
 */
#    define WMBT_PLAN_TAIL_NO_BLOCK 0u     /**< no usable block, so no key to look one up at */
#    define WMBT_PLAN_TAIL_MISSING 1u      /**< not stored */
#    define WMBT_PLAN_TAIL_REFUSED 2u      /**< its reader refused it */
#    define WMBT_PLAN_TAIL_BELOW_BLOCKS 3u /**< N < B */
#    define WMBT_PLAN_TAIL_PAST_PROMPT 4u  /**< N > T */
#    define WMBT_PLAN_TAIL_PAST_BLOCK 5u   /**< N >= B + block_tokens */
#    define WMBT_PLAN_TAIL_RAW_ROWS 6u     /**< fewer raw rows than the window takes, or too many */
#    define WMBT_PLAN_TAIL_PARTIAL_ROWS 7u /**< rows_agree is 0, or rows_end is not B */
#    define WMBT_PLAN_TAIL_UNPROVEN 8u /**< fits, but B < N and WMBT_PLAN_TRUST_TAIL is not set */
#    define WMBT_PLAN_TAIL_COUNTS 9u   /**< counts: N = B */
#    define WMBT_PLAN_TAIL_COUNTS_TRUSTED 10u /**< counts: B < N <= T, vouched for */

/** The plan. */
typedef struct wmbt_plan {
    uint64_t bytes_to_read;     /**< of the blocks to load, and of the tail if it counts; 2^64 - 1
                                     if the sum passes that */
    uint32_t blocks;            /**< load blocks 0 to blocks - 1 */
    uint32_t boundary;          /**< B, where they end */
    uint32_t tokens_restored;   /**< below T unless T is 0 */
    uint32_t tokens_to_prefill; /**< T - tokens_restored */
    uint32_t exact_from;        /**< run from here for an exact result; at most tokens_restored */
    uint32_t run_from;          /**< exact_from; with WMBT_PLAN_INEXACT tokens_restored */
    uint32_t exact;             /**< 1 if run_from is exact_from */
    uint32_t logits_only;       /**< 1: the tail's state is complete; run the last token for its
                                     logits alone, commit neither K/V nor compressor state */
    uint32_t tail_counts;       /**< 1: install the tail after the blocks */
    uint32_t tail_reason;       /**< WMBT_PLAN_TAIL_... */
    wmbt_status tail_status;    /**< ok (intact and fits), does-not-fit, missing, or the reader's;
                                     missing if there is no usable block */
} wmbt_plan;

/**
 * Makes the plan. A run from exact_from < B keeps the restored compressed rows: positions below B
 * append none, and each position sees only rows that are complete at it. If exact_from is 0 the
 * blocks save an exact run nothing and need not be loaded.
 *
 * Returns ok; bad-argument: unknown flag; usable blocks that pass T, or of a size that the shape
 * does not allow (without usable blocks any block_tokens will do); bad-argument and
 * unsupported-shape as wmbt_shape_check(). On an error *plan is unchanged. Time: a few steps a
 * layer.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_plan_make(const wmbt_plan_input *input, wmbt_plan *plan);

/** "no-block", "missing", "refused", "below-blocks", "past-prompt", "past-block", "raw-rows",
 * "partial-rows", "unproven", "counts", "counts-trusted" or "unknown"; static, NUL-terminated. */
WMBT_API const char *wmbt_plan_tail_reason_name(uint32_t reason);

WMBT_END_DECLS

#endif

#endif
