/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is stored to the plain object: an object is plain, wrapped, or a manifest (plain or
 * wrapped) of chunks (plain or wrapped). Nothing is unwrapped twice, as upstream does.
 */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- sources ---------------------------------------------------------------------------------- */

static void wmbt_reader_source_start(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->runs = 1;
    s->run[0].to = 0; /* from is always 0 */
    s->done = 0;
    s->collect = s->header;
    wmbt_reader_enter(r, s, WMBT_SLOT_FIND);
}

void wmbt_reader_object_start(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->total_stored = 0;
    s->large = 0;
    s->chunk = 0;
    s->part_at = 0;
    s->plain = NULL;
    s->stored.len = 0;
    wmbt_reader_source_start(r, s);
}

#    if WMBT_CFG_READER_COLLECT

/* --- memory ----------------------------------------------------------------------------------- */

static wmbt_status wmbt_reader_ask_memory(wmbt_reader *r, wmbt_reader_slot *s, uint32_t stored)
{
    wmbt_reader_record_of(r, s->object)->state |= WMBT_RECORD_COLLECTED;
    s->ask_to = stored;
    wmbt_reader_enter(r, s, WMBT_SLOT_MEMORY);
    return WMBT_OK;
}

/* Collects the source, from its header on; an open want goes on. */
static wmbt_status wmbt_reader_collect(wmbt_reader_slot *s, uint8_t *room)
{
    s->collect = room;
    wmbt_bytes_copy(room, s->header, wmbt_min_u32(s->source_bytes, WMBT_READER_HEADER_BYTES));
    s->phase = WMBT_SLOT_COLLECT;
    s->limit = s->source_bytes;
    return WMBT_OK;
}

void wmbt_reader_resume(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->source_bytes != 0u) {
        (void)wmbt_reader_collect(s, s->stored.data);
        wmbt_reader_reissue(r, s);
    } else {
        wmbt_reader_source_start(r, s); /* the first chunk */
    }
}

/* A manifest instead of the object: asks for memory for all chunks. A wrapped chunk is hardly
 * longer than its bytes: zstd adds 3 bytes to each 128 KiB it cannot compress, and some for the
 * frame and the wrapper. One that is longer asks for more. */
static wmbt_status wmbt_reader_manifest(wmbt_reader *r, wmbt_reader_slot *s,
                                        const wmbt_largevalue *manifest)
{
    if (manifest->total_bytes > r->config.max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    if (manifest->total_bytes == 0u) {
        return WMBT_TRUNCATED; /* an empty value */
    }
    wmbt_bytes_copy(s->id_digits, manifest->id.data, sizeof s->id_digits);
    s->large = 1;
    s->source_bytes = 0;
    s->part_at = 0;
    s->plain = NULL;
    s->plain_bytes = (uint32_t)manifest->total_bytes;
    uint32_t bytes = wmbt_min_u32(s->plain_bytes, WMBT_LARGEVALUE_CHUNK_BYTES);
    return wmbt_reader_ask_memory(r, s, bytes + (bytes >> 7) + 64u);
}

#    endif

/* --- the plain object ------------------------------------------------------------------------- */

/* s->header holds the first bytes of the plain object, or of a manifest. */
static wmbt_status wmbt_reader_plain_start(wmbt_reader *r, wmbt_reader_slot *s, uint32_t phase)
{
#    if WMBT_CFG_READER_COLLECT
    if (s->large == 0u) {
        wmbt_largevalue manifest;
        wmbt_status status = wmbt_largevalue_parse(wmbt_reader_first(s), 0, &manifest);
        if (status != WMBT_BAD_MAGIC) {
            if (s->plain_bytes > WMBT_LARGEVALUE_MAX_TEXT) {
                return WMBT_TRAILING_BYTES;
            }
            return status != WMBT_OK ? status : wmbt_reader_manifest(r, s, &manifest);
        }
    }
#    endif
    s->phase = (uint8_t)phase; /* an open want goes on */
    return wmbt_reader_body_start(r, s);
}

#    if WMBT_CFG_READER_COLLECT

/* The plain object, or a wrapped manifest, is all there. What decides is copied first: the memory
 * could still change. */
static wmbt_status wmbt_reader_check_start(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_bytes_copy(s->header, s->plain, wmbt_min_u32(s->plain_bytes, WMBT_READER_HEADER_BYTES));
    return wmbt_reader_plain_start(r, s, WMBT_SLOT_CHECK);
}

/* --- work ------------------------------------------------------------------------------------- */

/* The source is unwrapped, or was plain: it is an object, or a chunk of one. */
static wmbt_status wmbt_reader_part_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->part_at += s->part;
    if (s->part_at != s->plain_bytes) {
        s->chunk++;
        wmbt_reader_source_start(r, s);
        return WMBT_OK;
    }
    return wmbt_reader_check_start(r, s);
}

/* A codec of the caller's could say anything. What it says must fit a byte, be an error, and not be
 * taken for one of this call. */
static wmbt_status wmbt_reader_said_by_codec(wmbt_status status)
{
    if (wmbt_status_is_caller(status) || status == WMBT_FULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    if (status == WMBT_TOO_LARGE) {
        return WMBT_BAD_LENGTH; /* more than the wrapper says */
    }
    return wmbt_status_is_error(status) && status <= (int)UINT8_MAX ? status : WMBT_BAD_BITSTREAM;
}

/* Unwraps the source to where its plain bytes go. need-more: not all of it yet. */
static wmbt_status wmbt_reader_unwrap(wmbt_reader *r, wmbt_reader_slot *s, uint32_t work)
{
    const wmbt_codec *codec = &r->config.codec;
    wmbt_view payload = wmbt_view_of(s->collect + WMBT_COMPRESSED_HEADER_BYTES,
                                     s->source_bytes - WMBT_COMPRESSED_HEADER_BYTES);
    wmbt_buf room = wmbt_buf_of(s->plain + s->part_at, s->part);
    size_t written = 0;
    wmbt_status status;
    if (s->wrapped == WMBT_READER_COPIED) {
        uint32_t n = wmbt_min_u32(work, s->part - s->done);
        wmbt_bytes_copy(room.data + s->done, payload.data + s->done, n);
        s->done += n;
        return s->done == s->part ? WMBT_OK : WMBT_NEED_MORE;
    }
    if (work != WMBT_READER_ALL_WORK && codec->step != NULL) {
        bool begin = s->begun == 0u;
        s->begun = 1;
        status = codec->step(codec->context, begin, payload, room, work, &written);
        if (status == WMBT_NEED_MORE) {
            return status;
        }
    } else {
        status = codec->decode(codec->context, payload, room, &written);
    }
    if (status != WMBT_OK) {
        return wmbt_reader_said_by_codec(status);
    }
    return written == room.len ? WMBT_OK : WMBT_BAD_LENGTH;
}

/* Checks bytes of the collected object. */
static wmbt_status wmbt_reader_check(wmbt_reader *r, wmbt_reader_slot *s, uint32_t work)
{
    wmbt_reader_claim claim;
    claim.before = s->run;
    claim.after = NULL;
    claim.from = s->run[0].to;
    claim.to = claim.from + wmbt_min_u32(work, s->limit - claim.from);
    return wmbt_reader_body_take(r, s, &claim, s->plain + claim.from);
}

/* One step of work. */
static wmbt_status wmbt_reader_work(wmbt_reader *r, wmbt_reader_slot *s, uint32_t work)
{
    if (s->phase == WMBT_SLOT_CHECK) {
        return wmbt_reader_check(r, s, work);
    }
    wmbt_status status = wmbt_reader_unwrap(r, s, work);
    if (status == WMBT_NEED_MORE) {
        return WMBT_OK;
    }
    wmbt_reader_release_codec(r, s);
    return status == WMBT_OK ? wmbt_reader_part_done(r, s) : status;
}

/* --- what the header says --------------------------------------------------------------------- */

/* The source has been collected. Its work has a want of its own, if it is not done at once. */
static wmbt_status wmbt_reader_collected(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->wrapped != 0u) {
        wmbt_reader_enter(r, s, WMBT_SLOT_UNWRAP);
        return WMBT_OK;
    }
    wmbt_status status = wmbt_reader_part_done(r, s);
    if (status == WMBT_OK) {
        wmbt_reader_reissue(r, s); /* of the next chunk, or of the work that checks the object */
    }
    return status;
}

static wmbt_status wmbt_reader_take_chunk(wmbt_reader *r, wmbt_reader_slot *s)
{
    uint32_t left = s->plain_bytes - s->part_at;
    if (s->part != wmbt_min_u32(left, WMBT_LARGEVALUE_CHUNK_BYTES)) {
        return WMBT_BAD_LENGTH;
    }
    if (s->wrapped == 0u) {
        return wmbt_reader_collect(s, s->plain + s->part_at); /* where it belongs */
    }
    return s->stored.len >= s->source_bytes ? wmbt_reader_collect(s, s->stored.data)
                                            : wmbt_reader_ask_memory(r, s, s->source_bytes);
}

/* As a manifest is: needs no memory, and little work, which is done at once. But the codec may be
 * in the middle of another object, whose state it would lose: then this one waits its turn. */
static wmbt_status wmbt_reader_take_small(wmbt_reader *r, wmbt_reader_slot *s)
{
    s->plain = s->small;
    if (s->wrapped == WMBT_READER_ENCODED && r->inflating != WMBT_SLOT_NONE) {
        wmbt_reader_record_of(r, s->object)->state |= WMBT_RECORD_COLLECTED;
        wmbt_reader_enter(r, s, WMBT_SLOT_UNWRAP);
        return WMBT_OK;
    }
    wmbt_status status = wmbt_reader_unwrap(r, s, WMBT_READER_ALL_WORK);
    return status == WMBT_OK ? wmbt_reader_part_done(r, s) : status;
}

static wmbt_status wmbt_reader_take_wrapper(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->part > r->config.max_object_bytes) {
        return WMBT_TOO_LARGE;
    }
    if (s->part == 0u) {
        return WMBT_TRUNCATED; /* an empty object */
    }
    s->plain_bytes = s->part;
    if (s->source_bytes <= WMBT_READER_HEADER_BYTES && s->part <= WMBT_READER_HEADER_BYTES) {
        return wmbt_reader_take_small(r, s);
    }
    return wmbt_reader_ask_memory(r, s, s->source_bytes);
}

#    endif

#    if !WMBT_CFG_READER_COLLECT

/* A manifest is no plain object, nor a damaged one. */
static bool wmbt_reader_is_manifest(const wmbt_reader_slot *s)
{
    static const uint8_t mark[] = {'W', 'M', 'B', 'T', '_', 'K', 'V', '_', 'S', 'H',
                                   'M', '_', 'L', 'A', 'R', 'G', 'E', '_', 'V', '1'};
    return s->limit > sizeof mark && wmbt_bytes_equal(s->header, mark, sizeof mark);
}

#    endif

static wmbt_status wmbt_reader_header_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    wmbt_compressed_info info;
    wmbt_status status = wmbt_compressed_probe(wmbt_view_of(s->header, s->limit),
                                               s->source_bytes <= WMBT_READER_HEADER_BYTES, &info);
    if (status != WMBT_OK) {
        return status;
    }
#    if WMBT_CFG_READER_COLLECT
    bool encoded = info.algorithm == WMBT_COMPRESSED_ZSTD;
    if (encoded && r->config.codec.decode == NULL) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    s->wrapped = 0;
    s->part = s->source_bytes;
    if (info.kind != WMBT_COMPRESSED_PLAIN) {
        s->wrapped = encoded ? WMBT_READER_ENCODED : WMBT_READER_COPIED;
        s->part = encoded ? info.plain_bytes : s->source_bytes - WMBT_COMPRESSED_HEADER_BYTES;
    }
    if (s->large != 0u) {
        return wmbt_reader_take_chunk(r, s);
    }
    if (s->wrapped != 0u) {
        return wmbt_reader_take_wrapper(r, s);
    }
#    else
    if (info.kind != WMBT_COMPRESSED_PLAIN || wmbt_reader_is_manifest(s)) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
#    endif
    s->plain_bytes = s->source_bytes;
    return wmbt_reader_plain_start(r, s, WMBT_SLOT_PLAIN);
}

/* --- on and on -------------------------------------------------------------------------------- */

/* A phase whose bytes are all there comes to its end. */
static wmbt_status wmbt_reader_phase_done(wmbt_reader *r, wmbt_reader_slot *s)
{
    if (s->phase == WMBT_SLOT_HEADER) {
        return wmbt_reader_header_done(r, s);
    }
#    if WMBT_CFG_READER_COLLECT
    if (s->phase == WMBT_SLOT_COLLECT) {
        return wmbt_reader_collected(r, s);
    }
#    endif
    return wmbt_reader_body_finish(r, s);
}

/* Does the next thing that can be done. False if something has to come first. */
static bool wmbt_reader_proceed(wmbt_reader *r, wmbt_reader_slot *s, uint32_t *work,
                                wmbt_status *status)
{
    (void)work;
    if (s->phase >= WMBT_SLOT_HEADER && s->run[0].to >= s->limit) {
        *status = wmbt_reader_phase_done(r, s);
        return true;
    }
#    if WMBT_CFG_READER_COLLECT
    if (*work != 0u && (s->phase == WMBT_SLOT_UNWRAP || s->phase == WMBT_SLOT_CHECK)) {
        uint32_t step = *work;
        *work = step == WMBT_READER_ALL_WORK ? step : 0u; /* one step a call */
        *status = wmbt_reader_work(r, s, step);
        return true;
    }
#    endif
    return false;
}

wmbt_status wmbt_reader_advance(wmbt_reader *r, wmbt_reader_slot *s, wmbt_status status,
                                uint32_t work)
{
    while (status == WMBT_OK && wmbt_reader_proceed(r, s, &work, &status)) {
    }
    if (status != WMBT_OK) {
        wmbt_reader_finish(r, s, status);
        return status;
    }
    if (s->asked == 0u) {
        return WMBT_OK;
    }
    if (s->asked == WMBT_WANT_STEP || s->run[0].to < wmbt_min_u32(s->ask_to, s->limit)) {
        return WMBT_NEED_MORE;
    }
    wmbt_reader_reissue(r, s); /* the want is complete; the phase is not */
    return WMBT_OK;
}

#endif
