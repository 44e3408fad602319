/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal, hex and UTF-8. */
#include "base/text.h"

#include "base/bytes.h"
#include "base/le.h"

size_t wmbt_text_u64(uint64_t v, uint8_t out[WMBT_TEXT_U64_DIGITS])
{
    uint8_t bytes[8];
    size_t at = WMBT_TEXT_U64_DIGITS;
    uint32_t more;
    wmbt_store_le64(bytes, v);
    do { /* divides by ten, a byte at a time */
        uint32_t rest = 0;
        more = 0;
        for (size_t k = sizeof bytes; k-- > 0u;) {
            uint32_t part = rest << 8 | bytes[k]; /* below 2,560 */
            uint32_t tenth = part * 52429u >> 19; /* part / 10, right below 81,920 */
            bytes[k] = (uint8_t)tenth;
            rest = part - 10u * tenth;
            more |= tenth;
        }
        out[--at] = (uint8_t)((uint32_t)'0' + rest);
    } while (more != 0u);
    WMBT_ASSERT(at < WMBT_TEXT_U64_DIGITS);
    wmbt_bytes_copy(out, out + at, WMBT_TEXT_U64_DIGITS - at);
    return WMBT_TEXT_U64_DIGITS - at;
}

#if WMBT_WIDE_REGISTERS
/* The eight digits of four bytes, the first in the lowest place: bytes and then halves of bytes are
 * moved apart, and 6 more carries out of a digit from 10 on. */
static inline uint64_t wmbt_text_hex8(uint32_t bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t gap = (uint64_t)'a' - 10u - (uint64_t)'0';
    uint64_t v = (bytes | (uint64_t)bytes << 16) & UINT64_C(0x0000FFFF0000FFFF);
    v = (v | v << 8) & UINT64_C(0x00FF00FF00FF00FF);
    v = (v >> 4 | v << 8) & ones * 15u;
    return v + ones * '0' + (((v + ones * 6u) >> 4) & ones) * gap;
}

#    if defined(__SSE2__) && (defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 9))
#        define WMBT_TEXT_HEX16
/* The same of eight bytes, written at once: who hashes digits loads as many. */
static inline void wmbt_text_hex16(const uint8_t *bytes, uint8_t *out)
{
    typedef uint8_t eight __attribute__((__vector_size__(8), __aligned__(1), __may_alias__));
    typedef uint16_t wide __attribute__((__vector_size__(16)));
    typedef int8_t digits __attribute__((__vector_size__(16)));
    typedef int8_t any __attribute__((__vector_size__(16), __aligned__(1), __may_alias__));
    wide v = __builtin_convertvector(*(const eight *)(const void *)bytes, wide);
    digits d = (digits)((v >> 4 | v << 8) & 0x0F0F);
    *(any *)(void *)out = d + '0' + ((d > 9) & ('a' - 10 - '0'));
}
#    endif

void wmbt_text_hex(wmbt_view v, uint8_t *out)
{
    size_t i = 0;
#    ifdef WMBT_TEXT_HEX16
    for (; v.len - i >= 8u; i += 8u) {
        wmbt_text_hex16(v.data + i, out + 2u * i);
    }
#    endif
    for (; v.len - i >= 4u; i += 4u) {
        wmbt_store_le64(out + 2u * i, wmbt_text_hex8(wmbt_load_le32(v.data + i)));
    }
    for (; i < v.len; i++) {
        wmbt_store_le16(out + 2u * i, (uint16_t)wmbt_text_hex8(v.data[i]));
    }
}
#else /* smaller */
void wmbt_text_hex(wmbt_view v, uint8_t *out)
{
    for (size_t i = 0; i < 2u * v.len; i++) {
        uint32_t digit = (i & 1u) == 0u ? (uint32_t)v.data[i / 2u] >> 4 : v.data[i / 2u] & 15u;
        out[i] = (uint8_t)(digit + (digit < 10u ? (uint32_t)'0' : (uint32_t)'a' - 10u));
    }
}
#endif

int wmbt_text_hex_digit(uint8_t c)
{
    if (wmbt_text_is_digit(c)) {
        return c - '0';
    }
    uint8_t lower = c | 0x20u; /* what differs between the cases of a letter */
    return lower >= (uint8_t)'a' && lower <= (uint8_t)'f' ? lower - 'a' + 10 : -1;
}

wmbt_status wmbt_text_unhex(wmbt_view text, bool upper, uint8_t *out, size_t n)
{
    if (wmbt_view_is_bad(text)) {
        return WMBT_BAD_ARGUMENT;
    }
    if ((text.len & 1u) != 0u || text.len / 2u != n) {
        return WMBT_BAD_LENGTH;
    }
    int high = 0;
    for (unsigned pass = 0; pass < 2u; pass++) { /* nothing is written before all was checked */
        for (size_t i = 0; i < text.len; i++) {
            uint8_t c = text.data[i];
            int digit = wmbt_text_hex_digit(c);
            if (digit < 0 || (!upper && c >= (uint8_t)'A' && c <= (uint8_t)'F')) {
                if (pass != 0u) { /* the text changed in between */
                    wmbt_bytes_fill(out, 0, n);
                }
                return WMBT_BAD_TEXT;
            }
            if (pass != 0u && (i & 1u) != 0u) {
                out[i / 2u] = (uint8_t)(high * 16 + digit);
            }
            high = digit;
        }
    }
    return WMBT_OK;
}

size_t wmbt_text_find_first(wmbt_view text, uint8_t c)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != c) {
        at++;
    }
    return at;
}

size_t wmbt_text_find_last(wmbt_view text, uint8_t c)
{
    for (size_t at = text.len; at != 0u; at--) {
        if (text.data[at - 1u] == c) {
            return at - 1u;
        }
    }
    return text.len;
}

bool wmbt_text_append_digit(uint64_t *v, uint32_t digit)
{
    WMBT_ASSERT(digit <= 9u);
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

bool wmbt_text_is_utf8(wmbt_view text)
{
    size_t i = 0;
    while (i < text.len) {
        uint32_t c = text.data[i++];
        if (c < 0x80u) {
            continue;
        }
        if (c < 0xC2u || c > 0xF4u) { /* C0 and C1 begin nothing but overlong forms */
            return false;
        }
        uint32_t more = c < 0xE0u ? 1u : c < 0xF0u ? 2u : 3u;
        /* Three bytes are for numbers from 2^11 on, four from 2^16. */
        uint32_t least_bits = 5u * more + 1u;
        uint32_t point = c & (0x3Fu >> more);
        for (; more != 0u; more--) {
            if (i == text.len || (text.data[i] & 0xC0u) != 0x80u) {
                return false;
            }
            point = point << 6 | (text.data[i++] & 0x3Fu);
        }
        if (point >> least_bits == 0u || point > 0x10FFFFu ||
            (point >= 0xD800u && point <= 0xDFFFu)) {
            return false;
        }
    }
    return true;
}

bool wmbt_text_is_utf8_without_nul(wmbt_view text)
{
    return !wmbt_text_has_nul(text) && wmbt_text_is_utf8(text);
}
