/* SPDX-License-Identifier: Apache-2.0 */
/* What the CRC32C kernels for x86-64 share: short steps, and folding of 16 bytes. */
#ifndef WMBT_SRC_HASH_X86_CRC32C_STEPS_H
#define WMBT_SRC_HASH_X86_CRC32C_STEPS_H

#include "hash/crc32c_constants.h"
#include "hash/x86/intrinsics.h"
#include "wombatkv/base.h"

typedef WMBT_UNALIGNED_U64 wmbt_x86_any64;
typedef uint32_t __attribute__((__may_alias__, __aligned__(1))) wmbt_x86_any32;
typedef uint16_t __attribute__((__may_alias__, __aligned__(1))) wmbt_x86_any16;

/* A word of the source, copied if dst is not NULL. */
static inline uint64_t wmbt_x86_take64(uint8_t *dst, const uint8_t *src)
{
    uint64_t word = *(const wmbt_x86_any64 *)src;
    if (dst != NULL) {
        *(wmbt_x86_any64 *)dst = word;
    }
    return word;
}

/* dst moved on, if there is one. */
static inline uint8_t *wmbt_x86_on(uint8_t *dst, size_t n)
{
    return dst == NULL ? NULL : dst + n;
}

/* How far ahead of a copy its destination is fetched. */
#define WMBT_CRC32C_X86_OWN_AHEAD 1024u

/* Fetches a line of a destination for writing, so that stores do not wait for it. Nothing happens
 * on a processor that lacks the instruction. */
static inline void wmbt_crc32c_x86_own(const uint8_t *line)
{
    __asm__ __volatile__("prefetchw %0" : : "m"(*line));
}

/* Up to seven bytes. */
WMBT_TARGET("sse4.2")
static inline uint32_t wmbt_crc32c_x86_rest(uint32_t state, uint8_t *dst, const uint8_t *src,
                                            size_t n)
{
    if (n == 0u) { /* most lengths are whole words */
        return state;
    }
    if ((n & 4u) != 0u) {
        uint32_t word = *(const wmbt_x86_any32 *)src;
        if (dst != NULL) {
            *(wmbt_x86_any32 *)dst = word;
        }
        state = _mm_crc32_u32(state, word);
        src += 4;
        dst = wmbt_x86_on(dst, 4);
    }
    if ((n & 2u) != 0u) {
        uint16_t word = *(const wmbt_x86_any16 *)src;
        if (dst != NULL) {
            *(wmbt_x86_any16 *)dst = word;
        }
        state = _mm_crc32_u16(state, word);
        src += 2;
        dst = wmbt_x86_on(dst, 2);
    }
    if ((n & 1u) != 0u) {
        uint8_t byte = *src;
        if (dst != NULL) {
            *dst = byte;
        }
        state = _mm_crc32_u8(state, byte);
    }
    return state;
}

/* Any length, in one stream: for lengths that more would not make faster. */
WMBT_TARGET("sse4.2")
static inline uint32_t wmbt_crc32c_x86_short(uint32_t state, uint8_t *dst, const uint8_t *src,
                                             size_t n)
{
    uint64_t crc = state;
    for (; n >= 32u; n -= 32u, src += 32) {
        uint64_t w0 = wmbt_x86_take64(dst, src);
        dst = wmbt_x86_on(dst, 8);
        uint64_t w1 = wmbt_x86_take64(dst, src + 8);
        dst = wmbt_x86_on(dst, 8);
        uint64_t w2 = wmbt_x86_take64(dst, src + 16);
        dst = wmbt_x86_on(dst, 8);
        uint64_t w3 = wmbt_x86_take64(dst, src + 24);
        dst = wmbt_x86_on(dst, 8);
        crc = _mm_crc32_u64(_mm_crc32_u64(crc, w0), w1);
        crc = _mm_crc32_u64(_mm_crc32_u64(crc, w2), w3);
    }
    for (; n >= 8u; n -= 8u, src += 8) {
        crc = _mm_crc32_u64(crc, wmbt_x86_take64(dst, src));
        dst = wmbt_x86_on(dst, 8);
    }
    return wmbt_crc32c_x86_rest((uint32_t)crc, dst, src, n);
}

/* The factors that move 16 bytes forward by n: FOLD_FIRST_n for the first half of them. */
#define WMBT_CRC32C_X86_FOLD(n)                                      \
    _mm_set_epi64x((long long)(uint64_t)WMBT_CRC32C_FOLD_SECOND_##n, \
                   (long long)(uint64_t)WMBT_CRC32C_FOLD_FIRST_##n)

/* x moved forward, plus y. */
WMBT_TARGET("sse4.2,pclmul")
static inline __m128i wmbt_crc32c_x86_fold(__m128i x, __m128i factors, __m128i y)
{
    __m128i low = _mm_clmulepi64_si128(x, factors, 0x00);
    __m128i high = _mm_clmulepi64_si128(x, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), y);
}

/* The rest after folding, below 16 bytes plus whole times 16: x holds all that came before. */
WMBT_TARGET("sse4.2,pclmul")
static inline uint32_t wmbt_crc32c_x86_end(__m128i x, uint8_t *dst, const uint8_t *src, size_t n)
{
    for (; n >= 16u; n -= 16u, src += 16) {
        __m128i next = _mm_loadu_si128((const __m128i *)(const void *)src);
        if (dst != NULL) {
            _mm_storeu_si128((__m128i *)(void *)dst, next);
            dst += 16;
        }
        x = wmbt_crc32c_x86_fold(x, WMBT_CRC32C_X86_FOLD(16), next);
    }
    uint64_t crc = _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(x));
    crc = _mm_crc32_u64(crc, (uint64_t)_mm_extract_epi64(x, 1));
    if (n >= 8u) {
        crc = _mm_crc32_u64(crc, wmbt_x86_take64(dst, src));
        dst = wmbt_x86_on(dst, 8);
        src += 8;
    }
    return wmbt_crc32c_x86_rest((uint32_t)crc, dst, src, n & 7u);
}

#endif
