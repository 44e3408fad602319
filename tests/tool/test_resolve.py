# SPDX-License-Identifier: Apache-2.0
"""resolve: what the plan says to do, and that shared blocks are fetched once."""
import ctypes
import os
import select
import shutil
import struct
import unittest

from harness import BUCKET, PROMPTS, ToolTest, table

IN_OPEN = 0x20


def options(row, bucket=BUCKET):
    return ["--bucket", bucket, "--prefix", row["prefix"], "--namespace", row["namespace"],
            "--dialect", "ds4", "--fingerprint", row["fingerprint"], "--quant-bits",
            row["quant_bits"], "--block-tokens", row["block_tokens"]]


def prompt(row):
    return os.path.join(PROMPTS, row["name"] + ".u32")


def exact_without_tail(boundary, tokens):
    """docs/REUSE.md: from where a run is exact without a tail."""
    start = min(boundary, tokens - 1) - 43 * 127
    for layer in range(2, 43, 2):
        start = min(start, boundary - 4 - layer * 127)
    return max(start, 0)


class Plans(ToolTest):
    def test_what_to_run(self):
        tails = 0
        for row in table("bucket", "prompts.tsv"):
            for more in ([], ["--trust-tail"], ["--inexact"], ["--trust-tail", "--inexact"]):
                got = self.run_tool("resolve", "--json", *options(row), *more, prompt(row)).json[0]
                usable, tokens = got["usable_blocks"], got["tokens"]
                tail = got["raw_tail"] is not None and got["raw_tail"]["reason"].startswith("counts")
                start = got["tokens_restored"] if tail or "--inexact" in more else \
                    exact_without_tail(usable * got["block_tokens"], tokens)
                want = (start, tokens - start, usable if start != 0 else 0, tail, start)
                self.assertEqual((got["run_from"], got["run_tokens"], got["load_blocks"], got["load_tail"],
                                  got["saved_tokens"]), want, (row["name"], more))
                self.assertEqual(got["run_from"] == got["exact_from"] or "--inexact" in more, True)
                tails += tail
        self.assertGreater(tails, 10)


class Shared(ToolTest):
    @unittest.skipUnless(hasattr(ctypes.CDLL(None), "inotify_init"), "Linux")
    def test_is_fetched_once(self):
        rows = [r for r in table("bucket", "prompts.tsv")
                if r["name"] in ("two_blocks_tail", "shares_first_block", "longer_than_tail", "hole")]
        blocks = {b for r in rows for b in r["hashes"].split(",") if b != "-"}
        self.assertLess(len(blocks), sum(len(r["hashes"].split(",")) for r in rows))
        bucket = self.path("bucket")  # what other tests open at the same time is not counted
        shutil.copytree(os.path.join(BUCKET, rows[0]["prefix"]), os.path.join(bucket, rows[0]["prefix"]))
        for args in (["--json"], ["--json", "--trust-tail"]):
            single = [self.run_tool("resolve", *args, *options(rows[0], bucket), prompt(r)).json[0] for r in rows]
            folder = os.path.join(bucket, rows[0]["prefix"], rows[0]["namespace"], "wombatkv/v1/block")
            libc = ctypes.CDLL(None)
            watch = libc.inotify_init()
            self.assertGreaterEqual(libc.inotify_add_watch(watch, os.fsencode(folder), IN_OPEN), 0)
            together = self.run_tool("resolve", *args, *options(rows[0], bucket), *map(prompt, rows)).json
            self.assertEqual(together, single)
            opened = self.names(watch)
            os.close(watch)
            self.assertEqual(len(opened), len(set(opened)), opened)
            self.assertGreater(len(opened), 3)

    @staticmethod
    def names(watch):
        """Names of the files that were opened."""
        found = []
        while select.select([watch], [], [], 0)[0]:
            data = os.read(watch, 1 << 16)
            while data:
                _, mask, _, size = struct.unpack_from("iIII", data)
                name = data[16:16 + size].rstrip(b"\0")
                if mask & IN_OPEN and name:
                    found.append(name)
                data = data[16 + size:]
        return found


class Together(ToolTest):
    """Several prompts are hashed side by side: the answers are those of each alone."""

    def files(self):
        """Of every length around a block of 128, and up to 80 blocks, in no order."""
        lengths = [0, 1, 127, 128, 129, 255, 256, 257, 10240, *range(300, 6000, 691)]
        paths = []
        for i, length in enumerate(sorted(lengths, key=lambda n: n * 7919 % 1009)):
            tokens = [(t * 2654435761 + length) % 129280 for t in range(length)]
            paths.append(self.write(f"{i}.u32", struct.pack(f"<{length}I", *tokens)))
        return paths

    def test_equals_each_alone(self):
        ds4 = options(next(r for r in table("bucket", "prompts.tsv")))
        core = ds4[:6] + ["--dialect", "core", "--tenant", "t", "--fingerprint", "5f" * 32, "--block-tokens"]
        paths = self.files()
        for args in (ds4, core + ["128"], core + ["300"]):
            many = paths * 4 + paths[:5]  # more than are hashed at once
            self.assertGreater(len(many), 64)
            together = self.ok("resolve", "--json", *args, *many).json
            alone = {path: self.ok("resolve", "--json", *args, path).json[0] for path in paths}
            self.assertEqual(together, [alone[path] for path in many])
            for path in paths:
                hashes = self.ok("chain", "--json", *args[6:], path).json["hashes"]
                self.assertEqual([block["hash"] for block in alone[path]["blocks"]], hashes)

    def test_ds4_ends_after_512_blocks(self):
        row = next(r for r in table("bucket", "prompts.tsv"))
        long = self.write("long.u32", struct.pack("<66048I", *range(66048)))
        got = self.ok("resolve", "--json", *options(row), long, self.files()[3], long).json
        self.assertEqual([len(got[0]["blocks"]), got[0]["tokens"]], [512, 66048])
        self.assertEqual(got[0], got[2])

    def test_one_that_cannot_be_read(self):
        row = next(r for r in table("bucket", "prompts.tsv") if r["name"] == "two_blocks_tail")
        bad = self.write("bad.u32", b"12345")
        paths = [prompt(row), bad, prompt(row), self.path("none.u32"), prompt(row)]
        for order in (paths, paths[::-1]):
            result = self.refused("resolve", "--json", *options(row), *order,
                                  names=next(path for path in order if path != prompt(row)))
            single = self.ok("resolve", "--json", *options(row), prompt(row)).json[0]
            for path, got in zip(order, result.json):
                if path == prompt(row):
                    self.assertEqual(got, single)
                else:
                    self.assertIn(got["status"], ("bad-length", "missing"))
                    self.assertEqual(got["path"], path)

    def test_errors_come_in_order(self):
        """A damaged block of the first prompt is named, not the second, which is no prompt."""
        for row in table("bucket", "prompts.tsv"):
            alone = self.run_tool("resolve", "--json", *options(row), prompt(row))
            if alone.code == 1:
                break
        both = self.refused("resolve", "--json", *options(row), prompt(row), self.write("bad.u32", b"12345"))
        self.assertTrue(both.err.startswith(alone.err.rstrip(b"\n")), (both.err, alone.err))


class Hints(ToolTest):
    """Where no block is stored, the answer says how far the keys lead."""

    def resolve(self, prefix, namespace, fingerprint="5f1c0a9be2d74c38a6b01e92", bucket=BUCKET):
        args = ["resolve", "--bucket", bucket, "--prefix", prefix, "--namespace", namespace,
                "--dialect", "ds4", "--fingerprint", fingerprint, "--quant-bits", "2",
                "--block-tokens", "128", os.path.join(PROMPTS, "two_blocks_tail.u32")]
        row, = self.ok(*args, "--json").json
        return row.get("exists_up_to"), self.ok(*args).out.decode().split("bytes to read", 1)[1]

    def test_parts(self):
        blocks = "kv/cabi/ds4-metal/wombatkv/v1/block/"
        for prefix, namespace, part, words in (
                ("kv/cabi", "none", "kv/cabi/", "no blocks of this --prefix and --namespace"),
                ("kv/none", "ds4-metal", "kv/", "no blocks of this --prefix and --namespace"),
                ("none/kv", "ds4-metal", "", "nothing below none/"),
                ("wal", "tenant-a", "wal/tenant-a/", "keys below wal/tenant-a/")):
            got, said = self.resolve(prefix, namespace)
            self.assertEqual(got, part)
            self.assertIn(words, said)
        got, said = self.resolve("kv/cabi", "ds4-metal", "another")
        self.assertEqual(got, blocks)
        self.assertIn(f"Blocks are stored below {blocks}, but none of these", said)
        got, said = self.resolve("kv/cabi", "ds4-metal")
        self.assertEqual((got, "Blocks" in said), (None, False))
        os.mkdir(self.path("empty"))
        self.assertEqual(self.resolve("kv/cabi", "x", bucket=self.path("empty"))[0], "")

    def test_no_blocks(self):
        row, = self.ok("resolve", "--bucket", BUCKET, "--prefix", "none", "--namespace", "",
                       "--dialect", "ds4", "--fingerprint", "f", "--quant-bits", "2",
                       "--block-tokens", "128", "--json", self.write("few", b"[1, 2]")).json
        self.assertEqual((row["tokens"], row.get("exists_up_to")), (2, None))


if __name__ == "__main__":
    unittest.main()
