/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the status values. */
#include "wombatkv/status.h"

#if WMBT_CFG_STATUS_NAMES
#    define WMBT_NAME(text) (text)
#else
#    define WMBT_NAME(text) ("")
#endif

/* A switch and not a table: the values have gaps, and the compiler picks the smaller form. */
const char *wmbt_status_name(wmbt_status status)
{
    switch (status) {
    case WMBT_OK: return WMBT_NAME("ok");
    case WMBT_NEED_MORE: return WMBT_NAME("need-more");
    case WMBT_MISSING: return WMBT_NAME("missing");
    case WMBT_END: return WMBT_NAME("end");
    case WMBT_STALE: return WMBT_NAME("stale");
    case WMBT_BAD_ARGUMENT: return WMBT_NAME("bad-argument");
    case WMBT_BUFFER_TOO_SMALL: return WMBT_NAME("buffer-too-small");
    case WMBT_BUFFER_MISALIGNED: return WMBT_NAME("buffer-misaligned");
    case WMBT_BAD_STATE: return WMBT_NAME("bad-state");
    case WMBT_NOT_REPRESENTABLE: return WMBT_NAME("not-representable");
    case WMBT_COLLECTED: return WMBT_NAME("collected");
    case WMBT_TRUNCATED: return WMBT_NAME("truncated");
    case WMBT_TRAILING_BYTES: return WMBT_NAME("trailing-bytes");
    case WMBT_BAD_MAGIC: return WMBT_NAME("bad-magic");
    case WMBT_BAD_LENGTH: return WMBT_NAME("bad-length");
    case WMBT_BAD_COUNT: return WMBT_NAME("bad-count");
    case WMBT_BAD_OFFSET: return WMBT_NAME("bad-offset");
    case WMBT_BAD_ORDER: return WMBT_NAME("bad-order");
    case WMBT_BAD_TEXT: return WMBT_NAME("bad-text");
    case WMBT_BAD_NUMBER: return WMBT_NAME("bad-number");
    case WMBT_BAD_SYNTAX: return WMBT_NAME("bad-syntax");
    case WMBT_BAD_FIELD: return WMBT_NAME("bad-field");
    case WMBT_BAD_END_MARKER: return WMBT_NAME("bad-end-marker");
    case WMBT_BAD_BITSTREAM: return WMBT_NAME("bad-bitstream");
    case WMBT_BAD_SHAPE: return WMBT_NAME("bad-shape");
    case WMBT_BAD_TAG: return WMBT_NAME("bad-tag");
    case WMBT_TOO_LARGE: return WMBT_NAME("too-large");
    case WMBT_TOO_DEEP: return WMBT_NAME("too-deep");
    case WMBT_FULL: return WMBT_NAME("full");
    case WMBT_UNSUPPORTED_VERSION: return WMBT_NAME("unsupported-version");
    case WMBT_UNSUPPORTED_ALGORITHM: return WMBT_NAME("unsupported-algorithm");
    case WMBT_UNSUPPORTED_WINDOW: return WMBT_NAME("unsupported-window");
    case WMBT_UNSUPPORTED_DICTIONARY: return WMBT_NAME("unsupported-dictionary");
    case WMBT_UNSUPPORTED_SHAPE: return WMBT_NAME("unsupported-shape");
    case WMBT_BAD_CHECKSUM: return WMBT_NAME("bad-checksum");
    case WMBT_BAD_DIGEST: return WMBT_NAME("bad-digest");
    case WMBT_WRONG_BLOCK: return WMBT_NAME("wrong-block");
    case WMBT_WRONG_MODEL: return WMBT_NAME("wrong-model");
    case WMBT_WRONG_LAYOUT: return WMBT_NAME("wrong-layout");
    case WMBT_WRONG_CONTEXT: return WMBT_NAME("wrong-context");
    case WMBT_UNKNOWN_CONTEXT: return WMBT_NAME("unknown-context");
    case WMBT_DOES_NOT_FIT: return WMBT_NAME("does-not-fit");
    default: return WMBT_NAME("unknown");
    }
}
