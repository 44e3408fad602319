/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which kernels the loader picked in this program, read from the places where its calls go, must be
 * the best that this CPU has, and they must compute what is published. Kernels for instruction sets
 * that are not here are named: no test runs them on this machine.
 */
#include <stdio.h>
#include <string.h>

#include "format/zstd/kernels.h"
#include "hash/kernel.h"
#include "kernels.h"
#include "wombatkv/blake3.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/sha256.h"

typedef void any_function(void);

typedef struct kernel {
    const char *name;
    any_function *code;
} kernel;

/* Best first; the last is portable. */
static const kernel crc32c_kernels[] = {
#if WMBT_CRC32C_AVX512
    {"crc32c_avx512", (any_function *)wmbt_crc32c_avx512},
    {"crc32c_avx2", (any_function *)wmbt_crc32c_avx2},
    {"crc32c_sse42", (any_function *)wmbt_crc32c_sse42},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", (any_function *)wmbt_crc32c_armv8_pmull},
    {"crc32c_armv8", (any_function *)wmbt_crc32c_armv8},
#endif
    {"slice8", (any_function *)wmbt_crc32c_slice8},
};
static const kernel shift_kernels[] = {
#if WMBT_CRC32C_SSE42
    {"crc32c_sse42", (any_function *)wmbt_crc32c_shift_sse42},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", (any_function *)wmbt_crc32c_shift_armv8_pmull},
#endif
    {"table", (any_function *)wmbt_crc32c_shift_table},
};
static const kernel product_kernels[] = {
#if WMBT_CRC32C_SSE42
    {"crc32c_sse42", (any_function *)wmbt_crc32c_product_sse42},
#endif
#if WMBT_CRC32C_ARMV8_PMULL
    {"crc32c_armv8_pmull", (any_function *)wmbt_crc32c_product_armv8_pmull},
#endif
    {"steps", (any_function *)wmbt_crc32c_product_steps},
};
static const kernel sha256_kernels[] = {
#if WMBT_SHA256_SHANI
    {"sha256_shani", (any_function *)wmbt_sha256_shani},
#endif
#if WMBT_SHA256_ARMV8
    {"sha256_armv8", (any_function *)wmbt_sha256_armv8},
#endif
    {"rolled", (any_function *)wmbt_sha256_rolled},
};
#if defined(__x86_64__)
static const kernel blake3_kernels[] = {
    {"blake3_avx512", (any_function *)wmbt_blake3_run_avx512},
    {"blake3_avx2", (any_function *)wmbt_blake3_run_avx2},
    {"blake3_sse41", (any_function *)wmbt_blake3_run_sse41},
    {"portable", (any_function *)wmbt_blake3_run_portable},
};
#endif

#if WMBT_CFG_ZSTD && WMBT_ZSTD_AVX2
static const kernel sequences_kernels[] = {
    {"zstd_avx2", (any_function *)wmbt_zstd_sequences_avx2},
    {"portable", (any_function *)wmbt_zstd_sequences_portable},
};
static const kernel one_kernels[] = {
    {"zstd_avx2", (any_function *)wmbt_zstd_one_avx2},
    {"portable", (any_function *)wmbt_zstd_one_portable},
};
static const kernel many_kernels[] = {
    {"zstd_avx2", (any_function *)wmbt_zstd_many_avx2},
    {"portable", (any_function *)wmbt_zstd_many_portable},
};
#endif

/* Where a call of the name goes: behind the jump that linkers make of such a name (a PLT). */
static any_function *target_of(any_function *name)
{
    uintptr_t at = (uintptr_t)name;
#if defined(__x86_64__)
    const uint8_t *code = (const uint8_t *)at;
    int32_t distance;
    if (memcmp(code, "\xF3\x0F\x1E\xFA", 4) == 0) { /* endbr64 */
        code += 4;
    }
    code += *code == 0xF2;                    /* bnd */
    if (code[0] == 0xFF && code[1] == 0x25) { /* jmp *distance(%rip) */
        memcpy(&distance, code + 2, sizeof distance);
        memcpy(&at, code + 6 + distance, sizeof at);
    }
#else
    uint32_t code[3];
    memcpy(code, (const void *)at, sizeof code);
    if (code[0] == 0xD503245Fu) { /* bti c */
        memcpy(code, (const uint8_t *)at + 4, sizeof code);
        at += 4;
    }
    if ((code[0] & 0x9F00001Fu) == 0x90000010u && (code[1] & 0xFFC003FFu) == 0xF9400211u) {
        /* adrp x16, page; ldr x17, [x16, #offset] */
        uint64_t pages = (uint64_t)(code[0] >> 5 & 0x7FFFFu) << 2 | (code[0] >> 29 & 3u);
        pages = (pages ^ 0x100000u) - 0x100000u;
        at = (at & ~(uintptr_t)4095u) + (uintptr_t)(pages << 12);
        memcpy(&at, (const void *)(at + 8u * (code[1] >> 10 & 0xFFFu)), sizeof at);
    }
#endif
    return (any_function *)at;
}

static int check(const char *what, any_function *loaded, const kernel *kernels, size_t count)
{
    any_function *taken = target_of(loaded);
    size_t best = 0;
    while (best + 1u < count && !wmbt_test_kernel_runs(kernels[best].name)) {
        printf("# not run here: %s\n", kernels[best].name);
        best++;
    }
    for (size_t i = 0; i < count; i++) {
        if (kernels[i].code == taken) {
            printf("# %s: %s\n", what, kernels[i].name);
            if (i == best) {
                return 0;
            }
        }
    }
    printf("not %s: %s\n", what, kernels[best].name);
    return 1;
}
#define CHECK(what, loaded, kernels) \
    check(what, (any_function *)(loaded), kernels, sizeof kernels / sizeof kernels[0])

static int is_wrong(const char *what, const uint8_t *got, const char *want)
{
    if (memcmp(got, want, 8) != 0) {
        printf("wrong %s\n", what);
        return 1;
    }
    return 0;
}

int main(void)
{
    int bad = 0;
    bad += CHECK("crc32c", wmbt_crc32c_loaded, crc32c_kernels);
    bad += CHECK("crc32c_shift", wmbt_crc32c_shift_loaded, shift_kernels);
    bad += CHECK("crc32c_product", wmbt_crc32c_product_loaded, product_kernels);
    bad += CHECK("sha256", wmbt_sha256_loaded, sha256_kernels);
#if defined(__x86_64__)
    bad += CHECK("blake3", wmbt_blake3_run_loaded, blake3_kernels);
#endif
#if WMBT_CFG_ZSTD && WMBT_ZSTD_AVX2
    bad += CHECK("zstd sequences", wmbt_zstd_sequences_loaded, sequences_kernels);
    bad += CHECK("zstd streams", wmbt_zstd_one_loaded, one_kernels);
    bad += CHECK("zstd streams, several symbols", wmbt_zstd_many_loaded, many_kernels);
#endif
    /* Published: RFC 3720 (32 bytes of zeros), FIPS 180-4 and BLAKE3's test vectors (no bytes). */
    static _Alignas(WMBT_BLAKE3_ALIGN) uint8_t memory[WMBT_BLAKE3_BYTES(1024)];
    static uint8_t zeros[32], copy[32];
    uint8_t digest[32];
    if (wmbt_crc32c_copy(0, copy, wmbt_view_of(zeros, 32)) != 0x8A9136AAu ||
        wmbt_crc32c_combine(0, 0x8A9136AAu, 32) != 0x8A9136AAu) {
        printf("wrong crc32c\n");
        bad++;
    }
    wmbt_status status = wmbt_sha256_once(wmbt_view_of("abc", 3), digest);
    bad += (int)status + is_wrong("sha256", digest, "\xba\x78\x16\xbf\x8f\x01\xcf\xea");
    status = wmbt_blake3_once(wmbt_buf_of(memory, sizeof memory), wmbt_view_of("", 0), digest);
    bad += (int)status + is_wrong("blake3", digest, "\xaf\x13\x49\xb9\xf5\xf9\xa1\xa6");
    return bad != 0;
}
