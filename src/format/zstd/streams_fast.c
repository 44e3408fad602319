/* SPDX-License-Identifier: Apache-2.0 */
/* Four Huffman streams of zstd side by side, for machines with 64-bit registers. Decodes and
 * refuses what literals.c does alone (WMBT_CFG_ZSTD_FAST 0). */
#include "format/zstd/state.h"

#include "base/min.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* Symbols of a stream between two loads: their bits and 7 that were used before are less than 64.
 */
#    define WMBT_ZSTD_TURN 5u
/* Bytes that a turn passes over at most. */
#    define WMBT_ZSTD_TURN_BYTES ((7u + WMBT_ZSTD_TURN * WMBT_ZSTD_HUFFMAN_LOG) / 8u)

/* A stream: 8 bytes at `p`, of which `used` bits are used up, from the highest. */
typedef struct wmbt_zstd_lane {
    const uint8_t *p;
    uint32_t used; /* in the lowest 8 bits */
} wmbt_zstd_lane;

static bool wmbt_zstd_lane_init(wmbt_zstd_lane *l, wmbt_view stream)
{
    if (stream.len < 8u) {
        return false;
    }
    l->p = stream.data + (stream.len - 8u);
    uint32_t last = (uint32_t)(wmbt_zstd_load8(l->p) >> 56);
    l->used = 8u - wmbt_zstd_highest_bit(last);
    return last != 0u;
}

/* Turns that every lane has bytes and symbols for. */
static uint32_t wmbt_zstd_turns(const wmbt_zstd_lane *lane, const wmbt_view *stream, size_t symbols)
{
    size_t turns = symbols / WMBT_ZSTD_TURN;
    for (unsigned i = 0; i < 4u; i++) {
        size_t bytes = (size_t)(lane[i].p - stream[i].data) / WMBT_ZSTD_TURN_BYTES;
        turns = wmbt_min_size(bytes, turns);
    }
    return (uint32_t)turns;
}

#    define WMBT_ZSTD_LOAD(i) uint64_t bits##i = wmbt_zstd_load8(p##i) << used##i
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

static void wmbt_zstd_turn(const uint16_t *table, wmbt_zstd_lane *lane, uint8_t *const *to,
                           uint32_t turns)
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

bool wmbt_zstd_four_fast(wmbt_zstd_tables *t, const wmbt_view *stream, uint8_t *const *to,
                         size_t symbols, size_t *done, wmbt_zstd_bits *rest)
{
    wmbt_zstd_lane lane[4];
    for (unsigned i = 0; i < 4u; i++) {
        if (!wmbt_zstd_lane_init(&lane[i], stream[i])) {
            return false;
        }
    }
    uint8_t *at[4] = {to[0], to[1], to[2], to[3]};
    *done = 0;
    for (uint32_t turns; (turns = wmbt_zstd_turns(lane, stream, symbols - *done)) != 0u;) {
        wmbt_zstd_turn(t->huffman, lane, at, turns);
        *done += turns * WMBT_ZSTD_TURN;
        WMBT_ASSERT(*done <= symbols);
        for (unsigned i = 0; i < 4u; i++) {
            at[i] = to[i] + *done;
        }
    }
    for (unsigned i = 0; i < 4u; i++) {
        WMBT_ASSERT(lane[i].p >= stream[i].data && lane[i].used <= 8u);
        rest[i].data = stream[i].data;
        rest[i].at = (size_t)(lane[i].p - stream[i].data);
        rest[i].bits = wmbt_zstd_load8(lane[i].p) << lane[i].used;
        rest[i].count = 64 - (int)lane[i].used;
    }
    return true;
}

#endif
