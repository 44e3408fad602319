/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and fields of stored objects are read here. */
#include "base/cursor.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"

/* Takes n bytes; NULL if fewer are left. */
static const uint8_t *wmbt_cursor_take(wmbt_cursor *c, size_t n)
{
    if (n > c->left) {
        return NULL;
    }
    const uint8_t *p = c->data;
    WMBT_ASSERT(p != NULL || n == 0u);
    if (n != 0u) { /* NULL + 0 is not defined in C */
        c->data += n;
        c->left -= n;
    }
    return p;
}

bool wmbt_cursor_u8(wmbt_cursor *c, uint8_t *out)
{
    const volatile uint8_t *p = wmbt_cursor_take(c, 1);
    if (p == NULL) {
        return false;
    }
    *out = *p;
    return true;
}

bool wmbt_cursor_u16(wmbt_cursor *c, uint16_t *out)
{
    const volatile uint8_t *p = wmbt_cursor_take(c, 2);
    if (p == NULL) {
        return false;
    }
    uint32_t v = p[0];
    v |= (uint32_t)p[1] << 8;
    *out = (uint16_t)v;
    return true;
}

/* A statement each: the order of volatile reads is then the order of the bytes. */
static uint32_t wmbt_cursor_load32(const volatile uint8_t *p)
{
    uint32_t v = p[0];
    v |= (uint32_t)p[1] << 8;
    v |= (uint32_t)p[2] << 16;
    v |= (uint32_t)p[3] << 24;
    return v;
}

bool wmbt_cursor_u32(wmbt_cursor *c, uint32_t *out)
{
    const volatile uint8_t *p = wmbt_cursor_take(c, 4);
    if (p == NULL) {
        return false;
    }
    *out = wmbt_cursor_load32(p);
    return true;
}

bool wmbt_cursor_u64(wmbt_cursor *c, uint64_t *out)
{
    const volatile uint8_t *p = wmbt_cursor_take(c, 8);
    if (p == NULL) {
        return false;
    }
    uint32_t low = wmbt_cursor_load32(p);
    uint32_t high = wmbt_cursor_load32(p + 4);
    *out = (uint64_t)high << 32 | low;
    return true;
}

bool wmbt_cursor_bytes(wmbt_cursor *c, uint64_t n, wmbt_view *out)
{
    if (n > c->left) {
        return false;
    }
    *out = wmbt_view_of(c->data, (size_t)n);
    (void)wmbt_cursor_take(c, (size_t)n);
    return true;
}

bool wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n)
{
    if (n > c->left) {
        return false;
    }
    wmbt_bytes_copy(out, wmbt_cursor_take(c, n), n);
    return true;
}

bool wmbt_cursor_skip(wmbt_cursor *c, uint64_t n)
{
    if (n > c->left) {
        return false;
    }
    (void)wmbt_cursor_take(c, (size_t)n);
    return true;
}

bool wmbt_cursor_expect(wmbt_cursor *c, wmbt_view mark)
{
    if (mark.len > c->left) {
        return false;
    }
    const volatile uint8_t *p = c->data;
    for (size_t i = 0; i < mark.len; i++) {
        if (p[i] != mark.data[i]) {
            return false;
        }
    }
    (void)wmbt_cursor_take(c, mark.len);
    return true;
}

bool wmbt_view_slice(wmbt_view v, uint64_t offset, uint64_t n, wmbt_view *out)
{
    if (offset > v.len || n > v.len - offset) {
        return false;
    }
    *out = n == 0u ? wmbt_view_of(NULL, 0) : wmbt_view_of(v.data + (size_t)offset, (size_t)n);
    return true;
}

/* Room for n more bytes; NULL once anything did not fit. Always counts. */
static uint8_t *wmbt_writer_take(wmbt_writer *w, size_t n)
{
    size_t at = w->needed;
    if (n > SIZE_MAX - at) {
        w->needed = SIZE_MAX;
        return NULL;
    }
    w->needed = at + n;
    if (n == 0u || w->needed > w->capacity) {
        return NULL;
    }
    return w->data + at;
}

void wmbt_writer_u8(wmbt_writer *w, uint8_t v)
{
    uint8_t *p = wmbt_writer_take(w, 1);
    if (p != NULL) {
        *p = v;
    }
}

void wmbt_writer_u16(wmbt_writer *w, uint16_t v)
{
    uint8_t *p = wmbt_writer_take(w, 2);
    if (p != NULL) {
        wmbt_store_le16(p, v);
    }
}

void wmbt_writer_u32(wmbt_writer *w, uint32_t v)
{
    uint8_t *p = wmbt_writer_take(w, 4);
    if (p != NULL) {
        wmbt_store_le32(p, v);
    }
}

void wmbt_writer_u64(wmbt_writer *w, uint64_t v)
{
    uint8_t *p = wmbt_writer_take(w, 8);
    if (p != NULL) {
        wmbt_store_le64(p, v);
    }
}

void wmbt_writer_bytes(wmbt_writer *w, wmbt_view v)
{
    uint8_t *p = wmbt_writer_take(w, v.len);
    if (p != NULL) {
        wmbt_bytes_copy(p, v.data, v.len);
    }
}

void wmbt_writer_decimal(wmbt_writer *w, uint64_t v, unsigned min_digits)
{
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    size_t n = wmbt_text_u64(v, digits);
    for (size_t i = n; i < min_digits; i++) {
        wmbt_writer_u8(w, (uint8_t)'0');
    }
    wmbt_writer_bytes(w, wmbt_view_of(digits, n));
}

void wmbt_writer_hex(wmbt_writer *w, wmbt_view v)
{
    size_t n = v.len > SIZE_MAX / 2u ? SIZE_MAX : v.len * 2u;
    uint8_t *p = wmbt_writer_take(w, n);
    if (p != NULL) {
        wmbt_text_hex(v, p);
    }
}
