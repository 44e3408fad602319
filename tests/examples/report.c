/* SPDX-License-Identifier: Apache-2.0 */
/* What the examples print. Freestanding. */
#include "board.h"

void print_number(uint64_t value)
{
    char text[21]; /* 20 digits */
    size_t at = sizeof text - 1u;
    text[at] = '\0';
    do {
        text[--at] = (char)('0' + (char)(value % 10u));
        value /= 10u;
    } while (value != 0u);
    board_print(text + at);
}

static void print_item(const char *name, uint64_t value)
{
    board_print(name);
    print_number(value);
}

void print_plan(const wmbt_plan *plan)
{
    print_item("plan: blocks ", plan->blocks);
    print_item(", restored ", plan->tokens_restored);
    print_item(", prefill ", plan->tokens_to_prefill);
    print_item(", exact from ", plan->exact_from);
    board_print(", tail ");
    board_print(wmbt_plan_tail_reason_name(plan->tail_reason));
    print_item(", read ", plan->bytes_to_read);
    board_print(" bytes\n");
}
