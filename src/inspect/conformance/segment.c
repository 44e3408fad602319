/* SPDX-License-Identifier: Apache-2.0 */
/* Files of segments. The library reads as upstream does: WMBT_SEGMENT_COMPAT. */
#include "conformance/rows.h"
#include "wombatkv/segment.h"

#if WMBT_CFG_SEGMENT && WMBT_CFG_WRITERS

static const struct kit_word words[] = {
    {"ok", WMBT_OK},
    {"err:unexpected_eof", WMBT_TRUNCATED},
    {"err:invalid_magic", WMBT_BAD_MAGIC},
    {"err:checksum", WMBT_BAD_CHECKSUM},
    {"err:field_too_large", WMBT_TOO_LARGE},
    {"err:invalid_range", WMBT_BAD_ARGUMENT},
    {NULL, WMBT_OK},
};

/* --- whole segments --------------------------------------------------------------------------- */

static void segment_index(struct kit *k)
{
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    wmbt_segment_layout layout;
    wmbt_view object = kit_cell_bytes(k, "wire_hex");
    wmbt_status status = wmbt_segment_verify(object, WMBT_SEGMENT_COMPAT, &layout);
    kit_expect_word(k, "outcome", words, status);
    if (status != WMBT_OK) {
        return;
    }
    kit_text_begin(k);
    status = wmbt_segment_open(&index, object, WMBT_SEGMENT_COMPAT);
    while (status == WMBT_OK && (status = wmbt_segment_next(&index, &entry)) == WMBT_OK) {
        kit_comma(k);
        kit_put_bytes(k, entry.key);
        kit_put(k, ":");
        kit_put_number(k, entry.payload_offset);
        kit_put(k, ":");
        kit_put_number(k, entry.payload_bytes);
    }
    kit_expect_walked(k, "entries", status);
}

static void segment_footer(struct kit *k)
{
    wmbt_view footer = kit_cell_bytes(k, "wire_hex"), index = kit_cell_bytes(k, "aux_hex");
    uint32_t bytes = 0, sum = 0;
    wmbt_status status = wmbt_segment_read_footer(footer, index, WMBT_SEGMENT_COMPAT, &bytes, &sum);
    if (status == WMBT_BAD_LENGTH) {
        status = WMBT_TRUNCATED; /* of the index: upstream has one word for both */
    }
    kit_expect_word(k, "outcome", words, status);
    if (status == WMBT_OK) {
        kit_text_begin(k);
        kit_put_number(k, bytes);
        kit_put(k, ":");
        kit_put_number(k, sum);
        kit_expect(k, "entries", kit_text_end(k));
    }
}

static void segment_footer_encode(struct kit *k)
{
    uint8_t out[WMBT_SEGMENT_FOOTER_BYTES];
    wmbt_view fields = kit_cell(k, "entries");
    uint32_t bytes = (uint32_t)kit_number(k, kit_part(&fields, ':'));
    wmbt_segment_write_footer(bytes, (uint32_t)kit_number(k, fields), out);
    kit_expect_text(k, "outcome", "ok");
    kit_expect_hex(k, "wire_hex", wmbt_view_of(out, sizeof out));
}

/* The first field of an element. rep:BB:N is one field. */
static wmbt_view first_field(wmbt_view *rest)
{
    const uint8_t *from = rest->data;
    wmbt_view field = kit_part(rest, ':');
    if (kit_is(field, "rep")) {
        (void)kit_part(rest, ':');
        field = kit_part(rest, ':');
        field = wmbt_view_of(from, (size_t)(field.data - from) + field.len);
    }
    return field;
}

static void segment_encode(struct kit *k)
{
    wmbt_view list = kit_cell(k, "entries"), element;
    size_t count = 0, keys = 0, payloads = 0, written = 0;
    wmbt_segment_block *blocks = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *blocks);
    while (blocks != NULL && kit_element(&list, &element)) {
        blocks[count].key = kit_bytes(k, first_field(&element));
        blocks[count].payload = kit_bytes(k, element);
        keys += blocks[count].key.len;
        payloads += blocks[count].payload.len;
        count++;
    }
    const size_t room = WMBT_SEGMENT_BYTES(count, keys, payloads);
    uint8_t *out = kit_alloc(k, room);
    if (out == NULL) {
        return;
    }
    wmbt_status status = wmbt_segment_write(blocks, count, wmbt_buf_of(out, room), &written);
    kit_expect_word(k, "outcome", words, status);
    if (status == WMBT_OK) {
        kit_expect_hex(k, "wire_hex", wmbt_view_of(out, written));
    }
}

void kit_format_segment(struct kit *k)
{
    if (kit_cell_is(k, "op", "index")) {
        segment_index(k);
    } else if (kit_cell_is(k, "op", "footer")) {
        segment_footer(k);
    } else if (kit_cell_is(k, "op", "footer_encode")) {
        segment_footer_encode(k);
    } else if (kit_cell_is(k, "op", "encode")) {
        segment_encode(k);
    } else {
        kit_unknown(k, "unknown op");
    }
}

/* --- ranges of keys --------------------------------------------------------------------------- */

/* The entries of the range as a list; what a payload was refused with, or WMBT_OK. */
static wmbt_status put_range(struct kit *k, wmbt_segment_index *index, wmbt_view first,
                             wmbt_view last, const wmbt_segment_window *window, wmbt_view bytes)
{
    wmbt_segment_entry entry;
    wmbt_view payload;
    wmbt_status status = WMBT_OK;
    kit_text_begin(k);
    while (status == WMBT_OK && wmbt_segment_next(index, &entry) == WMBT_OK) {
        if (!wmbt_segment_in_range(entry.key, first, last)) {
            continue;
        }
        status = wmbt_segment_payload(&entry, window, bytes, &payload);
        if (status == WMBT_OK) {
            kit_comma(k);
            kit_put_bytes(k, entry.key);
            kit_put(k, ":");
            kit_put_bytes(k, payload);
        }
    }
    return status;
}

void kit_format_segment_range(struct kit *k)
{
    wmbt_view object = kit_cell_bytes(k, "wire_hex"), bytes = wmbt_view_of("", 0);
    wmbt_view first = kit_cell_bytes(k, "key_start_hex"), last = kit_cell_bytes(k, "key_end_hex");
    wmbt_segment_index index;
    wmbt_segment_window window;
    if (object.data == NULL) {
        kit_unknown(k, "no object: the library does not look for any");
        return;
    }
    wmbt_status status = wmbt_segment_open(&index, object, WMBT_SEGMENT_COMPAT);
    if (status == WMBT_OK) {
        status = wmbt_segment_select(&index, first, last, &window);
    } else if (!wmbt_segment_in_range(first, first, last)) {
        status = WMBT_BAD_ARGUMENT; /* upstream compares the ends of the range first */
    }
    if (status != WMBT_OK) {
        kit_expect_word(k, "outcome", words, status);
        return;
    }
    if (window.bytes != 0 && window.offset <= object.len &&
        window.bytes <= object.len - window.offset) {
        bytes = wmbt_view_of(object.data + (size_t)window.offset, (size_t)window.bytes);
    }
    status = put_range(k, &index, first, last, &window, bytes);
    wmbt_view entries = kit_list_end(k);
    kit_expect_word(k, "outcome", words, status);
    if (status != WMBT_OK) {
        return;
    }
    kit_expect(k, "entries", entries);
    kit_expect_number(k, "round_trips", window.count == 0 ? 1 : 2);
    kit_expect_hex(k, "window_hex", bytes);
}

#endif
