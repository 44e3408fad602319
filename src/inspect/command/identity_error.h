/* SPDX-License-Identifier: Apache-2.0 */
/* Why an identity file was refused, in words: one cause, and its place. */
#ifndef INSPECT_IDENTITY_ERROR_H
#define INSPECT_IDENTITY_ERROR_H

#include "wombatkv/fingerprint.h"

/* What wmbt_fingerprint_read() met in `text` at `place`; "line 3: tp: ...", of tool_alloc(). */
const char *identity_error(wmbt_view text, wmbt_fingerprint_place place, wmbt_status status);

#endif
