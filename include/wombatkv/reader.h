/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: one object in one block of the caller's memory that takes a prompt to a restore plan.
 * It does no I/O. It says what it wants next, is given bytes as they arrive, and hands out where
 * rows go, what is verified, and the plan. docs/GUIDE.md shows it at work.
 *
 *     init, once
 *     start -> tokens or hashes, in any split -> end(total tokens)
 *     next_want -> a presence question, an object or a byte range, memory, a step of work
 *         the caller answers: presence | found, feed, placed, received | memory | step
 *                             | fail, retry, restart | resident
 *               -> or a stop: a want that the caller holds is dead
 *     next_want says end -> plan, and the pieces of what is usable -> the next start
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
 * of its own. The others are *collected*: their bytes go to memory that the caller lends, and their
 * rows are placed by the reader once all of them have come. With WMBT_CFG_READER_COLLECT 0 they are
 * unsupported-algorithm, and what is about memory and steps is not there.
 *
 * What becomes of a want is said by one table, for found(), feed(), placed(), received(), memory()
 * and step():
 *
 *     status                                       the want        the object
 *     need-more                                    open, goes on   under way (found() says so)
 *     ok                                           complete        there is more: next_want()
 *     end                                          complete        verified
 *     malformed, limit, unsupported, integrity,
 *     identity                                     ended           settled with this status
 *     bad-argument, full, buffer-too-small,
 *     collected, bad-state                         open            nothing changed
 *     stale                                        was dead        nothing changed
 *
 * `full` is of the second to last row although it stands in the band of limits: too many holes.
 * Stale is not an error: the want has ended, is of an earlier prompt or another reader, or never
 * was; whatever was done for it is to be dropped. If something else than feed() may still write for
 * it, that takes wmbt_reader_quiet() as well, see below. wmbt_reader_settles() tells the rows "end"
 * and "ended".
 *
 * A slot (one of in_flight, named by want.id) *ends* when its object is verified or refused, and by
 * fail, retry, restart, resident, stop, start, or because the reader withdraws it: with the policy
 * prefix nothing behind an unusable block is needed. An end that the reader chose is told by a want
 * of kind stop. Whoever lets something else than feed() write to places or to memory that is lent
 * sets WMBT_READER_LATE_WRITES: then a slot that has ended is not *quiet* until the caller says so,
 * and until then its places and its memory are lent. No byte that comes late can fall on a row of
 * another object. Source of the rules: docs/DESIGN.md, "The reader"; the formats' rules stand in
 * the headers of the formats.
 */
#ifndef WOMBATKV_READER_H
#define WOMBATKV_READER_H

#include "wombatkv/blake3.h"
#include "wombatkv/chain.h"
#include "wombatkv/compressed.h"
#include "wombatkv/plan.h"
#include "wombatkv/shape.h"

#if WMBT_CFG_READER

WMBT_BEGIN_DECLS

/** Bytes of a run of bytes that is remembered. */
#    define WMBT_READER_RUN_BYTES 20u

/** Bytes of an object in flight, without its runs. */
#    if UINTPTR_MAX > UINT32_MAX
#        define WMBT_READER_SLOT_BYTES 384u
#    else
#        define WMBT_READER_SLOT_BYTES 352u
#    endif

/** The same with so many of them, a multiple of WMBT_READER_ALIGN: with 8 it is 512, or 544 where
 * pointers have 64 bits. */
#    define WMBT_READER_OBJECT_BYTES(runs) \
        ((WMBT_READER_SLOT_BYTES + WMBT_READER_RUN_BYTES * WMBT_SIZE(runs) + 7u) / 8u * 8u)

/** Bytes of so many blocks, a multiple of WMBT_READER_ALIGN. */
#    define WMBT_READER_RECORD_BYTES(max_blocks) ((44u * WMBT_SIZE(max_blocks) + 7u) / 8u * 8u)

/**
 * Bytes of memory for prompts of up to `max_blocks` full blocks, `in_flight` objects at once and
 * `runs` runs of bytes of each; a constant expression if they are. More is needed only for a chain
 * with a tenant above 960 bytes (chain.h).
 */
#    define WMBT_READER_BYTES_RUNS(max_blocks, in_flight, runs) \
        (1024u + WMBT_READER_RECORD_BYTES(max_blocks) +         \
         WMBT_READER_OBJECT_BYTES(runs) * WMBT_SIZE(in_flight))

/** The same with config.runs 0, that is 8. */
#    define WMBT_READER_BYTES(max_blocks, in_flight) \
        WMBT_READER_BYTES_RUNS(max_blocks, in_flight, WMBT_READER_RUNS)

/** Alignment of that memory. */
#    define WMBT_READER_ALIGN WMBT_MEMORY_ALIGN

/** Bytes of config.hashes for each object in flight: 464 for objects of 2 MiB. */
#    define WMBT_READER_HASH_BYTES(max_object_bytes) WMBT_BLAKE3_BYTES(max_object_bytes)

#    define WMBT_READER_MAX_BLOCKS 0x1000000u /**< of a prompt */
#    define WMBT_READER_MAX_IN_FLIGHT 1024u
#    define WMBT_READER_MAX_RUNS 64u
#    define WMBT_READER_RUNS 8u /**< if config.runs is 0 */

/** Instead of a block's number: the raw tail. */
#    define WMBT_READER_TAIL 0xFFFFFFFFu

/** An object's header for the reader: so many bytes, or all of it if it has fewer, say what it is.
 * They are always fed. */
#    define WMBT_READER_HEADER_BYTES 128u

/**
 * Where the rows of one layer and kind go. A row of block b, and of a kind that blocks have (comp,
 * index), goes to
 *
 *     offset + page(b) x stride + where it stands among the block's rows of this layer and kind
 *
 * page(b) is b, or prompt.pages[b]. The tail's partial rows go to page(usable blocks): without
 * pages they go on where the blocks end. Kinds that only a tail has begin at `offset`. Rows of
 * different entries must not overlap, nor may pages: give each block another one.
 */
typedef struct wmbt_reader_place {
    uint64_t offset; /**< of page 0, in config.memory or in a space of the caller's */
    uint32_t wanted; /**< 1; 0: the rows are checked and not kept (a layer of another rank) */
    uint32_t stride; /**< bytes from one page to the next; 0: those of a block's rows */
} wmbt_reader_place;

/** What a reader is made for: the board's, all of it may be constant. Zero it first: fields may be
 * added. It is copied; what it points to is kept. */
typedef struct wmbt_reader_config {
    const wmbt_shape *shape;   /**< kept */
    uint32_t max_blocks;       /**< 1 to WMBT_READER_MAX_BLOCKS; further ones are not looked for */
    uint32_t in_flight;        /**< objects at once, 1 to WMBT_READER_MAX_IN_FLIGHT */
    uint32_t max_object_bytes; /**< of an object as stored, and plain; larger ones are too-large */
    uint32_t presence_blocks;  /**< ask for the presence of so many blocks at once; 0: do not ask */
    /** How much the first want of an object asks for; below WMBT_READER_HEADER_BYTES, so also if it
     * is 0, that. UINT32_MAX: all of it, one round trip. With WMBT_READER_LATE_WRITES it is the
     * header, whatever stands here: before it nobody knows which bytes are rows. */
    uint32_t first_bytes;
    uint32_t runs;       /**< separate runs of bytes remembered for each object; 0: 8; at most 64 */
    uint32_t step_bytes; /**< bound of one step of work on a collected object; 0: no steps */
    uint32_t flags;      /**< WMBT_READER_LATE_WRITES or 0 */
    wmbt_buf memory;     /**< kept: where fed rows are copied to; {NULL, 0}: they are not */
    /** Kept: shape->layers x WMBT_EXTENT_KINDS of them, kinds of a layer side by side; NULL: no
     * rows are wanted. */
    const wmbt_reader_place *places;
    /** Of compressed objects, context kept; zero: they are unsupported-algorithm. So they are where
     * it says full or an error of its caller (16 to 31: say, too small a workspace). Another status
     * that is neither ok nor an error up to 255 counts as bad-bitstream. One object is inflated at
     * a time. */
    wmbt_codec codec;
#    if WMBT_CFG_READER_BOUND
    /** Kept: in_flight x WMBT_READER_HASH_BYTES(max_object_bytes) bytes, aligned like the reader,
     * for prompts with digests; {NULL, 0}: there are none. */
    wmbt_buf hashes;
#    endif
} wmbt_reader_config;

/** Something else than feed() writes to places or to lent memory: wmbt_reader_quiet(). */
#    define WMBT_READER_LATE_WRITES 256u

/** One prompt. Zero it first: fields may be added. */
typedef struct wmbt_reader_prompt {
    wmbt_chain_config chain; /**< dialect and identity, not kept. With WMBT_CFG_READER_TOKENS 0 only
                                  dialect and block_tokens are looked at: hashes have the rest */
    wmbt_view prefix;        /**< of object keys, not empty; kept */
    wmbt_view name_space;    /**< kept */
    /** Kept: the page of each block, and one for the tail's partial rows: up to max_blocks + 1.
     * NULL: block b has page b. An entry is read once, when the block's first want is handed out or
     * it is said to be resident: it may be set until then, and what it says later changes nothing.
     * A block whose entry is missing, or whose rows would pass config.memory, is not fetched: its
     * status is full. So with the tail. (If it is resident, it is usable, and has no pieces.) */
    const uint32_t *pages;
    uint32_t page_count;
    uint32_t flags;        /**< WMBT_READER_AUDIT, ... */
    uint32_t window_extra; /**< raw rows needed before those of the window (plan.h) */
#    if WMBT_CFG_READER_BOUND
    /** Kept: digest_count entries: the BLAKE3 (32 bytes, kept too) that the plain bytes of block b
     * must have, or NULL: block b is not bound. NULL: none is. An entry is read once, as pages are.
     * A bound object is verified only if it is intact and has this digest; one that is intact and
     * has another is bad-digest. Its bytes are hashed as they come, in order: feed() and placed()
     * say full of those that do not go on where the first ones end (bytes of collected objects may
     * come in any order), and placed() takes rows only in config.memory, and reads them there. */
    const uint8_t *const *digests;
    const uint8_t *const *tail_digests; /**< as many: of the tail that is stored at block b */
    uint32_t digest_count;
#    endif
} wmbt_reader_prompt;

#    define WMBT_READER_AUDIT 1u      /**< check every block; else stop at the first unusable one */
#    define WMBT_READER_TRUST_TAIL 2u /**< the caller vouches for the tail's tokens (plan.h) */
#    define WMBT_READER_NO_TAIL 4u    /**< do not look for a tail */
#    define WMBT_READER_INEXACT 8u    /**< the plan is WMBT_PLAN_INEXACT */

/**
 * Bytes that a place must have room for, if its stride is 0 and there are no pages: the rows of a
 * layer and kind of max_blocks blocks and a tail. Of *config only shape (which has passed
 * wmbt_shape_check()) and max_blocks are looked at; layer < shape->layers. 0 if there are no such
 * rows, or the shape allows no blocks of so many tokens; UINT32_MAX if they
 * pass 2^32 - 2. With max_blocks 0: the rows of one block, or of a tail.
 */
WMBT_API uint32_t wmbt_reader_place_bytes(const wmbt_reader_config *config, uint32_t block_tokens,
                                          uint32_t layer, uint32_t kind);

/** A reader in the caller's memory. It holds pointers into that memory: it must not be moved. */
typedef struct wmbt_reader wmbt_reader;

/**
 * Makes a reader in `memory`, which it occupies until it is no longer used; *r is that memory. What
 * the memory held is not read. There is no prompt yet. Serials of wants begin at `first_serial` and
 * count up, so readers whose ranges do not overlap refuse each other's wants; after another reader
 * in the same memory begin at what wmbt_reader_serial() said. With WMBT_READER_LATE_WRITES that one
 * must have become quiet.
 *
 * bad-argument: NULL with a length or without a shape; a number or flag outside its range; a place
 *     that is neither wanted nor not
 * bad-argument, unsupported-shape: as wmbt_shape_check()
 * buffer-too-small: less than WMBT_READER_BYTES_RUNS(), or hashes that are too few;
 * buffer-misaligned
 * On an error *r is unchanged and the memory is not written.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_init(wmbt_buf memory,
                                                      const wmbt_reader_config *config,
                                                      uint64_t first_serial, wmbt_reader **r);

/**
 * A prompt begins. What was before ends: all wants are dead, and no stop tells of them; stops that
 * were due and had not been handed out are dropped. Memory lent is the caller's again; with
 * WMBT_READER_LATE_WRITES once the slots are quiet, and no want of this prompt is handed out
 * before. So quiet() is owed for every slot that something was asked for, whether a stop told of
 * its end or not. Allowed at any time.
 *
 * bad-argument: NULL with a length; an empty prefix; an unknown flag; block_tokens 0 (a size that
 *     the shape does not allow is taken: any block is then another one, wrong-block); another
 *     dialect than core and ds4: no bucket holds its blocks; digests without config.hashes, or a
 *     count of none; a stride below the bytes of a block's rows;
 *     places that pass memory.len (if that is not 0) or 2^64
 *     bytes: without pages offset + rows of max_blocks + 1 blocks, with pages those of the kinds
 *     that only a tail has
 * bad-argument, bad-text, not-representable, buffer-too-small, too-large (a tenant longer than the
 *     memory has room for): as wmbt_chain_init(); not with WMBT_CFG_READER_TOKENS 0
 * On an error there is no prompt, as after init(), and what was before has ended too.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_start(wmbt_reader *r,
                                                       const wmbt_reader_prompt *prompt);

/** The next serial: no want had it yet. */
WMBT_API uint64_t wmbt_reader_serial(const wmbt_reader *r);

/* --- input ------------------------------------------------------------------------------------ */

/**
 * Takes tokens of the prompt, in any split. Work: hashing them. Blocks beyond the limit
 * (max_blocks; ds4 512) are counted and not hashed.
 * Returns ok; bad-state without a prompt, after end() or after hashes; bad-argument (NULL with a
 * count); too-large if the prompt passes 2^31 - 1 tokens. Nothing is taken on an error. Not there
 * with WMBT_CFG_READER_TOKENS 0.
 */
#    if WMBT_CFG_READER_TOKENS
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_tokens(wmbt_reader *r, const uint32_t *tokens,
                                                        size_t count);
#    endif

/** Takes the hash of the next full block, for callers that have hashes. Returns ok; full beyond the
 * limit (as above; nothing is taken); bad-state without a prompt, after end() or after tokens. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_hash(wmbt_reader *r, const wmbt_block_hash *hash);

/**
 * The prompt has ended and has so many tokens. Returns ok; bad-state without a prompt, or if it was
 * called before; bad-argument if it is not the number of tokens given, or less than the blocks of
 * the hashes given hold, or above 2^31 - 1.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_end(wmbt_reader *r, uint32_t total_tokens);

/* --- wants ------------------------------------------------------------------------------------ */

/* Kinds of wants. Values are pinned. */
#    define WMBT_WANT_PRESENCE 1u /**< are these blocks stored? Answer: presence() */
#    define WMBT_WANT_OBJECT 2u   /**< an object from its start. Answer: found(), then bytes */
#    define WMBT_WANT_RANGE 3u    /**< bytes of an object that was found. Answer: bytes */
#    define WMBT_WANT_MEMORY 4u   /**< room to collect an object. Answer: memory() */
#    define WMBT_WANT_STEP 5u     /**< work on a collected object. Answer: step() */
/** Not a want: that of this id and serial is dead, by the reader's choice, or an object whose last
 * want it was while its memory was lent. Cancel what was asked for it; then, with
 * WMBT_READER_LATE_WRITES, quiet(id). There is no answer. */
#    define WMBT_WANT_STOP 6u

/** Something the reader waits for. It is named by its serial, which no other want has. */
typedef struct wmbt_want {
    uint64_t serial;
    uint32_t id;           /**< below in_flight, one for each object at once; presence: in_flight */
    uint32_t kind;         /**< WMBT_WANT_... */
    uint32_t object;       /**< block number or WMBT_READER_TAIL; presence: the first block */
    uint32_t blocks;       /**< presence: how many blocks from there on; else 0 */
    uint32_t offset;       /**< object, range: first byte, of the object as stored */
    uint32_t bytes;        /**< range: how many; object: so many, or all if it has fewer */
    uint32_t plain_bytes;  /**< memory: bytes for the plain object; else 0 */
    uint32_t stored_bytes; /**< memory: bytes for an object as stored; else 0 */
    uint32_t collected;    /**< object, range: 1 if the bytes are collected in lent memory: none of
                                them is a row to place */
} wmbt_want;

/**
 * The next thing to fetch, in the order that finishes the prefix soonest; stops come first. Each is
 * handed out once; a range begins at the first byte that is missing and ends before bytes that have
 * come. Of objects that are to be inflated one at a time has a step open; the others wait.
 * Returns ok; need-more: nothing further until a want is answered, input comes or a slot is said to
 * be quiet; end: all is settled and quiet, the plan can be made. *want is changed only on ok. Work:
 * constant, and a step for each block, each once a prompt.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want);

/** The open want of that serial, as it was handed out: a serial serves as the tag of a descriptor.
 * Returns ok; stale if there is none (*want unchanged). Work: a step a slot. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_want_of(const wmbt_reader *r, uint64_t serial,
                                                         wmbt_want *want);

/**
 * Writes the object key that a want (object, range) is about to `out`, without a NUL; *len is its
 * length. Returns ok, stale, bad-state (another kind of want), bad-argument (NULL with a length),
 * buffer-too-small (1,024 bytes always are enough), not-representable (objkey.h). Nothing is
 * written on an error, nor if it is stale.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_want_key(const wmbt_reader *r,
                                                          const wmbt_want *want, wmbt_buf out,
                                                          size_t *len);

/** The same for a block, or for the tail at the last block that is usable so far. Returns as
 * wmbt_reader_want_key(), but for stale and bad-state; bad-argument also for no such block, or no
 * usable block. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_object_key(const wmbt_reader *r, uint32_t object,
                                                            wmbt_buf out, size_t *len);

/**
 * Answers a presence question: bit i % 8 of byte i / 8 is set if block want->object + i is stored.
 * What is known of a block meanwhile stays. Returns ok (the want is complete), stale, bad-state
 * (another kind), bad-argument (fewer than want->blocks bits, NULL with a length).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_presence(wmbt_reader *r, const wmbt_want *want,
                                                          wmbt_view bits);

/**
 * The object of a want is there and has so many bytes as stored. Comes before its bytes, once.
 * Returns need-more: now its bytes, want->bytes or all if there are fewer;
 *     a status of the object: truncated (no bytes at all), too-large;
 *     bad-state (another kind, said before), stale.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_found(wmbt_reader *r, const wmbt_want *want,
                                                       uint64_t object_bytes);

/**
 * Takes bytes at `offset` of the object as stored. They are read once: copied to where they go and
 * checked in one pass. Takes at most what lies before the want's end and before bytes that came
 * earlier; *taken says how many. Of an object that has to be collected the bytes behind its header
 * have no room yet: they are not taken, and begin the object's next want, as do bytes that a fetch
 * brought beyond the want's end. Work: linear in *taken, with a step for each of the shape's
 * extents; without config.step_bytes the call that completes a wrapped object inflates it, and the
 * one that completes collected bytes checks them all. One of at most WMBT_READER_HEADER_BYTES,
 * stored and plain, is inflated at once with steps, too, unless another has the decoder: then it
 * waits.
 *
 * Returns as the table says;
 *   a status of the object (malformed, integrity, ...): *taken is unchanged
 *   bad-argument   the first byte is outside the want or came before, or NULL with a length
 *   full           too many holes, of a bound object any: the first bytes that are missing always
 *                  fit; or the header has to come first
 *   bad-state      another kind, found() is missing
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_feed(wmbt_reader *r, const wmbt_want *want,
                                                      uint32_t offset, wmbt_view bytes,
                                                      size_t *taken);

/**
 * True if a status of found(), feed(), placed(), received(), memory() or step() has settled the
 * object: it is verified (end) or refused.
 */
static inline bool wmbt_reader_settles(wmbt_status status)
{
    return status == WMBT_END || (status >= 32 && status != WMBT_FULL);
}

/**
 * Says that `len` payload bytes at `offset` of a plain object are in place and have this CRC32C, as
 * computed by hardware that put them there. They lie within one piece (wmbt_reader_piece()).
 * Accepted bytes must not be written again: they are not looked at any more, so a damaged copy
 * would count as verified. Where a transport may repeat packets behind the reader's back,
 * bad-argument for bytes that came before is a reason for wmbt_reader_restart().
 * Returns as the table says; bad-argument also for no bytes, for bytes that are not all payload of
 * one extent inside the want, or of which some came before, or of a bound object and not in
 * config.memory (piece() says must_feed); bad-state before the header has been fed; collected: the
 * object is not plain.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_placed(wmbt_reader *r, const wmbt_want *want,
                                                        uint32_t offset, uint32_t len,
                                                        uint32_t crc);

#    if WMBT_CFG_READER_COLLECT
/** The lent memory that the bytes of a want go to which says `collected`: room->data is where byte
 * want->offset belongs, room->len is want->bytes. Returns ok; stale; bad-state for another want, or
 * as long as the object's header has not come: it is fed. *room is changed only on ok. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_room(const wmbt_reader *r, const wmbt_want *want,
                                                      wmbt_buf *room);

/**
 * Says that hardware has put `len` bytes at `offset` of a collected object into the lent memory
 * (wmbt_reader_room()). They must not be written again until the object is settled, as with
 * wmbt_reader_placed(). Returns as the table says; bad-argument for no bytes, and unless all of
 * them lie inside the want and none came before; bad-state as wmbt_reader_room().
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_received(wmbt_reader *r, const wmbt_want *want,
                                                          uint32_t offset, uint32_t len);

/**
 * Lends memory: `plain` for want->plain_bytes, `stored` for want->stored_bytes, until the object
 * has ended (and is quiet) or is restarted. When the object is verified, `plain` holds it. The two
 * must not overlap, nor anything that is lent or placed. A further question about the object
 * replaces what was lent, but for a `plain` that it asks 0 bytes of: that is kept, and what is
 * given here is ignored (a chunk that is longer than its value let expect).
 * Returns ok: the want is complete, the bytes come with the next one; or, of an object whose bytes
 *     were all there, as the table says;
 *     buffer-too-small; bad-argument (NULL with a length, buffers that overlap); bad-state (another
 *     kind); stale.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_memory(wmbt_reader *r, const wmbt_want *want,
                                                        wmbt_buf plain, wmbt_buf stored);

/**
 * Answers a want of kind step: works on, at most config.step_bytes of stored or plain bytes, or one
 * block of a zstd frame if the codec can stop there (compressed.h); a codec that cannot inflates
 * all at once. Returns as the table says: need-more asks for another call; bad-state (another
 * kind), stale.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_step(wmbt_reader *r, const wmbt_want *want);
#    endif

/**
 * The caller cannot deliver. `status` is missing, or an error from 16 to 255, of which those from
 * 128 on are the caller's own; the object is settled with it (a chunk that is missing leaves its
 * value truncated). A presence question: its blocks are asked for without it. Returns ok, stale,
 * bad-argument (another status).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_fail(wmbt_reader *r, const wmbt_want *want,
                                                      wmbt_status status);

/** Withdraws a want (time-out, lost request): next_want() hands out a new one, for the first bytes
 * that are still missing; of kind range if found() has been said. What came is kept. With
 * WMBT_READER_LATE_WRITES not before quiet(). Returns ok, stale. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want);

/** As retry(), but all that came of the object is forgotten, memory lent is given back, and it is
 * asked for from its start: to be used when the stored object has been replaced meanwhile. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_restart(wmbt_reader *r, const wmbt_want *want);

/**
 * The rows of a block are in place and verified: another prompt, or another reader, brought them.
 * The block counts as usable and is not fetched; an open want of it ends, and nothing that came of
 * it counts. Returns ok; bad-argument (no such block, the tail, a block size that the shape does
 * not allow); bad-state: it is settled, or
 * stop() was called, or, with WMBT_READER_LATE_WRITES, found() has been said for it in this prompt,
 * or a slot of an earlier prompt is not quiet yet: a late write could fall on the rows.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_resident(wmbt_reader *r, uint32_t block);

/**
 * Nothing that was asked for on behalf of slot `id` since its last quiet() can write anywhere any
 * more: requests have ended, engines have stopped, descriptors are taken back. Counts for a slot
 * that has ended; on one that is open or quiet already it changes nothing, nor without
 * WMBT_READER_LATE_WRITES, nor for another id.
 */
WMBT_API void wmbt_reader_quiet(wmbt_reader *r, uint32_t id);

/** Ends the waiting: all wants are withdrawn, what is verified now stays, the plan is made of it.
 * next_want() says end once the input has ended and all slots are quiet; stops that were due before
 * are still handed out. Changes nothing without a prompt. */
WMBT_API void wmbt_reader_stop(wmbt_reader *r);

/* --- where rows go ---------------------------------------------------------------------------- */

/* How far a piece can be trusted. Values are pinned. */
#    define WMBT_TRUST_STAGED 0u   /**< may be placed, must not be used */
#    define WMBT_TRUST_VERIFIED 1u /**< its object passed all checks, or is resident */
#    define WMBT_TRUST_USABLE 2u   /**< verified, all is settled and quiet, and the plan loads it */

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
    uint32_t layer;     /**< of the rows; else one of the shape's */
    uint32_t kind;      /**< WMBT_EXTENT_...; WMBT_EXTENT_FIELD: no rows, to be fed */
    uint32_t has_place; /**< 1: rows that are wanted */
    uint32_t must_feed; /**< 1: feed it: the header, numbers, what the engine cannot take, rows of a
                             bound object that do not go to config.memory */
    uint32_t trust;     /**< WMBT_TRUST_... */
} wmbt_piece;

/**
 * The piece that begins at `offset` of a block, or of the tail once its header has been read. `dma`
 * may be NULL. Going on at offset + bytes lists an object as a scatter-gather list. Pieces are cut
 * at WMBT_READER_HEADER_BYTES: those before it are fed, also rows. Where a block's rows lie does
 * not change once it is known, whatever prompt.pages says later.
 * Returns ok; end behind the object; bad-argument (no such object, align not a power of two);
 * collected: the object is in flight and not plain: its bytes are no rows, they are fed, or
 *     received();
 * missing: where things lie is not known (a tail before its header, or one that does not fit;
 *     blocks above 2^32 - 1 bytes; with pages a block before its first want, or whose page was
 *     refused). *piece is changed only on ok. Work: a step for each extent; once all is
 *     settled also as plan().
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_piece(const wmbt_reader *r, uint32_t object,
                                                       uint32_t offset, const wmbt_reader_dma *dma,
                                                       wmbt_piece *piece);

/* --- results ---------------------------------------------------------------------------------- */

/** What became of an object. */
typedef struct wmbt_reader_object {
    wmbt_status status;    /**< need-more: not settled; full: no page; ok: verified, resident */
    uint32_t bytes;        /**< once settled: as stored, as far as found; of a large value with its
                                chunks. 0 before, and of a resident block */
    uint32_t total_tokens; /**< tail: N, once its header was good; else 0 */
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

/** True while an object is in flight: wants for it may be open, memory lent for it is in use. With
 * WMBT_READER_LATE_WRITES also from its end until its slot is quiet. */
WMBT_API bool wmbt_reader_in_flight(const wmbt_reader *r, uint32_t object);

/** The plan, once next_want() says end. Returns ok, bad-state (before). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_plan(const wmbt_reader *r, wmbt_plan *plan);

/** What that plan is made from, for who also wants another one: with other flags, say. Returns as
 * wmbt_reader_plan(). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_reader_plan_input(const wmbt_reader *r,
                                                            wmbt_plan_input *input);

WMBT_END_DECLS

#endif

#endif
