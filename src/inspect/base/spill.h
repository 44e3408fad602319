/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of texts that are kept until the end of a command: the first in memory, more than that in a
 * file without a name. */
#ifndef INSPECT_SPILL_H
#define INSPECT_SPILL_H

#include "base/json.h"

#define SPILL_TEXTS 2u

struct spill_row {
    uint32_t number[2];
    wmbt_view text[SPILL_TEXTS];
};

struct spill {
    uint64_t count;
    FILE *file; /* NULL: none yet */
    uint64_t file_bytes;
    uint8_t *bytes; /* what comes behind those of the file */
    size_t len, room;
    bool has_failed; /* the file takes no more */
    uint64_t at;     /* where the next row is read */
};

void spill_add(struct spill *spill, const struct spill_row *row);

/* From the first one on; nothing is added any more. */
void spill_rewind(struct spill *spill);
/* The next row, whose texts are of tool_alloc(), a NUL behind each. False: there is none. */
bool spill_next(struct spill *spill, struct spill_row *row);

void spill_free(struct spill *spill);

#endif
