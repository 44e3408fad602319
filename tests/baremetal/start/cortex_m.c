/* SPDX-License-Identifier: Apache-2.0 */
/* Cortex-M: the vector table and the reset handler. */
#include <stdint.h>

#include "start.h"

#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_CP10_CP11_ON (0xFu << 20)

extern uint32_t start_stack_top[];

_Noreturn void _start(void);

_Noreturn void _start(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    CPACR |= CPACR_CP10_CP11_ON;
    __asm__ volatile("dsb\nisb" ::: "memory");
#endif
    start_main();
}

/* Faults may come with a stack that is used up: begin with a fresh one. */
static __attribute__((naked)) void fault(void)
{
    __asm__ volatile("ldr r0, =start_stack_top\nmov sp, r0\nldr r0, =start_fault\nbx r0\n.ltorg");
}

typedef void handler(void);

static const struct {
    uint32_t *stack;
    handler *reset;
    handler *others[14];
} vectors __attribute__((section(".vectors"), used)) = {
    start_stack_top,
    _start,
    {fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault},
};
