/* SPDX-License-Identifier: Apache-2.0 */
/* Four Huffman streams of zstd side by side, for machines with 64-bit registers. Decodes and
 * refuses what literals.c does alone (WMBT_CFG_ZSTD_FAST 0). */
#include "format/zstd/streams_loop.h"

#include "base/min.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* Bytes that a turn passes over at most. */
#    define WMBT_ZSTD_TURN_BYTES ((7u + WMBT_ZSTD_TURN * WMBT_ZSTD_HUFFMAN_LOG) / 8u)

static bool wmbt_zstd_lane_init(wmbt_zstd_lane *l, wmbt_view stream)
{
    if (stream.len < 8u) {
        return false;
    }
    l->p = stream.data + (stream.len - 8u);
    uint32_t last = (uint32_t)(wmbt_load_any_le64(l->p) >> 56);
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

void wmbt_zstd_turns_portable(const uint16_t *table, wmbt_zstd_lane *lane, uint8_t *const *to,
                              uint32_t turns)
{
    wmbt_zstd_turns_loop(table, lane, to, turns);
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
        WMBT_ZSTD_TURNS(t->huffman, lane, at, turns);
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
        rest[i].bits = wmbt_load_any_le64(lane[i].p) << lane[i].used;
        rest[i].count = 64 - (int)lane[i].used;
    }
    return true;
}

#endif
