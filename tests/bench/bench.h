/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing two ways to do the same work. Absolute times on a shared machine mean little, ratios of
 * times taken in turn mean something: each round times both, and of the rounds' ratios the median
 * counts (below 1: ours is faster), with the 10th and 90th percentile.
 */
#ifndef WMBT_TESTS_BENCH_H
#define WMBT_TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Does the work once; a result goes into *sink so that it cannot be left out. */
typedef void bench_work(void *context, uint64_t *sink);

/* Of the rounds' ratios. */
typedef struct bench_result {
    double low; /* 10th percentile */
    double median;
    double high; /* 90th */
} bench_result;

/* This thread's time in ns. */
double bench_now(void);

/* Times `ours` against `peer` and prints nothing. */
bench_result bench_ratio(bench_work *ours, bench_work *peer, void *context);

/* Times the two and prints a row of the table: `goal` and a verdict, or none with 0. Ends the
 * program if they do not leave the same in *sink. */
void bench_row(const char *path, const char *peer, double goal, bench_work *ours,
               bench_work *theirs, void *context);

/* A row that this program cannot measure, and why. */
void bench_no_row(const char *path, const char *peer, double goal, const char *why);

/* malloc() that does not fail, aligned to 64 and filled with numbers that do not compress. */
uint8_t *bench_memory(size_t bytes);

/* True with --all: rows without a goal, too. */
bool bench_all(void);

/* Rows of the table, a file each. */
void bench_hashes(void);
void bench_chains(void);
void bench_objects(void);
void bench_zstd(void);
void bench_manifests(void);

#ifdef __cplusplus
}
#endif

#endif
