/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64, the checksum of zstd frames. */
#include "../support/test.h"

#include "wombatkv/xxh64.h"

static uint64_t hash_in_two(wmbt_view message, size_t split)
{
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, 0);
    wmbt_xxh64_update(&x, wmbt_view_of(message.data, split));
    (void)wmbt_xxh64_final(&x); /* looking changes nothing */
    wmbt_xxh64_update(
        &x, wmbt_view_of(split == 0u ? message.data : message.data + split, message.len - split));
    return wmbt_xxh64_final(&x);
}

static void test_published(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, "vectors/xxh64.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view message = wmbt_cell_bytes(t, cells[1]);
        for (size_t split = 0; split <= message.len; split++) {
            T_EQ(t, hash_in_two(message, split), wmbt_cell_u64(t, cells[2]));
        }
    }
    T_EQ(t, table.row, 11);
}

static void test_splits(wmbt_test *t)
{
    enum { SIZE = 1000 };
    uint8_t *p = wmbt_test_alloc(t, SIZE);
    T_CHECK(t, p != NULL);
    uint32_t seed = 5;
    for (size_t i = 0; i < SIZE; i++) {
        p[i] = (uint8_t)(wmbt_test_random(&seed) >> 9);
    }
    uint64_t want = hash_in_two(wmbt_view_of(p, SIZE), 0);
    for (int round = 0; round < 300; round++) {
        wmbt_xxh64 x;
        wmbt_xxh64_init(&x, 0);
        for (size_t at = 0; at < SIZE;) {
            size_t n = wmbt_test_random(&seed) % 80u;
            n = n < SIZE - at ? n : SIZE - at;
            wmbt_xxh64_update(&x, wmbt_view_of(p + at, n));
            at += n;
        }
        T_EQ(t, wmbt_xxh64_final(&x), want);
    }
}

static const wmbt_case cases[] = {
    {"published values, every split", test_published, 256, "vectors/xxh64.tsv"},
    {"random splits", test_splits, 1024, NULL},
};
WMBT_SUITE(xxh64, cases);
