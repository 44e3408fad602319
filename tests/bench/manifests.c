/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests beside simdjson on demand: each text of each entry is looked at. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "peer_json.h"
#include "wombatkv/manifest.h"

#define MOST ((size_t)1 << 20)

typedef struct input {
    char *text;
    size_t n;
    void *parser;
} input;

static void ours(void *context, uint64_t *sink)
{
    input *in = context;
    wmbt_manifest manifest;
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    if (wmbt_manifest_read(wmbt_view_of(in->text, in->n), &manifest, NULL) != WMBT_OK) {
        exit(1);
    }
    *sink += manifest.epoch_ms + manifest.checksum32;
    wmbt_manifest_walk_init(&walk, &manifest, wmbt_buf_of(NULL, 0));
    while (wmbt_manifest_walk_next(&walk, wmbt_buf_of(NULL, 0), &entry, NULL) == WMBT_OK) {
        *sink += entry.object_id.len + entry.object_id.data[entry.object_id.len - 1u] +
                 3u * entry.key_range_start.len + 5u * entry.key_range_end.len;
    }
}

static void theirs(void *context, uint64_t *sink)
{
    input *in = context;
    *sink += bench_simdjson(in->parser, in->text, in->n, MOST);
}

static uint64_t next(void)
{
    static uint64_t x = 1;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return x;
}

static void put(input *in, const char *text)
{
    size_t n = strlen(text);
    memcpy(in->text + in->n, text, n);
    in->n += n;
}

static void put_key(input *in, const char *name)
{
    char text[128];
    (void)snprintf(text, sizeof text,
                   ",\"%s\":\"b3=%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "\"", name,
                   next(), next(), next(), next());
    put(in, text);
}

static void make(input *in, size_t entries)
{
    in->n = 0;
    memset(in->text, 0, MOST);
    put(in, "{\"schema_version\":1,\"epoch_ms\":1763895600123,\"checksum32\":3735928559,"
            "\"entries\":[");
    for (size_t i = 0; i < entries; i++) {
        char text[96];
        (void)snprintf(text, sizeof text, "%s{\"object_id\":\"segments/tenant-a/seg-%020zu.bin\"",
                       i == 0u ? "" : ",", i * 977u);
        put(in, text);
        put_key(in, "key_range_start");
        put_key(in, "key_range_end");
        put(in, "}");
    }
    put(in, "]}");
}

void bench_manifests(void)
{
    static const struct {
        size_t entries;
        double goal;
    } sizes[] = {{1, 0}, {10, 0}, {100, 4.0}, {340, 4.0}, {3400, 4.0}};
    input in = {(char *)bench_memory(MOST), 0, bench_simdjson_new()};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char text[64];
        make(&in, sizes[i].entries);
        (void)snprintf(text, sizeof text, "manifest, %zu entries, %zu B", sizes[i].entries, in.n);
        bench_row(text, "simdjson on demand", sizes[i].goal, ours, theirs, &in);
    }
}
