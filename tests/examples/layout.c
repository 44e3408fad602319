/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where rows go: a region for each layer and kind, one behind the other. A real engine has its own
 * cache layout; the reader asks only that pages of one layer and kind are `stride` bytes apart (0:
 * side by side). Freestanding.
 */
#include "board.h"

uint64_t lay_out_rows(const wmbt_reader_config *config, uint32_t block_tokens, uint32_t first,
                      uint32_t end, wmbt_reader_place *places)
{
    uint64_t at = 0;
    for (uint32_t layer = 0; layer < config->shape->layers; layer++) {
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            wmbt_reader_place *place = &places[layer * WMBT_EXTENT_KINDS + kind];
            uint32_t bytes = wmbt_reader_place_bytes(config, block_tokens, layer, kind);
            bool wanted = layer >= first && layer < end && bytes != 0u;
            place->wanted = wanted ? 1u : 0u;
            place->stride = 0;
            place->offset = at;
            at += wanted ? bytes : 0u;
        }
    }
    return at;
}
