#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cross/socs.tsv: every file that a chip names is there, and the library builds with each combination
that no build of tests/baremetal/run_all.py stands for: socs.py BUILD_DIR"""
import concurrent.futures
import os
import subprocess
import sys

from common import ROOT, main

COLUMNS = ["soc", "cores", "for", "files"]
LIBRARY_ALONE = ["-Dtests=disabled", "-Dinspect=disabled", "-Dwerror=true"]


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def parse(text, present):
    """The lists of files that chips need, and what is wrong with the table. `present`: the files
    below cross/."""
    combinations, problems, seen = [], [], set()
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# ") or line == "#" + "\t".join(COLUMNS):
            continue
        cells = line.split("\t")
        if len(cells) != len(COLUMNS) or cells[2] not in ("linux", "firmware"):
            problems.append(f"socs.tsv:{number}: not a row")
            continue
        if (cells[0], cells[2]) in seen:
            problems.append(f"socs.tsv:{number}: {cells[0]} for {cells[2]} again")
        seen.add((cells[0], cells[2]))
        files = cells[3].split(" ")
        problems += [f"socs.tsv:{number}: no file {name}" for name in files if name not in present]
        if files not in combinations:
            combinations.append(files)
    named = {name for files in combinations for name in files}
    problems += [f"{name}: no chip of socs.tsv names it" for name in sorted(present)
                 if name.startswith("soc/") and name not in named]
    return combinations, problems


def call(folder, *command):
    """What is wrong, or nothing."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        return []
    return [f"{folder}: {' '.join(command)}"] + done.stdout.decode(errors="replace").splitlines()


def build(base, files):
    folder = os.path.join(base, "-".join(files).replace("/", "-").replace(".txt", ""))
    setup = ["meson", "setup", folder] + LIBRARY_ALONE
    for name in files:
        setup += ["--cross-file", os.path.join(ROOT, "cross", name)]
    problems = []
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        problems = call(folder, *setup)
    return problems or call(folder, "ninja", "-j1", "-C", folder)


def check(base):
    cross = os.path.join(ROOT, "cross")
    present = {os.path.relpath(os.path.join(folder, name), cross)
               for folder, _, names in os.walk(cross) for name in names}
    combinations, problems = parse(read("cross", "socs.tsv"), present)
    if problems:
        return problems
    tested = read("tests", "baremetal", "run_all.py")
    alone = [files for files in combinations if len(files) > 1 or f'"{files[0]}"' not in tested]
    base = os.path.join(base, "socs")
    os.makedirs(base, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for found in pool.map(lambda files: build(base, files), alone):
            problems += found
    print(f"# {len(alone)} combinations built, {len(combinations) - len(alone)} are tested on a board")
    return problems


def self_test(folder):
    present = {"a.txt", "soc/x.txt"}
    good = "# text\n#" + "\t".join(COLUMNS) + "\nx\tCPU\tlinux\ta.txt soc/x.txt\n"
    combinations, missed = parse(good, present)
    if combinations != [["a.txt", "soc/x.txt"]]:
        missed.append(f"not seen: {combinations}")
    for bad in ("x\tCPU\tlinux\n", "y\tCPU\tdesktop\ta.txt\n", "x\tCPU\tlinux\ta.txt\n",
                "y\tCPU\tlinux\tb.txt\n"):
        missed += [] if parse(good + bad, present)[1] else [f"not caught: {bad}"]
    missed += [] if parse(good, present | {"soc/z.txt"})[1] else ["not caught: a file of no chip"]
    bad_cpu = os.path.join(folder, "cpu.txt")
    with open(bad_cpu, "w", encoding="utf-8") as f:
        f.write("[constants]\ncpu = '-mcpu=no-such-cpu'\n")
    if not any("can not compile programs" in line for line in build(folder, ["linux-aarch64.txt", bad_cpu])):
        missed.append("not caught: a processor that the compiler does not know")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
