#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `wombatkv conformance` on files of random rows whose results are the model's:

    check_dialects.py TOOL [ROWS [SEED]]     ROWS of each kind, 400 if not given

Rows are made of values at the borders of what encodings tell apart (lengths, integers, places) and
of random ones, in combinations that no golden file has. All of them must agree, and a row with one
result changed must differ in just that column."""
import json
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is written beside the sources
import dialect_model as model
from golden_reader import cbor, tokens as read_tokens

EDGES = [0, 1, 22, 23, 24, 25, 127, 128, 254, 255, 256, 257, 32767, 32768, 65534, 65535, 65536,
         65537, 1 << 24, (1 << 31) - 2, (1 << 31) - 1, 1 << 31, (1 << 32) - 2, (1 << 32) - 1]
WIDE = EDGES + [1 << 32, (1 << 32) + 1, (1 << 40) - 1, 1 << 62, (1 << 63) - 1]
SIZES = [1, 1, 2, 3, 4, 4, 5, 7, 8, 15, 16, 16, 17, 23, 24, 25, 31, 32, 33, 60, 64, 65, 128, 255,
         256, 257, 300]
FRAMES = [13100, 16384, 21840, 32750, 40000]
LENGTHS = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 22, 23, 24, 25, 31, 32, 33, 54, 55, 56, 63, 64, 65,
           119, 120, 127, 128, 129, 130, 240, 241, 242, 255, 256, 257, 511, 512, 1023, 1024, 1025, 2049]
LONG = [65490, 65534, 65535, 65536, 65537, 100000, 131072]
CHAIN_RUNS = 25
LETTERS = "abcXYZ019-_./:@%\\\"'\0\1\n\t\x7f\x80é߿ࠀ漢字�𐀀🦀\U0010ffff"


class Rows:
    """Random cells."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, values):
        return self.random.choice(values)

    def chance(self, part):
        return self.random.random() < part

    def number(self, width):
        kind = self.random.randrange(4)
        if kind == 0:
            return self.one([n for n in EDGES if n >> width == 0])
        if kind == 1:
            return ((1 << width) - 1) - self.random.randrange(3)
        return self.random.getrandbits(self.random.randrange(1, width + 1))

    def word(self, long_=False):
        length = self.one(LONG) if self.chance(long_ * 0.02) else self.one(LENGTHS)
        if self.chance(0.6):
            length = self.random.randrange(40)
        if length > 3000:
            return ("rep:", self.one(list(b"aZ09")), length)
        found = "".join(self.one(LETTERS) for _ in range(length)) if self.chance(0.5) else \
            "".join(self.one("abcdefgh0123-/") for _ in range(length))
        raw = found.encode()
        if self.chance(0.5) and len(raw) > length:  # as many bytes, not characters
            raw = raw[:length].decode(errors="ignore").encode()
        return raw

    def text(self, none=0.4, long_=False):
        if self.chance(none):
            return "none"
        found = self.word(long_)
        if isinstance(found, tuple):
            return f"rep:{found[1]:02x}:{found[2]}"
        return found.hex() or "-"

    def hexed(self, count):
        return self.random.randbytes(count).hex()

    def tokens(self, size, edges=EDGES, blocks=None, most=1 << 32):
        """About some blocks of this size."""
        blocks = blocks or self.one([0, 1, 1, 2, 2, 3, 4, 7])
        count = size * blocks + self.random.randrange(size + 1)
        count = count if self.chance(0.7) else size * blocks
        if self.chance(0.3):
            return f"gen:{self.random.randrange(1, 1 << 32)}:{self.one([1, 300, 70000, 151936])}:" \
                f"{count}"
        values = [self.one([e for e in edges if e < most]) if self.chance(0.5) else
                  self.random.randrange(most) for _ in range(count)]
        if edges is WIDE:
            return "q:" + (b"".join(v.to_bytes(8, "little") for v in values).hex() or "-")
        return b"".join(v.to_bytes(4, "little") for v in values).hex() or "-"

    def runs(self, count, least=1, most=6):
        """Runs that do not overlap, as (offset, length); beyond the end, too."""
        found, at = [], 0
        for _ in range(self.random.randrange(most) if self.chance(0.6) else 0):
            at += self.one([0, 0, 1, 2, 5, self.random.randrange(count + 2)])
            length = self.one([least, 1, 2, 3, 8, self.random.randrange(least, count + 3)])
            found.append((at, length))
            at += length
        return found

    def items(self, count, distinct):
        found, seen = [], {"", "mm"}
        for offset, length in self.runs(count, 0):
            name = self.text(0, True)
            if distinct:
                while name in seen or len(name) == 2 or name == "-":
                    name = self.text(0)
                seen.add(name)
            found.append(f"{name}:{offset}:{length}")
        if found and not distinct and self.chance(0.3):  # the same one twice
            found[-1] = found[0].split(":")[0] + ":" + ":".join(found[-1].split(":")[-2:]) \
                if not found[0].startswith("rep:") else found[-1]
        return found


def without_rep(cells):
    """Identifiers of lists are hex digits only: ':' divides the fields."""
    return [cell for cell in cells if not cell.startswith("rep:")]


def vllm(r, tagged, pickled=False):
    large = pickled and r.chance(0.03)  # more than one frame
    size = r.one(FRAMES if large else SIZES)
    tokens_cell = r.tokens(size, blocks=1 if large else None)
    count = len(read_tokens(tokens_cell))
    ahead = r.one([0, 0, 0, 1, 2, 3, size, min(2 * size + 1, 65535), 24]) if tagged else 0
    long_ = 3 if pickled else 1
    row = {"seed": r.text(0.3, long_), "block_size": str(size), "tokens": tokens_cell,
           "lora_name": r.text(0.5, long_), "cache_salt": r.text(0.5, long_),
           "mm": model.listed(without_rep(r.items(count, pickled)))}
    if tagged:
        row["lookahead"] = str(ahead)
        row["lora_path"] = "none" if row["lora_name"] == "none" else r.text(0, long_)
    blocks = max((count - ahead) // size, 0)
    row["embeds"] = model.listed(r.hexed(32) for _ in range(blocks if r.chance(0.3) else 0))
    texts = [row[c] for c in ("lora_name", "lora_path", "cache_salt")
             if row.get(c, "none") != "none"]
    if pickled and (len(set(texts)) < len(texts) or set(texts) & set(row["mm"].split(":"))):
        return vllm(r, tagged, pickled)  # equal texts in a block may be one object
    return row


def vllm_sha256_cbor(r):
    return vllm(r, True)


def vllm_xxhash_cbor(r):
    row = vllm(r, True)
    return {**row, "seed": r.text(0) if row["seed"] == "none" else row["seed"]}


def vllm_pickle(r):
    row = {**vllm(r, True, True), "hash": r.one(["sha256", "xxhash"])}
    if row["hash"] == "xxhash" and row["seed"] == "none":
        row["seed"] = "-"
    return row


def vllm_untagged(r):
    row = {**vllm(r, False), "version": r.one(["0.18.1", "0.28.0", "0.30.0"]),
           "hash": r.one(["sha256_cbor", "xxhash_cbor"])}
    if row["seed"] == "none" and (row["version"] != "0.30.0" or row["hash"] == "xxhash_cbor"):
        row["seed"] = r.text(0)
    return row


def vllm_block(r):
    def value(depth):
        kind = r.random.randrange(5 if depth else 4)
        if kind == 0:
            return r.number(63) * r.one([1, -1])
        if kind == 1:
            return r.word() .decode(errors="replace")
        if kind == 2:
            return r.random.randbytes(r.one([0, 1, 23, 24, 32, 255, 256]))
        return None if kind == 3 else [value(depth - 1) for _ in range(r.one([0, 1, 2, 3, 24]))]
    return {"hash": r.one(["sha256_cbor", "xxhash_cbor"]), "seed": r.text(0, True),
            "parent": r.one(["none", "-", r.hexed(32), "rep:aa:65536",
                             r.hexed(r.one([1, 16, 23, 24, 64, 255, 256]))]), "tokens": r.tokens(r.one(SIZES)),
            "extras_cbor": cbor(value(3)).hex(), "group_id": str(r.number(32))}


def vllm_coarse(r):
    fine = r.one([1, 2, 16, 24])
    scale = r.one([1, 2, 3, 4, 8, 16])
    return {"version": r.one(["0.18.1", "0.28.0", "0.33.0"]), "hash_block_size": str(fine),
            "target_block_size": str(fine * scale),
            "hashes": model.listed(r.hexed(32) for _ in range(r.random.randrange(3 * scale + 2)))}


def sglang_hicache(r):
    size = r.one([0] + SIZES)
    block = size or r.one(SIZES)
    wide = r.tokens(block, WIDE, most=1 << r.one([32, 63]))
    return {"form": r.one(["plain", "bigram"]), "page_size": str(size),
            "tokens": wide if r.chance(0.5) else r.tokens(block),
            "prior": r.one(["none", "none", "none", r.hexed(32), "-"]),
            "extra_key": r.text(0.5, True), "cache_salt": r.text(0.5, True)}


def dynamo_request(r):
    size = r.one(SIZES)
    cell = r.tokens(size)
    count = len(read_tokens(cell))
    items = [[r.number(64), offset, length] for offset, length in r.runs(count)
             if offset + length <= count]
    if items and r.chance(0.15):  # one that is wrong
        r.one(items)[r.one([1, 2])] = r.one([0, count, count + 1, 1 << 40, (1 << 64) - 1])
    if items and r.chance(0.1):
        items.append([1, r.one(items)[1], r.random.randrange(3)])
    if r.chance(0.3):
        r.random.shuffle(items)
    return {"block_size": str(size), "tokens": cell, "lora_name": r.text(long_=True),
            "salt": r.text(long_=True),
            "mm": model.listed("%d:%d:%d" % tuple(item) for item in items)}


def dynamo_router(r):
    size = r.one([0] + SIZES)
    entries = []
    for index in sorted(r.random.sample(range(9), r.one([0, 0, 1, 2, 4]))):
        hashes = [r.one([0, 1, (1 << 64) - 1, r.number(64)]) for _ in range(r.one([0, 1, 1, 2, 5]))]
        entries.append(":".join(str(n) for n in [index] + hashes))
    return {"block_size": str(size), "tokens": r.tokens(size or 4), "lora_name": r.text(long_=True),
            "cache_namespace": r.text(long_=True), "eagle": r.one(["none", "0", "1"]),
            "mm": r.one(["none", model.listed(entries), model.listed(entries)])}


def dynamo_tokens_v1_2(r):
    size = r.one(SIZES)
    blocks = 260 if size == 1 and r.chance(0.3) else None
    return {"block_size": str(size), "tokens": r.tokens(size, blocks=blocks),
            "salt_hash": r.one(["none", str(r.number(64))])}


def position(r, width):
    return str(min(r.one([0, 1, 255, 256, 65535, 65536, (1 << width) - 2, (1 << width) - 1,
                          r.number(width)]), (1 << width) - 1))


def dynamo_plh(r):
    return {"current": str(r.number(64)), "parent": r.one(["none", str(r.number(64))]),
            "position": position(r, 24), "child_block_hash": str(r.number(64))}


def dynamo_plh_v1_2(r):
    return {"current": str(r.number(64)), "parent": r.one(["none", str(r.number(64))]),
            "position": position(r, 24)}


def dynamo_psh(r):
    return {"sequence_hash": str(r.number(64)), "position": position(r, 31),
            "block_hash": str(r.number(64))}


def dynamo_mm_ids(r):
    digits = r.hexed(32)
    return {"identifier": r.one([
        r.text(0, True), digits.encode().hex(), digits.upper().encode().hex(),
        digits[:r.one([16, 63, 62])].encode().hex(), (digits + "0").encode().hex(),
        (digits[:r.random.randrange(64)] + r.one("gG\0/:@`")).ljust(64, "0").encode().hex(),
        ("é" * 32).encode().hex()])}


def lmcache_mp(r):
    size = r.one(SIZES + [512])
    cell, hash_ = r.tokens(size), r.one(["blake3", "sha256_cbor"])
    start = r.one([0, 0, 1, 2, 9])
    model_name = r.one(["m", "meta-llama/Llama-3.1-8B", "a/b/c", "//", "", "模型"])
    salt = r.one(["", "", "s", "漢" * 128, "漢" * 129, "a@b", "\\", "x" * 128, "\0", "-", "/"])
    rank = [r.one([0, 1, 7, 8, 15, 255, 256, 65535]) for _ in range(4)]
    return {"hash": hash_, "seed": r.text(0.3), "chunk_size": str(size), "tokens": cell,
            "prefix": r.hexed(32) if r.chance(0.3) else "none", "start": str(start * size),
            "end": r.one(["none", "none", str(size * r.random.randrange(start, start + 5))]),
            "model": (model_name if r.chance(0.8) else "x@y").encode().hex() or "-",
            "kv_rank_of": ":".join(str(n) for n in rank), "group": str(r.number(32)),
            "salt": salt.encode().hex() or "-"}


TYPES = ["half", "float", "double", "bfloat16", "int8", "uint8", "int16", "int32", "int64",
         "bool"] + list(model.TORCH_TYPES)


def lmcache_chunk(r):
    size, hash_ = r.one(SIZES), r.one(["sha256_cbor", "xxhash_cbor"])
    tags = [f"{r.word(False).hex() or '-'}:{r.word(False).hex() or '-'}" for _ in
            range(r.one([0, 0, 1, 3]))]
    return {"hash": hash_, "seed": r.text(0.2 if hash_ == "sha256_cbor" else 0, True),
            "chunk_size": str(size), "save_unfull": r.one(["0", "1"]), "tokens": r.tokens(size),
            "model": r.text(0, True), "world_size": str(r.number(32)),
            "worker_id": str(r.number(32)), "dtype": r.one(TYPES), "mla": r.one(["0", "1"]),
            "tags": model.listed(tags)}


def llmd(r):
    size = r.one(SIZES)
    return {"hash_seed": r.text(0, True), "block_size": str(size), "tokens": r.tokens(size),
            "model": r.text(0, True)}


def llmd_cbor_fnv(r):
    return {**llmd(r), "parent": r.one(["0", str(r.number(64))])}


def llmd_cbor_sha256(r):
    return llmd(r)


def llmd_router_derived(r):
    row = llmd_cbor_fnv(r)
    count = len(read_tokens(row["tokens"]))
    return {**row, "form": r.one(["xxh64", "fnv_mm", "fnv_mm_offset"]),
            "mm": model.listed(without_rep(r.items(count, False)))}


def aibrix_gateway_derived(r):
    size = r.one(SIZES + [6, 10, 512, 1024])
    return {"seed": str(r.number(64)), "block_bytes": str(size),
            "tokens": r.tokens(r.one([1, size // 4 + 1]))}


def trtllm_v2_derived(r):
    size = r.one(SIZES)
    cell = r.tokens(size, most=1 << 31)
    places = [f"{offset}:{r.hexed(32)}" for offset, _ in r.runs(len(read_tokens(cell)))]
    return {"tokens_per_block": str(size), "tokens": cell,
            "lora_id": r.one(["none", str(r.number(64))]),
            "salt": r.one(["none", str(r.number(64))]),
            "mm": model.listed(places)}


def mooncake_conductor_derived(r):
    size = r.one(SIZES)
    return {"seed": str(r.number(64)), "block_size": str(size), "tokens": r.tokens(size)}


def mooncake_nvme_kv_derived(r):
    return {"logical_key": r.text(0, True), "slot": str(r.number(32)),
            "chunk": r.one(["none", str(r.number(32))])}


def other(cell):
    """A cell of the same kind with another value."""
    last = "1" if cell[-1:] in "0-" else "0"
    return "1" if cell in ("none", "empty", "-", "") else cell[:-1] + last


def write(path, kind, made):
    columns = list(made[0])
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"# {kind}.tsv\n#columns:\tname\t" + "\t".join(columns) + "\n")
        for i, row in enumerate(made):
            f.write(f"r{i}\t" + "\t".join(row[c] for c in columns) + "\n")


def run(tool, *paths):
    done = subprocess.run([tool, "conformance", "--json", *paths], capture_output=True, check=False)
    return json.loads(done.stdout)


# --- the command `chain` ---

VLLM = {"seed": "--seed-text", "lora_name": "--lora-name", "lora_path": "--lora-path",
        "cache_salt": "--salt"}
LLMD = {"hash_seed": "--seed-text", "model": "--model"}
# Of a kind: the dialect's name of a row, options of texts, options of other cells, the block's
# size, the results.
CHAINS = {
    "vllm_sha256_cbor": (lambda row: "vllm-sha256-cbor", VLLM, {"lookahead": "--lookahead"},
                         "block_size", "hashes"),
    "vllm_xxhash_cbor": (lambda row: "vllm-xxhash-cbor", VLLM, {"lookahead": "--lookahead"},
                         "block_size", "hashes"),
    "vllm_pickle": (lambda row: "vllm-" + row["hash"], VLLM, {"lookahead": "--lookahead"},
                    "block_size", "hashes"),
    "vllm_untagged": (lambda row: f"vllm-{row['hash'].replace('_', '-')}-{row['version'][:4]}",
                      VLLM, {}, "block_size", "hashes"),
    "sglang_hicache": (lambda row: "sglang-hicache" + "-bigram" * (row["form"] == "bigram") +
                       "-wide" * row["tokens"].startswith("q:"),
                       {"extra_key": "--extra-key", "cache_salt": "--salt"}, {"prior": "--parent"},
                       "page_size", "hashes"),
    "dynamo_request": (lambda row: "dynamo-request-1.6", {"lora_name": "--lora-name",
                                                          "salt": "--salt"}, {}, "block_size",
                       "sequence_hashes"),
    "dynamo_router": (lambda row: "dynamo-router-" + "eagle-" * (row["eagle"] == "1") + "1.6",
                      {"lora_name": "--lora-name", "cache_namespace": "--salt"}, {}, "block_size",
                      "sequence_hashes"),
    "dynamo_tokens_v1_2": (lambda row: "dynamo-tokens-1.2", {}, {"salt_hash": "--seed"},
                           "block_size", "sequence_hashes"),
    "lmcache_mp": (lambda row: "lmcache-mp-" + row["hash"].replace("_", "-"),
                   {"seed": "--seed-text"}, {"prefix": "--parent"}, "chunk_size", "hashes"),
    "lmcache_chunk": (lambda row: "lmcache-" + row["hash"].replace("_", "-"),
                      {"seed": "--seed-text"}, {}, "chunk_size", "hashes"),
    "llmd_cbor_fnv": (lambda row: "llmd-fnv-cbor", LLMD, {}, "block_size", "keys"),
    "llmd_cbor_sha256": (lambda row: "llmd-sha256-cbor-0.4", {"hash_seed": "--seed-text"}, {},
                         "block_size", "keys"),
    "llmd_router_derived": (lambda row: {"xxh64": "llmd-router-xxh64", "fnv_mm": "llmd-router-fnv",
                                         "fnv_mm_offset": "llmd-kvcache-fnv"}[row["form"]], LLMD,
                            {}, "block_size", "keys"),
    "aibrix_gateway_derived": (lambda row: "aibrix-gateway", {}, {"seed": "--seed"}, "block_bytes",
                               "hashes"),
    "trtllm_v2_derived": (lambda row: "trtllm-v2", {}, {"lora_id": "--lora-id",
                                                        "salt": "--salt-id"}, "tokens_per_block",
                          "keys"),
    "mooncake_conductor_derived": (lambda row: "mooncake-conductor", {}, {"seed": "--seed"},
                                   "block_size", "sequence_hashes")}


def item_options(kind, row):
    """Items as the command line has them, or None where it cannot."""
    found, size = [], int(row.get("block_size", 1))
    elements = model.elements(row.get("mm", "empty"))
    if kind == "dynamo_request":
        elements.sort(key=lambda element: int(element.split(":")[1]))
    for element in elements:
        parts = element.split(":")
        if kind in ("dynamo_request", "dynamo_router"):
            found += [element] if kind == "dynamo_request" else \
                [f"{n}:{int(parts[0]) * size}" for n in parts[1:]]
        elif kind == "trtllm_v2_derived":
            found.append(f"{parts[1]}:{parts[0]}")
        else:
            found.append(":".join([model.text(parts[0])] + parts[1:]))
    return [word for item in found for word in ("--item", item)]


def chain_options(kind, row):
    """Options and token file's bytes of a row, or None if the command has no such thing."""
    name_of, texts, cells, size, _ = CHAINS[kind]
    if row[size] == "0" or row.get("outcome", "ok") != "ok" or row.get("prior") == "-" or \
            row.get("parent", "0") != "0" or row.get("end", "none") != "none" or \
            row.get("start", "0") != "0":
        return None
    with_parent = row.get("prior", row.get("prefix", "none")) != "none"
    options = ["chain", "--json", "--dialect", name_of(row), "--block-tokens", row[size]]
    for column, option in texts.items():
        if row.get(column, "none") != "none" and not with_parent and \
                not (kind == "lmcache_mp" and row["hash"] == "blake3"):
            options += [option, model.text(row[column])]
    for column, option in cells.items():
        if row[column] not in ("none", "0") or column in ("lora_id", "salt") and row[column] == "0":
            options += [option, row[column]]
    options += item_options(kind, row)
    for digest in model.elements(row.get("embeds", "empty")):
        options += ["--embeds", digest]
    if kind in ("sglang_hicache", "trtllm_v2_derived") or row.get("save_unfull") == "1":
        options.append("--short-last")
    if any("\0" in option or len(option.encode()) > 90000 for option in options):
        return None
    return options, "\n".join(str(t) for t in read_tokens(row["tokens"])).encode()


def check_chain(tool, folder, kind, made, most):
    """The command `chain` says the same of the first rows that it can be asked."""
    path, failures, count = os.path.join(folder, "tokens.txt"), [], 0
    for row in made:
        asked = chain_options(kind, row)
        if asked is None:
            continue
        with open(path, "wb") as f:
            f.write(asked[1])
        done = subprocess.run([tool, *asked[0], path], capture_output=True, check=False)
        answer = json.loads(done.stdout) if done.stdout else {}
        expected = model.elements(row[CHAINS[kind][4]])
        got = answer.get("numbers" if "numbers" in answer else "hashes", ["nothing"])
        if [str(one) for one in got] != expected:
            failures.append(f"chain {' '.join(asked[0])[:300]}: expected {expected[:2]}, got "
                            f"{got[:2]} {done.stderr[:200]}")
        count += 1
        if count == most:
            break
    if count == 0:
        failures.append(f"chain: no row of {kind}")
    return failures[:5]


def check_kind(tool, folder, kind, count, seed):
    """Failures of a kind."""
    r, made, failures = Rows(f"{kind} {seed}"), [], []
    while len(made) < count:
        row = globals()[kind](r)
        results = model.KINDS[kind](row)
        made.append({**row, **results})
    path = os.path.join(folder, kind + ".tsv")
    write(path, kind, made)
    answer, = run(tool, path)
    if (answer["rows"], answer["agree"]) != (count, count):
        failures += [f"{kind}: {answer['agree']} of {count} rows agree"]
        failures += ["%s: %s" % (kind, {k: str(v)[:200] for k, v in row.items()})
                     for row in answer["differing"][:5] + answer["not_run_rows"][:5]]
    if kind in CHAINS:
        failures += check_chain(tool, folder, kind, made, CHAIN_RUNS)
    changed = []
    for column in results:  # each result is compared
        row = next((m for m in made if m[column] not in ("none", "empty", "")), None)
        if row is None:
            failures.append(f"{kind}: no row has {column}")
            continue
        changed.append((column, {**row, column: other(row[column])}))
    write(path, kind, [row for _, row in changed])
    answer, = run(tool, path)
    differing = {row["row"]: row["column"] for row in answer["differing"]}
    for i, (column, _) in enumerate(changed):
        if differing.get(f"r{i}") != column:
            failures.append(f"{kind}: a changed {column} differs in {differing.get(f'r{i}')}")
    return failures


def main(tool, count="400", seed="1"):
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in model.KINDS:
            failures += check_kind(tool, folder, kind, int(count), seed)
    print("\n".join(failures[:60]))
    print(f"{len(model.KINDS)} kinds, {count} rows each, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
