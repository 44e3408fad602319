/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A want has one link at a time: the link asks for it, feeds what comes straight from the buffers
 * of the receiver to the client and through it to the reader, and when that says end it takes the
 * next want. What goes wrong below (reset, silence, no connection) is told by
 * wmbt_s3client_lost(); what is done then is the client's.
 */
#include "links.h"

#include "lwip/tcp.h"
#include "net.h"

#define PATIENCE_MS 5000u   /* without a byte a connection counts as lost */
#define LINE_BYTES 256u     /* for one field of an answer */
#define REQUEST_BYTES 3072u /* for the longest key, its encoded form, and the fields */

typedef struct link {
    wmbt_s3conn conn;
    wmbt_want want;
    struct tcp_pcb *pcb; /* NULL: no connection */
    uint32_t heard;      /* when something was done or came */
    size_t request_len;
    bool has_want; /* it waits, or is under way */
    bool asked;    /* it is under way */
    bool over;     /* the connection is of no more use */
    uint8_t line[LINE_BYTES];
    uint8_t request[REQUEST_BYTES];
} link;

static const links_config *config;
static wmbt_reader *reader;
static wmbt_s3client client;
static wmbt_s3client_slot slots[LINKS];
static link links[LINKS];
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

/* The want of a link is answered, or withdrawn. */
static void settle(link *l, wmbt_status reader_said)
{
    must(reader_said);
    l->asked = false;
    l->has_want = false;
    l->over = l->over || !wmbt_s3conn_is_reusable(&l->conn);
}

static void give_up(link *l)
{
    wmbt_s3client_now now;
    wmbt_status said = WMBT_OK;
    tell_time(&now);
    must(wmbt_s3client_lost(&client, &l->conn, reader, &now, &said));
    settle(l, said);
}

/* --- what lwIP calls -------------------------------------------------------------------------- */

static void feed(link *l, wmbt_view bytes)
{
    wmbt_s3client_now now;
    wmbt_status said = WMBT_OK;
    if (!l->asked) {
        l->over = true; /* more than the answer */
        return;
    }
    tell_time(&now);
    wmbt_status status = wmbt_s3client_receive(&client, &l->conn, reader, bytes, &now, &said);
    must(status);
    if (status == WMBT_END) {
        settle(l, said);
    }
}

static err_t on_bytes(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    link *l = argument;
    (void)error;
    if (p == NULL) { /* the store has closed */
        l->over = true;
        return ERR_OK;
    }
    l->heard = clock_ms();
    for (const struct pbuf *q = p; q != NULL; q = q->next) {
        feed(l, wmbt_view_of(q->payload, q->len));
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
    if (tcp_write(l->pcb, l->request, (u16_t)l->request_len, TCP_WRITE_FLAG_COPY) != ERR_OK) {
        l->over = true;
    } else {
        (void)tcp_output(l->pcb);
    }
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
}

static void stop(uint64_t serial)
{
    for (uint32_t i = 0; i < LINKS; i++) {
        if (links[i].asked && links[i].want.serial == serial) {
            give_up(&links[i]);
        }
    }
}

/* The next want that is for a link. Returns as wmbt_reader_next_want(). */
static wmbt_status next_want(wmbt_want *want)
{
    for (;;) {
        wmbt_status status = wmbt_reader_next_want(reader, want);
        if (status != WMBT_OK || want->kind == WMBT_WANT_OBJECT || want->kind == WMBT_WANT_RANGE) {
            return status;
        }
        if (want->kind == WMBT_WANT_STOP) {
            stop(want->serial);
        } else { /* compressed: there is no memory to lend */
            must(wmbt_reader_fail(reader, want, WMBT_TOO_LARGE));
        }
    }
}

/* Asks for the want of a link once its time has come. */
static void ask(link *l)
{
    wmbt_s3client_now now;
    tell_time(&now);
    if (wmbt_s3client_wait(&client, &l->want, now.ms) != 0u) {
        return;
    }
    wmbt_status status = wmbt_s3client_ask(&client, &l->conn, reader, &l->want, now.time,
                                           wmbt_buf_of(l->request, REQUEST_BYTES), &l->request_len);
    must(status);
    l->has_want = status == WMBT_OK; /* else it is answered, or dead */
    l->asked = l->has_want;
    l->heard = clock_ms();
    if (l->asked && l->pcb == NULL) {
        dial(l);
    } else if (l->asked) {
        send(l);
    }
}

/* False if all is settled. */
static bool turn(link *l)
{
    if (l->asked && (l->over || clock_ms() - l->heard > PATIENCE_MS)) {
        give_up(l);
    }
    if (l->over) {
        hang_up(l);
    }
    if (!l->has_want) {
        wmbt_status status = next_want(&l->want);
        must(status);
        l->has_want = status == WMBT_OK;
        if (status == WMBT_END) {
            return false;
        }
    }
    if (l->has_want && !l->asked) {
        ask(l);
    }
    return true;
}

void links_run(const links_config *where, wmbt_reader *r, void (*poll)(void),
               wmbt_s3client_counts *counts, uint32_t *connections)
{
    static const wmbt_s3client_config zero;
    wmbt_s3client_config c = zero;
    bool going = true;
    config = where;
    reader = r;
    c.store = &config->store;
    c.in_flight = LINKS;
    must(wmbt_s3client_init(&client, &c, slots));
    for (uint32_t i = 0; i < LINKS; i++) {
        must(wmbt_s3conn_init(&links[i].conn, wmbt_buf_of(links[i].line, LINE_BYTES)));
    }
    while (going) {
        poll();
        for (uint32_t i = 0; i < LINKS && going; i++) {
            going = turn(&links[i]);
        }
    }
    for (uint32_t i = 0; i < LINKS; i++) {
        hang_up(&links[i]);
    }
    *counts = client.counts;
    *connections = dialled;
}
