/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block metadata: BlockHash, LayoutTag, ModelDigest, BlockMeta.
 * Source of the rules: docs/FORMATS.md, "Block metadata".
 */
#ifndef WOMBATKV_METADATA_H
#define WOMBATKV_METADATA_H

#include "wombatkv/status.h"

WMBT_BEGIN_DECLS

/* The types stand outside of the module's switch: other headers carry them. */

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
    wmbt_layout_tag layout_tag; /**< of the payload */
    uint64_t payload_bytes;     /**< uncompressed length */
    uint64_t last_access_ns;    /**< since the Unix epoch, given by the caller */
    uint32_t block_seq;         /**< 0 for a root, one more for each successor */
    uint32_t ext_flags;         /**< no bit is defined upstream; constructors write 0 */
} wmbt_block_meta;

#if WMBT_CFG_METADATA

/* --- BlockHash -------------------------------------------------------------------------------- */

/** Hex digits of a block hash. */
#    define WMBT_BLOCK_HASH_HEX_BYTES 64u

/** 32 zero bytes: no hash. A root's parent. */
extern const wmbt_block_hash wmbt_block_hash_zero;

/** True if all 32 bytes are zero. */
WMBT_API bool wmbt_block_hash_is_zero(const wmbt_block_hash *hash);

/** True if both are the same. */
WMBT_API bool wmbt_block_hash_equal(const wmbt_block_hash *a, const wmbt_block_hash *b);

/**
 * Reads exactly 64 hex digits of either case, as upstream's C interface does.
 *
 * bad-argument: NULL with a length; bad-length: not 64 bytes; bad-text: another character. *hash is
 * then unchanged; zeroed if the text changed meanwhile.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_block_hash_from_hex(wmbt_view text,
                                                              wmbt_block_hash *hash);

/** Writes 64 lower-case hex digits, without a NUL. */
WMBT_API void wmbt_block_hash_to_hex(const wmbt_block_hash *hash,
                                     uint8_t out[WMBT_BLOCK_HASH_HEX_BYTES]);

/* --- ModelDigest ------------------------------------------------------------------------------ */

/** Hex digits of a model digest. */
#    define WMBT_MODEL_DIGEST_HEX_BYTES 48u

/** 24 zero bytes: not known. What upstream's producers write today. */
extern const wmbt_model_digest wmbt_model_digest_zero;

/** True if all 24 bytes are zero: the model is not known. */
WMBT_API bool wmbt_model_digest_is_zero(const wmbt_model_digest *digest);

/** True if the bytes are the same. Two unknown digests are the same bytes, not the same model. */
WMBT_API bool wmbt_model_digest_equal(const wmbt_model_digest *a, const wmbt_model_digest *b);

/** The first 24 bytes of a SHA-256 of the model, which the caller has. */
WMBT_API void wmbt_model_digest_from_sha256(const uint8_t sha256[32], wmbt_model_digest *digest);

/**
 * Reads exactly 48 hex digits of either case. The engine's fingerprint of 24 characters is another
 * thing and is refused by its length.
 *
 * bad-argument: NULL with a length; bad-length: not 48 bytes; bad-text: another character. *digest
 * is then unchanged; zeroed if the text changed meanwhile.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_model_digest_from_hex(wmbt_view text,
                                                                wmbt_model_digest *digest);

/** Writes 48 lower-case hex digits, without a NUL. */
WMBT_API void wmbt_model_digest_to_hex(const wmbt_model_digest *digest,
                                       uint8_t out[WMBT_MODEL_DIGEST_HEX_BYTES]);

/* --- LayoutTag -------------------------------------------------------------------------------- */

/* Known families of layouts. Values are pinned. */
#    define WMBT_LAYOUT_UNKNOWN 0u        /**< the zero tag: nobody said */
#    define WMBT_LAYOUT_OTHER 1u          /**< a tag that this version does not know */
#    define WMBT_LAYOUT_DS4_V1 2u         /**< "ds4-v1": KVB1 blocks */
#    define WMBT_LAYOUT_SGLANG_PAGE_V1 3u /**< "sglang-page-v1" */

/** 16 zero bytes: not known. What upstream's producers write today. */
extern const wmbt_layout_tag wmbt_layout_tag_zero;

/** True if all 16 bytes are zero: the layout is not known. */
WMBT_API bool wmbt_layout_tag_is_zero(const wmbt_layout_tag *tag);

/** True if the bytes are the same. Two unknown tags are the same bytes, not the same layout. */
WMBT_API bool wmbt_layout_tag_equal(const wmbt_layout_tag *a, const wmbt_layout_tag *b);

/**
 * A tag from 1 to 16 visible ASCII characters (0x21 to 0x7E), the rest NUL.
 *
 * bad-argument: NULL with a length; not-representable: empty (that would be the unknown tag) or
 * longer than 16 bytes; bad-text: another character. *tag is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_layout_tag_from_text(wmbt_view text,
                                                               wmbt_layout_tag *tag);

/**
 * The text of a tag: a view into *tag, so of no longer life; empty for the zero tag.
 *
 * bad-tag: a byte after the first NUL that is not NUL, or a character that
 * wmbt_layout_tag_from_text() refuses. *text is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_layout_tag_to_text(const wmbt_layout_tag *tag,
                                                             wmbt_view *text);

/** The family of a tag, WMBT_LAYOUT_.... All 16 bytes are compared; ill-formed tags are "other". */
WMBT_API uint32_t wmbt_layout_tag_family(const wmbt_layout_tag *tag);

/* --- BlockMeta -------------------------------------------------------------------------------- */

/**
 * A root: zero parent, block_seq 0, ext_flags 0. `now_ns` is the caller's clock, nanoseconds since
 * the Unix epoch.
 */
WMBT_API void wmbt_block_meta_init_root(wmbt_block_meta *meta, uint64_t payload_bytes,
                                        const wmbt_model_digest *model,
                                        const wmbt_layout_tag *layout, uint64_t now_ns);

/**
 * A block after another: parent and number as given, ext_flags 0. As upstream, nothing is checked
 * here: see wmbt_block_meta_check_step().
 */
WMBT_API void wmbt_block_meta_init_successor(wmbt_block_meta *meta, const wmbt_block_hash *parent,
                                             uint32_t block_seq, uint64_t payload_bytes,
                                             const wmbt_model_digest *model,
                                             const wmbt_layout_tag *layout, uint64_t now_ns);

/** Sets the time of the last use. */
WMBT_API void wmbt_block_meta_touch(wmbt_block_meta *meta, uint64_t now_ns);

/** Copies a record: to be used instead of an assignment, which compilers turn into memcpy. */
WMBT_API void wmbt_block_meta_copy(wmbt_block_meta *to, const wmbt_block_meta *from);

/** True if the parent's hash is not all zero. */
WMBT_API bool wmbt_block_meta_has_parent(const wmbt_block_meta *meta);

/** True if there is no parent and the number is 0. */
WMBT_API bool wmbt_block_meta_is_root(const wmbt_block_meta *meta);

/**
 * Checks one step of a chain: `child` names `parent_hash` as its parent, which is not zero, and its
 * number is one more than `parent`'s. Model and layout are not checked here (reuse.h).
 *
 * bad-argument: parent_hash is zero; wrong-block: another parent, or another number (no number
 * follows 2^32 - 1).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_block_meta_check_step(const wmbt_block_meta *child,
                                                                const wmbt_block_hash *parent_hash,
                                                                const wmbt_block_meta *parent);

#endif

WMBT_END_DECLS

#endif
