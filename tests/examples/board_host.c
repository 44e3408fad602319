/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board of the examples, played on a host: DATA-DIRECTORY PROMPT [SEED]. Serves the prompt of
 * that name from the sample bucket. With a seed requests are served in any order, and packets are
 * late, lost and doubled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/sha256.h"

#define PACKET_BYTES 1408u
#define MAX_FILES 64u

static const char *golden;
static uint32_t seed, now;

static void give_up(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(2);
}

/* --- the store -------------------------------------------------------------------------------- */

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
        give_up("long path");
    }
    size_t i = 0;
    while (files[i].path[0] != '\0') {
        if (strcmp(files[i].path, path) == 0) {
            return files[i].bytes;
        }
        if (++i == MAX_FILES) {
            give_up("too many files");
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
            give_up("a file cannot be read");
        } else {
            bytes[size] = '\0';
            files[i].bytes = wmbt_view_of(bytes, (size_t)size);
        }
        (void)fclose(f);
    }
    return files[i].bytes;
}

bool board_has(wmbt_view key)
{
    return file_of("bucket", key).data != NULL;
}

/* --- requests --------------------------------------------------------------------------------- */

static struct request {
    bool open;
    uint32_t tag, offset, end;
    wmbt_view object;
} requests[BOARD_REQUESTS];

static struct descriptor {
    bool open;
    uint32_t tag, offset, end;
    uint8_t *place;
} descriptors[8u * BOARD_REQUESTS];

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

void board_get(uint32_t tag, wmbt_view key, uint32_t offset, uint32_t bytes)
{
    size_t i = 0;
    while (requests[i].open) {
        if (++i == BOARD_REQUESTS) {
            give_up("too many requests");
        }
    }
    struct request *q = &requests[i];
    q->open = true;
    q->tag = tag;
    q->object = file_of("bucket", key);
    q->offset = offset;
    q->end = offset > UINT32_MAX - bytes ? UINT32_MAX : offset + bytes;
    q->end = q->object.len < q->end ? (uint32_t)q->object.len : q->end;
}

void board_receive(uint32_t tag, uint32_t offset, uint32_t bytes, uint8_t *place)
{
    size_t i = 0;
    while (descriptors[i].open) {
        if (++i == sizeof descriptors / sizeof descriptors[0]) {
            give_up("too many descriptors");
        }
    }
    descriptors[i] = (struct descriptor){true, tag, offset, offset + bytes, place};
}

/* Cuts a packet down to what is treated alike at its front, and sets event->what. */
static void receive(board_event *event)
{
    event->what = BOARD_BYTES;
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        const struct descriptor *d = &descriptors[i];
        if (!d->open || d->tag != event->tag || d->end <= event->offset ||
            d->offset >= event->offset + event->len) {
            continue;
        }
        if (d->offset > event->offset) {
            event->len = d->offset - event->offset;
            continue;
        }
        event->len = d->end - event->offset < event->len ? d->end - event->offset : event->len;
        event->what = BOARD_PLACED;
        event->crc = wmbt_crc32c(0, wmbt_view_of(event->bytes, event->len)); /* the engine's work */
        if (d->place != NULL) {
            memcpy(d->place + (event->offset - d->offset), event->bytes, event->len);
        }
        event->bytes = NULL;
        return;
    }
}

static void close_request(struct request *q)
{
    q->open = false;
    for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++) {
        descriptors[i].open = descriptors[i].open && descriptors[i].tag != q->tag;
    }
}

void board_cancel(uint32_t tag)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        if (requests[i].open && requests[i].tag == tag) {
            close_request(&requests[i]);
        }
    }
}

bool board_poll(board_event *event)
{
    size_t i = 0;
    now++;
    if (seed != 0u) {
        i = below(BOARD_REQUESTS);
        if (below(16) == 0u) {
            return false;
        }
    }
    for (size_t tries = 0; !requests[i].open; i = (i + 1u) % BOARD_REQUESTS) {
        if (++tries > BOARD_REQUESTS) {
            return false;
        }
    }
    struct request *q = &requests[i];
    memset(event, 0, sizeof *event);
    event->tag = q->tag;
    event->object_bytes = q->object.len;
    event->offset = q->offset;
    if (q->object.data == NULL) {
        event->what = BOARD_ABSENT;
        close_request(q);
        return true;
    }
    event->len = q->end - q->offset < PACKET_BYTES ? q->end - q->offset : PACKET_BYTES;
    event->bytes = q->object.data + q->offset;
    uint32_t fault = seed != 0u ? below(1000) : 2u;
    receive(event);
    if (fault != 0u) { /* 0: this packet comes again */
        q->offset += event->len;
    }
    if (q->offset >= q->end) {
        close_request(q);
    }
    return fault != 1u; /* 1: it is lost */
}

uint32_t board_now(void)
{
    return now;
}

void board_print(const char *text)
{
    (void)fputs(text, stdout);
}

void board_restored(wmbt_view rows)
{
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    if (wmbt_sha256_once(rows, digest) != WMBT_OK) {
        give_up("no digest");
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
        give_up("usage: DATA-DIRECTORY PROMPT [SEED]");
    }
    golden = argv[1];
    seed = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 0u;
    wmbt_view table = file_of(".", text_of("prompts.tsv"));
    const char *line = (const char *)table.data;
    do {
        line = line != NULL ? strchr(line, '\n') : NULL;
        if (line == NULL || sscanf(++line, format, name, prefix, name_space, fingerprint,
                                   &command.quant_bits, &command.block_tokens) != 6) {
            give_up("no such prompt");
        }
    } while (strcmp(name, argv[2]) != 0);
    (void)snprintf(file, sizeof file, "%s.u32", name);
    wmbt_view bytes = file_of("prompts", text_of(file));
    command.token_count = (uint32_t)(bytes.len / 4u);
    uint32_t *tokens = malloc(bytes.len + 4u);
    if (tokens == NULL) {
        give_up("no memory");
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
