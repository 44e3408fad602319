/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader, on a simulated network: wants are answered in any order, by pieces of any size in any
 * order, repeated, late, withdrawn, started over. What comes out must be what whole objects say
 * (bucket.c), for every schedule. A schedule that fails is named by its seed.
 */
#include "wombatkv/reader.h"

#include "../support/bucket.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/zstd.h"

/* The host runs 10^5 schedules in a test of its own. */
#ifndef READER_SCHEDULES
#    define READER_SCHEDULES T_MANY(4000u, 400u)
#endif

#define SHAPE (&wmbt_test_shape)
#define LAYERS 4u
#define MAX_OPEN 8u
#define PLACES (LAYERS * WMBT_EXTENT_KINDS)
#define UNTOUCHED 0xA5u

/* One run of a reader against a bucket. */
typedef struct net {
    wmbt_test *t;
    const bucket *b;
    wmbt_reader *r;
    wmbt_reader_config config;
    wmbt_reader_prompt prompt;
    wmbt_reader_place places[PLACES];
    wmbt_buf rows;
    uint32_t state; /* of the random numbers */
    bool in_order;  /* whole objects, one after the other */
    bool hashes;    /* input as hashes */
    wmbt_want open[MAX_OPEN];
    uint32_t opens;
    wmbt_want old; /* a want that is answered or withdrawn: must be refused */
    bool has_old;
} net;

static void fail(net *n, int line, const char *what)
{
    wmbt_test_fail(n->t, __FILE__, line, what);
}
#define N_CHECK(n, condition)                \
    do {                                     \
        if (!(condition)) {                  \
            fail((n), __LINE__, #condition); \
            return;                          \
        }                                    \
    } while (0)

/* Places of all rows one after the other; some are not wanted. Returns the bytes. */
static size_t lay_out(net *n, bool all)
{
    size_t at = 0;
    for (uint32_t layer = 0; layer < LAYERS; layer++) {
        for (uint32_t kind = 0; kind < WMBT_EXTENT_KINDS; kind++) {
            wmbt_reader_place *p = &n->places[layer * WMBT_EXTENT_KINDS + kind];
            uint32_t rows = wmbt_shape_state_rows(SHAPE, layer);
            uint32_t ratio = SHAPE->layer[layer].ratio;
            bool of_index = kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
            if (of_index && SHAPE->layer[layer].has_index == 0u) {
                rows = 0;
            } else if (kind == WMBT_EXTENT_RAW) {
                rows = SHAPE->window;
            } else if (kind == WMBT_EXTENT_COMP || kind == WMBT_EXTENT_INDEX) {
                rows = ratio == 0u ? 0u : (BUCKET_MAX_BLOCKS + 1u) * BUCKET_BLOCK_TOKENS / ratio;
            }
            p->offset = at;
            p->wanted = all || wmbt_test_below(&n->state, 4) != 0u ? 1u : 0u;
            at += (size_t)rows * wmbt_shape_row_bytes(SHAPE, layer, kind);
        }
    }
    return at;
}

static void start(net *n)
{
    static wmbt_buf workspace;
    wmbt_reader_config *c = &n->config;
    uint32_t *s = &n->state;
    wmbt_reader_prompt *p = &n->prompt;
    p->chain = bucket_chain();
    p->prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    p->name_space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE);
    c->shape = SHAPE;
    c->max_blocks = BUCKET_MAX_BLOCKS;
    c->in_flight = n->in_order ? 1u : 1u + wmbt_test_below(s, 4);
    c->max_object_bytes = 4096;
    c->presence_blocks = wmbt_test_below(s, 2) == 0u ? 0u : 1u + wmbt_test_below(s, 4);
    p->flags = wmbt_test_below(s, 2) == 0u ? WMBT_READER_AUDIT : 0u;
    p->flags |= wmbt_test_below(s, 2) == 0u ? WMBT_READER_TRUST_TAIL : 0u;
    p->flags |= wmbt_test_below(s, 16) == 0u ? WMBT_READER_NO_TAIL : 0u;
    p->flags |= wmbt_test_below(s, 2) == 0u ? WMBT_READER_INEXACT : 0u;
    c->first_bytes = wmbt_test_below(s, 2) == 0u   ? 0u
                     : wmbt_test_below(s, 2) == 0u ? UINT32_MAX
                                                   : 100u + wmbt_test_below(s, 200);
    c->step_bytes = wmbt_test_below(s, 2) == 0u ? 0u : 16u + wmbt_test_below(s, 100);
    size_t bytes = lay_out(n, false);
    uint8_t *rows = wmbt_test_alloc(n->t, bytes);
    N_CHECK(n, rows != NULL);
    for (size_t i = 0; i < bytes; i++) {
        rows[i] = UNTOUCHED;
    }
    n->rows = wmbt_buf_of(rows, bytes);
    c->memory = n->rows;
    c->places = n->places;
    workspace = n->b->workspace;
    c->codec.decode = wmbt_zstd_codec;
    c->codec.context = &workspace;
    size_t size = WMBT_READER_BYTES(BUCKET_MAX_BLOCKS, c->in_flight);
    uint8_t *memory = wmbt_test_alloc(n->t, size);
    N_CHECK(n, wmbt_reader_init(wmbt_buf_of(memory, size), c, wmbt_test_below(s, 3), &n->r) ==
                   WMBT_OK);
    N_CHECK(n, wmbt_reader_start(n->r, p) == WMBT_OK);
}

/* --- input ------------------------------------------------------------------------------------ */

/* Gives some more input; false once it has ended. */
static bool give_input(net *n, uint32_t *given, bool *ended)
{
    const bucket *b = n->b;
    if (*ended) {
        return false;
    }
    uint32_t have = n->hashes ? b->blocks : b->token_count;
    wmbt_status status = WMBT_OK;
    if (*given == have) {
        status = wmbt_reader_end(n->r, b->token_count);
        *ended = true;
    } else if (n->hashes) {
        status = wmbt_reader_hash(n->r, &b->hash[*given]);
        *given += 1u;
    } else {
        uint32_t count = 1u + wmbt_test_below(&n->state, have - *given);
        status = wmbt_reader_tokens(n->r, b->tokens + *given, count);
        *given += count;
    }
    if (status != WMBT_OK) {
        fail(n, __LINE__, "input is taken");
    }
    return true;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void forget(net *n, uint32_t i)
{
    n->old = n->open[i];
    n->has_old = true;
    n->open[i] = n->open[n->opens - 1u];
    n->opens--;
}

/* A want that is gone is refused by every call, and nothing changes. */
static void try_old(net *n)
{
    uint8_t byte = 0x55;
    size_t taken = 4711;
    if (!n->has_old) {
        return;
    }
    const wmbt_want *w = &n->old;
    N_CHECK(n, wmbt_reader_found(n->r, w, 100) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_feed(n->r, w, w->offset, wmbt_view_of(&byte, 1), &taken) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_placed(n->r, w, w->offset, 1, 0) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_presence(n->r, w, wmbt_view_of(&byte, 1)) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_fail(n->r, w, WMBT_MISSING) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_retry(n->r, w) == WMBT_STALE);
    N_CHECK(n, wmbt_reader_restart(n->r, w) == WMBT_STALE);
    N_CHECK(n, taken == 4711);
}

static const bucket_object *object_of(net *n, const wmbt_want *w)
{
    uint8_t key[256];
    size_t len = 0;
    if (wmbt_reader_want_key(n->r, w, wmbt_buf_of(key, sizeof key), &len) != WMBT_OK) {
        fail(n, __LINE__, "a want has a key");
        return NULL;
    }
    return bucket_find(n->b, wmbt_view_of(key, len));
}

static void answer_presence(net *n, uint32_t i)
{
    const wmbt_want *w = &n->open[i];
    uint8_t bits[1] = {0};
    uint32_t how = wmbt_test_below(&n->state, 6);
    if (how == 0u) {
        N_CHECK(n, wmbt_reader_fail(n->r, w, WMBT_TOO_LARGE) == WMBT_OK);
    } else if (how == 1u) {
        N_CHECK(n, wmbt_reader_retry(n->r, w) == WMBT_OK);
    } else {
        for (uint32_t k = 0; k < w->blocks; k++) {
            uint8_t key[256];
            size_t len = 0;
            N_CHECK(n, wmbt_reader_object_key(n->r, w->object + k, wmbt_buf_of(key, sizeof key),
                                              &len) == WMBT_OK);
            bits[0] |= (uint8_t)(bucket_find(n->b, wmbt_view_of(key, len)) != NULL ? 1u << k : 0u);
        }
        N_CHECK(n, wmbt_reader_presence(n->r, w, wmbt_view_of(NULL, 0)) == WMBT_BAD_ARGUMENT);
        N_CHECK(n, wmbt_reader_presence(n->r, w, wmbt_view_of(bits, 1)) == WMBT_OK);
    }
    forget(n, i);
}

static void answer_memory(net *n, uint32_t i)
{
    const wmbt_want *w = &n->open[i];
    uint8_t *raw = wmbt_test_alloc(n->t, w->plain_bytes);
    uint8_t *stored = wmbt_test_alloc(n->t, w->stored_bytes);
    if (w->plain_bytes != 0u) {
        N_CHECK(n,
                wmbt_reader_memory(n->r, w, wmbt_buf_of(raw, w->plain_bytes - 1u),
                                   wmbt_buf_of(stored, w->stored_bytes)) == WMBT_BUFFER_TOO_SMALL);
    }
    N_CHECK(n,
            wmbt_reader_memory(n->r, w, wmbt_buf_of(raw, w->plain_bytes),
                               wmbt_buf_of(stored, w->stored_bytes - 1u)) == WMBT_BUFFER_TOO_SMALL);
    wmbt_status status = wmbt_reader_memory(n->r, w, wmbt_buf_of(raw, w->plain_bytes),
                                            wmbt_buf_of(stored, w->stored_bytes));
    N_CHECK(n, status == WMBT_OK || wmbt_reader_settles(status));
    forget(n, i);
}

/* DMA: rows are put in place by others, who say their CRC. False if this is no place for it. */
static bool place(net *n, uint32_t i, uint32_t offset, uint32_t len, const bucket_object *o)
{
    const wmbt_want *w = &n->open[i];
    wmbt_piece piece;
    if (w->kind != WMBT_WANT_RANGE ||
        wmbt_reader_piece(n->r, w->object, offset, NULL, &piece) != WMBT_OK ||
        piece.has_place == 0u) {
        return false;
    }
    len = len < piece.bytes ? len : piece.bytes;
    if (len > o->bytes.len - offset) {
        return false;
    }
    const uint8_t *from = o->bytes.data + offset;
    wmbt_status status = wmbt_reader_placed(n->r, w, offset, len, wmbt_test_crc32c(0, from, len));
    if (status == WMBT_BAD_STATE || status == WMBT_BAD_ARGUMENT || status == WMBT_FULL) {
        return false; /* the header has not come, or these bytes have */
    }
    for (uint32_t k = 0; k < len; k++) {
        n->rows.data[piece.place + k] = from[k];
    }
    if (status != WMBT_NEED_MORE) {
        forget(n, i);
    }
    return true;
}

/* Bytes of an open want: in order, or any piece from anywhere. */
static void answer_bytes(net *n, uint32_t i, const bucket_object *o)
{
    const wmbt_want *w = &n->open[i];
    uint32_t offset = w->offset;
    uint32_t len = (uint32_t)o->bytes.len - offset;
    if (!n->in_order) {
        uint32_t span = w->kind == WMBT_WANT_OBJECT ? (uint32_t)o->bytes.len : w->bytes + 3u;
        offset += wmbt_test_below(&n->state, 2) == 0u ? 0u : wmbt_test_below(&n->state, span);
        offset = offset < o->bytes.len ? offset : (uint32_t)o->bytes.len - 1u;
        len = 1u + wmbt_test_below(&n->state, wmbt_test_below(&n->state, 4) == 0u ? 900u : 40u);
        len = len < o->bytes.len - offset ? len : (uint32_t)o->bytes.len - offset;
        if (wmbt_test_below(&n->state, 3) == 0u && place(n, i, offset, len, o)) {
            return;
        }
    }
    /* a copy that ends with its memory, and that changes as soon as the call is over */
    const size_t used = n->t->arena_used;
    uint8_t *bytes = wmbt_test_alloc(n->t, len);
    N_CHECK(n, bytes != NULL);
    for (uint32_t k = 0; k < len; k++) {
        bytes[k] = o->bytes.data[offset + k];
    }
    size_t taken = 4711;
    wmbt_status status = wmbt_reader_feed(n->r, w, offset, wmbt_view_of(bytes, len), &taken);
    for (uint32_t k = 0; k < len; k++) {
        bytes[k] = 0xDD;
    }
    n->t->arena_used = used; /* the copy is not needed any more */
    if (wmbt_status_is_error(status)) {
        N_CHECK(n, taken == 4711);
    } else {
        N_CHECK(n, taken <= len && taken != 0u);
    }
    if (status == WMBT_BAD_ARGUMENT || status == WMBT_FULL) {
        N_CHECK(n, !n->in_order);
        if (wmbt_test_below(&n->state, 2) ==
            0u) { /* there already, or too many holes: ask for the first */
            N_CHECK(n, wmbt_reader_retry(n->r, w) == WMBT_OK);
            forget(n, i);
        }
        return;
    }
    N_CHECK(n, status != WMBT_BAD_STATE);
    if (status != WMBT_NEED_MORE) {
        forget(n, i);
    }
}

static void answer_step(net *n, uint32_t i)
{
    uint32_t how = n->in_order ? 2u : wmbt_test_below(&n->state, 200);
    if (how < 2u) {
        wmbt_status said = how == 0u ? wmbt_reader_retry(n->r, &n->open[i])
                                     : wmbt_reader_restart(n->r, &n->open[i]);
        N_CHECK(n, said == WMBT_OK);
        forget(n, i);
        return;
    }
    wmbt_status status = wmbt_reader_step(n->r, &n->open[i]);
    N_CHECK(n, !wmbt_status_is_caller(status) && status != WMBT_STALE);
    if (status != WMBT_NEED_MORE) {
        forget(n, i);
    }
}

static void answer_object(net *n, uint32_t i)
{
    wmbt_want *w = &n->open[i];
    const bucket_object *o = object_of(n, w);
    if (n->t->failed) {
        return;
    }
    uint32_t how = n->in_order ? 99u : wmbt_test_below(&n->state, 60);
    if (how < 2u) {
        N_CHECK(n,
                (how == 0u ? wmbt_reader_retry(n->r, w) : wmbt_reader_restart(n->r, w)) == WMBT_OK);
        forget(n, i);
        return;
    }
    if (o == NULL) {
        N_CHECK(n, wmbt_reader_fail(n->r, w, WMBT_MISSING) == WMBT_OK);
        forget(n, i);
        return;
    }
    if (w->kind == WMBT_WANT_OBJECT) {
        wmbt_status status = wmbt_reader_found(n->r, w, o->bytes.len);
        if (status != WMBT_NEED_MORE && status != WMBT_BAD_STATE) { /* the second: said before */
            N_CHECK(n, wmbt_reader_settles(status) && status != WMBT_END);
            forget(n, i);
            return;
        }
    }
    answer_bytes(n, i, o);
}

static void answer(net *n, uint32_t i)
{
    switch (n->open[i].kind) {
    case WMBT_WANT_PRESENCE: answer_presence(n, i); break;
    case WMBT_WANT_MEMORY: answer_memory(n, i); break;
    case WMBT_WANT_STEP: answer_step(n, i); break;
    default: answer_object(n, i); break;
    }
}

/* The reader says of a want that is open that it is dead. */
static void take_stop(net *n, const wmbt_want *stop)
{
    for (uint32_t i = 0; i < n->opens; i++) {
        if (n->open[i].serial == stop->serial) {
            N_CHECK(n, n->open[i].id == stop->id && n->open[i].object == stop->object);
            forget(n, i);
            return;
        }
    }
}

/* A want that is dead and of which no stop has told yet is known by its status. */
static bool is_dead(net *n, const wmbt_want *w)
{
    wmbt_want now;
    return wmbt_reader_want_of(n->r, w->serial, &now) == WMBT_STALE;
}

static void run(net *n)
{
    uint32_t given = 0, steps = 0;
    bool ended = false;
    for (;;) {
        N_CHECK(n, steps++ < 200000u);
        if (n->t->failed) {
            return;
        }
        uint32_t act = n->in_order ? 1u : wmbt_test_below(&n->state, 8);
        if (act == 0u || (n->in_order && !ended)) {
            (void)give_input(n, &given, &ended);
        }
        if (act < 3u && n->opens < MAX_OPEN) {
            wmbt_want want = {4711, 0, 0, 0, 0, 0, 0, 0, 0, 0};
            wmbt_status status = wmbt_reader_next_want(n->r, &want);
            if (status == WMBT_OK && want.kind == WMBT_WANT_STOP) {
                take_stop(n, &want);
            } else if (status == WMBT_OK) {
                n->open[n->opens++] = want;
            } else {
                N_CHECK(n, want.serial == 4711);
                if (status == WMBT_END) {
                    N_CHECK(n, ended && n->opens == 0u);
                    return;
                }
                N_CHECK(n, status == WMBT_NEED_MORE);
                if (n->opens == 0u) {
                    N_CHECK(n, give_input(n, &given, &ended)); /* else it waits for nothing */
                }
            }
        }
        if (n->opens != 0u) {
            uint32_t i = n->in_order ? 0u : wmbt_test_below(&n->state, n->opens);
            if (is_dead(n, &n->open[i])) {
                n->old = n->open[i]; /* until the stop comes */
                n->has_old = true;
            } else {
                answer(n, i);
            }
        }
        if (!n->t->failed) {
            try_old(n);
        }
    }
}

/* --- comparison ------------------------------------------------------------------------------- */

static wmbt_plan_input true_input(net *n, bucket_truth *tail)
{
    wmbt_plan_input in = {SHAPE, BUCKET_BLOCK_TOKENS, n->b->token_count, 0, 0, 0,
                          0,     {0, 0, 0, 0, 0, 0}};
    in.flags = (n->prompt.flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u;
    in.flags |= (n->prompt.flags & WMBT_READER_INEXACT) != 0u ? WMBT_PLAN_INEXACT : 0u;
    wmbt_rawtail_info info = {0, 0, 0, 0, 0, 0};
    for (uint32_t i = 0; i < n->b->blocks; i++) {
        bucket_truth block = bucket_read(n->t, n->b, i, false, &info);
        if (block.status != WMBT_OK) {
            break;
        }
        in.usable_blocks++;
        in.blocks_bytes += block.stored_bytes;
    }
    in.tail.status = WMBT_MISSING;
    if (in.usable_blocks != 0u && (n->prompt.flags & WMBT_READER_NO_TAIL) == 0u) {
        *tail = bucket_read(n->t, n->b, in.usable_blocks - 1u, true, &info);
        in.tail.status = tail->status;
        in.tail.total_tokens = info.total_tokens;
        in.tail.raw_rows = info.raw_rows;
        in.tail.rows_agree = info.flags & WMBT_RAWTAIL_ROWS_AGREE;
        in.tail.rows_end = info.block_end;
        in.tail.bytes = tail->stored_bytes;
    }
    return in;
}

/* Rows of an object that the plan loads lie where they should. */
static void check_rows(net *n, uint32_t object, wmbt_view plain, uint32_t trust)
{
    uint32_t offset = 0;
    wmbt_piece piece;
    while (offset < plain.len) {
        N_CHECK(n, wmbt_reader_piece(n->r, object, offset, NULL, &piece) == WMBT_OK);
        N_CHECK(n, piece.offset == offset && piece.bytes != 0u);
        N_CHECK(n, piece.trust == trust);
        if (piece.has_place != 0u) {
            N_CHECK(n, piece.place + piece.bytes <= n->rows.len);
            N_CHECK(n,
                    wmbt_test_same(n->rows.data + piece.place, plain.data + offset, piece.bytes));
        }
        offset += piece.bytes;
    }
    N_CHECK(n, offset == plain.len);
    N_CHECK(n, wmbt_reader_piece(n->r, object, offset, NULL, &piece) == WMBT_END);
}

/* Layers that are not wanted stay untouched. */
static void check_unwanted(net *n)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        size_t end = i + 1u < PLACES ? (size_t)n->places[i + 1u].offset : n->rows.len;
        for (size_t k = (size_t)n->places[i].offset; n->places[i].wanted == 0u && k < end; k++) {
            N_CHECK(n, n->rows.data[k] == UNTOUCHED);
        }
    }
}

/* Statuses: the same as the whole reader's; of several faults another one out of order. */
static void check_states(net *n, uint32_t usable)
{
    wmbt_rawtail_info info;
    for (uint32_t i = 0; i < n->b->blocks; i++) {
        wmbt_reader_object state;
        bucket_truth truth = bucket_read(n->t, n->b, i, false, &info);
        N_CHECK(n, wmbt_reader_object_state(n->r, i, &state) == WMBT_OK);
        if ((n->prompt.flags & WMBT_READER_AUDIT) == 0u && i > usable) {
            N_CHECK(n, state.status != WMBT_OK || truth.status == WMBT_OK);
            continue;
        }
        N_CHECK(n, (state.status == WMBT_OK) == (truth.status == WMBT_OK));
        N_CHECK(n, (state.status == WMBT_MISSING) == (truth.status == WMBT_MISSING));
        if (n->in_order) {
            n->t->got = (uint64_t)state.status;
            n->t->want = (uint64_t)truth.status;
            N_CHECK(n, state.status == truth.status);
        }
        if (truth.status == WMBT_OK) {
            N_CHECK(n, state.bytes == truth.stored_bytes);
        }
    }
}

static void check_plan(net *n)
{
    bucket_truth tail = {WMBT_MISSING, 0, {NULL, 0}};
    wmbt_plan_input in = true_input(n, &tail);
    wmbt_plan want, got;
    N_CHECK(n, wmbt_plan_make(&in, &want) == WMBT_OK);
    N_CHECK(n, wmbt_reader_plan(n->r, &got) == WMBT_OK);
    N_CHECK(n, wmbt_reader_blocks(n->r) == n->b->blocks);
    N_CHECK(n, wmbt_reader_usable_blocks(n->r) == in.usable_blocks);
    N_CHECK(n, got.load_blocks == want.load_blocks && got.load_reason == want.load_reason);
    N_CHECK(n, got.run_from == want.run_from && got.run_tokens == want.run_tokens);
    N_CHECK(n, got.exact == want.exact && got.logits_only == want.logits_only);
    N_CHECK(n, got.load_tail == want.load_tail && got.saved_tokens == want.saved_tokens);
    N_CHECK(n, got.bytes_to_read == want.bytes_to_read);
    N_CHECK(n, (got.tail_status == WMBT_OK) == (want.tail_status == WMBT_OK));
    N_CHECK(n, (got.tail_status == WMBT_MISSING) == (want.tail_status == WMBT_MISSING));
    check_states(n, in.usable_blocks);
    for (uint32_t i = 0; i < in.usable_blocks && !n->t->failed; i++) {
        wmbt_rawtail_info info;
        check_rows(n, i, bucket_read(n->t, n->b, i, false, &info).plain,
                   i < got.load_blocks ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED);
    }
    if (want.load_tail != 0u && !n->t->failed) {
        check_rows(n, WMBT_READER_TAIL, tail.plain, WMBT_TRUST_USABLE);
    }
    if (!n->t->failed) {
        check_unwanted(n);
    }
}

static void name_seed(wmbt_test *t, uint32_t seed, uint8_t text[10])
{
    for (uint32_t i = 0; i < 10u; i++) {
        text[9u - i] = (uint8_t)('0' + seed % 10u);
        seed /= 10u;
    }
    wmbt_test_where(t, wmbt_view_of(text, 10));
}

static void one_schedule(wmbt_test *t, uint32_t seed, bool in_order)
{
    static uint8_t text[10];
    wmbt_test_reset(t);
    name_seed(t, seed, text);
    bucket *b = (bucket *)(void *)wmbt_test_alloc(t, sizeof *b);
    net *n = (net *)(void *)wmbt_test_alloc(t, sizeof *n);
    uint8_t *workspace = wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES);
    T_CHECK(t, b != NULL && n != NULL && workspace != NULL);
    b->workspace = wmbt_buf_of(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
    n->t = t;
    n->b = b;
    n->state = seed * 2654435761u | 1u;
    n->in_order = in_order;
    bucket_fill(t, b, &n->state);
    n->hashes = wmbt_test_below(&n->state, 4) == 0u;
    T_CALL(t, start(n));
    if (wmbt_test_below(&n->state, 8) == 0u) { /* an aborted reader can be used again */
        uint32_t given = 0;
        bool ended = false;
        (void)give_input(n, &given, &ended);
        wmbt_want want;
        if (wmbt_reader_next_want(n->r, &want) == WMBT_OK) {
            n->old = want;
            n->has_old = true;
        }
        T_EQ(t, wmbt_reader_start(n->r, &n->prompt), WMBT_OK);
        T_CALL(t, try_old(n));
    }
    T_CALL(t, run(n));
    T_CALL(t, check_plan(n));
}

static void test_in_order(wmbt_test *t)
{
    T_EQ(t, WMBT_READER_OBJECT_BYTES(8u), SIZE_MAX > UINT32_MAX ? 544u : 512u);
    for (uint32_t seed = 1; seed <= READER_SCHEDULES / 4u && !t->failed; seed++) {
        one_schedule(t, seed, true);
    }
}

static void test_schedules(wmbt_test *t)
{
    for (uint32_t seed = 1; seed <= READER_SCHEDULES && !t->failed; seed++) {
        one_schedule(t, seed, false);
    }
}

/* --- small contracts -------------------------------------------------------------------------- */

/* A reader of one block of the small shape, in memory of the test. */
static wmbt_reader *reader_of(wmbt_test *t, wmbt_reader_config *c, uint32_t flags)
{
    wmbt_reader *r = NULL;
    wmbt_reader_prompt prompt = {0};
    prompt.chain = bucket_chain();
    prompt.prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    prompt.flags = flags;
    c->shape = SHAPE;
    c->max_blocks = 1;
    c->in_flight = 1;
    c->max_object_bytes = 4096;
    size_t size = WMBT_READER_BYTES(1, 1);
    uint8_t *memory = wmbt_test_alloc(t, size);
    static const uint32_t tokens[BUCKET_BLOCK_TOKENS] = {1};
    if (memory == NULL || wmbt_reader_init(wmbt_buf_of(memory, size), c, 0, &r) != WMBT_OK ||
        wmbt_reader_start(r, &prompt) != WMBT_OK ||
        wmbt_reader_tokens(r, tokens, BUCKET_BLOCK_TOKENS) != WMBT_OK ||
        wmbt_reader_end(r, BUCKET_BLOCK_TOKENS) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a reader can be made");
    }
    return r;
}

/* Answers the next want by an object, and the question for memory. Returns what settled it. */
static wmbt_status answer_whole(wmbt_test *t, wmbt_reader *r, wmbt_view object)
{
    wmbt_want w;
    wmbt_status status;
    do {
        size_t taken = 0;
        if (wmbt_reader_next_want(r, &w) != WMBT_OK) {
            wmbt_test_fail(t, __FILE__, __LINE__, "there is a want");
            return WMBT_BAD_STATE;
        }
        if (w.kind == WMBT_WANT_MEMORY) {
            status = wmbt_reader_memory(
                r, &w, wmbt_buf_of(wmbt_test_alloc(t, w.plain_bytes), w.plain_bytes),
                wmbt_buf_of(wmbt_test_alloc(t, w.stored_bytes), w.stored_bytes));
        } else {
            status =
                w.kind == WMBT_WANT_OBJECT ? wmbt_reader_found(r, &w, object.len) : WMBT_NEED_MORE;
            if (status == WMBT_NEED_MORE) {
                status = wmbt_reader_feed(
                    r, &w, w.offset, wmbt_view_of(object.data + w.offset, object.len - w.offset),
                    &taken);
            }
        }
        if (!wmbt_reader_settles(status) && status != WMBT_OK) {
            wmbt_test_fail(t, __FILE__, __LINE__, "it is taken");
            return status;
        }
    } while (status == WMBT_OK);
    return status;
}

static wmbt_view one_block(wmbt_test *t)
{
    size_t n = 0;
    uint8_t *b = wmbt_test_alloc(t, 144); /* objects.h says so many */
    if (b == NULL ||
        wmbt_kvblock_seal(wmbt_buf_of(b, 144), SHAPE, BUCKET_BLOCK_TOKENS, 0, &n) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a block can be made");
    }
    return wmbt_view_of(b, n);
}

/* Tails of about the least length, whatever length they claim: the whole reader's status. */
static void test_short_tails(wmbt_test *t)
{
    for (uint32_t i = 0; i < 12u * 40u; i++) {
        wmbt_test_reset(t);
        wmbt_reader_config config = {0};
        wmbt_reader *r = reader_of(t, &config, i % 2u != 0u ? WMBT_READER_AUDIT : 0u);
        wmbt_view block = one_block(t);
        uint8_t *tail = wmbt_test_alloc(t, 47);
        T_CHECK(t, r != NULL && block.data != NULL && tail != NULL);
        uint32_t len = 34u + i / 40u;
        static const uint8_t head[36] = {'R', 'T', 'T', '1', 4, 0, 0, 0, 0, 0, 0, 0};
        for (uint32_t k = 0; k < sizeof head; k++) {
            tail[k] = head[k];
        }
        tail[8] = (uint8_t)(i % 40u);
        wmbt_rawtail_expect expect = {SHAPE, 0};
        wmbt_rawtail_info info;
        wmbt_status whole = wmbt_rawtail_read(wmbt_view_of(tail, len), &expect, &info);
        T_EQ(t, answer_whole(t, r, block), WMBT_END);
        T_EQ(t, answer_whole(t, r, wmbt_view_of(tail, len)), whole);
    }
}

static wmbt_status say(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)frames;
    (void)out;
    (void)written;
    return *(const wmbt_status *)context;
}

/* Whatever a codec says, the object is settled, and by a status that says so. */
static void test_codec_statuses(wmbt_test *t)
{
    static const uint8_t frame[] = {'W', 'B', 'Z', '1', 1, 3, 0, 1, 0, 0, 1};
    for (wmbt_status says = -2; says < 300; says++) {
        wmbt_test_reset(t);
        wmbt_reader_config config = {0};
        wmbt_reader_object state;
        config.codec.decode = say;
        config.codec.context = &says;
        wmbt_reader *r = reader_of(t, &config, 0);
        T_CHECK(t, r != NULL);
        wmbt_status want = says < 16 || says > 255          ? WMBT_BAD_BITSTREAM
                           : says < 32 || says == WMBT_FULL ? WMBT_UNSUPPORTED_ALGORITHM
                           : says == WMBT_TOO_LARGE         ? WMBT_BAD_LENGTH
                                                            : says;
        if (says == WMBT_OK) {
            want = WMBT_BAD_LENGTH; /* it has written nothing */
        }
        T_EQ(t, answer_whole(t, r, wmbt_view_of(frame, sizeof frame)), want);
        T_EQ(t, wmbt_reader_object_state(r, 0, &state), WMBT_OK);
        T_EQ(t, state.status, want);
        T_CHECK(t, !wmbt_reader_in_flight(r, 0));
    }
}

/* An object's pieces for an engine: none longer or less aligned than it takes, wanted or not. */
static void test_pieces(wmbt_test *t)
{
    for (uint32_t i = 0; i < 2u * 5u * 40u; i++) {
        wmbt_test_reset(t);
        wmbt_reader_place places[PLACES] = {{0, 0, 0}};
        wmbt_reader_config config = {0};
        config.places = places;
        for (uint32_t k = 0; k < PLACES; k++) {
            places[k].wanted = i % 2u;
        }
        wmbt_reader_dma dma = {i / 10u, 1u << (i / 2u % 5u)};
        wmbt_reader *r = reader_of(t, &config, 0);
        T_CHECK(t, r != NULL);
        wmbt_piece piece;
        for (uint32_t at = 0; at < 144u; at += piece.bytes) {
            T_EQ(t, wmbt_reader_piece(r, 0, at, &dma, &piece), WMBT_OK);
            T_CHECK(t, piece.offset == at && piece.bytes != 0u && piece.bytes <= 144u - at);
            T_CHECK(t, piece.kind != WMBT_EXTENT_FIELD || piece.must_feed != 0u);
            T_EQ(t, piece.has_place, piece.kind != WMBT_EXTENT_FIELD ? i % 2u : 0u);
            if (piece.must_feed == 0u) {
                T_CHECK(t, dma.max_bytes == 0u || piece.bytes <= dma.max_bytes);
                T_CHECK(t, piece.bytes % dma.align == 0u && piece.place % dma.align == 0u);
            }
        }
        T_EQ(t, wmbt_reader_piece(r, 0, 144, &dma, &piece), WMBT_END);
    }
}

/* Room of each place, counted by hand: ratios 0, 4, 8, 2. */
static void test_place_bytes(wmbt_test *t)
{
    wmbt_reader_config config = {0};
    net n = {0};
    uint32_t tokens = BUCKET_BLOCK_TOKENS;
    config.shape = SHAPE;
    config.max_blocks = BUCKET_MAX_BLOCKS;
    size_t bytes = lay_out(&n, true);
    for (uint32_t i = 0; i < PLACES; i++) {
        size_t end = i + 1u < PLACES ? (size_t)n.places[i + 1u].offset : bytes;
        T_EQ(t,
             wmbt_reader_place_bytes(&config, tokens, i / WMBT_EXTENT_KINDS, i % WMBT_EXTENT_KINDS),
             end - n.places[i].offset);
    }
    /* Layer 2 has compressed rows, no index. */
    T_CHECK(t, wmbt_reader_place_bytes(&config, tokens, 2, WMBT_EXTENT_COMP) != 0u);
    T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 2, WMBT_EXTENT_INDEX), 0);
    T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 2, WMBT_EXTENT_INDEX_STATE_KV), 0);
    T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 2, WMBT_EXTENT_INDEX_STATE_SCORE), 0);
    tokens = WMBT_SHAPE_MAX_BLOCK_TOKENS;
    for (uint32_t less = 0; less < 2u; less++) {
        config.max_blocks = UINT32_MAX - less;
        T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 1, WMBT_EXTENT_COMP), UINT32_MAX);
        T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 0, WMBT_EXTENT_COMP), 0);
    }
    /* Two rows of 8 bytes a block: 2^32 - 16 bytes are some, 2^32 are too many. */
    tokens = BUCKET_BLOCK_TOKENS;
    config.max_blocks = 0x0FFFFFFEu;
    T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 1, WMBT_EXTENT_COMP), 0xFFFFFFF0u);
    config.max_blocks++;
    T_EQ(t, wmbt_reader_place_bytes(&config, tokens, 1, WMBT_EXTENT_COMP), UINT32_MAX);
    /* Where the shape allows no such blocks nothing has a place. */
    static const uint32_t none[] = {0, 9, 0x2008, 0x80000000u};
    for (size_t i = 0; i < 4u * PLACES; i++) {
        tokens = none[i / PLACES];
        uint32_t place = (uint32_t)(i % PLACES);
        T_EQ(t,
             wmbt_reader_place_bytes(&config, tokens, place / WMBT_EXTENT_KINDS,
                                     place % WMBT_EXTENT_KINDS),
             0);
    }
}

#define ARENA (4u << 20)

static const wmbt_case cases[] = {
    {"whole objects in order: the whole readers' statuses", test_in_order, ARENA, NULL},
    {"schedules: pieces in any order, repeated, withdrawn, late", test_schedules, ARENA, NULL},
    {"a tail of about the least length: the whole reader's status", test_short_tails, 8192, NULL},
    {"whatever a codec says settles the object", test_codec_statuses, 8192, NULL},
    {"pieces are within an engine's limits, wanted or not", test_pieces, 8192, NULL},
    {"room of places", test_place_bytes, 0, NULL},
};
WMBT_SUITE(reader, cases);
