/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: the input chooses configuration, objects, calls and their arguments, and a model of
 * the reader says what each call must return and what can be seen after it
 * (tests/reader/model.h). Whatever was done before, the reader can be finished, and gives the right
 * plan after a reset.
 *
 * Bytes of the input are numbers that the driver draws one after the other. The corpus is recorded
 * from random runs: reader_model --corpus DIRECTORY; each file is named for what comes about in it.
 */
#include <stdint.h>
#include <string.h>

#include "../reader/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1] = {0};
    model_choices choices;
    model_tally tally;
    memset(&choices, 0, sizeof choices);
    memset(&tally, 0, sizeof tally);
    choices.data = size != 0u ? data : nothing;
    choices.left = size;
    model_run(&choices, 0, UINT32_MAX, &tally);
    return 0;
}
