/* SPDX-License-Identifier: Apache-2.0 */
/* A block index of a table of entries or of a bucket's listing. */
#ifndef INSPECT_INDEX_BUILD_H
#define INSPECT_INDEX_BUILD_H

#include <stdbool.h>
#include <stdint.h>

#include "wombatkv/index.h"

struct index_build {
    const char *from;   /* a file, or a bucket */
    const char *prefix; /* of a bucket's keys */
    bool has_capacity;
    uint32_t capacity; /* if it was asked for */

    wmbt_index_writer writer; /* of the result */
    const char *why;          /* words about a refusal, or NULL */
    void *memory;
    size_t bytes;
};

/* Reads the source line by line, or key by key. A status of what is wrong, with a text in `why`. */
wmbt_status index_build(struct index_build *build);

/* Gives the memory back, also after a refusal. */
void index_build_end(struct index_build *build);

#endif
