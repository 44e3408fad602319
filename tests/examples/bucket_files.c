/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bucket of the examples: the sample bucket. DATA-DIRECTORY PROMPT [SEED] plays the prompt of
 * that name. With a seed the board is fair but no more than that.
 */
#include "board_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/sha256.h"

#define MAX_FILES 64u

static const char *golden;

static struct {
    char path[2048];
    wmbt_view bytes; /* data NULL: there is none */
} files[MAX_FILES];

/* A file below the golden bucket. Kept: views stay good. */
static wmbt_view file_of(const char *folder, wmbt_view name)
{
    char path[2048];
    if (snprintf(path, sizeof path, "%s/golden/bucket/%s/%.*s", golden, folder, (int)name.len,
                 (const char *)name.data) >= (int)sizeof path) {
        board_give_up("long path");
    }
    size_t i = 0;
    while (files[i].path[0] != '\0') {
        if (strcmp(files[i].path, path) == 0) {
            return files[i].bytes;
        }
        if (++i == MAX_FILES) {
            board_give_up("too many files");
        }
    }
    memcpy(files[i].path, path, sizeof path);
    FILE *f = fopen(path, "rb");
    if (f != NULL) {
        (void)fseek(f, 0, SEEK_END);
        long size = ftell(f);
        uint8_t *bytes = size < 0 ? NULL : malloc((size_t)size + 1u);
        rewind(f);
        if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
            board_give_up("a file cannot be read");
        } else {
            bytes[size] = '\0';
            files[i].bytes = wmbt_view_of(bytes, (size_t)size);
        }
        (void)fclose(f);
    }
    return files[i].bytes;
}

wmbt_view bucket_object(wmbt_view key)
{
    return file_of("bucket", key);
}

void bucket_printed(const char *text)
{
    (void)fputs(text, stdout);
}

void bucket_restored(wmbt_view rows)
{
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    if (board_may_write()) {
        board_give_up("the engine may still write");
    }
    if (wmbt_sha256_once(rows, digest) != WMBT_OK) {
        board_give_up("no digest");
    }
    printf("rows: ");
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    printf("\n");
}

/* --- the command ------------------------------------------------------------------------------ */

static wmbt_view text_of(const char *text)
{
    return wmbt_view_of(text, strlen(text));
}

int main(int argc, char **argv)
{
    static const char format[] =
        "%127s %127s %127s %127s %u %u"; /* of prompts.tsv, no cell is empty */
    static char name[128], prefix[128], name_space[128], fingerprint[128], file[160];
    board_command command = {0};
    if (argc != 3 && argc != 4) {
        board_give_up("usage: DATA-DIRECTORY PROMPT [SEED]");
    }
    golden = argv[1];
    uint32_t seed = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0u;
    board_start(seed == 0u ? BOARD_GENTLE : BOARD_FAIR, seed, 3000);
    wmbt_view table = file_of(".", text_of("prompts.tsv"));
    const char *line = (const char *)table.data;
    do {
        line = line != NULL ? strchr(line, '\n') : NULL;
        if (line == NULL || sscanf(++line, format, name, prefix, name_space, fingerprint,
                                   &command.quant_bits, &command.block_tokens) != 6) {
            board_give_up("no such prompt");
        }
    } while (strcmp(name, argv[2]) != 0);
    (void)snprintf(file, sizeof file, "%s.u32", name);
    wmbt_view bytes = file_of("prompts", text_of(file));
    command.token_count = (uint32_t)(bytes.len / 4u);
    uint32_t *tokens = malloc(bytes.len + 4u);
    if (tokens == NULL) {
        board_give_up("no memory");
    }
    for (uint32_t i = 0; i < command.token_count; i++) {
        const uint8_t *b = bytes.data + 4u * i;
        tokens[i] = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    command.name = text_of(name);
    command.prefix = text_of(prefix);
    command.name_space = text_of(name_space);
    command.fingerprint = text_of(fingerprint);
    command.tokens = tokens;
    int result = example(&command);
    free(tokens);
    for (size_t i = 0; i < MAX_FILES; i++) {
        free((void *)(uintptr_t)files[i].bytes.data);
    }
    return result;
}
