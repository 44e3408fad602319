#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flags that firmware and kernels are built with: all sources as one file, for several machines and
compilers, and no undefined symbol but the compiler's own arithmetic. Prints TAP; a compiler that is not
installed is not run here: flags.py BUILD_DIR"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

from common import ROOT, library_sources, main

BASE = ["-std=c11", "-ffreestanding", "-w", "-Iinclude", "-Isrc", "-I."]
ARM = ["arm-none-eabi-gcc", "-mthumb"]
RV32 = ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32"]
RV64 = ["riscv64-unknown-elf-gcc", "-march=rv64imac", "-mabi=lp64", "-mcmodel=medany"]
A64 = ["aarch64-linux-gnu-gcc"]


def clang(target, *args):
    return ["clang-19", "--target=" + target, *args]


MACHINES = {
    "x86-64 gcc": ["gcc"],
    "x86-64 clang": ["clang-19"],
    "m4 gcc": ARM + ["-mcpu=cortex-m4"],
    "m4 clang": clang("thumbv7em-none-eabi", "-mcpu=cortex-m4"),
    "m0plus gcc": ARM + ["-mcpu=cortex-m0plus"],
    "rv32imac gcc": RV32,
    "rv64imac gcc": RV64,
    "a78 gcc": A64 + ["-mcpu=cortex-a78", "-mno-outline-atomics"],
}
# Flags that are tried with two compilers of a 32-bit and a 64-bit machine.
EVERYWHERE = [["-O0"], ["-Og"], ["-O1", "-funsigned-char", "-fshort-enums"], ["-Os", "-fsigned-char"],
              ["-O1", "-fno-strict-aliasing", "-fwrapv", "-fno-builtin"],
              ["-O1", "-fstack-protector-strong"]]
EVERY_MACHINE = ["-O1"]
# Title, command.
MORE = [
    ("x86-64 gcc -mgeneral-regs-only, kernel", ["gcc", "-O2", "-mno-red-zone", "-mgeneral-regs-only",
                                                "-mcmodel=kernel", "-fno-pic"]),
    ("x86-64 gcc -march=native -O3", ["gcc", "-O2", "-march=native"]),
    ("x86-64 gcc -flto", ["gcc", "-O2", "-flto", "-ffat-lto-objects"]),
    ("x86-64 clang -Oz", ["clang-19", "-Oz"]),
    ("x86-64 clang -mavx512f", ["clang-19", "-O2", "-mavx512f", "-mavx512vl"]),
    ("i386 clang", clang("i386-none-elf", "-O2")),
    ("x32 clang", clang("x86_64-linux-gnux32", "-O2")),
    ("m4 clang -Oz", clang("thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Oz")),
    ("m4 gcc -mpure-code", ARM + ["-mcpu=cortex-m4", "-Os", "-mpure-code"]),
    ("m4 clang -mexecute-only", clang("thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Os",
                                      "-mexecute-only")),
    ("m4 clang ROPI/RWPI", clang("thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Os", "-fropi", "-frwpi")),
    ("m4 gcc -fpic", ARM + ["-mcpu=cortex-m4", "-Os", "-fpic", "-msingle-pic-base",
                            "-mno-pic-data-is-text-relative"]),
    ("m33 gcc -mcmse", ARM + ["-mcpu=cortex-m33", "-Os", "-mcmse"]),
    ("m55 gcc MVE", ARM + ["-mcpu=cortex-m55", "-mfloat-abi=hard", "-O2"]),
    ("r5 gcc -mno-unaligned-access", ["arm-none-eabi-gcc", "-mcpu=cortex-r5", "-O2",
                                      "-mno-unaligned-access"]),
    ("a64 gcc -mgeneral-regs-only", A64 + ["-O2", "-mgeneral-regs-only", "-mstrict-align"]),
    ("a64 gcc -mbranch-protection", A64 + ["-O2", "-mbranch-protection=standard"]),
    ("a64 gcc SVE", A64 + ["-O2", "-march=armv9-a+sve2"]),
    ("rv64gc gcc medany -mno-relax", ["riscv64-unknown-elf-gcc", "-march=rv64gc", "-mabi=lp64d", "-O2",
                                      "-mcmodel=medany", "-mno-relax"]),
    ("rv64gcv clang", clang("riscv64-unknown-elf", "-march=rv64gcv", "-mabi=lp64d", "-O2")),
    ("s390x gcc", ["s390x-linux-gnu-gcc", "-O2"]),
]
# Symbols that a compiler's own run-time library has: what a CPU has no instruction for.
ARITHMETIC = {
    "m0plus": {"__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_lmul", "__aeabi_llsl", "__aeabi_llsr",
               "__gnu_thumb1_case_uqi", "__gnu_thumb1_case_sqi", "__gnu_thumb1_case_uhi",
               "__gnu_thumb1_case_shi", "__gnu_thumb1_case_si"},
    "m4": {"__aeabi_llsl", "__aeabi_llsr", "__aeabi_lmul"},
    "i386": {"__udivdi3"},
}
LINKER = {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail", "__stack_chk_guard"}


def jobs():
    for machine, command in MACHINES.items():
        yield f"{machine} {' '.join(EVERY_MACHINE)}", command + EVERY_MACHINE
    for machine in ("m4 gcc", "x86-64 clang"):
        for flags in EVERYWHERE:
            yield f"{machine} {' '.join(flags)}", MACHINES[machine] + flags
    yield from MORE


def undefined(command, unity, out):
    """(symbols or None, what the compiler says)"""
    done = subprocess.run(command + BASE + ["-c", unity, "-o", out], cwd=ROOT, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        return None, done.stdout
    listing = subprocess.run(["llvm-nm-19", "-u", out], stdout=subprocess.PIPE, text=True, check=True)
    return set(listing.stdout.split()) - {"U"}, ""


def try_one(title, command, unity, folder):
    """A TAP line without its number, and the lines of what is wrong."""
    if not shutil.which(command[0]):
        return f"ok @ - {title} # SKIP not run here: no {command[0]}", []
    out = os.path.join(folder, re.sub(r"\W", "_", title) + ".o")
    symbols, said = undefined(command, unity, out)
    if os.path.exists(out):
        os.remove(out)
    if symbols is None:
        return f"not ok @ - {title}", said.splitlines()[-5:]
    extra = symbols - LINKER - ARITHMETIC.get(title.split()[0], set())
    return f"{'not ' * bool(extra)}ok @ - {title}", [f"undefined: {' '.join(sorted(extra))}"] * bool(extra)


def run_all(folder, wanted, sources):
    os.makedirs(folder, exist_ok=True)
    unity = os.path.join(folder, "unity.c")
    with open(unity, "w", encoding="utf-8") as f:
        f.write("".join(f'#include "{source}"\n' for source in sources))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda job: try_one(*job, unity, folder), wanted))


def check(base):
    outcomes = run_all(os.path.join(base, "flags"), list(jobs()), library_sources())
    print(f"1..{len(outcomes)}")
    for number, (line, why) in enumerate(outcomes, 1):
        print(line.replace("@", str(number), 1))
        print("".join(f"# {text}\n" for text in why), end="")
    return [f"# {line}" for line, _ in outcomes if line.startswith("not ok")]


def self_test(folder):
    source = os.path.join(folder, "planted.c")
    wanted = [("m4 gcc -O2", MACHINES["m4 gcc"] + ["-O2"]), ("none", ["no-such-compiler"])]

    def outcome(text):
        with open(source, "w", encoding="utf-8") as f:
            f.write(text)
        return [line for line, _ in run_all(folder, wanted, [source])]
    missed = []
    for bad in ("struct s { char b[200]; }; void f(struct s *a, struct s *b) { *a = *b; }\n",
                "int f(void) { return g; }\n"):
        if not outcome(bad)[0].startswith("not ok"):
            missed.append(f"not caught: {bad}")
    good = outcome("int wmbt_x(int a);\nint wmbt_x(int a) { return a + 1; }\n")
    if not good[0].startswith("ok") or "not run here: no no-such" not in good[1]:
        missed.append(f"wrong: {good}")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
