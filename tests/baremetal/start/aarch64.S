/* SPDX-License-Identifier: Apache-2.0 */
/* AArch64 at EL1, MMU off: all memory is Device memory, so compile with -mstrict-align. */
    .section .vectors, "ax"
    .global _start
_start:
    mov x1, #(3 << 20)          /* CPACR_EL1.FPEN: vectors do not trap */
    msr cpacr_el1, x1
    ldr x1, =exceptions
    msr vbar_el1, x1
    isb
    ldr x0, =start_stack_top
    mov sp, x0
    bl start_main
fault:
    ldr x0, =start_stack_top
    mov sp, x0
    bl start_fault
    .ltorg
    .balign 2048
exceptions:
    .rept 16
    b fault
    .balign 128
    .endr
