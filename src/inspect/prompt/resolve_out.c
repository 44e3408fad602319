/* SPDX-License-Identifier: Apache-2.0 */
/* The answer for one prompt, as JSON. */
#include <string.h>

#include "prompt/resolve.h"
#include "base/tool.h"

/* The size as stored; null if the object is not there or cannot be read. */
static void add_bytes(struct json *row, wmbt_status status, uint64_t bytes)
{
    if (status == WMBT_MISSING || status == TOOL_UNREADABLE) {
        json_add_null(row, "bytes");
    } else {
        json_add_number(row, "bytes", bytes);
    }
}

static void add_blocks(struct json *row, const struct resolved *result)
{
    struct json *blocks = json_add_array(row, "blocks");
    for (uint32_t i = 0; i < result->blocks; i++) {
        wmbt_status status = resolved_object(result, i).status;
        wmbt_block_hash hash = wmbt_block_hash_zero;
        struct json *cell = json_add_object(blocks, NULL);
        json_add_number(cell, "index", i);
        if (wmbt_reader_block_hash(result->reader, i, &hash) == WMBT_OK) {
            json_add_hex(cell, "hash", wmbt_view_of(hash.bytes, sizeof hash.bytes));
        }
        json_add_text(cell, "key", resolved_key(result, i));
        add_bytes(cell, status, resolved_found(result, i)->bytes);
        json_add_text(cell, "status", tool_status_name(status));
    }
}

static void add_tail(struct json *row, const struct resolved *result)
{
    const char *key = resolved_key(result, WMBT_READER_TAIL);
    if (key == NULL) {
        json_add_null(row, "raw_tail");
        return;
    }
    wmbt_reader_object state = resolved_object(result, WMBT_READER_TAIL);
    struct json *tail = json_add_object(row, "raw_tail");
    json_add_text(tail, "key", key);
    add_bytes(tail, state.status, resolved_found(result, WMBT_READER_TAIL)->bytes);
    json_add_text(tail, "status", tool_status_name(result->plan.tail_status));
    if (state.status == WMBT_OK || state.status == WMBT_DOES_NOT_FIT) {
        json_add_number(tail, "total_tokens", state.total_tokens);
    } else {
        json_add_null(tail, "total_tokens");
    }
    json_add_text(tail, "reason", wmbt_plan_tail_reason_name(result->plan.tail_reason));
}

static void add_plan(struct json *row, const struct resolved *result)
{
    json_add_number(row, "tokens_restored", result->restored);
    json_add_number(row, "tokens_to_prefill", result->tokens - result->restored);
    json_add_number(row, "exact_from", result->exact_from);
    json_add_bool(row, "logits_only", result->plan.logits_only != 0);
    json_add_number(row, "bytes_to_read", result->bytes_to_read);
    json_add_number(row, "run_tokens", result->plan.run_tokens);
    json_add_number(row, "run_from", result->plan.run_from);
    json_add_number(row, "load_blocks", result->plan.load_blocks);
    json_add_bool(row, "load_tail", result->plan.load_tail != 0);
    json_add_number(row, "saved_tokens", result->plan.saved_tokens);
    if (result->exists_up_to != NULL) { /* a member more, of a prompt without a block only */
        json_add_view(row, "exists_up_to", tool_view(result->exists_up_to));
    }
}

/* A prompt without an answer has the same members. */
static void add_nothing(struct json *row, const struct resolver *resolver)
{
    static const char *const numbers[] = {
        "tokens_restored", "tokens_to_prefill", "exact_from",  "logits_only", "bytes_to_read",
        "run_tokens",      "run_from",          "load_blocks", "load_tail",   "saved_tokens"};
    json_add_null(row, "tokens");
    json_add_number(row, "block_tokens", resolver->chain.block_tokens);
    json_add_array(row, "blocks");
    json_add_null(row, "usable_blocks");
    json_add_null(row, "raw_tail");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_add_null(row, numbers[i]);
    }
}

struct json *resolve_json(struct json *list, const struct resolver *resolver, const char *path,
                          wmbt_status status, const struct resolved *result)
{
    struct json *row = list != NULL ? json_add_object(list, NULL) : json_object();
    json_add_path(row, path);
    json_add_text(row, "status", tool_status_name(status));
    if (result == NULL) {
        add_nothing(row, resolver);
        return row;
    }
    json_add_number(row, "tokens", result->tokens);
    json_add_number(row, "block_tokens", resolver->chain.block_tokens);
    add_blocks(row, result);
    json_add_number(row, "usable_blocks", result->usable);
    add_tail(row, result);
    add_plan(row, result);
    return row;
}
