/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of candidates. Items are exchanged in place: none lies on the stack. */
#include "index/heap.h"

#if WMBT_CFG_EVICT || WMBT_CFG_PREFETCH

/* A caller's item as numbers: it is aligned for them. */
typedef uint64_t WMBT_MAY_ALIAS wmbt_heap_word;

#    define WMBT_HEAP_WORDS (WMBT_HEAP_ITEM_BYTES / 8u)
#    define WMBT_HEAP_KEY (WMBT_HEAP_KEY_OFFSET / 8u)
#    define WMBT_HEAP_OTHER (WMBT_HEAP_OTHER_OFFSET / 8u)

bool wmbt_heap_is_above(const void *a, const void *b, uint32_t order)
{
    const wmbt_heap_word *left = a, *right = b;
    if (left[WMBT_HEAP_KEY] != right[WMBT_HEAP_KEY]) {
        return left[WMBT_HEAP_KEY] < right[WMBT_HEAP_KEY];
    }
    if (order == WMBT_HEAP_LARGER_OTHER) {
        return left[WMBT_HEAP_OTHER] > right[WMBT_HEAP_OTHER];
    }
    const uint8_t *hash = a, *than = b;
    uint32_t i = 0;
    while (i < WMBT_HEAP_KEY_OFFSET - 1u && hash[i] == than[i]) {
        i++;
    }
    return order == WMBT_HEAP_SMALLER_HASH ? hash[i] < than[i] : hash[i] > than[i];
}

static void wmbt_heap_exchange(wmbt_heap_word *a, wmbt_heap_word *b)
{
    for (uint32_t i = 0; i < WMBT_HEAP_WORDS; i++) {
        uint64_t kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void wmbt_heap_sink(void *items, uint32_t count, uint32_t at, uint32_t order)
{
    while (at < count / 2u) {
        wmbt_heap_word *here = (wmbt_heap_word *)items + (size_t)at * WMBT_HEAP_WORDS;
        at = 2u * at + 1u;
        wmbt_heap_word *child = (wmbt_heap_word *)items + (size_t)at * WMBT_HEAP_WORDS;
        if (at + 1u < count && wmbt_heap_is_above(child + WMBT_HEAP_WORDS, child, order)) {
            child += WMBT_HEAP_WORDS;
            at++;
        }
        if (!wmbt_heap_is_above(child, here, order)) {
            break;
        }
        wmbt_heap_exchange(here, child);
    }
}

void wmbt_heap_make(void *items, uint32_t count, uint32_t order)
{
    for (uint32_t at = count / 2u; at-- > 0u;) {
        wmbt_heap_sink(items, count, at, order);
    }
}

void wmbt_heap_pop(void *items, uint32_t count, uint32_t order)
{
    count--;
    wmbt_heap_exchange(items, (wmbt_heap_word *)items + (size_t)count * WMBT_HEAP_WORDS);
    wmbt_heap_sink(items, count, 0, order);
}

#endif
