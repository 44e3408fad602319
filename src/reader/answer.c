/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to wants: presence, found, bytes, memory, steps, failures, and what the caller has. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- which want ------------------------------------------------------------------------------- */

/* A set of phases. */
#    define WMBT_READER_IN(phase) (1u << (phase))

/* The slot of a want that waits for what the call brings, or why there is none. */
static wmbt_status wmbt_reader_slot_for(const wmbt_reader *r, const wmbt_want *want,
                                        uint32_t phases, wmbt_reader_slot **s)
{
    *s = wmbt_reader_slot_of(r, want);
    if (*s == NULL) {
        return wmbt_reader_is_question(r, want) ? WMBT_BAD_STATE : WMBT_STALE;
    }
    return (phases >> (*s)->phase & 1u) != 0u ? WMBT_OK : WMBT_BAD_STATE;
}

/* What may be worked in a call that is not step(). */
static uint32_t wmbt_reader_work_at_once(const wmbt_reader *r)
{
    return r->config.step_bytes == 0u ? WMBT_READER_ALL_WORK : 0u;
}

/* --- presence, found -------------------------------------------------------------------------- */

wmbt_status wmbt_reader_presence(wmbt_reader *r, const wmbt_want *want, wmbt_view bits)
{
    if (!wmbt_reader_is_question(r, want)) {
        return wmbt_reader_slot_of(r, want) != NULL ? WMBT_BAD_STATE : WMBT_STALE;
    }
    uint32_t first = r->now.answered;
    uint32_t count = r->now.asked - first;
    if (wmbt_view_is_bad(bits) || bits.len < (count + 7u) / 8u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_end_question(r, r->now.asked);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t block = first + i;
        bool stored = ((uint32_t)bits.data[i >> 3] >> (i & 7u) & 1u) != 0u;
        bool wanted = block < r->now.limit; /* maybe not, behind one that is missing */
        if (wanted && !stored && wmbt_reader_record_of(r, block)->status == WMBT_NEED_MORE) {
            wmbt_reader_settle(r, block, WMBT_MISSING, 0);
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_found(wmbt_reader *r, const wmbt_want *want, uint64_t object_bytes)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(r, want, WMBT_READER_IN(WMBT_SLOT_FIND), &s);
    if (status != WMBT_OK) {
        return status;
    }
    status = object_bytes == 0u ? WMBT_TRUNCATED : WMBT_NEED_MORE;
    if (object_bytes > r->config.max_object_bytes ||
        (uint32_t)object_bytes > UINT32_MAX - s->total_stored) {
        status = WMBT_TOO_LARGE;
    }
    if (status != WMBT_NEED_MORE) {
        wmbt_reader_finish(r, s, status);
        return status;
    }
    wmbt_reader_record_of(r, s->object)->state |= WMBT_RECORD_FOUND;
    s->source_bytes = (uint32_t)object_bytes;
    s->total_stored += s->source_bytes;
    s->phase = WMBT_SLOT_HEADER; /* the same want goes on */
    s->limit = wmbt_min_u32(s->source_bytes, WMBT_READER_HEADER_BYTES);
    s->ask_to = wmbt_min_u32(s->source_bytes, r->config.first_bytes);
    return status;
}

/* --- bytes ------------------------------------------------------------------------------------ */

wmbt_status wmbt_reader_feed(wmbt_reader *r, const wmbt_want *want, uint32_t offset,
                             wmbt_view bytes, size_t *taken)
{
    wmbt_reader_slot *s;
    wmbt_status status =
        wmbt_reader_slot_for(r, want,
                             WMBT_READER_IN(WMBT_SLOT_HEADER) | WMBT_READER_IN(WMBT_SLOT_COLLECT) |
                                 WMBT_READER_IN(WMBT_SLOT_PLAIN),
                             &s);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    size_t n = 0;
    bool header;
    do { /* twice if the header is followed by more */
        header = s->phase == WMBT_SLOT_HEADER;
        wmbt_reader_claim claim;
        if (bytes.len == n) {
            status = WMBT_NEED_MORE;
            break;
        }
        status = wmbt_reader_claim_range(r, s, offset + (uint32_t)n, bytes.len - n, &claim);
        if (status != WMBT_OK) {
            status = n != 0u ? WMBT_NEED_MORE : status;
            break;
        }
        const uint8_t *from = bytes.data + n;
        if (s->phase == WMBT_SLOT_PLAIN) {
            status = wmbt_reader_body_take(r, s, &claim, from);
        } else {
            wmbt_bytes_copy(s->collect + claim.from, from, claim.to - claim.from);
            wmbt_reader_join(r, s, &claim, 0);
        }
        n += claim.to - claim.from;
        status = wmbt_reader_advance(r, s, status, wmbt_reader_work_at_once(r));
    } while (status == WMBT_NEED_MORE && header && s->phase != WMBT_SLOT_HEADER);
    if (!wmbt_status_is_error(status)) {
        *taken = n;
    }
    return status;
}

/* Claims bytes that hardware has put somewhere: all of them or none. */
static wmbt_status wmbt_reader_claim_all(const wmbt_reader *r, wmbt_reader_slot *s, uint32_t offset,
                                         uint32_t len, wmbt_reader_claim *claim)
{
    if (len == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_reader_claim_range(r, s, offset, len, claim);
    if (status != WMBT_BAD_ARGUMENT && claim->to - claim->from != len) {
        status = WMBT_BAD_ARGUMENT;
    }
    return status;
}

wmbt_status wmbt_reader_placed(wmbt_reader *r, const wmbt_want *want, uint32_t offset, uint32_t len,
                               uint32_t crc)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(r, want, WMBT_READER_IN(WMBT_SLOT_PLAIN), &s);
    if (s != NULL && (wmbt_reader_record_of(r, s->object)->state & WMBT_RECORD_COLLECTED) != 0u) {
        return WMBT_COLLECTED;
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_claim claim;
    status = wmbt_reader_claim_all(r, s, offset, len, &claim);
    if (status != WMBT_BAD_ARGUMENT && !wmbt_reader_body_is_rows(r, s, &claim)) {
        status = WMBT_BAD_ARGUMENT;
    }
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_body_placed(r, s, &claim, crc);
    return wmbt_reader_advance(r, s, WMBT_OK, wmbt_reader_work_at_once(r));
}

#    if WMBT_CFG_READER_COLLECT

wmbt_status wmbt_reader_room(const wmbt_reader *r, const wmbt_want *want, wmbt_buf *room)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(r, want, WMBT_READER_IN(WMBT_SLOT_COLLECT), &s);
    if (status != WMBT_OK) {
        return status;
    }
    room->data = s->collect + s->ask_from;
    room->len = s->ask_to - s->ask_from;
    return WMBT_OK;
}

wmbt_status wmbt_reader_received(wmbt_reader *r, const wmbt_want *want, uint32_t offset,
                                 uint32_t len)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(r, want, WMBT_READER_IN(WMBT_SLOT_COLLECT), &s);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_claim claim;
    status = wmbt_reader_claim_all(r, s, offset, len, &claim);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_join(r, s, &claim, 0);
    return wmbt_reader_advance(r, s, WMBT_OK, wmbt_reader_work_at_once(r));
}

/* --- memory, work ----------------------------------------------------------------------------- */

/* True if two buffers share a byte. */
static bool wmbt_reader_overlap(wmbt_buf a, wmbt_buf b)
{
    uintptr_t x = (uintptr_t)a.data, y = (uintptr_t)b.data;
    return x < y ? y - x < a.len : x - y < b.len;
}

wmbt_status wmbt_reader_memory(wmbt_reader *r, const wmbt_want *want, wmbt_buf plain,
                               wmbt_buf stored)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(r, want, WMBT_READER_IN(WMBT_SLOT_MEMORY), &s);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_buf_is_bad(plain) || wmbt_buf_is_bad(stored)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (s->plain != NULL) { /* kept */
        plain.data = s->plain;
        plain.len = s->plain_bytes;
    }
    if (plain.len < s->plain_bytes || stored.len < s->ask_to) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (wmbt_reader_overlap(plain, stored)) {
        return WMBT_BAD_ARGUMENT;
    }
    s->plain = plain.data;
    s->stored.data = stored.data;
    s->stored.len = stored.len;
    wmbt_reader_resume(r, s);
    return wmbt_reader_advance(r, s, WMBT_OK, wmbt_reader_work_at_once(r));
}

wmbt_status wmbt_reader_step(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s;
    wmbt_status status = wmbt_reader_slot_for(
        r, want, WMBT_READER_IN(WMBT_SLOT_UNWRAP) | WMBT_READER_IN(WMBT_SLOT_CHECK), &s);
    return status == WMBT_OK ? wmbt_reader_advance(r, s, WMBT_OK, r->config.step_bytes) : status;
}

#    endif

/* --- what does not come ----------------------------------------------------------------------- */

wmbt_status wmbt_reader_fail(wmbt_reader *r, const wmbt_want *want, wmbt_status status)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL && !wmbt_reader_is_question(r, want)) {
        return WMBT_STALE;
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

/* Withdraws the want of a slot. What may still be written for it must end first. */
static void wmbt_reader_withdraw(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_reader_disturb(r, s);
    wmbt_reader_reissue(r, s);
}

wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s != NULL) {
        wmbt_reader_withdraw(r, s);
    } else if (wmbt_reader_is_question(r, want)) {
        wmbt_reader_end_question(r, r->now.answered);
    } else {
        return WMBT_STALE;
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
    wmbt_reader_disturb(r, s);
    wmbt_reader_release_codec(r, s);
    wmbt_reader_record_of(r, s->object)->state &= (uint8_t)~WMBT_RECORD_COLLECTED;
    wmbt_reader_object_start(r, s);
    return WMBT_OK;
}

/* --- what the caller has, and what it does not do any more ------------------------------------ */

wmbt_status wmbt_reader_resident(wmbt_reader *r, uint32_t block)
{
    if (block >= r->now.blocks ||
        !wmbt_shape_allows_block_tokens(r->config.shape, r->block_tokens)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_record *record = wmbt_reader_record_of(r, block);
    uint32_t state = wmbt_reader_state_of(record);
    /* what is asked for it, or was by an earlier prompt, could still fall on the rows */
    bool late = (wmbt_reader_writes_late(r) && (record->state & WMBT_RECORD_FOUND) != 0u) ||
                (r->waiting != 0u && r->not_quiet != 0u);
    if (state == WMBT_RECORD_SETTLED || r->now.stopped != 0u || late) {
        return WMBT_BAD_STATE;
    }
    if ((record->state & WMBT_RECORD_PAGED) == 0u) {
        (void)wmbt_reader_read_page(r, block); /* without one: where its rows lie is not known */
    }
    if (state == WMBT_RECORD_IN_FLIGHT) {
        wmbt_reader_end_slot(r, wmbt_reader_slot_at(r, record->slot), false);
    }
    wmbt_reader_settle(r, block, WMBT_OK, 0);
    return WMBT_OK;
}

void wmbt_reader_quiet(wmbt_reader *r, uint32_t id)
{
    if (id >= r->config.in_flight) {
        return;
    }
    wmbt_reader_slot *s = wmbt_reader_slot_at(r, id);
    if (s->not_quiet == 0u) {
        return;
    }
    WMBT_ASSERT(r->not_quiet != 0u);
    s->not_quiet = 0;
    s->noisy = 0;
    r->not_quiet--;
    if (s->phase != WMBT_SLOT_ENDED) { /* retry, restart */
        wmbt_reader_reissue(r, s);
        return;
    }
    /* (no record of a later prompt is lent yet, see next_want) */
    wmbt_reader_record_of(r, s->object)->state &= (uint8_t)~WMBT_RECORD_LENT;
    wmbt_reader_free_slot(r, s);
}

void wmbt_reader_stop(wmbt_reader *r)
{
    if (r->now.input == WMBT_INPUT_NO_PROMPT) {
        return;
    }
    wmbt_reader_withdraw_from(r, 0, false);
    wmbt_reader_end_question(r, r->now.answered);
    r->now.limit = wmbt_min_u32(r->now.limit, r->now.settled);
    r->now.stopped = 1;
}

#endif
