/* SPDX-License-Identifier: Apache-2.0 */
/* What the push readers of blocks and of raw tails have in common. docs/FORMATS.md, "KV block" and
 * "Raw tail". */
#include "format/items.h"

#include "base/bytes.h"
#include "base/le.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_KVBLOCK || WMBT_CFG_RAWTAIL

wmbt_status wmbt_items_check_shape(const wmbt_shape *shape)
{
    return shape == NULL ? WMBT_BAD_ARGUMENT : wmbt_shape_check(shape);
}

void wmbt_items_number(wmbt_item *item, uint32_t value, wmbt_status mismatch)
{
    item->extent.kind = WMBT_EXTENT_FIELD;
    item->extent.bytes = 4;
    item->extent.rows = 0;
    item->value = value;
    item->mismatch = mismatch;
}

void wmbt_items_rows(wmbt_item *item, const wmbt_shape *shape, uint32_t kind, uint32_t rows)
{
    item->extent.kind = kind;
    item->extent.bytes = rows * wmbt_shape_row_bytes(shape, item->extent.layer, kind);
    item->extent.rows = rows;
    item->value = 0;
    item->mismatch = WMBT_OK;
}

void wmbt_items_start(wmbt_items *items, uint32_t head_bytes)
{
    items->item.extent.offset = 0;
    items->item.extent.bytes = head_bytes;
    items->item.extent.kind = WMBT_EXTENT_FIELD;
    items->crc = 0;
    (void)wmbt_items_enter(items);
}

void wmbt_items_numbers(const wmbt_items *items, uint32_t *numbers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        numbers[i] = wmbt_load_le32(items->bytes + 4u * i);
    }
}

wmbt_status wmbt_items_enter(wmbt_items *items)
{
    const wmbt_extent *extent = &items->item.extent;
    items->left = extent->bytes;
    if (extent->bytes == 0u) {
        items->status = WMBT_END;
    } else if (extent->kind == WMBT_EXTENT_FIELD || extent->kind == WMBT_ITEMS_REST) {
        items->status = WMBT_NEED_MORE;
    } else {
        items->status = WMBT_OK;
    }
    return items->status;
}

wmbt_status wmbt_items_turn(wmbt_items *items, wmbt_status status)
{
    items->status = status;
    return status;
}

wmbt_status wmbt_items_ready(const wmbt_items *items, const wmbt_cursor *in, wmbt_buf dst)
{
    wmbt_status status = items->status;
    if (wmbt_status_is_error(status)) {
        return status;
    }
    if ((in->data == NULL && in->left != 0u) || wmbt_buf_is_bad(dst)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (status == WMBT_OK && dst.data != NULL && dst.len < in->left && dst.len < items->left) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    return status == WMBT_END ? WMBT_END : WMBT_NEED_MORE;
}

bool wmbt_items_take(wmbt_items *items, wmbt_cursor *in, uint8_t *dst)
{
    uint32_t n = in->left < items->left ? (uint32_t)in->left : items->left;
    wmbt_view piece;
    if (n == 0u || !wmbt_cursor_bytes(in, n, &piece)) {
        return false;
    }
    uint8_t *to = items->status == WMBT_OK ? dst : NULL;
    if (items->item.extent.kind == WMBT_EXTENT_FIELD) {
        to = items->bytes + (items->item.extent.bytes - items->left);
    }
    items->crc =
        to != NULL ? wmbt_crc32c_copy(items->crc, to, piece) : wmbt_crc32c(items->crc, piece);
    items->left -= n;
    return items->left == 0u;
}

wmbt_status wmbt_items_placed(wmbt_items *items, uint32_t len, uint32_t crc)
{
    if (wmbt_status_is_error(items->status)) {
        return items->status;
    }
    if (items->status != WMBT_OK) {
        return WMBT_BAD_STATE;
    }
    if (len > items->left) {
        return WMBT_BAD_ARGUMENT;
    }
    items->crc = wmbt_crc32c_combine(items->crc, crc, len);
    items->left -= len;
    return items->left != 0u ? WMBT_NEED_MORE : WMBT_OK;
}

wmbt_status wmbt_items_at(const wmbt_items *items, wmbt_extent *extent, uint32_t *position)
{
    const wmbt_extent *at = &items->item.extent;
    if (items->status == WMBT_OK) {
        extent->offset = at->offset;
        extent->bytes = at->bytes;
        extent->rows = at->rows;
        extent->layer = at->layer;
        extent->kind = at->kind;
        *position = at->bytes - items->left;
        return WMBT_OK;
    }
    if (items->status == WMBT_NEED_MORE) {
        return WMBT_MISSING;
    }
    return items->status == WMBT_BAD_STATE ? WMBT_END : items->status;
}

uint64_t wmbt_items_offset(const wmbt_items *items)
{
    return items->item.extent.offset + (items->item.extent.bytes - items->left);
}

wmbt_status wmbt_items_finish(wmbt_items *items, wmbt_status verdict)
{
    if (wmbt_status_is_error(items->status)) {
        return items->status;
    }
    items->status = verdict == WMBT_OK ? WMBT_BAD_STATE : verdict;
    return verdict;
}

#endif
