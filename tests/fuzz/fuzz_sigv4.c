/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures: any bytes as a request; texts fit exactly, both ways to a signature agree. */
#include "harness.h"

#include <string.h>

#include "wombatkv/sigv4.h"

/* The next field: up to a line end. */
static wmbt_view part(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size != 0u ? memchr(*data, '\n', *size) : NULL;
    size_t n = end != NULL ? (size_t)(end - *data) : *size;
    wmbt_view v = wmbt_view_of(*data, n);
    size_t used = end != NULL ? n + 1u : n;
    *data += used;
    *size -= used;
    return v;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[65536], again[65536];
    wmbt_sigv4_pair headers[4], query[4];
    wmbt_sigv4_credentials who;
    wmbt_sigv4_scope scope;
    wmbt_sigv4_request request;
    uint8_t key[WMBT_SIGV4_KEY_BYTES];
    size_t written = 0, rewritten = 0;
    if (size > 4096u) {
        return 0;
    }
    request.method = wmbt_view_of("GET", 3);
    request.path = part(&data, &size);
    request.payload = wmbt_view_of(WMBT_SIGV4_UNSIGNED, sizeof WMBT_SIGV4_UNSIGNED - 1u);
    who.access_key = part(&data, &size);
    who.secret = part(&data, &size);
    who.token = part(&data, &size);
    scope.region = part(&data, &size);
    scope.service = part(&data, &size);
    scope.time = who.secret.len * 1000000007u;
    for (size_t i = 0; i < 4u; i++) {
        headers[i].name = part(&data, &size);
        headers[i].value = part(&data, &size);
        query[i].name = part(&data, &size);
        query[i].value = part(&data, &size);
    }
    request.query = query;
    request.query_count = who.token.len % 5u;
    request.headers = headers;
    request.header_count = who.access_key.len % 5u;
    for (unsigned form = 0; form < 2u; form++) {
        wmbt_buf room = wmbt_buf_of(out, sizeof out);
        wmbt_status status =
            form == 0u ? wmbt_sigv4_lines(&request, &who, &scope, NULL, room, &written)
                       : wmbt_sigv4_presign(&request, &who, &scope, 60, NULL, room, &written);
        if (status != WMBT_OK || written == 0u) {
            continue;
        }
        check(wmbt_sigv4_key(&who, &scope, key) == WMBT_OK);
        room = wmbt_buf_of(again, written);
        status = form == 0u ? wmbt_sigv4_lines(&request, &who, &scope, key, room, &rewritten)
                            : wmbt_sigv4_presign(&request, &who, &scope, 60, key, room, &rewritten);
        check(status == WMBT_OK && rewritten == written && memcmp(out, again, written) == 0);
        room.len--;
        status = form == 0u ? wmbt_sigv4_lines(&request, &who, &scope, key, room, &rewritten)
                            : wmbt_sigv4_presign(&request, &who, &scope, 60, key, room, &rewritten);
        check(status == WMBT_BUFFER_TOO_SMALL);
    }
    return 0;
}
