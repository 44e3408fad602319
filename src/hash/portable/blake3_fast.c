/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel with all rounds spelled out. */
#include "base/le.h"
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) ((v) >> (right) | (v) << (32 - (right)))
#    include "hash/blake3_rounds.h"

/* GCC 12 with AVX-512 and tuned for some CPUs keeps the numbers in vector registers, one in each,
 * which takes twice as long (docs/SPEED.md, "Traps"). What is inlined has to be tuned alike. */
#    if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__)
#        define WMBT_BLAKE3_TUNED __attribute__((target("tune=generic")))
#    else
#        define WMBT_BLAKE3_TUNED
#    endif

static inline WMBT_BLAKE3_TUNED uint32_t wmbt_blake3_word(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

WMBT_BLAKE3_TUNED void wmbt_blake3_compress_fast(uint32_t cv[8], const uint8_t *block,
                                                 uint32_t block_bytes, uint64_t counter,
                                                 uint32_t flags)
{
    uint32_t m0 = wmbt_blake3_word(block + 0);
    uint32_t m1 = wmbt_blake3_word(block + 4);
    uint32_t m2 = wmbt_blake3_word(block + 8);
    uint32_t m3 = wmbt_blake3_word(block + 12);
    uint32_t m4 = wmbt_blake3_word(block + 16);
    uint32_t m5 = wmbt_blake3_word(block + 20);
    uint32_t m6 = wmbt_blake3_word(block + 24);
    uint32_t m7 = wmbt_blake3_word(block + 28);
    uint32_t m8 = wmbt_blake3_word(block + 32);
    uint32_t m9 = wmbt_blake3_word(block + 36);
    uint32_t m10 = wmbt_blake3_word(block + 40);
    uint32_t m11 = wmbt_blake3_word(block + 44);
    uint32_t m12 = wmbt_blake3_word(block + 48);
    uint32_t m13 = wmbt_blake3_word(block + 52);
    uint32_t m14 = wmbt_blake3_word(block + 56);
    uint32_t m15 = wmbt_blake3_word(block + 60);
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

void wmbt_blake3_run_portable(const wmbt_blake3_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        uint64_t counter = run->counter + (run->counts ? i : 0u);
        uint32_t flags = run->flags | run->flags_first;
        size_t left = wmbt_blake3_run_blocks(run);
        for (size_t part = 0; part < WMBT_BLAKE3_PARTS; part++) {
            size_t blocks;
            const uint8_t *const *from = wmbt_blake3_part(run, part, &blocks);
            for (size_t block = 0; block < blocks; block++, left--) {
                flags |= left == 1u ? run->flags_last : 0u;
                wmbt_blake3_compress_fast(run->cv[i], from[i] + WMBT_BLAKE3_BLOCK_BYTES * block,
                                          left == 1u ? run->last_bytes : WMBT_BLAKE3_BLOCK_BYTES,
                                          counter, flags);
                flags = run->flags;
            }
        }
    }
}

#    if WMBT_BLAKE3_LANES > 1

/* A number of each lane. The compiler's vectors: one source for every instruction set that it
 * vectorises for. */
typedef uint32_t wmbt_blake3_vector __attribute__((vector_size(4 * WMBT_BLAKE3_LANES)));

/* The word at `offset` of each lane's block. */
static inline wmbt_blake3_vector wmbt_blake3_gather(const uint8_t *blocks, size_t offset)
{
    wmbt_blake3_vector v = {0}; /* GCC does not see that each lane is written */
    for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
        v[lane] = wmbt_load_le32(blocks + lane * WMBT_BLAKE3_CHUNK_BYTES + offset);
    }
    return v;
}

static inline wmbt_blake3_vector wmbt_blake3_same(uint32_t word)
{
    wmbt_blake3_vector v = {0}; /* GCC does not see that each lane is written */
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
