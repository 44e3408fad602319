/* SPDX-License-Identifier: Apache-2.0 */
/* Files of upstream's core: manifests, deltas, their replay, facts and limits. */
#include "conformance/rows.h"
#include "wombatkv/defaults.h"
#include "wombatkv/prefix.h"
#include "wombatkv/replay.h"
#include "wombatkv/wal.h"

#if WMBT_CFG_REPLAY && WMBT_CFG_WAL && WMBT_CFG_DEFAULTS && WMBT_CFG_REUSE

/* --- documents -------------------------------------------------------------------------------- */

/* The word of an outcome and its detail: the version found, or the name of the field. */
static void expect_outcome(struct kit *k, const char *outcome, const char *detail,
                           const wmbt_json_error *error)
{
    static const char *const words[] = {"ok",
                                        "err:json",
                                        "err:unsupported_schema",
                                        "err:empty_field",
                                        "err:missing_field",
                                        "err:wrong_type",
                                        "caller"};
    kit_expect_text(k, outcome, words[error->kind]);
    if (error->kind == WMBT_JSON_SCHEMA) {
        kit_expect_number(k, detail, error->version);
    } else {
        kit_expect_text(k, detail,
                        error->kind >= WMBT_JSON_EMPTY_FIELD ? wmbt_field_name_cstr(error->field)
                                                             : "none");
    }
}

static void expect_entries(struct kit *k, const wmbt_manifest *manifest, wmbt_buf work)
{
    wmbt_manifest_walk walk;
    wmbt_manifest_entry entry;
    wmbt_status status;
    const size_t room = manifest->strings_bytes;
    uint8_t *strings = kit_alloc(k, room);
    if (strings == NULL) {
        return;
    }
    wmbt_manifest_walk_init(&walk, manifest, work);
    kit_text_begin(k);
    while ((status = wmbt_manifest_walk_next(&walk, wmbt_buf_of(strings, room), &entry, NULL)) ==
           WMBT_OK) {
        const wmbt_view parts[3] = {entry.object_id, entry.key_range_start, entry.key_range_end};
        kit_comma(k);
        kit_put_parts(k, parts, 3);
    }
    kit_expect_walked(k, "entries", status);
}

static void expect_manifest(struct kit *k, const wmbt_manifest *manifest, wmbt_buf work)
{
    kit_expect_number(k, "schema_version", manifest->schema_version);
    kit_expect_number(k, "epoch_ms", manifest->epoch_ms);
    kit_expect_number(k, "checksum32", manifest->checksum32);
    expect_entries(k, manifest, work);
}

void kit_core_manifest_json(struct kit *k)
{
    wmbt_manifest manifest;
    wmbt_json_error error;
    wmbt_view text = kit_cell_bytes(k, "json_hex");
    const size_t bytes = WMBT_JSON_WORK_BYTES(text.len);
    wmbt_buf work = wmbt_buf_of(kit_alloc(k, bytes), bytes);
    if (work.data == NULL) {
        return;
    }
    if (wmbt_manifest_read_v1(text, work, &manifest, &error) == WMBT_OK) {
        expect_manifest(k, &manifest, work);
    }
    expect_outcome(k, "v1", "v1_detail", &error);
    if (wmbt_manifest_read(text, &manifest, &error) == WMBT_OK) {
        expect_manifest(k, &manifest, wmbt_buf_of(NULL, 0));
    }
    expect_outcome(k, "dispatch", "dispatch_detail", &error);
}

static void expect_delta(struct kit *k, const wmbt_delta *delta)
{
    kit_expect_number(k, "schema_version", delta->schema_version);
    kit_expect_number(k, "epoch_ms", delta->epoch_ms);
    kit_expect_number(k, "seq", delta->seq);
    kit_expect_hex(k, "tenant_id_hex", delta->tenant_id);
    kit_expect_hex(k, "fingerprint_hex", delta->fingerprint);
    kit_expect_hex(k, "prefix_hash_hex", delta->prefix_hash);
    kit_expect_hex(k, "payload_digest_hex", delta->payload_digest);
    kit_expect_hex(k, "write_id_hex", delta->write_id);
}

void kit_core_delta_json(struct kit *k)
{
    wmbt_delta delta;
    wmbt_json_error error;
    wmbt_view text = kit_cell_bytes(k, "json_hex");
    const size_t bytes = WMBT_JSON_WORK_BYTES(text.len);
    wmbt_buf work = wmbt_buf_of(kit_alloc(k, bytes), bytes);
    wmbt_buf strings = wmbt_buf_of(kit_alloc(k, text.len), text.len);
    if (work.data == NULL || strings.data == NULL) {
        return;
    }
    if (wmbt_delta_read_v1(text, strings, work, &delta, &error) == WMBT_OK) {
        expect_delta(k, &delta);
    }
    expect_outcome(k, "v1", "v1_detail", &error);
    if (wmbt_delta_read(text, strings, &delta, &error) == WMBT_OK) {
        expect_delta(k, &delta);
    }
    expect_outcome(k, "dispatch", "dispatch_detail", &error);
}

/* --- replay ----------------------------------------------------------------------------------- */

static void read_delta(struct kit *k, wmbt_view cell, wmbt_delta *delta)
{
    delta->schema_version = (uint32_t)kit_number(k, kit_part(&cell, ':'));
    delta->epoch_ms = kit_number(k, kit_part(&cell, ':'));
    delta->seq = kit_number(k, kit_part(&cell, ':'));
    delta->tenant_id = kit_bytes(k, kit_part(&cell, ':'));
    delta->fingerprint = kit_bytes(k, kit_part(&cell, ':'));
    delta->prefix_hash = kit_bytes(k, kit_part(&cell, ':'));
    delta->payload_digest = kit_bytes(k, kit_part(&cell, ':'));
    delta->write_id = kit_bytes(k, cell);
}

static void expect_winners(struct kit *k, const wmbt_replay *replay)
{
    size_t fact;
    kit_text_begin(k);
    for (size_t i = 0; wmbt_replay_winner(replay, i, &fact) == WMBT_OK; i++) {
        const wmbt_delta *d = &replay->facts[fact];
        const wmbt_view texts[5] = {d->tenant_id, d->fingerprint, d->prefix_hash, d->payload_digest,
                                    d->write_id};
        kit_comma(k);
        kit_put_number(k, d->schema_version);
        kit_put(k, ":");
        kit_put_number(k, d->epoch_ms);
        kit_put(k, ":");
        kit_put_number(k, d->seq);
        kit_put(k, ":");
        kit_put_parts(k, texts, 5);
    }
    kit_expect(k, "winners", kit_list_end(k));
}

static void expect_conflicts(struct kit *k, const wmbt_replay *replay)
{
    wmbt_replay_conflict c;
    size_t position = 0;
    kit_text_begin(k);
    while (wmbt_replay_next_conflict(replay, &position, &c) == WMBT_OK) {
        const wmbt_delta *w = &replay->facts[c.winner], *l = &replay->facts[c.loser];
        const wmbt_view texts[7] = {w->tenant_id,      w->fingerprint,    w->prefix_hash,
                                    w->payload_digest, l->payload_digest, w->write_id,
                                    l->write_id};
        const uint64_t numbers[4] = {w->epoch_ms, l->epoch_ms, w->seq, l->seq};
        kit_comma(k);
        kit_put_parts(k, texts, 7);
        for (unsigned i = 0; i < 4u; i++) {
            kit_put(k, ":");
            kit_put_number(k, numbers[i]);
        }
    }
    kit_expect(k, "conflict_rows", kit_list_end(k));
}

void kit_core_replay(struct kit *k)
{
    wmbt_view list = kit_cell(k, "deltas"), element;
    const size_t room = kit_parts(list, ',');
    wmbt_delta *facts = kit_alloc(k, (room + 1) * sizeof *facts);
    uint32_t *work = kit_alloc(k, WMBT_REPLAY_BYTES(room));
    size_t count = 0;
    wmbt_replay replay;
    if (facts == NULL || work == NULL) {
        return;
    }
    while (kit_element(&list, &element)) {
        read_delta(k, element, &facts[count++]);
    }
    if (k->outcome != KIT_AGREES) {
        return;
    }
    wmbt_status status =
        wmbt_replay_run(&replay, facts, count, wmbt_buf_of(work, WMBT_REPLAY_BYTES(room)));
    if (status != WMBT_OK) {
        kit_expect_text(k, "winners", wmbt_status_name(status));
        return;
    }
    kit_expect_number(k, "n_winners", replay.winners);
    kit_expect_number(k, "idempotent", replay.idempotent);
    kit_expect_number(k, "conflict", replay.conflicts);
    expect_winners(k, &replay);
    expect_conflicts(k, &replay);
}

/* --- facts and limits ------------------------------------------------------------------------- */

static void read_fact(struct kit *k, wmbt_view cell, wmbt_fact_ref *fact)
{
    fact->epoch_ms = kit_number(k, kit_part(&cell, ':'));
    kit_read_bytes(k, cell, fact->write_id, sizeof fact->write_id, "no write id of 16 bytes");
}

static void facts_compare(struct kit *k)
{
    wmbt_fact_ref a = {0, {0}}, b = {0, {0}};
    read_fact(k, kit_cell(k, "a1"), &a);
    read_fact(k, kit_cell(k, "a2"), &b);
    int order = wmbt_fact_compare(&a, &b);
    kit_expect_text(k, "result", order < 0 ? "-1" : order > 0 ? "1" : "0");
}

static void facts_pick_winner(struct kit *k)
{
    wmbt_view list = kit_cell(k, "a1"), element;
    wmbt_fact_ref *facts = kit_alloc(k, (kit_parts(list, ',') + (size_t)1) * sizeof *facts);
    size_t count = 0, winner = 0;
    while (facts != NULL && kit_element(&list, &element)) {
        read_fact(k, element, &facts[count++]);
    }
    if (k->outcome != KIT_AGREES) {
        return;
    }
    wmbt_status status = wmbt_fact_pick_winner(facts, count, &winner);
    if (status == WMBT_OK) {
        kit_expect_number(k, "result", winner);
    } else {
        kit_expect_text(k, "result", status == WMBT_MISSING ? "none" : wmbt_status_name(status));
    }
}

static void facts_chunk_key(struct kit *k)
{
    wmbt_view tenant = kit_cell_bytes(k, "a1"), fingerprint = kit_cell_bytes(k, "a2");
    wmbt_view node = kit_cell_bytes(k, "a4");
    const size_t room = WMBT_WAL_CHUNK_KEY_BYTES(tenant.len, fingerprint.len, node.len);
    uint8_t *out = kit_alloc(k, room);
    size_t length = 0;
    if (out == NULL) {
        return;
    }
    wmbt_status status =
        wmbt_wal_chunk_key(tenant, fingerprint, kit_cell_number(k, "a3"), node,
                           kit_cell_number(k, "a5"), wmbt_buf_of(out, room), &length);
    if (status == WMBT_OK) {
        kit_expect_hex(k, "result", wmbt_view_of(out, length));
    } else {
        kit_expect_text(k, "result", wmbt_status_name(status));
    }
}

static void facts_contiguous_prefix(struct kit *k)
{
    wmbt_view digits = kit_cell(k, "a1");
    size_t count = kit_is(digits, "-") ? 0 : digits.len;
    uint8_t *resident = kit_alloc(k, count);
    for (size_t i = 0; i < count && resident != NULL; i++) {
        resident[i] = digits.data[i] == (uint8_t)'1';
    }
    kit_expect_number(k, "result", wmbt_prefix_resident(wmbt_view_of(resident, count)));
}

/* The place of a word in a list, or of the NULL behind it. */
static uint32_t label(struct kit *k, const char *column, const char *const *words)
{
    uint32_t i = 0;
    while (words[i] != NULL && !kit_cell_is(k, column, words[i])) {
        i++;
    }
    return i;
}

static const char *const hash_names[] = {"blake3", "xxhash3", NULL};
static const char *const wire_names[] = {"msgpack", "flatbuffers", "capnp", NULL};

static void facts_m0_validate(struct kit *k)
{
    static const struct kit_word words[] = {{"ok", WMBT_OK},
                                            {"err:block_size", WMBT_BAD_COUNT},
                                            {"err:chunk_mb", WMBT_BAD_LENGTH},
                                            {NULL, WMBT_OK}};
    wmbt_defaults d;
    d.block_size_tokens = (uint32_t)kit_cell_number(k, "a1");
    d.hash_function = label(k, "a2", hash_names);
    d.wal_chunk_target_mb = (uint32_t)kit_cell_number(k, "a3");
    d.wire_format = label(k, "a4", wire_names);
    kit_expect_word(k, "result", words, wmbt_defaults_check(&d));
}

static void facts_m0_default(struct kit *k)
{
    wmbt_defaults d;
    wmbt_defaults_init(&d);
    kit_text_begin(k);
    kit_put_number(k, d.block_size_tokens);
    kit_put(k, ":");
    kit_put(k, hash_names[d.hash_function]);
    kit_put(k, ":");
    kit_put_number(k, d.wal_chunk_target_mb);
    kit_put(k, ":");
    kit_put(k, wire_names[d.wire_format]);
    kit_expect(k, "result", kit_text_end(k));
}

static void facts_crate_id(struct kit *k)
{
    kit_unknown(k, "the name of upstream's package, which the library does not have");
}

void kit_core_facts(struct kit *k)
{
    static const struct {
        const char *op;
        void (*run)(struct kit *k);
    } ops[] = {{"compare", facts_compare},         {"pick_winner", facts_pick_winner},
               {"wal_chunk_key", facts_chunk_key}, {"contiguous_prefix", facts_contiguous_prefix},
               {"m0_validate", facts_m0_validate}, {"m0_default", facts_m0_default},
               {"crate_id", facts_crate_id}};
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
        if (kit_cell_is(k, "op", ops[i].op)) {
            ops[i].run(k);
            return;
        }
    }
    kit_unknown(k, "unknown op");
}

#endif
