/* SPDX-License-Identifier: Apache-2.0 */
/* The CHAIN options (--dialect ... --block-tokens N) and the hashes of a prompt's full blocks. */
#ifndef INSPECT_CHAINS_H
#define INSPECT_CHAINS_H

#include "base/args.h"
#include "prompt/tokens.h"
#include "wombatkv/chain.h"

/* For the table of a command's options. */
#define CHAIN_OPTIONS                                                                             \
    {"--dialect", "core or ds4", false}, {"--tenant", "TEXT", false}, {"--chain", "FILE", false}, \
        {"--fingerprint", "HEX64 or TEXT", false}, {"--quant-bits", "NUMBER", false},             \
    {                                                                                             \
        "--block-tokens", "NUMBER", false                                                         \
    }

/* For the usage line and the help text of a command. */
#define CHAIN_USAGE "CHAIN --block-tokens N"
#define CHAIN_HELP                                                                                 \
    "CHAIN is one of\n"                                                                            \
    "  --dialect core --tenant T --fingerprint HEX64    wombatkv-core's chain; N is 1 or more\n"   \
    "  --dialect ds4 --fingerprint TEXT --quant-bits B  the ds4 engine's chain; N is a multiple\n" \
    "                                                   of 128, at most 8192; at most 512 "        \
    "blocks\n"                                                                                     \
    "  --chain FILE    lines NAME = VALUE of these options (and --prefix, --namespace), such as\n" \
    "                  \"block-tokens = 128\"; # begins a comment; the command line goes before\n"

#define TOKENS_HELP                                                                            \
    "A token file is u32 little-endian if its name ends in .u32, else decimal text with any\n" \
    "white space between the numbers, or a JSON array of them; - is standard input (text).\n"  \
    "No tokens is legal.\n"

struct chain_options {
    uint64_t block_tokens;
    wmbt_chain_config config; /* block_tokens: the above, or less where no block will be full */
    wmbt_block_hash fingerprint;
};

/* Reads and checks the options; a mistake ends the process (EXIT_USAGE). */
void chain_options_read(struct chain_options *options, const struct args *args);

/* Bytes of memory that a chain takes. */
size_t chain_bytes(const struct chain_options *options);

/* A prompt's tokens, and the hashes of its full blocks. Zero is a prompt without tokens. */
struct prompt {
    struct tokens tokens;
    wmbt_block_hash *hash; /* malloc(), not NULL after chain_hashes() */
    size_t hashes;
};

/* Hashes the full blocks of several prompts, side by side. Their tokens stay. */
void chain_hashes(const struct chain_options *options, struct prompt *prompt, size_t prompts);

/* Frees tokens and hashes. */
void prompt_free(struct prompt *prompt);

#endif
