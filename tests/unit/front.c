/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cmocka front end of a test body. Compiled once a suite with
 * -DWMBT_FRONT_SUITE=wmbt_suite_NAME. Data files are looked for in the directory that
 * WMBT_TEST_DATA names. WMBT_FRONT_PLAIN: for machines without cmocka.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WMBT_FRONT_PLAIN
#    include <cmocka.h>
#endif

#include "../support/files.h"

extern const wmbt_suite WMBT_FRONT_SUITE;

#define MAX_CASES 256
/* Runs a case and says what it could not run; what it found is in *t. */
static bool run_body(const wmbt_case *c, wmbt_test *t)
{
    const size_t bytes = WMBT_TEST_ARENA(c->arena_bytes);
    uint8_t *memory = malloc(bytes + 64u);
    if (memory == NULL) {
        return false;
    }
    t->arena = wmbt_buf_of(memory + (64u - (uintptr_t)memory % 64u) % 64u, bytes);
    t->find = wmbt_test_find_file;
    c->run(t);
    wmbt_test_reset(t);
    free(memory);
    if (t->not_run != NULL && !t->failed) {
        printf("# not run here: %s: %s\n", c->name, t->not_run);
    }
    return true;
}

#define FAILURE "%s:%d: %s (at '%.*s'; got %llu, want %llu)"
#define FAILURE_OF(t)                                                                     \
    (t).file, (t).line, (t).what, (int)(t).where_len, (t).where == NULL ? "" : (t).where, \
        (unsigned long long)(t).got, (unsigned long long)(t).want

#ifdef WMBT_FRONT_PLAIN

static int run_suite(const wmbt_suite *suite)
{
    int failed = 0;
    printf("1..%zu\n", suite->count);
    for (size_t i = 0; i < suite->count; i++) {
        wmbt_test t = {0};
        bool ok = run_body(&suite->cases[i], &t) && !t.failed;
        failed += !ok;
        printf("%sok %zu - %s\n", ok ? "" : "not ", i + 1u, suite->cases[i].name);
        if (t.failed) {
            printf("# " FAILURE "\n", FAILURE_OF(t));
        }
    }
    return failed;
}

#else

static void run_case(void **state)
{
    wmbt_test t = {0};
    assert_true(run_body(*state, &t));
    if (t.failed) {
        fail_msg(FAILURE, FAILURE_OF(t));
    }
}

static int run_suite(const wmbt_suite *suite)
{
    static struct CMUnitTest tests[MAX_CASES];
    for (size_t i = 0; i < suite->count; i++) {
        tests[i].name = suite->cases[i].name;
        tests[i].test_func = run_case;
        tests[i].initial_state = (void *)(uintptr_t)&suite->cases[i];
    }
    return _cmocka_run_group_tests(suite->name, tests, suite->count, NULL, NULL);
}

#endif

int main(void)
{
    const wmbt_suite *suite = &WMBT_FRONT_SUITE;
    if (suite->count == 0 || suite->count > MAX_CASES) {
        fprintf(stderr, "%s: %zu cases\n", suite->name, suite->count);
        return 99;
    }
    int failed = run_suite(suite);
    for (size_t i = 0; i < wmbt_test_file_count; i++) {
        free(wmbt_test_files[i].bytes);
    }
    return failed == 0 ? 0 : 1;
}
