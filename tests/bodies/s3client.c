/* SPDX-License-Identifier: Apache-2.0 */
/* The client of S3: a reader's objects in every form from a model of a store, in many splits, and a
 * store that resets, is busy, ignores ranges, refuses, changes an object, has another clock. */
#include "../support/drive.h"
#include "../support/splits.h"

#include "wombatkv/objkey.h"
#include "wombatkv/s3client.h"

#define ROOM 4096u
#define LINE_BYTES 128u
#define IN_FLIGHT 4u

/* What the store does, for so many answers; then it is as it should be. */
typedef struct store {
    wmbt_test *t;
    const bucket *b;
    uint32_t busy, cut, garbage, no_range, denied, clock, region, changing, short_206, no_206;
    uint32_t answers;
    uint8_t out[ROOM + 2048u];
    size_t len;
    bool closes;
} store;

static void put(store *s, const char *text)
{
    for (; *text != '\0'; text++) {
        s->out[s->len++] = (uint8_t)*text;
    }
}

static void put_number(store *s, uint64_t v)
{
    char digits[24];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + v % 10u);
        v /= 10u;
    } while (v != 0u);
    while (n != 0u) {
        s->out[s->len++] = (uint8_t)digits[--n];
    }
}

static bool once(uint32_t *count)
{
    if (*count == 0u) {
        return false;
    }
    --*count;
    return true;
}

static void put_error(store *s, const char *status, const char *body)
{
    put(s, "HTTP/1.1 ");
    put(s, status);
    put(s, " x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: ");
    put_number(s, wmbt_test_text(body).len);
    put(s, "\r\n\r\n");
    put(s, body);
}

static int hex_of(uint8_t c)
{
    return c <= (uint8_t)'9' ? c - '0' : c - 'A' + 10;
}

/* "GET /b/KEY HTTP/1.1": the object under the key, decoded. */
static const bucket_object *object_of(const store *s, wmbt_view request)
{
    uint8_t key[WMBT_OBJKEY_MAX_BYTES];
    size_t n = 0, i = 7; /* "GET /b/" */
    while (i < request.len && request.data[i] != (uint8_t)' ' && n < sizeof key) {
        uint8_t c = request.data[i++];
        if (c == (uint8_t)'%') {
            c = (uint8_t)(hex_of(request.data[i]) * 16 + hex_of(request.data[i + 1u]));
            i += 2u;
        }
        key[n++] = c;
    }
    return bucket_find(s->b, wmbt_view_of(key, n));
}

static wmbt_view line_of(wmbt_view request, const char *name)
{
    wmbt_view rest = request, want = wmbt_test_text(name);
    while (rest.data != NULL) {
        wmbt_view text = wmbt_cell_part(&rest, '\n');
        if (text.len > want.len && wmbt_test_same(text.data, want.data, want.len)) {
            return wmbt_view_of(text.data + want.len, text.len - want.len - 1u);
        }
    }
    return wmbt_view_of(NULL, 0);
}

static void put_object(store *s, wmbt_view request, const bucket_object *object)
{
    wmbt_view range = line_of(request, "Range: bytes=");
    uint64_t first = wmbt_cell_u64(s->t, wmbt_cell_part(&range, '-'));
    uint64_t last = wmbt_cell_u64(s->t, range), size = object->bytes.len;
    bool whole = once(&s->no_range), part_as_whole = once(&s->no_206);
    if (first >= size) {
        put_error(s, "416", "<Error><Code>InvalidRange</Code></Error>");
        return;
    }
    last = last < size ? last : size - 1u;
    if (once(&s->short_206)) {
        last = first + (last - first) / 2u;
    }
    put(s, whole || part_as_whole ? "HTTP/1.1 200 OK\r\nETag: \"" : "HTTP/1.1 206 x\r\nETag: \"");
    put_number(s, s->changing != 0u ? s->changing : size);
    s->changing -= s->changing != 0u ? 1u : 0u;
    if (whole) {
        first = 0;
        last = size - 1u;
    } else if (!part_as_whole) {
        put(s, "\"\r\nContent-Range: bytes ");
        put_number(s, first);
        put(s, "-");
        put_number(s, last);
        put(s, "/");
        put_number(s, size);
        put(s, "\r\nX: \"");
    }
    put(s, "\"\r\nContent-Length: ");
    put_number(s, last - first + 1u);
    put(s, "\r\n\r\n");
    size_t n = (size_t)(last - first + 1u);
    if (once(&s->cut)) {
        n /= 2u;
        s->closes = true;
    }
    wmbt_test_copy(s->out + s->len, object->bytes.data + first, n);
    s->len += n;
}

static void answer(store *s, wmbt_view request)
{
    s->len = 0;
    s->closes = false;
    s->answers++;
    const bucket_object *object = object_of(s, request);
    if (once(&s->busy)) {
        put_error(s, "503", "<Error><Code>SlowDown</Code></Error>");
    } else if (once(&s->garbage)) {
        put(s, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    } else if (once(&s->clock)) {
        put_error(s, "403", "<Error><Code>RequestTimeTooSkewed</Code></Error>");
    } else if (once(&s->region)) {
        put_error(s, "400",
                  "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu</Region></Error>");
    } else if (once(&s->denied)) {
        put_error(s, "403", "<Error><Code>AccessDenied</Code></Error>");
    } else if (object == NULL) {
        put_error(s, "404", "<Error><Code>NoSuchKey</Code></Error>");
    } else {
        put_object(s, request, object);
    }
}

/* --- a restore over one connection ------------------------------------------------------------ */

typedef struct run {
    drive *d;
    store *s;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[IN_FLIGHT];
    wmbt_s3conn conn;
    uint8_t line[LINE_BYTES], request[ROOM];
    uint8_t lent[2][DRIVE_MAX_BYTES];
    wmbt_s3client_now now;
    uint32_t way;
    uint32_t regions; /* requests signed for the region that the store named */
} run;

static void begin(wmbt_test *t, run *x, uint32_t denied_is_missing)
{
    wmbt_s3client_config config;
    drive *d = x->d;
    x->at.host = wmbt_test_text("store.test:9000");
    x->at.bucket = wmbt_test_text("b");
    x->at.region = wmbt_test_text("us");
    x->at.virtual_host = false;
    x->at.who.access_key = wmbt_test_text("AK");
    x->at.who.secret = wmbt_test_text("secret");
    x->at.who.token = wmbt_view_of(NULL, 0);
    wmbt_test_fill(&config, sizeof config);
    config.store = &x->at;
    config.in_flight = IN_FLIGHT;
    config.attempts = config.base_ms = config.cap_ms = 0;
    config.denied_is_missing = denied_is_missing;
    x->now.ms = 1000;
    x->now.time = 1700000000u;
    x->now.random = 7;
    T_EQ(t, WMBT_S3CLIENT_BYTES(IN_FLIGHT, 1, sizeof x->line),
         sizeof x->client + IN_FLIGHT * sizeof x->slots[0] + sizeof x->conn + sizeof x->line);
    T_EQ(t, wmbt_s3client_init(&x->client, &config, x->slots), WMBT_OK);
    T_EQ(t, wmbt_s3conn_init(&x->conn, wmbt_buf_of(x->line, sizeof x->line)), WMBT_OK);
    T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_OK);
    for (uint32_t i = 0; i < d->b->blocks; i++) {
        T_EQ(t, wmbt_reader_hash(d->r, &d->b->hash[i]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_end(d->r, d->b->token_count), WMBT_OK);
}

/* Sends the request of a want and gives what comes. */
static void fetch(wmbt_test *t, run *x, const wmbt_want *want)
{
    size_t written = 0, at = 0;
    uint32_t state = x->way;
    wmbt_status said = WMBT_OK;
    x->now.ms += wmbt_s3client_wait(&x->client, want, x->now.ms);
    wmbt_status status = wmbt_s3client_ask(&x->client, &x->conn, x->d->r, want, x->now.time,
                                           wmbt_buf_of(x->request, sizeof x->request), &written);
    if (status == WMBT_END) {
        return; /* a presence question */
    }
    T_EQ(t, status, WMBT_OK);
    wmbt_view request = wmbt_view_of(x->request, written);
    wmbt_view credential = line_of(request, "Authorization: AWS4-HMAC-SHA256 Credential=AK/");
    T_CHECK(t, credential.len > 12u);
    /* an object that was found is pinned: its ETag goes with every further part */
    T_EQ(t, line_of(request, "If-Match: ").len != 0u, want->kind == WMBT_WANT_RANGE);
    x->regions += wmbt_test_same(credential.data + 9, (const uint8_t *)"eu/", 3) ? 1u : 0u;
    T_CALL(t, answer(x->s, request));
    status = WMBT_NEED_MORE;
    while (status == WMBT_NEED_MORE && at < x->s->len) {
        size_t n = wmbt_split_next(x->way, &state, x->s->len - at);
        status = wmbt_s3client_receive(&x->client, &x->conn, x->d->r,
                                       wmbt_view_of(x->s->out + at, n), &x->now, &said);
        at += n;
    }
    if (status == WMBT_NEED_MORE) {
        T_CHECK(t, x->s->closes);
        status = wmbt_s3client_lost(&x->client, &x->conn, x->d->r, &x->now, &said);
    }
    T_EQ(t, status, WMBT_END);
    T_CHECK(t, wmbt_status_is_error(said) ? wmbt_reader_settles(said) : true);
}

/* Until all is settled. */
static void restore(wmbt_test *t, run *x)
{
    wmbt_want want;
    wmbt_status status;
    for (uint32_t turn = 0; turn < 400u; turn++) {
        status = wmbt_reader_next_want(x->d->r, &want);
        if (status == WMBT_END) {
            return;
        }
        T_EQ(t, status, WMBT_OK);
        if (want.kind == WMBT_WANT_MEMORY) {
            T_CHECK(t, want.plain_bytes <= DRIVE_MAX_BYTES && want.stored_bytes <= DRIVE_MAX_BYTES);
            status = wmbt_reader_memory(x->d->r, &want, wmbt_buf_of(x->lent[0], want.plain_bytes),
                                        wmbt_buf_of(x->lent[1], want.stored_bytes));
            T_CHECK(t, status != WMBT_STALE && !wmbt_status_is_caller(status));
        } else if (want.kind == WMBT_WANT_STEP) {
            status = wmbt_reader_step(x->d->r, &want);
            T_CHECK(t, status != WMBT_STALE && !wmbt_status_is_caller(status));
        } else if (want.kind != WMBT_WANT_STOP) {
            T_CALL(t, fetch(t, x, &want));
        }
    }
    wmbt_test_fail(t, __FILE__, __LINE__, "the reader comes to an end");
}

/* A reader of a bucket whose object under test is stored in a form. */
static run *prepare(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form)
{
    wmbt_test_reset(t);
    drive_fill(t, b, tail, form);
    drive *d = t->failed ? NULL : drive_config(t, b->b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL);
    run *x = (run *)(void *)wmbt_test_alloc(t, sizeof *x);
    store *s = (store *)(void *)wmbt_test_alloc(t, sizeof *s);
    if (d == NULL || x == NULL || s == NULL) {
        return NULL;
    }
    drive_start(d);
    x->d = d;
    x->s = s;
    s->t = t;
    s->b = b->b;
    return t->failed ? NULL : x;
}

static void check_restored(wmbt_test *t, run *x, const drive_bucket *b)
{
    T_EQ(t, drive_status(x->d, b->object), WMBT_OK);
    T_CHECK(t, drive_trust(x->d, b->object) >= WMBT_TRUST_VERIFIED);
    drive_check_rows(x->d, b->object, b->plain);
    T_CHECK(t, x->client.counts.requests == x->s->answers);
}

static void test_forms(wmbt_test *t)
{
    for (uint32_t form = 0; form < FORMS; form++) {
        for (uint32_t tail = 0; tail < 2u; tail++) {
            for (uint32_t way = 0; way < T_MANY(30u, 3u); way++) {
                drive_bucket b;
                run *x = prepare(t, &b, tail != 0u, form);
                T_CHECK(t, x != NULL);
                x->way = way;
                T_CALL(t, begin(t, x, 0));
                T_CALL(t, restore(t, x));
                T_CALL(t, check_restored(t, x, &b));
                T_EQ(t, x->client.counts.retries, 0);
                T_EQ(t, x->client.counts.refused, 0);
                T_EQ(t,
                     x->client.counts.wasted_bytes + x->client.counts.received_bytes >=
                         b.plain.len / 4u,
                     1);
            }
        }
    }
}

/* Each misbehaviour, for as long as attempts last: the same rows in the end. */
static void test_moods(wmbt_test *t)
{
    for (uint32_t mood = 0; mood < 9u; mood++) {
        for (uint32_t way = 0; way < T_MANY(20u, 3u); way++) {
            drive_bucket b;
            run *x = prepare(t, &b, false, FORM_ZSTD);
            T_CHECK(t, x != NULL);
            x->way = way;
            uint32_t *const moods[] = {&x->s->busy,     &x->s->cut,       &x->s->garbage,
                                       &x->s->no_range, &x->s->clock,     &x->s->region,
                                       &x->s->changing, &x->s->short_206, &x->s->busy};
            *moods[mood] = mood == 4u || mood == 5u ? 1u : 3u;
            T_CALL(t, begin(t, x, 0));
            T_CALL(t, restore(t, x));
            T_CALL(t, check_restored(t, x, &b));
            T_CHECK(t, mood == 3u || mood >= 6u || x->client.counts.retries != 0u);
            T_CHECK(t, mood != 5u || x->regions != 0u);
            T_CHECK(t, mood != 6u || x->client.counts.by_meaning[WMBT_S3_CHANGED] != 0u);
            T_EQ(t, x->client.counts.refused, mood == 2u ? 3u : 0u);
        }
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
        {1, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY},
        {2, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_DENIED},
        {2, 1, WMBT_MISSING},
        {3, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CLOCK},
        {4, 0, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        drive_bucket b;
        run *x = prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        uint32_t *const moods[] = {&x->s->busy, &x->s->garbage, &x->s->denied, &x->s->clock,
                                   &x->s->no_206};
        *moods[rows[i].mood] = 1000;
        T_CALL(t, begin(t, x, rows[i].denied_is_missing));
        T_CALL(t, restore(t, x));
        T_EQ(t, drive_status(x->d, b.object), rows[i].status);
        T_EQ(t, wmbt_reader_usable_blocks(x->d->r), 0);
    }
}

static void test_missing(wmbt_test *t)
{
    drive_bucket b;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    b.b->objects = 0;
    T_CALL(t, begin(t, x, 0));
    T_CALL(t, restore(t, x));
    T_EQ(t, drive_status(x->d, b.object), WMBT_MISSING);
    T_EQ(t, x->client.counts.retries, 0);
}

/* The wait grows, is bounded, and is what chance says of it. */
static void test_back_off(wmbt_test *t)
{
    drive_bucket b;
    wmbt_want want;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, begin(t, x, 0));
    x->s->busy = 1000;
    x->now.random = UINT32_MAX;
    for (uint32_t attempt = 1; attempt < 5u; attempt++) {
        T_EQ(t, wmbt_reader_next_want(x->d->r, &want), WMBT_OK);
        T_EQ(t, want.object, 0);
        T_CALL(t, fetch(t, x, &want));
        uint32_t bound = 100u << (attempt - 1u);
        T_EQ(t, wmbt_s3client_wait(&x->client, &want, x->now.ms), UINT32_MAX % (bound + 1u));
    }
}

static void test_arguments(wmbt_test *t)
{
    drive_bucket b;
    wmbt_want want;
    size_t written = 99;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, begin(t, x, 0));
    wmbt_s3client_config config;
    wmbt_test_copy((uint8_t *)&config, (const uint8_t *)&x->client.config, sizeof config);
    T_EQ(t, wmbt_s3client_init(&x->client, &config, NULL), WMBT_BAD_ARGUMENT);
    config.store = NULL;
    T_EQ(t, wmbt_s3client_init(&x->client, &config, x->slots), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3conn_init(&x->conn, wmbt_buf_of(x->line, 127)), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t,
         wmbt_s3client_receive(&x->client, &x->conn, x->d->r, wmbt_view_of("x", 1), &x->now, NULL),
         WMBT_BAD_STATE);
    T_EQ(t, wmbt_s3client_lost(&x->client, &x->conn, x->d->r, &x->now, NULL), WMBT_BAD_STATE);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &want), WMBT_OK);
    T_EQ(t,
         wmbt_s3client_ask(&x->client, &x->conn, x->d->r, &want, 0, wmbt_buf_of(x->request, 1100),
                           &written),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, written, 99);
    T_EQ(t,
         wmbt_s3client_ask(&x->client, &x->conn, x->d->r, &want, 0, wmbt_buf_of(x->request, ROOM),
                           &written),
         WMBT_OK);
    T_EQ(t,
         wmbt_s3client_ask(&x->client, &x->conn, x->d->r, &want, 0, wmbt_buf_of(x->request, ROOM),
                           &written),
         WMBT_BAD_STATE);
    T_CHECK(t, !wmbt_s3conn_is_reusable(&x->conn));
}

#define ARENA (192 * 1024)

static const wmbt_case cases[] = {
    {"objects in every form, in many splits", test_forms, ARENA, NULL},
    {"a store that misbehaves for a while", test_moods, ARENA, NULL},
    {"a store that never recovers", test_refusals, ARENA, NULL},
    {"missing objects", test_missing, ARENA, NULL},
    {"backoff", test_back_off, ARENA, NULL},
    {"arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(s3client, cases);
