/* SPDX-License-Identifier: Apache-2.0 */
/* zstd frames: push and whole form say the same, errors leave nothing behind, and libzstd, where it
 * is installed, accepts what we accept and gives the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../independent/zstd_older.h"
#include "wombatkv/zstd.h"

#ifdef WMBT_FUZZ_LIBZSTD
#    include <zstd.h>
#endif
#if defined(__has_feature)
#    if __has_feature(memory_sanitizer)
#        include <sanitizer/msan_interface.h>
#    endif
#endif

#define CAP 70000u
#define WINDOW 4096u /* of the ring */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(WMBT_ZSTD_ALIGN) uint8_t memory[WMBT_ZSTD_PUSH_BYTES(WMBT_ZSTD_BLOCK_BYTES)];
static uint8_t whole[CAP], pushed[CAP], window[CAP];

static void check(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Feeds all in pieces that `seed` picks; the output is collected in `pushed`. */
static wmbt_status feed(wmbt_zstd_push *push, wmbt_view in, uint32_t seed, size_t *made)
{
    size_t at = 0;
    *made = 0;
    for (;;) {
        size_t piece = 1u + seed % 61u, taken = SIZE_MAX;
        wmbt_view out = {NULL, SIZE_MAX};
        seed = seed * 1103515245u + 12345u;
        piece = piece < in.len - at ? piece : in.len - at;
        wmbt_status status =
            wmbt_zstd_push_feed(push, wmbt_view_of(in.data + at, piece), &taken, &out);
        if (wmbt_status_is_error(status)) {
            check(taken == SIZE_MAX && out.len == SIZE_MAX);
            return status;
        }
        check(taken <= piece);
        at += taken;
        if (status == WMBT_OK) {
            check(out.len != 0u && out.len <= CAP - *made);
            memcpy(pushed + *made, out.data, out.len);
            *made += out.len;
        } else {
            check(taken == piece);
            if (at == in.len) {
                return wmbt_zstd_push_finish(push);
            }
        }
    }
}

/* Under MemorySanitizer: our bytes were all made of bytes that were there. What libzstd wrote is
 * taken as written: it is not built with the sanitizer, which then sees only some of its stores (a
 * memcpy out of libzstd's own memory copies "uninitialised"). */
static void know_memory(size_t made, uint8_t *theirs, size_t want)
{
#ifdef MSAN_INTERFACE_H
    __msan_check_mem_is_initialized(whole, made);
    __msan_unpoison(theirs, want);
#else
    (void)made;
    (void)theirs;
    (void)want;
#endif
}

static void compare_libzstd(wmbt_view in, wmbt_status status, size_t made, size_t cap)
{
#ifdef WMBT_FUZZ_LIBZSTD
    static uint8_t theirs[CAP];
    size_t want = ZSTD_decompress(theirs, cap, in.data, in.len);
    if (status == WMBT_OK && ZSTD_isError(want)) {
        check(ZSTD_versionNumber() < 10506u && older_refuses(in.data, in.len));
    } else if (status == WMBT_OK) {
        know_memory(made, theirs, want);
        check(made == want && memcmp(whole, theirs, made) == 0);
    }
#else
    (void)in;
    (void)status;
    (void)made;
    (void)cap;
    (void)older_refuses;
    (void)know_memory;
#endif
}

/* The first four bytes pick the pieces and the room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 4u) {
        return 0;
    }
    uint32_t seed = (uint32_t)data[0] | (uint32_t)data[1] << 8;
    size_t cap = ((size_t)data[2] | (size_t)data[3] << 8) + 1u;
    wmbt_view in = wmbt_view_of(data + 4, size - 4u);
    size_t made = SIZE_MAX, again = 0;

    memset(whole, 0xA5, sizeof whole);
    wmbt_status status = wmbt_zstd_decode(wmbt_buf_of(memory, WMBT_ZSTD_WORKSPACE_BYTES), in,
                                          wmbt_buf_of(whole, cap), &made);
    for (size_t i = status == WMBT_OK ? cap : 0u; i < CAP; i++) {
        check(whole[i] == 0xA5u || (whole[i] == 0u && i < cap));
    }
    check(status == WMBT_OK ? made <= cap : made == SIZE_MAX);
    compare_libzstd(in, status, made, cap);

    wmbt_zstd_push push;
    check(wmbt_zstd_push_init(&push, wmbt_buf_of(memory, sizeof memory),
                              wmbt_buf_of(window, cap)) == WMBT_OK);
    check(feed(&push, in, seed, &again) == status);
    check(status != WMBT_OK || (again == made && memcmp(pushed, whole, made) == 0));

    /* The ring accepts the same or less. */
    wmbt_buf ring = wmbt_buf_of(window, WMBT_ZSTD_RING_BYTES(WINDOW, WINDOW));
    wmbt_buf little = wmbt_buf_of(memory, WMBT_ZSTD_PUSH_BYTES(WINDOW));
    check(wmbt_zstd_push_init_ring(&push, little, ring, cap) == WMBT_OK);
    wmbt_status ringed = feed(&push, in, seed, &again);
    if (ringed == WMBT_OK) {
        check(status == WMBT_OK && again == made && memcmp(pushed, whole, made) == 0);
    } else {
        check(ringed == status || ringed == WMBT_TOO_LARGE || ringed == WMBT_UNSUPPORTED_WINDOW ||
              ringed == WMBT_BAD_OFFSET || (ringed == WMBT_BAD_LENGTH && status != WMBT_OK));
    }
    return 0;
}
