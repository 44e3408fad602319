/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of JSON for x86-64, sixteen at a time. A kernel may be built without the instructions. */
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

uint64_t wmbt_json_take_piece(wmbt_cursor *in, uint8_t *window)
{
    uint64_t others = 0;
    WMBT_ASSERT(in->left >= WMBT_JSON_PIECE);
    for (size_t at = 0; at < WMBT_JSON_PIECE; at += 16u) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in->data + at));
        _mm_storeu_si128((__m128i *)(void *)(window + at), v);
        others |= wmbt_json_others16(v) << at;
    }
    in->data += WMBT_JSON_PIECE;
    in->left -= WMBT_JSON_PIECE;
    return others;
}

#    endif

#endif
