/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is stored to the plain object: an object is plain, wrapped, or a manifest (plain or
 * wrapped) of chunks (plain or wrapped). Nothing is unwrapped twice, as upstream does.
 */
#include "base/bytes.h"
#include "use/reader/state.h"

#if WMBT_CFG_READER

static uint32_t wmbt_reader_head_bytes(const wmbt_reader_slot *s)
{
    return wmbt_reader_min(s->source_bytes, WMBT_READER_HEAD_BYTES);
}

uint32_t wmbt_reader_phase_end(const wmbt_reader_slot *s)
{
    switch (s->phase) {
    case WMBT_SLOT_HEAD: return wmbt_reader_head_bytes(s);
    case WMBT_SLOT_COLLECT: return s->source_bytes;
    case WMBT_SLOT_PLAIN: return wmbt_reader_body_limit(s);
    default: return UINT32_MAX;
    }
}

static void wmbt_reader_source_start(wmbt_reader_slot *s)
{
    s->runs = 1;
    s->run[0].from = 0;
    s->run[0].to = 0;
    s->source_bytes = 0;
    s->collect = s->head;
    wmbt_reader_enter(s, WMBT_SLOT_FIND);
}

void wmbt_reader_object_start(wmbt_reader_slot *s)
{
    s->total_stored = 0;
    s->large = 0;
    s->chunk = 0;
    s->raw = NULL;
    s->stored.len = 0;
    wmbt_reader_source_start(s);
}

/* --- memory -------------------------------------------------------------------------------------
 */

static wmbt_status wmbt_reader_ask_memory(wmbt_reader_slot *s, uint32_t stored_need)
{
    s->stored_need = stored_need;
    wmbt_reader_enter(s, WMBT_SLOT_MEMORY);
    return WMBT_OK;
}

/* Room for the plain bytes of the source: of a chunk its part. */
static wmbt_buf wmbt_reader_room(const wmbt_reader_slot *s)
{
    size_t at = s->chunk * (size_t)WMBT_LARGEVALUE_CHUNK_BYTES;
    size_t left = s->raw_bytes - at;
    bool more = s->large != 0u && left > WMBT_LARGEVALUE_CHUNK_BYTES;
    return wmbt_buf_of(s->raw + at, more ? WMBT_LARGEVALUE_CHUNK_BYTES : left);
}

/* Collects the source, from its head on. */
static wmbt_status wmbt_reader_collect(wmbt_reader_slot *s, uint8_t *room)
{
    s->collect = room;
    wmbt_bytes_copy(room, s->head, wmbt_reader_head_bytes(s));
    wmbt_reader_enter(s, WMBT_SLOT_COLLECT);
    return WMBT_OK;
}

void wmbt_reader_object_go(wmbt_reader_slot *s)
{
    if (s->source_bytes != 0u) {
        (void)wmbt_reader_collect(s, s->stored.data);
    } else {
        wmbt_reader_source_start(s); /* the first chunk */
    }
}

/* --- the plain object ---------------------------------------------------------------------------
 */

wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s, wmbt_buf out,
                                  size_t *len)
{
    wmbt_largevalue manifest;
    manifest.id.data = s->id;
    manifest.id.len = sizeof s->id;
    manifest.chunks = UINT32_MAX; /* the slot knows which there are */
    return wmbt_largevalue_chunk_key(&manifest, r->config.prefix, r->config.name_space, s->chunk,
                                     out, len);
}

/* A manifest instead of the object: asks for memory for all chunks. A wrapped chunk is hardly
 * longer than its bytes: zstd adds 3 bytes to each 128 KiB it cannot compress, and some for the
 * frame and the
 * wrapper. One that is longer asks for more. */
static wmbt_status wmbt_reader_manifest(const wmbt_reader *r, wmbt_reader_slot *s,
                                        const wmbt_largevalue *manifest)
{
    if (manifest->total_bytes > r->config.max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    if (manifest->total_bytes == 0u) {
        return WMBT_TRUNCATED; /* an empty value */
    }
    wmbt_bytes_copy(s->id, manifest->id.data, sizeof s->id);
    s->large = 1;
    s->source_bytes = 0;
    s->raw = NULL;
    s->raw_bytes = (uint32_t)manifest->total_bytes;
    uint32_t bytes = wmbt_reader_min(s->raw_bytes, WMBT_LARGEVALUE_CHUNK_BYTES);
    return wmbt_reader_ask_memory(s, bytes + (bytes >> 7) + 64u);
}

/* s->head holds the first bytes of the plain object, or of a manifest. */
static wmbt_status wmbt_reader_plain_start(wmbt_reader *r, wmbt_reader_slot *s, uint32_t bytes)
{
    wmbt_view first = wmbt_view_of(s->head, wmbt_reader_min(bytes, WMBT_READER_HEAD_BYTES));
    if (s->large == 0u) {
        wmbt_largevalue manifest;
        wmbt_status status = wmbt_largevalue_parse(first, 0, &manifest);
        if (status != WMBT_BAD_MAGIC) {
            if (bytes > WMBT_LARGEVALUE_MAX_TEXT) {
                return WMBT_TRAILING_BYTES;
            }
            return status != WMBT_OK ? status : wmbt_reader_manifest(r, s, &manifest);
        }
    }
    wmbt_reader_enter(s, WMBT_SLOT_PLAIN);
    return wmbt_reader_body_start(r, s, first, bytes);
}

/* A plain object that is all there. What decides is copied first: the memory could still change. */
static wmbt_status wmbt_reader_plain_whole(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view plain)
{
    uint32_t bytes = (uint32_t)plain.len;
    uint32_t n = wmbt_reader_min(bytes, WMBT_READER_HEAD_BYTES);
    wmbt_bytes_copy(s->head, plain.data, n);
    wmbt_status status = wmbt_reader_plain_start(r, s, bytes);
    if (status == WMBT_OK && s->phase == WMBT_SLOT_PLAIN) {
        uint32_t limit = wmbt_reader_body_limit(s);
        if (n < limit) {
            status = wmbt_reader_body_take(r, s, n, wmbt_view_of(plain.data + n, limit - n));
        }
        s->run[0].to = limit; /* finishes the phase */
    }
    return status;
}

/* --- sources ------------------------------------------------------------------------------------
 */

/* The plain bytes of a source are there: the object, or a chunk of it. */
static wmbt_status wmbt_reader_source_done(wmbt_reader *r, wmbt_reader_slot *s, wmbt_view plain)
{
    if (s->large != 0u) {
        if (plain.data + plain.len != s->raw + s->raw_bytes) {
            s->chunk++;
            wmbt_reader_source_start(s);
            return WMBT_OK;
        }
        plain.data = s->raw;
        plain.len = s->raw_bytes;
    }
    return wmbt_reader_plain_whole(r, s, plain);
}

/* Unwraps the source into `room`. */
static wmbt_status wmbt_reader_unwrap(wmbt_reader *r, wmbt_reader_slot *s, wmbt_buf room)
{
    wmbt_compressed_plain plain;
    wmbt_status status = wmbt_compressed_unwrap(wmbt_view_of(s->collect, s->source_bytes),
                                                &r->config.codec, room, 0, &plain);
    if (status != WMBT_OK) {
        /* A codec of the caller's could say anything. What it says must fit a byte, be an error,
         * and not be taken for one of this call. */
        if (wmbt_status_is_caller(status) || status == WMBT_FULL) {
            return WMBT_UNSUPPORTED_ALGORITHM;
        }
        return wmbt_status_is_error(status) && status <= (int)UINT8_MAX ? status
                                                                        : WMBT_BAD_BITSTREAM;
    }
    if (s->large != 0u ? plain.bytes.len != room.len : plain.bytes.len > room.len) {
        return WMBT_BAD_LENGTH; /* the source has changed since its head was read */
    }
    if (plain.bytes.data != room.data) {
        wmbt_bytes_copy(room.data, plain.bytes.data, plain.bytes.len);
    }
    return wmbt_reader_source_done(r, s, wmbt_view_of(room.data, plain.bytes.len));
}

/* The source has been collected. */
static wmbt_status wmbt_reader_collected(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_buf room = wmbt_reader_room(s);
    return s->wrapped != 0u ? wmbt_reader_unwrap(r, s, room)
                            : wmbt_reader_source_done(r, s, wmbt_view_of(room.data, room.len));
}

/* A wrapper, or a chunk in any form; `raw` is the length of its plain bytes. */
static wmbt_status wmbt_reader_take_source(wmbt_reader *r, wmbt_reader_slot *s, uint32_t raw)
{
    if (s->large != 0u) {
        wmbt_buf room = wmbt_reader_room(s);
        if (raw != room.len) {
            return WMBT_BAD_LENGTH;
        }
        if (s->wrapped == 0u) {
            return wmbt_reader_collect(s, room.data); /* where it belongs */
        }
        return s->stored.len >= s->source_bytes ? wmbt_reader_collect(s, s->stored.data)
                                                : wmbt_reader_ask_memory(s, s->source_bytes);
    }
    if (raw > r->config.max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    if (raw == 0u) {
        return WMBT_TRUNCATED; /* an empty object */
    }
    if (s->source_bytes <= WMBT_READER_HEAD_BYTES && raw <= WMBT_READER_HEAD_BYTES) {
        /* as a manifest is: needs no memory */
        return wmbt_reader_unwrap(r, s, wmbt_buf_of(s->small, raw));
    }
    s->raw_bytes = raw;
    return wmbt_reader_ask_memory(s, s->source_bytes);
}

static wmbt_status wmbt_reader_head_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_probe(wmbt_view_of(s->head, wmbt_reader_head_bytes(s)),
                                               s->source_bytes <= WMBT_READER_HEAD_BYTES, &info);
    if (status != WMBT_OK) {
        return status;
    }
    s->wrapped = info.kind;
    if (info.algorithm == WMBT_COMPRESSED_ZSTD) {
        return r->config.codec.decode == NULL ? WMBT_UNSUPPORTED_ALGORITHM
                                              : wmbt_reader_take_source(r, s, info.raw_bytes);
    }
    if (info.kind != WMBT_COMPRESSED_PLAIN) {
        return wmbt_reader_take_source(r, s, s->source_bytes - WMBT_COMPRESSED_HEADER_BYTES);
    }
    return s->large != 0u ? wmbt_reader_take_source(r, s, s->source_bytes)
                          : wmbt_reader_plain_start(r, s, s->source_bytes);
}

wmbt_status wmbt_reader_object_step(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_status status = WMBT_OK;
    while (status == WMBT_OK && s->run[0].to >= wmbt_reader_phase_end(s)) {
        if (s->phase == WMBT_SLOT_HEAD) {
            status = wmbt_reader_head_done(r, s);
        } else if (s->phase == WMBT_SLOT_COLLECT) {
            status = wmbt_reader_collected(r, s);
        } else {
            status = wmbt_reader_body_finish(s);
        }
    }
    return status;
}

#endif
