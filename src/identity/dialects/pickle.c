/* SPDX-License-Identifier: Apache-2.0 */
/* Python's pickle, protocol 5, into the hash: what CPython writes of tuples, bytes, texts, integers
 * and None in one frame. Objects are numbered in the order in which they are written. */
#include "identity/dialects/pickle.h"

#include "base/bytes.h"
#include "base/le.h"

#if WMBT_CFG_DIALECTS

/* CPython starts a second frame when one has so many bytes. */
#    define WMBT_PICKLE_FRAME_BYTES 65536u
#    define WMBT_PICKLE_NO_NUMBER UINT32_MAX

static void wmbt_pickle_op(wmbt_engine *x, uint8_t op)
{
    wmbt_engine_put(x, &op, 1);
}

static void wmbt_pickle_memoize(wmbt_engine *x)
{
    wmbt_pickle_op(x, 0x94);
    x->memo++;
}

void wmbt_pickle_count(wmbt_engine *x)
{
    x->memo = 0;
    x->memo_mm = WMBT_PICKLE_NO_NUMBER;
    x->counting = 1;
    x->counted = 0;
}

bool wmbt_pickle_begin(wmbt_engine *x)
{
    const uint32_t counted = x->counted;
    x->memo = 0;
    x->memo_mm = WMBT_PICKLE_NO_NUMBER;
    x->counting = 0;
    if (counted >= WMBT_PICKLE_FRAME_BYTES - 1u) { /* and one byte for the end */
        x->failed = (uint32_t)WMBT_TOO_LARGE;
        return false;
    }
    static const uint8_t protocol_and_frame[] = {0x80, 5, 0x95};
    wmbt_engine_put(x, protocol_and_frame, sizeof protocol_and_frame);
    wmbt_engine_put_le64(x, (uint64_t)counted + 1u);
    return true;
}

void wmbt_pickle_stop(wmbt_engine *x)
{
    wmbt_pickle_op(x, 0x2E);
}

/* Bytes or a text: an opcode with a length of a byte, or another with four. */
static void wmbt_pickle_string(wmbt_engine *x, wmbt_view v, uint8_t op_short, uint8_t op_long)
{
    if (v.len <= UINT8_MAX) {
        wmbt_pickle_op(x, op_short);
        wmbt_pickle_op(x, (uint8_t)v.len);
    } else {
        wmbt_pickle_op(x, op_long);
        wmbt_engine_put_le32(x, (uint32_t)v.len);
    }
    wmbt_engine_put_view(x, v);
    wmbt_pickle_memoize(x);
}

static void wmbt_pickle_text(wmbt_engine *x, wmbt_view text)
{
    wmbt_pickle_string(x, text, 0x8C, 0x58);
}

/* Of the fixed texts only "mm" occurs more than once in a block. It is one object. */
static void wmbt_pickle_tag(wmbt_engine *x, wmbt_view text)
{
    const bool mm = wmbt_view_equal(text, WMBT_VIEW_LITERAL("mm"));
    if (mm && x->memo_mm != WMBT_PICKLE_NO_NUMBER) {
        wmbt_pickle_op(x, 0x68); /* one of the first objects of a block: its number is small */
        wmbt_pickle_op(x, (uint8_t)x->memo_mm);
        return;
    }
    if (mm) {
        x->memo_mm = x->memo;
    }
    wmbt_pickle_text(x, text);
}

static void wmbt_pickle_bytes(wmbt_engine *x, wmbt_view bytes)
{
    wmbt_pickle_string(x, bytes, 0x43, 0x42);
}

static void wmbt_pickle_number(wmbt_engine *x, int64_t value)
{
    uint8_t bytes[10];
    size_t n;
    bytes[0] = 0x8A;
    bytes[1] = 0;
    wmbt_store_le64(bytes + 2, (uint64_t)value);
    if (value >= 0 && value <= UINT8_MAX) {
        bytes[1] = 0x4B;
        n = 1;
    } else if (value >= 0 && value <= UINT16_MAX) {
        bytes[1] = 0x4D;
        n = 2;
    } else if (value >= INT32_MIN && value <= INT32_MAX) {
        bytes[1] = 0x4A;
        n = 4;
    } else { /* the shortest two's complement */
        const uint8_t sign = value < 0 ? 0xFF : 0;
        n = 8;
        while (bytes[1u + n] == sign && (bytes[n] & 0x80u) == (sign & 0x80u)) {
            n--;
        }
        bytes[1] = (uint8_t)n;
        wmbt_engine_put(x, bytes, 2u + n);
        return;
    }
    wmbt_engine_put(x, bytes + 1, 1u + n);
}

/* Tuples of more than three values stand between a mark and an end. */
static void wmbt_pickle_begin_tuple(wmbt_engine *x, uint32_t n)
{
    if (n > 3u) {
        wmbt_pickle_op(x, 0x28);
    }
}

static void wmbt_pickle_end_tuple(wmbt_engine *x, uint32_t n)
{
    WMBT_ASSERT(n != 0u); /* the empty tuple has an opcode of its own, and no number */
    wmbt_pickle_op(x, (uint8_t)(n > 3u ? 0x74u : 0x84u + n));
    wmbt_pickle_memoize(x);
}

static void wmbt_pickle_none(wmbt_engine *x)
{
    wmbt_pickle_op(x, 0x4E);
}

const wmbt_engine_writer wmbt_engine_pickle = {
    wmbt_pickle_begin_tuple, wmbt_pickle_end_tuple, wmbt_pickle_text, wmbt_pickle_tag,
    wmbt_pickle_bytes,       wmbt_pickle_number,    wmbt_pickle_none,
};

#endif
