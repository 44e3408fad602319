/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers the wants of a prompt's reader: files or a store, one object at a time; or the
 * library's own client, several at once. */
#ifndef INSPECT_SUPPLY_H
#define INSPECT_SUPPLY_H

#include "net/client.h"
#include "prompt/resolve.h"

/* Memory of an object in flight. */
struct supply_seat {
    bool is_taken;
    bool waits;      /* its want has not been given to the client yet */
    uint32_t object; /* block number or WMBT_READER_TAIL */
    wmbt_buf plain;  /* lent, */
    wmbt_buf stored; /* both */
    wmbt_want want;  /* if it waits */
};

/* What the reader is given. */
struct supply {
    struct resolver *resolver;
    const struct resolved *result;
    struct row_taker *taker; /* or NULL */

    /* One object at a time. */
    struct bucket_object object; /* or the chunk of one */
    wmbt_buf raw, stored;        /* lent */
    wmbt_buf kept;               /* a plain object whose rows may be asked for */
    unsigned restarts;           /* of this object */

    /* The client. */
    struct client *client; /* NULL: not it */
    struct supply_seat *seat;
    uint32_t next;             /* the first block whose rows have not been handed out */
    wmbt_buf rows;             /* where the reader puts them: pages, then those of tails alone */
    wmbt_reader_place *places; /* in them */
    uint32_t *pages;           /* of the blocks */
};

/* Answers all wants. The reader keeps what became of each object; what is returned is of the last
 * next_want(): end if none is left. */
wmbt_status supply_from_bucket(struct supply *supply);
wmbt_status supply_from_client(struct supply *supply);

/* What the reader has to know for that, once result->tokens is known. False: no memory. */
bool supply_prepare_client(struct supply *supply, wmbt_reader_config *config,
                           wmbt_reader_prompt *prompt);

/* Hands out the rows of an object that is verified and still here. */
void supply_give_rows(const struct supply *supply, uint32_t object);

/* Gives all memory back. */
void supply_end(struct supply *supply);

/* What both share: a block of an earlier prompt is not fetched again. True if it is one; the want
 * has then been answered, with *status. */
bool supply_recall(const struct supply *supply, const wmbt_want *want, struct found *found,
                   wmbt_status *status);

/* The reader cannot follow the numbers of a tail that does not fit: so it is that. Whether it is
 * intact, the reader of whole tails says, of its plain bytes. */
wmbt_status supply_judge_tail(wmbt_view plain);

void supply_release(wmbt_buf *memory);

struct found *supply_found(const struct supply *supply, uint32_t object);

#endif
