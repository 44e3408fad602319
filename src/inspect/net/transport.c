/* SPDX-License-Identifier: Apache-2.0 */
/* Requests over a socket, or over libcurl. */
#include "net/transport.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#ifdef HAVE_LIBCURL
#    include <curl/curl.h>
#endif

#include "base/tool.h"

#define RECEIVE_BYTES 65536
#define HEADER_BYTES 32768

struct transport {
    unsigned timeout;
    int fd; /* -1: not connected */
    char host[300];
    uint8_t bytes[RECEIVE_BYTES];
#ifdef HAVE_LIBCURL
    CURL *curl; /* NULL: a socket */
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

/* --- a socket -------------------------------------------------------------------------------- */

static void disconnect(struct transport *t)
{
    if (t->fd >= 0) {
        close(t->fd);
    }
    t->fd = -1;
}

static bool set_timeouts(int fd, unsigned seconds)
{
    struct timeval time = {.tv_sec = (time_t)seconds, .tv_usec = 0};
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) == 0;
}

static int connect_to(const char *host, unsigned timeout, const char **why)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(host, ':');
    const char *bracket = strchr(host, ']');
    bool has_port = colon != NULL && (bracket == NULL || colon > bracket);
    size_t len = has_port ? (size_t)(colon - host) : strlen(host);
    bool literal = len > 2 && host[0] == '[' && host[len - 1] == ']';
    const char *name = literal ? tool_copy(host + 1, len - 2) : tool_copy(host, len);
    int error = getaddrinfo(name, has_port ? colon + 1 : "80", &hints, &found);
    if (error != 0) {
        *why = tool_format("%s: %s", name, gai_strerror(error));
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (fd >= 0 &&
            (!set_timeouts(fd, timeout) || connect(fd, a->ai_addr, a->ai_addrlen) != 0)) {
            *why = tool_format("%s: %s", host, strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static bool send_all(int fd, wmbt_view bytes)
{
    while (bytes.len != 0) {
        ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR) {
            return false;
        }
        size_t n = sent > 0 ? (size_t)sent : 0;
        bytes = wmbt_view_of(bytes.data + n, bytes.len - n);
    }
    return true;
}

static const char *lost(int error, ssize_t got)
{
    if (got == 0) {
        return "the connection was closed";
    }
    return error == EAGAIN || error == EWOULDBLOCK ? "no answer in time"
                                                   : tool_format("%s", strerror(error));
}

/* One try on the connection at hand. *begun: at least a byte of the answer came. */
static enum transport_result try_socket(struct transport *t, struct exchange *x,
                                        wmbt_status *status, bool *begun, const char **why)
{
    if (!send_all(t->fd, x->request)) {
        *why = lost(errno, -1);
        return TRANSPORT_FAILED;
    }
    for (;;) {
        ssize_t got = recv(t->fd, t->bytes, sizeof t->bytes, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        size_t used = 0;
        if (got <= 0) {
            *why = lost(errno, got);
            bool whole = got == 0 && *begun && wmbt_s3_answer_finish(x->answer) == WMBT_END;
            disconnect(t);
            return whole ? TRANSPORT_DONE : TRANSPORT_FAILED;
        }
        *begun = true;
        *status = feed(x, wmbt_view_of(t->bytes, (size_t)got), &used);
        if (*status == WMBT_NEED_MORE) {
            continue;
        }
        bool keep = *status == WMBT_END && used == (size_t)got &&
                    wmbt_http_reusable(wmbt_s3_answer_http(x->answer));
        if (!keep) {
            disconnect(t);
        }
        return wmbt_status_is_error(*status) ? TRANSPORT_REFUSED : TRANSPORT_DONE;
    }
}

static enum transport_result run_socket(struct transport *t, struct exchange *x,
                                        wmbt_status *status, const char **why)
{
    bool begun = false;
    if (strcmp(x->scheme, "http") != 0) {
        *why = "the library's own client speaks http:// only";
        return TRANSPORT_FAILED;
    }
    bool reused = t->fd >= 0 && strcmp(t->host, x->host) == 0;
    if (reused) { /* it may have been closed meanwhile: then once more, on a new one */
        enum transport_result result = try_socket(t, x, status, &begun, why);
        if (result != TRANSPORT_FAILED || begun) {
            return result;
        }
    }
    disconnect(t);
    t->fd = strlen(x->host) < sizeof t->host ? connect_to(x->host, t->timeout, why) : -1;
    if (t->fd < 0) {
        return TRANSPORT_FAILED;
    }
    strcpy(t->host, x->host);
    enum transport_result result = try_socket(t, x, status, &begun, why);
    if (result == TRANSPORT_FAILED) {
        disconnect(t);
    }
    return result;
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

static enum transport_result run_curl(struct transport *t, struct exchange *x, wmbt_status *status,
                                      const char **why)
{
    static struct curl_answer answer; /* too large for a stack */
    struct curl_answer *a = &answer;
    const char *target = "";
    memset(a, 0, sizeof *a);
    a->x = x;
    a->status = WMBT_NEED_MORE;
    struct curl_slist *lines = request_lines(x->request, &target);
    curl_easy_reset(t->curl);
    curl_easy_setopt(t->curl, CURLOPT_URL, tool_format("%s://%s%s", x->scheme, x->host, target));
    curl_easy_setopt(t->curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(t->curl, CURLOPT_NOBODY, x->is_head ? 1L : 0L);
    curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(t->curl, CURLOPT_CONNECTTIMEOUT, (long)t->timeout);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(t->curl, CURLOPT_LOW_SPEED_TIME, (long)t->timeout);
    curl_easy_setopt(t->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->curl, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, a);
    CURLcode code = curl_easy_perform(t->curl);
    curl_slist_free_all(lines);
    if (wmbt_status_is_error(a->status)) {
        *status = a->status;
        return TRANSPORT_REFUSED;
    }
    if (a->status == WMBT_OK) {
        return TRANSPORT_DONE; /* no more was wanted */
    }
    if (code != CURLE_OK) {
        *why = curl_easy_strerror(code);
        return TRANSPORT_FAILED;
    }
    *status = a->status == WMBT_END ? WMBT_END : wmbt_s3_answer_finish(x->answer);
    return *status == WMBT_END ? TRANSPORT_DONE : TRANSPORT_REFUSED;
}

#endif

/* --- either ---------------------------------------------------------------------------------- */

struct transport *transport_open(bool curl, unsigned timeout_seconds)
{
    struct transport *t = calloc(1, sizeof *t);
    if (t == NULL) {
        tool_usage_error("not enough memory");
    }
    t->timeout = timeout_seconds;
    t->fd = -1;
#ifdef HAVE_LIBCURL
    t->curl = curl ? curl_easy_init() : NULL;
    if (curl && t->curl == NULL) {
        tool_usage_error("libcurl does not start");
    }
#else
    (void)curl;
#endif
    return t;
}

void transport_close(struct transport *transport)
{
    disconnect(transport);
#ifdef HAVE_LIBCURL
    if (transport->curl != NULL) {
        curl_easy_cleanup(transport->curl);
    }
#endif
    free(transport);
}

enum transport_result transport_run(struct transport *transport, struct exchange *exchange,
                                    wmbt_status *status, const char **why)
{
#ifdef HAVE_LIBCURL
    if (transport->curl != NULL) {
        return run_curl(transport, exchange, status, why);
    }
#endif
    return run_socket(transport, exchange, status, why);
}
