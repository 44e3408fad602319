/* SPDX-License-Identifier: Apache-2.0 */
/* RISC-V in machine mode, hart 0. */
#ifndef __clang__               /* GNU as wants Zicsr to be named */
    .option arch, +zicsr
#endif
    .section .vectors, "ax"
    .global _start
_start:
    csrr t0, mhartid
    bnez t0, park
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, start_stack_top
    la t0, fault
    csrw mtvec, t0
#if defined(__riscv_flen) || defined(__riscv_vector)
    li t0, 0x6600               /* mstatus.FS and VS on */
    csrs mstatus, t0
#endif
    call start_main
    .balign 4
fault:
    la sp, start_stack_top
    call start_fault
park:
    wfi
    j park
