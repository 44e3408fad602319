# SPDX-License-Identifier: Apache-2.0
"""conformance: every golden file of other engines, changed ones, and what is none; and chain by the
same dialects."""
import glob
import os
import unittest

from harness import ToolTest, golden, table

DIALECTS = golden("dialects")


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
        names = ("core_chain", "daemon_envelope", "format_wal_record", "radix_key_encoder",
                 "radix_guardrail", "node_prefetch_score", "node_prefetch", "node_evict")
        answer = self.ok("conformance", "--json",
                         *(golden("vectors", name + ".tsv") for name in names)).json
        self.assertEqual([row["rows"] for row in answer], [199, 823, 606, 133, 155, 260, 120, 177])
        for row in answer:
            self.assertEqual((row["agree"], row["differ"], row["not_run"]), (row["rows"], 0, 0))

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
