/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of zstd with wide copies, for machines with 64-bit registers. Decodes and refuses what
 * sequences.c does (WMBT_CFG_ZSTD_FAST 0). */
#include "format/zstd/state.h"

#include "base/bytes.h"
#include "base/min.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* Bytes that a copy may write behind its end. */
#    define WMBT_ZSTD_BEHIND 32u

static inline void wmbt_zstd_copy8(uint8_t *to, const uint8_t *from)
{
#    ifdef WMBT_UNALIGNED_U64
    typedef WMBT_UNALIGNED_U64 any;
    *(any *)to = *(const any *)from;
#    else
    wmbt_store_le64(to, wmbt_load_le64(from));
#    endif
}

/* From 8 bytes back or further. */
static inline void wmbt_zstd_copy16(uint8_t *to, const uint8_t *from)
{
    wmbt_zstd_copy8(to, from);
    wmbt_zstd_copy8(to + 8, from + 8);
}

/* n bytes and up to WMBT_ZSTD_BEHIND - 1 more, from 8 bytes back or further. */
static inline void wmbt_zstd_copy_wide(uint8_t *to, const uint8_t *from, size_t n)
{
    wmbt_zstd_copy16(to, from);
    for (size_t i = 16; i < n; i += 32u) {
        wmbt_zstd_copy16(to + i, from + i);
        wmbt_zstd_copy16(to + i + 16u, from + i + 16u);
    }
}

/* A match of which bytes may be written behind its end, but not behind to + capacity. */
static WMBT_NOINLINE void wmbt_zstd_copy_near(uint8_t *to, uint32_t offset, size_t n,
                                              size_t capacity)
{
    /* How far back the same bytes stand for an offset below 8, once 8 of them are there. */
    static const uint8_t multiple[8] = {0, 8, 8, 9, 8, 10, 12, 14};
    size_t i = 0;
    size_t wide = capacity < WMBT_ZSTD_BEHIND ? 0u : capacity - WMBT_ZSTD_BEHIND;
    wide = wmbt_min_size(n, wide);
    size_t back = offset;
    if (offset < 8u && wide > 8u) {
        for (; i < 8u; i++) {
            to[i] = *(to + i - offset);
        }
        back = multiple[offset];
    }
    if (wide > i && back >= 8u) {
        wmbt_zstd_copy_wide(to + i, to + i - back, wide - i);
        i = wide;
    }
    for (; i < n; i++) {
        to[i] = *(to + i - offset);
    }
}

static inline uint32_t wmbt_zstd_value_of(wmbt_zstd_bits *b, wmbt_zstd_cell c)
{
    return wmbt_zstd_cell_base(c) | wmbt_zstd_bits_take(b, wmbt_zstd_cell_extra(c));
}

static inline wmbt_zstd_cell wmbt_zstd_next_cell(wmbt_zstd_bits *b, wmbt_zstd_cell c,
                                                 const wmbt_zstd_cell *cells)
{
    return cells[wmbt_zstd_cell_next(c) + wmbt_zstd_bits_take(b, wmbt_zstd_cell_bits(c))];
}

/* What changes with each sequence, in registers (t->run keeps it between calls). */
typedef struct wmbt_zstd_place {
    uint8_t *to;
    const uint8_t *from; /* the next literal */
    size_t left;         /* literals */
    size_t spare;
} wmbt_zstd_place;

static inline void wmbt_zstd_place_load(wmbt_zstd_place *p, const wmbt_zstd_run *r)
{
    p->to = r->to;
    p->from = r->literals;
    p->left = r->literals_left;
    p->spare = r->spare;
}

static inline void wmbt_zstd_place_store(const wmbt_zstd_place *p, wmbt_zstd_run *r)
{
    r->to = p->to;
    r->literals = p->from;
    r->literals_left = (uint32_t)p->left;
    r->spare = p->spare;
}

/* Literals that are there and a match that fits and does not begin before the window. */
static inline void wmbt_zstd_copy_sequence(wmbt_zstd_place *p, uint32_t literals, uint32_t match,
                                           uint32_t offset)
{
    if (literals + WMBT_ZSTD_BEHIND <= p->left && p->spare >= WMBT_ZSTD_BEHIND) {
        wmbt_zstd_copy_wide(p->to, p->from, literals);
    } else {
        wmbt_bytes_copy(p->to, p->from, literals);
    }
    p->to += literals;
    p->from += literals;
    p->left -= literals;
    if (offset >= 16u && match + WMBT_ZSTD_BEHIND <= p->spare) {
        wmbt_zstd_copy_wide(p->to, p->to - offset, match);
    } else {
        wmbt_zstd_copy_near(p->to, offset, match, p->spare);
    }
    p->to += match;
    p->spare -= match;
}

wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, uint32_t count)
{
    wmbt_zstd_run *r = &t->run;
    const wmbt_zstd_target *target = &t->target;
    wmbt_zstd_place p;
    wmbt_zstd_place_load(&p, r);
    wmbt_zstd_bits b;
    b.data = r->bits.data;
    b.at = r->bits.at;
    b.bits = r->bits.bits;
    b.count = r->bits.count;
    uint32_t rep[3] = {t->rep[0], t->rep[1], t->rep[2]};
    /* The first byte that a match may have here; in a ring older ones lie elsewhere. */
    const uint8_t *first = target->at > target->history ? p.to - target->history : target->window;
    const wmbt_zstd_cell *ll_cells = wmbt_zstd_cells(t, WMBT_ZSTD_LL);
    const wmbt_zstd_cell *of_cells = wmbt_zstd_cells(t, WMBT_ZSTD_OF);
    const wmbt_zstd_cell *ml_cells = wmbt_zstd_cells(t, WMBT_ZSTD_ML);
    wmbt_status status = WMBT_OK;

    WMBT_ASSERT(t->has_sequences != 0u && count != 0u && first <= p.to);
    wmbt_zstd_bits_refill(&b);
    wmbt_zstd_cell ll = ll_cells[wmbt_zstd_bits_take(&b, t->log[WMBT_ZSTD_LL])];
    wmbt_zstd_cell of = of_cells[wmbt_zstd_bits_take(&b, t->log[WMBT_ZSTD_OF])];
    wmbt_zstd_cell ml = ml_cells[wmbt_zstd_bits_take(&b, t->log[WMBT_ZSTD_ML])];
    while (count != 0u && status == WMBT_OK) {
        wmbt_zstd_bits_refill(&b); /* 56 bits: 31 + 16, or what is looked at next */
        unsigned extra =
            wmbt_zstd_cell_extra(of) + wmbt_zstd_cell_extra(ml) + wmbt_zstd_cell_extra(ll);
        uint32_t value = wmbt_zstd_value_of(&b, of);
        uint32_t match = wmbt_zstd_value_of(&b, ml) + WMBT_ZSTD_MIN_MATCH;
        if (extra > 30u) { /* 16 + 9 + 9 + 8 are to come */
            wmbt_zstd_bits_refill(&b);
        }
        uint32_t literals = wmbt_zstd_value_of(&b, ll);
        uint32_t offset = wmbt_zstd_offset(rep, value, literals == 0u);
        if (--count != 0u) { /* the last one leaves the states alone */
            ll = wmbt_zstd_next_cell(&b, ll, ll_cells);
            ml = wmbt_zstd_next_cell(&b, ml, ml_cells);
            of = wmbt_zstd_next_cell(&b, of, of_cells);
        }
        if (b.count < 0) {
            return WMBT_BAD_BITSTREAM;
        }
        if (literals <= p.left && match <= p.spare && offset <= target->reach &&
            offset - 1u < (size_t)(p.to - first) + literals) {
            wmbt_zstd_copy_sequence(&p, literals, match, offset);
            continue;
        }
        /* Damage, or a match from the older part of a ring. */
        wmbt_zstd_place_store(&p, r);
        r->value[WMBT_ZSTD_LL] = literals;
        status = wmbt_zstd_execute(r, target, match, offset);
        wmbt_zstd_place_load(&p, r);
    }
    wmbt_zstd_place_store(&p, r);
    for (unsigned i = 0; i < 3u; i++) {
        t->rep[i] = rep[i];
    }
    if (status != WMBT_OK) {
        return status;
    }
    return wmbt_zstd_bits_done(&b) ? WMBT_OK : WMBT_BAD_BITSTREAM;
}

#endif
