/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zstd frames in a test: through all forms of the decoder, with what must hold whatever the frame
 * is, and frames made by hand, field by field.
 */
#ifndef WMBT_TESTS_ZSTD_FORMS_H
#define WMBT_TESTS_ZSTD_FORMS_H

#include "base/min.h"
#include "test.h"

#include "wombatkv/zstd.h"

#define PATTERN 0xA5u
#define WINDOW 1024u /* of the frames with a small window */

/* --- helpers ---------------------------------------------------------------------------------- */

static inline wmbt_buf room(wmbt_test *t, size_t n)
{
    return wmbt_buf_of(wmbt_test_alloc(t, n), n);
}

static inline void fill(wmbt_buf b)
{
    for (size_t i = 0; i < b.len; i++) {
        b.data[i] = PATTERN;
    }
}

/* A workspace needs no initial content. By words, which emulators are quicker with. */
static inline void not_initial(wmbt_buf b)
{
    uint32_t *words = (uint32_t *)(void *)b.data;
    for (size_t i = 0; words != NULL && i < WMBT_ZSTD_WORKSPACE_BYTES / 4u; i++) {
        words[i] = PATTERN * 0x01010101u;
    }
}

/* Memory for both forms. */
typedef struct forms {
    wmbt_buf work;      /* of a push: WMBT_ZSTD_PUSH_BYTES(WMBT_ZSTD_BLOCK_BYTES) */
    wmbt_buf workspace; /* of the others, as large as they may ask for */
    wmbt_buf out;
    wmbt_buf pushed;
    wmbt_buf ring;
} forms;

static inline forms forms_of(wmbt_test *t, size_t out, size_t ring)
{
    forms m;
    m.work = room(t, WMBT_ZSTD_PUSH_BYTES(WMBT_ZSTD_BLOCK_BYTES));
    m.workspace = room(t, WMBT_ZSTD_WORKSPACE_BYTES);
    m.out = room(t, out);
    m.pushed = room(t, out);
    m.ring = room(t, ring);
    not_initial(m.work);
    not_initial(m.workspace);
    return m;
}

/* After the end and after an error a step that does not begin finds nothing to go on with. */
static inline void check_ended(wmbt_test *t, forms *m, wmbt_view frames, size_t cap)
{
    wmbt_buf work = m->workspace;
    size_t written = SIZE_MAX;
    if (wmbt_zstd_codec_step(&work, false, frames, wmbt_buf_of(m->pushed.data, cap), UINT32_MAX,
                             &written) != WMBT_BAD_STATE ||
        written != SIZE_MAX) {
        wmbt_test_fail(t, __FILE__, __LINE__, "nothing is under way");
    }
}

/* The same in steps of any size, which end as the whole does: nothing behind the room, no byte of
 * the output twice, and with steps of one byte a call for each block. */
static inline void decode_in_steps(wmbt_test *t, forms *m, wmbt_view frames, size_t cap,
                                   wmbt_status status, size_t n)
{
    static const uint32_t sizes[] = {1, 3000, UINT32_MAX};
    wmbt_buf work = m->workspace;
    uint32_t max_bytes = sizes[(frames.len + cap) % 3u];
    size_t written = SIZE_MAX;
    wmbt_status said = WMBT_NEED_MORE;
    uint64_t calls = 0;
    fill(m->pushed);
    while (said == WMBT_NEED_MORE) {
        said = wmbt_zstd_codec_step(&work, calls == 0u, frames, wmbt_buf_of(m->pushed.data, cap),
                                    max_bytes, &written);
        calls++;
        if (said == WMBT_NEED_MORE && (written != SIZE_MAX || calls > frames.len)) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a step goes on");
            return;
        }
    }
    if (said != status || written != (status == WMBT_OK ? n : SIZE_MAX) ||
        (max_bytes == UINT32_MAX && cap + frames.len < 1u << 20 && calls != 1u)) {
        t->got = (uint64_t)said;
        t->want = (uint64_t)status;
        wmbt_test_fail(t, __FILE__, __LINE__, "steps end as the whole does");
    }
    check_ended(t, m, frames, cap);
    for (size_t i = 0; status == WMBT_OK && i < n; i++) {
        if (m->pushed.data[i] != m->out.data[i]) {
            wmbt_test_fail(t, __FILE__, __LINE__, "steps give the same bytes");
            return;
        }
    }
    for (size_t i = cap; i < m->pushed.len; i++) {
        if (m->pushed.data[i] != PATTERN) {
            wmbt_test_fail(t, __FILE__, __LINE__, "a step wrote behind the room");
            return;
        }
    }
}

/* Decodes, and checks what must hold whatever the frame is: nothing outside of the room, and on an
 * error nothing but zeros or what was there. */
static inline wmbt_status decode(wmbt_test *t, forms *m, wmbt_view frames, size_t cap, size_t *n)
{
    wmbt_buf work = m->workspace;
    size_t written = SIZE_MAX;
    fill(m->out);
    wmbt_status status = wmbt_zstd_decode(work, frames, wmbt_buf_of(m->out.data, cap), &written);
    check_ended(t, m, frames, cap);
    for (size_t i = cap; i < m->out.len; i++) {
        if (m->out.data[i] != PATTERN) {
            wmbt_test_fail(t, __FILE__, __LINE__, "written behind the room");
        }
    }
    if (status == WMBT_OK ? written > cap : written != SIZE_MAX) {
        wmbt_test_fail(t, __FILE__, __LINE__, "*written");
    }
    for (size_t i = 0; status != WMBT_OK && i < cap; i++) {
        if (m->out.data[i] != PATTERN && m->out.data[i] != 0u) {
            wmbt_test_fail(t, __FILE__, __LINE__, "output left after an error");
        }
    }
    *n = status == WMBT_OK ? written : 0u;
    if (m->pushed.len >= cap) {
        decode_in_steps(t, m, frames, cap, status, *n);
    }
    return status;
}

/* How a test splits input: `first` bytes, then pieces of `piece`. */
typedef struct split {
    size_t first;
    size_t piece;
} split;

/* Feeds all of the frames and collects the output in m->pushed; ends as the whole form does. */
static inline wmbt_status feed(wmbt_test *t, forms *m, wmbt_zstd_push *push, wmbt_view frames,
                               split how, size_t *n)
{
    size_t at = 0, end = wmbt_min_size(how.first, frames.len);
    *n = 0;
    for (;;) {
        size_t taken = SIZE_MAX;
        wmbt_view made = {NULL, SIZE_MAX};
        wmbt_view piece = wmbt_view_of(frames.data == NULL ? NULL : frames.data + at, end - at);
        wmbt_status status = wmbt_zstd_push_feed(push, piece, &taken, &made);
        if (wmbt_status_is_error(status)) {
            size_t again = 1;
            if (taken != SIZE_MAX || made.len != SIZE_MAX ||
                wmbt_zstd_push_feed(push, piece, &again, &made) != status ||
                wmbt_zstd_push_finish(push) != status) {
                wmbt_test_fail(t, __FILE__, __LINE__, "an error stays, and changes nothing");
            }
            return status;
        }
        if (taken > end - at || (status == WMBT_OK ? made.len == 0u || made.len > m->pushed.len - *n
                                                   : taken != end - at || made.len != SIZE_MAX)) {
            wmbt_test_fail(t, __FILE__, __LINE__, "taken and made");
            return WMBT_BAD_STATE;
        }
        at += taken;
        for (size_t i = 0; status == WMBT_OK && i < made.len; i++) {
            m->pushed.data[(*n)++] = made.data[i];
        }
        if (status == WMBT_NEED_MORE) {
            if (end == frames.len) {
                break;
            }
            end += wmbt_min_size(how.piece, frames.len - end);
        }
    }
    if (wmbt_zstd_push_output(push) != *n) {
        wmbt_test_fail(t, __FILE__, __LINE__, "the output is counted");
    }
    return wmbt_zstd_push_finish(push);
}

/* Push form into a whole output, which is where the bytes stand then. */
static inline wmbt_status push_out(wmbt_test *t, forms *m, wmbt_view frames, split how, size_t cap,
                                   size_t *n)
{
    wmbt_zstd_push push;
    wmbt_status status = wmbt_zstd_push_init(&push, m->work, wmbt_buf_of(m->out.data, cap));
    if (status == WMBT_OK) {
        status = feed(t, m, &push, frames, how, n);
        if (status == WMBT_OK && !wmbt_test_same(m->out.data, m->pushed.data, *n)) {
            wmbt_test_fail(t, __FILE__, __LINE__, "the output is where it was to go");
        }
    }
    return status;
}

/* Push form into a ring that serves WINDOW and blocks as large. */
static inline wmbt_status push_ring(wmbt_test *t, forms *m, wmbt_view frames, split how,
                                    uint64_t most, size_t *n)
{
    wmbt_zstd_push push;
    wmbt_buf work = wmbt_buf_of(m->work.data, WMBT_ZSTD_PUSH_BYTES(WINDOW));
    wmbt_buf ring = wmbt_buf_of(m->ring.data, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    wmbt_status status = wmbt_zstd_push_init_ring(&push, work, ring, most);
    return status != WMBT_OK ? status : feed(t, m, &push, frames, how, n);
}

/* --- frames made by hand ---------------------------------------------------------------------- */

typedef struct maker {
    uint8_t b[256];
    size_t n;
} maker;

static inline void add(maker *m, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        m->b[m->n++] = p[i];
    }
}

#define ADD(m, ...) add((m), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#define MAGIC 0x28, 0xb5, 0x2f, 0xfd
#define RAW 0u
#define RLE 1u
#define COMPRESSED 2u

/* A frame with a window of 1 KiB and no content size. */
static inline void begin(maker *m)
{
    m->n = 0;
    ADD(m, MAGIC, 0x00, 0x00);
}

static inline void block_header(maker *m, unsigned last, unsigned type, uint32_t size)
{
    uint32_t header = last | type << 1 | size << 3;
    ADD(m, (uint8_t)header, (uint8_t)(header >> 8), (uint8_t)(header >> 16));
}

/* A last block with these bytes. */
static inline void compressed(maker *m, const uint8_t *p, size_t n)
{
    begin(m);
    block_header(m, 1, COMPRESSED, (uint32_t)n);
    add(m, p, n);
}

#define BLOCK(m, ...) \
    compressed((m), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* The bytes where no other ones lie behind them: AddressSanitizer sees what reads on. */
static inline wmbt_view just(wmbt_test *t, wmbt_view bytes)
{
    uint8_t *copy = wmbt_test_alloc(t, bytes.len);
    if (copy == NULL) {
        return wmbt_view_of(NULL, 0);
    }
    wmbt_test_copy(copy, bytes.data, bytes.len);
    return wmbt_view_of(copy, bytes.len);
}

/* Both forms say `want`, and on ok give `text`. */
static inline void expect(wmbt_test *t, const maker *f, size_t cap, wmbt_status want,
                          const char *text)
{
    forms m = forms_of(t, cap + 64u, 0);
    size_t n, pushed;
    split bytewise = {1, 1};
    wmbt_view frame = just(t, wmbt_view_of(f->b, f->n));
    T_EQ(t, decode(t, &m, frame, cap, &n), want);
    T_CHECK(t, want != WMBT_OK || wmbt_test_view_is(wmbt_view_of(m.out.data, n), text));
    T_EQ(t, push_out(t, &m, frame, bytewise, cap, &pushed), want);
    T_CHECK(t, want != WMBT_OK || wmbt_test_view_is(wmbt_view_of(m.pushed.data, pushed), text));
    if (want == WMBT_OK) { /* just enough room, and one byte less */
        const size_t all = pushed;
        T_EQ(t, decode(t, &m, frame, all, &n), WMBT_OK);
        T_CHECK(t, wmbt_test_view_is(wmbt_view_of(m.out.data, n), text));
        T_EQ(t, push_out(t, &m, frame, bytewise, all, &pushed), WMBT_OK);
        if (all != 0u) {
            T_EQ(t, decode(t, &m, frame, all - 1u, &n), WMBT_TOO_LARGE);
            T_EQ(t, push_out(t, &m, frame, bytewise, all - 1u, &pushed), WMBT_TOO_LARGE);
        }
    }
    wmbt_test_reset(t);
}

#define EXPECT(want, text) T_CALL(t, expect(t, &m, 64, (want), (text)))

/* A sequence out of tables of one symbol each: modes 0x54, the codes, bits behind an end mark. */
#define SEQUENCE(ll, of, ml, bits) 1, 0x54, (ll), (of), (ml), (bits)

#endif
