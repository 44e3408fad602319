/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the push readers of blocks and of raw tails have in common: bytes move to where they belong,
 * a part at a time. A reader checks the part that is complete and says what follows it; no
 * function here knows a format.
 *
 *     status = wmbt_body_ready(body, &in, dst);
 *     while (status == WMBT_NEED_MORE && wmbt_body_take(body, &in, dst.data)) {
 *         (the reader checks body->part and fills it with the next)
 *         status = wmbt_body_enter(body), or wmbt_body_stop(body, end or a refusal);
 *     }
 */
#ifndef WMBT_SRC_FORMAT_BODY_H
#define WMBT_SRC_FORMAT_BODY_H

#include "base/cursor.h"
#include "wombatkv/shape.h"

#if WMBT_CFG_KVBLOCK || WMBT_CFG_RAWTAIL

/** Kind of a part whose bytes are only checksummed. */
#    define WMBT_BODY_REST WMBT_EXTENT_KINDS

/** wmbt_shape_check(), and bad-argument for NULL. */
wmbt_status wmbt_body_check_shape(const wmbt_shape *shape);

/** Makes *part a number of 4 bytes, or rows. The caller has set its offset and layer. */
void wmbt_body_set_number(wmbt_body_part *part, uint32_t value, wmbt_status mismatch);
void wmbt_body_set_rows(wmbt_body_part *part, const wmbt_shape *shape, uint32_t kind,
                        uint32_t rows);

/** The first `count` little-endian numbers of body->bytes. */
void wmbt_body_numbers(const wmbt_body_decoder *body, uint32_t *numbers, uint32_t count);

/** Of numbers that were read so, the one that stands at an offset. */
#    define WMBT_BODY_NUMBER_AT(numbers, offset) ((numbers)[(offset) / 4u])

/** Starts an object. Its first part is its header: header_bytes, at most WMBT_BODY_HEADER_BYTES. */
void wmbt_body_start(wmbt_body_decoder *body, uint32_t header_bytes);

/** body->part comes next. Returns ok if it is an extent, need-more if it is something else, end if
 * it is empty. */
wmbt_status wmbt_body_enter(wmbt_body_decoder *body);

/** Nothing comes next: the object is complete (end), or refused. Returns `status`. */
wmbt_status wmbt_body_stop(wmbt_body_decoder *body, wmbt_status status);

/** need-more, or what feed() ends with before it has taken a byte. */
wmbt_status wmbt_body_ready(const wmbt_body_decoder *body, const wmbt_cursor *in, wmbt_buf dst);

/** Takes bytes of the part from the cursor and checksums them: they go to body->bytes, those of an
 * extent to `dst` unless that is NULL. Reads each once. True if this has completed the part. */
bool wmbt_body_take(wmbt_body_decoder *body, wmbt_cursor *in, uint8_t *dst);

/** Takes the first part, a header, at once, without a checksum, for who needs no more. Reads
 * each byte once. False if not all of it is there. */
bool wmbt_body_take_header(wmbt_body_decoder *body, wmbt_view bytes);

/** placed(): ok if this has completed the extent. */
wmbt_status wmbt_body_placed(wmbt_body_decoder *body, uint32_t len, uint32_t crc);

/** at(). */
wmbt_status wmbt_body_at(const wmbt_body_decoder *body, wmbt_extent *extent, uint32_t *position);

/** Offset of the next byte. */
uint64_t wmbt_body_offset(const wmbt_body_decoder *body);

/**
 * finish(): `verdict`, unless the object was refused or is finished. No CRC is compared here: a
 * block's is by wmbt_kvblock_check_number(), a tail's by wmbt_rawtail_verdict(). The reader, whose
 * bytes come in any order, does without this file: wmbt_reader_body_finish() (src/reader/body.c).
 */
wmbt_status wmbt_body_finish(wmbt_body_decoder *body, wmbt_status verdict);

#endif

#endif
