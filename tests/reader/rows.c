/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows must have gone. */
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATTERN 0xA7
#define GAP 37u /* between places: odd, so that rows go to addresses of every alignment */
#define WINDOW 128u

static uint8_t *need(uint8_t *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "no memory\n");
        exit(2);
    }
    return memory;
}

/* --- docs/FORMATS.md, "Shape" ----------------------------------------------------------------- */

static uint32_t ratio_of(uint32_t layer)
{
    return layer < 2u ? 0u : layer % 2u == 0u ? 4u : 128u;
}

static bool has_rows(uint32_t layer, uint32_t kind)
{
    bool index = kind == WMBT_EXTENT_INDEX || kind == WMBT_EXTENT_INDEX_STATE_KV ||
                 kind == WMBT_EXTENT_INDEX_STATE_SCORE;
    if (kind == WMBT_EXTENT_FIELD) {
        return false;
    }
    return kind == WMBT_EXTENT_RAW || (index ? ratio_of(layer) == 4u : ratio_of(layer) != 0u);
}

static uint32_t row_bytes(uint32_t layer, uint32_t kind)
{
    uint32_t twice = ratio_of(layer) == 4u ? 2u : 1u;
    switch (kind) {
    case WMBT_EXTENT_COMP:
    case WMBT_EXTENT_RAW: return 2048;
    case WMBT_EXTENT_INDEX: return 512;
    case WMBT_EXTENT_STATE_KV:
    case WMBT_EXTENT_STATE_SCORE: return twice * 2048u;
    default: return twice * 512u;
    }
}

static uint32_t state_rows(uint32_t layer)
{
    return ratio_of(layer) == 4u ? 8u : 128u;
}

/* --- places ----------------------------------------------------------------------------------- */

static size_t place_bytes(const rows *x, uint32_t layer, uint32_t kind)
{
    size_t count = state_rows(layer);
    if (!has_rows(layer, kind)) {
        return 0;
    }
    if (kind == WMBT_EXTENT_RAW) {
        count = WINDOW;
    } else if (kind == WMBT_EXTENT_COMP || kind == WMBT_EXTENT_INDEX) {
        count = (size_t)(x->slots + 1u) * (x->block_tokens / ratio_of(layer));
    }
    return count * row_bytes(layer, kind);
}

void rows_init(rows *x, uint32_t block_tokens, uint32_t slots, bool part)
{
    x->block_tokens = block_tokens;
    x->slots = slots;
    x->len = GAP;
    for (uint32_t i = ROWS_PLACES; i-- > 0u;) { /* no reader can take them for a sorted list */
        uint32_t layer = i / WMBT_EXTENT_KINDS, kind = i % WMBT_EXTENT_KINDS;
        x->place[i].stride = 0;
        x->place[i].wanted = !part || (layer + kind) % 3u != 1u ? 1u : 0u;
        x->place[i].offset = x->len;
        x->len += place_bytes(x, layer, kind) + GAP;
    }
    x->memory = need(malloc(x->len));
    x->image = need(malloc(x->len));
    memset(x->memory, PATTERN, x->len);
    memset(x->image, PATTERN, x->len);
}

void rows_free(rows *x)
{
    free(x->memory);
    free(x->image);
}

/* Where row `first` of a layer and kind belongs; NULL if it is not wanted. The place has room for
 * `count` rows from there on, or the object is none. */
static uint8_t *spot(rows *x, uint32_t layer, uint32_t kind, uint32_t first, uint32_t count)
{
    const wmbt_reader_place *p = &x->place[layer * WMBT_EXTENT_KINDS + kind];
    size_t size = row_bytes(layer, kind);
    if (((size_t)first + count) * size > place_bytes(x, layer, kind)) {
        fprintf(stderr, "layer %u kind %u: no room for rows %u + %u\n", (unsigned)layer,
                (unsigned)kind, (unsigned)first, (unsigned)count);
        exit(2);
    }
    return p->wanted != 0u ? x->image + p->offset + first * size : NULL;
}

/* --- objects ---------------------------------------------------------------------------------- */

/* A plain object; `good` false once it does not go on as it must. */
typedef struct source {
    wmbt_view plain;
    size_t at;
    bool good;
} source;

static uint32_t number(source *s)
{
    if (!s->good || s->plain.len - s->at < 4u) {
        s->good = false;
        return 0;
    }
    const uint8_t *p = s->plain.data + s->at;
    s->at += 4u;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void must_be(source *s, uint32_t want)
{
    uint32_t got = number(s);
    s->good = s->good && got == want;
}

static void rows_of(rows *x, source *s, uint32_t layer, uint32_t kind, uint32_t first,
                    uint32_t count)
{
    size_t bytes = (size_t)count * row_bytes(layer, kind);
    if (!s->good || s->plain.len - s->at < bytes) {
        s->good = false;
        return;
    }
    uint8_t *dst = spot(x, layer, kind, first, count);
    if (dst != NULL) {
        memcpy(dst, s->plain.data + s->at, bytes);
    }
    s->at += bytes;
}

/* docs/FORMATS.md, "KV block (KVB1)" */
bool rows_add_block(rows *x, wmbt_view plain, uint32_t block)
{
    source s = {plain, 0, true};
    must_be(&s, 0x3142564Bu);
    must_be(&s, 2);
    must_be(&s, block);
    must_be(&s, x->block_tokens);
    must_be(&s, ROWS_LAYERS);
    must_be(&s, (uint32_t)plain.len - 28u);
    for (uint32_t layer = 0; layer < ROWS_LAYERS; layer++) {
        uint32_t ratio = ratio_of(layer);
        must_be(&s, ratio);
        for (uint32_t kind = WMBT_EXTENT_COMP; kind <= WMBT_EXTENT_INDEX; kind++) {
            if (has_rows(layer, kind)) {
                uint32_t count = x->block_tokens / ratio;
                must_be(&s, count);
                rows_of(x, &s, layer, kind, block * count, count);
            }
        }
    }
    (void)number(&s); /* CRC32C */
    return s.good && s.at == plain.len;
}

/* docs/FORMATS.md, "Raw tail (RTT1)" */
bool rows_add_tail(rows *x, wmbt_view plain, uint32_t blocks)
{
    source s = {plain, 0, true};
    must_be(&s, 0x52545431u);
    must_be(&s, 4);
    must_be(&s, (uint32_t)plain.len - 16u);
    (void)number(&s); /* CRC32C */
    must_be(&s, ROWS_LAYERS);
    uint32_t raw = number(&s);
    must_be(&s, 512);
    must_be(&s, 4);
    uint32_t tokens = number(&s), end = blocks * x->block_tokens;
    for (uint32_t layer = 0; layer < ROWS_LAYERS; layer++) {
        rows_of(x, &s, layer, WMBT_EXTENT_RAW, 0, raw);
    }
    for (uint32_t layer = 2; layer < ROWS_LAYERS; layer++) {
        uint32_t ratio = ratio_of(layer), count = tokens / ratio - end / ratio;
        rows_of(x, &s, layer, WMBT_EXTENT_STATE_KV, 0, state_rows(layer));
        rows_of(x, &s, layer, WMBT_EXTENT_STATE_SCORE, 0, state_rows(layer));
        must_be(&s, count);
        rows_of(x, &s, layer, WMBT_EXTENT_COMP, end / ratio, count);
        if (has_rows(layer, WMBT_EXTENT_INDEX)) {
            rows_of(x, &s, layer, WMBT_EXTENT_INDEX_STATE_KV, 0, state_rows(layer));
            rows_of(x, &s, layer, WMBT_EXTENT_INDEX_STATE_SCORE, 0, state_rows(layer));
            must_be(&s, count);
            rows_of(x, &s, layer, WMBT_EXTENT_INDEX, end / ratio, count);
        }
    }
    must_be(&s, 0x52545445u);
    return s.good && s.at == plain.len;
}

static void any(rows *x, uint32_t layer, uint32_t kind, uint32_t first, uint32_t count)
{
    uint8_t *dst = spot(x, layer, kind, first, count);
    if (dst != NULL) {
        memcpy(dst, x->memory + (dst - x->image), (size_t)count * row_bytes(layer, kind));
    }
}

void rows_any_block(rows *x, uint32_t block)
{
    for (uint32_t layer = 2; layer < ROWS_LAYERS; layer++) {
        uint32_t count = x->block_tokens / ratio_of(layer);
        any(x, layer, WMBT_EXTENT_COMP, block * count, count);
        if (has_rows(layer, WMBT_EXTENT_INDEX)) {
            any(x, layer, WMBT_EXTENT_INDEX, block * count, count);
        }
    }
}

void rows_any_tail(rows *x, uint32_t blocks)
{
    rows_any_block(x, blocks);
    for (uint32_t layer = 0; layer < ROWS_LAYERS; layer++) {
        any(x, layer, WMBT_EXTENT_RAW, 0, WINDOW);
        for (uint32_t kind = WMBT_EXTENT_STATE_KV; kind < WMBT_EXTENT_KINDS; kind++) {
            if (has_rows(layer, kind)) {
                any(x, layer, kind, 0, state_rows(layer));
            }
        }
    }
}

bool rows_agree(const rows *x)
{
    return memcmp(x->memory, x->image, x->len) == 0;
}
