#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads golden files (docs/CONFORMANCE.md), and computes what is in vllm_sha256_cbor.tsv again:

    golden_reader.py FILE.tsv...    prints a line a file and ends with 1 if a row differs"""
import hashlib
import sys


def rows(path):
    columns = None
    with open(path, encoding="utf-8-sig") as f:
        for line in f.read().splitlines():
            if line.startswith("#columns:"):
                columns = line.split("\t")[1:]
            elif line and not line.startswith("#"):
                cells = line.split("\t")
                if columns is None or len(cells) != len(columns):
                    raise ValueError(f"{path}: {cells[0]}: not as many cells as columns")
                yield dict(zip(columns, cells))


def data(cell):  # None: not there
    if cell == "none":
        return None
    if cell.startswith("rep:"):
        _, byte, count = cell.split(":")
        return bytes.fromhex(byte) * int(count)
    return b"" if cell == "-" else bytes.fromhex(cell)


def elements(cell):
    return [] if cell in ("empty", "none") else cell.split(",")


def tokens(cell):
    if cell.startswith("gen:"):
        (x, mod, count), found = map(int, cell[4:].split(":")), []
        for _ in range(count):
            x ^= x << 13 & 0xFFFFFFFF
            x ^= x >> 17
            x ^= x << 5 & 0xFFFFFFFF
            found.append(x % mod if mod else x)
        return found
    raw, width = (data(cell[2:]), 8) if cell.startswith("q:") else (data(cell), 4)
    return [int.from_bytes(raw[i:i + width], "little") for i in range(0, len(raw), width)]


def cbor(value):  # of None, int, bytes, str and list
    def head(major, n):
        info, width = next((i, w) for i, w in ((n, 0), (24, 1), (25, 2), (26, 4), (27, 8))
                           if n < (1 << 8 * w if w else 24))
        return bytes([major << 5 | info]) + (n.to_bytes(width, "big") if width else b"")
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    raw = value.encode() if isinstance(value, str) else value
    return head(3 if isinstance(value, str) else 2, len(raw)) + raw


def vllm_sha256_cbor(row):
    size, ahead = int(row["block_size"]), int(row["lookahead"])
    seed = "vllm-none-hash" if row["seed"] == "none" else data(row["seed"]).decode()
    parent = none = hashlib.sha256(cbor(seed)).digest()
    found, everything, embeds = [], tokens(row["tokens"]), elements(row["embeds"])
    for start in range(0, len(everything) - size - ahead + 1, size):
        end, extras = start + size, []
        if row["lora_name"] != "none":
            extras.append(["lora"] + [data(row["lora_" + n]).decode() for n in ("name", "path")])
        for identifier, offset, length in (element.split(":") for element in elements(row["mm"])):
            if int(offset) < end + ahead and int(offset) + int(length) > start:
                extras.append(["mm", data(identifier).decode(), int(offset) - start])
        if start == 0 and data(row["cache_salt"]):
            extras.append(["cache_salt", data(row["cache_salt"]).decode()])
        if embeds:
            extras.append(["prompt_embeds", bytes.fromhex(embeds[start // size])])
        extras = [extras or None] + everything[end:end + ahead] if ahead else extras or None
        parent = hashlib.sha256(cbor([parent, everything[start:end], extras])).digest()
        found.append(parent.hex())
    return {"none_hash": none.hex(), "hashes": ",".join(found) or "empty"}


def main(paths):
    differ = 0
    for path in paths:
        all_rows = list(rows(path))
        for row in all_rows if "vllm_sha256_cbor" in path else []:
            for column, got in vllm_sha256_cbor(row).items():
                if row[column] != got:
                    print(f"{path}: {row['name']}, {column}: expected {row[column]}, got {got}")
                    differ += 1
        print(f"{path}: {len(all_rows)} rows")
    return differ != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
