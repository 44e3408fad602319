/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4. docs/FORMATS.md, "Signature V4". */
#include "wombatkv/sigv4.h"

#include "base/bytes.h"
#include "base/text.h"
#include "hash/hmac.h"
#include "wire/date.h"
#include "wire/percent.h"

#if WMBT_CFG_SIGV4

/* A view of a struct of the caller's, as an argument: by its members, since small machines make a
 * call of memcpy of it otherwise. */
#    define WMBT_SIGV4_VIEW(view) wmbt_view_of((view).data, (view).len)

#    define WMBT_SIGV4_NONE SIZE_MAX
#    define WMBT_SIGV4_DATE_BYTES 8u /* of the day at the start of a time */
#    define WMBT_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"
#    define WMBT_SIGV4_END "aws4_request"
#    define WMBT_SIGV4_MAX_SECRET (UINT64_C(1) << 61) /* as wmbt_hmac_init() */
#    define WMBT_SIGV4_EXPIRES_DIGITS 6u              /* of WMBT_SIGV4_MAX_EXPIRES */

/* One request on its way to a signature. */
typedef struct wmbt_sigv4_job {
    const wmbt_sigv4_request *request;
    const wmbt_sigv4_credentials *who;
    const wmbt_sigv4_scope *scope;
    uint32_t expires; /* 0: the header form */
    bool is_s3;
    uint8_t expires_len;
    uint8_t expires_text[WMBT_SIGV4_EXPIRES_DIGITS];
    uint8_t time[WMBT_SIGV4_TIME_BYTES];
} wmbt_sigv4_job;

/* --- where bytes go --------------------------------------------------------------------------- */

/* What becomes of bytes on their way. */
typedef enum wmbt_sigv4_mode {
    WMBT_SIGV4_PLAIN,
    WMBT_SIGV4_LOWER, /* lower case */
    WMBT_SIGV4_PATH,  /* percent-encoded, but for '/' */
    WMBT_SIGV4_VALUE  /* percent-encoded */
} wmbt_sigv4_mode;

/* Either `hash` or `out` is not NULL. */
typedef struct wmbt_sigv4_sink {
    wmbt_sha256 *hash;
    wmbt_writer *out;
    wmbt_sigv4_mode mode;
} wmbt_sigv4_sink;

static uint8_t wmbt_sigv4_lower(uint8_t c)
{
    return c >= (uint8_t)'A' && c <= (uint8_t)'Z' ? (uint8_t)(c + 32u) : c;
}

/* Bytes as two arguments: structs would lie on the stack of their caller, one for each call. */
#    define WMBT_SIGV4_OF(view) (view).data, (view).len
#    define WMBT_SIGV4_TEXT(literal) (const uint8_t *)(literal), sizeof(literal) - 1u

/* They have been checked, and are fewer than what a hash takes. */
static void wmbt_sigv4_put(wmbt_sigv4_sink *sink, const uint8_t *data, size_t len)
{
    uint8_t text[WMBT_PERCENT_ESCAPE_BYTES];
    wmbt_sigv4_mode mode = sink->mode;
    size_t n = len;
    for (size_t i = 0; i < len; i += mode == WMBT_SIGV4_PLAIN ? len : 1u) {
        if (mode == WMBT_SIGV4_LOWER) {
            text[0] = wmbt_sigv4_lower(data[i]);
            n = 1;
        } else if (mode != WMBT_SIGV4_PLAIN) {
            n = wmbt_percent_of(data[i], mode == WMBT_SIGV4_PATH, text);
        }
        const uint8_t *bytes = mode == WMBT_SIGV4_PLAIN ? data : text;
        if (sink->out != NULL) {
            wmbt_writer_bytes(sink->out, wmbt_view_of(bytes, n));
        } else {
            (void)!wmbt_sha256_update(sink->hash, wmbt_view_of(bytes, n));
        }
    }
}

static void wmbt_sigv4_put_as(wmbt_sigv4_sink *sink, wmbt_sigv4_mode mode, const uint8_t *data,
                              size_t len)
{
    wmbt_sigv4_mode before = sink->mode;
    sink->mode = mode;
    wmbt_sigv4_put(sink, data, len);
    sink->mode = before;
}

/* A field's value: no blanks at its ends, one for each run inside. */
static void wmbt_sigv4_put_trimmed(wmbt_sigv4_sink *sink, wmbt_view v)
{
    bool blank = false, begun = false;
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];
        if (c == (uint8_t)' ' || c == (uint8_t)'\t') {
            blank = begun;
            continue;
        }
        if (blank) {
            wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT(" "));
        }
        wmbt_sigv4_put(sink, v.data + i, 1);
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
static void wmbt_sigv4_put_scope(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job)
{
    wmbt_sigv4_put(sink, job->time, WMBT_SIGV4_DATE_BYTES);
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("/"));
    wmbt_sigv4_put(sink, WMBT_SIGV4_OF(job->scope->region));
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("/"));
    wmbt_sigv4_put(sink, WMBT_SIGV4_OF(job->scope->service));
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("/" WMBT_SIGV4_END));
}

static void wmbt_sigv4_put_credential(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job)
{
    wmbt_sigv4_put(sink, WMBT_SIGV4_OF(job->who->access_key));
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("/"));
    wmbt_sigv4_put_scope(sink, job);
}

/* Canonical fields, or only their names with ';' between them. */
static void wmbt_sigv4_put_headers(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job,
                                   bool names_only)
{
    wmbt_sigv4_pair pair;
    wmbt_view before;
    size_t last = WMBT_SIGV4_NONE;
    wmbt_view_set(&before, wmbt_view_of(NULL, 0));
    for (;;) {
        bool begun = last != WMBT_SIGV4_NONE;
        last = wmbt_sigv4_next(job, WMBT_SIGV4_HEADERS, last);
        if (last == WMBT_SIGV4_NONE || !wmbt_sigv4_pair_at(job, WMBT_SIGV4_HEADERS, last, &pair)) {
            break;
        }
        bool same = begun && wmbt_sigv4_compare_lower(before, pair.name) == 0;
        wmbt_view_set(&before, pair.name);
        if (!same) {
            if (begun) {
                wmbt_sigv4_put(sink, (const uint8_t *)(names_only ? ";" : "\n"), 1);
            }
            wmbt_sigv4_put_as(sink, WMBT_SIGV4_LOWER, WMBT_SIGV4_OF(pair.name));
        }
        if (!names_only) {
            wmbt_sigv4_put(sink, (const uint8_t *)(same ? "," : ":"), 1);
            wmbt_sigv4_put_trimmed(sink, WMBT_SIGV4_VIEW(pair.value));
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
    sink->mode = WMBT_SIGV4_VALUE;
    wmbt_sigv4_put(sink, WMBT_SIGV4_OF(pair.name));
    wmbt_sigv4_put_as(sink, WMBT_SIGV4_PLAIN, WMBT_SIGV4_TEXT("="));
    if (i == job->request->query_count + WMBT_SIGV4_CREDENTIAL) {
        wmbt_sigv4_put_credential(sink, job);
    } else if (i == job->request->query_count + WMBT_SIGV4_SIGNED_HEADERS) {
        wmbt_sigv4_put_headers(sink, job, true);
    } else {
        wmbt_sigv4_put(sink, WMBT_SIGV4_OF(pair.value));
    }
    sink->mode = WMBT_SIGV4_PLAIN;
}

static void wmbt_sigv4_put_canonical(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job)
{
    const wmbt_sigv4_request *request = job->request;
    wmbt_sigv4_put(sink, WMBT_SIGV4_OF(request->method));
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    wmbt_sigv4_put_as(sink, job->is_s3 ? WMBT_SIGV4_PLAIN : WMBT_SIGV4_PATH,
                      WMBT_SIGV4_OF(request->path));
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    size_t last = WMBT_SIGV4_NONE, next;
    while ((next = wmbt_sigv4_next(job, WMBT_SIGV4_QUERY, last)) != WMBT_SIGV4_NONE) {
        if (last != WMBT_SIGV4_NONE) {
            wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("&"));
        }
        wmbt_sigv4_put_query_pair(sink, job, next);
        last = next;
    }
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    wmbt_sigv4_put_headers(sink, job, false);
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n\n"));
    wmbt_sigv4_put_headers(sink, job, true);
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    if (job->expires != 0u) {
        wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT(WMBT_SIGV4_UNSIGNED));
    } else {
        wmbt_sigv4_put(sink, WMBT_SIGV4_OF(request->payload));
    }
}

static WMBT_NOINLINE void wmbt_sigv4_hash_canonical(const wmbt_sigv4_job *job,
                                                    uint8_t digest[WMBT_SHA256_DIGEST_BYTES])
{
    wmbt_sha256 hash;
    wmbt_sigv4_sink sink;
    wmbt_sha256_init(&hash);
    sink.hash = &hash;
    sink.out = NULL;
    sink.mode = WMBT_SIGV4_PLAIN;
    wmbt_sigv4_put_canonical(&sink, job);
    wmbt_sha256_finish(&hash, digest);
}

/* `digits` are those of the canonical request's digest. */
static void wmbt_sigv4_put_string_to_sign(wmbt_sigv4_sink *sink, const wmbt_sigv4_job *job,
                                          const uint8_t digits[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT(WMBT_SIGV4_ALGORITHM "\n"));
    wmbt_sigv4_put(sink, job->time, sizeof job->time);
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    wmbt_sigv4_put_scope(sink, job);
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT("\n"));
    wmbt_sigv4_put(sink, digits, WMBT_SIGV4_SIGNATURE_BYTES);
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
    if (who->access_key.len == 0u) {
        return WMBT_MISSING;
    }
    const uint64_t secret_bytes = who->secret.len; /* a bound that 32 bits never pass */
    return secret_bytes >= WMBT_SIGV4_MAX_SECRET ? WMBT_TOO_LARGE : WMBT_OK;
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

static WMBT_NOINLINE wmbt_status wmbt_sigv4_begin(wmbt_sigv4_job *job,
                                                  const wmbt_sigv4_request *request,
                                                  const wmbt_sigv4_credentials *who,
                                                  const wmbt_sigv4_scope *scope, uint32_t expires)
{
    wmbt_view service = wmbt_view_of(scope->service.data, scope->service.len);
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
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
    job->expires_len = (uint8_t)wmbt_text_u64(expires, digits);
    wmbt_bytes_copy(job->expires_text, digits, job->expires_len);
    return wmbt_date_basic(scope->time, job->time) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

/* --- keys and signatures ---------------------------------------------------------------------- */

wmbt_status wmbt_sigv4_time(uint64_t seconds, uint8_t out[WMBT_SIGV4_TIME_BYTES])
{
    return wmbt_date_basic(seconds, out) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

/* The key of a day, for those who have been checked: then nothing can fail. */
static WMBT_NOINLINE void wmbt_sigv4_make_key(const wmbt_sigv4_credentials *who,
                                              const wmbt_sigv4_scope *scope,
                                              const uint8_t day[WMBT_SIGV4_DATE_BYTES],
                                              uint8_t key[WMBT_SIGV4_KEY_BYTES])
{
    wmbt_hmac_key of;
    wmbt_view_set(&of.first, WMBT_VIEW_LITERAL("AWS4"));
    wmbt_view_set(&of.second, WMBT_SIGV4_VIEW(who->secret));
    (void)!wmbt_hmac_of(&of, wmbt_view_of(day, WMBT_SIGV4_DATE_BYTES), key);
    of.first.data = key; /* each key is the code of the one before */
    of.first.len = WMBT_SIGV4_KEY_BYTES;
    of.second.len = 0;
    (void)!wmbt_hmac_of(&of, WMBT_SIGV4_VIEW(scope->region), key);
    (void)!wmbt_hmac_of(&of, WMBT_SIGV4_VIEW(scope->service), key);
    (void)!wmbt_hmac_of(&of, WMBT_VIEW_LITERAL(WMBT_SIGV4_END), key);
}

wmbt_status wmbt_sigv4_key(const wmbt_sigv4_credentials *who, const wmbt_sigv4_scope *scope,
                           uint8_t key[WMBT_SIGV4_KEY_BYTES])
{
    uint8_t time[WMBT_SIGV4_TIME_BYTES];
    wmbt_status status = wmbt_sigv4_check_who(who, scope);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_date_basic(scope->time, time)) {
        return WMBT_NOT_REPRESENTABLE;
    }
    wmbt_sigv4_make_key(who, scope, time, key);
    return WMBT_OK;
}

/* The digits of the digest that is the second half of `out`. */
static void wmbt_sigv4_unfold(uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_text_hex(wmbt_view_of(out + WMBT_SHA256_DIGEST_BYTES, WMBT_SHA256_DIGEST_BYTES), out);
}

/* `out` has the digest of the canonical request, then its digits, then those of the signature. */
static WMBT_NOINLINE void wmbt_sigv4_sign_digest(const wmbt_sigv4_job *job, const uint8_t *key,
                                                 uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_sha256 hash;
    wmbt_sigv4_sink sink;
    wmbt_hmac_key of;
    wmbt_view_set(&of.first, wmbt_view_of(key, WMBT_SIGV4_KEY_BYTES));
    wmbt_view_set(&of.second, wmbt_view_of(NULL, 0));
    (void)!wmbt_hmac_begin(&hash, &of);
    sink.hash = &hash;
    sink.out = NULL;
    sink.mode = WMBT_SIGV4_PLAIN;
    wmbt_sigv4_unfold(out);
    wmbt_sigv4_put_string_to_sign(&sink, job, out);
    wmbt_hmac_end(&hash, &of, out + WMBT_SHA256_DIGEST_BYTES);
    wmbt_sigv4_unfold(out);
}

/* One hash lives at a time: those of the key, that of the request, that of the signature. */
static void wmbt_sigv4_sign_job(const wmbt_sigv4_job *job, const uint8_t *key,
                                uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    uint8_t own[WMBT_SIGV4_KEY_BYTES];
    if (key == NULL) {
        wmbt_sigv4_make_key(job->who, job->scope, job->time, own);
        key = own;
    }
    wmbt_sigv4_hash_canonical(job, out + WMBT_SHA256_DIGEST_BYTES);
    wmbt_sigv4_sign_digest(job, key, out);
    wmbt_bytes_fill(own, 0, sizeof own);
}

wmbt_status wmbt_sigv4_sign(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                            const wmbt_sigv4_scope *scope, const uint8_t *key,
                            uint8_t out[WMBT_SIGV4_SIGNATURE_BYTES])
{
    wmbt_sigv4_job job;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    if (status == WMBT_OK) {
        wmbt_sigv4_sign_job(&job, key, out);
    }
    return status;
}

/* --- what is sent ----------------------------------------------------------------------------- */

/* A job that writes. */
static wmbt_status wmbt_sigv4_open(wmbt_sigv4_sink *sink, wmbt_writer *w, wmbt_buf out)
{
    w->data = out.data;
    w->capacity = out.len;
    w->needed = 0;
    sink->hash = NULL;
    sink->out = w;
    sink->mode = WMBT_SIGV4_PLAIN;
    return wmbt_buf_is_bad(out) ? WMBT_BAD_ARGUMENT : WMBT_OK;
}

static wmbt_status wmbt_sigv4_close(const wmbt_writer *w, size_t *written)
{
    if (!wmbt_writer_fits(w)) {
        wmbt_bytes_fill(w->data, 0, w->capacity);
        return WMBT_BUFFER_TOO_SMALL;
    }
    *written = w->needed;
    return WMBT_OK;
}

/* Room for a signature. */
static void wmbt_sigv4_put_gap(wmbt_sigv4_sink *sink)
{
    wmbt_sigv4_put(sink, WMBT_SIGV4_TEXT(WMBT_SIGV4_EMPTY)); /* as many digits */
}

/* The value of Authorization, with a gap for the signature at its end, or the lines that belong
 * into the request. Apart from the signing, so that its frame is gone by then. */
static WMBT_NOINLINE wmbt_status wmbt_sigv4_write_header(const wmbt_sigv4_job *job, bool lines,
                                                         wmbt_buf out, size_t *written)
{
    wmbt_sigv4_sink sink;
    wmbt_sigv4_pair pair;
    wmbt_writer w;
    wmbt_status status = wmbt_sigv4_open(&sink, &w, out);
    if (status != WMBT_OK) {
        return status;
    }
    for (size_t i = 0; lines && wmbt_sigv4_added_header(job, i, &pair); i++) {
        wmbt_sigv4_put(&sink, WMBT_SIGV4_OF(pair.name));
        wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT(": "));
        wmbt_sigv4_put(&sink, WMBT_SIGV4_OF(pair.value));
        wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT("\r\n"));
    }
    if (lines) {
        wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT("Authorization: "));
    }
    wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT(WMBT_SIGV4_ALGORITHM " Credential="));
    wmbt_sigv4_put_credential(&sink, job);
    wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT(", SignedHeaders="));
    wmbt_sigv4_put_headers(&sink, job, true);
    wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT(", Signature="));
    wmbt_sigv4_put_gap(&sink);
    if (lines) {
        wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT("\r\n"));
    }
    return wmbt_sigv4_close(&w, written);
}

wmbt_status wmbt_sigv4_authorization(const wmbt_sigv4_request *request,
                                     const wmbt_sigv4_credentials *who,
                                     const wmbt_sigv4_scope *scope, const uint8_t *key,
                                     wmbt_buf out, size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_write_header(&job, false, out, written);
    }
    if (status == WMBT_OK) {
        wmbt_sigv4_sign_job(&job, key, out.data + (*written - WMBT_SIGV4_SIGNATURE_BYTES));
    }
    return status;
}

wmbt_status wmbt_sigv4_lines(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                             const wmbt_sigv4_scope *scope, const uint8_t *key, wmbt_buf out,
                             size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, 0);
    if (status == WMBT_MISSING) { /* anonymous */
        *written = 0;
        return WMBT_OK;
    }
    if (status == WMBT_OK) {
        status = wmbt_sigv4_write_header(&job, true, out, written);
    }
    if (status == WMBT_OK) {
        wmbt_sigv4_sign_job(&job, key, out.data + (*written - 2u - WMBT_SIGV4_SIGNATURE_BYTES));
    }
    return status;
}

wmbt_status wmbt_sigv4_presign(const wmbt_sigv4_request *request, const wmbt_sigv4_credentials *who,
                               const wmbt_sigv4_scope *scope, uint32_t expires, const uint8_t *key,
                               wmbt_buf out, size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_sigv4_pair pair;
    wmbt_writer w;
    if (expires == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status != WMBT_OK) {
        return status;
    }
    for (size_t i = 0; wmbt_sigv4_pair_at(&job, WMBT_SIGV4_QUERY, i, &pair); i++) {
        wmbt_sigv4_put_query_pair(&sink, &job, i);
        wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT("&"));
    }
    wmbt_sigv4_put(&sink, WMBT_SIGV4_TEXT("X-Amz-Signature="));
    wmbt_sigv4_put_gap(&sink);
    status = wmbt_sigv4_close(&w, written);
    if (status == WMBT_OK) {
        wmbt_sigv4_sign_job(&job, key, w.data + (w.needed - WMBT_SIGV4_SIGNATURE_BYTES));
    }
    return status;
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
    return wmbt_sigv4_close(&w, written);
}

wmbt_status wmbt_sigv4_string_to_sign(const wmbt_sigv4_request *request,
                                      const wmbt_sigv4_credentials *who,
                                      const wmbt_sigv4_scope *scope, uint32_t expires, wmbt_buf out,
                                      size_t *written)
{
    wmbt_sigv4_job job;
    wmbt_sigv4_sink sink;
    wmbt_writer w;
    uint8_t digits[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_status status = wmbt_sigv4_begin(&job, request, who, scope, expires);
    if (status == WMBT_OK) {
        status = wmbt_sigv4_open(&sink, &w, out);
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_sigv4_hash_canonical(&job, digits + WMBT_SHA256_DIGEST_BYTES);
    wmbt_sigv4_unfold(digits);
    wmbt_sigv4_put_string_to_sign(&sink, &job, digits);
    return wmbt_sigv4_close(&w, written);
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
    wmbt_sigv4_put_headers(&sink, &job, true);
    return wmbt_sigv4_close(&w, written);
}

#endif
