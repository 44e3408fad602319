/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64 with seed 0. */
#include "hash/xxh64.h"

#include "base/bytes.h"
#include "base/le.h"

#if WMBT_CFG_ZSTD

#    define WMBT_XXH64_P1 UINT64_C(0x9E3779B185EBCA87)
#    define WMBT_XXH64_P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#    define WMBT_XXH64_P3 UINT64_C(0x165667B19E3779F9)
#    define WMBT_XXH64_P4 UINT64_C(0x85EBCA77C2B2AE63)
#    define WMBT_XXH64_P5 UINT64_C(0x27D4EB2F165667C5)
#    define WMBT_XXH64_BLOCK_BYTES 32u

/* wmbt_xxh64_mix: v rotated to the left by 0 to 31 bits, times factor. All steps are made of it. */
#    if UINTPTR_MAX > UINT32_MAX
static inline uint64_t wmbt_xxh64_mix(uint64_t v, uint64_t factor, unsigned left)
{
    return (v << left | v >> 1 >> (63u - left)) * factor;
}
#    else
static inline uint64_t wmbt_xxh64_times(uint64_t a, uint64_t b)
{
#        if WMBT_WIDE_MULTIPLY
    return a * b;
#        else
    /* By products of 16 bits, which every machine has. */
    uint32_t a0 = (uint32_t)a & 0xFFFFu, a1 = (uint32_t)a >> 16;
    uint32_t b0 = (uint32_t)b & 0xFFFFu, b1 = (uint32_t)b >> 16;
    uint32_t low = a0 * b0;
    uint32_t middle = a1 * b0 + (low >> 16); /* at most FFFF x FFFF + FFFF: no overflow */
    uint32_t middle2 = a0 * b1 + (middle & 0xFFFFu);
    uint32_t high = a1 * b1 + (middle >> 16) + (middle2 >> 16);
    high += (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return (uint64_t)high << 32 | (middle2 << 16 | (low & 0xFFFFu));
#        endif
}

/* A call, and by halves: the product takes several instructions here, a 64-bit shift by a variable
 * many or a function of the compiler's, and text is scarcer than time. */
static WMBT_NOINLINE uint64_t wmbt_xxh64_mix(uint64_t v, uint64_t factor, unsigned left)
{
    uint32_t low = (uint32_t)v, high = (uint32_t)(v >> 32);
    uint32_t new_low = low << left | high >> 1 >> (31u - left);
    uint32_t new_high = high << left | low >> 1 >> (31u - left);
    return wmbt_xxh64_times((uint64_t)new_high << 32 | new_low, factor);
}
#    endif

static uint64_t wmbt_xxh64_round(uint64_t acc, uint64_t input)
{
    return wmbt_xxh64_mix(acc + wmbt_xxh64_mix(input, WMBT_XXH64_P2, 0), WMBT_XXH64_P1, 31);
}

static void wmbt_xxh64_block(uint64_t acc[4], const uint8_t *block)
{
    for (unsigned i = 0; i < 4u; i++) {
        acc[i] = wmbt_xxh64_round(acc[i], wmbt_load_le64(block + 8u * i));
    }
}

void wmbt_xxh64_init(wmbt_xxh64 *x)
{
    x->total = 0;
    x->acc[0] = WMBT_XXH64_P1 + WMBT_XXH64_P2;
    x->acc[1] = WMBT_XXH64_P2;
    x->acc[2] = 0;
    x->acc[3] = 0u - WMBT_XXH64_P1;
}

void wmbt_xxh64_update(wmbt_xxh64 *x, wmbt_view bytes)
{
    const uint8_t *p = bytes.data;
    size_t left = bytes.len;
    size_t fill = (size_t)(x->total & (WMBT_XXH64_BLOCK_BYTES - 1u));
    x->total += left;
    if (fill != 0u) {
        size_t room = WMBT_XXH64_BLOCK_BYTES - fill;
        size_t n = left < room ? left : room;
        wmbt_bytes_copy(x->block + fill, p, n);
        if (n < room) {
            return;
        }
        wmbt_xxh64_block(x->acc, x->block);
        p += n;
        left -= n;
    }
    for (; left >= WMBT_XXH64_BLOCK_BYTES; left -= WMBT_XXH64_BLOCK_BYTES) {
        wmbt_xxh64_block(x->acc, p);
        p += WMBT_XXH64_BLOCK_BYTES;
    }
    wmbt_bytes_copy(x->block, p, left);
}

/* Adds a word at the end. */
static uint64_t wmbt_xxh64_add(uint64_t h, uint64_t word, unsigned left)
{
    return wmbt_xxh64_mix(h ^ wmbt_xxh64_round(0, word), WMBT_XXH64_P1, left) + WMBT_XXH64_P4;
}

uint64_t wmbt_xxh64_final(const wmbt_xxh64 *x)
{
    static const uint8_t lefts[4] = {1, 7, 12, 18};
    uint64_t h = WMBT_XXH64_P5;
    if (x->total >= WMBT_XXH64_BLOCK_BYTES) {
        h = 0;
        for (unsigned i = 0; i < 4u; i++) {
            h += wmbt_xxh64_mix(x->acc[i], 1, lefts[i]);
        }
        for (unsigned i = 0; i < 4u; i++) {
            h = wmbt_xxh64_add(h, x->acc[i], 0);
        }
    }
    h += x->total;
    const uint8_t *p = x->block;
    size_t left = (size_t)(x->total & (WMBT_XXH64_BLOCK_BYTES - 1u));
    for (; left >= 8u; left -= 8u, p += 8) {
        h = wmbt_xxh64_add(h, wmbt_load_le64(p), 27);
    }
    if (left >= 4u) {
        h ^= wmbt_xxh64_mix(wmbt_load_le32(p), WMBT_XXH64_P1, 0);
        h = wmbt_xxh64_mix(h, WMBT_XXH64_P2, 23) + WMBT_XXH64_P3;
        p += 4;
        left -= 4u;
    }
    for (; left != 0u; left--, p++) {
        h ^= wmbt_xxh64_mix(*p, WMBT_XXH64_P5, 0);
        h = wmbt_xxh64_mix(h, WMBT_XXH64_P1, 11);
    }
    h = wmbt_xxh64_mix(h ^ h >> 33, WMBT_XXH64_P2, 0);
    h = wmbt_xxh64_mix(h ^ h >> 29, WMBT_XXH64_P3, 0);
    return h ^ h >> 32;
}

#endif
