/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw-tail objects (RTT1 version 4): whole reader, push reader, geometry, writer, and whether a
 * tail fits a prompt. Source of the rules: docs/FORMATS.md, "Raw tail".
 *
 * An object is a header of 36 bytes (envelope of 16 bytes, five numbers), raw rows of every layer,
 * compressor states and partial rows of every compressed layer, and an end marker. The CRC32C
 * stands in the envelope and covers all from byte 16 on, not the envelope itself.
 *
 * Checks, in this order; the first that fails decides the status:
 *    1. 36 bytes are there                                                         truncated
 *    2. magic                                                                      bad-magic
 *    3. version                                                          unsupported-version
 *    4. nothing follows the body; 40 bytes are there; the body is complete
 *                                                          bad-length, truncated, bad-length
 *    5. CRC32C                                                                  bad-checksum
 *    6. number of layers, head_dim, bytes of an element                            bad-shape
 *    7. raw rows: at most the window, at most the tokens                           bad-count
 *    8. in each compressed layer: partial rows at most tokens / ratio, as many
 *       indexer rows as compressed rows; all lies inside the body       bad-count, truncated
 *    9. end marker                                                            bad-end-marker
 *   10. the body ends there                                                   trailing-bytes
 * The checks 8 (but for "inside the body") and 10 are ours; upstream accepts what they refuse, and
 * so does the reader with WMBT_RAWTAIL_COMPAT_... in `flags`.
 */
#ifndef WOMBATKV_RAWTAIL_H
#define WOMBATKV_RAWTAIL_H

#include "wombatkv/shape.h"

#if WMBT_CFG_RAWTAIL

WMBT_BEGIN_DECLS

#    define WMBT_RAWTAIL_ENVELOPE_BYTES 16u /**< the CRC covers what follows */
#    define WMBT_RAWTAIL_HEADER_BYTES 36u /**< envelope and the five numbers that begin the body */
#    define WMBT_RAWTAIL_VERSION 4u

/* Offsets of the fields of envelope and header, each a little-endian number of 32 bits. */
#    define WMBT_RAWTAIL_AT_MAGIC 0u
#    define WMBT_RAWTAIL_AT_VERSION 4u
#    define WMBT_RAWTAIL_AT_BODY_BYTES 8u
#    define WMBT_RAWTAIL_AT_CRC 12u
#    define WMBT_RAWTAIL_AT_LAYERS 16u
#    define WMBT_RAWTAIL_AT_RAW_ROWS 20u
#    define WMBT_RAWTAIL_AT_HEAD_DIM 24u
#    define WMBT_RAWTAIL_AT_ELEMENT_BYTES 28u
#    define WMBT_RAWTAIL_AT_TOKENS 32u

/** The tail that is expected. Which prompt it is for is a question to wmbt_rawtail_fits(). */
typedef struct wmbt_rawtail_expect {
    const wmbt_shape *shape;
    uint32_t flags; /**< WMBT_RAWTAIL_COMPAT_... or 0 */
} wmbt_rawtail_expect;

#    define WMBT_RAWTAIL_COMPAT_ROWS 1u     /**< any number of partial rows, as upstream */
#    define WMBT_RAWTAIL_COMPAT_TRAILING 2u /**< bytes after the end marker, as upstream */
#    define WMBT_RAWTAIL_COMPAT 3u          /**< accepts exactly what upstream accepts */

/** What an object says. */
typedef struct wmbt_rawtail_info {
    uint32_t total_tokens; /**< N: the state is that after so many tokens */
    uint32_t raw_rows;     /**< R: raw rows a layer, of the positions [N - R, N) */
    uint32_t body_bytes;
    uint32_t crc;       /**< CRC32C of the body as stored */
    uint32_t block_end; /**< tokens in the blocks before the partial rows; see flags */
    uint32_t flags;     /**< WMBT_RAWTAIL_ROWS_... */
} wmbt_rawtail_info;

/** There is a block_end, a multiple of each ratio, such that each compressed layer has N / ratio -
 * block_end / ratio partial rows of each kind, and info.block_end is it. Always set if no layer is
 * compressed; block_end is then 0. Without the flag block_end is 0. */
#    define WMBT_RAWTAIL_ROWS_AGREE 1u

/**
 * Whether an intact tail can be used behind blocks that end at `loaded_tokens`, for a prompt of
 * `prompt_tokens` (docs/FORMATS.md, "Raw tail", "When a tail fits"):
 *   - loaded <= N <= prompt;
 *   - loaded is the end of the last full block of N tokens (not asked if block_tokens is 0);
 *   - raw rows cover what the next token sees: min(N, window - 1) of them if prompt > N,
 *     min(N, window) if prompt = N;
 *   - partial rows go on where the blocks end.
 * It says nothing about whose tokens the tail speaks of: nothing stored does, unless N = loaded.
 * prompt_tokens WMBT_RAWTAIL_ANY_PROMPT: the prompt's length is not known and taken as longer.
 * Returns ok, does-not-fit; bad-argument (shape NULL, block_tokens that the shape does not allow),
 * unsupported-shape.
 */
#    define WMBT_RAWTAIL_ANY_PROMPT UINT64_MAX
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_fits(const wmbt_rawtail_info *info,
                                                       const wmbt_shape *shape,
                                                       uint32_t block_tokens,
                                                       uint64_t loaded_tokens,
                                                       uint64_t prompt_tokens);

/* --- geometry --------------------------------------------------------------------------------- */

/**
 * Lists the parts of a tail that follow its header, in order. Public struct of fixed size; keeps
 * the pointer to the shape. Keep out of the fields, but for `end`; offset, layer and part may be
 * read for wmbt_rawtail_walk_return().
 *
 * Partial rows stand between other rows and their numbers stand in the object. The walk takes them
 * as they must be for a tail that fits blocks which end at block_end: a reader that knows that may
 * fetch all ranges in any order, once it has the header (wmbt_rawtail_read_header()). It then
 * checks itself that each field holds its part's `value`, that `end` is 16 + body_bytes, and the
 * CRC32C of [16, end), put together by wmbt_crc32c_combine(). Where that fails, or block_end is not
 * known, only the push reader can tell where things are: bytes in order.
 */
typedef struct wmbt_rawtail_walk {
    const wmbt_shape *shape;
    uint64_t offset;
    uint64_t end; /**< bytes of the object; the parts cover [36, end) */
    uint32_t total_tokens;
    uint32_t raw_rows;
    uint32_t block_end;
    uint32_t rows;
    uint32_t layer;
    uint32_t part;
} wmbt_rawtail_walk;

/**
 * Starts at the first part. The last one is the end marker, a field that counts to the last layer.
 * Returns ok; bad-argument (shape or its layers NULL; raw_rows above window or total_tokens;
 * block_end above total_tokens or not a multiple of each ratio), unsupported-shape; too-large (the
 * body passes 2^32 - 1 bytes). On an error *walk is unchanged. Time: one step a part (at most 9 a
 * layer).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_walk_init(wmbt_rawtail_walk *walk,
                                                            const wmbt_shape *shape,
                                                            uint32_t total_tokens,
                                                            uint32_t raw_rows, uint32_t block_end);

/** The next part. Returns ok, or end (*part unchanged). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_walk_next(wmbt_rawtail_walk *walk,
                                                            wmbt_body_part *part);

/** The part that covers a byte of the object, as wmbt_kvblock_walk_seek(). Returns ok; missing if
 * the byte belongs to the header or lies behind the object (nothing changed). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_walk_seek(wmbt_rawtail_walk *walk,
                                                            uint64_t offset, wmbt_body_part *part);

/** As wmbt_rawtail_walk_seek(), but the walk then stands at the part, which comes next again. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_walk_find(wmbt_rawtail_walk *walk,
                                                            uint64_t offset, wmbt_body_part *part);

/** As wmbt_kvblock_walk_return(). */
WMBT_API void wmbt_rawtail_walk_return(wmbt_rawtail_walk *walk, uint64_t offset, uint32_t layer,
                                       uint32_t part);

/* --- whole object ----------------------------------------------------------------------------- */

/**
 * Checks 1 to 3, 6 and 7 on the first 36 bytes; more bytes are not looked at. The CRC covers the
 * five numbers, so what is said about them holds only when it has passed. info->block_end and
 * info->flags are 0. Also bad-length if body_bytes is too small for the numbers and the end marker.
 * On an error *info is unchanged. Also returns bad-argument and unsupported-shape, as
 * wmbt_rawtail_read() does.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_read_header(wmbt_view bytes,
                                                              const wmbt_rawtail_expect *expect,
                                                              wmbt_rawtail_info *info);

/**
 * Reads and checks a whole object. Each byte is read once. On ok the tail is verified; if the rows
 * agree, wmbt_rawtail_walk_init(shape, total_tokens, raw_rows, block_end) lists its extents, else
 * the push reader does. On an error *info is unchanged. Returns ok, a status of the list above,
 * bad-argument (NULL, unknown flag), unsupported-shape.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_read(wmbt_view object,
                                                       const wmbt_rawtail_expect *expect,
                                                       wmbt_rawtail_info *info);

/* --- push ------------------------------------------------------------------------------------- */

/**
 * A tail whose bytes come in pieces of any size, in order. Public struct of fixed size, no pointer
 * into itself: a copy of its bytes is a clone. Keeps the pointer to the shape. Keep out of the
 * fields. Used as wmbt_kvblock_push is.
 *
 * The length and the CRC are checked before the numbers, and are known last. So feed() refuses only
 * for magic, version and bytes that follow; a wrong number ends the extents, the rest of the body
 * is only checksummed, and finish() says the status, the same as wmbt_rawtail_read(). A caller who
 * will not wait asks push_at().
 */
typedef struct wmbt_rawtail_push {
    wmbt_rawtail_walk walk;
    wmbt_rawtail_info info;
    uint32_t flags;
    uint32_t comp_rows; /* of the layer at hand */
    uint32_t counted;   /* 1: a count has been seen */
    wmbt_status fault;  /* what finish() will say, unless length or CRC are wrong */
    wmbt_body_decoder body;
} wmbt_rawtail_push;

/** Starts an object. Returns ok, or bad-argument, unsupported-shape as wmbt_rawtail_read() does;
 * *push is then unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_push_init(wmbt_rawtail_push *push,
                                                            const wmbt_rawtail_expect *expect);

/**
 * Takes bytes, as wmbt_kvblock_push_feed() does: stops at the first byte of each extent, copies an
 * extent's bytes to `dst` (staged until finish() returns ok) or, if that is {NULL, 0}, only checks
 * them.
 *
 * Returns
 *   ok         stopped at the first byte of an extent (the rest of `bytes` is for the next call)
 *   need-more  took all, waits for more
 *   end        took all, the object is complete: finish() checks it
 *   bad-magic, unsupported-version, bad-length: refused for good, *consumed is unchanged, each
 *   later
 *              call says the same
 *   bad-argument, buffer-too-small: nothing taken, try again
 *   bad-state  after finish() has returned ok
 * *consumed: bytes taken by this call. Work: bytes.len, and at most one step a part.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_push_feed(wmbt_rawtail_push *push,
                                                            wmbt_view bytes, wmbt_buf dst,
                                                            size_t *consumed);

/** Takes `len` payload bytes that the caller has put in place and whose CRC32C is `crc`, as
 * wmbt_kvblock_push_placed() does. Returns ok (the next byte begins an extent), need-more, end;
 * bad-argument if len is more than is left of the extent; bad-state if the next byte does not
 * belong to one or after finish() (nothing taken); the status that the object was refused with. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_push_placed(wmbt_rawtail_push *push, uint32_t len,
                                                              uint32_t crc);

/**
 * The extent that the next byte belongs to, and how many of its bytes have been taken. Returns ok;
 * missing if the next byte is part of the header, a number or the end marker; end if the object is
 * complete and intact; a status that it was refused with, or that finish() will say at best (it may
 * also say bad-length or bad-checksum): no extent follows, the caller may give up. Outputs are
 * changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_push_at(const wmbt_rawtail_push *push,
                                                          wmbt_extent *extent, uint32_t *position);

/** Bytes of the object taken so far: the offset of the next one. */
WMBT_API uint64_t wmbt_rawtail_push_offset(const wmbt_rawtail_push *push);

/**
 * The input has ended. ok, once: every check has passed, the staged extents are verified and *info
 * is filled. Else the status of the list above; bad-state if it was called before and returned ok.
 * On an error *info is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_push_finish(wmbt_rawtail_push *push,
                                                              wmbt_rawtail_info *info);

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/**
 * Makes an object around rows that already stand at their extents' offsets: writes header, numbers,
 * end marker and CRC32C. `object` has walk.end bytes or more; *written says how many are the
 * object. Returns ok; bad-argument, unsupported-shape, too-large as wmbt_rawtail_walk_init();
 * buffer-too-small. On an error nothing is written.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_rawtail_seal(wmbt_buf object, const wmbt_shape *shape,
                                                       uint32_t total_tokens, uint32_t raw_rows,
                                                       uint32_t block_end, size_t *written);
#    endif

WMBT_END_DECLS

#endif

#endif
