/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel for AVX-512: one, two or four messages by rows, eight or sixteen by lanes. */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 && WMBT_BLAKE3_AVX512

#    include "hash/blake3_rounds.h"
#    include "hash/x86/blake3_vectors.h"

#    define WMBT_BLAKE3_AVX512_TARGET "sse4.1,ssse3,avx2,avx512f,avx512vl"

typedef uint32_t wmbt_x86_n512 __attribute__((vector_size(64)));

WMBT_TARGET(WMBT_BLAKE3_AVX512_TARGET)
static inline __m512i wmbt_x86_load4(const uint8_t *p0, const uint8_t *p1, const uint8_t *p2,
                                     const uint8_t *p3)
{
    __m512i v = _mm512_castsi128_si512(wmbt_x86_load(p0));
    v = _mm512_inserti32x4(v, wmbt_x86_load(p1), 1);
    v = _mm512_inserti32x4(v, wmbt_x86_load(p2), 2);
    return _mm512_inserti32x4(v, wmbt_x86_load(p3), 3);
}

WMBT_TARGET(WMBT_BLAKE3_AVX512_TARGET)
static inline void wmbt_x86_store4(uint32_t *p, __m512i v, size_t quarter)
{
    __m256i half = quarter < 2u ? _mm512_castsi512_si256(v) : _mm512_extracti64x4_epi64(v, 1);
    wmbt_x86_store2(p, half, quarter & 1u);
}

#    define WMBT_ROWS_NAME wmbt_blake3_avx512_row
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX512_TARGET
#    define WMBT_ROWS_COUNT 1
#    define WMBT_ROWS_V __m128i
#    define WMBT_ROWS_ADD(a, b) _mm_add_epi32(a, b)
#    define WMBT_ROWS_XOR(a, b) _mm_xor_si128(a, b)
#    define WMBT_ROWS_ROTATE(v, right) _mm_ror_epi32(v, right)
#    define WMBT_ROWS_SHUFFLE(v, which) _mm_shuffle_epi32(v, which)
#    define WMBT_ROWS_SHUFFLE2(a, b, which) WMBT_X86_SHUFFLE2(a, b, which)
#    define WMBT_ROWS_BLEND(a, b) _mm_blend_epi16(a, b, 0xC0)
#    define WMBT_ROWS_HIGH(a, b) _mm_unpackhi_epi32(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) _mm_set_epi32((int)(w3), (int)(w2), (int)(w1), (int)(w0))
#    define WMBT_ROWS_LOAD(p, at) wmbt_x86_load((p)[0] + (at))
#    define WMBT_ROWS_STORE(to, v, i) ((void)(i), wmbt_x86_store(to, v))
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
#    include "hash/x86/blake3_rows.h"

#    define WMBT_ROWS_NAME wmbt_blake3_avx512_rows2
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX512_TARGET
#    define WMBT_ROWS_COUNT 2
#    define WMBT_ROWS_V __m256i
#    define WMBT_ROWS_ADD(a, b) _mm256_add_epi32(a, b)
#    define WMBT_ROWS_XOR(a, b) _mm256_xor_si256(a, b)
#    define WMBT_ROWS_ROTATE(v, right) _mm256_ror_epi32(v, right)
#    define WMBT_ROWS_SHUFFLE(v, which) _mm256_shuffle_epi32(v, which)
#    define WMBT_ROWS_SHUFFLE2(a, b, which) WMBT_X86_SHUFFLE2_2(a, b, which)
#    define WMBT_ROWS_BLEND(a, b) _mm256_blend_epi32(a, b, 0x88)
#    define WMBT_ROWS_HIGH(a, b) _mm256_unpackhi_epi32(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) wmbt_x86_same2(w0, w1, w2, w3)
#    define WMBT_ROWS_LOAD(p, at) wmbt_x86_load2((p)[0] + (at), (p)[1] + (at))
#    define WMBT_ROWS_STORE(to, v, i) wmbt_x86_store2(to, v, i)
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
#    include "hash/x86/blake3_rows.h"

#    define WMBT_ROWS_NAME wmbt_blake3_avx512_rows4
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX512_TARGET
#    define WMBT_ROWS_COUNT 4
#    define WMBT_ROWS_V __m512i
#    define WMBT_ROWS_ADD(a, b) _mm512_add_epi32(a, b)
#    define WMBT_ROWS_XOR(a, b) _mm512_xor_si512(a, b)
#    define WMBT_ROWS_ROTATE(v, right) _mm512_ror_epi32(v, right)
#    define WMBT_ROWS_SHUFFLE(v, which) _mm512_shuffle_epi32(v, (_MM_PERM_ENUM)(which))
#    define WMBT_ROWS_SHUFFLE2(a, b, which) \
        _mm512_castps_si512(                \
            _mm512_shuffle_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), which))
#    define WMBT_ROWS_BLEND(a, b) _mm512_mask_blend_epi32(0x8888, a, b)
#    define WMBT_ROWS_HIGH(a, b) _mm512_unpackhi_epi32(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) \
        _mm512_broadcast_i32x4(_mm_set_epi32((int)(w3), (int)(w2), (int)(w1), (int)(w0)))
#    define WMBT_ROWS_LOAD(p, at) \
        wmbt_x86_load4((p)[0] + (at), (p)[1] + (at), (p)[2] + (at), (p)[3] + (at))
#    define WMBT_ROWS_STORE(to, v, i) wmbt_x86_store4(to, v, i)
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
#    include "hash/x86/blake3_rows.h"

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) ((wmbt_x86_n256)_mm256_ror_epi32((__m256i)(v), right))
#    define WMBT_LANES_NAME wmbt_blake3_avx512_lanes8
#    define WMBT_LANES_TARGET WMBT_TARGET(WMBT_BLAKE3_AVX512_TARGET)
#    define WMBT_LANES_COUNT 8
#    define WMBT_LANES_V __m256i
#    define WMBT_LANES_N wmbt_x86_n256
#    define WMBT_LANES_LOW32(a, b) _mm256_unpacklo_epi32(a, b)
#    define WMBT_LANES_HIGH32(a, b) _mm256_unpackhi_epi32(a, b)
#    define WMBT_LANES_LOW64(a, b) _mm256_unpacklo_epi64(a, b)
#    define WMBT_LANES_HIGH64(a, b) _mm256_unpackhi_epi64(a, b)
#    define WMBT_LANES_LOAD(p, at) wmbt_x86_load2((p)[0] + (at), (p)[4] + (at))
#    define WMBT_LANES_STORE(to, v, group) wmbt_x86_store2(to, (__m256i)(v), group)
#    define WMBT_LANES_LATE(v) __asm__("" : "+v"(v))
#    include "hash/blake3_lanes.h"

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) ((wmbt_x86_n512)_mm512_ror_epi32((__m512i)(v), right))
#    define WMBT_LANES_NAME wmbt_blake3_avx512_lanes16
#    define WMBT_LANES_TARGET WMBT_TARGET(WMBT_BLAKE3_AVX512_TARGET)
#    define WMBT_LANES_COUNT 16
#    define WMBT_LANES_V __m512i
#    define WMBT_LANES_N wmbt_x86_n512
#    define WMBT_LANES_LOW32(a, b) _mm512_unpacklo_epi32(a, b)
#    define WMBT_LANES_HIGH32(a, b) _mm512_unpackhi_epi32(a, b)
#    define WMBT_LANES_LOW64(a, b) _mm512_unpacklo_epi64(a, b)
#    define WMBT_LANES_HIGH64(a, b) _mm512_unpackhi_epi64(a, b)
#    define WMBT_LANES_LOAD(p, at) \
        wmbt_x86_load4((p)[0] + (at), (p)[4] + (at), (p)[8] + (at), (p)[12] + (at))
#    define WMBT_LANES_STORE(to, v, group) wmbt_x86_store4(to, (__m512i)(v), group)
#    define WMBT_LANES_LATE(v) __asm__("" : "+v"(v))
#    include "hash/blake3_lanes.h"

WMBT_TARGET(WMBT_BLAKE3_AVX512_TARGET)
void wmbt_blake3_run_avx512(const wmbt_blake3_run *run)
{
    for (size_t at = 0; at < run->count;) {
        size_t left = run->count - at, used = left < 16u ? left : 16u;
        if (left == 1u) {
            wmbt_blake3_avx512_row(run, at, 1);
        } else if (left == 2u) {
            wmbt_blake3_avx512_rows2(run, at, 2);
        } else if (left <= 4u) {
            wmbt_blake3_avx512_rows4(run, at, left);
        } else if (left <= 8u) {
            wmbt_blake3_avx512_lanes8(run, at, left);
        } else {
            wmbt_blake3_avx512_lanes16(run, at, used);
        }
        at += used;
    }
}

#endif
