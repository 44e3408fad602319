/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C kernel, eight bytes a step (slicing by 8). */
#include "base/bytes.h"
#include "base/le.h"
#include "hash/kernel.h"
#include "hash/portable/crc32c_tables.h"

#if WMBT_CFG_CRC32C

/* Row k: effect of a byte that k further bytes follow. */
static const uint32_t wmbt_crc32c_effect[8][256] = {
    WMBT_CRC32C_TABLE0,
    WMBT_CRC32C_256(0x13A29877u, 0x274530EEu, 0x4E8A61DCu, 0x9D14C3B8u, 0x3FC5F181u, 0x7F8BE302u,
                    0xFF17C604u, 0xFBC3FAF9u),
    WMBT_CRC32C_256(0xA541927Eu, 0x4F6F520Du, 0x9EDEA41Au, 0x38513EC5u, 0x70A27D8Au, 0xE144FB14u,
                    0xC76580D9u, 0x8B277743u),
    WMBT_CRC32C_256(0xDD45AAB8u, 0xBF672381u, 0x7B2231F3u, 0xF64463E6u, 0xE964B13Du, 0xD725148Bu,
                    0xABA65FE7u, 0x52A0C93Fu),
    WMBT_CRC32C_256(0x38116FACu, 0x7022DF58u, 0xE045BEB0u, 0xC5670B91u, 0x8F2261D3u, 0x1BA8B557u,
                    0x37516AAEu, 0x6EA2D55Cu),
    WMBT_CRC32C_256(0xEF306B19u, 0xDB8CA0C3u, 0xB2F53777u, 0x6006181Fu, 0xC00C303Eu, 0x85F4168Du,
                    0x0E045BEBu, 0x1C08B7D6u),
    WMBT_CRC32C_256(0x68032CC8u, 0xD0065990u, 0xA5E0C5D1u, 0x4E2DFD53u, 0x9C5BFAA6u, 0x3D5B83BDu,
                    0x7AB7077Au, 0xF56E0EF4u),
    WMBT_CRC32C_256(0x493C7D27u, 0x9278FA4Eu, 0x211D826Du, 0x423B04DAu, 0x847609B4u, 0x0D006599u,
                    0x1A00CB32u, 0x34019664u),
};

static inline uint32_t wmbt_crc32c_step(uint32_t state, uint8_t byte)
{
    return state >> 8 ^ wmbt_crc32c_effect[0][(state ^ byte) & 255u];
}

/* The register after eight bytes, given as two numbers. The sums are hidden, or compilers collect
 * their eight terms in vectors. */
static inline uint32_t wmbt_crc32c_step8(uint32_t state, uint32_t low, uint32_t high)
{
    uint32_t b = wmbt_crc32c_effect[3][high & 255u] ^ wmbt_crc32c_effect[2][high >> 8 & 255u];
    WMBT_HIDE_NUMBER(b);
    b ^= wmbt_crc32c_effect[1][high >> 16 & 255u] ^ wmbt_crc32c_effect[0][high >> 24];
    low ^= state;
    uint32_t a = wmbt_crc32c_effect[7][low & 255u] ^ wmbt_crc32c_effect[6][low >> 8 & 255u];
    WMBT_HIDE_NUMBER(a);
    return a ^ wmbt_crc32c_effect[5][low >> 16 & 255u] ^ wmbt_crc32c_effect[4][low >> 24] ^ b;
}

uint32_t wmbt_crc32c_slice8(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    for (; n >= 8u; n -= 8u, src += 8) {
        uint32_t low = wmbt_load_le32(src);
        uint32_t high = wmbt_load_le32(src + 4);
        if (dst != NULL) {
            wmbt_store_le32(dst, low);
            dst += 4;
            WMBT_HIDE_POINTER(dst); /* or the eight bytes are stored by way of a vector */
            wmbt_store_le32(dst, high);
            dst += 4;
        }
        state = wmbt_crc32c_step8(state, low, high);
    }
    for (; n != 0u; n--) {
        uint8_t byte = *src++;
        if (dst != NULL) {
            *dst++ = byte;
        }
        state = wmbt_crc32c_step(state, byte);
    }
    return state;
}

#endif
