/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's state, shared by its sources. In the caller's memory stand, one after the other:
 * struct wmbt_reader, a record for the tail and for each block, a slot for each object in flight,
 * the chain, which takes all that is left.
 */
#ifndef WMBT_SRC_READER_STATE_H
#define WMBT_SRC_READER_STATE_H

#include "wombatkv/kvblock.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/objkey.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/reader.h"

#if WMBT_CFG_READER

/* What is known of a block of the prompt, or of the tail (which has no hash of its own). */
typedef struct wmbt_reader_record {
    wmbt_block_hash hash;
    uint32_t stored_bytes; /* once settled, else 0 */
    uint8_t status;        /* need-more until settled */
    uint8_t state;         /* WMBT_RECORD_... */
    uint16_t none;
} wmbt_reader_record;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_record) == 40u, "a block takes 40 bytes");
WMBT_STATIC_ASSERT(WMBT_DOES_NOT_FIT <= UINT8_MAX, "a status fits a byte");

#    define WMBT_RECORD_NEW 0u
#    define WMBT_RECORD_IN_FLIGHT 1u
#    define WMBT_RECORD_SETTLED 2u

/* Separate runs of bytes that a phase can hold. */
#    define WMBT_READER_RUNS 8u

/* Bytes [from, to) of a source. */
typedef struct wmbt_reader_run {
    uint32_t from, to;
} wmbt_reader_run;

/* What a slot waits for; from _HEAD on, bytes. */
#    define WMBT_SLOT_FREE 0u
#    define WMBT_SLOT_FIND 1u    /* found() */
#    define WMBT_SLOT_MEMORY 2u  /* memory() */
#    define WMBT_SLOT_HEADER 3u  /* bytes of the head */
#    define WMBT_SLOT_COLLECT 4u /* bytes of a wrapped object or a chunk, collected in memory */
#    define WMBT_SLOT_PLAIN 5u   /* bytes of a plain object, checked as they come */

/* How an object's parts lie. */
typedef union wmbt_reader_walk {
    wmbt_kvblock_walk block;
    wmbt_rawtail_walk tail;
} wmbt_reader_walk;

/*
 * An object in flight. Its bytes come from a source: an object as stored, plain or wrapped; for a
 * large value first the manifest and then each chunk.
 */
typedef struct wmbt_reader_slot {
    /* What steers comes first: small offsets make short code. */
    _Alignas(WMBT_READER_ALIGN) uint32_t phase;
    uint32_t limit;  /* where the bytes of this phase end, if it waits for bytes */
    uint32_t asked;  /* the want of this phase is out */
    uint32_t ask_to; /* it ends at this byte */
    uint32_t generation;
    uint32_t object;

    uint32_t source_bytes; /* as stored */
    uint32_t total_stored; /* of all sources so far */
    uint32_t raw_bytes, stored_need;
    uint32_t wrapped;   /* the source is a wrapper */
    uint32_t large;     /* the source is a chunk of a large value */
    uint32_t chunk;     /* its number */
    uint32_t unwrapped; /* plain bytes of the source; they go to raw + unwrapped_at */
    uint32_t unwrapped_at;

    uint32_t plain_bytes; /* of the plain object */
    uint32_t end;         /* those that its geometry has */
    uint32_t crc;         /* of the runs folded so far, each shifted to its place */
    uint32_t run_crc;     /* of the run that grows */
    uint32_t run_end;
    uint32_t expected_crc;
    wmbt_status fault; /* what finish() says at the end */

    uint8_t *raw;     /* room for raw_bytes of the plain object, once lent */
    wmbt_buf stored;  /* room for a source */
    uint8_t *collect; /* where the source's bytes go in WMBT_SLOT_HEADER and _COLLECT */

    uint32_t runs;
    wmbt_reader_run run[WMBT_READER_RUNS]; /* bytes of the source that came: none touches another,
                                              the first begins at 0 and may be empty */
    union {
        struct {
            wmbt_body_part part; /* of the plain object, the one that was met last */
            wmbt_reader_walk walk;
        };
        uint8_t small[WMBT_READER_HEADER_BYTES]; /* before: what a wrapper of one head held */
    };
    uint8_t id[WMBT_LARGEVALUE_ID_DIGITS];
    uint8_t header[WMBT_READER_HEADER_BYTES]; /* of the source, then of the plain object */
} wmbt_reader_slot;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) <= 512u, "an object in flight takes 512 bytes");
WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) % WMBT_READER_ALIGN == 0u, "slots are aligned");

/* What reset() forgets. */
typedef struct wmbt_reader_state {
    uint32_t input;    /* WMBT_INPUT_... */
    uint32_t tokens;   /* given so far; the prompt's once it has ended */
    uint32_t blocks;   /* full ones, hashed */
    uint32_t next;     /* all blocks before it are in flight or settled */
    uint32_t settled;  /* all blocks before it are settled */
    uint32_t usable;   /* all blocks before it are verified */
    uint32_t answered; /* blocks whose presence is known */
    uint32_t asked;    /* blocks whose presence is known or asked for */

    uint64_t usable_bytes; /* of those as stored */
    uint32_t tail_known;   /* tail.total_tokens and raw_rows are good */
    uint32_t tail_fits;    /* its geometry is that of a tail at the last usable block */
    wmbt_rawtail_info tail;
} wmbt_reader_state;

#    define WMBT_INPUT_NONE 0u
#    define WMBT_INPUT_TOKENS 1u
#    define WMBT_INPUT_HASHES 2u
#    define WMBT_INPUT_ENDED 3u

struct wmbt_reader {
    _Alignas(WMBT_READER_ALIGN) wmbt_reader_record *record;
    wmbt_reader_slot *slot;
    wmbt_chain *chain;
    uint32_t max_blocks; /* the limit of blocks */
    uint32_t presence_generation;
    uint32_t limit; /* blocks from here on are not wanted (policy prefix) */
    wmbt_reader_state now;
    wmbt_reader_config config; /* chain.fingerprint and .tenant are gone */
};

/* The reader, the tail's record, and the chain with blocks of any size that a shape allows. */
#    define WMBT_READER_FIXED_BYTES WMBT_READER_BYTES(0, 0)

WMBT_STATIC_ASSERT(sizeof(struct wmbt_reader) % WMBT_READER_ALIGN == 0u, "records are aligned");
WMBT_STATIC_ASSERT(WMBT_READER_ALIGN % WMBT_CHAIN_ALIGN == 0u, "the chain is aligned");
WMBT_STATIC_ASSERT(sizeof(struct wmbt_reader) + sizeof(wmbt_reader_record) +
                           WMBT_CHAIN_BYTES(WMBT_SHAPE_MAX_BLOCK_TOKENS) <=
                       WMBT_READER_FIXED_BYTES,
                   "room for the chain");

/* --- slot.c: an object in flight ------------------------------------------------------------- */

/* WMBT_READER_TAIL + 1 is 0: the tail is the first record, its number the least in these two. */
static inline wmbt_reader_record *wmbt_reader_record_of(const wmbt_reader *r, uint32_t object)
{
    return &r->record[(uint32_t)(object + 1u)];
}

static inline bool wmbt_reader_has(const wmbt_reader *r, uint32_t object)
{
    return (uint32_t)(object + 1u) <= r->now.blocks;
}

static inline uint32_t wmbt_reader_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline bool wmbt_reader_audits(const wmbt_reader *r)
{
    return (r->config.flags & WMBT_READER_AUDIT) != 0u;
}

wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want);
void wmbt_reader_end_question(wmbt_reader *r, uint32_t answered);
void wmbt_reader_settle(wmbt_reader *r, uint32_t object, wmbt_status status, uint32_t bytes);
uint32_t wmbt_reader_wanted(const wmbt_reader *r);
uint32_t wmbt_reader_tail_state(const wmbt_reader *r);
void wmbt_reader_set_field(wmbt_body_part *part, uint32_t offset, uint32_t bytes);

/* The want of a slot's phase is a new one; what it was before is stale. */
void wmbt_reader_reissue(wmbt_reader_slot *s);

/* A slot goes on to another phase, whose bytes end at `limit`; 0 if it does not wait for bytes. */
void wmbt_reader_enter(wmbt_reader_slot *s, uint32_t phase, uint32_t limit);

/* All is settled. */
bool wmbt_reader_is_done(const wmbt_reader *r);

/* A slot's object is settled: verified (end), or with what is wrong. The slot is free. */
void wmbt_reader_finish(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status);

/* --- object.c: from a source to the plain object ---------------------------------------------- */

/* A slot forgets what it has of its object and begins with its first source. */
void wmbt_reader_object_start(wmbt_reader_slot *s);

/*
 * Bytes have come, or memory. `status` is what was found in them: ok, or what settles the object.
 * Goes on as far as they allow. Returns need-more (the want is not complete), ok (there is a next
 * one), or what the object is settled with: end (it is verified) or an error.
 */
wmbt_status wmbt_reader_advance(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status);

/* Memory has been lent. */
void wmbt_reader_resume(wmbt_reader_slot *s);

/* --- body.c: bytes of a plain object ---------------------------------------------------------- */

/* Starts the walk of an object of which enough is known. Returns its bytes; 0 if its geometry is
 * not known or it passes 2^32 - 1 bytes. */
uint32_t wmbt_reader_walk_start(const wmbt_reader *r, uint32_t object, wmbt_reader_walk *walk);

/* The part at a byte of the object. What is neither number nor rows is of kind WMBT_EXTENT_FIELD,
 * with mismatch ok. */
void wmbt_reader_walk_part(wmbt_reader_walk *walk, uint32_t object, uint32_t offset,
                           wmbt_body_part *part);

/* The first bytes of a slot's plain object: all, or WMBT_READER_HEADER_BYTES. */
static inline wmbt_view wmbt_reader_first(const wmbt_reader_slot *s)
{
    return wmbt_view_of(s->header, wmbt_reader_min(s->plain_bytes, WMBT_READER_HEADER_BYTES));
}

/* Judges the first bytes of a plain object, learns where things lie, enters WMBT_SLOT_PLAIN and
 * takes them. ok, or what the object is to be settled with. */
wmbt_status wmbt_reader_body_start(wmbt_reader *r, wmbt_reader_slot *s);

/* Checks n bytes at `offset`, before the limit, and copies rows to their place. ok or as above. */
wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                  const uint8_t *bytes, uint32_t n);

/* True if `len` bytes at `offset` are rows of one extent. */
bool wmbt_reader_body_is_rows(wmbt_reader_slot *s, uint32_t offset, uint32_t len);

/* As take, for rows in place. */
void wmbt_reader_body_placed(wmbt_reader_slot *s, uint32_t offset, uint32_t len, uint32_t crc);

/* All bytes before the limit are in: the last checks. end, or what is wrong. */
wmbt_status wmbt_reader_body_finish(wmbt_reader_slot *s);

/* --- piece.c: where rows go ------------------------------------------------------------------- */

/* Bytes of the rows of a layer and kind, of one block or the most that a tail has. The shape allows
 * the size of the blocks. */
uint32_t wmbt_reader_rows_bytes(const wmbt_reader_config *config, uint32_t layer, uint32_t kind);

/* The place of the first row of an extent, if it has one. */
bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t object, const wmbt_extent *extent,
                          uint64_t *place);

#endif

#endif
