/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparing two ways to do the same work. Absolute times on a shared machine mean little, ratios of
 * times taken in turn mean something: each round times both, and the median of the rounds' ratios
 * is printed (below 1: ours is faster), with the 10th and 90th percentile.
 */
#ifndef WMBT_TESTS_BENCH_H
#define WMBT_TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BENCH_ROUNDS 21
#define BENCH_ROUND_NS 3e6 /* a contender's share of a round */

/* Does the work once; a result goes into *sink so that it cannot be left out. */
typedef void bench_work(void *context, uint64_t *sink);

static double bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A peer may leave the upper halves of the vector registers in use, which slows what follows. */
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx"))) static void bench_clear_vectors(void)
{
    if (__builtin_cpu_supports("avx")) {
        __builtin_ia32_vzeroupper();
    }
}
#else
static inline void bench_clear_vectors(void)
{
}
#endif

/* ns of one call, over `times` calls. */
static double bench_time(bench_work *work, void *context, uint64_t times, uint64_t *sink)
{
    bench_clear_vectors();
    double start = bench_now();
    for (uint64_t i = 0; i < times; i++) {
        work(context, sink);
    }
    return (bench_now() - start) / (double)times;
}

static uint64_t bench_times(bench_work *work, void *context, uint64_t *sink)
{
    uint64_t times = 1;
    while (bench_time(work, context, times, sink) * (double)times < BENCH_ROUND_NS) {
        times *= 2u;
    }
    return times;
}

static int bench_order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the rounds' ratios. */
typedef struct bench_result {
    double low; /* 10th percentile */
    double median;
    double high; /* 90th */
} bench_result;

/* Times `ours` against `peer` and prints nothing. */
static inline bench_result bench_ratio(bench_work *ours, bench_work *peer, void *context)
{
    static volatile uint64_t kept;
    uint64_t sink = 0;
    double ratio[BENCH_ROUNDS];
    uint64_t own_times = bench_times(ours, context, &sink);
    uint64_t peer_times = bench_times(peer, context, &sink);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        double first = bench_time(i % 2 == 0 ? ours : peer, context,
                                  i % 2 == 0 ? own_times : peer_times, &sink);
        double second = bench_time(i % 2 == 0 ? peer : ours, context,
                                   i % 2 == 0 ? peer_times : own_times, &sink);
        ratio[i] = i % 2 == 0 ? first / second : second / first;
    }
    kept = sink;
    (void)kept;
    qsort(ratio, BENCH_ROUNDS, sizeof ratio[0], bench_order);
    bench_result r = {ratio[BENCH_ROUNDS / 10], ratio[BENCH_ROUNDS / 2],
                      ratio[BENCH_ROUNDS - 1 - BENCH_ROUNDS / 10]};
    return r;
}

/* Times `ours` against `peer` (NULL: no peer, only a time is printed) on `bytes` bytes of input. */
static inline void bench_compare(const char *name, size_t bytes, bench_work *ours,
                                 const char *peer_name, bench_work *peer, void *context)
{
    static volatile uint64_t kept;
    uint64_t sink = 0;
    double own[BENCH_ROUNDS], ratio[BENCH_ROUNDS];
    uint64_t own_times = bench_times(ours, context, &sink);
    uint64_t peer_times = peer == NULL ? 0u : bench_times(peer, context, &sink);
    for (int i = 0; i < BENCH_ROUNDS; i++) {
        double other = 0;
        if (peer != NULL && i % 2 == 0) {
            other = bench_time(peer, context, peer_times, &sink);
        }
        own[i] = bench_time(ours, context, own_times, &sink);
        if (peer != NULL && i % 2 != 0) {
            other = bench_time(peer, context, peer_times, &sink);
        }
        ratio[i] = peer == NULL ? 0 : own[i] / other;
    }
    kept = sink;
    (void)kept;
    qsort(own, BENCH_ROUNDS, sizeof own[0], bench_order);
    qsort(ratio, BENCH_ROUNDS, sizeof ratio[0], bench_order);
    double median = own[BENCH_ROUNDS / 2];
    printf("%-28s %9zu B %12.1f ns %8.0f MB/s", name, bytes, median, (double)bytes / median * 1e3);
    if (peer != NULL) {
        printf("  %6.3f x %-16s (%.3f to %.3f)", ratio[BENCH_ROUNDS / 2], peer_name,
               ratio[BENCH_ROUNDS / 10], ratio[BENCH_ROUNDS - 1 - BENCH_ROUNDS / 10]);
    }
    printf("\n");
}

#endif
