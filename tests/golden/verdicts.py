#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the engine's verdicts (JSON) into tables: verdicts.py STAMP ENGINE_DIR OUT_DIR

A row: name, object, operations, the engine's reason, the status that we give for that reason.
Operations are applied in order: put:OFFSET:HEX append:HEX truncate:N flip:BIT fixcrc, separated by
commas; "-" is none. Fails on a reason that has no status, and on an operation it does not know.
"""
import json
import os
import sys

STATUS = {
    "accepted": 0,
    "truncated": 32, "too_small": 32, "empty": 32,
    "trailing": 33,
    "magic": 34,
    "body_len": 35,
    "comp_rows": 36, "index_rows": 36, "raw_rows_over_window": 36, "raw_rows_over_total": 36,
    "end_marker": 43,
    "n_layers": 45, "ratio": 45, "layout": 45,
    "version": 80,
    "crc": 96,
    "block_seq": 112, "token_count": 112,
}
OPERANDS = {"put": 2, "append": 1, "truncate": 1, "flip": 1, "fixcrc": 0}


def operation(op):
    if len(op) != 1 + OPERANDS[op[0]]:
        sys.exit(f"operation {op}")
    return ":".join(str(part) for part in op)


def convert(source, out):
    with open(source, encoding="utf-8") as f:
        verdicts = json.load(f)
    lines = [f"# rows: {len(verdicts)}", "#columns:\tname\tobject\tops\treason\tstatus"]
    for row in verdicts:
        if row["accepted"] != (row["reason"] == "accepted"):
            sys.exit(f"{row['name']}: accepted, with reason {row['reason']}")
        ops = ",".join(operation(op) for op in row["ops"]) or "-"
        cells = [row["name"], row["object"], ops, row["reason"], str(STATUS[row["reason"]])]
        if any("\t" in cell or "\n" in cell for cell in cells):
            sys.exit(f"{row['name']}: a cell holds a tab or a line end")
        lines.append("\t".join(cells))
    with open(out, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def main():
    stamp, engine, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    for source, name in (("kvb1_verdicts.json", "kvblock"), ("raw_tail_verdicts.json", "rawtail")):
        convert(os.path.join(engine, source), os.path.join(out, name + ".tsv"))
    with open(stamp, "w") as f:
        f.write("ok\n")


main()
