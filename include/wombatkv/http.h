/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 for a client that fetches: request bytes into the caller's memory, and a push reader of
 * responses. Source of the rules: docs/FORMATS.md, "HTTP responses".
 *
 * The reader keeps no response: it needs memory for one field line, hands out fields one at a time
 * and body bytes as views into what it was fed. Framing that can be read in two ways is refused,
 * and a refused connection is never used again.
 */
#ifndef WOMBATKV_HTTP_H
#define WOMBATKV_HTTP_H

#include "wombatkv/base.h"
#include "wombatkv/status.h"

#if WMBT_CFG_HTTP

WMBT_BEGIN_DECLS

/** A header field. */
typedef struct wmbt_http_field {
    wmbt_view name;
    wmbt_view value;
} wmbt_http_field;

/**
 * Writes a request without a body: request line, fields, `lines` (complete lines, CRLF after each,
 * such as wmbt_sigv4_lines() writes), the empty line. *written: its length.
 *
 * bad-argument: NULL with a length, an empty method, target or name
 * bad-text: a control byte or a line end in method, target or a field; a blank in method or target
 * buffer-too-small: `out` is zeroed
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_http_request(wmbt_view method, wmbt_view target,
                                                       const wmbt_http_field *fields,
                                                       size_t field_count, wmbt_view lines,
                                                       wmbt_buf out, size_t *written);

/* --- responses -------------------------------------------------------------------------------- */

/** Smallest memory for a field line: the names that framing needs, and their values. */
#    define WMBT_HTTP_MIN_LINE_BYTES 64u

/** Bounds of what one response may take. What lies beyond is too-large. */
typedef struct wmbt_http_limits {
    uint32_t header_bytes;     /**< of status line and fields, of each header section by itself */
    uint32_t trailer_bytes;    /**< of the fields behind a chunked body */
    uint32_t chunk_line_bytes; /**< of the line before a chunk, extensions included */
    uint32_t max_interim;      /**< 1xx responses before the final one */
} wmbt_http_limits;

/** Limits that every store seen keeps: 16 KiB, 4 KiB, 256 bytes, 8 interim responses. */
WMBT_API void wmbt_http_limits_init(wmbt_http_limits *limits);

/* How the end of a body is found. */
#    define WMBT_HTTP_NONE 0u    /**< no body: HEAD, 204, 304 */
#    define WMBT_HTTP_LENGTH 1u  /**< Content-Length */
#    define WMBT_HTTP_CHUNKED 2u /**< chunks */
#    define WMBT_HTTP_CLOSE 3u   /**< until the connection closes */

/* What a call of feed() has found. */
#    define WMBT_HTTP_FIELD 1u  /**< a field of the final response, in event.name and event.value */
#    define WMBT_HTTP_HEADER 2u /**< the header is complete: status, framing and length are known */
#    define WMBT_HTTP_BODY 3u   /**< body bytes, in event.value, a view into what was fed */

typedef struct wmbt_http_event {
    uint32_t kind;
    wmbt_view name;  /**< in lower case, in the reader's line memory: until the next call */
    wmbt_view value; /**< without blanks at its ends; likewise, or a part of the body */
} wmbt_http_event;

/** A response under way. 96 bytes or less and the caller's line memory. Keep out of the fields but
 * through the functions below. */
typedef struct wmbt_http {
    wmbt_buf line; /* the caller's: a field's name, then its value */
    wmbt_http_limits limits;
    uint64_t length; /* Content-Length */
    uint64_t left;   /* of the body or the chunk */
    uint64_t body_bytes;
    uint32_t used;      /* bytes of the section or line so far */
    uint32_t name_len;  /* in `line` */
    uint32_t value_len; /* in `line`, trailing blanks included */
    uint32_t trim_len;  /* without them */
    uint32_t interim;
    wmbt_status status; /* ok, end or what it was refused with */
    uint16_t code;
    uint8_t state;
    uint8_t digits;
    uint8_t framing;
    uint8_t minor;
    uint8_t flags;
    uint8_t is_head;
} wmbt_http;

/**
 * Starts reading the response to a request; `is_head` for HEAD. `line` stays the reader's until the
 * response is done: a field that does not fit is not handed out (one that framing needs is
 * too-large). Call it again for the next response on a connection.
 * bad-argument: NULL with a length; buffer-too-small: less than WMBT_HTTP_MIN_LINE_BYTES.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_http_init(wmbt_http *http, bool is_head,
                                                    const wmbt_http_limits *limits, wmbt_buf line);

/**
 * Takes bytes up to the next event, none of those behind the response. Work: bytes.len.
 *
 * ok: *event says what was found; call again with the rest
 * need-more: took all, waits for more
 * end: the response is complete; the rest of `bytes` is not its
 * truncated: after finish()
 * bad-argument: NULL with a length, nothing taken
 * unsupported-version: a status line of another HTTP version
 * bad-magic: no status line
 * bad-syntax: the grammar of a line; a bare CR or LF, a folded line, a blank before a colon
 * bad-number: a length that is no number, or above 2^64 - 1
 * bad-length: lengths that contradict each other or a transfer coding; a chunk without its end
 * unsupported-algorithm: a transfer coding other than chunked; a 2xx response with a
 *   Content-Encoding other than identity
 * bad-field: 101 (nothing was asked to be switched); a 206 of several parts
 * too-large: a limit
 * An error is for good: the connection must be closed. Body bytes handed out before were never
 * complete. *taken and *event are changed on ok, need-more and end only.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_http_feed(wmbt_http *http, wmbt_view bytes, size_t *taken,
                                                    wmbt_http_event *event);

/**
 * The connection has ended. end: the response is complete (for a body that lasts until the close,
 * as far as anyone can tell); truncated; or what it was refused with.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_http_finish(wmbt_http *http);

/** The status code; 0 before the status line of the final response is complete. Codes outside of
 * 100 to 599 stand for 5xx. */
WMBT_API uint32_t wmbt_http_code(const wmbt_http *http);

/** WMBT_HTTP_NONE, ...; NONE as well before the header is complete. */
WMBT_API uint32_t wmbt_http_framing(const wmbt_http *http);

/** Content-Length of a complete header, which after HEAD is that of the object. False: none. */
WMBT_API bool wmbt_http_length(const wmbt_http *http, uint64_t *bytes);

/** Body bytes handed out so far. */
WMBT_API uint64_t wmbt_http_body_bytes(const wmbt_http *http);

/** True once the response is complete and the connection may carry the next one. Bytes that nobody
 * asked for behind the end mean that it may not; only the caller knows what it asked for. */
WMBT_API bool wmbt_http_reusable(const wmbt_http *http);

/** True if at least one byte of the response has come. Before that, a closed connection is no
 * failure: the request may be sent again on a new one. */
WMBT_API bool wmbt_http_begun(const wmbt_http *http);

WMBT_END_DECLS

#endif

#endif
