/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a suite of test bodies on bare metal and says what came out as TAP. A case for which the
 * board is too small is skipped and the line says what it needs. Ends with status 0 (all passed)
 * or 1.
 */
#include "runner.h"

#include "start/semihost.h"
#include "start/start.h"

extern uint8_t start_arena[], start_arena_end[];

static void put(const char *text)
{
    semihost_write(text);
}

static void put_number(uint64_t value)
{
    char text[21]; /* 20 digits */
    size_t at = sizeof text - 1u;
    text[at] = '\0';
    do {
        text[--at] = (char)('0' + (char)(value % 10u));
        value /= 10u;
    } while (value != 0u);
    put(text + at);
}

static void put_view(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char one[2] = {text[i], '\0'};
        if (one[0] < ' ' || one[0] > '~') {
            one[0] = '?';
        }
        put(one);
    }
}

static bool find_file(const char *name, wmbt_view *out)
{
    for (const wmbt_linked_file *file = wmbt_linked_files; file->name != NULL; file++) {
        if (file->bytes != NULL && wmbt_test_view_is(wmbt_test_text(name), file->name)) {
            *out = wmbt_view_of(file->bytes, file->size);
            return true;
        }
    }
    return false;
}

/* True if `name` is the file's or, with "/" or "/" and two stars at its end, a folder it is in. */
static bool stands_for(wmbt_view name, const wmbt_linked_file *file)
{
    wmbt_view begin = wmbt_test_text(file->name);
    while (name.len > 0 && name.data[name.len - 1u] == '*') {
        name.len--;
    }
    if (name.len > 0 && name.data[name.len - 1u] == '/' && begin.len > name.len) {
        begin.len = name.len;
    }
    return begin.len == name.len && wmbt_test_same(begin.data, name.data, name.len);
}

/* The first file of a case that was left out of the image, or NULL. */
static const wmbt_linked_file *left_out(const wmbt_case *c)
{
    wmbt_view names = wmbt_view_of(NULL, 0);
    if (c->data != NULL) {
        names = wmbt_test_text(c->data);
    }
    while (names.data != NULL) {
        wmbt_view name = wmbt_cell_part(&names, ' ');
        for (const wmbt_linked_file *file = wmbt_linked_files; file->name != NULL; file++) {
            if (file->bytes == NULL && stands_for(name, file)) {
                return file;
            }
        }
    }
    return NULL;
}

static void put_skip(const wmbt_case *c, const wmbt_linked_file *file)
{
    put(" # SKIP needs ");
    if (file != NULL) {
        put_number(file->size);
        put(" bytes for ");
        put(file->name);
    } else {
        put_number(c->arena_bytes);
        put(" bytes of scratch memory");
    }
    put("\n");
}

static void put_failure(const wmbt_test *t)
{
    put("# ");
    put(t->file);
    put(":");
    put_number((uint64_t)t->line);
    put(": ");
    put(t->what);
    put(" (at '");
    put_view(t->where, t->where == NULL ? 0 : t->where_len);
    put("'; got ");
    put_number(t->got);
    put(", want ");
    put_number(t->want);
    put(")\n");
}

static void put_result(bool good, size_t number, const char *name)
{
    put(good ? "ok " : "not ok ");
    put_number(number);
    put(" - ");
    put(name);
}

/* True unless the case failed. */
static bool run_case(const wmbt_case *c, size_t number)
{
    /* Static: the smallest board has a stack of 3 KB. */
    static wmbt_test t;
    static const wmbt_test fresh;
    const wmbt_linked_file *file = left_out(c);
    if (file != NULL || c->arena_bytes > (size_t)(start_arena_end - start_arena)) {
        put_result(true, number, c->name);
        put_skip(c, file);
        return true;
    }
    t = fresh;
    t.arena = wmbt_buf_of(start_arena, c->arena_bytes);
    t.find = find_file;
    c->run(&t);
    put_result(!t.failed, number, c->name);
    if (t.not_run != NULL && !t.failed) {
        put(" # SKIP not run here: ");
        put(t.not_run);
    }
    put("\n");
    if (t.failed) {
        put_failure(&t);
    }
    return !t.failed;
}

int main(void)
{
    const wmbt_suite *suite = wmbt_linked_suite;
    bool good = true;
    put("1..");
    put_number(suite->count);
    put("\n");
    for (size_t i = 0; i < suite->count; i++) {
        good = run_case(&suite->cases[i], i + 1u) && good;
    }
    return good ? 0 : 1;
}
