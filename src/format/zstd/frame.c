/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of zstd frames, and the whole form. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/internal.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_SKIPPABLE 0x184D2A50u /* to ...5F */
/* Magics of the formats before 0.8: that of 0.1, and the seven below today's but for one. */
#    define WMBT_ZSTD_LEGACY_1 0xFD2FB51Eu
#    define WMBT_ZSTD_LEGACY_2 0xFD2FB522u
#    define WMBT_ZSTD_MAX_WINDOW_LOG 31u
#    define WMBT_ZSTD_MIN_WINDOW_LOG 10u

/* Bits of a frame header descriptor. */
#    define WMBT_ZSTD_DESCRIPTOR_DICTIONARY 3u
#    define WMBT_ZSTD_DESCRIPTOR_CHECKSUM 4u
#    define WMBT_ZSTD_DESCRIPTOR_RESERVED 8u
#    define WMBT_ZSTD_DESCRIPTOR_SINGLE 32u

wmbt_status wmbt_zstd_judge_magic(uint32_t magic)
{
    if (magic == WMBT_ZSTD_MAGIC) {
        return WMBT_OK;
    }
    if ((magic & ~15u) == WMBT_ZSTD_SKIPPABLE) {
        return WMBT_END;
    }
    if (magic == WMBT_ZSTD_LEGACY_1 || (magic >= WMBT_ZSTD_LEGACY_2 && magic < WMBT_ZSTD_MAGIC)) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    return WMBT_BAD_MAGIC;
}

/* Bytes of the dictionary id: 0, 1, 2 or 4. */
static uint32_t wmbt_zstd_dictionary_bytes(uint32_t descriptor)
{
    return (1u << (descriptor & WMBT_ZSTD_DESCRIPTOR_DICTIONARY)) >> 1;
}

/* Bytes of the content size: 0 (1 in a single segment), 2, 4 or 8. */
static uint32_t wmbt_zstd_size_bytes(uint32_t descriptor)
{
    uint32_t code = descriptor >> 6;
    return code != 0u ? 1u << code : (descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) >> 5;
}

uint32_t wmbt_zstd_fields_bytes(uint32_t descriptor)
{
    return ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) == 0u ? 1u : 0u) +
           wmbt_zstd_dictionary_bytes(descriptor) + wmbt_zstd_size_bytes(descriptor);
}

wmbt_status wmbt_zstd_read_fields(uint32_t descriptor, const uint8_t *fields, wmbt_zstd_head *head)
{
    uint32_t window = 0;
    uint32_t size_bytes = wmbt_zstd_size_bytes(descriptor);
    uint32_t flags = size_bytes != 0u ? WMBT_ZSTD_HAS_CONTENT_SIZE : 0u;
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_RESERVED) != 0u) {
        return WMBT_BAD_FIELD;
    }
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) == 0u) {
        uint32_t log = (*fields >> 3) + WMBT_ZSTD_MIN_WINDOW_LOG;
        if (log > WMBT_ZSTD_MAX_WINDOW_LOG) {
            return WMBT_UNSUPPORTED_WINDOW;
        }
        window = 1u << log;
        window += (window >> 3) * (*fields & 7u);
        fields++;
    }
    for (uint32_t n = wmbt_zstd_dictionary_bytes(descriptor); n != 0u; n--) {
        if (*fields++ != 0u) {
            return WMBT_UNSUPPORTED_DICTIONARY;
        }
    }
    uint64_t content = 0;
    for (uint32_t i = size_bytes; i != 0u; i--) {
        content = content << 8 | fields[i - 1u];
    }
    head->content_bytes = size_bytes == 2u ? content + 256u : content;
    head->window_bytes = window;
    head->header_bytes = WMBT_ZSTD_MAGIC_BYTES + 1u + wmbt_zstd_fields_bytes(descriptor);
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) != 0u) {
        flags |= WMBT_ZSTD_SINGLE_SEGMENT;
        head->window_bytes = head->content_bytes;
    }
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_CHECKSUM) != 0u) {
        flags |= WMBT_ZSTD_HAS_CHECKSUM;
    }
    head->flags = flags;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_read_head(wmbt_view bytes, wmbt_zstd_head *head)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor in = wmbt_cursor_of(bytes);
    uint32_t magic, size;
    uint8_t descriptor, fields[WMBT_ZSTD_FIELDS_BYTES];
    if (!wmbt_cursor_u32(&in, &magic)) {
        return WMBT_TRUNCATED;
    }
    wmbt_status status = wmbt_zstd_judge_magic(magic);
    if (status == WMBT_END) {
        if (!wmbt_cursor_u32(&in, &size)) {
            return WMBT_TRUNCATED;
        }
        head->content_bytes = size;
        head->window_bytes = 0;
        head->header_bytes = 2u * WMBT_ZSTD_MAGIC_BYTES;
        head->flags = WMBT_ZSTD_IS_SKIPPABLE;
        return WMBT_OK;
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_cursor_u8(&in, &descriptor) ||
        !wmbt_cursor_copy(&in, fields, wmbt_zstd_fields_bytes(descriptor))) {
        return WMBT_TRUNCATED;
    }
    return wmbt_zstd_read_fields(descriptor, fields, head);
}

wmbt_status wmbt_zstd_decode(wmbt_buf workspace, wmbt_view frames, wmbt_buf out, size_t *written)
{
    wmbt_zstd_push push;
    if (wmbt_view_is_bad(frames)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_zstd_push_init(&push, workspace, out);
    if (status != WMBT_OK) {
        return status;
    }
    push.state->input = NULL;
    push.state->max_block = WMBT_ZSTD_BLOCK_BYTES;
    wmbt_cursor in = wmbt_cursor_of(frames);
    do {
        status = wmbt_zstd_advance(push.state, &in);
    } while (status == WMBT_OK);
    if (status == WMBT_NEED_MORE) {
        status = wmbt_zstd_push_finish(&push);
    }
    if (status != WMBT_OK) {
        wmbt_bytes_fill(out.data, 0, push.state->touched);
        return status;
    }
    *written = push.state->at;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_codec(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    const wmbt_buf *workspace = (const wmbt_buf *)context;
    return wmbt_zstd_decode(wmbt_buf_of(workspace->data, workspace->len), frames, out, written);
}

#endif
