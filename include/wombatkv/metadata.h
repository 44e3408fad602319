/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block metadata: BlockHash, LayoutTag, ModelDigest, BlockMeta.
 * Source of the rules: docs/FORMATS.md, "Block metadata".
 */
#ifndef WOMBATKV_METADATA_H
#define WOMBATKV_METADATA_H

#include "wombatkv/status.h"

WMBT_BEGIN_DECLS

#define WMBT_BLOCK_HASH_BYTES 32u
#define WMBT_MODEL_DIGEST_BYTES 24u
#define WMBT_LAYOUT_TAG_BYTES 16u

/** Identity of a block: a hash of the token history up to its end. It says nothing of the bytes. */
typedef struct wmbt_block_hash {
    uint8_t bytes[WMBT_BLOCK_HASH_BYTES];
} wmbt_block_hash;

/** The first 24 bytes of the SHA-256 of a model. All zero: not known. */
typedef struct wmbt_model_digest {
    uint8_t bytes[WMBT_MODEL_DIGEST_BYTES];
} wmbt_model_digest;

/** Name of a payload layout: ASCII, padded with NUL. All zero: not known. */
typedef struct wmbt_layout_tag {
    uint8_t bytes[WMBT_LAYOUT_TAG_BYTES];
} wmbt_layout_tag;

/** What an index keeps of one block. */
typedef struct wmbt_block_meta {
    wmbt_block_hash parent_hash; /**< all zero for a root */
    wmbt_model_digest model_digest;
    wmbt_layout_tag layout_tag;
    uint64_t payload_bytes;  /**< uncompressed length */
    uint64_t last_access_ns; /**< since the Unix epoch, given by the caller */
    uint32_t block_seq;      /**< 0 for a root, one more for each successor */
    uint32_t ext_flags;      /**< no bit is defined upstream; constructors write 0 */
} wmbt_block_meta;

WMBT_END_DECLS

#endif
