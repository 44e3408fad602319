/* SPDX-License-Identifier: Apache-2.0 */
/* evict: upstream's rounds, the order against a plain one, prefix-closed indexes. */
#include "wombatkv/evict.h"

#include "base/bytes.h"
#include "index/table.h"
#include "../support/test.h"

#define ROUNDS "golden/vectors/node_evict.tsv"
#define MAX_BLOCKS 256u

static void make(wmbt_test *t, bool prefix_closed, wmbt_index_writer *w)
{
    wmbt_index_config config = {MAX_BLOCKS, 4, 0, prefix_closed};
    size_t bytes = WMBT_INDEX_BYTES(MAX_BLOCKS, 4);
    T_EQ(t, wmbt_index_init(wmbt_buf_of(wmbt_test_alloc(t, bytes), bytes), &config, w), WMBT_OK);
}

/* In scratch memory: the stack of a board is small. */
static wmbt_evict_block *alloc_blocks(wmbt_test *t, size_t count)
{
    return (wmbt_evict_block *)(void *)wmbt_test_alloc(t, count * sizeof(wmbt_evict_block));
}

/* --- golden ----------------------------------------------------------------------------------- */

/* hash:payload:stamp */
static void load(wmbt_test *t, wmbt_index_writer *w, wmbt_view list)
{
    wmbt_block_meta meta;
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    while (list.data != NULL && !wmbt_test_view_is(list, "empty")) {
        wmbt_block_hash hash;
        wmbt_view entry = wmbt_cell_part(&list, ',');
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&entry, ':'), &hash), WMBT_OK);
        meta.payload_bytes = wmbt_cell_u64(t, wmbt_cell_part(&entry, ':'));
        meta.last_access_ns = wmbt_cell_u64(t, entry);
        T_EQ(t, wmbt_index_add(w, &hash, &meta), WMBT_OK);
    }
}

/* What happens in the index while an object is deleted: touch.HASH+remove.HASH+... */
static void act(wmbt_test *t, wmbt_index_writer *w, wmbt_view actions)
{
    const uint64_t now = UINT64_C(1700000000000000000);
    while (actions.data != NULL && !wmbt_test_view_is(actions, "-")) {
        wmbt_view action = wmbt_cell_part(&actions, '+');
        wmbt_view word = wmbt_cell_part(&action, '.');
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        T_EQ(t, wmbt_block_hash_from_hex(action, &hash), WMBT_OK);
        wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
        if (wmbt_test_view_is(word, "touch")) {
            wmbt_status status = wmbt_index_get_and_touch(w, &hash, now, &meta);
            T_CHECK(t, status == WMBT_OK || status == WMBT_MISSING);
        } else if (wmbt_test_view_is(word, "remove")) {
            wmbt_status status = wmbt_index_remove(w, &hash);
            T_CHECK(t, status == WMBT_OK || status == WMBT_MISSING);
        } else {
            T_CHECK(t, wmbt_test_view_is(word, "insert"));
            meta.payload_bytes = 1;
            T_EQ(t, wmbt_index_insert(w, &hash, &meta, now), WMBT_OK);
        }
    }
}

/* The script's line for a hash: true if the object's deletion failed. */
static bool delete_object(wmbt_test *t, wmbt_index_writer *w, wmbt_view script, wmbt_view hex)
{
    while (script.data != NULL && !wmbt_test_view_is(script, "empty")) {
        wmbt_view line = wmbt_cell_part(&script, ',');
        if (wmbt_view_equal(wmbt_cell_part(&line, ':'), hex)) {
            bool fails = wmbt_test_view_is(wmbt_cell_part(&line, ':'), "error");
            act(t, w, line);
            return fails;
        }
    }
    return false;
}

static void check_remaining(wmbt_test *t, const wmbt_index *x, wmbt_view list)
{
    uint32_t slots[MAX_BLOCKS], count, at = 0;
    T_EQ(t, wmbt_index_sort(x, slots, MAX_BLOCKS, &count), WMBT_OK);
    while (list.data != NULL && !wmbt_test_view_is(list, "empty")) {
        wmbt_block_hash want, hash;
        wmbt_block_meta meta;
        T_EQ(t, wmbt_block_hash_from_hex(wmbt_cell_part(&list, ','), &want), WMBT_OK);
        T_CHECK(t, at < count);
        T_EQ(t, wmbt_index_at(x, slots[at++], &hash, &meta), WMBT_OK);
        T_CHECK(t, wmbt_block_hash_equal(&hash, &want));
    }
    T_EQ(t, at, count);
}

/* Cells: budget entries script scanned total over freed bytes skipped failures deleted remaining */
static void run_round(wmbt_test *t, const wmbt_view *cells)
{
    wmbt_index_writer w;
    wmbt_evict_block block, *blocks = alloc_blocks(t, MAX_BLOCKS);
    wmbt_evict e;
    uint32_t count = 0, failures = 0;
    T_CALL(t, make(t, false, &w));
    T_CALL(t, load(t, &w, cells[1]));
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, MAX_BLOCKS, &count), WMBT_OK);
    T_EQ(t, count, wmbt_cell_u64(t, cells[3]));
    wmbt_evict_begin(&e, blocks, count, wmbt_cell_u64(t, cells[0]));
    T_EQ(t, e.total_bytes, wmbt_cell_u64(t, cells[4]));
    T_EQ(t, e.is_over, wmbt_cell_u64(t, cells[5]));
    wmbt_view deleted = cells[10];
    while (wmbt_evict_step(&e, &w, &block) == WMBT_OK) {
        uint8_t hex[64];
        wmbt_block_hash_to_hex(&block.hash, hex);
        T_CHECK(t, deleted.data != NULL);
        T_CHECK(t, wmbt_view_equal(wmbt_cell_part(&deleted, ','), wmbt_view_of(hex, 64)));
        failures += delete_object(t, &w, cells[2], wmbt_view_of(hex, 64)) ? 1u : 0u;
        T_CHECK(t, !t->failed);
    }
    T_CHECK(t, deleted.data == NULL || wmbt_test_view_is(deleted, "empty"));
    T_EQ(t, e.freed, wmbt_cell_u64(t, cells[6]));
    T_EQ(t, e.freed_bytes, wmbt_cell_u64(t, cells[7]));
    T_EQ(t, e.skipped, wmbt_cell_u64(t, cells[8]));
    T_EQ(t, failures, wmbt_cell_u64(t, cells[9]));
    T_CALL(t, check_remaining(t, &w.index, cells[11]));
}

static void test_golden(wmbt_test *t)
{
    wmbt_view text, cells[WMBT_TABLE_MAX_COLUMNS];
    T_CHECK(t, wmbt_test_data(t, ROUNDS, &text));
    wmbt_table table;
    wmbt_table_open(&table, text, false);
    uint32_t first = wmbt_table_column(t, &table, "budget");
    while (wmbt_table_next(t, &table, cells)) {
        wmbt_test_where(t, cells[0]);
        wmbt_test_reset(t);
        T_CALL(t, run_round(t, cells + first));
    }
    T_EQ(t, table.row, 177);
}

/* --- headroom --------------------------------------------------------------------------------- */

/* Computed with Python: int(float(budget) * (1.0 - 0.10)). */
static const uint64_t targets[][2] = {
    {UINT64_C(0), UINT64_C(0)},
    {UINT64_C(1), UINT64_C(0)},
    {UINT64_C(9), UINT64_C(8)},
    {UINT64_C(10), UINT64_C(9)},
    {UINT64_C(11), UINT64_C(9)},
    {UINT64_C(1024), UINT64_C(921)},
    {UINT64_C(51200), UINT64_C(46080)},
    {UINT64_C(4294967295), UINT64_C(3865470565)},
    {UINT64_C(4294967296), UINT64_C(3865470566)},
    {UINT64_C(9007199254740991), UINT64_C(8106479329266892)},
    {UINT64_C(9007199254740992), UINT64_C(8106479329266893)},
    {UINT64_C(9007199254740993), UINT64_C(8106479329266893)},
    {UINT64_C(9007199254740994), UINT64_C(8106479329266895)},
    {UINT64_C(9007199254740995), UINT64_C(8106479329266897)},
    {UINT64_C(18014398509481986), UINT64_C(16212958658533786)},
    {UINT64_C(18014398509481990), UINT64_C(16212958658533794)},
    {UINT64_C(9223372036854775807), UINT64_C(8301034833169298432)},
    {UINT64_C(9223372036854775808), UINT64_C(8301034833169298432)},
    {UINT64_C(9223372036854775809), UINT64_C(8301034833169298432)},
    {UINT64_C(9223372036854776832), UINT64_C(8301034833169298432)},
    {UINT64_C(9223372036854776833), UINT64_C(8301034833169300480)},
    {UINT64_C(18446744073709551615), UINT64_C(16602069666338596864)},
    {UINT64_C(18446744073709550592), UINT64_C(16602069666338596864)},
    {UINT64_C(18446744073709550591), UINT64_C(16602069666338594816)},
    {UINT64_C(3185950873), UINT64_C(2867355785)},
    {UINT64_C(13), UINT64_C(11)},
    {UINT64_C(1087616251031009399), UINT64_C(978854625927908480)},
    {UINT64_C(2787324501), UINT64_C(2508592050)},
    {UINT64_C(115), UINT64_C(103)},
    {UINT64_C(237410), UINT64_C(213669)},
    {UINT64_C(244445783320738), UINT64_C(220001204988664)},
    {UINT64_C(1635342798), UINT64_C(1471808518)},
    {UINT64_C(9403), UINT64_C(8462)},
    {UINT64_C(56325017), UINT64_C(50692515)},
    {UINT64_C(109562214), UINT64_C(98605992)},
    {UINT64_C(60911551153), UINT64_C(54820396037)},
    {UINT64_C(857851683394142), UINT64_C(772066515054727)},
    {UINT64_C(142), UINT64_C(127)},
    {UINT64_C(19057912897821798), UINT64_C(17152121608039620)},
    {UINT64_C(1), UINT64_C(0)},
    {UINT64_C(0), UINT64_C(0)},
    {UINT64_C(257732155), UINT64_C(231958939)},
    {UINT64_C(3659143), UINT64_C(3293228)},
    {UINT64_C(1213433), UINT64_C(1092089)},
    {UINT64_C(437921213426), UINT64_C(394129092083)},
    {UINT64_C(24383155), UINT64_C(21944839)},
    {UINT64_C(64865032), UINT64_C(58378528)},
    {UINT64_C(24285028380144), UINT64_C(21856525542129)},
    {UINT64_C(23357814166417), UINT64_C(21022032749775)},
    {UINT64_C(138313), UINT64_C(124481)},
    {UINT64_C(169), UINT64_C(152)},
    {UINT64_C(334223189380), UINT64_C(300800870442)},
    {UINT64_C(1), UINT64_C(0)},
    {UINT64_C(5450597062886), UINT64_C(4905537356597)},
    {UINT64_C(21538481530522), UINT64_C(19384633377469)},
    {UINT64_C(1456338677654917521), UINT64_C(1310704809889425920)},
    {UINT64_C(8073504), UINT64_C(7266153)},
    {UINT64_C(406105266990690898), UINT64_C(365494740291621824)},
    {UINT64_C(65), UINT64_C(58)},
    {UINT64_C(7), UINT64_C(6)},
    {UINT64_C(28449197137210), UINT64_C(25604277423489)},
    {UINT64_C(4), UINT64_C(3)},
    {UINT64_C(6779993996542985), UINT64_C(6101994596888687)},
    {UINT64_C(1), UINT64_C(0)},
    {UINT64_C(45), UINT64_C(40)},
    {UINT64_C(10464168), UINT64_C(9417751)},
    {UINT64_C(7987334), UINT64_C(7188600)},
    {UINT64_C(3992839190), UINT64_C(3593555271)},
    {UINT64_C(590867676116117528), UINT64_C(531780908504505792)},
    {UINT64_C(36923373041352), UINT64_C(33231035737216)},
    {UINT64_C(3331189597), UINT64_C(2998070637)},
    {UINT64_C(9662), UINT64_C(8695)},
    {UINT64_C(83278813261143), UINT64_C(74950931935028)},
    {UINT64_C(13), UINT64_C(11)},
    {UINT64_C(853), UINT64_C(767)},
    {UINT64_C(10743916010345), UINT64_C(9669524409310)},
    {UINT64_C(20860304343821), UINT64_C(18774273909438)},
    {UINT64_C(16257635236355), UINT64_C(14631871712719)},
    {UINT64_C(1279), UINT64_C(1151)},
    {UINT64_C(387862051382), UINT64_C(349075846243)},
    {UINT64_C(1283), UINT64_C(1154)},
    {UINT64_C(756164), UINT64_C(680547)},
    {UINT64_C(532561886478), UINT64_C(479305697830)},
    {UINT64_C(1510219), UINT64_C(1359197)},
};

static void test_target(wmbt_test *t)
{
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        T_EQ(t, wmbt_evict_target(targets[i][0]), targets[i][1]);
    }
}

/* --- order ------------------------------------------------------------------------------------ */

static void block_of(uint32_t number, uint32_t stamps, wmbt_evict_block *block)
{
    uint32_t state = number + 99u;
    wmbt_bytes_fill(block->hash.bytes, 0, 32);
    block->hash.bytes[0] = (uint8_t)(wmbt_test_random(&state) & 3u);
    block->hash.bytes[31] = (uint8_t)number;
    block->payload_bytes = wmbt_test_random(&state) % 100u;
    block->last_access_ns = (wmbt_test_random(&state) >> 8) % stamps;
}

static bool is_before(const wmbt_evict_block *a, const wmbt_evict_block *b)
{
    if (a->last_access_ns != b->last_access_ns) {
        return a->last_access_ns < b->last_access_ns;
    }
    return wmbt_bytes_compare(wmbt_view_of(a->hash.bytes, 32), wmbt_view_of(b->hash.bytes, 32)) < 0;
}

/* Without an index: the sequence is the sorted one, each time the least that is left. */
static void test_order(wmbt_test *t)
{
    wmbt_evict_block *blocks = alloc_blocks(t, 100), *all = alloc_blocks(t, 100);
    for (uint32_t round = 0; round < 200u; round++) {
        const uint32_t n = round % 101u;
        bool gone[100] = {false};
        uint64_t total = 0, freed = 0;
        for (uint32_t i = 0; i < n; i++) {
            block_of(i + round, 1u + round % 30u, &all[i]);
            block_of(i + round, 1u + round % 30u, &blocks[i]);
            total += all[i].payload_bytes;
        }
        wmbt_evict e;
        uint64_t budget = round % 7u == 0u ? 0u : total * (round % 4u) / 4u + 1u;
        wmbt_evict_begin(&e, blocks, n, budget);
        T_EQ(t, e.is_over, budget != 0u && total > budget);
        for (uint32_t step = 0;; step++) {
            wmbt_evict_block block;
            wmbt_status status = wmbt_evict_next(&e, &block);
            if (status == WMBT_END) {
                break;
            }
            T_EQ(t, status, WMBT_OK);
            T_CHECK(t, freed < e.needed_bytes);
            uint32_t best = n;
            for (uint32_t i = 0; i < n; i++) {
                best = !gone[i] && (best == n || is_before(&all[i], &all[best])) ? i : best;
            }
            T_CHECK(t, best < n && wmbt_block_hash_equal(&block.hash, &all[best].hash));
            gone[best] = true;
            bool goes = step % 3u != 2u;
            freed += goes ? block.payload_bytes : 0u;
            wmbt_evict_done(&e, &block, goes);
        }
        bool is_done = freed >= e.needed_bytes;
        for (uint32_t i = 0; i < n; i++) {
            is_done = is_done || !gone[i];
        }
        T_CHECK(t, e.freed_bytes == freed && (is_done || freed < e.needed_bytes));
    }
}

/* --- prefix-closed ---------------------------------------------------------------------------- */

/* Trees of random shape and random times: after every step the index is closed, and one round frees
 * enough, and not a block more. */
static void test_closed(wmbt_test *t)
{
    uint32_t random = 5;
    for (uint32_t round = 0; round < T_MANY(200u, 20u); round++) {
        wmbt_test_reset(t);
        wmbt_index_writer w;
        wmbt_evict_block block, *blocks = alloc_blocks(t, 64);
        wmbt_evict e;
        wmbt_block_hash *hashes =
            (wmbt_block_hash *)(void *)wmbt_test_alloc(t, 64u * sizeof(wmbt_block_hash));
        wmbt_block_meta meta,
            *metas = (wmbt_block_meta *)(void *)wmbt_test_alloc(t, 64u * sizeof(wmbt_block_meta));
        uint32_t parents[64], count;
        T_CALL(t, make(t, true, &w));
        for (uint32_t i = 0; i < 64u; i++) {
            wmbt_bytes_fill((uint8_t *)&metas[i], 0, sizeof metas[i]);
            wmbt_bytes_fill(hashes[i].bytes, (uint8_t)wmbt_test_random(&random), 31);
            hashes[i].bytes[31] = (uint8_t)(i + 1u);
            parents[i] = i == 0u || wmbt_test_random(&random) % 8u == 0u
                             ? 64u
                             : wmbt_test_random(&random) % i;
            if (parents[i] != 64u) {
                wmbt_bytes_copy(metas[i].parent_hash.bytes, hashes[parents[i]].bytes, 32);
                metas[i].block_seq = metas[parents[i]].block_seq + 1u;
            }
            metas[i].payload_bytes = 10;
            metas[i].last_access_ns = wmbt_test_random(&random) % 20u;
            T_EQ(t, wmbt_index_add(&w, &hashes[i], &metas[i]), WMBT_OK);
        }
        T_EQ(t, wmbt_evict_collect(&w.index, blocks, 63, &count), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, wmbt_evict_collect(&w.index, blocks, 64, &count), WMBT_OK);
        uint64_t budget = 100u + round * 3u % 500u;
        wmbt_evict_begin(&e, blocks, count, budget);
        while (wmbt_evict_step(&e, &w, &block) == WMBT_OK) {
            for (uint32_t i = 0; i < 64u; i++) {
                T_CHECK(t, !wmbt_index_has(&w.index, &hashes[i]) || parents[i] == 64u ||
                               wmbt_index_has(&w.index, &hashes[parents[i]]));
            }
            T_EQ(t, wmbt_index_get(&w.index, &block.hash, &meta), WMBT_MISSING);
        }
        uint64_t left = UINT64_C(10) * wmbt_index_count(&w.index);
        T_EQ(t, left, 640u - e.freed_bytes);
        T_CHECK(t, left <= wmbt_evict_target(budget) && left + 10u > wmbt_evict_target(budget));
        T_EQ(t, wmbt_index_room(&w.index) + wmbt_index_count(&w.index), MAX_BLOCKS);
        T_EQ(t, e.skipped, 0);
    }
}

/* Adds a block of 10 bytes; number 0 is no parent. */
static void add(wmbt_test *t, wmbt_index_writer *w, uint8_t number, uint8_t parent, uint32_t seq)
{
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    wmbt_bytes_fill((uint8_t *)&meta, 0, sizeof meta);
    wmbt_bytes_fill(hash.bytes, number, sizeof hash.bytes);
    wmbt_bytes_fill(meta.parent_hash.bytes, parent, sizeof meta.parent_hash.bytes);
    meta.payload_bytes = 10;
    meta.block_seq = seq;
    meta.last_access_ns = number;
    T_EQ(t, wmbt_index_add(w, &hash, &meta), WMBT_OK);
}

static void remove_block(wmbt_test *t, wmbt_index_writer *w, uint8_t number)
{
    wmbt_block_hash hash;
    wmbt_bytes_fill(hash.bytes, number, sizeof hash.bytes);
    T_EQ(t, wmbt_index_remove(w, &hash), WMBT_OK);
}

/* The next block that goes is this one. */
static void expect_step(wmbt_test *t, wmbt_evict *e, wmbt_index_writer *w, uint8_t number)
{
    wmbt_evict_block block;
    T_EQ(t, wmbt_evict_step(e, w, &block), WMBT_OK);
    T_EQ(t, block.hash.bytes[0], number);
}

/* Slots of blocks that were removed are no candidates. */
static void test_free_slots(wmbt_test *t)
{
    wmbt_index_writer w;
    wmbt_evict_block *blocks = alloc_blocks(t, 2);
    uint32_t count = 7;
    T_CALL(t, make(t, false, &w));
    for (uint8_t i = 1; i <= 3u; i++) {
        T_CALL(t, add(t, &w, i, 0, 0));
    }
    T_CALL(t, remove_block(t, &w, 3));
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, 1, &count), WMBT_BUFFER_TOO_SMALL);
    T_EQ(t, count, 7);
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, 2, &count), WMBT_OK);
    T_EQ(t, count, 2);
    T_EQ(t, blocks[0].hash.bytes[0] + blocks[1].hash.bytes[0], 1 + 2);
}

/* What a table's memory held before is no candidate, and nothing is looked at behind the last slot,
 * where the scratch memory ends. While a record is being written, nobody knows. */
static void test_collected(wmbt_test *t)
{
    const size_t bytes = WMBT_INDEX_BYTES(2, 1);
    wmbt_index_config config = {2, 1, 0, false};
    uint8_t *memory = t->arena.data + (t->arena.len - bytes) / 64u * 64u;
    wmbt_index_writer w;
    wmbt_evict_block blocks[4];
    uint32_t count = 7;
    for (uint32_t turn = 0; turn < 2u; turn++) {
        T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, bytes), &config, &w), WMBT_OK);
        T_CALL(t, add(t, &w, 1, 0, 0));
        if (turn == 0u) {
            T_CALL(t, add(t, &w, 2, 0, 0));
            T_EQ(t, wmbt_evict_collect(&w.index, blocks, 4, &count), WMBT_OK);
            T_EQ(t, count, 2);
        }
    }
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, 1, &count), WMBT_OK);
    T_EQ(t, count, 1);
    T_EQ(t, blocks[0].hash.bytes[0], 1);
    T_EQ(t, blocks[0].payload_bytes, 10);
    T_EQ(t, blocks[0].last_access_ns, 1);
    const size_t at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 0) - memory) +
                      4u * (size_t)WMBT_INDEX_RECORD_STATE;
    wmbt_test_store32(memory + at, wmbt_test_load32(memory + at) + WMBT_INDEX_VERSION_STEP);
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, 4, &count), WMBT_BAD_STATE);
    T_EQ(t, count, 1);
}

/* A parent that was passed over comes back behind its last child, unless it is another one by then,
 * or has gone: then it is no candidate any more, and not counted as skipped. Where a table is not
 * prefix-closed nothing comes back, for nothing is passed over. */
static void test_parents(wmbt_test *t)
{
    for (uint32_t row = 0; row < 4u; row++) {
        wmbt_index_writer w;
        wmbt_evict_block block, *blocks = alloc_blocks(t, 3);
        wmbt_evict e;
        wmbt_block_hash first;
        wmbt_block_meta meta;
        uint32_t count;
        bool closed = row != 3u;
        T_CALL(t, make(t, closed, &w));
        T_CALL(t, add(t, &w, 1, 0, 0));
        T_CALL(t, add(t, &w, 2, 1, 1));
        T_CALL(t, add(t, &w, 3, 0, 0));
        T_EQ(t, wmbt_evict_collect(&w.index, blocks, 3, &count), WMBT_OK);
        wmbt_evict_begin(&e, blocks, count, 1);
        if (!closed) {
            T_CALL(t, expect_step(t, &e, &w, 1));
        }
        T_CALL(t, expect_step(t, &e, &w, 2));
        if (row == 0u) {
            T_CALL(t, expect_step(t, &e, &w, 1));
        } else if (row == 1u) {
            wmbt_bytes_fill(first.bytes, 1, sizeof first.bytes);
            T_EQ(t, wmbt_index_get_and_touch(&w, &first, 99, &meta), WMBT_OK);
        } else if (row == 2u) {
            T_CALL(t, remove_block(t, &w, 1));
        }
        T_CALL(t, expect_step(t, &e, &w, 3));
        T_EQ(t, wmbt_evict_step(&e, &w, &block), WMBT_END);
        T_EQ(t, e.skipped, 0);
        T_EQ(t, wmbt_index_count(&w.index), row == 1u ? 1u : 0u);
        wmbt_test_reset(t);
    }
    /* a parent that came after the candidates were collected is none */
    wmbt_index_writer w;
    wmbt_evict_block block, *blocks = alloc_blocks(t, 2);
    wmbt_evict e;
    uint32_t count;
    T_CALL(t, make(t, false, &w));
    T_CALL(t, add(t, &w, 2, 1, 1));
    T_CALL(t, add(t, &w, 3, 0, 0));
    T_EQ(t, wmbt_evict_collect(&w.index, blocks, 2, &count), WMBT_OK);
    wmbt_evict_begin(&e, blocks, count, 1);
    T_CALL(t, add(t, &w, 1, 0, 0));
    T_CALL(t, expect_step(t, &e, &w, 2));
    T_CALL(t, expect_step(t, &e, &w, 3));
    T_EQ(t, wmbt_evict_step(&e, &w, &block), WMBT_END);
    T_EQ(t, e.skipped, 0);
    T_EQ(t, wmbt_index_count(&w.index), 1);
}

static const wmbt_case cases[] = {
    {"upstream's rounds", test_golden, 64u << 10, ROUNDS},
    {"headroom", test_target, 0, NULL},
    {"order", test_order, 16u << 10, NULL},
    {"slots that are free", test_free_slots, 64u << 10, NULL},
    {"what is collected", test_collected, 4096, NULL},
    {"parents that come back", test_parents, 64u << 10, NULL},
    {"prefix-closed", test_closed, 64u << 10, NULL},
};
WMBT_SUITE(evict, cases);
