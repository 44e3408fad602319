/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Example: a restore from a store behind S3, on a host or a DPU's Arm cores, with sockets and
 * epoll; over TCP or, linked with the other stream, over TLS. All of the reader's and the client's
 * memory is below; nothing is copied between socket buffer and rows.
 *
 *     s3_epoll HOST PORT BUCKET PREFIX NAMESPACE FINGERPRINT QUANT_BITS BLOCK_TOKENS TOKENS.u32
 *              [digest]
 *
 * Credentials and region come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and
 * AWS_REGION. Prints the plan, and the SHA-256 of the rows if that is asked for. Exit status 0: all
 * objects that are there could be asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "board.h"
#include "stream.h"
#include "wombatkv/s3client.h"
#include "wombatkv/sha256.h"
#include "wombatkv/zstd.h"

#define LANES 4u
#define IN_FLIGHT 3u
#define MAX_BLOCKS 15u
#define PART_BYTES (1u << 20)
#define LINE_BYTES 256u
#define REQUEST_BYTES 8192u
#define DEADLINE_MS 120000u
#define RECEIVE_BYTES (64u << 10)
#define MAX_LAYERS 64u
#define MAX_OBJECT (64u << 20)

/* A connection, and the request that is being sent on it. */
typedef struct lane {
    wmbt_s3conn conn;
    stream *s; /* NULL: there is none */
    bool wants_room;
    size_t len, sent;
    uint8_t line[LINE_BYTES];
    uint8_t request[REQUEST_BYTES];
} lane;

/* Memory that an object in flight has borrowed. */
typedef struct loan {
    uint8_t *plain, *stored;
} loan;

static const char *host, *port;
static wmbt_s3client client;
static wmbt_s3client_slot slots[IN_FLIGHT];
static lane lanes[LANES];
static loan loans[IN_FLIGHT];
static wmbt_reader_place places[MAX_LAYERS * WMBT_EXTENT_KINDS];
static wmbt_reader *r;
static int epoll = -1;

_Noreturn static void give_up(const char *why)
{
    (void)fprintf(stderr, "s3_epoll: %s\n", why);
    exit(EXIT_FAILURE);
}

void board_print(const char *text)
{
    (void)fputs(text, stdout);
}

static wmbt_view text_of(const char *text)
{
    return wmbt_view_of(text, text != NULL ? strlen(text) : 0u);
}

static wmbt_s3client_now now(void)
{
    struct timespec t;
    wmbt_s3client_now n;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    n.ms = (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
    n.time = (uint64_t)time(NULL);
    n.random = (uint32_t)rand();
    return n;
}

/* --- wants ------------------------------------------------------------------------------------ */

static uint8_t *borrow(uint8_t *old, uint32_t bytes)
{
    uint8_t *p = realloc(old, bytes != 0u ? bytes : 1u);
    if (p == NULL) {
        give_up("not enough memory");
    }
    return p;
}

/* Compressed and chunked objects are collected in memory that is lent to them. */
static wmbt_status lend(const wmbt_want *want)
{
    loan *l = &loans[want->id];
    l->stored = borrow(l->stored, want->stored_bytes);
    if (want->plain_bytes != 0u) {
        l->plain = borrow(l->plain, want->plain_bytes);
    }
    return wmbt_reader_memory(r, want, wmbt_buf_of(l->plain, want->plain_bytes),
                              wmbt_buf_of(l->stored, want->stored_bytes));
}

/* Takes all wants. False: all is settled. */
static bool take_wants(void)
{
    wmbt_want want;
    wmbt_status status;
    while ((status = wmbt_reader_next_want(r, &want)) == WMBT_OK) {
        if (want.kind == WMBT_WANT_MEMORY) {
            status = lend(&want);
        } else if (want.kind != WMBT_WANT_STOP) {
            status = wmbt_s3client_take(&client, r, &want);
        }
        if (wmbt_status_is_caller(status)) {
            give_up("this program is wrong");
        }
    }
    return status != WMBT_END;
}

/* --- connections ------------------------------------------------------------------------------ */

static void watch(lane *l, int how)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = l}};
    l->wants_room = stream_wants_room(l->s);
    event.events |= l->wants_room ? EPOLLOUT : 0u;
    if (epoll_ctl(epoll, how, stream_fd(l->s), &event) != 0) {
        give_up("epoll");
    }
}

static void hang_up(lane *l)
{
    if (l->s != NULL) {
        stream_close(l->s); /* epoll forgets it */
        l->s = NULL;
    }
    l->len = l->sent = 0;
}

/* The connection has ended, could not be opened, or nothing came in time. */
static void lose(lane *l)
{
    wmbt_s3client_now n = now();
    wmbt_status status = wmbt_s3client_lost(&client, &l->conn, r, &n, NULL);
    if (status != WMBT_END && status != WMBT_BAD_STATE) {
        give_up("this program is wrong");
    }
    hang_up(l);
}

static void send_some(lane *l)
{
    if (l->sent < l->len) {
        long sent = stream_send(l->s, l->request + l->sent, l->len - l->sent);
        if (sent == STREAM_OVER) {
            lose(l);
            return;
        }
        l->sent += (size_t)sent;
    }
    if (l->wants_room != stream_wants_room(l->s)) {
        watch(l, EPOLL_CTL_MOD);
    }
}

/* Asks for what this connection can carry, and opens it if there is none. */
static void ask(lane *l)
{
    wmbt_s3client_now n = now();
    if (l->sent < l->len) {
        return; /* the one before is not sent yet */
    }
    l->len = l->sent = 0;
    wmbt_status status = wmbt_s3client_ask(&client, &l->conn, r, &n,
                                           wmbt_buf_of(l->request, REQUEST_BYTES), &l->len);
    if (status == WMBT_NEED_MORE) {
        return;
    }
    if (status != WMBT_OK) {
        give_up("the request does not fit");
    }
    if (l->s == NULL) {
        l->s = stream_open(host, port);
        if (l->s == NULL) {
            lose(l);
            return;
        }
        watch(l, EPOLL_CTL_ADD);
    }
    send_some(l);
}

static void receive(lane *l)
{
    static uint8_t bytes[RECEIVE_BYTES];
    while (l->s != NULL) {
        wmbt_s3client_now n = now();
        long got = stream_receive(l->s, bytes, sizeof bytes);
        if (got == 0) {
            return;
        }
        if (got == STREAM_OVER) {
            lose(l);
            return;
        }
        wmbt_status status =
            wmbt_s3client_receive(&client, &l->conn, r, wmbt_view_of(bytes, (size_t)got), &n, NULL);
        if (status == WMBT_BAD_STATE ||
            (status == WMBT_END && !wmbt_s3conn_is_reusable(&l->conn))) {
            lose(l); /* also of bytes that nobody asked for */
        }
        (void)take_wants();
        ask(l);
    }
}

/* --- the loop --------------------------------------------------------------------------------- */

/* Milliseconds until something is due; what is due already is done. */
static int next_timer(void)
{
    uint64_t ms = now().ms;
    uint32_t least = wmbt_s3client_wait(&client, ms);
    least = least != 0u ? least : 1000u;
    for (uint32_t i = 0; i < LANES; i++) {
        uint32_t left = wmbt_s3client_left(&client, &lanes[i].conn, ms);
        if (left == 0u) {
            lose(&lanes[i]);
            least = 0;
        }
        least = left < least ? left : least;
    }
    return (int)least;
}

static void restore(void)
{
    struct epoll_event events[LANES];
    while (take_wants()) {
        for (uint32_t i = 0; i < LANES; i++) {
            ask(&lanes[i]);
        }
        if (!take_wants()) { /* asking has failed the last of them */
            return;
        }
        int count = epoll_wait(epoll, events, LANES, next_timer());
        for (int i = 0; i < count; i++) {
            lane *l = events[i].data.ptr;
            receive(l);
            if (l->s != NULL) {
                send_some(l); /* TLS may have waited for bytes before it could send */
            }
        }
    }
}

/* --- start ------------------------------------------------------------------------------------ */

/* Numbers of a file are little-endian, whatever this machine is. */
static uint32_t *read_tokens(const char *name, uint32_t *count)
{
    FILE *f = fopen(name, "rb");
    if (f == NULL || fseek(f, 0, SEEK_END) != 0) {
        give_up("the tokens cannot be read");
    }
    size_t bytes = (size_t)ftell(f);
    uint32_t *tokens = malloc(bytes + 1u);
    rewind(f);
    if (tokens == NULL || fread(tokens, 1, bytes, f) != bytes) {
        give_up("the tokens cannot be read");
    }
    (void)fclose(f);
    *count = (uint32_t)(bytes / 4u);
    for (uint32_t i = 0; i < *count; i++) {
        const uint8_t *b = (const uint8_t *)&tokens[i];
        tokens[i] = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    }
    return tokens;
}

/* The reader's memory, and that of the rows. */
static wmbt_buf start_reader(const wmbt_reader_prompt *prompt)
{
    static WMBT_MEMORY(memory, WMBT_READER_BYTES_RUNS(MAX_BLOCKS, IN_FLIGHT, 2u + LANES));
    static WMBT_MEMORY(zstd_memory, WMBT_ZSTD_WORKSPACE_BYTES);
    static wmbt_buf workspace = {zstd_memory, sizeof zstd_memory};
    wmbt_reader_config config;
    memset(&config, 0, sizeof config);
    config.shape = &wmbt_shape_deepseek_v4_flash;
    config.max_blocks = MAX_BLOCKS;
    config.in_flight = IN_FLIGHT;
    config.max_object_bytes = MAX_OBJECT;
    config.first_bytes = PART_BYTES;
    config.runs = 2u + LANES;
    config.places = places;
    config.codec.decode = wmbt_zstd_codec;
    config.codec.step = wmbt_zstd_codec_step;
    config.codec.context = &workspace;
    uint64_t bytes = lay_out_rows(&config, prompt->chain.block_tokens, 0, MAX_LAYERS, places);
    config.memory = wmbt_buf_of(calloc(1, (size_t)bytes), (size_t)bytes);
    if (config.memory.data == NULL ||
        wmbt_reader_init(wmbt_buf_of(memory, sizeof memory), &config, 1, &r) != WMBT_OK ||
        wmbt_reader_start(r, prompt) != WMBT_OK) {
        give_up("the reader does not start");
    }
    return config.memory;
}

static void start_client(const char *bucket)
{
    static wmbt_s3_store store;
    static char at[300];
    wmbt_s3client_config config;
    (void)snprintf(at, sizeof at, "%s:%s", host, port);
    store.host = text_of(at);
    store.bucket = text_of(bucket);
    store.region = text_of(getenv("AWS_REGION"));
    store.who.access_key = text_of(getenv("AWS_ACCESS_KEY_ID"));
    store.who.secret = text_of(getenv("AWS_SECRET_ACCESS_KEY"));
    store.who.token = text_of(getenv("AWS_SESSION_TOKEN"));
    memset(&config, 0, sizeof config);
    config.store = &store;
    config.in_flight = IN_FLIGHT;
    config.part_bytes = PART_BYTES;
    config.timeout_ms = 5000;
    bool good = wmbt_s3client_init(&client, &config, slots) == WMBT_OK;
    for (uint32_t i = 0; i < LANES; i++) {
        good = good &&
               wmbt_s3conn_init(&lanes[i].conn, wmbt_buf_of(lanes[i].line, LINE_BYTES)) == WMBT_OK;
    }
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!good || epoll < 0 || !stream_begin()) {
        give_up("the client does not start");
    }
    wmbt_s3client_start(&client, now().ms + DEADLINE_MS);
}

static void print_digest(wmbt_buf rows)
{
    uint8_t digest[WMBT_SHA256_DIGEST_BYTES];
    if (wmbt_sha256_once(wmbt_view_of(rows.data, rows.len), digest) != WMBT_OK) {
        give_up("no digest");
    }
    printf("rows: ");
    for (size_t i = 0; i < sizeof digest; i++) {
        printf("%02x", digest[i]);
    }
    printf("\n");
}

/* Prints what has become of it. False: the store did not give something that may be there. */
static bool report(void)
{
    wmbt_plan plan;
    bool good = true;
    if (wmbt_reader_plan(r, &plan) != WMBT_OK) {
        give_up("there is no plan");
    }
    for (uint32_t i = 0; i <= wmbt_reader_blocks(r); i++) {
        wmbt_reader_object state;
        uint32_t object = i < wmbt_reader_blocks(r) ? i : WMBT_READER_TAIL;
        if (wmbt_reader_object_state(r, object, &state) == WMBT_OK &&
            state.status >= WMBT_S3CLIENT_REFUSED) {
            printf("object %u: the store is %s\n", (unsigned)i,
                   wmbt_s3_meaning_name((uint32_t)state.status - WMBT_S3CLIENT_REFUSED));
            good = false;
        }
    }
    print_plan(&plan);
    printf("requests %u, retries %u, bytes asked %llu, received %llu, wasted %llu\n",
           (unsigned)client.counts.requests, (unsigned)client.counts.retries,
           (unsigned long long)client.counts.asked_bytes,
           (unsigned long long)client.counts.received_bytes,
           (unsigned long long)client.counts.wasted_bytes);
    return good;
}

int main(int argc, char **argv)
{
    wmbt_reader_prompt prompt;
    uint32_t count = 0;
    if (argc != 10 && argc != 11) {
        give_up("HOST PORT BUCKET PREFIX NAMESPACE FINGERPRINT QUANT_BITS BLOCK_TOKENS TOKENS.u32");
    }
    srand((unsigned)time(NULL));
    host = argv[1];
    port = argv[2];
    memset(&prompt, 0, sizeof prompt);
    prompt.prefix = text_of(argv[4]);
    prompt.name_space = text_of(argv[5]);
    prompt.chain.dialect = WMBT_CHAIN_DS4;
    prompt.chain.fingerprint = text_of(argv[6]);
    prompt.chain.quant_bits = (uint32_t)strtoul(argv[7], NULL, 10);
    prompt.chain.block_tokens = (uint32_t)strtoul(argv[8], NULL, 10);
    prompt.flags = WMBT_READER_AUDIT | WMBT_READER_TRUST_TAIL;
    uint32_t *tokens = read_tokens(argv[9], &count);
    start_client(argv[3]);
    wmbt_buf rows = start_reader(&prompt);
    if (wmbt_reader_tokens(r, tokens, count) != WMBT_OK || wmbt_reader_end(r, count) != WMBT_OK) {
        give_up("the prompt is too long");
    }
    restore();
    bool good = report();
    if (argc == 11) {
        print_digest(rows);
    }
    for (uint32_t i = 0; i < LANES; i++) {
        hang_up(&lanes[i]);
    }
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        free(loans[i].plain);
        free(loans[i].stored);
    }
    free(rows.data);
    free(tokens);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
