/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 requests and responses. docs/FORMATS.md, "HTTP responses". */
#include "wombatkv/http.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"

#if WMBT_CFG_HTTP

#    define WMBT_HTTP_CR ((uint8_t)'\r')
#    define WMBT_HTTP_LF ((uint8_t)'\n')
#    define WMBT_HTTP_CHUNK_DIGITS 16u

/* States. Those up to the header's end count into limits.header_bytes. */
enum {
    WMBT_HTTP_S_VERSION,    /* "HTTP/1." */
    WMBT_HTTP_S_MINOR,      /* one digit */
    WMBT_HTTP_S_SPACE,      /* before the code */
    WMBT_HTTP_S_CODE,       /* three digits */
    WMBT_HTTP_S_AFTER_CODE, /* blank or line end */
    WMBT_HTTP_S_REASON,
    WMBT_HTTP_S_REASON_LF,
    WMBT_HTTP_S_LINE, /* first byte of a field line, or the empty line */
    WMBT_HTTP_S_NAME,
    WMBT_HTTP_S_BLANK, /* before a value */
    WMBT_HTTP_S_VALUE,
    WMBT_HTTP_S_VALUE_LF,
    WMBT_HTTP_S_END_LF, /* of the empty line */
    WMBT_HTTP_S_BODY,   /* by length or until close */
    WMBT_HTTP_S_SIZE,   /* digits of a chunk's size */
    WMBT_HTTP_S_SIZE_BLANK,
    WMBT_HTTP_S_EXTENSION,
    WMBT_HTTP_S_SIZE_LF,
    WMBT_HTTP_S_CHUNK,
    WMBT_HTTP_S_CHUNK_CR,
    WMBT_HTTP_S_CHUNK_LF,
    WMBT_HTTP_S_DONE
};

/* What fields have said. */
#    define WMBT_HTTP_F_LENGTH 1u     /* Content-Length */
#    define WMBT_HTTP_F_CHUNKED 2u    /* Transfer-Encoding: chunked */
#    define WMBT_HTTP_F_ENCODED 4u    /* a Content-Encoding other than identity */
#    define WMBT_HTTP_F_MULTIPART 8u  /* Content-Type: multipart/byteranges */
#    define WMBT_HTTP_F_CLOSE 16u     /* Connection: close */
#    define WMBT_HTTP_F_KEEP 32u      /* Connection: keep-alive */
#    define WMBT_HTTP_F_TRAILER 64u   /* these are the fields behind the body */
#    define WMBT_HTTP_F_TOO_LONG 128u /* the line does not fit */

/* --- requests --------------------------------------------------------------------------------- */

/* Control bytes, and blanks unless they are allowed. */
static bool wmbt_http_is_clean(wmbt_view v, bool blanks)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.data[i];
        if (c == 0x7Fu || (c <= 0x20u && !(blanks && (c == (uint8_t)' ' || c == (uint8_t)'\t')))) {
            return false;
        }
    }
    return true;
}

static wmbt_status wmbt_http_check_request(wmbt_view method, wmbt_view target,
                                           const wmbt_http_field *fields, size_t count)
{
    if (wmbt_view_is_bad(method) || wmbt_view_is_bad(target) || method.len == 0u ||
        target.len == 0u || (fields == NULL && count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_http_is_clean(method, false) || !wmbt_http_is_clean(target, false)) {
        return WMBT_BAD_TEXT;
    }
    for (size_t i = 0; i < count; i++) {
        if (wmbt_view_is_bad(fields[i].name) || wmbt_view_is_bad(fields[i].value) ||
            fields[i].name.len == 0u) {
            return WMBT_BAD_ARGUMENT;
        }
        if (!wmbt_http_is_clean(fields[i].name, false) ||
            !wmbt_http_is_clean(fields[i].value, true)) {
            return WMBT_BAD_TEXT;
        }
    }
    return WMBT_OK;
}

wmbt_status wmbt_http_request(wmbt_view method, wmbt_view target, const wmbt_http_field *fields,
                              size_t field_count, wmbt_view lines, wmbt_buf out, size_t *written)
{
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_status status = wmbt_http_check_request(method, target, fields, field_count);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(lines) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_writer_bytes(&w, method);
    wmbt_writer_u8(&w, (uint8_t)' ');
    wmbt_writer_bytes(&w, target);
    wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL(" HTTP/1.1\r\n"));
    for (size_t i = 0; i < field_count; i++) {
        wmbt_writer_bytes(&w, fields[i].name);
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL(": "));
        wmbt_writer_bytes(&w, fields[i].value);
        wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL("\r\n"));
    }
    wmbt_writer_bytes(&w, lines);
    wmbt_writer_bytes(&w, WMBT_VIEW_LITERAL("\r\n"));
    if (!wmbt_writer_fits(&w)) {
        wmbt_bytes_fill(out.data, 0, out.len);
        return WMBT_BUFFER_TOO_SMALL;
    }
    *written = w.needed;
    return WMBT_OK;
}

/* --- fields that framing needs ---------------------------------------------------------------- */

static uint8_t wmbt_http_lower(uint8_t c)
{
    return c >= (uint8_t)'A' && c <= (uint8_t)'Z' ? (uint8_t)(c + 32u) : c;
}

/* Equal but for the case of letters; `b` is in lower case. */
static bool wmbt_http_is(wmbt_view a, wmbt_view b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (wmbt_http_lower(a.data[i]) != b.data[i]) {
            return false;
        }
    }
    return true;
}

/* The next word of a list, without blanks around it; false at the end. */
static bool wmbt_http_next_word(wmbt_view *list, wmbt_view *word)
{
    size_t n = 0, start = 0;
    if (list->len == 0u) {
        return false;
    }
    while (n < list->len && list->data[n] != (uint8_t)',') {
        n++;
    }
    size_t end = n, used = n < list->len ? n + 1u : n;
    while (start < end && (list->data[start] == (uint8_t)' ' || list->data[start] == '\t')) {
        start++;
    }
    while (end > start && (list->data[end - 1u] == (uint8_t)' ' || list->data[end - 1u] == '\t')) {
        end--;
    }
    *word = wmbt_view_of(list->data + start, end - start);
    *list = wmbt_view_of(list->data + used, list->len - used);
    return true;
}

static void wmbt_http_take_connection(wmbt_http *x, wmbt_view list)
{
    wmbt_view word;
    while (wmbt_http_next_word(&list, &word)) {
        if (wmbt_http_is(word, WMBT_VIEW_LITERAL("close"))) {
            x->flags |= WMBT_HTTP_F_CLOSE;
        } else if (wmbt_http_is(word, WMBT_VIEW_LITERAL("keep-alive"))) {
            x->flags |= WMBT_HTTP_F_KEEP;
        }
    }
}

/* Fields of the final response that say where its body ends or what it is. */
static wmbt_status wmbt_http_take_field(wmbt_http *x, wmbt_view name, wmbt_view value)
{
    bool whole = (x->flags & WMBT_HTTP_F_TOO_LONG) == 0u;
    if (wmbt_http_is(name, WMBT_VIEW_LITERAL("content-length"))) {
        if (!whole) {
            return WMBT_TOO_LARGE;
        }
        if ((x->flags & WMBT_HTTP_F_LENGTH) != 0u) {
            return WMBT_BAD_LENGTH;
        }
        x->flags |= WMBT_HTTP_F_LENGTH;
        return wmbt_text_parse_u64(value, false, &x->length) ? WMBT_OK : WMBT_BAD_NUMBER;
    }
    if (wmbt_http_is(name, WMBT_VIEW_LITERAL("transfer-encoding"))) {
        if ((x->flags & WMBT_HTTP_F_CHUNKED) != 0u || !whole ||
            !wmbt_http_is(value, WMBT_VIEW_LITERAL("chunked"))) {
            return WMBT_UNSUPPORTED_ALGORITHM;
        }
        x->flags |= WMBT_HTTP_F_CHUNKED;
    } else if (wmbt_http_is(name, WMBT_VIEW_LITERAL("content-encoding"))) {
        if (!whole || !wmbt_http_is(value, WMBT_VIEW_LITERAL("identity"))) {
            x->flags |= WMBT_HTTP_F_ENCODED;
        }
    } else if (wmbt_http_is(name, WMBT_VIEW_LITERAL("content-type"))) {
        wmbt_view type = WMBT_VIEW_LITERAL("multipart/byteranges");
        if (value.len >= type.len && wmbt_http_is(wmbt_view_of(value.data, type.len), type)) {
            x->flags |= WMBT_HTTP_F_MULTIPART;
        }
    } else if (wmbt_http_is(name, WMBT_VIEW_LITERAL("connection"))) {
        if (!whole) {
            return WMBT_TOO_LARGE;
        }
        wmbt_http_take_connection(x, value);
    }
    return WMBT_OK;
}

/* --- header ----------------------------------------------------------------------------------- */

void wmbt_http_limits_init(wmbt_http_limits *limits)
{
    limits->header_bytes = 16384;
    limits->trailer_bytes = 4096;
    limits->chunk_line_bytes = 256;
    limits->max_interim = 8;
}

/* The status line comes next. */
static void wmbt_http_restart(wmbt_http *x)
{
    x->state = WMBT_HTTP_S_VERSION;
    x->digits = 0;
    x->flags = 0;
    x->code = 0;
    x->used = 0;
    x->length = 0;
    x->framing = WMBT_HTTP_NONE;
}

wmbt_status wmbt_http_init(wmbt_http *http, bool is_head, const wmbt_http_limits *limits,
                           wmbt_buf line)
{
    if (wmbt_buf_is_bad(line)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (line.len < WMBT_HTTP_MIN_LINE_BYTES) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_bytes_fill((uint8_t *)http, 0, sizeof *http);
    http->line.data = line.data;
    http->line.len = line.len < UINT32_MAX ? line.len : UINT32_MAX;
    wmbt_bytes_copy((uint8_t *)&http->limits, (const uint8_t *)limits, sizeof *limits);
    http->is_head = is_head;
    return WMBT_OK;
}

/* Code and fields are known: how does the response go on? Sets state and framing. */
static wmbt_status wmbt_http_end_header(wmbt_http *x)
{
    uint32_t code = x->code, flags = x->flags;
    if (code == 101u) {
        return WMBT_BAD_FIELD;
    }
    if (code / 100u == 1u) {
        if (x->interim++ >= x->limits.max_interim) {
            return WMBT_TOO_LARGE;
        }
        wmbt_http_restart(x);
        return WMBT_NEED_MORE;
    }
    x->used = 0;
    if (code / 100u == 2u && (flags & WMBT_HTTP_F_ENCODED) != 0u) {
        return WMBT_UNSUPPORTED_ALGORITHM;
    }
    if (code == 206u && (flags & WMBT_HTTP_F_MULTIPART) != 0u) {
        return WMBT_BAD_FIELD;
    }
    if (x->is_head != 0u || code == 204u || code == 304u) {
        x->state = WMBT_HTTP_S_DONE;
        return WMBT_OK;
    }
    if ((flags & WMBT_HTTP_F_CHUNKED) != 0u) {
        if ((flags & WMBT_HTTP_F_LENGTH) != 0u || x->minor == 0u) {
            return WMBT_BAD_LENGTH;
        }
        x->framing = WMBT_HTTP_CHUNKED;
        x->state = WMBT_HTTP_S_SIZE;
        x->digits = 0;
        x->left = 0;
    } else if ((flags & WMBT_HTTP_F_LENGTH) != 0u) {
        x->framing = WMBT_HTTP_LENGTH;
        x->left = x->length;
        x->state = x->left != 0u ? WMBT_HTTP_S_BODY : WMBT_HTTP_S_DONE;
    } else {
        x->framing = WMBT_HTTP_CLOSE;
        x->left = UINT64_MAX;
        x->state = WMBT_HTTP_S_BODY;
    }
    return WMBT_OK;
}

/* RFC 9110 5.6.2. */
static bool wmbt_http_is_token(uint8_t c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    uint8_t lower = c | 0x20u;
    if ((lower >= (uint8_t)'a' && lower <= (uint8_t)'z') || wmbt_text_is_digit(c)) {
        return true;
    }
    for (size_t i = 0; i < sizeof others - 1u; i++) {
        if (c == (uint8_t)others[i]) {
            return true;
        }
    }
    return false;
}

static bool wmbt_http_is_value(uint8_t c)
{
    return c == (uint8_t)'\t' || (c >= 0x20u && c != 0x7Fu);
}

/* Keeps a byte of a field line behind the `len` that it has. */
static void wmbt_http_keep(wmbt_http *x, uint32_t len, uint8_t c)
{
    if (len < x->line.len) {
        x->line.data[len] = c;
    } else {
        x->flags |= WMBT_HTTP_F_TOO_LONG;
    }
}

/* Bytes of the status line. */
static wmbt_status wmbt_http_status_line(wmbt_http *x, uint8_t c)
{
    static const char version[] = "HTTP/1.";
    switch (x->state) {
    case WMBT_HTTP_S_VERSION:
        if (c != (uint8_t)version[x->digits]) {
            return x->digits >= 5u && wmbt_text_is_digit(c) ? WMBT_UNSUPPORTED_VERSION
                                                            : WMBT_BAD_MAGIC;
        }
        if (++x->digits == sizeof version - 1u) {
            x->state = WMBT_HTTP_S_MINOR;
        }
        return WMBT_OK;
    case WMBT_HTTP_S_MINOR:
        x->minor = c != (uint8_t)'0';
        x->state = WMBT_HTTP_S_SPACE;
        return wmbt_text_is_digit(c) ? WMBT_OK : WMBT_BAD_MAGIC;
    case WMBT_HTTP_S_SPACE:
        x->state = WMBT_HTTP_S_CODE;
        x->digits = 0;
        return c == (uint8_t)' ' ? WMBT_OK : WMBT_BAD_MAGIC;
    case WMBT_HTTP_S_CODE:
        x->code = (uint16_t)(10u * x->code + ((uint32_t)c & 15u));
        if (++x->digits == 3u) {
            x->state = WMBT_HTTP_S_AFTER_CODE;
        }
        return wmbt_text_is_digit(c) ? WMBT_OK : WMBT_BAD_SYNTAX;
    case WMBT_HTTP_S_REASON_LF:
        x->state = WMBT_HTTP_S_LINE;
        return c == WMBT_HTTP_LF ? WMBT_OK : WMBT_BAD_SYNTAX;
    default: /* behind the code: a blank and a reason, a blank, or nothing */
        if (c == WMBT_HTTP_CR) {
            x->state = WMBT_HTTP_S_REASON_LF;
            return WMBT_OK;
        }
        if (x->state == WMBT_HTTP_S_AFTER_CODE && c != (uint8_t)' ') {
            return WMBT_BAD_SYNTAX;
        }
        x->state = WMBT_HTTP_S_REASON;
        return wmbt_http_is_value(c) ? WMBT_OK : WMBT_BAD_SYNTAX;
    }
}

/* A field line is complete. ok: it is an event. */
static wmbt_status wmbt_http_end_line(wmbt_http *x, wmbt_http_event *event)
{
    x->state = WMBT_HTTP_S_LINE;
    if (x->code / 100u == 1u || (x->flags & WMBT_HTTP_F_TRAILER) != 0u) {
        return WMBT_NEED_MORE;
    }
    bool whole = (x->flags & WMBT_HTTP_F_TOO_LONG) == 0u;
    uint32_t name_len = x->name_len;
    if (!whole && name_len > x->line.len) {
        return WMBT_NEED_MORE; /* longer than any name that matters */
    }
    wmbt_view name = wmbt_view_of(x->line.data, name_len);
    size_t kept = x->trim_len < x->line.len - name_len ? x->trim_len : x->line.len - name_len;
    wmbt_view value = wmbt_view_of(x->line.data + name_len, kept);
    wmbt_status status = wmbt_http_take_field(x, name, value);
    if (status != WMBT_OK || !whole) {
        return status != WMBT_OK ? status : WMBT_NEED_MORE;
    }
    event->kind = WMBT_HTTP_FIELD;
    wmbt_view_set(&event->name, name);
    wmbt_view_set(&event->value, value);
    return WMBT_OK;
}

static wmbt_status wmbt_http_end_section(wmbt_http *x, wmbt_http_event *event)
{
    if ((x->flags & WMBT_HTTP_F_TRAILER) != 0u) {
        x->state = WMBT_HTTP_S_DONE;
        return WMBT_NEED_MORE;
    }
    wmbt_status status = wmbt_http_end_header(x);
    if (status == WMBT_OK) {
        event->kind = WMBT_HTTP_HEADER;
        event->name = wmbt_view_of(NULL, 0);
        event->value = wmbt_view_of(NULL, 0);
    }
    return status;
}

/* A byte of a value. Blanks at its end are kept until it is known that they are the end. */
static wmbt_status wmbt_http_value(wmbt_http *x, uint8_t c)
{
    if (c == WMBT_HTTP_CR) {
        x->state = WMBT_HTTP_S_VALUE_LF;
        return WMBT_NEED_MORE;
    }
    if (!wmbt_http_is_value(c)) {
        return WMBT_BAD_SYNTAX;
    }
    bool blank = c == (uint8_t)' ' || c == (uint8_t)'\t';
    if (blank && x->state == WMBT_HTTP_S_BLANK) {
        return WMBT_NEED_MORE;
    }
    x->state = WMBT_HTTP_S_VALUE;
    if (!blank || x->name_len + x->value_len < x->line.len) {
        wmbt_http_keep(x, x->name_len + x->value_len, c);
    }
    x->value_len++;
    if (!blank) {
        x->trim_len = x->value_len;
    }
    return WMBT_NEED_MORE;
}

/* Bytes of field lines. need-more: no event yet. */
static wmbt_status wmbt_http_field_line(wmbt_http *x, uint8_t c, wmbt_http_event *event)
{
    switch (x->state) {
    case WMBT_HTTP_S_LINE:
        if (c == WMBT_HTTP_CR) {
            x->state = WMBT_HTTP_S_END_LF;
            return WMBT_NEED_MORE;
        }
        x->name_len = x->value_len = x->trim_len = 0;
        x->flags &= (uint8_t)~WMBT_HTTP_F_TOO_LONG;
        x->state = WMBT_HTTP_S_NAME;
        if (!wmbt_http_is_token(c)) {
            return WMBT_BAD_SYNTAX; /* a colon, a blank: a folded line */
        }
        break;
    case WMBT_HTTP_S_NAME:
        if (c == (uint8_t)':') {
            x->state = WMBT_HTTP_S_BLANK;
            return WMBT_NEED_MORE;
        }
        if (!wmbt_http_is_token(c)) {
            return WMBT_BAD_SYNTAX;
        }
        break;
    case WMBT_HTTP_S_VALUE_LF:
        return c == WMBT_HTTP_LF ? wmbt_http_end_line(x, event) : WMBT_BAD_SYNTAX;
    case WMBT_HTTP_S_END_LF:
        return c == WMBT_HTTP_LF ? wmbt_http_end_section(x, event) : WMBT_BAD_SYNTAX;
    default: return wmbt_http_value(x, c);
    }
    wmbt_http_keep(x, x->name_len++, wmbt_http_lower(c));
    return WMBT_NEED_MORE;
}

/* --- chunks ----------------------------------------------------------------------------------- */

static wmbt_status wmbt_http_size_digit(wmbt_http *x, uint8_t c)
{
    int digit = wmbt_text_hex_digit(c);
    if (digit < 0) {
        if (x->digits == 0u) {
            return WMBT_BAD_NUMBER;
        }
        x->state = c == WMBT_HTTP_CR   ? WMBT_HTTP_S_SIZE_LF
                   : c == (uint8_t)';' ? WMBT_HTTP_S_EXTENSION
                                       : WMBT_HTTP_S_SIZE_BLANK;
        return x->state != WMBT_HTTP_S_SIZE_BLANK || c == (uint8_t)' ' || c == (uint8_t)'\t'
                   ? WMBT_NEED_MORE
                   : WMBT_BAD_NUMBER;
    }
    if (x->digits == WMBT_HTTP_CHUNK_DIGITS) {
        return WMBT_BAD_NUMBER;
    }
    x->digits++;
    x->left = x->left << 4 | (uint32_t)digit;
    return WMBT_NEED_MORE;
}

/* Bytes between the data of chunks. */
static wmbt_status wmbt_http_chunk_line(wmbt_http *x, uint8_t c)
{
    switch (x->state) {
    case WMBT_HTTP_S_SIZE: return wmbt_http_size_digit(x, c);
    case WMBT_HTTP_S_SIZE_BLANK:
        if (c == (uint8_t)';') {
            x->state = WMBT_HTTP_S_EXTENSION;
            return WMBT_NEED_MORE;
        }
        return c == (uint8_t)' ' || c == (uint8_t)'\t' ? WMBT_NEED_MORE : WMBT_BAD_SYNTAX;
    case WMBT_HTTP_S_EXTENSION:
        if (c == WMBT_HTTP_CR) {
            x->state = WMBT_HTTP_S_SIZE_LF;
            return WMBT_NEED_MORE;
        }
        return wmbt_http_is_value(c) ? WMBT_NEED_MORE : WMBT_BAD_SYNTAX;
    case WMBT_HTTP_S_SIZE_LF:
        x->used = 0;
        x->state = WMBT_HTTP_S_CHUNK;
        if (x->left == 0u) { /* the last: fields may follow */
            x->flags |= WMBT_HTTP_F_TRAILER;
            x->state = WMBT_HTTP_S_LINE;
        }
        return c == WMBT_HTTP_LF ? WMBT_NEED_MORE : WMBT_BAD_SYNTAX;
    case WMBT_HTTP_S_CHUNK_CR:
        x->state = WMBT_HTTP_S_CHUNK_LF;
        return c == WMBT_HTTP_CR ? WMBT_NEED_MORE : WMBT_BAD_LENGTH;
    default: /* WMBT_HTTP_S_CHUNK_LF */
        x->state = WMBT_HTTP_S_SIZE;
        x->digits = 0;
        x->used = 0;
        return c == WMBT_HTTP_LF ? WMBT_NEED_MORE : WMBT_BAD_LENGTH;
    }
}

/* --- feeding ---------------------------------------------------------------------------------- */

/* Hands out what is there of the body or the chunk. */
static size_t wmbt_http_body(wmbt_http *x, wmbt_view rest, wmbt_http_event *event)
{
    size_t n = rest.len < x->left ? rest.len : (size_t)x->left;
    event->kind = WMBT_HTTP_BODY;
    event->name = wmbt_view_of(NULL, 0);
    event->value = wmbt_view_of(rest.data, n);
    x->body_bytes += n;
    if (x->framing != WMBT_HTTP_CLOSE) {
        x->left -= n;
        if (x->left == 0u) {
            x->state = x->framing == WMBT_HTTP_CHUNKED ? WMBT_HTTP_S_CHUNK_CR : WMBT_HTTP_S_DONE;
        }
    }
    return n;
}

/* One byte of what is not body. ok: an event; need-more: none. */
static wmbt_status wmbt_http_byte(wmbt_http *x, uint8_t c, wmbt_http_event *event)
{
    bool chunked = x->state >= WMBT_HTTP_S_SIZE;
    uint32_t limit = chunked                                  ? x->limits.chunk_line_bytes
                     : (x->flags & WMBT_HTTP_F_TRAILER) != 0u ? x->limits.trailer_bytes
                                                              : x->limits.header_bytes;
    if (x->used >= limit) {
        return WMBT_TOO_LARGE;
    }
    x->used++;
    if (chunked) {
        return wmbt_http_chunk_line(x, c);
    }
    if (x->state >= WMBT_HTTP_S_LINE) {
        return wmbt_http_field_line(x, c, event);
    }
    wmbt_status status = wmbt_http_status_line(x, c);
    return status == WMBT_OK ? WMBT_NEED_MORE : status;
}

wmbt_status wmbt_http_feed(wmbt_http *http, wmbt_view bytes, size_t *taken, wmbt_http_event *event)
{
    wmbt_http_event found;
    wmbt_status status = WMBT_NEED_MORE;
    size_t at = 0;
    found.kind = 0;
    wmbt_view_set(&found.name, wmbt_view_of(NULL, 0));
    wmbt_view_set(&found.value, wmbt_view_of(NULL, 0));
    if (wmbt_status_is_error(http->status)) {
        return http->status;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    while (status == WMBT_NEED_MORE && http->state != WMBT_HTTP_S_DONE && at < bytes.len) {
        if (http->state == WMBT_HTTP_S_BODY || http->state == WMBT_HTTP_S_CHUNK) {
            at += wmbt_http_body(http, wmbt_view_of(bytes.data + at, bytes.len - at), &found);
            status = WMBT_OK;
        } else {
            status = wmbt_http_byte(http, bytes.data[at++], &found);
        }
    }
    if (wmbt_status_is_error(status)) {
        http->status = status;
        return status;
    }
    if (status == WMBT_NEED_MORE && http->state == WMBT_HTTP_S_DONE) {
        status = WMBT_END;
        http->status = WMBT_END;
    }
    *taken = at;
    if (status == WMBT_OK) {
        event->kind = found.kind;
        wmbt_view_set(&event->name, found.name);
        wmbt_view_set(&event->value, found.value);
    }
    return status;
}

wmbt_status wmbt_http_finish(wmbt_http *http)
{
    if (!wmbt_status_is_error(http->status)) {
        bool whole = http->state == WMBT_HTTP_S_DONE ||
                     (http->state == WMBT_HTTP_S_BODY && http->framing == WMBT_HTTP_CLOSE);
        http->status = whole ? WMBT_END : WMBT_TRUNCATED;
        http->state = WMBT_HTTP_S_DONE;
        http->flags |= WMBT_HTTP_F_CLOSE;
    }
    return http->status;
}

/* --- looking ---------------------------------------------------------------------------------- */

/* The final header is complete. */
static bool wmbt_http_has_header(const wmbt_http *http)
{
    return http->state >= WMBT_HTTP_S_BODY || (http->flags & WMBT_HTTP_F_TRAILER) != 0u;
}

uint32_t wmbt_http_code(const wmbt_http *http)
{
    return http->state >= WMBT_HTTP_S_LINE && http->code / 100u != 1u ? http->code : 0u;
}

uint32_t wmbt_http_framing(const wmbt_http *http)
{
    return http->framing;
}

bool wmbt_http_length(const wmbt_http *http, uint64_t *bytes)
{
    if (!wmbt_http_has_header(http) || (http->flags & WMBT_HTTP_F_LENGTH) == 0u) {
        return false;
    }
    *bytes = http->length;
    return true;
}

uint64_t wmbt_http_body_bytes(const wmbt_http *http)
{
    return http->body_bytes;
}

bool wmbt_http_reusable(const wmbt_http *http)
{
    return http->state == WMBT_HTTP_S_DONE && http->status == WMBT_END &&
           http->framing != WMBT_HTTP_CLOSE && (http->flags & WMBT_HTTP_F_CLOSE) == 0u &&
           (http->minor != 0u || (http->flags & WMBT_HTTP_F_KEEP) != 0u);
}

bool wmbt_http_begun(const wmbt_http *http)
{
    return http->used != 0u || http->state != WMBT_HTTP_S_VERSION || http->interim != 0u;
}

#endif
