/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv chain: the hashes of a prompt's full blocks. */
#include <stdio.h>
#include <string.h>

#include "prompt/chains.h"
#include "prompt/engines.h"
#include "base/json.h"
#include "base/out.h"
#include "base/tool.h"

/* Options of whichever dialect it is. */
struct chain_choice {
    const wmbt_dialect *engine; /* NULL: core or ds4 */
    struct engine_options engine_options;
    struct chain_options own;
};

static void read_options(struct chain_choice *choice, const struct args *args)
{
    const char *name = args_required(args, "--dialect");
    choice->engine = wmbt_dialect_from_name(wmbt_view_of(name, strlen(name)));
    if (choice->engine != NULL) {
        engine_options_read(&choice->engine_options, choice->engine, args);
    } else if (wmbt_chain_dialect_from_name(wmbt_view_of(name, strlen(name))) != 0) {
        engine_options_refuse(args, name);
        chain_options_read(&choice->own, args);
    } else {
        tool_usage_error("option --dialect: '%s' is no dialect (chain --list names them)", name);
    }
}

static void add_hashes(const struct chain_choice *choice, struct prompt *prompt, struct json *root)
{
    if (choice->engine != NULL) {
        engine_hashes(&choice->engine_options, &prompt->tokens, root);
        return;
    }
    chain_hashes(&choice->own, prompt, 1);
    struct json *list = json_add_array(root, "hashes");
    for (size_t i = 0; i < prompt->hashes; i++) {
        const wmbt_block_hash *hash = &prompt->hash[i];
        json_add_hex(list, NULL, wmbt_view_of(hash->bytes, sizeof hash->bytes));
    }
}

static struct json *answer(const struct chain_choice *choice, const struct args *args)
{
    const char *path = args->operand[0], *why = NULL;
    const bool wide = choice->engine != NULL && choice->engine_options.wide;
    struct prompt prompt = {0};
    struct json *root = json_object();
    wmbt_status status = wide ? tokens_read_wide(path, &prompt.tokens, &why)
                              : tokens_read(path, &prompt.tokens, &why);
    json_add_text(root, "dialect", args_value(args, "--dialect"));
    json_add_number(root, "block_tokens",
                    choice->engine != NULL ? choice->engine_options.chain.block_tokens
                                           : choice->own.block_tokens);
    json_add_path(root, path);
    json_add_text(root, "status", tool_status_name(status));
    if (status != WMBT_OK) {
        tool_refuse(path, status, why);
        json_add_null(root, "tokens");
        json_add_array(root, "hashes");
        return root;
    }
    json_add_number(root, "tokens", wide ? prompt.tokens.count / 2 : prompt.tokens.count);
    add_hashes(choice, &prompt, root);
    prompt_free(&prompt);
    return root;
}

static void print_list(const struct json *root)
{
    static const char *const heading[] = {"dialect", "bytes", "", "options"};
    struct table table;
    table_begin(&table, 4, 2, heading);
    for (const struct json *row = root->first; row != NULL; row = row->next) {
        const char *options = "";
        const struct json *option = json_get(row, "options")->first;
        for (; option != NULL; option = option->next) {
            options = tool_format("%s%s%s", options, *options != '\0' ? " " : "", option->text);
        }
        table_cell(&table, json_get_text(row, "dialect"));
        table_cell(&table, json_cell(json_get(row, "hash_bytes")));
        table_cell(&table, json_get_number(row, "derived") != 0 ? "derived" : "");
        table_cell(&table, options);
    }
    table_print(&table, 0);
}

static int run(const struct args *args)
{
    static struct chain_choice choice;
    const bool list = args_flag(args, "--list");
    args_operands(args, "one token file", list ? 0 : 1, list ? 0 : 1);
    if (!list) {
        read_options(&choice, args);
    }
    struct json *root = list ? engine_list() : answer(&choice, args);
    if (args_flag(args, "--json")) {
        json_print(root, stdout);
    } else if (list) {
        print_list(root);
    } else {
        const struct json *hash = json_get(root, "hashes")->first;
        for (; hash != NULL; hash = hash->next) {
            puts(hash->text);
        }
    }
    return EXIT_DONE;
}

static const struct args_option options[] = {CHAIN_OPTIONS, ENGINE_OPTIONS, {NULL, NULL, false}};

const struct command command_chain = {
    .name = "chain",
    .summary = "block hashes of a prompt",
    .usage = CHAIN_USAGE " TOKENS\n"
                         "       wombatkv chain --dialect NAME [OPTION VALUE]... --block-tokens N\n"
                         "       [--short-last] TOKENS\n"
                         "       wombatkv chain --list",
    .help =
        "Prints the hash of each full block of the prompt, in hex, one a line.\n\n" CHAIN_HELP "\n"
        "Other engines' dialects: --list names them and the options that belong to each.\n"
        "  --seed-text TEXT      PYTHONHASHSEED, or llm-d's hash seed\n"
        "  --seed N              a hash's seed, or Dynamo 1.2's salt hash\n"
        "  --parent HEX          what the first block follows, instead of the root\n"
        "  --first-block N       its number\n"
        "  --lookahead N         tokens hashed beyond a block\n"
        "  --model TEXT  --lora-name TEXT  --lora-path TEXT  --lora-id N\n"
        "  --salt TEXT   --salt-id N       --extra-key TEXT\n"
        "  --item ITEM           in order of place: IDENTIFIER:OFFSET:LENGTH; Dynamo\n"
        "                        HASH:OFFSET:LENGTH, its router HASH:OFFSET; TensorRT-LLM\n"
        "                        HEX64:OFFSET\n"
        "  --embeds HEX64        SHA-256 of a block's embeddings, one for each block\n"
        "  --extras HEX          vLLM's extras as CBOR, instead of all others\n"
        "  --short-last          hash what is left behind the full blocks, too\n"
        "\n" TOKENS_HELP "Tokens of dialects that end in -wide may have 63 bits.\n",
    .example =
        "  wombatkv chain --dialect ds4 --fingerprint 5f1c0a9be2d74c38a6b01e92 --quant-bits 2 \\\n"
        "      --block-tokens 128 prompt.u32\n",
    .options = options,
    .run = run,
};
