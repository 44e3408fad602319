#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules of docs/STYLE.md and docs/API.md that the text of the sources shows: sources.py BUILD_DIR"""
import glob
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "planted"))
import planted  # noqa: E402 # pylint: disable=wrong-import-position
from common import LEVELS, ROOT, library_sources, main, read_modules

FREESTANDING_HEADERS = {"stddef.h", "stdint.h", "stdbool.h", "limits.h"}
# Kernel files of an instruction set may include its header, and nothing else may.
KERNEL_HEADERS = {"arm_acle.h", "arm_neon.h", "arm_mve.h", "immintrin.h"}
KERNELS = re.compile(r"^src/hash/(x86|aarch64|arm|riscv)/")
HEADER_LEVELS = {level: {header for module in read_modules().values() if module.level == level
                         for header in module.headers} for level in LEVELS}
HEADER_LEVELS[LEVELS[-1]].add("wombatkv")
MOST_LINES, MOST_COLUMNS = 70, 100
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def level_of(name):
    """The number of the level of a file below include/ or src/, or None."""
    parts = name.split("/")
    if parts[0] == "src":
        return LEVELS.index(parts[1]) if parts[1] in LEVELS else None
    stem = parts[-1][:-2]
    for number, level in enumerate(LEVELS):
        if stem in HEADER_LEVELS[level]:
            return number
    return None


def library_files():
    headers = [os.path.relpath(path, ROOT)
               for folder in ("include", "src")
               for path in glob.glob(os.path.join(ROOT, folder, "**", "*.h"), recursive=True)]
    return sorted(name for name in headers + library_sources() if "inspect" not in name)


def all_files():
    found = []
    for folder in ("include", "src", "tests", "examples"):
        for end in ("c", "h"):
            found += glob.glob(os.path.join(ROOT, folder, "**", "*." + end), recursive=True)
    return sorted(os.path.relpath(path, ROOT) for path in found)


def resolve(name, kind, included):
    """The file below ROOT that an #include of ours names; None for a system header."""
    if included.startswith("wombatkv/"):
        return "include/" + included
    if kind == '"':
        beside = os.path.normpath(os.path.join(os.path.dirname(name), included))
        return beside if os.path.exists(os.path.join(ROOT, beside)) else "src/" + included
    return None


def include_problems(name, text):
    for kind, included in INCLUDE.findall(text):
        ours = resolve(name, kind, included)
        if ours is None:
            if included not in FREESTANDING_HEADERS and \
                    not (KERNELS.match(name) and included in KERNEL_HEADERS):
                yield f"{name}: includes <{included}>"
        elif level_of(ours) is None or level_of(name) is None:
            yield f"{name}: level of {included} or of itself is not known to {__file__}"
        elif level_of(ours) > level_of(name):
            yield f"{name}: includes {included} of a higher level"


def circles(texts):
    """Headers that include one another."""
    edges = {name: {resolve(name, kind, included) for kind, included in INCLUDE.findall(text)}
             for name, text in texts.items() if name.endswith(".h")}

    def reach(name, above):
        if name in above:
            return [" > ".join(above[above.index(name):] + (name,))]
        return [way for after in sorted(edges.get(name, set()) - {None})
                for way in reach(after, above + (name,))]

    found = {way for name in edges for way in reach(name, ())}
    return [f"circle of headers: {way}" for way in sorted(found)[:5]]


def text_problems(name, text):
    if not re.match(r"/\* SPDX-License-Identifier: Apache-2.0 \*/\n", text):
        yield f"{name}: no SPDX line"
    start, opened, previous_blank = None, 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MOST_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns"
        if line == "{":
            start, opened = previous_blank + 1, number
        elif line.startswith("}") and start and opened:
            if number - start + 1 > MOST_LINES:
                yield f"{name}:{start}: function of {number - start + 1} lines"
            start = None
        if line.strip() in ("", "}") or line.strip().endswith(("*/", ";", ">", '"')) or \
                line.startswith("#"):
            previous_blank = number


def check(_):
    texts = {}
    for name in all_files():
        with open(os.path.join(ROOT, name), encoding="utf-8") as f:
            texts[name] = f.read()
    problems = [problem for name, text in texts.items() for problem in text_problems(name, text)]
    library = library_files()
    problems += [problem for name in library for problem in include_problems(name, texts[name])]
    problems += circles({name: texts[name] for name in library})
    problems += planted.does_not_apply()
    return problems


SPDX = "/* SPDX-License-Identifier: Apache-2.0 */\n"
PLANTED_INCLUDES = {
    "includes <string.h>": ("src/hash/x.c", "#include <string.h>\n"),
    "includes <stdio.h>": ("include/wombatkv/chain.h", "#    include <stdio.h>\n"),
    "includes <arm_acle.h>": ("src/hash/x.c", "#include <arm_acle.h>\n"),
    "higher level": ("src/hash/x.c", '#include "wombatkv/kvblock.h"\n'),
    "is not known": ("src/hash/x.c", '#include "wombatkv/unheard_of.h"\n'),
}
PLANTED_TEXTS = {
    "no SPDX line": "int a;\n",
    "101 columns": SPDX + "/" * 101 + "\n",
    "function of 71 lines": SPDX + "\nvoid f(void)\n{\n" + "    f();\n" * 68 + "}\n",
}


def self_test(_):
    missed = []
    for want, (name, text) in PLANTED_INCLUDES.items():
        found = list(include_problems(name, text))
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    for want, text in PLANTED_TEXTS.items():
        found = list(text_problems("x.c", text))
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    fine = list(text_problems("x.c", PLANTED_TEXTS["function of 71 lines"].replace("    f();\n", "", 1)))
    fine += list(include_problems("src/hash/arm/x.c", "#include <arm_acle.h>\n"))
    fine += list(include_problems("src/format/kvblock.c", '#include "wombatkv/crc32c.h"\n'))
    circle = circles({"src/base/le.h": '#include "cursor.h"\n', "src/base/cursor.h": '#include "le.h"\n'})
    if not circle:
        missed.append("not caught: a circle")
    return missed + [f"false alarm: {problem}" for problem in fine]


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
