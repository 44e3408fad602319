/* SPDX-License-Identifier: Apache-2.0 */
/* Times two ways to do the same work in turn. */
#include "bench.h"

#include <stdlib.h>
#include <time.h>

#define ROUNDS 21
#define ROUND_NS 3e6 /* a contender's share of a round */

double bench_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A peer may leave the upper halves of the vector registers in use, which slows what follows. */
#if defined(__x86_64__) && defined(__GNUC__)
__attribute__((target("avx"))) static void clear_vectors(void)
{
    if (__builtin_cpu_supports("avx")) {
        __builtin_ia32_vzeroupper();
    }
}
#else
static void clear_vectors(void)
{
}
#endif

/* ns of one call, over `times` calls. */
static double time_of(bench_work *work, void *context, uint64_t times, uint64_t *sink)
{
    clear_vectors();
    double start = bench_now();
    for (uint64_t i = 0; i < times; i++) {
        work(context, sink);
    }
    return (bench_now() - start) / (double)times;
}

/* How many calls fill a share; it warms up, too. */
static uint64_t times_of(bench_work *work, void *context, uint64_t *sink)
{
    uint64_t times = 1;
    while (time_of(work, context, times, sink) * (double)times < ROUND_NS) {
        times *= 2u;
    }
    return times;
}

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

bench_result bench_ratio(bench_work *ours, bench_work *peer, void *context)
{
    static volatile uint64_t kept;
    uint64_t sink = 0;
    double ratio[ROUNDS];
    uint64_t own_times = times_of(ours, context, &sink);
    uint64_t peer_times = times_of(peer, context, &sink);
    for (int i = 0; i < ROUNDS; i++) {
        bool first = i % 2 == 0; /* each goes first in half of the rounds */
        double other = first ? 0 : time_of(peer, context, peer_times, &sink);
        double own = time_of(ours, context, own_times, &sink);
        other = first ? time_of(peer, context, peer_times, &sink) : other;
        ratio[i] = own / other;
    }
    kept = sink;
    (void)kept;
    qsort(ratio, ROUNDS, sizeof ratio[0], order);
    bench_result r = {ratio[ROUNDS / 10], ratio[ROUNDS / 2], ratio[ROUNDS - 1 - ROUNDS / 10]};
    return r;
}
