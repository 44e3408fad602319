/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE3's tree over a kernel's compressions, on a stack of the caller's size. */
#include "wombatkv/blake3.h"

#include "base/bytes.h"
#include "base/le.h"
#include "hash/blake3_pairs.h"
#include "hash/kernel.h"

#if WMBT_CFG_BLAKE3

#    define WMBT_BLAKE3_CV_BYTES 32u

/*
 * The last block of the input is hashed with other flags, so a block stays in `block` until a byte
 * after it arrives. The place in the tree follows from `total` alone: with c whole chunks pushed,
 * the stack holds a chaining value for each bit set in c, that of the most chunks first.
 */
struct wmbt_blake3 {
    uint64_t limit;    /* bytes it may take in all */
    uint64_t total;    /* bytes taken */
    uint32_t cv[8];    /* of the open chunk, without `block` */
    uint8_t block[64]; /* the open block, full at most */
    uint8_t stack[];   /* chaining values as bytes: two neighbours are a parent's block */
};

WMBT_STATIC_ASSERT(sizeof(struct wmbt_blake3) == WMBT_BLAKE3_BYTES(0), "size without the stack");
WMBT_STATIC_ASSERT(WMBT_ALIGNOF(struct wmbt_blake3) <= WMBT_BLAKE3_ALIGN, "alignment");

static const uint32_t wmbt_blake3_iv[8] = {
    WMBT_BLAKE3_IV0, WMBT_BLAKE3_IV1, WMBT_BLAKE3_IV2, WMBT_BLAKE3_IV3,
    WMBT_BLAKE3_IV4, WMBT_BLAKE3_IV5, WMBT_BLAKE3_IV6, WMBT_BLAKE3_IV7,
};

static void wmbt_blake3_start(uint32_t cv[8])
{
    wmbt_bytes_copy((uint8_t *)cv, (const uint8_t *)wmbt_blake3_iv, WMBT_BLAKE3_CV_BYTES);
}

static void wmbt_blake3_store(uint8_t *out, const uint32_t cv[8])
{
    for (unsigned i = 0; i < 8u; i++) {
        wmbt_store_le32(out + 4u * i, cv[i]);
    }
}

/* Chaining values on the stack when `chunks` chunks are pushed. */
static size_t wmbt_blake3_depth(uint64_t chunks)
{
    size_t ones = 0;
    for (; chunks != 0u; chunks &= chunks - 1u) {
        ones++;
    }
    return ones;
}

/* Bytes of the open block: 1 to 64 once there is input. */
static uint32_t wmbt_blake3_fill(const wmbt_blake3 *x)
{
    uint32_t rest = (uint32_t)x->total & (WMBT_BLAKE3_BLOCK_BYTES - 1u);
    return rest == 0u && x->total != 0u ? WMBT_BLAKE3_BLOCK_BYTES : rest;
}

#    ifdef WMBT_BLAKE3_RUN
static void wmbt_blake3_set_run(wmbt_blake3_run *run, const uint8_t *const *input,
                                uint32_t (*cv)[8], size_t count, size_t blocks)
{
    run->head = NULL;
    run->input = input;
    run->tail = NULL;
    run->cv = cv;
    run->count = count;
    run->blocks = blocks;
    run->counter = 0;
    run->counts = false;
    run->last_bytes = WMBT_BLAKE3_BLOCK_BYTES;
    run->flags = 0;
    run->flags_first = 0;
    run->flags_last = 0;
}

/* A compression by the kernel for runs, of one block of one message. */
static void wmbt_blake3_one(uint32_t cv[8], const uint8_t *block, uint32_t block_bytes,
                            uint64_t counter, uint32_t flags)
{
    wmbt_blake3_run run;
    wmbt_blake3_set_run(&run, &block, (uint32_t(*)[8])cv, 1, 1);
    run.counter = counter;
    run.last_bytes = block_bytes;
    run.flags = flags;
    WMBT_BLAKE3_RUN(&run);
}
#        define WMBT_BLAKE3_COMPRESS wmbt_blake3_one
#    endif

static void wmbt_blake3_parent(uint32_t cv[8], const uint8_t *children, uint32_t flags)
{
    wmbt_blake3_start(cv);
    WMBT_BLAKE3_COMPRESS(cv, children, WMBT_BLAKE3_BLOCK_BYTES, 0, WMBT_BLAKE3_PARENT | flags);
}

/*
 * Pushes the value of a tree (a chunk, or a power of two of them) after joining it with all trees
 * of its size; `trees` of its size came before. More input follows, so a chunk comes behind it and
 * the stack has room.
 */
static void wmbt_blake3_push(wmbt_blake3 *x, uint64_t trees)
{
    uint8_t *top = x->stack + WMBT_BLAKE3_CV_BYTES * wmbt_blake3_depth(trees);
    wmbt_blake3_store(top, x->cv);
    for (; (trees & 1u) != 0u; trees >>= 1) {
        top -= WMBT_BLAKE3_CV_BYTES;
        wmbt_blake3_parent(x->cv, top, 0);
        wmbt_blake3_store(top, x->cv);
    }
    wmbt_blake3_start(x->cv);
}

/* Compresses the block at byte `at` of the input, of which `bytes` bytes count. */
static void wmbt_blake3_block(uint32_t cv[8], const uint8_t *block, uint32_t bytes, uint64_t at,
                              uint32_t flags)
{
    if ((at & (WMBT_BLAKE3_CHUNK_BYTES - 1u)) == 0u) {
        flags |= WMBT_BLAKE3_CHUNK_START;
    }
    WMBT_BLAKE3_COMPRESS(cv, block, bytes, at >> 10, flags);
}

/* Takes a full block; `total` counts it already. More input follows. */
static void wmbt_blake3_absorb(wmbt_blake3 *x, const uint8_t *block)
{
    uint64_t at = x->total - WMBT_BLAKE3_BLOCK_BYTES;
    bool closes = (x->total & (WMBT_BLAKE3_CHUNK_BYTES - 1u)) == 0u;
    wmbt_blake3_block(x->cv, block, WMBT_BLAKE3_BLOCK_BYTES, at,
                      closes ? WMBT_BLAKE3_CHUNK_END : 0u);
    if (closes) {
        wmbt_blake3_push(x, at >> 10);
    }
}

#    ifdef WMBT_BLAKE3_RUN

/* The value of a tree of `count` chunks (a power of two) from their values, which are used up: all
 * parents of a row at once. Kernels for runs are for machines that keep numbers as BLAKE3 does. */
static void wmbt_blake3_join(uint32_t cvs[WMBT_BLAKE3_RUN_LANES][8], size_t count)
{
    uint32_t parents[WMBT_BLAKE3_RUN_LANES / 2u][8];
    const uint8_t *input[WMBT_BLAKE3_RUN_LANES / 2u];
    wmbt_blake3_run run;
    for (; count > 1u; count /= 2u) {
        for (size_t i = 0; i < count / 2u; i++) {
            wmbt_blake3_start(parents[i]);
            input[i] = (const uint8_t *)cvs[2u * i];
        }
        wmbt_blake3_set_run(&run, input, parents, count / 2u, 1);
        run.flags = WMBT_BLAKE3_PARENT;
        WMBT_BLAKE3_RUN(&run);
        wmbt_bytes_copy((uint8_t *)cvs, (const uint8_t *)parents,
                        count / 2u * WMBT_BLAKE3_CV_BYTES);
    }
}

/* Takes `count` whole chunks, a power of two that divides the number of those before. */
static void wmbt_blake3_take_tree(wmbt_blake3 *x, const uint8_t *p, size_t count)
{
    uint32_t cvs[WMBT_BLAKE3_RUN_LANES][8];
    const uint8_t *input[WMBT_BLAKE3_RUN_LANES];
    wmbt_blake3_run run;
    uint64_t chunk = x->total >> 10;
    uint64_t trees = chunk;
    for (size_t i = 0; i < count; i++) {
        wmbt_blake3_start(cvs[i]);
        input[i] = p + i * WMBT_BLAKE3_CHUNK_BYTES;
    }
    wmbt_blake3_set_run(&run, input, cvs, count, WMBT_BLAKE3_CHUNK_BYTES / WMBT_BLAKE3_BLOCK_BYTES);
    run.counter = chunk;
    run.counts = true;
    run.flags_first = WMBT_BLAKE3_CHUNK_START;
    run.flags_last = WMBT_BLAKE3_CHUNK_END;
    WMBT_BLAKE3_RUN(&run);
    wmbt_blake3_join(cvs, count);
    wmbt_bytes_copy((uint8_t *)x->cv, (const uint8_t *)cvs[0], sizeof x->cv);
    x->total += count * WMBT_BLAKE3_CHUNK_BYTES;
    for (; count > 1u; count /= 2u) {
        trees >>= 1;
    }
    wmbt_blake3_push(x, trees);
}

/* Takes full blocks up to the end of a chunk or several chunks; no block is open, and more input
 * follows what is taken. Returns the bytes taken. */
static size_t wmbt_blake3_take(wmbt_blake3 *x, const uint8_t *p, size_t n)
{
    size_t into = (size_t)x->total & (WMBT_BLAKE3_CHUNK_BYTES - 1u);
    uint64_t chunk = x->total >> 10;
    if (into == 0u && n > WMBT_BLAKE3_CHUNK_BYTES) {
        size_t count = WMBT_BLAKE3_RUN_LANES;
        while (count * WMBT_BLAKE3_CHUNK_BYTES >= n || (chunk & (count - 1u)) != 0u) {
            count /= 2u;
        }
        wmbt_blake3_take_tree(x, p, count);
        return count * WMBT_BLAKE3_CHUNK_BYTES;
    }
    size_t blocks = (WMBT_BLAKE3_CHUNK_BYTES - into) / WMBT_BLAKE3_BLOCK_BYTES;
    size_t full = (n - 1u) / WMBT_BLAKE3_BLOCK_BYTES;
    bool closes = blocks <= full;
    blocks = closes ? blocks : full;
    wmbt_blake3_run run;
    wmbt_blake3_set_run(&run, &p, &x->cv, 1, blocks);
    run.counter = chunk;
    run.flags_first = into == 0u ? WMBT_BLAKE3_CHUNK_START : 0u;
    run.flags_last = closes ? WMBT_BLAKE3_CHUNK_END : 0u;
    WMBT_BLAKE3_RUN(&run);
    x->total += blocks * WMBT_BLAKE3_BLOCK_BYTES;
    if (closes) {
        wmbt_blake3_push(x, chunk);
    }
    return blocks * WMBT_BLAKE3_BLOCK_BYTES;
}

#    else

/* Takes a full block, or the chunks that the kernel takes at once; no block is open, and more input
 * follows what is taken. Returns the bytes taken. */
static size_t wmbt_blake3_take(wmbt_blake3 *x, const uint8_t *p, size_t n)
{
#        ifdef WMBT_BLAKE3_CHUNKS
    enum { WIDE = WMBT_BLAKE3_LANES * WMBT_BLAKE3_CHUNK_BYTES };
    if ((x->total & (WMBT_BLAKE3_CHUNK_BYTES - 1u)) == 0u && n > WIDE) {
        uint32_t cvs[WMBT_BLAKE3_LANES][8];
        uint64_t chunk = x->total >> 10;
        WMBT_BLAKE3_CHUNKS(p, chunk, cvs);
        for (size_t lane = 0; lane < WMBT_BLAKE3_LANES; lane++) {
            wmbt_bytes_copy((uint8_t *)x->cv, (const uint8_t *)cvs[lane], sizeof x->cv);
            wmbt_blake3_push(x, chunk + lane);
        }
        x->total += WIDE;
        return WIDE;
    }
#        endif
    (void)n;
    x->total += WMBT_BLAKE3_BLOCK_BYTES;
    wmbt_blake3_absorb(x, p);
    return WMBT_BLAKE3_BLOCK_BYTES;
}

#    endif

wmbt_status wmbt_blake3_init(wmbt_buf memory, wmbt_blake3 **x)
{
    if (wmbt_buf_is_bad(memory)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (memory.len < sizeof(struct wmbt_blake3)) {
        return WMBT_BUFFER_TOO_SMALL;
    }
    if (!wmbt_is_aligned(memory.data, WMBT_BLAKE3_ALIGN)) {
        return WMBT_BUFFER_MISALIGNED;
    }
    wmbt_blake3 *state = (wmbt_blake3 *)(void *)memory.data;
    size_t room = memory.len - sizeof(struct wmbt_blake3);
    uint64_t limit = WMBT_BLAKE3_CHUNK_BYTES;
    for (; room >= WMBT_BLAKE3_CV_BYTES && limit <= UINT64_MAX / 4u; room -= WMBT_BLAKE3_CV_BYTES) {
        limit += limit;
    }
    state->limit = limit;
    wmbt_blake3_reset(state);
    *x = state;
    return WMBT_OK;
}

void wmbt_blake3_reset(wmbt_blake3 *x)
{
    x->total = 0;
    wmbt_blake3_start(x->cv);
}

wmbt_status wmbt_blake3_update(wmbt_blake3 *x, wmbt_view bytes)
{
    if (wmbt_view_is_bad(bytes)) {
        return WMBT_BAD_ARGUMENT;
    }
    if (bytes.len > x->limit - x->total) {
        return WMBT_TOO_LARGE;
    }
    const uint8_t *p = bytes.data;
    size_t left = bytes.len;
    size_t fill = wmbt_blake3_fill(x);
    size_t room = WMBT_BLAKE3_BLOCK_BYTES - fill;
    if (fill != 0u && left > room) {
        wmbt_bytes_copy(x->block + fill, p, room);
        x->total += room;
        wmbt_blake3_absorb(x, x->block);
        p += room;
        left -= room;
        fill = 0;
    }
    while (fill == 0u && left > WMBT_BLAKE3_BLOCK_BYTES) {
        size_t taken = wmbt_blake3_take(x, p, left);
        p += taken;
        left -= taken;
    }
    wmbt_bytes_copy(x->block + fill, p, left);
    x->total += left;
    return WMBT_OK;
}

void wmbt_blake3_final(const wmbt_blake3 *x, uint8_t out[WMBT_BLAKE3_DIGEST_BYTES])
{
    uint32_t cv[8];
    uint8_t block[WMBT_BLAKE3_BLOCK_BYTES];
    size_t fill = wmbt_blake3_fill(x);
    uint64_t at = x->total - fill;
    wmbt_bytes_copy((uint8_t *)cv, (const uint8_t *)x->cv, WMBT_BLAKE3_CV_BYTES);
    wmbt_bytes_copy(block, x->block, fill);
    wmbt_bytes_fill(block + fill, 0, WMBT_BLAKE3_BLOCK_BYTES - fill);
    size_t depth = wmbt_blake3_depth(at >> 10);
    uint32_t root = depth == 0u ? WMBT_BLAKE3_ROOT : 0u;
    wmbt_blake3_block(cv, block, (uint32_t)fill, at, WMBT_BLAKE3_CHUNK_END | root);
    while (depth != 0u) {
        depth--;
        wmbt_bytes_copy(block, x->stack + WMBT_BLAKE3_CV_BYTES * depth, WMBT_BLAKE3_CV_BYTES);
        wmbt_blake3_store(block + WMBT_BLAKE3_CV_BYTES, cv);
        wmbt_blake3_parent(cv, block, depth == 0u ? WMBT_BLAKE3_ROOT : 0u);
    }
    wmbt_blake3_store(out, cv);
}

wmbt_status wmbt_blake3_once(wmbt_buf memory, wmbt_view bytes,
                             uint8_t out[WMBT_BLAKE3_DIGEST_BYTES])
{
    wmbt_blake3 *x;
    wmbt_status status = wmbt_blake3_init(memory, &x);
    if (status == WMBT_OK) {
        status = wmbt_blake3_update(x, bytes);
    }
    if (status == WMBT_OK) {
        wmbt_blake3_final(x, out);
    }
    return status;
}

#    ifdef WMBT_BLAKE3_RUN

/* Whole blocks of the bodies are read where they lie. */
void wmbt_blake3_hash_pairs(const wmbt_blake3_pairs *pairs)
{
    static const uint8_t zeros[WMBT_BLAKE3_BLOCK_BYTES];
    const uint8_t *head[WMBT_BLAKE3_RUN_LANES], *tail[WMBT_BLAKE3_RUN_LANES];
    size_t rest = pairs->body_bytes & (WMBT_BLAKE3_BLOCK_BYTES - 1u);
    wmbt_blake3_run run;
    for (size_t i = 0; i < pairs->count; i++) {
        wmbt_blake3_copy_hash((uint8_t *)pairs->digest[i], (const uint8_t *)wmbt_blake3_iv);
        head[i] = pairs->edge[i];
        if (rest != 0u) {
            wmbt_blake3_few(pairs->tail[i], zeros, WMBT_BLAKE3_BLOCK_BYTES);
            wmbt_blake3_few(pairs->tail[i], pairs->body[i] + (pairs->body_bytes - rest), rest);
            tail[i] = pairs->tail[i];
        }
    }
    wmbt_blake3_set_run(&run, pairs->body, pairs->digest, pairs->count,
                        pairs->body_bytes / WMBT_BLAKE3_BLOCK_BYTES);
    run.head = head;
    run.flags_first = WMBT_BLAKE3_CHUNK_START;
    run.flags_last = WMBT_BLAKE3_CHUNK_END | WMBT_BLAKE3_ROOT;
    if (rest != 0u) {
        run.tail = tail;
        run.last_bytes = (uint32_t)rest;
    }
    WMBT_BLAKE3_RUN(&run);
}

#    endif

#endif
