#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a compiler's flags make a portable kernel slower, and whether all sources compile with them:

    compilers.py [--native | --cross] | --self-test

Native flags are timed beside -O2 alone in one program (median of paired ratios); a cross file's are
compared by instructions, counted in a user emulator, with those of the plainest CPU of its family.
What is known and cannot be mended stands in KNOWN. Prints TAP. On an idle machine: times are times.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SOURCES = ["src/hash/portable/*.c", "src/hash/sha256.c", "src/hash/xxh64.c", "src/hash/fnv1a.c",
           "src/base/bytes.c", "src/base/text.c"]
# The portable kernels alone, and no one that the loader picks.
COMMON = ["-std=c11", "-ffreestanding", "-DNDEBUG", "-DWMBT_CFG_DISPATCH=0", "-DWMBT_CFG_CRC32C_KERNEL=3",
          "-DWMBT_CFG_BLAKE3_KERNEL=2", "-DWMBT_CFG_SHA256_KERNEL=1", "-I", "include", "-I", "src",
          "-I", "tests/bench"]
MAX_TIME, MAX_COUNT = 1.3, 1.15
ZEN4 = "-march=znver3 -mavx512f -mavx512vl -mavx512bw -mavx512dq -mavx512cd -mavx512vbmi -mavx512vbmi2 -mgfni"

# Compiler, flags. What -march=native is on other CPUs is written out; one that this CPU cannot run is not run here.
NATIVE = [("gcc", "-O3"), ("gcc", "-O2 -march=native"), ("gcc", "-O3 -march=native"),
          ("gcc", "-O3 -march=x86-64-v3"), ("gcc", "-O3 -march=x86-64-v4"), ("gcc", f"-O3 {ZEN4}"),
          ("gcc", f"-O3 {ZEN4} -mtune=skylake-avx512"), ("gcc", "-O3 -march=native -mtune=intel"),
          ("clang-19", "-O3"), ("clang-19", "-O3 -march=native")]
# Emulator and its CPU, compiler, the plainest flags, and cross files with others.
FAMILIES = [
    ("qemu-aarch64 -cpu max", "aarch64-linux-gnu-gcc", "-march=armv8-a -mno-outline-atomics -mstrict-align", ["cortex-a78"]),
    ("qemu-aarch64 -cpu max", "aarch64-linux-gnu-gcc", "-march=armv8-a", ["linux-aarch64"]),
    ("qemu-riscv64 -cpu rv64,zba=true,zbb=true,zbc=true,zbs=true", "riscv64-unknown-elf-gcc",
     "-march=rv64imac -mabi=lp64 -mcmodel=medany", ["rv64imac", "rv64gc", "rv64gc-zb"]),
    ("qemu-riscv32 -cpu rv32,zba=true,zbb=true,zbc=true,zbs=true", "riscv64-unknown-elf-gcc",
     "-march=rv32imac -mabi=ilp32 -mcmodel=medany", ["rv32imac", "rv32imac-zbb-zbc"]),
    ("qemu-arm -cpu max", "arm-none-eabi-gcc", "-mcpu=cortex-m3 -mthumb",
     ["cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"]),
]
# Flags that only have to compile every source: compilers have failed with their like (docs/SPEED.md, "Traps").
COMPILES = [("riscv64-unknown-elf-gcc", "-march=rv32imac_zba_zbb_zbc_zbs_zknh -mabi=ilp32"),
            ("clang-19", "--target=riscv32-unknown-elf -march=rv32imac_zba_zbb_zbc_zbs_zknh")]
# (compiler, a word of the flags, kernel): why. docs/SPEED.md, "Traps".
KNOWN = {}


class Failed(Exception):
    pass


def run(*command, **more):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:6])} ...: {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    return done


def sources():
    return [os.path.relpath(path, ROOT) for pattern in SOURCES for path in sorted(glob.glob(os.path.join(ROOT, pattern)))]


def object_of(folder, name, compiler, flags):
    """The portable kernels as one object."""
    parts = []
    for source in sources() + ["tests/bench/portable.c"]:
        parts.append(os.path.join(folder, f"{name}_{source.replace('/', '_')}.o"))
        run(compiler, *COMMON, *flags, "-c", source, "-o", parts[-1])
    return parts


def timed(folder, compiler, flags, base):
    parts = object_of(folder, "flag", compiler, flags.split())
    whole, named = os.path.join(folder, "flag.o"), os.path.join(folder, "flag_named.o")
    run("ld", "-r", *parts, "-o", whole)
    run("objcopy", "--prefix-symbols=flag_", whole, named)
    program = os.path.join(folder, "flags")
    run("gcc", "-O2", "-D_POSIX_C_SOURCE=200809L", "-I", "tests/bench", "tests/bench/paired.c", "tests/bench/bench.c",
        named, base, "-o", program)
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == -4:
        return None  # an instruction that this CPU does not have
    if done.returncode != 0:
        raise Failed(f"{compiler} {flags}: {done.returncode} {done.stdout[-200:]}")
    return {name: float(ratio) for ratio, name in re.findall(r"^(\S+) (.*)$", done.stdout, re.M)}


def names():
    with open(os.path.join(HERE, "portable.c"), encoding="utf-8") as f:
        return re.findall(r'^    \{"([^"]+)", wmbt_portable_', f.read(), re.M)


def counted(folder, emulator, compiler, flags):
    """{kernel: instructions}"""
    counts = {}
    parts = object_of(folder, "count", compiler, [*flags, "-ffunction-sections", "-fno-pic", "-fno-stack-protector"])
    for which, name in enumerate(names()):
        seen = []
        for times in (2, 6):
            program = os.path.join(folder, "count")
            run(compiler, *COMMON, *flags, "-fno-stack-protector", f"-DWHICH={which}", f"-DTIMES={times}", "-nostdlib",
                "-static", "-Wl,--gc-sections", "-Wl,--no-relax", "-Wl,-e,_start", "tests/bench/count.c", *parts, "-lgcc", "-o", program)
            done = run(*emulator.split(), "-plugin", os.path.join(folder, "insns.so"), "-d", "plugin", program)
            seen.append(int(re.search(r"insns (\d+)", done.stdout + done.stderr)[1]))
        counts[name] = (seen[1] - seen[0]) // 4
    return counts


def cross_flags(name):
    """cpu_args of a cross file, its constants put in."""
    with open(os.path.join(ROOT, "cross", name + ".txt"), encoding="utf-8") as f:
        text = f.read()
    cpu = re.search(r"^cpu = '([^']*)'", text, re.M)[1]
    inside = re.search(r"^cpu_args = \[([^\]]*)\]", text, re.M)[1]
    return [cpu if word.strip() == "cpu" else word.strip().strip("'") for word in inside.split(",") if word.strip()]


def problems_of(compiler, flags, ratios, limit, known=None):
    known = KNOWN if known is None else known
    for kernel, ratio in ratios.items():
        words = [why for (who, word, what), why in known.items()
                 if who == compiler and word in flags and what == kernel]
        if ratio > limit and not words:
            yield f"{kernel}: {ratio:.2f} times as slow as without"


class Tap:
    def __init__(self):
        self.number, self.failed = 0, 0

    def say(self, name, problems, ratios=None):
        self.number += 1
        self.failed += bool(problems)
        worst = max(ratios.items(), key=lambda item: item[1]) if ratios else None
        more = f" (worst: {worst[0]} {worst[1]:.2f})" if worst else ""
        print(f"{'not ' if problems else ''}ok {self.number} - {name}{more}", flush=True)
        for problem in problems:
            print(f"# {problem}", flush=True)


def prepare(folder, compiler="gcc", flags="-O2"):
    base = os.path.join(folder, f"base_{compiler}.o")
    run("ld", "-r", *object_of(folder, "base", compiler, flags.split()), "-o", base)
    run("objcopy", "--prefix-symbols=base_", base, base + "n")
    return base + "n"


def native(folder, tap):
    bases = {}
    for compiler, flags in NATIVE:
        name = f"{compiler} {flags}"
        try:
            if compiler not in bases:
                bases[compiler] = prepare(folder, compiler)
            ratios = timed(folder, compiler, flags, bases[compiler])
        except Failed as error:
            tap.say(name, [str(error)])
            continue
        if ratios is None:
            print(f"# not run here: {name}: not this CPU's instructions")
            continue
        tap.say(name, list(problems_of(compiler, flags, ratios, MAX_TIME)), ratios)


def cross(folder, tap):
    run("gcc", "-O2", "-fPIC", "-shared", "tests/bench/insns.c", "-o", os.path.join(folder, "insns.so"))
    for emulator, compiler, plain, files in FAMILIES:
        base = counted(folder, emulator, compiler, [*plain.split(), "-O2", "-fno-tree-vectorize"])
        for file in files:
            for level in ("-O2", "-O3"):
                flags = [*cross_flags(file), level]
                counts = counted(folder, emulator, compiler, flags)
                ratios = {kernel: counts[kernel] / base[kernel] for kernel in counts}
                tap.say(f"cross/{file}.txt {level}", list(problems_of(compiler, " ".join(flags), ratios, MAX_COUNT)), ratios)
    for compiler, flags in COMPILES:
        problems = []
        for level in ("-Os", "-O2", "-O3"):
            for source in subprocess.run(["git", "ls-files", "src/*.c"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                                         check=True).stdout.split():
                try:
                    if not source.startswith("src/inspect/"):
                        run(compiler, "-std=c11", "-ffreestanding", "-I", "include", "-I", "src", *flags.split(), level,
                            "-c", source, "-o", os.path.join(folder, "x.o"))
                except Failed as error:
                    problems.append(f"{source} {level}: {error}")
        tap.say(f"{compiler} {flags}: compiles", problems)


def self_test():
    """A kernel that takes three times as long is seen by its time and by its instructions."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        base = prepare(folder)
        slow = timed(folder, "gcc", "-O2 -DPLANTED", base)
        found = list(problems_of("gcc", "-O2", slow, MAX_TIME))
        if len(found) != 1 or "blake3 fast" not in found[0]:
            problems.append(f"timed: {found}")
        if list(problems_of("gcc", "-O2 -x", slow, MAX_TIME, {("gcc", "-x", "blake3 fast"): "known"})):
            problems.append("what is known is a problem")
        if not list(problems_of("gcc", "-O2", slow, MAX_TIME, {("gcc", "-x", "blake3 fast"): "known"})):
            problems.append("what is known of other flags is none")
        emulator, compiler, plain, _ = FAMILIES[0]
        run("gcc", "-O2", "-fPIC", "-shared", "tests/bench/insns.c", "-o", os.path.join(folder, "insns.so"))
        good = counted(folder, emulator, compiler, [*plain.split(), "-O2"])
        bad = counted(folder, emulator, compiler, [*plain.split(), "-O2", "-DPLANTED"])
        found = list(problems_of(compiler, "", {name: bad[name] / good[name] for name in good}, MAX_COUNT))
        if len(found) != 1 or "blake3 fast" not in found[0]:
            problems.append(f"counted: {found}")
        try:
            timed(folder, "gcc", "-O2 -no-such-flag", base)
            problems.append("a flag that does not compile passes")
        except Failed:
            pass
    return problems


def main():
    if sys.argv[1:] == ["--self-test"]:
        problems = self_test()
        sys.exit("\n".join(problems) if problems else 0)
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        if sys.argv[1:] != ["--cross"]:
            native(folder, tap)
        if sys.argv[1:] != ["--native"]:
            cross(folder, tap)
    print(f"1..{tap.number}")
    sys.exit(1 if tap.failed or tap.number == 0 else 0)


if __name__ == "__main__":
    main()
