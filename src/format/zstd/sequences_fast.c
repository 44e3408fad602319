/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences of zstd with wide copies, for machines with 64-bit registers. */
#include "format/zstd/sequences_loop.h"

#include "base/min.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* A match of which bytes may be written behind its end, but not behind to + capacity. */
static void wmbt_zstd_copy_near(uint8_t *to, size_t offset, size_t n, size_t capacity)
{
    size_t i = 0;
    size_t wide = capacity < WMBT_ZSTD_BEHIND ? 0u : capacity - WMBT_ZSTD_BEHIND;
    wide = wmbt_min_size(n, wide);
    size_t back = offset;
    while (back < 16u) { /* the same bytes stand there, once as many are written */
        back += offset;
    }
    size_t first = wmbt_min_size(n, back - offset);
    for (; i < first; i++) {
        to[i] = *(to + i - offset);
    }
    if (wide > i) {
        wmbt_zstd_copy_wide(to + i, to + i - back, wide - i);
        i = wide;
    }
    for (; i < n; i++) {
        to[i] = *(to + i - offset);
    }
}

WMBT_NOINLINE void wmbt_zstd_copy_literals(uint8_t *to, const uint8_t *from, size_t n, size_t left)
{
    if (n + WMBT_ZSTD_BEHIND <= left) {
        wmbt_zstd_copy_wide(to, from, n);
    } else {
        wmbt_bytes_copy(to, from, n);
    }
}

WMBT_NOINLINE wmbt_status wmbt_zstd_sequence_alone(wmbt_zstd_run *r, const wmbt_zstd_target *target,
                                                   const uint8_t *first,
                                                   const wmbt_zstd_sequence *s)
{
    if (s->literals > r->literals_left || s->match > r->spare || s->offset > target->reach ||
        s->offset - 1u >= (size_t)(r->to - first) + s->literals) {
        /* Damage, or a match from the older part of a ring. */
        r->value[WMBT_ZSTD_LL] = s->literals;
        return wmbt_zstd_execute(r, target, s->match, s->offset);
    }
    wmbt_bytes_copy(r->to, r->literals, s->literals);
    r->to += s->literals;
    r->literals += s->literals;
    r->literals_left -= s->literals;
    wmbt_zstd_copy_near(r->to, s->offset, s->match, r->spare);
    r->to += s->match;
    r->spare -= s->match;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_sequences_portable(wmbt_zstd_tables *t, uint32_t count)
{
    return wmbt_zstd_sequences_loop(t, count, false);
}

wmbt_status wmbt_zstd_sequences(wmbt_zstd_tables *t, uint32_t count)
{
    return WMBT_ZSTD_SEQUENCES(t, count);
}

#endif
