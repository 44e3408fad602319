/* SPDX-License-Identifier: Apache-2.0 */
/* What both ways of answering a reader's wants share. */
#include "prompt/supply.h"

#include <stdlib.h>

#include "base/tool.h"
#include "wombatkv/rawtail.h"

void supply_release(wmbt_buf *memory)
{
    tool_release(memory->data, memory->len);
    *memory = wmbt_buf_of(NULL, 0);
}

struct found *supply_found(const struct supply *supply, uint32_t object)
{
    const struct resolved *result = supply->result;
    return &result->found[object == WMBT_READER_TAIL ? result->blocks : object];
}

bool supply_recall(const struct supply *supply, const wmbt_want *want, struct found *found,
                   wmbt_status *status)
{
    wmbt_reader *reader = supply->result->reader;
    wmbt_block_hash hash;
    const struct seen_block *block = NULL;
    if (supply->taker == NULL && want->kind == WMBT_WANT_OBJECT &&
        wmbt_reader_block_hash(reader, want->object, &hash) == WMBT_OK) {
        block = seen_find(&supply->resolver->seen, &hash);
    }
    if (block == NULL) {
        return false;
    }
    found->bytes = block->bytes;
    found->why = block->why;
    *status = block->status == WMBT_OK ? wmbt_reader_resident(reader, want->object)
                                       : wmbt_reader_fail(reader, want, block->status);
    return true;
}

wmbt_status supply_judge_tail(wmbt_view plain)
{
    wmbt_rawtail_expect expect = {RESOLVE_SHAPE, 0};
    wmbt_rawtail_info info;
    return wmbt_rawtail_read(plain, &expect, &info);
}

void supply_give_rows(const struct supply *supply, uint32_t object)
{
    const wmbt_buf *plain = supply->kept.data != NULL ? &supply->kept : &supply->raw;
    uint32_t at = 0;
    wmbt_piece piece;
    while (wmbt_reader_piece(supply->result->reader, object, at, NULL, &piece) == WMBT_OK) {
        const uint8_t *rows = supply->client != NULL && piece.has_place != 0
                                  ? supply->rows.data + piece.place
                                  : plain->data + at;
        if (piece.kind != WMBT_EXTENT_FIELD) {
            supply->taker->take(supply->taker, piece.layer, piece.kind,
                                wmbt_view_of(rows, piece.bytes));
        }
        at += piece.bytes;
    }
}

void supply_end(struct supply *supply)
{
    bucket_object_close(&supply->object);
    supply_release(&supply->raw);
    supply_release(&supply->stored);
    supply_release(&supply->kept);
    supply_release(&supply->rows);
    for (uint32_t i = 0; supply->seat != NULL && i < client_in_flight(supply->client); i++) {
        supply_release(&supply->seat[i].plain);
        supply_release(&supply->seat[i].stored);
    }
    free(supply->seat);
    free(supply->places);
    free(supply->pages);
}
