/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and payloads of the daemon: views stay inside, what is read is written and read back. */
#include <stdlib.h>

#include "harness.h"
#include "wombatkv/rpc.h"

#define MOST 65536u

static void check_inside(wmbt_view bytes, wmbt_view part)
{
    check(part.len == 0u || (part.data >= bytes.data && part.len <= bytes.len &&
                             (size_t)(part.data - bytes.data) <= bytes.len - part.len));
}

static void check_request(wmbt_view bytes)
{
    wmbt_rpc_request x;
    if (wmbt_rpc_read_request(bytes, &x) != WMBT_OK) {
        return;
    }
    check_inside(bytes, x.space);
    check_inside(bytes, x.key);
    check_inside(bytes, x.payload);
#if WMBT_CFG_WRITERS
    wmbt_rpc_request again;
    size_t needed = 0, written = 0;
    check(wmbt_rpc_write_request(&x, wmbt_buf_of(NULL, 0), &needed) == WMBT_BUFFER_TOO_SMALL);
    uint8_t *out = malloc(needed);
    check(out != NULL);
    check(wmbt_rpc_write_request(&x, wmbt_buf_of(out, needed), &written) == WMBT_OK);
    check(written == needed);
    check(wmbt_rpc_read_request(wmbt_view_of(out, needed), &again) == WMBT_OK);
    check(again.id == x.id && again.op == x.op && wmbt_test_same_view(again.space, x.space));
    check(wmbt_test_same_view(again.key, x.key) && wmbt_test_same_view(again.payload, x.payload));
    free(out);
#endif
}

static void check_response(wmbt_view bytes)
{
    wmbt_rpc_response x;
    if (wmbt_rpc_read_response(bytes, &x) == WMBT_OK) {
        check_inside(bytes, x.payload);
        check_inside(bytes, x.message);
    }
}

static void check_list(wmbt_view bytes, const wmbt_rpc_list *list)
{
    wmbt_view element;
    for (uint32_t i = 0; i < list->count; i++) {
        check(wmbt_rpc_list_get(list, i, &element) == WMBT_OK);
        check_inside(bytes, element);
    }
    check(wmbt_rpc_list_get(list, list->count, &element) == WMBT_END);
}

static void check_batch(wmbt_view bytes, wmbt_status status, wmbt_rpc_batch *batch)
{
    wmbt_view element;
    if (status != WMBT_OK) {
        return;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        check(wmbt_rpc_batch_next(batch, &element) == WMBT_OK);
        check_inside(bytes, element);
    }
    check(wmbt_rpc_batch_next(batch, &element) == WMBT_END && batch->rest.len == 0u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const wmbt_view bytes = wmbt_view_of(data, size);
    wmbt_rpc_batch batch;
    if (size > MOST) {
        return 0;
    }
    check_request(bytes);
    check_response(bytes);
    for (uint32_t kind = WMBT_RPC_LOOKUP_REQUEST; kind <= WMBT_RPC_PUT_RESPONSE; kind++) {
        wmbt_rpc_blocks blocks;
        if (wmbt_rpc_read_blocks(bytes, kind, &blocks) == WMBT_OK) {
            check_inside(bytes, blocks.space);
            check_inside(bytes, blocks.error);
            check_list(bytes, &blocks.hashes);
            check_list(bytes, &blocks.payloads);
        }
    }
    check_batch(bytes, wmbt_rpc_read_keys(bytes, &batch), &batch);
    check_batch(bytes, wmbt_rpc_read_bytes(bytes, &batch), &batch);
    return 0;
}
