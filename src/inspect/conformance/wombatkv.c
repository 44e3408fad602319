/* SPDX-License-Identifier: Apache-2.0 */
/* Files of WombatKV itself: core's chain, ds4's prompts, envelopes and WAL records. */
#include "conformance/rows.h"
#include "wombatkv/envelope.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/wal.h"

/* --- chains ----------------------------------------------------------------------------------- */

#if WMBT_CFG_CHAIN

/* One block of a chain, announced; false: the row has failed. */
static bool announced(struct kit *k, wmbt_chain *x, const uint32_t *tokens, uint32_t count)
{
    wmbt_block_hash hash;
    if (wmbt_chain_begin_block(x, count) != WMBT_OK ||
        wmbt_chain_add(x, tokens, count) != WMBT_OK || wmbt_chain_end_block(x, &hash) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "the library does not hash the block");
        return false;
    }
    kit_put_hex(k, hash.bytes, sizeof hash.bytes);
    return true;
}

/* Tokens of all blocks: stored, or one stream of xorshift32. */
static const uint32_t *core_tokens(struct kit *k, size_t total)
{
    uint32_t x = (uint32_t)kit_cell_number(k, "token_seed");
    if (x == 0) {
        struct kit_tokens stored = kit_cell_tokens(k, "tokens_hex");
        if (stored.count != total) {
            kit_fail(k, KIT_BAD_TABLE, "not as many tokens as block_lens says");
        }
        return stored.token;
    }
    uint32_t *tokens = total > SIZE_MAX / 8 ? NULL : kit_alloc(k, 4 * total + 4);
    for (size_t i = 0; i < total && tokens != NULL; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        tokens[i] = x;
    }
    return tokens;
}

void kit_core_chain(struct kit *k)
{
    wmbt_chain_config c = {0};
    wmbt_chain *x = NULL;
    wmbt_view lens = kit_cell(k, "block_lens");
    const uint32_t count = kit_parts(lens, ',');
    uint64_t total = 0, largest = 0;
    for (wmbt_view rest = lens; count != 0 && rest.data != NULL;) {
        uint64_t n = kit_number(k, kit_part(&rest, ','));
        n = n > WMBT_CHAIN_MAX_BLOCK_TOKENS ? WMBT_CHAIN_MAX_BLOCK_TOKENS : n;
        total += n;
        largest = n > largest ? n : largest;
    }
    c.dialect = WMBT_CHAIN_CORE;
    c.tenant = kit_cell_bytes(k, "tenant_hex");
    c.fingerprint = kit_cell_bytes(k, "fingerprint_hex");
    largest = largest > c.tenant.len ? largest : c.tenant.len;
    const uint32_t *tokens = core_tokens(k, (size_t)total);
    const size_t bytes = (size_t)WMBT_CHAIN_BYTES(largest);
    uint8_t *memory = kit_alloc(k, bytes);
    if (k->outcome != KIT_AGREES) {
        return;
    }
    wmbt_status status = wmbt_chain_init(wmbt_buf_of(memory, bytes), &c, &x);
    if (status != WMBT_OK) {
        kit_expect_text(k, "hashes", wmbt_status_name(status));
        return;
    }
    kit_text_begin(k);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t n = (uint32_t)kit_number(k, kit_part(&lens, ','));
        kit_put(k, i == 0 ? "" : ",");
        if (!announced(k, x, tokens, n)) {
            return;
        }
        tokens += n;
    }
    kit_put(k, count == 0 ? "empty" : "");
    kit_expect(k, "hashes", kit_text_end(k));
}

#endif

/* --- envelopes -------------------------------------------------------------------------------- */

#if WMBT_CFG_ENVELOPE && WMBT_CFG_WRITERS

static void expect_envelope(struct kit *k, wmbt_status status)
{
    switch (status) {
    case WMBT_OK: kit_expect_text(k, "outcome", "ok"); break;
    case WMBT_TRUNCATED: kit_expect_text(k, "outcome", "err:too_short"); break;
    case WMBT_BAD_MAGIC: kit_expect_text(k, "outcome", "err:bad_magic"); break;
    case WMBT_UNSUPPORTED_VERSION: kit_expect_text(k, "outcome", "err:bad_version"); break;
    case WMBT_BAD_LENGTH: kit_expect_text(k, "outcome", "err:bad_length"); break;
    case WMBT_BAD_CHECKSUM: kit_expect_text(k, "outcome", "err:bad_crc"); break;
    default: kit_expect_text(k, "outcome", wmbt_status_name(status)); break;
    }
}

static void envelope_encode(struct kit *k, bool whole)
{
    wmbt_view body = kit_cell_bytes(k, "body_hex");
    size_t written = 0, room = body.len + WMBT_ENVELOPE_HEADER_BYTES;
    uint8_t *out = kit_alloc(k, room);
    wmbt_envelope_header header;
    if (out == NULL || wmbt_envelope_write(body, wmbt_buf_of(out, room), &written) != WMBT_OK ||
        wmbt_envelope_read_header(wmbt_view_of(out, written), UINT32_MAX, &header) != WMBT_OK) {
        kit_fail(k, KIT_NOT_RUN, "refused by the library");
        return;
    }
    kit_expect_text(k, "outcome", "ok");
    kit_expect_hex(k, "wire_hex", wmbt_view_of(out, whole ? written : WMBT_ENVELOPE_HEADER_BYTES));
    kit_expect_number(k, "crc", header.crc);
    kit_expect_number(k, "len", header.body_bytes);
}

void kit_daemon_envelope(struct kit *k)
{
    wmbt_envelope_header header = {0, 0};
    wmbt_view body;
    if (kit_cell_is(k, "op", "encode") || kit_cell_is(k, "op", "encode_header")) {
        envelope_encode(k, kit_cell_is(k, "op", "encode"));
    } else if (kit_cell_is(k, "op", "decode")) {
        wmbt_status status =
            wmbt_envelope_read(kit_cell_bytes(k, "wire_hex"), UINT32_MAX, &header, &body);
        expect_envelope(k, status);
        if (status == WMBT_OK) {
            kit_expect_hex(k, "body_hex", body);
        }
    } else if (kit_cell_is(k, "op", "header")) {
        wmbt_status status =
            wmbt_envelope_read_header(kit_cell_bytes(k, "wire_hex"), UINT32_MAX, &header);
        expect_envelope(k, status);
        if (status == WMBT_OK) {
            kit_expect_number(k, "crc", header.crc);
            kit_expect_number(k, "len", header.body_bytes);
        }
    } else if (kit_cell_is(k, "op", "verify")) {
        header.crc = (uint32_t)kit_cell_number(k, "crc");
        header.body_bytes = (uint32_t)kit_cell_number(k, "len");
        expect_envelope(k, wmbt_envelope_verify(&header, kit_cell_bytes(k, "body_hex")));
    } else {
        kit_unknown(k, "unknown op");
    }
}

#endif

/* --- WAL records ------------------------------------------------------------------------------ */

#if WMBT_CFG_WAL && WMBT_CFG_WRITERS

static void expect_record(struct kit *k, wmbt_status status)
{
    switch (status) {
    case WMBT_OK: kit_expect_text(k, "outcome", "ok"); break;
    case WMBT_TRUNCATED: kit_expect_text(k, "outcome", "err:unexpected_eof"); break;
    case WMBT_BAD_MAGIC: kit_expect_text(k, "outcome", "err:invalid_magic"); break;
    case WMBT_BAD_CHECKSUM: kit_expect_text(k, "outcome", "err:checksum"); break;
    case WMBT_TOO_LARGE: kit_expect_text(k, "outcome", "err:field_too_large"); break;
    default: kit_expect_text(k, "outcome", wmbt_status_name(status)); break;
    }
}

static void record_encode(struct kit *k, bool whole)
{
    wmbt_wal_record record;
    size_t written = 0;
    record.key = kit_cell_bytes(k, "key_hex");
    record.meta = kit_cell_bytes(k, "meta_hex");
    record.payload = kit_cell_bytes(k, "payload_hex");
    const size_t room = WMBT_WAL_RECORD_BYTES(record.key.len, record.meta.len, record.payload.len);
    uint8_t *out = kit_alloc(k, room);
    if (out == NULL) {
        return;
    }
    wmbt_status status = wmbt_wal_write_record(&record, wmbt_buf_of(out, room), &written);
    expect_record(k, status);
    if (status == WMBT_OK) {
        kit_expect_hex(k, "wire_hex",
                       wmbt_view_of(out, whole ? written : WMBT_WAL_RECORD_HEADER_BYTES));
    }
}

void kit_format_wal_record(struct kit *k)
{
    wmbt_wal_record record;
    if (kit_cell_is(k, "op", "encode") || kit_cell_is(k, "op", "encode_header")) {
        record_encode(k, kit_cell_is(k, "op", "encode"));
    } else if (kit_cell_is(k, "op", "decode")) {
        wmbt_status status =
            wmbt_wal_read_record(kit_cell_bytes(k, "wire_hex"), WMBT_WAL_COMPAT, &record);
        expect_record(k, status);
        if (status == WMBT_OK) {
            kit_expect_hex(k, "key_hex", record.key);
            kit_expect_hex(k, "meta_hex", record.meta);
            kit_expect_hex(k, "payload_hex", record.payload);
        }
    } else if (kit_cell_is(k, "op", "checksum")) {
        uint32_t sum = wmbt_fnv1a32(WMBT_FNV1A32_INIT, kit_cell_bytes(k, "payload_hex"));
        uint8_t bytes[4];
        for (unsigned i = 0; i < 4u; i++) {
            bytes[i] = (uint8_t)(sum >> (8u * i));
        }
        kit_expect_hex(k, "wire_hex", wmbt_view_of(bytes, 4));
    } else {
        kit_unknown(k, "unknown op");
    }
}

#endif
