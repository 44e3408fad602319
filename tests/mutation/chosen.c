/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the mutant's number before main(), in any program. */
#include "chosen.h"

#include <stdlib.h>
#include <sys/mman.h>

unsigned wmbt_mutant;
unsigned char *wmbt_reached;

__attribute__((constructor)) static void wmbt_choose(void)
{
    const char *text = getenv("WMBT_MUTANT");
    wmbt_mutant = text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0u;
    /* Shared with processes that are forked. */
    wmbt_reached =
        mmap(NULL, WMBT_MAX_REACHED, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (wmbt_reached == MAP_FAILED) {
        abort();
    }
}
