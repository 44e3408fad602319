/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: the push reader says what the whole reader says; what is read is written back. */
#include "harness.h"

#include <string.h>

#include "base/le.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/envelope.h"

#define MOST_BODY 65536u

static uint8_t room[MOST_BODY];

static wmbt_status read_pushed(wmbt_view bytes, uint32_t max_body, size_t piece, size_t *used)
{
    wmbt_envelope_push push;
    wmbt_status status = WMBT_NEED_MORE;
    size_t at = 0;
    wmbt_envelope_push_init(&push, max_body);
    while (at < bytes.len && !wmbt_status_is_error(status) && status != WMBT_END) {
        size_t n = bytes.len - at < piece ? bytes.len - at : piece, taken = SIZE_MAX;
        size_t body_at = at < 16u ? 0u : at - 16u;
        check(body_at <= sizeof room);
        status =
            wmbt_envelope_push_feed(&push, wmbt_view_of(bytes.data + at, n),
                                    wmbt_buf_of(room + body_at, sizeof room - body_at), &taken);
        if (wmbt_status_is_error(status)) {
            check(taken == SIZE_MAX);
            break;
        }
        check(taken <= n && (taken != 0u || status == WMBT_END));
        at += taken;
    }
    *used = at;
    return wmbt_envelope_push_finish(&push);
}

static void check_envelope(wmbt_view bytes, uint32_t max_body, size_t piece)
{
    wmbt_view body = {NULL, 7};
    wmbt_envelope_header header = {7, 7}, again = {7, 7};
    wmbt_status whole = wmbt_envelope_read(bytes, max_body, &header, &body);
    wmbt_status alone = wmbt_envelope_read_header(bytes, max_body, &again);
    size_t used;
    wmbt_status pushed = read_pushed(bytes, max_body, piece, &used);
    check(alone == WMBT_OK
              ? whole == WMBT_OK || whole == WMBT_BAD_LENGTH || whole == WMBT_BAD_CHECKSUM
              : whole == alone);
    if (alone == WMBT_OK && bytes.len - 16u > again.body_bytes) {
        /* the whole reader refuses what follows, a stream goes on with it */
        check(whole == WMBT_BAD_LENGTH);
        check(pushed == WMBT_BAD_CHECKSUM || (pushed == WMBT_OK && used == 16u + again.body_bytes));
        bytes.len = 16u + again.body_bytes;
        check(wmbt_envelope_read(bytes, max_body, &header, &body) == pushed);
        return;
    }
    check(pushed == whole);
    if (whole != WMBT_OK) {
        check(header.crc == 7u && header.body_bytes == 7u && body.len == 7u);
        return;
    }
    check(used == bytes.len && body.len == header.body_bytes && header.crc == again.crc);
    check(memcmp(room, body.data, body.len) == 0);
#if WMBT_CFG_WRITERS
    uint8_t *out = malloc(bytes.len);
    size_t written = 0;
    check(out != NULL);
    check(wmbt_envelope_write(body, wmbt_buf_of(out, bytes.len), &written) == WMBT_OK);
    check(written == bytes.len && memcmp(out, bytes.data, written) == 0);
    free(out);
#endif
}

/* The first byte picks the size of the pieces, the second a limit for the body. The envelope is
 * read as it is, and with its CRC made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2u || size > MOST_BODY) {
        return 0;
    }
    wmbt_view bytes = wmbt_view_of(data + 2, size - 2u);
    uint32_t max_body = data[1] < 128u ? data[1] : MOST_BODY;
    check_envelope(bytes, max_body, (size_t)data[0] + 1u);
    if (bytes.len >= 16u) {
        uint8_t *fixed = malloc(bytes.len);
        check(fixed != NULL);
        memcpy(fixed, bytes.data, bytes.len);
        size_t body_bytes = wmbt_load_le32(fixed + 12);
        body_bytes = body_bytes < bytes.len - 16u ? body_bytes : bytes.len - 16u;
        wmbt_store_le32(fixed + 8, wmbt_crc32c(0, wmbt_view_of(fixed + 16, body_bytes)));
        check_envelope(wmbt_view_of(fixed, bytes.len), max_body, (size_t)data[0] + 1u);
        free(fixed);
    }
    return 0;
}
