#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an example and compares the plan it prints with prompts.tsv. With --rows also the rows that it has
restored, of plain objects, with what docs/FORMATS.md says about them.
"""
import argparse
import csv
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile

RATIOS = ([0, 0] + [4, 128] * 21)[:43]  # DeepSeek-V4-Flash, whose blocks are written today
ROW, INDEX_ROW, WINDOW = 2048, 512, 128
COMP, INDEX, RAW, STATE_KV, STATE_SCORE, INDEX_STATE_KV, INDEX_STATE_SCORE = range(1, 8)


class Object:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = f.read()
        self.at = 0

    def number(self):
        self.at += 4
        return struct.unpack_from("<I", self.data, self.at - 4)[0]

    def rows(self, count, row):
        self.at += count * row
        return self.data[self.at - count * row:self.at]


KINDS = ["field", "comp", "index", "raw", "state-kv", "state-score", "index-state-kv", "index-state-score"]


def rows_of_objects(folder, row):
    """The rows of each layer and kind, taken from the plain objects of the bucket."""
    rows = {(layer, kind): b"" for layer in range(43) for kind in range(1, 8)}
    base = os.path.join(folder, row["prefix"], row["namespace"], "wombatkv/v1/block/b3=")
    for digits in row["hashes"].split(","):
        block = Object(base + digits)
        block.at = 24
        for layer, ratio in enumerate(RATIOS):
            assert block.number() == ratio
            if ratio != 0:
                rows[layer, COMP] += block.rows(block.number(), ROW)
            if ratio == 4:
                rows[layer, INDEX] += block.rows(block.number(), INDEX_ROW)
    tail = Object(os.path.join(folder, row["tail_key"]))
    tail.at = 20
    raw = tail.number()
    tail.at = 36
    for layer in range(43):
        rows[layer, RAW] = tail.rows(raw, ROW)
    for layer, ratio in enumerate(RATIOS):
        c = 2 if ratio == 4 else 1
        if ratio != 0:
            rows[layer, STATE_KV] = tail.rows(c * ratio, c * ROW)
            rows[layer, STATE_SCORE] = tail.rows(c * ratio, c * ROW)
            rows[layer, COMP] += tail.rows(tail.number(), ROW)
        if ratio == 4:
            rows[layer, INDEX_STATE_KV] = tail.rows(c * ratio, c * INDEX_ROW)
            rows[layer, INDEX_STATE_SCORE] = tail.rows(c * ratio, c * INDEX_ROW)
            rows[layer, INDEX] += tail.rows(tail.number(), INDEX_ROW)
    assert tail.at == len(tail.data) - 4
    return rows


def rows_of_tool(tool, folder, row):
    """The same as `wombatkv restore` writes them."""
    rows = {(layer, kind): b"" for layer in range(43) for kind in range(1, 8)}
    with tempfile.TemporaryDirectory() as where:
        subprocess.run([tool, "restore", "--trust-tail", "--bucket", folder, "--prefix", row["prefix"], "--namespace",
                        row["namespace"], "--dialect", "ds4", "--fingerprint", row["fingerprint"], "--quant-bits",
                        row["quant_bits"], "--block-tokens", row["block_tokens"],
                        os.path.join(folder, "../prompts", row["name"] + ".u32"), "-o", os.path.join(where, "rows")],
                       stdout=subprocess.DEVNULL, check=True)
        for name in os.listdir(os.path.join(where, "rows")):
            if name != "plan.json":
                layer, kind, _ = name[len("layer-"):].split(".")
                with open(os.path.join(where, "rows", name), "rb") as f:
                    rows[int(layer), KINDS.index(kind)] = f.read()
    return rows


def image_of(rows, block_tokens, first, end, max_blocks, room):
    """The cache as layout.c lays it out."""
    out = []
    for layer in range(first, end):
        ratio, most = RATIOS[layer], block_tokens * (max_blocks + 1)
        for kind in range(1, 8):
            size = WINDOW * ROW if kind == RAW else len(rows[layer, kind])
            if ratio != 0 and kind == COMP:
                size = most // ratio * ROW
            if ratio == 4 and kind == INDEX:
                size = most // ratio * INDEX_ROW
            out.append(rows[layer, kind].ljust(size, b"\0"))
    return b"".join(out).ljust(room, b"\0")


def exact_without_tail(boundary, tokens):
    """docs/REUSE.md: from where a run is exact without a tail."""
    start = min(boundary, tokens - 1) - 43 * 127
    for layer in range(2, 43, 2):
        start = min(start, boundary - 4 - layer * 127)
    return max(start, 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-tail", action="store_true", help="the tail is too large, or not vouched for")
    parser.add_argument("--rows", help="FIRST,END,MAX_BLOCKS,BYTES: layers kept, room for blocks, at least")
    parser.add_argument("--tool", help="take those rows from what this wombatkv restores")
    parser.add_argument("data")
    parser.add_argument("seconds", type=float)
    parser.add_argument("prompt")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    golden = os.path.join(args.data, "golden/bucket")
    with open(os.path.join(golden, "prompts.tsv"), encoding="utf-8") as f:
        row = next(row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                   if row["name"] == args.prompt)
    usable, tokens = int(row["usable_blocks"]), int(row["tokens"])
    boundary = usable * int(row["block_tokens"])
    restored = int(row["restored_with_tail_proof"])
    # The tail counts if it takes the prompt further than its blocks, or to where they end.
    counts = not args.no_tail and usable != 0 and row["tail_verdict"].startswith("ok")
    counts = counts and int(row["tail_total_tokens"]) <= tokens
    start = restored if counts else exact_without_tail(boundary, tokens)
    want = (usable if start != 0 else 0, counts, tokens - start, start)
    done = subprocess.run(args.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=args.seconds, check=False)
    output = done.stdout.decode()
    print(output, end="")
    got = re.findall(r"^plan: load blocks (\d+)( and the tail)?, run (\d+) from (\d+), saves (\d+),", output, re.M)
    plans = [(int(n), tail != "", int(run), int(at)) for n, tail, run, at, _ in got]
    if done.returncode != 0 or plans != [want] or int(got[0][4]) != start:
        sys.exit(f"status {done.returncode}, plan {got}, want {want}")
    if args.rows:
        folder = os.path.join(golden, "bucket")
        rows = rows_of_tool(args.tool, folder, row) if args.tool else rows_of_objects(folder, row)
        rows = image_of(rows, int(row["block_tokens"]), *map(int, args.rows.split(",")))
        if "rows: " + hashlib.sha256(rows).hexdigest() not in output.splitlines():
            sys.exit(f"other rows than the {len(rows)} bytes expected")


main()
