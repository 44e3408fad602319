/* SPDX-License-Identifier: Apache-2.0 */
/* The client of S3: a reader's objects in every form from a model of a store, in many splits, over
 * one connection and several, in parts and with several requests at once on each; and a store that
 * resets, is busy, ignores ranges, refuses, changes an object, has another clock. */
#include "../support/live.h"

static void test_forms(wmbt_test *t)
{
    for (uint32_t form = 0; form < FORMS; form++) {
        for (uint32_t tail = 0; tail < 2u; tail++) {
            for (uint32_t way = 0; way < T_MANY(30u, 3u); way++) {
                drive_bucket b;
                live *x = live_prepare(t, &b, tail != 0u, form);
                T_CHECK(t, x != NULL);
                x->way = way;
                T_CALL(t, live_begin(t, x));
                T_CALL(t, live_restore(t, x));
                T_CALL(t, live_check_restored(t, x, &b));
                const wmbt_s3client_counts *n = &x->client.counts;
                T_EQ(t, n->retries, 0);
                T_EQ(t, n->refused, 0);
                T_EQ(t, n->by_meaning[WMBT_S3_PART] + n->by_meaning[WMBT_S3_MISSING], n->requests);
                T_CHECK(t, n->received_bytes >= b.plain.len / 4u);
                T_CHECK(t, n->received_bytes + n->wasted_bytes <= n->asked_bytes);
            }
        }
    }
}

/* Parts over several connections, several requests at once on each: the same rows, and as many
 * requests at once as there may be. */
static void test_parts(wmbt_test *t)
{
    uint32_t most = 0;
    for (uint32_t way = 0; way < T_MANY(200u, 12u); way++) {
        drive_bucket b;
        live *x = live_prepare_as(t, &b, (way & 1u) != 0u, way / 5u % FORMS,
                                  way % 5u < 3u ? 0 : UINT32_MAX, 1u + way / 8u % 2u);
        T_CHECK(t, x != NULL);
        x->way = way;
        x->conns = 1u + way % LIVE_MAX_CONNS;
        x->config.depth = 1u + way / 4u % WMBT_S3CLIENT_MAX_DEPTH;
        x->config.part_bytes = 128u + way % 7u * 40u;
        T_CALL(t, live_begin(t, x));
        T_CALL(t, live_restore(t, x));
        T_CALL(t, live_check_restored(t, x, &b));
        T_EQ(t, x->client.counts.retries, 0);
        T_CHECK(t, x->at_once <= x->conns * x->config.depth);
        most = x->at_once > most ? x->at_once : most;
        T_CHECK(t, x->client.counts.asked_bytes >= b.plain.len / 4u);
    }
    T_CHECK(t, most >= T_MANY(6u, 4u));
}

static uint32_t *mood_of(live_store *s, uint32_t mood)
{
    uint32_t *const moods[] = {&s->busy,      &s->cut,    &s->garbage, &s->no_range,
                               &s->clock,     &s->region, &s->silent,  &s->changing,
                               &s->short_206, &s->no_206, &s->hang_up};
    return mood < sizeof moods / sizeof moods[0] ? moods[mood] : NULL;
}

/* Each misbehaviour, for as long as attempts last: the same rows in the end. */
static void test_moods(wmbt_test *t)
{
    for (uint32_t mood = 0; mood < 11u; mood++) {
        for (uint32_t way = 0; way < T_MANY(60u, 4u); way++) {
            drive_bucket b;
            live *x = live_prepare(t, &b, way % 8u < 4u, (way & 1u) != 0u ? FORM_ZSTD : FORM_PLAIN);
            T_CHECK(t, x != NULL);
            bool once_only = mood == 4u || mood == 5u || mood == 9u;
            x->way = way;
            x->conns = 1u + way % LIVE_MAX_CONNS;
            x->config.depth = way % 4u < 2u ? 1u : 1u + way % WMBT_S3CLIENT_MAX_DEPTH;
            x->config.part_bytes = way % 5u < 2u ? 0 : 300u;
            *mood_of(x->s, mood) = once_only ? 1u : 3u;
            T_CALL(t, live_begin(t, x));
            T_CALL(t, live_restore(t, x));
            T_CALL(t, live_check_restored(t, x, &b));
            T_CHECK(t, mood == 3u || mood >= 6u || x->client.counts.retries != 0u);
            T_CHECK(t, mood != 5u || x->regions != 0u);
            T_CHECK(t, mood != 6u || x->waited >= 30000u);
            T_CHECK(t, mood != 7u || x->client.counts.by_meaning[WMBT_S3_CHANGED] != 0u);
            T_EQ(t, x->client.counts.refused, mood == 2u ? 3u : 0u);
        }
    }
}

/* A store whose clock or region is another one answers all that was on its way so: each of these is
 * signed anew. */
static void test_learning(wmbt_test *t)
{
    for (uint32_t mood = 4; mood < 6u; mood++) {
        drive_bucket b;
        live *x = live_prepare_as(t, &b, false, FORM_PLAIN, 0, 2);
        T_CHECK(t, x != NULL);
        x->conns = LIVE_MAX_CONNS;
        *mood_of(x->s, mood) = 2; /* blocks 0 and 1 are asked for at once */
        T_CALL(t, live_begin(t, x));
        T_CALL(t, live_restore(t, x));
        T_CALL(t, live_check_restored(t, x, &b));
        T_CHECK(t, x->at_once >= 2u);
    }
}

/* A 200 with just the bytes asked for: HEAD tells whether they are all. */
static void test_doubtful(wmbt_test *t)
{
    for (uint32_t row = 0; row < 4u; row++) {
        drive_bucket b;
        bool whole = row < 2u;
        live *x = live_prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        if (whole) { /* the first want asks for just the object */
            x = live_prepare_as(t, &b, false, FORM_PLAIN, (uint32_t)b.b->object[b.at[0]].bytes.len,
                                1);
            T_CHECK(t, x != NULL);
        }
        x->s->no_206 = 100000;
        x->s->head_404 = row == 1u ? 2u : row == 3u ? 100000u : 0u;
        T_CALL(t, live_begin(t, x));
        T_CALL(t, live_restore(t, x));
        T_CHECK(t, x->s->heads != 0u);
        T_EQ(t, drive_status(x->d, b.object),
             whole       ? WMBT_OK
             : row == 2u ? WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED
                         : WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
    }
}

/* A store that never recovers: a plain refusal, never a miss, never a wrong row. */
static void test_refusals(wmbt_test *t)
{
    static const struct {
        uint32_t mood;
        uint32_t denied_is_missing;
        wmbt_status status;
    } rows[] = {
        {0, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY},
        {2, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY},
        {99, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_DENIED},
        {99, 1, WMBT_MISSING},
        {4, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CLOCK},
        {6, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY},
        {9, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED},
        {10, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t conns = 1; conns <= LIVE_MAX_CONNS; conns++) {
            drive_bucket b;
            live *x = live_prepare(t, &b, false, FORM_PLAIN);
            T_CHECK(t, x != NULL);
            x->conns = conns;
            x->config.part_bytes = 300;
            x->config.depth = conns;
            x->config.denied_is_missing = rows[i].denied_is_missing;
            uint32_t *mood = mood_of(x->s, rows[i].mood);
            *(mood != NULL ? mood : &x->s->denied) = 100000;
            T_CALL(t, live_begin(t, x));
            T_CALL(t, live_restore(t, x));
            T_EQ(t, drive_status(x->d, b.object), rows[i].status);
            T_EQ(t, wmbt_reader_usable_blocks(x->d->r), 0);
        }
    }
}

/* An object that is another one after its first answer, for good: its parts are of one and the same
 * object in the end. One that changes all the time is refused. */
static void test_changes(wmbt_test *t)
{
    for (uint32_t conns = 1; conns <= LIVE_MAX_CONNS; conns++) {
        drive_bucket b;
        live *x = live_prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->conns = conns;
        x->config.part_bytes = 200;
        T_CALL(t, live_begin(t, x));
        T_CHECK(t, !live_take(t, x));
        T_CALL(t, live_send(t, x, 0)); /* the first answer has the first ETag */
        x->s->replaced = 77;
        T_CALL(t, live_restore(t, x));
        T_CALL(t, live_check_restored(t, x, &b));
        T_CHECK(t, x->client.counts.by_meaning[WMBT_S3_CHANGED] != 0u);
        x = live_prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->conns = conns;
        x->config.part_bytes = 200;
        x->s->changing = 100000;
        T_CALL(t, live_begin(t, x));
        T_CALL(t, live_restore(t, x));
        T_EQ(t, drive_status(x->d, b.object), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
    }
}

static void test_missing(wmbt_test *t)
{
    drive_bucket b;
    live *x = live_prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    b.b->objects = 0;
    T_CALL(t, live_begin(t, x));
    T_CALL(t, live_restore(t, x));
    T_EQ(t, drive_status(x->d, b.object), WMBT_MISSING);
    T_EQ(t, x->client.counts.retries, 0);
}

/* The wait grows, is bounded, and is what chance says of it. */
static void test_back_off(wmbt_test *t)
{
    drive_bucket b;
    live *x = live_prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, live_begin(t, x));
    x->now.random = UINT32_MAX;
    T_CHECK(t, !live_take(t, x));
    for (uint32_t attempt = 1; attempt < 5u; attempt++) {
        x->s->busy = 1;
        T_CALL(t, live_send(t, x, 0));
        T_EQ(t, wmbt_s3client_wait(&x->client, x->now.ms), 0);
        while (x->conn[0].asked != 0u) {
            T_CHECK(t, live_give(t, x, 0));
        }
        const wmbt_s3_answer *answer = wmbt_s3conn_answer(&x->conn[0]);
        T_EQ(t, wmbt_s3_answer_meaning(answer), WMBT_S3_BUSY);
        T_EQ(t, wmbt_http_code(wmbt_s3_answer_http(answer)), 503);
        uint32_t bound = 100u << (attempt - 1u);
        T_EQ(t, wmbt_s3client_wait(&x->client, x->now.ms), UINT32_MAX % (bound + 1u));
        T_CALL(t, live_send(t, x, 0)); /* nothing of this object: the other block's is asked for */
        x->now.ms += wmbt_s3client_wait(&x->client, x->now.ms);
    }
}

/* A deadline ends a restore from a store that answers nothing, or only that it is busy; the budget
 * for retries ends it before the attempts do. */
static void test_limits(wmbt_test *t)
{
    for (uint32_t row = 0; row < 3u; row++) {
        drive_bucket b;
        live *x = live_prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->config.attempts = 1000;
        x->config.cap_ms = 200;
        x->config.retry_budget = row == 2u ? 4u * WMBT_S3CLIENT_RETRY_COST : 100000u;
        x->s->silent = row == 0u ? 100000u : 0u;
        x->s->busy = 100000u;
        T_CALL(t, live_begin(t, x));
        wmbt_s3client_start(&x->client, row == 2u ? 0u : x->now.ms + 12345u);
        T_CALL(t, live_restore(t, x));
        T_EQ(t, drive_status(x->d, b.object), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
        if (row == 2u) {
            T_EQ(t, x->client.counts.retries, 4);
        } else {
            T_EQ(t, x->waited, 12345);
            T_CHECK(t, row != 0u || x->client.counts.requests == 1u);
        }
        T_CHECK(t, row != 1u || x->client.counts.retries > 10u);
    }
}

/* An object that is another one with each answer starts over, three times at most and less often
 * than there are attempts. */
static void test_restarts(wmbt_test *t)
{
    for (uint32_t attempts = 1; attempts <= 6u; attempts++) {
        drive_bucket b;
        live *x = live_prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->config.attempts = attempts;
        x->s->changing = 100000u;
        T_CALL(t, live_begin(t, x));
        T_CALL(t, live_restore(t, x));
        T_EQ(t, drive_status(x->d, b.object), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
        T_EQ(t, x->client.counts.by_meaning[WMBT_S3_CHANGED],
             b.b->blocks * (attempts < 4u ? attempts : 4u));
    }
}

static void test_arguments(wmbt_test *t)
{
    drive_bucket b;
    wmbt_want want;
    size_t written = 99;
    live *x = live_prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, live_begin(t, x));
    wmbt_s3client *c = &x->client;
    wmbt_s3conn *conn = &x->conn[0];
    wmbt_buf out = wmbt_buf_of(x->request, LIVE_ROOM);
    T_EQ(t, wmbt_s3client_init(c, &x->config, NULL), WMBT_BAD_ARGUMENT);
    x->config.depth = WMBT_S3CLIENT_MAX_DEPTH + 1u;
    T_EQ(t, wmbt_s3client_init(c, &x->config, x->slots), WMBT_BAD_ARGUMENT);
    x->config.depth = 1;
    x->config.store = NULL;
    T_EQ(t, wmbt_s3client_init(c, &x->config, x->slots), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3conn_init(conn, wmbt_buf_of(x->line, 127)), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_s3client_receive(c, conn, x->d->r, wmbt_view_of("x", 1), &x->now, NULL),
         WMBT_BAD_STATE);
    T_EQ(t, wmbt_s3client_lost(c, conn, x->d->r, &x->now, NULL), WMBT_BAD_STATE);
    T_EQ(t, wmbt_s3client_left(c, conn, x->now.ms), UINT32_MAX);
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &want), WMBT_OK);
    want.id = LIVE_IN_FLIGHT;
    T_EQ(t, wmbt_s3client_take(c, x->d->r, &want), WMBT_BAD_STATE);
    want.id = 0;
    want.kind = WMBT_WANT_STOP;
    T_EQ(t, wmbt_s3client_take(c, x->d->r, &want), WMBT_BAD_STATE);
    want.kind = WMBT_WANT_OBJECT;
    T_EQ(t, wmbt_s3client_take(c, x->d->r, &want), WMBT_OK);
    out.len = 1023;
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_BUFFER_TOO_SMALL);
    out.len = 1100;
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, written, 99);
    T_CHECK(t, !wmbt_s3conn_is_reusable(conn));
    out.len = LIVE_ROOM;
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_OK);
    T_EQ(t, wmbt_s3client_left(c, conn, x->now.ms + 1u), 29999);
    T_EQ(t, wmbt_s3client_left(c, conn, x->now.ms + 30000u), 0);
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_NEED_MORE);
    /* a want that has died meanwhile is not asked for again, and its answer is nobody's */
    T_EQ(t, wmbt_reader_retry(x->d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_s3client_lost(c, conn, x->d->r, &x->now, NULL), WMBT_END);
    x->now.ms += 1000u;
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_NEED_MORE);
    /* a time that cannot be signed for fails the want */
    T_EQ(t, wmbt_reader_next_want(x->d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_s3client_take(c, x->d->r, &want), WMBT_OK);
    x->now.time = UINT64_C(253402300800);
    T_EQ(t, wmbt_s3client_ask(c, conn, x->d->r, &x->now, out, &written), WMBT_NEED_MORE);
    T_EQ(t, drive_status(x->d, b.object), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
}

#define ARENA (224 * 1024)

static const wmbt_case cases[] = {
    {"objects in every form, in many splits", test_forms, ARENA, NULL},
    {"parts over several connections", test_parts, ARENA, NULL},
    {"a store that misbehaves for a while", test_moods, ARENA, NULL},
    {"a clock and a region that are learned", test_learning, ARENA, NULL},
    {"a part that may be the whole", test_doubtful, ARENA, NULL},
    {"a store that never recovers", test_refusals, ARENA, NULL},
    {"objects that change", test_changes, ARENA, NULL},
    {"missing objects", test_missing, ARENA, NULL},
    {"objects that change", test_restarts, ARENA, NULL},
    {"backoff", test_back_off, ARENA, NULL},
    {"deadline and budget", test_limits, ARENA, NULL},
    {"arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(s3client, cases);
