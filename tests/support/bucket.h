/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket in memory for tests of the reader: objects of the small shape, stored in every way and
 * damaged in every way, and what a reader of whole objects makes of them.
 */
#ifndef WMBT_TESTS_BUCKET_H
#define WMBT_TESTS_BUCKET_H

#include "objects.h"
#include "test.h"
#include "wombatkv/plan.h"
#include "wombatkv/rawtail.h"
#include "wombatkv/reader.h"

#if WMBT_CFG_READER

#    define BUCKET_MAX_OBJECTS 32u
#    define BUCKET_MAX_BLOCKS 6u
#    define BUCKET_BLOCK_TOKENS 8u
#    define BUCKET_PREFIX "kv/t"
#    define BUCKET_NAMESPACE "n"

typedef struct bucket_object {
    uint8_t key[192];
    size_t key_len;
    wmbt_view bytes;
} bucket_object;

/* What whole objects say of one block or tail. */
typedef struct bucket_truth {
    wmbt_status status;
    uint32_t stored_bytes;
    wmbt_view plain; /* if ok */
} bucket_truth;

typedef struct bucket {
    bucket_object object[BUCKET_MAX_OBJECTS];
    uint32_t objects;
    uint32_t tokens[BUCKET_MAX_BLOCKS * BUCKET_BLOCK_TOKENS + BUCKET_BLOCK_TOKENS];
    uint32_t token_count;
    uint32_t blocks;
    wmbt_block_hash hash[BUCKET_MAX_BLOCKS];
    wmbt_buf workspace; /* of the decoder */
} bucket;

/* The chain of all buckets. */
wmbt_chain_config bucket_chain(void);

/* Fills a bucket from a seed: a prompt, its blocks and tail, each stored or not, whole or not. */
void bucket_fill(wmbt_test *t, bucket *b, uint32_t *state);

/* The object under a key, or NULL. */
const bucket_object *bucket_find(const bucket *b, wmbt_view key);

/* Objects of random rows: a sound block; a sound tail; a wrapper around anything ("WBZ1"), with a
 * zstd frame of one raw block or without. */
wmbt_view bucket_block(wmbt_test *t, uint32_t seq, uint32_t *state);
wmbt_view bucket_tail(wmbt_test *t, uint32_t total, uint32_t raw, uint32_t block_end,
                      uint32_t *state);
wmbt_view bucket_wrap(wmbt_test *t, wmbt_view plain, bool zstd);

/* Stores bytes under a key, under that of a block or tail, as the one chunk of a value. The last
 * returns the value's manifest. */
void bucket_store(wmbt_test *t, bucket *b, wmbt_view key, wmbt_view bytes);
void bucket_store_at(wmbt_test *t, bucket *b, uint32_t index, bool tail, wmbt_view bytes);
wmbt_view bucket_store_chunk(wmbt_test *t, bucket *b, wmbt_view plain, wmbt_view chunk);

/* Reads a block (of number `index`), or the tail at block `index`, as a whole. */
bucket_truth bucket_read(wmbt_test *t, const bucket *b, uint32_t index, bool tail,
                         wmbt_rawtail_info *info);

#endif

#endif
