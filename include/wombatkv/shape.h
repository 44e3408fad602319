/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a model's KV cache, as data, and the extents that readers hand out.
 * Source of the rules: docs/FORMATS.md, "Shape".
 */
#ifndef WOMBATKV_SHAPE_H
#define WOMBATKV_SHAPE_H

#include "wombatkv/status.h"

WMBT_BEGIN_DECLS

/** One layer. */
typedef struct wmbt_shape_layer {
    uint16_t ratio;    /**< tokens that one compressed row stands for; 0: the layer keeps none */
    uint8_t has_index; /**< 1: the layer also keeps indexer rows, at the same ratio */
    uint8_t overlaps;  /**< 1: a compressed row also pools the `ratio` positions before its own */
} wmbt_shape_layer;

/** A model's KV shape. Constant data: whoever keeps a pointer to one says so in its contract. */
typedef struct wmbt_shape {
    const wmbt_shape_layer *layer; /**< `layers` elements */
    uint32_t layers;               /**< 1 to WMBT_SHAPE_MAX_LAYERS */
    uint32_t head_dim;             /**< elements of a raw or compressed row */
    uint32_t index_dim;            /**< elements of an indexer row */
    uint32_t element_bytes;        /**< bytes of an element */
    uint32_t window;               /**< sliding window in tokens; 1: none beyond the token itself */
} wmbt_shape;

#define WMBT_SHAPE_MAX_LAYERS 256u
#define WMBT_SHAPE_MAX_RATIO 8192u

/** What an extent holds. Values are pinned. */
#define WMBT_EXTENT_COMP 1u              /**< compressed K/V rows, oldest first */
#define WMBT_EXTENT_INDEX 2u             /**< indexer rows, oldest first */
#define WMBT_EXTENT_RAW 3u               /**< raw K/V rows of the window, oldest first */
#define WMBT_EXTENT_STATE_KV 4u          /**< compressor state: values */
#define WMBT_EXTENT_STATE_SCORE 5u       /**< compressor state: scores */
#define WMBT_EXTENT_INDEX_STATE_KV 6u    /**< indexer's compressor state: values */
#define WMBT_EXTENT_INDEX_STATE_SCORE 7u /**< indexer's compressor state: scores */
#define WMBT_EXTENT_KINDS 8u             /**< one more than the largest kind */

/** A run of payload rows inside an object. */
typedef struct wmbt_extent {
    uint64_t offset; /**< bytes from the start of the plain object */
    uint64_t bytes;
    uint32_t rows;
    uint32_t layer;
    uint32_t kind; /**< WMBT_EXTENT_... */
} wmbt_extent;

/** The shape of DeepSeek-V4-Flash, the only one written today: 43 layers (formats section "Shape").
 */
extern const wmbt_shape wmbt_shape_deepseek_v4_flash;

/** "comp", "index", "raw", "state-kv", "state-score", "index-state-kv", "index-state-score" or
 * "unknown"; static, NUL-terminated. */
WMBT_API const char *wmbt_extent_kind_name(uint32_t kind);

/**
 * Checks a shape: pointers, ranges, and that no size computed from it can overflow 64 bits.
 * Returns ok, bad-argument (NULL) or unsupported-shape.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_shape_check(const wmbt_shape *shape);

WMBT_END_DECLS

#endif
