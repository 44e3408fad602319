#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an example and compares the plan it prints with prompts.tsv:

    check.py DATA_DIR SECONDS PROMPT[:COLUMN] COMMAND...

COLUMN: restored_tokens if the example does not read the tail; else restored_with_tail_proof.
"""
import csv
import os
import re
import subprocess
import sys

data, seconds, prompt, command = sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]
prompt, _, column = prompt.partition(":")
with open(os.path.join(data, "golden/bucket/prompts.tsv"), encoding="utf-8") as f:
    rows = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
    row = next(row for row in rows if row["name"] == prompt)
restored = int(row[column or "restored_with_tail_proof"])
want = (int(row["usable_blocks"]), restored, int(row["tokens"]) - restored)
done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=seconds,
                      check=False)
output = done.stdout.decode()
got = re.findall(r"^plan: blocks (\d+), restored (\d+), prefill (\d+),", output, re.M)
print(output, end="")
if done.returncode != 0 or [tuple(map(int, plan)) for plan in got] != [want]:
    sys.exit(f"status {done.returncode}, plan {got}, want {want}")
