/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's whole path on bare metal: tokens, block hashes, object keys, presence, KV blocks
 * and a raw tail of full size that come in packets and are verified as they come, and the restore
 * plan. Prints what the tool prints for the prompt: print.h, demo.txt.
 */
#include "board.h"
#include "print.h"

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
    if (start(command, &r) != WMBT_OK ||
        wmbt_reader_tokens(r, command->tokens, command->token_count) != WMBT_OK ||
        wmbt_reader_end(r, command->token_count) != WMBT_OK || !drive(r) ||
        !print_result(command, r)) {
        board_print("the demo came to no plan\n");
        return 1;
    }
    return 0;
}
