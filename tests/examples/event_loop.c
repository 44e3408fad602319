/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: an event loop on a host or a DPU's Arm cores. Several objects are in flight, the bytes
 * of each come over several queues and out of order, requests are lost and sent again, compressed
 * and chunked objects are inflated in memory from a pool, and rows are copied to where the engine
 * wants them.
 *
 * Three small tables:
 *
 *     fetches[want id]  what the reader waits for: one open want for each object in flight
 *     requests[tag]     parts of wants that are under way, each with a deadline
 *     lent[want id]     memory that an object in flight has borrowed
 *
 * The reader is not told about queues, parts or time: it refuses what it has already, and what is
 * of a want that was withdrawn, so late and doubled answers need no care here.
 */
#include <stdlib.h>

#include "board.h"
#include "wombatkv/zstd.h"

#define IN_FLIGHT 4u
#define PART_BYTES (256u << 10) /* of a want, for one request */
#define MAX_PARTS 6u         /* requests for one want: it keeps up to eight runs of bytes apart */
#define TIMEOUT 20000u       /* ticks of board_now() without an answer */
#define MAX_TRIES 5u         /* without a new byte, then the object counts as broken */
#define TIMED_OUT 128        /* statuses from 128 to 255 are the caller's own */
#define MAX_LENT (96u << 20) /* memory for compressed objects, all together */
#define MAX_OBJECT (64u << 20)

typedef struct fetch {
    bool open;
    bool found;         /* the object is there and its size is known */
    wmbt_want want;     /* memory: waits for the pool */
    uint32_t next, end; /* bytes that are to be asked for */
    uint32_t parts;     /* requests under way */
    uint32_t most;      /* parts at once */
    uint32_t object, tries;
} fetch;

typedef struct request {
    bool open;
    uint32_t serial; /* with its number, the tag: answers to an earlier request are known by it */
    uint32_t fetch, end, deadline;
} request;

typedef struct loop {
    wmbt_reader *r;
    fetch fetches[IN_FLIGHT];
    request requests[BOARD_REQUESTS];
    struct {
        uint8_t *raw, *stored;
        uint32_t bytes, object;
    } lent[IN_FLIGHT];
    uint32_t lent_bytes;
} loop;

/* Calls that can fail only if this program is wrong. */
static void must(wmbt_status status)
{
    if (status != WMBT_OK) {
        board_print(wmbt_status_name(status));
        abort();
    }
}

/* --- memory --------------------------------------------------------------------------------- */

static void take_back(loop *l, uint32_t id)
{
    free(l->lent[id].raw);
    free(l->lent[id].stored);
    l->lent_bytes -= l->lent[id].bytes;
    l->lent[id].raw = l->lent[id].stored = NULL;
    l->lent[id].bytes = 0;
}

/* Lends what a want asks for. False if the pool is empty for now: others give back when they are
 * done. */
static bool lend(loop *l, uint32_t id)
{
    const wmbt_want *want = &l->fetches[id].want;
    uint64_t bytes = (uint64_t)want->raw_bytes + want->stored_bytes;
    if (want->raw_bytes != 0u) {
        take_back(l, id); /* a restarted object asks anew */
    }
    bool alone = l->lent_bytes == l->lent[id].bytes;
    if (bytes > MAX_LENT - l->lent_bytes && !alone) {
        return false;
    }
    if (want->raw_bytes != 0u) {
        l->lent[id].raw = malloc(want->raw_bytes);
    }
    free(l->lent[id].stored); /* a second question: raw stays, stored is to be larger */
    l->lent[id].stored = malloc(want->stored_bytes + 1u);
    l->lent[id].object = want->object;
    l->lent[id].bytes += (uint32_t)bytes;
    l->lent_bytes += (uint32_t)bytes;
    if (bytes > MAX_LENT || l->lent[id].raw == NULL || l->lent[id].stored == NULL) {
        must(wmbt_reader_fail(l->r, want, WMBT_TOO_LARGE));
    } else { /* any status but a caller's is the object's, and the reader's affair */
        (void)!wmbt_reader_memory(l->r, want, wmbt_buf_of(l->lent[id].raw, want->raw_bytes),
                                  wmbt_buf_of(l->lent[id].stored, want->stored_bytes));
    }
    return true;
}

/* --- requests ------------------------------------------------------------------------------- */

/* Withdraws a want and what is under way for it. The reader will ask for what is still missing. */
static void withdraw(loop *l, uint32_t id)
{
    fetch *f = &l->fetches[id];
    f->open = false;
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        if (l->requests[i].open && l->requests[i].fetch == id) {
            board_cancel(l->requests[i].serial * BOARD_REQUESTS + (uint32_t)i);
            l->requests[i].open = false; /* what comes of it all the same is late */
        }
    }
    if (++f->tries > MAX_TRIES) {
        must(wmbt_reader_fail(l->r, &f->want, TIMED_OUT));
    } else {
        must(wmbt_reader_retry(l->r, &f->want));
    }
}

/* Sends a request for the next part of a want. False if no request is free. */
static bool send_part(loop *l, uint32_t id)
{
    uint8_t key[1024];
    size_t key_len = 0;
    uint32_t i = 0;
    while (l->requests[i].open) {
        if (++i == BOARD_REQUESTS) {
            return false;
        }
    }
    fetch *f = &l->fetches[id];
    request *q = &l->requests[i];
    uint32_t bytes = f->end - f->next < PART_BYTES ? f->end - f->next : PART_BYTES;
    must(wmbt_reader_want_key(l->r, &f->want, wmbt_buf_of(key, sizeof key), &key_len));
    q->open = true;
    q->serial++;
    q->fetch = id;
    q->end = f->next + bytes;
    q->deadline = board_now() + TIMEOUT;
    board_get(q->serial * BOARD_REQUESTS + i, wmbt_view_of(key, key_len), f->next, bytes);
    f->next += bytes;
    f->parts++;
    return true;
}

static void take_event(loop *l, const board_event *event)
{
    request *q = &l->requests[event->tag % BOARD_REQUESTS];
    if (!q->open || q->serial != event->tag / BOARD_REQUESTS) {
        return; /* late: its want was withdrawn */
    }
    uint32_t id = q->fetch;
    fetch *f = &l->fetches[id];
    wmbt_status status = WMBT_OK;
    size_t taken;
    q->deadline = board_now() + TIMEOUT;
    if (event->what == BOARD_ABSENT) {
        q->open = f->open = false;
        must(wmbt_reader_fail(l->r, &f->want, WMBT_MISSING));
        return;
    }
    if (!f->found) {
        f->found = true;
        status = wmbt_reader_found(l->r, &f->want, event->object_bytes);
    }
    if (status == WMBT_OK) {
        status = wmbt_reader_feed(l->r, &f->want, event->offset,
                                  wmbt_view_of(event->bytes, event->len), &taken);
    }
    if (status == WMBT_NEED_MORE) {
        f->tries = 0; /* something new came */
    }
    if (event->offset + event->len >= q->end) { /* its last packet */
        q->open = false;
        f->parts--;
    }
    if (status == WMBT_FULL) { /* packets are missing in many places: fill them one by one */
        f->most = 1;
        withdraw(l, id);
    } else if (status != WMBT_NEED_MORE &&
               status != WMBT_BAD_ARGUMENT) { /* the latter: came twice */
        q->open = f->open = false; /* ok, end, or a status of the object: the want is done */
    } else if (f->parts == 0u && f->next == f->end) {
        withdraw(l, id); /* all requests have been served, and packets are missing */
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

/* Opens all wants that there are. False at the end. */
static bool open_wants(loop *l)
{
    wmbt_want want;
    wmbt_status status;
    while ((status = wmbt_reader_next_want(l->r, &want)) == WMBT_OK) {
        fetch *f = &l->fetches[want.id]; /* less than IN_FLIGHT: presence is not asked about */
        if (f->object != want.object || f->most == 0u) { /* another object */
            f->object = want.object;
            f->most = MAX_PARTS;
            f->tries = 0;
        }
        f->open = true;
        f->found = want.kind != WMBT_WANT_OBJECT;
        f->want = want;
        f->parts = 0;
        f->next = want.offset;
        f->end = want.offset + want.bytes;
    }
    return status != WMBT_END;
}

static void step(loop *l)
{
    board_event event;
    for (uint32_t id = 0; id < IN_FLIGHT; id++) {
        fetch *f = &l->fetches[id];
        if (l->lent[id].bytes != 0u && !wmbt_reader_in_flight(l->r, l->lent[id].object)) {
            take_back(l, id);
        }
        if (f->open && f->want.kind == WMBT_WANT_MEMORY) {
            f->open = !lend(l, id);
        } else if (f->open && f->next != f->end && f->parts < f->most) {
            (void)send_part(l, id);
        }
    }
    if (board_poll(&event)) {
        take_event(l, &event);
    }
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        const request *q = &l->requests[i];
        if (q->open && (int32_t)(board_now() - q->deadline) > 0) {
            withdraw(l, q->fetch);
        }
    }
}

int example(const board_command *command)
{
    static const loop fresh;
    static uint64_t
        zstd_memory[WMBT_ZSTD_WORKSPACE_BYTES / 8u]; /* one for all: used within a call */
    wmbt_buf workspace = wmbt_buf_of(zstd_memory, sizeof zstd_memory);
    const wmbt_shape *shape = &wmbt_shape_deepseek_v4_flash;
    uint32_t max_blocks = command->token_count / command->block_tokens + 1u;
    size_t bytes = WMBT_READER_BYTES(max_blocks, IN_FLIGHT);
    void *memory = malloc(bytes);
    wmbt_reader_place *places = calloc(shape->layers * WMBT_EXTENT_KINDS, sizeof *places);
    if (memory == NULL || places == NULL) {
        return 1;
    }
    wmbt_reader_config config = {0};
    config.chain.dialect = WMBT_CHAIN_DS4;
    config.chain.block_tokens = command->block_tokens;
    config.chain.quant_bits = command->quant_bits;
    config.chain.fingerprint = command->fingerprint;
    config.shape = shape;
    config.prefix = command->prefix;
    config.name_space = command->name_space;
    config.max_blocks = max_blocks;
    config.in_flight = IN_FLIGHT;
    config.max_object_bytes = MAX_OBJECT;
    config.flags = WMBT_READER_TRUST_TAIL;
    config.places = places;
    config.codec.decode = wmbt_zstd_codec;
    config.codec.context = &workspace;
    size_t rows_bytes = (size_t)lay_out_rows(&config, 0, shape->layers, places);
    uint8_t *rows = calloc(rows_bytes, 1);
    if (rows == NULL) {
        return 1;
    }
    config.memory = wmbt_buf_of(rows, rows_bytes);

    loop l = fresh;
    wmbt_plan plan;
    must(wmbt_reader_init(wmbt_buf_of(memory, bytes), &config, &l.r));
    must(wmbt_reader_tokens(l.r, command->tokens, command->token_count));
    must(wmbt_reader_end(l.r, command->token_count));
    while (open_wants(&l)) {
        step(&l);
    }
    must(wmbt_reader_plan(l.r, &plan));
    print_plan(&plan);
    board_restored(wmbt_view_of(rows, rows_bytes));
    for (uint32_t id = 0; id < IN_FLIGHT; id++) {
        take_back(&l, id);
    }
    free(rows);
    free(places);
    free(memory);
    return 0;
}
