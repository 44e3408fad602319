/* SPDX-License-Identifier: Apache-2.0 */
/* Wide products and their rounding. Bits are shifted one by one: a shift of 64 bits by a variable
 * is a call on small targets. */
#include "index/wide.h"

#if WMBT_CFG_EVICT || WMBT_CFG_PREFETCH || WMBT_CFG_RESIDENCY

/* Bits of a double's fraction, the leading one included. */
#    define WMBT_WIDE_PRECISION 53u

void wmbt_wide_multiply(uint64_t a, uint64_t b, wmbt_wide *product)
{
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (uint32_t)middle;
    product->high = a_high * b_high + (middle >> 32) + (other >> 32);
    product->low = other << 32 | (uint32_t)low;
}

void wmbt_wide_round(wmbt_wide *v, uint32_t places)
{
    uint64_t high = v->high, low = v->low;
    uint32_t half = 0, more = 0, n = 0; /* what was lost: the last bit, and any before it */
    while (n < places || high != 0u || low >> WMBT_WIDE_PRECISION != 0u) {
        more |= half;
        half = (uint32_t)low & 1u;
        low = low >> 1 | high << 63;
        high >>= 1;
        n++;
    }
    low += half & (more | (uint32_t)low);
    for (; n != 0u; n--) {
        high = high << 1 | low >> 63;
        low <<= 1;
    }
    v->high = high;
    v->low = low;
}

#endif
