/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 character at a time (RFC 3629). */
#include "base/utf8.h"

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Bytes of a character that begins so; 0: none does. */
static size_t length_of(unsigned char first)
{
    return first < 0x80   ? 1
           : first < 0xC2 ? 0
           : first < 0xE0 ? 2
           : first < 0xF0 ? 3
           : first < 0xF5 ? 4
                          : 0;
}

size_t utf8_character(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t bytes = len != 0 ? length_of(s[0]) : 0;
    if (bytes <= 1 || bytes > len) {
        return bytes == 1 ? 1 : 0;
    }
    for (size_t i = 1; i < bytes; i++) {
        if (!is_continuation(s[i])) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
    bool too_high = s[0] == 0xF4 && s[1] >= 0x90;
    return overlong || surrogate || too_high ? 0 : bytes;
}

uint32_t utf8_code_point(const char *text, size_t bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    uint32_t code = bytes == 1 ? s[0] : s[0] & (0x7Fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        code = code << 6 | (s[i] & 0x3Fu);
    }
    return code;
}

bool utf8_is_invisible(uint32_t code_point)
{
    /* Unicode 14, DerivedGeneralCategory: Cc, Cf, Zl, Zp. A test compares it. */
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x0000, 0x001F},   {0x007F, 0x009F},   {0x00AD, 0x00AD},   {0x0600, 0x0605},
        {0x061C, 0x061C},   {0x06DD, 0x06DD},   {0x070F, 0x070F},   {0x0890, 0x0891},
        {0x08E2, 0x08E2},   {0x180E, 0x180E},   {0x200B, 0x200F},   {0x2028, 0x202E},
        {0x2060, 0x2064},   {0x2066, 0x206F},   {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFB},
        {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3},
        {0x1D173, 0x1D17A}, {0xE0001, 0xE0001}, {0xE0020, 0xE007F},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0] && code_point >= ranges[i].first; i++) {
        if (code_point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

size_t utf8_columns(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        columns += !is_continuation((unsigned char)*text);
    }
    return columns;
}
