/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd frames against libzstd, each in one call into a buffer of the right size: the sample
 * bucket's objects as they are stored, the engine's blocks encoded by libzstd, and made data. The
 * peer uses assembly and the CPU's instructions where it has them; the code here is portable C.
 */
#include <dirent.h>
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

static void compare(const char *name, input *in)
{
    if (in->count == 0u) {
        printf("%-28s no data\n", name);
        return;
    }
    bench_compare(name, in->raw, ours, "libzstd", libzstd, in);
    for (size_t i = 0; i < in->count; i++) {
        free(in->frames[i].data);
    }
}

static void encoded(const char *name, const uint8_t *raw, size_t n, int level)
{
    input in;
    char title[64];
    size_t room = ZSTD_compressBound(n);
    uint8_t *coded = malloc(room);
    memset(&in, 0, sizeof in);
    size_t len = coded == NULL ? 0u : ZSTD_compress(coded, room, raw, n, level);
    take(&in, coded, len, n);
    (void)snprintf(title, sizeof title, "%s -%d (%.2f)", name, level, (double)n / (double)len);
    compare(title, &in);
    free(coded);
}

static uint32_t next(void)
{
    static uint32_t x = 1;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

/* Sums of random bits: like normal values, so that exponents cluster. */
static void make_bf16(uint8_t *p, size_t n)
{
    for (size_t i = 0; i + 1u < n; i += 2u) {
        float v = 0;
        for (int k = 0; k < 6; k++) {
            v += (float)(next() >> 8) / 16777216.0f - 0.5f;
        }
        v *= 0.02f * (float)(1u + i / 2u % 128u % 7u);
        uint32_t bits;
        memcpy(&bits, &v, 4);
        p[i] = (uint8_t)(bits >> 16);
        p[i + 1u] = (uint8_t)(bits >> 24);
    }
}

static void make_words(uint8_t *p, size_t n)
{
    static const char *const words[] = {"wombat ", "kv ", "block ",  "0000",
                                        "cache ",  "\n",  "prefix-", "hash="};
    for (size_t i = 0; i < n;) {
        for (const char *w = words[next() >> 29]; *w != 0 && i < n; w++) {
            p[i++] = (uint8_t)*w;
        }
    }
}

int main(void)
{
    static input in;
    char path[4096];
    const char *data = getenv("WMBT_TEST_DATA");
    size_t n = (size_t)1 << 20;
    uint8_t *made = malloc(n);
    out = malloc(MOST);
    decoder = ZSTD_createDCtx();
    if (data == NULL || made == NULL || out == NULL || decoder == NULL) {
        fprintf(stderr, "WMBT_TEST_DATA names the unpacked data\n");
        return 1;
    }
    printf("libzstd %s\n", ZSTD_versionString());
    static const unsigned levels[] = {1, 3, 6, 9, 19, 22};
    for (unsigned i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        char name[64];
        memset(&in, 0, sizeof in);
        (void)snprintf(path, sizeof path, "%s/golden/bucket/bucket/kv", data);
        (void)snprintf(name, sizeof name, "bucket's blocks, level %u", levels[i]);
        collect(&in, path, levels[i], 1u << 20, 4u << 20);
        compare(name, &in);
    }
    memset(&in, 0, sizeof in);
    collect(&in, path, 3, 4u << 20, MOST);
    compare("bucket's raw tails, level 3", &in);
    for (unsigned kind = 1; kind < 4u; kind++) {
        char name[64];
        size_t len = 0;
        (void)snprintf(path, sizeof path, "%s/golden/engine/b_t128_k%u_s%u.kvb1", data, kind,
                       kind == 1u ? 0u : 1u);
        (void)snprintf(name, sizeof name, "engine's block, kind %u", kind);
        uint8_t *block = read_file(path, &len);
        if (block != NULL) {
            encoded(name, block, len, 3);
            encoded(name, block, len, 19);
        }
        free(block);
    }
    make_bf16(made, n);
    encoded("bf16", made, n, 1);
    encoded("bf16", made, n, 3);
    encoded("bf16", made, n, 19);
    for (size_t i = 0; i < n; i += 4u) { /* half of them exact zeros */
        made[i] = made[i + 1u] = 0;
    }
    encoded("bf16, half zeros", made, n, 3);
    make_words(made, n);
    encoded("words", made, n, 3);
    encoded("words", made, n, 19);
    return 0;
}
