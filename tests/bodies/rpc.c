/* SPDX-License-Identifier: Apache-2.0 */
/* rpc. The tables are upstream's own bytes and answers, read by the code of `wombatkv conformance`:
 * encodings, every truncation, bit flips, bent archives. Cases by hand: what no row can say. */
#include "wombatkv/rpc.h"

#include "../../src/inspect/conformance/kit.h"
#include "../support/test.h"
#include "base/bytes.h"
#include "base/le.h"

#define FOLDER "golden/vectors/"

enum { ARENA = 1 << 20 };

/* --- tables ----------------------------------------------------------------------------------- */

static void run_file(wmbt_test *t, const char *path, uint32_t rows)
{
    struct kit k = {0};
    struct kit_file file;
    wmbt_view bytes;
    const char *why = "";
    uint32_t count = 0;
    T_CHECK(t, wmbt_test_data(t, path, &bytes));
    uint8_t *arena = wmbt_test_alloc(t, ARENA);
    T_CHECK(t, arena != NULL);
    k.arena = wmbt_buf_of(arena, ARENA);
    T_CHECK(t, kit_open(&k, &file, bytes, wmbt_test_text(path), &why));
    while (kit_next(&k, &file)) {
        wmbt_test_where(t, k.cells[0]);
        kit_run(&k, &file);
        T_EQ(t, k.outcome, KIT_AGREES);
        count++;
    }
    T_EQ(t, count, rows);
}

static void test_batches(wmbt_test *t)
{
    T_CALL(t, run_file(t, FOLDER "daemon_batches.tsv", 2672));
}

static void test_wire(wmbt_test *t)
{
    T_CALL(t, run_file(t, FOLDER "daemon_wire.tsv", 2100));
}

static void test_blocks(wmbt_test *t)
{
    T_CALL(t, run_file(t, FOLDER "daemon_blockops.tsv", 2875));
}

static void test_mutants(wmbt_test *t)
{
    T_CALL(t, run_file(t, FOLDER "daemon_blockops_mutants.tsv", 1584));
}

/* --- by hand ---------------------------------------------------------------------------------- */

static const wmbt_view no_bytes = {NULL, 1};
static const wmbt_buf nowhere = {NULL, 1};

static void test_arguments(wmbt_test *t)
{
    wmbt_rpc_request request = {0};
    wmbt_rpc_response response = {0};
    wmbt_rpc_blocks blocks = {0};
    wmbt_rpc_batch batch = {0};
    wmbt_rpc_blocks_source source = {0};
    uint8_t out[64];
    size_t needed = 7;
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    T_EQ(t, wmbt_rpc_read_request(no_bytes, &request), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_response(no_bytes, &response), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_blocks(no_bytes, WMBT_RPC_GET_REQUEST, &blocks), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(out, 0), 0, &blocks), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(out, 0), 7, &blocks), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(out, 0), 1, &blocks), WMBT_BAD_MAGIC);
    T_EQ(t, wmbt_rpc_read_keys(no_bytes, &batch), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_bytes(no_bytes, &batch), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_read_request(wmbt_view_of(NULL, 0), &request), WMBT_TRUNCATED);
    wmbt_view_set(&request.key, no_bytes);
    T_EQ(t, wmbt_rpc_write_request(&request, all, &needed), WMBT_BAD_ARGUMENT);
    wmbt_view_set(&response.message, WMBT_VIEW_LITERAL("\xFF"));
    T_EQ(t, wmbt_rpc_write_response(&response, all, &needed), WMBT_BAD_TEXT);
    T_EQ(t, wmbt_rpc_write_blocks(&source, 0, all, &needed), WMBT_BAD_ARGUMENT);
    source.number = UINT64_C(0x100000000);
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_LOOKUP_RESPONSE, all, &needed),
         WMBT_BAD_ARGUMENT);
    source.hash_count = 1;
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_GET_REQUEST, all, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_keys(NULL, 1, all, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_bytes(&no_bytes, 1, all, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_keys(NULL, 0, nowhere, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_bytes(NULL, 0, nowhere, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, needed, 7);
}

/* Each writer refuses a buffer that is nowhere, and says which part is none that may be written:
 * the first, in the order of the fields. */
static void test_refused_parts(wmbt_test *t)
{
    static const wmbt_view bad_text[] = {WMBT_VIEW_INIT("\x80")}, text[] = {WMBT_VIEW_INIT("a")};
    uint8_t out[64];
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    size_t needed = 7;
    wmbt_rpc_request request = {0};
    wmbt_rpc_response response = {0};
    wmbt_rpc_blocks_source source = {0};
    T_EQ(t, wmbt_rpc_write_request(&request, nowhere, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_response(&response, nowhere, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_GET_REQUEST, nowhere, &needed),
         WMBT_BAD_ARGUMENT);
    wmbt_view_set(&response.payload, no_bytes);
    wmbt_view_set(&response.message, bad_text[0]);
    T_EQ(t, wmbt_rpc_write_response(&response, all, &needed), WMBT_BAD_ARGUMENT);
    wmbt_view_set(&request.space, bad_text[0]);
    wmbt_view_set(&request.payload, no_bytes);
    T_EQ(t, wmbt_rpc_write_request(&request, all, &needed), WMBT_BAD_TEXT);
    wmbt_view_set(&source.space, bad_text[0]);
    source.hash_count = 1;
    source.payload_count = 2;
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_PUT_REQUEST, all, &needed), WMBT_BAD_TEXT);
    wmbt_view_set(&source.space, text[0]);
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_PUT_REQUEST, all, &needed), WMBT_BAD_ARGUMENT);
    source.hashes = text;
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_PUT_REQUEST, all, &needed), WMBT_BAD_ARGUMENT);
    source.payloads = text;
    source.payload_count = 0;
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_PUT_REQUEST, all, &needed), WMBT_BAD_COUNT);
    source.payload_count = 1;
    T_EQ(t, needed, 7);
    T_EQ(t, wmbt_rpc_write_blocks(&source, WMBT_RPC_PUT_REQUEST, wmbt_buf_of(NULL, 0), &needed),
         WMBT_BUFFER_TOO_SMALL);
}

/* An error is looked at in the forms that have one, and only there, behind the other fields. */
static void test_refused_errors(wmbt_test *t)
{
    static const uint8_t with_error[] = {WMBT_RPC_LOOKUP_RESPONSE, WMBT_RPC_GET_RESPONSE,
                                         WMBT_RPC_PUT_RESPONSE};
    static const uint8_t without[] = {WMBT_RPC_LOOKUP_REQUEST, WMBT_RPC_GET_REQUEST,
                                      WMBT_RPC_PUT_REQUEST};
    uint8_t out[64];
    const wmbt_buf all = wmbt_buf_of(out, sizeof out);
    for (size_t i = 0; i < sizeof with_error; i++) {
        wmbt_rpc_blocks_source source = {0};
        wmbt_rpc_blocks blocks = {0};
        size_t needed = 7;
        wmbt_view_set(&source.error, no_bytes);
        T_EQ(t, wmbt_rpc_write_blocks(&source, with_error[i], all, &needed), WMBT_BAD_ARGUMENT);
        wmbt_view_set(&source.error, WMBT_VIEW_LITERAL("text \xC0\x80"));
        T_EQ(t, wmbt_rpc_write_blocks(&source, with_error[i], all, &needed), WMBT_BAD_TEXT);
        T_EQ(t, needed, 7);
        T_EQ(t, wmbt_rpc_write_blocks(&source, without[i], all, &needed), WMBT_OK);
        wmbt_view_set(&source.error, WMBT_VIEW_LITERAL("a longer text"));
        T_EQ(t, wmbt_rpc_write_blocks(&source, with_error[i], all, &needed), WMBT_OK);
        T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(out, needed), with_error[i], &blocks), WMBT_OK);
        T_CHECK(t, wmbt_view_equal(blocks.error, source.error));
    }
    wmbt_rpc_blocks_source two = {0};
    size_t needed = 7;
    wmbt_view_set(&two.error, WMBT_VIEW_LITERAL("\x80"));
    two.payload_count = 1;
    T_EQ(t, wmbt_rpc_write_blocks(&two, WMBT_RPC_GET_RESPONSE, all, &needed), WMBT_BAD_ARGUMENT);
    T_EQ(t, needed, 7);
}

/* A table stands at a multiple of 4 of its archive, before the root and inside: everything else is
 * a bad offset. Of two elements, which stand in their place or are of no bytes. */
static void test_places_of_tables(wmbt_test *t)
{
    enum { MARK = 16, TABLE = 16, ROOM = 24, ROOT = 24 };
    static const struct {
        uint32_t kind;
        uint32_t form; /* of the list, in the root */
        uint32_t root;
    } rows[] = {
        {WMBT_RPC_LOOKUP_REQUEST, 8, 16}, {WMBT_RPC_GET_REQUEST, 8, 16},
        {WMBT_RPC_PUT_REQUEST, 8, 24},    {WMBT_RPC_PUT_REQUEST, 16, 24},
        {WMBT_RPC_GET_RESPONSE, 4, 24},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (uint32_t at = 0; at < ROOM + 8u; at++) {
            uint8_t bytes[MARK + ROOM + ROOT] = {0};
            uint8_t *archive = bytes + MARK;
            wmbt_rpc_blocks_source source = {0};
            wmbt_rpc_blocks blocks;
            size_t needed = 0;
            T_EQ(t,
                 wmbt_rpc_write_blocks(&source, rows[i].kind, wmbt_buf_of(bytes, sizeof bytes),
                                       &needed),
                 WMBT_OK);
            T_EQ(t, needed, MARK + rows[i].root); /* nothing but the root: it goes behind room */
            for (uint32_t k = rows[i].root; k-- > 0u;) {
                archive[ROOM + k] = archive[k];
                archive[k] = 0;
            }
            if (rows[i].kind == WMBT_RPC_PUT_REQUEST && rows[i].form == 16u) {
                wmbt_store_le32(archive + ROOM + 8, 0u - ROOM - 8u); /* the hashes: none, at 0 */
            }
            if (rows[i].kind == WMBT_RPC_GET_RESPONSE) {
                archive[ROOM] = 1; /* there are payloads */
            }
            wmbt_store_le32(archive + ROOM + rows[i].form, at - ROOM - rows[i].form);
            wmbt_store_le32(archive + ROOM + rows[i].form + 4, 2);
            bool inside = at + TABLE <= ROOM;
            needed = MARK + ROOM + rows[i].root;
            bool payloads = rows[i].form == 16u || rows[i].kind == WMBT_RPC_GET_RESPONSE;
            for (uint32_t k = 0; inside && payloads && k < 2u; k++) { /* of no bytes, at 0 */
                wmbt_store_le32(archive + at + 8u * k, 0u - at - 8u * k);
            }
            T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(bytes, needed), rows[i].kind, &blocks),
                 inside && at % 4u == 0u ? WMBT_OK : WMBT_BAD_OFFSET);
        }
    }
}

/* Batches of nothing, whose list is nowhere: a mark and a count of 0. */
static void test_nothing(wmbt_test *t)
{
    uint8_t out[64];
    size_t needed = 0;
    wmbt_rpc_batch batch;
    wmbt_view element;
    T_EQ(t, wmbt_rpc_write_keys(NULL, 0, wmbt_buf_of(out, sizeof out), &needed), WMBT_OK);
    T_EQ(t, needed, 20);
    T_EQ(t, wmbt_load_le32(out + 16), 0);
    T_EQ(t, wmbt_rpc_read_keys(wmbt_view_of(out, needed), &batch), WMBT_OK);
    T_EQ(t, wmbt_rpc_batch_next(&batch, &element), WMBT_END);
    T_EQ(t, wmbt_rpc_write_bytes(NULL, 0, wmbt_buf_of(out, sizeof out), &needed), WMBT_OK);
    T_EQ(t, needed, 21);
    T_EQ(t, wmbt_load_le32(out + 17), 0);
    T_EQ(t, wmbt_rpc_read_bytes(wmbt_view_of(out, needed), &batch), WMBT_OK);
    T_EQ(t, wmbt_rpc_batch_next(&batch, &element), WMBT_END);
}

/* Sizes that have no form are refused before a byte of them is read. */
static void test_too_large(wmbt_test *t)
{
    static const uint8_t byte = 'x';
    wmbt_rpc_request request = {0};
    wmbt_rpc_response response = {0};
    wmbt_view two[2];
    size_t needed = 7;
    const wmbt_buf none = wmbt_buf_of(NULL, 0);
    wmbt_view_set(&request.space, wmbt_view_of(&byte, 0x40000000u));
    T_EQ(t, wmbt_rpc_write_request(&request, none, &needed), WMBT_TOO_LARGE);
    wmbt_view_set(&request.space, wmbt_view_of(&byte, 1));
    wmbt_view_set(&request.payload, wmbt_view_of(&byte, 0x7FFFFFFFu));
    T_EQ(t, wmbt_rpc_write_request(&request, none, &needed), WMBT_TOO_LARGE);
    wmbt_view_set(&request.payload, wmbt_view_of(&byte, SIZE_MAX)); /* their sum wraps */
    T_EQ(t, wmbt_rpc_write_request(&request, none, &needed), WMBT_TOO_LARGE);
    wmbt_view_set(&response.payload, wmbt_view_of(&byte, 0x7FFFFF00u));
    wmbt_view_set(&response.message, wmbt_view_of(&byte, 0x100));
    T_EQ(t, wmbt_rpc_write_response(&response, none, &needed), WMBT_TOO_LARGE);
    wmbt_view_set(&two[0], wmbt_view_of(&byte, 0x40000000u));
    wmbt_view_set(&two[1], wmbt_view_of(&byte, 0x40000000u));
    T_EQ(t, wmbt_rpc_write_bytes(two, 2, none, &needed), WMBT_TOO_LARGE);
    T_EQ(t, needed, 7);
}

/* A request in memory of every alignment; each smaller buffer is too small and says what is needed;
 * each shorter archive is refused. */
static void test_round_trip(wmbt_test *t)
{
    uint8_t room[136], out[128];
    wmbt_rpc_request request = {0}, again;
    size_t needed = 0;
    request.id = UINT64_C(0x0102030405060708);
    request.op = WMBT_RPC_PUT;
    wmbt_view_set(&request.space, WMBT_VIEW_LITERAL("tenant/with-a-long-name"));
    wmbt_view_set(&request.key, WMBT_VIEW_LITERAL("8 bytes!"));
    wmbt_view_set(&request.payload, WMBT_VIEW_LITERAL("payload"));
    for (size_t n = 0; n < 72u; n++) {
        T_EQ(t, wmbt_rpc_write_request(&request, wmbt_buf_of(out, n), &needed),
             WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, needed, 72);
    }
    T_EQ(t, wmbt_rpc_write_request(&request, wmbt_buf_of(out, 72), &needed), WMBT_OK);
    for (size_t shift = 0; shift < 8u; shift++) {
        wmbt_bytes_copy(room + shift, out, needed);
        T_EQ(t, wmbt_rpc_read_request(wmbt_view_of(room + shift, needed), &again), WMBT_OK);
        T_CHECK(t, again.id == request.id && again.op == request.op &&
                       wmbt_view_equal(again.space, request.space) &&
                       wmbt_view_equal(again.key, request.key) &&
                       wmbt_view_equal(again.payload, request.payload));
        T_CHECK(t, again.payload.data == room + shift + 23);
    }
}

/* Elements of lists and batches whose bytes are changed behind the reader's back stay inside. */
static void test_changed(wmbt_test *t)
{
    static const wmbt_view hashes[] = {WMBT_VIEW_INIT("a text of 20 letters"), WMBT_VIEW_INIT("b")};
    wmbt_rpc_blocks_source source = {0};
    wmbt_rpc_blocks blocks;
    wmbt_rpc_batch batch;
    wmbt_view element;
    uint8_t out[128];
    size_t needed = 0;
    source.hashes = hashes;
    source.hash_count = 2;
    T_EQ(
        t,
        wmbt_rpc_write_blocks(&source, WMBT_RPC_GET_REQUEST, wmbt_buf_of(out, sizeof out), &needed),
        WMBT_OK);
    T_EQ(t, wmbt_rpc_read_blocks(wmbt_view_of(out, needed), WMBT_RPC_GET_REQUEST, &blocks),
         WMBT_OK);
    T_EQ(t, wmbt_rpc_list_get(&blocks.hashes, 0, &element), WMBT_OK);
    T_CHECK(t, wmbt_view_equal(element, hashes[0]));
    T_EQ(t, wmbt_rpc_list_get(&blocks.hashes, 1, &element), WMBT_OK);
    T_CHECK(t, wmbt_view_equal(element, hashes[1]));
    T_EQ(t, wmbt_rpc_list_get(&blocks.hashes, 2, &element), WMBT_END);
    wmbt_store_le32(out + 16u + blocks.hashes.at + 4u, 0x80000000u);
    T_EQ(t, wmbt_rpc_list_get(&blocks.hashes, 0, &element), WMBT_BAD_OFFSET);
    wmbt_store_le32(out + 16u + blocks.hashes.at + 4u, 0x7FFFFFFFu);
    T_EQ(t, wmbt_rpc_list_get(&blocks.hashes, 0, &element), WMBT_BAD_OFFSET);
    T_CHECK(t, wmbt_view_equal(element, hashes[1]));

    T_EQ(t, wmbt_rpc_write_bytes(hashes, 2, wmbt_buf_of(out, sizeof out), &needed), WMBT_OK);
    T_EQ(t, wmbt_rpc_read_bytes(wmbt_view_of(out, needed), &batch), WMBT_OK);
    wmbt_store_le32(out + 21, 22);
    T_EQ(t, wmbt_rpc_batch_next(&batch, &element), WMBT_TRUNCATED);
    T_EQ(t, wmbt_rpc_write_keys(hashes, 2, wmbt_buf_of(out, sizeof out), &needed), WMBT_OK);
    T_EQ(t, wmbt_rpc_read_keys(wmbt_view_of(out, needed), &batch), WMBT_OK);
    wmbt_store_le32(out + 20, UINT32_MAX);
    T_EQ(t, wmbt_rpc_batch_next(&batch, &element), WMBT_TRUNCATED);
}

static const wmbt_case cases[] = {
    {"table: batches", test_batches, ARENA + 1024, FOLDER "daemon_batches.tsv"},
    {"table: requests and responses", test_wire, ARENA + 1024, FOLDER "daemon_wire.tsv"},
    {"table: block operations", test_blocks, ARENA + 1024, FOLDER "daemon_blockops.tsv"},
    {"table: bent block operations", test_mutants, ARENA + 1024,
     FOLDER "daemon_blockops_mutants.tsv"},
    {"arguments", test_arguments, 0, NULL},
    {"parts that are refused", test_refused_parts, 0, NULL},
    {"errors that are refused", test_refused_errors, 0, NULL},
    {"places of tables", test_places_of_tables, 0, NULL},
    {"batches of nothing", test_nothing, 0, NULL},
    {"sizes without a form", test_too_large, 0, NULL},
    {"a round trip at every alignment", test_round_trip, 0, NULL},
    {"bytes that change", test_changed, 0, NULL},
};
WMBT_SUITE(rpc, cases);
