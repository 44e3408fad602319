/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the JSON readers for check_json.py. Standard input: documents,
 * each with a byte 'm' (manifest) or 'd' (delta fact) and its length as u32 in
 * front. Standard output: a line each, what the v1 reader and what the
 * dispatching reader says, separated by a tab.
 *
 * Linked with --wrap for the functions that load bytes of a text,
 * wmbt_cursor_u8, wmbt_cursor_copy and wmbt_json_take_piece (JSON_CHANGES), it also reads each
 * document while it changes: a byte has its value only while one of them reads
 * it, and another one before and after. The answer must be the same, each byte
 * be loaded once and in order: the line then says "changed" otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "format/json.h"
#include "wombatkv/manifest.h"

static const char *const kinds[] = {
    "ok", "json", "unsupported_schema", "empty_field", "missing_field", "wrong_type", "caller"};

static void put_text(wmbt_view v)
{
    putchar(' ');
    for (size_t i = 0; i < v.len; i++) {
        printf("%02x", v.data[i]);
    }
}

/* Everything but ok. */
static void put_error(const wmbt_json_error *e)
{
    printf("%s", kinds[e->kind]);
    if (e->kind == WMBT_JSON_SCHEMA) {
        printf(" %u", (unsigned)e->version);
    } else if (e->kind > WMBT_JSON_SCHEMA) {
        printf(" %s", wmbt_field_name_cstr(e->field));
    }
}

static void answer_delta(wmbt_view text, wmbt_buf room, wmbt_buf work, bool v1)
{
    wmbt_delta d;
    wmbt_json_error e;
    wmbt_status status =
        v1 ? wmbt_delta_read_v1(text, room, work, &d, &e) : wmbt_delta_read(text, room, &d, &e);
    put_error(&e);
    if (status == WMBT_OK) {
        printf(" %llu %llu", (unsigned long long)d.epoch_ms, (unsigned long long)d.seq);
        put_text(d.tenant_id);
        put_text(d.fingerprint);
        put_text(d.prefix_hash);
        put_text(d.payload_digest);
        put_text(d.write_id);
    }
}

static void answer_manifest(wmbt_view text, wmbt_buf room, wmbt_buf work, bool v1)
{
    wmbt_manifest m;
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    wmbt_json_error e;
    wmbt_status status =
        v1 ? wmbt_manifest_read_v1(text, work, &m, &e) : wmbt_manifest_read(text, &m, &e);
    put_error(&e);
    if (status != WMBT_OK) {
        return;
    }
    printf(" %llu %lu", (unsigned long long)m.epoch_ms, (unsigned long)m.checksum32);
    wmbt_manifest_walk_init(&walk, &m, v1 ? work : wmbt_buf_of(NULL, 0));
    for (size_t i = 0; i < m.entry_count; i++) {
        if (wmbt_manifest_walk_next(&walk, wmbt_buf_of(room.data, m.strings_bytes), &entry, &e) !=
            WMBT_OK) {
            printf(" walk");
            return;
        }
        put_text(entry.object_id);
        put_text(entry.key_range_start);
        put_text(entry.key_range_end);
    }
}

static uint8_t *allocate(size_t n)
{
    uint8_t *p = malloc(n);
    if (p == NULL) {
        exit(2);
    }
    return p;
}

/* --- documents that change
 * -------------------------------------------------------------------- */

#ifdef JSON_CHANGES
static uint8_t *changing; /* the document, if it changes */
static size_t changing_bytes, reads;

/* What is wrong with a byte before and after. */
#    define BEFORE 0x55u
#    define AFTER 0xAAu

bool __real_wmbt_cursor_u8(wmbt_cursor *c, uint8_t *out);
bool __wrap_wmbt_cursor_u8(wmbt_cursor *c, uint8_t *out);
bool __real_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n);
bool __wrap_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n);

/* n bytes are about to be loaded. Front to back, without a gap: a byte that is
 * loaded twice comes out of turn. */
static uint8_t *uncover(const wmbt_cursor *c, size_t n)
{
    if (changing == NULL || n > c->left) {
        return NULL;
    }
    uint8_t *at = changing + (changing_bytes - c->left);
    if (at != changing + reads) {
        reads = SIZE_MAX / 2u;
    }
    reads += n;
    for (size_t i = 0; i < n; i++) {
        at[i] ^= BEFORE;
    }
    return at;
}

static void cover(uint8_t *at, size_t n)
{
    for (size_t i = 0; at != NULL && i < n; i++) {
        at[i] ^= AFTER;
    }
}

bool __wrap_wmbt_cursor_u8(wmbt_cursor *c, uint8_t *out)
{
    uint8_t *at = uncover(c, 1);
    bool there = __real_wmbt_cursor_u8(c, out);
    cover(at, 1);
    return there;
}

bool __wrap_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n)
{
    uint8_t *at = uncover(c, n);
    bool there = __real_wmbt_cursor_copy(c, out, n);
    cover(at, n);
    return there;
}

#    if WMBT_JSON_WINDOW > 0 && WMBT_JSON_BY_SSE2
uint64_t __real_wmbt_json_take_piece(wmbt_cursor *c, uint8_t *window);
uint64_t __wrap_wmbt_json_take_piece(wmbt_cursor *c, uint8_t *window);
uint64_t __wrap_wmbt_json_take_piece(wmbt_cursor *c, uint8_t *window)
{
    uint8_t *at = uncover(c, WMBT_JSON_PIECE);
    uint64_t others = __real_wmbt_json_take_piece(c, window);
    cover(at, WMBT_JSON_PIECE);
    return others;
}
#    endif

static bool same_error(const wmbt_json_error *a, const wmbt_json_error *b)
{
    return a->kind == b->kind && a->field == b->field && a->version == b->version &&
           a->entry == b->entry && a->offset == b->offset && a->needed == b->needed;
}

/* Numbers and lengths must be the same; what a text says may change. */
static bool same_while_changing(bool manifest, wmbt_view text, wmbt_buf room, wmbt_buf work,
                                bool v1)
{
    wmbt_delta d[2];
    wmbt_manifest m[2];
    wmbt_json_error e[2];
    wmbt_status status[2];
    memset(d, 0, sizeof d);
    memset(m, 0, sizeof m);
    uint8_t *copy = allocate(text.len);
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = text.data[i] ^ BEFORE;
    }
    changing_bytes = text.len;
    reads = 0;
    for (int i = 0; i < 2; i++) {
        wmbt_view v = i == 0 ? text : wmbt_view_of(copy, text.len);
        changing = i == 0 ? NULL : copy;
        if (manifest) {
            status[i] = v1 ? wmbt_manifest_read_v1(v, work, &m[i], &e[i])
                           : wmbt_manifest_read(v, &m[i], &e[i]);
        } else {
            status[i] = v1 ? wmbt_delta_read_v1(v, room, work, &d[i], &e[i])
                           : wmbt_delta_read(v, room, &d[i], &e[i]);
        }
    }
    changing = NULL;
    free(copy);
    return (reads != 0u || text.len == 0u) && reads <= text.len && status[0] == status[1] &&
           same_error(&e[0], &e[1]) && d[0].epoch_ms == d[1].epoch_ms && d[0].seq == d[1].seq &&
           d[0].tenant_id.len == d[1].tenant_id.len && d[0].write_id.len == d[1].write_id.len &&
           m[0].epoch_ms == m[1].epoch_ms && m[0].checksum32 == m[1].checksum32 &&
           m[0].entry_count == m[1].entry_count && m[0].strings_bytes == m[1].strings_bytes &&
           m[0].entries.len == m[1].entries.len;
}
#endif

int main(void)
{
    uint8_t head[5];
    while (fread(head, 1, sizeof head, stdin) == sizeof head) {
        size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16 | (size_t)head[4] << 24;
        /* exactly as large as promised: a sanitizer sees one byte too many */
        uint8_t *text = allocate(n), *room = allocate(n), *work = allocate(WMBT_JSON_WORK_BYTES(n));
        if (fread(text, 1, n, stdin) != n) {
            return 2;
        }
        for (int v1 = 1; v1 >= 0; v1--) {
            void (*answer)(wmbt_view, wmbt_buf, wmbt_buf, bool) =
                head[0] == 'm' ? answer_manifest : answer_delta;
            answer(wmbt_view_of(text, n), wmbt_buf_of(room, n),
                   wmbt_buf_of(work, WMBT_JSON_WORK_BYTES(n)), v1 != 0);
#ifdef JSON_CHANGES
            if (!same_while_changing(head[0] == 'm', wmbt_view_of(text, n), wmbt_buf_of(room, n),
                                     wmbt_buf_of(work, WMBT_JSON_WORK_BYTES(n)), v1 != 0)) {
                printf(" changed");
            }
#endif
            putchar(v1 != 0 ? '\t' : '\n');
        }
        free(text);
        free(room);
        free(work);
    }
    return 0;
}
