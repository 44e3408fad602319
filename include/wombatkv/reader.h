/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: one object in one block of the caller's memory that takes a prompt to a restore plan.
 * It does no I/O. It says what it wants next, is given bytes as they arrive, and hands out where
 * rows go, what is verified, and the plan. docs/GUIDE.md shows it at work.
 *
 *     init -> tokens or hashes, in any split -> end(total tokens)
 *     next_want -> a presence question, an object or a byte range, or memory
 *         the caller answers it: presence | found, feed, placed | memory | fail, retry, restart
 *     next_want says end -> plan, and the pieces of what is usable
 *
 * Wants can be asked for before the input has ended, several may be open at once, and they may be
 * answered in any order. The bytes of a want may come in any order and in any pieces, so a range
 * may be fetched over several queues. What was given once is refused if it comes again.
 *
 * Every byte of an object passes the format's own checks before the object is *verified*; until
 * then its rows are *staged*: they may be placed, they must not be used. *Usable* is said by the
 * plan only: a verified block behind one that failed is not usable.
 *
 * Objects are plain, wrapped (compressed.h) or chunked (largevalue.h). A plain one needs no memory
 * of its own. Of the others the plain bytes are collected in memory that the caller lends until the
 * object is settled. Source of the rules: docs/DESIGN.md, "The reader"; the formats' rules stand in
 * the headers of the formats.
 */
#ifndef WOMBATKV_READER_H
#define WOMBATKV_READER_H

#include "wombatkv/chain.h"
#include "wombatkv/compressed.h"
#include "wombatkv/plan.h"
#include "wombatkv/shape.h"

#if WMBT_CFG_READER

WMBT_BEGIN_DECLS

/**
 * Bytes of memory for prompts of up to `max_blocks` full blocks and `in_flight` objects at once; a
 * constant expression if both are. WMBT_CHAIN_BYTES() more are needed only for core's chain with
 * blocks above WMBT_SHAPE_MAX_BLOCK_TOKENS (which no object has) or a tenant above 960 bytes.
 */
#    define WMBT_READER_BYTES(max_blocks, in_flight) \
        (1024u + 40u * WMBT_SIZE(max_blocks) + 512u * WMBT_SIZE(in_flight))

/** Alignment of that memory. */
#    define WMBT_READER_ALIGN WMBT_MEMORY_ALIGN

#    define WMBT_READER_MAX_BLOCKS 0x1000000u /**< of a prompt */
#    define WMBT_READER_MAX_IN_FLIGHT 1024u

/** Instead of a block's number: the raw tail. */
#    define WMBT_READER_TAIL 0xFFFFFFFFu

/** The first want of an object is for so many bytes, or all of it if it has fewer. */
#    define WMBT_READER_HEADER_BYTES 128u

/** Where the rows of one layer and kind go: those of block 0 first, then block 1, and so on, the
 * partial rows of the tail last. */
typedef struct wmbt_reader_place {
    uint64_t offset; /**< of the first row, in config.memory or in a space of the caller's */
    uint32_t wanted; /**< 1; 0: the rows are checked and not kept (a layer of another rank) */
} wmbt_reader_place;

/** What a reader is made for. Zero it first: fields may be added. */
typedef struct wmbt_reader_config {
    wmbt_chain_config chain;   /**< dialect and identity; block_tokens is not 0 */
    const wmbt_shape *shape;   /**< kept */
    wmbt_view prefix;          /**< of object keys; kept */
    wmbt_view name_space;      /**< kept */
    uint32_t max_blocks;       /**< 1 to WMBT_READER_MAX_BLOCKS; further ones are not looked for */
    uint32_t in_flight;        /**< objects at once, 1 to WMBT_READER_MAX_IN_FLIGHT */
    uint32_t max_object_bytes; /**< of an object as stored, and plain; larger ones are too-large */
    uint32_t presence_blocks;  /**< ask for the presence of so many blocks at once; 0: do not ask */
    uint32_t flags;            /**< WMBT_READER_... */
    wmbt_buf memory;           /**< kept: where fed rows are copied to; {NULL, 0}: they are not */
    /** Kept: shape->layers x WMBT_EXTENT_KINDS of them, kinds of a layer side by side; NULL: no
     * rows are wanted. */
    const wmbt_reader_place *places;
    /** Of compressed objects, context kept; {NULL, NULL}: they are unsupported-algorithm. So they
     * are where it says full or an error of its caller (16 to 31: say, too small a workspace).
     * Another status that is neither ok nor an error up to 255 counts as bad-bitstream. */
    wmbt_codec codec;
} wmbt_reader_config;

#    define WMBT_READER_AUDIT 1u      /**< judge every block; else stop at the first unusable one */
#    define WMBT_READER_TRUST_TAIL 2u /**< the caller vouches for the tail's tokens (plan.h) */
#    define WMBT_READER_NO_TAIL 4u    /**< do not look for a tail */

/**
 * Bytes that a place must have room for: the rows of a layer and kind of max_blocks blocks and a
 * tail. Of *config only shape (which has passed wmbt_shape_check()), chain.block_tokens and
 * max_blocks are looked at; layer < shape->layers. 0 if there are no such rows, or the shape allows
 * no blocks of so many tokens: then nothing is placed; UINT32_MAX if they are too many, as
 * wmbt_reader_init() says by too-large.
 */
WMBT_API uint32_t wmbt_reader_place_bytes(const wmbt_reader_config *config, uint32_t layer,
                                          uint32_t kind);

/** A reader in the caller's memory. It holds pointers into that memory: it must not be moved. */
typedef struct wmbt_reader wmbt_reader;

/**
 * Starts a reader in `memory`, which it occupies until it is no longer used; *r is that memory.
 *
 * bad-argument: NULL with a length or without a shape; a number or flag outside its range; places
 *     without memory, whose offset + rows of max_blocks + 1 blocks, or of a tail, pass memory.len
 *     (if that is not 0) or 2^64 bytes; as wmbt_chain_init(). Prefix empty.
 * unsupported-shape: as wmbt_shape_check()
 * bad-text, not-representable: as wmbt_chain_init()
 * too-large: rows of one layer and kind would pass 2^32 - 2 bytes; a tenant longer than the memory
 *     has room for
 * buffer-too-small: less than WMBT_READER_BYTES(); buffer-misaligned
 * On an error *r is unchanged; the memory may be overwritten.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_init(wmbt_buf memory,
                                                      const wmbt_reader_config *config,
                                                      wmbt_reader **r);

/** Drops everything and starts over with the same configuration: all wants become stale, memory
 * lent is the caller's again. Allowed at any time. */
WMBT_API void wmbt_reader_reset(wmbt_reader *r);

/* --- input ------------------------------------------------------------------------------------ */

/**
 * Takes tokens of the prompt, in any split. Work: hashing them. Blocks beyond the limit
 * (max_blocks; ds4 512) are counted and not hashed.
 * Returns ok; bad-state after end() or after hashes; bad-argument (NULL with a count); too-large if
 * the prompt passes 2^31 - 1 tokens. Nothing is taken on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_tokens(wmbt_reader *r, const uint32_t *tokens,
                                                        size_t count);

/** Takes the hash of the next full block, for callers that have hashes. Returns ok; full beyond the
 * limit (as above; nothing is taken); bad-state after end() or after tokens. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_hash(wmbt_reader *r, const wmbt_block_hash *hash);

/**
 * The prompt has ended and has so many tokens. Returns ok; bad-state if it was called before;
 * bad-argument if it is not the number of tokens given, or less than the blocks of the hashes given
 * hold, or above 2^31 - 1.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_end(wmbt_reader *r, uint32_t total_tokens);

/* --- wants ------------------------------------------------------------------------------------ */

/* Kinds of wants. Values are pinned. */
#    define WMBT_WANT_PRESENCE 1u /**< are these blocks stored? Answer: presence() */
#    define WMBT_WANT_OBJECT 2u   /**< an object from its start. Answer: found(), then bytes */
#    define WMBT_WANT_RANGE 3u    /**< bytes of an object that was found. Answer: bytes */
#    define WMBT_WANT_MEMORY 4u   /**< room to collect an object. Answer: memory() */

/** Something the reader waits for. It is named by id and generation: answers to an earlier
 * generation are stale and refused. */
typedef struct wmbt_want {
    uint32_t id; /**< below in_flight, one for each object at once; presence: in_flight */
    uint32_t generation;
    uint32_t kind;   /**< WMBT_WANT_... */
    uint32_t object; /**< block number or WMBT_READER_TAIL; presence: the first block */
    uint32_t blocks; /**< presence: how many blocks from there on; else 0 */
    uint32_t offset; /**< object, range: first byte, of the object as stored */
    uint32_t bytes;  /**< range: how many; object: enough to begin with, or all if it has fewer */
    uint32_t raw_bytes;    /**< memory: bytes for the plain object; else 0 */
    uint32_t stored_bytes; /**< memory: bytes for an object as stored; else 0 */
} wmbt_want;

/**
 * The next thing to fetch, in the order that finishes the prefix soonest. Each is handed out once;
 * a range begins at the first byte that is missing and ends before bytes that have come.
 * Returns ok; need-more: nothing further until a want is answered or input comes; end: all is
 * settled, the plan can be made. *want is changed only on ok. Work: one step a slot,
 * and one a block at most.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want);

/**
 * Writes the object key that a want (object, range) is about to `out`, without a NUL; *len is its
 * length. Returns ok, bad-state (stale, or another kind of want), bad-argument (NULL with a
 * length), buffer-too-small (1,024 bytes always are enough), not-representable (objkey.h). Nothing
 * is written on an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_want_key(const wmbt_reader *r,
                                                          const wmbt_want *want, wmbt_buf out,
                                                          size_t *len);

/** The same for a block, or for the tail at the last block that is usable so far. Returns as
 * wmbt_reader_want_key(), but for bad-state; bad-argument also for no such block, or no usable
 * block. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_object_key(const wmbt_reader *r, uint32_t object,
                                                            wmbt_buf out, size_t *len);

/**
 * Answers a presence question: bit i % 8 of byte i / 8 is set if block want->object + i is stored.
 * Returns ok, bad-state (stale, another kind), bad-argument (fewer than want->blocks bits, NULL
 * with a length).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_presence(wmbt_reader *r, const wmbt_want *want,
                                                          wmbt_view bits);

/**
 * The object of a want is there and has so many bytes as stored. Comes before its bytes, once.
 * Returns ok: now its bytes, want->bytes or all if there are fewer;
 *     a status of the object, which is settled with it: truncated (no bytes at all), too-large;
 *     bad-state (stale, another kind, said before).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_found(wmbt_reader *r, const wmbt_want *want,
                                                       uint64_t object_bytes);

/**
 * Takes bytes at `offset` of the object as stored. They are read once: copied to where they go and
 * checked in one pass. Takes at most what lies before the want's end and before bytes that came
 * earlier; *taken says how many. Bytes that a fetch brought beyond the want's end are for the
 * object's next want. Work: linear in *taken, with a step for each of the shape's extents; and the
 * call that completes a wrapped object inflates it, the one that completes collected bytes checks
 * them all.
 *
 * Returns
 *   need-more      the want is not complete
 *   ok             the want is complete and gone, there is more to the object: ask next_want()
 *   end            the object is complete and verified (a tail may not fit: see the plan)
 *   a status of the object (malformed, integrity, ...): it is settled with it, the want is gone.
 *                  Only *taken is unchanged
 *   bad-argument   the first byte is outside the want or came before, or NULL with a length
 *                  (nothing is taken)
 *   full           too many holes: the first bytes that are missing always fit (nothing is taken)
 *   bad-state      stale, another kind, found() is missing (nothing is taken)
 * wmbt_reader_settles() tells the object's statuses from those of the call.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_feed(wmbt_reader *r, const wmbt_want *want,
                                                      uint32_t offset, wmbt_view bytes,
                                                      size_t *taken);

/**
 * True if a status of found(), feed(), placed() or memory() has settled the object: it is verified
 * (end) or refused. Else the status is about the call, and an error has changed nothing.
 */
static inline bool wmbt_reader_settles(wmbt_status status)
{
    return status == WMBT_END || (status >= 32 && status != WMBT_FULL);
}

/**
 * Says that `len` payload bytes at `offset` of a plain object are in place and have this CRC32C, as
 * computed by hardware that put them there. They lie within one piece (wmbt_reader_piece()).
 * Returns as feed(); bad-argument also for no bytes, for bytes that are not all payload of one
 * extent inside the want, or of which some came before; bad-state also before the head has been
 * fed, and for an object that is collected in memory. Nothing is taken on either.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_placed(wmbt_reader *r, const wmbt_want *want,
                                                        uint32_t offset, uint32_t len,
                                                        uint32_t crc);

/**
 * Lends memory: `raw` for want->raw_bytes, `stored` for want->stored_bytes, until the object is
 * settled or restarted. When feed() says end, `raw` holds the plain object. A further question
 * about the object replaces what was lent, but for a `raw` that it asks 0 bytes of: that is kept (a
 * chunk that is longer than its value let expect). Returns as feed(), for an object whose bytes
 * were all there; buffer-too-small (the want stays open); bad-argument (NULL with a length);
 * bad-state (stale, another kind).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_memory(wmbt_reader *r, const wmbt_want *want,
                                                        wmbt_buf raw, wmbt_buf stored);

/**
 * The caller cannot deliver. `status` is missing, or an error from 16 to 255, of which those from
 * 128 on are the caller's own; the object is settled with it (a chunk that is missing leaves its
 * value truncated). A presence question: its blocks are asked for without it. Returns ok, bad-state
 * (stale), bad-argument (another status).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_fail(wmbt_reader *r, const wmbt_want *want,
                                                      wmbt_status status);

/** Withdraws a want (time-out, lost request): next_want() hands out a new one, for the first bytes
 * that are still missing; of kind range if found() has been said. What came is kept. Returns ok,
 * bad-state (stale). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want);

/** As retry(), but all that came of the object is forgotten and it is asked for from its start: to
 * be used when the stored object has been replaced meanwhile. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_restart(wmbt_reader *r, const wmbt_want *want);

/* --- where rows go ---------------------------------------------------------------------------- */

/* How far a piece can be trusted. Values are pinned. */
#    define WMBT_TRUST_STAGED 0u   /**< may be placed, must not be used */
#    define WMBT_TRUST_VERIFIED 1u /**< its object passed all checks */
#    define WMBT_TRUST_USABLE 2u   /**< verified, all is settled, and the plan loads it */

/** Limits of a DMA engine, for pieces of rows that it can take in one go. Rows that are not wanted
 * are cut as if they went to an aligned place. */
typedef struct wmbt_reader_dma {
    uint32_t max_bytes; /**< 0: any */
    uint32_t align;     /**< of place and length; a power of two; 0 and 1: any */
} wmbt_reader_dma;

/** A run of bytes of a plain object that belong together. */
typedef struct wmbt_piece {
    uint64_t place;  /**< where its first byte goes, if has_place */
    uint32_t offset; /**< in the plain object */
    uint32_t bytes;
    uint32_t layer;
    uint32_t kind;      /**< WMBT_EXTENT_...; WMBT_EXTENT_FIELD: no rows, to be fed */
    uint32_t has_place; /**< 1: rows that are wanted */
    uint32_t must_feed; /**< 1: the engine cannot take it (field, alignment), feed it */
    uint32_t trust;     /**< WMBT_TRUST_... */
} wmbt_piece;

/**
 * The piece that begins at `offset` of a block, or of the tail once its head has been read. `dma`
 * may be NULL. Going on at offset + bytes lists an object as a scatter-gather list.
 * Returns ok; end behind the object; bad-argument (no such object, align not a power of two);
 * missing: where things lie is not known (a tail before its head, or one that does not fit; a block
 * size that the shape does not allow). *piece is changed only on ok. Work: a step for each extent.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_piece(const wmbt_reader *r, uint32_t object,
                                                       uint32_t offset, const wmbt_reader_dma *dma,
                                                       wmbt_piece *piece);

/* --- results ---------------------------------------------------------------------------------- */

/** What became of an object. */
typedef struct wmbt_reader_object {
    wmbt_status status;    /**< need-more: not settled */
    uint32_t bytes;        /**< as stored, as far as found; of a large value with its chunks */
    uint32_t total_tokens; /**< tail: N, once its head was good; else 0 */
    uint32_t raw_rows;     /**< tail: R likewise */
} wmbt_reader_object;

/** Full blocks of the prompt so far, at most the limit. */
WMBT_API uint32_t wmbt_reader_blocks(const wmbt_reader *r);

/** Blocks from the first on that are verified. */
WMBT_API uint32_t wmbt_reader_usable_blocks(const wmbt_reader *r);

/** The hash of a block. Returns ok, bad-argument (no such block). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_block_hash(const wmbt_reader *r, uint32_t block,
                                                            wmbt_block_hash *hash);

/** What became of a block or of the tail. A tail that is intact and does not fit is does-not-fit;
 * one that was never looked for is need-more. Returns ok, bad-argument (no such object). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_object_state(const wmbt_reader *r, uint32_t object,
                                                              wmbt_reader_object *state);

/** True while an object is in flight: memory lent for it is in use, wants for it may be open. With
 * the policy prefix an object also lands when a block before it turns out unusable. */
WMBT_API bool wmbt_reader_in_flight(const wmbt_reader *r, uint32_t object);

/** The plan, once next_want() says end. Returns ok, bad-state (before). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_plan(const wmbt_reader *r, wmbt_plan *plan);

WMBT_END_DECLS

#endif

#endif
