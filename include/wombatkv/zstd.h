/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder of zstd frames (RFC 8878), in memory that the caller gives: whole buffer and push.
 * Source of the rules: docs/FORMATS.md, "zstd frames".
 *
 * Input is any number of frames, one after another: zstd frames and skippable frames, empty ones
 * too; no byte at all is an empty result. The output of all frames is one stream of bytes. Content
 * sizes and checksums are checked where a frame has them. There are no dictionaries.
 *
 * What is accepted equals what libzstd 1.5.7's one-shot call accepts, but for the rows under
 * "Differences" there; the bytes are then the same.
 *
 * Statuses of damaged or unreadable input, of both forms:
 *   truncated               the input ends inside a frame
 *   bad-magic               the first four bytes begin no frame
 *   trailing-bytes          after a frame something follows that begins no frame
 *   unsupported-version     a frame of the formats before zstd 0.8 ("legacy")
 *   unsupported-dictionary  a dictionary id other than 0
 *   unsupported-window      window of 2^32 bytes or more; ring form: larger than the ring serves
 *   bad-field               reserved bit of a header, reserved block type
 *   bad-length              content size that the frame does not have; sizes that exceed their
 *                           block
 *   too-large               the output exceeds its cap; push: a block exceeds max_block
 *   bad-bitstream           entropy-coded data that does not decode, or is not used up exactly
 *   bad-offset              a match from before the frame's first byte, or offset 0
 *   bad-checksum            the frame's checksum differs
 */
#ifndef WOMBATKV_ZSTD_H
#define WOMBATKV_ZSTD_H

#include "wombatkv/status.h"

#if WMBT_CFG_ZSTD

WMBT_BEGIN_DECLS

/** Bytes of workspace, aligned to WMBT_ZSTD_ALIGN. Needs no initial content, may be used for
 * something else between calls. The decoder with fast loops (WMBT_CFG_ZSTD_FAST) has 16 KB more for
 * a table of several literals at once; both need nothing else. */
#    if WMBT_CFG_ZSTD_FAST
#        define WMBT_ZSTD_WORKSPACE_BYTES 28672u
#    else
#        define WMBT_ZSTD_WORKSPACE_BYTES 12288u
#    endif
#    define WMBT_ZSTD_ALIGN WMBT_MEMORY_ALIGN

/** The most that a block of a frame holds, compressed or not, as encoders make them. */
#    define WMBT_ZSTD_BLOCK_BYTES 131072u

/* --- whole ----------------------------------------------------------------------------------- */

/**
 * Decodes `frames` to the beginning of `out`, which is the window too: it is read back, so it must
 * be memory. out.len is the hard cap of the output. `out` must not overlap `frames` or the
 * workspace.
 *
 * On ok *written is the number of bytes; bytes of `out` behind them have undefined content. On an
 * error `out` is unchanged or all of it that was written is zeroed, and *written is unchanged.
 *
 * Double fetch: bytes of headers and table descriptions are read once. Bitstreams may be read more
 * than once; whatever they turn into meanwhile, no memory outside of the arguments is touched, and
 * the result is bytes or a status.
 *
 * Time: a bound that depends on frames.len and out.len alone, linear in both.
 * Returns ok, a status of the list above, bad-argument (NULL with a length), buffer-too-small or
 * buffer-misaligned (workspace).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_decode(wmbt_buf workspace, wmbt_view frames,
                                                      wmbt_buf out, size_t *written);

/**
 * The same as a codec (wmbt_codec_decode of compressed.h). `context` points to a wmbt_buf, the
 * workspace.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_codec(void *context, wmbt_view frames, wmbt_buf out,
                                                     size_t *written);

/**
 * The same in steps (wmbt_codec_step of compressed.h): a call decodes one block of a frame, or
 * several as long as their stored and plain bytes are max_bytes at most. A compressed block has at
 * most WMBT_ZSTD_BLOCK_BYTES plain bytes, one that is stored as it is or repeats a byte 2 MiB.
 * Between the calls the workspace holds what is needed, of one decoding: wmbt_zstd_codec() with the
 * same workspace ends it. On an error what was written to `out` stays there: it is nothing. Also
 * bad-state: `begin` is false and no decoding is under way, as after ok and after an error.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_codec_step(void *context, bool begin,
                                                          wmbt_view frames, wmbt_buf out,
                                                          uint32_t max_bytes, size_t *written);

/** What the header of a frame says. */
typedef struct wmbt_zstd_header {
    uint64_t content_bytes; /**< 0 if not stored */
    uint64_t window_bytes;  /**< of a single-segment frame: content_bytes */
    uint32_t header_bytes;  /**< magic included */
    uint32_t flags;         /**< WMBT_ZSTD_HAS_... */
} wmbt_zstd_header;

#    define WMBT_ZSTD_HAS_CONTENT_SIZE 1u
#    define WMBT_ZSTD_HAS_CHECKSUM 2u
#    define WMBT_ZSTD_SINGLE_SEGMENT 4u
#    define WMBT_ZSTD_IS_SKIPPABLE 8u /**< content_bytes are passed over, window_bytes is 0 */

/** Bytes that a frame's header has at most. */
#    define WMBT_ZSTD_HEAD_BYTES 18u

/**
 * Reads the header at the beginning of `bytes`; what follows is not looked at. Returns ok,
 * truncated, bad-magic, unsupported-version, bad-field, unsupported-dictionary, unsupported-window,
 * bad-argument. On an error *header is unchanged.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_read_header(wmbt_view bytes,
                                                           wmbt_zstd_header *header);

/* --- push ------------------------------------------------------------------------------------ */

/**
 * Bytes of memory for a push decoder of frames whose blocks have at most `max_block` bytes,
 * compressed and decompressed (raw and RLE blocks may be longer). WMBT_ZSTD_BLOCK_BYTES serves all
 * frames; a frame's blocks are never larger than its window or its content. Aligned to
 * WMBT_ZSTD_ALIGN.
 */
#    define WMBT_ZSTD_PUSH_BYTES(max_block) (WMBT_ZSTD_WORKSPACE_BYTES + WMBT_SIZE(max_block))

/** Bytes of ring for frames with windows up to `window` bytes and blocks up to `max_block`: three
 * blocks at least. */
#    define WMBT_ZSTD_RING_BYTES(window, max_block)                                              \
        ((WMBT_SIZE(window) > WMBT_SIZE(max_block) ? WMBT_SIZE(window) : WMBT_SIZE(max_block)) + \
         2u * WMBT_SIZE(max_block))

struct wmbt_zstd_state;

/**
 * Frames whose bytes come in pieces of any size, in order. A compressed block is decoded when it is
 * complete: its streams are read backwards. Keep out of the field. Keeps pointers to the memory and
 * to the output or ring that it was given.
 *
 *     for (;;) {
 *         st = wmbt_zstd_push_feed(&p, bytes, &consumed, &produced);
 *         if (st is an error) stop;
 *         (bytes lose `consumed`)
 *         if (st == WMBT_NEED_MORE) break;
 *         (use `produced`, staged)
 *     }
 */
typedef struct wmbt_zstd_push {
    struct wmbt_zstd_state *state;
} wmbt_zstd_push;

/**
 * Starts a decoder that writes all output to `out`, which is window and hard cap. max_block is
 * memory.len - WMBT_ZSTD_WORKSPACE_BYTES (at most WMBT_ZSTD_BLOCK_BYTES of it are used).
 * Returns ok; bad-argument (NULL with a length), buffer-too-small, buffer-misaligned (memory).
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_push_init(wmbt_zstd_push *push, wmbt_buf memory,
                                                         wmbt_buf out);

/**
 * Starts a decoder that keeps only a window, in `ring`, for any length of output up to `max_output`
 * bytes. Frames whose window exceeds ring.len - 2 x max_block and whose content (if its size is
 * stored) exceeds ring.len are refused as unsupported-window, matches from beyond the window as
 * bad-offset. A frame whose stored size fits the ring, and whose content does not, is bad-length as
 * soon as the ring is full, whatever would follow. Returns as wmbt_zstd_push_init();
 * buffer-too-small if the ring is smaller than 3 x max_block.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_push_init_ring(wmbt_zstd_push *push, wmbt_buf memory,
                                                              wmbt_buf ring, uint64_t max_output);

/**
 * Takes bytes until output is there or all are taken. Returns
 *   ok         *produced are the next bytes of output, never none; they stay until the next call.
 *              There may be more without further input: call again, with what is left or {NULL, 0}
 *   need-more  took all, no output, waits for more (or for the end, if a frame has just ended)
 *   a status of the list above: refused for good, each later call says the same
 *   bad-argument: nothing taken, try again; bad-state: after finish() has returned ok
 * *consumed: bytes taken by this call; unchanged, as *produced, on an error. *produced is staged: a
 * checksum may still refuse it. Work of a call: linear in bytes.len, plus one block.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_push_feed(wmbt_zstd_push *push, wmbt_view bytes,
                                                         size_t *consumed, wmbt_view *produced);

/** Bytes of output so far. */
WMBT_API uint64_t wmbt_zstd_push_output(const wmbt_zstd_push *push);

/**
 * The input has ended. ok, once, if it ended between frames and all output was fetched; truncated
 * or trailing-bytes, or the status that the input was refused with; bad-state if there is output to
 * fetch (nothing changed), or if it was called before and returned ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_zstd_push_finish(wmbt_zstd_push *push);

WMBT_END_DECLS

#endif

#endif
