/* SPDX-License-Identifier: Apache-2.0 */
/* Signature V4: every golden row in both forms, the published examples, limits, what stays behind.
 * Golden rows were signed by botocore and recomputed by a second implementation. */
#include "../support/below.h"
#include "../support/test.h"

#include "wire/date.h"
#include "wombatkv/hmac.h"
#include "wombatkv/sigv4.h"

#define ROWS "golden/s3/sigv4/sigv4.tsv"
#define DOCUMENTED "golden/s3/sigv4/documented.tsv"
#define OUT_BYTES 16384u
#define MAX_PAIRS 16u

static uint32_t two_digits(const uint8_t *p)
{
    return 10u * ((uint32_t)p[0] - '0') + (uint32_t)p[1] - '0';
}

/* Seconds of "20130524T000000Z", by counting days. */
static uint64_t seconds_of(wmbt_view text)
{
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const uint8_t *p = text.data;
    uint32_t year = 100u * two_digits(p) + two_digits(p + 2), month = two_digits(p + 4);
    uint64_t days = two_digits(p + 6) - 1u;
    bool leap = (year % 4u == 0u && year % 100u != 0u) || year % 400u == 0u;
    for (uint32_t y = 1970; y < year; y++) {
        days += (y % 4u == 0u && y % 100u != 0u) || y % 400u == 0u ? 366u : 365u;
    }
    for (uint32_t m = 1; m < month; m++) {
        days += m == 2u && leap ? 29u : lengths[m - 1u];
    }
    return days * 86400u + two_digits(p + 9) * 3600u + two_digits(p + 11) * 60u +
           two_digits(p + 13);
}

/* "-" is nothing. */
static wmbt_view text_of(wmbt_view cell)
{
    return wmbt_test_view_is(cell, "-") ? wmbt_view_of(NULL, 0) : cell;
}

/* name=value&name=value, names and values in hex; sets *count to the number of pairs. */
static void pairs_of(wmbt_test *t, wmbt_view cell, wmbt_sigv4_pair *pairs, size_t *count)
{
    wmbt_view rest = cell;
    if (wmbt_test_view_is(cell, "-")) {
        return;
    }
    while (rest.data != NULL) {
        wmbt_view part = wmbt_cell_part(&rest, '&');
        wmbt_view name = wmbt_cell_part(&part, '=');
        T_CHECK(t, *count < MAX_PAIRS && part.data != NULL);
        pairs[*count].name = wmbt_cell_bytes(t, name);
        pairs[*count].value = part.len == 0u ? part : wmbt_cell_bytes(t, part);
        ++*count;
    }
}

typedef struct row {
    wmbt_sigv4_pair headers[MAX_PAIRS], query[MAX_PAIRS];
    wmbt_sigv4_request request;
    wmbt_sigv4_credentials who;
    wmbt_sigv4_scope scope;
    wmbt_buf out;
} row;

typedef wmbt_status text_function(const wmbt_sigv4_request *request,
                                  const wmbt_sigv4_credentials *who, const wmbt_sigv4_scope *scope,
                                  uint32_t expires, wmbt_buf out, size_t *written);

/* One of the texts is as it should be, and needs exactly its length. */
static void check_text(wmbt_test *t, const row *r, text_function *write, uint32_t expires,
                       wmbt_view want)
{
    size_t written = 0, cut = 99;
    wmbt_test_fill(r->out.data, want.len + 1u);
    T_EQ(t,
         write(&r->request, &r->who, &r->scope, expires, wmbt_buf_of(r->out.data, want.len),
               &written),
         WMBT_OK);
    T_EQ(t, written, want.len);
    T_BYTES(t, r->out.data, want.data, want.len);
    T_EQ(t, r->out.data[want.len], WMBT_TEST_PATTERN);
    T_EQ(t,
         write(&r->request, &r->who, &r->scope, expires, wmbt_buf_of(r->out.data, want.len - 1u),
               &cut),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, cut, 99);
    for (size_t i = 0; i + 1u < want.len; i++) {
        T_EQ(t, r->out.data[i], 0);
    }
}

static wmbt_status write_authorization(const wmbt_sigv4_request *request,
                                       const wmbt_sigv4_credentials *who,
                                       const wmbt_sigv4_scope *scope, uint32_t expires,
                                       wmbt_buf out, size_t *written)
{
    (void)expires;
    return wmbt_sigv4_authorization(request, who, scope, NULL, out, written);
}

static wmbt_status write_presigned(const wmbt_sigv4_request *request,
                                   const wmbt_sigv4_credentials *who, const wmbt_sigv4_scope *scope,
                                   uint32_t expires, wmbt_buf out, size_t *written)
{
    return wmbt_sigv4_presign(request, who, scope, expires, NULL, out, written);
}

static void check_signature(wmbt_test *t, const row *r, wmbt_view key_hex, wmbt_view want)
{
    uint8_t key[WMBT_SIGV4_KEY_BYTES], hex[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_view want_key = wmbt_cell_bytes(t, key_hex);
    T_EQ(t, want.len, sizeof hex);
    T_EQ(t, wmbt_sigv4_key(&r->who, &r->scope, key), WMBT_OK);
    T_BYTES(t, key, want_key.data, sizeof key);
    T_EQ(t, wmbt_sigv4_sign(&r->request, &r->who, &r->scope, NULL, hex), WMBT_OK);
    T_BYTES(t, hex, want.data, sizeof hex);
    wmbt_test_fill(hex, sizeof hex);
    T_EQ(t, wmbt_sigv4_sign(&r->request, &r->who, &r->scope, key, hex), WMBT_OK);
    T_BYTES(t, hex, want.data, sizeof hex);
}

/* Columns of sigv4.tsv. */
enum {
    NR,
    KIND,
    METHOD,
    SCHEME,
    HOST,
    STYLE,
    BUCKET,
    KEY_HEX,
    QUERY,
    RANGE,
    HEADERS,
    PAYLOAD,
    ACCESS_KEY,
    SECRET,
    TOKEN,
    REGION,
    SERVICE,
    TIME,
    EXPIRES,
    TARGET,
    SIGNED_HEADERS,
    CANONICAL,
    STRING_TO_SIGN,
    SIGNING_KEY,
    SIGNATURE,
    AUTHORIZATION,
    PRESIGNED_CANONICAL,
    PRESIGNED_STRING_TO_SIGN,
    PRESIGNED_SIGNATURE,
    PRESIGNED_QUERY,
    NOTE,
    COLUMNS
};

static void read_row(wmbt_test *t, const wmbt_view *cells, row *r)
{
    static const char start[] = "bytes=";
    wmbt_view target = cells[TARGET];
    r->request.header_count = 1;
    r->headers[0].name = wmbt_test_text("Host");
    r->headers[0].value = cells[HOST];
    if (!wmbt_test_view_is(cells[RANGE], "-")) {
        uint8_t *range = wmbt_test_alloc(t, 6u + cells[RANGE].len);
        T_CHECK(t, range != NULL);
        wmbt_test_copy(range, (const uint8_t *)start, 6);
        wmbt_test_copy(range + 6, cells[RANGE].data, cells[RANGE].len);
        r->headers[1].name = wmbt_test_text("Range");
        r->headers[1].value = wmbt_view_of(range, 6u + cells[RANGE].len);
        r->request.header_count = 2;
    }
    T_CALL(t, pairs_of(t, cells[HEADERS], r->headers, &r->request.header_count));
    r->request.query_count = 0;
    T_CALL(t, pairs_of(t, cells[QUERY], r->query, &r->request.query_count));
    r->request.method = cells[METHOD];
    r->request.path = wmbt_cell_part(&target, '?');
    r->request.payload = cells[PAYLOAD];
    r->request.query = r->query;
    r->request.headers = r->headers;
    r->who.access_key = cells[ACCESS_KEY];
    r->who.secret = cells[SECRET];
    r->who.token = text_of(cells[TOKEN]);
    r->scope.time = seconds_of(cells[TIME]);
    r->scope.region = cells[REGION];
    r->scope.service = cells[SERVICE];
}

/* The same target presigned, with host as the only field. */
static void check_presigned(wmbt_test *t, const wmbt_view *cells, row *r)
{
    uint32_t expires = (uint32_t)wmbt_cell_u64(t, cells[EXPIRES]);
    r->request.header_count = 1;
    T_CALL(t, check_text(t, r, wmbt_sigv4_canonical, expires,
                         wmbt_cell_bytes(t, cells[PRESIGNED_CANONICAL])));
    T_CALL(t, check_text(t, r, wmbt_sigv4_string_to_sign, expires,
                         wmbt_cell_bytes(t, cells[PRESIGNED_STRING_TO_SIGN])));
    T_CALL(t, check_text(t, r, write_presigned, expires, cells[PRESIGNED_QUERY]));
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t presigned = 0;
    T_CHECK(t, wmbt_test_data(t, ROWS, &text));
    wmbt_table_open(&table, text, true);
    T_EQ(t, table.columns, COLUMNS);
    while (wmbt_table_next(t, &table, cells)) {
        row r;
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[NR]);
        r.out = wmbt_buf_of(wmbt_test_alloc(t, OUT_BYTES), OUT_BYTES);
        T_CHECK(t, r.out.data != NULL);
        T_CALL(t, read_row(t, cells, &r));
        T_CALL(t, check_signature(t, &r, cells[SIGNING_KEY], cells[SIGNATURE]));
        T_CALL(t, check_text(t, &r, wmbt_sigv4_canonical, 0, wmbt_cell_bytes(t, cells[CANONICAL])));
        T_CALL(t, check_text(t, &r, wmbt_sigv4_string_to_sign, 0,
                             wmbt_cell_bytes(t, cells[STRING_TO_SIGN])));
        T_CALL(t, check_text(t, &r, wmbt_sigv4_signed_headers, 0, cells[SIGNED_HEADERS]));
        T_CALL(t, check_text(t, &r, write_authorization, 0, cells[AUTHORIZATION]));
        if (!wmbt_test_view_is(cells[PRESIGNED_QUERY], "-")) {
            T_CALL(t, check_presigned(t, cells, &r));
            presigned++;
        }
    }
    T_EQ(t, table.row, 300);
    T_EQ(t, presigned, 285);
}

/* Examples that AWS publishes. Their headers hold what the library adds for S3, so it is told of
 * another service and given the path that the double encoding leaves as it is. */
static void test_documented(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, DOCUMENTED, &text));
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        row r;
        size_t kept = 0;
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        r.out = wmbt_buf_of(wmbt_test_alloc(t, OUT_BYTES), OUT_BYTES);
        r.request.header_count = r.request.query_count = 0;
        T_CALL(t, pairs_of(t, cells[3], r.query, &r.request.query_count));
        T_CALL(t, pairs_of(t, cells[4], r.headers, &r.request.header_count));
        for (size_t i = 0; i < r.request.header_count; i++) {
            if (!wmbt_test_view_is(r.headers[i].name, "x-amz-date") &&
                !wmbt_test_view_is(r.headers[i].name, "x-amz-content-sha256")) {
                r.headers[kept].name = r.headers[i].name;
                r.headers[kept++].value = r.headers[i].value;
            }
        }
        r.request.method = cells[1];
        r.request.path = cells[2];
        r.request.payload = cells[5];
        r.request.query = r.query;
        r.request.headers = r.headers;
        r.request.header_count = kept;
        r.who.access_key = cells[6];
        r.who.secret = cells[7];
        r.who.token = wmbt_view_of(NULL, 0);
        r.scope.time = seconds_of(cells[8]);
        r.scope.region = cells[9];
        r.scope.service = cells[10];
        if (wmbt_test_view_is(cells[5], WMBT_SIGV4_UNSIGNED)) { /* presigned for a day */
            r.request.query_count = 0;
            T_CALL(t,
                   check_text(t, &r, wmbt_sigv4_canonical, 86400, wmbt_cell_bytes(t, cells[12])));
            T_CALL(t, check_text(t, &r, wmbt_sigv4_string_to_sign, 86400,
                                 wmbt_cell_bytes(t, cells[13])));
            continue;
        }
        T_CALL(t, check_signature(t, &r, cells[14], cells[15]));
        T_CALL(t, check_text(t, &r, wmbt_sigv4_canonical, 0, wmbt_cell_bytes(t, cells[12])));
        T_CALL(t, check_text(t, &r, wmbt_sigv4_string_to_sign, 0, wmbt_cell_bytes(t, cells[13])));
    }
    T_EQ(t, table.row, 7);
}

/* --- by hand ---------------------------------------------------------------------------------- */

static void simple_row(row *r)
{
    r->headers[0].name = wmbt_test_text("host");
    r->headers[0].value = wmbt_test_text("store.test");
    r->request.method = wmbt_test_text("GET");
    r->request.path = wmbt_test_text("/b/k");
    r->request.payload = wmbt_test_text(WMBT_SIGV4_EMPTY);
    r->request.query = r->query;
    r->request.query_count = 0;
    r->request.headers = r->headers;
    r->request.header_count = 1;
    r->who.access_key = wmbt_test_text("AKID");
    r->who.secret = wmbt_test_text("SECRETsecretSECRETsecretSECRETsecret1234");
    r->who.token = wmbt_view_of(NULL, 0);
    r->scope.time = 1369353600u;
    r->scope.region = wmbt_test_text("us-east-1");
    r->scope.service = wmbt_test_text("s3");
}

static bool ends_with(wmbt_view v, const char *text)
{
    wmbt_view end = wmbt_test_text(text);
    return v.len >= end.len && wmbt_test_same(v.data + v.len - end.len, end.data, end.len);
}

/* The lines of a request: what is added, in order, then Authorization. */
static void test_lines(wmbt_test *t)
{
    row r;
    uint8_t out[1024], authorization[512];
    size_t written = 99, value = 0;
    static const char start[] =
        "x-amz-content-sha256: " WMBT_SIGV4_EMPTY "\r\nx-amz-date: 20130524T000000Z\r\n"
        "x-amz-security-token: tok/en=\r\nAuthorization: ";
    simple_row(&r);
    r.who.token = wmbt_test_text("tok/en=");
    T_EQ(t,
         wmbt_sigv4_lines(&r.request, &r.who, &r.scope, NULL, wmbt_buf_of(out, sizeof out),
                          &written),
         WMBT_OK);
    T_EQ(t,
         wmbt_sigv4_authorization(&r.request, &r.who, &r.scope, NULL,
                                  wmbt_buf_of(authorization, sizeof authorization), &value),
         WMBT_OK);
    T_EQ(t, written, sizeof start - 1u + value + 2u);
    T_BYTES(t, out, (const uint8_t *)start, sizeof start - 1u);
    T_BYTES(t, out + sizeof start - 1u, authorization, value);
    T_CHECK(t, ends_with(wmbt_view_of(out, written), "\r\n"));
    /* anonymous: nothing to say, and nothing to sign */
    r.who.access_key = wmbt_view_of(NULL, 0);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t,
         wmbt_sigv4_lines(&r.request, &r.who, &r.scope, NULL, wmbt_buf_of(out, sizeof out),
                          &written),
         WMBT_OK);
    T_EQ(t, written, 0);
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, out), WMBT_MISSING);
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, out), WMBT_MISSING);
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
}

/* A key that is given is used, whatever the secret is; only S3 is S3. */
static void test_given(wmbt_test *t)
{
    uint8_t key[WMBT_SIGV4_KEY_BYTES], one[WMBT_SIGV4_SIGNATURE_BYTES], canonical[512];
    uint8_t other[WMBT_SIGV4_SIGNATURE_BYTES];
    size_t with = 0, without = 0;
    row r;
    simple_row(&r);
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, key), WMBT_OK);
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, one), WMBT_OK);
    r.who.secret = wmbt_test_text("another");
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, key, other), WMBT_OK);
    T_BYTES(t, one, other, sizeof one);
    T_EQ(t,
         wmbt_sigv4_canonical(&r.request, &r.who, &r.scope, 0, wmbt_buf_of(canonical, 512), &with),
         WMBT_OK);
    r.scope.service = wmbt_view_of("s3", 1);
    T_EQ(t,
         wmbt_sigv4_canonical(&r.request, &r.who, &r.scope, 0, wmbt_buf_of(canonical, 512),
                              &without),
         WMBT_OK);
    T_CHECK(t, without < with); /* x-amz-content-sha256 is S3's */
}

/* Names and values of which one begins the other, whatever stands behind them in memory. */
static void test_order(wmbt_test *t)
{
    static const char *const texts[] = {"ab~", "a~~", "aB~", "ac~", "a%~", "a_~"};
    static const uint8_t lens[] = {2, 1, 2, 2, 2, 2};
    uint8_t canonical[512], again[512];
    row r;
    for (uint32_t headers = 0; headers < 2u; headers++) {
        for (uint32_t turn = 0; turn < 6u; turn++) {
            size_t written = 0, rewritten = 0;
            simple_row(&r);
            for (uint32_t i = 0; i < 6u; i++) {
                wmbt_sigv4_pair *pair = headers != 0u ? &r.headers[1u + i] : &r.query[i];
                uint32_t k = (i + turn) % 6u;
                pair->name = wmbt_view_of(texts[k], lens[k]);
                pair->value = wmbt_test_text("v");
                if (headers == 0u && k == 1u) { /* the same name: values decide */
                    pair->name = wmbt_view_of("ab~", 2);
                    pair->value = wmbt_view_of("v~", 1);
                } else if (headers == 0u && k == 0u) {
                    pair->value = wmbt_view_of("va", 2);
                }
            }
            r.request.query_count = headers != 0u ? 0u : 6u;
            r.request.header_count = headers != 0u ? 7u : 1u;
            T_EQ(t,
                 wmbt_sigv4_canonical(&r.request, &r.who, &r.scope, 0,
                                      wmbt_buf_of(turn == 0u ? canonical : again, 512),
                                      turn == 0u ? &written : &rewritten),
                 WMBT_OK);
            if (turn == 0u) {
                static const char *const first[] = {
                    "GET\n/b/k\na%25=v&aB=v&a_=v&ab=v&ab=va&ac=v\n",
                    "GET\n/b/k\n\na:v\na%:v\na_:v\nab:v,v\nac:v\nhost:store.test\n"};
                wmbt_view begin = wmbt_test_text(first[headers]);
                T_CHECK(t, written > begin.len);
                T_BYTES(t, canonical, begin.data, begin.len);
            } else {
                T_BYTES(t, canonical, again, rewritten);
            }
        }
    }
}

/* Days of the calendar that are written wrongly most often, and both ends. */
static void test_times(wmbt_test *t)
{
    static const struct {
        uint64_t seconds;
        const char *text, *http;
    } times[] = {
        {0, "19700101T000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {86399, "19700101T235959Z", "Thu, 01 Jan 1970 23:59:59 GMT"},
        {68169600, "19720229T000000Z", "Tue, 29 Feb 1972 00:00:00 GMT"},
        {784111777, "19941106T084937Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {946684800, "20000101T000000Z", "Sat, 01 Jan 2000 00:00:00 GMT"},
        {3600, "19700101T010000Z", "Thu, 01 Jan 1970 01:00:00 GMT"},
        {951782400, "20000229T000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
        {978307199, "20001231T235959Z", "Sun, 31 Dec 2000 23:59:59 GMT"},
        {4107542400u, "21000301T000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"},
        {4294967295u, "21060207T062815Z", "Sun, 07 Feb 2106 06:28:15 GMT"},
        {4294967296u, "21060207T062816Z", "Sun, 07 Feb 2106 06:28:16 GMT"},
        {253402300799u, "99991231T235959Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    static const char *const not_times[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun? 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 xxx 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 31 Apr 1994 08:49:37 GMT",
        "Sun, 0: Nov 1994 08:49:37 GMT",
        "Sun, 0x Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 0x:49:37 GMT",
        "Sun, 06 Nov 1994 x8:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun, 29 Feb 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 6  Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:3x GMT",
    };
    uint8_t out[WMBT_SIGV4_TIME_BYTES];
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        uint64_t seconds = 99;
        T_EQ(t, wmbt_sigv4_time(times[i].seconds, out), WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, sizeof out), times[i].text));
        T_EQ(t, seconds_of(wmbt_view_of(out, sizeof out)), times[i].seconds);
        T_CHECK(t, wmbt_date_read_http(wmbt_test_text(times[i].http), &seconds));
        T_EQ(t, seconds, times[i].seconds);
    }
    for (size_t i = 0; i < sizeof not_times / sizeof not_times[0]; i++) {
        uint64_t seconds = 99;
        T_CHECK(t, !wmbt_date_read_http(wmbt_test_text(not_times[i]), &seconds));
        T_EQ(t, seconds, 99);
    }
    uint64_t leap = 99;
    T_CHECK(t, wmbt_date_read_http(wmbt_test_text("Sun, 06 Nov 1994 08:49:60 GMT"), &leap));
    T_EQ(t, leap, 784111800u);
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_sigv4_time(253402300800u, out), WMBT_NOT_REPRESENTABLE);
    T_EQ(t, wmbt_sigv4_time(UINT64_MAX, out), WMBT_NOT_REPRESENTABLE);
    T_CHECK(t, wmbt_test_is_filled(out, sizeof out));
}

/* Every day of 230 years, in order. */
static void test_every_day(wmbt_test *t)
{
    uint8_t out[WMBT_SIGV4_TIME_BYTES];
    for (uint64_t day = 0; day < T_MANY(84000u, 2000u); day++) {
        uint64_t seconds = day * 86400u + day % 86400u;
        T_EQ(t, wmbt_sigv4_time(seconds, out), WMBT_OK);
        T_EQ(t, seconds_of(wmbt_view_of(out, sizeof out)), seconds);
    }
}

#define REFUSES(t, r, status)                                                              \
    do {                                                                                   \
        T_EQ(t, wmbt_sigv4_sign(&(r).request, &(r).who, &(r).scope, NULL, hex), (status)); \
        T_CHECK(t, wmbt_test_is_filled(hex, sizeof hex));                                  \
        simple_row(&(r));                                                                  \
    } while (0)

static void test_arguments(wmbt_test *t)
{
    row r;
    uint8_t hex[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_view null = wmbt_view_of(NULL, 3), none = wmbt_view_of(NULL, 0);
    static wmbt_sigv4_pair most[WMBT_SIGV4_MAX_PAIRS];
    size_t written = 99;
    wmbt_test_fill(hex, sizeof hex);
    simple_row(&r);
    r.request.method = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.path = wmbt_test_text("b/k");
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.path = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.payload = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.query_count = WMBT_SIGV4_MAX_PAIRS + 1u;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    for (uint32_t i = 0; i < WMBT_SIGV4_MAX_PAIRS; i++) {
        most[i].name = most[i].value = wmbt_test_text("n");
    }
    r.request.query = most;
    r.request.query_count = WMBT_SIGV4_MAX_PAIRS;
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, hex), WMBT_OK);
    wmbt_test_fill(hex, sizeof hex);
    simple_row(&r);
    r.headers[1].name = wmbt_test_text("x");
    r.headers[1].value = wmbt_test_text("a\x1F");
    r.request.header_count = 2;
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.request.query = NULL;
    r.request.query_count = 1;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.header_count = SIZE_MAX;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.headers[0].name = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.headers[0].value = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.headers[0].value = wmbt_test_text("store.test\r\nx: y");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.request.path = wmbt_test_text("/b\nk");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.who.access_key = wmbt_test_text("AK\r\nID");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.who.token = wmbt_test_text("\n");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.who.secret = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.region = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.service = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.time = UINT64_MAX;
    REFUSES(t, r, WMBT_NOT_REPRESENTABLE);
    T_EQ(t,
         wmbt_sigv4_presign(&r.request, &r.who, &r.scope, 0, NULL, wmbt_buf_of(hex, 64), &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t,
         wmbt_sigv4_presign(&r.request, &r.who, &r.scope, WMBT_SIGV4_MAX_EXPIRES + 1u, NULL,
                            wmbt_buf_of(hex, 64), &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_sigv4_lines(&r.request, &r.who, &r.scope, NULL, wmbt_buf_of(NULL, 64), &written),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, written == 99 && wmbt_test_is_filled(hex, sizeof hex));
}

/* NULL with a length, and a control byte, where test_arguments() has neither. */
static void test_more_arguments(wmbt_test *t)
{
    row r;
    uint8_t hex[WMBT_SIGV4_SIGNATURE_BYTES];
    wmbt_view null = wmbt_view_of(NULL, 3), none = wmbt_view_of(NULL, 0);
    wmbt_test_fill(hex, sizeof hex);
    simple_row(&r);
    r.request.method = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.method = wmbt_test_text("GE\x7FT");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.request.path = none;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.payload = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.request.payload = wmbt_test_text("e3b0\r\nc442");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.headers[0].name = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.headers[0].name = wmbt_test_text("ho\nst");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.who.access_key = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.who.token = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.region = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.region = wmbt_test_text("us\n");
    REFUSES(t, r, WMBT_BAD_TEXT);
    r.scope.service = null;
    REFUSES(t, r, WMBT_BAD_ARGUMENT);
    r.scope.service = wmbt_test_text("s3\x01");
    REFUSES(t, r, WMBT_BAD_TEXT);
}

/* Each function that writes refuses what begin() refuses, and no memory; a service of one letter is
 * not S3, and S3 Express has its own name for the token. */
static void test_each_function(wmbt_test *t)
{
    static text_function *const functions[] = {wmbt_sigv4_canonical, wmbt_sigv4_string_to_sign,
                                               wmbt_sigv4_signed_headers, write_authorization};
    static const char token[] = "X-Amz-S3session-Token=";
    row r;
    uint8_t out[1024], key[WMBT_SIGV4_KEY_BYTES];
    size_t written = 99, at = 0;
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_test_fill(out, sizeof out);
    wmbt_test_fill(key, sizeof key);
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        simple_row(&r);
        T_EQ(t, functions[i](&r.request, &r.who, &r.scope, 0, wmbt_buf_of(NULL, 9), &written),
             WMBT_BAD_ARGUMENT);
        r.request.path = wmbt_test_text("k");
        T_EQ(t, functions[i](&r.request, &r.who, &r.scope, 0, room, &written), WMBT_BAD_ARGUMENT);
    }
    T_CHECK(t, written == 99u && wmbt_test_is_filled(out, sizeof out));
    simple_row(&r);
    r.scope.time = UINT64_MAX;
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, key), WMBT_NOT_REPRESENTABLE);
    T_CHECK(t, wmbt_test_is_filled(key, sizeof key));
#if SIZE_MAX > UINT32_MAX /* a secret that SHA-256 cannot take; not a byte of it is read */
    simple_row(&r);
    r.who.secret = wmbt_view_of("s", (size_t)1 << 61);
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, key), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, out), WMBT_TOO_LARGE);
    wmbt_test_fill(&written, sizeof written);
    T_EQ(t, wmbt_sigv4_lines(&r.request, &r.who, &r.scope, NULL, room, &written), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_test_is_filled(key, sizeof key) && wmbt_test_is_filled(out, sizeof out) &&
                   wmbt_test_is_filled(&written, sizeof written));
#endif
    simple_row(&r);
    r.scope.service = wmbt_test_text("s");
    T_EQ(t, wmbt_sigv4_lines(&r.request, &r.who, &r.scope, NULL, room, &written), WMBT_OK);
    T_BYTES(t, out, (const uint8_t *)"x-amz-date: ", 12); /* and no hash of the payload */
    r.scope.service = wmbt_test_text("s3express");
    r.who.token = wmbt_test_text("tok");
    T_EQ(t, wmbt_sigv4_presign(&r.request, &r.who, &r.scope, 60, NULL, room, &written), WMBT_OK);
    while (at + sizeof token - 1u <= written &&
           !wmbt_test_same(out + at, (const uint8_t *)token, sizeof token - 1u)) {
        at++;
    }
    T_CHECK(t, at + sizeof token - 1u <= written);
}

static void test_nothing_stays(wmbt_test *t)
{
#ifdef LOOK_BELOW
    wmbt_hmac mac;
    wmbt_status status;
    paint_below();
    T_CHECK(t, !below_is_wiped(192));
    paint_below();
    status = wmbt_hmac_init(&mac, wmbt_view_of("0123456789abcdef0123456789abcdef", 32));
    T_CHECK(t, below_is_wiped(192)); /* the hash's schedule can be run backwards */
    T_EQ(t, status, WMBT_OK);
    row r;
    uint8_t hex[WMBT_SIGV4_SIGNATURE_BYTES], key[WMBT_SIGV4_KEY_BYTES], pad[16];
    simple_row(&r);
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, key), WMBT_OK);
    T_CHECK(t, !below_holds(key));
    leave_behind(key); /* the look sees what is there */
    T_CHECK(t, below_holds(key));
    paint_below(); /* what was left behind on purpose; frames have gaps that no call writes */
    wmbt_test_copy(pad, r.who.secret.data, 16);
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, hex), WMBT_OK);
    T_CHECK(t, !below_holds(pad) && !below_holds(key));
    for (unsigned mask = 0x36; mask <= 0x5Cu; mask += 0x26u) {
        T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, hex), WMBT_OK);
        for (size_t i = 0; i < 16u; i++) {
            pad[i] = (uint8_t)(r.who.secret.data[i] ^ mask);
        }
        T_CHECK(t, !below_holds(pad));
        T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, NULL, hex), WMBT_OK);
        for (size_t i = 0; i < 16u; i++) {
            pad[i] = (uint8_t)(key[i] ^ mask);
        }
        T_CHECK(t, !below_holds(pad));
    }
    /* the state behind the key's outer pad is as good as the key */
    T_EQ(t, wmbt_hmac_init(&mac, wmbt_view_of(key, sizeof key)), WMBT_OK);
    paint_below();
    T_EQ(t, wmbt_sigv4_sign(&r.request, &r.who, &r.scope, key, hex), WMBT_OK);
    T_CHECK(t, !below_holds((const uint8_t *)mac.outer));
    paint_below();
    T_EQ(t, wmbt_sigv4_key(&r.who, &r.scope, key), WMBT_OK);
    T_CHECK(t, !below_holds((const uint8_t *)mac.outer));
#else
    (void)t;
#endif
}

static const wmbt_case cases[] = {
    {"golden: every row, header form and presigned", test_golden, 64 * 1024, ROWS},
    {"published examples", test_documented, 32 * 1024, DOCUMENTED},
    {"lines of a request; anonymous", test_lines, 0, NULL},
    {"order of fields and of a query", test_order, 0, NULL},
    {"a key that is given; a service", test_given, 0, NULL},
    {"times", test_times, 0, NULL},
    {"every day", test_every_day, 0, NULL},
    {"arguments", test_arguments, 0, NULL},
    {"more arguments", test_more_arguments, 0, NULL},
    {"what each function refuses", test_each_function, 0, NULL},
    {"no key stays on the stack", test_nothing_stays, 0, NULL},
};
WMBT_SUITE(sigv4, cases);
