#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every switch of config.h alone against its default, every module alone, the least and the most, a
config header: all sources as one file, without a warning and with no undefined symbol:
configs.py BUILD_DIR"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

from common import ROOT, library_sources, main, read_modules

FLAGS = ["-std=c11", "-O1", "-ffreestanding", "-fno-tree-loop-distribute-patterns", "-Wall", "-Wextra",
         "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror", "-Iinclude", "-Isrc", "-I."]
# Choices that are no modules, with the values other than the default.
CHOICES = {"STATUS_NAMES": ["0"], "WRITERS": ["0"], "EXPERIMENTAL_MODEL_KEYS": ["1"],
           "CRC32C_KERNEL": ["1", "2", "3"], "BLAKE3_KERNEL": ["2", "1"], "SHA256_KERNEL": ["1"],
           "XXH_KERNEL": ["1"], "ZSTD_FAST": ["0"], "INDEX_ATOMICS": ["1"], "READER_TOKENS": ["0"],
           "READER_COLLECT": ["0"], "READER_BOUND": ["0"],
           "DISPATCH": ["1"]}
# Symbols that must not be there: what is compiled without the switch may not link with it.
OTHER_ABI = {"WMBT_CFG_EXPERIMENTAL_MODEL_KEYS=1": {"wmbt_objkey_build", "wmbt_objkey_parse"}}
EXTERNAL = {"WMBT_CFG_CRC32C_KERNEL=4": {"wmbt_crc32c_external"}}


def switches(text):
    """The names of all switches of config.h."""
    return set(re.findall(r"^#ifndef WMBT_CFG_(\w+)$", text, re.M))


def closure(wanted, needs):
    """The modules wanted and all that they need."""
    found = set()
    while wanted:
        name = wanted.pop()
        found.add(name)
        wanted |= needs[name] - found
    return found


def needs_of(table, off=()):
    """{module: what it needs} without what options that are off need."""
    return {module.name.upper(): {need.upper() for need, option in module.needs.items() if option not in off}
            for module in table}


def configurations(text):
    """(title, [-D...])"""
    table = [module for module in read_modules().values() if module.has_switch()]
    modules = [module.name.upper() for module in table]
    needs = needs_of(table)
    if switches(text) != set(modules) | set(CHOICES):
        raise RuntimeError(f"config.h or {__file__} has more: "
                           f"{sorted(switches(text) ^ (set(modules) | set(CHOICES)))}")

    def only(chosen):
        return [f"-DWMBT_CFG_{m}=0" for m in modules if m not in chosen]
    for name in modules:
        yield f"without {name}", only({m for m in modules if name not in closure({m}, needs)})
        yield f"only {name}", only(closure({name}, needs))
    yield "nothing", only(set())
    for module in table:  # without what it needs for its options only
        options = sorted(set(module.needs.values()) - {None})
        for off in [options[:i] + options[i + 1:] for i in range(len(options))] + [options]:
            name, fewer = module.name.upper(), needs_of(table, off)
            if off:
                yield f"only {name} without {off}", only(closure({name}, fewer)) + \
                    [f"-DWMBT_CFG_{option.upper()}=0" for option in off]
    for name, values in CHOICES.items():
        for value in values:
            yield f"{name}={value}", [f"-DWMBT_CFG_{name}={value}"]
    yield "external kernel", ["-DWMBT_CFG_CRC32C_KERNEL=4"]
    yield "the least text", [f"-DWMBT_CFG_{name}={values[-1]}" for name, values in CHOICES.items()
                             if name not in ("CRC32C_KERNEL", "EXPERIMENTAL_MODEL_KEYS", "DISPATCH")] + \
        ["-DWMBT_CFG_CRC32C_KERNEL=1"]


def try_one(folder, title, defines, sources):
    """None, or what is wrong."""
    path = os.path.join(folder, re.sub(r"\W", "_", title))
    with open(path + ".c", "w", encoding="utf-8") as f:
        f.write("".join(f'#include "{source}"\n' for source in sources))
        f.write("extern int wmbt_declared;\n")
    done = subprocess.run(["gcc", *FLAGS, *defines, "-c", path + ".c", "-o", path + ".o"], cwd=ROOT,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return f"{title}: {done.stderr}"
    undefined = subprocess.run(["nm", "-u", path + ".o"], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.split()
    allowed = set().union(*(EXTERNAL.get(d[2:], set()) for d in defines)) if defines else set()
    extra = set(undefined) - {"U"} - allowed - {"_GLOBAL_OFFSET_TABLE_"}
    defined = subprocess.run(["nm", path + ".o"], stdout=subprocess.PIPE, text=True,
                             check=True).stdout.split()
    same = set().union(*(OTHER_ABI.get(d[2:], set()) for d in defines)) & set(defined)
    if same:
        return f"{title}: {sorted(same)} links with what has other structs"
    return f"{title}: undefined {sorted(extra)}" if extra else None


def problems_of(jobs, sources):
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = pool.map(lambda job: try_one(folder, job[0], job[1], sources), jobs)
        return [problem for problem in results if problem]


def config_text():
    with open(os.path.join(ROOT, "include/wombatkv/config.h"), encoding="utf-8") as f:
        return f.read()


def check(_):
    problems = problems_of(configurations(config_text()), library_sources())
    with tempfile.TemporaryDirectory() as folder:
        header = os.path.join(folder, "mine.h")
        with open(header, "w", encoding="utf-8") as f:
            f.write("#define WMBT_CFG_CRC32C_KERNEL 9\n")
        define = f'-DWMBT_CONFIG_FILE="{header}"'
        if not problems_of([("a config header that is wrong", [define])], library_sources()):
            problems.append("WMBT_CONFIG_FILE is not read, or a wrong value is not refused")
    for title, defines in (("chain without blake3", ["-DWMBT_CFG_BLAKE3=0"]),
                           ("tokens without chain", ["-DWMBT_CFG_CHAIN=0", "-DWMBT_CFG_DIALECTS=0"])):
        if not problems_of([(title, defines)], library_sources()):
            problems.append(f"{title} is not refused")
    return problems


def self_test(folder):
    path = os.path.join(folder, "planted.c")

    def caught(text):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        jobs = configurations(config_text())
        return bool(problems_of(list(jobs), [path]))
    missed = []
    broken = '#include "wombatkv/config.h"\n#if !WMBT_CFG_SHAPE\nint wmbt_x(void) { return y; }\n#endif\n'
    if not caught(broken):
        missed.append("not caught: what breaks without one module")
    if not caught("extern int wmbt_gone(void);\nint wmbt_x(void);\nint wmbt_x(void) "
                  "{ return wmbt_gone(); }\n"):
        missed.append("not caught: an undefined symbol")
    if caught("int wmbt_x(void);\nint wmbt_x(void) { return 1; }\n"):
        missed.append("caught: nothing")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
