/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of an index: header, buckets, contexts, records, all of 32-bit little-endian words, all
 * on cache lines. Numbers of slots and contexts are stored plus 1: 0 is none.
 *
 * A reader believes no number of the table: each is held against the counts in its wmbt_index.
 */
#ifndef WMBT_SRC_INDEX_TABLE_H
#define WMBT_SRC_INDEX_TABLE_H

#include "wombatkv/index.h"

#include "base/le.h"

#if WMBT_CFG_INDEX

/* A word of the table: its memory may be a file's bytes. */
typedef uint32_t WMBT_MAY_ALIAS wmbt_index_word;

/* --- header, 32 words ------------------------------------------------------------------------- */

#    define WMBT_INDEX_HEADER_WORDS 32u
#    define WMBT_INDEX_MAGIC 0x58494B57u /* "WKIX" */
#    define WMBT_INDEX_VERSION 1u

#    define WMBT_INDEX_AT_MAGIC 0u
#    define WMBT_INDEX_AT_VERSION 1u
#    define WMBT_INDEX_AT_CAPACITY 2u
#    define WMBT_INDEX_AT_CONTEXTS 3u
#    define WMBT_INDEX_AT_KIND 4u
#    define WMBT_INDEX_AT_SEED 5u /* two words */
#    define WMBT_INDEX_AT_ZERO 7u /* to word 15: zero */
/* The second line changes: */
#    define WMBT_INDEX_AT_COUNT 16u      /* blocks that are there */
#    define WMBT_INDEX_AT_USED 17u       /* slots that were ever taken: the first ones */
#    define WMBT_INDEX_AT_FREE 18u       /* first slot of the free list */
#    define WMBT_INDEX_AT_FREE_COUNT 19u /* slots of the free list */
#    define WMBT_INDEX_AT_MOVES 20u      /* entries moved to another bucket so far, modulo 2^32 */
#    define WMBT_INDEX_AT_CONTEXTS_USED 21u /* contexts that were ever taken: the first ones */
#    define WMBT_INDEX_AT_IMAGE_CRC 22u     /* CRC32C of an image (image.h), with this word 0 */
#    define WMBT_INDEX_AT_IMAGE 23u         /* 1: nothing was written since the image was made */
#    define WMBT_INDEX_AT_REST 24u          /* to word 31: zero */

/* Bits of the kind; WMBT_INDEX_LIVE is of a wmbt_index only. */
#    define WMBT_INDEX_CLOSED 1u
#    define WMBT_INDEX_LIVE 2u

/* --- buckets, 16 words ------------------------------------------------------------------------ */

/* Eight tags, then eight slots. A bucket follows another if that one is full: a search ends at the
 * first bucket with an empty place. Rated at three quarters of all places. */
#    define WMBT_INDEX_WAYS 8u
#    define WMBT_INDEX_BUCKET_WORDS 16u
#    define WMBT_INDEX_RATED_WAYS 6u
#    define WMBT_INDEX_GHOST 0x80000000u /* set in the slot of a place whose block is not there */

/* --- contexts, 12 words ----------------------------------------------------------------------- */

#    define WMBT_INDEX_CONTEXT_WORDS 12u
#    define WMBT_INDEX_CONTEXT_DIGEST 0u /* 6 words */
#    define WMBT_INDEX_CONTEXT_TAG 6u    /* 4 words */
#    define WMBT_INDEX_CONTEXT_FLAGS 10u
#    define WMBT_INDEX_CONTEXT_USERS 11u /* records that have it */

/* --- records, 16 words ------------------------------------------------------------------------ */

#    define WMBT_INDEX_RECORD_WORDS 16u
#    define WMBT_INDEX_HASH_WORDS 8u
#    define WMBT_INDEX_RECORD_PAYLOAD 8u /* two words */
#    define WMBT_INDEX_RECORD_STAMP 10u  /* two words */
#    define WMBT_INDEX_RECORD_PARENT 12u /* slot; in a free record the next free one */
#    define WMBT_INDEX_RECORD_SEQ 13u
#    define WMBT_INDEX_RECORD_STATE \
        14u                                /* context below, version above; the version is odd while
                                          the record is written */
#    define WMBT_INDEX_RECORD_CHILDREN 15u /* records whose parent it is; only the writer looks */

#    define WMBT_INDEX_CONTEXT_MASK 0xFFFFu
#    define WMBT_INDEX_VERSION_STEP 0x10000u

/* --- words ------------------------------------------------------------------------------------ */

/* From or to little-endian. */
static inline uint32_t wmbt_index_order(uint32_t v)
{
#    if WMBT_BIG_ENDIAN
    return v >> 24 | (v >> 8 & 0xFF00u) | (v << 8 & 0xFF0000u) | v << 24;
#    else
    return v;
#    endif
}

/* What is read later is not older than this. */
static inline uint32_t wmbt_index_load(const wmbt_index_word *p)
{
    return wmbt_index_order(WMBT_LOAD_ACQUIRE(p));
}

/* Without that promise. */
static inline uint32_t wmbt_index_peek(const wmbt_index_word *p)
{
    return wmbt_index_order(WMBT_LOAD_RELAXED(p));
}

/* Who sees this sees all that was stored before. */
static inline void wmbt_index_store(wmbt_index_word *p, uint32_t v)
{
    WMBT_STORE_RELEASE(p, wmbt_index_order(v));
}

static inline uint64_t wmbt_index_load64(const wmbt_index_word *p)
{
    uint32_t low = wmbt_index_load(p);
    return (uint64_t)wmbt_index_load(p + 1) << 32 | low;
}

static inline const wmbt_index_word *wmbt_index_header(const wmbt_index *x)
{
    return (const wmbt_index_word *)x->header;
}

static inline const wmbt_index_word *wmbt_index_bucket(const wmbt_index *x, uint32_t bucket)
{
    return (const wmbt_index_word *)x->buckets + (size_t)bucket * WMBT_INDEX_BUCKET_WORDS;
}

static inline const wmbt_index_word *wmbt_index_context(const wmbt_index *x, uint32_t context)
{
    return (const wmbt_index_word *)x->contexts + (size_t)context * WMBT_INDEX_CONTEXT_WORDS;
}

static inline const wmbt_index_word *wmbt_index_record(const wmbt_index *x, uint32_t slot)
{
    return (const wmbt_index_word *)x->records + (size_t)slot * WMBT_INDEX_RECORD_WORDS;
}

/* Context of a record plus 1; 0 if there is no block in it. */
static inline uint32_t wmbt_index_context_of(const wmbt_index *x, uint32_t slot)
{
    return wmbt_index_load(wmbt_index_record(x, slot) + WMBT_INDEX_RECORD_STATE) &
           WMBT_INDEX_CONTEXT_MASK;
}

/* Slots that were ever taken. */
static inline uint32_t wmbt_index_used(const wmbt_index *x)
{
    uint32_t used = wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_USED);
    return used < x->record_count ? used : x->record_count;
}

/* --- places ----------------------------------------------------------------------------------- */

/* Where a hash is, or where it would be put. */
typedef struct wmbt_index_place {
    const wmbt_index_word *at; /* its tag in a bucket; of one that is not there, an empty place */
    uint32_t tag;
    uint32_t id;    /* slot plus 1, and WMBT_INDEX_GHOST; 0: it is not there */
    uint32_t state; /* of the record, when its hash was compared */
} wmbt_index_place;

/** True if the id of a place is a block's, and not a ghost's. */
static inline bool wmbt_index_is_block(uint32_t id)
{
    return (int32_t)id > 0;
}

/** The bucket where a hash belongs, above, and its tag, below. */
uint64_t wmbt_index_home(const wmbt_index *x, const uint8_t *hash);

static inline uint32_t wmbt_index_next_bucket(const wmbt_index *x, uint32_t bucket)
{
    return bucket + 1u == x->bucket_count ? 0u : bucket + 1u;
}

/* True if a bucket has no empty place. */
static inline bool wmbt_index_is_full(const wmbt_index_word *bucket)
{
    uint32_t way = 0;
    while (way < WMBT_INDEX_WAYS && wmbt_index_peek(bucket + WMBT_INDEX_WAYS + way) != 0u) {
        way++;
    }
    return way == WMBT_INDEX_WAYS;
}

/** True if a record has this hash, which it had while its state was *state. */
bool wmbt_index_record_is(const wmbt_index_word *record, const uint8_t *hash, uint32_t *state);

/** Looks for a hash; true if it has a place, a ghost's included. */
bool wmbt_index_find(const wmbt_index *x, const uint8_t *hash, wmbt_index_place *place);

/** True if a record is not being written and is what it was when it had this state. */
static inline bool wmbt_index_is_whole(const wmbt_index_word *record, uint32_t state)
{
    return (state & WMBT_INDEX_VERSION_STEP) == 0u &&
           wmbt_index_load(record + WMBT_INDEX_RECORD_STATE) == state;
}

/** Copies words of a table to bytes. */
void wmbt_index_copy_words(uint8_t *to, const wmbt_index_word *from, uint32_t words);

/** Reads a record whose version has to be `state`'s. False if it changed. */
bool wmbt_index_copy(const wmbt_index *x, uint32_t slot, uint32_t state, wmbt_block_meta *meta);

/** Bytes of a table whose last part, the records, has `records` of them. */
uint64_t wmbt_index_bytes(uint32_t capacity, uint32_t contexts, uint32_t records);

/**
 * Reads the constant part of a header: wmbt_index_attach() without the last part of its checks.
 * *x has `record_count` 0 then, *capacity is for the caller to judge.
 */
WMBT_MUST_CHECK wmbt_status wmbt_index_read_header(wmbt_view memory, wmbt_index *x,
                                                   uint32_t *capacity);

/* --- changing --------------------------------------------------------------------------------- */

/* Digest and tag of a record, as they follow one another in a wmbt_block_meta. */
#    define WMBT_INDEX_MODEL_BYTES 40u

/* An insert: what is asked for, and what it found out before it changed anything. */
typedef struct wmbt_index_change {
    const uint8_t *hash;
    const uint8_t *parent_hash; /* all zero: none */
    const uint8_t *model;       /* WMBT_INDEX_MODEL_BYTES */
    uint32_t flags;
    uint32_t seq;
    uint64_t payload_bytes;
    uint64_t stamp;
    bool keeps; /* a block that is there stays: stale */

    wmbt_index_place own;
    wmbt_index_place above; /* the parent's; its id is the slot plus 1, 0, or one of update.c */
    uint32_t context;
} wmbt_index_change;

/** Begins to change a table that `memory` holds. */
WMBT_MUST_CHECK wmbt_status wmbt_index_start(wmbt_index_writer *w, wmbt_buf memory);

/** Does an insert: statuses as wmbt_index_insert(). */
WMBT_MUST_CHECK wmbt_status wmbt_index_apply(wmbt_index_writer *w, wmbt_index_change *change);

/** Removes a block if its time of use is *last_access_ns, or with NULL in any case. *parent is the
 * slot plus 1 of the parent that it had, or 0. Statuses as wmbt_index_remove_if_unchanged(). */
WMBT_MUST_CHECK wmbt_status wmbt_index_remove_if(wmbt_index_writer *w, const wmbt_block_hash *hash,
                                                 const uint64_t *last_access_ns, uint32_t *parent);

#endif

#endif
