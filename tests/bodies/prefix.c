/* SPDX-License-Identifier: Apache-2.0 */
/* prefix: the scan against trying every length of prefix, on all patterns of presence. */
#include "wombatkv/prefix.h"

#include "../support/test.h"
#include "base/bytes.h"

#define CORE_FACTS "golden/vectors/core_facts.tsv"
#define UNTOUCHED 0xABABABABu

static wmbt_prefix_pool pool_of(const uint8_t *bits, size_t bytes, uint32_t rule, uint32_t trailing)
{
    wmbt_prefix_pool pool;
    pool.present = wmbt_view_of(bits, bytes);
    pool.rule = rule;
    pool.trailing = trailing;
    return pool;
}

/* Whether a pool has what its rule asks for at `end`; blocks before `first` count as there. */
static bool holds(const wmbt_prefix_pool *pool, uint32_t first, uint32_t end)
{
    uint32_t needed = pool->rule == WMBT_PREFIX_ALL   ? end
                      : pool->rule == WMBT_PREFIX_TIP ? 1
                                                      : pool->trailing;
    for (uint32_t back = 1; back <= needed && back <= end; back++) {
        uint32_t block = end - back;
        if (block >= first && (pool->present.data[block / 8] >> block % 8 & 1) == 0) {
            return false;
        }
    }
    return true;
}

static bool all_hold(const wmbt_prefix_pool *pool, size_t pools, uint32_t first, uint32_t end)
{
    for (size_t i = 0; i < pools; i++) {
        if (!holds(&pool[i], first, end)) {
            return false;
        }
    }
    return true;
}

/* By trying all lengths from the longest down. */
static uint32_t longest(const wmbt_prefix_pool *pool, size_t pools, uint32_t first, uint32_t blocks)
{
    uint32_t end = blocks;
    while (end > first && !all_hold(pool, pools, first, end)) {
        end--;
    }
    return end - first;
}

static void check_longest(wmbt_test *t, const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks)
{
    uint32_t usable = UNTOUCHED;
    if (wmbt_prefix_longest(pool, pools, blocks, &usable) != WMBT_OK ||
        usable != longest(pool, pools, 0, blocks)) {
        t->got = usable;
        t->want = longest(pool, pools, 0, blocks);
        wmbt_test_fail(t, __FILE__, __LINE__, "the longest usable prefix");
    }
}

static void test_one_pool(wmbt_test *t)
{
    static const struct {
        uint32_t rule, trailing;
    } rules[] = {{WMBT_PREFIX_ALL, 0},       {WMBT_PREFIX_TIP, 9},
                 {WMBT_PREFIX_TRAILING, 0},  {WMBT_PREFIX_TRAILING, 1},
                 {WMBT_PREFIX_TRAILING, 2},  {WMBT_PREFIX_TRAILING, 3},
                 {WMBT_PREFIX_TRAILING, 16}, {WMBT_PREFIX_TRAILING, UINT32_MAX}};
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++) {
        for (uint32_t pattern = 0; pattern < 65536; pattern++) {
            uint8_t bits[2] = {(uint8_t)pattern, (uint8_t)(pattern >> 8)};
            wmbt_prefix_pool pool = pool_of(bits, 2, rules[r].rule, rules[r].trailing);
            T_CALL(t, check_longest(t, &pool, 1, 16));
        }
    }
    /* fewer blocks than bits: what lies behind does not count */
    for (uint32_t blocks = 0; blocks < 16; blocks++) {
        for (uint32_t pattern = 0; pattern < 65536; pattern += 7) {
            uint8_t bits[2] = {(uint8_t)pattern, (uint8_t)(pattern >> 8)};
            wmbt_prefix_pool pool = pool_of(bits, 2, WMBT_PREFIX_ALL, 0);
            T_CALL(t, check_longest(t, &pool, 1, blocks));
        }
    }
}

static void test_three_pools(wmbt_test *t)
{
    uint8_t a, b, c;
    wmbt_prefix_pool pool[3];
    pool[0] = pool_of(&a, 1, WMBT_PREFIX_ALL, 0);
    pool[1] = pool_of(&b, 1, WMBT_PREFIX_TRAILING, 2);
    pool[2] = pool_of(&c, 1, WMBT_PREFIX_TIP, 0);
    for (uint32_t pattern = 0; pattern < 1u << 21; pattern++) {
        a = (uint8_t)(pattern & 127u);
        b = (uint8_t)(pattern >> 7 & 127u);
        c = (uint8_t)(pattern >> 14);
        T_CALL(t, check_longest(t, pool, 3, 7));
    }
}

/* Every rule beside every other, with and without a pool that needs all blocks. */
static void test_rules_combined(wmbt_test *t)
{
    uint8_t bits[3];
    wmbt_prefix_pool pool[3];
    for (uint32_t rules = 0; rules < 125; rules++) {
        for (uint32_t i = 0, rest = rules; i < 3; i++, rest /= 5) {
            uint32_t rule = rest % 5 < 2 ? 1 + rest % 5 * 2 : WMBT_PREFIX_TRAILING;
            pool[i] = pool_of(&bits[i], 1, rule, rest % 5); /* all, tip, trailing 2, 3, 4 */
        }
        for (uint32_t pattern = 0; pattern < 1u << 12; pattern++) {
            bits[0] = (uint8_t)(pattern & 15u);
            bits[1] = (uint8_t)(pattern >> 4 & 15u);
            bits[2] = (uint8_t)(pattern >> 8);
            T_CALL(t, check_longest(t, pool, 3, 4));
        }
    }
}

/* Segments: maximal runs of the pools that need all blocks, listed in order, none left out. */
static void check_segments(wmbt_test *t, const wmbt_prefix_pool *pool, size_t pools,
                           uint32_t blocks, uint32_t needed_by_all)
{
    uint32_t from = 0;
    for (uint32_t first = 0; first < blocks; first++) {
        if ((needed_by_all >> first & 1u) == 0) {
            continue;
        }
        uint32_t end = first;
        while (end < blocks && (needed_by_all >> end & 1u) != 0) {
            end++;
        }
        wmbt_prefix_segment s = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
        T_EQ(t, wmbt_prefix_segment_at(pool, pools, blocks, from, &s), WMBT_OK);
        T_EQ(t, s.first, first);
        T_EQ(t, s.blocks, end - first);
        T_EQ(t, s.usable, longest(pool, pools, first, end));
        from = s.first + s.blocks;
        first = end;
    }
    wmbt_prefix_segment s = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
    T_EQ(t, wmbt_prefix_segment_at(pool, pools, blocks, from, &s), WMBT_MISSING);
    T_CHECK(t, s.first == UNTOUCHED && s.blocks == UNTOUCHED && s.usable == UNTOUCHED);
}

static void test_segments(wmbt_test *t)
{
    uint8_t bits[4];
    for (uint32_t pattern = 0; pattern < 65536; pattern++) {
        bits[0] = (uint8_t)pattern;
        bits[1] = (uint8_t)(pattern >> 8);
        wmbt_prefix_pool one = pool_of(bits, 2, WMBT_PREFIX_ALL, 0);
        T_CALL(t, check_segments(t, &one, 1, 16, pattern));
        wmbt_prefix_pool two[2];
        two[0] = pool_of(&bits[0], 1, WMBT_PREFIX_TRAILING, 2);
        two[1] = pool_of(&bits[1], 1, WMBT_PREFIX_ALL, 0);
        T_CALL(t, check_segments(t, two, 2, 8, pattern >> 8));
    }
    /* from the middle of a run: the rest of the run */
    bits[0] = 0xDE; /* blocks 1 to 4, 6, 7 */
    wmbt_prefix_pool pool = pool_of(bits, 1, WMBT_PREFIX_ALL, 0);
    wmbt_prefix_segment s;
    T_EQ(t, wmbt_prefix_segment_at(&pool, 1, 8, 3, &s), WMBT_OK);
    T_CHECK(t, s.first == 3 && s.blocks == 2 && s.usable == 2);
    T_EQ(t, wmbt_prefix_segment_at(&pool, 1, 8, 8, &s), WMBT_MISSING);
    T_EQ(t, wmbt_prefix_segment_at(&pool, 1, 8, UINT32_MAX, &s), WMBT_MISSING);
}

/* As many pools as there may be: each decides, the last one too. */
static void test_segments_of_all_pools(wmbt_test *t)
{
    for (uint32_t hole = 0; hole < WMBT_PREFIX_MAX_POOLS; hole++) {
        uint8_t bits[WMBT_PREFIX_MAX_POOLS];
        wmbt_prefix_pool pool[WMBT_PREFIX_MAX_POOLS];
        for (uint32_t i = 0; i < WMBT_PREFIX_MAX_POOLS; i++) {
            bits[i] = i == hole ? 0xF7 : 0xFF; /* block 3 is missing in one */
            pool[i] = pool_of(&bits[i], 1, WMBT_PREFIX_ALL, 0);
        }
        T_CALL(t, check_segments(t, pool, WMBT_PREFIX_MAX_POOLS, 8, 0xF7));
    }
}

/* Many blocks in 16 pools, mostly present. */
static void test_large(wmbt_test *t)
{
    enum { BLOCKS = 1003, BYTES = 126 };
    T_EQ(t, WMBT_PREFIX_BYTES(BLOCKS), BYTES);
    uint8_t *bits = wmbt_test_alloc(t, 16u * BYTES);
    T_CHECK(t, bits != NULL);
    uint32_t seed = 99, above_none = 0;
    for (uint32_t round = 0; round < 40; round++) {
        wmbt_prefix_pool pool[16];
        for (uint32_t i = 0; i < 16; i++) {
            uint32_t kind = wmbt_test_random(&seed) % 3;
            pool[i] = pool_of(bits + i * BYTES, BYTES, 1 + kind, wmbt_test_random(&seed) % 40);
            for (uint32_t k = 0; k < BYTES; k++) {
                bits[i * BYTES + k] = 0xFF;
            }
            /* holes: few, late ones where all blocks are needed */
            uint32_t holes = kind == 0 ? wmbt_test_random(&seed) % 2 : 60;
            for (uint32_t h = 0; h < holes; h++) {
                uint32_t block = kind == 0 ? BLOCKS - 1 - wmbt_test_random(&seed) % 300
                                           : wmbt_test_random(&seed) % BLOCKS;
                bits[i * BYTES + block / 8] &= (uint8_t)~(1u << block % 8);
            }
        }
        T_CALL(t, check_longest(t, pool, 16, BLOCKS));
        above_none += longest(pool, 16, 0, BLOCKS) > 0;
    }
    T_CHECK(t, above_none > 20);
}

/* Whether pools that need all blocks have this one. */
static bool has(const wmbt_prefix_pool *pool, size_t pools, uint32_t block)
{
    for (size_t i = 0; i < pools; i++) {
        if (pool[i].rule == WMBT_PREFIX_ALL &&
            (pool[i].present.data[block / 8] >> block % 8 & 1) == 0) {
            return false;
        }
    }
    return true;
}

static void check_segment(wmbt_test *t, const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks,
                          uint32_t from)
{
    wmbt_prefix_segment s = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
    uint32_t first = from;
    while (first < blocks && !has(pool, pools, first)) {
        first++;
    }
    uint32_t end = first;
    while (end < blocks && has(pool, pools, end)) {
        end++;
    }
    T_EQ(t, wmbt_prefix_segment_at(pool, pools, blocks, from, &s),
         first < blocks ? WMBT_OK : WMBT_MISSING);
    T_EQ(t, s.first, first < blocks ? first : UNTOUCHED);
    T_EQ(t, s.blocks, first < blocks ? end - first : UNTOUCHED);
    T_EQ(t, s.usable, first < blocks ? longest(pool, pools, first, end) : UNTOUCHED);
}

/* Bytes and words of bits that are all set, around the ends of words, beside few holes. The bits
 * end where the memory does, and those behind the last block are set. */
static void test_full_runs(wmbt_test *t)
{
    static const uint16_t sizes[] = {7,   8,   9,   15,  16,  17,  55,  56,  57,  62,  63,
                                     64,  65,  71,  72,  73,  79,  80,  126, 127, 128, 129,
                                     135, 136, 137, 190, 191, 192, 193, 199, 200, 201};
    uint32_t seed = 3;
    uint8_t *end = t->arena.data + t->arena.len;
    for (uint32_t round = 0; round < T_MANY(20000u, 500u); round++) {
        const uint32_t blocks = sizes[wmbt_test_random(&seed) % (sizeof sizes / sizeof sizes[0])];
        const uint32_t bytes = WMBT_PREFIX_BYTES(blocks);
        const uint32_t pools = 1 + wmbt_test_random(&seed) % 2;
        wmbt_prefix_pool pool[2];
        for (uint32_t i = 0; i < pools; i++) {
            uint8_t *bits = end - (i + 1) * bytes;
            const uint32_t rule = 1 + wmbt_test_random(&seed) % 3;
            const uint32_t trailing = wmbt_test_random(&seed) % 90;
            pool[i] = pool_of(bits, bytes, rule, trailing < 80 ? trailing : UINT32_MAX);
            wmbt_bytes_fill(bits, 0xFF, bytes);
            for (uint32_t holes = wmbt_test_random(&seed) % 3; holes > 0; holes--) {
                uint32_t block = wmbt_test_random(&seed) % blocks;
                bits[block / 8] &= (uint8_t)~(1u << block % 8);
            }
        }
        uint32_t from = wmbt_test_random(&seed) % (2 * blocks);
        T_CALL(t, check_segment(t, pool, pools, blocks, from < blocks ? from : 0));
    }
}

static void test_marks(wmbt_test *t)
{
    uint8_t bits[3] = {0};
    wmbt_buf buf = wmbt_buf_of(bits, 2);
    wmbt_prefix_mark(buf, 0);
    T_CHECK(t, bits[0] == 1 && bits[1] == 0);
    wmbt_prefix_mark(buf, 9);
    wmbt_prefix_mark(buf, 15);
    wmbt_prefix_mark(buf, 16);
    wmbt_prefix_mark(buf, UINT32_MAX);
    T_CHECK(t, bits[0] == 1 && bits[1] == 0x82 && bits[2] == 0);
    for (uint32_t i = 0; i < 16; i++) {
        T_EQ(t, wmbt_prefix_is_present(wmbt_view_of(bits, 2), i), i == 0 || i == 9 || i == 15);
    }
    bits[2] = 0xFF;
    T_CHECK(t, !wmbt_prefix_is_present(wmbt_view_of(bits, 2), 16));
    T_CHECK(t, !wmbt_prefix_is_present(wmbt_view_of(bits, 2), UINT32_MAX));
    T_CHECK(t, !wmbt_prefix_is_present(wmbt_view_of(NULL, 0), 0));
    wmbt_prefix_mark(wmbt_buf_of(NULL, 0), 0);
    T_EQ(t, WMBT_PREFIX_BYTES(0u), 0);
    T_EQ(t, WMBT_PREFIX_BYTES(1u), 1);
    T_EQ(t, WMBT_PREFIX_BYTES(8u), 1);
    T_EQ(t, WMBT_PREFIX_BYTES(9u), 2);
    T_EQ(t, WMBT_PREFIX_BYTES(512u), 64);
    T_EQ(t, WMBT_PREFIX_BYTES(UINT32_MAX), 0x20000000);
}

static void check_refused(wmbt_test *t, const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks,
                          wmbt_status want)
{
    uint32_t usable = UNTOUCHED;
    wmbt_prefix_segment s = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
    T_EQ(t, wmbt_prefix_longest(pool, pools, blocks, &usable), want);
    T_EQ(t, wmbt_prefix_segment_at(pool, pools, blocks, 0, &s), want);
    T_EQ(t, usable, UNTOUCHED);
    T_CHECK(t, s.first == UNTOUCHED && s.blocks == UNTOUCHED && s.usable == UNTOUCHED);
}

static void test_bad_arguments(wmbt_test *t)
{
    uint8_t bits[2] = {0xFF, 0xFF};
    wmbt_prefix_pool pool[17];
    for (uint32_t i = 0; i < 17; i++) {
        pool[i] = pool_of(bits, 2, WMBT_PREFIX_ALL, 0);
    }
    uint32_t usable = UNTOUCHED;
    T_EQ(t, wmbt_prefix_longest(pool, 16, 16, &usable), WMBT_OK);
    T_EQ(t, usable, 16);
    T_EQ(t, wmbt_prefix_longest(pool, 16, 0, &usable), WMBT_OK);
    T_EQ(t, usable, 0);
    T_CALL(t, check_refused(t, pool, 17, 16, WMBT_TOO_LARGE));
    T_CALL(t, check_refused(t, pool, SIZE_MAX, 16, WMBT_TOO_LARGE));
    T_CALL(t, check_refused(t, pool, 0, 16, WMBT_BAD_ARGUMENT)); /* no pool: nothing is proved */
    T_CALL(t, check_refused(t, NULL, 1, 16, WMBT_BAD_ARGUMENT));
    T_CALL(t, check_refused(t, pool, 1, 17, WMBT_BAD_ARGUMENT));
    T_CALL(t, check_refused(t, pool, 1, UINT32_MAX, WMBT_BAD_ARGUMENT));
    pool[1].rule = 0;
    T_CALL(t, check_refused(t, pool, 2, 16, WMBT_BAD_ARGUMENT));
    pool[1].rule = 4;
    T_CALL(t, check_refused(t, pool, 2, 16, WMBT_BAD_ARGUMENT));
    pool[1] = pool_of(NULL, 2, WMBT_PREFIX_ALL, 0);
    T_CALL(t, check_refused(t, pool, 2, 16, WMBT_BAD_ARGUMENT));
    pool[1] = pool_of(bits, 1, WMBT_PREFIX_ALL, 0);
    T_CALL(t, check_refused(t, pool, 2, 16, WMBT_BAD_ARGUMENT));
}

/* --- failures of peers ------------------------------------------------------------------------ */

/* A store that failed is visible: a bit that no verified read has set ends the prefix. */
static void test_failure_13(wmbt_test *t)
{
    uint8_t bits[1] = {0};
    wmbt_prefix_pool pool = pool_of(bits, 1, WMBT_PREFIX_ALL, 0);
    static const bool stored[] = {true, true, false, true}; /* the put of block 2 failed */
    for (uint32_t i = 0; i < 4; i++) {
        if (stored[i]) {
            wmbt_prefix_mark(wmbt_buf_of(bits, 1), i);
        }
    }
    uint32_t usable = UNTOUCHED;
    T_EQ(t, wmbt_prefix_longest(&pool, 1, 4, &usable), WMBT_OK);
    T_EQ(t, usable, 2);
}

/* Halving, as a peer does it: right only if no block is present behind one that is not. */
static uint32_t by_halving(const uint8_t *bits, uint32_t blocks)
{
    uint32_t low = 0, high = blocks;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if ((bits[middle / 8] >> middle % 8 & 1) != 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Halving steps over a hole: here it promises 16 blocks where 2 are usable. */
static void test_failure_16(wmbt_test *t)
{
    static const uint8_t bits[] = {0xFB, 0xFF};
    wmbt_prefix_pool pool = pool_of(bits, 2, WMBT_PREFIX_ALL, 0);
    uint32_t usable = UNTOUCHED;
    T_EQ(t, by_halving(bits, 16), 16);
    T_EQ(t, wmbt_prefix_longest(&pool, 1, 16, &usable), WMBT_OK);
    T_EQ(t, usable, 2);
}

/* --- one byte a block ------------------------------------------------------------------------- */

static void check_resident(wmbt_test *t, const wmbt_view *cells)
{
    uint8_t flags[256];
    wmbt_view list = wmbt_test_view_is(cells[2], "-") ? wmbt_view_of(NULL, 0) : cells[2];
    T_CHECK(t, list.len <= sizeof flags);
    for (size_t i = 0; i < list.len; i++) { /* any value but 0 counts */
        flags[i] = list.data[i] == (uint8_t)'0' ? 0u : (uint8_t)(1u + 37u * i % 255u);
    }
    T_EQ(t, wmbt_prefix_resident(wmbt_view_of(flags, list.len)), wmbt_cell_u64(t, cells[7]));
}

static void test_resident(wmbt_test *t)
{
    T_EQ(t, wmbt_prefix_resident(wmbt_view_of(NULL, 1)), 0);
    T_EQ(t, wmbt_prefix_resident(wmbt_view_of(NULL, 0)), 0);
    wmbt_view file, cells[WMBT_TABLE_MAX_COLUMNS];
    if (!wmbt_test_data(t, CORE_FACTS, &file)) {
        return;
    }
    wmbt_table table;
    wmbt_table_open(&table, file, false);
    T_EQ(t, table.columns, 8);
    uint32_t rows = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        if (wmbt_test_view_is(cells[1], "contiguous_prefix")) {
            T_CALL(t, check_resident(t, cells));
            rows++;
        }
    }
    T_CHECK(t, rows != 0u);
}

static const wmbt_case cases[] = {
    {"one pool: all 2^16 patterns, every rule", test_one_pool, 0, NULL},
    {"three pools of 7 blocks: all 2^21 patterns", test_three_pools, 0, NULL},
    {"three pools of 4 blocks: every combination of rules", test_rules_combined, 0, NULL},
    {"segments behind holes", test_segments, 0, NULL},
    {"segments of all pools", test_segments_of_all_pools, 0, NULL},
    {"16 pools, many blocks", test_large, 16 * 126 + 64, NULL},
    {"full bytes and words, beside few holes", test_full_runs, 64, NULL},
    {"marks", test_marks, 0, NULL},
    {"bad arguments", test_bad_arguments, 0, NULL},
    {"golden: one byte a block", test_resident, 8192, CORE_FACTS},
    {"failure 13: what was not stored is not usable", test_failure_13, 0, NULL},
    {"failure 16: presence is not monotone", test_failure_16, 0, NULL},
};
WMBT_SUITE(prefix, cases);
