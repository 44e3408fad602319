/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv identity, wombatkv reuse: identity contexts and whether two may share blocks. */
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/file.h"
#include "command/identity_error.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"
#include "wombatkv/reuse.h"

/* --- options and files ----------------------------------------------------------------------- */

static void read_accept(wmbt_fingerprint_accept *accept, const struct args *args)
{
    memset(accept, 0, sizeof *accept);
    accept->zero_layout = args_flag(args, "--accept-zero-layout");
    for (size_t i = 0; i < args->givens; i++) {
        if (strcmp(args->given[i].option->name, "--accept-unknown") != 0) {
            continue;
        }
        const char *name = args->given[i].value;
        uint32_t field = wmbt_fingerprint_field_from_name(wmbt_view_of(name, strlen(name)));
        if (field == 0) {
            tool_usage_error("option --accept-unknown: there is no field '%s'", name);
        }
        if ((WMBT_FINGERPRINT_BIT(field) & WMBT_FINGERPRINT_ACCEPTABLE) == 0) {
            tool_usage_error("option --accept-unknown: %s is never accepted unknown", name);
        }
        accept->unknown |= WMBT_FINGERPRINT_BIT(field);
    }
}

/* What is larger is no identity file. */
#define MAX_IDENTITY_BYTES ((uint64_t)1 << 20)

/* Reads a context. A bad file ends the process (EXIT_USAGE); one that is not there is noted. The
 * text stays: the context keeps views into it. */
static wmbt_status read_context(const char *path, wmbt_fingerprint_context *context,
                                struct file *file)
{
    const char *why = NULL;
    wmbt_fingerprint_place place = {0, 0};
    memset(file, 0, sizeof *file);
    wmbt_fingerprint_init(context);
    wmbt_status status = file_read(path, MAX_IDENTITY_BYTES, file, &why);
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
        return status;
    }
    status = wmbt_fingerprint_read(file_view(file), context, &place);
    if (status != WMBT_OK) {
        const char *problem = identity_error(file_view(file), place, status);
        file_free(file);
        tool_usage_error("%s: %s", path, problem);
    }
    return WMBT_OK;
}

/* Names of the fields in a mask, in the order of the fields. */
static struct json *add_names(struct json *parent, const char *key, uint32_t mask)
{
    struct json *list = json_add_array(parent, key);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        if ((mask & WMBT_FINGERPRINT_BIT(field)) != 0) {
            json_add_text(list, NULL, wmbt_fingerprint_field_name(field));
        }
    }
    return list;
}

/* "a, b, c", or "none". */
static const char *joined(const struct json *list)
{
    const char *text = NULL;
    for (const struct json *item = list->first; item != NULL; item = item->next) {
        text = text == NULL ? json_cell(item) : tool_format("%s, %s", text, json_cell(item));
    }
    return text != NULL ? text : "none";
}

/* --- identity -------------------------------------------------------------------------------- */

static void add_fields(struct json *root, const wmbt_fingerprint_context *context)
{
    char text[WMBT_FINGERPRINT_MAX_VALUE_BYTES];
    struct json *fields = json_add_object(root, "fields");
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        const char *name = wmbt_fingerprint_field_name(field);
        size_t len = 0;
        wmbt_status status =
            wmbt_fingerprint_value_text(context, field, wmbt_buf_of(text, sizeof text), &len);
        if (status != WMBT_OK || len == 0) {
            json_add_null(fields, name);
        } else {
            json_add_view(fields, name, wmbt_view_of(text, len));
        }
    }
}

static uint32_t unknown_fields(const wmbt_fingerprint_context *context)
{
    uint32_t mask = 0;
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        uint32_t state = context->values[field - 1].state;
        bool unknown = state == WMBT_FINGERPRINT_UNKNOWN || state == WMBT_FINGERPRINT_WEAK;
        mask |= unknown ? WMBT_FINGERPRINT_BIT(field) : 0;
    }
    return mask;
}

static void add_fingerprint(struct json *root, const char *path,
                            const wmbt_fingerprint_context *context,
                            const wmbt_fingerprint_accept *accept)
{
    static alignas(WMBT_BLAKE3_ALIGN) uint8_t memory[WMBT_FINGERPRINT_MEMORY_BYTES];
    uint8_t fingerprint[WMBT_FINGERPRINT_BYTES];
    wmbt_model_digest digest;
    wmbt_status status =
        wmbt_fingerprint_compute(context, accept, wmbt_buf_of(memory, sizeof memory), fingerprint);
    json_add_path(root, path);
    json_add_text(root, "status", tool_status_name(status));
    if (status == WMBT_OK) {
        json_add_hex(root, "fingerprint", wmbt_view_of(fingerprint, sizeof fingerprint));
    } else {
        json_add_null(root, "fingerprint");
        struct json *open =
            add_names(json_object(), "", wmbt_fingerprint_open_fields(context, accept));
        tool_refuse(path, status, tool_format("not known: %s", joined(open)));
    }
    if (wmbt_fingerprint_model_digest(context, &digest) == WMBT_OK) {
        json_add_hex(root, "model_digest", wmbt_view_of(digest.bytes, sizeof digest.bytes));
    } else {
        json_add_null(root, "model_digest");
    }
    add_names(root, "unknown", unknown_fields(context));
    add_fields(root, context);
}

static void print_identity(const struct json *root)
{
    struct table table;
    table_begin(&table, 2, 0, NULL);
    for (const struct json *m = json_get(root, "fields")->first; m != NULL; m = m->next) {
        table_cell(&table, m->key);
        table_cell(&table, m->kind == JSON_NULL ? "(unknown)" : json_cell(m));
    }
    table_cell(&table, out_bold("model digest"));
    table_cell(&table, json_cell(json_get(root, "model_digest")));
    table_cell(&table, out_bold("fingerprint"));
    table_cell(&table, json_cell(json_get(root, "fingerprint")));
    table_print(&table, 0);
}

static int run_identity(const struct args *args)
{
    wmbt_fingerprint_context context;
    wmbt_fingerprint_accept accept;
    struct file file;
    struct json *root = json_object();
    args_operands(args, "one identity file", 1, 1);
    read_accept(&accept, args);
    const char *path = args->operand[0];
    wmbt_status status = read_context(path, &context, &file);
    if (status == WMBT_OK) {
        add_fingerprint(root, path, &context, &accept);
    } else {
        json_add_path(root, path);
        json_add_text(root, "status", tool_status_name(status));
        json_add_null(root, "fingerprint");
        json_add_null(root, "model_digest");
        json_add_object(root, "fields");
    }
    file_free(&file);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else if (status == WMBT_OK) {
        print_identity(root);
    }
    return EXIT_DONE;
}

/* --- reuse ----------------------------------------------------------------------------------- */

static void compare(struct json *root, const char *want_path, const wmbt_fingerprint_context *have,
                    const wmbt_fingerprint_context *want, const wmbt_fingerprint_accept *accept)
{
    wmbt_reuse_verdict verdict;
    wmbt_reuse_check(have, want, accept, &verdict);
    json_add_text(root, "decision", verdict.decision == WMBT_REUSE_REUSE ? "reuse" : "deny");
    json_add_text(root, "status", tool_status_name(wmbt_reuse_status(&verdict)));
    add_names(root, "mismatches", verdict.mismatches);
    add_names(root, "unknown", verdict.unknown);
    struct json *denied = add_names(root, "denied_by", verdict.denied_by);
    if (verdict.decision != WMBT_REUSE_REUSE) {
        tool_refuse(want_path, wmbt_reuse_status(&verdict),
                    tool_format("denied by %s", joined(denied)));
    }
}

static int run_reuse(const struct args *args)
{
    wmbt_fingerprint_context have, want;
    wmbt_fingerprint_accept accept;
    struct file have_file, want_file;
    struct json *root = json_object();
    args_operands(args, "the files HAVE and WANT", 2, 2);
    read_accept(&accept, args);
    wmbt_status status = read_context(args->operand[0], &have, &have_file);
    wmbt_status other = read_context(args->operand[1], &want, &want_file);
    status = status != WMBT_OK ? status : other;
    if (status == WMBT_OK) {
        compare(root, args->operand[1], &have, &want, &accept);
    } else {
        json_add_text(root, "decision", "deny");
        json_add_text(root, "status", tool_status_name(status));
        json_add_array(root, "mismatches");
        json_add_array(root, "unknown");
    }
    file_free(&have_file);
    file_free(&want_file);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else if (status == WMBT_OK) {
        printf("%s\n", out_status(json_get_text(root, "decision")));
        printf("mismatches: %s\n", joined(json_get(root, "mismatches")));
        printf("unknown:    %s\n", joined(json_get(root, "unknown")));
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    {"--accept-unknown", "FIELD", true},
    {"--accept-zero-layout", NULL, false},
    {NULL, NULL, false},
};

#define IDENTITY_HELP                                                                         \
    "A context is UTF-8 text, one `field = value` a line, # comments, in any order. A field " \
    "left\n"                                                                                  \
    "out is unknown; `none` is known to be absent. Fields: model_sha256 weight_quant\n"       \
    "tokenizer_sha256 position compute_dtype kv_dtype kv_scale layout layers tp pp cp "       \
    "lora_sha256\n"                                                                           \
    "tenant cache_salt multimodal_sha256 served_name\n\n"                                     \
    "--accept-unknown FIELD  accept the field although it is not known (not tenant or "       \
    "cache_salt)\n"                                                                           \
    "--accept-zero-layout    accept the all-zero layout tag as a tag like another\n"

const struct command command_identity = {
    .name = "identity",
    .summary = "fingerprint of an identity context",
    .usage = "FILE [--accept-unknown FIELD]... [--accept-zero-layout]",
    .help =
        "Prints the 32-byte fingerprint of an identity context: all that decides which bytes a\n"
        "block of given tokens has, and who may read them.\n\n" IDENTITY_HELP,
    .example = "  wombatkv identity deployment.identity --accept-unknown position\n",
    .options = options,
    .run = run_identity,
};

const struct command command_reuse = {
    .name = "reuse",
    .summary = "may blocks of one context be used in another?",
    .usage = "HAVE WANT [--accept-unknown FIELD]... [--accept-zero-layout]",
    .help = "Compares the context of stored blocks, HAVE, with a reader's, WANT: reuse or deny\n"
            "(exit status 1). What is not known denies.\n\n" IDENTITY_HELP,
    .example = "  wombatkv reuse stored.identity mine.identity\n",
    .options = options,
    .run = run_reuse,
};
