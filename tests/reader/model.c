/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the reader, and the driver: model.h. */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stock.h"

#define SHADOW STOCK_OBJECT_BYTES /* no byte from here on is ever given */
#define OBJECTS (STOCK_BLOCKS + 1u)
#define TAIL WMBT_READER_TAIL
#define MAX_IN_FLIGHT 4u
#define MAX_SEEN 16u
#define MAX_LENT 192u
#define MAX_PLACES (4u * WMBT_EXTENT_KINDS)
#define GUARD 16u
#define GAP 8u /* between places */
#define UNTOUCHED 0xA5u
#define GONE 0xDDu
#define RUNS 8u /* docs/DESIGN.md, "The reader" */
#define ANY_LENGTH 0xFFFFFFFFu

/* What became of an object. */
typedef struct object {
    uint32_t state; /* NEW ... */
    wmbt_status status;
    uint32_t bytes;
    wmbt_view plain; /* verified: in plain_bytes */
    wmbt_rawtail_info tail;
} object;
enum { NEW, FLYING, SETTLED };

/* An object in flight, and what was given of it. */
typedef struct slot {
    bool used;
    bool asked; /* `want` is out */
    uint32_t number;
    uint32_t phase;  /* FIND ... */
    uint32_t source; /* 0; 1: a manifest has been read, this is its chunk */
    wmbt_want want;
    uint32_t to; /* where it ends */
    uint32_t claimed[STOCK_SOURCES];
    bool good;     /* what the stock has passes */
    bool truthful; /* what was given is what the stock has */
    bool in_order;
    bool lied; /* about a CRC */
    uint32_t raw_bytes, need_raw, need_stored;
    uint8_t *raw, *stored; /* lent */
    size_t stored_len;
    uint8_t *bytes[STOCK_SOURCES];
    uint8_t *came; /* of the source that is read */
} slot;
enum { FIND, HEAD, MEMORY, COLLECT, PLAIN };

typedef struct lent {
    uint8_t *block;
    size_t len;
    bool back;
} lent;

/* What a call must say. A fuzzy one may also be an error of the object instead; a fuzzy error may
 * be another. */
typedef struct verdict {
    wmbt_status status;
    bool fuzzy;
} verdict;

typedef struct model {
    model_choices *choices;
    model_tally *tally;
    uint32_t seed, step;
    uint32_t style; /* STYLE_... of the driver */
    wmbt_reader_config config;
    wmbt_reader *r;
    uint8_t *reader_memory;
    wmbt_codec codec;
    stock_judge judge;
    wmbt_status codec_says;
    bool hostile;
    uint32_t block_bytes;
    wmbt_reader_place places[MAX_PLACES];
    uint8_t *rows;
    size_t rows_len;
    uint32_t prompt[STOCK_BLOCKS * 128u + 128u];
    uint32_t prompt_tokens;

    uint32_t input; /* NONE ... */
    uint32_t tokens, blocks, usable, limit, known;
    bool question;
    wmbt_want asked; /* the question that is open */
    object object[OBJECTS];
    slot slot[MAX_IN_FLIGHT];
    wmbt_want seen[MAX_SEEN];
    uint32_t seens;
    lent lent[MAX_LENT];
    uint32_t lents;
} model;
enum { NONE, TOKENS, HASHES, ENDED };

#define STYLE_PATIENT 1u /* seldom a whole answer */
#define STYLE_SCATTER 2u /* small pieces from anywhere */

static stock the_stock;
static uint8_t shadow[MAX_IN_FLIGHT][STOCK_SOURCES][SHADOW];
static uint8_t shadow_came[MAX_IN_FLIGHT][SHADOW + 1u];
static uint8_t plain_bytes[OBJECTS][STOCK_OBJECT_BYTES];

static void fail(const model *m, int line, const char *what)
{
    fprintf(stderr, "%s:%d: seed %u, step %u: %s\n", __FILE__, line, (unsigned)m->seed,
            (unsigned)m->step, what);
    abort();
}
#define CHECK(m, condition)                  \
    do {                                     \
        if (!(condition)) {                  \
            fail((m), __LINE__, #condition); \
        }                                    \
    } while (0)

static uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* A number below n. */
static uint32_t draw(model *m, uint32_t n)
{
    model_choices *c = m->choices;
    uint32_t v = 0;
    if (c->data == NULL) {
        v = (stock_random(&c->state) >> 4) % n;
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

static bool one_in(model *m, uint32_t n)
{
    return draw(m, n) == n - 1u; /* a fuzzer that has run dry says no */
}

/* --- memory -------------------------------------------------------------------------------------
 */

static bool all_are(const uint8_t *p, size_t n, uint8_t value)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != value) {
            return false;
        }
    }
    return true;
}

static uint8_t *allocate(size_t n)
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

static void drop(model *m, lent *x)
{
    CHECK(m, exact(m) || (all_are(x->block, GUARD, UNTOUCHED) &&
                          all_are(x->block + GUARD + x->len, GUARD, UNTOUCHED) &&
                          (!x->back || all_are(x->block + GUARD, x->len, GONE))));
    free(x->block);
    x->block = NULL;
}

/* Memory to lend. */
static uint8_t *lend(model *m, size_t n)
{
    uint32_t at = 0;
    while (at < m->lents && m->lent[at].block != NULL) {
        at++;
    }
    if (at == MAX_LENT) { /* make room: those that are back */
        for (uint32_t i = 0; i < MAX_LENT; i++) {
            if (m->lent[i].back) {
                drop(m, &m->lent[i]);
                at = i;
            }
        }
    }
    CHECK(m, at < MAX_LENT);
    m->lents += at == m->lents ? 1u : 0u;
    lent *x = &m->lent[at];
    x->len = n;
    x->back = false;
    x->block = allocate(n + (exact(m) ? 0u : 2u * GUARD));
    if (exact(m)) {
        return x->block;
    }
    memset(x->block, (int)UNTOUCHED, n + 2u * GUARD);
    return x->block + GUARD;
}

/* It is the caller's again: whoever touches it now is found out. */
static void take_back(model *m, uint8_t *p)
{
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < m->lents; i++) {
        lent *x = &m->lent[i];
        if (x->block != NULL && !x->back && p == x->block + (exact(m) ? 0u : GUARD)) {
            x->back = true;
            if (exact(m)) {
                drop(m, x);
            } else {
                memset(p, (int)GONE, x->len);
            }
            return;
        }
    }
    CHECK(m, false && "memory was lent");
}

static void take_back_all(model *m, slot *s)
{
    take_back(m, s->raw);
    take_back(m, s->stored);
    s->raw = NULL;
    s->stored = NULL;
    s->stored_len = 0;
}

/* --- objects ------------------------------------------------------------------------------------
 */

static object *object_of(model *m, uint32_t number)
{
    return &m->object[number == TAIL ? STOCK_BLOCKS : number];
}

static bool has(const model *m, uint32_t number)
{
    return number == TAIL || number < m->blocks;
}

/* What the stock has. */
static const stock_object *stocked(const model *m, uint32_t number)
{
    return number == TAIL ? &the_stock.tail[m->usable - 1u] : &the_stock.block[number];
}

static bool tail_fits(const model *m, const wmbt_rawtail_info *info)
{
    return wmbt_rawtail_fits(info, m->config.shape, m->config.chain.block_tokens,
                             m->usable * m->config.chain.block_tokens, m->tokens) == WMBT_OK;
}

static stock_truth truth_of(const model *m, uint32_t number)
{
    stock_truth truth;
    stock_read(stocked(m, number), &m->judge, number, number == TAIL, &truth);
    if (number == TAIL && truth.status == WMBT_OK && !tail_fits(m, &truth.tail)) {
        truth.status = WMBT_DOES_NOT_FIT;
    }
    return truth;
}

static uint32_t wanted(const model *m)
{
    return min(m->blocks, m->limit);
}

static bool audits(const model *m)
{
    return (m->config.flags & WMBT_READER_AUDIT) != 0u;
}

static bool blocks_done(const model *m)
{
    uint32_t open = 0;
    for (uint32_t i = 0; i < wanted(m); i++) {
        open += m->object[i].state != SETTLED;
    }
    return m->input == ENDED && open == 0u;
}

static bool tail_is_wanted(const model *m)
{
    return m->usable != 0u && (m->config.flags & WMBT_READER_NO_TAIL) == 0u;
}

static bool done(const model *m)
{
    return blocks_done(m) && (!tail_is_wanted(m) || m->object[STOCK_BLOCKS].state == SETTLED);
}

static void land(model *m, slot *s, uint32_t state)
{
    object_of(m, s->number)->state = state;
    take_back_all(m, s);
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
            land(m, s, NEW);
            m->tally->cut++;
        }
    }
    if (m->known >= limit) {
        m->question = false;
    }
}

static void settle(model *m, uint32_t number, wmbt_status status, uint32_t bytes)
{
    object *o = object_of(m, number);
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
static void settle_slot(model *m, slot *s, wmbt_status status)
{
    land(m, s, SETTLED);
    settle(m, s->number, status, s->claimed[0] + s->claimed[1]);
}

/* --- places -------------------------------------------------------------------------------------
 */

static uint32_t rows_bytes(const model *m, uint32_t layer, uint32_t kind)
{
    const wmbt_shape *shape = m->config.shape;
    uint32_t ratio = shape->layer[layer].ratio;
    uint32_t rows = wmbt_shape_state_rows(shape, layer);
    if (kind == WMBT_EXTENT_RAW) {
        rows = shape->window;
    } else if (kind < WMBT_EXTENT_RAW) {
        rows = ratio == 0u ? 0u : m->config.chain.block_tokens / ratio;
    }
    return rows * wmbt_shape_row_bytes(shape, layer, kind);
}

/* Where the first row of an extent must go. */
static bool place_of(const model *m, uint32_t number, const wmbt_extent *x, uint64_t *place)
{
    if (m->config.places == NULL || x->kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    const wmbt_reader_place *p = &m->config.places[x->layer * WMBT_EXTENT_KINDS + x->kind];
    uint64_t before = number == TAIL ? m->usable : number;
    *place =
        p->offset + (x->kind < WMBT_EXTENT_RAW ? before * rows_bytes(m, x->layer, x->kind) : 0u);
    return p->wanted != 0u;
}

/* The item of a block, or of a verified tail, that covers a byte; else false. */
static bool item_at(model *m, uint32_t number, uint32_t offset, wmbt_item *item)
{
    if (number != TAIL) {
        wmbt_kvblock_walk walk;
        return wmbt_kvblock_walk_init(&walk, m->config.shape, m->config.chain.block_tokens) ==
                   WMBT_OK &&
               wmbt_kvblock_walk_seek(&walk, offset, item) == WMBT_OK;
    }
    const wmbt_rawtail_info *tail = &object_of(m, TAIL)->tail;
    wmbt_rawtail_walk walk;
    return wmbt_rawtail_walk_init(&walk, m->config.shape, tail->total_tokens, tail->raw_rows,
                                  m->usable * m->config.chain.block_tokens) == WMBT_OK &&
           wmbt_rawtail_walk_seek(&walk, offset, item) == WMBT_OK;
}

/* The rows of a verified object are where they belong. */
static void check_rows(model *m, uint32_t number)
{
    const object *o = object_of(m, number);
    if (m->rows == NULL) {
        return;
    }
    for (uint32_t at = 0; at < o->plain.len;) {
        wmbt_item item;
        uint64_t place;
        if (!item_at(m, number, at, &item)) {
            at++; /* head or trailer */
            continue;
        }
        CHECK(m, item.extent.offset == at && item.extent.bytes != 0u);
        if (place_of(m, number, &item.extent, &place)) {
            CHECK(m, place + item.extent.bytes <= m->rows_len);
            CHECK(m, memcmp(m->rows + place, o->plain.data + at, item.extent.bytes) == 0);
        }
        at += item.extent.bytes;
    }
}

/* Layers that are not wanted and what lies between the places stay untouched. */
static void check_gaps(const model *m)
{
    size_t at = 0;
    for (uint32_t i = 0; m->rows != NULL && i <= MAX_PLACES; i++) {
        bool is_place = i < m->config.shape->layers * WMBT_EXTENT_KINDS;
        if (is_place && m->places[i].wanted == 0u) {
            continue;
        }
        size_t end = is_place ? (size_t)m->places[i].offset : m->rows_len;
        CHECK(m, all_are(m->rows + at, end - at, UNTOUCHED));
        if (!is_place) {
            return;
        }
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t times = kind < WMBT_EXTENT_RAW ? m->config.max_blocks + 1u : 1u;
        at = end + times * rows_bytes(m, i / WMBT_EXTENT_KINDS, kind);
    }
}

/* --- the model: bytes ---------------------------------------------------------------------------
 */

static void source_start(slot *s)
{
    memset(s->came, 0, SHADOW);
    s->claimed[s->source] = 0;
    s->phase = FIND;
}

static void object_start(model *m, slot *s)
{
    take_back_all(m, s);
    s->source = 0;
    s->claimed[1] = 0;
    s->truthful = true;
    s->in_order = true;
    s->lied = false;
    source_start(s);
}

static uint32_t first_missing(const slot *s)
{
    const uint8_t *p = memchr(s->came, 0, SHADOW + 1u);
    return (uint32_t)(p - s->came);
}

static uint32_t next_come(const slot *s, uint32_t from)
{
    const uint8_t *p = from < SHADOW ? memchr(s->came + from, 1, SHADOW - from) : NULL;
    return p != NULL ? (uint32_t)(p - s->came) : UINT32_MAX;
}

/* Separate runs of bytes, the one from the first byte on always counted. */
static uint32_t count_runs(const slot *s)
{
    uint32_t runs = 1;
    uint32_t at = next_come(s, first_missing(s));
    while (at != UINT32_MAX) {
        runs++;
        const uint8_t *end = memchr(s->came + at, 0, SHADOW + 1u - at);
        at = next_come(s, (uint32_t)(end - s->came));
    }
    return runs;
}

/* Where the bytes of the phase end. */
static uint32_t phase_end(const model *m, const slot *s)
{
    uint32_t size = s->claimed[s->source];
    if (s->phase == HEAD) {
        return min(size, WMBT_READER_HEAD_BYTES);
    }
    return s->phase == PLAIN && s->number != TAIL ? min(size, m->block_bytes) : size;
}

static verdict said(wmbt_status status, bool fuzzy)
{
    verdict v = {status, fuzzy};
    return v;
}

static verdict ask_memory(slot *s, uint32_t raw, uint32_t stored)
{
    s->phase = MEMORY;
    s->need_raw = raw;
    s->need_stored = stored;
    return said(WMBT_OK, false);
}

/* All bytes of the plain object are there. Fed in order a block gets its whole reader's status. */
static verdict judge_plain(model *m, slot *s, wmbt_view plain)
{
    if (plain.len > STOCK_OBJECT_BYTES) {
        return said(WMBT_TRAILING_BYTES, true);
    }
    stock_truth truth;
    bool tail = s->number == TAIL;
    stock_read_plain(plain, &m->judge, s->number, tail, &truth);
    if (truth.status != WMBT_OK || (tail && !tail_fits(m, &truth.tail)) || s->lied) {
        return said(truth.status == WMBT_OK ? WMBT_BAD_CHECKSUM : truth.status,
                    tail || s->lied || !s->in_order);
    }
    object *o = object_of(m, s->number);
    uint8_t *copy = plain_bytes[o - m->object];
    memcpy(copy, plain.data, plain.len);
    o->plain = wmbt_view_of(copy, plain.len);
    o->tail = truth.tail;
    return said(WMBT_END, false);
}

/* The plain bytes of the first source begin so: a manifest, or the object. */
static verdict judge_start(model *m, slot *s, wmbt_view plain, bool collected)
{
    wmbt_largevalue manifest;
    size_t head = plain.len < WMBT_READER_HEAD_BYTES ? plain.len : WMBT_READER_HEAD_BYTES;
    wmbt_status status = wmbt_largevalue_parse(wmbt_view_of(plain.data, head), 0, &manifest);
    if (status == WMBT_BAD_MAGIC) {
        if (collected) {
            return judge_plain(m, s, plain);
        }
        s->phase = PLAIN;
        return plain.len <= WMBT_READER_HEAD_BYTES ? judge_plain(m, s, plain)
                                                   : said(WMBT_OK, !(s->good && s->truthful));
    }
    if (plain.len > WMBT_LARGEVALUE_MAX_TEXT) {
        return said(WMBT_TRAILING_BYTES, false);
    }
    if (status != WMBT_OK) {
        return said(status, false);
    }
    if (manifest.total_bytes > m->config.max_object_bytes) {
        return said(WMBT_TOO_LARGE, false);
    }
    if (manifest.total_bytes == 0u) {
        return said(WMBT_TRUNCATED, false);
    }
    s->source = 1;
    source_start(s);
    s->raw_bytes = (uint32_t)manifest.total_bytes;
    return ask_memory(s, s->raw_bytes, ANY_LENGTH);
}

/* All bytes of a source that is collected are there. */
static verdict judge_collected(model *m, slot *s)
{
    wmbt_view plain;
    wmbt_view source = wmbt_view_of(s->bytes[s->source], s->claimed[s->source]);
    wmbt_status status =
        stock_unwrap(source, &m->judge, s->source == 0u ? 0u : s->raw_bytes, &plain);
    if (status != WMBT_OK) {
        return said(status, false);
    }
    return s->source == 0u ? judge_start(m, s, plain, true) : judge_plain(m, s, plain);
}

static verdict judge_head(model *m, slot *s)
{
    uint32_t size = s->claimed[s->source];
    bool whole = size <= WMBT_READER_HEAD_BYTES;
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_probe(
        wmbt_view_of(s->bytes[s->source], whole ? size : WMBT_READER_HEAD_BYTES), whole, &info);
    if (status != WMBT_OK) {
        return said(status, false);
    }
    bool wrapped = info.kind != WMBT_COMPRESSED_PLAIN;
    uint32_t raw = wrapped ? size - WMBT_COMPRESSED_HEADER_BYTES : size;
    if (info.algorithm == WMBT_COMPRESSED_ZSTD) {
        raw = info.raw_bytes;
        if (m->config.codec.decode == NULL) {
            return said(WMBT_UNSUPPORTED_ALGORITHM, false);
        }
    }
    if (s->source == 1u) {
        if (raw != s->raw_bytes) {
            return said(WMBT_BAD_LENGTH, false);
        }
        if (wrapped && s->stored_len < size) {
            return ask_memory(s, 0, size);
        }
        s->phase = COLLECT;
        return whole ? judge_collected(m, s) : said(WMBT_OK, false);
    }
    if (!wrapped) {
        return judge_start(m, s, wmbt_view_of(s->bytes[0], size), false);
    }
    if (raw > m->config.max_object_bytes) {
        return said(WMBT_TOO_LARGE, false);
    }
    if (raw == 0u) {
        return said(WMBT_TRUNCATED, false);
    }
    if (whole && raw <= WMBT_READER_HEAD_BYTES) {
        return judge_collected(m, s);
    }
    return ask_memory(s, raw, size);
}

static bool is_of_object(wmbt_status status)
{
    return status >= 32 && status <= 255 && status != WMBT_FULL;
}

/* A call about a slot's bytes has returned `got`: is it right, and what follows? */
static void conclude(model *m, slot *s, wmbt_status got, verdict v, const uint8_t *raw)
{
    bool error = wmbt_status_is_error(got);
    CHECK(m, got == v.status || (v.fuzzy && error));
    CHECK(m, !error || is_of_object(got));
    CHECK(m, wmbt_reader_settles(got) == (error || got == WMBT_END));
    if (s->truthful && s->in_order && s->number != TAIL && error && !m->hostile) {
        CHECK(m, got == truth_of(m, s->number).status);
    }
    if (got == WMBT_END) {
        const object *o = object_of(m, s->number);
        CHECK(m, raw == NULL || memcmp(raw, o->plain.data, o->plain.len) == 0);
        m->tally->verified++;
        m->tally->collected += raw != NULL;
        settle_slot(m, s, WMBT_OK);
        check_rows(m, s->number);
    } else if (error) {
        m->tally->failed++;
        settle_slot(m, s, got);
    }
}

static void conclude_bytes(model *m, slot *s, wmbt_status got)
{
    bool fuzzy = s->phase == PLAIN && !(s->good && s->truthful);
    uint32_t first = first_missing(s);
    verdict v = said(WMBT_NEED_MORE, fuzzy);
    if (first >= s->to) {
        s->asked = false;
        v = said(WMBT_OK, fuzzy);
        if (first >= phase_end(m, s)) {
            uint8_t *raw = s->raw;
            if (s->phase == HEAD) {
                v = judge_head(m, s);
            } else if (s->phase == COLLECT) {
                v = judge_collected(m, s);
            } else {
                v = judge_plain(m, s, wmbt_view_of(s->bytes[0], s->claimed[0]));
            }
            conclude(m, s, got, v, raw);
            return;
        }
    }
    conclude(m, s, got, v, NULL);
}

/* Bytes at `offset` that the reader takes: what it must say at once, or ok and how many. */
static wmbt_status bookable(const slot *s, uint32_t offset, size_t len, uint32_t *n)
{
    if (offset < s->want.offset || offset >= s->to || offset >= SHADOW || s->came[offset] != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    uint32_t end = min(s->to, next_come(s, offset));
    *n = len < end - offset ? (uint32_t)len : end - offset;
    bool touches = offset == 0u || s->came[offset - 1u] != 0u || s->came[offset + *n] != 0u;
    return !touches && count_runs(s) == RUNS ? WMBT_FULL : WMBT_OK;
}

static void book(model *m, slot *s, uint32_t offset, const uint8_t *bytes, uint32_t n)
{
    const stock_object *o = stocked(m, s->number);
    wmbt_view right = o->source[s->source];
    CHECK(m, n <= SHADOW - offset);
    s->in_order = s->in_order && first_missing(s) == offset;
    s->truthful =
        s->truthful && offset + n <= right.len && memcmp(right.data + offset, bytes, n) == 0;
    memcpy(s->bytes[s->source] + offset, bytes, n);
    memset(s->came + offset, 1, n);
}

/* --- calls --------------------------------------------------------------------------------------
 */

/* The slot whose want this is, if it is out. */
static slot *slot_of(model *m, const wmbt_want *w)
{
    if (w->kind == WMBT_WANT_PRESENCE || w->id >= m->config.in_flight) {
        return NULL;
    }
    slot *s = &m->slot[w->id];
    return s->used && s->asked && s->want.generation == w->generation ? s : NULL;
}

static bool is_question(const model *m, const wmbt_want *w)
{
    return w->kind == WMBT_WANT_PRESENCE && m->question && m->asked.generation == w->generation;
}

static void refused(model *m, wmbt_status got, wmbt_status status)
{
    CHECK(m, got == status && !wmbt_reader_settles(got));
    m->tally->refused++;
}

/* A new want: nobody has seen it before. */
static void remember(model *m, const wmbt_want *w)
{
    for (uint32_t i = 0; i < MAX_SEEN && i < m->seens; i++) {
        CHECK(m, m->seen[i].id != w->id || m->seen[i].generation != w->generation);
    }
    m->seen[m->seens++ % MAX_SEEN] = *w;
}

/* A want of an object that is in flight. */
static void check_want(model *m, slot *s, const wmbt_want *w)
{
    uint32_t first = first_missing(s);
    CHECK(m, w->object == s->number && w->blocks == 0u);
    if (s->phase == MEMORY) {
        CHECK(m, w->kind == WMBT_WANT_MEMORY && w->offset == 0u && w->bytes == 0u);
        CHECK(m, w->raw_bytes == s->need_raw && w->stored_bytes != 0u);
        CHECK(m, s->need_stored == ANY_LENGTH || w->stored_bytes == s->need_stored);
        s->need_stored = w->stored_bytes;
    } else {
        CHECK(m, w->raw_bytes == 0u && w->stored_bytes == 0u);
        if (s->phase == FIND) {
            CHECK(m, w->kind == WMBT_WANT_OBJECT && w->offset == 0u);
            CHECK(m, w->bytes == WMBT_READER_HEAD_BYTES);
        } else {
            CHECK(m, w->kind == WMBT_WANT_RANGE && w->offset == first && w->bytes != 0u);
            CHECK(m, w->bytes == min(phase_end(m, s), next_come(s, first)) - first);
        }
    }
    s->want = *w;
    s->asked = true;
    s->to = w->offset + w->bytes;
}

/* A block, or the tail, is asked for the first time. */
static void check_new_want(model *m, uint32_t number, const wmbt_want *w)
{
    CHECK(m, w->id < m->config.in_flight && !m->slot[w->id].used);
    slot *s = &m->slot[w->id];
    s->used = true;
    s->number = number;
    object_of(m, number)->state = FLYING;
    object_start(m, s);
    s->good = truth_of(m, number).status == WMBT_OK && !m->hostile;
    check_want(m, s, w);
}

/* The question that is to be asked now has so many blocks; 0: there is none. */
static uint32_t next_question(const model *m)
{
    uint32_t most = m->config.presence_blocks;
    uint32_t rest = m->known < wanted(m) ? wanted(m) - m->known : 0u;
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
    while (*number < wanted(m) && m->object[*number].state != NEW) {
        ++*number;
    }
    if (*number < wanted(m)) {
        return room && (m->config.presence_blocks == 0u || *number < m->known);
    }
    *number = TAIL;
    return room && blocks_done(m) && tail_is_wanted(m) && m->object[STOCK_BLOCKS].state == NEW;
}

/* Asks for the next want, in the order that the model expects. */
static wmbt_status call_next(model *m, wmbt_want *want)
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
    wmbt_status got = wmbt_reader_next_want(m->r, want);
    if (s == NULL && blocks == 0u && !next_new(m, &number)) {
        CHECK(m, got == (done(m) ? WMBT_END : WMBT_NEED_MORE));
        CHECK(m, all_are((const uint8_t *)want, sizeof *want, UNTOUCHED));
        return got;
    }
    CHECK(m, got == WMBT_OK);
    remember(m, want);
    if (s != NULL) {
        check_want(m, s, want);
        CHECK(m, want->id == (uint32_t)(s - m->slot));
    } else if (blocks != 0u) {
        CHECK(m, want->kind == WMBT_WANT_PRESENCE && want->id == m->config.in_flight);
        CHECK(m, want->object == m->known && want->blocks == blocks);
        CHECK(m, (want->offset | want->bytes | want->raw_bytes | want->stored_bytes) == 0u);
        m->question = true;
        m->asked = *want;
    } else {
        check_new_want(m, number, want);
    }
    return WMBT_OK;
}

static void call_found(model *m, const wmbt_want *w, uint64_t bytes)
{
    slot *s = slot_of(m, w);
    wmbt_status got = wmbt_reader_found(m->r, w, bytes);
    if (s == NULL || s->phase != FIND) {
        refused(m, got, WMBT_BAD_STATE);
        return;
    }
    wmbt_view right = stocked(m, s->number)->source[s->source];
    s->truthful = s->truthful && right.data != NULL && bytes == right.len;
    if (bytes > m->config.max_object_bytes || bytes > UINT32_MAX - s->claimed[0]) {
        conclude(m, s, got, said(WMBT_TOO_LARGE, false), NULL);
    } else if (bytes == 0u) {
        conclude(m, s, got, said(WMBT_TRUNCATED, false), NULL);
    } else {
        CHECK(m, got == WMBT_OK);
        s->claimed[s->source] = (uint32_t)bytes;
        s->phase = HEAD;
        s->to = phase_end(m, s);
    }
}

/* `bytes` lies in memory of its size, which is gone after the call. */
static wmbt_status call_feed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes)
{
    slot *s = slot_of(m, w);
    uint8_t *copy = allocate(bytes.data != NULL ? bytes.len : 0u);
    if (bytes.data != NULL) {
        memcpy(copy, bytes.data, bytes.len);
    }
    size_t taken = 4711;
    wmbt_view given = wmbt_view_of(bytes.data != NULL ? copy : NULL, bytes.len);
    wmbt_status got = wmbt_reader_feed(m->r, w, offset, given, &taken);
    free(copy);
    CHECK(m, !wmbt_status_is_error(got) || taken == 4711u);
    uint32_t n = 0;
    if (s == NULL || s->phase == FIND || s->phase == MEMORY) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (bytes.data == NULL && bytes.len != 0u) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else if (bytes.len == 0u) {
        CHECK(m, got == WMBT_NEED_MORE && taken == 0u);
    } else {
        wmbt_status status = bookable(s, offset, bytes.len, &n);
        if (status != WMBT_OK) {
            m->tally->full += status == WMBT_FULL;
            refused(m, got, status);
            return got;
        }
        CHECK(m, wmbt_status_is_error(got) || taken == n);
        book(m, s, offset, bytes.data, n);
        conclude_bytes(m, s, got);
    }
    return got;
}

/* DMA: `bytes` are put in place, and their CRC is said (with `lie` added). */
static void call_placed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes,
                        uint32_t lie)
{
    slot *s = slot_of(m, w);
    uint32_t n = 0, len = (uint32_t)bytes.len;
    wmbt_piece piece;
    memset(&piece, 0, sizeof piece);
    bool rows = s != NULL && wmbt_reader_piece(m->r, s->number, offset, NULL, &piece) == WMBT_OK &&
                piece.kind != WMBT_EXTENT_FIELD && len <= piece.bytes;
    wmbt_status got = wmbt_reader_placed(m->r, w, offset, len, lie ^ wmbt_crc32c(0, bytes));
    if (s == NULL || s->phase != PLAIN) {
        refused(m, got, WMBT_BAD_STATE);
        return;
    }
    wmbt_status status = len == 0u ? WMBT_BAD_ARGUMENT : bookable(s, offset, len, &n);
    if (status != WMBT_BAD_ARGUMENT && (n != len || !rows)) {
        status = WMBT_BAD_ARGUMENT;
    }
    if (status != WMBT_OK) {
        refused(m, got, status);
        return;
    }
    if (m->rows != NULL && piece.has_place != 0u) {
        CHECK(m, piece.place <= m->rows_len && len <= m->rows_len - piece.place);
        memcpy(m->rows + piece.place, bytes.data, len);
    }
    m->tally->placed++;
    s->in_order = false;
    s->lied = s->lied || lie != 0u;
    s->truthful = s->truthful && lie == 0u;
    book(m, s, offset, bytes.data, n);
    conclude_bytes(m, s, got);
}

/* Lends so many bytes each; ANY_LENGTH: NULL with a length. */
static void call_memory(model *m, const wmbt_want *w, uint32_t raw_len, uint32_t stored_len)
{
    slot *s = slot_of(m, w);
    bool bad = raw_len == ANY_LENGTH || stored_len == ANY_LENGTH;
    uint8_t *raw = raw_len == ANY_LENGTH || raw_len == 0u ? NULL : lend(m, raw_len);
    uint8_t *stored = stored_len == ANY_LENGTH || stored_len == 0u ? NULL : lend(m, stored_len);
    wmbt_status got =
        wmbt_reader_memory(m->r, w, wmbt_buf_of(raw, raw_len), wmbt_buf_of(stored, stored_len));
    wmbt_status status = WMBT_OK;
    if (s == NULL || s->phase != MEMORY) {
        status = WMBT_BAD_STATE;
    } else if (bad) {
        status = WMBT_BAD_ARGUMENT;
    } else if (raw_len < s->need_raw || stored_len < s->need_stored) {
        status = WMBT_BUFFER_TOO_SMALL;
    }
    if (status != WMBT_OK) {
        refused(m, got, status);
        take_back(m, raw);
        take_back(m, stored);
        return;
    }
    if (s->need_raw != 0u) {
        take_back(m, s->raw);
        s->raw = raw;
    } else {
        take_back(m, raw); /* not asked for */
    }
    take_back(m, s->stored);
    s->stored = stored;
    s->stored_len = stored_len;
    s->asked = false;
    if (s->claimed[s->source] == 0u) { /* the chunk is still to be found */
        s->phase = FIND;
        CHECK(m, got == WMBT_OK);
        return;
    }
    s->phase = COLLECT;
    raw = s->raw;
    bool whole = first_missing(s) >= phase_end(m, s);
    conclude(m, s, got, whole ? judge_collected(m, s) : said(WMBT_OK, false), raw);
}

static void call_presence(model *m, const wmbt_want *w, wmbt_view bits)
{
    wmbt_status got = wmbt_reader_presence(m->r, w, bits);
    if (!is_question(m, w)) {
        refused(m, got, WMBT_BAD_STATE);
        return;
    }
    if (bits.data == NULL || bits.len * 8u < m->asked.blocks) {
        refused(m, got, WMBT_BAD_ARGUMENT);
        return;
    }
    CHECK(m, got == WMBT_OK);
    uint32_t first = m->known;
    m->question = false;
    m->known += m->asked.blocks;
    for (uint32_t i = 0; i < m->asked.blocks && first + i < m->limit; i++) {
        if ((bits.data[i / 8u] >> (i % 8u) & 1u) == 0u) {
            settle(m, first + i, WMBT_MISSING, 0);
        }
    }
}

static void call_fail(model *m, const wmbt_want *w, wmbt_status status)
{
    slot *s = slot_of(m, w);
    wmbt_status got = wmbt_reader_fail(m->r, w, status);
    if (s == NULL && !is_question(m, w)) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (status != WMBT_MISSING && (status < 16 || status > 255)) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else {
        CHECK(m, got == WMBT_OK);
        if (s == NULL) {
            m->question = false;
            m->known += m->asked.blocks;
        } else {
            bool chunk = s->source == 1u && status == WMBT_MISSING;
            settle_slot(m, s, chunk ? WMBT_TRUNCATED : status);
        }
    }
}

static void call_retry(model *m, const wmbt_want *w, bool restart)
{
    slot *s = slot_of(m, w);
    wmbt_status got = restart ? wmbt_reader_restart(m->r, w) : wmbt_reader_retry(m->r, w);
    if (s == NULL && !is_question(m, w)) {
        refused(m, got, WMBT_BAD_STATE);
        return;
    }
    CHECK(m, got == WMBT_OK);
    if (s == NULL) {
        m->question = false;
        return;
    }
    s->asked = false;
    if (restart) {
        object_start(m, s);
    }
}

static void forget(model *m)
{
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        take_back_all(m, &m->slot[i]);
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
}

static void call_tokens(model *m, uint32_t count)
{
    uint32_t *copy = (uint32_t *)(void *)allocate(count * sizeof *copy);
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = m->prompt[m->tokens + i];
    }
    wmbt_status got = wmbt_reader_tokens(m->r, copy, count);
    if (m->input == HASHES || m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else {
        CHECK(m, wmbt_reader_tokens(m->r, NULL, 1) == WMBT_BAD_ARGUMENT);
        CHECK(m, wmbt_reader_tokens(m->r, copy, (size_t)INT32_MAX + 1u) == WMBT_TOO_LARGE);
        CHECK(m, got == WMBT_OK);
        m->input = TOKENS;
        m->tokens += count;
        m->blocks = min(m->tokens / m->config.chain.block_tokens, m->config.max_blocks);
    }
    free(copy);
}

static void call_hash(model *m)
{
    wmbt_block_hash hash;
    memset(&hash, (int)m->blocks + 1, sizeof hash);
    wmbt_status got = wmbt_reader_hash(m->r, &hash);
    if (m->input == TOKENS || m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (m->blocks == m->config.max_blocks) {
        refused(m, got, WMBT_FULL);
    } else {
        CHECK(m, got == WMBT_OK);
        m->input = HASHES;
        m->blocks++;
        wmbt_block_hash back;
        CHECK(m, wmbt_reader_block_hash(m->r, m->blocks - 1u, &back) == WMBT_OK);
        CHECK(m, memcmp(&back, &hash, sizeof back) == 0);
    }
}

static void call_end(model *m, uint32_t total)
{
    wmbt_status got = wmbt_reader_end(m->r, total);
    bool right =
        m->input == TOKENS ? total == m->tokens : total / m->config.chain.block_tokens >= m->blocks;
    if (m->input == ENDED) {
        refused(m, got, WMBT_BAD_STATE);
    } else if (!right || total > (uint32_t)INT32_MAX) {
        refused(m, got, WMBT_BAD_ARGUMENT);
    } else {
        CHECK(m, got == WMBT_OK);
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

/* --- what can be seen ---------------------------------------------------------------------------
 */

static void call_piece(model *m, uint32_t number, uint32_t offset, const wmbt_reader_dma *dma)
{
    wmbt_piece piece;
    memset(&piece, (int)UNTOUCHED, sizeof piece);
    wmbt_status got = wmbt_reader_piece(m->r, number, offset, dma, &piece);
    CHECK(m, got == WMBT_OK || all_are((const uint8_t *)&piece, sizeof piece, UNTOUCHED));
    if (!has(m, number) || (dma != NULL && (dma->align & (dma->align - 1u)) != 0u)) {
        refused(m, got, WMBT_BAD_ARGUMENT);
        return;
    }
    const object *o = object_of(m, number);
    bool verified = o->state == SETTLED && o->status == WMBT_OK;
    uint32_t size = number != TAIL ? m->block_bytes : verified ? (uint32_t)o->plain.len : 0u;
    if (size == 0u || offset >= size) {
        CHECK(m, got == (size != 0u ? WMBT_END : WMBT_MISSING) ||
                     (number == TAIL && !verified && tail_is_known(m)));
        return;
    }
    CHECK(m, got == WMBT_OK && piece.offset == offset && piece.bytes != 0u);
    CHECK(m, number != TAIL || tail_is_known(m));
    wmbt_plan plan;
    bool used = number == TAIL ? wmbt_reader_plan(m->r, &plan) == WMBT_OK && plan.tail_counts != 0u
                               : number < m->usable && done(m);
    uint32_t trust = used ? WMBT_TRUST_USABLE : WMBT_TRUST_VERIFIED;
    CHECK(m, piece.trust == (verified ? trust : WMBT_TRUST_STAGED));
    wmbt_item item;
    uint64_t place = 0;
    if (!item_at(m, number, offset, &item)) { /* head or trailer */
        CHECK(m, piece.kind == WMBT_EXTENT_FIELD && piece.has_place == 0u && piece.must_feed == 1u);
        CHECK(m, piece.bytes <= size - offset);
        return;
    }
    uint32_t past = offset - (uint32_t)item.extent.offset;
    bool placed = place_of(m, number, &item.extent, &place);
    CHECK(m, piece.kind == item.extent.kind && piece.layer == item.extent.layer);
    CHECK(m, piece.has_place == (placed ? 1u : 0u));
    CHECK(m, !placed || piece.place == place + past);
    uint32_t rest = item.extent.bytes - past;
    if (dma == NULL || item.extent.kind == WMBT_EXTENT_FIELD) {
        CHECK(m, piece.bytes == rest);
        CHECK(m, piece.must_feed == (item.extent.kind == WMBT_EXTENT_FIELD ? 1u : 0u));
    } else {
        uint32_t align = dma->align != 0u ? dma->align : 1u;
        CHECK(m, piece.bytes <= rest);
        CHECK(m, piece.must_feed != 0u || (piece.bytes % align == 0u && piece.place % align == 0u));
        CHECK(m, piece.must_feed != 0u || dma->max_bytes == 0u || piece.bytes <= dma->max_bytes);
        /* only what the engine cannot begin at or end with is left to be fed */
        CHECK(m, piece.must_feed == 0u || piece.place % align != 0u || rest < align ||
                     (dma->max_bytes != 0u && dma->max_bytes < align));
    }
}

static void call_key(model *m, const wmbt_want *w, uint32_t number, uint32_t room)
{
    uint8_t key[256], other[256];
    size_t len = 4711, other_len = 4711;
    slot *s = slot_of(m, w);
    memset(key, (int)UNTOUCHED, sizeof key);
    wmbt_status got = wmbt_reader_want_key(m->r, w, wmbt_buf_of(key, room), &len);
    CHECK(m, all_are(key + room, sizeof key - room, UNTOUCHED));
    if (s == NULL || s->phase == MEMORY) {
        refused(m, got, WMBT_BAD_STATE);
    } else {
        CHECK(m, got == WMBT_OK || (room < 200u && got == WMBT_BUFFER_TOO_SMALL));
        number = s->number;
    }
    CHECK(m, got == WMBT_OK || (len == 4711u && all_are(key, sizeof key, UNTOUCHED)));
    wmbt_status of = wmbt_reader_object_key(m->r, number, wmbt_buf_of(other, 256), &other_len);
    bool known = number == TAIL ? m->usable != 0u : number < m->blocks;
    CHECK(m, of == (known ? WMBT_OK : WMBT_BAD_ARGUMENT));
    if (got == WMBT_OK) {
        bool same = len == other_len && memcmp(key, other, len) == 0;
        CHECK(m, same == (s->source == 0u));
    }
}

static void check_plan(model *m)
{
    wmbt_plan got, want;
    memset(&got, (int)UNTOUCHED, sizeof got);
    wmbt_status status = wmbt_reader_plan(m->r, &got);
    if (!done(m)) {
        CHECK(m, status == WMBT_BAD_STATE);
        CHECK(m, all_are((const uint8_t *)&got, sizeof got, UNTOUCHED));
        return;
    }
    CHECK(m, status == WMBT_OK);
    wmbt_plan_input in;
    memset(&in, 0, sizeof in);
    in.shape = m->config.shape;
    in.block_tokens = m->config.chain.block_tokens;
    in.prompt_tokens = m->tokens;
    in.usable_blocks = m->usable;
    in.flags = (m->config.flags & WMBT_READER_TRUST_TAIL) != 0u ? WMBT_PLAN_TRUST_TAIL : 0u;
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
    CHECK(m, wmbt_plan_make(&in, &want) == WMBT_OK);
    CHECK(m, got.blocks == want.blocks && got.boundary == want.boundary);
    CHECK(m, got.tokens_restored == want.tokens_restored);
    CHECK(m, got.tokens_to_prefill == want.tokens_to_prefill);
    CHECK(m, got.exact_from == want.exact_from && got.run_from == want.run_from);
    CHECK(m, got.exact == want.exact && got.logits_only == want.logits_only);
    CHECK(m, got.tail_counts == want.tail_counts && got.bytes_to_read == want.bytes_to_read);
    CHECK(m, got.tail_status == want.tail_status);
    m->tally->plans++;
    m->tally->tails += got.tail_counts;
}

/* After each step. */
static void check_all(model *m)
{
    CHECK(m, wmbt_reader_blocks(m->r) == m->blocks);
    CHECK(m, wmbt_reader_usable_blocks(m->r) == m->usable);
    for (uint32_t i = 0; i <= STOCK_BLOCKS; i++) {
        uint32_t number = i < STOCK_BLOCKS ? i : TAIL;
        const object *o = &m->object[i];
        wmbt_reader_object state;
        memset(&state, (int)UNTOUCHED, sizeof state);
        wmbt_status got = wmbt_reader_object_state(m->r, number, &state);
        if (!has(m, number)) {
            CHECK(m, got == WMBT_BAD_ARGUMENT && !wmbt_reader_in_flight(m->r, number));
            CHECK(m, all_are((const uint8_t *)&state, sizeof state, UNTOUCHED));
            continue;
        }
        CHECK(m, got == WMBT_OK);
        CHECK(m, wmbt_reader_in_flight(m->r, number) == (o->state == FLYING));
        bool settled = o->state == SETTLED;
        CHECK(m, state.status == (settled ? o->status : WMBT_NEED_MORE));
        CHECK(m, state.bytes == (settled ? o->bytes : 0u));
        if (number != TAIL || !tail_is_known(m)) {
            CHECK(m, (state.total_tokens | state.raw_rows) == 0u);
        } else if (settled && o->status == WMBT_OK) {
            CHECK(m, state.total_tokens == o->tail.total_tokens);
            CHECK(m, state.raw_rows == o->tail.raw_rows);
        }
    }
}

/* --- the driver ---------------------------------------------------------------------------------
 */

/* A want to answer: mostly one that is out, else an old or an invented one. */
static wmbt_want pick(model *m)
{
    wmbt_want w;
    memset(&w, 0, sizeof w);
    uint32_t outs = 0;
    wmbt_want out[MAX_IN_FLIGHT + 1u];
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        if (m->slot[i].used && m->slot[i].asked) {
            out[outs++] = m->slot[i].want;
        }
    }
    if (m->question) {
        out[outs++] = m->asked;
    }
    uint32_t how = draw(m, 16);
    if (how != 15u && outs != 0u) {
        w = out[draw(m, outs)];
    } else if (m->seens != 0u) {
        w = m->seen[draw(m, min(m->seens, MAX_SEEN))];
    }
    if (how == 14u && w.kind != WMBT_WANT_PRESENCE) { /* nobody has given it out */
        w.id = one_in(m, 4) ? UINT32_MAX : w.id + 1u - draw(m, 3);
        w.generation += 1u - draw(m, 3);
    }
    return w;
}

/* So many bytes, often none too few or too many. */
static uint32_t about(model *m, uint32_t n)
{
    switch (draw(m, 8)) {
    case 5: return n - draw(m, 3);
    case 6: return n + draw(m, 40);
    case 7: return draw(m, 200);
    default: return n;
    }
}

/* Bytes of the stock at a place of the object that a want is about, or others. */
static wmbt_view some_bytes(model *m, const slot *s, uint32_t offset, uint32_t len)
{
    static uint8_t bytes[SHADOW];
    len = min(len, sizeof bytes);
    wmbt_view right = {NULL, 0};
    if (s != NULL) {
        right = stocked(m, s->number)->source[s->source];
        if (draw(m, 32) == 31u) {
            right = the_stock.block[draw(m, STOCK_BLOCKS)].source[0];
        }
    }
    for (uint32_t i = 0; i < len; i++) {
        bytes[i] = (size_t)offset + i < right.len ? right.data[offset + i] : 0u;
    }
    uint32_t how = draw(m, 64);
    if (how == 63u && len != 0u) {
        bytes[draw(m, len)] ^= (uint8_t)(1u << draw(m, 8));
    } else if (how == 62u) {
        uint32_t n = min(len, 16u);
        for (uint32_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)draw(m, 256);
        }
    }
    return wmbt_view_of(bytes, len);
}

/* Where to give bytes: the first that are missing, or elsewhere. */
static uint32_t some_offset(model *m, const slot *s)
{
    uint32_t how = (m->style & STYLE_SCATTER) != 0u ? 4u + draw(m, 4) : draw(m, 8);
    if (s == NULL || how == 7u) {
        return draw(m, 600);
    }
    uint32_t first = first_missing(s);
    uint32_t span = s->to > first ? s->to - first : 1u;
    return min(SHADOW - 1u, how < 4u ? first : first + draw(m, min(span, 1200u)));
}

/* A want that waits for bytes, mostly. */
static wmbt_want pick_bytes(model *m, uint32_t phase)
{
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        const slot *s = &m->slot[i];
        if (s->used && s->asked && s->phase >= phase && draw(m, 4) != 3u) {
            return s->want;
        }
    }
    wmbt_want w = pick(m);
    const slot *s = slot_of(m, &w);
    if (s != NULL && s->phase == FIND && draw(m, 8) != 7u &&
        stocked(m, s->number)->source[s->source].data != NULL) {
        call_found(m, &w, stocked(m, s->number)->source[s->source].len);
    }
    return w;
}

static void step_feed(model *m)
{
    static const uint8_t lengths[] = {1, 2, 3, 4, 8, 20, 64, 255};
    wmbt_want w = pick_bytes(m, COLLECT);
    const slot *s = slot_of(m, &w);
    uint32_t offset = some_offset(m, s);
    uint32_t len = lengths[draw(m, (m->style & STYLE_SCATTER) != 0u ? 6 : 8)];
    if (len == 255u) {
        len = draw(m, 1400);
    }
    wmbt_view bytes = some_bytes(m, s, offset, min(len, SHADOW - offset));
    if (one_in(m, 64)) {
        bytes.data = NULL;
    }
    (void)call_feed(m, &w, offset, bytes);
}

static void step_placed(model *m)
{
    wmbt_want w = pick_bytes(m, PLAIN);
    const slot *s = slot_of(m, &w);
    uint32_t offset = some_offset(m, s);
    uint32_t len = draw(m, 60);
    wmbt_piece piece;
    for (uint32_t i = draw(m, 8) != 7u ? 0u : 3u; s != NULL && i < 3u; i++) {
        if (wmbt_reader_piece(m->r, s->number, offset, NULL, &piece) != WMBT_OK) {
            break;
        }
        len = draw(m, 2) == 0u ? piece.bytes : 1u + draw(m, min(piece.bytes, 65536u));
        if (piece.kind != WMBT_EXTENT_FIELD) {
            break;
        }
        offset += piece.bytes;
    }
    if (s == NULL || s->phase != PLAIN) { /* one in four: it would be refused */
        if (draw(m, 4) != 3u) {
            step_feed(m);
            return;
        }
    }
    len = min(len, SHADOW - offset);
    uint32_t lie = one_in(m, 32) ? 1u + draw(m, 255) : 0u;
    call_placed(m, &w, offset, some_bytes(m, s, offset, len), lie);
}

static void step_found(model *m)
{
    wmbt_want w = pick(m);
    const slot *s = slot_of(m, &w);
    uint64_t bytes = 100;
    if (s != NULL && s->number != TAIL + 1u) {
        bytes = stocked(m, s->number)->source[s->source].len;
    }
    uint32_t how = draw(m, 24);
    if (how == 23u) {
        bytes = draw(m, 2) == 0u ? UINT64_MAX : (uint64_t)draw(m, 65536) << draw(m, 33);
    } else if (how == 22u) {
        bytes = about(m, (uint32_t)bytes);
    }
    call_found(m, &w, bytes);
}

static void step_memory(model *m)
{
    wmbt_want w = pick(m);
    const slot *s = slot_of(m, &w);
    bool asks = s != NULL && s->phase == MEMORY;
    uint32_t raw = about(m, asks ? s->need_raw : 50u);
    uint32_t stored = about(m, asks ? s->need_stored : 50u);
    raw = one_in(m, 64) ? ANY_LENGTH : min(raw, 2u * SHADOW);
    stored = one_in(m, 64) ? ANY_LENGTH : min(stored, 2u * SHADOW);
    call_memory(m, &w, raw, stored);
}

static void answer_presence(model *m, const wmbt_want *w, bool lies)
{
    uint8_t bits[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < w->blocks; i++) {
        uint32_t number = w->object + i;
        bool there = number < STOCK_BLOCKS && the_stock.block[number].source[0].data != NULL;
        there = lies && draw(m, 8) == 7u ? !there : there;
        bits[i / 8u] |= (uint8_t)(there ? 1u << (i % 8u) : 0u);
    }
    call_presence(m, w, wmbt_view_of(bits, lies ? draw(m, 8) != 7u : 1u));
}

/* Answers a want that is out as it should be. */
static void serve(model *m, const wmbt_want *w)
{
    if (is_question(m, w)) {
        answer_presence(m, w, false);
        return;
    }
    slot *s = slot_of(m, w);
    if (s == NULL) {
        return;
    }
    wmbt_view right = stocked(m, s->number)->source[s->source];
    if (s->phase == MEMORY) {
        if (s->need_raw > SHADOW || s->need_stored > SHADOW) {
            call_fail(m, w, 200);
        } else {
            call_memory(m, w, s->need_raw, s->need_stored);
        }
        return;
    }
    if (right.data == NULL) {
        call_fail(m, w, WMBT_MISSING);
        return;
    }
    if (s->phase == FIND) {
        call_found(m, w, right.len);
    }
    while (slot_of(m, w) == s) {
        static uint8_t bytes[SHADOW];
        uint32_t from = first_missing(s), to = min(s->to, next_come(s, from));
        if (to > SHADOW) {
            call_fail(m, w, 201); /* a size that somebody made up */
            return;
        }
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, right.data, right.len < SHADOW ? right.len : SHADOW);
        (void)call_feed(m, w, from, wmbt_view_of(bytes + from, to - from));
    }
}

static void step_input(model *m)
{
    uint32_t how = draw(m, 16);
    if (how == 15u) {
        call_end(m, m->tokens + 1u - draw(m, 3));
    } else if (how == 14u) {
        call_end(m, one_in(m, 2) ? UINT32_MAX - draw(m, 2) : (uint32_t)INT32_MAX + draw(m, 2));
    } else if (how == 13u || (how < 12u && m->input == HASHES && m->blocks < STOCK_BLOCKS)) {
        call_hash(m);
    } else if (how == 12u && m->input == HASHES) {
        call_end(m, m->blocks * m->config.chain.block_tokens + draw(m, 8));
    } else if (m->input == TOKENS && m->tokens == m->prompt_tokens) {
        call_end(m, m->tokens);
    } else if (m->input == NONE && draw(m, 4) == 3u) {
        call_hash(m);
    } else {
        uint32_t rest = m->input < HASHES ? m->prompt_tokens - m->tokens : 1u;
        call_tokens(m, m->input == HASHES || m->input == ENDED ? 0u : draw(m, rest + 1u));
    }
}

static void step_piece(model *m)
{
    wmbt_reader_dma dma = {draw(m, 4) == 0u ? draw(m, 300) : 0u, 1u << draw(m, 7)};
    dma.align = one_in(m, 16) ? draw(m, 256) : dma.align;
    uint32_t number = draw(m, STOCK_BLOCKS + 2u);
    number = number < STOCK_BLOCKS + 1u ? number : TAIL;
    call_piece(m, number, draw(m, m->block_bytes + 40u), draw(m, 2) == 0u ? &dma : NULL);
}

static void step_fail(model *m)
{
    static const int statuses[] = {WMBT_MISSING, WMBT_BAD_DIGEST, 16, 128, 255, 0, 1, 3, 15, 256,
                                   -1,           1 << 20};
    wmbt_want w = pick(m);
    call_fail(m, &w, statuses[draw(m, 12)]);
}

static void step_other(model *m)
{
    wmbt_want w = pick(m);
    uint32_t how = draw(m, 24);
    if (how < 8u) {
        call_retry(m, &w, how < 3u);
    } else if (how < 14u) {
        call_key(m, &w, draw(m, 2) == 0u ? TAIL : draw(m, STOCK_BLOCKS + 1u),
                 draw(m, 2) == 0u ? 256u : draw(m, 256));
    } else if (how < 17u) {
        answer_presence(m, &w, true);
    } else if (how < 20u) {
        check_plan(m);
    } else if (how < 22u) {
        step_fail(m);
    } else if (draw(m, 16) == 15u) {
        wmbt_reader_reset(m->r);
        forget(m);
    }
}

/* Something waits for an answer. */
static bool any_out(const model *m)
{
    bool out = m->question;
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        out = out || (m->slot[i].used && m->slot[i].asked);
    }
    return out;
}

static void step(model *m)
{
    wmbt_want w;
    uint32_t how = draw(m, 32);
    m->step++;
    m->tally->steps++;
    if (done(m) && how < 8u) { /* all is said: from the start again */
        wmbt_reader_reset(m->r);
        forget(m);
    } else if (how < 5u || (how < 29u && how % 2u != 0u && m->input != ENDED && !any_out(m))) {
        step_input(m);
    } else if (how < 12u || (how < 29u && !any_out(m))) {
        (void)call_next(m, &w);
    } else if (how < 17u) {
        w = pick(m);
        if ((m->style & STYLE_PATIENT) != 0u && draw(m, 8) != 7u) {
            step_feed(m);
        } else {
            serve(m, &w);
        }
    } else if (how < 19u) {
        step_found(m);
    } else if (how < 24u) {
        step_feed(m);
    } else if (how < 26u) {
        step_placed(m);
    } else if (how < 28u) {
        step_memory(m);
    } else if (how < 29u) {
        step_piece(m);
    } else {
        step_other(m);
    }
    check_all(m);
}

/* --- a run --------------------------------------------------------------------------------------
 */

static wmbt_status hostile_codec(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)frames;
    *written = out.len;
    memset(out.data, 0, out.len);
    return *(const wmbt_status *)context;
}

static void configure_codec(model *m)
{
    static uint64_t workspace[(WMBT_ZSTD_WORKSPACE_BYTES + 7u) / 8u];
    static wmbt_buf lent_workspace;
    lent_workspace = wmbt_buf_of(workspace, sizeof workspace);
    uint32_t how = draw(m, 16);
    m->codec.decode = how == 14u ? NULL : wmbt_zstd_codec;
    m->codec.context = &lent_workspace;
    m->hostile = how == 15u;
    if (m->hostile) {
        static const wmbt_status statuses[] = {
            WMBT_OK,   WMBT_NEED_MORE,        WMBT_MISSING, WMBT_END, WMBT_BAD_STATE,
            WMBT_FULL, WMBT_BUFFER_TOO_SMALL, 44,           255,      256,
            -5,        WMBT_BAD_ARGUMENT};
        m->codec_says = statuses[draw(m, 12)];
        m->codec.decode = hostile_codec;
        m->codec.context = &m->codec_says;
    }
    m->config.codec = m->codec;
}

static void configure_shape(model *m)
{
    static const wmbt_shape_layer four[] = {{0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}};
    static const wmbt_shape_layer one[] = {{4, 1, 1}};
    static const wmbt_shape_layer two[] = {{0, 0, 0}, {2, 0, 0}};
    static const wmbt_shape shapes[] = {
        {four, 4, 2, 1, 4, 8}, {one, 1, 1, 1, 4, 2}, {two, 2, 3, 0, 2, 1}};
    static const uint8_t fingerprint[32] = {7};
    wmbt_chain_config *chain = &m->config.chain;
    uint32_t how = draw(m, 16);
    m->config.shape = &shapes[how < 10u ? 0u : how % 3u];
    chain->dialect = how == 15u ? WMBT_CHAIN_DS4 : WMBT_CHAIN_CORE;
    chain->block_tokens = how == 15u ? 128u : how == 14u ? 3u : 8u;
    if (how == 15u) {
        chain->fingerprint = WMBT_VIEW_LITERAL("a");
        chain->quant_bits = 2;
    } else {
        chain->fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    }
}

/* Places one after the other with gaps between, or (without memory) in another's space. */
static void configure_places(model *m)
{
    uint32_t how = draw(m, 8);
    uint32_t count = m->config.shape->layers * WMBT_EXTENT_KINDS;
    uint64_t at = how == 6u ? (uint64_t)1 << 40 : GAP;
    bool kept = wmbt_shape_allows_block_tokens(m->config.shape, m->config.chain.block_tokens);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t times = kind < WMBT_EXTENT_RAW ? m->config.max_blocks + 1u : 1u;
        m->places[i].offset = at;
        m->places[i].wanted = draw(m, 4) != 3u;
        uint32_t bytes = times * rows_bytes(m, i / WMBT_EXTENT_KINDS, kind);
        CHECK(m, wmbt_reader_place_bytes(&m->config, i / WMBT_EXTENT_KINDS, kind) == bytes);
        at += (uint64_t)bytes + GAP;
    }
    m->config.places = how == 7u ? NULL : m->places;
    m->rows = NULL;
    if (how < 6u && kept) {
        m->rows_len = (size_t)at;
        m->rows = lend(m, m->rows_len);
        memset(m->rows, (int)UNTOUCHED, m->rows_len);
        m->config.memory = wmbt_buf_of(m->rows, m->rows_len);
    }
}

/* A configuration that is wrong in one way. */
static void refuse_configurations(model *m, wmbt_buf memory)
{
    wmbt_reader *r = NULL;
    wmbt_reader_config c = m->config;
    wmbt_status status = WMBT_BAD_ARGUMENT;
    switch (draw(m, 12)) {
    case 0: c.max_blocks = 0; break;
    case 1: c.max_blocks = WMBT_READER_MAX_BLOCKS + 1u; break;
    case 2: c.in_flight = 0; break;
    case 3: c.in_flight = WMBT_READER_MAX_IN_FLIGHT + 1u; break;
    case 4: c.max_object_bytes = 0; break;
    case 5: c.flags = 8; break;
    case 6: c.shape = NULL; break;
    case 7: c.prefix.len = 0; break;
    case 8: c.chain.dialect = 3; break;
    case 9: c.memory = wmbt_buf_of(NULL, 1); break;
    case 10:
        memory.len--;
        status = WMBT_BUFFER_TOO_SMALL;
        break;
    default: memory.data = NULL; break;
    }
    CHECK(m, wmbt_reader_init(memory, &c, &r) == status && r == NULL);
}

static void configure(model *m)
{
    wmbt_reader_config *c = &m->config;
    m->style = draw(m, 4);
    configure_shape(m);
    configure_codec(m);
    c->prefix = WMBT_VIEW_LITERAL("p");
    c->name_space = draw(m, 2) == 0u ? WMBT_VIEW_LITERAL("n") : wmbt_view_of(NULL, 0);
    c->max_blocks = 1u + draw(m, STOCK_BLOCKS);
    c->in_flight = 1u + draw(m, MAX_IN_FLIGHT);
    uint32_t limit = draw(m, 16);
    c->max_object_bytes = limit == 13u   ? UINT32_MAX
                          : limit == 14u ? draw(m, 200) + 1u
                          : limit == 15u ? 700u
                                         : STOCK_OBJECT_BYTES;
    c->presence_blocks = draw(m, 2) == 0u ? 0u : 1u + draw(m, 4);
    c->flags = draw(m, 8);
    c->flags = draw(m, 4) != 3u ? c->flags & ~WMBT_READER_NO_TAIL : c->flags;
    configure_places(m);
    m->judge.shape = c->shape;
    m->judge.block_tokens = c->chain.block_tokens;
    m->judge.max_object_bytes = c->max_object_bytes;
    m->judge.codec = &m->codec;
    m->block_bytes = stock_block_bytes(&m->judge);
    uint32_t seed = draw(m, 65536);
    stock_fill(&the_stock, &m->judge, seed, draw(m, 3) == 0u ? 0u : draw(m, 128));
    uint32_t most = (STOCK_BLOCKS + 1u) * c->chain.block_tokens;
    m->prompt_tokens =
        one_in(m, 16) ? draw(m, c->chain.block_tokens) : most - 1u - draw(m, most / 2u);
    for (uint32_t i = 0; i < m->prompt_tokens; i++) {
        m->prompt[i] = seed + i;
    }
    size_t size = WMBT_READER_BYTES(c->max_blocks, c->in_flight);
    m->reader_memory = lend(m, size);
    if (draw(m, 8) == 7u) {
        refuse_configurations(m, wmbt_buf_of(m->reader_memory, size));
    }
    CHECK(m, wmbt_reader_init(wmbt_buf_of(m->reader_memory, size), c, &m->r) == WMBT_OK);
}

/* Lets it finish: every want that is out is answered, and every further one. */
static void finish(model *m)
{
    wmbt_want w;
    if (m->input == NONE) {
        call_tokens(m, m->prompt_tokens);
    }
    if (m->input != ENDED) {
        call_end(m, m->input == TOKENS ? m->tokens : m->blocks * m->config.chain.block_tokens);
    }
    for (uint32_t rounds = 0;; rounds++) {
        m->step++;
        CHECK(m, rounds < 200u);
        for (uint32_t i = 0; i < m->config.in_flight; i++) {
            w = m->slot[i].want;
            if (m->slot[i].used && m->slot[i].asked) {
                serve(m, &w);
            }
        }
        w = m->asked;
        serve(m, &w);
        check_all(m);
        if (call_next(m, &w) == WMBT_END) {
            break;
        }
    }
    check_plan(m);
    for (uint32_t i = 0; i < m->usable; i++) {
        check_rows(m, i);
    }
    if (m->object[STOCK_BLOCKS].state == SETTLED && m->object[STOCK_BLOCKS].status == WMBT_OK) {
        check_rows(m, TAIL);
    }
}

/* Once more from the start, all answers as they should be: what the stock is worth. */
static void check_clean_run(model *m)
{
    wmbt_reader_reset(m->r);
    forget(m);
    check_all(m);
    finish(m);
    uint32_t usable = 0;
    while (!m->hostile && usable < m->blocks && truth_of(m, usable).status == WMBT_OK) {
        usable++;
    }
    CHECK(m, m->hostile || m->usable == usable);
    if (usable != 0u && tail_is_wanted(m)) {
        bool fits = truth_of(m, TAIL).status == WMBT_OK;
        CHECK(m, (m->object[STOCK_BLOCKS].status == WMBT_OK) == fits);
    }
}

void model_run(model_choices *choices, uint32_t seed, uint32_t steps, model_tally *tally)
{
    static model m;
    memset(&m, 0, sizeof m);
    m.choices = choices;
    m.tally = tally;
    m.seed = seed;
    m.limit = UINT32_MAX;
    for (uint32_t i = 0; i < MAX_IN_FLIGHT; i++) {
        m.slot[i].bytes[0] = shadow[i][0];
        m.slot[i].bytes[1] = shadow[i][1];
        m.slot[i].came = shadow_came[i];
    }
    configure(&m);
    check_all(&m);
    while (m.step < steps && (choices->data == NULL || choices->left != 0u)) {
        step(&m);
    }
    finish(&m);
    check_clean_run(&m);
    check_gaps(&m);
    for (uint32_t i = 0; i < m.lents; i++) {
        if (m.lent[i].block != NULL) {
            drop(&m, &m.lent[i]);
        }
    }
}
