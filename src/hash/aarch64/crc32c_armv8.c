/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C kernels for the CRC32 instructions of Armv8: three streams, since an instruction takes two
 * or three cycles and one can start in each. Streams are joined by carry-less products (PMULL) or,
 * where there are none, by portable ones.
 */
#include "hash/kernel.h"

#if WMBT_CFG_CRC32C && WMBT_CRC32C_ARMV8

#    include "base/bytes.h"
#    include "base/le.h"
#    include "hash/crc32c_constants.h"
#    include "wombatkv/crc32c.h"

#    define WMBT_ARMV8_STREAM 1024u /* bytes */

/* The assembler is told, since the compiler need not know. */
static inline uint32_t wmbt_armv8_word(uint32_t state, uint64_t word)
{
    __asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1" : "+r"(state) : "r"(word));
    return state;
}

static inline uint32_t wmbt_armv8_byte(uint32_t state, uint8_t byte)
{
    __asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(state) : "r"(byte));
    return state;
}

/* Eight bytes to any address, by one store where the machine has one. */
static inline void wmbt_armv8_put(uint8_t *dst, uint64_t word)
{
#    if defined(__ARM_FEATURE_UNALIGNED) && defined(WMBT_UNALIGNED_U64_IS_LE)
    typedef WMBT_UNALIGNED_U64 any;
    *(any *)dst = word;
#    else
    wmbt_store_le64(dst, word);
#    endif
}

/* Eight bytes of the source at a multiple of 8, copied if dst is not NULL. */
static inline uint64_t wmbt_armv8_take(uint8_t *dst, const uint8_t *src)
{
    typedef uint64_t __attribute__((__may_alias__)) any;
    uint64_t word = *(const any *)(const void *)src;
#    ifndef __AARCH64EL__
    word = __builtin_bswap64(word);
#    endif
    if (dst != NULL) {
        wmbt_armv8_put(dst, word);
    }
    return word;
}

/* Sixteen bytes from a multiple of 8 on, as two words, and p behind them: one instruction. Left to
 * themselves, compilers load by way of vectors or compute an address for each word. */
static inline uint64_t wmbt_armv8_pair(const uint8_t **p, uint64_t *second)
{
    uint64_t first;
    /* "memory" instead of an operand, which would keep the old p. */
    __asm__ __volatile__("ldp %x0, %x1, [%2], #16"
                         : "=&r"(first), "=&r"(*second), "+&r"(*p)
                         :
                         : "memory");
#    ifndef __AARCH64EL__
    first = __builtin_bswap64(first);
    *second = __builtin_bswap64(*second);
#    endif
    return first;
}

static inline uint8_t *wmbt_armv8_on(uint8_t *dst, size_t n)
{
    return dst == NULL ? NULL : dst + n;
}

static uint32_t wmbt_armv8_bytes(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = src[i];
        if (dst != NULL) {
            dst[i] = byte;
        }
        state = wmbt_armv8_byte(state, byte);
    }
    return state;
}

/* a, b, c: the registers of three streams, one behind the other. */
static uint32_t wmbt_armv8_join(uint32_t a, uint32_t b, uint32_t c)
{
    return wmbt_crc32c_combine_shift(a, wmbt_crc32c_combine_shift(b, c, WMBT_CRC32C_SHIFT_1024),
                                     WMBT_CRC32C_SHIFT_2048);
}

#    if WMBT_CRC32C_ARMV8_PMULL
/* What a product of registers is before its reduction. */
static inline uint64_t wmbt_armv8_product(uint32_t a, uint32_t b)
{
    uint64_t product;
    __asm__(".arch_extension crypto\n\t"
            "fmov d30, %x1\n\tfmov d31, %x2\n\tpmull v30.1q, v30.1d, v31.1d\n\tfmov %x0, d30"
            : "=r"(product)
            : "r"((uint64_t)a), "r"((uint64_t)b)
            : "v30", "v31");
    return product;
}
#    endif

/* Three streams, from a multiple of 8 on. */
static inline uint32_t wmbt_armv8_three(uint32_t state, uint8_t *dst, const uint8_t *src,
                                        bool pmull)
{
    const size_t far = WMBT_ARMV8_STREAM;
    uint32_t a = state, b = 0, c = 0;
    if (dst == NULL) {
        const uint8_t *pa = src, *pb = src + far, *pc = pb + far;
        const uint8_t *const end = pb;
        do {
            uint64_t a1, b1, c1;
            uint64_t a0 = wmbt_armv8_pair(&pa, &a1);
            uint64_t b0 = wmbt_armv8_pair(&pb, &b1);
            uint64_t c0 = wmbt_armv8_pair(&pc, &c1);
            a = wmbt_armv8_word(wmbt_armv8_word(a, a0), a1);
            b = wmbt_armv8_word(wmbt_armv8_word(b, b0), b1);
            c = wmbt_armv8_word(wmbt_armv8_word(c, c0), c1);
        } while (pa != end);
    }
    for (size_t i = 0; dst != NULL && i < far; i += 8u) {
        a = wmbt_armv8_word(a, wmbt_armv8_take(dst + i, src + i));
        b = wmbt_armv8_word(b, wmbt_armv8_take(dst + far + i, src + far + i));
        c = wmbt_armv8_word(c, wmbt_armv8_take(dst + 2u * far + i, src + 2u * far + i));
    }
#    if WMBT_CRC32C_ARMV8_PMULL
    if (pmull) {
        return wmbt_armv8_word(0, wmbt_armv8_product(a, WMBT_CRC32C_JOIN_2048) ^
                                      wmbt_armv8_product(b, WMBT_CRC32C_JOIN_1024)) ^
               c;
    }
#    endif
    (void)pmull;
    return wmbt_armv8_join(a, b, c);
}

static inline uint32_t wmbt_armv8_any(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n,
                                      bool pmull)
{
    size_t skew = (size_t)(0u - (uintptr_t)src) & 7u;
    skew = skew < n ? skew : n;
    state = wmbt_armv8_bytes(state, dst, src, skew);
    dst = wmbt_armv8_on(dst, skew);
    src += skew;
    n -= skew;
    /* A copy to just before its source would overwrite what the other streams did not read yet. */
    bool apart = dst == NULL || dst == src || (uintptr_t)src - (uintptr_t)dst >= n;
    const size_t step = 3u * WMBT_ARMV8_STREAM;
    for (; apart && n >= step; n -= step, src += step) {
        state = wmbt_armv8_three(state, dst, src, pmull);
        dst = wmbt_armv8_on(dst, step);
    }
    for (; n >= 8u; n -= 8u, src += 8) {
        state = wmbt_armv8_word(state, wmbt_armv8_take(dst, src));
        dst = wmbt_armv8_on(dst, 8);
    }
    return wmbt_armv8_bytes(state, dst, src, n);
}

/* Once with and once without a copy, so that no loop asks. */
uint32_t wmbt_crc32c_armv8(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    return dst == NULL ? wmbt_armv8_any(state, NULL, src, n, false)
                       : wmbt_armv8_any(state, dst, src, n, false);
}

#    if WMBT_CRC32C_ARMV8_PMULL
uint32_t wmbt_crc32c_armv8_pmull(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
{
    return dst == NULL ? wmbt_armv8_any(state, NULL, src, n, true)
                       : wmbt_armv8_any(state, dst, src, n, true);
}

/* The product, moved up by the bit that reflection costs, is H x^32 + L: H is reduced as the end of
 * a word, and L follows. */
uint32_t wmbt_crc32c_product_armv8_pmull(uint32_t a, uint32_t b)
{
    uint64_t product = wmbt_armv8_product(a, b);
    return wmbt_armv8_word(0, product << 33) ^ (uint32_t)(product >> 31);
}

/* Moves `state` forward by n bytes. */
uint32_t wmbt_crc32c_shift_armv8_pmull(uint32_t state, uint64_t n)
{
    static const uint32_t joins[] = WMBT_CRC32C_JOIN_POWERS;
    for (size_t k = 0; n != 0u; n >>= 1, k = k + 1u == sizeof joins / 4u ? 0u : k + 1u) {
        if ((n & 1u) != 0u) {
            state = wmbt_armv8_word(0, wmbt_armv8_product(state, joins[k]));
        }
    }
    return state;
}
#    endif

#endif
