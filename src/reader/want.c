/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's wants: what to ask next, and the answers. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- bookkeeping ------------------------------------------------------------------------------ */

void wmbt_reader_renew(wmbt_reader_slot *s)
{
    s->asked = 0;
    s->generation++;
}

void wmbt_reader_enter(wmbt_reader_slot *s, uint32_t phase, uint32_t limit)
{
    s->phase = phase;
    s->limit = limit;
    wmbt_reader_renew(s);
}

/* The slot of a want that is out and not stale, or NULL. */
static wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want)
{
    if (want->id >= r->config.in_flight) {
        return NULL;
    }
    wmbt_reader_slot *s = &r->slot[want->id];
    return s->asked != 0u && s->generation == want->generation ? s : NULL;
}

/* The question of presence is closed; blocks before `answered` are known. */
static void wmbt_reader_end_question(wmbt_reader *r, uint32_t answered)
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
static void wmbt_reader_settle(wmbt_reader *r, uint32_t object, wmbt_status status, uint32_t bytes)
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

void wmbt_reader_conclude(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    wmbt_reader_enter(s, WMBT_SLOT_FREE, 0);
    wmbt_reader_settle(r, s->object, status == WMBT_END ? WMBT_OK : status, s->total_stored);
}

/* Blocks that are wanted. */
static uint32_t wmbt_reader_wanted(const wmbt_reader *r)
{
    return wmbt_reader_min(r->now.blocks, r->limit);
}

/* The state of the tail: new if it is to be looked for now, settled if all is. */
static uint32_t wmbt_reader_tail_state(const wmbt_reader *r)
{
    if (r->now.input != WMBT_INPUT_ENDED || r->now.settled < wmbt_reader_wanted(r)) {
        return WMBT_RECORD_FLYING; /* it is not known yet which tail */
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

/* --- what to ask ------------------------------------------------------------------------------ */

/* Blocks to ask the presence of: enough for a full question, or the rest once no more can come. */
static uint32_t wmbt_reader_question(const wmbt_reader *r)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    uint32_t most = r->config.presence_blocks;
    if (r->now.asked != r->now.answered || r->now.asked >= wanted) {
        return 0;
    }
    uint32_t blocks = wmbt_reader_min(wanted - r->now.asked, most);
    return blocks == most || r->now.input == WMBT_INPUT_ENDED ? blocks : 0u;
}

static void wmbt_reader_ask_presence(wmbt_reader *r, uint32_t blocks, wmbt_want *want)
{
    want->id = r->config.in_flight;
    want->generation = r->presence_generation;
    want->kind = WMBT_WANT_PRESENCE;
    want->object = r->now.asked;
    want->blocks = blocks;
    r->now.asked += blocks;
}

static void wmbt_reader_ask(wmbt_reader *r, wmbt_reader_slot *s, wmbt_want *want)
{
    s->asked = 1;
    want->id = (uint32_t)(s - r->slot);
    want->generation = s->generation;
    want->object = s->object;
    if (s->phase == WMBT_SLOT_FIND) {
        want->kind = WMBT_WANT_OBJECT;
        want->bytes = WMBT_READER_HEAD_BYTES;
    } else if (s->phase == WMBT_SLOT_MEMORY) {
        want->kind = WMBT_WANT_MEMORY;
        want->raw_bytes = s->raw == NULL ? s->raw_bytes : 0u;
        want->stored_bytes = s->stored_need;
    } else { /* the first bytes that have not come */
        s->ask_to = s->limit;
        for (uint32_t i = 1; i < s->runs; i++) {
            s->ask_to = wmbt_reader_min(s->ask_to, s->run[i].from);
        }
        want->kind = WMBT_WANT_RANGE;
        want->offset = s->run[0].to;
        want->bytes = s->ask_to - s->run[0].to;
    }
}

/* The next block that may be started, or the tail. False if there is none now. */
static bool wmbt_reader_next_object(wmbt_reader *r, uint32_t *object)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    while (r->now.next < wanted &&
           wmbt_reader_record_of(r, r->now.next)->state != WMBT_RECORD_NEW) {
        r->now.next++;
    }
    *object = r->now.next;
    if (r->now.next < wanted) {
        return r->config.presence_blocks == 0u || r->now.next < r->now.answered;
    }
    *object = WMBT_READER_TAIL;
    return wmbt_reader_tail_state(r) == WMBT_RECORD_NEW;
}

wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want)
{
    /* Of the slots that have something to ask, the one with the first object (the tail is last). */
    wmbt_reader_slot *s = NULL, *unused = NULL;
    for (uint32_t i = 0; i < r->config.in_flight; i++) {
        wmbt_reader_slot *x = &r->slot[i];
        if (x->phase == WMBT_SLOT_FREE) {
            unused = x;
        } else if (x->asked == 0u && (s == NULL || x->object < s->object)) {
            s = x;
        }
    }
    uint32_t blocks = s == NULL ? wmbt_reader_question(r) : 0u;
    if (s == NULL && blocks == 0u) {
        uint32_t object;
        if (unused == NULL || !wmbt_reader_next_object(r, &object)) {
            return wmbt_reader_is_done(r) ? WMBT_END : WMBT_NEED_MORE;
        }
        wmbt_reader_record_of(r, object)->state = WMBT_RECORD_FLYING;
        s = unused;
        s->object = object;
        wmbt_reader_object_start(s);
    }
    wmbt_bytes_fill((uint8_t *)want, 0, sizeof *want);
    if (s == NULL) {
        wmbt_reader_ask_presence(r, blocks, want);
    } else {
        wmbt_reader_ask(r, s, want);
    }
    return WMBT_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

wmbt_status wmbt_reader_object_key(const wmbt_reader *r, uint32_t object, wmbt_buf out, size_t *len)
{
    wmbt_objkey key;
    wmbt_bytes_fill((uint8_t *)&key, 0, sizeof key);
    key.kind = WMBT_OBJKEY_BLOCK;
    if (object == WMBT_READER_TAIL) {
        key.kind = WMBT_OBJKEY_RAW_TAIL;
        object = r->now.usable - 1u; /* without a usable block: beyond all */
    }
    if (object >= r->now.blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_view_set(&key.prefix, r->config.prefix);
    wmbt_view_set(&key.name_space, r->config.name_space);
    wmbt_bytes_copy(key.hash.bytes, wmbt_reader_record_of(r, object)->hash.bytes,
                    WMBT_BLOCK_HASH_BYTES);
    /* The prefix is known here: no reader of the key has to find it. */
    return wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, out, len);
}

/* The key of the chunk that a slot is at. */
static wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s,
                                         wmbt_buf out, size_t *len)
{
    wmbt_largevalue manifest;
    manifest.id.data = s->id;
    manifest.id.len = sizeof s->id;
    manifest.chunks = UINT32_MAX; /* the slot knows which there are */
    return wmbt_largevalue_chunk_key(&manifest, r->config.prefix, r->config.name_space, s->chunk,
                                     out, len);
}

wmbt_status wmbt_reader_want_key(const wmbt_reader *r, const wmbt_want *want, wmbt_buf out,
                                 size_t *len)
{
    const wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase == WMBT_SLOT_MEMORY) {
        return WMBT_BAD_STATE;
    }
    return s->large != 0u ? wmbt_reader_chunk_key(r, s, out, len)
                          : wmbt_reader_object_key(r, s->object, out, len);
}

/* --- answers ---------------------------------------------------------------------------------- */

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
        wmbt_reader_conclude(r, s, status);
        return status;
    }
    s->source_bytes = (uint32_t)object_bytes;
    s->total_stored += s->source_bytes;
    s->phase = WMBT_SLOT_HEAD; /* the same want goes on */
    s->limit = wmbt_reader_min(s->source_bytes, WMBT_READER_HEAD_BYTES);
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
    wmbt_reader_object_go(s);
    return wmbt_reader_go_on(r, s, WMBT_OK);
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
    wmbt_reader_conclude(r, s, chunk ? WMBT_TRUNCATED : status);
    return WMBT_OK;
}

wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s != NULL) {
        wmbt_reader_renew(s);
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

/* --- bytes ------------------------------------------------------------------------------------ */

/*
 * Books bytes of an open want: [from, *to), cut at the want's end and at bytes that came before;
 * with `rows` all or nothing, and only if they are rows. bad-argument, full: nothing is booked.
 */
static wmbt_status wmbt_reader_book(wmbt_reader_slot *s, uint32_t from, size_t len, bool rows,
                                    uint32_t *to)
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
    if (s == NULL || s->phase < WMBT_SLOT_HEAD) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t to = offset;
    wmbt_status status =
        bytes.len != 0u ? wmbt_reader_book(s, offset, bytes.len, false, &to) : WMBT_OK;
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t n = to - offset;
    if (s->phase == WMBT_SLOT_PLAIN) {
        status = wmbt_reader_body_take(r, s, offset, bytes.data, n);
    } else if (n != 0u) { /* else the offset may be any */
        wmbt_bytes_copy(s->collect + offset, bytes.data, n);
    }
    status = wmbt_reader_go_on(r, s, status);
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
        len == 0u ? WMBT_BAD_ARGUMENT : wmbt_reader_book(s, offset, len, true, &to);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_reader_body_placed(s, offset, len, crc);
    return wmbt_reader_go_on(r, s, WMBT_OK);
}

#endif
