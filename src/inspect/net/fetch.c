/* SPDX-License-Identifier: Apache-2.0 */
/* Requests with their retries. */
#include "net/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/tool.h"

#define FIRST_WAIT_MS 100u /* doubled with each try */
#define MAX_WAIT_MS 10000u
#define MAX_SERVER_WAIT_S 60u /* of Retry-After */
#define TURN_MS 1000u

void site_set_region(struct site *site, const char *region, size_t len)
{
    char *own = tool_keep(region, len);
    free(site->region);
    site->region = own;
    if (site->amazon) {
        char host[300];
        (void)snprintf(host, sizeof host, "s3.%s.amazonaws.com", site->region);
        free(site->host);
        site->host = tool_keep(host, strlen(host));
    }
}

void site_store(const struct site *site, wmbt_s3_store *store)
{
    store->host = tool_view(site->host);
    store->bucket = tool_view(site->bucket);
    store->region = tool_view(site->region);
    store->virtual_host = site->virtual_host;
    store->who.access_key = tool_view(site->who.access_key);
    store->who.secret = tool_view(site->who.secret);
    store->who.token = tool_view(site->who.token);
}

void site_host(const struct site *site, char *host, size_t room)
{
    (void)snprintf(host, room, "%s%s%s", site->virtual_host ? site->bucket : "",
                   site->virtual_host ? "." : "", site->host);
}

void site_said(const wmbt_s3_answer *answer, bool of_object, char *why, size_t room)
{
    uint32_t code = wmbt_http_code(wmbt_s3_answer_http(answer));
    wmbt_view error = wmbt_s3_answer_code(answer);
    bool denied = of_object && error.len == 12 && memcmp(error.data, "AccessDenied", 12) == 0;
    bool elsewhere = wmbt_s3_answer_meaning(answer) == WMBT_S3_REDIRECT;
    struct tool_mark mark = tool_mark();
    (void)snprintf(why, room, "the store said %u%s%s%s", (unsigned)code, error.len != 0 ? " " : "",
                   tool_printable((const char *)error.data, error.len),
                   denied      ? ", which S3 also says of a missing object to those who may not "
                                 "list (--403-is-missing)"
                   : elsewhere ? ": a redirect, which is not followed"
                               : "");
    tool_release_to(mark);
}

/* --- memory ---------------------------------------------------------------------------------- */

struct buffer {
    struct buffer *next;
    size_t room;
};

#define SPARE_BYTES ((size_t)1 << 16)     /* what is smaller is not kept, */
#define MAX_SPARE_BYTES ((size_t)1 << 22) /* nor what is larger */
#define MAX_SPARE 16u

/* A buffer of at least so many bytes; NULL: there is none. */
static uint8_t *take_spare(struct site *site, size_t *room)
{
    for (struct buffer **b = &site->spare; *b != NULL; b = &(*b)->next) {
        struct buffer *found = *b;
        if (found->room >= *room && found->room / 4 <= *room) {
            *b = found->next;
            *room = found->room;
            return (uint8_t *)found;
        }
    }
    return NULL;
}

static void give_spare(struct site *site, uint8_t *data, size_t room)
{
    unsigned count = 0;
    for (const struct buffer *b = site->spare; b != NULL; b = b->next) {
        count++;
    }
    if (data == NULL || room < SPARE_BYTES || room > MAX_SPARE_BYTES || count >= MAX_SPARE) {
        free(data);
        return;
    }
    struct buffer *b = (struct buffer *)(void *)data;
    b->next = site->spare;
    b->room = room;
    site->spare = b;
}

void site_free_spare(struct site *site)
{
    while (site->spare != NULL) {
        struct buffer *b = site->spare;
        site->spare = b->next;
        free(b);
    }
}

/* --- one exchange ---------------------------------------------------------------------------- */

/* Takes bytes of the object from ask.first on, or all of a page. */
static bool collect(void *context, uint64_t offset, wmbt_view piece)
{
    struct fetch *f = context;
    bool page = f->ask.key.len == 0;
    uint64_t first = page ? 0 : f->ask.first, next = first + f->len;
    uint64_t capacity = page ? UINT64_MAX : f->ask.last - f->ask.first + 1;
    if (f->ask.is_head || offset + piece.len <= next) {
        return true; /* before what is wanted */
    }
    size_t skip = offset < next ? (size_t)(next - offset) : 0;
    uint64_t left = capacity - f->len;
    size_t n = piece.len - skip < left ? piece.len - skip : (size_t)left;
    if (f->len + n > f->room) {
        uint64_t promised = 0;
        size_t room = f->room * 2 > f->len + n ? f->room * 2 : f->len + n;
        if (!page && wmbt_s3_answer_size(&f->answer, &promised) && promised > first) {
            promised = promised - first < capacity ? promised - first : capacity;
            room = promised > room ? (size_t)promised : room;
        }
        uint8_t *grown = f->data == NULL ? take_spare(f->site, &room) : NULL;
        grown = grown != NULL ? grown : realloc(f->data, room);
        f->no_memory = grown == NULL;
        if (f->no_memory) {
            return false;
        }
        f->data = grown;
        f->room = room;
    }
    memcpy(f->data + f->len, piece.data + skip, n);
    f->len += n;
    return f->len < capacity || piece.len - skip == n;
}

static wmbt_status write_request(struct fetch *f, size_t *len)
{
    const struct site *site = f->site;
    wmbt_s3_store at;
    wmbt_s3_get get;
    wmbt_buf out = wmbt_buf_of(f->request, sizeof f->request);
    uint64_t now = (uint64_t)((int64_t)time(NULL) + site->clock_offset);
    site_store(site, &at);
    if (f->ask.key.len == 0) {
        return wmbt_s3_write_list(&at, &f->ask.list, now, NULL, out, len);
    }
    memset(&get, 0, sizeof get);
    get.key = f->ask.key;
    get.if_match = f->ask.etag;
    get.first = f->ask.first;
    get.last = f->ask.last;
    get.has_range = !f->ask.is_head;
    get.is_head = f->ask.is_head;
    return wmbt_s3_write_get(&at, &get, now, NULL, out, len);
}

static wmbt_status begin_answer(struct fetch *f)
{
    wmbt_s3_expected expected;
    wmbt_http_limits limits;
    memset(&expected, 0, sizeof expected);
    wmbt_http_limits_init(&limits);
    expected.denied_is_missing = f->site->denied_is_missing;
    if (f->ask.key.len != 0) {
        expected.if_match = f->ask.etag;
        expected.first = f->ask.first;
        expected.last = f->ask.last;
        expected.has_range = !f->ask.is_head;
        expected.has_size = f->ask.has_size;
        expected.size = f->ask.size;
        expected.is_head = f->ask.is_head;
    }
    return wmbt_s3_answer_init(&f->answer, &expected, &limits,
                               wmbt_buf_of(f->line, sizeof f->line));
}

static void end(struct fetch *f, wmbt_status status, const char *why)
{
    f->has_ended = true;
    f->is_running = false;
    f->status = status;
    if (why != f->why) {
        (void)snprintf(f->why, sizeof f->why, "%s", why);
    }
}

static void start(struct fetch *f)
{
    const struct site *site = f->site;
    struct exchange *x = &f->exchange;
    size_t len = 0;
    wmbt_status status = write_request(f, &len);
    if (status == WMBT_OK) {
        status = begin_answer(f);
    }
    if (status != WMBT_OK) {
        (void)snprintf(f->why, sizeof f->why, "it cannot be asked for: %s",
                       tool_status_name(status));
        end(f, TOOL_UNREADABLE, f->why);
        return;
    }
    char host[600];
    site_host(site, host, sizeof host);
    free(f->host);
    f->host = tool_keep(host, strlen(host));
    f->len = 0;
    f->learned = site->learned;
    f->is_running = true;
    memset(x, 0, sizeof *x);
    x->scheme = site->scheme;
    x->host = f->host;
    x->request = wmbt_view_of(f->request, len);
    x->is_head = f->ask.is_head;
    x->answer = &f->answer;
    x->take = collect;
    x->context = f;
    transport_begin(site->transport, x);
}

/* --- what an answer leads to ----------------------------------------------------------------- */

/* Full jitter; what the server said counts as the least. */
static void back_off(struct fetch *f, bool answered)
{
    uint64_t asked = 0;
    unsigned cap = f->attempt < 10 ? FIRST_WAIT_MS << f->attempt : MAX_WAIT_MS;
    unsigned ms = (unsigned)rand() % ((cap < MAX_WAIT_MS ? cap : MAX_WAIT_MS) + 1);
    if (answered && wmbt_s3_answer_retry_after(&f->answer, &asked)) {
        ms += 1000u * (unsigned)(asked < MAX_SERVER_WAIT_S ? asked : MAX_SERVER_WAIT_S);
    }
    f->attempt++;
    f->not_before = transport_now() + ms;
}

/* True if the same request, signed anew, may be answered otherwise: clock or region, each once, and
 * again for all that were on their way meanwhile. */
static bool mend(struct fetch *f)
{
    struct site *site = f->site;
    uint64_t date = 0;
    uint32_t meaning = wmbt_s3_answer_meaning(&f->answer);
    wmbt_view region = wmbt_s3_answer_region(&f->answer);
    bool clock = meaning == WMBT_S3_CLOCK;
    bool other_region = meaning == WMBT_S3_REGION || meaning == WMBT_S3_REDIRECT;
    if ((clock || other_region) && f->learned != site->learned) {
        return true;
    }
    if (clock && !site->clock_set && wmbt_s3_answer_date(&f->answer, &date)) {
        site->clock_set = true;
        site->clock_offset = (int64_t)date - (int64_t)time(NULL);
    } else if (other_region && !site->region_set && region.len != 0) {
        site->region_set = true;
        site_set_region(site, (const char *)region.data, region.len);
    } else {
        return false;
    }
    site->learned++;
    return true;
}

/* The exchange has ended. */
static void judge(struct fetch *f)
{
    const struct exchange *x = &f->exchange;
    bool answered = x->result == TRANSPORT_DONE;
    uint32_t meaning = answered ? wmbt_s3_answer_meaning(&f->answer) : WMBT_S3_BUSY;
    f->is_running = false;
    if (f->no_memory) {
        end(f, TOOL_UNREADABLE, "not enough memory");
        return;
    }
    switch (meaning) {
    case WMBT_S3_OBJECT:
    case WMBT_S3_PART:
    case WMBT_S3_WHOLE_INSTEAD:
    case WMBT_S3_BAD_RANGE: end(f, WMBT_OK, ""); return;
    case WMBT_S3_MISSING: end(f, WMBT_MISSING, "there is no such object"); return;
    case WMBT_S3_CHANGED:
        f->has_changed = true;
        end(f, TOOL_UNREADABLE, FETCH_CHANGED);
        return;
    default: break;
    }
    if (answered) {
        site_said(&f->answer, f->ask.key.len != 0, f->why, sizeof f->why);
        if (mend(f)) {
            f->not_before = 0;
            return;
        }
    } else if (x->result == TRANSPORT_REFUSED) {
        (void)snprintf(f->why, sizeof f->why, "the answer must not be believed: %s",
                       tool_status_name(x->status));
    } else {
        (void)snprintf(f->why, sizeof f->why, "%s", x->why);
    }
    if (meaning != WMBT_S3_BUSY || x->is_final || f->attempt == f->site->retries) {
        end(f, TOOL_UNREADABLE, f->why);
        return;
    }
    back_off(f, answered);
}

/* --- several --------------------------------------------------------------------------------- */

/* Brings all requests of a site further. */
static void turn(struct site *site)
{
    uint64_t now = transport_now();
    unsigned wait = TURN_MS;
    for (struct fetch *f = site->fetches; f != NULL; f = f->next) {
        if (f->has_ended || f->is_running) {
            continue;
        }
        if (f->not_before <= now) {
            start(f);
            wait = f->has_ended ? 0 : wait;
        } else if (f->not_before - now < wait) {
            wait = (unsigned)(f->not_before - now);
        }
    }
    transport_turn(site->transport, wait);
    for (struct fetch *f = site->fetches; f != NULL; f = f->next) {
        if (f->is_running && f->exchange.result != TRANSPORT_OPEN) {
            judge(f);
        }
    }
}

struct fetch *fetch_begin(struct site *site, const struct ask *ask)
{
    struct fetch *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return NULL;
    }
    f->site = site;
    f->ask = *ask;
    if (ask->key.len > sizeof f->key || ask->etag.len > sizeof f->etag) {
        end(f, TOOL_UNREADABLE, "its key is longer than keys of S3 are");
    } else if (ask->key.len != 0) {
        memcpy(f->key, ask->key.data, ask->key.len);
        f->ask.key = wmbt_view_of(f->key, ask->key.len);
        if (ask->etag.len != 0) {
            memcpy(f->etag, ask->etag.data, ask->etag.len);
        }
        f->ask.etag = wmbt_view_of(f->etag, ask->etag.len);
    }
    f->next = site->fetches;
    site->fetches = f;
    if (!f->has_ended) {
        start(f);
    }
    return f;
}

void fetch_wait(struct fetch *fetch)
{
    while (!fetch->has_ended) {
        turn(fetch->site);
    }
}

void fetch_free(struct fetch *fetch)
{
    if (fetch == NULL) {
        return;
    }
    if (fetch->is_running) {
        transport_cancel(fetch->site->transport, &fetch->exchange);
    }
    for (struct fetch **f = &fetch->site->fetches; *f != NULL; f = &(*f)->next) {
        if (*f == fetch) {
            *f = fetch->next;
            break;
        }
    }
    memset(fetch->request, 0, sizeof fetch->request); /* a session token may stand there */
    free(fetch->host);
    give_spare(fetch->site, fetch->data, fetch->room);
    free(fetch);
}
