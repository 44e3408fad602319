/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C kernel for SSE4.2 with PCLMULQDQ: three streams, since the instruction takes three cycles
 * and one can start in each. A carry-less product moves a stream forward by the length of the ones
 * behind it.
 */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C && WMBT_CRC32C_SSE42

#    include "hash/x86/crc32c_steps.h"

#    define WMBT_CRC32C_SSE42_TARGET "sse4.2,pclmul"
#    define WMBT_CRC32C_SSE42_LONG 1024u /* bytes of a stream */
#    define WMBT_CRC32C_SSE42_SHORT 128u

/* What a product of registers is before its reduction. */
WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
static inline uint64_t wmbt_crc32c_sse42_product(uint64_t a, uint32_t b)
{
    __m128i x =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)a), _mm_cvtsi32_si128((int)b), 0x00);
    return (uint64_t)_mm_cvtsi128_si64(x);
}

/* Three streams of `bytes` bytes; the factors move forward by two streams and by one. */
WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
static inline uint32_t wmbt_crc32c_sse42_three(uint32_t state, uint8_t *dst, const uint8_t *src,
                                               size_t bytes, uint32_t by_two, uint32_t by_one)
{
    uint64_t a = state, b = 0, c = 0;
    for (size_t i = 0; i < bytes; i += 8u) {
        uint64_t wa = *(const wmbt_x86_any64 *)(src + i);
        uint64_t wb = *(const wmbt_x86_any64 *)(src + bytes + i);
        uint64_t wc = *(const wmbt_x86_any64 *)(src + 2u * bytes + i);
        a = _mm_crc32_u64(a, wa);
        b = _mm_crc32_u64(b, wb);
        c = _mm_crc32_u64(c, wc);
        if (dst != NULL) {
            *(wmbt_x86_any64 *)(dst + i) = wa;
            *(wmbt_x86_any64 *)(dst + bytes + i) = wb;
            *(wmbt_x86_any64 *)(dst + 2u * bytes + i) = wc;
        }
    }
    uint64_t moved = wmbt_crc32c_sse42_product(a, by_two) ^ wmbt_crc32c_sse42_product(b, by_one);
    return (uint32_t)_mm_crc32_u64(0, moved) ^ (uint32_t)c;
}

WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
static inline uint32_t wmbt_crc32c_sse42_any(uint32_t state, uint8_t *dst, const uint8_t *src,
                                             size_t n)
{
    const size_t long_step = 3u * WMBT_CRC32C_SSE42_LONG, short_step = 3u * WMBT_CRC32C_SSE42_SHORT;
    for (; n >= long_step; n -= long_step, src += long_step) {
        state = wmbt_crc32c_sse42_three(state, dst, src, WMBT_CRC32C_SSE42_LONG,
                                        WMBT_CRC32C_JOIN_2048, WMBT_CRC32C_JOIN_1024);
        dst = wmbt_x86_on(dst, long_step);
    }
    for (; n >= short_step; n -= short_step, src += short_step) {
        state = wmbt_crc32c_sse42_three(state, dst, src, WMBT_CRC32C_SSE42_SHORT,
                                        WMBT_CRC32C_JOIN_256, WMBT_CRC32C_JOIN_128);
        dst = wmbt_x86_on(dst, short_step);
    }
    return wmbt_crc32c_x86_short(state, dst, src, n);
}

/* Streams read far ahead of where the first one writes: a copy to just before its source would
 * overwrite what is not read yet. */
WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
uint32_t wmbt_crc32c_sse42(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    if (dst == NULL) {
        return wmbt_crc32c_sse42_any(state, NULL, src, n);
    }
    if ((uintptr_t)dst != (uintptr_t)src && (uintptr_t)src - (uintptr_t)dst < n) {
        return wmbt_crc32c_x86_short(state, dst, src, n);
    }
    return wmbt_crc32c_sse42_any(state, dst, src, n);
}

/* The product, moved up by the bit that reflection costs, is H x^32 + L: H is reduced as the end of
 * a word, and L follows. */
WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
uint32_t wmbt_crc32c_product_sse42(uint32_t a, uint32_t b)
{
    uint64_t product = wmbt_crc32c_sse42_product(a, b);
    return (uint32_t)_mm_crc32_u64(0, product << 33) ^ (uint32_t)(product >> 31);
}

/* Moves `state` forward by n bytes. */
WMBT_TARGET(WMBT_CRC32C_SSE42_TARGET)
uint32_t wmbt_crc32c_shift_sse42(uint32_t state, uint64_t n)
{
    static const uint32_t joins[] = WMBT_CRC32C_JOIN_POWERS;
    for (unsigned k = 0; n != 0u; n >>= 1, k = k + 1u == sizeof joins / 4u ? 0u : k + 1u) {
        if ((n & 1u) != 0u) {
            state = (uint32_t)_mm_crc32_u64(0, wmbt_crc32c_sse42_product(state, joins[k]));
        }
    }
    return state;
}

#endif
