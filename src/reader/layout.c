/* SPDX-License-Identifier: Apache-2.0 */
/* Where parts lie in an object, and where rows go: one formula for rows side by side and for pages.
 */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- in an object ----------------------------------------------------------------------------- */

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
        status = wmbt_kvblock_walk_init(&walk->block, r->config.shape, r->block_tokens);
        end = walk->block.end + WMBT_KVBLOCK_TRAILER_BYTES;
    }
    return status == WMBT_OK && end <= UINT32_MAX ? (uint32_t)end : 0u;
}

void wmbt_reader_set_field(wmbt_body_part *part, uint32_t offset, uint32_t bytes)
{
    part->extent.offset = offset;
    part->extent.bytes = bytes;
    part->extent.layer = 0;
    part->extent.kind = WMBT_EXTENT_FIELD;
    part->mismatch = WMBT_OK;
}

void wmbt_reader_walk_find(wmbt_reader_walk *walk, uint32_t object, uint32_t offset,
                           wmbt_body_part *part)
{
    if (object == WMBT_READER_TAIL) {
        if (wmbt_rawtail_walk_find(&walk->tail, offset, part) != WMBT_OK) {
            wmbt_reader_set_field(part, 0, WMBT_RAWTAIL_HEADER_BYTES);
        }
    } else if (wmbt_kvblock_walk_find(&walk->block, offset, part) != WMBT_OK) {
        if (offset < WMBT_KVBLOCK_HEADER_BYTES) {
            wmbt_reader_set_field(part, 0, WMBT_KVBLOCK_HEADER_BYTES);
        } else {
            wmbt_reader_set_field(part, (uint32_t)walk->block.end, WMBT_KVBLOCK_TRAILER_BYTES);
        }
    }
}

void wmbt_reader_walk_keep(const wmbt_reader_slot *s, wmbt_reader_run *run)
{
    const wmbt_rawtail_walk *tail = &s->walk.tail;
    const wmbt_kvblock_walk *block = &s->walk.block;
    bool is_tail = s->object == WMBT_READER_TAIL;
    run->part_offset = (uint32_t)(is_tail ? tail->offset : block->offset);
    run->part_layer = (uint16_t)(is_tail ? tail->layer : block->layer);
    run->part = (uint8_t)(is_tail ? tail->part : block->part);
}

void wmbt_reader_walk_return(wmbt_reader_slot *s, const wmbt_reader_run *run)
{
    if (s->object == WMBT_READER_TAIL) {
        wmbt_rawtail_walk_return(&s->walk.tail, run->part_offset, run->part_layer, run->part);
    } else {
        wmbt_kvblock_walk_return(&s->walk.block, run->part_offset, run->part_layer, run->part);
    }
}

/* --- in memory -------------------------------------------------------------------------------- */

/* Bytes of the rows of a layer and kind, of one block or the most that a tail has. The shape allows
 * the size of the blocks. Below 2^32 by the shape's bounds. */
static uint32_t wmbt_reader_rows_bytes(const wmbt_shape *shape, uint32_t block_tokens,
                                       uint32_t layer, uint32_t kind)
{
    const wmbt_shape_layer *of = &shape->layer[layer];
    bool index = wmbt_extent_is_of_index(kind);
    uint32_t rows;
    if (kind == WMBT_EXTENT_RAW) {
        rows = shape->window;
    } else if (of->ratio == 0u || (index && of->has_index == 0u)) {
        return 0;
    } else if (kind < WMBT_EXTENT_RAW) {
        rows = block_tokens / of->ratio;
    } else {
        rows = wmbt_shape_state_rows(shape, layer);
    }
    return rows * wmbt_shape_row_bytes(shape, layer, kind);
}

uint32_t wmbt_reader_place_bytes(const wmbt_reader_config *config, uint32_t block_tokens,
                                 uint32_t layer, uint32_t kind)
{
    if (!wmbt_shape_allows_block_tokens(config->shape, block_tokens)) {
        return 0;
    }
    uint32_t bytes = wmbt_reader_rows_bytes(config->shape, block_tokens, layer, kind);
    /* a tail's partial rows are fewer than a block's */
    uint32_t blocks = kind < WMBT_EXTENT_RAW ? config->max_blocks : 0u;
    return bytes != 0u && blocks >= UINT32_MAX / bytes ? UINT32_MAX : bytes * (blocks + 1u);
}

/* Rows of page numbers up to `page` of a place lie within the memory, and apart. */
static bool wmbt_reader_fits(const wmbt_reader *r, const wmbt_reader_place *place, uint32_t bytes,
                             uint32_t page)
{
    uint64_t room = r->config.memory.len != 0u ? r->config.memory.len : UINT64_MAX;
    uint64_t before = (uint64_t)page * (place->stride != 0u ? place->stride : bytes);
    return place->offset <= room && before <= room - place->offset &&
           bytes <= room - place->offset - before;
}

/* Rows of these kinds, of one page, lie within the memory (what only a tail has, has no pages). In
 * all places pages lie apart. */
static bool wmbt_reader_page_fits(const wmbt_reader *r, uint32_t block_tokens, uint32_t page,
                                  uint32_t first_kind, uint32_t kinds)
{
    uint32_t entries = r->config.shape->layers * WMBT_EXTENT_KINDS;
    if (r->config.places == NULL ||
        !wmbt_shape_allows_block_tokens(r->config.shape, block_tokens)) {
        return true; /* without blocks of this size nothing is placed */
    }
    for (uint32_t i = entries; i-- > 0u;) {
        const wmbt_reader_place *place = &r->config.places[i];
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t bytes =
            wmbt_reader_rows_bytes(r->config.shape, block_tokens, i / WMBT_EXTENT_KINDS, kind);
        if (place->wanted == 0u || bytes == 0u) {
            continue;
        }
        bool of_blocks = kind < WMBT_EXTENT_RAW;
        if ((of_blocks && place->stride != 0u && place->stride < bytes) ||
            (kind - first_kind < kinds &&
             !wmbt_reader_fits(r, place, bytes, of_blocks ? page : 0u))) {
            return false;
        }
    }
    return true;
}

bool wmbt_reader_places_are_good(const wmbt_reader *r, const wmbt_reader_prompt *prompt)
{
    /* a page is looked at when it is read */
    uint32_t first_kind = prompt->pages == NULL ? 0u : WMBT_EXTENT_RAW;
    return wmbt_reader_page_fits(r, prompt->chain.block_tokens, r->config.max_blocks, first_kind,
                                 WMBT_EXTENT_KINDS - first_kind);
}

/* Where an object's page stands in the table; without a table, its page. */
static uint32_t wmbt_reader_page_index(const wmbt_reader *r, uint32_t object)
{
    return object == WMBT_READER_TAIL ? r->now.usable : object;
}

bool wmbt_reader_read_page(wmbt_reader *r, uint32_t object)
{
    wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    uint32_t number = wmbt_reader_page_index(r, object);
    if (r->pages != NULL) {
        if (number >= r->page_count) {
            return false;
        }
        number = *(const volatile uint32_t *)&r->pages[number];
        if (!wmbt_reader_page_fits(r, r->block_tokens, number, 0, WMBT_EXTENT_RAW)) {
            return false;
        }
    }
    record->page = number;
    record->state |= WMBT_RECORD_PAGED;
    return true;
}

bool wmbt_reader_page_of(const wmbt_reader *r, uint32_t object, uint32_t *page)
{
    const wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    bool paged = (record->state & WMBT_RECORD_PAGED) != 0u;
    *page = paged ? record->page : wmbt_reader_page_index(r, object);
    return paged || r->pages == NULL;
}

bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t page, const wmbt_extent *extent,
                          uint64_t *place)
{
    if (r->config.places == NULL || extent->kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    const wmbt_reader_place *p =
        &r->config.places[extent->layer * WMBT_EXTENT_KINDS + extent->kind];
    uint64_t before = 0; /* states and raw rows stand alone */
    if (extent->kind < WMBT_EXTENT_RAW) {
        uint32_t stride = p->stride;
        if (stride == 0u) {
            stride = wmbt_reader_rows_bytes(r->config.shape, r->block_tokens, extent->layer,
                                            extent->kind);
        }
        before = (uint64_t)page * stride; /* does not overflow: the page was seen to fit */
    }
    *place = p->offset + before;
    return p->wanted != 0u;
}

#endif
