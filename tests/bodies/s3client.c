/* SPDX-License-Identifier: Apache-2.0 */
/* The client of S3: a reader's objects in every form from a model of a store, in many splits, over
 * one connection and several, in parts and with several requests at once on each; and a store that
 * resets, is busy, ignores ranges, refuses, changes an object, has another clock. */
#include "../support/drive.h"
#include "../support/splits.h"

#include "wombatkv/objkey.h"
#include "wombatkv/s3client.h"

#define ROOM 4096u
#define OUT_BYTES 12288u
#define LINE_BYTES 128u
#define IN_FLIGHT 4u
#define MAX_CONNS 3u

/* A connection, from the store's side: what it has sent and nobody has read. */
typedef struct wire {
    uint8_t out[OUT_BYTES];
    size_t len, at;
    bool closes;
} wire;

/* What the store does, for so many answers; then it is as it should be. */
typedef struct store {
    wmbt_test *t;
    const bucket *b;
    uint32_t busy, cut, garbage, no_range, denied, clock, region, changing, short_206, no_206;
    uint32_t silent, head_404, hang_up, replaced;
    uint32_t answers, heads;
    wire *w; /* the one that is written to */
} store;

static void put_bytes(store *s, const uint8_t *bytes, size_t n)
{
    T_CHECK(s->t, n <= sizeof s->w->out - s->w->len);
    wmbt_test_copy(s->w->out + s->w->len, bytes, n);
    s->w->len += n;
}

static void put(store *s, const char *text)
{
    put_bytes(s, (const uint8_t *)text, wmbt_test_text(text).len);
}

static void put_number(store *s, uint64_t v)
{
    uint8_t digits[24];
    size_t n = sizeof digits;
    do {
        digits[--n] = (uint8_t)('0' + v % 10u);
        v /= 10u;
    } while (v != 0u);
    put_bytes(s, digits + n, sizeof digits - n);
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
static const bucket_object *object_of(const store *s, wmbt_view request, bool is_head)
{
    uint8_t key[WMBT_OBJKEY_MAX_BYTES];
    size_t n = 0, i = is_head ? 8u : 7u; /* "GET /b/" */
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
    put_number(s, s->changing != 0u ? s->changing : s->replaced != 0u ? s->replaced : size);
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
        s->w->closes = true;
    }
    put_bytes(s, object->bytes.data + first, n);
}

static void put_head(store *s, const bucket_object *object)
{
    s->heads++;
    if (once(&s->head_404)) {
        put(s, "HTTP/1.1 404 x\r\nContent-Length: 100\r\n\r\n");
        return;
    }
    put(s, "HTTP/1.1 200 x\r\nContent-Length: ");
    put_number(s, object->bytes.len);
    put(s, "\r\n\r\n");
}

static void answer(store *s, wmbt_view request)
{
    bool is_head = request.data[0] == (uint8_t)'H';
    s->answers++;
    const bucket_object *object = object_of(s, request, is_head);
    if (s->w->closes || once(&s->hang_up)) {
        s->w->closes = true; /* nothing is read from a connection that has ended */
    } else if (once(&s->silent)) {
        return;
    } else if (once(&s->busy)) {
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
    } else if (is_head) {
        put_head(s, object);
    } else {
        put_object(s, request, object);
    }
}

/* --- a restore over some connections ---------------------------------------------------------- */

typedef struct run {
    drive *d;
    store *s;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[IN_FLIGHT];
    wmbt_s3conn conn[MAX_CONNS];
    wire wires[MAX_CONNS];
    uint8_t line[MAX_CONNS][LINE_BYTES], request[ROOM];
    uint8_t lent[2][DRIVE_MAX_BYTES];
    wmbt_s3client_now now;
    wmbt_s3client_config config;
    uint32_t conns;
    uint32_t way;
    uint32_t splits;  /* state of the splits */
    uint32_t regions; /* requests signed for the region that the store named */
    uint32_t at_once; /* requests under way at once, at most */
    uint32_t waited;  /* ms */
} run;

static void begin(wmbt_test *t, run *x)
{
    drive *d = x->d;
    x->at.host = wmbt_test_text("store.test:9000");
    x->at.bucket = wmbt_test_text("b");
    x->at.region = wmbt_test_text("us");
    x->at.virtual_host = false;
    x->at.who.access_key = wmbt_test_text("AK");
    x->at.who.secret = wmbt_test_text("secret");
    x->at.who.token = wmbt_view_of(NULL, 0);
    x->config.store = &x->at;
    x->config.in_flight = IN_FLIGHT;
    x->now.ms = 1000;
    x->now.time = 1700000000u;
    x->now.random = 7;
    T_EQ(t, WMBT_S3CLIENT_BYTES(IN_FLIGHT, MAX_CONNS, LINE_BYTES),
         sizeof x->client + sizeof x->slots + sizeof x->conn + sizeof x->line);
    T_EQ(t, wmbt_s3client_init(&x->client, &x->config, x->slots), WMBT_OK);
    for (uint32_t i = 0; i < MAX_CONNS; i++) {
        T_EQ(t, wmbt_s3conn_init(&x->conn[i], wmbt_buf_of(x->line[i], LINE_BYTES)), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_OK);
    for (uint32_t i = 0; i < d->b->blocks; i++) {
        T_EQ(t, wmbt_reader_hash(d->r, &d->b->hash[i]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_end(d->r, d->b->token_count), WMBT_OK);
}

/* What a request says. */
static void check_request(wmbt_test *t, run *x, wmbt_view request)
{
    wmbt_view credential = line_of(request, "Authorization: AWS4-HMAC-SHA256 Credential=AK/");
    bool from_0 = line_of(request, "Range: bytes=0-").len != 0u || request.data[0] == (uint8_t)'H';
    T_CHECK(t, credential.len > 12u);
    /* an object that was found is pinned: its ETag goes with every further part */
    T_CHECK(t, from_0 || line_of(request, "If-Match: ").len != 0u);
    x->regions += wmbt_test_same(credential.data + 9, (const uint8_t *)"eu/", 3) ? 1u : 0u;
}

/* Sends what connection `i` can carry. */
static void send_all(wmbt_test *t, run *x, uint32_t i)
{
    size_t written = 0;
    wmbt_status status;
    while ((status = wmbt_s3client_ask(&x->client, &x->conn[i], x->d->r, &x->now,
                                       wmbt_buf_of(x->request, sizeof x->request), &written)) ==
           WMBT_OK) {
        T_CALL(t, check_request(t, x, wmbt_view_of(x->request, written)));
        x->s->w = &x->wires[i];
        T_CALL(t, answer(x->s, wmbt_view_of(x->request, written)));
    }
    T_EQ(t, status, WMBT_NEED_MORE);
    uint32_t under_way = 0;
    for (uint32_t k = 0; k < x->conns; k++) {
        T_CHECK(t, x->conn[k].asked <= x->client.config.depth);
        under_way += x->conn[k].asked;
    }
    x->at_once = under_way > x->at_once ? under_way : x->at_once;
}

/* Gives some of what came on connection `i`. True: there was something, or its end. */
static bool give(wmbt_test *t, run *x, uint32_t i)
{
    wire *w = &x->wires[i];
    wmbt_s3conn *conn = &x->conn[i];
    wmbt_status said = WMBT_OK, status = WMBT_NEED_MORE;
    if (w->at < w->len) {
        size_t n = wmbt_split_next(x->way, &x->splits, w->len - w->at);
        status = wmbt_s3client_receive(&x->client, conn, x->d->r, wmbt_view_of(w->out + w->at, n),
                                       &x->now, &said);
        w->at += n;
    } else if (conn->asked != 0u &&
               (w->closes || wmbt_s3client_left(&x->client, conn, x->now.ms) == 0u)) {
        status = wmbt_s3client_lost(&x->client, conn, x->d->r, &x->now, &said);
        T_ALSO(t, status == WMBT_END && !wmbt_s3conn_is_reusable(conn), "lost() ends");
    } else {
        return false;
    }
    T_ALSO(t, status == WMBT_END || status == WMBT_NEED_MORE, "it is under way or over");
    T_ALSO(t, !wmbt_status_is_error(said) || wmbt_reader_settles(said), "the reader agrees");
    if (status == WMBT_END && (!wmbt_s3conn_is_reusable(conn) || w->closes)) {
        w->len = w->at = 0; /* another connection */
        w->closes = false;
        (void)(wmbt_s3client_lost(&x->client, conn, x->d->r, &x->now, NULL) == WMBT_OK);
    } else if (w->at == w->len) {
        w->len = w->at = 0;
    }
    return true;
}

/* Takes all wants. True: the reader has come to an end. */
static bool take_wants(wmbt_test *t, run *x)
{
    wmbt_want want;
    wmbt_status status;
    while ((status = wmbt_reader_next_want(x->d->r, &want)) == WMBT_OK) {
        if (want.kind == WMBT_WANT_MEMORY) {
            T_ALSO(t, want.plain_bytes <= DRIVE_MAX_BYTES && want.stored_bytes <= DRIVE_MAX_BYTES,
                   "the memory is there");
            status = wmbt_reader_memory(x->d->r, &want, wmbt_buf_of(x->lent[0], want.plain_bytes),
                                        wmbt_buf_of(x->lent[1], want.stored_bytes));
            T_ALSO(t, status != WMBT_STALE && !wmbt_status_is_caller(status), "the want lives");
        } else if (want.kind == WMBT_WANT_STEP) {
            status = wmbt_reader_step(x->d->r, &want);
            T_ALSO(t, status != WMBT_STALE && !wmbt_status_is_caller(status), "the want lives");
        } else if (want.kind != WMBT_WANT_STOP) {
            status = wmbt_s3client_take(&x->client, x->d->r, &want);
            T_ALSO(t, status == (want.kind == WMBT_WANT_PRESENCE ? WMBT_NEED_MORE : WMBT_OK),
                   "the client takes it");
        }
        if (t->failed) {
            return true;
        }
    }
    return status == WMBT_END;
}

/* Until all is settled. */
static void restore(wmbt_test *t, run *x)
{
    uint32_t chance = x->way * 2654435761u + 1u;
    x->splits = x->way;
    for (uint32_t turn = 0; turn < 20000u; turn++) {
        bool moved = false;
        if (take_wants(t, x) || t->failed) {
            return;
        }
        for (uint32_t i = 0; i < x->conns; i++) {
            T_CALL(t, send_all(t, x, i));
        }
        if (take_wants(t, x) || t->failed) {
            return; /* asking has failed the last one */
        }
        chance = chance * 1664525u + 1013904223u;
        for (uint32_t i = 0; i < x->conns && !moved; i++) {
            moved = give(t, x, (i + (chance >> 16)) % x->conns);
            if (t->failed) {
                return;
            }
        }
        if (!moved) { /* a backoff, or an answer that does not come */
            uint32_t wait = wmbt_s3client_wait(&x->client, x->now.ms);
            for (uint32_t i = 0; i < x->conns; i++) {
                uint32_t left = wmbt_s3client_left(&x->client, &x->conn[i], x->now.ms);
                wait = wait == 0u || left < wait ? left : wait;
            }
            T_CHECK(t, wait != UINT32_MAX);
            x->now.ms += wait;
            x->waited += wait;
        }
    }
    wmbt_test_fail(t, __FILE__, __LINE__, "the reader comes to an end");
}

/* A reader of a bucket whose object under test is stored in a form. */
static run *prepare_as(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form,
                       uint32_t first_bytes, uint32_t in_flight)
{
    wmbt_test_reset(t);
    drive_fill(t, b, tail, form);
    drive *d = t->failed ? NULL : drive_config(t, b->b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL);
    run *x = (run *)(void *)wmbt_test_alloc(t, sizeof *x);
    store *s = (store *)(void *)wmbt_test_alloc(t, sizeof *s);
    if (d == NULL || x == NULL || s == NULL) {
        return NULL;
    }
    d->config.runs = 2u + MAX_CONNS * WMBT_S3CLIENT_MAX_DEPTH;
    d->config.first_bytes = first_bytes;
    d->config.in_flight = in_flight;
    drive_start(d);
    x->d = d;
    x->s = s;
    s->t = t;
    s->b = b->b;
    x->conns = 1;
    return t->failed ? NULL : x;
}

static run *prepare(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form)
{
    return prepare_as(t, b, tail, form, 0, 1);
}

static void check_restored(wmbt_test *t, run *x, const drive_bucket *b)
{
    T_EQ(t, drive_status(x->d, b->object), WMBT_OK);
    T_CHECK(t, drive_trust(x->d, b->object) >= WMBT_TRUST_VERIFIED);
    drive_check_rows(x->d, b->object, b->plain);
    T_EQ(t, x->client.counts.requests, x->s->answers);
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
                T_CALL(t, begin(t, x));
                T_CALL(t, restore(t, x));
                T_CALL(t, check_restored(t, x, &b));
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
        run *x = prepare_as(t, &b, (way & 1u) != 0u, way / 5u % FORMS, 0, 1u + way / 8u % 2u);
        T_CHECK(t, x != NULL);
        x->way = way;
        x->conns = 1u + way % MAX_CONNS;
        x->config.depth = 1u + way / 4u % WMBT_S3CLIENT_MAX_DEPTH;
        x->config.part_bytes = 60u + way % 7u * 40u;
        T_CALL(t, begin(t, x));
        T_CALL(t, restore(t, x));
        T_CALL(t, check_restored(t, x, &b));
        T_EQ(t, x->client.counts.retries, 0);
        T_CHECK(t, x->at_once <= x->conns * x->config.depth);
        most = x->at_once > most ? x->at_once : most;
        T_CHECK(t, x->client.counts.asked_bytes >= b.plain.len / 4u);
    }
    T_CHECK(t, most >= T_MANY(MAX_CONNS * WMBT_S3CLIENT_MAX_DEPTH, 4u));
}

static uint32_t *mood_of(store *s, uint32_t mood)
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
            run *x = prepare(t, &b, false, (way & 1u) != 0u ? FORM_ZSTD : FORM_PLAIN);
            T_CHECK(t, x != NULL);
            bool once_only = mood == 4u || mood == 5u || mood == 9u;
            x->way = way;
            x->conns = 1u + way % MAX_CONNS;
            x->config.depth = way % 4u < 2u ? 1u : 1u + way % WMBT_S3CLIENT_MAX_DEPTH;
            x->config.part_bytes = way % 5u < 2u ? 0 : 300u;
            *mood_of(x->s, mood) = once_only ? 1u : 3u;
            T_CALL(t, begin(t, x));
            T_CALL(t, restore(t, x));
            T_CALL(t, check_restored(t, x, &b));
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
        run *x = prepare_as(t, &b, false, FORM_PLAIN, 0, 2);
        T_CHECK(t, x != NULL);
        x->conns = MAX_CONNS;
        *mood_of(x->s, mood) = 2; /* blocks 0 and 1 are asked for at once */
        T_CALL(t, begin(t, x));
        T_CALL(t, restore(t, x));
        T_CALL(t, check_restored(t, x, &b));
        T_CHECK(t, x->at_once >= 2u);
    }
}

/* A 200 with just the bytes asked for: HEAD tells whether they are all. */
static void test_doubtful(wmbt_test *t)
{
    for (uint32_t row = 0; row < 4u; row++) {
        drive_bucket b;
        bool whole = row < 2u;
        run *x = prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        if (whole) { /* the first want asks for just the object */
            x = prepare_as(t, &b, false, FORM_PLAIN, (uint32_t)b.b->object[b.at[0]].bytes.len, 1);
            T_CHECK(t, x != NULL);
        }
        x->s->no_206 = 100000;
        x->s->head_404 = row == 1u ? 2u : row == 3u ? 100000u : 0u;
        T_CALL(t, begin(t, x));
        T_CALL(t, restore(t, x));
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
        for (uint32_t conns = 1; conns <= MAX_CONNS; conns++) {
            drive_bucket b;
            run *x = prepare(t, &b, false, FORM_PLAIN);
            T_CHECK(t, x != NULL);
            x->conns = conns;
            x->config.part_bytes = 300;
            x->config.depth = conns;
            x->config.denied_is_missing = rows[i].denied_is_missing;
            uint32_t *mood = mood_of(x->s, rows[i].mood);
            *(mood != NULL ? mood : &x->s->denied) = 100000;
            T_CALL(t, begin(t, x));
            T_CALL(t, restore(t, x));
            T_EQ(t, drive_status(x->d, b.object), rows[i].status);
            T_EQ(t, wmbt_reader_usable_blocks(x->d->r), 0);
        }
    }
}

/* An object that is another one after its first answer, for good: its parts are of one and the same
 * object in the end. One that changes all the time is refused. */
static void test_changes(wmbt_test *t)
{
    for (uint32_t conns = 1; conns <= MAX_CONNS; conns++) {
        drive_bucket b;
        run *x = prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->conns = conns;
        x->config.part_bytes = 200;
        T_CALL(t, begin(t, x));
        T_CHECK(t, !take_wants(t, x));
        T_CALL(t, send_all(t, x, 0)); /* the first answer has the first ETag */
        x->s->replaced = 77;
        T_CALL(t, restore(t, x));
        T_CALL(t, check_restored(t, x, &b));
        T_CHECK(t, x->client.counts.by_meaning[WMBT_S3_CHANGED] != 0u);
        x = prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->conns = conns;
        x->config.part_bytes = 200;
        x->s->changing = 100000;
        T_CALL(t, begin(t, x));
        T_CALL(t, restore(t, x));
        T_EQ(t, drive_status(x->d, b.object), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
    }
}

static void test_missing(wmbt_test *t)
{
    drive_bucket b;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    b.b->objects = 0;
    T_CALL(t, begin(t, x));
    T_CALL(t, restore(t, x));
    T_EQ(t, drive_status(x->d, b.object), WMBT_MISSING);
    T_EQ(t, x->client.counts.retries, 0);
}

/* The wait grows, is bounded, and is what chance says of it. */
static void test_back_off(wmbt_test *t)
{
    drive_bucket b;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, begin(t, x));
    x->now.random = UINT32_MAX;
    T_CHECK(t, !take_wants(t, x));
    for (uint32_t attempt = 1; attempt < 5u; attempt++) {
        x->s->busy = 1;
        T_CALL(t, send_all(t, x, 0));
        T_EQ(t, wmbt_s3client_wait(&x->client, x->now.ms), 0);
        while (x->conn[0].asked != 0u) {
            T_CHECK(t, give(t, x, 0));
        }
        uint32_t bound = 100u << (attempt - 1u);
        T_EQ(t, wmbt_s3client_wait(&x->client, x->now.ms), UINT32_MAX % (bound + 1u));
        T_CALL(t, send_all(t, x, 0)); /* nothing of this object: the other block's is asked for */
        x->now.ms += wmbt_s3client_wait(&x->client, x->now.ms);
    }
}

/* A deadline ends a restore from a store that answers nothing, or only that it is busy; the budget
 * for retries ends it before the attempts do. */
static void test_limits(wmbt_test *t)
{
    for (uint32_t row = 0; row < 3u; row++) {
        drive_bucket b;
        run *x = prepare(t, &b, false, FORM_PLAIN);
        T_CHECK(t, x != NULL);
        x->config.attempts = 1000;
        x->config.cap_ms = 200;
        x->config.retry_budget = row == 2u ? 4u * WMBT_S3CLIENT_RETRY_COST : 100000u;
        x->s->silent = row == 0u ? 100000u : 0u;
        x->s->busy = 100000u;
        T_CALL(t, begin(t, x));
        wmbt_s3client_start(&x->client, row == 2u ? 0u : x->now.ms + 12345u);
        T_CALL(t, restore(t, x));
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

static void test_arguments(wmbt_test *t)
{
    drive_bucket b;
    wmbt_want want;
    size_t written = 99;
    run *x = prepare(t, &b, false, FORM_PLAIN);
    T_CHECK(t, x != NULL);
    T_CALL(t, begin(t, x));
    wmbt_s3client *c = &x->client;
    wmbt_s3conn *conn = &x->conn[0];
    wmbt_buf out = wmbt_buf_of(x->request, ROOM);
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
    want.id = IN_FLIGHT;
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
    out.len = ROOM;
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
    {"backoff", test_back_off, ARENA, NULL},
    {"deadline and budget", test_limits, ARENA, NULL},
    {"arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(s3client, cases);
