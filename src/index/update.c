/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block index: changing. The order of the stores is what readers on other cores rely on:
 * a record is written before a bucket names it, and after no bucket names it any more; while its
 * fields are written its version is odd; a bucket is never seen with a hole that ends a search too
 * early, and an entry that moves is in two places for a while.
 */
#include "wombatkv/index.h"

#include <stddef.h>

#include "base/bytes.h"
#include "index/table.h"

#if WMBT_CFG_INDEX

WMBT_STATIC_ASSERT(offsetof(wmbt_block_meta, model_digest) + WMBT_MODEL_DIGEST_BYTES ==
                       offsetof(wmbt_block_meta, layout_tag),
                   "digest and tag follow one another");

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

wmbt_status wmbt_index_start(wmbt_index_writer *w, wmbt_buf memory)
{
    w->memory = memory.data;
    w->context_hint = 0;
    w->last = 0;
    return wmbt_index_attach(wmbt_view_of(memory.data, memory.len), &w->index);
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
    wmbt_index_word *header = (wmbt_index_word *)(void *)memory.data;
    wmbt_index_store(header + WMBT_INDEX_AT_VERSION, WMBT_INDEX_VERSION);
    wmbt_index_store(header + WMBT_INDEX_AT_CAPACITY, config->capacity);
    wmbt_index_store(header + WMBT_INDEX_AT_CONTEXTS, config->contexts);
    wmbt_index_store(header + WMBT_INDEX_AT_KIND, config->prefix_closed ? WMBT_INDEX_CLOSED : 0u);
    wmbt_index_store64(header + WMBT_INDEX_AT_SEED, config->seed);
    wmbt_index_store(header + WMBT_INDEX_AT_MAGIC, WMBT_INDEX_MAGIC);
    return wmbt_index_start(w, memory);
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

/* Clears all but the state and the children, which are none. */
static void wmbt_index_clear(wmbt_index_word *record)
{
    for (uint32_t i = 0; i < WMBT_INDEX_RECORD_STATE; i++) {
        wmbt_index_store(record + i, 0);
    }
}

/* A slot for a hash, plus 1, not yet in a bucket. There is one. */
static uint32_t wmbt_index_take(wmbt_index_writer *w, const uint8_t *hash)
{
    wmbt_index_word *free_list = wmbt_index_field(w, WMBT_INDEX_AT_FREE);
    uint32_t id = wmbt_index_peek(free_list);
    wmbt_index_word *record;
    if (id != 0u) {
        record = wmbt_index_record_of(w, id - 1u);
        wmbt_index_store(free_list, wmbt_index_peek(record + WMBT_INDEX_RECORD_PARENT));
        (void)wmbt_index_count_down(wmbt_index_field(w, WMBT_INDEX_AT_FREE_COUNT));
    } else {
        wmbt_index_word *used = wmbt_index_field(w, WMBT_INDEX_AT_USED);
        id = wmbt_index_peek(used) + 1u;
        record = wmbt_index_record_of(w, id - 1u);
        wmbt_index_clear(record);
        wmbt_index_store(record + WMBT_INDEX_RECORD_STATE, 0);
        wmbt_index_store(record + WMBT_INDEX_RECORD_CHILDREN, 0);
        wmbt_index_store(used, id);
    }
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_store_bytes(record, hash, WMBT_INDEX_HASH_WORDS);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, 0);
    wmbt_index_end(record, version, 0);
    return id;
}

/* Gives back a slot that is in no bucket. */
static void wmbt_index_give(wmbt_index_writer *w, wmbt_index_word *record, uint32_t id)
{
    wmbt_index_word *free_list = wmbt_index_field(w, WMBT_INDEX_AT_FREE);
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_clear(record);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, wmbt_index_peek(free_list));
    wmbt_index_end(record, version, 0);
    wmbt_index_store(free_list, id);
    wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_FREE_COUNT));
}

/* --- buckets ---------------------------------------------------------------------------------- */

/* Names a slot at the place where its hash was looked for, or if that was taken meanwhile, at the
 * next one. There are more places than slots. */
static void wmbt_index_link(const wmbt_index_writer *w, const uint8_t *hash,
                            wmbt_index_place *place, uint32_t id)
{
    if (wmbt_index_peek(place->at + WMBT_INDEX_WAYS) != 0u) {
        (void)wmbt_index_find(&w->index, hash, place);
    }
    wmbt_index_word *at = wmbt_index_writable(w, place->at);
    wmbt_index_store(at, place->tag);
    wmbt_index_store(at + WMBT_INDEX_WAYS, id);
}

/* An entry of bucket `at` that a search would not find if bucket `hole` had an empty place, or
 * NULL. */
static const wmbt_index_word *wmbt_index_displaced(const wmbt_index *x, uint32_t hole, uint32_t at)
{
    const wmbt_index_word *entry = wmbt_index_bucket(x, at);
    for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++, entry++) {
        uint32_t id = wmbt_index_peek(entry + WMBT_INDEX_WAYS) & ~WMBT_INDEX_GHOST;
        if (id != 0u) {
            const void *record = wmbt_index_record(x, id - 1u); /* it begins with its hash */
            uint32_t home = (uint32_t)(wmbt_index_home(x, record) >> 32);
            if (at - home >= at - hole) { /* round the end, modulo 2^32, is farther away */
                return entry;
            }
        }
    }
    return NULL;
}

/* Empties a place, and brings back what was displaced by it. */
static void wmbt_index_unlink(const wmbt_index_writer *w, const wmbt_index_word *place)
{
    const wmbt_index *x = &w->index;
    wmbt_index_word *hole = wmbt_index_writable(w, place);
    size_t offset = (size_t)((const uint8_t *)place - (const uint8_t *)x->buckets);
    uint32_t bucket = (uint32_t)(offset >> 6), at = bucket;
    while (wmbt_index_is_full(wmbt_index_bucket(x, at))) {
        at = wmbt_index_next_bucket(x, at);
        if (at == bucket) {
            break;
        }
        const wmbt_index_word *from = wmbt_index_displaced(x, bucket, at);
        if (from != NULL) {
            wmbt_index_store(hole, wmbt_index_peek(from));
            wmbt_index_store(hole + WMBT_INDEX_WAYS, wmbt_index_peek(from + WMBT_INDEX_WAYS));
            wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_MOVES));
            hole = wmbt_index_writable(w, from);
            bucket = at;
        }
    }
    wmbt_index_store(hole + WMBT_INDEX_WAYS, 0);
}

/* --- contexts --------------------------------------------------------------------------------- */

static bool wmbt_index_context_is(const wmbt_index_word *of, const wmbt_index_change *change)
{
    uint32_t differ = wmbt_index_peek(of + WMBT_INDEX_CONTEXT_FLAGS) ^ change->flags;
    for (uint32_t i = 0; i < WMBT_INDEX_MODEL_BYTES / 4u; i++) {
        differ |= wmbt_index_peek(of + i) ^ wmbt_load_le32(change->model + (size_t)4u * i);
    }
    return differ == 0u;
}

/* The context of a record: one that is there, or a free one, which is not taken yet. False if there
 * is none. */
static bool wmbt_index_choose_context(const wmbt_index_writer *w, wmbt_index_change *change)
{
    const wmbt_index *x = &w->index;
    uint32_t used = wmbt_index_contexts(x), unused = used, i = w->context_hint;
    for (uint32_t n = used; n != 0u; n--, i++) {
        i = i < used ? i : 0u;
        const wmbt_index_word *of = wmbt_index_context(x, i);
        if (wmbt_index_peek(of + WMBT_INDEX_CONTEXT_USERS) == 0u) {
            unused = i;
        } else if (wmbt_index_context_is(of, change)) {
            unused = i;
            break;
        }
    }
    change->context = unused;
    return unused < x->context_count;
}

static void wmbt_index_hold_context(wmbt_index_writer *w, const wmbt_index_change *change)
{
    wmbt_index_word *of = wmbt_index_writable(w, wmbt_index_context(&w->index, change->context));
    wmbt_index_word *used = wmbt_index_field(w, WMBT_INDEX_AT_CONTEXTS_USED);
    if (change->context >= wmbt_index_peek(used)) {
        wmbt_index_store(used, change->context + 1u);
    }
    if (wmbt_index_peek(of + WMBT_INDEX_CONTEXT_USERS) == 0u) {
        wmbt_index_store_bytes(of, change->model, WMBT_INDEX_MODEL_BYTES / 4u);
        wmbt_index_store(of + WMBT_INDEX_CONTEXT_FLAGS, change->flags);
    }
    wmbt_index_count_up(of + WMBT_INDEX_CONTEXT_USERS);
    w->context_hint = change->context;
}

/* Context `state` names, plus 1, has a record less. */
static void wmbt_index_drop_context(const wmbt_index_writer *w, uint32_t state)
{
    const wmbt_index_word *of =
        wmbt_index_context(&w->index, (state & WMBT_INDEX_CONTEXT_MASK) - 1u);
    (void)wmbt_index_count_down(wmbt_index_writable(w, of) + WMBT_INDEX_CONTEXT_USERS);
}

/* --- parents ---------------------------------------------------------------------------------- */

/* A child of slot `parent` - 1 goes; a ghost without children goes with it. *place is used. */
static void wmbt_index_drop_parent(wmbt_index_writer *w, uint32_t parent, wmbt_index_place *place)
{
    if (parent == 0u) {
        return;
    }
    wmbt_index_word *record = wmbt_index_record_of(w, parent - 1u);
    uint32_t left = wmbt_index_count_down(record + WMBT_INDEX_RECORD_CHILDREN);
    if (left == 0u && wmbt_index_context_of(&w->index, parent - 1u) == 0u) {
        /* A record begins with its hash, which nobody else writes. */
        bool is_there = wmbt_index_find(&w->index, (const void *)record, place);
        WMBT_ASSERT(is_there);
        (void)is_there;
        wmbt_index_unlink(w, place->at);
        wmbt_index_give(w, record, parent);
    }
}

/* Parents of an insert that have no slot yet: a ghost, and the block itself. */
#    define WMBT_INDEX_NEW (UINT32_MAX - 1u)
#    define WMBT_INDEX_SELF UINT32_MAX

/* What a prefix-closed table asks of a block. */
static wmbt_status wmbt_index_check_closed(const wmbt_index *x, const wmbt_index_change *change)
{
    bool is_there = wmbt_index_is_block(change->own.id);
    uint32_t parent = change->above.id, seq = 0;
    if (parent == WMBT_INDEX_NEW || (parent == WMBT_INDEX_SELF && !is_there)) {
        return WMBT_MISSING;
    }
    if (is_there) { /* what it is to others stays */
        const wmbt_index_word *own = wmbt_index_record(x, change->own.id - 1u);
        if (wmbt_index_peek(own + WMBT_INDEX_RECORD_PARENT) != parent) {
            return WMBT_WRONG_BLOCK;
        }
        seq = wmbt_index_peek(own + WMBT_INDEX_RECORD_SEQ);
    } else if (parent != 0u) {
        seq = wmbt_index_peek(wmbt_index_record(x, parent - 1u) + WMBT_INDEX_RECORD_SEQ) + 1u;
        if (seq == 0u) { /* no number follows 2^32 - 1 */
            return WMBT_WRONG_BLOCK;
        }
    }
    return change->seq == seq ? WMBT_OK : WMBT_WRONG_BLOCK;
}

/* --- changing --------------------------------------------------------------------------------- */

/* Finds out all that an insert needs, and changes nothing. */
static WMBT_NOINLINE wmbt_status wmbt_index_prepare(const wmbt_index_writer *w,
                                                    wmbt_index_change *change)
{
    const wmbt_index *x = &w->index;
    uint32_t needed = wmbt_index_find(x, change->hash, &change->own) ? 0u : 1u;
    if (change->keeps && wmbt_index_is_block(change->own.id)) {
        return WMBT_STALE;
    }
    if (wmbt_bytes_all_zero(change->parent_hash, WMBT_BLOCK_HASH_BYTES)) {
        change->above.id = 0;
    } else if (wmbt_bytes_equal(change->parent_hash, change->hash, WMBT_BLOCK_HASH_BYTES)) {
        change->above.id = WMBT_INDEX_SELF;
    } else if (w->last != 0u && wmbt_index_record_is(wmbt_index_record(x, w->last - 1u),
                                                     change->parent_hash, &change->above.state)) {
        change->above.id = w->last; /* chains come in order */
    } else if (wmbt_index_find(x, change->parent_hash, &change->above)) {
        change->above.id &= ~WMBT_INDEX_GHOST;
    } else {
        change->above.id = WMBT_INDEX_NEW;
        needed++;
    }
    if (wmbt_index_is_closed(x)) {
        wmbt_status status = wmbt_index_check_closed(x, change);
        if (status != WMBT_OK) {
            return status;
        }
    }
    if (needed > wmbt_index_room(x)) {
        return WMBT_FULL;
    }
    return wmbt_index_choose_context(w, change) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

/* Returns the parent that the block had and that is to be dropped, or 0. */
static WMBT_NOINLINE uint32_t wmbt_index_commit(wmbt_index_writer *w, wmbt_index_change *change)
{
    uint32_t old_state = 0, id = change->own.id & ~WMBT_INDEX_GHOST;
    uint32_t old_parent = 0;
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    if (id == 0u) {
        id = wmbt_index_take(w, change->hash);
    }
    wmbt_index_word *record = wmbt_index_record_of(w, id - 1u);
    if (wmbt_index_is_block(change->own.id)) {
        old_parent = wmbt_index_peek(record + WMBT_INDEX_RECORD_PARENT);
        old_state = change->own.state;
    }
    if (change->above.id == WMBT_INDEX_SELF) {
        change->above.id = id;
    } else if (change->above.id == WMBT_INDEX_NEW) {
        change->above.id = wmbt_index_take(w, change->parent_hash);
        wmbt_index_link(w, change->parent_hash, &change->above,
                        change->above.id | WMBT_INDEX_GHOST);
    }
    if (change->above.id != 0u) {
        wmbt_index_count_up(wmbt_index_record_of(w, change->above.id - 1u) +
                            WMBT_INDEX_RECORD_CHILDREN);
    }
    wmbt_index_hold_context(w, change);
    w->last = id;
    uint32_t version = wmbt_index_begin(record);
    wmbt_index_store64(record + WMBT_INDEX_RECORD_PAYLOAD, change->payload_bytes);
    wmbt_index_store64(record + WMBT_INDEX_RECORD_STAMP, change->stamp);
    wmbt_index_store(record + WMBT_INDEX_RECORD_PARENT, change->above.id);
    wmbt_index_store(record + WMBT_INDEX_RECORD_SEQ, change->seq);
    wmbt_index_end(record, version, change->context + 1u);
    if (old_state != 0u) {
        wmbt_index_drop_context(w, old_state);
        return old_parent;
    }
    wmbt_index_count_up(wmbt_index_field(w, WMBT_INDEX_AT_COUNT));
    if (change->own.id == 0u) {
        wmbt_index_link(w, change->hash, &change->own, id);
    } else { /* a ghost no more */
        wmbt_index_store(wmbt_index_writable(w, change->own.at) + WMBT_INDEX_WAYS, id);
    }
    return 0;
}

wmbt_status wmbt_index_apply(wmbt_index_writer *w, wmbt_index_change *change)
{
    wmbt_status status = wmbt_index_prepare(w, change);
    if (status == WMBT_OK) {
        wmbt_index_drop_parent(w, wmbt_index_commit(w, change), &change->own);
    }
    return status;
}

static wmbt_status wmbt_index_put(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                  const wmbt_block_meta *meta, uint64_t stamp, bool keeps)
{
    wmbt_index_change change;
    change.hash = hash->bytes;
    change.parent_hash = meta->parent_hash.bytes;
    change.model = (const uint8_t *)meta + offsetof(wmbt_block_meta, model_digest);
    change.flags = meta->ext_flags;
    change.seq = meta->block_seq;
    change.payload_bytes = meta->payload_bytes;
    change.stamp = stamp;
    change.keeps = keeps;
    return wmbt_index_apply(w, &change);
}

wmbt_status wmbt_index_insert(wmbt_index_writer *w, const wmbt_block_hash *hash,
                              const wmbt_block_meta *meta, uint64_t now_ns)
{
    return wmbt_index_put(w, hash, meta, now_ns, false);
}

wmbt_status wmbt_index_add(wmbt_index_writer *w, const wmbt_block_hash *hash,
                           const wmbt_block_meta *meta)
{
    return wmbt_index_put(w, hash, meta, meta->last_access_ns, true);
}

wmbt_status wmbt_index_get_and_touch(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                     uint64_t now_ns, wmbt_block_meta *meta)
{
    wmbt_index_place place;
    (void)wmbt_index_find(&w->index, hash->bytes, &place);
    if (!wmbt_index_is_block(place.id)) {
        return WMBT_MISSING;
    }
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    wmbt_index_word *record = wmbt_index_record_of(w, place.id - 1u);
    uint32_t version = wmbt_index_begin(record);
    uint32_t context = place.state & WMBT_INDEX_CONTEXT_MASK;
    wmbt_index_store64(record + WMBT_INDEX_RECORD_STAMP, now_ns);
    wmbt_index_end(record, version, context);
    (void)wmbt_index_copy(&w->index, place.id - 1u, version | context, meta);
    return WMBT_OK;
}

wmbt_status wmbt_index_remove_if(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                 const uint64_t *last_access_ns, uint32_t *parent)
{
    wmbt_index_place place;
    (void)wmbt_index_find(&w->index, hash->bytes, &place);
    if (!wmbt_index_is_block(place.id)) {
        return WMBT_MISSING;
    }
    wmbt_index_word *record = wmbt_index_record_of(w, place.id - 1u);
    if (last_access_ns != NULL &&
        wmbt_index_load64(record + WMBT_INDEX_RECORD_STAMP) != *last_access_ns) {
        return WMBT_STALE;
    }
    bool has_children = wmbt_index_peek(record + WMBT_INDEX_RECORD_CHILDREN) != 0u;
    if (has_children && wmbt_index_is_closed(&w->index)) {
        return WMBT_BAD_STATE;
    }
    wmbt_index_store(wmbt_index_field(w, WMBT_INDEX_AT_IMAGE), 0);
    (void)wmbt_index_count_down(wmbt_index_field(w, WMBT_INDEX_AT_COUNT));
    wmbt_index_drop_context(w, place.state);
    *parent = wmbt_index_peek(record + WMBT_INDEX_RECORD_PARENT);
    if (has_children) {
        wmbt_index_store(wmbt_index_writable(w, place.at) + WMBT_INDEX_WAYS,
                         place.id | WMBT_INDEX_GHOST);
        uint32_t version = wmbt_index_begin(record);
        for (uint32_t i = WMBT_INDEX_HASH_WORDS; i < WMBT_INDEX_RECORD_STATE; i++) {
            wmbt_index_store(record + i, 0);
        }
        wmbt_index_end(record, version, 0);
    } else {
        wmbt_index_unlink(w, place.at);
        wmbt_index_give(w, record, place.id);
    }
    wmbt_index_drop_parent(w, *parent, &place); /* which may be the block itself, a ghost by now */
    return WMBT_OK;
}

wmbt_status wmbt_index_remove(wmbt_index_writer *w, const wmbt_block_hash *hash)
{
    uint32_t parent;
    return wmbt_index_remove_if(w, hash, NULL, &parent);
}

wmbt_status wmbt_index_remove_if_unchanged(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                           uint64_t last_access_ns)
{
    uint32_t parent;
    return wmbt_index_remove_if(w, hash, &last_access_ns, &parent);
}

#endif
