/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block boundaries: which block sizes are good for a model, and arithmetic on token positions,
 * blocks and windows. Everything is computed from numbers; nothing is stored.
 * Source of the rules: docs/REUSE.md, "Boundaries".
 *
 * A position p stands before token p: a prefix of p tokens ends there. A boundary is a position at
 * which each layer's compressor has just completed a row, so that rows alone describe what was
 * compressed.
 */
#ifndef WOMBATKV_BOUNDARY_H
#define WOMBATKV_BOUNDARY_H

#include "wombatkv/shape.h"

#if WMBT_CFG_PLAN

WMBT_BEGIN_DECLS

/** No position that is computed lies behind this one: then the status is too-large. */
#    define WMBT_BOUNDARY_MAX_POSITION 0x7FFFFFFFu

/* --- block sizes ------------------------------------------------------------------------------ */

/* Whose rule a block size obeys, besides the shape's. Values are pinned. */
#    define WMBT_BOUNDARY_CORE 1u /**< wombatkv-core's chain: any size from 1 */
#    define WMBT_BOUNDARY_DS4 2u  /**< the ds4 engine: a multiple of 128, at most 8,192 */
#    define WMBT_BOUNDARY_M0 3u   /**< WombatKV's published defaults: 64, 128 or 256 */

#    define WMBT_BOUNDARY_DS4_STEP 128u
#    define WMBT_BOUNDARY_DS4_MAX 8192u

/** True if the rule allows blocks of so many tokens. False for an unknown rule. What the rows of a
 * model allow is another question: wmbt_shape_allows_block_tokens(). */
WMBT_API bool wmbt_boundary_rule_allows(uint32_t rule, uint32_t block_tokens);

/**
 * The distance between two boundaries of a shape: the least common multiple of its layers' ratios,
 * 1 if no layer compresses.
 * Returns ok; bad-argument or unsupported-shape as wmbt_shape_check(); too-large if it passes
 * WMBT_BOUNDARY_MAX_POSITION. On an error *step is unchanged. Above WMBT_SHAPE_MAX_BLOCK_TOKENS no
 * block size exists.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_boundary_step(const wmbt_shape *shape, uint32_t *step);

/**
 * Advice for writers: the smallest block size, at least `wanted`, that both the rule and the shape
 * allow. Time: one step for each multiple of the shape's step up to WMBT_SHAPE_MAX_BLOCK_TOKENS.
 * Returns ok; bad-argument (unknown rule) and the statuses of wmbt_boundary_step(); missing if none
 * is. Unless ok *block_tokens is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_boundary_block_tokens(uint32_t rule,
                                                                const wmbt_shape *shape,
                                                                uint32_t wanted,
                                                                uint32_t *block_tokens);

/* --- positions -------------------------------------------------------------------------------- */

/** The last multiple of `step` at or before a position. A step of 0 counts as 1. */
WMBT_API uint32_t wmbt_boundary_floor(uint32_t position, uint32_t step);

/** The first multiple of `step` at or after a position. A step of 0 counts as 1. Returns ok, or
 * too-large if it passes WMBT_BOUNDARY_MAX_POSITION (*out is unchanged). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_boundary_ceiling(uint32_t position, uint32_t step,
                                                           uint32_t *out);

/**
 * The last-token rule: how many of `tokens` tokens can be restored if `covered` of them are stored.
 * The last token is always run, for its logits: the smaller of covered and tokens - 1; 0 for no
 * tokens.
 */
WMBT_API uint32_t wmbt_boundary_restorable(uint32_t covered, uint32_t tokens);

/* --- under a sliding window ------------------------------------------------------------------- */

/** The first position whose raw row the token at `position` still sees, itself being one of the
 * `window`: max(0, position - (window - 1)). A window of 0 counts as 1. */
WMBT_API uint32_t wmbt_boundary_window_start(uint32_t position, uint32_t window);

/**
 * How many blocks hold the raw rows that the token at `position` sees besides its own; the last one
 * is cut off by `position` if that is no block boundary. A pool of window rows has to have them
 * (prefix.h, WMBT_PREFIX_TRAILING). 0 at position 0 or for a window of 1. block_tokens 0 counts
 * as 1.
 */
WMBT_API uint32_t wmbt_boundary_window_blocks(uint32_t position, uint32_t window,
                                              uint32_t block_tokens);

/* --- tiers with blocks of different sizes ----------------------------------------------------- */

/** The blocks of another tier that a block meets. */
typedef struct wmbt_boundary_span {
    uint32_t first;       /**< first block of the other tier that shares a token with the block */
    uint32_t count;       /**< blocks that do; at least 1 */
    uint32_t skip;        /**< tokens of block `first` that lie before the block */
    uint32_t whole_first; /**< first block of the other tier at or after the block's start */
    uint32_t whole_count; /**< blocks from there on that lie wholly inside the block; may be 0 */
} wmbt_boundary_span;

/**
 * Where block number `block` of a tier with `from_tokens` a block lies in a tier with `to_tokens` a
 * block. Only positions are mapped: the hash of a block of one size says nothing about blocks of
 * another size.
 * Returns ok; bad-argument (a size of 0); too-large (the block ends behind
 * WMBT_BOUNDARY_MAX_POSITION). On an error *span is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_boundary_map(uint32_t block, uint32_t from_tokens,
                                                       uint32_t to_tokens,
                                                       wmbt_boundary_span *span);

/**
 * How many whole blocks of `to_tokens` the first `blocks` blocks of `from_tokens` cover.
 * Returns ok; bad-argument, too-large as wmbt_boundary_map(), *out is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_boundary_convert(uint32_t blocks, uint32_t from_tokens,
                                                           uint32_t to_tokens, uint32_t *out);

WMBT_END_DECLS

#endif

#endif
