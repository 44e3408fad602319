/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence numbers of WAL objects, as their keys name them: those of one prefix and node, across
 * epochs, from the first one that is there.
 */
#ifndef INSPECT_SEQUENCES_H
#define INSPECT_SEQUENCES_H

#include "base/json.h"
#include "wombatkv/wal.h"

/* Whose numbers they are. */
struct sequence_owner {
    wmbt_view prefix;
    wmbt_view node;
};

/* What one key names. Of millions of keys as upstream writes them no text is kept. */
struct sequence {
    uint64_t first;
    uint64_t last;
    union {
        uint64_t epoch_ms;
        char *text; /* of a key that is written otherwise */
    } key;
    uint32_t owner;
    uint8_t kind; /* WMBT_WAL_RECORD, WMBT_WAL_BATCH */
    bool has_text;
};

struct sequences {
    struct sequence *row;
    size_t count;
    size_t capacity;
    struct sequence_owner *owner;
    size_t owners;
    size_t owner_capacity;
};

/* Adds what a key names. Numbers in the wrong order name none. */
void sequences_add(struct sequences *sequences, wmbt_view prefix, wmbt_view text,
                   const wmbt_wal_key *key);

/*
 * Adds three arrays to an object and returns how many rows the first two have:
 *   gaps       {prefix, node, first_missing, last_missing}
 *   repeats    {prefix, node, seq, last_seq, keys[]}: the same keys name the numbers seq to
 *              last_seq; a row a number, but of a long run one for all
 *   first_seq  {prefix, node, seq}
 */
uint64_t sequences_report(struct sequences *sequences, struct json *object);

/* Prints gaps and repeats of such an object, a line each. */
void sequences_print(const struct json *object);

void sequences_free(struct sequences *sequences);

#endif
