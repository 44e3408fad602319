/* SPDX-License-Identifier: Apache-2.0 */
/* S3: what recorded answers of five servers and hostile ones mean, in every split; listings;
 * requests. */
#include "../support/splits.h"

#include "wombatkv/s3.h"
#include "wombatkv/sha256.h"
#include "wire/s3/xml.h"

#define EXCHANGES "golden/s3/exchanges/"
#define HOSTILE "golden/s3/hostile/"

typedef struct context {
    wmbt_s3_expected expected;
    bool is_list;
    wmbt_view token;
} context;

#define MAX_KEYS 64u
#define KEYS_BYTES 8192u

typedef struct result {
    wmbt_status status;
    uint32_t meaning;
    uint64_t bytes; /* of the HTTP body */
    uint64_t given; /* of the object */
    uint8_t sha256[32];
    uint64_t first; /* offset of the first piece */
    size_t used;
    uint32_t keys;
    uint8_t list[KEYS_BYTES]; /* key NUL size(8) ... */
    size_t list_len;
} result;

static wmbt_s3_answer answer;
static wmbt_s3_page page;
static uint8_t line[256], key_room[3u * WMBT_S3_MAX_KEY_BYTES], token_room[1200];

/* --- reading ---------------------------------------------------------------------------------- */

static void keep_entry(wmbt_test *t, result *r, const wmbt_s3_entry *entry)
{
    T_CHECK(t, entry->key.len + 9u <= sizeof r->list - r->list_len);
    wmbt_test_copy(r->list + r->list_len, entry->key.data, entry->key.len);
    r->list_len += entry->key.len;
    r->list[r->list_len++] = 0;
    for (unsigned i = 0; i < 8u; i++) {
        r->list[r->list_len++] = (uint8_t)(entry->bytes >> 8u * i);
    }
    r->keys++;
}

static wmbt_status read_list(wmbt_test *t, wmbt_view piece, result *r)
{
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK && !t->failed) {
        wmbt_s3_entry entry;
        size_t taken = 0;
        status = wmbt_s3_page_feed(&page, piece, &taken, &entry);
        if (status == WMBT_OK) {
            keep_entry(t, r, &entry);
        }
        piece = wmbt_view_of(piece.data + taken, piece.len - taken);
    }
    return status;
}

/* Hands a piece on; the error of a listing ends the reading. */
static void take_piece(wmbt_test *t, const context *c, wmbt_view piece, uint64_t offset,
                       wmbt_sha256 *hash, result *r)
{
    if (r->given == 0u) {
        r->first = offset;
    }
    T_EQ(t, offset, r->first + r->given); /* nothing left out, nothing twice */
    T_EQ(t, wmbt_sha256_update(hash, piece), WMBT_OK);
    r->given += piece.len;
    if (c->is_list) {
        wmbt_status listed = read_list(t, piece, r);
        if (wmbt_status_is_error(listed)) {
            r->status = listed;
        }
    }
}

static void read_answer(wmbt_test *t, wmbt_view bytes, const context *c, bool closed, uint32_t way,
                        result *r)
{
    wmbt_http_limits limits;
    wmbt_sha256 hash;
    uint32_t state = way;
    wmbt_http_limits_init(&limits);
    wmbt_sha256_init(&hash);
    r->status = WMBT_NEED_MORE;
    r->given = r->first = 0;
    r->keys = 0;
    r->used = r->list_len = 0;
    T_EQ(t, wmbt_s3_answer_init(&answer, &c->expected, &limits, wmbt_buf_of(line, sizeof line)),
         WMBT_OK);
    T_EQ(t,
         wmbt_s3_page_init(&page, c->token, wmbt_buf_of(key_room, sizeof key_room),
                           wmbt_buf_of(token_room, sizeof token_room)),
         WMBT_OK);
    while (r->used < bytes.len && r->status == WMBT_NEED_MORE) {
        size_t n = wmbt_split_next(way, &state, bytes.len - r->used);
        wmbt_view rest = wmbt_view_of(bytes.data + r->used, n);
        do {
            wmbt_view piece;
            uint64_t offset = 99;
            size_t taken = 0;
            r->status = wmbt_s3_answer_feed(&answer, rest, &taken, &piece, &offset);
            if (r->status == WMBT_OK) {
                T_CALL(t, take_piece(t, c, piece, offset, &hash, r));
            }
            rest = wmbt_view_of(rest.data + taken, rest.len - taken);
        } while (r->status == WMBT_OK);
        r->used += n - rest.len;
    }
    if (r->status == WMBT_NEED_MORE && closed) {
        r->status = wmbt_s3_answer_finish(&answer);
    }
    r->meaning = wmbt_s3_answer_meaning(&answer);
    r->bytes = wmbt_http_body_bytes(wmbt_s3_answer_http(&answer));
    wmbt_sha256_final(&hash, r->sha256);
    if (c->is_list && r->status == WMBT_END && r->meaning == WMBT_S3_OBJECT) {
        wmbt_status finished = wmbt_s3_page_finish(&page);
        r->status = finished == WMBT_OK ? WMBT_END : finished;
    }
}

/* --- tables ----------------------------------------------------------------------------------- */

static bool file_of(wmbt_test *t, const char *folder, wmbt_view name, wmbt_view *bytes)
{
    static const char end[] = ".resp.bin";
    char path[128];
    wmbt_view start = wmbt_test_text(folder);
    if (start.len + name.len + sizeof end > sizeof path) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the name is short");
        return false;
    }
    wmbt_test_copy((uint8_t *)path, start.data, start.len);
    wmbt_test_copy((uint8_t *)path + start.len, name.data, name.len);
    wmbt_test_copy((uint8_t *)path + start.len + name.len, (const uint8_t *)end, sizeof end);
    return wmbt_test_data(t, path, bytes);
}

static wmbt_view text_of(wmbt_view cell)
{
    return wmbt_test_view_is(cell, "-") ? wmbt_view_of(NULL, 0) : cell;
}

/* "a-b". Other forms are not asked for by this library: false. */
static bool range_of(wmbt_test *t, wmbt_view cell, wmbt_s3_expected *expected)
{
    wmbt_view rest = cell;
    if (wmbt_test_view_is(cell, "-")) {
        return true;
    }
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.data[i] == (uint8_t)',') {
            return false;
        }
    }
    wmbt_view first = wmbt_cell_part(&rest, '-');
    if (first.len == 0u || rest.len == 0u) {
        return false;
    }
    expected->first = wmbt_cell_u64(t, first);
    expected->last = wmbt_cell_u64(t, rest);
    expected->has_range = true;
    return expected->first <= expected->last;
}

static void context_init(context *c)
{
    wmbt_test_fill(c, sizeof *c);
    c->expected.if_match = wmbt_view_of(NULL, 0);
    c->expected.has_range = c->expected.has_size = c->expected.is_head = false;
    c->expected.denied_is_missing = false;
    c->is_list = false;
    c->token = wmbt_view_of(NULL, 0);
}

static bool means(uint32_t meaning, wmbt_view cell)
{
    static const struct {
        const char *word;
        uint32_t one, other;
    } words[] = {
        {"object", WMBT_S3_OBJECT, WMBT_S3_PART},
        {"object-from-0", WMBT_S3_WHOLE_INSTEAD, WMBT_S3_WHOLE_INSTEAD},
        {"list", WMBT_S3_OBJECT, WMBT_S3_OBJECT},
        {"absent", WMBT_S3_MISSING, WMBT_S3_MISSING},
        {"beyond-end", WMBT_S3_BAD_RANGE, WMBT_S3_BAD_RANGE},
        {"changed", WMBT_S3_CHANGED, WMBT_S3_CHANGED},
        {"not-modified", WMBT_S3_NOT_MODIFIED, WMBT_S3_NOT_MODIFIED},
        {"denied", WMBT_S3_DENIED, WMBT_S3_DENIED},
        {"clock", WMBT_S3_CLOCK, WMBT_S3_CLOCK},
        {"config", WMBT_S3_FAILED, WMBT_S3_REGION},
        {"redirect", WMBT_S3_REDIRECT, WMBT_S3_REDIRECT},
        {"retry", WMBT_S3_BUSY, WMBT_S3_BUSY},
        {"other", WMBT_S3_FAILED, WMBT_S3_FAILED},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (wmbt_test_view_is(cell, words[i].word)) {
            return meaning == words[i].one || meaning == words[i].other;
        }
    }
    return false;
}

/* Pieces came if and only if they are to be taken, and they are the golden body. */
static void check_body(wmbt_test *t, const result *r, wmbt_view body_len, wmbt_view sha256_hex)
{
    wmbt_view sha256 = wmbt_cell_bytes(t, sha256_hex);
    bool given = r->meaning >= WMBT_S3_OBJECT && r->meaning <= WMBT_S3_WHOLE_INSTEAD;
    T_EQ(t, r->bytes, wmbt_cell_u64(t, body_len));
    T_EQ(t, r->given, given ? r->bytes : 0u);
    if (given) {
        T_BYTES(t, r->sha256, sha256.data, 32);
    }
}

static void check_size(wmbt_test *t, wmbt_view cell)
{
    uint64_t size = 0;
    if (!wmbt_test_view_is(cell, "-")) {
        T_CHECK(t, wmbt_s3_answer_size(&answer, &size));
        T_EQ(t, size, wmbt_cell_u64(t, cell));
    }
}

/* --- exchanges -------------------------------------------------------------------------------- */

typedef struct columns {
    uint32_t resp, method, asked, status, body_len, body_sha256, content_range, total, etag,
        meaning;
} columns;

static void check_exchange(wmbt_test *t, const wmbt_view *cells, const columns *c,
                           const context *asked, const result *r)
{
    if (wmbt_test_view_is(cells[c->meaning], "unusable")) {
        T_CHECK(t, wmbt_status_is_error(r->status));
        return;
    }
    T_EQ(t, r->status, WMBT_END);
    T_CHECK(t, means(r->meaning, cells[c->meaning]));
    T_CALL(t, check_body(t, r, cells[c->body_len], cells[c->body_sha256]));
    T_CALL(t, check_size(t, cells[c->total]));
    T_EQ(t, r->given != 0u ? r->first : 0u,
         r->meaning == WMBT_S3_PART ? asked->expected.first : 0u);
    if (!wmbt_test_view_is(cells[c->etag], "-")) {
        wmbt_view etag = wmbt_s3_answer_etag(&answer);
        T_EQ(t, etag.len, cells[c->etag].len);
        T_BYTES(t, etag.data, cells[c->etag].data, etag.len);
    }
}

static void find_columns(wmbt_test *t, const wmbt_table *table, columns *c)
{
    c->resp = wmbt_table_column(t, table, "resp");
    c->method = wmbt_table_column(t, table, "method");
    c->asked = wmbt_table_column(t, table, "asked");
    c->status = wmbt_table_column(t, table, "status");
    c->body_len = wmbt_table_column(t, table, "body_len");
    c->body_sha256 = wmbt_table_column(t, table, "body_sha256");
    c->total = wmbt_table_column(t, table, "total");
    c->etag = wmbt_table_column(t, table, "etag");
    c->meaning = wmbt_table_column(t, table, "meaning");
}

static void test_exchanges(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS], bytes = {NULL, 0};
    wmbt_table table;
    columns c;
    uint32_t never_asked = 0;
    T_CHECK(t, wmbt_test_data(t, EXCHANGES "exchanges.tsv", &text));
    wmbt_table_open(&table, text, true);
    T_CALL(t, find_columns(t, &table, &c));
    while (wmbt_table_next(t, &table, cells)) {
        context asked;
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
        T_CHECK(t, r != NULL);
        context_init(&asked);
        asked.expected.is_head = wmbt_test_view_is(cells[c.method], "HEAD");
        if (wmbt_cell_u64(t, cells[c.resp]) == 1u) {
            T_CHECK(t, file_of(t, EXCHANGES, cells[0], &bytes));
        }
        if (!range_of(t, cells[c.asked], &asked.expected) ||
            wmbt_test_view_is(cells[c.method], "PUT")) {
            never_asked++; /* suffixes, open and several ranges, uploads */
            continue;
        }
        for (uint32_t way = 0; way < (bytes.len < 4096u ? T_MANY(40u, 3u) : 6u); way++) {
            T_CALL(t, read_answer(t, bytes, &asked, true, way, r));
            T_CALL(t, check_exchange(t, cells, &c, &asked, r));
        }
        bytes = wmbt_view_of(bytes.data + r->used, bytes.len - r->used);
    }
    T_EQ(t, table.row, 169);
    T_EQ(t, never_asked, 10);
}

/* --- listings --------------------------------------------------------------------------------- */

/* key:size,key:size with keys in hex; sizes are left out in the table of hostile ones. */
static void check_keys(wmbt_test *t, const result *r, wmbt_view cell, bool sizes)
{
    wmbt_view rest = cell;
    size_t at = 0;
    uint32_t count = 0;
    while (!wmbt_test_view_is(cell, "-") && rest.data != NULL) {
        wmbt_view size = wmbt_cell_part(&rest, ',');
        wmbt_view key = wmbt_cell_bytes(t, wmbt_cell_part(&size, ':'));
        T_CHECK(t, key.len + 9u <= r->list_len - at);
        T_BYTES(t, r->list + at, key.data, key.len);
        T_EQ(t, r->list[at + key.len], 0);
        uint64_t bytes = 0;
        for (unsigned i = 8; i-- > 0u;) {
            bytes = bytes << 8 | r->list[at + key.len + 1u + i];
        }
        if (sizes) {
            T_EQ(t, bytes, wmbt_cell_u64(t, size));
        }
        at += key.len + 9u;
        count++;
    }
    T_EQ(t, count, r->keys);
    T_EQ(t, at, r->list_len);
}

/* The response named its encoding behind the keys: what was handed out is decoded now. */
static void decode_late(wmbt_test *t, result *r)
{
    size_t at = 0, to = 0;
    while (wmbt_s3_page_is_late(&page) && at < r->list_len) {
        size_t n = 0, len;
        while (r->list[at + n] != 0u) {
            n++;
        }
        len = n;
        T_CHECK(t, wmbt_s3_url_decode(r->list + at, &len));
        for (size_t i = 0; i < len + 9u; i++) {
            r->list[to++] = r->list[at + (i < len ? i : i - len + n)];
        }
        at += n + 9u;
    }
    r->list_len = wmbt_s3_page_is_late(&page) ? to : r->list_len;
}

static void check_list(wmbt_test *t, const wmbt_view *cells, result *r)
{
    wmbt_view token = {NULL, 0}, want = wmbt_cell_bytes(t, cells[4]);
    if (!wmbt_test_view_is(cells[2], "yes")) {
        T_EQ(t, r->status, WMBT_BAD_TEXT); /* raw control bytes */
        return;
    }
    T_EQ(t, r->status, WMBT_END);
    T_EQ(t, r->keys, wmbt_cell_u64(t, cells[7]));
    T_CHECK(t, !wmbt_s3_page_is_late(&page) || wmbt_test_view_is(cells[5], "url"));
    T_CALL(t, decode_late(t, r));
    T_CALL(t, check_keys(t, r, cells[8], true));
    bool more = wmbt_s3_page_next(&page, &token);
    T_EQ(t, more, wmbt_test_view_is(cells[3], "true"));
    if (more) {
        T_EQ(t, token.len, want.len);
        T_BYTES(t, token.data, want.data, want.len);
    }
}

static void test_lists(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS], bytes;
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, EXCHANGES "lists.tsv", &text));
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        context asked;
        wmbt_test_where(t, cells[0]);
        T_CHECK(t, file_of(t, EXCHANGES, cells[0], &bytes));
        context_init(&asked);
        asked.is_list = true;
        for (uint32_t way = 0; way < T_MANY(20u, 3u); way++) {
            wmbt_test_reset(t);
            result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
            T_CHECK(t, r != NULL);
            T_CALL(t, read_answer(t, bytes, &asked, true, way, r));
            T_CALL(t, check_list(t, cells, r));
        }
    }
    T_EQ(t, table.row, 29);
}

/* --- hostile ---------------------------------------------------------------------------------- */

/* Columns of hostile.tsv. */
enum {
    NAME,
    OP,
    METHOD,
    ASKED,
    IF_MATCH,
    KNOWN_SIZE,
    TOKEN,
    CLOSED,
    VERDICT,
    MEANING,
    BODY_LEN,
    BODY_SHA256,
    TOTAL,
    REUSE,
    USED,
    KEYS
};

static void check_as_given(wmbt_test *t, const wmbt_view *cells, const context *asked,
                           wmbt_view bytes, result *r)
{
    T_EQ(t, r->status, WMBT_END);
    T_CHECK(t, means(r->meaning, cells[MEANING]));
    T_CALL(t, check_body(t, r, cells[BODY_LEN], cells[BODY_SHA256]));
    T_CALL(t, check_size(t, cells[TOTAL]));
    T_EQ(t, r->used,
         wmbt_test_view_is(cells[USED], "-") ? bytes.len : wmbt_cell_u64(t, cells[USED]));
    bool reusable = wmbt_http_reusable(wmbt_s3_answer_http(&answer)) && r->used == bytes.len;
    if (!wmbt_test_view_is(cells[REUSE], "-")) {
        T_EQ(t, reusable, wmbt_test_view_is(cells[REUSE], "y"));
    }
    if (!asked->is_list) {
        return;
    }
    T_CALL(t, decode_late(t, r));
    T_CALL(t, check_keys(t, r, cells[KEYS], false));
}

static void check_hostile(wmbt_test *t, const wmbt_view *cells, const context *asked,
                          wmbt_view bytes, result *r)
{
    bool closed = wmbt_test_view_is(cells[CLOSED], "y");
    bool error = wmbt_status_is_error(r->status);
    if (wmbt_test_view_is(cells[VERDICT], "refuse")) {
        T_CHECK(t, error);
    } else if (wmbt_test_view_is(cells[VERDICT], "incomplete")) {
        T_EQ(t, r->status, closed ? WMBT_TRUNCATED : WMBT_NEED_MORE);
    } else if (!error || wmbt_test_view_is(cells[VERDICT], "ok")) {
        T_CALL(t, check_as_given(t, cells, asked, bytes, r));
    } else {
        T_CHECK(t, wmbt_test_view_is(cells[VERDICT], "either") ||
                       wmbt_test_view_is(cells[VERDICT], "limit"));
    }
    if (error) {
        T_CHECK(t, !wmbt_http_reusable(wmbt_s3_answer_http(&answer)) || asked->is_list);
        T_CHECK(t, r->meaning != WMBT_S3_MISSING);
    }
}

static void test_hostile(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS], bytes;
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, HOSTILE "hostile.tsv", &text));
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        context asked;
        wmbt_status first = WMBT_OK;
        wmbt_test_where(t, cells[NAME]);
        T_CHECK(t, file_of(t, HOSTILE, cells[NAME], &bytes));
        for (uint32_t way = 0; way < (bytes.len < 2048u ? T_MANY(200u, 4u) : 5u); way++) {
            wmbt_test_reset(t);
            result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
            T_CHECK(t, r != NULL);
            context_init(&asked);
            asked.is_list = wmbt_test_view_is(cells[OP], "list");
            asked.expected.is_head = wmbt_test_view_is(cells[OP], "head");
            asked.expected.if_match = text_of(cells[IF_MATCH]);
            asked.token = wmbt_cell_bytes(t, cells[TOKEN]);
            if (!range_of(t, cells[ASKED], &asked.expected)) {
                asked.expected.has_range = true; /* a suffix; what came is no range at all */
                asked.expected.first = 0;
                asked.expected.last = 4;
            }
            if (!wmbt_test_view_is(cells[KNOWN_SIZE], "-")) {
                asked.expected.has_size = true;
                asked.expected.size = wmbt_cell_u64(t, cells[KNOWN_SIZE]);
            }
            T_CALL(t, read_answer(t, bytes, &asked, wmbt_test_view_is(cells[CLOSED], "y"), way, r));
            T_CALL(t, check_hostile(t, cells, &asked, bytes, r));
            first = way == 0u ? r->status : first;
            T_EQ(t, r->status, first);
        }
    }
    T_EQ(t, table.row, 134);
}

/* --- by hand ---------------------------------------------------------------------------------- */

#define OK206 "HTTP/1.1 206 x\r\n"
#define RANGE_OF(value) \
    OK206 "ETag: \"e\"\r\nContent-Range: " value "\r\nContent-Length: 10\r\n\r\n0123456789"
#define ERROR_OF(code) "<Error><Code>" code "</Code></Error>"
#define TEN "0123456789"

typedef struct sample {
    const char *bytes;
    wmbt_status status;
    uint32_t meaning;
} sample;

/* A GET of 10-19 of an object of 100 bytes whose first answer had the ETag "e". */
static const sample known[] = {
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_PART},
    {OK206 "ETag: \"f\"\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_CHANGED},
    {OK206 "Content-Range: bytes 10-19/100\r\nContent-Length: 10\r\n\r\n0123456789", WMBT_END,
     WMBT_S3_CHANGED},
    {OK206 "ETag: \"e\"\r\nETag: \"f\"\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10\r\n"
           "\r\n0123456789",
     WMBT_END, WMBT_S3_CHANGED},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/101\r\nContent-Length: 10\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_CHANGED},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-12/100\r\nContent-Length: 3\r\n\r\n012",
     WMBT_END, WMBT_S3_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\n\r\n0123456", WMBT_TRUNCATED,
     WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\n\r\n0123456789!", WMBT_BAD_LENGTH,
     WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\n012\r\n0\r\n\r\n",
     WMBT_BAD_LENGTH, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Range: bytes 10-19/100\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_PART},
    {"HTTP/1.1 200 x\r\nETag: \"e\"\r\nContent-Length: 10\r\n\r\n0123456789", WMBT_END,
     WMBT_S3_FAILED},
    {"HTTP/1.1 200 x\r\nETag: \"f\"\r\nContent-Length: 101\r\n\r\n", WMBT_TRUNCATED,
     WMBT_S3_CHANGED},
    {"HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n", WMBT_END, WMBT_S3_CHANGED},
    /* the unit in any case, one blank, digits only, in order */
    {RANGE_OF("ByTeS 10-19/100"), WMBT_END, WMBT_S3_PART},
    {RANGE_OF("Xytes 10-19/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytex 10-19/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes\t10-19/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 1"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes -19/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 10-19"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 10-/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 10-19/"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 10-19/100x"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 10-19/19"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes 20-19/100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {RANGE_OF("bytes */100"), WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {"HTTP/1.1 206 x\r\nETag: \"e\"\r\nContent-Length: 10\r\n\r\n0123456789", WMBT_BAD_FIELD,
     WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 9\r\n\r\n012345678",
     WMBT_BAD_LENGTH, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nETag: \"f\"\r\nContent-Range: bytes 10-19/100\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_CHANGED},
    {"HTTP/1.1 499 x\r\n\r\n", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 500 x\r\n\r\n", WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 201 x\r\n\r\n", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 416 x\r\nContent-Range: bytes */7\r\nContent-Length: 0\r\n\r\n", WMBT_END,
     WMBT_S3_BAD_RANGE},
    {"HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", WMBT_END, WMBT_S3_MISSING},
    {"HTTP/1.1 404 x\r\n\r\n" ERROR_OF("NoSuchKey"), WMBT_END, WMBT_S3_MISSING},
    {"HTTP/1.1 404 x\r\n\r\n" ERROR_OF("NoSuchKeyAtAll"), WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 404 x\r\n\r\n<Error><a><Code>NoSuchKey</Code></a></Error>", WMBT_END,
     WMBT_S3_FAILED},
    {"HTTP/1.1 404 x\r\n\r\n<Error><Code>NoSuchKey</Code><Code>x</Code></Error>", WMBT_END,
     WMBT_S3_FAILED},
    {"HTTP/1.1 404 x\r\n\r\n<Error><Code>NoSuchKey</Code></Wrong>", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 404 x\r\n\r\n<Error></Error>", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 404 x\r\n\r\n<!DOCTYPE html><html></html>", WMBT_END, WMBT_S3_MISSING},
    {"HTTP/1.1 404 x\r\n\r\n404 page not found\n", WMBT_END, WMBT_S3_MISSING},
    {"HTTP/1.1 403 x\r\n\r\n" ERROR_OF("AccessDenied"), WMBT_END, WMBT_S3_DENIED},
    {"HTTP/1.1 403 x\r\n\r\n" ERROR_OF("RequestTimeTooSkewed"), WMBT_END, WMBT_S3_CLOCK},
    {"HTTP/1.1 403 x\r\n\r\n" ERROR_OF("InvalidObjectState"), WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 401 x\r\n\r\n", WMBT_END, WMBT_S3_DENIED},
    {"HTTP/1.1 400 x\r\n\r\n" ERROR_OF("RequestTimeout"), WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 400 x\r\n\r\n" ERROR_OF("ExpiredToken"), WMBT_END, WMBT_S3_DENIED},
    {"HTTP/1.1 400 x\r\n\r\n" ERROR_OF("AuthorizationHeaderMalformed"), WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 400 "
     "x\r\n\r\n<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu</Region></Error>",
     WMBT_END, WMBT_S3_REGION},
    {"HTTP/1.1 405 x\r\nx-amz-delete-marker: true\r\n\r\n", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 409 x\r\n\r\n", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 408 x\r\n\r\n", WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 599 x\r\n\r\n", WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 600 x\r\n\r\n", WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 099 x\r\n\r\n", WMBT_END, WMBT_S3_BUSY},
    {"HTTP/1.1 202 x\r\n\r\n", WMBT_END, WMBT_S3_FAILED},
    {"HTTP/1.1 308 x\r\n\r\n", WMBT_END, WMBT_S3_REDIRECT},
    {"HTTP/1.1 302 x\r\n\r\n", WMBT_END, WMBT_S3_REDIRECT},
    {"HTTP/1.1 303 x\r\n\r\n", WMBT_END, WMBT_S3_REDIRECT},
    {"HTTP/1.1 400 x\r\n\r\n" ERROR_OF("InvalidToken"), WMBT_END, WMBT_S3_DENIED},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Range: bytes 11-19/100\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Range: bytes 10-18/100\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Range: bytes 10-19/101\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\nContent-Range: bytes\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nContent-Range: bytes\r\nContent-Range: bytes 10-19/100\r\n"
           "Content-Length: 10\r\n\r\n0123456789",
     WMBT_BAD_NUMBER, WMBT_S3_OTHER_PART},
    {OK206 "ETag: \"e\"\r\nETag: \"e\"\r\nContent-Range: bytes 10-19/100\r\n\r\n0123456789",
     WMBT_END, WMBT_S3_PART},
    /* no length said: it is told from the bytes */
    {"HTTP/1.1 200 x\r\nETag: \"e\"\r\n\r\n0123456789", WMBT_TRUNCATED, WMBT_S3_CHANGED},
    {"HTTP/1.1 200 x\r\nETag: \"e\"\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n012\r\n0\r\n\r\n",
     WMBT_END, WMBT_S3_CHANGED},
    {"HTTP/1.1 200 x\r\nETag: \"e\"\r\n\r\n" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN, WMBT_END,
     WMBT_S3_WHOLE_INSTEAD},
    {"HTTP/1.1 200 x\r\nETag: \"e\"\r\n\r\n" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "!", WMBT_END,
     WMBT_S3_CHANGED},
};

static void test_known(wmbt_test *t)
{
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        wmbt_view bytes = wmbt_test_text(known[i].bytes);
        wmbt_test_where(t, bytes);
        context_init(&asked);
        asked.expected.if_match = wmbt_test_text("\"e\"");
        asked.expected.has_range = asked.expected.has_size = true;
        asked.expected.first = 10;
        asked.expected.last = 19;
        asked.expected.size = 100;
        for (uint32_t way = 0; way < 10u; way++) {
            T_CALL(t, read_answer(t, bytes, &asked, true, way, r));
            T_EQ(t, r->status, known[i].status);
            T_EQ(t, r->meaning, known[i].meaning);
        }
    }
    /* the flag takes AccessDenied, and nothing else, for a missing key */
    asked.expected.denied_is_missing = true;
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 403 x\r\n\r\n" ERROR_OF("AccessDenied")),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_MISSING);
    T_CALL(t,
           read_answer(t, wmbt_test_text("HTTP/1.1 403 x\r\n\r\n" ERROR_OF("InvalidAccessKeyId")),
                       &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_DENIED);
    T_CHECK(t, wmbt_test_view_is(wmbt_s3_answer_code(&answer), "InvalidAccessKeyId"));
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 403 x\r\n\r\n"), &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_DENIED);
}

/* What an answer names beside its meaning. */
static void test_particulars(wmbt_test *t)
{
    context asked;
    uint64_t first = 7, last = 7, seconds = 7;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 400 x\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                         "\r\n<Error><Code>AuthorizationHeaderMalformed</Code>"
                                         "<Region>eu-west-1</Region></Error>"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_REGION);
    T_CHECK(t, wmbt_test_view_is(wmbt_s3_answer_region(&answer), "eu-west-1"));
    T_CHECK(t, wmbt_s3_answer_date(&answer, &seconds));
    T_EQ(t, seconds, 784111777u); /* RFC 9110, 5.6.7 */
    T_CHECK(t, !wmbt_s3_answer_range(&answer, &first, &last) && first == 7u && last == 7u);
    asked.expected.has_range = true;
    asked.expected.first = 2;
    asked.expected.last = 9;
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 206 x\r\nContent-Length: 3\r\n"
                                         "Content-Range: bytes 2-4/5\r\n\r\nllo"),
                          &asked, true, 0, r));
    T_CHECK(t, wmbt_s3_answer_range(&answer, &first, &last) && first == 2u && last == 4u);
    T_EQ(t, wmbt_s3_answer_region(&answer).len, 0);
    T_CHECK(t, !wmbt_s3_answer_date(&answer, &seconds));
}

/* Sizes, ranges and codes that an answer does not name, or not so that they can be relied on. */
static void test_not_named(wmbt_test *t)
{
    static const char *const refused[] = {"bytes",      "bytes *",     "bytes 1/7", "bytes */x",
                                          "bytes */7x", "octets */7",  "bytes *7/", "Bytes\t*/7",
                                          "bytes */",   "bytes 1-2/7", "bytes **7"};
    context asked;
    uint64_t size = 7, first = 7, last = 7;
    uint8_t text[128];
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        wmbt_view begin = wmbt_test_text("HTTP/1.1 416 x\r\nContent-Range: ");
        wmbt_view value = wmbt_test_text(refused[i]);
        wmbt_test_where(t, value);
        wmbt_test_copy(text, begin.data, begin.len);
        wmbt_test_copy(text + begin.len, value.data, value.len);
        wmbt_test_copy(text + begin.len + value.len, (const uint8_t *)"\r\n\r\n", 4);
        size_t n = begin.len + value.len + 4u;
        T_CALL(t, read_answer(t, wmbt_view_of(text, n), &asked, false, 0, r));
        T_CHECK(t, !wmbt_s3_answer_size(&answer, &size) && size == 7u);
    }
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 416 x\r\nContent-Range: bytes */7\r\n"
                                         "Content-Range: bytes */8\r\n\r\n"),
                          &asked, true, 0, r));
    T_CHECK(t, !wmbt_s3_answer_size(&answer, &size) && size == 7u);
    T_CALL(t, read_answer(t,
                          wmbt_test_text(OK206 "Content-Range: bytes 0-1/2\r\n"
                                               "Content-Range: bytes 0-1/3\r\n\r\nab"),
                          &asked, true, 0, r));
    T_CHECK(t, !wmbt_s3_answer_range(&answer, &first, &last) && first == 7u && last == 7u);
    /* a range that nobody asked for */
    T_CALL(t, read_answer(t, wmbt_test_text(OK206 "Content-Range: bytes 0-1/2\r\n\r\nab"), &asked,
                          true, 0, r));
    T_EQ(t, r->status, WMBT_BAD_FIELD);
    T_EQ(t, wmbt_s3_answer_finish(&answer), WMBT_BAD_FIELD);
    size_t taken = 99;
    wmbt_view piece;
    T_EQ(t, wmbt_s3_answer_feed(&answer, wmbt_test_text("ab"), &taken, &piece, &first),
         WMBT_BAD_FIELD);
    T_EQ(t, taken, 99);
    /* an error's document names the size unless the header did; half a code is none */
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 416 x\r\n\r\n<Error><ActualObjectSize>12"
                                         "</ActualObjectSize></Error>"),
                          &asked, true, 0, r));
    T_CHECK(t, wmbt_s3_answer_size(&answer, &size) && size == 12u);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 416 x\r\nContent-Range: bytes */7\r\n\r\n<Error>"
                                         "<ActualObjectSize>12</ActualObjectSize><Code>Inv"),
                          &asked, true, 0, r));
    T_CHECK(t, wmbt_s3_answer_size(&answer, &size) && size == 7u);
    T_EQ(t, wmbt_s3_answer_code(&answer).len, 0);
    size = 7;
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 416 x\r\n\r\n<Error><ActualObjectSize>"
                                         "18446744073709551616</ActualObjectSize></Error>"),
                          &asked, true, 0, r));
    T_CHECK(t, !wmbt_s3_answer_size(&answer, &size) && size == 7u);
}

/* What does not fit is no value: a code, a region, an ETag. A weak ETag is none to compare with. */
static void test_too_long(wmbt_test *t)
{
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 404 x\r\nETag: \"" TEN TEN TEN TEN TEN TEN TEN
                                         "\"\r\nx-amz-bucket-region: " TEN TEN TEN TEN "\r\n\r\n"
                                         "<Error><Region>" TEN TEN TEN TEN
                                         "</Region><Code>" TEN TEN TEN TEN TEN TEN TEN
                                         "</Code></Error>"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_FAILED);
    T_EQ(t, wmbt_s3_answer_etag(&answer).len, 0);
    T_EQ(t, wmbt_s3_answer_region(&answer).len, 0);
    T_EQ(t, wmbt_s3_answer_code(&answer).len, 0);
    asked.expected.denied_is_missing = true; /* but not by a broken document */
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 403 x\r\n\r\n<Error><Code>AccessDenied</Code>"
                                         "<Code>x</Code></Error>"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_DENIED);
    asked.expected.if_match = wmbt_test_text("W/\"e\"");
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 200 x\r\nETag: W/\"e\"\r\n"
                                         "Content-Length: 0\r\n\r\n"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_CHANGED);
    /* a size known before, nothing asked for: shorter is another object, not a part */
    asked.expected.if_match = wmbt_view_of(NULL, 0);
    asked.expected.has_size = true;
    asked.expected.size = 9;
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n!"), &asked,
                          true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_CHANGED);
    /* HEAD with a range: what it says of the length may be the whole's */
    asked.expected.size = 100;
    asked.expected.is_head = asked.expected.has_range = true;
    asked.expected.first = 10;
    asked.expected.last = 19;
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_OBJECT);
    T_CALL(t, read_answer(t,
                          wmbt_test_text(OK206 "Content-Range: bytes 10-19/100\r\n"
                                               "Content-Length: 100\r\n\r\n"),
                          &asked, true, 0, r));
    T_EQ(t, r->status, WMBT_END);
    T_EQ(t, r->meaning, WMBT_S3_PART);
}

/* What just fits is a value, and one more is none; what is said twice counts as it stands last, or
 * not at all if the two differ; nothing that was said before is lost. */
static void test_just_fits(wmbt_test *t)
{
    static const char *const ranges[] = {"Content-Range: bytes 0-0/2\r\n", ""};
    context asked;
    uint64_t size = 7, first = 7, last = 7;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 404 x\r\nETag: \"" TEN TEN TEN TEN TEN TEN
                                         "ab\"\r\nx-amz-bucket-region: " TEN TEN TEN "ab\r\n\r\n"),
                          &asked, true, 0, r));
    T_EQ(t, wmbt_s3_answer_etag(&answer).len, WMBT_S3_ETAG_BYTES);
    T_EQ(t, wmbt_s3_answer_region(&answer).len, WMBT_S3_REGION_BYTES);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 404 x\r\nETag: \"" TEN TEN TEN TEN TEN TEN
                                         "abc\"\r\n\r\n<Error><Region>" TEN TEN TEN
                                         "abc</Region></Error>"),
                          &asked, true, 0, r));
    T_EQ(t, wmbt_s3_answer_etag(&answer).len, 0);
    T_EQ(t, wmbt_s3_answer_region(&answer).len, 0);
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 404 x\r\nETag: \"a\"\r\nETag: \"b\"\r\n"
                                         "x-amz-bucket-region: eu-west-1\r\n\r\n<Error><Region>"
                                         "us-east-1</Region></Error>"),
                          &asked, true, 0, r));
    T_EQ(t, wmbt_s3_answer_etag(&answer).len, 0);
    T_CHECK(t, wmbt_test_view_is(wmbt_s3_answer_region(&answer), "us-east-1"));
    T_CALL(t, read_answer(t,
                          wmbt_test_text("HTTP/1.1 416 x\r\nContent-Range: bytes */12\r\n"
                                         "Retry-After: 3\r\n\r\n"),
                          &asked, true, 0, r));
    T_CHECK(t, wmbt_s3_answer_size(&answer, &size) && size == 12u);
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 499 x\r\n\r\n"), &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_FAILED);
    /* no size, whatever an earlier field held in the same place */
    T_CALL(t, read_answer(t,
                          wmbt_test_text(OK206 "X: " TEN TEN TEN TEN "\r\n"
                                               "Content-Range: bytes 0-1/\r\n\r\nab"),
                          &asked, true, 0, r));
    T_CHECK(t, !wmbt_s3_answer_range(&answer, &first, &last) && first == 7u && last == 7u);
    for (size_t i = 0; i < 2u; i++) { /* a part that nobody asked for; one that says not which */
        asked.expected.has_range = i == 1u;
        asked.expected.first = 0;
        asked.expected.last = i == 1u ? 9u : 0u;
        uint8_t text[96];
        const char *const parts[] = {OK206, ranges[i], "Content-Length: 1\r\n\r\na"};
        size_t len = 0;
        for (size_t k = 0; k < 3u; k++) {
            wmbt_view part = wmbt_test_text(parts[k]);
            wmbt_test_copy(text + len, part.data, part.len);
            len += part.len;
        }
        T_CALL(t, read_answer(t, wmbt_view_of(text, len), &asked, true, 0, r));
        T_EQ(t, r->status, WMBT_BAD_FIELD);
    }
}

#define SAID "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 3\r\n"

/* What an answer said stays, whatever comes behind it. */
static void test_said_before(wmbt_test *t)
{
    static const struct {
        const char *bytes;
        bool ranged; /* 10 to 14 */
        uint64_t size, doubtful;
    } rows[] = {
        {"HTTP/1.1 416 x\r\n" SAID "Content-Range: bytes\r\n\r\n", false, 99, 0},
        {"HTTP/1.1 416 x\r\n" SAID "Content-Range: bytes */7\r\n\r\n", false, 7, 0},
        {"HTTP/1.1 416 x\r\n" SAID "\r\n<Error><ActualObjectSize>12</ActualObjectSize></Error>",
         false, 12, 0},
        {"HTTP/1.1 416 x\r\n" SAID "\r\n<Error><ActualObjectSize>1x2</ActualObjectSize></Error>",
         false, 99, 0},
        {"HTTP/1.1 416 x\r\n" SAID "\r\n<Error><ActualObjectSize>1x</ActualObjectSize>"
         "<ActualObjectSize>2</ActualObjectSize></Error>",
         false, 2, 0},
        {"HTTP/1.1 200 x\r\n" SAID "\r\nhello", false, 5, 0},
        {"HTTP/1.1 200 x\r\n" SAID "Content-Length: 5\r\n\r\nhello", true, 5, 1},
    };
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t size = 99, date = 0, seconds = 0, first = 7, last = 7;
        wmbt_test_where(t, wmbt_test_text(rows[i].bytes));
        context_init(&asked);
        asked.expected.has_range = rows[i].ranged;
        asked.expected.first = 10;
        asked.expected.last = 14;
        T_CALL(t, read_answer(t, wmbt_test_text(rows[i].bytes), &asked, true, 0, r));
        T_EQ(t, r->status, WMBT_END);
        T_CHECK(t, wmbt_s3_answer_date(&answer, &date) && date == 784111777u);
        T_CHECK(t, wmbt_s3_answer_retry_after(&answer, &seconds) && seconds == 3u);
        T_EQ(t, wmbt_s3_answer_size(&answer, &size), rows[i].size != 99u);
        T_EQ(t, size, rows[i].size);
        T_EQ(t, wmbt_s3_answer_is_doubtful(&answer), rows[i].doubtful);
        T_CHECK(t, !wmbt_s3_answer_range(&answer, &first, &last) && first == 7u && last == 7u);
    }
}

/* An error's Code: the text of one element, and of no other; two of them are none. */
static void test_codes(wmbt_test *t)
{
    static const struct {
        const char *bytes, *code;
        uint32_t meaning;
    } rows[] = {
        {"<Error><Code>NoSuchKey</Code><Message>x</Message></Error>", "NoSuchKey", WMBT_S3_MISSING},
        {"<Error><Code>NoSuchKey</Code>x<Region>eu</Region></Error>", "NoSuchKey", WMBT_S3_MISSING},
        {"<Error><Code>a&#233;b</Code></Error>",
         "a\xC3\xA9"
         "b",
         WMBT_S3_FAILED},
        {"<Error><Code>x</Code><Code>NoSuchKey</Code></Error>", "", WMBT_S3_FAILED},
        {"<Error><Code>NoSuchKey</Code><Code>x</Code></Error>", "", WMBT_S3_FAILED},
        {"<Error><Message>NoSuchKey</Message><Code>x</Code></Error>", "x", WMBT_S3_FAILED},
    };
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static const char begin[] = "HTTP/1.1 404 x\r\n\r\n";
        uint8_t text[128];
        wmbt_view body = wmbt_test_text(rows[i].bytes);
        wmbt_test_where(t, body);
        wmbt_test_copy(text, (const uint8_t *)begin, sizeof begin - 1u);
        wmbt_test_copy(text + sizeof begin - 1u, body.data, body.len);
        T_CALL(t, read_answer(t, wmbt_view_of(text, sizeof begin - 1u + body.len), &asked, true, 0,
                              r));
        T_EQ(t, r->status, WMBT_END);
        T_EQ(t, r->meaning, rows[i].meaning);
        T_CHECK(t, wmbt_test_view_is(wmbt_s3_answer_code(&answer), rows[i].code));
    }
    /* that a 200 is a part without its 206 is known behind the header */
    asked.expected.has_range = asked.expected.has_size = true;
    asked.expected.first = 10;
    asked.expected.last = 19;
    asked.expected.size = 100;
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\n"), &asked,
                          false, 0, r));
    T_EQ(t, r->status, WMBT_NEED_MORE);
    T_EQ(t, r->meaning, WMBT_S3_FAILED);
}

/* Of an error's document the first 4096 bytes are looked at, the rest is let pass. */
static void test_long_error(wmbt_test *t)
{
    static const char begin[] = "HTTP/1.1 404 x\r\n\r\n<Error><!--", end[] = ERROR_OF("NoSuchKey");
    const size_t filled[] = {4060, 4061, 70000}; /* </Code> ends 36 bytes behind them */
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    uint8_t *bytes = wmbt_test_alloc(t, 70200);
    T_CHECK(t, r != NULL && bytes != NULL);
    context_init(&asked);
    for (size_t i = 0; i < 3u; i++) {
        size_t at = sizeof begin - 1u;
        wmbt_test_copy(bytes, (const uint8_t *)begin, at);
        for (size_t k = 0; k < filled[i]; k++) {
            bytes[at++] = (uint8_t)'c';
        }
        wmbt_test_copy(bytes + at, (const uint8_t *)"-->", 3);
        /* the root is open: the document's own start is left out */
        wmbt_test_copy(bytes + at + 3u, (const uint8_t *)end + 7, sizeof end - 8u);
        at += 3u + sizeof end - 8u;
        T_CALL(t, read_answer(t, wmbt_view_of(bytes, at), &asked, true, 0, r));
        T_EQ(t, r->meaning, i == 0u ? WMBT_S3_MISSING : WMBT_S3_FAILED);
        T_EQ(t, r->bytes, at - 18u);
    }
}

/* --- pages by hand ---------------------------------------------------------------------------- */

#define LIST(inside) "<ListBucketResult>" inside "</ListBucketResult>"
#define LAST "<IsTruncated>false</IsTruncated>"
#define ENTRY(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define TOKEN_OF(token) \
    "<IsTruncated>true</IsTruncated><NextContinuationToken>" token "</NextContinuationToken>"

/* With room for keys of 8 bytes and tokens of 4. */
static const struct {
    const char *text;
    wmbt_status status;
    const char *key; /* of the last entry, or NULL */
} pages[] = {
    {LIST(LAST), WMBT_OK, NULL},
    {LIST(ENTRY("12345678", "1") LAST), WMBT_OK, "12345678"},
    {LIST(ENTRY("123456789", "1") LAST), WMBT_TOO_LARGE, NULL},
    {LIST(ENTRY("1234567&#233;", "1") LAST), WMBT_TOO_LARGE, NULL},
    {LIST(ENTRY("12345678&#233;", "1") LAST), WMBT_TOO_LARGE, NULL},
    {LIST(ENTRY("a&#233;b", "1") LAST), WMBT_OK,
     "a\xC3\xA9"
     "b"},
    {LIST(ENTRY("a&a#;b", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("a\r\nb\rc", "1") LAST), WMBT_OK, "a\nb\nc"},
    {LIST("<Contents>\r<Key>\na</Key><Size>1</Size></Contents>" LAST), WMBT_OK, "\na"},
    {LIST(ENTRY("", "1") LAST), WMBT_BAD_FIELD, NULL},
    {LIST("<Contents><Key>a</Key><Key>a</Key><Size>1</Size></Contents>" LAST), WMBT_BAD_FIELD,
     NULL},
    {LIST(LAST LAST), WMBT_BAD_FIELD, NULL},
    {LIST(ENTRY("a", "1")), WMBT_BAD_FIELD, "a"},
    {LIST(ENTRY("a", "0000000000000000000000007") LAST), WMBT_BAD_NUMBER, NULL},
    {LIST("<IsTruncated>falsefalsefalsefalsefalse</IsTruncated>"), WMBT_BAD_FIELD, NULL},
    {LIST(TOKEN_OF("1234")), WMBT_OK, NULL},
    {LIST(TOKEN_OF("12345")), WMBT_TOO_LARGE, NULL},
    {LIST(TOKEN_OF("")), WMBT_BAD_FIELD, NULL},
    {LIST(TOKEN_OF("sent")), WMBT_BAD_FIELD, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("a%4", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("a%4B+", "1") LAST), WMBT_OK, "aK "},
    {"<?a?b?>" LIST(LAST) "<?c", WMBT_TRUNCATED, NULL},
    {LIST(LAST) "<!-- c -->", WMBT_OK, NULL},
    {LIST(LAST) "<!-- a --b -->", WMBT_BAD_SYNTAX, NULL},
    {LIST(LAST) "</ListBucketResult>", WMBT_BAD_SYNTAX, NULL},
    {"</ListBucketResult>", WMBT_BAD_SYNTAX, NULL},
    {"", WMBT_BAD_SYNTAX, NULL},
    /* references (XML 1.0, 4.1 and 4.6), at the ends of what a character can be */
    {LIST(ENTRY("&amp;&lt;&gt;&quot;&apos;", "1") LAST), WMBT_OK, "&<>\"'"},
    {LIST(ENTRY("&am;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&ampx;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&apo;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&1;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("& amp;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&a#38;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&aaaaaaaaaaaaaaaaaaaaaaaaaaaa;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#0;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#65;&#x;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#6A;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#6:;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x6G;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x6x;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x0000000000000000000041;&#00000000000000000066;", "1") LAST), WMBT_OK, "AB"},
    {LIST(ENTRY("&#x7F;", "1") LAST), WMBT_OK, "\x7F"},
    {LIST(ENTRY("&#x80;", "1") LAST), WMBT_OK, "\xC2\x80"},
    {LIST(ENTRY("&#x7fF;", "1") LAST), WMBT_OK, "\xDF\xBF"},
    {LIST(ENTRY("&#x800;", "1") LAST), WMBT_OK, "\xE0\xA0\x80"},
    {LIST(ENTRY("&#xD7FF;", "1") LAST), WMBT_OK, "\xED\x9F\xBF"},
    {LIST(ENTRY("&#xD800;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#xDFFF;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#xE000;", "1") LAST), WMBT_OK, "\xEE\x80\x80"},
    {LIST(ENTRY("&#xFFFF;", "1") LAST), WMBT_OK, "\xEF\xBF\xBF"},
    {LIST(ENTRY("&#x10000;", "1") LAST), WMBT_OK, "\xF0\x90\x80\x80"},
    {LIST(ENTRY("&#1114111;", "1") LAST), WMBT_OK, "\xF4\x8F\xBF\xBF"},
    {LIST(ENTRY("&#1114112;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x11000041;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x100000041;", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST(ENTRY("&#x10FFFF0;", "1") LAST), WMBT_BAD_TEXT, NULL},
    /* the same where no key is looked at, and what seems to go on behind the end of one */
    {LIST("<a>&#xD7FF;&#xE000;</a>" LAST), WMBT_OK, NULL},
    {LIST("<a>&#xD800;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&#xDFFF;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&#0;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&#0;65;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&#65;&#;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&#6x1;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<a>&am;p;</a>" LAST), WMBT_BAD_TEXT, NULL},
    {"<ListBucketResult>& ", WMBT_BAD_TEXT, NULL},
    /* tags */
    {LIST("<a b='\"' c = \"'\" ></a >" LAST), WMBT_OK, NULL},
    {LIST("<a b='<'></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a b=c></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a 1='c'></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a='c'></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a b='c'd='e'></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a/b></a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a></a b>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<ab></a b>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a></ a>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a></1>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a></>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<ab></ba>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<abcdefghijklmnopqrstuvwxyz1></abcdefghijklmnopqrstuvwxyz2>" LAST), WMBT_BAD_SYNTAX,
     NULL},
    {LIST("<NextContinuationTokens>1</NextContinuationTokens><Contentsx/><Content/>" LAST), WMBT_OK,
     NULL},
    {LIST(LAST) "<b/>", WMBT_BAD_SYNTAX, NULL},
    {LIST(LAST) "x", WMBT_BAD_SYNTAX, NULL},
    {LIST(LAST) "&amp;", WMBT_BAD_SYNTAX, NULL},
    {" \t\r\n" LIST(LAST), WMBT_OK, NULL},
    {"x" LIST(LAST), WMBT_BAD_SYNTAX, NULL},
    {"<ListBucketResults></ListBucketResults>", WMBT_BAD_SYNTAX, NULL},
    {"<!-- \x01 -->" LIST(LAST), WMBT_BAD_TEXT, NULL},
    {"<?a \x1F?>" LIST(LAST), WMBT_BAD_TEXT, NULL},
    {"<!-- \t\x20\x1F -->" LIST(LAST), WMBT_BAD_TEXT, NULL},
    {"<?\t\r\n ?>" LIST(LAST), WMBT_OK, NULL},
    {LIST("<2><3><4><5><6><7><8>" LAST), WMBT_BAD_SYNTAX, NULL},
    {LIST("<a><a><a><a><a><a><a></a></a></a></a></a></a></a>" LAST), WMBT_OK, NULL},
    {LIST("<a><a><a><a><a><a><a><a/></a></a></a></a></a></a></a>" LAST), WMBT_TOO_DEEP, NULL},
    /* fields and what they hold */
    {LIST("<Contents><Key>a<b/></Key><Size>1</Size></Contents>" LAST), WMBT_BAD_FIELD, NULL},
    {LIST("<Contents><Key>a</Key></Contents>" LAST), WMBT_BAD_FIELD, NULL},
    {LIST("<Contents><Size>1</Size></Contents>" LAST), WMBT_BAD_FIELD, NULL},
    {LIST("<Contents><Size>1</Size><Size>1</Size><Key>a</Key></Contents>" LAST), WMBT_BAD_FIELD,
     NULL},
    {LIST(TOKEN_OF("12") "<NextContinuationToken>34</NextContinuationToken>"), WMBT_BAD_FIELD,
     NULL},
    {LIST(ENTRY("a\xFF", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>base</EncodingType>" LAST), WMBT_BAD_FIELD, NULL},
    {LIST("<EncodingType></EncodingType>" ENTRY("a%4", "1") LAST), WMBT_OK, "a%4"},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("%", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("%zzb", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("%4zb", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("%z4b", "1") LAST), WMBT_BAD_TEXT, NULL},
    {LIST("<EncodingType>url</EncodingType>" ENTRY("%4a%4B", "1") LAST), WMBT_OK, "JK"},
    {LIST(ENTRY("a%4", "1") "<EncodingType>url</EncodingType>" LAST), WMBT_BAD_TEXT, "a%4"},
    {LIST(LAST ENTRY("a%4", "1")), WMBT_OK, "a%4"},
};

/* Every byte where a document can have it (XML 1.0, 2.2 to 2.4): ok says whether it can. */
static bool byte_is_taken(const char *before, const char *between, const char *behind, uint8_t c)
{
    uint8_t bytes[128];
    const char *const parts[] = {before, between, behind};
    size_t n = 0, taken = 0;
    wmbt_s3_entry entry;
    for (uint32_t i = 0; i < 3u; i++) {
        for (const char *p = parts[i]; *p != '\0'; p++) {
            bytes[n++] = (uint8_t)*p;
        }
        if (i < 2u) {
            bytes[n++] = c;
        }
    }
    return wmbt_s3_page_init(&page, wmbt_test_text("sent"), wmbt_buf_of(key_room, 8),
                             wmbt_buf_of(token_room, 4)) == WMBT_OK &&
           wmbt_s3_page_feed(&page, wmbt_view_of(bytes, n), &taken, &entry) == WMBT_NEED_MORE &&
           wmbt_s3_page_finish(&page) == WMBT_OK;
}

static void test_document_bytes(wmbt_test *t)
{
    for (uint32_t i = 0; i < 256u; i++) {
        uint8_t c = (uint8_t)i;
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool first = letter || c == '_' || c == ':' || c >= 128u;
        bool later = first || (c >= '0' && c <= '9') || c == '-' || c == '.';
        bool blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
        bool text = c >= 32u || blank;
        /* an instruction is passed over */
        T_EQ(t, byte_is_taken("<ListBucketResult><", "></", ">" LAST "</ListBucketResult>", c),
             first || c == '?');
        T_EQ(t, byte_is_taken("<ListBucketResult><a", "></a", ">" LAST "</ListBucketResult>", c),
             later || blank || c == '>');
        T_EQ(t,
             byte_is_taken("<ListBucketResult><a ", "='' b", "=''/>" LAST "</ListBucketResult>", c),
             first);
        T_EQ(t,
             byte_is_taken("<ListBucketResult><a b='", "' c=\"", "\"/>" LAST "</ListBucketResult>",
                           c),
             text && c != '<' && c != '\'' && c != '"');
        T_EQ(
            t,
            byte_is_taken("<ListBucketResult><a>", "</a><a>", "</a>" LAST "</ListBucketResult>", c),
            text && c != '<' && c != '&');
    }
}

static void test_pages(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        wmbt_view rest = wmbt_test_text(pages[i].text);
        wmbt_status status = WMBT_OK;
        wmbt_s3_entry entry;
        size_t taken = 0;
        entry.key = wmbt_view_of(NULL, 0);
        wmbt_test_where(t, rest);
        T_EQ(t,
             wmbt_s3_page_init(&page, wmbt_test_text("sent"), wmbt_buf_of(key_room, 8),
                               wmbt_buf_of(token_room, 4)),
             WMBT_OK);
        while (status == WMBT_OK) {
            taken = 0;
            status = wmbt_s3_page_feed(&page, rest, &taken, &entry);
            rest = wmbt_view_of(rest.data + taken, rest.len - taken);
        }
        if (status == WMBT_NEED_MORE) {
            status = wmbt_s3_page_finish(&page);
        }
        T_EQ(t, status, pages[i].status);
        T_EQ(t, entry.key.data == NULL, pages[i].key == NULL);
        T_CHECK(t, entry.key.data == NULL || wmbt_test_view_is(entry.key, pages[i].key));
        if (wmbt_status_is_error(status)) { /* for good */
            T_EQ(t, wmbt_s3_page_feed(&page, wmbt_test_text("<"), &taken, &entry), status);
            T_EQ(t, wmbt_s3_page_finish(&page), status);
        } else {
            T_EQ(t, wmbt_s3_page_feed(&page, wmbt_view_of(NULL, 1), &taken, &entry),
                 WMBT_BAD_ARGUMENT);
        }
    }
}

/* Whether the encoding was named behind the first entry. An escape that is cut off at the end of a
 * key is not looked at beyond it: the text ends where the scratch memory does. */
static void test_encodings(wmbt_test *t)
{
    static const struct {
        const char *text;
        bool late;
    } rows[] = {
        {LIST("<EncodingType>url</EncodingType>" ENTRY("a%41", "1") LAST), false},
        {LIST(ENTRY("a%41", "1") "<EncodingType>url</EncodingType>" LAST), true},
        {LIST(ENTRY("a%41", "1") LAST), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_view text = wmbt_test_text(rows[i].text);
        wmbt_s3_entry entry;
        size_t taken = 0, more = 0;
        T_EQ(t,
             wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), wmbt_buf_of(key_room, 8),
                               wmbt_buf_of(token_room, 4)),
             WMBT_OK);
        T_EQ(t, wmbt_s3_page_feed(&page, text, &taken, &entry), WMBT_OK);
        text = wmbt_view_of(text.data + taken, text.len - taken);
        T_EQ(t, wmbt_s3_page_feed(&page, text, &more, &entry), WMBT_NEED_MORE);
        T_EQ(t, wmbt_s3_page_finish(&page), WMBT_OK);
        T_EQ(t, wmbt_s3_page_is_late(&page), rows[i].late);
    }
    uint8_t escape[] = {'%', '4', '1'};
    size_t two = 2;
    T_CHECK(t, !wmbt_s3_url_decode(escape, &two) && two == 2u);
    static const char *const cut[] = {"%", "%4", "a%4", "%41%"};
    for (size_t i = 0; i < sizeof cut / sizeof cut[0]; i++) {
        wmbt_view text = wmbt_test_text(cut[i]);
        uint8_t *at = t->arena.data + t->arena.len - text.len;
        size_t len = text.len;
        wmbt_test_copy(at, text.data, text.len);
        T_CHECK(t, !wmbt_s3_url_decode(at, &len) && len == text.len);
        T_BYTES(t, at, text.data, text.len);
    }
}

/* What no document may have, and how many of its bytes come before the one that is refused. */
static const struct {
    const char *text;
    size_t taken;
    wmbt_status status;
} refused_at[] = {
    {"<a>&am;", 6, WMBT_BAD_TEXT},
    {"<a>&am;p;</a>", 6, WMBT_BAD_TEXT},
    {"<a>&AMP;", 7, WMBT_BAD_TEXT},
    {"<a>&;", 4, WMBT_BAD_TEXT},
    {"<a>&a;", 5, WMBT_BAD_TEXT},
    {"<a>&ampquot;", 11, WMBT_BAD_TEXT},
    {"<a>&a=", 5, WMBT_BAD_TEXT},
    {"<a>&=", 4, WMBT_BAD_TEXT},
    {"<a>&aaaaaaaaaaaaaaaaaaaaaaa", 26, WMBT_BAD_TEXT}, /* longer than any name that matters */
    {"<a>&#;", 5, WMBT_BAD_TEXT},
    {"<a>&#x;", 6, WMBT_BAD_TEXT},
    {"<a>&#65;&#;", 10, WMBT_BAD_TEXT},
    {"<a>&#65;&#x;", 11, WMBT_BAD_TEXT},
    {"<a>&#6x41;", 6, WMBT_BAD_TEXT}, /* hex is said at once */
    {"<a>&#X41;", 5, WMBT_BAD_TEXT},
    {"<a>&#-1;", 5, WMBT_BAD_TEXT},
    {"<a>&#:;", 5, WMBT_BAD_TEXT},
    {"<a>&#a;", 5, WMBT_BAD_TEXT},
    {"<a>&#x4g;", 7, WMBT_BAD_TEXT},
    {"<a></ a>", 5, WMBT_BAD_SYNTAX},
    {"<ab></a b>", 8, WMBT_BAD_SYNTAX},
    {"<a></a /", 7, WMBT_BAD_SYNTAX},
    {"<a></1", 5, WMBT_BAD_SYNTAX},
    {"<a></-", 5, WMBT_BAD_SYNTAX},
    {"<a></a=", 6, WMBT_BAD_SYNTAX},
    {"<a></b>", 6, WMBT_BAD_SYNTAX},
};

static wmbt_status feed_xml(wmbt_xml *xml, wmbt_view text, size_t *taken, uint32_t *events)
{
    wmbt_status status = WMBT_OK;
    for (*taken = 0; *taken < text.len; ++*taken) {
        status = wmbt_xml_byte(xml, text.data[*taken], events);
        if (status != WMBT_OK) {
            break;
        }
    }
    return status;
}

static void test_refused_at(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof refused_at / sizeof refused_at[0]; i++) {
        wmbt_xml xml;
        size_t taken;
        uint32_t events;
        wmbt_test_where(t, wmbt_test_text(refused_at[i].text));
        wmbt_xml_init(&xml);
        T_EQ(t, feed_xml(&xml, wmbt_test_text(refused_at[i].text), &taken, &events),
             refused_at[i].status);
        T_EQ(t, taken, refused_at[i].taken);
    }
}

/* Every character by its number: XML 1.0, 4.1, and UTF-8 by RFC 3629, section 3. */
static void test_every_character(wmbt_test *t)
{
    for (uint32_t point = 0; point < 0x110100u;
         point += point < 0x10000u ? 1u : T_MANY(7u, 4099u)) {
        uint8_t text[16], want[4];
        size_t n = 0, at = 3, taken;
        wmbt_xml xml;
        uint32_t events = 0;
        wmbt_test_copy(text, (const uint8_t *)"<a>&#x", 6);
        at = 6;
        for (uint32_t shift = 24; shift-- > 0u;) {
            if (shift % 4u == 0u) {
                text[at++] = (uint8_t)"0123456789abcdef"[point >> shift & 15u];
            }
        }
        text[at++] = (uint8_t)';';
        if (point < 0x80u) {
            want[n++] = (uint8_t)point;
        } else if (point < 0x800u) {
            want[n++] = (uint8_t)(0xC0u + point / 64u);
        } else if (point < 0x10000u) {
            want[n++] = (uint8_t)(0xE0u + point / 4096u);
        } else {
            want[n++] = (uint8_t)(0xF0u + point / 262144u);
        }
        if (point >= 0x10000u) {
            want[n++] = (uint8_t)(0x80u + point / 4096u % 64u);
        }
        if (point >= 0x800u) {
            want[n++] = (uint8_t)(0x80u + point / 64u % 64u);
        }
        if (point >= 0x80u) {
            want[n++] = (uint8_t)(0x80u + point % 64u);
        }
        bool good = point != 0u && point <= 0x10FFFFu && (point < 0xD800u || point > 0xDFFFu);
        wmbt_xml_init(&xml);
        T_EQ(t, feed_xml(&xml, wmbt_view_of(text, at), &taken, &events),
             good ? WMBT_OK : WMBT_BAD_TEXT);
        T_EQ(t, taken, good ? at : at - 1u);
        if (good) {
            T_EQ(t, events, WMBT_XML_TEXT);
            T_EQ(t, xml.text_len, n);
            T_BYTES(t, xml.text, want, n);
        }
    }
}

/* A first answer of exactly the bytes asked for may be a part without its 206. */
static void test_doubtful(wmbt_test *t)
{
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    asked.expected.has_range = true;
    asked.expected.first = 0;
    asked.expected.last = 4;
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nhello"),
                          &asked, true, 0, r));
    T_EQ(t, r->meaning, WMBT_S3_WHOLE_INSTEAD);
    T_CHECK(t, wmbt_s3_answer_is_doubtful(&answer));
    T_CALL(t, read_answer(t, wmbt_test_text("HTTP/1.1 200 x\r\nContent-Length: 6\r\n\r\nhello!"),
                          &asked, true, 0, r));
    T_CHECK(t, !wmbt_s3_answer_is_doubtful(&answer));
    static const struct {
        uint64_t first, last;
        const char *bytes;
        bool doubtful;
    } rows[] = {
        {10, 19, "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\n" TEN, true},
        {7, 7, "HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\na", true},
        {0, UINT64_MAX, "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asked.expected.first = rows[i].first;
        asked.expected.last = rows[i].last;
        T_CALL(t, read_answer(t, wmbt_test_text(rows[i].bytes), &asked, true, 0, r));
        T_EQ(t, r->meaning, WMBT_S3_WHOLE_INSTEAD);
        T_EQ(t, wmbt_s3_answer_is_doubtful(&answer), rows[i].doubtful);
    }
}

static void test_retry_after(wmbt_test *t)
{
    static const struct {
        const char *bytes;
        uint64_t seconds; /* UINT64_MAX: none */
    } rows[] = {
        {"HTTP/1.1 503 x\r\nRetry-After: 3\r\n\r\n", 3},
        {"HTTP/1.1 503 x\r\nRetry-After: 3\r\nRetry-After: soon\r\n\r\n", UINT64_MAX},
        {"HTTP/1.1 503 x\r\nRetry-After: soon\r\nETag: \"e\"\r\nRetry-After: 3\r\n\r\n", 3},
        {"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\nRetry-After: 7\r\n\r\n", 7},
        {"HTTP/1.1 503 x\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 7\r\n"
         "Date: Sun, 06 Nov 1994 08:49:07 GMT\r\n\r\n",
         7},
        {"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
         30},
        {"HTTP/1.1 503 x\r\nRetry-After: -3\r\n\r\n", UINT64_MAX},
        {"HTTP/1.1 503 x\r\nRetry-After: soon\r\n\r\n", UINT64_MAX},
        {"HTTP/1.1 503 x\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n", UINT64_MAX},
        {"HTTP/1.1 503 x\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
         "Date: Sun, 06 Nov 1994 08:49:07 GMT\r\n\r\n",
         30},
        {"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:50:07 GMT\r\n"
         "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n",
         UINT64_MAX},
    };
    context asked;
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL);
    context_init(&asked);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t seconds = UINT64_MAX;
        T_CALL(t, read_answer(t, wmbt_test_text(rows[i].bytes), &asked, true, 0, r));
        T_EQ(t, wmbt_s3_answer_retry_after(&answer, &seconds), rows[i].seconds != UINT64_MAX);
        T_EQ(t, seconds, rows[i].seconds);
    }
}

/* Every truncation and bit flip of a few answers: no more than is there, never complete early. */
static void test_faults(wmbt_test *t)
{
    static const char *const names[] = {
        "002_get_range_first",       "010_get_range_beyond", "018_get_missing_key",
        "024_bad_signature",         "052_list_page_1",      "091_gofakes3_list_page_1",
        "113_moto_list_special_url", "129_nginx_chunked",    "133_nginx_slow_down",
        "155_s3rver_list_prefix",
    };
    context asked;
    wmbt_view bytes;
    uint8_t *copy = wmbt_test_alloc(t, 8192);
    result *r = (result *)(void *)wmbt_test_alloc(t, sizeof *r);
    T_CHECK(t, r != NULL && copy != NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        T_CHECK(t, file_of(t, EXCHANGES, wmbt_test_text(names[i]), &bytes));
        T_CHECK(t, bytes.len <= 8192u);
        wmbt_test_where(t, wmbt_test_text(names[i]));
        context_init(&asked);
        asked.is_list = i == 4u || i == 5u || i == 6u || i == 9u;
        if (i == 0u) {
            T_CHECK(t, range_of(t, wmbt_test_text("0-127"), &asked.expected));
        }
        for (size_t n = 0; n < bytes.len; n += T_MANY(1u, 97u)) {
            T_CALL(t, read_answer(t, wmbt_view_of(bytes.data, n), &asked, true, 0, r));
            T_CHECK(t, wmbt_status_is_error(r->status));
        }
        for (size_t bit = 0; bit < 8u * bytes.len; bit += T_MANY(1u, 777u)) {
            wmbt_test_copy(copy, bytes.data, bytes.len);
            copy[bit / 8u] = (uint8_t)(copy[bit / 8u] ^ 1u << bit % 8u);
            T_CALL(t, read_answer(t, wmbt_view_of(copy, bytes.len), &asked, true, 0, r));
            T_CHECK(t, r->used <= bytes.len && r->given <= r->bytes);
        }
    }
}

/* --- requests --------------------------------------------------------------------------------- */

static void store_of(wmbt_s3_store *store)
{
    store->host = wmbt_test_text("store.test:9000");
    store->bucket = wmbt_test_text("b-1");
    store->region = wmbt_test_text("us-east-1");
    store->virtual_host = false;
    store->who.access_key = store->who.secret = store->who.token = wmbt_view_of(NULL, 0);
}

static void test_requests(wmbt_test *t)
{
    static const char path[] =
        "GET /b-1/kv/b3%3D00%2B%20~%25 HTTP/1.1\r\nHost: store.test:9000\r\n"
        "Accept-Encoding: identity\r\nRange: bytes=0-18446744073709551615\r\n"
        "If-Match: \"e\"\r\n\r\n";
    static const char virtual_host[] = "HEAD /kv/b3%3D00%2B%20~%25 HTTP/1.1\r\nHost: "
                                       "b-1.store.test:9000\r\nAccept-Encoding: identity\r\n\r\n";
    static const char list[] =
        "GET /b-1?continuation-token=a%3D%2F&encoding-type=url&list-type=2&max-keys=7&"
        "prefix=kv%2Fa%20b&start-after=kv%2Fa HTTP/1.1\r\n"
        "Host: store.test:9000\r\nAccept-Encoding: identity\r\n\r\n";
    wmbt_s3_store store;
    wmbt_s3_get get;
    wmbt_s3_list page_of;
    uint8_t out[512];
    size_t written = 0;
    store_of(&store);
    get.key = wmbt_test_text("kv/b3=00+ ~%");
    get.if_match = wmbt_test_text("\"e\"");
    get.first = 0;
    get.last = UINT64_MAX;
    get.has_range = true;
    get.is_head = false;
    for (size_t room = 0; room < sizeof path - 1u; room++) {
        T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(out, room), &written),
             WMBT_BUFFER_TOO_SMALL);
        for (size_t i = 0; i < room; i++) {
            T_EQ(t, out[i], 0); /* nothing of it stays */
        }
    }
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(out, sizeof path - 1u), &written),
         WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), path));
    store.virtual_host = true;
    get.has_range = false;
    get.is_head = true;
    get.if_match = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(out, sizeof out), &written),
         WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), virtual_host));
    store.virtual_host = false;
    page_of.prefix = wmbt_test_text("kv/a b");
    page_of.start_after = wmbt_test_text("kv/a");
    page_of.token = wmbt_test_text("a=/");
    page_of.max_keys = 7;
    page_of.url_encoding = true;
    T_EQ(t, wmbt_s3_write_list(&store, &page_of, 0, NULL, wmbt_buf_of(out, sizeof out), &written),
         WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), list));
}

/* A signed request in every room that is too small: nothing of it stays, and nothing is written
 * behind the room. */
static void test_rooms(wmbt_test *t)
{
    wmbt_s3_store store;
    wmbt_s3_get get;
    uint8_t out[1024];
    size_t needed = 0, written = 99;
    store_of(&store);
    store.who.access_key = wmbt_test_text("AKID");
    store.who.secret = wmbt_test_text("secret");
    get.key = wmbt_test_text("k");
    get.if_match = wmbt_view_of(NULL, 0);
    get.first = get.last = 0;
    get.has_range = get.is_head = false;
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(out, sizeof out), &needed),
         WMBT_OK);
    for (size_t room = 0; room <= needed; room++) {
        wmbt_test_fill(out, sizeof out);
        T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(out, room), &written),
             room < needed ? WMBT_BUFFER_TOO_SMALL : WMBT_OK);
        T_EQ(t, written, room < needed ? 99u : needed);
        T_CHECK(t, wmbt_test_is_filled(out + room, sizeof out - room));
        for (size_t i = 0; i < room && room < needed; i++) {
            T_EQ(t, out[i], 0);
        }
    }
}

/* A golden row with only the fields that this library signs: the same Authorization. */
static void test_signed(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    uint32_t compared = 0;
    T_CHECK(t, wmbt_test_data(t, "golden/s3/sigv4/sigv4.tsv", &text));
    wmbt_table_open(&table, text, true);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_s3_store store;
        wmbt_s3_get get;
        size_t written = 0;
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        uint8_t *out = wmbt_test_alloc(t, 16384);
        wmbt_view want = wmbt_test_text(wmbt_test_view_is(cells[14], "-")
                                            ? "host;x-amz-content-sha256;x-amz-date"
                                            : "host;x-amz-content-sha256;x-amz-date;"
                                              "x-amz-security-token");
        if (!wmbt_test_view_is(cells[1], "s3") || !wmbt_test_view_is(cells[8], "-") ||
            cells[20].len != want.len || !wmbt_test_same(cells[20].data, want.data, want.len) ||
            !wmbt_test_view_is(cells[11], WMBT_SIGV4_EMPTY) || cells[7].len == 1u) {
            continue; /* another service, a query, further fields */
        }
        store.virtual_host = wmbt_test_view_is(cells[5], "virtual");
        store.host = cells[4];
        store.bucket = cells[6];
        if (store.virtual_host) { /* the table's host has the bucket in front */
            store.host =
                wmbt_view_of(cells[4].data + cells[6].len + 1u, cells[4].len - cells[6].len - 1u);
        }
        store.region = cells[15];
        store.who.access_key = cells[12];
        store.who.secret = cells[13];
        store.who.token = text_of(cells[14]);
        get.key = wmbt_cell_bytes(t, cells[7]);
        get.if_match = wmbt_view_of(NULL, 0);
        get.has_range = false;
        get.first = get.last = 0;
        get.is_head = wmbt_test_view_is(cells[2], "HEAD");
        /* the time, from the table's text: by the library's own writer, searched */
        uint64_t low = 0, high = 253402300800u;
        while (high - low > 1u) {
            uint8_t stamp[WMBT_SIGV4_TIME_BYTES];
            uint64_t middle = low + (high - low) / 2u;
            T_EQ(t, wmbt_sigv4_time(middle, stamp), WMBT_OK);
            bool above = false, decided = false;
            for (size_t i = 0; i < sizeof stamp && !decided; i++) {
                decided = stamp[i] != cells[17].data[i];
                above = decided && stamp[i] > cells[17].data[i];
            }
            low = above ? low : middle;
            high = above ? middle : high;
        }
        T_EQ(t, wmbt_s3_write_get(&store, &get, low, NULL, wmbt_buf_of(out, 16384), &written),
             WMBT_OK);
        wmbt_view request = wmbt_view_of(out, written);
        wmbt_view authorization = wmbt_test_line_of(request, "Authorization: ");
        T_EQ(t, authorization.len, cells[25].len);
        T_BYTES(t, authorization.data, cells[25].data, authorization.len);
        T_BYTES(t, out + cells[2].len + 1u, cells[19].data, cells[19].len);
        T_EQ(t, out[cells[2].len + 1u + cells[19].len], ' ');
        compared++;
    }
    T_EQ(t, compared, 52);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_s3_store store;
    wmbt_s3_get get;
    uint8_t out[256];
    size_t written = 99;
    static const uint8_t long_key[WMBT_S3_MAX_KEY_BYTES + 1u];
    store_of(&store);
    get.key = wmbt_view_of("k", 1);
    get.if_match = wmbt_view_of(NULL, 0);
    get.first = 1;
    get.last = 0;
    get.has_range = true;
    get.is_head = false;
    wmbt_test_fill(out, sizeof out);
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_ARGUMENT);
    get.has_range = false;
    get.key = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_ARGUMENT);
    get.key = wmbt_view_of(long_key, sizeof long_key);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_TOO_LARGE);
    get.key = wmbt_view_of("k", 1);
    get.if_match = wmbt_test_text("\"e\"\r\nX: y");
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_TEXT);
    get.if_match = wmbt_view_of(NULL, 0);
    store.bucket = wmbt_test_text("a/b");
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_TEXT);
    store.bucket = wmbt_test_text("b");
    store.host = wmbt_test_text("h\r\n");
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_TEXT);
    T_CHECK(t, written == 99u && wmbt_test_is_filled(out, sizeof out));
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), wmbt_buf_of(NULL, 0), room),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), room, wmbt_buf_of(NULL, 0)),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), room, wmbt_buf_of(out, 0)),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), wmbt_buf_of(out, 0), room),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 1), room, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), wmbt_buf_of(NULL, 9), room),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_s3_page_init(&page, wmbt_view_of(NULL, 0), room, wmbt_buf_of(NULL, 9)),
         WMBT_BAD_ARGUMENT);
    for (uint32_t i = 0; i <= WMBT_S3_REDIRECT + 1u; i++) {
        T_CHECK(t, wmbt_s3_meaning_name(i)[0] != '\0');
    }
}

/* Every byte of a host, a bucket and a condition, at its start and at its end: what is a control
 * byte or a blank is refused, and a slash in a bucket. */
static void test_bytes_of_requests(wmbt_test *t)
{
    wmbt_s3_store store;
    wmbt_s3_get get;
    uint8_t out[512], text[2];
    size_t written = 0;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    get.key = wmbt_test_text("k");
    get.first = get.last = 0;
    get.has_range = get.is_head = false;
    for (uint32_t i = 0; i < 3u * 2u * 256u; i++) {
        uint8_t c = (uint8_t)i;
        uint32_t at = i / 256u % 2u, which = i / 512u;
        wmbt_view v = wmbt_view_of(text, 2);
        bool bad = c <= 32u || c == 127u || (which == 1u && c == '/');
        text[at] = c;
        text[1u - at] = (uint8_t)'a';
        store_of(&store);
        get.if_match = wmbt_view_of(NULL, 0);
        *(which == 0u ? &store.host : which == 1u ? &store.bucket : &get.if_match) = v;
        T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written),
             bad ? WMBT_BAD_TEXT : WMBT_OK);
    }
}

/* The longest key; a range of no number and of single digits; a slash behind a bucket's bytes. */
static void test_ends_of_requests(wmbt_test *t)
{
    static const char want[] = "GET /b-1/k HTTP/1.1\r\nHost: store.test:9000\r\n"
                               "Accept-Encoding: identity\r\nRange: bytes=0-7\r\n\r\n";
    static uint8_t long_key[WMBT_S3_MAX_KEY_BYTES];
    static uint8_t out[4096];
    wmbt_s3_store store;
    wmbt_s3_get get;
    size_t written = 0;
    const wmbt_buf room = wmbt_buf_of(out, sizeof out);
    store_of(&store);
    store.bucket = wmbt_view_of("b-1/", 3);
    get.key = wmbt_test_text("k");
    get.if_match = wmbt_view_of(NULL, 0);
    get.first = 0;
    get.last = 7;
    get.has_range = true;
    get.is_head = false;
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), want));
    for (size_t i = 0; i < sizeof long_key; i++) {
        long_key[i] = (uint8_t)'k';
    }
    get.key = wmbt_view_of(long_key, sizeof long_key);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_OK);
    T_EQ(t, written, sizeof want - 2u + sizeof long_key);
}

static wmbt_status try_list(const wmbt_s3_store *store, wmbt_s3_list *list, wmbt_view *bad,
                            wmbt_buf room)
{
    size_t written = 99;
    if (bad != NULL) {
        *bad = wmbt_view_of(NULL, 1);
    }
    wmbt_status status = wmbt_s3_write_list(store, list, 0, NULL, room, &written);
    if (bad != NULL) {
        *bad = wmbt_view_of(NULL, 0);
    }
    return written == 99u || status == WMBT_OK ? status : WMBT_BAD_ORDER;
}

/* NULL with a length at each place, and stores that no request can name. */
static void test_bad_requests(wmbt_test *t)
{
    static const char want[] = "GET /b-1?list-type=2 HTTP/1.1\r\nHost: store.test:9000\r\n"
                               "Accept-Encoding: identity\r\n\r\n";
    wmbt_s3_store store;
    wmbt_s3_get get;
    wmbt_s3_list list;
    uint8_t out[256];
    size_t written = 99;
    wmbt_buf room = wmbt_buf_of(out, sizeof out);
    store_of(&store);
    list.prefix = list.start_after = list.token = wmbt_view_of(NULL, 0);
    list.max_keys = 0;
    list.url_encoding = false;
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, try_list(&store, &list, &list.prefix, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, &list.start_after, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, &list.token, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, NULL, wmbt_buf_of(NULL, 9)), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, &store.host, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, NULL, room), WMBT_BAD_ARGUMENT); /* no host */
    store_of(&store);
    T_EQ(t, try_list(&store, &list, &store.bucket, room), WMBT_BAD_ARGUMENT);
    T_EQ(t, try_list(&store, &list, NULL, room), WMBT_BAD_ARGUMENT); /* no bucket */
    store.bucket = wmbt_test_text("b\x7F");
    T_EQ(t, try_list(&store, &list, NULL, room), WMBT_BAD_TEXT);
    store_of(&store);
    get.key = wmbt_view_of(NULL, 1);
    get.if_match = wmbt_view_of(NULL, 0);
    get.first = get.last = 0;
    get.has_range = get.is_head = false;
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_ARGUMENT);
    get.key = wmbt_test_text("k");
    get.if_match = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, room, &written), WMBT_BAD_ARGUMENT);
    get.if_match = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_s3_write_get(&store, &get, 0, NULL, wmbt_buf_of(NULL, 9), &written),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, written == 99u && wmbt_test_is_filled(out, sizeof out));
    T_EQ(t, wmbt_s3_write_list(&store, &list, 0, NULL, room, &written), WMBT_OK);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, written), want));
}

static void test_answer_arguments(wmbt_test *t)
{
    context asked;
    wmbt_http_limits limits;
    wmbt_view piece;
    uint64_t offset = 99;
    size_t taken = 99;
    wmbt_http_limits_init(&limits);
    context_init(&asked);
    T_EQ(t, wmbt_s3_answer_init(&answer, &asked.expected, &limits, wmbt_buf_of(line, 1)),
         WMBT_BUFFER_TOO_SMALL);
    asked.expected.if_match = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_s3_answer_init(&answer, &asked.expected, &limits, wmbt_buf_of(line, sizeof line)),
         WMBT_BAD_ARGUMENT);
    asked.expected.if_match = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_s3_answer_init(&answer, &asked.expected, &limits, wmbt_buf_of(line, sizeof line)),
         WMBT_OK);
    T_EQ(t, wmbt_s3_answer_feed(&answer, wmbt_view_of(NULL, 1), &taken, &piece, &offset),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, taken == 99u && offset == 99u);
    T_EQ(t, wmbt_s3_answer_feed(&answer, wmbt_test_text("HTTP/1.1"), &taken, &piece, &offset),
         WMBT_NEED_MORE); /* a bad call ends nothing */
    T_EQ(t, taken, 8);
}

static const wmbt_case cases[] = {
    {"golden: every recorded answer", test_exchanges, 16 * 1024, EXCHANGES},
    {"golden: every recorded listing", test_lists, 64 * 1024, EXCHANGES},
    {"golden: every hostile answer, in many splits", test_hostile, 64 * 1024, HOSTILE},
    {"what answers mean", test_known, 16 * 1024, NULL},
    {"what an answer names", test_particulars, 16 * 1024, NULL},
    {"what an answer does not name", test_not_named, 16 * 1024, NULL},
    {"what does not fit is no value", test_too_long, 16 * 1024, NULL},
    {"what just fits is one", test_just_fits, 16 * 1024, NULL},
    {"what was said before stays", test_said_before, 16 * 1024, NULL},
    {"codes of errors", test_codes, 16 * 1024, NULL},
    {"long errors", test_long_error, 96 * 1024, NULL},
    {"pages, by hand", test_pages, 0, NULL},
    {"encodings of pages", test_encodings, 4096, NULL},
    {"pages, byte by byte", test_document_bytes, 0, NULL},
    {"documents, where they are refused", test_refused_at, 0, NULL},
    {"every character by its number", test_every_character, 0, NULL},
    {"a whole object of the bytes asked for", test_doubtful, 16 * 1024, NULL},
    {"Retry-After", test_retry_after, 16 * 1024, NULL},
    {"truncations and bit flips", test_faults, 32 * 1024, EXCHANGES},
    {"requests", test_requests, 0, NULL},
    {"signed requests in every room", test_rooms, 0, NULL},
    {"golden: signed requests", test_signed, 64 * 1024, "golden/s3/sigv4/sigv4.tsv"},
    {"arguments", test_arguments, 0, NULL},
    {"arguments of requests", test_bad_requests, 0, NULL},
    {"every byte of a request's texts", test_bytes_of_requests, 0, NULL},
    {"ends of requests", test_ends_of_requests, 0, NULL},
    {"arguments of answers", test_answer_arguments, 0, NULL},
};
WMBT_SUITE(s3, cases);
