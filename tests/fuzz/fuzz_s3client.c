/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of S3 against a model of a store (tests/support/live.h): the input chooses how the
 * object under test is stored, over how many connections and in what parts it is fetched, how each
 * answer misbehaves, and bytes of answers that are altered or left out. Whatever comes, the reader
 * comes to an end; what it calls verified is the object; and a restore after that, over the same
 * connections from a store that behaves, gives the object.
 *
 * The input: form and tail, connections and depth, bytes of a part / 8, objects in flight and first
 * bytes, splits; then for each answer what is wrong with it, and for MEDDLED ones three bytes more.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/live.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA ((size_t)256 * 1024)
#define MOODS 14u
#define MEDDLED 15u /* and above: the answer's bytes */

typedef struct input {
    const uint8_t *data;
    size_t left;
    bool meddled;
} input;

static uint8_t draw(input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->data++;
}

/* Before an answer a mood, after it other bytes. */
static void meddle(live_store *s, size_t from, bool after)
{
    input *in = s->context;
    uint32_t *const moods[MOODS] = {&s->busy,      &s->cut,     &s->garbage, &s->no_range,
                                    &s->denied,    &s->clock,   &s->region,  &s->changing,
                                    &s->short_206, &s->no_206,  &s->silent,  &s->head_404,
                                    &s->hang_up,   &s->replaced};
    if (!after) {
        uint8_t mood = draw(in);
        in->meddled = mood >= MEDDLED;
        if (mood != 0u && mood <= MOODS) {
            *moods[mood - 1u] = 1;
        }
        return;
    }
    size_t n = s->w->len - from;
    if (in->meddled && n != 0u) {
        size_t at = draw(in) | (size_t)draw(in) << 8;
        uint8_t change = draw(in);
        uint8_t *p = s->w->out + from + at % n;
        if (change == 0u) { /* it is left out */
            memmove(p, p + 1, (size_t)(s->w->out + s->w->len - (p + 1)));
            s->w->len--;
        } else {
            *p ^= change;
        }
    }
}

static void check(const wmbt_test *t, const char *what)
{
    if (t->failed) {
        (void)fprintf(stderr, "%s:%d: %s (%s)\n", t->file, t->line, t->what, what);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(64) uint8_t arena[ARENA];
    static const uint32_t firsts[4] = {0, 144, 1000, UINT32_MAX};
    wmbt_test test;
    drive_bucket b;
    input in = {data, size, false};
    memset(&test, 0, sizeof test);
    test.arena = wmbt_buf_of(arena, sizeof arena);
    uint8_t form = draw(&in), conns = draw(&in), part = draw(&in), first = draw(&in);
    live *x = live_prepare_as(&test, &b, (form & 8u) != 0u, (form & 7u) % FORMS,
                              firsts[first >> 1 & 3u], 1u + (first & 1u));
    check(&test, "a bucket");
    x->conns = 1u + (conns & 15u) % LIVE_MAX_CONNS;
    x->config.depth = 1u + (conns >> 4) % WMBT_S3CLIENT_MAX_DEPTH;
    x->config.part_bytes = 8u * part;
    x->way = draw(&in);
    x->s->meddle = meddle;
    x->s->context = &in;
    live_begin(&test, x);
    wmbt_s3client_start(&x->client, x->now.ms + 3600000u); /* a hostile Retry-After may be long */
    live_restore(&test, x);
    check(&test, "the end");
    if (drive_status(x->d, b.object) == WMBT_OK) {
        live_check_restored(&test, x, &b);
        check(&test, "the object");
    } else if (drive_trust(x->d, b.object) != WMBT_TRUST_STAGED) {
        abort();
    }
    x->s->meddle = NULL;
    live_recover(x);
    live_start(&test, x);
    live_restore(&test, x);
    live_check_restored(&test, x, &b);
    check(&test, "a store that behaves");
    return 0;
}
