/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity files: what is read can be written and read again to the same context, the fingerprint
 * is the hash of the encoding, and a verdict agrees with the encodings.
 */
#include "harness.h"

#include <string.h>

#include "wombatkv/fingerprint.h"
#if WMBT_CFG_REUSE
#    include "wombatkv/reuse.h"
#endif

static uint8_t encodings[2][WMBT_FINGERPRINT_MAX_BYTES], rebuilt[WMBT_FINGERPRINT_MAX_BYTES];
static uint8_t canonical[WMBT_FINGERPRINT_FIELDS][WMBT_FINGERPRINT_MAX_VALUE_BYTES];
static const char domain[] = "wombatkv-core identity context";

/* The context again from its canonical texts, which stay in `canonical`. */
static void rebuild(const wmbt_fingerprint_context *context, wmbt_fingerprint_context *again)
{
    wmbt_fingerprint_init(again);
    for (uint32_t field = 1; field <= WMBT_FINGERPRINT_FIELDS; field++) {
        uint8_t *text = canonical[field - 1];
        size_t len = 0;
        check(wmbt_fingerprint_value_text(context, field, wmbt_buf_of(text, sizeof canonical[0]),
                                          &len) == WMBT_OK);
        check((len == 0) == (context->values[field - 1].state == WMBT_FINGERPRINT_UNKNOWN));
        if (len != 0) {
            check(wmbt_fingerprint_set(again, field, wmbt_view_of(text, len)) == WMBT_OK);
        }
        check(wmbt_fingerprint_same(context, again, field));
    }
}

static wmbt_status encode(const wmbt_fingerprint_context *context,
                          const wmbt_fingerprint_accept *accept, uint8_t *out, size_t *len)
{
    memset(out, 0x5A, WMBT_FINGERPRINT_MAX_BYTES);
    *len = 77;
    wmbt_status status =
        wmbt_fingerprint_encode(context, accept, wmbt_buf_of(out, WMBT_FINGERPRINT_MAX_BYTES), len);
    uint32_t open = wmbt_fingerprint_open_fields(context, accept);
    check(status == (open == 0 ? WMBT_OK : WMBT_UNKNOWN_CONTEXT));
    check(status == WMBT_OK || (*len == 77 && out[0] == 0x5A));
    check(status != WMBT_OK || (*len <= 61682 && out[*len] == 0x5A));
    return status;
}

static void check_hash(const wmbt_fingerprint_context *context,
                       const wmbt_fingerprint_accept *accept, const uint8_t *encoding, size_t len)
{
    static WMBT_MEMORY(memory, WMBT_FINGERPRINT_MEMORY_BYTES);
    wmbt_buf room = wmbt_buf_of(memory, sizeof memory);
    uint8_t got[32], want[32];
    wmbt_blake3 *hash;
    check(wmbt_fingerprint_compute(context, accept, room, got) == WMBT_OK);
    check(wmbt_blake3_init(room, &hash) == WMBT_OK);
    check(wmbt_blake3_update(hash, wmbt_view_of(domain, sizeof domain - 1)) == WMBT_OK);
    check(wmbt_blake3_update(hash, wmbt_view_of(encoding, len)) == WMBT_OK);
    wmbt_blake3_final(hash, want);
    check(memcmp(got, want, 32) == 0);
}

/* Two contexts, divided by a NUL; the first byte picks what is accepted. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    wmbt_fingerprint_accept accept = {0, data[0] & 1u};
    accept.unknown = (data[0] & 2u) != 0 ? WMBT_FINGERPRINT_ACCEPTABLE : 0;
    const uint8_t *text = data + 1, *nul = memchr(text, 0, size - 1);
    size_t first = nul == NULL ? size - 1 : (size_t)(nul - text);
    wmbt_view files[2] = {wmbt_view_of(text, first), wmbt_view_of(NULL, 0)};
    if (nul != NULL) {
        files[1] = wmbt_view_of(nul + 1, size - 1 - first - 1);
    }
    wmbt_fingerprint_context contexts[2], again;
    wmbt_status statuses[2];
    size_t lens[2];
    for (size_t i = 0; i < 2; i++) {
        wmbt_fingerprint_place place = {0, 99};
        wmbt_fingerprint_init(&contexts[i]);
        wmbt_status status = wmbt_fingerprint_read(files[i], &contexts[i], &place);
        check((status == WMBT_OK) == (place.field == 99));
        check(status == WMBT_OK || place.line != 0);
        rebuild(&contexts[i], &again);
        check(status == WMBT_OK ||
              wmbt_fingerprint_open_fields(&contexts[i], &(wmbt_fingerprint_accept){0, 0}) ==
                  WMBT_FINGERPRINT_ENCODED);
        statuses[i] = encode(&contexts[i], &accept, encodings[i], &lens[i]);
        if (statuses[i] == WMBT_OK) {
            check_hash(&contexts[i], &accept, encodings[i], lens[i]);
            check(wmbt_fingerprint_encode(&again, &accept, wmbt_buf_of(rebuilt, sizeof rebuilt),
                                          &lens[i]) == WMBT_OK);
            check(memcmp(rebuilt, encodings[i], lens[i]) == 0);
        }
    }
#if WMBT_CFG_REUSE
    wmbt_reuse_verdict verdict;
    bool both = statuses[0] == WMBT_OK && statuses[1] == WMBT_OK;
    bool same = both && lens[0] == lens[1] && memcmp(encodings[0], encodings[1], lens[0]) == 0;
    wmbt_reuse_check(&contexts[0], &contexts[1], &accept, &verdict);
    check((verdict.decision == WMBT_REUSE_REUSE) == (verdict.denied_by == 0));
    check((wmbt_reuse_status(&verdict) == WMBT_OK) == (verdict.denied_by == 0));
    check(both || verdict.decision == WMBT_REUSE_DENY);
    check(!same || verdict.decision == WMBT_REUSE_REUSE);
    check(accept.unknown != 0 || same == (verdict.decision == WMBT_REUSE_REUSE));
#endif
    return 0;
}
