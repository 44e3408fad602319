/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's wants: what to ask next, and the answers. */
#include "base/bytes.h"
#include "use/reader/state.h"

#if WMBT_CFG_READER

/* --- bookkeeping --------------------------------------------------------------------------------
 */

void wmbt_reader_enter(wmbt_reader_slot *s, uint32_t phase)
{
    s->phase = phase;
    s->asked = 0;
    s->generation++;
}

wmbt_reader_slot *wmbt_reader_slot_of(const wmbt_reader *r, const wmbt_want *want)
{
    if (want->kind == WMBT_WANT_PRESENCE || want->id >= r->in_flight) {
        return NULL;
    }
    wmbt_reader_slot *s = &r->slot[want->id];
    return s->asked != 0u && s->generation == want->generation ? s : NULL;
}

/* Policy prefix: nothing from `limit` on is wanted any more. */
static void wmbt_reader_cut(wmbt_reader *r, uint32_t limit)
{
    if (limit >= r->limit) {
        return;
    }
    r->limit = limit;
    for (uint32_t i = 0; i < r->in_flight; i++) {
        wmbt_reader_slot *s = &r->slot[i];
        if (s->phase != WMBT_SLOT_FREE && s->object != WMBT_READER_TAIL && s->object >= limit) {
            r->block[s->object].state = WMBT_BLOCK_NEW;
            wmbt_reader_enter(s, WMBT_SLOT_FREE);
        }
    }
    if (r->presence_open != 0u && r->presence_first >= limit) {
        r->presence_open = 0;
        r->presence_generation++;
    }
}

void wmbt_reader_settle_block(wmbt_reader *r, uint32_t index, wmbt_status status, uint32_t bytes)
{
    wmbt_reader_block *block = &r->block[index];
    block->state = WMBT_BLOCK_SETTLED;
    block->status = (uint8_t)status;
    block->stored_bytes = bytes;
    r->settled++;
    while (r->usable < r->blocks && r->block[r->usable].state == WMBT_BLOCK_SETTLED &&
           r->block[r->usable].status == WMBT_OK) {
        r->usable++;
    }
    if (status != WMBT_OK && !wmbt_reader_audits(r)) {
        wmbt_reader_cut(r, index);
    }
}

wmbt_status wmbt_reader_settle(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    uint32_t object = s->object;
    uint32_t bytes = s->total_stored;
    wmbt_reader_enter(s, WMBT_SLOT_FREE);
    if (object == WMBT_READER_TAIL) {
        r->tail_state = WMBT_BLOCK_SETTLED;
        r->tail_status = status;
        r->tail_bytes = bytes;
    } else {
        wmbt_reader_settle_block(r, object, status, bytes);
    }
    return status == WMBT_OK ? WMBT_END : status;
}

/* All blocks that are wanted are settled, as far as they are known. */
static bool wmbt_reader_blocks_done(const wmbt_reader *r)
{
    if (r->input != WMBT_INPUT_ENDED) {
        return false;
    }
    return wmbt_reader_audits(r) ? r->settled == r->blocks : r->usable == wmbt_reader_wanted(r);
}

static bool wmbt_reader_wants_tail(const wmbt_reader *r)
{
    return r->usable != 0u && (r->flags & WMBT_READER_NO_TAIL) == 0u;
}

bool wmbt_reader_is_done(const wmbt_reader *r)
{
    return wmbt_reader_blocks_done(r) &&
           (!wmbt_reader_wants_tail(r) || r->tail_state == WMBT_BLOCK_SETTLED);
}

/* --- what to ask --------------------------------------------------------------------------------
 */

/* Of the slots that have something to ask, the one with the first object (the tail is last). */
static wmbt_reader_slot *wmbt_reader_unasked(const wmbt_reader *r)
{
    wmbt_reader_slot *best = NULL;
    for (uint32_t i = 0; i < r->in_flight; i++) {
        wmbt_reader_slot *s = &r->slot[i];
        if (s->phase != WMBT_SLOT_FREE && s->asked == 0u &&
            (best == NULL || s->object < best->object)) {
            best = s;
        }
    }
    return best;
}

static wmbt_reader_slot *wmbt_reader_free_slot(const wmbt_reader *r)
{
    for (uint32_t i = 0; i < r->in_flight; i++) {
        if (r->slot[i].phase == WMBT_SLOT_FREE) {
            return &r->slot[i];
        }
    }
    return NULL;
}

/* A full question, or the rest once no more blocks can come. */
static bool wmbt_reader_presence_due(const wmbt_reader *r)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    if (r->presence_blocks == 0u || r->presence_open != 0u || r->asked_to >= wanted) {
        return false;
    }
    return r->input == WMBT_INPUT_ENDED || wanted - r->asked_to >= r->presence_blocks;
}

static void wmbt_reader_ask_presence(wmbt_reader *r, wmbt_want *want)
{
    uint32_t left = wmbt_reader_wanted(r) - r->asked_to;
    r->presence_open = 1;
    r->presence_first = r->asked_to;
    r->presence_count = left < r->presence_blocks ? left : r->presence_blocks;
    r->asked_to += r->presence_count;
    want->id = r->in_flight;
    want->generation = r->presence_generation;
    want->kind = WMBT_WANT_PRESENCE;
    want->object = r->presence_first;
    want->blocks = r->presence_count;
    want->offset = 0;
    want->bytes = 0;
    want->raw_bytes = 0;
    want->stored_bytes = 0;
}

/* The first bytes of the phase that have not come. */
static void wmbt_reader_first_hole(const wmbt_reader_slot *s, wmbt_want *want)
{
    wmbt_reader_run hole = wmbt_reader_object_range(s);
    uint32_t i = 0;
    while (i < s->runs && s->run[i].from <= hole.from) {
        hole.from = hole.from > s->run[i].to ? hole.from : s->run[i].to;
        i++;
    }
    if (i < s->runs && s->run[i].from < hole.to) {
        hole.to = s->run[i].from;
    }
    want->offset = hole.from;
    want->bytes = hole.to - hole.from;
}

static void wmbt_reader_ask(wmbt_reader *r, wmbt_reader_slot *s, wmbt_want *want)
{
    s->asked = 1;
    want->id = (uint32_t)(s - r->slot);
    want->generation = s->generation;
    want->object = s->object;
    want->blocks = 0;
    want->offset = 0;
    want->bytes = 0;
    want->raw_bytes = 0;
    want->stored_bytes = 0;
    switch (s->phase) {
    case WMBT_SLOT_FIND:
        want->kind = WMBT_WANT_OBJECT;
        want->bytes = WMBT_READER_HEAD_BYTES;
        break;
    case WMBT_SLOT_MEMORY:
        want->kind = WMBT_WANT_MEMORY;
        want->raw_bytes = s->raw_need;
        want->stored_bytes = s->stored_need;
        break;
    default:
        want->kind = s->phase == WMBT_SLOT_HEAD ? WMBT_WANT_OBJECT : WMBT_WANT_RANGE;
        wmbt_reader_first_hole(s, want);
        break;
    }
}

/* The next block that may be started, or the tail. False if there is none now. */
static bool wmbt_reader_next_object(wmbt_reader *r, uint32_t *object)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    while (r->next < wanted && r->block[r->next].state >= WMBT_BLOCK_FLYING) {
        r->next++;
    }
    if (r->next < wanted) {
        *object = r->next;
        return r->presence_blocks == 0u || r->block[r->next].state == WMBT_BLOCK_PRESENT;
    }
    *object = WMBT_READER_TAIL;
    return wmbt_reader_blocks_done(r) && wmbt_reader_wants_tail(r) &&
           r->tail_state == WMBT_BLOCK_NEW;
}

wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_unasked(r);
    if (s == NULL && wmbt_reader_presence_due(r)) {
        wmbt_reader_ask_presence(r, want);
        return WMBT_OK;
    }
    uint32_t object;
    if (s == NULL && wmbt_reader_next_object(r, &object)) {
        s = wmbt_reader_free_slot(r);
        if (s != NULL) {
            s->object = object;
            if (object == WMBT_READER_TAIL) {
                r->tail_state = WMBT_BLOCK_FLYING;
            } else {
                r->block[object].state = WMBT_BLOCK_FLYING;
            }
            wmbt_reader_object_start(s);
        }
    }
    if (s == NULL) {
        return wmbt_reader_is_done(r) ? WMBT_END : WMBT_NEED_MORE;
    }
    wmbt_reader_ask(r, s, want);
    return WMBT_OK;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

wmbt_status wmbt_reader_object_key(const wmbt_reader *r, uint32_t object, wmbt_buf out, size_t *len)
{
    bool tail = object == WMBT_READER_TAIL;
    uint32_t block = tail ? r->usable - 1u : object; /* no usable block: beyond all blocks */
    if (block >= r->blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_objkey key;
    wmbt_bytes_fill((uint8_t *)&key, 0, sizeof key);
    key.kind = tail ? WMBT_OBJKEY_RAW_TAIL : WMBT_OBJKEY_BLOCK;
    key.prefix = r->prefix;
    key.name_space = r->name_space;
    wmbt_bytes_copy(key.hash.bytes, r->block[block].hash.bytes, WMBT_BLOCK_HASH_BYTES);
    /* The prefix is known here: no reader of the key has to find it. */
    return wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, out, len);
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

/* --- answers ------------------------------------------------------------------------------------
 */

/* True if the want is the open question. */
static bool wmbt_reader_is_question(const wmbt_reader *r, const wmbt_want *want)
{
    return want->kind == WMBT_WANT_PRESENCE && r->presence_open != 0u &&
           want->generation == r->presence_generation;
}

/* The question is answered; without `bits` its blocks are asked for one by one. */
static void wmbt_reader_close_question(wmbt_reader *r, const uint8_t *bits)
{
    uint32_t first = r->presence_first;
    uint32_t count = r->presence_count;
    r->presence_open = 0;
    r->presence_generation++;
    for (uint32_t i = 0; i < count && first + i < wmbt_reader_wanted(r); i++) {
        bool there = bits == NULL || ((uint32_t)bits[i >> 3] >> (i & 7u) & 1u) != 0u;
        if (there) {
            r->block[first + i].state = WMBT_BLOCK_PRESENT;
        } else {
            wmbt_reader_settle_block(r, first + i, WMBT_MISSING, 0);
        }
    }
}

wmbt_status wmbt_reader_presence(wmbt_reader *r, const wmbt_want *want, wmbt_view bits)
{
    if (!wmbt_reader_is_question(r, want)) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bits) || bits.len < (r->presence_count + 7u) / 8u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_close_question(r, bits.data);
    return WMBT_OK;
}

wmbt_status wmbt_reader_found(wmbt_reader *r, const wmbt_want *want, uint64_t object_bytes)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase != WMBT_SLOT_FIND) {
        return WMBT_BAD_STATE;
    }
    if (object_bytes > r->max_object_bytes || object_bytes > UINT32_MAX - s->total_stored) {
        return wmbt_reader_settle(r, s, WMBT_TOO_LARGE);
    }
    s->source_bytes = (uint32_t)object_bytes;
    s->total_stored += s->source_bytes;
    if (s->source_bytes == 0u) {
        return wmbt_reader_settle(r, s, WMBT_TRUNCATED);
    }
    s->phase = WMBT_SLOT_HEAD; /* the same want goes on */
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
    if (raw.len < s->raw_need || stored.len < s->stored_need) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (s->raw_need != 0u) {
        s->raw = raw;
    }
    s->stored = stored;
    return wmbt_reader_object_go(r, s);
}

wmbt_status wmbt_reader_fail(wmbt_reader *r, const wmbt_want *want, wmbt_status status)
{
    bool question = wmbt_reader_is_question(r, want);
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (!question && s == NULL) {
        return WMBT_BAD_STATE;
    }
    if (status != WMBT_MISSING && (status < 16 || status > UINT8_MAX)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (question) {
        wmbt_reader_close_question(r, NULL);
        return WMBT_OK;
    }
    /* A value whose chunk is gone is not a miss: its manifest is there. */
    bool chunk = status == WMBT_MISSING && s->large != 0u;
    (void)wmbt_reader_settle(r, s, chunk ? WMBT_TRUNCATED : status);
    return WMBT_OK;
}

wmbt_status wmbt_reader_retry(wmbt_reader *r, const wmbt_want *want)
{
    if (wmbt_reader_is_question(r, want)) {
        r->presence_open = 0;
        r->presence_generation++;
        r->asked_to = r->presence_first;
        return WMBT_OK;
    }
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL) {
        return WMBT_BAD_STATE;
    }
    wmbt_reader_enter(s, s->phase);
    return WMBT_OK;
}

wmbt_status wmbt_reader_restart(wmbt_reader *r, const wmbt_want *want)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL) {
        return wmbt_reader_retry(r, want);
    }
    if (s->object == WMBT_READER_TAIL) {
        r->tail_known = 0;
        r->tail_fits = 0;
    }
    wmbt_reader_object_start(s);
    return WMBT_OK;
}

/* --- bytes --------------------------------------------------------------------------------------
 */

/*
 * Where [from, to) goes among the runs of a slot: *at is the first run that ends at or behind `from`.
 * ok; bad-argument if it meets a run; full if it would be one too many. *to is cut at the next run.
 */
static wmbt_status wmbt_reader_fit_run(const wmbt_reader_slot *s, uint32_t from, uint32_t *to,
                                       uint32_t *at)
{
    uint32_t i = 0;
    while (i < s->runs && s->run[i].to < from) {
        i++;
    }
    *at = i;
    bool joins = i < s->runs && s->run[i].to == from;
    uint32_t next = joins ? i + 1u : i;
    if (next < s->runs) {
        if (s->run[next].from <= from) {
            return WMBT_BAD_ARGUMENT;
        }
        *to = *to < s->run[next].from ? *to : s->run[next].from;
        joins = joins || s->run[next].from == *to;
    }
    return joins || s->runs < WMBT_READER_RUNS ? WMBT_OK : WMBT_FULL;
}

/* Adds [from, to), which fits at `at`. */
static void wmbt_reader_add_run(wmbt_reader_slot *s, uint32_t from, uint32_t to, uint32_t at)
{
    wmbt_reader_run *run = &s->run[at];
    if (at < s->runs && run->to == from) {
        run->to = to;
        if (at + 1u == s->runs || s->run[at + 1u].from != to) {
            return;
        }
        run->to = s->run[at + 1u].to; /* the hole between two is filled */
        for (uint32_t i = at + 1u; i + 1u < s->runs; i++) {
            s->run[i].from = s->run[i + 1u].from;
            s->run[i].to = s->run[i + 1u].to;
        }
        s->runs--;
    } else if (at < s->runs && run->from == to) {
        run->from = from;
    } else {
        for (uint32_t i = s->runs; i > at; i--) {
            s->run[i].from = s->run[i - 1u].from;
            s->run[i].to = s->run[i - 1u].to;
        }
        run->from = from;
        run->to = to;
        s->runs++;
    }
}

/* The slot for bytes of a want, and the run [from, *to) that is taken of them. */
static wmbt_status wmbt_reader_admit(const wmbt_reader *r, const wmbt_want *want, uint32_t from,
                                     size_t len, wmbt_reader_slot **slot, uint32_t *to,
                                     uint32_t *at)
{
    wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase < WMBT_SLOT_HEAD || s->phase > WMBT_SLOT_COLLECT) {
        return WMBT_BAD_STATE;
    }
    wmbt_reader_run range = wmbt_reader_object_range(s);
    *slot = s;
    *to = from;
    if (len == 0u) {
        return WMBT_OK;
    }
    if (from < range.from || from >= range.to) {
        return WMBT_BAD_ARGUMENT;
    }
    *to = len < range.to - from ? from + (uint32_t)len : range.to;
    return wmbt_reader_fit_run(s, from, to, at);
}

/* [from, to) has been taken: is the phase complete? */
static wmbt_status wmbt_reader_commit(wmbt_reader *r, wmbt_reader_slot *s, uint32_t from,
                                      uint32_t to, uint32_t at)
{
    wmbt_reader_add_run(s, from, to, at);
    wmbt_reader_run range = wmbt_reader_object_range(s);
    bool complete = s->runs == 1u && s->run[0].from <= range.from && s->run[0].to >= range.to;
    return complete ? wmbt_reader_object_step(r, s) : WMBT_NEED_MORE;
}

wmbt_status wmbt_reader_feed(wmbt_reader *r, const wmbt_want *want, uint32_t offset,
                             wmbt_view bytes, size_t *taken)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_reader_slot *s = NULL;
    uint32_t to = 0;
    uint32_t at = 0;
    wmbt_status status = wmbt_reader_admit(r, want, offset, bytes.len, &s, &to, &at);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t n = to - offset;
    if (n == 0u) {
        *taken = 0;
        return WMBT_NEED_MORE;
    }
    wmbt_view piece = wmbt_view_of(bytes.data, n);
    if (s->phase == WMBT_SLOT_HEAD) {
        wmbt_bytes_copy(s->head + offset, piece.data, n);
    } else if (s->phase == WMBT_SLOT_COLLECT) {
        wmbt_bytes_copy(s->collect.data + offset, piece.data, n);
    } else {
        status = wmbt_reader_body_take(r, s, offset, piece);
        if (status != WMBT_OK) {
            return wmbt_reader_settle(r, s, status);
        }
    }
    status = wmbt_reader_commit(r, s, offset, to, at);
    if (!wmbt_status_is_error(status)) {
        *taken = n;
    }
    return status;
}

wmbt_status wmbt_reader_placed(wmbt_reader *r, const wmbt_want *want, uint32_t offset, uint32_t len,
                               uint32_t crc)
{
    wmbt_reader_slot *s = NULL;
    uint32_t to = 0;
    uint32_t at = 0;
    wmbt_status status = wmbt_reader_admit(r, want, offset, len, &s, &to, &at);
    if (status != WMBT_OK) {
        return status;
    }
    if (s->phase != WMBT_SLOT_PLAIN) {
        return WMBT_BAD_STATE;
    }
    if (len == 0u || to - offset != len) {
        return WMBT_BAD_ARGUMENT; /* all or nothing: its CRC is of all of it */
    }
    status = wmbt_reader_body_placed(r, s, offset, len, crc);
    if (status == WMBT_BAD_ARGUMENT) {
        return status;
    }
    return wmbt_reader_commit(r, s, offset, to, at);
}

#endif
