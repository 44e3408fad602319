#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the hashes with other implementations: check_hashes.py PROGRAM

Python's hashlib (SHA-256), b3sum (BLAKE3), libxxhash (XXH64), and CRC32C and FNV-1a computed here
from their definitions. All lengths 0 to 5000, all 64-byte boundaries +-1 to 64 KiB, all 1024-byte
boundaries +-1 to 128 KiB, powers of two +-1 to 2 MiB. What is missing is a failure, not a skip.
"""
import ctypes
import hashlib
import os
import random
import shutil
import subprocess
import sys
import tempfile

FILES_AT_ONCE = 500


def lengths():
    chosen = set(range(5001))
    for step, most in ((64, 64 << 10), (1024, 128 << 10)):
        for at in range(step, most + 1, step):
            chosen.update((at - 1, at, at + 1))
    for power in range(17, 22):
        chosen.update(((1 << power) - 1, 1 << power, (1 << power) + 1))
    return sorted(chosen)


def crc32c_byte(state):
    for _ in range(8):
        state = state >> 1 ^ 0x82F63B78 if state & 1 else state >> 1
    return state


def crc32c(data, wanted):
    effect = [crc32c_byte(i) for i in range(256)]
    out, state = {}, 0xFFFFFFFF
    for i in range(wanted[-1] + 1):
        if i in wanted_set:
            out[i] = "%08x" % (state ^ 0xFFFFFFFF)
        if i == wanted[-1]:
            return out
        state = state >> 8 ^ effect[(state ^ data[i]) & 255]
    return out


def fnv1a(data, wanted):
    out, state = {}, 0x811C9DC5
    for i in range(wanted[-1] + 1):
        if i in wanted_set:
            out[i] = "%08x" % state
        if i == wanted[-1]:
            return out
        state = (state ^ data[i]) * 16777619 & 0xFFFFFFFF
    return out


def xxh64(data, wanted):
    library = ctypes.CDLL("libxxhash.so.0")
    library.XXH64.restype = ctypes.c_uint64
    library.XXH64.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    return {n: "%016x" % library.XXH64(data, n, 0) for n in wanted}


def sha256(data, wanted):
    out, state, done = {}, hashlib.sha256(), 0
    for n in wanted:
        state.update(data[done:n])
        done = n
        out[n] = state.copy().hexdigest()
    return out


def blake3(data, wanted, folder):
    out = {}
    for start in range(0, len(wanted), FILES_AT_ONCE):
        part = wanted[start:start + FILES_AT_ONCE]
        names = [os.path.join(folder, str(n)) for n in part]
        for n, name in zip(part, names):
            with open(name, "wb") as f:
                f.write(data[:n])
        text = subprocess.run(["b3sum", "--no-names", *names], check=True, capture_output=True,
                              text=True).stdout
        out.update(zip(part, text.split()))
        for name in names:
            os.unlink(name)
    return out


if shutil.which("b3sum") is None:
    sys.exit("b3sum is missing (Debian: b3sum); libxxhash.so.0 is needed too (Debian: libxxhash0)")
wanted = lengths()
wanted_set = set(wanted)
data = random.Random(20240229).randbytes(wanted[-1])
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "input")
    with open(path, "wb") as f:
        f.write(data)
    lines = subprocess.run([sys.argv[1], path], input="\n".join(map(str, wanted)), check=True,
                           capture_output=True, text=True).stdout.splitlines()
    columns = [crc32c(data, wanted), fnv1a(data, wanted), xxh64(data, wanted),
               blake3(data, wanted, folder), sha256(data, wanted)]
if len(lines) != len(wanted):
    sys.exit(f"{len(lines)} lines, expected {len(wanted)}")
for n, line in zip(wanted, lines):
    want = [column[n] for column in columns]
    if line.split() != [str(n), *want, *want]:
        sys.exit(f"length {n}: got\n{line}\nwant, twice\n{' '.join(want)}")
print(f"{len(wanted)} lengths, 5 hashes, in one piece and in random pieces: all equal")
