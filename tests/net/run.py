#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the image of restore.c against a server of this machine and holds what it prints against what
the tool says of the same bucket:

    WMBT_NET_SERVER='MODE...' run.py GOLDEN PROMPT TOOL EMULATOR... IMAGE

GOLDEN is the folder of the sample bucket, MODE one of server.py, or all. The rows are those that the
tool restores: where a board's memory does not hold all layers, plain restores the others on another
board.
"""
import concurrent.futures
import csv
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
import server as net  # noqa: E402 # pylint: disable=wrong-import-position
from server import s3_server  # noqa: E402 # pylint: disable=wrong-import-position

LAYERS = 43
KINDS = ["field", "comp", "index", "raw", "state-kv", "state-score", "index-state-kv", "index-state-score"]
SECONDS = 300  # of a run
# Modes that end with a refusal: what the board says that the store said.
REFUSALS = {"403": "denied", "503-always": "busy"}
REFUSED = 3
AT_ONCE = 4  # modes: boards and their server wait for each other most of the time


class Tool:
    def __init__(self, program, prompts, row):
        self.program, self.prompts = program, prompts
        self.options = ["--trust-tail", "--prefix", row["prefix"], "--namespace", row["namespace"],
                        "--dialect", "ds4", "--fingerprint", row["fingerprint"],
                        "--quant-bits", row["quant_bits"], "--block-tokens", row["block_tokens"],
                        row["name"] + ".u32"]

    def call(self, command, *options):
        """Standard output; status 1 says that an object is damaged."""
        done = subprocess.run([self.program, command, *options, *self.options], cwd=self.prompts, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        assert done.returncode in (0, 1), done
        return done.stdout

    def plan(self, bucket):
        return self.call("resolve", "--json", "--bucket", bucket)

    def rows(self, bucket):
        """{(layer, kind): rows}"""
        rows = {}
        with tempfile.TemporaryDirectory() as where:
            folder = os.path.join(where, "rows")
            self.call("restore", "--bucket", bucket, "-o", folder)
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                if name != "plan.json":
                    layer, kind, _ = name[len("layer-"):].split(".")
                    with open(os.path.join(folder, name), "rb") as f:
                        rows[int(layer), KINDS.index(kind)] = f.read()
        return rows


class Failed(Exception):
    pass


def rows_differ(said, rows, first):
    """None, or what is wrong with the line that tells of rows."""
    if not said or int(said[1]) != first or not first <= int(said[2]) < LAYERS:
        return "no rows"
    data = b"".join(rows.get((layer, kind), b"") for layer in range(first, int(said[2]) + 1)
                    for kind in range(len(KINDS)))
    if int(said[3]) != len(data) or said[4] != hashlib.sha256(data).hexdigest():
        return f"the tool restores {len(data)} other bytes, {hashlib.sha256(data).hexdigest()}"
    return None


class Run:
    """One mode; what is printed is shown at once, or kept."""

    def __init__(self, mode, show):
        self.mode, self.show, self.text = mode, show, ""

    def say(self, text):
        self.text += text
        if self.show:
            print(text, end="", flush=True)

    def board(self, server, emulator, first):
        """(exit status, output) of the image, which is to keep the rows of the layers from `first` on."""
        words = ["restore", str(server.server_address[1]), s3_server.ACCESS_KEY, s3_server.SECRET,
                 s3_server.REGION, s3_server.BUCKET, str(first)]
        command = [",".join([word] + ["arg=" + w for w in words]) if word.startswith("enable=on") else word
                   for word in emulator]
        begin = len(self.text)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as done:
            timer = threading.Timer(SECONDS, done.kill)
            timer.start()
            for line in done.stdout:
                self.say(line)
            timer.cancel()
        return done.returncode, self.text[begin:]

    def restore(self, server, emulator, tool, first):
        """The layer behind the last that the board has restored as the tool does."""
        status, output = self.board(server, emulator, first)
        if status != 0:
            raise Failed(f"status {status}")
        # What the store has now: the mode may have changed it.
        plan, rows = tool.plan(server.folder), tool.rows(server.folder)
        text, found, rest = output.partition("\n]\n")
        if text + found != plan:
            raise Failed("another plan than the tool's:\n" + plan)
        said = re.match(r"rows of layers (\d+) to (\d+): (\d+) bytes in memory, sha256 (\w+)\n", rest)
        wrong = rows_differ(said, rows, first)
        if wrong:
            raise Failed(wrong)
        if server.folder != server.first and rows_differ(said, tool.rows(server.first), first) is None:
            raise Failed("the rows of the other object are the same: this shows nothing")
        return int(said[2]) + 1

    def refuse(self, server, emulator):
        status, output = self.board(server, emulator, 0)
        if status != REFUSED or "tokens" in output or "rows" in output \
                or f"the store said {REFUSALS[self.mode]}\n" not in output:
            raise Failed(f"status {status}, and not the refusal that is due")

    def run(self, bucket, keys, tool, emulator):
        self.say(f"== a server that {net.MODES[self.mode]}\n")
        with tempfile.TemporaryDirectory() as folder:
            server = net.Server(self.mode, bucket, keys, folder)
            try:
                if self.mode in REFUSALS:
                    self.refuse(server, emulator)
                    result = "the refusal that is due"
                else:
                    end = self.restore(server, emulator, tool, 0)
                    while self.mode == "plain" and end < LAYERS:
                        end = self.restore(server, emulator, tool, end)
                    result = "the plan that the tool makes, and its rows"
                if server.done == 0 and self.mode not in ("plain", "damaged"):
                    raise Failed("the server did not misbehave")
                self.say(f"ok - {self.mode}: {result}\n")
                return True
            except Failed as why:
                self.say(f"not ok - {self.mode}: {why}\n")
                return False
            finally:
                server.close()


def main():
    golden, prompt, tool, *emulator = sys.argv[1:]
    golden = os.path.abspath(golden)
    modes = os.environ.get("WMBT_NET_SERVER", "plain").split()
    modes = list(net.MODES) if modes == ["all"] else modes
    if not modes or not set(modes) <= set(net.MODES):
        sys.exit(f"net: a server's modes are {' '.join(net.MODES)}, or all")
    with open(os.path.join(golden, "prompts.tsv"), encoding="utf-8") as f:
        row = next(row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                   if row["name"] == prompt)
    keys = [f"{row['prefix']}/{row['namespace']}/wombatkv/v1/block/b3={digits}"
            for digits in row["hashes"].split(",")] + [row["tail_key"]]
    tool = Tool(tool, os.path.join(golden, "prompts"), row)
    bucket = os.path.join(golden, "bucket")
    if len(modes) == 1:
        sys.exit(0 if Run(modes[0], True).run(bucket, keys, tool, emulator) else 1)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = [Run(mode, False) for mode in modes]
        for run, good in zip(runs, pool.map(lambda run: run.run(bucket, keys, tool, emulator), runs)):
            bad += not good
            print(run.text, flush=True)
    sys.exit(bad != 0)


main()
