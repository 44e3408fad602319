/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C kernel for RISC-V with carry-less multiplication (Zbc): two accumulators of two words
 * each, words of 32 or 64 bits. No table: Barrett's reduction ends it.
 */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C && WMBT_CRC32C_ZBC

#    include "base/le.h"
#    include "hash/crc32c_constants.h"

#    if __riscv_xlen == 64
typedef uint64_t wmbt_zbc_word;
#        define WMBT_ZBC_FIRST_TWO WMBT_CRC32C_FOLD_FIRST_32 /* forward by two accumulators */
#        define WMBT_ZBC_SECOND_TWO WMBT_CRC32C_FOLD_SECOND_32
#        define WMBT_ZBC_FIRST_ONE WMBT_CRC32C_FOLD_FIRST_16
#        define WMBT_ZBC_SECOND_ONE WMBT_CRC32C_FOLD_SECOND_16
#    else
typedef uint32_t wmbt_zbc_word;
#        define WMBT_ZBC_FIRST_TWO WMBT_CRC32C_FOLD32_FIRST_16
#        define WMBT_ZBC_SECOND_TWO WMBT_CRC32C_FOLD32_SECOND_16
#        define WMBT_ZBC_FIRST_ONE WMBT_CRC32C_FOLD32_FIRST_8
#        define WMBT_ZBC_SECOND_ONE WMBT_CRC32C_FOLD32_SECOND_8
#    endif
#    define WMBT_ZBC_BYTES ((size_t)sizeof(wmbt_zbc_word))

/* The low and the high word of a product without carries. */
static inline wmbt_zbc_word wmbt_zbc_low(wmbt_zbc_word a, wmbt_zbc_word b)
{
    wmbt_zbc_word product;
    __asm__("clmul %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

static inline wmbt_zbc_word wmbt_zbc_high(wmbt_zbc_word a, wmbt_zbc_word b)
{
    wmbt_zbc_word product;
    __asm__("clmulh %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

/* The register after a word that was added to it. */
static inline uint32_t wmbt_zbc_reduce(wmbt_zbc_word v)
{
#    if __riscv_xlen == 64
    return (uint32_t)wmbt_zbc_high(wmbt_zbc_low(v, WMBT_CRC32C_QUOTIENT_64),
                                   WMBT_CRC32C_POLYNOMIAL_33);
#    else
    wmbt_zbc_word quotient = wmbt_zbc_low(v, WMBT_CRC32C_QUOTIENT_32);
    return wmbt_zbc_high(quotient, (uint32_t)(WMBT_CRC32C_POLYNOMIAL_33 & UINT32_MAX)) ^ quotient;
#    endif
}

/* A word of the source at an address that is a multiple of its size, copied if dst is not NULL. */
static inline wmbt_zbc_word wmbt_zbc_take(uint8_t *dst, const uint8_t *src)
{
    typedef wmbt_zbc_word __attribute__((__may_alias__)) any;
    wmbt_zbc_word word = *(const any *)(const void *)src;
    if (dst != NULL) {
#    if __riscv_xlen == 64
        wmbt_store_le64(dst, word);
#    else
        wmbt_store_le32(dst, word);
#    endif
    }
    return word;
}

typedef struct wmbt_zbc_pair {
    wmbt_zbc_word first, second;
} wmbt_zbc_pair;

/* x moved forward, plus two words. */
static inline void wmbt_zbc_fold(wmbt_zbc_pair *x, wmbt_zbc_word by_first, wmbt_zbc_word by_second,
                                 wmbt_zbc_word first, wmbt_zbc_word second)
{
    wmbt_zbc_word low = wmbt_zbc_low(x->first, by_first) ^ wmbt_zbc_low(x->second, by_second);
    wmbt_zbc_word high = wmbt_zbc_high(x->first, by_first) ^ wmbt_zbc_high(x->second, by_second);
    x->first = low ^ first;
    x->second = high ^ second;
}

/* Up to a word's bytes less one. */
static uint32_t wmbt_zbc_rest(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    wmbt_zbc_word v = 0;
    if (n == 0u) {
        return state;
    }
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = src[i];
        if (dst != NULL) {
            dst[i] = byte;
        }
        v |= (wmbt_zbc_word)byte << 8u * i;
    }
    uint32_t beyond = n < 4u ? state >> 8u * n : 0u; /* of the register, that no byte meets */
    return wmbt_zbc_reduce((v ^ state) << 8u * (WMBT_ZBC_BYTES - n)) ^ beyond;
}

static inline uint32_t wmbt_zbc_any(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    const size_t word = WMBT_ZBC_BYTES;
    size_t skew = (size_t)(0u - (uintptr_t)src) & (word - 1u);
    skew = skew < n ? skew : n;
    state = wmbt_zbc_rest(state, dst, src, skew);
    src += skew;
    n -= skew;
    dst = dst == NULL ? NULL : dst + skew;
    if (n >= 8u * word) {
        wmbt_zbc_pair a, b;
        a.first = wmbt_zbc_take(dst, src) ^ state;
        a.second = wmbt_zbc_take(dst == NULL ? NULL : dst + word, src + word);
        b.first = wmbt_zbc_take(dst == NULL ? NULL : dst + 2u * word, src + 2u * word);
        b.second = wmbt_zbc_take(dst == NULL ? NULL : dst + 3u * word, src + 3u * word);
        for (src += 4u * word, n -= 4u * word; n >= 4u * word; n -= 4u * word, src += 4u * word) {
            wmbt_zbc_word words[4];
            dst = dst == NULL ? NULL : dst + 4u * word;
            words[0] = wmbt_zbc_take(dst, src);
            words[1] = wmbt_zbc_take(dst == NULL ? NULL : dst + word, src + word);
            words[2] = wmbt_zbc_take(dst == NULL ? NULL : dst + 2u * word, src + 2u * word);
            words[3] = wmbt_zbc_take(dst == NULL ? NULL : dst + 3u * word, src + 3u * word);
            wmbt_zbc_fold(&a, WMBT_ZBC_FIRST_TWO, WMBT_ZBC_SECOND_TWO, words[0], words[1]);
            wmbt_zbc_fold(&b, WMBT_ZBC_FIRST_TWO, WMBT_ZBC_SECOND_TWO, words[2], words[3]);
        }
        dst = dst == NULL ? NULL : dst + 4u * word;
        wmbt_zbc_fold(&a, WMBT_ZBC_FIRST_ONE, WMBT_ZBC_SECOND_ONE, b.first, b.second);
        state = wmbt_zbc_reduce(wmbt_zbc_reduce(a.first) ^ a.second);
    }
    for (; n >= word; n -= word, src += word) {
        wmbt_zbc_word v = wmbt_zbc_take(dst, src);
        dst = dst == NULL ? NULL : dst + word;
        state = wmbt_zbc_reduce(v ^ state);
    }
    return wmbt_zbc_rest(state, dst, src, n);
}

/* Once with and once without a copy, so that no loop asks. */
uint32_t wmbt_crc32c_zbc(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    return dst == NULL ? wmbt_zbc_any(state, NULL, src, n) : wmbt_zbc_any(state, dst, src, n);
}

/* The product, moved up by the bit that reflection costs, is H x^32 + L: H is reduced as a word
 * that L follows. */
uint32_t wmbt_crc32c_product_zbc(uint32_t a, uint32_t b)
{
#    if __riscv_xlen == 64
    uint64_t product = wmbt_zbc_low(a, b) << 1;
    return wmbt_zbc_reduce((uint64_t)(uint32_t)product << 32) ^ (uint32_t)(product >> 32);
#    else
    uint32_t low = wmbt_zbc_low(a, b), high = wmbt_zbc_high(a, b);
    return wmbt_zbc_reduce(low << 1) ^ (high << 1 | low >> 31);
#    endif
}

/* Moves `state` forward by n bytes. */
uint32_t wmbt_crc32c_shift_zbc(uint32_t state, uint64_t n)
{
    static const uint32_t powers[] = WMBT_CRC32C_POWERS;
    for (size_t k = 3; n != 0u; n >>= 1) { /* x^8 is x^(2^3) */
        if ((n & 1u) != 0u) {
            state = wmbt_crc32c_product_zbc(state, powers[k]);
        }
        k = k + 1u == sizeof powers / sizeof powers[0] ? 0u : k + 1u;
    }
    return state;
}

#endif
