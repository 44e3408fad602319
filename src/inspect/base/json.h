/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command's answer as a tree. With --json it is printed as it is; otherwise the command prints it
 * for people, from the same tree, so that both say the same. Long lists are made row by row while
 * they are printed. Memory: tool_alloc().
 */
#ifndef INSPECT_JSON_H
#define INSPECT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/tool.h"
#include "wombatkv/base.h"

/* Where the rows of a list come from. It must stay until the list is printed. */
struct json;
struct json_rows {
    void (*begin)(void *context); /* starts at the first row, as often as it is called */
    /* Adds the members of the next row to an empty object. False: there is none. */
    bool (*next)(void *context, struct json *row);
    void *context;
};

/* Kinds of values. */
enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT, JSON_ROWS };

struct json {
    enum json_kind kind;
    const char *key;  /* in an object; static text or of tool_alloc() */
    const char *text; /* JSON_TEXT: NUL-terminated UTF-8; a NUL inside is "\0" in text_len */
    const char *cell; /* JSON_TEXT: what people see instead, or NULL */
    uint64_t number;  /* JSON_NUMBER, JSON_BOOL; elements of arrays and objects; JSON_ROWS: 0 or 1,
                       * whether there is a row */
    size_t text_len;
    struct json_rows rows; /* JSON_ROWS */
    struct json *next;
    struct json *first;
    struct json *last;
};

struct json *json_object(void);
struct json *json_array(void);

/* Adds a member to an object, or an element to an array if `key` is NULL. Returns `value`. */
struct json *json_add(struct json *parent, const char *key, struct json *value);

/* The same in one call. */
void json_add_null(struct json *parent, const char *key);
void json_add_bool(struct json *parent, const char *key, bool value);
void json_add_number(struct json *parent, const char *key, uint64_t value);
void json_add_text(struct json *parent, const char *key, const char *text);
/* Text of any bytes; broken UTF-8 becomes U+FFFD. */
void json_add_view(struct json *parent, const char *key, wmbt_view text);
/* Lower-case hex digits of bytes. */
void json_add_hex(struct json *parent, const char *key, wmbt_view bytes);
struct json *json_add_object(struct json *parent, const char *key);
struct json *json_add_array(struct json *parent, const char *key);

/* A list of objects that are made when they are needed, and not kept. */
void json_add_rows(struct json *parent, const char *key, struct json_rows rows);

/* A walk over the elements of an array or of rows. A row, and all memory of tool_alloc() since,
 * lives until the next call. */
struct json_walk {
    const struct json *list;
    const struct json *child;
    struct tool_mark mark;
};
void json_walk_begin(struct json_walk *walk, const struct json *list);
const struct json *json_walk_next(struct json_walk *walk);

/* The name of something, any bytes. One that is not UTF-8 also gets its bytes, under KEY_hex. */
void json_add_name(struct json *parent, const char *key, wmbt_view name);
/* A path as given: a name under "path". */
void json_add_path(struct json *parent, const char *path);

/* A member of an object, NULL if it has none of this name. */
const struct json *json_get(const struct json *object, const char *key);
/* A member as text or number; "" and 0 if there is none of that kind. */
const char *json_get_text(const struct json *object, const char *key);
uint64_t json_get_number(const struct json *object, const char *key);

/* The text of a value that is neither array nor object; null is "-". */
const char *json_cell(const struct json *value);

void json_print(const struct json *value, FILE *out);

/* An array of objects, printed element by element as json_print() would print all of it. */
struct json_printer {
    FILE *out;
    size_t elements;
};
void json_printer_add(struct json_printer *printer, const struct json *object);
void json_printer_end(struct json_printer *printer);

/* The same of an object, member by member. */
void json_printer_member(struct json_printer *printer, const struct json *member);
void json_printer_end_object(struct json_printer *printer);

#endif
