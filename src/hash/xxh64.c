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

#    if WMBT_WIDE_MULTIPLY
/* A call on 32-bit machines, where the product takes several instructions and stands in many
 * places: text is scarcer there than time. */
#        if UINTPTR_MAX <= UINT32_MAX
static WMBT_NOINLINE uint64_t wmbt_xxh64_times(uint64_t a, uint64_t b)
#        else
static inline uint64_t wmbt_xxh64_times(uint64_t a, uint64_t b)
#        endif
{
    return a * b;
}
#    else
/* By products of 16 bits, which every machine has. */
static WMBT_NOINLINE uint64_t wmbt_xxh64_times(uint64_t a, uint64_t b)
{
    uint32_t a0 = (uint32_t)a & 0xFFFFu, a1 = (uint32_t)a >> 16;
    uint32_t b0 = (uint32_t)b & 0xFFFFu, b1 = (uint32_t)b >> 16;
    uint32_t low = a0 * b0;
    uint32_t middle = a1 * b0 + (low >> 16); /* at most FFFF x FFFF + FFFF: no overflow */
    uint32_t middle2 = a0 * b1 + (middle & 0xFFFFu);
    uint32_t high = a1 * b1 + (middle >> 16) + (middle2 >> 16);
    high += (uint32_t)a * (uint32_t)(b >> 32) + (uint32_t)(a >> 32) * (uint32_t)b;
    return (uint64_t)high << 32 | (middle2 << 16 | (low & 0xFFFFu));
}
#    endif

static inline uint64_t wmbt_xxh64_rotate(uint64_t v, unsigned left)
{
    return v << left | v >> (64u - left);
}

static uint64_t wmbt_xxh64_round(uint64_t acc, uint64_t input)
{
    acc += wmbt_xxh64_times(input, WMBT_XXH64_P2);
    return wmbt_xxh64_times(wmbt_xxh64_rotate(acc, 31), WMBT_XXH64_P1);
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

uint64_t wmbt_xxh64_final(const wmbt_xxh64 *x)
{
    uint64_t h = WMBT_XXH64_P5;
    if (x->total >= WMBT_XXH64_BLOCK_BYTES) {
        h = wmbt_xxh64_rotate(x->acc[0], 1) + wmbt_xxh64_rotate(x->acc[1], 7) +
            wmbt_xxh64_rotate(x->acc[2], 12) + wmbt_xxh64_rotate(x->acc[3], 18);
        for (unsigned i = 0; i < 4u; i++) {
            h ^= wmbt_xxh64_round(0, x->acc[i]);
            h = wmbt_xxh64_times(h, WMBT_XXH64_P1) + WMBT_XXH64_P4;
        }
    }
    h += x->total;
    const uint8_t *p = x->block;
    size_t left = (size_t)(x->total & (WMBT_XXH64_BLOCK_BYTES - 1u));
    for (; left >= 8u; left -= 8u, p += 8) {
        h ^= wmbt_xxh64_round(0, wmbt_load_le64(p));
        h = wmbt_xxh64_times(wmbt_xxh64_rotate(h, 27), WMBT_XXH64_P1) + WMBT_XXH64_P4;
    }
    if (left >= 4u) {
        h ^= wmbt_xxh64_times(wmbt_load_le32(p), WMBT_XXH64_P1);
        h = wmbt_xxh64_times(wmbt_xxh64_rotate(h, 23), WMBT_XXH64_P2) + WMBT_XXH64_P3;
        p += 4;
        left -= 4u;
    }
    for (; left != 0u; left--, p++) {
        h ^= wmbt_xxh64_times(*p, WMBT_XXH64_P5);
        h = wmbt_xxh64_times(wmbt_xxh64_rotate(h, 11), WMBT_XXH64_P1);
    }
    h = wmbt_xxh64_times(h ^ h >> 33, WMBT_XXH64_P2);
    h = wmbt_xxh64_times(h ^ h >> 29, WMBT_XXH64_P3);
    return h ^ h >> 32;
}

#endif
