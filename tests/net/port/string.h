/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP takes from a libc, there being none: ../../baremetal/start/mem.c has it. */
#ifndef WMBT_NET_STRING_H
#define WMBT_NET_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *text);
int strncmp(const char *a, const char *b, size_t n);

#endif
