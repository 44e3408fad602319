/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of values and its JSON text (RFC 8259). */
#include "base/json.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

static struct json *new_value(enum json_kind kind)
{
    struct json *value = tool_alloc(sizeof *value);
    memset(value, 0, sizeof *value);
    value->kind = kind;
    return value;
}

struct json *json_object(void)
{
    return new_value(JSON_OBJECT);
}

struct json *json_array(void)
{
    return new_value(JSON_ARRAY);
}

struct json *json_add(struct json *parent, const char *key, struct json *value)
{
    value->key = key;
    if (parent->last != NULL) {
        parent->last->next = value;
    } else {
        parent->first = value;
    }
    parent->last = value;
    parent->number++;
    return value;
}

void json_add_null(struct json *parent, const char *key)
{
    json_add(parent, key, new_value(JSON_NULL));
}

void json_add_bool(struct json *parent, const char *key, bool value)
{
    json_add(parent, key, new_value(JSON_BOOL))->number = value;
}

void json_add_number(struct json *parent, const char *key, uint64_t value)
{
    json_add(parent, key, new_value(JSON_NUMBER))->number = value;
}

void json_add_view(struct json *parent, const char *key, wmbt_view view)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const char *bytes = (const char *)view.data;
    char *text = tool_alloc(view.len * 3 + 1);
    size_t len = 0;
    for (size_t i = 0; i < view.len;) {
        size_t step = utf8_character(bytes + i, view.len - i);
        const char *from = step != 0 ? bytes + i : replacement;
        size_t count = step != 0 ? step : 3;
        memcpy(text + len, from, count);
        len += count;
        i += step != 0 ? step : 1;
    }
    text[len] = '\0';
    struct json *value = json_add(parent, key, new_value(JSON_TEXT));
    value->text = text;
    value->text_len = len;
}

void json_add_text(struct json *parent, const char *key, const char *text)
{
    json_add_view(parent, key, wmbt_view_of(text, strlen(text)));
}

void json_add_hex(struct json *parent, const char *key, wmbt_view bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = tool_alloc(bytes.len * 2 + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        text[2 * i] = digits[bytes.data[i] >> 4];
        text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    text[2 * bytes.len] = '\0';
    struct json *value = json_add(parent, key, new_value(JSON_TEXT));
    value->text = text;
    value->text_len = 2 * bytes.len;
}

struct json *json_add_object(struct json *parent, const char *key)
{
    return json_add(parent, key, json_object());
}

struct json *json_add_array(struct json *parent, const char *key)
{
    return json_add(parent, key, json_array());
}

void json_add_rows(struct json *parent, const char *key, struct json_rows rows)
{
    struct json *list = json_add(parent, key, new_value(JSON_ROWS));
    struct json_walk walk;
    list->rows = rows;
    json_walk_begin(&walk, list);
    list->number = json_walk_next(&walk) != NULL;
    tool_release_to(walk.mark);
}

void json_walk_begin(struct json_walk *walk, const struct json *list)
{
    walk->list = list;
    walk->child = list->first;
    walk->mark = tool_mark();
    if (list->kind == JSON_ROWS) {
        list->rows.begin(list->rows.context);
    }
}

const struct json *json_walk_next(struct json_walk *walk)
{
    tool_release_to(walk->mark);
    if (walk->list->kind == JSON_ROWS) {
        struct json *row = json_object();
        return walk->list->rows.next(walk->list->rows.context, row) ? row : NULL;
    }
    const struct json *child = walk->child;
    walk->child = child != NULL ? child->next : NULL;
    return child;
}

void json_add_name(struct json *parent, const char *key, wmbt_view name)
{
    json_add_view(parent, key, name);
    struct json *value = parent->last;
    /* A broken byte becomes three. */
    if (value->text_len != name.len) {
        value->cell = tool_printable((const char *)name.data, name.len);
        json_add_hex(parent, tool_format("%s_hex", key), name);
    }
}

void json_add_path(struct json *parent, const char *path)
{
    json_add_name(parent, "path", wmbt_view_of(path, strlen(path)));
}

const struct json *json_get(const struct json *object, const char *key)
{
    for (const struct json *member = object->first; member != NULL; member = member->next) {
        if (strcmp(member->key, key) == 0) {
            return member;
        }
    }
    return NULL;
}

const char *json_get_text(const struct json *object, const char *key)
{
    const struct json *member = json_get(object, key);
    return member != NULL && member->kind == JSON_TEXT ? member->text : "";
}

uint64_t json_get_number(const struct json *object, const char *key)
{
    const struct json *member = json_get(object, key);
    bool counts = member != NULL && (member->kind == JSON_NUMBER || member->kind == JSON_BOOL);
    return counts ? member->number : 0;
}

const char *json_cell(const struct json *value)
{
    switch (value != NULL ? value->kind : JSON_NULL) {
    case JSON_BOOL: return value->number != 0 ? "yes" : "no";
    case JSON_NUMBER: return tool_format("%" PRIu64, value->number);
    case JSON_TEXT:
        return value->cell != NULL ? value->cell : tool_printable(value->text, value->text_len);
    default: return "-";
    }
}

/* --- printing -------------------------------------------------------------------------------- */

/* \uXXXX, beyond the basic plane a surrogate pair (RFC 8259, section 7). */
static void print_escaped(uint32_t c, FILE *out)
{
    if (c > 0xFFFF) {
        fprintf(out, "\\u%04x", (unsigned)(0xD800 + ((c - 0x10000) >> 10)));
        c = 0xDC00 + (c & 0x3FF);
    }
    fprintf(out, "\\u%04x", (unsigned)c);
}

/* Texts of a tree are UTF-8: json_add_view() saw to that. */
static void print_text(const char *text, size_t len, FILE *out)
{
    putc('"', out);
    for (size_t i = 0; i < len;) {
        size_t step = utf8_character(text + i, len - i);
        uint32_t c = utf8_code_point(text + i, step);
        if (c == '"' || c == '\\') {
            fprintf(out, "\\%c", (int)c);
        } else if (c == '\n') {
            fputs("\\n", out);
        } else if (c == '\t') {
            fputs("\\t", out);
        } else if (utf8_is_invisible(c)) {
            print_escaped(c, out);
        } else {
            fwrite(text + i, 1, step, out);
        }
        i += step;
    }
    putc('"', out);
}

static void print_scalar(const struct json *value, FILE *out)
{
    switch (value->kind) {
    case JSON_BOOL: fputs(value->number != 0 ? "true" : "false", out); break;
    case JSON_NUMBER: fprintf(out, "%" PRIu64, value->number); break;
    case JSON_TEXT: print_text(value->text, value->text_len, out); break;
    default: fputs("null", out); break;
    }
}

/* Containers without containers inside stand on one line. */
static bool is_flat(const struct json *value)
{
    for (const struct json *child = value->first; child != NULL; child = child->next) {
        if (child->first != NULL || (child->kind == JSON_ROWS && child->number != 0)) {
            return false;
        }
    }
    return true;
}

static void print(const struct json *value, unsigned depth, FILE *out);

static void new_line(unsigned depth, FILE *out)
{
    fprintf(out, "\n%*s", (int)(2 * depth), "");
}

static void print_rows(const struct json *value, unsigned depth, FILE *out)
{
    struct json_walk walk;
    const struct json *row;
    bool any = false;
    putc('[', out);
    json_walk_begin(&walk, value);
    while ((row = json_walk_next(&walk)) != NULL) {
        fputs(any ? "," : "", out);
        new_line(depth + 1, out);
        print(row, depth + 1, out);
        any = true;
    }
    if (any) {
        new_line(depth, out);
    }
    putc(']', out);
}

static void print_key(const struct json *member, FILE *out)
{
    print_text(member->key, strlen(member->key), out);
    fputs(": ", out);
}

static void print_members(const struct json *value, unsigned depth, FILE *out)
{
    bool flat = is_flat(value);
    putc(value->kind == JSON_ARRAY ? '[' : '{', out);
    for (const struct json *child = value->first; child != NULL; child = child->next) {
        if (!flat) {
            new_line(depth + 1, out);
        }
        if (value->kind == JSON_OBJECT) {
            print_key(child, out);
        }
        print(child, depth + 1, out);
        if (child->next != NULL) {
            fputs(flat ? ", " : ",", out);
        }
    }
    if (!flat) {
        new_line(depth, out);
    }
    putc(value->kind == JSON_ARRAY ? ']' : '}', out);
}

static void print(const struct json *value, unsigned depth, FILE *out)
{
    switch (value->kind) {
    case JSON_ROWS: print_rows(value, depth, out); break;
    case JSON_ARRAY:
    case JSON_OBJECT: print_members(value, depth, out); break;
    default: print_scalar(value, out); break;
    }
}

void json_print(const struct json *value, FILE *out)
{
    print(value, 0, out);
    putc('\n', out);
}

void json_printer_add(struct json_printer *printer, const struct json *object)
{
    putc(printer->elements++ == 0 ? '[' : ',', printer->out);
    new_line(1, printer->out);
    print(object, 1, printer->out);
}

void json_printer_end(struct json_printer *printer)
{
    fputs(printer->elements == 0 ? "[]\n" : "\n]\n", printer->out);
}

void json_printer_member(struct json_printer *printer, const struct json *member)
{
    putc(printer->elements++ == 0 ? '{' : ',', printer->out);
    new_line(1, printer->out);
    print_key(member, printer->out);
    print(member, 1, printer->out);
}

void json_printer_end_object(struct json_printer *printer)
{
    fputs(printer->elements == 0 ? "{}\n" : "\n}\n", printer->out);
}
