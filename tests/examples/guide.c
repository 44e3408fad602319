/* SPDX-License-Identifier: Apache-2.0 */
/* The store that the programs of docs/GUIDE.md ask for: the board's, waited for. Freestanding. */
#include "board.h"

#define TAG 1u

bool store_read(wmbt_view key, uint32_t offset, wmbt_buf room, size_t *got, uint64_t *object_bytes);
wmbt_status restore(wmbt_buf memory, const uint32_t *tokens, uint32_t count, wmbt_plan *plan);

bool store_read(wmbt_view key, uint32_t offset, wmbt_buf room, size_t *got, uint64_t *object_bytes)
{
    board_event event;
    board_get(TAG, key, offset, (uint32_t)room.len);
    while (!board_poll(&event)) {
        ;
    }
    board_cancel(TAG); /* one packet is enough */
    *got = 0;
    *object_bytes = event.object_bytes;
    while (event.what == BOARD_BYTES && *got < event.len) {
        room.data[*got] = event.bytes[*got];
        (*got)++;
    }
    return event.what == BOARD_BYTES;
}

int example(const board_command *command)
{
    static uint64_t memory[WMBT_READER_BYTES(64, 1) / 8u];
    wmbt_plan plan;
    if (restore(wmbt_buf_of(memory, sizeof memory), command->tokens, command->token_count, &plan) !=
        WMBT_OK) {
        return 1;
    }
    print_plan(&plan);
    return 0;
}
