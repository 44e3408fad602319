/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel, one step of a round at a time: the smallest. */
#include "base/le.h"
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3

/* Which two words of the block each step mixes in: the first is the low half of the byte. */
static const uint8_t wmbt_blake3_small_words[7 * 8] = {
    /* clang-format off */
    0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE, /* round 1 */
    0x62, 0xA3, 0x07, 0xD4, 0xB1, 0x5C, 0xE9, 0x8F, /* round 2 */
    0x43, 0xCA, 0x2D, 0xE7, 0x56, 0x09, 0xFB, 0x18, /* round 3 */
    0x7A, 0x9C, 0x3E, 0xFD, 0x04, 0x2B, 0x85, 0x61, /* round 4 */
    0xDC, 0xB9, 0xAF, 0x8E, 0x27, 0x35, 0x10, 0x46, /* round 5 */
    0xE9, 0x5B, 0xC8, 0x1F, 0x3D, 0xA0, 0x62, 0x74, /* round 6 */
    0xFB, 0x05, 0x91, 0x68, 0xAE, 0xC2, 0x43, 0xD7, /* round 7 */
    /* clang-format on */
};

static inline uint32_t wmbt_blake3_small_rotate(uint32_t v, unsigned right)
{
    return v >> right | v << (32u - right);
}

static void wmbt_blake3_small_rounds(uint32_t v[16], const uint32_t m[16])
{
    for (unsigned step = 0; step < sizeof wmbt_blake3_small_words; step++) {
        /* steps 0 to 3 of a round mix the columns, 4 to 7 the diagonals */
        unsigned i = step & 3u;
        unsigned diagonal = step >> 2 & 1u;
        uint32_t *a = &v[i];
        uint32_t *b = &v[4u + ((i + diagonal) & 3u)];
        uint32_t *c = &v[8u + ((i + 2u * diagonal) & 3u)];
        uint32_t *d = &v[12u + ((i + 3u * diagonal) & 3u)];
        unsigned words = wmbt_blake3_small_words[step];
        *a += *b + m[words & 15u];
        *d = wmbt_blake3_small_rotate(*d ^ *a, 16);
        *c += *d;
        *b = wmbt_blake3_small_rotate(*b ^ *c, 12);
        *a += *b + m[words >> 4];
        *d = wmbt_blake3_small_rotate(*d ^ *a, 8);
        *c += *d;
        *b = wmbt_blake3_small_rotate(*b ^ *c, 7);
    }
}

void wmbt_blake3_compress_small(uint32_t cv[8], const uint8_t *block, uint32_t block_bytes,
                                uint64_t counter, uint32_t flags)
{
    uint32_t v[16];
    uint32_t m[16];
    for (unsigned i = 0; i < 16u; i++) {
        m[i] = wmbt_load_le32(block + 4u * i);
        v[i] = cv[i & 7u];
    }
    v[8] = WMBT_BLAKE3_IV0;
    v[9] = WMBT_BLAKE3_IV1;
    v[10] = WMBT_BLAKE3_IV2;
    v[11] = WMBT_BLAKE3_IV3;
    v[12] = (uint32_t)counter;
    v[13] = (uint32_t)(counter >> 32);
    v[14] = block_bytes;
    v[15] = flags;
    wmbt_blake3_small_rounds(v, m);
    for (unsigned i = 0; i < 8u; i++) {
        cv[i] = v[i] ^ v[i + 8u];
    }
}

#endif
