/* SPDX-License-Identifier: Apache-2.0 */
/* KV blocks: the push reader says what the whole reader says, whatever the split. */
#include "harness.h"

#include "wombatkv/kvblock.h"

static const wmbt_shape_layer layers[] = {{0, 0, 0}, {4, 1, 1}, {8, 0, 0}, {2, 1, 0}};
static const wmbt_shape shape = {layers, 4, 2, 1, 4, 8};

/* The first byte picks what is expected and how the rest is split. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0u) {
        return 0;
    }
    uint8_t choice = data[0];
    wmbt_view object = wmbt_view_of(data + 1, size - 1u);
    wmbt_kvblock_expect expect = {&shape, 8, 3, choice & 3u};
    size_t piece = (size_t)(choice >> 2) + 1u;

    wmbt_kvblock_info whole = {7, 7, 7, 7}, pushed = {7, 7, 7, 7};
    wmbt_status status = wmbt_kvblock_read(object, &expect, &whole);

    wmbt_kvblock_push push;
    check(wmbt_kvblock_push_init(&push, &expect) == WMBT_OK);
    uint8_t room[64];
    size_t at = 0;
    while (at < object.len) {
        size_t n = object.len - at < piece ? object.len - at : piece, taken = 0;
        wmbt_status fed = wmbt_kvblock_push_feed(&push, wmbt_view_of(object.data + at, n),
                                                 wmbt_buf_of(room, sizeof room), &taken);
        if (wmbt_status_is_error(fed)) {
            break;
        }
        check(taken <= n && (taken == n || fed == WMBT_OK));
        at += taken;
    }
    check(wmbt_kvblock_push_finish(&push, &pushed) == status);
    check(pushed.crc == whole.crc && pushed.block_seq == whole.block_seq &&
          pushed.block_tokens == whole.block_tokens && pushed.body_bytes == whole.body_bytes);
    check(status == WMBT_OK || whole.crc == 7u);
    return 0;
}
