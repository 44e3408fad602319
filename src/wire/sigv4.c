/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4. docs/FORMATS.md, "Signature V4". */
#include "wombatkv/sigv4.h"

#include "base/bytes.h"
#include "base/text.h"
#include "wire/date.h"
#include "wire/percent.h"
#include "wombatkv/hmac.h"

#if WMBT_CFG_SIGV4

/* A view of a struct of the caller's, as an argument: by its members, since small machines make a
 * call of memcpy of it otherwise. */
#    define WMBT_SIGV4_VIEW(view) wmbt_view_of((view).data, (view).len)

#    define WMBT_SIGV4_NONE SIZE_MAX
#    define WMBT_SIGV4_DATE_BYTES 8u /* of the day at the start of a time */
#    define WMBT_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#    define WMBT_SIGV4_END "aws4_request"

/* One request on its way to a signature. */
typedef struct wmbt_sigv4_job {
    const wmbt_sigv4_request *request;
    const wmbt_sigv4_credentials *who;
    const wmbt_sigv4_scope *scope;
    uint32_t expires; /* 0: the header form */
    bool is_s3;
    uint8_t time[WMBT_SIGV4_TIME_BYTES];
    uint8_t expires_text[WMBT_TEXT_U64_DIGITS];
    size_t expires_len;
} wmbt_sigv4_job;

/* --- where bytes go --------------------------------------------------------------------------- */

/* Exactly one is not NULL. */
typedef struct wmbt_sigv4_sink {
    wmbt_sha256 *hash;
    wmbt_hmac *mac;
    wmbt_writer *out;
    wmbt_status status;
} wmbt_sigv4_sink;

static void wmbt_sigv4_sink_init(wmbt_sigv4_sink *sink)
{
    sink->hash = NULL;
    sink->mac = NULL;
    sink->out = NULL;
    sink->status = WMBT_OK;
}

static void wmbt_sigv4_put(wmbt_sigv4_sink *sink, wmbt_view v)
{
    wmbt_status status = WMBT_OK;
    if (sink->out != NULL) {
        wmbt_writer_bytes(sink->out, v);
    } else if (sink->hash != NULL) {
        status = wmbt_sha256_update(sink->hash, v);
    } else {
        status = wmbt_hmac_update(sink->mac, v);
    }
    if (status != WMBT_OK) {
        sink->status = status;
    }
}

static void wmbt_sigv4_put_byte(wmbt_sigv4_sink *sink, uint8_t c)
{
    wmbt_sigv4_put(sink, wmbt_view_of(&c, 1));
}

static void wmbt_sigv4_put_encoded(wmbt_sigv4_sink *sink, wmbt_view v, bool keep_slash)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t escape[WMBT_PERCENT_ESCAPE_BYTES];
        uint8_t c = v.data[i];
        if (wmbt_percent_is_plain(c) || (keep_slash && c == (uint8_t)'/')) {
            wmbt_sigv4_put_byte(sink, c);
        } else {
            wmbt_percent_escape(c, escape);
            wmbt_sigv4_put(sink, wmbt_view_of(escape, sizeof escape));
        }
    }
}

static void wmbt_sigv4_put_text(wmbt_sigv4_sink *sink, wmbt_view v, bool encode)
{
    if (encode) {
        wmbt_sigv4_put_encoded(sink, v, false);
    } else {
        wmbt_sigv4_put(sink, v);
    }
}

static uint8_t wmbt_sigv4_lower(uint8_t c)
{
    return c >= (uint8_t)'A' && c <= (uint8_t)'Z' ? (uint8_t)(c + 32u) : c;
}

static void wmbt_sigv4_put_lower(wmbt_sigv4_sink *sink, wmbt_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        wmbt_sigv4_put_byte(sink, wmbt_sigv4_lower(v.data[i]));
    }
}

/* A field's value: no blanks at its ends, one for each run inside. */
static void wmbt_sigv4_put_trimmed(wmbt_sigv4_sink *sink, wmbt_view v)
{
    bool blank = false, begun = false;
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];
        if (c == (uint8_t)' ' || c == (uint8_t)'\t') {
            blank = true;
            continue;
        }
        if (blank && begun) {
            wmbt_sigv4_put_byte(sink, (uint8_t)' ');
        }
        wmbt_sigv4_put_byte(sink, c);
        blank = false;
        begun = true;
    }
}

/* --- pairs in order --------------------------------------------------------------------------- */

/* The caller's pairs, then those that the library adds. */
typedef enum wmbt_sigv4_list { WMBT_SIGV4_HEADERS, WMBT_SIGV4_QUERY } wmbt_sigv4_list;

/* Fields that the library adds; the header form only. */
static bool wmbt_sigv4_added_header(const wmbt_sigv4_job *job, size_t i, wmbt_sigv4_pair *pair)
{
    i += job->is_s3 ? 0u : 1u;
    if (job->expires != 0u || i > 2u || (i == 2u && job->who->token.len == 0u)) {
        return false;
    }
    if (i == 0u) {
        pair->name = WMBT_VIEW_LITERAL("x-amz-content-sha256");
        pair->value = job->request->payload;
    } else if (i == 1u) {
        pair->name = WMBT_VIEW_LITERAL("x-amz-date");
        pair->value = wmbt_view_of(job->time, sizeof job->time);
    } else {
        pair->name = wmbt_view_equal(job->scope->service, WMBT_VIEW_LITERAL("s3express"))
                         ? WMBT_VIEW_LITERAL("x-amz-s3session-token")
                         : WMBT_VIEW_LITERAL("x-amz-security-token");
        pair->value = job->who->token;
    }
    return true;
}

#    define WMBT_SIGV4_CREDENTIAL 1u     /* of what is added to a query: put together on the way */
#    define WMBT_SIGV4_SIGNED_HEADERS 4u /* likewise */

/* Pairs of the query that the library adds; the presigned form only. In the order sent. */
static bool wmbt_sigv4_added_query(const wmbt_sigv4_job *job, size_t i, wmbt_sigv4_pair *pair)
{
    if (job->expires == 0u || i > 5u || (i == 5u && job->who->token.len == 0u)) {
        return false;
    }
    pair->value = wmbt_view_of(NULL, 0);
    switch (i) {
    case 0:
        pair->name = WMBT_VIEW_LITERAL("X-Amz-Algorithm");
        pair->value = WMBT_VIEW_LITERAL(WMBT_SIGV4_ALGORITHM);
        break;
    case WMBT_SIGV4_CREDENTIAL: pair->name = WMBT_VIEW_LITERAL("X-Amz-Credential"); break;
    case 2:
        pair->name = WMBT_VIEW_LITERAL("X-Amz-Date");
        pair->value = wmbt_view_of(job->time, sizeof job->time);
        break;
    case 3:
        pair->name = WMBT_VIEW_LITERAL("X-Amz-Expires");
        pair->value = wmbt_view_of(job->expires_text, job->expires_len);
        break;
    case WMBT_SIGV4_SIGNED_HEADERS: pair->name = WMBT_VIEW_LITERAL("X-Amz-SignedHeaders"); break;
    default:
        pair->name = wmbt_view_equal(job->scope->service, WMBT_VIEW_LITERAL("s3express"))
                         ? WMBT_VIEW_LITERAL("X-Amz-S3session-Token")
                         : WMBT_VIEW_LITERAL("X-Amz-Security-Token");
        pair->value = job->who->token;
        break;
    }
    return true;
}

/* Pair number i of a list; false behind its end. */
static bool wmbt_sigv4_pair_at(const wmbt_sigv4_job *job, wmbt_sigv4_list list, size_t i,
                               wmbt_sigv4_pair *pair)
{
    bool query = list == WMBT_SIGV4_QUERY;
    size_t count = query ? job->request->query_count : job->request->header_count;
    if (i < count) {
        const wmbt_sigv4_pair *p = query ? job->request->query : job->request->headers;
        pair->name = p[i].name;
        pair->value = p[i].value;
        return true;
    }
    i -= count;
    return query ? wmbt_sigv4_added_query(job, i, pair) : wmbt_sigv4_added_header(job, i, pair);
}

static int wmbt_sigv4_compare_lower(wmbt_view a, wmbt_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < n; i++) {
        uint8_t x = wmbt_sigv4_lower(a.data[i]), y = wmbt_sigv4_lower(b.data[i]);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

/* Fields by name, then as given; pairs of a query by what their names and values become. */
static int wmbt_sigv4_compare(const wmbt_sigv4_pair *a, const wmbt_sigv4_pair *b,
                              wmbt_sigv4_list list)
{
    if (list == WMBT_SIGV4_HEADERS) {
        return wmbt_sigv4_compare_lower(a->name, b->name);
    }
    int order = wmbt_percent_compare(a->name, b->name);
    return order != 0 ? order : wmbt_percent_compare(a->value, b->value);
}

/* The pair that follows number `last` in order; WMBT_SIGV4_NONE begins and ends. Lists are short:
 * looking through all of them each time needs no memory. */
static size_t wmbt_sigv4_next(const wmbt_sigv4_job *job, wmbt_sigv4_list list, size_t last)
{
    wmbt_sigv4_pair after, best, pair;
    size_t found = WMBT_SIGV4_NONE;
    bool first = last == WMBT_SIGV4_NONE || !wmbt_sigv4_pair_at(job, list, last, &after);
    for (size_t i = 0; wmbt_sigv4_pair_at(job, list, i, &pair); i++) {
        int order = first ? 1 : wmbt_sigv4_compare(&pair, &after, list);
        if (order < 0 || (order == 0 && i <= last)) {
            continue;
        }
        if (found == WMBT_SIGV4_NONE || wmbt_sigv4_compare(&pair, &best, list) < 0) {
            found = i;
            wmbt_view_set(&best.name, pair.name);
            wmbt_view_set(&best.value, pair.value);
        }
    }
    return found;
}

/* --- what is signed --------------------------------------------------------------------------- */

/* "20130524/us-east-1/s3/aws4_request" */
static void wmbt_sigv4_put_scope(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job, bool encode)
{
    wmbt_view slash = WMBT_VIEW_LITERAL("/");
    wmbt_sigv4_put(sink, wmbt_view_of(job->time, WMBT_SIGV4_DATE_BYTES));
    wmbt_sigv4_put_text(sink, slash, encode);
    wmbt_sigv4_put_text(sink, WMBT_SIGV4_VIEW(job->scope->region), encode);
    wmbt_sigv4_put_text(sink, slash, encode);
    wmbt_sigv4_put_text(sink, WMBT_SIGV4_VIEW(job->scope->service), encode);
    wmbt_sigv4_put_text(sink, slash, encode);
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL(WMBT_SIGV4_END));
}

static void wmbt_sigv4_put_credential(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job, bool encode)
{
    wmbt_sigv4_put_text(sink, job->who->access_key, encode);
    wmbt_sigv4_put_text(sink, WMBT_VIEW_LITERAL("/"), encode);
    wmbt_sigv4_put_scope(sink, job, encode);
}

/* Canonical fields, or only their names with ';' between them. */
static void wmbt_sigv4_put_headers(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job,
                                   bool names_only, bool encode)
{
    wmbt_sigv4_pair pair, before;
    size_t last = WMBT_SIGV4_NONE;
    before.name = wmbt_view_of(NULL, 0);
    for (;;) {
        bool begun = last != WMBT_SIGV4_NONE;
        last = wmbt_sigv4_next(job, WMBT_SIGV4_HEADERS, last);
        if (last == WMBT_SIGV4_NONE || !wmbt_sigv4_pair_at(job, WMBT_SIGV4_HEADERS, last, &pair)) {
            break;
        }
        bool same = begun && wmbt_sigv4_compare_lower(before.name, pair.name) == 0;
        wmbt_view_set(&before.name, pair.name);
        if (!same) {
            if (begun) {
                wmbt_sigv4_put_text(
                    sink, names_only ? WMBT_VIEW_LITERAL(";") : WMBT_VIEW_LITERAL("\n"), encode);
            }
            wmbt_sigv4_put_lower(sink, pair.name);
        }
        if (!names_only) {
            wmbt_sigv4_put_byte(sink, same ? (uint8_t)',' : (uint8_t)':');
            wmbt_sigv4_put_trimmed(sink, pair.value);
        }
    }
}

/* name=value, encoded. */
static void wmbt_sigv4_put_query_pair(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job, size_t i)
{
    wmbt_sigv4_pair pair;
    if (!wmbt_sigv4_pair_at(job, WMBT_SIGV4_QUERY, i, &pair)) {
        return;
    }
    wmbt_sigv4_put_encoded(sink, pair.name, false);
    wmbt_sigv4_put_byte(sink, (uint8_t)'=');
    if (i == job->request->query_count + WMBT_SIGV4_CREDENTIAL) {
        wmbt_sigv4_put_credential(sink, job, true);
    } else if (i == job->request->query_count + WMBT_SIGV4_SIGNED_HEADERS) {
        wmbt_sigv4_put_headers(sink, job, true, true);
    } else {
        wmbt_sigv4_put_encoded(sink, pair.value, false);
    }
}

static void wmbt_sigv4_put_canonical(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job)
{
    const wmbt_sigv4_request *request = job->request;
    const uint8_t line = (uint8_t)'\n';
    wmbt_sigv4_put(sink, request->method);
    wmbt_sigv4_put_byte(sink, line);
    if (job->is_s3) {
        wmbt_sigv4_put(sink, request->path);
    } else {
        wmbt_sigv4_put_encoded(sink, request->path, true);
    }
    wmbt_sigv4_put_byte(sink, line);
    size_t last = WMBT_SIGV4_NONE, next;
    while ((next = wmbt_sigv4_next(job, WMBT_SIGV4_QUERY, last)) != WMBT_SIGV4_NONE) {
        if (last != WMBT_SIGV4_NONE) {
            wmbt_sigv4_put_byte(sink, (uint8_t)'&');
        }
        wmbt_sigv4_put_query_pair(sink, job, next);
        last = next;
    }
    wmbt_sigv4_put_byte(sink, line);
    wmbt_sigv4_put_headers(sink, job, false, false);
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL("\n\n"));
    wmbt_sigv4_put_headers(sink, job, true, false);
    wmbt_sigv4_put_byte(sink, line);
    wmbt_sigv4_put(sink,
                   job->expires != 0u ? WMBT_VIEW_LITERAL(WMBT_SIGV4_UNSIGNED) : request->payload);
}

static WMBT_NOINLINE wmbt_status wmbt_sigv4_hash_canonical(const wmbt_sigv4_job *job,
                                                           uint8_t digest[32])
{
    wmbt_sha256 hash;
    wmbt_sigv4_sink sink;
    wmbt_sha256_init(&hash);
    wmbt_sigv4_sink_init(&sink);
    sink.hash = &hash;
    wmbt_sigv4_put_canonical(&sink, job);
    wmbt_sha256_final(&hash, digest);
    return sink.status;
}

static void wmbt_sigv4_put_string_to_sign(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job,
                                          const uint8_t digest[32])
{
    uint8_t hex[2u * WMBT_SHA256_DIGEST_BYTES];
    wmbt_text_hex(wmbt_view_of(digest, WMBT_SHA256_DIGEST_BYTES), hex);
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL(WMBT_SIGV4_ALGORITHM "\n"));
    wmbt_sigv4_put(sink, wmbt_view_of(job->time, sizeof job->time));
    wmbt_sigv4_put_byte(sink, (uint8_t)'\n');
    wmbt_sigv4_put_scope(sink, job, false);
    wmbt_sigv4_put_byte(sink, (uint8_t)'\n');
    wmbt_sigv4_put(sink, wmbt_view_of(hex, sizeof hex));
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Bytes that would end a line or be dropped on the way. */
static bool wmbt_sigv4_has_control(wmbt_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if ((v.data[i] < 0x20u && v.data[i] != (uint8_t)'\t') || v.data[i] == 0x7Fu) {
            return true;
        }
    }
    return false;
}

static wmbt_status wmbt_sigv4_check_pairs(const wmbt_sigv4_pair *pairs, size_t count, bool headers)
{
    if (count > WMBT_SIGV4_MAX_PAIRS || (pairs == NULL && count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        if (wmbt_view_is_bad(pairs[i].name) || wmbt_view_is_bad(pairs[i].value) ||
            (headers && pairs[i].name.len == 0u)) {
            return WMBT_BAD_ARGUMENT;
        }
        if (headers &&
            (wmbt_sigv4_has_control(pairs[i].name) || wmbt_sigv4_has_control(pairs[i].value))) {
            return WMBT_BAD_TEXT;
        }
    }
    return WMBT_OK;
}

static wmbt_status wmbt_sigv4_check_who(const wmbt_sigv4_credentials *who,
                                        const wmbt_sigv4_scope *scope)
{
    if (wmbt_view_is_bad(who->access_key) || wmbt_view_is_bad(who->secret) ||
        wmbt_view_is_bad(who->token) || wmbt_view_is_bad(scope->region) ||
        wmbt_view_is_bad(scope->service) || scope->region.len == 0u || scope->service.len == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (wmbt_sigv4_has_control(who->access_key) || wmbt_sigv4_has_control(who->token) ||
        wmbt_sigv4_has_control(scope->region) || wmbt_sigv4_has_control(scope->service)) {
        return WMBT_BAD_TEXT;
    }
    return who->access_key.len == 0u ? WMBT_MISSING : WMBT_OK;
}

static wmbt_status wmbt_sigv4_check_request(const wmbt_sigv4_request *r)
{
    if (wmbt_view_is_bad(r->method) || wmbt_view_is_bad(r->path) || wmbt_view_is_bad(r->payload) ||
        r->method.len == 0u || r->path.len == 0u || r->path.data[0] != (uint8_t)'/') {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_sigv4_check_pairs(r->query, r->query_count, false);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_check_pairs(r->headers, r->header_count, true);
    }
    if (status == WMBT_OK &&
        (wmbt_sigv4_has_control(r->method) || wmbt_sigv4_has_control(r->path) ||
         wmbt_sigv4_has_control(r->payload))) {
        status = WMBT_BAD_TEXT;
    }
    return status;
}

static wmbt_status wmbt_sigv4_begin(wmbt_sigv4_job *job, const wmbt_sigv4_request *request,
                                    const wmbt_sigv4_credentials *who,
                                    const wmbt_sigv4_scope *scope, uint32_t expires)
{
    wmbt_view service = scope->service;
    wmbt_status status = wmbt_sigv4_check_request(request);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_check_who(who, scope);
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (expires > WMBT_SIGV4_MAX_EXPIRES || (expires == 0u && request->payload.len == 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    job->request = request;
    job->who = who;
    job->scope = scope;
    job->expires = expires;
    job->is_s3 =
        service.len >= 2u && service.data[0] == (uint8_t)'s' && service.data[1] == (uint8_t)'3';
    job->expires_len = wmbt_text_u64(expires, job->expires_text);
    return wmbt_date_basic(scope->time, job->time) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

/* --- keys and signatures ---------------------------------------------------------------------- */

wmbt_status wmbt_sigv4_time(uint64_t seconds, uint8_t out[WMBT_SIGV4_TIME_BYTES])
{
    return wmbt_date_basic(seconds, out) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

/* One step of the chain of keys; `message` becomes the key of the next. */
static wmbt_status wmbt_sigv4_step(wmbt_hmac *mac, wmbt_status before, wmbt_view message,
                                   uint8_t step[WMBT_HMAC_BYTES])
{
    if (before == WMBT_OK) {
        before = wmbt_hmac_update(mac, message);
    }
    if (before == WMBT_OK) {
        wmbt_hmac_final(mac, step);
        before = wmbt_hmac_init(mac, wmbt_view_of(step, WMBT_HMAC_BYTES));
    }
    return before;
}

wmbt_status wmbt_sigv4_key(const wmbt_sigv4_credentials *who, const wmbt_sigv4_scope *scope,
                           uint8_t key[WMBT_SIGV4_KEY_BYTES])
{
    wmbt_hmac mac;
    uint8_t time[WMBT_SIGV4_TIME_BYTES], step[WMBT_HMAC_BYTES];
    wmbt_status status = wmbt_sigv4_check_who(who, scope);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_date_basic(scope->time, time)) {
        return WMBT_NOT_REPRESENTABLE;
    }
    status = wmbt_hmac_init_joined(&mac, WMBT_VIEW_LITERAL("AWS4"), who->secret);
    status = wmbt_sigv4_step(&mac, status, wmbt_view_of(time, WMBT_SIGV4_DATE_BYTES), step);
    status = wmbt_sigv4_step(&mac, status, WMBT_SIGV4_VIEW(scope->region), step);
    status = wmbt_sigv4_step(&mac, status, WMBT_SIGV4_VIEW(scope->service), step);
    status = wmbt_sigv4_step(&mac, status, WMBT_VIEW_LITERAL(WMBT_SIGV4_END), step);
    if (status == WMBT_OK) {
        wmbt_bytes_copy(key, step, sizeof step);
    }
    wmbt_hmac_wipe(&mac);
    wmbt_bytes_fill(step, 0, sizeof step);
    return status;
}

static WMBT_NOINLINE wmbt_status wmbt_sigv4_sign_digest(const wmbt_sigv4_job *job,
                                                        const uint8_t *key,
                                                        const uint8_t digest[32],
                                                        uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_hmac mac;
    wmbt_sigv4_sink sink;
    uint8_t code[WMBT_HMAC_BYTES];
    wmbt_status status = wmbt_hmac_init(&mac, wmbt_view_of(key, WMBT_SIGV4_KEY_BYTES));
    if (status == WMBT_OK) {
        wmbt_sigv4_sink_init(&sink);
        sink.mac = &mac;
        wmbt_sigv4_put_string_to_sign(&sink, job, digest);
        wmbt_hmac_final(&mac, code);
        status = sink.status;
    }
    wmbt_hmac_wipe(&mac);
    if (status == WMBT_OK) {
        wmbt_text_hex(wmbt_view_of(code, sizeof code), out);
    }
    return status;
}

/* One big hash lives at a time: that of the request, those of the key, that of the signature. */
static wmbt_status wmbt_sigv4_sign_job(const wmbt_sigv4_job *job, const uint8_t *key,
                                       uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    uint8_t own[WMBT_SIGV4_KEY_BYTES], digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_status status = wmbt_sigv4_hash_canonical(job, digest);
    if (status == WMBT_OK && key == NULL) {
        status = wmbt_sigv4_key(job->who, job->scope, own);
        key = own;
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_sign_digest(job, key, digest, out);
    }
    wmbt_bytes_fill(own, 0, sizeof own);
    return status;
}

wmbt_status wmbt_sigv4_sign(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                            const wmbt_sigv4_scope *scope, const uint8_t *key,
                            uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_sigv4_job job;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    return status == WMBT_OK ? wmbt_sigv4_sign_job(&job, key, out) : status;
}

/* --- what is sent ----------------------------------------------------------------------------- */

static wmbt_status wmbt_sigv4_open(wmbt_sigv4_sink *sink, wmbt_writer *w, wmbt_buf out)
{
    *w = wmbt_writer_of(out);
    wmbt_sigv4_sink_init(sink);
    sink->out = w;
    return wmbt_buf_is_bad(out) ? WMBT_BAD_ARGUMENT : WMBT_OK;
}

static wmbt_status wmbt_sigv4_close(const wmbt_writer *w, wmbt_buf out, size_t *written)
{
    if (!wmbt_writer_fits(w)) {
        wmbt_bytes_fill(out.data, 0, out.len);
        return WMBT_BUFFER_TOO_SMALL;
    }
    *written = w->needed;
    return WMBT_OK;
}

static void wmbt_sigv4_put_authorization(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job,
                                         const uint8_t signature[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL(WMBT_SIGV4_ALGORITHM " Credential="));
    wmbt_sigv4_put_credential(sink, job, false);
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL(", SignedHeaders="));
    wmbt_sigv4_put_headers(sink, job, true, false);
    wmbt_sigv4_put(sink, WMBT_VIEW_LITERAL(", Signature="));
    wmbt_sigv4_put(sink, wmbt_view_of(signature, WMBT_SIGV4_SIGNATURE_BYTES));
}

wmbt_status wmbt_sigv4_authorization(const wmbt_sigv4_request *request,
                                     const wmbt_sigv4_credentials *who,
                                     const wmbt_sigv4_scope *scope, const uint8_t *key,
                                     wmbt_buf out, size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_writer w;
    uint8_t signature[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_sign_job(&job, key, signature);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_sigv4_put_authorization(&sink, &job, signature);
    return wmbt_sigv4_close(&w, out, written);
}

wmbt_status wmbt_sigv4_lines(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                             const wmbt_sigv4_scope *scope, const uint8_t *key, wmbt_buf out,
                             size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_sigv4_pair pair;
    wmbt_writer w;
    uint8_t signature[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    if (status == WMBT_MISSING) { /* anonymous */
        *written = 0;
        return WMBT_OK;
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_sign_job(&job, key, signature);
    }
    if (status != WMBT_OK) {
        return status;
    }
    for (size_t i = 0; wmbt_sigv4_added_header(&job, i, &pair); i++) {
        wmbt_sigv4_put(&sink, pair.name);
        wmbt_sigv4_put(&sink, WMBT_VIEW_LITERAL(": "));
        wmbt_sigv4_put(&sink, pair.value);
        wmbt_sigv4_put(&sink, WMBT_VIEW_LITERAL("\r\n"));
    }
    wmbt_sigv4_put(&sink, WMBT_VIEW_LITERAL("Authorization: "));
    wmbt_sigv4_put_authorization(&sink, &job, signature);
    wmbt_sigv4_put(&sink, WMBT_VIEW_LITERAL("\r\n"));
    return wmbt_sigv4_close(&w, out, written);
}

wmbt_status wmbt_sigv4_presign(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                               const wmbt_sigv4_scope *scope, uint32_t expires, const uint8_t *key,
                               wmbt_buf out, size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_sigv4_pair pair;
    wmbt_writer w;
    uint8_t signature[WMBT_SIGV4_SIGNATURE_BYTES];
    if (expires == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_sign_job(&job, key, signature);
    }
    if (status != WMBT_OK) {
        return status;
    }
    for (size_t i = 0; wmbt_sigv4_pair_at(&job, WMBT_SIGV4_QUERY, i, &pair); i++) {
        wmbt_sigv4_put_query_pair(&sink, &job, i);
        wmbt_sigv4_put_byte(&sink, (uint8_t)'&');
    }
    wmbt_sigv4_put(&sink, WMBT_VIEW_LITERAL("X-Amz-Signature="));
    wmbt_sigv4_put(&sink, wmbt_view_of(signature, sizeof signature));
    return wmbt_sigv4_close(&w, out, written);
}

/* --- for those who look for the reason -------------------------------------------------------- */

wmbt_status wmbt_sigv4_canonical(const wmbt_sigv4_request *request,
                                 const wmbt_sigv4_credentials *who, const wmbt_sigv4_scope *scope,
                                 uint32_t expires, wmbt_buf out, size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_writer w;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_sigv4_put_canonical(&sink, &job);
    return wmbt_sigv4_close(&w, out, written);
}

wmbt_status wmbt_sigv4_string_to_sign(const wmbt_sigv4_request *request,
                                      const wmbt_sigv4_credentials *who,
                                      const wmbt_sigv4_scope *scope, uint32_t expires, wmbt_buf out,
                                      size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_writer w;
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_hash_canonical(&job, digest);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_sigv4_put_string_to_sign(&sink, &job, digest);
    return wmbt_sigv4_close(&w, out, written);
}

wmbt_status wmbt_sigv4_signed_headers(const wmbt_sigv4_request *request,
                                      const wmbt_sigv4_credentials *who,
                                      const wmbt_sigv4_scope *scope, uint32_t expires, wmbt_buf out,
                                      size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_writer w;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_sigv4_put_headers(&sink, &job, true, false);
    return wmbt_sigv4_close(&w, out, written);
}

#endif
