#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The whole archive needs no symbol from outside, has no data that can be written, and names nothing
that could clash: for every target, compiler and optimisation."""
import re
import sys

from common import COMPILERS, OPTIMISATIONS, TARGETS, Build, compile_all, main, planted, run, target

# Symbols that a target may need from its compiler's run-time library. Aim: none. Give the reason.
ALLOWED = {
    # No divide instruction, and shapes are data: token counts are divided by ratios and block sizes.
    # Clang makes a wide product of a bound by division.
    "cortex-m0plus": {"__aeabi_uidiv", "__aeabi_uidivmod", "__aeabi_lmul"},
}

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


def check(base):
    builds = [Build(machine, which, optimisation, base) for machine in TARGETS
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


def self_test(folder):
    missed = []
    for want, text in PLANTED.items():
        found = list(problems_of(planted(target("cortex-m4"), "gcc", "O2", folder, text)))
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    clean = planted(target("cortex-m4"), "gcc", "O2", folder,
                    "int wmbt_x(int a); int wmbt_x(int a) { static const int t[] = {1, 2}; return t[a]; }")
    return missed + [f"false alarm: {problem}" for problem in problems_of(clean)]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
