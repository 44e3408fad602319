/* SPDX-License-Identifier: Apache-2.0 */
/* Truncations and bit flips. */
#include "fault.h"

static uint8_t *copy_of(wmbt_test *t, wmbt_view input)
{
    uint8_t *copy = wmbt_test_alloc(t, input.len);
    for (size_t i = 0; copy != NULL && i < input.len; i++) {
        copy[i] = input.data[i];
    }
    return copy;
}

void wmbt_fault_truncate(wmbt_test *t, wmbt_view input, size_t stride, wmbt_fault_try attempt,
                         void *context)
{
    size_t used = t->arena_used;
    uint8_t *copy = copy_of(t, input);
    if (copy == NULL) {
        return;
    }
    for (size_t n = 0; n < input.len && !t->failed; n += stride) {
        /* the kept bytes move to the end of the copy: reading past them leaves the copy */
        uint8_t *start = copy + (input.len - n);
        for (size_t i = 0; i < n; i++) {
            start[i] = input.data[i];
        }
        attempt(t, context, wmbt_view_of(start, n), n);
        if (t->failed) {
            t->got = n; /* says where; `what` says which check */
        }
    }
    t->arena_used = used;
}

void wmbt_fault_flip(wmbt_test *t, wmbt_view input, size_t stride, wmbt_fault_try attempt,
                     void *context)
{
    size_t used = t->arena_used;
    uint8_t *copy = copy_of(t, input);
    if (copy == NULL) {
        return;
    }
    for (size_t bit = 0; bit < input.len * 8u && !t->failed; bit += stride) {
        copy[bit / 8u] = (uint8_t)(copy[bit / 8u] ^ (1u << (bit % 8u)));
        attempt(t, context, wmbt_view_of(copy, input.len), bit);
        copy[bit / 8u] = (uint8_t)(copy[bit / 8u] ^ (1u << (bit % 8u)));
        if (t->failed) {
            t->got = bit;
        }
    }
    t->arena_used = used;
}
