/* SPDX-License-Identifier: Apache-2.0 */
/* Wants answered from a bucket's files, or from a store, one object at a time. */
#include <string.h>

#include "base/out.h"
#include "base/tool.h"
#include "prompt/supply.h"

#define PIECE_BYTES ((size_t)1 << 20)

static wmbt_status fail(const struct supply *supply, const wmbt_want *want, wmbt_status status)
{
    return wmbt_reader_fail(supply->result->reader, want, status);
}

/* Blocks behind this one will be wanted as well, but for those of earlier prompts. */
static void expect_blocks(const struct supply *supply, uint32_t block)
{
    const struct resolved *result = supply->result;
    unsigned ahead = bucket_ahead(&supply->resolver->bucket);
    for (uint32_t i = block + 1u; i < result->blocks && i - block <= ahead; i++) {
        char key[WMBT_OBJKEY_MAX_BYTES];
        size_t len = 0;
        wmbt_block_hash hash;
        wmbt_status status =
            wmbt_reader_object_key(result->reader, i, wmbt_buf_of(key, sizeof key), &len);
        if (status == WMBT_OK) {
            status = wmbt_reader_block_hash(result->reader, i, &hash);
        }
        if (status == WMBT_OK &&
            (supply->taker != NULL || seen_find(&supply->resolver->seen, &hash) == NULL)) {
            bucket_expect(&supply->resolver->bucket, wmbt_view_of(key, len));
        }
    }
}

/* Opens the object, or the chunk, that is wanted. */
static wmbt_status find(struct supply *supply, const wmbt_want *want, struct found *found)
{
    char key[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    bucket_object_close(&supply->object);
    if (want->object != WMBT_READER_TAIL) {
        expect_blocks(supply, want->object);
    }
    wmbt_status status =
        wmbt_reader_want_key(supply->result->reader, want, wmbt_buf_of(key, sizeof key), &len);
    if (status == WMBT_OK) {
        status = bucket_open_object(&supply->resolver->bucket, wmbt_view_of(key, len),
                                    &supply->object, &found->why);
    }
    if (status != WMBT_OK) {
        return fail(supply, want, status);
    }
    found->bytes += supply->object.bytes;
    status = wmbt_reader_found(supply->result->reader, want, supply->object.bytes);
    if (!wmbt_reader_settles(status) && supply->taker != NULL && supply->raw.data == NULL) {
        size_t bytes = (size_t)supply->object.bytes; /* at most UNWRAP_MAX_BYTES */
        supply->kept = wmbt_buf_of(tool_reserve(bytes), bytes);
        if (supply->kept.data == NULL) {
            bucket_object_close(&supply->object);
            return fail(supply, want, WMBT_TOO_LARGE);
        }
    }
    return status;
}

static void let_go(struct supply *supply)
{
    bucket_object_close(&supply->object);
    supply_release(&supply->raw);
    supply_release(&supply->stored);
    supply_release(&supply->kept);
}

/* The object of a want cannot be read. If it is another one by now, it is read from its start. */
static wmbt_status refuse(struct supply *supply, const wmbt_want *want, struct found *found,
                          wmbt_status status)
{
    if (bucket_object_has_changed(&supply->object) &&
        supply->restarts < bucket_restarts(&supply->resolver->bucket)) {
        supply->restarts++;
        memset(found, 0, sizeof *found);
        let_go(supply);
        return wmbt_reader_restart(supply->result->reader, want);
    }
    return fail(supply, want, status);
}

/* Gives bytes of the open object until the want is complete. */
static wmbt_status feed(struct supply *supply, const wmbt_want *want, struct found *found)
{
    static uint8_t piece[PIECE_BYTES];
    uint32_t at = want->offset;
    wmbt_status status = WMBT_NEED_MORE;
    while (status == WMBT_NEED_MORE) {
        uint64_t left = supply->object.bytes - at;
        size_t n = want->bytes - (at - want->offset);
        size_t taken = 0;
        n = n < left ? n : (size_t)left;
        n = n < sizeof piece ? n : sizeof piece;
        wmbt_view view;
        if (supply->kept.data != NULL) {
            view = wmbt_view_of(supply->kept.data + at, n);
            status =
                bucket_object_read(&supply->object, at, supply->kept.data + at, n, &found->why);
        } else {
            status = bucket_object_peek(&supply->object, at, n, piece, &view, &found->why);
        }
        if (status != WMBT_OK) {
            return refuse(supply, want, found, status);
        }
        status = wmbt_reader_feed(supply->result->reader, want, at, view, &taken);
        at += (uint32_t)taken;
    }
    return status;
}

static wmbt_status lend(struct supply *supply, const wmbt_want *want)
{
    supply_release(&supply->kept); /* it is not plain */
    supply_release(&supply->stored);
    supply->stored = wmbt_buf_of(tool_reserve(want->stored_bytes), want->stored_bytes);
    if (want->plain_bytes != 0) {
        supply->raw = wmbt_buf_of(tool_reserve(want->plain_bytes), want->plain_bytes);
    }
    if (supply->stored.data == NULL || (want->plain_bytes != 0 && supply->raw.data == NULL)) {
        return fail(supply, want, WMBT_TOO_LARGE);
    }
    return wmbt_reader_memory(supply->result->reader, want, supply->raw, supply->stored);
}

/* The plain bytes of a tail that does not fit are still here. */
static wmbt_status judge_tail(const struct supply *supply)
{
    const char *why = NULL;
    if (supply->raw.data != NULL) { /* it was wrapped, or a large value */
        return supply_judge_tail(wmbt_view_of(supply->raw.data, supply->raw.len));
    }
    size_t bytes = (size_t)supply->object.bytes;
    uint8_t *memory = tool_reserve(bytes);
    if (memory == NULL) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status = bucket_object_read(&supply->object, 0, memory, bytes, &why);
    if (status == WMBT_OK) {
        status = supply_judge_tail(wmbt_view_of(memory, bytes));
    }
    tool_release(memory, bytes);
    return status;
}

wmbt_status supply_from_bucket(struct supply *supply)
{
    const struct resolved *result = supply->result;
    wmbt_reader *reader = result->reader;
    wmbt_want want;
    wmbt_status status;
    while ((status = wmbt_reader_next_want(reader, &want)) == WMBT_OK) {
        bool tail = want.object == WMBT_READER_TAIL;
        struct found *found = supply_found(supply, want.object);
        out_progress("reading", tail ? result->blocks : want.object, result->blocks);
        if (want.kind == WMBT_WANT_MEMORY) {
            status = lend(supply, &want);
        } else if (!supply_recall(supply, &want, found, &status) &&
                   (want.kind == WMBT_WANT_RANGE ||
                    (find(supply, &want, found) == WMBT_NEED_MORE && supply->object.fd >= 0))) {
            status = feed(supply, &want, found);
        }
        if (tail && status == WMBT_DOES_NOT_FIT) {
            found->refused = judge_tail(supply);
        }
        if (status == WMBT_END && supply->taker != NULL) {
            if (tail) {
                continue; /* the last object: kept until it is known whether it counts */
            }
            if (wmbt_reader_usable_blocks(reader) == want.object + 1u) {
                supply_give_rows(supply, want.object);
            }
        }
        if (!wmbt_reader_in_flight(reader, want.object)) {
            let_go(supply);
            supply->restarts = 0;
        }
    }
    return status;
}
