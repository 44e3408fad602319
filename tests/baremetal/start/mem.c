/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What compilers call even with -ffreestanding, for the test bodies: they may copy structs. The
 * library itself calls none of it, tests/checks sees to that.
 */
#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int value, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    return memmove(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    if (out < in) {
        for (size_t i = 0; i < n; i++) {
            out[i] = in[i];
        }
    } else {
        while (n-- > 0u) {
            out[n] = in[n];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t n)
{
    unsigned char *out = to;
    for (size_t i = 0; i < n; i++) {
        out[i] = (unsigned char)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

#if defined(__arm__) /* what clang calls them; the order of memset's arguments is another one */
void __aeabi_memcpy(void *to, const void *from, size_t n);
void __aeabi_memcpy4(void *to, const void *from, size_t n);
void __aeabi_memcpy8(void *to, const void *from, size_t n);
void __aeabi_memset(void *to, size_t n, int value);
void __aeabi_memset4(void *to, size_t n, int value);
void __aeabi_memset8(void *to, size_t n, int value);
void __aeabi_memclr(void *to, size_t n);
void __aeabi_memclr4(void *to, size_t n);
void __aeabi_memclr8(void *to, size_t n);
void __aeabi_memmove(void *to, const void *from, size_t n);
void __aeabi_memmove4(void *to, const void *from, size_t n);

void __aeabi_memcpy(void *to, const void *from, size_t n)
{
    (void)memmove(to, from, n);
}
void __aeabi_memcpy4(void *to, const void *from, size_t n)
{
    (void)memmove(to, from, n);
}
void __aeabi_memcpy8(void *to, const void *from, size_t n)
{
    (void)memmove(to, from, n);
}
void __aeabi_memset(void *to, size_t n, int value)
{
    (void)memset(to, value, n);
}
void __aeabi_memset4(void *to, size_t n, int value)
{
    (void)memset(to, value, n);
}
void __aeabi_memset8(void *to, size_t n, int value)
{
    (void)memset(to, value, n);
}
void __aeabi_memclr(void *to, size_t n)
{
    (void)memset(to, 0, n);
}
void __aeabi_memclr4(void *to, size_t n)
{
    (void)memset(to, 0, n);
}
void __aeabi_memclr8(void *to, size_t n)
{
    (void)memset(to, 0, n);
}
void __aeabi_memmove(void *to, const void *from, size_t n)
{
    (void)memmove(to, from, n);
}
void __aeabi_memmove4(void *to, const void *from, size_t n)
{
    (void)memmove(to, from, n);
}
#endif
