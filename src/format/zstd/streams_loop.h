/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops over four Huffman streams side by side have in common. */
#ifndef WMBT_SRC_FORMAT_ZSTD_STREAMS_LOOP_H
#define WMBT_SRC_FORMAT_ZSTD_STREAMS_LOOP_H

#include "base/min.h"
#include "format/zstd/copies.h"
#include "format/zstd/kernels.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* The same for each of the lanes. */
#    define WMBT_ZSTD_ALL(step, ...) \
        step(0, __VA_ARGS__);        \
        step(1, __VA_ARGS__);        \
        step(2, __VA_ARGS__);        \
        step(3, __VA_ARGS__)

/* Turns that all of the lanes have bytes and room for. */
static WMBT_ZSTD_INLINE size_t wmbt_zstd_turns(const wmbt_zstd_lane *lane, size_t bytes,
                                               size_t symbols)
{
    size_t turns = SIZE_MAX;
    for (unsigned i = 0; i < 4u; i++) {
        turns = wmbt_min_size((size_t)(lane[i].p - lane[i].begin) / bytes, turns);
        turns = wmbt_min_size((size_t)(lane[i].end - lane[i].to) / symbols, turns);
    }
    return turns;
}

/* The symbols of a cell, as one number where the compiler has it. */
#    if defined(__GNUC__)
typedef uint32_t wmbt_zstd_any4 __attribute__((__may_alias__, __aligned__(1)));
#        define WMBT_ZSTD_COPY_SYMBOLS(to, cell) \
            (*(wmbt_zstd_any4 *)(to) = *(const wmbt_zstd_any4 *)(cell).symbol)
#    else
#        define WMBT_ZSTD_COPY_SYMBOLS(to, cell) \
            wmbt_store_le32((to), wmbt_load_le32((cell).symbol))
#    endif

#endif

#endif
