# SPDX-License-Identifier: Apache-2.0
"""conformance: every golden file of other engines, changed ones, and what is none; and chain by the
same dialects."""
import collections
import glob
import os
import unittest

from harness import ToolTest, golden, table

DIALECTS = golden("dialects")

# Rows of each file, and how many of them are not run.
VECTORS = {
    "core_chain": (199, 0),
    "core_lookup": (596, 0),
    "core_facts": (588, 1),
    "core_manifest_json": (1349, 0),
    "core_delta_json": (1385, 0),
    "core_replay": (158, 0),
    "daemon_envelope": (823, 0),
    "daemon_wire": (2100, 0),
    "daemon_batches": (2672, 0),
    "daemon_blockops": (2875, 0),
    "daemon_blockops_mutants": (1584, 0),
    "format_wal_record": (606, 0),
    "format_wal_batch": (1525, 0),
    "format_segment": (982, 0),
    "format_segment_range": (226, 2),
    "store_wal_keys": (362, 0),
    "node_wbz1": (1053, 13),
    "node_prefetch_score": (260, 0),
    "node_prefetch": (120, 0),
    "node_evict": (177, 0),
    "radix_key_encoder": (133, 0),
    "radix_guardrail": (155, 0),
    "radix_residency": (800, 0),
    "radix_block_meta": (121, 0),
    "radix_metadata_index": (1760, 0),
    "radix_metavalue": (716, 0),
    "cabi": (108, 0),
}

# Result columns; behind "@", of rows with that op.
RESULTS = {
    "core_lookup": "result@publish result@put_block result@lookup matched got missing",
    "core_facts": "result@compare result@pick_winner result@wal_chunk_key "
                  "result@contiguous_prefix result@m0_validate result@m0_default",
    "core_manifest_json": "v1 v1_detail dispatch dispatch_detail schema_version epoch_ms "
                          "checksum32 entries",
    "core_delta_json": "v1 v1_detail dispatch dispatch_detail schema_version epoch_ms seq "
                       "tenant_id_hex fingerprint_hex prefix_hash_hex payload_digest_hex "
                       "write_id_hex",
    "core_replay": "n_winners idempotent conflict winners conflict_rows",
    "daemon_wire": "wire_hex@encode outcome@encode outcome@decode id@decode op_code@decode "
                   "status@decode text1_hex@decode text2_hex@decode payload_hex@decode",
    "daemon_batches": "wire_hex@encode outcome@encode outcome@decode items@decode",
    "daemon_blockops": "wire_hex@encode outcome@encode outcome@decode namespace_hex@decode "
                       "hashes@decode payloads@decode number@decode error_hex@decode",
    "format_wal_batch": "outcome records",
    "format_segment": "outcome@index outcome@footer outcome@encode outcome@footer_encode "
                      "entries@index entries@footer wire_hex@encode wire_hex@footer_encode",
    "format_segment_range": "outcome round_trips entries window_hex",
    "store_wal_keys": "result@key result@batch_key result@classify result@audit result@order "
                      "result@replay_error result@next_seq result@node result@group_commit",
    "node_wbz1": "outcome@encode outcome@decode magic@encode magic@decode raw@encode raw@decode",
    "radix_residency": "result@upsert result@upsert_guarded result@len result@lookup handles "
                       "prefetch",
    "radix_block_meta": "result@new_root result@new_successor result@touch result@zero_hash",
    "radix_metadata_index": "result@insert result@get result@get_and_touch result@remove "
                            "result@remove_if_unchanged result@bulk_load result@len "
                            "result@longest_prefix result@entries",
    "radix_metavalue": "value_hex@value outcome@value meta@decode outcome@decode "
                       "value_hex@stored_keys outcome@stored_keys outcome@scan",
    "cabi": "output@crc32c output@crc32c_append output@blake3_64hex length",
}


class Conformance(ToolTest):
    def test_every_file_of_other_engines(self):
        files = sorted(glob.glob(os.path.join(DIALECTS, "*.tsv")))
        self.assertEqual(len(files), 23)
        answer = self.ok("conformance", "--json", *files).json
        self.assertEqual([row["file"] for row in answer], files)
        self.assertEqual(sum(row["rows"] for row in answer), 3168)
        for row in answer:
            self.assertEqual((row["agree"], row["differ"], row["not_run"]), (row["rows"], 0, 0))

    def test_files_of_wombatkv(self):
        names = list(VECTORS)
        answer = self.ok("conformance", "--json",
                         *(golden("vectors", name + ".tsv") for name in names)).json
        self.assertEqual([row["kind"] for row in answer], names)
        for row in answer:
            rows, not_run = VECTORS[row["kind"]]
            self.assertEqual((row["rows"], row["agree"], row["differ"], row["not_run"]),
                             (rows, rows - not_run, 0, not_run), row["kind"])
            self.assertEqual(len(row["not_run_rows"]), not_run)

    def test_the_columns_tell_the_kind(self):
        paths = []
        for i, name in enumerate(VECTORS):
            with open(golden("vectors", name + ".tsv"), encoding="utf-8") as f:
                lines = f.read().splitlines()
            columns = next(line for line in lines if line.startswith("#columns:"))
            paths.append(self.write(f"{i}.tsv", columns.encode() + b"\n"))
        answer = self.ok("conformance", "--json", *paths).json
        self.assertEqual([row["kind"] for row in answer],
                         [name.replace("_mutants", "") for name in VECTORS])  # the same columns

    def test_cells_larger_than_memory(self):
        most = 2**64 - 1
        for cell in (f"rep:00:{most}", f"ramp:{most}", f"rep:00:{2**40}", f"ramp:{2**40}"):
            path = self.write("x.tsv", b"# cabi.tsv\n#columns:\tname\top\tinput_hex\tsplit\tlength"
                              b"\toutput\na\tcrc32c\t" + cell.encode() + b"\tnone\t1\t0\n")
            row, = self.ok("conformance", "--json", path).json
            self.assertEqual(row["not_run_rows"], [{"row": "a", "why": "not enough memory"}], cell)

    def test_files_of_other_systems(self):
        with open(os.path.join(DIALECTS, "llmd_cbor_fnv.tsv"), "rb") as f:
            text = f.read()
        for changed in (b"\xef\xbb\xbf" + text, text.replace(b"\n", b"\r\n"), text.rstrip(b"\n"),
                        text.replace(b"\n", b"\n\n")):
            row, = self.ok("conformance", "--json", self.write("x.txt", changed)).json
            self.assertEqual((row["kind"], row["rows"], row["agree"]), ("llmd_cbor_fnv", 135, 135))

    def test_why_rows_are_not_run(self):
        names = ("format_segment_range", "core_facts", "node_wbz1")
        answer = self.ok("conformance", "--json",
                         *(golden("vectors", name + ".tsv") for name in names)).json
        counts = collections.Counter(one["why"] for row in answer for one in row["not_run_rows"])
        self.assertEqual(counts, {
            "no object: the library does not look for any": 2,
            "the name of upstream's package, which the library does not have": 1,
            "claims more plain bytes than there is room for": 6,
            "stored as it is, a wrapper already": 3,
            "the library has no such algorithm": 2,
            "a frame of zstd before 0.8": 2,
        })

    def test_every_result_is_compared(self):
        """One cell of each result changed, each in a row of its own: just these differ, in these
        columns."""
        for kind, results in RESULTS.items():
            with self.subTest(kind):
                path, changed = self.change_results(kind, results)
                row, = self.refused("conformance", "--json", path).json
                differing = {one["row"]: one["column"] for one in row["differing"]}
                self.assertEqual(differing, changed)
                rows, not_run = VECTORS[kind]
                self.assertEqual((row["agree"], row["not_run"]),
                                 (rows - not_run - len(changed), not_run))

    def change_results(self, kind, results):
        with open(golden("vectors", kind + ".tsv"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        at = next(line for line in lines if line.startswith("#columns:")).split("\t")[1:]
        changed = {}
        for result in results.split():
            column, _, op = result.partition("@")
            for i, line in enumerate(lines):
                cells = line.split("\t")
                if line.startswith("#") or cells[0] in changed or \
                        op and cells[at.index("op")] != op or \
                        cells[at.index(column)] in ("none", "empty", "-"):
                    continue
                cell = cells[at.index(column)]
                cells[at.index(column)] = cell[:-1] + ("0" if cell[-1] == "1" else "1")
                lines[i] = "\t".join(cells)
                changed[cells[0]] = column
                break
            else:
                self.fail(f"{kind}: no row has {result}")
        return self.write(kind + ".tsv", "\n".join(lines).encode()), changed

    def test_a_script_begins_anew(self):
        """Rows of a script whose first ones are gone run on another state; other scripts do not."""
        with open(golden("vectors", "radix_residency.tsv"), encoding="utf-8") as f:
            lines = f.read().splitlines()
        kept = [line for line in lines if not line.startswith("s1_") or "\tlen\t" in line]
        path = self.write("radix_residency.tsv", "\n".join(kept).encode())
        row, = self.refused("conformance", "--json", path).json
        self.assertGreater(row["differ"], 0)
        self.assertEqual({one["row"].split("_")[0] for one in row["differing"]}, {"s1"})

    def changed(self, name, old, new):
        with open(os.path.join(DIALECTS, "sglang_hicache.tsv"), encoding="utf-8") as f:
            text = f.read()
        self.assertIn(old, text)
        return self.write(name, text.replace(old, new).encode())

    def test_a_result_that_differs(self):
        good = "7763575261276103277"
        answer = self.refused("conformance", "--json", self.changed("x.tsv", good, "7")).json
        row, = answer
        self.assertEqual((row["rows"], row["agree"], row["differ"]), (217, 216, 1))
        self.assertEqual(row["differing"], [{"row": "p_ps1_n1", "column": "event_i64",
                                             "expected": "7", "got": good}])

    def test_got_is_what_was_computed_for_that_column(self):
        """Others of the row are computed after it."""
        good = "6bbdc291235f626d7eb81a73757ce0f2fe35fe87bda066356035b9b4bccb15ba"
        row, = self.refused("conformance", "--json", self.changed("x.tsv", good, "00")).json
        self.assertEqual(row["differing"], [{"row": "p_ps1_n1", "column": "hashes",
                                             "expected": "00", "got": good}])

    def test_an_unknown_value_is_not_run(self):
        path = self.changed("x.tsv", "p_ps1_n1\tplain", "p_ps1_n1\tother")
        row, = self.ok("conformance", "--json", path).json
        self.assertEqual((row["agree"], row["differ"], row["not_run"]), (216, 0, 1))
        self.assertEqual(row["not_run_rows"], [{"row": "p_ps1_n1", "why": "unknown form"}])

    def test_no_golden_file(self):
        for text in ("", "a\tb\n1\t2\n", "#columns:\tname\n"):
            path = self.write("x.tsv", text.encode())
            row, = self.refused("conformance", "--json", path).json
            self.assertEqual((row["status"], row["rows"]), ("bad-syntax", 0), text)
            self.assertEqual(row["detail"], "no known kind of golden file")
            self.assertIn(f"{path}: no known kind of golden file",
                          self.refused("conformance", path).out.decode())
        path = self.write("x.tsv", b"# cabi.tsv\n#columns:\tname\top\tinput_hex\tsplit\tlength"
                          b"\toutput\top\na\tcrc32c\t-\tnone\t0\t0\tcrc32c\n")
        row, = self.refused("conformance", "--json", path).json
        self.assertEqual((row["status"], row["detail"]), ("bad-syntax", "two columns of one name"))
        path = self.changed("x.tsv", "p_ps1_n1\tplain\t1", "p_ps1_n1\tplain")
        row, = self.refused("conformance", "--json", path).json
        self.assertEqual((row["status"], row["agree"], row["not_run"]), ("bad-syntax", 216, 1))
        self.refused("conformance", "none.tsv")


class Chain(ToolTest):
    def hashes(self, dialect, block_tokens, tokens, *options):
        path = self.write("t.u32", b"".join(t.to_bytes(4, "little") for t in tokens))
        return self.ok("chain", "--json", "--dialect", dialect, "--block-tokens",
                       str(block_tokens), *options, path).json

    def test_a_row_of_each_kind(self):
        row = table("dialects", "vllm_sha256_cbor.tsv")[0]
        got = self.hashes("vllm-sha256-cbor", 4, range(1, 10))
        self.assertEqual(got["hashes"], row["hashes"].split(","))
        row = next(r for r in table("dialects", "llmd_cbor_fnv.tsv") if r["name"] == "seed_0")
        got = self.hashes("llmd-fnv-cbor", 4, range(1, 10), "--model",
                          bytes.fromhex(row["model"]).decode())
        self.assertEqual(got["numbers"], [int(n) for n in row["keys"].split(",")])
        row = next(r for r in table("dialects", "trtllm_v2_derived.tsv") if r["name"] == "scope_0")
        got = self.hashes("trtllm-v2", 4, range(1, 10), "--short-last")
        self.assertEqual(got["hashes"], row["keys"].split(","))
        self.assertEqual(len(self.hashes("trtllm-v2", 4, range(1, 10))["hashes"]), 2)

    def test_items(self):
        row = next(r for r in table("dialects", "dynamo_request.tsv") if r["name"] == "token_127")
        tokens = bytes.fromhex(row["tokens"])
        numbers = [int.from_bytes(tokens[i:i + 4], "little") for i in range(0, len(tokens), 4)]
        got = self.hashes("dynamo-request-1.6", int(row["block_size"]), numbers)
        self.assertEqual(got["block_hashes"], [int(n) for n in row["block_hashes"].split(",")])
        other = self.hashes("dynamo-request-1.6", int(row["block_size"]), numbers, "--item", "5:0:1")
        self.assertNotEqual(got["hashes"], other["hashes"])

    def test_wide_tokens(self):
        row = next(r for r in table("dialects", "sglang_hicache.tsv") if r["name"] == "wide_one")
        path = self.write("t.txt", b"4294967296")
        got = self.ok("chain", "--dialect", "sglang-hicache-wide", "--block-tokens", "1", path)
        self.assertEqual(got.lines, row["hashes"].split(","))
        self.refused("chain", "--dialect", "sglang-hicache", "--block-tokens", "1", path)

    def test_what_does_not_belong_is_named(self):
        path = self.write("t.txt", b"1 2 3 4")
        for dialect, option, value in (("vllm-sha256-cbor", "--model", "m"),
                                       ("sglang-hicache", "--seed", "1"),
                                       ("aibrix-gateway", "--salt", "s"),
                                       ("core", "--model", "m"),
                                       ("vllm-sha256-cbor", "--tenant", "t")):
            result = self.usage("chain", "--dialect", dialect, option, value, "--block-tokens", "4",
                                path)
            self.assertIn(option.encode(), result.err)
            self.assertIn(dialect.encode(), result.err)
        for dialect, named in (("vllm-xxhash-cbor", "--seed-text"), ("llmd-fnv-cbor", "--model")):
            result = self.usage("chain", "--dialect", dialect, "--block-tokens", "4", path)
            self.assertIn(named.encode(), result.err)
        self.usage("chain", "--dialect", "vllm", "--block-tokens", "4", path)

    def test_list(self):
        rows = self.ok("chain", "--list", "--json").json
        names = [row["dialect"] for row in rows]
        self.assertEqual(names[:2], ["core", "ds4"])
        self.assertEqual(len(names), len(set(names)))
        derived = {row["dialect"] for row in rows if row["derived"]}
        self.assertEqual(derived, {"aibrix-gateway", "trtllm-v2", "mooncake-conductor",
                                   "llmd-router-xxh64", "llmd-router-fnv", "llmd-kvcache-fnv"})
        for row in rows:
            self.assertLessEqual(set(row["needed"]), set(row["options"]))
            self.assertIn(row["dialect"], self.ok("chain", "--list").out.decode())


if __name__ == "__main__":
    unittest.main()
