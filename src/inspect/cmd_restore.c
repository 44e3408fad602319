/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv restore: the rows of a prompt's usable blocks, in files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out.h"
#include "resolve.h"
#include "tool.h"
#include "unwrap.h"
#include "wombatkv/kvblock.h"
#include "writing.h"

#define SHAPE (&wmbt_shape_deepseek_v4_flash)

/* One file for each layer and kind; NULL until its first rows come. */
struct rows {
    FILE *file[WMBT_SHAPE_MAX_LAYERS][WMBT_EXTENT_KINDS];
};

static bool write_failed(const char **why)
{
    *why = tool_format("cannot write: %s", strerror(errno));
    return false;
}

static bool write_extent(struct new_folder *folder, struct rows *rows, const wmbt_extent *extent,
                         wmbt_view object, const char **why)
{
    FILE **file = &rows->file[extent->layer][extent->kind];
    if (*file == NULL) {
        *file = new_folder_open(
            folder,
            tool_format("layer-%02u.%s.f32", extent->layer, wmbt_extent_kind_name(extent->kind)),
            why);
        if (*file == NULL) {
            return false;
        }
    }
    if (fwrite(object.data + extent->offset, 1, extent->bytes, *file) != extent->bytes) {
        return write_failed(why);
    }
    return true;
}

/* The rows of one block. It is fetched and judged once more: what is written was checked. */
static bool write_block(struct new_folder *folder, struct rows *rows,
                        const struct resolver *resolver, const struct resolved *result,
                        uint32_t index, const char **why)
{
    uint32_t block_tokens = (uint32_t)resolver->chain.block_tokens;
    wmbt_kvblock_expect expect = {SHAPE, block_tokens, index, 0};
    wmbt_kvblock_info info;
    wmbt_kvblock_walk walk;
    wmbt_item item;
    struct value value;
    wmbt_status status = resolve_fetch(resolver, result->block[index].key, &value);
    if (status == WMBT_OK) {
        status = wmbt_kvblock_read(value.bytes, &expect, &info);
    }
    if (status == WMBT_OK) {
        status = wmbt_kvblock_walk_init(&walk, SHAPE, block_tokens);
    }
    bool good = status == WMBT_OK;
    if (!good) {
        *why = tool_format("block %u changed meanwhile: %s", index, tool_status_name(status));
    }
    while (good && wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
        if (item.extent.kind != WMBT_EXTENT_FIELD) {
            good = write_extent(folder, rows, &item.extent, value.bytes, why);
        }
    }
    resolve_free(&value);
    return good;
}

static bool close_rows(struct rows *rows, const char **why)
{
    bool good = true;
    for (size_t i = 0; i < WMBT_SHAPE_MAX_LAYERS * WMBT_EXTENT_KINDS; i++) {
        FILE *file = rows->file[i / WMBT_EXTENT_KINDS][i % WMBT_EXTENT_KINDS];
        if (file != NULL && fclose(file) != 0 && good) {
            good = write_failed(why);
        }
    }
    return good;
}

static bool write_plan(struct new_folder *folder, const struct json *plan, const char **why)
{
    FILE *file = new_folder_open(folder, "plan.json", why);
    if (file == NULL) {
        return false;
    }
    json_print(plan, file);
    bool good = !ferror(file);
    return fclose(file) == 0 && good ? true : write_failed(why);
}

static bool write_all(const char *path, const struct resolver *resolver,
                      const struct resolved *result, const struct json *plan, const char **why)
{
    static struct rows rows;
    struct new_folder folder;
    if (!new_folder_begin(&folder, path, why)) {
        return false;
    }
    bool good = write_plan(&folder, plan, why);
    for (uint32_t i = 0; good && i < result->plan.blocks; i++) {
        out_progress("writing rows", i, result->plan.blocks);
        good = write_block(&folder, &rows, resolver, result, i, why);
    }
    const char *close_why = NULL;
    if (!close_rows(&rows, &close_why) && good) {
        *why = close_why;
        good = false;
    }
    if (!good) {
        new_folder_abandon(&folder);
        return false;
    }
    return new_folder_commit(&folder, why);
}

/* A target that is there is not replaced; an empty directory is. */
static void check_target(const char *path)
{
    struct stat st;
    if (path[0] == '\0') {
        tool_usage_error("option -o: must not be empty");
    }
    if (lstat(path, &st) == 0 && !(S_ISDIR(st.st_mode) && rmdir(path) == 0)) {
        tool_usage_error("option -o: %s exists already", path);
    }
}

static int run(const struct args *args)
{
    struct resolver resolver;
    struct resolved result;
    struct tokens tokens;
    const char *why = NULL;
    const char *target = args_required(args, "-o");
    args_operands(args, "one token file", 1, 1);
    const char *path = args->operand[0];
    struct json *plan;
    wmbt_status status = resolver_open(&resolver, args);
    check_target(target);
    if (status == WMBT_OK) {
        status = tokens_read(path, &tokens, &why);
        if (status != WMBT_OK) {
            tool_refuse(path, status, why);
        }
    }
    if (status == WMBT_OK) {
        resolve(&resolver, &tokens, &result);
        resolve_note_damage(&result);
        plan = resolve_json(NULL, &resolver, path, WMBT_OK, &result);
        tokens_free(&tokens);
        if (!write_all(target, &resolver, &result, plan, &why)) {
            tool_refuse(target, TOOL_UNREADABLE, why);
        }
    } else {
        plan = resolve_json(NULL, &resolver, path, status, NULL);
    }
    resolver_close(&resolver);
    out_progress_end();
    if (args_flag(args, "--json")) {
        json_print(plan, stdout);
    } else {
        resolve_print(plan);
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
