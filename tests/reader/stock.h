/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects for the model of the reader: blocks and tails of any shape, stored in any way, some of
 * them damaged, and what the readers of whole objects say of any bytes. Hosted.
 */
#ifndef WMBT_TESTS_STOCK_H
#define WMBT_TESTS_STOCK_H

#include "wombatkv/wombatkv.h"

#include "../support/common.h"

#define STOCK_BLOCKS 5u
#define STOCK_SOURCES 2u         /* the object as stored, or a manifest; its one chunk */
#define STOCK_OBJECT_BYTES 4096u /* none is longer, plain or stored */

/* As stored; data NULL: not there. */
typedef struct stock_object {
    wmbt_view source[STOCK_SOURCES];
} stock_object;

/* What counts for the judgement of an object. */
typedef struct stock_judge {
    const wmbt_shape *shape;
    uint32_t block_tokens;
    uint32_t max_object_bytes;
    const wmbt_codec *codec;
} stock_judge;

typedef struct stock {
    stock_object block[STOCK_BLOCKS];
    stock_object tail[STOCK_BLOCKS]; /* at each of the blocks */
    uint8_t arena[160u << 10];
    size_t used;
    uint32_t state; /* of the random numbers */
} stock;

/* What whole objects say. */
typedef struct stock_truth {
    wmbt_status status;
    wmbt_view plain;        /* if ok; stays until the next judgement */
    wmbt_rawtail_info tail; /* if it is one, and ok */
} stock_truth;

/* Fills a stock. `rot`: of 256 objects so many are damaged or missing. */
void stock_fill(stock *s, const stock_judge *judge, uint32_t seed, uint32_t rot);

/* The plain bytes of a source, of which there must be `must` unless that is 0. ok, or what is wrong
 * with it. */
wmbt_status stock_unwrap(wmbt_view source, const stock_judge *judge, uint32_t must,
                         wmbt_view *plain);

/* Judges the plain bytes of a block, or of a tail (`block` is then of no interest). */
void stock_read_plain(wmbt_view plain, const stock_judge *judge, uint32_t block, bool tail,
                      stock_truth *truth);

/* Judges an object. */
void stock_read(const stock_object *object, const stock_judge *judge, uint32_t block, bool tail,
                stock_truth *truth);

/* Bytes of a plain block; 0 if the shape allows none of this size. */
uint32_t stock_block_bytes(const stock_judge *judge);

#endif
