/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket that a seed makes: SEEDS FIRST-LAYER END-LAYER SLOTS [FIRST-SEED]. Plays two
 * prompts that
 * share their first blocks, one after the other, on a board that is as bad as the seed says; some
 * blocks and tails are missing or damaged, some compressed. The example must come to a plan each
 * time; when it says that rows are restored, the engine must have ended, and those that the plan
 * counts must be the right ones. Layers FIRST to END - 1 are kept, as layout.c lays them out, with
 * SLOTS blocks each (0: the example keeps no rows). Prints TAP.
 *
 * The examples are compiled for the shape below: -Dwmbt_shape_deepseek_v4_flash=bucket_shape.
 */
#include "board_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wombatkv/chain.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/objkey.h"
#include "wombatkv/rawtail.h"

#define BLOCK_TOKENS 128u
#define BLOCKS 6u
#define SHARED 3u /* blocks that both prompts begin with */
#define PROMPTS 2u
#define OBJECTS (2u * PROMPTS * BLOCKS)
#define OBJECT_BYTES (400u << 10)
#define MAX_PAGES 64u

extern const wmbt_shape bucket_shape;

static const wmbt_shape_layer layers[] = {
    {0, 0, 0}, {0, 0, 0}, {4, 1, 1},   {128, 0, 0}, {4, 1, 1},  {128, 0, 0}, {4, 1, 1},
    {8, 0, 0}, {4, 1, 0}, {128, 0, 0}, {4, 1, 1},   {32, 0, 1}, {4, 1, 1},
};
#define LAYERS ((uint32_t)(sizeof layers / sizeof layers[0]))
const wmbt_shape bucket_shape = {layers, sizeof layers / sizeof layers[0], 12, 5, 4, 24};

static struct object {
    char key[300];
    size_t key_len;
    uint8_t *plain;
    size_t plain_len;
    uint8_t *stored; /* NULL: not there */
    size_t stored_len;
    bool good;
    uint32_t asked; /* how often */
} objects[OBJECTS];

static uint32_t tokens[PROMPTS][BLOCKS * BLOCK_TOKENS + BLOCK_TOKENS];
static uint32_t token_count[PROMPTS];
static board_command command = {{NULL, 0}, {NULL, 0},    {NULL, 0}, {NULL, 0},
                                2,         BLOCK_TOKENS, NULL,      0};
static uint32_t mode, first_layer, end_layer, slots, prompt;
static uint32_t page[MAX_PAGES]; /* what the example says of its pages */
static char said[4096];          /* since the prompt began */
static bool restored;

static void need(bool condition, const char *what)
{
    if (!condition) {
        board_give_up(what);
    }
}

/* --- objects ---------------------------------------------------------------------------------- */

static struct object *block_of(uint32_t p, uint32_t b)
{
    return &objects[(b < SHARED ? 0u : p) * BLOCKS + b];
}

static struct object *tail_of(uint32_t p, uint32_t blocks)
{
    return &objects[PROMPTS * BLOCKS + (blocks <= SHARED ? 0u : p) * BLOCKS + blocks - 1u];
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4u; i++) {
        p[i] = (uint8_t)(v >> (8u * i));
    }
}

/* "WBZ1", algorithm, level, length; for zstd a frame of raw blocks (RFC 8878, 3.1.1). */
static void wrap(struct object *o, bool zstd)
{
    uint8_t *to = malloc(2u * OBJECT_BYTES);
    size_t at = 10;
    need(to != NULL, "no memory");
    memcpy(to, "WBZ1", 4);
    to[4] = zstd ? 1 : 0;
    to[5] = 3;
    put_u32(to + 6, (uint32_t)o->plain_len);
    if (zstd) {
        put_u32(to + at, 0xFD2FB528u);
        to[at + 4u] = 0xA0; /* content size in 4 bytes, single segment */
        put_u32(to + at + 5u, (uint32_t)o->plain_len);
        at += 9u;
    }
    for (size_t from = 0; from < o->plain_len;) {
        size_t n = zstd ? 1u + board_below(9000) : o->plain_len;
        n = n < o->plain_len - from ? n : o->plain_len - from;
        if (zstd) {
            put_u32(to + at, (uint32_t)(n << 3) | (from + n == o->plain_len ? 1u : 0u));
            at += 3u;
        }
        memcpy(to + at, o->plain + from, n);
        at += n;
        from += n;
    }
    free(o->stored);
    o->stored = to;
    o->stored_len = at;
}

/* A block's object or a tail's is sealed in o->plain: how is it stored? */
static void store(struct object *o)
{
    o->good = true;
    o->stored = malloc(o->plain_len + 8u);
    need(o->stored != NULL, "no memory");
    memcpy(o->stored, o->plain, o->plain_len);
    o->stored_len = o->plain_len;
    uint32_t fault = board_below(40);
    if (fault < 4u) {
        o->good = false;
    }
    switch (fault) {
    case 0: o->stored[32u + board_below((uint32_t)o->plain_len - 32u)] ^= 1u; return;
    case 1: o->stored_len = board_below((uint32_t)o->plain_len); return;
    case 2: /* the first number is wrong, all rows behind it are not the model's */
        memset(o->stored + 40u, 0xEE, o->plain_len - 40u);
        return;
    case 3:
        free(o->stored);
        o->stored = NULL;
        o->stored_len = 0;
        return;
    default: break;
    }
    uint32_t form = board_below(8);
    if (form < 2u) {
        wrap(o, form == 0u);
        if (board_below(24) == 0u) {
            o->good = false;
            o->stored[10u + board_below((uint32_t)o->stored_len - 10u)] ^= 2u;
        }
    }
}

static void noise(struct object *o, size_t bytes)
{
    need(bytes <= OBJECT_BYTES, "a larger object");
    o->plain = malloc(bytes);
    need(o->plain != NULL, "no memory");
    for (size_t i = 0; i < bytes; i++) {
        o->plain[i] = (uint8_t)(board_below(256));
    }
}

static void make_key(struct object *o, uint32_t kind, const wmbt_block_hash *hash)
{
    static const wmbt_objkey zero;
    wmbt_objkey key = zero;
    key.kind = kind;
    key.prefix = command.prefix;
    key.name_space = command.name_space;
    memcpy(&key.hash, hash, sizeof key.hash);
    need(wmbt_objkey_build(&key, 0, wmbt_buf_of((uint8_t *)o->key, sizeof o->key), &o->key_len) ==
             WMBT_OK,
         "no key");
}

static void make_block(struct object *o, uint32_t b, const wmbt_block_hash *hash)
{
    wmbt_kvblock_walk walk;
    need(wmbt_kvblock_walk_init(&walk, &bucket_shape, BLOCK_TOKENS) == WMBT_OK, "walk");
    noise(o, (size_t)walk.end + 4u);
    need(wmbt_kvblock_seal(wmbt_buf_of(o->plain, (size_t)walk.end + 4u), &bucket_shape,
                           BLOCK_TOKENS, b, &o->plain_len) == WMBT_OK,
         "seal");
    make_key(o, WMBT_OBJKEY_BLOCK, hash);
    store(o);
}

static void make_tail(struct object *o, uint32_t p, uint32_t blocks, const wmbt_block_hash *hash)
{
    uint32_t end = blocks * BLOCK_TOKENS, room = token_count[p] - end;
    uint32_t total = end + board_below(room < BLOCK_TOKENS ? room + 1u : BLOCK_TOKENS);
    uint32_t raw = total < bucket_shape.window ? total : bucket_shape.window;
    wmbt_rawtail_walk walk;
    need(wmbt_rawtail_walk_init(&walk, &bucket_shape, total, raw, end) == WMBT_OK, "tail's walk");
    noise(o, (size_t)walk.end);
    need(wmbt_rawtail_seal(wmbt_buf_of(o->plain, (size_t)walk.end), &bucket_shape, total, raw, end,
                           &o->plain_len) == WMBT_OK,
         "seal");
    make_key(o, WMBT_OBJKEY_RAW_TAIL, hash);
    store(o);
}

static void make_prompt(uint32_t p)
{
    static WMBT_MEMORY(memory, WMBT_CHAIN_BYTES(BLOCK_TOKENS));
    static const wmbt_chain_config zero;
    wmbt_chain_config config = zero;
    wmbt_chain *chain;
    wmbt_block_hash hash;
    config.dialect = WMBT_CHAIN_DS4;
    config.block_tokens = BLOCK_TOKENS;
    config.quant_bits = command.quant_bits;
    config.fingerprint = command.fingerprint;
    token_count[p] = BLOCKS * BLOCK_TOKENS + board_below(BLOCK_TOKENS);
    for (uint32_t i = 0; i < token_count[p]; i++) {
        tokens[p][i] = i < SHARED * BLOCK_TOKENS && p != 0u ? tokens[0][i] : board_below(129280);
    }
    need(wmbt_chain_init(wmbt_buf_of((uint8_t *)memory, sizeof memory), &config, &chain) == WMBT_OK,
         "chain");
    for (uint32_t b = 0; b < BLOCKS; b++) {
        size_t taken;
        need(wmbt_chain_push(chain, tokens[p] + b * BLOCK_TOKENS, BLOCK_TOKENS, &taken, &hash) ==
                 WMBT_OK,
             "hash");
        if (block_of(p, b)->key_len == 0u) {
            make_block(block_of(p, b), b, &hash);
            make_tail(tail_of(p, b + 1u), p, b + 1u, &hash);
        }
    }
}

wmbt_view bucket_object(wmbt_view key)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        if (objects[i].key_len == key.len && memcmp(objects[i].key, key.data, key.len) == 0) {
            objects[i].asked++;
            return wmbt_view_of(objects[i].stored, objects[i].stored_len);
        }
    }
    return wmbt_view_of(NULL, 0);
}

/* --- what must be ----------------------------------------------------------------------------- */

/* Blocks from the first on that are good. */
static uint32_t good_blocks(uint32_t p)
{
    uint32_t n = 0;
    while (n < BLOCKS && block_of(p, n)->good) {
        n++;
    }
    return n;
}

static uint32_t rows_of(uint32_t layer, uint32_t kind)
{
    const wmbt_shape_layer *l = &layers[layer];
    bool index = kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
    if (kind == WMBT_EXTENT_RAW) {
        return bucket_shape.window;
    }
    if (kind == WMBT_EXTENT_FIELD || l->ratio == 0u || (index && l->has_index == 0u)) {
        return 0;
    }
    return kind < WMBT_EXTENT_RAW ? BLOCK_TOKENS / l->ratio
                                  : l->ratio * (l->overlaps != 0u ? 2u : 1u);
}

/* Where the rows of a layer and kind begin; their end if they were the last. */
static size_t region_of(uint32_t layer, uint32_t kind)
{
    size_t at = 0;
    for (uint32_t i = first_layer * WMBT_EXTENT_KINDS; i < layer * WMBT_EXTENT_KINDS + kind; i++) {
        uint32_t l = i / WMBT_EXTENT_KINDS, k = i % WMBT_EXTENT_KINDS;
        uint32_t n = rows_of(l, k);
        n *= n == 0u ? 0u : wmbt_shape_row_bytes(&bucket_shape, l, k);
        at += k < WMBT_EXTENT_RAW ? (size_t)slots * n : n;
    }
    return at;
}

static void check_extent(wmbt_view rows, const wmbt_extent *x, const struct object *o, uint32_t at)
{
    if (x->kind == WMBT_EXTENT_FIELD || x->layer < first_layer || x->layer >= end_layer) {
        return;
    }
    size_t place = region_of(x->layer, x->kind);
    if (x->kind < WMBT_EXTENT_RAW) {
        place += (size_t)page[at] * rows_of(x->layer, x->kind) *
                 wmbt_shape_row_bytes(&bucket_shape, x->layer, x->kind);
    }
    need(place + x->bytes <= rows.len, "a place behind the cache");
    need(memcmp(rows.data + place, o->plain + x->offset, x->bytes) == 0,
         "a row that the plan counts is another");
}

static uint32_t number_behind(const char *word)
{
    const char *at = strstr(said, word);
    need(at != NULL, "no such word in what it printed");
    return (uint32_t)strtoul(at + strlen(word), NULL, 10);
}

static bool tail_counts(void)
{
    return strstr(said, " and the tail") != NULL;
}

void bucket_restored(wmbt_view rows)
{
    uint32_t blocks = number_behind("plan: load blocks ");
    wmbt_body_part item;
    restored = true;
    need(!board_may_write(), "the engine may still write");
    need(rows.len >= region_of(end_layer, 0), "a smaller cache");
    for (uint32_t b = 0; b < blocks; b++) {
        wmbt_kvblock_walk walk;
        need(wmbt_kvblock_walk_init(&walk, &bucket_shape, BLOCK_TOKENS) == WMBT_OK, "walk");
        while (wmbt_kvblock_walk_next(&walk, &item) == WMBT_OK) {
            check_extent(rows, &item.extent, block_of(prompt, b), b);
        }
    }
    if (tail_counts()) {
        const struct object *o = tail_of(prompt, blocks);
        static const wmbt_rawtail_expect expect = {&bucket_shape, 0};
        wmbt_rawtail_info info;
        wmbt_rawtail_walk walk;
        need(wmbt_rawtail_read(wmbt_view_of(o->plain, o->plain_len), &expect, &info) == WMBT_OK &&
                 wmbt_rawtail_walk_init(&walk, &bucket_shape, info.total_tokens, info.raw_rows,
                                        info.block_end) == WMBT_OK,
             "tail");
        while (wmbt_rawtail_walk_next(&walk, &item) == WMBT_OK) {
            check_extent(rows, &item.extent, o, blocks);
        }
    }
}

/* "pages: 3 1 ..." of an example with a cache of pages: where each block goes, and the tail. */
void bucket_printed(const char *text)
{
    size_t len = strlen(said);
    need(strlen(text) < sizeof said - len, "it prints too much");
    memcpy(said + len, text, strlen(text) + 1u);
    if (strcmp(text, "\n") != 0 || strstr(said, "pages:") == NULL) {
        return;
    }
    char *at = strstr(said, "pages:") + 6;
    for (uint32_t i = 0; i < MAX_PAGES && *at != '\n'; i++) {
        page[i] = (uint32_t)strtoul(at, &at, 10);
        at += *at == ' ' && at[1] == '\n' ? 1 : 0;
    }
}

/* --- a life ----------------------------------------------------------------------------------- */

static wmbt_view text_of(const char *text)
{
    return wmbt_view_of(text, strlen(text));
}

/* The plan of a store that gives all it has. */
static void expected_plan(wmbt_plan *plan)
{
    static const wmbt_plan_input zero;
    static const wmbt_rawtail_expect expect = {&bucket_shape, 0};
    wmbt_plan_input in = zero;
    wmbt_rawtail_info info;
    in.shape = &bucket_shape;
    in.block_tokens = BLOCK_TOKENS;
    in.prompt_tokens = token_count[prompt];
    in.usable_blocks = good_blocks(prompt);
    in.flags = WMBT_PLAN_TRUST_TAIL;
    in.tail.status = WMBT_MISSING;
    if (in.usable_blocks != 0u && tail_of(prompt, in.usable_blocks)->good) {
        const struct object *o = tail_of(prompt, in.usable_blocks);
        in.tail.status = wmbt_rawtail_read(wmbt_view_of(o->plain, o->plain_len), &expect, &info);
        in.tail.total_tokens = info.total_tokens;
        in.tail.raw_rows = info.raw_rows;
        in.tail.rows_agree = 1;
        in.tail.rows_end = info.block_end;
    }
    need(wmbt_plan_make(&in, plan) == WMBT_OK, "plan");
}

static void check_plan(uint32_t usable_before)
{
    uint32_t blocks = number_behind("plan: load blocks "), good = good_blocks(prompt);
    wmbt_plan plan;
    expected_plan(&plan);
    need(blocks <= good, "the plan loads a block that is not good");
    need(!tail_counts() || tail_of(prompt, blocks)->good, "a tail counts that is not good");
    need(restored || slots == 0u, "no rows");
    if (mode == BOARD_FAIR) {
        need(blocks == plan.load_blocks, "other blocks than are good");
        need(tail_counts() == (plan.load_tail != 0u), "the tail is good and does not count");
        need(number_behind(" from ") == plan.run_from, "another plan");
    }
    for (uint32_t b = 0; b < SHARED && b < usable_before && strstr(said, "pages:") != NULL; b++) {
        need(block_of(0, b)->asked == 0u, "a block that is resident is fetched");
    }
}

static int live(uint32_t seed)
{
    uint32_t usable = 0;
    mode = seed % 2u == 0u ? BOARD_FAIR : BOARD_HOSTILE;
    command.name = text_of("made");
    command.prefix = text_of("kv/cabi");
    command.name_space = text_of("made");
    command.fingerprint = text_of("5f1c0a9be2d74c38a6b01e92");
    board_start(mode, seed, 60);
    for (uint32_t p = 0; p < PROMPTS; p++) {
        make_prompt(p);
    }
    for (prompt = 0; prompt < PROMPTS; prompt++) {
        said[0] = '\0';
        restored = false;
        for (uint32_t i = 0; i < MAX_PAGES; i++) {
            page[i] = i;
        }
        for (size_t i = 0; i < OBJECTS; i++) {
            objects[i].asked = 0;
        }
        command.tokens = tokens[prompt];
        command.token_count = token_count[prompt];
        need(example(&command) == 0, "the example gives up");
        check_plan(usable);
        usable = number_behind("plan: load blocks ");
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        board_give_up("usage: SEEDS FIRST-LAYER END-LAYER SLOTS [FIRST-SEED]");
    }
    uint32_t seeds = (uint32_t)strtoul(argv[1], NULL, 10), failed = 0;
    uint32_t first = argc == 6 ? (uint32_t)strtoul(argv[5], NULL, 10) : 1u;
    first_layer = (uint32_t)strtoul(argv[2], NULL, 10);
    end_layer = (uint32_t)strtoul(argv[3], NULL, 10);
    end_layer = end_layer < LAYERS ? end_layer : LAYERS;
    slots = (uint32_t)strtoul(argv[4], NULL, 10);
    if (seeds == 1u) {
        return live(first); /* for a debugger */
    }
    for (uint32_t seed = first; seed < first + seeds; seed++) {
        int status = -1;
        (void)fflush(stdout);
        pid_t child = fork(); /* a life of its own: examples have static memory */
        if (child == 0) {
            (void)alarm(60);
            exit(live(seed));
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            printf("# seed %u: status %#x\n", (unsigned)seed, (unsigned)status);
            failed++;
        }
    }
    printf("1..1\n%sok 1 - %u lives on a hostile board, %u failed\n", failed == 0u ? "" : "not ",
           (unsigned)seeds, (unsigned)failed);
    return failed == 0u && seeds != 0u ? 0 : 1;
}
