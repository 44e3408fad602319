/* SPDX-License-Identifier: Apache-2.0 */
/* What people see: aligned tables, colours and a progress bar on a terminal, sizes in units. */
#ifndef INSPECT_OUT_H
#define INSPECT_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "wombatkv/status.h"

#define TABLE_MAX_COLUMNS 16u

/* Rows of cells. Cells must live until the table is printed. */
struct table {
    unsigned columns;
    uint32_t right; /* bit i: column i is aligned to the right */
    size_t width[TABLE_MAX_COLUMNS];
    const char **cell;
    size_t cells;
    size_t room;
};

/* Starts a table with its headings (`columns` of them), or without if the first is NULL. */
void table_begin(struct table *table, unsigned columns, uint32_t right, const char *const *heading);

/* Adds the next cell, row by row. */
void table_cell(struct table *table, const char *text);

/* Prints the table on standard output, each line behind `indent` blanks, and ends it. */
void table_print(struct table *table, unsigned indent);

/* For a table that is too long to be kept, between table_begin() and table_end(): first all rows
 * are measured, then they are printed, each behind `indent` blanks. table_begin()'s heading is not
 * among them. */
void table_measure(struct table *table, const char *const *row);
void table_print_row(const struct table *table, const char *const *row, unsigned indent);
void table_end(struct table *table);

/* True if standard output may be coloured: a terminal, and neither NO_COLOR nor TERM=dumb. */
bool out_has_colour(void);

/* A status's name, green, yellow (missing, does-not-fit) or red where colours are allowed. */
const char *out_status(const char *name);

/* Bold where colours are allowed. */
const char *out_bold(const char *text);

/* "1,761,728 B" is "1.68 MiB"; below 1,024 the bytes. */
const char *out_size(uint64_t bytes);

/* "1 block", "2 blocks". */
const char *out_count(uint64_t count, const char *one, const char *many);

/*
 * A bar on standard error while `done` goes to `total` (0: not known, `done` alone is shown), if
 * that is a terminal and the work has taken more than a second; no more than ten times a second.
 * out_progress_end() wipes it.
 */
bool out_shows_progress(void);
void out_progress(const char *what, uint64_t done, uint64_t total);
void out_progress_end(void);

#endif
