/* SPDX-License-Identifier: Apache-2.0 */
/* Between the board of the examples on a host (board_host.c) and its bucket: bucket_files.c or
 * bucket_made.c. */
#ifndef WMBT_EXAMPLES_BOARD_HOST_H
#define WMBT_EXAMPLES_BOARD_HOST_H

#include "board.h"

/* How badly the board behaves. */
#define BOARD_GENTLE 0u /* packets in order, nothing is lost, all ends at once */
#define BOARD_FAIR \
    1u /* packets late, lost, doubled, out of order, requests that fail: now and then */
#define BOARD_HOSTILE 2u /* more often, packets damaged, and of some objects all requests fail */

/* Starts the board. The seed says all that happens; one packet in so many is lost, one
 * doubled, half
 * of one late. */
void board_start(uint32_t mode, uint32_t seed, uint32_t often);

/* A number below n, from the seed. */
uint32_t board_below(uint32_t n);

/* Ends the program: it is wrong, not what it was given. */
void board_give_up(const char *why);

/* True if a request that has descriptors has not ended: the engine may still write. */
bool board_may_write(void);

/* --- the bucket ------------------------------------------------------------------------------- */

/* The object under a key; data NULL: there is none. Stays. */
wmbt_view bucket_object(wmbt_view key);

/* Text that the example printed, and rows that it says are restored. */
void bucket_printed(const char *text);
void bucket_restored(wmbt_view rows);

#endif
