/* SPDX-License-Identifier: Apache-2.0 */
/* The helpers that test bodies need on big-endian Arm, for which Debian has no libgcc. */
#include <stdint.h>

uint64_t start_divide(uint64_t n, uint64_t d, uint64_t *remainder);
void __aeabi_uldivmod(void);

uint64_t start_divide(uint64_t n, uint64_t d, uint64_t *remainder)
{
    uint64_t quotient = 0;
    uint64_t rest = 0;
    for (uint64_t bit = UINT64_C(1) << 63; bit != 0u; bit >>= 1) {
        rest = rest << 1 | ((n & bit) != 0u ? 1u : 0u);
        if (rest >= d) {
            rest -= d;
            quotient |= bit;
        }
    }
    *remainder = rest;
    return quotient;
}

/* Quotient in r0:r1, remainder in r2:r3. */
__attribute__((naked)) void __aeabi_uldivmod(void)
{
    __asm__("push {r4, lr}\n"
            "sub sp, sp, #16\n"
            "add r4, sp, #8\n"
            "str r4, [sp]\n"
            "bl start_divide\n"
            "ldr r2, [sp, #8]\n"
            "ldr r3, [sp, #12]\n"
            "add sp, sp, #16\n"
            "pop {r4, pc}");
}
