/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of golden files, computed by the library. Nothing here needs libc, so the tests run the same
 * code on boards; the tool's command prints what it says. A kind of file is a function that reads
 * cells by their columns' names and says what it computed for others:
 *
 *     kit_expect(k, "hashes", text);      the cell of that column must be this text
 *
 * Memory is an arena of the caller's, given back with each row but for what a script of rows keeps.
 */
#ifndef INSPECT_CONFORMANCE_KIT_H
#define INSPECT_CONFORMANCE_KIT_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#define KIT_MAX_COLUMNS 24u

/* What became of a row. */
enum kit_outcome {
    KIT_AGREES,
    KIT_DIFFERS,   /* column, expected, got */
    KIT_NOT_RUN,   /* why: the library does not compute such a row */
    KIT_BAD_TABLE, /* why: a cell that is not what its column holds */
    KIT_NO_MEMORY  /* the arena is too small */
};

struct kit {
    wmbt_buf arena;
    size_t used;
    size_t kept; /* of it, for the rows of a script */
    void *state; /* of the script; NULL: none */
    uint64_t script;
    uint32_t cuts; /* tokens are given in pieces: a cut after token i if bit i mod 32 is set */
    wmbt_view columns[KIT_MAX_COLUMNS];
    wmbt_view cells[KIT_MAX_COLUMNS];
    uint32_t count; /* of columns */
    enum kit_outcome outcome;
    const char *why;
    const char *column;
    wmbt_view expected;
    wmbt_view got;
    wmbt_view text; /* that is being built */
};

struct kit_kind {
    const char *name;    /* the file's name without ".tsv" */
    const char *columns; /* those that it reads, separated by blanks */
    void (*run)(struct kit *k);
};

/* All kinds; ends with a NULL name. */
extern const struct kit_kind kit_kinds[];

/* --- files ------------------------------------------------------------------------------------ */

/* A file that is being read. */
struct kit_file {
    wmbt_view rest;
    wmbt_view title; /* of a first line "# NAME.tsv", empty if there is none */
    const struct kit_kind *kind;
};

/*
 * Finds out the kind: by the first line, else by the file's name, else by the columns if only one
 * kind has them. False: *why.
 */
bool kit_open(struct kit *k, struct kit_file *file, wmbt_view bytes, wmbt_view name,
              const char **why);

/* Reads the next row into k->cells; false at the end. A row with too few or too many cells has the
 * outcome bad-table at once. */
bool kit_next(struct kit *k, struct kit_file *file);

/* Runs the row. */
void kit_run(struct kit *k, const struct kit_file *file);

/* --- for the kinds ---------------------------------------------------------------------------- */

/* Fails the row; a later failure does not replace an earlier one. */
void kit_fail(struct kit *k, enum kit_outcome outcome, const char *why);
bool kit_is(wmbt_view v, const char *text);

void *kit_alloc(struct kit *k, size_t bytes); /* zeroed, aligned to 16; NULL: no memory */

/* Cells. On a cell that is no such thing the row fails and the result is 0 or empty. */
wmbt_view kit_cell(struct kit *k, const char *column);
bool kit_cell_is(struct kit *k, const char *column, const char *text);
bool kit_has_column(const struct kit *k, const char *column);
uint64_t kit_number(struct kit *k, wmbt_view v);
uint64_t kit_cell_number(struct kit *k, const char *column);
wmbt_view kit_bytes(struct kit *k, wmbt_view v); /* hex, "-", rep:BB:N; data is not NULL */
/* n bytes of hex; another number of them fails the row: `why`. */
void kit_read_bytes(struct kit *k, wmbt_view hex, uint8_t *out, size_t n, const char *why);
/* As kit_bytes(), but {NULL, 0} for "none". */
wmbt_view kit_cell_bytes(struct kit *k, const char *column);
/* The part before the next mark, and what is behind it; data is NULL behind the last one. */
wmbt_view kit_part(wmbt_view *rest, char mark);
uint32_t kit_parts(wmbt_view list, char mark); /* 0 for "empty" and "none" */
/* The next element of a list; false behind the last one. */
bool kit_element(wmbt_view *rest, wmbt_view *element);

struct kit_tokens {
    uint32_t *token; /* wide: two each, the low half first */
    size_t count;
    bool wide;
};
struct kit_tokens kit_cell_tokens(struct kit *k, const char *column);

/* Texts that are built: nothing else is allocated between begin and end. */
void kit_text_begin(struct kit *k);
void kit_put(struct kit *k, const char *text);
void kit_put_view(struct kit *k, wmbt_view v);
void kit_put_hex(struct kit *k, const uint8_t *p, size_t n);
void kit_put_number(struct kit *k, uint64_t v);
wmbt_view kit_text_end(struct kit *k);
/* Lists: a comma before all elements but the first, bytes as a cell has them; "empty" at the end if
 * nothing was put. */
void kit_comma(struct kit *k);
void kit_put_bytes(struct kit *k, wmbt_view v);
/* Some of them, with colons between. */
void kit_put_parts(struct kit *k, const wmbt_view *parts, size_t count);
wmbt_view kit_list_end(struct kit *k);

void kit_expect(struct kit *k, const char *column, wmbt_view got);
/* The list that was built while a walk said ok; where it did not stop with end, its status. */
void kit_expect_walked(struct kit *k, const char *column, wmbt_status stopped);
void kit_expect_text(struct kit *k, const char *column, const char *got);
void kit_expect_number(struct kit *k, const char *column, uint64_t got);
void kit_expect_hex(struct kit *k, const char *column, wmbt_view got); /* "-" if empty */

/* A word for each status, the last one NULL; a status without a word is shown by its name. */
struct kit_word {
    const char *word;
    wmbt_status status;
};
const char *kit_word_of(const struct kit_word *words, wmbt_status status);
void kit_expect_word(struct kit *k, const char *column, const struct kit_word *words,
                     wmbt_status status);

/*
 * Scripts: rows with the same number work on one state. A row asks kit_script() before anything
 * else: true at the first row of a script, which then builds the state and hands it to kit_keep().
 * All that is allocated by then stays until the next script.
 */
bool kit_script(struct kit *k, const char *column);
void kit_keep(struct kit *k, void *state);

#endif
