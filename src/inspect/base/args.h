/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines. An option that takes a value takes the next argument, whatever it is: empty, or
 * beginning with '-'. Options and operands mix; after "--" everything is an operand, and "-" always
 * is one.
 */
#ifndef INSPECT_ARGS_H
#define INSPECT_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct args_option {
    const char *name;  /* "--prefix", "-o" */
    const char *value; /* what its value is called, NULL if it takes none */
    bool repeats;      /* may be given more than once */
};

struct args_given {
    const struct args_option *option;
    const char *value; /* NULL if it takes none */
};

struct args {
    const char **operand;
    size_t operands;
    struct args_given *given;
    size_t givens;
    bool wants_help;
};

/* The option of a command that has it names a file with `name = value` lines of its other ones;
 * what the command line says goes before. */
#define ARGS_FILE_OPTION "--chain"

struct command;

/* Takes the arguments after the command's name apart. A mistake ends the process (EXIT_USAGE). */
void args_parse(struct args *args, const struct command *command, int count, char **argument);

/* True if a flag was given. */
bool args_flag(const struct args *args, const char *name);

/* An option's value, NULL if it was not given. */
const char *args_value(const struct args *args, const char *name);

/* The same; not to have given it is a mistake. */
const char *args_required(const struct args *args, const char *name);

/* An option's value as a decimal number of `minimum` to `maximum`. False if it was not given. */
bool args_number(const struct args *args, const char *name, uint64_t minimum, uint64_t maximum,
                 uint64_t *number);

/* A decimal number: digits only. False if it is none, or above 2^64-1. */
bool args_decimal(const char *text, uint64_t *number);

/* At least so many operands, called `what`, are needed; and at most so many allowed. */
void args_operands(const struct args *args, const char *what, size_t least, size_t most);

#endif
