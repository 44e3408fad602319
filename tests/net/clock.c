/* SPDX-License-Identifier: Apache-2.0 */
/* A clock of the board that counts on while the processor is busy. */
#include "net.h"

#if defined(CLOCK_100HZ) /* MPS2: a counter of the FPGA, at this address */

uint32_t clock_ms(void)
{
    return *(volatile uint32_t *)CLOCK_100HZ * 10u;
}

#elif defined(__aarch64__)

uint32_t clock_ms(void)
{
    uint64_t ticks, hertz;
    __asm__ volatile("isb\nmrs %0, cntvct_el0" : "=r"(ticks));
    __asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hertz));
    return (uint32_t)(ticks / (hertz / 1000u));
}

#elif defined(__riscv) && __riscv_xlen == 64

#    define TICKS_OF_A_MS 10000u /* of QEMU's virt board: its device tree says timebase-frequency */

uint32_t clock_ms(void)
{
    uint64_t ticks;
    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return (uint32_t)(ticks / TICKS_OF_A_MS);
}

#endif
