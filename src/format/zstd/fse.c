/* SPDX-License-Identifier: Apache-2.0 */
/* Bit streams and FSE tables of zstd. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/internal.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_MIN_LOG 5u

/* Extra bits x | m << 5 of the codes whose value is not the code itself. */
static const uint16_t wmbt_zstd_ll_values[] = {
    1 | 8 << 5,  1 | 9 << 5,  1 | 10 << 5, 1 | 11 << 5, 2 | 6 << 5,  2 | 7 << 5,  3 | 4 << 5,
    3 | 5 << 5,  4 | 3 << 5,  6 | 1 << 5,  7 | 1 << 5,  8 | 1 << 5,  9 | 1 << 5,  10 | 1 << 5,
    11 | 1 << 5, 12 | 1 << 5, 13 | 1 << 5, 14 | 1 << 5, 15 | 1 << 5, 16 | 1 << 5,
};
static const uint16_t wmbt_zstd_ml_values[] = {
    1 | 16 << 5, 1 | 17 << 5, 1 | 18 << 5, 1 | 19 << 5, 2 | 10 << 5, 2 | 11 << 5, 3 | 6 << 5,
    3 | 7 << 5,  4 | 4 << 5,  4 | 5 << 5,  5 | 3 << 5,  7 | 1 << 5,  8 | 1 << 5,  9 | 1 << 5,
    10 | 1 << 5, 11 | 1 << 5, 12 | 1 << 5, 13 | 1 << 5, 14 | 1 << 5, 15 | 1 << 5, 16 | 1 << 5,
};
#    define WMBT_ZSTD_LL_DIRECT 16u
#    define WMBT_ZSTD_ML_DIRECT 32u

bool wmbt_zstd_bits_init(wmbt_zstd_bits *b, wmbt_view stream)
{
    b->data = stream.data;
    b->at = stream.len;
    b->bits = 0;
    b->count = 0;
    wmbt_zstd_bits_refill(b);
    for (unsigned i = 0; i < 8u && b->count != 0; i++) {
        if (wmbt_zstd_bits_take(b, 1) != 0u) {
            return true;
        }
    }
    return false;
}

uint32_t wmbt_zstd_bits_read(wmbt_zstd_bits *b, unsigned n)
{
    if (b->count < (int)n) {
        wmbt_zstd_bits_refill(b);
    }
    return wmbt_zstd_bits_take(b, n);
}

unsigned wmbt_zstd_highest_bit(uint32_t v)
{
    unsigned n = 0;
#    if WMBT_CFG_ZSTD_FAST
    for (unsigned step = 16; step != 0u; step >>= 1) {
        unsigned shift = v >> step != 0u ? step : 0u;
        v >>= shift;
        n += shift;
    }
#    else
    while (v > 1u) {
        v >>= 1;
        n++;
    }
#    endif
    return n;
}

/* --- description -----------------------------------------------------------------------------
 */

/* Afterwards at least 16 bits can be looked at. */
static uint32_t wmbt_zstd_forward_peek(wmbt_zstd_forward *f)
{
    uint8_t byte;
    while (f->count < 16 && wmbt_cursor_u8(&f->in, &byte)) {
        f->bits |= (uint32_t)byte << f->count;
        f->count += 8;
    }
    return f->bits;
}

static void wmbt_zstd_forward_skip(wmbt_zstd_forward *f, unsigned n)
{
    f->bits >>= n;
    f->count -= (int)n;
}

/* One count: a number from 0 to `most`, in one bit less where the shorter form is not ambiguous. */
static uint32_t wmbt_zstd_fse_number(wmbt_zstd_forward *f, uint32_t most)
{
    unsigned bits = wmbt_zstd_highest_bit(most) + 1u;
    uint32_t half = 1u << (bits - 1u);
    uint32_t short_forms = 2u * half - 1u - most;
    uint32_t v = wmbt_zstd_forward_peek(f) & (2u * half - 1u);
    if ((v & (half - 1u)) < short_forms) {
        wmbt_zstd_forward_skip(f, bits - 1u);
        return v & (half - 1u);
    }
    wmbt_zstd_forward_skip(f, bits);
    return v >= half ? v - short_forms : v;
}

/* Symbols that do not occur, in runs of up to 3. Returns how many, at most `symbols` + 2. */
static unsigned wmbt_zstd_fse_zeros(wmbt_zstd_forward *f, unsigned symbols)
{
    unsigned n = 0;
    uint32_t run;
    do {
        run = wmbt_zstd_forward_peek(f) & 3u;
        wmbt_zstd_forward_skip(f, 2);
        n += run;
    } while (run == 3u && n < symbols);
    return n;
}

bool wmbt_zstd_fse_read(wmbt_zstd_tables *t, wmbt_cursor *in, unsigned symbols, unsigned max_log,
                        unsigned *log)
{
    wmbt_zstd_forward *f = &t->forward;
    f->in.data = in->data;
    f->in.left = in->left;
    f->bits = 0;
    f->count = 0;
    *log = (wmbt_zstd_forward_peek(f) & 15u) + WMBT_ZSTD_MIN_LOG;
    wmbt_zstd_forward_skip(f, 4);
    if (*log > max_log) {
        return false;
    }
    wmbt_bytes_fill((uint8_t *)t->counts, 0, sizeof t->counts);
    uint32_t left = 1u << *log; /* states without a symbol */
    unsigned s = 0;
    while (left != 0u) {
        if (s >= symbols) {
            return false;
        }
        uint32_t number = wmbt_zstd_fse_number(f, left + 1u);
        t->counts[s] = (int16_t)((int)number - 1);
        left -= number == 0u ? 1u : number - 1u;
        s++;
        if (number == 1u) {
            s += wmbt_zstd_fse_zeros(f, symbols);
        }
    }
    if (f->count < 0) {
        return false;
    }
    /* The description ends with the byte in which its last bit is. */
    in->left = f->in.left + ((unsigned)f->count >> 3);
    in->data = f->in.data - ((unsigned)f->count >> 3);
    return true;
}

/* --- table -----------------------------------------------------------------------------------
 */

static unsigned wmbt_zstd_value(unsigned kind, unsigned symbol)
{
    if (kind == WMBT_ZSTD_WEIGHTS) {
        return symbol;
    }
    if (kind == WMBT_ZSTD_OF) {
        return symbol | 1u << 5;
    }
    if (kind == WMBT_ZSTD_LL && symbol >= WMBT_ZSTD_LL_DIRECT) {
        return wmbt_zstd_ll_values[symbol - WMBT_ZSTD_LL_DIRECT];
    }
    if (kind == WMBT_ZSTD_ML && symbol >= WMBT_ZSTD_ML_DIRECT) {
        return wmbt_zstd_ml_values[symbol - WMBT_ZSTD_ML_DIRECT];
    }
    return symbol << 5;
}

void wmbt_zstd_fse_single(wmbt_zstd_cell *cells, unsigned kind, unsigned symbol)
{
    cells[0] = wmbt_zstd_value(kind, symbol) << 4;
}

void wmbt_zstd_fse_build(wmbt_zstd_tables *t, wmbt_zstd_cell *cells, unsigned kind,
                         unsigned symbols, unsigned log)
{
    uint32_t size = 1u << log;
    uint32_t top = size; /* first of the states at the end, one for each symbol of count -1 */
    for (unsigned s = 0; s < symbols; s++) {
        if (t->counts[s] < 0) {
            cells[--top] = wmbt_zstd_value(kind, s) << 4 | s << 16;
        }
    }
    uint32_t at = 0;
    uint32_t step = (size >> 1) + (size >> 3) + 3u;
    for (unsigned s = 0; s < symbols; s++) {
        uint32_t cell = wmbt_zstd_value(kind, s) << 4 | s << 16;
        for (int i = 0; i < t->counts[s]; i++) {
            cells[at] = cell;
            do {
                at = (at + step) & (size - 1u);
            } while (at >= top);
        }
        if (t->counts[s] < 0) {
            t->counts[s] = 1;
        }
    }
    /* The states of a symbol share the whole range: the first ones get one bit more. */
    for (uint32_t i = 0; i < size; i++) {
        uint32_t cell = cells[i];
        uint32_t next = (uint16_t)t->counts[cell >> 16]++;
        unsigned bits = log - wmbt_zstd_highest_bit(next);
        cells[i] = (cell & 0xFFFFu) | bits | ((next << bits) - size) << 16;
    }
}

#endif
