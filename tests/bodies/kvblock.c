/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kvblock. Objects and verdicts are the engine's (golden/engine); sizes are those of
 * docs/FORMATS.md. Small objects of the test shape stand for the large ones: their rows are noise,
 * their frame is checked byte by byte in test_small_object().
 */
#include "wombatkv/kvblock.h"

#include "../support/fault.h"
#include "../support/objects.h"
#include "format/body.h"
#include "wombatkv/crc32c.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define NO_DST wmbt_buf_of(NULL, 0)

WMBT_TEST_FORM(kvblock);

#define SMALL_BYTES 144u
#define SMALL_TOKENS 8u
#define SMALL_SEQ 3u

static const wmbt_kvblock_expect small_expect = {&wmbt_test_shape, SMALL_TOKENS, SMALL_SEQ, 0};
static const wmbt_kvblock_expect any_expect = {&wmbt_test_shape, 0, 0,
                                               WMBT_KVBLOCK_ANY_SEQ | WMBT_KVBLOCK_ANY_TOKENS};

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

/* --- geometry --------------------------------------------------------------------------------- */

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
        wmbt_body_part part;
        uint32_t parts = 0;
        while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
            T_EQ(t, part.extent.offset, at);
            at += part.extent.bytes;
            parts++;
        }
        T_EQ(t, at, walk.end);
        T_EQ(t, parts, 2 + 21 * 5 + 20 * 3);
        T_EQ(t, wmbt_kvblock_walk_next(&walk, &part), WMBT_END);
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
        wmbt_body_part part;
        T_EQ(t, wmbt_kvblock_walk_seek(&walk, 24 + start, &part), WMBT_OK);
        T_EQ(t, part.extent.offset, 24 + start);
        T_EQ(t, part.extent.layer, layer);
        T_EQ(t, part.extent.kind, WMBT_EXTENT_FIELD);
        T_EQ(t, part.value, FLASH->layer[layer].ratio);
        T_EQ(t, part.mismatch, WMBT_BAD_SHAPE);
    }
}

/* What the small object must look like, written down by hand from the format. */
static const wmbt_body_part small_parts[] = {
    WMBT_TEST_NUMBER(24, 0, 0, WMBT_BAD_SHAPE),    WMBT_TEST_NUMBER(28, 1, 4, WMBT_BAD_SHAPE),
    WMBT_TEST_NUMBER(32, 1, 2, WMBT_BAD_COUNT),    WMBT_TEST_ROWS(36, 16, 2, 1, WMBT_EXTENT_COMP),
    WMBT_TEST_NUMBER(52, 1, 2, WMBT_BAD_COUNT),    WMBT_TEST_ROWS(56, 8, 2, 1, WMBT_EXTENT_INDEX),
    WMBT_TEST_NUMBER(64, 2, 8, WMBT_BAD_SHAPE),    WMBT_TEST_NUMBER(68, 2, 1, WMBT_BAD_COUNT),
    WMBT_TEST_ROWS(72, 8, 1, 2, WMBT_EXTENT_COMP), WMBT_TEST_NUMBER(80, 3, 2, WMBT_BAD_SHAPE),
    WMBT_TEST_NUMBER(84, 3, 4, WMBT_BAD_COUNT),    WMBT_TEST_ROWS(88, 32, 4, 3, WMBT_EXTENT_COMP),
    WMBT_TEST_NUMBER(120, 3, 4, WMBT_BAD_COUNT),   WMBT_TEST_ROWS(124, 16, 4, 3, WMBT_EXTENT_INDEX),
};
#define SMALL_ITEMS (sizeof small_parts / sizeof small_parts[0])

static void test_seek(wmbt_test *t)
{
    wmbt_kvblock_walk walk;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, SMALL_TOKENS), WMBT_OK);
    T_EQ(t, walk.end, SMALL_BYTES - 4);
    wmbt_test_walk(t, &form, &walk, 1, small_parts, SMALL_ITEMS);
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
    /* the largest of all: 119 ratios, of which 13 layers have rows: a count and 7831 of 6027
     * elements of 7 bytes */
    wmbt_shape_layer mixed[119];
    for (size_t i = 0; i < 119u; i++) {
        mixed[i].ratio = i < 13u;
        mixed[i].has_index = mixed[i].overlaps = 0;
    }
    const wmbt_shape largest = {mixed, 119, 6027, 0, 7, 1};
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &largest, 7831), WMBT_OK);
    T_EQ(t, walk.end, 24 + UINT64_C(0xFFFFFFFF));
    walk.end = 4711;
    s.layers = 8;
    wmbt_kvblock_expect expect = {&s, 8192, 0, 0};
    wmbt_kvblock_push p;
    T_EQ(t, wmbt_kvblock_push_init(&p, &expect), WMBT_TOO_LARGE);
    /* the same when the object says so */
    uint8_t header[24] = {0x4B, 0x56, 0x42, 0x31, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 8};
    wmbt_kvblock_info info;
    expect.flags = WMBT_KVBLOCK_ANY_TOKENS;
    T_EQ(t, wmbt_test_read_whole(t, &form, wmbt_view_of(header, 24), &expect, &info),
         WMBT_TOO_LARGE);
}

/* --- objects ---------------------------------------------------------------------------------- */

static void test_small_object(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    T_EQ(t, object.len, SMALL_BYTES);
    const uint8_t *b = object.data;
    static const uint8_t header[] = {'K', 'V', 'B', '1', 2, 0, 0, 0, 3,   0, 0, 0,
                                     8,   0,   0,   0,   4, 0, 0, 0, 116, 0, 0, 0};
    T_BYTES(t, b, header, 24);
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        if (small_parts[i].extent.kind == WMBT_EXTENT_FIELD) {
            T_EQ(t, wmbt_test_load32(b + small_parts[i].extent.offset), small_parts[i].value);
        }
    }
    uint32_t crc = wmbt_test_crc32c(0, b + 24, 116);
    T_EQ(t, wmbt_test_load32(b + 140), crc);
    wmbt_kvblock_info info;
    for (int any = 0; any < 2; any++) {
        T_EQ(t,
             wmbt_test_read_whole(t, &form, object, any == 0 ? &small_expect : &any_expect, &info),
             WMBT_OK);
        T_EQ(t, info.block_seq, SMALL_SEQ);
        T_EQ(t, info.block_tokens, SMALL_TOKENS);
        T_EQ(t, info.body_bytes, 116);
        T_EQ(t, info.crc, crc);
    }
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_kvblock_read_header(wmbt_view_of(b, 24), &small_expect, &info), WMBT_OK);
    T_CHECK(t, info.block_seq == 3 && info.block_tokens == 8 && info.body_bytes == 116);
    T_EQ(t, info.crc, 0);
}

/* formats.md 8.1, derived: T = 128, seq 0, all rows zero. */
static void test_zero_vector(wmbt_test *t)
{
    static const uint8_t header[] = {
        0x4b, 0x56, 0x42, 0x31, 2, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0x2b, 0, 0, 0,
        0xa4, 0xe1, 0x1a, 0,    0, 0, 0, 0, 0, 0, 0, 0, 4,    0, 0, 0, 0x20, 0, 0, 0};
    static const uint8_t trailer[] = {0xe5, 0xd4, 0x5e, 0xe6};
    uint8_t *b = wmbt_test_alloc(t, 1761728 + 3);
    T_CHECK(t, b != NULL);
    size_t written = 0;
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(b, 1761728 + 3), FLASH, 128, 0, &written), WMBT_OK);
    T_EQ(t, written, 1761728);
    T_BYTES(t, b, header, sizeof header);
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
        T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info), WMBT_OK);
        T_EQ(t, info.block_seq, golden[i].seq);
        expect.block_seq++;
        T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info), WMBT_WRONG_BLOCK);
        expect.block_seq--;
        expect.block_tokens = 256;
        T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info), WMBT_WRONG_BLOCK);

        wmbt_kvblock_walk walk;
        T_EQ(t, wmbt_kvblock_walk_init(&walk, FLASH, 128), WMBT_OK);
        uint8_t *copy = wmbt_test_only_rows(t, &form, &walk, object);
        T_CHECK(t, copy != NULL);
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
    T_EQ(t, wmbt_test_read_whole(t, &form, object, &expect, &info), want);
    T_EQ(t, wmbt_test_read_pushed(t, &form, object, &expect, 0, 1, NULL, &info), want);
    T_EQ(t, wmbt_test_read_pushed(t, &form, object, &expect, 1234567, 100000, NULL, &info), want);
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

/* --- hostile fields --------------------------------------------------------------------------- */

/* One field of the small object changed, CRC right: what a reader says that expects this block, and
 * one that takes any number and token count. */
static void check_field(wmbt_test *t, uint32_t at, uint32_t value, wmbt_status want,
                        wmbt_status want_any)
{
    wmbt_test_reset(t);
    wmbt_view object = make_small(t);
    uint8_t *b = wmbt_test_alloc(t, SMALL_BYTES);
    T_CHECK(t, b != NULL);
    wmbt_test_copy(b, object.data, SMALL_BYTES);
    wmbt_test_store32(b + at, value);
    wmbt_test_store32(b + SMALL_BYTES - 4, wmbt_test_crc32c(0, b + 24, SMALL_BYTES - 28));
    wmbt_kvblock_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &small_expect, &info),
         want);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES), &any_expect, &info),
         want_any);
}

static void test_seq_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 2, 4, 0x80000003, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t, check_field(t, WMBT_KVBLOCK_AT_SEQ, values[i], WMBT_WRONG_BLOCK, WMBT_OK));
    }
}

static void test_tokens_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 1, 7, 12, 16, 8192, 8200, 0x80000008, UINT32_MAX};
    for (size_t i = 0; i < 9; i++) {
        T_CALL(t,
               check_field(t, WMBT_KVBLOCK_AT_TOKENS, values[i], WMBT_WRONG_BLOCK, WMBT_BAD_COUNT));
    }
}

static void test_layers_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 3, 5, 0x80000004, UINT32_MAX};
    for (size_t i = 0; i < 5; i++) {
        T_CALL(t,
               check_field(t, WMBT_KVBLOCK_AT_LAYERS, values[i], WMBT_BAD_SHAPE, WMBT_BAD_SHAPE));
    }
}

static void test_body_bytes_field(wmbt_test *t)
{
    static const uint32_t values[] = {0, 115, 117, 120, 0x80000074, UINT32_MAX};
    for (size_t i = 0; i < 6; i++) {
        T_CALL(t, check_field(t, WMBT_KVBLOCK_AT_BODY_BYTES, values[i], WMBT_BAD_LENGTH,
                              WMBT_BAD_LENGTH));
    }
}

/* Every number between the rows. 2^29 rows of 8 bytes would wrap to none. */
static void test_numbers(wmbt_test *t)
{
    static const uint32_t changes[] = {1, 2, 0x20000000, 0x40000000, 0x80000000, UINT32_MAX};
    uint32_t ratios = 0, counts = 0;
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        if (small_parts[i].extent.kind != WMBT_EXTENT_FIELD) {
            continue;
        }
        wmbt_status want = small_parts[i].mismatch;
        ratios += want == WMBT_BAD_SHAPE ? 1u : 0u;
        counts += want == WMBT_BAD_COUNT ? 1u : 0u;
        for (size_t k = 0; k < 6; k++) {
            T_CALL(t, check_field(t, (uint32_t)small_parts[i].extent.offset,
                                  small_parts[i].value + changes[k], want, want));
        }
    }
    T_CHECK(t, ratios == 4u && counts == 5u);
}

/* --- faults ----------------------------------------------------------------------------------- */

static void try_cut(wmbt_test *t, void *context, wmbt_view changed, size_t kept)
{
    (void)context;
    wmbt_kvblock_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &small_expect, &info), WMBT_TRUNCATED);
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &any_expect, &info), WMBT_TRUNCATED);
    wmbt_test_fill(&info, sizeof info);
    T_EQ(t, wmbt_kvblock_read_header(changed, &small_expect, &info),
         kept < 24 ? WMBT_TRUNCATED : WMBT_OK);
    T_EQ(t, wmbt_test_is_filled(&info, sizeof info), kept < 24);
}

static void test_truncations(wmbt_test *t)
{
    wmbt_fault_truncate(t, make_small(t), 1, try_cut, NULL);
}

/* What a flipped byte of the header means. The CRC does not cover it: the number of the block is
 * protected only by who asks for it. */
static wmbt_status flip_status(size_t byte, bool any)
{
    if (byte < 24) {
        static const wmbt_status strict[] = {WMBT_BAD_MAGIC,   WMBT_UNSUPPORTED_VERSION,
                                             WMBT_WRONG_BLOCK, WMBT_WRONG_BLOCK,
                                             WMBT_BAD_SHAPE,   WMBT_BAD_LENGTH};
        if (any && byte / 4 == 2) {
            return WMBT_OK;
        }
        return any && byte / 4 == 3 ? WMBT_BAD_COUNT : strict[byte / 4];
    }
    for (size_t i = 0; i < SMALL_ITEMS; i++) {
        if (byte < small_parts[i].extent.offset + small_parts[i].extent.bytes) {
            if (small_parts[i].extent.kind != WMBT_EXTENT_FIELD) {
                break;
            }
            return small_parts[i].mismatch;
        }
    }
    return WMBT_BAD_CHECKSUM;
}

static void try_flip(wmbt_test *t, void *context, wmbt_view changed, size_t bit)
{
    (void)context;
    wmbt_kvblock_info info;
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &small_expect, &info),
         flip_status(bit / 8, false));
    T_EQ(t, wmbt_test_read_all_ways(t, &form, changed, &any_expect, &info),
         flip_status(bit / 8, true));
}

static void test_flips(wmbt_test *t)
{
    wmbt_fault_flip(t, make_small(t), 1, try_flip, NULL);
}

static void test_bytes_after(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    uint8_t *b = wmbt_test_alloc(t, SMALL_BYTES + 8);
    T_CHECK(t, b != NULL);
    wmbt_test_copy(b, object.data, SMALL_BYTES);
    for (size_t extra = 1; extra <= 8; extra++) {
        wmbt_kvblock_info info;
        T_EQ(t,
             wmbt_test_read_all_ways(t, &form, wmbt_view_of(b, SMALL_BYTES + extra), &small_expect,
                                     &info),
             WMBT_TRAILING_BYTES);
    }
}

static void test_splits(wmbt_test *t)
{
    wmbt_test_splits(t, &form, make_small(t), &small_expect, small_parts, SMALL_ITEMS);
}

/* The rules of the calls, in every phase of an object. */
static void test_push_calls(wmbt_test *t)
{
    wmbt_view object = make_small(t);
    wmbt_kvblock_push p;
    wmbt_kvblock_info info;
    wmbt_extent e = {0, 0, 0, 0, 0};
    uint32_t position = 4711;
    size_t taken = 4711;
    wmbt_kvblock_expect bad = {NULL, 8, 0, 0};
    T_EQ(t, wmbt_kvblock_push_init(&p, &bad), WMBT_BAD_ARGUMENT);
    bad.shape = &wmbt_test_shape;
    bad.flags = 4;
    T_EQ(t, wmbt_kvblock_push_init(&p, &bad), WMBT_BAD_ARGUMENT);
    bad.flags = 0;
    bad.block_tokens = 9;
    T_EQ(t, wmbt_kvblock_push_init(&p, &bad), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_test_read_whole(t, &form, object, &bad, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_read_header(object, &bad, &info), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_test_read_whole(t, &form, wmbt_view_of(NULL, 1), &small_expect, &info),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_read_header(wmbt_view_of(NULL, 1), &small_expect, &info),
         WMBT_BAD_ARGUMENT);

    wmbt_test_fill(&p, sizeof p);
    T_EQ(t, wmbt_kvblock_push_init(&p, &small_expect), WMBT_OK);
    T_EQ(t, wmbt_kvblock_push_at(&p, &e, &position), WMBT_MISSING);
    T_EQ(t, wmbt_kvblock_push_placed(&p, 0, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_kvblock_push_feed(&p, wmbt_view_of(NULL, 1), NO_DST, &taken), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_push_feed(&p, object, wmbt_buf_of(NULL, 1), &taken), WMBT_BAD_ARGUMENT);
    T_EQ(t, taken, 4711);
    T_EQ(t, wmbt_kvblock_push_feed(&p, wmbt_view_of(NULL, 0), NO_DST, &taken), WMBT_NEED_MORE);
    T_EQ(t, taken, 0);
    T_EQ(t, wmbt_kvblock_push_feed(&p, object, NO_DST, &taken), WMBT_OK);
    T_EQ(t, taken, 36);
    uint8_t room[16];
    wmbt_view rest = wmbt_view_of(object.data + 36, SMALL_BYTES - 36);
    T_EQ(t, wmbt_kvblock_push_feed(&p, rest, wmbt_buf_of(room, 15), &taken), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_kvblock_push_placed(&p, 17, 0), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_push_offset(&p), 36);
    T_EQ(t, wmbt_kvblock_push_at(&p, &e, &position), WMBT_OK);
    T_CHECK(t, e.offset == 36u && e.bytes == 16u && e.kind == WMBT_EXTENT_COMP && position == 0u);
    T_EQ(t, wmbt_kvblock_push_feed(&p, rest, wmbt_buf_of(room, 16), &taken), WMBT_OK);
    T_EQ(t, taken, 20); /* the extent, and the number behind it */
    T_BYTES(t, room, object.data + 36, 16);
    T_EQ(t, wmbt_kvblock_push_finish(&p, &info), WMBT_TRUNCATED);
    T_EQ(t, wmbt_kvblock_push_feed(&p, rest, NO_DST, &taken), WMBT_TRUNCATED);
    T_EQ(t, wmbt_kvblock_push_placed(&p, 1, 0), WMBT_TRUNCATED);
    T_EQ(t, wmbt_kvblock_push_at(&p, &e, &position), WMBT_TRUNCATED);

    wmbt_test_fill(&p, sizeof p);
    T_EQ(t, wmbt_kvblock_push_init(&p, &small_expect), WMBT_OK);
    size_t at = 0;
    wmbt_status status;
    do {
        status = wmbt_kvblock_push_feed(&p, wmbt_view_of(object.data + at, object.len - at), NO_DST,
                                        &taken);
        at += taken;
    } while (status == WMBT_OK);
    T_EQ(t, status, WMBT_END);
    T_EQ(t, wmbt_kvblock_push_at(&p, &e, &position), WMBT_END);
    T_EQ(t, wmbt_kvblock_push_placed(&p, 0, 0), WMBT_BAD_STATE);
    T_EQ(t, wmbt_kvblock_push_feed(&p, wmbt_view_of(NULL, 0), NO_DST, &taken), WMBT_END);
    T_EQ(t, wmbt_kvblock_push_finish(&p, &info), WMBT_OK);
    T_EQ(t, wmbt_kvblock_push_finish(&p, &info), WMBT_BAD_STATE);
    T_EQ(t, wmbt_kvblock_push_at(&p, &e, &position), WMBT_END);
    T_EQ(t, wmbt_kvblock_push_feed(&p, rest, NO_DST, &taken), WMBT_BAD_STATE);
    T_EQ(t, wmbt_kvblock_push_placed(&p, 0, 0), WMBT_BAD_STATE);
}

static void test_placed(wmbt_test *t)
{
    static const uint32_t steps[] = {1, 3, 8, 1000};
    wmbt_view object = make_small(t);
    for (size_t i = 0; i < 4; i++) {
        wmbt_kvblock_info info;
        T_EQ(t, wmbt_test_read_placed(t, &form, object, &small_expect, steps[i], UINT64_MAX, &info),
             WMBT_OK);
        T_EQ(t, info.crc, wmbt_test_load32(object.data + 140));
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

static void test_seal_arguments(wmbt_test *t)
{
    uint8_t room[SMALL_BYTES];
    wmbt_test_fill(room, sizeof room);
    size_t written = 4711;
    const wmbt_shape *s = &wmbt_test_shape;
    for (size_t n = 0; n < SMALL_BYTES; n++) {
        T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(room, n), s, 8, 0, &written), WMBT_BUFFER_TOO_SMALL);
    }
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(NULL, SMALL_BYTES), s, 8, 0, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(room, SMALL_BYTES), NULL, 8, 0, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_kvblock_seal(wmbt_buf_of(room, SMALL_BYTES), s, 9, 0, &written),
         WMBT_BAD_ARGUMENT);
    T_EQ(t, written, 4711);
    T_CHECK(t, wmbt_test_is_filled(room, sizeof room));
}

/* 64 KiB in 10,000 random splits, from single bytes to large pieces. */
static void test_many_splits(wmbt_test *t)
{
    wmbt_view object = make_object(t, &wmbt_test_shape, 6544, SMALL_SEQ, 3);
    T_CHECK(t, object.len > 65000u && object.len <= 65536u);
    uint8_t *shadow = wmbt_test_alloc(t, object.len);
    T_CHECK(t, shadow != NULL);
    wmbt_kvblock_expect expect = {&wmbt_test_shape, 6544, SMALL_SEQ, 0};
    for (uint32_t round = 1; round <= T_MANY(10000, 300); round++) {
        uint32_t most = round % 100 == 0 ? 9u : round % 10 == 0 ? 500u : 30000u;
        wmbt_kvblock_info info;
        T_EQ(t, wmbt_test_read_pushed(t, &form, object, &expect, round, most, shadow, &info),
             WMBT_OK);
    }
    wmbt_kvblock_walk walk;
    wmbt_body_part part;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, 6544), WMBT_OK);
    while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
        if (part.extent.kind != WMBT_EXTENT_FIELD) {
            T_BYTES(t, shadow + part.extent.offset, object.data + part.extent.offset,
                    part.extent.bytes);
        }
    }
}

static void test_large_splits(wmbt_test *t)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, golden[3].name, &object));
    wmbt_kvblock_expect expect = {FLASH, 128, 0, 0};
    for (uint32_t round = 1; round <= 20; round++) {
        wmbt_kvblock_info info;
        T_EQ(t,
             wmbt_test_read_pushed(t, &form, object, &expect, round,
                                   round % 2 == 0 ? 300000u : 2000u, NULL, &info),
             WMBT_OK);
    }
}

/* A full block of noise: where a flip does not hit a number, only the CRC sees it. */
static void try_large(wmbt_test *t, void *context, wmbt_view changed, size_t at)
{
    wmbt_kvblock_expect expect = {FLASH, 128, 0, 0};
    wmbt_kvblock_info info;
    wmbt_status status = wmbt_test_read_whole(t, &form, changed, &expect, &info);
    if (context != NULL) {
        T_EQ(t, status, WMBT_TRUNCATED);
        return;
    }
    wmbt_kvblock_walk walk;
    wmbt_body_part part;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, FLASH, 128), WMBT_OK);
    wmbt_status want = WMBT_BAD_CHECKSUM;
    if (wmbt_kvblock_walk_seek(&walk, at / 8, &part) == WMBT_OK) {
        want = part.extent.kind == WMBT_EXTENT_FIELD ? part.mismatch : WMBT_BAD_CHECKSUM;
    } else if (at / 8 < 24) {
        want = flip_status(at / 8, false);
    }
    T_EQ(t, status, want);
}

static void test_large_faults(wmbt_test *t)
{
    wmbt_view object;
    T_CHECK(t, wmbt_test_data(t, golden[3].name, &object));
    int cut = 1;
    wmbt_fault_truncate(t, object, 99991, try_large, &cut);
    wmbt_fault_flip(t, object, 500009, try_large, NULL);
}

/* The order of checks that kvblock.h lists: everything is wrong, and put right from the front. */
static void test_order_of_checks(wmbt_test *t)
{
    static const struct {
        uint32_t offset, right, wrong;
        wmbt_status status;
    } rows[] = {
        {WMBT_KVBLOCK_AT_MAGIC, 0x3142564B, 0x3142564C, WMBT_BAD_MAGIC},
        {WMBT_KVBLOCK_AT_VERSION, 2, 3, WMBT_UNSUPPORTED_VERSION},
        {WMBT_KVBLOCK_AT_TOKENS, SMALL_TOKENS, SMALL_TOKENS + 8u, WMBT_WRONG_BLOCK},
        {WMBT_KVBLOCK_AT_LAYERS, 4, 5, WMBT_BAD_SHAPE}, /* number of layers */
        {WMBT_KVBLOCK_AT_SEQ, SMALL_SEQ, SMALL_SEQ + 1u, WMBT_WRONG_BLOCK},
        {28, 4, 5, WMBT_BAD_SHAPE}, /* ratio of layer 1 */
        {32, 2, 3, WMBT_BAD_COUNT},
        {WMBT_KVBLOCK_AT_BODY_BYTES, SMALL_BYTES - 28u, SMALL_BYTES - 27u, WMBT_BAD_LENGTH},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    wmbt_view object = make_small(t);
    uint8_t b[SMALL_BYTES + 1u] = {0};
    wmbt_kvblock_info info;
    wmbt_test_copy(b, object.data, object.len);
    b[SMALL_BYTES - 1u] ^= 1u; /* of the CRC */
    for (size_t i = 0; i < ROWS; i++) {
        wmbt_test_store32(b + rows[i].offset, rows[i].wrong);
    }
    wmbt_view changed = wmbt_view_of(b, sizeof b); /* and a byte follows */
    for (size_t i = 0; i < ROWS; i++) {
        T_EQ(t, wmbt_kvblock_read(changed, &small_expect, &info), rows[i].status);
        if (i < 5u) {
            T_EQ(t, wmbt_kvblock_read_header(changed, &small_expect, &info), rows[i].status);
        }
        wmbt_test_store32(b + rows[i].offset, rows[i].right);
    }
    T_EQ(t, wmbt_kvblock_read(changed, &small_expect, &info), WMBT_BAD_CHECKSUM);
    b[SMALL_BYTES - 1u] ^= 1u;
    T_EQ(t, wmbt_kvblock_read(changed, &small_expect, &info), WMBT_TRAILING_BYTES);
}

/* A walk that found a byte stands before its part, and comes back to where it stood. */
static void test_walk_find_and_return(wmbt_test *t)
{
    wmbt_kvblock_walk walk, other;
    wmbt_body_part part, next, found;
    T_EQ(t, wmbt_kvblock_walk_init(&walk, &wmbt_test_shape, SMALL_TOKENS), WMBT_OK);
    T_EQ(t, wmbt_kvblock_walk_init(&other, &wmbt_test_shape, SMALL_TOKENS), WMBT_OK);
    for (uint64_t offset = walk.offset; offset < walk.end; offset++) {
        T_EQ(t, wmbt_kvblock_walk_find(&walk, offset, &found), WMBT_OK);
        T_CHECK(t,
                found.extent.offset <= offset && offset - found.extent.offset < found.extent.bytes);
        uint64_t at = walk.offset;
        uint32_t layer = walk.layer, number = walk.part;
        T_EQ(t, wmbt_kvblock_walk_next(&walk, &part), WMBT_OK);
        T_EQ(t, part.extent.offset, found.extent.offset);
        T_EQ(t, part.extent.kind, found.extent.kind);
        wmbt_kvblock_walk_return(&other, at, layer, number);
        T_EQ(t, wmbt_kvblock_walk_next(&other, &next), WMBT_OK);
        T_EQ(t, next.extent.offset, found.extent.offset);
        T_EQ(t, next.extent.layer, found.extent.layer);
    }
    found.extent.offset = 4711;
    T_EQ(t, wmbt_kvblock_walk_find(&walk, walk.end, &found), WMBT_MISSING);
    T_EQ(t, found.extent.offset, 4711);
    for (uint64_t offset = walk.end - 1u; offset >= 24u; offset--) {
        T_EQ(t, wmbt_kvblock_walk_find(&walk, offset, &found), WMBT_OK);
        size_t i = 0;
        while (small_parts[i].extent.offset + small_parts[i].extent.bytes <= offset) {
            i++;
        }
        T_BYTES(t, (const uint8_t *)&found, (const uint8_t *)&small_parts[i], sizeof found);
        wmbt_kvblock_walk_return(&other, walk.offset, walk.layer, walk.part);
        T_EQ(t, wmbt_kvblock_walk_next(&other, &next), WMBT_OK);
        T_BYTES(t, (const uint8_t *)&next, (const uint8_t *)&found, sizeof next);
    }
}

/* As many numbers of a header as are asked for. */
static void test_header_numbers(wmbt_test *t)
{
    wmbt_body_decoder body;
    uint32_t numbers[WMBT_BODY_HEADER_BYTES / 4u + 1u];
    for (uint32_t i = 0; i < WMBT_BODY_HEADER_BYTES; i++) {
        body.bytes[i] = (uint8_t)(i * 7u + 1u);
    }
    for (uint32_t n = 0; n <= WMBT_BODY_HEADER_BYTES / 4u; n++) {
        wmbt_test_fill(numbers, sizeof numbers);
        wmbt_body_numbers(&body, numbers, n);
        for (uint32_t i = 0; i < n; i++) {
            T_EQ(t, numbers[i], wmbt_test_load32(body.bytes + 4u * i));
        }
        T_CHECK(t, wmbt_test_is_filled(numbers + n, sizeof numbers - 4u * n));
    }
}

static const wmbt_case cases[] = {
    {"walk: find and return", test_walk_find_and_return, 0, NULL},
    {"header: its numbers", test_header_numbers, 0, NULL},
    {"order of checks", test_order_of_checks, 256, NULL},
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
    {"hostile: number of the block", test_seq_field, 512, NULL},
    {"hostile: token count", test_tokens_field, 512, NULL},
    {"hostile: number of layers", test_layers_field, 512, NULL},
    {"hostile: body length", test_body_bytes_field, 512, NULL},
    {"hostile: ratios and row counts", test_numbers, 512, NULL},
    {"hostile: bytes after the object", test_bytes_after, 512, NULL},
    {"faults: every truncation", test_truncations, 512, NULL},
    {"faults: every bit", test_flips, 512, NULL},
    {"push: every split", test_splits, 512, NULL},
    {"push: the rules of its calls", test_push_calls, 256, NULL},
    {"push: rows placed by the caller", test_placed, 256, NULL},
    {"writer: arguments", test_seal_arguments, 0, NULL},
    /* more scratch memory than it uses: an emulated board would take minutes */
    {"push: 10,000 splits of 64 KiB (boards: 300)", test_many_splits, 4u << 20, NULL},
    {"push: splits of a full block", test_large_splits, 0, "golden/engine/b_t128_k2_s0.kvb1"},
    {"faults of a full block", test_large_faults, 1761792, "golden/engine/b_t128_k2_s0.kvb1"},
};
WMBT_SUITE(kvblock, cases);
