/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One writer and several readers at full speed, for ThreadSanitizer and for what is left to chance.
 * Some blocks stay for ever and are always found; some never come; the others come, change and go,
 * and whatever is told of them is whole.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/index.h"

#include "../support/common.h"

#define READERS 3u
#define STAY 40u
#define MOVE 120u
#define WRITES 60000u
#define CAPACITY 200u

static wmbt_index_writer writer;
static atomic_bool is_done, is_bad;
static atomic_ulong looks, found;

static wmbt_block_hash hash_of(uint32_t key)
{
    wmbt_block_hash hash;
    memset(hash.bytes, 0, sizeof hash.bytes);
    hash.bytes[0] = (uint8_t)key;
    hash.bytes[6] = (uint8_t)(key * 17u);
    hash.bytes[7] = (uint8_t)(key % 16u); /* crowds one part of the table */
    hash.bytes[31] = (uint8_t)(key >> 8);
    return hash;
}

static wmbt_block_meta meta_of(uint32_t key, uint32_t write)
{
    wmbt_block_meta meta;
    memset(&meta, 0, sizeof meta);
    if (write % 4u != 0u) {
        meta.parent_hash = hash_of(write % MOVE);
    }
    memset(meta.model_digest.bytes, (int)(write % 5u), sizeof meta.model_digest.bytes);
    memset(meta.layout_tag.bytes, (int)(write % 5u), sizeof meta.layout_tag.bytes);
    meta.ext_flags = write % 5u;
    meta.payload_bytes = (uint64_t)key << 32 | write;
    meta.last_access_ns = ~meta.payload_bytes;
    meta.block_seq = write;
    return meta;
}

static void bad(const char *what)
{
    (void)fprintf(stderr, "threads.c: %s\n", what);
    atomic_store(&is_bad, true);
}

static void *read_all(void *seed)
{
    uint32_t random = *(const uint32_t *)seed;
    while (!atomic_load(&is_done)) {
        uint32_t key = wmbt_test_random(&random) % (STAY + MOVE + 20u);
        wmbt_block_hash hash = hash_of(key);
        wmbt_block_meta meta;
        wmbt_status status = wmbt_index_get(&writer.index, &hash, &meta);
        bool stays = key >= MOVE && key < MOVE + STAY, never = key >= MOVE + STAY;
        if ((stays && status == WMBT_MISSING) || (never && status != WMBT_MISSING)) {
            bad(stays ? "a block that stays was not found" : "a block that never came was found");
        }
        if (status == WMBT_OK) {
            wmbt_block_meta want = meta_of(key, meta.block_seq);
            if (memcmp(&meta, &want, sizeof want) != 0) {
                bad("a record was told as a mixture");
            }
            atomic_fetch_add(&found, 1u);
        }
        wmbt_block_hash chain[STAY];
        for (uint32_t i = 0; i < STAY; i++) {
            chain[i] = hash_of(MOVE + i);
        }
        if (wmbt_index_longest_prefix(&writer.index, chain, STAY) != STAY ||
            wmbt_index_likely_prefix(&writer.index, chain, STAY) != STAY) {
            bad("a chain that stays was cut");
        }
        atomic_fetch_add(&looks, 1u);
    }
    return NULL;
}

static void write_all(void)
{
    uint32_t random = 3;
    for (uint32_t write = 0; write < WRITES || atomic_load(&looks) < 5000u; write++) {
        uint32_t key = wmbt_test_random(&random) % (MOVE + STAY);
        wmbt_block_hash hash = hash_of(key);
        wmbt_block_meta meta = meta_of(key, write);
        wmbt_status status = WMBT_OK;
        if (key < MOVE && wmbt_test_random(&random) % 2u == 0u) {
            status = wmbt_index_remove(&writer, &hash);
        } else if (key < MOVE || wmbt_test_random(&random) % 8u == 0u) {
            status = wmbt_index_insert(&writer, &hash, &meta, meta.last_access_ns);
        }
        if (status != WMBT_OK && status != WMBT_MISSING) {
            bad(wmbt_status_name(status));
        }
    }
    atomic_store(&is_done, true);
}

int main(void)
{
    static _Alignas(64) uint8_t memory[WMBT_INDEX_BYTES(CAPACITY, 8)];
    wmbt_index_config config = {0};
    config.capacity = CAPACITY;
    config.contexts = 8;
    bool is_good = wmbt_index_init(wmbt_buf_of(memory, sizeof memory), &config, &writer) == WMBT_OK;
    for (uint32_t key = MOVE; key < MOVE + STAY && is_good; key++) {
        wmbt_block_hash hash = hash_of(key);
        wmbt_block_meta meta = meta_of(key, key);
        is_good = wmbt_index_insert(&writer, &hash, &meta, meta.last_access_ns) == WMBT_OK;
    }
    pthread_t reader[READERS];
    uint32_t seeds[READERS];
    for (uint32_t i = 0; i < READERS && is_good; i++) {
        seeds[i] = i + 1u;
        is_good = pthread_create(&reader[i], NULL, read_all, &seeds[i]) == 0;
    }
    if (!is_good) {
        return 1;
    }
    write_all();
    for (uint32_t i = 0; i < READERS; i++) {
        (void)pthread_join(reader[i], NULL);
    }
    if (atomic_load(&is_bad) || atomic_load(&found) == 0u) {
        return 1;
    }
    (void)printf("1..1\nok 1 - %lu looks\n", (unsigned long)atomic_load(&looks));
    return 0;
}
