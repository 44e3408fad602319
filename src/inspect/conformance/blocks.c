/* SPDX-License-Identifier: Apache-2.0 */
/* Files of upstream's block store, of its compression wrapper, of the sums of its C interface. */
#include "conformance/rows.h"
#include "wombatkv/blake3.h"
#include "wombatkv/chain.h"
#include "wombatkv/compressed.h"
#include "wombatkv/crc32c.h"
#include "wombatkv/store.h"
#include "wombatkv/zstd.h"

/* --- scripts on the block store --------------------------------------------------------------- */

#if WMBT_CFG_STORE && WMBT_CFG_CHAIN

/* More blocks than a script has. */
#    define STORE_CAPACITY 4096u

/* The script's store; NULL: the row has failed. */
static wmbt_store *script_store(struct kit *k)
{
    if (kit_script(k, "script")) {
        const size_t bytes = WMBT_STORE_BYTES(STORE_CAPACITY);
        uint8_t *memory = kit_alloc(k, bytes);
        wmbt_store *x = NULL;
        if (memory == NULL ||
            wmbt_store_init(wmbt_buf_of(memory, bytes), STORE_CAPACITY, &x) != WMBT_OK) {
            kit_fail(k, KIT_NO_MEMORY, "no store of that size");
            return NULL;
        }
        kit_keep(k, x);
    }
    return k->state;
}

/* The hash of every block of the row, each its tokens of 4 bytes. */
static void hash_blocks(struct kit *k, wmbt_store_prefix *prefix)
{
    wmbt_chain_config config = {0};
    wmbt_chain *chain = NULL;
    wmbt_view list = kit_cell(k, "blocks"), element;
    const size_t bytes = (size_t)WMBT_CHAIN_BYTES(list.len + prefix->tenant.len);
    uint8_t *memory = kit_alloc(k, bytes);
    wmbt_block_hash *hashes = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *hashes);
    config.dialect = WMBT_CHAIN_CORE;
    config.tenant = prefix->tenant;
    config.fingerprint = wmbt_view_of(prefix->fingerprint, 32);
    prefix->hashes = hashes;
    prefix->count = 0;
    if (memory == NULL || hashes == NULL) {
        return;
    }
    wmbt_status status = wmbt_chain_init(wmbt_buf_of(memory, bytes), &config, &chain);
    while (status == WMBT_OK && kit_element(&list, &element)) {
        wmbt_view tokens = kit_bytes(k, element);
        status = wmbt_chain_begin_block(chain, (uint32_t)(tokens.len / 4));
        for (size_t i = 0; i + 4 <= tokens.len && status == WMBT_OK; i += 4) {
            const uint8_t *p = tokens.data + i;
            uint32_t token =
                (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
            status = wmbt_chain_add(chain, &token, 1);
        }
        if (status == WMBT_OK) {
            status = wmbt_chain_end_block(chain, &hashes[prefix->count++]);
        }
    }
    if (status != WMBT_OK) {
        kit_unknown(k, "the library does not hash the blocks");
    }
}

static void expect_stored(struct kit *k, wmbt_store *x, wmbt_status status)
{
    static const struct kit_word words[] = {
        {"ok", WMBT_OK}, {"err:length_mismatch", WMBT_BAD_COUNT}, {NULL, WMBT_OK}};
    kit_expect_word(k, "result", words, status);
    kit_keep(k, x); /* with the bytes that it refers to */
}

static void store_publish(struct kit *k, wmbt_store *x, const wmbt_store_prefix *prefix)
{
    wmbt_view list = kit_cell(k, "payloads"), element;
    wmbt_view *payloads = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *payloads);
    uint32_t count = 0;
    while (payloads != NULL && kit_element(&list, &element)) {
        payloads[count++] = kit_bytes(k, element);
    }
    if (k->outcome == KIT_AGREES) {
        expect_stored(k, x, wmbt_store_publish_prefix(x, prefix, payloads, count));
    }
}

static void store_put_block(struct kit *k, wmbt_store *x, const wmbt_store_prefix *prefix)
{
    wmbt_block_key key;
    wmbt_view payload = kit_cell_bytes(k, "payloads");
    key.tenant = prefix->tenant;
    for (unsigned i = 0; i < 32u; i++) {
        key.fingerprint[i] = prefix->fingerprint[i];
    }
    kit_read_hash(k, kit_cell(k, "key_hash_hex"), &key.prefix_hash);
    key.block_index = (uint32_t)kit_cell_number(k, "key_index");
    if (k->outcome == KIT_AGREES) {
        expect_stored(k, x, wmbt_store_put_block(x, &key, payload));
    }
}

static void store_lookup(struct kit *k, const wmbt_store *x, const wmbt_store_prefix *prefix)
{
    wmbt_view *got = kit_alloc(k, (prefix->count + (size_t)1) * sizeof *got);
    uint32_t matched = 0;
    if (got == NULL) {
        return;
    }
    wmbt_status status = wmbt_store_lookup_prefix(x, prefix, got, &matched);
    kit_expect_text(k, "result", status == WMBT_OK ? "ok" : wmbt_status_name(status));
    kit_expect_number(k, "matched", matched);
    kit_text_begin(k);
    for (uint32_t i = 0; i < matched; i++) {
        kit_comma(k);
        kit_put_bytes(k, got[i]);
    }
    kit_expect(k, "got", kit_list_end(k));
    kit_text_begin(k);
    for (uint32_t i = matched; i < prefix->count; i++) {
        wmbt_block_key key;
        wmbt_store_key_of(prefix, i, &key);
        kit_comma(k);
        kit_put_number(k, key.block_index);
        kit_put(k, ":");
        kit_put_hex(k, key.prefix_hash.bytes, sizeof key.prefix_hash.bytes);
    }
    kit_expect(k, "missing", kit_list_end(k));
}

void kit_core_lookup(struct kit *k)
{
    wmbt_store *x = script_store(k);
    wmbt_store_prefix prefix;
    prefix.tenant = kit_cell_bytes(k, "tenant_hex");
    wmbt_view fingerprint = kit_cell_bytes(k, "fingerprint_hex");
    prefix.fingerprint = fingerprint.data;
    if (fingerprint.len != 32) {
        kit_fail(k, KIT_BAD_TABLE, "no fingerprint of 32 bytes");
        return;
    }
    hash_blocks(k, &prefix);
    if (k->outcome != KIT_AGREES) {
        return;
    }
    if (kit_cell_is(k, "op", "publish")) {
        store_publish(k, x, &prefix);
    } else if (kit_cell_is(k, "op", "put_block")) {
        store_put_block(k, x, &prefix);
    } else if (kit_cell_is(k, "op", "lookup")) {
        store_lookup(k, x, &prefix);
    } else {
        kit_unknown(k, "unknown op");
    }
}

#endif

/* --- the compression wrapper ------------------------------------------------------------------ */

#if WMBT_CFG_COMPRESSED && WMBT_CFG_ZSTD

/* An object that claims more is not unwrapped. */
#    define PLAIN_MAX_BYTES ((uint32_t)64 << 20)

/* xs:S:N, lo:S:N, wd:S:N: N bytes of xorshift32 from state S. */
static wmbt_view generated_bytes(struct kit *k, wmbt_view cell)
{
    static const char *const words[8] = {"wombat ", "kv ", "block ",  "0000",
                                         "cache ",  "\n",  "prefix-", "hash="};
    wmbt_view kind = kit_part(&cell, ':');
    uint32_t x = (uint32_t)kit_number(k, kit_part(&cell, ':'));
    const size_t count = (size_t)kit_number(k, cell);
    uint8_t *out = kit_alloc(k, count);
    for (size_t i = 0; i < count && out != NULL;) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        if (kit_is(kind, "wd")) {
            for (const char *word = words[x >> 29]; *word != '\0' && i < count; word++) {
                out[i++] = (uint8_t)*word;
            }
        } else {
            out[i++] = (uint8_t)(kit_is(kind, "lo") ? (x >> 29) + (uint32_t)'a' : x >> 24);
        }
    }
    return wmbt_view_of(out, out == NULL ? 0 : count);
}

/* Plain bytes against the column: as it describes them, or as they are. */
static void expect_plain(struct kit *k, wmbt_view got)
{
    wmbt_view cell = kit_cell(k, "raw"), rest = cell;
    wmbt_view kind = kit_part(&rest, ':');
    bool is_made = kit_is(kind, "xs") || kit_is(kind, "lo") || kit_is(kind, "wd");
    wmbt_view want = is_made ? generated_bytes(k, cell) : kit_bytes(k, cell);
    bool same = k->outcome == KIT_AGREES && want.len == got.len;
    for (size_t i = 0; i < got.len && same; i++) {
        same = want.data[i] == got.data[i];
    }
    if (!same) {
        kit_expect_hex(k, "raw", got);
    }
}

/* A frame of zstd before 0.8, which libzstd reads if it was built for that. */
static bool is_old_frame(wmbt_view object)
{
    const uint8_t *p = object.data + WMBT_COMPRESSED_HEADER_BYTES;
    return object.len >= WMBT_COMPRESSED_HEADER_BYTES + 4u && p[0] >= 0x22 && p[0] <= 0x27 &&
           p[1] == 0xB5 && p[2] == 0x2F && p[3] == 0xFD;
}

/* What reading the object gives: one of two outcomes, and the plain bytes. */
static void unwrap(struct kit *k, wmbt_view object, const char *decoded, const char *unchanged)
{
    wmbt_compressed_info info = {0, 0, 0, 0};
    wmbt_compressed_plain plain = {{NULL, 0}, 0, WMBT_OK};
    wmbt_status status = wmbt_compressed_probe(object, true, &info);
    bool magic = status != WMBT_OK || info.kind != WMBT_COMPRESSED_PLAIN;
    bool is_wrapped = status == WMBT_OK && info.kind == WMBT_COMPRESSED_WRAPPED;
    const size_t bytes = is_wrapped ? info.plain_bytes : 0;
    wmbt_buf workspace =
        wmbt_buf_of(kit_alloc(k, WMBT_ZSTD_WORKSPACE_BYTES), WMBT_ZSTD_WORKSPACE_BYTES);
    const wmbt_codec codec = {wmbt_zstd_codec, &workspace, NULL};
    if (bytes > PLAIN_MAX_BYTES) {
        kit_unknown(k, "claims more plain bytes than there is room for");
        return;
    }
    uint8_t *out = kit_alloc(k, bytes);
    if (out == NULL || workspace.data == NULL) {
        return;
    }
    status = wmbt_compressed_unwrap(object, &codec, wmbt_buf_of(out, bytes),
                                    WMBT_COMPRESSED_PASS_THROUGH, &plain);
    if (status != WMBT_OK) {
        kit_expect_text(k, "outcome", wmbt_status_name(status));
        return;
    }
    kit_expect_number(k, "magic", magic);
    kit_expect_text(k, "outcome", plain.kind == WMBT_COMPRESSED_WRAPPED ? decoded : unchanged);
    if (!kit_cell_is(k, "raw", "none")) {
        expect_plain(k, plain.bytes);
    }
}

/* The library wraps nothing: what upstream made of bytes must read as these bytes. Without an
 * algorithm it stores them as they are, and then a wrapper among them is read as one. */
void kit_node_wbz1(struct kit *k)
{
    wmbt_view object = kit_cell_bytes(k, "wire_hex");
    if (kit_cell_is(k, "op", "decode")) {
        if (is_old_frame(object)) {
            kit_unknown(k, "a frame of zstd before 0.8");
        } else {
            unwrap(k, object, "decoded", "same");
        }
    } else if (!kit_cell_is(k, "op", "encode")) {
        kit_unknown(k, "unknown op");
    } else if (kit_cell_is(k, "algo", "zstd")) {
        unwrap(k, object, "ok", "same");
    } else if (kit_cell_is(k, "algo", "none") && kit_cell_is(k, "magic", "0")) {
        unwrap(k, object, "decoded", "ok");
    } else {
        kit_unknown(k, kit_cell_is(k, "algo", "none") ? "stored as it is, a wrapper already"
                                                      : "the library has no such algorithm");
    }
}

#endif

/* --- sums of the C interface ------------------------------------------------------------------ */

#if WMBT_CFG_BLAKE3 && WMBT_CFG_CRC32C

/* Bytes, or ramp:N: byte i is i modulo 251. */
static wmbt_view input_bytes(struct kit *k)
{
    wmbt_view cell = kit_cell(k, "input_hex"), rest = cell;
    if (!kit_is(kit_part(&rest, ':'), "ramp")) {
        return kit_bytes(k, cell);
    }
    const size_t count = (size_t)kit_number(k, rest);
    uint8_t *out = kit_alloc(k, count);
    for (size_t i = 0; i < count && out != NULL; i++) {
        out[i] = (uint8_t)(i % 251u);
    }
    return wmbt_view_of(out, out == NULL ? 0 : count);
}

static void cabi_append(struct kit *k, wmbt_view input)
{
    const uint64_t split = kit_cell_number(k, "split");
    if (split > input.len) {
        kit_fail(k, KIT_BAD_TABLE, "a split behind the end");
        return;
    }
    const size_t at = (size_t)split;
    uint32_t first = wmbt_crc32c(0, wmbt_view_of(input.data, at));
    kit_text_begin(k);
    kit_put_number(k, first);
    kit_put(k, ",");
    kit_put_number(k, wmbt_crc32c(first, wmbt_view_of(input.data + at, input.len - at)));
    kit_expect(k, "output", kit_text_end(k));
}

void kit_cabi(struct kit *k)
{
    wmbt_view input = input_bytes(k);
    if (k->outcome != KIT_AGREES) {
        return;
    }
    kit_expect_number(k, "length", input.len);
    if (kit_cell_is(k, "op", "crc32c")) {
        kit_expect_number(k, "output", wmbt_crc32c(0, input));
    } else if (kit_cell_is(k, "op", "crc32c_append")) {
        cabi_append(k, input);
    } else if (kit_cell_is(k, "op", "blake3_64hex")) {
        uint8_t digest[WMBT_BLAKE3_DIGEST_BYTES];
        const size_t bytes = (size_t)WMBT_BLAKE3_BYTES(input.len);
        uint8_t *memory = kit_alloc(k, bytes);
        if (memory == NULL) {
            return;
        }
        wmbt_status status = wmbt_blake3_once(wmbt_buf_of(memory, bytes), input, digest);
        if (status == WMBT_OK) {
            kit_expect_hex(k, "output", wmbt_view_of(digest, sizeof digest));
        } else {
            kit_expect_text(k, "output", wmbt_status_name(status));
        }
    } else {
        kit_unknown(k, "unknown op");
    }
}

#endif
