/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA256: the vectors of RFC 4231, every split, keys in two parts, what stays behind. */
#include "../support/below.h"
#include "../support/test.h"

#include "base/bytes.h"
#include "hash/hmac.h"
#include "wombatkv/hmac.h"

static void check_code(wmbt_test *t, wmbt_view key, wmbt_view data, size_t split, wmbt_view want)
{
    wmbt_hmac x, clone;
    uint8_t code[WMBT_HMAC_BYTES];
    wmbt_view first = wmbt_view_of(key.data, split < key.len ? split : key.len);
    wmbt_view second = wmbt_view_of(key.data + first.len, key.len - first.len);
    T_EQ(t, wmbt_hmac_init_joined(&x, first, second), WMBT_OK);
    wmbt_test_copy((uint8_t *)&clone, (const uint8_t *)&x, sizeof x);
    first = wmbt_view_of(data.data, split < data.len ? split : data.len);
    second = wmbt_view_of(data.data + first.len, data.len - first.len);
    T_EQ(t, wmbt_hmac_update(&x, first), WMBT_OK);
    wmbt_hmac_final(&x, code); /* looking changes nothing */
    T_EQ(t, wmbt_hmac_update(&x, second), WMBT_OK);
    wmbt_hmac_final(&x, code);
    T_BYTES(t, code, want.data, sizeof code);
    T_EQ(t, wmbt_hmac_update(&clone, data), WMBT_OK);
    wmbt_test_fill(code, sizeof code);
    wmbt_hmac_final(&clone, code);
    T_BYTES(t, code, want.data, sizeof code);
}

static void test_published(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_table table;
    T_CHECK(t, wmbt_test_data(t, "vectors/hmac_sha256.tsv", &text));
    wmbt_table_open(&table, text, false);
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_reset(t);
        wmbt_test_where(t, cells[0]);
        wmbt_view key = wmbt_cell_bytes(t, cells[1]), data = wmbt_cell_bytes(t, cells[2]);
        wmbt_view want = wmbt_cell_bytes(t, cells[3]);
        uint8_t code[WMBT_HMAC_BYTES];
        T_EQ(t, want.len, sizeof code);
        T_EQ(t, wmbt_hmac_once(key, data, code), WMBT_OK);
        T_BYTES(t, code, want.data, sizeof code);
        for (size_t split = 0; split <= key.len || split <= data.len; split++) {
            T_CALL(t, check_code(t, key, data, split, want));
        }
    }
    T_EQ(t, table.row, 6);
}

/* By the definition, from two hashes: keys around the block's length. */
static void test_key_lengths(wmbt_test *t)
{
    uint8_t bytes[64 + 130 + 32], block[64], want[32], code[32];
    uint32_t seed = 20260404u;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)wmbt_test_random(&seed);
    }
    for (size_t n = 0; n <= 130u; n++) {
        uint8_t joined[64 + 32];
        for (size_t i = 0; i < 64u; i++) {
            block[i] = i < n ? bytes[i] : 0u;
        }
        if (n > 64u) {
            T_EQ(t, wmbt_sha256_once(wmbt_view_of(bytes, n), block), WMBT_OK);
            for (size_t i = 32; i < 64u; i++) {
                block[i] = 0;
            }
        }
        for (size_t i = 0; i < 64u; i++) {
            joined[i] = block[i] ^ 0x36u;
        }
        wmbt_test_copy(joined + 64, bytes + 140, 32);
        T_EQ(t, wmbt_sha256_once(wmbt_view_of(joined, 96), want), WMBT_OK);
        for (size_t i = 0; i < 64u; i++) {
            joined[i] = block[i] ^ 0x5Cu;
        }
        wmbt_test_copy(joined + 64, want, 32);
        T_EQ(t, wmbt_sha256_once(wmbt_view_of(joined, 96), want), WMBT_OK);
        T_EQ(t, wmbt_hmac_once(wmbt_view_of(bytes, n), wmbt_view_of(bytes + 140, 32), code),
             WMBT_OK);
        T_BYTES(t, code, want, 32);
        for (size_t split = 0; split <= n; split += n / 7u + 1u) { /* the key in two parts */
            wmbt_hmac x;
            T_EQ(t,
                 wmbt_hmac_init_joined(&x, wmbt_view_of(bytes, split),
                                       wmbt_view_of(bytes + split, n - split)),
                 WMBT_OK);
            T_EQ(t, wmbt_hmac_update(&x, wmbt_view_of(bytes + 140, 32)), WMBT_OK);
            wmbt_hmac_final(&x, code);
            T_BYTES(t, code, want, 32);
        }
    }
}

static void test_arguments(wmbt_test *t)
{
    wmbt_hmac x;
    uint8_t code[WMBT_HMAC_BYTES], key[32];
    wmbt_test_fill(&x, sizeof x);
    wmbt_test_fill(code, sizeof code);
    T_EQ(t, wmbt_hmac_init(&x, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_hmac_init_joined(&x, wmbt_view_of(NULL, 0), wmbt_view_of(NULL, 1)),
         WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(&x, sizeof x));
    T_EQ(t, wmbt_hmac_once(wmbt_view_of(NULL, 1), wmbt_view_of(NULL, 0), code), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_hmac_once(wmbt_view_of("k", 1), wmbt_view_of(NULL, 1), code), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_test_is_filled(code, sizeof code));
#if SIZE_MAX > UINT32_MAX
    /* keys of 2^61 bytes, in one part and in two: not a byte of the long one is read */
    const size_t limit = (size_t)1 << 61;
    T_EQ(t, wmbt_hmac_init(&x, wmbt_view_of("k", limit)), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_bytes_all_zero((const uint8_t *)&x, sizeof x));
    wmbt_test_fill(&x, sizeof x);
    T_EQ(t, wmbt_hmac_init_joined(&x, wmbt_view_of("k", 1), wmbt_view_of("k", limit - 1u)),
         WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_bytes_all_zero((const uint8_t *)&x, sizeof x));
#endif
    T_EQ(t, wmbt_hmac_init(&x, wmbt_view_of(NULL, 0)), WMBT_OK);
    T_EQ(t, wmbt_hmac_update(&x, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    /* a chain of keys in one place: `out` lies in the key */
    wmbt_test_fill(key, sizeof key);
    T_EQ(t, wmbt_hmac_once(wmbt_view_of(key, 32), wmbt_view_of("a", 1), code), WMBT_OK);
    T_EQ(t, wmbt_hmac_once(wmbt_view_of(key, 32), wmbt_view_of("a", 1), key), WMBT_OK);
    T_BYTES(t, key, code, sizeof key);
    T_CHECK(t, wmbt_bytes_all_zero(x.inner.block, sizeof x.inner.block)); /* not the masked key */
    wmbt_hmac_wipe(&x);
    for (size_t i = 0; i < sizeof x; i++) {
        T_EQ(t, ((const uint8_t *)&x)[i], 0);
    }
}

/* Neither the key under a mask, nor the state behind it, nor the code, nor the schedule of a block
 * stays on the stack, whichever function it was. */
static void test_nothing_stays(wmbt_test *t)
{
#ifdef LOOK_BELOW
    const wmbt_view text = wmbt_view_of("0123456789abcdef0123456789abcdef", 32);
    wmbt_hmac_key key;
    wmbt_hmac x;
    wmbt_sha256 hash, inside;
    wmbt_status status;
    uint8_t code[WMBT_HMAC_BYTES], digest[WMBT_SHA256_DIGEST_BYTES];
    wmbt_view_set(&key.first, text);
    wmbt_view_set(&key.second, wmbt_view_of(NULL, 0));
    paint_below();
    status = wmbt_hmac_begin(&inside, &key);
    T_CHECK(t, below_is_wiped(192));
    T_EQ(t, status, WMBT_OK);
    wmbt_bytes_copy((uint8_t *)&hash, (const uint8_t *)&inside, sizeof hash);
    T_EQ(t, wmbt_sha256_update(&hash, text), WMBT_OK);
    wmbt_sha256_finish(&hash, digest);
    for (uint32_t which = 0; which < 4u; which++) {
        T_EQ(t, wmbt_hmac_init(&x, text), WMBT_OK);
        T_EQ(t, wmbt_hmac_update(&x, text), WMBT_OK);
        T_EQ(t, wmbt_hmac_begin(&hash, &key), WMBT_OK);
        T_EQ(t, wmbt_sha256_update(&hash, text), WMBT_OK);
        for (uint32_t look = 0; look < 4u; look++) {
            paint_below();
            if (which == 0u) {
                wmbt_hmac_final(&x, code);
            } else if (which == 1u) {
                status = wmbt_hmac_of(&key, text, code);
            } else if (which == 2u) { /* it ends in the middle */
                status = wmbt_hmac_of(&key, wmbt_view_of(NULL, 1), code);
            } else {
                wmbt_hmac_end(&hash, &key, code);
            }
            bool good = look == 0u   ? below_is_wiped(192)
                        : look == 1u ? !below_holds((const uint8_t *)inside.h)
                        : look == 2u ? !below_holds(digest)
                                     : !below_holds(code);
            T_CHECK(t, good);
            if (which == 3u) {
                T_CHECK(t, wmbt_bytes_all_zero((const uint8_t *)&hash, sizeof hash));
                T_EQ(t, wmbt_hmac_begin(&hash, &key), WMBT_OK);
                T_EQ(t, wmbt_sha256_update(&hash, text), WMBT_OK);
            }
            T_EQ(t, status, which == 2u ? WMBT_BAD_ARGUMENT : WMBT_OK);
            status = WMBT_OK;
        }
    }
    leave_behind(code); /* the look sees what is there */
    T_CHECK(t, below_holds(code));
#else
    (void)t;
#endif
}

static const wmbt_case cases[] = {
    {"vectors of RFC 4231", test_published, 4096, "vectors/hmac_sha256.tsv"},
    {"keys of every length around a block", test_key_lengths, 0, NULL},
    {"arguments, one place for key and code, wiping", test_arguments, 0, NULL},
    {"no key stays on the stack", test_nothing_stays, 0, NULL},
};
WMBT_SUITE(hmac, cases);
