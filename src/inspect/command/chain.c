/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv chain: the hashes of a prompt's full blocks. */
#include <stdio.h>
#include <stdlib.h>

#include "prompt/chains.h"
#include "base/json.h"
#include "base/tool.h"

static struct json *answer(const struct chain_options *options, const char *path,
                           wmbt_status status)
{
    struct json *root = json_object();
    json_add_text(root, "dialect", wmbt_chain_dialect_name(options->config.dialect));
    json_add_number(root, "block_tokens", options->block_tokens);
    json_add_path(root, path);
    json_add_text(root, "status", tool_status_name(status));
    return root;
}

static int run(const struct args *args)
{
    struct chain_options options;
    struct tokens tokens;
    const char *why = NULL;
    args_operands(args, "one token file", 1, 1);
    chain_options_read(&options, args);
    wmbt_status status = tokens_read(args->operand[0], &tokens, &why);
    struct json *root = answer(&options, args->operand[0], status);
    if (status != WMBT_OK) {
        tool_refuse(args->operand[0], status, why);
        json_add_null(root, "tokens");
        json_add_array(root, "hashes");
    } else {
        size_t count;
        wmbt_block_hash *hashes = chain_hashes(&options, &tokens, &count);
        json_add_number(root, "tokens", tokens.count);
        struct json *list = json_add_array(root, "hashes");
        for (size_t i = 0; i < count; i++) {
            json_add_hex(list, NULL, wmbt_view_of(hashes[i].bytes, sizeof hashes[i].bytes));
        }
        free(hashes);
        tokens_free(&tokens);
    }
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else {
        const struct json *hash = json_get(root, "hashes")->first;
        for (; hash != NULL; hash = hash->next) {
            puts(hash->text);
        }
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {CHAIN_OPTIONS, {NULL, NULL, false}};

const struct command command_chain = {
    .name = "chain",
    .summary = "block hashes of a prompt",
    .usage = CHAIN_USAGE " TOKENS",
    .help = "Prints the hash of each full block of the prompt, 64 hex digits a line.\n\n" CHAIN_HELP
            "\n" TOKENS_HELP,
    .example =
        "  wombatkv chain --dialect ds4 --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 \\\n"
        "      --block-tokens 128 prompt.u32\n",
    .options = options,
    .run = run,
};
