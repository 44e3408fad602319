/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C kernel for AVX-512 with VPCLMULQDQ: four accumulators of 64 bytes. */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C && WMBT_CRC32C_AVX512

#    include "hash/x86/crc32c_steps.h"

#    define WMBT_CRC32C_AVX512_TARGET "sse4.2,pclmul,avx2,avx512f,avx512vl,vpclmulqdq"
#    define WMBT_CRC32C_AVX512_STEP 256u
#    define WMBT_CRC32C_AVX512_AHEAD 2048u /* bytes, of a prefetch inside the range */

typedef struct wmbt_crc32c_avx512_quad {
    __m512i a, b, c, d;
} wmbt_crc32c_avx512_quad;

/* WMBT_CRC32C_X86_FOLD for each lane of 16 bytes. Whole constants are loaded; to put one together,
 * or to spread it, would take the port of the products. */
#    define WMBT_CRC32C_AVX512_LANE(n)                    \
        (long long)(uint64_t)WMBT_CRC32C_FOLD_SECOND_##n, \
            (long long)(uint64_t)WMBT_CRC32C_FOLD_FIRST_##n
#    define WMBT_CRC32C_AVX512_FOLD(n)                                           \
        _mm512_set_epi64(WMBT_CRC32C_AVX512_LANE(n), WMBT_CRC32C_AVX512_LANE(n), \
                         WMBT_CRC32C_AVX512_LANE(n), WMBT_CRC32C_AVX512_LANE(n))

/* x moved forward, plus y. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline __m512i wmbt_crc32c_avx512_fold(__m512i x, __m512i factors, __m512i y)
{
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, factors, 0x00),
                                     _mm512_clmulepi64_epi128(x, factors, 0x11), y, 0x96);
}

WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline __m512i wmbt_crc32c_avx512_take(uint8_t *dst, const uint8_t *src)
{
    __m512i bytes = _mm512_loadu_si512(src);
    if (dst != NULL) {
        _mm512_storeu_si512(dst, bytes);
    }
    return bytes;
}

/* The next 256 bytes: all are read before any is written. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline void wmbt_crc32c_avx512_take4(wmbt_crc32c_avx512_quad *q, uint8_t *dst,
                                            const uint8_t *src)
{
    q->a = _mm512_loadu_si512(src);
    q->b = _mm512_loadu_si512(src + 64);
    q->c = _mm512_loadu_si512(src + 128);
    q->d = _mm512_loadu_si512(src + 192);
    if (dst != NULL) {
        _mm512_storeu_si512(dst, q->a);
        _mm512_storeu_si512(dst + 64, q->b);
        _mm512_storeu_si512(dst + 128, q->c);
        _mm512_storeu_si512(dst + 192, q->d);
    }
}

WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline void wmbt_crc32c_avx512_step(wmbt_crc32c_avx512_quad *q, uint8_t *dst,
                                           const uint8_t *src)
{
    const __m512i factors = WMBT_CRC32C_AVX512_FOLD(256);
    wmbt_crc32c_avx512_quad next;
    wmbt_crc32c_avx512_take4(&next, dst, src);
    q->a = wmbt_crc32c_avx512_fold(q->a, factors, next.a);
    q->b = wmbt_crc32c_avx512_fold(q->b, factors, next.b);
    q->c = wmbt_crc32c_avx512_fold(q->c, factors, next.c);
    q->d = wmbt_crc32c_avx512_fold(q->d, factors, next.d);
}

/* Fetches what is read later, or in a copy what is written later. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline void wmbt_crc32c_avx512_fetch(const uint8_t *dst, const uint8_t *src)
{
    for (size_t i = 0; i < WMBT_CRC32C_AVX512_STEP; i += 64u) {
        if (dst != NULL) {
            wmbt_crc32c_x86_own(dst + WMBT_CRC32C_X86_OWN_AHEAD + i);
        } else {
            _mm_prefetch((const char *)src + WMBT_CRC32C_AVX512_AHEAD + i, _MM_HINT_T0);
        }
    }
}

/* Four lanes of 16 bytes into one. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline __m128i wmbt_crc32c_avx512_join(__m512i x)
{
    const __m512i factors =
        _mm512_set_epi64(0, 0, WMBT_CRC32C_AVX512_LANE(16), WMBT_CRC32C_AVX512_LANE(32),
                         WMBT_CRC32C_AVX512_LANE(48));
    const __m512i last = _mm512_set_epi64(-1, -1, 0, 0, 0, 0, 0, 0); /* stays as it is */
    x = wmbt_crc32c_avx512_fold(x, factors, _mm512_and_si512(x, last));
    __m256i half = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64(x, 1));
    return _mm_xor_si128(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* From 128 bytes on. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
static inline uint32_t wmbt_crc32c_avx512_long(uint32_t state, uint8_t *dst, const uint8_t *src,
                                               size_t n)
{
    const __m512i start = _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)state));
    const size_t step = WMBT_CRC32C_AVX512_STEP;
    __m512i x;
    if (n >= step) {
        wmbt_crc32c_avx512_quad q;
        wmbt_crc32c_avx512_take4(&q, dst, src);
        q.a = _mm512_xor_si512(q.a, start);
        src += step;
        n -= step;
        dst = wmbt_x86_on(dst, step);
        const size_t ahead = dst == NULL ? WMBT_CRC32C_AVX512_AHEAD : WMBT_CRC32C_X86_OWN_AHEAD;
        for (; n >= step + ahead; n -= step, src += step) {
            wmbt_crc32c_avx512_fetch(dst, src);
            wmbt_crc32c_avx512_step(&q, dst, src);
            dst = wmbt_x86_on(dst, step);
        }
        for (; n >= step; n -= step, src += step) {
            wmbt_crc32c_avx512_step(&q, dst, src);
            dst = wmbt_x86_on(dst, step);
        }
        x = wmbt_crc32c_avx512_fold(q.a, WMBT_CRC32C_AVX512_FOLD(192), q.d);
        x = wmbt_crc32c_avx512_fold(q.b, WMBT_CRC32C_AVX512_FOLD(128), x);
        x = wmbt_crc32c_avx512_fold(q.c, WMBT_CRC32C_AVX512_FOLD(64), x);
    } else {
        x = _mm512_xor_si512(wmbt_crc32c_avx512_take(dst, src), start);
        src += 64;
        n -= 64u;
        dst = wmbt_x86_on(dst, 64);
    }
    for (; n >= 64u; n -= 64u, src += 64) {
        x = wmbt_crc32c_avx512_fold(x, WMBT_CRC32C_AVX512_FOLD(64),
                                    wmbt_crc32c_avx512_take(dst, src));
        dst = wmbt_x86_on(dst, 64);
    }
    return wmbt_crc32c_x86_end(wmbt_crc32c_avx512_join(x), dst, src, n);
}

/* Once with and once without a copy, so that no loop asks. */
WMBT_TARGET(WMBT_CRC32C_AVX512_TARGET)
uint32_t wmbt_crc32c_avx512(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    if (dst == NULL) {
        return n < 128u ? wmbt_crc32c_x86_short(state, NULL, src, n)
                        : wmbt_crc32c_avx512_long(state, NULL, src, n);
    }
    return n < 128u ? wmbt_crc32c_x86_short(state, dst, src, n)
                    : wmbt_crc32c_avx512_long(state, dst, src, n);
}

#endif
