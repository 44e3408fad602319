/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed blocks of zstd: literals and matches, in turn. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/internal.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_LONG_COUNT 0x7F00u /* added to a number of sequences of three bytes */

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

/* --- execution -------------------------------------------------------------------------------- */

#    if !WMBT_CFG_ZSTD_FAST
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
#    endif

static void wmbt_zstd_copy_match(uint8_t *to, const uint8_t *from, size_t n)
{
    for (; n != 0u; n--) {
        WMBT_HIDE_POINTER(to);
        *to++ = *from++;
    }
}

wmbt_status wmbt_zstd_execute(wmbt_zstd_run *r, const wmbt_zstd_target *target, uint32_t match,
                              uint32_t offset)
{
    uint32_t literals = r->value[WMBT_ZSTD_LL];
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
    const uint8_t *from = r->to - offset;
    if (offset > at) { /* from the end of the ring, and on from its beginning */
        size_t back = offset - at;
        from = target->old - back;
        if (match > back) {
            wmbt_zstd_copy_match(r->to, from, back);
            r->to += back;
            match -= (uint32_t)back;
            from = target->window;
        }
    }
    wmbt_zstd_copy_match(r->to, from, match);
    r->to += match;
    return WMBT_OK;
}

#    if !WMBT_CFG_ZSTD_FAST
/* Decodes and executes `count` sequences. The bits of a value come in the order offset, match,
 * literals, those of the states in the order literals, match, offset. */
static wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, uint32_t count)
{
    wmbt_zstd_run *r = &t->run;
    for (unsigned kind = 0; kind < 3u; kind++) {
        r->state[kind] = wmbt_zstd_bits_read(&r->bits, t->log[kind]);
    }
    for (; count != 0u; count--) {
        wmbt_zstd_cell cell[3];
        for (unsigned i = 1; i <= 3u; i++) {
            unsigned kind = i == 3u ? 0u : i;
            wmbt_zstd_cell c = wmbt_zstd_cells(t, kind)[r->state[kind]];
            cell[kind] = c;
            r->value[kind] =
                wmbt_zstd_cell_base(c) | wmbt_zstd_number(&r->bits, wmbt_zstd_cell_extra(c));
        }
        for (unsigned i = 3; i != 0u && count != 1u;
             i--) { /* the last one leaves the states alone */
            unsigned kind = i == 3u ? 0u : i;
            r->state[kind] = wmbt_zstd_cell_next(cell[kind]) +
                             wmbt_zstd_bits_read(&r->bits, wmbt_zstd_cell_bits(cell[kind]));
        }
        if (r->bits.count < 0) {
            return WMBT_BAD_BITSTREAM;
        }
        uint32_t offset =
            wmbt_zstd_offset(t->rep, r->value[WMBT_ZSTD_OF], r->value[WMBT_ZSTD_LL] == 0u);
        wmbt_status status =
            wmbt_zstd_execute(r, &t->target, r->value[WMBT_ZSTD_ML] + WMBT_ZSTD_MIN_MATCH, offset);
        if (status != WMBT_OK) {
            return status;
        }
    }
    return wmbt_zstd_bits_done(&r->bits) ? WMBT_OK : WMBT_BAD_BITSTREAM;
}
#    endif

/* --- block ------------------------------------------------------------------------------------ */

/* Makes the tables that the byte of modes asks for. */
static wmbt_status wmbt_zstd_tables_read(wmbt_zstd_tables *t, wmbt_cursor *in)
{
    uint8_t modes;
    if (!wmbt_cursor_u8(in, &modes)) {
        return WMBT_BAD_LENGTH;
    }
    if ((modes & 3u) != 0u) {
        return WMBT_BAD_FIELD;
    }
    for (unsigned kind = 0; kind < 3u; kind++) {
        if (!wmbt_zstd_table_make(t, in, kind, modes >> 6)) {
            return WMBT_BAD_BITSTREAM;
        }
        modes = (uint8_t)(modes << 2);
    }
    t->has_sequences = 1;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_block(wmbt_zstd_tables *t, wmbt_cursor *in, size_t *made)
{
    wmbt_zstd_run *r = &t->run;
    uint32_t count;
    wmbt_status status = wmbt_zstd_literals_read(t, in);
    if (status != WMBT_OK) {
        return status;
    }
    if (t->literals.count > t->target.room) {
        return WMBT_FULL;
    }
    if (!wmbt_zstd_count_read(in, &count)) {
        return WMBT_BAD_LENGTH;
    }
    r->to = t->target.window + t->target.at;
    *made = t->literals.count;
    if (count == 0u) {
        return in->left != 0u ? WMBT_BAD_LENGTH : wmbt_zstd_literals_decode(t, r->to);
    }
    r->spare = t->target.room - t->literals.count;
    r->literals_left = t->literals.count;
    r->literals = t->literals.bytes.data;
    if (t->literals.type != WMBT_ZSTD_LITERALS_RAW) {
        r->literals = r->to + r->spare;
        status = wmbt_zstd_literals_decode(t, r->to + r->spare);
    }
    if (status == WMBT_OK) {
        status = wmbt_zstd_tables_read(t, in);
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_zstd_bits_init(&r->bits, in)) {
        return WMBT_BAD_BITSTREAM;
    }
#    if WMBT_CFG_ZSTD_FAST
    status = wmbt_zstd_sequences_fast(t, count);
#    else
    status = wmbt_zstd_sequences(t, count);
#    endif
    if (status == WMBT_OK) {
        wmbt_bytes_copy(r->to, r->literals, r->literals_left);
        *made = t->target.room - r->spare;
    }
    return status;
}

#endif
