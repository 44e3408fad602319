/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of zstd frames, and the whole form. docs/FORMATS.md, "zstd frames". */
#include "format/zstd/frame.h"

#include "base/bytes.h"
#include "base/min.h"

#if WMBT_CFG_ZSTD

#    define WMBT_ZSTD_SKIPPABLE 0x184D2A50u /* to ...5F */
/* Magics of the formats before 0.8: that of 0.1, and the seven below today's but for one. */
#    define WMBT_ZSTD_LEGACY_1 0xFD2FB51Eu
#    define WMBT_ZSTD_LEGACY_2 0xFD2FB522u
#    define WMBT_ZSTD_MAX_WINDOW_LOG 31u
#    define WMBT_ZSTD_MIN_WINDOW_LOG 10u

/* Bits of a frame header descriptor. */
#    define WMBT_ZSTD_DESCRIPTOR_DICTIONARY 3u
#    define WMBT_ZSTD_DESCRIPTOR_CHECKSUM 4u
#    define WMBT_ZSTD_DESCRIPTOR_RESERVED 8u
#    define WMBT_ZSTD_DESCRIPTOR_SINGLE 32u

wmbt_status wmbt_zstd_check_magic(uint32_t magic)
{
    if (magic == WMBT_ZSTD_MAGIC) {
        return WMBT_OK;
    }
    if ((magic & ~15u) == WMBT_ZSTD_SKIPPABLE) {
        return WMBT_END;
    }
    if (magic == WMBT_ZSTD_LEGACY_1 || (magic >= WMBT_ZSTD_LEGACY_2 && magic < WMBT_ZSTD_MAGIC)) {
        return WMBT_UNSUPPORTED_VERSION;
    }
    return WMBT_BAD_MAGIC;
}

/* Bytes of the dictionary id: 0, 1, 2 or 4. */
static uint32_t wmbt_zstd_dictionary_bytes(uint32_t descriptor)
{
    return (1u << (descriptor & WMBT_ZSTD_DESCRIPTOR_DICTIONARY)) >> 1;
}

/* Bytes of the content size: 0 (1 in a single segment), 2, 4 or 8. */
static uint32_t wmbt_zstd_size_bytes(uint32_t descriptor)
{
    uint32_t code = descriptor >> 6;
    return code != 0u ? 1u << code : (descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) >> 5;
}

uint32_t wmbt_zstd_fields_bytes(uint32_t descriptor)
{
    return ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) == 0u ? 1u : 0u) +
           wmbt_zstd_dictionary_bytes(descriptor) + wmbt_zstd_size_bytes(descriptor);
}

wmbt_status wmbt_zstd_read_fields(uint32_t descriptor, const uint8_t *fields,
                                  wmbt_zstd_header *header)
{
    uint32_t window = 0;
    uint32_t size_bytes = wmbt_zstd_size_bytes(descriptor);
    uint32_t flags = size_bytes != 0u ? WMBT_ZSTD_HAS_CONTENT_SIZE : 0u;
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_RESERVED) != 0u) {
        return WMBT_BAD_FIELD;
    }
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) == 0u) {
        uint32_t log = (*fields >> 3) + WMBT_ZSTD_MIN_WINDOW_LOG;
        if (log > WMBT_ZSTD_MAX_WINDOW_LOG) {
            return WMBT_UNSUPPORTED_WINDOW;
        }
        window = 1u << log;
        window += (window >> 3) * (*fields & 7u);
        fields++;
    }
    for (uint32_t n = wmbt_zstd_dictionary_bytes(descriptor); n != 0u; n--) {
        if (*fields++ != 0u) {
            return WMBT_UNSUPPORTED_DICTIONARY;
        }
    }
    uint64_t content = 0;
    for (uint32_t i = size_bytes; i != 0u; i--) {
        content = content << 8 | fields[i - 1u];
    }
    header->content_bytes = size_bytes == 2u ? content + 256u : content;
    header->window_bytes = window;
    header->header_bytes = WMBT_ZSTD_MAGIC_BYTES + 1u + wmbt_zstd_fields_bytes(descriptor);
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_SINGLE) != 0u) {
        flags |= WMBT_ZSTD_SINGLE_SEGMENT;
        header->window_bytes = header->content_bytes;
    }
    if ((descriptor & WMBT_ZSTD_DESCRIPTOR_CHECKSUM) != 0u) {
        flags |= WMBT_ZSTD_HAS_CHECKSUM;
    }
    header->flags = flags;
    return WMBT_OK;
}

/* Reads a header; the cursor then stands behind it. Returns as wmbt_zstd_read_header(). */
static wmbt_status wmbt_zstd_header_next(wmbt_cursor *in, wmbt_zstd_header *header)
{
    uint32_t magic, size;
    uint8_t descriptor, fields[WMBT_ZSTD_FIELDS_BYTES];
    if (!wmbt_cursor_u32(in, &magic)) {
        return WMBT_TRUNCATED;
    }
    wmbt_status status = wmbt_zstd_check_magic(magic);
    if (status == WMBT_END) {
        if (!wmbt_cursor_u32(in, &size)) {
            return WMBT_TRUNCATED;
        }
        header->content_bytes = size;
        header->window_bytes = 0;
        header->header_bytes = 2u * WMBT_ZSTD_MAGIC_BYTES;
        header->flags = WMBT_ZSTD_IS_SKIPPABLE;
        return WMBT_OK;
    }
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_cursor_u8(in, &descriptor) ||
        !wmbt_cursor_copy(in, fields, wmbt_zstd_fields_bytes(descriptor))) {
        return WMBT_TRUNCATED;
    }
    return wmbt_zstd_read_fields(descriptor, fields, header);
}

wmbt_status wmbt_zstd_read_header(wmbt_view bytes, wmbt_zstd_header *header)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor in = wmbt_cursor_of(bytes);
    return wmbt_zstd_header_next(&in, header);
}

/* --- frame ------------------------------------------------------------------------------------ */

wmbt_status wmbt_zstd_check_memory(const wmbt_buf *memory, wmbt_buf out)
{
    if ((memory->data == NULL && memory->len != 0u) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (memory->len < WMBT_ZSTD_WORKSPACE_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    return wmbt_is_aligned(memory->data, WMBT_ZSTD_ALIGN) ? WMBT_OK : WMBT_BUFFER_MISALIGNED;
}

wmbt_status wmbt_zstd_frame_begin(wmbt_zstd_frame *f, uint64_t max)
{
    const wmbt_zstd_header *header = &f->header;
    if (header->content_bytes > max) { /* 0 if not stored */
        return WMBT_TOO_LARGE;
    }
    f->produced = 0;
    f->block_max = header->window_bytes < WMBT_ZSTD_BLOCK_BYTES ? (uint32_t)header->window_bytes
                                                                : WMBT_ZSTD_BLOCK_BYTES;
    f->tables.rep[0] = 1;
    f->tables.rep[1] = 4;
    f->tables.rep[2] = 8;
    f->tables.huffman_log = 0;
    f->tables.has_sequences = 0;
    wmbt_xxh64_init(&f->checksum, 0);
    return WMBT_OK;
}

void wmbt_zstd_frame_produced(wmbt_zstd_frame *f, const uint8_t *bytes, size_t n)
{
    f->produced += n;
    if ((f->header.flags & WMBT_ZSTD_HAS_CHECKSUM) != 0u) {
        wmbt_xxh64_update(&f->checksum, wmbt_view_of(bytes, n));
    }
}

/* --- whole form ------------------------------------------------------------------------------- */

/* At the beginning of the workspace. */
typedef struct wmbt_zstd_whole {
    wmbt_cursor in;
    size_t capacity; /* bytes of output that are left */
    size_t touched;  /* bytes of `out` that may have been written */
    bool inside;     /* a frame's header has been read, its last block has not */
    wmbt_zstd_frame frame;
} wmbt_zstd_whole;

WMBT_STATIC_ASSERT(sizeof(wmbt_zstd_whole) <= WMBT_ZSTD_WORKSPACE_BYTES, "it fits");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(wmbt_zstd_whole) <= WMBT_ZSTD_ALIGN, "it may stand there");

/* Decodes a block of `size` bytes to target->window + target->at, where w->capacity bytes are
 * left. */
static wmbt_status wmbt_zstd_whole_block(wmbt_zstd_whole *w, uint32_t type, uint32_t size,
                                         size_t *produced)
{
    wmbt_zstd_target *target = &w->frame.tables.target;
    uint8_t *to = target->window + target->at;
    uint8_t byte;
    wmbt_cursor block;
    *produced = size;
    if (type == WMBT_ZSTD_BLOCK_RAW) {
        if (size > w->capacity && w->in.left > w->capacity) {
            return WMBT_TOO_LARGE;
        }
        return wmbt_cursor_copy(&w->in, to, size) ? WMBT_OK : WMBT_TRUNCATED;
    }
    if (type == WMBT_ZSTD_BLOCK_RLE) {
        if (!wmbt_cursor_u8(&w->in, &byte)) {
            return WMBT_TRUNCATED;
        }
        if (size > w->capacity) {
            return WMBT_TOO_LARGE;
        }
        wmbt_bytes_fill(to, byte, size);
        return WMBT_OK;
    }
    if (type != WMBT_ZSTD_BLOCK_COMPRESSED) {
        return WMBT_BAD_FIELD;
    }
    if (size > w->frame.block_max) {
        return WMBT_BAD_LENGTH;
    }
    if (!wmbt_cursor_part(&w->in, size, &block)) {
        return WMBT_TRUNCATED;
    }
    target->capacity = wmbt_min_size(w->capacity, w->frame.block_max);
    if (w->touched < target->at + target->capacity) {
        w->touched = target->at + target->capacity;
    }
    return wmbt_zstd_frame_block(&w->frame, &block, produced);
}

/* A frame has ended: what follows its blocks. */
static wmbt_status wmbt_zstd_whole_end(wmbt_zstd_whole *w)
{
    wmbt_zstd_frame *f = &w->frame;
    uint32_t checksum;
    w->inside = false;
    if (!wmbt_zstd_frame_is_whole(f)) {
        return WMBT_BAD_LENGTH;
    }
    if ((f->header.flags & WMBT_ZSTD_HAS_CHECKSUM) == 0u) {
        return WMBT_OK;
    }
    if (!wmbt_cursor_u32(&w->in, &checksum)) {
        return WMBT_TRUNCATED;
    }
    return checksum == (uint32_t)wmbt_xxh64_final(&f->checksum) ? WMBT_OK : WMBT_BAD_CHECKSUM;
}

/* Decodes the next block of a frame. */
static wmbt_status wmbt_zstd_whole_next(wmbt_zstd_whole *w)
{
    wmbt_zstd_frame *f = &w->frame;
    wmbt_zstd_target *target = &f->tables.target;
    uint16_t low;
    uint8_t high;
    size_t produced;
    if (!wmbt_cursor_u16(&w->in, &low) || !wmbt_cursor_u8(&w->in, &high)) {
        return WMBT_TRUNCATED;
    }
    uint32_t header = low | (uint32_t)high << 16;
    wmbt_status status = wmbt_zstd_whole_block(w, wmbt_zstd_block_type(header),
                                               wmbt_zstd_block_size(header), &produced);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_zstd_frame_produced(f, target->window + target->at, produced);
    WMBT_ASSERT(produced <= w->capacity);
    target->at += produced;
    w->capacity -= produced;
    if (w->touched < target->at) {
        w->touched = target->at;
    }
    return (low & 1u) == 0u ? WMBT_OK : wmbt_zstd_whole_end(w);
}

/* Begins a frame, or passes over a skippable one. Behind a frame nothing that is none is one. */
static wmbt_status wmbt_zstd_whole_frame(wmbt_zstd_whole *w, bool first)
{
    wmbt_zstd_frame *f = &w->frame;
    bool short_of_magic = w->in.left < WMBT_ZSTD_MAGIC_BYTES;
    wmbt_status status = wmbt_zstd_header_next(&w->in, &f->header);
    if (status != WMBT_OK) {
        bool no_frame = status == WMBT_BAD_MAGIC || short_of_magic;
        return no_frame && !first ? WMBT_TRAILING_BYTES : status;
    }
    if ((f->header.flags & WMBT_ZSTD_IS_SKIPPABLE) != 0u) {
        return wmbt_cursor_skip(&w->in, f->header.content_bytes) ? WMBT_OK : WMBT_TRUNCATED;
    }
    w->inside = true;
    return wmbt_zstd_frame_begin(f, w->capacity);
}

/* What a codec is given is checked and kept. */
static wmbt_status wmbt_zstd_whole_begin(const wmbt_buf *workspace, wmbt_view frames, wmbt_buf out)
{
    if (wmbt_view_is_bad(frames)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_zstd_check_memory(workspace, out);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_zstd_whole *w = (wmbt_zstd_whole *)(void *)workspace->data;
    wmbt_zstd_target *target = &w->frame.tables.target;
    w->in.data = frames.data;
    w->in.left = frames.len;
    w->capacity = out.len;
    w->touched = 0;
    w->inside = false;
    target->window = out.data != NULL ? out.data : workspace->data; /* no room: not written to */
    target->old = target->window;
    target->at = 0;
    target->reach = UINT32_MAX;
    return WMBT_OK;
}

/* After an error nothing is under way: a step without a new beginning does nothing. */
static wmbt_status wmbt_zstd_whole_fail(wmbt_zstd_whole *w, wmbt_status status)
{
    w->inside = false;
    w->in.left = 0;
    return status;
}

/* The implementation of both calls: a codec lies below others, so its way down is the short one. */
wmbt_status wmbt_zstd_codec(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    const wmbt_buf *workspace = (const wmbt_buf *)context;
    wmbt_status status = wmbt_zstd_whole_begin(workspace, frames, out);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_zstd_whole *w = (wmbt_zstd_whole *)(void *)workspace->data;
    while (w->inside || w->in.left != 0u) {
        status = w->inside ? wmbt_zstd_whole_next(w)
                           : wmbt_zstd_whole_frame(w, w->in.left == frames.len);
        if (status != WMBT_OK) {
            wmbt_bytes_fill(out.data, 0, w->touched);
            return wmbt_zstd_whole_fail(w, status);
        }
    }
    *written = w->frame.tables.target.at;
    return WMBT_OK;
}

wmbt_status wmbt_zstd_decode(wmbt_buf workspace, wmbt_view frames, wmbt_buf out, size_t *written)
{
    return wmbt_zstd_codec(&workspace, frames, out, written);
}

/* --- in steps --------------------------------------------------------------------------------- */

/* The most that the next block costs: its stored and its plain bytes. */
static uint64_t wmbt_zstd_whole_cost(const wmbt_zstd_whole *w)
{
    wmbt_cursor in;
    uint16_t low;
    uint8_t high;
    in.data = w->in.data;
    in.left = w->in.left;
    if (!w->inside || !wmbt_cursor_u16(&in, &low) || !wmbt_cursor_u8(&in, &high)) {
        return WMBT_ZSTD_HEAD_BYTES; /* of a header */
    }
    uint32_t header = low | (uint32_t)high << 16;
    uint64_t size = wmbt_zstd_block_size(header);
    return wmbt_zstd_block_type(header) == WMBT_ZSTD_BLOCK_COMPRESSED ? size + w->frame.block_max
                                                                      : 2u * size;
}

wmbt_status wmbt_zstd_codec_step(void *context, bool begin, wmbt_view frames, wmbt_buf out,
                                 uint32_t max_bytes, size_t *written)
{
    const wmbt_buf *workspace = (const wmbt_buf *)context;
    wmbt_status status = begin ? wmbt_zstd_whole_begin(workspace, frames, out) : WMBT_OK;
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_zstd_whole *w = (wmbt_zstd_whole *)(void *)workspace->data;
    if (!begin && !w->inside && w->in.left == 0u) {
        return WMBT_BAD_STATE;
    }
    uint64_t left = max_bytes;
    bool block = false; /* one has been decoded */
    while (w->inside || w->in.left != 0u) {
        uint64_t cost = wmbt_zstd_whole_cost(w);
        if (cost > left && block) {
            return WMBT_NEED_MORE;
        }
        left -= cost < left ? cost : left;
        block = true;
        status = w->inside ? wmbt_zstd_whole_next(w)
                           : wmbt_zstd_whole_frame(w, w->in.left == frames.len);
        if (status != WMBT_OK) {
            return wmbt_zstd_whole_fail(w, status);
        }
    }
    *written = w->frame.tables.target.at;
    return WMBT_OK;
}

#endif
