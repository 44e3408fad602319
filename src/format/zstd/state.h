/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a zstd decoder keeps of a frame: its tables, and the block on its way. Its sources call one
 * another in this order only:
 *
 *     bits < fse, execute, streams_fast < literals, sequences < block < frame < push
 *
 * docs/FORMATS.md, "zstd frames".
 */
#ifndef WMBT_SRC_FORMAT_ZSTD_STATE_H
#define WMBT_SRC_FORMAT_ZSTD_STATE_H

#include "format/zstd/bits.h"
#include "wombatkv/status.h"

#if WMBT_CFG_ZSTD

/* --- tables ----------------------------------------------------------------------------------- */

#    define WMBT_ZSTD_MAX_LOG 9u /* of the following three */
#    define WMBT_ZSTD_LL_LOG 9u
#    define WMBT_ZSTD_ML_LOG 9u
#    define WMBT_ZSTD_OF_LOG 8u
#    define WMBT_ZSTD_WEIGHTS_LOG 6u
#    define WMBT_ZSTD_HUFFMAN_LOG 11u
#    define WMBT_ZSTD_LL_SYMBOLS 36u
#    define WMBT_ZSTD_ML_SYMBOLS 53u
#    define WMBT_ZSTD_OF_SYMBOLS 32u
#    define WMBT_ZSTD_WEIGHTS_SYMBOLS (WMBT_ZSTD_HUFFMAN_LOG + 1u)
#    define WMBT_ZSTD_SYMBOLS 256u /* of literals */

/*
 * A state of an FSE table in 32 bits: bits 0 to 7 how many bits choose the next state, bits 8 to 14
 * how many extra bits x the value has (the sum of three fits as well), bits 15 to 22 the value's m,
 * bits 23 to 31 the lowest next state. The value is m << x | the extra bits.
 */
typedef uint32_t wmbt_zstd_cell;
#    define WMBT_ZSTD_EXTRA_AT 8u
#    define WMBT_ZSTD_M_AT 15u
#    define WMBT_ZSTD_NEXT_AT 23u

static inline unsigned wmbt_zstd_cell_extra(wmbt_zstd_cell c)
{
    return (c >> WMBT_ZSTD_EXTRA_AT) & 127u;
}
static inline unsigned wmbt_zstd_cell_bits(wmbt_zstd_cell c)
{
    return c & 255u;
}
static inline uint32_t wmbt_zstd_cell_base(wmbt_zstd_cell c)
{
    return ((c >> WMBT_ZSTD_M_AT) & 255u) << wmbt_zstd_cell_extra(c);
}
static inline unsigned wmbt_zstd_cell_next(wmbt_zstd_cell c)
{
    return c >> WMBT_ZSTD_NEXT_AT;
}

/* What the values of a table mean. */
#    define WMBT_ZSTD_LL 0u      /* literal lengths */
#    define WMBT_ZSTD_OF 1u      /* offsets */
#    define WMBT_ZSTD_ML 2u      /* match lengths, less 3 */
#    define WMBT_ZSTD_WEIGHTS 3u /* of Huffman codes; no extra bits */
#    define WMBT_ZSTD_KINDS 4u

/* The literals section of a block. */
typedef struct wmbt_zstd_literals {
    uint32_t type;
    uint32_t count;    /* bytes that they become */
    bool four_streams; /* Huffman: four streams, else one */
    uint8_t byte;      /* RLE */
    wmbt_view bytes;   /* raw: the literals; Huffman: table and streams */
} wmbt_zstd_literals;

/*
 * Where a block goes. A match may begin up to `history` bytes before the block, at most `reach`
 * back; what lies before `window` is found before `old` (a ring that has begun anew).
 */
typedef struct wmbt_zstd_target {
    uint8_t *window;
    uint8_t *old;
    size_t at;        /* the block's first byte in the window */
    size_t capacity;  /* bytes from there on that the block may use, for literals in waiting too */
    uint32_t history; /* bytes of the frame before the block, 2^32 - 1 for more */
    uint32_t reach;   /* 2^32 - 1 if there is no bound */
} wmbt_zstd_target;

/* A block on its way. Literals that were decoded wait at the end of its capacity: as many bytes lie
 * between them and the output as matches may still have, so that the output never overtakes them.
 */
typedef struct wmbt_zstd_run {
    wmbt_zstd_bits bits;
    const uint8_t *literals;
    uint8_t *to;  /* next byte of output */
    size_t spare; /* bytes that matches may still have */
    uint32_t literals_left;
    uint32_t value[3]; /* of the sequence, by kind */
    unsigned state[3];
} wmbt_zstd_run;

/* Bits read forwards, the lowest of a byte first. Behind the end there are zeros; `count` tells. */
typedef struct wmbt_zstd_forward {
    wmbt_view in;
    size_t at; /* bytes of `in` that were loaded */
    uint32_t bits;
    int count; /* negative: so many were used that are not there */
} wmbt_zstd_forward;

#    if WMBT_CFG_ZSTD_FAST
/* What the next WMBT_ZSTD_HUFFMAN_LOG bits begin with: all of the symbols that they have as a
 * whole, four at most, and the bits of those. */
#        define WMBT_ZSTD_SYMBOLS_AT_ONCE 4u
typedef struct wmbt_zstd_symbols {
    uint8_t symbol[WMBT_ZSTD_SYMBOLS_AT_ONCE];
    uint8_t bits;
    uint8_t count;
    uint8_t unused[2];
} wmbt_zstd_symbols;

/* An array in a struct: compilers then address its cells in one step. */
typedef struct wmbt_zstd_symbol_table {
    wmbt_zstd_symbols cell[1u << WMBT_ZSTD_HUFFMAN_LOG];
} wmbt_zstd_symbol_table;

/* t->many */
#        define WMBT_ZSTD_MANY_UNKNOWN 0u
#        define WMBT_ZSTD_MANY_SLOWER 1u
#        define WMBT_ZSTD_MANY_BUILT 2u
#    endif

/* Tables of a frame, and what it takes to build them and to decode a block. What is small comes
 * first: machines reach it with short instructions. */
typedef struct wmbt_zstd_tables {
    wmbt_zstd_run run;
    wmbt_zstd_target target;
    wmbt_zstd_literals literals;
    wmbt_zstd_forward forward; /* of a table's description */
    uint32_t rep[3];           /* last offsets */
    uint8_t log[WMBT_ZSTD_KINDS];
    uint8_t huffman_log;   /* 0: no Huffman table yet */
    uint8_t has_sequences; /* the three tables are there */
#    if WMBT_CFG_ZSTD_FAST
    uint8_t many; /* whether `symbols` are there */
#    endif
    uint8_t weights[WMBT_ZSTD_SYMBOLS];
    int16_t counts[WMBT_ZSTD_ML_SYMBOLS]; /* of the table that is being built, one of the largest */
    wmbt_zstd_cell cells[(WMBT_ZSTD_WEIGHTS << WMBT_ZSTD_MAX_LOG) + (1u << WMBT_ZSTD_WEIGHTS_LOG)];
    uint16_t huffman[1u << WMBT_ZSTD_HUFFMAN_LOG]; /* symbol << 8 | number of bits */
#    if WMBT_CFG_ZSTD_FAST
    wmbt_zstd_symbol_table symbols; /* made from it where they pay */
#    endif
} wmbt_zstd_tables;

/* The table of a kind. */
static inline wmbt_zstd_cell *wmbt_zstd_cells(wmbt_zstd_tables *t, unsigned kind)
{
    return t->cells + (kind << WMBT_ZSTD_MAX_LOG);
}

/* How a table comes. */
#    define WMBT_ZSTD_PREDEFINED 0u
#    define WMBT_ZSTD_SINGLE 1u /* of the symbol that follows */
#    define WMBT_ZSTD_DESCRIBED 2u
#    define WMBT_ZSTD_REPEATED 3u /* the one before */

/* Makes the table of a kind. False if what stands in the input is damaged or cut off, or if there
 * is none before; the table is then undefined. */
bool wmbt_zstd_table_make(wmbt_zstd_tables *t, wmbt_cursor *in, unsigned kind, unsigned mode);

/* --- blocks ----------------------------------------------------------------------------------- */

#    define WMBT_ZSTD_LITERALS_RAW 0u
#    define WMBT_ZSTD_LITERALS_RLE 1u
#    define WMBT_ZSTD_LITERALS_HUFFMAN 2u
#    define WMBT_ZSTD_LITERALS_TREELESS 3u

/* Reads the section's header to t->literals; the cursor then stands behind the section. Returns ok,
 * bad-length. */
wmbt_status wmbt_zstd_literals_read(wmbt_zstd_tables *t, wmbt_cursor *in);

/* Decodes the literals to `to`. Returns ok, bad-bitstream. */
wmbt_status wmbt_zstd_literals_decode(wmbt_zstd_tables *t, uint8_t *to);

/*
 * Decodes a compressed block, all that the cursor has, to t->target; *produced is its length.
 * Returns ok, full (more than the capacity), bad-length, bad-field, bad-bitstream, bad-offset.
 */
wmbt_status wmbt_zstd_block(wmbt_zstd_tables *t, wmbt_cursor *in, size_t *produced);

#    define WMBT_ZSTD_MIN_MATCH 3u

/* Literals of t->run's sequence, then its match. Returns ok, full, bad-bitstream, bad-offset. */
wmbt_status wmbt_zstd_execute(wmbt_zstd_run *r, const wmbt_zstd_target *target, uint32_t match,
                              uint32_t offset);

/* Decodes and executes `count` sequences, all that t->run.bits has. Returns ok, full,
 * bad-bitstream, bad-offset. */
wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, uint32_t count);

#    if WMBT_CFG_ZSTD_FAST
/*
 * Decodes the beginning of four streams to to[0..3], each up to end[0..3] at most, and moves to[]
 * behind it. What is left of them is rest[0..3]. False if a stream is too short or has no end mark.
 */
bool wmbt_zstd_four_fast(wmbt_zstd_tables *t, const wmbt_view *stream, uint8_t **to,
                         uint8_t *const *end, wmbt_zstd_bits *rest);
#    endif

#endif

#endif
