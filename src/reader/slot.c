/* SPDX-License-Identifier: Apache-2.0 */
/* An object in flight: its phases, its end, and what becomes of it. docs/DESIGN.md has the charts.
 */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- what is to be handed out ----------------------------------------------------------------- */

/* True if `s` stands before a slot that is queued: a stop does, then the first object. */
static bool wmbt_reader_goes_before(const wmbt_reader_slot *s, const wmbt_reader_slot *queued)
{
    return queued->stop == 0u && (s->stop != 0u || s->object < queued->object);
}

void wmbt_reader_queue(wmbt_reader *r, wmbt_reader_slot *s)
{
    WMBT_ASSERT(s->queued == 0u && s->asked == 0u);
    /* Most go to one of the ends, the others look for their place from the last one on. */
    uint32_t after = r->last;
    if (r->first != WMBT_SLOT_NONE &&
        wmbt_reader_goes_before(s, wmbt_reader_slot_at(r, r->first))) {
        after = WMBT_SLOT_NONE;
    }
    while (after != WMBT_SLOT_NONE && wmbt_reader_goes_before(s, wmbt_reader_slot_at(r, after))) {
        after = wmbt_reader_slot_at(r, after)->prev;
    }
    uint16_t *link = &r->first;
    if (after != WMBT_SLOT_NONE) {
        link = &wmbt_reader_slot_at(r, after)->next;
    }
    s->queued = 1;
    s->prev = (uint16_t)after;
    s->next = *link;
    *link = s->id;
    *(s->next != WMBT_SLOT_NONE ? &wmbt_reader_slot_at(r, s->next)->prev : &r->last) = s->id;
}

void wmbt_reader_unqueue(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->queued == 0u) {
        return;
    }
    s->queued = 0;
    *(s->prev != WMBT_SLOT_NONE ? &wmbt_reader_slot_at(r, s->prev)->next : &r->first) = s->next;
    *(s->next != WMBT_SLOT_NONE ? &wmbt_reader_slot_at(r, s->next)->prev : &r->last) = s->prev;
}

wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want)
{
    if (want->id >= r->config.in_flight) {
        return NULL;
    }
    wmbt_reader_slot *s = wmbt_reader_slot_at(r, want->id);
    return s->asked != 0u && s->asked == want->kind && s->serial == want->serial ? s : NULL;
}

bool wmbt_reader_is_question(const wmbt_reader *r, const wmbt_want *want)
{
    return want->kind == WMBT_WANT_PRESENCE && want->id == r->config.in_flight &&
           wmbt_reader_asks(r) && want->serial == r->question;
}

void wmbt_reader_reissue(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->asked = 0;
    if (s->phase == WMBT_SLOT_UNWRAP && r->inflating != s->id) {
        if (r->inflating != WMBT_SLOT_NONE) {
            wmbt_reader_unqueue(r, s); /* until the codec is free */
            return;
        }
        r->inflating = s->id;
    }
    if (s->not_quiet == 0u && s->queued == 0u) {
        wmbt_reader_queue(r, s);
    }
}

void wmbt_reader_enter(wmbt_reader *r, wmbt_reader_slot *s, uint32_t phase)
{
    s->phase = (uint8_t)phase;
    wmbt_reader_reissue(r, s);
}

void wmbt_reader_release_codec(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->begun = 0;
    if (r->inflating != s->id) {
        return;
    }
    r->inflating = WMBT_SLOT_NONE;
    wmbt_reader_slot *first = NULL;
    for (uint32_t i = r->config.in_flight; i-- > 0u;) {
        wmbt_reader_slot *x = wmbt_reader_slot_at(r, i);
        if (x->phase == WMBT_SLOT_UNWRAP && x != s &&
            (first == NULL || x->object < first->object)) {
            first = x;
        }
    }
    if (first != NULL) {
        wmbt_reader_reissue(r, first);
    }
}

/* --- ends ------------------------------------------------------------------------------------- */

void wmbt_reader_disturb(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (wmbt_reader_writes_late(r) && s->noisy != 0u && s->not_quiet == 0u) {
        s->not_quiet = 1;
        r->not_quiet++;
    }
}

void wmbt_reader_free_slot(wmbt_reader *r, wmbt_reader_slot *s)
{
    WMBT_ASSERT(s->phase == WMBT_SLOT_ENDED);
    if (s->not_quiet == 0u && s->stop == 0u) {
        WMBT_ASSERT(s->queued == 0u && s->asked == 0u && r->inflating != s->id);
        s->phase = WMBT_SLOT_FREE;
        s->next = r->first_free;
        r->first_free = s->id;
    }
}

void wmbt_reader_end_slot(wmbt_reader *r, wmbt_reader_slot *s, bool tell)
{
    bool waited = s->not_quiet != 0u;
    bool lends = s->stored.len != 0u; /* whoever lends, lends some for what is stored */
    wmbt_reader_unqueue(r, s);
    s->phase = WMBT_SLOT_ENDED;
    wmbt_reader_release_codec(r, s);
    wmbt_reader_disturb(r, s);
    /* The caller holds a want or memory, or has to say quiet and does not know. */
    s->stop = tell && (s->asked != 0u || lends || (s->not_quiet != 0u && !waited)) ? 1u : 0u;
    s->asked = 0;
    if (s->not_quiet != 0u) {
        wmbt_reader_record_of(r, s->object)->state |= WMBT_RECORD_LENT;
    }
    if (s->stop != 0u) {
        wmbt_reader_queue(r, s);
    }
    wmbt_reader_free_slot(r, s);
}

void wmbt_reader_end_question(wmbt_reader *r, uint32_t answered)
{
    r->now.answered = answered;
    r->now.asked = answered;
}

/* A question of which no block is waited for any more is told by a stop. */
static void wmbt_reader_drop_question(wmbt_reader *r)
{
    if (wmbt_reader_asks(r) && (r->now.answered >= r->now.limit ||
                                r->now.settled >= wmbt_min_u32(r->now.asked, r->now.limit))) {
        r->now.question_ends = 1; /* by the number that `answered` keeps until then */
        wmbt_reader_end_question(r, r->now.answered);
    }
}

static void wmbt_reader_set_state(wmbt_reader_record *record, uint32_t state)
{
    record->state =
        (uint8_t)((record->state & ~(WMBT_RECORD_STATES | WMBT_RECORD_COLLECTED)) | state);
}

void wmbt_reader_forget(wmbt_reader_record *record)
{
    record->stored_bytes = 0;
    record->status = WMBT_NEED_MORE;
    record->state = WMBT_RECORD_NEW;
}

void wmbt_reader_withdraw_from(wmbt_reader *r, uint32_t object, bool tell)
{
    for (uint32_t i = r->config.in_flight; i-- > 0u;) {
        wmbt_reader_slot *s = wmbt_reader_slot_at(r, i);
        if (s->phase > WMBT_SLOT_ENDED && s->object >= object) {
            wmbt_reader_set_state(wmbt_reader_record_of(r, s->object), WMBT_RECORD_NEW);
            wmbt_reader_end_slot(r, s, tell);
        }
    }
}

void wmbt_reader_settle(wmbt_reader *r, uint32_t object, wmbt_status status, uint32_t bytes)
{
    wmbt_reader_record *record = wmbt_reader_record_of(r, object);
    wmbt_reader_set_state(record, WMBT_RECORD_SETTLED);
    record->status = (uint8_t)status;
    record->stored_bytes = bytes;
    if (object == WMBT_READER_TAIL) {
        return;
    }
    /* policy prefix: nothing from here on is wanted any more */
    if (status != WMBT_OK && !wmbt_reader_audits(r)) {
        WMBT_ASSERT(object < r->now.limit); /* behind it nothing is in flight */
        r->now.limit = object;
        wmbt_reader_withdraw_from(r, object, true);
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
    wmbt_reader_drop_question(r);
}

void wmbt_reader_finish(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    uint32_t object = s->object, bytes = s->total_stored;
    wmbt_reader_end_slot(r, s, false);
    wmbt_reader_settle(r, object, status == WMBT_END ? WMBT_OK : status, bytes);
}

/* --- how far it has come ---------------------------------------------------------------------- */

uint32_t wmbt_reader_wanted(const wmbt_reader *r)
{
    return wmbt_min_u32(r->now.blocks, r->now.limit);
}

uint32_t wmbt_reader_tail_state(const wmbt_reader *r)
{
    if (r->now.input != WMBT_INPUT_ENDED || r->now.settled < wmbt_reader_wanted(r)) {
        return WMBT_RECORD_IN_FLIGHT; /* it is not known yet which tail */
    }
    if (r->now.usable == 0u || r->now.stopped != 0u || (r->flags & WMBT_READER_NO_TAIL) != 0u) {
        return WMBT_RECORD_SETTLED;
    }
    return wmbt_reader_state_of(wmbt_reader_record_of(r, WMBT_READER_TAIL));
}

bool wmbt_reader_is_done(const wmbt_reader *r)
{
    return wmbt_reader_tail_state(r) == WMBT_RECORD_SETTLED && r->not_quiet == 0u;
}

#endif
