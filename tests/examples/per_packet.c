/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: a DPU's handler that is entered once for each packet and never waits. All state is one
 * struct. Payload does not pass the processor: the receive engine puts rows where they belong and
 * computes their CRC32C on the way; the handler sees the numbers between the rows and the CRCs. A
 * compressed object's bytes the engine puts into memory that the reader was lent, and the handler
 * inflates them a step at a time. Freestanding.
 *
 * This is one rank of a pipeline-parallel engine: it keeps the rows of its layers only. The others
 * are checked all the same, an object is verified as a whole, and they go nowhere.
 *
 * Work of one entry, at most: the bytes of one packet, or WINDOW receive descriptors, or TOKENS
 * tokens hashed, or one step of inflating (STEP_BYTES), and one question to the reader.
 *
 * The engine may write until a request has ended (BOARD_ENDED), long after its want has. So the
 * reader is told WMBT_READER_LATE_WRITES, and of each slot when nothing can be written for it any
 * more: quiet(). Until then it lends the slot's places and memory to nobody else.
 */
#include "board.h"
#include "wombatkv/zstd.h"

#define MAX_BLOCKS 8u
#define IN_FLIGHT 2u
#define FIRST_LAYER 0u /* of this rank */
#define END_LAYER 11u
#define WINDOW 16u                /* receive descriptors of a request */
#define RUNS 24u                  /* packets overtake each other */
#define TOKENS 64u                /* hashed at once */
#define STEP_BYTES (8u << 10)     /* inflated at once */
#define TIMEOUT_MS 4000u          /* without a packet */
#define PAUSE_MS 50u              /* after a failure, doubled each time */
#define MAX_TRIES 6u              /* without a new byte */
#define DEADLINE_MS 600000u       /* then the plan is made of what is there */
#define GIVEN_UP 128              /* statuses from 128 to 255 are the caller's own */
#define MAX_LAYERS 43u            /* of the model */
#define ROWS_BYTES (10u << 20)    /* the engine's cache, in memory that it can reach */
#define STORED_BYTES (512u << 10) /* of a compressed object */
#define PLAIN_BYTES (2u << 20)

/* What the receive engine takes in one go. */
static const wmbt_reader_dma engine = {.max_bytes = 32u << 10, .align = 64};

typedef struct slot {
    bool open; /* the want is not answered */
    bool found;
    bool under_way; /* a request has not ended: the engine may write for this slot */
    wmbt_want want;
    uint32_t next, end;  /* bytes that no request has asked for yet */
    uint32_t tag, heard; /* of the request, */
    uint64_t asked;      /* and the serial of its want */
    uint32_t tries, not_before;
} slot;

typedef struct dpu {
    wmbt_reader *r;
    const board_command *command;
    wmbt_reader_prompt prompt;
    uint32_t tokens; /* taken */
    uint32_t began, next_tag;
    bool stopped;
    bool wrong; /* this program is: give up */
    slot slots[IN_FLIGHT];
    uint8_t key[1024];
    wmbt_reader_place places[MAX_LAYERS * WMBT_EXTENT_KINDS];
    WMBT_MEMORY(memory, WMBT_READER_BYTES_RUNS(MAX_BLOCKS, IN_FLIGHT, RUNS));
    WMBT_MEMORY(zstd_memory, WMBT_ZSTD_WORKSPACE_BYTES);
    uint8_t stored[IN_FLIGHT][STORED_BYTES], plain[IN_FLIGHT][PLAIN_BYTES];
    _Alignas(64) uint8_t rows[ROWS_BYTES];
} dpu;

static dpu the_dpu; /* zero */
static wmbt_buf zstd_workspace = {the_dpu.zstd_memory, WMBT_ZSTD_WORKSPACE_BYTES};

/* The board's, in ROM. */
static const wmbt_reader_config config = {
    .shape = &wmbt_shape_deepseek_v4_flash,
    .max_blocks = MAX_BLOCKS,
    .in_flight = IN_FLIGHT,
    .max_object_bytes = 64u << 20,
    .runs = RUNS,
    .step_bytes = STEP_BYTES,
    .flags = WMBT_READER_LATE_WRITES,
    .memory = {the_dpu.rows, ROWS_BYTES},
    .places = the_dpu.places,
    .codec = {.decode = wmbt_zstd_codec, .step = wmbt_zstd_codec_step, .context = &zstd_workspace},
};

/* A caller's status says that this program is wrong. Others are the object's: the reader's affair;
 * stale says that the want is dead, which is nobody's fault. */
static wmbt_status check(dpu *d, wmbt_status status)
{
    d->wrong = d->wrong || wmbt_status_is_caller(status);
    return status;
}

/* The want is over. What is still under way for it is of no use; the slot is quiet when it ends. */
static void close_slot(slot *s)
{
    s->open = false;
    if (s->under_way) {
        board_cancel(s->tag);
    }
}

/* Withdraws a want: what has come is kept, the reader asks for what is missing. */
static void withdraw(dpu *d, slot *s)
{
    close_slot(s);
    s->not_before = board_now() + (PAUSE_MS << s->tries);
    if (++s->tries > MAX_TRIES) {
        (void)check(d, wmbt_reader_fail(d->r, &s->want, GIVEN_UP));
    } else {
        (void)check(d, wmbt_reader_retry(d->r, &s->want));
    }
}

/* --- asking --------------------------------------------------------------------------------- */

/* Programs the engine for bytes of a compressed object, which go to the memory that was lent. */
static uint32_t program_room(const dpu *d, const slot *s, uint32_t tag)
{
    wmbt_buf room;
    if (wmbt_reader_room(d->r, &s->want, &room) == WMBT_OK) { /* else its header: it is fed */
        board_receive(tag, s->want.offset, s->want.bytes, room.data);
    }
    return s->end;
}

/* Programs the engine for the next pieces of a plain object. Returns where they end. */
static uint32_t program_rows(const dpu *d, const slot *s, uint32_t tag)
{
    uint32_t at = s->next;
    wmbt_piece piece;
    for (uint32_t i = 0; i < WINDOW && at < s->end; i++) {
        if (wmbt_reader_piece(d->r, s->want.object, at, &engine, &piece) != WMBT_OK) {
            return s->end; /* it is not known what follows: feed it */
        }
        uint32_t left = s->end - at;
        uint32_t bytes = piece.bytes < left ? piece.bytes : left;
        if (piece.must_feed ==
            0u) { /* rows behind the header; those without a place are of other ranks */
            board_receive(tag, at, bytes,
                          piece.has_place != 0u ? the_dpu.rows + piece.place : NULL);
        }
        at += bytes;
    }
    return at;
}

/* Sends the next request of a want. */
static void request(dpu *d, slot *s)
{
    size_t key_len = 0;
    if (check(d, wmbt_reader_want_key(d->r, &s->want, wmbt_buf_of(d->key, sizeof d->key),
                                      &key_len)) != WMBT_OK) {
        s->open = false; /* stale */
        return;
    }
    s->tag = d->next_tag++;
    s->asked = s->want.serial;
    s->heard = board_now();
    s->under_way = true;
    uint32_t to;
    if (s->want.collected != 0u) {
        to = program_room(d, s, s->tag);
    } else {
        to = program_rows(d, s, s->tag);
    }
    board_get(s->tag, wmbt_view_of(d->key, key_len), s->next, to - s->next);
    s->next = to;
}

static void lend(dpu *d, const wmbt_want *want)
{
    if (want->plain_bytes > PLAIN_BYTES || want->stored_bytes > STORED_BYTES) {
        (void)check(d, wmbt_reader_fail(d->r, want, WMBT_TOO_LARGE));
    } else { /* any status but a caller's is the object's */
        (void)check(d, wmbt_reader_memory(d->r, want, wmbt_buf_of(d->plain[want->id], PLAIN_BYTES),
                                          wmbt_buf_of(d->stored[want->id], STORED_BYTES)));
    }
}

/* Goes on with a want. True if there was something to do. */
static bool go_on_with(dpu *d, slot *s)
{
    if (s->under_way) { /* if what it was for is over, nothing goes on here until it ends */
        if (s->open && s->asked == s->want.serial && board_now() - s->heard > TIMEOUT_MS) {
            withdraw(d, s);
        }
        return false;
    }
    wmbt_reader_quiet(d->r, (uint32_t)(s - d->slots)); /* changes nothing if it is quiet */
    if (!s->open || (int32_t)(board_now() - s->not_before) < 0) {
        return false;
    }
    if (s->want.kind == WMBT_WANT_STEP) {
        s->open = check(d, wmbt_reader_step(d->r, &s->want)) == WMBT_NEED_MORE;
    } else if (s->want.kind == WMBT_WANT_MEMORY) {
        s->open = false;
        lend(d, &s->want);
    } else {
        request(d, s);
    }
    return true;
}

static void open_want(dpu *d, const wmbt_want *want)
{
    slot *s = &d->slots[want->id];      /* ids are below IN_FLIGHT: presence is not asked about */
    if (want->kind == WMBT_WANT_STOP) { /* the reader needs the object no more */
        if (s->open && s->want.serial == want->serial) {
            close_slot(s);
        }
        return;
    }
    if (s->want.object != want->object) {
        s->tries = 0;
        s->not_before = board_now();
    }
    s->open = true;
    s->found = want->kind == WMBT_WANT_RANGE;
    s->want = *want;
    s->next = want->offset;
    s->end = want->offset + want->bytes;
}

#define BUSY 0u
#define IDLE 1u /* until something comes */
#define DONE 2u

/* One step without a packet. */
static uint32_t go_on(dpu *d)
{
    wmbt_want want;
    uint32_t left = d->command->token_count - d->tokens;
    if (left != 0u) {
        uint32_t n = left < TOKENS ? left : TOKENS;
        (void)check(d, wmbt_reader_tokens(d->r, d->command->tokens + d->tokens, n));
        d->tokens += n;
        if (n == left) {
            (void)check(d, wmbt_reader_end(d->r, d->tokens));
        }
        return BUSY;
    }
    if (!d->stopped && board_now() - d->began > DEADLINE_MS) {
        d->stopped = true;
        wmbt_reader_stop(d->r);
        for (uint32_t i = 0; i < IN_FLIGHT; i++) {
            close_slot(&d->slots[i]);
        }
    }
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        if (go_on_with(d, &d->slots[i])) {
            return BUSY;
        }
    }
    wmbt_status status = check(d, wmbt_reader_next_want(d->r, &want));
    if (status == WMBT_OK) {
        open_want(d, &want);
    }
    return status == WMBT_OK ? BUSY : status == WMBT_END ? DONE : IDLE;
}

/* --- packets -------------------------------------------------------------------------------- */

/* Bytes of an open want: here, or where the engine has put them. */
static wmbt_status take_bytes(dpu *d, slot *s, const board_event *event)
{
    size_t taken;
    wmbt_status status = WMBT_NEED_MORE;
    if (!s->found) {
        s->found = true;
        status = wmbt_reader_found(d->r, &s->want, event->object_bytes);
    }
    if (status != WMBT_NEED_MORE) {
        return status;
    }
    if (event->what == BOARD_BYTES) {
        return wmbt_reader_feed(d->r, &s->want, event->offset,
                                wmbt_view_of(event->bytes, event->len), &taken);
    }
    if (s->want.collected != 0u) {
        return wmbt_reader_received(d->r, &s->want, event->offset, event->len);
    }
    return wmbt_reader_placed(d->r, &s->want, event->offset, event->len, event->crc);
}

static void take_packet(dpu *d, const board_event *event)
{
    slot *s = &d->slots[0];
    while (!s->under_way || s->tag != event->tag) {
        if (++s == d->slots + IN_FLIGHT) {
            return; /* nothing of ours */
        }
    }
    s->heard = board_now();
    s->under_way = event->what != BOARD_ENDED;
    if (!s->open || s->asked != s->want.serial) {
        return; /* late: its want is over */
    }
    if (event->what == BOARD_ENDED) {
        if (s->next == s->end) {
            withdraw(d, s); /* all has been asked for, and bytes are missing */
        }
    } else if (event->what == BOARD_FAILED) {
        withdraw(d, s);
    } else if (event->what == BOARD_ABSENT) {
        (void)check(d, wmbt_reader_fail(d->r, &s->want, WMBT_MISSING));
        close_slot(s);
    } else {
        wmbt_status status = take_bytes(d, s, event);
        if (status == WMBT_NEED_MORE) {
            s->tries = 0; /* something new */
        } else if (status != WMBT_BAD_ARGUMENT && status != WMBT_FULL) {
            /* Those two: it came before, or too many overtake each other: as if it was lost. */
            (void)check(d, status);
            close_slot(s); /* ok: its next want comes; end: verified; else what is wrong with it */
        }
    }
}

/* What the hardware calls: with a packet, or without one from a timer. */
static uint32_t dpu_enter(dpu *d, const board_event *event)
{
    if (event != NULL) {
        take_packet(d, event);
    }
    uint32_t state = go_on(d);
    return d->wrong ? DONE : state;
}

/* A prompt comes. Requests of the one before have ended, or the reader waits until they have. */
static wmbt_status dpu_start(dpu *d, const board_command *command)
{
    wmbt_reader_prompt *prompt = &d->prompt; /* the rest of it is zero */
    wmbt_status status = WMBT_OK;
    prompt->chain.dialect = WMBT_CHAIN_DS4;
    prompt->chain.block_tokens = command->block_tokens;
    prompt->chain.quant_bits = command->quant_bits;
    prompt->chain.fingerprint = command->fingerprint;
    prompt->prefix = command->prefix;
    prompt->name_space = command->name_space;
    prompt->flags = WMBT_READER_TRUST_TAIL;
    d->command = command;
    d->tokens = 0;
    d->began = board_now();
    d->stopped = false;
    (void)lay_out_rows(&config, command->block_tokens, FIRST_LAYER, END_LAYER, d->places);
    if (d->r == NULL) {
        status = wmbt_reader_init(wmbt_buf_of(d->memory, sizeof d->memory), &config, 1, &d->r);
    }
    return status == WMBT_OK ? wmbt_reader_start(d->r, prompt) : status;
}

/* The hardware's part: an entry for each packet, and for each tick in which none came. */
int example(const board_command *command)
{
    dpu *d = &the_dpu;
    wmbt_plan plan;
    uint32_t state = dpu_start(d, command) == WMBT_OK ? BUSY : DONE;
    while (state != DONE) {
        board_event event;
        bool came = board_poll(&event);
        state = dpu_enter(d, came ? &event : NULL);
        if (state == IDLE && !came) {
            board_wait(10);
        }
    }
    if (d->r == NULL || d->wrong || wmbt_reader_plan(d->r, &plan) != WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    board_restored(wmbt_view_of(d->rows, sizeof d->rows));
    return 0;
}
