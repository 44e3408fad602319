/* SPDX-License-Identifier: Apache-2.0 */
/* Raw tails for `show` and `verify`. */
#include "format/fmt.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/rawtail.h"

#define SHAPE (&wmbt_shape_deepseek_v4_flash)

static void add_fields(struct json *fields, const wmbt_rawtail_info *info)
{
    json_add_text(fields, "magic", "1TTR");
    json_add_number(fields, "version", WMBT_RAWTAIL_VERSION);
    json_add_number(fields, "body_len", info->body_bytes);
    json_add_number(fields, "crc32c", info->crc);
    json_add_number(fields, "n_layers", SHAPE->layers);
    json_add_number(fields, "n_raw_rows", info->raw_rows);
    json_add_number(fields, "head_dim", SHAPE->head_dim);
    json_add_number(fields, "bytes_per_elem", SHAPE->element_bytes);
    json_add_number(fields, "original_total_tokens", info->total_tokens);
    if ((info->flags & WMBT_RAWTAIL_ROWS_AGREE) != 0) {
        json_add_number(fields, "block_end", info->block_end);
    } else {
        json_add_null(fields, "block_end");
    }
}

/* The extents as they lie in the bytes: also where partial rows do not agree (compatible mode). */
static void add_extents(struct json *extents, wmbt_view bytes, uint32_t flags,
                        uint32_t partial[][2])
{
    wmbt_rawtail_expect expect = {SHAPE, flags};
    wmbt_rawtail_push push;
    wmbt_extent extent;
    uint32_t position;
    size_t at = 0;
    size_t taken = 0;
    if (wmbt_rawtail_push_init(&push, &expect) != WMBT_OK) {
        return;
    }
    while (wmbt_rawtail_push_feed(&push, wmbt_view_of(bytes.data + at, bytes.len - at),
                                  wmbt_buf_of(NULL, 0), &taken) == WMBT_OK) {
        at += taken;
        if (wmbt_rawtail_push_at(&push, &extent, &position) != WMBT_OK) {
            return;
        }
        fmt_add_extent(extents, &extent);
        if (extent.kind == WMBT_EXTENT_COMP || extent.kind == WMBT_EXTENT_INDEX) {
            partial[extent.layer][extent.kind - WMBT_EXTENT_COMP] = extent.rows;
        }
    }
}

static void add_layers(struct json *fields, uint32_t partial[][2])
{
    struct json *layers = json_add_array(fields, "layers");
    for (uint32_t i = 0; i < SHAPE->layers; i++) {
        struct json *row = json_add_object(layers, NULL);
        json_add_number(row, "layer", i);
        json_add_number(row, "ratio", SHAPE->layer[i].ratio);
        json_add_number(row, "partial_comp_rows", partial[i][0]);
        json_add_number(row, "partial_index_rows", partial[i][1]);
    }
}

/* Held against the blocks that the options name; the prompt's length is not tested. */
static wmbt_status judge_fit(const wmbt_rawtail_info *info, const struct reading *reading)
{
    uint64_t block_tokens = reading->block_tokens;
    if (!reading->has_tokens) {
        return WMBT_OK;
    }
    uint64_t end = reading->has_seq ? (reading->block_seq + 1) * block_tokens
                                    : info->total_tokens / block_tokens * block_tokens;
    if (!wmbt_shape_allows_block_tokens(SHAPE, (uint32_t)block_tokens)) {
        return WMBT_DOES_NOT_FIT;
    }
    return wmbt_rawtail_fits(info, SHAPE, (uint32_t)block_tokens, end, WMBT_RAWTAIL_ANY_PROMPT);
}

wmbt_status format_read_rawtail(wmbt_view bytes, struct reading *reading)
{
    wmbt_rawtail_expect expect = {SHAPE, reading->compat ? WMBT_RAWTAIL_COMPAT : 0};
    wmbt_rawtail_info info;
    wmbt_status status = wmbt_rawtail_read(bytes, &expect, &info);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("tail of %s, %s", out_count(info.total_tokens, "token", "tokens"),
                                  out_count(info.raw_rows, "raw row", "raw rows"));
    if (reading->fields != NULL) {
        uint32_t partial[WMBT_SHAPE_MAX_LAYERS][2] = {{0}};
        add_fields(reading->fields, &info);
        add_extents(reading->extents, bytes, expect.flags, partial);
        add_layers(reading->fields, partial);
    }
    status = judge_fit(&info, reading);
    if (status != WMBT_OK) {
        reading->detail = tool_format("%s: %s", format_status_text(status), reading->detail);
    }
    return status;
}
