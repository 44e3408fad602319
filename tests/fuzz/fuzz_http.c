/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP responses: any bytes in two splits say the same; body views are parts of what was fed. */
#include "harness.h"

#include <string.h>

#include "wombatkv/http.h"

#define MAX_BYTES 65536u

struct outcome {
    wmbt_status status;
    uint32_t code, framing, fields;
    uint64_t body_bytes;
    size_t used;
    bool reusable;
    uint8_t body[MAX_BYTES];
};

static void read_all(wmbt_view bytes, bool is_head, size_t piece, struct outcome *out)
{
    static uint8_t line[128];
    wmbt_http http;
    wmbt_http_limits limits;
    wmbt_http_event event;
    wmbt_status status = WMBT_NEED_MORE;
    size_t at = 0, body = 0;
    wmbt_http_limits_init(&limits);
    check(wmbt_http_init(&http, is_head, &limits, wmbt_buf_of(line, sizeof line)) == WMBT_OK);
    out->fields = 0;
    while (at < bytes.len && status != WMBT_END && !wmbt_status_is_error(status)) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece;
        const uint8_t *end = bytes.data + at + n;
        do {
            size_t left = (size_t)(end - (bytes.data + at)), taken = SIZE_MAX;
            status = wmbt_http_feed(&http, wmbt_view_of(bytes.data + at, left), &taken, &event);
            if (wmbt_status_is_error(status)) {
                check(taken == SIZE_MAX);
                break;
            }
            check(taken <= left);
            at += taken;
            if (status == WMBT_OK && event.kind == WMBT_HTTP_BODY) {
                check(event.value.len != 0 &&
                      event.value.data + event.value.len == bytes.data + at);
                memcpy(out->body + body, event.value.data, event.value.len);
                body += event.value.len;
            } else if (status == WMBT_OK && event.kind == WMBT_HTTP_FIELD) {
                check(event.name.len + event.value.len <= sizeof line);
                out->fields++;
            }
        } while (status == WMBT_OK);
    }
    if (status == WMBT_NEED_MORE) {
        status = wmbt_http_finish(&http);
    }
    out->status = status;
    out->code = wmbt_http_code(&http);
    out->framing = wmbt_http_framing(&http);
    out->body_bytes = wmbt_http_body_bytes(&http);
    out->reusable = wmbt_http_reusable(&http);
    out->used = status == WMBT_END ? at : 0;
    check(out->body_bytes == body && (!out->reusable || status == WMBT_END));
}

/* The first byte: HEAD or not, and the size of the second reading's pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole, split;
    if (size == 0u || size > MAX_BYTES) {
        return 0;
    }
    wmbt_view bytes = wmbt_view_of(data + 1, size - 1u);
    bool is_head = (data[0] & 1u) != 0u;
    read_all(bytes, is_head, bytes.len + 1u, &whole);
    read_all(bytes, is_head, 1u + (data[0] >> 1) % 16u, &split);
    check(whole.status == split.status && whole.code == split.code);
    check(whole.framing == split.framing && whole.fields == split.fields);
    check(whole.body_bytes == split.body_bytes || wmbt_status_is_error(whole.status));
    check(whole.used == split.used && whole.reusable == split.reusable);
    check(whole.body_bytes != split.body_bytes ||
          memcmp(whole.body, split.body, (size_t)whole.body_bytes) == 0);
    return 0;
}
