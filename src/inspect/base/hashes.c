/* SPDX-License-Identifier: Apache-2.0 */
/* A set of texts, open addressing. */
#include "base/hashes.h"

#include <stdlib.h>
#include <string.h>

#include "base/tool.h"
#include "wombatkv/xxh64.h"

static uint64_t hash_of(wmbt_view text)
{
    uint64_t hash = wmbt_xxh64_once(text, 0);
    return hash != 0 ? hash : 1;
}

/* The slot that has the hash, or the free one where it belongs. */
static uint64_t *slot_of(const struct hashes *hashes, uint64_t hash)
{
    size_t at = (size_t)hash & (hashes->slots - 1);
    while (hashes->slot[at] != 0 && hashes->slot[at] != hash) {
        at = (at + 1) & (hashes->slots - 1);
    }
    return &hashes->slot[at];
}

static void grow(struct hashes *hashes)
{
    struct hashes grown = {NULL, hashes->slots != 0 ? hashes->slots * 2 : 1024, hashes->count};
    grown.slot = calloc(grown.slots, sizeof *grown.slot);
    if (grown.slot == NULL) {
        return; /* it stays as full as it is */
    }
    for (size_t i = 0; i < hashes->slots; i++) {
        if (hashes->slot[i] != 0) {
            *slot_of(&grown, hashes->slot[i]) = hashes->slot[i];
        }
    }
    free(hashes->slot);
    memcpy(hashes, &grown, sizeof grown);
}

void hashes_add(struct hashes *hashes, wmbt_view text)
{
    if (hashes->count >= hashes->slots / 4 * 3) {
        grow(hashes);
    }
    if (hashes->count + 1 >= hashes->slots) {
        return; /* no memory: what is not in it is looked for elsewhere */
    }
    uint64_t hash = hash_of(text);
    uint64_t *slot = slot_of(hashes, hash);
    hashes->count += *slot == 0;
    *slot = hash;
}

bool hashes_have(const struct hashes *hashes, wmbt_view text)
{
    return hashes->slots != 0 && *slot_of(hashes, hash_of(text)) != 0;
}

void hashes_free(struct hashes *hashes)
{
    free(hashes->slot);
    memset(hashes, 0, sizeof *hashes);
}
