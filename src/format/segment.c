/* SPDX-License-Identifier: Apache-2.0 */
/* Segment objects. docs/FORMATS.md, "Segments". */
#include "wombatkv/segment.h"

#include "base/bytes.h"
#include "base/cursor.h"
#include "base/le.h"
#include "wombatkv/fnv1a.h"

#if WMBT_CFG_SEGMENT

#    define WMBT_SEGMENT_MAGIC_BYTES 12u
#    define WMBT_SEGMENT_BLOCK_HEADER_BYTES 6u /* u16 key length, u32 payload length */
#    define WMBT_SEGMENT_ENTRY_BYTES 10u       /* of the index, besides the key */
#    define WMBT_SEGMENT_MIN_BYTES (WMBT_SEGMENT_HEADER_BYTES + WMBT_SEGMENT_FOOTER_BYTES)

static const uint8_t wmbt_segment_magic[] = "WMBT_KV_SGV1";
static const uint8_t wmbt_segment_footer_magic[] = "WMBT_KV_SEG1";

static bool wmbt_segment_is_compat(uint32_t flags)
{
    return (flags & WMBT_SEGMENT_COMPAT) != 0u;
}

/* --- header and footer ------------------------------------------------------------------------ */

/* A footer as read, not checked. */
typedef struct wmbt_segment_footer {
    uint8_t magic[WMBT_SEGMENT_MAGIC_BYTES];
    uint32_t index_bytes;
    uint32_t checksum;
} wmbt_segment_footer;

/* All bytes of it are there. */
static void wmbt_segment_take_footer(wmbt_cursor *c, wmbt_segment_footer *footer)
{
    WMBT_ASSERT(c->left >= WMBT_SEGMENT_FOOTER_BYTES);
    (void)wmbt_cursor_copy(c, footer->magic, WMBT_SEGMENT_MAGIC_BYTES);
    (void)wmbt_cursor_u32(c, &footer->index_bytes);
    (void)wmbt_cursor_u32(c, &footer->checksum);
}

static bool wmbt_segment_footer_is_good(const wmbt_segment_footer *footer)
{
    return wmbt_bytes_equal(footer->magic, wmbt_segment_footer_magic, WMBT_SEGMENT_MAGIC_BYTES);
}

/* Checks 2 to 5, for bytes whose lengths were checked. */
static wmbt_status wmbt_segment_read_ends(uint64_t object_bytes, wmbt_view first, wmbt_view last,
                                          uint32_t flags, wmbt_segment_layout *layout)
{
    wmbt_cursor c = wmbt_cursor_of(first);
    uint32_t block_count = 0;
    if (!wmbt_cursor_expect(&c, wmbt_view_of(wmbt_segment_magic, WMBT_SEGMENT_MAGIC_BYTES))) {
        return WMBT_BAD_MAGIC;
    }
    wmbt_segment_footer footer;
    wmbt_cursor end = wmbt_cursor_of(wmbt_view_of(
        last.data + (last.len - WMBT_SEGMENT_FOOTER_BYTES), WMBT_SEGMENT_FOOTER_BYTES));
    (void)wmbt_cursor_u32(&c, &block_count);
    wmbt_segment_take_footer(&end, &footer);
    if (footer.index_bytes > object_bytes - WMBT_SEGMENT_FOOTER_BYTES) {
        return WMBT_TRUNCATED;
    }
    if (!wmbt_segment_footer_is_good(&footer)) {
        return WMBT_BAD_MAGIC;
    }
    if (footer.index_bytes > object_bytes - WMBT_SEGMENT_MIN_BYTES &&
        !wmbt_segment_is_compat(flags)) {
        return WMBT_BAD_LENGTH;
    }
    layout->object_bytes = object_bytes;
    layout->index_offset = object_bytes - WMBT_SEGMENT_FOOTER_BYTES - footer.index_bytes;
    layout->index_bytes = footer.index_bytes;
    layout->checksum = footer.checksum;
    layout->block_count = block_count;
    return WMBT_OK;
}

wmbt_status wmbt_segment_locate(uint64_t object_bytes, wmbt_view first, wmbt_view last,
                                uint32_t flags, wmbt_segment_layout *layout)
{
    if (wmbt_view_is_bad(first) || wmbt_view_is_bad(last) || (flags & ~WMBT_SEGMENT_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (object_bytes < WMBT_SEGMENT_MIN_BYTES) {
        return WMBT_TRUNCATED;
    }
    if (first.len < WMBT_SEGMENT_HEADER_BYTES || first.len > object_bytes ||
        last.len < WMBT_SEGMENT_FOOTER_BYTES || last.len > object_bytes) {
        return WMBT_BAD_ARGUMENT;
    }
    return wmbt_segment_read_ends(object_bytes, first, last, flags, layout);
}

/* --- index ------------------------------------------------------------------------------------ */

static void wmbt_segment_start(wmbt_segment_index *index, const wmbt_segment_layout *layout,
                               wmbt_view bytes, wmbt_view blocks, uint32_t flags)
{
    WMBT_COPY_STRUCT(&index->layout, layout);
    index->blocks = blocks;
    index->data = bytes.data;
    index->left = bytes.len;
    index->next_block = WMBT_SEGMENT_HEADER_BYTES;
    index->entries_read = 0;
    index->sum = WMBT_FNV1A32_INIT;
    index->flags = flags;
    index->status = WMBT_OK;
}

wmbt_status wmbt_segment_open_index(wmbt_segment_index *index, const wmbt_segment_layout *layout,
                                    wmbt_view bytes, uint32_t flags)
{
    if (wmbt_view_is_bad(bytes) || (flags & ~WMBT_SEGMENT_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    if (bytes.len != layout->index_bytes) {
        return WMBT_BAD_LENGTH;
    }
    wmbt_segment_start(index, layout, bytes, wmbt_view_of(NULL, 0), flags);
    return WMBT_OK;
}

wmbt_status wmbt_segment_open(wmbt_segment_index *index, wmbt_view object, uint32_t flags)
{
    wmbt_segment_layout layout;
    wmbt_status status = wmbt_segment_locate(object.len, object, object, flags, &layout);
    if (status != WMBT_OK) {
        return status;
    }
    const size_t index_offset = (size_t)layout.index_offset;
    WMBT_ASSERT(index_offset <= object.len && layout.index_bytes <= object.len - index_offset);
    wmbt_view bytes = wmbt_view_of(object.data + index_offset, layout.index_bytes);
    wmbt_view blocks = wmbt_view_of(NULL, 0);
    if (!wmbt_segment_is_compat(flags)) { /* then the index begins behind the header */
        WMBT_ASSERT(index_offset >= WMBT_SEGMENT_HEADER_BYTES);
        blocks = wmbt_view_of(object.data + WMBT_SEGMENT_HEADER_BYTES,
                              index_offset - WMBT_SEGMENT_HEADER_BYTES);
    }
    wmbt_segment_start(index, &layout, bytes, blocks, flags);
    return WMBT_OK;
}

/* Ends an index, well or not: its checksum covers all bytes and is checked before the entries. */
static wmbt_status wmbt_segment_finish(wmbt_segment_index *index, wmbt_status status)
{
    uint32_t sum = wmbt_fnv1a32(index->sum, wmbt_view_of(index->data, index->left));
    index->status = sum != index->layout.checksum ? WMBT_BAD_CHECKSUM : status;
    return index->status;
}

/* The bytes of the next entry; they are added to the sum. */
static bool wmbt_segment_take_entry(wmbt_segment_index *index, wmbt_segment_entry *entry)
{
    wmbt_cursor c;
    c.data = index->data;
    c.left = index->left;
    uint16_t key_bytes;
    uint8_t key_length[2], place[8]; /* the numbers as they were read */
    if (!wmbt_cursor_u16(&c, &key_bytes)) {
        return false;
    }
    wmbt_store_le16(key_length, key_bytes);
    uint32_t sum = wmbt_fnv1a32(index->sum, wmbt_view_of(key_length, sizeof key_length));
    index->sum = sum;
    index->data = c.data;
    index->left = c.left;
    if (!wmbt_cursor_bytes(&c, key_bytes, &entry->key) ||
        !wmbt_cursor_u32(&c, &entry->payload_offset) ||
        !wmbt_cursor_u32(&c, &entry->payload_bytes)) {
        return false;
    }
    wmbt_store_le32(place, entry->payload_offset);
    wmbt_store_le32(place + 4, entry->payload_bytes);
    sum = wmbt_fnv1a32(sum, entry->key);
    index->sum = wmbt_fnv1a32(sum, wmbt_view_of(place, sizeof place));
    index->data = c.data;
    index->left = c.left;
    return true;
}

/* True if the block at next_block, which ends before the index, begins with the entry's lengths and
 * key. */
static bool wmbt_segment_block_agrees(const wmbt_segment_index *index,
                                      const wmbt_segment_entry *entry)
{
    const size_t at = (size_t)(index->next_block - WMBT_SEGMENT_HEADER_BYTES);
    wmbt_cursor c = wmbt_cursor_of(wmbt_view_of(index->blocks.data + at, index->blocks.len - at));
    uint16_t key_bytes = 0;
    uint32_t payload_bytes = 0;
    WMBT_ASSERT(at <= index->blocks.len && c.left >= WMBT_SEGMENT_BLOCK_HEADER_BYTES);
    (void)wmbt_cursor_u16(&c, &key_bytes);
    (void)wmbt_cursor_u32(&c, &payload_bytes);
    return key_bytes == entry->key.len && payload_bytes == entry->payload_bytes &&
           wmbt_cursor_expect(&c, entry->key);
}

/* Check 8: the payload stands where its block does. Moves next_block behind it. */
static bool wmbt_segment_check_place(wmbt_segment_index *index, const wmbt_segment_entry *entry)
{
    uint64_t payload = index->next_block + WMBT_SEGMENT_BLOCK_HEADER_BYTES + entry->key.len;
    uint64_t end = payload + entry->payload_bytes;
    if (entry->payload_offset != payload || end > index->layout.index_offset ||
        (index->blocks.data != NULL && !wmbt_segment_block_agrees(index, entry))) {
        return false;
    }
    index->next_block = end;
    return true;
}

/* Checks 9 and 10. */
static wmbt_status wmbt_segment_check_end(const wmbt_segment_index *index)
{
    if (wmbt_segment_is_compat(index->flags)) {
        return WMBT_END;
    }
    if (index->next_block != index->layout.index_offset) {
        return WMBT_BAD_OFFSET;
    }
    return index->entries_read == index->layout.block_count ? WMBT_END : WMBT_BAD_COUNT;
}

wmbt_status wmbt_segment_next(wmbt_segment_index *index, wmbt_segment_entry *entry)
{
    if (index->status != WMBT_OK) {
        return index->status;
    }
    if (index->left == 0u) {
        return wmbt_segment_finish(index, wmbt_segment_check_end(index));
    }
    wmbt_segment_entry found;
    if (!wmbt_segment_take_entry(index, &found)) {
        return wmbt_segment_finish(index, WMBT_TRUNCATED);
    }
    if (!wmbt_segment_is_compat(index->flags) && !wmbt_segment_check_place(index, &found)) {
        return wmbt_segment_finish(index, WMBT_BAD_OFFSET);
    }
    index->entries_read++;
    WMBT_COPY_STRUCT(entry, &found);
    return WMBT_OK;
}

wmbt_status wmbt_segment_verify(wmbt_view object, uint32_t flags, wmbt_segment_layout *layout)
{
    wmbt_segment_index index;
    wmbt_segment_entry entry;
    wmbt_status status = wmbt_segment_open(&index, object, flags);
    while (status == WMBT_OK) {
        status = wmbt_segment_next(&index, &entry);
    }
    if (status != WMBT_END) {
        return status;
    }
    WMBT_COPY_STRUCT(layout, &index.layout);
    return WMBT_OK;
}

/* --- ranges of keys --------------------------------------------------------------------------- */

bool wmbt_segment_in_range(wmbt_view key, wmbt_view first, wmbt_view last)
{
    return wmbt_bytes_compare(first, key) <= 0 && wmbt_bytes_compare(key, last) <= 0;
}

wmbt_status wmbt_segment_select(const wmbt_segment_index *index, wmbt_view first, wmbt_view last,
                                wmbt_segment_window *window)
{
    if (wmbt_view_is_bad(first) || wmbt_view_is_bad(last) || wmbt_bytes_compare(first, last) > 0) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_segment_index rest;
    WMBT_COPY_STRUCT(&rest, index);
    wmbt_segment_entry entry;
    wmbt_status status;
    uint64_t start = UINT64_MAX, end = 0;
    uint32_t count = 0;
    while ((status = wmbt_segment_next(&rest, &entry)) == WMBT_OK) {
        wmbt_view key = wmbt_view_of(entry.key.data, entry.key.len);
        if (!wmbt_segment_in_range(key, first, last)) {
            continue;
        }
        uint64_t entry_end = (uint64_t)entry.payload_offset + entry.payload_bytes;
        start = entry.payload_offset < start ? entry.payload_offset : start;
        end = entry_end > end ? entry_end : end;
        count++;
    }
    if (status != WMBT_END) {
        return status;
    }
    uint64_t object_bytes = rest.layout.object_bytes;
    end = end < object_bytes ? end : object_bytes; /* only compat has offsets behind it */
    window->offset = count == 0u ? 0u : start;
    window->bytes = end > window->offset ? end - window->offset : 0u;
    window->count = count;
    return WMBT_OK;
}

wmbt_status wmbt_segment_payload(const wmbt_segment_entry *entry, const wmbt_segment_window *window,
                                 wmbt_view bytes, wmbt_view *payload)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (entry->payload_offset < window->offset ||
        !wmbt_view_slice(bytes, entry->payload_offset - window->offset, entry->payload_bytes,
                         payload)) {
        return WMBT_TRUNCATED;
    }
    return WMBT_OK;
}

/* --- footer by itself, writer ----------------------------------------------------------------- */

wmbt_status wmbt_segment_read_footer(wmbt_view footer, wmbt_view index, uint32_t flags,
                                     uint32_t *index_bytes, uint32_t *checksum)
{
    if (wmbt_view_is_bad(footer) || wmbt_view_is_bad(index) ||
        (flags & ~WMBT_SEGMENT_COMPAT) != 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_cursor c = wmbt_cursor_of(footer);
    wmbt_segment_footer found;
    if (c.left < WMBT_SEGMENT_FOOTER_BYTES) {
        return WMBT_TRUNCATED;
    }
    wmbt_segment_take_footer(&c, &found);
    if (!wmbt_segment_footer_is_good(&found)) {
        return WMBT_BAD_MAGIC;
    }
    if (found.index_bytes != index.len) {
        return WMBT_BAD_LENGTH;
    }
    if (found.checksum != wmbt_fnv1a32(WMBT_FNV1A32_INIT, index)) {
        return WMBT_BAD_CHECKSUM;
    }
    if (c.left != 0u && !wmbt_segment_is_compat(flags)) {
        return WMBT_TRAILING_BYTES;
    }
    *index_bytes = found.index_bytes;
    *checksum = found.checksum;
    return WMBT_OK;
}

#    if WMBT_CFG_WRITERS
static void wmbt_segment_put_footer(wmbt_writer *w, uint32_t index_bytes, uint32_t checksum)
{
    wmbt_writer_bytes(w, wmbt_view_of(wmbt_segment_footer_magic, WMBT_SEGMENT_MAGIC_BYTES));
    wmbt_writer_u32(w, index_bytes);
    wmbt_writer_u32(w, checksum);
}

void wmbt_segment_write_footer(uint32_t index_bytes, uint32_t checksum,
                               uint8_t out[WMBT_SEGMENT_FOOTER_BYTES])
{
    wmbt_writer w = wmbt_writer_of(wmbt_buf_of(out, WMBT_SEGMENT_FOOTER_BYTES));
    wmbt_segment_put_footer(&w, index_bytes, checksum);
}

/* Where the index begins, and how long it is. */
static wmbt_status wmbt_segment_measure(const wmbt_segment_block *blocks, size_t count,
                                        uint64_t *index_offset, uint64_t *index_bytes)
{
    uint64_t at = WMBT_SEGMENT_HEADER_BYTES, index = 0;
    for (size_t i = 0; i < count; i++) {
        const wmbt_segment_block *block = &blocks[i];
        if (wmbt_view_is_bad(block->key) || wmbt_view_is_bad(block->payload)) {
            return WMBT_BAD_ARGUMENT;
        }
        uint64_t payload = at + WMBT_SEGMENT_BLOCK_HEADER_BYTES + block->key.len;
        if (block->key.len > UINT16_MAX || block->payload.len > UINT32_MAX ||
            payload > UINT32_MAX) {
            return WMBT_TOO_LARGE;
        }
        at = payload + block->payload.len;
        index += WMBT_SEGMENT_ENTRY_BYTES + block->key.len;
    }
    *index_offset = at;
    *index_bytes = index;
    return index > UINT32_MAX ? WMBT_TOO_LARGE : WMBT_OK;
}

static void wmbt_segment_put_blocks(wmbt_writer *w, const wmbt_segment_block *blocks, size_t count)
{
    wmbt_writer_bytes(w, wmbt_view_of(wmbt_segment_magic, WMBT_SEGMENT_MAGIC_BYTES));
    wmbt_writer_u32(w, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        wmbt_writer_u16(w, (uint16_t)blocks[i].key.len);
        wmbt_writer_u32(w, (uint32_t)blocks[i].payload.len);
        wmbt_writer_bytes(w, blocks[i].key);
        wmbt_writer_bytes(w, blocks[i].payload);
    }
}

static void wmbt_segment_put_index(wmbt_writer *w, const wmbt_segment_block *blocks, size_t count)
{
    uint32_t at = WMBT_SEGMENT_HEADER_BYTES;
    for (size_t i = 0; i < count; i++) {
        at += WMBT_SEGMENT_BLOCK_HEADER_BYTES + (uint32_t)blocks[i].key.len;
        wmbt_writer_u16(w, (uint16_t)blocks[i].key.len);
        wmbt_writer_bytes(w, blocks[i].key);
        wmbt_writer_u32(w, at);
        wmbt_writer_u32(w, (uint32_t)blocks[i].payload.len);
        at += (uint32_t)blocks[i].payload.len;
    }
}

wmbt_status wmbt_segment_write(const wmbt_segment_block *blocks, size_t count, wmbt_buf out,
                               size_t *written)
{
    if (wmbt_buf_is_bad(out) || (blocks == NULL && count != 0u)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (count > UINT32_MAX) {
        return WMBT_TOO_LARGE;
    }
    uint64_t index_offset = 0, index_bytes = 0;
    wmbt_status status = wmbt_segment_measure(blocks, count, &index_offset, &index_bytes);
    if (status != WMBT_OK) {
        return status;
    }
    uint64_t all = index_offset + index_bytes + WMBT_SEGMENT_FOOTER_BYTES;
    if (all > SIZE_MAX) {
        return WMBT_TOO_LARGE;
    }
    if (all > out.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    wmbt_writer w = wmbt_writer_of(out);
    wmbt_segment_put_blocks(&w, blocks, count);
    wmbt_segment_put_index(&w, blocks, count);
    wmbt_view index = wmbt_view_of(out.data + (size_t)index_offset, (size_t)index_bytes);
    wmbt_segment_put_footer(&w, (uint32_t)index_bytes, wmbt_fnv1a32(WMBT_FNV1A32_INIT, index));
    *written = w.needed;
    return WMBT_OK;
}
#    endif

#endif
