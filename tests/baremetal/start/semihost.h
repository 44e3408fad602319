/* SPDX-License-Identifier: Apache-2.0 */
/* Semihosting, what an image needs of it: text out, an exit status for the emulator, and what the
 * emulator was started with and when. */
#ifndef WMBT_BAREMETAL_SEMIHOST_H
#define WMBT_BAREMETAL_SEMIHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEMIHOST_WRITE0 0x04u
#define SEMIHOST_TIME 0x11u
#define SEMIHOST_COMMAND_LINE 0x15u
#define SEMIHOST_EXIT 0x18u
#define SEMIHOST_EXIT_EXTENDED 0x20u
#define SEMIHOST_STOPPED_APPLICATION_EXIT 0x20026u
#define SEMIHOST_STOPPED_RUN_TIME_ERROR 0x20023u

static inline uintptr_t semihost(uintptr_t operation, uintptr_t argument)
{
#if defined(__aarch64__)
    register uintptr_t r0 __asm__("x0") = operation;
    register uintptr_t r1 __asm__("x1") = argument;
    __asm__ volatile("hlt #0xf000" : "+r"(r0) : "r"(r1) : "memory");
#elif defined(__arm__)
    register uintptr_t r0 __asm__("r0") = operation;
    register uintptr_t r1 __asm__("r1") = argument;
#    if __ARM_ARCH_PROFILE == 'M'
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
#    elif defined(__thumb__)
    __asm__ volatile("svc #0xab" : "+r"(r0) : "r"(r1) : "memory", "lr");
#    else
    __asm__ volatile("svc #0x123456" : "+r"(r0) : "r"(r1) : "memory", "lr");
#    endif
#elif defined(__riscv)
    register uintptr_t r0 __asm__("a0") = operation;
    register uintptr_t r1 __asm__("a1") = argument;
    __asm__ volatile(".balign 16\n.option push\n.option norvc\n"
                     "slli zero, zero, 0x1f\nebreak\nsrai zero, zero, 7\n.option pop"
                     : "+r"(r0)
                     : "r"(r1)
                     : "memory");
#endif
    return r0;
}

static inline void semihost_write(const char *text)
{
    (void)semihost(SEMIHOST_WRITE0, (uintptr_t)text);
}

/* Seconds since 1970, of the host. */
static inline uint32_t semihost_time(void)
{
    return (uint32_t)semihost(SEMIHOST_TIME, 0);
}

/* The words of -semihosting-config arg=..., blanks between them, as a C string. False if they do
 * not fit. */
static inline bool semihost_command_line(char *text, size_t bytes)
{
    uintptr_t block[2] = {(uintptr_t)text, bytes};
    return semihost(SEMIHOST_COMMAND_LINE, (uintptr_t)block) == 0u;
}

static inline _Noreturn void semihost_exit(unsigned status)
{
#if defined(__ARM_BIG_ENDIAN)
    /* QEMU reads the block of the extended form as little-endian: only 0 and 1 can be said. */
    for (;;) {
        (void)semihost(SEMIHOST_EXIT, status == 0u ? SEMIHOST_STOPPED_APPLICATION_EXIT
                                                   : SEMIHOST_STOPPED_RUN_TIME_ERROR);
    }
#else
    const uintptr_t block[2] = {SEMIHOST_STOPPED_APPLICATION_EXIT, status};
    for (;;) {
        (void)semihost(SEMIHOST_EXIT_EXTENDED, (uintptr_t)block);
    }
#endif
}

#endif
