/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cmocka front end of a test body. Compiled once a suite with
 * -DWMBT_FRONT_SUITE=wmbt_suite_NAME. Data files are looked for in the directory that
 * WMBT_TEST_DATA names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../support/test.h"

extern const wmbt_suite WMBT_FRONT_SUITE;

#define MAX_CASES 256
#define MAX_FILES 1024

/* Files stay open for the run of the suite: bodies keep views into them. */
static struct {
    char name[256];
    uint8_t *bytes;
    size_t len;
} files[MAX_FILES];
static size_t file_count;

static bool find_file(const char *name, wmbt_view *out)
{
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            *out = wmbt_view_of(files[i].bytes, files[i].len);
            return true;
        }
    }
    const char *dir = getenv("WMBT_TEST_DATA");
    char path[4096];
    if (dir == NULL || file_count == MAX_FILES || strlen(name) >= sizeof files[0].name ||
        snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
        return false;
    }
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    bool good = fseek(f, 0, SEEK_END) == 0;
    long size = good ? ftell(f) : -1;
    good = size >= 0 && fseek(f, 0, SEEK_SET) == 0;
    uint8_t *bytes = good ? malloc((size_t)size + 1u) : NULL;
    good = bytes != NULL && fread(bytes, 1, (size_t)size, f) == (size_t)size;
    (void)fclose(f);
    if (!good) {
        free(bytes);
        return false;
    }
    strcpy(files[file_count].name, name);
    files[file_count].bytes = bytes;
    files[file_count].len = (size_t)size;
    file_count++;
    *out = wmbt_view_of(bytes, (size_t)size);
    return true;
}

static void run_case(void **state)
{
    const wmbt_case *c = *state;
    wmbt_test t = {0};
    uint8_t *memory = malloc((size_t)c->arena_bytes + 64u);
    assert_non_null(memory);
    t.arena = wmbt_buf_of(memory + (64u - (uintptr_t)memory % 64u) % 64u, c->arena_bytes);
    t.find = find_file;
    c->run(&t);
    free(memory);
    if (t.not_run != NULL && !t.failed) {
        printf("# not run here: %s: %s\n", c->name, t.not_run);
    }
    if (t.failed) {
        fail_msg("%s:%d: %s (at '%.*s'; got %llu, want %llu)", t.file, t.line, t.what,
                 (int)t.where_len, t.where == NULL ? "" : t.where, (unsigned long long)t.got,
                 (unsigned long long)t.want);
    }
}

int main(void)
{
    static struct CMUnitTest tests[MAX_CASES];
    const wmbt_suite *suite = &WMBT_FRONT_SUITE;
    if (suite->count == 0 || suite->count > MAX_CASES) {
        fprintf(stderr, "%s: %zu cases\n", suite->name, suite->count);
        return 99;
    }
    for (size_t i = 0; i < suite->count; i++) {
        tests[i].name = suite->cases[i].name;
        tests[i].test_func = run_case;
        tests[i].initial_state = (void *)(uintptr_t)&suite->cases[i];
    }
    int failed = _cmocka_run_group_tests(suite->name, tests, suite->count, NULL, NULL);
    for (size_t i = 0; i < file_count; i++) {
        free(files[i].bytes);
    }
    return failed == 0 ? 0 : 1;
}
