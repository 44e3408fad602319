/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 kernel for the cryptographic extension of Armv8. */
#include "hash/kernel.h"

#if WMBT_CFG_SHA256 && WMBT_SHA256_ARMV8

typedef uint32_t wmbt_sha256_armv8_v __attribute__((vector_size(16)));

#    define WMBT_ARMV8_SHA(text) ".arch_extension crypto\n\t" text

typedef struct wmbt_sha256_armv8_state {
    wmbt_sha256_armv8_v abcd, efgh;
} wmbt_sha256_armv8_state;

/* 16 bytes at any address. */
static inline wmbt_sha256_armv8_v wmbt_sha256_armv8_load(const void *p)
{
    wmbt_sha256_armv8_v v;
    __asm__("ld1 {%0.16b}, [%1]" : "=w"(v) : "r"(p), "m"(*(const uint8_t(*)[16])p));
    return v;
}

static inline wmbt_sha256_armv8_v wmbt_sha256_armv8_words(const uint8_t *p)
{
    wmbt_sha256_armv8_v v = wmbt_sha256_armv8_load(p);
    __asm__("rev32 %0.16b, %0.16b" : "+w"(v));
    return v;
}

/* Rounds 4 x quarter to 4 x quarter + 3 on the words w of the schedule. */
static inline void wmbt_sha256_armv8_rounds(wmbt_sha256_armv8_state *s, wmbt_sha256_armv8_v w,
                                            size_t quarter)
{
    wmbt_sha256_armv8_v sum = w + wmbt_sha256_armv8_load(wmbt_sha256_k + 4u * quarter);
    wmbt_sha256_armv8_v abcd = s->abcd;
    __asm__(WMBT_ARMV8_SHA("sha256h %q0, %q1, %2.4s") : "+w"(s->abcd) : "w"(s->efgh), "w"(sum));
    __asm__(WMBT_ARMV8_SHA("sha256h2 %q0, %q1, %2.4s") : "+w"(s->efgh) : "w"(abcd), "w"(sum));
}

/* The four words of the schedule that follow these sixteen. */
static inline wmbt_sha256_armv8_v wmbt_sha256_armv8_extend(wmbt_sha256_armv8_v w0,
                                                           wmbt_sha256_armv8_v w4,
                                                           wmbt_sha256_armv8_v w8,
                                                           wmbt_sha256_armv8_v w12)
{
    __asm__(WMBT_ARMV8_SHA("sha256su0 %0.4s, %1.4s") : "+w"(w0) : "w"(w4));
    __asm__(WMBT_ARMV8_SHA("sha256su1 %0.4s, %1.4s, %2.4s") : "+w"(w0) : "w"(w8), "w"(w12));
    return w0;
}

static inline void wmbt_sha256_armv8_block(wmbt_sha256_armv8_state *s, const uint8_t *block)
{
    wmbt_sha256_armv8_v abcd = s->abcd, efgh = s->efgh;
    wmbt_sha256_armv8_v w0 = wmbt_sha256_armv8_words(block);
    wmbt_sha256_armv8_v w4 = wmbt_sha256_armv8_words(block + 16);
    wmbt_sha256_armv8_v w8 = wmbt_sha256_armv8_words(block + 32);
    wmbt_sha256_armv8_v w12 = wmbt_sha256_armv8_words(block + 48);
    for (size_t quarter = 0;; quarter += 4u) {
        wmbt_sha256_armv8_rounds(s, w0, quarter);
        wmbt_sha256_armv8_rounds(s, w4, quarter + 1u);
        wmbt_sha256_armv8_rounds(s, w8, quarter + 2u);
        wmbt_sha256_armv8_rounds(s, w12, quarter + 3u);
        if (quarter == 12u) {
            break;
        }
        w0 = wmbt_sha256_armv8_extend(w0, w4, w8, w12);
        w4 = wmbt_sha256_armv8_extend(w4, w8, w12, w0);
        w8 = wmbt_sha256_armv8_extend(w8, w12, w0, w4);
        w12 = wmbt_sha256_armv8_extend(w12, w0, w4, w8);
    }
    s->abcd += abcd;
    s->efgh += efgh;
}

void wmbt_sha256_armv8(uint32_t hash[8], const uint8_t *blocks, size_t count)
{
    wmbt_sha256_armv8_state s;
    s.abcd = wmbt_sha256_armv8_load(hash);
    s.efgh = wmbt_sha256_armv8_load(hash + 4);
    for (; count != 0u; count--, blocks += 64) {
        wmbt_sha256_armv8_block(&s, blocks);
    }
    for (size_t i = 0; i < 4u; i++) {
        hash[i] = s.abcd[i];
        hash[4u + i] = s.efgh[i];
    }
}

#endif
