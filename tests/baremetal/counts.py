#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the counts that the image "counts" prints with docs/COUNTS.md:

    counts.py COLUMN SECONDS EMULATOR... IMAGE | --self-test

A count above 1 % more than the table's is a failure, and so is a row that only one of them has. For
a column (a build) that the table does not have, the counts are only printed; run_all.py knows which
builds have one. Set WMBT_UPDATE to write the column first.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(HERE)), "docs", "COUNTS.md")
HEAD = """# Instruction counts

Instructions retired, counted by the emulator (on Cortex-M to 40 of them); not cycles. Default options: the
kernels for the machine; "portable" is without them. What is measured: tests/baremetal/counts/counts.c. After
an intended change:
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


def grown(column, counts, table):
    columns, rows = table
    if column not in columns:
        return
    print("# compared with " + column)
    for name, count in counts.items():
        was = rows.get(name, {}).get(column, "-")
        if was == "-" or count * 100 > int(was) * 101:
            yield f"{column}: {name}: {was} grew to {count}"
    for name in rows:
        if name not in counts:
            yield f"{column}: {name}: not counted any more"


def missing(columns, counted):
    """What the table's columns and the builds' {build: column} have not in common."""
    for column in sorted(set(columns) ^ set(counted.values())):
        yield f"COUNTS.md and run_all.py: only one has a column {column}"


def compared(column, output):
    """True if a run's output says that its counts were compared with that column."""
    return f"# compared with {column}" in output.splitlines()


def self_test():
    table = (["a", "b"], {"x": {"a": "1000", "b": "5"}, "y": {"a": "100", "b": "-"}})
    good = {"x": 1010, "y": 101}
    bad = [{**good, "x": 1011}, {**good, "z": 1}, {"x": 1010}, {"y": 101}]
    problems = list(grown("a", good, table)) + list(grown("c", bad[0], table))
    problems += [f"not caught: {counts}" for counts in bad if not list(grown("a", counts, table))]
    if not list(grown("b", {"x": 5, "y": 1}, table)):
        problems.append("not caught: a cell without a number")
    problems += missing(["a", "b"], {"one": "b", "two": "a"})
    for columns in (["a"], ["a", "b", "c"], ["a", "d"]):
        if not list(missing(columns, {"one": "b", "two": "a"})):
            problems.append(f"not caught: columns {columns}")
    if not compared("a", "1..1\n# compared with a\n") or compared("a", "# compared with a b\n"):
        problems.append("compared()")
    return problems


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
        sys.exit("\n".join(problems) if problems else 0)
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
    problems = list(grown(column, counts, read_table()))
    sys.stderr.write("".join(problem + "\n" for problem in problems))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
