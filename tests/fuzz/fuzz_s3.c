/* SPDX-License-Identifier: Apache-2.0 */
/* Answers and listings of S3: any bytes in two splits mean the same. */
#include "harness.h"

#include <string.h>

#include "wombatkv/s3.h"

#define MAX_BYTES 65536u

struct outcome {
    wmbt_status status, listed;
    uint32_t meaning, keys;
    uint64_t given, last;
    uint8_t etag[WMBT_S3_ETAG_BYTES];
};

static void read_list(wmbt_s3_page *page, wmbt_view piece, struct outcome *out)
{
    while (!wmbt_status_is_error(out->listed)) {
        wmbt_s3_entry entry;
        size_t taken = 0;
        out->listed = wmbt_s3_page_feed(page, piece, &taken, &entry);
        if (out->listed != WMBT_OK) {
            break;
        }
        check(entry.key.len != 0 && entry.key.len <= WMBT_S3_MAX_KEY_BYTES);
        out->keys = out->keys * 31u + (uint32_t)entry.key.len + entry.key.data[0];
        piece = wmbt_view_of(piece.data + taken, piece.len - taken);
    }
}

static void read_all(wmbt_view bytes, const wmbt_s3_expected *expected, size_t piece_bytes,
                     struct outcome *out)
{
    static uint8_t line[160], key[WMBT_S3_MAX_KEY_BYTES], token[256];
    wmbt_s3_answer answer;
    wmbt_s3_page page;
    wmbt_http_limits limits;
    size_t at = 0;
    memset(out, 0, sizeof *out);
    wmbt_http_limits_init(&limits);
    check(wmbt_s3_answer_init(&answer, expected, &limits, wmbt_buf_of(line, sizeof line)) ==
          WMBT_OK);
    check(wmbt_s3_page_init(&page, wmbt_view_of("t", 1), wmbt_buf_of(key, sizeof key),
                            wmbt_buf_of(token, sizeof token)) == WMBT_OK);
    out->status = WMBT_NEED_MORE;
    while (at < bytes.len && out->status == WMBT_NEED_MORE) {
        size_t n = bytes.len - at < piece_bytes ? bytes.len - at : piece_bytes, end = at + n;
        do {
            wmbt_view piece;
            uint64_t offset = 0;
            size_t taken = 0;
            out->status = wmbt_s3_answer_feed(&answer, wmbt_view_of(bytes.data + at, end - at),
                                              &taken, &piece, &offset);
            if (wmbt_status_is_error(out->status)) {
                break;
            }
            at += taken;
            if (out->status == WMBT_OK) {
                check(piece.data >= bytes.data && piece.data + piece.len == bytes.data + at);
                check(out->given == 0 || offset == out->last);
                out->last = offset + piece.len;
                out->given += piece.len;
                read_list(&page, piece, out);
            }
        } while (out->status == WMBT_OK);
    }
    if (out->status == WMBT_NEED_MORE) {
        out->status = wmbt_s3_answer_finish(&answer);
    }
    out->listed = wmbt_s3_page_finish(&page);
    out->meaning = wmbt_s3_answer_meaning(&answer);
    wmbt_view etag = wmbt_s3_answer_etag(&answer);
    memcpy(out->etag, etag.data, etag.len);
    check(!expected->has_range || out->meaning != WMBT_S3_PART || out->status != WMBT_END ||
          out->last <= expected->last + 1u);
}

/* The first byte: what was asked, and the size of the second reading's pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct outcome whole, split;
    wmbt_s3_expected expected;
    if (size == 0u || size > MAX_BYTES) {
        return 0;
    }
    wmbt_view bytes = wmbt_view_of(data + 1, size - 1u);
    memset(&expected, 0, sizeof expected);
    expected.has_range = (data[0] & 1u) != 0u;
    expected.last = 127;
    expected.is_head = (data[0] & 2u) != 0u;
    expected.has_size = (data[0] & 4u) != 0u;
    expected.size = 2729;
    expected.denied_is_missing = (data[0] & 8u) != 0u;
    read_all(bytes, &expected, bytes.len + 1u, &whole);
    read_all(bytes, &expected, 1u + (data[0] >> 4), &split);
    check(whole.status == split.status && whole.meaning == split.meaning);
    if (!wmbt_status_is_error(whole.status)) {
        check(whole.given == split.given && whole.listed == split.listed);
        check(whole.keys == split.keys && memcmp(whole.etag, split.etag, sizeof whole.etag) == 0);
    }
    return 0;
}
