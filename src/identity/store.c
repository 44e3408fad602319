/* SPDX-License-Identifier: Apache-2.0 */
/* The block store: a sorted array of entries. */
#include "wombatkv/store.h"

#include "base/bytes.h"

#if WMBT_CFG_STORE

/* The entries follow in the same memory. */
struct wmbt_store {
    uint32_t count;
    uint32_t capacity;
    uint32_t unused[2]; /* keeps the entries aligned */
};

WMBT_STATIC_ASSERT(sizeof(struct wmbt_store) == WMBT_STORE_BYTES(0), "size");
WMBT_STATIC_ASSERT(sizeof(struct wmbt_store) % WMBT_STORE_ALIGN == 0, "the entries are aligned");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(wmbt_store_entry) <= WMBT_STORE_ALIGN, "alignment");

#    define WMBT_STORE_FINGERPRINT_BYTES 32u

static wmbt_store_entry *wmbt_store_entries(wmbt_store *x)
{
    return (wmbt_store_entry *)(void *)(x + 1);
}

static const wmbt_store_entry *wmbt_store_const_entries(const wmbt_store *x)
{
    return (const wmbt_store_entry *)(const void *)(x + 1);
}

wmbt_status wmbt_store_init(wmbt_buf memory, uint32_t capacity, wmbt_store **x)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    const size_t max = (SIZE_MAX - WMBT_STORE_BYTES(0)) / sizeof(wmbt_store_entry);
    if (capacity > max || memory.len < WMBT_STORE_BYTES(capacity)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_STORE_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_store *store = (wmbt_store *)(void *)memory.data;
    store->count = 0;
    store->capacity = capacity;
    *x = store;
    return WMBT_OK;
}

uint32_t wmbt_store_count(const wmbt_store *x)
{
    return x->count;
}

uint32_t wmbt_store_capacity(const wmbt_store *x)
{
    return x->capacity;
}

static int wmbt_store_compare(const wmbt_block_key *a, const wmbt_block_key *b)
{
    int order = wmbt_bytes_compare(a->tenant, b->tenant);
    if (order == 0) {
        order = wmbt_bytes_compare(wmbt_view_of(a->fingerprint, WMBT_STORE_FINGERPRINT_BYTES),
                                   wmbt_view_of(b->fingerprint, WMBT_STORE_FINGERPRINT_BYTES));
    }
    if (order == 0) {
        order = wmbt_bytes_compare(wmbt_view_of(a->prefix_hash.bytes, WMBT_BLOCK_HASH_BYTES),
                                   wmbt_view_of(b->prefix_hash.bytes, WMBT_BLOCK_HASH_BYTES));
    }
    if (order == 0 && a->block_index != b->block_index) {
        order = a->block_index < b->block_index ? -1 : 1;
    }
    return order;
}

/* True if the key is there; *at is its place, or where it belongs. */
static bool wmbt_store_find(const wmbt_store *x, const wmbt_block_key *key, uint32_t *at)
{
    const wmbt_store_entry *entries = wmbt_store_const_entries(x);
    uint32_t low = 0, high = x->count;
    WMBT_ASSERT(x->count <= x->capacity);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2u;
        int order = wmbt_store_compare(&entries[middle].key, key);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0) {
            low = middle + 1u;
        } else {
            high = middle;
        }
    }
    *at = low;
    return false;
}

/* There is room for a new key. */
static void wmbt_store_put(wmbt_store *x, const wmbt_block_key *key, wmbt_view payload)
{
    wmbt_store_entry *entries = wmbt_store_entries(x);
    uint32_t at;
    if (!wmbt_store_find(x, key, &at)) {
        WMBT_ASSERT(x->count < x->capacity);
        wmbt_bytes_move((uint8_t *)(entries + at + 1), (const uint8_t *)(entries + at),
                        (size_t)(x->count - at) * sizeof(wmbt_store_entry));
        WMBT_COPY_STRUCT(&entries[at].key, key);
        x->count++;
    }
    entries[at].payload = payload;
}

wmbt_status wmbt_store_put_block(wmbt_store *x, const wmbt_block_key *key, wmbt_view payload)
{
    uint32_t at;
    if (wmbt_view_is_bad(key->tenant) || wmbt_view_is_bad(payload)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (x->count == x->capacity && !wmbt_store_find(x, key, &at)) {
        return WMBT_FULL;
    }
    wmbt_store_put(x, key, payload);
    return WMBT_OK;
}

wmbt_status wmbt_store_get_block(const wmbt_store *x, const wmbt_block_key *key, wmbt_view *payload)
{
    uint32_t at;
    if (wmbt_view_is_bad(key->tenant)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_store_find(x, key, &at)) {
        return WMBT_MISSING;
    }
    *payload = wmbt_store_const_entries(x)[at].payload;
    return WMBT_OK;
}

const wmbt_store_entry *wmbt_store_entry_at(const wmbt_store *x, uint32_t at)
{
    return at < x->count ? wmbt_store_const_entries(x) + at : NULL;
}

void wmbt_store_key_of(const wmbt_store_prefix *prefix, uint32_t index, wmbt_block_key *key)
{
    key->tenant = prefix->tenant;
    wmbt_bytes_copy(key->fingerprint, prefix->fingerprint, WMBT_STORE_FINGERPRINT_BYTES);
    wmbt_bytes_copy(key->prefix_hash.bytes, prefix->hashes[index].bytes, WMBT_BLOCK_HASH_BYTES);
    key->block_index = index;
}

static bool wmbt_store_prefix_is_bad(const wmbt_store_prefix *prefix)
{
    return wmbt_view_is_bad(prefix->tenant) || prefix->fingerprint == NULL ||
           (prefix->hashes == NULL && prefix->count != 0u);
}

wmbt_status wmbt_store_publish_prefix(wmbt_store *x, const wmbt_store_prefix *prefix,
                                      const wmbt_view *payloads, uint32_t payload_count)
{
    if (wmbt_store_prefix_is_bad(prefix) || (payloads == NULL && payload_count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (payload_count != prefix->count) {
        return WMBT_BAD_COUNT;
    }
    /* Each block has another index, so that no two of them have one key. */
    uint32_t free_entries = x->capacity - x->count;
    wmbt_block_key key;
    for (uint32_t i = 0; i < prefix->count; i++) {
        uint32_t at;
        if (wmbt_view_is_bad(payloads[i])) {
            return WMBT_BAD_ARGUMENT;
        }
        wmbt_store_key_of(prefix, i, &key);
        if (!wmbt_store_find(x, &key, &at)) {
            if (free_entries == 0u) {
                return WMBT_FULL;
            }
            free_entries--;
        }
    }
    for (uint32_t i = 0; i < prefix->count; i++) {
        wmbt_store_key_of(prefix, i, &key);
        wmbt_store_put(x, &key, payloads[i]);
    }
    return WMBT_OK;
}

wmbt_status wmbt_store_lookup_prefix(const wmbt_store *x, const wmbt_store_prefix *prefix,
                                     wmbt_view *payloads, uint32_t *matched)
{
    if (wmbt_store_prefix_is_bad(prefix)) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t count = 0;
    while (count < prefix->count) {
        wmbt_block_key key;
        uint32_t at;
        wmbt_store_key_of(prefix, count, &key);
        if (!wmbt_store_find(x, &key, &at)) {
            break;
        }
        if (payloads != NULL) {
            payloads[count] = wmbt_store_const_entries(x)[at].payload;
        }
        count++;
    }
    *matched = count;
    return WMBT_OK;
}

#endif
