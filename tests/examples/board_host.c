/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board of the examples, played on a host. What is asked for is cut into packets, and a seed
 * says when each of them comes, and whether it does. Time is the board's own: it goes on when
 * somebody waits, so a run is the same every time and takes no longer than its work.
 */
#include "board_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wombatkv/crc32c.h"

#define PACKET_BYTES 1408u
#define MAX_PACKETS (1u << 19)
#define MAX_POLLS 40000000u /* a program that comes to no end */
#define LATE_MS 30000u      /* what is late is so late at most */

static uint32_t mode, often = 1, state = 1, curse;
static uint64_t now = UINT32_MAX - 5000u; /* the clock's 32 bits pass 2^32 soon */
static uint64_t polls;

void board_give_up(const char *why)
{
    fprintf(stderr, "%s\n", why);
    exit(2);
}

void board_start(uint32_t how, uint32_t seed, uint32_t one_packet_in)
{
    mode = how;
    often = one_packet_in;
    state = seed * 2654435761u | 1u;
    curse = board_below(1u << 20);
}

uint32_t board_below(uint32_t n)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (state >> 4) % n;
}

static bool one_in(uint32_t n)
{
    return mode != BOARD_GENTLE && board_below(n) == 0u;
}

/* --- requests --------------------------------------------------------------------------------- */

typedef struct request {
    bool open; /* it has not ended */
    bool cancelled;
    uint32_t tag;
    uint32_t left; /* packets that are still to come */
    bool receives; /* it has descriptors */
    wmbt_view object;
} request;

static request requests[BOARD_REQUESTS];

static struct descriptor {
    bool open;
    uint32_t tag, offset, end;
    uint8_t *place;
} descriptors[BOARD_DESCRIPTORS];

/* Something that happens at its time: a write of the engine, or an event that is handed out. */
typedef struct packet {
    uint64_t due;
    uint64_t number; /* of those that are due at once the first comes first */
    request *of;
    uint32_t what; /* WRITE or BOARD_... */
    uint32_t offset, len, code;
} packet;
#define WRITE 0u

static packet heap[MAX_PACKETS];
static uint32_t packets;
static uint64_t numbers;

static bool before(const packet *a, const packet *b)
{
    return a->due != b->due ? a->due < b->due : a->number < b->number;
}

static void push(packet p)
{
    if (packets == MAX_PACKETS) {
        board_give_up("too many packets");
    }
    p.number = numbers++;
    uint32_t i = packets++;
    for (; i != 0u && before(&p, &heap[(i - 1u) / 2u]); i = (i - 1u) / 2u) {
        heap[i] = heap[(i - 1u) / 2u];
    }
    heap[i] = p;
}

static packet pop(void)
{
    packet top = heap[0], last = heap[--packets];
    uint32_t i = 0, child;
    while ((child = 2u * i + 1u) < packets) {
        child += child + 1u < packets && before(&heap[child + 1u], &heap[child]) ? 1u : 0u;
        if (!before(&heap[child], &last)) {
            break;
        }
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

static request *request_of(uint32_t tag)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        if (requests[i].open && requests[i].tag == tag) {
            return &requests[i];
        }
    }
    return NULL;
}

bool board_may_write(void)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        if (requests[i].open && requests[i].receives) {
            return true;
        }
    }
    return false;
}

/* --- asking ----------------------------------------------------------------------------------- */

void board_receive(uint32_t tag, uint32_t offset, uint32_t bytes, uint8_t *place)
{
    size_t i = 0;
    if (request_of(tag) != NULL) {
        board_give_up("a descriptor comes after its request");
    }
    while (descriptors[i].open) {
        if (++i == BOARD_DESCRIPTORS) {
            board_give_up("too many descriptors");
        }
    }
    descriptors[i] = (struct descriptor){true, tag, offset, offset + bytes, place};
}

/* The descriptor of a byte, and where what is treated like it ends. */
static const struct descriptor *descriptor_of(uint32_t tag, uint32_t offset, uint32_t *end)
{
    for (size_t i = 0; i < BOARD_DESCRIPTORS; i++) {
        const struct descriptor *d = &descriptors[i];
        if (!d->open || d->tag != tag || d->end <= offset) {
            continue;
        }
        if (d->offset <= offset) {
            *end = d->end < *end ? d->end : *end;
            return d;
        }
        *end = d->offset < *end ? d->offset : *end;
    }
    return NULL;
}

/* How long something takes. */
static uint32_t delay(void)
{
    return mode == BOARD_GENTLE ? 0u
           : one_in(2u * often) ? board_below(LATE_MS)
                                : 1u + board_below(one_in(8) ? 20u : 3u);
}

static void expect(request *q, packet p, uint32_t what, uint64_t due)
{
    p.what = what;
    p.due = due;
    q->left++;
    push(p);
}

/* A packet comes once, or twice, or never. A row is in place at one moment and told of at a later
 * one. */
static void send(request *q, uint32_t offset, uint32_t len, bool placed, uint64_t sent)
{
    packet p = {0, 0, q, 0, offset, len, 0};
    uint32_t what = placed ? BOARD_PLACED : BOARD_BYTES;
    uint64_t due = sent + delay();
    bool lost = one_in(often);
    if (placed && (!lost || one_in(2))) { /* the row is there, and nobody is told */
        expect(q, p, WRITE, due);
    }
    if (lost) {
        return;
    }
    if (mode == BOARD_HOSTILE && one_in(16u * often)) { /* damaged on the way */
        p.code = 1u + board_below(255);
        if (placed) {
            expect(q, p, WRITE, due);
        }
    } else if (one_in(often)) {
        uint64_t again = sent + delay();
        if (placed) {
            expect(q, p, WRITE, again);
        }
        expect(q, p, what, again);
    }
    expect(q, p, what, due);
}

/* Always the same for an object. */
static bool is_cursed(wmbt_view key)
{
    return mode == BOARD_HOSTILE && (wmbt_crc32c(curse, key) & 15u) == 0u;
}

static request *new_request(uint32_t tag)
{
    size_t i = 0;
    if (request_of(tag) != NULL) {
        board_give_up("this tag has a request");
    }
    while (requests[i].open) {
        if (++i == BOARD_REQUESTS) {
            board_give_up("too many requests");
        }
    }
    requests[i] = (request){true, false, tag, 0, false, {NULL, 0}};
    for (size_t k = 0; k < BOARD_DESCRIPTORS; k++) {
        requests[i].receives |= descriptors[k].open && descriptors[k].tag == tag;
    }
    return &requests[i];
}

void board_get(uint32_t tag, wmbt_view key, uint32_t offset, uint32_t bytes)
{
    static const uint32_t codes[] = {0, 403, 500, 503};
    request *q = new_request(tag);
    q->object = bucket_object(key);
    uint32_t size = (uint32_t)q->object.len, end = size, cut = UINT32_MAX;
    end = offset < size && bytes < size - offset ? offset + bytes : size;
    packet word = {0, 0, q, 0, 0, 0, codes[board_below(4)]};
    if (is_cursed(key) || one_in(mode == BOARD_HOSTILE ? 24u : 48u)) {
        cut = board_below(8); /* fails after so many packets */
    } else if (q->object.data == NULL) {
        expect(q, word, BOARD_ABSENT, now + delay());
        return;
    } else if (offset >= size) { /* its size is told all the same */
        expect(q, word, BOARD_BYTES, now + delay());
        return;
    }
    uint64_t sent = now;
    for (; offset < end && cut != 0u; cut--) {
        uint32_t to = end - offset < PACKET_BYTES ? end : offset + PACKET_BYTES;
        bool placed = descriptor_of(tag, offset, &to) != NULL;
        send(q, offset, to - offset, placed, sent);
        sent += mode == BOARD_GENTLE ? 0u : board_below(3);
        offset = to;
    }
    if (cut == 0u) {
        expect(q, word, BOARD_FAILED, sent + delay());
    } else if (q->left == 0u) { /* all of it is lost */
        expect(q, word, BOARD_ENDED, sent + delay());
    }
}

void board_cancel(uint32_t tag)
{
    request *q = request_of(tag);
    if (q != NULL) {
        q->cancelled = true;
    }
}

/* --- what comes ------------------------------------------------------------------------------- */

/* Bytes as they come: a copy, gone with the next event. */
static const uint8_t *bytes_of(const packet *p)
{
    static uint8_t bytes[PACKET_BYTES];
    memset(bytes, 0xEE, sizeof bytes);
    memcpy(bytes, p->of->object.data + p->offset, p->len);
    bytes[0] ^= (uint8_t)p->code;
    return bytes;
}

static void write_rows(const packet *p)
{
    uint32_t end = UINT32_MAX;
    const struct descriptor *d = descriptor_of(p->of->tag, p->offset, &end);
    if (d != NULL && d->place != NULL) {
        memcpy(d->place + (p->offset - d->offset), bytes_of(p), p->len);
    }
}

static void close_request(request *q)
{
    q->open = false;
    for (size_t i = 0; i < BOARD_DESCRIPTORS; i++) {
        descriptors[i].open = descriptors[i].open && descriptors[i].tag != q->tag;
    }
}

/* Something happens. True: the example is told. */
static bool happens(const packet *p, board_event *event)
{
    request *q = p->of;
    q->left--;
    if (p->what == BOARD_ENDED) {
        close_request(q);
    } else if (q->left == 0u) {
        expect(q, *p, BOARD_ENDED, now + delay());
    }
    if (q->cancelled && p->what != BOARD_ENDED && board_below(2) == 0u) {
        return false; /* given up in time */
    }
    if (p->what == WRITE) {
        write_rows(p);
        return false;
    }
    memset(event, 0, sizeof *event);
    event->what = p->what;
    event->tag = q->tag;
    event->code = p->what == BOARD_FAILED ? p->code : 0u;
    if (p->what == BOARD_BYTES || p->what == BOARD_PLACED) {
        const uint8_t *bytes = bytes_of(p);
        event->object_bytes = q->object.len;
        event->offset = p->offset;
        event->len = p->len;
        event->bytes = p->what == BOARD_BYTES ? bytes : NULL;
        event->crc = p->what == BOARD_PLACED ? wmbt_crc32c(0, wmbt_view_of(bytes, p->len)) : 0u;
    }
    return true;
}

bool board_poll(board_event *event)
{
    if (++polls > MAX_POLLS) {
        board_give_up("it goes on for ever");
    }
    while (packets != 0u && heap[0].due <= now) {
        packet p = pop();
        if (happens(&p, event)) {
            return true;
        }
    }
    now += polls % 16u == 0u ? 1u : 0u; /* of those who never wait */
    return false;
}

void board_wait(uint32_t ms)
{
    uint64_t until = now + ms;
    if (packets != 0u && heap[0].due < until) {
        until = heap[0].due;
    }
    now = until > now ? until : now;
}

uint32_t board_now(void)
{
    return (uint32_t)now;
}

/* --- the rest --------------------------------------------------------------------------------- */

bool board_has(wmbt_view key)
{
    return bucket_object(key).data != NULL;
}

void board_print(const char *text)
{
    bucket_printed(text);
}

void board_restored(wmbt_view rows)
{
    bucket_restored(rows);
}
