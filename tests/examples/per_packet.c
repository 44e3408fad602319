/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: a DPU's handler that is entered once for each packet and never waits. All state is one
 * struct. Payload does not pass the processor: the receive engine puts rows where they belong and
 * computes their CRC32C on the way; the handler sees the numbers between the rows and the CRCs.
 * Freestanding.
 *
 * This is one rank of a pipeline-parallel engine: it keeps the rows of its layers only. The others
 * are checked all the same, an object is verified as a whole, and they go nowhere.
 *
 * Work of one entry, at most: the bytes of one packet, or WINDOW receive descriptors, or TOKENS
 * tokens hashed, and one step of the reader. Compressed objects, which one call would inflate as a
 * whole, are left to the host's software: the reader has no codec. So are chunked ones: asked for
 * memory, this says no.
 */
#include "board.h"

#define MAX_BLOCKS 8u
#define IN_FLIGHT 2u
#define FIRST_LAYER 0u /* of this rank */
#define END_LAYER 11u
#define WINDOW 16u     /* receive descriptors of a request */
#define TOKENS 64u     /* hashed at once */
#define TIMEOUT 20000u /* ticks */
#define MAX_LAYERS 43u /* of the model */
#define ROWS_BYTES (10u << 20)

/* What the receive engine takes in one go. */
static const wmbt_reader_dma engine = {.max_bytes = 32u << 10, .align = 64};

typedef struct slot {
    bool open;    /* the want is not answered */
    bool waiting; /* a request is under way: bytes before `next` */
    bool found;
    wmbt_want want;
    uint32_t next, end; /* bytes that no request has asked for yet */
    uint32_t serial, since;
} slot;

typedef struct dpu {
    wmbt_reader *r;
    const board_command *command;
    uint32_t tokens; /* taken */
    bool wrong;      /* this program is: give up */
    slot slots[IN_FLIGHT];
    uint8_t key[1024];
    wmbt_reader_place places[MAX_LAYERS * WMBT_EXTENT_KINDS];
    uint64_t memory[(WMBT_READER_BYTES(MAX_BLOCKS, IN_FLIGHT) + 7u) / 8u];
    _Alignas(64) uint8_t rows[ROWS_BYTES]; /* the engine's cache, in memory that it can reach */
} dpu;

/* A caller's status says that this program is wrong. Others are the object's: the reader's affair.
 */
static wmbt_status judge(dpu *d, wmbt_status status)
{
    d->wrong = d->wrong || wmbt_status_is_caller(status);
    return status;
}

static uint32_t tag_of(const dpu *d, const slot *s)
{
    return s->serial * IN_FLIGHT + (uint32_t)(s - d->slots);
}

/* Withdraws a want: what has come is kept, the reader asks for what is missing. */
static void withdraw(dpu *d, slot *s)
{
    /* First: the engine must not write to rows behind the reader's back. */
    board_cancel(tag_of(d, s));
    s->open = false;
    (void)judge(d, wmbt_reader_retry(d->r, &s->want));
}

/* --- asking --------------------------------------------------------------------------------- */

/* Programs the engine for the next pieces of an object. Returns where they end. */
static uint32_t program(dpu *d, const slot *s, uint32_t tag)
{
    uint32_t at = s->next;
    wmbt_piece piece;
    for (uint32_t i = 0; i < WINDOW && at < s->end; i++) {
        if (wmbt_reader_piece(d->r, s->want.object, at, &engine, &piece) != WMBT_OK) {
            return s->end; /* it is not known what follows: feed it */
        }
        uint32_t left = s->end - at;
        uint32_t bytes = piece.bytes < left ? piece.bytes : left;
        if (piece.must_feed == 0u) { /* rows; those without a place are of other ranks */
            board_receive(tag, at, bytes, piece.has_place != 0u ? d->rows + piece.place : NULL);
        }
        at += bytes;
    }
    return at;
}

/* Sends the next request of a want. */
static void request(dpu *d, slot *s)
{
    size_t key_len = 0;
    if (judge(d, wmbt_reader_want_key(d->r, &s->want, wmbt_buf_of(d->key, sizeof d->key),
                                      &key_len)) != WMBT_OK) {
        return;
    }
    s->serial++;
    s->since = board_now();
    s->waiting = true;
    uint32_t tag = tag_of(d, s);
    bool head = s->next < WMBT_READER_HEADER_BYTES; /* is always fed */
    uint32_t to = head ? s->end : program(d, s, tag);
    board_get(tag, wmbt_view_of(d->key, key_len), s->next, to - s->next);
    s->next = to;
}

/* One step without a packet. True if all is settled. */
static bool go_on(dpu *d)
{
    wmbt_want want;
    uint32_t left = d->command->token_count - d->tokens;
    if (left != 0u) {
        uint32_t n = left < TOKENS ? left : TOKENS;
        (void)judge(d, wmbt_reader_tokens(d->r, d->command->tokens + d->tokens, n));
        d->tokens += n;
        if (n == left) {
            (void)judge(d, wmbt_reader_end(d->r, d->tokens));
        }
        return false;
    }
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        slot *s = &d->slots[i];
        if (s->open && !s->waiting) {
            request(d, s);
            return false;
        }
        if (s->open && board_now() - s->since > TIMEOUT) {
            withdraw(d, s);
            return false;
        }
    }
    wmbt_status status = judge(d, wmbt_reader_next_want(d->r, &want));
    if (status == WMBT_OK && want.kind == WMBT_WANT_MEMORY) {
        (void)judge(d, wmbt_reader_fail(d->r, &want, WMBT_UNSUPPORTED_ALGORITHM));
    } else if (status == WMBT_OK) {
        slot *s = &d->slots[want.id]; /* ids are below IN_FLIGHT: presence is not asked about */
        s->open = true;
        s->waiting = false;
        s->found = want.kind == WMBT_WANT_RANGE;
        s->want = want;
        s->next = want.offset;
        s->end = want.offset + want.bytes;
    }
    return status == WMBT_END;
}

/* --- packets -------------------------------------------------------------------------------- */

static void take_packet(dpu *d, const board_event *event)
{
    slot *s = &d->slots[event->tag % IN_FLIGHT];
    size_t taken;
    wmbt_status status = WMBT_OK;
    if (!s->open || tag_of(d, s) != event->tag) {
        return; /* late: of a request that was given up */
    }
    s->since = board_now();
    if (event->what == BOARD_ABSENT) {
        s->open = false;
        (void)judge(d, wmbt_reader_fail(d->r, &s->want, WMBT_MISSING));
        return;
    }
    if (!s->found) {
        s->found = true;
        status = wmbt_reader_found(d->r, &s->want, event->object_bytes);
    }
    if (status == WMBT_OK) {
        status = event->what == BOARD_PLACED
                     ? wmbt_reader_placed(d->r, &s->want, event->offset, event->len, event->crc)
                     : wmbt_reader_feed(d->r, &s->want, event->offset,
                                        wmbt_view_of(event->bytes, event->len), &taken);
    }
    if (status == WMBT_FULL) { /* packets were lost in many places */
        withdraw(d, s);
    } else if (status != WMBT_NEED_MORE &&
               status != WMBT_BAD_ARGUMENT) { /* the latter: came twice */
        s->open = false; /* ok: its next want comes; end: verified; else: what is wrong with it */
        (void)judge(d, status);
    } else if (event->offset + event->len >= s->next) { /* the last packet of the request */
        s->waiting = false;
        if (s->next == s->end) {
            withdraw(d, s); /* and yet bytes are missing */
        }
    }
}

/* What the hardware calls: with a packet, or without one from a timer. True at the end. */
static bool dpu_enter(dpu *d, const board_event *event)
{
    if (event != NULL) {
        take_packet(d, event);
    }
    return go_on(d) || d->wrong;
}

static wmbt_status dpu_start(dpu *d, const board_command *command)
{
    static wmbt_reader_config config; /* zero */
    d->command = command;
    config.chain.dialect = WMBT_CHAIN_DS4;
    config.chain.block_tokens = command->block_tokens;
    config.chain.quant_bits = command->quant_bits;
    config.chain.fingerprint = command->fingerprint;
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.prefix = command->prefix;
    config.name_space = command->name_space;
    config.max_blocks = MAX_BLOCKS;
    config.in_flight = IN_FLIGHT;
    config.max_object_bytes = 64u << 20;
    config.flags = WMBT_READER_TRUST_TAIL;
    config.memory = wmbt_buf_of(d->rows, sizeof d->rows);
    config.places = d->places;
    (void)lay_out_rows(&config, FIRST_LAYER, END_LAYER, d->places);
    return wmbt_reader_init(wmbt_buf_of(d->memory, sizeof d->memory), &config, &d->r);
}

/* The hardware's part: an entry for each packet, and for each tick in which none came. */
int example(const board_command *command)
{
    static dpu d; /* zero */
    wmbt_plan plan;
    bool done = dpu_start(&d, command) != WMBT_OK;
    while (!done) {
        board_event event;
        done = dpu_enter(&d, board_poll(&event) ? &event : NULL);
    }
    if (d.r == NULL || d.wrong || wmbt_reader_plan(d.r, &plan) != WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    board_restored(wmbt_view_of(d.rows, sizeof d.rows));
    return 0;
}
