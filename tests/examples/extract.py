#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C programs of a Markdown file: extract.py DOCUMENT OUT.c...

There must be exactly as many ```c blocks as outputs.
"""
import re
import sys

blocks = re.findall(r"^```c\n(.*?)^```$", open(sys.argv[1], encoding="utf-8").read(), re.M | re.S)
outputs = sys.argv[2:]
if len(blocks) != len(outputs):
    sys.exit("%s has %d C blocks, not %d" % (sys.argv[1], len(blocks), len(outputs)))
for block, name in zip(blocks, outputs):
    with open(name, "w", encoding="utf-8") as f:
        f.write(block)
