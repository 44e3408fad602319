/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata values in memory that a device still writes. Linked with --wrap of what reads numbers
 * and texts at a cursor: bytes are altered as soon as they were read. The answer must be that of
 * the value as it was, and no byte be read twice. Prints TAP.
 */
#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
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

static int number, failed;

static void say(bool good, const char *name)
{
    failed += good ? 0 : 1;
    printf("%s %d - metadata value that changes, %s\n", good ? "ok" : "not ok", ++number, name);
}

int main(void)
{
    const size_t n = WMBT_METAVALUE_BYTES;
    make(0);
    say(same(n, 0, WMBT_OK, 0), "as written");
    make(16);
    say(same(n + 16u, WMBT_METAVALUE_COMPAT, WMBT_OK, 16), "compatible, a longer archive");
    make(0);
    value[40] = 1;
    say(same(n, WMBT_METAVALUE_COMPAT, WMBT_OK, 0), "compatible, padding");
    make(0);
    value[107] = 0x55; /* zero once it has changed */
    say(same(n, 0, WMBT_BAD_FIELD, 0), "padding");
    make(0);
    memcpy(value, "v002", 4);
    say(same(n, 0, WMBT_UNSUPPORTED_VERSION, 0), "another version");
    make(0);
    value[0] = 'v' ^ 0x55; /* 'v' once it has changed */
    say(same(n, 0, WMBT_BAD_MAGIC, 0), "another tag");
    make(0);
    say(same(n - 1u, 0, WMBT_TRUNCATED, 0), "cut");
    printf("1..%d\n", number);
    return failed == 0 ? 0 : 1;
}
