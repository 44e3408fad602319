/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the rows of DeepSeek-V4-Flash objects must have gone, told without the reader and without
 * the library's shape, walks and places: by the numbers of docs/FORMATS.md and those in the object.
 * An image of what the caller's memory must hold is made and compared with it byte by byte. Hosted.
 */
#ifndef WMBT_TESTS_ROWS_H
#define WMBT_TESTS_ROWS_H

#include "wombatkv/wombatkv.h"

#define ROWS_LAYERS 43u
#define ROWS_PLACES (ROWS_LAYERS * WMBT_EXTENT_KINDS)

typedef struct rows {
    wmbt_reader_place place[ROWS_PLACES];
    uint32_t block_tokens;
    uint32_t slots;  /* blocks that a place has room for; a tail comes on top */
    size_t len;      /* bytes of each of the two */
    uint8_t *memory; /* the reader's */
    uint8_t *image;  /* what it must be in the end */
} rows;

/* Lays the places out, and fills both memories with one pattern. With `part` a third of the rows is
 * not wanted. */
void rows_init(rows *x, uint32_t block_tokens, uint32_t slots, bool part);

void rows_free(rows *x);

/* The image gets the rows of a plain block. False if it is none. */
bool rows_add_block(rows *x, wmbt_view plain, uint32_t block);

/* The same for a plain tail behind so many blocks. */
bool rows_add_tail(rows *x, wmbt_view plain, uint32_t blocks);

/* The rows of a block, or of a tail behind so many blocks, may be anything: it was refused. */
void rows_any_block(rows *x, uint32_t block);
void rows_any_tail(rows *x, uint32_t blocks);

/* Is the memory as the image? */
bool rows_agree(const rows *x);

#endif
