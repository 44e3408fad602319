/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over four Huffman streams side by side, once for each machine that has a file of its
 * own. */
#ifndef WMBT_SRC_FORMAT_ZSTD_STREAMS_LOOP_H
#define WMBT_SRC_FORMAT_ZSTD_STREAMS_LOOP_H

#include "format/zstd/copies.h"
#include "format/zstd/kernels.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

#    define WMBT_ZSTD_LOAD(i) uint64_t bits##i = wmbt_load_any_le64(p##i) << used##i
#    define WMBT_ZSTD_SYMBOL(i, k)                                           \
        do {                                                                 \
            uint32_t cell = table[bits##i >> (64u - WMBT_ZSTD_HUFFMAN_LOG)]; \
            bits##i <<= cell & 63u;                                          \
            used##i += cell;                                                 \
            to##i[k] = (uint8_t)(cell >> 8);                                 \
        } while (0)
#    define WMBT_ZSTD_SYMBOLS_OF_ALL(k) \
        WMBT_ZSTD_SYMBOL(0, k);         \
        WMBT_ZSTD_SYMBOL(1, k);         \
        WMBT_ZSTD_SYMBOL(2, k);         \
        WMBT_ZSTD_SYMBOL(3, k)
/* The sum of the cells has the sum of their bits, at most 62, in its lowest 8 bits. */
#    define WMBT_ZSTD_PASS(i)               \
        do {                                \
            p##i -= (used##i & 0xFFu) >> 3; \
            used##i &= 7u;                  \
            to##i += WMBT_ZSTD_TURN;        \
        } while (0)

/* As wmbt_zstd_turns_kernel. */
static WMBT_ZSTD_INLINE void wmbt_zstd_turns_loop(const uint16_t *table, wmbt_zstd_lane *lane,
                                                  uint8_t *const *to, uint32_t turns)
{
    const uint8_t *p0 = lane[0].p, *p1 = lane[1].p, *p2 = lane[2].p, *p3 = lane[3].p;
    uint32_t used0 = lane[0].used, used1 = lane[1].used, used2 = lane[2].used, used3 = lane[3].used;
    uint8_t *to0 = to[0], *to1 = to[1], *to2 = to[2], *to3 = to[3];
    for (; turns != 0u; turns--) {
        WMBT_ZSTD_LOAD(0);
        WMBT_ZSTD_LOAD(1);
        WMBT_ZSTD_LOAD(2);
        WMBT_ZSTD_LOAD(3);
        WMBT_ZSTD_SYMBOLS_OF_ALL(0);
        WMBT_ZSTD_SYMBOLS_OF_ALL(1);
        WMBT_ZSTD_SYMBOLS_OF_ALL(2);
        WMBT_ZSTD_SYMBOLS_OF_ALL(3);
        WMBT_ZSTD_SYMBOLS_OF_ALL(4);
        WMBT_ZSTD_PASS(0);
        WMBT_ZSTD_PASS(1);
        WMBT_ZSTD_PASS(2);
        WMBT_ZSTD_PASS(3);
    }
    lane[0].p = p0;
    lane[1].p = p1;
    lane[2].p = p2;
    lane[3].p = p3;
    lane[0].used = used0;
    lane[1].used = used1;
    lane[2].used = used2;
    lane[3].used = used3;
}

#endif

#endif
