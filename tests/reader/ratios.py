#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What order costs, in one run: ratios.py VALGRIND PROGRAM. Instructions of the library's calls in one
scenario of ratios.c against those in another; a ratio above its bound fails. Prints TAP.
"""
import re
import subprocess
import sys

valgrind, program = sys.argv[1:]
# What must not cost more than so many times the other: docs/DESIGN.md, "The reader".
RATIOS = [
    ("pieces of 1,500 bytes in reverse", "reverse", "order", "wmbt_reader_feed", 1.3),
    ("four interleaved queues", "queues", "order", "wmbt_reader_feed", 1.15),
    ("pieces of 64 bytes in reverse, 256 layers", "small-reverse", "small-order", "wmbt_reader_feed", 2.0),
    ("next_want() with 1,024 objects in flight", "many", "one", "wmbt_reader_next_want", 1.2),
]
# placed() of equal pieces in order: a product of 32 steps each, and what the call does besides.
MAX_PLACED = 900


def count(scenario, function):
    """Instructions in the function and below it, and how often it was called."""
    run = subprocess.run([valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null",
                          f"--toggle-collect={function}", program, scenario],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    text = run.stderr.decode()
    found = re.search(r"Collected\s*:\s*(\d+)", text)
    if run.returncode != 0 or not found or int(found[1]) == 0:
        sys.exit(f"{scenario}: {text}")
    return int(found[1])


counts = {}
for _, out_of_order, in_order, function, _ in RATIOS:
    for name in (out_of_order, in_order):
        if name not in counts:
            counts[name] = count(name, function)
# Without and with placed(): so many pieces of 1,024 bytes have the rows of a block of 128 tokens.
placed = count("placed", "wmbt_reader_placed") // (21 * 64 + 21 * 16 + 20 * 2)
failed = 0
print(f"1..{len(RATIOS) + 1}")
for i, (words, out_of_order, in_order, _, bound) in enumerate(RATIOS):
    ratio = counts[out_of_order] / counts[in_order]
    good = ratio <= bound
    failed += not good
    print(f"{'' if good else 'not '}ok {i + 1} - {words}: {ratio:.3f} times, at most {bound}")
good = placed <= MAX_PLACED
failed += not good
print(f"{'' if good else 'not '}ok {len(RATIOS) + 1} - placed() in order: {placed} instructions, "
      f"at most {MAX_PLACED}")
sys.exit(failed != 0)
