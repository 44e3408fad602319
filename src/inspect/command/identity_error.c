/* SPDX-License-Identifier: Apache-2.0 */
/* Why an identity file was refused. The library says where and of which kind; this file looks at
 * the line again to name the one cause. */
#include "command/identity_error.h"

#include <string.h>

#include "base/args.h"
#include "base/tool.h"

/* A line taken apart: NUL-terminated copies without the blanks around. */
struct line {
    const char *name;
    const char *value;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *trimmed(const uint8_t *text, size_t len)
{
    while (len != 0 && is_blank(text[len - 1])) {
        len--;
    }
    while (len != 0 && is_blank(text[0])) {
        text++;
        len--;
    }
    return tool_copy((const char *)text, len);
}

/* Takes the first line, without its end, off the text. After the last one the text is empty. */
static wmbt_view next_line(wmbt_view *text)
{
    const uint8_t *end = text->len != 0 ? memchr(text->data, '\n', text->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - text->data) : text->len;
    size_t taken = end != NULL ? len + 1 : len;
    wmbt_view line = wmbt_view_of(text->data, len);
    *text = wmbt_view_of(text->data + taken, text->len - taken);
    return line;
}

/* Line `number`, from 1; the text has it. */
static wmbt_view line_of(wmbt_view text, uint32_t number)
{
    while (number-- > 1) {
        next_line(&text);
    }
    return next_line(&text);
}

static void split(wmbt_view text, struct line *line)
{
    size_t len = text.len;
    for (size_t i = 0; i < len; i++) {
        if (text.data[i] == '#' && (i == 0 || is_blank(text.data[i - 1]))) {
            len = i;
        }
    }
    const uint8_t *equals = len != 0 ? memchr(text.data, '=', len) : NULL;
    size_t name = equals != NULL ? (size_t)(equals - text.data) : len;
    line->name = trimmed(text.data, name);
    line->value = equals != NULL ? trimmed(equals + 1, len - name - 1) : "";
}

/* The first line on which a field of this name stands. */
static uint32_t first_line(wmbt_view text, const char *name)
{
    struct line line;
    uint32_t number = 0;
    do {
        number++;
        split(next_line(&text), &line);
    } while (strcmp(line.name, name) != 0);
    return number;
}

/* Of a pair of numbers, FIRST-LAST or RANK/SIZE, that was refused. */
static const char *pair_error(uint32_t field, const char *value)
{
    bool layers = field == WMBT_FINGERPRINT_LAYERS;
    const char *separator = strchr(value, layers ? '-' : '/');
    uint64_t first, second;
    if (separator == NULL) {
        return layers ? "it is not of the form FIRST-LAST"
                      : "it is neither of the form RANK/SIZE nor `replicated`";
    }
    if (!args_decimal(tool_copy(value, (size_t)(separator - value)), &first) ||
        !args_decimal(separator + 1, &second) || first > UINT32_MAX || second > UINT32_MAX) {
        return tool_format("'%s': %s must be decimal numbers below 2^32", value,
                           layers ? "FIRST and LAST" : "RANK and SIZE");
    }
    return layers ? tool_format("'%s': FIRST is above LAST", value)
                  : tool_format("'%s': RANK is not below SIZE", value);
}

static const char *value_error(uint32_t field, wmbt_status status)
{
    switch (status) {
    case WMBT_BAD_LENGTH: return "a digest that is not 64 hex digits";
    case WMBT_BAD_TEXT:
        return field == WMBT_FINGERPRINT_LAYOUT ? "a layout tag has visible ASCII characters only"
                                                : "a digest with a character that is no hex digit";
    case WMBT_NOT_REPRESENTABLE: return "longer than the 16 bytes of a layout tag";
    case WMBT_TOO_LARGE:
        return field == WMBT_FINGERPRINT_MULTIMODAL_SHA256
                   ? tool_format("more than %u digests", WMBT_FINGERPRINT_MAX_MULTIMODAL)
                   : tool_format("longer than %u bytes", WMBT_FINGERPRINT_MAX_TEXT_BYTES);
    default: return tool_status_name(status);
    }
}

/* Of a line that is not of a field. */
static const char *line_error(wmbt_view bytes, const char *name, wmbt_status status)
{
    if (status == WMBT_BAD_SYNTAX) {
        return "it is not of the form `field = value`";
    }
    if (status == WMBT_BAD_FIELD) {
        return tool_format("there is no field '%s'", name);
    }
    return memchr(bytes.data, '\0', bytes.len) != NULL ? "it has a NUL byte" : "it is not UTF-8";
}

const char *identity_error(wmbt_view text, wmbt_fingerprint_place place, wmbt_status status)
{
    struct line line;
    wmbt_view bytes = line_of(text, place.line);
    const char *why;
    split(bytes, &line);
    if (place.field == 0) {
        return tool_format("line %u: %s", place.line, line_error(bytes, line.name, status));
    }
    if (status == WMBT_BAD_SYNTAX || status == WMBT_BAD_NUMBER) {
        why = pair_error(place.field, line.value);
    } else if (status != WMBT_BAD_FIELD) {
        why = value_error(place.field, status);
    } else if (line.value[0] == '\0') {
        why = "it has no value";
    } else if (first_line(text, line.name) < place.line) {
        why = tool_format("it stands on line %u already", first_line(text, line.name));
    } else {
        why = "it cannot be `none`";
    }
    return tool_format("line %u: %s: %s", place.line, line.name, why);
}
