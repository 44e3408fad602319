/* SPDX-License-Identifier: Apache-2.0 */
/* XXH3: published values at every split, and pieces of any size. */
#include "../support/test.h"

#include "wombatkv/xxh3.h"

/* The input is the generator of xxHash's own sanity check: byte i is the top byte of a state that
 * is multiplied after each byte. */
enum { MOST = 2400 };

static void fill(uint8_t *p)
{
    uint64_t byte = 2654435761u; /* its PRIME32 */
    for (size_t i = 0; i < MOST; i++) {
        p[i] = (uint8_t)(byte >> 56);
        byte *= UINT64_C(11400714785074694797); /* its PRIME64 */
    }
}

static void test_published(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, "vectors/xxh3.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        uint8_t *p = wmbt_test_alloc(t, MOST);
        T_CHECK(t, p != NULL);
        fill(p);
        size_t n = (size_t)wmbt_cell_u64(t, cells[1]);
        uint64_t seed = wmbt_cell_u64(t, cells[2]);
        wmbt_view want = wmbt_cell_bytes(t, cells[4]);
        T_CHECK(t, n <= MOST && want.len == 16);
        for (size_t split = 0; split <= n; split += n < 300 ? 1 : 61) {
            wmbt_xxh3 x;
            uint8_t got[16];
            wmbt_xxh3_init(&x, seed);
            wmbt_xxh3_update(&x, wmbt_view_of(p, split));
            (void)wmbt_xxh3_final64(&x); /* looking changes nothing */
            wmbt_xxh3_update(&x, wmbt_view_of(p + split, n - split));
            T_EQ(t, wmbt_xxh3_final64(&x), wmbt_cell_u64(t, cells[3]));
            wmbt_xxh3_final128(&x, got);
            T_BYTES(t, got, want.data, 16);
        }
    }
    T_CHECK(t, table.row >= 40);
}

static void test_pieces(wmbt_test *t)
{
    uint8_t *p = wmbt_test_alloc(t, MOST);
    uint8_t got[16], want[16];
    uint32_t random = 77;
    T_CHECK(t, p != NULL);
    fill(p);
    for (int round = 0; round < T_MANY(2000, 60); round++) {
        wmbt_xxh3 x;
        const size_t n = wmbt_test_random(&random) % (MOST + 1u);
        const size_t most = 1u + wmbt_test_random(&random) % 700u;
        wmbt_xxh3_init(&x, random);
        for (size_t at = 0; at < n;) {
            size_t piece = wmbt_test_random(&random) % (most + 1u);
            piece = piece < n - at ? piece : n - at;
            wmbt_xxh3_update(&x, wmbt_view_of(p + at, piece));
            at += piece;
        }
        T_EQ(t, wmbt_xxh3_final64(&x), wmbt_xxh3_once64(wmbt_view_of(p, n), x.seed));
        wmbt_xxh3_final128(&x, got);
        wmbt_xxh3_once128(wmbt_view_of(p, n), x.seed, want);
        T_BYTES(t, got, want, 16);
    }
}

static void test_nothing(wmbt_test *t)
{
    wmbt_xxh3 x;
    wmbt_xxh3_init(&x, 5);
    uint64_t before = wmbt_xxh3_final64(&x);
    wmbt_xxh3_update(&x, wmbt_view_of(NULL, 0));
    wmbt_xxh3_update(&x, wmbt_view_of(NULL, 7));
    T_EQ(t, wmbt_xxh3_final64(&x), before);
}

static const wmbt_case cases[] = {
    {"published values, at every split", test_published, 8192, "vectors/xxh3.tsv"},
    {"pieces of any size", test_pieces, 4096, NULL},
    {"an empty view changes nothing", test_nothing, 0, NULL},
};
WMBT_SUITE(xxh3, cases);
