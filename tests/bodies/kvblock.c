/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvblock. Objects and verdicts are the engine's (golden/engine); sizes are those of
 * docs/FORMATS.md. Small objects of the test shape stand for the large ones: their rows are noise,
 * their frame is checked byte by byte in test_small_object().
 */
#include "wombatkv/kvblock.h"

#include "../fault/fault.h"
#include "objects.h"
#include "wombatkv/crc32c.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define NO_DST wmbt_buf_of(NULL, 0)

#define SMALL_BYTES 144u
#define SMALL_TOKENS 8u
#define SMALL_SEQ 3u

static const wmbt_kvblock_expect small_expect = {&wmbt_test_shape, SMALL_TOKENS, SMALL_SEQ, 0};
static const wmbt_kvblock_expect any_expect = {&wmbt_test_shape, 0, 0,
                                               WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS};

static void fill_info(wmbt_kvblock_info *info, uint32_t value)
{
    info->block_seq = value;
    info->block_tokens = value;
    info->body_bytes = value;
    info->crc = value;
}

static bool info_is(const wmbt_kvblock_info *info, uint32_t value)
{
    return info->block_seq == value && info->block_tokens == value && info->body_bytes == value &&
           info->crc == value;
}

static uint32_t get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Reads whole; on an error the output must be untouched. */
static wmbt_status read_whole(wmbt_test *t, wmbt_view object, const wmbt_kvblock_expect *expect,
                              wmbt_kvblock_info *info)
{
    fill_info(info, 0xABABABAB);
    wmbt_status status = wmbt_kvblock_read(object, expect, info);
    if (status != WMBT_OK && !info_is(info, 0xABABABAB)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "info is unchanged on an error");
    }
    return status;
}

/* Pieces of a push run: lengths come from `state` (0: the whole rest), at most `most`. Rows land in
 * `shadow` at their offsets, if it is not NULL. */
static wmbt_status read_pushed(wmbt_test *t, wmbt_view object, const wmbt_kvblock_expect *expect,
                               uint32_t *state, uint32_t most, uint8_t *shadow,
                               wmbt_kvblock_info *info)
{
    wmbt_kvblock_push p;
    fill_info(info, 0xABABABAB);
    wmbt_status status = wmbt_kvblock_push_init(&p, expect);
    size_t at = 0;
    while (status == WMBT_OK && at < object.len) {
        size_t n = object.len - at;
        if (*state != 0u) {
            size_t m = 1u + wmbt_test_random(state) % most;
            n = m < n ? m : n;
        }
        size_t end = at + n;
        do {
            wmbt_buf dst = NO_DST;
            wmbt_extent e;
            uint32_t position;
            if (wmbt_kvblock_push_at(&p, &e, &position) == WMBT_OK && shadow != NULL) {
                if (e.offset + position != at) {
                    wmbt_test_fail(t, __FILE__, __LINE__, "the extent says where the byte is");
                }
                dst = wmbt_buf_of(shadow + at, e.bytes - position);
            }
            size_t taken = SIZE_MAX;
            status =
                wmbt_kvblock_push_feed(&p, wmbt_view_of(object.data + at, end - at), dst, &taken);
            if (wmbt_status_is_error(status)) {
                if (taken != SIZE_MAX) {
                    wmbt_test_fail(t, __FILE__, __LINE__, "taken is unchanged on an error");
                }
                break;
            }
            at += taken;
            if (wmbt_kvblock_push_offset(&p) != at || (status == WMBT_NEED_MORE && at != end)) {
                wmbt_test_fail(t, __FILE__, __LINE__, "need-more took all");
                return WMBT_BAD_STATE;
            }
        } while (status == WMBT_OK && at < end);
        status = wmbt_status_is_error(status) ? status : WMBT_OK;
    }
    wmbt_status end_status = wmbt_kvblock_push_finish(&p, info);
    if (status != WMBT_OK && end_status != status) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a refusal is for good");
    }
    if (end_status != WMBT_OK && !info_is(info, 0xABABABAB)) {
        wmbt_test_fail(t, __FILE__, __LINE__, "info is unchanged on an error");
    }
    return end_status;
}

/* A sealed object of noise. */
static wmbt_view make_object(wmbt_test *t, const wmbt_shape *shape, uint32_t tokens, uint32_t seq,
                             uint32_t seed)
{
    wmbt_kvblock_walk walk;
    if (wmbt_kvblock_walk_init(&walk, shape, tokens) != WMBT_OK) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the shape is good");
        return wmbt_view_of(NULL, 0);
    }
    size_t n = (size_t)walk.end + 4u, written = 0;
    uint8_t *b = wmbt_test_alloc(t, n);
    for (size_t i = 0; b != NULL && i < n; i++) {
        b[i] = (uint8_t)wmbt_test_random(&seed);
    }
    if (b == NULL ||
        wmbt_kvblock_seal(wmbt_buf_of(b, n), shape, tokens, seq, &written) != WMBT_OK ||
        written != n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "seals");
    }
    return wmbt_view_of(b, n);
}

static wmbt_view make_small(wmbt_test *t)
{
    return make_object(t, &wmbt_test_shape, SMALL_TOKENS, SMALL_SEQ, 77);
}

/* --- geometry -----------------------------------------------------------------------------------
 */

static void test_sizes(wmbt_test *t)
{
    static const struct {
        uint32_t tokens, bytes;
    } rows[] = {{128, 1761728}, {256, 3523008}, {512, 7045568}, {8192, 112722368}};
    for (size_t i = 0; i < 4; i++) {
        wmbt_kvblock_walk walk;
        T_EQ(t, wmbt_kvblock_walk_init(&walk, FLASH, rows[i].tokens), WMBT_OK);
        T_EQ(t, walk.end + 4u, rows[i].bytes);
        uint64_t at = 24;
        wmbt_item item;
        uint32_t items = 0;
        while (wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
            T_EQ(t, item.extent.offset, at);
            at += item.extent.bytes;
            items++;
        }
        T_EQ(t, at, walk.end);
        T_EQ(t, items, 2 + 21 * 5 + 20 * 3);
        T_EQ(t, wmbt_kvblock_walk_next(&walk, &item), WMBT_END);
    }
}

/* Layer starts of T = 128: 0, 4, then 8 + ceil((L-2)/2) * 81932 + floor((L-2)/2) * 2056. */
static void test_layer_starts(wmbt_test *t)
{
    wmbt_kvblock_walk walk;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, FLASH, 128), WMBT_OK);
    for (uint32_t layer = 43; layer-- > 0;) {
        uint32_t start =
            layer < 2 ? layer * 4 : 8 + (layer - 1) / 2 * 81932 + (layer - 2) / 2 * 2056;
        wmbt_item item;
        T_EQ(t, wmbt_kvblock_walk_seek(&walk, 24 + start, &item), WMBT_OK);
        T_EQ(t, item.extent.offset, 24 + start);
        T_EQ(t, item.extent.layer, layer);
        T_EQ(t, item.extent.kind, WMBT_EXTENT_FIELD);
        T_EQ(t, item.value, FLASH->layer[layer].ratio);
        T_EQ(t, item.mismatch, WMBT_BAD_SHAPE);
    }
}

/* What the small object must look like, written down by hand from the format. */
static const struct {
    uint32_t offset, bytes, rows, layer, kind, value;
} small_items[] = {
    {24, 4, 0, 0, WMBT_EXTENT_FIELD, 0},  {28, 4, 0, 1, WMBT_EXTENT_FIELD, 4},
    {32, 4, 0, 1, WMBT_EXTENT_FIELD, 2},  {36, 16, 2, 1, WMBT_EXTENT_COMP, 0},
    {52, 4, 0, 1, WMBT_EXTENT_FIELD, 2},  {56, 8, 2, 1, WMBT_EXTENT_INDEX, 0},
    {64, 4, 0, 2, WMBT_EXTENT_FIELD, 8},  {68, 4, 0, 2, WMBT_EXTENT_FIELD, 1},
    {72, 8, 1, 2, WMBT_EXTENT_COMP, 0},   {80, 4, 0, 3, WMBT_EXTENT_FIELD, 2},
    {84, 4, 0, 3, WMBT_EXTENT_FIELD, 4},  {88, 32, 4, 3, WMBT_EXTENT_COMP, 0},
    {120, 4, 0, 3, WMBT_EXTENT_FIELD, 4}, {124, 16, 4, 3, WMBT_EXTENT_INDEX, 0},
};
#define SMALL_ITEMS (sizeof small_items / sizeof small_items[0])

static void check_small_item(wmbt_test *t, const wmbt_item *item, size_t i)
{
    T_EQ(t, item->extent.offset, small_items[i].offset);
    T_EQ(t, item->extent.bytes, small_items[i].bytes);
    T_EQ(t, item->extent.rows, small_items[i].rows);
    T_EQ(t, item->extent.layer, small_items[i].layer);
    T_EQ(t, item->extent.kind, small_items[i].kind);
    T_EQ(t, item->value, small_items[i].value);
}

/* Every byte offset, in every order of two: the walk finds its item and goes on behind it. */
static void test_seek(wmbt_test *t)
{
    wmbt_kvblock_walk walk;
    wmbt_item item;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, SMALL_TOKENS), WMBT_OK);
    T_EQ(t, walk.end, SMALL_BYTES - 4);
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        T_EQ(t, wmbt_kvblock_walk_next(&walk, &item), WMBT_OK);
        T_CALL(t, check_small_item(t, &item, i));
    }
    T_EQ(t, wmbt_kvblock_walk_next(&walk, &item), WMBT_END);
    for (uint64_t a = 0; a < SMALL_BYTES + 9; a++) {
        for (uint64_t b = 0; b < SMALL_BYTES + 9; b++) {
            wmbt_status status = wmbt_kvblock_walk_seek(&walk, a, &item);
            item.value = 4711;
            status = wmbt_kvblock_walk_seek(&walk, b, &item);
            if (b < 24 || b >= SMALL_BYTES - 4) {
                T_EQ(t, status, WMBT_MISSING);
                T_EQ(t, item.value, 4711);
                continue;
            }
            T_EQ(t, status, WMBT_OK);
            size_t i = 0;
            while (b >= small_items[i].offset + small_items[i].bytes) {
                i++;
            }
            T_CALL(t, check_small_item(t, &item, i));
            status = wmbt_kvblock_walk_next(&walk, &item);
            T_EQ(t, status, i + 1 < SMALL_ITEMS ? WMBT_OK : WMBT_END);
            if (status == WMBT_OK) {
                T_CALL(t, check_small_item(t, &item, i + 1));
            }
        }
    }
    T_EQ(t, wmbt_kvblock_walk_seek(&walk, UINT64_MAX, &item), WMBT_MISSING);
}

static void test_walk_arguments(wmbt_test *t)
{
    wmbt_kvblock_walk walk;
    walk.end = 4711;
    wmbt_shape bad = {wmbt_test_shape.layer, 4, 0, 1, 4, 8};
    T_EQ(t, wmbt_kvblock_walk_init(&walk, NULL, 8), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &bad, 8), WMBT_UNSUPPORTED_SHAPE);
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, 12), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, 8200), WMBT_BAD_ARGUMENT);
    T_EQ(t, walk.end, 4711);
}

/* A body of more than 2^32 - 1 bytes has no KVB1 form. */
static void test_too_large(wmbt_test *t)
{
    static wmbt_shape_layer dense[8];
    for (size_t i = 0; i < 8; i++) {
        dense[i].ratio = 1; /* 8192 rows of 65536 bytes: 2^29 a layer */
    }
    wmbt_shape s = {dense, 8, 8192, 0, 8, 1};
    wmbt_kvblock_walk walk;
    walk.end = 4711;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &s, 8192), WMBT_TOO_LARGE);
    T_EQ(t, walk.end, 4711);
    s.layers = 7;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &s, 8192), WMBT_OK);
    T_EQ(t, walk.end, 24 + 7 * (8 + (UINT64_C(1) << 29)));
    s.layers = 8;
    wmbt_kvblock_expect expect = {&s, 8192, 0, 0};
    wmbt_kvblock_push p;
    T_EQ(t, wmbt_kvblock_push_init(&p, &expect), WMBT_TOO_LARGE);
    /* the same when the object says so */
    uint8_t head[24] = {0x4B, 0x56, 0x42, 0x31, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 8};
    wmbt_kvblock_info info;
    expect.flags = WMBT_KVBLOCK_ANY_TOKENS;
    T_EQ(t, read_whole(t, wmbt_view_of(head, 24), &expect, &info), WMBT_TOO_LARGE);
}

/* --- objects ------------------------------------------------------------------------------------
 */

static void test_small_object(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    T_EQ(t, object.len, SMALL_BYTES);
    const uint8_t *b = object.data;
    static const uint8_t head[] = {'K', 'V', 'B', '1', 2, 0, 0, 0, 3,   0, 0, 0,
                                   8,   0,   0,   0,   4, 0, 0, 0, 116, 0, 0, 0};
    T_BYTES(t, b, head, 24);
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        if (small_items[i].kind == WMBT_EXTENT_FIELD) {
            T_EQ(t, get_u32(b + small_items[i].offset), small_items[i].value);
        }
    }
    uint32_t crc = wmbt_test_crc32c(0, b + 24, 116);
    T_EQ(t, get_u32(b + 140), crc);
    wmbt_kvblock_info info;
    for (int any = 0; any < 2; any++) {
        T_EQ(t, read_whole(t, object, any == 0 ? &small_expect : &any_expect, &info), WMBT_OK);
        T_EQ(t, info.block_seq, SMALL_SEQ);
        T_EQ(t, info.block_tokens, SMALL_TOKENS);
        T_EQ(t, info.body_bytes, 116);
        T_EQ(t, info.crc, crc);
    }
    fill_info(&info, 0);
    T_EQ(t, wmbt_kvblock_read_head(wmbt_view_of(b, 24), &small_expect, &info), WMBT_OK);
    T_CHECK(t, info.block_seq == 3 && info.block_tokens == 8 && info.body_bytes == 116);
}

/* formats.md 8.1, derived: T = 128, seq 0, all rows zero. */
static void test_zero_vector(wmbt_test *t)
{
    static const uint8_t head[] = {0x4b, 0x56, 0x42, 0x31, 2, 0, 0,    0,    0,    0, 0, 0, 0x80, 0,
                                   0,    0,    0x2b, 0,    0, 0, 0xa4, 0xe1, 0x1a, 0, 0, 0, 0,    0,
                                   0,    0,    0,    0,    4, 0, 0,    0,    0x20, 0, 0, 0};
    static const uint8_t trailer[] = {0xe5, 0xd4, 0x5e, 0xe6};
    uint8_t *b = wmbt_test_alloc(t, 1761728 + 3);
    T_CHECK(t, b != NULL);
    size_t written = 0;
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(b, 1761728 + 3), FLASH, 128, 0, &written), WMBT_OK);
    T_EQ(t, written, 1761728);
    T_BYTES(t, b, head, sizeof head);
    T_BYTES(t, b + 1761724, trailer, 4);
    T_CHECK(t, b[1761728] == 0 && b[1761729] == 0 && b[1761730] == 0);
}

static const struct {
    const char *name;
    uint32_t seq;
} golden[] = {
    {"golden/engine/b_t128_k0_s0.kvb1", 0}, {"golden/engine/b_t128_k1_s0.kvb1", 0},
    {"golden/engine/b_t128_k1_s1.kvb1", 1}, {"golden/engine/b_t128_k2_s0.kvb1", 0},
    {"golden/engine/b_t128_k3_s0.kvb1", 0},
};

/* The engine's blocks are accepted, and the writer gives the engine's bytes for the same rows. */
static void test_golden_objects(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        wmbt_test_reset(t);
        wmbt_view object;
        T_CHECK(t, wmbt_test_data(t, golden[i].name, &object));
        wmbt_test_where(t, wmbt_test_text(golden[i].name));
        wmbt_kvblock_expect expect = {FLASH, 128, golden[i].seq, 0};
        wmbt_kvblock_info info;
        T_EQ(t, read_whole(t, object, &expect, &info), WMBT_OK);
        T_EQ(t, info.block_seq, golden[i].seq);
        expect.block_seq++;
        T_EQ(t, read_whole(t, object, &expect, &info), WMBT_WRONG_BLOCK);
        expect.block_seq--;
        expect.block_tokens = 256;
        T_EQ(t, read_whole(t, object, &expect, &info), WMBT_WRONG_BLOCK);

        uint8_t *copy = wmbt_test_alloc(t, object.len);
        T_CHECK(t, copy != NULL);
        for (size_t k = 0; k < object.len; k++) {
            copy[k] = 0xEE;
        }
        wmbt_kvblock_walk walk;
        wmbt_item item;
        T_EQ(t, wmbt_kvblock_walk_init(&walk, FLASH, 128), WMBT_OK);
        while (wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
            for (uint64_t k = 0; item.extent.kind != WMBT_EXTENT_FIELD && k < item.extent.bytes;
                 k++) {
                copy[item.extent.offset + k] = object.data[item.extent.offset + k];
            }
        }
        size_t written = 0;
        T_EQ(t,
             wmbt_kvblock_seal(wmbt_buf_of(copy, object.len), FLASH, 128, golden[i].seq, &written),
             WMBT_OK);
        T_EQ(t, written, object.len);
        T_BYTES(t, copy, object.data, object.len);
    }
}

/* As block 0, block_tokens 128: what the engine was asked. */
static void judge(wmbt_test *t, wmbt_view object, const wmbt_view *cells)
{
    wmbt_status want = (wmbt_status)wmbt_cell_u64(t, cells[WMBT_TEST_VERDICT_STATUS]);
    wmbt_kvblock_expect expect = {FLASH, 128, 0, 0};
    wmbt_kvblock_info info;
    T_EQ(t, read_whole(t, object, &expect, &info), want);
    uint32_t state = 0;
    T_EQ(t, read_pushed(t, object, &expect, &state, 1, NULL, &info), want);
    state = 1234567;
    T_EQ(t, read_pushed(t, object, &expect, &state, 100000, NULL, &info), want);
}

static void test_verdicts(wmbt_test *t)
{
    wmbt_test_crc_place place = {true, 0, 24};
    uint32_t rows = wmbt_test_verdicts(t, "verdicts/kvblock.tsv", "golden/engine/b_t128_k1_s0.kvb1",
                                       place, judge);
    if (!t->failed) {
        T_EQ(t, rows, 97);
    }
}

static const wmbt_case cases[] = {
    {"geometry: sizes", test_sizes, 0, NULL},
    {"geometry: layer starts", test_layer_starts, 0, NULL},
    {"geometry: every pair of offsets", test_seek, 0, NULL},
    {"geometry: arguments", test_walk_arguments, 0, NULL},
    {"geometry: too large", test_too_large, 0, NULL},
    {"small object, byte by byte", test_small_object, 256, NULL},
    {"vector: all rows zero", test_zero_vector, 1761920, NULL},
    {"golden objects, read and written", test_golden_objects, 1761792,
     "golden/engine/b_t128_k0_s0.kvb1 golden/engine/b_t128_k1_s0.kvb1 "
     "golden/engine/b_t128_k1_s1.kvb1 golden/engine/b_t128_k2_s0.kvb1 "
     "golden/engine/b_t128_k3_s0.kvb1"},
    {"golden verdicts", test_verdicts, 1762304,
     "verdicts/kvblock.tsv golden/engine/b_t128_k1_s0.kvb1"},
};
WMBT_SUITE(kvblock, cases);
