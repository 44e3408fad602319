/* SPDX-License-Identifier: Apache-2.0 */
/* What manifests.c needs of simdjson, which is C++. */
#ifndef WMBT_TESTS_BENCH_PEER_JSON_H
#define WMBT_TESTS_BENCH_PEER_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void *bench_simdjson_new(void);

/* Reads a manifest whose buffer has `capacity` bytes, and looks at each text. */
uint64_t bench_simdjson(void *parser, const char *text, size_t n, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
