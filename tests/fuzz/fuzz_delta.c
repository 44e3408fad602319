/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta facts: the readers agree where they must, what was read and written out again reads the
 * same, and a replay of the facts of all lines gives what a plain one gives.
 */
#include "harness.h"

#include <string.h>

#include "wombatkv/replay.h"

#define MOST_FACTS 32u

static bool same_delta(const wmbt_delta *a, const wmbt_delta *b)
{
    return a->schema_version == b->schema_version && a->epoch_ms == b->epoch_ms &&
           a->seq == b->seq && wmbt_test_same_view(a->tenant_id, b->tenant_id) &&
           wmbt_test_same_view(a->fingerprint, b->fingerprint) &&
           wmbt_test_same_view(a->prefix_hash, b->prefix_hash) &&
           wmbt_test_same_view(a->payload_digest, b->payload_digest) &&
           wmbt_test_same_view(a->write_id, b->write_id);
}

static size_t put_number(uint8_t *out, size_t at, uint64_t v)
{
    uint8_t digits[20];
    size_t n = 0;
    do {
        digits[n++] = (uint8_t)('0' + v % 10u);
        v /= 10u;
    } while (v != 0u);
    while (n != 0u) {
        out[at++] = digits[--n];
    }
    return at;
}

/* Escapes every ASCII character. */
static size_t put_text(uint8_t *out, size_t at, wmbt_view v)
{
    static const char hex[] = "0123456789abcdef";
    out[at++] = ',';
    out[at++] = '"';
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];
        if (c < 0x80u) {
            const uint8_t escape[6] = {
                '\\', 'u', '0', '0', (uint8_t)hex[c >> 4], (uint8_t)hex[c & 15u]};
            memcpy(out + at, escape, sizeof escape);
            at += sizeof escape;
        } else {
            out[at++] = c;
        }
    }
    out[at++] = '"';
    return at;
}

/* The array form, every character escaped. */
static void check_again(const wmbt_delta *d)
{
    size_t n = d->tenant_id.len + d->fingerprint.len + d->prefix_hash.len + d->payload_digest.len +
               d->write_id.len;
    uint8_t *text = allocate(6u * n + 128u), *room = allocate(n);
    size_t at = 0;
    memcpy(text, "[1,", 3);
    at = put_number(text, 3, d->epoch_ms);
    text[at++] = ',';
    at = put_number(text, at, d->seq);
    at = put_text(text, at, d->tenant_id);
    at = put_text(text, at, d->fingerprint);
    at = put_text(text, at, d->prefix_hash);
    at = put_text(text, at, d->payload_digest);
    at = put_text(text, at, d->write_id);
    text[at++] = ']';
    wmbt_delta again;
    check(wmbt_delta_read_v1(wmbt_view_of(text, at), wmbt_buf_of(room, n), wmbt_buf_of(NULL, 0),
                             &again, NULL) == WMBT_OK);
    check(same_delta(d, &again));
    free(text);
    free(room);
}

/* On an error nothing but zeros may have been written. */
static wmbt_status read_one(wmbt_view text, bool v1, wmbt_buf room, wmbt_buf work, wmbt_delta *d,
                            wmbt_json_error *e)
{
    wmbt_delta before;
    memset(d, 0xAB, sizeof *d);
    memset(&before, 0xAB, sizeof before);
    if (room.len != 0u) {
        memset(room.data, 0xCD, room.len);
    }
    wmbt_status status =
        v1 ? wmbt_delta_read_v1(text, room, work, d, e) : wmbt_delta_read(text, room, d, e);
    check((status == WMBT_OK) == (e->kind == WMBT_JSON_NO_ERROR));
    check(e->offset <= text.len && e->field <= WMBT_FIELD_WRITE_ID);
    if (status != WMBT_OK) {
        check(memcmp(d, &before, sizeof before) == 0);
        for (size_t i = 0; i < room.len; i++) {
            check(room.data[i] == 0xCDu || room.data[i] == 0u);
        }
    }
    return status;
}

/* Reads a line in every way; true if the plain reader takes it. `room` is as large as the line. */
static bool read_line(wmbt_view text, uint8_t *room, wmbt_delta *d)
{
    size_t work_bytes = WMBT_JSON_WORK_BYTES(text.len);
    uint8_t *spare = allocate(text.len), *work = allocate(work_bytes);
    wmbt_json_error e, v1_error, limited_error;
    wmbt_delta v1, limited;
    wmbt_status v1_status = read_one(text, true, wmbt_buf_of(spare, text.len),
                                     wmbt_buf_of(work, work_bytes), &v1, &v1_error);
    check(v1_error.kind != WMBT_JSON_CALLER); /* the header's sizes are always enough */
    wmbt_status status =
        read_one(text, false, wmbt_buf_of(room, text.len), wmbt_buf_of(NULL, 0), d, &e);
    check(e.kind != WMBT_JSON_CALLER);
    check(status != WMBT_OK || (v1_status == WMBT_OK && same_delta(d, &v1)));
    if (v1_status == WMBT_OK) {
        check_again(&v1);
    }
    wmbt_status limited_status =
        read_one(text, true, wmbt_buf_of(NULL, 0), wmbt_buf_of(NULL, 0), &limited, &limited_error);
    if (limited_status == WMBT_OK) {
        check(same_delta(&limited, &v1));
    } else if (limited_error.kind != WMBT_JSON_CALLER) {
        check(limited_error.kind == v1_error.kind);
    } else if (limited_status == WMBT_BUFFER_TOO_SMALL) {
        check(v1_status == WMBT_OK && limited_error.needed <= text.len);
    }
    free(spare);
    free(work);
    return status == WMBT_OK;
}

static int compare(wmbt_view a, wmbt_view b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0u ? 0 : memcmp(a.data, b.data, n);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool goes_before(const wmbt_delta *facts, size_t a, size_t b)
{
    const wmbt_delta *x = &facts[a], *y = &facts[b];
    int order = (x->epoch_ms > y->epoch_ms) - (x->epoch_ms < y->epoch_ms);
    order = order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
    order = order != 0 ? order : compare(x->write_id, y->write_id);
    return order != 0 ? order < 0 : a < b;
}

static void check_replay(const wmbt_delta *facts, size_t n)
{
    uint32_t work[3u * MOST_FACTS];
    wmbt_replay r;
    size_t winners = 0, conflicts = 0;
    check(wmbt_replay_run(&r, facts, n, wmbt_buf_of(work, WMBT_REPLAY_BYTES(n))) == WMBT_OK);
    for (size_t i = 0; i < n; i++) {
        size_t best = i;
        for (size_t k = 0; k < n; k++) {
            if (wmbt_test_same_view(facts[i].tenant_id, facts[k].tenant_id) &&
                wmbt_test_same_view(facts[i].fingerprint, facts[k].fingerprint) &&
                wmbt_test_same_view(facts[i].prefix_hash, facts[k].prefix_hash) &&
                goes_before(facts, k, best)) {
                best = k;
            }
        }
        winners += best == i;
        conflicts += !wmbt_test_same_view(facts[best].payload_digest, facts[i].payload_digest);
    }
    check(r.winners == winners && r.conflicts == conflicts);
    check(r.winners + r.idempotent + r.conflicts == n);
    wmbt_replay_conflict c, last = {0, 0};
    size_t position = 0, seen = 0;
    while (wmbt_replay_next_conflict(&r, &position, &c) == WMBT_OK) {
        check(seen == 0u || goes_before(facts, last.loser, c.loser));
        check(goes_before(facts, c.winner, c.loser));
        last = c;
        seen++;
    }
    check(seen == conflicts);
}

/* One document a line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wmbt_delta facts[MOST_FACTS];
    uint8_t *room = allocate(size);
    size_t count = 0, start = 0;
    for (size_t i = 0; i <= size; i++) {
        if (i == size || data[i] == (uint8_t)'\n') {
            /* its own memory: reading past its end is seen */
            uint8_t *line = allocate(i - start);
            if (i != start) {
                memcpy(line, data + start, i - start);
            }
            wmbt_delta d;
            if (read_line(wmbt_view_of(line, i - start), room + start, &d) && count < MOST_FACTS) {
                (void)read_line(wmbt_view_of(data + start, i - start), room + start, &facts[count]);
                count++;
            }
            free(line);
            start = i + 1u;
        }
    }
    check_replay(facts, count);
    free(room);
    return 0;
}
