/* SPDX-License-Identifier: Apache-2.0 */
/* Presence by listings: pages in many splits, what is asked for again and what ends a question, and
 * that blocks which a listing does not have are not asked for. */
#include "../support/drive.h"
#include "../support/splits.h"

#include "wombatkv/objkey.h"
#include "wombatkv/s3presence.h"

#define ROOM 4096u
#define IN_FLIGHT 4u
#define NO_BLOCK 99u

typedef struct run {
    drive *d;
    drive_bucket b;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[IN_FLIGHT];
    wmbt_s3presence p;
    wmbt_s3client_now now;
    wmbt_want want;
    uint8_t memory[WMBT_S3PRESENCE_BYTES(8)];
    uint8_t request[ROOM], out[ROOM];
    size_t requested, len;
    uint32_t also; /* another block of the next page */
} run;

static void put(run *x, const char *text)
{
    wmbt_view v = wmbt_test_text(text);
    wmbt_test_copy(x->out + x->len, v.data, v.len);
    x->len += v.len;
}

/* The document of a page: a key that is no block's, and perhaps that of a block of the prompt. */
static void put_document(wmbt_test *t, run *x, const char *token, bool encoded, uint32_t block)
{
    uint8_t key[WMBT_OBJKEY_MAX_BYTES];
    size_t n = 0;
    put(x, "<ListBucketResult><Contents><Key>kv/t/n/wombatkv/v1/block/b3=00</Key><Size>1</Size>"
           "</Contents>");
    for (; block != NO_BLOCK; block = x->also, x->also = NO_BLOCK) {
        T_EQ(t, wmbt_reader_object_key(x->d->r, block, wmbt_buf_of(key, sizeof key), &n), WMBT_OK);
        put(x, "<Contents><Key>");
        for (size_t i = 0; i < n; i++) {
            if (encoded && key[i] == (uint8_t)'=') {
                put(x, "%3D");
            } else {
                x->out[x->len++] = key[i];
            }
        }
        put(x, "</Key><Size>7</Size></Contents>");
    }
    put(x, token[0] != '\0' ? "<IsTruncated>true</IsTruncated><NextContinuationToken>"
                            : "<IsTruncated>false</IsTruncated><Prefix>");
    put(x, token);
    put(x, token[0] != '\0' ? "</NextContinuationToken>" : "</Prefix>");
    put(x, encoded ? "<EncodingType>url</EncodingType></ListBucketResult>" : "</ListBucketResult>");
}

/* A page behind whose end the connection ends. */
static void put_page(wmbt_test *t, run *x, const char *token, bool encoded, uint32_t block)
{
    x->len = 0;
    put(x, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    put_document(t, x, token, encoded, block);
}

/* A page in chunks: one, which has all of it. */
static void put_chunked(wmbt_test *t, run *x, const char *token, uint32_t block)
{
    static const char *const hex = "0123456789abcdef";
    x->len = 0;
    put(x, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000\r\n");
    size_t from = x->len;
    put_document(t, x, token, false, block);
    for (size_t n = x->len - from, i = 3; n != 0u; n /= 16u, i++) {
        x->out[from - i] = (uint8_t)hex[n % 16u];
    }
    put(x, "\r\n0\r\n\r\n");
}

/* A reader that asks for the presence of two blocks. NULL: the test has failed. */
static run *prepare_space(wmbt_test *t, uint32_t max_pages, const char *name_space)
{
    wmbt_s3client_config config;
    wmbt_test_reset(t);
    run *x = (run *)(void *)wmbt_test_alloc(t, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    drive_fill(t, &x->b, false, FORM_PLAIN);
    x->b.b->hash[1].bytes[31] = 0xAB; /* letters */
    x->d = t->failed ? NULL : drive_config(t, x->b.b, WMBT_READER_AUDIT | WMBT_READER_NO_TAIL);
    if (x->d == NULL) {
        return NULL;
    }
    x->d->config.presence_blocks = 8;
    x->d->prompt.name_space = wmbt_test_text(name_space);
    drive_start(x->d);
    x->at.host = wmbt_test_text("store.test");
    x->at.bucket = wmbt_test_text("b");
    x->at.region = wmbt_test_text("us");
    x->at.who.access_key = wmbt_test_text("AK");
    x->at.who.secret = wmbt_test_text("secret");
    for (size_t i = 0; i < sizeof config; i++) {
        ((uint8_t *)&config)[i] = 0;
    }
    config.store = &x->at;
    config.in_flight = IN_FLIGHT;
    x->now.ms = 1000;
    x->now.time = 1700000000u;
    x->now.random = 7;
    x->also = NO_BLOCK;
    wmbt_test_fill(&x->client, sizeof x->client); /* what was there is nothing to them */
    wmbt_test_fill(x->slots, sizeof x->slots);
    wmbt_test_fill(&x->p, sizeof x->p);
    wmbt_test_fill(x->memory, sizeof x->memory);
    bool good = wmbt_s3client_init(&x->client, &config, x->slots) == WMBT_OK &&
                wmbt_s3presence_init(&x->p, wmbt_buf_of(x->memory, sizeof x->memory), max_pages) ==
                    WMBT_OK &&
                wmbt_reader_start(x->d->r, &x->d->prompt) == WMBT_OK;
    for (uint32_t i = 0; good && i < x->d->b->blocks; i++) {
        good = wmbt_reader_hash(x->d->r, &x->d->b->hash[i]) == WMBT_OK;
    }
    good = good && wmbt_reader_end(x->d->r, x->d->b->token_count) == WMBT_OK &&
           wmbt_reader_next_want(x->d->r, &x->want) == WMBT_OK &&
           x->want.kind == WMBT_WANT_PRESENCE && x->want.blocks == 2u &&
           wmbt_s3presence_take(&x->p, x->d->r, &x->want) == WMBT_OK;
    T_ALSO(t, good, "the question is asked");
    return t->failed ? NULL : x;
}

static run *prepare(wmbt_test *t, uint32_t max_pages)
{
    return prepare_space(t, max_pages, BUCKET_NAMESPACE);
}

static wmbt_status ask(run *x)
{
    return wmbt_s3presence_ask(&x->p, &x->client, x->d->r, &x->now,
                               wmbt_buf_of(x->request, sizeof x->request), &x->requested);
}

static wmbt_status lose(run *x)
{
    return wmbt_s3presence_lost(&x->p, &x->client, x->d->r, &x->now);
}

/* Gives what is in x->out, in a split; then the connection ends, if `ends`. */
static wmbt_status give_and(run *x, uint32_t way, bool ends)
{
    uint32_t state = way;
    wmbt_status status = WMBT_NEED_MORE;
    for (size_t at = 0; status == WMBT_NEED_MORE && at < x->len;) {
        size_t n = wmbt_split_next(way, &state, x->len - at);
        status = wmbt_s3presence_receive(&x->p, &x->client, x->d->r, wmbt_view_of(x->out + at, n),
                                         &x->now);
        at += n;
    }
    return status == WMBT_NEED_MORE && ends ? lose(x) : status;
}

static wmbt_status give(run *x, uint32_t way)
{
    return give_and(x, way, true);
}

static bool request_has(const run *x, const char *text)
{
    wmbt_view v = wmbt_test_text(text);
    for (size_t i = 0; i + v.len <= x->requested; i++) {
        if (wmbt_test_same(x->request + i, v.data, v.len)) {
            return true;
        }
    }
    return false;
}

/* Two pages, of which the second has block 1: block 0 is missing, and nobody asks for it. */
static void test_pages(wmbt_test *t)
{
    for (uint32_t way = 0; way < T_MANY(40u, 6u); way++) {
        run *x = prepare(t, 0);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        T_CHECK(t, request_has(x, "GET /b?list-type=2&prefix=kv%2Ft%2Fn%2Fwombatkv%2Fv1%2Fblock%2F"
                                  "b3%3D HTTP/1.1\r\n"));
        T_EQ(t, ask(x), WMBT_BAD_STATE);
        T_CALL(t, put_page(t, x, "a/b=", way % 2u != 0u, NO_BLOCK));
        T_EQ(t, give(x, way), WMBT_OK);
        T_EQ(t, ask(x), WMBT_OK);
        T_CHECK(t, request_has(x, "continuation-token=a%2Fb%3D&list-type=2"));
        T_CALL(t, put_page(t, x, "", way % 2u != 0u, 1));
        T_EQ(t, give(x, way), WMBT_END);
        T_EQ(t, ask(x), WMBT_END);
        T_EQ(t, drive_status(x->d, 0), WMBT_MISSING);
        T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
        T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);
        T_EQ(t, x->want.object, 1);
    }
}

/* The next want is that of an object: block `block` is asked for. */
static void check_asked_for(wmbt_test *t, run *x, uint32_t block)
{
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);
    T_EQ(t, x->want.object, block);
}

/* A store that keeps its connection answers two pages on it, if there is nothing behind an answer
 * that belongs to none. */
static void test_reused(wmbt_test *t)
{
    for (uint32_t way = 0; way < T_MANY(40u, 6u); way++) {
        for (uint32_t more = 0; more < 2u; more++) {
            run *x = prepare(t, 0);
            T_CHECK(t, x != NULL);
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
            T_CALL(t, put_chunked(t, x, "a", NO_BLOCK));
            if (more != 0u) {
                put(x, "?");
            }
            T_EQ(t, give_and(x, more != 0u ? 0u : way, false), WMBT_OK);
            T_EQ(t, wmbt_s3presence_is_reusable(&x->p), more == 0u);
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
            T_CALL(t, put_chunked(t, x, "", 0));
            T_EQ(t, give(x, way), WMBT_END);
            T_CHECK(t, wmbt_s3presence_is_reusable(&x->p));
            T_EQ(t, drive_status(x->d, 1), WMBT_MISSING);
            T_CALL(t, check_asked_for(t, x, 0));
        }
    }
}

/* Keys that end almost as that of a block are not its own. */
static void test_almost_a_key(wmbt_test *t)
{
    for (uint32_t less = 0; less < 2u; less++) { /* the digits alone, and one of them less */
        uint8_t key[WMBT_OBJKEY_MAX_BYTES];
        size_t n = 0;
        run *x = prepare(t, 0);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        T_EQ(t, wmbt_reader_object_key(x->d->r, 1, wmbt_buf_of(key, sizeof key), &n), WMBT_OK);
        x->len = 0;
        put(x, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult><Contents><Key>");
        wmbt_test_copy(x->out + x->len, key + n - 64u + less, 64u - less);
        x->len += 64u - less;
        put(x, "</Key><Size>7</Size></Contents>");
        put(x, "<IsTruncated>false</IsTruncated></ListBucketResult>");
        T_EQ(t, give(x, 0), WMBT_END);
        T_EQ(t, drive_status(x->d, 0), WMBT_MISSING);
        T_EQ(t, drive_status(x->d, 1), less == 0u ? WMBT_NEED_MORE : WMBT_MISSING);
    }
    for (uint32_t row = 0; row < 3u; row++) {
        run *x = prepare(t, 0);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        T_CALL(t, put_page(t, x, "", false, 1));
        size_t digit = 0; /* the last letter of the digits, or the last digit */
        for (size_t i = 0; i + 6u < x->len; i++) {
            bool end = wmbt_test_same(x->out + i, (const uint8_t *)"</Key>", 6);
            for (size_t back = 1; end && back <= 64u && digit < i - back; back++) {
                digit = row != 1u || x->out[i - back] >= (uint8_t)'a' ? i - back : digit;
            }
        }
        T_CHECK(t, digit != 0u);
        x->out[digit] = row == 0u   ? (uint8_t)'g'
                        : row == 1u ? (uint8_t)(x->out[digit] - 'a' + 'A')
                                    : (uint8_t)(x->out[digit] ^ 1u);
        T_EQ(t, give(x, 3), WMBT_END);
        T_EQ(t, drive_status(x->d, 0), WMBT_MISSING);
        T_EQ(t, drive_status(x->d, 1), WMBT_MISSING);
    }
}

/* A prompt begins while its predecessor's question is under way: the answer is nobody's, and until
 * it is there, what the new one asks is answered by "ask for the objects". */
static void test_next_prompt(wmbt_test *t)
{
    run *x = prepare(t, 0);
    wmbt_reader *r = x != NULL ? x->d->r : NULL;
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, wmbt_reader_start(r, &x->d->prompt), WMBT_OK);
    T_CALL(t, put_page(t, x, "", false, NO_BLOCK)); /* while there are no blocks */
    T_EQ(t, wmbt_reader_hash(r, &x->d->b->hash[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_end(r, x->d->b->token_count), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(r, &x->want), WMBT_OK);
    T_EQ(t, x->want.kind, WMBT_WANT_PRESENCE);
    T_EQ(t, wmbt_s3presence_take(&x->p, r, &x->want), WMBT_NEED_MORE);
    T_EQ(t, give(x, 5), WMBT_END);
    T_EQ(t, drive_status(x->d, 0), WMBT_NEED_MORE);
    T_CALL(t, check_asked_for(t, x, 0));
    /* the same with the key of a block that the new prompt does not have */
    x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    T_CALL(t, put_page(t, x, "", false, 1));
    T_EQ(t, wmbt_reader_start(x->d->r, &x->d->prompt), WMBT_OK);
    T_EQ(t, give(x, 5), WMBT_END);
    T_EQ(t, ask(x), WMBT_END);
    /* another reader, whose question has the same serial and is about more blocks */
    x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    T_CALL(t, put_page(t, x, "", false, 1));
    x->d->config.presence_blocks = 12;
    x->d->config.max_blocks = 12;
    x->d->config.memory = wmbt_buf_of(NULL, 0);
    uint8_t *room = wmbt_test_alloc(t, WMBT_READER_BYTES(12, 1));
    T_CHECK(t, room != NULL);
    T_EQ(t,
         wmbt_reader_init(wmbt_buf_of(room, WMBT_READER_BYTES(12, 1)), &x->d->config,
                          x->want.serial, &x->d->r),
         WMBT_OK);
    T_EQ(t, wmbt_reader_start(x->d->r, &x->d->prompt), WMBT_OK);
    for (uint32_t i = 0; i < 12u; i++) {
        T_EQ(t, wmbt_reader_hash(x->d->r, &x->d->b->hash[0]), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, x->want.blocks, 12);
    T_EQ(t, give(x, 5), WMBT_BAD_STATE);
}

/* Whatever fails, the blocks are asked for. */
static void test_given_up(wmbt_test *t)
{
    static const char *const bad[] = {
        "HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404 x\r\nContent-Length: 41\r\n\r\n<Error><Code>NoSuchBucket</Code></Error>\n",
        "HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n<html",
        ("HTTP/1.1 200 x\r\nConnection: close\r\n\r\n<ListBucketResult><IsTruncated>true"
         "</IsTruncated></ListBucketResult>"),
        "HTTP/1.1 200 x\r\nContent-Length: 50\r\n\r\n<ListBucketResult><Contents><Key>&no;</Key>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        run *x = prepare(t, 0);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        x->len = 0;
        put(x, bad[i]);
        T_EQ(t, give(x, 1), WMBT_END);
        T_CALL(t, check_asked_for(t, x, 0));
    }
    /* a request that cannot be made: a key that is too long, a time behind the year 9999 */
    uint8_t name[1100];
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = i + 1u < sizeof name ? 'n' : 0u;
    }
    for (uint32_t row = 0; row < 2u; row++) {
        run *x = prepare_space(t, 0, row == 0u ? (const char *)name : BUCKET_NAMESPACE);
        T_CHECK(t, x != NULL);
        x->now.time = row == 0u ? x->now.time : UINT64_C(253402300800);
        T_EQ(t, ask(x), WMBT_END);
        T_EQ(t, ask(x), WMBT_END);
        T_CALL(t, check_asked_for(t, x, 0));
    }
    /* more pages than are read; a listing that says the same token again */
    for (uint32_t row = 0; row < 2u; row++) {
        run *x = prepare(t, row == 0u ? 1u : 9u);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        T_CALL(t, put_page(t, x, "a", false, 1));
        T_EQ(t, give(x, 0), row == 0u ? WMBT_END : WMBT_OK);
        if (row != 0u) {
            T_EQ(t, ask(x), WMBT_OK);
            T_EQ(t, give(x, 0), WMBT_END);
        }
        T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
        T_EQ(t, x->want.object, 0);
    }
}

/* What may be otherwise the next time is asked for again, the same page, after a wait. */
static void test_again(wmbt_test *t)
{
    static const char *const bad[] = {
        "",
        "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 429 x\r\nContent-Length: 0\r\nRetry-After: 2\r\n\r\n",
        "HTTP/1.1 200 x\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
        ("HTTP/1.1 200 x\r\nContent-Length: 500\r\n\r\n"
         "<ListBucketResult><NextContinuationToken>xxxxxxxx"),
    };
    for (uint32_t i = 0; i < 5u * sizeof bad / sizeof bad[0]; i++) {
        run *x = prepare(t, 2);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        T_CALL(t, put_page(t, x, "a/b=", false, 0));
        T_EQ(t, give(x, i), WMBT_OK);
        for (uint32_t attempt = 1; attempt < 5u; attempt++) {
            uint32_t bound = 100u << (attempt - 1u);
            x->now.random = attempt * 1000003u;
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, request_has(x, "continuation-token=a%2Fb%3D&list-type=2"));
            x->len = 0;
            put(x, bad[i % 5u]);
            T_EQ(t, give(x, i), WMBT_OK);
            uint32_t wait = x->now.random % (bound + 1u) + (i % 5u == 2u ? 2000u : 0u);
            T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), wait);
            T_EQ(t, wmbt_s3presence_left(&x->p, &x->client, x->now.ms), UINT32_MAX);
            x->now.ms += wait - 1u;
            T_EQ(t, ask(x), WMBT_NEED_MORE);
            x->now.ms++;
        }
        T_EQ(t, x->client.counts.retries, 4);
        T_EQ(t, x->client.counts.refused, i % 5u == 3u ? 4u : 0u);
        T_EQ(t, x->client.budget, 500u - 4u * WMBT_S3CLIENT_RETRY_COST);
        T_EQ(t, ask(x), WMBT_OK);
        if (i < 5u) { /* the last attempt */
            x->len = 0;
            put(x, bad[i % 5u]);
            T_EQ(t, give(x, i), WMBT_END);
            T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
            T_EQ(t, x->want.object, 0);
            continue;
        }
        T_CALL(t, put_page(t, x, "", false, NO_BLOCK)); /* block 0 stands on the first page */
        T_EQ(t, give(x, i), WMBT_END);
        T_EQ(t, drive_status(x->d, 1), WMBT_MISSING);
        T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
        T_EQ(t, x->want.object, 0);
    }
}

/* Attempts are those of a page; the budget, the deadline and the time-out are the client's. */
static void test_limits(wmbt_test *t)
{
    run *x = prepare(t, 9);
    T_CHECK(t, x != NULL);
    for (uint32_t page = 0; page < 3u; page++) {
        for (uint32_t attempt = 0; attempt < 4u; attempt++) {
            T_EQ(t, ask(x), WMBT_OK);
            T_EQ(t, lose(x), WMBT_OK);
            x->now.ms += wmbt_s3presence_wait(&x->p, x->now.ms);
        }
        T_EQ(t, ask(x), WMBT_OK);
        T_CALL(t, put_page(t, x, page == 0u ? "a" : page == 1u ? "b" : "c", false, NO_BLOCK));
        T_EQ(t, give(x, page), WMBT_OK);
    }
    x->client.budget = WMBT_S3CLIENT_RETRY_COST - 1u;
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, lose(x), WMBT_END);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);

    x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, wmbt_s3presence_left(&x->p, &x->client, x->now.ms + 1u), 29999);
    x->now.ms += 100;
    x->len = 0;
    put(x, "HTTP/1.1 200 x\r\n");
    T_EQ(t, give_and(x, 0, false), WMBT_NEED_MORE);
    T_EQ(t, wmbt_s3presence_left(&x->p, &x->client, x->now.ms), 30000);
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
    wmbt_s3client_start(&x->client, x->now.ms + 30);
    T_EQ(t, wmbt_s3presence_left(&x->p, &x->client, x->now.ms), 30);
    x->now.ms += 10;
    x->now.random = 90;
    T_EQ(t, lose(x), WMBT_OK); /* a wait of 90 ms, but for the deadline */
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 20);
    x->now.ms += 20;
    T_EQ(t, ask(x), WMBT_END);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);
}

/* Clock and region are learned from the answer; what was signed before that is signed anew. */
static void test_learning(wmbt_test *t)
{
    static const char *const says[] = {
        "HTTP/1.1 403 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 48\r\n\r\n"
        "<Error><Code>RequestTimeTooSkewed</Code></Error>",
        "HTTP/1.1 400 x\r\nContent-Length: 75\r\n\r\n"
        "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu</Region></Error>",
        "HTTP/1.1 301 x\r\nx-amz-bucket-region: eu\r\nContent-Length: 0\r\n\r\n",
    };
    static const char *const signs[] = {"Credential=AK/19941106/us/", "Credential=AK/20231114/eu/",
                                        "Credential=AK/20231114/eu/"};
    for (uint32_t i = 0; i < 6u; i++) {
        run *x = prepare(t, 2);
        T_CHECK(t, x != NULL);
        T_EQ(t, ask(x), WMBT_OK);
        if (i >= 3u) { /* another answer was quicker */
            x->client.learned++;
            x->client.clock_set = 1;
            x->client.region_len = 2;
            x->client.region[0] = (uint8_t)'e';
            x->client.region[1] = (uint8_t)'u';
            x->client.clock_offset = i == 3u ? 784111777 - 1700000000 : 0;
        }
        x->len = 0;
        put(x, says[i % 3u]);
        T_EQ(t, give_and(x, i, false), WMBT_OK);
        T_CHECK(t, wmbt_s3presence_is_reusable(&x->p));
        T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
        T_EQ(t, ask(x), WMBT_OK);
        T_CHECK(t, i == 3u || request_has(x, signs[i % 3u]));
        T_EQ(t, x->client.budget, 500);
        T_EQ(t, x->client.counts.retries, 1);
        if (i % 3u == 2u) { /* the page counts once: there may be another one */
            T_CALL(t, put_page(t, x, "a/b=", false, NO_BLOCK));
            T_EQ(t, give(x, i), WMBT_OK);
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, request_has(x, "continuation-token=a%2Fb%3D&list-type=2"));
            T_CALL(t, put_page(t, x, "", false, NO_BLOCK));
            T_EQ(t, give(x, i), WMBT_END);
            T_EQ(t, drive_status(x->d, 0), WMBT_MISSING);
            continue;
        }
        T_EQ(t, give_and(x, i, false), WMBT_END); /* once only */
        T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
        T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);
    }
}

/* A deadline that comes during a wait ends the wait. */
static void test_deadline_in_a_wait(wmbt_test *t)
{
    run *x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    x->now.random = 90;
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, lose(x), WMBT_OK);
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 90);
    wmbt_s3client_start(&x->client, x->now.ms);
    T_EQ(t, ask(x), WMBT_END);
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
    /* the next question does not wait for it */
    wmbt_s3client_start(&x->client, 0);
    T_EQ(t, wmbt_reader_start(x->d->r, &x->d->prompt), WMBT_OK);
    T_EQ(t, wmbt_reader_hash(x->d->r, &x->d->b->hash[0]), WMBT_OK);
    T_EQ(t, wmbt_reader_end(x->d->r, BUCKET_BLOCK_TOKENS), WMBT_OK);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, wmbt_s3presence_take(&x->p, x->d->r, &x->want), WMBT_OK);
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
    T_EQ(t, ask(x), WMBT_OK);
}

/* Tokens of any length come back as they were, on pages of either parity. */
static void test_long_tokens(wmbt_test *t)
{
    char token[3][120];
    run *x = prepare(t, 9);
    T_CHECK(t, x != NULL);
    for (uint32_t page = 0; page < 3u; page++) {
        for (uint32_t i = 0; i < sizeof token[0]; i++) {
            token[page][i] = (char)('a' + (int)((i * (page + 3u)) % 26u));
        }
        token[page][sizeof token[0] - 1u] = '\0';
        T_EQ(t, ask(x), WMBT_OK);
        T_CHECK(t, page == 0u || request_has(x, token[page - 1u]));
        T_CALL(t, put_page(t, x, token[page], false, page % 2u));
        T_EQ(t, give(x, page), WMBT_OK);
    }
    T_EQ(t, ask(x), WMBT_OK);
    T_CHECK(t, request_has(x, token[2]));
}

/* When a connection carries the next request, and that its end between two is no attempt. */
static void test_connections(wmbt_test *t)
{
    run *x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    x->len = 0;
    put(x, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
    T_EQ(t, give_and(x, 0, false), WMBT_OK);
    T_CHECK(t, wmbt_s3presence_is_reusable(&x->p));
    x->now.ms += wmbt_s3presence_wait(&x->p, x->now.ms);
    T_EQ(t, ask(x), WMBT_OK);
    T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
    T_EQ(t, lose(x), WMBT_OK);
    T_EQ(t, x->client.counts.retries, 1);
    T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
    T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, lose(x), WMBT_OK); /* a new one that ends is an attempt */
    T_EQ(t, x->client.counts.retries, 2);
    x->now.ms += wmbt_s3presence_wait(&x->p, x->now.ms);
    T_EQ(t, ask(x), WMBT_OK);
    x->len = 0;
    put(x, "HTTP/1.1 503 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    T_EQ(t, give_and(x, 0, false), WMBT_OK);
    T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
    x->now.ms += wmbt_s3presence_wait(&x->p, x->now.ms);
    T_EQ(t, ask(x), WMBT_OK);
    x->len = 0;
    put(x, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
    put(x, "HTTP/1.1"); /* bytes behind the answer: the connection is not in step */
    T_EQ(t, give_and(x, 0, false), WMBT_OK);
    T_CHECK(t, !wmbt_s3presence_is_reusable(&x->p));
    T_EQ(t, x->client.counts.requests, 5);
    T_EQ(t, x->client.counts.by_meaning[WMBT_S3_BUSY], 3);
}

/* One connection, which ends while idle before each page but the first, and then in the middle of
 * an answer: the pages count once, the middle is an attempt. */
static void test_ends_while_idle(wmbt_test *t)
{
    static const char *const tokens[] = {"aa", "bb", "cc", ""};
    run *x = prepare(t, 4);
    T_CHECK(t, x != NULL);
    for (uint32_t page = 0; page < 4u; page++) {
        T_EQ(t, ask(x), WMBT_OK);
        if (page != 0u) {
            T_EQ(t, lose(x), WMBT_OK);
            T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, request_has(x, tokens[page - 1u]));
        }
        T_EQ(t, x->client.counts.retries, 0);
        T_CALL(t, put_chunked(t, x, tokens[page], NO_BLOCK));
        T_EQ(t, give_and(x, page, false), page < 3u ? WMBT_OK : WMBT_END);
        T_CHECK(t, wmbt_s3presence_is_reusable(&x->p));
    }
    T_EQ(t, drive_status(x->d, 0), WMBT_MISSING);
    x = prepare(t, 4);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    T_CALL(t, put_chunked(t, x, "aa", NO_BLOCK));
    T_EQ(t, give_and(x, 0, false), WMBT_OK);
    T_EQ(t, ask(x), WMBT_OK);
    x->len = 0;
    put(x, "HTTP/1.1 2");
    T_EQ(t, give(x, 0), WMBT_OK);
    T_EQ(t, x->client.counts.retries, 1);
}

/* Questions about more blocks than a byte has bits, each block alone, in memory for just as many,
 * by one presence: what a question left behind is nothing to the next one. */
static void test_many_blocks(wmbt_test *t)
{
    enum { MANY = 20 };
    run *x = prepare(t, 2);
    T_CHECK(t, x != NULL);
    uint8_t *memory = wmbt_test_alloc(t, WMBT_S3PRESENCE_BYTES(MANY));
    uint8_t *room = wmbt_test_alloc(t, WMBT_READER_BYTES(MANY, 1));
    T_CHECK(t, memory != NULL && room != NULL);
    x->d->config.presence_blocks = MANY;
    x->d->config.max_blocks = MANY;
    x->d->config.memory = wmbt_buf_of(NULL, 0);
    T_EQ(
        t,
        wmbt_reader_init(wmbt_buf_of(room, WMBT_READER_BYTES(MANY, 1)), &x->d->config, 1, &x->d->r),
        WMBT_OK);
    for (uint32_t blocks = 1; blocks <= MANY; blocks++) {
        size_t bytes = WMBT_S3PRESENCE_BYTES(0) + (blocks + 7u) / 8u;
        wmbt_test_fill(memory, WMBT_S3PRESENCE_BYTES(MANY));
        wmbt_test_fill(&x->p, sizeof x->p);
        T_EQ(t, wmbt_s3presence_init(&x->p, wmbt_buf_of(memory, bytes - 1u), 2), WMBT_OK);
        for (uint32_t there = 0; there <= blocks; there++) {
            T_EQ(t, wmbt_reader_start(x->d->r, &x->d->prompt), WMBT_OK);
            for (uint32_t i = 0; i < blocks; i++) {
                wmbt_block_hash hash;
                wmbt_test_fill(&hash, sizeof hash);
                hash.bytes[31] = (uint8_t)i;
                T_EQ(t, wmbt_reader_hash(x->d->r, &hash), WMBT_OK);
            }
            T_EQ(t, wmbt_reader_end(x->d->r, blocks * BUCKET_BLOCK_TOKENS), WMBT_OK);
            T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
            T_EQ(t, x->want.kind, WMBT_WANT_PRESENCE);
            T_EQ(t, x->want.blocks, blocks);
            if (there == 0u) { /* a byte too few for the bits: the objects are asked for */
                T_EQ(t, wmbt_s3presence_take(&x->p, x->d->r, &x->want), WMBT_NEED_MORE);
                T_EQ(t, wmbt_s3presence_init(&x->p, wmbt_buf_of(memory, bytes), 2), WMBT_OK);
                continue;
            }
            T_EQ(t, wmbt_s3presence_take(&x->p, x->d->r, &x->want), WMBT_OK);
            if (there % 3u == 0u) { /* an attempt and a wait, of this question alone */
                T_EQ(t, ask(x), WMBT_OK);
                T_EQ(t, lose(x), WMBT_OK);
                T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 7);
                T_EQ(t, x->p.attempts, 1);
                x->now.ms += 7u;
            }
            T_EQ(t, wmbt_s3presence_wait(&x->p, x->now.ms), 0);
            T_EQ(t, ask(x), WMBT_OK);
            T_CHECK(t, !request_has(x, "continuation-token"));
            uint32_t also = there * 7u % blocks;
            x->also = also;
            T_CALL(t, put_page(t, x, there % 4u == 0u ? "x" : "", false, there - 1u));
            if (there % 4u == 0u) { /* more pages than may be asked for: two */
                T_EQ(t, give(x, 0), WMBT_OK);
                T_EQ(t, ask(x), WMBT_OK);
                T_CALL(t, put_page(t, x, "y", false, NO_BLOCK));
            }
            T_EQ(t, give(x, 0), WMBT_END);
            T_CHECK(t, wmbt_test_is_filled(memory + bytes, WMBT_S3PRESENCE_BYTES(MANY) - bytes));
            for (uint32_t i = 0; i < blocks; i++) {
                T_EQ(t, drive_status(x->d, i),
                     i + 1u == there || i == also || there % 4u == 0u ? WMBT_NEED_MORE
                                                                      : WMBT_MISSING);
            }
        }
    }
}

/* A listing has all blocks: one of the prompt that the question is not about changes nothing, nor a
 * byte behind the question's bits. */
static void test_block_behind(wmbt_test *t)
{
    enum { ASKED = 8 }; /* they fill a byte */
    run *x = prepare(t, 2);
    T_CHECK(t, x != NULL);
    const size_t bytes = WMBT_S3PRESENCE_BYTES(ASKED);
    wmbt_buf room = wmbt_buf_of(wmbt_test_alloc(t, WMBT_READER_BYTES(ASKED + 1, 1)),
                                WMBT_READER_BYTES(ASKED + 1, 1));
    uint8_t *memory = wmbt_test_alloc(t, bytes + 8u);
    T_CHECK(t, room.data != NULL && memory != NULL);
    wmbt_test_fill(memory, bytes + 8u);
    x->d->config.presence_blocks = ASKED;
    x->d->config.max_blocks = ASKED + 1u;
    x->d->config.memory = wmbt_buf_of(NULL, 0);
    T_EQ(t, wmbt_reader_init(room, &x->d->config, 1, &x->d->r), WMBT_OK);
    T_EQ(t, wmbt_s3presence_init(&x->p, wmbt_buf_of(memory, bytes), 2), WMBT_OK);
    T_EQ(t, wmbt_reader_start(x->d->r, &x->d->prompt), WMBT_OK);
    for (uint32_t i = 0; i <= ASKED; i++) {
        wmbt_block_hash hash = {{(uint8_t)i}};
        T_EQ(t, wmbt_reader_hash(x->d->r, &hash), WMBT_OK);
    }
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_CHECK(t, x->want.kind == WMBT_WANT_PRESENCE && x->want.blocks == ASKED);
    T_EQ(t, wmbt_s3presence_take(&x->p, x->d->r, &x->want), WMBT_OK);
    T_EQ(t, ask(x), WMBT_OK);
    x->also = ASKED;
    T_CALL(t, put_page(t, x, "", false, 0));
    T_EQ(t, give(x, 0), WMBT_END);
    T_CHECK(t, wmbt_test_is_filled(memory + bytes, 8));
    for (uint32_t i = 0; i <= ASKED; i++) {
        T_EQ(t, drive_status(x->d, i), i % ASKED == 0u ? WMBT_NEED_MORE : WMBT_MISSING);
    }
}

/* Header bytes without end are refused. */
static void test_endless_header(wmbt_test *t)
{
    run *x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    T_EQ(t, ask(x), WMBT_OK);
    x->len = 0;
    put(x, "HTTP/1.1 200 x\r\nX: ");
    T_EQ(t, give_and(x, 0, false), WMBT_NEED_MORE);
    uint32_t bytes = 0;
    wmbt_status status = WMBT_NEED_MORE;
    for (x->len = 0, put(x, "aaaa"); status == WMBT_NEED_MORE && bytes < 20000u; bytes += 4u) {
        status = give_and(x, 0, false);
    }
    T_EQ(t, status, WMBT_OK);
    T_CHECK(t, bytes > 16000u && bytes <= 16384u);
    T_EQ(t, x->client.counts.refused, 1);
}

static void test_arguments(wmbt_test *t)
{
    run *x = prepare(t, 0);
    T_CHECK(t, x != NULL);
    wmbt_s3presence *p = &x->p;
    wmbt_want want;
    T_EQ(t, wmbt_s3presence_receive(p, &x->client, x->d->r, wmbt_view_of("x", 1), &x->now),
         WMBT_BAD_STATE);
    T_EQ(t, lose(x), WMBT_BAD_STATE);
    T_CHECK(t, !wmbt_s3presence_is_reusable(p));
    T_EQ(t,
         wmbt_s3presence_ask(p, &x->client, x->d->r, &x->now, wmbt_buf_of(x->request, 40),
                             &x->requested),
         WMBT_BUFFER_TOO_SMALL);
    wmbt_test_copy((uint8_t *)&want, (const uint8_t *)&x->want, sizeof want);
    want.kind = WMBT_WANT_OBJECT;
    T_EQ(t, wmbt_s3presence_take(p, x->d->r, &want), WMBT_BAD_STATE);
    T_EQ(t, ask(x), WMBT_OK);
    T_EQ(t, ask(x), WMBT_BAD_STATE);
    T_EQ(t, wmbt_s3presence_receive(p, &x->client, x->d->r, wmbt_view_of(NULL, 1), &x->now),
         WMBT_BAD_STATE);
    T_EQ(t, wmbt_s3presence_init(p, wmbt_buf_of(NULL, 1), 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3presence_init(p, wmbt_buf_of(x->memory, WMBT_S3PRESENCE_BYTES(0) - 1u), 0),
         WMBT_BUFFER_TOO_SMALL);
    /* no room for the bits: the objects are asked for */
    T_EQ(t, wmbt_s3presence_init(p, wmbt_buf_of(x->memory, WMBT_S3PRESENCE_BYTES(0)), 0), WMBT_OK);
    T_EQ(t, wmbt_s3presence_take(p, x->d->r, &x->want), WMBT_NEED_MORE);
    T_EQ(t, wmbt_reader_next_want(x->d->r, &x->want), WMBT_OK);
    T_EQ(t, x->want.kind, WMBT_WANT_OBJECT);
}

#define ARENA (128 * 1024)

static const wmbt_case cases[] = {
    {"pages", test_pages, ARENA, NULL},
    {"pages on one connection", test_reused, ARENA, NULL},
    {"keys that are almost a block's", test_almost_a_key, ARENA, NULL},
    {"a prompt that begins meanwhile", test_next_prompt, ARENA, NULL},
    {"what ends a question", test_given_up, ARENA, NULL},
    {"what is asked for again", test_again, ARENA, NULL},
    {"long tokens", test_long_tokens, ARENA, NULL},
    {"limits", test_limits, ARENA, NULL},
    {"clock and region", test_learning, ARENA, NULL},
    {"a deadline in a wait", test_deadline_in_a_wait, ARENA, NULL},
    {"connections", test_connections, ARENA, NULL},
    {"a connection that ends while idle", test_ends_while_idle, ARENA, NULL},
    {"more blocks than a byte has bits", test_many_blocks, ARENA, NULL},
    {"a block behind those that are asked about", test_block_behind, ARENA, NULL},
    {"a header without end", test_endless_header, ARENA, NULL},
    {"arguments", test_arguments, ARENA, NULL},
};
WMBT_SUITE(s3presence, cases);
