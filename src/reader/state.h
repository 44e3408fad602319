/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's state, shared by its sources. In the caller's memory stand, one after the other:
 * struct wmbt_reader, a record for the tail and for each block, a slot for each object in flight,
 * the chain, which takes all that is left.
 */
#ifndef WMBT_SRC_READER_STATE_H
#define WMBT_SRC_READER_STATE_H

#include "base/min.h"

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
    uint32_t page;         /* with WMBT_RECORD_PAGED: where its rows go */
    uint8_t status;        /* need-more until settled */
    uint8_t state;         /* WMBT_RECORD_... and flags */
    uint16_t slot;         /* while it is in flight */
} wmbt_reader_record;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_record) == 44u, "a block takes 44 bytes");
WMBT_STATIC_ASSERT(WMBT_DOES_NOT_FIT <= UINT8_MAX, "a status fits a byte");

#    define WMBT_RECORD_NEW 0u
#    define WMBT_RECORD_IN_FLIGHT 1u
#    define WMBT_RECORD_SETTLED 2u
#    define WMBT_RECORD_STATES 3u
#    define WMBT_RECORD_FOUND 4u     /* found() has been said in this prompt */
#    define WMBT_RECORD_COLLECTED 8u /* in flight: it is not plain */
#    define WMBT_RECORD_LENT 16u     /* its slot has ended and is not quiet */
#    define WMBT_RECORD_PAGED 32u    /* its page has been read */

/* Bytes [from, to) of a source that came. Of a plain object also their CRC, as far as the checksum
 * covers them, and where a walk stands near the bytes that came last. */
typedef struct wmbt_reader_run {
    uint32_t from, to;
    uint32_t crc;
    uint32_t part_offset;
    uint16_t part_layer;
    uint8_t part;
    uint8_t backwards; /* crc is that of all bytes, shifted back over all of them */
} wmbt_reader_run;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_run) == WMBT_READER_RUN_BYTES, "as the header says");

/* What a slot waits for. */
#    define WMBT_SLOT_FREE 0u
#    define WMBT_SLOT_ENDED 1u   /* to be told by a stop, or to be quiet */
#    define WMBT_SLOT_FIND 2u    /* found() */
#    define WMBT_SLOT_MEMORY 3u  /* memory() */
#    define WMBT_SLOT_UNWRAP 4u  /* work: a collected source is unwrapped */
#    define WMBT_SLOT_HEADER 5u  /* bytes of the header */
#    define WMBT_SLOT_COLLECT 6u /* bytes of a wrapped object or a chunk, collected in memory */
#    define WMBT_SLOT_PLAIN 7u   /* bytes of a plain object, checked as they come */
#    define WMBT_SLOT_CHECK 8u   /* work: bytes of a collected object are checked */

/* How an object's parts lie. */
typedef union wmbt_reader_walk {
    wmbt_kvblock_walk block;
    wmbt_rawtail_walk tail;
} wmbt_reader_walk;

#    define WMBT_SLOT_NONE 0xFFFFu /* no slot */

/*
 * An object in flight. Its bytes come from a source: an object as stored, plain or wrapped; for a
 * large value first the manifest and then each chunk.
 */
typedef struct wmbt_reader_slot {
    /* What steers comes first: small offsets make short code. */
    _Alignas(WMBT_READER_ALIGN) uint8_t phase;
    uint8_t asked;     /* the kind of want that is open, or 0 */
    uint8_t queued;    /* stands among those that have something to hand out */
    uint8_t stop;      /* what it has is a stop */
    uint8_t noisy;     /* something was asked for since the last quiet() */
    uint8_t not_quiet; /* it has ended, or its want was withdrawn, and may still be written for */
    uint8_t wrapped;   /* the source is a wrapper: WMBT_READER_COPIED, _ENCODED */
    uint8_t large;     /* the source is a chunk of a large value */
    uint8_t opaque;    /* a tail of which only the checksum is followed */
    uint8_t fault;     /* what finish says at the end */
    uint8_t runs;
    uint8_t begun; /* the codec has begun with the source */
    uint16_t id, next, prev;
    uint32_t object;
    uint64_t serial; /* of the want that is open, or was the last */

    uint32_t limit;        /* where the bytes of this phase end, if it waits for bytes */
    uint32_t ask_from;     /* the range that is open */
    uint32_t ask_to;       /* memory: bytes for the source */
    uint32_t source_bytes; /* as stored */
    uint32_t total_stored; /* of all sources so far */
    uint32_t plain_bytes;  /* of the plain object */
    uint32_t end;          /* those that its geometry has */
    uint32_t chunk;        /* number of the source among chunks */
    uint32_t part;         /* plain bytes of the source; they go to plain + part_at */
    uint32_t part_at;
    uint32_t done; /* of them, by work so far */

#    if WMBT_CFG_READER_BOUND
    const uint8_t *digest; /* that the plain object must have, or NULL */
#    endif
    uint8_t *plain;   /* room for plain_bytes of the object, once lent */
    wmbt_buf stored;  /* room for a source */
    uint8_t *collect; /* where the source's bytes go in WMBT_SLOT_HEADER and _COLLECT */

    union {
        struct {
            wmbt_reader_walk walk;
#    if WMBT_CFG_READER_COLLECT
            uint8_t id_digits[WMBT_LARGEVALUE_ID_DIGITS];
#    endif
#    if WMBT_CFG_READER_BOUND
            wmbt_blake3 *hash; /* of the bytes of run[0], in WMBT_SLOT_PLAIN and _CHECK */
#    endif
        };
        uint8_t small[WMBT_READER_HEADER_BYTES]; /* before: what a wrapper of one header held */
    };
    uint8_t header[WMBT_READER_HEADER_BYTES]; /* of the source, then of the plain object */
    wmbt_reader_run run[];                    /* config.runs of them: none touches another, the
                                                 first begins at 0 and may be empty */
} wmbt_reader_slot;

WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) <= WMBT_READER_SLOT_BYTES, "an object in flight");
WMBT_STATIC_ASSERT(sizeof(wmbt_reader_slot) % WMBT_READER_ALIGN == 0u, "slots are aligned");

#    define WMBT_READER_COPIED 1u  /* wrapped, and stored as it is */
#    define WMBT_READER_ENCODED 2u /* wrapped, and to be decoded */

/* What start() forgets. */
typedef struct wmbt_reader_state {
    uint32_t input;    /* WMBT_INPUT_... */
    uint32_t tokens;   /* given so far; the prompt's once it has ended */
    uint32_t blocks;   /* full ones, hashed */
    uint32_t limit;    /* blocks from here on are not wanted (policy prefix, stop) */
    uint32_t next;     /* all blocks before it are in flight or settled */
    uint32_t settled;  /* all blocks before it are settled */
    uint32_t usable;   /* all blocks before it are verified */
    uint32_t answered; /* blocks whose presence is known */
    uint32_t asked;    /* blocks whose presence is known or asked for */

    uint32_t stopped;       /* stop() */
    uint32_t question_ends; /* the last question is to be told by a stop */
    uint32_t tail_known;    /* tail.total_tokens and raw_rows are good */
    uint32_t tail_fits;     /* its geometry is that of a tail at the last usable block */
    uint64_t usable_bytes;  /* of the usable blocks as stored */
    wmbt_rawtail_info tail;
} wmbt_reader_state;

#    define WMBT_INPUT_NONE 0u
#    define WMBT_INPUT_TOKENS 1u
#    define WMBT_INPUT_HASHES 2u
#    define WMBT_INPUT_ENDED 3u
#    define WMBT_INPUT_NO_PROMPT 4u

/* A CRC shift over so many bytes. */
typedef struct wmbt_reader_shift {
    uint32_t bytes, shift;
} wmbt_reader_shift;

/* What is looked at most comes first: small offsets make short code. */
struct wmbt_reader {
    _Alignas(WMBT_READER_ALIGN) wmbt_reader_record *record;
    uint8_t *slots;
    uint32_t slot_bytes;
    uint16_t first_free;  /* slots by next */
    uint16_t first, last; /* that have something to hand out, by next and prev: stops, then the
                             first object, the tail last */
    uint16_t inflating;   /* the slot that the codec has begun with, or will next */
    uint32_t not_quiet;   /* slots that are not quiet */
    wmbt_reader_state now;
    wmbt_reader_config config;
    uint32_t waiting;  /* slots that are not quiet were that of an earlier prompt */
    uint64_t serial;   /* of the next want */
    uint64_t question; /* serial of the last question */
    wmbt_reader_shift ahead, back;

    /* of the prompt */
    wmbt_view prefix, name_space;
    const uint32_t *pages;
    uint32_t page_count;
#    if WMBT_CFG_READER_BOUND
    const uint8_t *const *digests, *const *tail_digests;
    uint32_t digest_count;
#    endif
    uint32_t flags;
    uint32_t window_extra;
    uint32_t block_tokens;
    uint32_t max_blocks; /* the limit of blocks */
#    if WMBT_CFG_READER_TOKENS
    wmbt_chain *chain;
    wmbt_buf chain_memory;
#    endif
};

WMBT_STATIC_ASSERT(sizeof(struct wmbt_reader) % WMBT_READER_ALIGN == 0u, "records are aligned");
/* The reader, and the tail's record with what aligns the slots behind all records. */
#    define WMBT_READER_FIRST_BYTES \
        (sizeof(struct wmbt_reader) + (sizeof(wmbt_reader_record) + 7u) / 8u * 8u)
/* All that does not depend on the configuration. */
#    define WMBT_READER_FIXED_BYTES WMBT_READER_BYTES(0, 0)
WMBT_STATIC_ASSERT(WMBT_READER_FIRST_BYTES <= WMBT_READER_FIXED_BYTES, "room for the reader");
#    if WMBT_CFG_READER_TOKENS
WMBT_STATIC_ASSERT(WMBT_READER_ALIGN % WMBT_CHAIN_ALIGN == 0u, "the chain is aligned");
WMBT_STATIC_ASSERT(WMBT_READER_FIRST_BYTES + WMBT_CHAIN_BYTES(WMBT_SHAPE_MAX_BLOCK_TOKENS) <=
                       WMBT_READER_FIXED_BYTES,
                   "room for the chain");
#    endif

/* --- slot.c: an object in flight -------------------------------------------------------------- */

/* WMBT_READER_TAIL + 1 is 0: the tail is the first record, its number the least in these two. */
static inline wmbt_reader_record *wmbt_reader_record_of(const wmbt_reader *r, uint32_t object)
{
    return &r->record[(uint32_t)(object + 1u)];
}

static inline bool wmbt_reader_has(const wmbt_reader *r, uint32_t object)
{
    return (uint32_t)(object + 1u) <= r->now.blocks;
}

static inline uint32_t wmbt_reader_state_of(const wmbt_reader_record *record)
{
    return record->state & WMBT_RECORD_STATES;
}

static inline wmbt_reader_slot *wmbt_reader_slot_at(const wmbt_reader *r, uint32_t id)
{
    return (wmbt_reader_slot *)(void *)(r->slots + (size_t)id * r->slot_bytes);
}

static inline bool wmbt_reader_audits(const wmbt_reader *r)
{
    return (r->flags & WMBT_READER_AUDIT) != 0u;
}

static inline bool wmbt_reader_writes_late(const wmbt_reader *r)
{
    return (r->config.flags & WMBT_READER_LATE_WRITES) != 0u;
}

/* The question of presence is open. */
static inline bool wmbt_reader_asks(const wmbt_reader *r)
{
    return r->now.asked != r->now.answered;
}

/* True if a want is the question of presence that is open. */
bool wmbt_reader_is_question(const wmbt_reader *r, const wmbt_want *want);

/* Nothing is known of an object but its hash. */
void wmbt_reader_forget(wmbt_reader_record *record);

/* The slot of a want that is open, or NULL. */
wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want);

/* The slots have what they have to hand out in an order; these take one in and out of it. */
void wmbt_reader_queue(wmbt_reader *r, wmbt_reader_slot *s);
void wmbt_reader_unqueue(wmbt_reader *r, wmbt_reader_slot *s);

/* The want of a slot's phase is a new one; what it was before is dead. */
void wmbt_reader_reissue(wmbt_reader *r, wmbt_reader_slot *s);

/* A slot goes on to another phase with a want of its own, which does not wait for bytes. */
void wmbt_reader_enter(wmbt_reader *r, wmbt_reader_slot *s, uint32_t phase);

/* The codec is free again, if the slot had it: for the first object that waits for it. */
void wmbt_reader_release_codec(wmbt_reader *r, wmbt_reader_slot *s);

/* Something may still be written for a slot whose want was withdrawn, if the caller writes late. */
void wmbt_reader_disturb(wmbt_reader *r, wmbt_reader_slot *s);

/* A slot ends. `tell`: the reader chose it, so a stop tells of what the caller holds. */
void wmbt_reader_end_slot(wmbt_reader *r, wmbt_reader_slot *s, bool tell);

/* The slots of this object and of all behind it end; nothing is known of those objects. */
void wmbt_reader_withdraw_from(wmbt_reader *r, uint32_t object, bool tell);

/* An ended slot is free if nothing is left to be told or waited for. */
void wmbt_reader_free_slot(wmbt_reader *r, wmbt_reader_slot *s);

/* The question of presence is closed; blocks before `answered` are known. */
void wmbt_reader_end_question(wmbt_reader *r, uint32_t answered);

/* A block or the tail, which has no slot any more, gets its status. */
void wmbt_reader_settle(wmbt_reader *r, uint32_t object, wmbt_status status, uint32_t bytes);

/* A slot's object is settled: verified (end), or with what is wrong. The slot has ended. */
void wmbt_reader_finish(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status);

/* Blocks that are wanted. */
uint32_t wmbt_reader_wanted(const wmbt_reader *r);

/* The state of the tail: new if it is to be looked for now, settled if all is. */
uint32_t wmbt_reader_tail_state(const wmbt_reader *r);

/* All is settled and quiet. */
bool wmbt_reader_is_done(const wmbt_reader *r);

/* --- layout.c: where things lie --------------------------------------------------------------- */

/* Starts the walk of an object of which enough is known. Returns its bytes; 0 if its geometry is
 * not known or it passes 2^32 - 1 bytes. */
uint32_t wmbt_reader_walk_start(const wmbt_reader *r, uint32_t object, wmbt_reader_walk *walk);

/* The part at a byte of the object; the walk then stands there. What is neither number nor rows is
 * of kind WMBT_EXTENT_FIELD, with mismatch ok. */
void wmbt_reader_walk_find(wmbt_reader_walk *walk, uint32_t object, uint32_t offset,
                           wmbt_body_part *part);

/* Keeps where a slot's walk stands in a run, and goes back there. */
void wmbt_reader_walk_keep(const wmbt_reader_slot *s, wmbt_reader_run *run);
void wmbt_reader_walk_return(wmbt_reader_slot *s, const wmbt_reader_run *run);

/* A part without rows or a number to be compared. */
void wmbt_reader_set_field(wmbt_body_part *part, uint32_t offset, uint32_t bytes);

/* The places of a prompt with blocks of so many tokens lie within the memory. */
bool wmbt_reader_places_are_good(const wmbt_reader *r, const wmbt_reader_prompt *prompt);

/* Reads the page of an object: its record keeps it. False if there is none, or it passes the
 * memory. */
bool wmbt_reader_read_page(wmbt_reader *r, uint32_t object);

/* The page of an object, if it is known: the one that was read; without a table, its number. */
bool wmbt_reader_page_of(const wmbt_reader *r, uint32_t object, uint32_t *page);

/* The place of the first row of an extent of an object, if it has one. */
bool wmbt_reader_place_of(const wmbt_reader *r, uint32_t page, const wmbt_extent *extent,
                          uint64_t *place);

/* --- bound.c: objects and digests that the caller holds --------------------------------------- */

/* A bound object's bytes come in order. */
static inline bool wmbt_reader_is_bound(const wmbt_reader_slot *s)
{
#    if WMBT_CFG_READER_BOUND
    return s->digest != NULL;
#    else
    (void)s;
    return false;
#    endif
}

#    if WMBT_CFG_READER_BOUND

/* The memory for hashes is enough. */
wmbt_status wmbt_reader_check_hashes(const wmbt_reader_config *config);

/* The digest that the table of a prompt has for an object, or NULL. */
const uint8_t *wmbt_reader_digest_of(const wmbt_reader *r, uint32_t object);

/* Begins the hash of a bound object. */
void wmbt_reader_bound_start(const wmbt_reader *r, wmbt_reader_slot *s);

/* Hashes bytes that have come, if the object is bound. */
void wmbt_reader_bound_take(const wmbt_reader *r, const wmbt_reader_slot *s, const uint8_t *bytes,
                            uint32_t n);

/* All bytes were hashed: is it the object? True if it is not bound. */
bool wmbt_reader_bound_agrees(const wmbt_reader *r, const wmbt_reader_slot *s);

#    else

static inline const uint8_t *wmbt_reader_digest_of(const wmbt_reader *r, uint32_t object)
{
    (void)r;
    (void)object;
    return NULL;
}

static inline void wmbt_reader_bound_start(const wmbt_reader *r, wmbt_reader_slot *s)
{
    (void)r;
    (void)s;
}

static inline void wmbt_reader_bound_take(const wmbt_reader *r, const wmbt_reader_slot *s,
                                          const uint8_t *bytes, uint32_t n)
{
    (void)r;
    (void)s;
    (void)bytes;
    (void)n;
}

static inline bool wmbt_reader_bound_agrees(const wmbt_reader *r, const wmbt_reader_slot *s)
{
    (void)r;
    (void)s;
    return true;
}

#    endif

/* --- body.c: bytes of a plain object ---------------------------------------------------------- */

/* The first bytes of a slot's plain object: all, or WMBT_READER_HEADER_BYTES. */
static inline wmbt_view wmbt_reader_first(const wmbt_reader_slot *s)
{
    return wmbt_view_of(s->header, wmbt_min_u32(s->plain_bytes, WMBT_READER_HEADER_BYTES));
}

/* Where bytes go that came, [from, to): the run that ends there, the one that begins there. */
typedef struct wmbt_reader_claim {
    uint32_t from, to;
    wmbt_reader_run *before, *after;
} wmbt_reader_claim;

/*
 * Claims bytes of an open want: [from, to), cut at the end of the want or the phase and at bytes
 * that came before. Returns ok; bad-argument, full: then nothing may be joined.
 */
wmbt_status wmbt_reader_claim_range(const wmbt_reader *r, wmbt_reader_slot *s, uint32_t from,
                                    size_t len, wmbt_reader_claim *claim);

/* The bytes of a claim are there. `crc` is that of a run that ends where they begin and of them, or
 * of them alone; 0 if they are not summed: of a header, or in lent memory. Where the walk stands is
 * kept. */
void wmbt_reader_join(wmbt_reader *r, wmbt_reader_slot *s, const wmbt_reader_claim *claim,
                      uint32_t crc);

/* Checks the first bytes of a plain object, learns where things lie, and takes them: run[0].
 * ok, or what the object is to be settled with. s->limit is where its bytes end. */
wmbt_status wmbt_reader_body_start(wmbt_reader *r, wmbt_reader_slot *s);

/* Checks the bytes of a claim, copies rows to their place, and joins them. ok or as above. */
wmbt_status wmbt_reader_body_take(wmbt_reader *r, wmbt_reader_slot *s,
                                  const wmbt_reader_claim *claim, const uint8_t *bytes);

/* True if the bytes of a claim are rows of one extent, which lie in memory if they are bound. */
bool wmbt_reader_body_is_rows(const wmbt_reader *r, wmbt_reader_slot *s,
                              const wmbt_reader_claim *claim);

/* As take, for rows in place. */
void wmbt_reader_body_placed(wmbt_reader *r, wmbt_reader_slot *s, const wmbt_reader_claim *claim,
                             uint32_t crc);

/* All bytes before the limit are in: the last checks. end, or what is wrong. */
wmbt_status wmbt_reader_body_finish(const wmbt_reader *r, wmbt_reader_slot *s);

/* --- object.c: from a source to the plain object ---------------------------------------------- */

/* A slot forgets what it has of its object and begins with its first source. */
void wmbt_reader_object_start(wmbt_reader *r, wmbt_reader_slot *s);

/* Work without a bound. */
#    define WMBT_READER_ALL_WORK UINT32_MAX

/*
 * Bytes have come, or memory. `status` is what was found in them: ok, or what settles the object.
 * Goes on as far as they allow, with `work` bytes of work at most if that is not done at once.
 * Returns need-more (the want is not complete), ok (there is a next one), or what the object is
 * settled with: end (it is verified) or an error.
 */
wmbt_status wmbt_reader_advance(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status,
                                uint32_t work);

#    if WMBT_CFG_READER_COLLECT
/* Memory has been lent. */
void wmbt_reader_resume(wmbt_reader *r, wmbt_reader_slot *s);
#    endif

#endif

#endif
