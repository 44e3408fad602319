/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv resolve: what can be reused of each prompt. */
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "prompt/resolve.h"
#include "base/tool.h"
#include "format/unwrap.h"

static void resolve_one(struct json *root, struct resolver *resolver, const char *path)
{
    struct tokens tokens;
    struct resolved result;
    const char *why = NULL;
    wmbt_status status = tokens_read(path, &tokens, &why);
    if (status == WMBT_OK) {
        status = resolve(resolver, &tokens, NULL, &result, &why);
        tokens_free(&tokens);
    }
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
        resolve_json(root, resolver, path, status, NULL);
        return;
    }
    resolve_note_damage(&result);
    resolve_json(root, resolver, path, WMBT_OK, &result);
    resolved_free(&result);
}

static int run(const struct args *args)
{
    struct resolver resolver;
    struct json *root = json_array();
    size_t standard_inputs = 0;
    args_operands(args, "a token file", 1, SIZE_MAX);
    for (size_t i = 0; i < args->operands; i++) {
        standard_inputs += strcmp(args->operand[i], "-") == 0;
    }
    if (standard_inputs > 1) {
        tool_usage_error("standard input (-) can be read once only");
    }
    wmbt_status status = resolver_open(&resolver, args);
    for (size_t i = 0; i < args->operands; i++) {
        if (status == WMBT_OK) {
            resolve_one(root, &resolver, args->operand[i]);
        } else {
            resolve_json(root, &resolver, args->operand[i], status, NULL);
        }
    }
    resolver_close(&resolver);
    out_progress_end();
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
        return EXIT_DONE;
    }
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        resolve_print(row);
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {
    RESOLVE_OPTIONS,
    UNWRAP_OPTIONS,
    {NULL, NULL, false},
};

const struct command command_resolve = {
    .name = "resolve",
    .summary = "what of each prompt can be reused from a bucket",
    .usage = RESOLVE_USAGE " TOKENS...",
    .help =
        "Derives the hash and key of each full block of a prompt, fetches and judges those that\n"
        "are there, and says how many can be used, whether the raw tail counts, how many tokens\n"
        "are restored, and from where the model must run for an exact "
        "result.\n\n" RESOLVE_HELP UNWRAP_HELP "\n" CHAIN_HELP "\n" TOKENS_HELP,
    .example = "  wombatkv resolve --bucket bucket --prefix kv/cabi --namespace ds4-metal \\\n"
               "      --dialect ds4 --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 \\\n"
               "      --block-tokens 128 prompt.u32\n",
    .options = options,
    .reads_stores = true,
    .run = run,
};
