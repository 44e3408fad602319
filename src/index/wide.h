/* SPDX-License-Identifier: Apache-2.0 */
/* Products of 128 bits, rounded as doubles are: what doubles compute, without floating point. */
#ifndef WMBT_SRC_INDEX_WIDE_H
#define WMBT_SRC_INDEX_WIDE_H

#include "wombatkv/base.h"

/** A number of 128 bits. */
typedef struct wmbt_wide {
    uint64_t high;
    uint64_t low;
} wmbt_wide;

/** a x b. */
void wmbt_wide_multiply(uint64_t a, uint64_t b, wmbt_wide *product);

/**
 * Rounds v to a multiple of a power of 2, to the nearest, ties to even: so that it has 53 bits, as
 * a double has, and at least to a multiple of 2^places. v is less than 2^127.
 */
void wmbt_wide_round(wmbt_wide *v, uint32_t places);

#endif
