/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 kernel for the cryptographic extension of Armv8. */
#include "hash/kernel.h"

#if WMBT_CFG_SHA256 && WMBT_SHA256_ARMV8

typedef uint32_t wmbt_sha256_armv8_v __attribute__((vector_size(16)));

/* 16 bytes at any address. */
static inline wmbt_sha256_armv8_v wmbt_sha256_armv8_load(const void *p)
{
    wmbt_sha256_armv8_v v;
    __asm__("ld1 {%0.16b}, [%1]" : "=w"(v) : "r"(p), "m"(*(const uint8_t(*)[16])p));
    return v;
}

/* The next four words of the message. */
static inline wmbt_sha256_armv8_v wmbt_sha256_armv8_words(const uint8_t **p)
{
    wmbt_sha256_armv8_v v;
    __asm__("ld1 {%0.16b}, [%1], #16" : "=w"(v), "+r"(*p) : "m"(*(const uint8_t(*)[16]) * p));
    __asm__("rev32 %0.16b, %0.16b" : "+w"(v));
    return v;
}

static inline void wmbt_sha256_armv8_store(uint32_t *to, wmbt_sha256_armv8_v v)
{
    __asm__("st1 {%1.4s}, [%2]" : "=m"(*(uint32_t(*)[4])to) : "w"(v), "r"(to));
}

/*
 * Four rounds on the words w of the schedule. sha256h overwrites what sha256h2 needs: hence the
 * copy. Sixteen rounds are one piece of assembly, since GCC moves copies of operands between pieces
 * to where both are needed.
 */
#    define WMBT_ARMV8_ROUNDS(w)                    \
        "ld1 {%[sum].4s}, [%[k]], #16\n\t"          \
        "add %[sum].4s, %[sum].4s, %[" w "].4s\n\t" \
        "mov %[kept].16b, %[abcd].16b\n\t"          \
        "sha256h %q[abcd], %q[efgh], %[sum].4s\n\t" \
        "sha256h2 %q[efgh], %q[kept], %[sum].4s\n\t"

/* The same; then w are the four words that follow these sixteen. */
#    define WMBT_ARMV8_ROUNDS_ON(w, next4, next8, next12) \
        WMBT_ARMV8_ROUNDS(w)                              \
        "sha256su0 %[" w "].4s, %[" next4 "].4s\n\t"      \
        "sha256su1 %[" w "].4s, %[" next8 "].4s, %[" next12 "].4s\n\t"

#    define WMBT_ARMV8_SIXTEEN_ROUNDS(text)                                                      \
        __asm__(                                                                                 \
            ".arch_extension crypto\n\t" text                                                    \
            : [abcd] "+w"(abcd), [efgh] "+w"(efgh), [w0] "+w"(w0), [w4] "+w"(w4), [w8] "+w"(w8), \
              [w12] "+w"(w12), [k] "+r"(k), [sum] "=&w"(sum), [kept] "=&w"(kept)                 \
            : "m"(wmbt_sha256_k))
#    define WMBT_ARMV8_FOLLOWED                       \
        WMBT_ARMV8_ROUNDS_ON("w0", "w4", "w8", "w12") \
        WMBT_ARMV8_ROUNDS_ON("w4", "w8", "w12", "w0") \
        WMBT_ARMV8_ROUNDS_ON("w8", "w12", "w0", "w4") \
        WMBT_ARMV8_ROUNDS_ON("w12", "w0", "w4", "w8")
#    define WMBT_ARMV8_LAST     \
        WMBT_ARMV8_ROUNDS("w0") \
        WMBT_ARMV8_ROUNDS("w4") WMBT_ARMV8_ROUNDS("w8") WMBT_ARMV8_ROUNDS("w12")

void wmbt_sha256_armv8(uint32_t hash[8], const uint8_t *blocks, size_t count)
{
    wmbt_sha256_armv8_v abcd = wmbt_sha256_armv8_load(hash);
    wmbt_sha256_armv8_v efgh = wmbt_sha256_armv8_load(hash + 4);
    for (; count != 0u; count--) {
        const uint32_t *k = wmbt_sha256_k;
        wmbt_sha256_armv8_v sum, kept, abcd_before = abcd, efgh_before = efgh;
        wmbt_sha256_armv8_v w0 = wmbt_sha256_armv8_words(&blocks);
        wmbt_sha256_armv8_v w4 = wmbt_sha256_armv8_words(&blocks);
        wmbt_sha256_armv8_v w8 = wmbt_sha256_armv8_words(&blocks);
        wmbt_sha256_armv8_v w12 = wmbt_sha256_armv8_words(&blocks);
        WMBT_ARMV8_SIXTEEN_ROUNDS(WMBT_ARMV8_FOLLOWED);
        WMBT_ARMV8_SIXTEEN_ROUNDS(WMBT_ARMV8_FOLLOWED);
        WMBT_ARMV8_SIXTEEN_ROUNDS(WMBT_ARMV8_FOLLOWED);
        WMBT_ARMV8_SIXTEEN_ROUNDS(WMBT_ARMV8_LAST);
        abcd += abcd_before;
        efgh += efgh_before;
    }
    wmbt_sha256_armv8_store(hash, abcd);
    wmbt_sha256_armv8_store(hash + 4, efgh);
}

#endif
