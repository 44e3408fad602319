/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd frames beside libzstd, each in one call into a buffer of the right size: the sample bucket's
 * objects as they are stored, the engine's blocks encoded by libzstd, and made keys and values in
 * the types that engines store. The peer uses assembly and the CPU's instructions where it has
 * them.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <zstd.h>

#include "bench.h"
#include "wombatkv/compressed.h"
#include "wombatkv/zstd.h"

#define MOST ((size_t)32 << 20)
#define OBJECTS 256u

typedef struct frame {
    uint8_t *data;
    size_t len;
    size_t raw;
} frame;

typedef struct input {
    frame frames[OBJECTS];
    size_t count;
    size_t raw; /* of all */
} input;

static uint8_t *out;
static ZSTD_DCtx *decoder;
static _Alignas(WMBT_ZSTD_ALIGN) uint8_t workspace[WMBT_ZSTD_WORKSPACE_BYTES];

static void ours(void *context, uint64_t *sink)
{
    input *in = context;
    for (size_t i = 0; i < in->count; i++) {
        size_t made = 0;
        wmbt_status status = wmbt_zstd_decode(wmbt_buf_of(workspace, sizeof workspace),
                                              wmbt_view_of(in->frames[i].data, in->frames[i].len),
                                              wmbt_buf_of(out, in->frames[i].raw), &made);
        if (status != WMBT_OK || made != in->frames[i].raw) {
            fprintf(stderr, "does not decode\n");
            exit(1);
        }
        *sink += out[made / 2u];
    }
}

static void libzstd(void *context, uint64_t *sink)
{
    input *in = context;
    for (size_t i = 0; i < in->count; i++) {
        size_t made = ZSTD_decompressDCtx(decoder, out, in->frames[i].raw, in->frames[i].data,
                                          in->frames[i].len);
        *sink += out[made / 2u];
    }
}

static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    struct stat s;
    if (f == NULL || stat(path, &s) != 0 || s.st_size <= 0) {
        return NULL;
    }
    uint8_t *data = malloc((size_t)s.st_size);
    *n = data == NULL ? 0u : fread(data, 1, (size_t)s.st_size, f);
    (void)fclose(f);
    return data;
}

static void take(input *in, const uint8_t *data, size_t len, size_t raw)
{
    frame *f = &in->frames[in->count];
    if (in->count == OBJECTS || raw > MOST || (f->data = malloc(len)) == NULL) {
        return;
    }
    memcpy(f->data, data, len);
    f->len = len;
    f->raw = raw;
    in->count++;
    in->raw += raw;
}

/* Wrapped objects below a directory whose frames decode and whose level is the one wanted. */
static void collect(input *in, const char *folder, unsigned level, size_t from, size_t to)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e = dir == NULL ? NULL : readdir(dir); e != NULL; e = readdir(dir)) {
        char path[4096];
        struct stat s;
        wmbt_compressed_info info;
        wmbt_view payload;
        if (e->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (stat(path, &s) == 0 && S_ISDIR(s.st_mode)) {
            collect(in, path, level, from, to);
            continue;
        }
        size_t n = 0;
        uint8_t *data = read_file(path, &n);
        if (data != NULL &&
            wmbt_compressed_parse(wmbt_view_of(data, n), &info, &payload) == WMBT_OK &&
            info.algorithm == WMBT_COMPRESSED_ZSTD && info.level == level &&
            info.plain_bytes >= from && info.plain_bytes <= to &&
            ZSTD_decompressDCtx(decoder, out, info.plain_bytes, payload.data, payload.len) ==
                info.plain_bytes) {
            take(in, payload.data, payload.len, info.plain_bytes);
        }
        free(data);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

/* `goal` 0: none. */
static void compare(const char *name, double goal, input *in)
{
    if (in->count != 0u && (goal > 0 || bench_all())) {
        bench_row(name, "libzstd", goal, ours, libzstd, in);
    }
    for (size_t i = 0; i < in->count; i++) {
        free(in->frames[i].data);
    }
}

static void encoded(const char *name, double goal, const uint8_t *raw, size_t n, int level)
{
    input in;
    char title[64];
    size_t room = ZSTD_compressBound(n);
    uint8_t *coded = malloc(room);
    memset(&in, 0, sizeof in);
    size_t len = coded == NULL ? 0u : ZSTD_compress(coded, room, raw, n, level);
    take(&in, coded, len, n);
    (void)snprintf(title, sizeof title, "zstd: %s -%d (%.2f)", name, level,
                   (double)n / (double)len);
    compare(title, goal, &in);
    free(coded);
}

/* --- made data ------------------------------------------------------------------------------- */

static uint32_t next(void)
{
    static uint32_t x = 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

/* About normal, variance 1. */
static double normal(void)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        sum += (double)(next() >> 8) / 16777216.0;
    }
    return sum - 6;
}

#define CHANNELS 128u

/* Heads of 128 channels: each has its scale, and a token's value is like the one before it. */
static void make_values(float *to, size_t n)
{
    double scale[CHANNELS], last[CHANNELS];
    for (size_t i = 0; i < CHANNELS; i++) {
        scale[i] = exp(0.7 * normal());
        last[i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        size_t c = i % CHANNELS;
        last[c] = 0.3 * last[c] + 0.95 * normal();
        to[i] = (float)(0.5 * scale[c] * last[c]);
    }
}

static uint32_t bits_of(float v)
{
    uint32_t bits;
    memcpy(&bits, &v, 4);
    return bits;
}

/* A float with so many bits of exponent and fraction, as a number; small ones become 0, large ones
 * the largest. */
static uint32_t narrow(float v, unsigned exponent_bits, unsigned fraction_bits)
{
    uint32_t bits = bits_of(v), sign = bits >> 31 << (exponent_bits + fraction_bits);
    int exponent = (int)(bits >> 23 & 255u) - 127 + (1 << (exponent_bits - 1u)) - 1;
    int most = (1 << exponent_bits) - 2;
    if (exponent <= 0) {
        return sign;
    }
    uint32_t fraction = (bits & 0x7FFFFFu) >> (23u - fraction_bits);
    return sign | (uint32_t)(exponent > most ? most : exponent) << fraction_bits | fraction;
}

static void put(uint8_t *p, uint32_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        p[i] = (uint8_t)(v >> 8 * i);
    }
}

#define PAGE ((size_t)1 << 20)

static float values[PAGE];
static uint8_t page[PAGE], planes[PAGE];

static void fill(unsigned bytes, unsigned exponent_bits, unsigned fraction_bits)
{
    for (size_t i = 0; i < PAGE / bytes; i++) {
        put(page + bytes * i, narrow(values[i], exponent_bits, fraction_bits), bytes);
    }
}

static void made_rows(void)
{
    make_values(values, PAGE);
    fill(2, 8, 7);
    encoded("bf16", 0.92, page, PAGE, 3);
    encoded("bf16", 0.92, page, PAGE, 1);
    encoded("bf16", 0, page, PAGE, 19);
    for (size_t i = 0; i < PAGE / 2u; i++) {
        planes[i] = page[2u * i];
        planes[PAGE / 2u + i] = page[2u * i + 1u];
    }
    encoded("bf16 in byte planes", 1.0, planes, PAGE, 3);
    encoded("bf16 in byte planes", 1.0, planes, PAGE, 1);
    memset(page + PAGE / 2u, 0, PAGE / 2u);
    encoded("bf16, half of the page zero", 1.0, page, PAGE, 3);
    for (size_t i = 0; i < PAGE / 2u; i++) {
        put(page + 2u * i, (next() & 4096u) != 0u ? narrow(values[i], 8, 7) : 0u, 2);
    }
    encoded("bf16, half of the values zero", 1.0, page, PAGE, 3);
    fill(2, 5, 10);
    encoded("fp16", 0.92, page, PAGE, 3);
    fill(1, 4, 3);
    encoded("fp8", 0.92, page, PAGE, 3);
    for (size_t i = 0; i < PAGE; i++) {
        double v = 20.0 * (double)values[i];
        page[i] = (uint8_t)(int8_t)(v > 127 ? 127 : v < -127 ? -127 : v);
    }
    encoded("int8", 1.0, page, PAGE, 3);
    fill(4, 8, 23);
    encoded("fp32", 0.92, page, PAGE, 3);
    for (size_t i = 0; i < PAGE / 4u; i++) {
        put(page + 4u * i, narrow(values[i], 8, 7) << 16, 4);
    }
    encoded("bf16 widened to fp32", 1.0, page, PAGE, 3);
    static const char *const words[] = {"wombat ", "kv ", "block ",  "0000",
                                        "cache ",  "\n",  "prefix-", "hash="};
    for (size_t i = 0; i < PAGE;) {
        for (const char *w = words[next() >> 29]; *w != 0 && i < PAGE; w++) {
            page[i++] = (uint8_t)*w;
        }
    }
    encoded("words", 0, page, PAGE, 3);
    encoded("words", 0, page, PAGE, 19);
}

/* --- golden data ----------------------------------------------------------------------------- */

static void golden_rows(const char *data)
{
    static input in;
    char path[4096], name[64];
    static const unsigned levels[] = {1, 3, 6, 9, 19, 22};
    (void)snprintf(path, sizeof path, "%s/golden/bucket/bucket/kv", data);
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        memset(&in, 0, sizeof in);
        (void)snprintf(name, sizeof name, "zstd: bucket's blocks, level %u", levels[i]);
        collect(&in, path, levels[i], 1u << 20, 4u << 20);
        compare(name, 1.0, &in);
    }
    memset(&in, 0, sizeof in);
    collect(&in, path, 3, 4u << 20, MOST);
    compare("zstd: bucket's raw tails, level 3", 1.0, &in);
    for (unsigned kind = 1; kind < 4u; kind++) {
        size_t len = 0;
        (void)snprintf(path, sizeof path, "%s/golden/engine/b_t128_k%u_s%u.kvb1", data, kind,
                       kind == 1u ? 0u : 1u);
        (void)snprintf(name, sizeof name, "engine's block, kind %u", kind);
        uint8_t *block = read_file(path, &len);
        if (block != NULL) {
            encoded(name, 1.0, block, len, 3);
            encoded(name, 1.0, block, len, 19);
        }
        free(block);
    }
}

void bench_zstd(void)
{
    const char *data = getenv("WMBT_TEST_DATA");
    out = bench_memory(MOST);
    decoder = ZSTD_createDCtx();
    if (decoder == NULL) {
        exit(1);
    }
    made_rows();
    if (data == NULL) {
        bench_no_row("zstd: objects of the sample bucket", "libzstd", 1.0,
                     "WMBT_TEST_DATA names the unpacked data");
    } else {
        golden_rows(data);
    }
    (void)ZSTD_freeDCtx(decoder);
    free(out);
}
