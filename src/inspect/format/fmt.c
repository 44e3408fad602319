/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers of formats.h share. */
#include "format/fmt.h"

void fmt_add_extent(struct json *extents, const wmbt_extent *extent)
{
    if (extent->kind == WMBT_EXTENT_FIELD) {
        return;
    }
    struct json *row = json_add_object(extents, NULL);
    json_add_number(row, "layer", extent->layer);
    json_add_text(row, "kind", wmbt_extent_kind_name(extent->kind));
    json_add_number(row, "offset", extent->offset);
    json_add_number(row, "rows", extent->rows);
    json_add_number(row, "bytes", extent->bytes);
}
