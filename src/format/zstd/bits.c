/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of zstd, read backwards. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/bits.h"

#if WMBT_CFG_ZSTD

bool wmbt_zstd_bits_init(wmbt_zstd_bits *b, const wmbt_cursor *in)
{
    b->data = in->data;
    b->at = in->left;
    b->bits = 0;
    b->count = 0;
    wmbt_zstd_bits_refill(b);
    for (unsigned i = 0; i < 8u; i++) {
        if (wmbt_zstd_bits_take(b, 1) != 0u) {
            return true;
        }
    }
    return false;
}

uint32_t wmbt_zstd_bits_read(wmbt_zstd_bits *b, unsigned n)
{
    WMBT_ASSERT(n <= 24u);
    if (b->count < (int)n) {
        wmbt_zstd_bits_refill(b);
    }
    return wmbt_zstd_bits_take(b, n);
}

unsigned wmbt_zstd_highest_bit(uint32_t v)
{
#    if WMBT_CFG_ZSTD_FAST && defined(__GNUC__) && (defined(__x86_64__) || defined(__aarch64__))
    /* An instruction or two; elsewhere it may be a call. It is not defined for 0. */
    return 31u - (unsigned)__builtin_clz(v | 1u);
#    elif WMBT_CFG_ZSTD_FAST
    unsigned n = 0;
    for (unsigned step = 16; step != 0u; step >>= 1) {
        unsigned shift = v >> step != 0u ? step : 0u;
        v >>= shift;
        n += shift;
    }
    return n;
#    else
    unsigned n = 0;
    while (v > 1u) {
        v >>= 1;
        n++;
    }
    return n;
#    endif
}

#endif
