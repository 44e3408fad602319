/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of JSON for x86-64, sixteen at a time. Every x86-64 has the instructions. */
#include "format/json.h"

#if WMBT_CFG_MANIFEST

#    if WMBT_JSON_WINDOW > 0 && WMBT_JSON_BY_SSE2

#        include "hash/x86/intrinsics.h"

/* A bit for each of 16 bytes that does not stand for itself. As numbers with a sign, bytes above
 * 0x7F are below 0x20, too. */
static inline uint64_t wmbt_json_others16(__m128i v)
{
    __m128i other = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    other = _mm_or_si128(other, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return (uint64_t)(uint32_t)_mm_movemask_epi8(other);
}

void wmbt_json_take_full(wmbt_cursor *in, uint8_t *window, uint64_t *others)
{
    const uint8_t *text = in->data;
    WMBT_ASSERT(in->left >= WMBT_JSON_WINDOW);
    for (size_t word = 0; word < WMBT_JSON_WINDOW / 64u; word++) {
        uint64_t found = 0;
        for (size_t i = 0; i < 4u; i++) {
            size_t at = 64u * word + 16u * i;
            __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(text + at));
            _mm_storeu_si128((__m128i *)(void *)(window + at), v);
            found |= wmbt_json_others16(v) << (16u * i);
        }
        others[word] = found;
    }
    in->data += WMBT_JSON_WINDOW;
    in->left -= WMBT_JSON_WINDOW;
}

#    endif

#endif
