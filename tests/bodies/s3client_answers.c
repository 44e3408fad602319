/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of S3, one answer after the other, each written by hand: what a store may say of an
 * object, its size and its ETag, when it is asked again and when not, and what becomes of answers
 * that nobody waits for any more. s3client.c has restores from a model of a store.
 */
#include "../support/live.h"

#define PART 2000u /* bytes inside the wrapper of the objects that come in parts */

typedef struct talk {
    live *x;
    drive_bucket b;
    wmbt_view object; /* block 0, as stored */
    uint8_t text[512];
    size_t len;
    wmbt_status said; /* by the reader */
    size_t request_bytes;
} talk;

/* --- a conversation --------------------------------------------------------------------------- */

static void say(talk *k, const char *text)
{
    wmbt_view v = wmbt_test_text(text);
    wmbt_test_copy(k->text + k->len, v.data, v.len);
    k->len += v.len;
}

static void say_number(talk *k, uint32_t v)
{
    uint8_t digits[10];
    size_t n = sizeof digits;
    do {
        digits[--n] = (uint8_t)('0' + v % 10u);
        v /= 10u;
    } while (v != 0u);
    wmbt_test_copy(k->text + k->len, digits + n, sizeof digits - n);
    k->len += sizeof digits - n;
}

static wmbt_status receive(talk *k, uint32_t conn, wmbt_view bytes)
{
    return wmbt_s3client_receive(&k->x->client, &k->x->conn[conn], k->x->d->r, bytes, &k->x->now,
                                 &k->said);
}

/* Gives what was said. */
static wmbt_status give(talk *k, uint32_t conn)
{
    wmbt_view text = wmbt_view_of(k->text, k->len);
    k->len = 0;
    return receive(k, conn, text);
}

static wmbt_status give_text(talk *k, uint32_t conn, const char *text)
{
    say(k, text);
    return give(k, conn);
}

/* A 206 with these bytes of the object, and fields. */
static wmbt_status give_part(talk *k, uint32_t conn, uint32_t first, uint32_t end,
                             const char *fields)
{
    say(k, "HTTP/1.1 206 x\r\nContent-Range: bytes ");
    say_number(k, first);
    say(k, "-");
    say_number(k, end - 1u);
    say(k, "/");
    say_number(k, (uint32_t)k->object.len);
    say(k, "\r\nContent-Length: ");
    say_number(k, end - first);
    say(k, "\r\n");
    say(k, fields);
    say(k, "\r\n");
    wmbt_status status = give(k, conn);
    return status == WMBT_NEED_MORE
               ? receive(k, conn, wmbt_view_of(k->object.data + first, end - first))
               : status;
}

static wmbt_status lose(talk *k, uint32_t conn)
{
    return wmbt_s3client_lost(&k->x->client, &k->x->conn[conn], k->x->d->r, &k->x->now, &k->said);
}

static wmbt_status ask(talk *k, uint32_t conn)
{
    return wmbt_s3client_ask(&k->x->client, &k->x->conn[conn], k->x->d->r, &k->x->now,
                             wmbt_buf_of(k->x->request, sizeof k->x->request), &k->request_bytes);
}

/* Something is asked, and the request has a line `name` that says `value`, or none if that is
 * NULL. */
static void expect(wmbt_test *t, talk *k, uint32_t conn, const char *name, const char *value)
{
    T_EQ(t, ask(k, conn), WMBT_OK);
    wmbt_view line = wmbt_test_line_of(wmbt_view_of(k->x->request, k->request_bytes), name);
    T_CHECK(t, value == NULL ? line.data == NULL : wmbt_test_view_is(line, value));
}

static void expect_range(wmbt_test *t, talk *k, uint32_t conn, const char *value)
{
    expect(t, k, conn, "Range: bytes=", value);
}

static uint32_t retries(const talk *k)
{
    return k->x->client.counts.retries;
}

/* The reader's wants, taken. */
static void take(wmbt_test *t, talk *k)
{
    (void)live_take(t, k->x);
}

/* A plain block of 144 bytes, or a wrapper of more, which comes in parts; the first want is taken.
 * The prompt has two blocks. */
static void begin(wmbt_test *t, talk *k, bool parts, uint32_t in_flight)
{
    k->x = live_prepare_as(t, &k->b, false, FORM_PLAIN, 0, in_flight);
    T_CHECK(t, k->x != NULL);
    bucket_object *o = &k->b.b->object[k->b.at[0]];
    if (parts) {
        uint8_t *inside = wmbt_test_alloc(t, PART);
        T_CHECK(t, inside != NULL);
        for (uint32_t i = 0; i < PART; i++) {
            inside[i] = (uint8_t)(i ^ i >> 8);
        }
        o->bytes = bucket_wrap(t, wmbt_view_of(inside, PART), false);
    }
    k->object = o->bytes;
    k->len = 0;
    k->x->config.part_bytes = parts ? 700u : 0u;
}

static void start(wmbt_test *t, talk *k)
{
    T_CALL(t, live_begin(t, k->x));
    T_CALL(t, take(t, k));
}

/* One connection; an object is asked for, which begins with its first bytes. */
static void ask_first(wmbt_test *t, talk *k)
{
    T_CALL(t, begin(t, k, false, 1));
    T_CALL(t, start(t, k));
    T_CALL(t, expect_range(t, k, 0, "0-127"));
}

/* --- what is said of an object ---------------------------------------------------------------- */

/* Only a strong ETag pins an object: others cannot be sent as If-Match (RFC 9110, 13.1.1). */
static void test_etags(wmbt_test *t)
{
    static const struct {
        const char *field, *sent;
    } rows[] = {
        {"ETag: \"0a-2\"\r\n", "\"0a-2\""},
        {"ETag: W/\"0a\"\r\n", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 1));
        T_CALL(t, start(t, &k));
        T_CALL(t, expect(t, &k, 0, "If-Match: ", NULL));
        T_EQ(t, give_part(&k, 0, 0, 128, rows[i].field), WMBT_END);
        T_CALL(t, take(t, &k));
        T_CALL(t, expect(t, &k, 0, "If-Match: ", rows[i].sent));
        T_EQ(t, give_part(&k, 0, 128, 144, rows[i].field), WMBT_END);
        T_EQ(t, drive_status(k.x->d, 0), WMBT_OK);
        T_EQ(t, retries(&k), 0);
    }
}

/* An answer of which the size is not known is not believed before HEAD has told it. */
static void test_unknown_size(wmbt_test *t)
{
    for (uint32_t told = 0; told < 2u; told++) {
        talk k;
        T_CALL(t, ask_first(t, &k));
        say(&k, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        T_EQ(t, give(&k, 0), WMBT_END);
        T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0])); /* the rest is not read */
        T_CALL(t, expect_range(t, &k, 0, NULL));
        T_EQ(t, k.x->request[0], 'H');
        T_EQ(t, k.x->client.counts.asked_bytes, 128);
        T_EQ(t,
             give_text(&k, 0,
                       told != 0u ? "HTTP/1.1 200 x\r\nContent-Length: 144\r\n\r\n"
                                  : "HTTP/1.1 200 x\r\n\r\n"),
             WMBT_END);
        T_CALL(t, take(t, &k));
        T_EQ(t, drive_status(k.x->d, 0),
             told != 0u ? WMBT_NEED_MORE : WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
        if (told != 0u) {
            T_CALL(t, expect_range(t, &k, 0, "0-127"));
            T_EQ(t, k.x->request[0], 'G');
            T_EQ(t, give_text(&k, 0, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n90\r\n"),
                 WMBT_NEED_MORE);
            T_EQ(t, receive(&k, 0, k.object), WMBT_END); /* what was asked for is there */
            T_CALL(t, take(t, &k));
            T_CALL(t, expect_range(t, &k, 0, "128-143"));
        }
    }
}

/* An object without a byte is there, and cut off; a store that refuses the range of a first byte
 * although there is one is asked again. */
static void test_empty(wmbt_test *t)
{
    static const char *const empty[] = {
        "HTTP/1.1 416 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 416 x\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++) {
        talk k;
        T_CALL(t, ask_first(t, &k));
        T_EQ(t, give_text(&k, 0, empty[i]), WMBT_END);
        T_EQ(t, k.said, WMBT_TRUNCATED);
        T_EQ(t, drive_status(k.x->d, 0), WMBT_TRUNCATED);
        T_EQ(t, retries(&k), 0);
        T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
    }
    talk k;
    T_CALL(t, ask_first(t, &k));
    T_EQ(t,
         give_text(&k, 0,
                   "HTTP/1.1 416 x\r\nContent-Range: bytes */500\r\nContent-Length: 0\r\n\r\n"),
         WMBT_END);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_NEED_MORE);
    T_EQ(t, retries(&k), 1);
    k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
}

/* An object that has become shorter is another one: it is read from its beginning. */
static void test_shorter(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-143"));
    T_EQ(t,
         give_text(&k, 0,
                   "HTTP/1.1 416 x\r\nContent-Range: bytes */100\r\nContent-Length: 0\r\n\r\n"),
         WMBT_END);
    T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-143"));
    T_EQ(t, give_part(&k, 0, 128, 144, ""), WMBT_END);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_OK);
    T_EQ(t, retries(&k), 0);
}

/* What the reader refuses at once is read to its end, so that the connection goes on. */
static void test_too_large(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    say(&k, "HTTP/1.1 206 x\r\nContent-Range: bytes 0-3/1000000000\r\nContent-Length: 4\r\n\r\n");
    T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
    T_EQ(t, give_text(&k, 0, "ab"), WMBT_NEED_MORE);
    T_EQ(t, k.said, WMBT_TOO_LARGE);
    T_EQ(t, give_text(&k, 0, "cd"), WMBT_END);
    T_EQ(t, k.said, WMBT_STALE);
    T_CHECK(t, wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_EQ(t, drive_status(k.x->d, 0), WMBT_TOO_LARGE);
    T_EQ(t, k.x->client.counts.received_bytes, 0);
    T_EQ(t, k.x->client.counts.wasted_bytes, 4);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* A Retry-After is waited for, up to a minute, behind the backoff's own wait. */
static void test_retry_after(wmbt_test *t)
{
    static const struct {
        const char *field;
        uint32_t ms;
    } rows[] = {
        {"Retry-After: 2\r\n", 2000},
        {"Retry-After: 59\r\n", 59000},
        {"Retry-After: 61\r\n", 60000},
        {"Retry-After: 18446744073709551615\r\n", 60000},
        {("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          "Retry-After: Sun, 06 Nov 1994 08:49:40 GMT\r\n"),
         3000},
        {"Retry-After: soon\r\n", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        T_CALL(t, ask_first(t, &k));
        say(&k, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n");
        say(&k, rows[i].field);
        say(&k, "\r\n");
        k.x->now.random = 1000u * 101u + 42u;
        T_EQ(t, give(&k, 0), WMBT_END);
        T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), rows[i].ms + 42u);
        k.x->now.ms += rows[i].ms + 41u;
        T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
        k.x->now.ms++;
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
    }
}

/* The longest waits that can be configured do not wrap. */
static void test_long_waits(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, false, 1));
    k.x->config.base_ms = 0x80000000u;
    k.x->config.cap_ms = UINT32_MAX;
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    k.x->now.random = 0x80000000u;
    T_EQ(t, lose(&k, 0), WMBT_END);
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0x80000000u);
    k.x->now.ms += 0x80000000u;
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    k.x->now.random = UINT32_MAX - 999u; /* and a second: 2^32 ms */
    T_EQ(t, give_text(&k, 0, "HTTP/1.1 503 x\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n"),
         WMBT_END);
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), UINT32_MAX);
    k.x->now.ms += UINT32_MAX;
    T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 1);
    k.x->now.ms++;
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0);
}

/* Of several waits the shortest is said, in whatever slots they are. */
static void test_two_waits(wmbt_test *t)
{
    static const uint32_t waits[][2] = {{70, 30}, {30, 70}, {50, 50}};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 2));
        T_CALL(t, start(t, &k));
        for (uint32_t conn = 0; conn < 2u; conn++) {
            T_CALL(t, expect_range(t, &k, conn, "0-127"));
            k.x->now.random = waits[i][conn];
            T_EQ(t, lose(&k, conn), WMBT_END);
        }
        uint32_t shorter = waits[i][0] < waits[i][1] ? waits[i][0] : waits[i][1];
        T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), shorter);
    }
}

/* While an object's part waits, no other connection asks for more of it. */
static void test_parts_wait(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
    k.x->now.random = 60;
    T_EQ(t, give_text(&k, 0, "H"), WMBT_NEED_MORE);
    T_EQ(t, lose(&k, 0), WMBT_END);
    T_EQ(t, retries(&k), 1);
    T_EQ(t, ask(&k, 1), WMBT_NEED_MORE);
    k.x->now.ms += 60u;
    T_CALL(t, expect_range(t, &k, 1, "828-1527"));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
}

/* What lasts shorter says when nothing is waited for any more: the time-out or the deadline. */
static void test_left(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    k.x->client.deadline = k.x->now.ms + 30001u;
    T_EQ(t, wmbt_s3client_left(&k.x->client, &k.x->conn[0], k.x->now.ms), 30000);
    k.x->client.deadline = k.x->now.ms + 29999u;
    T_EQ(t, wmbt_s3client_left(&k.x->client, &k.x->conn[0], k.x->now.ms), 29999);
}

/* What a store cannot mend: a clock that is wrong without its own time, another place without its
 * name, an object that changes where one attempt is all there may be. */
static void test_not_mended(wmbt_test *t)
{
    static const struct {
        const char *answer;
        uint32_t meaning;
    } rows[] = {
        {("HTTP/1.1 403 x\r\nContent-Length: 48\r\n\r\n"
          "<Error><Code>RequestTimeTooSkewed</Code></Error>"),
         WMBT_S3_CLOCK},
        {"HTTP/1.1 301 x\r\nContent-Length: 0\r\n\r\n", WMBT_S3_REDIRECT},
        {"HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n", WMBT_S3_CHANGED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 1));
        k.x->config.attempts = 1;
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_EQ(t, give_text(&k, 0, rows[i].answer), WMBT_END);
        T_EQ(t, drive_status(k.x->d, 0), WMBT_S3CLIENT_REFUSED + (int)rows[i].meaning);
        T_EQ(t, retries(&k), 0);
    }
}

/* --- connections ------------------------------------------------------------------------------ */

/* A connection that ends between two requests was idle: no attempt. One that ends before its first
 * answer is one. */
static void test_idle(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CHECK(t, wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_CALL(t, take(t, &k));
    for (uint32_t lost = 0; lost < 3u; lost++) {
        T_CALL(t, expect_range(t, &k, 0, "128-143"));
        T_EQ(t, lose(&k, 0), WMBT_END);
        T_EQ(t, k.said, WMBT_NEED_MORE); /* the reader has said nothing since the answer */
        T_EQ(t, retries(&k), lost);      /* the first one was idle */
        k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
    }
    /* a byte of the answer makes it an attempt */
    T_CALL(t, ask_first(t, &k));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-143"));
    T_EQ(t, give_text(&k, 0, "H"), WMBT_NEED_MORE);
    T_EQ(t, lose(&k, 0), WMBT_END);
    T_EQ(t, retries(&k), 1);
}

/* An answer that ends with its connection is complete if its bytes are all there. */
static void test_until_the_end(wmbt_test *t)
{
    for (uint32_t less = 0; less < 2u; less++) {
        talk k;
        T_CALL(t, ask_first(t, &k));
        say(&k, "HTTP/1.1 206 x\r\nContent-Range: bytes 0-127/144\r\nConnection: close\r\n\r\n");
        T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
        T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 128u - less)), WMBT_NEED_MORE);
        T_EQ(t, lose(&k, 0), WMBT_END);
        T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
        T_EQ(t, retries(&k), less);
        T_EQ(t, k.x->client.counts.by_meaning[WMBT_S3_PART], 1u - less);
        T_CALL(t, take(t, &k));
        k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
        T_CALL(t, expect_range(t, &k, 0, less != 0u ? "127-127" : "128-143"));
    }
}

/* When a connection can go on: not if the store closes it, nor if more came than the answer. */
static void test_goes_on(wmbt_test *t)
{
    static const struct {
        const char *field, *behind;
        bool reusable;
    } rows[] = {{"", "", true}, {"Connection: close\r\n", "", false}, {"", "?", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        T_CALL(t, ask_first(t, &k));
        say(&k, "HTTP/1.1 503 x\r\nContent-Length: 2\r\n");
        say(&k, rows[i].field);
        say(&k, "\r\nab");
        say(&k, rows[i].behind);
        T_EQ(t,
             wmbt_s3client_receive(&k.x->client, &k.x->conn[0], k.x->d->r, wmbt_view_of(k.text, 5),
                                   &k.x->now, NULL),
             WMBT_NEED_MORE);
        T_EQ(t,
             wmbt_s3client_receive(&k.x->client, &k.x->conn[0], k.x->d->r,
                                   wmbt_view_of(k.text + 5, k.len - 5u), &k.x->now, NULL),
             WMBT_END);
        T_EQ(t, wmbt_s3conn_is_reusable(&k.x->conn[0]), rows[i].reusable);
        T_EQ(t, retries(&k), 1);
    }
}

/* Two requests on a connection that the store closes behind the first answer, as it says or without
 * a word: the second one is asked again on the next connection, at once, which is no attempt. */
static void test_closed_behind_the_first(wmbt_test *t)
{
    for (uint32_t said = 0; said < 2u; said++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 2));
        k.x->config.depth = 2;
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        uint8_t second[256];
        wmbt_test_copy(second, k.x->request, sizeof second);
        T_EQ(t, give_part(&k, 0, 0, 128, said != 0u ? "Connection: close\r\n" : ""),
             said != 0u ? WMBT_END : WMBT_NEED_MORE);
        T_EQ(t, lose(&k, 0), said != 0u ? WMBT_BAD_STATE : WMBT_END);
        T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_BYTES(t, k.x->request, second, 100); /* the key */
        T_EQ(t, retries(&k), 0);
    }
}

/* The bound of a wait doubles with each attempt, up to the cap; the wait is what chance leaves of
 * it. */
static void test_bounds(wmbt_test *t)
{
    static const struct {
        uint32_t base, cap, attempt, random, wait;
    } rows[] = {
        {100, 10000, 1, 100, 100},
        {100, 10000, 1, 101, 0},
        {100, 10000, 3, 400, 400},
        {100, 10000, 3, 401, 0},
        {100, 300, 3, 300, 300},
        {100, 300, 3, 301, 0},
        {500, 100, 1, 100, 100}, /* the cap is below the base */
        {500, 100, 1, 101, 0},
        {0x60000000u, UINT32_MAX, 2, 0xC0000000u, 0xC0000000u},
        {0x60000000u, UINT32_MAX, 2, 0xC0000001u, 0},
        {0x7FFFFFFFu, UINT32_MAX, 2, 0xFFFFFFFEu, 0xFFFFFFFEu},
        {0x7FFFFFFFu, UINT32_MAX, 2, 0xFFFFFFFFu, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 1));
        k.x->config.base_ms = rows[i].base;
        k.x->config.cap_ms = rows[i].cap;
        T_CALL(t, start(t, &k));
        for (uint32_t attempt = 1; attempt <= rows[i].attempt; attempt++) {
            k.x->now.random = attempt == rows[i].attempt ? rows[i].random : 0u;
            T_CALL(t, expect_range(t, &k, 0, "0-127"));
            T_EQ(t, lose(&k, 0), WMBT_END);
        }
        T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), rows[i].wait);
        T_EQ(t, retries(&k), rows[i].attempt);
    }
}

/* An answer with bytes gives back 1 of the budget for retries, which never has more than at the
 * beginning, and makes the attempts of its object anew. */
static void test_gets_on(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    k.x->config.part_bytes = 128;
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_EQ(t, k.x->client.budget, 500);
    T_CALL(t, take(t, &k));
    for (uint32_t part = 0; part < 3u; part++) {
        for (uint32_t lost = 0; lost < 4u; lost++) { /* one more would be the last */
            T_EQ(t, ask(&k, 0), WMBT_OK);
            T_EQ(t, give_text(&k, 0, "H"), WMBT_NEED_MORE); /* it was not idle */
            T_EQ(t, lose(&k, 0), WMBT_END);
            k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
        }
        T_EQ(t, retries(&k), 4u * part + 4u);
        T_EQ(t, k.x->client.budget, 500u - 4u * WMBT_S3CLIENT_RETRY_COST * (part + 1u) + part);
        T_EQ(t, ask(&k, 0), WMBT_OK);
        T_EQ(t, give_part(&k, 0, 128u + 128u * part, 256u + 128u * part, ""), WMBT_END);
    }
    T_EQ(t, drive_status(k.x->d, 0), WMBT_NEED_MORE);
    T_EQ(t, k.x->client.counts.asked_bytes, 128u * (1u + 3u * 5u));
    T_EQ(t, k.x->client.counts.received_bytes, 128u * 4u);
    T_EQ(t, k.x->client.counts.requests, 1u + 3u * 5u);
}

/* --- one object after the other --------------------------------------------------------------- */

/* What one object went through is nothing to the next one in its slot: a wait, attempts, restarts,
 * bytes that nobody asked for. */
static void test_next_object(wmbt_test *t)
{
    static const char *const missing = "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n";
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
    T_CALL(t, expect_range(t, &k, 1, "828-1527"));
    k.x->now.random = 60;
    T_EQ(t, give_text(&k, 0, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 60);
    T_EQ(t, give_text(&k, 1, missing), WMBT_END);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_MISSING);
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0);
    T_EQ(t, ask(&k, 1), WMBT_NEED_MORE); /* though the object had more */
    k.x->now.ms += 60u;
    T_EQ(t, ask(&k, 1), WMBT_NEED_MORE);
    k.x->now.ms -= 60u;
    T_CALL(t, take(t, &k));
    for (uint32_t attempt = 1; attempt <= 5u; attempt++) {
        T_CALL(t, expect_range(t, &k, 1, "0-127"));
        T_EQ(t, give_text(&k, 1, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
        T_EQ(t, drive_status(k.x->d, 1),
             attempt < 5u ? WMBT_NEED_MORE : WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
        k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
    }
    T_EQ(t, retries(&k), 1u + 4u);
    /* restarts */
    T_CALL(t, begin(t, &k, false, 1));
    k.x->config.attempts = 9;
    T_CALL(t, start(t, &k));
    for (uint32_t object = 0; object < 2u; object++) {
        for (uint32_t restart = 0; restart < 3u; restart++) {
            T_CALL(t, expect_range(t, &k, 0, "0-127"));
            T_EQ(t, give_text(&k, 0, "HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
            T_EQ(t, drive_status(k.x->d, object), WMBT_NEED_MORE);
            T_CALL(t, take(t, &k));
        }
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_EQ(t,
             give_text(&k, 0,
                       object == 0u ? missing : "HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n"),
             WMBT_END);
        T_EQ(t, drive_status(k.x->d, object),
             object == 0u ? WMBT_MISSING : WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
        T_CALL(t, take(t, &k));
    }
}

/* Of two wants the older one is asked for first, in whatever slots they are; what lies behind the
 * slots is none. */
static void test_oldest_first(wmbt_test *t)
{
    talk k;
    uint8_t path[160], other[160];
    T_CALL(t, begin(t, &k, false, 2));
    T_CALL(t, live_begin(t, k.x));
    k.x->config.in_flight = 2;
    T_EQ(t, wmbt_s3client_init(&k.x->client, &k.x->config, k.x->slots), WMBT_OK);
    T_CALL(t, take(t, &k));
    k.x->slots[2].is_open = 1;
    k.x->slots[2].not_before = k.x->now.ms;
    k.x->slots[2].next = 5;
    k.x->slots[2].end = 9;
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    wmbt_test_copy(path, k.x->request, sizeof path);
    T_EQ(t, give_text(&k, 0, "HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
    T_CALL(t, take(t, &k)); /* of the first object, from its beginning: the younger want */
    k.x->slots[2].not_before = k.x->now.ms + 5u;
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0);
    T_CALL(t, expect_range(t, &k, 1, "0-127"));
    wmbt_test_copy(other, k.x->request, sizeof other);
    T_CHECK(t, !wmbt_test_same(path, other, sizeof path));
    T_EQ(t, k.x->slots[2].is_open, 1);
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_BYTES(t, path, k.x->request, sizeof path);
    T_EQ(t, ask(&k, 2), WMBT_NEED_MORE);
}

/* What is said of requests in a row: how many a connection takes, when it was heard of. */
static void test_one_at_once(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 2));
    k.x->config.part_bytes = 1; /* an object's header comes in one part */
    T_CALL(t, start(t, &k));
    T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_CHECK(t, wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_EQ(t, ask(&k, 0), WMBT_NEED_MORE); /* one at once, if nothing else is said */
    k.x->now.ms += 29000u;
    T_EQ(t, wmbt_s3client_left(&k.x->client, &k.x->conn[0], k.x->now.ms), 1000);
    T_EQ(t, give_text(&k, 0, "H"), WMBT_NEED_MORE);
    T_EQ(t, k.said, WMBT_NEED_MORE);
    T_EQ(t, wmbt_s3client_left(&k.x->client, &k.x->conn[0], k.x->now.ms), 30000);
    k.said = WMBT_FULL;
    T_EQ(t, lose(&k, 0), WMBT_END);
    T_EQ(t, k.said, WMBT_NEED_MORE);
    T_EQ(t, lose(&k, 0), WMBT_BAD_STATE);
    T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
    /* a deadline that is there fails the want */
    wmbt_s3client_start(&k.x->client, 0);
    T_CALL(t, begin(t, &k, false, 1));
    T_CALL(t, start(t, &k));
    wmbt_s3client_start(&k.x->client, k.x->now.ms);
    T_CALL(t, take(t, &k));
    T_CALL(t, live_start(t, k.x));
    T_CALL(t, take(t, &k));
    k.x->client.deadline = k.x->now.ms;
    T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
    T_EQ(t, k.x->client.counts.requests, 0);
}

/* The object has come to the memory that was lent, and what is in it is no block. */
static void check_collected(wmbt_test *t, const talk *k)
{
    T_BYTES(t, k->x->lent[1], k->object.data, k->object.len);
    T_EQ(t, drive_status(k->x->d, 0), WMBT_BAD_MAGIC);
}

/* A clock that is wrong is put right by what an answer says, which is a retry but no attempt. */
static void test_clock(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    say(&k, "HTTP/1.1 403 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 48\r\n\r\n");
    say(&k, "<Error><Code>RequestTimeTooSkewed</Code></Error>");
    T_EQ(t, give(&k, 0), WMBT_END);
    T_EQ(t, retries(&k), 1);
    T_EQ(t, k.x->client.budget, 500);
    k.x->now.time += 60u;
    T_CALL(t, expect(t, &k, 0, "x-amz-date: ", "19941106T085037Z"));
}

/* Two requests on a connection: an answer that is shorter than its part, whose rest is owed; and an
 * end between two answers, which is no attempt. */
static void test_two_requests(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    k.x->config.depth = 2;
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
    T_CALL(t, expect_range(t, &k, 0, "828-1527"));
    T_EQ(t, give_part(&k, 0, 128, 400, ""), WMBT_NEED_MORE);
    T_EQ(t, give_part(&k, 0, 828, 1528, ""), WMBT_END);
    T_CALL(t, expect_range(t, &k, 0, "400-827"));
    T_EQ(t, ask(&k, 0), WMBT_OK); /* the last part */
    T_EQ(t, give_part(&k, 0, 400, 828, ""), WMBT_NEED_MORE);
    T_EQ(t, lose(&k, 0), WMBT_END);
    T_EQ(t, retries(&k), 0);
    T_EQ(t, ask(&k, 0), WMBT_OK);
    T_EQ(t, give_part(&k, 0, 1528, (uint32_t)k.object.len, ""), WMBT_END);
    T_CALL(t, check_collected(t, &k));
    T_CHECK(t, wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_EQ(t, lose(&k, 0), WMBT_BAD_STATE);
    T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
}

/* A first want that is longer than the object: a part is cut to the object's end, a store that
 * sends all for a part has sent all, and behind a part the next one is anybody's. */
static void test_first_bytes(wmbt_test *t)
{
    for (uint32_t way = 0; way < 3u; way++) {
        talk k;
        k.x = live_prepare_as(t, &k.b, false, FORM_PLAIN, 4096, 1);
        T_CHECK(t, k.x != NULL);
        k.object = k.b.b->object[k.b.at[0]].bytes;
        k.len = 0;
        k.x->config.part_bytes = way != 0u ? 128u : 0u;
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, way != 0u ? "0-127" : "0-4095"));
        if (way == 0u) {
            T_EQ(t, give_part(&k, 0, 0, 100, ""), WMBT_END);
            T_EQ(t, ask(&k, 1), WMBT_NEED_MORE);
            T_CALL(t, expect_range(t, &k, 0, "100-143"));
            T_EQ(t, give_part(&k, 0, 100, 144, ""), WMBT_END);
        } else if (way == 1u) {
            T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
            T_CALL(t, expect_range(t, &k, 1, "128-143"));
            T_EQ(t, give_part(&k, 1, 128, 144, ""), WMBT_END);
        } else {
            T_EQ(t, give_text(&k, 0, "HTTP/1.1 200 x\r\nContent-Length: 144\r\n\r\n"),
                 WMBT_NEED_MORE);
            T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 130)), WMBT_NEED_MORE);
            T_EQ(t, ask(&k, 1), WMBT_NEED_MORE);
            T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data + 130, 14)), WMBT_END);
            T_EQ(t, k.x->client.counts.requests, 1);
        }
        T_EQ(t, drive_status(k.x->d, 0), WMBT_OK);
        T_EQ(t, k.x->client.counts.received_bytes, 144);
        T_EQ(t, k.x->client.counts.wasted_bytes, 0);
    }
}

/* Header bytes without end are refused. */
static void test_endless_header(wmbt_test *t)
{
    talk k;
    T_CALL(t, ask_first(t, &k));
    say(&k, "HTTP/1.1 206 x\r\nX: ");
    T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
    wmbt_status status = WMBT_NEED_MORE;
    uint32_t bytes = 0;
    for (; status == WMBT_NEED_MORE && bytes < 20000u; bytes += 4u) {
        status = give_text(&k, 0, "aaaa");
    }
    T_EQ(t, status, WMBT_END);
    T_CHECK(t, bytes > 16000u && bytes <= 16384u);
    T_EQ(t, k.x->client.counts.refused, 1);
    T_EQ(t, retries(&k), 1);
}

/* A request is written into the memory that was given, and nowhere else. */
static void test_where_requests_go(wmbt_test *t)
{
    const size_t room = 4096;
    talk k;
    T_CALL(t, begin(t, &k, false, 1));
    T_CALL(t, start(t, &k));
    uint8_t *memory = wmbt_test_alloc(t, 3u * room);
    T_CHECK(t, memory != NULL);
    wmbt_test_fill(memory, 3u * room);
    T_EQ(t,
         wmbt_s3client_ask(&k.x->client, &k.x->conn[0], k.x->d->r, &k.x->now,
                           wmbt_buf_of(memory + room, room), &k.request_bytes),
         WMBT_OK);
    T_CHECK(t, wmbt_test_is_filled(memory, room));
    T_CHECK(t, wmbt_test_is_filled(memory + 2u * room, room));
    T_CHECK(t, k.request_bytes > 100u && memory[room] == (uint8_t)'G');
}

/* A store that ignores ranges is asked once for an object; so is one for a small object, which is
 * shorter than the part that is asked for. */
static void test_once(wmbt_test *t)
{
    for (uint32_t whole = 0; whole < 2u; whole++) {
        talk k;
        T_CALL(t, begin(t, &k, whole != 0u, 1));
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        if (whole != 0u) {
            uint32_t first = 0;
            say(&k, "HTTP/1.1 200 x\r\nContent-Length: ");
            say_number(&k, (uint32_t)k.object.len);
            say(&k, "\r\n\r\n");
            T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
            T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 200)), WMBT_END);
            T_CALL(t, take(t, &k));
            /* its rest, at once */
            T_EQ(t, ask(&k, 0), WMBT_OK);
            wmbt_view line =
                wmbt_test_line_of(wmbt_view_of(k.x->request, k.request_bytes), "Range: bytes=");
            first = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&line, '-'));
            T_EQ(t, wmbt_cell_u64(t, line), k.object.len - 1u);
            T_CHECK(t, first >= 128u && first <= 200u);
            T_EQ(t, ask(&k, 1), WMBT_NEED_MORE);
            continue;
        }
        say(&k, "HTTP/1.1 206 x\r\nContent-Range: bytes 0-99/100\r\nContent-Length: 100\r\n\r\n");
        T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
        T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 100)), WMBT_END);
        T_CHECK(t, drive_status(k.x->d, 0) != WMBT_NEED_MORE);
        T_EQ(t, ask(&k, 0), WMBT_NEED_MORE);
    }
}

/* --- answers that nobody waits for ------------------------------------------------------------ */

/* A prompt begins while requests of its predecessor are under way: their answers are read for
 * nothing, whatever they are, and the connection carries what is asked next. */
static void test_of_another_prompt(wmbt_test *t)
{
    for (uint32_t second = 0; second < 4u; second++) {
        talk k;
        T_CALL(t, begin(t, &k, false, 2));
        k.x->config.depth = 2;
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_EQ(t, wmbt_reader_start(k.x->d->r, &k.x->d->prompt), WMBT_OK);
        T_EQ(t, wmbt_reader_hash(k.x->d->r, &k.b.b->hash[0]), WMBT_OK);
        wmbt_s3client_start(&k.x->client, 0);
        T_CALL(t, take(t, &k));
        say(&k, "HTTP/1.1 206 x\r\nContent-Range: bytes 0-4/144\r\nTransfer-Encoding: chunked"
                "\r\n\r\n2\r\nab\r\n3\r\ncde\r\n"); /* two pieces in one call */
        T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
        T_EQ(t, k.said, WMBT_STALE);
        T_EQ(t, give_text(&k, 0, "0\r\n\r\n"), WMBT_NEED_MORE);
        T_EQ(t, k.said, WMBT_STALE);
        T_EQ(t, k.x->client.counts.wasted_bytes, 5);
        if (second == 0u) {
            T_EQ(t, give_text(&k, 0, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
            T_EQ(t, k.said, WMBT_STALE);
        } else if (second == 1u) {
            T_EQ(t, give_text(&k, 0, "HTTP/1.1 200 x\r\nContent-Length: ?\r\n\r\n"), WMBT_END);
        } else if (second == 2u) {
            T_EQ(t, give_text(&k, 0, "HTTP"), WMBT_NEED_MORE);
            T_EQ(t, lose(&k, 0), WMBT_END);
        } else {
            T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
            T_EQ(t, k.said, WMBT_STALE);
        }
        T_EQ(t, wmbt_s3conn_is_reusable(&k.x->conn[0]), second == 0u || second == 3u);
        T_EQ(t, retries(&k), 0);
        T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0);
        T_EQ(t, drive_status(k.x->d, 0), WMBT_NEED_MORE);
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
        T_CHECK(t, k.x->client.counts.received_bytes == 128u);
    }
}

/* --- parts ------------------------------------------------------------------------------------ */

/* A store that ignores the range of one part: what lies before it is passed over, and what behind
 * it is not waited for. */
static void test_whole_for_a_part(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
    T_CALL(t, expect_range(t, &k, 1, "828-1527"));
    say(&k, "HTTP/1.1 200 x\r\nContent-Length: ");
    say_number(&k, (uint32_t)k.object.len);
    say(&k, "\r\n\r\n");
    T_EQ(t, give(&k, 1), WMBT_NEED_MORE);
    T_EQ(t, receive(&k, 1, wmbt_view_of(k.object.data, 500)), WMBT_NEED_MORE);
    T_EQ(t, receive(&k, 1, wmbt_view_of(k.object.data + 500, 1400)), WMBT_END);
    T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[1]));
    T_EQ(t, k.x->client.counts.received_bytes, 128u + 700u);
    T_EQ(t, k.x->client.counts.wasted_bytes, 1900u - 700u);
    T_EQ(t, retries(&k), 0);
    wmbt_view rest = wmbt_view_of(k.object.data + 1528, k.object.len - 1528u);
    T_EQ(t, ask(&k, 1), WMBT_OK); /* the last part */
    T_EQ(t, give_part(&k, 1, 1528, 1528u + (uint32_t)rest.len, ""), WMBT_END);
    T_EQ(t, give_part(&k, 0, 128, 828, ""), WMBT_END);
    T_CALL(t, check_collected(t, &k));
}

/* More holes than the reader remembers: the bytes are asked for again, after a wait. */
static void test_holes(wmbt_test *t)
{
    talk k;
    T_CALL(t, begin(t, &k, true, 1));
    k.x->d->config.runs = 1;
    T_CALL(t, drive_start(k.x->d));
    T_CALL(t, start(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
    T_CALL(t, take(t, &k));
    T_CALL(t, expect_range(t, &k, 0, "128-827"));
    T_CALL(t, expect_range(t, &k, 1, "828-1527"));
    T_EQ(t, give_part(&k, 1, 828, 1528, ""), WMBT_END);
    T_EQ(t, k.said, WMBT_FULL);
    T_EQ(t, retries(&k), 1);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_NEED_MORE);
    T_EQ(t, give_part(&k, 0, 128, 828, ""), WMBT_END);
    k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
    T_CALL(t, expect_range(t, &k, 1, "828-1527"));
    T_EQ(t, give_part(&k, 1, 828, 1528, ""), WMBT_END);
    T_EQ(t, ask(&k, 0), WMBT_OK);
    T_EQ(t, give_part(&k, 0, 1528, (uint32_t)k.object.len, ""), WMBT_END);
    T_CALL(t, check_collected(t, &k));
}

/* Bytes that somebody else has given to the reader: it refuses them, the client asks a few times
 * and gives up, and no byte of the object is another one. */
static void test_given_by_hand(wmbt_test *t)
{
    talk k;
    wmbt_want want;
    size_t taken = 0;
    T_CALL(t, begin(t, &k, false, 1));
    T_CALL(t, live_begin(t, k.x));
    T_EQ(t, wmbt_reader_next_want(k.x->d->r, &want), WMBT_OK);
    T_EQ(t, wmbt_s3client_take(&k.x->client, k.x->d->r, &want), WMBT_OK);
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t,
         give_text(&k, 0,
                   "HTTP/1.1 206 x\r\nContent-Range: bytes 0-127/144\r\nContent-Length: 128"
                   "\r\n\r\n"),
         WMBT_NEED_MORE);
    T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 40)), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_feed(k.x->d->r, &want, 40, wmbt_view_of(k.object.data + 40, 30), &taken),
         WMBT_NEED_MORE);
    T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data + 40, 88)), WMBT_END);
    T_EQ(t, k.said, WMBT_BAD_ARGUMENT);
    T_EQ(t, retries(&k), 0); /* the answer brought something */
    for (uint32_t attempt = 1; attempt < 5u; attempt++) {
        k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
        T_CALL(t, expect_range(t, &k, 0, "40-127"));
        T_EQ(t, give_part(&k, 0, 40, 128, ""), WMBT_END);
        T_EQ(t, retries(&k), attempt);
    }
    k.x->now.ms += wmbt_s3client_wait(&k.x->client, k.x->now.ms);
    T_CALL(t, expect_range(t, &k, 0, "40-127"));
    T_EQ(t, give_part(&k, 0, 40, 128, ""), WMBT_END);
    T_EQ(t, drive_status(k.x->d, 0), WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
}

#define FAR_BYTES (2400u << 10)

/* A store that ignores ranges of a large object: up to 1 MiB before a part is passed over, more
 * only if as much is wanted behind it. */
static void test_far(wmbt_test *t)
{
    static const struct {
        uint32_t before, wanted;
        bool read;
    } rows[] = {
        {1024u << 10, 128, true},
        {(1024u << 10) + 1u, 128, false},
        {(1024u << 10) + 1u, 1024u << 10, false},
        {(1024u << 10) + 1u, (1024u << 10) + 1u, true},
        {(1024u << 10) + 2000u, (1024u << 10) + 2000u, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        talk k;
        wmbt_want want;
        T_CALL(t, begin(t, &k, true, 1));
        uint8_t *inside = wmbt_test_alloc(t, FAR_BYTES);
        T_CHECK(t, inside != NULL);
        k.object = bucket_wrap(t, wmbt_view_of(inside, FAR_BYTES), false);
        uint8_t *lent = wmbt_test_alloc(t, 2u * FAR_BYTES + 4096u);
        T_CHECK(t, lent != NULL && k.object.data != NULL);
        k.x->config.part_bytes = rows[i].before - 128u;
        k.x->d->config.max_object_bytes = UINT32_MAX;
        T_CALL(t, drive_start(k.x->d));
        T_CALL(t, start(t, &k));
        T_CALL(t, expect_range(t, &k, 0, "0-127"));
        T_EQ(t, give_part(&k, 0, 0, 128, ""), WMBT_END);
        T_EQ(t, wmbt_reader_next_want(k.x->d->r, &want), WMBT_OK);
        T_EQ(t, want.kind, WMBT_WANT_MEMORY);
        T_EQ(t,
             wmbt_reader_memory(k.x->d->r, &want, wmbt_buf_of(lent, want.plain_bytes),
                                wmbt_buf_of(lent + FAR_BYTES, want.stored_bytes)),
             WMBT_OK);
        T_CALL(t, take(t, &k));
        T_EQ(t, ask(&k, 0), WMBT_OK);
        T_EQ(t, give_part(&k, 0, 128, rows[i].before, ""), WMBT_END);
        k.x->client.config.part_bytes = rows[i].wanted;
        T_EQ(t, ask(&k, 0), WMBT_OK);
        say(&k, "HTTP/1.1 200 x\r\nContent-Length: ");
        say_number(&k, (uint32_t)k.object.len);
        say(&k, "\r\n\r\n");
        T_EQ(t, give(&k, 0), WMBT_NEED_MORE);
        T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data, 1000)),
             rows[i].read ? WMBT_NEED_MORE : WMBT_END);
        T_EQ(t, drive_status(k.x->d, 0),
             rows[i].read ? WMBT_NEED_MORE : WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
        T_EQ(t, k.x->client.counts.wasted_bytes, 1000);
        T_EQ(t, k.x->client.counts.received_bytes, rows[i].before);
        T_EQ(t, wmbt_s3conn_is_reusable(&k.x->conn[0]), rows[i].read);
        if (rows[i].read) {
            T_EQ(t, receive(&k, 0, wmbt_view_of(k.object.data + 1000, 1000)), WMBT_NEED_MORE);
        }
    }
}

static void test_arguments(wmbt_test *t)
{
    talk k;
    wmbt_want want;
    T_CALL(t, begin(t, &k, false, 1));
    k.x->d->config.presence_blocks = 8;
    T_CALL(t, drive_start(k.x->d));
    T_CALL(t, live_begin(t, k.x));
    T_EQ(t, wmbt_s3client_wait(&k.x->client, k.x->now.ms), 0);
    /* questions are answered by "ask for the objects" */
    T_EQ(t, wmbt_reader_next_want(k.x->d->r, &want), WMBT_OK);
    T_EQ(t, want.kind, WMBT_WANT_PRESENCE);
    T_EQ(t, wmbt_s3client_take(&k.x->client, k.x->d->r, &want), WMBT_NEED_MORE);
    T_CALL(t, take(t, &k));
    wmbt_buf nowhere = wmbt_buf_of(NULL, LIVE_ROOM);
    T_EQ(t,
         wmbt_s3client_ask(&k.x->client, &k.x->conn[0], k.x->d->r, &k.x->now, nowhere,
                           &k.request_bytes),
         WMBT_BUFFER_TOO_SMALL);
    T_CALL(t, expect_range(t, &k, 0, "0-127"));
    T_EQ(t, receive(&k, 0, wmbt_view_of(NULL, 1)), WMBT_BAD_STATE);
    T_CHECK(t, !wmbt_s3conn_is_reusable(&k.x->conn[0]));
    T_EQ(t, wmbt_s3conn_init(&k.x->conn[1], wmbt_buf_of(NULL, LIVE_LINE_BYTES)),
         WMBT_BUFFER_TOO_SMALL);
    k.x->config.in_flight = 0;
    T_EQ(t, wmbt_s3client_init(&k.x->client, &k.x->config, k.x->slots), WMBT_BAD_ARGUMENT);
}

#define ARENA (224 * 1024)

static const wmbt_case cases[] = {
    {"ETags", test_etags, ARENA, NULL},
    {"a size that is not told", test_unknown_size, ARENA, NULL},
    {"objects without a byte", test_empty, ARENA, NULL},
    {"an object that has become shorter", test_shorter, ARENA, NULL},
    {"an object that is too large", test_too_large, ARENA, NULL},
    {"Retry-After", test_retry_after, ARENA, NULL},
    {"the longest waits", test_long_waits, ARENA, NULL},
    {"the shortest of two waits", test_two_waits, ARENA, NULL},
    {"parts of an object that waits", test_parts_wait, ARENA, NULL},
    {"what is left", test_left, ARENA, NULL},
    {"what is not mended", test_not_mended, ARENA, NULL},
    {"a connection that ends while idle", test_idle, ARENA, NULL},
    {"answers that end with the connection", test_until_the_end, ARENA, NULL},
    {"when a connection goes on", test_goes_on, ARENA, NULL},
    {"closed behind the first of two", test_closed_behind_the_first, ARENA, NULL},
    {"bounds of waits", test_bounds, ARENA, NULL},
    {"attempts of an object that gets on", test_gets_on, ARENA, NULL},
    {"the next object in a slot", test_next_object, ARENA, NULL},
    {"the oldest want first", test_oldest_first, ARENA, NULL},
    {"one request at once", test_one_at_once, ARENA, NULL},
    {"a clock that is wrong", test_clock, ARENA, NULL},
    {"two requests on a connection", test_two_requests, ARENA, NULL},
    {"a first want longer than the object", test_first_bytes, ARENA, NULL},
    {"a header without end", test_endless_header, ARENA, NULL},
    {"where requests are written", test_where_requests_go, ARENA, NULL},
    {"asked for once", test_once, ARENA, NULL},
    {"answers to another prompt", test_of_another_prompt, ARENA, NULL},
    {"the whole for a part", test_whole_for_a_part, ARENA, NULL},
    {"more holes than are remembered", test_holes, ARENA, NULL},
    {"bytes given by somebody else", test_given_by_hand, ARENA, NULL},
    {"a part far behind", test_far, ARENA + 5 * FAR_BYTES, NULL},
    {"arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(s3client_answers, cases);
