/* SPDX-License-Identifier: Apache-2.0 */
/* An object in flight: its phases, and what becomes of it. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

void wmbt_reader_reissue(wmbt_reader_slot *s)
{
    s->asked = 0;
    s->generation++;
}

void wmbt_reader_enter(wmbt_reader_slot *s, uint32_t phase, uint32_t limit)
{
    s->phase = phase;
    s->limit = limit;
    wmbt_reader_reissue(s);
}

/* The slot of a want that is out and not stale, or NULL. */
wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want)
{
    if (want->id >= r->config.in_flight) {
        return NULL;
    }
    wmbt_reader_slot *s = &r->slot[want->id];
    return s->asked != 0u && s->generation == want->generation ? s : NULL;
}

/* The question of presence is closed; blocks before `answered` are known. */
void wmbt_reader_end_question(wmbt_reader *r, uint32_t answered)
{
    r->now.answered = answered;
    r->now.asked = answered;
    r->presence_generation++;
}

/* Policy prefix: nothing from `limit` on is wanted any more. */
static void wmbt_reader_cut(wmbt_reader *r, uint32_t limit)
{
    if (limit >= r->limit) {
        return;
    }
    r->limit = limit;
    for (uint32_t i = 0; i < r->config.in_flight; i++) {
        wmbt_reader_slot *s = &r->slot[i];
        if (s->phase != WMBT_SLOT_FREE && s->object >= limit) {
            wmbt_reader_record_of(r, s->object)->state = WMBT_RECORD_NEW;
            wmbt_reader_enter(s, WMBT_SLOT_FREE, 0);
        }
    }
    if (r->now.answered >= limit) {
        wmbt_reader_end_question(r, r->now.answered);
    }
}

/* A block or the tail, which has no slot any more, gets its status. */
void wmbt_reader_settle(wmbt_reader *r, uint32_t object, wmbt_status status, uint32_t bytes)
{
    wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    record->state = WMBT_RECORD_SETTLED;
    record->status = (uint8_t)status;
    record->stored_bytes = bytes;
    if (object == WMBT_READER_TAIL) {
        return;
    }
    if (status != WMBT_OK && !wmbt_reader_audits(r)) {
        wmbt_reader_cut(r, object);
    }
    while (r->now.settled < r->now.blocks) {
        record = wmbt_reader_record_of(r, r->now.settled);
        if (record->status == WMBT_NEED_MORE) {
            break;
        }
        if (record->status == WMBT_OK && r->now.usable == r->now.settled) {
            r->now.usable++;
            r->now.usable_bytes += record->stored_bytes;
        }
        r->now.settled++;
    }
}

void wmbt_reader_finish(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    wmbt_reader_enter(s, WMBT_SLOT_FREE, 0);
    wmbt_reader_settle(r, s->object, status == WMBT_END ? WMBT_OK : status, s->total_stored);
}

/* Blocks that are wanted. */
uint32_t wmbt_reader_wanted(const wmbt_reader *r)
{
    return wmbt_reader_min(r->now.blocks, r->limit);
}

/* The state of the tail: new if it is to be looked for now, settled if all is. */
uint32_t wmbt_reader_tail_state(const wmbt_reader *r)
{
    if (r->now.input != WMBT_INPUT_ENDED || r->now.settled < wmbt_reader_wanted(r)) {
        return WMBT_RECORD_IN_FLIGHT; /* it is not known yet which tail */
    }
    if (r->now.usable == 0u || (r->config.flags & WMBT_READER_NO_TAIL) != 0u) {
        return WMBT_RECORD_SETTLED;
    }
    return wmbt_reader_record_of(r, WMBT_READER_TAIL)->state;
}

bool wmbt_reader_is_done(const wmbt_reader *r)
{
    return wmbt_reader_tail_state(r) == WMBT_RECORD_SETTLED;
}

#endif
