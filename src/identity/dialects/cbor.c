/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical CBOR into the hash: definite lengths, shortest heads, no tags (RFC 8949, 4.2.1). */
#include "identity/dialects/dialect.h"

#if WMBT_CFG_DIALECTS

/* Major types are those of what is written, and besides: */
#    define WMBT_CBOR_UNSIGNED 0u
#    define WMBT_CBOR_NEGATIVE 1u

/* The longest head. */
#    define WMBT_CBOR_HEAD_BYTES 9u

/* Writes a head, and returns its bytes. */
static size_t wmbt_cbor_head(uint8_t out[WMBT_CBOR_HEAD_BYTES], uint32_t major, uint64_t value)
{
    size_t n = 0;
    uint8_t info = (uint8_t)value;
    if (value > UINT32_MAX) {
        n = 8;
        info = 27;
    } else if (value > UINT16_MAX) {
        n = 4;
        info = 26;
    } else if (value > UINT8_MAX) {
        n = 2;
        info = 25;
    } else if (value >= 24u) {
        n = 1;
        info = 24;
    }
    out[0] = (uint8_t)(major << 5 | info);
    for (size_t i = n; i != 0u; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
    return 1u + n;
}

void wmbt_engine_cbor_header(wmbt_engine *x, uint32_t major, uint64_t value)
{
    uint8_t head[WMBT_CBOR_HEAD_BYTES];
    wmbt_engine_put(x, head, wmbt_cbor_head(head, major, value));
}

void wmbt_engine_cbor_tokens(wmbt_engine *x, const uint32_t *tokens, size_t count)
{
    uint8_t bytes[8u * WMBT_CBOR_HEAD_BYTES];
    size_t fill = 0;
    for (size_t i = 0; i < count; i++) {
        fill += wmbt_cbor_head(bytes + fill, WMBT_CBOR_UNSIGNED, tokens[i]);
        if (fill > sizeof bytes - WMBT_CBOR_HEAD_BYTES || i + 1u == count) {
            wmbt_engine_put(x, bytes, fill);
            fill = 0;
        }
    }
}

void wmbt_engine_cbor_null(wmbt_engine *x)
{
    wmbt_engine_cbor_header(x, WMBT_WRITE_NONE, WMBT_WRITE_NONE_NUMBER);
}

/* A text or bytes. */
static void wmbt_cbor_string(wmbt_engine *x, uint32_t what, const uint8_t *p, size_t n)
{
    wmbt_engine_cbor_header(x, what, n);
    wmbt_engine_put(x, p, n);
}

void wmbt_engine_cbor_text(wmbt_engine *x, wmbt_view text)
{
    wmbt_cbor_string(x, WMBT_WRITE_TEXT, text.data, text.len);
}

void wmbt_engine_cbor_integer(wmbt_engine *x, int64_t v)
{
    if (v < 0) {
        wmbt_engine_cbor_header(x, WMBT_CBOR_NEGATIVE, (uint64_t)(-(v + 1)));
    } else {
        wmbt_engine_cbor_header(x, WMBT_CBOR_UNSIGNED, (uint64_t)v);
    }
}

static void wmbt_cbor_mark(wmbt_engine *x, uint32_t what, uint32_t n)
{
    if (what != WMBT_WRITE_END) { /* arrays have their length in front */
        wmbt_engine_cbor_header(x, what, n);
    }
}

void wmbt_engine_cbor_begin_number(wmbt_engine *x)
{
    wmbt_engine_cbor_header(x, WMBT_WRITE_TUPLE, 3);
    wmbt_engine_cbor_header(x, WMBT_CBOR_UNSIGNED,
                            wmbt_engine_load_be64(wmbt_engine_parent(x).data));
    wmbt_engine_cbor_header(x, WMBT_WRITE_TUPLE, x->words);
}

void wmbt_engine_cbor_begin_bytes(wmbt_engine *x)
{
    const wmbt_view parent = wmbt_engine_parent(x);
    wmbt_engine_cbor_header(x, WMBT_WRITE_TUPLE, 3);
    wmbt_cbor_string(x, WMBT_WRITE_BYTES, parent.data, parent.len);
    wmbt_engine_cbor_header(x, WMBT_WRITE_TUPLE, x->words);
}

const wmbt_engine_writer wmbt_engine_cbor = {wmbt_cbor_string, wmbt_engine_cbor_integer,
                                             wmbt_cbor_mark};

#endif
