/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP as a client over TCP and IPv4, polled, without an operating system. */
#ifndef WMBT_NET_LWIPOPTS_H
#define WMBT_NET_LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_SOCKET 0
#define LWIP_NETCONN 0
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_ICMP 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_STATS 0

/* The window is what the receiver of the board holds while the CPU is busy: the FIFO of a LAN9118
 * six full frames, the ring of virtio_net.c 64. With 16 segments a LAN9118 stalls. */
#define TCP_MSS 1460
#define TCP_WND (NET_WINDOW_SEGMENTS * TCP_MSS)
#define TCP_SND_BUF (3 * TCP_MSS) /* one request */
#define TCP_SND_QUEUELEN 8
#define MEMP_NUM_TCP_PCB 4
#define MEMP_NUM_TCP_SEG 16

#define MEM_ALIGNMENT 8
#define MEM_SIZE (12 * 1024)
#define PBUF_POOL_SIZE (2 * NET_WINDOW_SEGMENTS * NET_LINKS + 4)
#define PBUF_POOL_BUFSIZE 1528 /* a frame in one piece */

#endif
