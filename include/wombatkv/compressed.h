/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression wrapper (WBZ1) around any stored object.
 * Source of the rules: docs/FORMATS.md, "Compression wrapper".
 *
 * An object that does not begin with "WBZ1" is plain. One that does has a header of 10 bytes
 * (magic, algorithm, level, length of the plain bytes) and a payload. There is no escape: a plain
 * object that happens to begin so is taken for a wrapper, as upstream does.
 *
 * Upstream reports no damage: it hands a damaged wrapper out as if it were the plain bytes. Here it
 * is a status, and upstream's behaviour is WMBT_COMPRESSED_PASS_THROUGH, visible in the result.
 */
#ifndef WOMBATKV_COMPRESSED_H
#define WOMBATKV_COMPRESSED_H

#include "wombatkv/status.h"

#if WMBT_CFG_COMPRESSED

WMBT_BEGIN_DECLS

#    define WMBT_COMPRESSED_HEADER_BYTES 10u

/* Algorithms. */
#    define WMBT_COMPRESSED_NONE 0u /**< payload is the plain bytes; plain_bytes is not checked */
#    define WMBT_COMPRESSED_ZSTD 1u /**< payload is zstd frames */

/* What an object is. */
#    define WMBT_COMPRESSED_PLAIN 0u          /**< not a wrapper: the object is the plain bytes */
#    define WMBT_COMPRESSED_WRAPPED 1u        /**< a wrapper, algorithm none or zstd */
#    define WMBT_COMPRESSED_PASSED_THROUGH 2u /**< a damaged wrapper, taken as the plain bytes */

/** What the header says. All zero if the object is plain. */
typedef struct wmbt_compressed_info {
    uint32_t kind;        /**< WMBT_COMPRESSED_PLAIN or _WRAPPED */
    uint32_t algorithm;   /**< WMBT_COMPRESSED_NONE or _ZSTD */
    uint32_t level;       /**< of the writer; means nothing to a reader */
    uint32_t plain_bytes; /**< claimed length of the plain bytes: a claim, up to 4 GiB */
} wmbt_compressed_info;

/**
 * Judges an object by its first bytes. `first` may be shorter than the object, the first 10 bytes
 * are enough; `whole` says that it is all of it. Each byte is read once.
 * Returns ok (*info is filled); need-more (fewer than 10 bytes, and more could make it a wrapper;
 * never if `whole`); truncated (a wrapper shorter than its header); unsupported-algorithm (other
 * than 0 and 1, so LZ4 too); bad-argument. *info is changed only on ok.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_compressed_probe(wmbt_view first, bool whole,
                                                           wmbt_compressed_info *info);

/**
 * Judges a whole object, and says where its payload is: of a wrapper what follows the header, of a
 * plain object all of it. Returns as wmbt_compressed_probe() but need-more; on an error both
 * outputs are unchanged. What is in the payload is not looked at.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_compressed_parse(wmbt_view object,
                                                           wmbt_compressed_info *info,
                                                           wmbt_view *payload);

/**
 * A decoder of frames. Decodes all of `frames` to the beginning of `out`, at most out.len bytes.
 * Returns ok and *written; an error else, too-large if there is more output than room; then
 * *written is unchanged and `out` is unchanged or zeroed. Works in bounded time and memory, keeps
 * no pointer. wmbt_zstd_codec() of zstd.h is one; a host may put another library behind it.
 */
typedef wmbt_status wmbt_codec_decode(void *context, wmbt_view frames, wmbt_buf out,
                                      size_t *written);

/**
 * The same in steps, for who must not work long in one call: called again with the same arguments
 * until it does not say need-more, the first time with `begin` true. A call works on at most
 * `max_bytes` bytes of stored and plain bytes, or one block of a frame, whichever is more. Returns
 * need-more, else as wmbt_codec_decode(), but that `out` is undefined on an error. Between the
 * calls it keeps what it needs in its context: one decoding is under way at a time, and one that is
 * given up is forgotten by the next begin. wmbt_zstd_codec_step() of zstd.h is one.
 */
typedef wmbt_status wmbt_codec_step(void *context, bool begin, wmbt_view frames, wmbt_buf out,
                                    uint32_t max_bytes, size_t *written);

/** A decoder and what it works with. `context` of wmbt_zstd_codec: a wmbt_buf, the workspace. */
typedef struct wmbt_codec {
    wmbt_codec_decode
        *decode; /**< NULL: there is none, wrapped objects are unsupported-algorithm */
    void *context;
    wmbt_codec_step *step; /**< NULL: it has no steps */
} wmbt_codec;

/** The plain bytes of an object. */
typedef struct wmbt_compressed_plain {
    wmbt_view bytes;    /**< in the object (plain, algorithm none, passed through) or in `out` */
    uint32_t kind;      /**< WMBT_COMPRESSED_... */
    wmbt_status damage; /**< passed through: what is wrong with the wrapper; else ok */
} wmbt_compressed_plain;

/** Flag: upstream's behaviour. A damaged wrapper is ok and passed through; an exception: below. */
#    define WMBT_COMPRESSED_PASS_THROUGH 1u

/**
 * The plain bytes of a whole object. zstd is decoded into `out`, whose length is the cap: a wrapper
 * that claims more is too-large before anything is written. Other objects are not copied.
 *
 * Returns
 *   ok                     *plain is filled
 *   truncated, unsupported-algorithm   as wmbt_compressed_probe()
 *   too-large              the claim exceeds out.len. Also with the flag: this is the reader's
 *                          limit, not damage (upstream would allocate)
 *   bad-length             the payload does not have the claimed length
 *   a status of the codec
 *   bad-argument           NULL with a length, unknown flag
 * With the flag the damage among these is ok instead, with kind passed-through. On an error *plain
 * is unchanged and `out` is unchanged or zeroed.
 */
WMBT_API WMBT_MUST_CHECK wmbt_status wmbt_compressed_unwrap(wmbt_view object,
                                                            const wmbt_codec *codec, wmbt_buf out,
                                                            uint32_t flags,
                                                            wmbt_compressed_plain *plain);

WMBT_END_DECLS

#endif

#endif
