/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page and completion. */
#include "base/manual.h"

#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "net/store.h"
#include "wombatkv/version.h"

/* --- the page -------------------------------------------------------------------------------- */

/* Text that stands as it is: what roff would take for its own is escaped. */
static void print_plain(const char *text)
{
    bool begins = true;
    for (; *text != '\0'; text++) {
        if (begins && (*text == '.' || *text == '\'')) {
            fputs("\\&", stdout);
        }
        begins = *text == '\n';
        switch (*text) {
        case '\\': fputs("\\e", stdout); break;
        case '-': fputs("\\-", stdout); break;
        case '\'': fputs("\\(aq", stdout); break;
        case '`': fputs("\\(ga", stdout); break;
        case '^': fputs("\\(ha", stdout); break;
        case '~': fputs("\\(ti", stdout); break;
        default: putchar(*text); break;
        }
    }
}

static void print_block(const char *text)
{
    puts(".PP\n.nf");
    print_plain(text);
    if (text[0] != '\0' && text[strlen(text) - 1] != '\n') {
        putchar('\n');
    }
    puts(".fi");
}

static void print_command(const struct command *command)
{
    printf(".SS \"%s\"\n", command->name);
    print_plain(command->summary);
    puts("\n.PP\n.nf");
    printf("\\fBwombatkv %s\\fR [\\-\\-json] ", command->name);
    print_plain(command->usage);
    puts("\n.fi");
    print_block(command->help);
    if (command->reads_stores) {
        puts(".PP\nIt reads s3://, too: see BUCKETS ON THE NETWORK.");
    }
    puts(".PP\nExample:");
    print_block(command->example);
}

void manual_print(const struct command *const *commands, size_t count)
{
    printf(".TH WOMBATKV 1 \"\" \"wombatkv %s\" \"User Commands\"\n", WMBT_VERSION_STRING);
    puts(".SH NAME\nwombatkv \\- reads WombatKV buckets");
    puts(".SH SYNOPSIS\n.B wombatkv\n.I COMMAND\n[\\-\\-json] ...\n.br\n"
         ".B wombatkv\n.B help\n.I COMMAND");
    puts(
        ".SH DESCRIPTION\nHashes and keys of a prompt's blocks, what of it can be reused, what an\n"
        "object holds and whether it is intact. With \\-\\-json a command prints one document.");
    puts(".SH COMMANDS");
    for (size_t i = 0; i < count; i++) {
        print_command(commands[i]);
    }
    puts(".SH BUCKETS ON THE NETWORK");
    print_block(store_help);
    puts(".SH EXIT STATUS\n.TP\n0\nDone, and nothing was wrong.\n.TP\n1\nA named file is missing,\n"
         "unreadable, damaged or refused, or an output could not be written.\n.TP\n2\nUsage, bad\n"
         "arguments, or a bad identity file; standard output is empty.");
    puts(".SH ENVIRONMENT\nAWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, "
         "AWS_REGION,\n"
         "AWS_DEFAULT_REGION, AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE,\n"
         "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE, SSL_CERT_FILE: as the AWS command\n"
         "line has them. http_proxy, https_proxy, no_proxy: proxies, for \\-\\-client curl.\n"
         "NO_COLOR: no colours, on a terminal either.");
}

/* --- completion ------------------------------------------------------------------------------ */

/* Calls `print` for each option that a command takes. */
static void each_option(const struct command *command,
                        void (*print)(const struct command *command,
                                      const struct args_option *option))
{
    static const struct args_option everywhere[] = {
        {"--json", NULL, true}, {"--help", NULL, true}, {NULL, NULL, false}};
    const struct args_option *const lists[] = {command->options, everywhere,
                                               command->reads_stores ? store_options : NULL};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        for (const struct args_option *o = lists[i]; o != NULL && o->name != NULL; o++) {
            print(command, o);
        }
    }
}

static void print_name(const struct command *command, const struct args_option *option)
{
    (void)command;
    printf(" %s", option->name);
}

static void print_bash(const struct command *const *commands, size_t count)
{
    puts("# bash completion for wombatkv\n_wombatkv()\n{\n    local words\n"
         "    case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n"
         "    --client) words='core curl' ;;\n"
         "    *)\n        case \"${COMP_WORDS[1]}\" in");
    for (size_t i = 0; i < count; i++) {
        printf("        %s) words='", commands[i]->name);
        each_option(commands[i], print_name);
        puts("' ;;");
    }
    puts("        esac\n        ;;\n    esac\n    if [ \"$COMP_CWORD\" = 1 ] || "
         "[ \"${COMP_WORDS[1]}\" = help ]; then");
    fputs("        words='help", stdout);
    for (size_t i = 0; i < count; i++) {
        printf(" %s", commands[i]->name);
    }
    puts("'\n    elif [ -z \"${COMP_WORDS[COMP_CWORD]}\" ] && [ \"$words\" != 'core curl' ]; then\n"
         "        words=\n    fi\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
         "complete -o default -F _wombatkv wombatkv");
}

/* In single quotes of a shell; `quote` is what ends, says and begins one. */
static void print_quoted(const char *text, const char *quote)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            fputs(quote, stdout);
        } else {
            putchar(*text);
        }
    }
}

static void print_zsh_option(const struct command *command, const struct args_option *option)
{
    (void)command;
    printf(" \\\n        '%s%s[%s]%s'", option->repeats ? "*" : "", option->name,
           option->value != NULL ? option->value : "",
           option->value == NULL                   ? ""
           : strcmp(option->name, "--client") == 0 ? ":client:(core curl)"
                                                   : ":value:_files");
}

static void print_zsh(const struct command *const *commands, size_t count)
{
    puts("#compdef wombatkv\n_wombatkv_commands() {\n    local -a commands=(");
    for (size_t i = 0; i < count; i++) {
        printf("        '%s:", commands[i]->name);
        print_quoted(commands[i]->summary, "'\\''");
        puts("'");
    }
    puts("        'help:explains a command'\n    )\n    _describe command commands\n}\n"
         "_wombatkv() {\n    if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then\n"
         "        _wombatkv_commands\n        return\n    fi\n    shift words\n"
         "    (( CURRENT-- ))\n    case $words[1] in");
    for (size_t i = 0; i < count; i++) {
        printf("    %s)\n        _arguments '*:file:_files'", commands[i]->name);
        each_option(commands[i], print_zsh_option);
        puts(" ;;");
    }
    puts("    esac\n}\ncompdef _wombatkv wombatkv");
}

static void print_fish_option(const struct command *command, const struct args_option *option)
{
    bool is_long = option->name[1] == '-';
    printf("complete -c wombatkv -n '__fish_seen_subcommand_from %s' %s %s%s", command->name,
           is_long ? "-l" : "-s", option->name + (is_long ? 2 : 1),
           option->value != NULL ? " -r" : "");
    if (option->value != NULL) {
        fputs(" -d '", stdout);
        print_quoted(option->value, "\\'");
        putchar('\'');
    }
    puts(strcmp(option->name, "--client") == 0 ? " -f -a 'core curl'" : "");
}

static void print_fish(const struct command *const *commands, size_t count)
{
    puts("# fish completion for wombatkv\n"
         "complete -c wombatkv -f -n __fish_use_subcommand -a help -d 'explains a command'");
    for (size_t i = 0; i < count; i++) {
        printf("complete -c wombatkv -f -n '__fish_use_subcommand; "
               "or __fish_seen_subcommand_from help' -a %s -d '",
               commands[i]->name);
        print_quoted(commands[i]->summary, "\\'");
        puts("'");
        each_option(commands[i], print_fish_option);
    }
}

bool manual_print_completion(const char *shell, const struct command *const *commands, size_t count)
{
    static const struct {
        const char *name;
        void (*print)(const struct command *const *commands, size_t count);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
        if (strcmp(shells[i].name, shell) == 0) {
            shells[i].print(commands, count);
            return true;
        }
    }
    return false;
}
