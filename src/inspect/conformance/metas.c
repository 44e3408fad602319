/* SPDX-License-Identifier: Apache-2.0 */
/* Files of upstream's block metas: made, stored, and scripts on the indexes that hold them. */
#include "conformance/rows.h"
#include "wombatkv/metavalue.h"
#include "wombatkv/residency.h"

#if WMBT_CFG_METAVALUE && WMBT_CFG_WRITERS && WMBT_CFG_RESIDENCY && WMBT_CFG_PREFETCH && \
    WMBT_CFG_EVICT

/* --- metas ------------------------------------------------------------------------------------ */

static void read_tag(struct kit *k, wmbt_view hex, wmbt_layout_tag *tag)
{
    kit_read_bytes(k, hex, tag->bytes, sizeof tag->bytes, "no tag of 16 bytes");
}

/* parent:seq:payload:stamp:digest:tag:flags */
static void read_meta(struct kit *k, wmbt_view cell, wmbt_block_meta *meta)
{
    kit_read_hash(k, kit_part(&cell, ':'), &meta->parent_hash);
    meta->block_seq = (uint32_t)kit_number(k, kit_part(&cell, ':'));
    meta->payload_bytes = kit_number(k, kit_part(&cell, ':'));
    meta->last_access_ns = kit_number(k, kit_part(&cell, ':'));
    kit_read_digest(k, kit_part(&cell, ':'), &meta->model_digest);
    read_tag(k, kit_part(&cell, ':'), &meta->layout_tag);
    meta->ext_flags = (uint32_t)kit_number(k, cell);
}

static void put_meta(struct kit *k, const wmbt_block_meta *meta)
{
    kit_put_hex(k, meta->parent_hash.bytes, sizeof meta->parent_hash.bytes);
    kit_put(k, ":");
    kit_put_number(k, meta->block_seq);
    kit_put(k, ":");
    kit_put_number(k, meta->payload_bytes);
    kit_put(k, ":");
    kit_put_number(k, meta->last_access_ns);
    kit_put(k, ":");
    kit_put_hex(k, meta->model_digest.bytes, sizeof meta->model_digest.bytes);
    kit_put(k, ":");
    kit_put_hex(k, meta->layout_tag.bytes, sizeof meta->layout_tag.bytes);
    kit_put(k, ":");
    kit_put_number(k, meta->ext_flags);
}

static void expect_meta(struct kit *k, const char *column, const wmbt_block_meta *meta)
{
    kit_text_begin(k);
    put_meta(k, meta);
    kit_expect(k, column, kit_text_end(k));
}

void kit_radix_block_meta(struct kit *k)
{
    wmbt_block_meta meta = {0};
    wmbt_model_digest digest = {{0}};
    wmbt_layout_tag tag = {{0}};
    wmbt_block_hash parent = {{0}};
    if (kit_cell_is(k, "op", "zero_hash")) {
        kit_expect_hex(k, "result", wmbt_view_of(wmbt_block_hash_zero.bytes, sizeof parent.bytes));
        return;
    }
    const uint64_t now = kit_cell_number(k, "now");
    if (kit_cell_is(k, "op", "touch")) {
        read_meta(k, kit_cell(k, "input_meta"), &meta);
        wmbt_block_meta_touch(&meta, now);
        expect_meta(k, "result", &meta);
        return;
    }
    const uint64_t payload = kit_cell_number(k, "payload_bytes");
    kit_read_digest(k, kit_cell(k, "model_digest_hex"), &digest);
    read_tag(k, kit_cell(k, "layout_tag_hex"), &tag);
    if (kit_cell_is(k, "op", "new_root")) {
        wmbt_block_meta_init_root(&meta, payload, &digest, &tag, now);
    } else if (kit_cell_is(k, "op", "new_successor")) {
        kit_read_hash(k, kit_cell(k, "parent_hex"), &parent);
        uint32_t seq = (uint32_t)kit_cell_number(k, "block_seq");
        wmbt_block_meta_init_successor(&meta, &parent, seq, payload, &digest, &tag, now);
    } else {
        kit_unknown(k, "unknown op");
        return;
    }
    expect_meta(k, "result", &meta);
}

/* --- stored metas ----------------------------------------------------------------------------- */

static void value_decode(struct kit *k)
{
    wmbt_block_meta meta = {0};
    wmbt_status status =
        wmbt_metavalue_read(kit_cell_bytes(k, "value_hex"), WMBT_METAVALUE_COMPAT, &meta);
    kit_expect_text(k, "outcome", status == WMBT_OK ? "ok" : "none"); /* a miss */
    if (status == WMBT_OK) {
        expect_meta(k, "meta", &meta);
    }
}

/* The two keys as hex of their texts: by hash, then topological. */
static void value_stored_keys(struct kit *k)
{
    static const uint32_t kinds[2] = {WMBT_METAVALUE_KEY_HASH, WMBT_METAVALUE_KEY_TOPOLOGICAL};
    wmbt_metavalue_key key;
    wmbt_block_meta meta = {0};
    read_meta(k, kit_cell(k, "meta"), &meta);
    key.name_space = kit_cell_bytes(k, "ns_hex");
    kit_read_hash(k, kit_cell(k, "hash_hex"), &key.hash);
    key.block_seq = meta.block_seq;
    key.model_digest = meta.model_digest;
    const size_t room = WMBT_METAVALUE_TOPOLOGICAL_KEY_BYTES(key.name_space.len);
    uint8_t *out = kit_alloc(k, room);
    size_t length = 0;
    if (k->outcome != KIT_AGREES) {
        return;
    }
    kit_text_begin(k);
    for (unsigned i = 0; i < 2u; i++) {
        key.kind = kinds[i];
        wmbt_status status = wmbt_metavalue_key_build(&key, wmbt_buf_of(out, room), &length);
        kit_comma(k);
        if (status == WMBT_OK) {
            kit_put_hex(k, out, length);
        } else {
            kit_put(k, wmbt_status_name(status));
        }
    }
    kit_expect(k, "value_hex", kit_text_end(k));
    kit_expect_text(k, "outcome", "ok");
}

/* Beside a good entry lies one more key: upstream counts what begins as keys by hash do, and lists
 * what parses. */
static void value_scan(struct kit *k)
{
    wmbt_metavalue_key key;
    wmbt_view text = kit_cell_bytes(k, "hash_hex");
    bool counted = text.len >= 2 && text.data[0] == (uint8_t)'h' && text.data[1] == (uint8_t)'/';
    bool listed =
        wmbt_metavalue_key_parse(text, &key) == WMBT_OK && key.kind == WMBT_METAVALUE_KEY_HASH;
    kit_text_begin(k);
    kit_put(k, counted ? "2:" : "1:");
    kit_put(k, listed ? "2" : "1");
    kit_expect(k, "outcome", kit_text_end(k));
}

void kit_radix_metavalue(struct kit *k)
{
    if (kit_cell_is(k, "op", "value")) {
        uint8_t out[WMBT_METAVALUE_BYTES];
        wmbt_block_meta meta = {0};
        read_meta(k, kit_cell(k, "meta"), &meta);
        wmbt_metavalue_write(&meta, out);
        kit_expect_hex(k, "value_hex", wmbt_view_of(out, sizeof out));
        kit_expect_text(k, "outcome", "ok");
    } else if (kit_cell_is(k, "op", "decode")) {
        value_decode(k);
    } else if (kit_cell_is(k, "op", "stored_keys")) {
        value_stored_keys(k);
    } else if (kit_cell_is(k, "op", "scan")) {
        value_scan(k);
    } else {
        kit_unknown(k, "unknown op");
    }
}

/* --- scripts on the metadata index ------------------------------------------------------------ */

/* More blocks than a script has. */
#    define INDEX_CAPACITY 4096u
#    define INDEX_CONTEXTS 1024u

/* The script's index; NULL: the row has failed. */
static wmbt_index_writer *script_index(struct kit *k, uint32_t contexts)
{
    if (kit_script(k, "script")) {
        wmbt_index_writer *w = kit_alloc(k, sizeof *w);
        if (w == NULL || !kit_index(k, INDEX_CAPACITY, contexts, w)) {
            return NULL;
        }
        kit_keep(k, w);
    }
    return k->state;
}

/* A list of hash=meta. */
static void index_load(struct kit *k, wmbt_index_writer *w, uint64_t now, bool bulk)
{
    wmbt_view list = kit_cell(k, "metas"), element;
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK && kit_element(&list, &element)) {
        wmbt_block_hash hash = {{0}};
        wmbt_block_meta meta = {0};
        kit_read_hash(k, kit_part(&element, '='), &hash);
        read_meta(k, element, &meta);
        status = bulk ? wmbt_index_add(w, &hash, &meta) : wmbt_index_insert(w, &hash, &meta, now);
        status = bulk && status == WMBT_STALE ? WMBT_OK : status; /* it was there: left as it is */
    }
    kit_expect_text(k, "result", status == WMBT_OK ? "ok" : wmbt_status_name(status));
}

static void index_prefix(struct kit *k, const wmbt_index *x)
{
    wmbt_view list = kit_cell(k, "hashes"), element;
    wmbt_block_hash *hashes = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *hashes);
    uint32_t count = 0;
    while (hashes != NULL && kit_element(&list, &element)) {
        kit_read_hash(k, element, &hashes[count++]);
    }
    kit_expect_number(k, "result", wmbt_index_longest_prefix(x, hashes, count));
}

static void index_entries(struct kit *k, const wmbt_index *x)
{
    uint32_t room = wmbt_index_count(x), count = 0;
    uint32_t *slots = kit_alloc(k, (room + (size_t)1) * sizeof *slots);
    wmbt_status status = slots == NULL ? WMBT_OK : wmbt_index_sort(x, slots, room, &count);
    kit_text_begin(k);
    for (uint32_t i = 0; i < count && status == WMBT_OK; i++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        status = wmbt_index_at(x, slots[i], &hash, &meta);
        if (status == WMBT_OK) {
            kit_comma(k);
            kit_put_hex(k, hash.bytes, sizeof hash.bytes);
            kit_put(k, "=");
            put_meta(k, &meta);
        }
    }
    kit_put(k, status == WMBT_OK ? "" : wmbt_status_name(status));
    kit_expect(k, "result", kit_list_end(k));
}

static void expect_found(struct kit *k, wmbt_status status, const wmbt_block_meta *meta)
{
    if (status == WMBT_OK) {
        expect_meta(k, "result", meta);
    } else {
        kit_expect_text(k, "result", status == WMBT_MISSING ? "none" : wmbt_status_name(status));
    }
}

/* Operations on one block. */
static void index_block(struct kit *k, wmbt_index_writer *w, uint64_t now)
{
    wmbt_block_hash hash = {{0}};
    wmbt_block_meta meta = {0};
    kit_read_hash(k, kit_cell(k, "hashes"), &hash);
    if (k->outcome != KIT_AGREES) {
        return;
    }
    if (kit_cell_is(k, "op", "get")) {
        expect_found(k, wmbt_index_get(&w->index, &hash, &meta), &meta);
    } else if (kit_cell_is(k, "op", "get_and_touch")) {
        expect_found(k, wmbt_index_get_and_touch(w, &hash, now, &meta), &meta);
    } else if (kit_cell_is(k, "op", "remove")) {
        kit_expect_number(k, "result", wmbt_index_remove(w, &hash) == WMBT_OK);
    } else if (kit_cell_is(k, "op", "remove_if_unchanged")) {
        uint64_t stamp = kit_cell_number(k, "number");
        wmbt_status status = wmbt_index_remove_if_unchanged(w, &hash, stamp);
        kit_expect_number(k, "result", status == WMBT_OK);
    } else {
        kit_unknown(k, "unknown op");
    }
}

void kit_radix_metadata_index(struct kit *k)
{
    wmbt_index_writer *w = script_index(k, INDEX_CONTEXTS);
    const uint64_t now = kit_cell_number(k, "now");
    if (w == NULL) {
        return;
    }
    if (kit_cell_is(k, "op", "insert") || kit_cell_is(k, "op", "bulk_load")) {
        index_load(k, w, now, kit_cell_is(k, "op", "bulk_load"));
    } else if (kit_cell_is(k, "op", "len")) {
        kit_expect_number(k, "result", wmbt_index_count(&w->index));
    } else if (kit_cell_is(k, "op", "longest_prefix")) {
        index_prefix(k, &w->index);
    } else if (kit_cell_is(k, "op", "entries")) {
        index_entries(k, &w->index);
    } else {
        index_block(k, w, now);
    }
}

/* --- scripts on the residency index ----------------------------------------------------------- */

static const char *const places[] = {"?", "ram", "nvme", "remote"};

static void read_guard(struct kit *k, wmbt_residency_guard *guard)
{
    wmbt_view cell = kit_cell(k, "guard");
    guard->host_bytes = kit_number(k, kit_part(&cell, ':'));
    guard->reserved_bytes = kit_number(k, kit_part(&cell, ':'));
    guard->percent = (uint8_t)kit_number(k, kit_part(&cell, ':'));
    guard->overhead_bytes = kit_number(k, cell);
}

static void residency_lookup(struct kit *k, const wmbt_index *x)
{
    wmbt_view list = kit_cell(k, "keys"), element;
    const size_t room = kit_parts(list, ',') + (size_t)1;
    wmbt_block_hash *keys = kit_alloc(k, room * sizeof *keys);
    wmbt_residency *entries = kit_alloc(k, room * sizeof *entries);
    wmbt_residency_chain chain = {0, 0};
    uint32_t count = 0;
    if (keys == NULL || entries == NULL) {
        return;
    }
    while (kit_element(&list, &element)) {
        kit_read_hash(k, element, &keys[count++]);
    }
    wmbt_residency_lookup(x, keys, count, entries, &chain);
    kit_expect_number(k, "result", chain.matched);
    kit_text_begin(k);
    for (uint32_t i = 0; i < chain.resident; i++) {
        kit_comma(k);
        kit_put_hex(k, keys[i].bytes, sizeof keys[i].bytes);
        kit_put(k, ":");
        kit_put_number(k, entries[i].block_index);
        kit_put(k, ":");
        kit_put(k, places[entries[i].where & 3u]);
    }
    kit_expect(k, "handles", kit_list_end(k));
    kit_text_begin(k);
    for (uint32_t i = chain.resident; i < chain.matched; i++) {
        kit_comma(k);
        kit_put_hex(k, keys[i].bytes, sizeof keys[i].bytes);
    }
    kit_expect(k, "prefetch", kit_list_end(k));
}

static void residency_upsert(struct kit *k, wmbt_index_writer *w, bool guarded)
{
    wmbt_block_hash key = {{0}};
    wmbt_residency entry = {0, 0};
    wmbt_residency_guard guard = {0, 0, 0, 0};
    uint64_t estimated = 0;
    kit_read_hash(k, kit_cell(k, "keys"), &key);
    entry.block_index = (uint32_t)kit_cell_number(k, "block_index");
    for (uint32_t i = WMBT_RESIDENCY_RAM; i <= WMBT_RESIDENCY_REMOTE; i++) {
        entry.where = kit_cell_is(k, "residency", places[i]) ? i : entry.where;
    }
    if (entry.where == 0) {
        kit_fail(k, KIT_BAD_TABLE, "no such residency");
    }
    if (guarded) {
        read_guard(k, &guard);
    }
    if (k->outcome != KIT_AGREES) {
        return;
    }
    wmbt_status status = guarded ? wmbt_residency_put_guarded(w, &guard, &key, &entry, &estimated)
                                 : wmbt_residency_put(w, &key, &entry);
    kit_text_begin(k);
    if (guarded && status == WMBT_TOO_LARGE) {
        kit_put(k, "err:memory_budget:");
        kit_put_number(k, estimated);
        kit_put(k, ":");
        kit_put_number(k, wmbt_residency_guard_budget(&guard));
    } else {
        kit_put(k, status == WMBT_OK ? "ok" : wmbt_status_name(status));
    }
    kit_expect(k, "result", kit_text_end(k));
}

void kit_radix_residency(struct kit *k)
{
    wmbt_residency_guard guard = {0, 0, 0, 0};
    wmbt_index_writer *w = script_index(k, WMBT_RESIDENCY_CONTEXTS);
    if (w == NULL) {
        return;
    }
    if (kit_cell_is(k, "op", "upsert") || kit_cell_is(k, "op", "upsert_guarded")) {
        residency_upsert(k, w, kit_cell_is(k, "op", "upsert_guarded"));
    } else if (kit_cell_is(k, "op", "lookup")) {
        residency_lookup(k, &w->index);
    } else if (kit_cell_is(k, "op", "len")) {
        const uint32_t count = wmbt_index_count(&w->index);
        read_guard(k, &guard);
        kit_text_begin(k);
        kit_put_number(k, count);
        kit_put(k, ":");
        kit_put_number(k, wmbt_residency_guard_bytes(&guard, count));
        kit_expect(k, "result", kit_text_end(k));
    } else {
        kit_unknown(k, "unknown op");
    }
}

#endif
