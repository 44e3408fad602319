/* SPDX-License-Identifier: Apache-2.0 */
/* Object keys: what parses is built again to the same text, and what is built parses to the same.
 * */
#include "harness.h"

#include <string.h>

#include "wombatkv/objkey.h"

/* First byte: flags, and bytes of the prefix that is asked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0u) {
        return 0;
    }
    wmbt_view text = wmbt_view_of(data + 1, size - 1u);
    size_t prefix_len = data[0] >> 2 < text.len ? data[0] >> 2 : text.len;
    wmbt_view prefix = wmbt_view_of(text.data, prefix_len);
    uint32_t upper = (data[0] & 2u) != 0u ? WMBT_OBJKEY_COMPAT_UPPER : 0u;

    wmbt_objkey key, pattern;
    memset(&key, 0xA5, sizeof key);
    memset(&pattern, 0xA5, sizeof pattern);
    wmbt_status status = wmbt_objkey_parse(text, prefix, upper, &key);
    if (status != WMBT_OK) {
        check(memcmp(&key, &pattern, sizeof key) == 0);
        return 0;
    }
    check(prefix.len == 0u || wmbt_test_same_view(key.prefix, prefix));
    uint8_t built[WMBT_OBJKEY_MAX_BYTES];
    size_t len = 0;
    check(wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, wmbt_buf_of(built, sizeof built),
                            &len) == WMBT_OK);
    check(len == text.len);
    check(upper != 0u || memcmp(built, text.data, len) == 0);
    /* Strictly built, it needs no prefix to be taken apart again. */
    if (wmbt_objkey_build(&key, 0, wmbt_buf_of(built, sizeof built), &len) == WMBT_OK) {
        wmbt_objkey again;
        check(wmbt_objkey_parse(wmbt_view_of(built, len), wmbt_view_of(NULL, 0), 0, &again) ==
              WMBT_OK);
        check(wmbt_test_same_view(again.prefix, key.prefix) &&
              wmbt_test_same_view(again.name_space, key.name_space));
        check(again.kind == key.kind && memcmp(&again.hash, &key.hash, sizeof key.hash) == 0);
    }
    return 0;
}
