/* SPDX-License-Identifier: Apache-2.0 */
/* Eviction: the headroom, the heap of candidates, the step on an index. */
#include "wombatkv/evict.h"

#include <stddef.h>

#include "base/bytes.h"
#include "index/heap.h"
#include "index/table.h"
#include "index/wide.h"

#if WMBT_CFG_EVICT

WMBT_STATIC_ASSERT(sizeof(wmbt_evict_block) == WMBT_HEAP_ITEM_BYTES, "an item of a heap");
WMBT_STATIC_ASSERT(offsetof(wmbt_evict_block, last_access_ns) == WMBT_HEAP_KEY_OFFSET, "its key");

/* --- headroom --------------------------------------------------------------------------------- */

/* 0.9 as a double, which 1.0 - 0.10 is: this number divided by 2^53. */
#    define WMBT_EVICT_NINE_TENTHS UINT64_C(0x1CCCCCCCCCCCCD)

uint64_t wmbt_evict_target(uint64_t budget_bytes)
{
    wmbt_wide budget = {0, budget_bytes}, product;
    wmbt_wide_round(&budget, 0); /* to 2^64 at most */
    wmbt_wide_multiply(budget.low, WMBT_EVICT_NINE_TENTHS, &product);
    product.high += budget.high * WMBT_EVICT_NINE_TENTHS;
    wmbt_wide_round(&product, 0);
    return product.high << 11 | product.low >> 53;
}

/* --- candidates ------------------------------------------------------------------------------- */

void wmbt_evict_begin(wmbt_evict *e, wmbt_evict_block *blocks, uint32_t count,
                      uint64_t budget_bytes)
{
    wmbt_bytes_fill((uint8_t *)e, 0, sizeof *e);
    e->blocks = blocks;
    for (uint32_t i = 0; i < count; i++) {
        e->total_bytes += blocks[i].payload_bytes;
    }
    e->is_over = budget_bytes != 0u && e->total_bytes > budget_bytes;
    if (e->is_over) {
        e->needed_bytes = e->total_bytes - wmbt_evict_target(budget_bytes);
        e->left = count;
        wmbt_heap_make(blocks, count, WMBT_HEAP_SMALLER_HASH);
    }
}

static void wmbt_evict_copy(wmbt_evict_block *to, const wmbt_evict_block *from)
{
    wmbt_bytes_copy((uint8_t *)to, (const uint8_t *)from, sizeof *to);
}

/* The next candidate, which lies behind those that are left, or NULL. */
static const wmbt_evict_block *wmbt_evict_pop(wmbt_evict *e)
{
    if (e->left == 0u || e->freed_bytes >= e->needed_bytes) {
        return NULL;
    }
    wmbt_heap_pop(e->blocks, e->left, WMBT_HEAP_SMALLER_HASH);
    e->left--;
    return &e->blocks[e->left];
}

wmbt_status wmbt_evict_next(wmbt_evict *e, wmbt_evict_block *block)
{
    const wmbt_evict_block *next = wmbt_evict_pop(e);
    if (next == NULL) {
        return WMBT_END;
    }
    wmbt_evict_copy(block, next);
    return WMBT_OK;
}

void wmbt_evict_done(wmbt_evict *e, const wmbt_evict_block *block, bool freed)
{
    if (freed) {
        e->freed_bytes += block->payload_bytes;
        e->freed++;
    } else {
        e->skipped++;
    }
}

/* --- with an index ---------------------------------------------------------------------------- */

wmbt_status wmbt_evict_collect(const wmbt_index *x, wmbt_evict_block *blocks, uint32_t room,
                               uint32_t *count)
{
    uint32_t n = 0, used = wmbt_index_used(x);
    for (uint32_t slot = 0; slot < used; slot++) {
        wmbt_block_meta meta;
        if (wmbt_index_context_of(x, slot) == 0u) {
            continue;
        }
        if (n == room) {
            return WMBT_BUFFER_TOO_SMALL;
        }
        wmbt_status status = wmbt_index_at(x, slot, &blocks[n].hash, &meta);
        if (status == WMBT_STALE) {
            return WMBT_BAD_STATE;
        }
        if (status == WMBT_OK) {
            blocks[n].payload_bytes = meta.payload_bytes;
            blocks[n].last_access_ns = meta.last_access_ns;
            n++;
        }
    }
    *count = n;
    return WMBT_OK;
}

/* The candidate that goes now: the parent of the block that went last, if that was passed over
 * before and has no children any more; else the next one. */
static const wmbt_evict_block *wmbt_evict_choose(wmbt_evict *e)
{
    bool tries_parent = e->tries_parent;
    e->tries_parent = false;
    if (tries_parent && e->freed_bytes < e->needed_bytes &&
        wmbt_heap_is_above(&e->parent, &e->blocks[e->left], WMBT_HEAP_SMALLER_HASH)) {
        return &e->parent;
    }
    return wmbt_evict_pop(e);
}

wmbt_status wmbt_evict_step(wmbt_evict *e, wmbt_index_writer *w, wmbt_evict_block *block)
{
    for (;;) {
        const wmbt_evict_block *next = wmbt_evict_choose(e);
        if (next == NULL) {
            return WMBT_END;
        }
        uint32_t parent;
        wmbt_status status = wmbt_index_remove_if(w, &next->hash, &next->last_access_ns, &parent);
        if (status == WMBT_OK) {
            wmbt_evict_done(e, next, true);
            wmbt_evict_copy(block, next);
            e->tries_parent = parent != 0u && wmbt_index_is_closed(&w->index);
            if (e->tries_parent) {
                const wmbt_index_word *record = wmbt_index_record(&w->index, parent - 1u);
                wmbt_index_copy_words(e->parent.hash.bytes, record, WMBT_INDEX_HASH_WORDS);
                e->parent.payload_bytes = wmbt_index_load64(record + WMBT_INDEX_RECORD_PAYLOAD);
                e->parent.last_access_ns = wmbt_index_load64(record + WMBT_INDEX_RECORD_STAMP);
            }
            return WMBT_OK;
        }
        /* One with children may come back; a parent that is not there any more was none. */
        if (status != WMBT_BAD_STATE && next != &e->parent) {
            wmbt_evict_done(e, next, false);
        }
    }
}

#endif
