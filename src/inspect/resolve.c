/* SPDX-License-Identifier: Apache-2.0 */
/* Fetches and judges the blocks and the tail of a prompt. */
#include "resolve.h"

#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "tool.h"
#include "formats.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/rawtail.h"

#define SHAPE (&wmbt_shape_deepseek_v4_flash)

wmbt_status resolver_open(struct resolver *resolver, const struct args *args)
{
    const char *why = NULL;
    memset(resolver, 0, sizeof *resolver);
    const char *path = args_required(args, "--bucket");
    key_options_read(&resolver->keys, args);
    chain_options_read(&resolver->chain, args);
    unwrap_choose(args);
    resolver->trust_tail = args_flag(args, "--trust-tail");
    wmbt_status status = bucket_open(&resolver->bucket, path, &why);
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
    }
    return status;
}

void resolver_close(struct resolver *resolver)
{
    if (resolver->bucket.fd >= 0) {
        bucket_close(&resolver->bucket);
    }
}

/* --- fetching -------------------------------------------------------------------------------- */

/* The plain bytes of the object at a key. */
static wmbt_status fetch_object(const struct resolver *resolver, wmbt_view key, struct value *value)
{
    memset(value, 0, sizeof *value);
    wmbt_status status = bucket_read(&resolver->bucket, key, &value->file, &value->why);
    if (status != WMBT_OK) {
        return status;
    }
    value->stored_bytes = value->file.len;
    status = unwrap(file_view(&value->file), false, &value->plain);
    if (status == WMBT_OK) {
        value->bytes = value->plain.is.bytes;
    }
    return status;
}

void resolve_free(struct value *value)
{
    file_free(&value->file);
    unwrap_free(&value->plain);
    free(value->joined);
    memset(value, 0, sizeof *value);
}

/* Fetches the chunk that comes next, to its place in `memory`. */
static wmbt_status fetch_chunk(const struct resolver *resolver, const wmbt_largevalue *manifest,
                               wmbt_largevalue_join *join, const wmbt_largevalue_place *place,
                               uint8_t *memory, uint64_t *stored_bytes)
{
    uint8_t key[WMBT_LARGEVALUE_MAX_KEY];
    struct value chunk;
    size_t len = 0;
    wmbt_status status =
        wmbt_largevalue_chunk_key(manifest, resolver->keys.prefix, resolver->keys.name_space,
                                  place->index, wmbt_buf_of(key, sizeof key), &len);
    if (status != WMBT_OK) {
        return status;
    }
    status = fetch_object(resolver, wmbt_view_of(key, len), &chunk);
    *stored_bytes += chunk.stored_bytes;
    if (status == WMBT_MISSING) {
        status = WMBT_TRUNCATED; /* the value is there, a part of it is not */
    }
    if (status == WMBT_OK) {
        status = wmbt_largevalue_join_chunk(join, chunk.bytes.len);
    }
    if (status == WMBT_OK && chunk.bytes.len != 0) {
        memcpy(memory + place->offset, chunk.bytes.data, chunk.bytes.len);
    }
    resolve_free(&chunk);
    return status;
}

/* Replaces a manifest by the value that it stands for. */
static wmbt_status join_chunks(const struct resolver *resolver, const wmbt_largevalue *manifest,
                               struct value *value)
{
    wmbt_largevalue_join join;
    wmbt_largevalue_place place;
    uint64_t most_chunks = UNWRAP_MAX_BYTES / WMBT_LARGEVALUE_CHUNK_BYTES + 1;
    wmbt_status status = wmbt_largevalue_join_init(&join, manifest, UNWRAP_MAX_BYTES, most_chunks);
    if (status != WMBT_OK) {
        return status;
    }
    size_t len = (size_t)manifest->total_bytes;
    value->joined = malloc(len + 1);
    if (value->joined == NULL) {
        return WMBT_TOO_LARGE;
    }
    while (status == WMBT_OK && wmbt_largevalue_join_next(&join, &place) == WMBT_OK) {
        status =
            fetch_chunk(resolver, manifest, &join, &place, value->joined, &value->stored_bytes);
    }
    if (status == WMBT_OK) {
        status = wmbt_largevalue_join_finish(&join);
    }
    value->bytes = wmbt_view_of(value->joined, status == WMBT_OK ? len : 0);
    return status;
}

wmbt_status resolve_fetch(const struct resolver *resolver, const char *key, struct value *value)
{
    wmbt_largevalue manifest;
    wmbt_status status = fetch_object(resolver, wmbt_view_of(key, strlen(key)), value);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_status parsed = wmbt_largevalue_parse(value->bytes, 0, &manifest);
    if (parsed == WMBT_BAD_MAGIC) {
        return WMBT_OK; /* a plain value */
    }
    return parsed == WMBT_OK ? join_chunks(resolver, &manifest, value) : parsed;
}

/* --- judging --------------------------------------------------------------------------------- */

static wmbt_status judge_block(const struct resolver *resolver, wmbt_view bytes, size_t index)
{
    uint64_t tokens = resolver->chain.block_tokens;
    bool exists = tokens <= UINT32_MAX && wmbt_shape_allows_block_tokens(SHAPE, (uint32_t)tokens);
    wmbt_kvblock_expect expect = {SHAPE, exists ? (uint32_t)tokens : 0, (uint32_t)index,
                                  exists ? 0 : WMBT_KVBLOCK_ANY_TOKENS};
    wmbt_kvblock_info info;
    wmbt_status status = wmbt_kvblock_read(bytes, &expect, &info);
    return status == WMBT_OK && !exists ? WMBT_WRONG_BLOCK : status;
}

static void resolve_block(const struct resolver *resolver, size_t index,
                          struct resolved_block *block)
{
    struct value value;
    block->key = key_of(&resolver->keys, WMBT_OBJKEY_BLOCK, &block->hash);
    block->status = resolve_fetch(resolver, block->key, &value);
    block->bytes = value.stored_bytes;
    block->why = value.why;
    if (block->status == WMBT_OK) {
        block->status = judge_block(resolver, value.bytes, index);
    }
    resolve_free(&value);
}

static void resolve_tail(const struct resolver *resolver, struct resolved *result, size_t usable)
{
    wmbt_rawtail_expect expect = {SHAPE, 0};
    wmbt_rawtail_info info;
    wmbt_plan_tail *tail = &result->tail;
    struct value value;
    result->tail_key =
        key_of(&resolver->keys, WMBT_OBJKEY_RAW_TAIL, &result->block[usable - 1].hash);
    tail->status = resolve_fetch(resolver, result->tail_key, &value);
    tail->bytes = value.stored_bytes;
    result->tail_why = value.why;
    if (tail->status == WMBT_OK) {
        tail->status = wmbt_rawtail_read(value.bytes, &expect, &info);
    }
    if (tail->status == WMBT_OK) {
        tail->total_tokens = info.total_tokens;
        tail->raw_rows = info.raw_rows;
        tail->rows_agree = (info.flags & WMBT_RAWTAIL_ROWS_AGREE) != 0;
        tail->rows_end = info.block_end;
    }
    resolve_free(&value);
}

static void make_plan(const struct resolver *resolver, struct resolved *result, size_t usable)
{
    wmbt_plan_input input;
    memset(&input, 0, sizeof input);
    input.shape = SHAPE;
    input.block_tokens = (uint32_t)resolver->chain.block_tokens;
    input.prompt_tokens = result->tokens;
    input.usable_blocks = (uint32_t)usable;
    input.flags = resolver->trust_tail ? WMBT_PLAN_TRUST_TAIL : 0;
    memcpy(&input.tail, &result->tail, sizeof input.tail);
    for (size_t i = 0; i < usable; i++) {
        input.blocks_bytes += result->block[i].bytes;
    }
    wmbt_status status = wmbt_plan_make(&input, &result->plan);
    if (status != WMBT_OK) { /* the blocks were verified: their numbers suit the shape */
        tool_refuse("plan", status, NULL);
    }
}

void resolve(const struct resolver *resolver, const struct tokens *tokens, struct resolved *result)
{
    size_t usable = 0;
    memset(result, 0, sizeof *result);
    wmbt_block_hash *hashes = chain_hashes(&resolver->chain, tokens, &result->count);
    result->tokens = (uint32_t)tokens->count;
    result->block = tool_alloc((result->count + 1) * sizeof *result->block);
    for (size_t i = 0; i < result->count; i++) {
        out_progress("reading blocks", i, result->count);
        memcpy(&result->block[i].hash, &hashes[i], sizeof hashes[i]);
        resolve_block(resolver, i, &result->block[i]);
        usable += usable == i && result->block[i].status == WMBT_OK;
    }
    free(hashes);
    if (usable != 0) {
        resolve_tail(resolver, result, usable);
    }
    make_plan(resolver, result, usable);
}

static void refuse(const char *key, wmbt_status status, const char *why)
{
    tool_refuse(key, status, why != NULL ? why : format_status_text(status));
}

void resolve_note_damage(const struct resolved *result)
{
    for (size_t i = 0; i < result->count; i++) {
        const struct resolved_block *block = &result->block[i];
        if (block->status != WMBT_OK && block->status != WMBT_MISSING) {
            refuse(block->key, block->status, block->why);
        }
    }
    wmbt_status tail = result->tail_key != NULL ? result->plan.tail_status : WMBT_OK;
    if (tail != WMBT_OK && tail != WMBT_MISSING && tail != WMBT_DOES_NOT_FIT) {
        refuse(result->tail_key, tail, result->tail_why);
    }
}
