#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the image of restore.c against a server of this machine and holds what it prints against what
the tool says of the same bucket: run.py GOLDEN PROMPT TOOL MODE EMULATOR... IMAGE

GOLDEN is the folder of the sample bucket, MODE one of server.py. The rows are those that the tool
restores: where a board's memory does not hold all layers, plain restores the others on another board.
"""
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


def tool_options(row, bucket):
    return ["--trust-tail", "--bucket", bucket, "--prefix", row["prefix"], "--namespace", row["namespace"],
            "--dialect", "ds4", "--fingerprint", row["fingerprint"], "--quant-bits", row["quant_bits"],
            "--block-tokens", row["block_tokens"], row["name"] + ".u32"]


def tool_plan(tool, prompts, row, bucket):
    """What `resolve` prints. Status 1 says that an object is damaged."""
    done = subprocess.run([tool, "resolve", "--json", *tool_options(row, bucket)], cwd=prompts,
                          stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 1), done
    return done.stdout


def tool_rows(tool, prompts, row, bucket):
    """{(layer, kind): rows} of `restore`."""
    rows = {}
    with tempfile.TemporaryDirectory() as where:
        folder = os.path.join(where, "rows")
        subprocess.run([tool, "restore", *tool_options(row, bucket), "-o", folder], cwd=prompts,
                       stdout=subprocess.DEVNULL, check=False)
        for name in os.listdir(folder):
            if name != "plan.json":
                layer, kind, _ = name[len("layer-"):].split(".")
                with open(os.path.join(folder, name), "rb") as f:
                    rows[int(layer), KINDS.index(kind)] = f.read()
    return rows


def emulate(command):
    """(exit status, output); the output is shown as it comes."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as emulator:
        timer = threading.Timer(SECONDS, emulator.kill)
        timer.start()
        lines = []
        for line in emulator.stdout:
            lines.append(line)
            print(line, end="", flush=True)
        timer.cancel()
    return emulator.returncode, "".join(lines)


def compare(output, plan, rows, first):
    """The layer behind the last that was restored. Exits if anything differs."""
    text, found, rest = output.partition("\n]\n")
    if text + found != plan:
        sys.exit("net: another plan than the tool's:\n" + plan)
    said = re.match(r"rows of layers (\d+) to (\d+): (\d+) bytes in memory, sha256 ([0-9a-f]{64})\n", rest)
    if not said or int(said[1]) != first or not first <= int(said[2]) < LAYERS:
        sys.exit("net: no rows")
    end = int(said[2]) + 1
    data = b"".join(rows.get((layer, kind), b"") for layer in range(first, end) for kind in range(8))
    if int(said[3]) != len(data) or said[4] != hashlib.sha256(data).hexdigest():
        sys.exit(f"net: the tool restores {len(data)} other bytes, {hashlib.sha256(data).hexdigest()}")
    return end


def board(server, emulator, first):
    """Runs the image, which is to keep the rows of the layers from `first` on."""
    words = ["restore", str(server.server_address[1]), s3_server.ACCESS_KEY, s3_server.SECRET,
             s3_server.REGION, s3_server.BUCKET, str(first)]
    at = next(i for i, word in enumerate(emulator) if word.startswith("enable=on"))
    return emulate(emulator[:at] + [",".join([emulator[at]] + ["arg=" + word for word in words])]
                   + emulator[at + 1:])


def main():
    golden, prompt, tool, mode, *emulator = sys.argv[1:]
    golden = os.path.abspath(golden)
    prompts = os.path.join(golden, "prompts")
    with open(os.path.join(golden, "prompts.tsv"), encoding="utf-8") as f:
        row = next(row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                   if row["name"] == prompt)
    keys = [f"{row['prefix']}/{row['namespace']}/wombatkv/v1/block/b3={digits}"
            for digits in row["hashes"].split(",")] + [row["tail_key"]]
    with tempfile.TemporaryDirectory() as folder:
        server = net.Server(mode, os.path.join(golden, "bucket"), keys, folder)
        first, status, output = 0, 0, ""
        while first < LAYERS:
            status, output = board(server, emulator, first)
            if mode in REFUSALS:
                break
            if status != 0:
                sys.exit(f"net: status {status}")
            # What the store has now: the mode may have changed it.
            first = compare(output, tool_plan(tool, prompts, row, server.folder),
                            tool_rows(tool, prompts, row, server.folder), first)
            if mode != "plain":
                break
        server.close()
        if mode in REFUSALS and (status != REFUSED or "tokens" in output or "rows" in output or
                                 f"the store said {REFUSALS[mode]}\n" not in output):
            sys.exit(f"net: status {status}, and not the refusal that is due")
        if mode not in ("plain", "damaged") and server.done == 0:
            sys.exit("net: the server did not misbehave")
    print(f"ok - {mode}: " + ("the refusal that is due" if mode in REFUSALS else
                              "the plan that the tool makes, and its rows"))


main()
