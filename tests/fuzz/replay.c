/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz harness over the files of the directories named: what a build without libFuzzer
 * does. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool wmbt_replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    bool good = fseek(f, 0, SEEK_END) == 0;
    long size = good ? ftell(f) : -1;
    good = size >= 0 && fseek(f, 0, SEEK_SET) == 0;
    /* Exactly as large as the input: a sanitizer then sees one byte too many. */
    uint8_t *bytes = good ? malloc(size > 0 ? (size_t)size : 1u) : NULL;
    good = bytes != NULL && fread(bytes, 1, (size_t)size, f) == (size_t)size;
    (void)fclose(f);
    if (good) {
        (void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(bytes);
    return good;
}

static long wmbt_replay_directory(const char *name)
{
    DIR *dir = opendir(name);
    if (dir == NULL) {
        perror(name);
        return -1;
    }
    long files = 0;
    struct dirent *entry;
    while (files >= 0 && (entry = readdir(dir)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (snprintf(path, sizeof path, "%s/%s", name, entry->d_name) >= (int)sizeof path ||
            !wmbt_replay_file(path)) {
            files = -1;
        } else {
            files++;
        }
    }
    (void)closedir(dir);
    return files;
}

int main(int argc, char **argv)
{
    long files = 0;
    for (int i = 1; i < argc; i++) {
        long n = wmbt_replay_directory(argv[i]);
        if (n <= 0) {
            fprintf(stderr, "%s: no corpus\n", argv[i]);
            return EXIT_FAILURE;
        }
        files += n;
    }
    printf("%ld inputs\n", files);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
