/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Amazon S3 for a client that reads: GET with a range and If-Match, HEAD and ListObjectsV2 as
 * signed request bytes; what an answer means; listings. Source of the rules: docs/FORMATS.md, "S3".
 */
#ifndef WOMBATKV_S3_H
#define WOMBATKV_S3_H

#include "wombatkv/http.h"
#include "wombatkv/sigv4.h"

#if WMBT_CFG_S3

WMBT_BEGIN_DECLS

#    define WMBT_S3_MAX_KEY_BYTES 1024u /**< of a key, by S3's rules */
#    define WMBT_S3_ETAG_BYTES 64u      /**< of an ETag that is kept, quotes included */
#    define WMBT_S3_CODE_BYTES 40u      /**< of an error's Code that is kept */
#    define WMBT_S3_REGION_BYTES 32u    /**< of a region's name that is kept */

/* --- requests --------------------------------------------------------------------------------- */

/** A bucket and who asks. Views stay the caller's and are read in each call. */
typedef struct wmbt_s3_store {
    wmbt_view host;    /**< as the Host field has it: with the port unless it is the scheme's own */
    wmbt_view bucket;  /**< not encoded */
    wmbt_view region;  /**< not looked at if anonymous */
    bool virtual_host; /**< false: /bucket/key at host; true: /key at bucket.host */
    wmbt_sigv4_credentials who; /**< an empty access key: anonymous */
} wmbt_s3_store;

/** A GET or HEAD of an object. */
typedef struct wmbt_s3_get {
    wmbt_view key;      /**< as it means, not encoded: 1 to WMBT_S3_MAX_KEY_BYTES bytes */
    wmbt_view if_match; /**< an ETag as the store sent it, or empty */
    uint64_t first;     /**< of the range */
    uint64_t last;      /**< of the range, inclusive */
    bool has_range;
    bool is_head;
} wmbt_s3_get;

/** A page of ListObjectsV2. Views may be empty. */
typedef struct wmbt_s3_list {
    wmbt_view prefix;
    wmbt_view start_after; /**< only keys behind it */
    wmbt_view token;       /**< of the page before */
    uint32_t max_keys;     /**< 0: as many as the store gives */
    /** Asks for keys in url encoding, without which a page cannot carry all of them: XML has no way
     * to say most control characters. Not every store does it; the page says whether it was. */
    bool url_encoding;
} wmbt_s3_list;

/**
 * Writes a request with its Host, conditions, "Accept-Encoding: identity" and signature, and its
 * length to *written. `time` and `key` as in sigv4.h.
 *
 * bad-argument: NULL with a length; an empty host, bucket or key; last before first
 * bad-text: a control byte in host, bucket or ETag; a '/' in the bucket
 * too-large: a key above WMBT_S3_MAX_KEY_BYTES
 * not-representable: the time
 * buffer-too-small: `out` is zeroed. Room for a target, host, token and 700 bytes is enough
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_write_get(const wmbt_s3_store *store,
                                                       const wmbt_s3_get *get, uint64_t time,
                                                       const uint8_t *key, wmbt_buf out,
                                                       size_t *written);

/** The same for a page of a listing. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_write_list(const wmbt_s3_store *store,
                                                        const wmbt_s3_list *list, uint64_t time,
                                                        const uint8_t *key, wmbt_buf out,
                                                        size_t *written);

/* --- answers ---------------------------------------------------------------------------------- */

/* What an answer means. The first four have bytes to take. */
#    define WMBT_S3_OPEN 0u          /**< not known yet */
#    define WMBT_S3_OBJECT 1u        /**< the whole object, or a listing; after HEAD its size */
#    define WMBT_S3_PART 2u          /**< bytes of the range asked for, from its first byte */
#    define WMBT_S3_WHOLE_INSTEAD 3u /**< a range was asked for, the bytes are those from 0 */
#    define WMBT_S3_OTHER_PART 4u    /**< another range than asked for: refused */
#    define WMBT_S3_MISSING 5u       /**< there is no such object */
#    define WMBT_S3_DENIED 6u  /**< access or credentials; the same for each further request */
#    define WMBT_S3_CLOCK 7u   /**< our clock is wrong: sign anew by the answer's Date, once */
#    define WMBT_S3_CHANGED 8u /**< another ETag or size than before: start the object over */
#    define WMBT_S3_BUSY 9u    /**< again later */
#    define WMBT_S3_FAILED 10u /**< bucket, configuration or request: again is no use */
#    define WMBT_S3_NOT_MODIFIED 11u /**< 304 */
#    define WMBT_S3_BAD_RANGE 12u    /**< the first byte asked for lies behind the end (416) */
#    define WMBT_S3_REGION 13u       /**< another region, in wmbt_s3_answer_region(): sign for it */
#    define WMBT_S3_REDIRECT 14u     /**< another host; its region if the answer names one */

/** The name of a meaning, as the tool prints it: "object", "whole-instead", ... Never NULL. */
WMBT_API const char *wmbt_s3_meaning_name(uint32_t meaning);

/** What was asked for and what is known, to hold the answer against. */
typedef struct wmbt_s3_expected {
    wmbt_view if_match; /**< ETag of the object's first answer; empty: none yet. The view must stay
                             until the header is complete */
    uint64_t first;
    uint64_t last;
    uint64_t size;          /**< of the object, if has_size */
    bool has_range;         /**< `first` to `last` were asked for */
    bool has_size;          /**< `size` is known */
    bool is_head;           /**< the request was HEAD */
    bool denied_is_missing; /**< 403 AccessDenied: S3 says so of a missing key to those who must not
                                 list */
} wmbt_s3_expected;

/* Internal: src/wire/s3/xml.h. */
#    define WMBT_XML_MAX_DEPTH 8u
#    define WMBT_XML_NAME_BYTES 22u
typedef struct wmbt_xml {
    uint32_t open[WMBT_XML_MAX_DEPTH]; /* hashes of the names of open elements */
    uint32_t hash;                     /* of the name at hand */
    uint32_t point;                    /* of a character reference */
    uint8_t name[WMBT_XML_NAME_BYTES];
    uint8_t name_len; /* WMBT_XML_NAME_BYTES + 1: longer */
    uint8_t text[4];
    uint8_t text_len;
    uint8_t depth;
    uint8_t state;
    uint8_t quote;
    uint8_t has_root;
    uint8_t closing;
    uint8_t cr;
} wmbt_xml;

/** An answer under way, about 0.5 KB. Keep out of the fields. */
typedef struct wmbt_s3_answer {
    wmbt_http http;
    wmbt_xml xml;
    wmbt_view if_match; /* the caller's */
    uint64_t first;
    uint64_t last;
    uint64_t size;
    uint64_t range_first; /* Content-Range, or in it the error's size */
    uint64_t range_last;
    uint64_t total;
    uint64_t date;
    uint64_t retry_at; /* seconds, or a date */
    uint32_t has;      /* bits of s3/answer.c */
    uint32_t meaning;
    uint32_t error_bytes; /* of an error's document that were looked at */
    wmbt_status status;
    uint8_t etag_len;
    uint8_t code_len;
    uint8_t region_len;
    uint8_t field; /* of the error's document */
    uint8_t etag[WMBT_S3_ETAG_BYTES];
    uint8_t code[WMBT_S3_CODE_BYTES];
    uint8_t region[WMBT_S3_REGION_BYTES];
} wmbt_s3_answer;

/**
 * Starts reading an answer. `limits` and `line` as in wmbt_http_init(), 128 bytes of line and more
 * (what does not fit of ETag, Content-Range and region counts as not sent).
 * Statuses as wmbt_http_init().
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_answer_init(wmbt_s3_answer *answer,
                                                         const wmbt_s3_expected *expected,
                                                         const wmbt_http_limits *limits,
                                                         wmbt_buf line);

/**
 * Takes bytes up to the next piece of the object (or listing), none of those behind the answer.
 *
 * ok: *piece is a view into `bytes`, *offset its place in the object (in a listing's document)
 * need-more, end, bad-argument and errors of framing: as wmbt_http_feed()
 * bad-field: a 206 without a range that was asked for, with another one, with no size (then the
 *   meaning is OTHER_PART); fields that contradict each other
 * bad-number: a range that is none, or above 2^64 - 1 (OTHER_PART)
 * bad-length: the body is not as long as its range (OTHER_PART)
 * An error is for good: the connection must be closed.
 * The meaning is known, and pieces come, only if it is one of the first three; the bodies of other
 * answers are read here. *taken, *piece and *offset are changed on ok, need-more and end only.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_answer_feed(wmbt_s3_answer *answer, wmbt_view bytes,
                                                         size_t *taken, wmbt_view *piece,
                                                         uint64_t *offset);

/** The connection has ended: end, truncated, or what the answer was refused with. */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_answer_finish(wmbt_s3_answer *answer);

/** WMBT_S3_OBJECT, ...; WMBT_S3_OPEN until the header is complete, of an error until its end. */
WMBT_API uint32_t wmbt_s3_answer_meaning(const wmbt_s3_answer *answer);

/** The object's size, if the answer has told it: Content-Range, Content-Length of a 200, the error
 * of a 416. */
WMBT_API bool wmbt_s3_answer_size(const wmbt_s3_answer *answer, uint64_t *bytes);

/** The range of a 206 that was believed: false if there is none. */
WMBT_API bool wmbt_s3_answer_range(const wmbt_s3_answer *answer, uint64_t *first, uint64_t *last);

/** ETag as sent, empty if none or a longer one came; the error's Code; the region that is named. */
WMBT_API wmbt_view wmbt_s3_answer_etag(const wmbt_s3_answer *answer);
WMBT_API wmbt_view wmbt_s3_answer_code(const wmbt_s3_answer *answer);
WMBT_API wmbt_view wmbt_s3_answer_region(const wmbt_s3_answer *answer);

/** Seconds of Retry-After, a date being counted from the answer's Date. False: none, unreadable, or
 * in the past. The caller caps it. */
WMBT_API bool wmbt_s3_answer_retry_after(const wmbt_s3_answer *answer, uint64_t *seconds);

/** Seconds since 1970 of the answer's Date: what to set a wrong clock by. */
WMBT_API bool wmbt_s3_answer_date(const wmbt_s3_answer *answer, uint64_t *seconds);

/** A 200 for a range whose body has exactly the bytes asked for, where the size is not known: some
 * stores forget the 206. Ask HEAD for the size before this counts as the whole object. */
WMBT_API bool wmbt_s3_answer_is_doubtful(const wmbt_s3_answer *answer);

/** The HTTP below: code, framing, reusable. */
WMBT_API const wmbt_http *wmbt_s3_answer_http(const wmbt_s3_answer *answer);

/* --- listings --------------------------------------------------------------------------------- */

/** A key of a listing. */
typedef struct wmbt_s3_entry {
    wmbt_view key; /**< in the caller's memory, until the next call */
    uint64_t bytes;
} wmbt_s3_entry;

/** A page of ListObjectsV2 under way. Keep out of the fields. */
typedef struct wmbt_s3_page {
    wmbt_xml xml;
    wmbt_buf key;         /* the caller's */
    wmbt_buf token;       /* the caller's */
    wmbt_view sent_token; /* the caller's */
    uint64_t bytes;
    size_t key_len;
    size_t token_len;
    uint32_t has; /* bits of s3/page.c */
    wmbt_status status;
    uint8_t field;
    uint8_t small_len;
    uint8_t small[24]; /* of a number or a word */
} wmbt_s3_page;

/**
 * Starts a page. `key`: memory for one key as the document has it, WMBT_S3_MAX_KEY_BYTES, or three
 * times that if url encoding was asked for. `token`: memory for the next page's token, 1,200 bytes
 * hold all that were seen. `sent_token`: that of the request, which must not come back; it must
 * stay until the end.
 * bad-argument: NULL with a length, or no memory.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_page_init(wmbt_s3_page *page, wmbt_view sent_token,
                                                       wmbt_buf key, wmbt_buf token);

/**
 * Takes bytes of the document up to the next entry.
 *
 * ok: *entry is one
 * need-more: took all
 * bad-syntax: not well-formed, a DOCTYPE, another document
 * bad-text: not UTF-8, a control byte, a broken reference or url escape
 * bad-number: a Size that is none
 * bad-field: an entry without Key or Size, or with two; IsTruncated missing or neither true nor
 *   false; true without a token, or with that of the request
 * too-large: a key or token that does not fit; too-deep
 * bad-argument: NULL with a length, nothing taken
 * An error is for good. *taken and *entry are changed on ok and need-more only.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_page_feed(wmbt_s3_page *page, wmbt_view bytes,
                                                       size_t *taken, wmbt_s3_entry *entry);

/** The document has ended: ok, truncated, or a status of feed(). */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_s3_page_finish(wmbt_s3_page *page);

/** After finish(): the token of the next page; false if this is the last. */
WMBT_API bool wmbt_s3_page_next(const wmbt_s3_page *page, wmbt_view *token);

/** After finish(): true if the response named its url encoding behind the first entry. Keys that
 * were handed out before that are encoded still: wmbt_s3_url_decode(). */
WMBT_API bool wmbt_s3_page_is_late(const wmbt_s3_page *page);

/** Decodes %XX and '+' in place. False if an escape is broken; then nothing is changed. */
WMBT_API bool wmbt_s3_url_decode(uint8_t *text, size_t *len);

WMBT_END_DECLS

#endif

#endif
