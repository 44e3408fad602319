/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of zstd, in little code. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/state.h"

#if WMBT_CFG_ZSTD && !WMBT_CFG_ZSTD_FAST

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

/* The bits of a value come in the order offset, match,
 * literals, those of the states in the order literals, match, offset. */
wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, uint32_t count)
{
    wmbt_zstd_run *r = &t->run;
    WMBT_ASSERT(t->has_sequences != 0u && count != 0u);
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
#endif
