/* SPDX-License-Identifier: Apache-2.0 */
/* What lwIP asks of a compiler and a board. */
#ifndef WMBT_NET_CC_H
#define WMBT_NET_CC_H

#include <stdint.h>

#define LWIP_NO_UNISTD_H 1
#define LWIP_NO_CTYPE_H 1
#define LWIP_NO_INTTYPES_H 1
#define BYTE_ORDER LITTLE_ENDIAN

/* Formats of messages that are not printed. */
#define X8_F "x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "u"

#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) net_panic(message)
#define LWIP_RAND() net_random()

_Noreturn void net_panic(const char *message);
uint32_t net_random(void);

#endif
