/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of zstd for x86-64 CPUs with BMI and AVX2: shifts that leave the flags alone, copies of
 * 32 bytes. */
#include "format/zstd/sequences_loop.h"
#include "format/zstd/streams_loop.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST && WMBT_ZSTD_AVX2

#    define WMBT_ZSTD_FOR_AVX2 WMBT_TARGET("bmi,bmi2,avx2")

WMBT_ZSTD_FOR_AVX2
wmbt_status wmbt_zstd_sequences_avx2(wmbt_zstd_tables *t, uint32_t count)
{
    return wmbt_zstd_sequences_loop(t, count, true);
}

/*
 * Streams. A look-up waits for the one before it: 7 cycles. So that it does not wait for a load
 * too, the next 8 bytes are loaded before the last of a turn's look-ups, whose bits are taken off
 * afterwards. The lowest bit of what is loaded is set: zeros below it count the bits that are used
 * up; as 62 at most are, no look-up sees it.
 */
#    define WMBT_ZSTD_AVX2_LOOKUPS 4u
/* Bytes that a turn passes over: up to 18 bits were used before, and those of three look-ups. */
#    define WMBT_ZSTD_AVX2_LOOKUPS_BYTES ((18u + 3u * WMBT_ZSTD_HUFFMAN_LOG) / 8u)

#    define WMBT_ZSTD_AVX2_BEGIN(i, unused) \
        const uint8_t *p##i = lane[i].p;    \
        uint8_t *to##i = lane[i].to;        \
        uint64_t bits##i = (wmbt_load_any_le64(p##i) | 1u) << lane[i].used
#    define WMBT_ZSTD_AVX2_END(i, unused) \
        lane[i].p = p##i;                 \
        lane[i].to = to##i;               \
        lane[i].used = (uint32_t)__builtin_ctzll(bits##i)
#    define WMBT_ZSTD_AVX2_AHEAD(i, unused)                    \
        uint32_t used##i = (uint32_t)__builtin_ctzll(bits##i); \
        p##i -= used##i >> 3;                                  \
        uint64_t ahead##i = (wmbt_load_any_le64(p##i) | 1u) << (used##i & 7u)
#    define WMBT_ZSTD_AVX2_SYMBOL(i, k, from)                                \
        do {                                                                 \
            uint32_t cell = table[bits##i >> (64u - WMBT_ZSTD_HUFFMAN_LOG)]; \
            bits##i = from##i << (cell & 63u);                               \
            to##i[k] = (uint8_t)(cell >> 8);                                 \
        } while (0)
/* The bits first: all else waits for them. */
#    define WMBT_ZSTD_AVX2_SEVERAL(i, from)                           \
        do {                                                          \
            uint64_t next = bits##i >> (64u - WMBT_ZSTD_HUFFMAN_LOG); \
            bits##i = from##i << (table->cell[next].bits & 63u);      \
            WMBT_ZSTD_COPY_SYMBOLS(to##i, table->cell[next]);         \
            to##i += table->cell[next].count;                         \
        } while (0)

WMBT_ZSTD_FOR_AVX2
static void wmbt_zstd_one_turns_avx2(const uint16_t *table, wmbt_zstd_lane *lane, size_t turns)
{
    WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_BEGIN, 0);
    for (; turns != 0u; turns--) {
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SYMBOL, 0, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SYMBOL, 1, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SYMBOL, 2, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_AHEAD, 0);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SYMBOL, 3, ahead);
        to0 += WMBT_ZSTD_AVX2_LOOKUPS;
        to1 += WMBT_ZSTD_AVX2_LOOKUPS;
        to2 += WMBT_ZSTD_AVX2_LOOKUPS;
        to3 += WMBT_ZSTD_AVX2_LOOKUPS;
    }
    WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_END, 0);
}

WMBT_ZSTD_FOR_AVX2
void wmbt_zstd_one_avx2(const uint16_t *table, wmbt_zstd_lane *lane)
{
    for (size_t turns; (turns = wmbt_zstd_turns(lane, WMBT_ZSTD_AVX2_LOOKUPS_BYTES,
                                                WMBT_ZSTD_AVX2_LOOKUPS)) != 0u;) {
        wmbt_zstd_one_turns_avx2(table, lane, turns);
    }
}

WMBT_ZSTD_FOR_AVX2
static void wmbt_zstd_many_turns_avx2(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane,
                                      size_t turns)
{
    WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_BEGIN, 0);
    for (; turns != 0u; turns--) {
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SEVERAL, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SEVERAL, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SEVERAL, bits);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_AHEAD, 0);
        WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_SEVERAL, ahead);
    }
    WMBT_ZSTD_ALL(WMBT_ZSTD_AVX2_END, 0);
}

WMBT_ZSTD_FOR_AVX2
void wmbt_zstd_many_avx2(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane)
{
    for (size_t turns;
         (turns = wmbt_zstd_turns(lane, WMBT_ZSTD_AVX2_LOOKUPS_BYTES,
                                  WMBT_ZSTD_AVX2_LOOKUPS * WMBT_ZSTD_SYMBOLS_AT_ONCE)) != 0u;) {
        wmbt_zstd_many_turns_avx2(table, lane, turns);
    }
}

#endif
