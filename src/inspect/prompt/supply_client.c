/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wants answered by the library's own client, several objects at once. Rows that are asked for lie
 * in pages, a block's in the page of its number modulo their count, until all blocks before it have
 * been handed out; so a block that is as many pages ahead waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/tool.h"
#include "prompt/supply.h"

/* Where rows go: one page holds all of a block's, so pages lie apart. */
static bool lay_out(struct supply *supply, const wmbt_shape *shape, uint32_t block_tokens,
                    uint32_t pages)
{
    wmbt_reader_config of_one = {.shape = shape};
    uint64_t page = 0, end;
    uint32_t entries = shape->layers * WMBT_EXTENT_KINDS;
    supply->places = calloc(entries, sizeof *supply->places);
    if (supply->places == NULL) {
        return false;
    }
    for (uint32_t pass = 0; pass < 2; pass++) { /* what only tails have lies behind the pages */
        end = pass == 0 ? 0 : page * pages;
        for (uint32_t i = 0; i < entries; i++) {
            uint32_t kind = i % WMBT_EXTENT_KINDS;
            wmbt_reader_place *place = &supply->places[i];
            uint32_t bytes =
                wmbt_reader_place_bytes(&of_one, block_tokens, i / WMBT_EXTENT_KINDS, kind);
            if ((kind >= WMBT_EXTENT_RAW) == (pass == 1) && bytes != 0) {
                place->wanted = 1;
                place->offset = end;
                end += bytes;
            }
        }
        page = pass == 0 ? end : page;
    }
    for (uint32_t i = 0; i < entries; i++) {
        supply->places[i].stride = (uint32_t)page;
    }
    if (page > UINT32_MAX || end > SIZE_MAX) {
        return false;
    }
    supply->rows = wmbt_buf_of(end != 0 ? tool_reserve((size_t)end) : NULL, (size_t)end);
    return end == 0 || supply->rows.data != NULL;
}

bool supply_prepare_client(struct supply *supply, wmbt_reader_config *config,
                           wmbt_reader_prompt *prompt)
{
    struct client *client = supply->client;
    config->in_flight = client_in_flight(client);
    config->runs = client_runs(client);
    config->first_bytes = client_first_bytes(client);
    supply->seat = calloc(config->in_flight, sizeof *supply->seat);
    if (supply->seat == NULL || supply->taker == NULL) {
        return supply->seat != NULL;
    }
    prompt->page_count = config->max_blocks + 1u;
    supply->pages = calloc(prompt->page_count, sizeof *supply->pages);
    if (supply->pages == NULL ||
        !lay_out(supply, config->shape, prompt->chain.block_tokens, config->in_flight)) {
        return false;
    }
    for (uint32_t i = 0; i < prompt->page_count; i++) {
        supply->pages[i] = i % config->in_flight;
    }
    prompt->pages = supply->pages;
    config->places = supply->places;
    config->memory = supply->rows;
    return true;
}

/* The page of the object holds nothing that is still asked for. A tail's rows go to that of the
 * first block that is not usable. */
static bool has_page(const struct supply *supply, uint32_t object)
{
    return supply->taker == NULL ||
           (object == WMBT_READER_TAIL ? supply->next == supply->result->blocks
                                       : object < supply->next + client_in_flight(supply->client));
}

static void lend(const struct supply *supply, const wmbt_want *want)
{
    struct supply_seat *seat = &supply->seat[want->id];
    wmbt_reader *reader = supply->result->reader;
    supply_release(&seat->stored);
    seat->stored = wmbt_buf_of(tool_reserve(want->stored_bytes), want->stored_bytes);
    if (want->plain_bytes != 0) {
        supply_release(&seat->plain);
        seat->plain = wmbt_buf_of(tool_reserve(want->plain_bytes), want->plain_bytes);
    }
    wmbt_status status;
    if (seat->stored.data == NULL || (want->plain_bytes != 0 && seat->plain.data == NULL)) {
        status = wmbt_reader_fail(reader, want, WMBT_TOO_LARGE);
    } else {
        status = wmbt_reader_memory(reader, want, seat->plain, seat->stored);
    }
    (void)status; /* the reader keeps what became of the object */
}

/* The plain bytes of a tail that does not fit: lent, or read once more. */
static wmbt_status judge_tail(const struct supply *supply, const struct supply_seat *seat)
{
    const struct bucket *bucket = &supply->resolver->bucket;
    struct file file;
    const char *key = resolved_key(supply->result, WMBT_READER_TAIL), *why = NULL;
    if (seat->plain.data != NULL) {
        return supply_judge_tail(wmbt_view_of(seat->plain.data, seat->plain.len));
    }
    wmbt_status status = bucket_read(bucket, tool_view(key), NULL, &file, &why);
    if (status == WMBT_OK) {
        status = supply_judge_tail(file_view(&file));
        file_free(&file);
    }
    return status;
}

/* What has become of an object that is not in flight any more. */
static void settle(const struct supply *supply, uint32_t id)
{
    struct supply_seat *seat = &supply->seat[id];
    struct found *found = supply_found(supply, seat->object);
    wmbt_reader_object state;
    if (wmbt_reader_object_state(supply->result->reader, seat->object, &state) == WMBT_OK) {
        found->bytes = state.bytes;
        if (state.status >= WMBT_S3CLIENT_REFUSED) {
            const char *said = client_said(supply->client, id);
            found->why = tool_copy(said, strlen(said));
        } else if (state.status == WMBT_DOES_NOT_FIT) {
            found->refused = judge_tail(supply, seat);
        }
    }
    seat->is_taken = false;
    supply_release(&seat->plain);
    supply_release(&seat->stored);
}

static void take(const struct supply *supply, const wmbt_want *want)
{
    struct supply_seat *seat = &supply->seat[want->id];
    wmbt_status status;
    if (seat->is_taken && !wmbt_reader_in_flight(supply->result->reader, seat->object)) {
        settle(supply, want->id); /* the one before */
    }
    if (want->kind == WMBT_WANT_MEMORY) {
        lend(supply, want);
    } else if (!supply_recall(supply, want, supply_found(supply, want->object), &status)) {
        seat->is_taken = true;
        seat->object = want->object;
        seat->waits = !has_page(supply, want->object);
        if (seat->waits) {
            seat->want = *want;
        } else {
            client_take(supply->client, supply->result->reader, want);
        }
    }
}

/* Settles what is not in flight any more, hands out rows in order, and lets go on what waited for
 * their pages. */
static void move_on(struct supply *supply)
{
    wmbt_reader *reader = supply->result->reader;
    wmbt_reader_object state;
    uint32_t seats = client_in_flight(supply->client);
    for (uint32_t i = 0; i < seats; i++) {
        if (supply->seat[i].is_taken && !wmbt_reader_in_flight(reader, supply->seat[i].object)) {
            settle(supply, i);
        }
    }
    while (supply->next < supply->result->blocks &&
           wmbt_reader_object_state(reader, supply->next, &state) == WMBT_OK &&
           state.status != WMBT_NEED_MORE) {
        if (supply->taker != NULL && wmbt_reader_usable_blocks(reader) > supply->next) {
            supply_give_rows(supply, supply->next);
        }
        supply->next++;
    }
    for (uint32_t i = 0; i < seats; i++) {
        struct supply_seat *seat = &supply->seat[i];
        if (seat->is_taken && seat->waits && has_page(supply, seat->object)) {
            seat->waits = false;
            client_take(supply->client, reader, &seat->want);
        }
    }
}

wmbt_status supply_from_client(struct supply *supply)
{
    wmbt_reader *reader = supply->result->reader;
    wmbt_want want;
    client_start(supply->client);
    for (;;) {
        wmbt_status status;
        while ((status = wmbt_reader_next_want(reader, &want)) == WMBT_OK) {
            take(supply, &want);
        }
        move_on(supply);
        if (status != WMBT_NEED_MORE) {
            return status;
        }
        out_progress("reading", supply->next, supply->result->blocks);
        client_turn(supply->client, reader);
    }
}
