/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board of the examples (../../examples/board.h) on an emulated machine: its store is linked
 * in, its console is the emulator's. Packets come in order, of all requests in turn.
 */
#include "../start/semihost.h"
#include "../start/start.h"
#include "linked.h"

#define PACKET_BYTES 1408u /* a multiple of LINKED_CELL_BYTES */

static struct request {
    bool open, over; /* over: nothing but its end is still to be told */
    uint32_t tag, offset, end;
    const linked_object *object; /* NULL: there is none */
} requests[BOARD_REQUESTS];

static uint8_t packet[PACKET_BYTES];
static uint32_t now;

static const linked_object *find(wmbt_view key)
{
    for (const linked_object *o = linked_objects; o->key != NULL; o++) {
        size_t n = 0;
        while (n < key.len && o->key[n] != '\0' && o->key[n] == (char)key.data[n]) {
            n++;
        }
        if (n == key.len && o->key[n] == '\0') {
            return o;
        }
    }
    return NULL;
}

bool board_has(wmbt_view key)
{
    return find(key) != NULL;
}

void board_get(uint32_t tag, wmbt_view key, uint32_t offset, uint32_t bytes)
{
    size_t i = 0;
    while (requests[i].open) {
        if (++i == BOARD_REQUESTS) {
            board_print("too many requests\n");
            semihost_exit(2);
        }
    }
    struct request *q = &requests[i];
    q->open = true;
    q->over = false;
    q->tag = tag;
    q->object = find(key);
    q->offset = offset;
    uint32_t size = q->object != NULL ? q->object->bytes : 0u;
    q->end = offset < size && bytes < size - offset ? offset + bytes : size;
}

void board_cancel(uint32_t tag)
{
    for (size_t i = 0; i < BOARD_REQUESTS; i++) {
        requests[i].over = requests[i].over || requests[i].tag == tag;
    }
}

/* Bytes of an object, from `offset` up to what a packet holds. */
static uint32_t unpack(const linked_object *o, uint32_t offset, uint32_t end)
{
    uint32_t n = 0;
    while (n < PACKET_BYTES && offset < end) {
        const uint8_t *number = linked_packed + 2u * (o->first + offset / LINKED_CELL_BYTES);
        const uint8_t *cell =
            linked_packed + linked_cells_at + (number[0] + 256u * number[1]) * LINKED_CELL_BYTES;
        do {
            packet[n++] = cell[offset++ % LINKED_CELL_BYTES];
        } while (offset % LINKED_CELL_BYTES != 0u && n < PACKET_BYTES && offset < end);
    }
    return n;
}

bool board_poll(board_event *event)
{
    static uint32_t turn;
    uint32_t tries = 0;
    do {
        if (tries++ == BOARD_REQUESTS) {
            return false;
        }
        turn = (turn + 1u) % BOARD_REQUESTS;
    } while (!requests[turn].open);
    struct request *q = &requests[turn];
    event->tag = q->tag;
    event->what = q->over ? BOARD_ENDED : q->object != NULL ? BOARD_BYTES : BOARD_ABSENT;
    event->offset = q->offset;
    event->object_bytes = 0;
    event->len = 0;
    event->bytes = packet;
    event->crc = 0;
    event->code = 0;
    q->open = !q->over;
    if (q->object != NULL && !q->over) {
        event->object_bytes = q->object->bytes;
        event->len = unpack(q->object, q->offset, q->end);
        q->offset += event->len;
    }
    q->over = q->object == NULL || q->offset >= q->end;
    return true;
}

void board_wait(uint32_t ms)
{
    now += ms; /* what is to come is there at once */
}

uint32_t board_now(void)
{
    return now;
}

void board_print(const char *text)
{
    semihost_write(text);
}

int main(void)
{
    return example(&linked_command);
}
