/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of KV caches. docs/FORMATS.md, "Shape". */
#include "wombatkv/shape.h"

#if WMBT_CFG_SHAPE

/* ratio, has_index, overlaps */
#    define WMBT_SHAPE_DENSE {0, 0, 0}
#    define WMBT_SHAPE_PAIR {4, 1, 1}, {128, 0, 0} /* an even layer and the odd one after it */

static const wmbt_shape_layer wmbt_shape_deepseek_v4_flash_layers[] = {
    WMBT_SHAPE_DENSE, WMBT_SHAPE_DENSE, WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR,
    WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR,
    WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR,
    WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR, WMBT_SHAPE_PAIR,
    WMBT_SHAPE_PAIR,  WMBT_SHAPE_PAIR,  {4, 1, 1},
};

#    define WMBT_SHAPE_DEEPSEEK_V4_FLASH_LAYERS 43u
WMBT_STATIC_ASSERT(sizeof wmbt_shape_deepseek_v4_flash_layers /
                           sizeof wmbt_shape_deepseek_v4_flash_layers[0] ==
                       WMBT_SHAPE_DEEPSEEK_V4_FLASH_LAYERS,
                   "a layer is missing");

const wmbt_shape wmbt_shape_deepseek_v4_flash = {
    wmbt_shape_deepseek_v4_flash_layers,
    WMBT_SHAPE_DEEPSEEK_V4_FLASH_LAYERS,
    512, /* head_dim */
    128, /* index_dim */
    4,   /* element_bytes */
    128, /* window */
};

const char *wmbt_extent_kind_name(uint32_t kind)
{
    switch (kind) {
    case WMBT_EXTENT_FIELD: return "field";
    case WMBT_EXTENT_COMP: return "comp";
    case WMBT_EXTENT_INDEX: return "index";
    case WMBT_EXTENT_RAW: return "raw";
    case WMBT_EXTENT_STATE_KV: return "state-kv";
    case WMBT_EXTENT_STATE_SCORE: return "state-score";
    case WMBT_EXTENT_INDEX_STATE_KV: return "index-state-kv";
    case WMBT_EXTENT_INDEX_STATE_SCORE: return "index-state-score";
    default: return "unknown";
    }
}

static bool wmbt_shape_in(uint32_t value, uint32_t min, uint32_t max)
{
    return value >= min && value <= max;
}

static bool wmbt_shape_layer_is_good(const wmbt_shape_layer *layer)
{
    return layer->ratio <= WMBT_SHAPE_MAX_RATIO && layer->has_index <= 1u &&
           layer->overlaps <= 1u &&
           (layer->ratio != 0u || (layer->has_index == 0u && layer->overlaps == 0u));
}

wmbt_status wmbt_shape_check(const wmbt_shape *shape)
{
    if (shape->layer == NULL) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_shape_in(shape->layers, 1, WMBT_SHAPE_MAX_LAYERS) ||
        !wmbt_shape_in(shape->head_dim, 1, WMBT_SHAPE_MAX_DIM) ||
        shape->index_dim > WMBT_SHAPE_MAX_DIM ||
        !wmbt_shape_in(shape->element_bytes, 1, WMBT_SHAPE_MAX_ELEMENT_BYTES) ||
        !wmbt_shape_in(shape->window, 1, WMBT_SHAPE_MAX_WINDOW)) {
        return WMBT_UNSUPPORTED_SHAPE;
    }
    for (uint32_t i = 0; i < shape->layers; i++) {
        const wmbt_shape_layer *layer = &shape->layer[i];
        if (!wmbt_shape_layer_is_good(layer) ||
            (layer->has_index != 0u && shape->index_dim == 0u)) {
            return WMBT_UNSUPPORTED_SHAPE;
        }
    }
    return WMBT_OK;
}

bool wmbt_shape_compresses(const wmbt_shape *shape)
{
    WMBT_ASSERT(wmbt_shape_check(shape) == WMBT_OK);
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (shape->layer[i].ratio != 0u) {
            return true;
        }
    }
    return false;
}

bool wmbt_shape_allows_block_tokens(const wmbt_shape *shape, uint32_t block_tokens)
{
    if (!wmbt_shape_in(block_tokens, 1, WMBT_SHAPE_MAX_BLOCK_TOKENS)) {
        return false;
    }
    for (uint32_t i = 0; i < shape->layers; i++) {
        uint32_t ratio = shape->layer[i].ratio;
        if (ratio != 0u && block_tokens % ratio != 0u) {
            return false;
        }
    }
    return true;
}

uint32_t wmbt_shape_row_bytes(const wmbt_shape *shape, uint32_t layer, uint32_t kind)
{
    /* Compares, not a switch: Cortex-M0+ would call a helper of the compiler's for that. */
    if (kind < WMBT_EXTENT_COMP || kind > WMBT_EXTENT_INDEX_STATE_SCORE) {
        return 0;
    }
    WMBT_ASSERT(layer < shape->layers);
    bool of_index = wmbt_extent_is_of_index(kind);
    uint32_t bytes = (of_index ? shape->index_dim : shape->head_dim) * shape->element_bytes;
    bool of_state = kind >= WMBT_EXTENT_STATE_KV;
    return of_state && shape->layer[layer].overlaps != 0u ? 2u * bytes : bytes;
}

uint32_t wmbt_shape_state_rows(const wmbt_shape *shape, uint32_t layer)
{
    WMBT_ASSERT(layer < shape->layers);
    uint32_t ratio = shape->layer[layer].ratio;
    return shape->layer[layer].overlaps != 0u ? 2u * ratio : ratio;
}

#endif
