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

#include "wombatkv/index.h"

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
static uint64_t steps;

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
    meta.ext_flags = s->write % 3u;
    meta.payload_bytes = (uint64_t)s->write << 32 | s->write;
    meta.last_access_ns = ~meta.payload_bytes;
    meta.block_seq = s->write;
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

static void ask_everything(void)
{
    steps++;
    on_store = NULL;
    for (uint32_t key = 0; key < KEYS; key++) {
        ask(key, true);
    }
    ask_lists();
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

int main(void)
{
    for (uint32_t round = 0; round < 40u; round++) {
        crowded = round % 2u != 0u;
        start(round % 4u < 2u ? CAPACITY : 12u);
        for (uint32_t write = 1; write < 400u; write++) {
            choose(write);
            if (write % 2u == 0u) {
                on_store = ask_everything;
                operate();
                on_store = NULL;
            } else {
                loads_left = wmbt_test_below(&random_state, 60u);
                uint32_t key = wmbt_test_below(&random_state, 3u) == 0u
                                   ? wmbt_test_below(&random_state, KEYS)
                                   : concerned;
                on_load = interrupt;
                ask(key, false);
                if (on_load != NULL && wmbt_test_below(&random_state, 2u) == 0u) {
                    ask_lists();
                }
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
    CHECK(steps > 10000u);
    (void)printf("1..1\nok 1 - %llu steps\n", (unsigned long long)steps);
    return 0;
}
