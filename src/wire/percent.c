/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding of keys and queries. */
#include "wire/percent.h"

#include "base/text.h"

#if WMBT_CFG_SIGV4

static bool wmbt_percent_is_plain(uint8_t c)
{
    uint8_t lower = c | 0x20u;
    return (lower >= (uint8_t)'a' && lower <= (uint8_t)'z') || wmbt_text_is_digit(c) ||
           c == (uint8_t)'-' || c == (uint8_t)'.' || c == (uint8_t)'_' || c == (uint8_t)'~';
}

size_t wmbt_percent_of(uint8_t c, bool keep_slash, uint8_t out[WMBT_PERCENT_ESCAPE_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";
    if (wmbt_percent_is_plain(c) || (keep_slash && c == (uint8_t)'/')) {
        out[0] = c;
        return 1;
    }
    out[0] = (uint8_t)'%';
    out[1] = (uint8_t)digits[c >> 4];
    out[2] = (uint8_t)digits[c & 15u];
    return WMBT_PERCENT_ESCAPE_BYTES;
}

void wmbt_percent_write(wmbt_writer *w, wmbt_view v, bool keep_slash)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t text[WMBT_PERCENT_ESCAPE_BYTES];
        size_t len = wmbt_percent_of(v.data[i], keep_slash, text);
        wmbt_writer_bytes(w, wmbt_view_of(text, len));
    }
}

int wmbt_percent_compare(wmbt_view a, wmbt_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    for (size_t i = 0; i < n; i++) {
        uint8_t x = a.data[i], y = b.data[i];
        if (x != y) {
            /* '%' lies below all that stay; two escapes are ordered as their bytes */
            bool x_plain = wmbt_percent_is_plain(x), y_plain = wmbt_percent_is_plain(y);
            return x_plain == y_plain ? (x < y ? -1 : 1) : x_plain ? 1 : -1;
        }
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

#endif
