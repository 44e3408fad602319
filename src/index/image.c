/* SPDX-License-Identifier: Apache-2.0 */
/* Images: a table's own bytes, from the header to the last slot that was taken. */
#include "wombatkv/image.h"

#include "base/bytes.h"
#include "base/min.h"
#include "index/table.h"
#include "wombatkv/crc32c.h"

#if WMBT_CFG_IMAGE

WMBT_STATIC_ASSERT(WMBT_IMAGE_VERSION == WMBT_INDEX_VERSION, "an image is a table");

#    define WMBT_IMAGE_CRC_OFFSET (4u * WMBT_INDEX_AT_IMAGE_CRC)

/* CRC32C of the image with zeros in place of the checksum. */
static uint32_t wmbt_image_crc(wmbt_view image)
{
    static const uint8_t zeros[4] = {0};
    uint32_t crc = wmbt_crc32c(0, wmbt_view_of(image.data, WMBT_IMAGE_CRC_OFFSET));
    crc = wmbt_crc32c(crc, wmbt_view_of(zeros, sizeof zeros));
    const size_t after = WMBT_IMAGE_CRC_OFFSET + sizeof zeros;
    return wmbt_crc32c(crc, wmbt_view_of(image.data + after, image.len - after));
}

void wmbt_image_make(wmbt_index_writer *w, wmbt_view *image)
{
    const wmbt_index *x = &w->index;
    wmbt_index_word *header = (wmbt_index_word *)w->memory;
    uint32_t used = wmbt_index_load(header + WMBT_INDEX_AT_USED);
    uint64_t bytes = wmbt_index_bytes(x->record_count, x->context_count, used);
    *image = wmbt_view_of(w->memory, (size_t)bytes);
    wmbt_index_store(header + WMBT_INDEX_AT_IMAGE, 1);
    wmbt_index_store(header + WMBT_INDEX_AT_IMAGE_CRC, wmbt_image_crc(*image));
}

/* Opens, and says how many slots the table has in all. */
static wmbt_status wmbt_image_header(wmbt_view image, wmbt_index *x, uint32_t *capacity)
{
    wmbt_status status = wmbt_index_read_header(image, x, capacity);
    if (status != WMBT_OK) {
        return status;
    }
    const wmbt_index_word *header = wmbt_index_header(x);
    uint32_t used = wmbt_index_load(header + WMBT_INDEX_AT_USED);
    uint32_t free_count = wmbt_index_load(header + WMBT_INDEX_AT_FREE_COUNT);
    if (used > *capacity || free_count > used ||
        wmbt_index_load(header + WMBT_INDEX_AT_COUNT) > used - free_count ||
        wmbt_index_load(header + WMBT_INDEX_AT_FREE) > used ||
        wmbt_index_load(header + WMBT_INDEX_AT_CONTEXTS_USED) > x->context_count) {
        return WMBT_BAD_COUNT;
    }
    uint32_t reserved = wmbt_index_load(header + WMBT_INDEX_AT_IMAGE) ^ 1u;
    for (uint32_t at = WMBT_INDEX_AT_ZERO; at < WMBT_INDEX_AT_COUNT; at++) {
        reserved |= wmbt_index_load(header + at);
    }
    for (uint32_t at = WMBT_INDEX_AT_REST; at < WMBT_INDEX_HEADER_WORDS; at++) {
        reserved |= wmbt_index_load(header + at);
    }
    if (reserved != 0u) {
        return WMBT_BAD_FIELD;
    }
    uint64_t bytes = wmbt_index_bytes(*capacity, x->context_count, used);
    if (bytes != image.len) {
        return bytes > image.len ? WMBT_TRUNCATED : WMBT_TRAILING_BYTES;
    }
    x->record_count = used;
    return WMBT_OK;
}

wmbt_status wmbt_image_open(wmbt_view image, wmbt_index *x)
{
    wmbt_index table;
    uint32_t capacity;
    wmbt_status status = wmbt_image_header(image, &table, &capacity);
    if (status == WMBT_OK) {
        wmbt_bytes_copy((uint8_t *)x, (const uint8_t *)&table, sizeof *x);
    }
    return status;
}

uint32_t wmbt_image_capacity(const wmbt_index *x)
{
    return wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_CAPACITY);
}

uint32_t wmbt_image_contexts(const wmbt_index *x)
{
    return x->context_count;
}

/* --- full check ------------------------------------------------------------------------------- */

/* What the records and the header say of one another. */
typedef struct wmbt_image_sums {
    uint32_t present;
    uint32_t free;
    uint32_t with_parent;
    uint32_t children;
} wmbt_image_sums;

/* The parent of a block: a slot in use; in a prefix-closed table a block, and the one before. */
static wmbt_status wmbt_image_check_parent(const wmbt_index *x, uint32_t parent, uint32_t seq)
{
    const bool is_closed = wmbt_index_is_closed(x);
    if (parent == 0u) {
        return is_closed && seq != 0u ? WMBT_BAD_ORDER : WMBT_OK;
    }
    if (parent > x->record_count) {
        return WMBT_BAD_OFFSET;
    }
    const wmbt_index_word *record = wmbt_index_record(x, parent - 1u);
    if (wmbt_index_load(record + WMBT_INDEX_RECORD_CHILDREN) == 0u) {
        return WMBT_BAD_COUNT;
    }
    if (is_closed && (wmbt_index_context_of(x, parent - 1u) == 0u || seq == 0u ||
                      wmbt_index_load(record + WMBT_INDEX_RECORD_SEQ) != seq - 1u)) {
        return WMBT_BAD_ORDER;
    }
    return WMBT_OK;
}

static wmbt_status wmbt_image_check_record(const wmbt_index *x, uint32_t slot,
                                           wmbt_image_sums *sums)
{
    const wmbt_index_word *record = wmbt_index_record(x, slot);
    uint32_t state = wmbt_index_load(record + WMBT_INDEX_RECORD_STATE);
    uint32_t context = state & WMBT_INDEX_CONTEXT_MASK;
    uint32_t parent = wmbt_index_load(record + WMBT_INDEX_RECORD_PARENT);
    uint32_t children = wmbt_index_load(record + WMBT_INDEX_RECORD_CHILDREN);
    if ((state & WMBT_INDEX_VERSION_STEP) != 0u) {
        return WMBT_BAD_FIELD;
    }
    if (context == 0u && children == 0u) {
        sums->free++;
        return parent > x->record_count ? WMBT_BAD_OFFSET : WMBT_OK;
    }
    const void *hash = record; /* it begins with its hash */
    wmbt_index_place place;
    const uint32_t id = slot + 1u;
    if (!wmbt_index_find(x, hash, &place) ||
        place.id != (context == 0u ? id | WMBT_INDEX_GHOST : id)) {
        return WMBT_BAD_OFFSET;
    }
    sums->children += children;
    if (context == 0u) {
        return parent != 0u ? WMBT_BAD_FIELD : WMBT_OK;
    }
    if (context > x->context_count ||
        wmbt_index_load(wmbt_index_context(x, context - 1u) + WMBT_INDEX_CONTEXT_USERS) == 0u) {
        return WMBT_BAD_OFFSET;
    }
    sums->present++;
    sums->with_parent += parent != 0u ? 1u : 0u;
    return wmbt_image_check_parent(x, parent, wmbt_index_load(record + WMBT_INDEX_RECORD_SEQ));
}

/* The free list has as many slots as are free, and each is one. */
static bool wmbt_image_free_list_is_bad(const wmbt_index *x, uint32_t count)
{
    uint32_t slot = wmbt_index_load(wmbt_index_header(x) + WMBT_INDEX_AT_FREE);
    for (; count != 0u; count--) {
        if (slot == 0u || slot > x->record_count || wmbt_index_context_of(x, slot - 1u) != 0u) {
            return true;
        }
        const wmbt_index_word *record = wmbt_index_record(x, slot - 1u);
        if (wmbt_index_load(record + WMBT_INDEX_RECORD_CHILDREN) != 0u) {
            return true; /* a ghost */
        }
        slot = wmbt_index_load(record + WMBT_INDEX_RECORD_PARENT);
    }
    return slot != 0u;
}

/* What the buckets and the contexts say, against the records. */
static wmbt_status wmbt_image_check_sums(const wmbt_index *x, const wmbt_image_sums *sums)
{
    const wmbt_index_word *header = wmbt_index_header(x);
    uint32_t named = 0, users = 0;
    for (uint32_t bucket = 0; bucket < x->bucket_count; bucket++) {
        for (uint32_t way = 0; way < WMBT_INDEX_WAYS; way++) {
            const wmbt_index_word *at = wmbt_index_bucket(x, bucket) + WMBT_INDEX_WAYS + way;
            named += wmbt_index_load(at) != 0u ? 1u : 0u;
        }
    }
    uint32_t contexts = wmbt_min_u32(wmbt_index_load(header + WMBT_INDEX_AT_CONTEXTS_USED),
                                     x->context_count); /* read once more */
    for (uint32_t i = 0; i < contexts; i++) {
        users += wmbt_index_load(wmbt_index_context(x, i) + WMBT_INDEX_CONTEXT_USERS);
    }
    if (named != x->record_count - sums->free || users != sums->present ||
        sums->children != sums->with_parent ||
        sums->present != wmbt_index_load(header + WMBT_INDEX_AT_COUNT) ||
        sums->free != wmbt_index_load(header + WMBT_INDEX_AT_FREE_COUNT)) {
        return WMBT_BAD_COUNT;
    }
    return wmbt_image_free_list_is_bad(x, sums->free) ? WMBT_BAD_OFFSET : WMBT_OK;
}

wmbt_status wmbt_image_check(wmbt_view image)
{
    wmbt_index x;
    uint32_t capacity;
    wmbt_image_sums sums; /* without an initialiser, for which clang -O0 calls memset */
    sums.present = 0;
    sums.free = 0;
    sums.with_parent = 0;
    sums.children = 0;
    wmbt_status status = wmbt_image_header(image, &x, &capacity);
    if (status != WMBT_OK) {
        return status;
    }
    const wmbt_index_word *header = wmbt_index_header(&x);
    if (wmbt_image_crc(image) != wmbt_index_load(header + WMBT_INDEX_AT_IMAGE_CRC)) {
        return WMBT_BAD_CHECKSUM;
    }
    for (uint32_t slot = 0; slot < x.record_count && status == WMBT_OK; slot++) {
        status = wmbt_image_check_record(&x, slot, &sums);
    }
    return status == WMBT_OK ? wmbt_image_check_sums(&x, &sums) : status;
}

/* Apart from the check, so that the stack of the two does not add up. */
static WMBT_NOINLINE wmbt_status wmbt_image_copy(wmbt_view image, wmbt_buf memory,
                                                 wmbt_index_writer *w)
{
    const wmbt_index_word *header = (const wmbt_index_word *)(const void *)image.data;
    uint32_t capacity = wmbt_index_load(header + WMBT_INDEX_AT_CAPACITY);
    uint32_t contexts = wmbt_index_load(header + WMBT_INDEX_AT_CONTEXTS);
    if (wmbt_index_bytes(capacity, contexts, capacity) > memory.len || image.len > memory.len) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_INDEX_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_bytes_move(memory.data, image.data, image.len);
    return wmbt_index_start(w, memory);
}

wmbt_status wmbt_image_load(wmbt_view image, wmbt_buf memory, wmbt_index_writer *w)
{
    wmbt_status status = wmbt_buf_is_bad(memory) ? WMBT_BAD_ARGUMENT : wmbt_image_check(image);
    return status == WMBT_OK ? wmbt_image_copy(image, memory, w) : status;
}

#endif
