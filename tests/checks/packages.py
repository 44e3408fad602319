#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/packages.sh removes nothing: run with an apt-get that only notes what it is asked for, it
stops before installing what would remove a package: packages.py BUILD_DIR"""
import os
import subprocess
import sys
import tempfile

from common import ROOT, main

# Stands for all of dpkg and apt: nothing is installed, and $SIMULATED is what -s prints.
STUB = """#!/bin/sh
echo "$(basename "$0") $*" >>"$LOG"
case "$*" in
*-s*install*) printf '%b' "$SIMULATED" ;;
*-u*) echo 0 ;;
esac
"""


def calls(script, simulated):
    """(status, what was printed, the calls of apt-get)"""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("apt-get", "dpkg", "dpkg-query", "sudo", "id"):
            path = os.path.join(folder, name)
            with open(path, "w", encoding="utf-8") as f:
                f.write(STUB)
            os.chmod(path, 0o755)
        log = os.path.join(folder, "log")
        env = {**os.environ, "PATH": folder + ":" + os.environ["PATH"], "LOG": log,
               "SIMULATED": simulated}
        with open(os.path.join(folder, "packages.sh"), "w", encoding="utf-8") as f:
            f.write(script)
        done = subprocess.run(["sh", os.path.join(folder, "packages.sh"), "shellcheck"], env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        with open(log, encoding="utf-8") as f:
            noted = [line for line in f.read().splitlines() if line.startswith("apt-get")]
        return done.returncode, done.stdout, noted


def problems_of(script):
    status, said, noted = calls(script, "Inst shellcheck (1 Debian)\\n")
    real = [line for line in noted if " install" in line and " -s" not in line]
    if status != 0 or len(real) != 1 or "shellcheck" not in real[0]:
        yield f"does not install: {status} {said} {noted}"
    if real and "--no-remove" not in real[0]:
        yield f"apt-get may remove: {real[0]}"
    status, said, noted = calls(script, "Remv gcc-multilib [4]\\nInst shellcheck (1 Debian)\\n")
    if [line for line in noted if " install" in line and " -s" not in line]:
        yield "installs what removes a package"
    if status == 0 or "gcc-multilib" not in said:
        yield f"does not say what conflicts: {status} {said}"


def text():
    with open(os.path.join(ROOT, "tests", "packages.sh"), encoding="utf-8") as f:
        return f.read()


def check(_):
    return list(problems_of(text()))


def self_test(_):
    planted = {"apt-get may remove": (" --no-remove", ""),
               "installs what removes": ('[ -n "$gone" ]', "false"),
               "does not say what conflicts": ("conflict: $gone", "conflict"),
               "does not install": ("--no-install-recommends $missing >", "--no-install-recommends >")}
    return [f"not caught: {want}" for want, (old, new) in planted.items()
            if not any(want in problem for problem in problems_of(text().replace(old, new)))]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
