/* SPDX-License-Identifier: Apache-2.0 */
/* The longest usable prefix. docs/REUSE.md, "Prefix". */
#include "wombatkv/prefix.h"

#include "base/bytes.h"

#if WMBT_CFG_REUSE

/* A scan at work. `run_first` is, for each pool, the block behind the last one that it was seen to
 * lack: its present run began there or with the segment, if that began later. What lies before the
 * segment counts as present. */
typedef struct wmbt_prefix_scan {
    const wmbt_prefix_pool *pool;
    size_t pools;
    uint32_t first; /* of the segment */
    uint32_t run_first[WMBT_PREFIX_MAX_POOLS];
} wmbt_prefix_scan;

static wmbt_status wmbt_prefix_check(const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks)
{
    if (pool == NULL || pools == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (pools > WMBT_PREFIX_MAX_POOLS) {
        return WMBT_TOO_LARGE;
    }
    for (size_t i = 0; i < pools; i++) {
        if (wmbt_view_is_bad(pool[i].present) || pool[i].present.len < WMBT_PREFIX_BYTES(blocks) ||
            pool[i].rule < WMBT_PREFIX_ALL || pool[i].rule > WMBT_PREFIX_TIP) {
            return WMBT_BAD_ARGUMENT;
        }
    }
    return WMBT_OK;
}

/* Looks at a block. False if a pool that needs all blocks lacks it. */
static bool wmbt_prefix_take(wmbt_prefix_scan *scan, uint32_t block)
{
    for (size_t i = 0; i < scan->pools; i++) {
        if (!wmbt_prefix_is_present(scan->pool[i].present, block)) {
            if (scan->pool[i].rule == WMBT_PREFIX_ALL) {
                return false;
            }
            scan->run_first[i] = block + 1u;
        }
    }
    return true;
}

#    if defined(WMBT_UNALIGNED_U64) && WMBT_WIDE_REGISTERS
/* Blocks from `block` on that all pools have, as far as a word or a byte of bits tells: 64, 8 or 0
 * (which says nothing). The order of bytes does not matter where all are the same. */
static uint32_t wmbt_prefix_full(const wmbt_prefix_scan *scan, uint32_t block, uint32_t left)
{
    typedef WMBT_UNALIGNED_U64 any;
    uint32_t run = (block & 7u) != 0u || left < 8u ? 0u : left < 64u ? 8u : 64u;
    for (size_t i = 0; i < scan->pools && run != 0u; i++) {
        const uint8_t *bits = scan->pool[i].present.data + (block >> 3);
        if (run == 64u && *(const any *)bits != UINT64_MAX) {
            run = 8;
        }
        if (*bits != UINT8_MAX) {
            return 0;
        }
    }
    return run;
}
#    else
static uint32_t wmbt_prefix_full(const wmbt_prefix_scan *scan, uint32_t block, uint32_t left)
{
    (void)scan;
    (void)block;
    (void)left;
    return 0;
}
#    endif

/* True if each pool has what it must have for the prefix that ends after the block taken last. */
static bool wmbt_prefix_is_usable(const wmbt_prefix_scan *scan, uint32_t end)
{
    for (size_t i = 0; i < scan->pools; i++) {
        WMBT_ASSERT(scan->run_first[i] <= end);
        uint32_t needed = scan->pool[i].rule == WMBT_PREFIX_TIP ? 1u : scan->pool[i].trailing;
        if (scan->run_first[i] > scan->first && end - scan->run_first[i] < needed) {
            return false;
        }
    }
    return true;
}

wmbt_status wmbt_prefix_segment_at(const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks,
                                   uint32_t from, wmbt_prefix_segment *segment)
{
    wmbt_status status = wmbt_prefix_check(pool, pools, blocks);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_prefix_scan scan;
    scan.pool = pool;
    scan.pools = pools;
    scan.first = from;
    for (size_t i = 0; i < pools; i++) {
        scan.run_first[i] = 0;
    }
    uint32_t usable = 0;
    uint32_t block = from;
    for (; block < blocks; block++) {
        uint32_t full = wmbt_prefix_full(&scan, block, blocks - block);
        if (full != 0u) { /* what is usable behind its first block is so behind its last */
            block += full - 1u;
            usable = wmbt_prefix_is_usable(&scan, block + 1u) ? block + 1u - scan.first : usable;
        } else if (wmbt_prefix_take(&scan, block)) {
            usable = wmbt_prefix_is_usable(&scan, block + 1u) ? block + 1u - scan.first : usable;
        } else if (block > scan.first) {
            break;
        } else {
            scan.first = block + 1u;
        }
    }
    if (block <= scan.first) {
        return WMBT_MISSING;
    }
    segment->first = scan.first;
    segment->blocks = block - scan.first;
    segment->usable = usable;
    return WMBT_OK;
}

wmbt_status wmbt_prefix_longest(const wmbt_prefix_pool *pool, size_t pools, uint32_t blocks,
                                uint32_t *usable)
{
    wmbt_prefix_segment segment;
    wmbt_status status = wmbt_prefix_segment_at(pool, pools, blocks, 0, &segment);
    if (wmbt_status_is_error(status)) {
        return status;
    }
    *usable = status == WMBT_OK && segment.first == 0u ? segment.usable : 0u;
    return WMBT_OK;
}

size_t wmbt_prefix_resident(wmbt_view resident)
{
    size_t n = 0;
    if (wmbt_view_is_bad(resident)) {
        return 0;
    }
    while (n < resident.len && resident.data[n] != 0u) {
        n++;
    }
    return n;
}

#endif
