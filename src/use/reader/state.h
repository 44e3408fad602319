/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's state, shared by its sources. In the caller's memory stand, one after the other:
 * struct wmbt_reader, a record for each block, a slot for each object in flight, the chain, which
 * takes all that is left.
 */
#ifndef WMBT_SRC_USE_READER_STATE_H
#define WMBT_SRC_USE_READER_STATE_H

#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/objkey.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/reader.h"

#if WMBT_CFG_READER

/* A block of the prompt. */
typedef struct wmbt_reader_block {
    wmbt_block_hash hash;
    uint32_t stored_bytes;
    uint8_t status; /* once settled */
    uint8_t state;  /* WMBT_BLOCK_... */
    uint16_t slot;  /* while in flight */
} wmbt_reader_block;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_block) == 40u, "a block takes 40 bytes");
WMBT_STATIC_ASSERT(WMBT_DOES_NOT_FIT <= UINT8_MAX, "a status fits a byte");

#    define WMBT_BLOCK_NEW 0u
#    define WMBT_BLOCK_PRESENT 1u /* new, and not to be asked about any more */
#    define WMBT_BLOCK_FLYING 2u
#    define WMBT_BLOCK_SETTLED 3u

/* Separate runs of bytes that a want can hold. */
#    define WMBT_READER_RUNS 8u

typedef struct wmbt_reader_run {
    uint32_t from, to;
} wmbt_reader_run;

/* What a slot waits for. */
#    define WMBT_SLOT_FREE 0u
#    define WMBT_SLOT_FIND 1u    /* found() */
#    define WMBT_SLOT_HEAD 2u    /* bytes of the head */
#    define WMBT_SLOT_PLAIN 3u   /* bytes of a plain object, checked as they come */
#    define WMBT_SLOT_COLLECT 4u /* bytes of a wrapped object or a chunk, collected in memory */
#    define WMBT_SLOT_MEMORY 5u  /* memory() */

/*
 * An object in flight. Its bytes come from a source: an object as stored, plain or wrapped; for a
 * large value first the manifest and then each chunk.
 */
typedef struct wmbt_reader_slot {
    _Alignas(WMBT_READER_ALIGN) union {
        wmbt_kvblock_walk block;
        wmbt_rawtail_walk tail;
    } walk;
    wmbt_item item; /* of the plain object, the one that was met last */
    wmbt_buf raw, stored;
    wmbt_buf collect;                      /* where the source's bytes go in WMBT_SLOT_COLLECT */
    wmbt_reader_run run[WMBT_READER_RUNS]; /* of the source, in order, none touching another */
    uint32_t runs;

    uint32_t generation;
    uint32_t object;
    uint32_t phase;
    uint32_t asked;        /* the want of this phase is out */
    uint32_t source_bytes; /* as stored */
    uint32_t total_stored; /* of all sources so far */
    uint32_t wrapped;      /* the source is a wrapper */
    uint32_t raw_need, stored_need;

    uint32_t plain_bytes; /* of the plain object */
    uint32_t end;         /* those that its geometry has; block: with the CRC */
    uint32_t crc_end;     /* end of what the CRC covers */
    uint32_t crc;         /* of the runs folded so far, each shifted to its place */
    uint32_t run_crc;     /* of the run that grows */
    uint32_t run_end;
    uint32_t body_bytes;
    uint32_t opaque;   /* tail: its geometry is not known, only its CRC is checked */
    wmbt_status fault; /* tail: what finish() says if the CRC is right */
    uint32_t want_crc; /* as stored */
    uint8_t trailer[WMBT_KVBLOCK_TRAILER_BYTES];

    uint32_t large; /* 1: chunks of a large value */
    uint32_t large_bytes, chunks, chunk;
    uint8_t id[32];
    uint8_t head[WMBT_READER_HEAD_BYTES];
} wmbt_reader_slot;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) <= 512u, "an object in flight takes 512 bytes");
WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) % WMBT_READER_ALIGN == 0u, "slots are aligned");

struct wmbt_reader {
    _Alignas(WMBT_READER_ALIGN) const wmbt_shape *shape;
    const wmbt_reader_place *places;
    wmbt_reader_block *block;
    wmbt_reader_slot *slot;
    wmbt_chain *chain;
    wmbt_view prefix, name_space;
    wmbt_buf memory;
    wmbt_codec codec;
    uint32_t block_tokens;
    uint32_t max_blocks;
    uint32_t in_flight;
    uint32_t max_object_bytes;
    uint32_t presence_blocks;
    uint32_t flags;
    uint32_t has_geometry; /* the shape allows blocks of this size */

    uint32_t input;   /* WMBT_INPUT_... */
    uint32_t tokens;  /* given so far; the prompt's once it has ended */
    uint32_t blocks;  /* full ones, hashed */
    uint32_t limit;   /* blocks from here on are not wanted (policy prefix) */
    uint32_t next;    /* all blocks before it are in flight or settled */
    uint32_t settled; /* blocks */
    uint32_t usable;  /* verified ones from the first on */

    uint32_t asked_to; /* blocks before it have been asked about */
    uint32_t presence_open, presence_first, presence_count, presence_generation;

    uint32_t tail_state; /* WMBT_BLOCK_... */
    wmbt_status tail_status;
    uint32_t tail_bytes;
    uint32_t tail_known; /* tail.total_tokens and raw_rows are good */
    uint32_t tail_fits;  /* its geometry is that of a tail at the last usable block */
    wmbt_rawtail_info tail;
};

#    define WMBT_INPUT_NONE 0u
#    define WMBT_INPUT_TOKENS 1u
#    define WMBT_INPUT_HASHES 2u
#    define WMBT_INPUT_ENDED 3u

/* The reader, and the chain with blocks of any size that a shape allows. */
#    define WMBT_READER_HEADER_BYTES 1024u

WMBT_STATIC_ASSERT(sizeof(struct wmbt_reader) % WMBT_READER_ALIGN == 0u, "blocks are aligned");
WMBT_STATIC_ASSERT(WMBT_READER_ALIGN % WMBT_CHAIN_ALIGN == 0u, "the chain is aligned");
WMBT_STATIC_ASSERT(sizeof(struct wmbt_reader) + WMBT_CHAIN_BYTES(WMBT_SHAPE_MAX_BLOCK_TOKENS) <=
                       WMBT_READER_HEADER_BYTES,
                   "room for the chain");

/* --- want.c: bookkeeping ------------------------------------------------------------------------
 */

/* Tokens in the blocks that are usable: where the tail begins. */
static inline uint32_t wmbt_reader_boundary(const wmbt_reader *r)
{
    return r->usable * r->block_tokens; /* at most the prompt's tokens */
}

/* Blocks that are wanted. */
static inline uint32_t wmbt_reader_wanted(const wmbt_reader *r)
{
    return r->blocks < r->limit ? r->blocks : r->limit;
}

static inline bool wmbt_reader_audits(const wmbt_reader *r)
{
    return (r->flags & WMBT_READER_AUDIT) != 0u;
}

/* A block without a slot gets its status. */
void wmbt_reader_settle_block(wmbt_reader *r, uint32_t index, wmbt_status status, uint32_t bytes);

/* The object of a slot gets its status; the slot is free. Returns end for ok, else the status. */
wmbt_status wmbt_reader_settle(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status);

/* A slot goes on to another phase: its want is a new one. */
void wmbt_reader_enter(wmbt_reader_slot *s, uint32_t phase);

/* All is settled. */
bool wmbt_reader_is_done(const wmbt_reader *r);

/* The slot of a want that is out and not stale, or NULL. */
wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want);

/* --- object.c: from a source to the plain object -------------------------------------------------
 */

/* A slot forgets what it has of its object and begins with its first source. */
void wmbt_reader_object_start(wmbt_reader_slot *s);

/* The bytes of its phase are complete. Returns as feed(). */
wmbt_status wmbt_reader_object_step(wmbt_reader *r, wmbt_reader_slot *s);

/* Memory has been lent. Returns as feed(). */
wmbt_status wmbt_reader_object_go(wmbt_reader *r, wmbt_reader_slot *s);

/* The key of the chunk that a slot is at. */
wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s, wmbt_buf out,
                                  size_t *len);

/* Where the bytes of the phase begin and end. */
wmbt_reader_run wmbt_reader_object_range(const wmbt_reader_slot *s);

/* --- body.c: bytes of a plain object -------------------------------------------------------------
 */

/*
 * Judges the first bytes of a plain object (all, or WMBT_READER_HEAD_BYTES) of plain_bytes and learns
 * where things lie. ok, or what the object is to be settled with.
 */
wmbt_status wmbt_reader_body_head(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first);

/* Bytes of the plain object that are to be given. */
uint32_t wmbt_reader_body_limit(const wmbt_reader_slot *s);

/* Checks bytes at `offset`, before the limit, and copies rows to their place. ok or as above. */
wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                  wmbt_view bytes);

/* As take, for bytes in place: bad-argument if they are not all payload of one extent. */
wmbt_status wmbt_reader_body_placed(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                    uint32_t len, uint32_t crc);

/* All bytes before the limit are in: the last checks. */
wmbt_status wmbt_reader_body_finish(wmbt_reader *r, wmbt_reader_slot *s);

/* --- piece.c: where rows go ----------------------------------------------------------------------
 */

/* The place of the first row of an extent, if it has one. */
bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t object, const wmbt_extent *extent,
                          uint64_t *place);

#endif

#endif
