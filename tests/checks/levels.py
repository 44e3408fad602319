#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Calls between objects, in every configuration that configs.py builds: none from a lower level to a
higher one, and no circle, within a level either. Sources whose calls make a circle can only be read,
tested and replaced together. Includes are another gate's (sources.py); what counts here are symbols:
levels.py BUILD_DIR"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

import configs
from common import LEVELS, ROOT, main, read_modules
from sources import INCLUDE, resolve

FLAGS = ["-std=c11", "-O1", "-ffreestanding", "-w", "-Iinclude", "-Isrc"]
CONFIG = "include/wombatkv/config.h"


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


def switches_of(source, known):
    """The switches that a source and its headers look at, but for config.h's own rules."""
    todo, seen, found = [source], {CONFIG}, set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in known:
            text = text_of(name)
            ours = [resolve(name, kind, included) for kind, included in INCLUDE.findall(text)]
            known[name] = set(re.findall(r"\bWMBT_CFG_\w+", text)), [o for o in ours if o]
        found |= known[name][0]
        todo += known[name][1]
    return found


def symbols_of(source, defines, folder):
    """(defined, undefined) symbols of a source's object."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".o") as out:
        done = subprocess.run(["gcc", *FLAGS, *defines, "-c", source, "-o", out.name], cwd=ROOT,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{source} {defines}: {done.stderr}")
        lines = subprocess.run(["nm", out.name], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines()
    parts = [line.split()[-2:] for line in lines]
    return ({name for kind, name in parts if kind.isupper() and kind != "U"},
            {name for kind, name in parts if kind == "U"})


def circles(graph):
    """The strongly connected parts with more than one member, each sorted."""
    def reach(start):
        found, todo = set(), [start]
        while todo:
            for name in graph[todo.pop()] - found:
                found.add(name)
                todo.append(name)
        return found
    reached = {name: reach(name) for name in graph}
    return sorted({tuple(sorted(other for other in reached[name] if name in reached[other]))
                   for name in graph if name in reached[name]})


def problems_of(title, symbols, levels):
    """symbols: {source: (defined, undefined)}; levels: {source: level}"""
    home = {name: source for source, (defined, _) in symbols.items() for name in defined}
    graph = {source: {home[name] for name in undefined if name in home} - {source}
             for source, (_, undefined) in symbols.items()}

    def calls(a, b):
        return " ".join(sorted(name for name in symbols[a][1] if home.get(name) == b))
    for a in sorted(graph):
        for b in sorted(graph[a]):
            if LEVELS.index(levels[b]) > LEVELS.index(levels[a]):
                yield f"{a} ({levels[a]}) calls {b} ({levels[b]}): {calls(a, b)} [{title}]"
    for circle in circles(graph):
        edges = [f"\n    {a} > {b}: {calls(a, b)}" for a in circle for b in circle if b in graph[a]]
        yield f"circle [{title}]:" + "".join(edges)


def measure(configurations, levels, folder):
    """Problems of all configurations. An object is made once for all that it does not look at."""
    known = {}
    looks_at = {source: switches_of(source, known) for source in levels}

    def key(source, defines):
        return source, tuple(d for d in defines if d[2:].split("=")[0] in looks_at[source])
    jobs = {key(source, defines): defines for _, defines in configurations for source in levels}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        made = dict(zip(jobs, pool.map(lambda job: symbols_of(job[0], jobs[job], folder), jobs)))
    found = {}
    for title, defines in configurations:
        symbols = {source: made[key(source, defines)] for source in levels}
        for problem in problems_of(title, symbols, levels):
            found.setdefault(re.sub(r" ?\[.*?\]", "", problem), problem)
    return list(found.values())


def check(_):
    levels = {"src/" + source: module.level for module in read_modules().values()
              for source in module.sources}
    with tempfile.TemporaryDirectory() as folder:
        return measure(list(configs.configurations(text_of(CONFIG))), levels, folder)


PLANTED = {
    "a.c": "int wmbt_b(void);\nint wmbt_a(void);\nint wmbt_a(void) { return wmbt_b(); }\n",
    "b.c": '#include "wombatkv/config.h"\nint wmbt_a(void), wmbt_b(void), wmbt_c(void);\n'
           "int wmbt_b(void)\n{\n#if WMBT_CFG_ZSTD_FAST\n    return 1;\n#else\n"
           "    return wmbt_c();\n#endif\n}\n",
    "c.c": "int wmbt_a(void), wmbt_c(void);\nint wmbt_c(void) { return wmbt_a(); }\n",
}


def self_test(folder):
    for name, text in PLANTED.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    fast, small = ("fast", []), ("small", ["-DWMBT_CFG_ZSTD_FAST=0"])

    def found(configurations, a, b, c):
        return measure(configurations, {os.path.join(folder, "a.c"): a, os.path.join(folder, "b.c"): b,
                                        os.path.join(folder, "c.c"): c}, folder)
    missed = []
    if found([fast], "format", "format", "format") or found([fast], "wire", "format", "reader"):
        missed.append("caught: nothing")
    circle = found([fast, small], "format", "format", "format")
    if len(circle) != 1 or "circle [small]" not in circle[0] or "c.c > " not in circle[0]:
        missed.append(f"not caught: a circle in one configuration: {circle}")
    up = found([fast], "hash", "format", "format")
    if len(up) != 1 or "wmbt_b" not in up[0] or "(hash) calls" not in up[0]:
        missed.append(f"not caught: a call of a higher level: {up}")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
