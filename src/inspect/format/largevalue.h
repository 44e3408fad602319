/* SPDX-License-Identifier: Apache-2.0 */
/* Values that a bucket keeps in chunks, put together again. */
#ifndef INSPECT_LARGEVALUE_H
#define INSPECT_LARGEVALUE_H

#include "base/file.h"
#include "wombatkv/largevalue.h"

/* A value and where its chunks are. */
struct large_value {
    const char *base; /* PREFIX/NAMESPACE, NUL-terminated; NULL: no chunk of it was found */
    uint8_t *data;
    size_t len;
    const char *detail; /* what is wrong, or NULL */
};

/* True if a key is a chunk's: *base and *id are then the parts of it. */
bool large_value_is_chunk(const char *key, wmbt_view *base, wmbt_view *id);

/*
 * Reads the chunks of a manifest that stands at `key`, in the folder above it that has them, and
 * compares the value with its id. ok; truncated (a chunk is missing), bad-length, bad-digest;
 * too-large (1 GiB); what a chunk's wrapper was refused for; or TOOL_UNREADABLE. Free it in any
 * case.
 */
wmbt_status large_value_read(struct large_value *value, const struct bucket *bucket,
                             const char *key, const wmbt_largevalue *manifest);
void large_value_free(struct large_value *value);

#endif
