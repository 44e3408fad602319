/* SPDX-License-Identifier: Apache-2.0 */
/* The suite and the data files that were linked into an image (data.py writes both). */
#ifndef WMBT_BAREMETAL_RUNNER_H
#define WMBT_BAREMETAL_RUNNER_H

#include "../support/test.h"

typedef struct wmbt_linked_file {
    const char *name;     /* as wmbt_case names it */
    const uint8_t *bytes; /* NULL: the board has no room for it */
    size_t size;
} wmbt_linked_file;

extern const wmbt_suite *const wmbt_linked_suite;
extern const wmbt_linked_file wmbt_linked_files[]; /* ends with a name that is NULL */

#endif
