/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as a class: every truncation and every single-bit flip of an input, given to a callback.
 */
#ifndef WMBT_TESTS_FAULT_H
#define WMBT_TESTS_FAULT_H

#include "test.h"

/* The input as changed: `at` is the number of bytes kept, or the number of the flipped bit (bit b
 * of byte at / 8 is at % 8). The callback reports through t. */
typedef void (*wmbt_fault_try)(wmbt_test *t, void *context, wmbt_view changed, size_t at);

/* Calls `try` for lengths 0 to input.len - 1 in steps of `stride`, each in a copy whose end is the
 * end of its memory, so that a sanitizer sees one byte too many. */
void wmbt_fault_truncate(wmbt_test *t, wmbt_view input, size_t stride, wmbt_fault_try attempt,
                         void *context);

/* Calls `try` with each bit flipped, every `stride`th bit. */
void wmbt_fault_flip(wmbt_test *t, wmbt_view input, size_t stride, wmbt_fault_try attempt,
                     void *context);

#endif
