/* SPDX-License-Identifier: Apache-2.0 */
/* Byte moves that never become libc calls. Use these for every copy, fill and compare of bytes. */
#ifndef WMBT_SRC_BASE_BYTES_H
#define WMBT_SRC_BASE_BYTES_H

#include "wombatkv/base.h"

/* Hides from the optimiser what a number is, so that it makes no vector of it and its neighbours
 * where that takes longer (docs/SPEED.md, "Traps"). */
#if defined(__GNUC__) && WMBT_WIDE_REGISTERS
#    define WMBT_HIDE_NUMBER(number) __asm__("" : "+r"(number))
#else
#    define WMBT_HIDE_NUMBER(number) ((void)(number))
#endif

/** Copies n bytes. The ranges must not overlap, except that dst may lie before src. */
void wmbt_bytes_copy(uint8_t *dst, const uint8_t *src, size_t n);

/** Copies n bytes; the ranges may overlap in any way. */
void wmbt_bytes_move(uint8_t *dst, const uint8_t *src, size_t n);

/** Sets n bytes to `value`. */
void wmbt_bytes_fill(uint8_t *dst, uint8_t value, size_t n);

/** Most bytes that are fetched ahead of what writes a stream. */
#define WMBT_BYTES_AHEAD 1536u

/**
 * For who writes a stream in pieces: `written` bytes end at `end`, and as many are expected behind
 * them, at most `left`. Fetches their lines where the processor can, so that the next stores do not
 * wait. It is a hint: nothing there is read or written.
 */
static inline void wmbt_bytes_expect(const uint8_t *end, size_t written, size_t left)
{
#if defined(__GNUC__) && defined(__x86_64__)
    size_t n = written < left ? written : left;
    n = n < WMBT_BYTES_AHEAD ? n : WMBT_BYTES_AHEAD;
    for (size_t i = 0; i < n; i += 64u) { /* a line of the cache each */
        __asm__ __volatile__("prefetchw %0" : : "m"(end[i]));
    }
#else
    (void)end;
    (void)written;
    (void)left;
#endif
}

/** True if n bytes are the same. n = 0 is equal, whatever the pointers. */
bool wmbt_bytes_equal(const uint8_t *a, const uint8_t *b, size_t n);

/** Three-way compare of unsigned bytes, a shorter prefix first: negative, 0 or positive. */
int wmbt_bytes_compare(wmbt_view a, wmbt_view b);

/** True if n bytes are all zero. */
bool wmbt_bytes_all_zero(const uint8_t *p, size_t n);

/** True if both views hold the same bytes. */
static inline bool wmbt_view_equal(wmbt_view a, wmbt_view b)
{
    return a.len == b.len && wmbt_bytes_equal(a.data, b.data, a.len);
}

/** *to = *from for a struct that holds arrays or many fields: compilers may make a call of memcpy
 * of an assignment. Both are pointers to one type. */
#define WMBT_COPY_STRUCT(to, from) \
    ((void)sizeof((to) == (from)), \
     wmbt_bytes_copy((uint8_t *)(to), (const uint8_t *)(from), sizeof *(to)))

/** *to = from, by fields: some compilers make a call of memcpy of an assigned struct. */
static inline void wmbt_view_set(wmbt_view *to, wmbt_view from)
{
    to->data = from.data;
    to->len = from.len;
}

/** True for NULL with a length, which no function accepts. */
static inline bool wmbt_view_is_bad(wmbt_view v)
{
    return v.data == NULL && v.len != 0u;
}

/** True for NULL with a length, which no function accepts. */
static inline bool wmbt_buf_is_bad(wmbt_buf b)
{
    return b.data == NULL && b.len != 0u;
}

/** True if p is a multiple of `alignment` (a power of two). */
static inline bool wmbt_is_aligned(const void *p, size_t alignment)
{
    WMBT_ASSERT(alignment != 0u && (alignment & (alignment - 1u)) == 0u);
    return ((uintptr_t)p & (alignment - 1u)) == 0u;
}

#endif
