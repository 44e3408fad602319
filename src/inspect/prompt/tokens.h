/* SPDX-License-Identifier: Apache-2.0 */
/* Token files: u32 little-endian if the name ends in ".u32", else decimal text; "-" is standard
 * input, text. */
#ifndef INSPECT_TOKENS_H
#define INSPECT_TOKENS_H

#include "wombatkv/status.h"

struct tokens {
    uint32_t *token; /* malloc(), not NULL */
    size_t count;
};

/*
 * ok, missing, TOOL_UNREADABLE; bad-length: bytes that are no whole number of tokens; bad-text: a
 * character that is neither a digit nor white space; bad-number: above 2^32-1. *why: text or NULL.
 */
wmbt_status tokens_read(const char *path, struct tokens *tokens, const char **why);

/* The same, of 64 bits: two numbers a token, the low half first; text may hold tokens up to 2^63-1.
 */
wmbt_status tokens_read_wide(const char *path, struct tokens *tokens, const char **why);

void tokens_free(struct tokens *tokens);

#endif
