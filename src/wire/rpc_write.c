/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and payloads of the daemon, written. docs/FORMATS.md, "RPC bodies". */
#include "wombatkv/rpc.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/text.h"
#include "wire/rpc_format.h"

#if WMBT_CFG_RPC && WMBT_CFG_WRITERS

/* The longest text, and bits of the length of an archive: its offsets have as many. */
#    define WMBT_RPC_MAX_TEXT_BYTES 0x3FFFFFFFu
#    define WMBT_RPC_ARCHIVE_BITS 31u

/* --- archives --------------------------------------------------------------------------------- */

/* What is referred to is written first, each part in the order of its fields, then the root. Places
 * are counted from the beginning of what is written: there an archive begins, or behind a mark that
 * keeps its alignment. */
static uint32_t wmbt_rpc_here(const wmbt_writer *x)
{
    return (uint32_t)x->needed;
}

static void wmbt_rpc_zeros(wmbt_writer *x, uint32_t count)
{
    while (count-- != 0u) {
        wmbt_writer_u8(x, 0);
    }
}

static void wmbt_rpc_align(wmbt_writer *x, uint32_t alignment)
{
    wmbt_rpc_zeros(x, (0u - wmbt_rpc_here(x)) & (alignment - 1u));
}

static bool wmbt_rpc_is_inline(wmbt_view text)
{
    return text.len <= WMBT_RPC_INLINE_BYTES;
}

/* What takes a text by value is not inlined: GCC for Cortex-M0+ would copy it by memcpy. */

/* The bytes of a text that do not stand in its place; returns where. */
static WMBT_NOINLINE uint32_t wmbt_rpc_put_text(wmbt_writer *x, wmbt_view text)
{
    const uint32_t at = wmbt_rpc_here(x);
    if (!wmbt_rpc_is_inline(text)) {
        wmbt_writer_bytes(x, text);
    }
    return at;
}

static uint32_t wmbt_rpc_put_bytes(wmbt_writer *x, wmbt_view bytes)
{
    const uint32_t at = wmbt_rpc_here(x);
    wmbt_writer_bytes(x, bytes);
    return at;
}

/* The form of a text whose bytes stand at `at`. */
static WMBT_NOINLINE void wmbt_rpc_put_text_form(wmbt_writer *x, wmbt_view text, uint32_t at)
{
    if (wmbt_rpc_is_inline(text)) {
        wmbt_writer_bytes(x, text);
        for (size_t i = text.len; i < WMBT_RPC_INLINE_BYTES; i++) {
            wmbt_writer_u8(x, 0xFF);
        }
        return;
    }
    const uint32_t here = wmbt_rpc_here(x), len = (uint32_t)text.len;
    wmbt_writer_u32(x, (len & 0x3Fu) | 0x80u | (len & ~UINT32_C(0x3F)) << 2);
    wmbt_writer_u32(x, at - here);
}

/* The form of a list whose elements stand at `at`. */
static void wmbt_rpc_put_list_form(wmbt_writer *x, uint32_t count, uint32_t at)
{
    const uint32_t here = wmbt_rpc_here(x);
    wmbt_writer_u32(x, at - here);
    wmbt_writer_u32(x, count);
}

/* The elements of a list, and the table of them; returns where the table stands. */
static uint32_t wmbt_rpc_put_table(wmbt_writer *x, const wmbt_view *element, uint32_t count,
                                   bool texts)
{
    uint32_t at = wmbt_rpc_here(x);
    for (uint32_t i = 0; i < count; i++) {
        (void)(texts ? wmbt_rpc_put_text(x, element[i]) : wmbt_rpc_put_bytes(x, element[i]));
    }
    wmbt_rpc_align(x, 4);
    const uint32_t table = wmbt_rpc_here(x);
    for (uint32_t i = 0; i < count; i++) {
        if (texts) {
            wmbt_rpc_put_text_form(x, element[i], at);
            at += wmbt_rpc_is_inline(element[i]) ? 0u : (uint32_t)element[i].len;
        } else {
            wmbt_rpc_put_list_form(x, (uint32_t)element[i].len, at);
            at += (uint32_t)element[i].len;
        }
    }
    return table;
}

/* --- what may be written ---------------------------------------------------------------------- */

static WMBT_NOINLINE wmbt_status wmbt_rpc_check_text(wmbt_view text, uint64_t *sum)
{
    if (wmbt_view_is_bad(text)) {
        return WMBT_BAD_ARGUMENT;
    }
    *sum += text.len;
    if (text.len > WMBT_RPC_MAX_TEXT_BYTES || *sum >> WMBT_RPC_ARCHIVE_BITS != 0u) {
        return WMBT_TOO_LARGE;
    }
    return wmbt_text_is_utf8(text) ? WMBT_OK : WMBT_BAD_TEXT;
}

static wmbt_status wmbt_rpc_check_bytes(wmbt_view bytes, uint64_t *sum)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (bytes.len >> WMBT_RPC_ARCHIVE_BITS != 0u) {
        return WMBT_TOO_LARGE;
    }
    *sum += bytes.len;
    return *sum >> WMBT_RPC_ARCHIVE_BITS != 0u ? WMBT_TOO_LARGE : WMBT_OK;
}

static wmbt_status wmbt_rpc_check_list(const wmbt_view *element, uint32_t count, bool texts,
                                       uint64_t *sum)
{
    wmbt_status status = element == NULL && count != 0u ? WMBT_BAD_ARGUMENT : WMBT_OK;
    for (uint32_t i = 0; i < count && status == WMBT_OK; i++) {
        *sum += WMBT_RPC_FORM_BYTES;
        status =
            texts ? wmbt_rpc_check_text(element[i], sum) : wmbt_rpc_check_bytes(element[i], sum);
    }
    return status;
}

static wmbt_status wmbt_rpc_begin(wmbt_writer *x, wmbt_buf out)
{
    *x = wmbt_writer_of(out);
    return wmbt_buf_is_bad(out) ? WMBT_BAD_ARGUMENT : WMBT_OK;
}

static wmbt_status wmbt_rpc_end(const wmbt_writer *x, size_t *needed)
{
    *needed = x->needed;
    return wmbt_writer_fits(x) ? WMBT_OK : WMBT_BUFFER_TOO_SMALL;
}

/* --- requests and responses ------------------------------------------------------------------- */

wmbt_status wmbt_rpc_write_request(const wmbt_rpc_request *request, wmbt_buf out, size_t *needed)
{
    wmbt_writer x;
    uint64_t sum = WMBT_RPC_REQUEST_BYTES + 8u;
    wmbt_status status = wmbt_rpc_begin(&x, out);
    status = status == WMBT_OK ? wmbt_rpc_check_text(request->space, &sum) : status;
    status = status == WMBT_OK ? wmbt_rpc_check_text(request->key, &sum) : status;
    status = status == WMBT_OK ? wmbt_rpc_check_bytes(request->payload, &sum) : status;
    if (status != WMBT_OK) {
        return status;
    }
    const uint32_t space = wmbt_rpc_put_text(&x, request->space);
    const uint32_t key = wmbt_rpc_put_text(&x, request->key);
    const uint32_t payload = wmbt_rpc_put_bytes(&x, request->payload);
    wmbt_rpc_align(&x, 8);
    wmbt_writer_u64(&x, request->id);
    wmbt_writer_u32(&x, request->op);
    wmbt_rpc_put_text_form(&x, request->space, space);
    wmbt_rpc_put_text_form(&x, request->key, key);
    wmbt_rpc_put_list_form(&x, (uint32_t)request->payload.len, payload);
    wmbt_writer_u32(&x, 0);
    return wmbt_rpc_end(&x, needed);
}

wmbt_status wmbt_rpc_write_response(const wmbt_rpc_response *response, wmbt_buf out, size_t *needed)
{
    wmbt_writer x;
    uint64_t sum = WMBT_RPC_RESPONSE_BYTES + 8u;
    wmbt_status status = wmbt_rpc_begin(&x, out);
    status = status == WMBT_OK ? wmbt_rpc_check_bytes(response->payload, &sum) : status;
    status = status == WMBT_OK ? wmbt_rpc_check_text(response->message, &sum) : status;
    if (status != WMBT_OK) {
        return status;
    }
    const uint32_t payload = wmbt_rpc_put_bytes(&x, response->payload);
    const uint32_t message = wmbt_rpc_put_text(&x, response->message);
    wmbt_rpc_align(&x, 8);
    wmbt_writer_u64(&x, response->id);
    wmbt_writer_u32(&x, response->status | (uint32_t)response->op << 8);
    wmbt_rpc_put_list_form(&x, (uint32_t)response->payload.len, payload);
    wmbt_rpc_put_text_form(&x, response->message, message);
    wmbt_writer_u32(&x, 0);
    return wmbt_rpc_end(&x, needed);
}

/* --- block operations ------------------------------------------------------------------------- */

static wmbt_status wmbt_rpc_check_blocks(const wmbt_rpc_blocks_source *s, const wmbt_rpc_form *form)
{
    uint64_t sum = WMBT_RPC_MARK_BYTES + 32u;
    wmbt_status status = WMBT_OK;
    if (form == NULL || (form->number_bytes == 4u && s->number > UINT32_MAX)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (form->space != WMBT_RPC_NONE) {
        status = wmbt_rpc_check_text(s->space, &sum);
        status =
            status == WMBT_OK ? wmbt_rpc_check_list(s->hashes, s->hash_count, true, &sum) : status;
    }
    if (status == WMBT_OK && form->payloads != WMBT_RPC_NONE) {
        status = wmbt_rpc_check_list(s->payloads, s->payload_count, false, &sum);
        if (status == WMBT_OK && form->space != WMBT_RPC_NONE &&
            s->payload_count != s->hash_count) {
            status = WMBT_BAD_COUNT;
        }
    }
    if (status == WMBT_OK && form->error_tag != WMBT_RPC_NONE) {
        status = wmbt_rpc_check_text(s->error, &sum);
    }
    return status;
}

/* Zeros up to a field of the root; the tag of one that is there. */
static void wmbt_rpc_put_field(wmbt_writer *x, uint32_t root, uint32_t at)
{
    wmbt_rpc_zeros(x, root + at - wmbt_rpc_here(x));
}

static void wmbt_rpc_put_tag(wmbt_writer *x, uint32_t root, uint32_t at)
{
    wmbt_rpc_put_field(x, root, at);
    wmbt_writer_u8(x, 1);
}

/* Where the parts of a payload stand. */
typedef struct wmbt_rpc_parts {
    uint32_t space;
    uint32_t hashes;
    uint32_t payloads;
    uint32_t error;
} wmbt_rpc_parts;

static bool wmbt_rpc_has_payloads(const wmbt_rpc_blocks_source *s, const wmbt_rpc_form *form)
{
    return form->payloads != WMBT_RPC_NONE &&
           (form->payloads_tag == WMBT_RPC_NONE || s->has_payloads);
}

static bool wmbt_rpc_has_error(const wmbt_rpc_blocks_source *s, const wmbt_rpc_form *form)
{
    return form->error_tag != WMBT_RPC_NONE && s->error.data != NULL;
}

static void wmbt_rpc_put_root(wmbt_writer *x, const wmbt_rpc_blocks_source *s,
                              const wmbt_rpc_form *form, const wmbt_rpc_parts *at)
{
    const uint32_t root = wmbt_rpc_here(x);
    if (form->number_bytes != 0u) {
        wmbt_writer_u32(x, (uint32_t)s->number);
    }
    if (form->number_bytes == 8u) {
        wmbt_writer_u32(x, (uint32_t)(s->number >> 32));
    }
    if (form->space != WMBT_RPC_NONE) {
        wmbt_rpc_put_text_form(x, s->space, at->space);
        wmbt_rpc_put_list_form(x, s->hash_count, at->hashes);
    }
    if (wmbt_rpc_has_payloads(s, form)) {
        if (form->payloads_tag != WMBT_RPC_NONE) {
            wmbt_rpc_put_tag(x, root, form->payloads_tag);
        }
        wmbt_rpc_put_field(x, root, form->payloads);
        wmbt_rpc_put_list_form(x, s->payload_count, at->payloads);
    }
    if (wmbt_rpc_has_error(s, form)) {
        wmbt_rpc_put_tag(x, root, form->error_tag);
        wmbt_rpc_put_field(x, root, form->error_tag + 4u);
        wmbt_rpc_put_text_form(x, s->error, at->error);
    }
    wmbt_rpc_put_field(x, root, form->root);
}

wmbt_status wmbt_rpc_write_blocks(const wmbt_rpc_blocks_source *source, uint32_t kind, wmbt_buf out,
                                  size_t *needed)
{
    const wmbt_rpc_form *form = wmbt_rpc_form_of(kind);
    wmbt_writer x;
    wmbt_rpc_parts at;
    wmbt_status status = wmbt_rpc_begin(&x, out);
    status = status == WMBT_OK ? wmbt_rpc_check_blocks(source, form) : status;
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_writer_bytes(&x, wmbt_view_of(form->mark, WMBT_RPC_MARK_BYTES));
    at.space = 0;
    at.hashes = 0;
    at.payloads = 0;
    at.error = 0;
    if (form->space != WMBT_RPC_NONE) {
        at.space = wmbt_rpc_put_text(&x, source->space);
        at.hashes = wmbt_rpc_put_table(&x, source->hashes, source->hash_count, true);
    }
    if (wmbt_rpc_has_payloads(source, form)) {
        at.payloads = wmbt_rpc_put_table(&x, source->payloads, source->payload_count, false);
    }
    if (wmbt_rpc_has_error(source, form)) {
        at.error = wmbt_rpc_put_text(&x, source->error);
    }
    wmbt_rpc_align(&x, form->alignment);
    wmbt_rpc_put_root(&x, source, form, &at);
    return wmbt_rpc_end(&x, needed);
}

/* --- batches ---------------------------------------------------------------------------------- */

wmbt_status wmbt_rpc_write_keys(const wmbt_view *keys, uint32_t count, wmbt_buf out, size_t *needed)
{
    wmbt_writer x;
    uint64_t sum = 20;
    wmbt_status status = wmbt_rpc_begin(&x, out);
    status = status == WMBT_OK ? wmbt_rpc_check_list(keys, count, true, &sum) : status;
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_writer_bytes(&x, WMBT_RPC_KEYS_MARK);
    wmbt_writer_u32(&x, count);
    for (uint32_t i = 0; i < count; i++) {
        wmbt_writer_u32(&x, (uint32_t)keys[i].len);
        wmbt_writer_bytes(&x, keys[i]);
    }
    return wmbt_rpc_end(&x, needed);
}

wmbt_status wmbt_rpc_write_bytes(const wmbt_view *items, uint32_t count, wmbt_buf out,
                                 size_t *needed)
{
    wmbt_writer x;
    uint64_t sum = 21;
    wmbt_status status = wmbt_rpc_begin(&x, out);
    status = status == WMBT_OK ? wmbt_rpc_check_list(items, count, false, &sum) : status;
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_writer_bytes(&x, WMBT_RPC_BYTES_MARK);
    wmbt_writer_u32(&x, count);
    for (uint32_t i = 0; i < count; i++) {
        wmbt_writer_u32(&x, (uint32_t)items[i].len);
    }
    for (uint32_t i = 0; i < count; i++) {
        wmbt_writer_bytes(&x, items[i]);
    }
    return wmbt_rpc_end(&x, needed);
}

#endif
