/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv restore: the rows that a prompt's plan counts, in files. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/out.h"
#include "prompt/resolve.h"
#include "base/tool.h"
#include "format/unwrap.h"
#include "base/writing.h"

#define FILES (WMBT_SHAPE_MAX_LAYERS * WMBT_EXTENT_KINDS)

/* The directory that is written. Rows of one layer and kind go to one file. */
struct rows {
    struct row_taker taker; /* first */
    struct new_folder folder;
    bool begun;
    FILE *file[FILES];
    uint32_t files;
    uint64_t bytes;
    const char *failure; /* why it has failed; nothing more is written */
};

static void write_failed(struct rows *rows)
{
    rows->failure = tool_format("cannot write: %s", strerror(errno));
}

/* Rows come in the order in which they stand in the file. */
static void take_rows(struct row_taker *taker, uint32_t layer, uint32_t kind, wmbt_view bytes)
{
    struct rows *rows = (struct rows *)taker;
    FILE **file = &rows->file[layer * WMBT_EXTENT_KINDS + kind];
    if (rows->failure != NULL) {
        return;
    }
    if (*file == NULL) {
        const char *name = tool_format("layer-%02u.%s.f32", layer, wmbt_extent_kind_name(kind));
        *file = new_folder_open(&rows->folder, name, &rows->failure);
        if (*file == NULL) {
            return;
        }
        rows->files++;
    }
    rows->bytes += bytes.len;
    if (fwrite(bytes.data, 1, bytes.len, *file) != bytes.len) {
        write_failed(rows);
    }
}

static void write_plan(struct rows *rows, const struct json *plan)
{
    FILE *file = new_folder_open(&rows->folder, "plan.json", &rows->failure);
    if (file == NULL) {
        return;
    }
    json_print(plan, file);
    long bytes = ftell(file);
    bool good = !ferror(file) && bytes >= 0;
    rows->bytes += good ? (uint64_t)bytes : 0;
    if (fclose(file) != 0 || !good) {
        write_failed(rows);
    }
}

/* Puts the directory in its place. False: nothing is left of it. */
static bool rows_end(struct rows *rows)
{
    for (size_t i = 0; i < FILES; i++) {
        if (rows->file[i] != NULL && fclose(rows->file[i]) != 0 && rows->failure == NULL) {
            write_failed(rows);
        }
    }
    if (rows->begun && rows->failure != NULL) {
        new_folder_abandon(&rows->folder);
    } else if (rows->begun) {
        (void)new_folder_commit(&rows->folder, &rows->failure);
    }
    return rows->failure == NULL;
}

/* A target that is there is not replaced, but for an empty directory. */
static void check_target(const char *path)
{
    struct stat st;
    bool empty = true;
    if (path[0] == '\0') {
        tool_usage_error("option -o: must not be empty");
    }
    if (lstat(path, &st) != 0) {
        return;
    }
    DIR *dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    for (struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
        empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    if (dir == NULL || !empty) {
        tool_usage_error("option -o: %s exists already", path);
    }
}

/* Resolves the prompt and writes OUT. ok, or the status of the prompt; its row is *plan. */
static wmbt_status restore(struct resolver *resolver, const char *path, const char *target,
                           struct rows *rows, struct json **plan, const char **why)
{
    struct prompt prompt;
    struct resolved result;
    wmbt_status status = resolve_read(resolver, path, &prompt, why);
    if (status != WMBT_OK) {
        return status;
    }
    chain_hashes(&resolver->chain, &prompt, 1);
    rows->taker.take = take_rows;
    rows->begun = new_folder_begin(&rows->folder, target, &rows->failure);
    status = resolve(resolver, &prompt, &rows->taker, &result, why);
    prompt_free(&prompt);
    if (status == WMBT_OK) {
        resolve_note_damage(&result);
        *plan = resolve_json(NULL, resolver, path, WMBT_OK, &result);
        if (rows->failure == NULL) {
            write_plan(rows, *plan);
        }
        resolved_free(&result);
    } else if (rows->failure == NULL) {
        rows->failure = ""; /* without a plan there is no directory */
    }
    if (!rows_end(rows) && status == WMBT_OK) {
        tool_refuse_output(target, rows->failure);
    }
    return status;
}

static void print_written(const char *target, const struct rows *rows)
{
    printf("\n  wrote %s: plan.json and %s of rows, %s\n", tool_printable_cstr(target),
           out_count(rows->files, "file", "files"), out_size(rows->bytes));
}

static int run(const struct args *args)
{
    static struct rows rows;
    struct resolver resolver;
    struct json *plan = NULL;
    const char *why = NULL;
    const char *target = args_required(args, "-o");
    args_operands(args, "one token file", 1, 1);
    const char *path = args->operand[0];
    wmbt_status status = resolver_open(&resolver, args);
    check_target(target);
    if (status == WMBT_OK) {
        status = restore(&resolver, path, target, &rows, &plan, &why);
        if (status != WMBT_OK) {
            tool_refuse(path, status, why);
        }
    }
    if (plan == NULL) {
        plan = resolve_json(NULL, &resolver, path, status, NULL);
    }
    resolver_close(&resolver);
    out_progress_end();
    if (args_flag(args, "--json")) {
        json_print(plan, stdout);
    } else {
        resolve_print(plan);
        if (status == WMBT_OK && rows.failure == NULL) {
            print_written(target, &rows);
        }
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    RESOLVE_OPTIONS,
    {"-o", "OUT", false},
    UNWRAP_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_restore = {
    .name = "restore",
    .summary = "the rows of a prompt's cache, in files",
    .usage = RESOLVE_USAGE " TOKENS -o OUT",
    .help = "Resolves one prompt and writes the directory OUT, all of it or nothing:\n\n"
            "OUT/plan.json          what resolve says of the prompt\n"
            "OUT/layer-LL.KIND.f32  rows of the usable blocks in order, for each layer and kind;\n"
            "                       behind them those of the raw tail, if it counts\n\n"
            "KIND is comp or index; with a tail that counts also raw, state-kv, state-score,\n"
            "index-state-kv and index-state-score, of each layer that has them.\n\n"
            "-o OUT          must not exist, or be an empty directory\n" RESOLVE_HELP UNWRAP_HELP
            "\n" CHAIN_HELP "\n" TOKENS_HELP,
    .example = "  wombatkv restore --bucket bucket --prefix kv/cabi --namespace plain \\\n"
               "      --dialect ds4 --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 \\\n"
               "      --block-tokens 128 prompt.u32 -o rows\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
