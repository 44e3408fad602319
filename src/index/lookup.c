/* SPDX-License-Identifier: Apache-2.0 */
/* The block index: looking. */
#include "wombatkv/index.h"

#include "base/bytes.h"
#include "index/table.h"

#if WMBT_CFG_INDEX

WMBT_STATIC_ASSERT(WMBT_INDEX_BYTES(0, 0) == 4u * WMBT_INDEX_HEADER_WORDS + 64u, "size");
WMBT_STATIC_ASSERT(4u * WMBT_INDEX_RECORD_WORDS == WMBT_INDEX_ALIGN, "a record is a line");
WMBT_STATIC_ASSERT(4u * WMBT_INDEX_BUCKET_WORDS == WMBT_INDEX_ALIGN, "a bucket is a line");

/* Lines on their way at once. */
#    define WMBT_INDEX_BATCH 16u

uint64_t wmbt_index_bytes(uint32_t capacity, uint32_t contexts, uint32_t records)
{
    uint64_t lines = 2u + (uint64_t)(capacity / WMBT_INDEX_RATED_WAYS + 1u);
    lines += (contexts * 4u * WMBT_INDEX_CONTEXT_WORDS + 63u) / 64u;
    return (lines + records) << 6;
}

wmbt_status wmbt_index_read_header(wmbt_view memory, wmbt_index *x, uint32_t *capacity)
{
    if (wmbt_view_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_is_aligned(memory.data, 4u)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    if (memory.len < 4u * WMBT_INDEX_HEADER_WORDS) {
        return WMBT_TRUNCATED;
    }
    const wmbt_index_word *header = (const wmbt_index_word *)(const void *)memory.data;
    if (wmbt_index_load(header + WMBT_INDEX_AT_MAGIC) != WMBT_INDEX_MAGIC) {
        return WMBT_BAD_MAGIC;
    }
    if (wmbt_index_load(header + WMBT_INDEX_AT_VERSION) != WMBT_INDEX_VERSION) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    uint32_t room = wmbt_index_load(header + WMBT_INDEX_AT_CAPACITY);
    uint32_t contexts = wmbt_index_load(header + WMBT_INDEX_AT_CONTEXTS);
    uint32_t kind = wmbt_index_load(header + WMBT_INDEX_AT_KIND);
    if (room > WMBT_INDEX_MAX_CAPACITY || contexts > WMBT_INDEX_MAX_CONTEXTS) {
        return WMBT_BAD_COUNT;
    }
    if ((kind & ~WMBT_INDEX_CLOSED) != 0u) {
        return WMBT_BAD_FIELD;
    }
    if (wmbt_index_bytes(room, contexts, 0) > memory.len) {
        return WMBT_TRUNCATED;
    }
    x->header = memory.data;
    x->buckets = memory.data + (size_t)4u * WMBT_INDEX_HEADER_WORDS;
    x->bucket_count = room / WMBT_INDEX_RATED_WAYS + 1u;
    x->contexts = (const uint8_t *)x->buckets + ((size_t)x->bucket_count << 6);
    x->context_count = contexts;
    x->records = memory.data + (size_t)wmbt_index_bytes(room, contexts, 0);
    x->record_count = 0;
    x->kind = kind;
    x->seed = wmbt_index_load64(header + WMBT_INDEX_AT_SEED);
    *capacity = room;
    return WMBT_OK;
}

wmbt_status wmbt_index_attach(wmbt_view memory, wmbt_index *x)
{
    wmbt_index table;
    uint32_t capacity;
    wmbt_status status = wmbt_index_read_header(memory, &table, &capacity);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_index_bytes(capacity, table.context_count, capacity) > memory.len) {
        return WMBT_TRUNCATED;
    }
    table.record_count = capacity;
    table.kind |= WMBT_INDEX_LIVE;
    wmbt_bytes_copy((uint8_t *)x, (const uint8_t *)&table, sizeof *x);
    return WMBT_OK;
}

uint32_t wmbt_index_count(const wmbt_index *x)
{
    return wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_COUNT);
}

uint32_t wmbt_index_room(const wmbt_index *x)
{
    const wmbt_index_word *header = wmbt_index_header(x);
    uint32_t used = wmbt_index_load(header + WMBT_INDEX_AT_USED);
    return x->record_count - used + wmbt_index_load(header + WMBT_INDEX_AT_FREE_COUNT);
}

uint32_t wmbt_index_contexts(const wmbt_index *x)
{
    return wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_CONTEXTS_USED);
}

bool wmbt_index_is_closed(const wmbt_index *x)
{
    return (x->kind & WMBT_INDEX_CLOSED) != 0u;
}

/* --- one hash --------------------------------------------------------------------------------- */

/* Odd constants without a pattern: the golden ratio and the square root of 3, of 64 bits. */
#    define WMBT_INDEX_MIX_FIRST UINT64_C(0x9E3779B97F4A7C15)
#    define WMBT_INDEX_MIX_SECOND UINT64_C(0xBB67AE8584CAA73B)

static uint64_t wmbt_index_mix(uint64_t mix, const uint8_t *more)
{
    mix *= WMBT_INDEX_MIX_FIRST;
    mix = ((mix ^ mix >> 32) + wmbt_load_le64(more)) * WMBT_INDEX_MIX_SECOND;
    return mix ^ mix >> 32;
}

static inline uint64_t wmbt_index_home_here(const wmbt_index *x, const uint8_t *hash)
{
    uint64_t mix = (uint64_t)wmbt_load_le32(hash + 4) << 32 | wmbt_load_le32(hash);
    if (x->seed != 0u) {
        mix = wmbt_index_mix(x->seed ^ mix, hash + 8);
    }
    uint64_t bucket = (mix >> 32) * x->bucket_count >> 32;
    return bucket << 32 | (uint32_t)mix;
}

uint64_t wmbt_index_home(const wmbt_index *x, const uint8_t *hash)
{
    return wmbt_index_home_here(x, hash);
}

bool wmbt_index_record_is(const wmbt_index_word *record, const uint8_t *hash, uint32_t *state)
{
    for (;;) {
        uint32_t before = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
        uint32_t differ = 0;
        for (uint32_t i = 0; i < WMBT_INDEX_HASH_WORDS; i++) {
            differ |= wmbt_index_load(record + i) ^ wmbt_load_le32(hash + (size_t)4u * i);
        }
        if (differ != 0u) {
            return false;
        }
        *state = before;
        if (wmbt_index_load(record + WMBT_INDEX_RECORD_STATE) == before) {
            return true;
        }
    }
}

/* One pass over the buckets from the home on, to the first with an empty place. */
static bool wmbt_index_search(const wmbt_index *x, const uint8_t *hash, wmbt_index_place *place)
{
    uint64_t home = wmbt_index_home(x, hash);
    uint32_t bucket = (uint32_t)(home >> 32);
    place->tag = (uint32_t)home;
    place->id = 0;
    for (uint32_t n = x->bucket_count; n != 0u; n--) {
        const wmbt_index_word *at = wmbt_index_bucket(x, bucket), *empty = NULL;
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++, at++) {
            uint32_t id = wmbt_index_load(at + WMBT_INDEX_WAYS);
            uint32_t slot = (id & ~WMBT_INDEX_GHOST) - 1u;
            place->at = at;
            if (id == 0u) {
                empty = at;
            } else if (wmbt_index_peek(at) == place->tag && slot < x->record_count &&
                       wmbt_index_record_is(wmbt_index_record(x, slot), hash, &place->state) &&
                       wmbt_index_load(at + WMBT_INDEX_WAYS) == id) {
                place->id = id;
                return true;
            }
        }
        if (empty != NULL) {
            place->at = empty;
            break;
        }
        bucket = wmbt_index_next_bucket(x, bucket);
    }
    return false;
}

bool wmbt_index_find(const wmbt_index *x, const uint8_t *hash, wmbt_index_place *place)
{
#    if WMBT_CFG_INDEX_ATOMICS
    const wmbt_index_word *moves = wmbt_index_header(x) + WMBT_INDEX_AT_MOVES;
    for (;;) {
        /* What moves to a bucket that was looked at already is looked for again. */
        uint32_t before = wmbt_index_load(moves);
        if (wmbt_index_search(x, hash, place)) {
            return true;
        }
        if ((x->kind & WMBT_INDEX_LIVE) == 0u || wmbt_index_load(moves) == before) {
            return false;
        }
    }
#    else
    return wmbt_index_search(x, hash, place);
#    endif
}

bool wmbt_index_has(const wmbt_index *x, const wmbt_block_hash *hash)
{
    wmbt_index_place place;
    return wmbt_index_find(x, hash->bytes, &place) && wmbt_index_is_block(place.id);
}

void wmbt_index_copy_words(uint8_t *to, const wmbt_index_word *from, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        wmbt_store_le32(to + (size_t)4u * i, wmbt_index_load(from + i));
    }
}

bool wmbt_index_copy(const wmbt_index *x, uint32_t slot, uint32_t state, wmbt_block_meta *meta)
{
    const wmbt_index_word *record = wmbt_index_record(x, slot);
    uint32_t parent = wmbt_index_load(record + WMBT_INDEX_RECORD_PARENT) - 1u;
    uint32_t context = (state & WMBT_INDEX_CONTEXT_MASK) - 1u;
    meta->payload_bytes = wmbt_index_load64(record + WMBT_INDEX_RECORD_PAYLOAD);
    meta->last_access_ns = wmbt_index_load64(record + WMBT_INDEX_RECORD_STAMP);
    meta->block_seq = wmbt_index_load(record + WMBT_INDEX_RECORD_SEQ);
    if (parent < x->record_count) {
        wmbt_index_copy_words(meta->parent_hash.bytes, wmbt_index_record(x, parent),
                              WMBT_INDEX_HASH_WORDS);
    } else {
        wmbt_bytes_fill(meta->parent_hash.bytes, 0, WMBT_BLOCK_HASH_BYTES);
    }
    if (context >= x->context_count) { /* of a damaged image */
        return false;
    }
    const wmbt_index_word *of = wmbt_index_context(x, context);
    wmbt_index_copy_words(meta->model_digest.bytes, of, 6);
    wmbt_index_copy_words(meta->layout_tag.bytes, of + WMBT_INDEX_CONTEXT_TAG, 4);
    meta->ext_flags = wmbt_index_load(of + WMBT_INDEX_CONTEXT_FLAGS);
    /* The parent and the context stay what they are while a record has them. */
    return wmbt_index_is_whole(record, state);
}

wmbt_status wmbt_index_get(const wmbt_index *x, const wmbt_block_hash *hash, wmbt_block_meta *meta)
{
    wmbt_index_place place;
    uint32_t n = 0;
    while (n < WMBT_INDEX_TRIES && wmbt_index_find(x, hash->bytes, &place) &&
           wmbt_index_is_block(place.id)) {
        if (wmbt_index_copy(x, place.id - 1u, place.state, meta)) {
            return WMBT_OK;
        }
        n++;
    }
    if (n != 0u) { /* it may be of two states */
        wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta);
    }
    return n < WMBT_INDEX_TRIES ? WMBT_MISSING : WMBT_STALE;
}

wmbt_status wmbt_index_at(const wmbt_index *x, uint32_t slot, wmbt_block_hash *hash,
                          wmbt_block_meta *meta)
{
    if (slot >= wmbt_index_used(x)) {
        return WMBT_END;
    }
    const wmbt_index_word *record = wmbt_index_record(x, slot);
    uint32_t n = 0, state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
    while (n < WMBT_INDEX_TRIES && (state & WMBT_INDEX_CONTEXT_MASK) != 0u) {
        wmbt_index_copy_words(hash->bytes, record, WMBT_INDEX_HASH_WORDS);
        if (wmbt_index_copy(x, slot, state, meta)) {
            return WMBT_OK;
        }
        state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
        n++;
    }
    if (n != 0u) {
        wmbt_bytes_fill(hash->bytes, 0, WMBT_BLOCK_HASH_BYTES);
        wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta);
    }
    return n < WMBT_INDEX_TRIES ? WMBT_MISSING : WMBT_STALE;
}

/* --- many hashes ------------------------------------------------------------------------------ */

/* Sets the bit of a block, if there are bits. */
static void wmbt_index_mark_one(uint8_t *present, uint32_t i)
{
    if (present != NULL) {
        present[i >> 3] = (uint8_t)(present[i >> 3] | 1u << (i & 7u));
    }
}

/* What is asked for ahead. (A function that does no more than ask is one without effect to GCC,
 * which leaves out the call.) */
static const void *wmbt_index_bucket_of(const wmbt_index *x, const wmbt_block_hash *hash)
{
    return wmbt_index_bucket(x, (uint32_t)(wmbt_index_home_here(x, hash->bytes) >> 32));
}

#    if WMBT_PREFETCHES

/* The slot plus 1 of a block with the tag of this hash, by buckets alone, or 0. Where blocks of one
 * bucket have one tag, any number but 0. Without branches inside, for vectors. */
static uint32_t wmbt_index_guess(const wmbt_index *x, const wmbt_block_hash *hash)
{
    uint64_t home = wmbt_index_home_here(x, hash->bytes);
    uint32_t at = (uint32_t)(home >> 32), tag = (uint32_t)home;
    for (uint32_t n = 0; n < x->bucket_count; n++) {
        const wmbt_index_word *bucket = wmbt_index_bucket(x, at);
        uint32_t id = 0;
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++) {
            uint32_t slot = wmbt_index_peek(bucket + WMBT_INDEX_WAYS + way);
            id |= wmbt_index_peek(bucket + way) == tag ? slot : 0u;
        }
        if (id != 0u) {
            return wmbt_index_is_block(id) ? id : 0u;
        }
        if (!wmbt_index_is_full(bucket)) {
            break;
        }
        at = wmbt_index_next_bucket(x, at);
    }
    return 0;
}

static const void *wmbt_index_record_at(const wmbt_index *x, uint32_t id)
{
    return wmbt_index_record(x, id - 1u < x->record_count ? id - 1u : 0u);
}

/* True if the block is there. Slot `id` - 1 is the one to look at first, if it holds a block at
 * all: it is a guess. */
static bool wmbt_index_verify(const wmbt_index *x, const wmbt_block_hash *hash, uint32_t id)
{
#        if WMBT_CFG_INDEX_ATOMICS
    (void)id; /* it need not be in its bucket any more */
#        else
    uint32_t state;
    if (id - 1u < x->record_count &&
        wmbt_index_record_is(wmbt_index_record(x, id - 1u), hash->bytes, &state) &&
        (state & WMBT_INDEX_CONTEXT_MASK) != 0u) {
        return true;
    }
#        endif
    return wmbt_index_has(x, hash);
}

/* Looks for all hashes and marks those that are there, or with NULL, looks until one is not.
 * Returns how many it looked at. A bucket is asked for one batch before it is looked at, and its
 * record one batch before it is compared. */
static uint32_t wmbt_index_walk(const wmbt_index *x, const wmbt_block_hash *hashes, uint32_t count,
                                uint8_t *present)
{
    uint32_t ids[WMBT_INDEX_BATCH];
    const size_t end = (size_t)count + WMBT_INDEX_BATCH; /* a list is shorter than memory */
    for (uint32_t i = 0; i < count && i < WMBT_INDEX_BATCH; i++) {
        WMBT_PREFETCH(wmbt_index_bucket_of(x, hashes + i));
    }
    for (size_t i = 0; i < end; i++) {
        uint32_t *id = &ids[i % WMBT_INDEX_BATCH];
        if (i >= WMBT_INDEX_BATCH) {
            uint32_t behind = (uint32_t)(i - WMBT_INDEX_BATCH);
            if (wmbt_index_verify(x, hashes + behind, *id)) {
                wmbt_index_mark_one(present, behind);
            } else if (present == NULL) {
                return behind;
            }
        }
        if (i < count) {
            if (count - i > WMBT_INDEX_BATCH) {
                WMBT_PREFETCH(wmbt_index_bucket_of(x, hashes + i + WMBT_INDEX_BATCH));
            }
            *id = wmbt_index_guess(x, hashes + i);
            WMBT_PREFETCH(wmbt_index_record_at(x, *id));
        }
    }
    return count;
}

uint32_t wmbt_index_likely_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                  uint32_t count)
{
    uint32_t n = 0;
    if (count == 0u) {
        return 0;
    }
    for (uint32_t i = 0; i < count && i < WMBT_INDEX_BATCH; i++) {
        WMBT_PREFETCH(wmbt_index_bucket_of(x, hashes + i));
    }
    /* The last one is compared in full, if it comes to that. */
    WMBT_PREFETCH(wmbt_index_record_at(x, wmbt_index_guess(x, hashes + count - 1u)));
    for (; n < count; n++) {
        if (count - n > WMBT_INDEX_BATCH) {
            WMBT_PREFETCH(wmbt_index_bucket_of(x, hashes + n + WMBT_INDEX_BATCH));
        }
        /* A miss is looked at again: tags alike, or the writer moved it. */
        if (wmbt_index_guess(x, hashes + n) == 0u && !wmbt_index_has(x, hashes + n)) {
            break;
        }
    }
    if (n != 0u && !wmbt_index_has(x, hashes + n - 1u)) {
        return wmbt_index_longest_prefix(x, hashes, n);
    }
    return n;
}

#    else

static uint32_t wmbt_index_walk(const wmbt_index *x, const wmbt_block_hash *hashes, uint32_t count,
                                uint8_t *present)
{
    for (uint32_t i = 0; i < count; i++) {
        if (wmbt_index_has(x, hashes + i)) {
            wmbt_index_mark_one(present, i);
        } else if (present == NULL) {
            return i;
        }
    }
    return count;
}

/* Without lines to wait for, comparing all of a hash costs nothing to speak of. */
uint32_t wmbt_index_likely_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                  uint32_t count)
{
    return wmbt_index_walk(x, hashes, count, NULL);
}

static uint32_t wmbt_index_guess(const wmbt_index *x, const wmbt_block_hash *hash)
{
    return wmbt_index_has(x, hash) ? 1u : 0u;
}

#    endif

uint32_t wmbt_index_longest_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                   uint32_t count)
{
    return wmbt_index_walk(x, hashes, count, NULL);
}

/* Blocks that a round of the search looks at. Their lines come at the same time. */
#    define WMBT_INDEX_ROUND 7u

uint32_t wmbt_index_chain_prefix(const wmbt_index *x, const wmbt_block_hash *hashes, uint32_t count)
{
    if (!wmbt_index_is_closed(x)) {
        return wmbt_index_longest_prefix(x, hashes, count);
    }
    if (count == 0u || wmbt_index_has(x, hashes + count - 1u)) {
        return count;
    }
    /* `low` blocks are there, or so their tags say; block `high` is not. */
    uint32_t low = 0, high = count - 1u;
    while (low < high) {
        uint32_t step = (high - low) / (WMBT_INDEX_ROUND + 1u) + 1u;
        for (uint32_t at = low + step; at <= high; at += step) {
            WMBT_PREFETCH(wmbt_index_bucket_of(x, hashes + at - 1u));
        }
        uint32_t end = high;
        for (uint32_t at = low + step; at <= end; at += step) {
            if (wmbt_index_guess(x, hashes + at - 1u) == 0u &&
                !wmbt_index_has(x, hashes + at - 1u)) {
                high = at - 1u;
                break;
            }
            low = at;
        }
    }
    if (low != 0u && !wmbt_index_has(x, hashes + low - 1u)) {
        return wmbt_index_longest_prefix(x, hashes, count);
    }
    return low;
}

wmbt_status wmbt_index_mark(const wmbt_index *x, const wmbt_block_hash *hashes, uint32_t count,
                            wmbt_buf present)
{
    if (wmbt_buf_is_bad(present) || (hashes == NULL && count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (present.len < (count >> 3) + ((count & 7u) != 0u ? 1u : 0u)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_bytes_fill(present.data, 0, present.len);
    (void)wmbt_index_walk(x, hashes, count, present.data);
    return WMBT_OK;
}

/* --- order ------------------------------------------------------------------------------------ */

/* True if the hash of slot a comes before that of slot b: bytes, the first counts most. */
static bool wmbt_index_is_before(const wmbt_index *x, uint32_t a, uint32_t b)
{
    const uint8_t *left = (const uint8_t *)(const void *)wmbt_index_record(x, a);
    const uint8_t *right = (const uint8_t *)(const void *)wmbt_index_record(x, b);
    return wmbt_bytes_compare(wmbt_view_of(left, WMBT_BLOCK_HASH_BYTES),
                              wmbt_view_of(right, WMBT_BLOCK_HASH_BYTES)) < 0;
}

static void wmbt_index_exchange(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

wmbt_status wmbt_index_sort(const wmbt_index *x, uint32_t *slots, uint32_t room, uint32_t *count)
{
    uint32_t used = wmbt_index_used(x), n = 0;
    if (wmbt_index_count(x) > room) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    for (uint32_t slot = 0; slot < used && n < room; slot++) {
        if (wmbt_index_context_of(x, slot) != 0u) {
            slots[n++] = slot;
        }
    }
    *count = n;
    /* A heap, the last hash on top; then one after the other goes behind it. */
    uint32_t start = n / 2u, end = n;
    while (end > 1u) {
        uint32_t at = 0;
        if (start != 0u) {
            at = --start;
        } else {
            end--;
            wmbt_index_exchange(slots, slots + end);
        }
        for (;;) {
            uint32_t child = 2u * at + 1u;
            if (child + 1u < end && wmbt_index_is_before(x, slots[child], slots[child + 1u])) {
                child++;
            }
            if (at >= end / 2u || !wmbt_index_is_before(x, slots[at], slots[child])) {
                break;
            }
            wmbt_index_exchange(slots + at, slots + child);
            at = child;
        }
    }
    return WMBT_OK;
}

#endif
