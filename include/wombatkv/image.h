/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images of a block index: its bytes with a checksum, to be stored, mapped, or placed in flash, and
 * read where they lie by any machine. The bytes are those of the table up to the last slot that was
 * ever taken: see docs/INDEX.md for the layout.
 *
 * wmbt_image_open() looks at the header only. Whatever the other bytes are, lookups stay inside the
 * image then, and end; what they say is right only if wmbt_image_check() accepted it.
 */
#ifndef WOMBATKV_IMAGE_H
#define WOMBATKV_IMAGE_H

#include "wombatkv/index.h"

#if WMBT_CFG_IMAGE

WMBT_BEGIN_DECLS

/** Version of the image format. */
#    define WMBT_IMAGE_VERSION 1u

/**
 * Makes an image of a table, in its own memory: *image is a view of it, good until the next change
 * of the table. Reads the table once.
 */
WMBT_API void wmbt_image_make(wmbt_index_writer *w, wmbt_view *image);

/**
 * Opens an image to look at, where it lies. Reads its header, 128 bytes.
 *
 * bad-argument: NULL with a length; buffer-misaligned: not a multiple of 4; truncated,
 * trailing-bytes: not as long as its header says; bad-magic, unsupported-version, bad-count: not an
 * image, or impossible numbers; bad-field: reserved bits, or a table that was changed after its
 * image was made. *x is then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_image_open(wmbt_view image, wmbt_index *x);

/**
 * Checks all of an image: its checksum, and that the table is one that this library can have made.
 * Takes a few lookups a record.
 *
 * As wmbt_image_open(); bad-checksum: the bytes are not those that were made; bad-count,
 * bad-offset, bad-order, bad-field: their checksum is right, and they are no table nevertheless.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_image_check(wmbt_view image);

/**
 * Makes a table to change again of an image, after checking it, in `memory`, as long as
 * WMBT_INDEX_BYTES() says for wmbt_image_capacity() and wmbt_image_contexts(). The image is not
 * needed any more then; it may lie in `memory`, at its beginning.
 *
 * As wmbt_image_check(); buffer-too-small, buffer-misaligned: as wmbt_index_init(). *w and the
 * memory are then unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_image_load(wmbt_view image, wmbt_buf memory,
                                                     wmbt_index_writer *w);

/** Blocks that the table of an open image has room for. */
WMBT_API uint32_t wmbt_image_capacity(const wmbt_index *x);

/** Contexts that the table of an open image has room for. */
WMBT_API uint32_t wmbt_image_contexts(const wmbt_index *x);

WMBT_END_DECLS

#endif

#endif
