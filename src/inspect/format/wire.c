/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over a connection: HTTP responses and S3's listings. */
#include "format/wire.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/tool.h"
#include "wombatkv/s3.h"

#define LINE_BYTES 4096
#define TOKEN_BYTES 8192

/* --- options --------------------------------------------------------------------------------- */

void wire_choose(const struct args *args, struct reading *reading)
{
    const char *method = args_value(args, "--method");
    const char *range = args_value(args, "--range");
    reading->if_match = args_value(args, "--if-match");
    if (method != NULL && strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        tool_usage_error("option --method: '%s' is neither GET nor HEAD", method);
    }
    reading->is_head = method != NULL && strcmp(method, "HEAD") == 0;
    if (range == NULL) {
        return;
    }
    const char *dash = strchr(range, '-');
    const char *first = dash != NULL ? tool_copy(range, (size_t)(dash - range)) : "";
    if (dash == NULL || !args_decimal(first, &reading->first) ||
        !args_decimal(dash + 1, &reading->last) || reading->last < reading->first) {
        tool_usage_error("option --range: '%s' is not FIRST-LAST", range);
    }
    reading->has_range = true;
}

/* --- HTTP responses -------------------------------------------------------------------------- */

static const char *framing_name(uint32_t framing)
{
    static const char *const names[] = {"none", "length", "chunked", "close"};
    return names[framing];
}

/* A decimal number at *text, which moves behind it. */
static bool number_at(const char **text, uint64_t *number)
{
    size_t len = strspn(*text, "0123456789");
    bool good = len != 0 && args_decimal(tool_copy(*text, len), number);
    *text += len;
    return good;
}

/* Content-Range as sent: "bytes 0-9/100", or of a refusal "bytes *" and "/100". */
static void add_content_range(struct json *fields, const char *text)
{
    uint64_t first = 0, last = 0, size = 0;
    bool part = false, good = text != NULL && strncasecmp(text, "bytes ", 6) == 0;
    if (good) {
        text += 6;
        part = *text != '*';
        if (part) {
            good = number_at(&text, &first) && *text++ == '-' && number_at(&text, &last);
        } else {
            text++;
        }
        bool any = good && strcmp(text, "/*") == 0;
        good = good && (any || (*text++ == '/' && number_at(&text, &size) && *text == '\0'));
        part = part && good;
        if (good) {
            struct json *range = json_add_object(fields, "content_range");
            if (part) {
                json_add_number(range, "first", first);
                json_add_number(range, "last", last);
            } else {
                json_add_null(range, "first");
                json_add_null(range, "last");
            }
            if (any) {
                json_add_null(range, "size");
            } else {
                json_add_number(range, "size", size);
            }
            return;
        }
    }
    json_add_null(fields, "content_range");
}

/* The last Content-Range of the final response, whatever it is worth; NULL: none. */
static const char *find_content_range(wmbt_view bytes, bool is_head)
{
    uint8_t *line = tool_alloc(LINE_BYTES);
    const char *found = NULL;
    wmbt_http http;
    wmbt_http_limits limits;
    wmbt_http_event event;
    size_t taken = 0;
    wmbt_http_limits_init(&limits);
    if (wmbt_http_init(&http, is_head, &limits, wmbt_buf_of(line, LINE_BYTES)) != WMBT_OK) {
        return NULL;
    }
    while (wmbt_http_feed(&http, bytes, &taken, &event) == WMBT_OK &&
           event.kind == WMBT_HTTP_FIELD) {
        if (event.name.len == 13 && memcmp(event.name.data, "content-range", 13) == 0) {
            found = tool_copy((const char *)event.value.data, event.value.len);
        }
        bytes = wmbt_view_of(bytes.data + taken, bytes.len - taken);
    }
    return found;
}

static const char *says(const wmbt_s3_answer *answer, wmbt_status status)
{
    uint32_t meaning = wmbt_s3_answer_meaning(answer);
    if (status != WMBT_OK) {
        return meaning == WMBT_S3_OTHER_PART ? "other-part" : "failed";
    }
    switch (meaning) { /* what a reader is told of them */
    case WMBT_S3_CLOCK: return "denied";
    case WMBT_S3_REGION: return "failed";
    default: return wmbt_s3_meaning_name(meaning);
    }
}

static void add_fields(struct json *fields, const wmbt_s3_answer *answer, wmbt_status status,
                       bool reusable, const char *content_range)
{
    const wmbt_http *http = wmbt_s3_answer_http(answer);
    uint64_t number = 0;
    uint32_t code = wmbt_http_code(http);
    if (code != 0) {
        json_add_number(fields, "http_status", code);
    } else {
        json_add_null(fields, "http_status");
    }
    json_add_text(fields, "framing", framing_name(wmbt_http_framing(http)));
    json_add_number(fields, "body_bytes", wmbt_http_body_bytes(http));
    json_add_bool(fields, "complete", status == WMBT_OK);
    json_add_bool(fields, "reusable", reusable);
    if (wmbt_http_length(http, &number)) {
        json_add_number(fields, "content_length", number);
    } else {
        json_add_null(fields, "content_length");
    }
    add_content_range(fields, content_range);
    wmbt_view etag = wmbt_s3_answer_etag(answer);
    if (etag.len != 0) {
        json_add_name(fields, "etag", etag);
    } else {
        json_add_null(fields, "etag");
    }
    if (wmbt_s3_answer_retry_after(answer, &number)) {
        json_add_number(fields, "retry_after_s", number);
    } else {
        json_add_null(fields, "retry_after_s");
    }
    json_add_text(fields, "says", says(answer, status));
    wmbt_view error = wmbt_s3_answer_code(answer);
    if (error.len != 0) {
        json_add_view(fields, "error_code", error);
    } else {
        json_add_null(fields, "error_code");
    }
}

wmbt_status format_read_http_response(wmbt_view bytes, struct reading *reading)
{
    wmbt_s3_expected expected;
    wmbt_s3_answer answer;
    wmbt_http_limits limits;
    uint8_t *line = tool_alloc(LINE_BYTES);
    wmbt_view rest = bytes, piece;
    uint64_t offset;
    size_t taken = 0;
    memset(&expected, 0, sizeof expected);
    if (reading->if_match != NULL) {
        expected.if_match = wmbt_view_of(reading->if_match, strlen(reading->if_match));
    }
    expected.has_range = reading->has_range;
    expected.first = reading->first;
    expected.last = reading->last;
    expected.is_head = reading->is_head;
    wmbt_http_limits_init(&limits);
    wmbt_status status =
        wmbt_s3_answer_init(&answer, &expected, &limits, wmbt_buf_of(line, LINE_BYTES));
    while (status == WMBT_OK) {
        status = wmbt_s3_answer_feed(&answer, rest, &taken, &piece, &offset);
        if (!wmbt_status_is_error(status)) {
            rest = wmbt_view_of(rest.data + taken, rest.len - taken);
        }
    }
    if (status == WMBT_NEED_MORE) {
        status = wmbt_s3_answer_finish(&answer);
    }
    status = status == WMBT_END ? WMBT_OK : status;
    bool reusable =
        status == WMBT_OK && rest.len == 0 && wmbt_http_reusable(wmbt_s3_answer_http(&answer));
    if (reading->fields != NULL) {
        add_fields(reading->fields, &answer, status, reusable,
                   find_content_range(bytes, reading->is_head));
    }
    return status;
}

/* --- listings -------------------------------------------------------------------------------- */

/* One pass over a document. `decode`: the response's encoding came behind the keys; they are
 * decoded here. */
static wmbt_status read_page(wmbt_s3_page *page, wmbt_view bytes, bool decode, struct json *keys)
{
    uint8_t *key = tool_alloc(3 * WMBT_S3_MAX_KEY_BYTES), *token = tool_alloc(TOKEN_BYTES);
    wmbt_s3_entry entry;
    wmbt_status status =
        wmbt_s3_page_init(page, wmbt_view_of(NULL, 0), wmbt_buf_of(key, 3 * WMBT_S3_MAX_KEY_BYTES),
                          wmbt_buf_of(token, TOKEN_BYTES));
    while (status == WMBT_OK) {
        size_t taken = 0;
        status = wmbt_s3_page_feed(page, bytes, &taken, &entry);
        if (wmbt_status_is_error(status)) {
            return status;
        }
        bytes = wmbt_view_of(bytes.data + taken, bytes.len - taken);
        if (status == WMBT_OK && keys != NULL) {
            uint8_t *copy = (uint8_t *)tool_copy((const char *)entry.key.data, entry.key.len);
            size_t len = entry.key.len;
            if (decode && !wmbt_s3_url_decode(copy, &len)) {
                return WMBT_BAD_TEXT;
            }
            struct json *row = json_add_object(keys, NULL);
            json_add_hex(row, "key_hex", wmbt_view_of(copy, len));
            json_add_number(row, "bytes", entry.bytes);
        }
    }
    return wmbt_s3_page_finish(page);
}

wmbt_status format_read_s3_list(wmbt_view bytes, struct reading *reading)
{
    wmbt_s3_page page;
    wmbt_view token;
    wmbt_status status = read_page(&page, bytes, false, NULL);
    if (status != WMBT_OK || reading->fields == NULL) {
        return status;
    }
    bool late = wmbt_s3_page_is_late(&page);
    struct json *keys = json_add_array(reading->fields, "keys");
    status = read_page(&page, bytes, late, keys);
    bool more = wmbt_s3_page_next(&page, &token);
    json_add_bool(reading->fields, "truncated", more);
    if (more) {
        json_add_name(reading->fields, "token", token);
    } else {
        json_add_null(reading->fields, "token");
    }
    return status;
}
