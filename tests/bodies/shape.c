/* SPDX-License-Identifier: Apache-2.0 */
/* shape: the constant, the bounds, sizes. Numbers are those of docs/FORMATS.md. */
#include "../support/objects.h"

static void test_flash(wmbt_test *t)
{
    const wmbt_shape *s = &wmbt_shape_deepseek_v4_flash;
    T_EQ(t, wmbt_shape_check(s), WMBT_OK);
    T_EQ(t, s->layers, 43);
    T_EQ(t, s->head_dim, 512);
    T_EQ(t, s->index_dim, 128);
    T_EQ(t, s->element_bytes, 4);
    T_EQ(t, s->window, 128);
    for (uint32_t i = 0; i < 43; i++) {
        uint32_t ratio = i < 2 ? 0 : i % 2 == 0 ? 4 : 128;
        T_EQ(t, s->layer[i].ratio, ratio);
        T_EQ(t, s->layer[i].has_index, ratio == 4);
        T_EQ(t, s->layer[i].overlaps, ratio == 4);
        T_EQ(t, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_RAW), 2048);
        T_EQ(t, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_COMP), 2048);
        T_EQ(t, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_INDEX), 512);
        uint32_t state = ratio == 0 ? 0 : ratio == 4 ? 32768 : 262144;
        T_EQ(t, wmbt_shape_state_rows(s, i) * wmbt_shape_row_bytes(s, i, WMBT_EXTENT_STATE_KV),
             state);
        T_EQ(t, wmbt_shape_state_rows(s, i) * wmbt_shape_row_bytes(s, i, WMBT_EXTENT_STATE_SCORE),
             state);
        if (ratio == 4) {
            uint32_t kv = wmbt_shape_row_bytes(s, i, WMBT_EXTENT_INDEX_STATE_KV);
            T_EQ(t, wmbt_shape_state_rows(s, i) * kv, 8192);
            T_EQ(t, kv, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_INDEX_STATE_SCORE));
        }
        T_EQ(t, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_FIELD), 0);
        T_EQ(t, wmbt_shape_row_bytes(s, i, WMBT_EXTENT_KINDS), 0);
    }
}

static void test_compresses(wmbt_test *t)
{
    static const wmbt_shape_layer none[2] = {{0, 0, 0}, {0, 0, 0}},
                                  last[2] = {{0, 0, 0}, {4, 0, 0}};
    wmbt_shape shape = {none, 2, 2, 0, 4, 4};
    T_CHECK(t, !wmbt_shape_compresses(&shape));
    shape.layer = last;
    T_CHECK(t, wmbt_shape_compresses(&shape));
    shape.layers = 1;
    T_CHECK(t, !wmbt_shape_compresses(&shape));
    for (uint32_t kind = 0; kind <= WMBT_EXTENT_KINDS; kind++) {
        bool of_index = kind == WMBT_EXTENT_INDEX || kind == WMBT_EXTENT_INDEX_STATE_KV ||
                        kind == WMBT_EXTENT_INDEX_STATE_SCORE;
        T_CHECK(t, kind == WMBT_EXTENT_KINDS || wmbt_extent_is_of_index(kind) == of_index);
    }
}

/* The engine's rule: a multiple of 128, at most 8192. */
static void test_block_tokens(wmbt_test *t)
{
    for (uint32_t n = 0; n < 9000; n++) {
        T_EQ(t, wmbt_shape_allows_block_tokens(&wmbt_shape_deepseek_v4_flash, n),
             n != 0 && n % 128 == 0 && n <= 8192);
        T_EQ(t, wmbt_shape_allows_block_tokens(&wmbt_test_shape, n),
             n != 0 && n % 8 == 0 && n <= 8192);
    }
    T_CHECK(t, !wmbt_shape_allows_block_tokens(&wmbt_shape_deepseek_v4_flash, UINT32_MAX - 127));
    /* each layer counts, the first and the last too, and none behind it */
    static const wmbt_shape_layer layers[] = {{4, 0, 0}, {0, 0, 0}, {6, 0, 0}, {5, 0, 0}};
    wmbt_shape s = {layers, 3, 2, 1, 4, 8};
    for (uint32_t n = 1; n < 100u; n++) {
        T_EQ(t, wmbt_shape_allows_block_tokens(&s, n), n % 12u == 0u);
    }
}

static void check_refused(wmbt_test *t, uint32_t *field, uint32_t value, const wmbt_shape *shape)
{
    uint32_t was = *field;
    T_EQ(t, wmbt_shape_check(shape), WMBT_OK);
    *field = value;
    T_EQ(t, wmbt_shape_check(shape), WMBT_UNSUPPORTED_SHAPE);
    *field = was;
}

static void test_bounds(wmbt_test *t)
{
    static wmbt_shape_layer most[256];
    wmbt_shape_layer layer[2] = {{4, 1, 1}, {0, 0, 0}};
    wmbt_shape s = {layer, 2, 8, 8, 4, 8};
    T_CALL(t, check_refused(t, &s.layers, 0, &s));
    T_CALL(t, check_refused(t, &s.layers, 257, &s));
    T_CALL(t, check_refused(t, &s.layers, UINT32_MAX, &s));
    T_CALL(t, check_refused(t, &s.head_dim, 0, &s));
    T_CALL(t, check_refused(t, &s.head_dim, 8193, &s));
    T_CALL(t, check_refused(t, &s.index_dim, 0, &s)); /* layer 0 has an index */
    T_CALL(t, check_refused(t, &s.index_dim, 8193, &s));
    T_CALL(t, check_refused(t, &s.element_bytes, 0, &s));
    T_CALL(t, check_refused(t, &s.element_bytes, 9, &s));
    T_CALL(t, check_refused(t, &s.window, 0, &s));
    T_CALL(t, check_refused(t, &s.window, 8193, &s));
    static const wmbt_shape_layer bad[] = {
        {8193, 0, 0}, {4, 2, 0}, {4, 0, 2}, {0, 1, 0}, {0, 0, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        layer[1] = bad[i];
        T_EQ(t, wmbt_shape_check(&s), WMBT_UNSUPPORTED_SHAPE);
    }
    s.layer = NULL;
    T_EQ(t, wmbt_shape_check(&s), WMBT_BAD_ARGUMENT);
    for (size_t i = 0; i < 256; i++) {
        most[i].ratio = 8192;
        most[i].has_index = 1;
        most[i].overlaps = 1;
    }
    wmbt_shape largest = {most, 256, 8192, 8192, 8, 8192};
    T_EQ(t, wmbt_shape_check(&largest), WMBT_OK);
    /* the largest extent: 2 x 8192 rows of 2 x 8192 elements of 8 bytes fits 32 bits */
    uint64_t bytes = (uint64_t)wmbt_shape_state_rows(&largest, 0) *
                     wmbt_shape_row_bytes(&largest, 0, WMBT_EXTENT_STATE_KV);
    T_EQ(t, bytes, UINT64_C(1) << 31);
    wmbt_shape no_index = {layer, 1, 8, 0, 4, 8};
    layer[0].has_index = 0;
    T_EQ(t, wmbt_shape_check(&no_index), WMBT_OK);
}

static void test_names(wmbt_test *t)
{
    static const char *const names[] = {
        "field",    "comp",        "index",          "raw",
        "state-kv", "state-score", "index-state-kv", "index-state-score",
        "unknown"};
    for (uint32_t i = 0; i < 9; i++) {
        T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_extent_kind_name(i)), names[i]));
    }
    T_CHECK(t, wmbt_test_view_is(wmbt_test_text(wmbt_extent_kind_name(UINT32_MAX)), "unknown"));
    T_EQ(t, WMBT_EXTENT_KINDS, 8);
}

static const wmbt_case cases[] = {
    {"DeepSeek-V4-Flash", test_flash, 0, NULL},
    {"layers that compress, kinds of the indexer", test_compresses, 0, NULL},
    {"block tokens", test_block_tokens, 0, NULL},
    {"hostile shapes: every bound", test_bounds, 0, NULL},
    {"names of extent kinds", test_names, 0, NULL},
};
WMBT_SUITE(shape, cases);
