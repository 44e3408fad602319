/* SPDX-License-Identifier: Apache-2.0 */
/* WAL objects and keys: compat accepts more, what is read is written back, keys build again. */
#include "harness.h"

#include <string.h>

#include "base/le.h"
#include "wombatkv/fnv1a.h"
#include "wombatkv/wal.h"

#define MOST_RECORDS 4096u

static wmbt_wal_record records[MOST_RECORDS];

static bool inside(wmbt_view part, wmbt_view whole)
{
    return part.len == 0u || (part.data >= whole.data && part.len <= whole.len &&
                              (size_t)(part.data - whole.data) <= whole.len - part.len);
}

static wmbt_status read_object(wmbt_view object, uint32_t flags, wmbt_wal_reader *reader,
                               uint32_t *count)
{
    *count = 0;
    wmbt_wal_record record;
    wmbt_status status = wmbt_wal_open(reader, object, flags);
    while (status == WMBT_OK) {
        status = wmbt_wal_next(reader, &record);
        if (status == WMBT_OK) {
            check(inside(record.key, object) && inside(record.meta, object) &&
                  inside(record.payload, object));
            check(*count < reader->info.record_count && *count <= object.len / 24u);
            if (*count < MOST_RECORDS) {
                records[*count] = record;
            }
            ++*count;
        }
    }
    wmbt_wal_info info = {7, 7, 7, 7, 7};
    check(wmbt_wal_verify(object, flags, &info) == (status == WMBT_END ? WMBT_OK : status));
    check(status == WMBT_END ? info.record_count == *count : info.record_count == 7u);
    return status;
}

static void check_object(wmbt_view object)
{
    wmbt_wal_reader reader;
    uint32_t count;
    wmbt_status compat = read_object(object, WMBT_WAL_COMPAT, &reader, &count);
    wmbt_status strict = read_object(object, 0, &reader, &count);
    check(strict == compat || strict == WMBT_TRAILING_BYTES || strict == WMBT_BAD_ORDER);
    if (strict != WMBT_END || count > MOST_RECORDS) {
        return;
    }
#if WMBT_CFG_WRITERS
    uint8_t *out = malloc(object.len + 1u);
    size_t written = 0;
    check(out != NULL);
    if (reader.info.kind == WMBT_WAL_BATCH) {
        check(wmbt_wal_write_batch(reader.info.start_seq, records, count,
                                   wmbt_buf_of(out, object.len), &written) == WMBT_OK);
    } else {
        check(wmbt_wal_write_record(records, wmbt_buf_of(out, object.len), &written) == WMBT_OK);
    }
    check(written == object.len && memcmp(out, object.data, written) == 0);
    free(out);
#endif
}

static void check_key(wmbt_view text, wmbt_view prefix)
{
    wmbt_wal_key key, guessed;
    wmbt_view found;
    if (wmbt_wal_key_guess(text, &found, &guessed) == WMBT_OK) {
        check(inside(found, text) && wmbt_wal_key_belongs(text, found, 0));
        check(wmbt_wal_key_parse(text, found, &key) == WMBT_OK && key.kind == guessed.kind);
    }
    wmbt_status status = wmbt_wal_key_parse(text, prefix, &key);
    check((status == WMBT_MISSING) == !wmbt_wal_key_belongs(text, prefix, 0));
    check(status == WMBT_MISSING || wmbt_wal_key_belongs(text, prefix, WMBT_WAL_COMPAT));
    wmbt_wal_audit audit = {0, 0, 0, 0};
    wmbt_wal_audit_add(&audit, text, prefix);
    check(audit.total == (status == WMBT_MISSING ? 0u : 1u));
    check(audit.total == audit.canonical + audit.legacy + audit.unknown);
    if (status != WMBT_OK) {
        return;
    }
#if WMBT_CFG_WRITERS
    uint8_t out[2048];
    size_t len = 0;
    if (wmbt_wal_key_build(&key, prefix, 0, wmbt_buf_of(out, sizeof out), &len) == WMBT_OK) {
        wmbt_wal_key back;
        check(len <= WMBT_WAL_KEY_BYTES(prefix.len, key.node.len));
        check(wmbt_wal_key_parse(wmbt_view_of(out, len), prefix, &back) == WMBT_OK);
        check(back.kind == key.kind && back.first_seq == key.first_seq &&
              back.last_seq == key.last_seq && back.layout == WMBT_WAL_CANONICAL);
    }
#endif
}

/* Makes the checksums right where the lengths allow: the fuzzer cannot guess them. */
static void fix_record(uint8_t *p, size_t n)
{
    if (n >= 24u) {
        uint64_t body =
            (uint64_t)wmbt_load_le16(p + 12) + wmbt_load_le16(p + 14) + wmbt_load_le32(p + 16);
        if (body <= n - 24u) {
            wmbt_view v = wmbt_view_of(p + 24, (size_t)body);
            wmbt_store_le32(p + 20, wmbt_fnv1a32(WMBT_FNV1A32_INIT, v));
        }
    }
}

static void fix_object(uint8_t *p, size_t n)
{
    if (n < 36u || memcmp(p, "WMBT_KV_WB01", 12) != 0) {
        fix_record(p, n);
        return;
    }
    for (size_t at = 36; n - at >= 4u;) {
        size_t slot = wmbt_load_le32(p + at);
        at += 4u;
        if (slot > n - at) {
            break;
        }
        fix_record(p + at, slot);
        at += slot;
    }
    wmbt_store_le32(p + 32, wmbt_fnv1a32(WMBT_FNV1A32_INIT, wmbt_view_of(p + 36, n - 36u)));
}

/* The first byte picks: an object, as it is and with its checksums made right; or a key after a
 * prefix of so many bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0u) {
        return 0;
    }
    wmbt_view rest = wmbt_view_of(data + 1, size - 1u);
    if ((data[0] & 1u) == 0u) {
        check_object(rest);
        uint8_t *fixed = malloc(size);
        check(fixed != NULL);
        memcpy(fixed, rest.data, rest.len);
        fix_object(fixed, rest.len);
        check_object(wmbt_view_of(fixed, rest.len));
        free(fixed);
    } else {
        size_t n = data[0] / 2u < rest.len ? data[0] / 2u : rest.len;
        check_key(rest, wmbt_view_of(rest.data, n));
        uint8_t node[256];
        size_t len = 0;
        if (rest.len < sizeof node &&
            wmbt_wal_node(rest, wmbt_buf_of(node, sizeof node), &len) == WMBT_OK) {
            uint8_t again[256];
            size_t again_len = 0;
            check(len != 0u && (len <= rest.len || rest.len == 0u));
            check(wmbt_wal_node(wmbt_view_of(node, len), wmbt_buf_of(again, sizeof again),
                                &again_len) == WMBT_OK);
            check(again_len == len && memcmp(node, again, len) == 0);
        }
    }
    return 0;
}
