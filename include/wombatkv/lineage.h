/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dynamo's positional hashes: 16 bytes, the highest first, that hold a block's position, its
 * sequence hash and a part of another hash.
 *
 *     lineage   mode 2 bits, position P bits, sequence hash 64, low F bits of the parent's
 *     v1_2      mode 2 bits, position P bits, low F bits of the parent's, low bits of its own
 *     sequence  mode 2 bits, position P bits, low F bits of the block's own hash, sequence hash 64
 *
 * The position decides on the mode, and with it on P and F. The forms cannot be told apart by their
 * bytes. Source of the rules: docs/DIALECTS.md, "Dynamo" (crate dynamo-tokens 1.6.1 and 1.2.0).
 */
#ifndef WOMBATKV_LINEAGE_H
#define WOMBATKV_LINEAGE_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_DIALECTS

WMBT_BEGIN_DECLS

#    define WMBT_LINEAGE_BYTES 16u

/** Positions that a lineage hash has place for, and those of a positional sequence hash. */
#    define WMBT_LINEAGE_POSITIONS 0x1000000u
#    define WMBT_LINEAGE_SEQUENCE_POSITIONS 0x80000000u

/** What a positional hash holds. */
typedef struct wmbt_lineage {
    uint64_t current;  /**< the sequence hash; v1_2: its low bits */
    uint64_t fragment; /**< low bits of the parent's sequence hash, or of the block's own hash */
    uint32_t position; /**< number of the block in its prompt */
    uint32_t mode;     /**< 0 to 2; 3 only of a positional sequence hash */
} wmbt_lineage;

/**
 * Packs a lineage hash; `parent` is the sequence hash of the block before, NULL for none.
 * too-large: a position of WMBT_LINEAGE_POSITIONS or more. `out` is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_pack(uint64_t current, const uint64_t *parent,
                                                       uint32_t position,
                                                       uint8_t out[WMBT_LINEAGE_BYTES]);

/** Reads one. bad-field: mode 3, which is none. *x is then unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_unpack(const uint8_t in[WMBT_LINEAGE_BYTES],
                                                         wmbt_lineage *x);

/**
 * The lineage hash of the block after this one, of the block's own hash. `in` and `out` may be the
 * same. bad-field: as unpack; end: this is the last position. `out` is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_extend(const uint8_t in[WMBT_LINEAGE_BYTES],
                                                         uint64_t block_hash,
                                                         uint8_t out[WMBT_LINEAGE_BYTES]);

/** What a child keeps of this hash: its fragment. bad-field, end: as extend. */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_lineage_child_fragment(const uint8_t in[WMBT_LINEAGE_BYTES], uint64_t *fragment);

/** Longest text: position, and two numbers in base 58 behind colons. */
#    define WMBT_LINEAGE_MAX_TEXT_BYTES 32u

/**
 * The text of a lineage hash, "position:current" or "position:current:fragment"; *length says how
 * long it is. bad-field: as unpack. Nothing is written then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_text(const uint8_t in[WMBT_LINEAGE_BYTES],
                                                       uint8_t out[WMBT_LINEAGE_MAX_TEXT_BYTES],
                                                       size_t *length);

/** The form of 1.2.0. Statuses as those above. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_v1_2_pack(uint64_t current,
                                                            const uint64_t *parent,
                                                            uint32_t position,
                                                            uint8_t out[WMBT_LINEAGE_BYTES]);
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_v1_2_unpack(const uint8_t in[WMBT_LINEAGE_BYTES],
                                                              wmbt_lineage *x);

/** A positional sequence hash. too-large: WMBT_LINEAGE_SEQUENCE_POSITIONS or more. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_lineage_sequence_pack(uint64_t current,
                                                                uint64_t block_hash,
                                                                uint32_t position,
                                                                uint8_t out[WMBT_LINEAGE_BYTES]);
WMBT_API void wmbt_lineage_sequence_unpack(const uint8_t in[WMBT_LINEAGE_BYTES], wmbt_lineage *x);

WMBT_END_DECLS

#endif

#endif
