/* SPDX-License-Identifier: Apache-2.0 */
/* store: upstream's scripts, order against a plain model, and what an error leaves alone. */
#include "wombatkv/store.h"

#include "base/bytes.h"
#include "base/le.h"
#include "../support/test.h"
#include "wombatkv/chain.h"

#define LOOKUP "golden/vectors/core_lookup.tsv"
#define MAX_BLOCKS 32u

/* --- golden ----------------------------------------------------------------------------------- */

struct columns {
    uint32_t script, op, tenant, fingerprint, blocks, payloads, key_hash, key_index, result,
        matched, got, missing;
};

/* The hash of every block of a cell, by the core chain. */
static void hash_blocks(wmbt_test *t, wmbt_store_prefix *prefix, wmbt_view cell)
{
    wmbt_block_hash *hashes =
        (wmbt_block_hash *)(void *)wmbt_test_alloc(t, MAX_BLOCKS * sizeof(wmbt_block_hash));
    uint8_t *memory = wmbt_test_alloc(t, WMBT_CHAIN_BYTES(1024));
    wmbt_chain_config config = {0};
    config.dialect = WMBT_CHAIN_CORE;
    config.tenant = prefix->tenant;
    config.fingerprint = wmbt_view_of(prefix->fingerprint, 32);
    wmbt_chain *chain;
    T_EQ(t, wmbt_chain_init(wmbt_buf_of(memory, WMBT_CHAIN_BYTES(1024)), &config, &chain), WMBT_OK);
    prefix->hashes = hashes;
    prefix->count = 0;
    if (wmbt_test_view_is(cell, "empty")) {
        return;
    }
    while (cell.data != NULL) {
        wmbt_view tokens = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ','));
        T_EQ(t, wmbt_chain_begin_block(chain, (uint32_t)(tokens.len / 4)), WMBT_OK);
        for (size_t i = 0; i < tokens.len; i += 4) {
            uint32_t token = wmbt_load_le32(tokens.data + i);
            T_EQ(t, wmbt_chain_add(chain, &token, 1), WMBT_OK);
        }
        T_CHECK(t, prefix->count < MAX_BLOCKS);
        T_EQ(t, wmbt_chain_end_block(chain, &hashes[prefix->count++]), WMBT_OK);
    }
}

static uint32_t read_payloads(wmbt_test *t, wmbt_view cell, wmbt_view out[MAX_BLOCKS])
{
    uint32_t n = 0;
    if (wmbt_test_view_is(cell, "empty")) {
        return 0;
    }
    while (cell.data != NULL && n < MAX_BLOCKS) {
        out[n++] = wmbt_cell_bytes(t, wmbt_cell_part(&cell, ','));
    }
    return n;
}

static void run_publish(wmbt_test *t, wmbt_store *x, const struct columns *at,
                        const wmbt_view *cells, const wmbt_store_prefix *prefix)
{
    wmbt_view payloads[MAX_BLOCKS];
    uint32_t n = read_payloads(t, cells[at->payloads], payloads);
    bool good = wmbt_test_view_is(cells[at->result], "ok");
    T_CHECK(t, good || wmbt_test_view_is(cells[at->result], "err:length_mismatch"));
    uint32_t before = wmbt_store_count(x);
    T_EQ(t, wmbt_store_publish_prefix(x, prefix, payloads, n), good ? WMBT_OK : WMBT_BAD_COUNT);
    T_CHECK(t, good || wmbt_store_count(x) == before);
}

static void run_put(wmbt_test *t, wmbt_store *x, const struct columns *at, const wmbt_view *cells,
                    const wmbt_store_prefix *prefix)
{
    wmbt_block_key key;
    key.tenant = prefix->tenant;
    wmbt_bytes_copy(key.fingerprint, prefix->fingerprint, 32);
    T_EQ(t, wmbt_block_hash_from_hex(cells[at->key_hash], &key.prefix_hash), WMBT_OK);
    key.block_index = (uint32_t)wmbt_cell_u64(t, cells[at->key_index]);
    wmbt_view payload = wmbt_cell_bytes(t, cells[at->payloads]);
    T_CHECK(t, wmbt_test_view_is(cells[at->result], "ok"));
    T_EQ(t, wmbt_store_put_block(x, &key, payload), WMBT_OK);
    wmbt_view got = wmbt_view_of(NULL, 9);
    T_EQ(t, wmbt_store_get_block(x, &key, &got), WMBT_OK);
    T_CHECK(t, wmbt_view_equal(got, payload));
}

static void run_lookup(wmbt_test *t, const wmbt_store *x, const struct columns *at,
                       const wmbt_view *cells, const wmbt_store_prefix *prefix)
{
    wmbt_view got[MAX_BLOCKS], want[MAX_BLOCKS];
    uint32_t matched = 99;
    T_EQ(t, wmbt_store_lookup_prefix(x, prefix, got, &matched), WMBT_OK);
    T_EQ(t, matched, wmbt_cell_u64(t, cells[at->matched]));
    T_EQ(t, read_payloads(t, cells[at->got], want), matched);
    for (uint32_t i = 0; i < matched; i++) {
        T_CHECK(t, wmbt_view_equal(got[i], want[i]));
    }
    wmbt_view missing = cells[at->missing];
    uint32_t i = matched;
    while (!wmbt_test_view_is(cells[at->missing], "empty") && missing.data != NULL) {
        wmbt_view item = wmbt_cell_part(&missing, ',');
        T_EQ(t, wmbt_cell_u64(t, wmbt_cell_part(&item, ':')), i);
        wmbt_block_hash want_hash;
        T_EQ(t, wmbt_block_hash_from_hex(item, &want_hash), WMBT_OK);
        T_CHECK(t, i < prefix->count);
        wmbt_block_key key;
        wmbt_store_key_of(prefix, i, &key);
        T_EQ(t, key.block_index, i++);
        T_CHECK(t, wmbt_block_hash_equal(&key.prefix_hash, &want_hash));
    }
    T_EQ(t, i, prefix->count);
    uint32_t again = 99;
    T_EQ(t, wmbt_store_lookup_prefix(x, prefix, NULL, &again), WMBT_OK);
    T_EQ(t, again, matched);
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text;
    T_CHECK(t, wmbt_test_data(t, LOOKUP, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    struct columns at;
    at.script = wmbt_table_column(t, &table, "script");
    at.op = wmbt_table_column(t, &table, "op");
    at.tenant = wmbt_table_column(t, &table, "tenant_hex");
    at.fingerprint = wmbt_table_column(t, &table, "fingerprint_hex");
    at.blocks = wmbt_table_column(t, &table, "blocks");
    at.payloads = wmbt_table_column(t, &table, "payloads");
    at.key_hash = wmbt_table_column(t, &table, "key_hash_hex");
    at.key_index = wmbt_table_column(t, &table, "key_index");
    at.result = wmbt_table_column(t, &table, "result");
    at.matched = wmbt_table_column(t, &table, "matched");
    at.got = wmbt_table_column(t, &table, "got");
    at.missing = wmbt_table_column(t, &table, "missing");
    wmbt_view cells[WMBT_TABLE_MAX_COLUMNS];
    wmbt_store *x = NULL;
    uint64_t script = UINT64_MAX;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        uint64_t now = wmbt_cell_u64(t, cells[at.script]);
        if (now != script) {
            wmbt_test_reset(t);
            uint8_t *memory = wmbt_test_alloc(t, WMBT_STORE_BYTES(256));
            wmbt_buf room = wmbt_buf_of(memory, WMBT_STORE_BYTES(256));
            T_EQ(t, wmbt_store_init(room, 256, &x), WMBT_OK);
            script = now;
        }
        wmbt_store_prefix prefix;
        prefix.tenant = wmbt_cell_bytes(t, cells[at.tenant]);
        wmbt_view fingerprint = wmbt_cell_bytes(t, cells[at.fingerprint]);
        T_EQ(t, fingerprint.len, 32);
        prefix.fingerprint = fingerprint.data;
        T_CALL(t, hash_blocks(t, &prefix, cells[at.blocks]));
        if (wmbt_test_view_is(cells[at.op], "publish")) {
            T_CALL(t, run_publish(t, x, &at, cells, &prefix));
        } else if (wmbt_test_view_is(cells[at.op], "put_block")) {
            T_CALL(t, run_put(t, x, &at, cells, &prefix));
        } else {
            T_CHECK(t, wmbt_test_view_is(cells[at.op], "lookup"));
            T_CALL(t, run_lookup(t, x, &at, cells, &prefix));
        }
    }
    T_EQ(t, table.row, 596);
}

/* --- order and capacity ----------------------------------------------------------------------- */

#define SMALL 24u

static const uint8_t bytes[8] = {0, 1, 2, 3, 4, 5, 6, 7};

/* Few values in every part of a key, so that keys collide in all parts but one. */
static void make_key(wmbt_block_key *key, uint32_t n)
{
    static const char *const tenants[] = {"", "a", "ab", "b"};
    key->tenant = wmbt_test_text(tenants[n & 3u]);
    wmbt_bytes_fill(key->fingerprint, 0, 32);
    key->fingerprint[(n >> 2 & 1u) * 31u] = (uint8_t)(0x7Fu + (n >> 3 & 1u));
    wmbt_bytes_fill(key->prefix_hash.bytes, 0xFF, 32);
    key->prefix_hash.bytes[31] = (uint8_t)(n >> 4 & 1u);
    key->block_index = (n >> 5 & 1u) * 0x80000000u + (n >> 6 & 1u);
}

/* Before, by the definition, part by part: an own comparison. */
static bool before(const wmbt_block_key *a, const wmbt_block_key *b)
{
    for (size_t i = 0; i < a->tenant.len || i < b->tenant.len; i++) {
        if (i == a->tenant.len || i == b->tenant.len) {
            return i == a->tenant.len;
        }
        if (a->tenant.data[i] != b->tenant.data[i]) {
            return a->tenant.data[i] < b->tenant.data[i];
        }
    }
    for (size_t i = 0; i < 64; i++) {
        uint8_t x = i < 32 ? a->fingerprint[i] : a->prefix_hash.bytes[i - 32];
        uint8_t y = i < 32 ? b->fingerprint[i] : b->prefix_hash.bytes[i - 32];
        if (x != y) {
            return x < y;
        }
    }
    return a->block_index < b->block_index;
}

/* The last bytes of memory that begin where a store may. */
static uint8_t *at_end(const wmbt_test *t, size_t n)
{
    return t->arena.data + (t->arena.len - n) / WMBT_STORE_ALIGN * WMBT_STORE_ALIGN;
}

/* Random puts against a list that says which of the 128 keys is stored with which payload. The
 * store lies at the end of memory. */
static void test_model(wmbt_test *t)
{
    uint32_t seed = 0x5EED;
    uint8_t *memory = at_end(t, WMBT_STORE_BYTES(SMALL));
    for (uint32_t run = 0; run < 200; run++) {
        uint8_t model[128];
        wmbt_store *x;
        wmbt_bytes_fill(model, 0xFF, sizeof model);
        T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, WMBT_STORE_BYTES(SMALL)), SMALL, &x), WMBT_OK);
        T_EQ(t, wmbt_store_capacity(x), SMALL);
        uint32_t stored = 0;
        for (uint32_t step = 0; step < 60; step++) {
            uint32_t n = wmbt_test_random(&seed) >> 8 & 127u;
            uint32_t payload = wmbt_test_random(&seed) >> 8 & 7u;
            wmbt_block_key key;
            make_key(&key, n);
            bool fits = model[n] != 0xFF || stored < SMALL;
            T_EQ(t, wmbt_store_put_block(x, &key, wmbt_view_of(bytes, payload)),
                 fits ? WMBT_OK : WMBT_FULL);
            stored += fits && model[n] == 0xFF;
            model[n] = fits ? (uint8_t)payload : model[n];
            T_EQ(t, wmbt_store_count(x), stored);
        }
        for (uint32_t n = 0; n < 128; n++) {
            wmbt_block_key key;
            wmbt_view got = wmbt_view_of(NULL, 99);
            make_key(&key, n);
            T_EQ(t, wmbt_store_get_block(x, &key, &got), model[n] == 0xFF ? WMBT_MISSING : WMBT_OK);
            T_EQ(t, got.len, model[n] == 0xFF ? 99 : model[n]);
        }
        for (uint32_t i = 1; i < stored; i++) {
            T_CHECK(t,
                    before(&wmbt_store_entry_at(x, i - 1)->key, &wmbt_store_entry_at(x, i)->key));
        }
        T_CHECK(t, wmbt_store_entry_at(x, stored) == NULL);
    }
}

static void make_prefix(wmbt_store_prefix *prefix, wmbt_block_hash *hashes, uint32_t count)
{
    static const uint8_t fingerprint[32] = {7};
    prefix->tenant = WMBT_VIEW_LITERAL("t");
    prefix->fingerprint = fingerprint;
    prefix->hashes = hashes;
    prefix->count = count;
    for (uint32_t i = 0; i < count; i++) {
        wmbt_bytes_fill(hashes[i].bytes, (uint8_t)(i + 1), 32);
    }
}

/* Every pattern of 6 stored blocks: matched is the run from the first, whatever lies behind. */
static void test_holes(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, WMBT_STORE_BYTES(6));
    wmbt_block_hash hashes[6];
    wmbt_store_prefix prefix;
    make_prefix(&prefix, hashes, 6);
    for (uint32_t pattern = 0; pattern < 64; pattern++) {
        wmbt_store *x;
        T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, WMBT_STORE_BYTES(6)), 6, &x), WMBT_OK);
        uint32_t run = 0;
        for (uint32_t i = 0; i < 6; i++) {
            if ((pattern >> i & 1u) != 0) {
                wmbt_block_key key;
                wmbt_store_key_of(&prefix, i, &key);
                T_EQ(t, wmbt_store_put_block(x, &key, wmbt_view_of(bytes, i)), WMBT_OK);
                run += run == i;
            }
        }
        wmbt_view got[6];
        for (uint32_t i = 0; i < 6; i++) {
            got[i] = wmbt_view_of(bytes, 8);
        }
        uint32_t matched = 99;
        T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, got, &matched), WMBT_OK);
        T_EQ(t, matched, run);
        for (uint32_t i = 0; i < 6; i++) {
            T_EQ(t, got[i].len, i < run ? i : 8u);
        }
    }
}

/* A publish that does not fit stores nothing; one that replaces needs no room. */
static void test_publish_all_or_nothing(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, WMBT_STORE_BYTES(4));
    wmbt_block_hash hashes[6];
    wmbt_view payloads[6], more[6];
    wmbt_store_prefix prefix;
    wmbt_store *x;
    make_prefix(&prefix, hashes, 6);
    for (uint32_t i = 0; i < 6; i++) {
        payloads[i] = wmbt_view_of(bytes, i);
        more[i] = wmbt_view_of(bytes, 8);
    }
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, WMBT_STORE_BYTES(4)), 4, &x), WMBT_OK);
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, payloads, 6), WMBT_FULL);
    T_EQ(t, wmbt_store_count(x), 0);
    prefix.count = 3;
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, payloads, 3), WMBT_OK);
    prefix.count = 5;
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, more, 5), WMBT_FULL);
    prefix.count = 3;
    uint32_t matched;
    wmbt_view got[6];
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, got, &matched), WMBT_OK);
    T_EQ(t, matched, 3);
    T_EQ(t, got[2].len, 2);
    prefix.count = 4;
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, more, 4), WMBT_OK);
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, got, &matched), WMBT_OK);
    T_EQ(t, matched, 4);
    T_EQ(t, got[2].len, 8);
    T_EQ(t, wmbt_store_count(x), 4);
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, more, 3), WMBT_BAD_COUNT);
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, more, 5), WMBT_BAD_COUNT);
    more[3] = wmbt_view_of(NULL, 1); /* the last one is bad: the first are not stored either */
    more[0] = wmbt_view_of(bytes, 1);
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, more, 4), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, got, &matched), WMBT_OK);
    T_EQ(t, got[0].len, 8);
    prefix.count = 0;
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, NULL, 0), WMBT_OK);
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, NULL, &matched), WMBT_OK);
    T_EQ(t, matched, 0);
}

static uint32_t bits_of(uint32_t pattern)
{
    uint32_t n = 0;
    for (; pattern != 0; pattern >>= 1) {
        n += pattern & 1u;
    }
    return n;
}

/* Publishes `count` blocks into a store of so much room that has a pattern of them. */
static void check_publish(wmbt_test *t, uint32_t pattern, uint32_t room, uint32_t count)
{
    uint8_t *memory = at_end(t, WMBT_STORE_BYTES(room));
    const uint32_t there = bits_of(pattern);
    const uint32_t all = there + count - bits_of(pattern & ((1u << count) - 1u));
    wmbt_block_hash hashes[6];
    wmbt_view payloads[6], got[6];
    wmbt_store_prefix prefix;
    wmbt_store *x;
    make_prefix(&prefix, hashes, 6);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, WMBT_STORE_BYTES(room)), room, &x), WMBT_OK);
    for (uint32_t i = 0; i < 6; i++) {
        payloads[i] = wmbt_view_of(bytes, i);
        if ((pattern >> i & 1u) != 0) {
            wmbt_block_key key;
            wmbt_store_key_of(&prefix, i, &key);
            T_EQ(t, wmbt_store_put_block(x, &key, wmbt_view_of(bytes, 8)), WMBT_OK);
        }
    }
    prefix.count = count;
    for (uint32_t bad = 0; all <= room && bad < count; bad++) {
        payloads[bad] = wmbt_view_of(NULL, 1);
        T_EQ(t, wmbt_store_publish_prefix(x, &prefix, payloads, count), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_store_count(x), there);
        payloads[bad] = wmbt_view_of(bytes, bad);
    }
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, payloads, count),
         all <= room ? WMBT_OK : WMBT_FULL);
    T_EQ(t, wmbt_store_count(x), all <= room ? all : there);
    uint32_t matched = 77;
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, got, &matched), WMBT_OK);
    for (uint32_t i = 0; i < matched; i++) {
        T_EQ(t, got[i].len, all <= room ? i : 8u);
    }
    T_CHECK(t, all > room || matched == count);
}

/* Every pattern of 6 blocks in every room that holds it, and every number of them published. */
static void test_publish_into_every_room(wmbt_test *t)
{
    for (uint32_t pattern = 0; pattern < 64; pattern++) {
        for (uint32_t room = bits_of(pattern); room <= 6; room++) {
            for (uint32_t count = 0; count <= 6; count++) {
                T_CALL(t, check_publish(t, pattern, room, count));
            }
        }
    }
}

static void test_bad_arguments(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, WMBT_STORE_BYTES(2) + 8);
    wmbt_store *const nothing = (wmbt_store *)(void *)memory;
    wmbt_store *x = nothing;
    const size_t need = WMBT_STORE_BYTES(2);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(NULL, need), 2, &x), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(NULL, 0), 2, &x), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, 15), 0, &x), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, need - 1), 2, &x), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, need), 3, &x), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, need), UINT32_MAX, &x), WMBT_BUFFER_TOO_SMALL);
    for (size_t off = 1; off < 8; off++) {
        T_EQ(t, wmbt_store_init(wmbt_buf_of(memory + off, need), 2, &x), WMBT_BUFFER_MISALIGNED);
    }
    T_CHECK(t, x == nothing);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, 16), 0, &x), WMBT_OK);
    wmbt_block_key key;
    wmbt_view got = wmbt_view_of(bytes, 3);
    make_key(&key, 1);
    T_EQ(t, wmbt_store_put_block(x, &key, got), WMBT_FULL);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, need), 2, &x), WMBT_OK);
    T_EQ(t, wmbt_store_put_block(x, &key, wmbt_view_of(NULL, 1)), WMBT_BAD_ARGUMENT);
    key.tenant = wmbt_view_of(NULL, 1);
    T_EQ(t, wmbt_store_put_block(x, &key, got), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_store_get_block(x, &key, &got), WMBT_BAD_ARGUMENT);
    T_CHECK(t, wmbt_store_count(x) == 0 && got.data == bytes && got.len == 3);
    wmbt_block_hash hashes[2];
    for (uint32_t i = 0; i < 3; i++) {
        wmbt_store_prefix prefix;
        wmbt_view payloads[2] = {{NULL, 0}, {NULL, 0}};
        uint32_t matched = 77;
        make_prefix(&prefix, hashes, 2);
        if (i == 0) {
            prefix.tenant = wmbt_view_of(NULL, 1);
        } else if (i == 1) {
            prefix.fingerprint = NULL;
        } else {
            prefix.hashes = NULL;
        }
        T_EQ(t, wmbt_store_publish_prefix(x, &prefix, payloads, 2), WMBT_BAD_ARGUMENT);
        T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, payloads, &matched), WMBT_BAD_ARGUMENT);
        T_EQ(t, matched, 77);
    }
    wmbt_store_prefix prefix;
    make_prefix(&prefix, hashes, 2);
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, NULL, 2), WMBT_BAD_ARGUMENT);
    prefix.hashes = NULL; /* of no block */
    prefix.count = 0;
    uint32_t matched = 77;
    T_EQ(t, wmbt_store_publish_prefix(x, &prefix, NULL, 0), WMBT_OK);
    T_EQ(t, wmbt_store_lookup_prefix(x, &prefix, NULL, &matched), WMBT_OK);
    T_EQ(t, matched, 0);
    T_EQ(t, wmbt_store_count(x), 0);
}

/* Failure 15: a key was taken for another that has the same last hash and count. Here each part of
 * a key tells apart by itself. */
static void test_failure_15_every_part_of_a_key_counts(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, WMBT_STORE_BYTES(1));
    wmbt_store *x;
    wmbt_block_key key, other;
    wmbt_view got = wmbt_view_of(NULL, 0);
    T_EQ(t, wmbt_store_init(wmbt_buf_of(memory, WMBT_STORE_BYTES(1)), 1, &x), WMBT_OK);
    make_key(&key, 1);
    T_EQ(t, wmbt_store_put_block(x, &key, wmbt_view_of(bytes, 5)), WMBT_OK);
    for (uint32_t i = 0; i < 67; i++) {
        make_key(&other, 1);
        if (i < 32) {
            other.fingerprint[i] ^= 1;
        } else if (i < 64) {
            other.prefix_hash.bytes[i - 32] ^= 0x80;
        } else if (i == 64) {
            other.block_index ^= 0x80000000u;
        } else {
            other.tenant = i == 65 ? WMBT_VIEW_LITERAL("A") : WMBT_VIEW_LITERAL("");
        }
        T_EQ(t, wmbt_store_get_block(x, &other, &got), WMBT_MISSING);
        T_EQ(t, wmbt_store_put_block(x, &other, got), WMBT_FULL);
    }
    T_EQ(t, wmbt_store_get_block(x, &key, &got), WMBT_OK);
    T_EQ(t, got.len, 5);
}

static const wmbt_case cases[] = {
    {"golden core_lookup", test_golden, 128 * 1024, LOOKUP},
    {"order and capacity against a model", test_model, 8 * 1024, NULL},
    {"a hole ends a prefix", test_holes, 4096, NULL},
    {"publish stores all or nothing", test_publish_all_or_nothing, 4096, NULL},
    {"publish into every room", test_publish_into_every_room, 4096, NULL},
    {"bad arguments change nothing", test_bad_arguments, 4096, NULL},
    {"failure 15: every part of a key counts", test_failure_15_every_part_of_a_key_counts, 4096,
     NULL},
};
WMBT_SUITE(store, cases);
