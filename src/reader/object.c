/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is stored to the plain object: an object is plain, wrapped, or a manifest (plain or
 * wrapped) of chunks (plain or wrapped). Nothing is unwrapped twice, as upstream does.
 */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- sources and memory ----------------------------------------------------------------------- */

static void wmbt_reader_source_start(wmbt_reader_slot *s)
{
    s->runs = 1;
    s->run[0].from = 0;
    s->run[0].to = 0;
    s->source_bytes = 0;
    s->collect = s->header;
    wmbt_reader_enter(s, WMBT_SLOT_FIND, 0);
}

void wmbt_reader_object_start(wmbt_reader_slot *s)
{
    s->total_stored = 0;
    s->large = 0;
    s->chunk = 0;
    s->unwrapped_at = 0;
    s->raw = NULL;
    s->stored.len = 0;
    wmbt_reader_source_start(s);
}

static wmbt_status wmbt_reader_ask_memory(wmbt_reader_slot *s, uint32_t stored_need)
{
    s->stored_need = stored_need;
    wmbt_reader_enter(s, WMBT_SLOT_MEMORY, 0);
    return WMBT_OK;
}

/* Collects the source, from its head on. */
static wmbt_status wmbt_reader_collect(wmbt_reader_slot *s, uint8_t *room)
{
    s->collect = room;
    wmbt_bytes_copy(room, s->header, wmbt_reader_min(s->source_bytes, WMBT_READER_HEADER_BYTES));
    wmbt_reader_enter(s, WMBT_SLOT_COLLECT, s->source_bytes);
    return WMBT_OK;
}

void wmbt_reader_resume(wmbt_reader_slot *s)
{
    if (s->source_bytes != 0u) {
        (void)wmbt_reader_collect(s, s->stored.data);
    } else {
        wmbt_reader_source_start(s); /* the first chunk */
    }
}

/* --- the plain object ------------------------------------------------------------------------- */

/* A manifest instead of the object: asks for memory for all chunks. A wrapped chunk is hardly
 * longer than its bytes: zstd adds 3 bytes to each 128 KiB it cannot compress, and some for the
 * frame and the wrapper. One that is longer asks for more. */
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
    s->unwrapped_at = 0;
    s->raw = NULL;
    s->raw_bytes = (uint32_t)manifest->total_bytes;
    uint32_t bytes = wmbt_reader_min(s->raw_bytes, WMBT_LARGEVALUE_CHUNK_BYTES);
    return wmbt_reader_ask_memory(s, bytes + (bytes >> 7) + 64u);
}

/* s->header holds the first bytes of the plain object, or of a manifest. */
static wmbt_status wmbt_reader_plain_start(wmbt_reader *r, wmbt_reader_slot *s, uint32_t bytes)
{
    s->plain_bytes = bytes;
    if (s->large == 0u) {
        wmbt_largevalue manifest;
        wmbt_status status = wmbt_largevalue_parse(wmbt_reader_first(s), 0, &manifest);
        if (status != WMBT_BAD_MAGIC) {
            if (bytes > WMBT_LARGEVALUE_MAX_TEXT) {
                return WMBT_TRAILING_BYTES;
            }
            return status != WMBT_OK ? status : wmbt_reader_manifest(r, s, &manifest);
        }
    }
    return wmbt_reader_body_start(r, s);
}

/* The plain object, or a wrapped manifest, is all there. What decides is copied first: the memory
 * could still change. */
static wmbt_status wmbt_reader_plain_whole(wmbt_reader *r, wmbt_reader_slot *s)
{
    const uint8_t *plain = s->raw;
    uint32_t n = wmbt_reader_min(s->raw_bytes, WMBT_READER_HEADER_BYTES);
    wmbt_bytes_copy(s->header, plain, n);
    wmbt_status status = wmbt_reader_plain_start(r, s, s->raw_bytes);
    if (status == WMBT_OK && s->phase == WMBT_SLOT_PLAIN) {
        if (n < s->limit) {
            status = wmbt_reader_body_take(r, s, n, plain + n, s->limit - n);
        }
        s->run[0].to = s->limit; /* finishes the phase */
    }
    return status;
}

/* --- from a source to its plain bytes --------------------------------------------------------- */

/* Unwraps the source to where its plain bytes go. */
static wmbt_status wmbt_reader_unwrap(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_buf room = wmbt_buf_of(s->raw + s->unwrapped_at, s->unwrapped);
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
    if (plain.bytes.len != room.len) {
        return WMBT_BAD_LENGTH; /* the source has changed since its head was read */
    }
    if (plain.bytes.data != room.data) {
        wmbt_bytes_copy(room.data, plain.bytes.data, room.len);
    }
    return WMBT_OK;
}

/* The source has been collected: an object, or a chunk of one. */
static wmbt_status wmbt_reader_collected(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_status status = s->wrapped != 0u ? wmbt_reader_unwrap(r, s) : WMBT_OK;
    if (status != WMBT_OK) {
        return status;
    }
    s->unwrapped_at += s->unwrapped;
    if (s->unwrapped_at != s->raw_bytes) {
        s->chunk++;
        wmbt_reader_source_start(s);
        return WMBT_OK;
    }
    return wmbt_reader_plain_whole(r, s);
}

static wmbt_status wmbt_reader_take_chunk(wmbt_reader_slot *s)
{
    uint32_t left = s->raw_bytes - s->unwrapped_at;
    if (s->unwrapped != wmbt_reader_min(left, WMBT_LARGEVALUE_CHUNK_BYTES)) {
        return WMBT_BAD_LENGTH;
    }
    if (s->wrapped == 0u) {
        return wmbt_reader_collect(s, s->raw + s->unwrapped_at); /* where it belongs */
    }
    return s->stored.len >= s->source_bytes ? wmbt_reader_collect(s, s->stored.data)
                                            : wmbt_reader_ask_memory(s, s->source_bytes);
}

static wmbt_status wmbt_reader_take_wrapper(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->unwrapped > r->config.max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    if (s->unwrapped == 0u) {
        return WMBT_TRUNCATED; /* an empty object */
    }
    s->raw_bytes = s->unwrapped;
    if (s->source_bytes <= WMBT_READER_HEADER_BYTES && s->unwrapped <= WMBT_READER_HEADER_BYTES) {
        s->raw = s->small; /* as a manifest is: needs no memory */
        return wmbt_reader_collected(r, s);
    }
    return wmbt_reader_ask_memory(s, s->source_bytes);
}

static wmbt_status wmbt_reader_header_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_probe(wmbt_view_of(s->header, s->limit),
                                               s->source_bytes <= WMBT_READER_HEADER_BYTES, &info);
    if (status != WMBT_OK) {
        return status;
    }
    bool zstd = info.algorithm == WMBT_COMPRESSED_ZSTD;
    if (zstd && r->config.codec.decode == NULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    s->wrapped = info.kind; /* 0 or 1 */
    s->unwrapped =
        zstd ? info.plain_bytes : s->source_bytes - s->wrapped * WMBT_COMPRESSED_HEADER_BYTES;
    if (s->large != 0u) {
        return wmbt_reader_take_chunk(s);
    }
    return s->wrapped != 0u ? wmbt_reader_take_wrapper(r, s)
                            : wmbt_reader_plain_start(r, s, s->unwrapped);
}

wmbt_status wmbt_reader_advance(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status)
{
    if (status == WMBT_OK && s->asked != 0u) {
        if (s->run[0].to < s->ask_to) {
            return WMBT_NEED_MORE;
        }
        wmbt_reader_reissue(s); /* the want is complete; and its phase? */
    }
    while (status == WMBT_OK && s->phase >= WMBT_SLOT_HEADER && s->run[0].to >= s->limit) {
        if (s->phase == WMBT_SLOT_HEADER) {
            status = wmbt_reader_header_done(r, s);
        } else if (s->phase == WMBT_SLOT_COLLECT) {
            status = wmbt_reader_collected(r, s);
        } else {
            status = wmbt_reader_body_finish(s);
        }
    }
    if (status != WMBT_OK) {
        wmbt_reader_finish(r, s, status);
    }
    return status;
}

#endif
