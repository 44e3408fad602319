/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hashes FILE: for each length on standard input, hashes that many bytes from the start of FILE and
 * prints a line: length, and twice (in one piece, in random pieces) CRC32C, FNV-1a, XXH64, BLAKE3
 * and SHA-256. check_hashes.py compares the lines with other implementations.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/xxh64.h"
#include "wombatkv/blake3.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/sha256.h"

#include "../support/common.h"

#define MOST ((size_t)4 << 20)
#define ALIGNMENTS 16u

static uint64_t blake3_memory[WMBT_BLAKE3_BYTES(MOST) / 8u];

static size_t piece(uint32_t *seed, size_t left, bool split)
{
    if (!split) {
        return left;
    }
    (void)wmbt_test_random(seed);
    size_t most = (*seed >> 8 & 3u) == 0u ? left : 200u; /* mostly short ones */
    size_t n = *seed % (most + 1u);
    return n < left ? n : left;
}

static void print_hex(const uint8_t digest[32])
{
    printf(" ");
    for (int i = 0; i < 32; i++) {
        printf("%02x", digest[i]);
    }
}

static bool hash(const uint8_t *p, size_t n, bool split)
{
    uint32_t seed = (uint32_t)n * 2u + 1u;
    uint32_t crc = 0;
    uint32_t fnv = WMBT_FNV1A32_INIT;
    wmbt_xxh64 xxh;
    wmbt_sha256 sha;
    wmbt_blake3 *blake3;
    uint8_t digest[32];
    wmbt_xxh64_init(&xxh, 0);
    wmbt_sha256_init(&sha);
    size_t bytes = WMBT_BLAKE3_BYTES(n); /* exactly what this length needs */
    if (wmbt_blake3_init(wmbt_buf_of(blake3_memory, bytes), &blake3) != WMBT_OK) {
        return false;
    }
    for (size_t left = n; left != 0u;) {
        size_t size = piece(&seed, left, split);
        wmbt_view v = wmbt_view_of(p + (n - left), size);
        crc = wmbt_crc32c(crc, v);
        fnv = wmbt_fnv1a32(fnv, v);
        wmbt_xxh64_update(&xxh, v);
        if (wmbt_blake3_update(blake3, v) != WMBT_OK || wmbt_sha256_update(&sha, v) != WMBT_OK) {
            return false;
        }
        left -= size;
    }
    printf(" %08" PRIx32 " %08" PRIx32 " %016" PRIx64, crc, fnv, wmbt_xxh64_final(&xxh));
    wmbt_blake3_final(blake3, digest);
    print_hex(digest);
    wmbt_sha256_final(&sha, digest);
    print_hex(digest);
    return true;
}

int main(int argc, char **argv)
{
    FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;
    uint8_t *input = malloc(MOST);
    uint8_t *aligned = malloc(MOST + ALIGNMENTS);
    if (f == NULL || input == NULL || aligned == NULL) {
        fprintf(stderr, "usage: hashes FILE\n");
        return 2;
    }
    size_t have = fread(input, 1, MOST, f);
    (void)fclose(f);
    size_t n;
    while (scanf("%zu", &n) == 1 && n <= have) {
        uint8_t *p = aligned + n % ALIGNMENTS;
        memcpy(p, input, n);
        printf("%zu", n);
        if (!hash(p, n, false) || !hash(p, n, true)) {
            return 1;
        }
        printf("\n");
    }
    free(input);
    free(aligned);
    return feof(stdin) ? 0 : 2;
}
