/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is stored to the plain object: an object is plain, wrapped, or a manifest (plain or
 * wrapped) of chunks (plain or wrapped). Nothing is unwrapped twice, as upstream does.
 */
#include "base/bytes.h"
#include "base/text.h"
#include "use/reader/state.h"

#if WMBT_CFG_READER

static uint32_t wmbt_reader_head_bytes(const wmbt_reader_slot *s)
{
    return s->source_bytes < WMBT_READER_HEAD_BYTES ? s->source_bytes : WMBT_READER_HEAD_BYTES;
}

wmbt_reader_run wmbt_reader_object_range(const wmbt_reader_slot *s)
{
    wmbt_reader_run range = {0, wmbt_reader_head_bytes(s)};
    if (s->phase != WMBT_SLOT_HEAD) {
        range.from = range.to;
        range.to = s->phase == WMBT_SLOT_PLAIN ? wmbt_reader_body_limit(s) : s->source_bytes;
    }
    return range;
}

static void wmbt_reader_source_start(wmbt_reader_slot *s)
{
    s->runs = 0;
    s->source_bytes = 0;
    s->wrapped = 0;
    wmbt_reader_enter(s, WMBT_SLOT_FIND);
}

void wmbt_reader_object_start(wmbt_reader_slot *s)
{
    s->total_stored = 0;
    s->large = 0;
    s->raw = wmbt_buf_of(NULL, 0);
    s->stored = wmbt_buf_of(NULL, 0);
    wmbt_reader_source_start(s);
}

/* Goes on with the bytes after the head, if there are any. */
static wmbt_status wmbt_reader_go_on(wmbt_reader *r, wmbt_reader_slot *s, uint32_t phase)
{
    wmbt_reader_enter(s, phase);
    wmbt_reader_run range = wmbt_reader_object_range(s);
    return range.from < range.to ? WMBT_OK : wmbt_reader_object_step(r, s);
}

/* --- large values -------------------------------------------------------------------------------
 */

/* Bytes of the chunk that a slot is at. */
static uint32_t wmbt_reader_chunk_bytes(const wmbt_reader_slot *s)
{
    uint32_t left = s->large_bytes - s->chunk * WMBT_LARGEVALUE_CHUNK_BYTES;
    return left < WMBT_LARGEVALUE_CHUNK_BYTES ? left : WMBT_LARGEVALUE_CHUNK_BYTES;
}

static wmbt_buf wmbt_reader_chunk_room(const wmbt_reader_slot *s)
{
    return wmbt_buf_of(s->raw.data + (size_t)s->chunk * WMBT_LARGEVALUE_CHUNK_BYTES,
                       wmbt_reader_chunk_bytes(s));
}

wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s, wmbt_buf out,
                                  size_t *len)
{
    uint8_t hex[WMBT_LARGEVALUE_ID_DIGITS];
    wmbt_text_hex(wmbt_view_of(s->id, sizeof s->id), hex);
    wmbt_largevalue manifest;
    manifest.id = wmbt_view_of(hex, sizeof hex);
    manifest.total_bytes = s->large_bytes;
    manifest.chunks = s->chunks;
    manifest.flags = 0;
    return wmbt_largevalue_chunk_key(&manifest, r->prefix, r->name_space, s->chunk, out, len);
}

/* A wrapped chunk is hardly longer than its bytes: zstd adds 3 bytes to each 128 KiB it cannot
 * compress, and some for the frame and the wrapper. One that is longer asks for more. */
static uint32_t wmbt_reader_chunk_bound(uint32_t bytes)
{
    return bytes + (bytes >> 7) + 64u;
}

/* Takes a plain object for a manifest, if it is one. missing if it is not. */
static wmbt_status wmbt_reader_try_large(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first,
                                         uint32_t plain_bytes)
{
    wmbt_largevalue manifest;
    wmbt_status status = wmbt_largevalue_parse(first, 0, &manifest);
    if (status == WMBT_BAD_MAGIC) {
        return WMBT_MISSING;
    }
    if (plain_bytes > WMBT_LARGEVALUE_MAX_TEXT) {
        status = WMBT_TRAILING_BYTES;
    } else if (status == WMBT_OK && manifest.total_bytes > r->max_object_bytes) {
        status = WMBT_TOO_LARGE;
    } else if (status == WMBT_OK && manifest.chunks == 0u) {
        status = WMBT_TRUNCATED; /* an empty value */
    }
    if (status != WMBT_OK) {
        return wmbt_reader_settle(r, s, status);
    }
    (void)wmbt_text_unhex(manifest.id, false, s->id, sizeof s->id); /* the parser checked it */
    s->large = 1;
    s->large_bytes = (uint32_t)manifest.total_bytes;
    s->chunks = (uint32_t)manifest.chunks;
    s->chunk = 0;
    s->source_bytes = 0;
    s->raw_need = s->large_bytes;
    s->stored_need = wmbt_reader_chunk_bound(wmbt_reader_chunk_bytes(s));
    wmbt_reader_enter(s, WMBT_SLOT_MEMORY);
    return WMBT_OK;
}

/* --- plain --------------------------------------------------------------------------------------
 */

static uint32_t wmbt_reader_min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The first bytes of a plain object are there: learns what it is and takes them. */
static wmbt_status wmbt_reader_plain_start(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first,
                                           uint32_t plain_bytes)
{
    s->plain_bytes = plain_bytes;
    wmbt_status status = wmbt_reader_body_head(r, s, first);
    if (status == WMBT_OK) {
        uint32_t n = wmbt_reader_min((uint32_t)first.len, wmbt_reader_body_limit(s));
        status = wmbt_reader_body_take(r, s, 0, wmbt_view_of(first.data, n));
    }
    return status;
}

/* A plain object that is all there. */
static wmbt_status wmbt_reader_plain_whole(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view plain)
{
    uint32_t bytes = (uint32_t)plain.len;
    wmbt_view first = wmbt_view_of(plain.data, wmbt_reader_min(bytes, WMBT_READER_HEAD_BYTES));
    wmbt_status status = WMBT_MISSING;
    if (s->large == 0u) {
        status = wmbt_reader_try_large(r, s, first, bytes);
    }
    if (status != WMBT_MISSING) {
        return status;
    }
    status = wmbt_reader_plain_start(r, s, first, bytes);
    if (status == WMBT_OK) {
        uint32_t limit = wmbt_reader_body_limit(s);
        if (limit > first.len) {
            status = wmbt_reader_body_take(
                r, s, (uint32_t)first.len,
                wmbt_view_of(plain.data + first.len, limit - (uint32_t)first.len));
        }
    }
    if (status == WMBT_OK) {
        status = wmbt_reader_body_finish(r, s);
    }
    return wmbt_reader_settle(r, s, status);
}

/* --- sources ------------------------------------------------------------------------------------
 */

static wmbt_status wmbt_reader_chunk_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->chunk++;
    if (s->chunk < s->chunks) {
        wmbt_reader_source_start(s);
        return WMBT_OK;
    }
    return wmbt_reader_plain_whole(r, s, wmbt_view_of(s->raw.data, s->large_bytes));
}

/* Collects the source, from its head on. */
static wmbt_status wmbt_reader_collect(wmbt_reader *r, wmbt_reader_slot *s, wmbt_buf room)
{
    s->collect = room;
    wmbt_bytes_copy(room.data, s->head, wmbt_reader_head_bytes(s));
    return wmbt_reader_go_on(r, s, WMBT_SLOT_COLLECT);
}

wmbt_status wmbt_reader_object_go(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->source_bytes != 0u) {
        return wmbt_reader_collect(r, s, s->stored);
    }
    wmbt_reader_source_start(s); /* the first chunk */
    return WMBT_OK;
}

/* Unwraps a source into `room`. */
static wmbt_status wmbt_reader_unwrap(wmbt_reader *r, wmbt_view source, wmbt_buf room,
                                      uint32_t *bytes)
{
    wmbt_compressed_plain plain;
    wmbt_status status = wmbt_compressed_unwrap(source, &r->codec, room, 0, &plain);
    if (status != WMBT_OK) {
        return status;
    }
    if (plain.bytes.len > room.len) {
        return WMBT_BAD_LENGTH; /* the source has changed since its head was read */
    }
    if (plain.bytes.data != room.data) {
        wmbt_bytes_copy(room.data, plain.bytes.data, plain.bytes.len);
    }
    *bytes = (uint32_t)plain.bytes.len;
    return WMBT_OK;
}

/* The source has been collected. */
static wmbt_status wmbt_reader_collected(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->wrapped == 0u) {
        return wmbt_reader_chunk_done(r, s); /* collected where it belongs */
    }
    wmbt_buf room =
        s->large != 0u ? wmbt_reader_chunk_room(s) : wmbt_buf_of(s->raw.data, s->raw_need);
    uint32_t bytes = 0;
    wmbt_status status =
        wmbt_reader_unwrap(r, wmbt_view_of(s->collect.data, s->source_bytes), room, &bytes);
    if (status == WMBT_OK && s->large != 0u && bytes != room.len) {
        status = WMBT_BAD_LENGTH;
    }
    if (status != WMBT_OK) {
        return wmbt_reader_settle(r, s, status);
    }
    return s->large != 0u ? wmbt_reader_chunk_done(r, s)
                          : wmbt_reader_plain_whole(r, s, wmbt_view_of(room.data, bytes));
}

/* The head of a wrapper. */
static wmbt_status wmbt_reader_wrapped_source(wmbt_reader *r, wmbt_reader_slot *s,
                                              const wmbt_compressed_info *info)
{
    bool zstd = info->algorithm == WMBT_COMPRESSED_ZSTD;
    uint32_t raw = zstd ? info->raw_bytes : s->source_bytes - WMBT_COMPRESSED_HEADER_BYTES;
    wmbt_status status = WMBT_OK;
    if (zstd && r->codec.decode == NULL) {
        status = WMBT_UNSUPPORTED_ALGORITHM;
    } else if (s->large != 0u && raw != wmbt_reader_chunk_bytes(s)) {
        status = WMBT_BAD_LENGTH;
    } else if (raw > r->max_object_bytes) {
        status = WMBT_TOO_LARGE;
    }
    if (status != WMBT_OK) {
        return wmbt_reader_settle(r, s, status);
    }
    s->wrapped = 1;
    if (s->large != 0u && s->stored.len >= s->source_bytes) {
        return wmbt_reader_collect(r, s, s->stored);
    }
    if (s->large == 0u && s->source_bytes <= WMBT_READER_HEAD_BYTES &&
        raw <= WMBT_READER_HEAD_BYTES) { /* as a manifest is: needs no memory */
        uint8_t room[WMBT_READER_HEAD_BYTES];
        uint32_t bytes = 0;
        status = wmbt_reader_unwrap(r, wmbt_view_of(s->head, s->source_bytes),
                                    wmbt_buf_of(room, raw), &bytes);
        return status == WMBT_OK ? wmbt_reader_plain_whole(r, s, wmbt_view_of(room, bytes))
                                 : wmbt_reader_settle(r, s, status);
    }
    s->raw_need = s->large != 0u ? 0u : raw;
    s->stored_need = s->source_bytes;
    wmbt_reader_enter(s, WMBT_SLOT_MEMORY);
    return WMBT_OK;
}

/* The head of a source that is no wrapper. */
static wmbt_status wmbt_reader_plain_source(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view first)
{
    if (s->large != 0u) {
        return s->source_bytes == wmbt_reader_chunk_bytes(s)
                   ? wmbt_reader_collect(r, s, wmbt_reader_chunk_room(s))
                   : wmbt_reader_settle(r, s, WMBT_BAD_LENGTH);
    }
    wmbt_status status = wmbt_reader_try_large(r, s, first, s->source_bytes);
    if (status != WMBT_MISSING) {
        return status;
    }
    status = wmbt_reader_plain_start(r, s, first, s->source_bytes);
    return status == WMBT_OK ? wmbt_reader_go_on(r, s, WMBT_SLOT_PLAIN)
                             : wmbt_reader_settle(r, s, status);
}

static wmbt_status wmbt_reader_head_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_view first = wmbt_view_of(s->head, wmbt_reader_head_bytes(s));
    wmbt_compressed_info info;
    wmbt_status status =
        wmbt_compressed_probe(first, s->source_bytes <= WMBT_READER_HEAD_BYTES, &info);
    if (status != WMBT_OK) {
        return wmbt_reader_settle(r, s, status);
    }
    return info.kind == WMBT_COMPRESSED_PLAIN ? wmbt_reader_plain_source(r, s, first)
                                              : wmbt_reader_wrapped_source(r, s, &info);
}

wmbt_status wmbt_reader_object_step(wmbt_reader *r, wmbt_reader_slot *s)
{
    switch (s->phase) {
    case WMBT_SLOT_HEAD: return wmbt_reader_head_done(r, s);
    case WMBT_SLOT_PLAIN: return wmbt_reader_settle(r, s, wmbt_reader_body_finish(r, s));
    default: return wmbt_reader_collected(r, s);
    }
}

#endif
