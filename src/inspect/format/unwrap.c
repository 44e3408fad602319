/* SPDX-License-Identifier: Apache-2.0 */
/* Compression wrappers taken off. */
#include "format/unwrap.h"

#include <stdalign.h>
#include <string.h>

#include "base/tool.h"
#include "wombatkv/zstd.h"

#ifdef HAVE_LIBZSTD
#    include <zstd.h>
#    include <zstd_errors.h>
#endif

static alignas(WMBT_ZSTD_ALIGN) uint8_t workspace_bytes[WMBT_ZSTD_WORKSPACE_BYTES];
static wmbt_buf workspace = {workspace_bytes, sizeof workspace_bytes};
static wmbt_codec codec = {wmbt_zstd_codec, &workspace, NULL};

#ifdef HAVE_LIBZSTD
static wmbt_status decode_with_libzstd(void *context, wmbt_view frames, wmbt_buf out,
                                       size_t *written)
{
    (void)context;
    size_t result = ZSTD_decompress(out.data, out.len, frames.data, frames.len);
    if (!ZSTD_isError(result)) {
        *written = result;
        return WMBT_OK;
    }
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_dstSize_tooSmall: return WMBT_TOO_LARGE;
    case ZSTD_error_srcSize_wrong: return WMBT_TRUNCATED;
    case ZSTD_error_prefix_unknown: return WMBT_BAD_MAGIC;
    case ZSTD_error_checksum_wrong: return WMBT_BAD_CHECKSUM;
    case ZSTD_error_dictionary_wrong: return WMBT_UNSUPPORTED_DICTIONARY;
    case ZSTD_error_frameParameter_windowTooLarge: return WMBT_UNSUPPORTED_WINDOW;
    default: return WMBT_BAD_BITSTREAM;
    }
}
#endif

void unwrap_choose(const struct args *args)
{
    if (!args_flag(args, "--libzstd")) {
        return;
    }
#ifdef HAVE_LIBZSTD
    codec.decode = decode_with_libzstd;
    codec.context = NULL;
#else
    tool_usage_error("option --libzstd: this build has no libzstd (meson option libzstd)");
#endif
}

const wmbt_codec *unwrap_codec(void)
{
    return &codec;
}

/* Room for plain bytes. False: there is none. */
static bool reserve(struct plain *plain, size_t bytes)
{
    plain->memory = tool_reserve(bytes);
    plain->room = bytes;
    return plain->memory != NULL;
}

wmbt_status unwrap(wmbt_view object, bool compat, struct plain *plain)
{
    wmbt_compressed_info info;
    size_t most = compat ? UINT32_MAX : UNWRAP_MAX_BYTES;
    memset(plain, 0, sizeof *plain);
    if (wmbt_compressed_probe(object, true, &info) == WMBT_OK &&
        info.kind == WMBT_COMPRESSED_WRAPPED && info.algorithm == WMBT_COMPRESSED_ZSTD &&
        info.plain_bytes <= most && !reserve(plain, info.plain_bytes)) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status =
        wmbt_compressed_unwrap(object, &codec, wmbt_buf_of(plain->memory, plain->room),
                               compat ? WMBT_COMPRESSED_PASS_THROUGH : 0, &plain->is);
    if (status != WMBT_OK) {
        unwrap_free(plain);
    }
    return status;
}

void unwrap_free(struct plain *plain)
{
    tool_release(plain->memory, plain->room);
    memset(plain, 0, sizeof *plain);
}

wmbt_status unwrap_frames(wmbt_view frames, struct plain *plain)
{
    size_t written = 0;
    memset(plain, 0, sizeof *plain);
    if (!reserve(plain, UNWRAP_MAX_BYTES)) {
        return WMBT_TOO_LARGE;
    }
    wmbt_status status =
        codec.decode(codec.context, frames, wmbt_buf_of(plain->memory, plain->room), &written);
    plain->is.bytes = wmbt_view_of(plain->memory, written);
    if (status != WMBT_OK) {
        unwrap_free(plain);
    }
    return status;
}
