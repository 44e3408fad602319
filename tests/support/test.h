/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test bodies without libc: the same functions run under cmocka on the host and in the bare-metal
 * runner. A body gets scratch memory and named data from its runner and reports through it.
 *
 *     static void test_empty(wmbt_test *t)
 *     {
 *         T_CHECK(t, wmbt_crc32c(...) == 0);
 *     }
 *     static const wmbt_case cases[] = {
 *         {"empty input", test_empty, 0, NULL},
 *     };
 *     WMBT_SUITE(crc32c, cases);
 */
#ifndef WMBT_TESTS_TEST_H
#define WMBT_TESTS_TEST_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#include "common.h"

typedef struct wmbt_test wmbt_test;

/* One test. */
typedef struct wmbt_case {
    const char *name;
    void (*run)(wmbt_test *t);
    uint32_t
        arena_bytes;  /* scratch memory it needs; a runner that has less must say that it skips */
    const char *data; /* NULL, or the names of the data files it reads, separated by blanks; with a
                         "/" at its end, of a folder whose files it reads; with "/" and two stars,
                         those of the folders in it too */
} wmbt_case;

typedef struct wmbt_suite {
    const char *name;
    const wmbt_case *cases;
    size_t count;
} wmbt_suite;

/* Emulated machines are slow: bodies that try very many things try fewer there. */
#if __STDC_HOSTED__ && !defined(WMBT_TEST_EMULATED)
#    define T_MANY(hosted, on_a_board) (hosted)
#else
#    define T_MANY(hosted, on_a_board) (on_a_board)
#endif

#define WMBT_SUITE(name, cases)                \
    extern const wmbt_suite wmbt_suite_##name; \
    const wmbt_suite wmbt_suite_##name = {#name, (cases), sizeof(cases) / sizeof((cases)[0])}

struct wmbt_test {
    bool failed;
    const char *file;
    int line;
    const char *what;  /* text of the failed check */
    const char *where; /* what was looked at: a row's name, ... or NULL; not NUL-terminated */
    size_t where_len;
    uint64_t got, want;  /* of the last T_EQ that failed */
    const char *not_run; /* why this machine cannot run the case, or NULL */
    wmbt_buf arena;      /* all scratch memory, aligned to 64 */
    size_t arena_used;
    bool (*find)(const char *name, wmbt_view *out); /* named data; false if there is none */
};

/* Where AddressSanitizer looks on, it is told that so many bytes around each piece of scratch
 * memory are nobody's. A runner with it gives every case that much more. */
#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define WMBT_TEST_WATCHED 1
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(WMBT_TEST_WATCHED)
#    define WMBT_TEST_WATCHED 1
#endif
#ifdef WMBT_TEST_WATCHED
#    define WMBT_TEST_GAP 64u
#    define WMBT_TEST_ARENA(bytes) ((size_t)(bytes) * 2u + ((size_t)4 << 20))
#else
#    define WMBT_TEST_GAP 0u
#    define WMBT_TEST_ARENA(bytes) ((size_t)(bytes))
#endif

/* Scratch memory, aligned to 64, zeroed; fails the test (and returns NULL) if there is not enough.
 */
uint8_t *wmbt_test_alloc(wmbt_test *t, size_t bytes);

/* Gives back all scratch memory. Runners do so at a case's end. */
void wmbt_test_reset(wmbt_test *t);

/* A data file below tests/ ("golden/vectors/cabi.tsv", "vectors/x.tsv"); fails the test if missing.
 */
bool wmbt_test_data(wmbt_test *t, const char *name, wmbt_view *out);

/* Names what is looked at, for the report of a failure: a row's name, a seed. `text` must stay. */
void wmbt_test_where(wmbt_test *t, wmbt_view text);

void wmbt_test_fail(wmbt_test *t, const char *file, int line, const char *what);

/* A check that fails ends the function it stands in. */
#define T_CHECK(t, condition)                                    \
    do {                                                         \
        if (!(condition)) {                                      \
            wmbt_test_fail((t), __FILE__, __LINE__, #condition); \
            return;                                              \
        }                                                        \
    } while (0)

/* Ends a case that this machine cannot run: it lacks an instruction set, or a permission. Such a
 * case is reported by name, never counted as passed, and has to be pinned (tests/pins.tsv). */
#define T_NOT_RUN(t, why)     \
    do {                      \
        (t)->not_run = (why); \
        return;               \
    } while (0)

/* Unsigned numbers, statuses and booleans. */
#define T_EQ(t, got_, want_)                                              \
    do {                                                                  \
        uint64_t t_got = (uint64_t)(got_);                                \
        uint64_t t_want = (uint64_t)(want_);                              \
        if (t_got != t_want) {                                            \
            (t)->got = t_got;                                             \
            (t)->want = t_want;                                           \
            wmbt_test_fail((t), __FILE__, __LINE__, #got_ " == " #want_); \
            return;                                                       \
        }                                                                 \
    } while (0)

/* Calls a helper that may fail the test, and ends this function if it did. */
#define T_CALL(t, call)    \
    do {                   \
        call;              \
        if ((t)->failed) { \
            return;        \
        }                  \
    } while (0)

/* A check that fails and goes on, for functions that return something. */
#define T_ALSO(t, condition, what_)                           \
    do {                                                      \
        if (!(condition)) {                                   \
            wmbt_test_fail((t), __FILE__, __LINE__, (what_)); \
        }                                                     \
    } while (0)

#define T_BYTES(t, a, b, n) T_CHECK((t), wmbt_test_same((a), (b), (n)))

bool wmbt_test_view_is(wmbt_view v, const char *text); /* equal to a NUL-terminated text */
wmbt_view wmbt_test_text(const char *text);            /* a view of a NUL-terminated text */

/* What outputs hold before a call, and still hold after an error: n bytes of the pattern. */
#define WMBT_TEST_PATTERN 0xEEu
void wmbt_test_fill(void *p, size_t n);
bool wmbt_test_is_filled(const void *p, size_t n);

void wmbt_test_copy(uint8_t *to, const uint8_t *from, size_t n);

/* Little-endian numbers. */
uint32_t wmbt_test_load32(const uint8_t *p);
void wmbt_test_store32(uint8_t *p, uint32_t v);

/* FNV-1a of 32 bits by its definition: independent of the library. */
uint32_t wmbt_test_fnv1a(const uint8_t *p, size_t n);

/* --- golden tables ---------------------------------------------------------------------------- */

/* Rows of a table: tab-separated cells, lines that begin with '#' passed over. */
typedef struct wmbt_table {
    wmbt_view rest;
    uint32_t row;       /* rows read so far */
    uint32_t columns;   /* number of columns of the header line */
    wmbt_view header;   /* the line of column names, without "#columns:\t" or as the first line */
    wmbt_view promised; /* N of a line "# rows: N" above the header; data NULL if there is none */
} wmbt_table;

#define WMBT_TABLE_MAX_COLUMNS 32u

/* Starts a table whose header is "#columns:\t..." ; `first_line_is_header` for plain TSV files. */
void wmbt_table_open(wmbt_table *table, wmbt_view text, bool first_line_is_header);

/* The next row; false at the end. A row with another number of cells than the header fails the
 * test, and so does an end after another number of rows than a "# rows:" line promised. */
bool wmbt_table_next(wmbt_test *t, wmbt_table *table, wmbt_view cells[WMBT_TABLE_MAX_COLUMNS]);

/* The index of a column; fails the test if there is none of that name. */
uint32_t wmbt_table_column(wmbt_test *t, const wmbt_table *table, const char *name);

/* A decimal cell. */
uint64_t wmbt_cell_u64(wmbt_test *t, wmbt_view cell);

/* A cell of hex digits ("-" is empty) into fresh scratch memory. Also understands rep:BB:N, and
 * the generated bytes xs:S:N, lo:S:N, wd:S:N of golden/vectors/node_wbz1.tsv. */
wmbt_view wmbt_cell_bytes(wmbt_test *t, wmbt_view cell);

/* Splits `list` at the first `separator`: the part before it is returned, the rest stays in *list;
 * at the end *list has data NULL. Start with *list = the cell. */
wmbt_view wmbt_cell_part(wmbt_view *list, char separator);

/* What follows `name` in the line of a request that begins so; data NULL if there is none. */
wmbt_view wmbt_test_line_of(wmbt_view request, const char *name);

/* What the words of a column of outcomes mean. */
typedef struct wmbt_word {
    const char *word;
    wmbt_status status;
} wmbt_word;

/* The status that a cell stands for; fails the test if it is none of the words. */
wmbt_status wmbt_cell_status(wmbt_test *t, wmbt_view cell, const wmbt_word *words, size_t count);

#endif
