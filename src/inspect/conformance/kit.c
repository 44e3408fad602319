/* SPDX-License-Identifier: Apache-2.0 */
/* Golden files, and the cells of their rows. */
#include "conformance/kit.h"

/* --- small things ----------------------------------------------------------------------------- */

void kit_fail(struct kit *k, enum kit_outcome outcome, const char *why)
{
    if (k->outcome == KIT_AGREES) {
        k->outcome = outcome;
        k->why = why;
    }
}

static bool same(wmbt_view a, wmbt_view b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (a.data[i] != b.data[i]) {
            return false;
        }
    }
    return true;
}

static wmbt_view view_of_text(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    return wmbt_view_of(text, n);
}

bool kit_is(wmbt_view v, const char *text)
{
    return same(v, view_of_text(text));
}

static bool begins(wmbt_view v, const char *text)
{
    wmbt_view t = view_of_text(text);
    return v.len >= t.len && same(wmbt_view_of(v.data, t.len), t);
}

static wmbt_view after(wmbt_view v, size_t n)
{
    return wmbt_view_of(v.data + n, v.len - n);
}

void *kit_alloc(struct kit *k, size_t bytes)
{
    size_t at = (k->used + 15u) & ~(size_t)15u;
    if (at > k->arena.len || bytes > k->arena.len - at) {
        kit_fail(k, KIT_NO_MEMORY, "not enough memory");
        return NULL;
    }
    k->used = at + bytes;
    for (size_t i = 0; i < bytes; i++) {
        k->arena.data[at + i] = 0;
    }
    return k->arena.data + at;
}

wmbt_view kit_part(wmbt_view *rest, char mark)
{
    wmbt_view all = *rest;
    for (size_t i = 0; i < all.len; i++) {
        if (all.data[i] == (uint8_t)mark) {
            *rest = after(all, i + 1);
            return wmbt_view_of(all.data, i);
        }
    }
    *rest = wmbt_view_of(NULL, 0);
    return all;
}

uint32_t kit_parts(wmbt_view list, char mark)
{
    uint32_t n = 0;
    if (kit_is(list, "empty") || kit_is(list, "none")) {
        return 0;
    }
    while (list.data != NULL) {
        (void)kit_part(&list, mark);
        n++;
    }
    return n;
}

bool kit_element(wmbt_view *rest, wmbt_view *element)
{
    if (rest->data == NULL || kit_is(*rest, "empty") || kit_is(*rest, "none")) {
        return false;
    }
    *element = kit_part(rest, ',');
    return true;
}

/* --- cells ------------------------------------------------------------------------------------ */

static int find_column(const struct kit *k, const char *name)
{
    for (uint32_t i = 0; i < k->count; i++) {
        if (kit_is(k->columns[i], name)) {
            return (int)i;
        }
    }
    return -1;
}

bool kit_has_column(const struct kit *k, const char *column)
{
    return find_column(k, column) >= 0;
}

wmbt_view kit_cell(struct kit *k, const char *column)
{
    int i = find_column(k, column);
    if (i < 0) {
        kit_fail(k, KIT_BAD_TABLE, column);
        return wmbt_view_of("", 0);
    }
    return k->cells[i];
}

bool kit_cell_is(struct kit *k, const char *column, const char *text)
{
    return kit_is(kit_cell(k, column), text);
}

uint64_t kit_number(struct kit *k, wmbt_view v)
{
    uint64_t n = 0;
    for (size_t i = 0; i < v.len; i++) {
        uint64_t digit = (uint64_t)v.data[i] - '0';
        if (digit > 9 || n > UINT64_MAX / 10 || n * 10 > UINT64_MAX - digit) {
            kit_fail(k, KIT_BAD_TABLE, "not a number");
            return 0;
        }
        n = n * 10 + digit;
    }
    if (v.len == 0) {
        kit_fail(k, KIT_BAD_TABLE, "not a number");
    }
    return n;
}

uint64_t kit_cell_number(struct kit *k, const char *column)
{
    return kit_number(k, kit_cell(k, column));
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of two digits, or -1. */
static int hex_byte(const uint8_t *p)
{
    int high = nibble(p[0]), low = nibble(p[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* rep:BB:N */
static wmbt_view repeated(struct kit *k, wmbt_view v)
{
    wmbt_view rest = after(v, 4);
    wmbt_view byte = kit_part(&rest, ':');
    size_t n = rest.data == NULL ? 0 : (size_t)kit_number(k, rest);
    int value = byte.len == 2 && rest.data != NULL ? hex_byte(byte.data) : -1;
    uint8_t *p = value < 0 ? NULL : kit_alloc(k, n);
    if (p == NULL) { /* or there was no memory, and the row has failed */
        kit_fail(k, KIT_BAD_TABLE, "not rep:BB:N");
        return wmbt_view_of("", 0);
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)value;
    }
    return wmbt_view_of(p, n);
}

wmbt_view kit_bytes(struct kit *k, wmbt_view v)
{
    if (kit_is(v, "-")) {
        return wmbt_view_of("", 0);
    }
    if (begins(v, "rep:")) {
        return repeated(k, v);
    }
    size_t n = v.len / 2;
    uint8_t *p = kit_alloc(k, n + 1);
    if (p == NULL) {
        return wmbt_view_of("", 0);
    }
    for (size_t i = 0; i < n; i++) {
        int value = hex_byte(v.data + 2 * i);
        if (value < 0) {
            kit_fail(k, KIT_BAD_TABLE, "not hex digits");
            value = 0;
        }
        p[i] = (uint8_t)value;
    }
    if (v.len == 0 || v.len % 2 != 0) {
        kit_fail(k, KIT_BAD_TABLE, "not hex digits");
    }
    return wmbt_view_of(p, n);
}

void kit_read_bytes(struct kit *k, wmbt_view hex, uint8_t *out, size_t n, const char *why)
{
    wmbt_view bytes = kit_bytes(k, hex);
    if (bytes.len != n) {
        kit_fail(k, KIT_BAD_TABLE, why);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = bytes.data[i];
    }
}

wmbt_view kit_cell_bytes(struct kit *k, const char *column)
{
    wmbt_view v = kit_cell(k, column);
    return kit_is(v, "none") ? wmbt_view_of(NULL, 0) : kit_bytes(k, v);
}

/* gen:SEED:MOD:COUNT */
static void generated(struct kit *k, wmbt_view v, struct kit_tokens *tokens)
{
    wmbt_view rest = after(v, 4);
    uint32_t x = (uint32_t)kit_number(k, kit_part(&rest, ':'));
    uint32_t mod = (uint32_t)kit_number(k, kit_part(&rest, ':'));
    size_t n = (size_t)kit_number(k, rest);
    tokens->token = n > SIZE_MAX / 8 ? NULL : kit_alloc(k, 4 * n + 4);
    tokens->count = tokens->token == NULL ? 0 : n;
    for (size_t i = 0; i < tokens->count; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        tokens->token[i] = mod == 0 ? x : x % mod;
    }
}

struct kit_tokens kit_cell_tokens(struct kit *k, const char *column)
{
    struct kit_tokens tokens = {NULL, 0, false};
    wmbt_view v = kit_cell(k, column);
    if (begins(v, "gen:")) {
        generated(k, v, &tokens);
        return tokens;
    }
    tokens.wide = begins(v, "q:");
    wmbt_view bytes = kit_bytes(k, tokens.wide ? after(v, 2) : v);
    size_t words = bytes.len / 4;
    tokens.token = kit_alloc(k, 4 * words + 4);
    if (tokens.token == NULL || bytes.len % (tokens.wide ? 8u : 4u) != 0) {
        kit_fail(k, KIT_BAD_TABLE, "not whole tokens");
        return tokens;
    }
    for (size_t i = 0; i < words; i++) {
        const uint8_t *p = bytes.data + 4 * i;
        tokens.token[i] =
            (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    tokens.count = tokens.wide ? words / 2 : words;
    return tokens;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* The text lies behind what is allocated; its beginning is kept in `text`. */
void kit_text_begin(struct kit *k)
{
    k->text = wmbt_view_of(k->arena.data + k->used, 0);
}

void kit_put_view(struct kit *k, wmbt_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (k->used == k->arena.len) {
            kit_fail(k, KIT_NO_MEMORY, "not enough memory");
            return;
        }
        k->arena.data[k->used++] = v.data[i];
        k->text.len++;
    }
}

void kit_put(struct kit *k, const char *text)
{
    kit_put_view(k, view_of_text(text));
}

void kit_put_hex(struct kit *k, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        char two[2] = {digits[p[i] >> 4], digits[p[i] & 15]};
        kit_put_view(k, wmbt_view_of(two, 2));
    }
}

void kit_put_number(struct kit *k, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    kit_put_view(k, wmbt_view_of(digits + at, sizeof digits - at));
}

wmbt_view kit_text_end(struct kit *k)
{
    return k->text;
}

void kit_comma(struct kit *k)
{
    kit_put(k, k->text.len == 0 ? "" : ",");
}

void kit_put_bytes(struct kit *k, wmbt_view v)
{
    kit_put(k, v.len == 0 ? "-" : "");
    kit_put_hex(k, v.data, v.len);
}

void kit_put_parts(struct kit *k, const wmbt_view *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        kit_put(k, i == 0 ? "" : ":");
        kit_put_bytes(k, parts[i]);
    }
}

wmbt_view kit_list_end(struct kit *k)
{
    kit_put(k, k->text.len == 0 ? "empty" : "");
    return k->text;
}

void kit_expect(struct kit *k, const char *column, wmbt_view got)
{
    wmbt_view expected = kit_cell(k, column);
    if (k->outcome == KIT_AGREES && !same(expected, got)) {
        k->outcome = KIT_DIFFERS;
        k->column = column;
        k->expected = expected;
        k->got = got;
    }
}

void kit_expect_walked(struct kit *k, const char *column, wmbt_status stopped)
{
    kit_put(k, stopped == WMBT_END ? "" : wmbt_status_name(stopped));
    kit_expect(k, column, kit_list_end(k));
}

void kit_expect_text(struct kit *k, const char *column, const char *got)
{
    kit_expect(k, column, view_of_text(got));
}

void kit_expect_number(struct kit *k, const char *column, uint64_t got)
{
    kit_text_begin(k);
    kit_put_number(k, got);
    kit_expect(k, column, kit_text_end(k));
}

void kit_expect_hex(struct kit *k, const char *column, wmbt_view got)
{
    kit_text_begin(k);
    kit_put_hex(k, got.data, got.len);
    kit_expect(k, column, got.len == 0 ? view_of_text("-") : kit_text_end(k));
}

const char *kit_word_of(const struct kit_word *words, wmbt_status status)
{
    for (; words->word != NULL; words++) {
        if (words->status == status) {
            return words->word;
        }
    }
    return wmbt_status_name(status);
}

void kit_expect_word(struct kit *k, const char *column, const struct kit_word *words,
                     wmbt_status status)
{
    kit_expect_text(k, column, kit_word_of(words, status));
}

/* --- scripts ---------------------------------------------------------------------------------- */

bool kit_script(struct kit *k, const char *column)
{
    uint64_t script = kit_cell_number(k, column);
    if (k->state != NULL && k->script == script) {
        return false;
    }
    k->state = NULL;
    k->script = script;
    k->kept = k->used = 0;
    return true;
}

void kit_keep(struct kit *k, void *state)
{
    k->state = state;
    k->kept = k->used;
}

/* --- files ------------------------------------------------------------------------------------ */

static wmbt_view next_line(wmbt_view *rest)
{
    wmbt_view line = kit_part(rest, '\n');
    if (line.len != 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

static bool split_cells(wmbt_view line, wmbt_view *cells, uint32_t *count)
{
    *count = 0;
    while (line.data != NULL) {
        if (*count == KIT_MAX_COLUMNS) {
            return false;
        }
        cells[(*count)++] = kit_part(&line, '\t');
    }
    return true;
}

static bool has_columns(const struct kit *k, const struct kit_kind *kind)
{
    wmbt_view names = view_of_text(kind->columns);
    while (names.data != NULL) {
        wmbt_view name = kit_part(&names, ' ');
        bool found = false;
        for (uint32_t i = 0; i < k->count && !found; i++) {
            found = same(k->columns[i], name);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* "NAME.tsv" without what follows the name; empty if it is no such thing. */
static wmbt_view stem(wmbt_view name)
{
    for (size_t i = name.len; i != 0; i--) { /* behind the last slash */
        if (name.data[i - 1] == '/') {
            name = after(name, i);
            break;
        }
    }
    wmbt_view ending = view_of_text(".tsv");
    if (name.len < ending.len || !same(after(name, name.len - ending.len), ending)) {
        return wmbt_view_of("", 0);
    }
    return wmbt_view_of(name.data, name.len - ending.len);
}

static const struct kit_kind *kind_of_name(wmbt_view name)
{
    for (const struct kit_kind *kind = kit_kinds; kind->name != NULL; kind++) {
        if (kit_is(name, kind->name)) {
            return kind;
        }
    }
    return NULL;
}

/* The only kind with these columns, or the first one of those that are read alike. */
static const struct kit_kind *kind_of_columns(const struct kit *k)
{
    const struct kit_kind *found = NULL;
    for (const struct kit_kind *kind = kit_kinds; kind->name != NULL; kind++) {
        if (has_columns(k, kind)) {
            if (found != NULL && found->run != kind->run) {
                return NULL;
            }
            found = found != NULL ? found : kind;
        }
    }
    return found;
}

/* Two columns of one name: which of them counts? */
static bool has_column_twice(const struct kit *k)
{
    for (uint32_t i = 0; i < k->count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (same(k->columns[i], k->columns[j])) {
                return true;
            }
        }
    }
    return false;
}

bool kit_open(struct kit *k, struct kit_file *file, wmbt_view bytes, wmbt_view name,
              const char **why)
{
    bool first = true;
    k->count = 0;
    k->kept = 0;
    k->state = NULL;
    file->rest = begins(bytes, "\xEF\xBB\xBF") ? after(bytes, 3) : bytes;
    file->title = wmbt_view_of("", 0);
    while (file->rest.len != 0 && k->count == 0) {
        wmbt_view line = next_line(&file->rest);
        if (first && begins(line, "# ")) {
            file->title = stem(after(line, 2));
        }
        first = false;
        if (begins(line, "#columns:\t")) {
            line = after(line, 10);
        } else if (begins(line, "#") || line.len == 0) {
            continue;
        }
        if (!split_cells(line, k->columns, &k->count)) {
            *why = "too many columns";
            return false;
        }
    }
    file->kind = kind_of_name(file->title);
    file->kind = file->kind == NULL ? kind_of_name(stem(name)) : file->kind;
    file->kind = file->kind == NULL ? kind_of_columns(k) : file->kind;
    if (file->kind == NULL) {
        *why = "no known kind of golden file";
        return false;
    }
    if (!has_columns(k, file->kind)) {
        *why = "a column that its kind needs is missing";
        return false;
    }
    if (has_column_twice(k)) {
        *why = "two columns of one name";
        return false;
    }
    return true;
}

bool kit_next(struct kit *k, struct kit_file *file)
{
    uint32_t count;
    wmbt_view line = wmbt_view_of("", 0);
    while (file->rest.len != 0 && (line.len == 0 || line.data[0] == '#')) {
        line = next_line(&file->rest);
    }
    if (line.len == 0 || line.data[0] == '#') {
        return false;
    }
    k->outcome = KIT_AGREES;
    k->why = "";
    k->column = "";
    k->used = k->kept;
    if (!split_cells(line, k->cells, &count) || count != k->count) {
        kit_fail(k, KIT_BAD_TABLE, "not as many cells as columns");
    }
    return true;
}

void kit_run(struct kit *k, const struct kit_file *file)
{
    if (k->outcome == KIT_AGREES) {
        k->used = k->kept;
        file->kind->run(k);
    }
}
