/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's wants: what to ask next, and the keys of what is asked for. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- what to ask ------------------------------------------------------------------------------ */

/* Blocks to ask the presence of: enough for a full question, or the rest once no more can come. */
static uint32_t wmbt_reader_question(const wmbt_reader *r)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    uint32_t most = r->config.presence_blocks;
    if (r->now.asked != r->now.answered || r->now.asked >= wanted) {
        return 0;
    }
    uint32_t blocks = wmbt_reader_min(wanted - r->now.asked, most);
    return blocks == most || r->now.input == WMBT_INPUT_ENDED ? blocks : 0u;
}

static void wmbt_reader_ask_presence(wmbt_reader *r, uint32_t blocks, wmbt_want *want)
{
    want->id = r->config.in_flight;
    want->generation = r->presence_generation;
    want->kind = WMBT_WANT_PRESENCE;
    want->object = r->now.asked;
    want->blocks = blocks;
    r->now.asked += blocks;
}

static void wmbt_reader_ask(wmbt_reader *r, wmbt_reader_slot *s, wmbt_want *want)
{
    s->asked = 1;
    want->id = (uint32_t)(s - r->slot);
    want->generation = s->generation;
    want->object = s->object;
    if (s->phase == WMBT_SLOT_FIND) {
        want->kind = WMBT_WANT_OBJECT;
        want->bytes = WMBT_READER_HEADER_BYTES;
    } else if (s->phase == WMBT_SLOT_MEMORY) {
        want->kind = WMBT_WANT_MEMORY;
        want->raw_bytes = s->raw == NULL ? s->raw_bytes : 0u;
        want->stored_bytes = s->stored_need;
    } else { /* the first bytes that have not come */
        s->ask_to = s->limit;
        for (uint32_t i = 1; i < s->runs; i++) {
            s->ask_to = wmbt_reader_min(s->ask_to, s->run[i].from);
        }
        want->kind = WMBT_WANT_RANGE;
        want->offset = s->run[0].to;
        want->bytes = s->ask_to - s->run[0].to;
    }
}

/* The next block that may be started, or the tail. False if there is none now. */
static bool wmbt_reader_next_object(wmbt_reader *r, uint32_t *object)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    while (r->now.next < wanted &&
           wmbt_reader_record_of(r, r->now.next)->state != WMBT_RECORD_NEW) {
        r->now.next++;
    }
    *object = r->now.next;
    if (r->now.next < wanted) {
        return r->config.presence_blocks == 0u || r->now.next < r->now.answered;
    }
    *object = WMBT_READER_TAIL;
    return wmbt_reader_tail_state(r) == WMBT_RECORD_NEW;
}

wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want)
{
    /* Of the slots that have something to ask, the one with the first object (the tail is last). */
    wmbt_reader_slot *s = NULL, *unused = NULL;
    for (uint32_t i = 0; i < r->config.in_flight; i++) {
        wmbt_reader_slot *x = &r->slot[i];
        if (x->phase == WMBT_SLOT_FREE) {
            unused = x;
        } else if (x->asked == 0u && (s == NULL || x->object < s->object)) {
            s = x;
        }
    }
    uint32_t blocks = s == NULL ? wmbt_reader_question(r) : 0u;
    if (s == NULL && blocks == 0u) {
        uint32_t object;
        if (unused == NULL || !wmbt_reader_next_object(r, &object)) {
            return wmbt_reader_is_done(r) ? WMBT_END : WMBT_NEED_MORE;
        }
        wmbt_reader_record_of(r, object)->state = WMBT_RECORD_IN_FLIGHT;
        s = unused;
        s->object = object;
        wmbt_reader_object_start(s);
    }
    wmbt_bytes_fill((uint8_t *)want, 0, sizeof *want);
    if (s == NULL) {
        wmbt_reader_ask_presence(r, blocks, want);
    } else {
        wmbt_reader_ask(r, s, want);
    }
    return WMBT_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

wmbt_status wmbt_reader_object_key(const wmbt_reader *r, uint32_t object, wmbt_buf out, size_t *len)
{
    wmbt_objkey key;
    wmbt_bytes_fill((uint8_t *)&key, 0, sizeof key);
    key.kind = WMBT_OBJKEY_BLOCK;
    if (object == WMBT_READER_TAIL) {
        key.kind = WMBT_OBJKEY_RAW_TAIL;
        object = r->now.usable - 1u; /* without a usable block: beyond all */
    }
    if (object >= r->now.blocks) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_view_set(&key.prefix, r->config.prefix);
    wmbt_view_set(&key.name_space, r->config.name_space);
    wmbt_bytes_copy(key.hash.bytes, wmbt_reader_record_of(r, object)->hash.bytes,
                    WMBT_BLOCK_HASH_BYTES);
    /* The prefix is known here: no reader of the key has to find it. */
    return wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, out, len);
}

/* The key of the chunk that a slot is at. */
static wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s,
                                         wmbt_buf out, size_t *len)
{
    wmbt_largevalue manifest;
    manifest.id.data = s->id;
    manifest.id.len = sizeof s->id;
    manifest.chunks = UINT32_MAX; /* the slot knows which there are */
    return wmbt_largevalue_chunk_key(&manifest, r->config.prefix, r->config.name_space, s->chunk,
                                     out, len);
}

wmbt_status wmbt_reader_want_key(const wmbt_reader *r, const wmbt_want *want, wmbt_buf out,
                                 size_t *len)
{
    const wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL || s->phase == WMBT_SLOT_MEMORY) {
        return WMBT_BAD_STATE;
    }
    return s->large != 0u ? wmbt_reader_chunk_key(r, s, out, len)
                          : wmbt_reader_object_key(r, s->object, out, len);
}

/* --- answers ---------------------------------------------------------------------------------- */

/* --- bytes ------------------------------------------------------------------------------------ */

#endif
