/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and names of other engines' stores. */
#include "wombatkv/enginekeys.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/text.h"
#include "identity/dialects/dialect.h"
#include "wombatkv/xxh3.h"
#include "wombatkv/xxh64.h"

#if WMBT_CFG_DIALECTS

/* A text under way. It is written twice: once to see whether there is room, then for good. */
typedef struct wmbt_keys_text {
    uint8_t *data; /* NULL: counted only */
    size_t len;
    bool too_long;
} wmbt_keys_text;

/* Not by an initialiser: clang -O0 calls memset for a list of zeros. */
static void wmbt_keys_begin(wmbt_keys_text *t)
{
    t->data = NULL;
    t->len = 0;
    t->too_long = false;
}

static void wmbt_keys_put(wmbt_keys_text *t, wmbt_view v)
{
    if (v.len > SIZE_MAX - t->len) {
        t->too_long = true;
        return;
    }
    if (t->data != NULL) {
        wmbt_bytes_copy(t->data + t->len, v.data, v.len);
    }
    t->len += v.len;
}

static void wmbt_keys_put_number(wmbt_keys_text *t, uint32_t v)
{
    uint8_t digits[WMBT_TEXT_U64_DIGITS];
    wmbt_keys_put(t, wmbt_view_of(digits, wmbt_text_u64(v, digits)));
}

/* At least `least` hex digits. */
static void wmbt_keys_put_hex_number(wmbt_keys_text *t, uint64_t v, size_t least)
{
    uint8_t bytes[8], digits[16];
    size_t at = 0;
    wmbt_engine_store_be64(bytes, v);
    wmbt_text_hex(wmbt_view_of(bytes, sizeof bytes), digits);
    while (at < sizeof digits - least && digits[at] == '0') {
        at++;
    }
    wmbt_keys_put(t, wmbt_view_of(digits + at, sizeof digits - at));
}

static void wmbt_keys_put_hex(wmbt_keys_text *t, wmbt_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t digits[2];
        wmbt_text_hex(wmbt_view_of(bytes.data + i, 1), digits);
        wmbt_keys_put(t, wmbt_view_of(digits, sizeof digits));
    }
}

/* A text with each '/' written as something else. */
static void wmbt_keys_put_without_slash(wmbt_keys_text *t, wmbt_view v, wmbt_view instead)
{
    for (size_t i = 0; i < v.len; i++) {
        wmbt_keys_put(t, v.data[i] == '/' ? instead : wmbt_view_of(v.data + i, 1));
    }
}

/* Room for what was counted? */
static wmbt_status wmbt_keys_fits(wmbt_keys_text *t, wmbt_buf out)
{
    if (wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (t->too_long || t->len > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    t->data = out.data;
    t->len = 0;
    return WMBT_OK;
}

/* --- vLLM ------------------------------------------------------------------------------------- */

wmbt_status wmbt_vllm_group_key(wmbt_view hash, uint32_t group, wmbt_buf out, size_t *length)
{
    if (wmbt_view_is_bad(hash) || wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (out.len < 4u || hash.len > out.len - 4u) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_bytes_copy(out.data, hash.data, hash.len);
    for (unsigned i = 0; i < 4u; i++) {
        out.data[hash.len + i] = (uint8_t)(group >> (24u - 8u * i));
    }
    *length = hash.len + 4u;
    return WMBT_OK;
}

static void wmbt_vllm_write(wmbt_keys_text *t, const wmbt_vllm_file *file)
{
    uint8_t digits[6];
    wmbt_text_hex(wmbt_view_of(file->hash.data, 3), digits);
    wmbt_keys_put(t, file->base);
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("_r"));
    wmbt_keys_put_number(t, file->rank);
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("/"));
    wmbt_keys_put(t, wmbt_view_of(digits, 3));
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("/"));
    wmbt_keys_put(t, wmbt_view_of(digits + 3, 2));
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("_g"));
    wmbt_keys_put_number(t, file->group);
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("/"));
    wmbt_keys_put_hex(t, file->hash);
    wmbt_keys_put(t, WMBT_VIEW_LITERAL(".bin"));
}

wmbt_status wmbt_vllm_file_name(const wmbt_vllm_file *file, wmbt_buf out, size_t *length)
{
    wmbt_keys_text t;
    wmbt_keys_begin(&t);
    if (wmbt_view_is_bad(file->base) || wmbt_view_is_bad(file->hash)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (file->hash.len < 3u || file->hash.len > WMBT_VLLM_MAX_HASH_BYTES) {
        return WMBT_BAD_LENGTH;
    }
    wmbt_vllm_write(&t, file);
    wmbt_status status = wmbt_keys_fits(&t, out);
    if (status == WMBT_OK) {
        wmbt_vllm_write(&t, file);
        *length = t.len;
    }
    return status;
}

wmbt_status wmbt_vllm_event_number(wmbt_view hash, uint64_t *number)
{
    if (wmbt_view_is_bad(hash)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (hash.len < 8u) {
        return WMBT_BAD_LENGTH;
    }
    *number = wmbt_engine_load_be64(hash.data + (hash.len - 8u));
    return WMBT_OK;
}

wmbt_status wmbt_vllm_coarse(uint32_t fine_tokens, uint32_t coarse_tokens, uint32_t count,
                             uint32_t *scale, uint32_t *coarse_count)
{
    if (fine_tokens == 0u || coarse_tokens < fine_tokens || coarse_tokens % fine_tokens != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    *scale = coarse_tokens / fine_tokens;
    *coarse_count = count / *scale;
    return WMBT_OK;
}

/* --- Dynamo ----------------------------------------------------------------------------------- */

wmbt_status wmbt_dynamo_item_hash(wmbt_view identifier, uint64_t *hash)
{
    uint8_t digest[32];
    if (wmbt_view_is_bad(identifier)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (identifier.len == 0u) {
        *hash = 0;
        return WMBT_MISSING;
    }
    /* The hex digits of a digest are a number already; of either case. */
    if (identifier.len == 64u &&
        wmbt_text_unhex(identifier, true, digest, sizeof digest) == WMBT_OK) {
        *hash = wmbt_engine_load_be64(digest);
    } else {
        *hash = wmbt_xxh3_once64(identifier, 0);
    }
    return WMBT_OK;
}

uint32_t wmbt_dynamo_pad_token(uint64_t hash)
{
    return 1000000u + ((uint32_t)hash & 0x3FFFFFFFu);
}

/* --- LMCache, in-process ---------------------------------------------------------------------- */

/* How torch's types are written; others by their own name. */
#    define WMBT_LMCACHE_FLOAT8 "float8_"

static wmbt_view wmbt_lmcache_dtype(wmbt_view dtype)
{
    if (wmbt_view_equal(dtype, WMBT_VIEW_LITERAL("float16"))) {
        return WMBT_VIEW_LITERAL("half");
    }
    if (wmbt_view_equal(dtype, WMBT_VIEW_LITERAL("float32"))) {
        return WMBT_VIEW_LITERAL("float");
    }
    return wmbt_view_equal(dtype, WMBT_VIEW_LITERAL("float64")) ? WMBT_VIEW_LITERAL("double")
                                                                : dtype;
}

/* float8_e4m3fn, float8_e5m2fnuz and the like are fp8_... */
static void wmbt_lmcache_write_dtype(wmbt_keys_text *t, wmbt_view dtype)
{
    const size_t n = sizeof WMBT_LMCACHE_FLOAT8 - 1u;
    if (dtype.len > n && wmbt_bytes_equal(dtype.data, (const uint8_t *)WMBT_LMCACHE_FLOAT8, n)) {
        wmbt_keys_put(t, WMBT_VIEW_LITERAL("fp8_"));
        wmbt_keys_put(t, wmbt_view_of(dtype.data + n, dtype.len - n));
        return;
    }
    wmbt_keys_put(t, wmbt_lmcache_dtype(dtype));
}

static void wmbt_lmcache_write(wmbt_keys_text *t, const wmbt_lmcache_key *key, wmbt_view ending)
{
    const wmbt_view at = WMBT_VIEW_LITERAL("@");
    wmbt_keys_put(t, key->model);
    wmbt_keys_put(t, at);
    wmbt_keys_put_number(t, key->mla ? 1u : key->world_size);
    wmbt_keys_put(t, at);
    wmbt_keys_put_number(t, key->worker_id);
    wmbt_keys_put(t, at);
    wmbt_keys_put_hex_number(t, key->chunk_hash, 1);
    wmbt_keys_put(t, at);
    wmbt_lmcache_write_dtype(t, key->dtype);
    if (key->layer != NULL) {
        wmbt_keys_put(t, at);
        wmbt_keys_put_number(t, *key->layer);
    }
    for (size_t i = 0; i < key->tag_count; i++) {
        wmbt_keys_put(t, at);
        wmbt_keys_put(t, key->tags[i].name);
        wmbt_keys_put(t, WMBT_VIEW_LITERAL("%"));
        wmbt_keys_put(t, key->tags[i].value);
    }
    wmbt_keys_put(t, ending);
}

static wmbt_status wmbt_lmcache_text(const wmbt_lmcache_key *key, wmbt_view ending, wmbt_buf out,
                                     size_t *length)
{
    wmbt_keys_text t;
    wmbt_keys_begin(&t);
    if (wmbt_view_is_bad(key->model) || wmbt_view_is_bad(key->dtype) ||
        (key->tags == NULL && key->tag_count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < key->tag_count; i++) {
        if (wmbt_view_is_bad(key->tags[i].name) || wmbt_view_is_bad(key->tags[i].value)) {
            return WMBT_BAD_ARGUMENT;
        }
    }
    wmbt_lmcache_write(&t, key, ending);
    wmbt_status status = wmbt_keys_fits(&t, out);
    if (status == WMBT_OK) {
        wmbt_lmcache_write(&t, key, ending);
        *length = t.len;
    }
    return status;
}

wmbt_status wmbt_lmcache_key_text(const wmbt_lmcache_key *key, wmbt_buf out, size_t *length)
{
    return wmbt_lmcache_text(key, wmbt_view_of(NULL, 0), out, length);
}

wmbt_status wmbt_lmcache_file_name(const wmbt_lmcache_key *key, wmbt_buf out, size_t *length)
{
    wmbt_status status = wmbt_lmcache_text(key, WMBT_VIEW_LITERAL(".pt"), out, length);
    for (size_t i = 0; status == WMBT_OK && i < *length; i++) {
        out.data[i] = out.data[i] == '/' ? '-' : out.data[i];
    }
    return status;
}

/* --- LMCache, multiprocess -------------------------------------------------------------------- */

uint64_t wmbt_lmcache_mp_kv_rank(uint32_t world_size, uint32_t global_rank,
                                 uint32_t local_world_size, uint32_t local_rank)
{
    return (uint64_t)world_size << 24 | (uint64_t)global_rank << 16 |
           (uint64_t)local_world_size << 8 | local_rank;
}

/* Longest salt, in characters. */
#    define WMBT_LMCACHE_SALT_CHARACTERS 128u

static bool wmbt_lmcache_mp_texts_are_good(const wmbt_lmcache_mp_key *key)
{
    uint32_t characters = 0;
    for (size_t i = 0; i < key->model.len; i++) {
        if (key->model.data[i] == '@') {
            return false;
        }
    }
    for (size_t i = 0; i < key->salt.len && characters <= WMBT_LMCACHE_SALT_CHARACTERS; i++) {
        const uint8_t c = key->salt.data[i];
        if (c == '@' || c == '/' || c == '\\' || c == 0u) {
            return false;
        }
        characters += (c & 0xC0u) != 0x80u; /* not a byte that goes on with a character */
    }
    return characters <= WMBT_LMCACHE_SALT_CHARACTERS && wmbt_text_is_utf8(key->model) &&
           wmbt_text_is_utf8(key->salt);
}

static void wmbt_lmcache_mp_write(wmbt_keys_text *t, const wmbt_lmcache_mp_key *key, bool file)
{
    const wmbt_view at = WMBT_VIEW_LITERAL("@");
    if (file) {
        wmbt_keys_put_without_slash(t, key->model, WMBT_VIEW_LITERAL("-SEP-"));
        wmbt_keys_put(t, WMBT_VIEW_LITERAL("@0x"));
    } else {
        wmbt_keys_put(t, key->model);
        wmbt_keys_put(t, at);
    }
    wmbt_keys_put_hex_number(t, key->kv_rank, 8);
    wmbt_keys_put(t, at);
    wmbt_keys_put_hex_number(t, key->group, 1);
    wmbt_keys_put(t, at);
    wmbt_keys_put_hex(t, wmbt_view_of(key->chunk_hash, sizeof key->chunk_hash));
    if (key->salt.len != 0u) {
        wmbt_keys_put(t, at);
        wmbt_keys_put(t, key->salt);
    }
    if (file) {
        wmbt_keys_put(t, WMBT_VIEW_LITERAL(".data"));
    }
}

static wmbt_status wmbt_lmcache_mp_text(const wmbt_lmcache_mp_key *key, bool file, wmbt_buf out,
                                        size_t *length)
{
    wmbt_keys_text t;
    wmbt_keys_begin(&t);
    if (wmbt_view_is_bad(key->model) || wmbt_view_is_bad(key->salt)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_lmcache_mp_texts_are_good(key)) {
        return WMBT_BAD_TEXT;
    }
    wmbt_lmcache_mp_write(&t, key, file);
    wmbt_status status = wmbt_keys_fits(&t, out);
    if (status == WMBT_OK) {
        wmbt_lmcache_mp_write(&t, key, file);
        *length = t.len;
    }
    return status;
}

wmbt_status wmbt_lmcache_mp_s3_key(const wmbt_lmcache_mp_key *key, wmbt_buf out, size_t *length)
{
    return wmbt_lmcache_mp_text(key, false, out, length);
}

wmbt_status wmbt_lmcache_mp_file_name(const wmbt_lmcache_mp_key *key, wmbt_buf out, size_t *length)
{
    return wmbt_lmcache_mp_text(key, true, out, length);
}

/* --- SGLang ----------------------------------------------------------------------------------- */

static void wmbt_sglang_write_two(wmbt_keys_text *t, wmbt_view before, uint32_t a, uint32_t b)
{
    wmbt_keys_put(t, before);
    wmbt_keys_put_number(t, a);
    wmbt_keys_put(t, WMBT_VIEW_LITERAL("_"));
    wmbt_keys_put_number(t, b);
}

static void wmbt_sglang_write(wmbt_keys_text *t, const wmbt_sglang_file *file)
{
    const wmbt_view mark = WMBT_VIEW_LITERAL("_");
    wmbt_keys_put_hex(t, wmbt_view_of(file->hash, sizeof file->hash));
    wmbt_keys_put(t, mark);
    wmbt_keys_put_without_slash(t, file->model, WMBT_VIEW_LITERAL("-"));
    if (!file->mla) {
        wmbt_sglang_write_two(t, mark, file->tp_rank, file->tp_size);
    }
    if (file->pp_size > 1u) {
        wmbt_sglang_write_two(t, mark, file->pp_size, file->pp_rank);
    }
    if (file->cp_size > 1u) {
        wmbt_sglang_write_two(t, WMBT_VIEW_LITERAL("_cp"), file->cp_rank, file->cp_size);
    }
    wmbt_keys_put(t, WMBT_VIEW_LITERAL(".bin"));
}

wmbt_status wmbt_sglang_file_name(const wmbt_sglang_file *file, wmbt_buf out, size_t *length)
{
    wmbt_keys_text t;
    wmbt_keys_begin(&t);
    if (wmbt_view_is_bad(file->model)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_sglang_write(&t, file);
    wmbt_status status = wmbt_keys_fits(&t, out);
    if (status == WMBT_OK) {
        wmbt_sglang_write(&t, file);
        *length = t.len;
    }
    return status;
}

/* --- Mooncake --------------------------------------------------------------------------------- */

/* Mark, length and bytes of the logical key. */
static wmbt_status wmbt_mooncake_begin(wmbt_xxh64 *x, uint64_t seed, wmbt_view logical)
{
    uint8_t head[5];
    if (wmbt_view_is_bad(logical)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (logical.len >> 16 > UINT16_MAX) {
        return WMBT_TOO_LARGE;
    }
    head[0] = 1;
    wmbt_store_le32(head + 1, (uint32_t)logical.len);
    wmbt_xxh64_init(x, seed);
    wmbt_xxh64_update(x, wmbt_view_of(head, sizeof head));
    wmbt_xxh64_update(x, logical);
    return WMBT_OK;
}

wmbt_status wmbt_mooncake_physical_key(wmbt_view logical, uint32_t slot, const uint32_t *chunk,
                                       uint8_t out[WMBT_MOONCAKE_KEY_BYTES])
{
    uint8_t tail[10];
    const size_t n = chunk != NULL ? 10u : 6u;
    tail[0] = chunk != NULL ? 2u : 1u;
    wmbt_store_le32(tail + 1, slot);
    tail[5] = chunk != NULL;
    wmbt_store_le32(tail + 6, chunk != NULL ? *chunk : 0u);
    for (uint32_t seed = 0; seed < 2u; seed++) {
        wmbt_xxh64 x;
        wmbt_status status = wmbt_mooncake_begin(&x, seed, logical);
        if (status != WMBT_OK) {
            return status;
        }
        wmbt_xxh64_update(&x, wmbt_view_of(tail, n));
        wmbt_store_le64(out + 8u * seed, wmbt_xxh64_final(&x));
    }
    return WMBT_OK;
}

wmbt_status wmbt_mooncake_verify_hash(wmbt_view logical, uint8_t out[WMBT_MOONCAKE_VERIFY_BYTES])
{
    for (uint32_t seed = 0; seed < 4u; seed++) {
        wmbt_xxh64 x;
        wmbt_status status = wmbt_mooncake_begin(&x, seed, logical);
        if (status != WMBT_OK) {
            return status;
        }
        wmbt_store_le64(out + 8u * seed, wmbt_xxh64_final(&x));
    }
    return WMBT_OK;
}

#endif
