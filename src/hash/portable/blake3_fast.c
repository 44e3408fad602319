/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel with all rounds spelled out. */
#include "base/le.h"
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3

static inline uint32_t wmbt_blake3_fast_rotate(uint32_t v, unsigned right)
{
    return v >> right | v << (32u - right);
}

#    define WMBT_BLAKE3_STEP(a, b, c, d, x, y)  \
        a += b + (x);                           \
        d = wmbt_blake3_fast_rotate(d ^ a, 16); \
        c += d;                                 \
        b = wmbt_blake3_fast_rotate(b ^ c, 12); \
        a += b + (y);                           \
        d = wmbt_blake3_fast_rotate(d ^ a, 8);  \
        c += d;                                 \
        b = wmbt_blake3_fast_rotate(b ^ c, 7)

/* Columns, then diagonals; the arguments are the words of the block in the round's order. */
#    define WMBT_BLAKE3_ROUND(x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, xa, xb, xc, xd, xe, xf) \
        WMBT_BLAKE3_STEP(v0, v4, v8, vc, x0, x1);                                             \
        WMBT_BLAKE3_STEP(v1, v5, v9, vd, x2, x3);                                             \
        WMBT_BLAKE3_STEP(v2, v6, va, ve, x4, x5);                                             \
        WMBT_BLAKE3_STEP(v3, v7, vb, vf, x6, x7);                                             \
        WMBT_BLAKE3_STEP(v0, v5, va, vf, x8, x9);                                             \
        WMBT_BLAKE3_STEP(v1, v6, vb, vc, xa, xb);                                             \
        WMBT_BLAKE3_STEP(v2, v7, v8, vd, xc, xd);                                             \
        WMBT_BLAKE3_STEP(v3, v4, v9, ve, xe, xf)

void wmbt_blake3_compress_fast(uint32_t cv[8], const uint8_t *block, uint32_t block_bytes,
                               uint64_t counter, uint32_t flags)
{
    uint32_t m0 = wmbt_load_le32(block + 0);
    uint32_t m1 = wmbt_load_le32(block + 4);
    uint32_t m2 = wmbt_load_le32(block + 8);
    uint32_t m3 = wmbt_load_le32(block + 12);
    uint32_t m4 = wmbt_load_le32(block + 16);
    uint32_t m5 = wmbt_load_le32(block + 20);
    uint32_t m6 = wmbt_load_le32(block + 24);
    uint32_t m7 = wmbt_load_le32(block + 28);
    uint32_t m8 = wmbt_load_le32(block + 32);
    uint32_t m9 = wmbt_load_le32(block + 36);
    uint32_t m10 = wmbt_load_le32(block + 40);
    uint32_t m11 = wmbt_load_le32(block + 44);
    uint32_t m12 = wmbt_load_le32(block + 48);
    uint32_t m13 = wmbt_load_le32(block + 52);
    uint32_t m14 = wmbt_load_le32(block + 56);
    uint32_t m15 = wmbt_load_le32(block + 60);
    uint32_t v0 = cv[0], v1 = cv[1], v2 = cv[2], v3 = cv[3];
    uint32_t v4 = cv[4], v5 = cv[5], v6 = cv[6], v7 = cv[7];
    uint32_t v8 = WMBT_BLAKE3_IV0, v9 = WMBT_BLAKE3_IV1;
    uint32_t va = WMBT_BLAKE3_IV2, vb = WMBT_BLAKE3_IV3;
    uint32_t vc = (uint32_t)counter, vd = (uint32_t)(counter >> 32);
    uint32_t ve = block_bytes, vf = flags;
    WMBT_BLAKE3_ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15);
    WMBT_BLAKE3_ROUND(m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8);
    WMBT_BLAKE3_ROUND(m3, m4, m10, m12, m13, m2, m7, m14, m6, m5, m9, m0, m11, m15, m8, m1);
    WMBT_BLAKE3_ROUND(m10, m7, m12, m9, m14, m3, m13, m15, m4, m0, m11, m2, m5, m8, m1, m6);
    WMBT_BLAKE3_ROUND(m12, m13, m9, m11, m15, m10, m14, m8, m7, m2, m5, m3, m0, m1, m6, m4);
    WMBT_BLAKE3_ROUND(m9, m14, m11, m5, m8, m12, m15, m1, m13, m3, m0, m10, m2, m6, m4, m7);
    WMBT_BLAKE3_ROUND(m11, m15, m5, m0, m1, m9, m8, m6, m14, m10, m2, m12, m3, m4, m7, m13);
    cv[0] = v0 ^ v8;
    cv[1] = v1 ^ v9;
    cv[2] = v2 ^ va;
    cv[3] = v3 ^ vb;
    cv[4] = v4 ^ vc;
    cv[5] = v5 ^ vd;
    cv[6] = v6 ^ ve;
    cv[7] = v7 ^ vf;
}

#endif
