/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole resolve beside upstream's crates: the hashes of 64 blocks of 128 tokens, the longest
 * prefix in an index of a million blocks, and the objects' keys; of one prompt and of eight.
 * docs/SPEED.md, "Whole resolve", says how to build it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench.h"
#include "wombatkv/chain.h"
#include "wombatkv/index.h"
#include "wombatkv/objkey.h"

#define BLOCKS 64u
#define TOKENS 128u
#define PROMPTS 8u
#define ENTRIES ((uint32_t)1000000)

void *upstream_index(const uint8_t *hashes, size_t count);
void *upstream_prompt(const uint32_t *tokens, size_t blocks);
size_t upstream_resolve(const void *index, const void *prompt, uint8_t last[32]);

typedef struct input {
    size_t prompts;
    const uint32_t *tokens[PROMPTS];
    wmbt_chain *chain[PROMPTS];
    wmbt_index_writer index;
    void *peer_index;
    void *peer[PROMPTS];
} input;

static wmbt_block_hash hashes[PROMPTS][BLOCKS];

static void fail(const char *what)
{
    fprintf(stderr, "resolve: %s\n", what);
    exit(1);
}

static void hash_prompts(input *in)
{
    static wmbt_chain_step step[PROMPTS];
    for (size_t p = 0; p < in->prompts; p++) {
        wmbt_chain_reset(in->chain[p]);
    }
    for (size_t b = 0; b < BLOCKS; b++) {
        for (size_t p = 0; p < in->prompts; p++) {
            step[p].chain = in->chain[p];
            step[p].tokens = in->tokens[p] + b * TOKENS;
            step[p].count = TOKENS;
        }
        wmbt_chain_push_many(step, in->prompts);
        for (size_t p = 0; p < in->prompts; p++) {
            if (step[p].status != WMBT_OK) {
                fail("a block is not hashed");
            }
            hashes[p][b] = step[p].hash;
        }
    }
}

/* Whoever asks for the object would read the key. */
static void use(const uint8_t *key)
{
    __asm__ __volatile__("" : : "r"(key) : "memory");
}

static void ours(void *context, uint64_t *sink)
{
    input *in = context;
    static uint8_t key[WMBT_OBJKEY_BYTES(16, 16)];
    size_t len;
    wmbt_objkey parts;
    memset(&parts, 0, sizeof parts);
    parts.kind = WMBT_OBJKEY_BLOCK;
    parts.prefix = WMBT_VIEW_LITERAL("kv/cabi");
    parts.name_space = WMBT_VIEW_LITERAL("ds4-metal");
    /* Keys differ in their last digits. */
    if (wmbt_objkey_build(&parts, 0, wmbt_buf_of(key, sizeof key), &len) != WMBT_OK) {
        fail("no key");
    }
    hash_prompts(in);
    for (size_t p = 0; p < in->prompts; p++) {
        *sink += wmbt_index_longest_prefix(&in->index.index, hashes[p], BLOCKS);
        for (size_t b = 0; b < BLOCKS; b++) {
            wmbt_block_hash_to_hex(&hashes[p][b], key + len - WMBT_BLOCK_HASH_HEX_BYTES);
            use(key);
        }
        *sink += hashes[p][BLOCKS - 1u].bytes[31];
    }
}

static void theirs(void *context, uint64_t *sink)
{
    input *in = context;
    for (size_t p = 0; p < in->prompts; p++) {
        uint8_t last[32];
        *sink += upstream_resolve(in->peer_index, in->peer[p], last);
        *sink += last[31];
    }
}

static uint64_t next(void)
{
    static uint64_t x = 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void make_prompts(input *in)
{
    static uint64_t memory[PROMPTS][WMBT_CHAIN_BYTES(TOKENS) / 8u];
    static uint32_t tokens[PROMPTS * BLOCKS * TOKENS];
    static uint8_t fingerprint[32];
    wmbt_chain_config config;
    memset(&config, 0, sizeof config);
    memset(fingerprint, 7, sizeof fingerprint);
    config.dialect = WMBT_CHAIN_CORE;
    config.block_tokens = TOKENS;
    config.tenant = WMBT_VIEW_LITERAL("default");
    config.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    for (size_t i = 0; i < PROMPTS * BLOCKS * TOKENS; i++) {
        tokens[i] = (uint32_t)(next() % 129280u);
    }
    for (size_t p = 0; p < PROMPTS; p++) {
        wmbt_buf room = wmbt_buf_of(memory[p], sizeof memory[p]);
        in->tokens[p] = tokens + p * BLOCKS * TOKENS;
        in->peer[p] = upstream_prompt(in->tokens[p], BLOCKS);
        if (wmbt_chain_init(room, &config, &in->chain[p]) != WMBT_OK) {
            fail("no chain");
        }
    }
}

/* The prompts' blocks, and others. */
static void make_index(input *in)
{
    size_t room = (WMBT_INDEX_BYTES(ENTRIES + ENTRIES / 8u, 4) + 63u) / 64u * 64u;
    wmbt_block_hash *all = calloc(ENTRIES, sizeof *all);
    uint8_t *memory = aligned_alloc(64, room);
    wmbt_index_config config;
    wmbt_block_meta meta;
    memset(&config, 0, sizeof config);
    memset(&meta, 0, sizeof meta);
    config.capacity = ENTRIES + ENTRIES / 8u;
    config.contexts = 4;
    meta.payload_bytes = 131072;
    if (all == NULL || memory == NULL ||
        wmbt_index_init(wmbt_buf_of(memory, room), &config, &in->index) != WMBT_OK) {
        fail("no index");
    }
    memcpy(all, hashes, sizeof hashes);
    for (uint32_t i = 0; i < ENTRIES; i++) {
        for (size_t k = 0; i >= PROMPTS * BLOCKS && k < 32u; k += 8u) {
            uint64_t random = next();
            memcpy(all[i].bytes + k, &random, 8);
        }
        if (wmbt_index_add(&in->index, &all[i], &meta) != WMBT_OK) {
            fail("the index is full");
        }
    }
    in->peer_index = upstream_index(all[0].bytes, ENTRIES);
    free(all);
}

int main(void)
{
    static input in;
    make_prompts(&in);
    in.prompts = PROMPTS;
    hash_prompts(&in);
    make_index(&in);
    for (in.prompts = 1; in.prompts <= PROMPTS; in.prompts *= PROMPTS) {
        uint64_t own = 0, other = 0;
        ours(&in, &own);
        theirs(&in, &other);
        if (own != other) {
            fail("the results differ");
        }
        bench_result r = bench_ratio(ours, theirs, &in);
        printf("whole resolve, %zu prompts: %.3f (%.3f to %.3f)\n", in.prompts, r.median, r.low,
               r.high);
    }
    return 0;
}
