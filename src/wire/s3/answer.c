/* SPDX-License-Identifier: Apache-2.0 */
/* What an answer of S3 means. docs/FORMATS.md, "S3", "What an answer means". */
#include "wombatkv/s3.h"

#include "base/bytes.h"
#include "base/text.h"
#include "wire/date.h"
#include "wire/s3/xml.h"

#if WMBT_CFG_S3

/* Bits of `has`: what was asked, what is known, what has come. */
#    define WMBT_S3_HAS_ASKED 1u      /* first and last */
#    define WMBT_S3_HAS_SIZE 2u       /* size, known before */
#    define WMBT_S3_IS_HEAD 4u        /* the request was HEAD */
#    define WMBT_S3_DENIED_MISSING 8u /* 403 AccessDenied is a missing key */
#    define WMBT_S3_HAS_RANGE 16u     /* range_first, range_last */
#    define WMBT_S3_HAS_TOTAL 32u     /* total */
#    define WMBT_S3_BAD_FIELDS 64u    /* Content-Range is none, or two differ */
#    define WMBT_S3_HAS_DATE 128u
#    define WMBT_S3_HAS_RETRY 256u /* retry_at, seconds */
#    define WMBT_S3_HAS_RETRY_DATE 512u
#    define WMBT_S3_IS_ERROR 1024u /* the body is a document whose root is Error */
#    define WMBT_S3_NOT_XML 65536u /* the body is no such document */
#    define WMBT_S3_HAS_CODE 4096u /* Code is complete */
#    define WMBT_S3_DOUBTFUL 8192u
#    define WMBT_S3_BROKEN 16384u   /* an error's document that is not well-formed */
#    define WMBT_S3_HAS_ETAG 32768u /* an ETag came, kept or not */

/* Of an error's document so much is looked at. */
#    define WMBT_S3_ERROR_LOOK_BYTES 4096u

/* Fields of an error's document that matter. */
enum { WMBT_S3_F_NONE, WMBT_S3_F_CODE, WMBT_S3_F_REGION, WMBT_S3_F_SIZE };

const char *wmbt_s3_meaning_name(uint32_t meaning)
{
    switch (meaning) {
    case WMBT_S3_OPEN: return "open";
    case WMBT_S3_OBJECT: return "object";
    case WMBT_S3_PART: return "part";
    case WMBT_S3_WHOLE_INSTEAD: return "whole-instead";
    case WMBT_S3_OTHER_PART: return "other-part";
    case WMBT_S3_MISSING: return "missing";
    case WMBT_S3_DENIED: return "denied";
    case WMBT_S3_CLOCK: return "clock";
    case WMBT_S3_CHANGED: return "changed";
    case WMBT_S3_BUSY: return "busy";
    case WMBT_S3_NOT_MODIFIED: return "not-modified";
    case WMBT_S3_BAD_RANGE: return "bad-range";
    case WMBT_S3_REGION: return "region";
    case WMBT_S3_REDIRECT: return "redirect";
    default: return "failed";
    }
}

static bool wmbt_s3_is(const wmbt_s3_answer *x, uint32_t bits)
{
    return (x->has & bits) != 0u;
}

static bool wmbt_s3_code_is(const wmbt_s3_answer *x, wmbt_view code)
{
    return wmbt_s3_is(x, WMBT_S3_HAS_CODE) &&
           wmbt_view_equal(wmbt_view_of(x->code, x->code_len), code);
}

/* --- fields ----------------------------------------------------------------------------------- */

/* Digits up to `end`, or to the end of the text if that is 0. */
static bool wmbt_s3_number(wmbt_view *text, uint8_t end, uint64_t *v)
{
    size_t n = 0;
    while (n < text->len && text->data[n] != end) {
        n++;
    }
    if ((end != 0u && n == text->len) ||
        !wmbt_text_parse_u64(wmbt_view_of(text->data, n), false, v)) {
        return false;
    }
    n += end != 0u;
    *text = wmbt_view_of(text->data + n, text->len - n);
    return true;
}

/* "bytes a-b/size" of a part, "bytes *" and "/size" of a refusal. */
static bool wmbt_s3_read_range(wmbt_view text, bool part, uint64_t *first, uint64_t *last,
                               uint64_t *total)
{
    static const char unit[] = "bytes ";
    if (text.len < sizeof unit) {
        return false;
    }
    for (size_t i = 0; i < sizeof unit - 1u; i++) {
        uint8_t c = text.data[i];
        if ((i < 5u ? c | 0x20u : c) != (uint8_t)unit[i]) {
            return false;
        }
    }
    text = wmbt_view_of(text.data + 6, text.len - 6u);
    if (!part) {
        return text.len > 2u && text.data[0] == (uint8_t)'*' && text.data[1] == (uint8_t)'/' &&
               wmbt_text_parse_u64(wmbt_view_of(text.data + 2, text.len - 2u), false, total);
    }
    return wmbt_s3_number(&text, (uint8_t)'-', first) &&
           wmbt_s3_number(&text, (uint8_t)'/', last) && wmbt_s3_number(&text, 0, total) &&
           *first <= *last && *last < *total;
}

static void wmbt_s3_take_range(wmbt_s3_answer *x, wmbt_view value)
{
    uint64_t first = 0, last = 0, total = 0;
    uint32_t code = wmbt_http_code(&x->http);
    bool part = code == 206u;
    if (!part && code != 416u) {
        return; /* means nothing */
    }
    bool good = wmbt_s3_read_range(value, part, &first, &last, &total);
    if (wmbt_s3_is(x, WMBT_S3_HAS_TOTAL | WMBT_S3_BAD_FIELDS)) {
        good = good && !wmbt_s3_is(x, WMBT_S3_BAD_FIELDS) && first == x->range_first &&
               last == x->range_last && total == x->total;
    }
    if (!good) {
        x->has |= WMBT_S3_BAD_FIELDS;
        return;
    }
    x->range_first = first;
    x->range_last = last;
    x->total = total;
    x->has |= WMBT_S3_HAS_TOTAL | (part ? WMBT_S3_HAS_RANGE : 0u);
}

static void wmbt_s3_take_etag(wmbt_s3_answer *x, wmbt_view value)
{
    bool second = wmbt_s3_is(x, WMBT_S3_HAS_ETAG);
    if (value.len > sizeof x->etag ||
        (second && !wmbt_view_equal(wmbt_view_of(x->etag, x->etag_len), value))) {
        x->etag_len = 0; /* none that can be relied on */
    } else {
        wmbt_bytes_copy(x->etag, value.data, value.len);
        x->etag_len = (uint8_t)value.len;
    }
    x->has |= WMBT_S3_HAS_ETAG;
}

static void wmbt_s3_take_retry(wmbt_s3_answer *x, wmbt_view value)
{
    x->has &= ~(WMBT_S3_HAS_RETRY | WMBT_S3_HAS_RETRY_DATE);
    if (wmbt_text_parse_u64(value, false, &x->retry_at)) {
        x->has |= WMBT_S3_HAS_RETRY;
    } else if (wmbt_date_read_http(value, &x->retry_at)) {
        x->has |= WMBT_S3_HAS_RETRY_DATE;
    }
}

static void wmbt_s3_take_region(wmbt_s3_answer *x, wmbt_view value)
{
    if (value.len <= sizeof x->region) {
        wmbt_bytes_copy(x->region, value.data, value.len);
        x->region_len = (uint8_t)value.len;
    }
}

static void wmbt_s3_take_field(wmbt_s3_answer *x, wmbt_view name, wmbt_view value)
{
    if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("content-range"))) {
        wmbt_s3_take_range(x, value);
    } else if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("etag"))) {
        wmbt_s3_take_etag(x, value);
    } else if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("retry-after"))) {
        wmbt_s3_take_retry(x, value);
    } else if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("x-amz-bucket-region"))) {
        wmbt_s3_take_region(x, value);
    } else if (wmbt_view_equal(name, WMBT_VIEW_LITERAL("date"))) {
        if (wmbt_date_read_http(value, &x->date)) {
            x->has |= WMBT_S3_HAS_DATE;
        }
    }
}

/* --- the header is complete ------------------------------------------------------------------- */

/* Strong comparison with the ETag of the first answer. */
static bool wmbt_s3_same_object(const wmbt_s3_answer *x)
{
    if (wmbt_s3_is(x, WMBT_S3_HAS_SIZE) && wmbt_s3_is(x, WMBT_S3_HAS_TOTAL) &&
        x->size != x->total) {
        return false;
    }
    if (x->if_match.len == 0u) {
        return true;
    }
    return wmbt_view_equal(wmbt_view_of(x->etag, x->etag_len), x->if_match) &&
           x->etag[0] != (uint8_t)'W';
}

static wmbt_status wmbt_s3_judge_part(wmbt_s3_answer *x)
{
    uint64_t length;
    x->meaning = WMBT_S3_OTHER_PART;
    if (wmbt_s3_is(x, WMBT_S3_BAD_FIELDS)) {
        return WMBT_BAD_NUMBER;
    }
    if (!wmbt_s3_is(x, WMBT_S3_HAS_ASKED) || !wmbt_s3_is(x, WMBT_S3_HAS_RANGE) ||
        x->range_first != x->first || x->range_last > x->last) {
        return WMBT_BAD_FIELD;
    }
    if (wmbt_http_length(&x->http, &length) && !wmbt_s3_is(x, WMBT_S3_IS_HEAD) &&
        length - 1u != x->range_last - x->range_first) {
        return WMBT_BAD_LENGTH;
    }
    x->meaning = wmbt_s3_same_object(x) ? WMBT_S3_PART : WMBT_S3_CHANGED;
    return WMBT_OK;
}

static void wmbt_s3_judge_whole(wmbt_s3_answer *x)
{
    uint64_t length;
    if (wmbt_http_length(&x->http, &length)) {
        x->total = length;
        x->has |= WMBT_S3_HAS_TOTAL;
        if (wmbt_s3_is(x, WMBT_S3_HAS_SIZE) && length < x->size &&
            wmbt_s3_is(x, WMBT_S3_HAS_ASKED)) {
            x->meaning = WMBT_S3_FAILED; /* the part without a 206 */
            return;
        }
    }
    bool ranged = wmbt_s3_is(x, WMBT_S3_HAS_ASKED) && !wmbt_s3_is(x, WMBT_S3_IS_HEAD);
    x->meaning = !wmbt_s3_same_object(x) ? WMBT_S3_CHANGED
                 : ranged                ? WMBT_S3_WHOLE_INSTEAD
                                         : WMBT_S3_OBJECT;
    if (ranged && wmbt_s3_is(x, WMBT_S3_HAS_TOTAL) && !wmbt_s3_is(x, WMBT_S3_HAS_SIZE) &&
        x->total != 0u && x->total - 1u == x->last - x->first) {
        x->has |= WMBT_S3_DOUBTFUL;
    }
}

static wmbt_status wmbt_s3_judge_header(wmbt_s3_answer *x)
{
    switch (wmbt_http_code(&x->http)) {
    case 200: wmbt_s3_judge_whole(x); return WMBT_OK;
    case 206: return wmbt_s3_judge_part(x);
    default: return WMBT_OK;
    }
}

/* True if the body is the object's. */
static bool wmbt_s3_gives_bytes(const wmbt_s3_answer *x)
{
    return x->meaning >= WMBT_S3_OBJECT && x->meaning <= WMBT_S3_WHOLE_INSTEAD;
}

/* --- an error's document ---------------------------------------------------------------------- */

static void wmbt_s3_error_start(wmbt_s3_answer *x)
{
    const wmbt_xml *xml = &x->xml;
    if (xml->depth == 1u) {
        x->has |=
            wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Error")) ? WMBT_S3_IS_ERROR : WMBT_S3_NOT_XML;
        return;
    }
    if (xml->depth != 2u) {
        return;
    }
    if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Code"))) {
        if (wmbt_s3_is(x, WMBT_S3_HAS_CODE)) {
            x->has |= WMBT_S3_BROKEN;
        }
        x->field = WMBT_S3_F_CODE;
        x->code_len = 0;
    } else if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Region"))) {
        x->field = WMBT_S3_F_REGION;
        x->region_len = 0;
    } else if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("ActualObjectSize")) &&
               wmbt_http_code(&x->http) == 416u && !wmbt_s3_is(x, WMBT_S3_HAS_TOTAL)) {
        x->field = WMBT_S3_F_SIZE;
        x->total = 0;
    }
}

/* A byte of text of a direct child. What does not fit is no value. */
static void wmbt_s3_error_text(wmbt_s3_answer *x, uint8_t c)
{
    if (x->field == WMBT_S3_F_CODE) {
        if (x->code_len == sizeof x->code) {
            x->has |= WMBT_S3_BROKEN;
        } else {
            x->code[x->code_len++] = c;
        }
    } else if (x->field == WMBT_S3_F_REGION) {
        if (x->region_len < sizeof x->region) {
            x->region[x->region_len++] = c;
        } else {
            x->region_len = 0;
            x->field = WMBT_S3_F_NONE;
        }
    } else if (x->field == WMBT_S3_F_SIZE) {
        if (wmbt_text_is_digit(c) && wmbt_text_append_digit(&x->total, (uint32_t)c - '0')) {
            x->has |= WMBT_S3_HAS_TOTAL;
        } else {
            x->has &= ~WMBT_S3_HAS_TOTAL;
            x->field = WMBT_S3_F_NONE;
        }
    }
}

static void wmbt_s3_error_byte(wmbt_s3_answer *x, uint8_t c)
{
    uint32_t events;
    if (wmbt_xml_byte(&x->xml, c, &events) != WMBT_OK) {
        x->has |= wmbt_s3_is(x, WMBT_S3_IS_ERROR) ? WMBT_S3_BROKEN : WMBT_S3_NOT_XML;
        return;
    }
    if ((events & WMBT_XML_START) != 0u) {
        wmbt_s3_error_start(x);
    }
    if ((events & WMBT_XML_TEXT) != 0u && x->xml.depth == 2u) {
        for (unsigned i = 0; i < x->xml.text_len; i++) {
            wmbt_s3_error_text(x, x->xml.text[i]);
        }
    }
    if ((events & WMBT_XML_END) != 0u && x->xml.depth == 2u) {
        x->has |= x->field == WMBT_S3_F_CODE ? WMBT_S3_HAS_CODE : 0u;
        x->field = WMBT_S3_F_NONE;
    }
}

static void wmbt_s3_error_bytes(wmbt_s3_answer *x, wmbt_view piece)
{
    for (size_t i = 0; i < piece.len && x->error_bytes < WMBT_S3_ERROR_LOOK_BYTES; i++) {
        x->error_bytes++;
        if (!wmbt_s3_is(x, WMBT_S3_NOT_XML | WMBT_S3_BROKEN)) {
            wmbt_s3_error_byte(x, piece.data[i]);
        }
    }
}

/* --- the end ---------------------------------------------------------------------------------- */

/* A body that is complete as HTTP goes: is it as long as it should be? */
static wmbt_status wmbt_s3_check_length(wmbt_s3_answer *x)
{
    uint64_t body = wmbt_http_body_bytes(&x->http);
    bool close = wmbt_http_framing(&x->http) == WMBT_HTTP_CLOSE;
    if (wmbt_s3_is(x, WMBT_S3_IS_HEAD)) {
        return WMBT_OK;
    }
    if (x->meaning == WMBT_S3_PART && body - 1u != x->range_last - x->range_first) {
        x->meaning = WMBT_S3_OTHER_PART;
        return close ? WMBT_TRUNCATED : WMBT_BAD_LENGTH;
    }
    if (!wmbt_s3_is(x, WMBT_S3_HAS_TOTAL)) { /* a part has said it */
        if (wmbt_s3_is(x, WMBT_S3_HAS_SIZE) && body != x->size) {
            x->meaning = WMBT_S3_CHANGED;
            return body < x->size && close ? WMBT_TRUNCATED : WMBT_OK;
        }
        x->total = body;
        x->has |= WMBT_S3_HAS_TOTAL;
    }
    return WMBT_OK;
}

static uint32_t wmbt_s3_meaning_of_404(const wmbt_s3_answer *x)
{
    if (!wmbt_s3_is(x, WMBT_S3_IS_ERROR)) {
        return WMBT_S3_MISSING; /* HEAD, a mirror: nothing says otherwise */
    }
    return !wmbt_s3_is(x, WMBT_S3_BROKEN) && wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("NoSuchKey"))
               ? WMBT_S3_MISSING
               : WMBT_S3_FAILED;
}

static uint32_t wmbt_s3_meaning_of_403(const wmbt_s3_answer *x)
{
    if (wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("RequestTimeTooSkewed"))) {
        return WMBT_S3_CLOCK;
    }
    if (wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("InvalidObjectState"))) {
        return WMBT_S3_FAILED;
    }
    if (wmbt_s3_is(x, WMBT_S3_DENIED_MISSING) && !wmbt_s3_is(x, WMBT_S3_BROKEN) &&
        wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("AccessDenied"))) {
        return WMBT_S3_MISSING;
    }
    return WMBT_S3_DENIED;
}

static uint32_t wmbt_s3_meaning_of_400(const wmbt_s3_answer *x)
{
    if (wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("RequestTimeout"))) {
        return WMBT_S3_BUSY;
    }
    if (wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("ExpiredToken")) ||
        wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("InvalidToken"))) {
        return WMBT_S3_DENIED;
    }
    return wmbt_s3_code_is(x, WMBT_VIEW_LITERAL("AuthorizationHeaderMalformed")) &&
                   x->region_len != 0u
               ? WMBT_S3_REGION
               : WMBT_S3_FAILED;
}

/* By status first, then by the error's Code, never by its Message. */
static uint32_t wmbt_s3_meaning_of(const wmbt_s3_answer *x)
{
    uint32_t code = wmbt_http_code(&x->http);
    switch (code) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return WMBT_S3_REDIRECT;
    case 304: return WMBT_S3_NOT_MODIFIED;
    case 400: return wmbt_s3_meaning_of_400(x);
    case 401: return WMBT_S3_DENIED;
    case 403: return wmbt_s3_meaning_of_403(x);
    case 404: return wmbt_s3_meaning_of_404(x);
    case 408:
    case 429: return WMBT_S3_BUSY;
    case 412: return WMBT_S3_CHANGED;
    case 416: return WMBT_S3_BAD_RANGE;
    default: return code >= 200u && code < 500u ? WMBT_S3_FAILED : WMBT_S3_BUSY;
    }
}

static wmbt_status wmbt_s3_conclude(wmbt_s3_answer *x)
{
    if (wmbt_s3_gives_bytes(x)) {
        return wmbt_s3_check_length(x);
    }
    if (x->meaning == WMBT_S3_OPEN) {
        x->meaning = wmbt_s3_meaning_of(x);
    }
    return WMBT_OK;
}

/* --- feeding ---------------------------------------------------------------------------------- */

wmbt_status wmbt_s3_answer_init(wmbt_s3_answer *answer, const wmbt_s3_expected *expected,
                                const wmbt_http_limits *limits, wmbt_buf line)
{
    wmbt_http http;
    wmbt_status status = wmbt_http_init(&http, expected->is_head, limits, line);
    if (status != WMBT_OK) {
        return status;
    }
    if (wmbt_view_is_bad(expected->if_match)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_fill((uint8_t *)answer, 0, sizeof *answer);
    wmbt_bytes_copy((uint8_t *)&answer->http, (const uint8_t *)&http, sizeof http);
    wmbt_xml_init(&answer->xml);
    wmbt_view_set(&answer->if_match, expected->if_match);
    answer->first = expected->first;
    answer->last = expected->last;
    answer->size = expected->size;
    answer->has = (expected->has_range ? WMBT_S3_HAS_ASKED : 0u) |
                  (expected->has_size ? WMBT_S3_HAS_SIZE : 0u) |
                  (expected->is_head ? WMBT_S3_IS_HEAD : 0u) |
                  (expected->denied_is_missing ? WMBT_S3_DENIED_MISSING : 0u);
    return WMBT_OK;
}

/* An event of the HTTP below. ok: *piece is the object's; need-more: go on. */
static wmbt_status wmbt_s3_take_event(wmbt_s3_answer *x, const wmbt_http_event *event,
                                      wmbt_view *piece)
{
    if (event->kind == WMBT_HTTP_FIELD) {
        wmbt_s3_take_field(x, wmbt_view_of(event->name.data, event->name.len),
                           wmbt_view_of(event->value.data, event->value.len));
        return WMBT_NEED_MORE;
    }
    if (event->kind == WMBT_HTTP_HEADER) {
        wmbt_status status = wmbt_s3_judge_header(x);
        return status == WMBT_OK ? WMBT_NEED_MORE : status;
    }
    if (!wmbt_s3_gives_bytes(x)) {
        if (x->meaning == WMBT_S3_OPEN) {
            wmbt_s3_error_bytes(x, wmbt_view_of(event->value.data, event->value.len));
        }
        return WMBT_NEED_MORE;
    }
    if (x->meaning == WMBT_S3_PART &&
        wmbt_http_body_bytes(&x->http) - 1u > x->range_last - x->range_first) {
        x->meaning = WMBT_S3_OTHER_PART;
        return WMBT_BAD_LENGTH;
    }
    wmbt_view_set(piece, event->value);
    return WMBT_OK;
}

wmbt_status wmbt_s3_answer_feed(wmbt_s3_answer *answer, wmbt_view bytes, size_t *taken,
                                wmbt_view *piece, uint64_t *offset)
{
    wmbt_http_event event;
    wmbt_view found;
    wmbt_status status = WMBT_NEED_MORE;
    size_t at = 0;
    wmbt_view_set(&found, wmbt_view_of(NULL, 0));
    if (wmbt_status_is_error(answer->status)) {
        return answer->status;
    }
    while (status == WMBT_NEED_MORE) {
        size_t n = 0;
        wmbt_view rest = wmbt_view_of(at != 0u ? bytes.data + at : bytes.data, bytes.len - at);
        status = wmbt_http_feed(&answer->http, rest, &n, &event);
        at += n;
        if (status != WMBT_OK) {
            break;
        }
        status = wmbt_s3_take_event(answer, &event, &found);
    }
    if (status == WMBT_END) {
        wmbt_status concluded = wmbt_s3_conclude(answer);
        status = concluded == WMBT_OK ? WMBT_END : concluded;
    }
    if (status == WMBT_BAD_ARGUMENT) {
        return status;
    }
    if (wmbt_status_is_error(status)) {
        answer->status = status;
        return status;
    }
    *taken = at;
    if (status == WMBT_OK) {
        wmbt_view_set(piece, found);
        *offset = wmbt_http_body_bytes(&answer->http) - found.len +
                  (answer->meaning == WMBT_S3_PART ? answer->range_first : 0u);
    }
    return status;
}

wmbt_status wmbt_s3_answer_finish(wmbt_s3_answer *answer)
{
    if (!wmbt_status_is_error(answer->status)) {
        answer->status = wmbt_http_finish(&answer->http);
        if (answer->status == WMBT_END) {
            wmbt_status concluded = wmbt_s3_conclude(answer);
            answer->status = concluded == WMBT_OK ? WMBT_END : concluded;
        }
    }
    return answer->status;
}

/* --- looking ---------------------------------------------------------------------------------- */

uint32_t wmbt_s3_answer_meaning(const wmbt_s3_answer *answer)
{
    return answer->meaning;
}

bool wmbt_s3_answer_size(const wmbt_s3_answer *answer, uint64_t *bytes)
{
    if (!wmbt_s3_is(answer, WMBT_S3_HAS_TOTAL) || wmbt_s3_is(answer, WMBT_S3_BAD_FIELDS)) {
        return false;
    }
    *bytes = answer->total;
    return true;
}

bool wmbt_s3_answer_range(const wmbt_s3_answer *answer, uint64_t *first, uint64_t *last)
{
    if (!wmbt_s3_is(answer, WMBT_S3_HAS_RANGE) || wmbt_s3_is(answer, WMBT_S3_BAD_FIELDS)) {
        return false;
    }
    *first = answer->range_first;
    *last = answer->range_last;
    return true;
}

wmbt_view wmbt_s3_answer_etag(const wmbt_s3_answer *answer)
{
    return wmbt_view_of(answer->etag, answer->etag_len);
}

wmbt_view wmbt_s3_answer_code(const wmbt_s3_answer *answer)
{
    return wmbt_view_of(answer->code, wmbt_s3_is(answer, WMBT_S3_HAS_CODE) ? answer->code_len : 0u);
}

wmbt_view wmbt_s3_answer_region(const wmbt_s3_answer *answer)
{
    return wmbt_view_of(answer->region, answer->region_len);
}

bool wmbt_s3_answer_retry_after(const wmbt_s3_answer *answer, uint64_t *seconds)
{
    if (wmbt_s3_is(answer, WMBT_S3_HAS_RETRY)) {
        *seconds = answer->retry_at;
        return true;
    }
    if (!wmbt_s3_is(answer, WMBT_S3_HAS_RETRY_DATE) || !wmbt_s3_is(answer, WMBT_S3_HAS_DATE) ||
        answer->retry_at < answer->date) {
        return false;
    }
    *seconds = answer->retry_at - answer->date;
    return true;
}

bool wmbt_s3_answer_date(const wmbt_s3_answer *answer, uint64_t *seconds)
{
    if (!wmbt_s3_is(answer, WMBT_S3_HAS_DATE)) {
        return false;
    }
    *seconds = answer->date;
    return true;
}

bool wmbt_s3_answer_is_doubtful(const wmbt_s3_answer *answer)
{
    return wmbt_s3_is(answer, WMBT_S3_DOUBTFUL);
}

const wmbt_http *wmbt_s3_answer_http(const wmbt_s3_answer *answer)
{
    return &answer->http;
}

#endif
