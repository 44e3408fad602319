/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv index: builds and reads images of a block index. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "base/writing.h"
#include "command/index_build.h"
#include "prompt/chains.h"
#include "wombatkv/image.h"

/* --- images ---------------------------------------------------------------------------------- */

/* An image that was read and checked. */
struct loaded {
    struct file file;
    wmbt_index index;
};

static wmbt_status load(const char *path, struct loaded *image)
{
    const char *why = NULL;
    wmbt_status status = file_read(path, FILE_MAX_BYTES, &image->file, &why);
    if (status == WMBT_OK) {
        status = wmbt_image_check(file_view(&image->file));
        if (status == WMBT_OK) {
            status = wmbt_image_open(file_view(&image->file), &image->index);
        }
        if (status != WMBT_OK) {
            why = "it is no image of an index, or a damaged one";
            file_free(&image->file);
        }
    }
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
    }
    return status;
}

static void read_hash(const char *text, wmbt_block_hash *hash)
{
    if (wmbt_block_hash_from_hex(wmbt_view_of(text, strlen(text)), hash) != WMBT_OK) {
        tool_usage_error("'%s' is no hash of 64 hex digits", text);
    }
}

/* --- stat ------------------------------------------------------------------------------------ */

static void add_numbers(struct json *root, const wmbt_index *x, uint64_t bytes)
{
    json_add_number(root, "records", wmbt_index_count(x));
    json_add_number(root, "capacity", wmbt_image_capacity(x));
    json_add_number(root, "contexts", wmbt_index_contexts(x));
    json_add_number(root, "bytes", bytes);
    json_add_number(root, "version", WMBT_IMAGE_VERSION);
}

static void print_object(const struct args *args, const struct json *root)
{
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
        return;
    }
    struct table table;
    table_begin(&table, 2, 0, NULL);
    for (const struct json *member = root->first; member != NULL; member = member->next) {
        table_cell(&table, member->key);
        table_cell(&table, json_cell(member));
    }
    table_print(&table, 0);
}

static int run_stat(const struct args *args)
{
    struct loaded image;
    args_operands(args, "stat and one image", 2, 2);
    struct json *root = json_object();
    json_add_path(root, args->operand[1]);
    wmbt_status status = load(args->operand[1], &image);
    json_add_text(root, "status", tool_status_name(status));
    if (status == WMBT_OK) {
        add_numbers(root, &image.index, image.file.len);
        file_free(&image.file);
    }
    print_object(args, root);
    return EXIT_DONE;
}

/* --- lookup ---------------------------------------------------------------------------------- */

static void add_record(struct json *list, const wmbt_index *x, const wmbt_block_hash *hash)
{
    static const char *const fields[] = {"parent",         "block_seq",    "payload_bytes",
                                         "last_access_ns", "model_digest", "layout_tag",
                                         "ext_flags"};
    wmbt_block_meta meta;
    struct json *row = json_add_object(list, NULL);
    json_add_hex(row, "hash", wmbt_view_of(hash->bytes, sizeof hash->bytes));
    bool found = wmbt_index_get(x, hash, &meta) == WMBT_OK;
    json_add_bool(row, "found", found);
    if (!found) {
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            json_add_null(row, fields[i]);
        }
        return;
    }
    json_add_hex(row, fields[0], wmbt_view_of(meta.parent_hash.bytes, WMBT_BLOCK_HASH_BYTES));
    json_add_number(row, fields[1], meta.block_seq);
    json_add_number(row, fields[2], meta.payload_bytes);
    json_add_number(row, fields[3], meta.last_access_ns);
    json_add_hex(row, fields[4], wmbt_view_of(meta.model_digest.bytes, WMBT_MODEL_DIGEST_BYTES));
    json_add_hex(row, fields[5], wmbt_view_of(meta.layout_tag.bytes, WMBT_LAYOUT_TAG_BYTES));
    json_add_number(row, fields[6], meta.ext_flags);
}

static void print_records(const struct json *list)
{
    static const char *const heading[] = {"found", "hash", "seq", "bytes", "last access ns"};
    struct table table;
    table_begin(&table, 5, 0x1C, heading);
    for (const struct json *row = list->first; row != NULL; row = row->next) {
        table_cell(&table, json_get(row, "found")->number != 0 ? "yes" : "no");
        table_cell(&table, json_get_text(row, "hash"));
        table_cell(&table, json_cell(json_get(row, "block_seq")));
        table_cell(&table, json_cell(json_get(row, "payload_bytes")));
        table_cell(&table, json_cell(json_get(row, "last_access_ns")));
    }
    table_print(&table, 0);
}

static int run_lookup(const struct args *args)
{
    struct loaded image;
    struct json *list = json_array();
    args_operands(args, "lookup, an image and a hash", 3, SIZE_MAX);
    for (size_t i = 2; i < args->operands; i++) {
        wmbt_block_hash hash;
        read_hash(args->operand[i], &hash);
    }
    if (load(args->operand[1], &image) == WMBT_OK) {
        for (size_t i = 2; i < args->operands; i++) {
            wmbt_block_hash hash;
            read_hash(args->operand[i], &hash);
            add_record(list, &image.index, &hash);
        }
        file_free(&image.file);
    }
    if (args_flag(args, "--json")) {
        json_print(list, stdout);
    } else if (list->first != NULL) {
        print_records(list);
    }
    return EXIT_DONE;
}

/* --- prefix ---------------------------------------------------------------------------------- */

/* The hashes of the command line, or of a prompt. */
static wmbt_status read_hashes(const struct args *args, wmbt_block_hash **hashes, size_t *count)
{
    if (args_value(args, "--dialect") == NULL) {
        *count = args->operands - 2;
        *hashes = malloc((*count + 1) * sizeof **hashes);
        if (*hashes == NULL) {
            return TOOL_UNREADABLE;
        }
        for (size_t i = 0; i < *count; i++) {
            read_hash(args->operand[i + 2], &(*hashes)[i]);
        }
        return WMBT_OK;
    }
    struct chain_options chain;
    struct prompt prompt = {0};
    const char *why = NULL;
    args_operands(args, "prefix, an image and one token file", 3, 3);
    chain_options_read(&chain, args);
    wmbt_status status = tokens_read(args->operand[2], &prompt.tokens, &why);
    if (status != WMBT_OK) {
        tool_refuse(args->operand[2], status, why);
        return status;
    }
    chain_hashes(&chain, &prompt, 1);
    *hashes = prompt.hash;
    *count = prompt.hashes;
    tokens_free(&prompt.tokens);
    return WMBT_OK;
}

static int run_prefix(const struct args *args)
{
    struct loaded image;
    wmbt_block_hash *hashes = NULL;
    size_t count = 0;
    args_operands(args, "prefix, an image and a hash or a token file", 3, SIZE_MAX);
    struct json *root = json_object();
    json_add_path(root, args->operand[1]);
    wmbt_status status = read_hashes(args, &hashes, &count);
    if (status == WMBT_OK && count > UINT32_MAX) {
        status = WMBT_TOO_LARGE;
        tool_refuse(args->operand[2], status, NULL);
    }
    if (status == WMBT_OK) {
        status = load(args->operand[1], &image);
    }
    json_add_text(root, "status", tool_status_name(status));
    if (status == WMBT_OK) {
        json_add_number(root, "hashes", count);
        json_add_number(root, "longest",
                        wmbt_index_longest_prefix(&image.index, hashes, (uint32_t)count));
        file_free(&image.file);
    }
    free(hashes);
    print_object(args, root);
    return EXIT_DONE;
}

/* --- build ----------------------------------------------------------------------------------- */

static int run_build(const struct args *args)
{
    struct index_build build = {0};
    uint64_t capacity = 0;
    const char *why = NULL;
    args_operands(args, "build and one table or bucket", 2, 2);
    const char *out = args_required(args, "-o");
    const char *prefix = args_value(args, "--prefix");
    build.from = args->operand[1];
    build.prefix = prefix != NULL ? prefix : "";
    build.has_capacity = args_number(args, "--capacity", 0, WMBT_INDEX_MAX_CAPACITY, &capacity);
    build.capacity = (uint32_t)capacity;
    struct json *root = json_object();
    json_add_path(root, build.from);
    wmbt_status status = index_build(&build);
    json_add_text(root, "status", tool_status_name(status));
    if (status != WMBT_OK) {
        tool_refuse(build.from, status, build.why);
    } else {
        wmbt_view image;
        wmbt_image_make(&build.writer, &image);
        add_numbers(root, &build.writer.index, image.len);
        if (!write_file(out, image, &why)) {
            tool_refuse_output(out, why);
        }
    }
    index_build_end(&build);
    if (!is_standard_output(out)) {
        print_object(args, root);
    }
    return EXIT_DONE;
}

static int run(const struct args *args)
{
    static const struct {
        const char *name;
        int (*run)(const struct args *args);
    } actions[] = {
        {"build", run_build}, {"lookup", run_lookup}, {"prefix", run_prefix}, {"stat", run_stat}};
    for (size_t i = 0; args->operands != 0 && i < sizeof actions / sizeof actions[0]; i++) {
        if (strcmp(args->operand[0], actions[i].name) == 0) {
            return actions[i].run(args);
        }
    }
    tool_usage_error("build, lookup, prefix or stat is needed");
}

static const struct args_option options[] = {CHAIN_OPTIONS,
                                             {"-o", "IMAGE", false},
                                             {"--prefix", "NS", false},
                                             {"--capacity", "NUMBER", false},
                                             {NULL, NULL, false}};

const struct command command_index = {
    .name = "index",
    .summary = "images of a block index: which blocks are cached, and where",
    .usage = "build FILE.tsv|DIR|s3://... -o IMAGE [--prefix NS] [--capacity N]\n"
             "   or: wombatkv index lookup IMAGE HASH...\n"
             "   or: wombatkv index prefix IMAGE CHAIN --block-tokens N TOKENS | HASH...\n"
             "   or: wombatkv index stat IMAGE",
    .help =
        "build   makes an image of a table or of a bucket's listing. A table has a line an entry,\n"
        "        its cells separated by tabs: hash parent block_seq payload_bytes last_access_ns\n"
        "        model_digest layout_tag ext_flags; hex as stored, the parent - for a root; later\n"
        "        cells may be left out. Of a hash twice the first stays. A bucket gives the hash\n"
        "        and the stored bytes of its blocks; --prefix NS takes those whose keys begin so.\n"
        "        --capacity N leaves room for N blocks, else the image has just enough.\n"
        "lookup  prints the record of each hash.\n"
        "prefix  how many blocks of a prompt, or of the hashes, are there from the first on.\n"
        "stat    what an image holds.\n"
        "An image is checked as a whole before anything is said of it.\n\n" CHAIN_HELP
        "\n" TOKENS_HELP,
    .example = "  wombatkv index build bucket --prefix kv/cabi -o blocks.wkix\n"
               "  wombatkv index prefix blocks.wkix --dialect ds4 --quant-bits 2 \\\n"
               "      --fingerprint 5f1c0a9be2d74c38a6b01e92 \\\n"
               "      --block-tokens 128 prompt.u32\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
