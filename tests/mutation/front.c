/* SPDX-License-Identifier: Apache-2.0 */
/* Suites of test bodies in one program, for mutate.py: front SUITE... ends with 1 at the first case
 * that fails. suites.h, made by mutate.py, has S(name) for each. WMBT_TEST_DATA: unpacked data. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/files.h"

#define S(name) extern const wmbt_suite wmbt_suite_##name;
#include "suites.h"
#undef S

static const wmbt_suite *const all[] = {
#define S(name) &wmbt_suite_##name,
#include "suites.h"
};

static bool run(const wmbt_suite *suite, const wmbt_case *c)
{
    wmbt_test t;
    uint8_t *memory = malloc((size_t)c->arena_bytes + 64u);
    if (memory == NULL) {
        abort();
    }
    memset(&t, 0, sizeof t);
    t.arena = wmbt_buf_of(memory + (64u - (uintptr_t)memory % 64u) % 64u, c->arena_bytes);
    t.find = wmbt_test_find_file;
    c->run(&t);
    free(memory);
    if (t.failed) {
        printf("%s: %s: %s:%d %s\n", suite->name, c->name, t.file, t.line, t.what);
    }
    return !t.failed;
}

int main(int argc, char **argv)
{
    for (int a = 1; a < argc; a++) {
        const wmbt_suite *suite = NULL;
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            suite = strcmp(all[i]->name, argv[a]) == 0 ? all[i] : suite;
        }
        if (suite == NULL) {
            fprintf(stderr, "no suite %s\n", argv[a]);
            return 99;
        }
        for (size_t i = 0; i < suite->count; i++) {
            if (!run(suite, &suite->cases[i])) {
                return 1;
            }
        }
    }
    return 0;
}
