/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops in which zstd frames spend their time, each once for any machine (..._portable) and, on
 * x86-64, once for CPUs with BMI and AVX2; they give the same. With WMBT_CFG_DISPATCH the loader
 * picks (x86/dispatch.c).
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

/* A Huffman stream on its way, and where its symbols go. */
typedef struct wmbt_zstd_lane {
    const uint8_t *begin; /* of the stream */
    const uint8_t *p;     /* 8 bytes, of which `used` bits are used up, from the highest */
    uint8_t *to;
    uint8_t *end;
    uint32_t used;
} wmbt_zstd_lane;

/* Decodes symbols of four streams while all of them have what a turn takes at most: bytes, and room
 * for its symbols. Afterwards `used` is 18 at most. The first three have the same length. */
typedef void wmbt_zstd_one_kernel(const uint16_t *table, wmbt_zstd_lane *lane);
/* The same by cells of several symbols. Nothing is written behind `end`. */
typedef void wmbt_zstd_many_kernel(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane);

wmbt_zstd_one_kernel wmbt_zstd_one_portable;
WMBT_HIDDEN wmbt_zstd_one_kernel wmbt_zstd_one_avx2;
WMBT_HIDDEN wmbt_zstd_one_kernel wmbt_zstd_one_loaded;
wmbt_zstd_many_kernel wmbt_zstd_many_portable;
WMBT_HIDDEN wmbt_zstd_many_kernel wmbt_zstd_many_avx2;
WMBT_HIDDEN wmbt_zstd_many_kernel wmbt_zstd_many_loaded;

#    if WMBT_ZSTD_AVX2 && WMBT_CFG_DISPATCH
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_loaded
#        define WMBT_ZSTD_ONE wmbt_zstd_one_loaded
#        define WMBT_ZSTD_MANY wmbt_zstd_many_loaded
#    elif WMBT_ZSTD_AVX2
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_avx2
#        define WMBT_ZSTD_ONE wmbt_zstd_one_avx2
#        define WMBT_ZSTD_MANY wmbt_zstd_many_avx2
#    else
#        define WMBT_ZSTD_SEQUENCES wmbt_zstd_sequences_portable
#        define WMBT_ZSTD_ONE wmbt_zstd_one_portable
#        define WMBT_ZSTD_MANY wmbt_zstd_many_portable
#    endif

#endif

#endif
