/* SPDX-License-Identifier: Apache-2.0 */
/* Output that is there whole or not at all: a temporary name beside the target, then a rename. */
#ifndef INSPECT_WRITING_H
#define INSPECT_WRITING_H

#include <stdbool.h>
#include <stdio.h>

#include "wombatkv/base.h"

/* Writes a file, replacing one of that name. Links are followed, also one to a file that is not
 * there yet; what is no file (a device, a pipe) or is standard output is written to. False: *why
 * says why, nothing is left behind. */
bool write_file(const char *path, wmbt_view bytes, const char **why);

/* True if standard output goes there (/dev/stdout). */
bool is_standard_output(const char *path);

/* A directory in the making. */
struct new_folder {
    const char *path;
    char *temporary;
};

/* Starts a directory that must not exist yet (an empty one may). */
bool new_folder_begin(struct new_folder *folder, const char *path, const char **why);

/* Opens a file in it for writing; NULL: *why. */
FILE *new_folder_open(const struct new_folder *folder, const char *name, const char **why);

/* Puts it in its place. False: *why, and nothing is left behind. */
bool new_folder_commit(struct new_folder *folder, const char **why);

/* Removes it with all files in it. */
void new_folder_abandon(struct new_folder *folder);

#endif
