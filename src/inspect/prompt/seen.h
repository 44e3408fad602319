/* SPDX-License-Identifier: Apache-2.0 */
/* What became of blocks that were fetched for earlier prompts. */
#ifndef INSPECT_SEEN_H
#define INSPECT_SEEN_H

#include "wombatkv/metadata.h"

struct seen_block {
    wmbt_status status; /* ok, missing, or what is wrong with it */
    uint64_t bytes;     /* as stored */
    const char *why;    /* words about one that cannot be read, or NULL */
};

/* A table of them by hash. Zero is an empty one. */
struct seen {
    struct seen_entry *entry;
    size_t count, room; /* room: a power of two, or 0 */
};

/* NULL: it was not seen. */
const struct seen_block *seen_find(const struct seen *seen, const wmbt_block_hash *hash);

/* Adds a block, or changes nothing if it was seen. False: there is no memory. */
bool seen_add(struct seen *seen, const wmbt_block_hash *hash, const struct seen_block *block);

void seen_free(struct seen *seen);

#endif
