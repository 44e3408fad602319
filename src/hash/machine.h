/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernels for instruction sets there are in this build: those that the compiler may use for
 * its target, by its macros; with WMBT_CFG_DISPATCH all that it can compile, as the loader picks.
 * A kernel that nothing can choose is not compiled.
 */
#ifndef WMBT_SRC_HASH_MACHINE_H
#define WMBT_SRC_HASH_MACHINE_H

#include "wombatkv/config.h"

#if defined(__GNUC__) && defined(__x86_64__) && !defined(__ILP32__)
#    define WMBT_ON_X86 1
#else
#    define WMBT_ON_X86 0
#endif
#if defined(__GNUC__) && defined(__aarch64__)
#    define WMBT_ON_AARCH64 1
#else
#    define WMBT_ON_AARCH64 0
#endif

#if WMBT_CFG_DISPATCH && !WMBT_ON_X86 && !(WMBT_ON_AARCH64 && defined(__AARCH64EL__))
#    error "WMBT_CFG_DISPATCH is for x86-64 and little-endian AArch64"
#endif

#define WMBT_CRC32C_BY_MACHINE (WMBT_CFG_CRC32C && WMBT_CFG_CRC32C_KERNEL == 5)
#define WMBT_BLAKE3_BY_MACHINE (WMBT_CFG_BLAKE3 && WMBT_CFG_BLAKE3_KERNEL == 3)
#define WMBT_SHA256_BY_MACHINE (WMBT_CFG_SHA256 && WMBT_CFG_SHA256_KERNEL == 2)

/* --- x86-64 ----------------------------------------------------------------------------------- */

#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || (defined(__SSE4_2__) && defined(__PCLMUL__)))
#    define WMBT_CRC32C_SSE42 WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_SSE42 0
#endif
#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || (defined(__AVX2__) && defined(__SSE4_2__) && \
                                          defined(__PCLMUL__) && defined(__VPCLMULQDQ__)))
#    define WMBT_CRC32C_AVX2 WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_AVX2 0
#endif
#if WMBT_ON_X86 &&                                                                                 \
    (WMBT_CFG_DISPATCH || (defined(__AVX512F__) && defined(__AVX512VL__) && defined(__SSE4_2__) && \
                           defined(__PCLMUL__) && defined(__VPCLMULQDQ__)))
#    define WMBT_CRC32C_AVX512 WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_AVX512 0
#endif

#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || defined(__SSE4_1__))
#    define WMBT_BLAKE3_SSE41 WMBT_BLAKE3_BY_MACHINE
#else
#    define WMBT_BLAKE3_SSE41 0
#endif
#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || defined(__AVX2__))
#    define WMBT_BLAKE3_AVX2 WMBT_BLAKE3_BY_MACHINE
#else
#    define WMBT_BLAKE3_AVX2 0
#endif
#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || (defined(__AVX512F__) && defined(__AVX512VL__)))
#    define WMBT_BLAKE3_AVX512 WMBT_BLAKE3_BY_MACHINE
#else
#    define WMBT_BLAKE3_AVX512 0
#endif

#if WMBT_ON_X86 && (WMBT_CFG_DISPATCH || (defined(__SHA__) && defined(__SSE4_1__)))
#    define WMBT_SHA256_SHANI WMBT_SHA256_BY_MACHINE
#else
#    define WMBT_SHA256_SHANI 0
#endif

/* --- AArch64 ---------------------------------------------------------------------------------- */

#if WMBT_ON_AARCH64 && (WMBT_CFG_DISPATCH || defined(__ARM_FEATURE_CRC32))
#    define WMBT_CRC32C_ARMV8 WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_ARMV8 0
#endif
#if WMBT_ON_AARCH64 &&                                     \
    (WMBT_CFG_DISPATCH || (defined(__ARM_FEATURE_CRC32) && \
                           (defined(__ARM_FEATURE_CRYPTO) || defined(__ARM_FEATURE_AES))))
#    define WMBT_CRC32C_ARMV8_PMULL WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_ARMV8_PMULL 0
#endif
#if WMBT_ON_AARCH64 && defined(__AARCH64EL__) && \
    (WMBT_CFG_DISPATCH || defined(__ARM_FEATURE_CRYPTO) || defined(__ARM_FEATURE_SHA2))
#    define WMBT_SHA256_ARMV8 WMBT_SHA256_BY_MACHINE
#else
#    define WMBT_SHA256_ARMV8 0
#endif
#if WMBT_ON_AARCH64 && defined(__ARM_NEON) && defined(__AARCH64EL__)
#    define WMBT_BLAKE3_NEON WMBT_BLAKE3_BY_MACHINE
#else
#    define WMBT_BLAKE3_NEON 0
#endif

/* --- RISC-V ----------------------------------------------------------------------------------- */

#if defined(__GNUC__) && defined(__riscv) && defined(__riscv_zbc)
#    define WMBT_CRC32C_ZBC WMBT_CRC32C_BY_MACHINE
#else
#    define WMBT_CRC32C_ZBC 0
#endif
#if defined(__GNUC__) && defined(__riscv) && defined(__riscv_zknh)
#    define WMBT_SHA256_ZKNH WMBT_SHA256_BY_MACHINE
#else
#    define WMBT_SHA256_ZKNH 0
#endif

/* Code for an instruction set that the rest of the build does not have. */
#if defined(__GNUC__)
#    define WMBT_TARGET(names) __attribute__((target(names)))
#    define WMBT_HIDDEN __attribute__((visibility("hidden")))
#else
#    define WMBT_HIDDEN
#endif

#endif
