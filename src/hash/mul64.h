/* SPDX-License-Identifier: Apache-2.0 */
/* Products of 64 bits that need no helper of the compiler's, on any machine. */
#ifndef WMBT_SRC_HASH_MUL64_H
#define WMBT_SRC_HASH_MUL64_H

#include "wombatkv/config.h"

/* 32 x 32 bits. */
static inline uint64_t wmbt_mul32_wide(uint32_t a, uint32_t b)
{
#if WMBT_WIDE_MULTIPLY
    return (uint64_t)a * b;
#else
    /* By products of 16 bits, which every machine has. */
    uint32_t a0 = a & 0xFFFFu, a1 = a >> 16, b0 = b & 0xFFFFu, b1 = b >> 16;
    uint32_t low = a0 * b0;
    uint32_t middle = a1 * b0 + (low >> 16); /* at most FFFF x FFFF + FFFF: no overflow */
    uint32_t middle2 = a0 * b1 + (middle & 0xFFFFu);
    uint32_t high = a1 * b1 + (middle >> 16) + (middle2 >> 16);
    return (uint64_t)high << 32 | (middle2 << 16 | (low & 0xFFFFu));
#endif
}

/* The low 64 bits of a product. */
static inline uint64_t wmbt_mul64(uint64_t a, uint64_t b)
{
#if WMBT_WIDE_MULTIPLY
    return a * b;
#else
    uint64_t low = wmbt_mul32_wide((uint32_t)a, (uint32_t)b);
    uint32_t high = (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return low + ((uint64_t)high << 32);
#endif
}

/* All 128 bits of a product: *high, and the low ones as the result. */
static inline uint64_t wmbt_mul64_wide(uint64_t a, uint64_t b, uint64_t *high)
{
    uint64_t low = wmbt_mul32_wide((uint32_t)a, (uint32_t)b);
    uint64_t cross = wmbt_mul32_wide((uint32_t)(a >> 32), (uint32_t)b) + (low >> 32);
    uint64_t cross2 = wmbt_mul32_wide((uint32_t)a, (uint32_t)(b >> 32)) + (uint32_t)cross;
    *high =
        wmbt_mul32_wide((uint32_t)(a >> 32), (uint32_t)(b >> 32)) + (cross >> 32) + (cross2 >> 32);
    return cross2 << 32 | (uint32_t)low;
}

#endif
