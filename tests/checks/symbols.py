#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole archive needs no symbol from outside, has no data that can be written, and names nothing
that could clash: for every target, compiler and optimisation.

    symbols.py --archive CPU ARCHIVE

looks for the first two in an archive as it was built for bare metal (CPU "... trap" in trap mode)."""
import os
import re
import sys

from common import COMPILERS, OPTIMISATIONS, TARGETS, Build, compile_all, main, planted, run, target

# Symbols that a target may need from its compiler's run-time library. Aim: none. Give the reason.
ALLOWED = {
    # No divide instruction, and shapes are data: token counts are divided by ratios and block sizes.
    # Clang makes a wide product of a bound by division.
    # GCC's Thumb-1 code at -Os calls a jump table of a state machine's switch.
    "cortex-m0plus": {"__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_lmul",
                      "__gnu_thumb1_case_uqi", "__gnu_thumb1_case_uhi", "__gnu_thumb1_case_sqi",
                      "__gnu_thumb1_case_shi"},
}
# With -fsanitize=alignment GCC copies a view, 8 bytes, by a call.
# Not a call: the linker makes the table of addresses where code is independent of its position.
ALLOWED["x86-64"] = ALLOWED.get("x86-64", set()) | {"_GLOBAL_OFFSET_TABLE_"}
ALLOWED["cortex-m0plus trap"] = ALLOWED["cortex-m0plus"] | {"memcpy"}

# With every kernel for instruction sets: as the loader picks them, and as a target's macros do.
KERNELS = [("x86-64", ["-DWMBT_CFG_DISPATCH=1"]), ("x86-64", ["-march=x86-64-v3", "-mvpclmulqdq", "-mpclmul"]),
           ("x86-64", ["-march=x86-64-v4", "-mvpclmulqdq", "-mpclmul", "-msha"]),
           ("cortex-a78", ["-DWMBT_CFG_DISPATCH=1"]), ("cortex-a78", ["-mcpu=cortex-a78+crypto"]),
           ("rv64gc", ["-march=rv64gc_zba_zbb_zbc_zbs_zknh"])]

# .data.rel.ro is what a position-independent program makes of constants that hold addresses.
WRITABLE = re.compile(r"\.(data(?!\.rel\.ro)|bss|sdata|sbss|tdata|tbss)\b|COMMON")
# Local names that are nobody's: of sections, mapping symbols, and objects inside a function.
COMPILERS_OWN = re.compile(r"^[$.]|\.\d+$|^[A-Za-z_]\w*\.[A-Za-z_]\w*(\.\d+)?$|^__?(compound)?literal")


def undefined_symbols(build):
    """What stays undefined when all objects are linked into one."""
    whole = build.folder + "/whole.o"
    run(build.machine.tool("ld"), *build.machine.linker_args, "-r", "-o", whole, *build.objects())
    return set(run(build.machine.tool("nm"), "-u", "-j", whole).split())


def writable_bytes(build):
    text = run(build.machine.tool("size"), "-A", *build.objects())
    return sum(int(line.split()[1]) for line in text.splitlines() if WRITABLE.match(line))


def bad_names(build):
    """Global and static names without our prefix, or with the prefix of the Rust C interface."""
    bad = set()
    for line in run(build.machine.tool("nm"), "--defined-only", *build.objects()).splitlines():
        parts = line.split()
        if len(parts) != 3:
            continue
        kind, name = parts[1:]
        if name.startswith("wmbt_kv_"):
            bad.add(name)
        elif not name.startswith("wmbt_") and (kind.isupper() or not COMPILERS_OWN.search(name)):
            bad.add(name)
    return bad


def problems_of(build):
    for name in sorted(undefined_symbols(build) - ALLOWED.get(build.machine.name, set())):
        yield f"{build.title}: undefined symbol {name}"
    if writable_bytes(build):
        yield f"{build.title}: {writable_bytes(build)} bytes of writable data"
    for name in sorted(bad_names(build)):
        yield f"{build.title}: name {name}"


def archive_problems(cpu, archive):
    """Of an archive for any machine: the host's tools read them all."""
    symbols = run("nm", "-g", archive)
    own = set(re.findall(r"^[0-9a-f]+ [A-Z] (\S+)$", symbols, re.M))
    needed = set(re.findall(r"^ +[Uvw] (\S+)$", symbols, re.M))
    if not any(name.startswith("wmbt_") for name in own):
        yield f"{archive}: not the library"
    for name in sorted(needed - own - ALLOWED.get(cpu, set())):
        yield f"{archive}: undefined symbol {name}"
    for size in run("size", "-A", archive).splitlines():
        if WRITABLE.match(size) and int(size.split()[1]) > 0:
            yield f"{archive}: writable data: {size}"


def check(base):
    builds = [Build(machine, which, optimisation, base) for machine in TARGETS
              for which in COMPILERS for optimisation in OPTIMISATIONS]
    builds += [Build(target(name), which, optimisation, base, more=more) for name, more in KERNELS
               for which in COMPILERS for optimisation in OPTIMISATIONS]
    compile_all(builds)
    return [problem for build in builds for problem in problems_of(build)]


PLANTED = {
    "undefined symbol memcpy": "struct s { char b[200]; }; void wmbt_x(struct s *a, struct s *b);"
                               "void wmbt_x(struct s *a, struct s *b) { *a = *b; }",
    "undefined symbol __aeabi_uldivmod": "unsigned long long wmbt_x(unsigned long long a, unsigned long long b);"
                        "unsigned long long wmbt_x(unsigned long long a, unsigned long long b)"
                        "{ return a / b; }",
    "4 bytes of writable data": "int wmbt_x;",
    "8 bytes of writable data": "int wmbt_x[2] = {1, 2};",
    "name open": "int open(void); int open(void) { return 1; }",
    "name wmbt_kv_open": "int wmbt_kv_open(void); int wmbt_kv_open(void) { return 1; }",
    "name helper": "static __attribute__((noinline)) int helper(int a) { return a * 7; }"
                   "int wmbt_x(int a); int wmbt_x(int a) { return helper(a) + helper(a + 1); }",
}


# The same and more in an archive, its members' texts: for Cortex-M0+, which may divide by a call.
PLANTED_ARCHIVES = {
    "undefined symbol wmbt_y": ["int wmbt_y(void); int wmbt_x(void);"
                                "int wmbt_x(void) { return wmbt_y(); }"],
    "undefined symbol __aeabi_idiv": ["int wmbt_x(int a); int wmbt_x(int a) { return 7 / a; }"],
    ".bss": ["int wmbt_x;"],
    ".data": ["int wmbt_x;", "int wmbt_y = 1;"],
    "not the library": ["typedef int wmbt_int;"],
}
CLEAN_ARCHIVE = ["unsigned wmbt_x(unsigned a); unsigned wmbt_y(unsigned a);"
                 "unsigned wmbt_x(unsigned a) { return 7u / wmbt_y(a); }",
                 "unsigned wmbt_y(unsigned a); unsigned wmbt_y(unsigned a) { return a + 1u; }"]


def planted_archive(folder, texts):
    machine, archive = target("cortex-m0plus"), os.path.join(folder, "planted.a")
    if os.path.exists(archive):
        os.remove(archive)
    for number, text in enumerate(texts):
        whole = planted(machine, "gcc", "Os", folder, text).objects()[0]
        os.replace(whole, whole + str(number))
        run(machine.tool("ar"), "qc", archive, whole + str(number))
    return archive


def self_test(folder):
    missed = []
    for want, text in PLANTED.items():
        found = list(problems_of(planted(target("cortex-m4"), "gcc", "O2", folder, text)))
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    for want, texts in PLANTED_ARCHIVES.items():
        found = list(archive_problems("cortex-m0plus", planted_archive(folder, texts)))
        if not any(want in problem for problem in found):
            missed.append(f"not caught in an archive: {want}: {found}")
    missed += archive_problems("cortex-m0plus", planted_archive(folder, CLEAN_ARCHIVE))
    if not list(archive_problems("cortex-m4", planted_archive(folder, CLEAN_ARCHIVE))):
        missed.append("not caught: a call that only another CPU may need")
    clean = planted(target("cortex-m4"), "gcc", "O2", folder,
                    "int wmbt_x(int a); int wmbt_x(int a) { static const int t[] = {1, 2}; return t[a]; }")
    return missed + [f"false alarm: {problem}" for problem in problems_of(clean)]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if len(sys.argv) == 4 and sys.argv[1] == "--archive":
        found = list(archive_problems(sys.argv[2], sys.argv[3]))
        sys.exit("\n".join(found) if found else 0)
    main(check, self_test)
