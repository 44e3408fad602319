/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes, metadata values and manifests of large values for `show` and `verify`. */
#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/envelope.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/metavalue.h"

wmbt_status format_read_envelope(wmbt_view bytes, struct reading *reading)
{
    wmbt_envelope_header header;
    wmbt_view body;
    wmbt_status status = wmbt_envelope_read(bytes, UINT32_MAX, &header, &body);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("body of %s", out_size(body.len));
    if (reading->fields != NULL) {
        json_add_text(reading->fields, "magic", "WMBT");
        json_add_number(reading->fields, "version", WMBT_ENVELOPE_VERSION);
        json_add_number(reading->fields, "crc32c", header.crc);
        json_add_number(reading->fields, "body_len", header.body_bytes);
    }
    return WMBT_OK;
}

static void add_metavalue(struct json *fields, const wmbt_block_meta *meta)
{
    wmbt_view text;
    json_add_text(fields, "tag", "v001");
    json_add_hex(fields, "parent_hash", wmbt_view_of(meta->parent_hash.bytes, 32));
    json_add_number(fields, "block_seq", meta->block_seq);
    json_add_number(fields, "payload_bytes", meta->payload_bytes);
    json_add_number(fields, "last_access_ns", meta->last_access_ns);
    json_add_hex(fields, "model_digest", wmbt_view_of(meta->model_digest.bytes, 24));
    if (wmbt_layout_tag_to_text(&meta->layout_tag, &text) == WMBT_OK) {
        json_add_view(fields, "layout_tag", text);
    } else {
        json_add_null(fields, "layout_tag");
    }
    json_add_hex(fields, "layout_tag_hex", wmbt_view_of(meta->layout_tag.bytes, 16));
    json_add_number(fields, "ext_flags", meta->ext_flags);
}

wmbt_status format_read_metavalue(wmbt_view bytes, struct reading *reading)
{
    wmbt_block_meta meta;
    uint32_t flags = reading->compat ? WMBT_METAVALUE_COMPAT : 0;
    wmbt_status status = wmbt_metavalue_read(bytes, flags, &meta);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("block %u%s", meta.block_seq,
                                  wmbt_block_meta_has_parent(&meta) ? "" : ", no parent");
    if (reading->fields != NULL) {
        add_metavalue(reading->fields, &meta);
    }
    return WMBT_OK;
}

wmbt_status format_read_large_manifest(wmbt_view bytes, struct reading *reading)
{
    wmbt_largevalue value;
    uint32_t flags = reading->compat ? WMBT_LARGEVALUE_COMPAT : 0;
    wmbt_status status = wmbt_largevalue_parse(bytes, flags, &value);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("%s, %s in all", out_count(value.chunks, "chunk", "chunks"),
                                  out_size(value.total_bytes));
    if (reading->fields != NULL) {
        json_add_text(reading->fields, "magic", "WMBT_KV_SHM_LARGE_V1");
        json_add_view(reading->fields, "id", value.id);
        json_add_number(reading->fields, "total_length", value.total_bytes);
        json_add_number(reading->fields, "chunk_count", value.chunks);
    }
    return WMBT_OK;
}
