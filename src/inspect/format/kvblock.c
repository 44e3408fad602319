/* SPDX-License-Identifier: Apache-2.0 */
/* KV blocks for `show` and `verify`. */
#include "format/fmt.h"

#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/kvblock.h"

#define SHAPE (&wmbt_shape_deepseek_v4_flash)

static void add_fields(struct json *fields, const wmbt_kvblock_info *info)
{
    json_add_text(fields, "magic", "KVB1");
    json_add_number(fields, "version", WMBT_KVBLOCK_VERSION);
    json_add_number(fields, "block_seq", info->block_seq);
    json_add_number(fields, "token_count", info->block_tokens);
    json_add_number(fields, "n_layers", SHAPE->layers);
    json_add_number(fields, "body_len", info->body_bytes);
    json_add_number(fields, "crc32c", info->crc);
}

static void add_layers(struct json *fields, uint32_t block_tokens)
{
    struct json *layers = json_add_array(fields, "layers");
    for (uint32_t i = 0; i < SHAPE->layers; i++) {
        const wmbt_shape_layer *layer = &SHAPE->layer[i];
        struct json *row = json_add_object(layers, NULL);
        uint32_t rows = layer->ratio != 0 ? block_tokens / layer->ratio : 0;
        json_add_number(row, "layer", i);
        json_add_number(row, "ratio", layer->ratio);
        json_add_number(row, "comp_rows", rows);
        json_add_number(row, "index_rows", layer->has_index ? rows : 0);
    }
}

static void add_extents(struct json *extents, uint32_t block_tokens)
{
    wmbt_kvblock_walk walk;
    wmbt_body_part item;
    if (wmbt_kvblock_walk_init(&walk, SHAPE, block_tokens) != WMBT_OK) {
        return;
    }
    while (wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
        fmt_add_extent(extents, &item.extent);
    }
}

wmbt_status format_read_kvblock(wmbt_view bytes, struct reading *reading)
{
    wmbt_kvblock_expect expect = {SHAPE, 0, 0, WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS};
    wmbt_kvblock_info info;
    uint32_t tokens = (uint32_t)reading->block_tokens;
    /* Blocks of a size that the shape does not allow: any block is another one. */
    bool none = reading->has_tokens && !wmbt_shape_allows_block_tokens(SHAPE, tokens);
    if (reading->has_seq) {
        expect.block_seq = (uint32_t)reading->block_seq;
        expect.flags &= ~WMBT_KVBLOCK_ANY_SEQ;
    }
    if (reading->has_tokens && !none) {
        expect.block_tokens = tokens;
        expect.flags &= ~WMBT_KVBLOCK_ANY_TOKENS;
    }
    wmbt_status status = wmbt_kvblock_read(bytes, &expect, &info);
    if (status != WMBT_OK) {
        return status;
    }
    reading->detail = tool_format("block %u of %u tokens, %s", info.block_seq, info.block_tokens,
                                  out_size(bytes.len));
    if (reading->fields != NULL && !none) {
        add_fields(reading->fields, &info);
        add_layers(reading->fields, info.block_tokens);
        add_extents(reading->extents, info.block_tokens);
    }
    if (none) {
        reading->detail =
            tool_format("%s: %s", format_status_text(WMBT_WRONG_BLOCK), reading->detail);
        return WMBT_WRONG_BLOCK;
    }
    return WMBT_OK;
}
