/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's own client of S3 (wombatkv/s3client.h) over sockets, as firmware has it: it takes a
 * reader's wants and answers them, over several connections, with its own retries and restarts.
 */
#ifndef INSPECT_CLIENT_H
#define INSPECT_CLIENT_H

#include "net/fetch.h"
#include "wombatkv/s3client.h"

struct client;

/* Out of memory ends the process. The site has to stay. */
struct client *client_open(const struct site *site, unsigned connections, unsigned timeout_seconds);
void client_close(struct client *client); /* may be NULL */

/* What the reader's configuration has to say. */
uint32_t client_in_flight(const struct client *client);
uint32_t client_runs(const struct client *client);
uint32_t client_first_bytes(const struct client *client);

/* A prompt begins. Serials of its reader must be above those of the readers before. */
void client_start(struct client *client);

/* Takes a want for bytes of an object. */
void client_take(struct client *client, wmbt_reader *reader, const wmbt_want *want);

/* Asks for what nobody has asked for yet, and waits until something has come: then next_want(). */
void client_turn(struct client *client, wmbt_reader *reader);

/* What the store said last of the object that was in flight with this id, or what befell its
 * connection; for an object that the store did not give. */
const char *client_said(const struct client *client, uint32_t id);

#endif
