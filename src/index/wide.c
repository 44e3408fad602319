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
    uint64_t high = v->high, low = v->low >> WMBT_WIDE_PRECISION;
    uint32_t places = 0;
    if (high != 0u) {
        places = 64u - WMBT_WIDE_PRECISION;
        low = high;
    }
    for (; low != 0u; low >>= 1) {
        places++;
    }
    return places;
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
