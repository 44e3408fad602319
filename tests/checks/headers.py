#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, as C11 and as C++17, so do the uses of its macros, and all sources
compile as one file, without a warning, with gcc and clang: headers.py BUILD_DIR"""
import concurrent.futures
import glob
import os
import re
import subprocess
import sys

from common import ROOT, library_sources, main, target

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-align", "-Wshadow", "-Werror",
          "-Iinclude", "-Isrc"]
STRICT_CXX = ["-Wold-style-cast", "-Wzero-as-null-pointer-constant"]
LANGUAGES = [("gcc", ["-xc", "-std=c11"]), ("clang-19", ["-xc", "-std=c11"]),
             ("g++", ["-xc++", "-std=c++17", *STRICT_CXX, "-Wuseless-cast"]),
             ("g++", ["-xc++", "-std=c++11", *STRICT_CXX, "-Wuseless-cast"]),
             ("clang-19", ["-xc++", "-std=c++17", *STRICT_CXX])]

MACRO = re.compile(r"#\s*define (WMBT_\w+_BYTES|WMBT_FINGERPRINT_BIT)\(([^)]*)\)")
# What a macro needs besides numbers.
DECLARATIONS = """
static const wmbt_view wmbt_one = WMBT_VIEW_INIT("kv/cabi");
static const wmbt_view wmbt_table[] = {WMBT_VIEW_INIT("a"), WMBT_VIEW_INIT("b")};
static WMBT_MEMORY(wmbt_memory, WMBT_MEMORY_ALIGN * 3u);
size_t wmbt_use(size_t n, uint32_t m);
size_t wmbt_use(size_t n, uint32_t m)
{
    WMBT_MEMORY(local, 24u);
    wmbt_buf memory = wmbt_buf_of(n != 0u ? wmbt_memory : local, sizeof wmbt_memory);
    wmbt_view text = WMBT_VIEW_LITERAL("literal");
    size_t sum = wmbt_one.len + wmbt_table[m].len + memory.len + text.len;
"""
# All that config.h lets an integrator's compiler set.
CONFIG = """
#define WMBT_API __attribute__((visibility("default")))
#define WMBT_MUST_CHECK __attribute__((__warn_unused_result__))
#define WMBT_NOINLINE __attribute__((__noinline__))
static inline void *wmbt_my_hide(const void *p) { return (void *)(unsigned long)p; }
#define WMBT_HIDE_POINTER(pointer) ((pointer) = wmbt_my_hide(pointer))
#define WMBT_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
#define WMBT_UNALIGNED_U64 unsigned long __attribute__((__may_alias__, __aligned__(1)))
#define WMBT_UNALIGNED_U64_IS_LE 1
"""


def compile_text(compiler, args, text):
    """None, or what the compiler says."""
    done = subprocess.run([compiler, *args, *STRICT, "-fsyntax-only", "-"], input=text, text=True,
                          cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return None if done.returncode == 0 else done.stderr


def macro_text(names):
    """A function that uses every macro of a size once with a variable, and once with a number."""
    calls = []
    for name in names:
        with open(os.path.join(ROOT, "include", name), encoding="utf-8") as f:
            for macro, args in MACRO.findall(re.sub(r"\\\n", " ", f.read())):
                count = len(args.split(","))
                calls += [f"{macro}({', '.join([arg] * count)})" for arg in ("n", "m", "2u")]
    return "".join(f'#include "{name}"\n' for name in names) + DECLARATIONS + \
        "".join(f"    sum += {call};\n" for call in calls) + "    return sum;\n}\n"


def header_texts(names, sources):
    """(title, compiler, args, text)"""
    for compiler, args in LANGUAGES if len(names) > 1 else []:
        yield f"macros {compiler} {args[1]}", compiler, args, macro_text(names)
    for name in names:
        for compiler, args in LANGUAGES:
            # C forbids a file that declares nothing, and some headers only define macros.
            yield f"{name} {compiler} {args[1]}", compiler, args, \
                f'#include "{name}"\nextern int wmbt_declared;\n'
    one = "".join(f'#include "{source}"\n' for source in sources)
    machine = target("cortex-m4")
    for which in (["gcc"], ["clang-19"], machine.gcc, machine.clang):
        yield f"one file {which[0]} {which[-1]}", which[0], \
            which[1:] + ["-xc", "-std=c11", "-ffreestanding", "-I."], one
    for compiler in ("gcc", "clang-19") if len(names) > 1 else ():
        yield f"one file {compiler}, its own compiler macros", compiler, \
            ["-xc", "-std=c11", "-ffreestanding", "-I.", "-Wno-error=cast-qual"], CONFIG + one


def problems_of(jobs):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = pool.map(lambda job: (job[0], compile_text(*job[1:])), jobs)
        return [f"{title}: {text}" for title, text in results if text]


def check(_):
    names = sorted(os.path.relpath(path, os.path.join(ROOT, "include")) for path in
                   glob.glob(os.path.join(ROOT, "include", "**", "*.h"), recursive=True))
    return problems_of(header_texts(names, library_sources()))


def self_test(folder):
    def write(name, text):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path
    missed = []
    for want, text in {"uint32_t": "uint32_t wmbt_x(void);\n",
                       "conversion": "static inline signed char wmbt_x(int a) { return a; }\n",
                       "new": "int wmbt_x(int new);\n"}.items():
        path = write("planted.h", text)
        if not any(want in problem for problem in problems_of(header_texts([path], []))):
            missed.append(f"not caught: {want}")
    for flag, text in {
            "-Wold-style-cast": "static inline unsigned wmbt_x(int a) { return (unsigned)a; }\n",
            "-Wuseless-cast": "#ifdef __cplusplus\nstatic inline int wmbt_x(int a)\n"
                              "{ return static_cast<int>(a); }\n#endif\n",
            "-Wzero-as-null-pointer-constant": "static inline int *wmbt_x(void) { return 0; }\n"}.items():
        jobs = [job for job in header_texts([write("planted.h", text)], [])
                if flag in job[2] and "planted.h" in job[0]]
        missed += [f"not caught: {flag} by {job[0]}" for job in jobs if not problems_of([job])]
        missed += [] if jobs else [f"no compiler has {flag}"]
    both = [write(name, "static inline int wmbt_x(void) { return 1; }\n") for name in ("a.c", "b.c")]
    if not any("redefinition" in problem for problem in problems_of(header_texts([], both))):
        missed.append("not caught: two sources with one name")
    good = write("good.h", "static inline int wmbt_good(void) { return 1; }\n")
    return missed + problems_of(header_texts([good], [good]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
