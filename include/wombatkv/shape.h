/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of a model's KV cache, as data, and the extents that readers hand out.
 * Source of the rules: docs/FORMATS.md, "Shape".
 */
#ifndef WOMBATKV_SHAPE_H
#define WOMBATKV_SHAPE_H

#include "wombatkv/status.h"

#if WMBT_CFG_SHAPE

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
    uint32_t index_dim;            /**< elements of an indexer row; 0 only if no layer has any */
    uint32_t element_bytes;        /**< bytes of an element */
    uint32_t window;               /**< sliding window in tokens; 1: none beyond the token itself */
} wmbt_shape;

/* Bounds of a shape. With them no single extent of a block passes 2^31 bytes. */
#    define WMBT_SHAPE_MAX_LAYERS 256u
#    define WMBT_SHAPE_MAX_RATIO 8192u
#    define WMBT_SHAPE_MAX_DIM 8192u
#    define WMBT_SHAPE_MAX_ELEMENT_BYTES 8u
#    define WMBT_SHAPE_MAX_WINDOW 8192u
#    define WMBT_SHAPE_MAX_BLOCK_TOKENS 8192u

/* What stands at a place of an object. Values are pinned. */
#    define WMBT_EXTENT_FIELD 0u             /**< no payload: one 32-bit number of the format */
#    define WMBT_EXTENT_COMP 1u              /**< compressed K/V rows, oldest first */
#    define WMBT_EXTENT_INDEX 2u             /**< indexer rows, oldest first */
#    define WMBT_EXTENT_RAW 3u               /**< raw K/V rows of the window, oldest first */
#    define WMBT_EXTENT_STATE_KV 4u          /**< compressor state: values */
#    define WMBT_EXTENT_STATE_SCORE 5u       /**< compressor state: scores */
#    define WMBT_EXTENT_INDEX_STATE_KV 6u    /**< indexer's compressor state: values */
#    define WMBT_EXTENT_INDEX_STATE_SCORE 7u /**< indexer's compressor state: scores */
#    define WMBT_EXTENT_KINDS 8u             /**< one more than the largest kind */

/** True if extents of a kind hold rows of the indexer, not of K/V. */
static inline bool wmbt_extent_is_of_index(uint32_t kind)
{
    return kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
}

/** A run of payload rows inside an object; never empty. */
typedef struct wmbt_extent {
    uint64_t offset; /**< bytes from the start of the plain object */
    uint32_t bytes;
    uint32_t rows; /**< all of one size: bytes / rows */
    uint32_t layer;
    uint32_t kind; /**< WMBT_EXTENT_... */
} wmbt_extent;

/** One part of an object's body in its order: an extent, or a number between two extents. */
typedef struct wmbt_body_part {
    wmbt_extent extent;   /**< of kind WMBT_EXTENT_FIELD and 4 bytes for a number */
    uint32_t value;       /**< the number that must stand there, little-endian; 0 for rows */
    wmbt_status mismatch; /**< what another number means; 0 for rows */
} wmbt_body_part;

/** Most bytes in front of a body: the header of a raw tail. */
#    define WMBT_BODY_HEADER_BYTES 36u

/** Where the push reader of a block or a tail stands. Part of its public struct; keep out. */
typedef struct wmbt_body_decoder {
    wmbt_body_part
        part;           /**< that the next byte belongs to, or the last one; a header is one, too */
    uint32_t left;      /**< bytes of the part that are to come */
    uint32_t crc;       /**< CRC32C of what has come */
    wmbt_status status; /**< ok: inside an extent; need-more: not inside one; end: complete;
                             bad-state: finished; else what the object was refused with */
    uint8_t bytes[WMBT_BODY_HEADER_BYTES]; /**< of a header or a number */
} wmbt_body_decoder;

/** The shape of DeepSeek-V4-Flash, the only one written today: 43 layers. */
extern WMBT_API const wmbt_shape wmbt_shape_deepseek_v4_flash;

/** "field", "comp", "index", "raw", "state-kv", "state-score", "index-state-kv",
 * "index-state-score" or "unknown"; static, NUL-terminated, never NULL. */
WMBT_API const char *wmbt_extent_kind_name(uint32_t kind);

/**
 * Checks a shape against the bounds above. has_index and overlaps are 0 or 1, and 0 where the ratio
 * is 0. Returns ok, bad-argument (`layer` is NULL) or unsupported-shape. Time: one step a layer.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_shape_check(const wmbt_shape *shape);

/** True if any layer keeps compressed rows. The shape has passed wmbt_shape_check(). */
WMBT_API bool wmbt_shape_compresses(const wmbt_shape *shape);

/** True if blocks of so many tokens exist: 1 to WMBT_SHAPE_MAX_BLOCK_TOKENS and a multiple of each
 * layer's ratio. The shape has passed wmbt_shape_check(). */
WMBT_API bool wmbt_shape_allows_block_tokens(const wmbt_shape *shape, uint32_t block_tokens);

/** Bytes of one row of an extent kind; 0 for WMBT_EXTENT_FIELD and unknown kinds. The shape has
 * passed wmbt_shape_check(), and layer < shape->layers. */
WMBT_API uint32_t wmbt_shape_row_bytes(const wmbt_shape *shape, uint32_t layer, uint32_t kind);

/** Rows of a compressor state of `layer` (the kinds 4 to 7): ratio, twice that if it overlaps. The
 * shape has passed wmbt_shape_check(), and layer < shape->layers. */
WMBT_API uint32_t wmbt_shape_state_rows(const wmbt_shape *shape, uint32_t layer);

WMBT_END_DECLS

#endif

#endif
