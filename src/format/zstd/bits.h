/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of zstd, read backwards. A stream is read from its last byte to its first; its last byte's
 * highest set bit marks the end. Reading on behind the first byte gives zeros and makes `count`
 * negative.
 *
 * Bytes may be loaded more than once. Whatever they turn into meanwhile, each value read lies in
 * the range of its bits, and `at` never leaves the stream.
 */
#ifndef WMBT_SRC_FORMAT_ZSTD_BITS_H
#define WMBT_SRC_FORMAT_ZSTD_BITS_H

#include "base/cursor.h"
#include "base/le.h"

#if WMBT_CFG_ZSTD

#    if WMBT_WIDE_REGISTERS
typedef uint64_t wmbt_zstd_word;
#    else
typedef uint32_t wmbt_zstd_word;
#    endif

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
#    if WMBT_WIDE_REGISTERS
    if (b->at >= 8u) { /* then count is 0 to 63: what was read was there */
        b->bits |= wmbt_load_any_le64(b->data + b->at - 8u) >> b->count;
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
    WMBT_ASSERT(n <= 31u);
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

/* Position of the highest set bit of v; 0 if there is none. */
unsigned wmbt_zstd_highest_bit(uint32_t v);

#endif

#endif
