/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the start-up that is the same on every processor. Runs on the stack of image.ld. */
#include "start.h"

#include "semihost.h"

extern uint32_t start_data[], start_data_end[], start_data_load[], start_bss[], start_bss_end[];

_Noreturn void start_main(void)
{
    const uint32_t *from = start_data_load;
    for (uint32_t *to = start_data; to < start_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = start_bss; to < start_bss_end; to++) {
        *to = 0;
    }
    semihost_exit((unsigned)main());
}

_Noreturn void start_fault(void)
{
    semihost_write("\nBail out! fault\n");
    semihost_exit(START_FAULT_STATUS);
}
