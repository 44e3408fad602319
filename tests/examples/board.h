/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the examples take from the board they run on. Your firmware has all of it already, under
 * other names: a way to ask the store for bytes, a queue of what came, a clock, a console.
 *
 * board_host.c plays it on a host, as badly as a board can behave: packets are late, lost, doubled
 * and out of order, requests fail, and the receive engine writes until a request has ended.
 * ../baremetal/demo/board.c plays it on an emulated board, from objects that are linked in.
 */
#ifndef WMBT_EXAMPLES_BOARD_H
#define WMBT_EXAMPLES_BOARD_H

#include "wombatkv/reader.h"

/* A prompt that is to be looked up, as the engine's host sends it. */
typedef struct board_command {
    wmbt_view name; /* for the log */
    wmbt_view prefix, name_space;
    wmbt_view fingerprint; /* of the ds4 dialect */
    uint32_t quant_bits;
    uint32_t block_tokens;
    const uint32_t *tokens;
    uint32_t token_count;
} board_command;

/* Requests under way, at most: those that have not ended. */
#define BOARD_REQUESTS 32u

/*
 * Asks for bytes [offset, offset + bytes) of an object, fewer if it ends before. What comes back
 * says `tag`, which no other request has that has not ended. Returns at once.
 */
void board_get(uint32_t tag, wmbt_view key, uint32_t offset, uint32_t bytes);

/* Gives a request up. It ends soon; until then bytes of it may still come and be written. Of a
 * request that has ended this does nothing. */
void board_cancel(uint32_t tag);

/*
 * Programs the receive engine: of request `tag`, bytes [offset, offset + bytes) of the object go to
 * `place`, or nowhere if that is NULL, and their CRC32C is computed on the way. What is not
 * programmed comes as bytes. Comes before board_get(). The engine writes until the request ends.
 */
void board_receive(uint32_t tag, uint32_t offset, uint32_t bytes, uint8_t *place);

/* Descriptors of the receive engine, of all requests that have not ended. */
#define BOARD_DESCRIPTORS 256u

/* What has come. Packets of a request come in any order, some more than once, some never. */
#define BOARD_ABSENT 1u /* the store has no such object */
#define BOARD_BYTES 2u  /* bytes of it, here, until the next call */
#define BOARD_PLACED 3u /* bytes of it, where board_receive() said */
#define BOARD_FAILED 4u /* store or network failed: an HTTP status in `code`, or 0. No miss */
#define BOARD_ENDED 5u  /* nothing of request `tag` comes or is written any more */
/* Every request ends by exactly one of the last: after its last byte, after board_cancel(), after
 * absent or failed. */

typedef struct board_event {
    uint32_t what;
    uint32_t tag;
    uint64_t object_bytes; /* size of the whole object; stores send it along (Content-Range) */
    uint32_t offset;       /* in the object */
    uint32_t len;
    const uint8_t *bytes; /* BOARD_BYTES */
    uint32_t crc;         /* BOARD_PLACED */
    uint32_t code;        /* BOARD_FAILED */
} board_event;

/* The next of what has come. False: nothing, for now. Never waits. */
bool board_poll(board_event *event);

/* Sleeps, if the board can: until something has come, but not longer than so many milliseconds. */
void board_wait(uint32_t ms);

/* A clock that counts milliseconds, and begins anew at 2^32. */
uint32_t board_now(void);

/* Is there an object under this key? (A catalogue, a LIST or a HEAD request.) */
bool board_has(wmbt_view key);

void board_print(const char *text);

/* The rows are where the engine expects them, and the plan says that they can be used. */
void board_restored(wmbt_view rows);

/* The example. Returns 0 if it came to a plan. */
int example(const board_command *command);

/* --- report.c: what the examples print -------------------------------------------------------- */

void print_number(uint64_t value);
void print_plan(const wmbt_plan *plan);

/* --- layout.c: where rows go ------------------------------------------------------------------ */

/*
 * Gives every layer in [first, end) room for its rows, one kind after the other, and none to the
 * others. `places`: shape->layers x WMBT_EXTENT_KINDS. Of the configuration shape and max_blocks
 * are looked at. Returns the bytes of it all.
 */
uint64_t lay_out_rows(const wmbt_reader_config *config, uint32_t block_tokens, uint32_t first,
                      uint32_t end, wmbt_reader_place *places);

#endif
