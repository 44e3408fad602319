/* SPDX-License-Identifier: Apache-2.0 */
/* Object keys of blocks and raw tails. */
#include "wombatkv/objkey.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"

#if WMBT_CFG_OBJKEY

#    define WMBT_OBJKEY_ROOT "/wombatkv/v1/"
#    define WMBT_OBJKEY_ROOT_BYTES (sizeof(WMBT_OBJKEY_ROOT) - 1u)
#    define WMBT_OBJKEY_BLOCK_PATH "block/"
#    define WMBT_OBJKEY_RAW_TAIL_PATH "sidecar/raw_tail/"
#    define WMBT_OBJKEY_MODEL_MARK "model="
#    define WMBT_OBJKEY_MODEL_MARK_BYTES (sizeof(WMBT_OBJKEY_MODEL_MARK) - 1u)
#    define WMBT_OBJKEY_HASH_MARK "b3="
#    define WMBT_OBJKEY_HASH_MARK_BYTES (sizeof(WMBT_OBJKEY_HASH_MARK) - 1u)

/* "model=", digits and '/'. */
#    define WMBT_OBJKEY_MODEL_BYTES \
        (WMBT_OBJKEY_MODEL_MARK_BYTES + WMBT_MODEL_DIGEST_HEX_BYTES + 1u)

WMBT_STATIC_ASSERT(sizeof("//wombatkv/v1/" WMBT_OBJKEY_RAW_TAIL_PATH WMBT_OBJKEY_HASH_MARK) - 1u +
                           WMBT_BLOCK_HASH_HEX_BYTES <=
                       WMBT_OBJKEY_BYTES(0, 0),
                   "room for the longest key");
WMBT_STATIC_ASSERT(sizeof("//wombatkv/v1/" WMBT_OBJKEY_BLOCK_PATH WMBT_OBJKEY_MODEL_MARK
                          "/" WMBT_OBJKEY_HASH_MARK) -
                               1u + WMBT_MODEL_DIGEST_HEX_BYTES + WMBT_BLOCK_HASH_HEX_BYTES <=
                           WMBT_OBJKEY_BYTES(0, 0) ||
                       !WMBT_CFG_EXPERIMENTAL_MODEL_KEYS,
                   "room for the longest key with a model");

/* The offset of the first WMBT_OBJKEY_ROOT, or text.len if there is none. Work: text.len x 13. */
static size_t wmbt_objkey_find_root(wmbt_view text)
{
    for (size_t at = 0; text.len - at >= WMBT_OBJKEY_ROOT_BYTES; at++) {
        if (wmbt_bytes_equal(text.data + at, (const uint8_t *)WMBT_OBJKEY_ROOT,
                             WMBT_OBJKEY_ROOT_BYTES)) {
            return at;
        }
    }
    return text.len;
}

/* True if the key alone tells prefix and namespace apart. */
static bool wmbt_objkey_is_split(const wmbt_objkey *key)
{
    wmbt_view text = key->name_space.len != 0u ? key->name_space : key->prefix;
    return wmbt_text_find_last(text, (uint8_t)'/') == text.len;
}

#    if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
static bool wmbt_objkey_model_allowed(const wmbt_objkey *key)
{
    return key->has_model == 0u ||
           (key->kind == WMBT_OBJKEY_BLOCK && !wmbt_model_digest_is_zero(&key->model));
}

/* Passes over "model=.../" if it is there. */
static wmbt_status wmbt_objkey_take_model(wmbt_cursor *c, bool upper, wmbt_objkey *key)
{
    wmbt_view hex;
    if (!wmbt_cursor_expect(c, WMBT_VIEW_LITERAL(WMBT_OBJKEY_MODEL_MARK))) {
        return WMBT_OK;
    }
    if (!wmbt_cursor_bytes(c, WMBT_MODEL_DIGEST_HEX_BYTES, &hex) ||
        !wmbt_cursor_expect(c, WMBT_VIEW_LITERAL("/"))) {
        return WMBT_BAD_LENGTH;
    }
    if (wmbt_text_unhex(hex, upper, key->model.bytes, WMBT_MODEL_DIGEST_BYTES) != WMBT_OK ||
        wmbt_model_digest_is_zero(&key->model)) {
        return WMBT_BAD_TEXT;
    }
    key->has_model = 1;
    return WMBT_OK;
}
#    else
static bool wmbt_objkey_model_allowed(const wmbt_objkey *key)
{
    return key->has_model == 0u;
}
#    endif

/* Bytes before WMBT_OBJKEY_ROOT. */
static size_t wmbt_objkey_front_bytes(const wmbt_objkey *key)
{
    return key->prefix.len + (key->name_space.len == 0u ? 0u : 1u + key->name_space.len);
}

/* Byte `at` of the key, which lies before the end of WMBT_OBJKEY_ROOT. */
static uint8_t wmbt_objkey_byte(const wmbt_objkey *key, size_t at)
{
    size_t front = wmbt_objkey_front_bytes(key);
    WMBT_ASSERT(at < front + WMBT_OBJKEY_ROOT_BYTES);
    if (at >= front) {
        return (uint8_t)WMBT_OBJKEY_ROOT[at - front];
    }
    if (at < key->prefix.len) {
        return key->prefix.data[at];
    }
    at -= key->prefix.len;
    return at == 0u ? (uint8_t)'/' : key->name_space.data[at - 1u];
}

/* True if WMBT_OBJKEY_ROOT begins nowhere before its place. */
static bool wmbt_objkey_root_is_first(const wmbt_objkey *key)
{
    for (size_t at = 0; at < wmbt_objkey_front_bytes(key); at++) {
        size_t same = 0;
        while (same < WMBT_OBJKEY_ROOT_BYTES &&
               wmbt_objkey_byte(key, at + same) == (uint8_t)WMBT_OBJKEY_ROOT[same]) {
            same++;
        }
        if (same == WMBT_OBJKEY_ROOT_BYTES) {
            return false;
        }
    }
    return true;
}

static wmbt_status wmbt_objkey_check(const wmbt_objkey *key, uint32_t flags)
{
    const wmbt_view prefix = key->prefix;
    const wmbt_view name_space = key->name_space;
    if (wmbt_view_is_bad(prefix) || wmbt_view_is_bad(name_space) ||
        (flags & ~WMBT_OBJKEY_COMPAT_SPLIT) != 0u || key->has_model > 1u ||
        (key->kind != WMBT_OBJKEY_BLOCK && key->kind != WMBT_OBJKEY_RAW_TAIL)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (prefix.len == 0u || prefix.len > WMBT_OBJKEY_MAX_BYTES ||
        name_space.len > WMBT_OBJKEY_MAX_BYTES || !wmbt_text_is_utf8_without_nul(prefix) ||
        !wmbt_text_is_utf8_without_nul(name_space) || !wmbt_objkey_model_allowed(key) ||
        !wmbt_objkey_root_is_first(key)) {
        return WMBT_NOT_REPRESENTABLE;
    }
    if ((flags & WMBT_OBJKEY_COMPAT_SPLIT) == 0u && !wmbt_objkey_is_split(key)) {
        return WMBT_NOT_REPRESENTABLE;
    }
    return WMBT_OK;
}

/* Copies bytes to `to`; returns where they end. */
static uint8_t *wmbt_objkey_append(uint8_t *to, const void *from, size_t bytes)
{
    wmbt_bytes_copy(to, (const uint8_t *)from, bytes);
    return to + bytes;
}

wmbt_status wmbt_objkey_build(const wmbt_objkey *key, uint32_t flags, wmbt_buf out, size_t *len)
{
    if (wmbt_buf_is_bad(out)) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_status status = wmbt_objkey_check(key, flags);
    if (status != WMBT_OK) {
        return status;
    }
    const bool block = key->kind == WMBT_OBJKEY_BLOCK;
    const char *path = block ? WMBT_OBJKEY_BLOCK_PATH : WMBT_OBJKEY_RAW_TAIL_PATH;
    const size_t path_bytes =
        (block ? sizeof(WMBT_OBJKEY_BLOCK_PATH) : sizeof(WMBT_OBJKEY_RAW_TAIL_PATH)) - 1u;
    size_t bytes = wmbt_objkey_front_bytes(key) + WMBT_OBJKEY_ROOT_BYTES + path_bytes +
                   WMBT_OBJKEY_HASH_MARK_BYTES + WMBT_BLOCK_HASH_HEX_BYTES;
    if (key->has_model != 0u) {
        bytes += WMBT_OBJKEY_MODEL_BYTES;
    }
    if (bytes > WMBT_OBJKEY_MAX_BYTES) {
        return WMBT_NOT_REPRESENTABLE;
    }
    if (bytes > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    uint8_t *to = wmbt_objkey_append(out.data, key->prefix.data, key->prefix.len);
    if (key->name_space.len != 0u) {
        *to++ = (uint8_t)'/';
        to = wmbt_objkey_append(to, key->name_space.data, key->name_space.len);
    }
    to = wmbt_objkey_append(to, WMBT_OBJKEY_ROOT, WMBT_OBJKEY_ROOT_BYTES);
    to = wmbt_objkey_append(to, path, path_bytes);
#    if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
    if (key->has_model != 0u) {
        to = wmbt_objkey_append(to, WMBT_OBJKEY_MODEL_MARK, WMBT_OBJKEY_MODEL_MARK_BYTES);
        wmbt_model_digest_to_hex(&key->model, to);
        to += WMBT_MODEL_DIGEST_HEX_BYTES;
        *to++ = (uint8_t)'/';
    }
#    endif
    to = wmbt_objkey_append(to, WMBT_OBJKEY_HASH_MARK, WMBT_OBJKEY_HASH_MARK_BYTES);
    wmbt_block_hash_to_hex(&key->hash, to);
    *len = bytes;
    return WMBT_OK;
}

/* Takes apart what stands before WMBT_OBJKEY_ROOT. */
static wmbt_status wmbt_objkey_parse_front(wmbt_view front, wmbt_view prefix, wmbt_objkey *key)
{
    size_t slash = prefix.len != 0u ? prefix.len : wmbt_text_find_last(front, (uint8_t)'/');
    if (slash == 0u || slash > front.len ||
        !wmbt_bytes_equal(front.data, prefix.data, prefix.len)) {
        return WMBT_BAD_SYNTAX;
    }
    key->prefix = wmbt_view_of(front.data, slash);
    if (slash == front.len) {
        return WMBT_OK;
    }
    if (front.data[slash] != (uint8_t)'/' || slash + 1u == front.len) {
        return WMBT_BAD_SYNTAX;
    }
    key->name_space = wmbt_view_of(front.data + slash + 1u, front.len - slash - 1u);
    return WMBT_OK;
}

/* Takes apart what follows WMBT_OBJKEY_ROOT. */
static wmbt_status wmbt_objkey_parse_rest(wmbt_view rest, bool upper, wmbt_objkey *key)
{
    wmbt_cursor c = wmbt_cursor_of(rest);
    if (wmbt_cursor_expect(&c, WMBT_VIEW_LITERAL(WMBT_OBJKEY_BLOCK_PATH))) {
        key->kind = WMBT_OBJKEY_BLOCK;
#    if WMBT_CFG_EXPERIMENTAL_MODEL_KEYS
        wmbt_status status = wmbt_objkey_take_model(&c, upper, key);
        if (status != WMBT_OK) {
            return status;
        }
#    endif
    } else if (wmbt_cursor_expect(&c, WMBT_VIEW_LITERAL(WMBT_OBJKEY_RAW_TAIL_PATH))) {
        key->kind = WMBT_OBJKEY_RAW_TAIL;
    } else {
        return WMBT_BAD_SYNTAX;
    }
    if (!wmbt_cursor_expect(&c, WMBT_VIEW_LITERAL(WMBT_OBJKEY_HASH_MARK))) {
        return WMBT_BAD_SYNTAX;
    }
    return wmbt_text_unhex(wmbt_view_of(c.data, c.left), upper, key->hash.bytes,
                           WMBT_BLOCK_HASH_BYTES);
}

wmbt_status wmbt_objkey_parse(wmbt_view text, wmbt_view prefix, uint32_t flags, wmbt_objkey *key)
{
    if (wmbt_view_is_bad(text) || wmbt_view_is_bad(prefix) ||
        (flags & ~WMBT_OBJKEY_COMPAT_UPPER) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (text.len > WMBT_OBJKEY_MAX_BYTES) {
        return WMBT_TOO_LARGE;
    }
    if (!wmbt_text_is_utf8_without_nul(text)) {
        return WMBT_BAD_TEXT;
    }
    size_t at = wmbt_objkey_find_root(text);
    if (at == text.len) {
        return WMBT_BAD_SYNTAX;
    }
    wmbt_objkey found;
    wmbt_bytes_fill((uint8_t *)&found, 0, sizeof found);
    wmbt_status status = wmbt_objkey_parse_front(wmbt_view_of(text.data, at), prefix, &found);
    if (status == WMBT_OK) {
        size_t after = at + WMBT_OBJKEY_ROOT_BYTES;
        status = wmbt_objkey_parse_rest(wmbt_view_of(text.data + after, text.len - after),
                                        (flags & WMBT_OBJKEY_COMPAT_UPPER) != 0u, &found);
    }
    if (status == WMBT_OK) {
        WMBT_COPY_STRUCT(key, &found);
    }
    return status;
}

#endif
