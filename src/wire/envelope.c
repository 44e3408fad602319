/* SPDX-License-Identifier: Apache-2.0 */
/* RPC envelopes. docs/FORMATS.md, "RPC envelope". */
#include "wombatkv/envelope.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_ENVELOPE

#    define WMBT_ENVELOPE_MAGIC 0x54424D57u /* "WMBT" */

wmbt_status wmbt_envelope_read_header(wmbt_view bytes, uint32_t max_body,
                                      wmbt_envelope_header *header)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor c = wmbt_cursor_of(bytes);
    uint32_t magic, version, crc, body_bytes;
    if (!wmbt_cursor_u32(&c, &magic) || !wmbt_cursor_u32(&c, &version) ||
        !wmbt_cursor_u32(&c, &crc) || !wmbt_cursor_u32(&c, &body_bytes)) {
        return WMBT_TRUNCATED;
    }
    if (magic != WMBT_ENVELOPE_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (version != WMBT_ENVELOPE_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    if (body_bytes > max_body) {
        return WMBT_TOO_LARGE;
    }
    header->crc = crc;
    header->body_bytes = body_bytes;
    return WMBT_OK;
}

wmbt_status wmbt_envelope_verify(const wmbt_envelope_header *header, wmbt_view body)
{
    if (wmbt_view_is_bad(body)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (body.len != header->body_bytes) {
        return WMBT_BAD_LENGTH;
    }
    return wmbt_crc32c(0, body) == header->crc ? WMBT_OK : WMBT_BAD_CHECKSUM;
}

wmbt_status wmbt_envelope_read(wmbt_view bytes, uint32_t max_body, wmbt_envelope_header *header,
                               wmbt_view *body)
{
    wmbt_envelope_header found;
    wmbt_status status = wmbt_envelope_read_header(bytes, max_body, &found);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_cursor c = wmbt_cursor_of(bytes);
    bool there = wmbt_cursor_skip(&c, WMBT_ENVELOPE_HEADER_BYTES);
    WMBT_ASSERT(there);
    (void)there;
    status = wmbt_envelope_verify(&found, wmbt_view_of(c.data, c.left));
    if (status != WMBT_OK) {
        return status;
    }
    header->crc = found.crc;
    header->body_bytes = found.body_bytes;
    *body = wmbt_view_of(c.data, c.left);
    return WMBT_OK;
}

/* --- push ------------------------------------------------------------------------------------- */

void wmbt_envelope_push_init(wmbt_envelope_push *push, uint32_t max_body)
{
    wmbt_bytes_fill((uint8_t *)push, 0, sizeof *push);
    push->max_body = max_body;
}

/* All bytes are there: the last check. */
static wmbt_status wmbt_envelope_push_complete(wmbt_envelope_push *push)
{
    push->status = push->crc == push->header.crc ? WMBT_END : WMBT_BAD_CHECKSUM;
    return push->status;
}

static wmbt_status wmbt_envelope_feed_header(wmbt_envelope_push *push, wmbt_view bytes,
                                             size_t *consumed)
{
    size_t missing = WMBT_ENVELOPE_HEADER_BYTES - push->have;
    size_t n = bytes.len < missing ? bytes.len : missing;
    wmbt_bytes_copy(push->bytes + push->have, bytes.data, n);
    push->have += (uint32_t)n;
    wmbt_status status = WMBT_NEED_MORE;
    if (push->have == WMBT_ENVELOPE_HEADER_BYTES) {
        status = wmbt_envelope_read_header(wmbt_view_of(push->bytes, sizeof push->bytes),
                                           push->max_body, &push->header);
        if (status != WMBT_OK) {
            push->status = status;
            return status;
        }
        push->left = push->header.body_bytes;
        if (push->left == 0u) {
            status = wmbt_envelope_push_complete(push);
        }
    }
    if (!wmbt_status_is_error(status)) {
        *consumed = n;
    }
    return status;
}

static wmbt_status wmbt_envelope_feed_body(wmbt_envelope_push *push, wmbt_view bytes, wmbt_buf dst,
                                           size_t *consumed)
{
    size_t n = bytes.len < push->left ? bytes.len : (size_t)push->left;
    wmbt_view piece = wmbt_view_of(bytes.data, n);
    if (dst.data == NULL) {
        push->crc = wmbt_crc32c(push->crc, piece);
    } else if (n > dst.len) {
        return WMBT_BUFFER_TOO_SMALL;
    } else {
        push->crc = wmbt_crc32c_copy(push->crc, dst.data, piece);
    }
    push->left -= (uint32_t)n;
    wmbt_status status = push->left == 0u ? wmbt_envelope_push_complete(push) : WMBT_NEED_MORE;
    if (!wmbt_status_is_error(status)) {
        *consumed = n;
    }
    return status;
}

wmbt_status wmbt_envelope_push_feed(wmbt_envelope_push *push, wmbt_view bytes, wmbt_buf dst,
                                    size_t *consumed)
{
    if (push->finished != 0u) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (wmbt_view_is_bad(bytes) || wmbt_buf_is_bad(dst)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (push->status == WMBT_END) {
        *consumed = 0;
        return WMBT_END;
    }
    if (push->have < WMBT_ENVELOPE_HEADER_BYTES) {
        return wmbt_envelope_feed_header(push, bytes, consumed);
    }
    return wmbt_envelope_feed_body(push, bytes, dst, consumed);
}

wmbt_status wmbt_envelope_push_header(const wmbt_envelope_push *push, wmbt_envelope_header *header)
{
    if (wmbt_status_is_error(push->status)) {
        return push->status;
    }
    if (push->have < WMBT_ENVELOPE_HEADER_BYTES) {
        return WMBT_MISSING;
    }
    header->crc = push->header.crc;
    header->body_bytes = push->header.body_bytes;
    return WMBT_OK;
}

wmbt_status wmbt_envelope_push_finish(wmbt_envelope_push *push)
{
    if (push->finished != 0u) {
        return WMBT_BAD_STATE;
    }
    push->finished = 1;
    if (push->status == WMBT_OK) {
        return push->have < WMBT_ENVELOPE_HEADER_BYTES ? WMBT_TRUNCATED : WMBT_BAD_LENGTH;
    }
    return push->status == WMBT_END ? WMBT_OK : push->status;
}

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/* The header of a body that has a length. */
static void wmbt_envelope_put_header(wmbt_view body, uint8_t out[WMBT_ENVELOPE_HEADER_BYTES])
{
    wmbt_store_le32(out + WMBT_ENVELOPE_AT_MAGIC, WMBT_ENVELOPE_MAGIC);
    wmbt_store_le32(out + WMBT_ENVELOPE_AT_VERSION, WMBT_ENVELOPE_VERSION);
    wmbt_store_le32(out + WMBT_ENVELOPE_AT_CRC, wmbt_crc32c(0, body));
    wmbt_store_le32(out + WMBT_ENVELOPE_AT_BODY_BYTES, (uint32_t)body.len);
}

wmbt_status wmbt_envelope_write_header(wmbt_view body, uint8_t out[WMBT_ENVELOPE_HEADER_BYTES])
{
    if (wmbt_view_is_bad(body)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (body.len > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    wmbt_envelope_put_header(body, out);
    return WMBT_OK;
}

wmbt_status wmbt_envelope_write(wmbt_view body, wmbt_buf out, size_t *written)
{
    if (wmbt_view_is_bad(body) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (body.len > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    if (out.len < WMBT_ENVELOPE_HEADER_BYTES || body.len > out.len - WMBT_ENVELOPE_HEADER_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_envelope_put_header(body, out.data);
    wmbt_bytes_copy(out.data + WMBT_ENVELOPE_HEADER_BYTES, body.data, body.len);
    *written = WMBT_ENVELOPE_HEADER_BYTES + body.len;
    return WMBT_OK;
}
#    endif

#endif
