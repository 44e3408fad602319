/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv show: every field and extent of objects. */
#include <stdio.h>
#include <string.h>

#include "format/formats.h"
#include "format/wire.h"
#include "base/out.h"
#include "base/tool.h"

/* A value as people read it: of long hex digits the beginning. */
static const char *short_cell(const struct json *value)
{
    const char *text = json_cell(value);
    size_t len = strlen(text);
    size_t key_len = value != NULL ? strlen(value->key) : 0;
    bool hex = key_len > 4 && strcmp(value->key + key_len - 4, "_hex") == 0;
    return hex && len > 64 ? tool_format("%.48s... (%zu bytes)", text, len / 2) : text;
}

/* The columns of a list: the members of its first row. */
static void table_of(struct table *table, const struct json *list, const char **heading)
{
    struct json_walk walk;
    uint32_t right = 0;
    unsigned columns = 0;
    json_walk_begin(&walk, list);
    const struct json *first = json_walk_next(&walk);
    for (const struct json *m = first->first; m != NULL && columns < TABLE_MAX_COLUMNS;
         m = m->next) {
        right |= m->kind == JSON_NUMBER ? 1u << columns : 0;
        heading[columns++] = m->key;
    }
    table_begin(table, columns, right, NULL);
}

static void cells_of(const struct table *table, const struct json *row, const char *const *heading,
                     const char **cells)
{
    for (unsigned i = 0; i < table->columns; i++) {
        cells[i] = short_cell(json_get(row, heading[i]));
    }
}

/* Rows of a list of objects, headed by the members of the first. No row is kept. */
static void print_rows(const struct json *list, unsigned indent)
{
    struct table table;
    struct json_walk walk;
    const struct json *row;
    const char *heading[TABLE_MAX_COLUMNS];
    const char *cells[TABLE_MAX_COLUMNS];
    table_of(&table, list, heading);
    for (unsigned i = 0; i < table.columns; i++) {
        cells[i] = out_bold(heading[i]);
    }
    table_measure(&table, cells);
    json_walk_begin(&walk, list);
    while ((row = json_walk_next(&walk)) != NULL) {
        cells_of(&table, row, heading, cells);
        table_measure(&table, cells);
    }
    for (unsigned i = 0; i < table.columns; i++) {
        cells[i] = out_bold(heading[i]);
    }
    table_print_row(&table, cells, indent);
    json_walk_begin(&walk, list);
    while ((row = json_walk_next(&walk)) != NULL) {
        cells_of(&table, row, heading, cells);
        table_print_row(&table, cells, indent);
    }
}

static void add_cells(struct table *table, const char *before, const struct json *fields)
{
    for (const struct json *field = fields->first; field != NULL; field = field->next) {
        if (field->kind < JSON_ARRAY) {
            table_cell(table, tool_format("%s%s", before, field->key));
            table_cell(table, short_cell(field));
        }
    }
}

/* Fields that are one value each, aligned, those of a group behind the group's name; then lists. */
static void print_fields(const struct json *fields)
{
    struct table table;
    table_begin(&table, 2, 0, NULL);
    add_cells(&table, "", fields);
    for (const struct json *field = fields->first; field != NULL; field = field->next) {
        if (field->kind == JSON_OBJECT) {
            add_cells(&table, tool_format("%s.", field->key), field);
        }
    }
    table_print(&table, 2);
    for (const struct json *field = fields->first; field != NULL; field = field->next) {
        if (field->kind != JSON_OBJECT && field->kind >= JSON_ARRAY && field->number != 0) {
            printf("\n  %s\n", out_bold(field->key));
            print_rows(field, 4);
        }
    }
}

static void print_object(const struct json *row)
{
    const struct json *extents = json_get(row, "extents");
    printf("%s  %s%s%s  %s\n", out_bold(json_cell(json_get(row, "path"))),
           json_cell(json_get(row, "format")),
           json_get_number(row, "wrapped") != 0 ? ", wrapped" : "",
           json_get(row, "bytes")->kind == JSON_NUMBER
               ? tool_format(", %s", out_size(json_get_number(row, "bytes")))
               : "",
           out_status(json_get_text(row, "status")));
    print_fields(json_get(row, "fields"));
    if (extents->first != NULL) {
        printf("\n  %s\n", out_bold("extents"));
        print_rows(extents, 4);
    }
}

/* One object, printed before the next is read. */
static void show(const char *path, const struct format *format, struct reading reading,
                 struct json_printer *printer)
{
    struct object object;
    reading.fields = json_object();
    reading.extents = json_array();
    object_read(&object, path, format, &reading);
    struct json *row = json_object();
    json_add_path(row, path);
    if (object.format != NULL) {
        json_add_text(row, "format", object.format->name);
    } else {
        json_add_null(row, "format");
    }
    json_add_bool(row, "wrapped", object.wrapped);
    json_add_text(row, "status", tool_status_name(object.status));
    if (object.status == WMBT_MISSING || object.status == TOOL_UNREADABLE) {
        json_add_null(row, "bytes");
    } else {
        json_add_number(row, "bytes", object.stored_bytes);
    }
    json_add(row, "fields", reading.fields);
    json_add(row, "extents", reading.extents);
    if (object.status != WMBT_OK) {
        tool_refuse(path, object.status, object.why);
    }
    if (printer->out != NULL) {
        json_printer_add(printer, row);
    } else {
        fputs(printer->elements++ != 0 ? "\n" : "", stdout);
        print_object(row);
    }
    object_close(&object);
}

static int run(const struct args *args)
{
    const char *as = args_value(args, "--as");
    const struct format *format = as != NULL ? format_of_name(as) : NULL;
    bool json = args_flag(args, "--json");
    struct json_printer printer = {json ? stdout : NULL, 0};
    struct reading reading;
    memset(&reading, 0, sizeof reading);
    reading.compat = args_flag(args, "--compat");
    wire_choose(args, &reading);
    unwrap_choose(args);
    args_operands(args, "an object's file", 1, SIZE_MAX);
    for (size_t i = 0; i < args->operands; i++) {
        struct tool_mark mark = tool_mark();
        out_progress("reading", i, args->operands);
        file_expect(args->operand, args->operands, i);
        show(args->operand[i], format, reading, &printer);
        tool_release_to(mark);
    }
    if (json) {
        json_printer_end(&printer);
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--as", "FORMAT", false}, {"--compat", NULL, false}, UNWRAP_OPTIONS, WIRE_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_show = {
    .name = "show",
    .summary = "every field and extent of objects",
    .usage = "[--as FORMAT] [--compat] [--libzstd] OBJECT...\n"
             "       wombatkv show [--json] --as http-response [--method GET|HEAD]\n"
             "       [--range FIRST-LAST] [--if-match ETAG] FILE...",
    .help =
        "Prints what each object says: fields by their names, and where the rows of each layer\n"
        "lie. An object that is damaged has no fields. http-response is what came over a\n"
        "connection in answer to one request; s3-list is one document of ListObjectsV2.\n\n"
        "--as FORMAT     read the bytes as that format and nothing else: kvblock rawtail\n"
        "                compressed zstd wal segment manifest delta envelope metavalue\n"
        "                large-manifest http-response s3-list. Without it the format is\n"
        "                detected, and a compression wrapper is taken off first\n" WIRE_HELP
        "--compat        accept exactly what upstream accepts where the default is "
        "stricter\n" UNWRAP_HELP,
    .example = "  wombatkv show bucket/kv/cabi/plain/wombatkv/v1/block/b3=*\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
