/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv unwrap: the plain bytes of an object. */
#include <stdio.h>

#include "base/args.h"
#include "base/file.h"
#include "format/formats.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "format/unwrap.h"
#include "base/writing.h"

/* The status of the object, and of writing what it holds; what is refused is noted. */
static wmbt_status unwrap_file(struct json *row, const char *path, const char *to, bool compat)
{
    struct file file;
    struct plain plain;
    const char *why = NULL;
    wmbt_status status = file_read(path, FILE_MAX_BYTES, &file, &why);
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
        return status;
    }
    status = unwrap(file_view(&file), compat, &plain);
    if (status != WMBT_OK) {
        tool_refuse(path, status, format_status_text(status));
    } else {
        json_add_number(row, "bytes", file.len);
        json_add_number(row, "plain_bytes", plain.is.bytes.len);
        json_add_bool(row, "wrapped", plain.is.kind == WMBT_COMPRESSED_WRAPPED);
        if (!write_file(to, plain.is.bytes, &why)) {
            tool_refuse_output(to, why);
            status = TOOL_UNREADABLE;
        }
        unwrap_free(&plain);
    }
    file_free(&file);
    return status;
}

static int run(const struct args *args)
{
    struct json *row = json_object();
    args_operands(args, "one object's file", 1, 1);
    const char *path = args->operand[0];
    const char *to = args_required(args, "-o");
    unwrap_choose(args);
    json_add_path(row, path);
    wmbt_status status = unwrap_file(row, path, to, args_flag(args, "--compat"));
    json_add_text(row, "status", tool_status_name(status));
    if (args_flag(args, "--json")) {
        json_print(row, stdout);
    } else if (status == WMBT_OK && !is_standard_output(to)) {
        printf("wrote %s: %s%s\n", tool_printable_cstr(to),
               out_size(json_get_number(row, "plain_bytes")),
               json_get_number(row, "wrapped") == 0
                   ? ", it was not wrapped"
                   : tool_format(", stored as %s", out_size(json_get_number(row, "bytes"))));
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"-o", "FILE", false},
    {"--compat", NULL, false},
    UNWRAP_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_unwrap = {
    .name = "unwrap",
    .summary = "the plain bytes of an object",
    .usage = "OBJECT -o FILE [--compat] [--libzstd]",
    .help =
        "Writes the plain bytes of a wrapped (or plain) object. On an error no file is made.\n\n"
        "-o FILE         where to; a file is replaced, a device or pipe is written to\n"
        "--compat        as upstream: a damaged wrapper is handed out as it is\n" UNWRAP_HELP,
    .example = "  wombatkv unwrap bucket/kv/puffer-shm/default/notes/small -o small\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
