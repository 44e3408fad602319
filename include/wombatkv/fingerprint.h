/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity contexts: all that decides which bytes a KV block of given tokens has and who may read
 * them, and the 32-byte fingerprint of a context. Canonical encoding, byte by byte, and two worked
 * examples: docs/FINGERPRINT.md.
 *
 * Each field of a context is unknown until it is set. Unknown is not absent and not empty: it
 * equals nothing, and a context with an unknown field has no fingerprint unless the caller accepts
 * that field by name. When two contexts may share blocks is reuse.h's part.
 */
#ifndef WOMBATKV_FINGERPRINT_H
#define WOMBATKV_FINGERPRINT_H

#include "wombatkv/blake3.h"
#include "wombatkv/metadata.h"

#if WMBT_CFG_FINGERPRINT

WMBT_BEGIN_DECLS

/* Fields. Values are pinned: they are the tags of the encoding. 0 is no field. */
#    define WMBT_FINGERPRINT_MODEL_SHA256 1u       /**< digest of the weights */
#    define WMBT_FINGERPRINT_WEIGHT_QUANT 2u       /**< text: quantisation of the weights */
#    define WMBT_FINGERPRINT_TOKENIZER_SHA256 3u   /**< digest */
#    define WMBT_FINGERPRINT_POSITION 4u           /**< text: position encoding, or its digest */
#    define WMBT_FINGERPRINT_COMPUTE_DTYPE 5u      /**< text */
#    define WMBT_FINGERPRINT_KV_DTYPE 6u           /**< text */
#    define WMBT_FINGERPRINT_KV_SCALE 7u           /**< text: scope of the K/V scales */
#    define WMBT_FINGERPRINT_LAYOUT 8u             /**< layout tag (metadata.h) */
#    define WMBT_FINGERPRINT_LAYERS 9u             /**< first and last layer */
#    define WMBT_FINGERPRINT_TP 10u                /**< tensor parallel rank and size */
#    define WMBT_FINGERPRINT_PP 11u                /**< pipeline parallel rank and size */
#    define WMBT_FINGERPRINT_CP 12u                /**< context parallel rank and size */
#    define WMBT_FINGERPRINT_LORA_SHA256 13u       /**< digest */
#    define WMBT_FINGERPRINT_TENANT 14u            /**< text */
#    define WMBT_FINGERPRINT_CACHE_SALT 15u        /**< text */
#    define WMBT_FINGERPRINT_MULTIMODAL_SHA256 16u /**< digests in order of position */
#    define WMBT_FINGERPRINT_SERVED_NAME 17u       /**< text; changes no byte, not encoded */

/** Number of fields, and the highest value. */
#    define WMBT_FINGERPRINT_FIELDS 17u

/** A field's place in the masks of this header and of reuse.h. */
#    define WMBT_FINGERPRINT_BIT(field) (UINT32_C(1) << (field))

/** All fields. */
#    define WMBT_FINGERPRINT_ALL UINT32_C(0x3FFFE)

/** Fields that are encoded: all but the served name. */
#    define WMBT_FINGERPRINT_ENCODED \
        (WMBT_FINGERPRINT_ALL & ~WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_SERVED_NAME))

/** Fields that may be accepted unknown: all but those that keep users apart. */
#    define WMBT_FINGERPRINT_ACCEPTABLE                                           \
        (WMBT_FINGERPRINT_ALL & ~(WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_TENANT) | \
                                  WMBT_FINGERPRINT_BIT(WMBT_FINGERPRINT_CACHE_SALT)))

/* States of a field. Values are pinned: they stand in the encoding. */
#    define WMBT_FINGERPRINT_UNKNOWN 0u    /**< nobody said */
#    define WMBT_FINGERPRINT_ABSENT 1u     /**< known not to be there: `none` */
#    define WMBT_FINGERPRINT_VALUE 2u      /**< known */
#    define WMBT_FINGERPRINT_REPLICATED 3u /**< tp, pp, cp: every rank holds the same bytes */
#    define WMBT_FINGERPRINT_ZERO 4u       /**< layout: the all-zero tag; equal to nothing */
#    define WMBT_FINGERPRINT_WEAK 5u       /**< known by a name that proves nothing: unknown */

/** Longest text, in bytes. */
#    define WMBT_FINGERPRINT_MAX_TEXT_BYTES 4096u

/** Most digests of multimodal_sha256. */
#    define WMBT_FINGERPRINT_MAX_MULTIMODAL 1024u

/** No encoding is longer (61,682 bytes at most). */
#    define WMBT_FINGERPRINT_MAX_BYTES 65536u

/** Bytes of memory for the fingerprint of any context: 304. */
#    define WMBT_FINGERPRINT_MEMORY_BYTES WMBT_BLAKE3_BYTES(WMBT_FINGERPRINT_MAX_BYTES)

/** Bytes of a fingerprint; what chain.h's core dialect takes. */
#    define WMBT_FINGERPRINT_BYTES 32u

/** One field. */
typedef struct wmbt_fingerprint_value {
    wmbt_view text;  /**< value, or weak: the text it was set from (digests: hex digits) */
    uint32_t state;  /**< WMBT_FINGERPRINT_UNKNOWN... */
    uint32_t first;  /**< layers: first; tp, pp, cp: rank; weak weight_quant: bits; digests: how
                          many; else 0 */
    uint32_t second; /**< layers: last; tp, pp, cp: size; else 0 */
} wmbt_fingerprint_value;

/**
 * A context. All zero: every field unknown. It keeps views of the texts that its fields were set
 * from: they must stay, unchanged, as long as the context is used. Set fields by the functions
 * below only: what they checked is not checked again.
 */
typedef struct wmbt_fingerprint_context {
    wmbt_fingerprint_value values[WMBT_FINGERPRINT_FIELDS]; /**< field f is values[f - 1] */
} wmbt_fingerprint_context;

/** What is accepted although it is not known. All zero: nothing. */
typedef struct wmbt_fingerprint_accept {
    uint32_t unknown;     /**< mask of fields, of WMBT_FINGERPRINT_ACCEPTABLE only */
    uint32_t zero_layout; /**< 1: the all-zero layout tag is a tag like another */
} wmbt_fingerprint_accept;

/** The field of a name ("model_sha256"), or 0. */
WMBT_API uint32_t wmbt_fingerprint_field_from_name(wmbt_view name);

/** The name of a field, or "unknown"; static, NUL-terminated. */
WMBT_API const char *wmbt_fingerprint_field_name(uint32_t field);

/** Makes every field unknown. */
WMBT_API void wmbt_fingerprint_init(wmbt_fingerprint_context *context);

/**
 * Sets a field from its text, without blanks around it; the context keeps the view. By field:
 *
 *     model_sha256, tokenizer_sha256, lora_sha256   64 hex digits of either case
 *     multimodal_sha256                the same, separated by commas, blanks beside a comma allowed
 *     layout                           1 to 16 visible ASCII characters, or `zero`
 *     layers                           FIRST-LAST, FIRST <= LAST < 2^32
 *     tp, pp, cp                       RANK/SIZE, RANK < SIZE < 2^32, or `replicated`
 *     all others                       1 to 4,096 bytes of UTF-8 without NUL
 *
 * `none` says that it is absent, in lora_sha256, multimodal_sha256 and all text fields.
 *
 * bad-argument: NULL with a length, or no such field; bad-field: empty, or `none` in a field that
 * cannot be absent; too-large: a text above WMBT_FINGERPRINT_MAX_TEXT_BYTES, more digests than
 * WMBT_FINGERPRINT_MAX_MULTIMODAL; bad-length: a digest of another length; bad-text: not hex, not
 * UTF-8, a NUL, a blank at an end, a character that a layout tag has not; not-representable: a
 * layout tag above 16 bytes; bad-syntax: no '-' or '/'; bad-number: not decimal, too large, or the
 * wrong way round. The field is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fingerprint_set(wmbt_fingerprint_context *context,
                                                          uint32_t field, wmbt_view text);

/** Makes a field unknown. A field that does not exist is none: nothing happens. */
WMBT_API void wmbt_fingerprint_forget(wmbt_fingerprint_context *context, uint32_t field);

/** Where wmbt_fingerprint_read() stopped. */
typedef struct wmbt_fingerprint_place {
    uint32_t line;  /**< from 1 */
    uint32_t field; /**< the field whose line it is, or 0 */
} wmbt_fingerprint_place;

/**
 * Reads an identity file: UTF-8, one `field = value` a line, in any order. Blanks (space, tab,
 * carriage return) around field and value do not count. '#' at the start of a line or after a blank
 * begins a comment. A field that is left out is unknown. The context keeps views into `text`.
 *
 * bad-argument: NULL with a length; bad-text: not UTF-8, or a NUL; bad-syntax: a line without '=';
 * bad-field: a field that does not exist or that occurs twice; otherwise as wmbt_fingerprint_set().
 * The context is then unchanged, and *place says where (line 0 for bad-argument). *place is
 * unchanged if all went well.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fingerprint_read(wmbt_view text,
                                                           wmbt_fingerprint_context *context,
                                                           wmbt_fingerprint_place *place);

/**
 * Writes a field's text in its canonical form: lower-case hex, no leading zeros, no blanks; `none`,
 * `replicated`, `zero`; nothing for an unknown field. What wmbt_fingerprint_set() makes of it
 * equals the field. A weak field gives the upstream text, or "q" and the bits.
 *
 * bad-argument: no such field, or NULL with a length; buffer-too-small. Nothing is written then;
 * `out` and *len are unchanged. bad-text: a digest is no longer one, or the text changed meanwhile;
 * `out` is zeroed, *len unchanged. WMBT_FINGERPRINT_MAX_VALUE_BYTES are always enough.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fingerprint_value_text(
    const wmbt_fingerprint_context *context, uint32_t field, wmbt_buf out, size_t *len);

/** Longest text of wmbt_fingerprint_value_text(): 1,024 digests and their commas. */
#    define WMBT_FINGERPRINT_MAX_VALUE_BYTES (65u * WMBT_FINGERPRINT_MAX_MULTIMODAL - 1u)

/** True if a field is in the same state with the same value in both. Two unknown fields are. */
WMBT_API bool wmbt_fingerprint_same(const wmbt_fingerprint_context *a,
                                    const wmbt_fingerprint_context *b, uint32_t field);

/**
 * The mask of the encoded fields that keep a context from having a fingerprint: unknown or weak and
 * not accepted, and the zero layout unless accepted. Bits of accept->unknown outside
 * WMBT_FINGERPRINT_ACCEPTABLE have no effect.
 */
WMBT_API uint32_t wmbt_fingerprint_open_fields(const wmbt_fingerprint_context *context,
                                               const wmbt_fingerprint_accept *accept);

/**
 * The fingerprint: BLAKE3 of a domain tag and the encoding. `memory` is BLAKE3's while it works,
 * aligned to WMBT_BLAKE3_ALIGN; WMBT_FINGERPRINT_MEMORY_BYTES are always enough,
 * WMBT_BLAKE3_BYTES(n) for an encoding with its tag of up to n bytes.
 *
 * bad-argument: accept->unknown names a field outside WMBT_FINGERPRINT_ACCEPTABLE, zero_layout
 * above 1, or NULL with a length; unknown-context: wmbt_fingerprint_open_fields() is not 0;
 * buffer-too-small, buffer-misaligned, too-large: as BLAKE3's; bad-text: a text is no longer the
 * one that was set. `out` is then unchanged; the memory may be overwritten.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fingerprint_compute(
    const wmbt_fingerprint_context *context, const wmbt_fingerprint_accept *accept, wmbt_buf memory,
    uint8_t out[WMBT_FINGERPRINT_BYTES]);

/**
 * Writes the encoding itself (without the domain tag), and its length to *len: for tests and for
 * those who want to keep what a fingerprint stands for. Statuses as wmbt_fingerprint_compute();
 * buffer-too-small: `out` is shorter than the encoding. `out` and *len are then unchanged, but
 * for bad-text where a text changed meanwhile: `out` is then zeroed.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_fingerprint_encode(const wmbt_fingerprint_context *context,
                        const wmbt_fingerprint_accept *accept, wmbt_buf out, size_t *len);

/**
 * The model digest of a context: the first 24 bytes of model_sha256.
 *
 * unknown-context: model_sha256 has no value. *digest is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status
wmbt_fingerprint_model_digest(const wmbt_fingerprint_context *context, wmbt_model_digest *digest);

/**
 * What the ds4 engine's chain says of a context (chain.h): `fingerprint` is its text, usually the
 * first 24 hex digits of the SHA-1 of the model's path, `quant_bits` the bits of the first layer's
 * routed experts. Both are weak: another model at the same path has the same text, so model_sha256
 * and weight_quant become WMBT_FINGERPRINT_WEAK, which is as good as unknown. The layout is ds4-v1,
 * which the chain hashes. All other fields become unknown, tenant and cache_salt included: set
 * those that you know. The context keeps the view.
 *
 * bad-argument: NULL with a length; bad-field: empty; too-large: above
 * WMBT_FINGERPRINT_MAX_TEXT_BYTES; bad-text: a NUL. *context is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_fingerprint_init_ds4(wmbt_fingerprint_context *context,
                                                               wmbt_view fingerprint,
                                                               uint32_t quant_bits);

WMBT_END_DECLS

#endif

#endif
