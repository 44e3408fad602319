/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4). */
#ifndef WOMBATKV_SHA256_H
#define WOMBATKV_SHA256_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_SHA256

WMBT_BEGIN_DECLS

#    define WMBT_SHA256_DIGEST_BYTES 32u /**< of a digest */

/** A hash under way: 104 bytes, no pointers, copyable byte by byte. Keep out of its fields. */
typedef struct wmbt_sha256 {
    uint64_t total;    /* bytes taken */
    uint32_t h[8];     /* hash of the whole blocks */
    uint8_t block[64]; /* the open block */
} wmbt_sha256;

/** Starts a hash, or starts over. */
WMBT_API void wmbt_sha256_init(wmbt_sha256 *x);

/**
 * Takes more bytes, in any split.
 *
 * too-large: 2^61 bytes or more in all, which the length field of SHA-256 cannot hold;
 * bad-argument: NULL with a length. The state is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sha256_update(wmbt_sha256 *x, wmbt_view bytes);

/** The digest of the bytes so far. The state is not used up: more can be taken. */
WMBT_API void wmbt_sha256_final(const wmbt_sha256 *x, uint8_t out[WMBT_SHA256_DIGEST_BYTES]);

/** init, update and final in one call. Statuses as update's; `out` is unchanged on an error. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_sha256_once(wmbt_view bytes,
                                                      uint8_t out[WMBT_SHA256_DIGEST_BYTES]);

WMBT_END_DECLS

#endif

#endif
