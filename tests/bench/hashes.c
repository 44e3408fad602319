/* SPDX-License-Identifier: Apache-2.0 */
/* CRC32C, SHA-256, XXH64 and the portable kernels beside ISA-L, OpenSSL and libxxhash. */
#include <isa-l/crc.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "bench.h"
#include "hash/kernel.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/sha256.h"
#include "wombatkv/xxh64.h"

#define MIB ((size_t)1 << 20)
#define COLD (96u * MIB)

typedef struct input {
    uint8_t *data;
    uint8_t *copy;
    size_t n;
    size_t own_at, peer_at; /* where the next cold pieces are */
} input;

/* Each call waits for the one before: a piece of a stream follows the other. */
static uint32_t isal(uint64_t crc, const uint8_t *data, size_t n)
{
    return ~crc32_iscsi((unsigned char *)(uintptr_t)data, (int)n, ~(unsigned)crc);
}

static void crc_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = wmbt_crc32c((uint32_t)*sink, wmbt_view_of(in->data, in->n));
}

static void crc_table(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = wmbt_crc32c_table((uint32_t)*sink, NULL, in->data, in->n);
}

static void crc_nibble(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = wmbt_crc32c_nibble((uint32_t)*sink, NULL, in->data, in->n);
}

static void crc_isal_inverse(void *context, uint64_t *sink) /* as kernels have it */
{
    input *in = context;
    *sink = crc32_iscsi(in->data, (int)in->n, (unsigned)*sink);
}

static void crc_isal(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = isal(*sink, in->data, in->n);
}

static const uint8_t *cold_piece(const input *in, size_t *at)
{
    *at = *at + 2u * in->n > COLD ? 0u : *at + in->n;
    return in->data + *at;
}

static void cold_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = wmbt_crc32c((uint32_t)*sink, wmbt_view_of(cold_piece(in, &in->own_at), in->n));
}

static void cold_isal(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = isal(*sink, cold_piece(in, &in->peer_at), in->n);
}

static void copy_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = wmbt_crc32c_copy((uint32_t)*sink, in->copy, wmbt_view_of(in->data, in->n));
}

static void copy_isal(void *context, uint64_t *sink)
{
    input *in = context;
    memcpy(in->copy, in->data, in->n);
    *sink = isal(*sink, in->copy, in->n);
}

static void sha_ours(void *context, uint64_t *sink)
{
    input *in = context;
    if (wmbt_sha256_once(wmbt_view_of(in->data, in->n), in->copy) != WMBT_OK) {
        exit(1);
    }
    *sink += in->copy[31];
}

/* Its three calls: SHA256() looks for an implementation each time, which takes longer. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void sha_openssl(void *context, uint64_t *sink)
{
    input *in = context;
    SHA256_CTX x;
    if (SHA256_Init(&x) != 1 || SHA256_Update(&x, in->data, in->n) != 1 ||
        SHA256_Final(in->copy, &x) != 1) {
        exit(1);
    }
    *sink += in->copy[31];
}

static void xxh_ours(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, *sink);
    wmbt_xxh64_update(&x, wmbt_view_of(in->data, in->n));
    *sink = wmbt_xxh64_final(&x);
}

static void xxh_library(void *context, uint64_t *sink)
{
    input *in = context;
    *sink = XXH64(in->data, in->n, *sink);
}

static const char *sized(const char *what, size_t n)
{
    static char text[96];
    (void)snprintf(text, sizeof text, n < 65536u ? "%s of %zu B" : "%s of %zu KiB", what,
                   n < 65536u ? n : n / 1024u);
    return text;
}

static void portable_rows(input *in)
{
    static const size_t sizes[] = {64, 4096, 65536};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        in->n = sizes[i];
        bench_row(sized("CRC32C by table", in->n), "ISA-L", 0, crc_table, crc_isal_inverse, in);
        bench_row(sized("CRC32C by nibbles", in->n), "ISA-L", 0, crc_nibble, crc_isal_inverse, in);
        bench_row(sized("XXH64", in->n), "libxxhash", 0, xxh_ours, xxh_library, in);
    }
}

void bench_hashes(void)
{
    static const struct {
        size_t n;
        double goal;
    } sizes[] = {{64, 1.1},    {256, 1.1}, {1024, 1.0},   {4096, 1.0},
                 {65536, 1.0}, {MIB, 1.0}, {2 * MIB, 1.0}};
    input in = {bench_memory(COLD), bench_memory(MIB), 0, 0, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        in.n = sizes[i].n;
        bench_row(sized("CRC32C", in.n), "ISA-L", sizes[i].goal, crc_ours, crc_isal, &in);
    }
    in.n = MIB;
    bench_row("CRC32C of 1024 KiB, cold", "ISA-L", 0.9, cold_ours, cold_isal, &in);
    in.n = 1500;
    bench_row(sized("copy and CRC", in.n), "memcpy, then ISA-L", 0.9, copy_ours, copy_isal, &in);
    in.n = 65536;
    bench_row(sized("copy and CRC", in.n), "memcpy, then ISA-L", 0.55, copy_ours, copy_isal, &in);
    in.n = MIB;
    bench_row(sized("copy and CRC", in.n), "memcpy, then ISA-L", 0.55, copy_ours, copy_isal, &in);
    in.n = 64;
    bench_row(sized("SHA-256", in.n), "OpenSSL", 1.0, sha_ours, sha_openssl, &in);
    in.n = 4096;
    bench_row(sized("SHA-256", in.n), "OpenSSL", 1.0, sha_ours, sha_openssl, &in);
    portable_rows(&in);
    free(in.data);
    free(in.copy);
}
