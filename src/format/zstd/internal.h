/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the zstd decoder share. docs/FORMATS.md, "zstd frames". */
#ifndef WMBT_SRC_FORMAT_ZSTD_INTERNAL_H
#define WMBT_SRC_FORMAT_ZSTD_INTERNAL_H

#include "base/cursor.h"
#include "base/le.h"
#include "hash/xxh64.h"
#include "wombatkv/zstd.h"

#if WMBT_CFG_ZSTD

/* The next n bytes as a cursor of their own. */
static inline bool wmbt_zstd_part(wmbt_cursor *in, size_t n, wmbt_cursor *part)
{
    part->data = in->data;
    part->left = n;
    return wmbt_cursor_skip(in, n);
}

/* --- bits, read backwards -----------------------------------------------------------------------
 * A stream is read from its last byte to its first; its last byte's highest set bit marks the end.
 * Reading on behind the first byte gives zeros and makes `count` negative.
 *
 * Bytes may be loaded more than once. Whatever they turn into meanwhile, each value read lies in
 * the range of its bits, and `at` never leaves the stream.
 */

#    if UINTPTR_MAX > UINT32_MAX
typedef uint64_t wmbt_zstd_word;
#    else
typedef uint32_t wmbt_zstd_word;
#    endif

/* 8 bytes, little-endian, from any address. */
static inline uint64_t wmbt_zstd_load8(const uint8_t *p)
{
#    ifdef WMBT_UNALIGNED_U64_IS_LE
    typedef WMBT_UNALIGNED_U64 any;
    return *(const any *)p;
#    else
    return wmbt_load_le64(p);
#    endif
}

#    define WMBT_ZSTD_WORD_BITS ((int)sizeof(wmbt_zstd_word) * 8)
/* Bits that are there after a refill, unless the stream ends. */
#    define WMBT_ZSTD_FILLED (WMBT_ZSTD_WORD_BITS - 8)

typedef struct wmbt_zstd_bits {
    const uint8_t *data;
    size_t at;           /* bytes not yet loaded */
    wmbt_zstd_word bits; /* the next bit is the highest; below the `count` highest lies nothing that
                            another refill would not put there again */
    int count;           /* bits left in `bits`; negative: so many were read that are not there */
} wmbt_zstd_bits;

/* Starts with all that is left of the cursor and passes over the end mark. False if there is
 * none. */
bool wmbt_zstd_bits_init(wmbt_zstd_bits *b, const wmbt_cursor *in);

/* Loads bytes until at least WMBT_ZSTD_FILLED bits are there, or all that are left. */
static inline void wmbt_zstd_bits_refill(wmbt_zstd_bits *b)
{
#    if UINTPTR_MAX > UINT32_MAX
    if (b->at >= 8u) { /* then count is 0 to 63: what was read was there */
        b->bits |= wmbt_zstd_load8(b->data + b->at - 8u) >> b->count;
        b->at -= (unsigned)(63 - b->count) >> 3;
        b->count |= 56;
        return;
    }
#    endif
    while (b->at != 0u && b->count <= WMBT_ZSTD_FILLED) {
        b->at--;
        b->bits |= (wmbt_zstd_word)b->data[b->at] << (WMBT_ZSTD_FILLED - b->count);
        b->count += 8;
    }
}

/* The next n bits, 0 to 31, without a refill. */
static inline uint32_t wmbt_zstd_bits_take(wmbt_zstd_bits *b, unsigned n)
{
    wmbt_zstd_word v = (b->bits >> 1) >> ((unsigned)WMBT_ZSTD_WORD_BITS - 1u - n);
    b->bits <<= n;
    b->count -= (int)n;
    return (uint32_t)v;
}

/* The next n bits, 0 to 24. */
uint32_t wmbt_zstd_bits_read(wmbt_zstd_bits *b, unsigned n);

/* True if exactly all bits were read. */
static inline bool wmbt_zstd_bits_done(const wmbt_zstd_bits *b)
{
    return b->at == 0u && b->count == 0;
}

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
#    define WMBT_ZSTD_SYMBOLS 256u /* of literals, and of the description of weights */

/*
 * A state of an FSE table in 32 bits: bits 0 to 3 how many bits choose the next state, bits 4 to 8
 * how many extra bits x the value has, bits 9 to 16 its m, bits 23 to 31 the lowest next state. The
 * value is m << x | the extra bits.
 */
typedef uint32_t wmbt_zstd_cell;
#    define WMBT_ZSTD_NEXT_AT 23u

static inline unsigned wmbt_zstd_cell_bits(wmbt_zstd_cell c)
{
    return c & 15u;
}
static inline unsigned wmbt_zstd_cell_extra(wmbt_zstd_cell c)
{
    return (c >> 4) & 31u;
}
static inline uint32_t wmbt_zstd_cell_base(wmbt_zstd_cell c)
{
    return ((c >> 9) & 255u) << wmbt_zstd_cell_extra(c);
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
    size_t room;      /* bytes from there on that the block may use, for literals in waiting too */
    uint32_t history; /* bytes of the frame before the block, 2^32 - 1 for more */
    uint32_t reach;   /* 2^32 - 1 if there is no bound */
} wmbt_zstd_target;

/* A block on its way. Literals that were decoded wait at the end of its room: as many bytes lie
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
    uint8_t weights[WMBT_ZSTD_SYMBOLS];
    int16_t counts[WMBT_ZSTD_SYMBOLS]; /* of the table that is being built */
    wmbt_zstd_cell cells[(WMBT_ZSTD_WEIGHTS << WMBT_ZSTD_MAX_LOG) + (1u << WMBT_ZSTD_WEIGHTS_LOG)];
    uint16_t huffman[1u << WMBT_ZSTD_HUFFMAN_LOG]; /* symbol << 8 | number of bits */
} wmbt_zstd_tables;

/* The table of a kind. */
static inline wmbt_zstd_cell *wmbt_zstd_cells(wmbt_zstd_tables *t, unsigned kind)
{
    return t->cells + (kind << WMBT_ZSTD_MAX_LOG);
}

/* Position of the highest set bit of v > 0. */
unsigned wmbt_zstd_highest_bit(uint32_t v);

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
 * Decodes a compressed block, all that the cursor has, to t->target; *made is its length. Returns
 * ok, full (more than room), bad-length, bad-field, bad-bitstream, bad-offset.
 */
wmbt_status wmbt_zstd_block(wmbt_zstd_tables *t, wmbt_cursor *in, size_t *made);

#    define WMBT_ZSTD_MIN_MATCH 3u

/* Literals of t->run's sequence, then its match. Returns ok, full, bad-bitstream, bad-offset. */
wmbt_status wmbt_zstd_execute(wmbt_zstd_run *r, const wmbt_zstd_target *target, uint32_t match,
                              uint32_t offset);

/* The offset that a value stands for: a new one, or one of the last three. 0 is damage. */
static inline uint32_t wmbt_zstd_offset(uint32_t *rep, uint32_t value, bool no_literals)
{
    uint32_t offset = value - 3u;
    if (value <= 3u) {
        value = no_literals ? value : value - 1u;
        if (value == 0u) {
            return rep[0];
        }
        offset = value == 3u ? rep[0] - 1u : rep[value];
        if (value == 1u) {
            rep[1] = rep[0];
            rep[0] = offset;
            return offset;
        }
    }
    rep[2] = rep[1];
    rep[1] = rep[0];
    rep[0] = offset;
    return offset;
}

#    if WMBT_CFG_ZSTD_FAST
/* As wmbt_zstd_sequences() of sequences.c. */
wmbt_status wmbt_zstd_sequences_fast(wmbt_zstd_tables *t, uint32_t count);

/*
 * Decodes the beginning of four streams to to[0..3]: *done symbols of each, at most `symbols`. What
 * is left of them is rest[0..3]. False if a stream is too short or has no end mark.
 */
bool wmbt_zstd_four_fast(wmbt_zstd_tables *t, const wmbt_view *stream, uint8_t *const *to,
                         size_t symbols, size_t *done, wmbt_zstd_bits *rest);
#    endif

/* --- frames ----------------------------------------------------------------------------------- */

#    define WMBT_ZSTD_MAGIC 0xFD2FB528u
#    define WMBT_ZSTD_MAGIC_BYTES 4u
/* Bytes of a header behind the descriptor: window 1, dictionary 4, content size 8. */
#    define WMBT_ZSTD_FIELDS_BYTES 13u

/* What four bytes begin. Returns ok (a frame), end (a skippable frame), bad-magic,
 * unsupported-version. */
wmbt_status wmbt_zstd_check_magic(uint32_t magic);

/* Bytes that follow a frame header descriptor. */
uint32_t wmbt_zstd_fields_bytes(uint32_t descriptor);

/* Reads descriptor and fields of a zstd frame. Returns as wmbt_zstd_read_header(). */
wmbt_status wmbt_zstd_read_fields(uint32_t descriptor, const uint8_t *fields,
                                  wmbt_zstd_header *header);

/* A frame on its way, in both forms. */
typedef struct wmbt_zstd_frame {
    wmbt_zstd_header header;
    uint64_t made;      /* bytes of output of this frame */
    uint32_t block_max; /* bytes that a block may have, compressed or not */
    wmbt_xxh64 checksum;
    wmbt_zstd_tables tables;
} wmbt_zstd_frame;

/* Checks what a caller gives: bad-argument, buffer-too-small, buffer-misaligned. */
wmbt_status wmbt_zstd_check_memory(const wmbt_buf *memory, wmbt_buf out);

/* Starts the frame of f->header, whose output may have `most` bytes. Returns ok, too-large. */
wmbt_status wmbt_zstd_frame_begin(wmbt_zstd_frame *f, uint64_t most);

/* Counts bytes of output. */
void wmbt_zstd_frame_made(wmbt_zstd_frame *f, const uint8_t *bytes, size_t n);

/* False if the output has not the size that is stored. */
static inline bool wmbt_zstd_frame_is_whole(const wmbt_zstd_frame *f)
{
    return (f->header.flags & WMBT_ZSTD_HAS_CONTENT_SIZE) == 0u ||
           f->made == f->header.content_bytes;
}

/* Decodes a compressed block to f->tables.target, in which all but `history` is set. Returns as
 * wmbt_zstd_block(), but for full: too-large, or bad-length if no room would suffice. */
static inline wmbt_status wmbt_zstd_frame_block(wmbt_zstd_frame *f, wmbt_cursor *block,
                                                size_t *made)
{
    wmbt_zstd_target *target = &f->tables.target;
    target->history = f->made < UINT32_MAX ? (uint32_t)f->made : UINT32_MAX;
    wmbt_status status = wmbt_zstd_block(&f->tables, block, made);
    if (status == WMBT_FULL) {
        return target->room == f->block_max ? WMBT_BAD_LENGTH : WMBT_TOO_LARGE;
    }
    return status;
}

/* Of three bytes: the lowest bit says that the block is the last one. */
static inline uint32_t wmbt_zstd_block_type(uint32_t header)
{
    return (header >> 1) & 3u;
}
static inline uint32_t wmbt_zstd_block_size(uint32_t header)
{
    return header >> 3;
}

#    define WMBT_ZSTD_BLOCK_RAW 0u
#    define WMBT_ZSTD_BLOCK_RLE 1u
#    define WMBT_ZSTD_BLOCK_COMPRESSED 2u
#    define WMBT_ZSTD_BLOCK_HEADER_BYTES 3u

#endif

#endif
