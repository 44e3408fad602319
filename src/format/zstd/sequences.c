/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed blocks of zstd: literals and matches, in turn. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/internal.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_MIN_MATCH 3u
#    define WMBT_ZSTD_LONG_COUNT 0x7F00u /* added to a number of sequences of three bytes */

/* How a table comes. */
#    define WMBT_ZSTD_PREDEFINED 0u
#    define WMBT_ZSTD_SINGLE 1u
#    define WMBT_ZSTD_DESCRIBED 2u

/* Counts of the predefined tables: literal lengths, offsets, match lengths. */
static const int8_t wmbt_zstd_predefined[118] = {
    4, 3, 2, 2, 2, 2, 2, 2, 2,  2,  2,  2,  2,  1,  1,  1,  2,  2,  2,  2,  2,  2, 2, 2,
    2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1, 1,  1,  1,  1,  1,  1,  2,  2,  2,  1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  -1, -1, -1, -1, -1, 1,  4,  3,  2,  2, 2, 2,
    2, 2, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1,  1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1,  -1, -1, -1, -1, -1, -1, -1};

/* A table of lengths or offsets. */
typedef struct wmbt_zstd_kind {
    uint8_t symbols;
    uint8_t max_log;
    uint8_t predefined; /* first of its counts in wmbt_zstd_predefined */
    uint8_t predefined_symbols;
    uint8_t predefined_log;
} wmbt_zstd_kind;

static const wmbt_zstd_kind wmbt_zstd_kinds[] = {
    {WMBT_ZSTD_LL_SYMBOLS, WMBT_ZSTD_LL_LOG, 0, 36, 6},
    {WMBT_ZSTD_OF_SYMBOLS, WMBT_ZSTD_OF_LOG, 36, 29, 5},
    {WMBT_ZSTD_ML_SYMBOLS, WMBT_ZSTD_ML_LOG, 65, 53, 6},
};

static wmbt_zstd_cell *wmbt_zstd_cells(wmbt_zstd_tables *t, unsigned kind)
{
    if (kind == WMBT_ZSTD_LL) {
        return t->ll;
    }
    return kind == WMBT_ZSTD_OF ? t->of : t->ml;
}

/* Makes the table of a kind that comes as `mode` says. */
static wmbt_status wmbt_zstd_table_read(wmbt_zstd_tables *t, wmbt_cursor *in, unsigned kind,
                                        unsigned mode)
{
    const wmbt_zstd_kind *k = &wmbt_zstd_kinds[kind];
    unsigned log = 0, symbols = k->symbols;
    if (mode == WMBT_ZSTD_SINGLE) {
        uint8_t symbol;
        if (!wmbt_cursor_u8(in, &symbol) || symbol >= symbols) {
            return WMBT_BAD_BITSTREAM;
        }
        wmbt_zstd_fse_single(wmbt_zstd_cells(t, kind), kind, symbol);
    } else if (mode == WMBT_ZSTD_PREDEFINED) {
        log = k->predefined_log;
        symbols = k->predefined_symbols;
        for (unsigned i = 0; i < symbols; i++) {
            t->counts[i] = wmbt_zstd_predefined[k->predefined + i];
        }
    } else if (mode == WMBT_ZSTD_DESCRIBED) {
        if (!wmbt_zstd_fse_read(t, in, symbols, k->max_log, &log)) {
            return WMBT_BAD_BITSTREAM;
        }
    } else {
        return t->has_sequences != 0u ? WMBT_OK : WMBT_BAD_BITSTREAM;
    }
    if (log != 0u) {
        wmbt_zstd_fse_build(t, wmbt_zstd_cells(t, kind), kind, symbols, log);
    }
    t->log[kind] = (uint8_t)log;
    return WMBT_OK;
}

/* Number of sequences, in 1 to 3 bytes. */
static bool wmbt_zstd_count_read(wmbt_cursor *in, uint32_t *count)
{
    uint8_t first, second;
    uint16_t more;
    if (!wmbt_cursor_u8(in, &first)) {
        return false;
    }
    *count = first;
    if (first < 128u) {
        return true;
    }
    if (first == 255u) {
        if (!wmbt_cursor_u16(in, &more)) {
            return false;
        }
        *count = more + WMBT_ZSTD_LONG_COUNT;
        return true;
    }
    if (!wmbt_cursor_u8(in, &second)) {
        return false;
    }
    *count = (first - 128u) << 8 | second;
    return true;
}

/* --- execution ---------------------------------------------------------------------------------- */

/* A block on its way. Literals that were decoded wait at the end of its room: as many bytes lie between
 * them and the output as matches may still have, so that the output never overtakes them. */
typedef struct wmbt_zstd_run {
    wmbt_zstd_bits bits;
    const wmbt_zstd_target *target;
    const uint8_t *literals;
    uint32_t literals_left;
    uint8_t *to;  /* next byte of output */
    size_t spare; /* bytes that matches may still have */
    unsigned state[3];
} wmbt_zstd_run;

/* The next n bits, 0 to 31. */
static uint32_t wmbt_zstd_number(wmbt_zstd_bits *b, unsigned n)
{
    uint32_t high = 0;
    if (n > 16u) {
        n -= 16u;
        high = wmbt_zstd_bits_read(b, n) << 16;
        n = 16u;
    }
    return high | wmbt_zstd_bits_read(b, n);
}

/* The offset that a value stands for: a new one, or one of the last three. 0 is damage. */
static uint32_t wmbt_zstd_offset(uint32_t *rep, uint32_t value, bool no_literals)
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

static void wmbt_zstd_copy_match(uint8_t *to, const uint8_t *from, size_t n)
{
    for (; n != 0u; n--) {
        WMBT_HIDE_POINTER(to);
        *to++ = *from++;
    }
}

/* Literals, then a match. */
static wmbt_status wmbt_zstd_execute(wmbt_zstd_run *r, uint32_t literals, uint32_t match,
                                     uint32_t offset)
{
    const wmbt_zstd_target *target = r->target;
    if (literals > r->literals_left) {
        return WMBT_BAD_BITSTREAM;
    }
    wmbt_bytes_copy(r->to, r->literals, literals);
    r->literals += literals;
    r->literals_left -= literals;
    r->to += literals;
    if (match > r->spare) {
        return WMBT_FULL;
    }
    r->spare -= match;
    size_t at = (size_t)(r->to - target->window);
    size_t in_block = at - target->at;
    if (offset == 0u || offset > target->reach ||
        (offset > in_block && offset - in_block > target->history)) {
        return WMBT_BAD_OFFSET;
    }
    if (offset > at) { /* from the end of the ring */
        size_t back = offset - at;
        size_t n = match < back ? match : back;
        wmbt_zstd_copy_match(r->to, target->old - back, n);
        r->to += n;
        match -= (uint32_t)n;
        if (match == 0u) {
            return WMBT_OK;
        }
    }
    wmbt_zstd_copy_match(r->to, r->to - offset, match);
    r->to += match;
    return WMBT_OK;
}

static void wmbt_zstd_next_state(wmbt_zstd_run *r, unsigned kind, wmbt_zstd_cell cell)
{
    r->state[kind] =
        wmbt_zstd_cell_next(cell) + wmbt_zstd_bits_read(&r->bits, wmbt_zstd_cell_bits(cell));
}

static wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, wmbt_zstd_run *r, uint32_t count)
{
    r->state[WMBT_ZSTD_LL] = wmbt_zstd_bits_read(&r->bits, t->log[WMBT_ZSTD_LL]);
    r->state[WMBT_ZSTD_OF] = wmbt_zstd_bits_read(&r->bits, t->log[WMBT_ZSTD_OF]);
    r->state[WMBT_ZSTD_ML] = wmbt_zstd_bits_read(&r->bits, t->log[WMBT_ZSTD_ML]);
    for (; count != 0u; count--) {
        wmbt_zstd_cell ll = t->ll[r->state[WMBT_ZSTD_LL]];
        wmbt_zstd_cell of = t->of[r->state[WMBT_ZSTD_OF]];
        wmbt_zstd_cell ml = t->ml[r->state[WMBT_ZSTD_ML]];
        uint32_t value =
            wmbt_zstd_cell_base(of) | wmbt_zstd_number(&r->bits, wmbt_zstd_cell_extra(of));
        uint32_t match =
            (wmbt_zstd_cell_base(ml) | wmbt_zstd_number(&r->bits, wmbt_zstd_cell_extra(ml))) +
            WMBT_ZSTD_MIN_MATCH;
        uint32_t literals =
            wmbt_zstd_cell_base(ll) | wmbt_zstd_number(&r->bits, wmbt_zstd_cell_extra(ll));
        if (count != 1u) { /* the last one leaves the states alone */
            wmbt_zstd_next_state(r, WMBT_ZSTD_LL, ll);
            wmbt_zstd_next_state(r, WMBT_ZSTD_ML, ml);
            wmbt_zstd_next_state(r, WMBT_ZSTD_OF, of);
        }
        if (r->bits.count < 0) {
            return WMBT_BAD_BITSTREAM;
        }
        uint32_t offset = wmbt_zstd_offset(t->rep, value, literals == 0u);
        wmbt_status status = wmbt_zstd_execute(r, literals, match, offset);
        if (status != WMBT_OK) {
            return status;
        }
    }
    return wmbt_zstd_bits_done(&r->bits) ? WMBT_OK : WMBT_BAD_BITSTREAM;
}

/* --- block -------------------------------------------------------------------------------------- */

/* Tables and sequences, whose number is known; literals were read, not decoded. */
static wmbt_status wmbt_zstd_block_sequences(wmbt_zstd_tables *t, wmbt_cursor *in, uint32_t count,
                                             const wmbt_zstd_literals *l,
                                             const wmbt_zstd_target *target, size_t *made)
{
    wmbt_zstd_run r;
    uint8_t modes;
    if (!wmbt_cursor_u8(in, &modes)) {
        return WMBT_BAD_LENGTH;
    }
    if ((modes & 3u) != 0u) {
        return WMBT_BAD_FIELD;
    }
    for (unsigned kind = 0; kind < 3u; kind++) {
        wmbt_status status = wmbt_zstd_table_read(t, in, kind, (modes >> (6u - 2u * kind)) & 3u);
        if (status != WMBT_OK) {
            return status;
        }
    }
    t->has_sequences = 1;
    r.target = target;
    r.to = target->window + target->at;
    r.spare = target->room - l->count;
    r.literals_left = l->count;
    r.literals = l->bytes.data;
    if (l->type != WMBT_ZSTD_LITERALS_RAW) {
        uint8_t *waiting = r.to + r.spare;
        wmbt_status status = wmbt_zstd_literals_decode(t, l, waiting);
        if (status != WMBT_OK) {
            return status;
        }
        r.literals = waiting;
    }
    if (!wmbt_zstd_bits_init(&r.bits, wmbt_view_of(in->data, in->left))) {
        return WMBT_BAD_BITSTREAM;
    }
    wmbt_status status = wmbt_zstd_sequences(t, &r, count);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_bytes_copy(r.to, r.literals, r.literals_left);
    *made = target->room - r.spare;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_block(wmbt_zstd_tables *t, wmbt_view block, const wmbt_zstd_target *target,
                            size_t *made)
{
    wmbt_cursor in = wmbt_cursor_of(block);
    wmbt_zstd_literals l;
    uint32_t count;
    wmbt_status status = wmbt_zstd_literals_read(&in, &l);
    if (status != WMBT_OK) {
        return status;
    }
    if (l.count > target->room) {
        return WMBT_FULL;
    }
    if (!wmbt_zstd_count_read(&in, &count)) {
        return WMBT_BAD_LENGTH;
    }
    if (count != 0u) {
        return wmbt_zstd_block_sequences(t, &in, count, &l, target, made);
    }
    if (in.left != 0u) {
        return WMBT_BAD_LENGTH;
    }
    *made = l.count;
    return wmbt_zstd_literals_decode(t, &l, target->window + target->at);
}

#endif
