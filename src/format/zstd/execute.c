/* SPDX-License-Identifier: Apache-2.0 */
/* Literals and matches of zstd, one sequence at a time. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/state.h"

#include "base/bytes.h"

#if WMBT_CFG_ZSTD

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
    /* what is still to come fits, and decoded literals that wait are not overtaken */
    WMBT_ASSERT(r->literals_left + r->spare <=
                (size_t)(target->window + target->at + target->capacity - r->to));
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
        WMBT_ASSERT(back <= (size_t)(target->old - target->window));
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

#endif
