/* SPDX-License-Identifier: Apache-2.0 */
/* A prompt and its objects, linked into an image. bucket.py writes and explains them. */
#ifndef WMBT_BAREMETAL_LINKED_H
#define WMBT_BAREMETAL_LINKED_H

#include "board.h"

#define LINKED_CELL_BYTES 64u

typedef struct linked_object {
    const char *key; /* NULL: the end of the list */
    uint32_t bytes;
    uint32_t first; /* its first cell's number stands here */
} linked_object;

extern const board_command linked_command;
extern const linked_object linked_objects[];
extern const uint8_t linked_packed[];
extern const uint32_t linked_cells_at; /* in linked_packed */

#endif
