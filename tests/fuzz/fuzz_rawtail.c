/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw tails: the push reader says what the whole reader says, whatever the split; the compatible
 * mode accepts all that the strict one does; the writer gives the bytes back.
 */
#include "harness.h"

#include <string.h>

#include "wombatkv/crc32c.h"
#include "wombatkv/rawtail.h"

static const wmbt_shape_layer layers[] = {{0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}};
static const wmbt_shape shape = {layers, 4, 2, 1, 4, 8};

static bool same(const wmbt_rawtail_info *a, const wmbt_rawtail_info *b)
{
    return a->total_tokens == b->total_tokens && a->raw_rows == b->raw_rows &&
           a->body_bytes == b->body_bytes && a->crc == b->crc && a->block_end == b->block_end &&
           a->flags == b->flags;
}

static wmbt_status read_pushed(wmbt_view object, const wmbt_rawtail_expect *expect, size_t piece,
                               wmbt_rawtail_info *info)
{
    wmbt_rawtail_push push;
    check(wmbt_rawtail_push_init(&push, expect) == WMBT_OK);
    uint8_t room[64];
    size_t at = 0;
    while (at < object.len) {
        size_t n = object.len - at < piece ? object.len - at : piece, taken = 0;
        wmbt_extent extent;
        uint32_t position;
        if (wmbt_rawtail_push_at(&push, &extent, &position) == WMBT_OK) {
            check(extent.offset + position == at && position < extent.bytes);
        }
        wmbt_status fed = wmbt_rawtail_push_feed(&push, wmbt_view_of(object.data + at, n),
                                                 wmbt_buf_of(room, sizeof room), &taken);
        if (wmbt_status_is_error(fed)) {
            break;
        }
        check(taken <= n && (taken == n || fed == WMBT_OK));
        at += taken;
    }
    return wmbt_rawtail_push_finish(&push, info);
}

/* What a verified object must be. */
static void check_good(wmbt_view object, const wmbt_rawtail_info *info)
{
    check(info->raw_rows <= shape.window && info->raw_rows <= info->total_tokens);
    check(info->body_bytes == object.len - 16u);
    if (info->flags != WMBT_RAWTAIL_ROWS_AGREE) {
        check(wmbt_rawtail_fits(info, &shape, 0, info->block_end, UINT64_MAX) != WMBT_OK);
        return;
    }
    wmbt_rawtail_walk walk;
    check(wmbt_rawtail_walk_init(&walk, &shape, info->total_tokens, info->raw_rows,
                                 info->block_end) == WMBT_OK);
    check(walk.end == object.len);
#if WMBT_CFG_WRITERS
    uint8_t *copy = malloc(object.len);
    check(copy != NULL);
    memset(copy, 0xEE, object.len);
    wmbt_body_part part;
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind != WMBT_EXTENT_FIELD) {
            memcpy(copy + part.extent.offset, object.data + part.extent.offset, part.extent.bytes);
        }
    }
    size_t written = 0;
    check(wmbt_rawtail_seal(wmbt_buf_of(copy, object.len), &shape, info->total_tokens,
                            info->raw_rows, info->block_end, &written) == WMBT_OK);
    check(written == object.len && memcmp(copy, object.data, object.len) == 0);
    free(copy);
#endif
}

/* The first byte picks the mode, whether length and CRC are made right, and the split. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0u) {
        return 0;
    }
    uint8_t choice = data[0];
    size_t len = size - 1u, piece = (size_t)(choice >> 3) + 1u;
    uint8_t *bytes = malloc(len == 0u ? 1u : len);
    check(bytes != NULL);
    memcpy(bytes, data + 1, len);
    if ((choice & 4u) != 0u && len >= 16u) {
        uint32_t body = (uint32_t)(len - 16u);
        uint32_t crc = wmbt_crc32c(0, wmbt_view_of(bytes + 16, body));
        for (unsigned i = 0; i < 4; i++) {
            bytes[8 + i] = (uint8_t)(body >> (8 * i));
            bytes[12 + i] = (uint8_t)(crc >> (8 * i));
        }
    }
    wmbt_view object = wmbt_view_of(bytes, len);
    wmbt_rawtail_expect expect = {&shape, choice & 3u};
    wmbt_rawtail_info before = {7, 7, 7, 7, 7, 7}, whole = {7, 7, 7, 7, 7, 7},
                      pushed = {7, 7, 7, 7, 7, 7}, compat = {7, 7, 7, 7, 7, 7},
                      header = {7, 7, 7, 7, 7, 7};
    wmbt_status status = wmbt_rawtail_read(object, &expect, &whole);
    check(read_pushed(object, &expect, piece, &pushed) == status);
    check(same(&whole, &pushed) && (status == WMBT_OK || same(&whole, &before)));
    wmbt_status header_status = wmbt_rawtail_read_header(object, &expect, &header);
    check(header_status == WMBT_OK || (status != WMBT_OK && same(&header, &before)));

    expect.flags = WMBT_RAWTAIL_COMPAT;
    wmbt_status compat_status = wmbt_rawtail_read(object, &expect, &compat);
    if (status == WMBT_OK) {
        check(compat_status == WMBT_OK && same(&compat, &whole));
        check(header.crc == whole.crc && header.body_bytes == whole.body_bytes);
        if ((choice & 3u) == 0u) {
            check_good(object, &whole);
        }
    }
    free(bytes);
    return 0;
}
