#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stack of each call of reader.h that docs/GUIDE.md promises, against what the call graph says
(stack.py). A number must be enough, and not far more. guide.py BUILD_DIR compares, --update BUILD_DIR
writes the numbers."""
import os
import re
import sys

import tables
from common import ROOT, SMALL, Build, compile_all, main, public_functions, target
from stack import Graph

TARGETS = ["cortex-m4", "rv32imac", "rv64gc"]
# What is stated is rounded up, with room for small changes, but not far more than it is.
STEP, ROOM, SLACK = 32, 16, 64
HOW = "python3 tests/checks/guide.py --update DIR"
PREFIX = "wmbt_reader_"
# | `call` | work | bytes | bytes | bytes | remark |
ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\| *(\d+) \| *(\d+) \| *(\d+) \|", re.M)


def document(name, mode="r", text=None):
    with open(os.path.join(ROOT, "docs", name), mode, encoding="utf-8") as f:
        return f.read() if text is None else f.write(text)


def measure(base):
    """({call: [bytes on each target]}, problems)"""
    builds = [Build(target(name), "gcc", "Os", base, SMALL) for name in TARGETS]
    compile_all(builds)
    graphs = [Graph(build) for build in builds]
    found = {name[len(PREFIX):]: [graph.worst(name)[0] for graph in graphs]
             for name in public_functions()["reader"]}
    return found, [problem for graph in graphs for problem in graph.problems]


def compare(text, found):
    rows = {row[1]: [int(number) for number in row.group(3, 4, 5)] for row in ROW.finditer(text)}
    problems = [f"GUIDE.md: no row of {name}" for name in sorted(set(found) - set(rows))]
    problems += [f"GUIDE.md: no call {name}" for name in sorted(set(rows) - set(found))]
    for name in sorted(set(found) & set(rows)):
        for where, got, stated in zip(TARGETS, found[name], rows[name]):
            if not got <= stated <= 2 * got + SLACK:
                problems.append(f"GUIDE.md: {name} on {where}: {stated} bytes of stack, it is {got}; "
                                f"{HOW}")
    return problems


def check(base):
    if tables.versions() not in document("STACK.md"):
        print(f"# the numbers are of other compilers than these: {tables.versions()}")
        return None
    found, problems = measure(base)
    return problems + compare(document("GUIDE.md"), found)


def rewrite(text, found):
    """The text with the numbers found, rounded up."""
    def row(match):
        stated = [str(-(-(number + ROOM) // STEP) * STEP if number else 0)
                  for number in found.get(match[1], ())]
        return f"| `{match[1]}` |{match[2]}| {' | '.join(stated)} |" if stated else match[0]

    return ROW.sub(row, text)


def update(base):
    found, problems = measure(base)
    text = rewrite(document("GUIDE.md"), found)
    document("GUIDE.md", "w", text)
    return problems + compare(text, found)


def self_test(_):
    text = "| `a` | x | 64 | 96 | 96 | |\n| `b` | y | 0 | 0 | 0 | *r* |\n"
    good = {"a": [50, 64, 96], "b": [0, 0, 0]}
    more = {"a": [65, 64, 96], "b": [0, 0, 0]}
    bad = [more, {"a": [50, 64, 96]}, {**good, "c": [0, 0, 0]}]
    missed = compare(text, good)
    missed += [f"not caught: {found}" for found in bad if not compare(text, found)]
    missed += [] if compare(text.replace("64", "640"), good) else ["not caught: far more"]
    missed += compare(rewrite(text, more), more)
    missed += [] if rewrite(text, more).splitlines()[0] == "| `a` | x | 96 | 96 | 128 | |" else ["row"]
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
