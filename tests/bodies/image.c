/* SPDX-License-Identifier: Apache-2.0 */
/* image: round trips, every truncation and bit flip, bent tables with a right checksum. */
#include "wombatkv/image.h"

#include "base/bytes.h"
#include "../support/test.h"
#include "index/table.h"
#include "wombatkv/crc32c.h"

#define CAPACITY 14u
#define CONTEXTS 3u
#define BYTES WMBT_INDEX_BYTES(CAPACITY, CONTEXTS)
#define CRC_AT 88u /* docs/INDEX.md */

static void key_of(uint32_t number, wmbt_block_hash *hash)
{
    uint32_t state = number + 5u;
    for (uint32_t i = 0; i < 8u; i++) {
        wmbt_test_store32(hash->bytes + (size_t)4u * i, wmbt_test_random(&state));
    }
}

static void meta_of(uint32_t number, uint32_t parent, wmbt_block_meta *meta)
{
    wmbt_bytes_fill((uint8_t *)meta, 0, sizeof *meta);
    if (parent != 0u) {
        key_of(parent, &meta->parent_hash);
    }
    meta->payload_bytes = number * 1000u;
    wmbt_bytes_fill(meta->model_digest.bytes, 7, sizeof meta->model_digest.bytes);
    meta->ext_flags = number % 2u;
}

/* A table with chains, and without prefix_closed ghosts; slots that are free again, too. */
static void fill(wmbt_test *t, uint8_t *memory, bool prefix_closed, wmbt_index_writer *w)
{
    wmbt_index_config config = {CAPACITY, CONTEXTS, prefix_closed ? 77u : 0u, prefix_closed};
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, BYTES), &config, w), WMBT_OK);
    for (uint32_t i = 1; i <= 9u; i++) {
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        uint32_t parent = i % 4u == 1u ? 0u : i - 1u;
        parent = i == 5u && !prefix_closed ? 50u : parent;
        key_of(i, &hash);
        meta_of(i, parent, &meta);
        meta.block_seq = (i - 1u) % 4u;
        T_EQ(t, wmbt_index_insert(w, &hash, &meta, 7000u + i), WMBT_OK);
    }
    static const uint32_t goes[] = {9, 8, 2};
    for (uint32_t i = 0; i < (prefix_closed ? 2u : 3u); i++) {
        wmbt_block_hash hash;
        key_of(goes[i], &hash);
        T_EQ(t, wmbt_index_remove(w, &hash), WMBT_OK);
    }
}

static void same_tables(wmbt_test *t, const wmbt_index *a, const wmbt_index *b)
{
    T_EQ(t, wmbt_index_count(a), wmbt_index_count(b));
    for (uint32_t i = 0; i < 60u; i++) {
        wmbt_block_hash hash;
        wmbt_block_meta of_a, of_b;
        wmbt_test_fill(&of_a, sizeof of_a);
        wmbt_test_fill(&of_b, sizeof of_b);
        key_of(i, &hash);
        T_EQ(t, wmbt_index_get(a, &hash, &of_a), wmbt_index_get(b, &hash, &of_b));
        T_BYTES(t, (const uint8_t *)&of_a, (const uint8_t *)&of_b, sizeof of_a);
    }
}

static void test_all_contexts(wmbt_test *t)
{
    wmbt_index_config config = {CAPACITY, 1, 0, false};
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    wmbt_index_writer w;
    wmbt_index x;
    wmbt_view image;
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, BYTES), &config, &w), WMBT_OK);
    key_of(1, &hash);
    meta_of(1, 0, &meta);
    T_EQ(t, wmbt_index_insert(&w, &hash, &meta, 1), WMBT_OK);
    wmbt_image_make(&w, &image);
    T_EQ(t, wmbt_image_check(image), WMBT_OK);
    T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
    T_CALL(t, same_tables(t, &x, &w.index));
}

static void test_round_trip(wmbt_test *t)
{
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES), *other = wmbt_test_alloc(t, BYTES + 4u);
        uint8_t *flash = wmbt_test_alloc(t, BYTES + 4u) + 4; /* aligned to 4 only */
        wmbt_index_writer w, v;
        wmbt_index x;
        wmbt_view image;
        T_CALL(t, fill(t, memory, closed != 0u, &w));
        wmbt_image_make(&w, &image);
        T_CHECK(t, image.data == memory && image.len < BYTES && image.len % 64u == 0u);
        wmbt_test_copy(flash, image.data, image.len);
        image = wmbt_view_of(flash, image.len);
        T_EQ(t, wmbt_image_check(image), WMBT_OK);
        T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
        T_EQ(t, wmbt_image_capacity(&x), CAPACITY);
        T_EQ(t, wmbt_image_contexts(&x), CONTEXTS);
        T_EQ(t, wmbt_index_is_closed(&x), closed != 0u);
        T_CALL(t, same_tables(t, &x, &w.index));
        /* Loaded, it goes on as the table would have. */
        wmbt_test_fill(&v, sizeof v);
        T_EQ(t, wmbt_image_load(image, wmbt_buf_of(other, BYTES - 1u), &v), WMBT_BUFFER_TOO_SMALL);
        T_EQ(t, wmbt_image_load(image, wmbt_buf_of(other + 4, BYTES), &v), WMBT_BUFFER_MISALIGNED);
        T_EQ(t, wmbt_image_load(image, wmbt_buf_of(NULL, BYTES), &v), WMBT_BAD_ARGUMENT);
        T_CHECK(t, wmbt_test_is_filled(&v, sizeof v));
        T_EQ(t, wmbt_image_load(image, wmbt_buf_of(other, BYTES), &v), WMBT_OK);
        for (uint32_t i = 20; i < 40u; i++) {
            wmbt_block_hash hash;
            wmbt_block_meta meta;
            key_of(i, &hash);
            meta_of(i, 0, &meta);
            T_EQ(t, wmbt_index_insert(&w, &hash, &meta, i), wmbt_index_insert(&v, &hash, &meta, i));
        }
        T_EQ(t, wmbt_index_room(&v.index), 0);
        T_CALL(t, same_tables(t, &v.index, &w.index));
        /* A table that was changed is no image until it is made one again. */
        wmbt_view stale = wmbt_view_of(memory, image.len);
        T_CHECK(t, wmbt_image_open(stale, &x) != WMBT_OK);
        wmbt_image_make(&w, &image);
        T_EQ(t, wmbt_image_check(image), WMBT_OK);
        T_EQ(t, image.len,
             BYTES); /* every slot is taken: it fills the memory that it is loaded to */
        T_EQ(t, wmbt_image_load(image, wmbt_buf_of(other, BYTES), &v), WMBT_OK);
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        key_of(1, &hash);
        T_EQ(t, wmbt_index_get_and_touch(&w, &hash, 1, &meta), WMBT_OK);
        T_EQ(t, wmbt_image_open(image, &x), WMBT_BAD_FIELD);
    }
}

/* Asks everything of whatever it is: nothing outside is touched (sanitizers see), and it ends. */
static void use(wmbt_view image)
{
    wmbt_index x;
    if (wmbt_image_open(image, &x) != WMBT_OK) {
        return;
    }
    wmbt_block_hash hashes[12];
    wmbt_block_meta meta;
    uint32_t slots[CAPACITY], count;
    for (uint32_t i = 0; i < 12u; i++) {
        key_of(i, &hashes[i]);
        (void)!wmbt_index_get(&x, &hashes[i], &meta);
        (void)!wmbt_index_at(&x, i, &hashes[0], &meta);
    }
    key_of(0, &hashes[0]);
    (void)wmbt_index_longest_prefix(&x, hashes, 12);
    (void)wmbt_index_likely_prefix(&x, hashes + 1, 11);
    (void)wmbt_index_chain_prefix(&x, hashes + 1, 11);
    (void)!wmbt_index_sort(&x, slots, CAPACITY, &count);
    (void)wmbt_index_room(&x);
}

static void test_damage(wmbt_test *t)
{
    for (uint32_t closed = 0; closed < 2u; closed++) {
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES);
        wmbt_index_writer w;
        wmbt_view image;
        T_CALL(t, fill(t, memory, closed != 0u, &w));
        wmbt_image_make(&w, &image);
        for (size_t bit = 0; bit < image.len * 8u; bit++) {
            memory[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
            wmbt_status status = wmbt_image_check(image);
            T_CHECK(t, status != WMBT_OK);
            T_CHECK(t, bit / 8u < 128u || status == WMBT_BAD_CHECKSUM);
            use(image);
            memory[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
        }
        T_EQ(t, wmbt_image_check(image), WMBT_OK);
        for (size_t len = 0; len < image.len; len++) {
            /* At the end of its memory, so that a sanitizer sees a read behind it. */
            const size_t used = t->arena_used;
            uint8_t *end = wmbt_test_alloc(t, len);
            wmbt_test_copy(end, memory, len);
            T_EQ(t, wmbt_image_check(wmbt_view_of(end, len)), WMBT_TRUNCATED);
            t->arena_used = used;
        }
        T_EQ(t, wmbt_image_check(wmbt_view_of(memory, image.len + 1u)), WMBT_TRAILING_BYTES);
        T_EQ(t, wmbt_image_check(wmbt_view_of(memory, image.len + 64u)), WMBT_TRAILING_BYTES);
        T_EQ(t, wmbt_image_check(wmbt_view_of(memory + 1, image.len)), WMBT_BUFFER_MISALIGNED);
        T_EQ(t, wmbt_image_check(wmbt_view_of(NULL, image.len)), WMBT_BAD_ARGUMENT);
    }
}

/* The checksum by its definition here: of all bytes, its own as zeros. */
static void repair(uint8_t *image, size_t len)
{
    wmbt_test_store32(image + CRC_AT, 0);
    wmbt_test_store32(image + CRC_AT, wmbt_crc32c(0, wmbt_view_of(image, len)));
}

/* Words changed and the checksum made good: a check that accepts accepts a table that works, so
 * everything that it has can be removed one by one. */
static void test_bent(wmbt_test *t)
{
    uint32_t random = 11, accepted = 0;
    for (uint32_t round = 0; round < T_MANY(20000u, 500u); round++) {
        bool closed = round % 2u != 0u;
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES), *other = wmbt_test_alloc(t, BYTES);
        wmbt_index_writer w;
        wmbt_view image;
        T_CALL(t, fill(t, memory, closed, &w));
        wmbt_image_make(&w, &image);
        for (uint32_t n = wmbt_test_random(&random) % 3u + 1u; n != 0u; n--) {
            size_t at = wmbt_test_random(&random) % (uint32_t)(image.len / 4u) * 4u;
            uint32_t v = wmbt_test_load32(memory + at);
            uint32_t how = wmbt_test_random(&random) % 4u;
            v = how == 0u   ? wmbt_test_random(&random)
                : how == 1u ? v + 1u
                : how == 2u ? v - 1u
                            : 0u;
            wmbt_test_store32(memory + at, v);
        }
        repair(memory, image.len);
        use(image);
        wmbt_status status = wmbt_image_load(image, wmbt_buf_of(other, BYTES), &w);
        if (status != WMBT_OK) {
            continue;
        }
        accepted++;
        uint32_t left = wmbt_index_count(&w.index);
        for (uint32_t turn = 0; left != 0u && turn < CAPACITY; turn++) {
            for (uint32_t slot = 0; slot < CAPACITY; slot++) {
                wmbt_block_hash hash;
                wmbt_block_meta meta;
                if (wmbt_index_at(&w.index, slot, &hash, &meta) == WMBT_OK &&
                    wmbt_index_remove(&w, &hash) == WMBT_OK) {
                    left--;
                }
            }
        }
        T_EQ(t, left, 0);
        T_EQ(t, wmbt_index_count(&w.index), 0);
    }
    T_CHECK(t, accepted > T_MANY(1000u, 20u)); /* payloads, times, hashes nobody names */
}

/* An image is opened without a look at its buckets: a search ends, too, if none of them has an
 * empty place, which a table never has. */
static void test_no_empty_place(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    wmbt_index_writer w;
    wmbt_index x;
    wmbt_view image;
    wmbt_block_hash missing[3];
    wmbt_block_meta meta;
    T_CALL(t, fill(t, memory, false, &w));
    wmbt_image_make(&w, &image);
    T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
    size_t at = (size_t)((const uint8_t *)x.buckets - image.data);
    for (uint32_t i = 0; i < x.bucket_count * 2u * WMBT_INDEX_WAYS; i++) {
        wmbt_test_store32(memory + at + (size_t)4u * i, 1u + i % x.record_count);
    }
    repair(memory, image.len);
    T_EQ(t, wmbt_image_check(image), WMBT_BAD_OFFSET);
    T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
    for (uint32_t i = 0; i < 3u; i++) {
        key_of(100u + i, &missing[i]);
        T_CHECK(t, !wmbt_index_has(&x, &missing[i]));
        T_EQ(t, wmbt_index_get(&x, &missing[i], &meta), WMBT_MISSING);
    }
    T_EQ(t, wmbt_index_longest_prefix(&x, missing, 3), 0);
    T_EQ(t, wmbt_index_likely_prefix(&x, missing, 3), 0);
}

/* A header that says fewer blocks than there are: no more are told than there is room for. */
static void test_few_slots(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    uint32_t slots[CAPACITY], count = 99;
    wmbt_index_writer w;
    wmbt_index x;
    wmbt_view image;
    T_CALL(t, fill(t, memory, false, &w));
    wmbt_image_make(&w, &image);
    for (uint32_t room = 0; room < 6u; room++) { /* 6 blocks are there */
        wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_COUNT, room);
        T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
        wmbt_test_fill(slots, sizeof slots);
        T_EQ(t, wmbt_index_sort(&x, slots, room, &count), WMBT_OK);
        T_EQ(t, count, room);
        T_CHECK(t, wmbt_test_is_filled(slots + room, sizeof slots - room * sizeof slots[0]));
    }
}

/* A free list that names a ghost, which is in use although no block is there. */
static void test_ghost_in_the_free_list(wmbt_test *t)
{
    wmbt_index_config config = {CAPACITY, 1, 0, false};
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    wmbt_index_writer w;
    wmbt_view image;
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    T_EQ(t, wmbt_index_init(wmbt_buf_of(memory, BYTES), &config, &w), WMBT_OK);
    for (uint32_t i = 1; i < 3u; i++) {
        key_of(i, &hash);
        meta_of(i, i == 1u ? 50u : 0u, &meta); /* 50 is not there */
        meta.ext_flags = 0;
        T_EQ(t, wmbt_index_insert(&w, &hash, &meta, i), WMBT_OK);
    }
    T_EQ(t, wmbt_index_remove(&w, &hash), WMBT_OK);
    wmbt_image_make(&w, &image);
    T_EQ(t, wmbt_image_check(image), WMBT_OK);
    const size_t free_at = 4u * (size_t)WMBT_INDEX_AT_FREE;
    uint32_t is_free = wmbt_test_load32(memory + free_at), ghost = 0;
    for (uint32_t slot = 0; slot < 3u; slot++) {
        bool is_there = wmbt_index_at(&w.index, slot, &hash, &meta) == WMBT_OK;
        ghost = !is_there && slot + 1u != is_free ? slot + 1u : ghost;
    }
    T_CHECK(t, ghost != 0u);
    wmbt_test_store32(memory + free_at, ghost);
    repair(memory, image.len);
    T_EQ(t, wmbt_image_check(image), WMBT_BAD_OFFSET);
}

/* Numbers of the header at both sides of what they may be, and bits that are reserved. */
static void test_header(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    wmbt_index_writer w;
    wmbt_index x;
    wmbt_view image;
    T_CALL(t, fill(t, memory, false, &w));
    wmbt_image_make(&w, &image);
    const uint32_t used = wmbt_test_load32(memory + 4u * WMBT_INDEX_AT_USED);
    const uint32_t free_count = wmbt_test_load32(memory + 4u * WMBT_INDEX_AT_FREE_COUNT);
    T_EQ(t, used, 10);
    T_EQ(t, free_count, 2);
    const struct {
        uint32_t at, value;
        wmbt_status status;
    } rows[] = {
        {WMBT_INDEX_AT_USED, CAPACITY, WMBT_TRUNCATED}, /* of a longer image */
        {WMBT_INDEX_AT_USED, CAPACITY + 1u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_USED, used - 1u, WMBT_TRAILING_BYTES},
        {WMBT_INDEX_AT_FREE_COUNT, used - 6u, WMBT_OK}, /* 6 blocks are there */
        {WMBT_INDEX_AT_FREE_COUNT, used - 5u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_FREE_COUNT, used + 1u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_COUNT, used - free_count, WMBT_OK},
        {WMBT_INDEX_AT_COUNT, used - free_count + 1u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_FREE, used, WMBT_OK},
        {WMBT_INDEX_AT_FREE, used + 1u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_CONTEXTS_USED, CONTEXTS, WMBT_OK},
        {WMBT_INDEX_AT_CONTEXTS_USED, CONTEXTS + 1u, WMBT_BAD_COUNT},
        {WMBT_INDEX_AT_IMAGE, 0, WMBT_BAD_FIELD},
        {WMBT_INDEX_AT_IMAGE, 2, WMBT_BAD_FIELD},
        {WMBT_INDEX_AT_IMAGE, 3, WMBT_BAD_FIELD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t kept = wmbt_test_load32(memory + (size_t)4u * rows[i].at);
        wmbt_test_store32(memory + (size_t)4u * rows[i].at, rows[i].value);
        T_EQ(t, wmbt_image_open(image, &x), rows[i].status);
        wmbt_test_store32(memory + (size_t)4u * rows[i].at, kept);
    }
    for (uint32_t at = WMBT_INDEX_AT_ZERO; at < WMBT_INDEX_HEADER_WORDS; at++) {
        if (at < WMBT_INDEX_AT_COUNT || at >= WMBT_INDEX_AT_REST) {
            wmbt_test_store32(memory + (size_t)4u * at, 1);
            T_EQ(t, wmbt_image_open(image, &x), WMBT_BAD_FIELD);
            wmbt_test_store32(memory + (size_t)4u * at, 0);
        }
    }
    /* all slots free, and with no block: as many as there are, and one more */
    wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_COUNT, 0);
    wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_FREE_COUNT, used);
    T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
    wmbt_test_store32(memory + 4u * WMBT_INDEX_AT_FREE_COUNT, used + 1u);
    T_EQ(t, wmbt_image_open(image, &x), WMBT_BAD_COUNT);
}

/* What each check of a table says, by one word that is bent, or two. Slots: 0 to 3 a chain without
 * the second block, which is a ghost, 4 and 6 to 8 another one below the ghost in 5; 8 and 9 are
 * free, in a list. In a closed table there are no ghosts. */
static void test_statuses(wmbt_test *t)
{
    enum {
        STATE = WMBT_INDEX_RECORD_STATE,
        PARENT = WMBT_INDEX_RECORD_PARENT,
        CHILDREN = WMBT_INDEX_RECORD_CHILDREN,
        SEQ = WMBT_INDEX_RECORD_SEQ
    };
    static const struct {
        bool closed;
        uint32_t slot, word, value;
        wmbt_status status;
    } rows[] = {
        {false, 0, PARENT, 11, WMBT_BAD_OFFSET}, /* behind the last slot */
        {false, 0, PARENT, 10, WMBT_BAD_COUNT},  /* a free one has no children */
        {false, 0, STATE, 0x10002u, WMBT_BAD_FIELD},
        {false, 0, STATE, CONTEXTS + 1u, WMBT_BAD_OFFSET},
        {false, 0, STATE, CONTEXTS, WMBT_BAD_OFFSET}, /* nobody's */
        {false, 0, STATE, 0, WMBT_BAD_COUNT},         /* free by its record alone */
        {false, 2, STATE, 0, WMBT_BAD_OFFSET},        /* a ghost by its record alone */
        {false, 1, STATE, 1, WMBT_BAD_OFFSET},        /* a block by its record alone */
        {false, 0, 0, 1, WMBT_BAD_OFFSET},            /* another hash */
        {false, 0, CHILDREN, 2, WMBT_BAD_COUNT},
        {false, 5, PARENT, 1, WMBT_BAD_FIELD}, /* a ghost's */
        {false, 8, PARENT, 11, WMBT_BAD_OFFSET},
        {false, 8, PARENT, 0, WMBT_BAD_OFFSET}, /* the list ends too early */
        {false, 9, PARENT, 9, WMBT_BAD_OFFSET}, /* and too late */
        {false, 8, PARENT, 1, WMBT_BAD_OFFSET}, /* it names a block */
        {false, 8, PARENT, 6, WMBT_BAD_OFFSET}, /* and a ghost */
        {true, 0, SEQ, 1, WMBT_BAD_ORDER},
        {true, 1, SEQ, 0, WMBT_BAD_ORDER},
        {true, 1, SEQ, 2, WMBT_BAD_ORDER},
        {true, 2, PARENT, 1, WMBT_BAD_ORDER},
        {true, 3, PARENT, 0, WMBT_BAD_ORDER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES);
        wmbt_index_writer w;
        wmbt_index x;
        wmbt_view image;
        T_CALL(t, fill(t, memory, rows[i].closed, &w));
        wmbt_image_make(&w, &image);
        T_EQ(t, wmbt_image_check(image), WMBT_OK);
        T_EQ(t, wmbt_image_open(image, &x), WMBT_OK);
        size_t at = (size_t)((const uint8_t *)wmbt_index_record(&x, rows[i].slot) - image.data);
        wmbt_test_store32(memory + at + (size_t)4u * rows[i].word, rows[i].value);
        repair(memory, image.len);
        wmbt_test_where(t, wmbt_view_of(&"0123456789abcdefghijklmnopqrstuvwxyz"[i], 1));
        T_EQ(t, wmbt_image_check(image), rows[i].status);
    }
}

/* A slot that two places name; users of a context; a number 2^32 - 1, which none follows; a parent
 * that is a ghost, which no closed table has; and of two faults the first. */
static void test_sums(wmbt_test *t)
{
    enum { SEQ = WMBT_INDEX_RECORD_SEQ };
    for (uint32_t row = 0; row < 5u; row++) {
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES);
        wmbt_index_writer w;
        wmbt_view image;
        T_CALL(t, fill(t, memory, true, &w));
        wmbt_image_make(&w, &image);
        uint8_t *words = memory + 128;
        size_t at = WMBT_INDEX_WAYS;
        while (row == 0u && wmbt_test_load32(words + 4u * at) != 0u) {
            at++;
        }
        if (row == 0u) { /* of the first bucket with room */
            wmbt_test_store32(words + 4u * at, 1);
        } else if (row == 1u) {
            at = (size_t)((const uint8_t *)wmbt_index_context(&w.index, 0) - memory) +
                 4u * WMBT_INDEX_CONTEXT_USERS;
            wmbt_test_store32(memory + at, wmbt_test_load32(memory + at) + 1u);
        } else if (row == 3u) {
            wmbt_index_place place;
            T_CHECK(
                t, wmbt_index_find(&w.index, (const void *)wmbt_index_record(&w.index, 0), &place));
            at = (size_t)((const uint8_t *)(place.at + WMBT_INDEX_WAYS) - memory);
            wmbt_test_store32(memory + at, 1u | WMBT_INDEX_GHOST);
            at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 0) - memory);
            wmbt_test_store32(memory + at + 4u * WMBT_INDEX_RECORD_STATE, 0);
        } else if (row == 4u) { /* the second's parent, which is not whole */
            at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 0) - memory);
            wmbt_test_store32(memory + at + 4u * WMBT_INDEX_RECORD_PARENT, 2);
            wmbt_test_store32(memory + at + 64u + 4u * SEQ, UINT32_MAX);
            wmbt_test_store32(memory + at + 64u + 4u * WMBT_INDEX_RECORD_STATE, 0x10001u);
        } else {
            at = (size_t)((const uint8_t *)wmbt_index_record(&w.index, 0) - memory);
            wmbt_test_store32(memory + at + 4u * SEQ, UINT32_MAX);
            wmbt_test_store32(memory + at + 64u + 4u * SEQ, 0);
        }
        repair(memory, image.len);
        T_EQ(t, wmbt_image_check(image), row >= 2u ? WMBT_BAD_ORDER : WMBT_BAD_COUNT);
    }
}

/* An image has what the table holds and nothing else: neither what was in its memory before, nor
 * what a block was that has gone. */
static void test_nothing_else(wmbt_test *t)
{
    uint8_t *memory[2];
    wmbt_index_writer w;
    wmbt_view image[2];
    for (uint32_t i = 0; i < 2u; i++) {
        memory[i] = wmbt_test_alloc(t, BYTES);
        T_CHECK(t, memory[i] != NULL);
        wmbt_bytes_fill(memory[i], i == 0u ? 0x5Au : 0xC3u, BYTES);
        T_CALL(t, fill(t, memory[i], false, &w));
        wmbt_image_make(&w, &image[i]);
    }
    T_EQ(t, image[0].len, image[1].len);
    T_BYTES(t, memory[0], memory[1], image[0].len);
    for (uint32_t slot = 8; slot < 10u; slot++) { /* both are free */
        const wmbt_index_word *record = wmbt_index_record(&w.index, slot);
        for (uint32_t i = 0; i < WMBT_INDEX_RECORD_WORDS; i++) {
            T_CHECK(t, i == WMBT_INDEX_RECORD_PARENT || i == WMBT_INDEX_RECORD_STATE ||
                           wmbt_index_load(record + i) == 0u);
        }
    }
}

/* A ghost in a slot that was free: what the free list kept there has gone. And an image that ends
 * where the scratch memory does, with its last slots free. */
static void test_slots_used_again(wmbt_test *t)
{
    uint8_t *memory = wmbt_test_alloc(t, BYTES);
    wmbt_index_writer w;
    wmbt_view image;
    wmbt_block_hash hash;
    wmbt_block_meta meta;
    T_CALL(t, fill(t, memory, false, &w));
    wmbt_image_make(&w, &image);
    uint8_t *end = t->arena.data + (t->arena.len - image.len) / 64u * 64u;
    wmbt_test_copy(end, image.data, image.len);
    T_EQ(t, wmbt_image_check(wmbt_view_of(end, image.len)), WMBT_OK);
    for (uint32_t i = 4; i >= 3u; i--) {
        key_of(i, &hash);
        T_EQ(t, wmbt_index_remove(&w, &hash), WMBT_OK);
    }
    key_of(30, &hash);
    meta_of(30, 31, &meta); /* 31 is not there */
    T_EQ(t, wmbt_index_insert(&w, &hash, &meta, 1), WMBT_OK);
    wmbt_image_make(&w, &image);
    T_EQ(t, wmbt_image_check(image), WMBT_OK);
}

/* Whatever changes a table, it is no image until it is made one again. */
static void test_changed(wmbt_test *t)
{
    for (uint32_t how = 0; how < 4u; how++) {
        wmbt_test_reset(t);
        uint8_t *memory = wmbt_test_alloc(t, BYTES);
        const size_t flag = 4u * (size_t)WMBT_INDEX_AT_IMAGE;
        wmbt_index_writer w;
        wmbt_index x;
        wmbt_view image;
        wmbt_block_hash hash;
        wmbt_block_meta meta;
        T_CALL(t, fill(t, memory, false, &w));
        wmbt_image_make(&w, &image);
        T_EQ(t, wmbt_test_load32(memory + flag), 1);
        key_of(1, &hash);
        meta_of(1, 0, &meta);
        wmbt_status status = how == 0u   ? wmbt_index_insert(&w, &hash, &meta, 9)
                             : how == 1u ? wmbt_index_remove(&w, &hash)
                             : how == 2u ? wmbt_index_get_and_touch(&w, &hash, 9, &meta)
                                         : wmbt_index_add(&w, &hash, &meta);
        T_EQ(t, status, how == 3u ? WMBT_STALE : WMBT_OK);
        T_EQ(t, wmbt_test_load32(memory + flag), how == 3u ? 1 : 0);
        T_EQ(t, wmbt_image_open(image, &x), how == 3u ? WMBT_OK : WMBT_BAD_FIELD);
    }
}

static const wmbt_case cases[] = {
    {"round trip", test_round_trip, 16u << 10, NULL},
    {"every context in use", test_all_contexts, 16u << 10, NULL},
    {"every flip and truncation", test_damage, 16u << 10, NULL},
    {"no empty place", test_no_empty_place, 16u << 10, NULL},
    {"slots of a header that is bent", test_few_slots, 16u << 10, NULL},
    {"a ghost in the free list", test_ghost_in_the_free_list, 16u << 10, NULL},
    {"numbers of the header", test_header, 16u << 10, NULL},
    {"what is wrong with a table", test_statuses, 16u << 10, NULL},
    {"sums of a table", test_sums, 16u << 10, NULL},
    {"nothing else in an image", test_nothing_else, 16u << 10, NULL},
    {"slots that are used again", test_slots_used_again, 16u << 10, NULL},
    {"a table that was changed", test_changed, 16u << 10, NULL},
    {"bent tables", test_bent, 16u << 10, NULL},
};
WMBT_SUITE(image, cases);
