/* SPDX-License-Identifier: Apache-2.0 */
/* What calls leave below the stack pointer, where a program is without a sanitizer (LOOK_BELOW). */
#ifndef WMBT_TESTS_BELOW_H
#define WMBT_TESTS_BELOW_H

#include "test.h"

#if __STDC_HOSTED__ && !defined(__SANITIZE_ADDRESS__)
#    if defined(__has_feature)
#        if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#            define NO_LOOK_BELOW
#        endif
#    endif
#    ifndef NO_LOOK_BELOW
#        define LOOK_BELOW
#    endif
#endif

/* What calls left below the stack pointer: looks for 16 bytes of any of the keys, as they are or as
 * words of this machine, which the hash holds them in. */
#ifdef LOOK_BELOW
static __attribute__((noinline)) bool below_holds(const uint8_t *mark)
{
    volatile uint8_t below[4096];
    __asm__ __volatile__("" : : "r"(below) : "memory");
    for (size_t i = 0; i + 16u <= sizeof below; i++) {
        size_t same = 0, swapped = 0;
        while (same < 16u && below[i + same] == mark[same]) {
            same++;
        }
        while (swapped < 16u && below[i + swapped] == mark[swapped ^ 3u]) {
            swapped++;
        }
        if (same == 16u || swapped == 16u) {
            return true;
        }
    }
    return false;
}

static __attribute__((noinline)) void leave_behind(const uint8_t *mark)
{
    volatile uint8_t mine[64];
    for (size_t i = 0; i < sizeof mine; i++) {
        mine[i] = mark[i % 16u];
    }
    __asm__ __volatile__("" : : "r"(mine) : "memory");
}
#endif

/* Fills what lies below with something else than zeros; and finds whether so many are there now. */
#ifdef LOOK_BELOW
static __attribute__((noinline)) void paint_below(void)
{
    volatile uint8_t below[2048];
    for (size_t i = 0; i < sizeof below; i++) {
        below[i] = 0xA5;
    }
    __asm__ __volatile__("" : : "r"(below) : "memory");
}

static __attribute__((noinline)) bool below_is_wiped(size_t bytes)
{
    volatile uint8_t below[2048];
    size_t zeros = 0;
    __asm__ __volatile__("" : : "r"(below) : "memory");
    for (size_t i = 0; i < sizeof below && zeros < bytes; i++) {
        zeros = below[i] == 0u ? zeros + 1u : 0u;
    }
    return zeros >= bytes;
}
#endif

#endif
