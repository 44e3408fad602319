/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of a bucket behind S3, several at once, each asked again as often as options say. What
 * an answer means is the library's (s3.h); here is what is done about it.
 */
#ifndef INSPECT_FETCH_H
#define INSPECT_FETCH_H

#include "net/credentials.h"
#include "net/transport.h"

#define FETCH_REQUEST_BYTES 16384
#define FETCH_LINE_BYTES 512
#define FETCH_CHANGED "it changed while it was read"

/* A bucket, and who asks. */
struct site {
    char *bucket;
    char *scheme;
    char *host; /* in the Host field, without the bucket */
    char *region;
    bool virtual_host;
    bool amazon; /* the host follows the region */
    bool denied_is_missing;
    unsigned retries;
    struct credentials who;
    struct transport *transport;
    struct fetch *fetches; /* all of them */
    struct buffer *spare;  /* memory of those that are over: fresh pages cost more than bytes */
    /* Learned from answers, each once. */
    bool clock_set, region_set;
    unsigned learned;
    int64_t clock_offset;
};

void site_set_region(struct site *site, const char *region, size_t len);

/* The bucket as requests want it: views into the site, until its region is set. */
void site_store(const struct site *site, wmbt_s3_store *store);

/* The host to connect to. */
void site_host(const struct site *site, char *host, size_t room);

/* What the store said of an object, or of a listing, in words. */
void site_said(const wmbt_s3_answer *answer, bool of_object, char *why, size_t room);

/* What is asked: bytes of an object, its header alone, or a page of a listing. */
struct ask {
    wmbt_view key;  /* copied; empty: a page */
    wmbt_view etag; /* of the object's first answer; copied */
    uint64_t first, last;
    bool is_head;
    bool has_size; /* `size` is known */
    uint64_t size;
    wmbt_s3_list list; /* its views have to stay */
};

/* Once it has ended, `status` is ok (the answer has one of the meanings that give bytes, or
 * bad-range), missing, or TOOL_UNREADABLE, and `why` says what the store said. */
struct fetch {
    struct fetch *next;
    struct site *site;
    struct ask ask;
    bool has_ended;
    bool has_changed; /* unreadable: the object is another one by now */
    wmbt_status status;
    char why[400];
    wmbt_s3_answer answer;
    uint8_t *data; /* what came: the bytes from ask.first on, or the page */
    size_t len, room;

    /* Its own. */
    struct exchange exchange;
    bool is_running, no_memory;
    unsigned attempt, learned;
    uint64_t not_before;
    char *host;
    uint8_t line[FETCH_LINE_BYTES];
    uint8_t key[WMBT_S3_MAX_KEY_BYTES];
    uint8_t etag[WMBT_S3_ETAG_BYTES];
    uint8_t request[FETCH_REQUEST_BYTES];
};

/* Asks. NULL: there is no memory. */
struct fetch *fetch_begin(struct site *site, const struct ask *ask);

/* Waits for its end; the other ones of its site get on meanwhile. */
void fetch_wait(struct fetch *fetch);

/* Frees what the site keeps for requests to come. */
void site_free_spare(struct site *site);

/* Lets go of it, and stops it if it has not ended. */
void fetch_free(struct fetch *fetch);

#endif
