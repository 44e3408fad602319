/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets behind S3: options, objects that are read ahead, listings. */
#include "net/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/tool.h"
#include "net/client.h"
#include "net/fetch.h"
#include "net/url.h"

#define TOKEN_BYTES 4096
#define FIRST_BYTES ((uint64_t)256 << 10) /* of an object: many have no more */
#define WINDOW_BYTES ((uint64_t)2 << 20)  /* of the requests after that */
#define MAX_RESTARTS 3u                   /* of an object that changes */

const struct args_option store_options[] = {
    {"--endpoint-url", "URL", false},
    {"--region", "REGION", false},
    {"--profile", "NAME", false},
    {"--no-sign-request", NULL, false},
    {"--client", "CLIENT", false},
    {"--connections", "NUMBER", false},
    {"--timeout", "SECONDS", false},
    {"--retries", "NUMBER", false},
    {"--ca-bundle", "FILE", false},
    {"--403-is-missing", NULL, false},
    {NULL, NULL, false},
};

const char store_help[] =
    "Buckets and objects may be named s3://BUCKET[/KEY or PREFIX]:\n"
    "--endpoint-url URL   the store, with path style; or AWS_ENDPOINT_URL. Else Amazon's\n"
    "--region R, --profile NAME, --no-sign-request   as the AWS command line has them\n"
    "--client core|curl   over the library's own client, http:// only, or libcurl (curl)\n"
    "--ca-bundle FILE     certificates to trust for https://; or AWS_CA_BUNDLE\n"
    "--connections N      requests on their way at once (8)\n"
    "--timeout SECONDS    without progress (30)\n"
    "--retries N          of a request (5)\n"
    "--403-is-missing     AccessDenied means that the object is missing\n";

/* An object that somebody will open. */
struct expected {
    struct expected *next;
    struct fetch *fetch;
};

struct store {
    struct store *next;
    struct site site;
    struct expected *expected;
    unsigned expectations;
    struct client *client; /* NULL: not wanted so far */
};

/* Bytes of an object that are on their way, or here. */
struct window {
    uint64_t first;
    struct fetch *fetch;
};

struct store_object {
    struct store *store;
    char *key;
    size_t key_len;
    uint64_t bytes;
    uint8_t etag[WMBT_S3_ETAG_BYTES];
    size_t etag_len;
    struct window *window; /* `windows` of them, one behind the other */
    unsigned windows;
    bool has_changed;
};

static const struct args *given;
static struct store *stores;
static unsigned retries = 5, timeout_seconds = 30, connections = 8;
static bool use_curl = true, denied_is_missing;

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
    if (args_number(args, "--connections", 1, 1024, &number)) {
        connections = (unsigned)number;
    }
    denied_is_missing = args_flag(args, "--403-is-missing");
    srand((unsigned)time(NULL) ^ (unsigned)getpid());
}

bool store_is_url(const char *path)
{
    return strncmp(path, "s3://", 5) == 0;
}

/* They stay as long as the store, whatever memory the tool gives back meanwhile. */
static void own_credentials(struct credentials *who)
{
    const char **text[] = {&who->access_key, &who->secret, &who->token};
    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++) {
        if (*text[i] != NULL) {
            *text[i] = tool_keep(*text[i], strlen(*text[i]));
        }
    }
}

static void wipe(const char *text)
{
    if (text != NULL) {
        char *own = (char *)(uintptr_t)text;
        memset(own, 0, strlen(own));
        free(own);
    }
}

static struct store *new_store(const char *bucket, size_t len)
{
    struct store *store = calloc(1, sizeof *store);
    struct url url;
    if (store == NULL) {
        tool_usage_error("not enough memory");
    }
    struct site *site = &store->site;
    if (use_curl && !transport_has_curl()) {
        tool_usage_error("this build has no libcurl: s3:// needs --client core and an http:// "
                         "endpoint");
    }
    site->bucket = tool_keep(bucket, len);
    credentials_find(given, &site->who);
    const char *endpoint = args_value(given, "--endpoint-url");
    const char *source = endpoint != NULL ? "option --endpoint-url" : site->who.endpoint_source;
    const char *ca_bundle = args_value(given, "--ca-bundle");
    endpoint = endpoint != NULL ? endpoint : site->who.endpoint;
    ca_bundle = ca_bundle != NULL ? ca_bundle : site->who.ca_bundle;
    const char *region = site->who.region != NULL ? site->who.region : "us-east-1";
    site->amazon = endpoint == NULL;
    site->virtual_host = site->amazon && memchr(bucket, '.', len) == NULL;
    if (endpoint != NULL) {
        url_parse(&url, endpoint, false, source);
        if (strcmp(url.path, "/") != 0 || url.query_count != 0) {
            tool_usage_error("%s: '%s' has a path", source, tool_printable_cstr(endpoint));
        }
        site->scheme = tool_keep(url.scheme, strlen(url.scheme));
        site->host = tool_keep(url.host, strlen(url.host));
    } else {
        site->scheme = tool_keep("https", 5);
        site->host = tool_keep("", 0);
    }
    if (!use_curl && strcmp(site->scheme, "http") != 0) {
        tool_usage_error("--client core needs an http:// endpoint");
    }
    site_set_region(site, region, strlen(region));
    site->transport = transport_open(use_curl, timeout_seconds, connections, ca_bundle);
    own_credentials(&site->who);
    site->retries = retries;
    site->denied_is_missing = denied_is_missing;
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
        if (strlen(store->site.bucket) == len && memcmp(store->site.bucket, bucket, len) == 0) {
            return store;
        }
    }
    return new_store(bucket, len);
}

void store_close_all(void)
{
    while (stores != NULL) {
        struct store *store = stores;
        struct site *site = &store->site;
        stores = store->next;
        while (store->expected != NULL) {
            struct expected *e = store->expected;
            store->expected = e->next;
            free(e);
        }
        while (site->fetches != NULL) {
            fetch_free(site->fetches);
        }
        client_close(store->client);
        site_free_spare(site);
        transport_close(site->transport);
        wipe(site->who.access_key);
        wipe(site->who.secret);
        wipe(site->who.token);
        free(site->bucket);
        free(site->scheme);
        free(site->host);
        free(site->region);
        memset(store, 0, sizeof *store);
        free(store);
    }
}

/* --- objects --------------------------------------------------------------------------------- */

static void first_ask(struct ask *ask, wmbt_view key)
{
    memset(ask, 0, sizeof *ask);
    ask->key = key;
    ask->last = FIRST_BYTES - 1;
}

static void next_ask(struct ask *ask, const struct store_object *object)
{
    memset(ask, 0, sizeof *ask);
    ask->key = wmbt_view_of(object->key, object->key_len);
    ask->etag = wmbt_view_of(object->etag, object->etag_len);
}

unsigned store_ahead(void)
{
    return connections;
}

void store_expect(struct store *store, wmbt_view key)
{
    struct ask ask;
    for (const struct expected *e = store->expected; e != NULL; e = e->next) {
        if (e->fetch->ask.key.len == key.len &&
            memcmp(e->fetch->ask.key.data, key.data, key.len) == 0) {
            return;
        }
    }
    struct expected *e = store->expectations < connections ? malloc(sizeof *e) : NULL;
    if (e == NULL || key.len == 0) {
        free(e);
        return;
    }
    first_ask(&ask, key);
    e->fetch = fetch_begin(&store->site, &ask);
    if (e->fetch == NULL) {
        free(e);
        return;
    }
    e->next = store->expected;
    store->expected = e;
    store->expectations++;
}

/* The request for an object that was expected, or a new one. */
static struct fetch *take_expected(struct store *store, wmbt_view key)
{
    struct ask ask;
    for (struct expected **e = &store->expected; *e != NULL; e = &(*e)->next) {
        struct expected *found = *e;
        struct fetch *fetch = found->fetch;
        if (fetch->ask.key.len == key.len && memcmp(fetch->ask.key.data, key.data, key.len) == 0) {
            *e = found->next;
            free(found);
            store->expectations--;
            return fetch;
        }
    }
    first_ask(&ask, key);
    return fetch_begin(&store->site, &ask);
}

/* What became of a request; its words are kept. */
static wmbt_status wait_for(struct fetch *fetch, const char **why)
{
    if (fetch == NULL) {
        *why = "not enough memory";
        return TOOL_UNREADABLE;
    }
    fetch_wait(fetch);
    if (fetch->status != WMBT_OK) {
        *why = tool_copy(fetch->why, strlen(fetch->why));
    }
    return fetch->status;
}

/* The same of a request about an object whose first answer has come: what is missing now has
 * changed, too. */
static wmbt_status wait_again(struct store_object *object, struct fetch *fetch, const char **why)
{
    wmbt_status status = wait_for(fetch, why);
    object->has_changed = status == WMBT_MISSING || (fetch != NULL && fetch->has_changed);
    return status;
}

/* The size that HEAD tells. */
static wmbt_status ask_size(struct store_object *object, uint64_t *bytes, const char **why)
{
    struct ask ask;
    next_ask(&ask, object);
    ask.is_head = true;
    struct fetch *fetch = fetch_begin(&object->store->site, &ask);
    wmbt_status status = wait_again(object, fetch, why);
    if (status == WMBT_OK && !wmbt_s3_answer_size(&fetch->answer, bytes)) {
        status = WMBT_MISSING;
    }
    if (status == WMBT_MISSING) { /* it is there: it has just answered */
        *why = "the store does not tell its size";
        status = TOOL_UNREADABLE;
    }
    fetch_free(fetch);
    return status;
}

/* The first answer tells size and ETag. */
static wmbt_status begin(struct store_object *object, const struct fetch *fetch, const char **why)
{
    const wmbt_s3_answer *answer = &fetch->answer;
    bool told = wmbt_s3_answer_size(answer, &object->bytes);
    if (wmbt_s3_answer_meaning(answer) == WMBT_S3_BAD_RANGE) {
        if (!told) {
            object->bytes = 0; /* not even the first byte is there */
        }
        if (object->bytes == 0) {
            return WMBT_OK;
        }
        *why = "the store refuses its first byte";
        return TOOL_UNREADABLE;
    }
    wmbt_view etag = wmbt_s3_answer_etag(answer);
    bool weak = etag.len != 0 && etag.data[0] == 'W';
    object->etag_len = weak ? 0 : etag.len;
    memcpy(object->etag, etag.data, object->etag_len);
    bool doubtful = wmbt_s3_answer_is_doubtful(answer);
    if (!doubtful && told) {
        return WMBT_OK;
    }
    uint64_t bytes = object->bytes;
    wmbt_status status = ask_size(object, &object->bytes, why);
    if (status == WMBT_OK && doubtful && bytes != object->bytes) {
        *why = "the store sends a part as if it were the whole";
        return TOOL_UNREADABLE;
    }
    return status;
}

/* NULL: there is no memory. */
static struct store_object *new_object(struct store *store, wmbt_view key)
{
    struct store_object *o = calloc(1, sizeof *o);
    struct window *windows = calloc(connections, sizeof *windows);
    if (o == NULL || windows == NULL) {
        free(o);
        free(windows);
        return NULL;
    }
    o->store = store;
    o->key = tool_keep((const char *)key.data, key.len);
    o->key_len = key.len;
    o->window = windows;
    o->windows = 1;
    windows[0].fetch = take_expected(store, key);
    return o;
}

wmbt_status store_object_open(struct store *store, wmbt_view key, struct store_object **object,
                              uint64_t *bytes, const char **why)
{
    for (unsigned restarts = 0;; restarts++) {
        struct store_object *o = new_object(store, key);
        if (o == NULL) {
            *why = "not enough memory";
            return TOOL_UNREADABLE;
        }
        wmbt_status status = wait_for(o->window[0].fetch, why);
        if (status == WMBT_OK) {
            status = begin(o, o->window[0].fetch, why);
        }
        if (status == WMBT_OK) {
            *object = o;
            *bytes = o->bytes;
            return WMBT_OK;
        }
        bool again = o->has_changed && restarts < store_restarts();
        store_object_close(o);
        if (!again) {
            return status;
        }
    }
}

bool store_object_has_changed(const struct store_object *object)
{
    return object->has_changed;
}

unsigned store_restarts(void)
{
    return retries < MAX_RESTARTS ? retries : MAX_RESTARTS;
}

static wmbt_status changed(struct store_object *object, const char **why)
{
    object->has_changed = true;
    *why = FETCH_CHANGED;
    return TOOL_UNREADABLE;
}

/* The first window is over. */
static void drop_window(struct store_object *object)
{
    fetch_free(object->window[0].fetch);
    object->windows--;
    memmove(object->window, object->window + 1, object->windows * sizeof *object->window);
}

/* Asks for windows from `first` on until all connections have one, or the object ends. */
static void read_ahead(struct store_object *object, uint64_t first)
{
    while (object->windows < connections && first < object->bytes) {
        struct window *window = &object->window[object->windows];
        struct ask ask;
        next_ask(&ask, object);
        ask.first = first;
        ask.last = first + WINDOW_BYTES - 1;
        ask.last = ask.last < object->bytes ? ask.last : object->bytes - 1;
        ask.has_size = true;
        ask.size = object->bytes;
        window->first = first;
        window->fetch = fetch_begin(&object->store->site, &ask);
        if (window->fetch == NULL) {
            return;
        }
        object->windows++;
        first = ask.last + 1;
    }
}

/* Makes the first window the one that has the byte at `offset`, and waits for it. */
static wmbt_status move_to(struct store_object *object, uint64_t offset, const char **why)
{
    while (object->windows != 0) {
        const struct window *window = &object->window[0];
        uint64_t at = offset - window->first;
        if (offset < window->first) {
            while (object->windows != 0) {
                drop_window(object); /* back: all anew */
            }
            break;
        }
        wmbt_status status = wait_again(object, window->fetch, why);
        if (status != WMBT_OK) {
            return status;
        }
        if (at < window->fetch->len) {
            return WMBT_OK;
        }
        bool is_short = at <= window->fetch->ask.last - window->first && window->first != 0;
        drop_window(object);
        while (is_short && object->windows != 0) {
            drop_window(object); /* fewer than asked: what follows lies elsewhere */
        }
    }
    if (offset >= object->bytes) {
        return changed(object, why);
    }
    read_ahead(object, offset);
    wmbt_status status =
        wait_again(object, object->windows != 0 ? object->window[0].fetch : NULL, why);
    return status == WMBT_OK && object->window[0].fetch->len == 0 ? changed(object, why) : status;
}

wmbt_status store_object_peek(struct store_object *object, uint64_t offset, size_t bytes,
                              wmbt_view *view, const char **why)
{
    if (move_to(object, offset, why) != WMBT_OK) {
        return TOOL_UNREADABLE;
    }
    const struct window *window = &object->window[0];
    const struct window *last = &object->window[object->windows - 1u];
    if (window->first != 0) { /* beyond the beginning, which often is enough */
        read_ahead(object, last->fetch->ask.last + 1);
    }
    size_t at = (size_t)(offset - window->first);
    size_t left = window->fetch->len - at;
    *view = wmbt_view_of(window->fetch->data + at, bytes < left ? bytes : left);
    return WMBT_OK;
}

wmbt_status store_object_read(struct store_object *object, uint64_t offset, uint8_t *to,
                              size_t bytes, const char **why)
{
    while (bytes != 0) {
        wmbt_view view;
        wmbt_status status = store_object_peek(object, offset, bytes, &view, why);
        if (status != WMBT_OK) {
            return status;
        }
        memcpy(to, view.data, view.len);
        offset += view.len;
        to += view.len;
        bytes -= view.len;
    }
    return WMBT_OK;
}

void store_object_close(struct store_object *object)
{
    while (object->windows != 0) {
        drop_window(object);
    }
    free(object->window);
    free(object->key);
    free(object);
}

struct client *store_client(struct store *store)
{
    if (!use_curl && store->client == NULL) {
        store->client = client_open(&store->site, connections, timeout_seconds);
    }
    return store->client;
}

/* --- listings -------------------------------------------------------------------------------- */

/* The documents of a listing are collected: its encoding may come last. */
static wmbt_status read_page(const struct fetch *document, wmbt_view sent, uint8_t *token,
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
                       void (*add)(void *context, const char *key, size_t len),
                       void (*end_page)(void *context), void *context, const char **why)
{
    uint8_t *tokens = tool_alloc(2 * TOKEN_BYTES);
    size_t token_len = 0;
    unsigned pages = 0;
    wmbt_status status;
    do {
        struct ask ask;
        memset(&ask, 0, sizeof ask);
        ask.list.url_encoding = true;
        ask.list.prefix = wmbt_view_of(prefix, strlen(prefix));
        ask.list.token = wmbt_view_of(tokens + (pages & 1) * TOKEN_BYTES, token_len);
        struct fetch *fetch = fetch_begin(&store->site, &ask);
        status = wait_for(fetch, why);
        if (status == WMBT_MISSING) {
            status = TOOL_UNREADABLE;
            *why = "the store does not list this bucket";
        }
        if (status == WMBT_OK) {
            pages++;
            status = read_page(fetch, ask.list.token, tokens + (pages & 1) * TOKEN_BYTES,
                               &token_len, prefix, add, context);
            if (status != WMBT_OK) {
                *why =
                    tool_format("its listing must not be believed: %s", tool_status_name(status));
                status = TOOL_UNREADABLE;
            }
        }
        fetch_free(fetch);
        end_page(context);
    } while (status == WMBT_OK && token_len != 0);
    return status;
}

static void count_key(void *context, const char *key, size_t len)
{
    (void)key;
    (void)len;
    ++*(unsigned *)context;
}

wmbt_status store_has_below(struct store *store, const char *prefix)
{
    struct tool_mark mark = tool_mark();
    uint8_t *token = tool_alloc(TOKEN_BYTES);
    size_t token_len = 0;
    const char *why = NULL;
    unsigned keys = 0;
    struct ask ask;
    memset(&ask, 0, sizeof ask);
    ask.list.url_encoding = true;
    ask.list.max_keys = 1;
    ask.list.prefix = tool_view(prefix);
    struct fetch *fetch = fetch_begin(&store->site, &ask);
    bool good =
        wait_for(fetch, &why) == WMBT_OK &&
        read_page(fetch, ask.list.token, token, &token_len, prefix, count_key, &keys) == WMBT_OK;
    fetch_free(fetch);
    tool_release_to(mark);
    return !good ? TOOL_UNREADABLE : keys != 0 ? WMBT_OK : WMBT_MISSING;
}
