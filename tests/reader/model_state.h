/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the model (model.h), shared by its sources:
 *     model.c  what is known, and what the bytes that came mean
 *     calls.c  each call of the reader: made, compared with what the model says, booked
 *     drive.c  which calls are made, and a run
 */
#ifndef WMBT_TESTS_MODEL_STATE_H
#define WMBT_TESTS_MODEL_STATE_H

#include "model.h"
#include "stock.h"

#define SHADOW STOCK_OBJECT_BYTES /* no byte from here on is ever given */
#define OBJECTS (STOCK_BLOCKS + 1u)
#define TAIL WMBT_READER_TAIL
#define MAX_IN_FLIGHT 4u
#define MAX_SEEN 16u
#define MAX_LENT 192u
#define MAX_PLACES (4u * WMBT_EXTENT_KINDS)
#define GUARD 16u
#define GAP 8u /* between places */
#define UNTOUCHED 0xA5u
#define GONE 0xDDu
#define RUNS 8u /* reader.h, config.runs */
#define ANY_LENGTH 0xFFFFFFFFu

/* What became of an object. */
typedef struct object {
    uint32_t state; /* NEW ... */
    wmbt_status status;
    uint32_t bytes;
    wmbt_view plain; /* verified: in plain_bytes */
    wmbt_rawtail_info tail;
} object;
enum { NEW, FLYING, SETTLED };

/* An object in flight, and what was given of it. */
typedef struct slot {
    bool used;
    bool asked; /* `want` is out */
    uint32_t number;
    uint32_t phase;  /* FIND ... */
    uint32_t source; /* 0; 1: a manifest has been read, this is its chunk */
    wmbt_want want;
    uint32_t to;   /* where it ends */
    uint32_t runs; /* that are remembered */
    uint32_t claimed[STOCK_SOURCES];
    bool good;     /* what the stock has passes */
    bool truthful; /* what was given is what the stock has */
    bool in_order;
    bool lied; /* about a CRC */
    uint32_t plain_bytes, need_plain, need_stored;
    uint8_t *plain, *stored; /* lent */
    size_t stored_len;
    uint8_t *bytes[STOCK_SOURCES];
    uint8_t *came; /* of the source that is read */
} slot;
enum { FIND, HEAD, MEMORY, COLLECT, PLAIN };

typedef struct lent {
    uint8_t *block;
    size_t len;
    bool back;
} lent;

/* What a call must say. A fuzzy one may also be an error of the object instead; a fuzzy error may
 * be another. */
typedef struct verdict {
    wmbt_status status;
    bool fuzzy;
} verdict;

typedef struct model {
    model_choices *choices;
    model_tally *tally;
    uint32_t seed, step;
    uint32_t style; /* STYLE_... of the driver */
    wmbt_reader_config config;
    wmbt_reader_prompt prompt_is;
    wmbt_reader *r;
    uint8_t *reader_memory;
    wmbt_codec codec;
    stock_judge judge;
    wmbt_status codec_says;
    bool hostile;
    uint32_t block_bytes;
    wmbt_reader_place places[MAX_PLACES];
    uint8_t *rows;
    size_t rows_len;
    uint32_t prompt[STOCK_BLOCKS * 128u + 128u];
    uint32_t prompt_tokens;

    uint32_t input; /* NONE ... */
    uint32_t tokens, blocks, usable, limit, known;
    bool question;
    wmbt_want asked; /* the question that is open */
    object object[OBJECTS];
    slot slot[MAX_IN_FLIGHT];
    wmbt_want seen[MAX_SEEN];
    uint32_t seens;
    wmbt_want stop[MAX_IN_FLIGHT + 1u]; /* that are still to be told of */
    uint32_t stops;
    lent lent[MAX_LENT];
    uint32_t lents;
} model;
enum { NONE, TOKENS, HASHES, ENDED };

#define STYLE_PATIENT 1u /* seldom a whole answer */
#define STYLE_SCATTER 2u /* small pieces from anywhere */

extern stock model_stock;

/* Prints seed, step and what did not hold, and aborts. */
void model_fail(const model *m, const char *file, int line, const char *what);
#define M_CHECK(m, condition)                                \
    do {                                                     \
        if (!(condition)) {                                  \
            model_fail((m), __FILE__, __LINE__, #condition); \
        }                                                    \
    } while (0)

static inline uint32_t min(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- model.c ---------------------------------------------------------------------------------- */

/* A number below n. */
uint32_t model_draw(model *m, uint32_t n);
/* True once in n times. */
bool model_one_in(model *m, uint32_t n);
bool model_all_are(const uint8_t *p, size_t n, uint8_t value);
uint8_t *model_allocate(size_t n);
/* Looks at the guards of what was lent, and gives it up. */
void model_drop(model *m, lent *x);
/* Memory to lend. */
uint8_t *model_lend(model *m, size_t n);
/* It is the caller's again: whoever touches it now is found out. */
void model_take_back(model *m, uint8_t *p);
void model_take_back_all(model *m, slot *s);
object *model_object_of(model *m, uint32_t number);
bool model_has(const model *m, uint32_t number);
/* What the stock has. */
const stock_object *model_stocked(const model *m, uint32_t number);
/* What whole objects say of it; a tail that does not fit is does-not-fit. */
stock_truth model_truth_of(const model *m, uint32_t number);
uint32_t model_wanted(const model *m);
bool model_blocks_done(const model *m);
bool model_tail_is_wanted(const model *m);
bool model_done(const model *m);
/* A block or the tail gets its status. */
void model_settle(model *m, uint32_t number, wmbt_status status, uint32_t bytes);
/* An object in flight gets its status. */
void model_settle_slot(model *m, slot *s, wmbt_status status);
uint32_t model_rows_bytes(const model *m, uint32_t layer, uint32_t kind);
/* Where the first row of an extent must go. */
bool model_place_of(const model *m, uint32_t number, const wmbt_extent *x, uint64_t *place);
/* The part of a block, or of a verified tail, that covers a byte; else false. */
bool model_part_at(model *m, uint32_t number, uint32_t offset, wmbt_body_part *part);
/* The rows of a verified object are where they belong. */
void model_check_rows(model *m, uint32_t number);
/* Layers that are not wanted and what lies between the places stay untouched. */
void model_check_gaps(const model *m);
/* A want was dropped: the caller is to be told. */
void model_expect_stop(model *m, const wmbt_want *want);
bool model_any_stop(const model *m);
void model_take_stop(model *m, const wmbt_want *want);
/* The bytes of the slot's source go to memory that was lent. */
bool model_is_collected(const slot *s);
/* The object is in flight and known not to be plain. */
bool model_collects(const model *m, uint32_t number);
/* Runs that an object's bytes may be in. */
uint32_t model_runs(const model *m);
/* Nothing of it has come. */
void model_object_start(model *m, slot *s);
/* The first byte of the source that has not come; the first from `from` on that has. */
uint32_t model_first_missing(const slot *s);
uint32_t model_next_come(const slot *s, uint32_t from);
/* Where the bytes of the phase end. */
uint32_t model_phase_end(const model *m, const slot *s);
verdict model_said(wmbt_status status, bool fuzzy);
/* All bytes of a source that is collected are there. */
verdict model_judge_collected(model *m, slot *s);
/* A call about a slot's bytes has returned `got`: is it right, and what follows? */
void model_conclude(model *m, slot *s, wmbt_status got, verdict v, const uint8_t *raw);
/* The same for bytes that have been booked. */
void model_conclude_bytes(model *m, slot *s, wmbt_status got);
/* Bytes at `offset` that the reader takes: what it must say at once, or ok and how many. */
wmbt_status model_bookable(const slot *s, uint32_t offset, size_t len, uint32_t *n);
/* They are taken. */
void model_book(model *m, slot *s, uint32_t offset, const uint8_t *bytes, uint32_t n);

/* --- calls.c ---------------------------------------------------------------------------------- */

/* The slot whose want this is, if it is out. */
slot *model_slot_of(model *m, const wmbt_want *w);
bool model_is_question(const model *m, const wmbt_want *w);
/* Asks for the next want, in the order that the model expects. */
wmbt_status model_call_next(model *m, wmbt_want *want);
void model_call_found(model *m, const wmbt_want *w, uint64_t bytes);
/* `bytes` lies in memory of its size, which is gone after the call. */
wmbt_status model_call_feed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes);
/* DMA: `bytes` are put in place, and their CRC is said (with `lie` added). */
void model_call_placed(model *m, const wmbt_want *w, uint32_t offset, wmbt_view bytes,
                       uint32_t lie);
/* Lends so many bytes each; ANY_LENGTH: NULL with a length. */
void model_call_memory(model *m, const wmbt_want *w, uint32_t raw_len, uint32_t stored_len);
void model_call_presence(model *m, const wmbt_want *w, wmbt_view bits);
void model_call_fail(model *m, const wmbt_want *w, wmbt_status status);
void model_call_retry(model *m, const wmbt_want *w, bool restart);
/* A reset. */
void model_forget(model *m);
void model_call_tokens(model *m, uint32_t count);
void model_call_hash(model *m);
void model_call_end(model *m, uint32_t total);
/* The piece at a byte; returns its bytes, 0 if there is none. */
uint32_t model_call_piece(model *m, uint32_t number, uint32_t offset, const wmbt_reader_dma *dma);
void model_call_key(model *m, const wmbt_want *w, uint32_t number, uint32_t room);
void model_check_plan(model *m);
/* After each step. */
void model_check_all(model *m);

#endif
