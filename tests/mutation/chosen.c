/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the mutant's number before main(), in any program. */
#include "chosen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

/* What an index's words go through in a configuration of mutate.py. tests/index/steps.c has its
 * own. */
__attribute__((weak)) uint32_t wmbt_test_load_word(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

__attribute__((weak)) void wmbt_test_store_word(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}
