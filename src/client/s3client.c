/* SPDX-License-Identifier: Apache-2.0 */
/* A client of S3 for a reader. docs/FORMATS.md, "S3". */
#include "wombatkv/s3client.h"

#include "base/bytes.h"
#include "wombatkv/objkey.h"

#if WMBT_CFG_S3CLIENT

#    define WMBT_S3CLIENT_ATTEMPTS 5u
#    define WMBT_S3CLIENT_BASE_MS 100u
#    define WMBT_S3CLIENT_CAP_MS 10000u
#    define WMBT_S3CLIENT_RESTARTS 3u

enum { WMBT_S3CONN_IDLE, WMBT_S3CONN_BUSY };

wmbt_status wmbt_s3client_init(wmbt_s3client *client, const wmbt_s3client_config *config,
                               wmbt_s3client_slot *slots)
{
    if (config->store == NULL || slots == NULL || config->in_flight == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_fill((uint8_t *)client, 0, sizeof *client);
    wmbt_bytes_copy((uint8_t *)&client->config, (const uint8_t *)config, sizeof *config);
    client->config.attempts = config->attempts != 0u ? config->attempts : WMBT_S3CLIENT_ATTEMPTS;
    client->config.base_ms = config->base_ms != 0u ? config->base_ms : WMBT_S3CLIENT_BASE_MS;
    client->config.cap_ms = config->cap_ms != 0u ? config->cap_ms : WMBT_S3CLIENT_CAP_MS;
    client->slots = slots;
    for (uint32_t i = 0; i < config->in_flight; i++) {
        wmbt_bytes_fill((uint8_t *)&slots[i], 0, sizeof slots[i]);
    }
    return WMBT_OK;
}

wmbt_status wmbt_s3conn_init(wmbt_s3conn *conn, wmbt_buf line)
{
    if (line.data == NULL || line.len < WMBT_S3CLIENT_MIN_LINE_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_bytes_fill((uint8_t *)conn, 0, sizeof *conn);
    conn->line.data = line.data;
    conn->line.len = line.len;
    return WMBT_OK;
}

bool wmbt_s3conn_is_reusable(const wmbt_s3conn *conn)
{
    return conn->state == WMBT_S3CONN_IDLE && conn->reusable != 0u;
}

static wmbt_s3client_slot *wmbt_s3client_slot_of(const wmbt_s3client *client, const wmbt_want *want)
{
    return want->id < client->config.in_flight ? &client->slots[want->id] : NULL;
}

uint32_t wmbt_s3client_wait(const wmbt_s3client *client, const wmbt_want *want, uint64_t now_ms)
{
    const wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, want);
    return slot != NULL && slot->not_before > now_ms ? (uint32_t)(slot->not_before - now_ms) : 0u;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* What is known of an object is of that object only: its first want forgets it. */
static void wmbt_s3client_forget(wmbt_s3client_slot *slot)
{
    slot->has_size = 0;
    slot->etag_len = 0;
}

static void wmbt_s3client_begin(wmbt_s3client_slot *slot, const wmbt_want *want)
{
    if (want->kind == WMBT_WANT_OBJECT) {
        wmbt_s3client_forget(slot);
    }
    if (slot->object != want->object + 1u) { /* another one in this slot */
        slot->object = want->object + 1u;
        slot->attempts = 0;
        slot->restarts = 0;
        slot->not_before = 0;
    }
}

static void wmbt_s3client_expect(const wmbt_s3client *client, const wmbt_s3client_slot *slot,
                                 const wmbt_s3_get *get, wmbt_s3_expected *expected)
{
    wmbt_view_set(&expected->if_match, get->if_match);
    expected->first = get->first;
    expected->last = get->last;
    expected->size = slot->size;
    expected->has_range = true;
    expected->has_size = slot->has_size != 0u;
    expected->is_head = false;
    expected->denied_is_missing = client->config.denied_is_missing != 0u;
}

static void wmbt_s3client_store(const wmbt_s3client *client, wmbt_s3_store *store)
{
    wmbt_bytes_copy((uint8_t *)store, (const uint8_t *)client->config.store, sizeof *store);
    if (client->region_len != 0u) {
        store->region = wmbt_view_of(client->region, client->region_len);
    }
}

/* Writes the request of a want and makes the connection expect its answer. */
static wmbt_status wmbt_s3client_write(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_view key,
                                       const wmbt_want *want, uint64_t time, wmbt_buf out,
                                       size_t *written)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, want);
    wmbt_s3_store store;
    wmbt_s3_get get;
    wmbt_s3_expected expected;
    wmbt_http_limits limits;
    wmbt_s3client_store(client, &store);
    get.key = key;
    get.if_match = wmbt_view_of(slot->etag, slot->etag_len);
    get.first = want->offset;
    get.last = (uint64_t)want->offset + want->bytes - 1u;
    get.has_range = true;
    get.is_head = false;
    wmbt_status status =
        wmbt_s3_write_get(&store, &get, time + (uint64_t)client->clock_offset, NULL, out, written);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_s3client_expect(client, slot, &get, &expected);
    wmbt_http_limits_init(&limits);
    return wmbt_s3_answer_init(&conn->answer, &expected, &limits, conn->line);
}

wmbt_status wmbt_s3client_ask(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                              const wmbt_want *want, uint64_t time, wmbt_buf out, size_t *written)
{
    size_t len = 0;
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, want);
    if (want->kind == WMBT_WANT_PRESENCE) {
        wmbt_status failed = wmbt_reader_fail(reader, want, WMBT_S3CLIENT_REFUSED);
        return failed == WMBT_OK ? WMBT_END : failed;
    }
    if (conn->state != WMBT_S3CONN_IDLE || slot == NULL ||
        (want->kind != WMBT_WANT_OBJECT && want->kind != WMBT_WANT_RANGE)) {
        return WMBT_BAD_STATE;
    }
    if (wmbt_buf_is_bad(out) || out.len < WMBT_OBJKEY_MAX_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    out.len -= WMBT_OBJKEY_MAX_BYTES; /* the key, while it is encoded */
    uint8_t *key = out.data + out.len;
    wmbt_status status =
        wmbt_reader_want_key(reader, want, wmbt_buf_of(key, WMBT_OBJKEY_MAX_BYTES), &len);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_s3client_begin(slot, want);
    status = wmbt_s3client_write(client, conn, wmbt_view_of(key, len), want, time, out, written);
    if (status == WMBT_BUFFER_TOO_SMALL) {
        return status;
    }
    if (status != WMBT_OK) {
        wmbt_status failed =
            wmbt_reader_fail(reader, want, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
        return failed == WMBT_OK ? WMBT_END : failed;
    }
    wmbt_bytes_copy((uint8_t *)&conn->want, (const uint8_t *)want, sizeof *want);
    conn->state = WMBT_S3CONN_BUSY;
    conn->reused = conn->reusable;
    conn->reusable = 0;
    conn->found = want->kind == WMBT_WANT_RANGE;
    conn->delivered = 0;
    conn->fed = WMBT_NEED_MORE;
    client->counts.requests++;
    client->counts.asked_bytes += want->bytes;
    return WMBT_OK;
}

/* --- a piece ---------------------------------------------------------------------------------- */

/* The first piece of a first answer: the object is there and has its size. */
static wmbt_status wmbt_s3client_found(wmbt_s3client *client, wmbt_s3conn *conn,
                                       wmbt_reader *reader)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->want);
    wmbt_view etag = wmbt_s3_answer_etag(&conn->answer);
    if (conn->found != 0u) {
        return WMBT_NEED_MORE;
    }
    if (!wmbt_s3_answer_size(&conn->answer, &slot->size) ||
        wmbt_s3_answer_is_doubtful(&conn->answer)) {
        return WMBT_BAD_FIELD; /* a body without an end, or a part that may be the whole */
    }
    slot->has_size = 1;
    bool strong = etag.len != 0u && etag.data[0] != (uint8_t)'W';
    slot->etag_len = strong ? (uint32_t)etag.len : 0u;
    wmbt_bytes_copy(slot->etag, etag.data, slot->etag_len);
    conn->found = 1;
    conn->fed = wmbt_reader_found(reader, &conn->want, slot->size);
    return WMBT_NEED_MORE;
}

/* Gives a piece to the reader, what lies before the want left out. */
static void wmbt_s3client_feed(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                               uint64_t offset, wmbt_view piece)
{
    uint64_t next = (uint64_t)conn->want.offset + conn->delivered;
    size_t skip = 0, taken = 0;
    if (offset < next) {
        skip = next - offset < piece.len ? (size_t)(next - offset) : piece.len;
    }
    if (skip < piece.len && conn->fed == WMBT_NEED_MORE) {
        conn->fed = wmbt_reader_feed(reader, &conn->want, (uint32_t)next,
                                     wmbt_view_of(piece.data + skip, piece.len - skip), &taken);
    }
    conn->delivered += (uint32_t)taken;
    client->counts.received_bytes += taken;
    client->counts.wasted_bytes += piece.len - taken;
}

/* --- the end of an answer --------------------------------------------------------------------- */

/* Full jitter below a bound that doubles; what the store says is the least. */
static void wmbt_s3client_back_off(const wmbt_s3client *client, const wmbt_s3conn *conn,
                                   wmbt_s3client_slot *slot, const wmbt_s3client_now *now)
{
    uint64_t asked = 0;
    uint32_t bound = client->config.base_ms, cap = client->config.cap_ms;
    for (uint32_t i = 1; i < slot->attempts && bound < cap; i++) {
        bound = bound > UINT32_MAX / 2u ? cap : bound * 2u;
    }
    bound = bound < cap ? bound : cap;
    uint32_t wait = now->random % (bound + 1u);
    if (wmbt_s3_answer_retry_after(&conn->answer, &asked)) {
        uint32_t most = WMBT_S3CLIENT_MAX_WAIT_MS / 1000u;
        wait += 1000u * (asked < most ? (uint32_t)asked : most);
    }
    slot->not_before = now->ms + wait;
}

static void wmbt_s3client_fail(wmbt_s3conn *conn, wmbt_reader *reader, wmbt_status status)
{
    conn->fed = wmbt_reader_fail(reader, &conn->want, status);
}

/* Once more, if that is not too often. */
static void wmbt_s3client_again(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                const wmbt_s3client_now *now)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->want);
    if (conn->delivered != 0u) {
        slot->attempts = 0; /* it gets on */
    }
    if (++slot->attempts >= client->config.attempts) {
        slot->attempts = 0;
        wmbt_s3client_fail(conn, reader, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
        return;
    }
    client->counts.retries++;
    wmbt_s3client_back_off(client, conn, slot, now);
    conn->fed = wmbt_reader_retry(reader, &conn->want);
}

static void wmbt_s3client_changed(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->want);
    wmbt_s3client_forget(slot);
    if (++slot->restarts > WMBT_S3CLIENT_RESTARTS) {
        slot->restarts = 0;
        wmbt_s3client_fail(conn, reader, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
    } else {
        conn->fed = wmbt_reader_restart(reader, &conn->want);
    }
}

/* Clock and region are learned, each once. */
static bool wmbt_s3client_mend(wmbt_s3client *client, const wmbt_s3conn *conn,
                               const wmbt_s3client_now *now)
{
    uint64_t date = 0;
    uint32_t meaning = wmbt_s3_answer_meaning(&conn->answer);
    wmbt_view region = wmbt_s3_answer_region(&conn->answer);
    if (meaning == WMBT_S3_CLOCK && client->clock_set == 0u &&
        wmbt_s3_answer_date(&conn->answer, &date)) {
        client->clock_set = 1;
        client->clock_offset = (int64_t)(date - now->time);
        return true;
    }
    if (meaning == WMBT_S3_REGION && client->region_len == 0u && region.len != 0u) {
        wmbt_bytes_copy(client->region, region.data, region.len);
        client->region_len = (uint32_t)region.len;
        return true;
    }
    return false;
}

/* An answer that gave bytes. */
static void wmbt_s3client_end_of_bytes(wmbt_s3client *client, wmbt_s3conn *conn,
                                       wmbt_reader *reader, const wmbt_s3client_now *now)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->want);
    if (conn->found == 0u && wmbt_s3client_found(client, conn, reader) != WMBT_NEED_MORE) {
        wmbt_s3client_fail(conn, reader, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
    } else if (conn->fed == WMBT_NEED_MORE && conn->delivered == 0u) {
        wmbt_s3client_again(client, conn, reader, now);
    } else if (conn->fed == WMBT_NEED_MORE || conn->fed == WMBT_FULL ||
               wmbt_status_is_caller(conn->fed)) {
        slot->attempts = 0; /* fewer than asked: the rest is asked for */
        conn->fed = wmbt_reader_retry(reader, &conn->want);
    } else {
        slot->attempts = 0;
        slot->restarts = wmbt_reader_settles(conn->fed) ? 0u : slot->restarts;
    }
}

static void wmbt_s3client_conclude(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                   const wmbt_s3client_now *now)
{
    uint32_t meaning = wmbt_s3_answer_meaning(&conn->answer);
    uint64_t size = 0;
    client->counts.by_meaning[meaning]++;
    switch (meaning) {
    case WMBT_S3_OBJECT:
    case WMBT_S3_PART:
    case WMBT_S3_WHOLE_INSTEAD: wmbt_s3client_end_of_bytes(client, conn, reader, now); break;
    case WMBT_S3_MISSING: wmbt_s3client_fail(conn, reader, WMBT_MISSING); break;
    case WMBT_S3_CHANGED: wmbt_s3client_changed(client, conn, reader); break;
    case WMBT_S3_BUSY: wmbt_s3client_again(client, conn, reader, now); break;
    case WMBT_S3_BAD_RANGE:
        if (conn->found != 0u) {
            wmbt_s3client_changed(client, conn, reader);
        } else if (!wmbt_s3_answer_size(&conn->answer, &size) || size == 0u) {
            conn->fed = wmbt_reader_found(reader, &conn->want, 0);
        } else {
            wmbt_s3client_again(client, conn, reader, now);
        }
        break;
    default:
        if (wmbt_s3client_mend(client, conn, now)) {
            client->counts.retries++;
            conn->fed = wmbt_reader_retry(reader, &conn->want);
        } else {
            wmbt_s3client_fail(conn, reader, WMBT_S3CLIENT_REFUSED + (int)meaning);
        }
        break;
    }
}

static wmbt_status wmbt_s3client_done(wmbt_s3conn *conn, bool reusable, wmbt_status *reader_said)
{
    conn->state = WMBT_S3CONN_IDLE;
    conn->reusable = reusable;
    if (reader_said != NULL) {
        *reader_said = conn->fed;
    }
    return WMBT_END;
}

wmbt_status wmbt_s3client_receive(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                  wmbt_view bytes, const wmbt_s3client_now *now,
                                  wmbt_status *reader_said)
{
    wmbt_view piece;
    uint64_t offset;
    if (conn->state != WMBT_S3CONN_BUSY || wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_STATE;
    }
    for (;;) {
        size_t taken = 0;
        wmbt_status status = wmbt_s3_answer_feed(&conn->answer, bytes, &taken, &piece, &offset);
        if (wmbt_status_is_error(status)) {
            client->counts.refused++;
            wmbt_s3client_again(client, conn, reader, now);
            return wmbt_s3client_done(conn, false, reader_said);
        }
        bytes = wmbt_view_of(taken != 0u ? bytes.data + taken : bytes.data, bytes.len - taken);
        if (status == WMBT_NEED_MORE) {
            return WMBT_NEED_MORE;
        }
        if (status == WMBT_END) {
            wmbt_s3client_conclude(client, conn, reader, now);
            bool reusable = wmbt_http_reusable(wmbt_s3_answer_http(&conn->answer));
            return wmbt_s3client_done(conn, reusable && bytes.len == 0u, reader_said);
        }
        if (wmbt_s3client_found(client, conn, reader) != WMBT_NEED_MORE) {
            wmbt_s3client_fail(conn, reader, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
            return wmbt_s3client_done(conn, false, reader_said);
        }
        wmbt_s3client_feed(client, conn, reader, offset, piece);
        if (conn->fed != WMBT_NEED_MORE &&
            wmbt_s3_answer_meaning(&conn->answer) == WMBT_S3_WHOLE_INSTEAD) {
            /* the rest of the object was not asked for: closing is cheaper than reading it */
            client->counts.by_meaning[WMBT_S3_WHOLE_INSTEAD]++;
            wmbt_s3client_end_of_bytes(client, conn, reader, now);
            return wmbt_s3client_done(conn, false, reader_said);
        }
    }
}

wmbt_status wmbt_s3client_lost(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                               const wmbt_s3client_now *now, wmbt_status *reader_said)
{
    if (conn->state != WMBT_S3CONN_BUSY) {
        conn->reusable = 0;
        return WMBT_BAD_STATE;
    }
    if (wmbt_s3_answer_finish(&conn->answer) == WMBT_END) {
        wmbt_s3client_conclude(client, conn, reader, now);
    } else if (conn->reused != 0u && !wmbt_http_begun(wmbt_s3_answer_http(&conn->answer))) {
        conn->fed = wmbt_reader_retry(reader, &conn->want); /* closed while idle: no attempt */
    } else {
        wmbt_s3client_again(client, conn, reader, now);
    }
    return wmbt_s3client_done(conn, false, reader_said);
}

#endif
