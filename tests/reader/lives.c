/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lives of a reader with an engine beside it: lives [LIVES [FIRST-SEED]]. Written from reader.h
 * alone, it predicts no status; it holds the reader to what it promises, whatever is called when.
 *
 * The engine writes what it was asked for, to where it was asked for, at any moment until
 * its request
 * has ended: after the want is complete, dead, or of an earlier prompt, and again after it was told
 * of. quiet() is said when no request of the slot is left, sooner or later. Then
 *
 *   - a call writes to the places of its own object only (the engine to where it was told), what
 *     lies between the places is never written, and lent memory not after it is back
 *   - while a slot's requests go on, nothing that it was lent is lent to another
 *   - end is not said while a request goes on; after it no byte changes, whatever is called
 *   - rows that the plan loads are their object's
 *   - every want that was handed out ends: by a call about it, or by a stop that is told once
 *   - the table of statuses holds for every call, old and invented wants are stale
 *   - every life ends with a plan
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stock.h"

#define TAIL WMBT_READER_TAIL
#define MAX_IN_FLIGHT 4u
#define MAX_RUNS 24u
#define MAX_REQUESTS 48u
#define MAX_OLD 32u
#define MAX_LENT 64u
#define PAGES (STOCK_BLOCKS + 3u)
#define LAYERS 4u
#define PLACES (LAYERS * WMBT_EXTENT_KINDS)
#define ROWS_BYTES (96u << 10)
#define UNTOUCHED 0xA5
#define GONE 0xDD
#define JUNK 0x5A

/* A want that the caller holds. */
typedef struct held {
    bool open;
    bool found;
    bool dead;  /* a call said stale: a stop must come */
    bool asked; /* a want was handed out since the last quiet: something may write */
    wmbt_want want;
} held;

/* What the engine was asked for. */
typedef struct request {
    bool open;
    bool done; /* written at least once */
    uint32_t id, object, offset, len;
    wmbt_want want;
    uint8_t *to; /* NULL: the bytes go nowhere */
    bool collected;
    const uint8_t *bytes;
    bool junk; /* may be written: its object was refused, or begins anew */
} request;

typedef struct lent {
    uint8_t *bytes;
    size_t len;
    uint32_t object, id;
    bool back;
    bool orphan; /* of an earlier prompt: back when its slot is quiet */
} lent;

typedef struct tally {
    uint64_t plans, tails, stops, stales, residents, late, steps, received, placed, full, usable;
} tally;

static struct life {
    uint32_t seed, state, step;
    const char *doing;
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    wmbt_reader *r;
    bool engine; /* WMBT_READER_LATE_WRITES */
    bool watch;  /* compare the rows around each call */
    bool over;   /* end was said */
    bool fair;   /* no more mischief */
    uint32_t tokens, given;
    uint64_t first_serial; /* of the prompt */
    uint32_t page[PAGES];
    wmbt_reader_place place[PLACES];
    size_t rows_len;
    held held[MAX_IN_FLIGHT + 1u];
    request request[MAX_REQUESTS];
    wmbt_want old[MAX_OLD];
    uint32_t olds;
    lent lent[MAX_LENT];
    uint32_t lents;
    bool asked_quiet[MAX_IN_FLIGHT];
    stock_judge judge;
    tally *tally;
} life;

static stock store;
static uint8_t rows[ROWS_BYTES], before[ROWS_BYTES], mine[ROWS_BYTES];
static WMBT_MEMORY(reader_memory, WMBT_READER_BYTES_RUNS(STOCK_BLOCKS, MAX_IN_FLIGHT, MAX_RUNS));
static WMBT_MEMORY(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
static wmbt_buf workspace_buf = {workspace, sizeof workspace};
static wmbt_codec codec;

static const wmbt_shape_layer layers[LAYERS] = {{0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}};
static const wmbt_shape shape = {layers, LAYERS, 6, 3, 4, 3};

static void fail_at(int line, const char *what)
{
    fprintf(stderr, "lives.c:%d: seed %u, step %u, %s: %s\n", line, (unsigned)life.seed,
            (unsigned)life.step, life.doing, what);
    abort();
}
#define CHECK(condition)                   \
    do {                                   \
        if (!(condition)) {                \
            fail_at(__LINE__, #condition); \
        }                                  \
    } while (0)

static uint32_t draw(uint32_t n)
{
    return (wmbt_test_random(&life.state) >> 6) % n;
}

static bool one_in(uint32_t n)
{
    return draw(n) == 0u;
}

/* --- places ----------------------------------------------------------------------------------- */

static uint32_t block_bytes(uint32_t layer, uint32_t kind)
{
    uint32_t ratio = layers[layer].ratio;
    bool index = kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
    uint32_t row = wmbt_shape_row_bytes(&shape, layer, kind);
    if (kind == WMBT_EXTENT_RAW) {
        return shape.window * row;
    }
    if (kind == WMBT_EXTENT_FIELD || ratio == 0u || (index && layers[layer].has_index == 0u)) {
        return 0;
    }
    return row * (kind < WMBT_EXTENT_RAW ? life.prompt.chain.block_tokens / ratio
                                         : wmbt_shape_state_rows(&shape, layer));
}

static void lay_out(void)
{
    uint64_t at = 8;
    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t layer = i / WMBT_EXTENT_KINDS, kind = i % WMBT_EXTENT_KINDS;
        uint32_t bytes = block_bytes(layer, kind);
        wmbt_reader_place *p = &life.place[i];
        p->offset = at;
        p->wanted = bytes != 0u && !one_in(5) ? 1u : 0u;
        p->stride = one_in(2) || kind >= WMBT_EXTENT_RAW ? 0u : bytes + draw(9);
        at +=
            (kind < WMBT_EXTENT_RAW ? PAGES : 1u) * (uint64_t)(p->stride != 0u ? p->stride : bytes);
        at += draw(9);
    }
    life.rows_len = (size_t)at + 8u;
    CHECK(life.rows_len <= ROWS_BYTES);
}

static uint32_t page_of(uint32_t index)
{
    return life.prompt.pages != NULL ? life.page[index] : index;
}

/* Where an extent's rows belong; NULL: nowhere. `index`: the block, or for a tail the
 * usable ones. */
static uint8_t *spot(const wmbt_extent *x, uint32_t index)
{
    if (x->kind == WMBT_EXTENT_FIELD) {
        return NULL;
    }
    const wmbt_reader_place *p = &life.place[x->layer * WMBT_EXTENT_KINDS + x->kind];
    uint32_t stride = p->stride != 0u ? p->stride : block_bytes(x->layer, x->kind);
    uint8_t *at = rows + p->offset + (x->kind < WMBT_EXTENT_RAW ? page_of(index) * stride : 0u);
    return p->wanted != 0u ? at : NULL;
}

typedef void each_extent(const wmbt_extent *x, uint8_t *to, wmbt_view plain);

static void of_block(uint32_t block, wmbt_view plain, each_extent *each)
{
    wmbt_kvblock_walk walk;
    wmbt_body_part part;
    CHECK(wmbt_kvblock_walk_init(&walk, &shape, life.prompt.chain.block_tokens) == WMBT_OK);
    while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
        uint8_t *to = spot(&part.extent, block);
        if (to != NULL) {
            each(&part.extent, to, plain);
        }
    }
}

static void of_tail(uint32_t usable, const wmbt_rawtail_info *info, wmbt_view plain,
                    each_extent *each)
{
    wmbt_rawtail_walk walk;
    wmbt_body_part part;
    CHECK(wmbt_rawtail_walk_init(&walk, &shape, info->total_tokens, info->raw_rows,
                                 info->block_end) == WMBT_OK);
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        uint8_t *to = spot(&part.extent, usable);
        if (to != NULL) {
            each(&part.extent, to, plain);
        }
    }
}

static void put(const wmbt_extent *x, uint8_t *to, wmbt_view plain)
{
    memcpy(to, plain.data + x->offset, x->bytes);
}

static void compare(const wmbt_extent *x, uint8_t *to, wmbt_view plain)
{
    CHECK(memcmp(to, plain.data + x->offset, x->bytes) == 0);
}

static void mark(const wmbt_extent *x, uint8_t *to, wmbt_view plain)
{
    (void)plain;
    memset(mine + (to - rows), 1, x->bytes);
}

/* Marks where an object may write: a tail of whatever numbers. */
static void mark_object(uint32_t object)
{
    memset(mine, 0, life.rows_len);
    if (object != TAIL) {
        of_block(object, wmbt_view_of(NULL, 0), mark);
        return;
    }
    uint32_t usable = wmbt_reader_usable_blocks(life.r);
    for (uint32_t i = 0; i < PLACES; i++) {
        wmbt_extent x = {0};
        x.layer = i / WMBT_EXTENT_KINDS;
        x.kind = i % WMBT_EXTENT_KINDS;
        x.bytes = block_bytes(x.layer, x.kind);
        uint8_t *to = x.bytes != 0u ? spot(&x, usable) : NULL;
        if (to != NULL) {
            mark(&x, to, wmbt_view_of(NULL, 0));
        }
    }
}

/* --- around a call ---------------------------------------------------------------------------- */

static void begin(const char *doing)
{
    life.doing = doing;
    if (life.watch || life.over) {
        memcpy(before, rows, life.rows_len);
    }
}

/* A call about an object has written to its places only; after the end to none. */
static void wrote_to(uint32_t object)
{
    if (life.over) {
        CHECK(memcmp(before, rows, life.rows_len) == 0);
    } else if (life.watch && memcmp(before, rows, life.rows_len) != 0) {
        mark_object(object);
        for (size_t i = 0; i < life.rows_len; i++) {
            CHECK(mine[i] != 0u || before[i] == rows[i]);
        }
    }
}

static bool is_open(const wmbt_want *want)
{
    wmbt_want now;
    wmbt_status status = wmbt_reader_want_of(life.r, want->serial, &now);
    CHECK(status == WMBT_OK || status == WMBT_STALE);
    CHECK(status != WMBT_OK || memcmp(&now, want, sizeof now) == 0);
    return status == WMBT_OK;
}

/* Nothing that the requests of a slot bring is of use any more, unless their object is verified:
 * junk may come of them. */
static void let_junk(uint32_t id)
{
    for (uint32_t i = 0; i < MAX_REQUESTS; i++) {
        request *q = &life.request[i];
        wmbt_reader_object state;
        if (q->open && q->id == id &&
            wmbt_reader_object_state(life.r, q->object, &state) == WMBT_OK &&
            state.status != WMBT_OK) {
            q->junk = true;
        }
    }
}

/* The caller's side of the table: what a call about a want said. */
static void told(const wmbt_want *want, wmbt_status status)
{
    held *h = &life.held[want->id < life.config.in_flight ? want->id : life.config.in_flight];
    bool mine_now = h->open && h->want.serial == want->serial;
    bool open = is_open(want);
    switch (status) {
    case WMBT_NEED_MORE: CHECK(open && mine_now); return;
    case WMBT_FULL: life.tally->full++; /* fall through */
    case WMBT_BAD_ARGUMENT:
    case WMBT_BUFFER_TOO_SMALL:
    case WMBT_COLLECTED:
    case WMBT_BAD_STATE: CHECK(open && mine_now && !wmbt_reader_settles(status)); return;
    case WMBT_STALE:
        CHECK(!open);
        life.tally->stales++;
        h->dead = h->dead || mine_now;
        return;
    default: break;
    }
    CHECK(mine_now && !open && !h->dead);
    CHECK(status == WMBT_OK || wmbt_reader_settles(status));
    CHECK(status == WMBT_OK || status == WMBT_END || status >= 32);
    if (status != WMBT_OK && status != WMBT_END) {
        let_junk(want->id);
    }
    h->open = false;
}

/* --- the store -------------------------------------------------------------------------------- */

/* What is stored of the object, or of the chunk, that a want is about. */
static wmbt_view stored_of(const wmbt_want *want)
{
    uint8_t key[300], whole[300];
    size_t len = 0, whole_len = 0;
    const stock_object *o;
    uint32_t usable = wmbt_reader_usable_blocks(life.r);
    if (wmbt_reader_want_key(life.r, want, wmbt_buf_of(key, sizeof key), &len) != WMBT_OK ||
        wmbt_reader_object_key(life.r, want->object, wmbt_buf_of(whole, sizeof whole),
                               &whole_len) != WMBT_OK) {
        return wmbt_view_of(NULL, 0);
    }
    o = want->object == TAIL ? &store.tail[usable - 1u] : &store.block[want->object];
    bool chunk = len != whole_len || memcmp(key, whole, len) != 0;
    return o->source[chunk ? 1u : 0u];
}

static bool truth_of(uint32_t object, stock_truth *truth)
{
    uint32_t usable = wmbt_reader_usable_blocks(life.r);
    stock_read(object == TAIL ? &store.tail[usable - 1u] : &store.block[object], &life.judge,
               object, object == TAIL, truth);
    return truth->status == WMBT_OK;
}

/* --- the engine ------------------------------------------------------------------------------- */

static bool under_way(uint32_t id)
{
    for (uint32_t i = 0; i < MAX_REQUESTS; i++) {
        if (life.request[i].open && life.request[i].id == id) {
            return true;
        }
    }
    return false;
}

static bool any_under_way(void)
{
    bool any = false;
    for (uint32_t id = 0; id < MAX_IN_FLIGHT; id++) {
        any = any || under_way(id);
    }
    return any;
}

/* Asks the engine for a piece of an open want. */
static void program(const held *h)
{
    wmbt_view bytes = stored_of(&h->want);
    uint32_t at = h->want.offset + draw(h->want.bytes), n = 1u + draw(80), i = 0;
    wmbt_piece piece;
    wmbt_buf room;
    while (life.request[i].open) {
        if (++i == MAX_REQUESTS) {
            return;
        }
    }
    request *q = &life.request[i];
    memset(q, 0, sizeof *q);
    q->collected = h->want.collected != 0u;
    uint32_t end = h->want.offset + h->want.bytes;
    if (q->collected) {
        if (wmbt_reader_room(life.r, &h->want, &room) != WMBT_OK) {
            return; /* the header comes first */
        }
        CHECK(room.len == h->want.bytes);
        q->to = room.data + (at - h->want.offset);
        n = n < end - at ? n : end - at;
    } else {
        if (wmbt_reader_piece(life.r, h->want.object, at, NULL, &piece) != WMBT_OK ||
            piece.must_feed != 0u) {
            return;
        }
        n = n < piece.bytes ? n : piece.bytes;
        n = n < end - at ? n : end - at;
        q->to = piece.has_place != 0u ? rows + piece.place : NULL;
        CHECK(piece.has_place == 0u ||
              (piece.place <= life.rows_len && n <= life.rows_len - piece.place));
    }
    if (at >= bytes.len || n > bytes.len - at) {
        return; /* the store has fewer bytes than somebody said */
    }
    q->open = true;
    q->id = h->want.id;
    q->object = h->want.object;
    q->want = h->want;
    q->offset = at;
    q->len = n;
    q->bytes = bytes.data + at;
}

/* The engine does something, at any moment until the request ends. */
static void run_engine(request *q)
{
    uint32_t how = draw(life.fair ? 3u : 5u);
    if (how == 4u) {
        q->open = false; /* the request has ended */
        return;
    }
    if (how < 3u) {
        life.tally->late += is_open(&q->want) ? 0u : 1u;
        if (q->to != NULL) {
            memcpy(q->to, q->bytes, q->len);
            if (q->junk) {
                memset(q->to, JUNK, q->len);
            }
        }
        q->done = true;
    }
    if (q->done && (how >= 2u || life.fair)) { /* told of, maybe a second time */
        begin("placed or received");
        wmbt_status status =
            q->collected ? wmbt_reader_received(life.r, &q->want, q->offset, q->len)
                         : wmbt_reader_placed(life.r, &q->want, q->offset, q->len,
                                              wmbt_crc32c(0, wmbt_view_of(q->bytes, q->len)));
        wrote_to(q->object);
        life.tally->received += q->collected && status == WMBT_NEED_MORE ? 1u : 0u;
        life.tally->placed += !q->collected && status == WMBT_NEED_MORE ? 1u : 0u;
        told(&q->want, status);
        q->open = q->open && !(life.fair || one_in(2));
    }
}

static void mark_back(lent *x)
{
    x->back = true;
    memset(x->bytes, GONE, x->len + 1u);
}

static void say_quiet(uint32_t id)
{
    if (id < life.config.in_flight && !under_way(id)) {
        life.doing = "quiet";
        wmbt_reader_quiet(life.r, id);
        if (!life.held[id].open) { /* on an open one nothing changes */
            life.held[id].asked = false;
        }
        for (uint32_t i = 0; i < life.lents; i++) {
            if (life.lent[i].orphan && life.lent[i].id == id && !life.lent[i].back) {
                mark_back(&life.lent[i]);
            }
        }
    }
}

/* --- memory that is lent ---------------------------------------------------------------------- */

static wmbt_buf lend(const wmbt_want *want, size_t n)
{
    CHECK(life.lents < MAX_LENT);
    lent *x = &life.lent[life.lents++];
    x->bytes = malloc(n + 1u);
    CHECK(x->bytes != NULL);
    memset(x->bytes, JUNK, n + 1u);
    x->len = n;
    x->object = want->object;
    x->id = want->id;
    x->back = false;
    x->orphan = false;
    return wmbt_buf_of(x->bytes, n);
}

/* What is lent for an object that is in flight no more is the caller's again. */
static void take_back(void)
{
    for (uint32_t i = 0; i < life.lents; i++) {
        if (!life.lent[i].back && !life.lent[i].orphan &&
            !wmbt_reader_in_flight(life.r, life.lent[i].object)) {
            mark_back(&life.lent[i]);
        }
    }
}

static void check_lent(void)
{
    for (uint32_t i = 0; i < life.lents; i++) {
        const lent *x = &life.lent[i];
        CHECK(x->bytes[x->len] == (x->back ? GONE : JUNK));
        for (size_t k = 0; x->back && k < x->len; k++) {
            CHECK(x->bytes[k] == GONE);
        }
    }
}

static void free_lent(void)
{
    check_lent();
    for (uint32_t i = 0; i < life.lents; i++) {
        free(life.lent[i].bytes);
    }
    life.lents = 0;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void remember(const wmbt_want *want)
{
    for (uint32_t i = 0; i < MAX_OLD && i < life.olds; i++) {
        CHECK(life.old[i].serial < want->serial);
    }
    life.old[life.olds++ % MAX_OLD] = *want;
}

static void take_stop(const wmbt_want *want)
{
    held *h = &life.held[want->id];
    bool memory = false;
    for (uint32_t i = 0; i < life.lents; i++) {
        memory = memory || (!life.lent[i].orphan && life.lent[i].object == want->object);
    }
    CHECK(!is_open(want));
    CHECK(h->want.serial == want->serial && h->want.object == want->object);
    /* Of a slot without an open want it tells that memory is back, or that the slot is to become
     * quiet. */
    CHECK(h->open || memory || life.engine);
    h->open = false;
    let_junk(want->id);
    life.tally->stops++;
}

static wmbt_status next_want(void)
{
    wmbt_want want;
    begin("next_want");
    wmbt_status status = wmbt_reader_next_want(life.r, &want);
    wrote_to(TAIL);
    CHECK(status == WMBT_OK || status == WMBT_NEED_MORE || status == WMBT_END);
    if (status == WMBT_END) {
        CHECK(!any_under_way());
        for (uint32_t i = 0; i <= life.config.in_flight; i++) {
            CHECK(!life.held[i].open);
        }
        take_back();
        for (uint32_t i = 0; i < life.lents; i++) {
            CHECK(life.lent[i].back);
        }
        life.over = true;
    }
    if (status != WMBT_OK) {
        return status;
    }
    CHECK(!life.over && want.id <= life.config.in_flight);
    if (want.kind == WMBT_WANT_STOP) {
        take_stop(&want);
        return status;
    }
    held *h = &life.held[want.id];
    CHECK(!h->open && is_open(&want));
    CHECK(want.collected == 0u || want.object < STOCK_BLOCKS || want.object == TAIL);
    for (uint32_t i = 0; i < MAX_REQUESTS; i++) {
        const request *q = &life.request[i];
        if (q->open) { /* what goes on is of this prompt, and of this object or another place */
            CHECK(q->want.serial >= life.first_serial);
            CHECK(q->id != want.id || q->object == want.object);
            CHECK(want.object != TAIL || q->object != wmbt_reader_usable_blocks(life.r));
        }
    }
    remember(&want);
    h->open = true;
    h->asked = true;
    h->dead = false;
    h->found = want.kind == WMBT_WANT_RANGE;
    h->want = want;
    return status;
}

static void call_found(held *h, uint64_t bytes)
{
    wmbt_want want = h->want;
    begin("found");
    wmbt_status status = wmbt_reader_found(life.r, &want, bytes);
    wrote_to(want.object);
    h->found = h->found || status == WMBT_NEED_MORE;
    told(&want, status);
}

static void call_feed(const wmbt_want *want, uint32_t at, wmbt_view bytes)
{
    static uint8_t copy[STOCK_OBJECT_BYTES];
    size_t taken = 4711;
    CHECK(bytes.len <= sizeof copy);
    memcpy(copy, bytes.data, bytes.len);
    if (!life.fair && one_in(100) && bytes.len != 0u) {
        copy[draw((uint32_t)bytes.len)] ^= 0x14u; /* two bits: does not mend what stock.c damaged */
    }
    begin("feed");
    wmbt_status status = wmbt_reader_feed(life.r, want, at, wmbt_view_of(copy, bytes.len), &taken);
    wrote_to(want->object);
    CHECK(!wmbt_status_is_error(status) || taken == 4711u);
    told(want, status);
}

static void call_memory(const wmbt_want *want)
{
    bool small = !life.fair && one_in(8);
    size_t stored = want->stored_bytes - (small && want->stored_bytes != 0u ? 1u : 0u);
    if (life.lents + 2u > MAX_LENT) {
        return;
    }
    uint32_t first = life.lents;
    wmbt_buf plain = lend(want, want->plain_bytes);
    wmbt_buf room = lend(want, stored);
    begin("memory");
    wmbt_status status = wmbt_reader_memory(life.r, want, plain, room);
    wrote_to(want->object);
    if (status == WMBT_STALE || wmbt_status_is_caller(status)) { /* nothing was taken */
        mark_back(&life.lent[first]);
        mark_back(&life.lent[first + 1u]);
    } else if (want->plain_bytes == 0u) {
        mark_back(&life.lent[first]); /* it was not asked for */
    }
    told(want, status);
}

static void call_presence(const wmbt_want *want)
{
    uint8_t bits[1] = {0};
    for (uint32_t i = 0; i < want->blocks; i++) {
        bool there = store.block[want->object + i].source[0].data != NULL;
        bits[0] |= (uint8_t)(there ? 1u << i : 0u);
    }
    begin("presence");
    told(want, wmbt_reader_presence(life.r, want, wmbt_view_of(bits, 1)));
}

static void call_end(held *h, uint32_t how)
{
    static const int statuses[] = {WMBT_MISSING, WMBT_BAD_DIGEST, 128, 200};
    wmbt_want want = h->want;
    wmbt_status status;
    begin(how < 2u ? "fail" : how < 6u ? "retry" : "restart");
    if (how < 2u) {
        status = wmbt_reader_fail(life.r, &want, statuses[draw(4)]);
    } else if (how < 6u) {
        status = wmbt_reader_retry(life.r, &want);
    } else {
        status = wmbt_reader_restart(life.r, &want);
    }
    wrote_to(want.object);
    CHECK(status == WMBT_OK || status == WMBT_STALE);
    told(&want, status);
    if (status == WMBT_OK && how < 2u) {
        let_junk(want.id);
    } else if (status == WMBT_OK && how >= 6u && want.id < life.config.in_flight) {
        let_junk(want.id); /* all of it is asked for anew, once the slot is quiet */
    }
}

/* A block that another prompt has brought. */
static void call_resident(void)
{
    uint32_t block = draw(STOCK_BLOCKS);
    stock_truth truth;
    if (block >= wmbt_reader_blocks(life.r) || !truth_of(block, &truth) || life.over) {
        return;
    }
    held *h = NULL;
    for (uint32_t i = 0; i < life.config.in_flight; i++) {
        if (life.held[i].open && life.held[i].want.object == block) {
            h = &life.held[i];
        }
    }
    wmbt_reader_object state;
    bool was_open = h != NULL && is_open(&h->want);
    CHECK(wmbt_reader_object_state(life.r, block, &state) == WMBT_OK);
    if (state.status == WMBT_NEED_MORE) {
        of_block(block, truth.plain, put); /* it lies in its page */
    }
    life.doing = "resident";
    wmbt_status status = wmbt_reader_resident(life.r, block);
    CHECK(status == WMBT_OK || status == WMBT_BAD_STATE);
    if (status == WMBT_OK) {
        life.tally->residents++;
        if (h != NULL) {
            CHECK(!is_open(&h->want));
            h->open = !was_open; /* of one that was dead before a stop still tells */
        }
    }
}

/* --- steps ------------------------------------------------------------------------------------ */

static void answer_bytes(held *h, bool all)
{
    wmbt_view bytes = stored_of(&h->want);
    wmbt_want want = h->want;
    if (!h->found) {
        if (bytes.data == NULL) {
            life.doing = "fail";
            wmbt_status status = wmbt_reader_fail(life.r, &want, WMBT_MISSING);
            told(&want, status);
            return;
        }
        call_found(h, bytes.len);
        if (!h->open || h->dead) {
            return;
        }
    }
    uint32_t at = want.offset, n = want.bytes;
    if (!all) {
        at += one_in(2) ? draw(want.bytes < 2000u ? want.bytes : 2000u) : 0u;
        n = 1u + draw(one_in(3) ? 600u : 12u);
    }
    if (bytes.len == 0u || at >= bytes.len) {
        at = 0;
        n = 1;
    }
    n = n < bytes.len - at ? n : (uint32_t)(bytes.len - at);
    if (bytes.len == 0u) {
        life.doing = "fail";
        told(&want, wmbt_reader_fail(life.r, &want, 201));
        return;
    }
    call_feed(&want, at, wmbt_view_of(bytes.data + at, n));
}

static void answer(held *h)
{
    wmbt_want want = h->want;
    switch (want.kind) {
    case WMBT_WANT_PRESENCE: call_presence(&want); return;
    case WMBT_WANT_MEMORY: call_memory(&want); return;
    case WMBT_WANT_STEP: {
        begin("step");
        wmbt_status status = wmbt_reader_step(life.r, &want);
        wrote_to(want.object);
        life.tally->steps++;
        told(&want, status);
        return;
    }
    default: break;
    }
    if (life.engine && h->found && draw(8) != 0u) {
        program(h);
    } else {
        answer_bytes(h, one_in(6));
    }
}

/* An answer to a want that is dead, invented, or of another kind. */
static void late_answer(void)
{
    static const uint8_t zeros[64];
    if (life.olds == 0u) {
        return;
    }
    wmbt_want want = life.old[draw(life.olds < MAX_OLD ? life.olds : MAX_OLD)];
    if (one_in(3)) {
        want.serial += one_in(2) ? (uint64_t)1 << (8u * (1u + draw(7))) : 1u + draw(1u << 20);
    }
    wmbt_want now;
    if (wmbt_reader_want_of(life.r, want.serial, &now) == WMBT_OK) {
        return; /* it is no late one */
    }
    size_t taken;
    wmbt_buf room;
    uint8_t key[300];
    begin("a late answer");
    const wmbt_status said[] = {
        wmbt_reader_found(life.r, &want, 200),
        wmbt_reader_feed(life.r, &want, want.offset, wmbt_view_of(zeros, 64), &taken),
        wmbt_reader_placed(life.r, &want, want.offset, 8, 0),
        wmbt_reader_received(life.r, &want, want.offset, 8),
        wmbt_reader_step(life.r, &want),
        wmbt_reader_memory(life.r, &want, wmbt_buf_of(NULL, 0), wmbt_buf_of(NULL, 0)),
        wmbt_reader_retry(life.r, &want),
        wmbt_reader_restart(life.r, &want),
        wmbt_reader_fail(life.r, &want, WMBT_MISSING),
        wmbt_reader_presence(life.r, &want, wmbt_view_of(zeros, 64)),
        wmbt_reader_room(life.r, &want, &room),
        wmbt_reader_want_key(life.r, &want, wmbt_buf_of(key, sizeof key), &taken),
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        CHECK(said[i] == WMBT_STALE);
    }
    if (life.watch || life.over) {
        CHECK(memcmp(before, rows, life.rows_len) == 0);
    }
}

static void give_input(void)
{
    static uint32_t token[STOCK_BLOCKS * 8u + 8u];
    uint32_t left = life.tokens - life.given;
    if (left == UINT32_MAX - life.given) {
        return;
    }
    uint32_t n = life.fair ? left : draw(left + 1u);
    life.doing = "tokens";
    CHECK(wmbt_reader_tokens(life.r, token, n) == WMBT_OK);
    life.given += n;
    if (life.given == life.tokens) {
        CHECK(wmbt_reader_end(life.r, life.tokens) == WMBT_OK);
        life.tokens = UINT32_MAX; /* no more */
    }
}

static bool input_is_open(void)
{
    return life.tokens != UINT32_MAX;
}

/* A prompt begins, whatever goes on. */
static void start(void)
{
    for (uint32_t i = 0; i <= MAX_IN_FLIGHT; i++) {
        life.held[i].open = false;
    }
    for (uint32_t i = 0; i < MAX_REQUESTS; i++) {
        life.request[i].junk = true;
    }
    /* What is lent is back at once, or when its slot is quiet: it is, if nothing was asked for
     * since the last quiet. */
    for (uint32_t i = 0; i < life.lents; i++) {
        lent *x = &life.lent[i];
        x->orphan = true;
        if (!x->back && (!life.engine || !life.held[x->id].asked)) {
            mark_back(x);
        }
    }
    life.first_serial = wmbt_reader_serial(life.r);
    life.prompt.flags = draw(8);
    life.prompt.flags &= one_in(3) ? ~0u : ~WMBT_READER_NO_TAIL;
    life.prompt.pages = one_in(2) ? life.page : NULL;
    life.prompt.page_count = life.prompt.pages != NULL ? PAGES : 0u;
    for (uint32_t i = 0; i < PAGES; i++) {
        uint32_t other = draw(i + 1u);
        life.page[i] = life.page[other];
        life.page[other] = i;
    }
    life.over = false;
    life.tokens = STOCK_BLOCKS * 8u + draw(8);
    life.given = 0;
    life.doing = "start";
    CHECK(wmbt_reader_start(life.r, &life.prompt) == WMBT_OK);
}

static void stop(void)
{
    for (uint32_t i = 0; i <= life.config.in_flight; i++) {
        held *h = &life.held[i]; /* of those that the reader dropped before, stops still tell */
        h->dead = h->open && !is_open(&h->want);
        h->open = h->dead;
    }
    life.doing = "stop";
    wmbt_reader_stop(life.r);
    for (uint32_t id = 0; id < life.config.in_flight; id++) {
        let_junk(id);
    }
    for (uint32_t i = 0; i < life.olds && i < MAX_OLD; i++) {
        CHECK(!is_open(&life.old[i]));
    }
}

static void step(void)
{
    uint32_t how = draw(32);
    held *h = &life.held[draw(life.config.in_flight + 1u)];
    request *q = &life.request[draw(MAX_REQUESTS)];
    life.step++;
    take_back();
    if (how < 3u) {
        if (input_is_open()) {
            give_input();
        }
    } else if (how < 9u) {
        (void)next_want();
    } else if (how < 18u) {
        if (h->open && !h->dead) {
            answer(h);
        }
    } else if (how < 26u) {
        if (q->open) {
            run_engine(q);
        }
    } else if (how < 28u) {
        say_quiet(draw(MAX_IN_FLIGHT + 2u));
    } else if (how < 29u) {
        late_answer();
    } else if (how < 30u) {
        if (h->open && !h->dead && one_in(2)) {
            call_end(h, draw(8));
        }
    } else if (how < 31u) {
        if (one_in(4)) {
            call_resident();
        }
    } else if (one_in(24)) {
        stop();
    } else if (one_in(24)) {
        start();
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

static void check_plan(void)
{
    wmbt_plan plan;
    stock_truth truth;
    life.doing = "plan";
    CHECK(wmbt_reader_plan(life.r, &plan) == WMBT_OK);
    uint32_t usable = wmbt_reader_usable_blocks(life.r);
    CHECK(plan.load_blocks <= usable);
    for (uint32_t b = 0; b < usable; b++) {
        CHECK(truth_of(b, &truth));
        of_block(b, truth.plain, compare);
    }
    if (plan.load_tail != 0u) {
        CHECK(usable != 0u && truth_of(TAIL, &truth));
        of_tail(usable, &truth.tail, truth.plain, compare);
        life.tally->tails++;
    }
    life.tally->plans++;
    life.tally->usable += usable;
}

/* An open want is answered; of its bytes some may have come. */
static void serve(held *h)
{
    if (h->want.kind != WMBT_WANT_OBJECT && h->want.kind != WMBT_WANT_RANGE) {
        answer(h);
        return;
    }
    if (life.engine && h->found && one_in(2)) {
        program(h); /* it writes on when the bytes have come in another way */
    }
    answer_bytes(h, true);
    if (h->open && !h->dead) {
        call_end(h, 4);
    }
}

/* No more mischief: what is asked for comes, what has been asked for ends, after a while. */
static void finish(void)
{
    life.fair = true;
    for (uint32_t rounds = 0;; rounds++) {
        CHECK(rounds < 20000u);
        life.step++;
        if (input_is_open()) {
            give_input();
        }
        for (uint32_t i = 0; i < MAX_REQUESTS; i++) {
            if (life.request[i].open && one_in(3)) {
                run_engine(&life.request[i]);
                life.request[i].open = life.request[i].open && !one_in(3);
            }
        }
        for (uint32_t id = 0; id < life.config.in_flight; id++) {
            if (one_in(2)) {
                say_quiet(id);
            }
        }
        for (uint32_t i = 0; i <= life.config.in_flight; i++) {
            if (life.held[i].open && !life.held[i].dead) {
                serve(&life.held[i]);
            }
        }
        take_back();
        if (next_want() == WMBT_END) {
            break;
        }
    }
    check_plan();
}

static void check_gaps(void)
{
    memset(mine, 0, life.rows_len);
    for (uint32_t i = 0; i < PLACES; i++) {
        wmbt_extent x = {0};
        x.layer = i / WMBT_EXTENT_KINDS;
        x.kind = i % WMBT_EXTENT_KINDS;
        x.bytes = block_bytes(x.layer, x.kind);
        const wmbt_reader_place *p = &life.place[i];
        uint32_t stride = p->stride != 0u ? p->stride : x.bytes;
        for (uint32_t k = 0; p->wanted != 0u && k < (x.kind < WMBT_EXTENT_RAW ? PAGES : 1u); k++) {
            mark(&x, rows + p->offset + (size_t)k * stride, wmbt_view_of(NULL, 0));
        }
    }
    for (size_t i = 0; i < life.rows_len; i++) {
        CHECK(mine[i] != 0u || rows[i] == UNTOUCHED);
    }
}

/* --- a life ----------------------------------------------------------------------------------- */

static void configure(void)
{
    static const uint8_t fingerprint[32] = {7};
    wmbt_reader_config *c = &life.config;
    life.prompt.chain.dialect = WMBT_CHAIN_CORE;
    life.prompt.chain.block_tokens = 8;
    life.prompt.chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    life.prompt.prefix = wmbt_view_of((const uint8_t *)"p", 1);
    codec.decode = wmbt_zstd_codec;
    codec.step = one_in(2) ? wmbt_zstd_codec_step : NULL;
    codec.context = &workspace_buf;
    life.engine = !one_in(4);
    life.watch = one_in(4);
    c->shape = &shape;
    c->max_blocks = STOCK_BLOCKS;
    c->in_flight = 1u + draw(MAX_IN_FLIGHT);
    c->max_object_bytes = STOCK_OBJECT_BYTES;
    c->presence_blocks = one_in(3) ? 1u + draw(4) : 0u;
    c->first_bytes = one_in(2) ? 0u : one_in(2) ? UINT32_MAX : draw(1500);
    c->runs = one_in(2) ? 0u : 1u + draw(MAX_RUNS);
    c->step_bytes = one_in(2) ? 0u : 1u + draw(300);
    c->flags = life.engine ? WMBT_READER_LATE_WRITES : 0u;
    c->codec = codec;
    lay_out();
    c->memory = wmbt_buf_of(rows, life.rows_len);
    c->places = life.place;
    life.judge.shape = &shape;
    life.judge.block_tokens = 8;
    life.judge.max_object_bytes = c->max_object_bytes;
    life.judge.codec = &codec;
    stock_fill(&store, &life.judge, draw(1u << 20), one_in(2) ? 0u : draw(100));
    for (uint32_t i = 0; i < PAGES; i++) {
        life.page[i] = i;
    }
}

static void live(uint32_t seed, tally *sums)
{
    static uint64_t serial = 1; /* of readers in this memory, one after the other */
    static const struct life fresh;
    memcpy(&life, &fresh, sizeof life);
    life.seed = seed;
    life.state = seed * 2654435761u | 1u;
    life.tally = sums;
    configure();
    memset(rows, UNTOUCHED, life.rows_len);
    life.doing = "init";
    CHECK(wmbt_reader_init(wmbt_buf_of(reader_memory, sizeof reader_memory), &life.config, serial,
                           &life.r) == WMBT_OK);
    for (uint32_t prompts = 1u + draw(2); prompts != 0u; prompts--) {
        life.fair = false;
        start();
        for (uint32_t steps = 20u + draw(300); steps != 0u && !life.over; steps--) {
            step();
        }
        finish();
        for (uint32_t i = 0; i < 6u; i++) { /* after the plan */
            late_answer();
        }
        check_plan();
        check_gaps();
        free_lent();
    }
    serial = wmbt_reader_serial(life.r);
}

int main(int argc, char **argv)
{
    const char *long_run = getenv("WMBT_LIVES");
    uint32_t lives = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000u;
    uint32_t first = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1u;
    tally sums;
    memset(&sums, 0, sizeof sums);
    if (long_run != NULL) {
        lives = (uint32_t)strtoul(long_run, NULL, 10);
    }
    for (uint32_t i = 0; i < lives; i++) {
        live(first + i, &sums);
    }
    printf("1..2\nok 1 - %u lives, %" PRIu64 " plans\n", (unsigned)lives, sums.plans);
    printf("# usable blocks %" PRIu64 ", tails %" PRIu64 ", resident %" PRIu64 "\n", sums.usable,
           sums.tails, sums.residents);
    printf("# late writes %" PRIu64 ", placed %" PRIu64 ", received %" PRIu64 ", steps %" PRIu64
           "\n",
           sums.late, sums.placed, sums.received, sums.steps);
    printf("# stops %" PRIu64 ", stale %" PRIu64 ", too many holes %" PRIu64 "\n", sums.stops,
           sums.stales, sums.full);
    bool far = sums.plans >= lives && sums.tails > lives / 20u && sums.stops != 0u &&
               sums.stales != 0u && sums.residents != 0u && sums.late > lives / 4u &&
               sums.steps != 0u && sums.received != 0u && sums.placed > lives / 20u &&
               sums.full != 0u && sums.usable > lives;
    printf("%sok 2 - all that can happen has happened\n", far ? "" : "not ");
    return far ? EXIT_SUCCESS : EXIT_FAILURE;
}
