# SPDX-License-Identifier: Apache-2.0
"""restore: the rows that a plan counts, told from the objects by the numbers of docs/FORMATS.md."""
import os
import shutil
import struct
import subprocess
import unittest

from harness import BUCKET, COMMAND, PROMPTS, ToolTest, read, table

RATIOS = [0, 0] + [4 if n % 2 == 0 else 128 for n in range(2, 43)]  # DeepSeek-V4-Flash
ROW, INDEX_ROW = 2048, 512


def options(row, bucket=BUCKET, prefix=None):
    return ["--bucket", bucket, "--prefix", prefix or row["prefix"], "--namespace", row["namespace"],
            "--dialect", "ds4", "--fingerprint", row["fingerprint"], "--quant-bits",
            row["quant_bits"], "--block-tokens", row["block_tokens"]]


class Object:
    """A plain object that is read from its start."""

    def __init__(self, data, at):
        self.data, self.at = data, at

    def number(self):
        self.at += 4
        return struct.unpack_from("<I", self.data, self.at - 4)[0]

    def rows(self, bytes_of_all):
        self.at += bytes_of_all
        return self.data[self.at - bytes_of_all:self.at]


def add_block(files, plain):
    block = Object(plain, 24)
    for layer, ratio in enumerate(RATIOS):
        assert block.number() == ratio
        if ratio != 0:
            files[layer, "comp"] += block.rows(block.number() * ROW)
        if ratio == 4:
            files[layer, "index"] += block.rows(block.number() * INDEX_ROW)
    assert block.at == len(plain) - 4


def add_tail(files, plain):
    tail = Object(plain, 20)
    raw = tail.number()
    tail.at = 36
    for layer in range(43):
        files[layer, "raw"] = tail.rows(raw * ROW)
    for layer, ratio in enumerate(RATIOS):
        c = 2 if ratio == 4 else 1
        if ratio != 0:
            files[layer, "state-kv"] = tail.rows(c * ratio * c * ROW)
            files[layer, "state-score"] = tail.rows(c * ratio * c * ROW)
            files[layer, "comp"] += tail.rows(tail.number() * ROW)
        if ratio == 4:
            files[layer, "index-state-kv"] = tail.rows(c * ratio * c * INDEX_ROW)
            files[layer, "index-state-score"] = tail.rows(c * ratio * c * INDEX_ROW)
            files[layer, "index"] += tail.rows(tail.number() * INDEX_ROW)
    assert tail.at == len(plain) - 4


class Tails(ToolTest):
    def plain(self, key):
        out = self.path("plain")
        self.ok("unwrap", os.path.join(BUCKET, key), "-o", out)
        data = read(out)
        os.unlink(out)
        return data

    def test_rows_of_tails_that_count(self):
        counted = 0
        for row in table("bucket", "prompts.tsv"):
            prompt = os.path.join(PROMPTS, row["name"] + ".u32")
            out = self.path(row["name"])
            result = self.run_tool("restore", "--json", "--trust-tail", *options(row), prompt, "-o", out)
            plan = result.json
            self.assertEqual(read(os.path.join(out, "plan.json")), result.out)
            counts = plan["raw_tail"] is not None and plan["raw_tail"]["reason"].startswith("counts")
            self.assertEqual(counts, plan["tokens_restored"] == plan["exact_from"] and
                             plan["usable_blocks"] != 0, row["name"])
            files = {(layer, kind): b"" for layer in range(43) for kind in ("comp", "index")}
            for block in plan["blocks"][:plan["usable_blocks"]]:
                add_block(files, self.plain(block["key"]))
            if counts and row["name"] == "shm_large_tail":  # of several chunks
                add_tail(files, self.chunks(plan["raw_tail"]["key"]))
            elif counts:
                add_tail(files, self.plain(plan["raw_tail"]["key"]))
            counted += counts
            want = {f"layer-{layer:02}.{kind}.f32": data for (layer, kind), data in files.items()
                    if data != b""}
            self.assertEqual(set(os.listdir(out)), {"plan.json", *want}, row["name"])
            for name, data in want.items():
                self.assertTrue(read(os.path.join(out, name)) == data, (row["name"], name))
            shutil.rmtree(out)
        self.assertGreater(counted, 5)

    def chunks(self, key):
        """A value whose manifest is under this key: a text with the name of their folder."""
        text = self.plain(key)
        base = key.split("/wombatkv/")[0] + "/__wmbt_kv_shm_large"
        folder, = (d for d in os.listdir(os.path.join(BUCKET, base)) if d.encode("ascii") in text)
        names = sorted(os.listdir(os.path.join(BUCKET, base, folder)))
        self.assertGreater(len(names), 1)
        return b"".join(self.plain(f"{base}/{folder}/{name}") for name in names)


class Memory(ToolTest):
    BLOCKS = 48

    def peak(self, *args):
        """Peak memory of the tool, in bytes."""
        with subprocess.Popen([*COMMAND, *args], stdout=subprocess.DEVNULL) as run:
            _, status, usage = os.wait4(run.pid, 0)
            run.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(run.returncode, 0)
        return usage.ru_maxrss * 1024

    def test_does_not_grow_with_the_blocks(self):
        row = next(r for r in table("bucket", "prompts.tsv") if r["name"] == "plain_two_blocks_tail")
        bucket, prefix = self.path("bucket"), "p"
        few, many = (self.write(f"{n}.u32", b"\1\2\0\0" * (128 * n)) for n in (2, self.BLOCKS))
        where = options(row, bucket, prefix)
        hashes = self.ok("chain", *where[6:], many).lines
        source = next(r for r in table("bucket", "blocks.tsv") if r["name"] == row["name"])
        block = bytearray(read(os.path.join(BUCKET, source["key"])))
        for i, key in enumerate(self.ok("key", "block", *where[2:6], *hashes).lines):
            block[8:12] = struct.pack("<I", i)  # no checksum covers the number
            self.write("bucket/" + key, block)
        small = self.peak("restore", *where, few, "-o", self.path("few"))
        large = self.peak("restore", *where, many, "-o", self.path("many"))
        self.assertEqual(os.path.getsize(self.path("many", "layer-02.comp.f32")),
                         self.BLOCKS * 32 * ROW)
        self.assertLess(large - small, 8 << 20)


if __name__ == "__main__":
    unittest.main()
