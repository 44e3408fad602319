/* SPDX-License-Identifier: Apache-2.0 */
/* A zstd frame, as both forms of the decoder have it. docs/FORMATS.md, "zstd frames". */
#ifndef WMBT_SRC_FORMAT_ZSTD_FRAME_H
#define WMBT_SRC_FORMAT_ZSTD_FRAME_H

#include "format/zstd/state.h"
#include "wombatkv/xxh64.h"
#include "wombatkv/zstd.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_MAGIC 0xFD2FB528u
#    define WMBT_ZSTD_MAGIC_BYTES 4u
/* Bytes of a header behind the descriptor: window 1, dictionary 4, content size 8. */
#    define WMBT_ZSTD_FIELDS_BYTES 13u

/* What four bytes begin. Returns ok (a frame), end (a skippable frame), bad-magic,
 * unsupported-version. */
wmbt_status wmbt_zstd_check_magic(uint32_t magic);

/* Bytes that follow a frame header descriptor. */
uint32_t wmbt_zstd_fields_bytes(uint32_t descriptor);

/* Reads descriptor and fields of a zstd frame. Returns as wmbt_zstd_read_header(). */
wmbt_status wmbt_zstd_read_fields(uint32_t descriptor, const uint8_t *fields,
                                  wmbt_zstd_header *header);

/* A frame on its way, in both forms. */
typedef struct wmbt_zstd_frame {
    wmbt_zstd_header header;
    uint64_t produced;  /* bytes of output of this frame */
    uint32_t block_max; /* bytes that a block may have, compressed or not */
    wmbt_xxh64 checksum;
    wmbt_zstd_tables tables;
} wmbt_zstd_frame;

/* Checks what a caller gives: bad-argument, buffer-too-small, buffer-misaligned. */
wmbt_status wmbt_zstd_check_memory(const wmbt_buf *memory, wmbt_buf out);

/* Starts the frame of f->header, whose output may have `max` bytes. Returns ok, too-large. */
wmbt_status wmbt_zstd_frame_begin(wmbt_zstd_frame *f, uint64_t max);

/* Counts bytes of output. */
void wmbt_zstd_frame_produced(wmbt_zstd_frame *f, const uint8_t *bytes, size_t n);

/* False if the output has not the size that is stored. */
static inline bool wmbt_zstd_frame_is_whole(const wmbt_zstd_frame *f)
{
    return (f->header.flags & WMBT_ZSTD_HAS_CONTENT_SIZE) == 0u ||
           f->produced == f->header.content_bytes;
}

/* Decodes a compressed block to f->tables.target, in which all but `history` is set. Returns as
 * wmbt_zstd_block(), but for full: too-large, or bad-length if no capacity would suffice. */
static inline wmbt_status wmbt_zstd_frame_block(wmbt_zstd_frame *f, wmbt_cursor *block,
                                                size_t *produced)
{
    wmbt_zstd_target *target = &f->tables.target;
    target->history = f->produced < UINT32_MAX ? (uint32_t)f->produced : UINT32_MAX;
    wmbt_status status = wmbt_zstd_block(&f->tables, block, produced);
    if (status == WMBT_FULL) {
        return target->capacity == f->block_max ? WMBT_BAD_LENGTH : WMBT_TOO_LARGE;
    }
    return status;
}

/* Of three bytes: the lowest bit says that the block is the last one. */
static inline uint32_t wmbt_zstd_block_type(uint32_t header)
{
    return (header >> 1) & 3u;
}
static inline uint32_t wmbt_zstd_block_size(uint32_t header)
{
    return header >> 3;
}

#    define WMBT_ZSTD_BLOCK_RAW 0u
#    define WMBT_ZSTD_BLOCK_RLE 1u
#    define WMBT_ZSTD_BLOCK_COMPRESSED 2u
#    define WMBT_ZSTD_BLOCK_HEADER_BYTES 3u

#endif

#endif
