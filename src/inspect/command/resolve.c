/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv resolve: what can be reused of each prompt. */
#include <stdio.h>
#include <string.h>

#include "base/out.h"
#include "prompt/resolve.h"
#include "base/tool.h"
#include "format/unwrap.h"

/* Prompts that are hashed side by side: of few tokens many, of many tokens few. */
#define BATCH_PROMPTS 64u
#define BATCH_TOKENS ((size_t)1 << 24)

struct batch {
    struct prompt prompt[BATCH_PROMPTS];
    wmbt_status status[BATCH_PROMPTS];
    const char *why[BATCH_PROMPTS];
    size_t prompts;
};

/* Reads and hashes the next prompts, of which there are some. */
static void batch_read(struct batch *batch, const struct resolver *resolver, const char **path,
                       size_t paths)
{
    size_t tokens = 0;
    batch->prompts = 0;
    while (batch->prompts < paths && batch->prompts < BATCH_PROMPTS && tokens < BATCH_TOKENS) {
        size_t i = batch->prompts++;
        batch->why[i] = NULL;
        batch->status[i] = resolve_read(resolver, path[i], &batch->prompt[i], &batch->why[i]);
        tokens += batch->prompt[i].tokens.count;
    }
    chain_hashes(&resolver->chain, batch->prompt, batch->prompts);
}

static void resolve_one(struct json *root, struct resolver *resolver, const char *path,
                        struct batch *batch, size_t i)
{
    struct resolved result;
    if (batch->status[i] == WMBT_OK) {
        batch->status[i] = resolve(resolver, &batch->prompt[i], NULL, &result, &batch->why[i]);
    }
    prompt_free(&batch->prompt[i]);
    if (batch->status[i] != WMBT_OK) {
        tool_refuse(path, batch->status[i], batch->why[i]);
        resolve_json(root, resolver, path, batch->status[i], NULL);
        return;
    }
    resolve_note_damage(&result);
    resolve_json(root, resolver, path, WMBT_OK, &result);
    resolved_free(&result);
}

static void resolve_all(struct json *root, struct resolver *resolver, const char **path,
                        size_t paths)
{
    static struct batch batch;
    for (size_t done = 0; done < paths; done += batch.prompts) {
        batch_read(&batch, resolver, path + done, paths - done);
        for (size_t i = 0; i < batch.prompts; i++) {
            resolve_one(root, resolver, path[done + i], &batch, i);
        }
    }
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
    if (status == WMBT_OK) {
        resolve_all(root, &resolver, args->operand, args->operands);
    }
    for (size_t i = 0; status != WMBT_OK && i < args->operands; i++) {
        resolve_json(root, &resolver, args->operand[i], status, NULL);
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
