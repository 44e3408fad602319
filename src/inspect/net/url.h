/* SPDX-License-Identifier: Apache-2.0 */
/* URLs as they are typed: scheme, host, path and query. */
#ifndef INSPECT_URL_H
#define INSPECT_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "wombatkv/sigv4.h"

struct url {
    const char *scheme; /* "http" or "https" */
    const char *host;   /* as a Host field has it: with the port unless it is the scheme's own */
    const char *path;   /* percent-encoded; "/" at least */
    wmbt_sigv4_pair *query; /* decoded, in the order given */
    size_t query_count;
};

/* Takes a URL apart; `encoded`: its path is percent-encoded already. `what` names it in the message
 * of a mistake, which ends the process (EXIT_USAGE). */
void url_parse(struct url *url, const char *text, bool encoded, const char *what);

/* The path without "." and ".." and empty segments. */
const char *url_without_dots(const char *path);

/* Percent-encodes; '/' stays. */
const char *url_encode_path(const char *bytes, size_t len);

#endif
