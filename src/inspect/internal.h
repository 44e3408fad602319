/* SPDX-License-Identifier: Apache-2.0 */
/* Between main.c and tool.c only. */
#ifndef INSPECT_INTERNAL_H
#define INSPECT_INTERNAL_H

#include "base/tool.h"

/* The command whose name errors carry. */
void tool_set_command(const struct command *command);

/* Prints the line about what was refused, if something was. */
bool tool_report_refusals(void);

#endif
