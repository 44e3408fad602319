/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding of keys and queries. */
#include "wire/percent.h"

#include "base/text.h"

#if WMBT_CFG_SIGV4

bool wmbt_percent_is_plain(uint8_t c)
{
    uint8_t lower = c | 0x20u;
    return (lower >= (uint8_t)'a' && lower <= (uint8_t)'z') || wmbt_text_is_digit(c) ||
           c == (uint8_t)'-' || c == (uint8_t)'.' || c == (uint8_t)'_' || c == (uint8_t)'~';
}

void wmbt_percent_escape(uint8_t c, uint8_t out[WMBT_PERCENT_ESCAPE_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = (uint8_t)'%';
    out[1] = (uint8_t)digits[c >> 4];
    out[2] = (uint8_t)digits[c & 15u];
}

void wmbt_percent_write(wmbt_writer *w, wmbt_view v, bool keep_slash)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t escape[WMBT_PERCENT_ESCAPE_BYTES];
        uint8_t c = v.data[i];
        if (wmbt_percent_is_plain(c) || (keep_slash && c == (uint8_t)'/')) {
            wmbt_writer_u8(w, c);
        } else {
            wmbt_percent_escape(c, escape);
            wmbt_writer_bytes(w, wmbt_view_of(escape, sizeof escape));
        }
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
