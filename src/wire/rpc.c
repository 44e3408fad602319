/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and payloads of the daemon, read. docs/FORMATS.md, "RPC bodies". */
#include "wombatkv/rpc.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "base/text.h"
#include "wire/rpc_format.h"

#if WMBT_CFG_RPC

/* --- archives --------------------------------------------------------------------------------- */

/*
 * An archive is read from its root, which stands at its end. What the root and the tables refer to
 * must ascend: of the bytes from `low` to `high` nothing has been referred to, and what a place
 * refers to lies before it.
 */
typedef struct wmbt_rpc_archive {
    wmbt_view bytes;
    uint64_t low;
    uint64_t high;
    wmbt_status status; /* the first that is not ok */
} wmbt_rpc_archive;

static bool wmbt_rpc_fail(wmbt_rpc_archive *x, wmbt_status status)
{
    if (x->status == WMBT_OK) {
        x->status = status;
    }
    return false;
}

/* Claims n bytes at a place; what they refer to lies before them until wmbt_rpc_leave(). */
static bool wmbt_rpc_enter(wmbt_rpc_archive *x, uint64_t at, uint64_t n, uint32_t alignment)
{
    WMBT_ASSERT(x->status == WMBT_OK);
    if (at < x->low || at > x->high || n > x->high - at || (at & (alignment - 1u)) != 0u) {
        return wmbt_rpc_fail(x, WMBT_BAD_OFFSET);
    }
    x->high = at;
    return true;
}

static void wmbt_rpc_leave(wmbt_rpc_archive *x, uint64_t end, uint64_t high)
{
    x->low = end;
    x->high = high;
}

static uint32_t wmbt_rpc_u32(const wmbt_rpc_archive *x, uint64_t at)
{
    return wmbt_load_le32(x->bytes.data + (size_t)at);
}

/* Where the number at `at` refers to, counted from `from`; a place before the archive's beginning
 * is one behind its end. */
static uint64_t wmbt_rpc_place(uint64_t from, uint32_t offset)
{
    const uint64_t back = UINT64_C(0x100000000) - offset;
    if (offset <= INT32_MAX) {
        return from + offset;
    }
    return back <= from ? from - back : UINT64_MAX;
}

/* The text whose form stands at `at`: in its place, or where it refers to. False if it is none. */
static bool wmbt_rpc_text_at(wmbt_view archive, uint64_t at, uint64_t *place, uint64_t *len)
{
    const uint8_t *p = archive.data + (size_t)at;
    if ((p[0] & 0xC0u) != 0x80u) {
        *place = at;
        for (*len = 0; *len < WMBT_RPC_INLINE_BYTES && p[*len] != 0xFFu;) {
            ++*len;
        }
        return true;
    }
    const uint32_t split = wmbt_load_le32(p);
    *len = (split & 0x3Fu) | (split & ~UINT32_C(0xFF)) >> 2;
    *place = wmbt_rpc_place(at, wmbt_load_le32(p + 4));
    return *len > WMBT_RPC_INLINE_BYTES;
}

static void wmbt_rpc_text(wmbt_rpc_archive *x, uint64_t at, wmbt_view *text)
{
    uint64_t place, len, high = x->high;
    if (x->status != WMBT_OK) {
        return;
    }
    if (!wmbt_rpc_text_at(x->bytes, at, &place, &len)) {
        (void)wmbt_rpc_fail(x, WMBT_BAD_LENGTH);
        return;
    }
    if (place != at) {
        if (!wmbt_rpc_enter(x, place, len, 1)) {
            return;
        }
        wmbt_rpc_leave(x, place + len, high);
    }
    wmbt_view_set(text, wmbt_view_of(x->bytes.data + (size_t)place, (size_t)len));
    if (!wmbt_text_is_utf8(*text)) {
        (void)wmbt_rpc_fail(x, WMBT_BAD_TEXT);
    }
}

/* The byte list whose form stands at `at`. */
static void wmbt_rpc_byte_list(wmbt_rpc_archive *x, uint64_t at, wmbt_view *bytes)
{
    if (x->status != WMBT_OK) {
        return;
    }
    const uint64_t high = x->high;
    const uint64_t place = wmbt_rpc_place(at, wmbt_rpc_u32(x, at));
    const uint32_t len = wmbt_rpc_u32(x, at + 4u);
    if (wmbt_rpc_enter(x, place, len, 1)) {
        wmbt_rpc_leave(x, place + len, high);
        wmbt_view_set(bytes, wmbt_view_of(x->bytes.data + (size_t)place, len));
    }
}

/* The list whose form stands at `at`, with all that its elements refer to. */
static void wmbt_rpc_table(wmbt_rpc_archive *x, uint64_t at, bool texts, wmbt_rpc_list *list)
{
    if (x->status != WMBT_OK) {
        return;
    }
    const uint64_t high = x->high;
    const uint64_t place = wmbt_rpc_place(at, wmbt_rpc_u32(x, at));
    const uint32_t count = wmbt_rpc_u32(x, at + 4u);
    const uint64_t bytes = (uint64_t)count << 3;
    if (!wmbt_rpc_enter(x, place, bytes, 4)) {
        return;
    }
    for (uint32_t i = 0; i < count && x->status == WMBT_OK; i++) {
        wmbt_view element;
        if (texts) {
            wmbt_rpc_text(x, place + ((uint64_t)i << 3), &element);
        } else {
            wmbt_rpc_byte_list(x, place + ((uint64_t)i << 3), &element);
        }
    }
    wmbt_rpc_leave(x, place + bytes, high);
    list->count = count;
    list->texts = texts;
    list->at = (size_t)place;
    wmbt_view_set(&list->archive, x->bytes);
}

/* The root, of so many bytes; false if there is none. */
static bool wmbt_rpc_open(wmbt_rpc_archive *x, wmbt_view bytes, uint32_t root, uint32_t alignment,
                          uint64_t *at)
{
    wmbt_view_set(&x->bytes, bytes);
    x->low = 0;
    x->high = bytes.len;
    x->status = bytes.len < root ? WMBT_TRUNCATED : WMBT_OK;
    if (x->status != WMBT_OK) {
        return false;
    }
    *at = bytes.len - root;
    return wmbt_rpc_enter(x, *at, root, alignment);
}

/* --- requests and responses ------------------------------------------------------------------- */

wmbt_status wmbt_rpc_read_request(wmbt_view body, wmbt_rpc_request *request)
{
    wmbt_rpc_archive x;
    wmbt_rpc_request found;
    uint64_t at;
    if (wmbt_view_is_bad(body)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_rpc_open(&x, body, WMBT_RPC_REQUEST_BYTES, 8, &at)) {
        return x.status;
    }
    const uint8_t *root = body.data + (size_t)at;
    found.id = wmbt_load_le64(root);
    found.op = root[8];
    wmbt_rpc_text(&x, at + 12u, &found.space);
    wmbt_rpc_text(&x, at + 20u, &found.key);
    wmbt_rpc_byte_list(&x, at + 28u, &found.payload);
    if (x.status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)request, (const uint8_t *)&found, sizeof found);
    }
    return x.status;
}

wmbt_status wmbt_rpc_read_response(wmbt_view body, wmbt_rpc_response *response)
{
    wmbt_rpc_archive x;
    wmbt_rpc_response found;
    uint64_t at;
    if (wmbt_view_is_bad(body)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (!wmbt_rpc_open(&x, body, WMBT_RPC_RESPONSE_BYTES, 8, &at)) {
        return x.status;
    }
    const uint8_t *root = body.data + (size_t)at;
    found.id = wmbt_load_le64(root);
    found.status = root[8];
    found.op = root[9];
    wmbt_rpc_byte_list(&x, at + 12u, &found.payload);
    wmbt_rpc_text(&x, at + 20u, &found.message);
    if (x.status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)response, (const uint8_t *)&found, sizeof found);
    }
    return x.status;
}

/* --- block operations ------------------------------------------------------------------------- */

const wmbt_rpc_form *wmbt_rpc_form_of(uint32_t kind)
{
    enum { NONE = WMBT_RPC_NONE };
    static const wmbt_rpc_form forms[] = {
        {"WMBT_LBP_REQ", 16, 4, 0, 0, 8, NONE, NONE, NONE},
        {"WMBT_LBP_RES", 16, 4, 4, NONE, NONE, NONE, NONE, 4},
        {"WMBT_GBB_REQ", 16, 4, 0, 0, 8, NONE, NONE, NONE},
        {"WMBT_GBB_RES", 24, 4, 0, NONE, NONE, 0, 4, 12},
        {"WMBT_PBB_REQ", 24, 4, 0, 0, 8, NONE, 16, NONE},
        {"WMBT_PBB_RES", 24, 8, 8, NONE, NONE, NONE, NONE, 8},
    };
    return kind - 1u < sizeof forms / sizeof forms[0] ? &forms[kind - 1u] : NULL;
}

/* Whether what has its tag at `at` is there. */
static bool wmbt_rpc_is_there(wmbt_rpc_archive *x, uint64_t at)
{
    const uint8_t tag = x->bytes.data[(size_t)at];
    if (tag > 1u) {
        return wmbt_rpc_fail(x, WMBT_BAD_TAG);
    }
    return tag != 0u;
}

/* The fields of a root, in their order. */
static void wmbt_rpc_fields(wmbt_rpc_archive *x, const wmbt_rpc_form *form, uint64_t at,
                            wmbt_rpc_blocks *found)
{
    if (form->number_bytes != 0u) {
        found->number = wmbt_rpc_u32(x, at);
    }
    if (form->number_bytes == 8u) {
        found->number |= (uint64_t)wmbt_rpc_u32(x, at + 4u) << 32;
    }
    if (form->space != WMBT_RPC_NONE) {
        wmbt_rpc_text(x, at + form->space, &found->space);
        wmbt_rpc_table(x, at + form->hashes, true, &found->hashes);
    }
    if (form->payloads != WMBT_RPC_NONE) {
        found->has_payloads =
            form->payloads_tag == WMBT_RPC_NONE || wmbt_rpc_is_there(x, at + form->payloads_tag);
        if (found->has_payloads) {
            wmbt_rpc_table(x, at + form->payloads, false, &found->payloads);
        }
    }
    if (form->error_tag != WMBT_RPC_NONE && wmbt_rpc_is_there(x, at + form->error_tag)) {
        wmbt_rpc_text(x, at + form->error_tag + 4u, &found->error);
    }
}

wmbt_status wmbt_rpc_read_blocks(wmbt_view payload, uint32_t kind, wmbt_rpc_blocks *blocks)
{
    const wmbt_rpc_form *form = wmbt_rpc_form_of(kind);
    wmbt_rpc_archive x;
    wmbt_rpc_blocks found;
    uint64_t at;
    if (form == NULL || wmbt_view_is_bad(payload)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (payload.len < WMBT_RPC_MARK_BYTES ||
        !wmbt_bytes_equal(payload.data, (const uint8_t *)form->mark, WMBT_RPC_MARK_BYTES)) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_bytes_fill((uint8_t *)&found, 0, sizeof found);
    if (wmbt_rpc_open(
            &x, wmbt_view_of(payload.data + WMBT_RPC_MARK_BYTES, payload.len - WMBT_RPC_MARK_BYTES),
            form->root, form->alignment, &at)) {
        wmbt_rpc_fields(&x, form, at, &found);
    }
    if (x.status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)blocks, (const uint8_t *)&found, sizeof found);
    }
    return x.status;
}

wmbt_status wmbt_rpc_list_get(const wmbt_rpc_list *list, uint32_t index, wmbt_view *element)
{
    wmbt_view found;
    uint64_t at = list->at, place, len;
    if (index >= list->count) {
        return WMBT_END;
    }
    at += (uint64_t)index << 3;
    if (list->texts != 0u) {
        (void)wmbt_rpc_text_at(list->archive, at, &place, &len);
    } else {
        const uint8_t *p = list->archive.data + (size_t)at;
        place = wmbt_rpc_place(at, wmbt_load_le32(p));
        len = wmbt_load_le32(p + 4);
    }
    if (!wmbt_view_slice(list->archive, place, len, &found)) {
        return WMBT_BAD_OFFSET;
    }
    wmbt_view_set(element, found);
    return WMBT_OK;
}

/* --- batches ---------------------------------------------------------------------------------- */

static bool wmbt_rpc_next_key(wmbt_cursor *c, wmbt_view *key)
{
    uint32_t len;
    return wmbt_cursor_u32(c, &len) && wmbt_cursor_bytes(c, len, key);
}

/* Mark and count; the cursor then stands behind them. */
static wmbt_status wmbt_rpc_begin_batch(wmbt_view payload, wmbt_view mark, wmbt_cursor *c,
                                        wmbt_rpc_batch *found)
{
    if (wmbt_view_is_bad(payload)) {
        return WMBT_BAD_ARGUMENT;
    }
    *c = wmbt_cursor_of(payload);
    if (!wmbt_cursor_expect(c, mark)) {
        return WMBT_BAD_MAGIC;
    }
    found->taken = 0;
    wmbt_view_set(&found->lengths, wmbt_view_of(NULL, 0));
    return wmbt_cursor_u32(c, &found->count) ? WMBT_OK : WMBT_TRUNCATED;
}

wmbt_status wmbt_rpc_read_keys(wmbt_view payload, wmbt_rpc_batch *batch)
{
    wmbt_cursor c;
    wmbt_rpc_batch found;
    wmbt_status status = wmbt_rpc_begin_batch(payload, WMBT_RPC_KEYS_MARK, &c, &found);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_view_set(&found.rest, wmbt_view_of(c.data, c.left));
    for (uint32_t i = 0; i < found.count; i++) {
        wmbt_view key;
        if (!wmbt_rpc_next_key(&c, &key)) {
            return WMBT_TRUNCATED;
        }
        if (!wmbt_text_is_utf8(key)) {
            return WMBT_BAD_TEXT;
        }
    }
    if (c.left != 0u) {
        return WMBT_TRAILING_BYTES;
    }
    wmbt_bytes_copy((uint8_t *)batch, (const uint8_t *)&found, sizeof found);
    return WMBT_OK;
}

wmbt_status wmbt_rpc_read_bytes(wmbt_view payload, wmbt_rpc_batch *batch)
{
    wmbt_cursor c;
    wmbt_rpc_batch found;
    wmbt_status status = wmbt_rpc_begin_batch(payload, WMBT_RPC_BYTES_MARK, &c, &found);
    if (status != WMBT_OK) {
        return status;
    }
    if (!wmbt_cursor_bytes(&c, (uint64_t)found.count << 2, &found.lengths)) {
        return WMBT_TRUNCATED;
    }
    wmbt_view_set(&found.rest, wmbt_view_of(c.data, c.left));
    for (size_t at = 0; at < found.lengths.len; at += 4u) {
        if (!wmbt_cursor_skip(&c, wmbt_load_le32(found.lengths.data + at))) {
            return WMBT_BAD_LENGTH;
        }
    }
    if (c.left != 0u) {
        return WMBT_BAD_LENGTH;
    }
    wmbt_bytes_copy((uint8_t *)batch, (const uint8_t *)&found, sizeof found);
    return WMBT_OK;
}

wmbt_status wmbt_rpc_batch_next(wmbt_rpc_batch *batch, wmbt_view *element)
{
    wmbt_cursor c = wmbt_cursor_of(batch->rest);
    if (batch->taken >= batch->count) {
        return WMBT_END;
    }
    if (batch->lengths.data != NULL) { /* `count` of them */
        const size_t at = (size_t)batch->taken << 2;
        WMBT_ASSERT(at < batch->lengths.len);
        if (!wmbt_cursor_bytes(&c, wmbt_load_le32(batch->lengths.data + at), element)) {
            return WMBT_TRUNCATED;
        }
    } else if (!wmbt_rpc_next_key(&c, element)) {
        return WMBT_TRUNCATED;
    }
    wmbt_view_set(&batch->rest, wmbt_view_of(c.data, c.left));
    batch->taken++;
    return WMBT_OK;
}

#endif
