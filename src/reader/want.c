/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's wants: what to ask next, and the keys of what is asked for. */
#include "base/bytes.h"
#include "reader/state.h"

#if WMBT_CFG_READER

/* --- what to ask ------------------------------------------------------------------------------ */

/* The first block whose presence is to be asked about. What is settled is known: resident ones. */
static uint32_t wmbt_reader_question_from(const wmbt_reader *r)
{
    return r->now.asked > r->now.settled ? r->now.asked : r->now.settled;
}

/* Blocks to ask the presence of: enough for a full question, or the rest once no more can come.
 * None after stop(), which wants nothing behind what is settled. */
static uint32_t wmbt_reader_question(const wmbt_reader *r)
{
    uint32_t wanted = wmbt_reader_wanted(r), from = wmbt_reader_question_from(r);
    uint32_t max_blocks = r->config.presence_blocks;
    if (wmbt_reader_asks(r) || from >= wanted) {
        return 0;
    }
    uint32_t blocks = wmbt_min_u32(wanted - from, max_blocks);
    return blocks == max_blocks || r->now.input == WMBT_INPUT_ENDED ? blocks : 0u;
}

/* The open want of a slot, or that it has ended; without a slot, of the question. */
static void wmbt_reader_describe(const wmbt_reader *r, const wmbt_reader_slot *s, wmbt_want *want)
{
    wmbt_bytes_fill((uint8_t *)want, 0, sizeof *want);
    if (s == NULL) {
        want->serial = r->question;
        want->id = r->config.in_flight;
        want->kind = wmbt_reader_asks(r) ? WMBT_WANT_PRESENCE : WMBT_WANT_STOP;
        want->object = r->now.answered;
        want->blocks = r->now.asked - r->now.answered;
        return;
    }
    want->serial = s->serial;
    want->id = s->id;
    want->kind = s->asked != 0u ? s->asked : WMBT_WANT_STOP;
    want->object = s->object;
    if (want->kind == WMBT_WANT_OBJECT) {
        want->bytes = r->config.first_bytes;
    } else if (want->kind == WMBT_WANT_RANGE) {
        want->offset = s->ask_from;
        want->bytes = s->ask_to - s->ask_from;
    } else if (want->kind == WMBT_WANT_MEMORY) {
        want->plain_bytes = s->plain == NULL ? s->plain_bytes : 0u;
        want->stored_bytes = s->ask_to;
    }
    want->collected =
        want->bytes != 0u && (s->large != 0u || s->phase == WMBT_SLOT_COLLECT) ? 1u : 0u;
}

/* A slot asks for what its phase waits for. */
static void wmbt_reader_ask(wmbt_reader *r, wmbt_reader_slot *s)
{
    WMBT_ASSERT(s->phase > WMBT_SLOT_ENDED && s->not_quiet == 0u);
    s->serial = r->serial++;
    s->noisy = 1;
    s->ask_from = s->run[0].to;
    if (s->phase == WMBT_SLOT_FIND) {
        s->asked = WMBT_WANT_OBJECT;
    } else if (s->phase == WMBT_SLOT_MEMORY) {
        s->asked = WMBT_WANT_MEMORY;
    } else if (s->phase == WMBT_SLOT_UNWRAP || s->phase == WMBT_SLOT_CHECK) {
        s->asked = WMBT_WANT_STEP;
    } else { /* the first bytes that have not come */
        s->asked = WMBT_WANT_RANGE;
        s->ask_to = s->limit;
        if (s->phase == WMBT_SLOT_HEADER) {
            s->ask_to = wmbt_min_u32(s->source_bytes, r->config.first_bytes);
        }
        for (uint32_t i = 1; i < s->runs; i++) {
            s->ask_to = wmbt_min_u32(s->ask_to, s->run[i].from);
        }
    }
}

/* The next block that may be started, or the tail. False if there is none now. */
static bool wmbt_reader_next_object(wmbt_reader *r, uint32_t *object)
{
    uint32_t wanted = wmbt_reader_wanted(r);
    while (r->now.next < wanted &&
           wmbt_reader_state_of(wmbt_reader_record_of(r, r->now.next)) != WMBT_RECORD_NEW) {
        r->now.next++;
    }
    *object = r->now.next;
    if (r->now.next < wanted) {
        return r->config.presence_blocks == 0u || r->now.next < r->now.answered;
    }
    *object = WMBT_READER_TAIL; /* it goes where rows of another slot may still come */
    return wmbt_reader_tail_state(r) == WMBT_RECORD_NEW && r->not_quiet == 0u;
}

/* Gives the next object a slot, which then has something to hand out. */
static void wmbt_reader_start_object(wmbt_reader *r)
{
    uint32_t object;
    while (r->first_free != WMBT_SLOT_NONE && wmbt_reader_next_object(r, &object)) {
        if (!wmbt_reader_read_page(r, object)) {
            wmbt_reader_settle(r, object, WMBT_FULL, 0);
            continue;
        }
        wmbt_reader_slot *s = wmbt_reader_slot_at(r, r->first_free);
        r->first_free = s->next;
        wmbt_reader_record *record = wmbt_reader_record_of(r, object);
        record->state |= WMBT_RECORD_IN_FLIGHT; /* was new */
        record->slot = s->id;
        s->object = object;
#    if WMBT_CFG_READER_BOUND
        s->digest = wmbt_reader_digest_of(r, object);
#    endif
        wmbt_reader_object_start(r, s);
        return;
    }
}

wmbt_status wmbt_reader_next_want(wmbt_reader *r, wmbt_want *want)
{
    if (r->waiting != 0u && r->not_quiet != 0u) {
        return WMBT_NEED_MORE;
    }
    r->waiting = 0;
    uint32_t blocks = 0;
    if (r->now.question_ends == 0u && r->first == WMBT_SLOT_NONE) {
        blocks = wmbt_reader_question(r);
        if (blocks == 0u) {
            wmbt_reader_start_object(r);
        }
    }
    if (r->now.question_ends != 0u) {
        r->now.question_ends = 0;
        wmbt_reader_describe(r, NULL, want);
    } else if (r->first != WMBT_SLOT_NONE) {
        wmbt_reader_slot *s = wmbt_reader_slot_at(r, r->first);
        wmbt_reader_unqueue(r, s);
        if (s->stop != 0u) {
            s->stop = 0;
            wmbt_reader_free_slot(r, s);
        } else {
            wmbt_reader_ask(r, s);
        }
        wmbt_reader_describe(r, s, want);
    } else if (blocks != 0u) {
        r->question = r->serial++;
        r->now.answered = wmbt_reader_question_from(r);
        r->now.asked = r->now.answered + blocks;
        wmbt_reader_describe(r, NULL, want);
    } else {
        return wmbt_reader_is_done(r) ? WMBT_END : WMBT_NEED_MORE;
    }
    return WMBT_OK;
}

wmbt_status wmbt_reader_want_of(const wmbt_reader *r, uint64_t serial, wmbt_want *want)
{
    const wmbt_reader_slot *found = NULL;
    for (uint32_t i = r->config.in_flight; i-- > 0u;) {
        const wmbt_reader_slot *s = wmbt_reader_slot_at(r, i);
        if (s->asked != 0u && s->serial == serial) {
            found = s;
        }
    }
    if (found == NULL && !(wmbt_reader_asks(r) && r->question == serial)) {
        return WMBT_STALE;
    }
    wmbt_reader_describe(r, found, want);
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
    wmbt_view_set(&key.prefix, r->prefix);
    wmbt_view_set(&key.name_space, r->name_space);
    wmbt_bytes_copy(key.hash.bytes, wmbt_reader_record_of(r, object)->hash.bytes,
                    WMBT_BLOCK_HASH_BYTES);
    /* The prefix is known here: no reader of the key has to find it. */
    return wmbt_objkey_build(&key, WMBT_OBJKEY_COMPAT_SPLIT, out, len);
}

#    if WMBT_CFG_READER_COLLECT

/* The key of the chunk that a slot is at. */
static wmbt_status wmbt_reader_chunk_key(const wmbt_reader *r, const wmbt_reader_slot *s,
                                         wmbt_buf out, size_t *len)
{
    wmbt_largevalue manifest;
    manifest.id.data = s->id_digits;
    manifest.id.len = sizeof s->id_digits;
    manifest.chunks = UINT32_MAX; /* the slot knows which there are */
    return wmbt_largevalue_chunk_key(&manifest, r->prefix, r->name_space, s->chunk, out, len);
}

#    endif

wmbt_status wmbt_reader_want_key(const wmbt_reader *r, const wmbt_want *want, wmbt_buf out,
                                 size_t *len)
{
    const wmbt_reader_slot *s = wmbt_reader_slot_of(r, want);
    if (s == NULL) {
        return wmbt_reader_is_question(r, want) ? WMBT_BAD_STATE : WMBT_STALE;
    }
    if (want->kind > WMBT_WANT_RANGE) {
        return WMBT_BAD_STATE;
    }
#    if WMBT_CFG_READER_COLLECT
    if (s->large != 0u) {
        return wmbt_reader_chunk_key(r, s, out, len);
    }
#    endif
    return wmbt_reader_object_key(r, s->object, out, len);
}

#endif
