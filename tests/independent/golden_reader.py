#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads golden files of block hashes and computes some kinds again, with Python's own hashes: a start
for those who check another implementation (docs/CONFORMANCE.md).

    golden_reader.py FILE.tsv...

prints a line a file and ends with 1 if a row differs. Kinds without a function here are read only."""
import hashlib
import os
import sys


def rows(path):
    """Rows of a file, as {column: cell}."""
    columns = None
    with open(path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            if line.startswith("#columns:"):
                columns = line.split("\t")[1:]
            elif line and not line.startswith("#"):
                cells = line.split("\t")
                if columns is None or len(cells) != len(columns):
                    raise ValueError(f"{path}: {cells[0]}: not as many cells as columns")
                yield dict(zip(columns, cells))


def data(cell):
    """Bytes, or None where there are none to speak of."""
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
        x, mod, count = (int(part) for part in cell.split(":")[1:])
        found = []
        for _ in range(count):
            x ^= x << 13 & 0xFFFFFFFF
            x ^= x >> 17
            x ^= x << 5 & 0xFFFFFFFF
            found.append(x % mod if mod else x)
        return found
    width = 8 if cell.startswith("q:") else 4
    raw = data(cell[2:] if width == 8 else cell)
    return [int.from_bytes(raw[i:i + width], "little") for i in range(0, len(raw), width)]


def blocks(row, size_column="block_size"):
    all_tokens, size = tokens(row["tokens"]), int(row[size_column])
    return [all_tokens[i:i + size] for i in range(0, len(all_tokens) - size + 1, size)]


def cbor(value):
    """Canonical CBOR of None, int, bytes, str and list."""
    def head(major, n):
        for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
            if n < 24:
                return bytes([major << 5 | n])
            if n < 1 << 8 * width:
                return bytes([major << 5 | info]) + n.to_bytes(width, "big")
        raise ValueError(n)
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    raw = value.encode() if isinstance(value, str) else value
    return head(3 if isinstance(value, str) else 2, len(raw)) + raw


def vllm_sha256_cbor(row):
    """hashes; without a lookahead."""
    if row["lookahead"] != "0":
        return None
    start, parent = 0, bytes.fromhex(row["none_hash"])
    found, embeds, salt = [], elements(row["embeds"]), data(row["cache_salt"])
    items = [element.split(":") for element in elements(row["mm"])]
    for number, block in enumerate(blocks(row)):
        end, extras = start + len(block), []
        if row["lora_name"] != "none":
            extras.append(["lora", data(row["lora_name"]).decode(), data(row["lora_path"]).decode()])
        for identifier, offset, length in items:
            if int(offset) < end and int(offset) + int(length) > start:
                extras.append(["mm", data(identifier).decode(), int(offset) - start])
        if number == 0 and salt:
            extras.append(["cache_salt", salt.decode()])
        if embeds:
            extras.append(["prompt_embeds", bytes.fromhex(embeds[number])])
        parent = hashlib.sha256(cbor([parent, block, extras or None])).digest()
        found.append(parent.hex())
        start = end
    return {"hashes": ",".join(found) or "empty"}


def llmd_cbor_fnv(row):
    def fnv(raw):
        h = 0xCBF29CE484222325
        for byte in raw:
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
        return h
    root = fnv(cbor([fnv(data(row["hash_seed"])), None, data(row["model"]).decode()]))
    parent, found = int(row["parent"]) or root, []
    for block in blocks(row):
        parent = fnv(cbor([parent, block, None]))
        found.append(str(parent))
    return {"root": str(root), "keys": ",".join(found) or "empty"}


KINDS = {"vllm_sha256_cbor": vllm_sha256_cbor, "llmd_cbor_fnv": llmd_cbor_fnv}


def main(paths):
    differ = 0
    for path in paths:
        kind = KINDS.get(os.path.basename(path).removesuffix(".tsv"))
        read = computed = 0
        for row in rows(path):
            if "tokens" in row:
                tokens(row["tokens"])
            read += 1
            results = kind(row) if kind else None
            computed += results is not None
            for column, got in (results or {}).items():
                if row[column] != got:
                    print(f"{path}: {row['name']}, {column}: expected {row[column]}, got {got}")
                    differ += 1
        print(f"{path}: {read} rows read, {computed} computed")
    return differ != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
