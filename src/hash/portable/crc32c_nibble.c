/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C kernel, four bits a step: the smallest. */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C

/* Effect of four bits on the register. */
static const uint32_t wmbt_crc32c_nibble_effect[16] = {
    0x00000000u, 0x105EC76Fu, 0x20BD8EDEu, 0x30E349B1u, 0x417B1DBCu, 0x5125DAD3u,
    0x61C69362u, 0x7198540Du, 0x82F63B78u, 0x92A8FC17u, 0xA24BB5A6u, 0xB21572C9u,
    0xC38D26C4u, 0xD3D3E1ABu, 0xE330A81Au, 0xF36E6F75u};

uint32_t wmbt_crc32c_nibble(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = src[i];
        if (dst != NULL) {
            dst[i] = byte;
        }
        state ^= byte;
        state = state >> 4 ^ wmbt_crc32c_nibble_effect[state & 15u];
        state = state >> 4 ^ wmbt_crc32c_nibble_effect[state & 15u];
    }
    return state;
}

#endif
