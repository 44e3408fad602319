/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of S3, signed. docs/FORMATS.md, "S3". */
#include "wire/s3/request.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"
#include "wire/percent.h"

#if WMBT_CFG_S3

#    define WMBT_S3_LIST_PAIRS 6u

/* A request on its way: the writer's memory also holds what is signed. */
typedef struct wmbt_s3_writing {
    const wmbt_s3_store *store;
    const wmbt_view *region;
    wmbt_writer w;
    wmbt_sigv4_pair host;
    wmbt_sigv4_request request;
} wmbt_s3_writing;

static bool wmbt_s3_has_control(wmbt_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.data[i] <= 0x20u || v.data[i] == 0x7Fu) {
            return true;
        }
    }
    return false;
}

static WMBT_NOINLINE wmbt_status wmbt_s3_check_store(const wmbt_s3_store *store)
{
    if (wmbt_view_is_bad(store->host) || wmbt_view_is_bad(store->bucket) || store->host.len == 0u ||
        store->bucket.len == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    bool bad = wmbt_s3_has_control(store->host) || wmbt_s3_has_control(store->bucket);
    for (size_t i = 0; i < store->bucket.len; i++) {
        bad = bad || store->bucket.data[i] == (uint8_t)'/';
    }
    return bad ? WMBT_BAD_TEXT : WMBT_OK;
}

/* "GET /bucket/key", or without a key; the path is part of what is signed. */
static WMBT_NOINLINE void wmbt_s3_begin(wmbt_s3_writing *x, bool is_head, const wmbt_view *key,
                                        const wmbt_buf *out)
{
    x->w.data = out->data;
    x->w.capacity = out->len;
    x->w.needed = 0;
    wmbt_view_set(&x->request.method,
                  is_head ? WMBT_VIEW_LITERAL("HEAD") : WMBT_VIEW_LITERAL("GET"));
    wmbt_view_set(&x->request.payload, WMBT_VIEW_LITERAL(WMBT_SIGV4_EMPTY));
    x->request.query = NULL;
    x->request.query_count = 0;
    x->request.headers = &x->host;
    x->request.header_count = 1;
    wmbt_writer_bytes(&x->w, x->request.method);
    wmbt_writer_u8(&x->w, (uint8_t)' ');
    size_t start = x->w.needed;
    wmbt_writer_u8(&x->w, (uint8_t)'/');
    if (!x->store->virtual_host) {
        wmbt_percent_write(&x->w, x->store->bucket, false);
        if (key != NULL) {
            wmbt_writer_u8(&x->w, (uint8_t)'/');
        }
    }
    if (key != NULL) {
        wmbt_percent_write(&x->w, wmbt_view_of(key->data, key->len), true);
    }
    wmbt_view_set(&x->request.path, wmbt_view_of(x->w.data + start, x->w.needed - start));
}

/* The rest of the first line, and Host, which is signed as sent. */
static WMBT_NOINLINE void wmbt_s3_end_line(wmbt_s3_writing *x)
{
    wmbt_writer_bytes(&x->w, WMBT_VIEW_LITERAL(" HTTP/1.1\r\nHost: "));
    size_t start = x->w.needed;
    if (x->store->virtual_host) {
        wmbt_writer_bytes(&x->w, x->store->bucket);
        wmbt_writer_u8(&x->w, (uint8_t)'.');
    }
    wmbt_writer_bytes(&x->w, x->store->host);
    wmbt_view_set(&x->host.name, WMBT_VIEW_LITERAL("host"));
    wmbt_view_set(&x->host.value, wmbt_view_of(x->w.data + start, x->w.needed - start));
    wmbt_writer_bytes(&x->w, WMBT_VIEW_LITERAL("\r\nAccept-Encoding: identity\r\n"));
}

/* The signature's lines and the empty one. */
static WMBT_NOINLINE wmbt_status wmbt_s3_finish(wmbt_s3_writing *x, uint64_t time,
                                                const uint8_t *key, size_t *written)
{
    wmbt_sigv4_scope scope;
    wmbt_status status = WMBT_BUFFER_TOO_SMALL;
    size_t lines = 0, at = x->w.needed;
    scope.time = time;
    wmbt_view_set(&scope.region, wmbt_view_of(x->region->data, x->region->len));
    wmbt_view_set(&scope.service, WMBT_VIEW_LITERAL("s3"));
    if (wmbt_writer_fits(&x->w)) {
        status = wmbt_sigv4_lines(&x->request, &x->store->who, &scope, key,
                                  wmbt_buf_of(x->w.data + at, x->w.capacity - at), &lines);
    }
    if (status == WMBT_OK && x->w.capacity - at - lines < 2u) {
        status = WMBT_BUFFER_TOO_SMALL;
    }
    if (status != WMBT_OK) {
        wmbt_bytes_fill(x->w.data, 0, x->w.capacity);
        return status;
    }
    at += lines;
    x->w.data[at] = (uint8_t)'\r';
    x->w.data[at + 1u] = (uint8_t)'\n';
    *written = at + 2u;
    return WMBT_OK;
}

static WMBT_NOINLINE wmbt_status wmbt_s3_check_get(const wmbt_s3_store *store,
                                                   const wmbt_s3_get *get, const wmbt_buf *out)
{
    wmbt_status status = wmbt_s3_check_store(store);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(get->key) || wmbt_view_is_bad(get->if_match) || wmbt_buf_is_bad(*out) ||
        get->key.len == 0u || (get->has_range && get->last < get->first)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (get->key.len > WMBT_S3_MAX_KEY_BYTES) {
        return WMBT_TOO_LARGE;
    }
    return wmbt_s3_has_control(get->if_match) ? WMBT_BAD_TEXT : WMBT_OK;
}

static WMBT_NOINLINE void wmbt_s3_put_conditions(wmbt_writer *w, const wmbt_s3_get *get)
{
    if (get->has_range) {
        wmbt_writer_bytes(w, WMBT_VIEW_LITERAL("Range: bytes="));
        wmbt_writer_decimal(w, get->first, 1);
        wmbt_writer_u8(w, (uint8_t)'-');
        wmbt_writer_decimal(w, get->last, 1);
        wmbt_writer_bytes(w, WMBT_VIEW_LITERAL("\r\n"));
    }
    if (get->if_match.len != 0u) {
        wmbt_writer_bytes(w, WMBT_VIEW_LITERAL("If-Match: "));
        wmbt_writer_bytes(w, wmbt_view_of(get->if_match.data, get->if_match.len));
        wmbt_writer_bytes(w, WMBT_VIEW_LITERAL("\r\n"));
    }
}

wmbt_status wmbt_s3_write_get(const wmbt_s3_store *store, const wmbt_s3_get *get, uint64_t time,
                              const uint8_t *key, wmbt_buf out, size_t *written)
{
    return wmbt_s3_write_get_for(store, &store->region, get, time, key, out, written);
}

wmbt_status wmbt_s3_write_get_for(const wmbt_s3_store *store, const wmbt_view *region,
                                  const wmbt_s3_get *get, uint64_t time, const uint8_t *key,
                                  wmbt_buf out, size_t *written)
{
    wmbt_s3_writing x;
    wmbt_status status = wmbt_s3_check_get(store, get, &out);
    if (status != WMBT_OK) {
        return status;
    }
    x.store = store;
    x.region = region;
    wmbt_s3_begin(&x, get->is_head, &get->key, &out);
    wmbt_s3_end_line(&x);
    wmbt_s3_put_conditions(&x.w, get);
    return wmbt_s3_finish(&x, time, key, written);
}

static void wmbt_s3_add_pair(wmbt_sigv4_pair *pairs, size_t *count, wmbt_view name, wmbt_view value)
{
    if (value.len != 0u) {
        wmbt_view_set(&pairs[*count].name, name);
        wmbt_view_set(&pairs[*count].value, value);
        ++*count;
    }
}

/* What is asked, in the order that is signed. Returns how many. */
static WMBT_NOINLINE size_t wmbt_s3_list_pairs(const wmbt_s3_list *list,
                                               uint8_t digits[WMBT_TEXT_U64_DIGITS],
                                               wmbt_sigv4_pair pairs[WMBT_S3_LIST_PAIRS])
{
    size_t count = 0, n = list->max_keys != 0u ? wmbt_text_u64(list->max_keys, digits) : 0u;
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("continuation-token"), list->token);
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("encoding-type"),
                     wmbt_view_of("url", list->url_encoding ? 3u : 0u));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("list-type"), WMBT_VIEW_LITERAL("2"));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("max-keys"), wmbt_view_of(digits, n));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("prefix"), list->prefix);
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("start-after"), list->start_after);
    return count;
}

static WMBT_NOINLINE void wmbt_s3_put_query(wmbt_writer *w, const wmbt_sigv4_request *request)
{
    for (size_t i = 0; i < request->query_count; i++) {
        const wmbt_sigv4_pair *pair = &request->query[i];
        wmbt_writer_u8(w, i == 0u ? (uint8_t)'?' : (uint8_t)'&');
        wmbt_writer_bytes(w, pair->name);
        wmbt_writer_u8(w, (uint8_t)'=');
        wmbt_percent_write(w, pair->value, false);
    }
}

wmbt_status wmbt_s3_write_list(const wmbt_s3_store *store, const wmbt_s3_list *list, uint64_t time,
                               const uint8_t *key, wmbt_buf out, size_t *written)
{
    return wmbt_s3_write_list_for(store, &store->region, list, time, key, out, written);
}

wmbt_status wmbt_s3_write_list_for(const wmbt_s3_store *store, const wmbt_view *region,
                                   const wmbt_s3_list *list, uint64_t time, const uint8_t *key,
                                   wmbt_buf out, size_t *written)
{
    wmbt_s3_writing x;
    wmbt_sigv4_pair pairs[WMBT_S3_LIST_PAIRS];
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    wmbt_status status = wmbt_s3_check_store(store);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(list->prefix) || wmbt_view_is_bad(list->start_after) ||
        wmbt_view_is_bad(list->token) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    x.store = store;
    x.region = region;
    wmbt_s3_begin(&x, false, NULL, &out);
    x.request.query = pairs;
    x.request.query_count = wmbt_s3_list_pairs(list, digits, pairs);
    wmbt_s3_put_query(&x.w, &x.request);
    wmbt_s3_end_line(&x);
    return wmbt_s3_finish(&x, time, key, written);
}

#endif
