/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel for AVX2: one or two messages by rows, eight by lanes. */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 && WMBT_BLAKE3_AVX2

#    include "hash/blake3_rounds.h"
#    include "hash/x86/blake3_vectors.h"

#    define WMBT_BLAKE3_AVX2_TARGET "sse4.1,ssse3,avx2"

#    define WMBT_ROWS_NAME wmbt_blake3_avx2_row
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX2_TARGET
#    define WMBT_ROWS_COUNT 1
#    define WMBT_ROWS_V __m128i
#    define WMBT_ROWS_ADD(a, b) _mm_add_epi32(a, b)
#    define WMBT_ROWS_XOR(a, b) _mm_xor_si128(a, b)
#    define WMBT_ROWS_ROTATE(v, right) wmbt_x86_rotate_##right(v)
#    define WMBT_ROWS_SHUFFLE(v, which) _mm_shuffle_epi32(v, which)
#    define WMBT_ROWS_SHUFFLE2(a, b, which) WMBT_X86_SHUFFLE2(a, b, which)
#    define WMBT_ROWS_BLEND(a, b) _mm_blend_epi16(a, b, 0xC0)
#    define WMBT_ROWS_HIGH(a, b) _mm_unpackhi_epi32(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) _mm_set_epi32((int)(w3), (int)(w2), (int)(w1), (int)(w0))
#    define WMBT_ROWS_LOAD(p, at) wmbt_x86_load((p)[0] + (at))
#    define WMBT_ROWS_STORE(to, v, i) ((void)(i), wmbt_x86_store(to, v))
#    include "hash/x86/blake3_rows.h"

#    define WMBT_ROWS_NAME wmbt_blake3_avx2_rows
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX2_TARGET
#    define WMBT_ROWS_COUNT 2
#    define WMBT_ROWS_V __m256i
#    define WMBT_ROWS_ADD(a, b) _mm256_add_epi32(a, b)
#    define WMBT_ROWS_XOR(a, b) _mm256_xor_si256(a, b)
#    define WMBT_ROWS_ROTATE(v, right) wmbt_x86_rotate2_##right(v)
#    define WMBT_ROWS_SHUFFLE(v, which) _mm256_shuffle_epi32(v, which)
#    define WMBT_ROWS_SHUFFLE2(a, b, which) WMBT_X86_SHUFFLE2_2(a, b, which)
#    define WMBT_ROWS_BLEND(a, b) _mm256_blend_epi32(a, b, 0x88)
#    define WMBT_ROWS_HIGH(a, b) _mm256_unpackhi_epi32(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) wmbt_x86_same2(w0, w1, w2, w3)
#    define WMBT_ROWS_LOAD(p, at) wmbt_x86_load2((p)[0] + (at), (p)[1] + (at))
#    define WMBT_ROWS_STORE(to, v, i) wmbt_x86_store2(to, v, i)
#    include "hash/x86/blake3_rows.h"

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) ((wmbt_x86_n256)wmbt_x86_rotate2_##right((__m256i)(v)))
#    define WMBT_LANES_NAME wmbt_blake3_avx2_lanes
#    define WMBT_LANES_TARGET WMBT_TARGET(WMBT_BLAKE3_AVX2_TARGET)
#    define WMBT_LANES_COUNT 8
#    define WMBT_LANES_V __m256i
#    define WMBT_LANES_N wmbt_x86_n256
#    define WMBT_LANES_LOW32(a, b) _mm256_unpacklo_epi32(a, b)
#    define WMBT_LANES_HIGH32(a, b) _mm256_unpackhi_epi32(a, b)
#    define WMBT_LANES_LOW64(a, b) _mm256_unpacklo_epi64(a, b)
#    define WMBT_LANES_HIGH64(a, b) _mm256_unpackhi_epi64(a, b)
#    define WMBT_LANES_LOAD(p, at) wmbt_x86_load2((p)[0] + (at), (p)[4] + (at))
#    define WMBT_LANES_STORE(to, v, group) wmbt_x86_store2(to, (__m256i)(v), group)
#    define WMBT_LANES_LATE(v) __asm__("" : "+x"(v))
#    include "hash/blake3_lanes.h"

WMBT_TARGET(WMBT_BLAKE3_AVX2_TARGET)
void wmbt_blake3_run_avx2(const wmbt_blake3_run *run)
{
    for (size_t at = 0; at < run->count;) {
        size_t left = run->count - at, used = left < 8u ? left : 8u;
        if (left == 1u) {
            wmbt_blake3_avx2_row(run, at, 1);
        } else if (left == 2u) {
            wmbt_blake3_avx2_rows(run, at, 2);
        } else {
            wmbt_blake3_avx2_lanes(run, at, used);
        }
        at += used;
    }
}

#endif
