/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the reader: what is known, and what the bytes that came mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"

stock model_stock;
static uint8_t plain_bytes[OBJECTS][STOCK_OBJECT_BYTES];

void model_fail(const model *m, const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u: %s\n", file, line, (unsigned)m->seed,
            (unsigned)m->step, what);
    abort();
}

/* A number below n. */
uint32_t model_draw(model *m, uint32_t n)
{
    model_choices *c = m->choices;
    uint32_t v = 0;
    if (c->data == NULL) {
        v = (wmbt_test_random(&c->state) >> 4) % n;
        unsigned bytes = n - 1u > 0xFFFFFFu ? 4u : n - 1u > 0xFFFFu ? 3u : n - 1u > 0xFFu ? 2u : 1u;
        for (unsigned i = n == 1u ? 0u : bytes; i > 0u && c->recorded < c->room; i--) {
            c->record[c->recorded++] = (uint8_t)(v >> (8u * (i - 1u)));
        }
        return v;
    }
    for (uint32_t most = n - 1u; most != 0u && c->left != 0u; most >>= 8) {
        v = v << 8 | *c->data;
        c->data++;
        c->left--;
    }
    return v % n;
}

bool model_one_in(model *m, uint32_t n)
{
    return model_draw(m, n) == n - 1u; /* a fuzzer that has run dry says no */
}

/* --- memory ----------------------------------------------------------------------------------- */

bool model_all_are(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

uint8_t *model_allocate(size_t n)
{
    uint8_t *p = malloc(n != 0u ? n : 1u);
    if (p == NULL) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return p;
}

/* A fuzzer's builds have AddressSanitizer: memory of exact size, freed when it is back. Else guards
 * on both sides and a fill, looked at when all is over. */
static bool exact(const model *m)
{
    return m->choices->data != NULL;
}

void model_drop(model *m, lent *x)
{
    M_CHECK(m, exact(m) || (model_all_are(x->block, GUARD, UNTOUCHED) &&
                            model_all_are(x->block + GUARD + x->len, GUARD, UNTOUCHED) &&
                            (!x->back || model_all_are(x->block + GUARD, x->len, GONE))));
    free(x->block);
    x->block = NULL;
}

/* Memory to lend. */
uint8_t *model_lend(model *m, size_t n)
{
    uint32_t at = 0;
    while (at < m->lents && m->lent[at].block != NULL) {
        at++;
    }
    if (at == MAX_LENT) { /* make room: those that are back */
        for (uint32_t i = 0; i < MAX_LENT; i++) {
            if (m->lent[i].back) {
                model_drop(m, &m->lent[i]);
                at = i;
            }
        }
    }
    M_CHECK(m, at < MAX_LENT);
    m->lents += at == m->lents ? 1u : 0u;
    lent *x = &m->lent[at];
    x->len = n;
    x->back = false;
    x->block = model_allocate(n + (exact(m) ? 0u : 2u * GUARD));
    if (exact(m)) {
        return x->block;
    }
    memset(x->block, (int)UNTOUCHED, n + 2u * GUARD);
    return x->block + GUARD;
}

/* It is the caller's again: whoever touches it now is found out. */
void model_take_back(model *m, uint8_t *p)
{
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < m->lents; i++) {
        lent *x = &m->lent[i];
        if (x->block != NULL && !x->back && p == x->block + (exact(m) ? 0u : GUARD)) {
            x->back = true;
            if (exact(m)) {
                model_drop(m, x);
            } else {
                memset(p, (int)GONE, x->len);
            }
            return;
        }
    }
    M_CHECK(m, false && "memory was lent");
}

void model_take_back_all(model *m, slot *s)
{
    model_take_back(m, s->plain);
    model_take_back(m, s->stored);
    s->plain = NULL;
    s->stored = NULL;
    s->stored_len = 0;
}

/* --- objects ---------------------------------------------------------------------------------- */

object *model_object_of(model *m, uint32_t number)
{
    return &m->object[number == TAIL ? STOCK_BLOCKS : number];
}

bool model_has(const model *m, uint32_t number)
{
    return number == TAIL || number < m->blocks;
}

/* What the stock has. */
const stock_object *model_stocked(const model *m, uint32_t number)
{
    return number == TAIL ? &model_stock.tail[m->usable - 1u] : &model_stock.block[number];
}

static bool tail_fits(const model *m, const wmbt_rawtail_info *info)
{
    return wmbt_rawtail_fits(info, m->config.shape, m->prompt_is.chain.block_tokens,
                             m->usable * m->prompt_is.chain.block_tokens, m->tokens) == WMBT_OK;
}

stock_truth model_truth_of(const model *m, uint32_t number)
{
    stock_truth truth;
    stock_read(model_stocked(m, number), &m->judge, number, number == TAIL, &truth);
    if (number == TAIL && truth.status == WMBT_OK && !tail_fits(m, &truth.tail)) {
        truth.status = WMBT_DOES_NOT_FIT;
    }
    return truth;
}

uint32_t model_wanted(const model *m)
{
    return min(m->blocks, m->limit);
}

static bool audits(const model *m)
{
    return (m->prompt_is.flags & WMBT_READER_AUDIT) != 0u;
}

bool model_blocks_done(const model *m)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < model_wanted(m); i++) {
        open += m->object[i].state != SETTLED;
    }
    return m->input == ENDED && open == 0u;
}

bool model_tail_is_wanted(const model *m)
{
    return m->usable != 0u && (m->prompt_is.flags & WMBT_READER_NO_TAIL) == 0u;
}

bool model_done(const model *m)
{
    return model_blocks_done(m) &&
           (!model_tail_is_wanted(m) || m->object[STOCK_BLOCKS].state == SETTLED);
}

/* --- stops ------------------------------------------------------------------------------------ */

void model_expect_stop(model *m, const wmbt_want *want)
{
    M_CHECK(m, m->stops < sizeof m->stop / sizeof m->stop[0]);
    m->stop[m->stops++] = *want;
}

bool model_any_stop(const model *m)
{
    return m->stops != 0u;
}

void model_take_stop(model *m, const wmbt_want *want)
{
    for (uint32_t i = 0; i < m->stops; i++) {
        if (m->stop[i].serial == want->serial) {
            M_CHECK(m, m->stop[i].id == want->id && m->stop[i].object == want->object);
            m->stop[i] = m->stop[--m->stops];
            m->tally->stops++;
            return;
        }
    }
    M_CHECK(m, false && "a stop of a want that the reader dropped");
}

bool model_is_collected(const slot *s)
{
    return s->source == 1u || s->phase == COLLECT;
}

static const slot *slot_with(const model *m, uint32_t number)
{
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        if (m->slot[i].used && m->slot[i].number == number) {
            return &m->slot[i];
        }
    }
    return NULL;
}

bool model_collects(const model *m, uint32_t number)
{
    const slot *s = slot_with(m, number);
    return s != NULL && (model_is_collected(s) || s->phase == MEMORY);
}

static void land(model *m, slot *s, uint32_t state)
{
    model_object_of(m, s->number)->state = state;
    model_take_back_all(m, s);
    s->used = false;
    s->asked = false;
}

/* Nothing from `limit` on is wanted. */
static void cut(model *m, uint32_t limit)
{
    if (limit >= m->limit) {
        return;
    }
    m->limit = limit;
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        slot *s = &m->slot[i];
        if (s->used && s->number >= limit) {
            if (s->asked || s->plain != NULL || s->stored != NULL) {
                model_expect_stop(m, &s->want);
            }
            land(m, s, NEW);
            m->tally->cut++;
        }
    }
    if (m->known >= limit && m->question) {
        m->question = false;
        model_expect_stop(m, &m->asked);
    }
}

void model_settle(model *m, uint32_t number, wmbt_status status, uint32_t bytes)
{
    object *o = model_object_of(m, number);
    o->state = SETTLED;
    o->status = status;
    o->bytes = bytes;
    if (status != WMBT_OK && number != TAIL && !audits(m)) {
        cut(m, number);
    }
    while (m->usable < m->blocks && m->object[m->usable].state == SETTLED &&
           m->object[m->usable].status == WMBT_OK) {
        m->usable++;
    }
}

/* An object in flight gets its status. */
void model_settle_slot(model *m, slot *s, wmbt_status status)
{
    land(m, s, SETTLED);
    model_settle(m, s->number, status, s->claimed[0] + s->claimed[1]);
}

/* --- places ----------------------------------------------------------------------------------- */

uint32_t model_rows_bytes(const model *m, uint32_t layer, uint32_t kind)
{
    const wmbt_shape *shape = m->config.shape;
    uint32_t ratio = shape->layer[layer].ratio;
    uint32_t rows = wmbt_shape_state_rows(shape, layer);
    bool of_index = kind == WMBT_EXTENT_INDEX || kind >= WMBT_EXTENT_INDEX_STATE_KV;
    if (of_index && shape->layer[layer].has_index == 0u) {
        return 0;
    }
    if (kind == WMBT_EXTENT_RAW) {
        rows = shape->window;
    } else if (kind < WMBT_EXTENT_RAW) {
        rows = ratio == 0u ? 0u : m->prompt_is.chain.block_tokens / ratio;
    }
    return rows * wmbt_shape_row_bytes(shape, layer, kind);
}

/* Where the first row of an extent must go. */
bool model_place_of(const model *m, uint32_t number, const wmbt_extent *x, uint64_t *place)
{
    if (m->config.places == NULL || x->kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    const wmbt_reader_place *p = &m->config.places[x->layer * WMBT_EXTENT_KINDS + x->kind];
    uint64_t before = number == TAIL ? m->usable : number;
    *place = p->offset +
             (x->kind < WMBT_EXTENT_RAW ? before * model_rows_bytes(m, x->layer, x->kind) : 0u);
    return p->wanted != 0u;
}

/* The part of a block, or of a verified tail, that covers a byte; else false. */
bool model_part_at(model *m, uint32_t number, uint32_t offset, wmbt_body_part *part)
{
    if (number != TAIL) {
        wmbt_kvblock_walk walk;
        return wmbt_kvblock_walk_init(&walk, m->config.shape, m->prompt_is.chain.block_tokens) ==
                   WMBT_OK &&
               wmbt_kvblock_walk_seek(&walk, offset, part) == WMBT_OK;
    }
    const wmbt_rawtail_info *tail = &model_object_of(m, TAIL)->tail;
    wmbt_rawtail_walk walk;
    return wmbt_rawtail_walk_init(&walk, m->config.shape, tail->total_tokens, tail->raw_rows,
                                  m->usable * m->prompt_is.chain.block_tokens) == WMBT_OK &&
           wmbt_rawtail_walk_seek(&walk, offset, part) == WMBT_OK;
}

/* The rows of a verified object are where they belong. */
void model_check_rows(model *m, uint32_t number)
{
    const object *o = model_object_of(m, number);
    if (m->rows == NULL) {
        return;
    }
    for (uint32_t at = 0; at < o->plain.len;) {
        wmbt_body_part part;
        uint64_t place;
        if (!model_part_at(m, number, at, &part)) {
            at++; /* head or trailer */
            continue;
        }
        M_CHECK(m, part.extent.offset == at && part.extent.bytes != 0u);
        if (model_place_of(m, number, &part.extent, &place)) {
            M_CHECK(m, place + part.extent.bytes <= m->rows_len);
            M_CHECK(m, memcmp(m->rows + place, o->plain.data + at, part.extent.bytes) == 0);
        }
        at += part.extent.bytes;
    }
}

/* Layers that are not wanted and what lies between the places stay untouched. */
void model_check_gaps(const model *m)
{
    size_t at = 0;
    for (uint32_t i = 0; m->rows != NULL && i <= MAX_PLACES; i++) {
        bool is_place = i < m->config.shape->layers * WMBT_EXTENT_KINDS;
        if (is_place && m->places[i].wanted == 0u) {
            continue;
        }
        size_t end = is_place ? (size_t)m->places[i].offset : m->rows_len;
        M_CHECK(m, model_all_are(m->rows + at, end - at, UNTOUCHED));
        if (!is_place) {
            return;
        }
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t times = kind < WMBT_EXTENT_RAW ? m->config.max_blocks + 1u : 1u;
        at = end + times * model_rows_bytes(m, i / WMBT_EXTENT_KINDS, kind);
    }
}

/* --- the model: bytes ------------------------------------------------------------------------- */

static void source_start(slot *s)
{
    memset(s->came, 0, SHADOW);
    s->claimed[s->source] = 0;
    s->phase = FIND;
}

uint32_t model_runs(const model *m)
{
    return m->config.runs != 0u ? m->config.runs : RUNS;
}

void model_object_start(model *m, slot *s)
{
    s->runs = model_runs(m);
    model_take_back_all(m, s);
    s->source = 0;
    s->claimed[1] = 0;
    s->truthful = true;
    s->in_order = true;
    s->lied = false;
    source_start(s);
}

uint32_t model_first_missing(const slot *s)
{
    const uint8_t *p = memchr(s->came, 0, SHADOW + 1u);
    return (uint32_t)(p - s->came);
}

uint32_t model_next_come(const slot *s, uint32_t from)
{
    const uint8_t *p = from < SHADOW ? memchr(s->came + from, 1, SHADOW - from) : NULL;
    return p != NULL ? (uint32_t)(p - s->came) : UINT32_MAX;
}

/* Separate runs of bytes, the one from the first byte on always counted. */
static uint32_t count_runs(const slot *s)
{
    uint32_t runs = 1;
    uint32_t at = model_next_come(s, model_first_missing(s));
    while (at != UINT32_MAX) {
        runs++;
        const uint8_t *end = memchr(s->came + at, 0, SHADOW + 1u - at);
        at = model_next_come(s, (uint32_t)(end - s->came));
    }
    return runs;
}

/* Where the bytes of the phase end. */
uint32_t model_phase_end(const model *m, const slot *s)
{
    uint32_t size = s->claimed[s->source];
    if (s->phase == HEAD) {
        return min(size, WMBT_READER_HEADER_BYTES);
    }
    return s->phase == PLAIN && s->number != TAIL ? min(size, m->block_bytes) : size;
}

verdict model_said(wmbt_status status, bool fuzzy)
{
    verdict v = {status, fuzzy};
    return v;
}

static verdict ask_memory(slot *s, uint32_t raw, uint32_t stored)
{
    s->phase = MEMORY;
    s->need_plain = raw;
    s->need_stored = stored;
    return model_said(WMBT_OK, false);
}

/* All bytes of the plain object are there. Fed in order a block gets its whole reader's status. */
static verdict judge_plain(model *m, slot *s, wmbt_view plain)
{
    if (plain.len > STOCK_OBJECT_BYTES) {
        return model_said(WMBT_TRAILING_BYTES, true);
    }
    stock_truth truth;
    bool tail = s->number == TAIL;
    stock_read_plain(plain, &m->judge, s->number, tail, &truth);
    if (truth.status != WMBT_OK || (tail && !tail_fits(m, &truth.tail)) || s->lied) {
        return model_said(truth.status == WMBT_OK ? WMBT_BAD_CHECKSUM : truth.status,
                          tail || s->lied || !s->in_order);
    }
    object *o = model_object_of(m, s->number);
    uint8_t *copy = plain_bytes[o - m->object];
    memcpy(copy, plain.data, plain.len);
    o->plain = wmbt_view_of(copy, plain.len);
    o->tail = truth.tail;
    return model_said(WMBT_END, false);
}

/* The plain bytes of the first source begin so: a manifest, or the object. */
static verdict judge_start(model *m, slot *s, wmbt_view plain, bool collected)
{
    wmbt_largevalue manifest;
    size_t head = plain.len < WMBT_READER_HEADER_BYTES ? plain.len : WMBT_READER_HEADER_BYTES;
    wmbt_status status = wmbt_largevalue_parse(wmbt_view_of(plain.data, head), 0, &manifest);
    if (status == WMBT_BAD_MAGIC) {
        if (collected) {
            return judge_plain(m, s, plain);
        }
        s->phase = PLAIN;
        return plain.len <= WMBT_READER_HEADER_BYTES
                   ? judge_plain(m, s, plain)
                   : model_said(WMBT_OK, !(s->good && s->truthful));
    }
    if (plain.len > WMBT_LARGEVALUE_MAX_TEXT) {
        return model_said(WMBT_TRAILING_BYTES, false);
    }
    if (status != WMBT_OK) {
        return model_said(status, false);
    }
    if (manifest.total_bytes > m->config.max_object_bytes) {
        return model_said(WMBT_TOO_LARGE, false);
    }
    if (manifest.total_bytes == 0u) {
        return model_said(WMBT_TRUNCATED, false);
    }
    s->source = 1;
    source_start(s);
    s->plain_bytes = (uint32_t)manifest.total_bytes;
    return ask_memory(s, s->plain_bytes, ANY_LENGTH);
}

/* All bytes of a source that is collected are there. */
verdict model_judge_collected(model *m, slot *s)
{
    wmbt_view plain;
    wmbt_view source = wmbt_view_of(s->bytes[s->source], s->claimed[s->source]);
    wmbt_status status =
        stock_unwrap(source, &m->judge, s->source == 0u ? 0u : s->plain_bytes, &plain);
    if (status != WMBT_OK) {
        return model_said(status, false);
    }
    return s->source == 0u ? judge_start(m, s, plain, true) : judge_plain(m, s, plain);
}

static verdict judge_head(model *m, slot *s)
{
    uint32_t size = s->claimed[s->source];
    bool whole = size <= WMBT_READER_HEADER_BYTES;
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_probe(
        wmbt_view_of(s->bytes[s->source], whole ? size : WMBT_READER_HEADER_BYTES), whole, &info);
    if (status != WMBT_OK) {
        return model_said(status, false);
    }
    bool wrapped = info.kind != WMBT_COMPRESSED_PLAIN;
    uint32_t raw = wrapped ? size - WMBT_COMPRESSED_HEADER_BYTES : size;
    if (info.algorithm == WMBT_COMPRESSED_ZSTD) {
        raw = info.plain_bytes;
        if (m->config.codec.decode == NULL) {
            return model_said(WMBT_UNSUPPORTED_ALGORITHM, false);
        }
    }
    if (s->source == 1u) {
        if (raw != s->plain_bytes) {
            return model_said(WMBT_BAD_LENGTH, false);
        }
        if (wrapped && s->stored_len < size) {
            return ask_memory(s, 0, size);
        }
        s->phase = COLLECT;
        return whole ? model_judge_collected(m, s) : model_said(WMBT_OK, false);
    }
    if (!wrapped) {
        return judge_start(m, s, wmbt_view_of(s->bytes[0], size), false);
    }
    if (raw > m->config.max_object_bytes) {
        return model_said(WMBT_TOO_LARGE, false);
    }
    if (raw == 0u) {
        return model_said(WMBT_TRUNCATED, false);
    }
    if (whole && raw <= WMBT_READER_HEADER_BYTES) {
        return model_judge_collected(m, s);
    }
    return ask_memory(s, raw, size);
}

static bool is_of_object(wmbt_status status)
{
    return status >= 32 && status <= 255 && status != WMBT_FULL;
}

/* A call about a slot's bytes has returned `got`: is it right, and what follows? */
void model_conclude(model *m, slot *s, wmbt_status got, verdict v, const uint8_t *raw)
{
    bool error = wmbt_status_is_error(got);
    M_CHECK(m, got == v.status || (v.fuzzy && error));
    M_CHECK(m, !error || is_of_object(got));
    M_CHECK(m, wmbt_reader_settles(got) == (error || got == WMBT_END));
    if (s->truthful && s->in_order && s->number != TAIL && error && !m->hostile) {
        M_CHECK(m, got == model_truth_of(m, s->number).status);
    }
    if (got == WMBT_END) {
        const object *o = model_object_of(m, s->number);
        M_CHECK(m, raw == NULL || memcmp(raw, o->plain.data, o->plain.len) == 0);
        m->tally->verified++;
        m->tally->collected += raw != NULL;
        model_settle_slot(m, s, WMBT_OK);
        model_check_rows(m, s->number);
    } else if (error) {
        m->tally->failed++;
        model_settle_slot(m, s, got);
    }
}

void model_conclude_bytes(model *m, slot *s, wmbt_status got)
{
    bool fuzzy = s->phase == PLAIN && !(s->good && s->truthful);
    uint32_t first = model_first_missing(s);
    verdict v = model_said(WMBT_NEED_MORE, fuzzy);
    if (first >= s->to) {
        s->asked = false;
        v = model_said(WMBT_OK, fuzzy);
        if (first >= model_phase_end(m, s)) {
            uint8_t *raw = s->plain;
            if (s->phase == HEAD) {
                v = judge_head(m, s);
            } else if (s->phase == COLLECT) {
                v = model_judge_collected(m, s);
            } else {
                v = judge_plain(m, s, wmbt_view_of(s->bytes[0], s->claimed[0]));
            }
            model_conclude(m, s, got, v, raw);
            return;
        }
    }
    model_conclude(m, s, got, v, NULL);
}

/* Bytes at `offset` that the reader takes: what it must say at once, or ok and how many. */
wmbt_status model_bookable(const slot *s, uint32_t offset, size_t len, uint32_t *n)
{
    if (offset < s->want.offset || offset >= s->to || offset >= SHADOW || s->came[offset] != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t end = min(s->to, model_next_come(s, offset));
    *n = len < end - offset ? (uint32_t)len : end - offset;
    bool touches = offset == 0u || s->came[offset - 1u] != 0u || s->came[offset + *n] != 0u;
    return !touches && count_runs(s) == s->runs ? WMBT_FULL : WMBT_OK;
}

void model_book(model *m, slot *s, uint32_t offset, const uint8_t *bytes, uint32_t n)
{
    const stock_object *o = model_stocked(m, s->number);
    wmbt_view right = o->source[s->source];
    M_CHECK(m, n <= SHADOW - offset);
    s->in_order = s->in_order && model_first_missing(s) == offset;
    s->truthful =
        s->truthful && offset + n <= right.len && memcmp(right.data + offset, bytes, n) == 0;
    memcpy(s->bytes[s->source] + offset, bytes, n);
    memset(s->came + offset, 1, n);
}
