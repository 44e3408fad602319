/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains beside BLAKE3's own C library with its assembly: the one that LLVM has in it, which is the
 * only one that Debian has. It comes without a header; these are its prototypes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "wombatkv/chain.h"

#define TOKENS 128u
#define PROMPTS 16u

/* Larger than its own, of 1,912 bytes. */
typedef struct official {
    uint64_t words[256];
} official;
void llvm_blake3_hasher_init(official *self);
void llvm_blake3_hasher_update(official *self, const void *input, size_t input_len);
void llvm_blake3_hasher_finalize(const official *self, uint8_t *out, size_t out_len);

typedef struct input {
    bool ds4;
    size_t prompts;
    wmbt_chain *chain[PROMPTS];
    uint8_t parent[PROMPTS][32]; /* the peer's */
    uint32_t tokens[TOKENS];
} input;

static void ours_each(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_block_hash hash;
    size_t taken;
    for (size_t i = 0; i < in->prompts; i++) {
        wmbt_status status = wmbt_chain_push(in->chain[i], in->tokens, TOKENS, &taken, &hash);
        if (status == WMBT_END) { /* ds4 hashes 512 blocks */
            wmbt_chain_reset(in->chain[i]);
            status = wmbt_chain_push(in->chain[i], in->tokens, TOKENS, &taken, &hash);
        }
        *sink += hash.bytes[0] + (uint64_t)status;
    }
}

/* A block of each prompt, in one call. */
static void ours_many(void *context, uint64_t *sink)
{
    input *in = context;
    static wmbt_chain_step step[PROMPTS];
    for (size_t i = 0; i < in->prompts; i++) {
        step[i].chain = in->chain[i];
        step[i].tokens = in->tokens;
        step[i].count = TOKENS;
    }
    wmbt_chain_push_many(step, in->prompts);
    for (size_t i = 0; i < in->prompts; i++) {
        *sink += step[i].hash.bytes[0] + (uint64_t)step[i].status;
    }
}

static void put_hex(uint8_t *to, const uint8_t *from)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32u; i++) {
        to[2u * i] = (uint8_t)digits[from[i] >> 4];
        to[2u * i + 1u] = (uint8_t)digits[from[i] & 15u];
    }
}

/* What a user of that library writes for a block. */
static void theirs(void *context, uint64_t *sink)
{
    input *in = context;
    for (size_t i = 0; i < in->prompts; i++) {
        uint8_t message[64u + 4u * TOKENS];
        size_t n = 64;
        if (in->ds4) {
            put_hex(message, in->parent[i]);
        } else {
            static const uint64_t bytes = 4u * TOKENS; /* little-endian here */
            memcpy(message, "tp-chain-v1", 11);
            memcpy(message + 11, in->parent[i], 32);
            memcpy(message + 43, &bytes, 8);
            n = 51;
        }
        memcpy(message + n, in->tokens, sizeof in->tokens);
        official hasher;
        llvm_blake3_hasher_init(&hasher);
        llvm_blake3_hasher_update(&hasher, message, n + sizeof in->tokens);
        llvm_blake3_hasher_finalize(&hasher, in->parent[i], 32);
        *sink += in->parent[i][0];
    }
}

/* The chains begin again, and the peer where they begin. */
static void begin(input *in)
{
    static uint64_t memory[PROMPTS][WMBT_CHAIN_BYTES(TOKENS) / 8u];
    static const uint8_t fingerprint[32] = {1};
    wmbt_chain_config config;
    memset(&config, 0, sizeof config);
    config.dialect = in->ds4 ? WMBT_CHAIN_DS4 : WMBT_CHAIN_CORE;
    config.block_tokens = TOKENS;
    config.fingerprint = wmbt_view_of(fingerprint, in->ds4 ? 1 : 32);
    for (size_t i = 0; i < PROMPTS; i++) {
        wmbt_buf room = wmbt_buf_of(memory[i], sizeof memory[i]);
        if (wmbt_chain_init(room, &config, &in->chain[i]) != WMBT_OK) {
            exit(1);
        }
        official hasher;
        llvm_blake3_hasher_init(&hasher);
        if (in->ds4) {
            llvm_blake3_hasher_update(&hasher, "WMBTBLK1|\1|q0|ds4-v1", 20);
        } else {
            llvm_blake3_hasher_update(&hasher, "tp-seed-v1", 10);
            llvm_blake3_hasher_update(&hasher, fingerprint, 32);
        }
        llvm_blake3_hasher_finalize(&hasher, in->parent[i], 32);
    }
}

void bench_chains(void)
{
    static input in;
    for (uint32_t i = 0; i < TOKENS; i++) {
        in.tokens[i] = i * 1000u;
    }
    in.prompts = 1;
    begin(&in);
    bench_row("chain core, a block of 128 tokens", "official BLAKE3", 0.95, ours_each, theirs, &in);
    in.ds4 = true;
    begin(&in);
    bench_row("chain ds4, a block of 128 tokens", "official BLAKE3", 0.93, ours_each, theirs, &in);
    in.ds4 = false; /* ds4 ends after 512 blocks */
    for (size_t i = 0; i < 4u; i++) {
        static const double goals[] = {0.5, 0.3, 0.18, 0.15};
        char text[64];
        in.prompts = (size_t)2u << i;
        begin(&in);
        (void)snprintf(text, sizeof text, "chain core, %zu prompts at once", in.prompts);
        bench_row(text, "official BLAKE3, one by one", goals[i], ours_many, theirs, &in);
    }
}
