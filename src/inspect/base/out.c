/* SPDX-License-Identifier: Apache-2.0 */
/* Tables, colours, sizes, progress. */
#include "base/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/tool.h"
#include "base/utf8.h"

/* --- colours --------------------------------------------------------------------------------- */

#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define RED "\x1b[31m"
#define BOLD "\x1b[1m"
#define RESET "\x1b[0m"

static bool is_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) == 1 && term != NULL && strcmp(term, "dumb") != 0;
}

bool out_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return is_terminal(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
}

static const char *coloured(const char *colour, const char *text)
{
    return out_has_colour() ? tool_format("%s%s" RESET, colour, text) : text;
}

const char *out_status(const char *name)
{
    if (strcmp(name, "ok") == 0 || strcmp(name, "reuse") == 0) {
        return coloured(GREEN, name);
    }
    bool mild = strcmp(name, "missing") == 0 || strcmp(name, "does-not-fit") == 0;
    return coloured(mild ? YELLOW : RED, name);
}

const char *out_bold(const char *text)
{
    return coloured(BOLD, text);
}

const char *out_size(uint64_t bytes)
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned u = 0;
    double size = (double)bytes;
    while (size >= 1024.0 && u < 6) {
        size /= 1024.0;
        u++;
    }
    if (u == 0) {
        return tool_format("%llu B", (unsigned long long)bytes);
    }
    return tool_format("%.*f %s", size < 10.0 ? 2 : size < 100.0 ? 1 : 0, size, unit[u]);
}

const char *out_count(uint64_t count, const char *one, const char *many)
{
    return tool_format("%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

/* --- tables ---------------------------------------------------------------------------------- */

/* Columns that a cell takes on the screen: colours take none. */
static size_t width_of(const char *text)
{
    size_t width = utf8_columns(text);
    for (const char *escape = strchr(text, '\x1b'); escape != NULL;
         escape = strchr(escape + 1, '\x1b')) {
        width -= strcspn(escape, "m") + 1;
    }
    return width;
}

void table_begin(struct table *table, unsigned columns, uint32_t right, const char *const *heading)
{
    memset(table, 0, sizeof *table);
    table->columns = columns;
    table->right = right;
    for (unsigned i = 0; heading != NULL && i < columns; i++) {
        table_cell(table, out_bold(heading[i]));
    }
}

void table_cell(struct table *table, const char *text)
{
    table->cell = tool_grow(table->cell, table->cells, &table->room, sizeof *table->cell);
    table->cell[table->cells++] = text;
}

void table_measure(struct table *table, const char *const *row)
{
    for (unsigned i = 0; i < table->columns; i++) {
        size_t width = width_of(row[i]);
        table->width[i] = width > table->width[i] ? width : table->width[i];
    }
}

void table_print_row(const struct table *table, const char *const *row, unsigned indent)
{
    int blanks = (int)indent; /* before the next text; none at the end of a line */
    for (unsigned i = 0; i < table->columns; i++) {
        bool right = (table->right >> i & 1u) != 0;
        int padding = (int)(table->width[i] - width_of(row[i]));
        blanks += (i == 0 ? 0 : 2) + (right ? padding : 0);
        if (row[i][0] != '\0') {
            printf("%*s%s", blanks, "", row[i]);
            blanks = 0;
        }
        blanks += right ? 0 : padding;
    }
    putchar('\n');
}

void table_end(struct table *table)
{
    free(table->cell);
    table->cell = NULL;
}

void table_print(struct table *table, unsigned indent)
{
    for (size_t i = 0; i + table->columns <= table->cells; i += table->columns) {
        table_measure(table, table->cell + i);
    }
    for (size_t i = 0; i + table->columns <= table->cells; i += table->columns) {
        table_print_row(table, table->cell + i, indent);
    }
    table_end(table);
}

/* --- progress -------------------------------------------------------------------------------- */

#define BAR_COLUMNS 30

static bool bar_shown;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool out_shows_progress(void)
{
    static int terminal = -1;
    if (terminal < 0) {
        terminal = is_terminal(STDERR_FILENO);
    }
    return terminal != 0;
}

void out_progress(const char *what, uint64_t done, uint64_t total)
{
    static double start, last;
    double t = now();
    start = start != 0.0 ? start : t;
    if (!out_shows_progress() || (total == 0 && done == 0)) {
        return;
    }
    if (t - start < 1.0 || t - last < 0.1) {
        return;
    }
    last = t;
    bar_shown = true;
    if (total == 0) {
        fprintf(stderr, "\r%s %llu", what, (unsigned long long)done);
        fflush(stderr);
        return;
    }
    double part = (double)done / (double)total;
    int full = (int)(part * BAR_COLUMNS);
    fprintf(stderr, "\r%s [%.*s%*s] %3d %%", what, full, "##############################",
            BAR_COLUMNS - full, "", (int)(part * 100.0));
    fflush(stderr);
}

void out_progress_end(void)
{
    if (bar_shown) {
        fputs("\r\x1b[K", stderr);
        bar_shown = false;
    }
}
