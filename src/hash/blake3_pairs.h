/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 of several short messages side by side, for callers that have all of them at once. Where
 * no kernel gains by that, WMBT_BLAKE3_RUN is not defined and there is none of this. */
#ifndef WMBT_SRC_HASH_BLAKE3_PAIRS_H
#define WMBT_SRC_HASH_BLAKE3_PAIRS_H

#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 && defined(WMBT_BLAKE3_RUN)

/* `count` messages, 1 to WMBT_BLAKE3_RUN_LANES, each a block and a body of at least 1 byte, all of
 * the same length, together a chunk at most. Memory is the caller's. */
typedef struct wmbt_blake3_pairs {
    size_t count;
    size_t body_bytes;
    uint8_t (*edge)[64];        /* in: the first blocks */
    uint8_t (*tail)[64];        /* as many, used up */
    const uint8_t *const *body; /* in: where the bodies are */
    uint32_t (*digest)[8];      /* out */
} wmbt_blake3_pairs;

void wmbt_blake3_hash_pairs(const wmbt_blake3_pairs *pairs);

/* 16 bytes by one store, as kernels load them: a load waits for stores that are narrower than it
 * until they are in the cache. */
static inline void wmbt_blake3_store16(uint8_t *dst, uint64_t low, uint64_t high)
{
    typedef uint64_t any __attribute__((__vector_size__(16), __aligned__(1), __may_alias__));
    *(any *)(void *)dst = (any){low, high}; /* kernels are for little-endian machines */
}

/* The 32 bytes of a hash, likewise. */
static inline void wmbt_blake3_copy_hash(uint8_t *dst, const uint8_t *src)
{
    typedef uint64_t any __attribute__((__vector_size__(16), __aligned__(1), __may_alias__));
    *(any *)(void *)dst = *(const any *)(const void *)src;
    *(any *)(void *)(dst + 16) = *(const any *)(const void *)(src + 16);
}

/* A few bytes copied without a call: at these lengths one costs more than the bytes. */
static inline void wmbt_blake3_few(uint8_t *dst, const uint8_t *src, size_t n)
{
    typedef WMBT_UNALIGNED_U64 any64;
    typedef uint32_t __attribute__((__may_alias__, __aligned__(1))) any32;
    typedef uint16_t __attribute__((__may_alias__, __aligned__(1))) any16;
    for (; n >= 8u; n -= 8u, dst += 8, src += 8) {
        *(any64 *)dst = *(const any64 *)src;
        WMBT_HIDE_POINTER(dst);
    }
    if ((n & 4u) != 0u) {
        *(any32 *)dst = *(const any32 *)src;
        dst += 4;
        src += 4;
    }
    if ((n & 2u) != 0u) {
        *(any16 *)dst = *(const any16 *)src;
        dst += 2;
        src += 2;
    }
    if ((n & 1u) != 0u) {
        *dst = *src;
    }
}

#endif

#endif
