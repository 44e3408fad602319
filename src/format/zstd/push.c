/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames in pieces: what the next bytes are, and where output goes. docs/FORMATS.md, "zstd
 * frames". */
#include "format/zstd/frame.h"

#include "base/bytes.h"
#include "base/min.h"

#if WMBT_CFG_ZSTD

/* What the bytes that are collected are. */
#    define WMBT_ZSTD_AT_MAGIC 0u
#    define WMBT_ZSTD_AT_SKIP_SIZE 1u
#    define WMBT_ZSTD_AT_SKIP 2u
#    define WMBT_ZSTD_AT_DESCRIPTOR 3u
#    define WMBT_ZSTD_AT_FIELDS 4u
#    define WMBT_ZSTD_AT_BLOCK_HEADER 5u
#    define WMBT_ZSTD_AT_BLOCK 6u
#    define WMBT_ZSTD_AT_RAW 7u
#    define WMBT_ZSTD_AT_REPEATED 8u
#    define WMBT_ZSTD_AT_REPEAT 9u
#    define WMBT_ZSTD_AT_CHECKSUM 10u
#    define WMBT_ZSTD_FINISHED 11u

/* At the beginning of the memory. */
typedef struct wmbt_zstd_state {
    /* output */
    uint8_t *window;
    size_t window_bytes;
    size_t at;          /* next byte of output in the window */
    size_t old;         /* ring: end of the bytes that were there before it began anew */
    size_t produced_at; /* output of this call */
    size_t produced_bytes;
    uint64_t total; /* bytes of output */
    uint64_t max_output;
    /* input */
    uint8_t *input; /* for a block in pieces */
    uint32_t max_block;
    uint32_t phase;
    uint32_t needed;       /* bytes that the phase collects */
    uint32_t filled;       /* of them are there */
    uint32_t left;         /* bytes to pass over, to copy or to repeat */
    uint32_t repeat_bytes; /* of an RLE block whose byte is not there yet */
    uint32_t descriptor;
    wmbt_status status;
    bool has_frames; /* a frame has ended */
    uint8_t bytes[WMBT_ZSTD_FIELDS_BYTES + 3u];
    /* frame */
    bool ring;
    bool fits;    /* ring: it has room for all of the frame */
    bool is_last; /* the block is its frame's last */
    uint8_t repeated;
    wmbt_zstd_frame frame;
} wmbt_zstd_state;

WMBT_STATIC_ASSERT(sizeof(wmbt_zstd_state) <= WMBT_ZSTD_WORKSPACE_BYTES, "the state fits");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(wmbt_zstd_state) <= WMBT_ZSTD_ALIGN, "the state may stand there");

static wmbt_status wmbt_zstd_push_start(wmbt_zstd_push *push, wmbt_buf memory, wmbt_buf window)
{
    wmbt_status status = wmbt_zstd_check_memory(&memory, window);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_zstd_state *s = (wmbt_zstd_state *)(void *)memory.data;
    size_t rest = memory.len - WMBT_ZSTD_WORKSPACE_BYTES;
    s->window = window.data != NULL ? window.data : memory.data; /* no room: not written to */
    s->window_bytes = window.len;
    s->at = 0;
    s->old = 0;
    s->total = 0;
    s->max_output = window.len;
    s->input = memory.data + WMBT_ZSTD_WORKSPACE_BYTES;
    s->max_block = rest < WMBT_ZSTD_BLOCK_BYTES ? (uint32_t)rest : WMBT_ZSTD_BLOCK_BYTES;
    s->phase = WMBT_ZSTD_AT_MAGIC;
    s->needed = WMBT_ZSTD_MAGIC_BYTES;
    s->filled = 0;
    s->left = 0;
    s->status = WMBT_OK;
    s->ring = false;
    s->has_frames = false;
    push->state = s;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_push_init(wmbt_zstd_push *push, wmbt_buf memory, wmbt_buf out)
{
    return wmbt_zstd_push_start(push, memory, out);
}

wmbt_status wmbt_zstd_push_init_ring(wmbt_zstd_push *push, wmbt_buf memory, wmbt_buf ring,
                                     uint64_t max_output)
{
    wmbt_zstd_push started;
    wmbt_status status = wmbt_zstd_push_start(&started, memory, ring);
    if (status != WMBT_OK) {
        return status;
    }
    if (ring.len < 3u * started.state->max_block) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    started.state->ring = true;
    started.state->max_output = max_output;
    push->state = started.state;
    return WMBT_OK;
}

/* --- output ----------------------------------------------------------------------------------- */

/* Capacity for the next output, at most `max` bytes; a ring begins anew where it has less than a
 * block, unless all of the frame fits. */
static size_t wmbt_zstd_capacity(wmbt_zstd_state *s, size_t max)
{
    if (s->ring) {
        if (!s->fits && s->window_bytes - s->at < s->max_block) {
            s->old = s->at;
            s->at = 0;
        }
        max = wmbt_min_size(max, s->max_block);
    }
    size_t capacity = s->window_bytes - s->at;
    uint64_t allowed = s->max_output - s->total;
    capacity = wmbt_min_size(capacity, max);
    return capacity < allowed ? capacity : (size_t)allowed;
}

/* What comes has more bytes than there is room for. A ring that is to hold all of the frame has
 * room for its content: then the frame has more than that. */
static wmbt_status wmbt_zstd_full(const wmbt_zstd_state *s)
{
    size_t rest = s->window_bytes - s->at;
    bool content = s->ring && s->fits && rest <= s->max_block && rest < s->max_output - s->total;
    return content ? WMBT_BAD_LENGTH : WMBT_TOO_LARGE;
}

/* n bytes of output stand in the window. */
static void wmbt_zstd_produced(wmbt_zstd_state *s, size_t n)
{
    WMBT_ASSERT(n <= s->window_bytes - s->at && n <= s->max_output - s->total);
    wmbt_zstd_frame_produced(&s->frame, s->window + s->at, n);
    s->produced_at = s->at;
    s->produced_bytes = n;
    s->at += n;
    s->total += n;
}

/* Bytes of a raw or RLE block, as far as input and room go. A call: the caller's frame lies below
 * the deepest path. */
static WMBT_NOINLINE wmbt_status wmbt_zstd_piece(wmbt_zstd_state *s, wmbt_cursor *in)
{
    bool raw = s->phase == WMBT_ZSTD_AT_RAW;
    if (raw && in->left == 0u) {
        return WMBT_NEED_MORE;
    }
    size_t capacity = wmbt_zstd_capacity(s, WMBT_ZSTD_BLOCK_BYTES);
    if (capacity == 0u) {
        return wmbt_zstd_full(s);
    }
    size_t n = wmbt_min_size(s->left, capacity);
    if (raw) {
        n = wmbt_min_size(n, in->left);
        (void)wmbt_cursor_copy(in, s->window + s->at, n);
    } else {
        wmbt_bytes_fill(s->window + s->at, s->repeated, n);
    }
    wmbt_zstd_produced(s, n);
    s->left -= (uint32_t)n;
    return WMBT_OK;
}

static wmbt_status wmbt_zstd_compressed(wmbt_zstd_state *s, wmbt_view bytes)
{
    wmbt_cursor block = wmbt_cursor_of(bytes);
    wmbt_zstd_target *target = &s->frame.tables.target;
    size_t produced = 0;
    target->capacity = wmbt_zstd_capacity(s, s->frame.block_max);
    target->window = s->window;
    target->old = s->window + s->old;
    target->at = s->at;
    wmbt_status status = wmbt_zstd_frame_block(&s->frame, &block, &produced);
    if (status == WMBT_OK) {
        wmbt_zstd_produced(s, produced);
    }
    return status == WMBT_TOO_LARGE ? wmbt_zstd_full(s) : status;
}

/* --- input ------------------------------------------------------------------------------------ */

static WMBT_NOINLINE void wmbt_zstd_enter(wmbt_zstd_state *s, uint32_t phase, uint32_t needed)
{
    WMBT_ASSERT(s->left == 0u);
    s->phase = phase;
    s->needed = needed;
}

static wmbt_status wmbt_zstd_frame_end(wmbt_zstd_state *s)
{
    s->has_frames = true;
    wmbt_zstd_enter(s, WMBT_ZSTD_AT_MAGIC, WMBT_ZSTD_MAGIC_BYTES);
    return WMBT_OK;
}

static wmbt_status wmbt_zstd_block_end(wmbt_zstd_state *s)
{
    if (!s->is_last) {
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_BLOCK_HEADER, WMBT_ZSTD_BLOCK_HEADER_BYTES);
        return WMBT_OK;
    }
    if (!wmbt_zstd_frame_is_whole(&s->frame)) {
        return WMBT_BAD_LENGTH;
    }
    if ((s->frame.header.flags & WMBT_ZSTD_HAS_CHECKSUM) != 0u) {
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_CHECKSUM, 4);
        return WMBT_OK;
    }
    return wmbt_zstd_frame_end(s);
}

/* Starts a frame whose header has been read. */
static wmbt_status wmbt_zstd_begin(wmbt_zstd_state *s)
{
    const wmbt_zstd_header *header = &s->frame.header;
    wmbt_status status = wmbt_zstd_frame_begin(&s->frame, s->max_output - s->total);
    if (status != WMBT_OK) {
        return status;
    }
    uint32_t reach = UINT32_MAX;
    if (s->ring) {
        s->at = 0;
        s->old = 0;
        s->fits = (header->flags & WMBT_ZSTD_HAS_CONTENT_SIZE) != 0u &&
                  header->content_bytes <= s->window_bytes;
        if (!s->fits && header->window_bytes > s->window_bytes - 2u * s->max_block) {
            return WMBT_UNSUPPORTED_WINDOW;
        }
        reach = s->fits ? UINT32_MAX : (uint32_t)header->window_bytes;
    }
    s->frame.tables.target.reach = reach;
    wmbt_zstd_enter(s, WMBT_ZSTD_AT_BLOCK_HEADER, WMBT_ZSTD_BLOCK_HEADER_BYTES);
    return WMBT_OK;
}

static wmbt_status wmbt_zstd_check_block_header(wmbt_zstd_state *s, const uint8_t *b)
{
    uint32_t header = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
    uint32_t type = wmbt_zstd_block_type(header), size = wmbt_zstd_block_size(header);
    s->is_last = (header & 1u) != 0u;
    if (type == WMBT_ZSTD_BLOCK_RAW) {
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_RAW, 0);
        s->left = size;
        return size == 0u ? wmbt_zstd_block_end(s) : WMBT_OK;
    }
    if (type == WMBT_ZSTD_BLOCK_RLE) {
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_REPEATED, 1);
        s->repeat_bytes = size;
        return WMBT_OK;
    }
    if (type != WMBT_ZSTD_BLOCK_COMPRESSED) {
        return WMBT_BAD_FIELD;
    }
    wmbt_zstd_enter(s, WMBT_ZSTD_AT_BLOCK, size);
    if (size > s->frame.block_max) {
        return WMBT_BAD_LENGTH;
    }
    return size > s->max_block ? WMBT_TOO_LARGE : WMBT_OK;
}

/* Checks what was collected of a frame's beginning, or between frames. */
static wmbt_status wmbt_zstd_check_frame(wmbt_zstd_state *s, const uint8_t *b)
{
    wmbt_status status;
    if (s->phase == WMBT_ZSTD_AT_MAGIC) {
        status = wmbt_zstd_check_magic(wmbt_load_le32(b));
        if (status == WMBT_END) {
            wmbt_zstd_enter(s, WMBT_ZSTD_AT_SKIP_SIZE, 4);
            return WMBT_OK;
        }
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_DESCRIPTOR, 1);
        return status == WMBT_BAD_MAGIC && s->has_frames ? WMBT_TRAILING_BYTES : status;
    }
    if (s->phase == WMBT_ZSTD_AT_SKIP_SIZE) {
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_SKIP, 0);
        s->left = wmbt_load_le32(b);
        return s->left == 0u ? wmbt_zstd_frame_end(s) : WMBT_OK;
    }
    if (s->phase == WMBT_ZSTD_AT_DESCRIPTOR) {
        s->descriptor = b[0];
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_FIELDS, wmbt_zstd_fields_bytes(b[0]));
        return WMBT_OK;
    }
    status = wmbt_zstd_read_fields(s->descriptor, b, &s->frame.header);
    return status == WMBT_OK ? wmbt_zstd_begin(s) : status;
}

/* Checks what was collected and goes on to what follows. */
static wmbt_status wmbt_zstd_check(wmbt_zstd_state *s, wmbt_view bytes)
{
    const uint8_t *b = bytes.data;
    if (s->phase < WMBT_ZSTD_AT_BLOCK_HEADER) {
        return wmbt_zstd_check_frame(s, b);
    }
    if (s->phase == WMBT_ZSTD_AT_BLOCK_HEADER) {
        return wmbt_zstd_check_block_header(s, b);
    }
    if (s->phase == WMBT_ZSTD_AT_BLOCK) {
        wmbt_status status = wmbt_zstd_compressed(s, bytes);
        return status == WMBT_OK ? wmbt_zstd_block_end(s) : status;
    }
    if (s->phase == WMBT_ZSTD_AT_REPEATED) {
        s->repeated = b[0];
        wmbt_zstd_enter(s, WMBT_ZSTD_AT_REPEAT, 0);
        s->left = s->repeat_bytes;
        return s->left == 0u ? wmbt_zstd_block_end(s) : WMBT_OK;
    }
    uint32_t checksum = (uint32_t)wmbt_xxh64_final(&s->frame.checksum);
    return wmbt_load_le32(b) == checksum ? wmbt_zstd_frame_end(s) : WMBT_BAD_CHECKSUM;
}

/* Collects the bytes that the phase wants. A block that lies in the input as a whole is not copied.
 * False if they are not all there yet. */
static bool wmbt_zstd_collect(wmbt_zstd_state *s, wmbt_cursor *in, wmbt_view *bytes)
{
    bool block = s->phase == WMBT_ZSTD_AT_BLOCK;
    if (block && s->filled == 0u && wmbt_cursor_bytes(in, s->needed, bytes)) {
        return true;
    }
    uint8_t *to = block ? s->input : s->bytes;
    WMBT_ASSERT(s->filled <= s->needed);
    WMBT_ASSERT(s->needed <= (block ? s->max_block : sizeof s->bytes));
    uint32_t missing = s->needed - s->filled;
    uint32_t n = in->left < missing ? (uint32_t)in->left : missing;
    (void)wmbt_cursor_copy(in, to + s->filled, n);
    s->filled += n;
    if (n < missing) {
        return false;
    }
    s->filled = 0;
    *bytes = wmbt_view_of(to, s->needed);
    return true;
}

/* Goes on until there is output (ok) or the input is used up (need-more). */
static wmbt_status wmbt_zstd_advance(wmbt_zstd_state *s, wmbt_cursor *in)
{
    wmbt_view bytes;
    s->produced_bytes = 0;
    do {
        wmbt_status status;
        if (s->left == 0u) {
            if (!wmbt_zstd_collect(s, in, &bytes)) {
                return WMBT_NEED_MORE;
            }
            status = wmbt_zstd_check(s, bytes);
        } else if (s->phase == WMBT_ZSTD_AT_SKIP) {
            uint32_t n = in->left < s->left ? (uint32_t)in->left : s->left;
            (void)wmbt_cursor_skip(in, n);
            s->left -= n;
            if (s->left != 0u) {
                return WMBT_NEED_MORE;
            }
            status = wmbt_zstd_frame_end(s);
        } else {
            status = wmbt_zstd_piece(s, in);
            if (status == WMBT_OK && s->left == 0u) {
                status = wmbt_zstd_block_end(s);
            }
        }
        if (status != WMBT_OK) {
            return status;
        }
    } while (s->produced_bytes == 0u);
    return WMBT_OK;
}

wmbt_status wmbt_zstd_push_feed(wmbt_zstd_push *push, wmbt_view bytes, size_t *consumed,
                                wmbt_view *produced)
{
    wmbt_zstd_state *s = push->state;
    if (s->status != WMBT_OK) {
        return s->status;
    }
    if (s->phase == WMBT_ZSTD_FINISHED) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor in = wmbt_cursor_of(bytes);
    wmbt_status status = wmbt_zstd_advance(s, &in);
    if (wmbt_status_is_error(status)) {
        s->status = status;
        return status;
    }
    *consumed = bytes.len - in.left;
    if (status == WMBT_OK) {
        *produced = wmbt_view_of(s->window + s->produced_at, s->produced_bytes);
    }
    return status;
}

uint64_t wmbt_zstd_push_output(const wmbt_zstd_push *push)
{
    return push->state->total;
}

wmbt_status wmbt_zstd_push_finish(wmbt_zstd_push *push)
{
    wmbt_zstd_state *s = push->state;
    if (s->status != WMBT_OK) {
        return s->status;
    }
    if (s->phase == WMBT_ZSTD_FINISHED || s->phase == WMBT_ZSTD_AT_REPEAT) {
        return WMBT_BAD_STATE;
    }
    if (s->phase != WMBT_ZSTD_AT_MAGIC || s->filled != 0u) {
        bool between = s->phase == WMBT_ZSTD_AT_MAGIC && s->has_frames;
        s->status = between ? WMBT_TRAILING_BYTES : WMBT_TRUNCATED;
        return s->status;
    }
    s->phase = WMBT_ZSTD_FINISHED;
    return WMBT_OK;
}

#endif
