/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of every kind share, fuzz harnesses and programs as well as bodies: nothing to link,
 * no libc. */
#ifndef WMBT_TEST_COMMON_H
#define WMBT_TEST_COMMON_H

#include "wombatkv/base.h"

/* xorshift32, as golden/vectors/README.md defines it. State 0 stays 0: seed with anything else. */
static inline uint32_t wmbt_test_random(uint32_t *state)
{
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    *state = x;
    return x;
}

/* The next number below n. */
static inline uint32_t wmbt_test_below(uint32_t *state, uint32_t n)
{
    return wmbt_test_random(state) % n;
}

/* Whether n bytes are the same. */
static inline bool wmbt_test_same(const uint8_t *a, const uint8_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

static inline bool wmbt_test_same_view(wmbt_view a, wmbt_view b)
{
    return a.len == b.len && wmbt_test_same(a.data, b.data, a.len);
}

/* Sets n bytes to a value. */
static inline void wmbt_test_set(uint8_t *p, uint8_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = value;
    }
}

#endif
