/* SPDX-License-Identifier: Apache-2.0 */
/* Where parts lie in an object, and where rows go. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

uint32_t wmbt_reader_walk_start(const wmbt_reader *r, uint32_t object, wmbt_reader_walk *walk)
{
    const wmbt_rawtail_info *tail = &r->now.tail;
    wmbt_status status;
    uint64_t end;
    if (object == WMBT_READER_TAIL) {
        status = wmbt_rawtail_walk_init(&walk->tail, r->config.shape, tail->total_tokens,
                                        tail->raw_rows, tail->block_end);
        end = walk->tail.end;
    } else {
        status =
            wmbt_kvblock_walk_init(&walk->block, r->config.shape, r->config.chain.block_tokens);
        end = walk->block.end + WMBT_KVBLOCK_TRAILER_BYTES;
    }
    return status == WMBT_OK && end <= UINT32_MAX ? (uint32_t)end : 0u;
}

/* A part without rows or a number to be compared. */
void wmbt_reader_set_field(wmbt_body_part *part, uint32_t offset, uint32_t bytes)
{
    part->extent.offset = offset;
    part->extent.bytes = bytes;
    part->extent.layer = 0;
    part->extent.kind = WMBT_EXTENT_FIELD;
    part->mismatch = WMBT_OK;
}

void wmbt_reader_walk_part(wmbt_reader_walk *walk, uint32_t object, uint32_t offset,
                           wmbt_body_part *part)
{
    if (object == WMBT_READER_TAIL) {
        if (wmbt_rawtail_walk_seek(&walk->tail, offset, part) != WMBT_OK) {
            wmbt_reader_set_field(part, 0, WMBT_RAWTAIL_HEADER_BYTES);
        }
    } else if (wmbt_kvblock_walk_seek(&walk->block, offset, part) != WMBT_OK) {
        if (offset < WMBT_KVBLOCK_HEADER_BYTES) {
            wmbt_reader_set_field(part, 0, WMBT_KVBLOCK_HEADER_BYTES);
        } else {
            wmbt_reader_set_field(part, (uint32_t)walk->block.end, WMBT_KVBLOCK_TRAILER_BYTES);
        }
    }
}

uint32_t wmbt_reader_rows_bytes(const wmbt_reader_config *config, uint32_t layer, uint32_t kind)
{
    const wmbt_shape *shape = config->shape;
    const wmbt_shape_layer *of = &shape->layer[layer];
    bool index = kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
    uint32_t rows;
    if (kind == WMBT_EXTENT_RAW) {
        rows = shape->window;
    } else if (of->ratio == 0u || (index && of->has_index == 0u)) {
        return 0;
    } else if (kind < WMBT_EXTENT_RAW) {
        rows = config->chain.block_tokens / of->ratio;
    } else {
        rows = wmbt_shape_state_rows(shape, layer);
    }
    return rows * wmbt_shape_row_bytes(shape, layer, kind); /* below 2^32 by the shape's bounds */
}

uint32_t wmbt_reader_place_bytes(const wmbt_reader_config *config, uint32_t layer, uint32_t kind)
{
    if (!wmbt_shape_allows_block_tokens(config->shape, config->chain.block_tokens)) {
        return 0;
    }
    uint32_t bytes = wmbt_reader_rows_bytes(config, layer, kind);
    /* a tail's partial rows are fewer than a block's */
    uint32_t blocks = kind < WMBT_EXTENT_RAW ? config->max_blocks : 0u;
    return bytes != 0u && blocks >= UINT32_MAX / bytes ? UINT32_MAX : bytes * (blocks + 1u);
}

bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t object, const wmbt_extent *extent,
                          uint64_t *place)
{
    if (r->config.places == NULL || extent->kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    const wmbt_reader_place *p =
        &r->config.places[extent->layer * WMBT_EXTENT_KINDS + extent->kind];
    if (object == WMBT_READER_TAIL) {
        /* partial rows go on where the blocks end; states and raw rows stand alone */
        object = extent->kind < WMBT_EXTENT_RAW ? r->now.usable : 0u;
    }
    /* init() saw to it that no product overflows */
    *place = p->offset + object * wmbt_reader_rows_bytes(&r->config, extent->layer, extent->kind);
    return p->wanted != 0u;
}

#endif
