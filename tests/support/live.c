/* SPDX-License-Identifier: Apache-2.0 */
/* A model of a store behind S3, and restores from it. */
#include "live.h"

#include "splits.h"
#include "wombatkv/objkey.h"

#if WMBT_CFG_S3CLIENT && WMBT_CFG_READER_COLLECT

static void put_bytes(live_store *s, const uint8_t *bytes, size_t n)
{
    T_CHECK(s->t, n <= sizeof s->w->out - s->w->len);
    wmbt_test_copy(s->w->out + s->w->len, bytes, n);
    s->w->len += n;
}

static void put(live_store *s, const char *text)
{
    put_bytes(s, (const uint8_t *)text, wmbt_test_text(text).len);
}

static void put_number(live_store *s, uint64_t v)
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

static void put_error(live_store *s, const char *status, const char *body)
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
static const bucket_object *object_of(const live_store *s, wmbt_view request, bool is_head)
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

static void put_object(live_store *s, wmbt_view request, const bucket_object *object)
{
    wmbt_view range = wmbt_test_line_of(request, "Range: bytes=");
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

static void put_head(live_store *s, const bucket_object *object)
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

static void answer(live_store *s, wmbt_view request)
{
    bool is_head = request.data[0] == (uint8_t)'H';
    size_t from = s->w->len;
    s->answers++;
    if (s->meddle != NULL) {
        s->meddle(s, from, false);
    }
    const bucket_object *object = object_of(s, request, is_head);
    if (s->w->closes || once(&s->hang_up)) {
        s->w->closes = true;       /* nothing is read from a connection that has ended */
    } else if (once(&s->silent)) { /* no answer */
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
    if (s->meddle != NULL && !s->t->failed) {
        s->meddle(s, from, true);
    }
}

/* --- a restore over some connections ---------------------------------------------------------- */

void live_begin(wmbt_test *t, live *x)
{
    x->at.host = wmbt_test_text("store.test:9000");
    x->at.bucket = wmbt_test_text("b");
    x->at.region = wmbt_test_text("us");
    x->at.virtual_host = false;
    x->at.who.access_key = wmbt_test_text("AK");
    x->at.who.secret = wmbt_test_text("secret");
    x->at.who.token = wmbt_view_of(NULL, 0);
    x->config.store = &x->at;
    x->config.in_flight = LIVE_IN_FLIGHT;
    x->now.ms = 1000;
    x->now.time = 1700000000u;
    x->now.random = 7;
    T_EQ(t, WMBT_S3CLIENT_BYTES(LIVE_IN_FLIGHT, LIVE_MAX_CONNS, LIVE_LINE_BYTES),
         sizeof x->client + sizeof x->slots + sizeof x->conn + sizeof x->line);
    wmbt_test_fill(x->conn, sizeof x->conn); /* what it is before is nothing to it */
    for (uint32_t i = 0; i < LIVE_MAX_CONNS; i++) {
        T_EQ(t, wmbt_s3conn_init(&x->conn[i], wmbt_buf_of(x->line[i], LIVE_LINE_BYTES)), WMBT_OK);
    }
    live_start(t, x);
}

void live_start(wmbt_test *t, live *x)
{
    drive *d = x->d;
    x->s->answers = 0;
    wmbt_test_fill(&x->client, sizeof x->client);
    wmbt_test_fill(x->slots, sizeof x->slots);
    T_EQ(t, wmbt_s3client_init(&x->client, &x->config, x->slots), WMBT_OK);
    T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_OK);
    for (uint32_t i = 0; i < d->b->blocks; i++) {
        T_EQ(t, wmbt_reader_hash(d->r, &d->b->hash[i]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_end(d->r, d->b->token_count), WMBT_OK);
}

void live_recover(live *x)
{
    live_store *s = x->s;
    s->busy = s->cut = s->garbage = s->no_range = s->denied = s->clock = s->region = 0;
    s->changing = s->short_206 = s->no_206 = s->silent = s->head_404 = s->hang_up = s->replaced = 0;
    for (uint32_t i = 0; i < LIVE_MAX_CONNS; i++) {
        x->wires[i].len = x->wires[i].at = 0;
        x->wires[i].closes = false;
        if (wmbt_s3client_lost(&x->client, &x->conn[i], x->d->r, &x->now, NULL) == WMBT_END) {
            x->splits++; /* it had something under way */
        }
    }
}

/* What a request says. */
static void check_request(wmbt_test *t, live *x, wmbt_view request)
{
    wmbt_view credential =
        wmbt_test_line_of(request, "Authorization: AWS4-HMAC-SHA256 Credential=AK/");
    bool from_0 =
        wmbt_test_line_of(request, "Range: bytes=0-").len != 0u || request.data[0] == (uint8_t)'H';
    T_CHECK(t, credential.len > 12u);
    /* an object that was found is pinned: its ETag goes with every further part */
    T_CHECK(t,
            from_0 || x->s->meddle != NULL || wmbt_test_line_of(request, "If-Match: ").len != 0u);
    x->regions += wmbt_test_same(credential.data + 9, (const uint8_t *)"eu/", 3) ? 1u : 0u;
}

/* Sends what connection `i` can carry. */
void live_send(wmbt_test *t, live *x, uint32_t i)
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
bool live_give(wmbt_test *t, live *x, uint32_t i)
{
    live_wire *w = &x->wires[i];
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
    if (status == WMBT_BAD_STATE) { /* bytes that nobody asked for: the body of an answer to HEAD */
        T_ALSO(t, conn->asked == 0u && !wmbt_s3conn_is_reusable(conn), "nothing was asked");
        w->closes = true;
        status = WMBT_END;
        said = WMBT_OK;
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
bool live_take(wmbt_test *t, live *x)
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
void live_restore(wmbt_test *t, live *x)
{
    uint32_t chance = x->way * 2654435761u + 1u;
    x->splits = x->way;
    for (uint32_t turn = 0; turn < 20000u; turn++) {
        bool moved = false;
        if (live_take(t, x) || t->failed) {
            return;
        }
        for (uint32_t i = 0; i < x->conns; i++) {
            T_CALL(t, live_send(t, x, i));
        }
        if (live_take(t, x) || t->failed) {
            return; /* asking has failed the last one */
        }
        chance = chance * 1664525u + 1013904223u;
        for (uint32_t i = 0; i < x->conns && !moved; i++) {
            moved = live_give(t, x, (i + (chance >> 16)) % x->conns);
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
live *live_prepare_as(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form, uint32_t first_bytes,
                      uint32_t in_flight)
{
    wmbt_test_reset(t);
    drive_fill(t, b, tail, form);
    drive *d = t->failed ? NULL : drive_config(t, b->b, WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL);
    live *x = (live *)(void *)wmbt_test_alloc(t, sizeof *x);
    live_store *s = (live_store *)(void *)wmbt_test_alloc(t, sizeof *s);
    if (d == NULL || x == NULL || s == NULL) {
        return NULL;
    }
    d->config.runs = 2u + LIVE_MAX_CONNS * WMBT_S3CLIENT_MAX_DEPTH;
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

live *live_prepare(wmbt_test *t, drive_bucket *b, bool tail, uint32_t form)
{
    return live_prepare_as(t, b, tail, form, 0, 1);
}

void live_check_restored(wmbt_test *t, live *x, const drive_bucket *b)
{
    T_EQ(t, drive_status(x->d, b->object), WMBT_OK);
    T_CHECK(t, drive_trust(x->d, b->object) >= WMBT_TRUST_VERIFIED);
    drive_check_rows(x->d, b->object, b->plain);
    T_EQ(t, x->client.counts.requests, x->s->answers);
}

#endif
