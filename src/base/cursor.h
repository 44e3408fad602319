/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reading position in a view, and a writing position in a buffer. Every bound is checked by
 * subtraction from what remains, and a call that fails moves nothing.
 *
 * Each byte is read once, by a volatile access: what a reader decided on is what it read, also when
 * a device still writes to the memory (docs/API.md, double fetch).
 */
#ifndef WMBT_SRC_BASE_CURSOR_H
#define WMBT_SRC_BASE_CURSOR_H

#include "wombatkv/base.h"

typedef struct wmbt_cursor {
    const uint8_t *data; /* next byte to read */
    size_t left;         /* bytes from there to the end */
} wmbt_cursor;

/** A cursor at the start of `v`. */
static inline wmbt_cursor wmbt_cursor_of(wmbt_view v)
{
    wmbt_cursor c;
    c.data = v.data;
    c.left = v.len;
    return c;
}

/** Little-endian numbers. False if fewer bytes are left; then *out and the cursor are unchanged. */
bool wmbt_cursor_u8(wmbt_cursor *c, uint8_t *out);
bool wmbt_cursor_u16(wmbt_cursor *c, uint16_t *out);
bool wmbt_cursor_u32(wmbt_cursor *c, uint32_t *out);
bool wmbt_cursor_u64(wmbt_cursor *c, uint64_t *out);

/** The next n bytes as a view into the input. */
bool wmbt_cursor_bytes(wmbt_cursor *c, uint64_t n, wmbt_view *out);

/** Copies the next n bytes to `out`. */
bool wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n);

/** Passes over n bytes. */
bool wmbt_cursor_skip(wmbt_cursor *c, uint64_t n);

/** The next n bytes as a cursor of their own. */
static inline bool wmbt_cursor_part(wmbt_cursor *c, size_t n, wmbt_cursor *part)
{
    part->data = c->data;
    part->left = n;
    return wmbt_cursor_skip(c, n);
}

/** Passes over `mark` if the next bytes are the same; false (and unmoved) if not, or if too few. */
bool wmbt_cursor_expect(wmbt_cursor *c, wmbt_view mark);

/** The n bytes from `offset` of a view; false if they do not lie inside it. */
bool wmbt_view_slice(wmbt_view v, uint64_t offset, uint64_t n, wmbt_view *out);

/*
 * The writing side counts what it would have written, so that one pass tells the size needed:
 * `needed` grows always, bytes are stored only while they fit.
 */
typedef struct wmbt_writer {
    uint8_t *data;
    size_t capacity; /* bytes of room in all */
    size_t needed;   /* bytes asked for so far; SIZE_MAX once it would overflow */
} wmbt_writer;

/** A writer at the start of `b`. */
static inline wmbt_writer wmbt_writer_of(wmbt_buf b)
{
    wmbt_writer w;
    w.data = b.data;
    w.capacity = b.len;
    w.needed = 0;
    return w;
}

/** True if all that was put fitted. */
static inline bool wmbt_writer_fits(const wmbt_writer *w)
{
    return w->needed <= w->capacity;
}

void wmbt_writer_u8(wmbt_writer *w, uint8_t v);
void wmbt_writer_u16(wmbt_writer *w, uint16_t v);
void wmbt_writer_u32(wmbt_writer *w, uint32_t v);
void wmbt_writer_u64(wmbt_writer *w, uint64_t v);
void wmbt_writer_bytes(wmbt_writer *w, wmbt_view v);

/** `v` in decimal, at least `min_digits` digits, padded with zeros. */
void wmbt_writer_decimal(wmbt_writer *w, uint64_t v, unsigned min_digits);

/** The bytes of `v` in lower-case hex. */
void wmbt_writer_hex(wmbt_writer *w, wmbt_view v);

#endif
