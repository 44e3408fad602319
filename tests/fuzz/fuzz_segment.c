/* SPDX-License-Identifier: Apache-2.0 */
/* Segments: whole, by ranges, in both modes; windows hold their payloads; what is read is written.
 * */
#include "harness.h"

#include <string.h>

#include "base/le.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/segment.h"

#define MOST_BLOCKS 4096u

#if WMBT_CFG_WRITERS
static wmbt_segment_block blocks[MOST_BLOCKS];
#endif

static bool inside(wmbt_view part, wmbt_view whole)
{
    return part.len == 0u || (part.data >= whole.data && part.len <= whole.len &&
                              (size_t)(part.data - whole.data) <= whole.len - part.len);
}

static wmbt_status read_all(wmbt_segment_index *index, wmbt_status opened, wmbt_view object,
                            uint32_t *count)
{
    wmbt_segment_entry entry;
    wmbt_status status = opened;
    *count = 0;
    while (status == WMBT_OK) {
        status = wmbt_segment_next(index, &entry);
        if (status == WMBT_OK) {
            check(inside(entry.key, object) && *count <= object.len / 10u);
            ++*count;
        }
    }
    return status;
}

static wmbt_status open_ranges(wmbt_segment_index *index, wmbt_view object, uint32_t flags)
{
    wmbt_segment_layout layout;
    size_t header = object.len < 16u ? object.len : 16u, tail = object.len < 20u ? object.len : 20u;
    wmbt_status status =
        wmbt_segment_locate(object.len, wmbt_view_of(object.data, header),
                            wmbt_view_of(object.data + (object.len - tail), tail), flags, &layout);
    if (status != WMBT_OK) {
        return status;
    }
    check(layout.index_offset + layout.index_bytes + 20u == object.len);
    return wmbt_segment_open_index(
        index, &layout, wmbt_view_of(object.data + layout.index_offset, layout.index_bytes), flags);
}

static void check_range(const wmbt_segment_index *from, wmbt_view object, wmbt_view first,
                        wmbt_view last, bool strict)
{
    wmbt_segment_window window = {7, 7, 7};
    wmbt_segment_index index = *from;
    wmbt_segment_entry entry;
    wmbt_status status = wmbt_segment_select(from, first, last, &window);
    if (status != WMBT_OK) {
        check(window.offset == 7u && window.bytes == 7u && window.count == 7u);
        return;
    }
    check(window.bytes == 0u ||
          (window.offset <= object.len && window.bytes <= object.len - window.offset));
    wmbt_view bytes = wmbt_view_of(NULL, 0);
    if (window.bytes != 0u) {
        bytes = wmbt_view_of(object.data + window.offset, (size_t)window.bytes);
    }
    while (wmbt_segment_next(&index, &entry) == WMBT_OK) {
        if (wmbt_segment_in_range(entry.key, first, last)) {
            wmbt_view payload;
            status = wmbt_segment_payload(&entry, &window, bytes, &payload);
            check(status == WMBT_OK || (status == WMBT_TRUNCATED && !strict));
            check(status != WMBT_OK || inside(payload, object));
            window.count--;
        }
    }
    check(window.count == 0u);
}

#if WMBT_CFG_WRITERS
static void check_rewrite(wmbt_segment_index *index, wmbt_view object)
{
    const wmbt_segment_window all = {0, object.len, 0};
    wmbt_segment_entry entry;
    size_t count = 0, written = 0;
    while (wmbt_segment_next(index, &entry) == WMBT_OK) {
        if (count == MOST_BLOCKS) {
            return;
        }
        blocks[count].key = entry.key;
        check(wmbt_segment_payload(&entry, &all, object, &blocks[count].payload) == WMBT_OK);
        count++;
    }
    uint8_t *out = malloc(object.len);
    check(out != NULL);
    check(wmbt_segment_write(blocks, count, wmbt_buf_of(out, object.len), &written) == WMBT_OK);
    check(written == object.len && memcmp(out, object.data, written) == 0);
    free(out);
}
#endif

static void check_object(wmbt_view object, wmbt_view first, wmbt_view last)
{
    wmbt_segment_index index, fresh;
    uint32_t count, other;

    wmbt_status compat = wmbt_segment_open(&index, object, WMBT_SEGMENT_COMPAT);
    fresh = index;
    if (compat == WMBT_OK) {
        check_range(&fresh, object, first, last, false);
    }
    compat = read_all(&index, compat, object, &count);
    wmbt_status ranges =
        read_all(&index, open_ranges(&index, object, WMBT_SEGMENT_COMPAT), object, &other);
    check(ranges == compat && other == count);

    wmbt_status strict = wmbt_segment_open(&index, object, 0);
    fresh = index;
    if (strict == WMBT_OK) {
        check_range(&fresh, object, first, last, true);
    }
    strict = read_all(&index, strict, object, &count);
    ranges = read_all(&index, open_ranges(&index, object, 0), object, &other);
    check(strict != WMBT_END || (ranges == WMBT_END && compat == WMBT_END && other == count));
    check(compat == WMBT_END || strict != WMBT_END);
    wmbt_segment_layout layout = {7, 7, 7, 7, 7};
    check(wmbt_segment_verify(object, 0, &layout) == (strict == WMBT_END ? WMBT_OK : strict));
    check(strict == WMBT_END ? layout.object_bytes == object.len : layout.checksum == 7u);
#if WMBT_CFG_WRITERS
    if (strict == WMBT_END) {
        check_rewrite(&fresh, object);
    }
#endif
}

/* The first two bytes are the lengths of the ends of a range, which are taken from the object. The
 * object is read as it is, and with the checksum of its index made right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2u) {
        return 0;
    }
    wmbt_view object = wmbt_view_of(data + 2, size - 2u);
    size_t n = data[0] < object.len ? data[0] : object.len;
    size_t m = data[1] < object.len ? data[1] : object.len;
    wmbt_view first = wmbt_view_of(object.data, n), last = wmbt_view_of(data + (size - m), m);
    check_object(object, first, last);
    if (object.len >= 36u) {
        uint8_t *fixed = malloc(object.len);
        check(fixed != NULL);
        memcpy(fixed, object.data, object.len);
        uint8_t *footer = fixed + (object.len - 20u);
        uint32_t index_bytes = wmbt_load_le32(footer + 12);
        if (index_bytes <= object.len - 20u) {
            wmbt_view index = wmbt_view_of(footer - index_bytes, index_bytes);
            wmbt_store_le32(footer + 16, wmbt_fnv1a32(WMBT_FNV1A32_INIT, index));
        }
        check_object(wmbt_view_of(fixed, object.len), first, last);
        free(fixed);
    }
    return 0;
}
