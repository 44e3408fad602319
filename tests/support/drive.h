/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader under test, driven against a bucket one call after the other, in a fixed schedule. After
 * each call it is checked that nothing passes that may not, and that no byte outside of what was
 * lent has been written.
 */
#ifndef WMBT_TESTS_DRIVE_H
#define WMBT_TESTS_DRIVE_H

#include "bucket.h"

#if WMBT_CFG_READER

/* In what pieces the bytes of a want come. The first two are in order. */
#    define DRIVE_WHOLE 0u     /* all at once */
#    define DRIVE_BYTES 1u     /* byte by byte */
#    define DRIVE_BACKWARDS 2u /* the last piece first */
#    define DRIVE_SCATTERED 3u /* every second piece first, so that there are holes */
#    define DRIVE_PLACED 4u    /* rows of plain objects by placed() */
#    define DRIVE_HOWS 5u

#    define DRIVE_MAX_BYTES 4096u /* of an object, stored or plain */
#    define DRIVE_PLACES (4u * WMBT_EXTENT_KINDS)
#    define DRIVE_TAIL_BIT 0x80000000u
#    define DRIVE_ALL 0xFFFFFFFFu
#    define DRIVE_NEVER 0xFFFFFFFFu

/* How an object is stored. */
#    define FORM_PLAIN 0u
#    define FORM_NONE 1u       /* a wrapper, not compressed */
#    define FORM_ZSTD 2u       /* a wrapper with a zstd frame */
#    define FORM_CHUNK 3u      /* a manifest and a chunk */
#    define FORM_CHUNK_NONE 4u /* the chunk in a wrapper */
#    define FORM_CHUNK_ZSTD 5u /* manifest and chunk in wrappers with frames */
#    define FORMS 6u
#    define FORM_IS_CHUNK(form) ((form) >= FORM_CHUNK)

/* A bucket of sound objects with the one under test in it, stored in a form: block 0 of two blocks;
 * or the tail of 11 tokens behind one block, of a prompt of 12. */
typedef struct drive_bucket {
    bucket *b;
    wmbt_view plain; /* the object */
    uint32_t object; /* 0 or WMBT_READER_TAIL */
    uint32_t at[2];  /* in b->object: what stands at its own key, and its chunk */
} drive_bucket;

void drive_fill(wmbt_test *t, drive_bucket *x, bool tail, uint32_t form);

typedef struct drive {
    wmbt_test *t;
    const bucket *b;
    wmbt_reader_config config; /* may be changed between drive_config() and drive_start() */
    wmbt_reader_prompt prompt; /* may be changed before a start */
    wmbt_reader_place places[DRIVE_PLACES];
    wmbt_reader *r;
    wmbt_buf memory;    /* of the reader */
    uint8_t *image;     /* room for a copy of it */
    wmbt_buf workspace; /* of the decoder */
    wmbt_buf rows;
    uint32_t how;
    uint32_t may_pass;   /* bit i: block i; DRIVE_TAIL_BIT; others must never be verified */
    uint32_t wrong_at;   /* the placed() that is told another CRC, counted from 0; DRIVE_NEVER */
    uint32_t wrong_crc;  /* what that is xor-ed with */
    uint32_t placed;     /* so far */
    wmbt_status said;    /* by the last call */
    uint32_t calls;      /* so far */
    uint32_t ends;       /* objects that a call has said end of */
    uint32_t full;       /* times that there were too many holes */
    bool gave_input;     /* hashes of all blocks, and the end */
    bool open;           /* there is a want */
    bool found;          /* found() has been said for it */
    wmbt_want want;      /* the last one */
    const uint8_t *from; /* the object that it is about, or NULL */
    uint32_t len;        /* of that */
    uint32_t step;       /* pieces given or put off */
    uint8_t given[DRIVE_MAX_BYTES]; /* 1: the piece has been taken */
    /* Memory lent stands between guards. */
    uint8_t *raw, *stored;
    uint32_t raw_lent, stored_lent; /* bytes, since the last question */
} drive;

/* A drive in scratch memory; config, places of all rows and prompt are filled, with these flags of
 * the prompt. */
drive *drive_config(wmbt_test *t, const bucket *b, uint32_t flags);
void drive_start(drive *d);

/* Starts the prompt, without input. */
void drive_prompt(drive *d);

/* Starts over: drops everything, gives all hashes and the end. */
void drive_reset(drive *d, uint32_t how, uint32_t may_pass);

/* The next call that brings the reader further. False once all is settled, or after a failure. */
bool drive_step(drive *d);

/* Until all is settled. */
void drive_run(drive *d);

/* Forgets the want that is open, and that anything of its object has been given. */
void drive_forget(drive *d);

/* A want that is not open any more is refused by every call, and not a byte of the reader changes.
 */
void drive_check_stale(drive *d, const wmbt_want *want);

/* The status of an object. */
wmbt_status drive_status(drive *d, uint32_t object);

/* The trust of the rows and numbers of an object, all the same; WMBT_TRUST_STAGED also if it is not
 * known where they lie. */
uint32_t drive_trust(drive *d, uint32_t object);

/* The rows of an object lie at their places. */
void drive_check_rows(drive *d, uint32_t object, wmbt_view plain);

/* Fails the test; a check that ends a function which returns nothing. */
void drive_fail(drive *d, const char *file, int line, const char *what);
#    define D_CHECK(d, condition)                                \
        do {                                                     \
            if (!(condition)) {                                  \
                drive_fail((d), __FILE__, __LINE__, #condition); \
                return;                                          \
            }                                                    \
        } while (0)

#endif

#endif
