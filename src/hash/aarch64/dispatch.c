/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernel a program uses on AArch64, decided by the loader when the program starts, from the
 * capabilities that it hands over. src/hash/x86/dispatch.c says what a resolver may do: nothing.
 * BLAKE3 has one kernel, for vectors that every CPU with Linux has.
 */
#include "hash/kernel.h"

#if WMBT_CFG_DISPATCH && WMBT_ON_AARCH64 && (WMBT_CFG_BLAKE3 || WMBT_CFG_SHA256 || WMBT_CFG_CRC32C)

#    include "hash/resolver.h"

/* Bits of AT_HWCAP. */
#    define WMBT_HWCAP_PMULL (1u << 4)
#    define WMBT_HWCAP_SHA2 (1u << 6)
#    define WMBT_HWCAP_CRC32 (1u << 7)

#    if WMBT_CRC32C_BY_MACHINE
WMBT_RESOLVER(wmbt_crc32c_choose, wmbt_crc32c_kernel *)
{
    if ((hwcap & WMBT_HWCAP_CRC32) == 0u) {
        return wmbt_crc32c_slice8;
    }
    return (hwcap & WMBT_HWCAP_PMULL) != 0u ? wmbt_crc32c_armv8_pmull : wmbt_crc32c_armv8;
}
uint32_t wmbt_crc32c_loaded(uint32_t state, uint8_t *dst, const uint8_t *src, size_t n)
    WMBT_RESOLVED_BY("wmbt_crc32c_choose");

WMBT_RESOLVER(wmbt_crc32c_shift_choose, wmbt_crc32c_shift_kernel *)
{
    const uint64_t both = WMBT_HWCAP_CRC32 | WMBT_HWCAP_PMULL;
    return (hwcap & both) == both ? wmbt_crc32c_shift_armv8_pmull : wmbt_crc32c_shift_table;
}
uint32_t wmbt_crc32c_shift_loaded(uint32_t state, uint64_t n)
    WMBT_RESOLVED_BY("wmbt_crc32c_shift_choose");

WMBT_RESOLVER(wmbt_crc32c_product_choose, wmbt_crc32c_product_kernel *)
{
    const uint64_t both = WMBT_HWCAP_CRC32 | WMBT_HWCAP_PMULL;
    return (hwcap & both) == both ? wmbt_crc32c_product_armv8_pmull : wmbt_crc32c_product_steps;
}
uint32_t wmbt_crc32c_product_loaded(uint32_t a, uint32_t b)
    WMBT_RESOLVED_BY("wmbt_crc32c_product_choose");
#    endif

#    if WMBT_SHA256_BY_MACHINE
WMBT_RESOLVER(wmbt_sha256_choose, wmbt_sha256_kernel *)
{
    return (hwcap & WMBT_HWCAP_SHA2) != 0u ? wmbt_sha256_armv8 : wmbt_sha256_rolled;
}
void wmbt_sha256_loaded(uint32_t hash[8], const uint8_t *blocks, size_t count)
    WMBT_RESOLVED_BY("wmbt_sha256_choose");
#    endif

#endif
