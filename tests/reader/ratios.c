/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What order costs the reader: ratios SCENARIO. Does one thing, in measured(), whose instructions
 * ratios.py counts. A plain block comes in pieces of one size, in order or not; or wants are asked
 * for with few and many objects in flight. Hosted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/wombatkv.h"

#define BLOCK_TOKENS 128u
#define PIECE 1500u
#define SMALL 64u
#define QUEUES 4u
#define MANY 1024u
#define WANTS 16384u /* asked for, all together */

static const wmbt_shape *shape = &wmbt_shape_deepseek_v4_flash;
static wmbt_shape_layer deep_layers[256];
static wmbt_shape deep;
static wmbt_reader *r;
static wmbt_want want;
static uint8_t *object;
static size_t object_bytes;

static void need(bool condition)
{
    if (!condition) {
        fprintf(stderr, "a call has failed\n");
        exit(2);
    }
}

static void start(uint32_t in_flight, uint32_t blocks)
{
    static const wmbt_reader_config zero;
    static const wmbt_reader_prompt zero_prompt;
    static const uint8_t fingerprint[32] = {1};
    wmbt_reader_config config = zero;
    wmbt_reader_prompt prompt = zero_prompt;
    wmbt_block_hash hash;
    size_t bytes = WMBT_READER_BYTES(blocks, in_flight);
    config.shape = shape;
    config.max_blocks = blocks;
    config.in_flight = in_flight;
    config.max_object_bytes = 64u << 20;
    prompt.chain.dialect = WMBT_CHAIN_CORE;
    prompt.chain.block_tokens = BLOCK_TOKENS;
    prompt.chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    prompt.prefix = wmbt_view_of((const uint8_t *)"p", 1);
    prompt.flags = WMBT_READER_NO_TAIL;
    need(wmbt_reader_init(wmbt_buf_of(malloc(bytes), bytes), &config, 1, &r) == WMBT_OK);
    need(wmbt_reader_start(r, &prompt) == WMBT_OK);
    for (uint32_t i = 0; i < blocks; i++) {
        memset(&hash, (int)(i & 255u), sizeof hash);
        need(wmbt_reader_hash(r, &hash) == WMBT_OK);
    }
    need(wmbt_reader_end(r, blocks * BLOCK_TOKENS) == WMBT_OK);
}

/* A block of noise whose first bytes have been fed: the want is for the rest. */
static void open_block(void)
{
    wmbt_kvblock_walk walk;
    size_t taken;
    uint32_t state = 1;
    need(wmbt_kvblock_walk_init(&walk, shape, BLOCK_TOKENS) == WMBT_OK);
    object_bytes = (size_t)walk.end + 4u;
    object = malloc(object_bytes);
    for (size_t i = 0; i < object_bytes; i++) {
        state = state * 1664525u + 1013904223u;
        object[i] = (uint8_t)(state >> 24);
    }
    need(wmbt_kvblock_seal(wmbt_buf_of(object, object_bytes), shape, BLOCK_TOKENS, 0,
                           &object_bytes) == WMBT_OK);
    start(1, 1);
    need(wmbt_reader_next_want(r, &want) == WMBT_OK);
    need(wmbt_reader_found(r, &want, object_bytes) == WMBT_NEED_MORE);
    need(wmbt_reader_feed(r, &want, 0, wmbt_view_of(object, WMBT_READER_HEADER_BYTES), &taken) ==
         WMBT_OK);
    need(wmbt_reader_next_want(r, &want) == WMBT_OK && want.kind == WMBT_WANT_RANGE);
    need(want.offset + want.bytes == object_bytes);
}

static void feed_piece(uint32_t number, uint32_t piece)
{
    uint32_t at = want.offset + number * piece, end = want.offset + want.bytes;
    size_t taken, n = end - at < piece ? end - at : piece;
    wmbt_status status = wmbt_reader_feed(r, &want, at, wmbt_view_of(object + at, n), &taken);
    need((status == WMBT_NEED_MORE || status == WMBT_END) && taken == n);
}

static uint32_t pieces(uint32_t piece)
{
    return (want.bytes + piece - 1u) / piece;
}

void in_order(uint32_t piece);
void in_reverse(uint32_t piece);
void in_queues(uint32_t piece);
void place_rows(uint32_t piece);
void ask(uint32_t in_flight);

void in_order(uint32_t piece)
{
    for (uint32_t i = 0; i < pieces(piece); i++) {
        feed_piece(i, piece);
    }
}

void in_reverse(uint32_t piece)
{
    for (uint32_t i = pieces(piece); i-- > 0u;) {
        feed_piece(i, piece);
    }
}

/* Each queue brings a part of the object, in turn. */
void in_queues(uint32_t piece)
{
    uint32_t all = pieces(piece), part = (all + QUEUES - 1u) / QUEUES;
    for (uint32_t i = 0; i < part; i++) {
        for (uint32_t q = 0; q < QUEUES && q * part + i < all; q++) {
            feed_piece(q * part + i, piece);
        }
    }
}

/* Rows in place, told of in order, in pieces of one size; what lies between them is fed. */
void place_rows(uint32_t piece)
{
    uint32_t at = want.offset;
    wmbt_piece p;
    while (wmbt_reader_piece(r, 0, at, NULL, &p) == WMBT_OK) {
        uint32_t n = p.kind != WMBT_EXTENT_FIELD && p.bytes > piece ? piece : p.bytes;
        size_t taken;
        wmbt_status status =
            p.kind == WMBT_EXTENT_FIELD
                ? wmbt_reader_feed(r, &want, at, wmbt_view_of(object + at, n), &taken)
                : wmbt_reader_placed(r, &want, at, n, wmbt_crc32c(0, wmbt_view_of(object + at, n)));
        need(status == WMBT_NEED_MORE || status == WMBT_END);
        at += n;
    }
}

void ask(uint32_t in_flight)
{
    wmbt_want *open = calloc(in_flight, sizeof *open);
    need(open != NULL);
    for (uint32_t i = 0; i < in_flight; i++) {
        need(wmbt_reader_next_want(r, &open[i]) == WMBT_OK);
    }
    for (uint32_t i = in_flight; i < WANTS; i++) { /* one is withdrawn and comes again */
        wmbt_want *w = &open[i * 389u % in_flight];
        need(wmbt_reader_retry(r, w) == WMBT_OK);
        need(wmbt_reader_next_want(r, w) == WMBT_OK);
    }
    free(open);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(uint32_t);
        uint32_t number;
        bool is_deep;
    } scenarios[] = {
        {"order", in_order, PIECE, false},
        {"reverse", in_reverse, PIECE, false},
        {"queues", in_queues, PIECE, false},
        {"placed", place_rows, 1024, false},
        {"small-order", in_order, SMALL, true},
        {"small-reverse", in_reverse, SMALL, true},
        {"one", ask, 1, false},
        {"many", ask, MANY, false},
    };
    for (uint32_t i = 0; i < 256u; i++) {
        deep_layers[i].ratio = 4;
    }
    deep = (wmbt_shape){deep_layers, 256, 4, 0, 4, 8};
    for (size_t i = 0; argc == 2 && i < sizeof scenarios / sizeof scenarios[0]; i++) {
        if (strcmp(argv[1], scenarios[i].name) == 0) {
            shape = scenarios[i].is_deep ? &deep : shape;
            if (scenarios[i].run == ask) {
                start(scenarios[i].number, MANY);
            } else {
                open_block();
            }
            scenarios[i].run(scenarios[i].number);
            need(scenarios[i].run == ask || wmbt_reader_usable_blocks(r) == 1u);
            return 0;
        }
    }
    fprintf(stderr, "usage: ratios SCENARIO\n");
    return 2;
}
