/* SPDX-License-Identifier: Apache-2.0 */
/* Files of WAL objects and of their keys. The library reads as upstream does: WMBT_WAL_COMPAT. */
#include "conformance/rows.h"
#include "wombatkv/wal.h"

#if WMBT_CFG_WAL && WMBT_CFG_WRITERS

/* Upstream has one word for bytes that are missing and for bytes left over. */
static const struct kit_word words[] = {
    {"ok", WMBT_OK},
    {"err:unexpected_eof", WMBT_TRUNCATED},
    {"err:unexpected_eof", WMBT_TRAILING_BYTES},
    {"err:invalid_magic", WMBT_BAD_MAGIC},
    {"err:checksum", WMBT_BAD_CHECKSUM},
    {"err:field_too_large", WMBT_BAD_COUNT},
    {NULL, WMBT_OK},
};

/* --- batches ---------------------------------------------------------------------------------- */

void kit_format_wal_batch(struct kit *k)
{
    wmbt_wal_reader reader;
    wmbt_wal_record record;
    wmbt_wal_info info;
    wmbt_view object = kit_cell_bytes(k, "wire_hex");
    wmbt_status status = wmbt_wal_verify(object, WMBT_WAL_COMPAT, &info);
    if (status == WMBT_TRUNCATED && kit_cell_is(k, "outcome", "upstream:alloc")) {
        return; /* upstream was not asked: this is what its table wants of a bounded reader */
    }
    kit_expect_word(k, "outcome", words, status);
    if (status != WMBT_OK) {
        return;
    }
    kit_text_begin(k);
    status = wmbt_wal_open(&reader, object, WMBT_WAL_COMPAT);
    while (status == WMBT_OK && (status = wmbt_wal_next(&reader, &record)) == WMBT_OK) {
        const wmbt_view parts[3] = {record.key, record.meta, record.payload};
        kit_comma(k);
        kit_put_parts(k, parts, 3);
    }
    kit_expect_walked(k, "records", status);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void key_build(struct kit *k, bool batch)
{
    wmbt_wal_key key = {{NULL, 0}, 0, 0, 0, 0, 0};
    wmbt_view prefix = kit_cell_bytes(k, "ns_hex");
    size_t length = 0;
    key.kind = batch ? WMBT_WAL_BATCH : WMBT_WAL_RECORD;
    key.node = kit_cell_bytes(k, "node_hex");
    key.epoch_ms = kit_cell_number(k, "n1");
    key.first_seq = kit_cell_number(k, "n2");
    key.last_seq = batch ? kit_cell_number(k, "n3") : key.first_seq;
    const size_t room = WMBT_WAL_KEY_BYTES(prefix.len, key.node.len);
    uint8_t *out = kit_alloc(k, room);
    if (out == NULL) {
        return;
    }
    wmbt_status status =
        wmbt_wal_key_build(&key, prefix, WMBT_WAL_COMPAT, wmbt_buf_of(out, room), &length);
    if (status == WMBT_OK) {
        kit_expect_hex(k, "result", wmbt_view_of(out, length));
    } else {
        kit_expect_text(k, "result", wmbt_status_name(status));
    }
}

static void key_classify(struct kit *k)
{
    static const struct kit_word classes[] = {
        {"outside", WMBT_MISSING}, {"unknown", WMBT_BAD_SYNTAX}, {NULL, WMBT_OK}};
    wmbt_wal_key key;
    wmbt_status status =
        wmbt_wal_key_parse(kit_cell_bytes(k, "keys"), kit_cell_bytes(k, "ns_hex"), &key);
    if (status == WMBT_OK) {
        kit_expect_text(k, "result", key.layout == WMBT_WAL_CANONICAL ? "canonical" : "legacy");
    } else {
        kit_expect_word(k, "result", classes, status);
    }
}

static void key_audit(struct kit *k)
{
    wmbt_wal_audit audit = {0, 0, 0, 0};
    wmbt_view prefix = kit_cell_bytes(k, "ns_hex"), list = kit_cell(k, "keys"), key;
    while (kit_element(&list, &key)) {
        wmbt_wal_audit_add(&audit, kit_bytes(k, key), prefix);
    }
    const uint64_t counts[4] = {audit.total, audit.canonical, audit.legacy, audit.unknown};
    kit_text_begin(k);
    for (unsigned i = 0; i < 4u; i++) {
        kit_put(k, i == 0 ? "" : ":");
        kit_put_number(k, counts[i]);
    }
    kit_expect(k, "result", kit_text_end(k));
}

/* The keys of the namespace, in order of replay. */
static void key_order(struct kit *k)
{
    wmbt_view prefix = kit_cell_bytes(k, "ns_hex"), list = kit_cell(k, "keys"), text;
    uint32_t count = 0;
    wmbt_wal_entry *entries = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *entries);
    while (entries != NULL && kit_element(&list, &text)) {
        wmbt_view key = kit_bytes(k, text);
        if (!wmbt_wal_key_belongs(key, prefix, WMBT_WAL_COMPAT)) {
            continue;
        }
        wmbt_wal_entry entry;
        wmbt_wal_entry_init(&entry, key, prefix);
        uint32_t at = count++;
        for (; at != 0 && wmbt_wal_entry_compare(&entry, &entries[at - 1]) < 0; at--) {
            entries[at] = entries[at - 1];
        }
        entries[at] = entry;
    }
    kit_text_begin(k);
    for (uint32_t i = 0; i < count; i++) {
        kit_comma(k);
        kit_put_bytes(k, entries[i].key);
    }
    kit_expect(k, "result", kit_list_end(k));
}

/* The object of the last key is the text "junk": what stops the replay, if it gets there. */
static void key_replay_error(struct kit *k)
{
    wmbt_wal_info info;
    wmbt_view prefix = kit_cell_bytes(k, "ns_hex"), list = kit_cell(k, "keys"), key;
    wmbt_view last = wmbt_view_of("", 0);
    wmbt_status status = WMBT_OK;
    while (kit_element(&list, &key)) {
        last = kit_bytes(k, key);
    }
    if (wmbt_wal_key_belongs(last, prefix, WMBT_WAL_COMPAT)) {
        status = wmbt_wal_verify(WMBT_VIEW_LITERAL("junk"), WMBT_WAL_COMPAT, &info);
    }
    kit_expect_word(k, "result", words, status);
}

/* The node's name in keys; empty: the row has failed. */
static wmbt_view node_name(struct kit *k)
{
    wmbt_view id = kit_cell_bytes(k, "node_hex");
    const size_t room = id.len + 16;
    size_t length = 0;
    uint8_t *out = kit_alloc(k, room);
    wmbt_status status = out == NULL ? WMBT_OK : wmbt_wal_node(id, wmbt_buf_of(out, room), &length);
    if (status != WMBT_OK) {
        kit_expect_text(k, "result", wmbt_status_name(status));
    }
    return wmbt_view_of(out, length);
}

static void key_next_seq(struct kit *k)
{
    wmbt_view prefix = kit_cell_bytes(k, "ns_hex"), list = kit_cell(k, "keys"), key;
    wmbt_view node = node_name(k);
    uint64_t next = 1;
    while (kit_element(&list, &key)) {
        wmbt_wal_next_seq_add(&next, kit_bytes(k, key), prefix, node);
    }
    kit_expect_number(k, "result", next);
}

/* An object of so many records, from *first on. */
static void put_flush(struct kit *k, uint64_t *first, uint32_t records)
{
    kit_comma(k);
    kit_put(k, records == 1 ? "chunk:" : "batch:");
    kit_put_number(k, *first);
    if (records != 1) {
        kit_put(k, ":");
        kit_put_number(k, *first + records - 1);
    }
    *first += records;
}

static void key_group(struct kit *k)
{
    wmbt_wal_group group;
    wmbt_view sizes = kit_cell(k, "keys"), size;
    uint64_t first = 1;
    uint32_t records = 0;
    wmbt_wal_group_init(&group, (uint32_t)kit_cell_number(k, "n1"), kit_cell_number(k, "n2"));
    kit_text_begin(k);
    while (kit_element(&sizes, &size)) {
        uint32_t flush = wmbt_wal_group_add(&group, kit_number(k, size));
        if ((flush & WMBT_WAL_FLUSH_BEFORE) != 0) {
            put_flush(k, &first, records);
            records = 0;
        }
        records++;
        if ((flush & WMBT_WAL_FLUSH_AFTER) != 0) {
            put_flush(k, &first, records);
            records = 0;
        }
    }
    kit_comma(k);
    kit_put(k, "left:");
    kit_put_number(k, group.records);
    kit_put(k, ":");
    kit_put_number(k, group.bytes);
    kit_expect(k, "result", kit_text_end(k));
}

void kit_store_wal_keys(struct kit *k)
{
    static const struct {
        const char *op;
        void (*run)(struct kit *k);
    } ops[] = {{"classify", key_classify},
               {"audit", key_audit},
               {"order", key_order},
               {"next_seq", key_next_seq},
               {"replay_error", key_replay_error},
               {"group_commit", key_group}};
    if (kit_cell_is(k, "op", "key") || kit_cell_is(k, "op", "batch_key")) {
        key_build(k, kit_cell_is(k, "op", "batch_key"));
        return;
    }
    if (kit_cell_is(k, "op", "node")) {
        kit_expect_hex(k, "result", node_name(k));
        return;
    }
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (kit_cell_is(k, "op", ops[i].op)) {
            ops[i].run(k);
            return;
        }
    }
    kit_unknown(k, "unknown op");
}

#endif
