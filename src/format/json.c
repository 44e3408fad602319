/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON reader with serde_json's acceptance. If-chains, not switches: small
 * targets would call a helper of the compiler for a jump table. */
#include "format/json.h"

#include "base/bytes.h"
#include "base/le.h"
#include "base/min.h"
#include "base/text.h"

#if WMBT_CFG_MANIFEST

/* What may come next. */
#    define WMBT_JSON_AT_VALUE 0u
#    define WMBT_JSON_AT_FIRST 1u /* after '[' or '{' */
#    define WMBT_JSON_AT_REST 3u  /* after a value */

/* --- bytes
 * ------------------------------------------------------------------------------------
 */

/* The only place that reads the text: a window of it, or a byte. */
#    if WMBT_JSON_WINDOW > 0

/* A bit for each of eight bytes that does not stand for itself in a string: a control byte, a
 * quote, a backslash, one above 0x7F. The lowest seven bits of each byte are compared by sums that
 * do not carry into the next. */
static inline uint64_t wmbt_json_others8(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t low = ones * 0x7Fu;
    uint64_t plain = ((word & low) + ones * 0x60u) & (((word ^ ones * '"') & low) + low) &
                     (((word ^ ones * '\\') & low) + low);
    uint64_t others = ((word | ~plain) >> 7) & ones;
    return others * UINT64_C(0x0102040810204080) >> 56;
}

/* Which of n bytes, at most a piece, do not stand for themselves; all behind them do not. */
static uint64_t wmbt_json_mark(const uint8_t *p, uint32_t n)
{
    uint64_t others = UINT64_MAX;
    for (uint32_t i = 0; i + 8u <= n; i += 8u) {
        others ^= (wmbt_json_others8(wmbt_load_any_le64(p + i)) ^ 0xFFu) << i;
    }
    return others;
}

/* Another piece of the text, behind what the window holds. False if there is no room or no text. */
static WMBT_NOINLINE bool wmbt_json_more(wmbt_json *j)
{
    uint32_t at = j->window_bytes;
    uint32_t n = (uint32_t)wmbt_min_size(j->in.left, WMBT_JSON_PIECE);
    if (n == 0u || at == WMBT_JSON_WINDOW) {
        return false;
    }
    WMBT_ASSERT(at % WMBT_JSON_PIECE == 0u); /* less than a piece comes only last */
    uint64_t *others = &j->others[at / WMBT_JSON_PIECE];
#        if WMBT_JSON_BY_SSE2
    if (n == WMBT_JSON_PIECE) {
        *others = wmbt_json_take_piece(&j->in, j->window + at);
    } else
#        endif
    {
        (void)wmbt_cursor_copy(&j->in, j->window + at, n);
        *others = wmbt_json_mark(j->window + at, n);
    }
    j->window_bytes = at + n;
    return true;
}

/* After all that the window holds: its next piece. */
static bool wmbt_json_load(wmbt_json *j)
{
    j->window_at = 0;
    j->window_bytes = 0;
    return wmbt_json_more(j);
}

static inline void wmbt_json_advance(wmbt_json *j)
{
    if (j->window_at == j->window_bytes && !wmbt_json_load(j)) {
        j->c = WMBT_JSON_EOF;
        return;
    }
    j->c = j->window[j->window_at++];
}
#    else
static void wmbt_json_advance(wmbt_json *j)
{
    uint8_t byte;
    j->c = wmbt_cursor_u8(&j->in, &byte) ? byte : WMBT_JSON_EOF;
}
#    endif

/* Bytes behind the one at the reading position. */
static inline size_t wmbt_json_left(const wmbt_json *j)
{
#    if WMBT_JSON_WINDOW > 0
    return j->in.left + (j->window_bytes - j->window_at);
#    else
    return j->in.left;
#    endif
}

size_t wmbt_json_offset(const wmbt_json *j)
{
    return j->text.len - wmbt_json_left(j) - (j->c == WMBT_JSON_EOF ? 0u : 1u);
}

/* Refuses the byte at the reading position. */
static wmbt_status wmbt_json_refuse(wmbt_json *j, wmbt_status status)
{
    j->status = j->c == WMBT_JSON_EOF ? WMBT_TRUNCATED : status;
    return j->status;
}

static void wmbt_json_skip_space(wmbt_json *j)
{
    while (j->c == ' ' || j->c == '\n' || j->c == '\t' || j->c == '\r') {
        wmbt_json_advance(j);
    }
}

static bool wmbt_json_at_digit(const wmbt_json *j)
{
    return j->c >= '0' && j->c <= '9';
}

/* --- containers
 * -------------------------------------------------------------------------------
 */

static bool wmbt_json_in_object(const wmbt_json *j)
{
    WMBT_ASSERT(j->depth != 0u);
    size_t level = j->depth - 1u;
    if (level < WMBT_JSON_STACK_LEVELS) {
        return (j->kinds[level / 32u] >> (level % 32u) & 1u) != 0u;
    }
    level -= WMBT_JSON_STACK_LEVELS;
    WMBT_ASSERT(level / 8u < j->work.len);
    return ((uint32_t)j->work.data[level / 8u] >> (level % 8u) & 1u) != 0u;
}

static wmbt_status wmbt_json_open(wmbt_json *j, bool object)
{
    size_t level = j->depth;
    if (j->strict && level == WMBT_JSON_STRICT_LEVELS) {
        return wmbt_json_refuse(j, WMBT_TOO_DEEP);
    }
    if (level < WMBT_JSON_STACK_LEVELS) {
        uint32_t bit = (uint32_t)1 << (level % 32u);
        uint32_t *kinds = &j->kinds[level / 32u];
        *kinds = object ? *kinds | bit : *kinds & ~bit;
    } else {
        size_t i = level - WMBT_JSON_STACK_LEVELS;
        if (i / 8u >= j->work.len) {
            /* What is left cannot close them all: no memory would help. */
            j->status = wmbt_json_left(j) <= level ? WMBT_TRUNCATED : WMBT_TOO_DEEP;
            return j->status;
        }
        uint32_t bit = (uint32_t)1 << (i % 8u);
        uint32_t kinds = j->work.data[i / 8u];
        j->work.data[i / 8u] = (uint8_t)(object ? kinds | bit : kinds & ~bit);
    }
    wmbt_json_advance(j);
    j->depth++;
    j->state = WMBT_JSON_AT_FIRST;
    j->token = object ? WMBT_JSON_OBJECT : WMBT_JSON_ARRAY;
    return WMBT_OK;
}

static wmbt_status wmbt_json_close(wmbt_json *j)
{
    WMBT_ASSERT(j->depth != 0u);
    wmbt_json_advance(j);
    j->depth--;
    j->state = WMBT_JSON_AT_REST;
    j->token = WMBT_JSON_CLOSE;
    return WMBT_OK;
}

/* --- strings
 * ----------------------------------------------------------------------------------
 */

/* A byte of a string, escapes resolved. */
static void wmbt_json_put(wmbt_json *j, uint32_t byte)
{
    if (j->token == WMBT_JSON_KEY) {
        if (j->key_bytes < WMBT_JSON_KEY_BYTES) {
            j->key[j->key_bytes] = (uint8_t)byte;
        }
        if (j->key_bytes <= WMBT_JSON_KEY_BYTES) {
            j->key_bytes++;
        }
    } else if (j->escaped) {
        wmbt_writer_u8(&j->out, (uint8_t)byte);
    }
}

#    if WMBT_JSON_WINDOW > 0
/* How many of the lowest bits are 0; word is not 0. */
static inline uint32_t wmbt_json_low_zeros(uint64_t word)
{
#        if WMBT_JSON_BY_SSE2 || (defined(__GNUC__) && defined(__aarch64__))
    return (uint32_t)__builtin_ctzll(word);
#        else /* compilers may make a call of the above */
    uint32_t n = 0;
    for (uint32_t step = 32; step != 0u; step /= 2u) {
        if ((word & ((UINT64_C(1) << step) - 1u)) == 0u) {
            word >>= step;
            n += step;
        }
    }
    return n;
#        endif
}

/* Where in the window, from `at` on, the next byte is that does not stand for itself, or the text
 * there ends. */
static inline uint32_t wmbt_json_plain_end(const wmbt_json *j, uint32_t at)
{
    while (at < j->window_bytes) {
        uint64_t others = j->others[at / 64u] >> (at % 64u);
        if (others != 0u) {
            return wmbt_min_u32(at + wmbt_json_low_zeros(others), j->window_bytes);
        }
        at = (at | 63u) + 1u;
    }
    return j->window_bytes;
}

/* n bytes of the window that stand for themselves. */
static void wmbt_json_put_run(wmbt_json *j, const uint8_t *p, uint32_t n)
{
    if (j->token != WMBT_JSON_KEY) {
        wmbt_writer_bytes(&j->out, wmbt_view_of(p, n));
        return;
    }
    while (n != 0u && j->key_bytes <= WMBT_JSON_KEY_BYTES) {
        uint32_t part = wmbt_min_u32(n, 8);
        uint64_t word = wmbt_load_any_le64(p) << 8u * (8u - part) >> 8u * (8u - part);
        wmbt_store_le64(j->key + j->key_bytes, word);
        j->key_bytes += part;
        p += part;
        n -= part;
    }
}
#    endif

static void wmbt_json_put_code(wmbt_json *j, uint32_t code)
{
    if (code < 0x80u) {
        wmbt_json_put(j, code);
        return;
    }
    if (code < 0x800u) {
        wmbt_json_put(j, 0xC0u | code >> 6);
    } else {
        if (code < 0x10000u) {
            wmbt_json_put(j, 0xE0u | code >> 12);
        } else {
            wmbt_json_put(j, 0xF0u | code >> 18);
            wmbt_json_put(j, 0x80u | (code >> 12 & 0x3Fu));
        }
        wmbt_json_put(j, 0x80u | (code >> 6 & 0x3Fu));
    }
    wmbt_json_put(j, 0x80u | (code & 0x3Fu));
}

/* Exactly four hex digits. */
static wmbt_status wmbt_json_hex4(wmbt_json *j, uint32_t *out)
{
    uint32_t v = 0;
    for (uint32_t i = 0; i < 4u; i++) {
        int digit = j->c == WMBT_JSON_EOF ? -1 : wmbt_text_hex_digit((uint8_t)j->c);
        if (digit < 0) {
            return wmbt_json_refuse(j, WMBT_BAD_TEXT);
        }
        v = v << 4 | (uint32_t)digit;
        wmbt_json_advance(j);
    }
    *out = v;
    return WMBT_OK;
}

/* After "\u". */
static wmbt_status wmbt_json_unicode(wmbt_json *j)
{
    uint32_t code = 0;
    wmbt_status status = wmbt_json_hex4(j, &code);
    if (status != WMBT_OK || (j->quiet && !j->strict)) {
        return status;
    }
    if (code >= 0xDC00u && code <= 0xDFFFu) {
        return wmbt_json_refuse(j, WMBT_BAD_TEXT);
    }
    if (code >= 0xD800u && code <= 0xDBFFu) {
        uint32_t low = 0;
        for (uint32_t i = 0; i < 2u; i++) {
            if (j->c != (i == 0u ? '\\' : 'u')) {
                return wmbt_json_refuse(j, WMBT_BAD_TEXT);
            }
            wmbt_json_advance(j);
        }
        status = wmbt_json_hex4(j, &low);
        if (status != WMBT_OK) {
            return status;
        }
        if (low < 0xDC00u || low > 0xDFFFu) {
            return wmbt_json_refuse(j, WMBT_BAD_TEXT);
        }
        code = 0x10000u + ((code - 0xD800u) << 10 | (low - 0xDC00u));
    }
    wmbt_json_put_code(j, code);
    return WMBT_OK;
}

/* At a backslash. */
static wmbt_status wmbt_json_escape(wmbt_json *j)
{
    static const uint8_t names[8] = {'"', '\\', '/', 'b', 'f', 'n', 'r', 't'};
    static const uint8_t values[8] = {'"', '\\', '/', '\b', '\f', '\n', '\r', '\t'};
    if (j->token == WMBT_JSON_STRING && j->decode && !j->escaped) {
        wmbt_view before = wmbt_view_of(NULL, 0);
        (void)wmbt_view_slice(j->text, j->string_start, wmbt_json_offset(j) - j->string_start,
                              &before);
        wmbt_writer_bytes(&j->out, before);
        j->escaped = true;
    }
    wmbt_json_advance(j);
    if (j->c == 'u') {
        wmbt_json_advance(j);
        return wmbt_json_unicode(j);
    }
    for (uint32_t i = 0; i < sizeof names; i++) {
        if (j->c == names[i]) {
            wmbt_json_put(j, values[i]);
            wmbt_json_advance(j);
            return WMBT_OK;
        }
    }
    return wmbt_json_refuse(j, WMBT_BAD_TEXT);
}

/* At a byte above 0x7F: one UTF-8 sequence (Unicode 15, table 3-7). */
static wmbt_status wmbt_json_utf8(wmbt_json *j)
{
    uint32_t lead = j->c, low = 0x80u, high = 0xBFu; /* allowed range of the second byte */
    if (lead < 0xC2u || lead > 0xF4u) {
        return wmbt_json_refuse(j, WMBT_BAD_TEXT);
    }
    if (lead == 0xE0u) {
        low = 0xA0u;
    } else if (lead == 0xEDu) {
        high = 0x9Fu;
    } else if (lead == 0xF0u) {
        low = 0x90u;
    } else if (lead == 0xF4u) {
        high = 0x8Fu;
    }
    wmbt_json_put(j, lead);
    wmbt_json_advance(j);
    for (uint32_t more = lead < 0xE0u ? 1u : lead < 0xF0u ? 2u : 3u; more != 0u; more--) {
        if (j->c < low || j->c > high) {
            return wmbt_json_refuse(j, WMBT_BAD_TEXT);
        }
        wmbt_json_put(j, j->c);
        wmbt_json_advance(j);
        low = 0x80u;
        high = 0xBFu;
    }
    return WMBT_OK;
}

#    if WMBT_JSON_WINDOW > 0
/* Passes over the byte at the reading position and those behind it that stand for themselves. */
static inline void wmbt_json_pass(wmbt_json *j)
{
    do {
        j->window_at = wmbt_json_plain_end(j, j->window_at);
    } while (j->window_at == j->window_bytes && wmbt_json_load(j));
    wmbt_json_advance(j);
}

/* At a byte that stands for itself: passes over it and over those behind it. */
static void wmbt_json_plain(wmbt_json *j)
{
    if (j->token != WMBT_JSON_KEY && !j->escaped) {
        wmbt_json_pass(j);
        return;
    }
    wmbt_json_put(j, j->c);
    do {
        uint32_t from = j->window_at;
        j->window_at = wmbt_json_plain_end(j, j->window_at);
        wmbt_json_put_run(j, j->window + from, j->window_at - from);
    } while (j->window_at == j->window_bytes && wmbt_json_load(j));
    wmbt_json_advance(j);
}
#    else
/* At a byte that stands for itself: passes over it. */
static void wmbt_json_plain(wmbt_json *j)
{
    wmbt_json_put(j, j->c);
    wmbt_json_advance(j);
}
#    endif

/* At a quote; j->token says whether it is a key. */
static wmbt_status wmbt_json_string(wmbt_json *j)
{
    j->string_start = j->text.len - wmbt_json_left(j); /* behind the quote */
    j->out_start = j->out.needed;
    j->escaped = false;
    j->key_bytes = 0;
#    if WMBT_JSON_WINDOW > 0
    if (j->token == WMBT_JSON_KEY) {
        wmbt_store_le64(j->key, 0);
        wmbt_store_le64(j->key + 8, 0);
        wmbt_json_advance(j);
    } else {
        wmbt_json_pass(j);
    }
#    else
    wmbt_json_advance(j);
#    endif
    while (j->c != '"') {
        wmbt_status status = WMBT_OK;
        if (j->c == '\\') {
            status = wmbt_json_escape(j);
        } else if (j->c >= 0x80u) { /* the end too */
            status = wmbt_json_utf8(j);
        } else if (j->c < 0x20u) {
            status = wmbt_json_refuse(j, WMBT_BAD_TEXT);
        } else {
            wmbt_json_plain(j);
        }
        if (status != WMBT_OK) {
            return status;
        }
    }
    j->string = wmbt_view_of(NULL, 0);
    if (j->escaped) {
        size_t n = j->out.needed - j->out_start;
        if (!wmbt_view_slice(wmbt_view_of(j->out.data, j->out.capacity), j->out_start, n,
                             &j->string)) {
            j->string.len = n;
        }
    } else {
        (void)wmbt_view_slice(j->text, j->string_start, wmbt_json_offset(j) - j->string_start,
                              &j->string);
    }
    wmbt_json_advance(j);
    return WMBT_OK;
}

/* A key and its colon. */
static wmbt_status wmbt_json_member(wmbt_json *j)
{
    if (j->c != '"') {
        return wmbt_json_refuse(j, WMBT_BAD_SYNTAX);
    }
    j->token = WMBT_JSON_KEY;
    wmbt_status status = wmbt_json_string(j);
    if (status != WMBT_OK) {
        return status;
    }
    wmbt_json_skip_space(j);
    if (j->c != ':') {
        return wmbt_json_refuse(j, WMBT_BAD_SYNTAX);
    }
    wmbt_json_advance(j);
    j->state = WMBT_JSON_AT_VALUE;
    return WMBT_OK;
}

#    if WMBT_JSON_WINDOW > 0
/* True if a key of n bytes, its last quote and a colon stand at p. */
static inline bool wmbt_json_is_key(const uint8_t *p, const char name[WMBT_JSON_KEY_BYTES],
                                    uint32_t n)
{
    const uint8_t *bytes = (const uint8_t *)name;
    WMBT_ASSERT(n != 0u && n < WMBT_JSON_KEY_BYTES);
    uint32_t high = n < 8u ? 0u : n - 8u; /* bytes of the second half */
    uint64_t low_mask = n < 8u ? ~(UINT64_MAX << 8u * n) : UINT64_MAX;
    uint64_t differs = (wmbt_load_any_le64(p) & low_mask) ^ wmbt_load_any_le64(bytes);
    differs |=
        (wmbt_load_any_le64(p + 8) & ~(UINT64_MAX << 8u * high)) ^ wmbt_load_any_le64(bytes + 8);
    return differs == 0u && p[n] == (uint8_t)'"' && p[n + 1u] == (uint8_t)':';
}

bool wmbt_json_take_key(wmbt_json *j, const char name[WMBT_JSON_KEY_BYTES], uint32_t n)
{
    uint32_t at = j->window_at;
    WMBT_ASSERT(j->depth != 0u);
    if (j->window_bytes - at < n + 4u) { /* two quotes, the colon, one more */
        return false;
    }
    if (j->state == WMBT_JSON_AT_REST ? j->c != ',' || j->window[at++] != (uint8_t)'"'
                                      : j->c != '"') {
        return false;
    }
    if (!wmbt_json_is_key(j->window + at, name, n)) {
        return false;
    }
    j->window_at = at + n + 2u;
    wmbt_json_advance(j);
    j->state = WMBT_JSON_AT_VALUE;
    return true;
}

/* Moves what is left in the window to its first piece, to make room behind it. */
static void wmbt_json_make_room(wmbt_json *j)
{
    uint32_t passed = j->window_at / WMBT_JSON_PIECE;
    if (passed == 0u) {
        return;
    }
    j->window_at -= passed * WMBT_JSON_PIECE;
    j->window_bytes -= passed * WMBT_JSON_PIECE;
    wmbt_bytes_copy(j->window, j->window + passed * WMBT_JSON_PIECE, j->window_bytes);
    for (uint32_t i = passed; i < WMBT_JSON_WINDOW / WMBT_JSON_PIECE; i++) {
        j->others[i - passed] = j->others[i];
    }
}

/* True if the window holds n bytes from `at` on, or had room for them. */
static inline bool wmbt_json_holds(wmbt_json *j, uint32_t at, uint32_t n)
{
    while (j->window_bytes - at < n) {
        if (!wmbt_json_more(j)) {
            return false;
        }
    }
    return true;
}

/* Takes a member whose value is a text, from its first quote at *at to the last; *at is then behind
 * that, in the window still. */
static bool wmbt_json_take_text(wmbt_json *j, uint32_t *at, const char *name, uint32_t n,
                                wmbt_view *text)
{
    const uint8_t *p = j->window + *at;
    if (!wmbt_json_holds(j, *at, n + 5u) || *p != (uint8_t)'"' ||
        !wmbt_json_is_key(p + 1, name, n) || p[n + 3u] != (uint8_t)'"') {
        return false;
    }
    uint32_t start = *at + n + 4u;
    uint32_t end = wmbt_json_plain_end(j, start);
    while (end == j->window_bytes && wmbt_json_more(j)) {
        end = wmbt_json_plain_end(j, end);
    }
    if (end == start || !wmbt_json_holds(j, end, 2) || j->window[end] != (uint8_t)'"') {
        return false;
    }
    wmbt_view_set(text, wmbt_view_of(j->in.data - (j->window_bytes - start), end - start));
    *at = end + 1u;
    return true;
}

bool wmbt_json_take_texts(wmbt_json *j, const char (*names)[WMBT_JSON_KEY_BYTES],
                          const uint8_t *name_bytes, uint32_t count, wmbt_view *texts)
{
    WMBT_ASSERT(j->depth != 0u && j->depth < WMBT_JSON_STRICT_LEVELS);
    if (j->state == WMBT_JSON_AT_REST ? j->c != ',' : j->c != '{') {
        return false;
    }
    wmbt_json_make_room(j);
    uint32_t at = j->window_at;
    if (j->state == WMBT_JSON_AT_REST &&
        (!wmbt_json_holds(j, at, 1) || j->window[at++] != (uint8_t)'{')) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!wmbt_json_take_text(j, &at, names[i], name_bytes[i], &texts[i]) ||
            j->window[at++] != (uint8_t)(i + 1u < count ? ',' : '}')) {
            return false;
        }
    }
    j->window_at = at;
    wmbt_json_advance(j);
    j->state = WMBT_JSON_AT_REST;
    return true;
}
#    endif

/* --- numbers
 * ----------------------------------------------------------------------------------
 */

/* For each power of ten from 10^289 on: the least 64-bit integer whose product
 * with it, both taken as doubles, is infinite. Below that power no product is,
 * above 10^308 every one is. serde_json refuses such numbers; this is its
 * arithmetic, not that of an exact conversion. */
#    define WMBT_JSON_FIRST_LIMIT 289
#    define WMBT_JSON_LAST_LIMIT 308
static const uint64_t wmbt_json_limits[WMBT_JSON_LAST_LIMIT - WMBT_JSON_FIRST_LIMIT + 1] = {
    UINT64_C(17976931348623156225),
    UINT64_C(1797693134862315649),
    UINT64_C(179769313486231600),
    UINT64_C(17976931348623158),
    UINT64_C(1797693134862316),
    UINT64_C(179769313486232),
    UINT64_C(17976931348624),
    UINT64_C(1797693134863),
    UINT64_C(179769313487),
    UINT64_C(17976931349),
    UINT64_C(1797693135),
    UINT64_C(179769314),
    UINT64_C(17976932),
    UINT64_C(1797694),
    UINT64_C(179770),
    UINT64_C(17977),
    UINT64_C(1798),
    UINT64_C(180),
    UINT64_C(18),
    UINT64_C(2),
};

static bool wmbt_json_is_infinite(const wmbt_json *j)
{
    if (j->number == 0u || j->exponent < WMBT_JSON_FIRST_LIMIT) {
        return false;
    }
    return j->exponent > WMBT_JSON_LAST_LIMIT ||
           j->number >= wmbt_json_limits[j->exponent - WMBT_JSON_FIRST_LIMIT];
}

/* Digits that no longer fit count into the exponent; later ones, up to the
 * point, do too. */
static wmbt_status wmbt_json_integer(wmbt_json *j)
{
    bool fits = true;
    if (!wmbt_json_at_digit(j)) {
        return wmbt_json_refuse(j, WMBT_BAD_NUMBER);
    }
    bool zero = j->c == '0';
    while (wmbt_json_at_digit(j)) {
        fits = fits && wmbt_text_append_digit(&j->number, j->c - '0');
        if (!fits && j->exponent < INT32_MAX) {
            j->exponent++;
        }
        wmbt_json_advance(j);
        if (zero && wmbt_json_at_digit(j)) {
            return wmbt_json_refuse(j, WMBT_BAD_NUMBER);
        }
    }
    j->is_u64 = j->is_u64 && fits;
    return WMBT_OK;
}

/* At a point. */
static wmbt_status wmbt_json_fraction(wmbt_json *j)
{
    bool fits = true;
    wmbt_json_advance(j);
    if (!wmbt_json_at_digit(j)) {
        return wmbt_json_refuse(j, WMBT_BAD_NUMBER);
    }
    while (wmbt_json_at_digit(j)) {
        fits = fits && wmbt_text_append_digit(&j->number, j->c - '0');
        if (fits && j->exponent > INT32_MIN) {
            j->exponent--;
        }
        wmbt_json_advance(j);
    }
    return WMBT_OK;
}

/* At an 'e' or 'E'. */
static wmbt_status wmbt_json_exponent(wmbt_json *j)
{
    wmbt_json_advance(j);
    bool negative = j->c == '-';
    if (negative || j->c == '+') {
        wmbt_json_advance(j);
    }
    if (!wmbt_json_at_digit(j)) {
        return wmbt_json_refuse(j, WMBT_BAD_NUMBER);
    }
    int32_t value = 0;
    bool above = false; /* above 2^31 - 1: serde_json then ignores the digits
                         before the 'e' */
    while (wmbt_json_at_digit(j)) {
        int32_t digit = (int32_t)(j->c - '0');
        /* INT32_MAX is 10 x 214748364 + 7 */
        above = above || value > 214748364 || (value == 214748364 && digit > 7);
        value = above ? 0 : value * 10 + digit;
        wmbt_json_advance(j);
    }
    if (above) {
        j->exponent = negative ? INT32_MIN : INT32_MAX;
    } else if (negative) {
        j->exponent = j->exponent < INT32_MIN + value ? INT32_MIN : j->exponent - value;
    } else {
        j->exponent = j->exponent > INT32_MAX - value ? INT32_MAX : j->exponent + value;
    }
    return WMBT_OK;
}

static wmbt_status wmbt_json_number(wmbt_json *j)
{
    j->token = WMBT_JSON_NUMBER;
    j->number = 0;
    j->exponent = 0;
    j->is_u64 = j->c != '-';
    if (!j->is_u64) {
        wmbt_json_advance(j);
    }
    wmbt_status status = wmbt_json_integer(j);
    if (status == WMBT_OK && j->c == '.') {
        j->is_u64 = false;
        status = wmbt_json_fraction(j);
    }
    if (status == WMBT_OK && (j->c == 'e' || j->c == 'E')) {
        j->is_u64 = false;
        status = wmbt_json_exponent(j);
    }
    if (status == WMBT_OK && (j->strict || !j->quiet) && wmbt_json_is_infinite(j)) {
        j->status = WMBT_BAD_NUMBER; /* not refuse(): the text may have ended after it */
        status = j->status;
    }
    return status;
}

/* --- values
 * -----------------------------------------------------------------------------------
 */

/* At 'n', 't' or 'f'. */
static wmbt_status wmbt_json_literal(wmbt_json *j)
{
    static const uint8_t words[3][8] = {"null", "true", "false"};
    const uint8_t *word = words[j->c == 'n' ? 0u : j->c == 't' ? 1u : 2u];
    for (; *word != 0u; word++) {
        if (j->c != *word) {
            return wmbt_json_refuse(j, WMBT_BAD_SYNTAX);
        }
        wmbt_json_advance(j);
    }
    j->token = WMBT_JSON_LITERAL;
    return WMBT_OK;
}

static wmbt_status wmbt_json_value(wmbt_json *j)
{
    if (j->c == '"') { /* first: most values are texts */
        j->state = WMBT_JSON_AT_REST;
        j->token = WMBT_JSON_STRING;
        return wmbt_json_string(j);
    }
    if (j->c == '{' || j->c == '[') {
        return wmbt_json_open(j, j->c == '{');
    }
    j->state = WMBT_JSON_AT_REST;
    if (j->c == '-' || wmbt_json_at_digit(j)) {
        return wmbt_json_number(j);
    }
    if (j->c == 'n' || j->c == 't' || j->c == 'f') {
        return wmbt_json_literal(j);
    }
    return wmbt_json_refuse(j, WMBT_BAD_SYNTAX);
}

wmbt_status wmbt_json_next(wmbt_json *j)
{
    if (j->status != WMBT_OK) {
        return j->status;
    }
    wmbt_json_skip_space(j);
    if (j->state == WMBT_JSON_AT_VALUE) {
        return wmbt_json_value(j);
    }
    if (j->depth == 0u) {
        if (j->c != WMBT_JSON_EOF) {
            return wmbt_json_refuse(j, WMBT_TRAILING_BYTES);
        }
        j->token = WMBT_JSON_DONE;
        return WMBT_OK;
    }
    WMBT_ASSERT(j->state == WMBT_JSON_AT_FIRST || j->state == WMBT_JSON_AT_REST);
    const bool object = wmbt_json_in_object(j);
    if (j->c == (object ? '}' : ']')) {
        return wmbt_json_close(j);
    }
    if (j->state == WMBT_JSON_AT_REST) {
        if (j->c != ',') {
            return wmbt_json_refuse(j, WMBT_BAD_SYNTAX);
        }
        wmbt_json_advance(j);
        wmbt_json_skip_space(j);
    }
    return object ? wmbt_json_member(j) : wmbt_json_value(j);
}

/* --- start
 * ------------------------------------------------------------------------------------
 */

void wmbt_json_init(wmbt_json *j, wmbt_view text, wmbt_buf work, wmbt_buf out)
{
    wmbt_view_set(&j->text, text);
    j->in = wmbt_cursor_of(text);
#    if WMBT_JSON_WINDOW > 0
    j->window_at = 0;
    j->window_bytes = 0;
#    endif
    j->work.data = work.data;
    j->work.len = work.len;
    j->out = wmbt_writer_of(out);
    j->depth = 0;
    j->state = WMBT_JSON_AT_VALUE;
    j->status = WMBT_OK;
    j->strict = false;
    j->quiet = false;
    j->decode = false;
    j->token = WMBT_JSON_DONE;
    for (uint32_t i = 0; i < WMBT_JSON_STACK_LEVELS / 32u; i++) {
        j->kinds[i] = 0;
    }
    wmbt_json_advance(j);
}

void wmbt_json_init_inside(wmbt_json *j, wmbt_view text, wmbt_buf work, wmbt_buf out,
                           bool after_element)
{
    wmbt_json_init(j, text, work, out);
    j->depth = 2; /* arrays: the kind of the outer one is never asked for */
    j->state = after_element ? WMBT_JSON_AT_REST : WMBT_JSON_AT_FIRST;
}

#endif
