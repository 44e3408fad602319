/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel for SSE4.1: one message by rows, four by lanes. */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 && WMBT_BLAKE3_SSE41

#    include "hash/blake3_rounds.h"
#    include "hash/x86/blake3_vectors.h"

#    define WMBT_BLAKE3_SSE41_TARGET "sse4.1,ssse3"

#    define WMBT_ROWS_NAME wmbt_blake3_sse41_row
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_SSE41_TARGET
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
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
#    include "hash/x86/blake3_rows.h"

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) ((wmbt_x86_n128)wmbt_x86_rotate_##right((__m128i)(v)))
#    define WMBT_LANES_NAME wmbt_blake3_sse41_lanes
#    define WMBT_LANES_TARGET WMBT_TARGET(WMBT_BLAKE3_SSE41_TARGET)
#    define WMBT_LANES_COUNT 4
#    define WMBT_LANES_V __m128i
#    define WMBT_LANES_N wmbt_x86_n128
#    define WMBT_LANES_LOW32(a, b) _mm_unpacklo_epi32(a, b)
#    define WMBT_LANES_HIGH32(a, b) _mm_unpackhi_epi32(a, b)
#    define WMBT_LANES_LOW64(a, b) _mm_unpacklo_epi64(a, b)
#    define WMBT_LANES_HIGH64(a, b) _mm_unpackhi_epi64(a, b)
#    define WMBT_LANES_LOAD(p, at) wmbt_x86_load((p)[0] + (at))
#    define WMBT_LANES_STORE(to, v, group) ((void)(group), wmbt_x86_store(to, (__m128i)(v)))
#    define WMBT_LANES_LATE(v) __asm__("" : "+x"(v))
#    include "hash/blake3_lanes.h"

WMBT_TARGET(WMBT_BLAKE3_SSE41_TARGET)
void wmbt_blake3_run_sse41(const wmbt_blake3_run *run)
{
    size_t at = 0;
    for (; run->count - at > 1u; at += 4u) {
        size_t left = run->count - at;
        wmbt_blake3_sse41_lanes(run, at, left < 4u ? left : 4u);
        if (left <= 4u) {
            return;
        }
    }
    if (at < run->count) {
        wmbt_blake3_sse41_row(run, at, 1);
    }
}

#endif
