/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrapper: the forms agree, errors leave nothing behind, the compatible mode accepts
 * more. */
#include "harness.h"

#include <string.h>

#include "wombatkv/compressed.h"

/* A codec that repeats its input, and fails on odd input. */
static wmbt_status repeat(void *context, wmbt_view frames, wmbt_buf out, size_t *written)
{
    (void)context;
    if (frames.len % 3u == 1u) {
        return WMBT_BAD_BITSTREAM;
    }
    if (frames.len * 2u > out.len) {
        return WMBT_TOO_LARGE;
    }
    for (size_t i = 0; i < frames.len; i++) {
        out.data[2u * i] = out.data[2u * i + 1u] = frames.data[i];
    }
    *written = frames.len * 2u;
    return WMBT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t room[256];
    const wmbt_codec codec = {repeat, NULL, NULL};
    wmbt_view object = wmbt_view_of(data, size), payload = {NULL, SIZE_MAX};
    wmbt_compressed_info info = {7, 7, 7, 7}, probed = {7, 7, 7, 7};
    wmbt_compressed_plain plain = {{NULL, SIZE_MAX}, 7, 7}, through = {{NULL, SIZE_MAX}, 7, 7};

    wmbt_status parsed = wmbt_compressed_parse(object, &info, &payload);
    check(wmbt_compressed_probe(object, true, &probed) == parsed);
    check(memcmp(&info, &probed, sizeof info) == 0);
    check(parsed == WMBT_OK || (info.kind == 7u && payload.len == SIZE_MAX));
    for (size_t n = 0; n <= size && n <= WMBT_COMPRESSED_HEADER_BYTES; n++) {
        wmbt_compressed_info early = {7, 7, 7, 7};
        wmbt_status status = wmbt_compressed_probe(wmbt_view_of(data, n), false, &early);
        check(status == WMBT_NEED_MORE || status == parsed);
        check(status != WMBT_OK || memcmp(&early, &info, sizeof info) == 0);
    }

    memset(room, 0xA5, sizeof room);
    wmbt_status status =
        wmbt_compressed_unwrap(object, &codec, wmbt_buf_of(room, sizeof room), 0, &plain);
    check(parsed == WMBT_OK || status == parsed);
    if (status == WMBT_OK) {
        check(plain.damage == WMBT_OK && plain.kind == info.kind);
        check(info.algorithm != WMBT_COMPRESSED_ZSTD || plain.bytes.len == info.plain_bytes);
    } else {
        check(plain.kind == 7u && plain.bytes.len == SIZE_MAX);
        for (size_t i = 0; i < sizeof room; i++) {
            check(room[i] == 0u || room[i] == 0xA5u);
        }
    }
    wmbt_status compatible = wmbt_compressed_unwrap(object, &codec, wmbt_buf_of(room, sizeof room),
                                                    WMBT_COMPRESSED_PASS_THROUGH, &through);
    if (status == WMBT_OK || status == WMBT_TOO_LARGE) {
        check(compatible == status && (status != WMBT_OK || through.bytes.len == plain.bytes.len));
    } else {
        check(compatible == WMBT_OK && through.damage == status && through.bytes.data == data &&
              through.bytes.len == size && through.kind == WMBT_COMPRESSED_PASSED_THROUGH);
    }
    return 0;
}
