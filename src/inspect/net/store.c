/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets behind S3. What an answer means is the library's; here is what is done about it. */
#include "net/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/tool.h"
#include "net/credentials.h"
#include "net/transport.h"
#include "net/url.h"

#define REQUEST_BYTES 16384
#define LINE_BYTES 512
#define TOKEN_BYTES 4096
#define WINDOW_BYTES ((uint64_t)4 << 20) /* asked for at once */
#define FIRST_WAIT_MS 100u               /* doubled with each try */
#define MAX_WAIT_MS 10000u
#define MAX_SERVER_WAIT_S 60u /* of Retry-After */

const struct args_option store_options[] = {
    {"--endpoint-url", "URL", false},  {"--region", "REGION", false},
    {"--profile", "NAME", false},      {"--no-sign-request", NULL, false},
    {"--client", "CLIENT", false},     {"--connections", "NUMBER", false},
    {"--timeout", "SECONDS", false},   {"--retries", "NUMBER", false},
    {"--403-is-missing", NULL, false}, {NULL, NULL, false},
};

const char store_help[] =
    "Buckets and objects may be named s3://BUCKET[/KEY or PREFIX]:\n"
    "--endpoint-url URL   the store, with path style; or AWS_ENDPOINT_URL. Else Amazon's\n"
    "--region R, --profile NAME, --no-sign-request   as the AWS command line has them\n"
    "--client core|curl   over the library's own client, http:// only, or libcurl (curl)\n"
    "--timeout SECONDS    without progress (30)\n"
    "--retries N          of a request (5)\n"
    "--403-is-missing     AccessDenied means that the object is missing\n";

struct store {
    struct store *next;
    char *bucket;
    char *scheme;
    char *host; /* in the Host field, without the bucket */
    char *region;
    bool virtual_host;
    bool amazon; /* the host follows the region */
    bool clock_set, region_set;
    int64_t clock_offset;
    struct credentials who;
    struct transport *transport;
    uint8_t request[REQUEST_BYTES];
    uint8_t line[LINE_BYTES];
    wmbt_s3_answer answer;
};

struct store_object {
    struct store *store;
    char *key;
    size_t key_len;
    uint64_t bytes;
    uint8_t etag[WMBT_S3_ETAG_BYTES];
    size_t etag_len;
    uint8_t *window;
    uint64_t window_first;
    size_t window_len;
};

static const struct args *given;
static struct store *stores;
static unsigned retries = 5, timeout_seconds = 30;
static bool use_curl = true, denied_is_missing;

static char *kept(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        tool_usage_error("not enough memory");
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static wmbt_view view_of(const char *text)
{
    return wmbt_view_of(text, text != NULL ? strlen(text) : 0);
}

/* --- options --------------------------------------------------------------------------------- */

void store_setup(const struct args *args)
{
    uint64_t number;
    const char *client = args_value(args, "--client");
    given = args;
    if (client != NULL && strcmp(client, "core") != 0 && strcmp(client, "curl") != 0) {
        tool_usage_error("option --client: '%s' is neither core nor curl", client);
    }
    use_curl = client == NULL || strcmp(client, "curl") == 0;
    if (args_number(args, "--timeout", 1, 86400, &number)) {
        timeout_seconds = (unsigned)number;
    }
    if (args_number(args, "--retries", 0, 1000, &number)) {
        retries = (unsigned)number;
    }
    (void)args_number(args, "--connections", 1, 1024, &number);
    denied_is_missing = args_flag(args, "--403-is-missing");
    srand((unsigned)time(NULL) ^ (unsigned)getpid());
}

bool store_is_url(const char *path)
{
    return strncmp(path, "s3://", 5) == 0;
}

static void set_region(struct store *store, const char *region, size_t len)
{
    free(store->region);
    store->region = kept(region, len);
    if (store->amazon) {
        free(store->host);
        store->host = kept("", 0);
        const char *host = tool_format("s3.%s.amazonaws.com", store->region);
        free(store->host);
        store->host = kept(host, strlen(host));
    }
}

static struct store *new_store(const char *bucket, size_t len)
{
    struct store *store = calloc(1, sizeof *store);
    struct url url;
    if (store == NULL) {
        tool_usage_error("not enough memory");
    }
    if (use_curl && !transport_has_curl()) {
        tool_usage_error("this build has no libcurl: s3:// needs --client core and an http:// "
                         "endpoint");
    }
    store->bucket = kept(bucket, len);
    credentials_find(given, &store->who);
    const char *endpoint = args_value(given, "--endpoint-url");
    endpoint = endpoint != NULL ? endpoint : store->who.endpoint;
    const char *region = store->who.region != NULL ? store->who.region : "us-east-1";
    store->amazon = endpoint == NULL;
    store->virtual_host = store->amazon && memchr(bucket, '.', len) == NULL;
    if (endpoint != NULL) {
        url_parse(&url, endpoint, false, "option --endpoint-url");
        if (strcmp(url.path, "/") != 0 || url.query_count != 0) {
            tool_usage_error("option --endpoint-url: '%s' has a path", endpoint);
        }
        store->scheme = kept(url.scheme, strlen(url.scheme));
        store->host = kept(url.host, strlen(url.host));
    } else {
        store->scheme = kept("https", 5);
        store->host = kept("", 0);
    }
    if (!use_curl && strcmp(store->scheme, "http") != 0) {
        tool_usage_error("--client core needs an http:// endpoint");
    }
    set_region(store, region, strlen(region));
    store->transport = transport_open(use_curl, timeout_seconds);
    store->next = stores;
    stores = store;
    return store;
}

struct store *store_open(const char *url, const char **rest)
{
    const char *bucket = url + 5;
    size_t len = strcspn(bucket, "/");
    if (len == 0) {
        tool_usage_error("'%s' names no bucket", tool_printable_cstr(url));
    }
    *rest = bucket + len + (bucket[len] == '/');
    for (struct store *store = stores; store != NULL; store = store->next) {
        if (strlen(store->bucket) == len && memcmp(store->bucket, bucket, len) == 0) {
            return store;
        }
    }
    return new_store(bucket, len);
}

void store_close_all(void)
{
    while (stores != NULL) {
        struct store *store = stores;
        stores = store->next;
        transport_close(store->transport);
        free(store->bucket);
        free(store->scheme);
        free(store->host);
        free(store->region);
        memset(store, 0, sizeof *store);
        free(store);
    }
}

/* --- requests -------------------------------------------------------------------------------- */

/* What is asked: an object's bytes, its header alone, or a page. */
struct question {
    const wmbt_s3_get *get;   /* or NULL: */
    const wmbt_s3_list *list; /* a page */
    wmbt_s3_expected expected;
    bool (*take)(void *context, uint64_t offset, wmbt_view piece);
    void (*again)(void *context); /* what came is void */
    void *context;
};

static wmbt_status write_request(struct store *store, const struct question *q, size_t *len)
{
    wmbt_s3_store at;
    wmbt_buf out = wmbt_buf_of(store->request, sizeof store->request);
    uint64_t now = (uint64_t)((int64_t)time(NULL) + store->clock_offset);
    at.host = view_of(store->host);
    at.bucket = view_of(store->bucket);
    at.region = view_of(store->region);
    at.virtual_host = store->virtual_host;
    at.who.access_key = view_of(store->who.access_key);
    at.who.secret = view_of(store->who.secret);
    at.who.token = view_of(store->who.token);
    return q->get != NULL ? wmbt_s3_write_get(&at, q->get, now, NULL, out, len)
                          : wmbt_s3_write_list(&at, q->list, now, NULL, out, len);
}

/* One exchange; the answer is store->answer. */
static enum transport_result ask_once(struct store *store, const struct question *q,
                                      wmbt_status *status, const char **why)
{
    struct exchange x;
    wmbt_http_limits limits;
    size_t len = 0;
    wmbt_http_limits_init(&limits);
    *status = write_request(store, q, &len);
    if (*status == WMBT_OK) {
        *status = wmbt_s3_answer_init(&store->answer, &q->expected, &limits,
                                      wmbt_buf_of(store->line, sizeof store->line));
    }
    if (*status != WMBT_OK) {
        *why = tool_format("it cannot be asked for: %s", tool_status_name(*status));
        return TRANSPORT_REFUSED;
    }
    x.scheme = store->scheme;
    x.host = store->virtual_host ? tool_format("%s.%s", store->bucket, store->host) : store->host;
    x.request = wmbt_view_of(store->request, len);
    x.is_head = q->expected.is_head;
    x.answer = &store->answer;
    x.take = q->take;
    x.context = q->context;
    enum transport_result result = transport_run(store->transport, &x, status, why);
    if (result == TRANSPORT_REFUSED) {
        *why = tool_format("the answer must not be believed: %s", tool_status_name(*status));
    }
    return result;
}

/* Full jitter; what the server said counts as the least. */
static void wait_before(unsigned attempt, const wmbt_s3_answer *answer)
{
    uint64_t asked = 0;
    unsigned cap = attempt < 10 ? FIRST_WAIT_MS << attempt : MAX_WAIT_MS;
    unsigned ms = (unsigned)rand() % ((cap < MAX_WAIT_MS ? cap : MAX_WAIT_MS) + 1);
    if (answer != NULL && wmbt_s3_answer_retry_after(answer, &asked)) {
        ms += 1000u * (unsigned)(asked < MAX_SERVER_WAIT_S ? asked : MAX_SERVER_WAIT_S);
    }
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    nanosleep(&time, NULL);
}

/* What the store said, in words. */
static const char *said(const wmbt_s3_answer *answer)
{
    uint32_t code = wmbt_http_code(wmbt_s3_answer_http(answer));
    wmbt_view error = wmbt_s3_answer_code(answer);
    const char *text = error.len != 0
                           ? tool_format("the store said %u %s", (unsigned)code,
                                         tool_printable((const char *)error.data, error.len))
                           : tool_format("the store said %u", (unsigned)code);
    bool denied = error.len == 12 && memcmp(error.data, "AccessDenied", 12) == 0;
    return denied ? tool_format("%s, which S3 also says of a missing object to those who may not "
                                "list (--403-is-missing)",
                                text)
                  : text;
}

/* True if the same request, signed anew, may be answered otherwise: clock or region, each once. */
static bool mend(struct store *store)
{
    uint64_t date = 0;
    uint32_t meaning = wmbt_s3_answer_meaning(&store->answer);
    wmbt_view region = wmbt_s3_answer_region(&store->answer);
    if (meaning == WMBT_S3_CLOCK && !store->clock_set &&
        wmbt_s3_answer_date(&store->answer, &date)) {
        store->clock_set = true;
        store->clock_offset = (int64_t)date - (int64_t)time(NULL);
        return true;
    }
    if ((meaning == WMBT_S3_REGION || meaning == WMBT_S3_REDIRECT) && !store->region_set &&
        region.len != 0) {
        store->region_set = true;
        set_region(store, (const char *)region.data, region.len);
        return true;
    }
    return false;
}

/* Asks until there is an answer to rely on. ok: it has one of the meanings that give bytes, or
 * bad-range; missing; or TOOL_UNREADABLE. */
static wmbt_status ask(struct store *store, const struct question *q, const char **why)
{
    for (unsigned attempt = 0;;) {
        wmbt_status status = WMBT_OK;
        enum transport_result result = ask_once(store, q, &status, why);
        uint32_t meaning =
            result == TRANSPORT_DONE ? wmbt_s3_answer_meaning(&store->answer) : WMBT_S3_BUSY;
        switch (meaning) {
        case WMBT_S3_OBJECT:
        case WMBT_S3_PART:
        case WMBT_S3_WHOLE_INSTEAD:
        case WMBT_S3_BAD_RANGE: return WMBT_OK;
        case WMBT_S3_MISSING: *why = "there is no such object"; return WMBT_MISSING;
        case WMBT_S3_CHANGED: *why = "it changed while it was read"; return TOOL_UNREADABLE;
        default: break;
        }
        if (result == TRANSPORT_DONE) {
            *why = said(&store->answer);
            if (mend(store)) {
                q->again(q->context);
                continue;
            }
        }
        if (meaning != WMBT_S3_BUSY || attempt == retries) {
            return TOOL_UNREADABLE;
        }
        wait_before(attempt++, result == TRANSPORT_DONE ? &store->answer : NULL);
        q->again(q->context);
    }
}

/* --- objects --------------------------------------------------------------------------------- */

/* Bytes first to first + capacity of an object. */
struct collecting {
    uint64_t first, capacity;
    uint8_t *data;
    size_t len, room;
    bool failed;
};

static bool collect(void *context, uint64_t offset, wmbt_view piece)
{
    struct collecting *c = context;
    uint64_t next = c->first + c->len;
    if (offset + piece.len <= next) {
        return true; /* before what is wanted */
    }
    size_t skip = offset < next ? (size_t)(next - offset) : 0;
    uint64_t left = c->capacity - c->len;
    size_t n = piece.len - skip < left ? piece.len - skip : (size_t)left;
    if (c->len + n > c->room) {
        size_t room = c->room * 2 > c->len + n ? c->room * 2 : c->len + n;
        uint8_t *grown = realloc(c->data, room);
        if (grown == NULL) {
            c->failed = true;
            return false;
        }
        c->data = grown;
        c->room = room;
    }
    memcpy(c->data + c->len, piece.data + skip, n);
    c->len += n;
    return c->len < c->capacity || piece.len - skip == n;
}

static void collect_again(void *context)
{
    struct collecting *c = context;
    c->len = 0;
}

static bool take_nothing(void *context, uint64_t offset, wmbt_view piece)
{
    (void)context, (void)offset, (void)piece;
    return true;
}

static void again_nothing(void *context)
{
    (void)context;
}

static void question_init(struct question *q, const struct store_object *object, wmbt_s3_get *get)
{
    memset(q, 0, sizeof *q);
    memset(get, 0, sizeof *get);
    get->key = wmbt_view_of(object->key, object->key_len);
    get->if_match = wmbt_view_of(object->etag, object->etag_len);
    q->get = get;
    q->expected.if_match = get->if_match;
    q->expected.denied_is_missing = denied_is_missing;
}

/* The size that HEAD tells. */
static wmbt_status ask_size(const struct store_object *object, uint64_t *bytes, const char **why)
{
    struct question q;
    wmbt_s3_get get;
    question_init(&q, object, &get);
    get.is_head = q.expected.is_head = true;
    q.take = take_nothing;
    q.again = again_nothing;
    wmbt_status status = ask(object->store, &q, why);
    if (status == WMBT_OK && !wmbt_s3_answer_size(&object->store->answer, bytes)) {
        *why = "the store does not tell its size";
        return TOOL_UNREADABLE;
    }
    return status;
}

/* Fills the window from `first` on. `begin`: nothing is known of the object yet. */
static wmbt_status fill(struct store_object *object, uint64_t first, bool begin, const char **why)
{
    struct question q;
    wmbt_s3_get get;
    struct collecting c = {.first = first, .capacity = WINDOW_BYTES, .data = object->window};
    object->window = NULL;
    question_init(&q, object, &get);
    get.has_range = q.expected.has_range = true;
    get.first = q.expected.first = first;
    get.last = q.expected.last = first + WINDOW_BYTES - 1;
    if (!begin) {
        get.last = get.last < object->bytes ? get.last : object->bytes - 1;
        q.expected.last = get.last;
        q.expected.has_size = true;
        q.expected.size = object->bytes;
    }
    q.take = collect;
    q.again = collect_again;
    q.context = &c;
    c.capacity = get.last - first + 1;
    free(c.data);
    c.data = NULL;
    wmbt_status status = ask(object->store, &q, why);
    object->window = c.data;
    object->window_first = first;
    object->window_len = c.len;
    if (c.failed) {
        *why = "not enough memory";
        return TOOL_UNREADABLE;
    }
    return status;
}

/* The first answer tells size and ETag. */
static wmbt_status begin(struct store_object *object, const char **why)
{
    const wmbt_s3_answer *answer = &object->store->answer;
    wmbt_status status = fill(object, 0, true, why);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_s3_answer_meaning(answer) == WMBT_S3_BAD_RANGE) {
        bool told = wmbt_s3_answer_size(answer, &object->bytes);
        if (!told) {
            object->bytes = 0; /* not even the first byte is there */
        }
        *why = "the store refuses its first byte";
        return object->bytes == 0 ? WMBT_OK : TOOL_UNREADABLE;
    }
    wmbt_view etag = wmbt_s3_answer_etag(answer);
    bool weak = etag.len != 0 && etag.data[0] == 'W';
    object->etag_len = weak ? 0 : etag.len;
    memcpy(object->etag, etag.data, object->etag_len);
    bool doubtful = wmbt_s3_answer_is_doubtful(answer);
    bool told = wmbt_s3_answer_size(answer, &object->bytes);
    if (doubtful || !told) {
        uint64_t bytes = object->bytes;
        status = ask_size(object, &object->bytes, why);
        if (status == WMBT_OK && doubtful && bytes != object->bytes) {
            *why = "the store sends a part as if it were the whole";
            return TOOL_UNREADABLE;
        }
    }
    return status;
}

wmbt_status store_object_open(struct store *store, wmbt_view key, struct store_object **object,
                              uint64_t *bytes, const char **why)
{
    struct store_object *o = calloc(1, sizeof *o);
    if (o == NULL) {
        *why = "not enough memory";
        return TOOL_UNREADABLE;
    }
    o->store = store;
    o->key = kept((const char *)key.data, key.len);
    o->key_len = key.len;
    wmbt_status status = begin(o, why);
    if (status != WMBT_OK) {
        store_object_close(o);
        return status;
    }
    *object = o;
    *bytes = o->bytes;
    return WMBT_OK;
}

wmbt_status store_object_read(struct store_object *object, uint64_t offset, uint8_t *to,
                              size_t bytes, const char **why)
{
    while (bytes != 0) {
        uint64_t at = offset - object->window_first;
        if (offset >= object->window_first && at < object->window_len) {
            size_t left = object->window_len - (size_t)at;
            size_t n = bytes < left ? bytes : left;
            memcpy(to, object->window + at, n);
            offset += n;
            to += n;
            bytes -= n;
            continue;
        }
        if (offset >= object->bytes) {
            *why = "it changed while it was read";
            return TOOL_UNREADABLE;
        }
        wmbt_status status = fill(object, offset, false, why);
        if (status == WMBT_OK && object->window_len == 0) {
            *why = "it changed while it was read";
            status = TOOL_UNREADABLE;
        }
        if (status != WMBT_OK) {
            return TOOL_UNREADABLE;
        }
    }
    return WMBT_OK;
}

void store_object_close(struct store_object *object)
{
    free(object->window);
    free(object->key);
    free(object);
}

/* --- listings -------------------------------------------------------------------------------- */

/* The documents of a listing are collected: its encoding may come last. */
static wmbt_status read_page(const struct collecting *document, wmbt_view sent, uint8_t *token,
                             size_t *token_len, const char *prefix,
                             void (*add)(void *context, const char *key, size_t len), void *context)
{
    static uint8_t key[3 * WMBT_S3_MAX_KEY_BYTES];
    wmbt_s3_page page;
    wmbt_view next = wmbt_view_of(NULL, 0);
    bool late = false;
    wmbt_status status = WMBT_OK;
    for (unsigned pass = 0; pass < 2; pass++) {
        wmbt_view rest = wmbt_view_of(document->data, document->len);
        status = wmbt_s3_page_init(&page, sent, wmbt_buf_of(key, sizeof key),
                                   wmbt_buf_of(token, TOKEN_BYTES));
        while (status == WMBT_OK) {
            wmbt_s3_entry entry;
            size_t taken = 0;
            status = wmbt_s3_page_feed(&page, rest, &taken, &entry);
            if (wmbt_status_is_error(status)) {
                return status;
            }
            rest = wmbt_view_of(rest.data + taken, rest.len - taken);
            size_t len = status == WMBT_OK ? entry.key.len : 0;
            if (pass == 1 && status == WMBT_OK && (!late || wmbt_s3_url_decode(key, &len)) &&
                len >= strlen(prefix) && memcmp(key, prefix, strlen(prefix)) == 0) {
                add(context, (const char *)key, len);
            }
        }
        status = wmbt_s3_page_finish(&page);
        if (status != WMBT_OK) {
            return status;
        }
        late = wmbt_s3_page_is_late(&page);
    }
    *token_len = wmbt_s3_page_next(&page, &next) ? next.len : 0;
    return WMBT_OK;
}

wmbt_status store_list(struct store *store, const char *prefix,
                       void (*add)(void *context, const char *key, size_t len), void *context,
                       const char **why)
{
    uint8_t *tokens = tool_alloc(2 * TOKEN_BYTES);
    struct collecting c = {.capacity = UINT64_MAX};
    struct question q;
    wmbt_s3_list list;
    size_t token_len = 0;
    unsigned turn = 0;
    wmbt_status status;
    do {
        memset(&q, 0, sizeof q);
        memset(&list, 0, sizeof list);
        list.prefix = view_of(prefix);
        list.token = wmbt_view_of(tokens + (turn & 1) * TOKEN_BYTES, token_len);
        q.list = &list;
        q.take = collect;
        q.again = collect_again;
        q.context = &c;
        c.len = 0;
        status = ask(store, &q, why);
        if (status == WMBT_MISSING) {
            status = TOOL_UNREADABLE;
            *why = "the store does not list this bucket";
        }
        if (status == WMBT_OK) {
            turn++;
            status = read_page(&c, list.token, tokens + (turn & 1) * TOKEN_BYTES, &token_len,
                               prefix, add, context);
            if (status != WMBT_OK) {
                *why =
                    tool_format("its listing must not be believed: %s", tool_status_name(status));
                status = TOOL_UNREADABLE;
            }
        }
    } while (status == WMBT_OK && token_len != 0);
    free(c.data);
    return status;
}
