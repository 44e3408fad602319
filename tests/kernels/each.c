/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each kernel for an instruction set that this machine has, called by its name, against the
 * portable one: sources and destinations end where a page that nobody may touch begins, or begin
 * where one ends. What the machine lacks is named.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hash/kernel.h"
#include "kernels.h"

#define PAGE ((size_t)65536) /* at least a page of any system */

static int failed;

static void expect(int good, const char *what, size_t n)
{
    if (!good) {
        printf("wrong: %s, %zu\n", what, n);
        failed++;
        if (failed > 20) {
            exit(1);
        }
    }
}

/* PAGE bytes between two pages that nobody may touch. */
static uint8_t *fenced(void)
{
    uint8_t *p = mmap(NULL, 3u * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + PAGE, PAGE, PROT_READ | PROT_WRITE) != 0) {
        perror("memory");
        exit(1);
    }
    return p + PAGE;
}

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        p[i] = (uint8_t)(seed >> 24);
    }
}

static bool runs(const char *name)
{
    bool here = wmbt_test_kernel_runs(name);
    printf("# %s: %s\n", here ? "run" : "not run here", name);
    return here;
}

static void crc_lengths(const char *name, wmbt_crc32c_kernel *kernel, uint8_t *src, uint8_t *dst)
{
    for (size_t n = 1; n <= 9000u; n += n < 700u ? 1u : 61u) {
        for (int end = 0; end < 2; end++) {
            uint8_t *from = end != 0 ? src + PAGE - n : src;
            uint8_t *to = end != 0 ? dst + PAGE - n : dst;
            uint32_t want = wmbt_crc32c_nibble(0x1234567u, NULL, from, n);
            expect(kernel(0x1234567u, NULL, from, n) == want, name, n);
            memset(to, 0x5A, n);
            expect(kernel(0x1234567u, to, from, n) == want, name, n);
            expect(memcmp(to, from, n) == 0, name, n);
        }
    }
}

#if WMBT_CRC32C_SSE42 || WMBT_CRC32C_ARMV8
static void crc(const char *name, wmbt_crc32c_kernel *kernel, uint8_t *src, uint8_t *dst)
{
    if (runs(name)) {
        crc_lengths(name, kernel, src, dst);
    }
}
#endif

static void sha_counts(const char *name, wmbt_sha256_kernel *kernel, const uint8_t *src)
{
    for (size_t count = 1; count <= 40u; count++) {
        uint32_t want[8], got[8];
        for (size_t i = 0; i < 8u; i++) {
            want[i] = got[i] = (uint32_t)(i * 0x9E3779B9u + count);
        }
        wmbt_sha256_rolled(want, src + PAGE - 64u * count, count);
        kernel(got, src + PAGE - 64u * count, count);
        expect(memcmp(got, want, sizeof want) == 0, name, count);
    }
}

/* Messages of `blocks` blocks that end at the fence, or lie one byte apart. To the kernel under
 * test the first of them are `heads` heads, the last `tails` tails (0 or 1). */
static void b3_run(const char *name, wmbt_blake3_run_kernel *kernel, const uint8_t *src,
                   size_t count, size_t blocks, size_t heads, size_t tails)
{
    static uint32_t want[40][8], got[40][8];
    const uint8_t *input[40], *middle[40], *tail[40];
    wmbt_blake3_run run;
    memset(&run, 0, sizeof run);
    for (size_t i = 0; i < count; i++) {
        input[i] = src + PAGE - 64u * blocks - i;
        middle[i] = input[i] + 64u * heads;
        tail[i] = input[i] + 64u * (blocks - 1u);
        for (size_t k = 0; k < 8u; k++) {
            want[i][k] = got[i][k] = (uint32_t)(i * 77u + k * 0x9E3779B9u);
        }
    }
    memset(want[count], 0x77, sizeof want[0]);
    memset(got[count], 0x77, sizeof got[0]);
    run.input = input;
    run.count = count;
    run.blocks = blocks;
    run.counter = UINT64_C(0xFFFFFFFD) + blocks; /* carries among the lanes */
    run.counts = blocks % 2u == 0u;
    run.last_bytes = 64u - (uint32_t)(blocks * 5u + count) % 64u;
    run.flags = 4;
    run.flags_first = 1;
    run.flags_last = 10;
    run.cv = want;
    wmbt_blake3_run_portable(&run);
    run.cv = got;
    run.head = heads != 0u ? input : NULL;
    run.input = middle;
    run.tail = tails != 0u ? tail : NULL;
    run.blocks = blocks - heads - tails;
    kernel(&run);
    expect(memcmp(got, want, (count + 1u) * sizeof got[0]) == 0, name, count * 100u + blocks);
}

static void b3(const char *name, wmbt_blake3_run_kernel *kernel, const uint8_t *src)
{
    if (!runs(name)) {
        return;
    }
    for (size_t count = 1; count <= 39u; count++) {
        for (size_t blocks = 1; blocks <= 17u; blocks++) {
            b3_run(name, kernel, src, count, blocks, 0, 0);
            b3_run(name, kernel, src, count, blocks, 1, 0);
            b3_run(name, kernel, src, count, blocks, 0, 1);
            if (blocks > 1u) {
                b3_run(name, kernel, src, count, blocks, 1, 1);
            }
        }
    }
}

int main(void)
{
    uint8_t *src = fenced(), *dst = fenced();
    fill(src, PAGE, 1);
    (void)crc_lengths;
    b3("portable", wmbt_blake3_run_portable, src);
#if WMBT_CRC32C_SSE42
    crc("crc32c_sse42", wmbt_crc32c_sse42, src, dst);
    crc("crc32c_avx2", wmbt_crc32c_avx2, src, dst);
    crc("crc32c_avx512", wmbt_crc32c_avx512, src, dst);
    b3("blake3_sse41", wmbt_blake3_run_sse41, src);
    b3("blake3_avx2", wmbt_blake3_run_avx2, src);
    b3("blake3_avx512", wmbt_blake3_run_avx512, src);
    if (runs("sha256_shani")) {
        sha_counts("sha256_shani", wmbt_sha256_shani, src);
    }
#endif
#if WMBT_CRC32C_ARMV8
    crc("crc32c_armv8", wmbt_crc32c_armv8, src, dst);
    crc("crc32c_armv8_pmull", wmbt_crc32c_armv8_pmull, src, dst);
    b3("blake3_neon", wmbt_blake3_run_neon, src);
    if (runs("sha256_armv8")) {
        sha_counts("sha256_armv8", wmbt_sha256_armv8, src);
    }
#endif
    crc_lengths("slice8", wmbt_crc32c_slice8, src, dst);
    return failed != 0;
}
