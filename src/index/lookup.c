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

void wmbt_index_point(wmbt_index *x, const void *memory, uint32_t capacity, uint32_t contexts,
                      uint32_t records)
{
    const uint8_t *bytes = (const uint8_t *)memory;
    x->header = bytes;
    bytes += 4u * WMBT_INDEX_HEADER_WORDS;
    x->buckets = bytes;
    x->bucket_count = capacity / WMBT_INDEX_RATED_WAYS + 1u;
    bytes += (size_t)x->bucket_count << 6;
    x->contexts = bytes;
    x->context_count = contexts;
    bytes += (contexts * 4u * WMBT_INDEX_CONTEXT_WORDS + 63u) / 64u * 64u;
    x->records = bytes;
    x->record_count = records;
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
    wmbt_index_point(x, memory.data, room, contexts, 0);
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
    wmbt_index_point(x, memory.data, capacity, table.context_count, capacity);
    x->kind = table.kind | WMBT_INDEX_LIVE;
    x->seed = table.seed;
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

wmbt_index_home wmbt_index_home_of(const wmbt_index *x, const uint8_t *hash)
{
    return wmbt_index_home_here(x, hash);
}

/* --- one hash --------------------------------------------------------------------------------- */

/* True if the record has this hash, which it had while its version was *state. */
static bool wmbt_index_record_is(const wmbt_index_word *record, const wmbt_block_hash *hash,
                                 uint32_t *state)
{
    for (;;) {
        uint32_t before = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
        uint32_t differ = 0;
        for (uint32_t i = 0; i < WMBT_INDEX_HASH_WORDS; i++) {
            differ |= wmbt_index_load(record + i) ^ wmbt_load_le32(hash->bytes + (size_t)4u * i);
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

bool wmbt_index_is_full(const wmbt_index_word *bucket)
{
    uint32_t empty = 0;
    for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++) {
        empty |= wmbt_index_load(bucket + WMBT_INDEX_WAYS + way) == 0u ? 1u : 0u;
    }
    return empty == 0u;
}

/* One pass over the buckets from the home on. */
static bool wmbt_index_search(const wmbt_index *x, const wmbt_block_hash *hash,
                              wmbt_index_place *place)
{
    wmbt_index_home home = wmbt_index_home_here(x, hash->bytes);
    place->bucket = home.bucket;
    for (uint32_t n = 0; n < x->bucket_count; n++) {
        const wmbt_index_word *bucket = wmbt_index_bucket(x, place->bucket);
        const wmbt_index_word *slots = bucket + WMBT_INDEX_WAYS;
        for (place->way = 0; place->way < WMBT_INDEX_WAYS; place->way++) {
            if (wmbt_index_peek(bucket + place->way) != home.tag) {
                continue;
            }
            uint32_t id = wmbt_index_load(slots + place->way);
            place->slot = (id & ~WMBT_INDEX_GHOST) - 1u;
            if (place->slot < x->record_count &&
                wmbt_index_record_is(wmbt_index_record(x, place->slot), hash, &place->state) &&
                wmbt_index_load(slots + place->way) == id) {
                place->is_ghost = (id & WMBT_INDEX_GHOST) != 0u;
                return true;
            }
        }
        if (!wmbt_index_is_full(bucket)) {
            break;
        }
        place->bucket = wmbt_index_next_bucket(x, place->bucket);
    }
    return false;
}

bool wmbt_index_find(const wmbt_index *x, const wmbt_block_hash *hash, wmbt_index_place *place)
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
    return wmbt_index_find(x, hash, &place) && !place.is_ghost;
}

static void wmbt_index_copy_words(uint8_t *to, const wmbt_index_word *from, uint32_t words)
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
    return (state & WMBT_INDEX_VERSION_STEP) == 0u &&
           wmbt_index_load(record + WMBT_INDEX_RECORD_STATE) == state;
}

wmbt_status wmbt_index_get(const wmbt_index *x, const wmbt_block_hash *hash, wmbt_block_meta *meta)
{
    wmbt_status status = WMBT_STALE;
    for (uint32_t n = 0; n < WMBT_INDEX_TRIES; n++) {
        wmbt_index_place place;
        if (!wmbt_index_find(x, hash, &place) || place.is_ghost) {
            status = WMBT_MISSING;
            if (n == 0u) {
                return status;
            }
            break;
        }
        if (wmbt_index_copy(x, place.slot, place.state, meta)) {
            return WMBT_OK;
        }
    }
    wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta); /* it may be of two states */
    return status;
}

wmbt_status wmbt_index_at(const wmbt_index *x, uint32_t slot, wmbt_block_hash *hash,
                          wmbt_block_meta *meta)
{
    if (slot >= x->record_count ||
        slot >= wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_USED)) {
        return WMBT_END;
    }
    const wmbt_index_word *record = wmbt_index_record(x, slot);
    wmbt_status status = WMBT_STALE;
    for (uint32_t n = 0; n < WMBT_INDEX_TRIES; n++) {
        uint32_t state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
        if ((state & WMBT_INDEX_CONTEXT_MASK) == 0u) {
            status = WMBT_MISSING;
            if (n == 0u) {
                return status;
            }
            break;
        }
        wmbt_index_copy_words(hash->bytes, record, WMBT_INDEX_HASH_WORDS);
        if (wmbt_index_copy(x, slot, state, meta)) {
            return WMBT_OK;
        }
    }
    wmbt_bytes_fill(hash->bytes, 0, WMBT_BLOCK_HASH_BYTES);
    wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta);
    return status;
}

/* --- many hashes ------------------------------------------------------------------------------ */

#    if WMBT_PREFETCHES

static void wmbt_index_prefetch_bucket(const wmbt_index *x, const wmbt_block_hash *hash)
{
    WMBT_PREFETCH(wmbt_index_bucket(x, wmbt_index_home_here(x, hash->bytes).bucket));
}

/* The slot plus 1 of a block with the tag of this hash, by buckets alone; 0 if there is none, or
 * more than one in a bucket. */
static uint32_t wmbt_index_guess(const wmbt_index *x, const wmbt_block_hash *hash)
{
    wmbt_index_home home = wmbt_index_home_here(x, hash->bytes);
    for (uint32_t n = 0; n < x->bucket_count; n++) {
        const wmbt_index_word *bucket = wmbt_index_bucket(x, home.bucket);
        uint32_t slots = 0, matches = 0, empty = 0;
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++) {
            uint32_t id = wmbt_index_peek(bucket + WMBT_INDEX_WAYS + way);
            /* Neither empty nor a ghost, by its sign. */
            uint32_t is_it = wmbt_index_peek(bucket + way) == home.tag && (int32_t)id > 0 ? 1u : 0u;
            slots |= (0u - is_it) & id;
            matches += is_it;
            empty |= id == 0u ? 1u : 0u;
        }
        if (matches != 0u || empty != 0u) {
            return matches == 1u ? slots : 0u;
        }
        home.bucket = wmbt_index_next_bucket(x, home.bucket);
    }
    return 0;
}

/* True if the block is there. Slot `id` - 1 is the one to look at first. */
static bool wmbt_index_verify(const wmbt_index *x, const wmbt_block_hash *hash, uint32_t id)
{
#        if WMBT_CFG_INDEX_ATOMICS
    (void)id; /* it need not be in its bucket any more */
#        else
    uint32_t state;
    if (id - 1u < x->record_count &&
        wmbt_index_record_is(wmbt_index_record(x, id - 1u), hash, &state)) {
        return true;
    }
#        endif
    return wmbt_index_has(x, hash);
}

uint32_t wmbt_index_longest_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                   uint32_t count)
{
    uint32_t ids[WMBT_INDEX_BATCH];
    for (uint32_t i = 0; i < count && i < WMBT_INDEX_BATCH; i++) {
        wmbt_index_prefetch_bucket(x, hashes + i);
    }
    /* A bucket is asked for one batch before it is looked at, and its record one batch before it is
     * compared. */
    for (size_t i = 0; i < count || i - count < WMBT_INDEX_BATCH; i++) {
        uint32_t *id = &ids[i % WMBT_INDEX_BATCH];
        if (i >= WMBT_INDEX_BATCH && !wmbt_index_verify(x, hashes + (i - WMBT_INDEX_BATCH), *id)) {
            return (uint32_t)(i - WMBT_INDEX_BATCH);
        }
        if (i >= count) {
            continue;
        }
        if (count - i > WMBT_INDEX_BATCH) {
            wmbt_index_prefetch_bucket(x, hashes + i + WMBT_INDEX_BATCH);
        }
        *id = wmbt_index_guess(x, hashes + i);
        if (*id - 1u < x->record_count) {
            WMBT_PREFETCH(wmbt_index_record(x, *id - 1u));
        }
    }
    return count;
}

uint32_t wmbt_index_likely_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                  uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count && i < WMBT_INDEX_BATCH; i++) {
        wmbt_index_prefetch_bucket(x, hashes + i);
    }
    for (; n < count; n++) {
        if (count - n > WMBT_INDEX_BATCH) {
            wmbt_index_prefetch_bucket(x, hashes + n + WMBT_INDEX_BATCH);
        }
        /* A miss is looked at again: two tags alike, or the writer moved it. */
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

uint32_t wmbt_index_longest_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                   uint32_t count)
{
    uint32_t n = 0;
    while (n < count && wmbt_index_has(x, hashes + n)) {
        n++;
    }
    return n;
}

/* Without lines to wait for, comparing all of a hash costs nothing to speak of. */
uint32_t wmbt_index_likely_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                  uint32_t count)
{
    return wmbt_index_longest_prefix(x, hashes, count);
}

static uint32_t wmbt_index_guess(const wmbt_index *x, const wmbt_block_hash *hash)
{
    return wmbt_index_has(x, hash) ? 1u : 0u;
}

static void wmbt_index_prefetch_bucket(const wmbt_index *x, const wmbt_block_hash *hash)
{
    (void)x;
    (void)hash;
}

#    endif

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
            wmbt_index_prefetch_bucket(x, hashes + at - 1u);
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
    for (uint32_t i = 0; i < count; i++) {
        if (count - i > WMBT_INDEX_BATCH) {
            wmbt_index_prefetch_bucket(x, hashes + i + WMBT_INDEX_BATCH);
        }
        if (wmbt_index_has(x, hashes + i)) {
            uint8_t *byte = present.data + (i >> 3);
            *byte = (uint8_t)(*byte | 1u << (i & 7u));
        }
    }
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

/* Puts `slot` into the heap of `count` slots at `at` or below, the last hash on top. */
static void wmbt_index_sink(const wmbt_index *x, uint32_t *slots, uint32_t count, uint32_t at,
                            uint32_t slot)
{
    while (at < count / 2u) {
        uint32_t child = 2u * at + 1u;
        if (child + 1u < count && wmbt_index_is_before(x, slots[child], slots[child + 1u])) {
            child++;
        }
        if (!wmbt_index_is_before(x, slot, slots[child])) {
            break;
        }
        slots[at] = slots[child];
        at = child;
    }
    slots[at] = slot;
}

wmbt_status wmbt_index_sort(const wmbt_index *x, uint32_t *slots, uint32_t room, uint32_t *count)
{
    uint32_t used = wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_USED);
    uint32_t n = 0;
    for (uint32_t pass = 0; pass < 2u; pass++) { /* counts, then writes */
        n = 0;
        for (uint32_t slot = 0; slot < used && slot < x->record_count; slot++) {
            const wmbt_index_word *record = wmbt_index_record(x, slot);
            uint32_t state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
            if ((state & WMBT_INDEX_CONTEXT_MASK) != 0u) {
                if (pass != 0u && n < room) {
                    slots[n] = slot;
                }
                n++;
            }
        }
        if (n > room) {
            return WMBT_BUFFER_TOO_SMALL;
        }
    }
    for (uint32_t at = n / 2u; at-- > 0u;) {
        wmbt_index_sink(x, slots, n, at, slots[at]);
    }
    for (uint32_t left = n; left > 1u; left--) {
        uint32_t slot = slots[left - 1u];
        slots[left - 1u] = slots[0];
        wmbt_index_sink(x, slots, left - 1u, 0, slot);
    }
    *count = n;
    return WMBT_OK;
}

#endif
