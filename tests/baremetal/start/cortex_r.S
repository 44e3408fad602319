/* SPDX-License-Identifier: Apache-2.0 */
/* Cortex-R, Arm state, no MPU: vectors at 0. */
    .syntax unified
    .arm
    .section .vectors, "ax"
    .global _start
_start:
    b reset
    .rept 7
    b fault
    .endr
reset:
#ifdef __ARM_BIG_ENDIAN
    setend be
#endif
    ldr sp, =start_stack_top
    bl start_main
fault:
    cpsid i, #0x13              /* back to supervisor mode: the one that has a stack */
#ifdef __ARM_BIG_ENDIAN
    setend be
#endif
    ldr sp, =start_stack_top
    bl start_fault
