/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: bare-metal polling. No operating system, no libc, static memory, one object in flight:
 * the smallest program that takes a prompt to a restore plan. It runs on the host and, the same
 * source, as a bare-metal image.
 *
 * What is static here is all the memory there is:
 *
 *     the reader             1,024 + 44 x MAX_BLOCKS + 512 bytes (544 with 64-bit pointers): 4 KB
 *     a key                  1 KB
 *     one compressed object  as stored, and as plain: ROOM_BYTES
 *     the zstd decoder       12 KB
 *
 * Plain objects need none of the last two: they are checked while they come in and not kept. A
 * board that meets only those leaves them out (ROOM_BYTES 0, STORED_BYTES 0, WMBT_CFG_ZSTD 0).
 *
 * Bytes come by feed() alone here, so nothing is ever written late, and quiet() is never called.
 */
#include "board.h"
#include "wombatkv/zstd.h"

#define MAX_BLOCKS 64u          /* prompts up to 8,192 tokens; what follows is not looked for */
#define MAX_OBJECT (64u << 20)  /* what a store may make us read */
#define FIRST_BYTES (64u << 10) /* of an object: small ones come in one go */
#define STEP_BYTES (16u << 10)  /* worked on at once */
#define PATIENCE_MS 4000u       /* without a packet a request counts as lost */
#define PAUSE_MS 50u            /* after a failure, doubled each time */
#define MAX_TRIES 6u            /* without a new byte */
#define DEADLINE_MS 600000u     /* then the plan is made of what is there */
#define GIVEN_UP 128            /* statuses from 128 to 255 are the caller's own */
#ifndef ROOM_BYTES
#    define STORED_BYTES (128u << 10) /* compressed objects as stored */
#    define ROOM_BYTES (2u << 20)     /* and as plain: a KV block of 128 tokens */
#endif

static WMBT_MEMORY(reader_memory, WMBT_READER_BYTES(MAX_BLOCKS, 1));
static uint8_t key[1024]; /* no key is longer */
static uint8_t stored_room[STORED_BYTES + 1u];
static uint8_t plain_room[ROOM_BYTES + 1u];

#if WMBT_CFG_ZSTD
static WMBT_MEMORY(zstd_memory, WMBT_ZSTD_WORKSPACE_BYTES);
static wmbt_buf zstd_workspace = {zstd_memory, sizeof zstd_memory};
#endif

/* The board's, in ROM. */
static const wmbt_reader_config config = {
    .shape = &wmbt_shape_deepseek_v4_flash,
    .max_blocks = MAX_BLOCKS,
    .in_flight = 1,
    .max_object_bytes = MAX_OBJECT,
    .first_bytes = FIRST_BYTES,
    .step_bytes = STEP_BYTES,
#if WMBT_CFG_ZSTD
    .codec = {.decode = wmbt_zstd_codec, .step = wmbt_zstd_codec_step, .context = &zstd_workspace},
#endif
};

static wmbt_reader *reader;
static uint32_t under_way; /* requests that have not ended */
static uint32_t began;
static uint32_t object, tries; /* of this object, without a new byte */

static bool too_late(void)
{
    return board_now() - began > DEADLINE_MS;
}

/* The next thing that has come. False: nothing within `ms`. */
static bool next_event(board_event *event, uint32_t ms)
{
    if (!board_poll(event)) {
        board_wait(ms);
        if (!board_poll(event)) {
            return false;
        }
    }
    under_way -= event->what == BOARD_ENDED ? 1u : 0u;
    return true;
}

/* Waits until no more than so many requests are under way. What comes meanwhile is late. */
static void drain(uint32_t most)
{
    board_event event;
    while (under_way > most) {
        (void)next_event(&event, PATIENCE_MS);
    }
}

/* Memory for a compressed or chunked object. One is in flight, so one room is enough. */
static wmbt_status lend(const wmbt_want *want)
{
    if (want->plain_bytes > ROOM_BYTES || want->stored_bytes > STORED_BYTES) {
        return wmbt_reader_fail(reader, want, WMBT_TOO_LARGE);
    }
    return wmbt_reader_memory(reader, want, wmbt_buf_of(plain_room, ROOM_BYTES),
                              wmbt_buf_of(stored_room, STORED_BYTES));
}

/* A request has come to nothing. The reader's next want is what is still missing. */
static wmbt_status again(const wmbt_want *want)
{
    uint32_t since = board_now();
    board_event event;
    board_cancel((uint32_t)want->serial);
    if (++tries > MAX_TRIES) {
        return wmbt_reader_fail(reader, want, GIVEN_UP);
    }
    while (board_now() - since < PAUSE_MS << tries) {
        (void)next_event(&event, PAUSE_MS);
    }
    return wmbt_reader_retry(reader, want);
}

/* What a packet is worth. need-more: the want is still open. */
static wmbt_status take(const wmbt_want *want, const board_event *event, bool *found)
{
    size_t taken = 0;
    wmbt_status status = WMBT_NEED_MORE;
    if (event->what == BOARD_ABSENT) {
        return wmbt_reader_fail(reader, want, WMBT_MISSING);
    }
    if (event->what == BOARD_FAILED || event->what == BOARD_ENDED) {
        return again(want); /* bytes are missing, and none comes any more */
    }
    if (!*found) {
        *found = true;
        status = wmbt_reader_found(reader, want, event->object_bytes);
    }
    if (status == WMBT_NEED_MORE) {
        status = wmbt_reader_feed(reader, want, event->offset,
                                  wmbt_view_of(event->bytes, event->len), &taken);
        tries = taken != 0u ? 0u : tries;
    }
    /* It came before; or too many overtake each other, or the first is late: as if it was lost. */
    bool dropped = status == WMBT_BAD_ARGUMENT || status == WMBT_FULL;
    return dropped ? WMBT_NEED_MORE : status;
}

/*
 * Gets the bytes of one want and feeds them as they come. A status of the object (damaged, too
 * large) is no reason to stop: the reader keeps it and goes on with what is still worth it.
 */
static wmbt_status fetch(const wmbt_want *want)
{
    size_t key_len = 0;
    uint32_t heard = board_now();
    bool found = want->kind == WMBT_WANT_RANGE; /* it was found before */
    wmbt_status status = wmbt_reader_want_key(reader, want, wmbt_buf_of(key, sizeof key), &key_len);
    if (status != WMBT_OK) {
        return status;
    }
    tries = object == want->object ? tries : 0u;
    object = want->object;
    drain(BOARD_REQUESTS - 1u);
    board_get((uint32_t)want->serial, wmbt_view_of(key, key_len), want->offset, want->bytes);
    under_way++;
    for (;;) {
        board_event event;
        if (too_late()) {
            wmbt_reader_stop(reader);
            return WMBT_OK;
        }
        if (!next_event(&event, 10)) {
            if (board_now() - heard > PATIENCE_MS) {
                return again(want);
            }
        } else if (event.tag == (uint32_t)want->serial) { /* else late, of an earlier want */
            heard = board_now();
            status = take(want, &event, &found);
            if (status != WMBT_NEED_MORE) {
                board_cancel(event.tag);
                return status;
            }
        }
    }
}

static wmbt_status answer(const wmbt_want *want)
{
    wmbt_status status = WMBT_OK;
    switch (want->kind) {
    case WMBT_WANT_MEMORY: return lend(want);
    case WMBT_WANT_STEP:
        do {
            status = wmbt_reader_step(reader, want); /* between two the machine is free */
        } while (status == WMBT_NEED_MORE);
        return status;
    case WMBT_WANT_STOP: return WMBT_OK; /* nothing is under way for it */
    default: return fetch(want);
    }
}

static wmbt_status start(const board_command *command)
{
    static wmbt_reader_prompt prompt; /* zero, and no copy of a struct, which may call memcpy */
    prompt.chain.dialect = WMBT_CHAIN_DS4;
    prompt.chain.block_tokens = command->block_tokens;
    prompt.chain.quant_bits = command->quant_bits;
    prompt.chain.fingerprint = command->fingerprint;
    prompt.prefix = command->prefix;
    prompt.name_space = command->name_space;
    prompt.flags = WMBT_READER_TRUST_TAIL; /* the host says that the tail is the prompt's */
    began = board_now();
    wmbt_status status = WMBT_OK;
    if (reader == NULL) { /* serials go on from prompt to prompt: no tag is used twice */
        status =
            wmbt_reader_init(wmbt_buf_of(reader_memory, sizeof reader_memory), &config, 1, &reader);
    }
    return status == WMBT_OK ? wmbt_reader_start(reader, &prompt) : status;
}

int example(const board_command *command)
{
    wmbt_want want;
    wmbt_plan plan;
    wmbt_status status = start(command);
    if (status == WMBT_OK) {
        status = wmbt_reader_tokens(reader, command->tokens, command->token_count);
    }
    if (status == WMBT_OK) {
        status = wmbt_reader_end(reader, command->token_count);
    }
    while (status == WMBT_OK && (status = wmbt_reader_next_want(reader, &want)) == WMBT_OK) {
        status = answer(&want);
        if (!wmbt_status_is_caller(status)) {
            status = WMBT_OK; /* a caller's status says: this program is wrong */
        }
    }
    drain(0);
    if (status != WMBT_END || wmbt_reader_plan(reader, &plan) != WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    return 0;
}
