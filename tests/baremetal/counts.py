#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the counts that the image "counts" prints with docs/COUNTS.md:

    counts.py COLUMN SECONDS EMULATOR... IMAGE

A count above 1 % more than the table's is a failure, and so is a row that the table does not have.
For a column (a build) that the table does not have, the counts are only printed. Set WMBT_UPDATE to
write the column instead.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "COUNTS.md")
HEAD = """# Instruction counts

Instructions retired on RISC-V, counted exactly by the emulator; not cycles. Default options: fast
kernels. What is measured: tests/baremetal/counts/counts.c. After an intended change:
`WMBT_UPDATE=1 tests/baremetal/run_all.sh --only rv32imac ... DIR` for each column.

"""


def read_table():
    """(columns, {row: {column: text}})"""
    columns, rows = [], {}
    if os.path.exists(DOCUMENT):
        with open(DOCUMENT, encoding="utf-8") as f:
            lines = [line.strip().strip("|").split("|") for line in f if line.startswith("|")]
        cells = [[cell.strip() for cell in line] for line in lines]
        columns = cells[0][1:]
        rows = {line[0]: dict(zip(columns, line[1:])) for line in cells[2:]}
    return columns, rows


def write_table(column, counts):
    columns, rows = read_table()
    columns = sorted(set(columns + [column]))
    with open(DOCUMENT, "w", encoding="utf-8") as f:
        f.write(HEAD + "|  | " + " | ".join(columns) + " |\n|---" + "|---:" * len(columns) + "|\n")
        for name, count in counts.items():
            old = {**rows.get(name, {}), column: str(count)}
            f.write(f"| {name} | " + " | ".join(old.get(c, "-") for c in columns) + " |\n")


def grown(column, counts):
    columns, rows = read_table()
    if column not in columns:
        return
    for name, count in counts.items():
        was = rows.get(name, {}).get(column, "-")
        if was == "-" or count * 100 > int(was) * 101:
            yield f"{column}: {name}: {was} grew to {count}"


def main():
    column, command = sys.argv[1], sys.argv[2:]
    done = subprocess.run([sys.executable, os.path.join(HERE, "run.py"), *command],
                          stdout=subprocess.PIPE, text=True, check=False)
    sys.stdout.write(done.stdout)
    counts = {name: int(count)
              for count, name in re.findall(r"^# count (\d+) (.*)$", done.stdout, re.M)}
    if done.returncode != 0 or not counts:
        sys.exit(done.returncode or 99)
    if os.environ.get("WMBT_UPDATE"):
        write_table(column, counts)
        sys.exit(0)
    problems = list(grown(column, counts))
    sys.stderr.write("".join(problem + "\n" for problem in problems))
    sys.exit(1 if problems else 0)


main()
