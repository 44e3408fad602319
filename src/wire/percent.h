/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoding as S3 and its signatures want it ("UriEncode"): A-Z a-z 0-9 - . _ ~ stay, every
 * other byte becomes %XX in upper case. docs/FORMATS.md, "Signature V4".
 */
#ifndef WMBT_SRC_WIRE_PERCENT_H
#define WMBT_SRC_WIRE_PERCENT_H

#include "base/cursor.h"

#define WMBT_PERCENT_ESCAPE_BYTES 3u

/** What a byte becomes, 1 or WMBT_PERCENT_ESCAPE_BYTES characters; '/' stays if `keep_slash` (a
 * path), else becomes %2F (a query). Returns how many. */
size_t wmbt_percent_of(uint8_t c, bool keep_slash, uint8_t out[WMBT_PERCENT_ESCAPE_BYTES]);

/** Writes `v` encoded. */
void wmbt_percent_write(wmbt_writer *w, wmbt_view v, bool keep_slash);

/** Three-way compare of what two texts become, '/' encoded. */
int wmbt_percent_compare(wmbt_view a, wmbt_view b);

#endif
