/* SPDX-License-Identifier: Apache-2.0 */
/* Between the demo, the drivers of its boards and the port of lwIP. */
#ifndef WMBT_NET_H
#define WMBT_NET_H

#include <stdint.h>

#include "lwip/err.h"

struct netif;

/* The board's Ethernet: lan9118.c or virtio_net.c. For netif_add(). ERR_IF: there is none. */
err_t ether_init(struct netif *net);

/* How long a driver waits for room for a frame. It does wait: many that came in one go are
 * acknowledged in one go, and what lwIP cannot send then comes late or never. */
#define ETHER_SEND_MS 10u

/* Hands all frames that have come to net->input(). Frames for which lwIP has no memory are dropped:
 * TCP sends them again. */
void ether_poll(struct netif *net);

/* Milliseconds since the board was started; begins anew at 2^32: clock.c. */
uint32_t clock_ms(void);

/* For lwIP: the same, and a number that cannot be foreseen. */
uint32_t sys_now(void);
uint32_t net_random(void);

/* Ends the demo: this program is wrong, or the board is another one. */
_Noreturn void net_panic(const char *message);

#endif
