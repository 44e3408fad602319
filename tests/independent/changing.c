/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata values and manifests of large values in memory that a device still writes. Linked with
 * --wrap of what reads numbers and texts: bytes are altered as soon as they were read. The answer
 * must be that of the bytes as they were, and of a metadata value no byte be read twice. Prints
 * TAP.
 */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "wombatkv/largevalue.h"
#include "wombatkv/metavalue.h"

#define MOST (WMBT_METAVALUE_BYTES + 24u)

static uint8_t value[MOST];
static uint8_t reads[MOST]; /* of each byte, while it changes */
static bool changes;

static void was_read(const uint8_t *p, size_t n)
{
    for (size_t i = 0; changes && i < n; i++) {
        size_t at = (size_t)(p - value) + i;
        reads[at]++;
        value[at] ^= 0x55u;
    }
}

bool __real_wmbt_cursor_u32(wmbt_cursor *c, uint32_t *out);
bool __wrap_wmbt_cursor_u32(wmbt_cursor *c, uint32_t *out);
bool __real_wmbt_cursor_u64(wmbt_cursor *c, uint64_t *out);
bool __wrap_wmbt_cursor_u64(wmbt_cursor *c, uint64_t *out);
bool __real_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n);
bool __wrap_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n);

bool __wrap_wmbt_cursor_u32(wmbt_cursor *c, uint32_t *out)
{
    const uint8_t *p = c->data;
    bool there = __real_wmbt_cursor_u32(c, out);
    was_read(p, there ? 4u : 0u);
    return there;
}

bool __wrap_wmbt_cursor_u64(wmbt_cursor *c, uint64_t *out)
{
    const uint8_t *p = c->data;
    bool there = __real_wmbt_cursor_u64(c, out);
    was_read(p, there ? 8u : 0u);
    return there;
}

bool __wrap_wmbt_cursor_copy(wmbt_cursor *c, uint8_t *out, size_t n)
{
    const uint8_t *p = c->data;
    bool there = __real_wmbt_cursor_copy(c, out, n);
    was_read(p, there ? n : 0u);
    return there;
}

/* Other bytes everywhere, the tag, and padding of zeros. */
static void make(size_t before)
{
    for (size_t i = 0; i < MOST; i++) {
        value[i] = (uint8_t)(i * 7u + 3u);
    }
    memcpy(value, "v001", 4);
    memset(value + before + 40, 0, 4);
    memset(value + before + 104, 0, 4);
}

/* Read as it is and while it changes. `before`: bytes in front of the archive's root. */
static bool same(size_t len, uint32_t flags, wmbt_status want, size_t before)
{
    wmbt_block_meta meta[2];
    memset(meta, 0xA5, sizeof meta);
    memset(reads, 0, sizeof reads);
    wmbt_view v = wmbt_view_of(value, len);
    bool good = wmbt_metavalue_read(v, flags, &meta[0]) == want;
    changes = true;
    good = wmbt_metavalue_read(v, flags, &meta[1]) == want && good;
    changes = false;
    for (size_t i = 0; i < MOST; i++) {
        bool skipped = i >= 4u && i < 4u + before;
        uint8_t times = i < len && !skipped ? 1u : 0u;
        good = good && (want == WMBT_OK ? reads[i] == times : reads[i] <= times);
    }
    return good && memcmp(&meta[0], &meta[1], sizeof meta[0]) == 0;
}

/* --- manifests of large values ---------------------------------------------------------------- */

#define TEXT                 \
    "WMBT_KV_SHM_LARGE_V1\n" \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
#define TOTAL_AT (sizeof TEXT - 1u)

static struct {
    char text[160];
    size_t at;     /* the byte that changes */
    char to;       /* what it becomes */
    int countdown; /* at the how many-th number; 0: it does not */
} manifest;

bool __real_wmbt_text_parse_u64(wmbt_view text, bool plus, uint64_t *out);
bool __wrap_wmbt_text_parse_u64(wmbt_view text, bool plus, uint64_t *out);

/* The number has been read, and is about to be understood. */
bool __wrap_wmbt_text_parse_u64(wmbt_view text, bool plus, uint64_t *out)
{
    if (manifest.countdown != 0 && --manifest.countdown == 0) {
        manifest.text[manifest.at] = manifest.to;
    }
    return __real_wmbt_text_parse_u64(text, plus, out);
}

static wmbt_status parse(size_t len, int countdown, wmbt_largevalue *m)
{
    memset(m, 0, sizeof *m);
    manifest.countdown = countdown;
    return wmbt_largevalue_parse(wmbt_view_of(manifest.text, len), 0, m);
}

/* No byte up to the number that is being understood matters any more. */
static bool manifest_stays(const char *numbers, wmbt_status want)
{
    static const char others[] = {'0', '1', '9', '+', '\r', '\n', 'x', '\0'};
    size_t len = (size_t)snprintf(manifest.text, sizeof manifest.text, TEXT "%s", numbers);
    size_t total_end = TOTAL_AT + strcspn(numbers, "\n") + 1u;
    wmbt_largevalue m, n;
    bool good = parse(len, 0, &m) == want;
    for (int call = 1; call <= 2; call++) {
        for (size_t i = 0; i < (call == 1 ? total_end : len) * sizeof others; i++) {
            manifest.at = i / sizeof others;
            manifest.to = others[i % sizeof others];
            char was = manifest.text[manifest.at];
            good = parse(len, call, &n) == want && manifest.countdown == 0 && good &&
                   n.total_bytes == m.total_bytes && n.chunks == m.chunks && n.id.len == m.id.len;
            manifest.text[manifest.at] = was;
        }
    }
    return good;
}

/* --- all -------------------------------------------------------------------------------------- */

static int number, failed;

static void say(bool good, const char *name)
{
    failed += good ? 0 : 1;
    printf("%s %d - %s\n", good ? "ok" : "not ok", ++number, name);
}

int main(void)
{
    const size_t n = WMBT_METAVALUE_BYTES;
    make(0);
    say(same(n, 0, WMBT_OK, 0), "metadata value, as written");
    make(16);
    say(same(n + 16u, WMBT_METAVALUE_COMPAT, WMBT_OK, 16),
        "metadata value, compatible, a longer archive");
    make(0);
    value[40] = 1;
    say(same(n, WMBT_METAVALUE_COMPAT, WMBT_OK, 0), "metadata value, compatible, padding");
    make(0);
    value[107] = 0x55; /* zero once it has changed */
    say(same(n, 0, WMBT_BAD_FIELD, 0), "metadata value, padding");
    make(0);
    memcpy(value, "v002", 4);
    say(same(n, 0, WMBT_UNSUPPORTED_VERSION, 0), "metadata value, another version");
    make(0);
    value[0] = 'v' ^ 0x55; /* 'v' once it has changed */
    say(same(n, 0, WMBT_BAD_MAGIC, 0), "metadata value, another tag");
    make(0);
    say(same(n - 1u, 0, WMBT_TRUNCATED, 0), "metadata value, cut");
    say(manifest_stays("110\n1\n", WMBT_OK), "manifest");
    say(manifest_stays("4190193\n2\n", WMBT_OK), "manifest, two chunks");
    say(manifest_stays("18446744073709551615\n4402362486901\n", WMBT_OK), "manifest, the most");
    say(manifest_stays("110\n2\n", WMBT_BAD_COUNT), "manifest, wrong count");
    printf("1..%d\n", number);
    return failed == 0 ? 0 : 1;
}
