/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The portable kernels compiled twice, in one program: compilers.py gives the names of one object
 * the prefix base_, of the other flag_. Prints "RATIO NAME" of each, of the times.
 */
#include <stdio.h>

#include "bench.h"
#include "portable.h"

const char *base_wmbt_portable_name(uint32_t which);
uint64_t base_wmbt_portable_run(uint32_t which, const uint8_t *data);
uint64_t flag_wmbt_portable_run(uint32_t which, const uint8_t *data);

static uint8_t data[WMBT_PORTABLE_BYTES];

static void base(void *context, uint64_t *sink)
{
    *sink += base_wmbt_portable_run(*(const uint32_t *)context, data);
}

static void flagged(void *context, uint64_t *sink)
{
    *sink += flag_wmbt_portable_run(*(const uint32_t *)context, data);
}

int main(void)
{
    for (uint32_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    for (uint32_t i = 0; base_wmbt_portable_name(i) != NULL; i++) {
        if (base_wmbt_portable_run(i, data) != flag_wmbt_portable_run(i, data)) {
            printf("differs %s\n", base_wmbt_portable_name(i));
            return 1;
        }
        printf("%.3f %s\n", bench_ratio(flagged, base, &i).median, base_wmbt_portable_name(i));
    }
    return 0;
}
