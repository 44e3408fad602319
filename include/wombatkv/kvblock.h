/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KV block objects (KVB1 version 2): whole reader, push reader, geometry, writer.
 * Source of the rules: docs/FORMATS.md, "KV block".
 *
 * An object is a header of 24 bytes, a body, and the CRC32C of the body. The shape and the number
 * of tokens fix every offset: wmbt_kvblock_walk lists them without a byte of the object. The CRC
 * does not cover the header.
 *
 * Checks, in this order; the first that fails decides the status:
 *    1. 24 bytes are there                                                       truncated
 *    2. magic                                                                    bad-magic
 *    3. version                                                        unsupported-version
 *    4. token count: the expected one                                          wrong-block
 *       or, if any will do, one that the shape allows                            bad-count
 *       and the body's length fits its 32-bit field                              too-large
 *    5. number of layers                                                         bad-shape
 *    6. block_seq is the expected one                                          wrong-block
 *    7. in each layer: ratio (bad-shape), row counts (bad-count), rows are there (truncated)
 *    8. body_len is the length of the body                                      bad-length
 *    9. CRC32C                                           truncated if cut off, bad-checksum
 *   10. nothing follows                                                     trailing-bytes
 *
 * Where, in src/format/kvblock.c: 2 to 6 in wmbt_kvblock_check_header(), the numbers of 7 and the
 * CRC in wmbt_kvblock_check_number() (against what wmbt_kvblock_next() says to expect), 8 in
 * wmbt_kvblock_next(), 10 in feed() and read(), truncated in finish(). The reader (reader.h), whose
 * bytes come in any order, takes 1 to 6 from wmbt_kvblock_read_header() and makes 7 to 10 itself,
 * in src/reader/body.c: the CRC is checked in wmbt_reader_body_finish().
 */
#ifndef WOMBATKV_KVBLOCK_H
#define WOMBATKV_KVBLOCK_H

#include "wombatkv/shape.h"

#if WMBT_CFG_KVBLOCK

WMBT_BEGIN_DECLS

#    define WMBT_KVBLOCK_HEADER_BYTES 24u
#    define WMBT_KVBLOCK_TRAILER_BYTES 4u /**< the CRC32C */
#    define WMBT_KVBLOCK_VERSION 2u

/* Offsets of the header's fields, each a little-endian number of 32 bits. */
#    define WMBT_KVBLOCK_AT_MAGIC 0u
#    define WMBT_KVBLOCK_AT_VERSION 4u
#    define WMBT_KVBLOCK_AT_SEQ 8u
#    define WMBT_KVBLOCK_AT_TOKENS 12u
#    define WMBT_KVBLOCK_AT_LAYERS 16u
#    define WMBT_KVBLOCK_AT_BODY_BYTES 20u

/** The block that is expected. */
typedef struct wmbt_kvblock_expect {
    const wmbt_shape *shape;
    uint32_t block_tokens; /**< tokens of the block */
    uint32_t block_seq;    /**< number of the block in its chain, 0 for the first */
    uint32_t flags;        /**< WMBT_KVBLOCK_ANY_... or 0 */
} wmbt_kvblock_expect;

#    define WMBT_KVBLOCK_ANY_SEQ 1u    /**< block_seq is not compared */
#    define WMBT_KVBLOCK_ANY_TOKENS 2u /**< block_tokens is taken from the object */

/** What a block's header and trailer say. */
typedef struct wmbt_kvblock_info {
    uint32_t block_seq;    /**< number of the block in its chain */
    uint32_t block_tokens; /**< tokens of the block */
    uint32_t body_bytes;   /**< between header and trailer */
    uint32_t crc;          /**< CRC32C of the body as stored */
} wmbt_kvblock_info;

/* --- geometry --------------------------------------------------------------------------------- */

/**
 * Lists the parts of a block's body in order, from shape and token count alone. Public struct of
 * fixed size; keeps the pointer to the shape. Keep out of the fields, but for `end`; offset,
 * layer and part may be read for wmbt_kvblock_walk_return().
 */
typedef struct wmbt_kvblock_walk {
    const wmbt_shape *shape;
    uint64_t offset;
    uint64_t end; /**< offset of the CRC; the body is [24, end), the object end + 4 bytes */
    uint32_t block_tokens;
    uint32_t layer;
    uint32_t part;
} wmbt_kvblock_walk;

/**
 * Starts at the first part. Time: one step a part (at most 5 a layer).
 * Returns ok; bad-argument (shape or its layers NULL, token count that the shape does not allow),
 * unsupported-shape; too-large (the body passes 2^32 - 1 bytes). On an error *walk is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_walk_init(wmbt_kvblock_walk *walk,
                                                            const wmbt_shape *shape,
                                                            uint32_t block_tokens);

/** The next part. Returns ok, or end (*part unchanged). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_walk_next(wmbt_kvblock_walk *walk,
                                                            wmbt_body_part *part);

/**
 * The part that covers a byte of the object; the walk goes on after it. Seeking forwards starts
 * where the walk stands, backwards there or at the first part, whichever is nearer: at most one
 * step a part.
 * Returns ok; missing if the byte belongs to header or trailer or lies behind the object (nothing
 * changed).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_walk_seek(wmbt_kvblock_walk *walk,
                                                            uint64_t offset, wmbt_body_part *part);

/** As wmbt_kvblock_walk_seek(), but the walk then stands at the part, which comes next again. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_walk_find(wmbt_kvblock_walk *walk,
                                                            uint64_t offset, wmbt_body_part *part);

/** Goes back to where this walk, or one that was started alike, stood: its offset, layer and part
 * then. Time: constant. */
WMBT_API void wmbt_kvblock_walk_return(wmbt_kvblock_walk *walk, uint64_t offset, uint32_t layer,
                                       uint32_t part);

/* --- whole object ----------------------------------------------------------------------------- */

/**
 * Checks 1 to 6 on the first 24 bytes; more bytes are not looked at. For readers that fetch ranges
 * in any order: wmbt_kvblock_walk_init() then gives the rest, and info->body_bytes is still to be
 * compared with it (check 8). info->crc is 0. On an error *info is unchanged. Also returns
 * bad-argument and unsupported-shape, as wmbt_kvblock_read() does.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_read_header(wmbt_view bytes,
                                                              const wmbt_kvblock_expect *expect,
                                                              wmbt_kvblock_info *info);

/**
 * Reads and checks a whole object. Each byte is read once. On ok the block is verified and
 * wmbt_kvblock_walk_init(shape, info->block_tokens) lists its extents; on an error *info is
 * unchanged. Returns ok, a status of the list above, bad-argument (NULL; token count expected that
 * the shape does not allow; unknown flag), unsupported-shape or too-large (as the walk).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_read(wmbt_view object,
                                                       const wmbt_kvblock_expect *expect,
                                                       wmbt_kvblock_info *info);

/* --- push ------------------------------------------------------------------------------------- */

/**
 * A block whose bytes come in pieces of any size, in order. Public struct of fixed size, no pointer
 * into itself: a copy of its bytes is a clone. Keeps the pointer to the shape. Keep out of the
 * fields.
 *
 *     do {
 *         st = wmbt_kvblock_push_feed(&p, bytes, where_rows_go, &taken);
 *         (bytes lose `consumed`; if st is ok, wmbt_kvblock_push_at() names the next extent)
 *     } while (st == WMBT_OK);
 */
typedef struct wmbt_kvblock_push {
    wmbt_kvblock_walk walk;
    wmbt_kvblock_info info; /* until the header has come: what is expected */
    uint32_t flags;
    wmbt_body_decoder body;
} wmbt_kvblock_push;

/** Starts an object. Returns ok, or bad-argument, unsupported-shape, too-large as
 * wmbt_kvblock_read() does; *push is then unchanged. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_push_init(wmbt_kvblock_push *push,
                                                            const wmbt_kvblock_expect *expect);

/**
 * Takes bytes. If the next byte belongs to an extent, that extent's bytes are copied to `dst` and
 * checksummed in one pass, or only checksummed if `dst` is {NULL, 0}; numbers are checked as they
 * pass. Stops at the first byte of the next extent, so that `dst` never serves two.
 *
 * `dst` begins where the next byte goes and has room for the smaller of bytes.len and what is left
 * of the extent; it is not touched before the extent begins. What lands there is staged: use it
 * only after finish() has returned ok.
 *
 * Returns
 *   ok         stopped at the first byte of an extent (the rest of `bytes` is for the next call)
 *   need-more  took all, waits for more
 *   end        took all, the object is complete and intact: call finish()
 *   a status of the list above: refused for good, *consumed is unchanged, each later call says it
 *   bad-argument, buffer-too-small: nothing taken, try again
 *   bad-state  after finish() has returned ok
 * *consumed: bytes taken by this call. Work: bytes.len, and at most one step a part.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_push_feed(wmbt_kvblock_push *push,
                                                            wmbt_view bytes, wmbt_buf dst,
                                                            size_t *consumed);

/**
 * Takes `len` payload bytes that the caller has put in place and whose CRC32C is `crc`. They belong
 * to the extent of push_at(); numbers are always fed. Returns ok (the next byte begins an extent),
 * need-more, or the status that the object is refused with; bad-argument if len is more than is
 * left of the extent, bad-state if the next byte does not belong to an extent or after finish()
 * (nothing taken).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_push_placed(wmbt_kvblock_push *push, uint32_t len,
                                                              uint32_t crc);

/**
 * The extent that the next byte belongs to, and how many of its bytes have been taken. Returns ok;
 * missing if the next byte is part of a header, number or trailer; end if the object is complete; a
 * status that it was refused with. Outputs are changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_push_at(const wmbt_kvblock_push *push,
                                                          wmbt_extent *extent, uint32_t *position);

/** Bytes of the object taken so far: the offset of the next one. */
WMBT_API uint64_t wmbt_kvblock_push_offset(const wmbt_kvblock_push *push);

/**
 * The input has ended. ok, once: every check has passed, the staged extents are verified and *info
 * is filled. Else truncated, or the status that the object was refused with; bad-state if it was
 * called before and returned ok. On an error *info is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_push_finish(wmbt_kvblock_push *push,
                                                              wmbt_kvblock_info *info);

/* --- writer ----------------------------------------------------------------------------------- */

#    if WMBT_CFG_WRITERS
/**
 * Makes an object around rows that already stand at their extents' offsets: writes header, numbers
 * and CRC32C. `object` has walk.end + 4 bytes or more; *written says how many are the object.
 * Returns ok; bad-argument, unsupported-shape, too-large as wmbt_kvblock_walk_init();
 * buffer-too-small. On an error nothing is written.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_kvblock_seal(wmbt_buf object, const wmbt_shape *shape,
                                                       uint32_t block_tokens, uint32_t block_seq,
                                                       size_t *written);
#    endif

WMBT_END_DECLS

#endif

#endif
