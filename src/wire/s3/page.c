/* SPDX-License-Identifier: Apache-2.0 */
/* A page of ListObjectsV2. docs/FORMATS.md, "S3", "Listings". */
#include "wombatkv/s3.h"

#include "base/bytes.h"
#include "base/text.h"
#include "wire/s3/xml.h"

#if WMBT_CFG_S3

/* Bits of `has`. */
#    define WMBT_S3_P_KEY 1u       /* of the entry at hand */
#    define WMBT_S3_P_SIZE 2u      /* likewise */
#    define WMBT_S3_P_IN_ENTRY 4u  /* inside Contents */
#    define WMBT_S3_P_TRUNCATED 8u /* IsTruncated came */
#    define WMBT_S3_P_MORE 16u     /* it is true */
#    define WMBT_S3_P_TOKEN 32u    /* NextContinuationToken came */
#    define WMBT_S3_P_ENCODING 64u /* EncodingType came */
#    define WMBT_S3_P_URL 128u     /* it is "url" */
#    define WMBT_S3_P_ENTRIES 256u /* an entry was handed out undecoded */
#    define WMBT_S3_P_ESCAPES 512u /* one of them has broken escapes */
#    define WMBT_S3_P_LATE 1024u   /* url was said behind the first entry */
#    define WMBT_S3_P_DONE 4096u   /* after finish() */

enum {
    WMBT_S3_P_F_NONE,
    WMBT_S3_P_F_KEY,
    WMBT_S3_P_F_SIZE,
    WMBT_S3_P_F_TRUNCATED,
    WMBT_S3_P_F_TOKEN,
    WMBT_S3_P_F_ENCODING
};

wmbt_status wmbt_s3_page_init(wmbt_s3_page *page, wmbt_view sent_token, wmbt_buf key,
                              wmbt_buf token)
{
    if (wmbt_view_is_bad(sent_token) || key.data == NULL || token.data == NULL || key.len == 0u ||
        token.len == 0u) {
        return WMBT_BAD_ARGUMENT;
    }
    wmbt_bytes_fill((uint8_t *)page, 0, sizeof *page);
    wmbt_xml_init(&page->xml);
    page->key.data = key.data;
    page->key.len = key.len;
    page->token.data = token.data;
    page->token.len = token.len;
    wmbt_view_set(&page->sent_token, sent_token);
    return WMBT_OK;
}

/* The byte that the escape at `text` stands for; false if it is broken. */
static bool wmbt_s3_escape(const uint8_t *text, size_t left, uint8_t *c)
{
    if (left < 3u) {
        return false;
    }
    int high = wmbt_text_hex_digit(text[1]), low = wmbt_text_hex_digit(text[2]);
    if (high < 0 || low < 0) {
        return false;
    }
    *c = (uint8_t)(high * 16 + low);
    return true;
}

static bool wmbt_s3_escapes_are_whole(const uint8_t *text, size_t len)
{
    uint8_t c;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == (uint8_t)'%' && !wmbt_s3_escape(text + i, len - i, &c)) {
            return false;
        }
    }
    return true;
}

bool wmbt_s3_url_decode(uint8_t *text, size_t *len)
{
    size_t n = 0;
    if (!wmbt_s3_escapes_are_whole(text, *len)) {
        return false;
    }
    for (size_t i = 0; i < *len; i++) {
        uint8_t c = text[i] == (uint8_t)'+' ? (uint8_t)' ' : text[i];
        if (c == (uint8_t)'%') {
            (void)wmbt_s3_escape(text + i, *len - i, &c); /* it is whole */
            i += 2u;
        }
        text[n++] = c;
    }
    *len = n;
    return true;
}

/* --- elements --------------------------------------------------------------------------------- */

/* Claims a field that may come once. */
static wmbt_status wmbt_s3_page_claim(wmbt_s3_page *x, uint32_t bit, uint8_t field)
{
    if ((x->has & bit) != 0u) {
        return WMBT_BAD_FIELD;
    }
    x->has |= bit;
    x->field = field;
    x->small_len = 0;
    return WMBT_OK;
}

static wmbt_status wmbt_s3_page_start(wmbt_s3_page *x)
{
    const wmbt_xml *xml = &x->xml;
    if (xml->depth == 1u) {
        return wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("ListBucketResult")) ? WMBT_OK
                                                                            : WMBT_BAD_SYNTAX;
    }
    if (x->field != WMBT_S3_P_F_NONE) {
        return WMBT_BAD_FIELD; /* an element inside a value */
    }
    if (xml->depth == 2u) {
        if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Contents"))) {
            x->has = (x->has & ~(WMBT_S3_P_KEY | WMBT_S3_P_SIZE)) | WMBT_S3_P_IN_ENTRY;
        } else if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("IsTruncated"))) {
            return wmbt_s3_page_claim(x, WMBT_S3_P_TRUNCATED, WMBT_S3_P_F_TRUNCATED);
        } else if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("NextContinuationToken"))) {
            return wmbt_s3_page_claim(x, WMBT_S3_P_TOKEN, WMBT_S3_P_F_TOKEN);
        } else if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("EncodingType"))) {
            return wmbt_s3_page_claim(x, WMBT_S3_P_ENCODING, WMBT_S3_P_F_ENCODING);
        }
    } else if (xml->depth == 3u && (x->has & WMBT_S3_P_IN_ENTRY) != 0u) {
        if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Key"))) {
            x->key_len = 0;
            return wmbt_s3_page_claim(x, WMBT_S3_P_KEY, WMBT_S3_P_F_KEY);
        }
        if (wmbt_xml_name_is(xml, WMBT_VIEW_LITERAL("Size"))) {
            return wmbt_s3_page_claim(x, WMBT_S3_P_SIZE, WMBT_S3_P_F_SIZE);
        }
    }
    return WMBT_OK;
}

static wmbt_status wmbt_s3_page_text(wmbt_s3_page *x, uint8_t c)
{
    switch (x->field) {
    case WMBT_S3_P_F_NONE: return WMBT_OK;
    case WMBT_S3_P_F_KEY:
        if (x->key_len == x->key.len) {
            return WMBT_TOO_LARGE;
        }
        x->key.data[x->key_len++] = c;
        return WMBT_OK;
    case WMBT_S3_P_F_TOKEN:
        if (x->token_len == x->token.len) {
            return WMBT_TOO_LARGE;
        }
        x->token.data[x->token_len++] = c;
        return WMBT_OK;
    default:
        if (x->small_len == sizeof x->small) {
            return x->field == WMBT_S3_P_F_SIZE ? WMBT_BAD_NUMBER : WMBT_BAD_FIELD;
        }
        x->small[x->small_len++] = c;
        return WMBT_OK;
    }
}

/* A field is complete. */
static wmbt_status wmbt_s3_page_take(wmbt_s3_page *x)
{
    wmbt_view small = wmbt_view_of(x->small, x->small_len);
    uint8_t field = x->field;
    x->field = WMBT_S3_P_F_NONE;
    if (field == WMBT_S3_P_F_SIZE) {
        return wmbt_text_parse_u64(small, false, &x->bytes) ? WMBT_OK : WMBT_BAD_NUMBER;
    }
    if (field == WMBT_S3_P_F_TRUNCATED) {
        if (wmbt_view_equal(small, WMBT_VIEW_LITERAL("true"))) {
            x->has |= WMBT_S3_P_MORE;
            return WMBT_OK;
        }
        return wmbt_view_equal(small, WMBT_VIEW_LITERAL("false")) ? WMBT_OK : WMBT_BAD_FIELD;
    }
    if (field == WMBT_S3_P_F_ENCODING && small.len != 0u) {
        if (!wmbt_view_equal(small, WMBT_VIEW_LITERAL("url"))) {
            return WMBT_BAD_FIELD;
        }
        x->has |= WMBT_S3_P_URL;
        if ((x->has & WMBT_S3_P_ENTRIES) != 0u) {
            x->has |= WMBT_S3_P_LATE;
        }
        return (x->has & WMBT_S3_P_ESCAPES) != 0u ? WMBT_BAD_TEXT : WMBT_OK;
    }
    return WMBT_OK;
}

/* An entry is complete. */
static wmbt_status wmbt_s3_page_entry(wmbt_s3_page *x, wmbt_s3_entry *entry)
{
    uint32_t both = WMBT_S3_P_KEY | WMBT_S3_P_SIZE;
    x->has &= ~WMBT_S3_P_IN_ENTRY;
    if ((x->has & both) != both || x->key_len == 0u) {
        return WMBT_BAD_FIELD;
    }
    if (!wmbt_text_is_utf8(wmbt_view_of(x->key.data, x->key_len))) {
        return WMBT_BAD_TEXT;
    }
    if ((x->has & WMBT_S3_P_URL) != 0u) {
        if (!wmbt_s3_url_decode(x->key.data, &x->key_len)) {
            return WMBT_BAD_TEXT;
        }
    } else {
        x->has |= WMBT_S3_P_ENTRIES;
        if (!wmbt_s3_escapes_are_whole(x->key.data, x->key_len)) {
            x->has |= WMBT_S3_P_ESCAPES;
        }
    }
    entry->key = wmbt_view_of(x->key.data, x->key_len);
    entry->bytes = x->bytes;
    return WMBT_OK;
}

/* --- feeding ---------------------------------------------------------------------------------- */

/* ok: an entry; need-more: none yet. */
static wmbt_status wmbt_s3_page_byte(wmbt_s3_page *x, uint8_t c, wmbt_s3_entry *entry)
{
    uint32_t events;
    wmbt_status status = wmbt_xml_byte(&x->xml, c, &events);
    if (status == WMBT_OK && (events & WMBT_XML_START) != 0u) {
        status = wmbt_s3_page_start(x);
    }
    if ((events & WMBT_XML_TEXT) != 0u) {
        for (unsigned i = 0; i < x->xml.text_len && status == WMBT_OK; i++) {
            status = wmbt_s3_page_text(x, x->xml.text[i]);
        }
    }
    if (status == WMBT_OK && (events & WMBT_XML_END) != 0u) {
        if (x->field != WMBT_S3_P_F_NONE) {
            status = wmbt_s3_page_take(x);
        } else if (x->xml.depth == 2u && (x->has & WMBT_S3_P_IN_ENTRY) != 0u) {
            return wmbt_s3_page_entry(x, entry);
        }
    }
    return status == WMBT_OK ? WMBT_NEED_MORE : status;
}

wmbt_status wmbt_s3_page_feed(wmbt_s3_page *page, wmbt_view bytes, size_t *taken,
                              wmbt_s3_entry *entry)
{
    wmbt_s3_entry found;
    wmbt_status status = WMBT_NEED_MORE;
    size_t at = 0;
    found.key = wmbt_view_of(NULL, 0);
    found.bytes = 0;
    if (wmbt_status_is_error(page->status)) {
        return page->status;
    }
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    while (status == WMBT_NEED_MORE && at < bytes.len) {
        status = wmbt_s3_page_byte(page, bytes.data[at++], &found);
    }
    if (wmbt_status_is_error(status)) {
        page->status = status;
        return status;
    }
    *taken = at;
    if (status == WMBT_OK) {
        wmbt_view_set(&entry->key, found.key);
        entry->bytes = found.bytes;
    }
    return status;
}

wmbt_status wmbt_s3_page_finish(wmbt_s3_page *page)
{
    uint32_t more = WMBT_S3_P_MORE | WMBT_S3_P_TOKEN;
    if (page->status != WMBT_OK) {
        return page->status;
    }
    if (!wmbt_xml_is_complete(&page->xml)) {
        page->status = page->xml.has_root != 0u ? WMBT_TRUNCATED : WMBT_BAD_SYNTAX;
    } else if ((page->has & WMBT_S3_P_TRUNCATED) == 0u || (page->has & more) == WMBT_S3_P_MORE ||
               ((page->has & more) == more &&
                (page->token_len == 0u ||
                 wmbt_view_equal(wmbt_view_of(page->token.data, page->token_len),
                                 page->sent_token)))) {
        page->status = WMBT_BAD_FIELD;
    } else {
        page->has |= WMBT_S3_P_DONE;
    }
    return page->status;
}

bool wmbt_s3_page_next(const wmbt_s3_page *page, wmbt_view *token)
{
    uint32_t need = WMBT_S3_P_DONE | WMBT_S3_P_MORE;
    if ((page->has & need) != need) {
        return false;
    }
    *token = wmbt_view_of(page->token.data, page->token_len);
    return true;
}

bool wmbt_s3_page_is_late(const wmbt_s3_page *page)
{
    return (page->has & WMBT_S3_P_LATE) != 0u;
}

#endif
