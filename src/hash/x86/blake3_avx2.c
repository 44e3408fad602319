/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel for AVX2: one, two or four messages by rows, eight by lanes. */
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
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
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
#    define WMBT_ROWS_LATE(v) WMBT_X86_LATE(v)
#    define WMBT_ROWS_NOW(v) WMBT_X86_NOW(v)
#    include "hash/x86/blake3_rows.h"

/* Four messages in two vectors: while one waits for itself, the other goes on. */
typedef struct wmbt_x86_twice {
    __m256i low, high;
} wmbt_x86_twice;

#    define WMBT_TWICE(name, parameters, low, high)                   \
        WMBT_TARGET(WMBT_BLAKE3_AVX2_TARGET)                          \
        static inline wmbt_x86_twice wmbt_x86_twice_##name parameters \
        {                                                             \
            wmbt_x86_twice both = {low, high};                        \
            return both;                                              \
        }

WMBT_TWICE(add, (wmbt_x86_twice a, wmbt_x86_twice b), _mm256_add_epi32(a.low, b.low),
           _mm256_add_epi32(a.high, b.high))
WMBT_TWICE(xor, (wmbt_x86_twice a, wmbt_x86_twice b), _mm256_xor_si256(a.low, b.low),
           _mm256_xor_si256(a.high, b.high))
WMBT_TWICE(blend, (wmbt_x86_twice a, wmbt_x86_twice b), _mm256_blend_epi32(a.low, b.low, 0x88),
           _mm256_blend_epi32(a.high, b.high, 0x88))
WMBT_TWICE(above, (wmbt_x86_twice a, wmbt_x86_twice b), _mm256_unpackhi_epi32(a.low, b.low),
           _mm256_unpackhi_epi32(a.high, b.high))
WMBT_TWICE(same, (__m256i v), v, v)
WMBT_TWICE(load, (const uint8_t *const p[4], size_t at), wmbt_x86_load2(p[0] + at, p[1] + at),
           wmbt_x86_load2(p[2] + at, p[3] + at))
WMBT_TWICE(rotate_16, (wmbt_x86_twice v), wmbt_x86_rotate2_16(v.low), wmbt_x86_rotate2_16(v.high))
WMBT_TWICE(rotate_12, (wmbt_x86_twice v), wmbt_x86_rotate2_12(v.low), wmbt_x86_rotate2_12(v.high))
WMBT_TWICE(rotate_8, (wmbt_x86_twice v), wmbt_x86_rotate2_8(v.low), wmbt_x86_rotate2_8(v.high))
WMBT_TWICE(rotate_7, (wmbt_x86_twice v), wmbt_x86_rotate2_7(v.low), wmbt_x86_rotate2_7(v.high))

/* Operations whose last operand is a constant of the instruction. */
#    define WMBT_TWICE_SHUFFLE(v, which)                        \
        ((wmbt_x86_twice){_mm256_shuffle_epi32((v).low, which), \
                          _mm256_shuffle_epi32((v).high, which)})
#    define WMBT_TWICE_SHUFFLE2(a, b, which)                            \
        ((wmbt_x86_twice){WMBT_X86_SHUFFLE2_2((a).low, (b).low, which), \
                          WMBT_X86_SHUFFLE2_2((a).high, (b).high, which)})

#    define WMBT_ROWS_NAME wmbt_blake3_avx2_rows4
#    define WMBT_ROWS_TARGET WMBT_BLAKE3_AVX2_TARGET
#    define WMBT_ROWS_COUNT 4
#    define WMBT_ROWS_V wmbt_x86_twice
#    define WMBT_ROWS_ADD(a, b) wmbt_x86_twice_add(a, b)
#    define WMBT_ROWS_XOR(a, b) wmbt_x86_twice_xor(a, b)
#    define WMBT_ROWS_ROTATE(v, right) wmbt_x86_twice_rotate_##right(v)
#    define WMBT_ROWS_SHUFFLE(v, which) WMBT_TWICE_SHUFFLE(v, which)
#    define WMBT_ROWS_SHUFFLE2(a, b, which) WMBT_TWICE_SHUFFLE2(a, b, which)
#    define WMBT_ROWS_BLEND(a, b) wmbt_x86_twice_blend(a, b)
#    define WMBT_ROWS_HIGH(a, b) wmbt_x86_twice_above(a, b)
#    define WMBT_ROWS_SAME(w0, w1, w2, w3) wmbt_x86_twice_same(wmbt_x86_same2(w0, w1, w2, w3))
#    define WMBT_ROWS_LOAD(p, at) wmbt_x86_twice_load(p, at)
#    define WMBT_ROWS_STORE(to, v, i) wmbt_x86_store2(to, (i) < 2u ? (v).low : (v).high, (i) & 1u)
#    define WMBT_ROWS_LATE(v) __asm__("" : "+x"((v).low), "+x"((v).high))
#    define WMBT_ROWS_NOW(v) __asm__ __volatile__("" : "+x"((v).low), "+x"((v).high))
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
        } else if (left <= 4u) {
            wmbt_blake3_avx2_rows4(run, at, left);
        } else {
            wmbt_blake3_avx2_lanes(run, at, used);
        }
        at += used;
    }
}

#endif
