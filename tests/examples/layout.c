/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows go: a region for each layer and kind, one behind the other. A real engine has its own
 * cache layout; what the reader asks for is only that the rows of one layer and kind lie in a row:
 * those of
 * block 0, block 1 and so on, then the tail's. Freestanding.
 */
#include "board.h"

/* Rows that a region has to hold. */
static uint32_t rows_of(const wmbt_shape *shape, uint32_t layer, uint32_t kind,
                        uint32_t block_tokens, uint32_t max_blocks)
{
    uint32_t ratio = shape->layer[layer].ratio;
    bool indexer = kind == WMBT_EXTENT_INDEX || kind == WMBT_EXTENT_INDEX_STATE_KV ||
                   kind == WMBT_EXTENT_INDEX_STATE_SCORE;
    if (kind == WMBT_EXTENT_RAW) {
        return shape->window;
    }
    if (ratio == 0u || (indexer && shape->layer[layer].has_index == 0u)) {
        return 0;
    }
    if (kind == WMBT_EXTENT_COMP || kind == WMBT_EXTENT_INDEX) {
        return block_tokens / ratio * (max_blocks + 1u); /* the tail's are less than a block's */
    }
    return wmbt_shape_state_rows(shape, layer);
}

uint64_t lay_out_rows(const wmbt_shape *shape, uint32_t block_tokens, uint32_t max_blocks,
                      uint32_t first, uint32_t end, wmbt_reader_place *places)
{
    uint64_t at = 0;
    for (uint32_t layer = 0; layer < shape->layers; layer++) {
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            wmbt_reader_place *place = &places[layer * WMBT_EXTENT_KINDS + kind];
            bool rows = kind != WMBT_EXTENT_FIELD && layer >= first && layer < end;
            place->wanted = rows ? 1u : 0u;
            place->offset = at;
            if (rows) {
                at += (uint64_t)rows_of(shape, layer, kind, block_tokens, max_blocks) *
                      wmbt_shape_row_bytes(shape, layer, kind);
            }
        }
    }
    return at;
}
