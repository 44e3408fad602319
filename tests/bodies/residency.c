/* SPDX-License-Identifier: Apache-2.0 */
/* residency: upstream's keys, estimates and scripts. */
#include "wombatkv/residency.h"

#include "base/bytes.h"
#include "index/table.h"
#include "../support/test.h"

#define KEYS "golden/vectors/radix_key_encoder.tsv"
#define GUARDS "golden/vectors/radix_guardrail.tsv"
#define SCRIPTS "golden/vectors/radix_residency.tsv"
#define MAX_KEYS 64u
#define CAPACITY 200u

static void test_keys(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, KEYS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t op = wmbt_table_column(t, &table, "op");
    uint32_t fingerprint = wmbt_table_column(t, &table, "fingerprint_hex");
    uint32_t index = wmbt_table_column(t, &table, "block_index");
    uint32_t depths = wmbt_table_column(t, &table, "depths");
    uint32_t keys = wmbt_table_column(t, &table, "keys");
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        wmbt_view of = wmbt_cell_bytes(t, cells[fingerprint]);
        T_EQ(t, of.len, WMBT_RESIDENCY_FINGERPRINT_BYTES);
        wmbt_view depth_list = cells[depths], key_list = cells[keys];
        bool is_chain = wmbt_test_view_is(cells[op], "chain");
        T_CHECK(t, is_chain || wmbt_test_view_is(cells[op], "encode"));
        while (depth_list.data != NULL && !wmbt_test_view_is(depth_list, "empty")) {
            uint32_t depth = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&depth_list, ','));
            uint32_t block = is_chain ? depth : (uint32_t)wmbt_cell_u64(t, cells[index]);
            wmbt_block_hash want, got;
            T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&key_list, ','), &want), WMBT_OK);
            wmbt_residency_key(of.data, block, depth, &got);
            T_CHECK(t, wmbt_block_hash_equal(&got, &want));
        }
        T_CHECK(t, key_list.data == NULL || wmbt_test_view_is(key_list, "empty"));
    }
    T_EQ(t, table.row, 133);
}

static void test_guards(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, GUARDS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t host = wmbt_table_column(t, &table, "host");
    uint32_t count = wmbt_table_column(t, &table, "count");
    uint32_t budget = wmbt_table_column(t, &table, "budget");
    wmbt_residency_guard guard;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        guard.host_bytes = wmbt_cell_u64(t, cells[host]);
        guard.reserved_bytes = wmbt_cell_u64(t, cells[host + 1u]);
        guard.percent = (uint8_t)wmbt_cell_u64(t, cells[host + 2u]);
        guard.overhead_bytes = wmbt_cell_u64(t, cells[host + 3u]);
        if (wmbt_test_view_is(cells[0], "default")) {
            wmbt_residency_guard own;
            wmbt_residency_guard_init(&own);
            T_EQ(t, own.host_bytes, guard.host_bytes);
            T_EQ(t, own.reserved_bytes, guard.reserved_bytes);
            T_EQ(t, own.percent, guard.percent);
            T_EQ(t, own.overhead_bytes, guard.overhead_bytes);
        }
        T_EQ(t, wmbt_residency_guard_budget(&guard), wmbt_cell_u64(t, cells[budget]));
        T_EQ(t, wmbt_residency_guard_bytes(&guard, 1), wmbt_cell_u64(t, cells[budget + 1u]));
        T_EQ(t, wmbt_residency_guard_bytes(&guard, wmbt_cell_u64(t, cells[count])),
             wmbt_cell_u64(t, cells[budget + 2u]));
    }
    T_EQ(t, table.row, 155);
}

static uint32_t where_of(wmbt_view word)
{
    return wmbt_test_view_is(word, "ram")      ? WMBT_RESIDENCY_RAM
           : wmbt_test_view_is(word, "nvme")   ? WMBT_RESIDENCY_NVME
           : wmbt_test_view_is(word, "remote") ? WMBT_RESIDENCY_REMOTE
                                               : 0u;
}

static void read_guard(wmbt_test *t, wmbt_view cell, wmbt_residency_guard *guard)
{
    guard->host_bytes = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    guard->reserved_bytes = wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    guard->percent = (uint8_t)wmbt_cell_u64(t, wmbt_cell_part(&cell, ':'));
    guard->overhead_bytes = wmbt_cell_u64(t, cell);
}

static void run_lookup(wmbt_test *t, const wmbt_index *x, wmbt_view keys, const wmbt_view *result)
{
    wmbt_block_hash chain[MAX_KEYS];
    wmbt_residency entries[MAX_KEYS];
    wmbt_residency_chain found;
    uint32_t n = 0;
    while (keys.data != NULL && !wmbt_test_view_is(keys, "empty")) {
        T_CHECK(t, n < MAX_KEYS);
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&keys, ','), &chain[n++]), WMBT_OK);
    }
    wmbt_residency_lookup(x, chain, n, entries, &found);
    T_EQ(t, found.matched, wmbt_cell_u64(t, result[0]));
    wmbt_view handles = result[1], prefetch = result[2];
    uint32_t at = 0;
    wmbt_block_hash key;
    while (handles.data != NULL && !wmbt_test_view_is(handles, "empty")) {
        wmbt_view handle = wmbt_cell_part(&handles, ',');
        T_CHECK(t, at < found.resident);
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&handle, ':'), &key), WMBT_OK);
        T_CHECK(t, wmbt_block_hash_equal(&key, &chain[at]));
        T_EQ(t, entries[at].block_index, wmbt_cell_u64(t, wmbt_cell_part(&handle, ':')));
        T_EQ(t, entries[at++].where, where_of(handle));
    }
    T_EQ(t, at, found.resident);
    while (prefetch.data != NULL && !wmbt_test_view_is(prefetch, "empty")) {
        T_CHECK(t, at < found.matched);
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&prefetch, ','), &key), WMBT_OK);
        T_CHECK(t, wmbt_block_hash_equal(&key, &chain[at++]));
    }
    T_EQ(t, at, found.matched);
}

/* One row; cells from the column op on. */
static void run_row(wmbt_test *t, wmbt_index_writer *w, const wmbt_view *cells)
{
    wmbt_block_hash key;
    wmbt_residency entry = {0, 0};
    wmbt_residency_guard guard;
    uint64_t estimated = 0xEE;
    wmbt_view result = cells[5];
    if (!wmbt_test_view_is(cells[4], "none")) {
        read_guard(t, cells[4], &guard);
    }
    if (wmbt_test_view_is(cells[0], "lookup")) {
        T_CALL(t, run_lookup(t, &w->index, cells[1], cells + 5));
        return;
    }
    if (wmbt_test_view_is(cells[0], "len")) {
        uint32_t count = wmbt_index_count(&w->index);
        T_EQ(t, count, wmbt_cell_u64(t, wmbt_cell_part(&result, ':')));
        T_EQ(t, wmbt_residency_guard_bytes(&guard, count), wmbt_cell_u64(t, result));
        return;
    }
    T_EQ(t, wmbt_block_hash_from_hex(cells[1], &key), WMBT_OK);
    entry.block_index = (uint32_t)wmbt_cell_u64(t, cells[2]);
    entry.where = where_of(cells[3]);
    if (wmbt_test_view_is(cells[0], "upsert")) {
        T_CHECK(t, wmbt_test_view_is(result, "ok"));
        T_EQ(t, wmbt_residency_put(w, &key, &entry), WMBT_OK);
        return;
    }
    T_CHECK(t, wmbt_test_view_is(cells[0], "upsert_guarded"));
    wmbt_status status = wmbt_residency_put_guarded(w, &guard, &key, &entry, &estimated);
    if (wmbt_test_view_is(result, "ok")) {
        T_EQ(t, status, WMBT_OK);
        T_EQ(t, estimated, 0xEE);
        return;
    }
    T_CHECK(t, wmbt_test_view_is(wmbt_cell_part(&result, ':'), "err"));
    T_CHECK(t, wmbt_test_view_is(wmbt_cell_part(&result, ':'), "memory_budget"));
    T_EQ(t, status, WMBT_TOO_LARGE);
    T_EQ(t, estimated, wmbt_cell_u64(t, wmbt_cell_part(&result, ':')));
    T_EQ(t, wmbt_residency_guard_budget(&guard), wmbt_cell_u64(t, result));
}

static void make(wmbt_test *t, uint32_t capacity, wmbt_index_writer *w)
{
    wmbt_index_config config = {capacity, WMBT_RESIDENCY_CONTEXTS, 0, false};
    size_t bytes = WMBT_INDEX_BYTES(capacity, WMBT_RESIDENCY_CONTEXTS);
    uint8_t *memory = wmbt_test_alloc(t, bytes);
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, bytes), &config, w), WMBT_OK);
    T_EQ(t, bytes, wmbt_residency_bytes(capacity));
}

static void test_scripts(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, SCRIPTS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t script = wmbt_table_column(t, &table, "script");
    uint32_t op = wmbt_table_column(t, &table, "op");
    uint64_t current = UINT64_MAX;
    wmbt_index_writer w;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        if (wmbt_cell_u64(t, cells[script]) != current) {
            current = wmbt_cell_u64(t, cells[script]);
            wmbt_test_reset(t);
            T_CALL(t, make(t, CAPACITY, &w));
        }
        T_CALL(t, run_row(t, &w, cells + op));
    }
    T_EQ(t, table.row, 800);
}

static void test_arguments(wmbt_test *t)
{
    wmbt_index_writer w;
    wmbt_residency entry = {7, 0};
    wmbt_block_hash key;
    wmbt_bytes_fill(key.bytes, 9, 32);
    T_CALL(t, make(t, 1, &w));
    T_EQ(t, wmbt_residency_put(&w, &key, &entry), WMBT_BAD_ARGUMENT);
    entry.where = WMBT_RESIDENCY_REMOTE + 1u;
    T_EQ(t, wmbt_residency_put(&w, &key, &entry), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_index_count(&w.index), 0);
    for (entry.where = 1; entry.where <= 3u; entry.where++) { /* replacing takes no room */
        T_EQ(t, wmbt_residency_put(&w, &key, &entry), WMBT_OK);
    }
    entry.where = 1;
    key.bytes[5] = 1;
    T_EQ(t, wmbt_residency_put(&w, &key, &entry), WMBT_FULL);
    T_EQ(t, wmbt_residency_bytes(UINT64_C(0x7FFFFFF1)), UINT64_MAX);
    T_EQ(t, wmbt_residency_bytes(UINT64_C(0x7FFFFFF0)), /* docs/INDEX.md */
         128u + UINT64_C(64) * (0x7FFFFFF0u / 6u + 1u) + 192u + UINT64_C(64) * 0x7FFFFFF0u);
    /* What just fits the budget is accepted. */
    wmbt_residency_guard guard = {208, 0, 64, 50};
    uint64_t estimated = 0xEE;
    key.bytes[5] = 9;
    T_EQ(t, wmbt_residency_put_guarded(&w, &guard, &key, &entry, &estimated), WMBT_OK);
    guard.host_bytes--;
    T_EQ(t, wmbt_residency_put_guarded(&w, &guard, &key, &entry, &estimated), WMBT_TOO_LARGE);
    T_EQ(t, estimated, 104);
}

/* A record that is being written all the while, or whose context is none: the block is there, but
 * nobody knows where. */
static void test_not_told(wmbt_test *t)
{
    static const uint32_t states[] = {0x10001u, 0x4u, 0xFFFFu};
    wmbt_index_writer w;
    wmbt_residency entry = {7, WMBT_RESIDENCY_RAM}, entries[2];
    wmbt_residency_chain chain;
    wmbt_block_hash keys[2];
    T_CALL(t, make(t, 2, &w));
    for (uint8_t i = 0; i < 2u; i++) {
        wmbt_bytes_fill(keys[i].bytes, (uint8_t)(i + 1u), 32);
        T_EQ(t, wmbt_residency_put(&w, &keys[i], &entry), WMBT_OK);
    }
    uint8_t *memory = w.memory;
    const size_t at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 1) - memory);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        wmbt_test_store32(memory + at + 4u * WMBT_INDEX_RECORD_STATE, states[i]);
        wmbt_test_fill(entries, sizeof entries);
        wmbt_residency_lookup(&w.index, keys, 2, entries, &chain);
        T_EQ(t, chain.matched, 2);
        T_EQ(t, chain.resident, 1);
        T_EQ(t, entries[0].block_index, 7);
        T_CHECK(t, wmbt_test_is_filled(&entries[1], sizeof entries[1]));
    }
}

static const wmbt_case cases[] = {
    {"keys", test_keys, 64u << 10, KEYS},
    {"estimates", test_guards, 0, GUARDS},
    {"scripts", test_scripts, 64u << 10, SCRIPTS},
    {"arguments", test_arguments, 4u << 10, NULL},
    {"what cannot be told", test_not_told, 4u << 10, NULL},
};
WMBT_SUITE(residency, cases);
