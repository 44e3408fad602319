/* SPDX-License-Identifier: Apache-2.0 */
/* Byte moves. WMBT_HIDE_POINTER keeps the optimiser from turning the loops into libc calls. */
#include "base/bytes.h"
#include "base/min.h"

/* Eight bytes a turn: compilers merge them into wide moves where the target allows unaligned
 * access. */
#define WMBT_BYTES_STEP 8u

void wmbt_bytes_copy(uint8_t *dst, const uint8_t *src, size_t n)
{
    WMBT_ASSERT(n == 0u || (dst != NULL && src != NULL));
    /* dst before src may overlap; compared as integers: the two may be different objects */
    WMBT_ASSERT((uintptr_t)dst <= (uintptr_t)src || (uintptr_t)dst - (uintptr_t)src >= n);
    for (; n >= WMBT_BYTES_STEP; n -= WMBT_BYTES_STEP) {
        uint8_t b0 = src[0], b1 = src[1], b2 = src[2], b3 = src[3];
        uint8_t b4 = src[4], b5 = src[5], b6 = src[6], b7 = src[7];
        WMBT_HIDE_POINTER(dst);
        dst[0] = b0;
        dst[1] = b1;
        dst[2] = b2;
        dst[3] = b3;
        dst[4] = b4;
        dst[5] = b5;
        dst[6] = b6;
        dst[7] = b7;
        dst += WMBT_BYTES_STEP;
        src += WMBT_BYTES_STEP;
    }
    for (; n != 0u; n--) {
        WMBT_HIDE_POINTER(dst);
        *dst++ = *src++;
    }
}

void wmbt_bytes_move(uint8_t *dst, const uint8_t *src, size_t n)
{
    /* Compared as integers: the two may be different objects. */
    if ((uintptr_t)dst <= (uintptr_t)src || (uintptr_t)dst - (uintptr_t)src >= n) {
        wmbt_bytes_copy(dst, src, n);
        return;
    }
    while (n != 0u) {
        WMBT_HIDE_POINTER(dst);
        n--;
        dst[n] = src[n];
    }
}

void wmbt_bytes_fill(uint8_t *dst, uint8_t value, size_t n)
{
    WMBT_ASSERT(n == 0u || dst != NULL);
    for (; n >= WMBT_BYTES_STEP; n -= WMBT_BYTES_STEP) {
        WMBT_HIDE_POINTER(dst);
        dst[0] = value;
        dst[1] = value;
        dst[2] = value;
        dst[3] = value;
        dst[4] = value;
        dst[5] = value;
        dst[6] = value;
        dst[7] = value;
        dst += WMBT_BYTES_STEP;
    }
    for (; n != 0u; n--) {
        WMBT_HIDE_POINTER(dst);
        *dst++ = value;
    }
}

bool wmbt_bytes_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
    WMBT_ASSERT(n == 0u || (a != NULL && b != NULL));
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

int wmbt_bytes_compare(wmbt_view a, wmbt_view b)
{
    WMBT_ASSERT(!wmbt_view_is_bad(a) && !wmbt_view_is_bad(b));
    size_t n = wmbt_min_size(a.len, b.len);
    for (size_t i = 0; i < n; i++) {
        if (a.data[i] != b.data[i]) {
            return a.data[i] < b.data[i] ? -1 : 1;
        }
    }
    if (a.len == b.len) {
        return 0;
    }
    return a.len < b.len ? -1 : 1;
}

bool wmbt_bytes_all_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0u) {
            return false;
        }
    }
    return true;
}
