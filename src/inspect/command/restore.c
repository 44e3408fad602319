/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv restore: the rows of a prompt's usable blocks, in files. */
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

#define PLACES (WMBT_SHAPE_MAX_LAYERS * WMBT_EXTENT_KINDS)

/* Where the reader puts rows: those of one layer and kind side by side. */
struct rows {
    wmbt_reader_place place[PLACES];
    uint32_t bytes[PLACES]; /* of one block */
    struct destination to;
};

/* What has been written. */
struct written {
    uint32_t files;
    uint64_t bytes;
};

/* Makes room for the rows of so many blocks. Memory costs only what is used of it. False: none. */
static bool rows_begin(struct rows *rows, uint64_t block_tokens, size_t most_blocks)
{
    uint64_t total = 0;
    memset(rows, 0, sizeof *rows);
    if (block_tokens > UINT32_MAX ||
        !wmbt_shape_allows_block_tokens(RESOLVE_SHAPE, (uint32_t)block_tokens)) {
        return true; /* no block is usable */
    }
    for (uint32_t i = 0; i < RESOLVE_SHAPE->layers * WMBT_EXTENT_KINDS; i++) {
        uint32_t layer = i / WMBT_EXTENT_KINDS;
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t ratio = RESOLVE_SHAPE->layer[layer].ratio;
        bool wanted = kind == WMBT_EXTENT_COMP ||
                      (kind == WMBT_EXTENT_INDEX && RESOLVE_SHAPE->layer[layer].has_index != 0);
        if (wanted && ratio != 0) {
            rows->bytes[i] =
                (uint32_t)block_tokens / ratio * wmbt_shape_row_bytes(RESOLVE_SHAPE, layer, kind);
        }
        rows->place[i].wanted = rows->bytes[i] != 0;
        rows->place[i].offset = total;
        total += rows->bytes[i] * ((uint64_t)most_blocks + 1); /* the tail's rows have room, too */
    }
    if (total > SIZE_MAX) {
        return false;
    }
    rows->to.places = rows->place;
    rows->to.memory = wmbt_buf_of(tool_reserve((size_t)total), (size_t)total);
    return rows->to.memory.data != NULL;
}

static void rows_end(struct rows *rows)
{
    tool_release(rows->to.memory.data, rows->to.memory.len);
}

static bool write_failed(const char **why)
{
    *why = tool_format("cannot write: %s", strerror(errno));
    return false;
}

/* The rows of one layer and kind. */
static bool write_rows(struct new_folder *folder, const struct rows *rows, uint32_t place,
                       uint32_t blocks, struct written *written, const char **why)
{
    size_t bytes = (size_t)rows->bytes[place] * blocks;
    FILE *file = new_folder_open(folder,
                                 tool_format("layer-%02u.%s.f32", place / WMBT_EXTENT_KINDS,
                                             wmbt_extent_kind_name(place % WMBT_EXTENT_KINDS)),
                                 why);
    if (file == NULL) {
        return false;
    }
    const uint8_t *from = rows->to.memory.data + rows->place[place].offset;
    bool good = fwrite(from, 1, bytes, file) == bytes || write_failed(why);
    written->files++;
    written->bytes += bytes;
    return fclose(file) == 0 ? good : good && write_failed(why);
}

static bool write_plan(struct new_folder *folder, const struct json *plan, struct written *written,
                       const char **why)
{
    FILE *file = new_folder_open(folder, "plan.json", why);
    if (file == NULL) {
        return false;
    }
    json_print(plan, file);
    long bytes = ftell(file);
    bool good = !ferror(file) && bytes >= 0;
    written->files++;
    written->bytes += good ? (uint64_t)bytes : 0;
    return fclose(file) == 0 && good ? true : write_failed(why);
}

static bool write_all(const char *path, const struct rows *rows, const struct resolved *result,
                      const struct json *plan, struct written *written, const char **why)
{
    struct new_folder folder;
    if (!new_folder_begin(&folder, path, why)) {
        return false;
    }
    bool good = write_plan(&folder, plan, written, why);
    for (uint32_t i = 0; good && result->plan.blocks != 0 && i < PLACES; i++) {
        out_progress("writing", i, PLACES);
        good =
            rows->bytes[i] == 0 || write_rows(&folder, rows, i, result->plan.blocks, written, why);
    }
    if (!good) {
        new_folder_abandon(&folder);
        return false;
    }
    return new_folder_commit(&folder, why);
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

/* Resolves the prompt and writes OUT. ok, or the status of the prompt; its row is *plan. Nothing
 * was written if *written stays zero. */
static wmbt_status restore(const struct resolver *resolver, const char *path, const char *target,
                           struct json **plan, struct written *written, const char **why)
{
    static struct rows rows;
    struct tokens tokens;
    struct resolved result;
    wmbt_status status = tokens_read(path, &tokens, why);
    if (status != WMBT_OK) {
        return status;
    }
    if (rows_begin(&rows, resolver->chain.block_tokens, resolve_most_blocks(resolver, &tokens))) {
        status = resolve(resolver, &tokens, &rows.to, &result, why);
    } else {
        status = WMBT_TOO_LARGE;
        *why = "there is no memory for its rows";
    }
    tokens_free(&tokens);
    if (status == WMBT_OK) {
        resolve_note_damage(&result);
        *plan = resolve_json(NULL, resolver, path, WMBT_OK, &result);
        if (!write_all(target, &rows, &result, *plan, written, why)) {
            memset(written, 0, sizeof *written);
            tool_refuse_output(target, *why);
        }
        resolved_free(&result);
    }
    rows_end(&rows);
    return status;
}

static void print_written(const char *target, const struct written *written)
{
    printf("\n  wrote %s: plan.json and %s of rows, %s\n", tool_printable_cstr(target),
           out_count(written->files - 1, "file", "files"), out_size(written->bytes));
}

static int run(const struct args *args)
{
    struct resolver resolver;
    struct written written = {0, 0};
    struct json *plan = NULL;
    const char *why = NULL;
    const char *target = args_required(args, "-o");
    args_operands(args, "one token file", 1, 1);
    const char *path = args->operand[0];
    wmbt_status status = resolver_open(&resolver, args);
    check_target(target);
    if (status == WMBT_OK) {
        status = restore(&resolver, path, target, &plan, &written, &why);
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
        if (written.files != 0) {
            print_written(target, &written);
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
    .summary = "the rows of a prompt's usable blocks, in files",
    .usage = RESOLVE_USAGE " TOKENS -o OUT",
    .help = "Resolves one prompt and writes the directory OUT, all of it or nothing:\n\n"
            "OUT/plan.json          what resolve says of the prompt\n"
            "OUT/layer-LL.KIND.f32  rows of the usable blocks in order, for each layer and kind\n\n"
            "-o OUT          must not exist, or be an empty directory\n" RESOLVE_HELP UNWRAP_HELP
            "\n" CHAIN_HELP "\n" TOKENS_HELP,
    .example = "  wombatkv restore --bucket bucket --prefix kv/cabi --namespace plain \\\n"
               "      --dialect ds4 --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 \\\n"
               "      --block-tokens 128 prompt.u32 -o rows\n",
    .options = options,
    .run = run,
};
