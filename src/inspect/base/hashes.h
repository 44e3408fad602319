/* SPDX-License-Identifier: Apache-2.0 */
/* A set of texts, of each of which 64 bits are kept: two may be taken for one, which is as likely
 * as that a memory fails. */
#ifndef INSPECT_HASHES_H
#define INSPECT_HASHES_H

#include <stdbool.h>
#include <stdint.h>

#include "wombatkv/base.h"

struct hashes {
    uint64_t *slot; /* 0: free */
    size_t slots;   /* a power of two, or 0 */
    size_t count;
};

void hashes_add(struct hashes *hashes, wmbt_view text);
bool hashes_have(const struct hashes *hashes, wmbt_view text);
void hashes_free(struct hashes *hashes);

#endif
