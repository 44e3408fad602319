/* SPDX-License-Identifier: Apache-2.0 */
/* The smaller of two numbers. */
#ifndef WMBT_SRC_BASE_MIN_H
#define WMBT_SRC_BASE_MIN_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t wmbt_min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline size_t wmbt_min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
