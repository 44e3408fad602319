/* SPDX-License-Identifier: Apache-2.0 */
/* Raw tails. docs/FORMATS.md, "Raw tail". The whole reader is the push reader fed once. */
#include "wombatkv/rawtail.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_RAWTAIL

#    define WMBT_RAWTAIL_MAGIC 0x52545431u      /* in the file: "1TTR" */
#    define WMBT_RAWTAIL_END_MARKER 0x52545445u /* in the file: "ETTR" */
#    define WMBT_RAWTAIL_MIN_BYTES 40u          /* a head and an end marker */

/* --- does it fit --------------------------------------------------------------------------------
 */

static wmbt_status wmbt_rawtail_check_shape(const wmbt_shape *shape)
{
    return shape == NULL ? WMBT_BAD_ARGUMENT : wmbt_shape_check(shape);
}

static bool wmbt_rawtail_has_rows(const wmbt_shape *shape)
{
    for (uint32_t i = 0; i < shape->layers; i++) {
        if (shape->layer[i].ratio != 0u) {
            return true;
        }
    }
    return false;
}

wmbt_status wmbt_rawtail_fits(const wmbt_rawtail_info *info, const wmbt_shape *shape,
                              uint32_t block_tokens, uint64_t loaded_tokens, uint64_t prompt_tokens)
{
    wmbt_status status = wmbt_rawtail_check_shape(shape);
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
    if (info->raw_rows < (total < seen ? total : seen)) {
        return WMBT_DOES_NOT_FIT;
    }
    if (wmbt_rawtail_has_rows(shape) &&
        ((info->flags & WMBT_RAWTAIL_ROWS_AGREE) == 0u || info->block_end != loaded_tokens)) {
        return WMBT_DOES_NOT_FIT;
    }
    return WMBT_OK;
}

/* --- geometry -----------------------------------------------------------------------------------
 */

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

/* Fills *item with what stands where the walk stands, which may be no rows at all. */
static void wmbt_rawtail_describe(wmbt_rawtail_walk *walk, wmbt_item *item)
{
    uint32_t kind = wmbt_rawtail_kinds[walk->part];
    item->extent.offset = walk->offset;
    item->extent.layer = walk->layer;
    item->extent.kind = kind;
    item->extent.rows = 0;
    item->extent.bytes = 4;
    item->value = 0;
    item->mismatch = WMBT_OK;
    if (kind != WMBT_EXTENT_FIELD) {
        item->extent.rows = wmbt_rawtail_rows_at(walk);
        item->extent.bytes =
            item->extent.rows * wmbt_shape_row_bytes(walk->shape, walk->layer, kind);
    } else if (walk->part == WMBT_RAWTAIL_MARKER) {
        item->value = WMBT_RAWTAIL_END_MARKER;
        item->mismatch = WMBT_BAD_END_MARKER;
    } else {
        walk->rows = wmbt_rawtail_partial_rows(walk);
        item->value = walk->rows;
        item->mismatch = WMBT_BAD_COUNT;
    }
}

wmbt_status wmbt_rawtail_walk_next(wmbt_rawtail_walk *walk, wmbt_item *item)
{
    if (walk->part == WMBT_RAWTAIL_DONE) {
        return WMBT_END;
    }
    do { /* extents are never empty; the marker ends the loop at the latest */
        wmbt_rawtail_describe(walk, item);
        wmbt_rawtail_advance(walk);
    } while (item->extent.bytes == 0u);
    walk->offset += item->extent.bytes;
    return WMBT_OK;
}

static void wmbt_rawtail_walk_rewind(wmbt_rawtail_walk *walk)
{
    walk->offset = WMBT_RAWTAIL_HEAD_BYTES;
    walk->rows = 0;
    walk->layer = 0;
    walk->part = WMBT_RAWTAIL_RAW;
    if (walk->raw_rows == 0u) {
        wmbt_rawtail_enter(walk);
    }
}

/* What the largest body has room for behind its five numbers. */
#    define WMBT_RAWTAIL_MOST_BYTES (UINT32_MAX - 20u)

/* False if partial rows of the walk would pass that. States and raw rows never do. */
static bool wmbt_rawtail_rows_can_be(wmbt_rawtail_walk *walk)
{
    const wmbt_shape *shape = walk->shape;
    for (walk->layer = 0; walk->layer < shape->layers; walk->layer++) {
        if (shape->layer[walk->layer].ratio == 0u) {
            continue;
        }
        uint32_t rows = wmbt_rawtail_partial_rows(walk);
        if (rows > WMBT_RAWTAIL_MOST_BYTES /
                       wmbt_shape_row_bytes(shape, walk->layer, WMBT_EXTENT_COMP) ||
            (shape->layer[walk->layer].has_index != 0u &&
             rows > WMBT_RAWTAIL_MOST_BYTES /
                        wmbt_shape_row_bytes(shape, walk->layer, WMBT_EXTENT_INDEX))) {
            return false;
        }
    }
    return true;
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
    wmbt_status status = wmbt_rawtail_check_shape(shape);
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
    if (!wmbt_rawtail_rows_can_be(&measure)) {
        return WMBT_TOO_LARGE;
    }
    wmbt_rawtail_walk_rewind(&measure);
    wmbt_item item;
    while (wmbt_rawtail_walk_next(&measure, &item) == WMBT_OK) {
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

wmbt_status wmbt_rawtail_walk_seek(wmbt_rawtail_walk *walk, uint64_t offset, wmbt_item *item)
{
    if (offset < WMBT_RAWTAIL_HEAD_BYTES || offset >= walk->end) {
        return WMBT_MISSING;
    }
    if (offset < walk->offset) {
        wmbt_rawtail_walk_rewind(walk);
    }
    do {
        if (wmbt_rawtail_walk_next(walk, item) != WMBT_OK) {
            return WMBT_MISSING; /* not reached: the items cover [36, end) */
        }
    } while (offset >= walk->offset);
    return WMBT_OK;
}

/* --- push ---------------------------------------------------------------------------------------
 */

/* What the next byte is. */
#    define WMBT_RAWTAIL_AT_HEAD 0u
#    define WMBT_RAWTAIL_AT_FIELD 1u
#    define WMBT_RAWTAIL_AT_ROWS 2u
#    define WMBT_RAWTAIL_AT_REST 3u /* of the body: after a fault or the marker, only checksummed */
#    define WMBT_RAWTAIL_AT_END 4u
#    define WMBT_RAWTAIL_FINISHED 5u

wmbt_status wmbt_rawtail_push_init(wmbt_rawtail_push *push, const wmbt_rawtail_expect *expect)
{
    wmbt_status status = wmbt_rawtail_check_shape(expect->shape);
    if (status != WMBT_OK) {
        return status;
    }
    if ((expect->flags & ~WMBT_RAWTAIL_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    push->walk.shape = expect->shape;
    push->offset = 0;
    push->flags = expect->flags;
    push->phase = WMBT_RAWTAIL_AT_HEAD;
    push->left = WMBT_RAWTAIL_HEAD_BYTES;
    push->comp_rows = 0;
    push->counted = 0;
    push->crc = 0;
    push->status = WMBT_NEED_MORE;
    push->fault = WMBT_OK;
    return WMBT_OK;
}

/* Checks 2 and 3 on push->bytes; fills push->info. */
static wmbt_status wmbt_rawtail_judge_envelope(wmbt_rawtail_push *push)
{
    const uint8_t *b = push->bytes;
    if (wmbt_load_le32(b) != WMBT_RAWTAIL_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (wmbt_load_le32(b + 4) != WMBT_RAWTAIL_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    push->info.body_bytes = wmbt_load_le32(b + 8);
    push->info.crc = wmbt_load_le32(b + 12);
    push->info.raw_rows = wmbt_load_le32(b + 20);
    push->info.total_tokens = wmbt_load_le32(b + 32);
    push->info.block_end = 0;
    push->info.flags = 0;
    return WMBT_OK;
}

/* Checks 6 and 7. */
static wmbt_status wmbt_rawtail_judge_numbers(const wmbt_rawtail_push *push)
{
    const uint8_t *b = push->bytes;
    const wmbt_shape *shape = push->walk.shape;
    if (wmbt_load_le32(b + 16) != shape->layers || wmbt_load_le32(b + 24) != shape->head_dim ||
        wmbt_load_le32(b + 28) != shape->element_bytes) {
        return WMBT_BAD_SHAPE;
    }
    if (push->info.raw_rows > shape->window || push->info.raw_rows > push->info.total_tokens) {
        return WMBT_BAD_COUNT;
    }
    return WMBT_OK;
}

static wmbt_status wmbt_rawtail_judge_head(wmbt_rawtail_push *push)
{
    wmbt_status status = wmbt_rawtail_judge_envelope(push);
    if (status != WMBT_OK) {
        return status;
    }
    if (push->info.body_bytes < WMBT_RAWTAIL_HEAD_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES) {
        return WMBT_BAD_LENGTH; /* some of the 36 bytes lie behind the body */
    }
    push->crc = wmbt_crc32c(0, wmbt_view_of(push->bytes + WMBT_RAWTAIL_ENVELOPE_BYTES,
                                            WMBT_RAWTAIL_HEAD_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES));
    push->fault = wmbt_rawtail_judge_numbers(push);
    push->info.flags = WMBT_RAWTAIL_ROWS_AGREE;
    push->walk.end = (uint64_t)WMBT_RAWTAIL_ENVELOPE_BYTES + push->info.body_bytes;
    push->walk.total_tokens = push->info.total_tokens;
    push->walk.raw_rows = push->info.raw_rows;
    push->walk.block_end = 0; /* so that the walk's row counts are the most there can be */
    wmbt_rawtail_walk_rewind(&push->walk);
    return WMBT_OK;
}

/* Finds out whether all counts speak of one end of blocks. `most` is total / ratio. */
static void wmbt_rawtail_compare_rows(wmbt_rawtail_push *push, uint32_t rows, uint32_t most)
{
    uint32_t ratio = push->walk.shape->layer[push->item.extent.layer].ratio;
    if (rows > most) {
        push->info.flags = 0;
        return;
    }
    uint32_t block_end = (most - rows) * ratio;
    if (push->counted == 0u) {
        push->info.block_end = block_end;
    } else if (push->info.block_end != block_end) {
        push->info.flags = 0;
    }
    push->counted = 1;
}

/* Check 8 on a count. It becomes the walk's, once its rows are known to lie inside the body. */
static wmbt_status wmbt_rawtail_judge_rows(wmbt_rawtail_push *push, uint32_t rows)
{
    bool index = push->walk.part == WMBT_RAWTAIL_INDEX;
    if ((push->flags & WMBT_RAWTAIL_COMPAT_ROWS) == 0u &&
        (rows > push->item.value || (index && rows != push->comp_rows))) {
        return push->item.mismatch;
    }
    uint32_t row_bytes = wmbt_shape_row_bytes(push->walk.shape, push->item.extent.layer,
                                              index ? WMBT_EXTENT_INDEX : WMBT_EXTENT_COMP);
    if (rows > (uint32_t)(push->walk.end - push->offset) / row_bytes) {
        return WMBT_TRUNCATED;
    }
    wmbt_rawtail_compare_rows(push, rows, push->item.value);
    push->comp_rows = index ? 0u : rows;
    push->walk.rows = rows;
    return WMBT_OK;
}

/* Judges a number that is complete. */
static wmbt_status wmbt_rawtail_judge_field(wmbt_rawtail_push *push)
{
    uint32_t value = wmbt_load_le32(push->bytes);
    push->crc = wmbt_crc32c(push->crc, wmbt_view_of(push->bytes, 4));
    if (push->walk.part != WMBT_RAWTAIL_DONE) {
        return wmbt_rawtail_judge_rows(push, value);
    }
    if (value != push->item.value) {
        return push->item.mismatch;
    }
    if (push->offset != push->walk.end && (push->flags & WMBT_RAWTAIL_COMPAT_TRAILING) == 0u) {
        return WMBT_TRAILING_BYTES;
    }
    return WMBT_OK;
}

/* Judges what is complete and goes on to what follows: ok if that is an extent, need-more if it is
 * not, end if there is nothing; or a refusal. */
static wmbt_status wmbt_rawtail_step(wmbt_rawtail_push *push)
{
    if (push->phase == WMBT_RAWTAIL_AT_HEAD) {
        wmbt_status status = wmbt_rawtail_judge_head(push);
        if (status != WMBT_OK) {
            return status;
        }
    } else if (push->phase == WMBT_RAWTAIL_AT_FIELD) {
        push->fault = wmbt_rawtail_judge_field(push);
    }
    uint32_t rest = (uint32_t)(push->walk.end - push->offset);
    if (push->fault == WMBT_OK && wmbt_rawtail_walk_next(&push->walk, &push->item) == WMBT_OK) {
        if (push->item.extent.bytes <= rest) {
            bool rows = push->item.extent.kind != WMBT_EXTENT_FIELD;
            push->phase = rows ? WMBT_RAWTAIL_AT_ROWS : WMBT_RAWTAIL_AT_FIELD;
            push->left = push->item.extent.bytes;
            return rows ? WMBT_OK : WMBT_NEED_MORE;
        }
        push->fault = WMBT_TRUNCATED;
    }
    push->phase = rest != 0u ? WMBT_RAWTAIL_AT_REST : WMBT_RAWTAIL_AT_END;
    push->left = rest;
    return rest != 0u ? WMBT_NEED_MORE : WMBT_END;
}

/* Moves bytes of the current item from the cursor. */
static void wmbt_rawtail_take(wmbt_rawtail_push *push, wmbt_cursor *in, uint8_t *dst)
{
    uint32_t n = in->left < push->left ? (uint32_t)in->left : push->left;
    wmbt_view piece;
    if (push->phase < WMBT_RAWTAIL_AT_ROWS) {
        uint32_t size = push->phase == WMBT_RAWTAIL_AT_HEAD ? WMBT_RAWTAIL_HEAD_BYTES : 4u;
        (void)wmbt_cursor_copy(in, push->bytes + (size - push->left), n);
    } else if (wmbt_cursor_bytes(in, n, &piece)) {
        bool copies = dst != NULL && push->phase == WMBT_RAWTAIL_AT_ROWS;
        push->crc =
            copies ? wmbt_crc32c_copy(push->crc, dst, piece) : wmbt_crc32c(push->crc, piece);
    }
    push->left -= n;
    push->offset += n;
}

wmbt_status wmbt_rawtail_push_feed(wmbt_rawtail_push *push, wmbt_view bytes, wmbt_buf dst,
                                   size_t *taken)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase == WMBT_RAWTAIL_FINISHED) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bytes) || wmbt_buf_is_bad(dst)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (push->phase == WMBT_RAWTAIL_AT_ROWS && dst.data != NULL && dst.len < bytes.len &&
        dst.len < push->left) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_cursor in = wmbt_cursor_of(bytes);
    wmbt_status status = push->phase == WMBT_RAWTAIL_AT_END ? WMBT_END : WMBT_NEED_MORE;
    while (status == WMBT_NEED_MORE && in.left != 0u) {
        wmbt_rawtail_take(push, &in, dst.data);
        if (push->left != 0u) {
            break;
        }
        status = wmbt_rawtail_step(push);
    }
    if (status == WMBT_END && in.left != 0u) {
        status = WMBT_BAD_LENGTH;
    }
    if (wmbt_status_is_error(status)) {
        push->status = status;
        return status;
    }
    *taken = bytes.len - in.left;
    return status;
}

wmbt_status wmbt_rawtail_push_placed(wmbt_rawtail_push *push, uint32_t len, uint32_t crc)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase != WMBT_RAWTAIL_AT_ROWS) {
        return WMBT_BAD_STATE;
    }
    if (len > push->left) {
        return WMBT_BAD_ARGUMENT;
    }
    push->crc = wmbt_crc32c_combine(push->crc, crc, len);
    push->left -= len;
    push->offset += len;
    return push->left != 0u ? WMBT_NEED_MORE : wmbt_rawtail_step(push);
}

wmbt_status wmbt_rawtail_push_at(const wmbt_rawtail_push *push, wmbt_extent *extent,
                                 uint32_t *position)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->fault != WMBT_OK) {
        return push->fault;
    }
    if (push->phase >= WMBT_RAWTAIL_AT_END) {
        return push->crc == push->info.crc ? WMBT_END : WMBT_BAD_CHECKSUM;
    }
    if (push->phase != WMBT_RAWTAIL_AT_ROWS) {
        return WMBT_MISSING;
    }
    extent->offset = push->item.extent.offset;
    extent->bytes = push->item.extent.bytes;
    extent->rows = push->item.extent.rows;
    extent->layer = push->item.extent.layer;
    extent->kind = push->item.extent.kind;
    *position = push->item.extent.bytes - push->left;
    return WMBT_OK;
}

uint64_t wmbt_rawtail_push_offset(const wmbt_rawtail_push *push)
{
    return push->offset;
}

static void wmbt_rawtail_info_copy(wmbt_rawtail_info *to, const wmbt_rawtail_info *from)
{
    to->total_tokens = from->total_tokens;
    to->raw_rows = from->raw_rows;
    to->body_bytes = from->body_bytes;
    to->crc = from->crc;
    to->block_end = from->block_end;
    to->flags = from->flags;
}

/* Checks 4 to 10 at the end of the input, in their order. */
static wmbt_status wmbt_rawtail_verdict(const wmbt_rawtail_push *push)
{
    if (push->offset < WMBT_RAWTAIL_MIN_BYTES) {
        return WMBT_TRUNCATED;
    }
    if (push->phase != WMBT_RAWTAIL_AT_END) {
        return WMBT_BAD_LENGTH;
    }
    return push->crc != push->info.crc ? WMBT_BAD_CHECKSUM : push->fault;
}

wmbt_status wmbt_rawtail_push_finish(wmbt_rawtail_push *push, wmbt_rawtail_info *info)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase == WMBT_RAWTAIL_FINISHED) {
        return WMBT_BAD_STATE;
    }
    wmbt_status status = wmbt_rawtail_verdict(push);
    if (status != WMBT_OK) {
        push->status = status;
        return status;
    }
    push->phase = WMBT_RAWTAIL_FINISHED;
    if ((push->info.flags & WMBT_RAWTAIL_ROWS_AGREE) == 0u) {
        push->info.block_end = 0;
    }
    wmbt_rawtail_info_copy(info, &push->info);
    return WMBT_OK;
}

/* --- whole object -------------------------------------------------------------------------------
 */

wmbt_status wmbt_rawtail_read_head(wmbt_view bytes, const wmbt_rawtail_expect *expect,
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
    wmbt_cursor in = wmbt_cursor_of(bytes);
    if (!wmbt_cursor_copy(&in, push.bytes, WMBT_RAWTAIL_HEAD_BYTES)) {
        return WMBT_TRUNCATED;
    }
    status = wmbt_rawtail_judge_envelope(&push);
    if (status != WMBT_OK) {
        return status;
    }
    if (push.info.body_bytes < WMBT_RAWTAIL_MIN_BYTES - WMBT_RAWTAIL_ENVELOPE_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    status = wmbt_rawtail_judge_numbers(&push);
    if (status == WMBT_OK) {
        wmbt_rawtail_info_copy(info, &push.info);
    }
    return status;
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
    do {
        size_t taken = 0;
        status = wmbt_rawtail_push_feed(&push, wmbt_view_of(in.data, in.left), wmbt_buf_of(NULL, 0),
                                        &taken);
        (void)wmbt_cursor_skip(&in, taken);
    } while (status == WMBT_OK);
    return wmbt_rawtail_push_finish(&push, info);
}

/* --- writer -------------------------------------------------------------------------------------
 */

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
    wmbt_store_le32(b, WMBT_RAWTAIL_MAGIC);
    wmbt_store_le32(b + 4, WMBT_RAWTAIL_VERSION);
    wmbt_store_le32(b + 8, (uint32_t)(end - WMBT_RAWTAIL_ENVELOPE_BYTES));
    wmbt_store_le32(b + 16, shape->layers);
    wmbt_store_le32(b + 20, raw_rows);
    wmbt_store_le32(b + 24, shape->head_dim);
    wmbt_store_le32(b + 28, shape->element_bytes);
    wmbt_store_le32(b + 32, total_tokens);
    wmbt_item item;
    while (wmbt_rawtail_walk_next(&walk, &item) == WMBT_OK) {
        if (item.extent.kind == WMBT_EXTENT_FIELD) {
            wmbt_store_le32(b + (size_t)item.extent.offset, item.value);
        }
    }
    wmbt_view body =
        wmbt_view_of(b + WMBT_RAWTAIL_ENVELOPE_BYTES, end - WMBT_RAWTAIL_ENVELOPE_BYTES);
    wmbt_store_le32(b + 12, wmbt_crc32c(0, body));
    *written = end;
    return WMBT_OK;
}

#    endif

#endif
