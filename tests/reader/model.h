/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of the reader's state machine, written from reader.h, and a driver that makes any call in
 * any state. The model says which status each call must return and what can be seen after it. The
 * driver's choices come from random numbers (model_main.c) or from a fuzzer (fuzz_reader.c).
 */
#ifndef WMBT_TESTS_MODEL_H
#define WMBT_TESTS_MODEL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Choices: bytes of a fuzzer, or (data NULL) random numbers from a seed that is not 0. Those are
 * written to `record` if that is not NULL: what a fuzzer starts from.
 */
typedef struct model_choices {
    const uint8_t *data;
    size_t left;
    uint32_t state;
    uint8_t *record;
    size_t recorded, room;
} model_choices;

/* What runs came to, added up: a driver that reaches nothing shows nothing. */
typedef struct model_tally {
    uint64_t steps;
    uint64_t refused;  /* calls with stale, bad-state or bad-argument */
    uint64_t full;     /* bytes that made too many holes */
    uint64_t verified; /* objects */
    uint64_t failed;   /* objects that were refused for their bytes */
    uint64_t stops;    /* that told of a want that was dropped */
    uint64_t cut;      /* objects in flight that landed for a block before them */
    uint64_t collected;
    uint64_t placed;
    uint64_t plans;
    uint64_t tails; /* that count */
} model_tally;

/*
 * Makes a reader, takes `steps` steps (or until a fuzzer's bytes are used up), lets it finish,
 * resets it and reads the prompt once more. Memory that the reader was lent is guarded while it has
 * it and must not be touched later. A failure prints `seed`, the step and what did not hold, and
 * aborts.
 */
void model_run(model_choices *choices, uint32_t seed, uint32_t steps, model_tally *tally);

#endif
