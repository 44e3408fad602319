/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block index: which blocks are cached, and what is known of each, in the caller's memory.
 * A hash table of fixed capacity with the semantics of upstream's metadata index. A lookup touches
 * one cache line to learn that a block is there, and one more for its record.
 * Source of the rules: docs/FORMATS.md, "Block index"; layout and costs: docs/INDEX.md.
 *
 * A record is lossless, in 64 bytes. The parent's hash is kept as the number of its slot; a parent
 * that is not there takes a slot as a ghost until it comes or its last child goes. Digest, tag and
 * flags are kept once for all blocks that share them, as a context.
 *
 * One writer, many readers. There are two objects: wmbt_index_writer for the one who changes the
 * table, and wmbt_index for those who look, which is `writer.index` in the same process, or made by
 * wmbt_index_attach() over the same memory elsewhere. The table holds no pointers, so processes may
 * map it at different addresses, and all its numbers are little-endian.
 *
 * With WMBT_CFG_INDEX_ATOMICS 1 readers may look while the writer writes; nobody waits for anybody.
 * What a reader is told was true at some moment of its call. A record is told whole, never mixed of
 * two states. A reader repeats its work only if the writer changed something meanwhile; if a record
 * was being written at each of WMBT_INDEX_TRIES looks, for example because the writer was stopped
 * in it, its fields cannot be told and the status is stale; that the block is there is still told.
 * (A record has a version of 16 bits: a reader that sleeps in the middle of a record while exactly
 * 32,768 writes, or a multiple of that, go to this one record takes the mixture for whole.)
 * With 0 the writer and its readers take turns, as for any object of this library.
 */
#ifndef WOMBATKV_INDEX_H
#define WOMBATKV_INDEX_H

#include "wombatkv/metadata.h"

#if WMBT_CFG_INDEX

WMBT_BEGIN_DECLS

/** Alignment of a table's memory: a cache line. */
#    define WMBT_INDEX_ALIGN 64u

/** Blocks that a table can have room for at most. */
#    define WMBT_INDEX_MAX_CAPACITY 0x7FFFFFF0u

/** Contexts that a table can have room for at most. */
#    define WMBT_INDEX_MAX_CONTEXTS 65535u

/** How often a reader looks at a record that is being written. */
#    define WMBT_INDEX_TRIES 64u

/**
 * Bytes of memory of a table with room for `capacity` blocks, ghosts included, and `contexts`
 * different contexts (model digest, layout tag and flags together): 75 a block, 48 a context. A
 * constant expression if the arguments are.
 */
#    define WMBT_INDEX_BYTES(capacity, contexts)                   \
        (128u + (WMBT_SIZE(capacity) / 6u + 1u) * WMBT_SIZE(64u) + \
         (WMBT_SIZE(contexts) * 48u + 63u) / 64u * 64u + WMBT_SIZE(capacity) * 64u)

/** What a table is made for. */
typedef struct wmbt_index_config {
    uint32_t capacity;  /**< blocks, at most WMBT_INDEX_MAX_CAPACITY */
    uint32_t contexts;  /**< at most WMBT_INDEX_MAX_CONTEXTS */
    uint64_t seed;      /**< secret and random: nobody can make hashes that crowd one place. 0: the
                            hashes are taken as they are, which is faster */
    bool prefix_closed; /**< a block is there only if its parent is: wmbt_index_chain_prefix() */
} wmbt_index_config;

/** A table, to look at. Its fields are the library's. A copy of its bytes is as good. */
typedef struct wmbt_index {
    const void *header;
    const void *buckets;
    const void *contexts;
    const void *records;
    uint32_t bucket_count;
    uint32_t context_count;
    uint32_t record_count;
    uint32_t kind;
    uint64_t seed;
} wmbt_index;

/** A table, to change. There is one for a table at a time. */
typedef struct wmbt_index_writer {
    wmbt_index index; /**< to look; the rest is the library's */
    void *memory;
    uint32_t context_hint;
    uint32_t last;
} wmbt_index_writer;

/**
 * Starts an empty table in `memory`, which it occupies until it is no longer used.
 *
 * bad-argument: NULL with a length; too-large: capacity or contexts above the limit;
 * buffer-too-small: less than WMBT_INDEX_BYTES(); buffer-misaligned: not a multiple of
 * WMBT_INDEX_ALIGN. *w and the memory are then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_init(wmbt_buf memory,
                                                     const wmbt_index_config *config,
                                                     wmbt_index_writer *w);

/**
 * Looks at a table that somebody else started with wmbt_index_init(), in another process for
 * example. `memory` begins where the table does and is at least as long. What the header says is
 * read once here; nothing outside of `memory` is touched later, whatever happens to the bytes.
 *
 * bad-argument: NULL with a length; buffer-misaligned: not a multiple of 4; truncated, bad-magic,
 * unsupported-version, bad-count, bad-field: not a table. *x is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_attach(wmbt_view memory, wmbt_index *x);

/* --- looking ---------------------------------------------------------------------------------- */

/** Blocks that are there. */
WMBT_API uint32_t wmbt_index_count(const wmbt_index *x);

/** Contexts that have been taken: different models, layouts and flags at most, at any time. */
WMBT_API uint32_t wmbt_index_contexts(const wmbt_index *x);

/** Slots that are free: an insert takes one, and one more for a parent that is not known. */
WMBT_API uint32_t wmbt_index_room(const wmbt_index *x);

/** True if the table is prefix-closed. */
WMBT_API bool wmbt_index_is_closed(const wmbt_index *x);

/** True if the block is there. */
WMBT_API bool wmbt_index_has(const wmbt_index *x, const wmbt_block_hash *hash);

/**
 * The record of a block. Its time of use is not changed.
 *
 * missing: it is not there; stale: the writer is in the middle of it (see above), or the image is
 * damaged. *meta is then unchanged or zeroed.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_get(const wmbt_index *x,
                                                    const wmbt_block_hash *hash,
                                                    wmbt_block_meta *meta);

/** How many of `count` hashes from the first on are there, each compared in full. */
WMBT_API uint32_t wmbt_index_longest_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                            uint32_t count);

/**
 * The same at one cache line a hash: 32 bits of each hash are compared, and all of the last one.
 * Never less than wmbt_index_longest_prefix(). It can be more: a block in the middle that is not
 * there is taken for present with a chance of about 2^-29. For those who fetch what they were told
 * and see then.
 */
WMBT_API uint32_t wmbt_index_likely_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                           uint32_t count);

/**
 * The same for the hashes of one prompt, block after block from its first, in a prefix-closed
 * table: found by bisection, in time that hardly grows with the count. The last block is compared
 * in full, and its parents are there because it is. In another table, wmbt_index_longest_prefix().
 */
WMBT_API uint32_t wmbt_index_chain_prefix(const wmbt_index *x, const wmbt_block_hash *hashes,
                                          uint32_t count);

/**
 * Marks in `present` which of `count` blocks are there, as prefix.h takes it: bit i % 8 of byte
 * i / 8. Bits behind the last block are 0.
 *
 * bad-argument: NULL with a length; buffer-too-small: fewer than (count + 7) / 8 bytes. Nothing is
 * written then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_mark(const wmbt_index *x,
                                                     const wmbt_block_hash *hashes, uint32_t count,
                                                     wmbt_buf present);

/**
 * What slot `slot` holds; for slot = 0, 1, ... until end, every block once, in no order.
 *
 * missing: no block; stale: as wmbt_index_get(); end: no such slot, nor any after it. *hash and
 * *meta are then unchanged or zeroed.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_at(const wmbt_index *x, uint32_t slot,
                                                   wmbt_block_hash *hash, wmbt_block_meta *meta);

/**
 * The slots of all blocks in ascending order of their hashes, for wmbt_index_at(). Not while
 * somebody writes. Takes n log n steps.
 *
 * buffer-too-small: room for fewer than wmbt_index_count() slots. Nothing is written then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_sort(const wmbt_index *x, uint32_t *slots,
                                                     uint32_t room, uint32_t *count);

/* --- changing --------------------------------------------------------------------------------- */

/**
 * Stores a block with the time `now_ns`, instead of meta->last_access_ns. One that is there is
 * overwritten.
 *
 * full: fewer free slots than it takes; not-representable: no room for another context (one that
 * only the overwritten record uses is not free yet); and in a prefix-closed table missing: the
 * parent is not there; wrong-block: block_seq is not the parent's plus 1, or not 0 without a
 * parent, or the block is there with another parent. Nothing is changed then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_insert(wmbt_index_writer *w,
                                                       const wmbt_block_hash *hash,
                                                       const wmbt_block_meta *meta,
                                                       uint64_t now_ns);

/**
 * Stores a block with the time that it has, for loading. One that is there stays as it is.
 *
 * stale: it is there; else as wmbt_index_insert(). Nothing is changed then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_add(wmbt_index_writer *w,
                                                    const wmbt_block_hash *hash,
                                                    const wmbt_block_meta *meta);

/**
 * The record of a block, after its time of use was set to `now_ns`.
 *
 * missing: it is not there. *meta is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_get_and_touch(wmbt_index_writer *w,
                                                              const wmbt_block_hash *hash,
                                                              uint64_t now_ns,
                                                              wmbt_block_meta *meta);

/**
 * Removes a block.
 *
 * missing: it is not there; bad-state: the table is prefix-closed and the block has children.
 * Nothing is changed then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_remove(wmbt_index_writer *w,
                                                       const wmbt_block_hash *hash);

/**
 * Removes a block if its time of use is `last_access_ns`.
 *
 * stale: it is another; else as wmbt_index_remove(). Nothing is changed then.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_index_remove_if_unchanged(wmbt_index_writer *w,
                                                                    const wmbt_block_hash *hash,
                                                                    uint64_t last_access_ns);

WMBT_END_DECLS

#endif

#endif
