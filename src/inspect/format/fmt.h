/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of formats.h share. */
#ifndef INSPECT_FMT_H
#define INSPECT_FMT_H

#include "format/formats.h"
#include "wombatkv/manifest.h"
#include "wombatkv/shape.h"

/* Adds a run of rows; numbers between rows are left out. */
void fmt_add_extent(struct json *extents, const wmbt_extent *extent);

/* The members of a delta fact, by its field names. */
void fmt_add_delta(struct json *fields, const wmbt_delta *delta);

/* Reads a delta fact; texts with escapes go to tool_alloc(). *why: words, or NULL. */
wmbt_status fmt_read_delta(wmbt_view bytes, wmbt_delta *delta, const char **why);

/* True if a JSON object may begin so. */
bool fmt_is_document(wmbt_view beginning);

/* True if a JSON document is a delta fact or a manifest snapshot, or was meant to be one. */
bool fmt_is_delta(wmbt_view bytes);
bool fmt_is_manifest(wmbt_view bytes);

#endif
