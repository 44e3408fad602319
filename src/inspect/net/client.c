/* SPDX-License-Identifier: Apache-2.0 */
/* The library's own client over sockets. */
#include "net/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/tool.h"
#include "net/tcp.h"

#define MAX_IN_FLIGHT 8u
#define MAX_LANES (WMBT_READER_MAX_RUNS - 2u)
#define FIRST_BYTES ((uint32_t)256 << 10) /* of an object: many have no more */
#define PART_BYTES ((uint32_t)2 << 20)    /* of the requests after that, at most */
#define RECEIVE_BYTES 65536
#define TURN_MS 1000u

/* A connection. */
struct lane {
    struct tcp tcp;
    wmbt_s3conn conn;
    size_t len, sent; /* of the request */
    uint8_t line[FETCH_LINE_BYTES];
    uint8_t request[FETCH_REQUEST_BYTES];
};

/* An object in flight. */
struct seat {
    bool is_taken;
    uint32_t object;
    char said[400];
};

struct client {
    const struct site *site;
    wmbt_s3_store at;
    wmbt_s3client client;
    wmbt_s3client_slot slots[MAX_IN_FLIGHT];
    struct seat seat[MAX_IN_FLIGHT];
    uint32_t in_flight;
    unsigned lanes;
    struct lane *lane;
    struct pollfd *poll;
    uint8_t bytes[RECEIVE_BYTES];
};

static void out_of_memory(void)
{
    tool_usage_error("not enough memory");
}

struct client *client_open(const struct site *site, unsigned connections, unsigned timeout_seconds)
{
    struct client *c = calloc(1, sizeof *c);
    wmbt_s3client_config config;
    if (c == NULL) {
        out_of_memory();
    }
    c->site = site;
    c->lanes = connections < MAX_LANES ? connections : MAX_LANES;
    c->in_flight = connections < MAX_IN_FLIGHT ? connections : MAX_IN_FLIGHT;
    c->lane = calloc(c->lanes, sizeof *c->lane);
    c->poll = calloc(c->lanes, sizeof *c->poll);
    memset(&config, 0, sizeof config);
    config.store = &c->at;
    config.in_flight = c->in_flight;
    config.attempts = site->retries + 1u;
    config.part_bytes = PART_BYTES;
    config.timeout_ms = timeout_seconds * 1000u;
    config.retry_budget = UINT32_MAX; /* --retries is of each request */
    config.denied_is_missing = site->denied_is_missing;
    if (c->lane == NULL || c->poll == NULL ||
        wmbt_s3client_init(&c->client, &config, c->slots) != WMBT_OK) {
        out_of_memory();
    }
    for (unsigned i = 0; i < c->lanes; i++) {
        struct lane *lane = &c->lane[i];
        tcp_init(&lane->tcp);
        if (wmbt_s3conn_init(&lane->conn, wmbt_buf_of(lane->line, sizeof lane->line)) != WMBT_OK) {
            out_of_memory();
        }
    }
    return c;
}

void client_close(struct client *client)
{
    if (client == NULL) {
        return;
    }
    for (unsigned i = 0; i < client->lanes; i++) {
        struct lane *lane = &client->lane[i];
        tcp_close(&lane->tcp);
        memset(lane->request, 0, sizeof lane->request); /* a session token may stand there */
    }
    free(client->lane);
    free(client->poll);
    free(client);
}

uint32_t client_in_flight(const struct client *client)
{
    return client->in_flight;
}

uint32_t client_runs(const struct client *client)
{
    return client->lanes + 2u;
}

uint32_t client_first_bytes(const struct client *client)
{
    (void)client;
    return FIRST_BYTES;
}

void client_start(struct client *client)
{
    memset(client->seat, 0, sizeof client->seat);
    wmbt_s3client_start(&client->client, 0);
}

void client_take(struct client *client, wmbt_reader *reader, const wmbt_want *want)
{
    struct seat *seat = &client->seat[want->id];
    seat->is_taken = true;
    seat->object = want->object;
    if (wmbt_s3client_take(&client->client, reader, want) != WMBT_OK) {
        tool_usage_error("the client refuses a want"); /* never: it has as many slots */
    }
}

const char *client_said(const struct client *client, uint32_t id)
{
    return client->seat[id].said;
}

/* --- one connection -------------------------------------------------------------------------- */

static wmbt_s3client_now now_is(void)
{
    wmbt_s3client_now now = {transport_now(), (uint64_t)time(NULL), (uint32_t)rand()};
    return now;
}

/* What the last answer on a lane says. */
static void say(const struct lane *lane, char *said, size_t room)
{
    const wmbt_s3_answer *answer = wmbt_s3conn_answer(&lane->conn);
    uint32_t meaning = wmbt_s3_answer_meaning(answer);
    if (meaning == WMBT_S3_OPEN || meaning == WMBT_S3_OTHER_PART) {
        (void)snprintf(said, room, "the answer must not be believed");
    } else if (meaning == WMBT_S3_CHANGED) {
        (void)snprintf(said, room, FETCH_CHANGED);
    } else {
        site_said(answer, true, said, room);
    }
}

/* Keeps words about objects that have been settled by what came on a lane, or by `why` if that is
 * not NULL. True: there are some. */
static bool note(struct client *c, const struct lane *lane, const wmbt_reader *reader,
                 const char *why)
{
    bool any = false;
    for (uint32_t i = 0; i < c->in_flight; i++) {
        struct seat *seat = &c->seat[i];
        if (!seat->is_taken || wmbt_reader_in_flight(reader, seat->object)) {
            continue;
        }
        seat->is_taken = false;
        any = true;
        if (why != NULL) {
            (void)snprintf(seat->said, sizeof seat->said, "%s", why);
        } else {
            say(lane, seat->said, sizeof seat->said);
        }
    }
    return any;
}

static void lose(struct client *c, struct lane *lane, wmbt_reader *reader, const char *why)
{
    wmbt_s3client_now now = now_is();
    tcp_close(&lane->tcp);
    lane->len = lane->sent = 0;
    wmbt_status status = wmbt_s3client_lost(&c->client, &lane->conn, reader, &now, NULL);
    bool whole = status == WMBT_END && /* it ended with the connection, as some bodies do */
                 wmbt_s3_answer_meaning(wmbt_s3conn_answer(&lane->conn)) > WMBT_S3_WHOLE_INSTEAD;
    (void)note(c, lane, reader, whole ? NULL : why);
}

/* Gives a lane the next request. True: objects have been settled instead. */
static bool ask(struct client *c, struct lane *lane, wmbt_reader *reader)
{
    const char *why = "";
    char host[600];
    wmbt_s3client_now now = now_is();
    if (lane->sent < lane->len) {
        return false;
    }
    wmbt_status status =
        wmbt_s3client_ask(&c->client, &lane->conn, reader, &now,
                          wmbt_buf_of(lane->request, sizeof lane->request), &lane->len);
    if (status != WMBT_OK) {
        lane->len = lane->sent = 0;
        return note(c, lane, reader, "it cannot be asked for");
    }
    lane->sent = 0;
    site_host(c->site, host, sizeof host);
    if (!tcp_leads_to(&lane->tcp, host) && !tcp_open(&lane->tcp, host, &why)) {
        lose(c, lane, reader, why);
        return true;
    }
    return false;
}

static void send_some(struct client *c, struct lane *lane, wmbt_reader *reader)
{
    ssize_t sent =
        send(lane->tcp.fd, lane->request + lane->sent, lane->len - lane->sent, MSG_NOSIGNAL);
    if (sent >= 0) {
        lane->sent += (size_t)sent;
    } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
        lose(c, lane, reader, strerror(errno));
    }
}

static void receive_some(struct client *c, struct lane *lane, wmbt_reader *reader)
{
    wmbt_s3client_now now = now_is();
    ssize_t got = recv(lane->tcp.fd, c->bytes, sizeof c->bytes, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    if (got <= 0) {
        lose(c, lane, reader, got == 0 ? "the connection was closed" : strerror(errno));
        return;
    }
    wmbt_status status = wmbt_s3client_receive(&c->client, &lane->conn, reader,
                                               wmbt_view_of(c->bytes, (size_t)got), &now, NULL);
    if (status != WMBT_NEED_MORE) {
        if (!wmbt_s3conn_is_reusable(&lane->conn) || lane->sent < lane->len) {
            tcp_close(&lane->tcp);
        }
        lane->len = lane->sent = 0;
    }
    (void)note(c, lane, reader, NULL);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* What poll() is to wait for. Returns how long. */
static uint32_t watch(struct client *c)
{
    uint64_t now = transport_now();
    uint32_t wait = wmbt_s3client_wait(&c->client, now);
    wait = wait != 0 && wait < TURN_MS ? wait : TURN_MS;
    for (unsigned i = 0; i < c->lanes; i++) {
        const struct lane *lane = &c->lane[i];
        uint32_t left = wmbt_s3client_left(&c->client, &lane->conn, now);
        bool sending = lane->tcp.connecting || lane->sent < lane->len;
        c->poll[i].fd = left != UINT32_MAX ? lane->tcp.fd : -1;
        c->poll[i].events = sending ? POLLIN | POLLOUT : POLLIN;
        c->poll[i].revents = 0;
        wait = left < wait ? left : wait;
    }
    return wait;
}

static void serve(struct client *c, struct lane *lane, short ready, wmbt_reader *reader)
{
    const char *why = "";
    if (ready != 0 && lane->tcp.connecting) {
        if (!tcp_finish(&lane->tcp, &why)) {
            lose(c, lane, reader, why);
        }
    } else if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
        receive_some(c, lane, reader);
    } else if ((ready & POLLOUT) != 0) {
        send_some(c, lane, reader);
    } else if (wmbt_s3client_left(&c->client, &lane->conn, transport_now()) == 0) {
        lose(c, lane, reader, "no answer in time");
    }
}

void client_turn(struct client *client, wmbt_reader *reader)
{
    bool settled = false;
    site_store(client->site, &client->at);
    for (unsigned i = 0; i < client->lanes; i++) {
        settled = ask(client, &client->lane[i], reader) || settled;
    }
    if (settled) {
        return; /* there may be nothing to wait for */
    }
    if (poll(client->poll, client->lanes, (int)watch(client)) < 0) {
        return; /* a signal */
    }
    for (unsigned i = 0; i < client->lanes; i++) {
        if (client->poll[i].fd >= 0) {
            serve(client, &client->lane[i], client->poll[i].revents, reader);
        }
    }
}
