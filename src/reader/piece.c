/* SPDX-License-Identifier: Apache-2.0 */
/* Where the rows of the reader's objects go. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

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

static uint32_t wmbt_reader_trust(const wmbt_reader *r, uint32_t object)
{
    const wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    if (record->status != WMBT_OK) {
        return WMBT_TRUST_STAGED;
    }
    bool used = object < r->now.usable && wmbt_reader_is_done(r);
    wmbt_plan plan;
    if (object == WMBT_READER_TAIL && wmbt_reader_plan(r, &plan) == WMBT_OK) {
        used = plan.tail_counts != 0u;
    }
    return used ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED;
}

/* Cuts a piece of rows to what a DMA engine takes. */
static void wmbt_reader_cut_piece(const wmbt_reader_dma *dma, wmbt_piece *piece)
{
    uint32_t past_mask = dma->align > 1u ? dma->align - 1u : 0u;
    uint32_t past = (uint32_t)piece->place & past_mask;
    if (past != 0u) { /* up to where the engine can begin */
        piece->bytes = wmbt_reader_min(past_mask + 1u - past, piece->bytes);
        piece->must_feed = 1;
        return;
    }
    uint32_t most = dma->max_bytes != 0u ? dma->max_bytes : UINT32_MAX;
    uint32_t bytes = wmbt_reader_min(most, piece->bytes) & ~past_mask;
    if (bytes == 0u) {
        piece->must_feed = 1;
    } else {
        piece->bytes = bytes;
    }
}

wmbt_status wmbt_reader_piece(const wmbt_reader *r, uint32_t object, uint32_t offset,
                              const wmbt_reader_dma *dma, wmbt_piece *piece)
{
    if (!wmbt_reader_has(r, object) || (dma != NULL && (dma->align & (dma->align - 1u)) != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_walk walk;
    uint32_t end = 0;
    if (object != WMBT_READER_TAIL || r->now.tail_fits != 0u) {
        end = wmbt_reader_walk_start(r, object, &walk);
    }
    if (end == 0u) {
        return WMBT_MISSING;
    }
    if (offset >= end) {
        return WMBT_END;
    }
    wmbt_item item;
    wmbt_reader_walk_item(&walk, object, offset, &item);
    uint32_t past = offset - (uint32_t)item.extent.offset;
    bool rows = item.extent.kind != WMBT_EXTENT_FIELD;
    wmbt_bytes_fill((uint8_t *)piece, 0, sizeof *piece);
    piece->offset = offset;
    piece->bytes = item.extent.bytes - past;
    piece->layer = item.extent.layer;
    piece->kind = item.extent.kind;
    piece->must_feed = rows ? 0u : 1u;
    piece->trust = wmbt_reader_trust(r, object);
    uint64_t place;
    if (wmbt_reader_place_of(r, object, &item.extent, &place)) {
        piece->has_place = 1;
        piece->place = place + past;
    }
    if (rows && dma != NULL) {
        wmbt_reader_cut_piece(dma, piece);
    }
    return WMBT_OK;
}

#endif
