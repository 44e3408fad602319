/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP: every recorded response of five servers in every split; framing by hand; limits; requests.
 * What is refused of hostile responses is in s3.c, where the request's context is. */
#include "../support/splits.h"

#include "wombatkv/http.h"
#include "wombatkv/sha256.h"

#define FOLDER "golden/s3/exchanges/"
#define TABLE FOLDER "exchanges.tsv"
#define LINE_BYTES 256u

WMBT_STATIC_ASSERT(sizeof(wmbt_http) <= 104, "a connection's state is bounded");

typedef struct result {
    wmbt_status status;
    uint32_t code, framing, fields;
    uint64_t body_bytes;
    uint8_t sha256[32];
    size_t used;
    bool reusable;
} result;

static wmbt_http http;
static uint8_t line[LINE_BYTES];

static void read_response(wmbt_test *t, wmbt_view bytes, bool is_head, uint32_t way, result *r)
{
    wmbt_http_limits limits;
    wmbt_sha256 hash;
    uint32_t state = way, headers = 0;
    uint64_t body = 0;
    size_t at = 0;
    wmbt_http_limits_init(&limits);
    wmbt_sha256_init(&hash);
    T_EQ(t, wmbt_http_init(&http, is_head, &limits, wmbt_buf_of(line, sizeof line)), WMBT_OK);
    r->fields = 0;
    r->status = WMBT_NEED_MORE;
    while (at < bytes.len && !wmbt_status_is_error(r->status) && r->status != WMBT_END) {
        size_t n = wmbt_split_next(way, &state, bytes.len - at);
        wmbt_view piece = wmbt_view_of(bytes.data + at, n);
        do {
            wmbt_http_event event;
            size_t taken = 0;
            r->status = wmbt_http_feed(&http, piece, &taken, &event);
            T_CHECK(t, taken <= piece.len);
            /* of the final response only, and one of the three */
            T_CHECK(t, r->status != WMBT_OK || wmbt_http_code(&http) != 0u);
            if (r->status == WMBT_OK && event.kind == WMBT_HTTP_BODY) {
                /* a view into what was fed, up to where it was taken */
                T_CHECK(t, headers == 1u && event.name.data == NULL && event.name.len == 0u);
                T_CHECK(t, event.value.len != 0u && event.value.data >= piece.data &&
                               event.value.data + event.value.len == piece.data + taken);
                T_EQ(t, wmbt_sha256_update(&hash, event.value), WMBT_OK);
                body += event.value.len;
            } else if (r->status == WMBT_OK && event.kind == WMBT_HTTP_FIELD) {
                T_CHECK(t, event.name.len != 0u && headers == 0u);
                r->fields++;
            } else if (r->status == WMBT_OK) {
                T_CHECK(t, event.kind == WMBT_HTTP_HEADER && headers++ == 0u);
                T_CHECK(t, event.name.data == NULL && event.name.len == 0u);
                T_CHECK(t, event.value.data == NULL && event.value.len == 0u);
            }
            piece = wmbt_view_of(piece.data + taken, piece.len - taken);
        } while (r->status == WMBT_OK);
        T_CHECK(t, r->status != WMBT_NEED_MORE || piece.len == 0u);
        at += n - piece.len;
    }
    r->used = at;
    if (r->status == WMBT_NEED_MORE) {
        r->status = wmbt_http_finish(&http);
    }
    wmbt_sha256_final(&hash, r->sha256);
    r->body_bytes = wmbt_http_body_bytes(&http);
    T_EQ(t, r->body_bytes, body);
    r->code = wmbt_http_code(&http);
    r->framing = wmbt_http_framing(&http);
    r->reusable = wmbt_http_reusable(&http);
}

/* --- exchanges -------------------------------------------------------------------------------- */

static uint32_t framing_of(wmbt_test *t, wmbt_view cell)
{
    static const char *const names[] = {"none", "length", "chunked", "close"};
    for (uint32_t i = 0; i < 4u; i++) {
        if (wmbt_test_view_is(cell, names[i])) {
            return i;
        }
    }
    wmbt_test_fail(t, __FILE__, __LINE__, "the framing is known");
    return 0;
}

typedef struct columns {
    uint32_t resp, method, status, framing, body_len, body_sha256, connection, meaning;
} columns;

/* Responses that are no object although they are whole: several parts, an encoding. */
static void check_row(wmbt_test *t, const wmbt_view *cells, const columns *c, const result *r)
{
    bool refused = wmbt_test_view_is(cells[c->meaning], "unusable") &&
                   !wmbt_test_view_is(cells[0], "144_s3rver_range_suffix");
    if (refused) {
        T_CHECK(t, r->status == WMBT_UNSUPPORTED_ALGORITHM || r->status == WMBT_BAD_FIELD);
        T_CHECK(t, !r->reusable);
        return;
    }
    wmbt_view sha256 = wmbt_cell_bytes(t, cells[c->body_sha256]);
    T_EQ(t, r->status, WMBT_END);
    T_EQ(t, r->code, wmbt_cell_u64(t, cells[c->status]));
    T_EQ(t, r->framing, framing_of(t, cells[c->framing]));
    T_EQ(t, r->body_bytes, wmbt_cell_u64(t, cells[c->body_len]));
    T_BYTES(t, r->sha256, sha256.data, 32);
    if (wmbt_test_view_is(cells[c->connection], "keep")) {
        T_CHECK(t, r->reusable);
    }
}

static bool file_of(wmbt_test *t, wmbt_view name, wmbt_view *bytes)
{
    static const char folder[] = FOLDER, end[] = ".resp.bin";
    char path[128];
    size_t n = sizeof folder - 1u;
    if (name.len + sizeof end + n > sizeof path) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the name is short");
        return false;
    }
    wmbt_test_copy((uint8_t *)path, (const uint8_t *)folder, n);
    wmbt_test_copy((uint8_t *)path + n, name.data, name.len);
    wmbt_test_copy((uint8_t *)path + n + name.len, (const uint8_t *)end, sizeof end);
    return wmbt_test_data(t, path, bytes);
}

static void test_exchanges(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS], bytes = {NULL, 0};
    wmbt_table table;
    columns c;
    T_CHECK(t, wmbt_test_data(t, TABLE, &text));
    wmbt_table_open(&table, text, true);
    c.resp = wmbt_table_column(t, &table, "resp");
    c.method = wmbt_table_column(t, &table, "method");
    c.status = wmbt_table_column(t, &table, "status");
    c.framing = wmbt_table_column(t, &table, "framing");
    c.body_len = wmbt_table_column(t, &table, "body_len");
    c.body_sha256 = wmbt_table_column(t, &table, "body_sha256");
    c.connection = wmbt_table_column(t, &table, "connection");
    c.meaning = wmbt_table_column(t, &table, "meaning");
    while (wmbt_table_next(t, &table, cells)) {
        result r;
        wmbt_test_where(t, cells[0]);
        if (wmbt_cell_u64(t, cells[c.resp]) == 1u) {
            T_CHECK(t, file_of(t, cells[0], &bytes));
        } /* else: what follows the response before it */
        bool is_head = wmbt_test_view_is(cells[c.method], "HEAD");
        for (uint32_t way = 0; way < (bytes.len < 4096u ? T_MANY(200u, 4u) : 10u); way++) {
            wmbt_test_reset(t);
            T_CALL(t, read_response(t, bytes, is_head, way, &r));
            T_CALL(t, check_row(t, cells, &c, &r));
        }
        bytes = wmbt_view_of(bytes.data + r.used, bytes.len - r.used);
    }
    T_EQ(t, table.row, 169);
}

/* --- by hand ---------------------------------------------------------------------------------- */

typedef struct sample {
    const char *bytes;
    wmbt_status status; /* with the connection closed behind the bytes */
    uint32_t body_bytes;
    bool reusable;
} sample;

#define HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const sample samples[] = {
    {"", WMBT_TRUNCATED, 0, false},
    {HEAD "Content-Length: 2\r\n\r\nhi", WMBT_END, 2, true},
    {HEAD "Content-Length:\t 2 \t\r\n\r\nhi", WMBT_END, 2, true},
    {HEAD "Content-Length: 2\r\nConnection: Keep-Alive, CLOSE\r\n\r\nhi", WMBT_END, 2, false},
    {HEAD "Content-Length: 2\r\nConnection: closed\r\n\r\nhi", WMBT_END, 2, true},
    {HEAD "Content-Length: 18446744073709551615\r\n\r\nhi", WMBT_TRUNCATED, 2, false},
    {HEAD "Content-Length: 18446744073709551616\r\n\r\nhi", WMBT_BAD_NUMBER, 0, false},
    {HEAD "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", WMBT_BAD_LENGTH, 0, false},
    {HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", WMBT_BAD_LENGTH, 0, false},
    {HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     WMBT_UNSUPPORTED_ALGORITHM, 0, false},
    {HEAD "Transfer-Encoding:\r\n\r\n", WMBT_UNSUPPORTED_ALGORITHM, 0, false},
    {HEAD "Transfer-Encoding: identity\r\n\r\n", WMBT_UNSUPPORTED_ALGORITHM, 0, false},
    {CHUNKED "2\r\nhi\r\n0\r\n\r\n", WMBT_END, 2, true},
    {CHUNKED "02;a=\"b;c\"\r\nhi\r\n1 ;x\r\n!\r\n000\r\nA: b\r\n\r\n", WMBT_END, 3, true},
    {CHUNKED "2\r\nhi\r\n0\r\nA b\r\n\r\n", WMBT_BAD_SYNTAX, 2, false},
    {CHUNKED "2\r\nhi\r\n0\r\n", WMBT_TRUNCATED, 2, false},
    {CHUNKED "2\r\nhi!\r\n", WMBT_BAD_LENGTH, 2, false},
    {CHUNKED "2\nhi\r\n", WMBT_BAD_NUMBER, 0, false},
    {CHUNKED "2\r\nhi\n", WMBT_BAD_LENGTH, 2, false},
    {CHUNKED "\r\nhi", WMBT_BAD_NUMBER, 0, false},
    {CHUNKED ";\r\nhi", WMBT_BAD_NUMBER, 0, false},
    {CHUNKED "0000000000000002\r\nhi\r\n0\r\n\r\n", WMBT_END, 2, true},
    {CHUNKED "00000000000000002\r\nhi\r\n0\r\n\r\n", WMBT_BAD_NUMBER, 0, false},
    {CHUNKED "fffffffffffffffE\r\nhi", WMBT_TRUNCATED, 2, false},
    {CHUNKED "2 x\r\nhi\r\n0\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {CHUNKED "2 \t \t;x\r\nhi\r\n0\r\n\r\n", WMBT_END, 2, true},
    {CHUNKED "2;\x01\r\nhi\r\n0\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "Content-Length: 2\r\nConnection: x,\tclose\r\n\r\nhi", WMBT_END, 2, false},
    {HEAD "Content-Length: 2\r\nConnection: close\t ,x\r\n\r\nhi", WMBT_END, 2, false},
    {HEAD "Content-Length: 2\r\nConnection: x, \t,close\r\n\r\nhi", WMBT_END, 2, false},
    {HEAD "Content-Length: 2\r\nConnection: x, \t \r\n\r\nhi", WMBT_END, 2, true},
    {HEAD "\r\nuntil the end", WMBT_END, 13, false},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP/", WMBT_END, 0, true},
    {"HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", WMBT_END, 0, true},
    {"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n" HEAD "Content-Length: 1\r\n\r\n!",
     WMBT_END, 1, true},
    {"HTTP/1.1 101 Switching\r\n\r\n", WMBT_BAD_FIELD, 0, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!", WMBT_END, 1, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n!", WMBT_END, 1, true},
    {"HTTP/1.9 200 OK\r\nContent-Length: 1\r\n\r\n!", WMBT_END, 1, true},
    {"HTTP/2.0 200 OK\r\n\r\n", WMBT_UNSUPPORTED_VERSION, 0, false},
    {"HTTP/1.10 200 OK\r\n\r\n", WMBT_BAD_MAGIC, 0, false},
    {"http/1.1 200 OK\r\n\r\n", WMBT_BAD_MAGIC, 0, false},
    {"HTTP/1.1  200 OK\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {"HTTP/1.1 20 OK\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {"HTTP/1.1 2000 OK\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {"HTTP/1.1 200 O\rK\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {"HTTP/1.1 200 OK\n\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD " a: b\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a: b\r\n c\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a : b\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD ": b\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a: \x01\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a: \x7F\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a: b\rc\r\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "a: b\n\r\n", WMBT_BAD_SYNTAX, 0, false},
    {HEAD "Content-Encoding: IDENTITY\r\nContent-Length: 1\r\n\r\n!", WMBT_END, 1, true},
    {HEAD "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\n!", WMBT_UNSUPPORTED_ALGORITHM, 0,
     false},
    {"HTTP/1.1 503 x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n!", WMBT_END, 1, true},
    {"HTTP/1.1 206 x\r\nContent-Type: Multipart/ByteRanges; boundary=01234567890123456789012345"
     "\r\nContent-Length: 1\r\n\r\n!",
     WMBT_BAD_FIELD, 0, false},
    {"HTTP/1.1 206 x\r\nContent-Type: multipart/byteranges\r\nContent-Length: 1\r\n\r\n!",
     WMBT_BAD_FIELD, 0, false},
    {"HTTP/1.1 206 x\r\nContent-Type: multipart/byterange\r\nContent-Length: 1\r\n\r\n!", WMBT_END,
     1, true},
    {"HTTP/1.1 299 x\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n!",
     WMBT_UNSUPPORTED_ALGORITHM, 0, false},
    /* what one field says stays behind another */
    {"HTTP/1.1 503 x\r\nContent-Length: 1\r\nContent-Encoding: gzip\r\n\r\n!?", WMBT_END, 1, true},
    {HEAD "Content-Length: 1\r\nContent-Type: multipart/byteranges\r\n\r\n!?", WMBT_END, 1, true},
    {HEAD "Content-Length: 1\r\nConnection: close\r\n\r\n!?", WMBT_END, 1, false},
    {HEAD "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n", WMBT_END, 1,
     false},
    {"HTTP/1.1 199 x\r\nContent-Length: 9\r\n\r\n" HEAD "Content-Length: 1\r\n\r\n!", WMBT_END, 1,
     true},
    {"HTTP/1.1 102 x\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n" HEAD
     "Content-Length: 1\r\n\r\n!",
     WMBT_END, 1, true},
    /* lists */
    {HEAD "Connection: ,close\r\nContent-Length: 0\r\n\r\n", WMBT_END, 0, false},
    {HEAD "Connection: x, \t ,\tclose \r\nContent-Length: 0\r\n\r\n", WMBT_END, 0, false},
    {HEAD "Connection: closed, xclose, clo\r\nContent-Length: 0\r\n\r\n", WMBT_END, 0, true},
    {HEAD "Connection: , ,\r\nContent-Length: 0\r\n\r\n", WMBT_END, 0, true},
    /* names as long as those that matter, or with the same first byte */
    {HEAD "Xontent-Length: 5\r\nContent-Length: 1\r\n\r\n!?", WMBT_END, 1, true},
    {HEAD "Cookie-ABCDEFG: 5\r\nContent-Length: 1\r\n\r\n!?", WMBT_END, 1, true},
    {HEAD "Content-Lengtx: 5\r\nContent-Length: 1\r\n\r\n!?", WMBT_END, 1, true},
    {HEAD "Transfer-Encoding: xhunked\r\n\r\n", WMBT_UNSUPPORTED_ALGORITHM, 0, false},
    {"HTTP1", WMBT_BAD_MAGIC, 0, false},
    {"HTTP/x", WMBT_BAD_MAGIC, 0, false},
    {"HTTP/3", WMBT_UNSUPPORTED_VERSION, 0, false},
    /* sixteen digits of a size, in each chunk */
    {CHUNKED "0000000000000001\r\n!\r\n0000000000000001\r\n!\r\n0000000000000000\r\n\r\n", WMBT_END,
     2, true},
    {CHUNKED "1\r\n!\r\n00000000000000001\r\n!\r\n", WMBT_BAD_NUMBER, 1, false},
};

static void test_samples(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        wmbt_view bytes = wmbt_test_text(samples[i].bytes);
        wmbt_test_where(t, bytes);
        for (uint32_t way = 0; way < 20u; way++) {
            result r;
            T_CALL(t, read_response(t, bytes, false, way, &r));
            T_EQ(t, r.status, samples[i].status);
            T_EQ(t, r.body_bytes, samples[i].body_bytes);
            T_EQ(t, r.reusable, samples[i].reusable);
        }
    }
}

/* Feeds the bytes `count` times between a start and an end: the status at the end. */
static wmbt_status repeat(const char *start, const char *part, uint32_t count, const char *end)
{
    wmbt_http_limits limits;
    wmbt_http_event event;
    wmbt_status status = WMBT_NEED_MORE;
    wmbt_http_limits_init(&limits);
    if (wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, sizeof line)) != WMBT_OK) {
        return WMBT_BAD_ARGUMENT;
    }
    for (uint32_t i = 0; i < count + 2u && !wmbt_status_is_error(status); i++) {
        wmbt_view v = wmbt_test_text(i == 0u ? start : i <= count ? part : end);
        do {
            size_t taken = 0;
            event.kind = 0;
            status = wmbt_http_feed(&http, v, &taken, &event);
            if (status == WMBT_OK && event.kind == 0u) {
                return WMBT_BAD_STATE; /* an event that is none */
            }
            v = wmbt_view_of(v.data + taken, v.len - taken);
        } while (status == WMBT_OK);
    }
    return status;
}

/* One byte or one response below each limit, and at it. */
static void test_limits(wmbt_test *t)
{
    const char *end = "\r\nContent-Length: 0\r\n\r\n"; /* 23 bytes behind the first line end */
    T_EQ(t, repeat(HEAD "a: ", "x", 16384u - 20u - 23u, end), WMBT_END);
    T_EQ(t, repeat(HEAD "a: ", "x", 16384u - 20u - 22u, end), WMBT_TOO_LARGE);
    T_EQ(t, repeat(HEAD, "a: b\r\n", 2000u, end + 2), WMBT_END);
    T_EQ(t, repeat(HEAD, "a: b\r\n", 3000u, end + 2), WMBT_TOO_LARGE);
    T_EQ(t, repeat("", "HTTP/1.1 102 x\r\n\r\n", 8, HEAD "Content-Length: 0\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat("", "HTTP/1.1 102 x\r\n\r\n", 9, HEAD "Content-Length: 0\r\n\r\n"),
         WMBT_TOO_LARGE);
    /* of each header section by itself */
    T_EQ(t,
         repeat("HTTP/1.1 102 x\r\na: xxxxxxxx\r\n\r\n" HEAD "a: ", "x", 16384u - 20u - 23u, end),
         WMBT_END);
    T_EQ(t, repeat(CHUNKED "1;", "e", 256u - 4u, "\r\n!\r\n0\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat(CHUNKED "1;", "e", 256u - 3u, "\r\n!\r\n0\r\n\r\n"), WMBT_TOO_LARGE);
    /* of each chunk's line by itself */
    T_EQ(t, repeat(CHUNKED "1\r\n!\r\n1;", "e", 256u - 4u, "\r\n!\r\n0\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat(CHUNKED "1\r\n!\r\n1;", "e", 256u - 3u, "\r\n!\r\n0\r\n\r\n"), WMBT_TOO_LARGE);
    T_EQ(t, repeat(CHUNKED, "1\r\n!\r\n", 300, "0\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat(CHUNKED "0\r\na:", "x", 4096u - 6u, "\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat(CHUNKED "0\r\na:", "x", 4096u - 5u, "\r\n\r\n"), WMBT_TOO_LARGE);
    /* a field that framing needs must fit, others need not */
    T_EQ(t, repeat(HEAD "Content-Length: ", "0", 300, "5\r\n\r\nhello"), WMBT_TOO_LARGE);
    T_EQ(t, repeat(HEAD "Content-Length: ", "0", 200, "5\r\n\r\nhello"), WMBT_END);
    T_EQ(t, repeat(HEAD "Transfer-Encoding: ", "x", 300, end), WMBT_UNSUPPORTED_ALGORITHM);
    T_EQ(t, repeat(HEAD "Connection: ", "x,", 300, end), WMBT_TOO_LARGE);
    T_EQ(t, repeat(HEAD, "x", 300, ": y\r\nContent-Length: 0\r\n\r\n"), WMBT_END);
    T_EQ(t, repeat(HEAD "Content-Encoding: ", "x", 300, end), WMBT_UNSUPPORTED_ALGORITHM);
    /* blanks at a value's end need no room, others do */
    T_EQ(t, repeat(HEAD "Connection: close", " \t", 300, end), WMBT_END);
    T_CHECK(t, !wmbt_http_reusable(&http));
    T_EQ(t, repeat(HEAD "Connection: close", " ", 300, ",x\r\n\r\n"), WMBT_TOO_LARGE);
}

/* Fields come as they were sent, names in lower case, one that does not fit does not come. */
static void test_fields(wmbt_test *t)
{
    static const char bytes[] = HEAD "ETag:  \"a b\"\t \r\nX:\r\nLong: 01234567890123456789012345"
                                     "1234567890123456789012345678901234567890123456789\r\n"
                                     "Content-Length: 0\r\n\r\n";
    static const char *const names[] = {"etag", "x", "content-length"};
    static const char *const values[] = {"\"a b\"", "", "0"};
    wmbt_http_limits limits;
    wmbt_http_event event;
    wmbt_view rest = wmbt_view_of(bytes, sizeof bytes - 1u);
    size_t taken = 0;
    wmbt_http_limits_init(&limits);
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, WMBT_HTTP_MIN_LINE_BYTES)),
         WMBT_OK);
    T_CHECK(t, !wmbt_http_begun(&http) && wmbt_http_code(&http) == 0u);
    for (size_t i = 0; i < 3u; i++) {
        T_EQ(t, wmbt_http_feed(&http, rest, &taken, &event), WMBT_OK);
        T_EQ(t, event.kind, WMBT_HTTP_FIELD);
        T_EQ(t, wmbt_http_code(&http), 200);
        T_CHECK(t, wmbt_test_view_is(event.name, names[i]));
        T_CHECK(t, wmbt_test_view_is(event.value, values[i]));
        rest = wmbt_view_of(rest.data + taken, rest.len - taken);
    }
    T_EQ(t, wmbt_http_feed(&http, rest, &taken, &event), WMBT_OK);
    T_EQ(t, event.kind, WMBT_HTTP_HEADER);
    uint64_t length = 99;
    T_CHECK(t, wmbt_http_length(&http, &length) && length == 0u);
    T_EQ(t, wmbt_http_feed(&http, wmbt_view_of("more", 4), &taken, &event), WMBT_END);
    T_EQ(t, taken, 0);
}

/* A response whose one field has this name and value. */
static wmbt_status status_of_field(uint8_t of_name, uint8_t of_value)
{
    static const char start[] = HEAD "a?: b?c\r\nContent-Length: 0\r\n\r\n";
    wmbt_http_limits limits;
    wmbt_http_event event;
    uint8_t bytes[sizeof start - 1u];
    wmbt_view rest = wmbt_view_of(bytes, sizeof bytes);
    wmbt_status status = WMBT_OK;
    wmbt_http_limits_init(&limits);
    if (wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, sizeof line)) != WMBT_OK) {
        return WMBT_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)start[i];
    }
    bytes[18] = of_name;
    bytes[22] = of_value;
    while (status == WMBT_OK) {
        size_t taken = 0;
        status = wmbt_http_feed(&http, rest, &taken, &event);
        rest = wmbt_view_of(rest.data + taken, rest.len - taken);
    }
    return status;
}

/* RFC 9110, 5.6.2 and 5.5: every byte in a name and in a value, and in what a request may have. */
static void test_bytes(wmbt_test *t)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (uint32_t c = 0; c < 256u; c++) {
        bool token = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool text = c == 9u || (c >= 32u && c != 127u);
        uint8_t byte = (uint8_t)c, out[64];
        wmbt_http_field field;
        size_t written;
        for (size_t i = 0; i < sizeof marks - 1u; i++) {
            token = token || c == (uint8_t)marks[i];
        }
        /* a colon ends the name */
        T_EQ(t, status_of_field(byte, 'x') == WMBT_END, token || c == ':');
        T_EQ(t, status_of_field('x', byte), text ? WMBT_END : WMBT_BAD_SYNTAX);
        field.name = wmbt_view_of("n", 1);
        field.value = wmbt_view_of(&byte, 1);
        T_EQ(t,
             wmbt_http_request(wmbt_view_of("M", 1), wmbt_view_of("/", 1), &field, 1,
                               wmbt_view_of(NULL, 0), wmbt_buf_of(out, sizeof out), &written),
             text ? WMBT_OK : WMBT_BAD_TEXT);
        T_EQ(t,
             wmbt_http_request(wmbt_view_of("M", 1), wmbt_view_of(&byte, 1), NULL, 0,
                               wmbt_view_of(NULL, 0), wmbt_buf_of(out, sizeof out), &written),
             c > 32u && c != 127u ? WMBT_OK : WMBT_BAD_TEXT);
    }
}

static void test_requests(wmbt_test *t)
{
    static const char want[] = "GET /a%20b HTTP/1.1\r\nHost: h:1\r\nX-Y: \r\nA: b\r\n\r\n";
    wmbt_http_field fields[2];
    uint8_t out[128];
    size_t written = 0;
    wmbt_view get = wmbt_test_text("GET"), target = wmbt_test_text("/a%20b");
    wmbt_view lines = wmbt_test_text("A: b\r\n");
    fields[0].name = wmbt_test_text("Host");
    fields[0].value = wmbt_test_text("h:1");
    fields[1].name = wmbt_test_text("X-Y");
    fields[1].value = wmbt_view_of(NULL, 0);
    size_t n = sizeof want - 1u;
    T_EQ(t, wmbt_http_request(get, target, fields, 2, lines, wmbt_buf_of(out, n), &written),
         WMBT_OK);
    T_EQ(t, written, n);
    T_BYTES(t, out, (const uint8_t *)want, n);
    T_EQ(t, wmbt_http_request(get, target, fields, 2, lines, wmbt_buf_of(out, n - 1u), &written),
         WMBT_BUFFER_TOO_SMALL);
    for (size_t i = 0; i < n - 1u; i++) {
        T_EQ(t, out[i], 0);
    }
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    T_EQ(t, wmbt_http_request(get, wmbt_test_text("/a b"), fields, 2, lines, room, &written),
         WMBT_BAD_TEXT);
    T_EQ(t, wmbt_http_request(wmbt_test_text("G\r"), target, fields, 2, lines, room, &written),
         WMBT_BAD_TEXT);
    T_EQ(t, wmbt_http_request(get, wmbt_view_of(NULL, 0), fields, 2, lines, room, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_request(get, target, NULL, 2, lines, room, &written), WMBT_BAD_ARGUMENT);
    fields[1].value = wmbt_test_text("b\r\nc: d");
    T_EQ(t, wmbt_http_request(get, target, fields, 2, lines, room, &written), WMBT_BAD_TEXT);
    T_EQ(t, written, n);
}

/* NULL with a length, and what a line cannot hold, at each place of a request. */
static void test_bad_requests(wmbt_test *t)
{
    const wmbt_view get = wmbt_test_text("GET"), target = wmbt_test_text("/");
    const wmbt_view bad = wmbt_view_of(NULL, 1), empty = wmbt_view_of(NULL, 0);
    wmbt_http_field field;
    uint8_t out[64];
    size_t written = 99;
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    wmbt_test_fill(out, sizeof out);
    field.name = wmbt_test_text("a");
    field.value = wmbt_test_text("b");
    T_EQ(t, wmbt_http_request(bad, target, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_request(empty, target, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_request(get, bad, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_request(get, target, &field, 1, bad, room, &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, wmbt_buf_of(NULL, 9), &written),
         WMBT_BAD_ARGUMENT);
    field.name = bad;
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    field.name = empty;
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    field.name = wmbt_test_text("a b");
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_BAD_TEXT);
    field.name = wmbt_test_text("a");
    field.value = bad;
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_BAD_ARGUMENT);
    field.value = wmbt_test_text("b\x7F");
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_BAD_TEXT);
    T_CHECK(t, written == 99u && wmbt_test_is_filled(out, sizeof out));
    field.value = wmbt_test_text("b \tc");
    T_EQ(t, wmbt_http_request(get, target, &field, 1, empty, room, &written), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), "GET / HTTP/1.1\r\na: b \tc\r\n\r\n"));
    T_EQ(t, wmbt_http_request(get, target, NULL, 0, empty, room, &written), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), "GET / HTTP/1.1\r\n\r\n"));
}

/* Feeds all of the text. */
static void feed(wmbt_test *t, const char *text, wmbt_status last)
{
    wmbt_view rest = wmbt_test_text(text);
    wmbt_http_event event;
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK) {
        size_t taken = 0;
        status = wmbt_http_feed(&http, rest, &taken, &event);
        rest = wmbt_view_of(rest.data + taken, rest.len - taken);
    }
    T_EQ(t, status, last);
}

/* What can be seen before, between and behind the parts of a response. */
static void test_states(wmbt_test *t)
{
    wmbt_http_limits limits;
    uint64_t length = 99;
    wmbt_http_limits_init(&limits);
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, SIZE_MAX)), WMBT_OK);
    T_CHECK(t, !wmbt_http_begun(&http) && !wmbt_http_length(&http, &length));
    T_CALL(t, feed(t, "H", WMBT_NEED_MORE));
    T_CHECK(t, wmbt_http_begun(&http));
    T_CALL(t, feed(t, "TTP/1.1 100 x\r\n\r\n", WMBT_NEED_MORE));
    T_CHECK(t, wmbt_http_begun(&http) && wmbt_http_code(&http) == 0u);
    T_CALL(t, feed(t, "HTTP/1.1 199 x\r\n", WMBT_NEED_MORE));
    T_EQ(t, wmbt_http_code(&http), 0);
    T_CALL(t, feed(t, "Content-Length: 9\r\n\r\nHTTP/1.1 20", WMBT_NEED_MORE));
    T_CHECK(t, wmbt_http_code(&http) == 0u && !wmbt_http_length(&http, &length));
    T_CALL(t, feed(t, "0 OK\r\nContent-Length: 2\r\n", WMBT_NEED_MORE));
    T_CHECK(t, wmbt_http_code(&http) == 200u && !wmbt_http_length(&http, &length));
    T_CALL(t, feed(t, "\r\n", WMBT_NEED_MORE));
    T_CALL(t, feed(t, "hi", WMBT_END));
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, SIZE_MAX)), WMBT_OK);
    T_CALL(t, feed(t, HEAD "Content-Length: 2\r\n\r\n", WMBT_NEED_MORE));
    T_CHECK(t, wmbt_http_begun(&http));
    T_CHECK(t, wmbt_http_length(&http, &length) && length == 2u);
    T_CALL(t, feed(t, "hi", WMBT_END));
    T_CHECK(t, wmbt_http_reusable(&http));
    T_EQ(t, wmbt_http_finish(&http), WMBT_END);
    T_CHECK(t, !wmbt_http_reusable(&http)); /* it was closed */

    /* closed where that is the end: nothing comes behind it */
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, sizeof line)), WMBT_OK);
    T_CALL(t, feed(t, HEAD "\r\nab", WMBT_NEED_MORE));
    T_EQ(t, wmbt_http_finish(&http), WMBT_END);
    T_CALL(t, feed(t, "cd", WMBT_END));
    T_EQ(t, wmbt_http_body_bytes(&http), 2);

    length = 99;
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, sizeof line)), WMBT_OK);
    T_CALL(t, feed(t, CHUNKED "1\r\n!\r\n0\r\na: b\r\n", WMBT_NEED_MORE));
    T_CHECK(t, !wmbt_http_length(&http, &length) && length == 99u);
    T_EQ(t, wmbt_http_code(&http), 200);
    T_CALL(t, feed(t, "\r\n", WMBT_END));
}

static void test_arguments(wmbt_test *t)
{
    wmbt_http_limits limits;
    wmbt_http_event event;
    size_t taken = 99;
    wmbt_http_limits_init(&limits);
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(NULL, 99)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, 63)), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_http_init(&http, false, &limits, wmbt_buf_of(line, 64)), WMBT_OK);
    wmbt_test_fill(&event, sizeof event);
    T_EQ(t, wmbt_http_feed(&http, wmbt_view_of(NULL, 1), &taken, &event), WMBT_BAD_ARGUMENT);
    T_CHECK(t, taken == 99u && !wmbt_http_begun(&http));
    T_EQ(t, wmbt_http_feed(&http, wmbt_view_of("X", 1), &taken, &event), WMBT_BAD_MAGIC);
    T_EQ(t, wmbt_http_feed(&http, wmbt_view_of("H", 1), &taken, &event), WMBT_BAD_MAGIC);
    T_EQ(t, wmbt_http_finish(&http), WMBT_BAD_MAGIC);
    T_CHECK(t, taken == 99u && wmbt_test_is_filled(&event, sizeof event));
    T_CHECK(t, !wmbt_http_reusable(&http));
}

static const wmbt_case cases[] = {
    {"golden: every recorded response, in many splits", test_exchanges, 4096, FOLDER},
    {"framing, by hand", test_samples, 0, NULL},
    {"limits, at and beyond", test_limits, 0, NULL},
    {"fields", test_fields, 0, NULL},
    {"every byte in a field and in a request", test_bytes, 0, NULL},
    {"requests", test_requests, 0, NULL},
    {"requests that no line can hold", test_bad_requests, 0, NULL},
    {"what can be seen in between", test_states, 0, NULL},
    {"arguments, refusals for good", test_arguments, 0, NULL},
};
WMBT_SUITE(http, cases);
