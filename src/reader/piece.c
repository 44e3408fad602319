/* SPDX-License-Identifier: Apache-2.0 */
/* Where the rows of the reader's objects go. */
#include "reader/state.h"

#if WMBT_CFG_READER

static uint32_t wmbt_reader_trust(const wmbt_reader *r, uint32_t object)
{
    wmbt_plan plan;
    if (wmbt_reader_record_of(r, object)->status != WMBT_OK) {
        return WMBT_TRUST_STAGED;
    }
    if (wmbt_reader_plan(r, &plan) != WMBT_OK) {
        return WMBT_TRUST_VERIFIED;
    }
    bool used = object == WMBT_READER_TAIL ? plan.load_tail != 0u : object < plan.load_blocks;
    return used ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED;
}

/* Cuts a piece of rows to what a DMA engine takes. */
static void wmbt_reader_cut_piece(const wmbt_reader_dma *dma, wmbt_piece *piece)
{
    uint32_t past_mask = dma->align != 0u ? dma->align - 1u : 0u;
    uint32_t past = (uint32_t)piece->place & past_mask;
    if (past != 0u) { /* up to where the engine can begin */
        piece->bytes = wmbt_min_u32(past_mask + 1u - past, piece->bytes);
        piece->must_feed = 1;
        return;
    }
    uint32_t most = dma->max_bytes != 0u ? dma->max_bytes : UINT32_MAX;
    uint32_t bytes = wmbt_min_u32(most, piece->bytes) & ~past_mask;
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
    const wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    if ((record->state & WMBT_RECORD_COLLECTED) != 0u) {
        return WMBT_COLLECTED;
    }
    wmbt_reader_walk walk;
    uint32_t end = 0, page;
    if (object != WMBT_READER_TAIL || r->now.tail_fits != 0u) {
        end = wmbt_reader_walk_start(r, object, &walk);
    }
    if (end == 0u || !wmbt_reader_page_of(r, object, &page)) {
        return WMBT_MISSING;
    }
    if (offset >= end) {
        return WMBT_END;
    }
    wmbt_body_part part;
    wmbt_reader_walk_find(&walk, object, offset, &part);
    uint32_t past = offset - (uint32_t)part.extent.offset;
    bool rows = part.extent.kind != WMBT_EXTENT_FIELD;
    piece->place = 0;
    piece->has_place = 0;
    piece->offset = offset;
    piece->bytes = part.extent.bytes - past;
    piece->layer = part.extent.layer;
    piece->kind = part.extent.kind;
    piece->must_feed = rows ? 0u : 1u;
    piece->trust = wmbt_reader_trust(r, object);
    uint64_t place;
    if (wmbt_reader_place_of(r, page, &part.extent, &place)) {
        piece->has_place = 1;
        piece->place = place + past;
    }
    if (wmbt_reader_digest_of(r, object) != NULL &&
        (piece->has_place == 0u || r->config.memory.len == 0u)) {
        piece->must_feed = 1; /* what is not there cannot be hashed */
    }
    if (offset < WMBT_READER_HEADER_BYTES) { /* is always fed */
        piece->must_feed = 1;
        piece->bytes = wmbt_min_u32(piece->bytes, WMBT_READER_HEADER_BYTES - offset);
    } else if (rows && dma != NULL) {
        wmbt_reader_cut_piece(dma, piece);
    }
    return WMBT_OK;
}

#endif
