/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrapper. docs/FORMATS.md, "Compression wrapper". */
#include "wombatkv/compressed.h"

#include "base/bytes.h"
#include "base/cursor.h"

#if WMBT_CFG_COMPRESSED

static const uint8_t wmbt_compressed_magic[] = {'W', 'B', 'Z', '1'};

/* Reads the header and leaves the cursor behind it. need-more if it may be one but is cut off. */
static wmbt_status wmbt_compressed_read(wmbt_cursor *in, wmbt_compressed_info *info)
{
    uint8_t byte, algorithm, level;
    info->kind = WMBT_COMPRESSED_PLAIN;
    info->algorithm = 0;
    info->level = 0;
    info->plain_bytes = 0;
    for (unsigned i = 0; i < sizeof wmbt_compressed_magic; i++) {
        if (!wmbt_cursor_u8(in, &byte)) {
            return WMBT_NEED_MORE;
        }
        if (byte != wmbt_compressed_magic[i]) {
            return WMBT_OK;
        }
    }
    info->kind = WMBT_COMPRESSED_WRAPPED;
    if (!wmbt_cursor_u8(in, &algorithm) || !wmbt_cursor_u8(in, &level) ||
        !wmbt_cursor_u32(in, &info->plain_bytes)) {
        return WMBT_NEED_MORE;
    }
    info->algorithm = algorithm;
    info->level = level;
    return algorithm <= WMBT_COMPRESSED_ZSTD ? WMBT_OK : WMBT_UNSUPPORTED_ALGORITHM;
}

/* The same for all of an object: what is cut off is plain, or a wrapper that is truncated. */
static wmbt_status wmbt_compressed_read_whole(wmbt_cursor *in, wmbt_compressed_info *info)
{
    wmbt_status status = wmbt_compressed_read(in, info);
    if (status != WMBT_NEED_MORE) {
        return status;
    }
    return info->kind == WMBT_COMPRESSED_PLAIN ? WMBT_OK : WMBT_TRUNCATED;
}

wmbt_status wmbt_compressed_probe(wmbt_view first, bool whole, wmbt_compressed_info *info)
{
    if (wmbt_view_is_bad(first)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_compressed_info read;
    wmbt_cursor in = wmbt_cursor_of(first);
    wmbt_status status =
        whole ? wmbt_compressed_read_whole(&in, &read) : wmbt_compressed_read(&in, &read);
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(info, &read);
    }
    return status;
}

wmbt_status wmbt_compressed_parse(wmbt_view object, wmbt_compressed_info *info, wmbt_view *payload)
{
    if (wmbt_view_is_bad(object)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_compressed_info read;
    wmbt_cursor in = wmbt_cursor_of(object);
    wmbt_status status = wmbt_compressed_read_whole(&in, &read);
    if (status != WMBT_OK) {
        return status;
    }
    WMBT_COPY_STRUCT(info, &read);
    bool plain = read.kind == WMBT_COMPRESSED_PLAIN;
    payload->data = plain ? object.data : in.data;
    payload->len = plain ? object.len : in.left;
    return WMBT_OK;
}

/* Decodes to `out`, which has exactly the claimed length. */
static wmbt_status wmbt_compressed_decode(const wmbt_codec *codec, wmbt_view frames, wmbt_buf out)
{
    size_t written = 0;
    if (codec->decode == NULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    wmbt_status status = codec->decode(codec->context, frames, out, &written);
    if (status == WMBT_OK && written != out.len) {
        wmbt_bytes_fill(out.data, 0, out.len);
        return WMBT_BAD_LENGTH;
    }
    return status == WMBT_TOO_LARGE ? WMBT_BAD_LENGTH : status;
}

static wmbt_status wmbt_compressed_open(wmbt_view object, const wmbt_codec *codec, wmbt_buf out,
                                        wmbt_compressed_plain *plain)
{
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_parse(object, &info, &plain->bytes);
    if (status != WMBT_OK) {
        return status;
    }
    plain->kind = info.kind;
    plain->damage = WMBT_OK;
    if (info.algorithm != WMBT_COMPRESSED_ZSTD) {
        return WMBT_OK;
    }
    if (info.plain_bytes > out.len) {
        return WMBT_TOO_LARGE;
    }
    status = wmbt_compressed_decode(codec, wmbt_view_of(plain->bytes.data, plain->bytes.len),
                                    wmbt_buf_of(out.data, info.plain_bytes));
    plain->bytes.data = out.data;
    plain->bytes.len = info.plain_bytes;
    return status;
}

wmbt_status wmbt_compressed_unwrap(wmbt_view object, const wmbt_codec *codec, wmbt_buf out,
                                   uint32_t flags, wmbt_compressed_plain *plain)
{
    wmbt_compressed_plain opened;
    if (wmbt_view_is_bad(object) || wmbt_buf_is_bad(out) ||
        (flags & ~WMBT_COMPRESSED_PASS_THROUGH) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_compressed_open(object, codec, out, &opened);
    if (status != WMBT_OK) {
        if ((flags & WMBT_COMPRESSED_PASS_THROUGH) == 0u || status == WMBT_TOO_LARGE ||
            wmbt_status_is_caller(status)) {
            return status;
        }
        opened.bytes.data = object.data;
        opened.bytes.len = object.len;
        opened.kind = WMBT_COMPRESSED_PASSED_THROUGH;
        opened.damage = status;
    }
    plain->bytes.data = opened.bytes.data;
    plain->bytes.len = opened.bytes.len;
    plain->kind = opened.kind;
    plain->damage = opened.damage;
    return WMBT_OK;
}

#endif
