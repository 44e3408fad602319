/* SPDX-License-Identifier: Apache-2.0 */
/* dialects: every row of every golden file of other engines, by the code of `wombatkv conformance`,
 * with the tokens in one piece, one by one and in others; rows with few tokens at every split. */
#include "../support/test.h"

#include "../../src/inspect/conformance/kit.h"
#include "base/bytes.h"

#define FOLDER "golden/dialects/"
#define FRAMES "vectors/vllm_pickle_frames.tsv"

enum { ARENA = 3 << 20, FEW_TOKENS = T_MANY(9, 5) };

static wmbt_view text_of(const char *text)
{
    return wmbt_test_text(text);
}

/* The row as it stands, with tokens cut so. */
static void run_cut(wmbt_test *t, struct kit *k, const struct kit_file *file, uint32_t cuts)
{
    k->cuts = cuts;
    k->outcome = KIT_AGREES;
    kit_run(k, file);
    T_EQ(t, k->outcome, KIT_AGREES);
}

static void run_row(wmbt_test *t, struct kit *k, const struct kit_file *file, bool has_tokens)
{
    static const uint32_t some[] = {0, UINT32_MAX, 0x24924925u, 0x80000001u, 0xF0F0F0F0u};
    for (size_t i = 0; i < (has_tokens ? sizeof some / sizeof some[0] : 1u); i++) {
        T_CALL(t, run_cut(t, k, file, some[i]));
    }
    if (!has_tokens) {
        return;
    }
    k->used = 0;
    struct kit_tokens tokens = kit_cell_tokens(k, "tokens");
    const size_t words = tokens.wide ? 2 * tokens.count : tokens.count;
    if (words > 1 && words <= FEW_TOKENS) {
        for (uint32_t cuts = 1; cuts < UINT32_C(1) << (words - 1); cuts++) {
            T_CALL(t, run_cut(t, k, file, cuts));
        }
    }
}

static bool has_column(const struct kit *k, const char *name)
{
    for (uint32_t i = 0; i < k->count; i++) {
        if (wmbt_test_view_is(k->columns[i], name)) {
            return true;
        }
    }
    return false;
}

static void open_file(wmbt_test *t, const char *path, struct kit *k, struct kit_file *file)
{
    wmbt_view bytes;
    const char *why = "";
    T_CHECK(t, wmbt_test_data(t, path, &bytes));
    uint8_t *arena = wmbt_test_alloc(t, ARENA);
    T_CHECK(t, arena != NULL);
    k->arena = wmbt_buf_of(arena, ARENA);
    k->used = 0;
    T_CHECK(t, kit_open(k, file, bytes, text_of(path), &why));
}

static void run_file(wmbt_test *t, const char *path, uint32_t rows)
{
    struct kit k;
    struct kit_file file;
    uint32_t count = 0;
    T_CALL(t, open_file(t, path, &k, &file));
    const bool has_tokens = has_column(&k, "tokens");
    while (kit_next(&k, &file)) {
        wmbt_test_where(t, k.cells[0]);
        T_CALL(t, run_row(t, &k, &file, has_tokens));
        count++;
    }
    T_EQ(t, count, rows);
}

/* What the rows compute is looked at: a changed result is found in each column that is one. */
static void find_changes(wmbt_test *t, const char *path, const char *results)
{
    struct kit k;
    struct kit_file file;
    T_CALL(t, open_file(t, path, &k, &file));
    T_CHECK(t, kit_next(&k, &file));
    wmbt_view names = text_of(results);
    while (names.data != NULL) {
        wmbt_view name = kit_part(&names, ' ');
        uint32_t column = 0;
        while (column < k.count &&
               !(k.columns[column].len == name.len &&
                 wmbt_bytes_equal(k.columns[column].data, name.data, name.len))) {
            column++;
        }
        wmbt_test_where(t, name);
        T_CHECK(t, column < k.count && k.cells[column].len < 250);
        char changed[251];
        wmbt_view cell = k.cells[column];
        wmbt_bytes_copy((uint8_t *)changed, cell.data, cell.len);
        changed[cell.len - 1] = changed[cell.len - 1] == '1' ? '2' : '1';
        k.cells[column].data = (const uint8_t *)changed;
        k.cuts = 0;
        k.outcome = KIT_AGREES;
        kit_run(&k, &file);
        T_EQ(t, k.outcome, KIT_DIFFERS);
        T_CHECK(t, wmbt_test_view_is(name, k.column));
        k.cells[column] = cell;
    }
}

/* Pickles of several frames: long rows, so few splits. */
static void test_frames(wmbt_test *t)
{
    struct kit k;
    struct kit_file file;
    uint32_t count = 0;
    T_CALL(t, open_file(t, FRAMES, &k, &file));
    while (kit_next(&k, &file)) {
        wmbt_test_where(t, k.cells[0]);
        T_CALL(t, run_cut(t, &k, &file, 0));
        T_CALL(t, run_cut(t, &k, &file, 0x24924925u));
        count++;
    }
    T_EQ(t, count, 54);
}

#define FILE_OF_ROWS(name, rows, results)                         \
    static void test_##name(wmbt_test *t)                         \
    {                                                             \
        T_CALL(t, run_file(t, FOLDER #name ".tsv", rows));        \
        wmbt_test_reset(t);                                       \
        T_CALL(t, find_changes(t, FOLDER #name ".tsv", results)); \
    }

FILE_OF_ROWS(vllm_sha256_cbor, 224, "none_hash hashes preimages")
FILE_OF_ROWS(vllm_xxhash_cbor, 223, "none_hash hashes preimages")
FILE_OF_ROWS(vllm_pickle, 268, "none_hash hashes preimages")
FILE_OF_ROWS(vllm_untagged, 225, "none_hash hashes preimages")
FILE_OF_ROWS(vllm_block, 224, "none_hash digest group_key event_u64 preimage")
FILE_OF_ROWS(vllm_coarse, 102, "length coarse_hashes")
FILE_OF_ROWS(sglang_hicache, 217, "seed hashes event_hashes event_i64 preimages")
FILE_OF_ROWS(dynamo_request, 155, "outcome salt_hash block_hashes sequence_hashes plh preimages")
FILE_OF_ROWS(dynamo_router, 189, "seed local_hashes sequence_hashes")
FILE_OF_ROWS(dynamo_plh, 96,
             "plh mode got_position got_current parent_fragment text extended child_fragment")
FILE_OF_ROWS(dynamo_psh, 30, "psh mode got_position got_sequence_hash got_block_hash")
FILE_OF_ROWS(dynamo_mm_ids, 40, "mm_hash pad_value")
FILE_OF_ROWS(dynamo_tokens_v1_2, 49, "block_hashes sequence_hashes plh")
FILE_OF_ROWS(dynamo_plh_v1_2, 30, "plh mode got_position current_part parent_part")
FILE_OF_ROWS(lmcache_mp, 166, "none_hash hashes key_outcome s3_key fs_name preimages")
FILE_OF_ROWS(lmcache_chunk, 172, "none_hash hashes keys layer_key preimages")
FILE_OF_ROWS(llmd_cbor_fnv, 135, "seed_hash root keys root_preimage preimages")
FILE_OF_ROWS(llmd_cbor_sha256, 119, "root keys preimages")
FILE_OF_ROWS(llmd_router_derived, 160, "seed_hash root keys root_preimage preimages")
FILE_OF_ROWS(aibrix_gateway_derived, 87, "hashes preimages")
FILE_OF_ROWS(trtllm_v2_derived, 92, "root keys scope_bytes preimages")
FILE_OF_ROWS(mooncake_conductor_derived, 83, "local_hashes sequence_hashes")
FILE_OF_ROWS(mooncake_nvme_kv_derived, 82, "physical_key verify_hash identity input")

#define CASE(name) {#name, test_##name, ARENA + 1024, FOLDER #name ".tsv"}

static const wmbt_case cases[] = {
    CASE(vllm_sha256_cbor),
    CASE(vllm_xxhash_cbor),
    CASE(vllm_pickle),
    CASE(vllm_untagged),
    CASE(vllm_block),
    CASE(vllm_coarse),
    CASE(sglang_hicache),
    CASE(dynamo_request),
    CASE(dynamo_router),
    CASE(dynamo_plh),
    CASE(dynamo_psh),
    CASE(dynamo_mm_ids),
    CASE(dynamo_tokens_v1_2),
    CASE(dynamo_plh_v1_2),
    CASE(lmcache_mp),
    CASE(lmcache_chunk),
    CASE(llmd_cbor_fnv),
    CASE(llmd_cbor_sha256),
    CASE(llmd_router_derived),
    CASE(aibrix_gateway_derived),
    CASE(trtllm_v2_derived),
    CASE(mooncake_conductor_derived),
    CASE(mooncake_nvme_kv_derived),
    {"pickles of several frames", test_frames, ARENA + 1024, FRAMES},
};
WMBT_SUITE(dialects, cases);
