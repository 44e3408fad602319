#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command and compares its output with a file: compare.py FILE FOLDER SECONDS COMMAND..."""
import difflib
import os
import subprocess
import sys

path, folder, seconds, command = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4:]
with open(path, encoding="utf-8") as f:
    want = f.read()
if os.path.exists(command[0]):
    command[0] = os.path.abspath(command[0])
done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                      timeout=seconds, check=False)
got = done.stdout.decode()
sys.stdout.writelines(difflib.unified_diff(want.splitlines(True), got.splitlines(True), path, "output"))
sys.exit(0 if done.returncode == 0 and got == want else f"status {done.returncode}, or other output")
