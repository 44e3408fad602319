/* SPDX-License-Identifier: Apache-2.0 */
/* Products of 128 bits, rounded as doubles are: what doubles compute, without floating point. */
#ifndef WMBT_SRC_INDEX_WIDE_H
#define WMBT_SRC_INDEX_WIDE_H

#include "wombatkv/base.h"

/** Bits of a double's fraction, the leading one included. */
#define WMBT_WIDE_PRECISION 53u

/** A number of 128 bits. */
typedef struct wmbt_wide {
    uint64_t high;
    uint64_t low;
} wmbt_wide;

/** a x b. */
void wmbt_wide_multiply(uint64_t a, uint64_t b, wmbt_wide *product);

/** By how many bits v is longer than 53. */
uint32_t wmbt_wide_excess(const wmbt_wide *v);

/** v / 2^places, rounded to the nearest, ties to even. *v becomes that. */
void wmbt_wide_round(wmbt_wide *v, uint32_t places);

#endif
