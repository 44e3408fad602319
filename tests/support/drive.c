/* SPDX-License-Identifier: Apache-2.0 */
/* A reader under test, driven in a fixed schedule. */
#include "drive.h"

#include "wombatkv/zstd.h"

#if WMBT_CFG_READER && WMBT_CFG_READER_TOKENS && WMBT_CFG_READER_COLLECT && WMBT_CFG_WRITERS && \
    WMBT_CFG_ZSTD

#    define SHAPE (&wmbt_test_shape)
#    define GUARD 16u
#    define GUARD_BYTE 0x6Bu
#    define UNTOUCHED 0xA5u

void drive_fail(drive *d, const char *file, int line, const char *what)
{
    wmbt_test_fail(d->t, file, line, what);
}

/* --- objects ---------------------------------------------------------------------------------- */

static wmbt_view wrapped(wmbt_test *t, wmbt_view v, uint32_t form)
{
    return form == FORM_PLAIN ? v : bucket_wrap(t, v, form == FORM_ZSTD);
}

void drive_fill(wmbt_test *t, drive_bucket *x, bool tail, uint32_t form)
{
    uint32_t state = 77;
    bucket *b = (bucket *)(void *)wmbt_test_alloc(t, sizeof *b);
    uint8_t *workspace = wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES);
    if (b == NULL || workspace == NULL) {
        return;
    }
    x->b = b;
    b->workspace = wmbt_buf_of(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
    b->blocks = tail ? 1u : 2u;
    b->token_count = b->blocks * BUCKET_BLOCK_TOKENS + 4u;
    for (uint32_t i = 0; i < b->blocks; i++) {
        b->hash[i].bytes[0] = (uint8_t)(i + 1u);
        if (tail || i != 0u) {
            bucket_store_at(t, b, i, false, bucket_block(t, i, &state));
        }
    }
    x->object = tail ? WMBT_READER_TAIL : 0u;
    x->plain =
        tail ? bucket_tail(t, BUCKET_BLOCK_TOKENS + 3u, SHAPE->window, BUCKET_BLOCK_TOKENS, &state)
             : bucket_block(t, 0, &state);
    wmbt_view stored;
    x->at[1] = b->objects;
    if (FORM_IS_CHUNK(form)) {
        stored = bucket_store_chunk(t, b, x->plain, wrapped(t, x->plain, form - FORM_CHUNK));
        stored = wrapped(t, stored, form == FORM_CHUNK_ZSTD ? FORM_ZSTD : FORM_PLAIN);
    } else {
        stored = wrapped(t, x->plain, form);
    }
    x->at[0] = b->objects;
    bucket_store_at(t, b, 0, tail, stored);
}

/* --- start ------------------------------------------------------------------------------------ */

/* Places of all rows one after the other. Returns the bytes. */
static size_t lay_out(drive *d)
{
    size_t at = 0;
    for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
        uint32_t layer = i / WMBT_EXTENT_KINDS, kind = i % WMBT_EXTENT_KINDS;
        uint32_t ratio = SHAPE->layer[layer].ratio;
        uint32_t rows = wmbt_shape_state_rows(SHAPE, layer);
        if (kind == WMBT_EXTENT_RAW) {
            rows = SHAPE->window;
        } else if (kind < WMBT_EXTENT_RAW) {
            rows = ratio == 0u ? 0u : (d->config.max_blocks + 1u) * BUCKET_BLOCK_TOKENS / ratio;
        }
        d->places[i].offset = at;
        d->places[i].wanted = 1;
        at += (size_t)rows * wmbt_shape_row_bytes(SHAPE, layer, kind);
    }
    return at;
}

drive *drive_config(wmbt_test *t, const bucket *b, uint32_t flags)
{
    drive *d = (drive *)(void *)wmbt_test_alloc(t, sizeof *d);
    uint8_t *lent = wmbt_test_alloc(t, 2u * (DRIVE_MAX_BYTES + 2u * GUARD));
    uint8_t *workspace = wmbt_test_alloc(t, WMBT_ZSTD_WORKSPACE_BYTES);
    if (d == NULL || lent == NULL || workspace == NULL) {
        return NULL;
    }
    d->t = t;
    d->b = b;
    d->raw = lent + GUARD;
    d->stored = d->raw + DRIVE_MAX_BYTES + 2u * GUARD;
    d->workspace = wmbt_buf_of(workspace, WMBT_ZSTD_WORKSPACE_BYTES);
    wmbt_reader_config *c = &d->config;
    c->shape = SHAPE;
    c->max_blocks = BUCKET_MAX_BLOCKS;
    c->in_flight = 1;
    c->max_object_bytes = DRIVE_MAX_BYTES;
    d->prompt.chain = bucket_chain();
    d->prompt.prefix = WMBT_VIEW_LITERAL(BUCKET_PREFIX);
    d->prompt.name_space = WMBT_VIEW_LITERAL(BUCKET_NAMESPACE);
    d->prompt.flags = flags;
    size_t bytes = lay_out(d);
    d->rows = wmbt_buf_of(wmbt_test_alloc(t, bytes + GUARD), bytes);
    c->memory = d->rows;
    c->places = d->places;
    c->codec.decode = wmbt_zstd_codec;
    c->codec.context = &d->workspace;
    d->wrong_at = DRIVE_NEVER;
    d->may_pass = DRIVE_ALL;
    return d;
}

void drive_start(drive *d)
{
    uint32_t runs = d->config.runs != 0u ? d->config.runs : WMBT_READER_RUNS;
    size_t size = WMBT_READER_BYTES_RUNS(d->config.max_blocks, d->config.in_flight, runs);
    d->memory = wmbt_buf_of(wmbt_test_alloc(d->t, size + GUARD), size);
    d->image = wmbt_test_alloc(d->t, size);
    D_CHECK(d, d->memory.data != NULL && d->image != NULL && d->rows.data != NULL);
    wmbt_test_set(d->memory.data + size, GUARD_BYTE, GUARD);
    wmbt_test_set(d->rows.data, UNTOUCHED, d->rows.len);
    wmbt_test_set(d->rows.data + d->rows.len, GUARD_BYTE, GUARD);
    D_CHECK(d, wmbt_reader_init(d->memory, &d->config, 1, &d->r) == WMBT_OK);
}

void drive_prompt(drive *d)
{
    D_CHECK(d, wmbt_reader_start(d->r, &d->prompt) == WMBT_OK);
}

void drive_forget(drive *d)
{
    d->open = false;
    d->found = false;
    d->from = NULL;
    d->step = 0;
}

void drive_reset(drive *d, uint32_t how, uint32_t may_pass)
{
    drive_forget(d);
    d->how = how;
    d->may_pass = may_pass;
    d->placed = 0;
    d->calls = 0;
    d->ends = 0;
    d->full = 0;
    d->raw_lent = 0;
    d->stored_lent = 0;
    wmbt_test_set(d->raw - GUARD, GUARD_BYTE, 2u * (DRIVE_MAX_BYTES + 2u * GUARD));
    drive_prompt(d);
    for (uint32_t i = 0; i < d->b->blocks; i++) {
        D_CHECK(d, wmbt_reader_hash(d->r, &d->b->hash[i]) == WMBT_OK);
    }
    D_CHECK(d, wmbt_reader_end(d->r, d->b->token_count) == WMBT_OK);
}

/* --- what must hold after each call ----------------------------------------------------------- */

static void check_guards(drive *d)
{
    for (uint32_t i = 0; i < GUARD; i++) {
        D_CHECK(d, d->raw[d->raw_lent + i] == GUARD_BYTE);
        D_CHECK(d, d->stored[d->stored_lent + i] == GUARD_BYTE);
        D_CHECK(d, d->raw[(int)i - (int)GUARD] == GUARD_BYTE);
        D_CHECK(d, d->stored[(int)i - (int)GUARD] == GUARD_BYTE);
        D_CHECK(d, d->memory.data[d->memory.len + i] == GUARD_BYTE);
        D_CHECK(d, d->rows.data[d->rows.len + i] == GUARD_BYTE);
    }
}

wmbt_status drive_status(drive *d, uint32_t object)
{
    wmbt_reader_object state;
    if (wmbt_reader_object_state(d->r, object, &state) != WMBT_OK) {
        drive_fail(d, __FILE__, __LINE__, "there is such an object");
        return WMBT_BAD_ARGUMENT;
    }
    return state.status;
}

uint32_t drive_trust(drive *d, uint32_t object)
{
    wmbt_piece piece;
    uint32_t offset = 0, trust = WMBT_TRUST_STAGED;
    while (wmbt_reader_piece(d->r, object, offset, NULL, &piece) == WMBT_OK) {
        if (piece.bytes == 0u || (offset != 0u && piece.trust != trust)) {
            drive_fail(d, __FILE__, __LINE__, "one trust for all pieces");
            break;
        }
        trust = piece.trust;
        offset += piece.bytes;
    }
    return trust;
}

static uint32_t bit_of(uint32_t object)
{
    return object == WMBT_READER_TAIL ? DRIVE_TAIL_BIT : 1u << object;
}

/* Of the object that the last want was about: verified only if it may be. */
static void check_object(drive *d)
{
    uint32_t object = d->want.object;
    if (d->said == WMBT_END && d->want.kind != WMBT_WANT_PRESENCE) {
        d->ends |= bit_of(object);
    }
    D_CHECK(d, (d->ends & ~d->may_pass) == 0u);
    wmbt_piece piece;
    bool verified = drive_status(d, object) == WMBT_OK;
    D_CHECK(d, !verified || (d->may_pass & bit_of(object)) != 0u);
    if (wmbt_reader_piece(d->r, object, 0, NULL, &piece) == WMBT_OK && !verified) {
        D_CHECK(d, piece.trust == WMBT_TRUST_STAGED);
    }
    D_CHECK(d, !(d->said == WMBT_END && !verified && object != WMBT_READER_TAIL));
}

/* --- calls ------------------------------------------------------------------------------------ */

static void look_up(drive *d)
{
    uint8_t key[256];
    size_t len = 0;
    D_CHECK(d, wmbt_reader_want_key(d->r, &d->want, wmbt_buf_of(key, sizeof key), &len) == WMBT_OK);
    const bucket_object *o = bucket_find(d->b, wmbt_view_of(key, len));
    d->from = o != NULL ? o->bytes.data : NULL;
    d->len = o != NULL ? (uint32_t)o->bytes.len : 0u;
}

static bool next(drive *d)
{
    d->said = wmbt_reader_next_want(d->r, &d->want);
    if (d->said != WMBT_OK) {
        if (d->said == WMBT_END) {
            check_guards(d);
        } else {
            drive_fail(d, __FILE__, __LINE__, "there is a next want, or all is settled");
        }
        return false;
    }
    drive_forget(d);
    d->open = true;
    wmbt_test_set(d->given, 0, sizeof d->given);
    if (d->want.kind == WMBT_WANT_OBJECT || d->want.kind == WMBT_WANT_RANGE) {
        look_up(d);
    } else if (d->want.collected != 0u) {
        drive_fail(d, __FILE__, __LINE__, "only bytes are collected");
    }
    return !d->t->failed;
}

static void lend(drive *d)
{
    D_CHECK(d, d->want.plain_bytes <= DRIVE_MAX_BYTES && d->want.stored_bytes <= DRIVE_MAX_BYTES);
    D_CHECK(d, d->want.plain_bytes != 0u || d->raw_lent != 0u); /* it has what it does not ask */
    if (d->want.plain_bytes != 0u) {
        d->raw_lent = d->want.plain_bytes;
        wmbt_test_set(d->raw - GUARD, GUARD_BYTE, DRIVE_MAX_BYTES + 2u * GUARD);
    }
    d->stored_lent = d->want.stored_bytes;
    wmbt_test_set(d->stored - GUARD, GUARD_BYTE, DRIVE_MAX_BYTES + 2u * GUARD);
    d->said = wmbt_reader_memory(d->r, &d->want, wmbt_buf_of(d->raw, d->want.plain_bytes),
                                 wmbt_buf_of(d->stored, d->want.stored_bytes));
    D_CHECK(d, d->said != WMBT_BAD_STATE && d->said != WMBT_NEED_MORE);
    d->open = false;
}

static void say_presence(drive *d)
{
    uint8_t bits[4] = {0, 0, 0, 0};
    for (uint32_t k = 0; k < d->want.blocks; k++) {
        uint8_t key[256];
        size_t len = 0;
        D_CHECK(d, wmbt_reader_object_key(d->r, d->want.object + k, wmbt_buf_of(key, sizeof key),
                                          &len) == WMBT_OK);
        if (bucket_find(d->b, wmbt_view_of(key, len)) != NULL) {
            bits[k / 8u] |= (uint8_t)(1u << k % 8u);
        }
    }
    D_CHECK(d, d->want.blocks != 0u);
    d->said = wmbt_reader_presence(d->r, &d->want, wmbt_view_of(bits, (d->want.blocks + 7u) / 8u));
    D_CHECK(d, d->said == WMBT_OK);
    d->open = false;
}

/* The rows that a DMA engine would take next, or 0. */
static uint32_t placeable(drive *d, uint32_t at, uint32_t end, uint64_t *place)
{
    wmbt_piece piece;
    if (d->how != DRIVE_PLACED ||
        wmbt_reader_piece(d->r, d->want.object, at, NULL, &piece) != WMBT_OK ||
        piece.has_place == 0u || piece.must_feed != 0u) {
        return 0;
    }
    *place = piece.place;
    return piece.bytes < end - at ? piece.bytes : end - at;
}

/* Gives bytes [at, at + n) by placed() if they are rows of a plain object, else by feed(). */
static void give(drive *d, uint32_t at, uint32_t n)
{
    uint64_t place = 0;
    uint32_t rows = placeable(d, at, at + n, &place);
    d->said = WMBT_COLLECTED;
    if (rows == n) {
        uint32_t crc = wmbt_test_crc32c(0, d->from + at, n);
        crc ^= d->placed == d->wrong_at ? d->wrong_crc : 0u;
        for (uint32_t i = 0; i < n; i++) {
            d->rows.data[place + i] = d->from[at + i];
        }
        d->said = wmbt_reader_placed(d->r, &d->want, at, n, crc);
        d->placed += d->said != WMBT_COLLECTED ? 1u : 0u;
    }
    if (d->said == WMBT_COLLECTED) { /* there is no place for it */
        size_t taken = 4711;
        d->said = wmbt_reader_feed(d->r, &d->want, at, wmbt_view_of(d->from + at, n), &taken);
        D_CHECK(d, taken == (wmbt_status_is_error(d->said) ? 4711u : n));
    }
    D_CHECK(d, d->said != WMBT_BAD_STATE && d->said != WMBT_BAD_ARGUMENT);
    if (d->said == WMBT_FULL) {
        d->full++;
    } else if (d->said != WMBT_NEED_MORE) {
        d->open = false;
    }
}

/* The next piece of the schedule; of a want that has been given in part, what is left. */
static void give_piece(drive *d)
{
    uint32_t begin = d->want.offset, end = begin + d->want.bytes;
    end = end < d->len ? end : d->len;
    D_CHECK(d, begin < end);
    uint32_t span = end - begin, size = 1;
    if (d->how == DRIVE_PLACED) { /* d->step counts bytes */
        uint64_t place;
        uint32_t n = placeable(d, begin + d->step, end, &place);
        wmbt_piece piece;
        if (n == 0u) {
            n = span - d->step;
            if (d->want.kind == WMBT_WANT_RANGE &&
                wmbt_reader_piece(d->r, d->want.object, begin + d->step, NULL, &piece) == WMBT_OK) {
                n = piece.bytes < n ? piece.bytes : n;
            }
        }
        uint32_t at = begin + d->step;
        d->step += n;
        give(d, at, n);
        return;
    }
    size = d->how == DRIVE_WHOLE ? span : d->how == DRIVE_BYTES ? 1u : 7u;
    uint32_t count = (span + size - 1u) / size, k = d->step++, half = count / 2u;
    if (k >= count) { /* those that were put off: the first is always taken */
        for (k = 0; d->given[k] != 0u; k++) {
            D_CHECK(d, k + 1u < count);
        }
    } else if (d->how == DRIVE_BACKWARDS) {
        k = count - 1u - k;
    } else if (d->how == DRIVE_SCATTERED) {
        k = k < half ? 2u * k + 1u : 2u * (k - half);
    }
    uint32_t n = k + 1u < count ? size : span - k * size;
    bool first = true; /* all before it is there */
    for (uint32_t i = 0; i < k; i++) {
        first = first && d->given[i] != 0u;
    }
    give(d, begin + k * size, n);
    D_CHECK(d, d->said != WMBT_FULL || !first);
    d->given[k] = d->said == WMBT_FULL ? 0 : 1;
}

static void answer(drive *d)
{
    if (d->want.kind == WMBT_WANT_PRESENCE) {
        say_presence(d);
    } else if (d->want.kind == WMBT_WANT_MEMORY) {
        lend(d);
    } else if (d->want.kind == WMBT_WANT_STEP) {
        d->said = wmbt_reader_step(d->r, &d->want);
        d->open = d->said == WMBT_NEED_MORE;
    } else if (d->from == NULL) {
        d->said = WMBT_OK;
        D_CHECK(d, wmbt_reader_fail(d->r, &d->want, WMBT_MISSING) == WMBT_OK);
        d->open = false;
    } else if (d->want.kind == WMBT_WANT_OBJECT && !d->found) {
        d->said = wmbt_reader_found(d->r, &d->want, d->len);
        d->found = true;
        d->open = d->said == WMBT_NEED_MORE;
    } else {
        give_piece(d);
    }
}

bool drive_step(drive *d)
{
    if (d->t->failed) {
        return false;
    }
    if (++d->calls > 4u * DRIVE_MAX_BYTES) {
        drive_fail(d, __FILE__, __LINE__, "it comes to an end");
        return false;
    }
    if (!d->open) {
        return next(d);
    }
    answer(d);
    if (!d->t->failed && d->want.kind != WMBT_WANT_PRESENCE) {
        check_object(d);
    }
    return !d->t->failed;
}

void drive_run(drive *d)
{
    while (drive_step(d)) {
    }
}

void drive_check_stale(drive *d, const wmbt_want *want)
{
    uint8_t byte = 0x55;
    size_t taken = 4711, len = 4711;
    wmbt_view bytes = wmbt_view_of(&byte, 1);
    for (size_t i = 0; i < d->memory.len; i++) {
        d->image[i] = d->memory.data[i];
    }
    D_CHECK(d, wmbt_reader_found(d->r, want, 100) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_feed(d->r, want, want->offset, bytes, &taken) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_placed(d->r, want, want->offset, 1, 0) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_presence(d->r, want, bytes) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_memory(d->r, want, wmbt_buf_of(d->raw, DRIVE_MAX_BYTES),
                                  wmbt_buf_of(d->stored, DRIVE_MAX_BYTES)) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_received(d->r, want, want->offset, 1) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_step(d->r, want) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_fail(d->r, want, WMBT_MISSING) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_retry(d->r, want) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_restart(d->r, want) == WMBT_STALE);
    D_CHECK(d, wmbt_reader_want_key(d->r, want, wmbt_buf_of(&byte, 1), &len) == WMBT_STALE);
    D_CHECK(d, taken == 4711u && len == 4711u && byte == 0x55);
    D_CHECK(d, wmbt_test_same(d->memory.data, d->image, d->memory.len));
}

void drive_check_rows(drive *d, uint32_t object, wmbt_view plain)
{
    uint32_t offset = 0;
    wmbt_piece piece;
    while (wmbt_reader_piece(d->r, object, offset, NULL, &piece) == WMBT_OK) {
        D_CHECK(d, piece.offset == offset && piece.bytes <= plain.len - offset);
        D_CHECK(d, (piece.has_place == 0u) == (piece.kind == WMBT_EXTENT_FIELD));
        if (piece.has_place != 0u) {
            D_CHECK(d,
                    wmbt_test_same(d->rows.data + piece.place, plain.data + offset, piece.bytes));
        }
        offset += piece.bytes;
    }
    D_CHECK(d, offset == plain.len);
}

#endif
