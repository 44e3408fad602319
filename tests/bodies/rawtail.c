/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rawtail. Objects and verdicts are the engine's (golden/engine); sizes are those of
 * docs/FORMATS.md. Small objects of the test shape stand for the large ones: their rows are noise,
 * their frame is checked byte by byte in test_small_object().
 */
#include "wombatkv/rawtail.h"

#include "../support/fault.h"
#include "../support/objects.h"
#include "wombatkv/crc32c.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define NO_DST wmbt_buf_of(NULL, 0)

WMBT_TEST_FORM(rawtail);

#define SMALL_BYTES 816u
#define SMALL_TOTAL 21u
#define SMALL_RAW 5u
#define SMALL_BLOCK_END 16u

static const wmbt_rawtail_expect small_expect = {&wmbt_test_shape, 0};
static const wmbt_rawtail_expect small_compat = {&wmbt_test_shape, WMBT_RAWTAIL_COMPAT};

/* A sealed object of noise. */
static wmbt_view make_object(wmbt_test *t, const wmbt_shape *shape, uint32_t total, uint32_t raw,
                             uint32_t block_end, uint32_t seed)
{
    wmbt_rawtail_walk walk;
    if (wmbt_rawtail_walk_init(&walk, shape, total, raw, block_end) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the shape is good");
        return wmbt_view_of(NULL, 0);
    }
    size_t n = (size_t)walk.end, written = 0;
    uint8_t *b = wmbt_test_alloc(t, n);
    for (size_t i = 0; b != NULL && i < n; i++) {
        b[i] = (uint8_t)wmbt_test_random(&seed);
    }
    if (b == NULL ||
        wmbt_rawtail_seal(wmbt_buf_of(b, n), shape, total, raw, block_end, &written) != WMBT_OK ||
        written != n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "seals");
    }
    return wmbt_view_of(b, n);
}

static wmbt_view make_small(wmbt_test *t)
{
    return make_object(t, &wmbt_test_shape, SMALL_TOTAL, SMALL_RAW, SMALL_BLOCK_END, 99);
}

/* The small object's bytes, to be changed; the CRC then made right by fix(). */
static uint8_t *make_small_bytes(wmbt_test *t, size_t room)
{
    wmbt_view object = make_small(t);
    uint8_t *b = wmbt_test_alloc(t, SMALL_BYTES + room);
    if (b != NULL) {
        wmbt_test_copy(b, object.data, object.len);
    }
    return b;
}

static void fix(uint8_t *b, size_t len)
{
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_BODY_BYTES, (uint32_t)(len - 16));
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_CRC, wmbt_test_crc32c(0, b + 16, len - 16));
}

/* --- geometry --------------------------------------------------------------------------------- */

/* formats: 16 + 20 + 88064 R + 21 (2 x 32768 + 4 + 2048 P4 + 2 x 8192 + 4 + 512 P4)
 *          + 20 (2 x 262144 + 4 + 2048 P128) + 4 */
static void test_sizes(wmbt_test *t)
{
    static const struct {
        uint32_t total, raw, block_end, bytes;
    } rows[] = {{0, 0, 0, 12206368},
                {128, 128, 128, 23478560},
                {133, 128, 128, 23532320},
                {300, 128, 256, 24069920},
                {5, 5, 0, 12700448}};
    for (size_t i = 0; i < 5; i++) {
        wmbt_rawtail_walk walk;
        T_EQ(t, wmbt_rawtail_walk_init(&walk, FLASH, rows[i].total, rows[i].raw, rows[i].block_end),
             WMBT_OK);
        T_EQ(t, walk.end, rows[i].bytes);
        uint64_t at = 36;
        wmbt_body_part part;
        while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
            T_EQ(t, part.extent.offset, at);
            T_CHECK(t, part.extent.bytes != 0u);
            at += part.extent.bytes;
        }
        T_EQ(t, at, walk.end);
        T_EQ(t, part.value, 0x52545445u);
        T_EQ(t, part.mismatch, WMBT_BAD_END_MARKER);
        part.value = 4711;
        T_EQ(t, wmbt_rawtail_walk_next(&walk, &part), WMBT_END);
        T_EQ(t, part.value, 4711);
    }
}

/* What the small object must look like, written down by hand from the format. */
static const wmbt_body_part small_parts[] = {
    WMBT_TEST_ROWS(36, 40, 5, 0, WMBT_EXTENT_RAW),
    WMBT_TEST_ROWS(76, 40, 5, 1, WMBT_EXTENT_RAW),
    WMBT_TEST_ROWS(116, 40, 5, 2, WMBT_EXTENT_RAW),
    WMBT_TEST_ROWS(156, 40, 5, 3, WMBT_EXTENT_RAW),
    /* ratio 4, overlapping: states of 2 x 4 rows of 2 x 2 elements, 2 x 1 for the index */
    WMBT_TEST_ROWS(196, 128, 8, 1, WMBT_EXTENT_STATE_KV),
    WMBT_TEST_ROWS(324, 128, 8, 1, WMBT_EXTENT_STATE_SCORE),
    WMBT_TEST_NUMBER(452, 1, 1, WMBT_BAD_COUNT),
    WMBT_TEST_ROWS(456, 8, 1, 1, WMBT_EXTENT_COMP),
    WMBT_TEST_ROWS(464, 64, 8, 1, WMBT_EXTENT_INDEX_STATE_KV),
    WMBT_TEST_ROWS(528, 64, 8, 1, WMBT_EXTENT_INDEX_STATE_SCORE),
    WMBT_TEST_NUMBER(592, 1, 1, WMBT_BAD_COUNT),
    WMBT_TEST_ROWS(596, 4, 1, 1, WMBT_EXTENT_INDEX),
    /* ratio 8, no index; no partial row */
    WMBT_TEST_ROWS(600, 64, 8, 2, WMBT_EXTENT_STATE_KV),
    WMBT_TEST_ROWS(664, 64, 8, 2, WMBT_EXTENT_STATE_SCORE),
    WMBT_TEST_NUMBER(728, 2, 0, WMBT_BAD_COUNT),
    /* ratio 2, index, not overlapping */
    WMBT_TEST_ROWS(732, 16, 2, 3, WMBT_EXTENT_STATE_KV),
    WMBT_TEST_ROWS(748, 16, 2, 3, WMBT_EXTENT_STATE_SCORE),
    WMBT_TEST_NUMBER(764, 3, 2, WMBT_BAD_COUNT),
    WMBT_TEST_ROWS(768, 16, 2, 3, WMBT_EXTENT_COMP),
    WMBT_TEST_ROWS(784, 8, 2, 3, WMBT_EXTENT_INDEX_STATE_KV),
    WMBT_TEST_ROWS(792, 8, 2, 3, WMBT_EXTENT_INDEX_STATE_SCORE),
    WMBT_TEST_NUMBER(800, 3, 2, WMBT_BAD_COUNT),
    WMBT_TEST_ROWS(804, 8, 2, 3, WMBT_EXTENT_INDEX),
    WMBT_TEST_NUMBER(812, 3, 0x52545445, WMBT_BAD_END_MARKER),
};
#define SMALL_ITEMS (sizeof small_parts / sizeof small_parts[0])

static void test_seek(wmbt_test *t)
{
    wmbt_rawtail_walk walk;
    T_EQ(t,
         wmbt_rawtail_walk_init(&walk, &wmbt_test_shape, SMALL_TOTAL, SMALL_RAW, SMALL_BLOCK_END),
         WMBT_OK);
    T_EQ(t, walk.end, SMALL_BYTES);
    wmbt_test_walk(t, &form, &walk, 13, small_parts, SMALL_ITEMS);
}

static void test_walk_arguments(wmbt_test *t)
{
    static const struct {
        uint32_t total, raw, block_end;
        wmbt_status want;
    } rows[] = {
        {21, 8, 16, WMBT_OK},           {21, 9, 16, WMBT_BAD_ARGUMENT}, /* above the window */
        {7, 8, 0, WMBT_BAD_ARGUMENT},                                   /* above the total */
        {21, 5, 24, WMBT_BAD_ARGUMENT},                                 /* blocks behind the end */
        {21, 5, 12, WMBT_BAD_ARGUMENT},                                 /* not a multiple of 8 */
        {16, 5, 16, WMBT_OK},           {0, 0, 0, WMBT_OK},
    };
    wmbt_rawtail_walk walk;
    walk.end = 4711;
    wmbt_shape bad = {wmbt_test_shape.layer, 4, 0, 1, 4, 8};
    T_EQ(t, wmbt_rawtail_walk_init(&walk, NULL, 8, 0, 8), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &bad, 8, 0, 8), WMBT_UNSUPPORTED_SHAPE);
    bad.layer = NULL;
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &bad, 8, 0, 8), WMBT_BAD_ARGUMENT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        walk.end = 4711;
        T_EQ(t,
             wmbt_rawtail_walk_init(&walk, &wmbt_test_shape, rows[i].total, rows[i].raw,
                                    rows[i].block_end),
             rows[i].want);
        T_EQ(t, walk.end == 4711, rows[i].want != WMBT_OK);
    }
    /* each layer counts, the first and the last too, and none behind it */
    static const wmbt_shape_layer layers[] = {{4, 0, 0}, {0, 0, 0}, {6, 0, 0}, {5, 0, 0}};
    wmbt_shape three = {layers, 3, 2, 1, 4, 8};
    for (uint32_t end = 0; end < 50u; end++) {
        T_EQ(t, wmbt_rawtail_walk_init(&walk, &three, 60, 0, end),
             end % 12u == 0u ? WMBT_OK : WMBT_BAD_ARGUMENT);
    }
}

/* Bodies of more than 2^32 - 1 bytes have no RTT1 form; products that wrap must not hide that. */
static void test_too_large(wmbt_test *t)
{
    static const wmbt_shape_layer dense[] = {{1, 0, 0}};
    wmbt_shape s = {dense, 1, 8192, 0, 8, 1}; /* rows of 65536 bytes */
    wmbt_rawtail_walk walk;
    walk.end = 4711;
    /* body: 20 + 2 states of 65536 + 4 + rows + 4 */
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &s, 65533, 0, 0), WMBT_OK);
    T_EQ(t, walk.end, 16 + 28 + UINT64_C(65536) * 65535);
    walk.end = 4711;
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &s, 65534, 0, 0), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &s, 65536, 0, 0), WMBT_TOO_LARGE); /* 2^32 bytes */
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &s, UINT32_MAX, 0, 0), WMBT_TOO_LARGE);
    T_EQ(t, walk.end, 4711);
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &s, UINT32_MAX, 0, UINT32_MAX), WMBT_OK);
    /* the largest of all: 24 + 57 layers of 3121 raw rows of 3449 elements of 7 bytes */
    wmbt_shape_layer plain[57];
    for (size_t i = 0; i < 57u; i++) {
        plain[i].ratio = 0;
        plain[i].has_index = plain[i].overlaps = 0;
    }
    const wmbt_shape largest = {plain, 57, 3449, 0, 7, 8192};
    T_EQ(t, wmbt_rawtail_walk_init(&walk, &largest, 3121, 3121, 0), WMBT_OK);
    T_EQ(t, walk.end, 16 + UINT64_C(0xFFFFFFFF));
}

/* --- does it fit ------------------------------------------------------------------------------ */

static void test_fits(wmbt_test *t)
{
    enum { AGREE = WMBT_RAWTAIL_ROWS_AGREE };
    static const struct {
        uint32_t total, raw, block_end, flags, block_tokens;
        uint64_t loaded, prompt;
        wmbt_status want;
    } rows[] = {
        {300, 128, 256, AGREE, 128, 256, 300, WMBT_OK},
        {300, 128, 256, AGREE, 128, 256, 301, WMBT_OK},
        {300, 128, 256, AGREE, 0, 256, 301, WMBT_OK},
        {300, 128, 256, AGREE, 128, 256, WMBT_RAWTAIL_ANY_PROMPT, WMBT_OK},
        {300, 128, 256, AGREE, 256, 256, 301, WMBT_OK},
        {300, 128, 256, AGREE, 128, 256, 299, WMBT_DOES_NOT_FIT}, /* longer than the prompt */
        {300, 128, 256, AGREE, 128, 384, 400, WMBT_DOES_NOT_FIT}, /* shorter than the blocks */
        {300, 128, 256, AGREE, 128, 128, 300, WMBT_DOES_NOT_FIT}, /* a block in between */
        {300, 128, 256, AGREE, 0, 128, 300, WMBT_DOES_NOT_FIT},
        {300, 128, 128, AGREE, 128, 256, 300, WMBT_DOES_NOT_FIT}, /* rows begin elsewhere */
        {300, 128, 256, AGREE, 512, 256, 300, WMBT_DOES_NOT_FIT},
        {300, 128, 0, AGREE, 512, 0, 300, WMBT_OK},
        {300, 128, 0, 0, 512, 0, 300, WMBT_DOES_NOT_FIT}, /* rows contradict each other */
        {300, 127, 256, AGREE, 128, 256, 301, WMBT_OK},   /* window - 1 rows are enough */
        {300, 127, 256, AGREE, 128, 256, 300, WMBT_DOES_NOT_FIT},
        {300, 126, 256, AGREE, 128, 256, 301, WMBT_DOES_NOT_FIT},
        {5, 5, 0, AGREE, 128, 0, 6, WMBT_OK},
        {5, 5, 0, AGREE, 128, 0, 5, WMBT_OK},
        {5, 4, 0, AGREE, 128, 0, 5, WMBT_DOES_NOT_FIT},
        {5, 4, 0, AGREE, 128, 0, 6, WMBT_DOES_NOT_FIT},
        {128, 127, 128, AGREE, 128, 128, 129, WMBT_OK},
        {128, 127, 128, AGREE, 128, 128, 128, WMBT_DOES_NOT_FIT},
        {128, 128, 128, AGREE, 128, 128, 128, WMBT_OK},
        {300, 128, 256, AGREE, 128, UINT64_C(256) << 24, UINT64_MAX, WMBT_DOES_NOT_FIT},
        {0, 0, 0, AGREE, 128, 0, 0, WMBT_OK},
        {300, 128, 256, AGREE, 100, 256, 300, WMBT_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_rawtail_info info = {rows[i].total,     rows[i].raw,  0, 0,
                                  rows[i].block_end, rows[i].flags};
        T_EQ(t,
             wmbt_rawtail_fits(&info, FLASH, rows[i].block_tokens, rows[i].loaded, rows[i].prompt),
             rows[i].want);
    }
    static const wmbt_shape_layer none[] = {{0, 0, 0}};
    wmbt_shape plain = {none, 1, 4, 0, 4, 8};
    wmbt_rawtail_info info = {21, 8, 0, 0, 0, AGREE};
    T_EQ(t, wmbt_rawtail_fits(&info, &plain, 16, 16, 30), WMBT_OK); /* no rows to compare */
    T_EQ(t, wmbt_rawtail_fits(&info, NULL, 16, 16, 30), WMBT_BAD_ARGUMENT);
    plain.head_dim = 0;
    T_EQ(t, wmbt_rawtail_fits(&info, &plain, 16, 16, 30), WMBT_UNSUPPORTED_SHAPE);
}

/* --- objects ---------------------------------------------------------------------------------- */

static void test_small_object(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    T_EQ(t, object.len, SMALL_BYTES);
    const uint8_t *b = object.data;
    static const uint8_t header[] = {'1', 'T', 'T', 'R', 4, 0, 0, 0, 0x20, 3, 0, 0};
    static const uint8_t numbers[] = {4, 0, 0, 0, 5, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 21, 0, 0, 0};
    T_BYTES(t, b, header, 12);
    T_EQ(t, wmbt_test_load32(b + WMBT_RAWTAIL_AT_CRC), wmbt_test_crc32c(0, b + 16, 800));
    T_BYTES(t, b + 16, numbers, 20);
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        if (small_parts[i].extent.kind == WMBT_EXTENT_FIELD) {
            T_EQ(t, wmbt_test_load32(b + small_parts[i].extent.offset), small_parts[i].value);
        }
    }
    T_BYTES(t, b + 812, (const uint8_t *)"ETTR", 4);
    wmbt_rawtail_info info,
        want = {21, 5, 800, wmbt_test_load32(b + WMBT_RAWTAIL_AT_CRC), 16, WMBT_RAWTAIL_ROWS_AGREE};
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_OK);
    T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_compat, &info), WMBT_OK);
    T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
    want.block_end = want.flags = 0;
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_rawtail_read_header(wmbt_view_of(b, 36), &small_expect, &info), WMBT_OK);
    T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&want, sizeof info);
}

/* Read back from the rows: where the partial rows begin, for every total and block end. */
static void test_block_end(wmbt_test *t)
{
    for (uint32_t total = 0; total <= 40; total++) {
        for (uint32_t block_end = 0; block_end <= total; block_end += 8) {
            wmbt_test_reset(t);
            uint32_t raw = total < 8 ? total : (total ^ block_end) % 9;
            wmbt_view object = make_object(t, &wmbt_test_shape, total, raw, block_end, total + 1);
            wmbt_rawtail_info info;
            T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_OK);
            T_EQ(t, info.flags, WMBT_RAWTAIL_ROWS_AGREE);
            T_EQ(t, info.block_end, block_end);
            T_EQ(t, info.total_tokens, total);
            T_EQ(t, info.raw_rows, raw);
        }
    }
}

/* A shape of which a tail has raw rows only, or nothing at all. */
static void test_no_compressed_layer(wmbt_test *t)
{
    static const wmbt_shape_layer none[] = {{0, 0, 0}, {0, 0, 0}};
    const wmbt_shape plain = {none, 2, 4, 0, 4, 8};
    const wmbt_rawtail_expect expect = {&plain, 0};
    for (uint32_t raw = 0; raw < 3; raw++) {
        wmbt_view object = make_object(t, &plain, 30, raw, 13, 5);
        T_EQ(t, object.len, 40 + raw * 32);
        wmbt_rawtail_info info;
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &expect, &info), WMBT_OK);
        T_CHECK(t, info.block_end == 0u && info.flags == WMBT_RAWTAIL_ROWS_AGREE);
    }
}

/* A row a token: blocks can end anywhere, and no count is lost to rounding. */
static void test_ratio_of_one(wmbt_test *t)
{
    static const wmbt_shape_layer ones[] = {{1, 1, 0}};
    const wmbt_shape shape = {ones, 1, 2, 1, 4, 8};
    const wmbt_rawtail_expect expect = {&shape, 0};
    for (uint32_t block_end = 0; block_end <= 5; block_end++) {
        wmbt_test_reset(t);
        /* header, raw rows, two states, a count and rows, two states, a count and rows, marker */
        wmbt_view object = make_object(t, &shape, 5, 5, block_end, 3);
        T_EQ(t, object.len, 36 + 5 * 8 + 2 * 8 + 4 + 2 * 4 + 4 + (5 - block_end) * 12 + 4);
        wmbt_rawtail_info info;
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &expect, &info), WMBT_OK);
        T_CHECK(t, info.block_end == block_end && info.flags == WMBT_RAWTAIL_ROWS_AGREE);
    }
}

static void test_seal_arguments(wmbt_test *t)
{
    uint8_t room[SMALL_BYTES];
    wmbt_test_fill(room, sizeof room);
    size_t written = 4711;
    T_EQ(t,
         wmbt_rawtail_seal(wmbt_buf_of(room, SMALL_BYTES - 1), &wmbt_test_shape, 21, 5, 16,
                           &written),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t,
         wmbt_rawtail_seal(wmbt_buf_of(NULL, SMALL_BYTES), &wmbt_test_shape, 21, 5, 16, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_seal(wmbt_buf_of(room, 0), &wmbt_test_shape, 21, 5, 16, &written),
         WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_rawtail_seal(wmbt_buf_of(room, SMALL_BYTES), NULL, 21, 5, 16, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t,
         wmbt_rawtail_seal(wmbt_buf_of(room, SMALL_BYTES), &wmbt_test_shape, 21, 9, 16, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, written, 4711);
    T_CHECK(t, wmbt_test_is_filled(room, sizeof room));
}

/* formats, derived: no tokens, all states zero. */
static void test_zero_vector(wmbt_test *t)
{
    static const uint8_t header[] = {0x31, 0x54, 0x54, 0x52, 4,    0, 0, 0, 0x10, 0x41, 0xba, 0,
                                     0xc5, 0xf8, 0x6e, 0x3f, 0x2b, 0, 0, 0, 0,    0,    0,    0,
                                     0,    2,    0,    0,    4,    0, 0, 0, 0,    0,    0,    0};
    uint8_t *b = wmbt_test_alloc(t, 12206368 + 3);
    T_CHECK(t, b != NULL);
    size_t written = 0;
    T_EQ(t, wmbt_rawtail_seal(wmbt_buf_of(b, 12206368 + 3), FLASH, 0, 0, 0, &written), WMBT_OK);
    T_EQ(t, written, 12206368);
    T_BYTES(t, b, header, sizeof header);
    T_BYTES(t, b + 12206364, (const uint8_t *)"ETTR", 4);
    T_CHECK(t, b[12206368] == 0 && b[12206369] == 0 && b[12206370] == 0);
}

static const struct {
    const char *name;
    uint32_t raw, total, block_end;
} golden[] = {
    {"golden/engine/t_r0_n0.rtt1", 0, 0, 0},
    {"golden/engine/t_r5_n5_k3.rtt1", 5, 5, 0},
    {"golden/engine/t_r128_n128_k3.rtt1", 128, 128, 128},
    {"golden/engine/t_r128_n133_k3.rtt1", 128, 133, 128},
    {"golden/engine/t_r128_n300_k1.rtt1", 128, 300, 256},
};
#define GOLDEN (sizeof golden / sizeof golden[0])

/* The engine's tails are accepted, and the writer gives the engine's bytes for the same rows. */
static void test_golden_objects(wmbt_test *t)
{
    const wmbt_rawtail_expect expect = {FLASH, 0};
    for (size_t i = 0; i < GOLDEN; i++) {
        wmbt_test_reset(t);
        wmbt_view object;
        T_CHECK(t, wmbt_test_data(t, golden[i].name, &object));
        wmbt_test_where(t, wmbt_test_text(golden[i].name));
        wmbt_rawtail_info info;
        T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info), WMBT_OK);
        T_EQ(t, info.raw_rows, golden[i].raw);
        T_EQ(t, info.total_tokens, golden[i].total);
        T_EQ(t, info.block_end, golden[i].block_end);
        T_EQ(t, info.flags, WMBT_RAWTAIL_ROWS_AGREE);
        T_EQ(t, wmbt_rawtail_fits(&info, FLASH, 128, golden[i].block_end, golden[i].total),
             WMBT_OK);

        wmbt_rawtail_walk walk;
        T_EQ(t,
             wmbt_rawtail_walk_init(&walk, FLASH, golden[i].total, golden[i].raw,
                                    golden[i].block_end),
             WMBT_OK);
        uint8_t *copy = wmbt_test_only_rows(t, &form, &walk, object);
        T_CHECK(t, copy != NULL);
        size_t written = 0;
        T_EQ(t,
             wmbt_rawtail_seal(wmbt_buf_of(copy, object.len), FLASH, golden[i].total, golden[i].raw,
                               golden[i].block_end, &written),
             WMBT_OK);
        T_EQ(t, written, object.len);
        T_BYTES(t, copy, object.data, object.len);
    }
}

/* The engine accepts bytes between the end marker and the end of the body; we do not. The only
 * deviation in its table. */
static void judge(wmbt_test *t, wmbt_view object, const wmbt_view *cells)
{
    static const char deviation[] = "4 bytes after end inside body, crc fixed";
    wmbt_status want = (wmbt_status)wmbt_cell_u64(t, cells[WMBT_TEST_VERDICT_STATUS]);
    for (uint32_t flags = 0; flags <= WMBT_RAWTAIL_COMPAT; flags += WMBT_RAWTAIL_COMPAT) {
        wmbt_rawtail_expect expect = {FLASH, flags};
        bool ours =
            wmbt_test_view_is(cells[0], deviation) && (flags & WMBT_RAWTAIL_COMPAT_TRAILING) == 0u;
        T_EQ(t, !ours || want == WMBT_OK, true);
        wmbt_rawtail_info info;
        T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info),
             ours ? WMBT_TRAILING_BYTES : want);
    }
    wmbt_rawtail_expect expect = {FLASH, WMBT_RAWTAIL_COMPAT};
    wmbt_rawtail_info info;
    T_EQ(t, wmbt_test_read_pushed(t, &form, object, &expect, 1234567, 1000000, NULL, &info), want);
}

static void test_verdicts(wmbt_test *t)
{
    wmbt_test_crc_place place = {false, 12, 16};
    uint32_t rows = wmbt_test_verdicts(t, "verdicts/rawtail.tsv",
                                       "golden/engine/t_r128_n133_k3.rtt1", place, judge);
    if (!t->failed) {
        T_EQ(t, rows, 67);
    }
}

/* --- hostile fields --------------------------------------------------------------------------- */

/* One field of the small object changed, CRC right: what strict and compatible readers say. */
static void check_field(wmbt_test *t, uint32_t at, uint32_t value, wmbt_status strict,
                        wmbt_status compat)
{
    wmbt_test_reset(t);
    uint8_t *b = make_small_bytes(t, 0);
    T_CHECK(t, b != NULL);
    wmbt_test_store32(b + at, value);
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_CRC, wmbt_test_crc32c(0, b + 16, SMALL_BYTES - 16));
    wmbt_rawtail_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &small_expect, &info),
         strict);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &small_compat, &info),
         compat);
}

static void test_magic_and_version(wmbt_test *t)
{
    static const uint32_t values[] = {0, 1, 0x80000004, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_MAGIC, values[i], WMBT_BAD_MAGIC, WMBT_BAD_MAGIC));
        T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_VERSION, values[i], WMBT_UNSUPPORTED_VERSION,
                              WMBT_UNSUPPORTED_VERSION));
    }
}

static void test_layers_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 3, 5, 0x80000004, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t,
               check_field(t, WMBT_RAWTAIL_AT_LAYERS, values[i], WMBT_BAD_SHAPE, WMBT_BAD_SHAPE));
    }
}

static void test_head_dim_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 1, 3, 0x80000002, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t,
               check_field(t, WMBT_RAWTAIL_AT_HEAD_DIM, values[i], WMBT_BAD_SHAPE, WMBT_BAD_SHAPE));
    }
}

static void test_element_bytes_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 2, 5, 0x80000004, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_ELEMENT_BYTES, values[i], WMBT_BAD_SHAPE,
                              WMBT_BAD_SHAPE));
    }
}

static void test_raw_rows_field(wmbt_test *t)
{
    static const uint32_t values[] = {9, 22, 0x20000005, 0x80000005, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t,
               check_field(t, WMBT_RAWTAIL_AT_RAW_ROWS, values[i], WMBT_BAD_COUNT, WMBT_BAD_COUNT));
    }
    /* within the window, but the rest is then read elsewhere: the noise there is no count */
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_RAW_ROWS, 8, WMBT_BAD_COUNT, WMBT_TRUNCATED));
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_RAW_ROWS, 0, WMBT_BAD_COUNT, WMBT_TRUNCATED));
}

static void test_total_tokens_field(wmbt_test *t)
{
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_TOKENS, 4, WMBT_BAD_COUNT,
                          WMBT_BAD_COUNT)); /* below the raw rows */
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_TOKENS, 0, WMBT_BAD_COUNT, WMBT_BAD_COUNT));
    /* rows that so many tokens can have, if not these tokens: intact, but they do not agree */
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_TOKENS, 5, WMBT_OK, WMBT_OK));
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_TOKENS, 23, WMBT_OK, WMBT_OK));
    T_CALL(t, check_field(t, WMBT_RAWTAIL_AT_TOKENS, UINT32_MAX, WMBT_OK, WMBT_OK));
}

/* Rows that disagree with each other are told, and fit nowhere. */
static void test_rows_disagree(wmbt_test *t)
{
    uint8_t *b = make_small_bytes(t, 0);
    T_CHECK(t, b != NULL);
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_TOKENS,
                      17); /* ratio 4 then says 12, ratio 8 says 16, ratio 2 says 12 */
    fix(b, SMALL_BYTES);
    wmbt_rawtail_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &small_expect, &info),
         WMBT_OK);
    T_CHECK(t, info.flags == 0u && info.block_end == 0u);
    for (uint64_t loaded = 0; loaded <= 17; loaded++) {
        T_EQ(t, wmbt_rawtail_fits(&info, &wmbt_test_shape, 0, loaded, 30), WMBT_DOES_NOT_FIT);
    }
}

/* Counts of compressed rows: ratio 4 at 452, ratio 8 at 728, ratio 2 at 764. */
static void test_comp_rows_field(wmbt_test *t)
{
    /* 2^29 rows of 8 bytes, 2^31 + 1: products that wrap to what fits */
    static const uint32_t values[] = {0x20000001, 0x40000001, 0x80000001, 0xE0000001, UINT32_MAX};
    static const uint32_t places[] = {452, 728, 764};
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < 5; i++) {
            T_CALL(t, check_field(t, places[p], values[i], WMBT_BAD_COUNT, WMBT_TRUNCATED));
        }
    }
    T_CALL(t, check_field(t, 452, 6, WMBT_BAD_COUNT, WMBT_TRUNCATED)); /* one above 21 / 4 */
    T_CALL(t, check_field(t, 764, 6, WMBT_TRUNCATED, WMBT_TRUNCATED)); /* 48 bytes, 48 are left */
    T_CALL(t, check_field(t, 764, 7, WMBT_TRUNCATED, WMBT_TRUNCATED));
}

/* Counts of indexer rows: ratio 4 at 592, ratio 2 at 800. */
static void test_index_rows_field(wmbt_test *t)
{
    static const uint32_t values[] = {0x40000001, 0x80000001, 0xC0000002, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        T_CALL(t, check_field(t, 592, values[i], WMBT_BAD_COUNT, WMBT_TRUNCATED));
        T_CALL(t, check_field(t, 800, values[i], WMBT_BAD_COUNT, WMBT_TRUNCATED));
    }
    T_CALL(t, check_field(t, 800, 1, WMBT_BAD_COUNT, WMBT_BAD_END_MARKER));
    T_CALL(t, check_field(t, 800, 3, WMBT_BAD_COUNT, WMBT_TRUNCATED)); /* no room for the marker */
    T_CALL(t, check_field(t, 800, 4, WMBT_BAD_COUNT, WMBT_TRUNCATED));
}

static void test_end_marker_field(wmbt_test *t)
{
    T_CALL(t, check_field(t, 812, 0x52545431, WMBT_BAD_END_MARKER, WMBT_BAD_END_MARKER));
    T_CALL(t, check_field(t, 812, 0x45545452, WMBT_BAD_END_MARKER, WMBT_BAD_END_MARKER));
    T_CALL(t, check_field(t, 812, 0, WMBT_BAD_END_MARKER, WMBT_BAD_END_MARKER));
}

/* What only the compatible mode takes: other row counts, and bytes after the marker. */
static void test_compat(wmbt_test *t)
{
    wmbt_rawtail_info info;
    uint8_t *b = make_small_bytes(t, 64);
    T_CHECK(t, b != NULL);
    for (uint32_t extra = 1; extra <= 64; extra++) {
        fix(b, SMALL_BYTES + extra);
        wmbt_view object = wmbt_view_of(b, SMALL_BYTES + extra);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info),
             WMBT_TRAILING_BYTES);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_compat, &info), WMBT_OK);
        T_CHECK(t, info.body_bytes == 800 + extra && info.block_end == 16u);
        wmbt_rawtail_expect only = {&wmbt_test_shape, WMBT_RAWTAIL_COMPAT_TRAILING};
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &only, &info), WMBT_OK);
        only.flags = WMBT_RAWTAIL_COMPAT_ROWS;
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &only, &info), WMBT_TRAILING_BYTES);
    }
    /* one indexer row less than compressed rows in the last layer */
    wmbt_test_store32(b + 800, 1);
    wmbt_test_store32(b + 808, 0x52545445);
    fix(b, SMALL_BYTES - 4);
    wmbt_view object = wmbt_view_of(b, SMALL_BYTES - 4);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_BAD_COUNT);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_compat, &info), WMBT_OK);
    T_CHECK(t, info.flags == 0u && info.block_end == 0u);
    /* more rows than a total can have: 5 tokens, R = 5, two rows at ratio 2, then three */
    wmbt_test_store32(b + 800, 2);
    wmbt_test_store32(b + 812, 0x52545445);
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_TOKENS, 5);
    fix(b, SMALL_BYTES);
    object = wmbt_view_of(b, SMALL_BYTES);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_OK);
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_RAW_ROWS,
                      3); /* fewer raw rows, so that the total can be 3; rows move up */
    wmbt_test_store32(b + WMBT_RAWTAIL_AT_TOKENS, 3);
    for (size_t i = 36; i < SMALL_BYTES - 64; i++) {
        b[i] = b[i + 64];
    }
    fix(b, SMALL_BYTES - 64);
    object = wmbt_view_of(b, SMALL_BYTES - 64);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_BAD_COUNT);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_compat, &info), WMBT_OK);
    T_CHECK(t, info.flags == 0u && info.total_tokens == 3u);
}

/* Lengths in the envelope, with every length of object around. */
static void test_body_bytes_field(wmbt_test *t)
{
    static const uint32_t values[] = {0,  1,   19,  20,  21,         23,         24,
                                      25, 799, 801, 804, 0x80000320, 0xFFFFFFF0, UINT32_MAX};
    uint8_t *b = make_small_bytes(t, 8);
    T_CHECK(t, b != NULL);
    wmbt_rawtail_info info;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        wmbt_test_store32(b + WMBT_RAWTAIL_AT_BODY_BYTES, values[i]);
        T_EQ(t,
             wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &small_expect, &info),
             WMBT_BAD_LENGTH);
        wmbt_test_fill(&info, sizeof info);
        T_EQ(t, wmbt_rawtail_read_header(wmbt_view_of(b, 36), &small_expect, &info),
             values[i] < 24 ? WMBT_BAD_LENGTH : WMBT_OK);
        T_EQ(t, wmbt_test_is_filled(&info, sizeof info), values[i] < 24);
    }
    /* short objects whose body_bytes is right: 36 to 44 bytes */
    for (size_t len = 36; len < 45; len++) {
        fix(b, len);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, len), &small_expect, &info),
             WMBT_TRUNCATED);
        wmbt_test_store32(b + WMBT_RAWTAIL_AT_BODY_BYTES, (uint32_t)len - 17);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, len), &small_expect, &info),
             WMBT_BAD_LENGTH);
        wmbt_test_store32(b + WMBT_RAWTAIL_AT_BODY_BYTES, (uint32_t)len - 15);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, len), &small_expect, &info),
             len < 40 ? WMBT_TRUNCATED : WMBT_BAD_LENGTH);
    }
}

static void test_bytes_after(wmbt_test *t)
{
    uint8_t *b = make_small_bytes(t, 8);
    T_CHECK(t, b != NULL);
    for (size_t extra = 1; extra <= 8; extra++) {
        wmbt_rawtail_info info;
        wmbt_view object = wmbt_view_of(b, SMALL_BYTES + extra);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_expect, &info), WMBT_BAD_LENGTH);
        T_EQ(t, wmbt_test_read_all_ways(t, &form, object, &small_compat, &info), WMBT_BAD_LENGTH);
    }
}

/* --- faults ----------------------------------------------------------------------------------- */

static void try_cut(wmbt_test *t, void *context, wmbt_view changed, size_t kept)
{
    (void)context;
    wmbt_rawtail_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &small_expect, &info),
         kept < 40 ? WMBT_TRUNCATED : WMBT_BAD_LENGTH);
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_rawtail_read_header(changed, &small_expect, &info),
         kept < 36 ? WMBT_TRUNCATED : WMBT_OK);
    T_EQ(t, wmbt_test_is_filled(&info, sizeof info), kept < 36);
}

static void test_truncations(wmbt_test *t)
{
    wmbt_fault_truncate(t, make_small(t), 1, try_cut, NULL);
}

static void try_flip(wmbt_test *t, void *context, wmbt_view changed, size_t bit)
{
    (void)context;
    wmbt_status want = bit < 32   ? WMBT_BAD_MAGIC
                       : bit < 64 ? WMBT_UNSUPPORTED_VERSION
                       : bit < 96 ? WMBT_BAD_LENGTH
                                  : WMBT_BAD_CHECKSUM;
    wmbt_rawtail_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &small_expect, &info), want);
    T_EQ(t, wmbt_test_read_whole(t, &form, changed, &small_compat, &info), want);
}

static void test_flips(wmbt_test *t)
{
    wmbt_fault_flip(t, make_small(t), 1, try_flip, NULL);
}

static void test_splits(wmbt_test *t)
{
    wmbt_test_splits(t, &form, make_small(t), &small_expect, small_parts, SMALL_ITEMS);
}

/* The rules of the calls, in every phase of an object. */
static void test_push_calls(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    wmbt_rawtail_push p;
    wmbt_rawtail_info info;
    wmbt_extent e = {0, 0, 0, 0, 0};
    uint32_t position = 4711;
    size_t taken = 4711;
    wmbt_rawtail_expect bad = {NULL, 0};
    T_EQ(t, wmbt_rawtail_push_init(&p, &bad), WMBT_BAD_ARGUMENT);
    bad.shape = &wmbt_test_shape;
    bad.flags = 4;
    T_EQ(t, wmbt_rawtail_push_init(&p, &bad), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_read(object, &bad, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_read_header(object, &bad, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_read(wmbt_view_of(NULL, 1), &small_expect, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_read_header(wmbt_view_of(NULL, 1), &small_expect, &info),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_read(wmbt_view_of(NULL, 0), &small_expect, &info), WMBT_TRUNCATED);

    wmbt_test_fill(&p, sizeof p);
    T_EQ(t, wmbt_rawtail_push_init(&p, &small_expect), WMBT_OK);
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_MISSING);
    T_EQ(t, wmbt_rawtail_push_placed(&p, 0, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_rawtail_push_feed(&p, wmbt_view_of(NULL, 1), NO_DST, &taken), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_push_feed(&p, object, wmbt_buf_of(NULL, 1), &taken), WMBT_BAD_ARGUMENT);
    T_EQ(t, taken, 4711);
    T_EQ(t, wmbt_rawtail_push_feed(&p, wmbt_view_of(NULL, 0), NO_DST, &taken), WMBT_NEED_MORE);
    T_EQ(t, taken, 0);
    T_EQ(t, wmbt_rawtail_push_feed(&p, object, NO_DST, &taken), WMBT_OK);
    T_EQ(t, taken, 36);
    uint8_t room[40];
    wmbt_view rest = wmbt_view_of(object.data + 36, SMALL_BYTES - 36);
    T_EQ(t, wmbt_rawtail_push_feed(&p, rest, wmbt_buf_of(room, 39), &taken), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_rawtail_push_placed(&p, 41, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rawtail_push_offset(&p), 36);
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_OK);
    T_CHECK(t, e.offset == 36u && e.bytes == 40u && e.kind == WMBT_EXTENT_RAW && position == 0u);
    T_EQ(t, wmbt_rawtail_push_feed(&p, rest, wmbt_buf_of(room, 40), &taken), WMBT_OK);
    T_EQ(t, taken, 40);
    T_BYTES(t, room, object.data + 36, 40);
    T_EQ(t, wmbt_rawtail_push_finish(&p, &info), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_rawtail_push_feed(&p, rest, NO_DST, &taken), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_rawtail_push_placed(&p, 1, 0), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_BAD_LENGTH);
    T_EQ(t, wmbt_rawtail_push_finish(&p, &info), WMBT_BAD_LENGTH);

    wmbt_test_fill(&p, sizeof p);
    T_EQ(t, wmbt_rawtail_push_init(&p, &small_expect), WMBT_OK);
    size_t at = 0;
    wmbt_status status;
    do {
        status = wmbt_rawtail_push_feed(&p, wmbt_view_of(object.data + at, object.len - at), NO_DST,
                                        &taken);
        at += taken;
    } while (status == WMBT_OK);
    T_EQ(t, status, WMBT_END);
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_END);
    T_EQ(t, wmbt_rawtail_push_placed(&p, 0, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_rawtail_push_feed(&p, wmbt_view_of(NULL, 0), NO_DST, &taken), WMBT_END);
    T_EQ(t, wmbt_rawtail_push_finish(&p, &info), WMBT_OK);
    T_EQ(t, wmbt_rawtail_push_finish(&p, &info), WMBT_BAD_STATE);
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_END);
    T_EQ(t, wmbt_rawtail_push_feed(&p, rest, NO_DST, &taken), WMBT_BAD_STATE);
    T_EQ(t, wmbt_rawtail_push_placed(&p, 0, 0), WMBT_BAD_STATE);
}

/* At the end of an object whose checksum is wrong there is nothing but its refusal. */
static void test_push_at_the_end(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    T_CHECK(t, object.data != NULL);
    uint8_t b[SMALL_BYTES];
    wmbt_test_copy(b, object.data, SMALL_BYTES);
    b[WMBT_RAWTAIL_AT_CRC] ^= 1u;
    wmbt_rawtail_push p;
    wmbt_rawtail_info info;
    wmbt_extent e;
    uint32_t position = 4711;
    size_t at = 0, taken = 0;
    wmbt_test_fill(&p, sizeof p);
    T_EQ(t, wmbt_rawtail_push_init(&p, &small_expect), WMBT_OK);
    while (at < SMALL_BYTES) {
        T_CHECK(t, !wmbt_status_is_error(wmbt_rawtail_push_at(&p, &e, &position)));
        wmbt_status status =
            wmbt_rawtail_push_feed(&p, wmbt_view_of(b + at, SMALL_BYTES - at), NO_DST, &taken);
        T_CHECK(t, !wmbt_status_is_error(status) || at + taken == SMALL_BYTES);
        at += taken;
    }
    position = 4711;
    T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_BAD_CHECKSUM);
    T_EQ(t, position, 4711);
    T_EQ(t, wmbt_rawtail_push_finish(&p, &info), WMBT_BAD_CHECKSUM);
}

/* A fault in a number shows at once to who asks, and at the end to all. */
static void test_push_early(wmbt_test *t)
{
    uint8_t *b = make_small_bytes(t, 0);
    T_CHECK(t, b != NULL);
    wmbt_test_store32(b + 452, 99);
    for (int fixed = 0; fixed < 2; fixed++) {
        if (fixed == 1) {
            fix(b, SMALL_BYTES);
        }
        wmbt_rawtail_push p;
        wmbt_rawtail_info info;
        wmbt_extent e;
        uint32_t position = 0;
        size_t at = 0, taken = 0;
        wmbt_test_fill(&p, sizeof p);
        T_EQ(t, wmbt_rawtail_push_init(&p, &small_expect), WMBT_OK);
        while (at < 456) {
            T_CHECK(t, !wmbt_status_is_error(wmbt_rawtail_push_at(&p, &e, &position)));
            T_CHECK(t, !wmbt_status_is_error(wmbt_rawtail_push_feed(
                           &p, wmbt_view_of(b + at, 456 - at), NO_DST, &taken)));
            at += taken;
        }
        position = 4711;
        T_EQ(t, wmbt_rawtail_push_at(&p, &e, &position), WMBT_BAD_COUNT);
        T_EQ(t, position, 4711);
        T_EQ(t, wmbt_rawtail_push_placed(&p, 1, 0), WMBT_BAD_STATE);
        uint8_t room[SMALL_BYTES]; /* what follows a fault belongs nowhere */
        wmbt_test_fill(room, sizeof room);
        T_EQ(t,
             wmbt_rawtail_push_feed(&p, wmbt_view_of(b + at, SMALL_BYTES - at),
                                    wmbt_buf_of(room, sizeof room), &taken),
             WMBT_END);
        T_CHECK(t, wmbt_test_is_filled(room, sizeof room));
        T_EQ(t, wmbt_rawtail_push_finish(&p, &info),
             fixed == 1 ? WMBT_BAD_COUNT : WMBT_BAD_CHECKSUM);
    }
}

static void test_placed(wmbt_test *t)
{
    static const uint32_t steps[] = {1, 3, 8, 1000};
    wmbt_view object = make_small(t);
    for (size_t i = 0; i < 4; i++) {
        wmbt_rawtail_info info;
        T_EQ(t, wmbt_test_read_placed(t, &form, object, &small_expect, steps[i], UINT64_MAX, &info),
             WMBT_OK);
        T_EQ(t, info.block_end, 16);
        for (size_t k = 0; k < SMALL_ITEMS; k++) {
            if (small_parts[k].extent.kind != WMBT_EXTENT_FIELD) {
                T_EQ(t,
                     wmbt_test_read_placed(t, &form, object, &small_expect, steps[i],
                                           (size_t)small_parts[k].extent.offset, &info),
                     WMBT_BAD_CHECKSUM);
            }
        }
    }
}

/* Ranges in any order, as the header says: header, walk, fields, combined CRC. */
static void test_ranges(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    wmbt_rawtail_info header;
    T_EQ(t, wmbt_rawtail_read_header(wmbt_view_of(object.data, 36), &small_expect, &header),
         WMBT_OK);
    wmbt_rawtail_walk walk;
    T_EQ(t,
         wmbt_rawtail_walk_init(&walk, &wmbt_test_shape, header.total_tokens, header.raw_rows,
                                SMALL_BLOCK_END),
         WMBT_OK);
    T_EQ(t, walk.end, 16 + header.body_bytes);
    uint32_t crcs[SMALL_ITEMS];
    for (size_t i = SMALL_ITEMS; i-- > 0;) { /* last range first */
        wmbt_body_part part;
        T_EQ(t, wmbt_rawtail_walk_seek(&walk, small_parts[i].extent.offset, &part), WMBT_OK);
        const uint8_t *p = object.data + part.extent.offset;
        T_CHECK(t, part.extent.kind != WMBT_EXTENT_FIELD || wmbt_test_load32(p) == part.value);
        crcs[i] = wmbt_crc32c(0, wmbt_view_of(p, part.extent.bytes));
    }
    uint32_t crc = wmbt_crc32c(0, wmbt_view_of(object.data + 16, 20));
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        crc = wmbt_crc32c_combine(crc, crcs[i], small_parts[i].extent.bytes);
    }
    T_EQ(t, crc, header.crc);
}

/* A full object in 20 random splits, its rows landing in other memory. */
static void test_large_splits(wmbt_test *t)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, golden[3].name, &object));
    const wmbt_rawtail_expect expect = {FLASH, 0};
    uint8_t *shadow = wmbt_test_alloc(t, object.len);
    T_CHECK(t, shadow != NULL);
    wmbt_rawtail_info whole, info;
    T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &whole), WMBT_OK);
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t most = round % 2 == 0 ? 3000000u : 9000u;
        T_EQ(t,
             wmbt_test_read_pushed(t, &form, object, &expect, round + 1u, most,
                                   round == 0 ? shadow : NULL, &info),
             WMBT_OK);
        T_BYTES(t, (const uint8_t *)&info, (const uint8_t *)&whole, sizeof info);
    }
    wmbt_rawtail_walk walk;
    wmbt_body_part part;
    T_EQ(t, wmbt_rawtail_walk_init(&walk, FLASH, 133, 128, 128), WMBT_OK);
    while (wmbt_rawtail_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind != WMBT_EXTENT_FIELD) {
            T_BYTES(t, shadow + part.extent.offset, object.data + part.extent.offset,
                    part.extent.bytes);
        }
    }
}

/* A full object cut and flipped, by stride: a cut at 12 places, a flip at 12. */
static void try_large(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    bool cut = context != NULL;
    const wmbt_rawtail_expect expect = {FLASH, 0};
    wmbt_rawtail_info info;
    wmbt_status want = cut ? (at < 40 ? WMBT_TRUNCATED : WMBT_BAD_LENGTH)
                           : (at < 32 ? WMBT_BAD_MAGIC : WMBT_BAD_CHECKSUM);
    T_EQ(t, wmbt_test_read_whole(t, &form, changed, &expect, &info), want);
}

static void test_large_faults(wmbt_test *t)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, golden[1].name, &object));
    int yes = 1;
    wmbt_fault_truncate(t, object, 1100003, try_large, &yes);
    wmbt_fault_flip(t, object, 8800021, try_large, NULL);
}

/* A walk that found a byte stands before its part, and comes back to where it stood. */
static void test_walk_find_and_return(wmbt_test *t)
{
    wmbt_rawtail_walk walk, other;
    wmbt_body_part part, next, found;
    T_EQ(t,
         wmbt_rawtail_walk_init(&walk, &wmbt_test_shape, SMALL_TOTAL, SMALL_RAW, SMALL_BLOCK_END),
         WMBT_OK);
    T_EQ(t,
         wmbt_rawtail_walk_init(&other, &wmbt_test_shape, SMALL_TOTAL, SMALL_RAW, SMALL_BLOCK_END),
         WMBT_OK);
    for (uint64_t offset = walk.offset; offset < walk.end; offset++) {
        T_EQ(t, wmbt_rawtail_walk_find(&walk, offset, &found), WMBT_OK);
        T_CHECK(t,
                found.extent.offset <= offset && offset - found.extent.offset < found.extent.bytes);
        uint64_t at = walk.offset;
        uint32_t layer = walk.layer, number = walk.part;
        T_EQ(t, wmbt_rawtail_walk_next(&walk, &part), WMBT_OK);
        T_EQ(t, part.extent.offset, found.extent.offset);
        T_EQ(t, part.extent.kind, found.extent.kind);
        wmbt_rawtail_walk_return(&other, at, layer, number);
        T_EQ(t, wmbt_rawtail_walk_next(&other, &next), WMBT_OK);
        T_EQ(t, next.extent.offset, found.extent.offset);
        T_EQ(t, next.extent.layer, found.extent.layer);
    }
    found.extent.offset = 4711;
    T_EQ(t, wmbt_rawtail_walk_find(&walk, walk.end, &found), WMBT_MISSING);
    T_EQ(t, found.extent.offset, 4711);
    /* from the last byte to the first; what is come back to is known from its place alone */
    for (uint64_t offset = walk.end - 1u; offset >= 36u; offset--) {
        T_EQ(t, wmbt_rawtail_walk_find(&walk, offset, &found), WMBT_OK);
        size_t i = 0;
        while (small_parts[i].extent.offset + small_parts[i].extent.bytes <= offset) {
            i++;
        }
        T_BYTES(t, (const uint8_t *)&found, (const uint8_t *)&small_parts[i], sizeof found);
        wmbt_test_fill(&other.rows, sizeof other.rows);
        wmbt_rawtail_walk_return(&other, walk.offset, walk.layer, walk.part);
        T_EQ(t, wmbt_rawtail_walk_next(&other, &next), WMBT_OK);
        T_BYTES(t, (const uint8_t *)&next, (const uint8_t *)&found, sizeof next);
    }
}

static const wmbt_case cases[] = {
    {"walk: find and return", test_walk_find_and_return, 0, NULL},
    {"geometry: sizes", test_sizes, 0, NULL},
    {"geometry: seeking to every byte", test_seek, 0, NULL},
    {"geometry: arguments", test_walk_arguments, 0, NULL},
    {"geometry: too large", test_too_large, 0, NULL},
    {"does it fit", test_fits, 0, NULL},
    {"small object, byte by byte", test_small_object, 1024, NULL},
    {"where the blocks end, from the rows", test_block_end, 2048, NULL},
    {"no compressed layer", test_no_compressed_layer, 1024, NULL},
    {"a ratio of one", test_ratio_of_one, 1024, NULL},
    {"writer: arguments", test_seal_arguments, 0, NULL},
    {"vector: no tokens, all zero", test_zero_vector, 12206400, NULL},
    {"golden objects, read and written", test_golden_objects, 24069952,
     "golden/engine/t_r0_n0.rtt1 golden/engine/t_r5_n5_k3.rtt1 "
     "golden/engine/t_r128_n128_k3.rtt1 golden/engine/t_r128_n133_k3.rtt1 "
     "golden/engine/t_r128_n300_k1.rtt1"},
    {"golden verdicts", test_verdicts, 23532864,
     "verdicts/rawtail.tsv golden/engine/t_r128_n133_k3.rtt1"},
    {"hostile: magic and version", test_magic_and_version, 2048, NULL},
    {"hostile: number of layers", test_layers_field, 2048, NULL},
    {"hostile: head_dim", test_head_dim_field, 2048, NULL},
    {"hostile: bytes of an element", test_element_bytes_field, 2048, NULL},
    {"hostile: raw rows", test_raw_rows_field, 2048, NULL},
    {"hostile: total tokens", test_total_tokens_field, 2048, NULL},
    {"hostile: rows that disagree", test_rows_disagree, 2048, NULL},
    {"hostile: compressed rows", test_comp_rows_field, 2048, NULL},
    {"hostile: indexer rows", test_index_rows_field, 2048, NULL},
    {"hostile: end marker", test_end_marker_field, 2048, NULL},
    {"hostile: body length", test_body_bytes_field, 2048, NULL},
    {"hostile: bytes after the object", test_bytes_after, 2048, NULL},
    {"compatible mode", test_compat, 2048, NULL},
    {"faults: every truncation", test_truncations, 2048, NULL},
    {"faults: every bit", test_flips, 2048, NULL},
    {"push: every split", test_splits, 2048, NULL},
    {"push: the rules of its calls", test_push_calls, 1024, NULL},
    {"push: a fault shows early", test_push_early, 2048, NULL},
    {"push: at the end", test_push_at_the_end, 2000, NULL},
    {"push: rows placed by the caller", test_placed, 1024, NULL},
    {"ranges in any order", test_ranges, 1024, NULL},
    {"push: splits of a full object", test_large_splits, 23532352,
     "golden/engine/t_r128_n133_k3.rtt1"},
    {"faults of a full object", test_large_faults, 12700480, "golden/engine/t_r5_n5_k3.rtt1"},
};
WMBT_SUITE(rawtail, cases);
