/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: bare-metal polling. No operating system, no libc, static memory, one object in flight:
 * the smallest program that takes a prompt to a restore plan. It runs on the host and, the same
 * source, as a bare-metal image.
 *
 * What is static here is all the memory there is:
 *
 *     the reader             1,024 + 40 x MAX_BLOCKS + 512 bytes: 4 KB
 *     a key                  1 KB
 *     one compressed object  as stored, and as plain: ROOM_BYTES
 *     the zstd decoder       12 KB
 *
 * Plain objects need none of the last two: they are checked while they come in and not kept. A
 * board that meets only those leaves them out (ROOM_BYTES 0, STORED_BYTES 0, WMBT_CFG_ZSTD 0).
 */
#include "board.h"
#include "wombatkv/zstd.h"

#define MAX_BLOCKS 64u         /* prompts up to 8,192 tokens; what follows is not looked for */
#define MAX_OBJECT (64u << 20) /* what a store may make us read */
#define PATIENCE 100000u       /* empty polls before a request counts as lost */
#ifndef ROOM_BYTES
#    define STORED_BYTES (128u << 10) /* compressed objects as stored */
#    define ROOM_BYTES (2u << 20)     /* and as plain: a KV block of 128 tokens */
#endif

static uint64_t reader_memory[(WMBT_READER_BYTES(MAX_BLOCKS, 1) + 7u) / 8u];
static uint8_t key[1024]; /* no key is longer */

#if WMBT_CFG_ZSTD
static uint64_t zstd_memory[WMBT_ZSTD_WORKSPACE_BYTES / 8u];
static wmbt_buf zstd_workspace;
#endif
static uint8_t stored_room[STORED_BYTES + 1u];
static uint8_t plain_room[ROOM_BYTES + 1u];

/* A reader for this command's bucket. */
static wmbt_status start(const board_command *command, wmbt_reader **r)
{
    static wmbt_reader_config config; /* zero */
    config.chain.dialect = WMBT_CHAIN_DS4;
    config.chain.block_tokens = command->block_tokens;
    config.chain.quant_bits = command->quant_bits;
    config.chain.fingerprint = command->fingerprint;
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.prefix = command->prefix;
    config.name_space = command->name_space;
    config.max_blocks = MAX_BLOCKS;
    config.in_flight = 1;
    config.max_object_bytes = MAX_OBJECT;
    config.flags =
        WMBT_READER_TRUST_TAIL; /* the engine's host says that the tail is the prompt's */
#if WMBT_CFG_ZSTD
    zstd_workspace = wmbt_buf_of(zstd_memory, sizeof zstd_memory);
    config.codec.decode = wmbt_zstd_codec;
    config.codec.context = &zstd_workspace;
#endif
    return wmbt_reader_init(wmbt_buf_of(reader_memory, sizeof reader_memory), &config, r);
}

/* Memory for a compressed or chunked object. One is in flight, so one room is enough. */
static wmbt_status lend(wmbt_reader *r, const wmbt_want *want)
{
    if (want->raw_bytes > ROOM_BYTES || want->stored_bytes > STORED_BYTES) {
        return wmbt_reader_fail(r, want, WMBT_TOO_LARGE);
    }
    return wmbt_reader_memory(r, want, wmbt_buf_of(plain_room, ROOM_BYTES),
                              wmbt_buf_of(stored_room, STORED_BYTES));
}

/* Gives a request up. The reader's next want is what is still missing. */
static wmbt_status again(wmbt_reader *r, const wmbt_want *want)
{
    board_cancel(want->generation);
    return wmbt_reader_retry(r, want);
}

/*
 * Gets the bytes of one want and feeds them as they come. A status of the object (damaged, too
 * large) is no reason to stop: the reader keeps it and goes on with what is still worth it.
 */
static wmbt_status fetch(wmbt_reader *r, const wmbt_want *want)
{
    size_t key_len = 0;
    size_t taken;
    uint32_t idle = 0;
    bool found = want->kind == WMBT_WANT_RANGE; /* it was found before */
    wmbt_status status = wmbt_reader_want_key(r, want, wmbt_buf_of(key, sizeof key), &key_len);
    if (status != WMBT_OK) {
        return status;
    }
    board_get(want->generation, wmbt_view_of(key, key_len), want->offset, want->bytes);
    for (;;) {
        board_event event;
        if (!board_poll(&event)) {
            if (++idle == PATIENCE) {
                return again(r, want);
            }
            continue;
        }
        if (event.tag != want->generation) {
            continue; /* late, of a request that was given up */
        }
        idle = 0;
        if (event.what == BOARD_ABSENT) {
            return wmbt_reader_fail(r, want, WMBT_MISSING);
        }
        if (!found) {
            found = true;
            status = wmbt_reader_found(r, want, event.object_bytes);
            if (status != WMBT_OK) {
                return status; /* the reader knows and goes on without the object */
            }
        }
        status =
            wmbt_reader_feed(r, want, event.offset, wmbt_view_of(event.bytes, event.len), &taken);
        if (status == WMBT_FULL) {
            return again(r, want); /* packets were lost in many places */
        }
        if (status != WMBT_NEED_MORE && status != WMBT_BAD_ARGUMENT) { /* the latter: came twice */
            return status;
        }
        if (event.offset + event.len == want->offset + want->bytes) {
            return again(r, want); /* this was the last packet, one before it was lost */
        }
    }
}

int example(const board_command *command)
{
    wmbt_reader *r;
    wmbt_want want;
    wmbt_plan plan;
    wmbt_status status = start(command, &r);
    if (status == WMBT_OK) {
        status = wmbt_reader_tokens(r, command->tokens, command->token_count);
    }
    if (status == WMBT_OK) {
        status = wmbt_reader_end(r, command->token_count);
    }
    if (status != WMBT_OK) {
        return 1;
    }
    while (wmbt_reader_next_want(r, &want) == WMBT_OK) {
        status = want.kind == WMBT_WANT_MEMORY ? lend(r, &want) : fetch(r, &want);
        if (wmbt_status_is_caller(status)) {
            return 1; /* this program is wrong, not the bucket */
        }
    }
    if (wmbt_reader_plan(r, &plan) != WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    return 0;
}
