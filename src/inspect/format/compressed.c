/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrappers and zstd frames for `show` and `verify`. */
#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "format/unwrap.h"
#include "wombatkv/zstd.h"

static const char *algorithm_name(uint32_t algorithm)
{
    return algorithm == WMBT_COMPRESSED_NONE ? "none" : "zstd";
}

static void add_head(struct json *fields, wmbt_view frames)
{
    wmbt_zstd_header head;
    if (wmbt_zstd_read_header(frames, &head) != WMBT_OK) {
        return;
    }
    json_add_bool(fields, "skippable", (head.flags & WMBT_ZSTD_IS_SKIPPABLE) != 0);
    json_add_bool(fields, "single_segment", (head.flags & WMBT_ZSTD_SINGLE_SEGMENT) != 0);
    json_add_bool(fields, "checksum", (head.flags & WMBT_ZSTD_HAS_CHECKSUM) != 0);
    if ((head.flags & WMBT_ZSTD_HAS_CONTENT_SIZE) != 0) {
        json_add_number(fields, "content_size", head.content_bytes);
    } else {
        json_add_null(fields, "content_size");
    }
    json_add_number(fields, "window_size", head.window_bytes);
}

wmbt_status format_read_compressed(wmbt_view bytes, struct reading *reading)
{
    wmbt_compressed_info info;
    struct plain plain;
    wmbt_status probed = wmbt_compressed_probe(bytes, true, &info);
    if (probed == WMBT_OK && info.kind == WMBT_COMPRESSED_PLAIN && !reading->compat) {
        return bytes.len == 0 ? WMBT_TRUNCATED : WMBT_BAD_MAGIC;
    }
    wmbt_status status = unwrap(bytes, reading->compat, &plain);
    if (status != WMBT_OK) {
        return status;
    }
    if (plain.is.kind != WMBT_COMPRESSED_WRAPPED) {
        reading->detail = plain.is.kind == WMBT_COMPRESSED_PLAIN
                              ? "no wrapper: handed out as it is"
                              : tool_format("damaged (%s): handed out as it is",
                                            tool_status_name(plain.is.damage));
        unwrap_free(&plain);
        return WMBT_OK;
    }
    reading->detail = tool_format("%s, level %u, %s of plain bytes", algorithm_name(info.algorithm),
                                  info.level, out_size(plain.is.bytes.len));
    if (reading->fields != NULL) {
        json_add_text(reading->fields, "magic", "WBZ1");
        json_add_number(reading->fields, "algorithm", info.algorithm);
        json_add_number(reading->fields, "level", info.level);
        json_add_number(reading->fields, "raw_len", info.plain_bytes);
        json_add_number(reading->fields, "plain_bytes", plain.is.bytes.len);
        if (info.algorithm == WMBT_COMPRESSED_ZSTD) {
            struct json *frame = json_add_object(reading->fields, "frame");
            add_head(frame, wmbt_view_of(bytes.data + WMBT_COMPRESSED_HEADER_BYTES,
                                         bytes.len - WMBT_COMPRESSED_HEADER_BYTES));
        }
    }
    unwrap_free(&plain);
    return WMBT_OK;
}

wmbt_status format_read_zstd(wmbt_view bytes, struct reading *reading)
{
    struct plain plain;
    wmbt_status status = unwrap_frames(bytes, &plain);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("%s of plain bytes", out_size(plain.is.bytes.len));
    if (reading->fields != NULL) {
        add_head(reading->fields, bytes);
        json_add_number(reading->fields, "plain_bytes", plain.is.bytes.len);
    }
    unwrap_free(&plain);
    return WMBT_OK;
}
