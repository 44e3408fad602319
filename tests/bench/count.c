/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One portable kernel, as a Linux program without libc: compilers.py counts its instructions in an
 * emulator. WHICH and TIMES are given when it is compiled.
 */
#include "portable.h"

static uint8_t wmbt_count_data[WMBT_PORTABLE_BYTES];

static _Noreturn void wmbt_count_exit(unsigned long status)
{
#if defined(__aarch64__)
    register unsigned long x0 __asm__("x0") = status;
    register unsigned long x8 __asm__("x8") = 93;
    __asm__ volatile("svc #0" : : "r"(x0), "r"(x8));
#elif defined(__arm__)
    register unsigned long r0 __asm__("r0") = status;
    register unsigned long r7 __asm__("r7") = 1;
    __asm__ volatile("svc #0" : : "r"(r0), "r"(r7));
#elif defined(__riscv)
    register unsigned long a0 __asm__("a0") = status;
    register unsigned long a7 __asm__("a7") = 93;
    __asm__ volatile("ecall" : : "r"(a0), "r"(a7));
#endif
    for (;;) {
    }
}

void _start(void);
void _start(void)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < sizeof wmbt_count_data; i++) {
        wmbt_count_data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    for (uint32_t i = 0; i < TIMES; i++) {
        wmbt_count_data[0] = (uint8_t)i;
        sum += wmbt_portable_run(WHICH, wmbt_count_data);
    }
    wmbt_count_exit((unsigned long)(sum == 1u));
}
