# SPDX-License-Identifier: Apache-2.0
"""chain and key against the bucket's tables and upstream's chain vectors."""
import os
import unittest

from harness import PROMPTS, ToolTest, table


def generated(seed, count):
    x, out = seed, []
    for _ in range(count):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        out.append(x)
    return out


class Chain(ToolTest):
    def test_prompts_of_the_bucket(self):
        prompts = table("bucket", "prompts.tsv")
        self.assertEqual(len(prompts), 49)
        for row in prompts:
            with self.subTest(row["name"]):
                args = ["chain", "--dialect", "ds4", "--fingerprint", row["fingerprint"],
                        "--quant-bits", row["quant_bits"], "--block-tokens", row["block_tokens"],
                        os.path.join(PROMPTS, row["name"] + ".u32")]
                hashes = [h for h in row["hashes"].split(",") if h not in ("", "-")]
                got = self.ok(*args, "--json").json
                self.assertEqual(got["hashes"], hashes)
                self.assertEqual((got["dialect"], got["block_tokens"], got["tokens"]),
                                 ("ds4", int(row["block_tokens"]), int(row["tokens"])))
                self.assertEqual(self.ok(*args).lines, hashes)

    def test_core_rows_with_blocks_of_one_size(self):
        done = 0
        for row in table("vectors", "core_chain.tsv"):
            lens = [int(n) for n in row["block_lens"].split(",") if n != "empty"]
            if not lens or lens[0] == 0 or any(n != lens[0] for n in lens[:-1]):
                continue
            if lens[-1] > lens[0]:
                continue
            full = len([n for n in lens if n == lens[0]])
            if row["token_seed"] != "0":
                tokens = generated(int(row["token_seed"]), sum(lens))
                data = b"".join(t.to_bytes(4, "little") for t in tokens)
            else:
                data = bytes.fromhex(row["tokens_hex"])
            tenant = b"" if row["tenant_hex"] == "-" else bytes.fromhex(row["tenant_hex"])
            if b"\0" in tenant:
                continue
            got = self.ok("chain", "--json", "--dialect", "core", "--tenant", tenant,
                          "--fingerprint", row["fingerprint_hex"], "--block-tokens", str(lens[0]),
                          self.write("t.u32", data)).json
            self.assertEqual(got["hashes"], row["hashes"].split(",")[:full], row["name"])
            done += 1
        self.assertGreater(done, 50)

    def test_ds4_hashes_no_more_than_512_blocks(self):
        path = self.write("t.u32", bytes(4 * 128 * 513))
        got = self.ok("chain", "--json", "--dialect", "ds4", "--fingerprint", "f" * 24,
                      "--quant-bits", "2", "--block-tokens", "128", path).json
        self.assertEqual((got["tokens"], len(got["hashes"])), (128 * 513, 512))


class Key(ToolTest):
    def test_blocks_of_the_bucket(self):
        for row in table("bucket", "blocks.tsv"):
            prefix, rest = row["key"].split("/wombatkv/")[0].rsplit("/", 1)
            got = self.ok("key", "--json", "block", row["hash"], "--prefix", prefix, "--namespace",
                          rest).json
            self.assertEqual(got, {"keys": [row["key"]]})
            parsed = self.ok("key", "parse", "--json", row["key"]).json
            self.assertEqual(parsed, [{"key": row["key"], "kind": "block", "prefix": prefix,
                                       "namespace": rest, "hash": row["hash"]}])

    def test_tails_of_the_bucket(self):
        done = 0
        for row in table("bucket", "prompts.tsv"):
            if not row["tail_key"].startswith("kv/"):
                continue
            hexa = row["tail_key"].split("b3=")[1]
            args = ("raw-tail", hexa, "--prefix", row["prefix"], "--namespace", row["namespace"])
            self.assertEqual(self.ok("key", *args).lines, [row["tail_key"]])
            self.assertEqual(self.ok("key", "parse", "--json", row["tail_key"]).json[0]["kind"],
                             "raw-tail")
            done += 1
        self.assertGreater(done, 30)

    def test_several_in_order_and_either_case(self):
        hashes = ["%064x" % (i * 0xABCDEF) for i in range(5)]
        got = self.ok("key", "block", *[h.upper() for h in hashes], "--prefix", "p", "--namespace",
                      "n").lines
        self.assertEqual(got, [f"p/n/wombatkv/v1/block/b3={h}" for h in hashes])

    def test_mistakes(self):
        there = ("--prefix", "p", "--namespace", "n")
        for bad in ("", "0", "0" * 63, "0" * 65, "0" * 63 + "g", "0x" + "0" * 62):
            self.usage("key", "block", bad, *there)
            self.usage("key", "raw-tail", "0" * 64, bad, *there)
        self.usage("key", "block", *there)
        self.usage("key", *there)
        self.usage("key", "blocks", "0" * 64, *there)
        self.usage("key", "block", "0" * 64, "--prefix", "p", names="--namespace")
        self.usage("key", "block", "0" * 64, "--namespace", "n", names="--prefix")
        self.usage("key", "block", "0" * 64, "--prefix", "", "--namespace", "n", names="--prefix")
        self.usage("key", "block", "0" * 64, "--prefix", b"\xff", "--namespace", "n",
                   names="--prefix")
        self.usage("key", "block", "0" * 64, "--prefix", "p" * 1000, "--namespace", "n")
        self.usage("key", "block", "0" * 64, "--prefix", "p", "--namespace", "n/wombatkv/v1/x")
        self.usage("key", "parse")
        self.usage("key", "parse", "x", "--prefix", "p")

    def test_wal_keys(self):
        for key, want in (
                ("wal/t/fp/00000001795430688117/batch-node-a-00000000000000000001-2.bin",
                 {"kind": "wal-batch", "prefix": "wal/t/fp", "epoch_ms": 1795430688117,
                  "node": "node-a", "first_seq": 1, "last_seq": 2, "layout": "canonical"}),
                ("wal/t/fp/5/chunk-x--18446744073709551615.bin",
                 {"kind": "wal", "prefix": "wal/t/fp", "epoch_ms": 5, "node": "x-",
                  "first_seq": 2**64 - 1, "last_seq": 2**64 - 1, "layout": "canonical"}),
                ("wal/t/fp/chunk-node-b.local-7.bin",
                 {"kind": "wal", "prefix": "wal/t/fp", "node": "node-b.local", "first_seq": 7,
                  "last_seq": 7, "layout": "legacy"}),
                ("wal/t/fp/chunk-7.bin",
                 {"kind": "wal", "prefix": "wal/t/fp", "node": "node-local", "first_seq": 7,
                  "last_seq": 7, "layout": "legacy"}),
                ("wal/t/fp/chunk--7.bin", {"kind": "other"}),
                ("wal/t/fp/5/chunk-x-18446744073709551616.bin", {"kind": "other"}),
                ("wal/t/fp/notes.txt", {"kind": "other"})):
            self.assertEqual(self.ok("key", "parse", "--json", key).json, [{"key": key, **want}])

    def test_wal_keys_of_the_bucket(self):
        for row in table("bucket", "MANIFEST.tsv"):
            if row["key"].startswith("wal/") and "chunk-" in row["key"] or "batch-" in row["key"]:
                got = self.ok("key", "parse", "--json", row["key"]).json[0]
                ns = "/".join(row["key"].split("/")[:3])
                self.assertEqual(got["prefix"], ns)
                self.assertEqual(got["kind"], "wal" if "chunk-" in row["key"] else "wal-batch")

    def test_what_is_no_key(self):
        for key in ("", "x", "kv/ns/wombatkv/v1/block/b3=" + "0" * 63,
                    "kv/ns/wombatkv/v1/block/b3=" + "A" * 64, "wombatkv/v1/block/b3=" + "0" * 64,
                    "kv/ns/wkv/v1/block/b3=" + "0" * 64):
            self.assertEqual(self.ok("key", "parse", "--json", key).json,
                             [{"key": key, "kind": "other"}])

    def test_names_that_are_not_utf_8_keep_their_bytes(self):
        keys = [b"\xff", b"kv/\xff/ns/wombatkv/v1/block/b3=" + b"0" * 64,
                b"wal/t/5/chunk-\xc3(-7.bin", b"\xed\xa0\x80", "é\ufffd".encode()]
        got = self.ok("key", "parse", "--json", *keys).json
        for key, row in zip(keys, got):
            self.assertEqual(row["key"], key.decode("utf-8", "replace") if key[:1] != b"\xed"
                             else "\ufffd" * 3)
        self.assertEqual([bytes.fromhex(row["key_hex"]) for row in got[:-1]], keys[:-1])
        self.assertNotIn("key_hex", got[-1])
        out = self.ok("key", "parse", keys[0]).lines
        self.assertEqual(out, ["\\xff", "  key_hex  ff", "  kind     other"])


if __name__ == "__main__":
    unittest.main()
