/* SPDX-License-Identifier: Apache-2.0 */
/* base: status, cursor, byte moves, text. */
#include "../support/test.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/min.h"
#include "base/text.h"

static void test_version(wmbt_test *t)
{
    T_EQ(t, WMBT_VERSION_NUMBER,
         WMBT_VERSION_MAJOR * 65536 + WMBT_VERSION_MINOR * 256 + WMBT_VERSION_PATCH);
    wmbt_view text = WMBT_VIEW_LITERAL(WMBT_VERSION_STRING);
    uint64_t part;
    T_CHECK(t, wmbt_text_parse_u64(wmbt_cell_part(&text, '.'), false, &part));
    T_EQ(t, part, WMBT_VERSION_MAJOR);
    T_CHECK(t, wmbt_text_parse_u64(wmbt_cell_part(&text, '.'), false, &part));
    T_EQ(t, part, WMBT_VERSION_MINOR);
    T_CHECK(t, wmbt_text_parse_u64(text, false, &part));
    T_EQ(t, part, WMBT_VERSION_PATCH);
}

/* Pinned values and names: the tool prints the names, other languages know the values. */
static const struct {
    int value;
    const char *name;
} statuses[] = {
    {0, "ok"},
    {1, "need-more"},
    {2, "missing"},
    {3, "end"},
    {4, "stale"},
    {16, "bad-argument"},
    {17, "buffer-too-small"},
    {18, "buffer-misaligned"},
    {19, "bad-state"},
    {20, "not-representable"},
    {21, "collected"},
    {32, "truncated"},
    {33, "trailing-bytes"},
    {34, "bad-magic"},
    {35, "bad-length"},
    {36, "bad-count"},
    {37, "bad-offset"},
    {38, "bad-order"},
    {39, "bad-text"},
    {40, "bad-number"},
    {41, "bad-syntax"},
    {42, "bad-field"},
    {43, "bad-end-marker"},
    {44, "bad-bitstream"},
    {45, "bad-shape"},
    {46, "bad-tag"},
    {64, "too-large"},
    {65, "too-deep"},
    {66, "full"},
    {80, "unsupported-version"},
    {81, "unsupported-algorithm"},
    {82, "unsupported-window"},
    {83, "unsupported-dictionary"},
    {84, "unsupported-shape"},
    {96, "bad-checksum"},
    {97, "bad-digest"},
    {112, "wrong-block"},
    {113, "wrong-model"},
    {114, "wrong-layout"},
    {115, "wrong-context"},
    {116, "unknown-context"},
    {117, "does-not-fit"},
};

static void test_status(wmbt_test *t)
{
    size_t next = 0;
    for (int v = -1; v <= 256; v++) {
        const char *want = "unknown";
        if (next < sizeof statuses / sizeof statuses[0] && statuses[next].value == v) {
            want = statuses[next++].name;
        }
#if WMBT_CFG_STATUS_NAMES
        T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_status_name(v)), want));
#else
        (void)want;
        T_EQ(t, wmbt_status_name(v)[0], 0);
#endif
        T_EQ(t, wmbt_status_is_caller(v), v >= 16 && v <= 31);
        T_EQ(t, wmbt_status_is_malformed(v), v >= 32 && v <= 63);
        T_EQ(t, wmbt_status_is_limit(v), v >= 64 && v <= 79);
        T_EQ(t, wmbt_status_is_unsupported(v), v >= 80 && v <= 95);
        T_EQ(t, wmbt_status_is_integrity(v), v >= 96 && v <= 111);
        T_EQ(t, wmbt_status_is_identity(v), v >= 112 && v <= 127);
        T_EQ(t, wmbt_status_is_error(v), v >= 16);
    }
    T_EQ(t, next, sizeof statuses / sizeof statuses[0]);
}

static void test_cursor_numbers(wmbt_test *t)
{
    static const uint8_t bytes[] = {1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF,
                                    2, 3,    4,    5,    6,    7,    8,    9};
    wmbt_cursor c = wmbt_cursor_of(wmbt_view_of(bytes, 15));
    uint8_t a = 0xEE;
    uint16_t b = 0xEEEE;
    uint32_t d = 0xEEEEEEEE;
    uint64_t e = 0xEE;
    T_CHECK(t, wmbt_cursor_u8(&c, &a) && a == 1);
    T_CHECK(t, wmbt_cursor_u16(&c, &b) && b == 0x4523);
    T_CHECK(t, wmbt_cursor_u32(&c, &d) && d == 0xCDAB8967u);
    T_CHECK(t, wmbt_cursor_u64(&c, &e) && e == UINT64_C(0x08070605040302EF));
    T_EQ(t, c.left, 0);
    T_CHECK(t, !wmbt_cursor_u8(&c, &a) && a == 1);
    for (size_t left = 0; left < 8; left++) {
        c = wmbt_cursor_of(wmbt_view_of(bytes, left));
        T_CHECK(t, !wmbt_cursor_u64(&c, &e) && e == UINT64_C(0x08070605040302EF));
        T_CHECK(t, wmbt_cursor_u32(&c, &d) == (left >= 4));
        c = wmbt_cursor_of(wmbt_view_of(bytes, left));
        T_CHECK(t, wmbt_cursor_u16(&c, &b) == (left >= 2));
        T_EQ(t, c.left, left >= 2 ? left - 2 : left);
    }
}

static void test_cursor_bytes(wmbt_test *t)
{
    static const uint8_t bytes[] = {1, 2, 3, 4};
    wmbt_cursor c = wmbt_cursor_of(wmbt_view_of(bytes, 4));
    wmbt_view v = wmbt_view_of(bytes, 99);
    T_CHECK(t, !wmbt_cursor_bytes(&c, 5, &v) && v.len == 99 && c.left == 4);
    T_CHECK(t, !wmbt_cursor_bytes(&c, UINT64_MAX, &v) && !wmbt_cursor_skip(&c, UINT64_MAX));
    uint64_t wraps = (UINT64_C(1) << 32) + 1u; /* 1, if it is cut to 32 bits */
    T_CHECK(t, !wmbt_cursor_bytes(&c, wraps, &v) && !wmbt_cursor_skip(&c, wraps));
    T_CHECK(t, wmbt_cursor_bytes(&c, 3, &v) && v.len == 3 && v.data == bytes && c.left == 1);
    static const uint8_t four[] = {4, 4};
    T_CHECK(t, !wmbt_cursor_expect(&c, wmbt_view_of(four, 2)) && c.left == 1);
    T_CHECK(t, !wmbt_cursor_expect(&c, wmbt_view_of(bytes, 1)) && c.left == 1);
    T_CHECK(t, wmbt_cursor_expect(&c, wmbt_view_of(four, 1)) && c.left == 0);
    T_CHECK(t, wmbt_cursor_skip(&c, 0) && !wmbt_cursor_skip(&c, 1));
    uint8_t out[2] = {7, 7};
    c = wmbt_cursor_of(wmbt_view_of(bytes, 1));
    T_CHECK(t, !wmbt_cursor_copy(&c, out, 2) && out[0] == 7);
    T_CHECK(t, wmbt_cursor_copy(&c, out, 1) && out[0] == 1 && out[1] == 7);
    c = wmbt_cursor_of(wmbt_view_of(NULL, 0));
    T_CHECK(t, wmbt_cursor_bytes(&c, 0, &v) && v.len == 0);
}

static void test_slice(wmbt_test *t)
{
    static const uint8_t bytes[] = {1, 2, 3, 4};
    wmbt_view all = wmbt_view_of(bytes, 4);
    for (uint64_t offset = 0; offset < 7; offset++) {
        for (uint64_t n = 0; n < 7; n++) {
            wmbt_view out = wmbt_view_of(NULL, 77);
            bool inside = wmbt_view_slice(all, offset, n, &out);
            T_EQ(t, inside, offset + n <= 4);
            T_EQ(t, out.len, inside ? n : 77);
            T_CHECK(t, !inside || n == 0 || out.data == bytes + offset);
        }
    }
    wmbt_view out;
    T_CHECK(t, !wmbt_view_slice(all, UINT64_MAX, 1, &out));
    T_CHECK(t, !wmbt_view_slice(all, 1, UINT64_MAX, &out));
    T_CHECK(t, !wmbt_view_slice(all, UINT64_MAX, UINT64_MAX, &out));
}

static void test_writer(wmbt_test *t)
{
    static const char want[] = "\x01\x02\x01\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01"
                               "00042ff0axy";
    static const uint8_t raw[] = {0xFF, 0x0A};
    for (size_t room = 0; room <= sizeof want; room++) {
        uint8_t out[sizeof want + 1];
        wmbt_bytes_fill(out, 0xAA, sizeof out);
        wmbt_writer w = wmbt_writer_of(wmbt_buf_of(out, room));
        wmbt_writer_u8(&w, 1);
        wmbt_writer_u16(&w, 0x0102);
        wmbt_writer_u32(&w, 0x01020304);
        wmbt_writer_u64(&w, UINT64_C(0x0102030405060708));
        wmbt_writer_decimal(&w, 42, 5);
        wmbt_writer_hex(&w, wmbt_view_of(raw, 2));
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL("xy"));
        T_EQ(t, w.needed, sizeof want - 1);
        T_EQ(t, wmbt_writer_fits(&w), room >= sizeof want - 1);
        for (size_t i = room; i < sizeof out; i++) {
            T_EQ(t, out[i], 0xAA);
        }
        if (wmbt_writer_fits(&w)) {
            T_BYTES(t, out, (const uint8_t *)want, sizeof want - 1);
        }
    }
    wmbt_writer w = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_writer_hex(&w, wmbt_view_of(raw, SIZE_MAX / 2u)); /* not read: there is no room */
    T_EQ(t, w.needed, SIZE_MAX - 1u);
    w = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_writer_hex(&w, wmbt_view_of(raw, SIZE_MAX / 2u + 1u));
    T_EQ(t, w.needed, SIZE_MAX);
    w = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_writer_bytes(&w, wmbt_view_of(raw, SIZE_MAX));
    wmbt_writer_bytes(&w, wmbt_view_of(raw, 1));
    T_EQ(t, w.needed, SIZE_MAX);
    T_CHECK(t, !wmbt_writer_fits(&w));
    w = wmbt_writer_of(wmbt_buf_of(NULL, 0));
    wmbt_writer_u8(&w, 1);
    wmbt_writer_bytes(&w, wmbt_view_of(raw, SIZE_MAX)); /* a byte more than can be counted */
    T_EQ(t, w.needed, SIZE_MAX);
    T_CHECK(t, !wmbt_writer_fits(&w));
}

static void test_moves(wmbt_test *t)
{
    uint8_t *a = wmbt_test_alloc(t, 128);
    uint8_t *b = wmbt_test_alloc(t, 128);
    T_CHECK(t, a != NULL && b != NULL);
    for (size_t n = 0; n <= 40; n++) {
        for (size_t from = 0; from < 9; from++) {
            for (size_t to = 0; to < 9; to++) {
                for (size_t i = 0; i < 128; i++) {
                    a[i] = (uint8_t)(i * 7 + 1);
                    b[i] = 0xCC;
                }
                wmbt_bytes_copy(b + to, a + from, n);
                for (size_t i = 0; i < 128; i++) {
                    bool inside = i >= to && i - to < n;
                    T_EQ(t, b[i], inside ? (uint8_t)((i - to + from) * 7 + 1) : 0xCC);
                }
                wmbt_bytes_move(a + to, a + from, n); /* overlapping, both directions */
                T_BYTES(t, a + to, b + to, n);
                wmbt_bytes_fill(b + to, 0x11, n);
                for (size_t i = 0; i < 128; i++) {
                    T_EQ(t, b[i], i >= to && i - to < n ? 0x11 : 0xCC);
                }
            }
        }
    }
}

static void test_compare(wmbt_test *t)
{
    static const uint8_t a[] = {1, 2, 255}, b[] = {1, 2, 1, 0};
    T_CHECK(t, wmbt_bytes_compare(wmbt_view_of(a, 3), wmbt_view_of(b, 4)) > 0);
    T_CHECK(t, wmbt_bytes_compare(wmbt_view_of(b, 4), wmbt_view_of(a, 3)) < 0);
    T_CHECK(t, wmbt_bytes_compare(wmbt_view_of(a, 2), wmbt_view_of(b, 4)) < 0);
    T_CHECK(t, wmbt_bytes_compare(wmbt_view_of(b, 4), wmbt_view_of(b, 3)) > 0);
    T_EQ(t, wmbt_bytes_compare(wmbt_view_of(a, 2), wmbt_view_of(b, 2)), 0);
    T_EQ(t, wmbt_bytes_compare(wmbt_view_of(NULL, 0), wmbt_view_of(NULL, 0)), 0);
    T_CHECK(t, wmbt_bytes_equal(a, b, 2) && !wmbt_bytes_equal(a, b, 3));
    T_CHECK(t, wmbt_bytes_equal(NULL, NULL, 0) && wmbt_bytes_all_zero(NULL, 0));
    T_CHECK(t, wmbt_bytes_all_zero(b + 3, 1) && !wmbt_bytes_all_zero(b + 2, 2));
    T_CHECK(t, wmbt_view_is_bad(wmbt_view_of(NULL, 1)) && !wmbt_view_is_bad(wmbt_view_of(NULL, 0)));
    T_CHECK(t, wmbt_buf_is_bad(wmbt_buf_of(NULL, 1)) && !wmbt_buf_is_bad(wmbt_buf_of(NULL, 0)));
}

static void check_decimal(wmbt_test *t, uint64_t v, const char *want)
{
    uint8_t out[WMBT_TEXT_U64_DIGITS];
    size_t n = wmbt_text_u64(v, out);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(out, n), want));
    uint64_t back = 0;
    T_CHECK(t, wmbt_text_parse_u64(wmbt_view_of(out, n), false, &back));
    T_EQ(t, back, v);
}

static void test_decimal(wmbt_test *t)
{
    T_CALL(t, check_decimal(t, 0, "0"));
    T_CALL(t, check_decimal(t, 9, "9"));
    T_CALL(t, check_decimal(t, 10, "10"));
    T_CALL(t, check_decimal(t, 4294967296u, "4294967296"));
    T_CALL(t, check_decimal(t, UINT64_MAX, "18446744073709551615"));
    T_CALL(t, check_decimal(t, UINT64_MAX - 6, "18446744073709551609"));
    T_CALL(t, check_decimal(t, UINT64_C(9999999999999999999), "9999999999999999999"));
    /* digits agree with repeated division, over a spread of values */
    uint64_t v = 1;
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t out[WMBT_TEXT_U64_DIGITS];
        size_t n = wmbt_text_u64(v, out);
        uint64_t rest = v;
        for (size_t k = n; k-- > 0;) {
            T_EQ(t, out[k], '0' + rest % 10);
            rest /= 10;
        }
        T_EQ(t, rest, 0);
        v = v * UINT64_C(6364136223846793005) + 1442695040888963407u;
        v >>= i % 64;
    }
}

static void test_parse_decimal(wmbt_test *t)
{
    static const struct {
        const char *text;
        bool plus, good;
        uint64_t value;
    } rows[] = {
        {"", false, false, 0},
        {"+", true, false, 0},
        {"+7", true, true, 7},
        {"+7", false, false, 0},
        {"++7", true, false, 0},
        {"-0", true, false, 0},
        {"0", false, true, 0},
        {"000000000000000000000000000012", false, true, 12},
        {"18446744073709551615", false, true, UINT64_MAX},
        {"18446744073709551616", false, false, 0},
        {"99999999999999999999", false, false, 0},
        {"184467440737095516150", false, false, 0},
        {"1 ", false, false, 0},
        {" 1", false, false, 0},
        {"1/", false, false, 0},
        {"1:", false, false, 0},
        {"0x1", false, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 77;
        wmbt_test_where(t, wmbt_test_text(rows[i].text));
        T_EQ(t, wmbt_text_parse_u64(wmbt_test_text(rows[i].text), rows[i].plus, &v), rows[i].good);
        T_EQ(t, v, rows[i].good ? rows[i].value : 77);
    }
}

static void test_hex(wmbt_test *t)
{
    uint8_t out[4] = {9, 9, 9, 9};
    T_EQ(t, wmbt_text_unhex(WMBT_VIEW_LITERAL("00ffA5"), true, out, 3), WMBT_OK);
    T_CHECK(t, out[0] == 0 && out[1] == 0xFF && out[2] == 0xA5 && out[3] == 9);
    static const struct {
        const char *text;
        size_t bytes;
        bool upper;
        wmbt_status status;
    } bad[] = {
        {"00ffA5", 3, false, WMBT_BAD_TEXT}, {"00ff", 3, true, WMBT_BAD_LENGTH},
        {"00ff0", 2, true, WMBT_BAD_LENGTH}, {"00ff00", 2, true, WMBT_BAD_LENGTH},
        {"00ff0g", 3, true, WMBT_BAD_TEXT},  {"0x00ff", 3, true, WMBT_BAD_TEXT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        wmbt_test_where(t, wmbt_test_text(bad[i].text));
        out[0] = 9;
        T_EQ(t, wmbt_text_unhex(wmbt_test_text(bad[i].text), bad[i].upper, out, bad[i].bytes),
             bad[i].status);
        T_EQ(t, out[0], 9);
    }
    uint8_t digits[8] = {'a', '1', 'b', '2', 'c', '3', 9, 9}; /* the first byte falls on "b2" */
    T_EQ(t, wmbt_text_unhex(wmbt_view_of(digits, 6), true, digits + 2, 3), WMBT_BAD_TEXT);
    T_CHECK(t, digits[1] == '1' && digits[2] == 0 && digits[3] == 0 && digits[4] == 0 &&
                   digits[5] == '3');
    T_EQ(t, wmbt_text_unhex(wmbt_view_of(NULL, 2), true, out, 1), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_text_unhex(wmbt_view_of(NULL, 0), true, out, 0), WMBT_OK);
    for (int c = 0; c < 256; c++) {
        bool digit = c >= '0' && c <= '9';
        bool lower = c >= 'a' && c <= 'f';
        bool upper = c >= 'A' && c <= 'F';
        int want = digit ? c - '0' : lower ? c - 'a' + 10 : upper ? c - 'A' + 10 : -1;
        T_CHECK(t, wmbt_text_hex_digit((uint8_t)c) == want);
    }
    uint8_t text[6];
    static const uint8_t raw[] = {0x0F, 0xA0, 0x9B};
    wmbt_text_hex(wmbt_view_of(raw, 3), text);
    T_CHECK(t, wmbt_test_view_is(wmbt_view_of(text, 6), "0fa09b"));
}

/* An independent statement of UTF-8: decode, then check the code point. */
static bool is_utf8_by_value(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint32_t c = p[i];
        size_t more = c < 0x80         ? 0
                      : (c >> 5) == 6  ? 1
                      : (c >> 4) == 14 ? 2
                      : (c >> 3) == 30 ? 3
                                       : 9;
        if (more == 9 || i + more >= n) {
            return false;
        }
        uint32_t v = more == 0 ? c : c & (0x3Fu >> more);
        for (size_t k = 1; k <= more; k++) {
            if ((p[i + k] & 0xC0) != 0x80) {
                return false;
            }
            v = v << 6 | (p[i + k] & 0x3Fu);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (v < least[more] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

static void test_utf8(wmbt_test *t)
{
    uint8_t b[4];
    for (uint32_t i = 0; i < 0x10000; i++) { /* every pair of bytes, with good and bad followers */
        static const uint8_t followers[][2] = {{0x80, 0x80}, {0xBF, 0xBF}, {'a', 'b'}, {0x80, 'a'}};
        for (size_t k = 0; k < 4; k++) {
            b[0] = (uint8_t)(i >> 8);
            b[1] = (uint8_t)i;
            b[2] = followers[k][0];
            b[3] = followers[k][1];
            for (size_t n = 0; n <= 4; n++) {
                T_EQ(t, wmbt_text_is_utf8(wmbt_view_of(b, n)), is_utf8_by_value(b, n));
            }
        }
    }
}

static void test_little_endian(wmbt_test *t)
{
    uint8_t b[9] = {0};
    wmbt_store_le64(b + 1, UINT64_C(0x1122334455667788));
    T_CHECK(t, b[1] == 0x88 && b[8] == 0x11);
    T_EQ(t, wmbt_load_le64(b + 1), UINT64_C(0x1122334455667788));
    T_EQ(t, wmbt_load_le32(b + 1), 0x55667788u);
    T_EQ(t, wmbt_load_le16(b + 1), 0x7788u);
    wmbt_store_le32(b, 0xFFFEFDFCu);
    wmbt_store_le16(b + 4, 0xABCD);
    T_EQ(t, wmbt_load_le64(b), UINT64_C(0x2233ABCDFFFEFDFC));
}

/* Macros of base.h and config.h: the same values that the language gives. */
static void test_macros(wmbt_test *t)
{
    static const wmbt_view name = WMBT_VIEW_INIT("ds4");
    static WMBT_MEMORY(memory, 24);
    T_CHECK(t, name.len == 3 && wmbt_test_view_is(name, "ds4"));
    T_EQ(t, (uintptr_t)memory % WMBT_MEMORY_ALIGN, 0);
    T_EQ(t, sizeof memory, 24);
    T_EQ(t, WMBT_ALIGNOF(wmbt_view), _Alignof(wmbt_view));
    T_EQ(t, WMBT_CAST(uint8_t, 0x1FF), 0xFF);
    T_EQ(t, WMBT_SIZE(UINT32_C(7)), 7);
    T_EQ(t, WMBT_U64(UINT32_MAX) + 1u, UINT64_C(1) << 32);
    const uint8_t *p = memory;
    WMBT_HIDE_POINTER(p);
    T_CHECK(t, p == memory);
    WMBT_ASSERT(p != NULL);
}

/* All texts of up to 4 of three characters, one of which is looked for. */
static void test_find(wmbt_test *t)
{
    uint8_t text[4];
    for (size_t len = 0; len <= sizeof text; len++) {
        for (uint32_t number = 0; number < 81u; number++) {
            size_t first = len, last = len;
            bool nul = false;
            for (size_t i = 0, rest = number; i < sizeof text; i++, rest /= 3u) {
                text[i] = (uint8_t)"/a"[rest % 3u];
                first = i < len && first == len && text[i] == '/' ? i : first;
                last = i < len && text[i] == '/' ? i : last;
                nul = nul || (i < len && text[i] == 0u);
            }
            wmbt_view v = wmbt_view_of(text, len);
            T_EQ(t, wmbt_text_find_first(v, '/'), first);
            T_EQ(t, wmbt_text_find_last(v, '/'), last);
            T_CHECK(t, wmbt_text_has_nul(v) == nul);
            T_CHECK(t, wmbt_text_is_utf8_without_nul(v) == !nul);
        }
    }
    text[0] = 0xC3;
    T_CHECK(t, !wmbt_text_is_utf8_without_nul(wmbt_view_of(text, 1)));
}

static void test_small_helpers(wmbt_test *t)
{
    struct pair {
        uint64_t number;
        uint8_t bytes[5];
    } a, b;
    T_EQ(t, wmbt_min_u32(1, UINT32_MAX), 1);
    T_EQ(t, wmbt_min_u32(UINT32_MAX, 1), 1);
    T_EQ(t, wmbt_min_size(7, SIZE_MAX), 7);
    T_EQ(t, wmbt_min_size(SIZE_MAX, 7), 7);
    for (size_t i = 0; i < sizeof b; i++) {
        ((uint8_t *)&b)[i] = (uint8_t)(i * 7u);
    }
    wmbt_test_fill(&a, sizeof a);
    WMBT_COPY_STRUCT(&a, &b);
    T_BYTES(t, (const uint8_t *)&a, (const uint8_t *)&b, sizeof b);
}

static const wmbt_case cases[] = {
    {"version", test_version, 0, NULL},
    {"status values, names and bands", test_status, 0, NULL},
    {"cursor: numbers", test_cursor_numbers, 0, NULL},
    {"cursor: bytes", test_cursor_bytes, 0, NULL},
    {"macros", test_macros, 0, NULL},
    {"slice: every offset and length", test_slice, 0, NULL},
    {"writer: every room", test_writer, 0, NULL},
    {"copy, move, fill: every length and alignment", test_moves, 256, NULL},
    {"compare", test_compare, 0, NULL},
    {"decimal", test_decimal, 0, NULL},
    {"parse decimal", test_parse_decimal, 0, NULL},
    {"hex", test_hex, 0, NULL},
    {"find: every text of 4", test_find, 0, NULL},
    {"smaller numbers, copied structs", test_small_helpers, 0, NULL},
    {"UTF-8: every pair of bytes", test_utf8, 0, NULL},
    {"little-endian", test_little_endian, 0, NULL},
};
WMBT_SUITE(base, cases);
