/* SPDX-License-Identifier: Apache-2.0 */
/* Which calls are made, and a run. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_state.h"

static uint8_t shadow[MAX_IN_FLIGHT][STOCK_SOURCES][SHADOW];
static uint8_t shadow_came[MAX_IN_FLIGHT][SHADOW + 1u];

/* --- the driver ------------------------------------------------------------------------------- */

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
    uint32_t how = model_draw(m, 16);
    if (how != 15u && outs != 0u) {
        w = out[model_draw(m, outs)];
    } else if (m->seens != 0u) {
        w = m->seen[model_draw(m, min(m->seens, MAX_SEEN))];
    }
    if (how == 14u && w.kind != WMBT_WANT_PRESENCE) { /* nobody has given it out */
        w.id = model_one_in(m, 4) ? UINT32_MAX : w.id + 1u - model_draw(m, 3);
        w.serial += 1u - (uint64_t)model_draw(m, 3);
        w.serial ^= model_one_in(m, 8) ? (uint64_t)1 << (8u * (1u + model_draw(m, 4))) : 0u;
    }
    for (uint32_t i = 0; how == 14u && i < outs; i++) {
        w = w.serial == out[i].serial ? out[i] : w; /* it is no invention, then */
    }
    return w;
}

/* So many bytes, often none too few or too many. */
static uint32_t about(model *m, uint32_t n)
{
    switch (model_draw(m, 8)) {
    case 5: return n - model_draw(m, 3);
    case 6: return n + model_draw(m, 40);
    case 7: return model_draw(m, 200);
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
        right = model_stocked(m, s->number)->source[s->source];
        if (model_draw(m, 32) == 31u) {
            right = model_stock.block[model_draw(m, STOCK_BLOCKS)].source[0];
        }
    }
    for (uint32_t i = 0; i < len; i++) {
        bytes[i] = (size_t)offset + i < right.len ? right.data[offset + i] : 0u;
    }
    uint32_t how = model_draw(m, 64);
    if (how == 63u && len != 0u) {
        bytes[model_draw(m, len)] ^= (uint8_t)(1u << model_draw(m, 8));
    } else if (how == 62u) {
        uint32_t n = min(len, 16u);
        for (uint32_t i = 0; i < n; i++) {
            bytes[i] = (uint8_t)model_draw(m, 256);
        }
    }
    return wmbt_view_of(bytes, len);
}

/* Where to give bytes: the first that are missing, or elsewhere. */
static uint32_t some_offset(model *m, const slot *s)
{
    uint32_t how = (m->style & STYLE_SCATTER) != 0u ? 4u + model_draw(m, 4) : model_draw(m, 8);
    if (s == NULL || how == 7u) {
        return model_draw(m, 600);
    }
    uint32_t first = model_first_missing(s);
    uint32_t span = s->to > first ? s->to - first : 1u;
    return min(SHADOW - 1u, how < 4u ? first : first + model_draw(m, min(span, 1200u)));
}

/* A want that waits for bytes, mostly. */
static wmbt_want pick_bytes(model *m, uint32_t phase)
{
    for (uint32_t i = 0; i < m->config.in_flight; i++) {
        const slot *s = &m->slot[i];
        if (s->used && s->asked && s->phase >= phase && model_draw(m, 4) != 3u) {
            return s->want;
        }
    }
    wmbt_want w = pick(m);
    const slot *s = model_slot_of(m, &w);
    if (s != NULL && s->phase == FIND && model_draw(m, 8) != 7u &&
        model_stocked(m, s->number)->source[s->source].data != NULL) {
        model_call_found(m, &w, model_stocked(m, s->number)->source[s->source].len);
    }
    return w;
}

static void step_feed(model *m)
{
    static const uint8_t lengths[] = {1, 2, 3, 4, 8, 20, 64, 255};
    wmbt_want w = pick_bytes(m, COLLECT);
    const slot *s = model_slot_of(m, &w);
    uint32_t offset = some_offset(m, s);
    uint32_t len = lengths[model_draw(m, (m->style & STYLE_SCATTER) != 0u ? 6 : 8)];
    if (len == 255u) {
        len = model_draw(m, 1400);
    }
    wmbt_view bytes = some_bytes(m, s, offset, min(len, SHADOW - offset));
    if (model_one_in(m, 64)) {
        bytes.data = NULL;
    }
    (void)model_call_feed(m, &w, offset, bytes);
}

static void step_placed(model *m)
{
    wmbt_want w = pick_bytes(m, PLAIN);
    const slot *s = model_slot_of(m, &w);
    uint32_t offset = some_offset(m, s);
    uint32_t len = model_draw(m, 60);
    wmbt_piece piece;
    for (uint32_t i = model_draw(m, 8) != 7u ? 0u : 3u; s != NULL && i < 3u; i++) {
        if (wmbt_reader_piece(m->r, s->number, offset, NULL, &piece) != WMBT_OK) {
            break;
        }
        len = model_draw(m, 2) == 0u ? piece.bytes : 1u + model_draw(m, min(piece.bytes, 65536u));
        if (piece.kind != WMBT_EXTENT_FIELD) {
            break;
        }
        offset += piece.bytes;
    }
    if (s == NULL || s->phase != PLAIN) { /* one in four: it would be refused */
        if (model_draw(m, 4) != 3u) {
            step_feed(m);
            return;
        }
    }
    len = min(len, SHADOW - offset);
    uint32_t lie = model_one_in(m, 32) ? 1u + model_draw(m, 255) : 0u;
    model_call_placed(m, &w, offset, some_bytes(m, s, offset, len), lie);
}

static void step_found(model *m)
{
    wmbt_want w = pick(m);
    const slot *s = model_slot_of(m, &w);
    uint64_t bytes = 100;
    if (s != NULL && s->number != TAIL + 1u) {
        bytes = model_stocked(m, s->number)->source[s->source].len;
    }
    uint32_t how = model_draw(m, 24);
    if (how == 23u) {
        bytes = model_draw(m, 2) == 0u ? UINT64_MAX
                                       : (uint64_t)model_draw(m, 65536) << model_draw(m, 33);
    } else if (how == 22u) {
        bytes = about(m, (uint32_t)bytes);
    }
    model_call_found(m, &w, bytes);
}

static void step_memory(model *m)
{
    wmbt_want w = pick(m);
    const slot *s = model_slot_of(m, &w);
    bool asks = s != NULL && s->phase == MEMORY;
    uint32_t raw = about(m, asks ? s->need_plain : 50u);
    uint32_t stored = about(m, asks ? s->need_stored : 50u);
    raw = model_one_in(m, 64) ? ANY_LENGTH : min(raw, 2u * SHADOW);
    stored = model_one_in(m, 64) ? ANY_LENGTH : min(stored, 2u * SHADOW);
    model_call_memory(m, &w, raw, stored);
}

static void answer_presence(model *m, const wmbt_want *w, bool lies)
{
    uint8_t bits[4] = {0, 0, 0, 0};
    for (uint32_t i = 0; i < w->blocks; i++) {
        uint32_t number = w->object + i;
        bool there = number < STOCK_BLOCKS && model_stock.block[number].source[0].data != NULL;
        there = lies && model_draw(m, 8) == 7u ? !there : there;
        bits[i / 8u] |= (uint8_t)(there ? 1u << (i % 8u) : 0u);
    }
    model_call_presence(m, w, wmbt_view_of(bits, lies ? model_draw(m, 8) != 7u : 1u));
}

/* Answers a want that is out as it should be. */
static void serve(model *m, const wmbt_want *w)
{
    if (model_is_question(m, w)) {
        answer_presence(m, w, false);
        return;
    }
    slot *s = model_slot_of(m, w);
    if (s == NULL) {
        return;
    }
    wmbt_view right = model_stocked(m, s->number)->source[s->source];
    if (s->phase == MEMORY) {
        if (s->need_plain > SHADOW || s->need_stored > SHADOW) {
            model_call_fail(m, w, 200);
        } else {
            model_call_memory(m, w, s->need_plain, s->need_stored);
        }
        return;
    }
    if (right.data == NULL) {
        model_call_fail(m, w, WMBT_MISSING);
        return;
    }
    if (s->phase == FIND) {
        model_call_found(m, w, right.len);
    }
    while (model_slot_of(m, w) == s) {
        static uint8_t bytes[SHADOW];
        uint32_t from = model_first_missing(s), to = min(s->to, model_next_come(s, from));
        if (to > SHADOW) {
            model_call_fail(m, w, 201); /* a size that somebody made up */
            return;
        }
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, right.data, right.len < SHADOW ? right.len : SHADOW);
        (void)model_call_feed(m, w, from, wmbt_view_of(bytes + from, to - from));
    }
}

static void step_input(model *m)
{
    uint32_t how = model_draw(m, 16);
    if (how == 15u) {
        model_call_end(m, m->tokens + 1u - model_draw(m, 3));
    } else if (how == 14u) {
        model_call_end(m, model_one_in(m, 2) ? UINT32_MAX - model_draw(m, 2)
                                             : (uint32_t)INT32_MAX + model_draw(m, 2));
    } else if (how == 13u || (how < 12u && m->input == HASHES && m->blocks < STOCK_BLOCKS)) {
        model_call_hash(m);
    } else if (how == 12u && m->input == HASHES) {
        model_call_end(m, m->blocks * m->prompt_is.chain.block_tokens + model_draw(m, 8));
    } else if (m->input == TOKENS && m->tokens == m->prompt_tokens) {
        model_call_end(m, m->tokens);
    } else if (m->input == NONE && model_draw(m, 4) == 3u) {
        model_call_hash(m);
    } else {
        uint32_t rest = m->input < HASHES ? m->prompt_tokens - m->tokens : 1u;
        model_call_tokens(m,
                          m->input == HASHES || m->input == ENDED ? 0u : model_draw(m, rest + 1u));
    }
}

static void step_piece(model *m)
{
    wmbt_reader_dma dma = {model_draw(m, 4) == 0u ? model_draw(m, 300) : 0u,
                           1u << model_draw(m, 7)};
    dma.align = model_one_in(m, 16) ? model_draw(m, 256) : dma.align;
    uint32_t number = model_draw(m, STOCK_BLOCKS + 2u);
    number = number < STOCK_BLOCKS + 1u ? number : TAIL;
    (void)model_call_piece(m, number, model_draw(m, m->block_bytes + 40u),
                           model_draw(m, 2) == 0u ? &dma : NULL);
}

static void step_fail(model *m)
{
    static const int statuses[] = {
        WMBT_MISSING, WMBT_BAD_DIGEST, WMBT_DOES_NOT_FIT, 16, 128, 255, 0, 1, 3, 15, 256,
        -1,           1 << 20};
    wmbt_want w = pick(m);
    model_call_fail(m, &w, statuses[model_draw(m, 13)]);
}

static void step_other(model *m)
{
    wmbt_want w = pick(m);
    uint32_t how = model_draw(m, 24);
    if (how < 8u) {
        model_call_retry(m, &w, how < 3u);
    } else if (how < 14u) {
        model_call_key(m, &w, model_draw(m, 2) == 0u ? TAIL : model_draw(m, STOCK_BLOCKS + 1u),
                       model_draw(m, 2) == 0u ? 256u : model_draw(m, 256));
    } else if (how < 17u) {
        answer_presence(m, &w, true);
    } else if (how < 20u) {
        model_check_plan(m);
    } else if (how < 22u) {
        step_fail(m);
    } else if (model_draw(m, 16) == 15u) {
        M_CHECK(m, wmbt_reader_start(m->r, &m->prompt_is) == WMBT_OK);
        model_forget(m);
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
    uint32_t how = model_draw(m, 32);
    m->step++;
    m->tally->steps++;
    if (model_done(m) && how < 8u) { /* all is said: from the start again */
        M_CHECK(m, wmbt_reader_start(m->r, &m->prompt_is) == WMBT_OK);
        model_forget(m);
    } else if (how < 5u || (how < 29u && how % 2u != 0u && m->input != ENDED && !any_out(m))) {
        step_input(m);
    } else if (how < 12u || (how < 29u && !any_out(m))) {
        (void)model_call_next(m, &w);
    } else if (how < 17u) {
        w = pick(m);
        if ((m->style & STYLE_PATIENT) != 0u && model_draw(m, 8) != 7u) {
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
    model_check_all(m);
}

/* --- a run ------------------------------------------------------------------------------------ */

static wmbt_status hostile_codec(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)frames;
    *written = out.len;
    memset(out.data, 0, out.len);
    return *(const wmbt_status *)context;
}

static void configure_codec(model *m)
{
    static WMBT_MEMORY(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
    static wmbt_buf lent_workspace;
    lent_workspace = wmbt_buf_of(workspace, sizeof workspace);
    uint32_t how = model_draw(m, 16);
    m->codec.decode = how == 14u ? NULL : wmbt_zstd_codec;
    m->codec.context = &lent_workspace;
    m->hostile = how == 15u;
    if (m->hostile) {
        static const wmbt_status statuses[] = {
            WMBT_OK,   WMBT_NEED_MORE,        WMBT_MISSING, WMBT_END, WMBT_BAD_STATE,
            WMBT_FULL, WMBT_BUFFER_TOO_SMALL, 44,           255,      256,
            -5,        WMBT_BAD_ARGUMENT};
        m->codec_says = statuses[model_draw(m, 12)];
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
    static const wmbt_shape_layer window[] = {{0, 0, 0}};
    static const wmbt_shape shapes[] = {
        {four, 4, 2, 1, 4, 8}, {one, 1, 1, 1, 4, 2}, {two, 2, 3, 0, 2, 1}, {window, 1, 9, 0, 4, 8}};
    static const uint8_t fingerprint[32] = {7};
    wmbt_chain_config *chain = &m->prompt_is.chain;
    uint32_t how = model_draw(m, 16);
    m->config.shape = &shapes[how < 9u || how > 13u ? 0u : how % 4u];
    chain->dialect = how == 15u ? WMBT_CHAIN_DS4 : WMBT_CHAIN_CORE;
    chain->block_tokens = how == 15u ? 128u : how == 14u ? 3u : 8u;
    if (how == 15u) {
        chain->fingerprint = WMBT_VIEW_LITERAL("a");
        chain->quant_bits = 2;
    } else {
        chain->fingerprint = wmbt_view_of(fingerprint, sizeof fingerprint);
    }
}

/* A block has as many bytes of rows as its places have room for. */
static void check_room(model *m)
{
    uint64_t room = 0, rows = 0;
    wmbt_kvblock_walk walk;
    wmbt_body_part part;
    if (wmbt_kvblock_walk_init(&walk, m->config.shape, m->prompt_is.chain.block_tokens) !=
        WMBT_OK) {
        return;
    }
    while (wmbt_kvblock_walk_next(&walk, &part) == WMBT_OK) {
        rows += part.extent.kind != WMBT_EXTENT_FIELD ? part.extent.bytes : 0u;
    }
    for (uint32_t layer = 0; layer < m->config.shape->layers; layer++) {
        room += wmbt_reader_place_bytes(&m->config, m->prompt_is.chain.block_tokens, layer,
                                        WMBT_EXTENT_COMP);
        room += wmbt_reader_place_bytes(&m->config, m->prompt_is.chain.block_tokens, layer,
                                        WMBT_EXTENT_INDEX);
    }
    M_CHECK(m, room == rows * (m->config.max_blocks + 1u));
}

/* Places one after the other with gaps between, or (without memory) in another's space. */
static void configure_places(model *m)
{
    uint32_t how = model_draw(m, 8);
    uint32_t count = m->config.shape->layers * WMBT_EXTENT_KINDS;
    uint64_t at = how == 6u ? (uint64_t)1 << 40 : GAP;
    bool kept = wmbt_shape_allows_block_tokens(m->config.shape, m->prompt_is.chain.block_tokens);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kind = i % WMBT_EXTENT_KINDS;
        uint32_t times = kind < WMBT_EXTENT_RAW ? m->config.max_blocks + 1u : 1u;
        m->places[i].offset = at;
        m->places[i].wanted = model_draw(m, 4) != 3u;
        uint32_t bytes = kept ? times * model_rows_bytes(m, i / WMBT_EXTENT_KINDS, kind) : 0u;
        M_CHECK(m, wmbt_reader_place_bytes(&m->config, m->prompt_is.chain.block_tokens,
                                           i / WMBT_EXTENT_KINDS, kind) == bytes);
        at += (uint64_t)bytes + GAP;
    }
    m->config.places = how == 7u ? NULL : m->places;
    m->rows = NULL;
    if (how < 6u && kept) {
        m->rows_len = (size_t)at;
        m->rows = model_lend(m, m->rows_len);
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
    uint8_t *odd = NULL;
    wmbt_reader_place places[MAX_PLACES];
    memcpy(places, m->places, sizeof places);
    switch (model_draw(m, 12)) {
    case 0: c.max_blocks = 0; break;
    case 1: c.max_blocks = WMBT_READER_MAX_BLOCKS + 1u; break;
    case 2: c.in_flight = 0; break;
    case 3: c.in_flight = WMBT_READER_MAX_IN_FLIGHT + 1u; break;
    case 4: c.max_object_bytes = 0; break;
    case 5: c.flags = 8; break;
    case 6: c.shape = NULL; break;
    case 7: c.runs = WMBT_READER_MAX_RUNS + 1u; break;
    case 8: c.memory = wmbt_buf_of(NULL, 1); break;
    case 9:
        memory.len--;
        status = WMBT_BUFFER_TOO_SMALL;
        break;
    case 10:
        odd = model_lend(m, memory.len + 1u);
        memory.data = odd + 1;
        status = WMBT_BUFFER_MISALIGNED;
        break;
    default: memory.data = NULL; break;
    }
    M_CHECK(m, wmbt_reader_init(memory, &c, 1, &r) == status && r == NULL);
    model_take_back(m, odd);
}

/* A prompt that is wrong in one way: there is none then. */
static void refuse_prompts(model *m)
{
    wmbt_reader_prompt p = m->prompt_is;
    uint32_t token = 1;
    switch (model_draw(m, 4)) {
    case 0: p.prefix.len = 0; break;
    case 1: p.chain.dialect = 77; break;
    case 2: p.flags = 1024; break;
    default: p.chain.block_tokens = 0; break;
    }
    M_CHECK(m, wmbt_reader_start(m->r, &p) == WMBT_BAD_ARGUMENT);
    M_CHECK(m, wmbt_reader_tokens(m->r, &token, 1) == WMBT_BAD_STATE);
    M_CHECK(m, wmbt_reader_end(m->r, 0) == WMBT_BAD_STATE);
    M_CHECK(m, wmbt_reader_blocks(m->r) == 0u);
}

static void configure(model *m)
{
    wmbt_reader_config *c = &m->config;
    m->style = model_draw(m, 4);
    configure_shape(m);
    configure_codec(m);
    wmbt_reader_prompt *p = &m->prompt_is;
    p->prefix = wmbt_view_of((const uint8_t *)"p", 1);
    p->name_space = wmbt_view_of((const uint8_t *)"n", model_draw(m, 2));
    c->max_blocks = 1u + model_draw(m, STOCK_BLOCKS);
    c->in_flight = 1u + model_draw(m, MAX_IN_FLIGHT);
    uint32_t limit = model_draw(m, 16);
    c->max_object_bytes = limit == 13u   ? UINT32_MAX
                          : limit == 14u ? model_draw(m, 200) + 1u
                          : limit == 15u ? 700u
                                         : STOCK_OBJECT_BYTES;
    c->presence_blocks = model_draw(m, 2) == 0u ? 0u : 1u + model_draw(m, 4);
    p->flags = model_draw(m, 16);
    p->flags = model_draw(m, 4) != 3u ? p->flags & ~WMBT_READER_NO_TAIL : p->flags;
    c->runs = model_draw(m, 4) != 3u ? 0u : 1u + model_draw(m, 20);
    configure_places(m);
    check_room(m);
    m->judge.shape = c->shape;
    m->judge.block_tokens = p->chain.block_tokens;
    m->judge.max_object_bytes = c->max_object_bytes;
    m->judge.codec = &m->codec;
    m->block_bytes = stock_block_bytes(&m->judge);
    uint32_t seed = model_draw(m, 65536);
    stock_fill(&model_stock, &m->judge, seed, model_draw(m, 3) == 0u ? 0u : model_draw(m, 128));
    uint32_t most = (STOCK_BLOCKS + 1u) * p->chain.block_tokens;
    m->prompt_tokens = model_one_in(m, 16) ? model_draw(m, p->chain.block_tokens)
                                           : most - 1u - model_draw(m, most / 2u);
    for (uint32_t i = 0; i < m->prompt_tokens; i++) {
        m->prompt[i] = seed + i;
    }
    size_t size = WMBT_READER_BYTES_RUNS(c->max_blocks, c->in_flight, model_runs(m));
    m->reader_memory = model_lend(m, size);
    if (model_draw(m, 8) == 7u) {
        refuse_configurations(m, wmbt_buf_of(m->reader_memory, size));
    }
    uint64_t serial = (uint64_t)model_draw(m, 65536) << model_draw(m, 48);
    M_CHECK(m, wmbt_reader_init(wmbt_buf_of(m->reader_memory, size), c, serial, &m->r) == WMBT_OK);
    M_CHECK(m, wmbt_reader_serial(m->r) == serial);
    if (model_draw(m, 8) == 7u) {
        refuse_prompts(m);
    }
    M_CHECK(m, wmbt_reader_start(m->r, p) == WMBT_OK);
}

/* Rows are where they belong, and the pieces are the object. */
static void check_pieces(model *m, uint32_t number)
{
    static const wmbt_reader_dma dma = {64, 16};
    const object *o = model_object_of(m, number);
    model_check_rows(m, number);
    for (uint32_t i = 0; i < 2u; i++) {
        uint32_t at = 0, bytes = 1;
        while (bytes != 0u) {
            bytes = model_call_piece(m, number, at, i == 0u ? NULL : &dma);
            at += bytes;
        }
        M_CHECK(m, at == o->plain.len);
    }
}

/* Lets it finish: every want that is out is answered, and every further one. */
static void finish(model *m)
{
    wmbt_want w;
    if (m->input == NONE) {
        model_call_tokens(m, m->prompt_tokens);
    }
    if (m->input != ENDED) {
        model_call_end(m, m->input == TOKENS ? m->tokens
                                             : m->blocks * m->prompt_is.chain.block_tokens);
    }
    for (uint32_t rounds = 0;; rounds++) {
        m->step++;
        M_CHECK(m, rounds < 200u);
        for (uint32_t i = 0; i < m->config.in_flight; i++) {
            w = m->slot[i].want;
            if (m->slot[i].used && m->slot[i].asked) {
                serve(m, &w);
            }
        }
        w = m->asked;
        serve(m, &w);
        model_check_all(m);
        if (model_call_next(m, &w) == WMBT_END) {
            break;
        }
    }
    model_check_plan(m);
    for (uint32_t i = 0; i < m->usable; i++) {
        check_pieces(m, i);
    }
    if (m->object[STOCK_BLOCKS].state == SETTLED && m->object[STOCK_BLOCKS].status == WMBT_OK) {
        check_pieces(m, TAIL);
    }
}

/* Once more from the start, all answers as they should be: what the stock is worth. */
static void check_clean_run(model *m)
{
    M_CHECK(m, wmbt_reader_start(m->r, &m->prompt_is) == WMBT_OK);
    model_forget(m);
    model_check_all(m);
    finish(m);
    uint32_t usable = 0;
    while (!m->hostile && usable < m->blocks && model_truth_of(m, usable).status == WMBT_OK) {
        usable++;
    }
    M_CHECK(m, m->hostile || m->usable == usable);
    if (usable != 0u && model_tail_is_wanted(m)) {
        bool fits = model_truth_of(m, TAIL).status == WMBT_OK;
        M_CHECK(m, (m->object[STOCK_BLOCKS].status == WMBT_OK) == fits);
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
    model_check_all(&m);
    while (m.step < steps && (choices->data == NULL || choices->left != 0u)) {
        step(&m);
    }
    finish(&m);
    check_clean_run(&m);
    model_check_gaps(&m);
    for (uint32_t i = 0; i < m.lents; i++) {
        if (m.lent[i].block != NULL) {
            model_drop(&m, &m.lent[i]);
        }
    }
}
