/* SPDX-License-Identifier: Apache-2.0 */
/* The store that the programs of docs/GUIDE.md ask for: the board's, waited for. Freestanding. */
#include "board.h"

bool store_read(wmbt_view key, uint32_t offset, wmbt_buf room, size_t *got, uint64_t *object_bytes);
wmbt_status restore(const uint32_t *tokens, uint32_t count, wmbt_plan *plan);

/* One packet, or fewer bytes if the object ends. Asked for until it comes. */
bool store_read(wmbt_view key, uint32_t offset, wmbt_buf room, size_t *got, uint64_t *object_bytes)
{
    static uint32_t tag;
    bool there = false, answered = false;
    *got = 0;
    *object_bytes = 0;
    while (!answered) {
        board_event event;
        board_get(++tag, key, offset, (uint32_t)room.len);
        do {
            while (!board_poll(&event)) {
                board_wait(100);
            }
            if (event.tag != tag || answered) {
                continue;
            }
            answered = event.what == BOARD_ABSENT || event.what == BOARD_BYTES;
            there = event.what == BOARD_BYTES && event.offset == offset;
            *object_bytes = event.object_bytes;
            while (there && *got < event.len) {
                room.data[*got] = event.bytes[*got];
                (*got)++;
            }
            board_cancel(tag); /* one packet is enough */
        } while (event.tag != tag || event.what != BOARD_ENDED);
    }
    return there;
}

int example(const board_command *command)
{
    wmbt_plan plan;
    if (restore(command->tokens, command->token_count, &plan) != WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    return 0;
}
