/* SPDX-License-Identifier: Apache-2.0 */
/* What the push readers of blocks and of raw tails have in common. docs/FORMATS.md, "KV block" and
 * "Raw tail". */
#include "format/body.h"

#include "base/bytes.h"
#include "base/le.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_KVBLOCK || WMBT_CFG_RAWTAIL

wmbt_status wmbt_body_check_shape(const wmbt_shape *shape)
{
    return shape == NULL ? WMBT_BAD_ARGUMENT : wmbt_shape_check(shape);
}

void wmbt_body_set_number(wmbt_body_part *part, uint32_t value, wmbt_status mismatch)
{
    part->extent.kind = WMBT_EXTENT_FIELD;
    part->extent.bytes = 4;
    part->extent.rows = 0;
    part->value = value;
    part->mismatch = mismatch;
}

void wmbt_body_set_rows(wmbt_body_part *part, const wmbt_shape *shape, uint32_t kind, uint32_t rows)
{
    part->extent.kind = kind;
    part->extent.bytes = rows * wmbt_shape_row_bytes(shape, part->extent.layer, kind);
    part->extent.rows = rows;
    part->value = 0;
    part->mismatch = WMBT_OK;
}

void wmbt_body_start(wmbt_body_decoder *body, uint32_t header_bytes)
{
    body->part.extent.offset = 0;
    body->part.extent.bytes = header_bytes;
    body->part.extent.kind = WMBT_EXTENT_FIELD;
    body->crc = 0;
    (void)wmbt_body_enter(body);
}

void wmbt_body_numbers(const wmbt_body_decoder *body, uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = wmbt_load_le32(body->bytes + 4u * i);
    }
}

wmbt_status wmbt_body_enter(wmbt_body_decoder *body)
{
    const wmbt_extent *extent = &body->part.extent;
    WMBT_ASSERT(extent->kind <= WMBT_BODY_REST);
    WMBT_ASSERT(extent->kind != WMBT_EXTENT_FIELD || extent->bytes <= WMBT_BODY_HEADER_BYTES);
    body->left = extent->bytes;
    if (extent->bytes == 0u) {
        body->status = WMBT_END;
    } else if (extent->kind == WMBT_EXTENT_FIELD || extent->kind == WMBT_BODY_REST) {
        body->status = WMBT_NEED_MORE;
    } else {
        body->status = WMBT_OK;
    }
    return body->status;
}

wmbt_status wmbt_body_stop(wmbt_body_decoder *body, wmbt_status status)
{
    body->status = status;
    return status;
}

wmbt_status wmbt_body_ready(const wmbt_body_decoder *body, const wmbt_cursor *in, wmbt_buf dst)
{
    wmbt_status status = body->status;
    if (wmbt_status_is_error(status)) {
        return status;
    }
    if ((in->data == NULL && in->left != 0u) || wmbt_buf_is_bad(dst)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (status == WMBT_OK && dst.data != NULL && dst.len < in->left && dst.len < body->left) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    return status == WMBT_END ? WMBT_END : WMBT_NEED_MORE;
}

bool wmbt_body_take(wmbt_body_decoder *body, wmbt_cursor *in, uint8_t *dst)
{
    uint32_t n = in->left < body->left ? (uint32_t)in->left : body->left;
    const wmbt_view piece = wmbt_view_of(in->data, n);
    WMBT_ASSERT(body->left <= body->part.extent.bytes);
    if (n == 0u) {
        return false;
    }
    in->data += n;
    in->left -= n;
    uint8_t *to = body->status == WMBT_OK ? dst : NULL;
    if (body->part.extent.kind == WMBT_EXTENT_FIELD) {
        to = body->bytes + (body->part.extent.bytes - body->left);
    }
    body->crc = to != NULL ? wmbt_crc32c_copy(body->crc, to, piece) : wmbt_crc32c(body->crc, piece);
    body->left -= n;
    if (to != NULL) {
        wmbt_bytes_expect(to + n, n, body->left);
    }
    return body->left == 0u;
}

bool wmbt_body_take_header(wmbt_body_decoder *body, wmbt_view bytes)
{
    if (bytes.len < body->left) {
        return false;
    }
    wmbt_bytes_copy(body->bytes, bytes.data, body->left);
    return true;
}

wmbt_status wmbt_body_placed(wmbt_body_decoder *body, uint32_t len, uint32_t crc)
{
    if (wmbt_status_is_error(body->status)) {
        return body->status;
    }
    if (body->status != WMBT_OK) {
        return WMBT_BAD_STATE;
    }
    if (len > body->left) {
        return WMBT_BAD_ARGUMENT;
    }
    WMBT_ASSERT(body->part.extent.kind != WMBT_EXTENT_FIELD);
    body->crc = wmbt_crc32c_combine(body->crc, crc, len);
    body->left -= len;
    return body->left != 0u ? WMBT_NEED_MORE : WMBT_OK;
}

wmbt_status wmbt_body_at(const wmbt_body_decoder *body, wmbt_extent *extent, uint32_t *position)
{
    const wmbt_extent *at = &body->part.extent;
    if (body->status == WMBT_OK) {
        extent->offset = at->offset;
        extent->bytes = at->bytes;
        extent->rows = at->rows;
        extent->layer = at->layer;
        extent->kind = at->kind;
        *position = at->bytes - body->left;
        return WMBT_OK;
    }
    if (body->status == WMBT_NEED_MORE) {
        return WMBT_MISSING;
    }
    return body->status == WMBT_BAD_STATE ? WMBT_END : body->status;
}

uint64_t wmbt_body_offset(const wmbt_body_decoder *body)
{
    return body->part.extent.offset + (body->part.extent.bytes - body->left);
}

wmbt_status wmbt_body_finish(wmbt_body_decoder *body, wmbt_status verdict)
{
    if (wmbt_status_is_error(body->status)) {
        return body->status;
    }
    body->status = verdict == WMBT_OK ? WMBT_BAD_STATE : verdict;
    return verdict;
}

#endif
