/* SPDX-License-Identifier: Apache-2.0 */
/* Eviction: the headroom, the heap of candidates, the step on an index. */
#include "wombatkv/evict.h"

#include "base/bytes.h"
#include "index/wide.h"

#if WMBT_CFG_EVICT

/* --- headroom --------------------------------------------------------------------------------- */

/* 0.9 as a double, which 1.0 - 0.10 is: this number divided by 2^53. */
#    define WMBT_EVICT_NINE_TENTHS UINT64_C(0x1CCCCCCCCCCCCD)

uint64_t wmbt_evict_target(uint64_t budget_bytes)
{
    wmbt_wide v = {0, budget_bytes};
    uint32_t up = wmbt_wide_excess(&v);
    wmbt_wide_round(&v, up);
    wmbt_wide_multiply(v.low, WMBT_EVICT_NINE_TENTHS, &v);
    uint32_t more = wmbt_wide_excess(&v);
    wmbt_wide_round(&v, more);
    for (up += more; up > WMBT_WIDE_PRECISION; up--) {
        v.low <<= 1; /* to 2^64 x 0.9 at most */
    }
    for (; up < WMBT_WIDE_PRECISION; up++) {
        v.low >>= 1;
    }
    return v.low;
}

/* --- heap ------------------------------------------------------------------------------------- */

static bool wmbt_evict_is_older(uint64_t stamp, const wmbt_block_hash *hash, uint64_t than_stamp,
                                const wmbt_block_hash *than)
{
    if (stamp != than_stamp) {
        return stamp < than_stamp;
    }
    return wmbt_bytes_compare(wmbt_view_of(hash->bytes, WMBT_BLOCK_HASH_BYTES),
                              wmbt_view_of(than->bytes, WMBT_BLOCK_HASH_BYTES)) < 0;
}

static bool wmbt_evict_is_before(const wmbt_evict_block *a, const wmbt_evict_block *b)
{
    return wmbt_evict_is_older(a->last_access_ns, &a->hash, b->last_access_ns, &b->hash);
}

static void wmbt_evict_copy(wmbt_evict_block *to, const wmbt_evict_block *from)
{
    wmbt_bytes_move((uint8_t *)to, (const uint8_t *)from, sizeof *to);
}

/* Puts `block`, which is none of the array, at `at` or below. */
static void wmbt_evict_sink(wmbt_evict *e, uint32_t at, const wmbt_evict_block *block)
{
    while (at < e->left / 2u) {
        uint32_t child = 2u * at + 1u;
        if (child + 1u < e->left &&
            wmbt_evict_is_before(&e->blocks[child + 1u], &e->blocks[child])) {
            child++;
        }
        if (!wmbt_evict_is_before(&e->blocks[child], block)) {
            break;
        }
        wmbt_evict_copy(&e->blocks[at], &e->blocks[child]);
        at = child;
    }
    wmbt_evict_copy(&e->blocks[at], block);
}

void wmbt_evict_begin(wmbt_evict *e, wmbt_evict_block *blocks, uint32_t count,
                      uint64_t budget_bytes)
{
    e->total_bytes = 0;
    e->needed_bytes = 0;
    e->freed_bytes = 0;
    e->freed = 0;
    e->skipped = 0;
    e->blocks = blocks;
    e->left = 0;
    e->tries_parent = false;
    for (uint32_t i = 0; i < count; i++) {
        e->total_bytes += blocks[i].payload_bytes;
    }
    e->is_over = budget_bytes != 0u && e->total_bytes > budget_bytes;
    if (!e->is_over) {
        return;
    }
    e->needed_bytes = e->total_bytes - wmbt_evict_target(budget_bytes);
    e->left = count;
    for (uint32_t at = count / 2u; at-- > 0u;) {
        wmbt_evict_block block;
        wmbt_evict_copy(&block, &blocks[at]);
        wmbt_evict_sink(e, at, &block);
    }
}

wmbt_status wmbt_evict_next(wmbt_evict *e, wmbt_evict_block *block)
{
    if (e->left == 0u || e->freed_bytes >= e->needed_bytes) {
        return WMBT_END;
    }
    wmbt_evict_copy(block, &e->blocks[0]);
    wmbt_evict_block last;
    e->left--;
    wmbt_evict_copy(&last, &e->blocks[e->left]);
    if (e->left != 0u) {
        wmbt_evict_sink(e, 0, &last);
    }
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
    uint32_t n = 0;
    for (uint32_t slot = 0;; slot++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        wmbt_status status = wmbt_index_at(x, slot, &hash, &meta);
        if (status == WMBT_END) {
            *count = n;
            return WMBT_OK;
        }
        if (status == WMBT_STALE) {
            return WMBT_BAD_STATE;
        }
        if (status == WMBT_OK) {
            if (n == room) {
                return WMBT_BUFFER_TOO_SMALL;
            }
            wmbt_bytes_copy(blocks[n].hash.bytes, hash.bytes, WMBT_BLOCK_HASH_BYTES);
            blocks[n].payload_bytes = meta.payload_bytes;
            blocks[n].last_access_ns = meta.last_access_ns;
            n++;
        }
    }
}

/* True if the parent of the block that went last is to go next: it was passed over before, and has
 * no children any more. */
static bool wmbt_evict_parent(wmbt_evict *e, const wmbt_index_writer *w, wmbt_evict_block *block)
{
    wmbt_block_meta meta;
    if (!e->tries_parent || e->freed_bytes >= e->needed_bytes ||
        wmbt_index_get(&w->index, &e->parent, &meta) != WMBT_OK ||
        !wmbt_evict_is_older(meta.last_access_ns, &e->parent, e->last_stamp, &e->last_hash)) {
        return false;
    }
    wmbt_bytes_copy(block->hash.bytes, e->parent.bytes, WMBT_BLOCK_HASH_BYTES);
    block->payload_bytes = meta.payload_bytes;
    block->last_access_ns = meta.last_access_ns;
    return true;
}

wmbt_status wmbt_evict_step(wmbt_evict *e, wmbt_index_writer *w, wmbt_evict_block *block)
{
    for (;;) {
        wmbt_evict_block next;
        wmbt_block_meta meta;
        bool is_parent = wmbt_evict_parent(e, w, &next);
        e->tries_parent = false;
        if (!is_parent) {
            if (wmbt_evict_next(e, &next) != WMBT_OK) {
                return WMBT_END;
            }
            e->last_stamp = next.last_access_ns;
            wmbt_bytes_copy(e->last_hash.bytes, next.hash.bytes, WMBT_BLOCK_HASH_BYTES);
        }
        bool is_there = wmbt_index_get(&w->index, &next.hash, &meta) == WMBT_OK;
        wmbt_status status = wmbt_index_remove_if_unchanged(w, &next.hash, next.last_access_ns);
        if (status == WMBT_BAD_STATE) { /* it has children, and may come back */
            continue;
        }
        if (is_parent && status != WMBT_OK) {
            continue;
        }
        wmbt_evict_done(e, &next, status == WMBT_OK);
        if (status == WMBT_OK) {
            if (is_there && wmbt_block_meta_has_parent(&meta)) {
                wmbt_bytes_copy(e->parent.bytes, meta.parent_hash.bytes, WMBT_BLOCK_HASH_BYTES);
                e->tries_parent = wmbt_index_is_closed(&w->index);
            }
            wmbt_evict_copy(block, &next);
            return WMBT_OK;
        }
    }
}

#endif
