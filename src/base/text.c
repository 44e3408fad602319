/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal, hex and UTF-8. */
#include "base/text.h"

/* Digits by subtraction: no division, and no 64-bit shift or product, which small targets call out
 * for. */
static const uint64_t wmbt_text_powers[WMBT_TEXT_U64_DIGITS] = {
    UINT64_C(10000000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(100000000000000),
    UINT64_C(10000000000000),
    UINT64_C(1000000000000),
    UINT64_C(100000000000),
    UINT64_C(10000000000),
    UINT64_C(1000000000),
    UINT64_C(100000000),
    UINT64_C(10000000),
    UINT64_C(1000000),
    UINT64_C(100000),
    UINT64_C(10000),
    UINT64_C(1000),
    UINT64_C(100),
    UINT64_C(10),
    UINT64_C(1),
};

size_t wmbt_text_u64(uint64_t v, uint8_t out[WMBT_TEXT_U64_DIGITS])
{
    size_t n = 0;
    for (size_t i = 0; i < WMBT_TEXT_U64_DIGITS; i++) {
        uint8_t digit = (uint8_t)'0';
        while (v >= wmbt_text_powers[i]) {
            v -= wmbt_text_powers[i];
            digit++;
        }
        if (n != 0u || digit != (uint8_t)'0' || i == WMBT_TEXT_U64_DIGITS - 1u) {
            out[n++] = digit;
        }
    }
    return n;
}

static uint8_t wmbt_text_nibble(uint32_t v)
{
    return (uint8_t)(v < 10u ? (uint32_t)'0' + v : (uint32_t)'a' + (v - 10u));
}

void wmbt_text_hex(wmbt_view v, uint8_t *out)
{
    for (size_t i = 0; i < v.len; i++) {
        out[2u * i] = wmbt_text_nibble((uint32_t)v.data[i] >> 4);
        out[2u * i + 1u] = wmbt_text_nibble((uint32_t)v.data[i] & 15u);
    }
}

int wmbt_text_hex_digit(uint8_t c)
{
    if (wmbt_text_is_digit(c)) {
        return c - '0';
    }
    if (c >= (uint8_t)'a' && c <= (uint8_t)'f') {
        return c - 'a' + 10;
    }
    if (c >= (uint8_t)'A' && c <= (uint8_t)'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool wmbt_text_unhex(wmbt_view text, bool upper, uint8_t *out, size_t n)
{
    if ((text.len & 1u) != 0u || text.len / 2u != n) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (wmbt_text_hex_digit(c) < 0 || (!upper && c >= (uint8_t)'A' && c <= (uint8_t)'F')) {
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        int high = wmbt_text_hex_digit(text.data[2u * i]);
        int low = wmbt_text_hex_digit(text.data[2u * i + 1u]);
        out[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

bool wmbt_text_append_digit(uint64_t *v, uint32_t digit)
{
    /* UINT64_MAX is 10 x 1844674407370955161 + 5 */
    if (*v > UINT64_C(1844674407370955161) || (*v == UINT64_C(1844674407370955161) && digit > 5u)) {
        return false;
    }
    /* By halves: additions that amount to x 10 are turned into a 64-bit product, a call on small
     * targets. */
    uint32_t low = ((uint32_t)*v & 0xFFFFu) * 10u + digit;
    uint32_t middle = ((uint32_t)*v >> 16) * 10u + (low >> 16);
    uint32_t high = (uint32_t)(*v >> 32) * 10u + (middle >> 16);
    *v = (uint64_t)high << 32 | middle << 16 | (low & 0xFFFFu);
    return true;
}

bool wmbt_text_parse_u64(wmbt_view text, bool plus, uint64_t *out)
{
    size_t i = plus && text.len != 0u && text.data[0] == (uint8_t)'+' ? 1u : 0u;
    if (i == text.len) {
        return false;
    }
    uint64_t v = 0;
    for (; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (!wmbt_text_is_digit(c) || !wmbt_text_append_digit(&v, (uint32_t)c - '0')) {
            return false;
        }
    }
    *out = v;
    return true;
}

/* Length of the UTF-8 sequence that begins at p, 0 if it is none (Unicode 15, table 3-7). */
static size_t wmbt_text_utf8_sequence(const uint8_t *p, size_t left)
{
    uint8_t c = p[0];
    if (c < 0x80u) {
        return 1;
    }
    if (c < 0xC2u || c > 0xF4u) {
        return 0;
    }
    size_t n = c < 0xE0u ? 2u : c < 0xF0u ? 3u : 4u;
    if (n > left) {
        return 0;
    }
    uint8_t low = 0x80u, high = 0xBFu; /* allowed range of the second byte */
    if (c == 0xE0u) {
        low = 0xA0u;
    } else if (c == 0xEDu) {
        high = 0x9Fu;
    } else if (c == 0xF0u) {
        low = 0x90u;
    } else if (c == 0xF4u) {
        high = 0x8Fu;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xC0u) != 0x80u) {
            return 0;
        }
    }
    return n;
}

bool wmbt_text_is_utf8(wmbt_view text)
{
    size_t i = 0;
    while (i < text.len) {
        size_t n = wmbt_text_utf8_sequence(text.data + i, text.len - i);
        if (n == 0u) {
            return false;
        }
        i += n;
    }
    return true;
}
