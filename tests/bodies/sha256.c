/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256: NIST's messages, Monte Carlo, splits, limits. */
#include "../support/test.h"

#include "wombatkv/sha256.h"

WMBT_STATIC_ASSERT(sizeof(wmbt_sha256) == 104, "the size is part of the interface");

static void check_digest(wmbt_test *t, wmbt_view message, size_t split, wmbt_view want)
{
    wmbt_sha256 x;
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_view rest = message;
    if (split != 0u) {
        rest = wmbt_view_of(message.data + split, message.len - split);
    }
    wmbt_sha256_init(&x);
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(message.data, split)), WMBT_OK);
    wmbt_sha256_final(&x, digest); /* looking changes nothing */
    T_EQ(t, wmbt_sha256_update(&x, rest), WMBT_OK);
    wmbt_sha256_final(&x, digest);
    T_EQ(t, want.len, sizeof digest);
    T_BYTES(t, digest, want.data, sizeof digest);
}

static void test_published(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, "vectors/sha256.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_view message = wmbt_cell_bytes(t, cells[2]);
        wmbt_view want = wmbt_cell_bytes(t, cells[3]);
        uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
        T_EQ(t, message.len, wmbt_cell_u64(t, cells[1]));
        T_EQ(t, wmbt_sha256_once(message, digest), WMBT_OK);
        T_BYTES(t, digest, want.data, sizeof digest);
        for (size_t split = 0; split <= message.len && split <= 200u; split++) {
            T_CALL(t, check_digest(t, message, split, want));
        }
    }
    T_EQ(t, table.row, 71);
}

/* SHAVS 6.4. */
static void test_monte_carlo(wmbt_test *t)
{
    wmbt_view text;
    wmbt_table table;
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    uint8_t md[128]; /* MD[i-3], MD[i-2], MD[i-1], MD[i] */
    wmbt_view seed_text =
        WMBT_VIEW_LITERAL("6d1e72ad03ddeb5de891e572e2396f8da015d899ef0e79503152d6010a3fe691");
    wmbt_view seed = wmbt_cell_bytes(t, seed_text);
    T_CHECK(t, seed.len == 32u);
    for (size_t i = 0; i < 32u; i++) {
        md[96u + i] = seed.data[i];
    }
    uint64_t done = 0;
    T_CHECK(t, wmbt_test_data(t, "vectors/sha256_monte.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        for (uint64_t count = wmbt_cell_u64(t, cells[1]); done <= count; done++) {
            for (size_t i = 0; i < 96u; i++) {
                md[i] = md[96u + i % 32u];
            }
            for (int i = 0; i < 1000; i++) {
                T_EQ(t, wmbt_sha256_once(wmbt_view_of(md, 96), md + 96), WMBT_OK);
                for (size_t k = 0; k < 96u && i != 999; k++) {
                    md[k] = md[k + 32u];
                }
            }
        }
        T_BYTES(t, md + 96, wmbt_cell_bytes(t, cells[2]).data, 32);
    }
    T_EQ(t, table.row, 9);
}

static void test_splits(wmbt_test *t)
{
    enum { SIZE = 1000 };
    uint8_t *p = wmbt_test_alloc(t, SIZE);
    uint8_t want[WMBT_SHA256_DIGEST_BYTES], digest[WMBT_SHA256_DIGEST_BYTES];
    T_CHECK(t, p != NULL);
    uint32_t seed = 5;
    for (size_t i = 0; i < SIZE; i++) {
        p[i] = (uint8_t)(wmbt_test_random(&seed) >> 9);
    }
    T_EQ(t, wmbt_sha256_once(wmbt_view_of(p, SIZE), want), WMBT_OK);
    for (int round = 0; round < 200; round++) {
        wmbt_sha256 x;
        wmbt_sha256_init(&x);
        for (size_t at = 0; at < SIZE;) {
            size_t n = wmbt_test_random(&seed) % 150u;
            n = n < SIZE - at ? n : SIZE - at;
            T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(p + at, n)), WMBT_OK);
            at += n;
        }
        wmbt_sha256_final(&x, digest);
        T_BYTES(t, digest, want, sizeof want);
    }
}

static void test_errors(wmbt_test *t)
{
    wmbt_sha256 x, before;
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    for (size_t i = 0; i < sizeof digest; i++) {
        digest[i] = 0xA5;
    }
    T_EQ(t, wmbt_sha256_once(wmbt_view_of(NULL, 1), digest), WMBT_BAD_ARGUMENT);
    for (size_t i = 0; i < sizeof digest; i++) {
        T_EQ(t, digest[i], 0xA5);
    }
    for (size_t i = 0; i < sizeof x; i++) {
        ((uint8_t *)&x)[i] = 0; /* the part of the block that is not in use is compared too */
    }
    wmbt_sha256_init(&x);
    T_EQ(t, wmbt_sha256_update(&x, WMBT_VIEW_LITERAL("abc")), WMBT_OK);
    x.total = (UINT64_C(1) << 61) - 64u + 3u; /* as if that many had come */
    for (size_t i = 0; i < sizeof x; i++) {
        ((uint8_t *)&before)[i] = ((uint8_t *)&x)[i];
    }
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(digest, 0)), WMBT_OK);
    uint8_t *many = wmbt_test_alloc(t, 61);
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(many, 61)), WMBT_TOO_LARGE);
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    T_BYTES(t, (uint8_t *)&x, (uint8_t *)&before, sizeof x);
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(many, 60)), WMBT_OK);
    T_EQ(t, wmbt_sha256_update(&x, wmbt_view_of(many, 1)), WMBT_TOO_LARGE);
}

/* Lengths above 2^32 bits: the last block, written by hand and hashed as a message, leaves the same
 * words as the padding does. */
static void test_long_lengths(wmbt_test *t)
{
    static const uint64_t totals[] = {UINT64_C(1) << 29, UINT64_C(0x0123456789ABCDC0),
                                      (UINT64_C(1) << 61) - 64u};
    for (size_t i = 0; i < sizeof totals / sizeof totals[0]; i++) {
        wmbt_sha256 padded, written;
        uint8_t block[64] = {0x80};
        uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
        for (unsigned k = 0; k < 8u; k++) {
            block[56u + k] = (uint8_t)(totals[i] * 8u >> (56u - 8u * k));
        }
        wmbt_sha256_init(&padded);
        padded.total = totals[i]; /* whole blocks, as if they had left the words as they are */
        wmbt_sha256_final(&padded, digest);
        wmbt_sha256_init(&written);
        T_EQ(t, wmbt_sha256_update(&written, wmbt_view_of(block, sizeof block)), WMBT_OK);
        for (size_t k = 0; k < sizeof digest; k++) {
            T_EQ(t, digest[k], written.h[k / 4u] >> (24u - k % 4u * 8u) & 255u);
        }
    }
}

static const wmbt_case cases[] = {
    {"published digests, splits", test_published, 8192, "vectors/sha256.tsv"},
    {"Monte Carlo", test_monte_carlo, 256, "vectors/sha256_monte.tsv"},
    {"random splits", test_splits, 1024, NULL},
    {"lengths above 2^32 bits", test_long_lengths, 0, NULL},
    {"NULL, and 2^61 bytes", test_errors, 128, NULL},
};
WMBT_SUITE(sha256, cases);
