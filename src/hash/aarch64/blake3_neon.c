/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3 kernel for AArch64: four messages by lanes; one alone is quicker without vectors. */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 && WMBT_BLAKE3_NEON

#    include "hash/blake3_rounds.h"

typedef uint32_t wmbt_neon __attribute__((vector_size(16)));

/* 16 bytes at any address, also where the compiler may not make unaligned accesses. */
static inline wmbt_neon wmbt_neon_load(const uint8_t *p)
{
    wmbt_neon v;
    __asm__("ld1 {%0.16b}, [%1]" : "=w"(v) : "r"(p), "m"(*(const uint8_t(*)[16])p));
    return v;
}

static inline void wmbt_neon_store(uint32_t *p, wmbt_neon v)
{
    for (size_t i = 0; i < 4u; i++) {
        p[i] = v[i];
    }
}

static inline wmbt_neon wmbt_neon_rotate_16(wmbt_neon v)
{
    __asm__("rev32 %0.8h, %1.8h" : "=w"(v) : "w"(v));
    return v;
}

#    define WMBT_NEON_ROTATE(name, right)              \
        static inline wmbt_neon name(wmbt_neon v)      \
        {                                              \
            return v >> (right) | v << (32 - (right)); \
        }
WMBT_NEON_ROTATE(wmbt_neon_rotate_12, 12)
WMBT_NEON_ROTATE(wmbt_neon_rotate_8, 8)
WMBT_NEON_ROTATE(wmbt_neon_rotate_7, 7)

#    undef WMBT_BLAKE3_ROTATE
#    define WMBT_BLAKE3_ROTATE(v, right) wmbt_neon_rotate_##right(v)
#    define WMBT_LANES_NAME wmbt_blake3_neon_lanes
#    define WMBT_LANES_TARGET
#    define WMBT_LANES_COUNT 4
#    define WMBT_LANES_V wmbt_neon
#    define WMBT_LANES_N wmbt_neon
#    define WMBT_LANES_LOW32(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#    define WMBT_LANES_HIGH32(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#    define WMBT_LANES_LOW64(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#    define WMBT_LANES_HIGH64(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#    define WMBT_LANES_LOAD(p, at) wmbt_neon_load((p)[0] + (at))
#    define WMBT_LANES_STORE(to, v, group) ((void)(group), wmbt_neon_store(to, v))
#    define WMBT_LANES_LATE(v) __asm__("" : "+w"(v))
#    include "hash/blake3_lanes.h"

void wmbt_blake3_run_neon(const wmbt_blake3_run *run)
{
    if (run->count == 1u) {
        wmbt_blake3_run_portable(run);
        return;
    }
    for (size_t at = 0; at < run->count; at += 4u) {
        size_t left = run->count - at;
        wmbt_blake3_neon_lanes(run, at, left < 4u ? left : 4u);
    }
}

#endif
