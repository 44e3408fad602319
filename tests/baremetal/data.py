#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the C file that names an image's suite and links its data files:

    data.py OUT SUITE ROOM DATA_DIR OBJECT...

The names are the strings "golden/...", "vectors/..." and "verdicts/..." in the compiled test bodies.
A name that ends in "/" stands for all files of that folder, with "**" behind it for those of its
folders too. The smallest files come first, until
ROOM bytes are used; the table names those left out, too.
"""
import os
import re
import sys

ALIGN = 64
NAME = re.compile(rb"(?:golden|vectors|verdicts)/[A-Za-z0-9_./=*-]+")


def names_in(objects, folder):
    found = set()
    for path in objects:
        with open(path, "rb") as f:
            found.update(name.decode() for name in NAME.findall(f.read()))
    for name in [name for name in found if name.endswith(("/", "/**"))]:
        found.remove(name)
        for inner, _, files in os.walk(os.path.join(folder, name.rstrip("*"))):
            if inner == os.path.join(folder, name) or name.endswith("**"):
                found.update(os.path.relpath(os.path.join(inner, file), folder) for file in files)
    return found


def main():
    out, suite, room, folder, objects = *sys.argv[1:3], int(sys.argv[3]), sys.argv[4], sys.argv[5:]
    files = []
    for name in names_in(objects, folder):
        path = os.path.join(folder, name)
        if not os.path.isfile(path):
            sys.exit(f"data.py: no data file {path}")
        files.append((os.path.getsize(path), name, path))
    rows, blobs = [], []
    for size, name, path in sorted(files):
        room -= (size + ALIGN) // ALIGN * ALIGN
        bytes_name = "NULL"
        if room >= 0:
            bytes_name = f"wmbt_linked_{len(blobs)}"
            blobs.append((bytes_name, path))
        rows.append(f'    {{"{name}", {bytes_name}, {size}u}},\n')
    with open(out, "w") as f:
        f.write(f'#include "runner.h"\nextern const wmbt_suite wmbt_suite_{suite};\n'
                f"const wmbt_suite *const wmbt_linked_suite = &wmbt_suite_{suite};\n")
        for bytes_name, path in blobs:
            f.write(f"extern const uint8_t {bytes_name}[];\n")
            f.write(f'__asm__(".pushsection .files, \\"a\\"\\n.balign {ALIGN}\\n'
                    f'.global {bytes_name}\\n{bytes_name}:\\n.incbin \\"{path}\\"\\n'
                    '.byte 0\\n.popsection");\n')
        f.write("const wmbt_linked_file wmbt_linked_files[] = {\n" + "".join(rows)
                + "    {NULL, NULL, 0},\n};\n")


main()
