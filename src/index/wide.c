/* SPDX-License-Identifier: Apache-2.0 */
/* Wide products and their rounding. Bits are shifted one by one: a shift of 64 bits by a variable
 * is a call on small targets. */
#include "index/wide.h"

#if WMBT_CFG_EVICT || WMBT_CFG_PREFETCH || WMBT_CFG_RESIDENCY

void wmbt_wide_multiply(uint64_t a, uint64_t b, wmbt_wide *product)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (uint32_t)middle;
    product->high = a_high * b_high + (middle >> 32) + (other >> 32);
    product->low = other << 32 | (uint32_t)low;
}

uint32_t wmbt_wide_excess(const wmbt_wide *v)
{
    uint64_t top = v->high != 0u ? v->high : v->low >> WMBT_WIDE_PRECISION;
    uint32_t places = v->high != 0u ? 64u - WMBT_WIDE_PRECISION : 0u;
    uint32_t word = (uint32_t)(top >> 32);
    if (word == 0u) {
        word = (uint32_t)top;
    } else {
        places += 32u;
    }
    for (uint32_t step = 16; step != 0u; step >>= 1) { /* bits of the word but the lowest */
        if (word >> step != 0u) {
            word >>= step;
            places += step;
        }
    }
    return places + word;
}

void wmbt_wide_round(wmbt_wide *v, uint32_t places)
{
    bool half = false, more = false;
    for (; places != 0u; places--) {
        more = more || half;
        half = (v->low & 1u) != 0u;
        v->low = v->low >> 1 | v->high << 63;
        v->high >>= 1;
    }
    if (half && (more || (v->low & 1u) != 0u)) {
        v->low++;
        v->high += v->low == 0u ? 1u : 0u;
    }
}

#endif
