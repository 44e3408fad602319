/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the push readers of blocks and of raw tails have in common: bytes move to where they belong,
 * an item at a time. A reader judges the item that is complete and says what follows it; no
 * function here knows a format.
 *
 *     status = wmbt_items_ready(items, &in, dst);
 *     while (status == WMBT_NEED_MORE && wmbt_items_take(items, &in, dst.data)) {
 *         (the reader judges items->item and fills it with the next)
 *         status = wmbt_items_enter(items), or wmbt_items_turn(items, end or a refusal);
 *     }
 */
#ifndef WMBT_SRC_FORMAT_ITEMS_H
#define WMBT_SRC_FORMAT_ITEMS_H

#include "base/cursor.h"
#include "wombatkv/shape.h"

#if WMBT_CFG_KVBLOCK || WMBT_CFG_RAWTAIL

/** Kind of an item whose bytes are only checksummed. */
#    define WMBT_ITEMS_REST WMBT_EXTENT_KINDS

/** wmbt_shape_check(), and bad-argument for NULL. */
wmbt_status wmbt_items_check_shape(const wmbt_shape *shape);

/** Makes *item a number of 4 bytes, or rows. The caller has set its offset and layer. */
void wmbt_items_number(wmbt_item *item, uint32_t value, wmbt_status mismatch);
void wmbt_items_rows(wmbt_item *item, const wmbt_shape *shape, uint32_t kind, uint32_t rows);

/** The first `count` little-endian numbers of items->bytes. */
void wmbt_items_numbers(const wmbt_items *items, uint32_t *numbers, uint32_t count);

/** Starts an object. Its first item is its head: head_bytes, at most WMBT_ITEMS_HEAD_BYTES. */
void wmbt_items_start(wmbt_items *items, uint32_t head_bytes);

/** items->item comes next. Returns ok if it is an extent, need-more if it is something else, end if
 * it is empty. */
wmbt_status wmbt_items_enter(wmbt_items *items);

/** Nothing comes next: the object is complete (end), or refused. Returns `status`. */
wmbt_status wmbt_items_turn(wmbt_items *items, wmbt_status status);

/** need-more, or what feed() ends with before it has taken a byte. */
wmbt_status wmbt_items_ready(const wmbt_items *items, const wmbt_cursor *in, wmbt_buf dst);

/** Takes bytes of the item from the cursor and checksums them: they go to items->bytes, those of an
 * extent to `dst` unless that is NULL. Reads each once. True if this has completed the item. */
bool wmbt_items_take(wmbt_items *items, wmbt_cursor *in, uint8_t *dst);

/** placed(): ok if this has completed the extent. */
wmbt_status wmbt_items_placed(wmbt_items *items, uint32_t len, uint32_t crc);

/** at(). */
wmbt_status wmbt_items_at(const wmbt_items *items, wmbt_extent *extent, uint32_t *position);

/** Offset of the next byte. */
uint64_t wmbt_items_offset(const wmbt_items *items);

/** finish(): `verdict`, unless the object was refused or is finished. */
wmbt_status wmbt_items_finish(wmbt_items *items, wmbt_status verdict);

#endif

#endif
