/* SPDX-License-Identifier: Apache-2.0 */
/* Memory, errors and texts that all commands share. */
#include "base/tool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"
#include "base/utf8.h"

static const struct command *tool_command;
static char *first_refusal;
static unsigned long refusals;

void tool_set_command(const struct command *command)
{
    tool_command = command;
}

const char *tool_status_name(wmbt_status status)
{
    return status == TOOL_UNREADABLE ? "unreadable" : wmbt_status_name(status);
}

/* --- memory ---------------------------------------------------------------------------------- */

#define CHUNK_BYTES ((size_t)1 << 16)

/* Chunks of memory, newest first; what is large has a chunk of its own. */
struct chunk {
    struct chunk *next;
    max_align_t bytes[];
};

static struct chunk *chunks;
static unsigned char *free_begin;
static size_t free_bytes;

static _Noreturn void out_of_memory(void)
{
    fprintf(stderr, "wombatkv: out of memory\n");
    exit(EXIT_REFUSED);
}

static void *new_chunk(size_t bytes)
{
    struct chunk *c = bytes > SIZE_MAX - sizeof *c ? NULL : malloc(sizeof *c + bytes);
    if (c == NULL) {
        out_of_memory();
    }
    c->next = chunks;
    chunks = c;
    return c->bytes;
}

void *tool_alloc(size_t bytes)
{
    size_t unit = sizeof(max_align_t);
    size_t need = bytes + (unit - bytes % unit) % unit;
    if (need < bytes) {
        out_of_memory();
    }
    if (need >= CHUNK_BYTES / 4) {
        return new_chunk(need);
    }
    if (need > free_bytes) {
        free_begin = new_chunk(CHUNK_BYTES);
        free_bytes = CHUNK_BYTES;
    }
    void *memory = free_begin;
    free_begin += need;
    free_bytes -= need;
    return memory;
}

struct tool_mark tool_mark(void)
{
    return (struct tool_mark){chunks, free_begin, free_bytes};
}

void tool_release_to(struct tool_mark mark)
{
    while (chunks != mark.chunk) {
        struct chunk *next = chunks->next;
        free(chunks);
        chunks = next;
    }
    free_begin = mark.free_begin;
    free_bytes = mark.free_bytes;
}

void tool_free_all(void)
{
    free(first_refusal);
    first_refusal = NULL;
    tool_release_to((struct tool_mark){NULL, NULL, 0});
}

char *tool_copy(const char *text, size_t len)
{
    char *copy = tool_alloc(len + 1);
    if (len != 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

char *tool_keep(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (copy == NULL) {
        tool_usage_error("not enough memory");
    }
    if (len != 0) {
        memcpy(copy, text, len);
    }
    copy[len] = '\0';
    return copy;
}

wmbt_view tool_view(const char *text)
{
    return wmbt_view_of(text, text != NULL ? strlen(text) : 0);
}

static char *format_text(const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) {
        out_of_memory();
    }
    char *text = tool_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, list);
    return text;
}

char *tool_format(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_text(format, list);
    va_end(list);
    return text;
}

void *tool_grow(void *array, size_t count, size_t *room, size_t element_bytes)
{
    if (count < *room) {
        return array;
    }
    size_t wanted = *room < 16 ? 16 : *room * 2;
    if (wanted > SIZE_MAX / element_bytes) {
        out_of_memory();
    }
    void *grown = realloc(array, wanted * element_bytes);
    if (grown == NULL) {
        out_of_memory();
    }
    *room = wanted;
    return grown;
}

void *tool_reserve(size_t bytes)
{
    int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *memory = mmap(NULL, bytes + (bytes == 0), PROT_READ | PROT_WRITE, kind, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void tool_release(void *memory, size_t bytes)
{
    if (memory != NULL) {
        munmap(memory, bytes + (bytes == 0));
    }
}

/* --- errors ---------------------------------------------------------------------------------- */

static void print_error(const char *text)
{
    fprintf(stderr, "wombatkv%s%s: %s\n", tool_command != NULL ? " " : "",
            tool_command != NULL ? tool_command->name : "", text);
}

void tool_usage_error(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_error(tool_printable_cstr(format_text(format, list)));
    va_end(list);
    tool_free_all();
    exit(EXIT_USAGE);
}

/* Keeps the first line for the end: in memory that no tool_release_to() gives back. */
static void note_refusal(const char *line)
{
    refusals++;
    if (first_refusal == NULL) {
        first_refusal = strdup(line);
        if (first_refusal == NULL) {
            out_of_memory();
        }
    }
}

void tool_refuse(const char *name, wmbt_status status, const char *detail)
{
    note_refusal(tool_format("%s: %s%s%s", tool_printable_cstr(name), tool_status_name(status),
                             detail != NULL ? ": " : "",
                             detail != NULL ? tool_printable_cstr(detail) : ""));
}

void tool_refuse_output(const char *name, const char *why)
{
    note_refusal(tool_format("%s: %s", tool_printable_cstr(name), tool_printable_cstr(why)));
}

bool tool_report_refusals(void)
{
    if (refusals == 0) {
        return false;
    }
    print_error(refusals == 1 ? first_refusal
                              : tool_format("%s (and %lu more)", first_refusal, refusals - 1));
    return true;
}

/* --- texts ----------------------------------------------------------------------------------- */

const char *tool_printable(const char *text, size_t len)
{
    char *out = tool_alloc(len * 4 + 1);
    size_t o = 0;
    for (size_t i = 0; i < len;) {
        size_t step = utf8_character(text + i, len - i);
        bool shown = step != 0 && !utf8_is_invisible(utf8_code_point(text + i, step));
        size_t end = i + (step != 0 ? step : 1);
        for (; i < end; i++) {
            int bytes = shown ? 1 : 4;
            snprintf(out + o, 5, shown ? "%c" : "\\x%02x", (unsigned char)text[i]);
            o += (size_t)bytes;
        }
    }
    out[o] = '\0';
    return out;
}

const char *tool_printable_cstr(const char *text)
{
    return tool_printable(text, strlen(text));
}
