#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sets up, builds and runs every cross build, as many at a time as there are processors, and prints a
table. Anything missing is a failure; tests/pins.py compares how many tests each had.

    run_all.py [--quick | --long] [--only NAME]... [--parts NAME,... --known NAME,...] BUILD_DIR

--parts: what tests/all.sh was asked for: "cross" is every build, --known is what it has run itself.
"""
import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

import counts

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import pins  # noqa: E402 # pylint: disable=wrong-import-position

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLANG = "toolchain/clang-19.txt"
TRAP = "trap.txt"
O2 = "-Doptimization=2"
O3 = "-Doptimization=3"
PORTABLE = ["-Dcrc32c_kernel=slice8", "-Dblake3_kernel=fast", "-Dsha256_kernel=rolled"]
LESS = "-Dimage_data=12000000"  # large objects only in one build of each kind of machine

# Name, cross files (without .txt of the first), options. Large ones first: they are the longest.
BUILDS = [
    ("linux-s390x", ["linux-s390x.txt"], []),
    ("linux-m68k", ["linux-m68k.txt"], ["-Dinspect=disabled"]),
    ("cortex-a78", ["cortex-a78.txt"], []),
    ("rv64gc", ["rv64gc.txt"], []),
    ("cortex-a78 clang -O2", ["cortex-a78.txt", CLANG], [O2, LESS]),
    ("cortex-a78-crypto -O2", ["cortex-a78.txt", "soc/cortex-a78-crypto.txt"], [O2, LESS]),
    ("cortex-a78 portable -O2", ["cortex-a78.txt"], [O2, LESS, *PORTABLE]),
    ("cortex-a78 trap", ["cortex-a78.txt", TRAP], [LESS]),
    ("rv64gc trap", ["rv64gc.txt", TRAP], [LESS]),
    ("rv64gc-zb -O3", ["rv64gc-zb.txt"], [O3, LESS]),
    ("rv64gc-zkn -O2", ["rv64gc-zkn.txt"], [O2, LESS]),
    ("rv64imac -O2", ["rv64imac.txt"], [O2, LESS]),
    ("cortex-m4", ["cortex-m4.txt"], []),
    ("rv32imac", ["rv32imac.txt"], []),
    ("rv32imac clang -O2", ["rv32imac.txt", CLANG], [O2]),
    ("rv32imac trap", ["rv32imac.txt", TRAP], []),
    ("rv32imac-zbb-zbc -O2", ["rv32imac-zbb-zbc.txt"], [O2]),
    ("rv32imac-zkn -O2", ["rv32imac-zkn.txt"], [O2]),
    ("cortex-r5", ["cortex-r5.txt"], []),
    ("cortex-r5 trap", ["cortex-r5.txt", TRAP], []),
    ("cortex-r5-be", ["cortex-r5-be.txt"], []),
    ("cortex-m33", ["cortex-m33.txt"], []),
    ("cortex-m33 clang -O2", ["cortex-m33.txt", CLANG], [O2]),
    ("cortex-m33 trap", ["cortex-m33.txt", TRAP], []),
    ("cortex-m55 -O3", ["cortex-m55.txt"], [O3]),
    ("cortex-m7 -O2", ["cortex-m7.txt"], [O2]),
    ("cortex-m3", ["cortex-m3.txt"], []),
    ("cortex-m0plus on an M3 board", ["cortex-m0plus.txt", "board/mps2-an385.txt"], []),
    ("cortex-m0plus", ["cortex-m0plus.txt"], []),
    ("cortex-m0plus clang -O2", ["cortex-m0plus.txt", CLANG], [O2]),
    ("cortex-m0plus trap on an M3 board", ["cortex-m0plus.txt", TRAP, "board/mps2-an385.txt"], []),
]
# In the daily loop an Arm and a RISC-V machine; with every push a big-endian Linux, too.
QUICK = ["cortex-m4", "rv32imac"]
USUAL = ["linux-s390x", *QUICK]
# Builds whose instructions are compared with docs/COUNTS.md: each of its columns has one.
COUNTED = {
    "cortex-m4": "cortex-m4 gcc -Os",
    "cortex-a78": "cortex-a78 gcc -Os",
    "cortex-a78 portable -O2": "cortex-a78 gcc -O2 portable",
    "cortex-a78-crypto -O2": "cortex-a78+crypto gcc -O2",
    "rv64gc-zkn -O2": "rv64gc_zkn gcc -O2",
    "rv32imac-zkn -O2": "rv32imac_zkn gcc -O2",
    "rv32imac": "rv32imac gcc -Os",
    "rv32imac-zbb-zbc -O2": "rv32imac_zbb_zbc gcc -O2",
    "rv64gc": "rv64gc gcc -Os",
    "rv64gc-zb -O3": "rv64gc_zba_zbb_zbc_zbs gcc -O3",
}


class Outcome:
    def __init__(self):
        self.tests = pins.Counted("")
        self.seconds = 0.0
        self.trouble = ""

    def good(self):
        return self.trouble == "" and self.tests.failed == 0 and self.tests.passed > 0


def call(log, *command):
    return subprocess.run(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, check=False).returncode


def read_results(name, path, results, outcome):
    outcome.tests, _ = pins.count_part(results, name, path)
    outcome.trouble += "".join(line + "\n" for line in outcome.tests.failures + outcome.tests.problems)
    column = COUNTED.get(name)
    lines = read(path).splitlines() if os.path.exists(path) else []
    if column and not any(counts.compared(column, json.loads(line).get("stdout") or "")
                          for line in lines):
        outcome.trouble += f"no counts that were compared with {column}\n"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def set_up_as(files, options):
    """All that a build folder depends on: one that was set up otherwise is made anew."""
    files = ["meson_options.txt"] + [os.path.join("cross", file) for file in files]
    return "\n".join(options + [read(os.path.join(ROOT, file)) for file in files])


def end_of(path):
    """What a log of a set-up or a build says of errors, and its last lines."""
    with open(path, encoding="utf-8", errors="replace") as f:
        lines = f.readlines()
    found = [line for line in lines[:-pins.LAST_LINES] if re.search(r"error|ERROR|FAILED", line)]
    return "".join(found[:pins.LAST_LINES] + lines[-pins.LAST_LINES:])


def build_and_run(name, files, options, base, data):
    outcome = Outcome()
    if name not in COUNTED:  # what asserts costs instructions
        options = options + ["-Dassertions=true"]
    start = time.monotonic()
    folder = os.path.join(base, re.sub("[^A-Za-z0-9]+", "-", name))
    made = set_up_as(files, options)
    if not os.path.exists(folder + ".setup") or read(folder + ".setup") != made:
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder, exist_ok=True)
    with open(folder + ".setup", "w", encoding="utf-8") as f:
        f.write(made)
    log_path = folder + ".log"
    with open(log_path, "w", encoding="utf-8") as log:
        setup = ["meson", "setup", folder, "-Dtest_data=" + data, "-Dwerror=true",
                 "-Dtests=enabled"] + options
        if os.path.exists(os.path.join(folder, "build.ninja")):
            setup.append("--reconfigure")
        else:
            for file in files:
                setup += ["--cross-file", os.path.join(ROOT, "cross", file)]
        if call(log, *setup) != 0:
            outcome.trouble = "setup failed"
        elif call(log, "ninja", "-j1", "-C", folder) != 0:
            outcome.trouble = "build failed"
        else:
            results = os.path.join(folder, "meson-logs", "testlog.json")
            if os.path.exists(results):
                os.remove(results)
            code = call(log, "meson", "test", "-C", folder, "--no-rebuild", "--num-processes", "1")
            read_results(name, results, os.path.join(base, "results"), outcome)
            if code != 0 and outcome.good():
                outcome.trouble = "the tests did not come to their end"
    if outcome.trouble:
        outcome.trouble += "\n" + ("" if outcome.tests.failures else end_of(log_path)) + f"log: {log_path}"
    outcome.seconds = time.monotonic() - start
    return outcome


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", action="store_true", help="every build")
    parser.add_argument("--quick", action="store_true", help="an Arm and a RISC-V machine")
    parser.add_argument("--only", action="append", help="a build by its name")
    parser.add_argument("--parts", default="cross")
    parser.add_argument("--known", default="")
    parser.add_argument("build_dir")
    args = parser.parse_args()
    wanted = args.only or ([name for name, _, _ in BUILDS] if args.long else
                           QUICK if args.quick else USUAL)
    parts = set(args.parts.split(",")) - set(args.known.split(","))
    if "cross" not in parts:
        wanted = sorted(parts)
    builds = [build for build in BUILDS if build[0] in wanted]
    if len(builds) != len(wanted):
        sys.exit(f"no such part: {sorted(set(wanted) - {name for name, _, _ in BUILDS})}")
    if not builds:
        return
    print("== cross")
    problems = list(counts.missing(counts.read_table()[0], COUNTED))
    if problems and not os.environ.get("WMBT_UPDATE"):
        sys.exit("\n".join(problems))
    base = os.path.abspath(args.build_dir)
    data = os.path.join(base, "data")
    start = time.monotonic()
    if not os.path.exists(os.path.join(data, "verdicts.stamp")):
        subprocess.run([os.path.join(ROOT, "tests", "data.sh"), data], check=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        running = [pool.submit(build_and_run, *build, base, data) for build in builds]
        outcomes = [future.result() for future in running]
    print(f"{'build':<34} suites passed failed  cases skipped not run seconds")
    for (name, _, _), o in zip(builds, outcomes):
        print(f"{name:<34} {o.tests.passed:>13} {o.tests.failed:>6} {o.tests.cases:>6} "
              f"{o.tests.skipped:>7} {len(o.tests.not_run):>7} {o.seconds:>7.1f}")
    for (name, _, _), o in zip(builds, outcomes):
        if not o.good():
            print(f"\n{name} FAILED: {o.trouble or 'no test ran'}")
    bad = sum(not o.good() for o in outcomes)
    print(f"{len(builds) - bad} of {len(builds)} builds good, "
          f"{time.monotonic() - start:.0f} seconds")
    sys.exit(1 if bad else 0)


main()
