/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's whole path on bare metal: tokens, block hashes, object keys, presence, KV blocks
 * and a raw tail of full size that come in packets and are verified as they come, and the restore
 * plan. Prints
 * what `wombatkv resolve --json --trust-tail` prints for the prompt: demo.txt.
 */
#include "board.h"

#define MAX_BLOCKS 64u
#define IN_FLIGHT 3u

static WMBT_MEMORY(memory, WMBT_READER_BYTES(MAX_BLOCKS, IN_FLIGHT));
static uint8_t key[1025];

/* In ROM. */
static const wmbt_reader_config config = {
    .shape = &wmbt_shape_deepseek_v4_flash,
    .max_blocks = MAX_BLOCKS,
    .in_flight = IN_FLIGHT,
    .max_object_bytes = 64u << 20,
    .presence_blocks = MAX_BLOCKS,
};

/* --- fetching --------------------------------------------------------------------------------- */

/* All presence questions of the prompt in one answer. */
static wmbt_status answer_presence(wmbt_reader *r, const wmbt_want *want)
{
    uint8_t bits[MAX_BLOCKS / 8u] = {0};
    size_t len = 0;
    for (uint32_t i = 0; i < want->blocks; i++) {
        wmbt_status status =
            wmbt_reader_object_key(r, want->object + i, wmbt_buf_of(key, sizeof key - 1u), &len);
        if (status != WMBT_OK) {
            return status;
        }
        if (board_has(wmbt_view_of(key, len))) {
            bits[i / 8u] |= (uint8_t)(1u << i % 8u);
        }
    }
    return wmbt_reader_presence(r, want, wmbt_view_of(bits, sizeof bits));
}

static wmbt_status request(wmbt_reader *r, const wmbt_want *want)
{
    size_t len = 0;
    wmbt_status status = wmbt_reader_want_key(r, want, wmbt_buf_of(key, sizeof key - 1u), &len);
    if (status == WMBT_OK) { /* few wants: their serials fit a tag */
        board_get((uint32_t)want->serial, wmbt_view_of(key, len), want->offset, want->bytes);
    }
    return status;
}

static wmbt_status take_packet(wmbt_reader *r, const board_event *event)
{
    wmbt_want want;
    size_t taken;
    wmbt_status status = wmbt_reader_want_of(r, event->tag, &want);
    if (status != WMBT_OK || event->what == BOARD_ENDED) {
        return status; /* stale: what it was asked for is over */
    }
    if (event->what == BOARD_ABSENT) {
        return wmbt_reader_fail(r, &want, WMBT_MISSING);
    }
    if (want.kind == WMBT_WANT_OBJECT) { /* its first packet is its only one */
        status = wmbt_reader_found(r, &want, event->object_bytes);
        if (status != WMBT_NEED_MORE) {
            return status;
        }
    }
    return wmbt_reader_feed(r, &want, event->offset, wmbt_view_of(event->bytes, event->len),
                            &taken);
}

/* Until all is settled. False if this program is wrong. */
static bool drive(wmbt_reader *r)
{
    for (;;) {
        wmbt_want want;
        board_event event;
        wmbt_status status = wmbt_reader_next_want(r, &want);
        if (status == WMBT_END) {
            return true;
        }
        if (status == WMBT_OK && want.kind == WMBT_WANT_PRESENCE) {
            status = answer_presence(r, &want);
        } else if (status == WMBT_OK && want.kind == WMBT_WANT_MEMORY) {
            status = wmbt_reader_fail(r, &want, WMBT_TOO_LARGE); /* nothing to lend here */
        } else if (status == WMBT_OK && want.kind != WMBT_WANT_STOP) {
            status = request(r, &want);
        } else if (board_poll(&event)) {
            status = take_packet(r, &event);
        }
        if (wmbt_status_is_caller(status)) {
            return false;
        }
    }
}

/* --- printing: as the tool does --------------------------------------------------------------- */

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

static bool print_result(const board_command *command, const wmbt_reader *r, const wmbt_plan *plan)
{
    wmbt_reader_object tail;
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
    print_number(tail.total_tokens);
    board_print(", \"reason\": \"");
    board_print(wmbt_plan_tail_reason_name(plan->tail_reason));
    board_print("\"}");
    bool good = print_plan_items(command, r);
    board_print("\n  }\n]\n");
    return good;
}

static wmbt_status start(const board_command *command, wmbt_reader **r)
{
    static const wmbt_reader_prompt zero;
    wmbt_reader_prompt prompt = zero;
    prompt.chain.dialect = WMBT_CHAIN_DS4;
    prompt.chain.block_tokens = command->block_tokens;
    prompt.chain.quant_bits = command->quant_bits;
    prompt.chain.fingerprint = command->fingerprint;
    prompt.prefix = command->prefix;
    prompt.name_space = command->name_space;
    prompt.flags = WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL;
    wmbt_status status = wmbt_reader_init(wmbt_buf_of(memory, sizeof memory), &config, 1, r);
    return status == WMBT_OK ? wmbt_reader_start(*r, &prompt) : status;
}

int example(const board_command *command)
{
    wmbt_reader *r;
    wmbt_plan plan;
    if (start(command, &r) != WMBT_OK ||
        wmbt_reader_tokens(r, command->tokens, command->token_count) != WMBT_OK ||
        wmbt_reader_end(r, command->token_count) != WMBT_OK || !drive(r) ||
        wmbt_reader_plan(r, &plan) != WMBT_OK || !print_result(command, r, &plan)) {
        board_print("the demo came to no plan\n");
        return 1;
    }
    return 0;
}
