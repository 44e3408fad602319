#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two contexts have the same hashes only where the engine's own rule cannot tell them apart:

    check_contexts.py TOOL [ROWS]      at most ROWS contexts of each kind, 1,500 if not given

A context is a request: seed, names, salts, items, tokens, from short texts that run into each other
when they are put together ("a" "bc", "ab" "c"). What a rule tells apart is written down here a second
time, without any encoding: told() gives a value for it. Contexts with equal values have equal hashes,
and contexts with others have others. `wombatkv conformance` computes the hashes."""
import itertools
import os
import random
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is written beside the sources
import dialect_model as model
from check_dialects import run, write
from golden_reader import tokens as read_tokens

TEXTS = ["none", "-", "61", "62", "6162", "6d6d", "616263"]
GIVEN = TEXTS[1:]
DIGESTS = ["11" * 32, "22" * 32]


def cell(*numbers):
    return b"".join(n.to_bytes(4, "little") for n in numbers).hex()


# The last ones: what would be an item's mark, hash or place if it were no token.
TOKENS = [cell(1, 2, 3, 4), cell(1, 2, 4, 3), cell(1, 2, 3), cell(1, 2, 3, 4, 5), cell(0, 0, 0, 0),
          cell(7, 0, 3, 4), cell(1, 0, 7, 0), "-"]
ITEMS = ["empty", "61:0:1", "61:1:1", "61:0:2", "62:0:1", "6162:0:1", "61:0:1,62:1:1", "62:0:1,61:1:1",
         "61:1:2", "61:2:1", "61:1:0", "61:2:0", "6d6d:0:1"]
RUNS = ["empty", "7:0:1", "7:1:1", "7:0:2", "8:0:1", "7:0:1,7:1:1", "7:1:2", "0:0:1", "7:2:2", "1:2:1"]
NUMBERS = ["none", "empty", "0:7", "0:8", "0:7:8", "0:8:7", "0:7:7", "1:7", "0:7,1:7", "0:0"]
PLACES = ["empty"] + [f"{p}:{d}" for p in (0, 1, 2) for d in DIGESTS] + [
    f"0:{DIGESTS[0]},1:{DIGESTS[1]}", f"0:{DIGESTS[1]},1:{DIGESTS[0]}"]
EMBEDS = ["empty", ",".join(DIGESTS), ",".join(DIGESTS[::-1])]


def pieces(row, size_column):
    size = int(row[size_column])
    return [(i, tuple(block)) for i, block in model.chunks(read_tokens(row["tokens"]), size)]


def optional(text):
    return None if text in ("none", "-") else text


def seed_of(row, column="seed"):
    return "vllm-none-hash".encode().hex() if row[column] == "none" else row[column]


def vllm(row):
    """Nothing is lost from 0.31 on but how long an item is. Before, a text did not say what it was,
    and items had no place."""
    size, ahead = int(row["block_size"]), int(row.get("lookahead", 0))
    all_tokens, items, told = read_tokens(row["tokens"]), model.text_items(row["mm"]), []
    embeds = [] if row["embeds"] == "empty" else row["embeds"].split(",")
    bare = row.get("version") == "0.18.1"
    for number, (start, block) in enumerate(pieces(row, "block_size")):
        end = start + size + ahead
        if end > len(all_tokens):
            break
        names = []
        if row["lora_name"] != "none":
            names.append(("lora", row["lora_name"], row.get("lora_path")))
        names += [("mm", i.encode().hex() or "-", offset - start) for i, offset, length in items
                  if offset < end and offset + length > start]
        if number == 0 and optional(row["cache_salt"]):
            names.append(("salt", row["cache_salt"]))
        if embeds:
            names.append(("embeds", embeds[number]))
        if "version" in row:
            names = [(n[0],) + n[1:] if n[0] == "embeds" or (n[0] == "mm" and not bare) else n[1]
                     for n in names]
        told.append((block, tuple(names), tuple(all_tokens[start + size:end])))
    return (row.get("hash"), seed_of(row), tuple(told)) if told else None


def sglang_hicache(row):
    """A namespace is one even before its first page, but there is no hash to say so. Pages have no kind:
    two plain tokens are one bigram."""
    bigram, size = row["form"] == "bigram", int(row["page_size"])
    pages = model.sglang_pages(read_tokens(row["tokens"]), bigram, size)
    root = (row["extra_key"], optional(row["cache_salt"])) if row["prior"] == "none" else row["prior"]
    return (root if root != ("none", None) else "", tuple(map(tuple, pages))) if pages else None


def dynamo_request(row):
    """Of a token under an item nothing is told, of an item's length only where it ends."""
    items = [tuple(map(int, e.split(":"))) for e in model.elements(row["mm"])]
    if model.run_outcome(items, len(read_tokens(row["tokens"]))) != "ok":
        return None
    told = []
    for start, block in pieces(row, "block_size"):
        slots = []
        for place, token in enumerate(block, start):
            run_ = next((i for i in items if i[1] <= place < i[1] + i[2]), None)
            slots.append((token,) if run_ is None else (run_[0], place - run_[1]))
        told.append(tuple(slots))
    return (optional(row["lora_name"]), optional(row["salt"]), tuple(told)) if told else None


def dynamo_router(row):
    """Items are a set with repetitions."""
    size, more = int(row["block_size"]), int(row["eagle"] == "1")
    items, all_tokens, told = {}, read_tokens(row["tokens"]), []
    for element in model.elements(row["mm"]):
        index, *hashes = map(int, element.split(":"))
        items[index] = hashes
    for start, _ in pieces(row, "block_size"):
        block = tuple(all_tokens[start:start + size + more])
        if len(block) == size + more:
            told.append((block, tuple(sorted(items.get(start // size, [])))))
    return (optional(row["lora_name"]), optional(row["cache_namespace"]), more,
            tuple(told)) if told else None


def llmd(row):
    """XXH64 and the router's FNV forms tell an item's text, kv-cache's its place, too."""
    form, told = row.get("form"), []
    items = model.text_items(row["mm"]) if form else []
    for start, block in pieces(row, "block_size"):
        here = model.touching(items, start, start + int(row["block_size"]))
        told.append((block, tuple((i, offset - start if form == "fnv_mm_offset" else 0)
                                  for i, offset, _ in here)))
    root = row["parent"] if row["parent"] != "0" else (row["hash_seed"], row["model"])
    same = "fnv" if form != "xxh64" and not any(items_ for _, items_ in told) else form
    return (same, root, tuple(told)) if told else None


def trtllm_v2_derived(row):
    size, all_tokens = int(row["tokens_per_block"]), read_tokens(row["tokens"])
    items = dict(e.split(":") for e in model.elements(row["mm"]))
    slots = [items.get(str(i), token) for i, token in enumerate(all_tokens)]
    return (row["lora_id"], row["salt"], tuple(tuple(slots[i:i + size]) for i in
                                               range(0, len(slots), size))) if slots else None


def lmcache_chunk(row):
    size, all_tokens = int(row["chunk_size"]), read_tokens(row["tokens"])
    blocks = [tuple(all_tokens[i:i + size]) for i in range(0, len(all_tokens), size)]
    if row["save_unfull"] == "0":
        blocks = [b for b in blocks if len(b) == size]
    return (row["hash"], seed_of(row), tuple(blocks)) if blocks else None


def plain(*names):
    def told(row):
        size = next(c for c in ("block_size", "chunk_size") if c in row)
        blocks = pieces(row, size)
        return (tuple(row[n] for n in names), tuple(blocks)) if blocks else None
    return told


VLLM = {"seed": ["none", "-", "30", "3030"], "block_size": ["2", "1"], "lookahead": ["0", "1"],
        "tokens": TOKENS, "lora": [("none", "none")] + [(n, p) for n in GIVEN for p in GIVEN],
        "cache_salt": TEXTS, "mm": ITEMS, "embeds": EMBEDS}
XXHASH = {**VLLM, "seed": VLLM["seed"][1:]}
UNTAGGED = {**{c: v for c, v in XXHASH.items() if c != "lookahead"}, "lora": [(n, None) for n in TEXTS],
            "version": ["0.18.1", "0.28.0", "0.30.0"], "hash": ["sha256_cbor", "xxhash_cbor"]}
LLMD = {"hash_seed": GIVEN, "block_size": ["2", "1"], "tokens": TOKENS, "model": GIVEN,
        "parent": ["0", "1", "256"]}
NAMES = {"block_size": ["2", "1"], "tokens": TOKENS, "lora_name": TEXTS}
# Of a kind: the values of each column, what a row tells, and the column of its hashes.
KINDS = {
    "vllm_sha256_cbor": (VLLM, vllm, "hashes"),
    "vllm_xxhash_cbor": (XXHASH, vllm, "hashes"),
    "vllm_pickle": ({**XXHASH, "hash": ["sha256", "xxhash"]}, vllm, "hashes"),
    "vllm_untagged": (UNTAGGED, vllm, "hashes"),
    "sglang_hicache": ({"form": ["plain", "bigram"], "page_size": ["2", "1", "4"], "tokens": TOKENS,
                        "prior": ["none", "none", "33" * 32], "extra_key": TEXTS, "cache_salt": TEXTS},
                       sglang_hicache, "hashes"),
    "dynamo_request": ({**NAMES, "salt": TEXTS, "mm": RUNS}, dynamo_request, "sequence_hashes"),
    "dynamo_router": ({**NAMES, "cache_namespace": TEXTS, "eagle": ["0", "1"], "mm": NUMBERS},
                      dynamo_router, "sequence_hashes"),
    "dynamo_tokens_v1_2": ({"block_size": ["2", "1"], "tokens": TOKENS, "salt_hash": ["1", "2"]},
                           plain("salt_hash"), "sequence_hashes"),
    "lmcache_chunk": ({"hash": ["sha256_cbor", "xxhash_cbor"], "seed": ["-", "30"],
                       "chunk_size": ["2", "1"], "save_unfull": ["0", "1"], "tokens": TOKENS,
                       "model": ["6d"], "world_size": ["1"], "worker_id": ["0"], "dtype": ["half"],
                       "mla": ["0"], "tags": ["empty"]}, lmcache_chunk, "hashes"),
    "llmd_cbor_fnv": (LLMD, llmd, "keys"),
    "llmd_router_derived": ({**LLMD, "form": ["xxh64", "fnv_mm", "fnv_mm_offset"], "mm": ITEMS}, llmd,
                            "keys"),
    "trtllm_v2_derived": ({"tokens_per_block": ["2", "1"], "tokens": TOKENS, "lora_id":
                           ["none", "0", "1"], "salt": ["none", "0", "1"], "mm": PLACES},
                          trtllm_v2_derived, "keys"),
    "mooncake_conductor_derived": ({"seed": ["0", "1", "1337"], "block_size": ["2", "1"], "tokens":
                                    TOKENS}, plain("seed"), "sequence_hashes"),
}


def contexts(values, most, seed):
    """All of them, or a sample."""
    columns, count = list(values), 1
    for column in columns:
        count *= len(values[column])
    r = random.Random(seed)
    chosen = itertools.product(*values.values()) if count <= most else (
        tuple(r.choice(values[c]) for c in columns) for _ in range(most))
    for choice in chosen:
        row = dict(zip(columns, choice))
        if "lora" in row:
            row["lora_name"], path = row.pop("lora")
            if path is not None:
                row["lora_path"] = path
        yield row


def usable(kind, row):
    """Rows that the model can compute: one object of Python that stands in two places of a pickle is
    another matter (docs/DIALECTS.md), and each block has a digest of its embeddings."""
    texts = [row[c] for c in ("lora_name", "lora_path", "cache_salt") if row.get(c, "none") != "none"]
    texts += [e.split(":")[0] for e in model.elements(row.get("mm", "empty"))] \
        if kind.startswith("vllm") else []
    if kind == "vllm_pickle" and (len(set(texts)) < len(texts) or "6d6d" in texts):
        return False
    if row.get("embeds", "empty") != "empty":
        return len(read_tokens(row["tokens"])) // int(row["block_size"]) <= 2
    return True


def check_kind(tool, folder, kind, most):
    values, told, column = KINDS[kind]
    made = []
    for row in contexts(values, most, kind):
        if usable(kind, row):
            made.append({**row, **model.KINDS[kind](row)})
    path = os.path.join(folder, kind + ".tsv")
    write(path, kind, made)
    answer, = run(tool, path)
    failures = [f"{kind}: {answer['agree']} of {len(made)} rows agree"] * \
        (answer["agree"] != len(made))
    by_hash, by_meaning = {}, {}
    for row in made:
        meaning = told(row)
        if meaning is None:  # there is no hash
            continue
        for known, key, value in ((by_hash, row[column], meaning), (by_meaning, meaning, row[column])):
            if known.setdefault(key, value) != value:
                failures.append(f"{kind}: {known[key]} and {value} share {key}")
    if len(by_hash) < 20:
        failures.append(f"{kind}: only {len(by_hash)} hashes")
    return failures[:5], len(by_hash)


def main(tool, most="1500"):
    failures, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            found, hashes = check_kind(tool, folder, kind, int(most))
            failures += found
            count += hashes
    print("\n".join(failures))
    print(f"{len(KINDS)} kinds, {count} hashes, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
