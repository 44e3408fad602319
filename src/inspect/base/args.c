/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines. */
#include "base/args.h"

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
