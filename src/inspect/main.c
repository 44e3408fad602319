/* SPDX-License-Identifier: Apache-2.0 */
/* wombatkv: what is in a WombatKV bucket, and what of a prompt can be reused from it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/args.h"
#include "base/manual.h"
#include "internal.h"
#include "base/out.h"
#include "net/store.h"
#include "wombatkv/version.h"

static const struct command *const commands[] = {
    &command_chain,  &command_conformance, &command_key,   &command_resolve, &command_restore,
    &command_show,   &command_verify,      &command_check, &command_unwrap,  &command_wal,
    &command_replay, &command_identity,    &command_reuse, &command_sign,    &command_index,
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_overview(void)
{
    printf(
        "Usage: wombatkv COMMAND [--json] ...\n\n"
        "Reads WombatKV buckets: hashes and keys of a prompt's blocks, what of it can be reused,\n"
        "what an object holds and whether it is intact.\n\n");
    struct table table;
    table_begin(&table, 2, 0, NULL);
    for (size_t i = 0; i < COMMANDS; i++) {
        table_cell(&table, out_bold(commands[i]->name));
        table_cell(&table, commands[i]->summary);
    }
    table_print(&table, 2);
    printf(
        "\n\"wombatkv COMMAND --help\" explains one, with an example. --json prints one document.\n"
        "--version; --man-page and --completion bash|zsh|fish print what is installed with it.\n"
        "Exit status: 0 done; 1 a named file is missing, unreadable, damaged or refused; 2 "
        "usage.\n");
}

static void print_help(const struct command *command)
{
    printf("Usage: wombatkv %s [--json] %s\n\n%s\n%s%sExample:\n%s", command->name, command->usage,
           command->help, command->reads_stores ? store_help : "",
           command->reads_stores ? "\n" : "", command->example);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    tool_usage_error("unknown command '%s' (wombatkv --help lists them)", name);
}

static int run_command(const char *name, int count, char **argument)
{
    struct args args;
    const struct command *command = find_command(name);
    tool_set_command(command);
    args_parse(&args, command, count, argument);
    if (args.wants_help) {
        print_help(command);
        return EXIT_DONE;
    }
    if (command->reads_stores) {
        store_setup(&args);
    }
    int result = command->run(&args);
    store_close_all();
    out_progress_end();
    return result;
}

/* Standard streams that are closed: files that are opened must not get their numbers, and reading
 * or writing them must go on to fail. */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) {
            exit(EXIT_REFUSED);
        }
    }
}

/* The exit status, once all of the answer has been written. One line at most says what is wrong. */
static int finish(int result)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "wombatkv: standard output: %s\n", strerror(errno));
        return EXIT_REFUSED;
    }
    return tool_report_refusals() && result == EXIT_DONE ? EXIT_REFUSED : result;
}

static bool is_one_of(const char *argument, const char *name, const char *letter)
{
    return strcmp(argument, name) == 0 || strcmp(argument, letter) == 0;
}

int main(int count, char **argument)
{
    int result = EXIT_DONE;
    hold_standard_streams();
    if (count < 2) {
        tool_usage_error("no command (wombatkv --help lists them)");
    }
    if (is_one_of(argument[1], "--help", "-h") || strcmp(argument[1], "help") == 0) {
        if (count > 2) {
            print_help(find_command(argument[2]));
        } else {
            print_overview();
        }
    } else if (strcmp(argument[1], "--man-page") == 0) {
        manual_print(commands, COMMANDS);
    } else if (strcmp(argument[1], "--completion") == 0) {
        if (count != 3 || !manual_print_completion(argument[2], commands, COMMANDS)) {
            tool_usage_error("option --completion is for bash, zsh or fish");
        }
    } else if (is_one_of(argument[1], "--version", "-V")) {
        printf("wombatkv %s\n", WMBT_VERSION_STRING);
    } else {
        result = run_command(argument[1], count - 2, argument + 2);
    }
    result = finish(result);
    tool_free_all();
    return result;
}
