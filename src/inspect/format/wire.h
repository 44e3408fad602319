/* SPDX-License-Identifier: Apache-2.0 */
/* Options that say what an HTTP response answers. */
#ifndef INSPECT_WIRE_H
#define INSPECT_WIRE_H

#include "format/formats.h"

#define WIRE_OPTIONS                                                 \
    {"--method", "METHOD", false}, {"--range", "FIRST-LAST", false}, \
    {                                                                \
        "--if-match", "ETAG", false                                  \
    }

#define WIRE_HELP                                                                        \
    "--method M      an HTTP response answers this request: GET (the default) or HEAD\n" \
    "--range F-L     with this range, both ends inclusive\n"                             \
    "--if-match E    and this ETag, quotes included\n"

/* Reads them into *reading. A mistake ends the process (EXIT_USAGE). */
void wire_choose(const struct args *args, struct reading *reading);

#endif
