/* SPDX-License-Identifier: Apache-2.0 */
/* A heap of candidates, which eviction and prefetching share: who goes first is on top. */
#ifndef WMBT_SRC_INDEX_HEAP_H
#define WMBT_SRC_INDEX_HEAP_H

#include "wombatkv/base.h"

/* A candidate, whose type is the caller's: its hash, the number that decides, another number. */
#define WMBT_HEAP_ITEM_BYTES 48u
#define WMBT_HEAP_KEY_OFFSET 32u
#define WMBT_HEAP_OTHER_OFFSET 40u

/* The smaller key is above. Of two alike: */
#define WMBT_HEAP_SMALLER_HASH 0u
#define WMBT_HEAP_LARGER_HASH 1u
#define WMBT_HEAP_LARGER_OTHER 2u

/** True if a is above b. */
bool wmbt_heap_is_above(const void *a, const void *b, uint32_t order);

/** Moves the item at `at` down to where it belongs, in a heap of `count` but for this one. */
void wmbt_heap_sink(void *items, uint32_t count, uint32_t at, uint32_t order);

/** Makes a heap of an array. */
void wmbt_heap_make(void *items, uint32_t count, uint32_t order);

/** Moves the top behind the rest, which is a heap then. There is one. */
void wmbt_heap_pop(void *items, uint32_t count, uint32_t order);

#endif
