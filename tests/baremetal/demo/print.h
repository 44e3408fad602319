/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WMBT_BAREMETAL_PRINT_H
#define WMBT_BAREMETAL_PRINT_H

#include "board.h"

/* Prints what `wombatkv resolve --json --trust-tail` prints for the prompt. False if there is no
 * plan. The command's name is a C string. */
bool print_result(const board_command *command, const wmbt_reader *r);

#endif
