#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Text sizes of each source and of linked programs, and sizes of the public structs. The table is
docs/SIZES.md: sizes.py BUILD_DIR compares, --update BUILD_DIR writes it."""
import glob
import os
import re
import sys

import tables
from common import ROOT, SMALL, Build, compile_all, main, planted, public_functions, run, target

SOURCE_TARGETS = ["cortex-m0plus", "cortex-m4", "cortex-m33", "cortex-r5", "rv32imac", "rv64gc",
                  "cortex-a78", "x86-64"]
PROGRAM_TARGETS = ["cortex-m4", "rv32imac"]
# The plan's "identity" names metadata, chain, reuse, objkey, BLAKE3 and base. Its reuse is four
# headers today; of base, shape and fingerprint comes along what these call. The second row is all
# of the level: shapes' names and sizes, making and writing contexts, and the store as well.
IDENTITY = ["metadata", "chain", "objkey", "reuse", "boundary", "prefix", "plan", "blake3"]
IDENTITY_LEVEL = IDENTITY + ["shape", "fingerprint", "store"]
PLAIN = ["-DWMBT_CFG_READER_COLLECT=0"]
HASHES = PLAIN + ["-DWMBT_CFG_READER_TOKENS=0"]
# A program that calls these functions, or every public function of these modules; what was planned
# for it; and with which switches besides.
PROGRAMS = [("BLAKE3", ["blake3"], (1600, 2000)),
            ("identity", IDENTITY, (6800, 7700)),
            ("identity, the whole level", IDENTITY_LEVEL, None),
            ("zstd decoder, whole buffer", ["wmbt_zstd_decode"], (5500, 6200)),
            ("zstd decoder, both forms", ["zstd"], None),
            ("blocks and raw tails", ["kvblock", "rawtail", "crc32c", "shape"], None),
            ("whole reader without zstd", ["reader"], (15500, 18000)),
            ("reader of plain objects", ["reader"], (12500, 14500), PLAIN),
            ("reader of plain objects from hashes", ["reader"], (10500, 12500), HASHES),
            ("everything", None, None)]
STRUCT_TARGETS = ["cortex-m4", "rv32imac", "rv64gc", "x86-64"]
TEXT = re.compile(r"\.(text|rodata|srodata)\b")
HEAD = """# Sizes

Measured by tests/checks/sizes.py. After an intended change:
`python3 tests/checks/sizes.py --update /tmp/checks`."""


def text_bytes(machine, *paths):
    """Code and constants."""
    listing = run(machine.tool("size"), "-A", *paths)
    return sum(int(line.split()[1]) for line in listing.splitlines() if TEXT.match(line))


def source_table(title, intro, builds):
    table = tables.Table(title, intro, [build.machine.name for build in builds])
    for source in builds[0].sources:
        sizes = [text_bytes(build.machine, build.object_of(source)) for build in builds]
        if any(sizes):
            table.add(source[len("src/"):], sizes)
    table.add("all", [text_bytes(build.machine, *build.objects()) for build in builds])
    return table


def program_builds(base, switches=()):
    return [Build(target(name), "gcc", "Os", base, SMALL + list(switches)) for name in PROGRAM_TARGETS]


def linked_bytes(build, parts):
    """Text of a program that calls the functions or modules (None: all); None if there are none."""
    functions = public_functions()
    have = set(run(build.machine.tool("nm"), "-j", "--defined-only", *build.objects()).split())
    roots = [name for part in parts or functions for name in functions.get(part, [part])]
    roots = [name for name in roots if name in have]
    if not roots:
        return None
    program = build.folder + "/program.elf"
    run(build.machine.tool("ld"), *build.machine.linker_args, "--gc-sections", "-e", roots[0],
        *[arg for root in roots for arg in ("-u", root)], "-o", program, *build.objects())
    return text_bytes(build.machine, program)


def program_table(base):
    columns = []
    for machine in PROGRAM_TARGETS:
        columns += [machine, machine + " planned"]
    table = tables.Table("Programs", "Linked with --gc-sections, the public functions of some modules, "
                         "built as in the next table.", columns, "verdict")
    for name, parts, planned_bytes, *switches in PROGRAMS:
        builds = program_builds(base, *switches)
        sizes = [linked_bytes(build, parts) for build in builds]
        if None in sizes:
            continue
        numbers, over = [], []
        for i, size in enumerate(sizes):
            plan = planned_bytes[i] if planned_bytes else None
            numbers += [size, plan]
            if plan is not None and size > plan:
                over.append(f"{builds[i].machine.name} over by {size - plan}")
        table.add(name, numbers, ", ".join(over) or ("kept" if planned_bytes else ""))
    return table


def public_structs():
    names = set()
    for path in glob.glob(os.path.join(ROOT, "include", "wombatkv", "*.h")):
        with open(path, encoding="utf-8") as f:
            names.update(re.findall(r"typedef struct (wmbt_\w+) {", f.read()))
    return sorted(names)


def struct_table(base):
    names = public_structs()
    headers = sorted(os.path.basename(path) for path in
                     glob.glob(os.path.join(ROOT, "include", "wombatkv", "*.h")))
    text = "".join(f'#include "wombatkv/{header}"\n' for header in headers)
    text += "".join(f"extern char wmbt_size_of_{name}[sizeof({name})];\n"
                    f"char wmbt_size_of_{name}[sizeof({name})] = {{1}};\n" for name in names)
    table = tables.Table("Public structs", "Bytes. A view and a buffer are a pointer and a size.",
                         STRUCT_TARGETS)
    sizes = []
    for machine in map(target, STRUCT_TARGETS):
        folder = os.path.join(base, "structs-" + machine.name)
        os.makedirs(folder, exist_ok=True)
        build = planted(machine, "gcc", "Os", folder, text)
        listing = run(machine.tool("nm"), "-S", "-P", *build.objects())
        sizes.append({parts[0][len("wmbt_size_of_"):]: int(parts[3], 16)
                      for parts in map(str.split, listing.splitlines())})
    for name in names:
        table.add(name, [found[name] for found in sizes])
    return table


def measure(base):
    small = [Build(target(name), "gcc", "Os", base, SMALL) for name in SOURCE_TARGETS]
    fast = [Build(target(name), "gcc", "O3", base) for name in SOURCE_TARGETS]
    compile_all(small + fast + [build for row in PROGRAMS for build in program_builds(base, *row[3:])])
    return [program_table(base),
            source_table("Sources: -Os, small kernels, no writers, no status names",
                         "Bytes of code and constants, as firmware builds it (cross/README.md).", small),
            source_table("Sources: -O3, default options", "Bytes of code and constants.", fast),
            struct_table(base)]


def check(base):
    return tables.check("SIZES.md", measure(base), "python3 tests/checks/sizes.py --update DIR")


def update(base):
    return tables.write("SIZES.md", HEAD, measure(base))


def self_test(folder):
    """Growth is tested by stack.py; here, that what is measured is what is there."""
    text = "extern const char wmbt_t[1000]; const char wmbt_t[1000] = {1}; int wmbt_x(int a);" \
           "int wmbt_x(int a) { return wmbt_t[a]; }"
    build = planted(target("cortex-m4"), "gcc", "Os", folder, text)
    size = text_bytes(build.machine, *build.objects())
    return [] if 1004 <= size <= 1040 else [f"wrong size: {size}"]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
