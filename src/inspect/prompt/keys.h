/* SPDX-License-Identifier: Apache-2.0 */
/* Object keys of blocks and raw tails, as the options --prefix and --namespace say. */
#ifndef INSPECT_KEYS_H
#define INSPECT_KEYS_H

#include "base/args.h"
#include "wombatkv/objkey.h"

#define KEY_OPTIONS                  \
    {"--prefix", "TEXT", false},     \
    {                                \
        "--namespace", "TEXT", false \
    }

struct key_options {
    wmbt_view prefix;
    wmbt_view name_space;
};

/* Reads and checks the options; a mistake ends the process (EXIT_USAGE). */
void key_options_read(struct key_options *options, const struct args *args);

/* A key of kind WMBT_OBJKEY_..., NUL-terminated, of tool_alloc(). */
const char *key_of(const struct key_options *options, uint32_t kind, const wmbt_block_hash *hash);

#endif
