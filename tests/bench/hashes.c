/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes against the libraries that Debian has: ISA-L (CRC32C), OpenSSL (SHA-256), libxxhash. There
 * is no BLAKE3 library in C there; its peer is the small kernel. The peers use the CPU's vector and
 * hash instructions, the code here is portable C.
 */
#include <isa-l/crc.h>
#include <openssl/sha.h>
#include <string.h>
#include <xxhash.h>

#include "bench.h"
#include "hash/kernel.h"
#include "wombatkv/xxh64.h"
#include "wombatkv/blake3.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/sha256.h"

#define MOST ((size_t)1 << 20)

typedef struct input {
    uint8_t *data;
    uint8_t *copy;
    size_t n;
} input;

static void crc_ours(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c((uint32_t)*sink, wmbt_view_of(in->data, in->n));
}

static void crc_table(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c_table((uint32_t)*sink, NULL, in->data, in->n);
}

static void crc_nibble(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += wmbt_crc32c_nibble((uint32_t)*sink, NULL, in->data, in->n);
}

static void crc_isal(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += crc32_iscsi(in->data, (int)in->n, (unsigned)*sink);
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
    uint8_t digest[32];
    *sink += (uint64_t)wmbt_sha256_once(wmbt_view_of(in->data, in->n), digest) + digest[0];
}

static void sha_openssl(void *context, uint64_t *sink)
{
    input *in = context;
    uint8_t digest[32];
    *sink += SHA256(in->data, in->n, digest)[0];
}

static void xxh_ours(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_xxh64 x;
    wmbt_xxh64_init(&x, 0);
    wmbt_xxh64_update(&x, wmbt_view_of(in->data, in->n));
    *sink += wmbt_xxh64_final(&x);
}

static void xxh_library(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += XXH64(in->data, in->n, 0);
}

static void blake3_ours(void *context, uint64_t *sink)
{
    input *in = context;
    static uint64_t memory[WMBT_BLAKE3_BYTES(MOST) / 8u];
    uint8_t digest[32];
    wmbt_status status =
        wmbt_blake3_once(wmbt_buf_of(memory, sizeof memory), wmbt_view_of(in->data, in->n), digest);
    *sink += (uint64_t)status + digest[0];
}

/* The compressions of the chunks alone. */
static void blake3_small(void *context, uint64_t *sink)
{
    input *in = context;
    uint32_t cv[8] = {0};
    for (size_t at = 0; at + 64u <= in->n; at += 64u) {
        wmbt_blake3_compress_small(cv, in->data + at, 64, at, 0);
    }
    *sink += cv[0];
}

int main(void)
{
    static const size_t sizes[] = {64, 576, 4096, 65536, MOST};
    input in = {malloc(MOST), malloc(MOST), 0};
    if (in.data == NULL || in.copy == NULL) {
        return 1;
    }
    for (size_t i = 0; i < MOST; i++) {
        in.data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    memset(in.copy, 0, MOST);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        in.n = sizes[i];
        bench_compare("crc32c", in.n, crc_ours, "ISA-L", crc_isal, &in);
        bench_compare("crc32c, kernel table", in.n, crc_table, "ISA-L", crc_isal, &in);
        bench_compare("crc32c, kernel nibble", in.n, crc_nibble, "ISA-L", crc_isal, &in);
        bench_compare("crc32c_copy", in.n, copy_ours, "memcpy + ISA-L", copy_isal, &in);
        bench_compare("sha256", in.n, sha_ours, "OpenSSL", sha_openssl, &in);
        bench_compare("xxh64", in.n, xxh_ours, "libxxhash", xxh_library, &in);
        bench_compare("blake3", in.n, blake3_ours, "kernel small", blake3_small, &in);
    }
    free(in.data);
    free(in.copy);
    return 0;
}
