/* SPDX-License-Identifier: Apache-2.0 */
/* envelope. Tables and captures are upstream's own bytes and answers. */
#include "wombatkv/envelope.h"

#include "../support/fault.h"
#include "base/bytes.h"
#include "base/le.h"
#include "../support/objects.h"

#define VECTORS "golden/vectors/daemon_envelope.tsv"
#define FOLDER "golden/captures/"
#define CAPTURES FOLDER "captures.tsv"

#define NO_VIEW wmbt_view_of(NULL, 0)
#define NO_DST wmbt_buf_of(NULL, 0)
#define MAX_BODY 256u

/* The golden envelope of the body "hi". */
static const uint8_t doc[] = "WMBT\1\0\0\0\xc2\xd9\x9d\xf5\2\0\0\0hi";

#define DOC_BYTES (sizeof doc - 1u)

/* --- whole and push --------------------------------------------------------------------------- */

static wmbt_status read_whole(wmbt_test *t, wmbt_view bytes, uint32_t max_body, wmbt_view *body)
{
    wmbt_envelope_header header;
    wmbt_test_fill(&header, sizeof header);
    wmbt_test_fill(body, sizeof *body);
    wmbt_status status = wmbt_envelope_read(bytes, max_body, &header, body);
    if (status == WMBT_OK) {
        T_ALSO(t, header.body_bytes == body->len, "the header is the body's");
        T_ALSO(t, header.crc == wmbt_load_le32(bytes.data + WMBT_ENVELOPE_AT_CRC),
               "the header is the body's");
    } else {
        T_ALSO(t,
               wmbt_test_is_filled(&header, sizeof header) &&
                   wmbt_test_is_filled(body, sizeof *body),
               "an error changes nothing");
    }
    return status;
}

/* Pushes all bytes, in pieces of `first`, then of `piece`; the body lands in `room` or is only
 * checked. *used: bytes taken. */
static wmbt_status read_pushed(wmbt_test *t, wmbt_view bytes, uint32_t max_body, size_t first,
                               size_t piece, uint8_t *room, size_t *used)
{
    wmbt_envelope_push push;
    size_t at = 0, n = first;
    wmbt_status status = WMBT_NEED_MORE;
    wmbt_envelope_push_init(&push, max_body);
    while (at < bytes.len && !wmbt_status_is_error(status) && status != WMBT_END) {
        n = n < bytes.len - at ? n : bytes.len - at;
        size_t taken = SIZE_MAX, body_at = at < 16u ? 0u : at - 16u;
        wmbt_buf dst = room == NULL || at < 16u ? NO_DST : wmbt_buf_of(room + body_at, n);
        status = wmbt_envelope_push_feed(&push, wmbt_view_of(bytes.data + at, n), dst, &taken);
        if (wmbt_status_is_error(status)) {
            T_ALSO(t, taken == SIZE_MAX, "taken is unchanged on an error");
            break;
        }
        T_ALSO(t, taken <= n && (status != WMBT_NEED_MORE || taken == n), "need-more took all");
        T_ALSO(t, status != WMBT_OK || at + taken == 16u, "ok stops at the body");
        T_ALSO(t, taken != 0u || n == 0u, "each call gets on");
        at += taken;
        n = piece;
    }
    wmbt_envelope_header header;
    wmbt_test_fill(&header, sizeof header);
    wmbt_status status_of_header = wmbt_envelope_push_header(&push, &header);
    T_ALSO(t, (status_of_header == WMBT_OK) != wmbt_test_is_filled(&header, sizeof header),
           "header only on ok");
    T_ALSO(t,
           status_of_header != WMBT_OK ||
               header.crc == wmbt_load_le32(bytes.data + WMBT_ENVELOPE_AT_CRC),
           "the header's CRC");
    T_ALSO(t, !wmbt_status_is_error(status) || status_of_header == status, "a refusal is for good");
    *used = at;
    wmbt_status end = wmbt_envelope_push_finish(&push);
    T_ALSO(t, wmbt_envelope_push_finish(&push) == WMBT_BAD_STATE, "finish once");
    T_ALSO(t, wmbt_envelope_push_feed(&push, bytes, NO_DST, used) == WMBT_BAD_STATE,
           "nothing after finish");
    T_ALSO(t, !wmbt_status_is_error(status) || end == status, "a refusal is for good");
    return end;
}

/* Both forms agree, but for bytes after the envelope: those a stream leaves for the next one. */
static wmbt_status read_both(wmbt_test *t, wmbt_view bytes, uint32_t max_body, wmbt_view *body)
{
    wmbt_status whole = read_whole(t, bytes, max_body, body);
    for (size_t piece = 1; piece <= 32u; piece = piece * 2u + 1u) {
        size_t used;
        wmbt_status pushed = read_pushed(t, bytes, max_body, piece, piece, NULL, &used);
        if (whole == WMBT_BAD_LENGTH && used < bytes.len) {
            T_ALSO(t, pushed == WMBT_OK || pushed == WMBT_BAD_CHECKSUM, "ends before the extra");
        } else if (whole == WMBT_BAD_LENGTH && pushed == WMBT_BAD_CHECKSUM) {
            T_ALSO(t, bytes.len > 16u + wmbt_load_le32(bytes.data + WMBT_ENVELOPE_AT_BODY_BYTES),
                   "extra bytes not seen");
        } else {
            T_ALSO(t, pushed == whole, "push says what whole says");
        }
    }
    return whole;
}

/* --- golden ----------------------------------------------------------------------------------- */

static wmbt_status status_of(wmbt_test *t, wmbt_view outcome)
{
    static const wmbt_word words[] = {
        {"ok", WMBT_OK},
        {"err:too_short", WMBT_TRUNCATED},
        {"err:bad_magic", WMBT_BAD_MAGIC},
        {"err:bad_version", WMBT_UNSUPPORTED_VERSION},
        {"err:bad_length", WMBT_BAD_LENGTH},
        {"err:bad_crc", WMBT_BAD_CHECKSUM},
    };
    return wmbt_cell_status(t, outcome, words, sizeof words / sizeof words[0]);
}

static void golden_decode(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view wire = wmbt_cell_bytes(t, cells[2]), body;
    T_EQ(t, read_both(t, wire, UINT32_MAX, &body), status_of(t, cells[4]));
    if (wmbt_test_view_is(cells[4], "ok")) {
        T_CHECK(t, wmbt_view_equal(body, wmbt_cell_bytes(t, cells[3])));
        uint8_t *room = wmbt_test_alloc(t, body.len + 1u);
        T_CHECK(t, room != NULL);
        for (size_t split = 1; split <= wire.len; split++) {
            size_t used;
            wmbt_test_fill(room, body.len + 1u);
            T_EQ(t, read_pushed(t, wire, (uint32_t)body.len, split, wire.len, room, &used),
                 WMBT_OK);
            T_CHECK(t, wmbt_test_same(room, body.data, body.len) &&
                           room[body.len] == WMBT_TEST_PATTERN);
        }
    }
}

static void golden_header(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_view wire = wmbt_cell_bytes(t, cells[2]);
    wmbt_envelope_header header;
    wmbt_test_fill(&header, sizeof header);
    T_EQ(t, wmbt_envelope_read_header(wire, UINT32_MAX, &header), status_of(t, cells[4]));
    if (!wmbt_test_view_is(cells[4], "ok")) {
        T_CHECK(t, wmbt_test_is_filled(&header, sizeof header));
        return;
    }
    T_EQ(t, header.crc, wmbt_cell_u64(t, cells[5]));
    T_EQ(t, header.body_bytes, wmbt_cell_u64(t, cells[6]));
    if (header.body_bytes != 0u) { /* one byte too long for the caller */
        wmbt_test_fill(&header, sizeof header);
        uint32_t limit = (uint32_t)wmbt_cell_u64(t, cells[6]) - 1u;
        T_EQ(t, wmbt_envelope_read_header(wire, limit, &header), WMBT_TOO_LARGE);
        T_CHECK(t, wmbt_test_is_filled(&header, sizeof header));
    }
}

static void golden_verify(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_envelope_header header;
    header.crc = (uint32_t)wmbt_cell_u64(t, cells[5]);
    header.body_bytes = (uint32_t)wmbt_cell_u64(t, cells[6]);
    T_EQ(t, wmbt_envelope_verify(&header, wmbt_cell_bytes(t, cells[3])), status_of(t, cells[4]));
}

static void golden_encode(wmbt_test *t, const wmbt_view *cells)
{
#if WMBT_CFG_WRITERS
    wmbt_view wire = wmbt_cell_bytes(t, cells[2]), body = wmbt_cell_bytes(t, cells[3]);
    uint8_t header[WMBT_ENVELOPE_HEADER_BYTES];
    T_EQ(t, wmbt_envelope_write_header(body, header), WMBT_OK);
    T_BYTES(t, header, wire.data, sizeof header);
    T_EQ(t, wmbt_load_le32(header + WMBT_ENVELOPE_AT_CRC), wmbt_cell_u64(t, cells[5]));
    T_EQ(t, wmbt_load_le32(header + WMBT_ENVELOPE_AT_BODY_BYTES), wmbt_cell_u64(t, cells[6]));
    if (wmbt_test_view_is(cells[1], "encode_header")) {
        T_EQ(t, wire.len, sizeof header);
        return;
    }
    uint8_t *out = wmbt_test_alloc(t, wire.len + 1u);
    T_CHECK(t, out != NULL);
    wmbt_test_fill(out, wire.len + 1u);
    size_t written = 99;
    T_EQ(t, wmbt_envelope_write(body, wmbt_buf_of(out, wire.len - 1u), &written),
         WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, wire.len + 1u));
    T_EQ(t, wmbt_envelope_write(body, wmbt_buf_of(out, wire.len), &written), WMBT_OK);
    T_CHECK(t, wmbt_view_equal(wmbt_view_of(out, written), wire) &&
                   out[wire.len] == WMBT_TEST_PATTERN);
#else
    (void)t, (void)cells;
#endif
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, VECTORS, &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "decode")) {
            T_CALL(t, golden_decode(t, cells));
        } else if (wmbt_test_view_is(cells[1], "header")) {
            T_CALL(t, golden_header(t, cells));
        } else if (wmbt_test_view_is(cells[1], "verify")) {
            T_CALL(t, golden_verify(t, cells));
        } else {
            T_CHECK(t, wmbt_test_view_is(cells[1], "encode") ||
                           wmbt_test_view_is(cells[1], "encode_header"));
            T_CALL(t, golden_encode(t, cells));
        }
    }
    T_EQ(t, table.row, 823);
}

/* --- captures --------------------------------------------------------------------------------- */

static bool capture_of(wmbt_test *t, wmbt_view row, const char *end, wmbt_view *bytes)
{
    char name[128];
    size_t n = sizeof FOLDER - 1u;
    wmbt_view tail = wmbt_test_text(end);
    if (row.len + tail.len >= sizeof name - n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the name is short");
        return false;
    }
    wmbt_bytes_copy((uint8_t *)name, (const uint8_t *)FOLDER, n);
    wmbt_bytes_copy((uint8_t *)name + n, row.data, row.len);
    wmbt_bytes_copy((uint8_t *)name + n + row.len, tail.data, tail.len);
    name[n + row.len + tail.len] = '\0';
    return wmbt_test_data(t, name, bytes);
}

/* Reads one envelope after the other from a stream; the first status that is not ok ends it. */
static wmbt_status read_stream(wmbt_test *t, wmbt_view bytes, uint32_t *envelopes)
{
    *envelopes = 0;
    while (bytes.len != 0u) {
        size_t used = 0;
        wmbt_status status =
            read_pushed(t, bytes, WMBT_ENVELOPE_UPSTREAM_MAX_BODY, 7, 4096, NULL, &used);
        if (status != WMBT_OK) {
            return status;
        }
        ++*envelopes;
        uint32_t body = wmbt_load_le32(bytes.data + WMBT_ENVELOPE_AT_BODY_BYTES);
        wmbt_view first = wmbt_view_of(bytes.data, 16u + (size_t)body), got;
        T_ALSO(t, used == first.len, "the stream stops at the end of the envelope");
        T_ALSO(t, read_whole(t, first, body, &got) == WMBT_OK, "whole as well");
        bytes = wmbt_view_of(bytes.data + first.len, bytes.len - first.len);
    }
    return WMBT_OK;
}

static const struct {
    const char *name;
    wmbt_status status;
    uint32_t envelopes; /* good ones before the status */
} odd_requests[] = {
    {"45_bad_crc", WMBT_BAD_CHECKSUM, 0},       {"46_bad_body", WMBT_BAD_CHECKSUM, 0},
    {"47_bad_magic", WMBT_BAD_MAGIC, 0},        {"48_bad_version", WMBT_UNSUPPORTED_VERSION, 0},
    {"49_oversized_len", WMBT_TOO_LARGE, 0},    {"50_limit_len_short_body", WMBT_BAD_LENGTH, 0},
    {"51_truncated_header", WMBT_TRUNCATED, 0}, {"55_two_requests_at_once", WMBT_OK, 2},
};

static void test_captures(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS], bytes;
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, CAPTURES, &text));
    wmbt_table_open(&table, text, true);
    const uint32_t request_bytes = wmbt_table_column(t, &table, "req_bytes");
    const uint32_t response_bytes = wmbt_table_column(t, &table, "resp_bytes");
    uint32_t odd = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_status want = WMBT_OK;
        uint32_t want_envelopes = 1, envelopes;
        for (size_t i = 0; i < sizeof odd_requests / sizeof odd_requests[0]; i++) {
            if (wmbt_test_view_is(cells[0], odd_requests[i].name)) {
                want = odd_requests[i].status;
                want_envelopes = odd_requests[i].envelopes;
                odd++;
            }
        }
        T_CHECK(t, capture_of(t, cells[0], ".req.bin", &bytes));
        T_EQ(t, bytes.len, wmbt_cell_u64(t, cells[request_bytes]));
        T_EQ(t, read_stream(t, bytes, &envelopes), want);
        T_EQ(t, envelopes, want_envelopes);
        T_CHECK(t, capture_of(t, cells[0], ".resp.bin", &bytes));
        T_EQ(t, bytes.len, wmbt_cell_u64(t, cells[response_bytes]));
        T_EQ(t, read_stream(t, bytes, &envelopes), WMBT_OK);
        T_EQ(t, envelopes, bytes.len == 0u ? 0u : want_envelopes);
    }
    T_EQ(t, table.row, 63);
    T_EQ(t, odd, sizeof odd_requests / sizeof odd_requests[0]);
}

/* --- faults, limits, states ------------------------------------------------------------------- */

static void expect_refused(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    (void)context, (void)at;
    wmbt_view body;
    T_CHECK(t, wmbt_status_is_error(read_both(t, changed, MAX_BODY, &body)));
}

static void test_faults(wmbt_test *t)
{
    wmbt_view v = wmbt_view_of(doc, DOC_BYTES), body;
    T_EQ(t, read_both(t, v, MAX_BODY, &body), WMBT_OK);
    T_CALL(t, wmbt_fault_truncate(t, v, 1, expect_refused, NULL));
    T_CALL(t, wmbt_fault_flip(t, v, 1, expect_refused, NULL));
}

static void test_hostile_magic_and_version(wmbt_test *t)
{
    static const uint32_t values[] = {0, 2, 0x80000001, UINT32_MAX};
    uint8_t bytes[DOC_BYTES];
    wmbt_view body;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        wmbt_bytes_copy(bytes, doc, DOC_BYTES);
        wmbt_store_le32(bytes + WMBT_ENVELOPE_AT_VERSION, values[i]);
        T_EQ(t, read_whole(t, wmbt_view_of(bytes, DOC_BYTES), 256, &body),
             WMBT_UNSUPPORTED_VERSION);
        wmbt_store_le32(bytes + WMBT_ENVELOPE_AT_MAGIC, values[i]);
        T_EQ(t, read_whole(t, wmbt_view_of(bytes, DOC_BYTES), 256, &body), WMBT_BAD_MAGIC);
    }
}

/* Each length up to one more than there is, and large ones, under several limits. */
static void test_hostile_body_length(wmbt_test *t)
{
    static const uint32_t lengths[] = {
        0, 1, 2, 3, 255, 256, 257, 0x7FFFFFFF, 0x80000000, 0xFFFFFFEF, 0xFFFFFFF0, 0xFFFFFFFF};
    static const uint32_t limits[] = {0, 1, 2, 256, 0x7FFFFFFF, 0xFFFFFFFF};
    uint8_t bytes[DOC_BYTES];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t k = 0; k < sizeof limits / sizeof limits[0]; k++) {
            wmbt_view body;
            wmbt_bytes_copy(bytes, doc, DOC_BYTES);
            wmbt_store_le32(bytes + WMBT_ENVELOPE_AT_BODY_BYTES, lengths[i]);
            wmbt_status want = lengths[i] > limits[k] ? WMBT_TOO_LARGE
                               : lengths[i] == 2u     ? WMBT_OK
                                                      : WMBT_BAD_LENGTH;
            T_EQ(t, read_whole(t, wmbt_view_of(bytes, DOC_BYTES), limits[k], &body), want);
            size_t used;
            wmbt_status pushed =
                read_pushed(t, wmbt_view_of(bytes, DOC_BYTES), limits[k], 18, 18, NULL, &used);
            T_EQ(t, pushed, want == WMBT_BAD_LENGTH && lengths[i] < 2u ? WMBT_BAD_CHECKSUM : want);
        }
    }
}

/* Noise of a few lengths, split at every byte, and at random. */
static void test_splits(wmbt_test *t)
{
#if WMBT_CFG_WRITERS
    uint8_t *body = wmbt_test_alloc(t, 4096), *room = wmbt_test_alloc(t, 4096);
    uint8_t *out = wmbt_test_alloc(t, 4096 + 16);
    uint32_t seed = 20260101u;
    T_CHECK(t, body != NULL && out != NULL && room != NULL);
    for (size_t i = 0; i < 4096; i++) {
        body[i] = (uint8_t)wmbt_test_random(&seed);
    }
    for (size_t n = 0; n <= 4096; n = n < 80u ? n + 1u : n * 2u) {
        size_t written = 0, used;
        T_EQ(t, wmbt_envelope_write(wmbt_view_of(body, n), wmbt_buf_of(out, n + 16u), &written),
             WMBT_OK);
        T_EQ(t, wmbt_load_le32(out + WMBT_ENVELOPE_AT_CRC), wmbt_test_crc32c_large(body, n));
        wmbt_view v = wmbt_view_of(out, written);
        for (size_t split = 1; split <= written; split += n < 300u ? 1u : 61u) {
            wmbt_test_fill(room, 4096);
            T_EQ(t, read_pushed(t, v, 4096, split, written, room, &used), WMBT_OK);
            T_CHECK(t,
                    wmbt_test_same(room, body, n) && (n == 4096u || room[n] == WMBT_TEST_PATTERN));
        }
        for (size_t i = 0; i < 20; i++) {
            size_t first = 1u + wmbt_test_random(&seed) % 40u;
            size_t piece = 1u + wmbt_test_random(&seed) % 200u;
            wmbt_test_fill(room, 4096);
            T_EQ(t, read_pushed(t, v, 4096, first, piece, room, &used), WMBT_OK);
            T_CHECK(t, wmbt_test_same(room, body, n));
        }
    }
#else
    (void)t;
#endif
}

static void test_push_states(wmbt_test *t)
{
    wmbt_envelope_push push;
    wmbt_envelope_header header;
    uint8_t room[4];
    size_t taken = 77;
    wmbt_test_fill(room, sizeof room);
    wmbt_test_fill(&header, sizeof header);
    wmbt_envelope_push_init(&push, 2);
    T_EQ(t, wmbt_envelope_push_header(&push, &header), WMBT_MISSING);
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(NULL, 4), NO_DST, &taken),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_envelope_push_feed(&push, NO_VIEW, wmbt_buf_of(NULL, 4), &taken),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, taken, 77);
    T_EQ(t, wmbt_envelope_push_feed(&push, NO_VIEW, NO_DST, &taken), WMBT_NEED_MORE);
    T_EQ(t, taken, 0);
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(doc, 15), wmbt_buf_of(room, 4), &taken),
         WMBT_NEED_MORE);
    T_EQ(t, wmbt_envelope_push_header(&push, &header), WMBT_MISSING);
    T_CHECK(t, wmbt_test_is_filled(&header, sizeof header));
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(doc + 15, 3), wmbt_buf_of(room, 4), &taken),
         WMBT_OK);
    T_EQ(t, taken, 1);
    T_EQ(t, wmbt_envelope_push_header(&push, &header), WMBT_OK);
    T_EQ(t, header.body_bytes, 2);
    taken = 77;
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(doc + 16, 2), wmbt_buf_of(room, 1), &taken),
         WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, taken == 77 && wmbt_test_is_filled(room, sizeof room));
    wmbt_envelope_push clone;
    wmbt_bytes_copy((uint8_t *)&clone, (const uint8_t *)&push, sizeof clone);
    T_EQ(t, wmbt_envelope_push_finish(&clone), WMBT_BAD_LENGTH);
    /* what follows the envelope is not taken, however often it is offered */
    static const uint8_t more[] = "hiWMBT";
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(more, 6), wmbt_buf_of(room, 4), &taken),
         WMBT_END);
    T_EQ(t, taken, 2);
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(more + 2, 4), NO_DST, &taken), WMBT_END);
    T_EQ(t, taken, 0);
    T_CHECK(t, room[0] == 'h' && room[1] == 'i' && room[2] == WMBT_TEST_PATTERN);
    T_EQ(t, wmbt_envelope_push_finish(&push), WMBT_OK);
    /* a refusal is for good, whatever is offered then */
    wmbt_envelope_push_init(&push, 1);
    taken = 77;
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(doc, 16), NO_DST, &taken), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(NULL, 1), NO_DST, &taken), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_envelope_push_feed(&push, NO_VIEW, wmbt_buf_of(NULL, 1), &taken), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_envelope_push_finish(&push), WMBT_TOO_LARGE);
    T_EQ(t, taken, 77);
    /* an empty body ends with the header */
    wmbt_envelope_push_init(&push, 0);
    T_EQ(t,
         wmbt_envelope_push_feed(&push, wmbt_view_of("WMBT\1\0\0\0\0\0\0\0\0\0\0\0", 16), NO_DST,
                                 &taken),
         WMBT_END);
    T_EQ(t, wmbt_envelope_push_finish(&push), WMBT_OK);
    wmbt_envelope_push_init(&push, 0);
    T_EQ(t, wmbt_envelope_push_finish(&push), WMBT_TRUNCATED);
}

/* The header is read once: what follows is judged by what it said then. */
static void test_bytes_that_change(wmbt_test *t)
{
    uint8_t bytes[DOC_BYTES], room[2];
    wmbt_envelope_push push;
    size_t taken;
    wmbt_bytes_copy(bytes, doc, DOC_BYTES);
    wmbt_envelope_push_init(&push, 2);
    T_EQ(t, wmbt_envelope_push_feed(&push, wmbt_view_of(bytes, 18), NO_DST, &taken), WMBT_OK);
    wmbt_test_fill(bytes, 16);
    T_EQ(t,
         wmbt_envelope_push_feed(&push, wmbt_view_of(bytes + 16, 2), wmbt_buf_of(room, 2), &taken),
         WMBT_END);
    T_EQ(t, wmbt_envelope_push_finish(&push), WMBT_OK);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_envelope_header header;
    wmbt_view body;
    wmbt_test_fill(&header, sizeof header);
    T_EQ(t, wmbt_envelope_read_header(wmbt_view_of(NULL, 16), 9, &header), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_envelope_read(wmbt_view_of(NULL, 16), 9, &header, &body), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&header, sizeof header));
    T_EQ(t, wmbt_envelope_verify(&header, wmbt_view_of(NULL, 16)), WMBT_BAD_ARGUMENT);
#if WMBT_CFG_WRITERS
    static const uint8_t byte[1] = {0};
    uint8_t out[32];
    size_t written = 99;
    wmbt_test_fill(out, sizeof out);
    T_EQ(t, wmbt_envelope_write_header(wmbt_view_of(NULL, 1), out), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_envelope_write(wmbt_view_of(NULL, 1), wmbt_buf_of(out, 32), &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_envelope_write(NO_VIEW, wmbt_buf_of(NULL, 32), &written), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_envelope_write(NO_VIEW, wmbt_buf_of(out, 15), &written), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_envelope_write(wmbt_view_of(byte, SIZE_MAX), wmbt_buf_of(out, 32), &written),
         SIZE_MAX > UINT32_MAX ? WMBT_TOO_LARGE : WMBT_BUFFER_TOO_SMALL);
    if (SIZE_MAX > UINT32_MAX) { /* judged by its length, never read */
        T_EQ(t, wmbt_envelope_write_header(wmbt_view_of(byte, SIZE_MAX), out), WMBT_TOO_LARGE);
    }
    T_CHECK(t, written == 99 && wmbt_test_is_filled(out, sizeof out));
#endif
}

static const wmbt_case cases[] = {
    {"golden: every row", test_golden, 1200 * 1024, VECTORS},
    {"golden: every capture", test_captures, 0, FOLDER},
    {"every truncation and bit flip", test_faults, 256, NULL},
    {"hostile: magic and version", test_hostile_magic_and_version, 0, NULL},
    {"hostile: body length, under every limit", test_hostile_body_length, 0, NULL},
    {"push: splits", test_splits, 16 * 1024, NULL},
    {"push: states", test_push_states, 0, NULL},
    {"bytes that change while they are read", test_bytes_that_change, 0, NULL},
    {"arguments", test_arguments, 0, NULL},
};
WMBT_SUITE(envelope, cases);
