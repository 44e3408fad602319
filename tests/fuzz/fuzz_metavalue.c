/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata values and keys: compat accepts more, what is read is written back. */
#include "harness.h"

#include <string.h>

#include "wombatkv/metavalue.h"

static void check_value(wmbt_view value)
{
    wmbt_block_meta strict, compat;
    memset(&strict, 0xEE, sizeof strict);
    memset(&compat, 0xEE, sizeof compat);
    wmbt_status a = wmbt_metavalue_read(value, 0, &strict);
    wmbt_status b = wmbt_metavalue_read(value, WMBT_METAVALUE_COMPAT, &compat);
    check(a == WMBT_OK || strict.block_seq == 0xEEEEEEEEu);
    check(b == WMBT_OK || compat.block_seq == 0xEEEEEEEEu);
#if WMBT_CFG_WRITERS
    uint8_t out[WMBT_METAVALUE_BYTES];
    if (a == WMBT_OK) {
        check(b == WMBT_OK && memcmp(&strict, &compat, sizeof strict) == 0);
        wmbt_metavalue_write(&strict, out);
        check(value.len == sizeof out && memcmp(out, value.data, sizeof out) == 0);
    }
    if (b == WMBT_OK) {
        wmbt_metavalue_write(&compat, out);
        check(wmbt_metavalue_read(wmbt_view_of(out, sizeof out), 0, &strict) == WMBT_OK);
        check(memcmp(&strict, &compat, sizeof strict) == 0);
    }
#endif
}

static void check_key(wmbt_view text)
{
    wmbt_metavalue_key key;
    size_t len = 0;
    if (wmbt_metavalue_key_parse(text, &key) == WMBT_OK) {
        uint8_t *out = malloc(text.len);
        check(out != NULL);
        check(wmbt_metavalue_key_build(&key, wmbt_buf_of(out, text.len), &len) == WMBT_OK);
        check(len == text.len && memcmp(out, text.data, len) == 0);
        free(out);
    }
}

/* Every input is tried as a value and as a key. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_value(wmbt_view_of(data, size));
    check_key(wmbt_view_of(data, size));
    return 0;
}
