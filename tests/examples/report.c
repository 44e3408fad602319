/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples print. Freestanding. */
#include "board.h"

/* Without division and multiplication: those of 64-bit numbers call libgcc on small machines. */
void print_number(uint64_t value)
{
    uint64_t power[20]; /* of ten; the largest number has 20 digits */
    power[0] = 1;
    for (uint32_t i = 1; i < 20u; i++) {
        power[i] = (power[i - 1u] << 3) + (power[i - 1u] << 1);
    }
    bool begun = false;
    for (uint32_t i = 20; i-- > 0u;) {
        char digit[2] = {'0', '\0'};
        while (value >= power[i]) {
            value -= power[i];
            digit[0]++;
        }
        begun = begun || digit[0] != '0' || i == 0u;
        if (begun) {
            board_print(digit);
        }
    }
}

static void print_item(const char *name, uint64_t value)
{
    board_print(name);
    print_number(value);
}

void print_plan(const wmbt_plan *plan)
{
    print_item("plan: load blocks ", plan->load_blocks);
    board_print(plan->load_tail != 0u ? " and the tail" : "");
    print_item(", run ", plan->run_tokens);
    print_item(" from ", plan->run_from);
    print_item(", saves ", plan->saved_tokens);
    print_item(", read ", plan->bytes_to_read);
    board_print(" bytes, tail ");
    board_print(wmbt_plan_tail_reason_name(plan->tail_reason));
    board_print("\n");
}
