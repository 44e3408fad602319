/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd frames: frames of libzstd, published ones, and frames made by hand, field by field. The
 * comparison with libzstd itself is tests/independent/zstd.c.
 */
#include "../support/fault.h"
#include "../support/zstd_forms.h"

#include "base/le.h"
#include "wombatkv/xxh64.h"
#include "wombatkv/zstd.h"

/* --- frames of other implementations ---------------------------------------------------------- */

#define MOST_OUT 1048576u

typedef void row_check(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw, wmbt_status want);

static void for_each_row(wmbt_test *t, row_check *check, size_t longest_raw)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, "vectors/zstd.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        wmbt_status want = (wmbt_status)wmbt_cell_u64(t, cells[1]);
        wmbt_view raw = want == WMBT_OK ? wmbt_cell_bytes(t, cells[2]) : wmbt_view_of(NULL, 0);
        if (raw.len <= longest_raw) {
            forms m = forms_of(t, raw.len + 1100u, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
            T_CALL(t, check(t, &m, wmbt_cell_bytes(t, cells[3]), raw, want));
        }
    }
    T_EQ(t, table.row, 18);
}

static void check_whole(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw, wmbt_status want)
{
    size_t n;
    T_EQ(t, decode(t, m, frame, raw.len + 1000u, &n), want);
    T_EQ(t, n, raw.len);
    T_BYTES(t, m->out.data, raw.data, raw.len);
    if (want != WMBT_OK) {
        return;
    }
    T_EQ(t, decode(t, m, frame, raw.len, &n), WMBT_OK);
    T_BYTES(t, m->out.data, raw.data, raw.len);
    if (raw.len != 0u) {
        T_EQ(t, decode(t, m, frame, raw.len - 1u, &n), WMBT_TOO_LARGE);
        T_EQ(t, decode(t, m, frame, 0, &n), WMBT_TOO_LARGE);
    }
}

static void test_whole(wmbt_test *t)
{
    for_each_row(t, check_whole, MOST_OUT);
}

/* One split: both push forms give what the whole form gives. */
static void check_split(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw, wmbt_status want,
                        split how)
{
    size_t n;
    T_EQ(t, push_out(t, m, frame, how, raw.len + 1000u, &n), want);
    T_CHECK(t, want != WMBT_OK || n == raw.len);
    T_BYTES(t, m->pushed.data, raw.data, raw.len);
    wmbt_zstd_header header;
    T_EQ(t, wmbt_zstd_read_header(frame, &header), WMBT_OK);
    if (header.window_bytes > WINDOW) {
        return;
    }
    T_EQ(t, push_ring(t, m, frame, how, raw.len + 1000u, &n), want);
    T_CHECK(t, want != WMBT_OK || n == raw.len);
    T_BYTES(t, m->pushed.data, raw.data, raw.len);
}

static void check_splits(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw, wmbt_status want)
{
    for (size_t first = 0; first <= frame.len; first++) {
        split how = {first, SIZE_MAX};
        T_CALL(t, check_split(t, m, frame, raw, want, how));
    }
    for (size_t piece = 1; piece < 20u; piece++) {
        split how = {piece, piece};
        T_CALL(t, check_split(t, m, frame, raw, want, how));
    }
}

static void test_splits(wmbt_test *t)
{
    for_each_row(t, check_splits, T_MANY(9000, 2500));
}

/* Cut off anywhere but at its beginning a frame is truncated, in both forms. */
static void check_truncations(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw,
                              wmbt_status want)
{
    split how = {7, 11};
    for (size_t n = 0; n < frame.len && want == WMBT_OK; n++) {
        size_t made;
        wmbt_status cut = n == 0u ? WMBT_OK : WMBT_TRUNCATED;
        T_EQ(t, decode(t, m, wmbt_view_of(frame.data, n), raw.len, &made), cut);
        T_EQ(t, push_out(t, m, wmbt_view_of(frame.data, n), how, raw.len, &made), cut);
    }
}

static void test_truncations(wmbt_test *t)
{
    for_each_row(t, check_truncations, T_MANY(9000, 2500));
}

typedef struct flips {
    forms *m;
    wmbt_view raw;
    bool checked; /* the frame has a checksum */
} flips;

/* Whatever a flipped bit does, both forms do it, and a checksum lets no other bytes pass. */
static void check_flip(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    flips *f = context;
    size_t n, pushed;
    split how = {at % 13u, 1u + at % 29u};
    size_t cap = f->raw.len + 100u;
    wmbt_status status = decode(t, f->m, changed, cap, &n);
    if (status == WMBT_OK && f->checked && at / 8u >= 6u) {
        T_EQ(t, n, f->raw.len);
        T_BYTES(t, f->m->out.data, f->raw.data, n);
    }
    wmbt_zstd_push push;
    wmbt_buf window = wmbt_buf_of(f->m->ring.data, cap);
    T_EQ(t, wmbt_zstd_push_init(&push, f->m->work, window), WMBT_OK);
    T_EQ(t, feed(t, f->m, &push, changed, how, &pushed), status);
    if (status == WMBT_OK) {
        T_EQ(t, pushed, n);
        T_BYTES(t, f->m->pushed.data, f->m->out.data, n);
    }
}

static void check_flips(wmbt_test *t, forms *m, wmbt_view frame, wmbt_view raw, wmbt_status want)
{
    if (want != WMBT_OK) {
        return;
    }
    flips f = {m, raw, (frame.data[4] & 4u) != 0u};
    m->ring = room(t, raw.len + 1100u);
    wmbt_fault_flip(t, frame, 1, check_flip, &f);
}

static void test_flips(wmbt_test *t)
{
    for_each_row(t, check_flips, T_MANY(3000, 600));
}

/* --- frames made by hand ---------------------------------------------------------------------- */

static void test_made_sequences(wmbt_test *t)
{
    maker m;
    /* "a", offset 1 (code 2: 4 + 2 bits - 3), length 3 */
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 2, 0, 0x04));
    EXPECT(WMBT_OK, "aaaa");
    /* "ab" and "c" behind: offset 2 */
    BLOCK(&m, 0x18, 'a', 'b', 'c', SEQUENCE(2, 2, 1, 0x05));
    EXPECT(WMBT_OK, "abababc");
    /* value 1: the last offset, which is 1 at first */
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 0, 0, 0x01));
    EXPECT(WMBT_OK, "aaaa");
    /* value 2, with literals: the one before, 4 */
    BLOCK(&m, 0x20, 'a', 'b', 'c', 'd', SEQUENCE(4, 1, 0, 0x02));
    EXPECT(WMBT_OK, "abcdabc");
    /* literals RLE, 5 of them */
    BLOCK(&m, 0x29, 'x', SEQUENCE(4, 0, 0, 0x01));
    EXPECT(WMBT_OK, "xxxxxxxx");
    /* value 3, with literals: the third last, which is 8 at first */
    BLOCK(&m, 0x40, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', SEQUENCE(8, 1, 0, 0x03));
    EXPECT(WMBT_OK, "abcdefghabc");
}

static void test_made_literals(wmbt_test *t)
{
    maker m;
    /* A tree of one weight of four bits: symbols 0 and 1, a bit each; four of them in a stream. */
    BLOCK(&m, 0x42, 0xC0, 0x00, 0x80, 0x10, 0x1B, 0);
    forms f = forms_of(t, 64, 0);
    size_t n;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n), WMBT_OK);
    T_EQ(t, n, 4);
    T_BYTES(t, f.out.data, (const uint8_t *)"\1\0\1\1", 4);
    wmbt_test_reset(t);
    /* raw and RLE headers of 1, 2 and 3 bytes */
    BLOCK(&m, 0x10, 'a', 'b', 0);
    EXPECT(WMBT_OK, "ab");
    BLOCK(&m, 0x24, 0x00, 'a', 'b', 0);
    EXPECT(WMBT_OK, "ab");
    BLOCK(&m, 0x2C, 0x00, 0x00, 'a', 'b', 0);
    EXPECT(WMBT_OK, "ab");
    BLOCK(&m, 0x25, 0x00, 'a', 0);
    EXPECT(WMBT_OK, "aa");
    BLOCK(&m, 0x2D, 0x00, 0x00, 'a', 0);
    EXPECT(WMBT_OK, "aa");
}

static void test_concatenated(wmbt_test *t)
{
    static const uint8_t skippable[] = {0x5F, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3};
    static const uint8_t skip_none[] = {0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0};
    static const uint8_t empty[] = {MAGIC, 0x20, 0x00, 0x01, 0x00, 0x00};
    static const uint8_t one[] = {MAGIC, 0x20, 0x01, 0x09, 0x00, 0x00, 'o'};
    maker m = {{0}, 0};
    EXPECT(WMBT_OK, "");
    add(&m, skippable, sizeof skippable);
    EXPECT(WMBT_OK, "");
    add(&m, one, sizeof one);
    add(&m, skip_none, sizeof skip_none);
    add(&m, empty, sizeof empty);
    add(&m, one, sizeof one);
    EXPECT(WMBT_OK, "oo");
    add(&m, skippable, sizeof skippable);
    EXPECT(WMBT_OK, "oo");
    for (size_t n = 1; n < sizeof skippable; n++) {
        m.n--;
        EXPECT(n > sizeof skippable - 4u ? WMBT_TRAILING_BYTES : WMBT_TRUNCATED, "");
    }
    m.n--;
    ADD(&m, 'x', 'x', 'x', 'x');
    EXPECT(WMBT_TRAILING_BYTES, "");
}

/* A match does not reach into the frame before. */
static void test_frames_are_apart(wmbt_test *t)
{
    maker m, second;
    begin(&m);
    block_header(&m, 1, RAW, 3);
    ADD(&m, 'a', 'b', 'c');
    BLOCK(&second, 0x08, 'd', SEQUENCE(1, 2, 0, 0x05)); /* offset 2, one byte there */
    add(&m, second.b, second.n);
    EXPECT(WMBT_BAD_OFFSET, "");
}

/* Nothing of a frame is there in the next one: its tree, its tables, its last offsets. */
static void test_frames_begin_anew(wmbt_test *t)
{
    maker m, second;
    BLOCK(&m, 0x42, 0xC0, 0x00, 0x80, 0x10, 0x1B, 0);
    BLOCK(&second, 0x43, 0x40, 0x00, 0x1B, 0); /* treeless */
    add(&m, second.b, second.n);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 2, 0, 0x04));
    BLOCK(&second, 0x08, 'a', 1, 0xFC, 0x04); /* the tables before */
    add(&m, second.b, second.n);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    for (unsigned value = 1; value <= 3u; value++) {
        static const char *const texts[] = {"12345678345783834abcdefghhhh",
                                            "12345678345783834abcdefghefg",
                                            "12345678345783834abcdefghabc"};
        /* no literals; offsets 6, 5 and 7 by 3 bits each: 8 + 1 - 3, 8 + 0 - 3, 8 + 2 - 3 */
        begin(&m);
        block_header(&m, 0, RAW, 8);
        ADD(&m, '1', '2', '3', '4', '5', '6', '7', '8');
        block_header(&m, 1, COMPRESSED, 8);
        ADD(&m, 0, 3, 0x54, 0, 3, 0, 0x42, 0x02); /* 1, 001 000 010 */
        begin(&second);
        block_header(&second, 1, COMPRESSED, 15);
        ADD(&second, 0x40, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
        ADD(&second, 1, 0x54, 8, value == 1u ? 0 : 1, 0,
            (uint8_t)(value == 1u ? 1u : 2u | (value - 2u)));
        add(&m, second.b, second.n);
        EXPECT(WMBT_OK, texts[value - 1u]);
    }
}

/* What a block before left behind is not taken for what this one lacks. */
static void test_blocks_that_lack_something(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 0, COMPRESSED, 4);
    ADD(&m, 0x10, 'a', 'b', 0);
    block_header(&m, 1, COMPRESSED, 2);
    ADD(&m, 0x2C, 0x00); /* a byte of the sizes is not there */
    EXPECT(WMBT_BAD_LENGTH, "");
    begin(&m);
    block_header(&m, 0, COMPRESSED, 36);
    ADD(&m, 0x14, 0x02); /* 33 raw literals */
    for (unsigned i = 0; i < 33u; i++) {
        ADD(&m, 'a');
    }
    ADD(&m, 0);
    block_header(&m, 1, COMPRESSED, 0); /* no literals: 33 more have no room, but were not said */
    EXPECT(WMBT_BAD_LENGTH, "");
    /* a number of sequences that is cut off is told before literals that do not decode */
    BLOCK(&m, 0x42, 0xC0, 0x00, 0x80, 0x20, 0x1B, 0x80);
    EXPECT(WMBT_BAD_LENGTH, "");
}

/* Input that ends in a block: what is there of it, and what says how much there is. */
static void test_blocks_cut_off(wmbt_test *t)
{
    maker m;
    for (unsigned bytes = 0; bytes < 3u; bytes++) {
        begin(&m);
        block_header(&m, 0, RAW, 1);
        ADD(&m, 'a');
        block_header(&m, 1, RLE, 5);
        m.n -= 3u - bytes;
        EXPECT(WMBT_TRUNCATED, "");
    }
    begin(&m);
    block_header(&m, 1, RLE, 5);
    EXPECT(WMBT_TRUNCATED, "");
    /* A raw block is longer than the room: as much as there is fits in, so that it is the input
     * that ends; with one byte more it is the room. */
    begin(&m);
    block_header(&m, 1, RAW, 5);
    ADD(&m, 'a', 'b', 'c');
    T_CALL(t, expect(t, &m, 3, WMBT_TRUNCATED, ""));
    ADD(&m, 'd');
    T_CALL(t, expect(t, &m, 3, WMBT_TOO_LARGE, ""));
}

/* The room is for all frames: what a frame says that it holds has to fit behind those before. */
static void test_room_of_the_second_frame(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 1, RAW, 3);
    ADD(&m, 'a', 'b', 'c');
    ADD(&m, MAGIC, 0x20, 62);
    block_header(&m, 1, RAW, 1);
    ADD(&m, 'd');
    EXPECT(WMBT_TOO_LARGE, ""); /* of 64 bytes */
    m.b[m.n - 5u] = 61;
    EXPECT(WMBT_BAD_LENGTH, "");
}

static void test_checksum(wmbt_test *t)
{
    maker m = {{0}, 0};
    wmbt_xxh64 x;
    ADD(&m, MAGIC, 0x24, 3);
    block_header(&m, 0, RAW, 2);
    ADD(&m, 'a', 'b');
    block_header(&m, 1, RLE, 1);
    ADD(&m, 'c');
    wmbt_xxh64_init(&x, 0);
    wmbt_xxh64_update(&x, WMBT_VIEW_LITERAL("abc"));
    wmbt_store_le32(m.b + m.n, (uint32_t)wmbt_xxh64_final(&x));
    m.n += 4u;
    EXPECT(WMBT_OK, "abc");
    for (unsigned bit = 0; bit < 32u; bit++) {
        m.b[m.n - 1u - bit / 8u] ^= (uint8_t)(1u << (bit % 8u));
        EXPECT(WMBT_BAD_CHECKSUM, "");
        m.b[m.n - 1u - bit / 8u] ^= (uint8_t)(1u << (bit % 8u));
    }
}

/* --- hostile fields, one by one --------------------------------------------------------------- */

static void test_hostile_magic(wmbt_test *t)
{
    static const uint8_t legacy[] = {0x1E, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27};
    maker m;
    for (unsigned low = 0; low < 256u; low++) {
        wmbt_status want = low == 0x28u ? WMBT_OK : WMBT_BAD_MAGIC;
        for (unsigned i = 0; i < sizeof legacy; i++) {
            want = low == legacy[i] ? WMBT_UNSUPPORTED_VERSION : want;
        }
        begin(&m);
        block_header(&m, 1, RAW, 1);
        ADD(&m, 'a');
        m.b[0] = (uint8_t)low;
        EXPECT(want, "a");
    }
    for (unsigned bit = 8; bit < 32u; bit++) {
        begin(&m);
        m.b[bit / 8u] ^= (uint8_t)(1u << (bit % 8u));
        EXPECT(WMBT_BAD_MAGIC, "");
    }
}

static void test_hostile_descriptor(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 1, RAW, 1);
    ADD(&m, 'a');
    m.b[4] = 0x10; /* the unused bit means nothing */
    EXPECT(WMBT_OK, "a");
    m.b[4] = 0x08;
    EXPECT(WMBT_BAD_FIELD, "");
}

static void test_hostile_window(wmbt_test *t)
{
    for (unsigned byte = 0; byte < 256u; byte++) {
        maker m;
        wmbt_zstd_header header = {7, 7, 7, 7};
        uint64_t base = (uint64_t)1 << (10u + byte / 8u);
        wmbt_status want = byte / 8u <= 21u ? WMBT_OK : WMBT_UNSUPPORTED_WINDOW;
        begin(&m);
        block_header(&m, 1, RAW, 1);
        ADD(&m, 'a');
        m.b[5] = (uint8_t)byte;
        EXPECT(want, "a");
        T_EQ(t, wmbt_zstd_read_header(wmbt_view_of(m.b, m.n), &header), want);
        T_EQ(t, header.window_bytes, want == WMBT_OK ? base + base / 8u * (byte % 8u) : 7u);
        /* The ring serves 1 KiB. */
        forms f = forms_of(t, 64, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
        split how = {3, 1};
        size_t n;
        T_EQ(t, push_ring(t, &f, wmbt_view_of(m.b, m.n), how, 64, &n),
             byte == 0u ? WMBT_OK : WMBT_UNSUPPORTED_WINDOW);
        wmbt_test_reset(t);
    }
}

/* A ring of the bytes that the macro names is taken, one byte less is not: by init() if the window
 * is no larger than a block, else once a frame asks for the window. */
static void test_ring_bytes(wmbt_test *t)
{
    static const uint32_t blocks[] = {1, 1024, 65536, WMBT_ZSTD_BLOCK_BYTES};
    static const uint8_t frame[] = {0x28, 0xB5, 0x2F, 0xFD, 0,
                                    0,    1,    0,    0}; /* no block but an empty */
    wmbt_buf work = room(t, WMBT_ZSTD_PUSH_BYTES(WMBT_ZSTD_BLOCK_BYTES));
    wmbt_buf ring = room(t, WMBT_ZSTD_RING_BYTES(WMBT_ZSTD_BLOCK_BYTES, WMBT_ZSTD_BLOCK_BYTES));
    for (uint32_t log = 10; log <= 17u; log++) { /* windows of 1 to 128 KiB */
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            uint8_t bytes[sizeof frame];
            wmbt_test_copy(bytes, frame, sizeof frame);
            bytes[5] = (uint8_t)((log - 10u) << 3);
            for (uint32_t less = 0; less < 2u; less++) {
                wmbt_zstd_push push;
                wmbt_view made;
                size_t taken;
                wmbt_status status = wmbt_zstd_push_init_ring(
                    &push, wmbt_buf_of(work.data, WMBT_ZSTD_PUSH_BYTES(blocks[i])),
                    wmbt_buf_of(ring.data, WMBT_ZSTD_RING_BYTES(1u << log, blocks[i]) - less),
                    1000);
                if (less == 1u && blocks[i] >= 1u << log) {
                    T_EQ(t, status, WMBT_BUFFER_TOO_SMALL);
                    continue;
                }
                T_EQ(t, status, WMBT_OK);
                status =
                    wmbt_zstd_push_feed(&push, wmbt_view_of(bytes, sizeof bytes), &taken, &made);
                T_EQ(t, status, less == 0u ? WMBT_NEED_MORE : WMBT_UNSUPPORTED_WINDOW);
            }
        }
    }
}

/* Bytes of which no 64 repeat. */
static uint8_t pattern_at(size_t i)
{
    return (uint8_t)(i * 7u + (i >> 5) * 13u + (i >> 10));
}

/* A window's worth of bytes in raw blocks of 900, a literal and a match of 104 bytes that may begin
 * before the place where the ring began anew, and end behind it. */
static size_t make_wrap(wmbt_buf frame, unsigned blocks, uint32_t offset)
{
    maker m;
    size_t at = 0;
    uint32_t code = offset + 3u >= 1024u ? 10u : 9u;
    uint32_t bits = 1u << (code + 5u) | (offset + 3u - (1u << code)) << 5 | 5u; /* length 99 + 5 */
    begin(&m);
    for (unsigned i = 0; i < blocks; i++) {
        block_header(&m, 0, RAW, 900);
        wmbt_test_copy(frame.data + at, m.b, m.n);
        at += m.n;
        m.n = 0;
        for (size_t j = 0; j < 900u; j++) {
            frame.data[at++] = pattern_at(i * 900u + j);
        }
    }
    block_header(&m, 1, COMPRESSED, 9);
    ADD(&m, 0x08, 'z', 1, 0x54, 1, (uint8_t)code, 42, (uint8_t)bits, (uint8_t)(bits >> 8));
    wmbt_test_copy(frame.data + at, m.b, m.n);
    return at + m.n;
}

static void test_a_match_over_the_end_of_a_ring(wmbt_test *t)
{
    for (unsigned blocks = 1; blocks < 9u; blocks++) {
        for (uint32_t offset = 600; offset <= 1024u; offset += offset < 890u ? 29u : 1u) {
            size_t plain = blocks * 900u, n;
            if (offset > plain + 1u) {
                continue;
            }
            forms f = forms_of(t, 9000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
            wmbt_buf frame = room(t, 9000);
            split how = {7, 101};
            size_t len = make_wrap(frame, blocks, offset);
            T_EQ(t, push_ring(t, &f, wmbt_view_of(frame.data, len), how, 9000, &n), WMBT_OK);
            T_EQ(t, n, plain + 1u + 104u);
            for (size_t i = 0; i < n; i++) {
                uint8_t expected = i < plain    ? pattern_at(i)
                                   : i == plain ? (uint8_t)'z'
                                                : f.pushed.data[i - offset];
                T_EQ(t, f.pushed.data[i], expected);
            }
            wmbt_test_reset(t);
        }
    }
}

/* Each frame has all of the ring. */
static void test_frames_of_a_ring(wmbt_test *t)
{
    maker m = {{0}, 0};
    for (unsigned i = 0; i < 2u; i++) {
        ADD(&m, MAGIC, 0x60, 0xB8, 0x0A); /* one segment of 256 + 2,744 bytes */
        block_header(&m, 1, RLE, 3000);
        ADD(&m, (uint8_t)('a' + i));
    }
    forms f = forms_of(t, 6000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    split how = {5, 3};
    size_t n;
    T_EQ(t, push_ring(t, &f, wmbt_view_of(m.b, m.n), how, 6000, &n), WMBT_OK);
    T_EQ(t, n, 6000);
    for (size_t i = 0; i < n; i++) {
        T_EQ(t, f.pushed.data[i], 'a' + i / 3000u);
    }
    /* What follows a frame is a trailing byte, what begins anew is not, though the memory knows. */
    T_EQ(t, push_ring(t, &f, WMBT_VIEW_LITERAL("KVB1"), how, 6000, &n), WMBT_BAD_MAGIC);
    T_EQ(t, push_out(t, &f, WMBT_VIEW_LITERAL("KVB1"), how, 6000, &n), WMBT_BAD_MAGIC);
}

/* A frame that says how much it holds, which is more than the ring: the window decides. */
static void test_a_ring_with_less_than_its_frame(wmbt_test *t)
{
    for (unsigned blocks = 1; blocks < 9u; blocks++) {
        maker m = {{0}, 0};
        uint32_t content = blocks * 900u;
        ADD(&m, MAGIC, 0x40, 0x00, (uint8_t)(content - 256u), (uint8_t)((content - 256u) >> 8));
        for (unsigned i = 0; i < blocks; i++) {
            block_header(&m, i + 1u == blocks, RLE, 900);
            ADD(&m, (uint8_t)('a' + i));
        }
        forms f = forms_of(t, 9000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
        split how = {1, 1};
        size_t n;
        T_EQ(t, push_ring(t, &f, wmbt_view_of(m.b, m.n), how, 9000, &n), WMBT_OK);
        T_EQ(t, n, content);
        for (size_t i = 0; i < n; i++) {
            T_EQ(t, f.pushed.data[i], 'a' + i / 900u);
        }
        wmbt_test_reset(t);
    }
}

/* Memory that is too small or lies askew is refused by both kinds of push, which keep nothing. */
static void test_push_memory(wmbt_test *t)
{
    forms f = forms_of(t, 64, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    static const struct {
        size_t skip, less;
        wmbt_status status;
    } rows[] = {{0, 0, WMBT_OK},
                {0, 1, WMBT_BUFFER_TOO_SMALL},
                {0, WMBT_ZSTD_WORKSPACE_BYTES, WMBT_BUFFER_TOO_SMALL},
                {1, 0, WMBT_BUFFER_MISALIGNED},
                {WMBT_ZSTD_ALIGN / 2u, 0, WMBT_BUFFER_MISALIGNED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_buf memory =
            wmbt_buf_of(f.work.data + rows[i].skip, WMBT_ZSTD_WORKSPACE_BYTES - rows[i].less);
        wmbt_zstd_push push = {NULL};
        T_EQ(t, wmbt_zstd_push_init(&push, memory, f.out), rows[i].status);
        T_CHECK(t, (push.state == NULL) == (rows[i].status != WMBT_OK));
        push.state = NULL;
        T_EQ(t, wmbt_zstd_push_init_ring(&push, memory, f.ring, 64), rows[i].status);
        T_CHECK(t, (push.state == NULL) == (rows[i].status != WMBT_OK));
    }
    wmbt_zstd_push push = {NULL};
    T_EQ(t, wmbt_zstd_push_init(&push, wmbt_buf_of(NULL, WMBT_ZSTD_WORKSPACE_BYTES), f.out),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_push_init(&push, f.work, wmbt_buf_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_push_init_ring(&push, f.work, wmbt_buf_of(NULL, 1), 1), WMBT_BAD_ARGUMENT);
    T_CHECK(t, push.state == NULL);
}

/* In a ring a match may be as far away as the window says, wherever the ring has begun anew. */
static void test_hostile_window_of_a_ring(wmbt_test *t)
{
    maker m;
    for (unsigned blocks = 1; blocks < 9u; blocks++) {
        for (unsigned offset = 1021; offset < 1030u; offset++) {
            begin(&m);
            for (unsigned i = 0; i < blocks; i++) {
                block_header(&m, 0, RLE, 900);
                ADD(&m, (uint8_t)('a' + i));
            }
            block_header(&m, 1, COMPRESSED, 9);
            /* one literal; offset code 10: 1,024 + 10 bits - 3 */
            uint32_t value = offset + 3u - 1024u;
            ADD(&m, 0x08, 'z', 1, 0x54, 1, 10, 0, (uint8_t)value, (uint8_t)(4u | value >> 8));
            forms f = forms_of(t, 9000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
            wmbt_view frame = wmbt_view_of(m.b, m.n);
            split how = {5, 3};
            size_t n, whole;
            wmbt_status want = offset <= 900u * blocks + 1u ? WMBT_OK : WMBT_BAD_OFFSET;
            T_EQ(t, decode(t, &f, frame, 9000, &whole), want);
            wmbt_status ring = offset <= 1024u ? want : WMBT_BAD_OFFSET;
            T_EQ(t, push_ring(t, &f, frame, how, 9000, &n), ring);
            T_CHECK(t, ring != WMBT_OK || n == whole);
            T_BYTES(t, f.pushed.data, f.out.data, ring == WMBT_OK ? n : 0u);
            wmbt_test_reset(t);
        }
    }
}

/* A frame whose content fits into the ring has no other bound: its first byte stays within reach.
 */
static void test_ring_with_all_of_a_frame(wmbt_test *t)
{
    maker m = {{0}, 0};
    ADD(&m, MAGIC, 0x60, 0xB8, 0x0A); /* one segment of 256 + 2,744 bytes */
    for (unsigned i = 0; i < 3u; i++) {
        block_header(&m, 0, RLE, 900);
        ADD(&m, (uint8_t)('a' + i));
    }
    block_header(&m, 1, COMPRESSED, 10);
    /* "z", then 299 bytes from 2,701 back: offset code 11, 2,048 + 656 - 3;
     * length code 44, 259 + 40 */
    ADD(&m, 0x08, 'z', 1, 0x54, 1, 11, 44, 0x28, 0x90, 0x0A);
    forms f = forms_of(t, 4000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    wmbt_view frame = wmbt_view_of(m.b, m.n);
    split how = {5, 3};
    size_t n, whole;
    T_EQ(t, decode(t, &f, frame, 4000, &whole), WMBT_OK);
    T_EQ(t, whole, 3000);
    T_EQ(t, f.out.data[2999], 'a');
    T_EQ(t, push_ring(t, &f, frame, how, 4000, &n), WMBT_OK);
    T_EQ(t, n, 3000);
    T_BYTES(t, f.pushed.data, f.out.data, 3000);
}

/* A ring that was to hold all of the frame has no room for more than the content: at the last byte,
 * behind it, in an RLE, raw or compressed block. What exceeds the cap is still too large. */
static void test_ring_with_more_than_its_frame(wmbt_test *t)
{
    static const uint32_t contents[] = {10, 3071, 3072};
    static const uint32_t caps[] = {1000000, 3073, 3072, 3071};
    split how = {5, 3};
    for (unsigned i = 0; i < 3u; i++) {
        for (unsigned k = 0; k < 4u; k++) {
            for (unsigned type = RAW; type <= COMPRESSED; type++) {
                maker m = {{0}, 0};
                ADD(&m, MAGIC, 0xA0, (uint8_t)contents[i], (uint8_t)(contents[i] >> 8), 0, 0);
                block_header(&m, 0, RLE, type == RLE ? 3073 : 3071);
                ADD(&m, 'a');
                if (type == COMPRESSED) {
                    block_header(&m, 1, COMPRESSED, 4);
                    ADD(&m, 0x10, 'b', 'c', 0);
                } else {
                    block_header(&m, 1, RAW, 2);
                    ADD(&m, 'b', 'c');
                }
                forms f = forms_of(t, 4000, 3072);
                wmbt_view frame = wmbt_view_of(m.b, m.n);
                wmbt_status want = caps[k] <= 3072u ? WMBT_TOO_LARGE : WMBT_BAD_LENGTH;
                size_t n;
                if (type != RLE || caps[k] != 3073u) {
                    T_EQ(t, decode(t, &f, frame, wmbt_min_size(caps[k], 4000), &n), want);
                }
                wmbt_zstd_push push;
                wmbt_buf work = wmbt_buf_of(f.work.data, WMBT_ZSTD_PUSH_BYTES(1024));
                T_EQ(t, wmbt_zstd_push_init_ring(&push, work, f.ring, caps[k]), WMBT_OK);
                T_EQ(t, feed(t, &f, &push, frame, how, &n), want);
                wmbt_test_reset(t);
            }
        }
    }
}

/* Where the last block of the room goes on behind it, the content is more than was said, too. */
static void test_ring_whose_last_block_is_too_long(wmbt_test *t)
{
    maker m = {{0}, 0};
    split how = {5, 3};
    size_t n;
    ADD(&m, MAGIC, 0x60, 2100u - 256u - 7u * 256u, 7); /* one segment of 2,100 bytes */
    block_header(&m, 0, RLE, 2u * WINDOW);
    ADD(&m, 'a');
    block_header(&m, 1, COMPRESSED, 5); /* 1,100 literals */
    ADD(&m, (uint8_t)(1u | 3u << 2 | 1100u << 4), (uint8_t)(1100u >> 4), 0, 'b', 0);
    forms f = forms_of(t, 4000, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 4000, &n), WMBT_BAD_LENGTH);
    T_EQ(t, push_ring(t, &f, wmbt_view_of(m.b, m.n), how, 4000, &n), WMBT_BAD_LENGTH);
}

static void test_hostile_dictionary(wmbt_test *t)
{
    static const uint8_t bytes[] = {0, 1, 2, 4};
    for (unsigned code = 1; code < 4u; code++) {
        for (unsigned at = 0; at <= bytes[code]; at++) { /* which byte is not 0; the last: none */
            maker m = {{0}, 0};
            ADD(&m, MAGIC, (uint8_t)code, 0x00, 0, 0, 0, 0);
            m.n = 6u + bytes[code];
            block_header(&m, 1, RAW, 1);
            ADD(&m, 'a');
            if (at < bytes[code]) {
                m.b[6u + at] = 1;
            }
            EXPECT(at < bytes[code] ? WMBT_UNSUPPORTED_DICTIONARY : WMBT_OK, "a");
        }
    }
}

/* Content sizes of 1, 2, 4 and 8 bytes, right and wrong. */
static void test_hostile_content_size(wmbt_test *t)
{
    static const uint8_t descriptors[] = {0x20, 0x60, 0xA0, 0xE0};
    for (unsigned form = 0; form < 4u; form++) {
        unsigned bytes = 1u << form;
        for (unsigned at = 0; at <= bytes; at++) {
            maker m = {{0}, 0};
            ADD(&m, MAGIC, descriptors[form], 0, 0, 0, 0, 0, 0, 0, 0);
            m.n = 5u + bytes;
            wmbt_store_le32(m.b + 5, form == 1u ? 44u : 300u);
            m.b[5] = form == 0u ? 200 : m.b[5];
            block_header(&m, 1, RLE, form == 0u ? 200 : 300);
            ADD(&m, 'a');
            forms f = forms_of(t, 1000, 0);
            size_t n;
            if (at < bytes) {
                m.b[5u + at] = (uint8_t)(m.b[5u + at] + 1u);
            }
            /* One or 256 too many show at the end, more at once. */
            wmbt_status want = at == bytes ? WMBT_OK : at < 2u ? WMBT_BAD_LENGTH : WMBT_TOO_LARGE;
            split how = {3, 2};
            T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 700, &n), want);
            T_EQ(t, n, want == WMBT_OK ? (form == 0u ? 200 : 300) : 0);
            T_EQ(t, push_out(t, &f, wmbt_view_of(m.b, m.n), how, 700, &n), want);
            wmbt_test_reset(t);
        }
    }
}

static void test_hostile_block_type(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 1, 3, 1);
    ADD(&m, 'a');
    EXPECT(WMBT_BAD_FIELD, "");
}

static void test_hostile_block_size(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 1, RAW, 0x1FFFFF);
    ADD(&m, 'a');
    EXPECT(WMBT_TRUNCATED, "");
    begin(&m);
    block_header(&m, 1, RLE,
                 0x1FFFFF); /* longer than the window is fine, longer than the room is not */
    ADD(&m, 'a');
    EXPECT(WMBT_TOO_LARGE, "");
    forms f = forms_of(t, 0x1FFFFF, 0);
    size_t n;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 0x1FFFFF, &n), WMBT_OK);
    T_EQ(t, n, 0x1FFFFF);
    wmbt_test_reset(t);
    begin(&m);
    block_header(&m, 1, COMPRESSED, 1025); /* a compressed block is not longer than the window */
    EXPECT(WMBT_BAD_LENGTH, "");
    begin(&m);
    block_header(&m, 1, COMPRESSED, 1024);
    EXPECT(WMBT_TRUNCATED, "");
    begin(&m);
    block_header(&m, 1, COMPRESSED, 0);
    EXPECT(WMBT_BAD_LENGTH, "");
    begin(&m);
    m.b[5] = 0x38; /* 128 KiB */
    block_header(&m, 1, COMPRESSED, 131072);
    EXPECT(WMBT_TRUNCATED, "");
    m.b[5] = 0x40;
    m.n = 6;
    block_header(&m, 1, COMPRESSED, 131073);
    EXPECT(WMBT_BAD_LENGTH, "");
}

static void test_hostile_block_size_of_a_push(wmbt_test *t)
{
    maker m;
    begin(&m);
    m.b[5] = 0x38;
    block_header(&m, 1, COMPRESSED, 1025);
    wmbt_zstd_push push;
    size_t taken = 7;
    wmbt_view made;
    wmbt_buf work = room(t, WMBT_ZSTD_PUSH_BYTES(1024)), out = room(t, 4096);
    T_EQ(t, wmbt_zstd_push_init(&push, work, out), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_feed(&push, wmbt_view_of(m.b, m.n), &taken, &made), WMBT_TOO_LARGE);
    T_EQ(t, taken, 7);
    m.b[m.n - 3u] = (uint8_t)(m.b[m.n - 3u] - 8u);
    T_EQ(t, wmbt_zstd_push_init(&push, work, out), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_feed(&push, wmbt_view_of(m.b, m.n), &taken, &made), WMBT_NEED_MORE);
}

static void test_hostile_literals_sizes(wmbt_test *t)
{
    maker m;
    BLOCK(&m, 0x18, 'a', 'b'); /* 3 raw literals, 2 bytes */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0xFC, 0xFF, 0xFF, 'a', 0); /* 1 MiB of them */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x24); /* header cut off */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x29); /* nothing to repeat */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x29, 'a'); /* no number of sequences */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0xFD, 0xFF, 0xFF, 'a', 0); /* RLE: more than the room, then than the window */
    EXPECT(WMBT_TOO_LARGE, "");
    forms f = forms_of(t, 2000, 0);
    size_t n;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 2000, &n), WMBT_BAD_LENGTH);
    wmbt_test_reset(t);
    BLOCK(&m, 0x42, 0x00, 0x01, 0x80, 0x10, 0x1B,
          0); /* Huffman: 4 bytes, 3 and the last are there */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0xF2, 0xFF, 0x00, 0x80, 0x10, 0x1B, 0); /* 1023 literals */
    EXPECT(WMBT_TOO_LARGE, "");
    BLOCK(&m, 0x52, 0xC0, 0x00, 0x80, 0x10, 0x1B, 0); /* 5 where there are 4 */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x32, 0xC0, 0x00, 0x80, 0x10, 0x1B, 0); /* 3 where there are 4 */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x42, 0xC0, 0x00, 0x80, 0x10, 0x00, 0); /* no end mark */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x42, 0x80, 0x00, 0x80, 0x10, 0); /* no stream */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x42, 0x00, 0x00, 0); /* nor a tree */
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

/* Four streams of two literals each: 2 x 4 bits "01", behind a jump table. */
static void test_hostile_streams(wmbt_test *t)
{
    maker m;
    for (unsigned byte = 0; byte < 6u; byte++) {
        /* format 1, 8 literals, 12 bytes: 2 | 1 << 2 | 8 << 4 | 12 << 14 */
        BLOCK(&m, 0x86, 0x00, 0x03, 0x80, 0x10, 1, 0, 1, 0, 1, 0, 5, 5, 5, 5, 0);
        forms f = forms_of(t, 64, 0);
        size_t n;
        T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n), WMBT_OK);
        T_EQ(t, n, 8);
        T_BYTES(t, f.out.data, (const uint8_t *)"\0\1\0\1\0\1\0\1", 8);
        wmbt_test_reset(t);
        m.b[14u + byte] = 0xFF;
        EXPECT(WMBT_BAD_BITSTREAM, "");
        m.b[14u + byte] = 2;
        EXPECT(WMBT_BAD_BITSTREAM, "");
    }
    /* 5 literals do not come in four streams */
    BLOCK(&m, 0x56, 0x00, 0x03, 0x80, 0x10, 1, 0, 1, 0, 1, 0, 5, 5, 5, 5, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* nor four, a good stream of one each */
    BLOCK(&m, 0x46, 0x00, 0x03, 0x80, 0x10, 1, 0, 1, 0, 1, 0, 3, 3, 3, 3, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* nor three, with an empty stream at the end */
    BLOCK(&m, 0x36, 0x00, 0x03, 0x80, 0x10, 1, 0, 1, 0, 1, 0, 3, 3, 3, 1, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* treeless without a tree before it */
    BLOCK(&m, 0x43, 0x40, 0x00, 0x1B, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

/* Four streams of so many codes of one bit each, which tables of several symbols serve. */
#define SHORT_CODES 2300u
#define SHORT_BYTES (SHORT_CODES / 8u + 1u)
#define SHORT_FRAME_BYTES (4u * SHORT_BYTES + 32u)

static uint32_t short_code(const uint8_t *stream, size_t at)
{
    size_t bit = SHORT_CODES - 1u - at;
    return stream[bit / 8u] >> bit % 8u & 1u;
}

/* A frame of them that says that they are `count` literals; *streams is where they begin. */
static size_t make_short_codes(uint8_t *b, uint32_t count, const uint8_t **streams)
{
    maker m;
    uint32_t state = 1, size = 2u + 6u + 4u * SHORT_BYTES;
    m.n = 0;
    ADD(&m, MAGIC, 0x00, 0x40); /* a window of 256 KiB */
    block_header(&m, 1, COMPRESSED, 4u + size + 1u);
    uint32_t head = 2u | 2u << 2 | count << 4 | size << 18;
    ADD(&m, (uint8_t)head, (uint8_t)(head >> 8), (uint8_t)(head >> 16), (uint8_t)(head >> 24));
    ADD(&m, 0x80, 0x10); /* two symbols of weight 1 */
    for (unsigned i = 0; i < 3u; i++) {
        ADD(&m, (uint8_t)(SHORT_BYTES & 255u), (uint8_t)(SHORT_BYTES >> 8));
    }
    size_t n = m.n;
    for (size_t i = 0; i < n; i++) {
        b[i] = m.b[i];
    }
    *streams = b + n;
    for (size_t i = 1; i <= 4u * SHORT_BYTES; i++) {
        uint8_t bits = (uint8_t)(wmbt_test_random(&state) >> 24);
        unsigned last = SHORT_CODES % 8u;
        b[n++] =
            i % SHORT_BYTES != 0u ? bits : (uint8_t)((bits & ((1u << last) - 1u)) | 1u << last);
    }
    b[n++] = 0; /* no sequences */
    return n;
}

static void test_streams_of_short_codes(wmbt_test *t)
{
    static const uint32_t fewer[] = {0,   1,   3,   4,   7,   15,  16, 40,
                                     724, 728, 732, 736, 980, 1000}; /* 2,116 to 2,119 a stream */
    const uint8_t *streams;
    for (unsigned i = 0; i < sizeof fewer / sizeof fewer[0]; i++) {
        uint32_t count = 4u * SHORT_CODES - fewer[i];
        wmbt_buf frame = room(t, SHORT_FRAME_BYTES);
        forms f = forms_of(t, 4u * SHORT_CODES + 64u, 0);
        size_t n = make_short_codes(frame.data, count, &streams), made;
        T_EQ(t, decode(t, &f, wmbt_view_of(frame.data, n), count, &made),
             fewer[i] == 0u ? WMBT_OK : WMBT_BAD_BITSTREAM);
        for (size_t at = 0; fewer[i] == 0u && at < count; at++) {
            const uint8_t *stream = streams + at / SHORT_CODES * SHORT_BYTES;
            T_EQ(t, f.out.data[at], short_code(stream, at % SHORT_CODES));
        }
        /* more than there are */
        n = make_short_codes(frame.data, 4u * SHORT_CODES + 4u + fewer[i], &streams);
        T_EQ(t, decode(t, &f, wmbt_view_of(frame.data, n), f.out.len - 16u, &made),
             fewer[i] < 45u ? WMBT_BAD_BITSTREAM : WMBT_TOO_LARGE);
        wmbt_test_reset(t);
    }
}

/* A table of 2^11 cells is the largest. Weights 10 10 10 9 8 .. 1 (0) (1) are a tree of 11 bits,
 * whose codes of two bits are 01, 10 and 11; one more each, and it has 12. */
static void test_the_longest_codes(wmbt_test *t)
{
    maker m;
    BLOCK(&m, 0x52, 0x40, 0x02, 127 + 12, 0xAA, 0xA9, 0x87, 0x65, 0x43, 0x21, 0x55, 0x05, 0);
    forms f = forms_of(t, 64, 0);
    size_t n;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n), WMBT_OK);
    T_EQ(t, n, 5);
    T_BYTES(t, f.out.data, (const uint8_t *)"\0\0\0\0\0", 5);
    wmbt_test_reset(t);
    BLOCK(&m, 0x52, 0x80, 0x02, 127 + 13, 0xBB, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10, 0xFF, 0xFF, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* weights 11 11 10 .. 1 and what completes them: 12 bits, too */
    BLOCK(&m, 0x52, 0x40, 0x02, 127 + 12, 0xBB, 0xA9, 0x87, 0x65, 0x43, 0x21, 0xFF, 0xFF, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

/* A tree, and less than the six bytes that say how long the four streams are. */
static void test_a_jump_table_that_is_cut_off(wmbt_test *t)
{
    maker m;
    for (uint32_t bytes = 0; bytes < 6u; bytes++) {
        static const uint8_t jump[] = {1, 0, 1, 0, 1, 0};
        uint32_t literals = 2u | 1u << 2 | 8u << 4 | (2u + bytes) << 14;
        begin(&m);
        block_header(&m, 1, COMPRESSED, 3u + 2u + bytes + 1u);
        ADD(&m, (uint8_t)literals, (uint8_t)(literals >> 8), (uint8_t)(literals >> 16), 0x80, 0x10);
        add(&m, jump, bytes);
        ADD(&m, 0);
        EXPECT(WMBT_BAD_BITSTREAM, "");
    }
}

static void test_hostile_weights(wmbt_test *t)
{
    /* Two bytes of a tree with one or two weights, and whether it is one. */
    static const struct {
        uint8_t first, weights;
        bool good;
    } trees[] = {
        {0x80, 0x10, true},
        {0x80, 0x00, false}, /* none */
        {0x80, 0x20, false}, /* no code of weight 1 */
        {0x80, 0xB0, false},
        {0x80, 0xC0, false}, /* 11 and 12 bits */
        {0x81, 0x11, false}, /* one code of weight 1 is missing: 1 1 2 is right */
        {0x81, 0x12, false},
        {0x81, 0x13, false}, /* sums that no weight completes, odd number of 1 */
        {0x83, 0x11, false}, /* more weights than bytes */
        {0xFF, 0x11, false},
        {0x00, 0x10, false}, /* coded, in no bytes */
        {0x01, 0x10, false},
        {0x7F, 0x10, false},
    };
    maker m;
    for (unsigned i = 0; i < sizeof trees / sizeof trees[0]; i++) {
        BLOCK(&m, 0x42, 0xC0, 0x00, trees[i].first, trees[i].weights, 0x1B, 0);
        forms f = forms_of(t, 64, 0);
        size_t n;
        bool two =
            trees[i].first == 0x81u && trees[i].weights == 0x11u; /* decodes, to other bytes */
        wmbt_status status = decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n);
        T_EQ(t, status, trees[i].good ? WMBT_OK : WMBT_BAD_BITSTREAM);
        T_CHECK(t, !two || status != WMBT_OK);
        wmbt_test_reset(t);
    }
}

static void test_hostile_accuracy_log(wmbt_test *t)
{
    static const uint8_t modes[] = {0x80, 0x20, 0x08};
    static const unsigned most[] = {9, 8, 9};
    maker m;
    for (unsigned kind = 0; kind < 3u; kind++) {
        for (unsigned log = 5; log <= 20u; log++) {
            /* zeros behind it: symbols of count -1, more than there may be or than the bits are for
             */
            BLOCK(&m, 0x08, 'a', 1, modes[kind], (uint8_t)(log - 5u), 0, 0, 0, 0, 0, 0, 0, 0, 1);
            forms f = forms_of(t, 64, 0);
            size_t n;
            wmbt_status status = decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n);
            T_CHECK(t, log <= most[kind] ? wmbt_status_is_error(status)
                                         : status == WMBT_BAD_BITSTREAM);
            wmbt_test_reset(t);
        }
    }
    /* weights: at most 6; this says 7 */
    BLOCK(&m, 0x42, 0x80, 0x01, 0x04, 0xF2, 0x03, 0x01, 0x01, 0x1B, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

/* Appends the description of a table of 64 states: `symbols` symbols, all but the last with
 * one state (RFC 8878, section 4.1.1). */
static void add_counts(maker *m, unsigned symbols)
{
    uint64_t bits = 1; /* 5 more: 64 states */
    unsigned n = 4;
    unsigned left = 64;
    for (unsigned s = 0; s < symbols; s++) {
        unsigned count = s + 1u < symbols ? 1u : left;
        unsigned width = 1; /* numbers up to left + 1, which is count + 1 at most */
        while ((left + 1u) >> width != 0u) {
            width++;
        }
        unsigned half = 1u << (width - 1u);
        unsigned short_forms = 2u * half - 1u - (left + 1u);
        unsigned number = count + 1u;
        bool is_short = number < short_forms;
        bits |= (uint64_t)(number < half ? number : number + short_forms) << n;
        n += is_short ? width - 1u : width;
        left -= count;
        for (; n >= 8u; n -= 8u, bits >>= 8) {
            ADD(m, (uint8_t)bits);
        }
    }
    if (n != 0u) {
        ADD(m, (uint8_t)bits);
    }
}

/* How many of the 64 states that a sequence can begin in give "aaaa": one literal, length 3 and
 * offset 1. Table 0 (literal lengths), 1 (offsets) or 2 (match lengths) is written. */
static unsigned states_that_decode(wmbt_test *t, unsigned kind, unsigned symbols)
{
    static const uint8_t modes[] = {0x94, 0x64, 0x58};
    static const uint8_t codes[] = {1, 2, 0};
    unsigned good = 0;
    for (unsigned state = 0; state < 64u; state++) {
        maker table, m;
        begin(&table);
        size_t before = table.n;
        for (unsigned i = 0; i < 3u; i++) {
            if (i == kind) {
                add_counts(&table, symbols);
            } else {
                ADD(&table, codes[i]);
            }
        }
        size_t bytes = table.n - before;
        begin(&m);
        block_header(&m, 1, COMPRESSED, (uint32_t)(6u + bytes));
        ADD(&m, 0x08, 'a', 1, modes[kind]);
        add(&m, table.b + before, bytes);
        /* from the end: the mark, 6 bits of state, 2 bits of offset */
        uint32_t bits = 1u << 8 | state << 2;
        ADD(&m, (uint8_t)bits, (uint8_t)(bits >> 8));
        forms f = forms_of(t, 64, 0);
        size_t n;
        good += decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n) == WMBT_OK && n == 4u;
        wmbt_test_reset(t);
    }
    return good;
}

static void test_as_many_symbols_as_there_are(wmbt_test *t)
{
    static const unsigned most[] = {36, 32, 53};
    for (unsigned kind = 0; kind < 3u; kind++) {
        T_EQ(t, states_that_decode(t, kind, most[kind]), 1);
        T_EQ(t, states_that_decode(t, kind, most[kind] + 1u), 0);
    }
}

/* A last block of "abcde" and one sequence, of whose match lengths (or literal lengths) there is a
 * table of 32 states: symbol 0 and `zeros` behind it do not occur, the next one has all states. */
static void make_zeros(maker *m, bool of_literals, unsigned zeros)
{
    maker block = {{0x28, 'a', 'b', 'c', 'd', 'e', 1}, 7};
    uint32_t bits = 1u << 4; /* log 5; 5 bits: 1, which is no state */
    unsigned count = 9;
    if (of_literals) {
        ADD(&block, 0x94);
    } else {
        ADD(&block, 0x58, 5, 2);
    }
    for (bool more = true; more;) {
        unsigned run = zeros < 3u ? zeros : 3u; /* 3: another one follows */
        bits |= run << count;
        count += 2u;
        zeros -= run;
        more = run == 3u;
        for (; count >= 8u; count -= 8u, bits >>= 8) {
            ADD(&block, (uint8_t)bits);
        }
    }
    bits |= 0x3Fu << count; /* 33, which is 32 states, in 6 bits */
    for (count += 6u; count != 0u; count -= count < 8u ? count : 8u, bits >>= 8) {
        ADD(&block, (uint8_t)bits);
    }
    if (of_literals) {
        ADD(&block, 2, 0, 0x82); /* any state, offset 4 + 2 - 3 */
    } else {
        ADD(&block, 0, 0, 0x80); /* any state, offset 4 - 3, bits of the length are 0 */
    }
    compressed(m, block.b, block.n);
}

/* Runs of symbols that do not occur: within a table, up to its last symbol, and beyond. */
static void test_zeros_of_a_table(wmbt_test *t)
{
    maker m;
    make_zeros(&m, true, 4); /* 5 literals, a match of 3 from 3 back */
    EXPECT(WMBT_OK, "abcdecde");
    make_zeros(&m, false, 51); /* the last length, 65,539, is more than there is room for */
    EXPECT(WMBT_TOO_LARGE, "");
    for (unsigned zeros = 52; zeros < 900u; zeros += zeros < 60u ? 1u : 97u) {
        make_zeros(&m, false, zeros);
        EXPECT(WMBT_BAD_BITSTREAM, "");
    }
    for (unsigned zeros = 35; zeros < 900u; zeros += zeros < 40u ? 1u : 97u) {
        make_zeros(&m, true, zeros);
        EXPECT(WMBT_BAD_BITSTREAM, "");
    }
}

static void test_hostile_table_modes(wmbt_test *t)
{
    maker m;
    for (unsigned reserved = 1; reserved < 4u; reserved++) {
        BLOCK(&m, 0x08, 'a', 1, (uint8_t)(0x54u | reserved), 1, 2, 0, 4);
        EXPECT(WMBT_BAD_FIELD, "");
    }
    /* repeat, with nothing to repeat */
    BLOCK(&m, 0x08, 'a', 1, 0xD4, 2, 0, 4);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x74, 1, 0, 4);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x5C, 1, 2, 4);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* symbols that there are not */
    BLOCK(&m, 0x08, 'a', SEQUENCE(36, 2, 0, 4));
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 32, 0, 4));
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 2, 53, 4));
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 2, 53, 0, 0, 8); /* with bits for a length of 2^17 and more */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* cut off */
    BLOCK(&m, 0x08, 'a', 1);
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 2);
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

static void test_hostile_sequence_count(wmbt_test *t)
{
    maker m;
    BLOCK(&m, 0x08, 'a', 2, 0x54, 1, 2, 0, 0x04); /* more than the bits are for */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 0xFF, 0xFF, 0xFF, 0x54, 1, 2, 0, 0x04);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 0xFF, 0xFF); /* cut off */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x08, 'a', 0x80);
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x08, 'a', 0x80, 0x00); /* none, in two bytes */
    EXPECT(WMBT_OK, "a");
    BLOCK(&m, 0x08, 'a', 0, 0x54); /* none, and something behind */
    EXPECT(WMBT_BAD_LENGTH, "");
    BLOCK(&m, 0x08, 'a', 0x80, 0x01, 0x54, 1, 2, 0, 0x04); /* one, in two bytes */
    EXPECT(WMBT_OK, "aaaa");
    /* sequences that take no bits: their number is bounded by the room */
    BLOCK(&m, 0x08, 'a', 0x7F, 0x54, 0, 0, 0, 0x01);
    EXPECT(WMBT_BAD_OFFSET, ""); /* no literals: the second last offset, 4 */
    BLOCK(&m, 0x20, 'a', 'a', 'a', 'a', 0xFF, 0xFF, 0xFF, 0x54, 0, 0, 0, 0x01);
    EXPECT(WMBT_BAD_OFFSET, "");
}

static void test_hostile_bits(wmbt_test *t)
{
    maker m;
    for (unsigned byte = 0; byte < 256u; byte++) {
        BLOCK(&m, 0x08, 'a', SEQUENCE(1, 2, 0, (uint8_t)byte));
        /* exactly two bits behind the mark, and offset 1 */
        wmbt_status want = byte == 4u                 ? WMBT_OK
                           : byte >= 5u && byte <= 7u ? WMBT_BAD_OFFSET
                                                      : WMBT_BAD_BITSTREAM;
        if (byte > 7u) { /* bits are left, unless the offset is refused first */
            forms f = forms_of(t, 64, 0);
            size_t n;
            T_CHECK(t, decode(t, &f, wmbt_view_of(m.b, m.n), 64, &n) >= WMBT_BAD_OFFSET);
            wmbt_test_reset(t);
        } else {
            EXPECT(want, "aaaa");
        }
    }
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 2, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 2, 0, 4, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* no mark, where no bit is asked for; and one in the byte before, with seven bits behind it */
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 0, 0, 0x00));
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x72, 0x00, 0x01, 0x80, 0x10, 0xFF, 0x00, 0);
    EXPECT(WMBT_BAD_BITSTREAM, "");
    /* five bits that are not there, of an offset of 29 or more */
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 5, 0, 0x01));
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x10, 'a', 'b', 2, 0x54, 1, 5, 0, 0x01);
    EXPECT(WMBT_BAD_BITSTREAM, "");
}

/* Bits that begin where a byte ends, as the end mark has a byte of its own and tables of one symbol
 * need none. */
static void test_bits_of_whole_bytes(wmbt_test *t)
{
    const unsigned before = 600, most = 40;
    uint32_t state = 7;
    for (unsigned count = 1; count <= most; count++) {
        maker m;
        forms f = forms_of(t, before + 3u * most + 64u, 0);
        size_t n;
        begin(&m);
        block_header(&m, 0, RLE, before);
        ADD(&m, 'x');
        /* no literals; offsets of 256 and 8 bits less 3, matches of 3 */
        block_header(&m, 1, COMPRESSED, 1u + 5u + count + 1u);
        ADD(&m, 0, (uint8_t)count, 0x54, 0, 8, 0);
        for (unsigned i = 0; i < count; i++) {
            ADD(&m, (uint8_t)(wmbt_test_random(&state) >> 24));
        }
        ADD(&m, 1);
        T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), before + 3u * count, &n), WMBT_OK);
        T_EQ(t, n, before + 3u * count);
        for (size_t i = 0; i < n; i++) {
            T_EQ(t, f.out.data[i], 'x');
        }
        /* a sequence more than there are bits for */
        m.b[m.n - count - 6u]++;
        T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), before + 3u * most + 32u, &n),
             WMBT_BAD_BITSTREAM);
        wmbt_test_reset(t);
    }
}

static void test_hostile_offset(wmbt_test *t)
{
    maker m;
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 2, 0, 0x05)); /* 2, one byte is there */
    EXPECT(WMBT_BAD_OFFSET, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 31, 0, 0xFF, 0xFF, 0xFF, 0xFF); /* 2^32 - 4 */
    EXPECT(WMBT_BAD_OFFSET, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 31, 0, 0, 0, 0, 0x80); /* 2^31 - 3 */
    EXPECT(WMBT_BAD_OFFSET, "");
}

static void test_hostile_repeat_offset(wmbt_test *t)
{
    maker m;
    /* no literals, value 3: the last offset less 1, which is 0 */
    BLOCK(&m, 0x08, 'a', SEQUENCE(0, 1, 0, 0x03));
    EXPECT(WMBT_BAD_OFFSET, "");
    /* offsets 4 and 8 of the beginning, with too little before */
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 1, 0, 0x02));
    EXPECT(WMBT_BAD_OFFSET, "");
    BLOCK(&m, 0x08, 'a', SEQUENCE(1, 1, 0, 0x03));
    EXPECT(WMBT_BAD_OFFSET, "");
}

static void test_hostile_lengths(wmbt_test *t)
{
    maker m;
    BLOCK(&m, 0x08, 'a', SEQUENCE(2, 0, 0, 0x01)); /* 2 literals, one is there */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 35, 0, 0, 0xFF, 0xFF, 0x01); /* 131,071 literals */
    EXPECT(WMBT_BAD_BITSTREAM, "");
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 0, 52, 0xFF, 0xFF, 0x01); /* a match of 131,074 */
    EXPECT(WMBT_TOO_LARGE, "");
    forms f = forms_of(t, 140000, 0);
    size_t n;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 140000, &n), WMBT_BAD_LENGTH);
    wmbt_test_reset(t);
    /* as much as a window of 1 KiB takes in a block, and one more */
    BLOCK(&m, 0x08, 'a', 1, 0x54, 1, 0, 45, 0xFC, 0x03); /* 515 + 508 = 1,023 */
    f = forms_of(t, 2000, 0);
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 2000, &n), WMBT_OK);
    T_EQ(t, n, 1024);
    m.b[m.n - 2u]++;
    T_EQ(t, decode(t, &f, wmbt_view_of(m.b, m.n), 2000, &n), WMBT_BAD_LENGTH);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void test_header(wmbt_test *t)
{
    static const uint8_t frame[] = {MAGIC, 0xE7, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t skip[] = {0x50, 0x2A, 0x4D, 0x18, 1, 2, 3, 4};
    for (size_t n = 0; n <= sizeof frame; n++) {
        wmbt_zstd_header header = {7, 7, 7, 7};
        bool all = n == sizeof frame;
        T_EQ(t, wmbt_zstd_read_header(wmbt_view_of(frame, n), &header),
             all ? WMBT_OK : WMBT_TRUNCATED);
        T_EQ(t, header.content_bytes, all ? UINT64_C(0x0807060504030201) : 7u);
        T_EQ(t, header.window_bytes, all ? UINT64_C(0x0807060504030201) : 7u);
        T_EQ(t, header.header_bytes, all ? 17 : 7);
        T_EQ(t, header.flags, 7); /* all three: content size, checksum, single segment */
    }
    wmbt_zstd_header header = {7, 7, 7, 7};
    T_EQ(t, wmbt_zstd_read_header(wmbt_view_of(skip, 7), &header), WMBT_TRUNCATED);
    T_EQ(t, wmbt_zstd_read_header(wmbt_view_of(skip, 8), &header), WMBT_OK);
    T_CHECK(t, header.content_bytes == 0x04030201u && header.flags == WMBT_ZSTD_IS_SKIPPABLE);
    T_CHECK(t, header.header_bytes == 8u && header.window_bytes == 0u);
    T_EQ(t, wmbt_zstd_read_header(wmbt_view_of(NULL, 1), &header), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_read_header(WMBT_VIEW_LITERAL("KVB1"), &header), WMBT_BAD_MAGIC);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_buf work = room(t, WMBT_ZSTD_PUSH_BYTES(100) + 8u), none = {NULL, 0}, bad = {NULL, 1};
    wmbt_view empty = {NULL, 0}, bad_view = {NULL, 1}, made;
    wmbt_zstd_push push = {NULL};
    size_t n = 7;
    T_EQ(t, wmbt_zstd_decode(none, empty, none, &n), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_zstd_decode(bad, empty, none, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_decode(work, bad_view, none, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_decode(work, empty, bad, &n), WMBT_BAD_ARGUMENT);
    wmbt_buf small = wmbt_buf_of(work.data, WMBT_ZSTD_WORKSPACE_BYTES - 1u);
    T_EQ(t, wmbt_zstd_decode(small, empty, none, &n), WMBT_BUFFER_TOO_SMALL);
    wmbt_buf odd = wmbt_buf_of(work.data + 4, WMBT_ZSTD_WORKSPACE_BYTES);
    T_EQ(t, wmbt_zstd_decode(odd, empty, none, &n), WMBT_BUFFER_MISALIGNED);
    T_EQ(t, wmbt_zstd_codec_step(&small, true, empty, none, 9, &n), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_zstd_codec_step(&odd, true, empty, none, 9, &n), WMBT_BUFFER_MISALIGNED);
    T_EQ(t, wmbt_zstd_codec_step(&work, true, bad_view, none, 9, &n), WMBT_BAD_ARGUMENT);
    T_EQ(t, n, 7);
    T_EQ(t, wmbt_zstd_codec(&work, empty, none, &n), WMBT_OK);
    T_EQ(t, n, 0);
    T_EQ(t,
         wmbt_zstd_push_init_ring(&push, wmbt_buf_of(work.data, WMBT_ZSTD_PUSH_BYTES(100)),
                                  wmbt_buf_of(work.data, 299), 9),
         WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, push.state == NULL);
    T_EQ(t, wmbt_zstd_push_init(&push, work, none), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_feed(&push, bad_view, &n, &made), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_zstd_push_feed(&push, empty, &n, &made), WMBT_NEED_MORE);
    T_EQ(t, wmbt_zstd_push_finish(&push), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_finish(&push), WMBT_BAD_STATE);
    T_EQ(t, wmbt_zstd_push_feed(&push, empty, &n, &made), WMBT_BAD_STATE);
}

/* Frames without output need no room, also where there is no pointer to it. */
static void test_no_room(wmbt_test *t)
{
    static const uint8_t raw[] = {MAGIC, 0x20, 0, 1, 0, 0}, rle[] = {MAGIC, 0x20, 0, 3, 0, 0, 'a'},
                         compressed_none[] = {MAGIC, 0, 0, 0x15, 0, 0, 0, 0},
                         more[] = {MAGIC, 0, 0, 0x0B, 0, 0, 'a'};
    const wmbt_view frames[] = {{raw, sizeof raw},
                                {rle, sizeof rle},
                                {compressed_none, sizeof compressed_none},
                                {more, sizeof more}};
    split bytewise = {1, 1};
    for (size_t i = 0; i < 4u; i++) {
        forms f = forms_of(t, 64, 0);
        wmbt_buf none = {NULL, 0}, work = wmbt_buf_of(f.work.data, WMBT_ZSTD_WORKSPACE_BYTES);
        wmbt_status want = i < 3u ? WMBT_OK : WMBT_TOO_LARGE;
        wmbt_zstd_push push;
        size_t n = 7;
        T_EQ(t, wmbt_zstd_decode(work, frames[i], none, &n), want);
        T_EQ(t, n, i < 3u ? 0 : 7);
        T_EQ(t, wmbt_zstd_push_init(&push, f.work, none), WMBT_OK);
        T_EQ(t, feed(t, &f, &push, frames[i], bytewise, &n), want);
        T_EQ(t, wmbt_zstd_push_init_ring(&push, work, none, 9), WMBT_OK);
        T_EQ(t, feed(t, &f, &push, wmbt_view_of(raw, sizeof raw), bytewise, &n), WMBT_OK);
        wmbt_test_reset(t);
    }
}

/* Output that waits must be fetched before the end is judged; a ring bounds a call's output. */
static void test_output_in_pieces(wmbt_test *t)
{
    maker m;
    begin(&m);
    block_header(&m, 1, RLE, 2500);
    ADD(&m, 'r');
    wmbt_buf work = room(t, WMBT_ZSTD_PUSH_BYTES(WINDOW));
    wmbt_buf ring = room(t, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    wmbt_zstd_push push;
    size_t taken = 0, total = 0;
    wmbt_view made, frame = wmbt_view_of(m.b, m.n);
    T_EQ(t, wmbt_zstd_push_init_ring(&push, work, ring, 2500), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_feed(&push, frame, &taken, &made), WMBT_OK);
    T_EQ(t, taken, m.n);
    T_EQ(t, wmbt_zstd_push_finish(&push), WMBT_BAD_STATE);
    while (total < 2500u) {
        T_CHECK(t, made.len != 0u && made.len <= WINDOW);
        for (size_t i = 0; i < made.len; i++) {
            T_EQ(t, made.data[i], 'r');
        }
        total += made.len;
        wmbt_status want = total < 2500u ? WMBT_OK : WMBT_NEED_MORE;
        T_EQ(t, wmbt_zstd_push_feed(&push, wmbt_view_of(NULL, 0), &taken, &made), want);
        T_EQ(t, taken, 0);
    }
    T_EQ(t, wmbt_zstd_push_output(&push), 2500);
    T_EQ(t, wmbt_zstd_push_finish(&push), WMBT_OK);
    T_EQ(t, wmbt_zstd_push_init_ring(&push, work, ring, 2499), WMBT_OK);
    do {
        frame = total == 0u ? wmbt_view_of(NULL, 0) : frame;
        total = 0;
    } while (wmbt_zstd_push_feed(&push, frame, &taken, &made) == WMBT_OK);
    T_EQ(t, wmbt_zstd_push_finish(&push), WMBT_TOO_LARGE);
}

#define STEP_BLOCKS 6u

/* Decodes in steps of max_bytes; each but the first and the last has `blocks` of `size` bytes. */
static void check_steps(wmbt_test *t, wmbt_view frame, wmbt_buf out, uint32_t size,
                        uint32_t max_bytes, uint32_t blocks)
{
    wmbt_buf work = room(t, WMBT_ZSTD_WORKSPACE_BYTES);
    size_t before = 0, n = 0, written;
    wmbt_status status = WMBT_NEED_MORE;
    fill(out);
    for (unsigned calls = 0; status == WMBT_NEED_MORE; calls++) {
        status = wmbt_zstd_codec_step(&work, calls == 0u, frame, out, max_bytes, &written);
        while (n < out.len && out.data[n] != PATTERN) {
            n++;
        }
        T_CHECK(t, calls == 0u || status == WMBT_OK || n - before == (size_t)size * blocks);
        T_CHECK(t, n - before <= (size_t)size * blocks && calls <= STEP_BLOCKS);
        before = n;
    }
    T_EQ(t, status, WMBT_OK);
    T_EQ(t, written, out.len);
}

/* A step has as many blocks as have max_bytes stored and plain bytes, or one. */
static void test_bytes_of_a_step(wmbt_test *t)
{
    static const uint32_t sizes[] = {10, 9000};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const uint32_t size = sizes[i];
        wmbt_buf frame = room(t, 6u + STEP_BLOCKS * (3u + size)), out = room(t, STEP_BLOCKS * size);
        maker m;
        begin(&m);
        size_t at = m.n;
        wmbt_test_copy(frame.data, m.b, m.n);
        for (unsigned block = 0; block < STEP_BLOCKS; block++) {
            m.n = 0;
            block_header(&m, block + 1u == STEP_BLOCKS, RAW, size);
            wmbt_test_copy(frame.data + at, m.b, m.n);
            at += m.n;
            for (uint32_t k = 0; k < size; k++) {
                frame.data[at++] = 'r';
            }
        }
        for (uint32_t blocks = 1; blocks < 4u; blocks++) {
            wmbt_view view = wmbt_view_of(frame.data, frame.len);
            T_CALL(t, check_steps(t, view, out, size, 2u * blocks * size, blocks));
            T_CALL(t, check_steps(t, view, out, size, 2u * (blocks + 1u) * size - 1u, blocks));
        }
        T_CALL(t, check_steps(t, wmbt_view_of(frame.data, frame.len), out, size, 1, 1));
        wmbt_test_reset(t);
    }
    /* Compressed blocks become much more than is stored of them. */
    maker m;
    begin(&m);
    for (unsigned block = 0; block < STEP_BLOCKS; block++) {
        block_header(&m, block + 1u == STEP_BLOCKS, COMPRESSED, 5); /* 1,000 literals */
        ADD(&m, (uint8_t)(1u | 3u << 2 | 1000u << 4), (uint8_t)(1000u >> 4), 0, 'b', 0);
    }
    wmbt_buf out = room(t, STEP_BLOCKS * 1000u);
    T_CALL(t, check_steps(t, wmbt_view_of(m.b, m.n), out, 1000, 2000, 1));
}

#define ROW_BYTES (4u * 1048576u)
#define SMALL_BYTES 400000u

static const wmbt_case cases[] = {
    {"frames of libzstd", test_whole, ROW_BYTES, "vectors/zstd.tsv"},
    {"every split of them", test_splits, ROW_BYTES, "vectors/zstd.tsv"},
    {"every truncation", test_truncations, ROW_BYTES, "vectors/zstd.tsv"},
    {"every bit flip", test_flips, ROW_BYTES, "vectors/zstd.tsv"},
    {"sequences made by hand", test_made_sequences, SMALL_BYTES, NULL},
    {"literals made by hand", test_made_literals, SMALL_BYTES, NULL},
    {"frames one after another", test_concatenated, SMALL_BYTES, NULL},
    {"frames are apart", test_frames_are_apart, SMALL_BYTES, NULL},
    {"frames begin anew", test_frames_begin_anew, SMALL_BYTES, NULL},
    {"blocks that lack something", test_blocks_that_lack_something, SMALL_BYTES, NULL},
    {"blocks that are cut off", test_blocks_cut_off, SMALL_BYTES, NULL},
    {"room of the second frame", test_room_of_the_second_frame, SMALL_BYTES, NULL},
    {"checksum", test_checksum, SMALL_BYTES, NULL},
    {"hostile magic", test_hostile_magic, SMALL_BYTES, NULL},
    {"hostile descriptor", test_hostile_descriptor, SMALL_BYTES, NULL},
    {"hostile window", test_hostile_window, SMALL_BYTES, NULL},
    {"hostile window of a ring", test_hostile_window_of_a_ring, SMALL_BYTES, NULL},
    {"a ring of the bytes that are named", test_ring_bytes, 600000, NULL},
    {"a match over the end of a ring", test_a_match_over_the_end_of_a_ring, SMALL_BYTES, NULL},
    {"frames of a ring", test_frames_of_a_ring, SMALL_BYTES, NULL},
    {"a ring with less than its frame", test_a_ring_with_less_than_its_frame, SMALL_BYTES, NULL},
    {"memory of a push", test_push_memory, SMALL_BYTES, NULL},
    {"a ring with all of a frame", test_ring_with_all_of_a_frame, SMALL_BYTES, NULL},
    {"a ring with more than its frame", test_ring_with_more_than_its_frame, SMALL_BYTES, NULL},
    {"a ring whose last block is too long", test_ring_whose_last_block_is_too_long, SMALL_BYTES,
     NULL},
    {"hostile dictionary id", test_hostile_dictionary, SMALL_BYTES, NULL},
    {"hostile content size", test_hostile_content_size, SMALL_BYTES, NULL},
    {"hostile block type", test_hostile_block_type, SMALL_BYTES, NULL},
    {"hostile block size", test_hostile_block_size, 2u * ROW_BYTES, NULL},
    {"hostile block size of a push", test_hostile_block_size_of_a_push, SMALL_BYTES, NULL},
    {"hostile literals sizes", test_hostile_literals_sizes, SMALL_BYTES, NULL},
    {"hostile streams", test_hostile_streams, SMALL_BYTES, NULL},
    {"streams of short codes", test_streams_of_short_codes, SMALL_BYTES, NULL},
    {"the longest codes", test_the_longest_codes, SMALL_BYTES, NULL},
    {"a jump table that is cut off", test_a_jump_table_that_is_cut_off, SMALL_BYTES, NULL},
    {"hostile weights", test_hostile_weights, SMALL_BYTES, NULL},
    {"hostile accuracy log", test_hostile_accuracy_log, SMALL_BYTES, NULL},
    {"as many symbols as there are", test_as_many_symbols_as_there_are, SMALL_BYTES, NULL},
    {"zeros of a table", test_zeros_of_a_table, SMALL_BYTES, NULL},
    {"hostile table modes", test_hostile_table_modes, SMALL_BYTES, NULL},
    {"hostile sequence count", test_hostile_sequence_count, SMALL_BYTES, NULL},
    {"hostile bits", test_hostile_bits, SMALL_BYTES, NULL},
    {"bits of whole bytes", test_bits_of_whole_bytes, SMALL_BYTES, NULL},
    {"hostile offset", test_hostile_offset, SMALL_BYTES, NULL},
    {"hostile repeat offset", test_hostile_repeat_offset, SMALL_BYTES, NULL},
    {"hostile lengths", test_hostile_lengths, 600000, NULL},
    {"header", test_header, 0, NULL},
    {"arguments", test_arguments, 32768, NULL},
    {"no room", test_no_room, SMALL_BYTES, NULL},
    {"bytes of a step", test_bytes_of_a_step, SMALL_BYTES, NULL},
    {"output in pieces", test_output_in_pieces, 32768, NULL},
};
WMBT_SUITE(zstd, cases);
