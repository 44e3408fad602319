/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 character at a time. */
#ifndef INSPECT_UTF8_H
#define INSPECT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the well-formed character that begins here: 1 to 4, or 0 if there is none. */
size_t utf8_character(const char *text, size_t len);

/* The code point of a character of so many bytes, as utf8_character() counted them. */
uint32_t utf8_code_point(const char *text, size_t bytes);

/* True if a terminal or an editor obeys the character or hides it instead of showing it: controls,
 * formats (direction, joining, tags), line and paragraph separators; Unicode's general categories
 * Cc, Cf, Zl and Zp. */
bool utf8_is_invisible(uint32_t code_point);

/* Columns that a text takes: a character each, which is right for what the tool prints. */
size_t utf8_columns(const char *text);

#endif
