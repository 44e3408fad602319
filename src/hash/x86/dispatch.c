/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel a program uses on x86-64, decided by the loader when the program starts. A resolver
 * runs before anything else does: no relocation may be needed, no sanitizer and no stack protector
 * is ready, so it calls nothing outside this file and features.h, and looks at nothing but
 * CPUID.
 */
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3 || WMBT_CFG_SHA256 || WMBT_CFG_CRC32C

#    if WMBT_CFG_DISPATCH && WMBT_ON_X86 && \
        (WMBT_BLAKE3_BY_MACHINE || WMBT_SHA256_BY_MACHINE || WMBT_CRC32C_BY_MACHINE)

#        include "hash/x86/features.h"

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
