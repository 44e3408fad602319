/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over sockets, or over libcurl. A lane carries one at a time and keeps its connection. */
#include "net/transport.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_LIBCURL
#    include <curl/curl.h>
#endif

#include "base/tool.h"
#include "net/tcp.h"

#define RECEIVE_BYTES 65536
#define HEADER_BYTES 32768

struct lane {
    struct exchange *x; /* NULL: free */
    struct tcp tcp;
    bool reused, begun;
    size_t sent;
    uint64_t heard_ms; /* when something was sent or came */
#ifdef HAVE_LIBCURL
    struct curl_answer *answer;
    struct curl_slist *lines;
    CURL *easy;
    char error[CURL_ERROR_SIZE];
#endif
};

struct transport {
    unsigned timeout_ms;
    unsigned lanes;
    struct lane *lane;
    struct pollfd *poll;
    struct exchange *first; /* those that wait for a lane */
    uint8_t bytes[RECEIVE_BYTES];
#ifdef HAVE_LIBCURL
    CURLM *multi; /* NULL: sockets */
    char *ca_bundle;
#endif
};

bool transport_has_curl(void)
{
#ifdef HAVE_LIBCURL
    return true;
#else
    return false;
#endif
}

uint64_t transport_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* Feeds bytes that came. need-more, end, an error of the answer, or ok: no more is wanted. */
static wmbt_status feed(struct exchange *x, wmbt_view bytes, size_t *used)
{
    wmbt_status status = WMBT_OK;
    wmbt_view piece;
    uint64_t offset;
    *used = 0;
    while (status == WMBT_OK) {
        size_t taken = 0;
        status = wmbt_s3_answer_feed(x->answer, wmbt_view_of(bytes.data + *used, bytes.len - *used),
                                     &taken, &piece, &offset);
        if (wmbt_status_is_error(status)) {
            break;
        }
        *used += taken;
        if (status == WMBT_OK && !x->take(x->context, offset, piece)) {
            return WMBT_OK;
        }
    }
    return status;
}

static void failed(struct exchange *x, const char *why)
{
    x->result = TRANSPORT_FAILED;
    (void)snprintf(x->why, sizeof x->why, "%s", why);
}

/* --- sockets --------------------------------------------------------------------------------- */

/* The exchange of a lane is over. */
static void release(struct lane *lane, enum transport_result result, bool keep)
{
    if (result != TRANSPORT_OPEN) {
        lane->x->result = result;
    }
    lane->x->lane = NULL;
    lane->x = NULL;
    if (!keep) {
        tcp_close(&lane->tcp);
    }
}

/* Gives an exchange to a lane: on its connection, if that leads there. */
static void begin_on(struct lane *lane, struct exchange *x, bool fresh)
{
    const char *why = "the library's own client speaks http:// only";
    lane->x = x;
    x->lane = lane;
    lane->sent = 0;
    lane->begun = false;
    lane->heard_ms = transport_now();
    lane->reused = !fresh && tcp_leads_to(&lane->tcp, x->host);
    if (!lane->reused && (strcmp(x->scheme, "http") != 0 || !tcp_open(&lane->tcp, x->host, &why))) {
        failed(x, why);
        release(lane, TRANSPORT_FAILED, false);
    }
}

/* The connection of a lane has failed: once more if it was an old one, which may have been closed
 * meanwhile. */
static void lose(struct lane *lane, const char *why)
{
    struct exchange *x = lane->x;
    if (lane->reused && !lane->begun) {
        begin_on(lane, x, true);
        return;
    }
    failed(x, why);
    release(lane, TRANSPORT_FAILED, false);
}

static void finish_connecting(struct lane *lane)
{
    const char *why = "";
    lane->heard_ms = transport_now();
    if (!tcp_finish(&lane->tcp, &why)) {
        failed(lane->x, why);
        release(lane, TRANSPORT_FAILED, false);
    }
}

static void send_some(struct lane *lane)
{
    wmbt_view request = lane->x->request;
    ssize_t sent =
        send(lane->tcp.fd, request.data + lane->sent, request.len - lane->sent, MSG_NOSIGNAL);
    if (sent >= 0) {
        lane->sent += (size_t)sent;
        lane->heard_ms = transport_now();
    } else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) {
        lose(lane, strerror(errno));
    }
}

static void receive_some(struct transport *t, struct lane *lane)
{
    struct exchange *x = lane->x;
    size_t used = 0;
    ssize_t got = recv(lane->tcp.fd, t->bytes, sizeof t->bytes, 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) {
        return;
    }
    if (got <= 0) {
        if (got == 0 && lane->begun && wmbt_s3_answer_finish(x->answer) == WMBT_END) {
            release(lane, TRANSPORT_DONE, false);
        } else {
            lose(lane, got == 0 ? "the connection was closed" : strerror(errno));
        }
        return;
    }
    lane->begun = true;
    lane->heard_ms = transport_now();
    x->status = feed(x, wmbt_view_of(t->bytes, (size_t)got), &used);
    if (x->status != WMBT_NEED_MORE) {
        bool keep = x->status == WMBT_END && used == (size_t)got && lane->sent == x->request.len &&
                    wmbt_http_reusable(wmbt_s3_answer_http(x->answer));
        release(lane, wmbt_status_is_error(x->status) ? TRANSPORT_REFUSED : TRANSPORT_DONE, keep);
    }
}

static bool is_sending(const struct lane *lane)
{
    return lane->tcp.connecting || lane->sent < lane->x->request.len;
}

/* What poll() is to wait for, and for how long. Returns the lanes that carry something. */
static unsigned watch(struct transport *t, unsigned *max_ms)
{
    uint64_t now = transport_now();
    unsigned busy = 0;
    for (unsigned i = 0; i < t->lanes; i++) {
        const struct lane *lane = &t->lane[i];
        t->poll[i].fd = lane->x != NULL ? lane->tcp.fd : -1;
        t->poll[i].events = POLLIN;
        t->poll[i].revents = 0;
        if (lane->x != NULL) {
            uint64_t due = lane->heard_ms + t->timeout_ms;
            uint64_t left = due > now ? due - now : 0;
            t->poll[i].events = is_sending(lane) ? POLLIN | POLLOUT : POLLIN;
            *max_ms = left < *max_ms ? (unsigned)left : *max_ms;
            busy++;
        }
    }
    return busy;
}

static void turn_sockets(struct transport *t, unsigned max_ms)
{
    (void)watch(t, &max_ms);
    if (poll(t->poll, t->lanes, (int)max_ms) < 0) {
        return; /* a signal */
    }
    for (unsigned i = 0; i < t->lanes; i++) {
        struct lane *lane = &t->lane[i];
        short ready = t->poll[i].revents;
        if (lane->x == NULL || t->poll[i].fd != lane->tcp.fd) {
            continue;
        }
        if (ready != 0 && lane->tcp.connecting) {
            finish_connecting(lane);
        } else if ((ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
            receive_some(t, lane);
        } else if ((ready & POLLOUT) != 0) {
            send_some(lane);
        } else if (transport_now() >= lane->heard_ms + t->timeout_ms) {
            failed(lane->x, "no answer in time");
            release(lane, TRANSPORT_FAILED, false);
        }
    }
}

/* --- libcurl --------------------------------------------------------------------------------- */

#ifdef HAVE_LIBCURL

/* An answer on its way through libcurl. Its header is fed as HTTP/1.1 once it is complete, whatever
 * version it came with; the coding of the transfer has been undone. */
struct curl_answer {
    struct exchange *x;
    char header[HEADER_BYTES];
    size_t len;
    bool is_long, is_coded, has_length, is_fed;
    wmbt_status status;
};

static bool feed_answer(struct curl_answer *a, const void *bytes, size_t len)
{
    size_t used = 0;
    if (a->status == WMBT_END) {
        return len == 0; /* bytes that nobody asked for */
    }
    a->status = feed(a->x, wmbt_view_of(bytes, len), &used);
    return a->status == WMBT_NEED_MORE || a->status == WMBT_END;
}

static bool begins(const char *line, size_t len, const char *with)
{
    return len >= strlen(with) && strncasecmp(line, with, strlen(with)) == 0;
}

/* The status line of any version, as one of HTTP/1.1. */
static void start_header(struct curl_answer *a, const char *line, size_t len)
{
    const char *space = memchr(line, ' ', len);
    size_t left = space != NULL ? len - (size_t)(space - line) : 0;
    a->is_coded = a->has_length = a->is_long = false;
    a->len = (size_t)snprintf(a->header, sizeof a->header, "HTTP/1.1 %.*s\r\n", left > 4 ? 3 : 0,
                              left > 4 ? space + 1 : "");
}

static size_t on_header(char *line, size_t one, size_t len, void *context)
{
    struct curl_answer *a = context;
    (void)one;
    if (a->is_fed) {
        return len; /* fields behind the body */
    }
    if (begins(line, len, "HTTP/")) {
        start_header(a, line, len);
        return len;
    }
    if (begins(line, len, "transfer-encoding:")) {
        a->is_coded = true;
        return len;
    }
    a->has_length = a->has_length || begins(line, len, "content-length:");
    if (len > sizeof a->header - a->len) {
        a->status = WMBT_TOO_LARGE;
        return 0;
    }
    memcpy(a->header + a->len, line, len);
    a->len += len;
    if (len > 2 || a->header[9] == '1') { /* not the end, or that of an interim response */
        return len;
    }
    if (a->is_coded && a->has_length) {
        a->status = WMBT_BAD_LENGTH;
        return 0;
    }
    a->is_fed = true;
    return feed_answer(a, a->header, a->len) ? len : 0;
}

static size_t on_body(char *bytes, size_t one, size_t len, void *context)
{
    (void)one;
    return feed_answer(context, bytes, len) ? len : 0;
}

/* The fields of the request, a line each, as they are; *target: what stands in its first line. */
static struct curl_slist *request_lines(wmbt_view request, const char **target)
{
    struct curl_slist *lines = NULL;
    const char *text = tool_copy((const char *)request.data, request.len);
    const char *space = strchr(text, ' ');
    *target = tool_copy(space + 1, strcspn(space + 1, " "));
    for (text = strstr(text, "\r\n") + 2; *text != '\r'; text = strstr(text, "\r\n") + 2) {
        lines = curl_slist_append(lines, tool_copy(text, strcspn(text, "\r")));
    }
    return lines;
}

/* libcurl heeds http_proxy, https_proxy, HTTPS_PROXY and NO_PROXY. HTTP_PROXY is the AWS command
 * line's as well; in a CGI program it comes from a field of the request. */
static void set_proxy(CURL *easy, const char *scheme)
{
    const char *proxy = getenv("HTTP_PROXY");
    if (strcmp(scheme, "http") == 0 && proxy != NULL && getenv("http_proxy") == NULL &&
        getenv("REQUEST_METHOD") == NULL) {
        curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
    }
}

static void begin_curl(struct transport *t, struct lane *lane, struct exchange *x)
{
    const char *target = "";
    struct tool_mark mark = tool_mark();
    struct curl_answer *a = lane->answer;
    memset(a, 0, sizeof *a);
    a->x = x;
    a->status = WMBT_NEED_MORE;
    lane->x = x;
    x->lane = lane;
    lane->lines = request_lines(x->request, &target);
    CURL *easy = lane->easy;
    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_URL, tool_format("%s://%s%s", x->scheme, x->host, target));
    curl_easy_setopt(easy, CURLOPT_PRIVATE, lane);
    lane->error[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, lane->error);
    if (t->ca_bundle != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, t->ca_bundle);
    }
    set_proxy(easy, x->scheme);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lane->lines);
    curl_easy_setopt(easy, CURLOPT_NOBODY, x->is_head ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L); /* of a proxy */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 2L * RECEIVE_BYTES);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)t->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(t->timeout_ms / 1000u));
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, a);
    tool_release_to(mark);
    curl_multi_add_handle(t->multi, easy);
}

static void end_curl(struct transport *t, struct lane *lane)
{
    curl_multi_remove_handle(t->multi, lane->easy);
    curl_slist_free_all(lane->lines);
    lane->lines = NULL;
    lane->x->lane = NULL;
    lane->x = NULL;
}

/* Why libcurl could not; whether it could if it were asked again. */
static void curl_failed(struct exchange *x, const struct lane *lane, CURLcode code)
{
    failed(x, code == CURLE_OPERATION_TIMEDOUT ? "no answer in time"
              : lane->error[0] != '\0'         ? lane->error
                                               : curl_easy_strerror(code));
    x->is_final = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
                  code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
}

/* An exchange over libcurl has ended. */
static void conclude_curl(struct transport *t, struct lane *lane, CURLcode code)
{
    struct exchange *x = lane->x;
    wmbt_status status = lane->answer->status;
    end_curl(t, lane);
    if (wmbt_status_is_error(status)) {
        x->status = status;
        x->result = TRANSPORT_REFUSED;
    } else if (status == WMBT_OK) {
        x->result = TRANSPORT_DONE; /* no more was wanted */
    } else if (code != CURLE_OK) {
        curl_failed(x, lane, code);
    } else {
        x->status = status == WMBT_END ? WMBT_END : wmbt_s3_answer_finish(x->answer);
        x->result = x->status == WMBT_END ? TRANSPORT_DONE : TRANSPORT_REFUSED;
    }
}

static void turn_curl(struct transport *t, unsigned max_ms)
{
    int running = 0, left = 0;
    const CURLMsg *message;
    curl_multi_perform(t->multi, &running);
    while ((message = curl_multi_info_read(t->multi, &left)) != NULL) {
        char *lane = NULL;
        if (message->msg == CURLMSG_DONE) {
            CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &lane);
            conclude_curl(t, (struct lane *)(void *)lane, code);
            max_ms = 0;
        }
    }
    if (max_ms != 0) {
        curl_multi_poll(t->multi, NULL, 0, (int)max_ms, NULL);
    }
}

static void open_curl(struct transport *t, const char *ca_bundle)
{
    t->ca_bundle = ca_bundle != NULL ? tool_keep(ca_bundle, strlen(ca_bundle)) : NULL;
    t->multi = curl_multi_init();
    for (unsigned i = 0; i < t->lanes; i++) {
        t->lane[i].easy = curl_easy_init();
        t->lane[i].answer = malloc(sizeof *t->lane[i].answer);
        if (t->multi == NULL || t->lane[i].easy == NULL || t->lane[i].answer == NULL) {
            tool_usage_error("libcurl does not start");
        }
    }
    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)t->lanes);
}

static void close_curl(struct transport *t)
{
    for (unsigned i = 0; i < t->lanes; i++) {
        curl_easy_cleanup(t->lane[i].easy);
        free(t->lane[i].answer);
    }
    free(t->ca_bundle);
    curl_multi_cleanup(t->multi);
}

static bool is_curl(const struct transport *t)
{
    return t->multi != NULL;
}

#endif

/* --- either ---------------------------------------------------------------------------------- */

struct transport *transport_open(bool curl, unsigned timeout_seconds, unsigned connections,
                                 const char *ca_bundle)
{
    struct transport *t = calloc(1, sizeof *t);
    struct lane *lane = calloc(connections, sizeof *lane);
    struct pollfd *polled = calloc(connections, sizeof *polled);
    if (t == NULL || lane == NULL || polled == NULL) {
        tool_usage_error("not enough memory");
    }
    t->timeout_ms = timeout_seconds * 1000u;
    t->lanes = connections;
    t->lane = lane;
    t->poll = polled;
    for (unsigned i = 0; i < connections; i++) {
        tcp_init(&lane[i].tcp);
    }
#ifdef HAVE_LIBCURL
    if (curl) {
        open_curl(t, ca_bundle);
    }
#else
    (void)curl;
    (void)ca_bundle;
#endif
    return t;
}

void transport_close(struct transport *transport)
{
    for (unsigned i = 0; i < transport->lanes; i++) {
        if (transport->lane[i].x != NULL) {
            transport_cancel(transport, transport->lane[i].x);
        }
        tcp_close(&transport->lane[i].tcp);
    }
#ifdef HAVE_LIBCURL
    if (is_curl(transport)) {
        close_curl(transport);
    }
#endif
    free(transport->lane);
    free(transport->poll);
    free(transport);
}

/* Gives waiting exchanges to lanes that are free; those first that lead there already. */
static void fill_lanes(struct transport *t)
{
    while (t->first != NULL) {
        struct exchange *x = t->first;
        struct lane *best = NULL;
        for (unsigned i = 0; i < t->lanes; i++) {
            struct lane *lane = &t->lane[i];
            bool leads = tcp_leads_to(&lane->tcp, x->host);
            if (lane->x == NULL && (best == NULL || leads)) {
                best = lane;
                if (leads) {
                    break;
                }
            }
        }
        if (best == NULL) {
            return;
        }
        t->first = x->next;
        x->next = NULL;
#ifdef HAVE_LIBCURL
        if (is_curl(t)) {
            begin_curl(t, best, x);
            continue;
        }
#endif
        begin_on(best, x, false);
    }
}

void transport_begin(struct transport *transport, struct exchange *exchange)
{
    struct exchange **last = &transport->first;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = exchange;
    exchange->next = NULL;
    exchange->lane = NULL;
    exchange->result = TRANSPORT_OPEN;
    exchange->status = WMBT_NEED_MORE;
    exchange->why[0] = '\0';
    fill_lanes(transport);
}

void transport_cancel(struct transport *transport, struct exchange *exchange)
{
    for (struct exchange **x = &transport->first; *x != NULL; x = &(*x)->next) {
        if (*x == exchange) {
            *x = exchange->next;
            return;
        }
    }
    if (exchange->lane == NULL) {
        return;
    }
#ifdef HAVE_LIBCURL
    if (is_curl(transport)) {
        end_curl(transport, exchange->lane);
        return;
    }
#endif
    release(exchange->lane, TRANSPORT_OPEN, false);
}

void transport_turn(struct transport *transport, unsigned max_ms)
{
    fill_lanes(transport);
#ifdef HAVE_LIBCURL
    if (is_curl(transport)) {
        turn_curl(transport, max_ms);
        fill_lanes(transport);
        return;
    }
#endif
    turn_sockets(transport, max_ms);
    fill_lanes(transport);
}
