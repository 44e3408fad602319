#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""cross/check_config.py finds a misspelt switch or a wrong value, in a header and on a compiler's
command line, config.h refuses what is neither 0 nor 1, and Meson stops: switches.py BUILD_DIR"""
import os
import subprocess
import sys
import tempfile

from common import ROOT, main

SCRIPT = os.path.join(ROOT, "cross", "check_config.py")
GOOD = "/*\n#define WMBT_CFG_ZTSD 1\n*/\n#define WMBT_CFG_ZSTD 0 /* none */\n#  define WMBT_CFG_CRC32C_KERNEL (4)\n"
# What must be said, and the line of a header that it is said of.
BAD = [("WMBT_CFG_ZTSD: no such switch; WMBT_CFG_ZSTD?", "#define WMBT_CFG_ZTSD 0\n"),
       ("WMBT_CFG_WAL is 2", "#define WMBT_CFG_WAL 2\n"),
       ("WMBT_CFG_WAL is empty", "#define WMBT_CFG_WAL\n"),
       ("WMBT_CFG_CRC32C_KERNEL is 99", "#    define WMBT_CFG_CRC32C_KERNEL 99\n")]
# Configurations that the preprocessor refuses itself.
REFUSED = ["WMBT_CFG_WAL=2", "WMBT_CFG_WAL=no", "WMBT_CFG_WAL=", "WMBT_CFG_CRC32C_KERNEL=99",
           "WMBT_CFG_WRITERS=no"]


def call(*command):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def problems_of(script, folder, meson):
    header = os.path.join(folder, "my_config.h")
    ways = {"header": [header], "gcc": ["--", "gcc", f'-DWMBT_CONFIG_FILE="{header}"']}

    def write(text):
        with open(header, "w", encoding="utf-8") as f:
            f.write(text)
    write(GOOD)
    for title, args in ways.items():
        status, said = call(sys.executable, script, *args)
        if status != 0 or said:
            yield f"{title}: says something of a good header: {said}"
    for want, line in BAD:
        write(line)
        for title, args in ways.items():
            status, said = call(sys.executable, script, *args)
            if status == 0 or (want not in said and "error" not in said):
                yield f"{title}: {want}: status {status}, {said}"
    for define in REFUSED:
        status, said = call("gcc", "-std=c11", "-fsyntax-only", "-Iinclude", "-D" + define, "-xc",
                            "include/wombatkv/wombatkv.h")
        if status == 0:
            yield f"config.h takes {define}"
    if meson:
        status, said = call("meson", "setup", os.path.join(folder, "build"), "-Dtests=disabled",
                            "-Dc_args=-DWMBT_CFG_ZTSD=0")
        if status == 0 or "no such switch" not in said:
            yield f"Meson takes -DWMBT_CFG_ZTSD=0: {said[-500:]}"


def check(_):
    with tempfile.TemporaryDirectory() as folder:
        return list(problems_of(SCRIPT, folder, True))


def self_test(folder):
    with open(SCRIPT, encoding="utf-8") as f:
        text = f.read()
    missed, copy = [], os.path.join(folder, "check_config.py")
    os.environ["WOMBATKV_INCLUDE"] = os.path.join(ROOT, "include")
    for old, new in (("if name not in known", "if False"), ("if plain not in known[name]", "if False"),
                     ("re.S)", "re.I)"), ("sys.exit(1 if found else 0)", "sys.exit(0)")):
        if old not in text:
            missed.append(f"nothing to plant: {old}")
        with open(copy, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))
        if not list(problems_of(copy, folder, False)):
            missed.append(f"not caught: {new} in place of {old}")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
