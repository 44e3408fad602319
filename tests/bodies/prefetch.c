/* SPDX-License-Identifier: Apache-2.0 */
/* prefetch: upstream's scores and selections, and selections against a plain one. */
#include "wombatkv/prefetch.h"

#include "base/bytes.h"
#include "index/table.h"
#include "../support/test.h"

#define SCORES "golden/vectors/node_prefetch_score.tsv"
#define CYCLES "golden/vectors/node_prefetch.tsv"
#define MAX_BLOCKS 1024u
#define NOW UINT64_C(1700000000000000000)

static void read_digest(wmbt_test *t, wmbt_view cell, wmbt_model_digest *digest)
{
    T_EQ(t, wmbt_model_digest_from_hex(cell, digest), WMBT_OK);
}

static uint64_t hex_of(wmbt_test *t, wmbt_view cell)
{
    uint64_t v = 0;
    wmbt_view bytes = wmbt_cell_bytes(t, cell);
    for (size_t i = 0; i < bytes.len; i++) {
        v = v << 8 | bytes.data[i];
    }
    return v;
}

/* Upstream's exponential is that of one library: two units in the last place may differ. */
static void test_scores(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, SCORES, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t first = wmbt_table_column(t, &table, "block_seq");
    uint32_t same = 0;
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        wmbt_block_meta meta;
        wmbt_model_digest active;
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        meta.block_seq = (uint32_t)wmbt_cell_u64(t, cells[first]);
        meta.last_access_ns = wmbt_cell_u64(t, cells[first + 1u]);
        T_CALL(t, read_digest(t, cells[first + 2u], &meta.model_digest));
        T_CALL(t, read_digest(t, cells[first + 4u], &active));
        uint64_t got = wmbt_prefetch_score(&meta, &active, wmbt_cell_u64(t, cells[first + 3u]));
        uint64_t want = hex_of(t, cells[first + 5u]);
        T_CHECK(t, got - want + 2u <= 4u);
        same += got == want ? 1u : 0u;
    }
    T_EQ(t, table.row, 260);
    T_CHECK(t, same >= 250u); /* correctly rounded is what a good library mostly is, too */
}

/* Ages at which the last bit depends on every step of the computation, from 2^-1074 on. Computed
 * with Python's decimal module: the exponential to 80 digits, each result to the nearest double. */
static void test_exact_scores(wmbt_test *t)
{
    static const struct {
        uint64_t age;
        uint32_t kind; /* 1: the first block, 2: of the active model */
        uint64_t score;
    } rows[] = {
        {5490246106361, 0, UINT64_C(0x3F5CD4F1EAF09DC6)},
        {5490246106361, 1, UINT64_C(0x3FD35008251E23D1)},
        {5490246106361, 2, UINT64_C(0x3FC9D3437D6F7AD6)},
        {5490246106361, 3, UINT64_C(0x3FE00E6A78F5784F)},
        {7756104810749, 0, UINT64_C(0x3F20D5104296E0A7)},
        {7944755869354, 2, UINT64_C(0x3FC99CFBE90F9FF5)},
        {18182546626143, 1, UINT64_C(0x3FD3333334028699)},
        {18182546626143, 3, UINT64_C(0x3FE000000067A9B3)},
        {382766624745002, 0, UINT64_C(0x1810A1030F3A25D1)},
        {554834213252418, 0, UINT64_C(0x062360A474716E71)},
        {615558664548432, 0, UINT64_C(0x00010C857039C976)},
        {616063610092415, 0, UINT64_C(0x000095D8099DC1F0)},
        {622852861577797, 0, UINT64_C(0x0000000F0D597FFC)},
        {627260567887426, 0, UINT64_C(0x0000000017AE98CF)},
        {634207210206537, 0, UINT64_C(0x000000000001FBC1)},
        {635345550800446, 0, UINT64_C(0x000000000000884F)},
        {637286190113230, 0, UINT64_C(0x0000000000000E7C)},
        {642894734214496, 0, UINT64_C(0x0000000000000006)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_block_meta meta;
        wmbt_model_digest active;
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        wmbt_bytes_fill(active.bytes, (uint8_t)((rows[i].kind & 2u) == 0u), sizeof active.bytes);
        meta.block_seq = (rows[i].kind & 1u) != 0u ? 0u : 1u;
        meta.last_access_ns = NOW;
        T_EQ(t, wmbt_prefetch_score(&meta, &active, NOW + rows[i].age), rows[i].score);
    }
}

/* hash:seq:age:digest; an age may be negative or "all". */
static void offer(wmbt_test *t, wmbt_prefetch *p, wmbt_view entry)
{
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&entry, ':'), &hash), WMBT_OK);
    meta.block_seq = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&entry, ':'));
    wmbt_view age = wmbt_cell_part(&entry, ':');
    if (wmbt_test_view_is(age, "all")) {
        meta.last_access_ns = 0;
    } else if (age.len != 0u && age.data[0] == (uint8_t)'-') {
        age = wmbt_view_of(age.data + 1, age.len - 1u);
        meta.last_access_ns = NOW + wmbt_cell_u64(t, age);
    } else {
        meta.last_access_ns = NOW - wmbt_cell_u64(t, age);
    }
    T_CALL(t, read_digest(t, entry, &meta.model_digest));
    wmbt_prefetch_offer(p, &hash, &meta);
}

static bool list_has(wmbt_view list, wmbt_view hex)
{
    while (list.data != NULL) {
        if (wmbt_view_equal(wmbt_cell_part(&list, ','), hex)) {
            return true;
        }
    }
    return false;
}

/* What fetching a block of the script gives: false for a miss, an error, or a block not listed. */
static bool fetch(wmbt_test *t, wmbt_view script, wmbt_view hex, uint64_t *bytes)
{
    while (script.data != NULL) {
        wmbt_view line = wmbt_cell_part(&script, ',');
        if (wmbt_view_equal(wmbt_cell_part(&line, ':'), hex)) {
            wmbt_view word = wmbt_cell_part(&line, '.');
            *bytes = wmbt_test_view_is(word, "hit") ? wmbt_cell_u64(t, line) : 0u;
            return wmbt_test_view_is(word, "hit");
        }
    }
    return false;
}

/* Cells: op top_k active entries flat script stop scored selected skipped fetched failed bytes
 * calls. Fetching in the order of the selection gives the rest. */
static void run_cycle(wmbt_test *t, const wmbt_view *cells, wmbt_prefetch_block *blocks)
{
    wmbt_prefetch p;
    wmbt_model_digest active;
    T_CALL(t, read_digest(t, cells[2], &active));
    uint64_t room = wmbt_cell_u64(t, cells[1]);
    T_CHECK(t, room <= MAX_BLOCKS);
    wmbt_prefetch_begin(&p, blocks, (uint32_t)room, &active, NOW, WMBT_PREFETCH_TIES_BY_OFFER);
    wmbt_view list = cells[3];
    while (list.data != NULL && !wmbt_test_view_is(list, "empty")) {
        T_CALL(t, offer(t, &p, wmbt_cell_part(&list, ',')));
    }
    wmbt_prefetch_end(&p);
    T_EQ(t, p.scored, wmbt_cell_u64(t, cells[7]));
    wmbt_view selected = cells[8], calls = cells[13];
    uint64_t skipped = 0, fetched = 0, failed = 0, bytes = 0;
    bool stops = wmbt_test_view_is(cells[6], "1");
    for (uint32_t i = 0; i < p.count; i++) {
        uint8_t hex[64];
        wmbt_view name = wmbt_view_of(hex, 64);
        wmbt_block_hash_to_hex(&blocks[i].hash, hex);
        T_CHECK(t, selected.data != NULL);
        T_CHECK(t, wmbt_view_equal(wmbt_cell_part(&selected, ','), name));
        if (wmbt_test_view_is(cells[0], "cycle") || stops) {
            continue;
        }
        if (list_has(cells[4], name)) {
            skipped++;
            continue;
        }
        T_CHECK(t, calls.data != NULL && wmbt_view_equal(wmbt_cell_part(&calls, ','), name));
        uint64_t got = 0;
        bool is_hit = fetch(t, cells[5], name, &got);
        fetched += is_hit ? 1u : 0u;
        failed += is_hit ? 0u : 1u;
        bytes = got > UINT64_MAX - bytes ? UINT64_MAX : bytes + got; /* upstream's sum ends there */
    }
    T_CHECK(t, selected.data == NULL || wmbt_test_view_is(selected, "empty"));
    if (wmbt_test_view_is(cells[0], "cycle_v2")) {
        T_EQ(t, skipped, wmbt_cell_u64(t, cells[9]));
        T_EQ(t, fetched, wmbt_cell_u64(t, cells[10]));
        T_EQ(t, failed, wmbt_cell_u64(t, cells[11]));
        T_EQ(t, bytes, wmbt_cell_u64(t, cells[12]));
        T_CHECK(t, calls.data == NULL || wmbt_test_view_is(calls, "empty"));
    }
}

static void test_cycles(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, CYCLES, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t op = wmbt_table_column(t, &table, "op");
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        wmbt_prefetch_block *blocks = (wmbt_prefetch_block *)(void *)wmbt_test_alloc(
            t, MAX_BLOCKS * sizeof(wmbt_prefetch_block));
        T_CALL(t, run_cycle(t, cells + op, blocks));
    }
    T_EQ(t, table.row, 120);
}

static bool is_better(const wmbt_prefetch_block *a, const wmbt_prefetch_block *b)
{
    if (a->score != b->score) {
        return a->score > b->score;
    }
    return wmbt_bytes_compare(wmbt_view_of(a->hash.bytes, 32), wmbt_view_of(b->hash.bytes, 32)) < 0;
}

/* Every k of sets with many ties, from an index: the same as sorting all and taking the first. */
static void test_selection(wmbt_test *t)
{
    uint32_t random = 3;
    for (uint32_t round = 0; round < 60u; round++) {
        wmbt_test_reset(t);
        const uint32_t n = round % 40u;
        wmbt_index_config config = {40, 25, 0, false};
        size_t bytes = WMBT_INDEX_BYTES(40, 25);
        wmbt_index_writer w;
        wmbt_prefetch_block all[40], got[41];
        wmbt_model_digest active;
        for (uint32_t i = 0; i < WMBT_MODEL_DIGEST_BYTES; i++) {
            active.bytes[i] = (uint8_t)(i + 1u);
        }
        T_EQ(t, wmbt_index_init(wmbt_buf_of(wmbt_test_alloc(t, bytes), bytes), &config, &w),
             WMBT_OK);
        for (uint32_t i = 0; i < n; i++) {
            wmbt_block_meta meta;
            wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
            meta.block_seq = wmbt_test_random(&random) % 2u;
            meta.last_access_ns = NOW - (wmbt_test_random(&random) % 3u) * UINT64_C(60000000000);
            wmbt_bytes_copy(meta.model_digest.bytes, active.bytes, WMBT_MODEL_DIGEST_BYTES);
            if (wmbt_test_random(&random) % 2u != 0u) {
                meta.model_digest.bytes[i % WMBT_MODEL_DIGEST_BYTES] = 0;
            }
            wmbt_bytes_fill(all[i].hash.bytes, (uint8_t)wmbt_test_random(&random), 31);
            all[i].hash.bytes[31] = (uint8_t)i;
            all[i].score = wmbt_prefetch_score(&meta, &active, NOW);
            T_EQ(t, wmbt_index_add(&w, &all[i].hash, &meta), WMBT_OK);
        }
        /* a slot that is free again, and is no block */
        wmbt_block_hash gone;
        wmbt_block_meta meta;
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        wmbt_bytes_fill(gone.bytes, 0xEE, sizeof gone.bytes);
        T_EQ(t, wmbt_index_add(&w, &gone, &meta), WMBT_OK);
        T_EQ(t, wmbt_index_remove(&w, &gone), WMBT_OK);
        for (uint32_t i = 0; i < n; i++) { /* sorts by insertion */
            for (uint32_t at = i; at > 0u && is_better(&all[at], &all[at - 1u]); at--) {
                wmbt_prefetch_block kept = all[at];
                all[at] = all[at - 1u];
                all[at - 1u] = kept;
            }
        }
        for (uint32_t k = 0; k <= n + 1u; k++) {
            wmbt_prefetch p;
            wmbt_test_fill(got, sizeof got);
            wmbt_prefetch_begin(&p, k != 0u ? got : NULL, k, &active, NOW,
                                WMBT_PREFETCH_TIES_BY_HASH);
            wmbt_prefetch_offer_index(&p, &w.index);
            wmbt_prefetch_end(&p);
            T_EQ(t, p.scored, n);
            T_EQ(t, p.count, k < n ? k : n);
            T_CHECK(t, wmbt_test_is_filled(got + p.count, sizeof got - p.count * sizeof got[0]));
            for (uint32_t i = 0; i < p.count; i++) {
                T_CHECK(t, wmbt_block_hash_equal(&got[i].hash, &all[i].hash));
            }
        }
    }
}

/* Hash, score and number are those of a block. */
static void expect_one(wmbt_test *t, const wmbt_index *x, uint8_t number)
{
    wmbt_prefetch p;
    wmbt_prefetch_block got[4];
    wmbt_model_digest active;
    wmbt_bytes_fill(active.bytes, 1, sizeof active.bytes);
    wmbt_prefetch_begin(&p, got, 4, &active, NOW, WMBT_PREFETCH_TIES_BY_HASH);
    wmbt_prefetch_offer_index(&p, x);
    wmbt_prefetch_end(&p);
    T_EQ(t, p.scored, 1);
    T_EQ(t, p.count, 1);
    T_EQ(t, got[0].hash.bytes[0], number);
    T_EQ(t, got[0].hash.bytes[31], number);
    T_EQ(t, got[0].score, UINT64_C(0x3FF0000000000000)); /* 1: used now */
}

static void add(wmbt_test *t, wmbt_index_writer *w, uint8_t number)
{
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    wmbt_bytes_fill(hash.bytes, number, sizeof hash.bytes);
    meta.block_seq = 1;
    meta.last_access_ns = NOW;
    T_EQ(t, wmbt_index_add(w, &hash, &meta), WMBT_OK);
}

/* What a table's memory held before, a record being written, and one whose context is none are
 * left out; behind the last slot, where the scratch memory ends, nothing is looked at. */
static void test_left_out(wmbt_test *t)
{
    static const uint32_t states[] = {0x10001u, 0x2u, 0xFFFFu};
    const size_t bytes = WMBT_INDEX_BYTES(2, 1);
    wmbt_index_config config = {2, 1, 0, false};
    uint8_t *memory = t->arena.data + (t->arena.len - bytes) / 64u * 64u;
    wmbt_index_writer w;
    for (uint8_t turn = 0; turn < 2u; turn++) {
        T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, bytes), &config, &w), WMBT_OK);
        T_CALL(t, add(t, &w, (uint8_t)(turn + 1u)));
        if (turn == 0u) {
            T_CALL(t, add(t, &w, 9));
        }
    }
    T_CALL(t, expect_one(t, &w.index, 2));
    T_CALL(t, add(t, &w, 3));
    const size_t at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 0) - memory);
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        wmbt_test_store32(memory + at + 4u * WMBT_INDEX_RECORD_STATE, states[i]);
        T_CALL(t, expect_one(t, &w.index, 3));
    }
}

/* Older is never better, at every place where the result changes its form. */
static void test_monotone(wmbt_test *t)
{
    static const uint64_t near[] = {0,
                                    600000000000,
                                    6000000000000,
                                    37200000000000,
                                    613200000000000,
                                    644000000000000,
                                    645750300301900,
                                    UINT64_C(9007199254740992),
                                    UINT64_MAX - 2000u};
    wmbt_model_digest active, other;
    wmbt_bytes_fill(active.bytes, 1, sizeof active.bytes);
    wmbt_bytes_fill(other.bytes, 2, sizeof other.bytes);
    for (uint32_t kind = 0; kind < 4u; kind++) {
        uint64_t last = UINT64_MAX;
        for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
            for (uint64_t step = 0; step < 1000u; step++) {
                wmbt_block_meta meta;
                wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
                meta.block_seq = kind & 1u;
                wmbt_bytes_copy(meta.model_digest.bytes,
                                (kind & 2u) != 0u ? active.bytes : other.bytes, sizeof other.bytes);
                uint64_t score = wmbt_prefetch_score(&meta, &active, near[i] + step);
                T_CHECK(t, score <= last);
                last = score;
            }
        }
        T_CHECK(t, kind != 1u || last == 0u);
    }
}

static const wmbt_case cases[] = {
    {"upstream's scores", test_scores, 4u << 10, SCORES},
    {"scores to the last bit", test_exact_scores, 0, NULL},
    {"what is left out", test_left_out, 4096, NULL},
    {"upstream's cycles", test_cycles, 64u << 10, CYCLES},
    {"selections", test_selection, 16u << 10, NULL},
    {"monotone", test_monotone, 0, NULL},
};
WMBT_SUITE(prefetch, cases);
