/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel with all rounds spelled out. */
#include "base/le.h"
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3

#    define WMBT_BLAKE3_ROTATE(v, right) ((v) >> (right) | (v) << (32 - (right)))

#    define WMBT_BLAKE3_STEP(a, b, c, d, x, y) \
        a += b + (x);                          \
        d = WMBT_BLAKE3_ROTATE(d ^ a, 16);     \
        c += d;                                \
        b = WMBT_BLAKE3_ROTATE(b ^ c, 12);     \
        a += b + (y);                          \
        d = WMBT_BLAKE3_ROTATE(d ^ a, 8);      \
        c += d;                                \
        b = WMBT_BLAKE3_ROTATE(b ^ c, 7)

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

/* All seven rounds on variables v0 to vf and m0 to m15, of numbers or of vectors. */
#    define WMBT_BLAKE3_ROUNDS()                                                                 \
        WMBT_BLAKE3_ROUND(m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15); \
        WMBT_BLAKE3_ROUND(m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8); \
        WMBT_BLAKE3_ROUND(m3, m4, m10, m12, m13, m2, m7, m14, m6, m5, m9, m0, m11, m15, m8, m1); \
        WMBT_BLAKE3_ROUND(m10, m7, m12, m9, m14, m3, m13, m15, m4, m0, m11, m2, m5, m8, m1, m6); \
        WMBT_BLAKE3_ROUND(m12, m13, m9, m11, m15, m10, m14, m8, m7, m2, m5, m3, m0, m1, m6, m4); \
        WMBT_BLAKE3_ROUND(m9, m14, m11, m5, m8, m12, m15, m1, m13, m3, m0, m10, m2, m6, m4, m7); \
        WMBT_BLAKE3_ROUND(m11, m15, m5, m0, m1, m9, m8, m6, m14, m10, m2, m12, m3, m4, m7, m13)

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
    WMBT_BLAKE3_ROUNDS();
    cv[0] = v0 ^ v8;
    cv[1] = v1 ^ v9;
    cv[2] = v2 ^ va;
    cv[3] = v3 ^ vb;
    cv[4] = v4 ^ vc;
    cv[5] = v5 ^ vd;
    cv[6] = v6 ^ ve;
    cv[7] = v7 ^ vf;
}

#    if WMBT_BLAKE3_LANES > 1

/* A number of each lane. The compiler's vectors: one source for every instruction set that it
 * vectorises for. */
typedef uint32_t wmbt_blake3_vector __attribute__((vector_size(4 * WMBT_BLAKE3_LANES)));

/* The word at `offset` of each lane's block. */
static inline wmbt_blake3_vector wmbt_blake3_gather(const uint8_t *blocks, size_t offset)
{
    wmbt_blake3_vector v;
    for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
        v[lane] = wmbt_load_le32(blocks + lane * WMBT_BLAKE3_CHUNK_BYTES + offset);
    }
    return v;
}

static inline wmbt_blake3_vector wmbt_blake3_same(uint32_t word)
{
    wmbt_blake3_vector v;
    for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
        v[lane] = word;
    }
    return v;
}

/* One block of each lane's chunk. */
static void wmbt_blake3_blocks_fast(wmbt_blake3_vector cv[8], const uint8_t *blocks,
                                    const wmbt_blake3_vector counter[2], uint32_t flags)
{
    wmbt_blake3_vector m0 = wmbt_blake3_gather(blocks, 0);
    wmbt_blake3_vector m1 = wmbt_blake3_gather(blocks, 4);
    wmbt_blake3_vector m2 = wmbt_blake3_gather(blocks, 8);
    wmbt_blake3_vector m3 = wmbt_blake3_gather(blocks, 12);
    wmbt_blake3_vector m4 = wmbt_blake3_gather(blocks, 16);
    wmbt_blake3_vector m5 = wmbt_blake3_gather(blocks, 20);
    wmbt_blake3_vector m6 = wmbt_blake3_gather(blocks, 24);
    wmbt_blake3_vector m7 = wmbt_blake3_gather(blocks, 28);
    wmbt_blake3_vector m8 = wmbt_blake3_gather(blocks, 32);
    wmbt_blake3_vector m9 = wmbt_blake3_gather(blocks, 36);
    wmbt_blake3_vector m10 = wmbt_blake3_gather(blocks, 40);
    wmbt_blake3_vector m11 = wmbt_blake3_gather(blocks, 44);
    wmbt_blake3_vector m12 = wmbt_blake3_gather(blocks, 48);
    wmbt_blake3_vector m13 = wmbt_blake3_gather(blocks, 52);
    wmbt_blake3_vector m14 = wmbt_blake3_gather(blocks, 56);
    wmbt_blake3_vector m15 = wmbt_blake3_gather(blocks, 60);
    wmbt_blake3_vector v0 = cv[0], v1 = cv[1], v2 = cv[2], v3 = cv[3];
    wmbt_blake3_vector v4 = cv[4], v5 = cv[5], v6 = cv[6], v7 = cv[7];
    wmbt_blake3_vector v8 = wmbt_blake3_same(WMBT_BLAKE3_IV0);
    wmbt_blake3_vector v9 = wmbt_blake3_same(WMBT_BLAKE3_IV1);
    wmbt_blake3_vector va = wmbt_blake3_same(WMBT_BLAKE3_IV2);
    wmbt_blake3_vector vb = wmbt_blake3_same(WMBT_BLAKE3_IV3);
    wmbt_blake3_vector vc = counter[0], vd = counter[1];
    wmbt_blake3_vector ve = wmbt_blake3_same(WMBT_BLAKE3_BLOCK_BYTES);
    wmbt_blake3_vector vf = wmbt_blake3_same(flags);
    WMBT_BLAKE3_ROUNDS();
    cv[0] = v0 ^ v8;
    cv[1] = v1 ^ v9;
    cv[2] = v2 ^ va;
    cv[3] = v3 ^ vb;
    cv[4] = v4 ^ vc;
    cv[5] = v5 ^ vd;
    cv[6] = v6 ^ ve;
    cv[7] = v7 ^ vf;
}

void wmbt_blake3_chunks_fast(const uint8_t *chunks, uint64_t counter,
                             uint32_t cvs[WMBT_BLAKE3_LANES][8])
{
    static const uint32_t iv[8] = {WMBT_BLAKE3_IV0, WMBT_BLAKE3_IV1, WMBT_BLAKE3_IV2,
                                   WMBT_BLAKE3_IV3, WMBT_BLAKE3_IV4, WMBT_BLAKE3_IV5,
                                   WMBT_BLAKE3_IV6, WMBT_BLAKE3_IV7};
    wmbt_blake3_vector cv[8];
    wmbt_blake3_vector counters[2];
    for (size_t i = 0; i < 8u; i++) {
        cv[i] = wmbt_blake3_same(iv[i]);
    }
    for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
        counters[0][lane] = (uint32_t)(counter + lane);
        counters[1][lane] = (uint32_t)((counter + lane) >> 32);
    }
    for (size_t at = 0; at < WMBT_BLAKE3_CHUNK_BYTES; at += WMBT_BLAKE3_BLOCK_BYTES) {
        bool last = at == WMBT_BLAKE3_CHUNK_BYTES - WMBT_BLAKE3_BLOCK_BYTES;
        uint32_t flags =
            (at == 0u ? WMBT_BLAKE3_CHUNK_START : 0u) | (last ? WMBT_BLAKE3_CHUNK_END : 0u);
        wmbt_blake3_blocks_fast(cv, chunks + at, counters, flags);
    }
    for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
        for (size_t i = 0; i < 8u; i++) {
            cvs[lane][i] = cv[i][lane];
        }
    }
}

#    endif

#endif
