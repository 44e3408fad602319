/* SPDX-License-Identifier: Apache-2.0 */
/* Which kernels for instruction sets this machine can run. */
#include "kernels.h"

#if WMBT_CFG_DISPATCH && defined(__x86_64__)

static bool is(const char *a, const char *b)
{
    for (; *a != 0 && *a == *b; a++, b++) {
    }
    return *a == *b;
}

/* The compiler's support functions know all but the SHA extensions, a bit of CPUID's leaf 7. */
static bool has_sha(void)
{
    uint32_t a = 7, b, c = 0, d;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b >> 29 & 1u) != 0u;
}

bool wmbt_test_kernel_runs(const char *name)
{
    bool sse41 = __builtin_cpu_supports("sse4.1") != 0, avx2 = __builtin_cpu_supports("avx2") != 0;
    bool bmi = __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
    bool crc = __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
    bool wide = __builtin_cpu_supports("vpclmulqdq") != 0;
    bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512vl") != 0;
    return is(name, "crc32c_sse42")    ? crc
           : is(name, "crc32c_avx2")   ? crc && avx2 && wide
           : is(name, "crc32c_avx512") ? crc && avx2 && wide && avx512
           : is(name, "blake3_sse41")  ? sse41
           : is(name, "blake3_avx2")   ? avx2
           : is(name, "zstd_avx2")     ? avx2 && bmi
           : is(name, "blake3_avx512") ? avx2 && avx512
           : is(name, "sha256_shani")  ? sse41 && has_sha()
                                       : true;
}

#elif WMBT_CFG_DISPATCH && defined(__aarch64__) && defined(__linux__)

#    include <sys/auxv.h>

static bool is(const char *a, const char *b)
{
    for (; *a != 0 && *a == *b; a++, b++) {
    }
    return *a == *b;
}

bool wmbt_test_kernel_runs(const char *name)
{
    unsigned long caps = getauxval(AT_HWCAP); /* asm/hwcap.h: PMULL 4, SHA2 6, CRC32 7 */
    bool crc = (caps >> 7 & 1u) != 0u, pmull = (caps >> 4 & 1u) != 0u;
    return is(name, "crc32c_armv8")         ? crc
           : is(name, "crc32c_armv8_pmull") ? crc && pmull
           : is(name, "sha256_armv8")       ? (caps >> 6 & 1u) != 0u
                                            : true;
}

#else

/* Without dispatch there are only kernels that the compiler may use for the target. */
bool wmbt_test_kernel_runs(const char *name)
{
    (void)name;
    return true;
}

#endif
