/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of zstd's fast loops, in steps of 16 bytes. They may write behind what is wanted, never
 * behind what the caller says is there. */
#ifndef WMBT_SRC_FORMAT_ZSTD_COPIES_H
#define WMBT_SRC_FORMAT_ZSTD_COPIES_H

#include "base/le.h"
#include "wombatkv/base.h"

#if WMBT_CFG_ZSTD && WMBT_CFG_ZSTD_FAST

/* Loops are compiled for more than one machine: what they call becomes part of them. */
#    if defined(__GNUC__)
#        define WMBT_ZSTD_INLINE inline __attribute__((always_inline))
#    else
#        define WMBT_ZSTD_INLINE inline
#    endif

/* Bytes that a copy may write behind its end. */
#    define WMBT_ZSTD_BEHIND 32u

static WMBT_ZSTD_INLINE void wmbt_zstd_copy8(uint8_t *to, const uint8_t *from)
{
#    ifdef WMBT_UNALIGNED_U64
    typedef WMBT_UNALIGNED_U64 any;
    *(any *)to = *(const any *)from;
#    else
    wmbt_store_le64(to, wmbt_load_le64(from));
#    endif
}

/* From 16 bytes back or further. */
static WMBT_ZSTD_INLINE void wmbt_zstd_copy16(uint8_t *to, const uint8_t *from)
{
#    if defined(__GNUC__) && (defined(__SSE2__) || defined(__ARM_NEON))
    typedef uint64_t any16 __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)));
    *(any16 *)to = *(const any16 *)from;
#    else
    wmbt_zstd_copy8(to, from);
    wmbt_zstd_copy8(to + 8, from + 8);
#    endif
}

/* From 32 bytes back or further. */
static WMBT_ZSTD_INLINE void wmbt_zstd_copy32(uint8_t *to, const uint8_t *from)
{
#    if defined(__GNUC__) && defined(__SSE2__)
    typedef uint64_t any32 __attribute__((__vector_size__(32), __may_alias__, __aligned__(1)));
    *(any32 *)to = *(const any32 *)from;
#    else
    wmbt_zstd_copy16(to, from);
    wmbt_zstd_copy16(to + 16, from + 16);
#    endif
}

/* n bytes and up to WMBT_ZSTD_BEHIND - 1 more, from 16 bytes back or further. */
static WMBT_ZSTD_INLINE void wmbt_zstd_copy_wide(uint8_t *to, const uint8_t *from, size_t n)
{
    uint8_t *end = to + n;
    wmbt_zstd_copy16(to, from);
    if (n > 16u) {
        do {
            wmbt_zstd_copy16(to + 16, from + 16);
            wmbt_zstd_copy16(to + 32, from + 32);
            to += 32;
            from += 32;
        } while (to + 16 < end);
    }
}

/* The same by 32 bytes, from 32 bytes back or further. */
static WMBT_ZSTD_INLINE void wmbt_zstd_copy_wider(uint8_t *to, const uint8_t *from, size_t n)
{
    uint8_t *end = to + n;
    do {
        wmbt_zstd_copy32(to, from);
        to += 32;
        from += 32;
    } while (to < end);
}

#endif

#endif
