/* SPDX-License-Identifier: Apache-2.0 */
/* Where the rows of the reader's objects go. */
#include "base/bytes.h"
#include "use/reader/state.h"

#if WMBT_CFG_READER

bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t object, const wmbt_extent *extent,
                          uint64_t *place)
{
    if (r->places == NULL || extent->kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    const wmbt_reader_place *p = &r->places[extent->layer * WMBT_EXTENT_KINDS + extent->kind];
    if (p->wanted == 0u) {
        return false;
    }
    uint32_t before = 0; /* init() saw to it that no product overflows */
    if (object != WMBT_READER_TAIL) {
        before = object * extent->bytes;
    } else if (extent->kind == WMBT_EXTENT_COMP || extent->kind == WMBT_EXTENT_INDEX) {
        uint32_t rows = r->block_tokens / r->shape->layer[extent->layer].ratio;
        before = r->usable * rows * wmbt_shape_row_bytes(r->shape, extent->layer, extent->kind);
    }
    *place = p->offset + before;
    return true;
}

/* The item at an offset of an object; head and CRC are one of kind WMBT_EXTENT_FIELD. */
static wmbt_status wmbt_reader_item_at(const wmbt_reader *r, uint32_t object, uint32_t offset,
                                       wmbt_item *item)
{
    wmbt_status status;
    uint64_t head, end;
    if (object == WMBT_READER_TAIL) {
        wmbt_rawtail_walk walk;
        if (r->tail_fits == 0u ||
            wmbt_rawtail_walk_init(&walk, r->shape, r->tail.total_tokens, r->tail.raw_rows,
                                   r->tail.block_end) != WMBT_OK) {
            return WMBT_MISSING;
        }
        head = WMBT_RAWTAIL_HEAD_BYTES;
        end = walk.end;
        status = wmbt_rawtail_walk_seek(&walk, offset, item);
    } else {
        wmbt_kvblock_walk walk;
        if (r->has_geometry == 0u ||
            wmbt_kvblock_walk_init(&walk, r->shape, r->block_tokens) != WMBT_OK) {
            return WMBT_MISSING;
        }
        head = WMBT_KVBLOCK_HEADER_BYTES;
        end = walk.end + WMBT_KVBLOCK_TRAILER_BYTES;
        status = wmbt_kvblock_walk_seek(&walk, offset, item);
    }
    if (status == WMBT_OK) {
        return WMBT_OK;
    }
    if (offset >= end) {
        return WMBT_END;
    }
    item->extent.offset = offset;
    item->extent.bytes = (uint32_t)((offset < head ? head : end) - offset);
    item->extent.layer = 0;
    item->extent.kind = WMBT_EXTENT_FIELD;
    return WMBT_OK;
}

static uint32_t wmbt_reader_trust(const wmbt_reader *r, uint32_t object)
{
    wmbt_reader_object state;
    if (wmbt_reader_object_state(r, object, &state) != WMBT_OK || state.status != WMBT_OK) {
        return WMBT_TRUST_STAGED;
    }
    if (!wmbt_reader_is_done(r)) {
        return WMBT_TRUST_VERIFIED;
    }
    bool used = object < r->usable;
    if (object == WMBT_READER_TAIL) {
        wmbt_plan plan;
        used = wmbt_reader_plan(r, &plan) == WMBT_OK && plan.tail_counts != 0u;
    }
    return used ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED;
}

/* Cuts a piece of rows to what a DMA engine takes. */
static void wmbt_reader_cut_piece(const wmbt_reader_dma *dma, wmbt_piece *piece)
{
    uint32_t align = dma->align > 1u ? dma->align : 1u;
    uint32_t past = (uint32_t)piece->place & (align - 1u);
    if (past != 0u) { /* up to where the engine can begin */
        uint32_t n = align - past;
        piece->bytes = n < piece->bytes ? n : piece->bytes;
        piece->must_feed = 1;
        return;
    }
    uint32_t most = dma->max_bytes != 0u ? dma->max_bytes : UINT32_MAX;
    uint32_t bytes = (most < piece->bytes ? most : piece->bytes) & ~(align - 1u);
    piece->must_feed = bytes == 0u ? 1u : 0u;
    piece->bytes = bytes == 0u ? piece->bytes : bytes;
}

wmbt_status wmbt_reader_piece(const wmbt_reader *r, uint32_t object, uint32_t offset,
                              const wmbt_reader_dma *dma, wmbt_piece *piece)
{
    if ((object != WMBT_READER_TAIL && object >= r->blocks) ||
        (dma != NULL && (dma->align & (dma->align - 1u)) != 0u && dma->align != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_item item;
    wmbt_status status = wmbt_reader_item_at(r, object, offset, &item);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t past = offset - (uint32_t)item.extent.offset;
    uint64_t place = 0;
    bool rows = wmbt_reader_place_of(r, object, &item.extent, &place);
    piece->place = rows ? place + past : 0u;
    piece->offset = offset;
    piece->bytes = item.extent.bytes - past;
    piece->layer = item.extent.layer;
    piece->kind = item.extent.kind;
    piece->has_place = rows ? 1u : 0u;
    piece->must_feed = item.extent.kind == WMBT_EXTENT_FIELD ? 1u : 0u;
    piece->trust = wmbt_reader_trust(r, object);
    if (rows && dma != NULL) {
        wmbt_reader_cut_piece(dma, piece);
    }
    return WMBT_OK;
}

#endif
