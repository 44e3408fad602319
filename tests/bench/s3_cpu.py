#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a restore from S3 costs: CPU time of a program that restores a prompt over the loopback, as a
ratio to libcurl writing the same bytes to /dev/null plus our verification of them from files.

    s3_cpu.py [--runs N] DATA WOMBATKV [S3_EPOLL]

The store is a process of its own, so its time does not count. The least of N runs of each counts."""
import argparse
import csv
import multiprocessing
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "tool"))
import s3_server  # noqa: E402 # pylint: disable=wrong-import-position

PROMPT = "plain_two_blocks_tail"


def serve(folder, port):
    server = s3_server.Server(folder)
    server.anonymous = True
    port.put(server.server_address[1])
    multiprocessing.Event().wait()


def cpu(command, env):
    """User and system time of a program, in ms."""
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as done:
        _, status, usage = os.wait4(done.pid, 0)
        done.returncode = status
    if status != 0:
        sys.exit(f"{command[0]} failed")
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("data")
    parser.add_argument("tool")
    parser.add_argument("example", nargs="?")
    args = parser.parse_args()
    golden = os.path.join(args.data, "golden/bucket")
    bucket, tokens = os.path.join(golden, "bucket"), os.path.join(golden, "prompts", PROMPT + ".u32")
    with open(os.path.join(golden, "prompts.tsv"), encoding="utf-8") as f:
        row = next(r for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE) if r["name"] == PROMPT)
    port = multiprocessing.Queue()
    store = multiprocessing.Process(target=serve, args=(bucket, port), daemon=True)
    store.start()
    where = f"127.0.0.1:{port.get()}"
    env = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "c"}
    base = f"{row['prefix']}/{row['namespace']}/wombatkv/v1/block/b3="
    keys = [base + digits for digits in row["hashes"].split(",")] + [row["tail_key"]]
    resolve = [args.tool, "resolve", "--json", "--trust-tail", "--prefix", row["prefix"], "--namespace",
               row["namespace"], "--dialect", "ds4", "--fingerprint", row["fingerprint"], "--quant-bits",
               row["quant_bits"], "--block-tokens", row["block_tokens"], tokens]
    remote = resolve + ["--bucket", "s3://" + s3_server.BUCKET, "--endpoint-url", "http://" + where]
    curl = ["curl", "-s", "-f"]
    for key in keys:
        curl += ["-o", "/dev/null", f"http://{where}/{s3_server.BUCKET}/{key.replace('=', '%3D')}"]
    programs = {"libcurl to /dev/null": curl, "verification": resolve + ["--bucket", bucket],
                "resolve --client curl": remote, "resolve --client core": remote + ["--client", "core"]}
    if args.example:
        programs["s3_epoll, rows in memory"] = [
            args.example, *where.split(":"), s3_server.BUCKET, row["prefix"], row["namespace"],
            row["fingerprint"], row["quant_bits"], row["block_tokens"], tokens]
    least = {name: min(cpu(command, env) for _ in range(args.runs)) for name, command in programs.items()}
    size = sum(os.path.getsize(os.path.join(bucket, key)) for key in keys)
    allowed = least["libcurl to /dev/null"] + least["verification"]
    print(f"{size} bytes, the least of {args.runs} runs")
    for name, ms in least.items():
        ratio = f"{ms / allowed:6.2f}" if name not in ("libcurl to /dev/null", "verification") else ""
        print(f"{name:26} {ms:8.1f} ms {ratio}")
    store.terminate()


main()
