/* SPDX-License-Identifier: Apache-2.0 */
/* Literals of zstd blocks. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/state.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

/* The first byte of a tree from here on: weights of 4 bits, as many as this less 127. */
#    define WMBT_ZSTD_DIRECT_WEIGHTS 128u
/* Fewer literals do not come in four streams. */
#    define WMBT_ZSTD_MIN_IN_FOUR 6u

wmbt_status wmbt_zstd_literals_read(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    wmbt_zstd_literals *l = &t->literals;
    /* Bytes of the header behind the first: raw and RLE, Huffman; by size format. */
    static const uint8_t more_bytes[] = {0, 1, 0, 2, 2, 2, 3, 4};
    uint8_t b[5];
    b[1] = b[2] = b[3] = b[4] = 0;
    if (!wmbt_cursor_u8(in, &b[0])) {
        return WMBT_BAD_LENGTH;
    }
    l->type = b[0] & 3u;
    unsigned format = (b[0] >> 2) & 3u;
    bool huffman = l->type >= WMBT_ZSTD_LITERALS_HUFFMAN;
    unsigned more = more_bytes[huffman ? 4u + format : format];
    if (!wmbt_cursor_copy(in, b + 1, more)) {
        return WMBT_BAD_LENGTH;
    }
    uint32_t sizes = wmbt_load_le32(b) >> 4;
    if (huffman) {
        /* Two numbers of 10, 14 or 18 bits. */
        unsigned bits = 4u * more + 2u;
        l->count = sizes & ((1u << bits) - 1u);
        sizes = sizes >> bits | (uint32_t)b[4] << (28u - bits);
        l->four_streams = format != 0u;
    } else {
        sizes = more == 0u ? b[0] >> 3 : sizes;
        l->count = sizes;
        if (l->type == WMBT_ZSTD_LITERALS_RLE) {
            return wmbt_cursor_u8(in, &l->byte) ? WMBT_OK : WMBT_BAD_LENGTH;
        }
    }
    return wmbt_cursor_bytes(in, sizes, &l->bytes) ? WMBT_OK : WMBT_BAD_LENGTH;
}

/* --- tree ------------------------------------------------------------------------------------- */

/* Weights that are coded by FSE: two states in turn, until the bits are used up. Returns how many,
 * 0 if they do not decode. */
static unsigned wmbt_zstd_weights_coded(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    wmbt_zstd_bits *b = &t->run.bits;
    unsigned n = 0;
    if (!wmbt_zstd_table_make(t, in, WMBT_ZSTD_WEIGHTS, WMBT_ZSTD_DESCRIBED) ||
        !wmbt_zstd_bits_init(b, in)) {
        return 0;
    }
    const wmbt_zstd_cell *cells = wmbt_zstd_cells(t, WMBT_ZSTD_WEIGHTS);
    unsigned log = t->log[WMBT_ZSTD_WEIGHTS];
    unsigned now = wmbt_zstd_bits_read(b, log);
    unsigned other = wmbt_zstd_bits_read(b, log);
    if (b->count < 0) {
        return 0;
    }
    while (n <
           WMBT_ZSTD_SYMBOLS - 2u) { /* room for two, and for the last weight, which is implied */
        wmbt_zstd_cell cell = cells[now];
        t->weights[n++] = (uint8_t)wmbt_zstd_cell_base(cell);
        unsigned next =
            wmbt_zstd_cell_next(cell) + wmbt_zstd_bits_read(b, wmbt_zstd_cell_bits(cell));
        if (b->count < 0) {
            t->weights[n++] = (uint8_t)wmbt_zstd_cell_base(cells[other]);
            return n;
        }
        now = other;
        other = next;
    }
    return 0;
}

/* Reads the weights of a tree, but for the last one. Returns how many, 0 if they do not decode. */
static unsigned wmbt_zstd_weights_read(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    uint8_t first, pair;
    wmbt_cursor coded;
    if (!wmbt_cursor_u8(in, &first)) {
        return 0;
    }
    if (first < WMBT_ZSTD_DIRECT_WEIGHTS) {
        return wmbt_cursor_part(in, first, &coded) ? wmbt_zstd_weights_coded(t, &coded) : 0u;
    }
    unsigned n = first - (WMBT_ZSTD_DIRECT_WEIGHTS - 1u);
    for (unsigned i = 0; i < n; i += 2u) {
        if (!wmbt_cursor_u8(in, &pair)) {
            return 0;
        }
        t->weights[i] = pair >> 4;
        t->weights[i + 1u] = pair & 15u;
    }
    return n;
}

/* Adds the last weight: what is missing to a power of two, and counts the weights in t->counts.
 * Returns the longest code's bits, or 0. */
static unsigned wmbt_zstd_weights_complete(wmbt_zstd_tables *t, unsigned n)
{
    uint32_t total = 0;
    for (unsigned w = 0; w <= WMBT_ZSTD_HUFFMAN_LOG; w++) {
        t->counts[w] = 0;
    }
    for (unsigned s = 0; s < n; s++) {
        unsigned w = t->weights[s];
        if (w > WMBT_ZSTD_HUFFMAN_LOG) {
            return 0;
        }
        t->counts[w]++;
        total += (1u << w) >> 1;
    }
    unsigned log = wmbt_zstd_highest_bit(total) + 1u;
    uint32_t rest = (1u << log) - total;
    if (log > WMBT_ZSTD_HUFFMAN_LOG || (rest & (rest - 1u)) != 0u) {
        return 0;
    }
    unsigned last = wmbt_zstd_highest_bit(rest) + 1u;
    t->weights[n] = (uint8_t)last;
    t->counts[last]++;
    /* The longest codes come in pairs: all cells add up to a power of two. There are none if no
     * weight but the last one is above 0. */
    WMBT_ASSERT(t->counts[1] % 2 == 0);
    return t->counts[1] == 0 ? 0u : log;
}

/* Reads a tree and builds its table: a cell for each `log` bits that can come next. */
static bool wmbt_zstd_tree_read(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    unsigned n = wmbt_zstd_weights_read(t, in);
    unsigned log = wmbt_zstd_weights_complete(t, n);
    if (log == 0u) {
        return false;
    }
#    if WMBT_CFG_ZSTD_FAST
    /* All tables have the same size: the weights as if the codes were longer. */
    unsigned longer = WMBT_ZSTD_HUFFMAN_LOG - log;
#    else
    unsigned longer = 0;
#    endif
    t->huffman_log = (uint8_t)(log + longer);
#    if WMBT_CFG_ZSTD_FAST
    t->many = WMBT_ZSTD_MANY_UNKNOWN;
#    endif
    uint32_t at = 0; /* t->counts becomes where the cells of a weight begin */
    for (unsigned w = 1; w <= log; w++) {
        uint32_t symbols = (uint16_t)t->counts[w];
        t->counts[w] = (int16_t)at;
        at += symbols << (w - 1u + longer);
    }
    WMBT_ASSERT(at == 1u << t->huffman_log); /* each cell has its symbol */
    for (unsigned s = 0; s <= n; s++) {
        unsigned w = t->weights[s];
        if (w == 0u) {
            continue;
        }
        uint16_t cell = (uint16_t)(s << 8 | (log + 1u - w));
        uint16_t *to = t->huffman + t->counts[w];
        uint32_t cells = 1u << (w - 1u + longer);
        t->counts[w] = (int16_t)(t->counts[w] + (int16_t)cells);
        for (uint32_t i = 0; i < cells; i++) {
            to[i] = cell;
        }
    }
    return true;
}

/* --- streams ---------------------------------------------------------------------------------- */

/* The next symbol; the bits are there, or what is behind the end. */
static inline uint8_t wmbt_zstd_symbol(const wmbt_zstd_tables *t, wmbt_zstd_bits *b)
{
    unsigned cell = t->huffman[b->bits >> (WMBT_ZSTD_WORD_BITS - (int)t->huffman_log)];
    b->bits <<= cell & 15u;
    b->count -= (int)(cell & 15u);
    return (uint8_t)(cell >> 8);
}

/* Decodes the symbols that are left of a stream, up to `end`. False if that are not exactly those
 * that it has: bits that are not there are zeros, and counted. */
static bool wmbt_zstd_stream_rest(const wmbt_zstd_tables *t, wmbt_zstd_bits *b, uint8_t *to,
                                  uint8_t *end)
{
    for (; to != end; to++) {
        if (b->count < (int)WMBT_ZSTD_HUFFMAN_LOG) {
            wmbt_zstd_bits_refill(b);
        }
        *to = wmbt_zstd_symbol(t, b);
    }
    return wmbt_zstd_bits_done(b);
}

static wmbt_status wmbt_zstd_stream(wmbt_zstd_tables *t, const wmbt_cursor *in, uint8_t *to,
                                    uint8_t *end)
{
    wmbt_zstd_bits *b = &t->run.bits;
    return wmbt_zstd_bits_init(b, in) && wmbt_zstd_stream_rest(t, b, to, end) ? WMBT_OK
                                                                              : WMBT_BAD_BITSTREAM;
}

static wmbt_status wmbt_zstd_four_streams(wmbt_zstd_tables *t, wmbt_cursor *in, uint8_t *to,
                                          uint32_t n)
{
    uint16_t len[3];
    if (n < WMBT_ZSTD_MIN_IN_FOUR || !wmbt_cursor_u16(in, &len[0]) ||
        !wmbt_cursor_u16(in, &len[1]) || !wmbt_cursor_u16(in, &len[2])) {
        return WMBT_BAD_BITSTREAM;
    }
    uint8_t *end = to + n;
    uint32_t part = (n + 3u) / 4u;
#    if WMBT_CFG_ZSTD_FAST
    wmbt_cursor ahead = wmbt_cursor_of(wmbt_view_of(in->data, in->left));
    wmbt_view stream[4];
    uint8_t *at[4] = {to, to + part, to + 2u * part, to + 3u * part};
    uint8_t *const ends[4] = {at[1], at[2], at[3], end};
    wmbt_zstd_bits rest[4];
    for (unsigned i = 0; i < 3u; i++) {
        if (!wmbt_cursor_bytes(&ahead, len[i], &stream[i])) {
            return WMBT_BAD_BITSTREAM;
        }
    }
    wmbt_view_set(&stream[3], wmbt_view_of(ahead.data, ahead.left));
    if (wmbt_zstd_four_fast(t, stream, at, ends, rest)) {
        for (unsigned i = 0; i < 4u; i++) {
            if (!wmbt_zstd_stream_rest(t, &rest[i], at[i], ends[i])) {
                return WMBT_BAD_BITSTREAM;
            }
        }
        return WMBT_OK;
    }
#    endif
    for (unsigned i = 0; i < 4u; i++, to += part) {
        wmbt_cursor one = wmbt_cursor_of(wmbt_view_of(in->data, in->left));
        if ((i < 3u && !wmbt_cursor_part(in, len[i], &one)) ||
            wmbt_zstd_stream(t, &one, to, i == 3u ? end : to + part) != WMBT_OK) {
            return WMBT_BAD_BITSTREAM;
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_zstd_literals_decode(wmbt_zstd_tables *t, uint8_t *to)
{
    const wmbt_zstd_literals *l = &t->literals;
    if (l->type == WMBT_ZSTD_LITERALS_RAW) {
        wmbt_bytes_copy(to, l->bytes.data, l->count);
        return WMBT_OK;
    }
    if (l->type == WMBT_ZSTD_LITERALS_RLE) {
        wmbt_bytes_fill(to, l->byte, l->count);
        return WMBT_OK;
    }
    wmbt_cursor in = wmbt_cursor_of(l->bytes);
    if (l->type == WMBT_ZSTD_LITERALS_HUFFMAN && !wmbt_zstd_tree_read(t, &in)) {
        return WMBT_BAD_BITSTREAM;
    }
    if (t->huffman_log == 0u) {
        return WMBT_BAD_BITSTREAM;
    }
    return l->four_streams ? wmbt_zstd_four_streams(t, &in, to, l->count)
                           : wmbt_zstd_stream(t, &in, to, to + l->count);
}

#endif
