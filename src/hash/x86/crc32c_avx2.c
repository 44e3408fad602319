/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C kernel for AVX2 with VPCLMULQDQ: four accumulators of 32 bytes. */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C && WMBT_CRC32C_AVX2

#    include "hash/x86/crc32c_steps.h"

#    define WMBT_CRC32C_AVX2_TARGET "sse4.2,pclmul,avx2,vpclmulqdq"
#    define WMBT_CRC32C_AVX2_STEP 128u

typedef struct wmbt_crc32c_avx2_quad {
    __m256i a, b, c, d;
} wmbt_crc32c_avx2_quad;

/* x moved forward, plus y. */
WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline __m256i wmbt_crc32c_avx2_fold(__m256i x, __m256i factors, __m256i y)
{
    return _mm256_xor_si256(_mm256_xor_si256(_mm256_clmulepi64_epi128(x, factors, 0x00),
                                             _mm256_clmulepi64_epi128(x, factors, 0x11)),
                            y);
}

WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline __m256i wmbt_crc32c_avx2_load(const uint8_t *src)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)src);
}

WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline void wmbt_crc32c_avx2_store(uint8_t *dst, __m256i bytes)
{
    _mm256_storeu_si256((__m256i *)(void *)dst, bytes);
}

/* The next 128 bytes: all are read before any is written. */
WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline void wmbt_crc32c_avx2_take4(wmbt_crc32c_avx2_quad *q, uint8_t *dst,
                                          const uint8_t *src)
{
    q->a = wmbt_crc32c_avx2_load(src);
    q->b = wmbt_crc32c_avx2_load(src + 32);
    q->c = wmbt_crc32c_avx2_load(src + 64);
    q->d = wmbt_crc32c_avx2_load(src + 96);
    if (dst != NULL) {
        wmbt_crc32c_avx2_store(dst, q->a);
        wmbt_crc32c_avx2_store(dst + 32, q->b);
        wmbt_crc32c_avx2_store(dst + 64, q->c);
        wmbt_crc32c_avx2_store(dst + 96, q->d);
    }
}

WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline __m256i wmbt_crc32c_avx2_factors(__m128i factors)
{
    return _mm256_broadcastsi128_si256(factors);
}

/* From 128 bytes on. */
WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
static inline uint32_t wmbt_crc32c_avx2_long(uint32_t state, uint8_t *dst, const uint8_t *src,
                                             size_t n)
{
    const size_t step = WMBT_CRC32C_AVX2_STEP;
    const __m256i far = wmbt_crc32c_avx2_factors(WMBT_CRC32C_X86_FOLD(128));
    wmbt_crc32c_avx2_quad q, next;
    wmbt_crc32c_avx2_take4(&q, dst, src);
    q.a = _mm256_xor_si256(q.a, _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)state)));
    src += step;
    n -= step;
    dst = wmbt_x86_on(dst, step);
    for (; n >= step; n -= step, src += step) {
        if (dst != NULL && n >= step + WMBT_CRC32C_X86_OWN_AHEAD) {
            wmbt_crc32c_x86_own(dst + WMBT_CRC32C_X86_OWN_AHEAD);
            wmbt_crc32c_x86_own(dst + WMBT_CRC32C_X86_OWN_AHEAD + 64);
        }
        wmbt_crc32c_avx2_take4(&next, dst, src);
        q.a = wmbt_crc32c_avx2_fold(q.a, far, next.a);
        q.b = wmbt_crc32c_avx2_fold(q.b, far, next.b);
        q.c = wmbt_crc32c_avx2_fold(q.c, far, next.c);
        q.d = wmbt_crc32c_avx2_fold(q.d, far, next.d);
        dst = wmbt_x86_on(dst, step);
    }
    __m256i x = wmbt_crc32c_avx2_fold(q.a, wmbt_crc32c_avx2_factors(WMBT_CRC32C_X86_FOLD(96)), q.d);
    x = wmbt_crc32c_avx2_fold(q.b, wmbt_crc32c_avx2_factors(WMBT_CRC32C_X86_FOLD(64)), x);
    x = wmbt_crc32c_avx2_fold(q.c, wmbt_crc32c_avx2_factors(WMBT_CRC32C_X86_FOLD(32)), x);
    __m128i both = wmbt_crc32c_x86_fold(_mm256_castsi256_si128(x), WMBT_CRC32C_X86_FOLD(16),
                                        _mm256_extracti128_si256(x, 1));
    return wmbt_crc32c_x86_end(both, dst, src, n);
}

/* Once with and once without a copy, so that no loop asks. */
WMBT_TARGET(WMBT_CRC32C_AVX2_TARGET)
uint32_t wmbt_crc32c_avx2(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    if (dst == NULL) {
        return n < WMBT_CRC32C_AVX2_STEP ? wmbt_crc32c_x86_short(state, NULL, src, n)
                                         : wmbt_crc32c_avx2_long(state, NULL, src, n);
    }
    return n < WMBT_CRC32C_AVX2_STEP ? wmbt_crc32c_x86_short(state, dst, src, n)
                                     : wmbt_crc32c_avx2_long(state, dst, src, n);
}

#endif
