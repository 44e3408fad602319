/* SPDX-License-Identifier: Apache-2.0 */
/* Which mutant a program runs: an object that mutate.py makes has all mutants of a source. */
#ifndef WMBT_TESTS_CHOSEN_H
#define WMBT_TESTS_CHOSEN_H

#define WMBT_MAX_REACHED 8192u

extern unsigned wmbt_mutant;        /* its number, or 0: none. WMBT_MUTANT in the environment */
extern unsigned char *wmbt_reached; /* WMBT_MAX_REACHED: 1 if the function was called */

#endif
