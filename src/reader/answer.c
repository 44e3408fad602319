/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to wants: presence, found, memory, failures, bytes. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* True if the want is the open question. */
static bool wmbt_reader_is_question(const wmbt_reader *r, const wmbt_want *want)
{
    return want->kind == WMBT_WANT_PRESENCE && want->id == r->config.in_flight &&
           r->now.asked != r->now.answered && want->generation == r->presence_generation;
}

wmbt_status wmbt_reader_presence(wmbt_reader *r, const wmbt_want *want, wmbt_view bits)
{
    if (!wmbt_reader_is_question(r, want)) {
        return WMBT_BAD_STATE;
    }
    uint32_t first = r->now.answered;
    uint32_t count = r->now.asked - first;
    if (wmbt_view_is_bad(bits) || bits.len < (count + 7u) / 8u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_end_question(r, r->now.asked);
    for (uint32_t i = 0; i < count && first + i < r->limit; i++) {
        if (((uint32_t)bits.data[i >> 3] >> (i & 7u) & 1u) == 0u) {
            wmbt_reader_settle(r, first + i, WMBT_MISSING, 0);
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_found(wmbt_reader *r, const wmbt_want *want, uint64_t object_bytes)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase != WMBT_SLOT_FIND) {
        return WMBT_BAD_STATE;
    }
    wmbt_status status = object_bytes == 0u ? WMBT_TRUNCATED : WMBT_OK;
    if (object_bytes > r->config.max_object_bytes ||
        (uint32_t)object_bytes > UINT32_MAX - s->total_stored) {
        status = WMBT_TOO_LARGE;
    }
    if (status != WMBT_OK) {
        wmbt_reader_finish(r, s, status);
        return status;
    }
    s->source_bytes = (uint32_t)object_bytes;
    s->total_stored += s->source_bytes;
    s->phase = WMBT_SLOT_HEADER; /* the same want goes on */
    s->limit = wmbt_reader_min(s->source_bytes, WMBT_READER_HEADER_BYTES);
    s->ask_to = s->limit;
    return WMBT_OK;
}

wmbt_status wmbt_reader_memory(wmbt_reader *r, const wmbt_want *want, wmbt_buf raw, wmbt_buf stored)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase != WMBT_SLOT_MEMORY) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_buf_is_bad(raw) || wmbt_buf_is_bad(stored)) {
        return WMBT_BAD_ARGUMENT;
    }
    if ((s->raw == NULL && raw.len < s->raw_bytes) || stored.len < s->stored_need) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (s->raw == NULL) {
        s->raw = raw.data;
    }
    s->stored = stored;
    wmbt_reader_resume(s);
    return wmbt_reader_advance(r, s, WMBT_OK);
}

wmbt_status wmbt_reader_fail(wmbt_reader *r, const wmbt_want *want, wmbt_status status)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL && !wmbt_reader_is_question(r, want)) {
        return WMBT_BAD_STATE;
    }
    if (status != WMBT_MISSING && (!wmbt_status_is_error(status) || status > (int)UINT8_MAX)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (s == NULL) { /* a question: its blocks are asked for one by one */
        wmbt_reader_end_question(r, r->now.asked);
        return WMBT_OK;
    }
    /* A value whose chunk is gone is not a miss: its manifest is there. */
    bool chunk = status == WMBT_MISSING && s->large != 0u;
    wmbt_reader_finish(r, s, chunk ? WMBT_TRUNCATED : status);
    return WMBT_OK;
}

wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s != NULL) {
        wmbt_reader_reissue(s);
    } else if (wmbt_reader_is_question(r, want)) {
        wmbt_reader_end_question(r, r->now.answered);
    } else {
        return WMBT_BAD_STATE;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_restart(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL) {
        return wmbt_reader_retry(r, want);
    }
    if (s->object == WMBT_READER_TAIL) {
        r->now.tail_known = 0;
        r->now.tail_fits = 0;
    }
    wmbt_reader_object_start(s);
    return WMBT_OK;
}

/*
 * Books bytes of an open want: [from, *to), cut at the want's end and at bytes that came before;
 * with `rows` all or nothing, and only if they are rows. bad-argument, full: nothing is booked.
 */
static wmbt_status wmbt_reader_claim_range(wmbt_reader_slot *s, uint32_t from, size_t len,
                                           bool rows, uint32_t *to)
{
    wmbt_reader_run *before = NULL, *after = NULL; /* that ends at `from`; the first behind it */
    uint32_t end = s->ask_to;
    for (uint32_t i = 0; i < s->runs; i++) {
        wmbt_reader_run *run = &s->run[i];
        if (run->from > from) {
            if (run->from <= end) {
                end = run->from;
                after = run;
            }
        } else if (run->to > from) {
            return WMBT_BAD_ARGUMENT;
        } else if (run->to == from) {
            before = run;
        }
    }
    if (from >= end) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t n = len < end - from ? (uint32_t)len : end - from;
    if (rows && (n != len || !wmbt_reader_body_is_rows(s, from, n))) {
        return WMBT_BAD_ARGUMENT;
    }
    *to = from + n;
    if (after != NULL && after->from != *to) {
        after = NULL; /* does not touch */
    }
    if (before != NULL) {
        before->to = *to;
        if (after != NULL) { /* the last run takes the place of the one that is joined */
            before->to = after->to;
            s->runs--;
            after->from = s->run[s->runs].from;
            after->to = s->run[s->runs].to;
        }
    } else if (after != NULL) {
        after->from = from;
    } else if (s->runs == WMBT_READER_RUNS) {
        return WMBT_FULL;
    } else {
        s->run[s->runs].from = from;
        s->run[s->runs].to = *to;
        s->runs++;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_feed(wmbt_reader *r, const wmbt_want *want, uint32_t offset,
                             wmbt_view bytes, size_t *taken)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase < WMBT_SLOT_HEADER) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t to = offset;
    wmbt_status status =
        bytes.len != 0u ? wmbt_reader_claim_range(s, offset, bytes.len, false, &to) : WMBT_OK;
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t n = to - offset;
    if (s->phase == WMBT_SLOT_PLAIN) {
        status = wmbt_reader_body_take(r, s, offset, bytes.data, n);
    } else if (n != 0u) { /* else the offset may be any */
        wmbt_bytes_copy(s->collect + offset, bytes.data, n);
    }
    status = wmbt_reader_advance(r, s, status);
    if (!wmbt_status_is_error(status)) {
        *taken = n;
    }
    return status;
}

wmbt_status wmbt_reader_placed(wmbt_reader *r, const wmbt_want *want, uint32_t offset, uint32_t len,
                               uint32_t crc)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase != WMBT_SLOT_PLAIN) {
        return WMBT_BAD_STATE;
    }
    uint32_t to;
    wmbt_status status =
        len == 0u ? WMBT_BAD_ARGUMENT : wmbt_reader_claim_range(s, offset, len, true, &to);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_body_placed(s, offset, len, crc);
    return wmbt_reader_advance(r, s, WMBT_OK);
}

#endif
