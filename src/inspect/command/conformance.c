/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv conformance: rows of golden files, computed again by the library. */
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "conformance/kit.h"

/* Room for the largest row; only what is used of it costs memory. */
#define ARENA_BYTES ((size_t)256 << 20)

/* A longer cell is cut for people's eyes; --json has all of it. */
#define SHOWN 120

struct counts {
    uint64_t rows, agree, differ, not_run;
};

static void add_difference(struct json *list, const struct kit *k)
{
    struct json *row = json_add_object(list, NULL);
    json_add_view(row, "row", k->cells[0]);
    json_add_text(row, "column", k->column);
    json_add_view(row, "expected", k->expected);
    json_add_view(row, "got", k->got);
}

/* Runs all rows; false: a row is malformed, *why. */
static bool run_rows(struct kit *k, struct kit_file *file, struct counts *counts,
                     struct json *differing, struct json *reasons, const char **why)
{
    bool good = true;
    while (kit_next(k, file)) {
        kit_run(k, file);
        counts->rows++;
        if (k->outcome == KIT_AGREES) {
            counts->agree++;
            continue;
        }
        if (k->outcome == KIT_DIFFERS) {
            counts->differ++;
            add_difference(differing, k);
            continue;
        }
        counts->not_run++;
        struct json *row = json_add_object(reasons, NULL);
        json_add_view(row, "row", k->cells[0]);
        json_add_text(row, "why", k->why);
        if (k->outcome == KIT_BAD_TABLE && good) {
            *why = tool_format("row %s: %s",
                               tool_printable((const char *)k->cells[0].data, k->cells[0].len),
                               k->why);
            good = false;
        }
    }
    return good;
}

static void add_file(struct json *root, struct kit *k, const char *path)
{
    struct counts counts = {0, 0, 0, 0};
    struct file file = {NULL, 0, 0};
    const char *why = NULL;
    struct json *differing = json_array(), *reasons = json_array();
    struct kit_file kit_file;
    kit_file.kind = NULL;
    wmbt_status status = file_read(path, FILE_MAX_BYTES, &file, &why);
    if (status == WMBT_OK &&
        !kit_open(k, &kit_file, file_view(&file), wmbt_view_of(path, strlen(path)), &why)) {
        status = WMBT_BAD_SYNTAX;
    } else if (status == WMBT_OK && !run_rows(k, &kit_file, &counts, differing, reasons, &why)) {
        status = WMBT_BAD_SYNTAX;
    }
    struct json *row = json_add_object(root, NULL);
    json_add_name(row, "file", wmbt_view_of(path, strlen(path)));
    json_add_text(row, "status", tool_status_name(status));
    json_add_text(row, "kind", kit_file.kind != NULL ? kit_file.kind->name : "");
    json_add_text(row, "detail", why != NULL ? why : "");
    json_add_number(row, "rows", counts.rows);
    json_add_number(row, "agree", counts.agree);
    json_add_number(row, "differ", counts.differ);
    json_add_number(row, "not_run", counts.not_run);
    json_add(row, "differing", differing);
    json_add(row, "not_run_rows", reasons);
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
    } else if (counts.differ != 0) {
        tool_refuse(path, WMBT_BAD_DIGEST,
                    tool_format("%llu of %llu rows differ", (unsigned long long)counts.differ,
                                (unsigned long long)counts.rows));
    }
    if (file.data != NULL) {
        file_free(&file);
    }
}

static const char *shown(const char *text)
{
    size_t len = strlen(text);
    return len <= SHOWN ? tool_printable_cstr(text)
                        : tool_format("%s...", tool_printable(text, SHOWN));
}

static void print_files(const struct json *root)
{
    static const char *const heading[] = {"rows", "agree", "differ", "not run", "file"};
    static const char *const number[] = {"rows", "agree", "differ", "not_run"};
    struct table table;
    table_begin(&table, 5, 0xF, heading);
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        for (size_t i = 0; i < 4; i++) {
            table_cell(&table, json_cell(json_get(row, number[i])));
        }
        table_cell(&table, json_cell(json_get(row, "file")));
    }
    table_print(&table, 0);
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        if (json_get_text(row, "detail")[0] != '\0') {
            printf("%s: %s\n", json_cell(json_get(row, "file")), json_get_text(row, "detail"));
        }
        const struct json *one = json_get(row, "differing")->first;
        for (; one != NULL; one = one->next) {
            printf("%s: %s, %s: expected %s, got %s\n", json_cell(json_get(row, "file")),
                   json_cell(json_get(one, "row")), json_get_text(one, "column"),
                   shown(json_get_text(one, "expected")), shown(json_get_text(one, "got")));
        }
        for (one = json_get(row, "not_run_rows")->first; one != NULL; one = one->next) {
            printf("%s: %s: not run: %s\n", json_cell(json_get(row, "file")),
                   json_cell(json_get(one, "row")), json_get_text(one, "why"));
        }
    }
}

static int run(const struct args *args)
{
    static struct kit k;
    struct json *root = json_array();
    args_operands(args, "a golden file", 1, SIZE_MAX);
    k.arena = wmbt_buf_of(tool_reserve(ARENA_BYTES), ARENA_BYTES);
    if (k.arena.data == NULL) {
        tool_usage_error("not enough memory");
    }
    for (size_t i = 0; i < args->operands; i++) {
        out_progress("comparing", i, args->operands);
        add_file(root, &k, args->operand[i]);
    }
    out_progress_end();
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        print_files(root);
    }
    tool_release(k.arena.data, ARENA_BYTES);
    return EXIT_DONE;
}

static const struct args_option options[] = {{NULL, NULL, false}};

const struct command command_conformance = {
    .name = "conformance",
    .summary = "golden files, computed again",
    .usage = "FILE.tsv...",
    .help = "Computes the rows of golden files with the library, and says which results agree and\n"
            "which differ. Rows that the library does not compute (an unknown version, say) are\n"
            "counted as not run. docs/CONFORMANCE.md describes the files: other implementations\n"
            "can write some of the same kinds. Exit status 1 if a result differs, or a file is of\n"
            "no known kind or malformed.\n",
    .example = "  wombatkv conformance vllm_sha256_cbor.tsv sglang_hicache.tsv\n",
    .options = options,
    .run = run,
};
