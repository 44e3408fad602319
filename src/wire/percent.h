/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoding as S3 and its signatures want it ("UriEncode"): A-Z a-z 0-9 - . _ ~ stay, every
 * other byte becomes %XX in upper case. docs/FORMATS.md, "Signature V4".
 */
#ifndef WMBT_SRC_WIRE_PERCENT_H
#define WMBT_SRC_WIRE_PERCENT_H

#include "base/cursor.h"

#define WMBT_PERCENT_ESCAPE_BYTES 3u

/** True for a byte that stays as it is. */
bool wmbt_percent_is_plain(uint8_t c);

/** The three characters of a byte that does not stay. */
void wmbt_percent_escape(uint8_t c, uint8_t out[WMBT_PERCENT_ESCAPE_BYTES]);

/** Writes `v` encoded; '/' stays if `keep_slash` (a path), else becomes %2F (a query). */
void wmbt_percent_write(wmbt_writer *w, wmbt_view v, bool keep_slash);

/** Three-way compare of what two texts become, '/' encoded. */
int wmbt_percent_compare(wmbt_view a, wmbt_view b);

#endif
