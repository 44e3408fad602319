/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: an event loop on a host or a DPU's Arm cores. Several objects are in flight, the bytes
 * of each come over several connections and out of order, requests are lost and sent again,
 * compressed and chunked objects are inflated in memory from a pool, and rows are copied to the
 * pages of a cache in which blocks stay for the next prompt.
 *
 * Small tables:
 *
 *     fetches[want id]  what the reader waits for: one open want for each object in flight
 *     requests[]        parts of wants that are under way, each until it has ended
 *     lent[want id]     memory that an object in flight has borrowed
 *     cache             a page for each block, and whose block it is
 *
 * Only feed() writes here, so nothing is written late and quiet() is never called. A late
 * or doubled
 * answer is given to nobody whose want is dead; what the reader has already it refuses.
 */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "wombatkv/zstd.h"

#define IN_FLIGHT 4u
#define FIRST_BYTES (256u << 10) /* of an object: most blocks come in one round trip */
#define PART_BYTES (256u << 10)  /* of a want, for one request */
#define MAX_PARTS 6u             /* requests for one want, */
#define RUNS 24u                 /* whose packets overtake each other */
#define STEP_BYTES (64u << 10)   /* worked on between two looks at the connections */
#define TIMEOUT_MS 4000u         /* without an answer */
#define PAUSE_MS 50u             /* after a failure, doubled each time */
#define MAX_TRIES 6u             /* without a new byte, then the object counts as broken */
#define DEADLINE_MS 600000u      /* then the plan is made of what is there */
#define GIVEN_UP 128             /* statuses from 128 to 255 are the caller's own */
#define MAX_LENT (96u << 20)     /* memory for compressed objects, all together */
#define MAX_OBJECT (64u << 20)
#define PAGES 16u /* of the cache; one is for the tail's rows */
#define MAX_LAYERS 64u

typedef struct fetch {
    bool open;
    bool found; /* the object is there and its size is known */
    wmbt_want want;
    uint32_t next, end; /* bytes that are to be asked for */
    uint32_t parts;     /* requests under way for this want */
    uint32_t object, tries, not_before;
} fetch;

typedef struct request {
    bool open; /* it has not ended */
    uint32_t tag, id, heard;
    uint64_t serial; /* of its want */
} request;

typedef struct loop {
    wmbt_reader *r;
    bool stopped;
    fetch fetches[IN_FLIGHT];
    request requests[BOARD_REQUESTS];
    struct {
        uint8_t *plain, *stored;
        uint32_t bytes, object;
    } lent[IN_FLIGHT];
    uint32_t lent_bytes;
} loop;

/* The engine's cache. Blocks stay in it from one prompt to the next. */
static struct {
    wmbt_reader_place places[MAX_LAYERS * WMBT_EXTENT_KINDS];
    uint8_t *rows;
    size_t rows_bytes;
    uint32_t block_tokens;
    bool used[PAGES];
    wmbt_block_hash block[PAGES];
    uint32_t page[PAGES]; /* of this prompt's blocks, and of its tail */
} cache;

static uint64_t next_serial = 1; /* of wants: goes on from reader to reader */
static uint32_t next_tag;

/* Calls that can fail only if this program is wrong: stale is no failure. */
static wmbt_status must(wmbt_status status)
{
    if (wmbt_status_is_caller(status)) {
        board_print(wmbt_status_name(status));
        abort();
    }
    return status;
}

/* --- memory --------------------------------------------------------------------------------- */

static void take_back(loop *l, uint32_t id)
{
    free(l->lent[id].plain);
    free(l->lent[id].stored);
    l->lent_bytes -= l->lent[id].bytes;
    memset(&l->lent[id], 0, sizeof l->lent[id]);
}

/* Lends what a want asks for. False if the pool is empty for now: others give back when they are
 * done. */
static bool lend(loop *l, uint32_t id)
{
    const wmbt_want *want = &l->fetches[id].want;
    uint64_t bytes = (uint64_t)want->plain_bytes + want->stored_bytes;
    if (want->plain_bytes != 0u) {
        take_back(l, id); /* a restarted object asks anew */
    }
    bool alone = l->lent_bytes == l->lent[id].bytes;
    if (bytes > MAX_LENT - l->lent_bytes && !alone) {
        return false;
    }
    if (want->plain_bytes != 0u) {
        l->lent[id].plain = malloc(want->plain_bytes);
    }
    uint8_t *before = l->lent[id].stored; /* a second question: plain stays, stored is larger */
    l->lent[id].stored = malloc(want->stored_bytes + 1u);
    l->lent[id].object = want->object;
    l->lent[id].bytes += (uint32_t)bytes;
    l->lent_bytes += (uint32_t)bytes;
    if (bytes > MAX_LENT || l->lent[id].plain == NULL || l->lent[id].stored == NULL) {
        (void)must(wmbt_reader_fail(l->r, want, WMBT_TOO_LARGE));
    } else {
        (void)must(wmbt_reader_memory(l->r, want, wmbt_buf_of(l->lent[id].plain, want->plain_bytes),
                                      wmbt_buf_of(l->lent[id].stored, want->stored_bytes)));
    }
    free(before);
    return true;
}

/* --- requests ------------------------------------------------------------------------------- */

/* The fetch that a request is for; NULL if its want is dead. */
static fetch *fetch_of(loop *l, const request *q)
{
    fetch *f = &l->fetches[q->id];
    return f->open && f->want.serial == q->serial ? f : NULL;
}

/* A want is over. What is under way for it is of no use, but it counts until it has ended. */
static void close_fetch(loop *l, fetch *f)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        const request *q = &l->requests[i];
        if (q->open && q->serial == f->want.serial) {
            board_cancel(q->tag);
        }
    }
    f->open = false;
}

/* Withdraws a want. The reader will ask for what is still missing. */
static void withdraw(loop *l, fetch *f)
{
    close_fetch(l, f);
    f->not_before = board_now() + (PAUSE_MS << f->tries);
    if (++f->tries > MAX_TRIES) {
        (void)must(wmbt_reader_fail(l->r, &f->want, GIVEN_UP));
    } else {
        (void)must(wmbt_reader_retry(l->r, &f->want));
    }
}

/* Sends a request for the next part of a want, if a request is free. */
static void send_part(loop *l, fetch *f)
{
    uint8_t key[1024];
    size_t key_len = 0;
    uint32_t i = 0;
    while (l->requests[i].open) {
        if (++i == BOARD_REQUESTS) {
            return;
        }
    }
    uint32_t bytes = f->end - f->next < PART_BYTES ? f->end - f->next : PART_BYTES;
    if (must(wmbt_reader_want_key(l->r, &f->want, wmbt_buf_of(key, sizeof key), &key_len)) !=
        WMBT_OK) {
        f->open = false; /* stale */
        return;
    }
    request *q = &l->requests[i];
    q->open = true;
    q->tag = next_tag++;
    q->id = f->want.id;
    q->serial = f->want.serial;
    q->heard = board_now();
    board_get(q->tag, wmbt_view_of(key, key_len), f->next, bytes);
    f->next += bytes;
    f->parts++;
}

/* Bytes, or what came instead of them. */
static void take_answer(loop *l, fetch *f, const board_event *event)
{
    wmbt_status status = WMBT_NEED_MORE;
    size_t taken = 0;
    if (event->what == BOARD_ABSENT) {
        (void)must(wmbt_reader_fail(l->r, &f->want, WMBT_MISSING));
        close_fetch(l, f);
        return;
    }
    if (event->what == BOARD_FAILED) { /* no miss: 403 and 503 say nothing about the object */
        withdraw(l, f);
        return;
    }
    if (!f->found) {
        f->found = true;
        status = wmbt_reader_found(l->r, &f->want, event->object_bytes);
    }
    if (status == WMBT_NEED_MORE) {
        status = wmbt_reader_feed(l->r, &f->want, event->offset,
                                  wmbt_view_of(event->bytes, event->len), &taken);
        f->tries = taken != 0u ? 0u : f->tries;
    }
    /* Came before; or too many packets overtake each other, or the first of an object is late:
     * as if
     * it had been lost. */
    bool dropped = status == WMBT_BAD_ARGUMENT || status == WMBT_FULL;
    if (status != WMBT_NEED_MORE && !dropped) {
        (void)must(status);
        close_fetch(l, f); /* ok, end, a status of the object, stale: the want is over */
    }
}

static void take_event(loop *l, const board_event *event)
{
    uint32_t i = 0;
    while (!l->requests[i].open || l->requests[i].tag != event->tag) {
        if (++i == BOARD_REQUESTS) {
            return; /* nothing of ours */
        }
    }
    request *q = &l->requests[i];
    fetch *f = fetch_of(l, q);
    q->heard = board_now();
    q->open = event->what != BOARD_ENDED;
    if (f == NULL) {
        return; /* late: its want is dead */
    }
    if (q->open) {
        take_answer(l, f, event);
    } else if (--f->parts == 0u && f->next == f->end) {
        withdraw(l, f); /* all requests have ended, and bytes are missing */
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

static void open_want(loop *l, const wmbt_want *want)
{
    fetch *f = &l->fetches[want->id]; /* below IN_FLIGHT: presence is not asked about */
    if (want->kind == WMBT_WANT_STOP) {
        if (f->open && f->want.serial == want->serial) {
            close_fetch(l, f);
        }
        return;
    }
    if (f->object != want->object) { /* another object */
        f->object = want->object;
        f->tries = 0;
        f->not_before = board_now();
    }
    f->open = true;
    f->found = want->kind != WMBT_WANT_OBJECT;
    f->want = *want;
    f->parts = 0;
    f->next = want->offset;
    f->end = want->offset + want->bytes;
}

/* What can be done for an open want without waiting. True if there may be more. */
static bool work(loop *l, uint32_t id)
{
    fetch *f = &l->fetches[id];
    if (l->lent[id].bytes != 0u && !wmbt_reader_in_flight(l->r, l->lent[id].object)) {
        take_back(l, id);
    }
    if (!f->open) {
        return false;
    }
    if (f->want.kind == WMBT_WANT_MEMORY) {
        f->open = !lend(l, id);
        return !f->open;
    }
    if (f->want.kind == WMBT_WANT_STEP) {
        f->open = must(wmbt_reader_step(l->r, &f->want)) == WMBT_NEED_MORE;
        return true;
    }
    if (f->next != f->end && f->parts < MAX_PARTS && (int32_t)(board_now() - f->not_before) >= 0) {
        send_part(l, f);
    }
    return false;
}

static void look_at_clock(loop *l, uint32_t began)
{
    uint32_t now = board_now();
    if (now - began > DEADLINE_MS && !l->stopped) {
        l->stopped = true;
        wmbt_reader_stop(l->r);
        for (uint32_t id = 0; id < IN_FLIGHT; id++) {
            close_fetch(l, &l->fetches[id]);
        }
    }
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        const request *q = &l->requests[i];
        fetch *f = q->open && now - q->heard > TIMEOUT_MS ? fetch_of(l, q) : NULL;
        if (f != NULL) {
            withdraw(l, f);
        }
    }
}

/* All wants until the reader says end. */
static void run(loop *l)
{
    uint32_t began = board_now();
    for (;;) {
        wmbt_want want;
        board_event event;
        wmbt_status status;
        bool busy = false;
        while ((status = must(wmbt_reader_next_want(l->r, &want))) == WMBT_OK) {
            open_want(l, &want);
        }
        if (status == WMBT_END) {
            return;
        }
        for (uint32_t id = 0; id < IN_FLIGHT; id++) {
            busy = work(l, id) || busy;
        }
        if (board_poll(&event)) {
            take_event(l, &event);
        } else if (!busy) {
            board_wait(10);
        }
        look_at_clock(l, began);
    }
}

/* Ends what is under way: tags and memory are free after it. */
static void shut_down(loop *l)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        if (l->requests[i].open) {
            board_cancel(l->requests[i].tag);
        }
        while (l->requests[i].open) {
            board_event event;
            if (board_poll(&event)) {
                take_event(l, &event);
            } else {
                board_wait(1000);
            }
        }
    }
    for (uint32_t id = 0; id < IN_FLIGHT; id++) {
        take_back(l, id);
    }
}

/* --- the cache ------------------------------------------------------------------------------ */

static bool make_cache(wmbt_reader_config *config, uint32_t block_tokens)
{
    if (cache.rows != NULL && cache.block_tokens == block_tokens) {
        return true;
    }
    free(cache.rows);
    memset(cache.used, 0, sizeof cache.used);
    cache.block_tokens = block_tokens;
    cache.rows_bytes =
        (size_t)lay_out_rows(config, block_tokens, 0, config->shape->layers, cache.places);
    cache.rows = calloc(cache.rows_bytes + 1u, 1);
    return cache.rows != NULL;
}

/* Blocks that are in the cache are resident. The others get pages, and so does the tail. */
static void give_pages(wmbt_reader *r)
{
    bool taken[PAGES] = {false};
    bool here[PAGES] = {false};
    uint32_t blocks = wmbt_reader_blocks(r), page;
    wmbt_block_hash hash;
    for (uint32_t b = 0; b < blocks; b++) {
        if (must(wmbt_reader_block_hash(r, b, &hash)) != WMBT_OK) {
            return;
        }
        for (page = 0; page < PAGES && !here[b]; page++) {
            here[b] = cache.used[page] && !taken[page] &&
                      memcmp(&cache.block[page], &hash, sizeof hash) == 0;
            if (here[b]) {
                taken[page] = true;
                cache.page[b] = page;
                (void)must(wmbt_reader_resident(r, b));
            }
        }
    }
    page = 0;
    for (uint32_t i = 0; i <= blocks; i++) {
        if (here[i]) {
            continue;
        }
        while (taken[page]) {
            page++;
        }
        cache.page[i] = page;
        cache.used[page] = false; /* what it held makes room */
        taken[page] = true;
    }
}

/* What is usable now stays for the next prompt. */
static void keep_pages(const wmbt_reader *r)
{
    board_print("pages:");
    for (uint32_t i = 0; i <= wmbt_reader_blocks(r); i++) {
        uint32_t page = cache.page[i];
        cache.used[page] = i < wmbt_reader_usable_blocks(r) &&
                           wmbt_reader_block_hash(r, i, &cache.block[page]) == WMBT_OK;
        board_print(" ");
        print_number(page);
    }
    board_print("\n");
}

/* --- a prompt ------------------------------------------------------------------------------- */

static void describe(const board_command *command, wmbt_reader_prompt *prompt)
{
    memset(prompt, 0, sizeof *prompt);
    prompt->chain.dialect = WMBT_CHAIN_DS4;
    prompt->chain.block_tokens = command->block_tokens;
    prompt->chain.quant_bits = command->quant_bits;
    prompt->chain.fingerprint = command->fingerprint;
    prompt->prefix = command->prefix;
    prompt->name_space = command->name_space;
    prompt->pages = cache.page;
    prompt->page_count = PAGES;
    prompt->flags = WMBT_READER_TRUST_TAIL;
}

int example(const board_command *command)
{
    static WMBT_MEMORY(zstd_memory, WMBT_ZSTD_WORKSPACE_BYTES);
    static WMBT_MEMORY(memory, WMBT_READER_BYTES_RUNS(PAGES - 1u, IN_FLIGHT, RUNS));
    static wmbt_buf workspace = {zstd_memory, sizeof zstd_memory}; /* used within a call */
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    wmbt_plan plan;
    loop l;
    memset(&l, 0, sizeof l);
    memset(&config, 0, sizeof config);
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.max_blocks = PAGES - 1u;
    config.in_flight = IN_FLIGHT;
    config.max_object_bytes = MAX_OBJECT;
    config.first_bytes = FIRST_BYTES;
    config.runs = RUNS;
    config.step_bytes = STEP_BYTES;
    config.codec.decode = wmbt_zstd_codec;
    config.codec.step = wmbt_zstd_codec_step;
    config.codec.context = &workspace;
    if (config.shape->layers > MAX_LAYERS || !make_cache(&config, command->block_tokens)) {
        return 1;
    }
    config.places = cache.places;
    config.memory = wmbt_buf_of(cache.rows, cache.rows_bytes);
    describe(command, &prompt);
    (void)must(wmbt_reader_init(wmbt_buf_of(memory, sizeof memory), &config, next_serial, &l.r));
    (void)must(wmbt_reader_start(l.r, &prompt));
    (void)must(wmbt_reader_tokens(l.r, command->tokens, command->token_count));
    (void)must(wmbt_reader_end(l.r, command->token_count));
    give_pages(l.r);
    run(&l);
    (void)must(wmbt_reader_plan(l.r, &plan));
    print_plan(&plan);
    keep_pages(l.r);
    board_restored(wmbt_view_of(cache.rows, cache.rows_bytes));
    shut_down(&l);
    next_serial = wmbt_reader_serial(l.r);
    return 0;
}
