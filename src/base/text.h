/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal, hex and UTF-8. No 64-bit division, shift or product: small targets call a helper. */
#ifndef WMBT_SRC_BASE_TEXT_H
#define WMBT_SRC_BASE_TEXT_H

#include "wombatkv/status.h"

/** Digits of the largest u64. */
#define WMBT_TEXT_U64_DIGITS 20u

/** Writes v in decimal without padding; returns the number of digits, 1 to 20. */
size_t wmbt_text_u64(uint64_t v, uint8_t out[WMBT_TEXT_U64_DIGITS]);

/** Writes 2 x v.len lower-case hex digits. `v` may be the second half of them. */
void wmbt_text_hex(wmbt_view v, uint8_t *out);

/** Value of a hex digit of either case, or -1. */
int wmbt_text_hex_digit(uint8_t c);

/**
 * Reads exactly n bytes from 2n hex digits; upper case only if `upper`.
 *
 * bad-argument: NULL with a length; bad-length: not 2n characters; bad-text: another character.
 * `out` is then unchanged; zeroed if the text changed meanwhile (bad-text).
 */
WMBT_MUST_CHECK wmbt_status wmbt_text_unhex(wmbt_view text, bool upper, uint8_t *out, size_t n);

/** True for '0' to '9'. */
static inline bool wmbt_text_is_digit(uint8_t c)
{
    return c >= (uint8_t)'0' && c <= (uint8_t)'9';
}

/** Bytes before the first or the last `c`; text.len if there is none. */
size_t wmbt_text_find_first(wmbt_view text, uint8_t c);
size_t wmbt_text_find_last(wmbt_view text, uint8_t c);

/** True if a byte of the text is NUL. */
static inline bool wmbt_text_has_nul(wmbt_view text)
{
    return wmbt_text_find_first(text, 0) != text.len;
}

/** *v = 10 x *v + digit, without a 64-bit product. False if that does not fit; then *v is
 * unchanged. */
bool wmbt_text_append_digit(uint64_t *v, uint32_t digit);

/**
 * Reads a decimal u64: at least one digit, nothing else, no overflow; any number of leading zeros,
 * and one leading '+' if `plus` (the grammar of Rust's integer parser). False otherwise, *out
 * unchanged.
 */
bool wmbt_text_parse_u64(wmbt_view text, bool plus, uint64_t *out);

/** True if the bytes are UTF-8: no surrogates, no overlong forms, at most U+10FFFF. Empty is valid.
 */
bool wmbt_text_is_utf8(wmbt_view text);

/** The same, and no byte is NUL. */
bool wmbt_text_is_utf8_without_nul(wmbt_view text);

#endif
