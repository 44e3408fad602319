/* SPDX-License-Identifier: Apache-2.0 */
/* Files of upstream's index: keys, estimates, prefetching, eviction. metas.c has the scripts. */
#include "conformance/rows.h"
#include "wombatkv/evict.h"
#include "wombatkv/prefetch.h"
#include "wombatkv/residency.h"

#if WMBT_CFG_RESIDENCY && WMBT_CFG_PREFETCH && WMBT_CFG_EVICT

/* --- radix ------------------------------------------------------------------------------------ */

void kit_radix_key_encoder(struct kit *k)
{
    const bool is_chain = kit_cell_is(k, "op", "chain");
    wmbt_view fingerprint = kit_cell_bytes(k, "fingerprint_hex");
    wmbt_view rest = kit_cell(k, "depths"), element;
    uint64_t block = is_chain ? 0 : kit_cell_number(k, "block_index");
    if (fingerprint.len != WMBT_RESIDENCY_FINGERPRINT_BYTES) {
        kit_fail(k, KIT_BAD_TABLE, "no fingerprint of 16 bytes");
        return;
    }
    bool is_first = true;
    kit_text_begin(k);
    while (kit_element(&rest, &element)) {
        wmbt_block_hash key;
        uint32_t depth = (uint32_t)kit_number(k, element);
        wmbt_residency_key(fingerprint.data, is_chain ? depth : (uint32_t)block, depth, &key);
        kit_put(k, is_first ? "" : ",");
        kit_put_hex(k, key.bytes, sizeof key.bytes);
        is_first = false;
    }
    kit_put(k, is_first ? "empty" : "");
    kit_expect(k, "keys", kit_text_end(k));
}

void kit_radix_guardrail(struct kit *k)
{
    wmbt_residency_guard guard;
    guard.host_bytes = kit_cell_number(k, "host");
    guard.reserved_bytes = kit_cell_number(k, "reserved");
    guard.percent = (uint8_t)kit_cell_number(k, "pct");
    guard.overhead_bytes = kit_cell_number(k, "overhead");
    kit_expect_number(k, "budget", wmbt_residency_guard_budget(&guard));
    kit_expect_number(k, "entry_bytes", wmbt_residency_guard_bytes(&guard, 1));
    kit_expect_number(k, "index_bytes",
                      wmbt_residency_guard_bytes(&guard, kit_cell_number(k, "count")));
}

/* --- prefetching ------------------------------------------------------------------------------ */

/* Units in the last place that two mathematical libraries may be apart. */
#    define SCORE_TOLERANCE 2u

/* A present day. What rows say does not depend on it. */
#    define PREFETCH_NOW UINT64_C(1700000000000000000)

void kit_node_prefetch_score(struct kit *k)
{
    wmbt_block_meta meta = {0};
    wmbt_model_digest active;
    meta.block_seq = (uint32_t)kit_cell_number(k, "block_seq");
    meta.last_access_ns = kit_cell_number(k, "last_access_ns");
    kit_read_digest(k, kit_cell(k, "model_digest_hex"), &meta.model_digest);
    kit_read_digest(k, kit_cell(k, "active_digest_hex"), &active);
    uint64_t now = kit_cell_number(k, "now_ns");
    wmbt_view bits = kit_cell_bytes(k, "score_bits");
    if (k->outcome != KIT_AGREES || bits.len != 8) {
        return;
    }
    uint64_t want = kit_load_be64(bits.data), got = wmbt_prefetch_score(&meta, &active, now);
    got = got - want + SCORE_TOLERANCE <= 2 * SCORE_TOLERANCE ? want : got;
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(got >> (56 - 8 * i));
    }
    kit_expect_hex(k, "score_bits", wmbt_view_of(bytes, sizeof bytes));
}

/* hash:seq:age:digest; an age may be negative or "all". */
static void offer(struct kit *k, wmbt_prefetch *p, wmbt_view entry)
{
    wmbt_block_hash hash = {{0}};
    wmbt_block_meta meta = {0};
    kit_read_hash(k, kit_part(&entry, ':'), &hash);
    meta.block_seq = (uint32_t)kit_number(k, kit_part(&entry, ':'));
    wmbt_view age = kit_part(&entry, ':');
    if (age.len != 0 && age.data[0] == (uint8_t)'-') {
        meta.last_access_ns = PREFETCH_NOW + kit_number(k, wmbt_view_of(age.data + 1, age.len - 1));
    } else if (!kit_is(age, "all")) {
        meta.last_access_ns = PREFETCH_NOW - kit_number(k, age);
    }
    kit_read_digest(k, entry, &meta.model_digest);
    wmbt_prefetch_offer(p, &hash, &meta);
}

/* The selection; fetching it in that order is the caller's. */
void kit_node_prefetch(struct kit *k)
{
    wmbt_prefetch p;
    wmbt_model_digest active;
    wmbt_view rest = kit_cell(k, "entries"), element;
    const uint64_t top_k = kit_cell_number(k, "top_k");
    const uint32_t entries = kit_parts(rest, ',');
    const uint32_t room = top_k < entries ? (uint32_t)top_k : entries;
    kit_read_digest(k, kit_cell(k, "active_digest_hex"), &active);
    wmbt_prefetch_block *blocks = kit_alloc(k, (room + (size_t)1) * sizeof *blocks);
    if (k->outcome != KIT_AGREES) {
        return;
    }
    wmbt_prefetch_begin(&p, blocks, room, &active, PREFETCH_NOW, WMBT_PREFETCH_TIES_BY_OFFER);
    while (kit_element(&rest, &element)) {
        offer(k, &p, element);
    }
    wmbt_prefetch_end(&p);
    kit_expect_number(k, "scored", p.scored);
    kit_text_begin(k);
    for (uint32_t i = 0; i < p.count; i++) {
        kit_put(k, i == 0 ? "" : ",");
        kit_put_hex(k, blocks[i].hash.bytes, sizeof blocks[i].hash.bytes);
    }
    kit_put(k, p.count == 0 ? "empty" : "");
    kit_expect(k, "selected", kit_text_end(k));
}

/* --- eviction --------------------------------------------------------------------------------- */

/* Inserts of the row's script that may come on top of its entries. */
#    define EVICT_MORE 64u

/* What happens in the index while an object is deleted: touch.HASH+remove.HASH+insert.HASH */
static void act(struct kit *k, wmbt_index_writer *w, wmbt_view actions)
{
    while (actions.data != NULL && !kit_is(actions, "-")) {
        wmbt_view action = kit_part(&actions, '+');
        wmbt_view word = kit_part(&action, '.');
        wmbt_block_hash hash = {{0}};
        wmbt_block_meta meta = {0};
        wmbt_status status = WMBT_OK;
        kit_read_hash(k, action, &hash);
        if (kit_is(word, "touch")) {
            status = wmbt_index_get_and_touch(w, &hash, UINT64_MAX, &meta);
        } else if (kit_is(word, "remove")) {
            status = wmbt_index_remove(w, &hash);
        } else {
            meta.payload_bytes = 1;
            status = wmbt_index_insert(w, &hash, &meta, UINT64_MAX);
        }
        if (status != WMBT_OK && status != WMBT_MISSING) {
            kit_fail(k, KIT_NOT_RUN, "the index is full");
        }
    }
}

/* The script's line for a block: 1 if deleting its object fails. */
static uint32_t delete_object(struct kit *k, wmbt_index_writer *w, const wmbt_block_hash *hash)
{
    uint8_t hex[64];
    wmbt_view rest = kit_cell(k, "script"), line;
    wmbt_block_hash_to_hex(hash, hex);
    while (kit_element(&rest, &line)) {
        wmbt_view name = kit_part(&line, ':');
        bool is_it = name.len == sizeof hex;
        for (size_t i = 0; is_it && i < sizeof hex; i++) {
            is_it = name.data[i] == hex[i];
        }
        if (is_it) {
            bool fails = kit_is(kit_part(&line, ':'), "error");
            act(k, w, line);
            return fails ? 1u : 0u;
        }
    }
    return 0;
}

static void load(struct kit *k, wmbt_index_writer *w)
{
    wmbt_view rest = kit_cell(k, "entries"), entry;
    while (kit_element(&rest, &entry)) {
        wmbt_block_hash hash = {{0}};
        wmbt_block_meta meta = {0};
        kit_read_hash(k, kit_part(&entry, ':'), &hash);
        meta.payload_bytes = kit_number(k, kit_part(&entry, ':'));
        meta.last_access_ns = kit_number(k, entry);
        wmbt_status status = wmbt_index_add(w, &hash, &meta);
        if (status != WMBT_OK && status != WMBT_STALE) {
            kit_fail(k, KIT_NOT_RUN, "the index is full");
        }
    }
}

static void expect_remaining(struct kit *k, const wmbt_index *x)
{
    uint32_t room = wmbt_index_count(x), count = 0;
    uint32_t *slots = kit_alloc(k, (room + (size_t)1) * sizeof *slots);
    if (slots == NULL || wmbt_index_sort(x, slots, room, &count) != WMBT_OK) {
        return;
    }
    kit_text_begin(k);
    for (uint32_t i = 0; i < count; i++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        if (wmbt_index_at(x, slots[i], &hash, &meta) == WMBT_OK) {
            kit_put(k, i == 0 ? "" : ",");
            kit_put_hex(k, hash.bytes, sizeof hash.bytes);
        }
    }
    kit_put(k, count == 0 ? "empty" : "");
    kit_expect(k, "remaining", kit_text_end(k));
}

bool kit_index(struct kit *k, uint32_t capacity, uint32_t contexts, wmbt_index_writer *w)
{
    wmbt_index_config config = {0};
    config.capacity = capacity;
    config.contexts = contexts;
    size_t bytes = WMBT_INDEX_BYTES(config.capacity, config.contexts);
    uint8_t *memory = kit_alloc(k, bytes + WMBT_INDEX_ALIGN);
    if (memory == NULL) {
        return false;
    }
    memory += (WMBT_INDEX_ALIGN - ((uintptr_t)memory & (WMBT_INDEX_ALIGN - 1u))) % WMBT_INDEX_ALIGN;
    if (wmbt_index_init(wmbt_buf_of(memory, bytes), &config, w) != WMBT_OK) {
        kit_fail(k, KIT_NO_MEMORY, "no index of that size");
        return false;
    }
    return true;
}

void kit_node_evict(struct kit *k)
{
    wmbt_index_writer w;
    wmbt_evict e;
    wmbt_evict_block block;
    uint32_t capacity = kit_parts(kit_cell(k, "entries"), ',') + EVICT_MORE, count = 0;
    uint64_t failures = 0;
    wmbt_evict_block *blocks = kit_alloc(k, (capacity + (size_t)1) * sizeof *blocks);
    uint8_t *deleted = kit_alloc(k, (capacity + (size_t)1) * WMBT_BLOCK_HASH_BYTES);
    if (blocks == NULL || deleted == NULL || !kit_index(k, capacity, 1, &w)) {
        return;
    }
    load(k, &w);
    if (wmbt_evict_collect(&w.index, blocks, capacity, &count) != WMBT_OK) {
        return;
    }
    kit_expect_number(k, "scanned", count);
    wmbt_evict_begin(&e, blocks, count, kit_cell_number(k, "budget"));
    kit_expect_number(k, "total", e.total_bytes);
    kit_expect_number(k, "over", e.is_over ? 1 : 0);
    for (uint32_t n = 0; wmbt_evict_step(&e, &w, &block) == WMBT_OK; n++) {
        for (uint32_t i = 0; i < WMBT_BLOCK_HASH_BYTES; i++) {
            deleted[(size_t)n * WMBT_BLOCK_HASH_BYTES + i] = block.hash.bytes[i];
        }
        failures += delete_object(k, &w, &block.hash);
    }
    kit_expect_number(k, "freed", e.freed);
    kit_expect_number(k, "bytes", e.freed_bytes);
    kit_expect_number(k, "skipped", e.skipped);
    kit_expect_number(k, "failures", failures);
    kit_text_begin(k);
    for (uint32_t i = 0; i < e.freed; i++) {
        kit_put(k, i == 0 ? "" : ",");
        kit_put_hex(k, deleted + (size_t)i * WMBT_BLOCK_HASH_BYTES, WMBT_BLOCK_HASH_BYTES);
    }
    kit_put(k, e.freed == 0 ? "empty" : "");
    kit_expect(k, "deleted", kit_text_end(k));
    expect_remaining(k, &w.index);
}

#endif
