/* SPDX-License-Identifier: Apache-2.0 */
/* Portable kernels by number, for compilers.py: without libc, so that any target can run them. */
#ifndef WMBT_TESTS_BENCH_PORTABLE_H
#define WMBT_TESTS_BENCH_PORTABLE_H

#include <stdint.h>

#define WMBT_PORTABLE_BYTES 4096u

/* The name of kernel `which`, NULL behind the last. */
const char *wmbt_portable_name(uint32_t which);

/* Runs it on `data`, WMBT_PORTABLE_BYTES of them. What it returns depends on nothing else. */
uint64_t wmbt_portable_run(uint32_t which, const uint8_t *data);

#endif
