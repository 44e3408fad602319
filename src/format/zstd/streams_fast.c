/* SPDX-License-Identifier: Apache-2.0 */
/* Four Huffman streams of zstd side by side, for machines with 64-bit registers. Decodes and
 * refuses what literals.c does alone (WMBT_CFG_ZSTD_FAST 0). */
#include "format/zstd/streams_loop.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* --- loops for any machine -------------------------------------------------------------------- */

/* Look-ups between two loads: their bits and 7 that were used before are less than 64. */
#    define WMBT_ZSTD_TURN 5u
/* Bytes that they pass over at most. */
#    define WMBT_ZSTD_TURN_BYTES ((7u + WMBT_ZSTD_TURN * WMBT_ZSTD_HUFFMAN_LOG) / 8u)

#    define WMBT_ZSTD_LOAD(i, unused) uint64_t bits##i = wmbt_load_any_le64(p##i) << used##i
#    define WMBT_ZSTD_SYMBOL(i, k)                                           \
        do {                                                                 \
            uint32_t cell = table[bits##i >> (64u - WMBT_ZSTD_HUFFMAN_LOG)]; \
            bits##i <<= cell & 63u;                                          \
            used##i += cell;                                                 \
            to##i[k] = (uint8_t)(cell >> 8);                                 \
        } while (0)
#    define WMBT_ZSTD_SEVERAL(i, unused)                              \
        do {                                                          \
            uint64_t next = bits##i >> (64u - WMBT_ZSTD_HUFFMAN_LOG); \
            uint32_t bits = table->cell[next].bits;                   \
            bits##i <<= bits & 63u;                                   \
            used##i += bits;                                          \
            WMBT_ZSTD_COPY_SYMBOLS(to##i, table->cell[next]);         \
            to##i += table->cell[next].count;                         \
        } while (0)
/* The sum of the cells has the sum of their bits, at most 62, in its lowest 8 bits. */
#    define WMBT_ZSTD_PASS(i, symbols)      \
        do {                                \
            p##i -= (used##i & 0xFFu) >> 3; \
            used##i &= 7u;                  \
            to##i += symbols;               \
        } while (0)
#    define WMBT_ZSTD_BEGIN(i, unused)   \
        const uint8_t *p##i = lane[i].p; \
        uint32_t used##i = lane[i].used; \
        uint8_t *to##i = lane[i].to
#    define WMBT_ZSTD_END(i, unused) \
        lane[i].p = p##i;            \
        lane[i].used = used##i;      \
        lane[i].to = to##i

static void wmbt_zstd_one_turns(const uint16_t *table, wmbt_zstd_lane *lane, size_t turns)
{
    WMBT_ZSTD_ALL(WMBT_ZSTD_BEGIN, 0);
    for (; turns != 0u; turns--) {
        WMBT_ZSTD_ALL(WMBT_ZSTD_LOAD, 0);
        WMBT_ZSTD_ALL(WMBT_ZSTD_SYMBOL, 0);
        WMBT_ZSTD_ALL(WMBT_ZSTD_SYMBOL, 1);
        WMBT_ZSTD_ALL(WMBT_ZSTD_SYMBOL, 2);
        WMBT_ZSTD_ALL(WMBT_ZSTD_SYMBOL, 3);
        WMBT_ZSTD_ALL(WMBT_ZSTD_SYMBOL, 4);
        WMBT_ZSTD_ALL(WMBT_ZSTD_PASS, WMBT_ZSTD_TURN);
    }
    WMBT_ZSTD_ALL(WMBT_ZSTD_END, 0);
}

void wmbt_zstd_one_portable(const uint16_t *table, wmbt_zstd_lane *lane)
{
    for (size_t turns;
         (turns = wmbt_zstd_turns(lane, WMBT_ZSTD_TURN_BYTES, WMBT_ZSTD_TURN)) != 0u;) {
        wmbt_zstd_one_turns(table, lane, turns);
    }
}

static void wmbt_zstd_many_turns(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane,
                                 size_t turns)
{
    WMBT_ZSTD_ALL(WMBT_ZSTD_BEGIN, 0);
    for (; turns != 0u; turns--) {
        WMBT_ZSTD_ALL(WMBT_ZSTD_LOAD, 0);
        for (unsigned k = 0; k < WMBT_ZSTD_TURN; k++) {
            WMBT_ZSTD_ALL(WMBT_ZSTD_SEVERAL, 0);
        }
        WMBT_ZSTD_ALL(WMBT_ZSTD_PASS, 0);
    }
    WMBT_ZSTD_ALL(WMBT_ZSTD_END, 0);
}

void wmbt_zstd_many_portable(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *lane)
{
    for (size_t turns;
         (turns = wmbt_zstd_turns(lane, WMBT_ZSTD_TURN_BYTES,
                                  WMBT_ZSTD_TURN * WMBT_ZSTD_SYMBOLS_AT_ONCE)) != 0u;) {
        wmbt_zstd_many_turns(table, lane, turns);
    }
}

/* --- cells of several symbols ----------------------------------------------------------------- */

#    define WMBT_ZSTD_CELLS (1u << WMBT_ZSTD_HUFFMAN_LOG)

/* They take about as long to make as so many literals. Tests choose less. */
#    ifndef WMBT_ZSTD_MANY_MIN
#        define WMBT_ZSTD_MANY_MIN 8192u
#    endif

/* They pay where so many of WMBT_ZSTD_CELLS look-ups would give two symbols or more. */
#    if WMBT_ON_X86
#        define WMBT_ZSTD_MANY_PAIRS (WMBT_ZSTD_CELLS / 3u)
#    else
#        define WMBT_ZSTD_MANY_PAIRS (WMBT_ZSTD_CELLS / 5u * 4u)
#    endif

/* How many of WMBT_ZSTD_CELLS look-ups would give two symbols or more, if symbols come as often as
 * the lengths of their codes say. */
static uint32_t wmbt_zstd_pairs(const wmbt_zstd_tables *t)
{
    uint32_t cells[WMBT_ZSTD_HUFFMAN_LOG + 1u]; /* of codes of so many bits or less */
    for (unsigned bits = 0; bits <= WMBT_ZSTD_HUFFMAN_LOG; bits++) {
        cells[bits] = 0;
    }
    for (uint32_t at = 0; at < WMBT_ZSTD_CELLS;) {
        unsigned bits = t->huffman[at] & 15u;
        WMBT_ASSERT(bits != 0u && bits <= WMBT_ZSTD_HUFFMAN_LOG);
        cells[bits] += WMBT_ZSTD_CELLS >> bits;
        at += WMBT_ZSTD_CELLS >> bits;
    }
    uint32_t pairs = 0;
    for (unsigned bits = 1; bits < WMBT_ZSTD_HUFFMAN_LOG; bits++) {
        uint32_t others = 0;
        for (unsigned second = 1; second <= WMBT_ZSTD_HUFFMAN_LOG - bits; second++) {
            others += cells[second];
        }
        pairs += cells[bits] * others / WMBT_ZSTD_CELLS;
    }
    return pairs;
}

/* The cell for `next` bits, without branches: lengths of codes are not foreseeable. */
static uint64_t wmbt_zstd_symbols_of(const wmbt_zstd_tables *t, uint32_t next)
{
    uint64_t symbols = 0;
    uint32_t left = WMBT_ZSTD_HUFFMAN_LOG, count = 0;
    for (unsigned i = 0; i < WMBT_ZSTD_SYMBOLS_AT_ONCE; i++) {
        uint32_t cell = t->huffman[next];
        uint32_t bits = cell & 15u;
        uint32_t fits = bits <= left ? 1u : 0u; /* once it is 0, it stays 0 */
        bits *= fits;
        symbols |= (uint64_t)((cell >> 8) * fits) << 8u * i;
        left -= bits;
        count += fits;
        next = (next << bits) & (WMBT_ZSTD_CELLS - 1u);
    }
    return symbols | (uint64_t)(WMBT_ZSTD_HUFFMAN_LOG - left) << 32 | (uint64_t)count << 40;
}

/* Makes the cells from the table of single symbols: those of codes with as many bits differ by
 * their first symbol. */
static void wmbt_zstd_symbols_make(wmbt_zstd_tables *t)
{
    for (uint32_t at = 0; at < WMBT_ZSTD_CELLS;) {
        unsigned bits = t->huffman[at] & 15u;
        uint32_t cells = WMBT_ZSTD_CELLS >> bits;
        WMBT_ASSERT(bits != 0u && bits <= WMBT_ZSTD_HUFFMAN_LOG);
        for (uint32_t end = at + cells; at < end; at++) {
            wmbt_store_le64((uint8_t *)&t->symbols.cell[at], wmbt_zstd_symbols_of(t, at));
        }
        for (; at < WMBT_ZSTD_CELLS && (t->huffman[at] & 15u) == bits; at++) {
            uint64_t same = wmbt_load_any_le64((const uint8_t *)&t->symbols.cell[at - cells]);
            wmbt_store_le64((uint8_t *)&t->symbols.cell[at],
                            (same & ~(uint64_t)0xFF) | t->huffman[at] >> 8);
        }
    }
}

WMBT_STATIC_ASSERT(sizeof(wmbt_zstd_symbols) == 8u, "cells are written as numbers of 64 bits");

/* Whether the cells are to be used for so many literals. */
static bool wmbt_zstd_many_pays(wmbt_zstd_tables *t, size_t literals)
{
    if (t->many == WMBT_ZSTD_MANY_UNKNOWN && literals >= WMBT_ZSTD_MANY_MIN) {
        t->many = WMBT_ZSTD_MANY_SLOWER;
        if (wmbt_zstd_pairs(t) >= WMBT_ZSTD_MANY_PAIRS) {
            t->many = WMBT_ZSTD_MANY_BUILT;
            wmbt_zstd_symbols_make(t);
        }
    }
    return t->many == WMBT_ZSTD_MANY_BUILT;
}

/* What a lane has left when another one has no turn left. */
static void wmbt_zstd_many_alone(const wmbt_zstd_symbol_table *table, wmbt_zstd_lane *l)
{
    const unsigned lookups = 4; /* with 18 bits that were used before, less than 64 */
    while ((size_t)(l->end - l->to) >= lookups * WMBT_ZSTD_SYMBOLS_AT_ONCE &&
           l->p - l->begin >= 8) {
        uint64_t bits = wmbt_load_any_le64(l->p) << l->used;
        for (unsigned i = 0; i < lookups; i++) {
            const wmbt_zstd_symbols *cell = &table->cell[bits >> (64u - WMBT_ZSTD_HUFFMAN_LOG)];
            bits <<= cell->bits & 63u;
            l->used += cell->bits;
            WMBT_ZSTD_COPY_SYMBOLS(l->to, *cell);
            l->to += cell->count;
        }
        l->p -= l->used >> 3;
        l->used &= 7u;
    }
}

/* --- streams ---------------------------------------------------------------------------------- */

static bool wmbt_zstd_lane_init(wmbt_zstd_lane *l, wmbt_view stream, uint8_t *to, uint8_t *end)
{
    if (stream.len < 8u) {
        return false;
    }
    l->begin = stream.data;
    l->p = stream.data + (stream.len - 8u);
    l->to = to;
    l->end = end;
    uint32_t last = (uint32_t)(wmbt_load_any_le64(l->p) >> 56);
    l->used = 8u - wmbt_zstd_highest_bit(last);
    return last != 0u;
}

bool wmbt_zstd_four_fast(wmbt_zstd_tables *t, const wmbt_view *stream, uint8_t **to,
                         uint8_t *const *end, wmbt_zstd_bits *rest)
{
    wmbt_zstd_lane lane[4];
    for (unsigned i = 0; i < 4u; i++) {
        if (!wmbt_zstd_lane_init(&lane[i], stream[i], to[i], end[i])) {
            return false;
        }
    }
    bool many = wmbt_zstd_many_pays(t, (size_t)(end[3] - to[0]));
    if (many) {
        WMBT_ZSTD_MANY(&t->symbols, lane);
    } else {
        WMBT_ZSTD_ONE(t->huffman, lane);
    }
    for (unsigned i = 0; i < 4u; i++) {
        wmbt_zstd_lane *l = &lane[i];
        if (many) {
            wmbt_zstd_many_alone(&t->symbols, l);
        }
        WMBT_ASSERT(l->p >= l->begin && l->used <= 18u && l->to <= l->end);
        to[i] = l->to;
        rest[i].data = l->begin;
        rest[i].at = (size_t)(l->p - l->begin);
        rest[i].bits = wmbt_load_any_le64(l->p) << l->used;
        rest[i].count = 64 - (int)l->used;
    }
    return true;
}

#endif
