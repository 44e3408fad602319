/* SPDX-License-Identifier: Apache-2.0 */
/* Suites of test bodies in one program, for mutate.py: front SUITE... ends with 1 at the first case
 * that fails. suites.h, made by mutate.py, has S(name) for each. WMBT_TEST_DATA: unpacked data. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/test.h"

#define S(name) extern const wmbt_suite wmbt_suite_##name;
#include "suites.h"
#undef S

static const wmbt_suite *const all[] = {
#define S(name) &wmbt_suite_##name,
#include "suites.h"
};

#define MAX_FILES 4096

static struct {
    char name[256];
    uint8_t *bytes;
    size_t len;
} files[MAX_FILES];
static size_t file_count;

static bool read_file(const char *path, uint8_t **bytes, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    bool good = fseek(f, 0, SEEK_END) == 0;
    long size = good ? ftell(f) : -1;
    good = size >= 0 && fseek(f, 0, SEEK_SET) == 0;
    *bytes = good ? malloc((size_t)size + 1u) : NULL;
    good = *bytes != NULL && fread(*bytes, 1, (size_t)size, f) == (size_t)size;
    *len = good ? (size_t)size : 0u;
    (void)fclose(f);
    return good;
}

static bool find_file(const char *name, wmbt_view *out)
{
    char path[4096];
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            *out = wmbt_view_of(files[i].bytes, files[i].len);
            return true;
        }
    }
    snprintf(path, sizeof path, "%s/%s", getenv("WMBT_TEST_DATA"), name);
    if (file_count == MAX_FILES || strlen(name) >= sizeof files[0].name ||
        !read_file(path, &files[file_count].bytes, &files[file_count].len)) {
        return false;
    }
    strcpy(files[file_count].name, name);
    *out = wmbt_view_of(files[file_count].bytes, files[file_count].len);
    file_count++;
    return true;
}

static bool run(const wmbt_suite *suite, const wmbt_case *c)
{
    wmbt_test t;
    uint8_t *memory = malloc((size_t)c->arena_bytes + 64u);
    if (memory == NULL) {
        abort();
    }
    memset(&t, 0, sizeof t);
    t.arena = wmbt_buf_of(memory + (64u - (uintptr_t)memory % 64u) % 64u, c->arena_bytes);
    t.find = find_file;
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
