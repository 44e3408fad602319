/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv verify: is each object intact, and the one that is wanted? */
#include <stdio.h>
#include <string.h>

#include "format/formats.h"
#include "base/out.h"
#include "base/tool.h"
#include "format/unwrap.h"
#include "format/wire.h"

static void add_row(struct json *root, const char *path, const struct format *format,
                    struct reading *reading)
{
    struct object object;
    reading->detail = NULL;
    object_read(&object, path, format, reading);
    struct json *row = json_add_object(root, NULL);
    json_add_path(row, path);
    if (object.format != NULL) {
        json_add_text(row, "format", object.format->name);
    } else {
        json_add_null(row, "format");
    }
    json_add_bool(row, "wrapped", object.wrapped);
    json_add_text(row, "status", tool_status_name(object.status));
    json_add_text(row, "detail", object.why != NULL ? object.why : "");
    if (object.status != WMBT_OK) {
        tool_refuse(path, object.status, object.why);
    }
    object_close(&object);
}

static void print_rows(const struct json *root)
{
    static const char *const heading[] = {"status", "format", "path", "detail"};
    struct table table;
    uint64_t good = 0;
    table_begin(&table, 4, 0, heading);
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        const char *status = json_get_text(row, "status");
        good += strcmp(status, "ok") == 0;
        table_cell(&table, out_status(status));
        table_cell(&table, json_cell(json_get(row, "format")));
        table_cell(&table, json_cell(json_get(row, "path")));
        table_cell(&table, json_cell(json_get(row, "detail")));
    }
    table_print(&table, 0);
    if (root->number > 1) {
        printf("%llu of %llu ok\n", (unsigned long long)good, (unsigned long long)root->number);
    }
}

static int run(const struct args *args)
{
    struct json *root = json_array();
    struct reading reading;
    const char *as = args_value(args, "--as");
    const struct format *format = as != NULL ? format_of_name(as) : NULL;
    memset(&reading, 0, sizeof reading);
    reading.compat = args_flag(args, "--compat");
    reading.has_seq = args_number(args, "--block-seq", 0, UINT32_MAX, &reading.block_seq);
    reading.has_tokens = args_number(args, "--block-tokens", 1, UINT32_MAX, &reading.block_tokens);
    unwrap_choose(args);
    wire_choose(args, &reading);
    args_operands(args, "an object's file", 1, SIZE_MAX);
    for (size_t i = 0; i < args->operands; i++) {
        out_progress("verifying", i, args->operands);
        file_expect(args->operand, args->operands, i);
        add_row(root, args->operand[i], format, &reading);
    }
    out_progress_end();
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_rows(root);
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--as", "FORMAT", false},
    {"--compat", NULL, false},
    UNWRAP_OPTIONS,
    {"--block-seq", "NUMBER", false},
    {"--block-tokens", "NUMBER", false},
    WIRE_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_verify = {
    .name = "verify",
    .summary = "whether objects are intact, a line each",
    .usage = "[--as FORMAT] [--compat] [--block-seq N] [--block-tokens N]\n"
             "       [--libzstd] OBJECT...\n"
             "       wombatkv verify [--json] --as http-response [--method GET|HEAD]\n"
             "       [--range FIRST-LAST] [--if-match ETAG] FILE...",
    .help = "Checks each object by all that its format keeps: lengths, counts, checksums. Intact\n"
            "does not mean that an object belongs to its key: nothing stored proves that.\n\n"
            "--as FORMAT       read the bytes as that format and nothing else: kvblock rawtail\n"
            "                  compressed zstd wal segment manifest delta envelope metavalue\n"
            "                  large-manifest http-response s3-list. Without it the format is\n"
            "                  detected, and a compression wrapper is taken off first\n"
            "--compat          accept exactly what upstream accepts where the default is stricter\n"
            "--block-seq N     refuse another block than number N (from 0); a raw tail must\n"
            "                  continue that block\n"
            "--block-tokens N  refuse blocks of another size; a raw tail must fit such blocks\n"
            "--method, --range, --if-match  what an HTTP response answers (wombatkv show --help)\n"
            "--libzstd         decode with libzstd instead of our own decoder (if built with it)\n",
    .example = "  wombatkv verify bucket/kv/cabi/plain/wombatkv/v1/block/b3=*\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
