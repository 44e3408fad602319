/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed blocks of zstd, written by RFC 8878 with tables of any shape: what a test picks, not
 * what an encoder would find good. Sections of the RFC: FSE tables 4.1.1, trees 4.2.1, literals
 * 3.1.1.3.1, sequences 3.1.1.3.2.
 */
#ifndef WMBT_TESTS_ZSTD_BLOCKS_H
#define WMBT_TESTS_ZSTD_BLOCKS_H

#include "test.h"

/* --- bits ------------------------------------------------------------------------------------- */

/* Bits of a stream in the order in which they are read, one a byte. */
typedef struct wmbt_bits {
    uint8_t *bit;
    size_t n, max;
} wmbt_bits;

/* The highest bit is read first. What there is no room for is left out, and shows. */
static inline void wmbt_bits_put(wmbt_bits *b, uint32_t v, unsigned n)
{
    while (n-- != 0u && b->n < b->max) {
        b->bit[b->n++] = (uint8_t)(v >> n & 1u);
    }
}

/* Bytes in order. */
typedef struct wmbt_bytes {
    uint8_t *at;
    size_t n, max;
} wmbt_bytes;

static inline void wmbt_bytes_put(wmbt_bytes *b, uint32_t v, unsigned bytes)
{
    for (; bytes != 0u && b->n < b->max; bytes--, v >>= 8) {
        b->at[b->n++] = (uint8_t)v;
    }
}

static inline void wmbt_bytes_add(wmbt_bytes *b, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        wmbt_bytes_put(b, p[i], 1);
    }
}

/* The stream: what is read first lies at the end, behind the mark. */
static inline void wmbt_bits_end(wmbt_bits *b, wmbt_bytes *to)
{
    size_t bytes = b->n / 8u + 1u;
    for (size_t i = 0; i < bytes; i++) {
        unsigned byte = 0;
        for (size_t at = 8u * i; at < 8u * i + 8u && at <= b->n; at++) {
            byte |= (at == b->n ? 1u : b->bit[b->n - 1u - at]) << at % 8u;
        }
        wmbt_bytes_put(to, byte, 1);
    }
    b->n = 0;
}

static inline unsigned wmbt_width_of(uint32_t v)
{
    unsigned n = 0;
    for (; v != 0u; v >>= 1) {
        n++;
    }
    return n;
}

/* --- FSE tables ------------------------------------------------------------------------------- */

typedef struct wmbt_fse {
    unsigned log;
    unsigned symbols;
    int16_t counts[256]; /* -1: less than one state */
    uint8_t symbol[512]; /* of each state */
    uint8_t bits[512];
    uint16_t base[512];
} wmbt_fse;

/* The states of f->counts, of which there are 1 << f->log. */
static inline void wmbt_fse_build(wmbt_fse *f)
{
    uint16_t next[256];
    unsigned size = 1u << f->log, high = size, at = 0;
    for (unsigned s = 0; s < f->symbols; s++) {
        next[s] = f->counts[s] < 0 ? 1u : (uint16_t)f->counts[s];
        if (f->counts[s] < 0) {
            f->symbol[--high] = (uint8_t)s;
        }
    }
    for (unsigned s = 0; s < f->symbols; s++) {
        for (int i = 0; i < f->counts[s]; i++) {
            f->symbol[at] = (uint8_t)s;
            do {
                at = (at + size / 2u + size / 8u + 3u) % size;
            } while (at >= high);
        }
    }
    for (unsigned i = 0; i < size; i++) {
        unsigned x = next[f->symbol[i]]++;
        f->bits[i] = (uint8_t)(f->log + 1u - wmbt_width_of(x));
        f->base[i] = (uint16_t)((x << f->bits[i]) - size);
    }
}

/* A table of one symbol, which takes no bits. */
static inline void wmbt_fse_single(wmbt_fse *f, uint8_t symbol)
{
    f->log = 0;
    f->symbol[0] = symbol;
    f->bits[0] = 0;
    f->base[0] = 0;
}

static inline bool wmbt_fse_has(const wmbt_fse *f, unsigned symbol)
{
    for (unsigned i = 0; i < 1u << f->log; i++) {
        if (f->symbol[i] == symbol) {
            return true;
        }
    }
    return false;
}

/* A state of the symbol from which `state` can be next, or any (512) that takes bits; 512 if there
 * is none. */
static inline unsigned wmbt_fse_before(const wmbt_fse *f, unsigned symbol, unsigned state)
{
    for (unsigned i = 0; i < 1u << f->log; i++) {
        if (f->symbol[i] == symbol &&
            (state == 512u ? f->bits[i] != 0u
                           : state >= f->base[i] && state < f->base[i] + (1u << f->bits[i]))) {
            return i;
        }
    }
    return 512;
}

/* The description of f->counts. */
static inline void wmbt_fse_describe(const wmbt_fse *f, wmbt_bytes *to)
{
    uint64_t bits = f->log - 5u;
    unsigned n = 4, left = 1u << f->log;
    for (unsigned s = 0; left != 0u; s++) {
        unsigned number = (unsigned)(f->counts[s] + 1), width = wmbt_width_of(left + 1u);
        unsigned half = 1u << (width - 1u), short_forms = 2u * half - 1u - (left + 1u);
        bits |= (uint64_t)(number < half ? number : number + short_forms) << n;
        n += number < short_forms ? width - 1u : width;
        left -= number == 0u ? 1u : number - 1u;
        if (number == 1u) {
            unsigned zeros = 0;
            for (; f->counts[s + 1u] == 0; s++) {
                zeros++;
                if (zeros == 3u) {
                    bits |= (uint64_t)3u << n;
                    n += 2u;
                    zeros = 0;
                }
                for (; n >= 8u; n -= 8u, bits >>= 8) {
                    wmbt_bytes_put(to, (uint8_t)bits, 1);
                }
            }
            bits |= (uint64_t)zeros << n;
            n += 2u;
        }
        for (; n >= 8u; n -= 8u, bits >>= 8) {
            wmbt_bytes_put(to, (uint8_t)bits, 1);
        }
    }
    if (n != 0u) {
        wmbt_bytes_put(to, (uint8_t)bits, 1);
    }
}

/* --- trees ------------------------------------------------------------------------------------ */

typedef struct wmbt_tree {
    uint8_t weights[257]; /* of all symbols, the last one too */
    unsigned symbols;     /* the last one's number, and one more */
    unsigned log;
    uint16_t code[256];
} wmbt_tree;

/* Codes of tree->weights[0 .. symbols - 1], which are complete. */
static inline void wmbt_tree_build(wmbt_tree *tree)
{
    uint32_t at = 0, total = 0;
    for (unsigned s = 0; s < tree->symbols; s++) {
        total += tree->weights[s] == 0u ? 0u : 1u << (tree->weights[s] - 1u);
    }
    tree->log = wmbt_width_of(total) - 1u;
    for (unsigned w = 1; w <= tree->log; w++) {
        for (unsigned s = 0; s < tree->symbols; s++) {
            if (tree->weights[s] == w) {
                tree->code[s] = (uint16_t)(at >> (w - 1u));
                at += 1u << (w - 1u);
            }
        }
    }
}

static inline void wmbt_tree_code(const wmbt_tree *tree, wmbt_bits *b, unsigned symbol)
{
    wmbt_bits_put(b, tree->code[symbol], tree->log + 1u - tree->weights[symbol]);
}

/* The description in weights of four bits, of 2 to 129 symbols. */
static inline void wmbt_tree_direct(const wmbt_tree *tree, wmbt_bytes *to)
{
    wmbt_bytes_put(to, 127u + tree->symbols - 1u, 1);
    for (unsigned s = 0; s + 1u < tree->symbols; s += 2u) {
        unsigned second = s + 2u < tree->symbols ? tree->weights[s + 1u] : 0u;
        wmbt_bytes_put(to, (unsigned)tree->weights[s] << 4 | second, 1);
    }
}

/* The description by the states of `f`: `count` weights, three or more. `before` has room for that
 * many states. False if it cannot be: a weight that has no state, or one at the end that takes no
 * bits, or more than 127 bytes. */
static inline bool wmbt_tree_coded(const uint8_t *weights, unsigned count, const wmbt_fse *f,
                                   uint16_t *states, wmbt_bits *bits, wmbt_bytes *to)
{
    size_t begin = to->n;
    for (unsigned i = count; i-- != 0u;) {
        /* the last one is told by a state alone; the one before it asks for bits that are not there
         */
        unsigned next = i + 2u < count ? states[i + 2u] : 512u;
        unsigned state = wmbt_fse_before(f, weights[i], next);
        if (state == 512u) {
            return false;
        }
        states[i] = (uint16_t)state;
    }
    wmbt_bits_put(bits, states[0], f->log);
    wmbt_bits_put(bits, states[1], f->log);
    for (unsigned i = 0; i + 2u < count; i++) {
        wmbt_bits_put(bits, (uint32_t)states[i + 2u] - f->base[states[i]], f->bits[states[i]]);
    }
    wmbt_bytes_put(to, 0, 1);
    wmbt_fse_describe(f, to);
    wmbt_bits_end(bits, to);
    size_t bytes = to->n - begin - 1u;
    to->at[begin] = (uint8_t)bytes;
    return bytes < 128u && to->n < to->max;
}

/* --- sections --------------------------------------------------------------------------------- */

#define WMBT_LITERALS_RAW 0u
#define WMBT_LITERALS_RLE 1u
#define WMBT_LITERALS_HUFFMAN 2u
#define WMBT_LITERALS_TREELESS 3u

/* The header of a literals section: `bytes` are those that are stored of Huffman ones. */
static inline void wmbt_literals_header(wmbt_bytes *to, unsigned type, unsigned format,
                                        uint32_t count, uint32_t bytes)
{
    static const uint8_t lengths[] = {1, 2, 1, 3, 3, 3, 4, 5};
    bool huffman = type >= WMBT_LITERALS_HUFFMAN;
    unsigned bits = format < 2u ? 10u : format == 2u ? 14u : 18u;
    uint64_t v = type | format << 2 | (uint64_t)count << 4;
    if (huffman) {
        v |= (uint64_t)bytes << (4u + bits);
    } else if ((format & 1u) == 0u) { /* the format's higher bit is the count's lowest */
        v = type | (uint64_t)count << 3;
    }
    for (unsigned i = lengths[huffman ? 4u + format : format]; i != 0u; i--, v >>= 8) {
        wmbt_bytes_put(to, (uint8_t)v, 1);
    }
}

/* Lengths by their codes. */
static inline uint32_t wmbt_ll_base(unsigned code)
{
    static const uint32_t bases[] = {16,  18,  20,  22,   24,   28,   32,   40,    48,    64,
                                     128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
    return code < 16u ? code : bases[code - 16u];
}
static inline unsigned wmbt_ll_extra(unsigned code)
{
    static const uint8_t extra[] = {1, 1, 1, 1,  2,  2,  3,  3,  4,  6,
                                    7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    return code < 16u ? 0u : extra[code - 16u];
}
static inline uint32_t wmbt_ml_base(unsigned code)
{
    static const uint32_t bases[] = {35,  37,  39,  41,   43,   47,   51,   59,    67,    83,   99,
                                     131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539};
    return code < 32u ? code + 3u : bases[code - 32u];
}
static inline unsigned wmbt_ml_extra(unsigned code)
{
    static const uint8_t extra[] = {1, 1, 1, 1,  2,  2,  3,  3,  4,  4, 5,
                                    7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    return code < 32u ? 0u : extra[code - 32u];
}

#define WMBT_LL_CODES 36u
#define WMBT_OF_CODES 32u
#define WMBT_ML_CODES 53u

/* Code and extra bits of literals (0), offset (1) and match (2). */
typedef struct wmbt_sequence {
    uint8_t code[3];
    uint32_t extra[3];
} wmbt_sequence;

static inline unsigned wmbt_extra_bits(unsigned kind, unsigned code)
{
    return kind == 0u ? wmbt_ll_extra(code) : kind == 1u ? code : wmbt_ml_extra(code);
}

/* The bit stream of the sequences. `states` has room for three of each. False if a code has no
 * state. */
static inline bool wmbt_sequences_code(const wmbt_sequence *s, unsigned count,
                                       const wmbt_fse *tables, uint16_t *states, wmbt_bits *bits,
                                       wmbt_bytes *to)
{
    static const uint8_t values[] = {1, 2, 0}, next[] = {0, 2, 1}; /* the order of kinds */
    for (unsigned i = count; i-- != 0u;) {
        for (unsigned kind = 0; kind < 3u; kind++) {
            const wmbt_fse *f = &tables[kind];
            unsigned state = 0;
            while (state < 1u << f->log &&
                   (f->symbol[state] != s[i].code[kind] ||
                    (i + 1u < count &&
                     (states[3u * (i + 1u) + kind] < f->base[state] ||
                      states[3u * (i + 1u) + kind] >= f->base[state] + (1u << f->bits[state]))))) {
                state++;
            }
            if (state == 1u << f->log) {
                return false;
            }
            states[3u * i + kind] = (uint16_t)state;
        }
    }
    for (unsigned kind = 0; kind < 3u; kind++) {
        wmbt_bits_put(bits, states[kind], tables[kind].log);
    }
    for (unsigned i = 0; i < count; i++) {
        for (unsigned k = 0; k < 3u; k++) {
            wmbt_bits_put(bits, s[i].extra[values[k]],
                          wmbt_extra_bits(values[k], s[i].code[values[k]]));
        }
        for (unsigned k = 0; k < 3u && i + 1u < count; k++) {
            const wmbt_fse *f = &tables[next[k]];
            unsigned state = states[3u * i + next[k]];
            wmbt_bits_put(bits, (uint32_t)states[3u * (i + 1u) + next[k]] - f->base[state],
                          f->bits[state]);
        }
    }
    wmbt_bits_end(bits, to);
    return to->n < to->max;
}

/* Their number, in one byte, two or three: the least, or as many as are asked for. */
static inline void wmbt_sequences_number(wmbt_bytes *to, uint32_t count, unsigned bytes)
{
    if (count >= 0x7F00u) {
        wmbt_bytes_put(to, 255u | (count - 0x7F00u) << 8, 3);
    } else if (count >= 128u || bytes == 2u) {
        wmbt_bytes_put(to, (count >> 8) + 128u, 1);
        wmbt_bytes_put(to, count & 255u, 1);
    } else {
        wmbt_bytes_put(to, count, 1);
    }
}

#endif
