#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How many suites and cases each part of tests/all.sh has: pinned in tests/pins.tsv, so that none is
lost without a word.

    pins.py count RESULTS PART TESTLOG   counts Meson's log of a part, notes it in RESULTS/PART.json,
                                         compares it; the last line is: passed failed skipped not-run
    pins.py bodies RESULTS...            test bodies that no part ran
    pins.py not-run RESULTS...           what was not run here, by name
    pins.py update RESULTS...            writes the rows of the parts that were run
    pins.py --self-test

A suite is a test of Meson, a case a line of its TAP or of Python's unittest (1 if it has neither).
Skipped: cases that an emulated board has no memory for. Not run here: what this machine lacks an
instruction set or a permission for, by name; of these a part may have fewer than are pinned.
Anything else that skips is a failure.
"""
import glob
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PINS = os.path.join(HERE, "pins.tsv")
HEAD = """# What each part of tests/all.sh has at least and at most; `python3 tests/pins.py update` writes it from
# the results of a run. "not run" rows: what a machine may lack, by name.
#part	suites	cases	skipped
"""
LAST_LINES = 25  # of what a test that failed has printed
HOW = "if that is meant: python3 tests/pins.py update RESULTS (tests/README.md)"


def ends(text):
    """The cases that failed, with what is said of each, and the last lines."""
    lines = text.splitlines()
    before = "\n".join(lines[:-LAST_LINES]) + "\n"
    failed = "".join(re.findall(r"^not ok .*\n(?:# .*\n)*", before, re.M)).splitlines()
    return failed[:LAST_LINES] + lines[-LAST_LINES:]


class Counted:
    """What a part's log holds."""

    def __init__(self, part):
        self.part, self.passed, self.failed, self.suites, self.cases, self.skipped = part, 0, 0, 0, 0, 0
        self.not_run, self.names, self.problems = [], [], []
        self.failures = []  # a text each: which test, how, and the end of what it printed

    def add(self, line):
        test = json.loads(line)
        name, result = test["name"].rsplit(" / ", 1)[-1], test["result"]
        out, err = test.get("stdout") or "", test.get("stderr") or ""
        cases = re.findall(r"^(?:not )?ok \d+.*$", out, re.M)
        ran = re.search(r"^Ran (\d+) tests? in", err, re.M)
        skips = [re.search(r"# SKIP ?(.*)$", case) for case in cases]
        why = [match[1] for match in skips if match]
        small = sum(text.startswith("needs ") for text in why)
        not_run = [f"{name}: {case}" for case in
                   re.findall(r"^# not run here: (.*)$", out + "\n" + err, re.M)]
        not_run += [f"{name}: {re.sub('^ok [0-9]+ - | # SKIP not run here', '', case)}"
                    for case in cases if "# SKIP not run here: " in case]
        others = len(why) - small - sum(text.startswith("not run here: ") for text in why)
        self.suites += 1
        self.cases += len(cases) or (int(ran[1]) if ran else 1)
        self.skipped += small
        self.not_run += not_run
        self.names.append(name)
        if others or (result == "SKIP" and not why and not not_run):
            self.problems.append(f"{name}: skipped, and does not say that it is not run here")
        elif result not in ("OK", "EXPECTEDFAIL", "SKIP"):
            self.failed += 1
            self.failures.append("\n    ".join([f"{self.part}: {name}: {result}"] + ends(out) + ends(err)))
        elif result != "SKIP" and (not cases or len(cases) > small + len(not_run)):
            self.passed += 1

    def numbers(self):
        return self.suites, self.cases, self.skipped


def read_pins(path=None):
    """({part: (suites, cases, skipped)}, {part: {what may be not run}})"""
    numbers, not_run = {}, {}
    with open(path or PINS, encoding="utf-8") as f:
        for line in f:
            cells = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                continue
            if cells[1] == "not run":
                not_run.setdefault(cells[0], set()).add(cells[2])
            else:
                numbers[cells[0]] = tuple(map(int, cells[1:4]))
    return numbers, not_run


def write_pins(numbers, not_run, path=None):
    with open(path or PINS, "w", encoding="utf-8") as f:
        f.write(HEAD)
        for part, row in numbers.items():
            f.write(f"{part}\t{row[0]}\t{row[1]}\t{row[2]}\n")
            for name in sorted(not_run.get(part, ())):
                f.write(f"{part}\tnot run\t{name}\n")


def compare(counted, pins):
    """What differs from the pins, a line each."""
    numbers, not_run = pins
    if counted.part not in numbers:
        return [f"{counted.part}: has {counted.suites} suites and no pin in tests/pins.tsv; {HOW}"]
    problems = [f"{counted.part}: {is_} {what}, {was} pinned; {HOW}" for what, is_, was in
                zip(("suites", "cases", "cases skipped"), counted.numbers(), numbers[counted.part])
                if is_ != was]
    return problems + [f"{counted.part}: not run here: {name}: is not pinned; {HOW}"
                       for name in counted.not_run
                       if name not in not_run.get(counted.part, ())]


def count(part, testlog):
    counted = Counted(part)
    try:
        with open(testlog, encoding="utf-8") as f:
            for line in f:
                counted.add(line)
    except OSError:
        pass
    if counted.suites == 0:
        counted.problems.append(f"{part}: no test ran")
    return counted


def note(results, counted):
    os.makedirs(results, exist_ok=True)
    with open(os.path.join(results, re.sub("[^A-Za-z0-9]+", "-", counted.part) + ".json"), "w",
              encoding="utf-8") as f:
        json.dump({key: getattr(counted, key) for key in
                   ("part", "suites", "cases", "skipped", "not_run", "names")}, f)


def noted(folders):
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
            with open(path, encoding="utf-8") as f:
                yield json.load(f)


def count_part(results, part, testlog):
    """Counts, notes, and compares unless WMBT_UPDATE_PINS is set; (Counted, lines to print)."""
    counted = count(part, testlog)
    note(results, counted)
    if not os.environ.get("WMBT_UPDATE_PINS"):
        counted.problems += compare(counted, read_pins())
    lines = counted.failures + counted.problems + [f"not run here: {name}" for name in counted.not_run]
    counted.failed += len(counted.problems)
    return counted, lines


def update(folders, path=None):
    numbers, not_run = read_pins(path) if os.path.exists(path or PINS) else ({}, {})
    for row in noted(folders):
        numbers[row["part"]] = (row["suites"], row["cases"], row["skipped"])
        not_run[row["part"]] = not_run.get(row["part"], set()) | set(row["not_run"])
    write_pins(numbers, not_run, path)


def lost_bodies(folders, bodies):
    ran = {name for row in noted(folders) for name in row["names"]}
    return [f"{name}: no part ran it" for name in sorted(bodies)
            if os.path.basename(name)[:-2] not in ran]


def test_line(name, result="OK", stdout="", stderr=""):
    return json.dumps({"name": "p:unit / " + name, "result": result, "stdout": stdout,
                       "stderr": stderr})


GOOD = [test_line("a", stdout="1..2\nok 1 - x\nok 2 - y\n# not run here: y: no AVX9\n"),
        test_line("tool", stderr="Ran 3 tests in 1 s\n"), test_line("gate"),
        test_line("board", stdout="1..3\nok 1 - x\nok 2 - y # SKIP needs 5 bytes for z\n"
                                  "ok 3 - w # SKIP not run here: no FPU\n"),
        test_line("all_small", "SKIP", "1..1\nok 1 - x # SKIP needs 5 bytes for z\n"),
        test_line("gate77", "SKIP", "# not run here: no io_uring\n")]
# What must be said, and the lines: the good ones with one change.
PLANTED = {
    "5 suites, 6 pinned": GOOD[1:],
    "7 suites, 6 pinned": GOOD + [test_line("b")],
    "10 cases, 11 pinned": [GOOD[0], test_line("tool", stderr="Ran 2 tests in 1 s\n")] + GOOD[2:],
    "3 cases skipped, 2 pinned": GOOD[:2] + [test_line("gate", stdout="ok 1 - x # SKIP needs 2\n")]
    + GOOD[3:],
    "no AVX8: is not pinned": [GOOD[0].replace("AVX9", "AVX8")] + GOOD[1:],
    "gate: skipped": GOOD[:2] + [test_line("gate", "SKIP")] + GOOD[3:],
    "a: skipped": [GOOD[0].replace("ok 1 - x", "ok 1 - x # SKIP later")] + GOOD[1:],
    "part: no test ran": [],
}


def self_test(folder):
    missed = []
    log, pins, results = (os.path.join(folder, name) for name in ("testlog.json", "pins.tsv", "results"))

    def counted(lines):
        with open(log, "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in lines))
        return count("part", log)
    good = counted(GOOD)
    if (good.passed, good.failed, good.problems) != (4, 0, []) or good.numbers() != (6, 11, 2) \
            or len(good.not_run) != 3:
        missed.append(f"wrong: {vars(good)}")
    if not compare(good, ({}, {})):
        missed.append("not caught: a part without a pin")
    note(results, good)
    update([results], pins)
    if compare(good, read_pins(pins)):
        missed.append(f"false alarm: {compare(good, read_pins(pins))}")
    if lost_bodies([results], ["bodies/a.c", "bodies/b.c"]) != ["bodies/b.c: no part ran it"]:
        missed.append("not caught: a body that no part ran")
    for want, lines in PLANTED.items():
        planted = counted(lines)
        found = planted.problems + compare(planted, read_pins(pins))
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    failing = counted([test_line("a", "FAIL", "not ok 1 - x\n# why\n" + "ok 2 - y\n" * 90 + "end\n", "crash\n"),
                       test_line("b", "TIMEOUT")])
    if (failing.passed, failing.failed) != (0, 2):
        missed.append("not caught: tests that fail")
    shown = "\n".join(failing.failures).splitlines()
    if not {"part: a: FAIL", "    not ok 1 - x", "    # why", "    end", "    crash",
            "part: b: TIMEOUT"} <= set(shown) \
            or len(shown) > 2 * LAST_LINES + 5:
        missed.append(f"not named: tests that fail: {shown}")
    return missed


def main():
    args = sys.argv[1:]
    if args == ["--self-test"]:
        with tempfile.TemporaryDirectory() as folder:
            sys.exit("\n".join(self_test(folder)) or 0)
    if args[:1] == ["count"] and len(args) == 4:
        counted, lines = count_part(*args[1:])
        print("".join("   " + text + "\n" for line in lines for text in line.split("\n")), end="")
        print(counted.passed, counted.failed, counted.skipped, len(counted.not_run))
    elif args[:1] == ["bodies"]:
        lost = lost_bodies(args[1:], glob.glob(os.path.join(HERE, "bodies", "*.c")))
        sys.exit("\n".join(lost) or 0)
    elif args[:1] == ["not-run"]:
        for row in noted(args[1:]):
            print("".join(f"   {row['part']}: {name}\n" for name in row["not_run"]), end="")
    elif args[:1] == ["update"] and len(args) > 1:
        update(args[1:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
