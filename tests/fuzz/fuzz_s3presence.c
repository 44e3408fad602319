/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Presence by listings against a model of a store: the input chooses which of two blocks are
 * stored, among how many other keys, in what pages, splits and encoding, how each answer
 * misbehaves, and bytes of answers that are altered or left out. Whatever comes, the question ends;
 * as long as no answer was altered, a block that is stored is never missing; and a question after
 * that, over the same memory to a store that behaves, tells of both blocks what is so.
 *
 * The input: stored blocks and url encoding, other keys and keys of a page, pages read at most,
 * splits; then for each answer what is wrong with it, and for MEDDLED ones three bytes more.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/drive.h"
#include "../support/splits.h"
#include "wombatkv/objkey.h"
#include "wombatkv/s3presence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA ((size_t)256 * 1024)
#define ROOM 8192u
#define BLOCKS 2u
#define MAX_KEYS 10u
#define MAX_TURNS 2000u
#define MEDDLED 15u /* and above: the answer's bytes */

enum {
    FINE,
    BUSY,
    CUT,
    GARBAGE,
    HANG_UP,
    SILENT,
    DENIED,
    CLOCK,
    REGION,
    SAME_TOKEN,
    NO_LIST,
    WAIT
};

typedef struct model {
    drive *d;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[1];
    wmbt_s3presence p;
    wmbt_s3client_now now;
    const uint8_t *data;
    size_t left;
    uint32_t stored, others, page, way;
    bool url, lies; /* an answer was not what the store has */
    uint8_t memory[WMBT_S3PRESENCE_BYTES(BLOCKS)];
    uint8_t request[ROOM], out[ROOM];
    size_t len;
} model;

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static uint8_t draw(model *m)
{
    if (m->left == 0) {
        return 0;
    }
    m->left--;
    return *m->data++;
}

static void put(model *m, const char *text)
{
    size_t n = strlen(text);
    check(n <= sizeof m->out - m->len);
    memcpy(m->out + m->len, text, n);
    m->len += n;
}

/* --- the store -------------------------------------------------------------------------------- */

/* Its keys, in their order as far as this matters: first other ones. False: there are no more. */
static bool key_of(const model *m, uint32_t i, char *key)
{
    size_t n = 0;
    uint32_t block = 0;
    if (i < m->others) {
        (void)sprintf(key, "kv/t/n/wombatkv/v1/block/b3=%02u", (unsigned)i);
        return true;
    }
    for (i -= m->others; block < BLOCKS && ((m->stored >> block & 1u) == 0u || i != 0u); block++) {
        i -= (m->stored >> block & 1u) != 0u ? 1u : 0u;
    }
    if (block == BLOCKS) {
        return false;
    }
    wmbt_buf room = wmbt_buf_of((uint8_t *)key, WMBT_OBJKEY_MAX_BYTES);
    check(wmbt_reader_object_key(m->d->r, block, room, &n) == WMBT_OK);
    key[n] = '\0';
    return true;
}

static void put_page(model *m, bool same_token)
{
    char key[WMBT_OBJKEY_MAX_BYTES + 1], token[16];
    const char *sent = strstr((const char *)m->request, "continuation-token=t");
    uint32_t first = sent != NULL ? (uint32_t)strtoul(sent + 20, NULL, 10) : 0u;
    uint32_t last = first + m->page;
    put(m, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult><EncodingType>");
    put(m, m->url ? "url</EncodingType>" : "</EncodingType>");
    for (uint32_t i = first; i < last && key_of(m, i, key); i++) {
        char *equals = strchr(key, '=');
        put(m, "<Contents><Size>5</Size><Key>");
        if (m->url) {
            *equals = '\0';
            put(m, key);
            put(m, "%3D");
            put(m, equals + 1);
        } else {
            put(m, key);
        }
        put(m, "</Key></Contents>");
    }
    bool more = same_token || key_of(m, last, key);
    (void)sprintf(token, "t%u/", (unsigned)(same_token ? first : last));
    put(m, "<NextContinuationToken>");
    put(m, more ? token : "");
    put(m, more ? "</NextContinuationToken><IsTruncated>true"
                : "</NextContinuationToken>"
                  "<IsTruncated>false");
    put(m, "</IsTruncated></ListBucketResult>");
}

/* The answer to m->request. Returns what is wrong with it. */
static uint8_t answer(model *m)
{
    uint8_t mood = draw(m);
    m->len = 0;
    if (mood == BUSY) {
        put(m, "HTTP/1.1 503 x\r\nContent-Length: 0\r\nRetry-After: 1\r\n\r\n");
    } else if (mood == GARBAGE) {
        put(m, "HTTP/1.1 200 x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    } else if (mood == DENIED) {
        put(m,
            "HTTP/1.1 403 x\r\nContent-Length: 40\r\n\r\n<Error><Code>AccessDenied</Code></Error>");
    } else if (mood == CLOCK) {
        put(m, "HTTP/1.1 403 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 48\r\n\r\n"
               "<Error><Code>RequestTimeTooSkewed</Code></Error>");
    } else if (mood == REGION) {
        put(m, "HTTP/1.1 400 x\r\nContent-Length: 75\r\n\r\n"
               "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu</Region></Error>");
    } else if (mood == NO_LIST) {
        put(m, "HTTP/1.1 200 x\r\nContent-Length: 6\r\n\r\n<html>");
    } else if (mood != HANG_UP && mood != SILENT) {
        put_page(m, mood == SAME_TOKEN);
    }
    if (mood == CUT) {
        m->len /= 2u;
    }
    if (mood >= MEDDLED && m->len != 0) {
        size_t at = (size_t)(draw(m) | draw(m) << 8) % m->len;
        uint8_t change = draw(m);
        m->lies = true;
        if (change == 0u) { /* it is left out */
            memmove(m->out + at, m->out + at + 1, m->len - at - 1);
            m->len--;
        } else {
            m->out[at] ^= change;
        }
    }
    return mood;
}

/* --- a question ------------------------------------------------------------------------------- */

/* Gives what came; then the connection ends, or nothing comes any more. */
static wmbt_status give(model *m, uint8_t mood)
{
    uint32_t state = m->way;
    wmbt_status status = WMBT_NEED_MORE;
    for (size_t at = 0; status == WMBT_NEED_MORE && at < m->len;) {
        size_t n = wmbt_split_next(m->way, &state, m->len - at);
        uint8_t *exact = malloc(n); /* a sanitizer sees what is read beyond */
        check(exact != NULL);
        memcpy(exact, m->out + at, n);
        status =
            wmbt_s3presence_receive(&m->p, &m->client, m->d->r, wmbt_view_of(exact, n), &m->now);
        free(exact);
        at += n;
    }
    if (status == WMBT_NEED_MORE) {
        if (mood == SILENT) {
            uint32_t left = wmbt_s3presence_left(&m->p, &m->client, m->now.ms);
            check(left != 0u && left != UINT32_MAX);
            m->now.ms += left;
        }
        status = wmbt_s3presence_lost(&m->p, &m->client, m->d->r, &m->now);
    }
    check(status == WMBT_OK || status == WMBT_END);
    return status;
}

/* Until the question has ended. */
static void answer_question(model *m)
{
    wmbt_want want;
    wmbt_reader *r = m->d->r;
    check(wmbt_reader_start(r, &m->d->prompt) == WMBT_OK);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        check(wmbt_reader_hash(r, &m->d->b->hash[i]) == WMBT_OK);
    }
    check(wmbt_reader_end(r, m->d->b->token_count) == WMBT_OK);
    check(wmbt_reader_next_want(r, &want) == WMBT_OK && want.kind == WMBT_WANT_PRESENCE);
    check(wmbt_s3presence_take(&m->p, r, &want) == WMBT_OK);
    for (uint32_t turn = 0; turn < MAX_TURNS; turn++) {
        size_t written = 0;
        memset(m->request, 0, sizeof m->request);
        wmbt_status status = wmbt_s3presence_ask(&m->p, &m->client, r, &m->now,
                                                 wmbt_buf_of(m->request, ROOM - 1u), &written);
        if (status == WMBT_NEED_MORE) {
            uint32_t wait = wmbt_s3presence_wait(&m->p, m->now.ms);
            check(wait != 0u);
            m->now.ms += wait;
        } else if (status == WMBT_OK) {
            if (give(m, answer(m)) == WMBT_END) {
                return;
            }
        } else {
            check(status == WMBT_END);
            return;
        }
        m->now.random = m->now.random * 1664525u + 1013904223u;
    }
    abort();
}

/* What the reader knows of the blocks. `told`: it must know. */
static void check_blocks(model *m, bool told)
{
    for (uint32_t i = 0; i < BLOCKS; i++) {
        bool missing = drive_status(m->d, i) == WMBT_MISSING;
        check((m->stored >> i & 1u) == 0u ? missing || !told : !missing);
    }
}

static void prepare(model *m, wmbt_test *test, drive *d, uint32_t max_pages)
{
    wmbt_s3client_config config;
    m->d = d;
    d->config.presence_blocks = BLOCKS;
    drive_start(d);
    m->at.host = wmbt_test_text("store.test");
    m->at.bucket = wmbt_test_text("b");
    m->at.region = wmbt_test_text("us");
    m->at.who.access_key = wmbt_test_text("AK");
    m->at.who.secret = wmbt_test_text("secret");
    m->now.ms = 1000;
    m->now.time = 1700000000u;
    memset(&config, 0, sizeof config);
    config.store = &m->at;
    config.in_flight = 1;
    check(!test->failed && wmbt_s3client_init(&m->client, &config, m->slots) == WMBT_OK);
    check(wmbt_s3presence_init(&m->p, wmbt_buf_of(m->memory, sizeof m->memory), max_pages) ==
          WMBT_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(64) uint8_t arena[ARENA];
    static model m;
    wmbt_test test;
    drive_bucket b;
    memset(&test, 0, sizeof test);
    memset(&m, 0, sizeof m);
    m.data = data;
    m.left = size;
    test.arena = wmbt_buf_of(arena, sizeof arena);
    drive_fill(&test, &b, false, FORM_PLAIN);
    check(!test.failed);
    drive *d = drive_config(&test, b.b, WMBT_READER_AUDIT | WMBT_READER_NO_TAIL);
    check(d != NULL);
    uint8_t stored = draw(&m), keys = draw(&m), pages = draw(&m);
    m.stored = stored & 3u;
    m.url = (stored & 4u) != 0u;
    m.others = (keys & 15u) % (MAX_KEYS - BLOCKS);
    m.page = 1u + (keys >> 4) % 4u;
    m.way = draw(&m);
    prepare(&m, &test, d, pages);
    wmbt_s3client_start(&m.client, m.now.ms + 3600000u); /* a hostile Retry-After may be long */
    answer_question(&m);
    if (!m.lies) {
        check_blocks(&m, false);
    }
    m.left = 0;
    m.now.time = 1700000000u;
    check(wmbt_s3presence_init(&m.p, wmbt_buf_of(m.memory, sizeof m.memory), 0) == WMBT_OK);
    wmbt_s3client_start(&m.client, 0);
    answer_question(&m);
    check_blocks(&m, true);
    return 0;
}
