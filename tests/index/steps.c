/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers beside a writer, step by step: the writer is stopped before every store that it makes
 * while a reader asks everything, and a reader is stopped before every load while the writer does a
 * whole operation. Blocks that the operation does not concern are told as they are, and the one
 * that it does concern as it was or as it will be, never as a mixture.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/evict.h"
#include "wombatkv/index.h"
#include "wombatkv/prefetch.h"
#include "wombatkv/residency.h"

#include "../support/common.h"

#define KEYS 24u
#define CAPACITY 26u
#define NOBODY KEYS
#define CHECK(condition) check((condition), __LINE__, #condition)

/* What a block has to be: payload and number say which write it comes from. */
typedef struct state {
    bool is_there;
    uint32_t parent; /* KEYS: none */
    uint32_t write;
} state;

static state now[KEYS], next[KEYS];
static uint32_t concerned = NOBODY; /* key of the operation under way */
static wmbt_index_writer writer;
static bool crowded;

static void (*on_load)(void), (*on_store)(void);
static uint64_t steps, refused;

static void check(bool condition, int line, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "steps.c:%d: %s\n", line, what);
        exit(1);
    }
}

uint32_t wmbt_test_load_word(const void *p)
{
    uint32_t v;
    if (on_load != NULL) {
        on_load();
    }
    memcpy(&v, p, sizeof v);
    return v;
}

void wmbt_test_store_word(void *p, uint32_t v)
{
    if (on_store != NULL) {
        on_store();
    }
    memcpy(p, &v, sizeof v);
}

static uint32_t random_state = 9;

static wmbt_block_hash hash_of(uint32_t key)
{
    wmbt_block_hash hash;
    memset(hash.bytes, 0, sizeof hash.bytes);
    hash.bytes[31] = (uint8_t)(key + 1u);
    if (!crowded) { /* else all have one home and one tag */
        hash.bytes[7] = (uint8_t)(key * 50u);
        hash.bytes[0] = (uint8_t)(key % 5u);
    }
    return hash;
}

static wmbt_block_meta meta_of(const state *s)
{
    wmbt_block_meta meta;
    memset(&meta, 0, sizeof meta);
    if (s->parent < KEYS) {
        meta.parent_hash = hash_of(s->parent);
    }
    memset(meta.model_digest.bytes, (int)(s->write % 3u), sizeof meta.model_digest.bytes);
    memset(meta.layout_tag.bytes, (int)(s->write % 3u), sizeof meta.layout_tag.bytes);
    meta.ext_flags = s->write % 3u + 1u; /* a residency, too */
    meta.payload_bytes = (uint64_t)s->write << 32 | s->write;
    meta.last_access_ns = ~meta.payload_bytes;
    meta.block_seq = s->write % 4u != 0u ? s->write : 0u;
    return meta;
}

static bool is_meta(const wmbt_block_meta *got, const state *s)
{
    wmbt_block_meta want = meta_of(s);
    return s->is_there && memcmp(got, &want, sizeof want) == 0;
}

/* Asks for a key; `may_be_stale` if the writer stands still. */
static void ask(uint32_t key, bool may_be_stale)
{
    wmbt_block_hash hash = hash_of(key);
    wmbt_block_meta meta;
    bool before = now[key].is_there, after = key == concerned ? next[key].is_there : before;
    bool has = wmbt_index_has(&writer.index, &hash);
    CHECK(has == before || has == after);
    wmbt_status status = wmbt_index_get(&writer.index, &hash, &meta);
    if (status == WMBT_MISSING) {
        CHECK(!before || !after);
    } else if (status == WMBT_STALE) {
        CHECK(may_be_stale && key == concerned && (before || after));
    } else {
        CHECK(status == WMBT_OK);
        CHECK(is_meta(&meta, &now[key]) || (key == concerned && is_meta(&meta, &next[key])));
    }
}

static void ask_lists(void)
{
    wmbt_block_hash hashes[KEYS];
    uint32_t least = 0, most = 0;
    uint32_t from = wmbt_test_below(&random_state, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t key = (from + i) % KEYS;
        bool before = now[key].is_there;
        bool after = key == concerned ? next[key].is_there : before;
        hashes[i] = hash_of(key);
        least += least == i && before && after ? 1u : 0u;
        most += most == i && (before || after) ? 1u : 0u;
    }
    uint32_t got = wmbt_index_longest_prefix(&writer.index, hashes, KEYS);
    CHECK(got >= least && got <= most);
    got = wmbt_index_likely_prefix(&writer.index, hashes, KEYS);
    CHECK(got >= least); /* tags are alike: it may be more */
}

/* Of each key, how often it was told; and that it was told as it is. */
static uint32_t told[KEYS];

static void tell(const wmbt_block_hash *hash, bool was, bool will_be)
{
    uint32_t key = hash->bytes[31] - 1u;
    CHECK(key < KEYS);
    CHECK((now[key].is_there && was) || (key == concerned && next[key].is_there && will_be));
    told[key]++;
}

/* Each block was told once; of the one that is concerned, or is left out, perhaps not. */
static void check_told(bool may_be_stale)
{
    for (uint32_t key = 0; key < KEYS; key++) {
        bool before = now[key].is_there, after = key == concerned ? next[key].is_there : before;
        CHECK(told[key] == 1u ||
              (told[key] == 0u && (!before || !after || (may_be_stale && key == concerned))));
    }
    memset(told, 0, sizeof told);
}

static void ask_evict(bool may_be_stale)
{
    wmbt_evict_block blocks[KEYS];
    uint32_t count = 99;
    wmbt_status status = wmbt_evict_collect(&writer.index, blocks, KEYS, &count);
    if (status != WMBT_OK) {
        CHECK(status == WMBT_BAD_STATE && may_be_stale && concerned != NOBODY && count == 99u);
        refused++;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t key = (blocks[i].hash.bytes[31] - 1u) % KEYS;
        wmbt_block_meta was = meta_of(&now[key]), will_be = meta_of(&next[key]);
        tell(&blocks[i].hash,
             blocks[i].payload_bytes == was.payload_bytes &&
                 blocks[i].last_access_ns == was.last_access_ns,
             blocks[i].payload_bytes == will_be.payload_bytes &&
                 blocks[i].last_access_ns == will_be.last_access_ns);
    }
    check_told(false);
}

static void ask_prefetch(bool may_be_stale)
{
    wmbt_prefetch p;
    wmbt_prefetch_block blocks[KEYS];
    wmbt_model_digest active;
    memset(active.bytes, 1, sizeof active.bytes);
    wmbt_prefetch_begin(&p, blocks, KEYS, &active, UINT64_MAX, WMBT_PREFETCH_TIES_BY_HASH);
    wmbt_prefetch_offer_index(&p, &writer.index);
    for (uint32_t i = 0; i < p.count; i++) {
        uint32_t key = (blocks[i].hash.bytes[31] - 1u) % KEYS;
        wmbt_block_meta was = meta_of(&now[key]), will_be = meta_of(&next[key]);
        tell(&blocks[i].hash, blocks[i].score == wmbt_prefetch_score(&was, &active, UINT64_MAX),
             blocks[i].score == wmbt_prefetch_score(&will_be, &active, UINT64_MAX));
    }
    CHECK(p.scored == p.count);
    check_told(may_be_stale);
}

static bool is_resident(const wmbt_residency *entry, const state *s)
{
    wmbt_block_meta meta = meta_of(s);
    return s->is_there && entry->block_index == meta.block_seq && entry->where == meta.ext_flags &&
           entry->where != WMBT_RESIDENCY_REMOTE;
}

/* A chain of one key: nothing hides it. */
static void ask_residency(uint32_t key, bool may_be_stale)
{
    wmbt_block_hash hash = hash_of(key);
    wmbt_residency entry;
    wmbt_residency_chain chain;
    const state *will_be = key == concerned ? &next[key] : &now[key];
    wmbt_residency_lookup(&writer.index, &hash, 1, &entry, &chain);
    if (chain.matched == 0u) {
        CHECK(chain.resident == 0u && (!now[key].is_there || !will_be->is_there));
    } else if (chain.resident == 1u) {
        CHECK(is_resident(&entry, &now[key]) || is_resident(&entry, will_be));
    } else {
        CHECK(chain.matched == 1u && chain.resident == 0u);
        CHECK(now[key].is_there || will_be->is_there);
        CHECK(meta_of(&now[key]).ext_flags == WMBT_RESIDENCY_REMOTE || !now[key].is_there ||
              meta_of(will_be).ext_flags == WMBT_RESIDENCY_REMOTE || !will_be->is_there ||
              (may_be_stale && key == concerned));
    }
}

static void ask_everything(void)
{
    steps++;
    on_store = NULL;
    for (uint32_t key = 0; key < KEYS; key++) {
        ask(key, true);
        ask_residency(key, true);
    }
    ask_lists();
    if (steps % 3u == 0u) { /* these take longer */
        ask_evict(true);
        ask_prefetch(true);
    }
    on_store = ask_everything;
}

/* One operation of the writer, chosen before: next[] says what comes of it. */
static enum { INSERT, REMOVE } operation;

static void choose(uint32_t write)
{
    uint32_t key = wmbt_test_below(&random_state, KEYS);
    concerned = key;
    next[key] = now[key];
    operation = INSERT;
    uint32_t how = wmbt_test_below(&random_state, 4u);
    if (how == 0u && now[key].is_there) {
        operation = REMOVE;
        next[key].is_there = false;
    } else {
        next[key].is_there = true;
        next[key].write = write;
        next[key].parent = wmbt_test_below(&random_state, KEYS + 4u);
    }
}

static void operate(void)
{
    wmbt_block_hash hash = hash_of(concerned);
    wmbt_block_meta meta = meta_of(&next[concerned]);
    wmbt_status status = operation == REMOVE
                             ? wmbt_index_remove(&writer, &hash)
                             : wmbt_index_insert(&writer, &hash, &meta, meta.last_access_ns);
    if (status != WMBT_OK) { /* full */
        CHECK(status == WMBT_FULL);
        next[concerned] = now[concerned];
    }
}

static void settle(void)
{
    now[concerned] = next[concerned];
    concerned = NOBODY;
}

/* A reader stops at one of its loads, and the writer does a whole operation. */
static uint32_t loads_left;

static void interrupt(void)
{
    if (loads_left-- == 0u) {
        steps++;
        on_load = NULL;
        operate();
    }
}

/* What the reader asks that is stopped; all of it, or what is left of it, at one load. */
static void ask_beside(uint32_t key)
{
    uint32_t how = wmbt_test_below(&random_state, 6u);
    if (how == 0u) {
        loads_left = wmbt_test_below(&random_state, 600u);
        ask_evict(false);
    } else if (how == 1u) {
        loads_left = wmbt_test_below(&random_state, 600u);
        ask_prefetch(false);
    } else if (how <= 3u) {
        ask_residency(key, false);
    } else {
        ask(key, false);
        if (on_load != NULL && how == 4u) {
            ask_lists();
        }
    }
}

static void start(uint32_t capacity)
{
    static _Alignas(64) uint8_t memory[WMBT_INDEX_BYTES(CAPACITY, 4)];
    wmbt_index_config config = {0};
    config.capacity = capacity;
    config.contexts = 4;
    CHECK(wmbt_index_init(wmbt_buf_of(memory, sizeof memory), &config, &writer) == WMBT_OK);
    memset(now, 0, sizeof now);
    memset(next, 0, sizeof next);
}

/* --- how long it takes ------------------------------------------------------------------------ */

#define MANY 600u

static uint64_t loads;

static void count_load(void)
{
    loads++;
}

/* What is there of a chain of a prefix-closed table is found by a few looks, of whatever length. */
static void ask_long_chain(void)
{
    static _Alignas(64) uint8_t memory[WMBT_INDEX_BYTES(MANY, 1)];
    static wmbt_block_hash hashes[MANY];
    wmbt_index_config config = {MANY, 1, 0, true};
    wmbt_block_meta meta;
    CHECK(wmbt_index_init(wmbt_buf_of(memory, sizeof memory), &config, &writer) == WMBT_OK);
    memset(&meta, 0, sizeof meta);
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t spread[2] = {(i + 1u) * 2654435761u, (i + 1u) * 2654435761u};
        memcpy(hashes[i].bytes, spread, sizeof spread);
    }
    for (uint32_t there = 0; there < MANY; there++) {
        loads = 0;
        on_load = count_load;
        CHECK(wmbt_index_chain_prefix(&writer.index, hashes, MANY) == there);
        on_load = NULL;
        CHECK(loads > 0u && loads < 2000u); /* 4 rounds of 7 looks, and 2 exact ones */
        meta.block_seq = there;
        CHECK(wmbt_index_insert(&writer, &hashes[there], &meta, 1) == WMBT_OK);
        meta.parent_hash = hashes[there];
    }
}

/* An argument: rounds, fewer than usual. */
int main(int argc, char **argv)
{
    const uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 40u;
    ask_long_chain();
    for (uint32_t round = 0; round < rounds; round++) {
        crowded = round % 2u != 0u;
        start(round % 4u < 2u ? CAPACITY : 12u);
        for (uint32_t write = 1; write < 1200u; write++) {
            choose(write);
            if (write % 5u == 0u) {
                on_store = ask_everything;
                operate();
                on_store = NULL;
            } else {
                loads_left = wmbt_test_below(&random_state, 60u);
                uint32_t key = wmbt_test_below(&random_state, 3u) == 0u
                                   ? wmbt_test_below(&random_state, KEYS)
                                   : concerned;
                on_load = interrupt;
                ask_beside(key);
                if (on_load != NULL) { /* it did not come to that */
                    on_load = NULL;
                    operate();
                }
            }
            settle();
            for (uint32_t key = 0; key < KEYS; key++) {
                ask(key, false);
            }
        }
    }
    CHECK(steps > 1000u * rounds && refused > 10u * rounds);
    (void)printf("1..1\nok 1 - %llu steps\n", (unsigned long long)steps);
    return 0;
}
