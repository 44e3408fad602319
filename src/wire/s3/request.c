/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of S3, signed. docs/FORMATS.md, "S3". */
#include "wombatkv/s3.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"
#include "wire/percent.h"

#if WMBT_CFG_S3

#    define WMBT_S3_LIST_PAIRS 6u

/* A request on its way: the writer's memory also holds what is signed. */
typedef struct wmbt_s3_writing {
    const wmbt_s3_store *store;
    wmbt_buf out;
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

static wmbt_status wmbt_s3_check_store(const wmbt_s3_store *store)
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

/* "GET /bucket/key"; the path is part of what is signed. */
static void wmbt_s3_begin(wmbt_s3_writing *x, const wmbt_s3_store *store, wmbt_view method,
                          wmbt_view key, wmbt_buf out)
{
    x->store = store;
    x->out = wmbt_buf_of(out.data, out.len);
    x->w = wmbt_writer_of(out);
    x->request.method = method;
    x->request.payload = WMBT_VIEW_LITERAL(WMBT_SIGV4_EMPTY);
    x->request.query = NULL;
    x->request.query_count = 0;
    wmbt_writer_bytes(&x->w, method);
    wmbt_writer_u8(&x->w, (uint8_t)' ');
    size_t start = x->w.needed;
    wmbt_writer_u8(&x->w, (uint8_t)'/');
    if (!store->virtual_host) {
        wmbt_percent_write(&x->w, store->bucket, false);
        if (key.len != 0u) {
            wmbt_writer_u8(&x->w, (uint8_t)'/');
        }
    }
    wmbt_percent_write(&x->w, key, true);
    x->request.path = wmbt_view_of(out.data + start, x->w.needed - start);
}

/* The rest of the first line, and Host, which is signed as sent. */
static void wmbt_s3_end_line(wmbt_s3_writing *x)
{
    wmbt_writer_bytes(&x->w, WMBT_VIEW_LITERAL(" HTTP/1.1\r\nHost: "));
    size_t start = x->w.needed;
    if (x->store->virtual_host) {
        wmbt_writer_bytes(&x->w, x->store->bucket);
        wmbt_writer_u8(&x->w, (uint8_t)'.');
    }
    wmbt_writer_bytes(&x->w, x->store->host);
    x->host.name = WMBT_VIEW_LITERAL("host");
    x->host.value = wmbt_view_of(x->out.data + start, x->w.needed - start);
    wmbt_writer_bytes(&x->w, WMBT_VIEW_LITERAL("\r\nAccept-Encoding: identity\r\n"));
    x->request.headers = &x->host;
    x->request.header_count = 1;
}

static wmbt_status wmbt_s3_finish(wmbt_s3_writing *x, uint64_t time, const uint8_t *key,
                                  size_t *written)
{
    wmbt_sigv4_scope scope;
    wmbt_status status = WMBT_BUFFER_TOO_SMALL;
    size_t lines = 0, at = x->w.needed;
    scope.time = time;
    scope.region = x->store->region;
    scope.service = WMBT_VIEW_LITERAL("s3");
    if (wmbt_writer_fits(&x->w)) {
        status = wmbt_sigv4_lines(&x->request, &x->store->who, &scope, key,
                                  wmbt_buf_of(x->out.data + at, x->out.len - at), &lines);
    }
    if (status == WMBT_OK && x->out.len - at - lines < 2u) {
        status = WMBT_BUFFER_TOO_SMALL;
    }
    if (status != WMBT_OK) {
        wmbt_bytes_fill(x->out.data, 0, x->out.len);
        return status;
    }
    at += lines;
    x->out.data[at] = (uint8_t)'\r';
    x->out.data[at + 1u] = (uint8_t)'\n';
    *written = at + 2u;
    return WMBT_OK;
}

wmbt_status wmbt_s3_write_get(const wmbt_s3_store *store, const wmbt_s3_get *get, uint64_t time,
                              const uint8_t *key, wmbt_buf out, size_t *written)
{
    wmbt_s3_writing x;
    wmbt_status status = wmbt_s3_check_store(store);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(get->key) || wmbt_view_is_bad(get->if_match) || wmbt_buf_is_bad(out) ||
        get->key.len == 0u || (get->has_range && get->last < get->first)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (get->key.len > WMBT_S3_MAX_KEY_BYTES) {
        return WMBT_TOO_LARGE;
    }
    if (wmbt_s3_has_control(get->if_match)) {
        return WMBT_BAD_TEXT;
    }
    wmbt_s3_begin(&x, store, get->is_head ? WMBT_VIEW_LITERAL("HEAD") : WMBT_VIEW_LITERAL("GET"),
                  wmbt_view_of(get->key.data, get->key.len), out);
    wmbt_s3_end_line(&x);
    if (get->has_range) {
        wmbt_writer_bytes(&x.w, WMBT_VIEW_LITERAL("Range: bytes="));
        wmbt_writer_decimal(&x.w, get->first, 1);
        wmbt_writer_u8(&x.w, (uint8_t)'-');
        wmbt_writer_decimal(&x.w, get->last, 1);
        wmbt_writer_bytes(&x.w, WMBT_VIEW_LITERAL("\r\n"));
    }
    if (get->if_match.len != 0u) {
        wmbt_writer_bytes(&x.w, WMBT_VIEW_LITERAL("If-Match: "));
        wmbt_writer_bytes(&x.w, wmbt_view_of(get->if_match.data, get->if_match.len));
        wmbt_writer_bytes(&x.w, WMBT_VIEW_LITERAL("\r\n"));
    }
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

wmbt_status wmbt_s3_write_list(const wmbt_s3_store *store, const wmbt_s3_list *list, uint64_t time,
                               const uint8_t *key, wmbt_buf out, size_t *written)
{
    wmbt_s3_writing x;
    wmbt_sigv4_pair pairs[WMBT_S3_LIST_PAIRS];
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    size_t count = 0;
    wmbt_status status = wmbt_s3_check_store(store);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(list->prefix) || wmbt_view_is_bad(list->start_after) ||
        wmbt_view_is_bad(list->token) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    size_t n = list->max_keys != 0u ? wmbt_text_u64(list->max_keys, digits) : 0u;
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("continuation-token"), list->token);
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("encoding-type"),
                     wmbt_view_of("url", list->url_encoding ? 3u : 0u));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("list-type"), WMBT_VIEW_LITERAL("2"));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("max-keys"), wmbt_view_of(digits, n));
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("prefix"), list->prefix);
    wmbt_s3_add_pair(pairs, &count, WMBT_VIEW_LITERAL("start-after"), list->start_after);
    wmbt_s3_begin(&x, store, WMBT_VIEW_LITERAL("GET"), wmbt_view_of(NULL, 0), out);
    for (size_t i = 0; i < count; i++) {
        wmbt_writer_u8(&x.w, i == 0u ? (uint8_t)'?' : (uint8_t)'&');
        wmbt_writer_bytes(&x.w, pairs[i].name);
        wmbt_writer_u8(&x.w, (uint8_t)'=');
        wmbt_percent_write(&x.w, pairs[i].value, false);
    }
    x.request.query = pairs;
    x.request.query_count = count;
    wmbt_s3_end_line(&x);
    return wmbt_s3_finish(&x, time, key, written);
}

#endif
