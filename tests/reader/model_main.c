/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the model of the reader: model [SEEDS [STEPS [FIRST-SEED]]]. Prints TAP.
 * model --corpus DIRECTORY: writes what fuzz_reader.c starts from.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static uint32_t number(int argc, char **argv, int i, uint32_t otherwise)
{
    return argc > i ? (uint32_t)strtoul(argv[i], NULL, 10) : otherwise;
}

static model_choices choices_of(uint32_t seed)
{
    model_choices choices;
    memset(&choices, 0, sizeof choices);
    choices.state = seed * 2654435761u | 1u;
    return choices;
}

/* What a file of the corpus shows: a run in which this came about so many times. */
typedef struct show {
    const char *name;
    size_t of; /* offset in the tally */
    uint64_t most;
} show;

static uint64_t count_of(const model_tally *tally, const show *x)
{
    uint64_t n;
    memcpy(&n, (const uint8_t *)tally + x->of, sizeof n);
    return n;
}

/* Writes the choices of the first run that shows each thing to DIRECTORY/NAME. */
static int write_corpus(const char *directory)
{
    static const show shows[] = {
        {"verified", offsetof(model_tally, verified), 6},
        {"refused-objects", offsetof(model_tally, failed), 6},
        {"cut-in-flight", offsetof(model_tally, cut), 2},
        {"collected", offsetof(model_tally, collected), 4},
        {"placed", offsetof(model_tally, placed), 3},
        {"too-many-holes", offsetof(model_tally, full), 2},
        {"tails-that-count", offsetof(model_tally, tails), 3},
    };
    for (size_t i = 0; i < sizeof shows / sizeof shows[0]; i++) {
        static uint8_t record[8192];
        model_choices choices;
        model_tally tally;
        uint32_t seed = 0;
        do {
            memset(&tally, 0, sizeof tally);
            choices = choices_of(++seed);
            choices.record = record;
            choices.room = sizeof record;
            model_run(&choices, seed, 120, &tally);
        } while (count_of(&tally, &shows[i]) < shows[i].most);
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/%s", directory, shows[i].name);
        FILE *f = fopen(path, "wb");
        if (f == NULL || fwrite(record, 1, choices.recorded, f) != choices.recorded ||
            fclose(f) != 0) {
            perror(path);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--corpus") == 0) {
        return write_corpus(argv[2]);
    }
    uint32_t seeds = number(argc, argv, 1, 20000);
    uint32_t steps = number(argc, argv, 2, 200);
    uint32_t first = number(argc, argv, 3, 1);
    model_tally tally;
    memset(&tally, 0, sizeof tally);
    for (uint32_t i = 0; i < seeds; i++) {
        uint32_t seed = first + i;
        model_choices choices = choices_of(seed);
        model_run(&choices, seed, steps, &tally);
    }
    printf("1..2\nok 1 - %u seeds, %" PRIu64 " steps\n", (unsigned)seeds, tally.steps);
    printf("# refused calls %" PRIu64 ", too many holes %" PRIu64 "\n", tally.refused, tally.full);
    printf("# objects: verified %" PRIu64 ", refused %" PRIu64 ", cut %" PRIu64 "\n",
           tally.verified, tally.failed, tally.cut);
    printf("# collected %" PRIu64 ", pieces in place %" PRIu64 "\n", tally.collected, tally.placed);
    printf("# plans %" PRIu64 ", with a tail %" PRIu64 "\n", tally.plans, tally.tails);
    /* It has been everywhere. */
    bool far = tally.refused != 0u && tally.full != 0u && tally.verified > seeds &&
               tally.failed > seeds / 4u && tally.cut != 0u && tally.collected > seeds / 4u &&
               tally.placed > seeds / 8u && tally.tails != 0u;
    printf("%sok 2 - all that the model knows has come about\n", far ? "" : "not ");
    return far ? EXIT_SUCCESS : EXIT_FAILURE;
}
