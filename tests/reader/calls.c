/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of the reader, made and compared with what the model says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"

/* --- calls ------------------------------------------------------------------------------------ */

/* The slot whose want this is, if it is out. */
slot *model_slot_of(model *m, const wmbt_want *w)
{
    if (w->kind == WMBT_WANT_PRESENCE || w->id >= m->config.in_flight) {
        return NULL;
    }
    slot *s = &m->slot[w->id];
    return s->used && s->asked && s->want.serial == w->serial ? s : NULL;
}

bool model_is_question(const model *m, const wmbt_want *w)
{
    return w->kind == WMBT_WANT_PRESENCE && w->id == m->asked.id && m->question &&
           m->asked.serial == w->serial;
}

/* The want of a slot is dead, or it is another kind of want. */
static wmbt_status not_now(model *m, const wmbt_want *w)
{
    return model_slot_of(m, w) == NULL && !model_is_question(m, w) ? WMBT_STALE : WMBT_BAD_STATE;
}

static void refused(model *m, wmbt_status got, wmbt_status status)
{
    M_CHECK(m, got == status && !wmbt_reader_settles(got));
    m->tally->refused++;
}

/* A new want: nobody has seen it before. */
static void remember(model *m, const wmbt_want *w)
{
    for (uint32_t i = 0; i < MAX_SEEN && i < m->seens; i++) {
        M_CHECK(m, m->seen[i].serial != w->serial);
    }
    m->seen[m->seens++ % MAX_SEEN] = *w;
}

/* A want of an object that is in flight. */
static void check_want(model *m, slot *s, const wmbt_want *w)
{
    uint32_t first = model_first_missing(s);
    M_CHECK(m, w->object == s->number && w->blocks == 0u);
    M_CHECK(m, w->collected == (s->phase != MEMORY && model_is_collected(s) ? 1u : 0u));
    if (s->phase == MEMORY) {
        M_CHECK(m, w->kind == WMBT_WANT_MEMORY && w->offset == 0u && w->bytes == 0u);
        M_CHECK(m, w->plain_bytes == s->need_plain && w->stored_bytes != 0u);
        M_CHECK(m, s->need_stored == ANY_LENGTH || w->stored_bytes == s->need_stored);
        s->need_stored = w->stored_bytes;
    } else {
        M_CHECK(m, w->plain_bytes == 0u && w->stored_bytes == 0u);
        if (s->phase == FIND) {
            M_CHECK(m, w->kind == WMBT_WANT_OBJECT && w->offset == 0u);
            M_CHECK(m, w->bytes == WMBT_READER_HEADER_BYTES);
        } else {
            M_CHECK(m, w->kind == WMBT_WANT_RANGE && w->offset == first && w->bytes != 0u);
            M_CHECK(m, w->bytes == min(model_phase_end(m, s), model_next_come(s, first)) - first);
        }
    }
    s->want = *w;
    s->asked = true;
    s->to = w->offset + w->bytes;
}

/* A block, or the tail, is asked for the first time. */
static void check_new_want(model *m, uint32_t number, const wmbt_want *w)
{
    M_CHECK(m, w->id < m->config.in_flight && !m->slot[w->id].used);
    slot *s = &m->slot[w->id];
    s->used = true;
    s->number = number;
    model_object_of(m, number)->state = FLYING;
    model_object_start(m, s);
    s->good = model_truth_of(m, number).status == WMBT_OK && !m->hostile;
    check_want(m, s, w);
}

/* The question that is to be asked now has so many blocks; 0: there is none. */
static uint32_t next_question(const model *m)
{
    uint32_t most = m->config.presence_blocks;
    uint32_t rest = m->known < model_wanted(m) ? model_wanted(m) - m->known : 0u;
    return m->question || (m->input != ENDED && rest < most) ? 0u : min(rest, most);
}

/* The object that is to be started now; false if there is none. */
static bool next_new(const model *m, uint32_t *number)
{
    bool room = false;
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        room = room || !m->slot[i].used;
    }
    *number = 0;
    while (*number < model_wanted(m) && m->object[*number].state != NEW) {
        ++*number;
    }
    if (*number < model_wanted(m)) {
        return room && (m->config.presence_blocks == 0u || *number < m->known);
    }
    *number = TAIL;
    return room && model_blocks_done(m) && model_tail_is_wanted(m) &&
           m->object[STOCK_BLOCKS].state == NEW;
}

/* Asks for the next want, in the order that the model expects. */
wmbt_status model_call_next(model *m, wmbt_want *want)
{
    slot *s = NULL;
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        slot *x = &m->slot[i];
        if (x->used && !x->asked && (s == NULL || x->number < s->number)) {
            s = x;
        }
    }
    memset(want, (int)UNTOUCHED, sizeof *want);
    uint32_t number = TAIL, blocks = next_question(m);
    bool stops = model_any_stop(m);
    wmbt_status got = wmbt_reader_next_want(m->r, want);
    M_CHECK(m, stops == (got == WMBT_OK && want->kind == WMBT_WANT_STOP));
    if (stops) { /* each once, before all else */
        model_take_stop(m, want);
        return WMBT_OK;
    }
    if (s == NULL && blocks == 0u && !next_new(m, &number)) {
        M_CHECK(m, got == (model_done(m) ? WMBT_END : WMBT_NEED_MORE));
        M_CHECK(m, model_all_are((const uint8_t *)want, sizeof *want, UNTOUCHED));
        return got;
    }
    M_CHECK(m, got == WMBT_OK);
    remember(m, want);
    if (s != NULL) {
        check_want(m, s, want);
        M_CHECK(m, want->id == (uint32_t)(s - m->slot));
    } else if (blocks != 0u) {
        M_CHECK(m, want->kind == WMBT_WANT_PRESENCE && want->id == m->config.in_flight);
        M_CHECK(m, want->object == m->known && want->blocks == blocks);
        M_CHECK(m, (want->offset | want->bytes | want->plain_bytes | want->stored_bytes) == 0u);
        m->question = true;
        m->asked = *want;
    } else {
        check_new_want(m, number, want);
    }
    return WMBT_OK;
}

void model_call_found(model *m, const wmbt_want *w, uint64_t bytes)
{
    slot *s = model_slot_of(m, w);
    wmbt_status got = wmbt_reader_found(m->r, w, bytes);
    if (s == NULL || s->phase != FIND) {
        refused(m, got, not_now(m, w));
        return;
    }
    wmbt_view right = model_stocked(m, s->number)->source[s->source];
    s->truthful = s->truthful && right.data != NULL && bytes == right.len;
    if (bytes > m->config.max_object_bytes || bytes > UINT32_MAX - s->claimed[0]) {
        model_conclude(m, s, got, model_said(WMBT_TOO_LARGE, false), NULL);
    } else if (bytes == 0u) {
        model_conclude(m, s, got, model_said(WMBT_TRUNCATED, false), NULL);
    } else {
        M_CHECK(m, got == WMBT_NEED_MORE);
        s->claimed[s->source] = (uint32_t)bytes;
        s->phase = HEAD;
        s->to = model_phase_end(m, s);
    }
}

/* `bytes` lies in memory of its size, which is gone after the call. */
wmbt_status model_call_feed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes)
{
    slot *s = model_slot_of(m, w);
    uint8_t *copy = model_allocate(bytes.data != NULL ? bytes.len : 0u);
    if (bytes.data != NULL) {
        memcpy(copy, bytes.data, bytes.len);
    }
    size_t taken = 4711;
    wmbt_view given = wmbt_view_of(bytes.data != NULL ? copy : NULL, bytes.len);
    wmbt_status got = wmbt_reader_feed(m->r, w, offset, given, &taken);
    free(copy);
    M_CHECK(m, !wmbt_status_is_error(got) || taken == 4711u);
    uint32_t n = 0;
    if (s == NULL || s->phase == FIND || s->phase == MEMORY) {
        refused(m, got, not_now(m, w));
    } else if (bytes.data == NULL && bytes.len != 0u) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else if (bytes.len == 0u) {
        M_CHECK(m, got == WMBT_NEED_MORE && taken == 0u);
    } else {
        wmbt_status status = model_bookable(s, offset, bytes.len, &n);
        if (status != WMBT_OK) {
            m->tally->full += status == WMBT_FULL;
            refused(m, got, status);
            return got;
        }
        M_CHECK(m, wmbt_status_is_error(got) || taken == n);
        model_book(m, s, offset, bytes.data, n);
        model_conclude_bytes(m, s, got);
    }
    return got;
}

/* DMA: `bytes` are put in place, and their CRC is said (with `lie` added). */
void model_call_placed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes, uint32_t lie)
{
    slot *s = model_slot_of(m, w);
    uint32_t n = 0, len = (uint32_t)bytes.len;
    wmbt_piece piece;
    memset(&piece, 0, sizeof piece);
    bool rows = s != NULL && wmbt_reader_piece(m->r, s->number, offset, NULL, &piece) == WMBT_OK &&
                piece.kind != WMBT_EXTENT_FIELD && len <= piece.bytes;
    wmbt_status got = wmbt_reader_placed(m->r, w, offset, len, lie ^ wmbt_crc32c(0, bytes));
    if (s != NULL && s->phase != PLAIN && got == WMBT_COLLECTED) {
        M_CHECK(m, s->phase == MEMORY || model_is_collected(s));
        m->tally->refused++;
        return;
    }
    if (s == NULL || s->phase != PLAIN) {
        M_CHECK(m, s == NULL || s->phase != COLLECT);
        refused(m, got, not_now(m, w));
        return;
    }
    wmbt_status status = len == 0u ? WMBT_BAD_ARGUMENT : model_bookable(s, offset, len, &n);
    if (status != WMBT_BAD_ARGUMENT && (n != len || !rows)) {
        status = WMBT_BAD_ARGUMENT;
    }
    if (status != WMBT_OK) {
        refused(m, got, status);
        return;
    }
    if (m->rows != NULL && piece.has_place != 0u) {
        M_CHECK(m, piece.place <= m->rows_len && len <= m->rows_len - piece.place);
        memcpy(m->rows + piece.place, bytes.data, len);
    }
    m->tally->placed++;
    s->in_order = false;
    s->lied = s->lied || lie != 0u;
    s->truthful = s->truthful && lie == 0u;
    model_book(m, s, offset, bytes.data, n);
    model_conclude_bytes(m, s, got);
}

/* Lends so many bytes each; ANY_LENGTH: NULL with a length. */
void model_call_memory(model *m, const wmbt_want *w, uint32_t raw_len, uint32_t stored_len)
{
    slot *s = model_slot_of(m, w);
    bool bad = raw_len == ANY_LENGTH || stored_len == ANY_LENGTH;
    uint8_t *raw = raw_len == ANY_LENGTH || raw_len == 0u ? NULL : model_lend(m, raw_len);
    uint8_t *stored =
        stored_len == ANY_LENGTH || stored_len == 0u ? NULL : model_lend(m, stored_len);
    wmbt_status got =
        wmbt_reader_memory(m->r, w, wmbt_buf_of(raw, raw_len), wmbt_buf_of(stored, stored_len));
    wmbt_status status = WMBT_OK;
    if (s == NULL || s->phase != MEMORY) {
        status = not_now(m, w);
    } else if (bad) {
        status = WMBT_BAD_ARGUMENT;
    } else if (raw_len < s->need_plain || stored_len < s->need_stored) {
        status = WMBT_BUFFER_TOO_SMALL;
    }
    if (status != WMBT_OK) {
        refused(m, got, status);
        model_take_back(m, raw);
        model_take_back(m, stored);
        return;
    }
    if (s->need_plain != 0u) {
        model_take_back(m, s->plain);
        s->plain = raw;
    } else {
        model_take_back(m, raw); /* not asked for */
    }
    model_take_back(m, s->stored);
    s->stored = stored;
    s->stored_len = stored_len;
    s->asked = false;
    if (s->claimed[s->source] == 0u) { /* the chunk is still to be found */
        s->phase = FIND;
        M_CHECK(m, got == WMBT_OK);
        return;
    }
    s->phase = COLLECT;
    raw = s->plain;
    bool whole = model_first_missing(s) >= model_phase_end(m, s);
    model_conclude(m, s, got, whole ? model_judge_collected(m, s) : model_said(WMBT_OK, false),
                   raw);
}

void model_call_presence(model *m, const wmbt_want *w, wmbt_view bits)
{
    wmbt_status got = wmbt_reader_presence(m->r, w, bits);
    if (!model_is_question(m, w)) {
        refused(m, got, not_now(m, w));
        return;
    }
    if (bits.data == NULL || bits.len * 8u < m->asked.blocks) {
        refused(m, got, WMBT_BAD_ARGUMENT);
        return;
    }
    M_CHECK(m, got == WMBT_OK);
    uint32_t first = m->known;
    m->question = false;
    m->known += m->asked.blocks;
    for (uint32_t i = 0; i < m->asked.blocks && first + i < m->limit; i++) {
        if ((bits.data[i / 8u] >> (i % 8u) & 1u) == 0u) {
            model_settle(m, first + i, WMBT_MISSING, 0);
        }
    }
}

void model_call_fail(model *m, const wmbt_want *w, wmbt_status status)
{
    slot *s = model_slot_of(m, w);
    wmbt_status got = wmbt_reader_fail(m->r, w, status);
    if (s == NULL && !model_is_question(m, w)) {
        refused(m, got, WMBT_STALE);
    } else if (status != WMBT_MISSING && (status < 16 || status > 255)) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else {
        M_CHECK(m, got == WMBT_OK);
        if (s == NULL) {
            m->question = false;
            m->known += m->asked.blocks;
        } else {
            bool chunk = s->source == 1u && status == WMBT_MISSING;
            model_settle_slot(m, s, chunk ? WMBT_TRUNCATED : status);
        }
    }
}

void model_call_retry(model *m, const wmbt_want *w, bool restart)
{
    slot *s = model_slot_of(m, w);
    wmbt_status got = restart ? wmbt_reader_restart(m->r, w) : wmbt_reader_retry(m->r, w);
    if (s == NULL && !model_is_question(m, w)) {
        refused(m, got, WMBT_STALE);
        return;
    }
    M_CHECK(m, got == WMBT_OK);
    if (s == NULL) {
        m->question = false;
        return;
    }
    s->asked = false;
    if (restart) {
        model_object_start(m, s);
    }
}

void model_forget(model *m)
{
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        model_take_back_all(m, &m->slot[i]);
        m->slot[i].used = false;
        m->slot[i].asked = false;
    }
    memset(m->object, 0, sizeof m->object);
    m->input = NONE;
    m->tokens = 0;
    m->blocks = 0;
    m->usable = 0;
    m->known = 0;
    m->limit = UINT32_MAX;
    m->question = false;
    m->stops = 0;
}

void model_call_tokens(model *m, uint32_t count)
{
    uint32_t *copy = (uint32_t *)(void *)model_allocate(count * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = m->prompt[m->tokens + i];
    }
    wmbt_status got = wmbt_reader_tokens(m->r, copy, count);
    if (m->input == HASHES || m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else {
        M_CHECK(m, wmbt_reader_tokens(m->r, NULL, 1) == WMBT_BAD_ARGUMENT);
        M_CHECK(m, wmbt_reader_tokens(m->r, copy, (size_t)INT32_MAX + 1u) == WMBT_TOO_LARGE);
        M_CHECK(m, got == WMBT_OK);
        m->input = TOKENS;
        m->tokens += count;
        m->blocks = min(m->tokens / m->prompt_is.chain.block_tokens, m->config.max_blocks);
    }
    free(copy);
}

void model_call_hash(model *m)
{
    wmbt_block_hash hash;
    memset(&hash, (int)m->blocks + 1, sizeof hash);
    wmbt_status got = wmbt_reader_hash(m->r, &hash);
    if (m->input == TOKENS || m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (m->blocks == m->config.max_blocks) {
        refused(m, got, WMBT_FULL);
    } else {
        M_CHECK(m, got == WMBT_OK);
        m->input = HASHES;
        m->blocks++;
        wmbt_block_hash back;
        M_CHECK(m, wmbt_reader_block_hash(m->r, m->blocks - 1u, &back) == WMBT_OK);
        M_CHECK(m, memcmp(&back, &hash, sizeof back) == 0);
    }
}

void model_call_end(model *m, uint32_t total)
{
    wmbt_status got = wmbt_reader_end(m->r, total);
    bool right = m->input == TOKENS ? total == m->tokens
                                    : total / m->prompt_is.chain.block_tokens >= m->blocks;
    if (m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (!right || total > (uint32_t)INT32_MAX) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else {
        M_CHECK(m, got == WMBT_OK);
        m->input = ENDED;
        m->tokens = total;
    }
}

/* The head of the tail may have been read: it has, or it is settled. */
static bool tail_is_known(const model *m)
{
    bool known = m->object[STOCK_BLOCKS].state == SETTLED;
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        const slot *s = &m->slot[i];
        known = known || (s->used && s->number == TAIL && s->phase == PLAIN);
    }
    return known;
}

/* --- what can be seen ------------------------------------------------------------------------- */

uint32_t model_call_piece(model *m, uint32_t number, uint32_t offset, const wmbt_reader_dma *dma)
{
    wmbt_piece piece;
    memset(&piece, (int)UNTOUCHED, sizeof piece);
    wmbt_status got = wmbt_reader_piece(m->r, number, offset, dma, &piece);
    M_CHECK(m, got == WMBT_OK || model_all_are((const uint8_t *)&piece, sizeof piece, UNTOUCHED));
    if (!model_has(m, number) || (dma != NULL && (dma->align & (dma->align - 1u)) != 0u)) {
        refused(m, got, WMBT_BAD_ARGUMENT);
        return 0;
    }
    if (got == WMBT_COLLECTED || model_collects(m, number)) {
        M_CHECK(m, got == WMBT_COLLECTED && model_collects(m, number));
        return 0;
    }
    const object *o = model_object_of(m, number);
    bool verified = o->state == SETTLED && o->status == WMBT_OK;
    uint32_t size = number != TAIL ? m->block_bytes : verified ? (uint32_t)o->plain.len : 0u;
    if (size == 0u || offset >= size) {
        M_CHECK(m, got == (size != 0u ? WMBT_END : WMBT_MISSING) ||
                       (number == TAIL && !verified && tail_is_known(m)));
        return 0;
    }
    M_CHECK(m, got == WMBT_OK && piece.offset == offset && piece.bytes != 0u);
    M_CHECK(m, number != TAIL || tail_is_known(m));
    wmbt_plan plan;
    bool used = number == TAIL
                    ? wmbt_reader_plan(m->r, &plan) == WMBT_OK && plan.load_tail != 0u
                    : wmbt_reader_plan(m->r, &plan) == WMBT_OK && number < plan.load_blocks;
    uint32_t trust = used ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED;
    M_CHECK(m, piece.trust == (verified ? trust : WMBT_TRUST_STAGED));
    wmbt_body_part part;
    uint64_t place = 0;
    if (!model_part_at(m, number, offset, &part)) { /* head or trailer */
        M_CHECK(m,
                piece.kind == WMBT_EXTENT_FIELD && piece.has_place == 0u && piece.must_feed == 1u);
        M_CHECK(m, piece.bytes <= size - offset);
        M_CHECK(m, offset >= WMBT_READER_HEADER_BYTES ||
                       piece.bytes <= WMBT_READER_HEADER_BYTES - offset);
        return piece.bytes;
    }
    uint32_t past = offset - (uint32_t)part.extent.offset;
    bool placed = model_place_of(m, number, &part.extent, &place);
    M_CHECK(m, piece.kind == part.extent.kind && piece.layer == part.extent.layer);
    M_CHECK(m, piece.has_place == (placed ? 1u : 0u));
    M_CHECK(m, !placed || piece.place == place + past);
    uint32_t rest = part.extent.bytes - past;
    if (offset < WMBT_READER_HEADER_BYTES) { /* fed, whatever it is */
        M_CHECK(m, piece.bytes == min(rest, WMBT_READER_HEADER_BYTES - offset));
        M_CHECK(m, piece.must_feed == 1u);
    } else if (dma == NULL || part.extent.kind == WMBT_EXTENT_FIELD) {
        M_CHECK(m, piece.bytes == rest);
        M_CHECK(m, piece.must_feed == (part.extent.kind == WMBT_EXTENT_FIELD ? 1u : 0u));
    } else {
        uint32_t align = dma->align != 0u ? dma->align : 1u;
        M_CHECK(m, piece.bytes <= rest);
        M_CHECK(m,
                piece.must_feed != 0u || (piece.bytes % align == 0u && piece.place % align == 0u));
        M_CHECK(m, piece.must_feed != 0u || dma->max_bytes == 0u || piece.bytes <= dma->max_bytes);
        /* only what the engine cannot begin at or end with is left to be fed */
        M_CHECK(m, piece.must_feed == 0u || piece.place % align != 0u || rest < align ||
                       (dma->max_bytes != 0u && dma->max_bytes < align));
    }
    return piece.bytes;
}

void model_call_key(model *m, const wmbt_want *w, uint32_t number, uint32_t room)
{
    uint8_t key[256], other[256];
    size_t len = 4711, other_len = 4711;
    slot *s = model_slot_of(m, w);
    memset(key, (int)UNTOUCHED, sizeof key);
    wmbt_status got = wmbt_reader_want_key(m->r, w, wmbt_buf_of(key, room), &len);
    M_CHECK(m, model_all_are(key + room, sizeof key - room, UNTOUCHED));
    if (s == NULL || s->phase == MEMORY) {
        refused(m, got, not_now(m, w));
    } else {
        M_CHECK(m, got == WMBT_OK || (room < 200u && got == WMBT_BUFFER_TOO_SMALL));
        number = s->number;
    }
    M_CHECK(m, got == WMBT_OK || (len == 4711u && model_all_are(key, sizeof key, UNTOUCHED)));
    wmbt_status of = wmbt_reader_object_key(m->r, number, wmbt_buf_of(other, 256), &other_len);
    bool known = number == TAIL ? m->usable != 0u : number < m->blocks;
    M_CHECK(m, of == (known ? WMBT_OK : WMBT_BAD_ARGUMENT));
    if (got == WMBT_OK) {
        bool same = len == other_len && memcmp(key, other, len) == 0;
        M_CHECK(m, same == (s->source == 0u));
    }
}

void model_check_plan(model *m)
{
    wmbt_plan got, want;
    memset(&got, (int)UNTOUCHED, sizeof got);
    wmbt_status status = wmbt_reader_plan(m->r, &got);
    if (!model_done(m)) {
        M_CHECK(m, status == WMBT_BAD_STATE);
        M_CHECK(m, model_all_are((const uint8_t *)&got, sizeof got, UNTOUCHED));
        return;
    }
    M_CHECK(m, status == WMBT_OK);
    wmbt_plan_input in;
    memset(&in, 0, sizeof in);
    in.shape = m->config.shape;
    in.block_tokens = m->prompt_is.chain.block_tokens;
    in.prompt_tokens = m->tokens;
    in.usable_blocks = m->usable;
    in.flags = (m->prompt_is.flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u;
    in.flags |= (m->prompt_is.flags & WMBT_READER_INEXACT) != 0u ? WMBT_PLAN_INEXACT : 0u;
    in.window_extra = m->prompt_is.window_extra;
    for (uint32_t i = 0; i < m->usable; i++) {
        in.blocks_bytes += m->object[i].bytes;
    }
    const object *tail = &m->object[STOCK_BLOCKS];
    bool settled = tail->state == SETTLED;
    in.tail.status = settled ? tail->status : WMBT_MISSING;
    if (settled && tail->status == WMBT_OK) {
        in.tail.total_tokens = tail->tail.total_tokens;
        in.tail.raw_rows = tail->tail.raw_rows;
        in.tail.rows_agree = tail->tail.flags & WMBT_RAWTAIL_ROWS_AGREE;
        in.tail.rows_end = tail->tail.block_end;
        in.tail.bytes = tail->bytes;
    }
    M_CHECK(m, wmbt_plan_make(&in, &want) == WMBT_OK);
    M_CHECK(m, got.run_from == want.run_from && got.run_tokens == want.run_tokens);
    M_CHECK(m, got.load_blocks == want.load_blocks && got.load_tail == want.load_tail);
    M_CHECK(m, got.saved_tokens == want.saved_tokens && got.exact == want.exact);
    M_CHECK(m, got.logits_only == want.logits_only);
    M_CHECK(m, got.load_reason == want.load_reason);
    M_CHECK(m, got.tail_reason == want.tail_reason || want.tail_status == WMBT_DOES_NOT_FIT);
    M_CHECK(m, got.tail_status == want.tail_status && got.bytes_to_read == want.bytes_to_read);
    m->tally->plans++;
    m->tally->tails += got.load_tail;
}

/* After each step. */
void model_check_all(model *m)
{
    M_CHECK(m, wmbt_reader_blocks(m->r) == m->blocks);
    M_CHECK(m, wmbt_reader_usable_blocks(m->r) == m->usable);
    for (uint32_t i = 0; i <= STOCK_BLOCKS; i++) {
        uint32_t number = i < STOCK_BLOCKS ? i : TAIL;
        const object *o = &m->object[i];
        wmbt_reader_object state;
        memset(&state, (int)UNTOUCHED, sizeof state);
        wmbt_status got = wmbt_reader_object_state(m->r, number, &state);
        if (!model_has(m, number)) {
            M_CHECK(m, got == WMBT_BAD_ARGUMENT && !wmbt_reader_in_flight(m->r, number));
            M_CHECK(m, model_all_are((const uint8_t *)&state, sizeof state, UNTOUCHED));
            continue;
        }
        M_CHECK(m, got == WMBT_OK);
        M_CHECK(m, wmbt_reader_in_flight(m->r, number) == (o->state == FLYING));
        bool settled = o->state == SETTLED;
        M_CHECK(m, state.status == (settled ? o->status : WMBT_NEED_MORE));
        M_CHECK(m, state.bytes == (settled ? o->bytes : 0u));
        if (number != TAIL || !tail_is_known(m)) {
            M_CHECK(m, (state.total_tokens | state.raw_rows) == 0u);
        } else if (settled && o->status == WMBT_OK) {
            M_CHECK(m, state.total_tokens == o->tail.total_tokens);
            M_CHECK(m, state.raw_rows == o->tail.raw_rows);
        }
    }
}
