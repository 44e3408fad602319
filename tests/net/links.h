/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to the store, over lwIP, that serve a reader's wants. */
#ifndef WMBT_NET_LINKS_H
#define WMBT_NET_LINKS_H

#include "wombatkv/s3client.h"

/* NET_LINKS, of the board: connections, and objects in flight. */

/* Where the store is, and who asks. Seconds since 1970 when clock_ms() was 0. */
typedef struct links_config {
    wmbt_s3_store store;
    uint8_t address[4];
    uint16_t port;
    uint64_t time_at_start;
} links_config;

/* Answers the wants of a reader until all is settled, and calls poll() between. The client's counts
 * go to *counts, and how many connections were opened to *dialled. */
void links_run(const links_config *config, wmbt_reader *reader, void (*poll)(void),
               wmbt_s3client_counts *counts, uint32_t *dialled);

#endif
