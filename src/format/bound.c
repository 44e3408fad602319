/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks and raw tails bound to a BLAKE3 that the caller holds. */
#include "wombatkv/bound.h"

#include "base/bytes.h"

#if WMBT_CFG_BOUND

/* Hashes what one call took: first what it copied, where it landed, then the numbers behind. */
static wmbt_status wmbt_bound_hash(wmbt_blake3 *hash, wmbt_view bytes, const uint8_t *dst,
                                   size_t copied, size_t consumed)
{
    if (dst == NULL || copied > consumed) {
        copied = dst == NULL ? 0u : consumed;
    }
    wmbt_status status = WMBT_OK;
    if (copied != 0u) {
        status = wmbt_blake3_update(hash, wmbt_view_of(dst, copied));
    }
    if (status == WMBT_OK && consumed != copied) {
        status = wmbt_blake3_update(hash, wmbt_view_of(bytes.data + copied, consumed - copied));
    }
    return status;
}

static bool wmbt_bound_is(const wmbt_blake3 *hash, const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES])
{
    uint8_t found[WMBT_BLAKE3_DIGEST_BYTES];
    wmbt_blake3_final(hash, found);
    return wmbt_bytes_equal(found, digest, sizeof found);
}

/* --- blocks ----------------------------------------------------------------------------------- */

wmbt_status wmbt_kvblock_bound_feed(wmbt_kvblock_push *push, wmbt_blake3 *hash, wmbt_view bytes,
                                    wmbt_buf dst, size_t *consumed)
{
    wmbt_extent extent;
    uint32_t position;
    size_t taken = 0;
    const bool inside = wmbt_kvblock_push_at(push, &extent, &position) == WMBT_OK;
    wmbt_status status = wmbt_kvblock_push_feed(push, bytes, dst, &taken);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    *consumed = taken;
    wmbt_status hashed =
        wmbt_bound_hash(hash, bytes, dst.data, inside ? extent.bytes - position : 0u, taken);
    return hashed == WMBT_OK ? status : hashed;
}

wmbt_status wmbt_kvblock_bound_placed(wmbt_kvblock_push *push, wmbt_blake3 *hash, wmbt_view placed,
                                      uint32_t crc)
{
    if (wmbt_view_is_bad(placed) || placed.len >> 16 > UINT16_MAX) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_kvblock_push_placed(push, (uint32_t)placed.len, crc);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    wmbt_status hashed = wmbt_blake3_update(hash, placed);
    return hashed == WMBT_OK ? status : hashed;
}

wmbt_status wmbt_kvblock_bound_finish(wmbt_kvblock_push *push, const wmbt_blake3 *hash,
                                      const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES],
                                      wmbt_kvblock_info *info)
{
    wmbt_kvblock_info found;
    wmbt_status status = wmbt_kvblock_push_finish(push, &found);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_bound_is(hash, digest)) {
        return WMBT_BAD_DIGEST;
    }
    info->block_seq = found.block_seq;
    info->block_tokens = found.block_tokens;
    info->body_bytes = found.body_bytes;
    info->crc = found.crc;
    return WMBT_OK;
}

wmbt_status wmbt_kvblock_read_bound(wmbt_view object, const wmbt_kvblock_expect *expect,
                                    wmbt_blake3 *hash,
                                    const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES],
                                    wmbt_kvblock_info *info)
{
    wmbt_kvblock_push push;
    wmbt_status status = wmbt_kvblock_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_blake3_reset(hash);
    do {
        size_t consumed = 0;
        status = wmbt_kvblock_bound_feed(&push, hash, object, wmbt_buf_of(NULL, 0), &consumed);
        if (consumed != 0u) { /* nothing is added to a pointer that may be NULL */
            object = wmbt_view_of(object.data + consumed, object.len - consumed);
        }
    } while (status == WMBT_OK);
    if (status != WMBT_END && status != WMBT_NEED_MORE) {
        return status;
    }
    return wmbt_kvblock_bound_finish(&push, hash, digest, info);
}

/* --- raw tails -------------------------------------------------------------------------------- */

wmbt_status wmbt_rawtail_bound_feed(wmbt_rawtail_push *push, wmbt_blake3 *hash, wmbt_view bytes,
                                    wmbt_buf dst, size_t *consumed)
{
    wmbt_extent extent;
    uint32_t position;
    size_t taken = 0;
    const bool inside = wmbt_rawtail_push_at(push, &extent, &position) == WMBT_OK;
    wmbt_status status = wmbt_rawtail_push_feed(push, bytes, dst, &taken);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    *consumed = taken;
    wmbt_status hashed =
        wmbt_bound_hash(hash, bytes, dst.data, inside ? extent.bytes - position : 0u, taken);
    return hashed == WMBT_OK ? status : hashed;
}

wmbt_status wmbt_rawtail_bound_placed(wmbt_rawtail_push *push, wmbt_blake3 *hash, wmbt_view placed,
                                      uint32_t crc)
{
    if (wmbt_view_is_bad(placed) || placed.len >> 16 > UINT16_MAX) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_rawtail_push_placed(push, (uint32_t)placed.len, crc);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    wmbt_status hashed = wmbt_blake3_update(hash, placed);
    return hashed == WMBT_OK ? status : hashed;
}

wmbt_status wmbt_rawtail_bound_finish(wmbt_rawtail_push *push, const wmbt_blake3 *hash,
                                      const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES],
                                      wmbt_rawtail_info *info)
{
    wmbt_rawtail_info found;
    wmbt_status status = wmbt_rawtail_push_finish(push, &found);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_bound_is(hash, digest)) {
        return WMBT_BAD_DIGEST;
    }
    info->total_tokens = found.total_tokens;
    info->raw_rows = found.raw_rows;
    info->body_bytes = found.body_bytes;
    info->crc = found.crc;
    info->block_end = found.block_end;
    info->flags = found.flags;
    return WMBT_OK;
}

wmbt_status wmbt_rawtail_read_bound(wmbt_view object, const wmbt_rawtail_expect *expect,
                                    wmbt_blake3 *hash,
                                    const uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES],
                                    wmbt_rawtail_info *info)
{
    wmbt_rawtail_push push;
    wmbt_status status = wmbt_rawtail_push_init(&push, expect);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_blake3_reset(hash);
    do {
        size_t consumed = 0;
        status = wmbt_rawtail_bound_feed(&push, hash, object, wmbt_buf_of(NULL, 0), &consumed);
        if (consumed != 0u) {
            object = wmbt_view_of(object.data + consumed, object.len - consumed);
        }
    } while (status == WMBT_OK);
    if (status != WMBT_END && status != WMBT_NEED_MORE) {
        return status;
    }
    return wmbt_rawtail_bound_finish(&push, hash, digest, info);
}

#endif
