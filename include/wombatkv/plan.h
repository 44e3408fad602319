/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The restore plan: how many tokens of a prompt to run, and what to load before. A plan is data;
 * the caller carries it out, field by field: nothing has to be combined, and unless another one is
 * asked for by name, the result is exact, that is, the same as of a run without a cache.
 * Source of the rules: docs/REUSE.md, "What a restore is worth" and "The raw tail".
 *
 * T: tokens of the prompt. B = usable_blocks x block_tokens. N: tokens that the tail speaks of.
 * Blocks hold compressed rows only. At B the raw rows of the sliding window and the compressors'
 * pending state are missing, and only a tail has them: without one, an exact result needs a run
 * that begins far before B, often at 0. Then the blocks save nothing, and the plan loads none.
 */
#ifndef WOMBATKV_PLAN_H
#define WOMBATKV_PLAN_H

#include "wombatkv/shape.h"

#if WMBT_CFG_PLAN

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
    /** Raw rows that are needed before those of the window, by a module that predicts several
     * tokens or a draft model; 0: none. A tail must have them, and a run that makes up for one
     * begins so much earlier. */
    uint32_t window_extra;
    uint64_t blocks_bytes; /**< stored sizes of the usable blocks, added up */
    wmbt_plan_tail tail;   /**< of no interest if usable_blocks is 0 */
} wmbt_plan_input;

/** The caller vouches that the tail's tokens are the prompt's. Nothing stored proves it, but N = B.
 */
#    define WMBT_PLAN_TRUST_TAIL 1u
/** Run from where the stored tokens end, as upstream's engine does, with an empty window if no tail
 * counts: the numbers are then not those of a run without a cache. */
#    define WMBT_PLAN_INEXACT 2u

/* What a plan loads. Values are pinned. */
#    define WMBT_PLAN_LOADS 0u     /**< all usable blocks */
#    define WMBT_PLAN_NO_BLOCKS 1u /**< none: there is no usable one */
/** None: an exact run begins at 0 with them, too. Why there is no tail to help says tail_reason. */
#    define WMBT_PLAN_SAVES_NOTHING 2u

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
#    define WMBT_PLAN_TAIL_WINDOW_EXTRA 11u   /**< does not count: would, without window_extra */

/** The plan: load blocks 0 to load_blocks - 1, install the tail if load_tail says so, run the last
 * run_tokens tokens. */
typedef struct wmbt_plan {
    uint32_t run_tokens;   /**< tokens to run, to the end of the prompt; at least 1 unless T is 0 */
    uint32_t run_from;     /**< the first of them: T - run_tokens */
    uint32_t load_blocks;  /**< blocks to load, from the first on */
    uint32_t load_tail;    /**< 1: install the tail after the blocks */
    uint32_t logits_only;  /**< 1: the tail's state is complete, and one token is run for its logits
                                alone: commit neither K/V nor compressor state */
    uint32_t exact;        /**< 1: the result is that of a run without a cache. 0 only with
                                WMBT_PLAN_INEXACT */
    uint32_t saved_tokens; /**< tokens that need not be run because of what is loaded */
    uint32_t load_reason;  /**< WMBT_PLAN_LOADS, ... */
    uint32_t tail_reason;  /**< WMBT_PLAN_TAIL_... */
    wmbt_status tail_status; /**< ok (intact and fits), does-not-fit, missing, or the reader's;
                                  missing if there is no usable block */
    uint64_t bytes_to_read;  /**< stored bytes of what is loaded; 2^64 - 1 if they pass that */
} wmbt_plan;

/**
 * Makes the plan. Where run_from lies before the end of the loaded blocks, the run keeps their
 * compressed rows: positions that they cover append none, and each position sees only rows that are
 * complete at it.
 *
 * Returns ok; bad-argument: unknown flag; usable blocks that pass T, or of a size that the shape
 * does not allow (without usable blocks any block_tokens will do); bad-argument and
 * unsupported-shape as wmbt_shape_check(). On an error *plan is unchanged. Time: a few steps a
 * layer.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_plan_make(const wmbt_plan_input *input, wmbt_plan *plan);

/** "no-block", "missing", "refused", "below-blocks", "past-prompt", "past-block", "raw-rows",
 * "partial-rows", "unproven", "counts", "counts-trusted", "window-extra" or "unknown"; static,
 * NUL-terminated. */
WMBT_API const char *wmbt_plan_tail_reason_name(uint32_t reason);

WMBT_END_DECLS

#endif

#endif
