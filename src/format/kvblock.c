/* SPDX-License-Identifier: Apache-2.0 */
/* KV blocks. docs/FORMATS.md, "KV block". The whole reader is the push reader fed once. */
#include "wombatkv/kvblock.h"

#include "base/bytes.h"
#include "base/le.h"
#include "format/body.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_KVBLOCK

WMBT_STATIC_ASSERT(WMBT_KVBLOCK_HEADER_BYTES <= WMBT_BODY_HEADER_BYTES, "parts keep the header");

#    define WMBT_KVBLOCK_MAGIC 0x3142564Bu                        /* "KVB1" */
#    define WMBT_KVBLOCK_NUMBERS (WMBT_KVBLOCK_HEADER_BYTES / 4u) /* of a header */
#    define WMBT_KVBLOCK_FLAGS (WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS)

/* --- geometry --------------------------------------------------------------------------------- */

/* Items of a layer, in their order. */
#    define WMBT_KVBLOCK_RATIO 0u
#    define WMBT_KVBLOCK_COMP_ROWS 1u
#    define WMBT_KVBLOCK_COMP 2u
#    define WMBT_KVBLOCK_INDEX_ROWS 3u
#    define WMBT_KVBLOCK_INDEX 4u

static uint32_t wmbt_kvblock_last_part(const wmbt_shape_layer *layer)
{
    if (layer->ratio == 0u) {
        return WMBT_KVBLOCK_RATIO;
    }
    return layer->has_index != 0u ? WMBT_KVBLOCK_INDEX : WMBT_KVBLOCK_COMP;
}

/* Fills *part with what stands where the walk stands, before the end. */
static void wmbt_kvblock_describe(const wmbt_kvblock_walk *walk, wmbt_body_part *part)
{
    const wmbt_shape_layer *layer = &walk->shape->layer[walk->layer];
    uint32_t rows = layer->ratio == 0u ? 0u : walk->block_tokens / layer->ratio;
    part->extent.offset = walk->offset;
    part->extent.layer = walk->layer;
    switch (walk->part) {
    case WMBT_KVBLOCK_RATIO: wmbt_body_set_number(part, layer->ratio, WMBT_BAD_SHAPE); break;
    case WMBT_KVBLOCK_COMP: wmbt_body_set_rows(part, walk->shape, WMBT_EXTENT_COMP, rows); break;
    case WMBT_KVBLOCK_INDEX: wmbt_body_set_rows(part, walk->shape, WMBT_EXTENT_INDEX, rows); break;
    default: wmbt_body_set_number(part, rows, WMBT_BAD_COUNT); break;
    }
}

/* Goes behind the part that was described. */
static void wmbt_kvblock_advance(wmbt_kvblock_walk *walk, uint32_t bytes)
{
    walk->offset += bytes;
    if (walk->part == wmbt_kvblock_last_part(&walk->shape->layer[walk->layer])) {
        walk->layer++;
        walk->part = WMBT_KVBLOCK_RATIO;
    } else {
        walk->part++;
    }
}

/* Goes to the part before, which there is. */
static void wmbt_kvblock_go_back(wmbt_kvblock_walk *walk, wmbt_body_part *part)
{
    if (walk->part != WMBT_KVBLOCK_RATIO) {
        walk->part--;
    } else {
        walk->layer--;
        walk->part = wmbt_kvblock_last_part(&walk->shape->layer[walk->layer]);
    }
    wmbt_kvblock_describe(walk, part);
    walk->offset -= part->extent.bytes;
    part->extent.offset = walk->offset;
}

wmbt_status wmbt_kvblock_walk_next(wmbt_kvblock_walk *walk, wmbt_body_part *part)
{
    if (walk->layer >= walk->shape->layers) {
        return WMBT_END;
    }
    wmbt_kvblock_describe(walk, part);
    wmbt_kvblock_advance(walk, part->extent.bytes);
    return WMBT_OK;
}

static void wmbt_kvblock_walk_rewind(wmbt_kvblock_walk *walk)
{
    walk->offset = WMBT_KVBLOCK_HEADER_BYTES;
    walk->layer = 0;
    walk->part = WMBT_KVBLOCK_RATIO;
}

/* For a shape and a token count that were checked. *walk is unchanged on too-large. */
static wmbt_status wmbt_kvblock_walk_start(wmbt_kvblock_walk *walk, const wmbt_shape *shape,
                                           uint32_t block_tokens)
{
    wmbt_kvblock_walk measure;
    measure.shape = shape;
    measure.block_tokens = block_tokens;
    wmbt_kvblock_walk_rewind(&measure);
    wmbt_body_part part;
    while (wmbt_kvblock_walk_next(&measure, &part) == WMBT_OK) {
    }
    if (measure.offset - WMBT_KVBLOCK_HEADER_BYTES > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    walk->shape = shape;
    walk->block_tokens = block_tokens;
    walk->end = measure.offset;
    wmbt_kvblock_walk_rewind(walk);
    return WMBT_OK;
}

wmbt_status wmbt_kvblock_walk_init(wmbt_kvblock_walk *walk, const wmbt_shape *shape,
                                   uint32_t block_tokens)
{
    wmbt_status status = wmbt_body_check_shape(shape);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_shape_allows_block_tokens(shape, block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_kvblock_walk_start(walk, shape, block_tokens);
}

wmbt_status wmbt_kvblock_walk_find(wmbt_kvblock_walk *walk, uint64_t offset, wmbt_body_part *part)
{
    if (offset < WMBT_KVBLOCK_HEADER_BYTES || offset >= walk->end) {
        return WMBT_MISSING;
    }
    if (offset < walk->offset / 2u) {
        wmbt_kvblock_walk_rewind(walk); /* the shorter way */
    }
    if (offset < walk->offset) {
        do {
            wmbt_kvblock_go_back(walk, part);
        } while (offset < walk->offset);
        return WMBT_OK;
    }
    for (;;) { /* the parts cover [24, end) */
        WMBT_ASSERT(walk->layer < walk->shape->layers);
        wmbt_kvblock_describe(walk, part);
        if (offset - walk->offset < part->extent.bytes) {
            return WMBT_OK;
        }
        wmbt_kvblock_advance(walk, part->extent.bytes);
    }
}

void wmbt_kvblock_walk_return(wmbt_kvblock_walk *walk, uint64_t offset, uint32_t layer,
                              uint32_t part)
{
    walk->offset = offset;
    walk->layer = layer;
    walk->part = part;
}

wmbt_status wmbt_kvblock_walk_seek(wmbt_kvblock_walk *walk, uint64_t offset, wmbt_body_part *part)
{
    wmbt_status status = wmbt_kvblock_walk_find(walk, offset, part);
    if (status == WMBT_OK) {
        wmbt_kvblock_advance(walk, part->extent.bytes);
    }
    return status;
}

/* --- push ------------------------------------------------------------------------------------- */

wmbt_status wmbt_kvblock_push_init(wmbt_kvblock_push *push, const wmbt_kvblock_expect *expect)
{
    wmbt_status status = wmbt_body_check_shape(expect->shape);
    if (status != WMBT_OK) {
        return status;
    }
    if ((expect->flags & ~WMBT_KVBLOCK_FLAGS) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if ((expect->flags & WMBT_KVBLOCK_ANY_TOKENS) == 0u) {
        if (!wmbt_shape_allows_block_tokens(expect->shape, expect->block_tokens)) {
            return WMBT_BAD_ARGUMENT;
        }
        status = wmbt_kvblock_walk_start(&push->walk, expect->shape, expect->block_tokens);
        if (status != WMBT_OK) {
            return status;
        }
    }
    push->walk.shape = expect->shape;
    push->info.block_seq = expect->block_seq;
    push->info.block_tokens = expect->block_tokens;
    push->flags = expect->flags;
    wmbt_body_start(&push->body, WMBT_KVBLOCK_HEADER_BYTES);
    return WMBT_OK;
}

/* Checks 2 to 6 on the header, then starts the walk through the body. */
static wmbt_status wmbt_kvblock_check_header(wmbt_kvblock_push *push)
{
    uint32_t header[WMBT_KVBLOCK_NUMBERS];
    const wmbt_shape *shape = push->walk.shape;
    wmbt_body_numbers(&push->body, header, WMBT_KVBLOCK_NUMBERS);
    uint32_t block_tokens = WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_TOKENS);
    uint32_t block_seq = WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_SEQ);
    if (WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_MAGIC) != WMBT_KVBLOCK_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_VERSION) != WMBT_KVBLOCK_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    if ((push->flags & WMBT_KVBLOCK_ANY_TOKENS) == 0u) {
        if (block_tokens != push->info.block_tokens) {
            return WMBT_WRONG_BLOCK;
        }
    } else {
        if (!wmbt_shape_allows_block_tokens(shape, block_tokens)) {
            return WMBT_BAD_COUNT;
        }
        wmbt_status status = wmbt_kvblock_walk_start(&push->walk, shape, block_tokens);
        if (status != WMBT_OK) {
            return status;
        }
    }
    if (WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_LAYERS) != shape->layers) {
        return WMBT_BAD_SHAPE;
    }
    if ((push->flags & WMBT_KVBLOCK_ANY_SEQ) == 0u && block_seq != push->info.block_seq) {
        return WMBT_WRONG_BLOCK;
    }
    push->info.block_seq = block_seq;
    push->info.block_tokens = block_tokens;
    push->info.body_bytes = WMBT_BODY_NUMBER_AT(header, WMBT_KVBLOCK_AT_BODY_BYTES);
    push->info.crc = 0;
    push->body.crc = 0; /* it does not cover the header */
    return WMBT_OK;
}

/* Checks a number that is complete: one of the body, or the trailer. */
static wmbt_status wmbt_kvblock_check_number(wmbt_kvblock_push *push)
{
    uint32_t value = wmbt_load_le32(push->body.bytes);
    if (value != push->body.part.value) {
        return push->body.part.mismatch;
    }
    if (push->body.part.extent.offset == push->walk.end) {
        push->info.crc = value;
        return WMBT_END;
    }
    return WMBT_OK;
}

/* Goes on to what follows a part that was found good. */
static wmbt_status wmbt_kvblock_next(wmbt_kvblock_push *push)
{
    if (wmbt_kvblock_walk_next(&push->walk, &push->body.part) != WMBT_OK) {
        if (push->info.body_bytes != push->walk.end - WMBT_KVBLOCK_HEADER_BYTES) {
            return WMBT_BAD_LENGTH;
        }
        push->body.part.extent.offset = push->walk.end;
        wmbt_body_set_number(&push->body.part, push->body.crc, WMBT_BAD_CHECKSUM);
    }
    return WMBT_OK;
}

/* Checks what is complete and goes on to what follows: ok if that is an extent, need-more if it is
 * not, end if there is nothing. */
static wmbt_status wmbt_kvblock_step(wmbt_kvblock_push *push)
{
    wmbt_status status = WMBT_OK;
    if (push->body.part.extent.offset == 0u) {
        status = wmbt_kvblock_check_header(push);
    } else if (push->body.part.extent.kind == WMBT_EXTENT_FIELD) {
        status = wmbt_kvblock_check_number(push);
    }
    if (status == WMBT_OK) {
        status = wmbt_kvblock_next(push);
    }
    return status == WMBT_OK ? wmbt_body_enter(&push->body) : wmbt_body_stop(&push->body, status);
}

wmbt_status wmbt_kvblock_push_feed(wmbt_kvblock_push *push, wmbt_view bytes, wmbt_buf dst,
                                   size_t *consumed)
{
    wmbt_cursor in = wmbt_cursor_of(bytes);
    wmbt_status status = wmbt_body_ready(&push->body, &in, dst);
    while (status == WMBT_NEED_MORE && wmbt_body_take(&push->body, &in, dst.data)) {
        status = wmbt_kvblock_step(push);
    }
    if (status == WMBT_END && in.left != 0u) {
        status = wmbt_body_stop(&push->body, WMBT_TRAILING_BYTES);
    }
    if (!wmbt_status_is_error(status)) {
        *consumed = bytes.len - in.left;
    }
    return status;
}

wmbt_status wmbt_kvblock_push_placed(wmbt_kvblock_push *push, uint32_t len, uint32_t crc)
{
    wmbt_status status = wmbt_body_placed(&push->body, len, crc);
    return status == WMBT_OK ? wmbt_kvblock_step(push) : status;
}

wmbt_status wmbt_kvblock_push_at(const wmbt_kvblock_push *push, wmbt_extent *extent,
                                 uint32_t *position)
{
    return wmbt_body_at(&push->body, extent, position);
}

uint64_t wmbt_kvblock_push_offset(const wmbt_kvblock_push *push)
{
    return wmbt_body_offset(&push->body);
}

wmbt_status wmbt_kvblock_push_finish(wmbt_kvblock_push *push, wmbt_kvblock_info *info)
{
    bool complete = push->body.status == WMBT_END;
    wmbt_status status = wmbt_body_finish(&push->body, complete ? WMBT_OK : WMBT_TRUNCATED);
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(info, &push->info);
    }
    return status;
}

/* --- whole object ----------------------------------------------------------------------------- */

wmbt_status wmbt_kvblock_read_header(wmbt_view bytes, const wmbt_kvblock_expect *expect,
                                     wmbt_kvblock_info *info)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_kvblock_push push;
    wmbt_status status = wmbt_kvblock_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_body_take_header(&push.body, bytes)) {
        return WMBT_TRUNCATED;
    }
    status = wmbt_kvblock_check_header(&push);
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(info, &push.info);
    }
    return status;
}

wmbt_status wmbt_kvblock_read(wmbt_view object, const wmbt_kvblock_expect *expect,
                              wmbt_kvblock_info *info)
{
    if (wmbt_view_is_bad(object)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_kvblock_push push;
    wmbt_status status = wmbt_kvblock_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_cursor in = wmbt_cursor_of(object);
    while (wmbt_body_take(&push.body, &in, NULL)) {
        status = wmbt_kvblock_step(&push);
    }
    if (status == WMBT_END && in.left != 0u) {
        return WMBT_TRAILING_BYTES;
    }
    return wmbt_kvblock_push_finish(&push, info);
}

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS

wmbt_status wmbt_kvblock_seal(wmbt_buf object, const wmbt_shape *shape, uint32_t block_tokens,
                              uint32_t block_seq, size_t *written)
{
    wmbt_kvblock_walk walk;
    wmbt_status status = wmbt_kvblock_walk_init(&walk, shape, block_tokens);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_buf_is_bad(object)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (walk.end + WMBT_KVBLOCK_TRAILER_BYTES > object.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    size_t end = (size_t)walk.end;
    uint8_t *b = object.data;
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_MAGIC, WMBT_KVBLOCK_MAGIC);
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_VERSION, WMBT_KVBLOCK_VERSION);
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_SEQ, block_seq);
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_TOKENS, block_tokens);
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_LAYERS, shape->layers);
    wmbt_store_le32(b + WMBT_KVBLOCK_AT_BODY_BYTES, (uint32_t)(end - WMBT_KVBLOCK_HEADER_BYTES));
    wmbt_body_part part;
    while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind == WMBT_EXTENT_FIELD) {
            wmbt_store_le32(b + (size_t)part.extent.offset, part.value);
        }
    }
    wmbt_view body = wmbt_view_of(b + WMBT_KVBLOCK_HEADER_BYTES, end - WMBT_KVBLOCK_HEADER_BYTES);
    wmbt_store_le32(b + end, wmbt_crc32c(0, body));
    *written = end + WMBT_KVBLOCK_TRAILER_BYTES;
    return WMBT_OK;
}

#    endif

#endif
