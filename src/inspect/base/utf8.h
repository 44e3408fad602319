/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 character at a time. */
#ifndef INSPECT_UTF8_H
#define INSPECT_UTF8_H

#include <stddef.h>

/* Bytes of the well-formed character that begins here: 1 to 4, or 0 if there is none. */
size_t utf8_character(const char *text, size_t len);

/* Columns that a text takes: a character each, which is right for what the tool prints. */
size_t utf8_columns(const char *text);

#endif
