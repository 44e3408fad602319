/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader: where rows go. Layout and places of the small shape's objects are worked out here, from
 * the formats' rules; the reader's pieces must tile them within the limits of a DMA engine.
 */
#include "../support/drive.h"

#define SHAPE (&wmbt_test_shape)
#define MAX_PARTS 64u
#define TAIL_TOKENS 11u
#define TAIL_RAW 8u

/* A run of bytes of an object that belong together. */
typedef struct part {
    uint32_t from, to;
    uint32_t layer, kind; /* WMBT_EXTENT_FIELD: no rows */
    uint64_t place;       /* of its first byte */
} part;

typedef struct layout {
    part parts[MAX_PARTS];
    uint32_t count;
    uint32_t end;
} layout;

static void put(layout *l, uint32_t layer, uint32_t kind, uint32_t bytes, uint64_t place)
{
    if (bytes == 0u || l->count == MAX_PARTS) {
        return;
    }
    part *p = &l->parts[l->count++];
    p->from = l->end;
    p->to = l->end + bytes;
    p->layer = layer;
    p->kind = kind;
    p->place = place;
    l->end += bytes;
}

static uint64_t base_of(const drive *d, uint32_t layer, uint32_t kind)
{
    return d->places[layer * WMBT_EXTENT_KINDS + kind].offset;
}

/* Header, then of each layer its ratio and, if it keeps rows, counts and rows; the CRC. */
static void lay_block(const drive *d, uint32_t block, layout *l)
{
    l->count = 0;
    l->end = 0;
    put(l, 0, WMBT_EXTENT_FIELD, 24, 0);
    for (uint32_t i = 0; i < SHAPE->layers; i++) {
        const wmbt_shape_layer *layer = &SHAPE->layer[i];
        put(l, i, WMBT_EXTENT_FIELD, 4, 0);
        if (layer->ratio == 0u) {
            continue;
        }
        uint32_t rows = BUCKET_BLOCK_TOKENS / layer->ratio;
        uint32_t comp = rows * SHAPE->head_dim * 4u, index = rows * SHAPE->index_dim * 4u;
        put(l, i, WMBT_EXTENT_FIELD, 4, 0);
        put(l, i, WMBT_EXTENT_COMP, comp, base_of(d, i, WMBT_EXTENT_COMP) + block * comp);
        if (layer->has_index != 0u) {
            put(l, i, WMBT_EXTENT_FIELD, 4, 0);
            put(l, i, WMBT_EXTENT_INDEX, index, base_of(d, i, WMBT_EXTENT_INDEX) + block * index);
        }
    }
    put(l, 0, WMBT_EXTENT_FIELD, 4, 0);
}

/* States of a layer's compressor or of its indexer's, then a count and the partial rows, which go
 * on where the rows of the blocks end. */
static void lay_states(const drive *d, layout *l, uint32_t i, uint32_t state_kv, uint32_t dim,
                       uint32_t blocks)
{
    const wmbt_shape_layer *layer = &SHAPE->layer[i];
    uint32_t twice = layer->overlaps != 0u ? 2u : 1u;
    uint32_t state = twice * layer->ratio * twice * dim * 4u;
    uint32_t kind = state_kv == WMBT_EXTENT_STATE_KV ? WMBT_EXTENT_COMP : WMBT_EXTENT_INDEX;
    uint32_t whole = blocks * BUCKET_BLOCK_TOKENS / layer->ratio;
    put(l, i, state_kv, state, base_of(d, i, state_kv));
    put(l, i, state_kv + 1u, state, base_of(d, i, state_kv + 1u));
    put(l, i, WMBT_EXTENT_FIELD, 4, 0);
    put(l, i, kind, (TAIL_TOKENS / layer->ratio - whole) * dim * 4u,
        base_of(d, i, kind) + whole * dim * 4u);
}

static void lay_tail(const drive *d, layout *l)
{
    l->count = 0;
    l->end = 0;
    put(l, 0, WMBT_EXTENT_FIELD, 36, 0);
    for (uint32_t i = 0; i < SHAPE->layers; i++) {
        put(l, i, WMBT_EXTENT_RAW, TAIL_RAW * SHAPE->head_dim * 4u, base_of(d, i, WMBT_EXTENT_RAW));
    }
    for (uint32_t i = 0; i < SHAPE->layers; i++) {
        if (SHAPE->layer[i].ratio != 0u) {
            lay_states(d, l, i, WMBT_EXTENT_STATE_KV, SHAPE->head_dim, 1);
        }
        if (SHAPE->layer[i].has_index != 0u) {
            lay_states(d, l, i, WMBT_EXTENT_INDEX_STATE_KV, SHAPE->index_dim, 1);
        }
    }
    put(l, 0, WMBT_EXTENT_FIELD, 4, 0);
}

static const part *part_at(const layout *l, uint32_t offset)
{
    uint32_t i = 0;
    while (i + 1u < l->count && l->parts[i].to <= offset) {
        i++;
    }
    return &l->parts[i];
}

/* --- one piece -------------------------------------------------------------------------------- */

static void check_piece(drive *d, const layout *l, const wmbt_reader_dma *dma,
                        const wmbt_piece *piece)
{
    const part *p = part_at(l, piece->offset);
    uint32_t rest = p->to - piece->offset;
    bool rows = p->kind != WMBT_EXTENT_FIELD;
    bool wanted = rows && d->places[p->layer * WMBT_EXTENT_KINDS + p->kind].wanted != 0u;
    D_CHECK(d, piece->kind == p->kind && (!rows || piece->layer == p->layer));
    D_CHECK(d, piece->layer < SHAPE->layers);
    D_CHECK(d, piece->bytes != 0u && piece->bytes <= rest);
    D_CHECK(d, piece->has_place == (wanted ? 1u : 0u));
    uint64_t place = wanted ? p->place + (piece->offset - p->from) : 0u;
    D_CHECK(d, piece->place == place);
    if (piece->offset < WMBT_READER_HEADER_BYTES) { /* fed, whatever it is */
        uint32_t header = WMBT_READER_HEADER_BYTES - piece->offset;
        D_CHECK(d, piece->must_feed == 1u && piece->bytes == (rest < header ? rest : header));
        return;
    }
    if (!rows || dma == NULL) {
        D_CHECK(d, piece->bytes == rest && piece->must_feed == (rows ? 0u : 1u));
        return;
    }
    uint32_t align = dma->align == 0u ? 1u : dma->align;
    uint32_t most = dma->max_bytes == 0u || dma->max_bytes > rest ? rest : dma->max_bytes;
    if (place % align != 0u) { /* fed up to where the engine can begin */
        uint32_t up = align - (uint32_t)(place % align);
        D_CHECK(d, piece->must_feed == 1u && piece->bytes == (up < rest ? up : rest));
    } else if (most < align) { /* too few for it */
        D_CHECK(d, piece->must_feed == 1u && piece->bytes == rest);
    } else {
        D_CHECK(d, piece->must_feed == 0u && piece->bytes == most - most % align);
    }
}

/* Pieces at every offset are right, and tile the object if followed from its start. */
static void check_object(drive *d, const layout *l, uint32_t object, const wmbt_reader_dma *dma)
{
    wmbt_piece piece;
    uint32_t next = 0;
    for (uint32_t offset = 0; offset < l->end; offset++) {
        D_CHECK(d, wmbt_reader_piece(d->r, object, offset, dma, &piece) == WMBT_OK);
        D_CHECK(d, piece.offset == offset);
        check_piece(d, l, dma, &piece);
        if (d->t->failed) {
            d->t->got = offset;
            return;
        }
        next = offset == next ? offset + piece.bytes : next;
    }
    D_CHECK(d, next == l->end);
    piece.bytes = 4711;
    D_CHECK(d, wmbt_reader_piece(d->r, object, l->end, dma, &piece) == WMBT_END);
    D_CHECK(d, wmbt_reader_piece(d->r, object, UINT32_MAX, dma, &piece) == WMBT_END);
    D_CHECK(d, piece.bytes == 4711);
}

static void check_limits(drive *d, const layout *l, uint32_t object)
{
    static const uint32_t limits[] = {0, 1, 3, 4, 6, 7, 16, 24, 64, 100000, UINT32_MAX};
    wmbt_reader_dma dma = {0, 0};
    check_object(d, l, object, NULL);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        dma.max_bytes = limits[i];
        dma.align = 0;
        check_object(d, l, object, &dma);
        for (dma.align = 1; dma.align <= 64u && !d->t->failed; dma.align *= 2u) {
            check_object(d, l, object, &dma);
        }
        dma.align = 0x80000000u;
        check_object(d, l, object, &dma);
        if (d->t->failed) {
            return;
        }
    }
}

/* --- cases ------------------------------------------------------------------------------------ */

/* A bucket of so many sound blocks, and a tail behind the first if it is the only one. */
static bucket *fill(wmbt_test *t, uint32_t blocks, wmbt_view *tail)
{
    uint32_t state = 99;
    bucket *b = (bucket *)(void *)wmbt_test_alloc(t, sizeof *b);
    if (b == NULL) {
        return NULL;
    }
    b->blocks = blocks;
    b->token_count = blocks * BUCKET_BLOCK_TOKENS + TAIL_TOKENS - BUCKET_BLOCK_TOKENS;
    for (uint32_t i = 0; i < blocks; i++) {
        b->hash[i].bytes[0] = (uint8_t)(i + 1u);
        bucket_store_at(t, b, i, false, bucket_block(t, i, &state));
    }
    if (blocks == 1u) {
        *tail = bucket_tail(t, TAIL_TOKENS, TAIL_RAW, BUCKET_BLOCK_TOKENS, &state);
        bucket_store_at(t, b, 0, true, *tail);
    }
    return b;
}

/* Places with gaps, so that no two are aligned alike; every third is not wanted. Without memory:
 * addresses of somebody else's, near the end of all. */
static void spread(drive *d, uint64_t base, bool all)
{
    uint64_t gap = 0;
    for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
        gap += i % 5u;
        d->places[i].offset += base + gap;
        d->places[i].wanted = all || i % 3u != 0u ? 1u : 0u;
    }
    d->config.memory = wmbt_buf_of(NULL, 0);
}

static drive *make(wmbt_test *t, uint32_t blocks, uint64_t base, bool all)
{
    wmbt_view tail;
    wmbt_test_reset(t);
    bucket *b = fill(t, blocks, &tail);
    drive *d = b == NULL ? NULL : drive_config(t, b, WMBT_READER_TRUST_TAIL);
    if (d == NULL) {
        return NULL;
    }
    spread(d, base, all);
    drive_start(d);
    drive_reset(d, DRIVE_WHOLE, DRIVE_ALL);
    return d;
}

static const uint64_t bases[] = {0, 1, 4, 6, 0xFFFFFFFFu, UINT64_MAX - 65535u};

static void test_blocks(wmbt_test *t)
{
    layout l;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i += T_MANY(1u, 3u)) {
        drive *d = make(t, BUCKET_MAX_BLOCKS, bases[i], i % 2u == 0u);
        T_CHECK(t, d != NULL && !t->failed);
        for (uint32_t block = 0; block < BUCKET_MAX_BLOCKS; block += 5u) {
            lay_block(d, block, &l);
            T_EQ(t, l.end, 144);
            T_CALL(t, check_limits(d, &l, block));
        }
    }
}

static void test_tail(wmbt_test *t)
{
    layout l;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i += T_MANY(1u, 3u)) {
        drive *d = make(t, 1, bases[i], i % 2u == 0u);
        wmbt_piece piece;
        T_CHECK(t, d != NULL && !t->failed);
        while (drive_step(d) && (d->want.object != WMBT_READER_TAIL || !d->found)) {
            T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece), WMBT_MISSING);
        }
        T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece), WMBT_MISSING);
        T_CHECK(t, drive_step(d)); /* its head */
        lay_tail(d, &l);
        T_CALL(t, check_limits(d, &l, WMBT_READER_TAIL));
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_trust(d, WMBT_READER_TAIL), WMBT_TRUST_USABLE);
        T_CALL(t, check_object(d, &l, WMBT_READER_TAIL, NULL));
    }
}

/* A DMA engine that takes 8 bytes at multiples of 4, and all else is fed: the rows arrive. */
static void test_engine(wmbt_test *t)
{
    const wmbt_reader_dma dma = {8, 4};
    wmbt_view tail;
    bucket *b = fill(t, 1, &tail);
    drive *d = b == NULL ? NULL : drive_config(t, b, WMBT_READER_TRUST_TAIL);
    T_CHECK(t, d != NULL && !t->failed);
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    uint32_t placed = 0;
    while (drive_step(d)) {
        wmbt_piece piece;
        if (!d->open || d->want.kind != WMBT_WANT_RANGE) {
            continue;
        }
        uint32_t at = d->want.offset, end = at + d->want.bytes;
        for (d->said = WMBT_NEED_MORE; at < end; at += piece.bytes) {
            T_EQ(t, d->said, WMBT_NEED_MORE);
            T_EQ(t, wmbt_reader_piece(d->r, d->want.object, at, &dma, &piece), WMBT_OK);
            const uint8_t *from = d->from + at;
            size_t taken = 0;
            if (piece.must_feed != 0u) {
                d->said =
                    wmbt_reader_feed(d->r, &d->want, at, wmbt_view_of(from, piece.bytes), &taken);
                continue;
            }
            for (uint32_t i = 0; i < piece.bytes; i++) {
                d->rows.data[piece.place + i] = from[i];
            }
            d->said = wmbt_reader_placed(d->r, &d->want, at, piece.bytes,
                                         wmbt_test_crc32c(0, from, piece.bytes));
            placed++;
        }
        T_EQ(t, d->said, WMBT_END);
        d->open = false;
    }
    T_CHECK(t, !t->failed && placed > 10u);
    T_EQ(t, drive_trust(d, WMBT_READER_TAIL), WMBT_TRUST_USABLE);
    T_CALL(t, drive_check_rows(d, WMBT_READER_TAIL, tail));
}

/* No rows are wanted: they are cut as if they were, and have no place. */
static void test_no_places(wmbt_test *t)
{
    const wmbt_reader_dma dma = {12, 4};
    wmbt_view tail;
    layout l;
    bucket *b = fill(t, 1, &tail);
    drive *d = b == NULL ? NULL : drive_config(t, b, WMBT_READER_TRUST_TAIL);
    T_CHECK(t, d != NULL && !t->failed);
    d->config.places = NULL;
    for (uint32_t i = 0; i < DRIVE_PLACES; i++) {
        d->places[i].wanted = 0;
    }
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_PLACED, DRIVE_ALL));
    T_CALL(t, drive_run(d));
    T_EQ(t, drive_trust(d, WMBT_READER_TAIL), WMBT_TRUST_USABLE);
    lay_block(d, 0, &l);
    T_CALL(t, check_object(d, &l, 0, &dma));
    T_CALL(t, check_object(d, &l, 0, NULL));
    lay_tail(d, &l);
    T_CALL(t, check_object(d, &l, WMBT_READER_TAIL, &dma));
}

/* No such object, no such alignment; nothing is written. */
static void test_refused(wmbt_test *t)
{
    drive *d = make(t, 2, 0, true);
    wmbt_piece piece = {1, 2, 3, 4, 5, 6, 7, 8};
    wmbt_reader_dma dma = {0, 3};
    T_CHECK(t, d != NULL && !t->failed);
    T_EQ(t, wmbt_reader_piece(d->r, 2, 0, NULL, &piece), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL - 1u, 0, NULL, &piece), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_piece(d->r, 0, 0, &dma, &piece), WMBT_BAD_ARGUMENT);
    dma.align = 0xFFFFFFFFu;
    T_EQ(t, wmbt_reader_piece(d->r, 0, 0, &dma, &piece), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_reader_piece(d->r, WMBT_READER_TAIL, 0, NULL, &piece), WMBT_MISSING);
    T_EQ(t, wmbt_reader_piece(d->r, 1, 144, NULL, &piece), WMBT_END);
    T_CHECK(t, piece.place == 1 && piece.offset == 2 && piece.bytes == 3 && piece.trust == 8);
}

/* A page is read once. What the table says later moves no piece, of a block in flight, verified or
 * resident, plain or collected, nor of the tail. */
static void test_page_stays(wmbt_test *t)
{
    drive_bucket x;
    for (uint32_t form = 0; form < FORMS; form++) {
        for (uint32_t tail = 0; tail < 2u; tail++) {
            uint32_t pages[3] = {2, 0, 1};
            wmbt_test_reset(t);
            T_CALL(t, drive_fill(t, &x, tail != 0u, form));
            drive *d = drive_config(t, x.b, WMBT_READER_TRUST_TAIL | WMBT_READER_INEXACT);
            T_CHECK(t, d != NULL);
            d->prompt.pages = pages;
            d->prompt.page_count = 3;
            T_CALL(t, drive_start(d));
            T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
            wmbt_piece piece, row;
            T_EQ(t, wmbt_reader_piece(d->r, 0, 36, NULL, &piece), WMBT_MISSING); /* not read yet */
            while (drive_step(d) && !(d->open && d->want.object == x.object)) {
            }
            T_CHECK(t, !t->failed && d->open);
            for (uint32_t i = 0; i < 3u; i++) {
                pages[i] = 4u + i;
            }
            T_CALL(t, drive_run(d));
            T_EQ(t, drive_trust(d, x.object), WMBT_TRUST_USABLE);
            T_EQ(t, wmbt_reader_piece(d->r, 0, 36, NULL, &row), WMBT_OK);
            T_EQ(t, row.place, base_of(d, 1, WMBT_EXTENT_COMP) + 2u * 2u * 2u * 4u);
            T_CALL(t, drive_check_rows(d, x.object, x.plain));
            pages[0] = UINT32_MAX; /* passes the memory */
            T_EQ(t, wmbt_reader_piece(d->r, 0, 36, NULL, &piece), WMBT_OK);
            T_EQ(t, piece.place, row.place);
        }
    }
}

static void test_page_of_resident(wmbt_test *t)
{
    uint32_t pages[3] = {2, 7, 1};
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL);
    T_CHECK(t, d != NULL);
    d->prompt.pages = pages;
    d->prompt.page_count = 1;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    wmbt_piece piece, row;
    T_EQ(t, wmbt_reader_resident(d->r, 0), WMBT_OK);
    T_EQ(t, wmbt_reader_resident(d->r, 1), WMBT_OK); /* usable, with no page that is known */
    T_EQ(t, wmbt_reader_piece(d->r, 0, 36, NULL, &row), WMBT_OK);
    pages[0] = 0;
    T_EQ(t, wmbt_reader_piece(d->r, 0, 36, NULL, &piece), WMBT_OK);
    T_CHECK(t, piece.place == row.place && piece.has_place == 1u);
    T_EQ(t, wmbt_reader_piece(d->r, 1, 36, NULL, &piece), WMBT_MISSING);
    T_EQ(t, wmbt_reader_usable_blocks(d->r), 2);
}

/* A block of 2^32 - 1 bytes, one layer of them without rows; four bytes more have no place. */
#define WIDE_LAYERS 77u
#define WIDE_TOKENS 8192u
#define WIDE_DIM 7729u

static void test_largest_block(wmbt_test *t)
{
    static const uint16_t ratios[] = {0, 2, 4, 16, 64, 256, 1024, 2048, 4096, 8192}; /* then 1 */
    wmbt_shape_layer layers[WIDE_LAYERS + 1u];
    wmbt_shape wide = {layers, WIDE_LAYERS, WIDE_DIM, 0, 1, 1};
    uint64_t bytes = 24u + 4u; /* header, CRC; ratio, count and rows of each layer */
    for (uint32_t i = 0; i <= WIDE_LAYERS; i++) {
        layers[i].ratio = i < 10u ? ratios[i] : 1u;
        layers[i].has_index = 0;
        layers[i].overlaps = 0;
        uint64_t rows = layers[i].ratio == 0u ? 0u : WIDE_TOKENS / layers[i].ratio;
        bytes += i == WIDE_LAYERS ? 0u : rows == 0u ? 4u : 8u + rows * WIDE_DIM;
    }
    layers[WIDE_LAYERS].ratio = 0;
    T_EQ(t, bytes, UINT32_MAX);
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL);
    T_CHECK(t, d != NULL);
    d->config.shape = &wide;
    d->config.places = NULL;
    d->config.memory = wmbt_buf_of(NULL, 0);
    d->prompt.chain.block_tokens = WIDE_TOKENS;
    for (uint32_t more = 0; more < 2u; more++) {
        wmbt_piece piece;
        wide.layers = WIDE_LAYERS + more;
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_prompt(d));
        T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[0]), WMBT_OK);
        wmbt_status status = wmbt_reader_piece(d->r, 0, UINT32_MAX - 1u, NULL, &piece);
        T_EQ(t, status, more == 0u ? WMBT_OK : WMBT_MISSING);
        if (more == 0u) {
            T_CHECK(t, piece.kind == WMBT_EXTENT_FIELD && piece.bytes == 1u);
            T_EQ(t, wmbt_reader_piece(d->r, 0, UINT32_MAX, NULL, &piece), WMBT_END);
        }
    }
    wide.layers = 1; /* and the least: a header, a ratio of 0, a CRC, all of them layer 0's */
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_prompt(d));
    T_EQ(t, wmbt_reader_hash(d->r, &x.b->hash[0]), WMBT_OK);
    for (uint32_t at = 0; at < 32u; at++) {
        wmbt_piece piece;
        T_EQ(t, wmbt_reader_piece(d->r, 0, at, NULL, &piece), WMBT_OK);
        T_CHECK(t, piece.kind == WMBT_EXTENT_FIELD && piece.layer == 0u);
    }
}

/* With pages, start() leaves it to the page whether a block has a place: none has one here. */
static void test_no_page_fits(wmbt_test *t)
{
    static const uint32_t pages[3] = {0, 1, 2};
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL | WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    d->prompt.pages = pages;
    d->prompt.page_count = 3;
    d->places[WMBT_EXTENT_KINDS + WMBT_EXTENT_COMP].offset = d->config.memory.len;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, 0));
    T_CALL(t, drive_run(d));
    wmbt_reader_object state;
    for (uint32_t i = 0; i < 2u; i++) {
        T_EQ(t, wmbt_reader_object_state(d->r, i, &state), WMBT_OK);
        T_CHECK(t, state.status == WMBT_FULL && state.bytes == 0u);
    }
    d->prompt.pages = NULL;
    d->prompt.page_count = 0;
    T_EQ(t, wmbt_reader_start(d->r, &d->prompt), WMBT_BAD_ARGUMENT);
}

/* A page that passes the memory by one byte in one kind of rows is none, nor is one that the table
 * does not have: its block is full, and that of the others is not. So with the tail. */
static void test_some_pages_fit(wmbt_test *t)
{
    static const uint32_t kinds[] = {WMBT_EXTENT_COMP, WMBT_EXTENT_INDEX};
    static const uint32_t pages[2] = {0, 1};
    drive_bucket x;
    for (uint32_t i = 0; i < 3u; i++) {
        wmbt_test_reset(t);
        T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
        drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL | WMBT_READER_AUDIT);
        T_CHECK(t, d != NULL);
        d->prompt.pages = pages;
        d->prompt.page_count = i < 2u ? 2u : 1u;
        if (i < 2u) { /* layer 1: two rows of two elements a block, or of one */
            uint32_t bytes = kinds[i] == WMBT_EXTENT_COMP ? 2u * 2u * 4u : 2u * 1u * 4u;
            d->places[WMBT_EXTENT_KINDS + kinds[i]].offset = d->rows.len - 2u * bytes + 1u;
        }
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, 1));
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, 0), WMBT_OK);
        T_EQ(t, drive_status(d, 1), WMBT_FULL);
    }
    for (uint32_t count = 1; count < 3u; count++) {
        wmbt_test_reset(t);
        T_CALL(t, drive_fill(t, &x, true, FORM_PLAIN));
        drive *d = drive_config(t, x.b, WMBT_READER_TRUST_TAIL);
        T_CHECK(t, d != NULL);
        d->prompt.pages = pages;
        d->prompt.page_count = count;
        T_CALL(t, drive_start(d));
        T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
        T_CALL(t, drive_run(d));
        T_EQ(t, drive_status(d, WMBT_READER_TAIL), count == 1u ? WMBT_FULL : WMBT_OK);
    }
}

/* A page may be set until its block's first want is handed out, also while something else of the
 * reader's waits for that. */
static void test_page_set_late(wmbt_test *t)
{
    uint32_t pages[2] = {1, UINT32_MAX};
    drive_bucket x;
    T_CALL(t, drive_fill(t, &x, false, FORM_PLAIN));
    drive *d = drive_config(t, x.b, WMBT_READER_NO_TAIL | WMBT_READER_AUDIT);
    T_CHECK(t, d != NULL);
    d->config.in_flight = 2;
    d->prompt.pages = pages;
    d->prompt.page_count = 2;
    T_CALL(t, drive_start(d));
    T_CALL(t, drive_reset(d, DRIVE_WHOLE, DRIVE_ALL));
    T_CHECK(t, drive_step(d) && drive_step(d) && drive_step(d)); /* want, found, header */
    T_CHECK(t, d->want.object == 0u && !d->open);
    T_CHECK(t, drive_step(d) && d->want.object == 0u && d->want.kind == WMBT_WANT_RANGE);
    T_CHECK(t, !wmbt_reader_in_flight(d->r, 1));
    pages[1] = 0;
    T_EQ(t, wmbt_reader_next_want(d->r, &d->want), WMBT_OK);
    T_CHECK(t, d->want.object == 1u && d->want.kind == WMBT_WANT_OBJECT);
    wmbt_piece piece;
    T_EQ(t, wmbt_reader_piece(d->r, 1, 36, NULL, &piece), WMBT_OK);
    T_EQ(t, piece.place, base_of(d, 1, WMBT_EXTENT_COMP));
}

#define ARENA (128u << 10)

static const wmbt_case cases[] = {
    {"blocks: pieces tile them, within any limits", test_blocks, ARENA, NULL},
    {"tail: pieces tile it, within any limits", test_tail, ARENA, NULL},
    {"an engine's rows and the fed rest arrive", test_engine, ARENA, NULL},
    {"no rows are wanted", test_no_places, ARENA, NULL},
    {"the largest block, and the least", test_largest_block, ARENA, NULL},
    {"no page fits: blocks are full", test_no_page_fits, ARENA, NULL},
    {"pages that do not fit, or are not there", test_some_pages_fit, ARENA, NULL},
    {"a page that is set late", test_page_set_late, ARENA, NULL},
    {"what is refused", test_refused, ARENA, NULL},
    {"a page is read once", test_page_stays, ARENA, NULL},
    {"the page of a resident block", test_page_of_resident, ARENA, NULL},
};
WMBT_SUITE(reader_pieces, cases);
