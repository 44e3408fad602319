/* SPDX-License-Identifier: Apache-2.0 */
/* Where programs with a file system find the data of bodies: below WMBT_TEST_DATA. To be included
 * in one source of a program. */
#ifndef WMBT_TEST_FILES_H
#define WMBT_TEST_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define WMBT_TEST_MAX_FILES 4096

/* Files stay for the run of the program: bodies keep views into them. */
static struct {
    char name[256];
    uint8_t *bytes;
    size_t len;
} wmbt_test_files[WMBT_TEST_MAX_FILES];
static size_t wmbt_test_file_count;

/* A file for wmbt_test.find. */
static bool wmbt_test_find_file(const char *name, wmbt_view *out)
{
    for (size_t i = 0; i < wmbt_test_file_count; i++) {
        if (strcmp(wmbt_test_files[i].name, name) == 0) {
            *out = wmbt_view_of(wmbt_test_files[i].bytes, wmbt_test_files[i].len);
            return true;
        }
    }
    const char *dir = getenv("WMBT_TEST_DATA");
    char path[4096];
    if (dir == NULL || wmbt_test_file_count == WMBT_TEST_MAX_FILES ||
        strlen(name) >= sizeof wmbt_test_files[0].name ||
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
    strcpy(wmbt_test_files[wmbt_test_file_count].name, name);
    wmbt_test_files[wmbt_test_file_count].bytes = bytes;
    wmbt_test_files[wmbt_test_file_count].len = (size_t)size;
    wmbt_test_file_count++;
    *out = wmbt_view_of(bytes, (size_t)size);
    return true;
}

#endif
