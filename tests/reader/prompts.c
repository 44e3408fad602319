/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader on the sample bucket: prompts DATA-DIRECTORY. Every prompt under three schedules
 * (whole objects in order; packets of 1,500 bytes, four objects in turn; pieces up to 64 KiB from
 * anywhere, some given twice, some wants withdrawn), with or without the caller's word for the
 * tail, must give
 * the answer of prompts.tsv. Prints TAP.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/wombatkv.h"

#define COLUMNS 27
enum {
    NAME,
    PREFIX,
    NAMESPACE,
    FINGERPRINT,
    BITS,
    BLOCK_TOKENS,
    TOKENS,
    VERDICTS = 10,
    USABLE,
    TAIL_VERDICT = 14,
    RESTORED = 17,
    PREFILL,
    RESTORED_TRUSTED,
    PREFILL_TRUSTED
};

#define MAX_OPEN 4u
#define MAX_OBJECT (256u << 20)

static const char *data_dir;
static uint32_t random_state = 1;

static uint32_t below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static void *need(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return memory;
}

/* A file below the data directory; data NULL if there is none. */
static wmbt_view read_file(const char *dir, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/golden/bucket/%s/%s", data_dir, dir, name) >=
        (int)sizeof path) {
        exit(2);
    }
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return wmbt_view_of(NULL, 0);
    }
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    uint8_t *bytes = size >= 0 ? need(malloc((size_t)size + 1u)) : NULL;
    if (bytes == NULL || fseek(f, 0, SEEK_SET) != 0 ||
        fread(bytes, 1, (size_t)size, f) != (size_t)size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    (void)fclose(f);
    return wmbt_view_of(bytes, (size_t)size);
}

/* An object of the bucket, kept: it is asked for many times. */
static wmbt_view fetch(const char *key)
{
    static struct {
        char key[WMBT_OBJKEY_MAX_BYTES + 1u];
        wmbt_view bytes;
    } kept[256];
    static size_t count;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(kept[i].key, key) == 0) {
            return kept[i].bytes;
        }
    }
    wmbt_view bytes = read_file("bucket", key);
    if (bytes.data != NULL) {
        if (count == sizeof kept / sizeof kept[0]) {
            exit(2);
        }
        (void)snprintf(kept[count].key, sizeof kept[count].key, "%s", key);
        kept[count++].bytes = bytes;
    }
    return bytes;
}

/* An object that is being delivered. */
typedef struct delivery {
    wmbt_want want;
    wmbt_view bytes;
    bool open;
} delivery;

typedef struct run {
    wmbt_reader *r;
    int schedule;
    delivery open[MAX_OPEN];
    void *lent[64];
    size_t lents;
} run;

static uint8_t *lend(run *x, size_t bytes)
{
    void *memory = need(malloc(bytes + 1u));
    if (x->lents == sizeof x->lent / sizeof x->lent[0]) {
        exit(2);
    }
    x->lent[x->lents++] = memory;
    return memory;
}

/* Opens a want: fetches its object. True if it is open now. */
static bool open_delivery(run *x, delivery *d)
{
    uint8_t key[WMBT_OBJKEY_MAX_BYTES + 1u];
    size_t len = 0;
    const wmbt_want *w = &d->want;
    if (w->kind == WMBT_WANT_MEMORY) {
        uint8_t *raw = lend(x, w->raw_bytes);
        (void)!wmbt_reader_memory(x->r, w, wmbt_buf_of(raw, w->raw_bytes),
                                  wmbt_buf_of(lend(x, w->stored_bytes), w->stored_bytes));
        return false;
    }
    if (wmbt_reader_want_key(x->r, w, wmbt_buf_of(key, sizeof key - 1u), &len) != WMBT_OK) {
        exit(2);
    }
    key[len] = '\0';
    d->bytes = fetch((const char *)key);
    if (d->bytes.data == NULL) {
        (void)!wmbt_reader_fail(x->r, w, WMBT_MISSING);
        return false;
    }
    d->open = w->kind != WMBT_WANT_OBJECT || wmbt_reader_found(x->r, w, d->bytes.len) == WMBT_OK;
    return d->open;
}

/* Delivers a piece. */
static void deliver(run *x, delivery *d)
{
    size_t offset = d->want.offset;
    size_t most = x->schedule == 0 ? SIZE_MAX : 1500;
    if (x->schedule == 2) {
        most = 1u + below(below(8) != 0 ? 64u << 10 : 3000u);
        if (below(4) != 0) {
            offset += below(d->want.bytes);
        }
        if (below(400) == 0) {
            (void)!wmbt_reader_retry(x->r, &d->want);
            d->open = false;
            return;
        }
    }
    offset = offset < d->bytes.len ? offset : d->bytes.len - 1u;
    size_t n = d->bytes.len - offset < most ? d->bytes.len - offset : most;
    size_t taken = 0;
    wmbt_status status = wmbt_reader_feed(x->r, &d->want, (uint32_t)offset,
                                          wmbt_view_of(d->bytes.data + offset, n), &taken);
    if (status == WMBT_NEED_MORE && x->schedule == 1) {
        d->want.offset += (uint32_t)taken;
    } else if (status == WMBT_BAD_ARGUMENT || status == WMBT_FULL) {
        /* given before, or too many holes: the next want is for the first hole */
        (void)!wmbt_reader_retry(x->r, &d->want);
        d->open = false;
    } else if (status != WMBT_NEED_MORE) {
        d->open = false;
    }
}

static void drive(run *x)
{
    uint32_t slots = x->schedule == 0 ? 1u : MAX_OPEN;
    for (;;) {
        bool any = false;
        for (uint32_t i = 0; i < slots; i++) {
            delivery *d = &x->open[i];
            while (!d->open) {
                wmbt_status status = wmbt_reader_next_want(x->r, &d->want);
                if (status != WMBT_OK) {
                    break;
                }
                (void)open_delivery(x, d);
            }
            if (d->open) {
                any = true;
                deliver(x, d);
            }
        }
        if (!any) {
            wmbt_want none;
            if (wmbt_reader_next_want(x->r, &none) == WMBT_END) {
                return;
            }
        }
    }
}

/* 'o' for ok, 'm' for missing, 'x' for anything else. */
static char verdict(const char *text)
{
    if (strcmp(text, "ok") == 0 || strcmp(text, "ok (chunked)") == 0) {
        return 'o';
    }
    return strcmp(text, "absent") == 0 ? 'm' : 'x';
}

static bool verdicts_agree(const wmbt_reader *r, const char *verdicts)
{
    char copy[4096];
    (void)snprintf(copy, sizeof copy, "%s", strcmp(verdicts, "-") == 0 ? "" : verdicts);
    uint32_t i = 0;
    for (char *v = strtok(copy, ","); v != NULL; v = strtok(NULL, ","), i++) {
        wmbt_reader_object state;
        if (wmbt_reader_object_state(r, i, &state) != WMBT_OK) {
            return false;
        }
        char got = state.status == WMBT_OK ? 'o' : state.status == WMBT_MISSING ? 'm' : 'x';
        if (got != verdict(v)) {
            return false;
        }
    }
    return i == wmbt_reader_blocks(r);
}

/* The tail's integrity, and that it reaches the blocks: what the table judges. */
static bool tail_agrees(const wmbt_plan *plan, const char *text)
{
    if (plan->blocks == 0) {
        return plan->tail_status == WMBT_MISSING;
    }
    switch (verdict(text)) {
    case 'o': return plan->tail_status == WMBT_OK || plan->tail_status == WMBT_DOES_NOT_FIT;
    case 'm': return plan->tail_status == WMBT_MISSING;
    default: return plan->tail_status != WMBT_OK && plan->tail_status != WMBT_MISSING;
    }
}

static bool one_run(char *cell[COLUMNS], int schedule, bool trust)
{
    static uint64_t space[WMBT_ZSTD_WORKSPACE_BYTES / 8u];
    wmbt_buf workspace = wmbt_buf_of(space, sizeof space);
    char name[256];
    (void)snprintf(name, sizeof name, "%s.u32", cell[NAME]);
    wmbt_view file = read_file("prompts", name);
    uint32_t count = (uint32_t)(file.len / 4u);
    uint32_t *tokens = need(malloc(file.len + 1u));
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *p = file.data + 4u * i;
        tokens[i] = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    wmbt_reader_config config = {0};
    config.chain.dialect = WMBT_CHAIN_DS4;
    config.chain.block_tokens = (uint32_t)atol(cell[BLOCK_TOKENS]);
    config.chain.quant_bits = (uint32_t)atol(cell[BITS]);
    config.chain.fingerprint = wmbt_view_of(cell[FINGERPRINT], strlen(cell[FINGERPRINT]));
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.prefix = wmbt_view_of(cell[PREFIX], strlen(cell[PREFIX]));
    config.name_space = wmbt_view_of(cell[NAMESPACE], strlen(cell[NAMESPACE]));
    config.max_blocks = 512;
    config.in_flight = MAX_OPEN;
    config.max_object_bytes = MAX_OBJECT;
    config.flags = WMBT_READER_AUDIT | (trust ? WMBT_READER_TRUST_TAIL : 0u);
    config.codec.decode = wmbt_zstd_codec;
    config.codec.context = &workspace;

    run x = {0};
    x.schedule = schedule;
    size_t bytes = WMBT_READER_BYTES(512, MAX_OPEN);
    uint8_t *memory = need(malloc(bytes));
    wmbt_plan plan;
    bool good = wmbt_reader_init(wmbt_buf_of(memory, bytes), &config, &x.r) == WMBT_OK &&
                wmbt_reader_tokens(x.r, tokens, count) == WMBT_OK &&
                wmbt_reader_end(x.r, count) == WMBT_OK;
    if (good) {
        drive(&x);
        good = wmbt_reader_plan(x.r, &plan) == WMBT_OK;
    }
    good = good && plan.blocks == (uint32_t)atol(cell[USABLE]) &&
           plan.tokens_restored == (uint32_t)atol(cell[trust ? RESTORED_TRUSTED : RESTORED]) &&
           plan.tokens_to_prefill == (uint32_t)atol(cell[trust ? PREFILL_TRUSTED : PREFILL]) &&
           verdicts_agree(x.r, cell[VERDICTS]) && tail_agrees(&plan, cell[TAIL_VERDICT]);
    for (size_t i = 0; i < x.lents; i++) {
        free(x.lent[i]);
    }
    free(memory);
    free(tokens);
    free((void *)(uintptr_t)file.data);
    return good;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: prompts DATA-DIRECTORY\n");
        return 2;
    }
    data_dir = argv[1];
    wmbt_view table = read_file(".", "prompts.tsv");
    if (table.data == NULL) {
        fprintf(stderr, "no prompts.tsv\n");
        return 2;
    }
    char *text = (char *)(uintptr_t)table.data;
    text[table.len] = '\0';
    int number = 0, failed = 0;
    char *next = strchr(text, '\n');
    while (next != NULL && next[1] != '\0') {
        char *line = next + 1;
        next = strchr(line, '\n');
        if (next != NULL) {
            *next = '\0';
        }
        char *cell[COLUMNS];
        int columns = 0;
        for (char *c = line; c != NULL && columns < COLUMNS; columns++) {
            cell[columns] = c;
            c = strchr(c, '\t');
            if (c != NULL) {
                *c++ = '\0';
            }
        }
        static const struct {
            int schedule;
            bool trust;
        } runs[] = {{0, false}, {0, true}, {1, true}, {2, false}};
        for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
            bool good = columns == COLUMNS && one_run(cell, runs[i].schedule, runs[i].trust);
            failed += good ? 0 : 1;
            printf("%s %d - %s, schedule %d%s\n", good ? "ok" : "not ok", ++number, cell[NAME],
                   runs[i].schedule, runs[i].trust ? ", tail trusted" : "");
            (void)fflush(stdout);
        }
    }
    printf("1..%d\n", number);
    free(text);
    return failed == 0 && number != 0 ? 0 : 1;
}
