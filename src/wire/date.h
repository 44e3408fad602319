/* SPDX-License-Identifier: Apache-2.0 */
/* Times as they stand in requests and answers, and as numbers. No 64-bit division. */
#ifndef WMBT_SRC_WIRE_DATE_H
#define WMBT_SRC_WIRE_DATE_H

#include "wombatkv/base.h"

#define WMBT_DATE_BASIC_BYTES 16u

/** "20130524T000000Z" of seconds since 1970; false (and nothing written) from the year 10000 on. */
bool wmbt_date_basic(uint64_t seconds, uint8_t out[WMBT_DATE_BASIC_BYTES]);

/** Reads "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7, the form that is sent today) of 1970 or
 * later; false otherwise, *seconds unchanged. The name of the day is not compared. */
bool wmbt_date_read_http(wmbt_view text, uint64_t *seconds);

#endif
