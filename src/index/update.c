/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block index: changing. The order of the stores is what readers on other cores rely on:
 * a record is written before a bucket names it, and after no bucket names it any more; while its
 * fields are written its version is odd; a bucket is never seen with a hole that ends a search too
 * early, and an entry that moves is in two places for a while.
 */
#include "wombatkv/index.h"

#include "base/bytes.h"
#include "index/table.h"

#if WMBT_CFG_INDEX

static wmbt_index_word *wmbt_index_writable(const wmbt_index_writer *w, const void *part)
{
    size_t offset = (size_t)((const uint8_t *)part - (const uint8_t *)w->memory);
    return (wmbt_index_word *)(void *)((uint8_t *)w->memory + offset);
}

static wmbt_index_word *wmbt_index_field(const wmbt_index_writer *w, uint32_t at)
{
    return wmbt_index_writable(w, wmbt_index_header(&w->index) + at);
}

static wmbt_index_word *wmbt_index_record_of(const wmbt_index_writer *w, uint32_t slot)
{
    return wmbt_index_writable(w, wmbt_index_record(&w->index, slot));
}

static void wmbt_index_count_up(wmbt_index_word *p)
{
    wmbt_index_store(p, wmbt_index_peek(p) + 1u);
}

static uint32_t wmbt_index_count_down(wmbt_index_word *p)
{
    uint32_t left = wmbt_index_peek(p) - 1u;
    wmbt_index_store(p, left);
    return left;
}

static void wmbt_index_store64(wmbt_index_word *p, uint64_t v)
{
    wmbt_index_store(p, (uint32_t)v);
    wmbt_index_store(p + 1, (uint32_t)(v >> 32));
}

static void wmbt_index_store_bytes(wmbt_index_word *to, const uint8_t *from, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        wmbt_index_store(to + i, wmbt_load_le32(from + (size_t)4u * i));
    }
}

wmbt_status wmbt_index_init(wmbt_buf memory, const wmbt_index_config *config, wmbt_index_writer *w)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (config->capacity > WMBT_INDEX_MAX_CAPACITY || config->contexts > WMBT_INDEX_MAX_CONTEXTS) {
        return WMBT_TOO_LARGE;
    }
    if (wmbt_index_bytes(config->capacity, config->contexts, config->capacity) > memory.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_INDEX_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    /* Records are cleared when they are taken. */
    wmbt_bytes_fill(memory.data, 0,
                    (size_t)wmbt_index_bytes(config->capacity, config->contexts, 0));
    w->memory = memory.data;
    w->context_hint = 0;
    wmbt_index_point(&w->index, memory.data, config->capacity, config->contexts, config->capacity);
    w->index.seed = config->seed;
    w->index.kind = WMBT_INDEX_LIVE;
    if (config->prefix_closed) {
        w->index.kind |= WMBT_INDEX_CLOSED;
    }
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_VERSION), WMBT_INDEX_VERSION);
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_CAPACITY), config->capacity);
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_CONTEXTS), config->contexts);
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_KIND), w->index.kind & WMBT_INDEX_CLOSED);
    wmbt_index_store64(wmbt_index_field(w, WMBT_INDEX_AT_SEED), config->seed);
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_MAGIC), WMBT_INDEX_MAGIC);
    return WMBT_OK;
}

/* --- records ---------------------------------------------------------------------------------- */

/* From here on readers see that the record is being written. */
static uint32_t wmbt_index_begin(wmbt_index_word *record)
{
    uint32_t state = wmbt_index_peek(record + WMBT_INDEX_RECORD_STATE);
    wmbt_index_store(record + WMBT_INDEX_RECORD_STATE, state + WMBT_INDEX_VERSION_STEP);
    return (state & ~WMBT_INDEX_CONTEXT_MASK) + 2u * WMBT_INDEX_VERSION_STEP;
}

static void wmbt_index_end(wmbt_index_word *record, uint32_t version, uint32_t context)
{
    wmbt_index_store(record + WMBT_INDEX_RECORD_STATE, version | context);
}

/* Clears all but the state; the children are none. */
static void wmbt_index_clear(wmbt_index_word *record)
{
    for (uint32_t i = 0; i < WMBT_INDEX_RECORD_STATE; i++) {
        wmbt_index_store(record + i, 0);
    }
}

/* A slot for a hash, not yet in a bucket. There is one. */
static uint32_t wmbt_index_take(wmbt_index_writer *w, const wmbt_block_hash *hash)
{
    wmbt_index_word *free_list = wmbt_index_field(w, WMBT_INDEX_AT_FREE);
    uint32_t slot = wmbt_index_peek(free_list);
    if (slot != 0u) {
        slot--;
        wmbt_index_store(free_list,
                         wmbt_index_peek(wmbt_index_record_of(w, slot) + WMBT_INDEX_RECORD_PARENT));
        (void)wmbt_index_count_down(wmbt_index_field(w, WMBT_INDEX_AT_FREE_COUNT));
    } else {
        wmbt_index_word *used = wmbt_index_field(w, WMBT_INDEX_AT_USED);
        slot = wmbt_index_peek(used);
        wmbt_index_word *fresh = wmbt_index_record_of(w, slot);
        wmbt_index_clear(fresh);
        wmbt_index_store(fresh + WMBT_INDEX_RECORD_STATE, 0);
        wmbt_index_store(fresh + WMBT_INDEX_RECORD_CHILDREN, 0);
        wmbt_index_store(used, slot + 1u);
    }
    wmbt_index_word *record = wmbt_index_record_of(w, slot);
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_store_bytes(record, hash->bytes, WMBT_INDEX_HASH_WORDS);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, 0);
    wmbt_index_end(record, version, 0);
    return slot;
}

/* Gives back a slot that is in no bucket. */
static void wmbt_index_give(wmbt_index_writer *w, uint32_t slot)
{
    wmbt_index_word *free_list = wmbt_index_field(w, WMBT_INDEX_AT_FREE);
    wmbt_index_word *record = wmbt_index_record_of(w, slot);
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_clear(record);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, wmbt_index_peek(free_list));
    wmbt_index_end(record, version, 0);
    wmbt_index_store(free_list, slot + 1u);
    wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_FREE_COUNT));
}

/* --- buckets ---------------------------------------------------------------------------------- */

/* Names a slot in the first bucket with room. There are more places than slots. */
static void wmbt_index_link(wmbt_index_writer *w, const wmbt_block_hash *hash, uint32_t id)
{
    wmbt_index_home home = wmbt_index_home_of(&w->index, hash->bytes);
    for (;;) {
        wmbt_index_word *bucket = wmbt_index_writable(w, wmbt_index_bucket(&w->index, home.bucket));
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++) {
            if (wmbt_index_peek(bucket + WMBT_INDEX_WAYS + way) == 0u) {
                wmbt_index_store(bucket + way, home.tag);
                wmbt_index_store(bucket + WMBT_INDEX_WAYS + way, id);
                return;
            }
        }
        home.bucket = wmbt_index_next_bucket(&w->index, home.bucket);
    }
}

/* Buckets from a to b, round the end. */
static uint32_t wmbt_index_distance(const wmbt_index *x, uint32_t a, uint32_t b)
{
    return b >= a ? b - a : b + (x->bucket_count - a);
}

/* An entry of a later bucket that a search would no longer find if `hole` had an empty place. */
static bool wmbt_index_find_displaced(const wmbt_index *x, uint32_t hole, wmbt_index_place *found)
{
    uint32_t at = hole;
    do {
        at = wmbt_index_next_bucket(x, at);
        const wmbt_index_word *bucket = wmbt_index_bucket(x, at);
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS && at != hole; way++) {
            uint32_t id = wmbt_index_peek(bucket + WMBT_INDEX_WAYS + way);
            if (id == 0u) {
                continue;
            }
            const void *record = wmbt_index_record(x, (id & ~WMBT_INDEX_GHOST) - 1u);
            uint32_t home = wmbt_index_home_of(x, record).bucket; /* it begins with its hash */
            if (wmbt_index_distance(x, home, at) >= wmbt_index_distance(x, hole, at)) {
                found->bucket = at;
                found->way = way;
                return true;
            }
        }
    } while (at != hole && wmbt_index_is_full(wmbt_index_bucket(x, at)));
    return false;
}

/* Empties a place, and brings back what was displaced by it. */
static void wmbt_index_unlink(wmbt_index_writer *w, uint32_t bucket, uint32_t way)
{
    const wmbt_index *x = &w->index;
    wmbt_index_word *hole = wmbt_index_writable(w, wmbt_index_bucket(x, bucket) + way);
    while (wmbt_index_is_full(wmbt_index_bucket(x, bucket))) {
        wmbt_index_place from;
        if (!wmbt_index_find_displaced(x, bucket, &from)) {
            break;
        }
        wmbt_index_word *place =
            wmbt_index_writable(w, wmbt_index_bucket(x, from.bucket) + from.way);
        wmbt_index_store(hole, wmbt_index_peek(place));
        wmbt_index_store(hole + WMBT_INDEX_WAYS, wmbt_index_peek(place + WMBT_INDEX_WAYS));
        wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_MOVES));
        hole = place;
        bucket = from.bucket;
    }
    wmbt_index_store(hole + WMBT_INDEX_WAYS, 0);
}

/* --- contexts --------------------------------------------------------------------------------- */

static bool wmbt_index_context_is(const wmbt_index *x, uint32_t context,
                                  const wmbt_block_meta *meta)
{
    const wmbt_index_word *of = wmbt_index_context(x, context);
    uint32_t differ = wmbt_index_peek(of + WMBT_INDEX_CONTEXT_FLAGS) ^ meta->ext_flags;
    for (uint32_t i = 0; i < 6u; i++) {
        differ |=
            wmbt_index_peek(of + i) ^ wmbt_load_le32(meta->model_digest.bytes + (size_t)4u * i);
    }
    for (uint32_t i = 0; i < 4u; i++) {
        differ |= wmbt_index_peek(of + WMBT_INDEX_CONTEXT_TAG + i) ^
                  wmbt_load_le32(meta->layout_tag.bytes + (size_t)4u * i);
    }
    return differ == 0u && wmbt_index_peek(of + WMBT_INDEX_CONTEXT_USERS) != 0u;
}

/* The context of a record: one that is there, or a free one, which is not taken yet. False if there
 * is none. */
static bool wmbt_index_choose_context(wmbt_index_writer *w, const wmbt_block_meta *meta,
                                      uint32_t *context)
{
    const wmbt_index *x = &w->index;
    uint32_t used = wmbt_index_peek(wmbt_index_field(w, WMBT_INDEX_AT_CONTEXTS_USED));
    if (w->context_hint < used && wmbt_index_context_is(x, w->context_hint, meta)) {
        *context = w->context_hint;
        return true;
    }
    uint32_t unused = used;
    for (uint32_t i = 0; i < used; i++) {
        if (wmbt_index_context_is(x, i, meta)) {
            *context = i;
            return true;
        }
        if (wmbt_index_peek(wmbt_index_context(x, i) + WMBT_INDEX_CONTEXT_USERS) == 0u) {
            unused = i;
        }
    }
    *context = unused;
    return unused < x->context_count;
}

static void wmbt_index_hold_context(wmbt_index_writer *w, uint32_t context,
                                    const wmbt_block_meta *meta)
{
    wmbt_index_word *of = wmbt_index_writable(w, wmbt_index_context(&w->index, context));
    wmbt_index_word *used = wmbt_index_field(w, WMBT_INDEX_AT_CONTEXTS_USED);
    if (context >= wmbt_index_peek(used)) {
        wmbt_index_store(used, context + 1u);
    }
    if (wmbt_index_peek(of + WMBT_INDEX_CONTEXT_USERS) == 0u) {
        wmbt_index_store_bytes(of, meta->model_digest.bytes, 6);
        wmbt_index_store_bytes(of + WMBT_INDEX_CONTEXT_TAG, meta->layout_tag.bytes, 4);
        wmbt_index_store(of + WMBT_INDEX_CONTEXT_FLAGS, meta->ext_flags);
    }
    wmbt_index_count_up(of + WMBT_INDEX_CONTEXT_USERS);
    w->context_hint = context;
}

static void wmbt_index_drop_context(wmbt_index_writer *w, uint32_t context)
{
    wmbt_index_word *of = wmbt_index_writable(w, wmbt_index_context(&w->index, context));
    (void)wmbt_index_count_down(of + WMBT_INDEX_CONTEXT_USERS);
}

/* --- parents ---------------------------------------------------------------------------------- */

/* A child of slot `parent` - 1 goes; a ghost without children goes with it. */
static void wmbt_index_drop_parent(wmbt_index_writer *w, uint32_t parent)
{
    if (parent == 0u) {
        return;
    }
    wmbt_index_word *record = wmbt_index_record_of(w, parent - 1u);
    uint32_t left = wmbt_index_count_down(record + WMBT_INDEX_RECORD_CHILDREN);
    uint32_t context = wmbt_index_peek(record + WMBT_INDEX_RECORD_STATE) & WMBT_INDEX_CONTEXT_MASK;
    if (left == 0u && context == 0u) {
        wmbt_index_place place; /* a record begins with its hash, which nobody else writes */
        if (wmbt_index_find(&w->index, (const void *)record, &place)) {
            wmbt_index_unlink(w, place.bucket, place.way);
        }
        wmbt_index_give(w, parent - 1u);
    }
}

/* What an insert found out before it changes anything. */
typedef struct wmbt_index_change {
    wmbt_index_place own; /* of the block, a ghost included */
    bool has_own;
    bool is_there;
    bool parent_is_new; /* it needs a ghost */
    uint32_t parent; /* slot plus 1, of one that has a place, or of the block itself: see below */
    uint32_t context;
} wmbt_index_change;

/* The parent is the block itself, which may have no slot yet. */
#    define WMBT_INDEX_SELF UINT32_MAX

/* What a prefix-closed table asks of a block. */
static wmbt_status wmbt_index_check_closed(const wmbt_index_writer *w,
                                           const wmbt_index_change *change,
                                           const wmbt_block_meta *meta)
{
    const wmbt_index *x = &w->index;
    uint32_t seq = 0;
    if (change->parent_is_new || (change->parent == WMBT_INDEX_SELF && !change->is_there)) {
        return WMBT_MISSING;
    }
    if (change->is_there) { /* what it is to others stays */
        const wmbt_index_word *own = wmbt_index_record(x, change->own.slot);
        return wmbt_index_peek(own + WMBT_INDEX_RECORD_PARENT) == change->parent &&
                       wmbt_index_peek(own + WMBT_INDEX_RECORD_SEQ) == meta->block_seq
                   ? WMBT_OK
                   : WMBT_WRONG_BLOCK;
    }
    if (change->parent != 0u) {
        const wmbt_index_word *parent = wmbt_index_record(x, change->parent - 1u);
        seq = wmbt_index_peek(parent + WMBT_INDEX_RECORD_SEQ) + 1u;
        if (seq == 0u) { /* no number follows 2^32 - 1 */
            return WMBT_WRONG_BLOCK;
        }
    }
    return meta->block_seq == seq ? WMBT_OK : WMBT_WRONG_BLOCK;
}

static wmbt_status wmbt_index_prepare(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                      const wmbt_block_meta *meta, wmbt_index_change *change)
{
    change->has_own = wmbt_index_find(&w->index, hash, &change->own);
    change->is_there = change->has_own && !change->own.is_ghost;
    change->parent = 0;
    change->parent_is_new = false;
    if (wmbt_block_hash_equal(&meta->parent_hash, hash) && !wmbt_block_hash_is_zero(hash)) {
        change->parent = WMBT_INDEX_SELF;
    } else if (!wmbt_block_hash_is_zero(&meta->parent_hash)) {
        wmbt_index_place parent;
        change->parent_is_new = !wmbt_index_find(&w->index, &meta->parent_hash, &parent);
        change->parent = change->parent_is_new ? 0u : parent.slot + 1u;
    }
    if ((w->index.kind & WMBT_INDEX_CLOSED) != 0u) {
        wmbt_status status = wmbt_index_check_closed(w, change, meta);
        if (status != WMBT_OK) {
            return status;
        }
    }
    uint32_t needed = (change->has_own ? 0u : 1u) + (change->parent_is_new ? 1u : 0u);
    if (needed > wmbt_index_room(&w->index)) {
        return WMBT_FULL;
    }
    return wmbt_index_choose_context(w, meta, &change->context) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

static void wmbt_index_write(wmbt_index_word *record, const wmbt_block_meta *meta, uint64_t now_ns,
                             uint32_t parent, uint32_t context)
{
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_store64(record + WMBT_INDEX_RECORD_PAYLOAD, meta->payload_bytes);
    wmbt_index_store64(record + WMBT_INDEX_RECORD_STAMP, now_ns);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, parent);
    wmbt_index_store(record + WMBT_INDEX_RECORD_SEQ, meta->block_seq);
    wmbt_index_end(record, version, context + 1u);
}

/* Returns the parent that the block had and that is to be dropped, or 0. */
static uint32_t wmbt_index_commit(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                  const wmbt_block_meta *meta, uint64_t now_ns,
                                  wmbt_index_change *change)
{
    uint32_t old_parent = 0, old_context = 0;
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    if (!change->has_own) {
        change->own.slot = wmbt_index_take(w, hash);
    }
    wmbt_index_word *record = wmbt_index_record_of(w, change->own.slot);
    if (change->is_there) {
        old_parent = wmbt_index_peek(record + WMBT_INDEX_RECORD_PARENT);
        old_context = wmbt_index_peek(record + WMBT_INDEX_RECORD_STATE) & WMBT_INDEX_CONTEXT_MASK;
    }
    if (change->parent == WMBT_INDEX_SELF) {
        change->parent = change->own.slot + 1u;
    } else if (change->parent_is_new) {
        change->parent = wmbt_index_take(w, &meta->parent_hash) + 1u;
        wmbt_index_link(w, &meta->parent_hash, change->parent | WMBT_INDEX_GHOST);
    }
    if (change->parent != 0u) {
        wmbt_index_count_up(wmbt_index_record_of(w, change->parent - 1u) +
                            WMBT_INDEX_RECORD_CHILDREN);
    }
    wmbt_index_hold_context(w, change->context, meta);
    wmbt_index_write(record, meta, now_ns, change->parent, change->context);
    if (!change->has_own) {
        wmbt_index_link(w, hash, change->own.slot + 1u);
    } else if (!change->is_there) {
        wmbt_index_store(wmbt_index_writable(w, wmbt_index_bucket(&w->index, change->own.bucket)) +
                             WMBT_INDEX_WAYS + change->own.way,
                         change->own.slot + 1u);
    }
    if (!change->is_there) {
        wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_COUNT));
    } else {
        wmbt_index_drop_context(w, old_context - 1u);
    }
    return old_parent;
}

/* Apart from dropping the old parent, so that the stack of the two does not add up. */
static WMBT_NOINLINE wmbt_status wmbt_index_replace(wmbt_index_writer *w,
                                                    const wmbt_block_hash *hash,
                                                    const wmbt_block_meta *meta, uint64_t now_ns,
                                                    uint32_t *old_parent)
{
    wmbt_index_change change;
    wmbt_status status = wmbt_index_prepare(w, hash, meta, &change);
    if (status == WMBT_OK) {
        *old_parent = wmbt_index_commit(w, hash, meta, now_ns, &change);
    }
    return status;
}

wmbt_status wmbt_index_insert(wmbt_index_writer *w, const wmbt_block_hash *hash,
                              const wmbt_block_meta *meta, uint64_t now_ns)
{
    uint32_t old_parent = 0;
    wmbt_status status = wmbt_index_replace(w, hash, meta, now_ns, &old_parent);
    wmbt_index_drop_parent(w, old_parent);
    return status;
}

wmbt_status wmbt_index_add(wmbt_index_writer *w, const wmbt_block_hash *hash,
                           const wmbt_block_meta *meta)
{
    return wmbt_index_has(&w->index, hash) ? WMBT_STALE
                                           : wmbt_index_insert(w, hash, meta, meta->last_access_ns);
}

wmbt_status wmbt_index_get_and_touch(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                     uint64_t now_ns, wmbt_block_meta *meta)
{
    wmbt_index_place place;
    if (!wmbt_index_find(&w->index, hash, &place) || place.is_ghost) {
        return WMBT_MISSING;
    }
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    wmbt_index_word *record = wmbt_index_record_of(w, place.slot);
    uint32_t version = wmbt_index_begin(record);
    uint32_t state = version | (place.state & WMBT_INDEX_CONTEXT_MASK);
    wmbt_index_store64(record + WMBT_INDEX_RECORD_STAMP, now_ns);
    wmbt_index_store(record + WMBT_INDEX_RECORD_STATE, state);
    (void)wmbt_index_copy(&w->index, place.slot, state, meta);
    return WMBT_OK;
}

static wmbt_status wmbt_index_remove_if(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                        const uint64_t *last_access_ns)
{
    wmbt_index_place place;
    if (!wmbt_index_find(&w->index, hash, &place) || place.is_ghost) {
        return WMBT_MISSING;
    }
    wmbt_index_word *record = wmbt_index_record_of(w, place.slot);
    if (last_access_ns != NULL &&
        wmbt_index_load64(record + WMBT_INDEX_RECORD_STAMP) != *last_access_ns) {
        return WMBT_STALE;
    }
    uint32_t parent = wmbt_index_peek(record + WMBT_INDEX_RECORD_PARENT);
    uint32_t children = wmbt_index_peek(record + WMBT_INDEX_RECORD_CHILDREN);
    if ((w->index.kind & WMBT_INDEX_CLOSED) != 0u && children != 0u) {
        return WMBT_BAD_STATE;
    }
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    (void)wmbt_index_count_down(wmbt_index_field(w, WMBT_INDEX_AT_COUNT));
    wmbt_index_drop_context(w, (place.state & WMBT_INDEX_CONTEXT_MASK) - 1u);
    if (children == 0u) {
        wmbt_index_unlink(w, place.bucket, place.way);
        wmbt_index_give(w, place.slot);
    } else {
        wmbt_index_store(wmbt_index_writable(w, wmbt_index_bucket(&w->index, place.bucket)) +
                             WMBT_INDEX_WAYS + place.way,
                         (place.slot + 1u) | WMBT_INDEX_GHOST);
        uint32_t version = wmbt_index_begin(record);
        for (uint32_t i = WMBT_INDEX_HASH_WORDS; i < WMBT_INDEX_RECORD_STATE; i++) {
            wmbt_index_store(record + i, 0);
        }
        wmbt_index_end(record, version, 0);
    }
    wmbt_index_drop_parent(w, parent); /* which may be the block itself, a ghost by now */
    return WMBT_OK;
}

wmbt_status wmbt_index_remove(wmbt_index_writer *w, const wmbt_block_hash *hash)
{
    return wmbt_index_remove_if(w, hash, NULL);
}

wmbt_status wmbt_index_remove_if_unchanged(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                           uint64_t last_access_ns)
{
    return wmbt_index_remove_if(w, hash, &last_access_ns);
}

#endif
