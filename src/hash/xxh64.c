/* SPDX-License-Identifier: Apache-2.0 */
/* XXH64. */
#include "wombatkv/xxh64.h"

#include "base/bytes.h"
#include "base/le.h"
#include "hash/mul64.h"

#if WMBT_CFG_XXH64

#    define WMBT_XXH64_P1 UINT64_C(0x9E3779B185EBCA87)
#    define WMBT_XXH64_P2 UINT64_C(0xC2B2AE3D27D4EB4F)
#    define WMBT_XXH64_P3 UINT64_C(0x165667B19E3779F9)
#    define WMBT_XXH64_P4 UINT64_C(0x85EBCA77C2B2AE63)
#    define WMBT_XXH64_P5 UINT64_C(0x27D4EB2F165667C5)
#    define WMBT_XXH64_BLOCK_BYTES 32u

/* wmbt_xxh64_mix: v rotated to the left by 0 to 31 bits, times factor. All steps are made of it. */
#    if WMBT_WIDE_REGISTERS
static inline uint64_t wmbt_xxh64_mix(uint64_t v, uint64_t factor, unsigned left)
{
    return (v << left | v >> 1 >> (63u - left)) * factor;
}
#    else
/* A call, and by halves: the product takes several instructions here, a 64-bit shift by a variable
 * many or a function of the compiler's, and text is scarcer than time. */
static WMBT_NOINLINE uint64_t wmbt_xxh64_mix(uint64_t v, uint64_t factor, unsigned left)
{
    uint32_t low = (uint32_t)v, high = (uint32_t)(v >> 32);
    uint32_t new_low = low << left | high >> 1 >> (31u - left);
    uint32_t new_high = high << left | low >> 1 >> (31u - left);
    return wmbt_mul64((uint64_t)new_high << 32 | new_low, factor);
}
#    endif

static uint64_t wmbt_xxh64_round(uint64_t acc, uint64_t input)
{
    return wmbt_xxh64_mix(acc + wmbt_xxh64_mix(input, WMBT_XXH64_P2, 0), WMBT_XXH64_P1, 31);
}

/* The whole blocks at the beginning of `left` bytes. */
#    if WMBT_CFG_XXH_KERNEL == 1
static size_t wmbt_xxh64_blocks(uint64_t acc[4], const uint8_t *p, size_t left)
{
    size_t n = 0;
    for (; left - n >= WMBT_XXH64_BLOCK_BYTES; n += WMBT_XXH64_BLOCK_BYTES) {
        for (unsigned i = 0; i < 4u; i++) {
            acc[i] = wmbt_xxh64_round(acc[i], wmbt_load_le64(p + n + 8u * i));
        }
    }
    return n;
}
#    else
static size_t wmbt_xxh64_blocks(uint64_t acc[4], const uint8_t *p, size_t left)
{
    uint64_t a = acc[0], b = acc[1], c = acc[2], d = acc[3]; /* four chains at once */
    size_t n = 0;
    for (; left - n >= WMBT_XXH64_BLOCK_BYTES; n += WMBT_XXH64_BLOCK_BYTES) {
        a = wmbt_xxh64_round(a, wmbt_load_le64(p + n));
        b = wmbt_xxh64_round(b, wmbt_load_le64(p + n + 8));
        c = wmbt_xxh64_round(c, wmbt_load_le64(p + n + 16));
        d = wmbt_xxh64_round(d, wmbt_load_le64(p + n + 24));
        /* Else compilers make a vector of the four where they can: its products take longer. */
        WMBT_HIDE_NUMBER(a);
        WMBT_HIDE_NUMBER(b);
        WMBT_HIDE_NUMBER(c);
        WMBT_HIDE_NUMBER(d);
    }
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
    return n;
}
#    endif

void wmbt_xxh64_init(wmbt_xxh64 *x, uint64_t seed)
{
    x->total = 0;
    x->acc[0] = seed + (WMBT_XXH64_P1 + WMBT_XXH64_P2);
    x->acc[1] = seed + WMBT_XXH64_P2;
    x->acc[2] = seed; /* which a hash of less than a block starts from */
    x->acc[3] = seed - WMBT_XXH64_P1;
}

void wmbt_xxh64_update(wmbt_xxh64 *x, wmbt_view bytes)
{
    const uint8_t *p = bytes.data;
    size_t left = p == NULL ? 0u : bytes.len;
    size_t fill = (size_t)(x->total & (WMBT_XXH64_BLOCK_BYTES - 1u));
    x->total += left;
    if (fill != 0u) {
        size_t room = WMBT_XXH64_BLOCK_BYTES - fill;
        size_t n = left < room ? left : room;
        wmbt_bytes_copy(x->block + fill, p, n);
        if (n < room) {
            return;
        }
        (void)wmbt_xxh64_blocks(x->acc, x->block, WMBT_XXH64_BLOCK_BYTES);
        p += n;
        left -= n;
    }
    size_t done = wmbt_xxh64_blocks(x->acc, p, left);
    if (left != done) { /* nothing is added to a pointer that may be NULL */
        wmbt_bytes_copy(x->block, p + done, left - done);
    }
}

/* Adds a word at the end. */
static uint64_t wmbt_xxh64_add(uint64_t h, uint64_t word, unsigned left)
{
    return wmbt_xxh64_mix(h ^ wmbt_xxh64_round(0, word), WMBT_XXH64_P1, left) + WMBT_XXH64_P4;
}

uint64_t wmbt_xxh64_final(const wmbt_xxh64 *x)
{
    static const uint8_t lefts[4] = {1, 7, 12, 18};
    uint64_t h = x->acc[2] + WMBT_XXH64_P5;
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

uint64_t wmbt_xxh64_once(wmbt_view bytes, uint64_t seed)
{
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, seed);
    wmbt_xxh64_update(&x, bytes);
    return wmbt_xxh64_final(&x);
}

#endif
