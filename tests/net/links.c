/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link carries one request at a time: the client says what to send, and what comes goes straight
 * from the buffers of the receiver to the client and through it to the reader. What goes wrong
 * below (reset, silence, no connection) is told by wmbt_s3client_lost(); what is done then is the
 * client's.
 */
#include "links.h"

#include "lwip/tcp.h"
#include "net.h"

#define SILENCE_MS 5000u    /* without a byte a connection counts as lost */
#define PART_BYTES 1048576u /* of a request, if several links fetch one object */
#define LINE_BYTES 256u     /* for one field of an answer */
#define REQUEST_BYTES 3072u /* for the longest key, its encoded form, and the fields */

typedef struct link {
    wmbt_s3conn conn;
    struct tcp_pcb *pcb; /* NULL: no connection */
    size_t unsent;       /* bytes of the request that waits for the connection */
    bool over;           /* the connection is of no more use */
    uint8_t line[LINE_BYTES];
    uint8_t request[REQUEST_BYTES];
} link;

static const links_config *config;
static wmbt_reader *reader;
static wmbt_s3client client;
static wmbt_s3client_slot slots[NET_LINKS];
static link links[NET_LINKS];
static uint32_t dialled;

/* A status that only a mistake of this program brings. */
static void must(wmbt_status status)
{
    if (wmbt_status_is_caller(status)) {
        net_panic(wmbt_status_name(status));
    }
}

static void tell_time(wmbt_s3client_now *now)
{
    now->ms = clock_ms(); /* a demo ends before it begins anew */
    now->time = config->time_at_start + (uint32_t)now->ms / 1000u;
    now->random = net_random();
}

/* --- what lwIP calls -------------------------------------------------------------------------- */

static err_t on_bytes(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    link *l = argument;
    wmbt_s3client_now now;
    (void)error;
    if (p == NULL) { /* the store has closed */
        l->over = true;
        return ERR_OK;
    }
    tell_time(&now);
    for (const struct pbuf *q = p; q != NULL && !l->over; q = q->next) {
        wmbt_status status = wmbt_s3client_receive(&client, &l->conn, reader,
                                                   wmbt_view_of(q->payload, q->len), &now, NULL);
        /* bad-state: nothing was asked, so it is more than an answer */
        l->over =
            status == WMBT_BAD_STATE || (status == WMBT_END && !wmbt_s3conn_is_reusable(&l->conn));
    }
    tcp_recved(pcb, p->tot_len);
    (void)pbuf_free(p);
    return ERR_OK;
}

/* Reset, or no way to the store; the pcb is gone. */
static void on_error(void *argument, err_t error)
{
    link *l = argument;
    (void)error;
    l->pcb = NULL;
    l->over = true;
}

static void send(link *l)
{
    if (tcp_write(l->pcb, l->request, (u16_t)l->unsent, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        l->over = true;
    } else {
        (void)tcp_output(l->pcb);
    }
    l->unsent = 0;
}

static err_t on_connection(void *argument, struct tcp_pcb *pcb, err_t error)
{
    (void)pcb;
    (void)error;
    send(argument);
    return ERR_OK;
}

/* --- a link ----------------------------------------------------------------------------------- */

static void dial(link *l)
{
    ip_addr_t to;
    IP_ADDR4(&to, config->address[0], config->address[1], config->address[2], config->address[3]);
    l->pcb = tcp_new();
    if (l->pcb == NULL) {
        l->over = true;
        return;
    }
    dialled++;
    tcp_arg(l->pcb, l);
    tcp_recv(l->pcb, on_bytes);
    tcp_err(l->pcb, on_error);
    l->over = tcp_connect(l->pcb, &to, config->port, on_connection) != ERR_OK;
}

static void hang_up(link *l)
{
    if (l->pcb != NULL) {
        tcp_arg(l->pcb, NULL);
        tcp_recv(l->pcb, NULL);
        tcp_err(l->pcb, NULL);
        tcp_abort(l->pcb); /* not close: the rest of an answer would be read to its end */
        l->pcb = NULL;
    }
    l->over = false;
    l->unsent = 0;
}

/* Takes all that the reader wants now. False if all is settled. */
static bool take_wants(void)
{
    for (;;) {
        wmbt_want want;
        wmbt_status status = wmbt_reader_next_want(reader, &want);
        if (status != WMBT_OK) {
            must(status);
            return status != WMBT_END;
        }
        if (want.kind == WMBT_WANT_MEMORY || want.kind == WMBT_WANT_STEP) {
            must(wmbt_reader_fail(reader, &want, WMBT_TOO_LARGE)); /* nothing to lend here */
        } else if (want.kind != WMBT_WANT_STOP) { /* nothing is written late here */
            must(wmbt_s3client_take(&client, reader, &want));
        }
    }
}

static void turn(link *l)
{
    wmbt_s3client_now now;
    tell_time(&now);
    if (l->over || wmbt_s3client_left(&client, &l->conn, now.ms) == 0u) {
        wmbt_status status = wmbt_s3client_lost(&client, &l->conn, reader, &now, NULL);
        if (status != WMBT_BAD_STATE) { /* else nothing was under way */
            must(status);
        }
        hang_up(l);
    }
    if (l->unsent == 0u) {
        wmbt_status status = wmbt_s3client_ask(&client, &l->conn, reader, &now,
                                               wmbt_buf_of(l->request, REQUEST_BYTES), &l->unsent);
        must(status);
        if (status == WMBT_OK && l->pcb == NULL) {
            dial(l);
        } else if (status == WMBT_OK) {
            send(l);
        }
    }
}

void links_run(const links_config *where, wmbt_reader *r, void (*poll)(void),
               wmbt_s3client_counts *counts, uint32_t *connections)
{
    static const wmbt_s3client_config zero;
    wmbt_s3client_config c = zero;
    config = where;
    reader = r;
    c.store = &config->store;
    c.in_flight = NET_LINKS;
    c.part_bytes = NET_LINKS > 1u ? PART_BYTES : 0u;
    c.timeout_ms = SILENCE_MS;
    must(wmbt_s3client_init(&client, &c, slots));
    wmbt_s3client_start(&client, 0);
    for (uint32_t i = 0; i < NET_LINKS; i++) {
        must(wmbt_s3conn_init(&links[i].conn, wmbt_buf_of(links[i].line, LINE_BYTES)));
    }
    while (take_wants()) {
        for (uint32_t i = 0; i < NET_LINKS; i++) {
            turn(&links[i]);
        }
        poll();
    }
    for (uint32_t i = 0; i < NET_LINKS; i++) {
        hang_up(&links[i]);
    }
    *counts = client.counts;
    *connections = dialled;
}
