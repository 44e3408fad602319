#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, as C11 and as C++17, and all sources compile as one file, without a
warning, with gcc and clang: headers.py BUILD_DIR"""
import concurrent.futures
import glob
import os
import subprocess
import sys

from common import ROOT, library_sources, main, target

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-align", "-Wshadow", "-Werror",
          "-Iinclude", "-Isrc"]
LANGUAGES = [("gcc", ["-xc", "-std=c11"]), ("g++", ["-xc++", "-std=c++17"]),
             ("clang-19", ["-xc", "-std=c11"]), ("clang-19", ["-xc++", "-std=c++17"])]


def compile_text(compiler, args, text):
    """None, or what the compiler says."""
    done = subprocess.run([compiler, *args, *STRICT, "-fsyntax-only", "-"], input=text, text=True,
                          cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    return None if done.returncode == 0 else done.stderr


def header_texts(names, sources):
    """(title, compiler, args, text)"""
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
    both = [write(name, "static inline int wmbt_x(void) { return 1; }\n") for name in ("a.c", "b.c")]
    if not any("redefinition" in problem for problem in problems_of(header_texts([], both))):
        missed.append("not caught: two sources with one name")
    good = write("good.h", "static inline int wmbt_good(void) { return 1; }\n")
    return missed + problems_of(header_texts([good], [good]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
