/* SPDX-License-Identifier: Apache-2.0 */
/* Token files. */
#include "prompt/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/tool.h"

static wmbt_status from_words(wmbt_view bytes, struct tokens *tokens, const char **why)
{
    if (bytes.len % 4 != 0) {
        *why = tool_format("%zu bytes are no whole number of 4-byte tokens", bytes.len);
        return WMBT_BAD_LENGTH;
    }
    size_t count = bytes.len / 4;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *b = bytes.data + 4 * i;
        tokens->token[i] =
            (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    tokens->count = count;
    return WMBT_OK;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void add_token(struct tokens *tokens, uint64_t number, bool wide)
{
    tokens->token[tokens->count++] = (uint32_t)number;
    if (wide) {
        tokens->token[tokens->count++] = (uint32_t)(number >> 32);
    }
}

static wmbt_status from_text(wmbt_view bytes, bool wide, struct tokens *tokens, const char **why)
{
    const uint64_t most = wide ? INT64_MAX : UINT32_MAX;
    uint64_t number = 0;
    bool inside = false;
    size_t line = 1;
    for (size_t i = 0; i <= bytes.len; i++) {
        uint8_t c = i < bytes.len ? bytes.data[i] : ' ';
        if (c >= '0' && c <= '9') {
            if (number > (most - (c - '0')) / 10) {
                *why = tool_format("line %zu: a token above %llu", line, (unsigned long long)most);
                return WMBT_BAD_NUMBER;
            }
            number = number * 10 + (c - '0');
            inside = true;
        } else if (is_space(c)) {
            if (inside) {
                add_token(tokens, number, wide);
            }
            inside = false;
            number = 0;
            line += c == '\n';
        } else {
            *why = tool_format("line %zu: a character that is no digit (byte 0x%02x)", line, c);
            return WMBT_BAD_TEXT;
        }
    }
    return WMBT_OK;
}

static size_t skip_space(wmbt_view bytes, size_t at)
{
    while (at < bytes.len && is_space(bytes.data[at])) {
        at++;
    }
    return at;
}

/* A number of a JSON array, at *at. */
static bool read_number(wmbt_view bytes, uint64_t most, size_t *at, uint64_t *number)
{
    size_t begin = *at;
    *number = 0;
    while (*at < bytes.len && bytes.data[*at] >= '0' && bytes.data[*at] <= '9') {
        uint64_t digit = (uint64_t)bytes.data[*at] - '0';
        if (*number > (most - digit) / 10) {
            return false;
        }
        *number = *number * 10 + digit;
        ++*at;
    }
    return *at != begin && (*at - begin == 1 || bytes.data[begin] != '0');
}

/* A JSON array of tokens. */
static wmbt_status from_array(wmbt_view bytes, bool wide, struct tokens *tokens, const char **why)
{
    const uint64_t most = wide ? INT64_MAX : UINT32_MAX;
    size_t at = skip_space(bytes, skip_space(bytes, 0) + 1);
    bool ends = at < bytes.len && bytes.data[at] == ']';
    while (!ends) {
        uint64_t number;
        if (!read_number(bytes, most, &at, &number)) {
            *why = tool_format("byte %zu: no whole number up to %llu of a JSON array", at,
                               (unsigned long long)most);
            return WMBT_BAD_NUMBER;
        }
        add_token(tokens, number, wide);
        at = skip_space(bytes, at);
        ends = at < bytes.len && bytes.data[at] == ']';
        if (!ends && (at == bytes.len || bytes.data[at] != ',')) {
            *why = tool_format("byte %zu: neither ',' nor ']' of a JSON array", at);
            return WMBT_BAD_SYNTAX;
        }
        at = ends ? at : skip_space(bytes, at + 1);
    }
    if (skip_space(bytes, at + 1) != bytes.len) {
        *why = "something follows the JSON array";
        return WMBT_TRAILING_BYTES;
    }
    return WMBT_OK;
}

/* Words as tokens of 64 bits, in place. */
static void widen(struct tokens *tokens)
{
    for (size_t i = tokens->count; i-- != 0;) {
        tokens->token[2 * i] = tokens->token[i];
        tokens->token[2 * i + 1] = 0;
    }
    tokens->count *= 2;
}

static wmbt_status read_tokens(const char *path, bool wide, struct tokens *tokens, const char **why)
{
    struct file file;
    size_t len = strlen(path);
    bool standard_input = strcmp(path, "-") == 0;
    bool words = len >= 4 && strcmp(path + len - 4, ".u32") == 0;
    wmbt_status status =
        standard_input ? file_read_stdin(&file, why) : file_read(path, FILE_MAX_BYTES, &file, why);
    if (status != WMBT_OK) {
        return status;
    }
    /* A token takes two bytes of text or more, but for the last one. */
    size_t most = words ? file.len / 4 : file.len / 2 + 1;
    most = wide ? 2 * most : most;
    tokens->count = 0;
    tokens->token = malloc((most + 1) * sizeof *tokens->token);
    if (tokens->token == NULL) {
        *why = "not enough memory";
        status = TOOL_UNREADABLE;
    } else {
        size_t begin = skip_space(file_view(&file), 0);
        bool array = begin < file.len && file.data[begin] == '[';
        status = words   ? from_words(file_view(&file), tokens, why)
                 : array ? from_array(file_view(&file), wide, tokens, why)
                         : from_text(file_view(&file), wide, tokens, why);
        if (status != WMBT_OK) {
            tokens_free(tokens);
        } else if (words && wide) {
            widen(tokens);
        }
    }
    file_free(&file);
    return status;
}

wmbt_status tokens_read(const char *path, struct tokens *tokens, const char **why)
{
    return read_tokens(path, false, tokens, why);
}

wmbt_status tokens_read_wide(const char *path, struct tokens *tokens, const char **why)
{
    return read_tokens(path, true, tokens, why);
}

void tokens_free(struct tokens *tokens)
{
    free(tokens->token);
    tokens->token = NULL;
    tokens->count = 0;
}
