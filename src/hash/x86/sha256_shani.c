/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 kernel for the SHA extensions of x86-64. */
#include "hash/kernel.h"

#if WMBT_CFG_SHA256 && WMBT_SHA256_SHANI

#    include "hash/x86/intrinsics.h"

#    define WMBT_SHA256_SHANI_TARGET "sha,sse4.1,ssse3"

/* The instructions want the words a, b, e, f and c, d, g, h together, the last in the lowest
 * place. */
typedef struct wmbt_sha256_shani_state {
    __m128i abef, cdgh;
} wmbt_sha256_shani_state;

WMBT_TARGET(WMBT_SHA256_SHANI_TARGET)
static inline __m128i wmbt_sha256_shani_load(const uint8_t *p)
{
    const __m128i swap = _mm_set_epi64x(0x0C0D0E0F08090A0B, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), swap);
}

/* Rounds 4 x quarter to 4 x quarter + 3 on the words w of the schedule. */
WMBT_TARGET(WMBT_SHA256_SHANI_TARGET)
static inline void wmbt_sha256_shani_rounds(wmbt_sha256_shani_state *s, __m128i w, size_t quarter)
{
    const __m128i *k = (const __m128i *)(const void *)(wmbt_sha256_k + 4u * quarter);
    __m128i sum = _mm_add_epi32(w, _mm_loadu_si128(k));
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, sum);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

/* The four words of the schedule that follow these sixteen. */
WMBT_TARGET(WMBT_SHA256_SHANI_TARGET)
static inline __m128i wmbt_sha256_shani_extend(__m128i w0, __m128i w4, __m128i w8, __m128i w12)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));
    return _mm_sha256msg2_epu32(sum, w12);
}

WMBT_TARGET(WMBT_SHA256_SHANI_TARGET)
static inline void wmbt_sha256_shani_block(wmbt_sha256_shani_state *s, const uint8_t *block)
{
    wmbt_sha256_shani_state before = {s->abef, s->cdgh};
    __m128i w0 = wmbt_sha256_shani_load(block);
    __m128i w4 = wmbt_sha256_shani_load(block + 16);
    __m128i w8 = wmbt_sha256_shani_load(block + 32);
    __m128i w12 = wmbt_sha256_shani_load(block + 48);
    for (size_t quarter = 0;; quarter += 4u) {
        wmbt_sha256_shani_rounds(s, w0, quarter);
        wmbt_sha256_shani_rounds(s, w4, quarter + 1u);
        wmbt_sha256_shani_rounds(s, w8, quarter + 2u);
        wmbt_sha256_shani_rounds(s, w12, quarter + 3u);
        if (quarter == 12u) {
            break;
        }
        w0 = wmbt_sha256_shani_extend(w0, w4, w8, w12);
        w4 = wmbt_sha256_shani_extend(w4, w8, w12, w0);
        w8 = wmbt_sha256_shani_extend(w8, w12, w0, w4);
        w12 = wmbt_sha256_shani_extend(w12, w0, w4, w8);
    }
    s->abef = _mm_add_epi32(s->abef, before.abef);
    s->cdgh = _mm_add_epi32(s->cdgh, before.cdgh);
}

WMBT_TARGET(WMBT_SHA256_SHANI_TARGET)
void wmbt_sha256_shani(uint32_t hash[8], const uint8_t *blocks, size_t count)
{
    __m128i *kept = (__m128i *)(void *)hash;
    __m128i dcba = _mm_loadu_si128(kept), hgfe = _mm_loadu_si128(kept + 1);
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    wmbt_sha256_shani_state s;
    s.abef = _mm_alignr_epi8(cdab, efgh, 8);
    s.cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; count != 0u; count--, blocks += 64) {
        wmbt_sha256_shani_block(&s, blocks);
    }
    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1B), dchg = _mm_shuffle_epi32(s.cdgh, 0xB1);
    _mm_storeu_si128(kept, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(kept + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#endif
