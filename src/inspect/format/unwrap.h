/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrappers taken off, with the library's zstd decoder or, on request, libzstd. */
#ifndef INSPECT_UNWRAP_H
#define INSPECT_UNWRAP_H

#include "base/args.h"
#include "wombatkv/compressed.h"

/* No object may claim more plain bytes: nine times the largest block. In compatible mode the limit
 * is that of the claim, 2^32 - 1, as upstream's. */
#define UNWRAP_MAX_BYTES ((size_t)1 << 30)

/* For the table of a command's options, and its help. */
#define UNWRAP_OPTIONS {"--libzstd", NULL, false}
#define UNWRAP_HELP \
    "--libzstd       decode with libzstd instead of our own decoder (if built with it)\n"

/* The plain bytes of an object. */
struct plain {
    wmbt_compressed_plain is;
    uint8_t *memory; /* NULL if the bytes are in the object */
    size_t room;
};

/* Chooses the decoder for all that follows. Not to have it is a mistake (EXIT_USAGE). */
void unwrap_choose(const struct args *args);

/* The decoder that was chosen. */
const wmbt_codec *unwrap_codec(void);

/* As wmbt_compressed_unwrap(), in memory of its own. */
wmbt_status unwrap(wmbt_view object, bool compat, struct plain *plain);
void unwrap_free(struct plain *plain);

/* Decodes zstd frames without a wrapper. */
wmbt_status unwrap_frames(wmbt_view frames, struct plain *plain);

#endif
