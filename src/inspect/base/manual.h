/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page, and completion for shells: made from the commands' own texts and options. */
#ifndef INSPECT_MANUAL_H
#define INSPECT_MANUAL_H

#include "base/tool.h"

/* A page for man(1), in the language of the macros "man". */
void manual_print(const struct command *const *commands, size_t count);

/* A script for "bash", "zsh" or "fish". False: for none of them. */
bool manual_print_completion(const char *shell, const struct command *const *commands,
                             size_t count);

#endif
