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

/* More than 16 literals, or the last ones. */
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

/* Which way nearly all sequences go. */
#    if defined(__GNUC__)
#        define WMBT_ZSTD_LIKELY(condition) (__builtin_expect((condition) ? 1 : 0, 1) != 0)
#    else
#        define WMBT_ZSTD_LIKELY(condition) (condition)
#    endif

/* As many bytes as were used: at least 56 bits are there afterwards, or all that are left. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_refill(wmbt_zstd_loop *l)
{
    if (WMBT_ZSTD_LIKELY(l->at >= 8u)) {
        WMBT_ASSERT(l->left >= 0 && l->left <= 63); /* what was asked for was there */
        l->at -= (unsigned)(63 ^ l->left) >> 3;
        l->left |= 56;
    } else {
        size_t used = (unsigned)(64 - l->left) >> 3;
        used = l->at < used ? l->at : used;
        l->at -= used;
        l->left += (int)(8u * used);
    }
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
    if (!WMBT_ZSTD_LIKELY(value > 3u)) {
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
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_decode(wmbt_zstd_loop *l, wmbt_zstd_sequence *s)
{
    wmbt_zstd_cell ll = l->ll, of = l->of, ml = l->ml;
    unsigned of_extra = wmbt_zstd_cell_extra(of);
    wmbt_zstd_loop_refill(l); /* 56 bits: 31 + 16, or what is looked at next */
    uint32_t value = (uint32_t)1 << of_extra | (uint32_t)wmbt_zstd_loop_take(l, of_extra);
    s->match = WMBT_ZSTD_MIN_MATCH + (wmbt_zstd_cell_base(ml) |
                                      (uint32_t)wmbt_zstd_loop_take(l, wmbt_zstd_cell_extra(ml)));
    if (!WMBT_ZSTD_LIKELY(wmbt_zstd_cell_extra(of + ml + ll) <=
                          30u)) { /* 16 + 9 + 9 + 8 are to come, and 30 + 9 + 9 + 8 without it */
        wmbt_zstd_loop_refill(l);
    }
    s->literals =
        wmbt_zstd_cell_base(ll) | (uint32_t)wmbt_zstd_loop_take(l, wmbt_zstd_cell_extra(ll));
    s->offset = wmbt_zstd_loop_offset(l, value, s->literals == 0u);
}

static WMBT_ZSTD_INLINE void wmbt_zstd_loop_advance(wmbt_zstd_loop *l, const wmbt_zstd_tables *t)
{
    l->ll = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_LL, l->ll);
    l->ml = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_ML, l->ml);
    l->of = wmbt_zstd_loop_next(l, t, WMBT_ZSTD_OF, l->of);
}

/* The stream's bits as the loop has them; a short stream is copied to `few`. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_begin(wmbt_zstd_loop *l, wmbt_zstd_tables *t,
                                                  uint8_t *few)
{
    const wmbt_zstd_run *r = &t->run;
    size_t left = 8u * r->bits.at + (unsigned)r->bits.count;
    size_t bytes = left / 8u + 1u; /* that have bits left, or the end mark */
    l->data = r->bits.data;
    if (bytes < 8u) {
        for (unsigned i = 0; i < 8u; i++) {
            few[i] = i < bytes ? l->data[i] : 0u;
        }
        l->data = few;
    }
    l->at = bytes < 8u ? 0u : bytes - 8u;
    l->left = (int)(left - 8u * l->at);
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

/* A sequence that is not for the loop. Too few bits are told first. */
static WMBT_ZSTD_INLINE wmbt_status wmbt_zstd_loop_alone(wmbt_zstd_loop *l, wmbt_zstd_tables *t,
                                                         const uint8_t *first,
                                                         const wmbt_zstd_sequence *s)
{
    wmbt_zstd_run *r = &t->run;
    const wmbt_zstd_sequence sequence = {s->literals, s->match, s->offset}; /* s: in registers */
    if (l->left < 0) {
        return WMBT_BAD_BITSTREAM;
    }
    r->to = l->to;
    r->literals = l->from;
    r->literals_left = (uint32_t)l->literals;
    r->spare = l->spare;
    wmbt_status status = wmbt_zstd_sequence_alone(r, &t->target, first, &sequence);
    l->to = r->to;
    l->from = r->literals;
    l->literals = r->literals_left;
    l->spare = r->spare;
    return status;
}

/* Literals that are there, and a match from 16 bytes back or further (wide: 32) that begins not
 * before the window and leaves room. */
static WMBT_ZSTD_INLINE void wmbt_zstd_loop_copy(wmbt_zstd_loop *l, const wmbt_zstd_sequence *s,
                                                 bool wide)
{
    if (s->literals <= 16u && l->literals >= 16u) {
        wmbt_zstd_copy16(l->to, l->from);
    } else if (s->literals != 0u) {
        wmbt_zstd_copy_literals(l->to, l->from, s->literals, l->literals);
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

/* `wide`: by copies of 32 bytes. A constant. When the bits are used up, what is looked at stays in
 * the range of its bits, so that it is enough to ask for them before anything else goes wrong, and
 * at the end. */
static WMBT_ZSTD_INLINE wmbt_status wmbt_zstd_sequences_loop(wmbt_zstd_tables *t, uint32_t count,
                                                             bool wide)
{
    const wmbt_zstd_target *target = &t->target;
    wmbt_zstd_loop l;
    wmbt_zstd_sequence s;
    wmbt_status status;
    const size_t nearest = wide ? 32u : 16u;
    uint8_t few[8];
    WMBT_ASSERT(t->has_sequences != 0u && count != 0u);
    wmbt_zstd_loop_begin(&l, t, few);
    /* The first byte that a match may have here; in a ring older ones lie elsewhere. */
    const uint8_t *first = target->at > target->history ? l.to - target->history : target->window;
    for (;;) {
        wmbt_zstd_loop_decode(&l, &s);
        if (!WMBT_ZSTD_LIKELY(--count != 0u)) {
            break; /* the last one leaves the states alone */
        }
        wmbt_zstd_loop_advance(&l, t);
        if (WMBT_ZSTD_LIKELY(s.match + WMBT_ZSTD_BEHIND <= l.spare && s.literals <= l.literals &&
                             s.offset >= nearest &&
                             s.offset <= (size_t)(l.to - first) + s.literals &&
                             s.offset <= target->reach)) {
            wmbt_zstd_loop_copy(&l, &s, wide);
            continue;
        }
        status = wmbt_zstd_loop_alone(&l, t, first, &s);
        if (status != WMBT_OK) {
            return status;
        }
    }
    status = wmbt_zstd_loop_alone(&l, t, first, &s);
    t->rep[0] = l.rep0;
    t->rep[1] = l.rep1;
    t->rep[2] = l.rep2;
    return status == WMBT_OK && (l.at != 0u || l.left != 0) ? WMBT_BAD_BITSTREAM : status;
}

#endif

#endif
