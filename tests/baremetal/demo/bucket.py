#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs a prompt of the sample bucket and its objects for an image: bucket.py GOLDEN PROMPT OUT.c [OUT.bin]
Without OUT.bin the prompt alone.

KV rows of the samples repeat, so objects become numbers of cells of 64 bytes: 27 MB shrink to 0.9 MB,
and each packet can still be taken from anywhere. OUT.bin: numbers (16 bits, little-endian), then cells.
"""
import csv
import os
import struct
import sys

CELL = 64
golden, prompt, out_c = sys.argv[1:4]
out_bin = sys.argv[4] if len(sys.argv) > 4 else None
with open(os.path.join(golden, "bucket/prompts.tsv"), encoding="utf-8") as f:
    row = next(row for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
               if row["name"] == prompt)
with open(os.path.join(golden, "bucket/prompts", prompt + ".u32"), "rb") as f:
    data = f.read()
tokens = struct.unpack(f"<{len(data) // 4}I", data)


def packed_objects():
    """Writes the cells and returns what says where they are."""
    keys = [f"{row['prefix']}/{row['namespace']}/wombatkv/v1/block/b3={digits}"
            for digits in row["hashes"].split(",")] + [row["tail_key"]]
    cells, numbers, objects = {}, [], []
    for key in keys:
        path = os.path.join(golden, "bucket/bucket", key)
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            stored = file.read()
        objects.append(f'    {{"{key}", {len(stored)}u, {len(numbers)}u}},\n')
        for at in range(0, len(stored), CELL):
            numbers.append(cells.setdefault(stored[at:at + CELL].ljust(CELL, b"\0"), len(cells)))
    if len(cells) > 0x10000:
        sys.exit("bucket.py: these objects do not repeat enough")
    with open(out_bin, "wb") as file:
        file.write(struct.pack(f"<{len(numbers)}H", *numbers) + b"".join(cells))
    return f'__asm__(".pushsection .files, \\"a\\"\\n.balign 64\\n.global linked_packed\\n"\n' \
        f'        "linked_packed:\\n.incbin \\"{out_bin}\\"\\n.popsection");\n' \
        f"const uint32_t linked_cells_at = {2 * len(numbers)}u;\n" \
        "const linked_object linked_objects[] = {\n" + "".join(objects) + "    {NULL, 0, 0},\n};\n"


def view(text):
    return f'{{(const uint8_t *)"{text}", {len(text)}u}}'


with open(out_c, "w", encoding="utf-8") as f:
    f.write('#include "linked.h"\n' + (packed_objects() if out_bin else "") +
            f"static const uint32_t tokens[] = {{{', '.join(map(str, tokens))}}};\n"
            "const board_command linked_command = {"
            + ", ".join(view(text) for text in (prompt, row["prefix"], row["namespace"],
                                                row["fingerprint"]))
            + f", {row['quant_bits']}u, {row['block_tokens']}u, tokens, {len(tokens)}u}};\n")
