/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader on the sample bucket: prompts DATA-DIRECTORY. Every prompt under four schedules
 * (whole objects in order; packets of 1,500 bytes, four objects in turn; pieces up to 64 KiB from
 * anywhere, some given twice, some wants withdrawn; packets that overtake each other, come twice or
 * never), with and without the caller's word for the
 * tail, must give the answer of prompts.tsv, and the rows that the same objects have when they are
 * fetched, unwrapped and taken apart whole. Prints TAP.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/common.h"
#include "rows.h"

#define COLUMNS 27
enum {
    NAME,
    PREFIX,
    NAMESPACE,
    FINGERPRINT,
    BITS,
    BLOCK_TOKENS,
    TOKENS,
    FULL_BLOCKS,
    HASHES,
    VERDICTS = 10,
    USABLE,
    TAIL_KEY = 13,
    TAIL_VERDICT,
    TAIL_TOKENS,
    RESTORED = 17,
    PREFILL,
    RESTORED_TRUSTED,
    PREFILL_TRUSTED
};

#define MIN_PROMPTS 49
#define MAX_OPEN 4u
#define PACKET 1500u
#define GROUP 6u /* packets that overtake each other */
#define MAX_OBJECT (256u << 20)

static const char *data_dir;
static uint32_t random_state = 1;

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
    uint32_t sent; /* packets, in shuffled groups */
    uint32_t order[GROUP];
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
        uint8_t *raw = lend(x, w->plain_bytes);
        (void)!wmbt_reader_memory(x->r, w, wmbt_buf_of(raw, w->plain_bytes),
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
    d->sent = 0;
    d->open =
        w->kind != WMBT_WANT_OBJECT || wmbt_reader_found(x->r, w, d->bytes.len) == WMBT_NEED_MORE;
    return d->open;
}

static void withdraw(run *x, delivery *d)
{
    (void)!wmbt_reader_retry(x->r, &d->want);
    d->open = false;
}

/* Delivers a packet of a group in which they overtake each other, some twice, some never. */
static void deliver_shuffled(run *x, delivery *d)
{
    uint32_t packets = (d->want.bytes + PACKET - 1u) / PACKET, i = d->sent % GROUP;
    for (uint32_t k = 0; i == 0u && k < GROUP; k++) {
        uint32_t other = wmbt_test_below(&random_state, k + 1u);
        d->order[k] = d->order[other];
        d->order[other] = k;
    }
    size_t at = d->want.offset + (size_t)PACKET * (d->sent - i + d->order[i]);
    uint32_t times = wmbt_test_below(&random_state, 50) == 0   ? 0u
                     : wmbt_test_below(&random_state, 50) == 0 ? 2u
                                                               : 1u;
    for (d->sent++; times != 0u && d->open && at < d->bytes.len; times--) {
        size_t n = d->bytes.len - at < PACKET ? d->bytes.len - at : PACKET, taken = 0;
        wmbt_status status = wmbt_reader_feed(x->r, &d->want, (uint32_t)at,
                                              wmbt_view_of(d->bytes.data + at, n), &taken);
        d->open = status == WMBT_NEED_MORE || status == WMBT_BAD_ARGUMENT || status == WMBT_FULL;
    }
    if (d->open && d->sent >= packets + GROUP) { /* all have gone, some have not come */
        withdraw(x, d);
    }
}

/* Delivers a piece. */
static void deliver(run *x, delivery *d)
{
    if (x->schedule == 3) {
        deliver_shuffled(x, d);
        return;
    }
    size_t offset = d->want.offset;
    size_t most = x->schedule == 0 ? SIZE_MAX : 1500;
    if (x->schedule == 2) {
        most = 1u + wmbt_test_below(&random_state,
                                    wmbt_test_below(&random_state, 8) != 0 ? 64u << 10 : 3000u);
        if (wmbt_test_below(&random_state, 4) != 0) {
            offset += wmbt_test_below(&random_state, d->want.bytes);
        }
        if (wmbt_test_below(&random_state, 400) == 0) {
            withdraw(x, d);
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
        withdraw(x, d);
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
static bool tail_agrees(const wmbt_plan *plan, uint32_t usable, const char *text)
{
    if (usable == 0) {
        return plan->tail_status == WMBT_MISSING;
    }
    switch (verdict(text)) {
    case 'o': return plan->tail_status == WMBT_OK || plan->tail_status == WMBT_DOES_NOT_FIT;
    case 'm': return plan->tail_status == WMBT_MISSING;
    default: return plan->tail_status != WMBT_OK && plan->tail_status != WMBT_MISSING;
    }
}

/* --- objects as a whole ----------------------------------------------------------------------- */

static WMBT_MEMORY(space, WMBT_ZSTD_WORKSPACE_BYTES);
static wmbt_buf workspace;
static wmbt_codec codec;

/* The plain bytes of what is stored, in memory of its own. */
static bool unwrap(wmbt_view stored, wmbt_buf *plain)
{
    wmbt_compressed_info info;
    wmbt_compressed_plain result;
    if (wmbt_compressed_probe(stored, true, &info) != WMBT_OK) {
        return false;
    }
    size_t room = info.algorithm == WMBT_COMPRESSED_ZSTD ? info.plain_bytes : stored.len;
    *plain = wmbt_buf_of(need(malloc(room + 1u)), room);
    if (wmbt_compressed_unwrap(stored, &codec, *plain, 0, &result) != WMBT_OK) {
        free(plain->data);
        return false;
    }
    memmove(plain->data, result.bytes.data, result.bytes.len);
    plain->len = result.bytes.len;
    return true;
}

/* Puts the chunks of a large value together. *stored grows by their sizes. */
static bool assemble(char *cell[COLUMNS], const wmbt_largevalue *manifest, wmbt_buf *plain,
                     uint64_t *stored)
{
    wmbt_largevalue_join join;
    wmbt_largevalue_place at;
    bool good = wmbt_largevalue_join_init(&join, manifest, MAX_OBJECT, 64) == WMBT_OK;
    *plain = wmbt_buf_of(need(malloc(MAX_OBJECT)), 0);
    while (good && wmbt_largevalue_join_next(&join, &at) == WMBT_OK) {
        uint8_t key[WMBT_LARGEVALUE_MAX_KEY + 1u];
        size_t len = 0;
        wmbt_buf chunk;
        good =
            wmbt_largevalue_chunk_key(manifest, wmbt_view_of(cell[PREFIX], strlen(cell[PREFIX])),
                                      wmbt_view_of(cell[NAMESPACE], strlen(cell[NAMESPACE])),
                                      at.index, wmbt_buf_of(key, sizeof key - 1u), &len) == WMBT_OK;
        key[len] = '\0';
        wmbt_view object = good ? fetch((const char *)key) : wmbt_view_of(NULL, 0);
        good = object.data != NULL && unwrap(object, &chunk);
        if (good) {
            good = wmbt_largevalue_join_chunk(&join, chunk.len) == WMBT_OK;
            memcpy(plain->data + at.offset, chunk.data, chunk.len);
            plain->len = (size_t)at.offset + chunk.len;
            *stored += object.len;
            free(chunk.data);
        }
    }
    good = good && wmbt_largevalue_join_finish(&join) == WMBT_OK;
    if (!good) {
        free(plain->data);
    }
    return good;
}

/* An object from the bucket: plain, and how much is stored of it, of a large value chunks too. */
static bool whole(char *cell[COLUMNS], const char *key, wmbt_buf *plain, uint64_t *stored)
{
    wmbt_view object = fetch(key);
    wmbt_largevalue manifest;
    if (object.data == NULL || !unwrap(object, plain)) {
        return false;
    }
    *stored = object.len;
    if (wmbt_largevalue_parse(wmbt_view_of(plain->data, plain->len), 0, &manifest) != WMBT_OK) {
        return true;
    }
    uint8_t *text = plain->data;
    bool good = assemble(cell, &manifest, plain, stored);
    free(text);
    return good;
}

/* --- rows and plan ---------------------------------------------------------------------------- */

/* What a run left behind. */
typedef struct result {
    wmbt_reader *r;
    wmbt_plan plan;
    wmbt_plan upstream; /* as its engine goes on */
    uint32_t usable;    /* blocks */
    rows *x;
    uint64_t bytes_to_read; /* told from the stored objects */
    bool counts;            /* the tail must count */
} result;

static wmbt_view view_of(const char *text)
{
    return wmbt_view_of((const uint8_t *)text, strlen(text));
}

static uint32_t number_of(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

/* The pieces that the reader lists are the object, at their places. */
static bool pieces_agree(const result *y, uint32_t object, const wmbt_buf *plain, uint32_t trust)
{
    wmbt_piece p;
    uint32_t at = 0;
    wmbt_status status;
    while ((status = wmbt_reader_piece(y->r, object, at, NULL, &p)) == WMBT_OK) {
        if (p.offset != at || p.bytes > plain->len - at || p.trust != trust) {
            return false;
        }
        if (p.has_place != 0u && (p.place > y->x->len || p.bytes > y->x->len - p.place ||
                                  memcmp(y->x->memory + p.place, plain->data + at, p.bytes) != 0)) {
            return false;
        }
        at += p.bytes;
    }
    return status == WMBT_END && at == plain->len;
}

static bool block_agrees(char *cell[COLUMNS], result *y, uint32_t block, const char *hash)
{
    char key[WMBT_OBJKEY_MAX_BYTES + 1u];
    wmbt_buf plain;
    uint64_t stored = 0;
    wmbt_reader_object state;
    if (wmbt_reader_object_state(y->r, block, &state) != WMBT_OK) {
        return false;
    }
    if (state.status != WMBT_OK) {
        if (state.status != WMBT_MISSING) {
            rows_any_block(y->x, block);
        }
        return block >= y->usable;
    }
    (void)snprintf(key, sizeof key, "%s/%s/wombatkv/v1/block/b3=%s", cell[PREFIX], cell[NAMESPACE],
                   hash);
    if (!whole(cell, key, &plain, &stored)) {
        return false;
    }
    wmbt_kvblock_expect expect = {&wmbt_shape_deepseek_v4_flash, y->x->block_tokens, block, 0};
    wmbt_kvblock_info info;
    bool usable = block < y->usable;
    bool good = wmbt_kvblock_read(wmbt_view_of(plain.data, plain.len), &expect, &info) == WMBT_OK &&
                rows_add_block(y->x, wmbt_view_of(plain.data, plain.len), block) &&
                state.bytes == stored &&
                (!usable ||
                 pieces_agree(y, block, &plain,
                              y->plan.load_blocks != 0u ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED));
    y->bytes_to_read += usable ? stored : 0u;
    free(plain.data);
    return good;
}

static bool blocks_agree(char *cell[COLUMNS], result *y)
{
    char copy[4096];
    (void)snprintf(copy, sizeof copy, "%s", strcmp(cell[HASHES], "-") == 0 ? "" : cell[HASHES]);
    uint32_t block = 0;
    for (char *h = strtok(copy, ","); h != NULL; h = strtok(NULL, ","), block++) {
        if (!block_agrees(cell, y, block, h)) {
            return false;
        }
    }
    return block == number_of(cell[FULL_BLOCKS]);
}

static bool used_tail_agrees(char *cell[COLUMNS], result *y)
{
    wmbt_buf plain;
    uint64_t stored = 0;
    wmbt_reader_object state;
    if (!whole(cell, cell[TAIL_KEY], &plain, &stored)) {
        return false;
    }
    wmbt_rawtail_expect expect = {&wmbt_shape_deepseek_v4_flash, 0};
    wmbt_rawtail_info info;
    bool good = wmbt_rawtail_read(wmbt_view_of(plain.data, plain.len), &expect, &info) == WMBT_OK &&
                info.total_tokens == number_of(cell[TAIL_TOKENS]) &&
                rows_add_tail(y->x, wmbt_view_of(plain.data, plain.len), y->usable) &&
                wmbt_reader_object_state(y->r, WMBT_READER_TAIL, &state) == WMBT_OK &&
                state.bytes == stored &&
                pieces_agree(y, WMBT_READER_TAIL, &plain,
                             y->counts ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED);
    y->bytes_to_read += y->counts ? stored : 0u;
    free(plain.data);
    return good;
}

/* A tail that fits is placed, whether it counts or not; one that its head rules out is not. */
static bool tail_rows_agree(char *cell[COLUMNS], result *y)
{
    uint32_t tokens = number_of(cell[TAIL_TOKENS]);
    bool ruled_out = tokens < y->usable * y->x->block_tokens || tokens > number_of(cell[TOKENS]);
    char key[WMBT_OBJKEY_MAX_BYTES + 1u];
    size_t len = 0;
    if (y->usable == 0u || y->plan.tail_status == WMBT_MISSING) {
        return true;
    }
    if (wmbt_reader_object_key(y->r, WMBT_READER_TAIL, wmbt_buf_of(key, sizeof key - 1u), &len) !=
            WMBT_OK ||
        len != strlen(cell[TAIL_KEY]) || memcmp(key, cell[TAIL_KEY], len) != 0) {
        return false;
    }
    if (y->plan.tail_status == WMBT_OK) {
        return !ruled_out && used_tail_agrees(cell, y);
    }
    if (y->plan.tail_status != WMBT_DOES_NOT_FIT || !ruled_out) {
        rows_any_tail(y->x, y->usable);
    }
    return true;
}

/* docs/REUSE.md: from where a run is exact without a tail. */
static uint32_t exact_without_tail(int64_t boundary, int64_t tokens)
{
    int64_t from = (boundary < tokens ? boundary : tokens - 1) - 43 * 127;
    for (int64_t layer = 2; layer < 43; layer += 2) {
        from = boundary - 4 - layer * 127 < from ? boundary - 4 - layer * 127 : from;
    }
    return from > 0 ? (uint32_t)from : 0u;
}

static bool plan_agrees(char *cell[COLUMNS], result *y, bool trust)
{
    const wmbt_plan *plan = &y->plan;
    uint32_t tokens = number_of(cell[TOKENS]), tail = number_of(cell[TAIL_TOKENS]);
    uint32_t boundary = number_of(cell[USABLE]) * number_of(cell[BLOCK_TOKENS]);
    uint32_t restored = number_of(cell[trust ? RESTORED_TRUSTED : RESTORED]);
    y->counts = plan->tail_status == WMBT_OK && (trust || tail == boundary);
    uint32_t from = y->counts ? restored : exact_without_tail(boundary, tokens);
    return y->usable == number_of(cell[USABLE]) && y->upstream.run_from == restored &&
           y->upstream.load_blocks == y->usable &&
           y->upstream.run_tokens == number_of(cell[trust ? PREFILL_TRUSTED : PREFILL]) &&
           plan->run_from == from && plan->run_tokens == tokens - from &&
           plan->saved_tokens == from && plan->exact == 1u &&
           plan->load_blocks == (from != 0u ? y->usable : 0u) &&
           (plan->load_tail != 0u) == y->counts &&
           (plan->logits_only != 0u) == (y->counts && tail == tokens) &&
           verdicts_agree(y->r, cell[VERDICTS]) && tail_agrees(plan, y->usable, cell[TAIL_VERDICT]);
}

static bool plans(result *y)
{
    wmbt_plan_input input;
    y->usable = wmbt_reader_usable_blocks(y->r);
    if (wmbt_reader_plan(y->r, &y->plan) != WMBT_OK ||
        wmbt_reader_plan_input(y->r, &input) != WMBT_OK) {
        return false;
    }
    input.flags |= WMBT_PLAN_INEXACT;
    return wmbt_plan_make(&input, &y->upstream) == WMBT_OK;
}

/* --- a run ------------------------------------------------------------------------------------ */

typedef struct how {
    int schedule;
    bool trust;
    bool part; /* some rows are not wanted */
} how;

static uint32_t *read_prompt(const char *prompt, uint32_t *count)
{
    char name[256];
    (void)snprintf(name, sizeof name, "%s.u32", prompt);
    wmbt_view file = read_file("prompts", name);
    *count = (uint32_t)(file.len / 4u);
    uint32_t *tokens = need(malloc(file.len + 1u));
    for (uint32_t i = 0; i < *count; i++) {
        const uint8_t *p = file.data + 4u * i;
        tokens[i] = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    free((void *)(uintptr_t)file.data);
    return tokens;
}

static void configure(const rows *x, wmbt_reader_config *config)
{
    memset(config, 0, sizeof *config);
    config->shape = &wmbt_shape_deepseek_v4_flash;
    config->max_blocks = x->slots;
    config->in_flight = MAX_OPEN;
    config->max_object_bytes = MAX_OBJECT;
    config->memory = wmbt_buf_of(x->memory, x->len);
    config->places = x->place;
    config->codec = codec;
}

static wmbt_status start(char *cell[COLUMNS], bool trust, wmbt_reader *r)
{
    wmbt_reader_prompt prompt;
    memset(&prompt, 0, sizeof prompt);
    prompt.chain.dialect = WMBT_CHAIN_DS4;
    prompt.chain.block_tokens = number_of(cell[BLOCK_TOKENS]);
    prompt.chain.quant_bits = number_of(cell[BITS]);
    prompt.chain.fingerprint = view_of(cell[FINGERPRINT]);
    prompt.prefix = view_of(cell[PREFIX]);
    prompt.name_space = view_of(cell[NAMESPACE]);
    prompt.flags = WMBT_READER_AUDIT | (trust ? WMBT_READER_TRUST_TAIL : 0u);
    return wmbt_reader_start(r, &prompt);
}

static bool one_run(char *cell[COLUMNS], const how *h)
{
    uint32_t count;
    uint32_t *tokens = read_prompt(cell[NAME], &count);
    rows x;
    /* a block more than there are: its room stays untouched */
    rows_init(&x, number_of(cell[BLOCK_TOKENS]), number_of(cell[FULL_BLOCKS]) + 1u, h->part);
    wmbt_reader_config config;
    configure(&x, &config);
    run z = {0};
    z.schedule = h->schedule;
    size_t bytes = WMBT_READER_BYTES(config.max_blocks, MAX_OPEN);
    uint8_t *memory = need(malloc(bytes));
    result y = {0};
    bool good = count == number_of(cell[TOKENS]) &&
                wmbt_reader_init(wmbt_buf_of(memory, bytes), &config, 1, &z.r) == WMBT_OK &&
                start(cell, h->trust, z.r) == WMBT_OK &&
                wmbt_reader_tokens(z.r, tokens, count) == WMBT_OK &&
                wmbt_reader_end(z.r, count) == WMBT_OK;
    if (good) {
        drive(&z);
        y.r = z.r;
        y.x = &x;
        good = plans(&y) && plan_agrees(cell, &y, h->trust) && blocks_agree(cell, &y) &&
               tail_rows_agree(cell, &y) && y.upstream.bytes_to_read == y.bytes_to_read &&
               y.plan.bytes_to_read == (y.plan.load_blocks != 0u ? y.bytes_to_read : 0u) &&
               rows_agree(&x);
    }
    for (size_t i = 0; i < z.lents; i++) {
        free(z.lent[i]);
    }
    free(memory);
    free(tokens);
    rows_free(&x);
    return good;
}

/* --- the table -------------------------------------------------------------------------------- */

static int number, failed;

static void say(bool good, const char *name, const char *more)
{
    failed += good ? 0 : 1;
    printf("%s %d - %s%s\n", good ? "ok" : "not ok", ++number, name, more);
    (void)fflush(stdout);
}

/* A line of the table: true if it is a prompt, whatever comes of it. */
static bool one_prompt(char *line)
{
    static const how hows[] = {{0, false, false}, {0, true, false}, {1, false, false},
                               {1, true, false},  {2, true, false}, {2, false, true},
                               {3, true, false}};
    char *cell[COLUMNS];
    int columns = 0;
    char *c = line;
    for (; c != NULL && columns < COLUMNS; columns++) {
        cell[columns] = c;
        c = strchr(c, '\t');
        if (c != NULL) {
            *c++ = '\0';
        }
    }
    if (columns != COLUMNS || c != NULL) {
        return false;
    }
    for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++) {
        char more[100];
        (void)snprintf(more, sizeof more, ", schedule %d%s%s", hows[i].schedule,
                       hows[i].trust ? ", tail trusted" : "",
                       hows[i].part ? ", some rows not wanted" : "");
        say(one_run(cell, &hows[i]), cell[NAME], more);
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: prompts DATA-DIRECTORY\n");
        return 2;
    }
    data_dir = argv[1];
    workspace = wmbt_buf_of(space, sizeof space);
    codec.decode = wmbt_zstd_codec;
    codec.context = &workspace;
    wmbt_view table = read_file(".", "prompts.tsv");
    if (table.data == NULL) {
        fprintf(stderr, "no prompts.tsv\n");
        return 2;
    }
    char *text = (char *)(uintptr_t)table.data;
    text[table.len] = '\0';
    int lines = 0, prompts = 0;
    for (size_t i = 0; i < table.len; i++) {
        lines += text[i] == '\n' ? 1 : 0;
    }
    for (char *next = strchr(text, '\n'); next != NULL && next[1] != '\0';) {
        char *line = next + 1;
        next = strchr(line, '\n');
        if (next != NULL) {
            *next = '\0';
        }
        prompts += one_prompt(line) ? 1 : 0;
    }
    say(prompts == lines - 1 && prompts >= MIN_PROMPTS, "every prompt of the table", "");
    printf("1..%d\n", number);
    free(text);
    return failed == 0 ? 0 : 1;
}
