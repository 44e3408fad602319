/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vLLM's blocks as Python pickles, protocol 5: what CPython writes of tuples, bytes, texts,
 * integers and None.
 *
 * A pickle is cut into frames, and each begins with its length: so what is pickled is written once
 * more than there are frames. Each time one of them is hashed, and the one after it is counted.
 *
 * A frame ends before the first object behind its 65,536th byte. A text or bytes of 65,536 bytes
 * and more stand between frames. Here they are a frame of their own, with 0 as its length: what is
 * shorter than 4 bytes has no header.
 */
#include "identity/dialects/vllm.h"

#include "base/le.h"

#if WMBT_CFG_DIALECTS

#    define WMBT_PICKLE_FRAME_BYTES 65536u
#    define WMBT_PICKLE_MIN_FRAME_BYTES 4u

static void wmbt_pickle_put(wmbt_engine *x, const uint8_t *p, size_t n)
{
    if (x->frame == x->wanted) {
        if (x->counted == 0u && x->length >= WMBT_PICKLE_MIN_FRAME_BYTES) {
            static const uint8_t frame = 0x95;
            wmbt_engine_put(x, &frame, 1);
            wmbt_engine_put_le64(x, x->length);
        }
        wmbt_engine_put(x, p, n);
    }
    x->counted += (uint32_t)n;
}

/* An opcode and what belongs to it: the n lowest bytes of a number. */
static void wmbt_pickle_op(wmbt_engine *x, uint32_t bytes, uint32_t n)
{
    uint8_t out[4];
    wmbt_store_le32(out, bytes);
    wmbt_pickle_put(x, out, n);
}

static void wmbt_pickle_end_frame(wmbt_engine *x)
{
    if (x->frame == x->wanted + 1u) {
        x->length = x->counted;
    }
    x->frame++;
    x->counted = 0;
}

/* The first opcode of an object. */
static void wmbt_pickle_begin(wmbt_engine *x, uint32_t bytes, uint32_t n)
{
    if (x->counted >= WMBT_PICKLE_FRAME_BYTES) {
        wmbt_pickle_end_frame(x);
    }
    wmbt_pickle_op(x, bytes, n);
}

/* An opcode with a length of a byte, or another with four; behind the bytes, one that gives the
 * object its number. */
static void wmbt_pickle_string(wmbt_engine *x, uint32_t what, const uint8_t *p, size_t length)
{
    static const uint8_t ops[] = {0x43, 0x42, 0x8C, 0x58}; /* bytes, text */
    const uint32_t n = (uint32_t)length;
    const uint32_t wide = n > UINT8_MAX;
#    if SIZE_MAX > UINT32_MAX
    if (length > UINT32_MAX) {
        x->failed = (uint32_t)WMBT_TOO_LARGE;
        return;
    }
#    endif
    if (what == WMBT_WRITE_AGAIN) { /* an item's; before it: parent, tokens, an adapter's four */
        wmbt_pickle_begin(x, wmbt_engine_has(x->config->lora_name) ? 0x668 : 0x268, 2);
        return;
    }
    if (n >= WMBT_PICKLE_FRAME_BYTES) {
        wmbt_pickle_end_frame(x);
    }
    wmbt_pickle_begin(x, n << 8 | ops[2u * (what - WMBT_WRITE_BYTES) + wide], 2u - wide);
    wmbt_pickle_op(x, n, 4u * wide);
    wmbt_pickle_put(x, p, n);
    if (n >= WMBT_PICKLE_FRAME_BYTES) {
        x->counted = 0;
        wmbt_pickle_end_frame(x);
    }
    wmbt_pickle_op(x, 0x94, 1);
}

/* A number of 8, 16 or 32 bits, or the shortest two's complement. */
static void wmbt_pickle_integer(wmbt_engine *x, int64_t v)
{
    const uint32_t low = (uint32_t)v, high = (uint32_t)((uint64_t)v >> 32);
    uint32_t op = 0x4A, op_bytes = 1, low_bytes = 4, high_bytes = 0;
    if (high == 0u && low <= UINT16_MAX) {
        low_bytes = low > UINT8_MAX ? 2 : 1;
        op = 0x49u + 2u * low_bytes;
    } else if (high + (low >> 31) != 0u) {
        uint32_t rest = (high ^ (0u - (high >> 31))) >> 7; /* without its sign */
        for (high_bytes = 1; rest != 0u; rest >>= 8) {
            high_bytes++;
        }
        op = (4u + high_bytes) << 8 | 0x8Au;
        op_bytes = 2;
    }
    wmbt_pickle_begin(x, op, op_bytes);
    wmbt_pickle_op(x, low, low_bytes);
    wmbt_pickle_op(x, high, high_bytes);
}

/* Tuples of more than three values stand between a mark and an end. They have a number, too. */
static void wmbt_pickle_mark(wmbt_engine *x, uint32_t what, uint32_t n)
{
    WMBT_ASSERT(n != 0u); /* the empty tuple has an opcode of its own, and no number */
    if (what == WMBT_WRITE_END) {
        wmbt_pickle_op(x, 0x9400u | (n > 3u ? 0x74u : 0x84u + n), 2);
    } else if (n > 3u) { /* so is None's */
        wmbt_pickle_begin(x, what == WMBT_WRITE_TUPLE ? 0x28 : 0x4E, 1);
    }
}

static const wmbt_engine_writer wmbt_engine_pickle = {wmbt_pickle_string, wmbt_pickle_integer,
                                                      wmbt_pickle_mark};

/* Of a block its three values, of the root, where there are no tokens, the seed. */
static void wmbt_vllm_pickled(wmbt_engine *x)
{
    const bool root = x->words == 0u;
    const wmbt_view first = root ? wmbt_vllm_seed(x) : wmbt_engine_parent(x);
    wmbt_pickle_string(x, root ? WMBT_WRITE_TEXT : WMBT_WRITE_BYTES, first.data, first.len);
    if (root) {
        return;
    }
    wmbt_pickle_mark(x, WMBT_WRITE_TUPLE, x->words);
    for (uint32_t i = 0;; i++) {
        if (i == x->words) { /* a tuple of one value begins with nothing */
            wmbt_pickle_mark(x, WMBT_WRITE_END, x->words);
            wmbt_pickle_mark(x, WMBT_WRITE_TUPLE, x->ahead + 1u);
            wmbt_vllm_extras(x);
        }
        if (i == x->words + x->ahead) {
            break;
        }
        wmbt_pickle_integer(x, wmbt_engine_kept(x)[i]);
    }
    if (x->ahead != 0u) {
        wmbt_pickle_mark(x, WMBT_WRITE_END, x->ahead + 1u);
    }
    wmbt_pickle_mark(x, WMBT_WRITE_END, 3);
}

/* Nothing is counted yet when it begins: every frame ends so, the last one too. */
static void wmbt_vllm_pickle(wmbt_engine *x)
{
    static const uint8_t protocol[] = {0x80, 5};
    wmbt_engine_put(x, protocol, sizeof protocol);
    x->wanted = UINT32_MAX;
    do {
        x->frame = 0;
        wmbt_vllm_pickled(x);
        wmbt_pickle_op(x, 0x2E, 1);
        wmbt_pickle_end_frame(x);
        x->wanted++;
    } while (x->wanted != x->frame);
}

static bool wmbt_vllm_pickle_root(wmbt_engine *x)
{
    wmbt_vllm_pickle(x);
    return true;
}

static void wmbt_vllm_pickle_keep(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    (void)x;
    (void)tokens;
    (void)count;
}

#    define WMBT_VLLM_PICKLE(constant, text, of_hash, bytes, need)                          \
        const wmbt_dialect wmbt_dialect_##constant = {                                      \
            .calls = &wmbt_engine_calls_all,                                                \
            WMBT_DIALECT_NAME(text),                                                        \
            .hash = &(of_hash),                                                             \
            .writer = &wmbt_engine_pickle,                                                  \
            .root = wmbt_vllm_pickle_root,                                                  \
            .add = wmbt_vllm_pickle_keep,                                                   \
            .tail = wmbt_vllm_pickle,                                                       \
            .may = WMBT_VLLM_FIELDS | WMBT_ENGINE_LORA_PATH | WMBT_ENGINE_LOOKAHEAD,        \
            .needed = (need),                                                               \
            .of_root = WMBT_ENGINE_SEED_TEXT,                                               \
            .hash_bytes = (bytes),                                                          \
            .parent_bytes = (bytes),                                                        \
            .flags = WMBT_DIALECT_ANY_PARENT | WMBT_DIALECT_WHOLE | WMBT_DIALECT_TAIL_LAST, \
            .check_items = wmbt_dialect_check_items,                                        \
            .items = WMBT_ITEMS_TEXT,                                                       \
            .variant = WMBT_VLLM_TAGGED,                                                    \
        }

WMBT_VLLM_PICKLE(vllm_sha256, "vllm-sha256", wmbt_engine_sha256, 32, 0);
WMBT_VLLM_PICKLE(vllm_xxhash, "vllm-xxhash", wmbt_engine_xxh3_128, 16, WMBT_ENGINE_SEED_TEXT);

#endif
