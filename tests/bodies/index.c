/* SPDX-License-Identifier: Apache-2.0 */
/* index: upstream's scripts, random operations against a plain list, and what an error leaves. */
#include "wombatkv/index.h"

#include "base/bytes.h"
#include "index/table.h"
#include "../support/test.h"

#define SCRIPTS "golden/vectors/radix_metadata_index.tsv"
#define MAX_HASHES 256u

static wmbt_index_writer *make(wmbt_test *t, const wmbt_index_config *config)
{
    wmbt_index_writer *w =
        (wmbt_index_writer *)(void *)wmbt_test_alloc(t, sizeof(wmbt_index_writer));
    size_t bytes = WMBT_INDEX_BYTES(config->capacity, config->contexts);
    uint8_t *memory = wmbt_test_alloc(t, bytes);
    wmbt_test_fill(memory, bytes);
    wmbt_test_fill(w, sizeof *w);
    T_ALSO(t, wmbt_index_init(wmbt_buf_of(memory, bytes), config, w) == WMBT_OK, "init");
    return w;
}

/* --- golden ----------------------------------------------------------------------------------- */

/* parent:seq:payload:stamp:digest:tag:flags */
static void read_meta(wmbt_test *t, wmbt_view cell, wmbt_block_meta *meta)
{
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&cell, ':'), &meta->parent_hash), WMBT_OK);
    meta->block_seq = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->payload_bytes = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    meta->last_access_ns = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    T_EQ(t, wmbt_model_digest_from_hex(wmbt_cell_part(&cell, ':'), &meta->model_digest), WMBT_OK);
    wmbt_view tag = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ':'));
    T_EQ(t, tag.len, WMBT_LAYOUT_TAG_BYTES);
    wmbt_bytes_copy(meta->layout_tag.bytes, tag.data, WMBT_LAYOUT_TAG_BYTES);
    meta->ext_flags = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    T_CHECK(t, cell.data == NULL);
}

static void read_entry(wmbt_test *t, wmbt_view cell, wmbt_block_hash *hash, wmbt_block_meta *meta)
{
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&cell, '='), hash), WMBT_OK);
    T_CALL(t, read_meta(t, cell, meta));
}

static bool same_meta(const wmbt_block_meta *a, const wmbt_block_meta *b)
{
    return wmbt_test_same((const uint8_t *)a, (const uint8_t *)b, sizeof *a);
}

static void check_meta(wmbt_test *t, wmbt_status status, const wmbt_block_meta *got,
                       wmbt_view result)
{
    wmbt_block_meta want;
    if (wmbt_test_view_is(result, "none")) {
        T_EQ(t, status, WMBT_MISSING);
        T_CHECK(t, wmbt_test_is_filled(got, sizeof *got));
        return;
    }
    T_EQ(t, status, WMBT_OK);
    T_CALL(t, read_meta(t, result, &want));
    T_CHECK(t, same_meta(got, &want));
}

static void check_entries(wmbt_test *t, const wmbt_index *x, wmbt_view result)
{
    uint32_t slots[MAX_HASHES], count = 99, at = 0;
    T_EQ(t, wmbt_index_sort(x, slots, MAX_HASHES, &count), WMBT_OK);
    T_EQ(t, count, wmbt_index_count(x));
    while (result.data != NULL && !wmbt_test_view_is(result, "empty")) {
        wmbt_block_hash hash, want_hash;
        wmbt_block_meta meta, want;
        T_CALL(t, read_entry(t, wmbt_cell_part(&result, ','), &want_hash, &want));
        T_CHECK(t, at < count);
        T_EQ(t, wmbt_index_at(x, slots[at++], &hash, &meta), WMBT_OK);
        T_CHECK(t, wmbt_block_hash_equal(&hash, &want_hash) && same_meta(&meta, &want));
    }
    T_EQ(t, at, count);
}

static void check_prefix(wmbt_test *t, const wmbt_index *x, wmbt_view list, uint64_t want)
{
    size_t used = t->arena_used; /* given back below: a script asks often */
    wmbt_block_hash *hashes =
        (wmbt_block_hash *)(void *)wmbt_test_alloc(t, MAX_HASHES * sizeof(wmbt_block_hash));
    uint32_t n = 0;
    while (list.data != NULL && !wmbt_test_view_is(list, "empty")) {
        T_CHECK(t, n < MAX_HASHES);
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&list, ','), &hashes[n++]), WMBT_OK);
    }
    T_EQ(t, wmbt_index_longest_prefix(x, hashes, n), want);
    T_CHECK(t, wmbt_index_likely_prefix(x, hashes, n) >= want); /* some tags are made alike */
    T_EQ(t, wmbt_index_chain_prefix(x, hashes, n), want);       /* not closed: the same */
    t->arena_used = used;
}

static void load_entries(wmbt_test *t, wmbt_index_writer *w, wmbt_view list)
{
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    while (list.data != NULL && !wmbt_test_view_is(list, "empty")) {
        T_CALL(t, read_entry(t, wmbt_cell_part(&list, ','), &hash, &meta));
        bool is_there = wmbt_index_has(&w->index, &hash);
        T_EQ(t, wmbt_index_add(w, &hash, &meta), is_there ? WMBT_STALE : WMBT_OK);
    }
}

struct columns {
    uint32_t script, op, now, hashes, metas, number, result;
};

static void run_row(wmbt_test *t, wmbt_index_writer *w, const wmbt_view *cells,
                    const struct columns *at)
{
    wmbt_view op = cells[at->op], result = cells[at->result];
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    wmbt_test_fill(&meta, sizeof meta);
    uint64_t now = wmbt_cell_u64(t, cells[at->now]);
    if (cells[at->hashes].len == 64u) {
        T_EQ(t, wmbt_block_hash_from_hex(cells[at->hashes], &hash), WMBT_OK);
    }
    if (wmbt_test_view_is(op, "insert")) {
        T_CALL(t, read_entry(t, cells[at->metas], &hash, &meta));
        T_EQ(t, wmbt_index_insert(w, &hash, &meta, now), WMBT_OK);
    } else if (wmbt_test_view_is(op, "get")) {
        wmbt_status status = wmbt_index_get(&w->index, &hash, &meta);
        T_CALL(t, check_meta(t, status, &meta, result));
    } else if (wmbt_test_view_is(op, "get_and_touch")) {
        wmbt_status status = wmbt_index_get_and_touch(w, &hash, now, &meta);
        T_CALL(t, check_meta(t, status, &meta, result));
    } else if (wmbt_test_view_is(op, "remove")) {
        T_EQ(t, wmbt_index_remove(w, &hash) == WMBT_OK, wmbt_cell_u64(t, result));
    } else if (wmbt_test_view_is(op, "remove_if_unchanged")) {
        uint64_t stamp = wmbt_cell_u64(t, cells[at->number]);
        T_EQ(t, wmbt_index_remove_if_unchanged(w, &hash, stamp) == WMBT_OK,
             wmbt_cell_u64(t, result));
    } else if (wmbt_test_view_is(op, "bulk_load")) {
        T_CALL(t, load_entries(t, w, cells[at->metas]));
    } else if (wmbt_test_view_is(op, "len")) {
        T_EQ(t, wmbt_index_count(&w->index), wmbt_cell_u64(t, result));
    } else if (wmbt_test_view_is(op, "longest_prefix")) {
        T_CALL(t, check_prefix(t, &w->index, cells[at->hashes], wmbt_cell_u64(t, result)));
    } else {
        T_CHECK(t, wmbt_test_view_is(op, "entries"));
        T_CALL(t, check_entries(t, &w->index, result));
    }
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text;
    T_CHECK(t, wmbt_test_data(t, SCRIPTS, &text));
    for (uint64_t seed = 0; seed < 3u; seed++) {
        wmbt_table table;
        wmbt_table_open(&table, text, false);
        struct columns at;
        at.script = wmbt_table_column(t, &table, "script");
        at.op = wmbt_table_column(t, &table, "op");
        at.now = wmbt_table_column(t, &table, "now");
        at.hashes = wmbt_table_column(t, &table, "hashes");
        at.metas = wmbt_table_column(t, &table, "metas");
        at.number = wmbt_table_column(t, &table, "number");
        at.result = wmbt_table_column(t, &table, "result");
        wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
        wmbt_index_writer *w = NULL;
        uint64_t script = UINT64_MAX;
        while (wmbt_table_next(t, &table, cells)) {
            wmbt_test_where(t, cells[0]);
            if (wmbt_cell_u64(t, cells[at.script]) != script) {
                script = wmbt_cell_u64(t, cells[at.script]);
                wmbt_test_reset(t);
                wmbt_index_config config = {2u * MAX_HASHES, MAX_HASHES, seed << 40 | seed, false};
                w = make(t, &config);
            }
            T_CALL(t, run_row(t, w, cells, &at));
        }
        T_EQ(t, table.row, 1760);
        T_CHECK(t, script > 5u && script < 100u);
    }
}

/* --- against a plain list --------------------------------------------------------------------- */

#define KEYS 40u
#define NO_KEY UINT32_MAX

typedef struct model {
    bool is_there[KEYS];
    uint32_t parent[KEYS]; /* key, or NO_KEY */
    uint32_t context[KEYS];
    uint32_t seq[KEYS];
    uint64_t payload[KEYS], stamp[KEYS];
    wmbt_index_config config;
} model;

/* Key 0 is all zero. `spread` says how much of a hash differs: with 0 all keys have one home and
 * one tag, with 1 few tags, with 2 few homes, else all. */
static void key_of(uint32_t key, uint32_t spread, wmbt_block_hash *hash)
{
    uint32_t state = key * 2654435761u + 1u;
    wmbt_bytes_fill(hash->bytes, 0, 32);
    if (key == 0u) {
        return;
    }
    if (spread == 1u || spread == 3u) {
        wmbt_test_store32(hash->bytes, spread == 1u ? key % 3u : wmbt_test_random(&state));
    }
    if (spread >= 2u) {
        wmbt_test_store32(hash->bytes + 4, spread == 2u ? 0u - key % 3u : wmbt_test_random(&state));
    }
    hash->bytes[31] = (uint8_t)key;
}

static void context_of(uint32_t context, wmbt_block_meta *meta)
{
    wmbt_bytes_fill(meta->model_digest.bytes, 0, WMBT_MODEL_DIGEST_BYTES);
    wmbt_bytes_fill(meta->layout_tag.bytes, 0, WMBT_LAYOUT_TAG_BYTES);
    meta->model_digest.bytes[23] = context == 1u ? 1u : 0u;
    meta->layout_tag.bytes[15] = context == 2u ? 1u : 0u;
    meta->ext_flags = context == 3u ? 0x80000000u : 0u;
}

static bool model_has_place(const model *m, uint32_t key)
{
    bool has = m->is_there[key];
    for (uint32_t i = 0; i < KEYS; i++) {
        has = has || (m->is_there[i] && m->parent[i] == key);
    }
    return has;
}

static bool model_has_child(const model *m, uint32_t key)
{
    bool has = false;
    for (uint32_t i = 0; i < KEYS; i++) {
        has = has || (m->is_there[i] && m->parent[i] == key);
    }
    return has;
}

static uint32_t model_room(const model *m)
{
    bool has_place[KEYS];
    uint32_t room = m->config.capacity;
    for (uint32_t i = 0; i < KEYS; i++) {
        has_place[i] = m->is_there[i];
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        if (m->is_there[i] && m->parent[i] != NO_KEY) {
            has_place[m->parent[i]] = true;
        }
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        room -= has_place[i] ? 1u : 0u;
    }
    return room;
}

static bool model_has_context_room(const model *m, uint32_t context)
{
    uint32_t used[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < KEYS; i++) {
        if (m->is_there[i]) {
            used[m->context[i]] = 1;
        }
    }
    return used[context] != 0u || used[0] + used[1] + used[2] + used[3] < m->config.contexts;
}

/* What an insert has to say. parent is NO_KEY for a root; key 0 as a parent is a root, too. */
static wmbt_status model_insert(const model *m, uint32_t key, uint32_t parent, uint32_t seq,
                                uint32_t context)
{
    if (m->config.prefix_closed) {
        if (parent != NO_KEY && !m->is_there[parent]) {
            return WMBT_MISSING;
        }
        if (m->is_there[key]) {
            if (m->parent[key] != parent || m->seq[key] != seq) {
                return WMBT_WRONG_BLOCK;
            }
        } else if (seq != (parent == NO_KEY ? 0u : m->seq[parent] + 1u)) {
            return WMBT_WRONG_BLOCK;
        }
    }
    uint32_t needed = model_has_place(m, key) ? 0u : 1u;
    needed += parent == NO_KEY || parent == key || model_has_place(m, parent) ? 0u : 1u;
    if (needed > model_room(m)) {
        return WMBT_FULL;
    }
    return model_has_context_room(m, context) ? WMBT_OK : WMBT_NOT_REPRESENTABLE;
}

static void model_meta(const model *m, uint32_t key, uint32_t spread, wmbt_block_meta *meta)
{
    context_of(m->context[key], meta);
    wmbt_bytes_fill(meta->parent_hash.bytes, 0, 32);
    if (m->parent[key] != NO_KEY) {
        key_of(m->parent[key], spread, &meta->parent_hash);
    }
    meta->block_seq = m->seq[key];
    meta->payload_bytes = m->payload[key];
    meta->last_access_ns = m->stamp[key];
}

static void check_key(wmbt_test *t, const model *m, const wmbt_index *x, uint32_t key,
                      uint32_t spread)
{
    wmbt_block_hash hash;
    wmbt_block_meta got, want;
    key_of(key, spread, &hash);
    wmbt_test_fill(&got, sizeof got);
    T_EQ(t, wmbt_index_has(x, &hash), m->is_there[key]);
    T_EQ(t, wmbt_index_get(x, &hash, &got), m->is_there[key] ? WMBT_OK : WMBT_MISSING);
    if (m->is_there[key]) {
        model_meta(m, key, spread, &want);
        T_CHECK(t, same_meta(&got, &want));
    } else {
        T_CHECK(t, wmbt_test_is_filled(&got, sizeof got));
    }
}

/* Random lists: a prefix by each function, and the marks. */
static void check_lists(wmbt_test *t, const model *m, const wmbt_index *x, uint32_t spread,
                        uint32_t *random)
{
    wmbt_block_hash hashes[KEYS];
    uint32_t keys[KEYS], count = wmbt_test_random(random) % (KEYS + 1u), want = 0;
    uint8_t marks[KEYS / 8u];
    for (uint32_t i = 0; i < count; i++) {
        keys[i] = wmbt_test_random(random) % KEYS;
        for (uint32_t n = 0; n < KEYS && !m->is_there[keys[i]] && i + 2u < count; n++) {
            keys[i] = (keys[i] + 1u) % KEYS; /* mostly those that are there */
        }
        key_of(keys[i], spread, &hashes[i]);
        want += want == i && m->is_there[keys[i]] ? 1u : 0u;
    }
    T_EQ(t, wmbt_index_longest_prefix(x, hashes, count), want);
    uint32_t likely = wmbt_index_likely_prefix(x, hashes, count);
    T_CHECK(t, likely == want || (spread != 3u && likely > want)); /* 3: tags differ */
    T_CHECK(t, likely <= count && (likely == 0u || m->is_there[keys[likely - 1u]]));
    T_EQ(t, wmbt_index_mark(x, hashes, count, wmbt_buf_of(marks, sizeof marks)), WMBT_OK);
    for (uint32_t i = 0; i < KEYS; i++) {
        T_EQ(t, (uint32_t)marks[i / 8u] >> i % 8u & 1u, i < count && m->is_there[keys[i]]);
    }
}

/* Chains of the list itself, in a closed table: from a block back to its root, and on to others. */
static void check_chain(wmbt_test *t, const model *m, const wmbt_index *x, uint32_t spread,
                        uint32_t key)
{
    wmbt_block_hash hashes[KEYS + 2u];
    if (!m->is_there[key]) {
        return;
    }
    uint32_t depth = m->seq[key] + 1u;
    for (uint32_t i = depth; i-- > 0u; key = m->parent[key]) {
        key_of(key, spread, &hashes[i]);
    }
    for (uint32_t more = 0; more < 3u; more++) {
        wmbt_bytes_fill(hashes[depth + more - (more != 0u ? 1u : 0u)].bytes,
                        (uint8_t)(0xA0u + more), more != 0u ? 32 : 0);
        T_EQ(t, wmbt_index_chain_prefix(x, hashes, depth + more), depth);
    }
}

static void check_order(wmbt_test *t, const model *m, const wmbt_index *x)
{
    uint32_t slots[KEYS], count = 99;
    wmbt_block_hash last, hash;
    wmbt_block_meta meta;
    uint32_t present = wmbt_index_count(x);
    (void)m;
    if (present != 0u) {
        T_EQ(t, wmbt_index_sort(x, slots, present - 1u, &count), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, count, 99);
    }
    T_EQ(t, wmbt_index_sort(x, slots, present, &count), WMBT_OK);
    T_EQ(t, count, present);
    for (uint32_t i = 0; i < count; i++) {
        T_EQ(t, wmbt_index_at(x, slots[i], &hash, &meta), WMBT_OK);
        if (i != 0u) {
            T_CHECK(t, wmbt_bytes_compare(wmbt_view_of(last.bytes, 32),
                                          wmbt_view_of(hash.bytes, 32)) < 0);
        }
        wmbt_bytes_copy(last.bytes, hash.bytes, 32);
    }
    uint32_t seen = 0;
    for (uint32_t slot = 0;; slot++) {
        wmbt_status status = wmbt_index_at(x, slot, &hash, &meta);
        if (status == WMBT_END) {
            break;
        }
        T_CHECK(t, status == WMBT_OK || status == WMBT_MISSING);
        seen += status == WMBT_OK ? 1u : 0u;
    }
    T_EQ(t, seen, present);
}

static void step_insert(wmbt_test *t, model *m, wmbt_index_writer *w, uint32_t spread,
                        uint32_t *random)
{
    uint32_t key = wmbt_test_random(random) % KEYS;
    uint32_t parent = wmbt_test_random(random) % (KEYS + 8u);
    parent = parent >= KEYS || parent == 0u ? NO_KEY : parent;
    if (m->config.prefix_closed && wmbt_test_random(random) % 4u != 0u && m->is_there[key]) {
        parent = m->parent[key];
    }
    bool adds = wmbt_test_random(random) % 3u == 0u;
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    key_of(key, spread, &hash);
    context_of(wmbt_test_random(random) % 4u, &meta);
    uint32_t context = meta.model_digest.bytes[23] != 0u ? 1u
                       : meta.layout_tag.bytes[15] != 0u ? 2u
                       : meta.ext_flags != 0u            ? 3u
                                                         : 0u;
    wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
    if (parent != NO_KEY) {
        key_of(parent, spread, &meta.parent_hash);
    }
    uint32_t seq = parent == NO_KEY ? 0u : m->is_there[parent] ? m->seq[parent] + 1u : 5u;
    meta.block_seq = wmbt_test_random(random) % 16u == 0u ? seq + 1u : seq;
    meta.payload_bytes = (uint64_t)wmbt_test_random(random) << 32 | wmbt_test_random(random);
    meta.last_access_ns = wmbt_test_random(random) % 4u;
    uint64_t now = (uint64_t)wmbt_test_random(random) << 32;
    wmbt_status want = adds && m->is_there[key]
                           ? WMBT_STALE
                           : model_insert(m, key, parent, meta.block_seq, context);
    if (adds) {
        T_EQ(t, wmbt_index_add(w, &hash, &meta), want);
    } else {
        T_EQ(t, wmbt_index_insert(w, &hash, &meta, now), want);
    }
    if (want == WMBT_OK) {
        m->is_there[key] = true;
        m->parent[key] = parent;
        m->context[key] = context;
        m->seq[key] = meta.block_seq;
        m->payload[key] = meta.payload_bytes;
        m->stamp[key] = adds ? meta.last_access_ns : now;
    }
}

static void step_other(wmbt_test *t, model *m, wmbt_index_writer *w, uint32_t spread,
                       uint32_t *random)
{
    uint32_t key = wmbt_test_random(random) % KEYS, op = wmbt_test_random(random) % 4u;
    wmbt_block_hash hash;
    key_of(key, spread, &hash);
    if (op == 0u) {
        wmbt_block_meta got, want;
        wmbt_test_fill(&got, sizeof got);
        uint64_t now = wmbt_test_random(random);
        T_EQ(t, wmbt_index_get_and_touch(w, &hash, now, &got),
             m->is_there[key] ? WMBT_OK : WMBT_MISSING);
        m->stamp[key] = now;
        if (m->is_there[key]) {
            model_meta(m, key, spread, &want);
            T_CHECK(t, same_meta(&got, &want));
        } else {
            T_CHECK(t, wmbt_test_is_filled(&got, sizeof got));
        }
        return;
    }
    uint64_t stamp = m->stamp[key] + (op == 1u && wmbt_test_random(random) % 2u == 0u ? 1u : 0u);
    wmbt_status want = !m->is_there[key]                                    ? WMBT_MISSING
                       : op == 1u && stamp != m->stamp[key]                 ? WMBT_STALE
                       : m->config.prefix_closed && model_has_child(m, key) ? WMBT_BAD_STATE
                                                                            : WMBT_OK;
    if (op == 1u) {
        T_EQ(t, wmbt_index_remove_if_unchanged(w, &hash, stamp), want);
    } else {
        T_EQ(t, wmbt_index_remove(w, &hash), want);
    }
    m->is_there[key] = m->is_there[key] && want != WMBT_OK;
}

/* One table for some time. */
static void run_model(wmbt_test *t, const wmbt_index_config *config, uint32_t steps,
                      uint32_t spread, uint32_t *random)
{
    wmbt_test_reset(t);
    model *m = (model *)(void *)wmbt_test_alloc(t, sizeof(model));
    m->config = *config;
    wmbt_index_writer *w = make(t, config);
    T_CHECK(t, !t->failed);
    for (uint32_t step = 0; step < steps; step++) {
        /* The table fills up, is emptied, and so on. */
        bool fills = (step / 256u) % 2u == 0u;
        if (wmbt_test_random(random) % 8u < (fills ? 6u : 2u)) {
            T_CALL(t, step_insert(t, m, w, spread, random));
        } else {
            T_CALL(t, step_other(t, m, w, spread, random));
        }
        uint32_t present = 0;
        for (uint32_t key = 0; key < KEYS; key++) {
            present += m->is_there[key] ? 1u : 0u;
            T_CALL(t, check_key(t, m, &w->index, key, spread));
        }
        T_EQ(t, wmbt_index_count(&w->index), present);
        T_EQ(t, wmbt_index_room(&w->index), model_room(m));
        if (step % 8u == 0u) {
            T_CALL(t, check_lists(t, m, &w->index, spread, random));
        }
        if (step % 64u == 0u) {
            T_CALL(t, check_order(t, m, &w->index));
        }
        if (config->prefix_closed) {
            T_CALL(t, check_chain(t, m, &w->index, spread, wmbt_test_random(random) % KEYS));
        }
    }
}

static void run_models(wmbt_test *t, bool prefix_closed, uint32_t rounds, uint32_t steps)
{
    uint32_t random = prefix_closed ? 77u : 7u;
    for (uint32_t round = 0; round < rounds; round++) {
        wmbt_index_config config;
        uint32_t size = wmbt_test_random(&random) % 8u;
        /* Room for everything, for a few, and for one bucket. */
        config.capacity = size < 3u   ? KEYS + 2u
                          : size < 6u ? wmbt_test_random(&random) % KEYS
                                      : wmbt_test_random(&random) % 7u;
        config.contexts = wmbt_test_random(&random) % 3u == 0u ? 2u : 4u;
        config.seed = round % 2u == 0u ? 0u : wmbt_test_random(&random);
        config.prefix_closed = prefix_closed;
        T_CALL(t, run_model(t, &config, steps, round % 4u, &random));
    }
}

static void test_few_steps(wmbt_test *t)
{
    run_models(t, false, 12, 600);
}

static void test_few_steps_closed(wmbt_test *t)
{
    run_models(t, true, 12, 600);
}

static void test_model(wmbt_test *t)
{
    run_models(t, false, T_MANY(250u, 6u), T_MANY(2500u, 600u));
}

static void test_model_closed(wmbt_test *t)
{
    run_models(t, true, T_MANY(250u, 6u), T_MANY(2500u, 600u));
}

/* --- many blocks ------------------------------------------------------------------------------ */

static void many_key(uint32_t number, wmbt_block_hash *hash)
{
    uint32_t state = number + 1u;
    for (uint32_t i = 0; i < 8u; i++) {
        wmbt_test_store32(hash->bytes + (size_t)4u * i, wmbt_test_random(&state));
    }
    wmbt_test_store32(hash->bytes + 28, number);
}

/* A table at its rated capacity: every block is found, no other is. Chains of 512 are found to the
 * end by each function. */
static void test_rated(wmbt_test *t)
{
    const uint32_t many = T_MANY(50000u, 3000u), chain = 512u;
    wmbt_block_hash *hashes =
        (wmbt_block_hash *)(void *)wmbt_test_alloc(t, sizeof(wmbt_block_hash) * (many + chain));
    for (uint32_t i = 0; i < many + chain; i++) {
        many_key(i, &hashes[i]);
    }
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_index_config config = {many, 1, closed * 99u, closed != 0u};
        wmbt_index_writer *w = make(t, &config);
        wmbt_block_meta meta, got;
        context_of(1, &meta);
        for (uint32_t i = 0; i < many; i++) {
            meta.payload_bytes = i;
            meta.block_seq = i % chain;
            wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
            if (i % chain != 0u) {
                wmbt_bytes_copy(meta.parent_hash.bytes, hashes[i - 1u].bytes, 32);
            }
            T_EQ(t, wmbt_index_insert(w, &hashes[i], &meta, i + UINT64_C(1) * UINT32_MAX), WMBT_OK);
        }
        T_EQ(t, wmbt_index_room(&w->index), 0);
        wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
        meta.block_seq = 0;
        T_EQ(t, wmbt_index_insert(w, &hashes[many], &meta, 0), WMBT_FULL);
        for (uint32_t i = 0; i < many + chain; i++) {
            T_EQ(t, wmbt_index_has(&w->index, &hashes[i]), i < many);
        }
        for (uint32_t i = 0; i < many; i += 7u) {
            T_EQ(t, wmbt_index_get(&w->index, &hashes[i], &got), WMBT_OK);
            T_EQ(t, got.payload_bytes, i);
            T_EQ(t, got.last_access_ns, i + UINT64_C(1) * UINT32_MAX);
        }
        uint32_t last = many / chain * chain; /* the last chain is cut short */
        for (uint32_t from = 0; from < many; from += chain) {
            uint32_t want = from == last ? many - last : chain;
            T_EQ(t, wmbt_index_longest_prefix(&w->index, hashes + from, chain), want);
            T_EQ(t, wmbt_index_likely_prefix(&w->index, hashes + from, chain), want);
            T_EQ(t, wmbt_index_chain_prefix(&w->index, hashes + from, chain), want);
        }
        /* Every length of what is there, of every length of a question. */
        for (uint32_t i = 0; i < chain; i++) {
            T_EQ(t, wmbt_index_remove(w, &hashes[chain - 1u - i]), WMBT_OK);
            uint32_t left = chain - 1u - i, asked = left + 1u + i * 37u % (chain - left);
            T_EQ(t, wmbt_index_chain_prefix(&w->index, hashes, asked), left);
            T_EQ(t, wmbt_index_likely_prefix(&w->index, hashes, asked), left);
            T_EQ(t, wmbt_index_longest_prefix(&w->index, hashes, asked), left);
        }
    }
}

/* --- lists of every length -------------------------------------------------------------------- */

#define CHAIN 40u

/* A chain of which the first `there` blocks are cached, asked for the first `count`, for all of
 * both. The list ends where the scratch memory does; another begins where sanitizers see a look
 * before it. */
static void test_every_list(wmbt_test *t)
{
    size_t list_bytes = sizeof(wmbt_block_hash) * CHAIN;
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_test_reset(t);
        wmbt_index_config config = {CHAIN, 1, closed * 99u, closed != 0u};
        wmbt_index_writer *w = make(t, &config);
        T_CHECK(t, !t->failed && t->arena.len - t->arena_used >= list_bytes);
        wmbt_block_hash list[CHAIN],
            *end = (wmbt_block_hash *)(void *)(t->arena.data + t->arena.len);
        wmbt_block_meta meta;
        context_of(1, &meta);
        wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
        meta.payload_bytes = 1;
        for (uint32_t i = 0; i < CHAIN; i++) {
            many_key(i, &list[i]);
        }
        for (uint32_t there = 0; there <= CHAIN; there++) {
            for (uint32_t count = 0; count <= CHAIN; count++) {
                wmbt_block_hash *hashes = end - count;
                uint8_t marks[CHAIN / 8u + 1u];
                uint32_t want = there < count ? there : count, bytes = (count + 7u) / 8u;
                for (uint32_t i = 0; i < count; i++) {
                    many_key(i, &hashes[i]);
                }
                T_EQ(t, wmbt_index_longest_prefix(&w->index, hashes, count), want);
                T_EQ(t, wmbt_index_likely_prefix(&w->index, hashes, count), want);
                T_EQ(t, wmbt_index_chain_prefix(&w->index, hashes, count), want);
                T_EQ(t, wmbt_index_longest_prefix(&w->index, list, count), want);
                T_EQ(t, wmbt_index_likely_prefix(&w->index, list, count), want);
                T_EQ(t, wmbt_index_chain_prefix(&w->index, list, count), want);
                wmbt_test_fill(marks, sizeof marks);
                if (count != 0u) {
                    T_EQ(t,
                         wmbt_index_mark(&w->index, hashes, count, wmbt_buf_of(marks, bytes - 1u)),
                         WMBT_BUFFER_TOO_SMALL);
                    T_CHECK(t, wmbt_test_is_filled(marks, sizeof marks));
                }
                T_EQ(t, wmbt_index_mark(&w->index, hashes, count, wmbt_buf_of(marks, bytes)),
                     WMBT_OK);
                T_CHECK(t, wmbt_test_is_filled(marks + bytes, sizeof marks - bytes));
                for (uint32_t i = 0; i < 8u * bytes; i++) {
                    T_EQ(t, (uint32_t)marks[i / 8u] >> i % 8u & 1u, i < want);
                }
            }
            if (there < CHAIN) {
                wmbt_block_hash hash;
                many_key(there, &hash);
                meta.block_seq = there;
                T_EQ(t, wmbt_index_insert(w, &hash, &meta, 5), WMBT_OK);
                wmbt_bytes_copy(meta.parent_hash.bytes, hash.bytes, 32);
            }
        }
    }
}

/* --- the ends of a table ---------------------------------------------------------------------- */

/* A full table at the end of the scratch memory: nothing behind its last slot is looked at. */
static void test_last_slot(wmbt_test *t)
{
    for (uint32_t round = 0; round < 28u; round++) {
        const uint32_t capacity = round / 4u + 1u;
        const size_t bytes = WMBT_INDEX_BYTES(capacity, 1);
        wmbt_index_config config = {capacity, 1, round % 2u * UINT64_C(0x500000009),
                                    (round & 2u) != 0u};
        wmbt_index_writer w;
        wmbt_block_hash hashes[8];
        wmbt_block_meta meta, got;
        uint32_t slots[12], count = 99;
        uint8_t marks = 0;
        uint8_t *memory = t->arena.data + (t->arena.len - bytes) / 64u * 64u;
        T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, bytes), &config, &w), WMBT_OK);
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        for (uint32_t i = 0; i < 8u; i++) {
            many_key(i, &hashes[i]);
        }
        for (uint32_t turn = 0; turn < 2u; turn++) { /* empty, and of slots that are free again */
            for (uint32_t i = 0; i < capacity; i++) {
                meta.block_seq = i;
                wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
                if (i != 0u) {
                    wmbt_bytes_copy(meta.parent_hash.bytes, hashes[i - 1u].bytes, 32);
                }
                T_EQ(t, wmbt_index_insert(&w, &hashes[i], &meta, i), WMBT_OK);
            }
            T_EQ(t, wmbt_index_longest_prefix(&w.index, hashes, 8), capacity);
            T_EQ(t, wmbt_index_likely_prefix(&w.index, hashes, 8), capacity);
            T_EQ(t, wmbt_index_chain_prefix(&w.index, hashes, 8), capacity);
            T_EQ(t, wmbt_index_mark(&w.index, hashes, 8, wmbt_buf_of(&marks, 1)), WMBT_OK);
            T_EQ(t, marks, (1u << capacity) - 1u);
            T_EQ(t, wmbt_index_sort(&w.index, slots, 12, &count), WMBT_OK);
            T_EQ(t, count, capacity);
            T_EQ(t, wmbt_index_at(&w.index, capacity, &hashes[7], &got), WMBT_END);
            T_EQ(t, wmbt_index_get_and_touch(&w, &hashes[capacity - 1u], 5, &got), WMBT_OK);
            T_EQ(t, got.block_seq, capacity - 1u);
            for (uint32_t i = capacity; i-- > 0u;) {
                T_EQ(t, wmbt_index_remove(&w, &hashes[i]), WMBT_OK);
            }
        }
    }
}

/* Memory that held another table: its blocks are neither there nor anybody's parent, and it keeps
 * the seed that it was made with. */
static void test_memory_of_another(wmbt_test *t)
{
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_test_reset(t);
        wmbt_index_config config = {4, 1, 0, closed != 0u};
        const size_t bytes = WMBT_INDEX_BYTES(4, 1);
        wmbt_buf memory = wmbt_buf_of(wmbt_test_alloc(t, bytes), bytes);
        wmbt_index_writer w;
        wmbt_index x;
        wmbt_block_hash hashes[4], hash;
        wmbt_block_meta meta, got;
        uint32_t slots[4], count = 99;
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        for (uint32_t turn = 0; turn < 2u; turn++) {
            config.seed = turn * UINT64_C(0x0123456789ABCDEF);
            T_EQ(t, wmbt_index_init(memory, &config, &w), WMBT_OK);
            for (uint32_t i = 0; i < 4u && turn == 0u; i++) {
                many_key(i, &hashes[i]);
                T_EQ(t, wmbt_index_insert(&w, &hashes[i], &meta, 1), WMBT_OK);
            }
        }
        T_EQ(t, wmbt_index_attach(wmbt_view_of(memory.data, bytes), &x), WMBT_OK);
        T_EQ(t, x.seed, config.seed);
        T_EQ(t, w.index.seed, config.seed);
        T_EQ(t, wmbt_index_at(&x, 0, &hash, &got), WMBT_END);
        meta.block_seq = 1;
        wmbt_bytes_copy(meta.parent_hash.bytes, hashes[0].bytes, 32);
        many_key(9, &hash);
        T_EQ(t, wmbt_index_insert(&w, &hash, &meta, 1), closed != 0u ? WMBT_MISSING : WMBT_OK);
        if (closed == 0u) {
            T_EQ(t, wmbt_index_room(&x), 2);
            T_EQ(t, wmbt_index_get(&x, &hash, &got), WMBT_OK);
            T_CHECK(t, wmbt_block_hash_equal(&got.parent_hash, &hashes[0]));
            T_EQ(t, wmbt_index_sort(&x, slots, 4, &count), WMBT_OK);
            T_EQ(t, count, 1);
            T_EQ(t, wmbt_index_remove(&w, &hash), WMBT_OK);
        }
        T_EQ(t, wmbt_index_room(&x), 4);
    }
}

/* Hashes that differ in one byte are two, also as parents, and also behind the block that came
 * last. */
static void test_one_byte(wmbt_test *t)
{
    for (uint32_t seeded = 0; seeded < 2u; seeded++) {
        wmbt_test_reset(t);
        wmbt_index_config config = {3, 1, seeded * 77u, false};
        wmbt_index_writer *w = make(t, &config);
        wmbt_block_hash hash, other, child;
        wmbt_block_meta meta, got;
        T_CHECK(t, !t->failed);
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        many_key(1, &hash);
        many_key(2, &child);
        for (uint32_t i = 0; i < WMBT_BLOCK_HASH_BYTES; i++) {
            wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
            T_EQ(t, wmbt_index_insert(w, &hash, &meta, 1), WMBT_OK);
            wmbt_bytes_copy(other.bytes, hash.bytes, 32);
            other.bytes[i] ^= 1u;
            T_CHECK(t, !wmbt_index_has(&w->index, &other));
            T_EQ(t, wmbt_index_longest_prefix(&w->index, &other, 1), 0);
            wmbt_bytes_copy(meta.parent_hash.bytes, other.bytes, 32);
            T_EQ(t, wmbt_index_insert(w, &child, &meta, 1), WMBT_OK);
            T_EQ(t, wmbt_index_get(&w->index, &child, &got), WMBT_OK);
            T_CHECK(t, wmbt_block_hash_equal(&got.parent_hash, &other));
            T_EQ(t, wmbt_index_room(&w->index), 0);
            T_EQ(t, wmbt_index_remove(w, &child), WMBT_OK);
        }
    }
}

/* --- places ----------------------------------------------------------------------------------- */

/* Images are read by others than those who made them, so where a hash belongs is part of the format
 * (docs/INDEX.md). Computed from its description, not by the library. */
static void test_home(wmbt_test *t)
{
    static const struct {
        uint64_t seed;
        uint32_t falls, buckets, bucket, tag;
    } rows[] = {
        {UINT64_C(0x0000000000000000), 0, 0xF4243, 0x7A7D, 0x04030201},
        {UINT64_C(0x0000000000000000), 0, 0x15555554, 0xAB4080, 0x04030201},
        {UINT64_C(0x0000000000000000), 1, 0xF4243, 0xC5411, 0xEAF1F8FF},
        {UINT64_C(0x0000000000000000), 1, 0x15555554, 0x113C7D11, 0xEAF1F8FF},
        {UINT64_C(0x0000000000000001), 0, 0xF4243, 0x325E0, 0x011CA029},
        {UINT64_C(0x0000000000000001), 0, 0x15555554, 0x466B17D, 0x011CA029},
        {UINT64_C(0x0000000000000001), 1, 0xF4243, 0xE54A2, 0xD5ACA174},
        {UINT64_C(0x0000000000000001), 1, 0x15555554, 0x14091BCA, 0xD5ACA174},
        {UINT64_C(0x0123456789ABCDEF), 0, 0xF4243, 0x4E9DE, 0x06E477A6},
        {UINT64_C(0x0123456789ABCDEF), 0, 0x15555554, 0x6DE9EF0, 0x06E477A6},
        {UINT64_C(0x0123456789ABCDEF), 1, 0xF4243, 0x6CEAF, 0x5A76D8AF},
        {UINT64_C(0x0123456789ABCDEF), 1, 0x15555554, 0x9847161, 0x5A76D8AF},
        {UINT64_C(0xFFFFFFFFFFFFFFFF), 0, 0xF4243, 0x437B3, 0x0FB84D7E},
        {UINT64_C(0xFFFFFFFFFFFFFFFF), 0, 0x15555554, 0x5E5866F, 0x0FB84D7E},
        {UINT64_C(0xFFFFFFFFFFFFFFFF), 1, 0xF4243, 0x237B8, 0x3A1F40A8},
        {UINT64_C(0xFFFFFFFFFFFFFFFF), 1, 0x15555554, 0x319BA11, 0x3A1F40A8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t hash[32];
        wmbt_index x;
        for (uint32_t at = 0; at < 32u; at++) {
            hash[at] = (uint8_t)(rows[i].falls != 0u ? 255u - 7u * at : at + 1u);
        }
        wmbt_bytes_fill((uint8_t *)&x, 0, sizeof x);
        x.seed = rows[i].seed;
        x.bucket_count = rows[i].buckets;
        uint64_t home = wmbt_index_home(&x, hash);
        T_EQ(t, home >> 32, rows[i].bucket);
        T_EQ(t, home & UINT32_MAX, rows[i].tag);
    }
}

/* --- arguments -------------------------------------------------------------------------------- */

static void test_bad_arguments(wmbt_test *t)
{
    wmbt_index_config config = {10, 2, 0, false};
    const size_t need = WMBT_INDEX_BYTES(10, 2);
    uint8_t *memory = wmbt_test_alloc(t, need + 64u);
    wmbt_index_writer w;
    wmbt_test_fill(&w, sizeof w);
    wmbt_test_fill(memory, need + 64u);
    T_EQ(t, wmbt_index_init(wmbt_buf_of(NULL, need), &config, &w), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need - 1u), &config, &w), WMBT_BUFFER_TOO_SMALL);
    for (size_t off = 1; off < 64u; off++) {
        T_EQ(t, wmbt_index_init(wmbt_buf_of(memory + off, need), &config, &w),
             WMBT_BUFFER_MISALIGNED);
    }
    config.capacity = WMBT_INDEX_MAX_CAPACITY;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need), &config, &w), WMBT_BUFFER_TOO_SMALL);
    config.capacity++;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, SIZE_MAX), &config, &w), WMBT_TOO_LARGE);
    config.capacity = 10;
    config.contexts = WMBT_INDEX_MAX_CONTEXTS + 1u;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, SIZE_MAX), &config, &w), WMBT_TOO_LARGE);
    T_CHECK(t, wmbt_test_is_filled(&w, sizeof w) && wmbt_test_is_filled(memory, need + 64u));
    config.contexts = 2;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need), &config, &w), WMBT_OK);
    T_CHECK(t, wmbt_test_is_filled(memory + need, 64));
    T_EQ(t, wmbt_index_room(&w.index), 10);

    wmbt_block_hash hash;
    uint8_t marks[2] = {0xEE, 0xEE};
    many_key(1, &hash);
    T_EQ(t, wmbt_index_mark(&w.index, NULL, 1, wmbt_buf_of(marks, 1)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_index_mark(&w.index, &hash, 1, wmbt_buf_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_index_mark(&w.index, &hash, 9, wmbt_buf_of(marks, 1)), WMBT_BUFFER_TOO_SMALL);
    T_CHECK(t, wmbt_test_is_filled(marks, 2));
    T_EQ(t, wmbt_index_mark(&w.index, &hash, 1, wmbt_buf_of(marks, 2)), WMBT_OK);
    T_CHECK(t, marks[0] == 0 && marks[1] == 0);
    T_EQ(t, wmbt_index_longest_prefix(&w.index, &hash, 0), 0);
    T_EQ(t, wmbt_index_likely_prefix(&w.index, &hash, 0), 0);
    T_EQ(t, wmbt_index_chain_prefix(&w.index, &hash, 0), 0);
    T_EQ(t, wmbt_index_mark(&w.index, NULL, 0, wmbt_buf_of(NULL, 0)), WMBT_OK);
    config.prefix_closed = true;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need), &config, &w), WMBT_OK);
    T_EQ(t, wmbt_index_chain_prefix(&w.index, NULL, 0), 0);
    T_EQ(t, wmbt_index_longest_prefix(&w.index, NULL, 0), 0);
    T_EQ(t, wmbt_index_likely_prefix(&w.index, NULL, 0), 0);
    T_EQ(t, wmbt_index_longest_prefix(&w.index, &hash, 1), 0); /* sanitizers see what is before */
    T_EQ(t, wmbt_index_likely_prefix(&w.index, &hash, 1), 0);
    T_EQ(t, wmbt_index_chain_prefix(&w.index, &hash, 1), 0);
}

/* 75 bytes a block and 48 a context are what the contract says. */
static void test_bytes(wmbt_test *t)
{
    for (uint32_t capacity = 1000; capacity < 20000000u; capacity += capacity / 3u) {
        T_CHECK(t, WMBT_INDEX_BYTES(capacity, 8) / 76u <= capacity);
    }
    T_EQ(t, WMBT_INDEX_BYTES(6, 5) - WMBT_INDEX_BYTES(6, 1), 192);
    T_EQ(t, WMBT_INDEX_BYTES(7, 0) - WMBT_INDEX_BYTES(6, 0), 64);
}

/* A second look at the same memory, as another process has it. */
static void test_attach(wmbt_test *t)
{
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_test_reset(t);
        wmbt_index_config config = {10, 3, closed * 5u, closed != 0u};
        const size_t need = WMBT_INDEX_BYTES(10, 3);
        wmbt_index_writer *w = make(t, &config);
        wmbt_view memory = wmbt_view_of(w->index.header, need);
        wmbt_index x;
        T_EQ(t, wmbt_index_attach(memory, &x), WMBT_OK);
        wmbt_block_hash hash;
        wmbt_block_meta meta, got;
        many_key(3, &hash);
        context_of(2, &meta);
        meta.payload_bytes = 44;
        meta.block_seq = 0;
        wmbt_bytes_fill(meta.parent_hash.bytes, 0, 32);
        T_EQ(t, wmbt_index_get(&x, &hash, &got), WMBT_MISSING);
        T_EQ(t, wmbt_index_insert(w, &hash, &meta, 9), WMBT_OK);
        T_EQ(t, wmbt_index_get(&x, &hash, &got), WMBT_OK);
        T_CHECK(t, got.payload_bytes == 44 && got.last_access_ns == 9);
        T_EQ(t, wmbt_index_room(&x), 9);
        T_EQ(t, wmbt_index_contexts(&x), 1);
        WMBT_PREFETCH(memory.data); /* changes nothing */
        wmbt_index kept = x;
        T_EQ(t, wmbt_index_attach(wmbt_view_of(NULL, need), &x), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_index_attach(wmbt_view_of(memory.data + 1, need - 1), &x),
             WMBT_BUFFER_MISALIGNED);
        for (size_t len = 0; len < need; len++) {
            T_EQ(t, wmbt_index_attach(wmbt_view_of(memory.data, len), &x), WMBT_TRUNCATED);
        }
        uint8_t *bytes = wmbt_test_alloc(t, need);
        for (size_t i = 0; i < 64u; i++) { /* of the constant part of the header */
            wmbt_test_copy(bytes, memory.data, need);
            bytes[i] ^= 0x40u;
            wmbt_status status = wmbt_index_attach(wmbt_view_of(bytes, need), &x);
            wmbt_status want = i < 4u                 ? WMBT_BAD_MAGIC
                               : i < 8u               ? WMBT_UNSUPPORTED_VERSION
                               : i == 14u || i == 15u ? WMBT_BAD_COUNT
                               : i < 16u              ? WMBT_TRUNCATED
                               : i < 20u              ? WMBT_BAD_FIELD
                                                      : WMBT_OK;
            T_CHECK(t, status == want);
            T_CHECK(t, status == WMBT_OK ||
                           wmbt_test_same((const uint8_t *)&x, (const uint8_t *)&kept, sizeof x));
            x = kept;
        }
    }
}

/* Memory of exactly what a table takes, and a byte less; the macro and the library agree. */
static void test_exact_memory(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, 8192);
    for (uint32_t capacity = 0; capacity <= 20u; capacity++) {
        for (uint32_t contexts = 0; contexts <= 90u; contexts++) {
            wmbt_index_config config = {capacity, contexts, 0, false};
            const size_t need = 128u + 64u * (capacity / 6u + 1u) +
                                (contexts * 48u + 63u) / 64u * 64u + 64u * capacity;
            wmbt_index_writer w;
            wmbt_index x;
            T_EQ(t, WMBT_INDEX_BYTES(capacity, contexts), need);
            T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need - 1u), &config, &w),
                 WMBT_BUFFER_TOO_SMALL);
            wmbt_test_fill(memory + need, 64);
            T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, need), &config, &w), WMBT_OK);
            T_CHECK(t, wmbt_test_is_filled(memory + need, 64));
            T_EQ(t, wmbt_index_attach(wmbt_view_of(memory, need - 1u), &x), WMBT_TRUNCATED);
            T_EQ(t, wmbt_index_attach(wmbt_view_of(memory, need), &x), WMBT_OK);
            T_EQ(t, wmbt_index_room(&x), capacity);
        }
    }
    /* Limits: a header that says more is none, one that says as much is one of a longer table. */
    wmbt_index_config config = {20, 90, 0, false};
    wmbt_index_writer w;
    wmbt_index x;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, 8192), &config, &w), WMBT_OK);
    for (uint32_t more = 0; more < 2u; more++) {
        wmbt_status want = more != 0u ? WMBT_BAD_COUNT : WMBT_TRUNCATED;
        wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_CAPACITY, WMBT_INDEX_MAX_CAPACITY + more);
        T_EQ(t, wmbt_index_attach(wmbt_view_of(memory, 8192), &x), want);
        wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_CAPACITY, 20);
        wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_CONTEXTS, WMBT_INDEX_MAX_CONTEXTS + more);
        T_EQ(t, wmbt_index_attach(wmbt_view_of(memory, 8192), &x), want);
        wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_CONTEXTS, 90);
        config.contexts = WMBT_INDEX_MAX_CONTEXTS + more;
        T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, 4096), &config, &w),
             more != 0u ? WMBT_TOO_LARGE : WMBT_BUFFER_TOO_SMALL);
        config.contexts = 90;
    }
    /* What is shorter than a header is too short, whatever it holds. */
    for (size_t len = 0; len <= 256u; len++) {
        uint32_t capacity = 77;
        wmbt_bytes_fill(memory, 0, 256);
        T_EQ(t, wmbt_index_attach(wmbt_view_of(memory, len), &x),
             len < 128u ? WMBT_TRUNCATED : WMBT_BAD_MAGIC);
        T_EQ(t, wmbt_index_read_header(wmbt_view_of(memory, len), &x, &capacity),
             len < 128u ? WMBT_TRUNCATED : WMBT_BAD_MAGIC);
        T_EQ(t, capacity, 77);
    }
}

/* Three blocks in a chain, and what a table's memory says of them when it is bent. */
static wmbt_index_writer *make_three(wmbt_test *t, wmbt_block_hash hashes[3])
{
    wmbt_index_config config = {3, 1, 0, false};
    size_t bytes = WMBT_INDEX_BYTES(3, 1);
    wmbt_index_writer *w =
        (wmbt_index_writer *)(void *)wmbt_test_alloc(t, sizeof(wmbt_index_writer));
    uint8_t *memory = wmbt_test_alloc(t, bytes + 256u); /* more than the table */
    wmbt_block_meta meta;
    T_ALSO(t, wmbt_index_init(wmbt_buf_of(memory, bytes), &config, w) == WMBT_OK, "init");
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    for (uint32_t i = 0; i < 3u; i++) {
        many_key(i + 1u, &hashes[i]);
        meta.block_seq = i;
        meta.payload_bytes = 100u + i;
        T_ALSO(t, wmbt_index_insert(w, &hashes[i], &meta, 7) == WMBT_OK, "insert");
        wmbt_bytes_copy(meta.parent_hash.bytes, hashes[i].bytes, 32);
    }
    return w;
}

static uint8_t *bytes_of(wmbt_index_writer *w, const void *part)
{
    return (uint8_t *)w->memory + ((const uint8_t *)part - (const uint8_t *)w->memory);
}

/* A record that its writer has not finished, or whose context is none: what it says is not told. */
static void test_mid_write(wmbt_test *t)
{
    static const uint32_t states[] = {0x10001u, 0x2u, 0x20002u, 0xFFFFu};
    wmbt_block_hash hashes[3], hash;
    wmbt_block_meta meta, zero;
    wmbt_index_writer *w = make_three(t, hashes);
    T_CHECK(t, !t->failed);
    wmbt_bytes_fill((uint8_t *)&zero, 0, sizeof zero);
    uint8_t *record = bytes_of(w, wmbt_index_record(&w->index, 1));
    uint32_t kept = wmbt_test_load32(record + 4u * WMBT_INDEX_RECORD_STATE);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        wmbt_test_store32(record + 4u * WMBT_INDEX_RECORD_STATE, states[i]);
        wmbt_test_fill(&meta, sizeof meta);
        T_CHECK(t, wmbt_index_has(&w->index, &hashes[1]));
        T_EQ(t, wmbt_index_get(&w->index, &hashes[1], &meta), WMBT_STALE);
        T_CHECK(t, same_meta(&meta, &zero));
        wmbt_test_fill(&meta, sizeof meta);
        wmbt_test_fill(&hash, sizeof hash);
        T_EQ(t, wmbt_index_at(&w->index, 1, &hash, &meta), WMBT_STALE);
        T_CHECK(t, same_meta(&meta, &zero) && wmbt_bytes_all_zero(hash.bytes, 32));
    }
    wmbt_test_store32(record + 4u * WMBT_INDEX_RECORD_STATE, kept);
    T_EQ(t, wmbt_index_get(&w->index, &hashes[1], &meta), WMBT_OK);
    T_EQ(t, meta.payload_bytes, 101);
}

/* Numbers of slots behind the last: a block is not there, and a parent is none, although what lies
 * behind the table looks like one. */
static void test_numbers_behind(wmbt_test *t)
{
    wmbt_block_hash hashes[3];
    wmbt_block_meta meta;
    uint8_t mark = 0xEE;
    wmbt_index_writer *w = make_three(t, hashes);
    T_CHECK(t, !t->failed);
    const wmbt_index *x = &w->index;
    uint8_t *record = bytes_of(w, wmbt_index_record(x, 0));
    wmbt_test_copy(record + 3 * 64, record + 2 * 64, 64); /* slot 3, number 4 */
    wmbt_test_copy(record + 4 * 64, record + 2 * 64, 64);
    for (uint32_t number = 4; number <= 5u; number++) {
        wmbt_test_store32(record + 2 * 64 + 4u * WMBT_INDEX_RECORD_PARENT, number);
        T_EQ(t, wmbt_index_get(x, &hashes[2], &meta), WMBT_OK);
        T_CHECK(t, wmbt_bytes_all_zero(meta.parent_hash.bytes, 32));
        T_EQ(t, wmbt_index_at(x, number - 1u, &hashes[0], &meta), WMBT_END);
        wmbt_index_place place;
        T_CHECK(t, wmbt_index_find(x, hashes[2].bytes, &place));
        uint8_t *id = bytes_of(w, place.at + WMBT_INDEX_WAYS);
        wmbt_test_store32(id, number);
        T_CHECK(t, !wmbt_index_has(x, &hashes[2]));
        T_EQ(t, wmbt_index_get(x, &hashes[2], &meta), WMBT_MISSING);
        T_EQ(t, wmbt_index_longest_prefix(x, &hashes[2], 1), 0);
        T_EQ(t, wmbt_index_likely_prefix(x, &hashes[2], 1), 0);
        T_EQ(t, wmbt_index_mark(x, &hashes[2], 1, wmbt_buf_of(&mark, 1)), WMBT_OK);
        T_EQ(t, mark, 0);
        wmbt_test_store32(id, 3);
    }
    T_CHECK(t, wmbt_index_has(x, &hashes[2]));
}

/* No block follows the one of number 2^32 - 1: the next would be a root again. */
static void test_last_number(wmbt_test *t)
{
    static const wmbt_block_hash root = {{1}}, child = {{2}};
    wmbt_index_config config = {4, 1, 0, true};
    uint8_t *memory = wmbt_test_alloc(t, WMBT_INDEX_BYTES(4, 1));
    wmbt_index_writer w;
    wmbt_block_meta meta;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, WMBT_INDEX_BYTES(4, 1)), &config, &w), WMBT_OK);
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    T_EQ(t, wmbt_index_insert(&w, &root, &meta, 1), WMBT_OK);
    const wmbt_index_word *record = wmbt_index_record(&w.index, 0);
    size_t at = (size_t)((const uint8_t *)(record + WMBT_INDEX_RECORD_SEQ) - memory);
    for (uint32_t less = 0; less < 2u; less++) { /* as if so many had come before it */
        wmbt_test_store32(memory + at, UINT32_MAX - less);
        wmbt_bytes_copy(meta.parent_hash.bytes, root.bytes, sizeof root.bytes);
        meta.block_seq = 0u - less;
        T_EQ(t, wmbt_index_insert(&w, &child, &meta, 1), less == 0u ? WMBT_WRONG_BLOCK : WMBT_OK);
    }
}

static const wmbt_case cases[] = {
    {"upstream's scripts", test_golden, 256u << 10, SCRIPTS},
    {"a few random steps", test_few_steps, 64u << 10, NULL},
    {"a few random steps, prefix-closed", test_few_steps_closed, 64u << 10, NULL},
    {"lists of every length", test_every_list, 8u << 10, NULL},
    {"the last slot", test_last_slot, 4096, NULL},
    {"memory of another table", test_memory_of_another, 4096, NULL},
    {"hashes that differ in a byte", test_one_byte, 4096, NULL},
    {"where a hash belongs", test_home, 0, NULL},
    {"exact memory", test_exact_memory, 8192, NULL},
    {"a record being written", test_mid_write, 4096, NULL},
    {"numbers behind the last", test_numbers_behind, 4096, NULL},
    {"random steps against a list", test_model, 64u << 10, NULL},
    {"random steps, prefix-closed", test_model_closed, 64u << 10, NULL},
    {"rated capacity", test_rated, T_MANY(12u << 20, 768u << 10), NULL},
    {"bad arguments", test_bad_arguments, 16u << 10, NULL},
    {"the last number", test_last_number, 4096, NULL},
    {"bytes", test_bytes, 0, NULL},
    {"another process", test_attach, 16u << 10, NULL},
};
WMBT_SUITE(index, cases);
