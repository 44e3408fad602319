/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines. */
#include "base/args.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tool.h"
#include "net/store.h"

static const struct args_option common[] = {
    {"--json", NULL, true},
    {"--help", NULL, true},
    {"-h", NULL, true},
    {NULL, NULL, false},
};

static const struct args_option *find_in(const struct args_option *list, const char *name)
{
    for (; list->name != NULL; list++) {
        if (strcmp(list->name, name) == 0) {
            return list;
        }
    }
    return NULL;
}

static const struct args_option *find(const struct command *command, const char *name)
{
    const struct args_option *option = find_in(command->options, name);
    if (option == NULL) {
        option = find_in(common, name);
    }
    if (option == NULL && command->reads_stores) {
        option = find_in(store_options, name);
    }
    if (option == NULL) {
        const char *equals = strchr(name, '=');
        const char *plain = equals != NULL ? tool_copy(name, (size_t)(equals - name)) : name;
        option = find_in(command->options, plain);
        if (equals != NULL && option != NULL && option->value != NULL) {
            tool_usage_error("option %s takes its value as the next argument", plain);
        }
        tool_usage_error("unknown option %s (wombatkv %s --help lists what it takes)", name,
                         command->name);
    }
    return option;
}

/* --- options in a file ------------------------------------------------------------------------ */

#define MAX_FILE_BYTES 65536u

static char *trimmed(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len != 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = '\0';
    }
    return text;
}

/* All of a file, with a NUL behind it. */
static char *read_text(const char *path)
{
    char *text = tool_alloc(MAX_FILE_BYTES + 1);
    FILE *f = fopen(path, "r");
    size_t len = f != NULL ? fread(text, 1, MAX_FILE_BYTES + 1, f) : 0;
    if (f == NULL || ferror(f)) {
        tool_usage_error("%s: %s", tool_printable_cstr(path), strerror(errno));
    }
    (void)fclose(f);
    if (len > MAX_FILE_BYTES || memchr(text, '\0', len) != NULL) {
        tool_usage_error("%s: it is no file of options", tool_printable_cstr(path));
    }
    text[len] = '\0';
    return text;
}

/* What a line of the file names: an option of the command, or one that is for those that ask for
 * keys only. False: neither. */
static bool find_setting(const struct command *command, const char *name,
                         const struct args_option **found)
{
    char *option = tool_format("--%s", name);
    for (char *c = option + 2; *c != '\0'; c++) {
        *c = *c == '_' ? '-' : *c;
    }
    *found = find_in(command->options, option);
    if (strcmp(option, "--prefix") == 0 || strcmp(option, "--namespace") == 0) {
        *found = find_in(command->options, "--namespace") != NULL ? *found : NULL;
        return true;
    }
    return *found != NULL && (*found)->value != NULL && strcmp(option, ARGS_FILE_OPTION) != 0 &&
           strcmp(option, "--bucket") != 0;
}

static void take_line(struct args *args, const struct command *command, char *line,
                      const char *where)
{
    const struct args_option *option;
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        tool_usage_error("%s: no '='", where);
    }
    *equals = '\0';
    const char *name = trimmed(line);
    if (!find_setting(command, name, &option)) {
        tool_usage_error("%s: '%s' is no option of a chain", where, tool_printable_cstr(name));
    }
    if (option != NULL) {
        args->given[args->givens].option = option;
        args->given[args->givens++].value = trimmed(equals + 1);
    }
}

/* Takes the last one back if the command line has it. The same twice in the file is a mistake. */
static void settle_line(struct args *args, size_t asked, const char *where)
{
    const struct args_option *option = args->given[args->givens - 1].option;
    for (size_t i = 0; i + 1 < args->givens; i++) {
        if (args->given[i].option == option && i < asked) {
            args->givens--;
            return;
        }
        if (args->given[i].option == option && !option->repeats) {
            tool_usage_error("%s: %s is there twice", where, option->name + 2);
        }
    }
}

/* Adds what the file says and the command line does not. */
static void read_file(struct args *args, const struct command *command)
{
    const char *path = args_value(args, ARGS_FILE_OPTION);
    size_t asked = args->givens, lines = 1;
    char *text = read_text(path);
    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    struct args all;
    memcpy(&all, args, sizeof all);
    all.given = tool_alloc((asked + lines) * sizeof *all.given);
    memcpy(all.given, args->given, asked * sizeof *all.given);
    unsigned number = 0;
    for (char *next, *line = text; line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        const char *where = tool_format("%s: line %u", tool_printable_cstr(path), ++number);
        line = trimmed(line);
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        size_t before = all.givens;
        take_line(&all, command, line, where);
        if (all.givens != before) {
            settle_line(&all, asked, where);
        }
    }
    memcpy(args, &all, sizeof all);
}

void args_parse(struct args *args, const struct command *command, int count, char **argument)
{
    size_t room = (size_t)count + 1;
    bool only_operands = false;
    memset(args, 0, sizeof *args);
    args->operand = tool_alloc(room * sizeof *args->operand);
    args->given = tool_alloc(room * sizeof *args->given);
    for (int i = 0; i < count; i++) {
        const char *text = argument[i];
        if (only_operands || text[0] != '-' || text[1] == '\0') {
            args->operand[args->operands++] = text;
            continue;
        }
        if (strcmp(text, "--") == 0) {
            only_operands = true;
            continue;
        }
        const struct args_option *option = find(command, text);
        if (option->value != NULL && !option->repeats && args_value(args, text) != NULL) {
            tool_usage_error("option %s is given twice", text);
        }
        const char *value = NULL;
        if (option->value != NULL) {
            if (i + 1 == count) {
                tool_usage_error("option %s needs a value: %s", text, option->value);
            }
            value = argument[++i];
        }
        args->given[args->givens].option = option;
        args->given[args->givens++].value = value;
        args->wants_help =
            args->wants_help || strcmp(text, "--help") == 0 || strcmp(text, "-h") == 0;
    }
    if (!args->wants_help && args_value(args, ARGS_FILE_OPTION) != NULL) {
        read_file(args, command);
    }
}

bool args_flag(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->givens; i++) {
        if (strcmp(args->given[i].option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

const char *args_value(const struct args *args, const char *name)
{
    for (size_t i = 0; i < args->givens; i++) {
        if (strcmp(args->given[i].option->name, name) == 0) {
            return args->given[i].value;
        }
    }
    return NULL;
}

const char *args_required(const struct args *args, const char *name)
{
    const char *value = args_value(args, name);
    if (value == NULL) {
        tool_usage_error("option %s is needed", name);
    }
    return value;
}

bool args_decimal(const char *text, uint64_t *number)
{
    uint64_t n = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        uint64_t digit = (uint64_t)(unsigned char)*text - '0';
        if (*text < '0' || *text > '9' || n > (UINT64_MAX - digit) / 10) {
            return false;
        }
        n = n * 10 + digit;
    }
    *number = n;
    return true;
}

bool args_number(const struct args *args, const char *name, uint64_t minimum, uint64_t maximum,
                 uint64_t *number)
{
    const char *value = args_value(args, name);
    uint64_t n;
    if (value == NULL) {
        return false;
    }
    if (!args_decimal(value, &n) || n < minimum || n > maximum) {
        tool_usage_error("option %s: '%s' is not a number from %llu to %llu", name, value,
                         (unsigned long long)minimum, (unsigned long long)maximum);
    }
    *number = n;
    return true;
}

void args_operands(const struct args *args, const char *what, size_t least, size_t most)
{
    if (args->operands < least) {
        tool_usage_error("it needs %s (--help shows an example)", what);
    }
    if (args->operands > most) {
        tool_usage_error("unexpected argument '%s' after %s", args->operand[most], what);
    }
}
