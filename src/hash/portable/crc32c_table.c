/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C kernel, a byte a step. */
#include "hash/kernel.h"
#include "hash/portable/crc32c_tables.h"

#if WMBT_CFG_CRC32C

static const uint32_t wmbt_crc32c_byte_effect[256] = WMBT_CRC32C_TABLE0;

uint32_t wmbt_crc32c_table(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = src[i];
        if (dst != NULL) {
            dst[i] = byte;
        }
        state = state >> 8 ^ wmbt_crc32c_byte_effect[(state ^ byte) & 255u];
    }
    return state;
}

#endif
