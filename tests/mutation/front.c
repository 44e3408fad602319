/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All suites of test bodies in one program, which mutate.py drives. suites.h, made by mutate.py,
 * has S(name) for each. WMBT_TEST_DATA: unpacked data.
 *
 *     front measure SUITE
 *                     runs each case in a process of its own; a line each: suite, case,
 *                     microseconds ("failed" before it if it fails), and numbers of the functions
 *                     that it came to
 *     front serve     reads lines MUTANT CASE:MILLISECONDS..., runs these cases with the mutant in
 *                     a process of their own until one fails or needs more time of the CPU, and
 *                     answers with the case's number, or "survived"
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/files.h"

#include "chosen.h"

#define S(name) extern const wmbt_suite wmbt_suite_##name;
#include "suites.h"
#undef S

static const wmbt_suite *const all[] = {
#define S(name) &wmbt_suite_##name,
#include "suites.h"
};

#define MAX_CASES 4096u

static const wmbt_case *cases[MAX_CASES];
static const wmbt_suite *suite_of[MAX_CASES];
static unsigned case_count;

static bool run(const wmbt_case *c)
{
    /* Scratch memory ends where a page does that nobody may touch. */
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = (WMBT_TEST_ARENA(c->arena_bytes) + 63u) / 64u * 64u,
                 all = (bytes + page - 1u) / page * page;
    wmbt_test t;
    uint8_t *memory =
        mmap(NULL, all + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + all, page, PROT_NONE) != 0) {
        abort();
    }
    memset(&t, 0, sizeof t);
    t.arena = wmbt_buf_of(memory + all - bytes, bytes);
    t.find = wmbt_test_find_file;
    c->run(&t);
    wmbt_test_reset(&t);
    (void)munmap(memory, all + page);
    return !t.failed;
}

static void measure(const char *suite)
{
    for (unsigned i = 0; i < case_count; i++) {
        if (strcmp(suite_of[i]->name, suite) != 0) {
            continue;
        }
        struct rusage used;
        int status = 0;
        memset(wmbt_reached, 0, WMBT_MAX_REACHED);
        (void)fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            _exit(run(cases[i]) ? 0 : 1);
        }
        if (child < 0 || wait4(child, &status, 0, &used) != child) {
            abort();
        }
        long us = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec +
                  used.ru_stime.tv_usec;
        printf("%s\t%s\t%s%ld\t", suite_of[i]->name, cases[i]->name, status != 0 ? "failed " : "",
               us);
        for (unsigned k = 0; k < WMBT_MAX_REACHED; k++) {
            if (wmbt_reached[k] != 0u) {
                printf("%u ", k);
            }
        }
        printf("\n");
    }
}

/* In a process of its own. *now: the case that runs. */
static void serve_child(char *line, volatile unsigned *now)
{
    for (char *at = strchr(line, ' '); at != NULL && at[1] != '\n'; at = strchr(at, ' ')) {
        struct itimerval limit;
        unsigned i = (unsigned)strtoul(at + 1, &at, 10);
        unsigned long ms = strtoul(at + 1, &at, 10);
        memset(&limit, 0, sizeof limit);
        limit.it_value.tv_sec = (time_t)(ms / 1000u);
        limit.it_value.tv_usec = (suseconds_t)(ms % 1000u * 1000u);
        *now = i;
        if (i >= case_count || setitimer(ITIMER_PROF, &limit, NULL) != 0 || !run(cases[i])) {
            _exit(1);
        }
    }
    _exit(0);
}

static void serve(void)
{
    static char line[MAX_CASES * 16u];
    volatile unsigned *now =
        mmap(NULL, sizeof *now, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (now == MAP_FAILED) {
        abort();
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        int status = 0;
        wmbt_mutant = (unsigned)strtoul(line, NULL, 10);
        (void)fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            serve_child(line, now);
        }
        if (child < 0 || waitpid(child, &status, 0) != child) {
            abort();
        }
        if (status == 0) {
            printf("survived\n");
        } else {
            printf("%u\n", *now);
        }
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    for (size_t s = 0; s < sizeof all / sizeof all[0]; s++) {
        for (size_t i = 0; i < all[s]->count && case_count < MAX_CASES; i++) {
            suite_of[case_count] = all[s];
            cases[case_count++] = &all[s]->cases[i];
        }
    }
    if (argc == 3 && strcmp(argv[1], "measure") == 0) {
        measure(argv[2]);
    } else if (argc == 2 && strcmp(argv[1], "serve") == 0) {
        serve();
    } else {
        return 99;
    }
    return 0;
}
