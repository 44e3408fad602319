/* SPDX-License-Identifier: Apache-2.0 */
/* XML of S3, bounded. XML 1.0, 2.2 (characters) to 3.1 (tags) and 4.1 (references). */
#include "wire/s3/xml.h"

#include "base/bytes.h"
#include "base/text.h"

#if WMBT_CFG_S3

enum {
    WMBT_XML_S_TEXT,
    WMBT_XML_S_OPEN,      /* behind '<' */
    WMBT_XML_S_NAME,      /* of a start tag */
    WMBT_XML_S_TAG,       /* blanks in a start tag */
    WMBT_XML_S_ATTRIBUTE, /* its name */
    WMBT_XML_S_EQUALS,    /* before its value */
    WMBT_XML_S_QUOTED,    /* its value */
    WMBT_XML_S_AFTER,     /* behind its value */
    WMBT_XML_S_SLASH,     /* "/" of "/>" */
    WMBT_XML_S_END_NAME,  /* of an end tag */
    WMBT_XML_S_END_BLANK, /* behind it */
    WMBT_XML_S_PI,        /* <? ... */
    WMBT_XML_S_PI_MARK,   /* '?' in it */
    WMBT_XML_S_BANG,      /* <! */
    WMBT_XML_S_BANG_DASH, /* <!- */
    WMBT_XML_S_COMMENT,   /* <!-- ... */
    WMBT_XML_S_DASH,      /* '-' in it */
    WMBT_XML_S_DASH_DASH, /* '--', which only ends it */
    WMBT_XML_S_ENTITY,    /* behind '&' */
    WMBT_XML_S_NUMBER,    /* behind "&#" */
    WMBT_XML_S_DECIMAL,
    WMBT_XML_S_HEX
};

#    define WMBT_XML_HASH_START 0x811C9DC5u /* FNV-1a: tells the names of open tags apart */
#    define WMBT_XML_HASH_STEP 0x01000193u
#    define WMBT_XML_MAX_POINT 0x10FFFFu

void wmbt_xml_init(wmbt_xml *xml)
{
    wmbt_bytes_fill((uint8_t *)xml, 0, sizeof *xml);
}

bool wmbt_xml_is_complete(const wmbt_xml *xml)
{
    return xml->has_root != 0u && xml->depth == xml->closing && xml->state == WMBT_XML_S_TEXT;
}

bool wmbt_xml_name_is(const wmbt_xml *xml, wmbt_view name)
{
    return xml->name_len == name.len && wmbt_bytes_equal(xml->name, name.data, name.len);
}

static bool wmbt_xml_is_blank(uint8_t c)
{
    return c == (uint8_t)' ' || c == (uint8_t)'\t' || c == (uint8_t)'\n' || c == (uint8_t)'\r';
}

static bool wmbt_xml_is_name(uint8_t c, bool first)
{
    uint8_t lower = c | 0x20u;
    if ((lower >= (uint8_t)'a' && lower <= (uint8_t)'z') || c == (uint8_t)'_' ||
        c == (uint8_t)':' || c >= 0x80u) {
        return true;
    }
    return !first && (wmbt_text_is_digit(c) || c == (uint8_t)'-' || c == (uint8_t)'.');
}

static void wmbt_xml_begin_name(wmbt_xml *x)
{
    x->hash = WMBT_XML_HASH_START;
    x->name_len = 0;
}

static void wmbt_xml_add_name(wmbt_xml *x, uint8_t c)
{
    x->hash = (x->hash ^ c) * WMBT_XML_HASH_STEP;
    if (x->name_len < WMBT_XML_NAME_BYTES) {
        x->name[x->name_len] = c;
    }
    if (x->name_len <= WMBT_XML_NAME_BYTES) { /* one more: longer than any that matters */
        x->name_len++;
    }
}

/* A start tag is complete. */
static wmbt_status wmbt_xml_start(wmbt_xml *x, bool empty, uint32_t *events)
{
    if (x->depth == 0u && x->has_root != 0u) {
        return WMBT_BAD_SYNTAX;
    }
    if (x->depth == WMBT_XML_MAX_DEPTH) {
        return WMBT_TOO_DEEP;
    }
    x->has_root = 1;
    x->open[x->depth++] = x->hash;
    x->closing = empty;
    *events = WMBT_XML_START | (empty ? WMBT_XML_END : 0u);
    x->state = WMBT_XML_S_TEXT;
    return WMBT_OK;
}

static wmbt_status wmbt_xml_end(wmbt_xml *x, uint32_t *events)
{
    if (x->depth == 0u || x->open[x->depth - 1u] != x->hash) {
        return WMBT_BAD_SYNTAX;
    }
    x->closing = 1;
    *events = WMBT_XML_END;
    x->state = WMBT_XML_S_TEXT;
    return WMBT_OK;
}

/* Text of one character, as UTF-8. */
static wmbt_status wmbt_xml_point(wmbt_xml *x, uint32_t point, uint32_t *events)
{
    uint32_t n = point < 0x80u ? 1u : point < 0x800u ? 2u : point < 0x10000u ? 3u : 4u;
    WMBT_ASSERT(x->depth != 0u); /* outside the root is no reference */
    if (point == 0u || point > WMBT_XML_MAX_POINT || (point >= 0xD800u && point <= 0xDFFFu)) {
        return WMBT_BAD_TEXT;
    }
    x->text_len = (uint8_t)n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t lead = i != 0u ? 0x80u : n == 1u ? 0u : 0xF00u >> n & 0xF0u;
        uint32_t bits = point >> 6u * (n - 1u - i);
        x->text[i] = (uint8_t)(lead | (i != 0u ? bits & 0x3Fu : bits));
    }
    *events = WMBT_XML_TEXT;
    x->state = WMBT_XML_S_TEXT;
    return WMBT_OK;
}

/* The named entities: the name is in `name`. */
static wmbt_status wmbt_xml_entity(wmbt_xml *x, uint32_t *events)
{
    static const char names[] = "amp&lt<gt>quot\"apos'";
    for (uint32_t at = 0; at < sizeof names - 1u;) {
        uint32_t n = 0;
        while (names[at + n] >= 'a') { /* what they stand for is below */
            n++;
        }
        if (wmbt_xml_name_is(x, wmbt_view_of(names + at, n))) {
            return wmbt_xml_point(x, (uint8_t)names[at + n], events);
        }
        at += n + 1u;
    }
    return WMBT_BAD_TEXT;
}

static wmbt_status wmbt_xml_reference(wmbt_xml *x, uint8_t c, uint32_t *events)
{
    uint32_t digit = (uint32_t)wmbt_text_hex_digit(c); /* of what is none it is above all */
    switch (x->state) {
    case WMBT_XML_S_ENTITY:
        if (c == (uint8_t)'#' && x->name_len == 0u) {
            x->state = WMBT_XML_S_NUMBER;
            x->point = 0; /* of no digits, too: there is no such character */
            return WMBT_OK;
        }
        if (c == (uint8_t)';') {
            return wmbt_xml_entity(x, events);
        }
        wmbt_xml_add_name(x, c);
        return x->name_len > WMBT_XML_NAME_BYTES || !wmbt_xml_is_name(c, false) ? WMBT_BAD_TEXT
                                                                                : WMBT_OK;
    case WMBT_XML_S_NUMBER:
        x->state = WMBT_XML_S_DECIMAL;
        if (c == (uint8_t)'x') {
            x->state = WMBT_XML_S_HEX;
            return WMBT_OK;
        }
        break;
    default: break;
    }
    if (c == (uint8_t)';') {
        return wmbt_xml_point(x, x->point, events);
    }
    uint32_t base = x->state == WMBT_XML_S_HEX ? 16u : 10u;
    if (digit >= base) {
        return WMBT_BAD_TEXT;
    }
    if (x->point <= WMBT_XML_MAX_POINT) { /* larger ones stay too large */
        x->point = x->point * base + digit;
    }
    return WMBT_OK;
}

static wmbt_status wmbt_xml_text(wmbt_xml *x, uint8_t c, uint32_t *events)
{
    bool after_cr = x->cr != 0u;
    x->cr = c == (uint8_t)'\r';
    if (c == (uint8_t)'<') {
        x->state = WMBT_XML_S_OPEN;
        return WMBT_OK;
    }
    if (x->depth == 0u) {
        return wmbt_xml_is_blank(c) ? WMBT_OK : WMBT_BAD_SYNTAX;
    }
    if (c == (uint8_t)'&') {
        wmbt_xml_begin_name(x);
        x->state = WMBT_XML_S_ENTITY;
        return WMBT_OK;
    }
    if (c < 0x20u && !wmbt_xml_is_blank(c)) {
        return WMBT_BAD_TEXT;
    }
    if (c == (uint8_t)'\n' && after_cr) { /* 2.11: a line end is one LF */
        return WMBT_OK;
    }
    x->text[0] = c == (uint8_t)'\r' ? (uint8_t)'\n' : c;
    x->text_len = 1;
    *events = WMBT_XML_TEXT;
    return WMBT_OK;
}

/* In a start tag, in or behind its name. */
static wmbt_status wmbt_xml_in_tag(wmbt_xml *x, uint8_t c, uint32_t *events)
{
    if (c == (uint8_t)'>') {
        return wmbt_xml_start(x, false, events);
    }
    if (c == (uint8_t)'/') {
        x->state = WMBT_XML_S_SLASH;
        return WMBT_OK;
    }
    if (wmbt_xml_is_blank(c)) {
        x->state = WMBT_XML_S_TAG;
        return WMBT_OK;
    }
    if (x->state == WMBT_XML_S_NAME && wmbt_xml_is_name(c, false)) {
        wmbt_xml_add_name(x, c);
        return WMBT_OK;
    }
    bool attribute = x->state == WMBT_XML_S_TAG && wmbt_xml_is_name(c, true);
    x->state = WMBT_XML_S_ATTRIBUTE;
    return attribute ? WMBT_OK : WMBT_BAD_SYNTAX;
}

/* Inside a start tag, behind its name. */
static wmbt_status wmbt_xml_tag(wmbt_xml *x, uint8_t c, uint32_t *events)
{
    bool blank = wmbt_xml_is_blank(c);
    switch (x->state) {
    case WMBT_XML_S_ATTRIBUTE:
        if (c == (uint8_t)'=') {
            x->state = WMBT_XML_S_EQUALS;
        }
        return c == (uint8_t)'=' || blank || wmbt_xml_is_name(c, false) ? WMBT_OK : WMBT_BAD_SYNTAX;
    case WMBT_XML_S_EQUALS:
        if (blank) {
            return WMBT_OK;
        }
        x->quote = c;
        x->state = WMBT_XML_S_QUOTED;
        return c == (uint8_t)'"' || c == (uint8_t)'\'' ? WMBT_OK : WMBT_BAD_SYNTAX;
    case WMBT_XML_S_QUOTED:
        if (c == x->quote) {
            x->state = WMBT_XML_S_AFTER;
        }
        return c == (uint8_t)'<' || (c < 0x20u && !blank) ? WMBT_BAD_SYNTAX : WMBT_OK;
    case WMBT_XML_S_SLASH:
        return c == (uint8_t)'>' ? wmbt_xml_start(x, true, events) : WMBT_BAD_SYNTAX;
    default: return wmbt_xml_in_tag(x, c, events);
    }
}

/* Behind '<'. */
static wmbt_status wmbt_xml_open(wmbt_xml *x, uint8_t c)
{
    wmbt_xml_begin_name(x);
    if (c == (uint8_t)'/') {
        x->state = WMBT_XML_S_END_NAME;
    } else if (c == (uint8_t)'?') {
        x->state = WMBT_XML_S_PI;
    } else if (c == (uint8_t)'!') {
        x->state = WMBT_XML_S_BANG;
    } else {
        x->state = WMBT_XML_S_NAME;
        wmbt_xml_add_name(x, c);
        return wmbt_xml_is_name(c, true) ? WMBT_OK : WMBT_BAD_SYNTAX;
    }
    return WMBT_OK;
}

/* What is passed over: instructions and comments. */
static wmbt_status wmbt_xml_aside(wmbt_xml *x, uint8_t c)
{
    bool dash = c == (uint8_t)'-', end = c == (uint8_t)'>';
    switch (x->state) {
    case WMBT_XML_S_PI:
    case WMBT_XML_S_PI_MARK:
        x->state = x->state == WMBT_XML_S_PI_MARK && end ? WMBT_XML_S_TEXT
                   : c == (uint8_t)'?'                   ? WMBT_XML_S_PI_MARK
                                                         : WMBT_XML_S_PI;
        break;
    case WMBT_XML_S_BANG:
    case WMBT_XML_S_BANG_DASH:
        x->state++;
        return dash ? WMBT_OK : WMBT_BAD_SYNTAX; /* DOCTYPE, CDATA */
    case WMBT_XML_S_DASH_DASH: x->state = WMBT_XML_S_TEXT; return end ? WMBT_OK : WMBT_BAD_SYNTAX;
    default: x->state = !dash ? WMBT_XML_S_COMMENT : (uint8_t)(x->state + 1u); break;
    }
    return c < 0x20u && !wmbt_xml_is_blank(c) ? WMBT_BAD_TEXT : WMBT_OK;
}

wmbt_status wmbt_xml_byte(wmbt_xml *xml, uint8_t c, uint32_t *events)
{
    *events = 0;
    if (xml->closing != 0u) { /* the element of the last event */
        xml->closing = 0;
        xml->depth--;
    }
    if (xml->state == WMBT_XML_S_TEXT) {
        return wmbt_xml_text(xml, c, events);
    }
    if (xml->state == WMBT_XML_S_OPEN) {
        return wmbt_xml_open(xml, c);
    }
    if (xml->state <= WMBT_XML_S_SLASH) {
        return wmbt_xml_tag(xml, c, events);
    }
    if (xml->state >= WMBT_XML_S_ENTITY) {
        return wmbt_xml_reference(xml, c, events);
    }
    if (xml->state >= WMBT_XML_S_PI) {
        return wmbt_xml_aside(xml, c);
    }
    if (c == (uint8_t)'>') {
        return wmbt_xml_end(xml, events);
    }
    if (wmbt_xml_is_blank(c) && xml->name_len != 0u) {
        xml->state = WMBT_XML_S_END_BLANK;
        return WMBT_OK;
    }
    if (xml->state == WMBT_XML_S_END_BLANK || !wmbt_xml_is_name(c, xml->name_len == 0u)) {
        return WMBT_BAD_SYNTAX;
    }
    wmbt_xml_add_name(xml, c);
    return WMBT_OK;
}

#endif
