/* SPDX-License-Identifier: Apache-2.0 */
/* Residency: entries as records of an index, keys, and estimates. */
#include "wombatkv/residency.h"

#include "base/bytes.h"
#include "base/le.h"
#include "index/table.h"
#include "index/wide.h"

#if WMBT_CFG_RESIDENCY

/* What upstream counts for an entry: the key, and a value of 8 bytes. */
#    define WMBT_RESIDENCY_ENTRY_BYTES 40u

wmbt_status wmbt_residency_put(wmbt_index_writer *w, const wmbt_block_hash *key,
                               const wmbt_residency *entry)
{
    static const uint8_t zeros[WMBT_INDEX_MODEL_BYTES] = {0};
    wmbt_index_change change;
    if (entry->where < WMBT_RESIDENCY_RAM || entry->where > WMBT_RESIDENCY_REMOTE) {
        return WMBT_BAD_ARGUMENT;
    }
    change.hash = key->bytes;
    change.parent_hash = zeros;
    change.model = zeros;
    change.flags = entry->where;
    change.seq = entry->block_index;
    change.payload_bytes = 0;
    change.stamp = 0;
    change.keeps = false;
    return wmbt_index_apply(w, &change);
}

/* Reads an entry. False if it is remote, not there, or changes all the while. */
static bool wmbt_residency_is_here(const wmbt_index *x, const uint8_t *key, wmbt_residency *entry)
{
    for (uint32_t n = 0; n < WMBT_INDEX_TRIES; n++) {
        wmbt_index_place place;
        (void)wmbt_index_find(x, key, &place);
        uint32_t context = (place.state & WMBT_INDEX_CONTEXT_MASK) - 1u;
        if (!wmbt_index_is_block(place.id) || context >= x->context_count) {
            break;
        }
        const wmbt_index_word *record = wmbt_index_record(x, place.id - 1u);
        uint32_t block_index = wmbt_index_load(record + WMBT_INDEX_RECORD_SEQ);
        uint32_t where = wmbt_index_load(wmbt_index_context(x, context) + WMBT_INDEX_CONTEXT_FLAGS);
        if (wmbt_index_is_whole(record, place.state)) {
            entry->block_index = block_index;
            entry->where = where;
            return where != WMBT_RESIDENCY_REMOTE;
        }
    }
    return false;
}

void wmbt_residency_lookup(const wmbt_index *x, const wmbt_block_hash *keys, uint32_t count,
                           wmbt_residency *entries, wmbt_residency_chain *chain)
{
    uint32_t n = 0;
    chain->matched = wmbt_index_longest_prefix(x, keys, count);
    while (n < chain->matched) {
        wmbt_residency entry;
        if (!wmbt_residency_is_here(x, keys[n].bytes, &entry)) {
            break;
        }
        entries[n].block_index = entry.block_index;
        entries[n].where = entry.where;
        n++;
    }
    chain->resident = n;
}

void wmbt_residency_key(const uint8_t fingerprint[WMBT_RESIDENCY_FINGERPRINT_BYTES],
                        uint32_t block_index, uint32_t depth, wmbt_block_hash *key)
{
    uint8_t *b = key->bytes;
    wmbt_bytes_move(b, fingerprint, WMBT_RESIDENCY_FINGERPRINT_BYTES);
    wmbt_store_le32(b + 16, block_index);
    wmbt_store_le32(b + 20, depth);
    for (uint32_t i = 24; i < WMBT_BLOCK_HASH_BYTES; i++) {
        uint32_t turned = (uint32_t)b[i - 8u] << 1 | (uint32_t)b[i - 8u] >> 7;
        b[i] = (uint8_t)(b[i - 24u] ^ turned);
    }
}

/* --- estimates -------------------------------------------------------------------------------- */

static uint64_t wmbt_residency_product(uint64_t a, uint64_t b)
{
    wmbt_wide product;
    wmbt_wide_multiply(a, b, &product);
    return product.high != 0u ? UINT64_MAX : product.low;
}

void wmbt_residency_guard_init(wmbt_residency_guard *guard)
{
    guard->host_bytes = UINT64_C(96) << 30;
    guard->reserved_bytes = UINT64_C(48) << 30;
    guard->overhead_bytes = 64;
    guard->percent = 30;
}

uint64_t wmbt_residency_guard_budget(const wmbt_residency_guard *guard)
{
    uint64_t left =
        guard->host_bytes > guard->reserved_bytes ? guard->host_bytes - guard->reserved_bytes : 0u;
    wmbt_wide budget; /* divided by 100: by 4, and by 25 as a factor of 2^66 / 25 */
    wmbt_wide_multiply(wmbt_residency_product(left, guard->percent) >> 2,
                       UINT64_C(0x28F5C28F5C28F5C3), &budget);
    return budget.high >> 2;
}

uint64_t wmbt_residency_guard_bytes(const wmbt_residency_guard *guard, uint64_t entries)
{
    uint64_t entry = guard->overhead_bytes > UINT64_MAX - WMBT_RESIDENCY_ENTRY_BYTES
                         ? UINT64_MAX
                         : guard->overhead_bytes + WMBT_RESIDENCY_ENTRY_BYTES;
    return wmbt_residency_product(entry, entries);
}

uint64_t wmbt_residency_bytes(uint64_t entries)
{
    if (entries > WMBT_INDEX_MAX_CAPACITY) {
        return UINT64_MAX;
    }
    return wmbt_index_bytes((uint32_t)entries, WMBT_RESIDENCY_CONTEXTS, (uint32_t)entries);
}

/* True if the entries, with this key, take more than the budget: *estimated_bytes. */
static WMBT_NOINLINE bool wmbt_residency_is_over(const wmbt_index *x,
                                                 const wmbt_residency_guard *guard,
                                                 const wmbt_block_hash *key,
                                                 uint64_t *estimated_bytes)
{
    uint64_t entries = wmbt_index_count(x);
    entries += wmbt_index_has(x, key) ? 0u : 1u;
    uint64_t estimated = wmbt_residency_guard_bytes(guard, entries);
    if (estimated <= wmbt_residency_guard_budget(guard)) {
        return false;
    }
    *estimated_bytes = estimated;
    return true;
}

wmbt_status wmbt_residency_put_guarded(wmbt_index_writer *w, const wmbt_residency_guard *guard,
                                       const wmbt_block_hash *key, const wmbt_residency *entry,
                                       uint64_t *estimated_bytes)
{
    return wmbt_residency_is_over(&w->index, guard, key, estimated_bytes)
               ? WMBT_TOO_LARGE
               : wmbt_residency_put(w, key, entry);
}

#endif
