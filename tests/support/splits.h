/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of the pieces in which bytes are fed: all at once, one by one, or at random. */
#ifndef WMBT_TESTS_SPLITS_H
#define WMBT_TESTS_SPLITS_H

#include "test.h"

#define WMBT_SPLIT_WHOLE 0u
#define WMBT_SPLIT_BYTES 1u

/* `way` is one of the above or a seed; *state starts as `way`. Returns 1 to `left`. */
static inline size_t wmbt_split_next(uint32_t way, uint32_t *state, size_t left)
{
    if (way == WMBT_SPLIT_WHOLE) {
        return left;
    }
    if (way == WMBT_SPLIT_BYTES || left == 1u) {
        return 1;
    }
    uint32_t random = wmbt_test_random(state);
    size_t n = 1u + random % ((random >> 16 & 7u) == 0u ? 400u : 24u);
    return n < left ? n : left;
}

#endif
