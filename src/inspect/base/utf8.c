/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 character at a time (RFC 3629). */
#include "base/utf8.h"

#include <stdbool.h>

static bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

size_t utf8_character(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    if (len == 0) {
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    size_t bytes = s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;
    if (bytes == 0 || bytes > len) {
        return 0;
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

size_t utf8_columns(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        columns += !is_continuation((unsigned char)*text);
    }
    return columns;
}
