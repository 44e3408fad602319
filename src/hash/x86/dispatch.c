/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel a program uses on x86-64, decided by the loader when the program starts. A resolver
 * runs before anything else does: no relocation may be needed, no sanitizer and no stack protector
 * is ready, so it calls nothing outside this file and looks at nothing but CPUID.
 */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 || WMBT_CFG_SHA256 || WMBT_CFG_CRC32C

#    if WMBT_CFG_DISPATCH && WMBT_ON_X86 && \
        (WMBT_BLAKE3_BY_MACHINE || WMBT_SHA256_BY_MACHINE || WMBT_CRC32C_BY_MACHINE)

#        include "hash/resolver.h"

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
#        define WMBT_X86_SSE41 1u
#        define WMBT_X86_CRC 2u /* SSE4.2 and PCLMULQDQ */
#        define WMBT_X86_AVX2 4u
#        define WMBT_X86_AVX512 8u /* F and VL */
#        define WMBT_X86_VPCLMUL 16u
#        define WMBT_X86_SHA 32u

/* Bits of XCR0. */
#        define WMBT_X86_YMM_SAVED 0x06u
#        define WMBT_X86_ZMM_SAVED 0xE6u

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

#        if WMBT_CRC32C_BY_MACHINE
WMBT_RESOLVER(wmbt_crc32c_choose, wmbt_crc32c_kernel *)
{
    if (wmbt_x86_has(WMBT_X86_CRC | WMBT_X86_AVX2 | WMBT_X86_AVX512 | WMBT_X86_VPCLMUL)) {
        return wmbt_crc32c_avx512;
    }
    if (wmbt_x86_has(WMBT_X86_CRC | WMBT_X86_AVX2 | WMBT_X86_VPCLMUL)) {
        return wmbt_crc32c_avx2;
    }
    return wmbt_x86_has(WMBT_X86_CRC) ? wmbt_crc32c_sse42 : wmbt_crc32c_slice8;
}
uint32_t wmbt_crc32c_loaded(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
    WMBT_RESOLVED_BY("wmbt_crc32c_choose");

WMBT_RESOLVER(wmbt_crc32c_shift_choose, wmbt_crc32c_shift_kernel *)
{
    return wmbt_x86_has(WMBT_X86_CRC) ? wmbt_crc32c_shift_sse42 : wmbt_crc32c_shift_table;
}
uint32_t wmbt_crc32c_shift_loaded(uint32_t state, uint64_t n)
    WMBT_RESOLVED_BY("wmbt_crc32c_shift_choose");

WMBT_RESOLVER(wmbt_crc32c_product_choose, wmbt_crc32c_product_kernel *)
{
    return wmbt_x86_has(WMBT_X86_CRC) ? wmbt_crc32c_product_sse42 : wmbt_crc32c_product_steps;
}
uint32_t wmbt_crc32c_product_loaded(uint32_t a, uint32_t b)
    WMBT_RESOLVED_BY("wmbt_crc32c_product_choose");
#        endif

#        if WMBT_BLAKE3_BY_MACHINE
WMBT_RESOLVER(wmbt_blake3_run_choose, wmbt_blake3_run_kernel *)
{
    if (wmbt_x86_has(WMBT_X86_SSE41 | WMBT_X86_AVX2 | WMBT_X86_AVX512)) {
        return wmbt_blake3_run_avx512;
    }
    if (wmbt_x86_has(WMBT_X86_SSE41 | WMBT_X86_AVX2)) {
        return wmbt_blake3_run_avx2;
    }
    return wmbt_x86_has(WMBT_X86_SSE41) ? wmbt_blake3_run_sse41 : wmbt_blake3_run_portable;
}
void wmbt_blake3_run_loaded(const wmbt_blake3_run *run) WMBT_RESOLVED_BY("wmbt_blake3_run_choose");
#        endif

#        if WMBT_SHA256_BY_MACHINE
WMBT_RESOLVER(wmbt_sha256_choose, wmbt_sha256_kernel *)
{
    return wmbt_x86_has(WMBT_X86_SHA) ? wmbt_sha256_shani : wmbt_sha256_rolled;
}
void wmbt_sha256_loaded(uint32_t hash[8], const uint8_t *blocks, size_t count)
    WMBT_RESOLVED_BY("wmbt_sha256_choose");
#        endif

#    endif

#endif
