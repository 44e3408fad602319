#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The stack of each call of reader.h that docs/GUIDE.md promises, against what the call graph says
(stack.py): a number must be enough, and not far more. And the size of the whole reader that GUIDE.md and
README.md promise. guide.py BUILD_DIR compares, --update BUILD_DIR writes the stack's numbers."""
import os
import re
import sys

import tables
from common import ROOT, SMALL, Build, compile_all, main, public_functions, target
from sizes import linked_bytes
from stack import Graph

TARGETS = ["cortex-m4", "rv32imac", "rv64gc"]
# What is stated is rounded up, with room for small changes, but not far more than it is.
STEP, ROOM, SLACK = 32, 16, 64
HOW = "python3 tests/checks/guide.py --update DIR"
PREFIX = "wmbt_reader_"
# "less than A KB of code and constants, less than B KB with zstd"
SIZE = re.compile(r"less than (\d+) KB of code and\s+constants, less than (\d+) KB with zstd")
# | `call` | work | bytes | bytes | bytes | remark |
ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\| *(\d+) \| *(\d+) \| *(\d+) \|", re.M)


def document(name, mode="r", text=None):
    with open(os.path.join(ROOT, name), mode, encoding="utf-8") as f:
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


def compare_sizes(name, text, sizes):
    stated = SIZE.search(text)
    if not stated:
        return [f"{name}: no size of the whole reader"]
    return [f"{name}: less than {most} KB, it is {size} bytes"
            for most, size in zip(map(int, stated.groups()), sizes)
            if not (most - 3) * 1024 <= size < most * 1024]


def check(base):
    if tables.versions() not in document("docs/STACK.md"):
        print(f"# the numbers are of other compilers than these: {tables.versions()}")
        return None
    found, problems = measure(base)
    problems += compare(document("docs/GUIDE.md"), found)
    machine = Build(target("cortex-m4"), "gcc", "Os", base, SMALL)
    sizes = [linked_bytes(machine, parts) for parts in (["reader"], ["reader", "wmbt_zstd_codec"])]
    for name in ("README.md", "docs/GUIDE.md"):
        problems += compare_sizes(name, document(name), sizes)
    return problems


def rewrite(text, found):
    """The text with the numbers found, rounded up."""
    def row(match):
        stated = [str(-(-(number + ROOM) // STEP) * STEP if number else 0)
                  for number in found.get(match[1], ())]
        return f"| `{match[1]}` |{match[2]}| {' | '.join(stated)} |" if stated else match[0]

    return ROW.sub(row, text)


def update(base):
    found, problems = measure(base)
    text = rewrite(document("docs/GUIDE.md"), found)
    document("docs/GUIDE.md", "w", text)
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
    size = "less than 3 KB of code and\nconstants, less than 9 KB with zstd"
    missed += compare_sizes("D", size, [3071, 9215])
    missed += [f"not caught: {sizes}" for sizes in ([3072, 9215], [3071, 6143], [3071, 9216])
               if not compare_sizes("D", size, sizes)]
    missed += [] if compare_sizes("D", "", [1, 1]) else ["not caught: no size"]
    missed += [] if rewrite(text, more).splitlines()[0] == "| `a` | x | 96 | 96 | 128 | |" else ["row"]
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
