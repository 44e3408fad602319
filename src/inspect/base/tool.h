/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of the tool shares: memory, errors, exit statuses, the table of commands. */
#ifndef INSPECT_TOOL_H
#define INSPECT_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wombatkv/status.h"

/* Exit statuses. */
#define EXIT_DONE 0    /* done, nothing wrong */
#define EXIT_REFUSED 1 /* a named file is missing, unreadable, malformed, damaged or refused */
#define EXIT_USAGE 2   /* usage, bad arguments, a bad identity file */

/* A status of the tool's own, outside of the library's bands (wmbt_reader_fail() takes it): there,
 * but it cannot be read. */
#define TOOL_UNREADABLE 255

/* The name of a library status or of TOOL_UNREADABLE. */
const char *tool_status_name(wmbt_status status);

struct args;

/* A command. `run` prints its answer and returns an exit status. */
struct command {
    const char *name;
    const char *summary; /* one line of the list of commands */
    const char *usage;   /* what follows "wombatkv NAME" */
    const char *help;    /* text, options included */
    const char *example;
    const struct args_option *options; /* ends with a NULL name */
    bool reads_stores;                 /* s3://..., and the options of net/store.h */
    int (*run)(const struct args *args);
};

extern const struct command command_chain, command_check, command_conformance, command_identity,
    command_index, command_key, command_replay, command_resolve, command_restore, command_reuse,
    command_show, command_sign, command_unwrap, command_verify, command_wal;

/* Memory that lives until the process ends. Never NULL: out of memory ends the process. */
void *tool_alloc(size_t bytes);
/* A copy with a NUL behind it. */
char *tool_copy(const char *text, size_t len);
/* printf into such memory. */
char *tool_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* tool_copy() into memory that the caller frees. */
char *tool_keep(const char *text, size_t len);
/* A text as a view; NULL is none. */
wmbt_view tool_view(const char *text);
/* Frees all memory of tool_alloc(). */
void tool_free_all(void);

/* All memory of tool_alloc() since a mark, given back at once. Marks nest. */
struct tool_mark {
    void *chunk;
    unsigned char *free_begin;
    size_t free_bytes;
};
struct tool_mark tool_mark(void);
void tool_release_to(struct tool_mark mark);

/* Memory, zeroed, that costs only what is used of it: a claim is cheap to make. NULL: there is
 * none. */
void *tool_reserve(size_t bytes);
void tool_release(void *memory, size_t bytes);

/* Grows an array on the heap so that one more element fits. */
void *tool_grow(void *array, size_t count, size_t *room, size_t element_bytes);

/* Prints one line on standard error and ends the process with EXIT_USAGE. */
_Noreturn void tool_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Notes that something named on the command line was refused. The first one becomes the one line on
 * standard error, with a count of the others; the exit status becomes EXIT_REFUSED.
 */
void tool_refuse(const char *name, wmbt_status status, const char *detail);

/* The same of an output that cannot be written. */
void tool_refuse_output(const char *name, const char *why);

/* The text with characters that a terminal would obey or hide (utf8_is_invisible()) and broken
 * UTF-8 made visible, byte by byte: it stays on its line. */
const char *tool_printable(const char *text, size_t len);
const char *tool_printable_cstr(const char *text);

#endif
