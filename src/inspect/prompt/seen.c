/* SPDX-License-Identifier: Apache-2.0 */
/* What became of blocks: a table with open addressing, at most half full. */
#include "prompt/seen.h"

#include <stdlib.h>
#include <string.h>

struct seen_entry {
    bool used;
    wmbt_block_hash hash;
    struct seen_block block;
};

/* The entry of a hash, or the free one where it belongs. */
static struct seen_entry *entry_of(const struct seen *seen, const wmbt_block_hash *hash)
{
    size_t at;
    memcpy(&at, hash->bytes, sizeof at); /* hashes are evenly spread */
    at &= seen->room - 1;
    while (seen->entry[at].used && memcmp(&seen->entry[at].hash, hash, sizeof *hash) != 0) {
        at = (at + 1) & (seen->room - 1);
    }
    return &seen->entry[at];
}

const struct seen_block *seen_find(const struct seen *seen, const wmbt_block_hash *hash)
{
    const struct seen_entry *entry = seen->room != 0 ? entry_of(seen, hash) : NULL;
    return entry != NULL && entry->used ? &entry->block : NULL;
}

static bool grow(struct seen *seen)
{
    struct seen larger = {NULL, seen->count, seen->room != 0 ? 2 * seen->room : 64};
    larger.entry = calloc(larger.room, sizeof *larger.entry);
    if (larger.entry == NULL) {
        return false;
    }
    for (size_t i = 0; i < seen->room; i++) {
        if (seen->entry[i].used) {
            *entry_of(&larger, &seen->entry[i].hash) = seen->entry[i];
        }
    }
    free(seen->entry);
    *seen = larger;
    return true;
}

bool seen_add(struct seen *seen, const wmbt_block_hash *hash, const struct seen_block *block)
{
    if (2 * seen->count >= seen->room && !grow(seen)) {
        return false;
    }
    struct seen_entry *entry = entry_of(seen, hash);
    if (!entry->used) {
        entry->used = true;
        entry->hash = *hash;
        entry->block = *block;
        seen->count++;
    }
    return true;
}

void seen_free(struct seen *seen)
{
    free(seen->entry);
    memset(seen, 0, sizeof *seen);
}
