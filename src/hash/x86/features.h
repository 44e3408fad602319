/* SPDX-License-Identifier: Apache-2.0 */
/* What an x86-64 CPU has, for resolvers alone (dispatch.c): they may call nothing else. */
#ifndef WMBT_SRC_HASH_X86_FEATURES_H
#define WMBT_SRC_HASH_X86_FEATURES_H

#include "hash/resolver.h"
#include "wombatkv/base.h"

typedef struct wmbt_x86_cpuid {
    uint32_t a, b, c, d;
} wmbt_x86_cpuid;

WMBT_RESOLVER_CODE
static void wmbt_x86_ask(wmbt_x86_cpuid *answer, uint32_t leaf)
{
    __asm__ __volatile__("cpuid"
                         : "=a"(answer->a), "=b"(answer->b), "=c"(answer->c), "=d"(answer->d)
                         : "a"(leaf), "c"(0));
}

/* What kernels need. The vector registers of a kind count if the system saves them. */
#define WMBT_X86_SSE41 1u
#define WMBT_X86_CRC 2u /* SSE4.2 and PCLMULQDQ */
#define WMBT_X86_AVX2 4u
#define WMBT_X86_AVX512 8u /* F and VL */
#define WMBT_X86_VPCLMUL 16u
#define WMBT_X86_SHA 32u
#define WMBT_X86_BMI 64u /* BMI1 and BMI2 */

/* Bits of XCR0. */
#define WMBT_X86_YMM_SAVED 0x06u
#define WMBT_X86_ZMM_SAVED 0xE6u

WMBT_RESOLVER_CODE
static uint32_t wmbt_x86_features(void)
{
    wmbt_x86_cpuid first, leaf1, leaf7;
    uint32_t found = 0, saved = 0, high;
    wmbt_x86_ask(&first, 0);
    wmbt_x86_ask(&leaf1, 1);
    bool ssse3 = (leaf1.c >> 9 & 1u) != 0u, sse41 = (leaf1.c >> 19 & 1u) != 0u;
    bool sse42 = (leaf1.c >> 20 & 1u) != 0u, pclmul = (leaf1.c >> 1 & 1u) != 0u;
    if (ssse3 && sse41) {
        found |= WMBT_X86_SSE41;
        found |= sse42 && pclmul ? WMBT_X86_CRC : 0u;
    }
    if (first.a < 7u) {
        return found;
    }
    wmbt_x86_ask(&leaf7, 7);
    if ((leaf1.c >> 27 & 1u) != 0u) { /* OSXSAVE: the instruction below is there */
        __asm__ __volatile__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    }
    found |= (leaf7.b & 0x108u) == 0x108u ? WMBT_X86_BMI : 0u;
    found |= ssse3 && sse41 && (leaf7.b >> 29 & 1u) != 0u ? WMBT_X86_SHA : 0u;
    if ((saved & WMBT_X86_YMM_SAVED) == WMBT_X86_YMM_SAVED && (leaf7.b >> 5 & 1u) != 0u) {
        found |= WMBT_X86_AVX2;
        found |= (leaf7.c >> 10 & 1u) != 0u ? WMBT_X86_VPCLMUL : 0u;
        if ((saved & WMBT_X86_ZMM_SAVED) == WMBT_X86_ZMM_SAVED && (leaf7.b >> 16 & 1u) != 0u &&
            (leaf7.b >> 31 & 1u) != 0u) {
            found |= WMBT_X86_AVX512;
        }
    }
    return found;
}

WMBT_RESOLVER_CODE
static bool wmbt_x86_has(uint32_t wanted)
{
    return (wmbt_x86_features() & wanted) == wanted;
}

#endif
