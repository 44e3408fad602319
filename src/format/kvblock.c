/* SPDX-License-Identifier: Apache-2.0 */
/* KV blocks. docs/FORMATS.md, "KV block". The whole reader is the push reader fed once. */
#include "wombatkv/kvblock.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_KVBLOCK

#    define WMBT_KVBLOCK_MAGIC 0x3142564Bu /* "KVB1" */
#    define WMBT_KVBLOCK_FLAGS (WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS)

/* --- geometry -----------------------------------------------------------------------------------
 */

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

static void wmbt_kvblock_set_field(wmbt_item *item, uint32_t value, wmbt_status mismatch)
{
    item->extent.kind = WMBT_EXTENT_FIELD;
    item->extent.bytes = 4;
    item->extent.rows = 0;
    item->value = value;
    item->mismatch = mismatch;
}

static void wmbt_kvblock_set_rows(wmbt_item *item, const wmbt_kvblock_walk *walk, uint32_t kind,
                                  uint32_t rows)
{
    item->extent.kind = kind;
    item->extent.rows = rows;
    item->extent.bytes = rows * wmbt_shape_row_bytes(walk->shape, walk->layer, kind);
    item->value = 0;
    item->mismatch = WMBT_OK;
}

wmbt_status wmbt_kvblock_walk_next(wmbt_kvblock_walk *walk, wmbt_item *item)
{
    if (walk->layer >= walk->shape->layers) {
        return WMBT_END;
    }
    const wmbt_shape_layer *layer = &walk->shape->layer[walk->layer];
    uint32_t rows = layer->ratio == 0u ? 0u : walk->block_tokens / layer->ratio;
    item->extent.offset = walk->offset;
    item->extent.layer = walk->layer;
    switch (walk->part) {
    case WMBT_KVBLOCK_RATIO: wmbt_kvblock_set_field(item, layer->ratio, WMBT_BAD_SHAPE); break;
    case WMBT_KVBLOCK_COMP: wmbt_kvblock_set_rows(item, walk, WMBT_EXTENT_COMP, rows); break;
    case WMBT_KVBLOCK_INDEX: wmbt_kvblock_set_rows(item, walk, WMBT_EXTENT_INDEX, rows); break;
    default: wmbt_kvblock_set_field(item, rows, WMBT_BAD_COUNT); break;
    }
    walk->offset += item->extent.bytes;
    if (walk->part == wmbt_kvblock_last_part(layer)) {
        walk->layer++;
        walk->part = WMBT_KVBLOCK_RATIO;
    } else {
        walk->part++;
    }
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
    wmbt_item item;
    while (wmbt_kvblock_walk_next(&measure, &item) == WMBT_OK) {
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

static wmbt_status wmbt_kvblock_check_shape(const wmbt_shape *shape)
{
    return shape == NULL ? WMBT_BAD_ARGUMENT : wmbt_shape_check(shape);
}

wmbt_status wmbt_kvblock_walk_init(wmbt_kvblock_walk *walk, const wmbt_shape *shape,
                                   uint32_t block_tokens)
{
    wmbt_status status = wmbt_kvblock_check_shape(shape);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_shape_allows_block_tokens(shape, block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_kvblock_walk_start(walk, shape, block_tokens);
}

wmbt_status wmbt_kvblock_walk_seek(wmbt_kvblock_walk *walk, uint64_t offset, wmbt_item *item)
{
    if (offset < WMBT_KVBLOCK_HEADER_BYTES || offset >= walk->end) {
        return WMBT_MISSING;
    }
    if (offset < walk->offset) {
        wmbt_kvblock_walk_rewind(walk);
    }
    do {
        if (wmbt_kvblock_walk_next(walk, item) != WMBT_OK) {
            return WMBT_MISSING; /* not reached: the items cover [24, end) */
        }
    } while (offset >= walk->offset);
    return WMBT_OK;
}

/* --- push ---------------------------------------------------------------------------------------
 */

/* What the next byte is. */
#    define WMBT_KVBLOCK_AT_HEADER 0u
#    define WMBT_KVBLOCK_AT_FIELD 1u
#    define WMBT_KVBLOCK_AT_ROWS 2u
#    define WMBT_KVBLOCK_AT_TRAILER 3u
#    define WMBT_KVBLOCK_AT_END 4u
#    define WMBT_KVBLOCK_FINISHED 5u

wmbt_status wmbt_kvblock_push_init(wmbt_kvblock_push *push, const wmbt_kvblock_expect *expect)
{
    wmbt_status status = wmbt_kvblock_check_shape(expect->shape);
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
    push->offset = 0;
    push->want_tokens = expect->block_tokens;
    push->want_seq = expect->block_seq;
    push->flags = expect->flags;
    push->phase = WMBT_KVBLOCK_AT_HEADER;
    push->left = WMBT_KVBLOCK_HEADER_BYTES;
    push->crc = 0;
    push->status = WMBT_NEED_MORE;
    return WMBT_OK;
}

/* Checks 2 to 6 on push->bytes, then starts the walk through the body. */
static wmbt_status wmbt_kvblock_judge_header(wmbt_kvblock_push *push)
{
    const uint8_t *b = push->bytes;
    uint32_t tokens = wmbt_load_le32(b + 12);
    const wmbt_shape *shape = push->walk.shape;
    if (wmbt_load_le32(b) != WMBT_KVBLOCK_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (wmbt_load_le32(b + 4) != WMBT_KVBLOCK_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    if ((push->flags & WMBT_KVBLOCK_ANY_TOKENS) == 0u) {
        if (tokens != push->want_tokens) {
            return WMBT_WRONG_BLOCK;
        }
    } else {
        if (!wmbt_shape_allows_block_tokens(shape, tokens)) {
            return WMBT_BAD_COUNT;
        }
        wmbt_status status = wmbt_kvblock_walk_start(&push->walk, shape, tokens);
        if (status != WMBT_OK) {
            return status;
        }
    }
    if (wmbt_load_le32(b + 16) != shape->layers) {
        return WMBT_BAD_SHAPE;
    }
    push->info.block_seq = wmbt_load_le32(b + 8);
    push->info.block_tokens = tokens;
    push->info.body_bytes = wmbt_load_le32(b + 20);
    push->info.crc = 0;
    if ((push->flags & WMBT_KVBLOCK_ANY_SEQ) == 0u && push->info.block_seq != push->want_seq) {
        return WMBT_WRONG_BLOCK;
    }
    return WMBT_OK;
}

/* Judges what is complete. */
static wmbt_status wmbt_kvblock_judge(wmbt_kvblock_push *push)
{
    switch (push->phase) {
    case WMBT_KVBLOCK_AT_HEADER: return wmbt_kvblock_judge_header(push);
    case WMBT_KVBLOCK_AT_FIELD:
        push->crc = wmbt_crc32c(push->crc, wmbt_view_of(push->bytes, 4));
        return wmbt_load_le32(push->bytes) == push->item.value ? WMBT_OK : push->item.mismatch;
    case WMBT_KVBLOCK_AT_TRAILER:
        push->info.crc = wmbt_load_le32(push->bytes);
        return push->info.crc == push->crc ? WMBT_OK : WMBT_BAD_CHECKSUM;
    default: return WMBT_OK;
    }
}

/* Judges what is complete and goes on to what follows: ok if that is an extent, need-more if it is
 * not, end if there is nothing. */
static wmbt_status wmbt_kvblock_step(wmbt_kvblock_push *push)
{
    wmbt_status status = wmbt_kvblock_judge(push);
    if (status != WMBT_OK) {
        return status;
    }
    if (push->phase == WMBT_KVBLOCK_AT_TRAILER) {
        push->phase = WMBT_KVBLOCK_AT_END;
        return WMBT_END;
    }
    if (wmbt_kvblock_walk_next(&push->walk, &push->item) == WMBT_OK) {
        bool rows = push->item.extent.kind != WMBT_EXTENT_FIELD;
        push->phase = rows ? WMBT_KVBLOCK_AT_ROWS : WMBT_KVBLOCK_AT_FIELD;
        push->left = push->item.extent.bytes;
        return rows ? WMBT_OK : WMBT_NEED_MORE;
    }
    if (push->info.body_bytes != push->walk.end - WMBT_KVBLOCK_HEADER_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    push->phase = WMBT_KVBLOCK_AT_TRAILER;
    push->left = WMBT_KVBLOCK_TRAILER_BYTES;
    return WMBT_NEED_MORE;
}

/* Moves bytes of the current item from the cursor. */
static void wmbt_kvblock_take(wmbt_kvblock_push *push, wmbt_cursor *in, uint8_t *dst)
{
    uint32_t n = in->left < push->left ? (uint32_t)in->left : push->left;
    wmbt_view piece;
    if (push->phase != WMBT_KVBLOCK_AT_ROWS) {
        uint32_t size = push->phase == WMBT_KVBLOCK_AT_HEADER ? WMBT_KVBLOCK_HEADER_BYTES : 4u;
        (void)wmbt_cursor_copy(in, push->bytes + (size - push->left), n);
    } else if (wmbt_cursor_bytes(in, n, &piece)) {
        push->crc =
            dst == NULL ? wmbt_crc32c(push->crc, piece) : wmbt_crc32c_copy(push->crc, dst, piece);
    }
    push->left -= n;
    push->offset += n;
}

wmbt_status wmbt_kvblock_push_feed(wmbt_kvblock_push *push, wmbt_view bytes, wmbt_buf dst,
                                   size_t *taken)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase == WMBT_KVBLOCK_FINISHED) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bytes) || wmbt_buf_is_bad(dst)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (push->phase == WMBT_KVBLOCK_AT_ROWS && dst.data != NULL && dst.len < bytes.len &&
        dst.len < push->left) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_cursor in = wmbt_cursor_of(bytes);
    wmbt_status status = push->phase == WMBT_KVBLOCK_AT_END ? WMBT_END : WMBT_NEED_MORE;
    while (status == WMBT_NEED_MORE && in.left != 0u) {
        wmbt_kvblock_take(push, &in, dst.data);
        if (push->left != 0u) {
            break;
        }
        status = wmbt_kvblock_step(push);
    }
    if (status == WMBT_END && in.left != 0u) {
        status = WMBT_TRAILING_BYTES;
    }
    if (wmbt_status_is_error(status)) {
        push->status = status;
        return status;
    }
    *taken = bytes.len - in.left;
    return status;
}

wmbt_status wmbt_kvblock_push_placed(wmbt_kvblock_push *push, uint32_t len, uint32_t crc)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase != WMBT_KVBLOCK_AT_ROWS) {
        return WMBT_BAD_STATE;
    }
    if (len > push->left) {
        return WMBT_BAD_ARGUMENT;
    }
    push->crc = wmbt_crc32c_combine(push->crc, crc, len);
    push->left -= len;
    push->offset += len;
    if (push->left != 0u) {
        return WMBT_NEED_MORE;
    }
    wmbt_status status = wmbt_kvblock_step(push);
    if (wmbt_status_is_error(status)) {
        push->status = status;
    }
    return status;
}

wmbt_status wmbt_kvblock_push_at(const wmbt_kvblock_push *push, wmbt_extent *extent,
                                 uint32_t *position)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase >= WMBT_KVBLOCK_AT_END) {
        return WMBT_END;
    }
    if (push->phase != WMBT_KVBLOCK_AT_ROWS) {
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

uint64_t wmbt_kvblock_push_offset(const wmbt_kvblock_push *push)
{
    return push->offset;
}

static void wmbt_kvblock_info_copy(wmbt_kvblock_info *to, const wmbt_kvblock_info *from)
{
    to->block_seq = from->block_seq;
    to->block_tokens = from->block_tokens;
    to->body_bytes = from->body_bytes;
    to->crc = from->crc;
}

wmbt_status wmbt_kvblock_push_finish(wmbt_kvblock_push *push, wmbt_kvblock_info *info)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->phase == WMBT_KVBLOCK_FINISHED) {
        return WMBT_BAD_STATE;
    }
    if (push->phase != WMBT_KVBLOCK_AT_END) {
        push->status = WMBT_TRUNCATED;
        return WMBT_TRUNCATED;
    }
    push->phase = WMBT_KVBLOCK_FINISHED;
    wmbt_kvblock_info_copy(info, &push->info);
    return WMBT_OK;
}

/* --- whole object -------------------------------------------------------------------------------
 */

wmbt_status wmbt_kvblock_read_head(wmbt_view bytes, const wmbt_kvblock_expect *expect,
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
    wmbt_cursor in = wmbt_cursor_of(bytes);
    if (!wmbt_cursor_copy(&in, push.bytes, WMBT_KVBLOCK_HEADER_BYTES)) {
        return WMBT_TRUNCATED;
    }
    status = wmbt_kvblock_judge_header(&push);
    if (status == WMBT_OK) {
        wmbt_kvblock_info_copy(info, &push.info);
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
    do {
        size_t taken = 0;
        status = wmbt_kvblock_push_feed(&push, wmbt_view_of(in.data, in.left), wmbt_buf_of(NULL, 0),
                                        &taken);
        (void)wmbt_cursor_skip(&in, taken);
    } while (status == WMBT_OK);
    return wmbt_kvblock_push_finish(&push, info);
}

/* --- writer -------------------------------------------------------------------------------------
 */

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
    if (object.len < WMBT_KVBLOCK_TRAILER_BYTES ||
        walk.end > object.len - WMBT_KVBLOCK_TRAILER_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    size_t end = (size_t)walk.end;
    uint8_t *b = object.data;
    wmbt_store_le32(b, WMBT_KVBLOCK_MAGIC);
    wmbt_store_le32(b + 4, WMBT_KVBLOCK_VERSION);
    wmbt_store_le32(b + 8, block_seq);
    wmbt_store_le32(b + 12, block_tokens);
    wmbt_store_le32(b + 16, shape->layers);
    wmbt_store_le32(b + 20, (uint32_t)(end - WMBT_KVBLOCK_HEADER_BYTES));
    wmbt_item item;
    while (wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
        if (item.extent.kind == WMBT_EXTENT_FIELD) {
            wmbt_store_le32(b + (size_t)item.extent.offset, item.value);
        }
    }
    wmbt_view body = wmbt_view_of(b + WMBT_KVBLOCK_HEADER_BYTES, end - WMBT_KVBLOCK_HEADER_BYTES);
    wmbt_store_le32(b + end, wmbt_crc32c(0, body));
    *written = end + WMBT_KVBLOCK_TRAILER_BYTES;
    return WMBT_OK;
}

#    endif

#endif
