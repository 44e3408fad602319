#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON readers against Python's json module: check_json.py HELPER [COUNT [DUMP]]

Documents are made at random, most of them nearly good. A model of the rules in docs/FORMATS.md on top
of Python's parser says what each must give. DUMP keeps the documents, as the helper reads them.
"""
import json
import random
import struct
import subprocess
import sys

MANIFEST = (("schema_version", 16), ("epoch_ms", 64), ("checksum32", 32), ("entries", list))
ENTRY = (("object_id", str), ("key_range_start", str), ("key_range_end", str))
DELTA = (("schema_version", 16), ("epoch_ms", 64), ("seq", 64), ("tenant_id", str),
         ("fingerprint", str), ("prefix_hash", str), ("payload_digest", str), ("write_id", str))
STRICT_LEVELS = 127


class Bad(Exception):
    """The answer, if it is not ok."""


class Pairs(list):
    """An object: its members in order, repeated ones too."""


class Number(str):
    """The text of a number."""


def refuse(*_):
    raise Bad("json")


# --- the model ------------------------------------------------------------------------------------

def parse(data):
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=Pairs, parse_int=Number,
                          parse_float=Number, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Bad("json") from None


def check_text(text):
    if any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        refuse()
    return text


def check_strict(value, depth=0):
    if isinstance(value, Number):
        if float(value) in (float("inf"), -float("inf")):
            refuse()
    elif isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        if depth == STRICT_LEVELS:
            refuse()
        for member in value:
            for part in (member if isinstance(value, Pairs) else (member,)):
                check_strict(part, depth + 1)


def integer(value, bits):
    if not isinstance(value, Number) or not value.isdigit() or int(value) >= 1 << bits:
        refuse()
    return int(value)


def typed(value, kind):
    if kind is str:
        if not isinstance(value, str) or isinstance(value, Number):
            refuse()
        return check_text(value)
    if kind is list:
        if not isinstance(value, list) or isinstance(value, Pairs):
            refuse()
        return [structure(entry, ENTRY) for entry in value]
    return integer(value, kind)


def structure(value, fields):
    if not isinstance(value, list):
        refuse()
    if not isinstance(value, Pairs):
        if len(value) != len(fields):
            refuse()
        return [typed(v, kind) for v, (_, kind) in zip(value, fields)]
    kinds, got = dict(fields), {}
    for name, member in value:
        if check_text(name) in kinds:
            if name in got:
                refuse()
            got[name] = typed(member, kinds[name])
    if len(got) != len(fields):
        refuse()
    return [got[name] for name, _ in fields]


def check_version(version):
    if version != 1:
        raise Bad(f"unsupported_schema {version}")


def check_empty(values, fields):
    for value, (name, kind) in zip(values, fields):
        if kind is str and value == "":
            raise Bad(f"empty_field {name}")
        if kind is list:
            for entry in value:
                check_empty(entry, ENTRY)


def flatten(values):
    for value in values:
        yield from flatten(value) if isinstance(value, list) else (value,)


def expect(data, fields, strict):
    try:
        value = parse(data)
        if strict:
            check_strict(value)
            versions = [v for k, v in value if k == "schema_version"] if isinstance(value, Pairs) else []
            if not versions:
                raise Bad("missing_field schema_version")
            try:
                version = integer(versions[-1], 16)
            except Bad:
                raise Bad("wrong_type schema_version") from None
            check_version(version)
        values = structure(value, fields)
        check_version(values[0])
        check_empty(values, fields)
    except Bad as answer:
        return str(answer)
    return " ".join(["ok"] + [v.encode().hex() if isinstance(v, str) else str(v)
                              for v in flatten(values[1:])])


# --- documents ------------------------------------------------------------------------------------

TEXTS = ["a", "", "seg-1", "\u00e9", "\U0001F600", "\u0000", "\"\\/", "\n\t", "x" * 20, "\uffff"]
NUMBERS = ["0", "1", "2", "7", "65535", "65536", "4294967295", "4294967296", "18446744073709551615",
           "18446744073709551616", "-1", "-0", "1.0", "1e0", "1E+2", "0.5", "1e400", "-1e400", "1e-400",
           "01", "1.", ".5", "1e", "+1", "0x1", "NaN", "Infinity", "-Infinity", "-", "1_0"]
SCRAPS = ["null", "true", "false", "[]", "{}", "[1,[2]]", "{\"a\":{}}", "\"\\ud800\"", "\"\\udc00x\"",
          "\"\\ud83d\\ude00\"", "\"\\u0041\"", "\"\\x\"", "\"\\u00g0\"", "\"\\uD800\\u0041\"", "tru",
          "nulll", "[1,]", "{\"a\":1,}", "{,}", "[,]", "{\"a\"}", "{1:2}", "\"\x01\"", "\"\x7f\"", "'a'", "\"",
          "{\"\\ud800\":1}", "[1}", "{\"a\":1]"]
BLANKS = ["", "", "", "", " ", "\n", "\t\r ", "\v", "\u00a0", "\ufeff", "//"]


def text(r):
    value = "".join(r.choice(TEXTS) for _ in range(r.choice((1, 1, 1, 2))))
    plain = json.dumps(value, ensure_ascii=r.random() < 0.5)
    if r.random() < 0.1:
        plain = '"' + "".join(f"\\u{ord(c):04X}" if ord(c) < 0x10000 else c for c in value) + '"'
    return plain


def nest(r, depth):
    kinds = [r.random() < 0.5 for _ in range(depth)]
    return "".join("[" if k else '{"k":' for k in kinds) + "1" + "".join(
        "]" if k else "}" for k in reversed(kinds))


def anything(r):
    pick = r.random()
    if pick < 0.3:
        return r.choice(NUMBERS)
    if pick < 0.6:
        return r.choice(SCRAPS)
    if pick < 0.7:
        return nest(r, r.choice((1, 2, 120, 123, 124, 125, 126, 127, 128, 150)))
    return text(r)


def good(r, kind):
    if kind is str:
        return text(r)
    if kind is list:
        return "[" + ",".join(document(r, ENTRY) for _ in range(r.choice((0, 1, 2, 3)))) + "]"
    return str(r.choice((0, 1, 2, 9, (1 << kind) - 1))) if kind != 16 else r.choice("1111111111112")


def blank(r):
    return r.choice(BLANKS[:7]) if r.random() < 0.98 else r.choice(BLANKS)


def document(r, fields):
    members = [(json.dumps(name), good(r, kind) if r.random() < 0.985 else anything(r))
               for name, kind in fields]
    if r.random() < 0.15:
        if r.random() < 0.15:
            members.insert(r.randrange(len(members) + 1), ("", anything(r)))
        return "[" + ",".join(blank(r) + v + blank(r) for _, v in members) + "]"
    if r.random() < 0.5:
        r.shuffle(members)
    while r.random() < 0.25:
        name = r.choice(('"x"', '""', '"entries2"', '"\\ud800"', '"schema_versio"', text(r)))
        members.insert(r.randrange(len(members) + 1), (name, anything(r)))
    if r.random() < 0.04:
        members.append(r.choice(members))
    if r.random() < 0.04:
        members.pop(r.randrange(len(members)))
    if r.random() < 0.05 and members:
        at = r.randrange(len(members))
        name = members[at][0]
        if len(name) > 3:
            members[at] = (f'"\\u{ord(name[1]):04x}' + name[2:], members[at][1])
    return "{" + ",".join(blank(r) + k + blank(r) + ":" + blank(r) + v + blank(r)
                          for k, v in members) + "}"


def mutate(r, data):
    data = bytearray(data)
    while data and r.random() < 0.4:
        at = r.randrange(len(data))
        pick = r.random()
        if pick < 0.4:
            data[at:at + 1] = r.choice((b"", b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\", b"0", b"-",
                                        b"e", b".", b"u", b"\xff", b"\xc3\xa9", b"\x00", b" "))
        elif pick < 0.7:
            del data[at:at + r.choice((1, 2, 8))]
        elif pick < 0.85:
            data[at:at] = data[at:at + r.choice((1, 3, 12))]
        else:
            del data[at:]
    return bytes(data)


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    sys.setrecursionlimit(3000)
    r = random.Random(count)
    cases, frames = [], []
    for i in range(count):
        kind, fields = (b"m", MANIFEST) if i & 1 else (b"d", DELTA)
        data = (blank(r) + document(r, fields) + blank(r)).encode("utf-8", "surrogatepass")
        data = mutate(r, data) if r.random() < 0.4 else data
        cases.append((data, fields))
        frames.append(kind + struct.pack("<I", len(data)) + data)
    if len(sys.argv) > 3:
        with open(sys.argv[3], "wb") as f:
            f.write(b"".join(frames))
    run = subprocess.run([sys.argv[1]], input=b"".join(frames), stdout=subprocess.PIPE, check=True)
    lines = run.stdout.decode().splitlines()
    if len(lines) != count:
        sys.exit(f"{len(lines)} answers to {count} documents")
    seen = {}
    for (data, fields), line in zip(cases, lines):
        want = expect(data, fields, False) + "\t" + expect(data, fields, True)
        if line != want:
            sys.exit(f"document {data!r}\nwant {want}\ngot  {line}")
        key = tuple(part.split()[0] for part in want.split("\t"))
        seen[key] = seen.get(key, 0) + 1
    for key, n in sorted(seen.items()):
        print(n, *key)
    if not {("ok", "ok"), ("ok", "json"), ("ok", "missing_field"), ("json", "wrong_type")} <= set(seen):
        sys.exit("the documents are too much alike")


main()
