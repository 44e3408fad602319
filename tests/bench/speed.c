/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that users wait for, each against what they would link instead, with the goal of
 * docs/SPEED.md and a verdict:
 *
 *     bench_speed [--all] [hashes] [chains] [objects] [zstd] [manifests]
 *
 * --all: also rows without a goal. Names: only those parts. Peers are Debian's libraries.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static unsigned reached, missed, not_here;
static bool all;

bool bench_all(void)
{
    return all;
}

uint8_t *bench_memory(size_t bytes)
{
    size_t room = (bytes + 63u) / 64u * 64u;
    uint8_t *memory = aligned_alloc(64, room);
    if (memory == NULL) {
        fprintf(stderr, "bench_speed: no memory\n");
        exit(1);
    }
    uint64_t x = 1;
    for (size_t i = 0; i < room; i += 8u) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(memory + i, &x, 8);
    }
    return memory;
}

void bench_row(const char *path, const char *peer, double goal, bench_work *ours,
               bench_work *theirs, void *context)
{
    uint64_t own = 0, other = 0;
    if (goal <= 0 && !all) {
        return;
    }
    ours(context, &own);
    theirs(context, &other);
    if (own != other) {
        fprintf(stderr, "bench_speed: %s: the results differ\n", path);
        exit(1);
    }
    bench_result r = bench_ratio(ours, theirs, context);
    printf("| %s | %s | %.3f (%.3f to %.3f) | ", path, peer, r.median, r.low, r.high);
    if (goal > 0) {
        bool good = r.median <= goal;
        reached += good;
        missed += !good;
        printf("%.2f | %s |\n", goal, good ? "reached" : "missed");
    } else {
        printf(" | |\n");
    }
    (void)fflush(stdout);
}

void bench_no_row(const char *path, const char *peer, double goal, const char *why)
{
    not_here++;
    printf("| %s | %s | %s | %.2f | not here |\n", path, peer, why, goal);
}

/* Rows whose peers Debian has no package of, or that are not times. */
static void elsewhere(void)
{
    static const char how[] = "SPEED.md, \"Whole resolve\"";
    bench_no_row("whole resolve, 64 blocks, 1 prompt", "upstream's crates", 0.55, how);
    bench_no_row("whole resolve, 64 blocks, 8 prompts, per prompt", "upstream's crates", 0.2, how);
    printf("\nInstructions on targets: COUNTS.md.\n");
}

static const struct {
    const char *name;
    void (*rows)(void);
} parts[] = {{"chains", bench_chains},       {"hashes", bench_hashes}, {"objects", bench_objects},
#ifdef HAVE_LIBZSTD
             {"zstd", bench_zstd},
#endif
#ifdef HAVE_SIMDJSON
             {"manifests", bench_manifests},
#endif
             {"elsewhere", elsewhere}};

static bool is_wanted(const char *name, int count, char **argument)
{
    bool any = false;
    for (int i = 1; i < count; i++) {
        if (strcmp(argument[i], name) == 0) {
            return true;
        }
        any = any || argument[i][0] != '-';
    }
    return !any;
}

int main(int count, char **argument)
{
    for (int i = 1; i < count; i++) {
        all = all || strcmp(argument[i], "--all") == 0;
    }
    printf("| path | peer | median (10th to 90th percentile) | goal | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (is_wanted(parts[i].name, count, argument)) {
            parts[i].rows();
        }
    }
    printf("\n%u goals reached, %u missed, %u not measured here\n", reached, missed, not_here);
    return 0;
}
