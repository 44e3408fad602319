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


def verdict(*args):
    return subprocess.run([sys.executable, RUN, *args], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode


def main():
    bad = 0
    for script, want in CASES:
        command = ["0.5" if "sleep" in script else "20", "sh", "-c", script]
        got = verdict(*command)
        asked = [verdict("--want", str(status), *command) for status in (1, 99)]
        if got != want or asked != [int(want != 1), int(want != 99)]:
            print(f"{script}: {got} {asked}, want {want}")
            bad += 1
    if verdict("5", "/no/such/emulator", "image") != 99:
        print("no emulator: not 99")
        bad += 1
    sys.exit(1 if bad else 0)


main()
