/* SPDX-License-Identifier: Apache-2.0 */
/* boundary: block sizes, positions, windows, tiers. Each against counting by ones. */
#include "wombatkv/boundary.h"

#include "../support/objects.h"
#include "wombatkv/chain.h"

#define FLASH (&wmbt_shape_deepseek_v4_flash)
#define UNTOUCHED 0xABABABABu
#define MAX_LAYERS 8u

/* A shape of which only the ratios matter. */
static wmbt_shape ratios_shape(wmbt_shape_layer *layer, const uint32_t *ratio, uint32_t layers)
{
    for (uint32_t i = 0; i < layers; i++) {
        layer[i].ratio = (uint16_t)ratio[i];
        layer[i].has_index = 0;
        layer[i].overlaps = 0;
    }
    wmbt_shape shape = {layer, layers, 1, 0, 1, 1};
    return shape;
}

/* --- block sizes ------------------------------------------------------------------------------ */

static void test_rules(wmbt_test *t)
{
    for (uint32_t n = 0; n < 9000; n++) {
        T_EQ(t, wmbt_boundary_rule_allows(WMBT_BOUNDARY_CORE, n), n != 0);
        T_EQ(t, wmbt_boundary_rule_allows(WMBT_BOUNDARY_DS4, n),
             n != 0 && n % 128 == 0 && n <= 8192);
        T_EQ(t, wmbt_boundary_rule_allows(WMBT_BOUNDARY_M0, n), n == 64 || n == 128 || n == 256);
        T_CHECK(t, !wmbt_boundary_rule_allows(0, n));
        T_CHECK(t, !wmbt_boundary_rule_allows(4, n));
    }
    T_CHECK(t, wmbt_boundary_rule_allows(WMBT_BOUNDARY_CORE, UINT32_MAX));
    T_CHECK(t, !wmbt_boundary_rule_allows(WMBT_BOUNDARY_DS4, UINT32_MAX - 127));
    T_CHECK(t, !wmbt_boundary_rule_allows(UINT32_MAX, 128));
#if WMBT_CFG_CHAIN
    T_EQ(t, WMBT_BOUNDARY_DS4_STEP, WMBT_CHAIN_DS4_BLOCK_STEP);
    T_EQ(t, WMBT_BOUNDARY_DS4_MAX, WMBT_CHAIN_DS4_MAX_BLOCK_TOKENS);
#endif
}

static void test_step(wmbt_test *t)
{
    uint32_t step = UNTOUCHED;
    T_EQ(t, wmbt_boundary_step(FLASH, &step), WMBT_OK);
    T_EQ(t, step, 128);
    T_EQ(t, wmbt_boundary_step(&wmbt_test_shape, &step), WMBT_OK);
    T_EQ(t, step, 8);

    /* five primes below 8192: the product of two fits, of three does not */
    static const uint32_t primes[] = {0, 8191, 8179, 8191, 8171};
    wmbt_shape_layer layer[5];
    static const uint32_t want[] = {1, 8191, 8191 * 8179, 8191 * 8179};
    for (uint32_t n = 1; n <= 4; n++) {
        wmbt_shape shape = ratios_shape(layer, primes, n);
        T_EQ(t, wmbt_boundary_step(&shape, &step), WMBT_OK);
        T_EQ(t, step, want[n - 1]);
    }
    wmbt_shape shape = ratios_shape(layer, primes, 5);
    step = UNTOUCHED;
    T_EQ(t, wmbt_boundary_step(&shape, &step), WMBT_TOO_LARGE);
    shape.window = 0;
    T_EQ(t, wmbt_boundary_step(&shape, &step), WMBT_UNSUPPORTED_SHAPE);
    shape.layer = NULL;
    T_EQ(t, wmbt_boundary_step(&shape, &step), WMBT_BAD_ARGUMENT);
    T_EQ(t, step, UNTOUCHED);
}

static void check_advice(wmbt_test *t, const wmbt_shape *shape)
{
    for (uint32_t rule = WMBT_BOUNDARY_CORE; rule <= WMBT_BOUNDARY_M0; rule++) {
        /* from above: the smallest size that is good is the one met last */
        uint32_t want = 0;
        for (uint32_t wanted = 8300; wanted-- > 0;) {
            if (wmbt_boundary_rule_allows(rule, wanted) &&
                wmbt_shape_allows_block_tokens(shape, wanted)) {
                want = wanted;
            }
            uint32_t got = UNTOUCHED;
            T_EQ(t, wmbt_boundary_block_tokens(rule, shape, wanted, &got),
                 want == 0 ? WMBT_MISSING : WMBT_OK);
            T_EQ(t, got, want == 0 ? UNTOUCHED : want);
        }
    }
}

static void test_advice(wmbt_test *t)
{
    static const uint32_t sets[][2] = {{0, 0},    {3, 1},    {128, 4}, {96, 64},
                                       {8192, 0}, {8192, 3}, {7, 5},   {127, 64}};
    wmbt_shape_layer layer[2];
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        wmbt_shape shape = ratios_shape(layer, sets[i], 2);
        T_CALL(t, check_advice(t, &shape));
    }
    T_CALL(t, check_advice(t, FLASH));
    uint32_t got = UNTOUCHED;
    T_EQ(t, wmbt_boundary_block_tokens(WMBT_BOUNDARY_CORE, FLASH, UINT32_MAX, &got), WMBT_MISSING);
    T_EQ(t, wmbt_boundary_block_tokens(0, FLASH, 1, &got), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_boundary_block_tokens(4, FLASH, 1, &got), WMBT_BAD_ARGUMENT);
    wmbt_shape bad = {NULL, 1, 1, 0, 1, 1};
    T_EQ(t, wmbt_boundary_block_tokens(WMBT_BOUNDARY_CORE, &bad, 1, &got), WMBT_BAD_ARGUMENT);
    T_EQ(t, got, UNTOUCHED);
}

/* Floor and ceiling of 0 to 4,096 tokens; a and b are ratios whose common multiples are counted. */
static void check_positions(wmbt_test *t, uint32_t a, uint32_t b, uint32_t step)
{
    uint32_t to_a = 0, to_b = 0, below = 0;
    for (uint32_t n = 0; n <= 4096; n++) {
        bool is_boundary = to_a == 0 && to_b == 0;
        below = is_boundary ? n : below;
        uint32_t above = UNTOUCHED;
        if (wmbt_boundary_floor(n, step) != below ||
            wmbt_boundary_ceiling(n, step, &above) != WMBT_OK ||
            above != (is_boundary ? n : below + step)) {
            t->got = n;
            wmbt_test_fail(t, __FILE__, __LINE__, "floor and ceiling are the nearest boundaries");
            return;
        }
        to_a = to_a + 1 >= a ? 0 : to_a + 1;
        to_b = to_b + 1 >= b ? 0 : to_b + 1;
    }
}

/* The least common multiple, by trying the multiples of the larger one. */
static uint32_t common_multiple(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0) {
        return a + b == 0 ? 1 : a + b;
    }
    uint32_t multiple = b;
    while (multiple % a != 0) {
        multiple += b;
    }
    return multiple;
}

static void test_pairs(wmbt_test *t)
{
    /* Boards look at the positions of a step once: floor and ceiling know nothing of the pair. */
    uint8_t *seen = wmbt_test_alloc(t, 256 * 256 / 8);
    T_CHECK(t, seen != NULL);
    wmbt_shape_layer layer[2];
    const uint32_t most = T_MANY(256, 48);
    for (uint32_t a = 0; a <= most; a++) {
        for (uint32_t b = a; b <= most; b++) {
            uint32_t pair[] = {a, b, a}, step = 0, other = 0;
            wmbt_shape shape = ratios_shape(layer, pair, 2);
            T_EQ(t, wmbt_boundary_step(&shape, &step), WMBT_OK);
            shape = ratios_shape(layer, pair + 1, 2);
            T_EQ(t, wmbt_boundary_step(&shape, &other), WMBT_OK);
            T_EQ(t, step, common_multiple(a, b));
            T_EQ(t, other, step);
            uint32_t bit = 1u << ((step - 1) & 7u);
            if (T_MANY(true, (seen[(step - 1) >> 3] & bit) == 0)) {
                seen[(step - 1) >> 3] = (uint8_t)(seen[(step - 1) >> 3] | bit);
                T_CALL(t, check_positions(t, a, b, step));
            }
        }
    }
}

/* product *= factor, unless it is 0 (too large already) or becomes so. */
static void multiply(uint32_t *product, uint32_t factor)
{
    *product = *product > 0x7FFFFFFFu / factor ? 0 : *product * factor;
}

/* The least common multiple of numbers up to 8192, by prime powers; 0 above 2^31 - 1. */
static uint32_t common_multiple_of(uint32_t *number, uint32_t count)
{
    uint32_t product = 1;
    for (uint32_t prime = 2; prime <= 90;) {
        bool divides = false;
        for (uint32_t i = 0; i < count; i++) {
            if (number[i] != 0 && number[i] % prime == 0) {
                number[i] /= prime;
                divides = true;
            }
        }
        if (divides) {
            multiply(&product, prime); /* and the same prime again */
        } else {
            prime++;
        }
    }
    for (uint32_t i = 0; i < count; i++) { /* what is left is 0, 1 or a prime, as 91^2 > 8192 */
        bool is_new = number[i] > 1;
        for (uint32_t k = 0; k < i; k++) {
            is_new = is_new && number[k] != number[i];
        }
        if (is_new) {
            multiply(&product, number[i]);
        }
    }
    return product;
}

static void test_random_sets(wmbt_test *t)
{
    wmbt_shape_layer layer[MAX_LAYERS];
    uint32_t seed = 20240501, refused = 0;
    for (uint32_t round = 0; round < 100000; round++) {
        uint32_t ratio[MAX_LAYERS];
        uint32_t layers = 1 + wmbt_test_random(&seed) % MAX_LAYERS;
        uint32_t bits = 1 + wmbt_test_random(&seed) % 13;
        for (uint32_t i = 0; i < layers; i++) {
            ratio[i] = wmbt_test_random(&seed) % ((1u << bits) + 1u);
        }
        wmbt_shape shape = ratios_shape(layer, ratio, layers);
        uint32_t want = common_multiple_of(ratio, layers);
        uint32_t step = UNTOUCHED;
        T_EQ(t, wmbt_boundary_step(&shape, &step), want == 0 ? WMBT_TOO_LARGE : WMBT_OK);
        T_EQ(t, step, want == 0 ? UNTOUCHED : want);
        refused += want == 0;
        if (want != 0) {
            uint32_t size = wmbt_test_random(&seed) % 16384;
            T_EQ(t, wmbt_shape_allows_block_tokens(&shape, size),
                 size != 0 && size <= 8192 && size % step == 0);
        }
    }
    T_CHECK(t, refused > 1000 && refused < 99000);
}

/* --- positions -------------------------------------------------------------------------------- */

static void test_far_positions(wmbt_test *t)
{
    uint32_t out = UNTOUCHED;
    T_EQ(t, wmbt_boundary_floor(UINT32_MAX, 128), 0xFFFFFF80);
    T_EQ(t, wmbt_boundary_floor(UINT32_MAX, UINT32_MAX), UINT32_MAX);
    T_EQ(t, wmbt_boundary_floor(77, 0), 77);
    T_EQ(t, wmbt_boundary_floor(77, 1), 77);
    T_EQ(t, wmbt_boundary_ceiling(0x7FFFFF81, 128, &out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_ceiling(1, UINT32_MAX, &out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_ceiling(UINT32_MAX, 1, &out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_ceiling(0x80000000, 128, &out), WMBT_TOO_LARGE);
    T_EQ(t, out, UNTOUCHED);
    T_EQ(t, wmbt_boundary_ceiling(0x7FFFFF80, 128, &out), WMBT_OK);
    T_EQ(t, out, 0x7FFFFF80);
    T_EQ(t, wmbt_boundary_ceiling(0x7FFFFF01, 128, &out), WMBT_OK);
    T_EQ(t, out, 0x7FFFFF80);
    T_EQ(t, wmbt_boundary_ceiling(0x7FFFFFFF, 0, &out), WMBT_OK);
    T_EQ(t, out, 0x7FFFFFFF);
}

static void test_last_token(wmbt_test *t)
{
    for (uint32_t covered = 0; covered < 40; covered++) {
        T_EQ(t, wmbt_boundary_restorable(covered, 0), 0);
        for (uint32_t tokens = 1; tokens < 40; tokens++) {
            uint32_t want = covered < tokens ? covered : tokens - 1;
            T_EQ(t, wmbt_boundary_restorable(covered, tokens), want);
        }
    }
    T_EQ(t, wmbt_boundary_restorable(UINT32_MAX, UINT32_MAX), UINT32_MAX - 1);
    T_EQ(t, wmbt_boundary_restorable(UINT32_MAX, 1), 0);
}

/* --- window ----------------------------------------------------------------------------------- */

static void check_window(wmbt_test *t, uint32_t position, uint32_t window)
{
    uint32_t start = position;
    for (uint32_t i = 1; i < window && start > 0; i++) {
        start--;
    }
    T_EQ(t, wmbt_boundary_window_start(position, window), start);
    for (uint32_t size = 1; size <= 12; size++) {
        uint32_t blocks = 0;
        for (uint32_t block = 0; block * size < position; block++) {
            bool holds_one = false;
            for (uint32_t p = block * size; p < (block + 1) * size; p++) {
                holds_one = holds_one || (p >= start && p < position);
            }
            blocks += holds_one;
        }
        T_EQ(t, wmbt_boundary_window_blocks(position, window, size), blocks);
    }
}

static void test_window(wmbt_test *t)
{
    for (uint32_t position = 0; position < 60; position++) {
        for (uint32_t window = 0; window < 20; window++) {
            T_CALL(t, check_window(t, position, window));
        }
    }
    /* today's model: 127 rows before a boundary lie in one block of 128 */
    T_EQ(t, wmbt_boundary_window_blocks(1280, 128, 128), 1);
    T_EQ(t, wmbt_boundary_window_blocks(1280, 129, 128), 1);
    T_EQ(t, wmbt_boundary_window_blocks(1280, 130, 128), 2);
    T_EQ(t, wmbt_boundary_window_blocks(1281, 128, 128), 2);
    T_EQ(t, wmbt_boundary_window_blocks(100, 128, 0), 100);
    T_EQ(t, wmbt_boundary_window_blocks(UINT32_MAX, UINT32_MAX, 0), UINT32_MAX - 1);
    T_EQ(t, wmbt_boundary_window_blocks(UINT32_MAX - 1, UINT32_MAX, 1), UINT32_MAX - 1);
    T_EQ(t, wmbt_boundary_window_start(UINT32_MAX, UINT32_MAX), 1);
}

/* --- tiers ------------------------------------------------------------------------------------ */

static void check_map(wmbt_test *t, uint32_t block, uint32_t from, uint32_t to)
{
    uint32_t start = block * from, end = start + from;
    uint32_t first = UINT32_MAX, count = 0, whole_first = UINT32_MAX, whole_count = 0;
    for (uint32_t i = 0; i * to < end + to; i++) {
        uint32_t low = i * to, high = low + to;
        if (low < end && high > start) {
            first = count == 0 ? i : first;
            count++;
        }
        if (low >= start && whole_first == UINT32_MAX) {
            whole_first = i;
        }
        whole_count += low >= start && high <= end;
    }
    wmbt_boundary_span span;
    T_EQ(t, wmbt_boundary_map(block, from, to, &span), WMBT_OK);
    T_EQ(t, span.first, first);
    T_EQ(t, span.count, count);
    T_EQ(t, span.skip, first * to < start ? start - first * to : 0);
    T_EQ(t, span.whole_first, whole_first);
    T_EQ(t, span.whole_count, whole_count);
    uint32_t whole = 0, got = UNTOUCHED;
    while ((whole + 1) * to <= start) {
        whole++;
    }
    T_EQ(t, wmbt_boundary_convert(block, from, to, &got), WMBT_OK);
    T_EQ(t, got, whole);
}

static void test_tiers(wmbt_test *t)
{
    for (uint32_t from = 1; from <= 18; from++) {
        for (uint32_t to = 1; to <= 18; to++) {
            for (uint32_t block = 0; block < 20; block++) {
                T_CALL(t, check_map(t, block, from, to));
            }
        }
    }
    /* an engine's blocks of 16 in a store's blocks of 128, and the other way */
    wmbt_boundary_span span;
    T_EQ(t, wmbt_boundary_map(19, 16, 128, &span), WMBT_OK);
    T_CHECK(t, span.first == 2 && span.count == 1 && span.skip == 48 && span.whole_count == 0);
    T_EQ(t, wmbt_boundary_map(2, 128, 16, &span), WMBT_OK);
    T_CHECK(t, span.first == 16 && span.count == 8 && span.skip == 0 && span.whole_first == 16 &&
                   span.whole_count == 8);
}

static void test_tier_limits(wmbt_test *t)
{
    wmbt_boundary_span span = {1, 2, 3, 4, 5};
    uint32_t out = UNTOUCHED;
    T_EQ(t, wmbt_boundary_map(0, 0, 1, &span), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_boundary_map(0, 1, 0, &span), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_boundary_map(0x7FFFFFFF, 1, 1, &span), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_map(0, 0x80000000, 1, &span), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_map(UINT32_MAX, UINT32_MAX, 1, &span), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_map(0x01000000, 128, 1, &span), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_convert(1, 0, 1, &out), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_boundary_convert(1, 1, 0, &out), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_boundary_convert(0x80000000, 1, 1, &out), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_boundary_convert(2, 0x40000000, 1, &out), WMBT_TOO_LARGE);
    T_EQ(t, out, UNTOUCHED);
    T_CHECK(t, span.first == 1 && span.count == 2 && span.skip == 3 && span.whole_first == 4 &&
                   span.whole_count == 5);
    T_EQ(t, wmbt_boundary_convert(0x7FFFFFFF, 1, 128, &out), WMBT_OK);
    T_EQ(t, out, 0x00FFFFFF);
    T_EQ(t, wmbt_boundary_map(0x7FFFFFFE, 1, UINT32_MAX, &span), WMBT_OK);
    T_CHECK(t, span.first == 0 && span.count == 1 && span.skip == 0x7FFFFFFE);
}

static const wmbt_case cases[] = {
    {"whose rule allows which block size", test_rules, 0, NULL},
    {"step of a shape", test_step, 0, NULL},
    {"advice against every size", test_advice, 0, NULL},
    {"every pair of ratios to 256 (boards: 48), every token count to 4,096", test_pairs,
     256 * 256 / 8 + 64, NULL},
    {"100,000 random sets of ratios", test_random_sets, 0, NULL},
    {"positions at the end of the range", test_far_positions, 0, NULL},
    {"the last token is always run", test_last_token, 0, NULL},
    {"blocks that hold a window", test_window, 0, NULL},
    {"blocks of one size in blocks of another", test_tiers, 0, NULL},
    {"tiers: sizes and positions out of range", test_tier_limits, 0, NULL},
};
WMBT_SUITE(boundary, cases);
