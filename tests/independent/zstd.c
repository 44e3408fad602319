/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our zstd decoder against libzstd: frames at all levels, with and without long mode, checksum and
 * content size, of structured data; and frames that were damaged. What we accept libzstd accepts,
 * with the same bytes; what we refuse alone is refused for a reason that docs/FORMATS.md lists. The
 * push form says the same in random pieces. Frame and output lie between pages that cannot be
 * touched, at the beginning or at the end of what is theirs.
 *
 *     zstd          a few seconds
 *     zstd --long   some minutes, other seeds each time: zstd --long SEED
 */
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zstd.h>

#include "wombatkv/zstd.h"

#include "../support/common.h"
#include "zstd_older.h"

#define MOST ((size_t)4 << 20)
#define SLACK 200000u

static uint8_t *plain, *coded, *changed, *ours, *theirs, *pushed;
static _Alignas(WMBT_ZSTD_ALIGN) uint8_t memory[WMBT_ZSTD_PUSH_BYTES(WMBT_ZSTD_BLOCK_BYTES)];
static ZSTD_CCtx *encoder;
static uint32_t state = 1;
static unsigned long frames, mutants, accepted, stricter, tool_frames, changing_accepted, rings;

static uint32_t below(uint32_t n)
{
    return (uint32_t)((uint64_t)wmbt_test_random(&state) * n >> 32);
}

static void fail(const char *what, const uint8_t *frame, size_t n)
{
    FILE *f = fopen("zstd_failed.zst", "wb");
    if (f != NULL) {
        (void)fwrite(frame, 1, n, f);
        (void)fclose(f);
    }
    fprintf(stderr, "%s; the frame is in zstd_failed.zst\n", what);
    exit(EXIT_FAILURE);
}

/* --- data ------------------------------------------------------------------------------------- */

static size_t words(uint8_t *p, size_t n)
{
    static const char *const all[] = {"wombat ", "kv ", "block ",  "0000",
                                      "cache ",  "\n",  "prefix-", "hash="};
    size_t i = 0;
    for (const char *w = all[wmbt_test_random(&state) >> 29]; *w != 0 && i < n; w++) {
        p[i++] = (uint8_t)*w;
    }
    return i;
}

/* Copies of what was before, now and then; else few or many different bytes. */
static size_t copies(uint8_t *p, size_t at, size_t n, uint32_t shift)
{
    if (at < 50u || below(20) != 0u) {
        *p = (uint8_t)(wmbt_test_random(&state) >> shift);
        return 1;
    }
    size_t back = 1u + below(at < 70000u ? (uint32_t)at : 70000u);
    size_t len = 3u + below(below(10) == 0u ? 5000 : 60), i = 0;
    for (; i < len && i < n; i++) {
        p[i] = *(p + i - back);
    }
    return i;
}

static void make_plain(size_t n)
{
    unsigned kind = below(9);
    for (size_t i = 0; i < n;) {
        uint32_t x = wmbt_test_random(&state);
        switch (kind) {
        case 0: plain[i++] = (uint8_t)(x >> 24); break;             /* noise */
        case 1: plain[i++] = (uint8_t)("abcdefgh"[x >> 29]); break; /* few letters */
        case 2: i += words(plain + i, n - i); break;                /* text */
        case 3: plain[i++] = 0; break;                              /* nothing */
        case 4:
            plain[i] = (uint8_t)((i & 3u) == 3u ? 0x3Fu : (i & 3u) == 2u ? x >> 28 : x >> 24);
            i++;
            break;
        case 5: plain[i++] = (uint8_t)(x >> 24 < 200u ? x & 7u : x >> 16); break; /* skewed */
        case 6: plain[i++] = (uint8_t)((x >> 20) % 4u == 0u ? 1u : 0u); break;    /* two letters */
        case 7: i += copies(plain + i, i, n - i, 24); break;
        default: i += copies(plain + i, i, n - i, 29); break;
        }
    }
}

/* Encodes plain[0, n), in one call or with flushes between. */
static size_t encode(size_t n, int level, bool all_at_once)
{
    (void)ZSTD_CCtx_reset(encoder, ZSTD_reset_session_and_parameters);
    (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_compressionLevel, level);
    (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, (int)below(2));
    (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_contentSizeFlag, (int)below(2));
    if (below(3) == 0u) {
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_enableLongDistanceMatching, 1);
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, 10 + (int)below(12));
    } else if (below(4) == 0u || level > 19) { /* the largest windows cost time, not insight */
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, 10 + (int)below(12));
    }
    if (below(3) == 0u) { /* few matches, so long literals with codes as short as the data's */
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_strategy, ZSTD_fast);
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_minMatch, 7);
        (void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_hashLog, 6);
    }
    ZSTD_inBuffer in = {plain, n, 0};
    ZSTD_outBuffer out = {coded, ZSTD_compressBound(MOST) + 1000u, 0};
    if (all_at_once) {
        out.pos = ZSTD_compress2(encoder, coded, out.size, plain, n);
    } else {
        for (unsigned parts = below(4); parts > 0u; parts--) {
            in.size = in.pos + below((uint32_t)(n - in.pos) + 1u);
            (void)ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_flush);
        }
        in.size = n;
        (void)ZSTD_compressStream2(encoder, &out, &in, ZSTD_e_end);
    }
    if (ZSTD_isError(out.pos)) {
        fprintf(stderr, "libzstd does not encode: %s\n", ZSTD_getErrorName(out.pos));
        exit(EXIT_FAILURE);
    }
    return out.pos;
}

/* --- comparison ------------------------------------------------------------------------------- */

/* The push form in random pieces must say what the whole form said. */
static void check_push(const uint8_t *frame, size_t n, size_t cap, wmbt_status want, size_t made)
{
    wmbt_zstd_push push;
    size_t at = 0, got = 0;
    wmbt_status status =
        wmbt_zstd_push_init(&push, wmbt_buf_of(memory, sizeof memory), wmbt_buf_of(pushed, cap));
    uint32_t most = 1u << below(18);
    while (status == WMBT_OK || status == WMBT_NEED_MORE) {
        size_t piece = 1u + below(most), taken = 0;
        wmbt_view out;
        piece = piece < n - at ? piece : n - at;
        status = wmbt_zstd_push_feed(&push, wmbt_view_of(frame + at, piece), &taken, &out);
        at += taken;
        if (status == WMBT_OK) {
            got += out.len;
        } else if (status == WMBT_NEED_MORE && at == n) {
            status = wmbt_zstd_push_finish(&push);
            break;
        }
    }
    if (status != want || (status == WMBT_OK && (got != made || memcmp(pushed, ours, made) != 0))) {
        fail("push and whole form differ", frame, n);
    }
}

/* A ring of any size says the same, or that it is too small. */
static void check_ring(const uint8_t *frame, size_t n, size_t cap, wmbt_status want, size_t made)
{
    static uint8_t ring[1u << 20];
    wmbt_zstd_push push;
    wmbt_zstd_header head;
    size_t at = 0, got = 0;
    uint32_t max_block = 1u << (10u + below(8));
    size_t size = 3u * max_block + below((uint32_t)sizeof ring - 3u * max_block + 1u);
    if (below(2) == 0u && wmbt_zstd_read_header(wmbt_view_of(frame, n), &head) == WMBT_OK &&
        head.window_bytes >= max_block && head.window_bytes <= sizeof ring - 2u * max_block) {
        size = WMBT_ZSTD_RING_BYTES(head.window_bytes, max_block); /* exactly what it needs */
    }
    wmbt_status status = wmbt_zstd_push_init_ring(
        &push, wmbt_buf_of(memory, WMBT_ZSTD_PUSH_BYTES(max_block)), wmbt_buf_of(ring, size), cap);
    while (status == WMBT_OK || status == WMBT_NEED_MORE) {
        size_t piece = 1u + below(300000), taken = 0;
        wmbt_view out;
        piece = piece < n - at ? piece : n - at;
        status = wmbt_zstd_push_feed(&push, wmbt_view_of(frame + at, piece), &taken, &out);
        at += taken;
        if (status == WMBT_OK) {
            if (want == WMBT_OK &&
                (got + out.len > made || memcmp(out.data, ours + got, out.len) != 0)) {
                fail("a ring gives other bytes", frame, n);
            }
            got += out.len;
        } else if (status == WMBT_NEED_MORE && at == n) {
            status = wmbt_zstd_push_finish(&push);
            break;
        }
    }
    rings += status == WMBT_OK ? 1u : 0u;
    /* A match from beyond the window ends it there; the whole form may find something else later,
     * or nothing. */
    if (status != want && status != WMBT_TOO_LARGE && status != WMBT_UNSUPPORTED_WINDOW &&
        status != WMBT_BAD_OFFSET) {
        fprintf(stderr, "%s, not %s: ", wmbt_status_name(status), wmbt_status_name(want));
        fail("a ring says something else", frame, n);
    }
    if (status == WMBT_OK && got != made) {
        fail("a ring gives another length", frame, n);
    }
}

/* Why we may refuse what libzstd accepts. */
static bool may_refuse(wmbt_status status)
{
    bool newer = ZSTD_versionNumber() >= 10506u;
    return status == WMBT_BAD_BITSTREAM || status == WMBT_BAD_LENGTH ||
           status == WMBT_UNSUPPORTED_VERSION ||
           (!newer && (status == WMBT_BAD_FIELD || status == WMBT_BAD_OFFSET));
}

#define PAGE 65536u /* a multiple of every machine's */
#define FENCED (MOST + (1u << 20))

/* FENCED bytes between two pages that may not be touched. */
static uint8_t *fenced(void)
{
    uint8_t *p = mmap(NULL, FENCED + 2u * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + PAGE, FENCED, PROT_READ | PROT_WRITE) != 0) {
        perror("mmap");
        exit(EXIT_FAILURE);
    }
    return p + PAGE;
}

/* The same answer beside pages that may not be touched. */
static void check_fences(const uint8_t *frame, size_t n, size_t cap, wmbt_status want, size_t made)
{
    static uint8_t *input, *output;
    input = input == NULL ? fenced() : input;
    output = output == NULL ? fenced() : output;
    if (n > FENCED || cap > FENCED) {
        fail("longer than the fenced memory", frame, n);
    }
    for (unsigned end = 0; end < 2u; end++) {
        uint8_t *from = end != 0u ? input + FENCED - n : input;
        uint8_t *to = end != 0u ? output + FENCED - cap : output;
        size_t got = SIZE_MAX;
        memcpy(from, frame, n);
        wmbt_status status = wmbt_zstd_decode(wmbt_buf_of(memory, WMBT_ZSTD_WORKSPACE_BYTES),
                                              wmbt_view_of(from, n), wmbt_buf_of(to, cap), &got);
        if (status != want || got != made || (status == WMBT_OK && memcmp(to, ours, made) != 0)) {
            fail("another answer between fences", frame, n);
        }
    }
}

static wmbt_status compare(const uint8_t *frame, size_t n, size_t cap)
{
    size_t made = SIZE_MAX;
    memset(ours, 0xA5, cap + 64u);
    wmbt_status status = wmbt_zstd_decode(wmbt_buf_of(memory, WMBT_ZSTD_WORKSPACE_BYTES),
                                          wmbt_view_of(frame, n), wmbt_buf_of(ours, cap), &made);
    size_t want = ZSTD_decompress(theirs, cap, frame, n);
    for (size_t i = cap; i < cap + 64u; i++) {
        if (ours[i] != 0xA5u) {
            fail("written behind the room", frame, n);
        }
    }
    if (status == WMBT_OK && ZSTD_isError(want)) {
        if (ZSTD_versionNumber() >= 10506u || !older_refuses(frame, n)) {
            fail("accepted what libzstd refuses", frame, n);
        }
    } else if (status == WMBT_OK) {
        accepted++;
        if (made != want || memcmp(ours, theirs, made) != 0) {
            fail("other bytes than libzstd", frame, n);
        }
    } else if (!ZSTD_isError(want)) {
        stricter++;
        if (!may_refuse(status)) {
            fprintf(stderr, "%s: ", wmbt_status_name(status));
            fail("refused what libzstd accepts", frame, n);
        }
    }
    check_fences(frame, n, cap, status, made);
    check_push(frame, n, cap, status, made);
    check_ring(frame, n, cap, status, made);
    return status;
}

/* A frame that is right: with exactly the room it needs, and with more. */
static void good(size_t n, size_t size)
{
    frames++;
    if (compare(coded, size, n) != WMBT_OK || memcmp(ours, plain, n) != 0 ||
        compare(coded, size, n + below(SLACK)) != WMBT_OK) {
        fail("refused a frame of libzstd", coded, size);
    }
}

static void mutate(size_t n, size_t size)
{
    mutants++;
    memcpy(changed, coded, size);
    unsigned edits = 1u + below(3);
    uint32_t front = size < 40u ? (uint32_t)size : 40u;
    switch (below(5)) {
    case 0: size = below((uint32_t)size + 1u); break;
    case 1: changed[below((uint32_t)size)] ^= (uint8_t)(1u << below(8)); break;
    case 2: changed[below(front)] ^= (uint8_t)(1u << below(8)); break;
    case 3:
        for (; edits != 0u; edits--) {
            changed[below(front)] = (uint8_t)wmbt_test_random(&state);
        }
        break;
    default:
        for (; edits != 0u; edits--) {
            changed[below((uint32_t)size)] = (uint8_t)wmbt_test_random(&state);
        }
        break;
    }
    /* At the end of its memory, so that a sanitizer sees a byte too many. */
    uint8_t *exact = malloc(size + 1u);
    if (exact == NULL) {
        exit(EXIT_FAILURE);
    }
    memcpy(exact, changed, size);
    (void)compare(exact, size, below(2) == 0u ? n : n + below(SLACK));
    free(exact);
}

/* --- input that changes meanwhile ------------------------------------------------------------- */

static volatile bool stop;

static void *disturb(void *context)
{
    size_t n = *(const size_t *)context;
    uint32_t x = 7;
    while (!stop) {
        volatile uint8_t *byte = &coded[wmbt_test_below(&x, (uint32_t)n)];
        *byte ^= (uint8_t)(1u << (x >> 29));
    }
    return NULL;
}

/* No more is asked than that memory stays whole (a sanitizer looks), and that every call ends. */
static void changing_input(unsigned rounds)
{
    pthread_t thread;
    make_plain(60000);
    size_t size = encode(60000, 3, true);
    stop = false;
    if (pthread_create(&thread, NULL, disturb, &size) != 0) {
        exit(EXIT_FAILURE);
    }
    for (unsigned i = 0; i < rounds; i++) {
        size_t made;
        memset(ours, 0xA5, 70000);
        wmbt_status status =
            wmbt_zstd_decode(wmbt_buf_of(memory, WMBT_ZSTD_WORKSPACE_BYTES),
                             wmbt_view_of(coded, size), wmbt_buf_of(ours, 60000), &made);
        changing_accepted += status == WMBT_OK ? 1u : 0u;
        for (size_t k = 60000; k < 70000u; k++) {
            if (ours[k] != 0xA5u) {
                fail("written behind the room", coded, size);
            }
        }
    }
    stop = true;
    (void)pthread_join(thread, NULL);
}

/* --- the command-line tool -------------------------------------------------------------------- */

static char tool_file[40]; /* of this process: two builds of this test run side by side */

/* Encodes plain[0, n) with the tool, which must be there. */
static size_t encode_by_tool(size_t n, int level, const char *more)
{
    char command[200];
    const char *name = tool_file;
    FILE *f = fopen(name, "wb");
    if (f == NULL || fwrite(plain, 1, n, f) != n || fclose(f) != 0) {
        perror(name);
        exit(EXIT_FAILURE);
    }
    (void)snprintf(command, sizeof command, "zstd -q -c --ultra %s%d %s %s",
                   level < 0 ? "--fast=" : "-", level < 0 ? -level : level, more, name);
    f = popen(command, "r");
    size_t size = f != NULL ? fread(coded, 1, ZSTD_compressBound(MOST), f) : 0u;
    if (f == NULL || pclose(f) != 0) {
        (void)remove(name);
        fprintf(stderr, "does not run: %s\n", command);
        exit(EXIT_FAILURE);
    }
    return size;
}

/* All levels, with and without long mode, checksum, content size. */
static void by_tool(void)
{
    static const char *const options[] = {"--no-check", "--check --no-content-size",
                                          "--long=27 --check", "--long=24 --no-content-size"};
    (void)snprintf(tool_file, sizeof tool_file, "zstd_plain_%ld.bin", (long)getpid());
    for (int level = -5; level <= 22; level++) {
        for (unsigned i = 0; level != 0 && i < 4u; i++) {
            size_t n = below(40000);
            make_plain(n);
            good(n, encode_by_tool(n, level, options[i]));
            tool_frames++;
        }
    }
    (void)remove(tool_file);
}

int main(int argc, char **argv)
{
    bool is_long = argc > 1 && strcmp(argv[1], "--long") == 0;
    state = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) | 1u : 1u;
    encoder = ZSTD_createCCtx();
    plain = malloc(MOST);
    coded = malloc(ZSTD_compressBound(MOST) + 1000u);
    changed = malloc(ZSTD_compressBound(MOST) + 1000u);
    ours = malloc(MOST + SLACK + 64u);
    theirs = malloc(MOST + SLACK + 64u);
    pushed = malloc(MOST + SLACK + 64u);
    if (encoder == NULL || !plain || !coded || !changed || !ours || !theirs || !pushed) {
        return EXIT_FAILURE;
    }
    printf("libzstd %s\n", ZSTD_versionString());
    for (size_t n = 0; n <= 2000u; n++) { /* every length */
        make_plain(n);
        size_t size = encode(n, (int)below(28) - 5, below(2) == 0u);
        good(n, size);
        for (unsigned i = is_long ? 300 : 6; i != 0u; i--) {
            mutate(n, size);
        }
    }
    for (int level = -5; level <= 22; level++) { /* every level */
        for (unsigned i = is_long ? 20 : 1; i != 0u; i--) {
            size_t n = 1u + below(level > 12 ? 60000 : 400000);
            make_plain(n);
            size_t size = encode(n, level, below(2) == 0u);
            good(n, size);
            mutate(n, size);
        }
    }
    for (unsigned i = is_long ? 100 : 4; i != 0u; i--) { /* long ones */
        size_t n = MOST - below((uint32_t)MOST - 400000u);
        make_plain(n);
        size_t size = encode(n, (int)below(8) - 2, below(2) == 0u);
        good(n, size);
        for (unsigned k = is_long ? 50 : 2; k != 0u; k--) {
            mutate(n, size);
        }
    }
    by_tool();
    changing_input(is_long ? 20000 : 300);
    printf("%lu frames (%lu of the tool), %lu damaged ones; of all %lu accepted by both, %lu "
           "refused by us "
           "alone; %lu through a ring; %lu accepted while they changed\n",
           frames, tool_frames, mutants, accepted, stricter, rings, changing_accepted);
    ZSTD_freeCCtx(encoder);
    return EXIT_SUCCESS;
}
