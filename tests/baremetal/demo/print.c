/* SPDX-License-Identifier: Apache-2.0 */
/* What the tool prints of a prompt. Freestanding. */
#include "print.h"

static uint8_t key[1025];

static void print_object(const char *name, const wmbt_reader *r, uint32_t object,
                         wmbt_reader_object *state)
{
    size_t len = 0;
    board_print(name);
    board_print("\"key\": \"");
    if (wmbt_reader_object_key(r, object, wmbt_buf_of(key, sizeof key - 1u), &len) == WMBT_OK &&
        wmbt_reader_object_state(r, object, state) == WMBT_OK) {
        key[len] = '\0';
        board_print((const char *)key);
    }
    board_print("\", \"bytes\": ");
    if (state->status == WMBT_MISSING) {
        board_print("null");
    } else {
        print_number(state->bytes);
    }
    board_print(", \"status\": \"");
    board_print(wmbt_status_name(state->status));
    board_print("\"");
}

static void print_blocks(const wmbt_reader *r)
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < wmbt_reader_blocks(r); i++) {
        char hex[2u * WMBT_BLOCK_HASH_BYTES + 1u];
        wmbt_block_hash hash;
        wmbt_reader_object state;
        if (wmbt_reader_block_hash(r, i, &hash) != WMBT_OK) {
            return;
        }
        for (size_t k = 0; k < WMBT_BLOCK_HASH_BYTES; k++) {
            hex[2u * k] = digits[hash.bytes[k] >> 4];
            hex[2u * k + 1u] = digits[hash.bytes[k] & 15u];
        }
        hex[sizeof hex - 1u] = '\0';
        board_print(i == 0u ? "\n      {\"index\": " : ",\n      {\"index\": ");
        print_number(i);
        board_print(", \"hash\": \"");
        board_print(hex);
        print_object("\", ", r, i, &state);
        board_print("}");
    }
}

static void print_item(const char *name, uint64_t value)
{
    board_print(",\n    \"");
    board_print(name);
    board_print("\": ");
    print_number(value);
}

/* The numbers of the plan; some are those of another one, as upstream's engine goes on. */
static bool print_plan_items(const board_command *command, const wmbt_reader *r)
{
    wmbt_plan_input input;
    wmbt_plan plan, upstream;
    if (wmbt_reader_plan(r, &plan) != WMBT_OK || wmbt_reader_plan_input(r, &input) != WMBT_OK) {
        return false;
    }
    input.flags |= WMBT_PLAN_INEXACT;
    if (wmbt_plan_make(&input, &upstream) != WMBT_OK) {
        return false;
    }
    print_item("tokens_restored", upstream.run_from);
    print_item("tokens_to_prefill", command->token_count - upstream.run_from);
    print_item("exact_from", plan.run_from);
    board_print(",\n    \"logits_only\": ");
    board_print(plan.logits_only != 0u ? "true" : "false");
    print_item("bytes_to_read", upstream.bytes_to_read);
    print_item("run_tokens", plan.run_tokens);
    print_item("run_from", plan.run_from);
    print_item("load_blocks", plan.load_blocks);
    board_print(",\n    \"load_tail\": ");
    board_print(plan.load_tail != 0u ? "true" : "false");
    print_item("saved_tokens", plan.saved_tokens);
    return true;
}

bool print_result(const board_command *command, const wmbt_reader *r)
{
    wmbt_reader_object tail;
    wmbt_plan plan;
    if (wmbt_reader_plan(r, &plan) != WMBT_OK) {
        return false;
    }
    board_print("[\n  {\n    \"path\": \"");
    board_print((const char *)command->name.data); /* ends with a NUL: bucket.py */
    board_print(".u32\",\n    \"status\": \"ok\"");
    print_item("tokens", command->token_count);
    print_item("block_tokens", command->block_tokens);
    board_print(",\n    \"blocks\": [");
    print_blocks(r);
    board_print("\n    ]");
    print_item("usable_blocks", wmbt_reader_usable_blocks(r));
    print_object(",\n    \"raw_tail\": {", r, WMBT_READER_TAIL, &tail);
    board_print(", \"total_tokens\": ");
    if (tail.status == WMBT_OK || tail.status == WMBT_DOES_NOT_FIT) {
        print_number(tail.total_tokens);
    } else {
        board_print("null");
    }
    board_print(", \"reason\": \"");
    board_print(wmbt_plan_tail_reason_name(plan.tail_reason));
    board_print("\"}");
    bool good = print_plan_items(command, r);
    board_print("\n  }\n]\n");
    return good;
}
