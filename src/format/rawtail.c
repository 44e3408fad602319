/* SPDX-License-Identifier: Apache-2.0 */
/* Raw tails. docs/FORMATS.md, "Raw tail". The whole reader is the push reader fed once. */
#include "wombatkv/rawtail.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/min.h"
#include "format/body.h"
#include "format/rawtail.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_RAWTAIL

WMBT_STATIC_ASSERT(WMBT_RAWTAIL_HEADER_BYTES <= WMBT_BODY_HEADER_BYTES, "parts keep the header");

#    define WMBT_RAWTAIL_NUMBERS (WMBT_RAWTAIL_HEADER_BYTES / 4u) /* of a header */
#    define WMBT_RAWTAIL_MAGIC 0x52545431u                        /* in the file: "1TTR" */
#    define WMBT_RAWTAIL_END_MARKER 0x52545445u                   /* in the file: "ETTR" */

/* --- does it fit ------------------------------------------------------------------------------ */

wmbt_status wmbt_rawtail_fits(const wmbt_rawtail_info *info, const wmbt_shape *shape,
                              uint32_t block_tokens, uint64_t loaded_tokens, uint64_t prompt_tokens)
{
    wmbt_status status = wmbt_body_check_shape(shape);
    if (status != WMBT_OK) {
        return status;
    }
    if (block_tokens != 0u && !wmbt_shape_allows_block_tokens(shape, block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t total = info->total_tokens;
    if (loaded_tokens > total || total > prompt_tokens) {
        return WMBT_DOES_NOT_FIT;
    }
    if (block_tokens != 0u && total - total % block_tokens != loaded_tokens) {
        return WMBT_DOES_NOT_FIT;
    }
    /* The token after the last one sees window - 1 rows before its own; the last one itself, run
     * again for its logits only, sees its own row as well. */
    uint32_t seen = prompt_tokens > total ? shape->window - 1u : shape->window;
    if (info->raw_rows < wmbt_min_u32(total, seen)) {
        return WMBT_DOES_NOT_FIT;
    }
    if (wmbt_shape_compresses(shape) &&
        ((info->flags & WMBT_RAWTAIL_ROWS_AGREE) == 0u || info->block_end != loaded_tokens)) {
        return WMBT_DOES_NOT_FIT;
    }
    return WMBT_OK;
}

/* --- geometry --------------------------------------------------------------------------------- */

/* Where a walk stands: raw rows of all layers, then the parts of each compressed layer. */
#    define WMBT_RAWTAIL_RAW 0u
#    define WMBT_RAWTAIL_STATE_KV 1u
#    define WMBT_RAWTAIL_STATE_SCORE 2u
#    define WMBT_RAWTAIL_COMP_ROWS 3u
#    define WMBT_RAWTAIL_COMP 4u
#    define WMBT_RAWTAIL_INDEX_STATE_KV 5u
#    define WMBT_RAWTAIL_INDEX_STATE_SCORE 6u
#    define WMBT_RAWTAIL_INDEX_ROWS 7u
#    define WMBT_RAWTAIL_INDEX 8u
#    define WMBT_RAWTAIL_MARKER 9u
#    define WMBT_RAWTAIL_DONE 10u

/* The kind of extent at a part; WMBT_EXTENT_FIELD for numbers. */
static const uint8_t wmbt_rawtail_kinds[WMBT_RAWTAIL_DONE] = {
    WMBT_EXTENT_RAW,   WMBT_EXTENT_STATE_KV,       WMBT_EXTENT_STATE_SCORE,       WMBT_EXTENT_FIELD,
    WMBT_EXTENT_COMP,  WMBT_EXTENT_INDEX_STATE_KV, WMBT_EXTENT_INDEX_STATE_SCORE, WMBT_EXTENT_FIELD,
    WMBT_EXTENT_INDEX, WMBT_EXTENT_FIELD,
};

/* Goes to the first part of the first compressed layer from walk->layer on, or to the marker. */
static void wmbt_rawtail_enter(wmbt_rawtail_walk *walk)
{
    const wmbt_shape *shape = walk->shape;
    while (walk->layer < shape->layers && shape->layer[walk->layer].ratio == 0u) {
        walk->layer++;
    }
    walk->part = WMBT_RAWTAIL_STATE_KV;
    if (walk->layer == shape->layers) {
        walk->layer--;
        walk->part = WMBT_RAWTAIL_MARKER;
    }
}

static void wmbt_rawtail_advance(wmbt_rawtail_walk *walk)
{
    const wmbt_shape_layer *layer = &walk->shape->layer[walk->layer];
    if (walk->part == WMBT_RAWTAIL_RAW) {
        if (++walk->layer == walk->shape->layers) {
            walk->layer = 0;
            wmbt_rawtail_enter(walk);
        }
    } else if (walk->part == WMBT_RAWTAIL_INDEX ||
               (walk->part == WMBT_RAWTAIL_COMP && layer->has_index == 0u)) {
        walk->layer++;
        wmbt_rawtail_enter(walk);
    } else {
        walk->part++;
    }
}

static uint32_t wmbt_rawtail_rows_at(const wmbt_rawtail_walk *walk)
{
    switch (walk->part) {
    case WMBT_RAWTAIL_RAW: return walk->raw_rows;
    case WMBT_RAWTAIL_COMP:
    case WMBT_RAWTAIL_INDEX: return walk->rows;
    default: return wmbt_shape_state_rows(walk->shape, walk->layer);
    }
}

/* Partial rows of the walk's layer. */
static uint32_t wmbt_rawtail_partial_rows(const wmbt_rawtail_walk *walk)
{
    uint32_t ratio = walk->shape->layer[walk->layer].ratio;
    return walk->total_tokens / ratio - walk->block_end / ratio;
}

/* Fills *part with what stands where the walk stands, which may be no rows at all. */
static void wmbt_rawtail_describe(wmbt_rawtail_walk *walk, wmbt_body_part *part)
{
    uint32_t kind = wmbt_rawtail_kinds[walk->part];
    part->extent.offset = walk->offset;
    part->extent.layer = walk->layer;
    if (kind != WMBT_EXTENT_FIELD) {
        wmbt_body_set_rows(part, walk->shape, kind, wmbt_rawtail_rows_at(walk));
    } else if (walk->part == WMBT_RAWTAIL_MARKER) {
        wmbt_body_set_number(part, WMBT_RAWTAIL_END_MARKER, WMBT_BAD_END_MARKER);
    } else {
        walk->rows = wmbt_rawtail_partial_rows(walk);
        wmbt_body_set_number(part, walk->rows, WMBT_BAD_COUNT);
    }
}

wmbt_status wmbt_rawtail_walk_next(wmbt_rawtail_walk *walk, wmbt_body_part *part)
{
    if (walk->part == WMBT_RAWTAIL_DONE) {
        return WMBT_END;
    }
    do { /* extents are never empty; the marker ends the loop at the latest */
        wmbt_rawtail_describe(walk, part);
        wmbt_rawtail_advance(walk);
    } while (part->extent.bytes == 0u);
    walk->offset += part->extent.bytes;
    return WMBT_OK;
}

static void wmbt_rawtail_walk_rewind(wmbt_rawtail_walk *walk)
{
    walk->offset = WMBT_RAWTAIL_HEADER_BYTES;
    walk->layer = 0;
    walk->part = WMBT_RAWTAIL_RAW;
}

/* What the largest body has room for behind its five numbers. */
#    define WMBT_RAWTAIL_MAX_BYTES (UINT32_MAX - 20u)

/* Whether so many rows of the walk's part, compressed or index rows, take at most so many bytes. */
static bool wmbt_rawtail_have_room(const wmbt_rawtail_walk *walk, uint32_t rows, uint32_t bytes)
{
    return rows <=
           bytes / wmbt_shape_row_bytes(walk->shape, walk->layer, wmbt_rawtail_kinds[walk->part]);
}

static bool wmbt_rawtail_allows_block_end(const wmbt_shape *shape, uint32_t block_end)
{
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (shape->layer[i].ratio != 0u && block_end % shape->layer[i].ratio != 0u) {
            return false;
        }
    }
    return true;
}

wmbt_status wmbt_rawtail_walk_init(wmbt_rawtail_walk *walk, const wmbt_shape *shape,
                                   uint32_t total_tokens, uint32_t raw_rows, uint32_t block_end)
{
    wmbt_status status = wmbt_body_check_shape(shape);
    if (status != WMBT_OK) {
        return status;
    }
    if (raw_rows > shape->window || raw_rows > total_tokens || block_end > total_tokens ||
        !wmbt_rawtail_allows_block_end(shape, block_end)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_rawtail_walk measure;
    measure.shape = shape;
    measure.total_tokens = total_tokens;
    measure.raw_rows = raw_rows;
    measure.block_end = block_end;
    wmbt_rawtail_walk_rewind(&measure);
    wmbt_body_part part;
    while (wmbt_rawtail_walk_next(&measure, &part) == WMBT_OK) {
        /* a count of partial rows may be any; states and raw rows have bounds */
        if (part.mismatch == WMBT_BAD_COUNT &&
            !wmbt_rawtail_have_room(&measure, measure.rows, WMBT_RAWTAIL_MAX_BYTES)) {
            return WMBT_TOO_LARGE;
        }
    }
    if (measure.offset - WMBT_RAWTAIL_ENVELOPE_BYTES > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    walk->shape = shape;
    walk->end = measure.offset;
    walk->total_tokens = total_tokens;
    walk->raw_rows = raw_rows;
    walk->block_end = block_end;
    wmbt_rawtail_walk_rewind(walk);
    return WMBT_OK;
}

/* Goes to the part before, which there is; it may be empty. Of *part only the bytes are set. */
static void wmbt_rawtail_go_back(wmbt_rawtail_walk *walk, wmbt_body_part *part)
{
    const wmbt_shape_layer *layers = walk->shape->layer;
    if (walk->part == WMBT_RAWTAIL_RAW ||
        (walk->part > WMBT_RAWTAIL_STATE_KV && walk->part != WMBT_RAWTAIL_MARKER)) {
        if (walk->part == WMBT_RAWTAIL_RAW) {
            walk->layer--;
        } else {
            walk->part--;
        }
    } else { /* to the last part of the compressed layer before, or to raw rows */
        uint32_t layer = walk->layer + (walk->part == WMBT_RAWTAIL_MARKER ? 1u : 0u);
        while (layer != 0u && layers[layer - 1u].ratio == 0u) {
            layer--;
        }
        walk->part = WMBT_RAWTAIL_RAW;
        walk->layer = walk->shape->layers - 1u;
        if (layer != 0u) {
            walk->layer = layer - 1u;
            walk->part =
                layers[layer - 1u].has_index != 0u ? WMBT_RAWTAIL_INDEX : WMBT_RAWTAIL_COMP;
            walk->rows = wmbt_rawtail_partial_rows(walk);
        }
    }
    wmbt_rawtail_describe(walk, part);
    walk->offset -= part->extent.bytes;
}

wmbt_status wmbt_rawtail_walk_find(wmbt_rawtail_walk *walk, uint64_t offset, wmbt_body_part *part)
{
    if (offset < WMBT_RAWTAIL_HEADER_BYTES || offset >= walk->end) {
        return WMBT_MISSING;
    }
    if (offset < walk->offset / 2u || walk->part == WMBT_RAWTAIL_DONE) {
        wmbt_rawtail_walk_rewind(walk); /* the shorter way */
    }
    while (offset < walk->offset) {
        wmbt_rawtail_go_back(walk, part);
    }
    for (;;) { /* the parts cover [36, end) */
        WMBT_ASSERT(walk->part != WMBT_RAWTAIL_DONE && walk->layer < walk->shape->layers);
        wmbt_rawtail_describe(walk, part);
        if (offset - walk->offset < part->extent.bytes) {
            return WMBT_OK;
        }
        wmbt_rawtail_advance(walk);
        walk->offset += part->extent.bytes;
    }
}

void wmbt_rawtail_walk_return(wmbt_rawtail_walk *walk, uint64_t offset, uint32_t layer,
                              uint32_t part)
{
    walk->offset = offset;
    walk->layer = layer;
    walk->part = part;
    walk->rows = walk->shape->layer[layer].ratio != 0u ? wmbt_rawtail_partial_rows(walk) : 0u;
}

wmbt_status wmbt_rawtail_walk_seek(wmbt_rawtail_walk *walk, uint64_t offset, wmbt_body_part *part)
{
    wmbt_status status = wmbt_rawtail_walk_find(walk, offset, part);
    if (status == WMBT_OK) {
        wmbt_rawtail_advance(walk);
        walk->offset += part->extent.bytes;
    }
    return status;
}

/* --- push ------------------------------------------------------------------------------------- */

wmbt_status wmbt_rawtail_push_init(wmbt_rawtail_push *push, const wmbt_rawtail_expect *expect)
{
    wmbt_status status = wmbt_body_check_shape(expect->shape);
    if (status != WMBT_OK) {
        return status;
    }
    if ((expect->flags & ~WMBT_RAWTAIL_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    push->walk.shape = expect->shape;
    push->flags = expect->flags;
    push->counted = 0;
    push->fault = WMBT_OK;
    wmbt_body_start(&push->body, WMBT_RAWTAIL_HEADER_BYTES);
    return WMBT_OK;
}

/* Checks 2, 3, 6 and 7 on the header, the last two for push->fault, and starts the walk. */
static wmbt_status wmbt_rawtail_check_header(wmbt_rawtail_push *push)
{
    uint32_t header[WMBT_RAWTAIL_NUMBERS];
    const wmbt_shape *shape = push->walk.shape;
    wmbt_body_numbers(&push->body, header, WMBT_RAWTAIL_NUMBERS);
    uint32_t body_bytes = WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_BODY_BYTES);
    uint32_t raw_rows = WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_RAW_ROWS);
    uint32_t total_tokens = WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_TOKENS);
    if (WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_MAGIC) != WMBT_RAWTAIL_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_VERSION) != WMBT_RAWTAIL_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    if (body_bytes < WMBT_RAWTAIL_HEADER_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES) {
        return WMBT_BAD_LENGTH; /* some of the 36 bytes lie behind the body */
    }
    if (WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_LAYERS) != shape->layers ||
        WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_HEAD_DIM) != shape->head_dim ||
        WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_ELEMENT_BYTES) != shape->element_bytes) {
        push->fault = WMBT_BAD_SHAPE;
    } else if (raw_rows > shape->window || raw_rows > total_tokens) {
        push->fault = WMBT_BAD_COUNT;
    }
    push->body.crc =
        wmbt_crc32c(0, wmbt_view_of(push->body.bytes + WMBT_RAWTAIL_ENVELOPE_BYTES,
                                    WMBT_RAWTAIL_HEADER_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES));
    push->info.total_tokens = total_tokens;
    push->info.raw_rows = raw_rows;
    push->info.body_bytes = body_bytes;
    push->info.crc = WMBT_BODY_NUMBER_AT(header, WMBT_RAWTAIL_AT_CRC);
    push->info.block_end = 0;
    push->info.flags = WMBT_RAWTAIL_ROWS_AGREE;
    push->walk.end = (uint64_t)WMBT_RAWTAIL_ENVELOPE_BYTES + body_bytes;
    push->walk.total_tokens = total_tokens;
    push->walk.raw_rows = raw_rows;
    push->walk.block_end = 0; /* so that the walk's row counts are the most there can be */
    wmbt_rawtail_walk_rewind(&push->walk);
    return WMBT_OK;
}

/* Finds out whether all counts speak of one end of blocks. `max_rows` is total / ratio. */
static void wmbt_rawtail_compare_rows(wmbt_rawtail_push *push, uint32_t rows, uint32_t max_rows)
{
    uint32_t ratio = push->walk.shape->layer[push->body.part.extent.layer].ratio;
    if (rows > max_rows) {
        push->info.flags = 0;
        return;
    }
    uint32_t block_end = (max_rows - rows) * ratio;
    if (push->counted == 0u) {
        push->info.block_end = block_end;
    } else if (push->info.block_end != block_end) {
        push->info.flags = 0;
    }
    push->counted = 1;
}

/* Check 8 on a count. It becomes the walk's, once its rows are known to lie inside the body. */
static wmbt_status wmbt_rawtail_check_rows(wmbt_rawtail_push *push, uint32_t rows)
{
    const wmbt_body_part *part = &push->body.part;
    bool index = push->walk.part == WMBT_RAWTAIL_INDEX;
    if ((push->flags & WMBT_RAWTAIL_COMPAT_ROWS) == 0u &&
        (rows > part->value || (index && rows != push->comp_rows))) {
        return part->mismatch;
    }
    if (!wmbt_rawtail_have_room(&push->walk, rows,
                                (uint32_t)(push->walk.end - push->walk.offset))) {
        return WMBT_TRUNCATED;
    }
    wmbt_rawtail_compare_rows(push, rows, part->value);
    push->comp_rows = rows;
    push->walk.rows = rows;
    return WMBT_OK;
}

/* Checks a number that is complete. */
static wmbt_status wmbt_rawtail_check_number(wmbt_rawtail_push *push)
{
    uint32_t value = wmbt_load_le32(push->body.bytes);
    if (push->walk.part != WMBT_RAWTAIL_DONE) {
        return wmbt_rawtail_check_rows(push, value);
    }
    if (value != push->body.part.value) {
        return push->body.part.mismatch;
    }
    if (push->walk.offset != push->walk.end && (push->flags & WMBT_RAWTAIL_COMPAT_TRAILING) == 0u) {
        return WMBT_TRAILING_BYTES;
    }
    return WMBT_OK;
}

/* Goes on to what follows a part: the walk's next, or after a fault or the marker what is left of
 * the body, only to be checksummed. */
static wmbt_status wmbt_rawtail_next(wmbt_rawtail_push *push)
{
    wmbt_extent *extent = &push->body.part.extent;
    uint64_t offset = extent->offset + extent->bytes;
    uint32_t rest = (uint32_t)(push->walk.end - offset);
    if (push->fault == WMBT_OK &&
        wmbt_rawtail_walk_next(&push->walk, &push->body.part) == WMBT_OK) {
        if (extent->bytes <= rest) {
            return wmbt_body_enter(&push->body);
        }
        push->fault = WMBT_TRUNCATED;
    }
    extent->offset = offset;
    extent->bytes = rest;
    extent->kind = WMBT_BODY_REST;
    return wmbt_body_enter(&push->body);
}

/* Checks what is complete and goes on to what follows: ok if that is an extent, need-more if it is
 * not, end if there is nothing; or a refusal. */
static wmbt_status wmbt_rawtail_step(wmbt_rawtail_push *push)
{
    if (push->body.part.extent.offset == 0u) {
        wmbt_status status = wmbt_rawtail_check_header(push);
        if (status != WMBT_OK) {
            return wmbt_body_stop(&push->body, status);
        }
    } else if (push->body.part.extent.kind == WMBT_EXTENT_FIELD) {
        push->fault = wmbt_rawtail_check_number(push);
    }
    return wmbt_rawtail_next(push);
}

wmbt_status wmbt_rawtail_push_feed(wmbt_rawtail_push *push, wmbt_view bytes, wmbt_buf dst,
                                   size_t *consumed)
{
    wmbt_cursor in = wmbt_cursor_of(bytes);
    wmbt_status status = wmbt_body_ready(&push->body, &in, dst);
    while (status == WMBT_NEED_MORE && wmbt_body_take(&push->body, &in, dst.data)) {
        status = wmbt_rawtail_step(push);
    }
    if (status == WMBT_END && in.left != 0u) {
        status = wmbt_body_stop(&push->body, WMBT_BAD_LENGTH);
    }
    if (!wmbt_status_is_error(status)) {
        *consumed = bytes.len - in.left;
    }
    return status;
}

wmbt_status wmbt_rawtail_push_placed(wmbt_rawtail_push *push, uint32_t len, uint32_t crc)
{
    wmbt_status status = wmbt_body_placed(&push->body, len, crc);
    return status == WMBT_OK ? wmbt_rawtail_step(push) : status;
}

wmbt_status wmbt_rawtail_push_at(const wmbt_rawtail_push *push, wmbt_extent *extent,
                                 uint32_t *position)
{
    /* After a fault the parts are at no extent. */
    wmbt_status status = wmbt_body_at(&push->body, extent, position);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    if (push->fault != WMBT_OK) {
        return push->fault;
    }
    return status == WMBT_END && push->body.crc != push->info.crc ? WMBT_BAD_CHECKSUM : status;
}

uint64_t wmbt_rawtail_push_offset(const wmbt_rawtail_push *push)
{
    return wmbt_body_offset(&push->body);
}

/* Checks 4 to 10 at the end of the input, in their order. */
static wmbt_status wmbt_rawtail_verdict(const wmbt_rawtail_push *push)
{
    if (wmbt_body_offset(&push->body) < WMBT_RAWTAIL_MIN_BYTES) {
        return WMBT_TRUNCATED;
    }
    if (push->body.status != WMBT_END) {
        return WMBT_BAD_LENGTH;
    }
    return push->body.crc != push->info.crc ? WMBT_BAD_CHECKSUM : push->fault;
}

wmbt_status wmbt_rawtail_push_finish(wmbt_rawtail_push *push, wmbt_rawtail_info *info)
{
    wmbt_status status = wmbt_body_finish(&push->body, wmbt_rawtail_verdict(push));
    if (status != WMBT_OK) {
        return status;
    }
    if ((push->info.flags & WMBT_RAWTAIL_ROWS_AGREE) == 0u) {
        push->info.block_end = 0;
    }
    WMBT_COPY_STRUCT(info, &push->info);
    return WMBT_OK;
}

/* --- whole object ----------------------------------------------------------------------------- */

wmbt_status wmbt_rawtail_read_header(wmbt_view bytes, const wmbt_rawtail_expect *expect,
                                     wmbt_rawtail_info *info)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_rawtail_push push;
    wmbt_status status = wmbt_rawtail_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_body_take_header(&push.body, bytes)) {
        return WMBT_TRUNCATED;
    }
    status = wmbt_rawtail_check_header(&push);
    if (status != WMBT_OK) {
        return status;
    }
    if (push.info.body_bytes < WMBT_RAWTAIL_MIN_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    if (push.fault == WMBT_OK) {
        push.info.flags = 0; /* no count was seen */
        WMBT_COPY_STRUCT(info, &push.info);
    }
    return push.fault;
}

wmbt_status wmbt_rawtail_read(wmbt_view object, const wmbt_rawtail_expect *expect,
                              wmbt_rawtail_info *info)
{
    if (wmbt_view_is_bad(object)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_rawtail_push push;
    wmbt_status status = wmbt_rawtail_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_cursor in = wmbt_cursor_of(object);
    while (wmbt_body_take(&push.body, &in, NULL)) {
        status = wmbt_rawtail_step(&push);
    }
    if (status == WMBT_END && in.left != 0u) {
        return WMBT_BAD_LENGTH;
    }
    return wmbt_rawtail_push_finish(&push, info);
}

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS

wmbt_status wmbt_rawtail_seal(wmbt_buf object, const wmbt_shape *shape, uint32_t total_tokens,
                              uint32_t raw_rows, uint32_t block_end, size_t *written)
{
    wmbt_rawtail_walk walk;
    wmbt_status status = wmbt_rawtail_walk_init(&walk, shape, total_tokens, raw_rows, block_end);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_buf_is_bad(object)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (walk.end > object.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    size_t end = (size_t)walk.end;
    uint8_t *b = object.data;
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_MAGIC, WMBT_RAWTAIL_MAGIC);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_VERSION, WMBT_RAWTAIL_VERSION);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_BODY_BYTES, (uint32_t)(end - WMBT_RAWTAIL_ENVELOPE_BYTES));
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_LAYERS, shape->layers);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_RAW_ROWS, raw_rows);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_HEAD_DIM, shape->head_dim);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_ELEMENT_BYTES, shape->element_bytes);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_TOKENS, total_tokens);
    wmbt_body_part part;
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind == WMBT_EXTENT_FIELD) {
            wmbt_store_le32(b + (size_t)part.extent.offset, part.value);
        }
    }
    wmbt_view body =
        wmbt_view_of(b + WMBT_RAWTAIL_ENVELOPE_BYTES, end - WMBT_RAWTAIL_ENVELOPE_BYTES);
    wmbt_store_le32(b + WMBT_RAWTAIL_AT_CRC, wmbt_crc32c(0, body));
    *written = end;
    return WMBT_OK;
}

#    endif

#endif
