#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A model of the block hashes of other engines, written from docs/DIALECTS.md, the descriptions in
the golden files and the engines' sources: not from the library.

    dialect_model.py FILE.tsv...    computes golden files again: the model is what upstream is

Hashes are Python's hashlib, Debian's libxxhash and BLAKE3 of fingerprint_model.py; pickles are
those that Python itself writes. check_dialects.py has the model make rows that no golden file has."""
import ctypes
import hashlib
import os
import pickle
import struct
import sys

sys.dont_write_bytecode = True  # nothing is written beside the sources
from fingerprint_model import blake3
from golden_reader import cbor, data, elements, rows, tokens

MASK = (1 << 64) - 1
LIB = ctypes.CDLL("libxxhash.so.0")
LIB.XXH64.restype = LIB.XXH3_64bits_withSeed.restype = ctypes.c_uint64
for function in (LIB.XXH64, LIB.XXH3_64bits_withSeed):
    function.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]


class Hash128(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


LIB.XXH3_128bits.restype = Hash128
LIB.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def sha256(raw):
    return hashlib.sha256(raw).digest()


def xxh3_128(raw):
    h = LIB.XXH3_128bits(raw, len(raw))
    return h.high.to_bytes(8, "big") + h.low.to_bytes(8, "big")


def xxh3(raw, seed=0):
    return LIB.XXH3_64bits_withSeed(raw, len(raw), seed)


def xxh64(raw, seed=0):
    return LIB.XXH64(raw, len(raw), seed)


def fnv(raw):
    h = 0xCBF29CE484222325
    for byte in raw:
        h = (h ^ byte) * 0x100000001B3 & MASK
    return h


def le32(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


def le64(*numbers):
    return struct.pack(f"<{len(numbers)}Q", *numbers)


# --- cells ---

def text(cell):
    raw = data(cell)
    return None if raw is None else raw.decode()


def listed(values):
    return ",".join(str(v) for v in values) or "empty"


def hexes(values):
    return ",".join(v.hex() or "-" for v in values) or "empty"


def shown(values):
    """Preimages of the first two; what a file may leave out is not this model's to say."""
    return hexes(values[:2])


def number(cell):
    return None if cell == "none" else int(cell)


def chunks(values, size):
    """Whole blocks: start and values."""
    return [(i, values[i:i + size]) for i in range(0, len(values) - size + 1, size)]


def touching(items, start, end):
    """Items (identifier, offset, length) that touch a block."""
    return [i for i in items if i[1] < end and i[1] + i[2] > start]


def text_items(cell):
    found = []
    for element in elements(cell):
        identifier, offset, length = element.split(":")
        found.append((text(identifier), int(offset), int(length)))
    return sorted(found, key=lambda item: item[1])


# --- vLLM ---

def pickled(value):
    """As vLLM's pickle: tuples, where CBOR has arrays. A tag is one object in all its places."""
    tags = {tag: tag for tag in ("lora", "mm", "cache_salt", "prompt_embeds")}

    def tuples(v):
        if isinstance(v, list):
            return tuple(tags.get(x, x) if i == 0 and isinstance(x, str) and len(v) > 1 else
                         tuples(x) for i, x in enumerate(v))
        return v
    return pickle.dumps(tuples(value), protocol=5)


def vllm_extras(row, number_, start, end, form):
    tagged, items = form == "tagged", text_items(row["mm"])
    lora, salt, embeds = text(row["lora_name"]), text(row["cache_salt"]), elements(row["embeds"])
    extras = []
    if lora is not None:
        extras.append(["lora", lora, text(row["lora_path"])] if tagged else lora)
    for identifier, offset, _ in touching(items, start, end):
        extras.append({"tagged": ["mm", identifier, offset - start], "names": identifier,
                       "pairs": [identifier, offset - start]}[form])
    if number_ == 0 and salt:
        extras.append(["cache_salt", salt] if tagged else salt)
    if embeds:
        digest = bytes.fromhex(embeds[number_])
        extras.append(["prompt_embeds", digest] if tagged else digest)
    return extras or None


def vllm_request(row, digest, encode, form="tagged"):
    seed, size = text(row["seed"]), int(row["block_size"])
    ahead, all_tokens = int(row.get("lookahead", 0)), tokens(row["tokens"])
    parent = none_hash = digest(encode("vllm-none-hash" if seed is None else seed))
    found, preimages = [], []
    for i, (start, block) in enumerate(chunks(all_tokens, size)):
        end = start + size
        if end + ahead > len(all_tokens):
            break
        extras = vllm_extras(row, i, start, end + ahead, form)
        if ahead:
            extras = [extras] + all_tokens[end:end + ahead]
        preimages.append(encode([parent, block, extras]))
        parent = digest(preimages[-1])
        found.append(parent)
    return {"none_hash": none_hash.hex(), "preimages": shown(preimages), "hashes": hexes(found)}


DIGESTS = {"sha256": sha256, "xxhash": xxh3_128, "sha256_cbor": sha256, "xxhash_cbor": xxh3_128}


def vllm_sha256_cbor(row):
    return vllm_request(row, sha256, cbor)


def vllm_xxhash_cbor(row):
    return vllm_request(row, xxh3_128, cbor)


def vllm_pickle(row):
    return vllm_request(row, DIGESTS[row["hash"]], pickled)


def vllm_untagged(row):
    return vllm_request(row, DIGESTS[row["hash"]], cbor,
                        "names" if row["version"] == "0.18.1" else "pairs")


def vllm_block(row):
    digest, parent = DIGESTS[row["hash"]], data(row["parent"])
    none_hash = digest(cbor(text(row["seed"])))
    preimage = (b"\x83" + cbor(parent or none_hash) + cbor(tokens(row["tokens"])) +
                data(row["extras_cbor"]))
    found = digest(preimage)
    return {"none_hash": none_hash.hex(), "preimage": preimage.hex(), "digest": found.hex(),
            "group_key": (found + int(row["group_id"]).to_bytes(4, "big")).hex(),
            "event_u64": str(int.from_bytes(found[-8:], "big"))}


def vllm_coarse(row):
    scale = int(row["target_block_size"]) // int(row["hash_block_size"])
    groups = [g for _, g in chunks(elements(row["hashes"]), scale)]
    joined = row["version"] == "0.18.1"
    return {"length": str(len(groups)),
            "coarse_hashes": listed("".join(g) if joined else g[-1] for g in groups)}


# --- SGLang ---

def sglang_pages(all_tokens, bigram, size):
    """The words of each page, the last and shorter one too."""
    units = list(zip(all_tokens, all_tokens[1:])) if bigram else [(t,) for t in all_tokens]
    pages = [units[i:i + size] for i in range(0, len(units), size)] if size else [units]
    return [[word for unit in page for word in unit] for page in pages]


def sglang_chain(pages, parent):
    found, preimages = [], []
    for words in pages:
        if any(word >> 32 for word in words):
            preimages.append(parent + b"\xff" + le64(*words))
        else:
            preimages.append(parent + le32(*words))
        parent = sha256(preimages[-1])
        found.append(parent)
    return found, preimages


def sglang_hicache(row):
    bigram, size = row["form"] == "bigram", int(row["page_size"])
    all_tokens, prior = tokens(row["tokens"]), data(row["prior"])
    key, salt = data(row["extra_key"]), data(row["cache_salt"]) or None
    seed = b""
    if key is not None or salt is not None:
        parts = b"".join(b"\0" if p is None else b"\1" + le64(len(p)) + p for p in (key, salt))
        seed = sha256(b"sglang-cache-namespace-v1" + parts)
    pages = sglang_pages(all_tokens, bigram, size)
    found, preimages = sglang_chain(pages, seed if prior is None else prior)
    empty = preimages[:1] == [b""]  # an empty cell in these files
    result = {"seed": seed.hex() or "none", "hashes": hexes(found),
              "preimages": "" if empty else shown(preimages),
              "event_hashes": "none", "event_i64": "none"}
    units = max(len(all_tokens) - 1, 0) if bigram else len(all_tokens)
    if prior is None and size and units and units % size == 0:
        events, _ = sglang_chain(pages, sha256(b"sglang-cache-salt-v1\0" + salt) if salt else b"")
        result["event_hashes"] = hexes(events)
        result["event_i64"] = listed(int.from_bytes(e[:8], "big", signed=True) for e in events)
    return result


# --- Dynamo and Mooncake ---

def name_seed(lora, salt):
    return (1337 + (xxh3(lora, 0) if lora else 0) + (xxh3(salt, 1) if salt else 0)) & MASK


def sequence(own, seed):
    found = []
    for block in own:
        found.append(xxh3(le64(found[-1], block), seed) if found else block)
    return found


def bits(value, count):
    return value & (1 << count) - 1


def mode_of(position):
    return 0 if position < 1 << 8 else 1 if position < 1 << 16 else 2 if position < 1 << 24 else 3


POSITION_BITS = [8, 16, 24, 31]


def plh_of(current, parent, position):
    mode = mode_of(position)
    place, part = POSITION_BITS[mode], 62 - POSITION_BITS[mode]
    value = mode << 126 | position << 126 - place | current << part
    return value | bits(parent or 0, part)


def plh_v1_2_of(current, parent, position):
    width, own = ([59, 55, 51, 51][mode_of(p)] for p in (position, position + 1))
    mode = mode_of(position)
    high = mode << 126 | position << 126 - POSITION_BITS[mode]
    return high | bits(parent or 0, width) << width | bits(current, own)


def plhs(own, pack):
    return listed("%032x" % pack(h, own[i - 1] if i else None, i) for i, h in enumerate(own))


def run_outcome(items, count):
    end = 0
    for _, offset, length in items:
        if length == 0:
            return "err:empty_run"
        if offset + length > MASK:
            return "err:overflow"
        if offset + length > count:
            return "err:out_of_bounds"
        if offset < end:
            return "err:overlap"
        end = offset + length
    return "ok"


def dynamo_request(row):
    all_tokens, size = tokens(row["tokens"]), int(row["block_size"])
    items = [tuple(int(part) for part in e.split(":")) for e in elements(row["mm"])]
    items.sort(key=lambda item: item[1])
    names = ["salt_hash", "preimages", "block_hashes", "sequence_hashes", "plh"]
    result = {"outcome": run_outcome(items, len(all_tokens)), **{name: "none" for name in names}}
    if result["outcome"] != "ok":
        return result
    seed, own, preimages = name_seed(data(row["lora_name"]), data(row["salt"])), [], []
    for start, block in chunks(all_tokens, size):
        here = touching(items, start, start + size)
        raw = le32(*block)
        if here:
            raw = b""
            for i, token in enumerate(block, start):
                run = next((r for r in here if r[1] <= i < r[1] + r[2]), None)
                raw += b"\0" + le32(token) + le64(0) if run is None else \
                    b"\1" + le32(i - run[1]) + le64(run[0])
        preimages.append(raw)
        own.append(xxh3(raw, seed))
    chain = sequence(own, 1337)
    result.update(salt_hash=str(seed), preimages=shown(preimages), block_hashes=listed(own),
                  sequence_hashes=listed(chain), plh=plhs(chain, plh_of))
    return result


def dynamo_router(row):
    all_tokens, size = tokens(row["tokens"]), int(row["block_size"])
    seed = name_seed(data(row["lora_name"]), data(row["cache_namespace"]))
    more = int(row["eagle"] == "1")
    objects = {}
    for element in elements(row["mm"]):
        index, *hashes = (int(part) for part in element.split(":"))
        objects[index] = hashes
    own = []
    for start, _ in chunks(all_tokens, size) if size else []:
        block = all_tokens[start:start + size + more]
        if len(block) == size + more:
            own.append(xxh3(le32(*block) + le64(*sorted(objects.get(start // size, []))), seed))
    return {"seed": str(seed), "local_hashes": listed(own),
            "sequence_hashes": listed(sequence(own, 1337))}


def plain_blocks(row, seed):
    blocks = chunks(tokens(row["tokens"]), int(row["block_size"]))
    own = [xxh3(le32(*block), seed) for _, block in blocks]
    return own, sequence(own, seed)


def dynamo_tokens_v1_2(row):
    own, chain = plain_blocks(row, number(row["salt_hash"]) or 0)
    return {"block_hashes": listed(own), "sequence_hashes": listed(chain),
            "plh": plhs(chain, plh_v1_2_of)}


def mooncake_conductor_derived(row):
    own, chain = plain_blocks(row, int(row["seed"]))
    return {"local_hashes": listed(own), "sequence_hashes": listed(chain)}


def base58(value):
    digits, raw, found = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", \
        value.to_bytes(8, "big"), ""
    while value:
        value, rest = divmod(value, 58)
        found = digits[rest] + found
    return "1" * (8 - len(raw.lstrip(b"\0"))) + found


def dynamo_plh(row):
    current, position = int(row["current"]), int(row["position"])
    parent, child = number(row["parent"]), number(row["child_block_hash"])
    mode, fragment = mode_of(position), bits(parent or 0, 62 - POSITION_BITS[mode_of(position)])
    name = f"{position}:{base58(current)}" + (f":{base58(fragment)}" if position else "")
    last = position == (1 << 24) - 1
    own = 0 if last else 62 - POSITION_BITS[mode_of(position + 1)]
    extended = None if last else plh_of(xxh3(le64(current, child), 1337), current, position + 1)
    return {"plh": "%032x" % plh_of(current, parent, position), "mode": str(mode),
            "got_position": str(position), "got_current": str(current),
            "parent_fragment": str(fragment), "text": name,
            "extended": "none" if last else "%032x" % extended,
            "child_fragment": "none" if last else str(bits(current, own))}


def dynamo_plh_v1_2(row):
    current, position, parent = int(row["current"]), int(row["position"]), number(row["parent"])
    width, own = ([59, 55, 51, 51][mode_of(p)] for p in (position, position + 1))
    return {"plh": "%032x" % plh_v1_2_of(current, parent, position), "mode": str(mode_of(position)),
            "got_position": str(position), "current_part": str(bits(current, own)),
            "parent_part": str(bits(parent or 0, width))}


def dynamo_psh(row):
    chain, position, own = (int(row[c]) for c in ("sequence_hash", "position", "block_hash"))
    mode = mode_of(position)
    part = 62 - POSITION_BITS[mode]
    return {"psh": "%032x" % (mode << 126 | position << 64 + part | bits(own, part) << 64 | chain),
            "mode": str(mode), "got_position": str(position), "got_sequence_hash": str(chain),
            "got_block_hash": str(bits(own, part))}


def dynamo_mm_ids(row):
    raw = data(row["identifier"])
    if not raw:
        return {"mm_hash": "none", "pad_value": "none"}
    is_digest = len(raw) == 64 and all(c in b"0123456789abcdefABCDEF" for c in raw)
    found = int(raw[:16], 16) if is_digest else xxh3(raw)
    return {"mm_hash": str(found), "pad_value": str(1000000 + found % (1 << 30))}


def mooncake_nvme_kv_derived(row):
    key, chunk = data(row["logical_key"]), number(row["chunk"])
    identity = b"\1" + le32(len(key)) + key
    tail = b"\0" if chunk is None else b"\1" + le32(chunk)
    input_ = identity + (b"\1" if chunk is None else b"\2") + le32(int(row["slot"])) + tail
    return {"identity": identity.hex(), "input": input_.hex(),
            "physical_key": le64(xxh64(input_, 0), xxh64(input_, 1)).hex(),
            "verify_hash": le64(*(xxh64(identity, seed) for seed in range(4))).hex()}


# --- LMCache ---

def lmcache_mp(row):
    size, prefix, end = int(row["chunk_size"]), data(row["prefix"]), number(row["end"])
    all_tokens = tokens(row["tokens"])
    is_blake3 = row["hash"] == "blake3"
    digest = blake3 if is_blake3 else sha256
    seed = text(row["seed"])
    none_hash = blake3(bytes(12)) if is_blake3 else \
        sha256(cbor("vllm-none-hash" if seed is None else seed))
    parent, found, preimages = none_hash if prefix is None else prefix, [], []
    for _, block in chunks(all_tokens if end is None else all_tokens[:end], size):
        preimages.append(parent + struct.pack(f">{size}I", *block) if is_blake3 else
                         cbor([parent, block, None]))
        parent = digest(preimages[-1])
        found.append(parent)
    found = found[int(row["start"]) // size:]
    result = {"none_hash": none_hash.hex(), "hashes": hexes(found), "key_outcome": "err:key",
              "preimages": shown(preimages) if is_blake3 else "none", "s3_key": "none",
              "fs_name": "none"}
    world, rank, local_world, local_rank = (int(part) for part in row["kv_rank_of"].split(":"))
    kv_rank = world << 24 | rank << 16 | local_world << 8 | local_rank
    model, salt = text(row["model"]), text(row["salt"])
    if "@" not in model and not set("@/\\\0") & set(salt) and len(salt) <= 128:
        tail = f"@{int(row['group']):x}@{(found[0] if found else bytes(32)).hex()}" + \
            (f"@{salt}" if salt else "")
        result.update(key_outcome="ok", s3_key=f"{model}@{kv_rank:08x}{tail}".encode().hex(),
                      fs_name=f"{model.replace('/', '-SEP-')}@0x{kv_rank:08x}{tail}.data"
                      .encode().hex())
    return result


TORCH_TYPES = {"float16": "half", "float32": "float", "float64": "double",
               "float8_e4m3fn": "fp8_e4m3fn", "float8_e4m3fnuz": "fp8_e4m3fnuz",
               "float8_e5m2": "fp8_e5m2", "float8_e5m2fnuz": "fp8_e5m2fnuz"}


def lmcache_chunk(row):
    digest, seed, size = DIGESTS[row["hash"]], text(row["seed"]), int(row["chunk_size"])
    none_hash = fold(digest(cbor("vllm-none-hash" if seed is None else seed)))
    all_tokens, parent, found, preimages = tokens(row["tokens"]), none_hash, [], []
    for start in range(0, len(all_tokens), size):
        block = all_tokens[start:start + size]
        if len(block) < size and row["save_unfull"] == "0":
            break
        preimages.append(cbor([parent, block, []]))
        parent = fold(digest(preimages[-1]))
        found.append(parent)
    dtype = TORCH_TYPES.get(row["dtype"], row["dtype"])
    world = 1 if row["mla"] == "1" else int(row["world_size"])
    tags = "".join("@%s%%%s" % tuple(text(part) for part in element.split(":"))
                   for element in elements(row["tags"]))

    def key(h, layer=""):
        return (f"{text(row['model'])}@{world}@{row['worker_id']}@{h:x}@{dtype}{layer}"
                f"{tags}").encode()
    return {"none_hash": str(none_hash), "preimages": shown(preimages), "hashes": listed(found),
            "keys": hexes(key(h) for h in found[:2]),
            "layer_key": key(found[0], "@2").hex() if found else "none"}


def fold(digest):
    return int.from_bytes(digest[:8], "big")


# --- llm-d ---

def llmd_chain(row, root, step):
    parent, found, preimages = int(row["parent"]) or root, [], []
    items = text_items(row.get("mm", "empty"))
    size = int(row["block_size"])
    for start, block in chunks(tokens(row["tokens"]), size):
        preimage, parent = step(parent, block, touching(items, start, start + size), start)
        preimages.append(preimage)
        found.append(parent)
    return {"root": str(root), "preimages": shown(preimages), "keys": listed(found)}


def llmd_fnv(row, extra=None):
    def step(parent, block, items, start):
        maps = b"".join(extra(item, start) for item in items)
        extras = bytes([0x80 | len(items)]) if len(items) < 24 else b"\x98" + bytes([len(items)])
        preimage = b"\x83" + cbor(parent) + cbor(block) + (extras + maps if items else b"\xf6")
        return preimage, fnv(preimage)
    seed_hash = fnv(data(row["hash_seed"]))
    root = cbor([seed_hash, None, text(row["model"])])
    return {"seed_hash": str(seed_hash), "root_preimage": root.hex(),
            **llmd_chain(row, fnv(root), step)}


def llmd_cbor_fnv(row):
    return llmd_fnv(row)


def llmd_cbor_sha256(row):
    parent = root = sha256(cbor(text(row["hash_seed"])))
    found, preimages = [], []
    for _, block in chunks(tokens(row["tokens"]), int(row["block_size"])):
        preimages.append(cbor([parent, block, None]))
        parent = sha256(preimages[-1])
        found.append(int.from_bytes(parent[24:], "big"))
    return {"root": root.hex(), "preimages": shown(preimages), "keys": listed(found)}


def llmd_router_derived(row):
    if row["form"] != "xxh64":
        offsets = row["form"] == "fnv_mm_offset"

        def extra(item, start):
            found = cbor("Hash") + cbor(item[0])
            if not offsets:
                return b"\xa1" + found
            return b"\xa2" + found + cbor("Offset") + cbor(item[1] - start)
        return llmd_fnv(row, extra)

    def step(parent, block, items, _):
        names = [item[0].encode() for item in items]
        preimage = le64(parent) + le32(*block) + b"".join(le64(len(n)) + n for n in names)
        return preimage, xxh64(preimage)
    seed_hash, model = xxh64(data(row["hash_seed"])), data(row["model"])
    root = le64(seed_hash, len(model)) + model
    return {"seed_hash": str(seed_hash), "root_preimage": root.hex(),
            **llmd_chain(row, xxh64(root), step)}


# --- AIBrix and TensorRT-LLM ---

def aibrix_gateway_derived(row):
    parent = seed = int(row["seed"])
    all_tokens, found, preimages = tokens(row["tokens"]), [], []
    raw = struct.pack(f">{len(all_tokens)}I", *all_tokens)
    for _, block in chunks(raw, int(row["block_bytes"])):
        preimages.append(le64(parent) + block)
        parent = xxh64(preimages[-1], seed)
        found.append(parent)
    return {"preimages": shown(preimages), "hashes": listed(found)}


def trtllm_v2_derived(row):
    lora, salt = number(row["lora_id"]), number(row["salt"])
    scope = bytes([(lora is not None) | (salt is not None) << 1]) + \
        le64(*(n for n in (lora, salt) if n is not None))
    parent = root = sha256(scope)
    places = {int(slot): bytes.fromhex(digest) for slot, digest in
              (element.split(":") for element in elements(row["mm"]))}
    all_tokens, size, found, preimages = tokens(row["tokens"]), int(row["tokens_per_block"]), [], []
    for start in range(0, len(all_tokens), size):
        block = enumerate(all_tokens[start:start + size], start)
        preimages.append(parent + b"".join(places.get(i) or le32(t) for i, t in block))
        parent = sha256(preimages[-1])
        found.append(parent)
    return {"scope_bytes": scope.hex(), "root": root.hex(), "preimages": shown(preimages),
            "keys": hexes(found)}


KINDS = {f.__name__: f for f in (
    vllm_sha256_cbor, vllm_xxhash_cbor, vllm_pickle, vllm_untagged, vllm_block, vllm_coarse,
    sglang_hicache, dynamo_request, dynamo_router, dynamo_tokens_v1_2, dynamo_plh, dynamo_plh_v1_2,
    dynamo_psh, dynamo_mm_ids, lmcache_mp, lmcache_chunk, llmd_cbor_fnv, llmd_cbor_sha256,
    llmd_router_derived, aibrix_gateway_derived, trtllm_v2_derived, mooncake_conductor_derived,
    mooncake_nvme_kv_derived)}
# Left out for length in golden files, as "none".
PREIMAGES = ("preimages", "preimage", "root_preimage", "input", "identity")


def main(paths):
    differ = 0
    for path in paths:
        kind = KINDS[os.path.basename(path).removesuffix(".tsv")]
        count = 0
        for row in rows(path):
            count += 1
            results = kind(row)
            for column, got in results.items():
                if row[column] != got and not (column in PREIMAGES and row[column] == "none"):
                    print(f"{path}: {row['name']}, {column}: expected {row[column][:300]}, got "
                          f"{got[:300]}")
                    differ += 1
        print(f"{path}: {count} rows, columns {' '.join(results)}")
    return differ != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
