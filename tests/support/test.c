/* SPDX-License-Identifier: Apache-2.0 */
/* What test bodies share. No libc, and nothing of the library under test: it must not vouch for
 * itself. */
#include "test.h"

#ifdef WMBT_TEST_WATCHED
#    include <sanitizer/asan_interface.h>

/* n bytes at `at` may be touched, those of the gaps before and behind them may not. */
static void watch(const wmbt_test *t, size_t at, size_t n)
{
    ASAN_POISON_MEMORY_REGION(t->arena.data + at - WMBT_TEST_GAP, WMBT_TEST_GAP);
    ASAN_UNPOISON_MEMORY_REGION(t->arena.data + at, n);
    ASAN_POISON_MEMORY_REGION(t->arena.data + at + n, WMBT_TEST_GAP);
}

static void watch_no_more(const wmbt_test *t)
{
    ASAN_UNPOISON_MEMORY_REGION(t->arena.data, t->arena.len);
}
#else
static void watch(const wmbt_test *t, size_t at, size_t n)
{
    (void)t;
    (void)at;
    (void)n;
}

static void watch_no_more(const wmbt_test *t)
{
    (void)t;
}
#endif

uint8_t *wmbt_test_alloc(wmbt_test *t, size_t bytes)
{
    size_t at = (t->arena_used + WMBT_TEST_GAP + 63u) & ~(size_t)63u;
    if (at + WMBT_TEST_GAP > t->arena.len || bytes > t->arena.len - at - WMBT_TEST_GAP) {
        wmbt_test_fail(t, __FILE__, __LINE__, "scratch memory is large enough");
        return NULL;
    }
    watch(t, at, bytes);
    t->arena_used = at + bytes;
    /* By words, which emulators are quicker with. The part begins aligned. */
    uintptr_t *words = (uintptr_t *)(void *)(t->arena.data + at);
    size_t count = bytes / sizeof *words;
    for (size_t i = 0; i < count; i++) {
        words[i] = 0;
    }
    for (size_t i = count * sizeof *words; i < bytes; i++) {
        t->arena.data[at + i] = 0;
    }
    return t->arena.data + at;
}

void wmbt_test_reset(wmbt_test *t)
{
    t->arena_used = 0;
    watch_no_more(t);
}

bool wmbt_test_data(wmbt_test *t, const char *name, wmbt_view *out)
{
    if (t->find == NULL || !t->find(name, out)) {
        wmbt_test_where(t, wmbt_test_text(name));
        wmbt_test_fail(t, __FILE__, __LINE__, "the data file is there");
        return false;
    }
    return true;
}

void wmbt_test_where(wmbt_test *t, wmbt_view text)
{
    if (!t->failed) {
        t->where = (const char *)text.data;
        t->where_len = text.len;
    }
}

void wmbt_test_fail(wmbt_test *t, const char *file, int line, const char *what)
{
    if (!t->failed) { /* the first failure is the cause */
        t->failed = true;
        t->file = file;
        t->line = line;
        t->what = what;
    }
}

void wmbt_test_fill(void *p, size_t n)
{
    uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        b[i] = WMBT_TEST_PATTERN;
    }
}

bool wmbt_test_is_filled(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        if (b[i] != WMBT_TEST_PATTERN) {
            return false;
        }
    }
    return true;
}

void wmbt_test_copy(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = from[i];
    }
}

uint32_t wmbt_test_load32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void wmbt_test_store32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

uint32_t wmbt_test_fnv1a(const uint8_t *p, size_t n)
{
    uint32_t h = 0x811C9DC5u;
    for (size_t i = 0; i < n; i++) {
        h ^= p[i];
        h *= 16777619u;
    }
    return h;
}

wmbt_view wmbt_test_text(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    return wmbt_view_of(text, n);
}

bool wmbt_test_view_is(wmbt_view v, const char *text)
{
    wmbt_view want = wmbt_test_text(text);
    return v.len == want.len && wmbt_test_same(v.data, want.data, v.len);
}

/* Takes one line off the text, without its LF. */
static wmbt_view take_line(wmbt_view *text)
{
    return wmbt_cell_part(text, '\n');
}

wmbt_view wmbt_cell_part(wmbt_view *list, char separator)
{
    for (size_t i = 0; i < list->len; i++) {
        if (list->data[i] == (uint8_t)separator) {
            wmbt_view part = wmbt_view_of(list->data, i);
            *list = wmbt_view_of(list->data + i + 1u, list->len - i - 1u);
            return part;
        }
    }
    wmbt_view part = *list;
    *list = wmbt_view_of(NULL, 0);
    return part;
}

wmbt_view wmbt_test_line_of(wmbt_view request, const char *name)
{
    wmbt_view rest = request, want = wmbt_test_text(name);
    while (rest.data != NULL) {
        wmbt_view text = wmbt_cell_part(&rest, '\n');
        if (text.len > want.len && wmbt_test_same(text.data, want.data, want.len)) {
            return wmbt_view_of(text.data + want.len, text.len - want.len - 1u);
        }
    }
    return wmbt_view_of(NULL, 0);
}

static bool starts_with(wmbt_view v, const char *text)
{
    wmbt_view want = wmbt_test_text(text);
    return v.len >= want.len && wmbt_test_same(v.data, want.data, want.len);
}

static uint32_t count_cells(wmbt_view line)
{
    uint32_t n = 0;
    while (line.data != NULL) {
        (void)wmbt_cell_part(&line, '\t');
        n++;
    }
    return n;
}

void wmbt_table_open(wmbt_table *table, wmbt_view text, bool first_line_is_header)
{
    static const char mark[] = "#columns:\t";
    static const char rows[] = "# rows: ";
    table->rest = text;
    table->row = 0;
    table->columns = 0;
    table->header = wmbt_view_of(NULL, 0);
    table->promised = wmbt_view_of(NULL, 0);
    while (table->rest.data != NULL) {
        wmbt_view line = take_line(&table->rest);
        if (first_line_is_header) {
            table->header = line;
            break;
        }
        if (starts_with(line, rows)) {
            table->promised =
                wmbt_view_of(line.data + sizeof rows - 1u, line.len - (sizeof rows - 1u));
        }
        if (starts_with(line, mark)) {
            table->header =
                wmbt_view_of(line.data + sizeof mark - 1u, line.len - (sizeof mark - 1u));
            break;
        }
    }
    if (table->header.data != NULL) {
        table->columns = count_cells(table->header);
    }
}

bool wmbt_table_next(wmbt_test *t, wmbt_table *table, wmbt_view cells[WMBT_TABLE_MAX_COLUMNS])
{
    if (table->columns == 0u || table->columns > WMBT_TABLE_MAX_COLUMNS) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the table has a header");
        return false;
    }
    while (table->rest.data != NULL && !t->failed) {
        wmbt_view line = take_line(&table->rest);
        if (line.len == 0u || line.data[0] == (uint8_t)'#') {
            continue;
        }
        uint32_t n = 0;
        while (line.data != NULL && n < WMBT_TABLE_MAX_COLUMNS) {
            cells[n++] = wmbt_cell_part(&line, '\t');
        }
        wmbt_test_where(t, cells[0]);
        if (line.data != NULL || n != table->columns) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a row has as many cells as the header");
            return false;
        }
        table->row++;
        return true;
    }
    if (!t->failed && table->promised.data != NULL &&
        wmbt_cell_u64(t, table->promised) != table->row) {
        t->got = table->row;
        wmbt_test_fail(t, __FILE__, __LINE__, "the table has as many rows as it says");
    }
    return false;
}

uint32_t wmbt_table_column(wmbt_test *t, const wmbt_table *table, const char *name)
{
    wmbt_view header = table->header;
    for (uint32_t i = 0; header.data != NULL; i++) {
        if (wmbt_test_view_is(wmbt_cell_part(&header, '\t'), name)) {
            return i;
        }
    }
    wmbt_test_where(t, wmbt_test_text(name));
    wmbt_test_fail(t, __FILE__, __LINE__, "the column is there");
    return 0;
}

uint64_t wmbt_cell_u64(wmbt_test *t, wmbt_view cell)
{
    uint64_t v = 0;
    if (cell.len == 0u || cell.len > 20u) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a cell is a number");
        return 0;
    }
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.data[i] < (uint8_t)'0' || cell.data[i] > (uint8_t)'9') {
            wmbt_test_fail(t, __FILE__, __LINE__, "a cell is a number");
            return 0;
        }
        v = v * 10u + (uint64_t)(cell.data[i] - '0');
    }
    return v;
}

wmbt_status wmbt_cell_status(wmbt_test *t, wmbt_view cell, const wmbt_word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (wmbt_test_view_is(cell, words[i].word)) {
            return words[i].status;
        }
    }
    wmbt_test_fail(t, __FILE__, __LINE__, "the outcome is known");
    return WMBT_OK;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* rep:BB:N */
static wmbt_view repeated_bytes(wmbt_test *t, wmbt_view cell)
{
    wmbt_view rest = cell;
    (void)wmbt_cell_part(&rest, ':');
    wmbt_view byte = wmbt_cell_part(&rest, ':');
    size_t n = (size_t)wmbt_cell_u64(t, rest);
    uint8_t *out = wmbt_test_alloc(t, n);
    if (out == NULL || byte.len != 2u) {
        wmbt_test_fail(t, __FILE__, __LINE__, "a cell is rep:BB:N");
        return wmbt_view_of(NULL, 0);
    }
    uint8_t value = (uint8_t)(hex_digit(byte.data[0]) * 16 + hex_digit(byte.data[1]));
    for (size_t i = 0; i < n; i++) {
        out[i] = value;
    }
    return wmbt_view_of(out, n);
}

/* xs:S:N, lo:S:N, wd:S:N, as golden/vectors/node_wbz1.tsv defines them. */
static wmbt_view generated_bytes(wmbt_test *t, wmbt_view cell)
{
    static const char *const words[] = {"wombat ", "kv ", "block ",  "0000",
                                        "cache ",  "\n",  "prefix-", "hash="};
    wmbt_view rest = cell;
    (void)wmbt_cell_part(&rest, ':');
    uint32_t state = (uint32_t)wmbt_cell_u64(t, wmbt_cell_part(&rest, ':'));
    size_t n = (size_t)wmbt_cell_u64(t, rest);
    uint8_t *out = wmbt_test_alloc(t, n);
    for (size_t i = 0; out != NULL && i < n;) {
        uint32_t x = wmbt_test_random(&state);
        if (cell.data[0] == (uint8_t)'x') {
            out[i++] = (uint8_t)(x >> 24);
        } else if (cell.data[0] == (uint8_t)'l') {
            out[i++] = (uint8_t)('a' + (int)(x >> 29));
        } else {
            for (const char *w = words[x >> 29]; *w != 0 && i < n; w++) {
                out[i++] = (uint8_t)*w;
            }
        }
    }
    return wmbt_view_of(out, out == NULL ? 0u : n);
}

wmbt_view wmbt_cell_bytes(wmbt_test *t, wmbt_view cell)
{
    if (wmbt_test_view_is(cell, "-")) {
        return wmbt_view_of(NULL, 0);
    }
    if (starts_with(cell, "rep:")) {
        return repeated_bytes(t, cell);
    }
    if (starts_with(cell, "xs:") || starts_with(cell, "lo:") || starts_with(cell, "wd:")) {
        return generated_bytes(t, cell);
    }
    size_t n = cell.len / 2u;
    uint8_t *out = wmbt_test_alloc(t, n);
    if (out == NULL) {
        return wmbt_view_of(NULL, 0);
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(cell.data[2u * i]);
        int low = hex_digit(cell.data[2u * i + 1u]);
        if (high < 0 || low < 0 || (cell.len & 1u) != 0u) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a cell is hex");
            return wmbt_view_of(NULL, 0);
        }
        out[i] = (uint8_t)(high * 16 + low);
    }
    return wmbt_view_of(out, n);
}
