/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over the sequences of a block, once for each machine that has a file of its own.
 * Decodes and refuses what sequences.c does (WMBT_CFG_ZSTD_FAST 0). */
#ifndef WMBT_SRC_FORMAT_ZSTD_SEQUENCES_LOOP_H
#define WMBT_SRC_FORMAT_ZSTD_SEQUENCES_LOOP_H

#include "base/bytes.h"
#include "format/zstd/copies.h"
#include "format/zstd/kernels.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* A sequence that was decoded. */
typedef struct wmbt_zstd_sequence {
    uint32_t literals;
    uint32_t match;
    uint32_t offset;
} wmbt_zstd_sequence;

/* A sequence that is not for the loop: a near match, the end of the room, damage. `first` is the
 * first byte that a match may have here. Returns as wmbt_zstd_execute(). */
wmbt_status wmbt_zstd_sequence_alone(wmbt_zstd_run *r, const wmbt_zstd_target *target,
                                     const uint8_t *first, const wmbt_zstd_sequence *s);

/* More than 16 literals. */
void wmbt_zstd_copy_literals(uint8_t *to, const uint8_t *from, size_t n, size_t left);

/*
 * What changes with each sequence, in registers. Bits: the 8 bytes at data + at, of which the
 * lowest `left` bits are not yet used; so many bits are left as there are in all of the bytes
 * before them, too.
 */
typedef struct wmbt_zstd_loop {
    const uint8_t *data;
    uint64_t bits;
    size_t at;
    int left;
    uint8_t *to;
    const uint8_t *from; /* the next literal */
    size_t literals;     /* that are left */
    size_t spare;
    uint32_t rep0, rep1, rep2; /* not arrays: compilers keep those in memory */
    wmbt_zstd_cell ll, of, ml; /* of the states */
} wmbt_zstd_loop;

/* As many bytes as were used: at least 57 bits are there afterwards, or all that are left. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_refill(wmbt_zstd_loop *l)
{
    size_t used = (unsigned)(64 - l->left) >> 3;
    used = used < l->at ? used : l->at;
    l->at -= used;
    l->left += (int)(8u * used);
    l->bits = wmbt_load_any_le64(l->data + l->at);
}

/* The next n bits. Too few of them give anything, and `left` is negative. */
static WMBT_ZSTD_INLINE uint64_t wmbt_zstd_loop_take(wmbt_zstd_loop *l, unsigned n)
{
    l->left -= (int)n;
    return l->bits >> (l->left & 63) & ~(~(uint64_t)0 << n);
}

static WMBT_ZSTD_INLINE wmbt_zstd_cell wmbt_zstd_loop_next(wmbt_zstd_loop *l,
                                                           const wmbt_zstd_tables *t, unsigned kind,
                                                           wmbt_zstd_cell c)
{
    return t->cells[(kind << WMBT_ZSTD_MAX_LOG) + wmbt_zstd_cell_next(c) +
                    wmbt_zstd_loop_take(l, wmbt_zstd_cell_bits(c))];
}

/* As wmbt_zstd_offset() of sequences.c. */
static WMBT_ZSTD_INLINE uint32_t wmbt_zstd_loop_offset(wmbt_zstd_loop *l, uint32_t value,
                                                       bool no_literals)
{
    uint32_t offset = value - 3u;
    if (value <= 3u) {
        uint32_t which = value - (no_literals ? 0u : 1u);
        if (which == 0u) {
            return l->rep0;
        }
        offset = which == 1u ? l->rep1 : which == 2u ? l->rep2 : l->rep0 - 1u;
        if (which == 1u) {
            l->rep1 = l->rep0;
            l->rep0 = offset;
            return offset;
        }
    }
    l->rep2 = l->rep1;
    l->rep1 = l->rep0;
    l->rep0 = offset;
    return offset;
}

/* The next sequence. The last one leaves the states alone. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_decode(wmbt_zstd_loop *l, const wmbt_zstd_tables *t,
                                                   bool last, wmbt_zstd_sequence *s)
{
    wmbt_zstd_cell ll = l->ll, of = l->of, ml = l->ml;
    unsigned of_extra = wmbt_zstd_cell_extra(of);
    wmbt_zstd_loop_refill(l); /* 57 bits: 31 + 16, or what is looked at next */
    uint32_t value = (uint32_t)1 << of_extra | (uint32_t)wmbt_zstd_loop_take(l, of_extra);
    s->match = WMBT_ZSTD_MIN_MATCH + (wmbt_zstd_cell_base(ml) |
                                      (uint32_t)wmbt_zstd_loop_take(l, wmbt_zstd_cell_extra(ml)));
    if (wmbt_zstd_cell_extra(of + ml + ll) > 31u) { /* 16 + 9 + 9 + 8 are to come */
        wmbt_zstd_loop_refill(l);
    }
    s->literals =
        wmbt_zstd_cell_base(ll) | (uint32_t)wmbt_zstd_loop_take(l, wmbt_zstd_cell_extra(ll));
    s->offset = wmbt_zstd_loop_offset(l, value, s->literals == 0u);
    if (!last) {
        l->ll = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_LL, ll);
        l->ml = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_ML, ml);
        l->of = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_OF, of);
    }
}

/* The stream's bits as the loop has them; a short stream is copied to `few`. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_begin(wmbt_zstd_loop *l, wmbt_zstd_tables *t,
                                                  uint8_t *few)
{
    const wmbt_zstd_run *r = &t->run;
    size_t bytes = r->bits.at + (unsigned)(r->bits.count + 7) / 8u; /* that have bits left */
    l->data = r->bits.data;
    if (bytes < 8u) {
        for (unsigned i = 0; i < 8u; i++) {
            few[i] = i < bytes ? l->data[i] : 0u;
        }
        l->data = few;
    }
    l->at = bytes < 8u ? 0u : bytes - 8u;
    l->left = r->bits.count + 8 * (int)(r->bits.at - l->at);
    l->bits = wmbt_load_any_le64(l->data + l->at);
    l->ll = t->cells[(WMBT_ZSTD_LL << WMBT_ZSTD_MAX_LOG) +
                     wmbt_zstd_loop_take(l, t->log[WMBT_ZSTD_LL])];
    l->of = t->cells[(WMBT_ZSTD_OF << WMBT_ZSTD_MAX_LOG) +
                     wmbt_zstd_loop_take(l, t->log[WMBT_ZSTD_OF])];
    l->ml = t->cells[(WMBT_ZSTD_ML << WMBT_ZSTD_MAX_LOG) +
                     wmbt_zstd_loop_take(l, t->log[WMBT_ZSTD_ML])];
    l->rep0 = t->rep[0];
    l->rep1 = t->rep[1];
    l->rep2 = t->rep[2];
    l->to = r->to;
    l->from = r->literals;
    l->literals = r->literals_left;
    l->spare = r->spare;
}

/* What others need to know. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_place(const wmbt_zstd_loop *l, wmbt_zstd_run *r)
{
    r->to = l->to;
    r->literals = l->from;
    r->literals_left = (uint32_t)l->literals;
    r->spare = l->spare;
}

/* Literals that are there, and a match from 16 bytes back or further (wide: 32) that begins not
 * before the window and leaves room. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_copy(wmbt_zstd_loop *l, const wmbt_zstd_sequence *s,
                                                 bool wide)
{
    if (l->literals >= 16u) {
        wmbt_zstd_copy16(l->to, l->from);
        if (s->literals > 16u) {
            wmbt_zstd_copy_literals(l->to, l->from, s->literals, l->literals);
        }
    } else if (s->literals != 0u) {
        wmbt_bytes_copy(l->to, l->from, s->literals);
    }
    l->to += s->literals;
    l->from += s->literals;
    l->literals -= s->literals;
    if (wide) {
        wmbt_zstd_copy_wider(l->to, l->to - s->offset, s->match);
    } else {
        wmbt_zstd_copy_wide(l->to, l->to - s->offset, s->match);
    }
    l->to += s->match;
    l->spare -= s->match;
}

/* `wide`: by copies of 32 bytes. A constant. */
static WMBT_ZSTD_INLINE wmbt_status wmbt_zstd_sequences_loop(wmbt_zstd_tables *t, uint32_t count,
                                                             bool wide)
{
    const wmbt_zstd_target *target = &t->target;
    wmbt_zstd_loop l;
    wmbt_zstd_sequence s;
    const size_t nearest = wide ? 32u : 16u;
    uint8_t few[8];
    WMBT_ASSERT(t->has_sequences != 0u && count != 0u);
    wmbt_zstd_loop_begin(&l, t, few);
    /* The first byte that a match may have here; in a ring older ones lie elsewhere. */
    const uint8_t *first = target->at > target->history ? l.to - target->history : target->window;
    while (count != 0u) {
        count--;
        wmbt_zstd_loop_decode(&l, t, count == 0u, &s);
        if (l.left < 0) {
            return WMBT_BAD_BITSTREAM;
        }
        if (s.match + WMBT_ZSTD_BEHIND <= l.spare && s.literals <= l.literals &&
            s.offset >= nearest && s.offset <= (size_t)(l.to - first) + s.literals &&
            s.offset <= target->reach) {
            wmbt_zstd_loop_copy(&l, &s, wide);
            continue;
        }
        wmbt_zstd_loop_place(&l, &t->run);
        wmbt_zstd_sequence alone = {s.literals, s.match, s.offset};
        wmbt_status status = wmbt_zstd_sequence_alone(&t->run, target, first, &alone);
        if (status != WMBT_OK) {
            return status;
        }
        l.to = t->run.to;
        l.from = t->run.literals;
        l.literals = t->run.literals_left;
        l.spare = t->run.spare;
    }
    wmbt_zstd_loop_place(&l, &t->run);
    t->rep[0] = l.rep0;
    t->rep[1] = l.rep1;
    t->rep[2] = l.rep2;
    return l.at == 0u && l.left == 0 ? WMBT_OK : WMBT_BAD_BITSTREAM;
}

#endif

#endif
