/* SPDX-License-Identifier: Apache-2.0 */
/* Files of the daemon's bodies and payloads. */
#include "conformance/rows.h"
#include "wombatkv/rpc.h"

#if WMBT_CFG_RPC && WMBT_CFG_WRITERS

/* Upstream has one word for all that is wrong with an archive. */
static const struct kit_word archive_words[] = {
    {"ok", WMBT_OK},
    {"err:bad_magic", WMBT_BAD_MAGIC},
    {"err:body_length", WMBT_BAD_COUNT},
    {"err:rkyv", WMBT_TRUNCATED},
    {"err:rkyv", WMBT_BAD_LENGTH},
    {"err:rkyv", WMBT_BAD_OFFSET},
    {"err:rkyv", WMBT_BAD_TEXT},
    {"err:rkyv", WMBT_BAD_TAG},
    {NULL, WMBT_OK},
};

static const struct kit_word batch_words[] = {
    {"ok", WMBT_OK},
    {"err:bad_magic", WMBT_BAD_MAGIC},
    {"err:truncated", WMBT_TRUNCATED},
    {"err:utf8", WMBT_BAD_TEXT},
    {"err:trailing_bytes", WMBT_TRAILING_BYTES},
    {"err:body_length", WMBT_BAD_LENGTH},
    {NULL, WMBT_OK},
};

/* A list of byte strings of a cell. */
static const wmbt_view *read_list(struct kit *k, const char *column, uint32_t *count)
{
    wmbt_view list = kit_cell(k, column);
    const uint32_t n = kit_parts(list, ',');
    wmbt_view *all = kit_alloc(k, (n + (size_t)1) * sizeof *all);
    *count = all == NULL ? 0 : n;
    for (uint32_t i = 0; i < *count; i++) {
        all[i] = kit_bytes(k, kit_part(&list, ','));
    }
    return all;
}

/* What a writer writes, asked for its length first. */
#    define WRITE(k, status, column, words, call)                          \
        do {                                                               \
            size_t needed = 0;                                             \
            wmbt_buf out = wmbt_buf_of(NULL, 0);                           \
            status = call;                                                 \
            if (status == WMBT_BUFFER_TOO_SMALL) {                         \
                out = wmbt_buf_of(kit_alloc(k, needed), needed);           \
                if (out.data == NULL) {                                    \
                    return;                                                \
                }                                                          \
                status = call;                                             \
            }                                                              \
            kit_expect_word(k, "outcome", words, status);                  \
            if (status == WMBT_OK) {                                       \
                kit_expect_hex(k, column, wmbt_view_of(out.data, needed)); \
            } else {                                                       \
                kit_expect_text(k, column, "none");                        \
            }                                                              \
        } while (0)

/* --- batches ---------------------------------------------------------------------------------- */

void kit_daemon_batches(struct kit *k)
{
    const bool keys = kit_cell_is(k, "kind", "keys");
    wmbt_rpc_batch batch;
    wmbt_view element;
    wmbt_status status;
    if (!keys && !kit_cell_is(k, "kind", "bytes")) {
        kit_unknown(k, "unknown kind");
        return;
    }
    if (kit_cell_is(k, "op", "encode")) {
        uint32_t count;
        const wmbt_view *items = read_list(k, "items", &count);
        WRITE(k, status, "wire_hex", batch_words,
              keys ? wmbt_rpc_write_keys(items, count, out, &needed)
                   : wmbt_rpc_write_bytes(items, count, out, &needed));
        return;
    }
    wmbt_view wire = kit_cell_bytes(k, "wire_hex");
    status = keys ? wmbt_rpc_read_keys(wire, &batch) : wmbt_rpc_read_bytes(wire, &batch);
    if (status == WMBT_TRUNCATED && kit_cell_is(k, "outcome", "upstream:alloc")) {
        return; /* upstream was not asked: this is what its table wants of a bounded reader */
    }
    kit_expect_word(k, "outcome", batch_words, status);
    if (status != WMBT_OK) {
        return;
    }
    kit_text_begin(k);
    while ((status = wmbt_rpc_batch_next(&batch, &element)) == WMBT_OK) {
        kit_comma(k);
        kit_put_bytes(k, element);
    }
    kit_expect_walked(k, "items", status);
}

/* --- block operations ------------------------------------------------------------------------- */

static uint32_t kind_of_blocks(struct kit *k)
{
    static const char *const names[] = {"lbp_req", "lbp_res", "gbb_req",
                                        "gbb_res", "pbb_req", "pbb_res"};
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (kit_cell_is(k, "kind", names[i])) {
            return i + 1u;
        }
    }
    kit_unknown(k, "unknown kind");
    return 0;
}

static bool is_request(uint32_t kind)
{
    return kind % 2u != 0;
}

static void write_blocks(struct kit *k, uint32_t kind)
{
    wmbt_rpc_blocks_source s = {{NULL, 0}, NULL, 0, NULL, 0, false, 0, {NULL, 0}};
    wmbt_status status;
    if (is_request(kind)) {
        s.space = kit_cell_bytes(k, "namespace_hex");
        s.hashes = read_list(k, "hashes", &s.hash_count);
    } else {
        s.error = kit_cell_bytes(k, "error_hex");
    }
    s.has_payloads = !kit_cell_is(k, "payloads", "none");
    s.payloads = read_list(k, "payloads", &s.payload_count);
    s.number = kit_cell_is(k, "number", "none") ? 0 : kit_cell_number(k, "number");
    WRITE(k, status, "wire_hex", archive_words, wmbt_rpc_write_blocks(&s, kind, out, &needed));
}

static void expect_list(struct kit *k, const char *column, const wmbt_rpc_list *list)
{
    wmbt_view element;
    wmbt_status status = WMBT_OK;
    kit_text_begin(k);
    for (uint32_t i = 0; (status = wmbt_rpc_list_get(list, i, &element)) == WMBT_OK; i++) {
        kit_comma(k);
        kit_put_bytes(k, element);
    }
    kit_expect_walked(k, column, status);
}

static void read_blocks(struct kit *k, uint32_t kind)
{
    wmbt_rpc_blocks blocks;
    wmbt_status status = wmbt_rpc_read_blocks(kit_cell_bytes(k, "wire_hex"), kind, &blocks);
    kit_expect_word(k, "outcome", archive_words, status);
    if (status != WMBT_OK) {
        return;
    }
    if (is_request(kind)) {
        kit_expect_hex(k, "namespace_hex", blocks.space);
        expect_list(k, "hashes", &blocks.hashes);
    } else if (blocks.error.data != NULL) {
        kit_expect_hex(k, "error_hex", blocks.error);
    } else {
        kit_expect_text(k, "error_hex", "none");
    }
    if (blocks.has_payloads) {
        expect_list(k, "payloads", &blocks.payloads);
    } else {
        kit_expect_text(k, "payloads", "none");
    }
    if (kind == WMBT_RPC_LOOKUP_RESPONSE || kind == WMBT_RPC_PUT_RESPONSE) {
        kit_expect_number(k, "number", blocks.number);
    }
}

void kit_daemon_blockops(struct kit *k)
{
    const uint32_t kind = kind_of_blocks(k);
    if (kind == 0) {
        return;
    }
    if (kit_cell_is(k, "op", "encode")) {
        write_blocks(k, kind);
    } else {
        read_blocks(k, kind);
    }
}

/* --- requests and responses ------------------------------------------------------------------- */

static void request(struct kit *k)
{
    wmbt_rpc_request x = {0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    wmbt_status status;
    if (kit_cell_is(k, "op", "encode")) {
        x.id = kit_cell_number(k, "id");
        x.op = (uint8_t)kit_cell_number(k, "op_code");
        x.space = kit_cell_bytes(k, "text1_hex");
        x.key = kit_cell_bytes(k, "text2_hex");
        x.payload = kit_cell_bytes(k, "payload_hex");
        WRITE(k, status, "wire_hex", archive_words, wmbt_rpc_write_request(&x, out, &needed));
        return;
    }
    status = wmbt_rpc_read_request(kit_cell_bytes(k, "wire_hex"), &x);
    kit_expect_word(k, "outcome", archive_words, status);
    if (status == WMBT_OK) {
        kit_expect_number(k, "id", x.id);
        kit_expect_number(k, "op_code", x.op);
        kit_expect_hex(k, "text1_hex", x.space);
        kit_expect_hex(k, "text2_hex", x.key);
        kit_expect_hex(k, "payload_hex", x.payload);
    }
}

static void response(struct kit *k)
{
    wmbt_rpc_response x = {0, 0, 0, {NULL, 0}, {NULL, 0}};
    wmbt_status status;
    if (kit_cell_is(k, "op", "encode")) {
        x.id = kit_cell_number(k, "id");
        x.op = (uint8_t)kit_cell_number(k, "op_code");
        x.status = (uint8_t)kit_cell_number(k, "status");
        x.message = kit_cell_bytes(k, "text1_hex");
        x.payload = kit_cell_bytes(k, "payload_hex");
        WRITE(k, status, "wire_hex", archive_words, wmbt_rpc_write_response(&x, out, &needed));
        return;
    }
    status = wmbt_rpc_read_response(kit_cell_bytes(k, "wire_hex"), &x);
    kit_expect_word(k, "outcome", archive_words, status);
    if (status == WMBT_OK) {
        kit_expect_number(k, "id", x.id);
        kit_expect_number(k, "op_code", x.op);
        kit_expect_number(k, "status", x.status);
        kit_expect_hex(k, "text1_hex", x.message);
        kit_expect_hex(k, "payload_hex", x.payload);
    }
}

void kit_daemon_wire(struct kit *k)
{
    if (kit_cell_is(k, "kind", "request")) {
        request(k);
    } else if (kit_cell_is(k, "kind", "response")) {
        response(k);
    } else {
        kit_unknown(k, "unknown kind");
    }
}

#endif
