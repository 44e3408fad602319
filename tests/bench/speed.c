/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that users wait for, each against what they would link instead, with the goal of
 * docs/SPEED.md and a verdict. Ratios are medians of pairs in one run: below 1 is faster than the
 * peer. Debian has no BLAKE3 library in C: chains are compared with the portable kernel, several
 * prompts with one.
 */
#include <isa-l/crc.h>
#include <openssl/sha.h>
#include <string.h>

#include "bench.h"
#include "hash/kernel.h"
#include "wombatkv/blake3.h"
#include "wombatkv/chain.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/sha256.h"

#define MIB ((size_t)1 << 20)
#define COLD (96u * MIB)
#define TOKENS 128u
#define PROMPTS 16u

typedef struct input {
    uint8_t *data;
    uint8_t *copy;
    size_t n;
    size_t at; /* where the next cold piece is */
    size_t prompts;
    wmbt_chain *chain[PROMPTS];
    uint32_t tokens[TOKENS];
} input;

static void crc_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c((uint32_t)*sink, wmbt_view_of(in->data, in->n));
}

static void crc_isal(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += crc32_iscsi(in->data, (int)in->n, (unsigned)*sink);
}

static const uint8_t *cold_piece(input *in)
{
    in->at = in->at + 2u * in->n > COLD ? 0u : in->at + in->n;
    return in->data + in->at;
}

static void cold_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c((uint32_t)*sink, wmbt_view_of(cold_piece(in), in->n));
}

static void cold_isal(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += crc32_iscsi((unsigned char *)(uintptr_t)cold_piece(in), (int)in->n, (unsigned)*sink);
}

static void copy_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c_copy((uint32_t)*sink, in->copy, wmbt_view_of(in->data, in->n));
}

static void copy_isal(void *context, uint64_t *sink)
{
    input *in = context;
    memcpy(in->copy, in->data, in->n);
    *sink += crc32_iscsi(in->copy, (int)in->n, (unsigned)*sink);
}

static void sha_ours(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_status status = wmbt_sha256_once(wmbt_view_of(in->data, in->n), in->copy);
    *sink += (uint64_t)status + in->copy[0];
}

/* Its three calls: SHA256() looks for an implementation each time, which takes longer. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void sha_openssl(void *context, uint64_t *sink)
{
    input *in = context;
    SHA256_CTX x;
    *sink += (uint64_t)SHA256_Init(&x) + (uint64_t)SHA256_Update(&x, in->data, in->n) +
             (uint64_t)SHA256_Final(in->copy, &x);
}

/* A block of each prompt, in one call; `sink` keeps the hashes. */
static void chain_many(void *context, uint64_t *sink)
{
    input *in = context;
    static wmbt_chain_step step[PROMPTS];
    for (size_t i = 0; i < in->prompts; i++) {
        step[i].chain = in->chain[i];
        step[i].tokens = in->tokens;
        step[i].count = TOKENS;
    }
    wmbt_chain_push_many(step, in->prompts);
    *sink += step[0].hash.bytes[0];
}

static void chain_each(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_block_hash hash;
    size_t taken;
    for (size_t i = 0; i < in->prompts; i++) {
        *sink += (uint64_t)wmbt_chain_push(in->chain[i], in->tokens, TOKENS, &taken, &hash);
        *sink += hash.bytes[0];
    }
}

/* What a block of the core dialect costs the portable kernel at least: nine compressions. */
static void chain_portable(void *context, uint64_t *sink)
{
    input *in = context;
    uint32_t cv[8] = {0};
    for (size_t i = 0; i < 8u; i++) {
        wmbt_blake3_compress_fast(cv, (const uint8_t *)in->tokens + 64u * i, 64, 0, 0);
    }
    wmbt_blake3_compress_fast(cv, (const uint8_t *)in->tokens, 51, 0, 0);
    *sink += cv[0];
}

static int verdicts_missed;

/* `goal` 0: none; the ratio is shown. */
static void row(const char *path, const char *peer, double goal, bench_work *ours,
                bench_work *theirs, input *in)
{
    bench_result r = bench_ratio(ours, theirs, in);
    printf("| %-34s | %-24s | %6.3f (%.3f to %.3f) | ", path, peer, r.median, r.low, r.high);
    if (goal > 0) {
        verdicts_missed += r.median > goal;
        printf("%5.2f | %s |\n", goal, r.median <= goal ? "reached" : "missed");
    } else {
        printf("      | |\n");
    }
    (void)fflush(stdout);
}

static void crc_rows(input *in)
{
    static const struct {
        size_t n;
        double goal;
        const char *name;
    } sizes[] = {{64, 1.1, "CRC32C of 64 B"},      {256, 1.1, "CRC32C of 256 B"},
                 {1024, 1.0, "CRC32C of 1 KiB"},   {4096, 1.0, "CRC32C of 4 KiB"},
                 {65536, 1.0, "CRC32C of 64 KiB"}, {MIB, 1.0, "CRC32C of 1 MiB"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        in->n = sizes[i].n;
        row(sizes[i].name, "ISA-L", sizes[i].goal, crc_ours, crc_isal, in);
    }
    in->n = MIB;
    row("CRC32C of 1 MiB, cold", "ISA-L", 0.9, cold_ours, cold_isal, in);
    in->n = 1500;
    row("copy and CRC of 1,500 B", "memcpy, then ISA-L", 0.9, copy_ours, copy_isal, in);
    in->n = 65536;
    row("copy and CRC of 64 KiB", "memcpy, then ISA-L", 0.55, copy_ours, copy_isal, in);
    in->n = MIB;
    row("copy and CRC of 1 MiB", "memcpy, then ISA-L", 0.55, copy_ours, copy_isal, in);
}

static void chain_rows(input *in, uint32_t dialect, const char *name)
{
    static uint64_t memory[PROMPTS][WMBT_CHAIN_BYTES(TOKENS) / 8u];
    static const uint8_t fingerprint[32] = {1};
    static const double goals[] = {0.53, 0.32, 0.19, 0.16}; /* of one prompt's time */
    static char texts[4][64];
    wmbt_chain_config config;
    memset(&config, 0, sizeof config);
    config.dialect = dialect;
    config.block_tokens = TOKENS;
    config.fingerprint = wmbt_view_of(fingerprint, dialect == WMBT_CHAIN_CORE ? 32 : 1);
    for (size_t i = 0; i < PROMPTS; i++) {
        wmbt_buf room = wmbt_buf_of(memory[i], sizeof memory[i]);
        if (wmbt_chain_init(room, &config, &in->chain[i]) != WMBT_OK) {
            exit(1);
        }
    }
    if (dialect == WMBT_CHAIN_CORE) { /* ds4 ends after 512 blocks */
        in->prompts = 1;
        row("chain core, a block of 128 tokens", "its compressions, portable", 0, chain_each,
            chain_portable, in);
        for (size_t i = 0; i < 4u; i++) {
            in->prompts = (size_t)2u << i;
            (void)snprintf(texts[i], sizeof texts[i], "%s, %zu prompts at once", name, in->prompts);
            row(texts[i], "one by one", goals[i], chain_many, chain_each, in);
        }
    }
}

int main(void)
{
    static input in;
    in.data = malloc(COLD);
    in.copy = malloc(MIB);
    if (in.data == NULL || in.copy == NULL) {
        return 1;
    }
    for (size_t i = 0; i < COLD; i++) {
        in.data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    memset(in.copy, 0, MIB);
    printf("| path | peer | median (10th to 90th percentile) | goal | |\n|---|---|---|---|---|\n");
    crc_rows(&in);
    in.n = 64;
    row("SHA-256 of 64 B", "OpenSSL", 1.0, sha_ours, sha_openssl, &in);
    in.n = 4096;
    row("SHA-256 of 4 KiB", "OpenSSL", 1.0, sha_ours, sha_openssl, &in);
    chain_rows(&in, WMBT_CHAIN_CORE, "chain core");
    free(in.data);
    free(in.copy);
    printf("\n%d goals missed\n", verdicts_missed);
    return 0;
}
