# SPDX-License-Identifier: Apache-2.0
"""resolve: what the plan says to do, and that shared blocks are fetched once."""
import ctypes
import os
import select
import struct
import unittest

from harness import BUCKET, PROMPTS, ToolTest, table

IN_OPEN = 0x20


def options(row):
    return ["--bucket", BUCKET, "--prefix", row["prefix"], "--namespace", row["namespace"],
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
        for args in (["--json"], ["--json", "--trust-tail"]):
            single = [self.run_tool("resolve", *args, *options(rows[0]), prompt(r)).json[0] for r in rows]
            folder = os.path.join(BUCKET, rows[0]["prefix"], rows[0]["namespace"], "wombatkv/v1/block")
            libc = ctypes.CDLL(None)
            watch = libc.inotify_init()
            self.assertGreaterEqual(libc.inotify_add_watch(watch, os.fsencode(folder), IN_OPEN), 0)
            together = self.run_tool("resolve", *args, *options(rows[0]), *map(prompt, rows)).json
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


if __name__ == "__main__":
    unittest.main()
