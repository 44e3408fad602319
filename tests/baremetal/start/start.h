/* SPDX-License-Identifier: Apache-2.0 */
/* Between the start-up code of a processor and the program. */
#ifndef WMBT_BAREMETAL_START_H
#define WMBT_BAREMETAL_START_H

/* What a fault ends with. No program returns it. */
#define START_FAULT_STATUS 99u

/* The program; its value is the exit status of the emulator. */
int main(void);

/* Calls main with .data and .bss set up. */
_Noreturn void start_main(void);

/* Where every exception ends. */
_Noreturn void start_fault(void);

#endif
