/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two loops in which zstd frames spend their time, each compiled once for any machine
 * (..._portable) and, on x86-64, once for CPUs with BMI and AVX2; they are the same code and give
 * the same. With WMBT_CFG_DISPATCH the loader picks (x86/dispatch.c).
 */
#ifndef WMBT_SRC_FORMAT_ZSTD_KERNELS_H
#define WMBT_SRC_FORMAT_ZSTD_KERNELS_H

#include "format/zstd/state.h"
#include "hash/machine.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

#    if WMBT_ON_X86 && \
        (WMBT_CFG_DISPATCH || (defined(__BMI__) && defined(__BMI2__) && defined(__AVX2__)))
#        define WMBT_ZSTD_AVX2 1
#    else
#        define WMBT_ZSTD_AVX2 0
#    endif

/* As wmbt_zstd_sequences(). */
typedef wmbt_status wmbt_zstd_sequences_kernel(wmbt_zstd_tables *t, uint32_t count);

wmbt_zstd_sequences_kernel wmbt_zstd_sequences_portable;
WMBT_HIDDEN wmbt_zstd_sequences_kernel wmbt_zstd_sequences_avx2;
WMBT_HIDDEN wmbt_zstd_sequences_kernel wmbt_zstd_sequences_loaded;

/* A Huffman stream: 8 bytes at `p`, of which `used` bits are used up, from the highest. */
typedef struct wmbt_zstd_lane {
    const uint8_t *p;
    uint32_t used; /* in the lowest 8 bits */
} wmbt_zstd_lane;

/* Symbols of a stream between two loads: their bits and 7 that were used before are less than 64.
 */
#    define WMBT_ZSTD_TURN 5u

/* Decodes WMBT_ZSTD_TURN symbols of each of four streams to to[0..3], `turns` times; all of them
 * are there. */
typedef void wmbt_zstd_turns_kernel(const uint16_t *table, wmbt_zstd_lane *lane, uint8_t *const *to,
                                    uint32_t turns);

wmbt_zstd_turns_kernel wmbt_zstd_turns_portable;
WMBT_HIDDEN wmbt_zstd_turns_kernel wmbt_zstd_turns_avx2;
WMBT_HIDDEN wmbt_zstd_turns_kernel wmbt_zstd_turns_loaded;

#    if WMBT_ZSTD_AVX2 && WMBT_CFG_DISPATCH
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_loaded
#        define WMBT_ZSTD_TURNS wmbt_zstd_turns_loaded
#    elif WMBT_ZSTD_AVX2
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_avx2
#        define WMBT_ZSTD_TURNS wmbt_zstd_turns_avx2
#    else
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_portable
#        define WMBT_ZSTD_TURNS wmbt_zstd_turns_portable
#    endif

#endif

#endif
