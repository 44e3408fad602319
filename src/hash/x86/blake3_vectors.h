/* SPDX-License-Identifier: Apache-2.0 */
/* What blake3_rows.h and blake3_lanes.h need of vectors of 16 and 32 bytes. */
#ifndef WMBT_SRC_HASH_X86_BLAKE3_VECTORS_H
#define WMBT_SRC_HASH_X86_BLAKE3_VECTORS_H

#include "hash/x86/intrinsics.h"

typedef uint32_t wmbt_x86_n128 __attribute__((vector_size(16)));
typedef uint32_t wmbt_x86_n256 __attribute__((vector_size(32)));

/* The compiler does not see where v comes from; and makes it here and not later. */
#define WMBT_X86_LATE(v) __asm__("" : "+x"(v))
#define WMBT_X86_NOW(v) __asm__ __volatile__("" : "+x"(v))

/* --- 16 bytes --------------------------------------------------------------------------------- */

WMBT_TARGET("sse4.1,ssse3")
static inline __m128i wmbt_x86_load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

WMBT_TARGET("sse4.1,ssse3")
static inline void wmbt_x86_store(uint32_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

WMBT_TARGET("sse4.1,ssse3")
static inline __m128i wmbt_x86_rotate_16(__m128i v)
{
    return _mm_shuffle_epi8(v, _mm_set_epi64x(0x0D0C0F0E09080B0A, 0x0504070601000302));
}

WMBT_TARGET("sse4.1,ssse3")
static inline __m128i wmbt_x86_rotate_12(__m128i v)
{
    return _mm_or_si128(_mm_srli_epi32(v, 12), _mm_slli_epi32(v, 20));
}

WMBT_TARGET("sse4.1,ssse3")
static inline __m128i wmbt_x86_rotate_8(__m128i v)
{
    return _mm_shuffle_epi8(v, _mm_set_epi64x(0x0C0F0E0D080B0A09, 0x0407060500030201));
}

WMBT_TARGET("sse4.1,ssse3")
static inline __m128i wmbt_x86_rotate_7(__m128i v)
{
    return _mm_or_si128(_mm_srli_epi32(v, 7), _mm_slli_epi32(v, 25));
}

/* Words from two vectors: two of a, then two of b. */
#define WMBT_X86_SHUFFLE2(a, b, which) \
    _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(a), _mm_castsi128_ps(b), which))

/* --- 32 bytes --------------------------------------------------------------------------------- */

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_load2(const uint8_t *low, const uint8_t *high)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(wmbt_x86_load(low)), wmbt_x86_load(high),
                                   1);
}

WMBT_TARGET("avx2")
static inline void wmbt_x86_store2(uint32_t *p, __m256i v, size_t half)
{
    wmbt_x86_store(p, half == 0u ? _mm256_castsi256_si128(v) : _mm256_extracti128_si256(v, 1));
}

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_same2(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
    return _mm256_broadcastsi128_si256(_mm_set_epi32((int)w3, (int)w2, (int)w1, (int)w0));
}

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_rotate2_16(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_set_epi64x(0x0D0C0F0E09080B0A, 0x0504070601000302,
                                                    0x0D0C0F0E09080B0A, 0x0504070601000302));
}

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_rotate2_12(__m256i v)
{
    return _mm256_or_si256(_mm256_srli_epi32(v, 12), _mm256_slli_epi32(v, 20));
}

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_rotate2_8(__m256i v)
{
    return _mm256_shuffle_epi8(v, _mm256_set_epi64x(0x0C0F0E0D080B0A09, 0x0407060500030201,
                                                    0x0C0F0E0D080B0A09, 0x0407060500030201));
}

WMBT_TARGET("avx2")
static inline __m256i wmbt_x86_rotate2_7(__m256i v)
{
    return _mm256_or_si256(_mm256_srli_epi32(v, 7), _mm256_slli_epi32(v, 25));
}

#define WMBT_X86_SHUFFLE2_2(a, b, which) \
    _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), which))

#endif
