#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Flags that firmware and kernels are built with: all sources as one file, for several machines and
compilers, and no undefined symbol but the compiler's own arithmetic and what docs/GUIDE.md names for that
compiler or flag. Prints TAP; a compiler that is not installed is not run here: flags.py BUILD_DIR"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

from common import ROOT, library_sources, main

# Before the flags of a row, which may undo them.
BASE = ["-std=c11", "-ffreestanding", "-Iinclude", "-Isrc", "-I."]
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
EVERYWHERE = [["-O0"], ["-Og"], ["-Oz"], ["-O1", "-funsigned-char", "-fshort-enums"],
              ["-Os", "-fsigned-char"], ["-O1", "-fno-strict-aliasing", "-fwrapv", "-fno-builtin"],
              ["-O1", "-fstack-protector-strong"], ["-O3", "-fhosted"]]
EVERY_MACHINE = ["-O1"]
ZERO, PATTERN, NO_INIT = ("-ftrivial-auto-var-init=" + how for how in ("zero", "pattern", "uninitialized"))
# Locals that the compiler fills: with each machine and kind, and with what GUIDE.md gives against it.
FILLED = ["m4 gcc", "m4 clang", "x86-64 gcc", "x86-64 clang", "rv32imac gcc", "a78 gcc"]
# What DOCA's samples give to the compiler of BlueField's and ConnectX's DPA.
DPA = ["-mabi=lp64", "-std=gnu17", "-Wall", "-Wextra", "-Wpedantic", "-Wdouble-promotion", "-Werror", "-O3",
       "-DE_MODE_LE", "-mno-relax", "-mcmodel=medany", "-nostdlib"]
# Title, command.
MORE = [
    ("x86-64 gcc -mgeneral-regs-only, kernel", ["gcc", "-O2", "-mno-red-zone", "-mgeneral-regs-only",
                                                "-mcmodel=kernel", "-fno-pic"]),
    ("x86-64 gcc -march=native", ["gcc", "-O2", "-march=native"]),
    ("x86-64 clang -mavx512f", ["clang-19", "-O2", "-mavx512f", "-mavx512vl"]),
    ("i386 clang -m32", ["clang-19", "-m32", "-O2"]),
    ("i386 clang, no operating system", clang("i386-none-elf", "-O2")),
    ("x32 clang", clang("x86_64-linux-gnux32", "-O2")),
    ("x86-64 tcc", ["tcc"]),
    ("m4 gcc -mpure-code", ARM + ["-mcpu=cortex-m4", "-Os", "-mpure-code"]),
    ("m4 clang -mexecute-only", clang("thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Os",
                                      "-mexecute-only")),
    ("m4 clang ROPI/RWPI", clang("thumbv7em-none-eabi", "-mcpu=cortex-m4", "-Os", "-fropi", "-frwpi")),
    ("m4 gcc -fpic", ARM + ["-mcpu=cortex-m4", "-Os", "-fpic", "-msingle-pic-base",
                            "-mno-pic-data-is-text-relative"]),
    ("m33 gcc -mcmse", ARM + ["-mcpu=cortex-m33", "-Os", "-mcmse"]),
    ("m33 clang -mcmse", clang("thumbv8m.main-none-eabi", "-mcpu=cortex-m33", "-Os", "-mcmse")),
    ("m85 clang -mbranch-protection", clang("thumbv8.1m.main-none-eabi", "-mcpu=cortex-m85", "-O2",
                                            "-mfloat-abi=hard", "-mbranch-protection=standard")),
    ("m55 gcc MVE", ARM + ["-mcpu=cortex-m55", "-mfloat-abi=hard", "-O3"]),
    ("m55 clang MVE", clang("thumbv8.1m.main-none-eabi", "-mcpu=cortex-m55", "-mfloat-abi=hard", "-O3")),
    ("r5 gcc -mno-unaligned-access", ["arm-none-eabi-gcc", "-mcpu=cortex-r5", "-O2",
                                      "-mno-unaligned-access"]),
    ("a64 gcc -mgeneral-regs-only", A64 + ["-O2", "-mgeneral-regs-only", "-mstrict-align"]),
    ("a64 gcc -mbranch-protection", A64 + ["-O2", "-mbranch-protection=standard"]),
    ("a64 gcc SVE", A64 + ["-O3", "-march=armv9-a+sve2"]),
    ("a64 clang SVE", clang("aarch64-none-elf", "-O3", "-march=armv9-a+sve2")),
    ("rv64gc gcc medany -mno-relax", ["riscv64-unknown-elf-gcc", "-march=rv64gc", "-mabi=lp64d", "-O2",
                                      "-mcmodel=medany", "-mno-relax"]),
    ("rv32imac gcc Zb*, Zknh", ["riscv64-unknown-elf-gcc", "-march=rv32imac_zba_zbb_zbc_zbs_zknh", "-mabi=ilp32",
                                "-O3"]),
    ("rv64gcv clang RVV", clang("riscv64-unknown-elf", "-march=rv64gcv", "-mabi=lp64d", "-O3")),
    ("rv64imac clang, DPA", clang("riscv64-unknown-elf", "-march=rv64imac", *DPA)),
    ("rv64imac_zba_zbb_zbs clang, DPA", clang("riscv64-unknown-elf", "-march=rv64imac_zba_zbb_zbs", *DPA)),
    ("s390x gcc", ["s390x-linux-gnu-gcc", "-O2"]),
    ("m68k gcc, numbers aligned to 2", ["m68k-linux-gnu-gcc", "-O2"]),
]
# Source by source, then linked at once: title, compiler, what links.
LTO = {
    "x86-64 gcc": (["gcc", "-O2"], ["gcc", "-O2", "-flto=2", "-flinker-output=nolto-rel", "-nostdlib"]),
    "m4 gcc": (ARM + ["-mcpu=cortex-m4", "-Os"],
               ARM + ["-mcpu=cortex-m4", "-Os", "-flto", "-flinker-output=nolto-rel", "-nostdlib"]),
    "x86-64 clang": (["clang-19", "-O2"], ["ld.lld-19"]),
}
# Symbols that a compiler's own run-time library has: what a CPU has no instruction for.
ARITHMETIC = {
    "m0plus": {"__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_lmul", "__aeabi_llsl", "__aeabi_llsr",
               "__gnu_thumb1_case_uqi", "__gnu_thumb1_case_sqi", "__gnu_thumb1_case_uhi",
               "__gnu_thumb1_case_shi", "__gnu_thumb1_case_si"},
    "m4": {"__aeabi_llsl", "__aeabi_llsr", "__aeabi_lmul"},
    "i386": {"__udivdi3"},
}
LINKER = {"_GLOBAL_OFFSET_TABLE_"}
# What a flag or a compiler calls, as docs/GUIDE.md says.
CALLED = {
    "-fstack-protector-strong": {"__stack_chk_fail", "__stack_chk_guard"},
    ZERO: {"memset", "__aeabi_memclr", "__aeabi_memclr4", "__aeabi_memclr8"},
    PATTERN: {"memset", "__aeabi_memset", "__aeabi_memset4", "__aeabi_memset8"},
    "-fhosted": {"memset", "memcpy", "memmove", "memcmp", "strlen"},
    "tcc": {"memmove", "memcpy", "memset"},
}


def allowed(title, command):
    symbols = LINKER | ARITHMETIC.get(title.split()[0], set())
    return symbols.union(*(CALLED.get(flag, set()) for flag in command if NO_INIT not in command))


def jobs():
    """(title, command of a compiler, None or what links)"""
    for machine, command in MACHINES.items():
        yield f"{machine} {' '.join(EVERY_MACHINE)}", command + EVERY_MACHINE, None
    for machine in ("m4 gcc", "x86-64 clang"):
        for flags in EVERYWHERE:
            yield f"{machine} {' '.join(flags)}", MACHINES[machine] + flags, None
    for machine in FILLED:
        for flags in ([ZERO], [PATTERN], [PATTERN, NO_INIT]):
            yield f"{machine} {' '.join(flags)}", MACHINES[machine] + ["-Os"] + flags, None
    for machine, (command, link) in LTO.items():
        for flags in (["-flto"], ["-flto", "-fhosted"]):
            yield f"{machine} {' '.join(flags)}", command + flags, link
    for title, command in MORE:
        yield title, command, None


def run(command):
    return subprocess.run(command, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)


def compiled(command, source, out):
    """What the compiler says, if it fails."""
    warnings = [] if "-Werror" in command else ["-w"]
    done = run(command[:1] + BASE + command[1:] + warnings + ["-c", source, "-o", out])
    return done.stdout if done.returncode != 0 else None


def undefined(command, link, sources, out):
    """(symbols or None, what the compiler says)"""
    if link is None:
        said = compiled(command, sources, out + ".o")
    else:
        objects = [f"{out}.{number}.o" for number in range(len(sources))]
        said = next(filter(None, map(compiled, [command] * len(sources), sources, objects)), None)
        if said is None:
            done = run(link + ["-r", *objects, "-o", out + ".o"])
            said = done.stdout if done.returncode != 0 else None
    if said is not None:
        return None, said
    listing = subprocess.run(["llvm-nm-19", "-u", out + ".o"], stdout=subprocess.PIPE, text=True, check=True)
    return set(listing.stdout.split()) - {"U"}, ""


def symbols_of(job, unity, sources, folder):
    title, command, link = job
    inside = os.path.join(folder, re.sub(r"\W", "_", title))
    shutil.rmtree(inside, ignore_errors=True)
    os.makedirs(inside)
    try:
        return undefined(command, link, unity if link is None else sources, os.path.join(inside, "all"))
    finally:
        shutil.rmtree(inside)


def try_one(job, unity, sources, folder):
    """A TAP line without its number, and the lines of what is wrong."""
    title, command, _ = job
    if not shutil.which(command[0]):
        return f"ok @ - {title} # SKIP not run here: no {command[0]}", []
    symbols, said = symbols_of(job, unity, sources, folder)
    if symbols is None:
        return f"not ok @ - {title}", said.splitlines()[-5:]
    extra = symbols - allowed(title, command)
    return f"{'not ' * bool(extra)}ok @ - {title}", [f"undefined: {' '.join(sorted(extra))}"] * bool(extra)


def run_all(folder, wanted, sources):
    os.makedirs(folder, exist_ok=True)
    unity = os.path.join(folder, "unity.c")
    with open(unity, "w", encoding="utf-8") as f:
        f.write("".join(f'#include "{source}"\n' for source in sources))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda job: try_one(job, unity, sources, folder), wanted))


def check(base):
    outcomes = run_all(os.path.join(base, "flags"), list(jobs()), library_sources())
    print(f"1..{len(outcomes)}")
    for number, (line, why) in enumerate(outcomes, 1):
        print(line.replace("@", str(number), 1))
        print("".join(f"# {text}\n" for text in why), end="")
    return [f"# {line}" for line, _ in outcomes if line.startswith("not ok")]


CALL = "int wmbt_missing(void);\n"
# What shows that a flag is in effect: wrong with it, and with -O2 in its place good for one machine at least.
PLANTS = {
    "-O0": CALL + "static int f(int a) { return a ? wmbt_missing() : 0; }\nint wmbt_x(void) { return f(0); }\n",
    "-Os": "#ifdef __OPTIMIZE_SIZE__\n#error\n#endif\n",
    "-Oz": "#ifdef __OPTIMIZE_SIZE__\n#error\n#endif\n",
    "-funsigned-char": "_Static_assert((char)-1 < 0, \"\");\n",
    "-fsigned-char": "_Static_assert((char)-1 > 0, \"\");\n",
    "-fshort-enums": "enum e { A };\n_Static_assert(sizeof(enum e) == 4, \"\");\n",
    "-fwrapv": CALL + "int wmbt_x(int a) { return a + 1 < a ? wmbt_missing() : 0; }\n",
    "-fno-strict-aliasing": CALL + "int wmbt_x(int *a, short *b)\n"
                            "{ *a = 1; *b = 2; return *a == 1 ? 0 : wmbt_missing(); }\n",
    "-fstack-protector-strong": "#ifdef __SSP_STRONG__\n#error\n#endif\n",
    "-fhosted": "#if __STDC_HOSTED__\n#error\n#endif\n",
    "-mgeneral-regs-only": "float wmbt_x(float a, float b) { return a * b; }\n",
    "-mcmodel=kernel": "#ifdef __code_model_kernel__\n#error\n#endif\n",
    "-mcmodel=medany": "#ifdef __riscv_cmodel_medany\n#error\n#endif\n",
    "-fpic": "#ifdef __PIC__\n#error\n#endif\n",
    "-m32": "_Static_assert(sizeof(void *) == 8, \"\");\n",
    "--target=x86_64-linux-gnux32": "_Static_assert(sizeof(void *) == 8, \"\");\n",
    "-mavx512vl": "#ifdef __AVX512VL__\n#error\n#endif\n",
    "-fropi": "#ifdef __ARM_ROPI\n#error\n#endif\n",
    "-frwpi": "#ifdef __ARM_RWPI\n#error\n#endif\n",
    "-mcmse": "#if __ARM_FEATURE_CMSE == 3\n#error\n#endif\n",
    "-mcpu=cortex-m55": "#ifdef __ARM_FEATURE_MVE\n#error\n#endif\n",
    "-mno-unaligned-access": "#ifndef __ARM_FEATURE_UNALIGNED\n#error\n#endif\n",
    "-mbranch-protection=standard": "#ifdef __ARM_FEATURE_PAC_DEFAULT\n#error\n#endif\n",
    "-march=armv9-a+sve2": "#ifdef __ARM_FEATURE_SVE\n#error\n#endif\n",
    "-march=rv64gcv": "#ifdef __riscv_vector\n#error\n#endif\n",
    "-DE_MODE_LE": CALL + "#ifdef E_MODE_LE\n#error\n#endif\n",
    "-Werror": CALL + "#warning wmbt\n",
}
GOOD = "int wmbt_x(int a);\nint wmbt_x(int a) { return a + 1; }\n"
# Wrong for every row: a call of what is not there, and the same behind a second source.
MISSING = CALL + "int wmbt_y(void);\nint wmbt_y(void) { return wmbt_missing(); }\n"
# A local that the flag fills by a call.
LOCAL = "void wmbt_x(void) { char a[3000]; __asm__ volatile(\"\" : : \"r\"(a) : \"memory\"); }\n"


def self_test(folder):
    missed, rows = [], [job for job in jobs() if shutil.which(job[1][0])]

    def failing(wanted, *texts):
        """The titles of rows that are not ok."""
        sources = [os.path.join(folder, f"planted{number}.c") for number in range(len(texts))]
        for source, text in zip(sources, texts):
            with open(source, "w", encoding="utf-8") as f:
                f.write(text)
        return [job[0] for job, (line, _) in zip(wanted, run_all(folder, wanted, sources))
                if line.startswith("not ok")]
    missed += [f"false alarm: {title}" for title in failing(rows, GOOD)]
    caught = failing(rows, GOOD, MISSING)
    missed += [f"{job[0]}: not caught: {MISSING}" for job in rows if job[0] not in caught]
    if failing([job for job in rows if job[0] == "m4 gcc -O1"],
               "struct s { char b[200]; }; void f(struct s *a, struct s *b) { *a = *b; }\n") == []:
        missed.append("not caught: an assignment that is a call")
    for flag, text in PLANTS.items():
        wanted = [job for job in rows if flag in job[1] and job[2] is None]
        caught = failing(wanted, text)
        missed += [f"{job[0]}: {flag} is not in effect" for job in wanted if job[0] not in caught]
        instead = [(job[0], ["-O2" if arg == flag else arg for arg in job[1]], None) for job in wanted]
        if wanted and len(failing(instead, text)) == len(instead):
            missed.append(f"{flag}: what is planted is wrong without it")
    source = os.path.join(folder, "planted0.c")
    with open(source, "w", encoding="utf-8") as f:
        f.write(LOCAL)
    for job in (job for job in rows if ZERO in job[1] or PATTERN in job[1]):
        symbols, _ = symbols_of(job, source, [source], folder)
        inline = NO_INIT in job[1] or job[1][0] == "gcc"  # for x86-64 gcc has an instruction
        if inline != (symbols == set()):
            missed.append(f"{job[0]}: a local of 3000 bytes calls {symbols}")
    if "not run here: no no-such" not in run_all(folder, [("none", ["no-such"], None)], [source])[0][0]:
        missed.append("not said: a compiler that is not here")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
