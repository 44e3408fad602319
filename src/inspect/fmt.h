/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of formats.h share. */
#ifndef INSPECT_FMT_H
#define INSPECT_FMT_H

#include "formats.h"
#include "wombatkv/shape.h"

/* Adds a run of rows; numbers between rows are left out. */
void fmt_add_extent(struct json *extents, const wmbt_extent *extent);

#endif
