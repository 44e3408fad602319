/* SPDX-License-Identifier: Apache-2.0 */
/* Stored formats: detection by the bytes, and one reader each for `show` and `verify`. */
#ifndef INSPECT_FORMATS_H
#define INSPECT_FORMATS_H

#include "base/args.h"
#include "base/file.h"
#include "base/json.h"
#include "format/unwrap.h"

/* What a reader is told and what it tells. */
struct reading {
    bool compat;     /* accept exactly what upstream accepts */
    bool has_seq;    /* another block number is refused */
    bool has_tokens; /* another number of tokens is refused */
    uint64_t block_seq;
    uint64_t block_tokens;
    bool is_head;   /* what an HTTP response answers: HEAD, not GET */
    bool has_range; /* of these bytes */
    uint64_t first, last;
    const char *if_match; /* with this ETag; NULL: none */
    struct json *fields;  /* object: filled if the object is intact */
    struct json *extents; /* array, likewise */
    const char *detail;   /* a few words, or NULL */
};

struct format {
    const char *name;
    /* True if an object of these bytes is of the format, or is a damaged one. */
    bool (*detect)(wmbt_view bytes);
    /* True if one that begins with these bytes may be; the same function where bytes at the
     * beginning decide. */
    bool (*begins)(wmbt_view beginning);
    wmbt_status (*read)(wmbt_view bytes, struct reading *reading);
    uint64_t max_bytes; /* of an object that this tool reads; 0: the beginning holds all of it */
};

/* Names of all formats, for messages. */
const char *format_names(void);

/* The format of a name; an unknown one ends the process (EXIT_USAGE). */
const struct format *format_of_name(const char *name);

/* An object as read from a file. */
struct object {
    wmbt_status
        status; /* of reading, unwrapping and the format's reader: the first that is not ok */
    const char *why;
    const struct format *format; /* NULL: none was detected */
    bool wrapped;
    uint64_t stored_bytes;
    struct file file;   /* what was read, */
    struct plain plain; /* and what was in the wrapper: rows of fields are made from it */
};

/*
 * Reads a file and checks it: as `format`, or, if that is NULL, as what its bytes are after
 * unwrapping. Fields and extents go to *reading. object_close() frees what was read.
 */
void object_read(struct object *object, const char *path, const struct format *format,
                 struct reading *reading);
void object_close(struct object *object);

/* How much of a file needs to be read to check it as `format`, or as anything if that is NULL. */
struct file_limit format_limit(const struct format *format);

/* What a status means, in a few words. */
const char *format_status_text(wmbt_status status);

/* Readers. */
wmbt_status format_read_kvblock(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_rawtail(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_compressed(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_zstd(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_wal(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_segment(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_manifest(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_delta(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_envelope(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_http_response(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_s3_list(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_metavalue(wmbt_view bytes, struct reading *reading);
wmbt_status format_read_large_manifest(wmbt_view bytes, struct reading *reading);

#endif
