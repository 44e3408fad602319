/* SPDX-License-Identifier: Apache-2.0 */
/* FSE tables of zstd. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/state.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_MIN_LOG 5u

/*
 * A kind of table, and the values of its symbols, m << x | extra bits: those below `direct` are the
 * symbol itself (x is 0), those from `powers` on 1 << x with x = symbol - less, those between stand
 * in wmbt_zstd_between.
 */
typedef struct wmbt_zstd_kind {
    uint8_t symbols;
    uint8_t direct;
    uint8_t powers;
    uint8_t less;
    uint8_t between; /* place of the symbol `direct` */
    uint8_t max_log;
    uint8_t predefined; /* place in wmbt_zstd_predefined */
} wmbt_zstd_kind;

static const wmbt_zstd_kind wmbt_zstd_kinds[] = {
    {WMBT_ZSTD_LL_SYMBOLS, 16, 25, 19, 0, WMBT_ZSTD_LL_LOG, 0},
    {WMBT_ZSTD_OF_SYMBOLS, 0, 0, 0, 0, WMBT_ZSTD_OF_LOG, 20},
    {WMBT_ZSTD_ML_SYMBOLS, 32, 43, 36, 9, WMBT_ZSTD_ML_LOG, 34},
    {WMBT_ZSTD_WEIGHTS_SYMBOLS, WMBT_ZSTD_WEIGHTS_SYMBOLS, 0, 0, 0, WMBT_ZSTD_WEIGHTS_LOG, 0},
};

/* x | m << 3 */
static const uint8_t wmbt_zstd_between[] = {
    1 | 8 << 3,  1 | 9 << 3,  1 | 10 << 3, 1 | 11 << 3, 2 | 6 << 3,  2 | 7 << 3,
    3 | 4 << 3,  3 | 5 << 3,  4 | 3 << 3, /* literal lengths 16 to 24 */
    1 | 16 << 3, 1 | 17 << 3, 1 | 18 << 3, 1 | 19 << 3, 2 | 10 << 3, 2 | 11 << 3,
    3 | 6 << 3,  3 | 7 << 3,  4 | 4 << 3,  4 | 5 << 3,  5 | 3 << 3, /* match lengths 32 to 42 */
};

/* The predefined tables, described as a block would describe them. */
static const uint8_t wmbt_zstd_predefined[] = {
    /* log 6; 4, 3, 11 x 2, 3 x 1, 9 x 2, 3, 2, 5 x 1, 4 x -1 */
    0x51, 0x10, 0x63, 0x8C, 0x31, 0xC6, 0x18, 0x63, 0x0C, 0x21, 0xC4, 0x18, 0x63, 0x66, 0x66, 0x86,
    0x46, 0x92, 0x04, 0x00,
    /* log 5; 6 x 1, 3 x 2, 15 x 1, 5 x -1 */
    0x20, 0x84, 0x10, 0x42, 0x66, 0x46, 0x44, 0x44, 0x44, 0x44, 0x24, 0x49, 0x02, 0x00,
    /* log 6; 1, 4, 3, 6 x 2, 37 x 1, 7 x -1 */
    0x21, 0x14, 0xC4, 0x18, 0x63, 0x8C, 0x21, 0x84, 0x10, 0x42, 0x08, 0x21, 0x84, 0x10, 0x42, 0x08,
    0x21, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x24, 0x09, 0x00, 0x00};

/* --- description ------------------------------------------------------------------------------ */

/* Afterwards at least 16 bits can be looked at. Each byte is read once. */
static uint32_t wmbt_zstd_forward_peek(wmbt_zstd_forward *f)
{
    const volatile uint8_t *data = f->in.data;
    for (; f->count < 16 && f->at != f->in.len; f->count += 8) {
        f->bits |= (uint32_t)data[f->at++] << f->count;
    }
    return f->bits;
}

static void wmbt_zstd_forward_skip(wmbt_zstd_forward *f, unsigned n)
{
    f->bits >>= n;
    f->count -= (int)n;
}

/* One count: a number from 0 to `max`, in one bit less where the shorter form is not ambiguous. */
static uint32_t wmbt_zstd_fse_number(wmbt_zstd_forward *f, uint32_t max)
{
    unsigned bits = wmbt_zstd_highest_bit(max) + 1u;
    uint32_t half = 1u << (bits - 1u);
    uint32_t short_forms = 2u * half - 1u - max;
    uint32_t v = wmbt_zstd_forward_peek(f) & (2u * half - 1u);
    if ((v & (half - 1u)) < short_forms) {
        wmbt_zstd_forward_skip(f, bits - 1u);
        return v & (half - 1u);
    }
    wmbt_zstd_forward_skip(f, bits);
    return v >= half ? v - short_forms : v;
}

/* Symbols that do not occur, in runs of up to 3. Returns how many: what is behind the description's
 * last byte is zeros, which end a run. */
static unsigned wmbt_zstd_fse_zeros(wmbt_zstd_forward *f)
{
    unsigned n = 0;
    uint32_t run;
    do {
        run = wmbt_zstd_forward_peek(f) & 3u;
        wmbt_zstd_forward_skip(f, 2);
        n += run;
    } while (run == 3u);
    return n;
}

/* Reads a table's description into t->counts: how often each symbol occurs, -1 for "less than
 * once". False if it does not decode or is cut off. */
static bool wmbt_zstd_counts_read(wmbt_zstd_tables *t, wmbt_cursor *in, const wmbt_zstd_kind *k,
                                  unsigned *log)
{
    wmbt_zstd_forward *f = &t->forward;
    f->in.data = in->data;
    f->in.len = in->left;
    f->at = 0;
    f->bits = 0;
    f->count = 0;
    *log = (wmbt_zstd_forward_peek(f) & 15u) + WMBT_ZSTD_MIN_LOG;
    wmbt_zstd_forward_skip(f, 4);
    if (*log > k->max_log) {
        return false;
    }
#    if WMBT_CFG_ZSTD_FAST
    wmbt_bytes_fill((uint8_t *)t->counts, 0, k->symbols * sizeof t->counts[0]);
#    else
    wmbt_bytes_fill((uint8_t *)t->counts, 0, sizeof t->counts);
#    endif
    uint32_t left = 1u << *log; /* states without a symbol */
    unsigned s = 0;
    WMBT_ASSERT(k->symbols <= WMBT_ZSTD_ML_SYMBOLS);
    while (left != 0u) {
        if (s >= k->symbols) {
            return false;
        }
        uint32_t number = wmbt_zstd_fse_number(f, left + 1u);
        WMBT_ASSERT(number <= left + 1u);
        t->counts[s] = (int16_t)((int)number - 1);
        left -= number == 0u ? 1u : number - 1u;
        s++;
        if (number == 1u) {
            s += wmbt_zstd_fse_zeros(f);
        }
    }
    /* The description ends with the byte in which its last bit is. */
    if (f->count < 0) {
        return false;
    }
    const size_t used = f->at - ((unsigned)f->count >> 3);
    WMBT_ASSERT(used <= in->left);
    in->data += used;
    in->left -= used;
    return true;
}

/* --- table ------------------------------------------------------------------------------------ */

/* A cell that has a symbol's value only. */
static wmbt_zstd_cell wmbt_zstd_value(const wmbt_zstd_kind *k, unsigned symbol)
{
    unsigned extra = 0, m = symbol;
    if (symbol >= k->direct) {
        extra = symbol - k->less;
        m = 1;
        if (symbol < k->powers) {
            unsigned both = wmbt_zstd_between[k->between + symbol - k->direct];
            extra = both & 7u;
            m = both >> 3;
        }
    }
    return extra << WMBT_ZSTD_EXTRA_AT | m << WMBT_ZSTD_M_AT;
}

/* Builds the table of t->counts, which are used up. They add up to 1 << log, a -1 as 1. */
static void wmbt_zstd_cells_build(wmbt_zstd_tables *t, wmbt_zstd_cell *cells,
                                  const wmbt_zstd_kind *k, unsigned log)
{
    uint32_t size = 1u << log;
    uint32_t top = size; /* first of the states at the end, one for each symbol of count -1 */
    for (unsigned s = 0; s < k->symbols; s++) {
        if (t->counts[s] < 0) {
            cells[--top] = wmbt_zstd_value(k, s) | s << WMBT_ZSTD_NEXT_AT;
        }
    }
    uint32_t at = 0;
    uint32_t step = (size >> 1) + (size >> 3) + 3u;
    for (unsigned s = 0; s < k->symbols; s++) {
        wmbt_zstd_cell cell = wmbt_zstd_value(k, s) | s << WMBT_ZSTD_NEXT_AT;
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
    WMBT_ASSERT(at == 0u); /* each state has its symbol */
    /* The states of a symbol share the whole range: the first ones get one bit more. */
    for (uint32_t i = 0; i < size; i++) {
        unsigned symbol = wmbt_zstd_cell_next(cells[i]);
        uint32_t next = (uint16_t)t->counts[symbol]++;
        unsigned bits = log - wmbt_zstd_highest_bit(next);
        next = (next << bits) - size;
        cells[i] += bits + ((next - symbol) << WMBT_ZSTD_NEXT_AT);
    }
}

bool wmbt_zstd_table_make(wmbt_zstd_tables *t, wmbt_cursor *in, unsigned kind, unsigned mode)
{
    const wmbt_zstd_kind *k = &wmbt_zstd_kinds[kind];
    wmbt_zstd_cell *cells = wmbt_zstd_cells(t, kind);
    wmbt_cursor predefined;
    unsigned log = 0;
    uint8_t symbol;
    if (mode == WMBT_ZSTD_REPEATED) {
        return t->has_sequences != 0u;
    }
    if (mode == WMBT_ZSTD_SINGLE) {
        if (!wmbt_cursor_u8(in, &symbol) || symbol >= k->symbols) {
            return false;
        }
        cells[0] = wmbt_zstd_value(k, symbol);
    } else {
        if (mode == WMBT_ZSTD_PREDEFINED) {
            predefined.data = wmbt_zstd_predefined + k->predefined;
            predefined.left = sizeof wmbt_zstd_predefined - k->predefined;
            in = &predefined;
        }
        if (!wmbt_zstd_counts_read(t, in, k, &log)) {
            return false;
        }
        wmbt_zstd_cells_build(t, cells, k, log);
    }
    t->log[kind] = (uint8_t)log;
    return true;
}

#endif
