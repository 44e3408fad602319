#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds switches that config.h does not know: a misspelt one changes nothing and no compiler says so.

    check_config.py HEADER                a header that WMBT_CONFIG_FILE names
    check_config.py -- COMPILER ARG...    what a compiler (gcc, clang) is told, all in all: by -D and by
                                          the header that -DWMBT_CONFIG_FILE='"my_config.h"' names

Prints a line for each mistake; status 1 if there is one. Call it from your build: it needs nothing but
Python 3 and include/wombatkv/config.h, which it looks for beside this folder, or in the folder that
WOMBATKV_INCLUDE names.
"""
import difflib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def include_folder():
    places = [os.environ.get("WOMBATKV_INCLUDE", ""), os.path.join(HERE, "..", "include"),
              os.path.join(HERE, "..", "..", "include")]
    for place in places:
        if os.path.exists(os.path.join(place, "wombatkv", "config.h")):
            return os.path.normpath(place)
    sys.exit("check_config.py: no wombatkv/config.h; WOMBATKV_INCLUDE names the folder above it")


def switches(text):
    """{name: the values that it may have, or None: any}, of config.h."""
    found = {name: {"0", "1"} for name in re.findall(r"^#ifndef (WMBT_CFG_\w+)$", text, re.M)}
    for name, low, last in re.findall(r"#if (WMBT_CFG_\w+) < (\d+) \|\| \1 > (\d+)$", text, re.M):
        found[name] = {str(value) for value in range(int(low), int(last) + 1)}
    return found


def mistakes(macros, known):
    """`macros`: [(name, value)]"""
    for name, value in macros:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            yield f"{name}: no such switch" + (f"; {near[0]}?" if near else "")
            continue
        plain = re.sub(r"/\*.*?\*/|//.*", "", value).strip().strip("()").rstrip("uUlL")
        if plain not in known[name]:
            yield f"{name} is {value.strip() or 'empty'}: it may be {', '.join(sorted(known[name]))}"


def defined(text):
    """The switches that a text defines; what stands in comments is none."""
    text = re.sub(r"/\*.*?\*/", " ", text.replace("\\\n", " "), flags=re.S)
    return re.findall(r"^[ \t]*#[ \t]*define[ \t]+(WMBT_CFG_\w+)\b([^\n]*)", text, re.M)


def of_compiler(command, include):
    """All that a compiler has defined at the end of config.h's first part."""
    done = subprocess.run(command + ["-I" + include, "-dM", "-E", "-xc",
                                     os.path.join(include, "wombatkv", "config.h")],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"check_config.py: {' '.join(command)}:\n{done.stderr}")
    return defined(done.stdout)


def main():
    args = sys.argv[1:]
    include = include_folder()
    with open(os.path.join(include, "wombatkv", "config.h"), encoding="utf-8") as f:
        known = switches(f.read())
    if args[:1] == ["--"] and len(args) > 1:
        macros = of_compiler(args[1:], include)
    elif len(args) == 1 and not args[0].startswith("-"):
        with open(args[0], encoding="utf-8") as f:
            macros = defined(f.read())
    else:
        sys.exit(__doc__)
    found = list(mistakes(macros, known))
    for line in found:
        print(f"check_config.py: {line}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
