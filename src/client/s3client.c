/* SPDX-License-Identifier: Apache-2.0 */
/* A client of S3 for a reader. docs/FORMATS.md, "S3". */
#include "client/client.h"

#if WMBT_CFG_S3CLIENT

#    define WMBT_S3CLIENT_ATTEMPTS 5u
#    define WMBT_S3CLIENT_BASE_MS 100u
#    define WMBT_S3CLIENT_CAP_MS 10000u
#    define WMBT_S3CLIENT_TIMEOUT_MS 30000u
#    define WMBT_S3CLIENT_RESTARTS 3u
#    define WMBT_S3CLIENT_BUDGET 500u

static uint32_t wmbt_s3client_or(uint32_t value, uint32_t otherwise)
{
    return value != 0u ? value : otherwise;
}

wmbt_status wmbt_s3client_init(wmbt_s3client *client, const wmbt_s3client_config *config,
                               wmbt_s3client_slot *slots)
{
    wmbt_s3client_config *own = &client->config;
    if (config->store == NULL || slots == NULL || config->in_flight == 0u ||
        config->depth > WMBT_S3CLIENT_MAX_DEPTH) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_fill((uint8_t *)client, 0, sizeof *client);
    WMBT_COPY_STRUCT(own, config);
    own->attempts = wmbt_s3client_or(config->attempts, WMBT_S3CLIENT_ATTEMPTS);
    own->base_ms = wmbt_s3client_or(config->base_ms, WMBT_S3CLIENT_BASE_MS);
    own->cap_ms = wmbt_s3client_or(config->cap_ms, WMBT_S3CLIENT_CAP_MS);
    own->part_bytes = wmbt_s3client_or(config->part_bytes, UINT32_MAX);
    if (own->part_bytes < WMBT_READER_HEADER_BYTES) {
        own->part_bytes = WMBT_READER_HEADER_BYTES;
    }
    own->depth = wmbt_s3client_or(config->depth, 1u);
    own->timeout_ms = wmbt_s3client_or(config->timeout_ms, WMBT_S3CLIENT_TIMEOUT_MS);
    own->retry_budget = wmbt_s3client_or(config->retry_budget, WMBT_S3CLIENT_BUDGET);
    client->slots = slots;
    wmbt_s3client_start(client, 0);
    return WMBT_OK;
}

void wmbt_s3client_start(wmbt_s3client *client, uint64_t deadline_ms)
{
    for (uint32_t i = 0; i < client->config.in_flight; i++) {
        wmbt_bytes_fill((uint8_t *)&client->slots[i], 0, sizeof client->slots[i]);
    }
    client->deadline = deadline_ms;
    client->budget = client->config.retry_budget;
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
    return conn->is_open != 0u;
}

const wmbt_s3_answer *wmbt_s3conn_answer(const wmbt_s3conn *conn)
{
    return &conn->answer;
}

uint32_t wmbt_s3client_left(const wmbt_s3client *client, const wmbt_s3conn *conn, uint64_t now_ms)
{
    return conn->asked != 0u ? wmbt_s3client_until(client, conn->heard_ms, now_ms) : UINT32_MAX;
}

uint32_t wmbt_s3client_wait(const wmbt_s3client *client, uint64_t now_ms)
{
    uint64_t shortest = 0;
    for (uint32_t i = 0; i < client->config.in_flight; i++) {
        const wmbt_s3client_slot *slot = &client->slots[i];
        if (slot->is_open != 0u && slot->not_before > now_ms &&
            (shortest == 0u || slot->not_before - now_ms < shortest)) {
            shortest = slot->not_before - now_ms;
        }
    }
    return wmbt_s3client_ms(shortest);
}

/* --- wants and their parts -------------------------------------------------------------------- */

wmbt_status wmbt_s3client_take(wmbt_s3client *client, wmbt_reader *reader, const wmbt_want *want)
{
    if (want->kind == WMBT_WANT_PRESENCE) {
        wmbt_s3client_refuse_question(reader, want);
        return WMBT_NEED_MORE;
    }
    if (want->id >= client->config.in_flight ||
        (want->kind != WMBT_WANT_OBJECT && want->kind != WMBT_WANT_RANGE)) {
        return WMBT_BAD_STATE;
    }
    wmbt_s3client_slot *slot = &client->slots[want->id];
    if (slot->want.object != want->object) { /* another one in this slot */
        slot->attempts = 0;
        slot->restarts = 0;
        slot->not_before = 0;
    }
    if (want->kind == WMBT_WANT_OBJECT) { /* what is known is of the object before */
        slot->has_size = slot->unsure = slot->whole = slot->etag_len = 0;
    }
    slot->found = want->kind == WMBT_WANT_RANGE;
    WMBT_COPY_STRUCT(&slot->want, want);
    slot->next = want->offset;
    slot->end = want->offset + want->bytes;
    slot->is_open = 1;
    return WMBT_OK;
}

/* The slot of a part whose want lives, as far as known, or NULL. */
static wmbt_s3client_slot *wmbt_s3client_slot_of(const wmbt_s3client *client,
                                                 const wmbt_s3part *part)
{
    wmbt_s3client_slot *slot = &client->slots[part->slot];
    return slot->is_open != 0u && slot->want.serial == part->serial ? slot : NULL;
}

/* A status of the reader about a want, which may end it. */
static void wmbt_s3client_said(wmbt_s3conn *conn, wmbt_s3client_slot *slot, wmbt_status status)
{
    conn->said = status;
    if (status != WMBT_NEED_MORE && status != WMBT_FULL && !wmbt_status_is_caller(status)) {
        slot->is_open = 0;
    }
}

static void wmbt_s3client_fail(wmbt_s3conn *conn, wmbt_reader *reader, wmbt_s3client_slot *slot,
                               wmbt_status status)
{
    wmbt_s3client_said(conn, slot, wmbt_reader_fail(reader, &slot->want, status));
}

/* The connection has one part less: number `i`. */
static void wmbt_s3client_drop(wmbt_s3conn *conn, uint32_t i)
{
    for (conn->parts--; i < conn->parts; i++) {
        WMBT_COPY_STRUCT(&conn->part[i], &conn->part[i + 1u]);
    }
}

/* The oldest want with bytes that no part has, or NULL. */
static wmbt_s3client_slot *wmbt_s3client_choose(const wmbt_s3client *client, uint64_t now_ms)
{
    wmbt_s3client_slot *best = NULL;
    for (uint32_t i = 0; i < client->config.in_flight; i++) {
        wmbt_s3client_slot *slot = &client->slots[i];
        if (slot->is_open != 0u && slot->next < slot->end && slot->not_before <= now_ms &&
            (best == NULL || slot->want.serial < best->want.serial)) {
            best = slot;
        }
    }
    return best;
}

/* Makes part number conn->asked the next one to ask for: one that is owed, or a new one. NULL:
 * there is none now. */
static WMBT_NOINLINE wmbt_s3client_slot *wmbt_s3client_pick(const wmbt_s3client *client,
                                                            wmbt_s3conn *conn, uint64_t now_ms)
{
    wmbt_s3part *part = &conn->part[conn->asked];
    while (conn->parts > conn->asked) {
        wmbt_s3client_slot *owed = wmbt_s3client_slot_of(client, part);
        if (owed != NULL && part->next < part->end) {
            return owed->not_before <= now_ms ? owed : NULL;
        }
        wmbt_s3client_drop(conn, conn->asked);
    }
    WMBT_ASSERT(conn->parts < client->config.depth);
    wmbt_s3client_slot *slot = wmbt_s3client_choose(client, now_ms);
    if (slot != NULL) {
        uint32_t left = slot->end - slot->next;
        uint32_t most = slot->whole != 0u ? UINT32_MAX : client->config.part_bytes;
        part->serial = slot->want.serial;
        part->slot = slot->want.id;
        part->next = slot->next;
        part->end = slot->next + (left < most ? left : most);
        slot->next = part->end;
        if (slot->found == 0u) {
            slot->end = part->end; /* where it ends nobody knows, and its header comes first */
        }
        conn->parts++;
    }
    return slot;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Starts reading the answer to the first part. */
static WMBT_NOINLINE void wmbt_s3client_await(const wmbt_s3client *client, wmbt_s3conn *conn)
{
    const wmbt_s3part *part = &conn->part[0];
    const wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, part);
    wmbt_s3_expected expected;
    wmbt_http_limits limits;
    expected.if_match = wmbt_view_of(NULL, 0);
    expected.size = 0;
    expected.has_size = false;
    if (slot != NULL) {
        expected.if_match = wmbt_view_of(slot->etag, slot->etag_len);
        expected.size = slot->size;
        expected.has_size = slot->has_size != 0u;
    }
    expected.first = part->next;
    expected.last = (uint64_t)part->end - 1u;
    expected.is_head = part->is_head != 0u;
    expected.has_range = part->is_head == 0u;
    expected.denied_is_missing = client->config.denied_is_missing != 0u;
    wmbt_http_limits_init(&limits);
    conn->delivered = 0;
    wmbt_status status = wmbt_s3_answer_init(&conn->answer, &expected, &limits, conn->line);
    WMBT_ASSERT(status == WMBT_OK); /* wmbt_s3conn_init() saw to the line */
    (void)status;
}

/* Writes the request for a part. */
static wmbt_status wmbt_s3client_write(const wmbt_s3client *client, const wmbt_s3client_slot *slot,
                                       const wmbt_s3part *part, const wmbt_reader *reader,
                                       uint64_t time, wmbt_buf out, size_t *written)
{
    wmbt_view region;
    wmbt_s3_get get;
    size_t len = 0;
    out.len -= WMBT_S3CLIENT_KEY_BYTES; /* the key, while it is encoded */
    uint8_t *key = out.data + out.len;
    wmbt_status status =
        wmbt_reader_want_key(reader, &slot->want, wmbt_buf_of(key, WMBT_S3CLIENT_KEY_BYTES), &len);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_s3client_region(client, &region);
    get.key = wmbt_view_of(key, len);
    get.if_match = wmbt_view_of(slot->etag, slot->etag_len);
    get.first = part->next;
    get.last = (uint64_t)part->end - 1u;
    get.is_head = part->is_head != 0u;
    get.has_range = part->is_head == 0u;
    return wmbt_s3_write_get_for(client->config.store, &region, &get,
                                 time + (uint64_t)client->clock_offset, NULL, out, written);
}

wmbt_status wmbt_s3client_ask(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                              const wmbt_s3client_now *now, wmbt_buf out, size_t *written)
{
    wmbt_s3client_slot *slot;
    if (wmbt_buf_is_bad(out) || out.len < WMBT_S3CLIENT_KEY_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    while (conn->asked < client->config.depth &&
           (slot = wmbt_s3client_pick(client, conn, now->ms)) != NULL) {
        wmbt_s3part *part = &conn->part[conn->asked];
        wmbt_status refused = WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY;
        if (!wmbt_s3client_is_late(client, now->ms)) {
            part->is_head = slot->unsure != 0u && slot->has_size == 0u;
            part->learned = client->learned;
            wmbt_status status =
                wmbt_s3client_write(client, slot, part, reader, now->time, out, written);
            if (status == WMBT_OK) {
                if (conn->asked == 0u) {
                    wmbt_s3client_await(client, conn);
                }
                client->counts.asked_bytes += part->is_head == 0u ? part->end - part->next : 0u;
                client->counts.requests++;
                conn->asked++;
                conn->is_open = 1;
                conn->heard_ms = now->ms;
                return WMBT_OK;
            }
            if (status == WMBT_BUFFER_TOO_SMALL) {
                return status;
            }
            refused = WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED;
        }
        wmbt_s3client_fail(conn, reader, slot, refused); /* nothing, if it is stale */
    }
    return WMBT_NEED_MORE;
}

/* --- what became of a part -------------------------------------------------------------------- */

bool wmbt_s3client_retries(wmbt_s3client *client, const wmbt_s3_answer *answer, uint32_t *attempts,
                           uint64_t *not_before, const wmbt_s3client_now *now)
{
    uint64_t asked = 0;
    uint32_t bound = client->config.base_ms, cap = client->config.cap_ms;
    if (++*attempts >= client->config.attempts || client->budget < WMBT_S3CLIENT_RETRY_COST ||
        wmbt_s3client_is_late(client, now->ms)) {
        return false;
    }
    client->budget -= WMBT_S3CLIENT_RETRY_COST;
    client->counts.retries++;
    for (uint32_t i = 1; i < *attempts && bound < cap; i++) {
        bound = bound > UINT32_MAX / 2u ? cap : bound * 2u;
    }
    bound = bound < cap ? bound : cap;
    uint32_t wait = bound == UINT32_MAX ? now->random : now->random % (bound + 1u);
    if (wmbt_s3_answer_retry_after(answer, &asked)) {
        uint32_t max = WMBT_S3CLIENT_MAX_WAIT_MS / 1000u;
        asked = 1000u * (asked < max ? (uint32_t)asked : max);
    }
    *not_before = now->ms + wait + asked;
    if (client->deadline != 0u && *not_before > client->deadline) {
        *not_before = client->deadline;
    }
    return true;
}

/* The part is owed, if that is not too often. */
static void wmbt_s3client_again(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                const wmbt_s3client_now *now)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->part[0]);
    if (slot != NULL &&
        !wmbt_s3client_retries(client, &conn->answer, &slot->attempts, &slot->not_before, now)) {
        wmbt_s3client_fail(conn, reader, slot, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_BUSY);
    }
}

static void wmbt_s3client_changed(const wmbt_s3client *client, wmbt_s3conn *conn,
                                  wmbt_reader *reader, wmbt_s3client_slot *slot)
{
    if (++slot->restarts > WMBT_S3CLIENT_RESTARTS || slot->restarts >= client->config.attempts) {
        wmbt_s3client_fail(conn, reader, slot, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_CHANGED);
    } else {
        wmbt_s3client_said(conn, slot, wmbt_reader_restart(reader, &slot->want));
    }
}

bool wmbt_s3client_mend(wmbt_s3client *client, const wmbt_s3_answer *answer, uint32_t learned,
                        const wmbt_s3client_now *now)
{
    uint64_t date = 0;
    uint32_t meaning = wmbt_s3_answer_meaning(answer);
    wmbt_view region = wmbt_s3_answer_region(answer);
    bool clock = meaning == WMBT_S3_CLOCK;
    if (!clock && meaning != WMBT_S3_REGION && meaning != WMBT_S3_REDIRECT) {
        return false;
    }
    if (learned != client->learned) {
        return true; /* it was signed before */
    }
    if (clock ? client->clock_set != 0u || !wmbt_s3_answer_date(answer, &date)
              : client->region_len != 0u || region.len == 0u) {
        return false;
    }
    if (clock) {
        client->clock_set = 1;
        client->clock_offset = (int64_t)(date - now->time);
    } else {
        wmbt_bytes_copy(client->region, region.data, region.len);
        client->region_len = (uint8_t)region.len;
    }
    client->learned++;
    return true;
}

/* Behind the last byte of the first want of an object. */
static uint32_t wmbt_s3client_end_of(const wmbt_s3client_slot *slot)
{
    return slot->want.bytes < slot->size ? slot->want.bytes : (uint32_t)slot->size;
}

/* The first bytes of an object, or its end if it has none: it is there and has its size. False: the
 * size has to be asked for first, for the answer does not tell it, or may be a part of the object
 * that is sent as if it were all of it. */
static bool wmbt_s3client_found(wmbt_s3conn *conn, wmbt_reader *reader, wmbt_s3client_slot *slot)
{
    wmbt_s3part *part = &conn->part[0];
    wmbt_view etag = wmbt_s3_answer_etag(&conn->answer);
    if (slot->found != 0u) {
        return true;
    }
    if (slot->has_size == 0u && (wmbt_s3_answer_is_doubtful(&conn->answer) ||
                                 !wmbt_s3_answer_size(&conn->answer, &slot->size))) {
        slot->unsure = 1;
        return false;
    }
    slot->has_size = slot->found = 1;
    slot->whole = wmbt_s3_answer_meaning(&conn->answer) == WMBT_S3_WHOLE_INSTEAD;
    bool strong = etag.len != 0u && etag.data[0] != (uint8_t)'W';
    slot->etag_len = strong ? (uint8_t)etag.len : 0u;
    wmbt_bytes_copy(slot->etag, etag.data, slot->etag_len);
    uint32_t end = wmbt_s3client_end_of(slot);
    if (slot->whole != 0u || part->end > end) {
        part->end = end; /* the rest comes anyway */
    }
    slot->next = slot->end = part->end;
    wmbt_s3client_said(conn, slot, wmbt_reader_found(reader, &slot->want, slot->size));
    return true;
}

/* Bytes that an answer brings for nothing: too many to be read. */
static bool wmbt_s3client_is_far(const wmbt_s3part *part, uint64_t offset)
{
    return offset < part->next && part->next - offset > WMBT_S3CLIENT_SKIP_BYTES &&
           part->next - offset > part->end - part->next;
}

/* Gives the reader what a piece has of the first part. False: no more of it is to be read. */
static bool wmbt_s3client_feed(wmbt_s3conn *conn, wmbt_reader *reader, wmbt_s3client_slot *slot,
                               uint64_t offset, wmbt_view piece, size_t *taken)
{
    wmbt_s3part *part = &conn->part[0];
    size_t skip = 0, left = part->end - part->next;
    if (offset < part->next) {
        skip = part->next - offset < piece.len ? (size_t)(part->next - offset) : piece.len;
    }
    left = left < piece.len - skip ? left : piece.len - skip;
    if (left == 0u) {
        return true;
    }
    wmbt_s3client_said(conn, slot,
                       wmbt_reader_feed(reader, &slot->want, part->next,
                                        wmbt_view_of(piece.data + skip, left), taken));
    part->next += (uint32_t)*taken;
    if (*taken != 0u) {
        slot->attempts = 0; /* it gets on */
    }
    if (slot->want.kind == WMBT_WANT_OBJECT && part->next >= WMBT_READER_HEADER_BYTES) {
        slot->end = wmbt_s3client_end_of(slot); /* now others may fetch what is behind it */
    }
    return conn->said == WMBT_NEED_MORE || slot->is_open == 0u; /* not: too many holes */
}

/* Takes a piece of the object. False: no more of this answer is to be read. */
static bool wmbt_s3client_piece(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                uint64_t offset, wmbt_view piece)
{
    wmbt_s3part *part = &conn->part[0];
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, part);
    size_t taken = 0;
    bool goes_on = true;
    if (slot == NULL) {
        conn->said = conn->said == WMBT_NEED_MORE ? WMBT_STALE : conn->said;
    } else if (!wmbt_s3client_found(conn, reader, slot)) {
        goes_on = false;
    } else if (wmbt_s3client_is_far(part, offset)) {
        wmbt_s3client_fail(conn, reader, slot, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
        goes_on = false;
    } else if (slot->is_open != 0u) {
        goes_on = wmbt_s3client_feed(conn, reader, slot, offset, piece, &taken);
    }
    conn->delivered += (uint32_t)taken;
    client->counts.received_bytes += taken;
    client->counts.wasted_bytes += piece.len - taken;
    if (wmbt_s3_answer_meaning(&conn->answer) == WMBT_S3_WHOLE_INSTEAD &&
        (part->next == part->end || wmbt_s3client_slot_of(client, part) == NULL)) {
        goes_on = false; /* nobody asked for the rest: closing is cheaper than reading it */
    }
    return goes_on;
}

/* An answer that gave bytes, or a size, has ended. */
static void wmbt_s3client_end_of_bytes(wmbt_s3client *client, wmbt_s3conn *conn,
                                       wmbt_reader *reader, wmbt_s3client_slot *slot,
                                       const wmbt_s3client_now *now)
{
    const wmbt_s3part *part = &conn->part[0];
    if (part->is_head != 0u) {
        slot->has_size = wmbt_s3_answer_size(&conn->answer, &slot->size);
        if (slot->has_size == 0u) {
            wmbt_s3client_fail(conn, reader, slot, WMBT_S3CLIENT_REFUSED + (int)WMBT_S3_FAILED);
        }
        return;
    }
    if (!wmbt_s3client_found(conn, reader, slot)) {
        return; /* HEAD is next */
    }
    if (slot->is_open != 0u && part->next < part->end && conn->delivered == 0u) {
        wmbt_s3client_again(client, conn, reader, now);
    } /* else, if there were fewer than asked, the rest is owed */
}

/* The answer to the first part is complete: what it means. */
static void wmbt_s3client_conclude(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                   const wmbt_s3client_now *now)
{
    wmbt_s3client_slot *slot = wmbt_s3client_slot_of(client, &conn->part[0]);
    uint32_t meaning = wmbt_s3_answer_meaning(&conn->answer);
    uint64_t size = 0;
    client->counts.by_meaning[meaning]++;
    if (conn->delivered != 0u && client->budget < client->config.retry_budget) {
        client->budget++;
    }
    if (slot == NULL) {
        conn->said = conn->said == WMBT_NEED_MORE ? WMBT_STALE : conn->said;
        return;
    }
    if (meaning == WMBT_S3_MISSING && conn->part[0].is_head != 0u) {
        meaning = WMBT_S3_BUSY; /* it was there; the 404 of HEAD says nothing */
    }
    switch (meaning) {
    case WMBT_S3_OBJECT:
    case WMBT_S3_PART:
    case WMBT_S3_WHOLE_INSTEAD: wmbt_s3client_end_of_bytes(client, conn, reader, slot, now); break;
    case WMBT_S3_MISSING: wmbt_s3client_fail(conn, reader, slot, WMBT_MISSING); break;
    case WMBT_S3_CHANGED: wmbt_s3client_changed(client, conn, reader, slot); break;
    case WMBT_S3_BUSY: wmbt_s3client_again(client, conn, reader, now); break;
    case WMBT_S3_BAD_RANGE:
        if (slot->found != 0u) {
            wmbt_s3client_changed(client, conn, reader, slot);
        } else if (!wmbt_s3_answer_size(&conn->answer, &size) || size == 0u) {
            wmbt_s3client_said(conn, slot, wmbt_reader_found(reader, &slot->want, 0));
        } else {
            wmbt_s3client_again(client, conn, reader, now);
        }
        break;
    default:
        if (wmbt_s3client_mend(client, &conn->answer, conn->part[0].learned, now)) {
            client->counts.retries++;
        } else {
            wmbt_s3client_fail(conn, reader, slot, WMBT_S3CLIENT_REFUSED + (int)meaning);
        }
        break;
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

/* Nothing is under way any more; what has not come is owed. */
static wmbt_status wmbt_s3client_end(wmbt_s3conn *conn, bool reusable, wmbt_status *reader_said)
{
    conn->asked = 0;
    conn->is_open = reusable;
    conn->reused = reusable;
    if (reader_said != NULL) {
        *reader_said = conn->said;
    }
    return WMBT_END;
}

/* The first answer is complete. True: there is another one to read. */
static bool wmbt_s3client_next_answer(const wmbt_s3client *client, wmbt_s3conn *conn)
{
    wmbt_s3part part;
    WMBT_COPY_STRUCT(&part, &conn->part[0]);
    wmbt_s3client_drop(conn, 0);
    conn->asked--;
    if (part.next < part.end && wmbt_s3client_slot_of(client, &part) != NULL) {
        WMBT_COPY_STRUCT(&conn->part[conn->parts], &part); /* it is owed */
        conn->parts++;
    }
    conn->reused = 1;
    if (!wmbt_http_reusable(wmbt_s3_answer_http(&conn->answer)) || conn->asked == 0u) {
        return false;
    }
    wmbt_s3client_await(client, conn);
    return true;
}

wmbt_status wmbt_s3client_receive(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                                  wmbt_view bytes, const wmbt_s3client_now *now,
                                  wmbt_status *reader_said)
{
    wmbt_view piece;
    uint64_t offset = 0;
    if (conn->asked == 0u || wmbt_view_is_bad(bytes)) {
        conn->is_open = 0; /* bytes that nobody asked for */
        return WMBT_BAD_STATE;
    }
    conn->heard_ms = now->ms;
    conn->said = WMBT_NEED_MORE;
    for (;;) {
        size_t taken = 0;
        wmbt_status status = wmbt_s3_answer_feed(&conn->answer, bytes, &taken, &piece, &offset);
        bytes = wmbt_view_of(taken != 0u ? bytes.data + taken : bytes.data, bytes.len - taken);
        if (wmbt_status_is_error(status)) {
            client->counts.refused++;
            wmbt_s3client_again(client, conn, reader, now);
            return wmbt_s3client_end(conn, false, reader_said);
        }
        if (status == WMBT_NEED_MORE) {
            break;
        }
        if (status == WMBT_OK) {
            if (!wmbt_s3client_piece(client, conn, reader, offset, piece)) {
                wmbt_s3client_conclude(client, conn, reader, now);
                return wmbt_s3client_end(conn, false, reader_said);
            }
            continue;
        }
        wmbt_s3client_conclude(client, conn, reader, now);
        if (!wmbt_s3client_next_answer(client, conn)) {
            bool reusable = wmbt_http_reusable(wmbt_s3_answer_http(&conn->answer));
            return wmbt_s3client_end(conn, reusable && bytes.len == 0u, reader_said);
        }
    }
    if (reader_said != NULL) {
        *reader_said = conn->said;
    }
    return WMBT_NEED_MORE;
}

wmbt_status wmbt_s3client_lost(wmbt_s3client *client, wmbt_s3conn *conn, wmbt_reader *reader,
                               const wmbt_s3client_now *now, wmbt_status *reader_said)
{
    if (conn->asked == 0u) {
        conn->is_open = 0;
        return WMBT_BAD_STATE;
    }
    bool idle = conn->reused != 0u && !wmbt_http_begun(wmbt_s3_answer_http(&conn->answer));
    conn->said = WMBT_NEED_MORE;
    if (wmbt_s3_answer_finish(&conn->answer) == WMBT_END) {
        wmbt_s3client_conclude(client, conn, reader, now);
    } else if (!idle) { /* if it was: it was closed before the request came, which is no attempt */
        wmbt_s3client_again(client, conn, reader, now);
    }
    return wmbt_s3client_end(conn, false, reader_said);
}

#endif
