/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks and the reader beside memcpy() and ISA-L's CRC32C over the same bytes. */
#include <isa-l/crc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "wombatkv/kvblock.h"
#include "wombatkv/reader.h"

#define TOKENS 128u
#define BLOCKS 32u
#define IN_FLIGHT 8u
#define KINDS 2u /* of rows that blocks have */

typedef struct input {
    uint8_t *object[BLOCKS];
    size_t n; /* of each */
    uint8_t *memory;
    size_t piece;
    wmbt_reader *reader;
} input;

static const wmbt_shape *const shape = &wmbt_shape_deepseek_v4_flash;

static void fail(const char *what)
{
    fprintf(stderr, "bench_speed: %s\n", what);
    exit(1);
}

/* --- one block ------------------------------------------------------------------------------- */

static void block_read(void *context, uint64_t *sink)
{
    input *in = context;
    const wmbt_kvblock_expect expect = {shape, TOKENS, 0, 0};
    wmbt_kvblock_info info;
    if (wmbt_kvblock_read(wmbt_view_of(in->object[0], in->n), &expect, &info) != WMBT_OK) {
        fail("a block is refused");
    }
    *sink += info.crc;
}

/* Header and CRC are not part of the body. */
static void block_crc(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += ~crc32_iscsi(in->object[0] + 24, (int)(in->n - 28u), ~0u);
}

static void block_push(void *context, uint64_t *sink)
{
    input *in = context;
    const wmbt_kvblock_expect expect = {shape, TOKENS, 0, 0};
    wmbt_kvblock_push push;
    wmbt_kvblock_info info;
    wmbt_status status = wmbt_kvblock_push_init(&push, &expect);
    for (size_t at = 0; at < in->n && !wmbt_status_is_error(status);) {
        size_t left = in->n - at, taken = 0;
        left = left < in->piece ? left : in->piece;
        status = wmbt_kvblock_push_feed(&push, wmbt_view_of(in->object[0] + at, left),
                                        wmbt_buf_of(in->memory + at, in->n - at), &taken);
        at += taken;
    }
    if (wmbt_kvblock_push_finish(&push, &info) != WMBT_OK) {
        fail("a block is refused");
    }
    *sink += info.crc;
}

static uint32_t copy_and_crc(const input *in, const uint8_t *object, uint8_t *to)
{
    uint32_t crc = ~crc32_iscsi((unsigned char *)(uintptr_t)object + 24, 0, ~0u);
    for (size_t at = 24; at < in->n - 4u; at += in->piece) {
        size_t left = in->n - 4u - at;
        left = left < in->piece ? left : in->piece;
        memcpy(to + at, object + at, left);
        crc = ~crc32_iscsi(to + at, (int)left, ~crc);
    }
    return crc;
}

static void block_copy(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += copy_and_crc(in, in->object[0], in->memory);
}

/* --- the reader ------------------------------------------------------------------------------ */

/* An object at once, in pieces. */
static void feed(const input *in, const wmbt_want *want)
{
    uint32_t at = 0;
    wmbt_status status = wmbt_reader_found(in->reader, want, in->n);
    while (status == WMBT_NEED_MORE && at < in->n) {
        size_t left = in->n - at, taken = 0;
        left = left < in->piece ? left : in->piece;
        status = wmbt_reader_feed(in->reader, want, at,
                                  wmbt_view_of(in->object[want->object] + at, left), &taken);
        at += (uint32_t)taken;
    }
    if (status != WMBT_END) {
        fail("the reader refuses a block");
    }
}

static void read_blocks(void *context, uint64_t *sink)
{
    static const uint8_t fingerprint[32];
    input *in = context;
    wmbt_reader_prompt prompt;
    wmbt_want want;
    memset(&prompt, 0, sizeof prompt);
    prompt.chain.dialect = WMBT_CHAIN_CORE;
    prompt.chain.block_tokens = TOKENS;
    prompt.chain.fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    prompt.prefix = WMBT_VIEW_LITERAL("kv/cabi");
    prompt.name_space = WMBT_VIEW_LITERAL("ds4-metal");
    prompt.flags = WMBT_READER_NO_TAIL;
    wmbt_status status = wmbt_reader_start(in->reader, &prompt);
    for (uint32_t i = 0; i < BLOCKS && status == WMBT_OK; i++) {
        wmbt_block_hash hash;
        memset(&hash, (int)i + 1, sizeof hash);
        status = wmbt_reader_hash(in->reader, &hash);
    }
    if (status != WMBT_OK || wmbt_reader_end(in->reader, BLOCKS * TOKENS) != WMBT_OK) {
        fail("the reader does not start");
    }
    while (wmbt_reader_next_want(in->reader, &want) == WMBT_OK) {
        feed(in, &want);
    }
    *sink += wmbt_reader_usable_blocks(in->reader);
}

static void copy_blocks(void *context, uint64_t *sink)
{
    input *in = context;
    for (size_t i = 0; i < BLOCKS; i++) {
        uint32_t crc;
        memcpy(&crc, in->object[i] + in->n - 4u, sizeof crc); /* little-endian here */
        *sink += copy_and_crc(in, in->object[i], in->memory + i * in->n) == crc;
    }
}

/* Rows of a layer and kind side by side, layer after layer. */
static void make_reader(input *in)
{
    wmbt_reader_config config;
    wmbt_reader_place *places = calloc((size_t)shape->layers * WMBT_EXTENT_KINDS, sizeof *places);
    uint64_t bytes = 0;
    memset(&config, 0, sizeof config);
    config.shape = shape;
    config.max_blocks = BLOCKS;
    config.in_flight = IN_FLIGHT;
    config.max_object_bytes = UINT32_MAX;
    config.first_bytes = UINT32_MAX;
    for (uint32_t layer = 0; places != NULL && layer < shape->layers; layer++) {
        static const uint32_t kinds[KINDS] = {WMBT_EXTENT_COMP, WMBT_EXTENT_INDEX};
        for (size_t k = 0; k < KINDS; k++) {
            wmbt_reader_place *place = &places[layer * WMBT_EXTENT_KINDS + kinds[k]];
            place->offset = bytes;
            place->wanted = 1;
            bytes += wmbt_reader_place_bytes(&config, TOKENS, layer, kinds[k]);
        }
    }
    in->memory = bench_memory((size_t)bytes);
    config.places = places;
    config.memory = wmbt_buf_of(in->memory, (size_t)bytes);
    size_t room = WMBT_READER_BYTES(BLOCKS, IN_FLIGHT);
    wmbt_buf memory = wmbt_buf_of(bench_memory(room), room);
    if (wmbt_reader_init(memory, &config, 1, &in->reader) != WMBT_OK) {
        fail("no reader");
    }
}

void bench_objects(void)
{
    static input in;
    wmbt_kvblock_walk walk;
    if (wmbt_kvblock_walk_init(&walk, shape, TOKENS) != WMBT_OK) {
        fail("no block of the shape");
    }
    in.n = (size_t)walk.end + 4u;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        size_t written = 0;
        in.object[i] = bench_memory(in.n);
        wmbt_buf object = wmbt_buf_of(in.object[i], in.n);
        if (wmbt_kvblock_seal(object, shape, TOKENS, i, &written) != WMBT_OK || written != in.n) {
            fail("no block is made");
        }
    }
    make_reader(&in);
    bench_row("block of 1.76 MB, read", "ISA-L", 1.05, block_read, block_crc, &in);
    static const struct {
        size_t bytes;
        const char *name;
        double reader_goal;
    } pieces[] = {{1500, "1,500 B", 0.6}, {65536, "64 KiB", 0.85}};
    for (size_t i = 0; i < 2u; i++) {
        char text[64];
        in.piece = pieces[i].bytes;
        (void)snprintf(text, sizeof text, "block pushed and copied, pieces of %s", pieces[i].name);
        bench_row(text, "memcpy, then ISA-L", 0.7, block_push, block_copy, &in);
        (void)snprintf(text, sizeof text, "reader, 32 blocks placed, pieces of %s", pieces[i].name);
        bench_row(text, "memcpy, then ISA-L", pieces[i].reader_goal, read_blocks, copy_blocks, &in);
    }
}
