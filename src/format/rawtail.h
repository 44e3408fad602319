/* SPDX-License-Identifier: Apache-2.0 */
/* What a raw tail's envelope says of all that follows it, for those who take bytes in any order.
 * The first WMBT_RAWTAIL_ENVELOPE_BYTES are at `envelope`, magic and version have been checked. */
#ifndef WMBT_SRC_FORMAT_RAWTAIL_H
#define WMBT_SRC_FORMAT_RAWTAIL_H

#include "base/le.h"
#include "wombatkv/rawtail.h"

#if WMBT_CFG_RAWTAIL

/** A header and an end marker. */
#    define WMBT_RAWTAIL_MIN_BYTES 40u

/** Bytes that follow the envelope. */
static inline uint32_t wmbt_rawtail_body_bytes(const uint8_t *envelope)
{
    return wmbt_load_le32(envelope + WMBT_RAWTAIL_AT_BODY_BYTES);
}

/** Their CRC32C. */
static inline uint32_t wmbt_rawtail_crc(const uint8_t *envelope)
{
    return wmbt_load_le32(envelope + WMBT_RAWTAIL_AT_CRC);
}

#endif

#endif
