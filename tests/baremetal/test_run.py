#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests run.py with a shell in the emulator's place."""
import os
import subprocess
import sys

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run.py")
# What the "emulator" does, and the verdict.
CASES = [
    ("printf '1..2\\nok 1 - a\\nok 2 - b\\n'", 0),
    ("printf '1..2\\nok 1 - a\\nok 2 - b # SKIP needs 5 bytes\\n'", 0),
    ("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 1", 1),
    ("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 0", 99),
    ("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 2", 99),
    ("printf '1..2\\nok 1 - a\\nok 2 - b\\n'; exit 1", 99),
    ("printf '1..2\\nok 1 - a\\n'", 99),
    ("printf '1..1\\nok 1 - a\\nok 2 - b\\n'", 99),
    ("printf '1..2\\nok 1 - a\\nok 1 - a\\n'", 99),
    ("printf 'ok 1 - a\\n'", 99),
    ("printf '1..0\\n'", 99),
    ("printf '1..1\\nok 1 - a\\nBail out! fault\\n'", 99),
    ("true", 99),
    ("kill -9 $$", 99),
    ("printf '1..1\\nok 1 - a\\n'; exec sleep 9", 99),
]
HANGS = ["sh", "-c", "echo 1..1; exec sleep 9"]
FAULTS = ["sh", "-c", "printf '1..2\\nok 1 - a\\n\\nBail out! fault\\n'; exit 2"]
# A text that must be in the output, too; seconds, the "emulator", and whether it is there.
WANTED = [
    ("1..1\n\nBail out! no end after", "3", HANGS, True),
    ("1..1\n\nBail out! no end after", "0.5", ["sleep", "9"], False),
    ("1..1\n\nBail out! no end after", "20", ["true"], False),
    ("1..1\n\nBail out! no end after", "5", ["/no/such/emulator"], False),
    ("ok 1 - a\n\nBail out! fault", "20", FAULTS, True),
    ("ok 1 - b\n\nBail out! fault", "20", FAULTS, False),
    ("Bail out! fault", "1", HANGS, False),
    ("Bail out! fault", "20", ["false"], False),
    ("cannot start the emulator", "5", ["/no/such/emulator"], True),
    ("cannot start the emulator", "5", ["false"], False),
]


def verdict(*args):
    return subprocess.run([sys.executable, RUN, *args], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode


def main():
    bad = 0
    for script, want in CASES:
        command = ["0.5" if "sleep" in script else "20", "sh", "-c", script]
        got = verdict(*command)
        asked = [verdict("--want", str(status), "", *command) for status in (1, 99)]
        if got != want or asked != [int(want != 1), int(want != 99)]:
            print(f"{script}: {got} {asked}, want {want}")
            bad += 1
    if verdict("5", "/no/such/emulator", "image") != 99:
        print("no emulator: not 99")
        bad += 1
    for text, seconds, command, want in WANTED:
        if verdict("--want", "99", text, seconds, *command) != int(not want):
            print(f"{text!r} of {command}: not {want}")
            bad += 1
    sys.exit(1 if bad else 0)


main()
