/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are kept until the end of a command. */
#include "base/spill.h"

#include <stdlib.h>
#include <string.h>

#include "base/tool.h"

#define MEMORY_BYTES ((size_t)1 << 20)

static void put(struct spill *spill, const void *bytes, size_t len)
{
    while (spill->room - spill->len < len) {
        spill->bytes = tool_grow(spill->bytes, spill->room, &spill->room, 1);
    }
    if (len != 0) {
        memcpy(spill->bytes + spill->len, bytes, len);
        spill->len += len;
    }
}

/* Moves what is in memory into the file. If there can be none, or it is full, it stays. */
static void move_out(struct spill *spill)
{
    if (spill->file == NULL) {
        spill->file = tmpfile();
    }
    spill->has_failed = spill->file == NULL ||
                        fwrite(spill->bytes, 1, spill->len, spill->file) != spill->len ||
                        fflush(spill->file) != 0;
    if (!spill->has_failed) {
        spill->file_bytes += spill->len;
        spill->len = 0;
    }
}

void spill_add(struct spill *spill, const struct spill_row *row)
{
    put(spill, row->number, sizeof row->number);
    for (size_t i = 0; i < SPILL_TEXTS; i++) {
        uint64_t len = row->text[i].len;
        put(spill, &len, sizeof len);
        put(spill, row->text[i].data, row->text[i].len);
    }
    spill->count++;
    if (spill->len > MEMORY_BYTES && !spill->has_failed) {
        move_out(spill);
    }
}

void spill_rewind(struct spill *spill)
{
    spill->at = 0;
    if (spill->file != NULL) {
        rewind(spill->file);
    }
}

/* Bytes of a row, which lies in the file or in memory as a whole. */
static bool get(struct spill *spill, void *to, size_t len)
{
    if (spill->at < spill->file_bytes) {
        if (fread(to, 1, len, spill->file) != len) {
            return false;
        }
    } else if (len > spill->file_bytes + spill->len - spill->at) {
        return false;
    } else if (len != 0) {
        memcpy(to, spill->bytes + (spill->at - spill->file_bytes), len);
    }
    spill->at += len;
    return true;
}

bool spill_next(struct spill *spill, struct spill_row *row)
{
    if (!get(spill, row->number, sizeof row->number)) {
        return false;
    }
    for (size_t i = 0; i < SPILL_TEXTS; i++) {
        uint64_t len = 0;
        if (!get(spill, &len, sizeof len)) {
            return false;
        }
        uint8_t *text = tool_alloc((size_t)len + 1);
        if (!get(spill, text, (size_t)len)) {
            return false;
        }
        text[len] = '\0';
        row->text[i] = wmbt_view_of(text, (size_t)len);
    }
    return true;
}

void spill_free(struct spill *spill)
{
    if (spill->file != NULL) {
        (void)fclose(spill->file);
    }
    free(spill->bytes);
    memset(spill, 0, sizeof *spill);
}
