/* SPDX-License-Identifier: Apache-2.0 */
/* What harnesses share: what libFuzzer or replay.c calls, and a check that stops either. */
#ifndef WMBT_FUZZ_HARNESS_H
#define WMBT_FUZZ_HARNESS_H

#include <stdlib.h>

#include "../support/common.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Memory of exactly that size, so that a sanitizer sees what goes beyond; of one byte for 0. */
static inline uint8_t *allocate(size_t n)
{
    uint8_t *p = malloc(n == 0u ? 1u : n);
    check(p != NULL);
    return p;
}

#endif
