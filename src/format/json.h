/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as serde_json 1.0 reads it, a token a call: one pass, no recursion,
 * bounded work a byte. The reader keeps the kinds of the open containers as
 * bits, WMBT_JSON_STACK_LEVELS of them inside, more in the caller's memory.
 * docs/FORMATS.md, "Manifest and delta facts (JSON)".
 */
#ifndef WMBT_SRC_FORMAT_JSON_H
#define WMBT_SRC_FORMAT_JSON_H

#include "base/cursor.h"
#include "wombatkv/status.h"

/** Levels that need no memory of the caller. A multiple of 32. */
#define WMBT_JSON_STACK_LEVELS 128u

/** Containers that serde_json's generic value may nest. */
#define WMBT_JSON_STRICT_LEVELS 127u

/** Longest key that is told from a longer one. */
#define WMBT_JSON_KEY_BYTES 16u

/** The text has ended. No byte has this value. */
#define WMBT_JSON_EOF 256u

/* Tokens. */
#define WMBT_JSON_DONE 0u /* the value is complete and nothing follows */
#define WMBT_JSON_OBJECT 1u
#define WMBT_JSON_ARRAY 2u
#define WMBT_JSON_CLOSE 3u
#define WMBT_JSON_KEY 4u
#define WMBT_JSON_STRING 5u
#define WMBT_JSON_NUMBER 6u
#define WMBT_JSON_LITERAL 7u /* null, true, false */

/*
 * Bytes of the text that are copied, a piece at a time, and read from the copy:
 * with 64-bit registers, eight of them together. 0: byte by byte from the text.
 * Either way each byte of the text is loaded once.
 */
#if WMBT_WIDE_REGISTERS
#    define WMBT_JSON_WINDOW 512u
#else
#    define WMBT_JSON_WINDOW 0u
#endif
#define WMBT_JSON_PIECE 64u

/* What takes a whole piece at once: of the machine, or portable. */
#if defined(__GNUC__) && defined(__x86_64__) && defined(__SSE2__)
#    define WMBT_JSON_BY_SSE2 1
#else
#    define WMBT_JSON_BY_SSE2 0
#endif

typedef struct wmbt_json {
    wmbt_view text;
    wmbt_cursor in;
#if WMBT_JSON_WINDOW > 0
    uint8_t window[WMBT_JSON_WINDOW + 16u]; /* what is behind the text that is there is no text */
    uint64_t others[WMBT_JSON_WINDOW / WMBT_JSON_PIECE]; /* a bit for each byte that does not stand
                                                            for itself in a string; set for all
                                                            behind the text, too */
    uint32_t window_at; /* the byte behind the one at the reading position */
    uint32_t window_bytes;
#endif
    wmbt_buf work;
    wmbt_writer out; /* where texts with escapes go; counts what does not fit */
    size_t depth;    /* open containers */
    uint32_t kinds[WMBT_JSON_STACK_LEVELS / 32u];
    uint32_t c;     /* the byte at the reading position, or WMBT_JSON_EOF */
    uint32_t state; /* what may come next */
    wmbt_status status;

    /* Set by the caller. */
    bool strict; /* as serde_json's generic value: limits of depth and numbers,
                  also when quiet */
    bool quiet;  /* not strict: surrogates need no partner, numbers may be of any
                  size */
    bool decode; /* a string that follows is wanted */

    /* The token. */
    uint32_t token;
    bool is_u64;      /* NUMBER: an integer without sign that fits `number` */
    uint64_t number;  /* NUMBER: its digits, as far as they fit */
    int32_t exponent; /* NUMBER: the value is number x 10^exponent, or near it */
    wmbt_view string; /* STRING, if wanted: data is NULL if `out` has no room for it */
    uint32_t key_bytes;
    /* KEY: as much as fits; key_bytes is above it if more. With a window, zeros
   * follow, and what does not fit may stand behind it. */
    uint8_t key[WMBT_JSON_KEY_BYTES + (WMBT_JSON_WINDOW > 0 ? 8u : 0u)];

    /* Inside a string. */
    bool escaped;
    size_t string_start; /* in the text */
    size_t out_start;    /* in `out` */
} wmbt_json;

/** Starts at the first byte. `out` may be {NULL, 0}. */
void wmbt_json_init(wmbt_json *json, wmbt_view text, wmbt_buf work, wmbt_buf out);

/** Starts inside an array that is the second open container: at its first
 * element, or after one. */
void wmbt_json_init_inside(wmbt_json *json, wmbt_view text, wmbt_buf work, wmbt_buf out,
                           bool after_element);

/**
 * The next token. Returns ok; truncated, trailing-bytes, bad-text, bad-number,
 * bad-syntax, or too-deep, and the same again after one of these.
 */
WMBT_MUST_CHECK wmbt_status wmbt_json_next(wmbt_json *json);

#if WMBT_JSON_WINDOW > 0
/**
 * Passes over a key and its colon if it is the next token, written without blanks before them, and
 * a byte of the text follows in the window; `name` is its n bytes, 1 to 15, in sixteen filled with
 * zeros. No token is set. False: nothing happened, and it may be the key all the same. Inside an
 * object, not before a value.
 */
bool wmbt_json_take_key(wmbt_json *json, const char name[WMBT_JSON_KEY_BYTES], uint32_t n);

/**
 * Passes over an object if it comes next and the window has room for it, written without blanks:
 * `count` members named in this order, each a text that is not empty and stands for itself.
 * texts[i] is then what names[i] names; no token is set. Names are as for wmbt_json_take_key(),
 * name_bytes[i] long. False: nothing happened but that texts[] is unspecified, and it may be such
 * an object all the same. Inside an array that is open to less than WMBT_JSON_STRICT_LEVELS.
 */
bool wmbt_json_take_texts(wmbt_json *json, const char (*names)[WMBT_JSON_KEY_BYTES],
                          const uint8_t *name_bytes, uint32_t count, wmbt_view *texts);

#    if WMBT_JSON_BY_SSE2
/** Takes the next WMBT_JSON_PIECE bytes, which are there, to the window. A bit for each of them
 * that does not stand for itself. Each is read once. */
uint64_t wmbt_json_take_piece(wmbt_cursor *in, uint8_t *window);
#    endif
#endif

/** Bytes of the text before the reading position. */
size_t wmbt_json_offset(const wmbt_json *json);

#endif
