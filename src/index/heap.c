/* SPDX-License-Identifier: Apache-2.0 */
/* The heap of candidates. Items are exchanged in place: none lies on the stack. */
#include "index/heap.h"

#include "base/bytes.h"

#if WMBT_CFG_EVICT || WMBT_CFG_PREFETCH

static uint64_t wmbt_heap_number(const uint8_t *item, size_t offset)
{
    uint64_t number;
    wmbt_bytes_copy((uint8_t *)&number, item + offset, sizeof number);
    return number;
}

bool wmbt_heap_is_above(const void *a, const void *b, uint32_t order)
{
    uint64_t left = wmbt_heap_number(a, WMBT_HEAP_KEY_OFFSET);
    uint64_t right = wmbt_heap_number(b, WMBT_HEAP_KEY_OFFSET);
    if (left == right && order == WMBT_HEAP_LARGER_OTHER) {
        left = wmbt_heap_number(b, WMBT_HEAP_OTHER_OFFSET);
        right = wmbt_heap_number(a, WMBT_HEAP_OTHER_OFFSET);
    }
    if (left != right) {
        return left < right;
    }
    int differ = wmbt_bytes_compare(wmbt_view_of(a, WMBT_HEAP_KEY_OFFSET),
                                    wmbt_view_of(b, WMBT_HEAP_KEY_OFFSET));
    return order == WMBT_HEAP_SMALLER_HASH ? differ < 0 : differ > 0;
}

static void wmbt_heap_exchange(uint8_t *a, uint8_t *b)
{
    for (uint32_t i = 0; i < WMBT_HEAP_ITEM_BYTES; i++) {
        uint8_t kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void wmbt_heap_sink(void *items, uint32_t count, uint32_t at, uint32_t order)
{
    while (at < count / 2u) {
        uint8_t *here = (uint8_t *)items + (size_t)at * WMBT_HEAP_ITEM_BYTES;
        at = 2u * at + 1u;
        uint8_t *child = (uint8_t *)items + (size_t)at * WMBT_HEAP_ITEM_BYTES;
        if (at + 1u < count && wmbt_heap_is_above(child + WMBT_HEAP_ITEM_BYTES, child, order)) {
            child += WMBT_HEAP_ITEM_BYTES;
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
    wmbt_heap_exchange(items, (uint8_t *)items + (size_t)count * WMBT_HEAP_ITEM_BYTES);
    wmbt_heap_sink(items, count, 0, order);
}

#endif
