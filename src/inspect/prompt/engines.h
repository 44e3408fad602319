/* SPDX-License-Identifier: Apache-2.0 */
/* The options of other engines' dialects, and the hashes of a prompt. */
#ifndef INSPECT_ENGINES_H
#define INSPECT_ENGINES_H

#include "base/args.h"
#include "base/json.h"
#include "prompt/tokens.h"
#include "wombatkv/dialects.h"

/* For the table of a command's options. */
#define ENGINE_OPTIONS                                                                             \
    {"--seed-text", "TEXT", false}, {"--seed", "NUMBER", false}, {"--parent", "HEX", false},       \
        {"--first-block", "NUMBER", false}, {"--lookahead", "NUMBER", false},                      \
        {"--model", "TEXT", false}, {"--lora-name", "TEXT", false},                                \
        {"--lora-path", "TEXT", false}, {"--lora-id", "NUMBER", false}, {"--salt", "TEXT", false}, \
        {"--salt-id", "NUMBER", false}, {"--extra-key", "TEXT", false}, {"--item", "ITEM", true},  \
        {"--embeds", "HEX64", true}, {"--extras", "HEX", false}, {"--short-last", NULL, false},    \
    {                                                                                              \
        "--list", NULL, false                                                                      \
    }

struct engine_options {
    wmbt_engine_config config;
    wmbt_chain_config chain;
    uint64_t lora_id, salt_id;
    bool short_last; /* hash what is left at the end, too */
    bool wide;       /* tokens of 64 bits */
};

/* Reads and checks the options of an engine's dialect; a mistake ends the process (EXIT_USAGE). */
void engine_options_read(struct engine_options *options, const wmbt_dialect *dialect,
                         const struct args *args);

/* Refuses the options above for the dialects that are WombatKV's own. */
void engine_options_refuse(const struct args *args, const char *dialect);

/* Adds "hashes", and "numbers" and "block_hashes" where they are some. */
void engine_hashes(const struct engine_options *options, const struct tokens *tokens,
                   struct json *root);

/* All dialects and their options: [{dialect, hash_bytes, derived, options[], needed[]}]. */
struct json *engine_list(void);

#endif
