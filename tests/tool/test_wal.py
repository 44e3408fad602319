# SPDX-License-Identifier: Apache-2.0
"""wal: what the numbers of a namespace's objects say, against a model that counts number by number."""
import collections
import random
import shutil
import struct
import unittest

from harness import ToolTest

NS = "wal/t/f"


def fnv(data):
    h = 0x811C9DC5
    for c in data:
        h = ((h ^ c) * 0x01000193) & 0xFFFFFFFF
    return h


def record(key=b"k", meta=b"", payload=b""):
    data = key + meta + payload
    return b"WMBT_KV_WAL1" + struct.pack("<HHII", len(key), len(meta), len(payload), fnv(data)) + data


def batch(first, last, count):
    body = b"".join(struct.pack("<I", len(record())) + record() for _ in range(count))
    return b"WMBT_KV_WB01" + struct.pack("<QQII", first, last, count, fnv(body)) + body


def chunk_key(epoch, node, seq):
    return f"{NS}/{epoch:020d}/chunk-{node}-{seq:020d}.bin"


def batch_key(epoch, node, first, last):
    return f"{NS}/{epoch:020d}/batch-{node}-{first:020d}-{last:020d}.bin"


def model(keys):
    """keys: [(node, first, last, key)] -> gaps, repeats and first numbers, as sets."""
    named = collections.defaultdict(lambda: collections.defaultdict(list))
    for node, first, last, key in keys:
        for seq in range(first, last + 1):
            named[node][seq].append(key)
    gaps, repeats, begins = [], [], []
    for node in sorted(named):
        numbers = sorted(named[node])
        begins.append((node, numbers[0]))
        gaps += [(node, a + 1, b - 1) for a, b in zip(numbers, numbers[1:]) if b > a + 1]
        repeats += [(node, seq, sorted(named[node][seq])) for seq in numbers if len(named[node][seq]) > 1]
    return gaps, repeats, begins


class Numbers(ToolTest):
    def put(self, key, data):
        self.write("b/" + key, data)

    def wal(self, *more):
        return self.run_tool("wal", *more, self.path("b"), "--prefix", NS)

    def test_random_namespaces(self):
        for seed in range(25):
            rng = random.Random(seed)
            shutil.rmtree(self.path("b"), ignore_errors=True)
            keys = []
            for _ in range(rng.randrange(1, 9)):
                node, epoch = rng.choice(["a", "b-c"]), rng.randrange(3)
                first = rng.randrange(1, 30)
                if rng.randrange(2):
                    key = chunk_key(epoch, node, first)
                    self.put(key, record())
                    keys.append((node, first, first, key))
                else:
                    last = first + rng.randrange(0, 6)
                    key = batch_key(epoch, node, first, last)
                    self.put(key, batch(first, last, last - first + 1))
                    keys.append((node, first, last, key))
            gaps, repeats, begins = model(set(keys))
            got = self.wal("--json").json
            self.assertEqual([(g["node"], g["first_missing"], g["last_missing"]) for g in got["gaps"]],
                             gaps, keys)
            self.assertEqual([(r["node"], r["seq"], sorted(r["keys"])) for r in got["repeats"]],
                             repeats, keys)
            self.assertEqual([(f["node"], f["seq"]) for f in got["first_seq"]], begins)
            self.assertEqual({r["prefix"] for r in got["gaps"] + got["repeats"] + got["first_seq"]},
                             {NS})
            self.assertEqual((got["contradictions"], got["refused"]), ([], []))

    def test_the_largest_numbers(self):
        top = 2 ** 64 - 1
        self.put(batch_key(1, "n", 1, top), batch(1, top, 0))
        self.put(batch_key(2, "n", 5, top), batch(5, top, 0))
        got = self.wal("--json").json
        self.assertEqual([(r["seq"], r["last_seq"], len(r["keys"])) for r in got["repeats"]],
                         [(5, top, 2)])
        self.assertEqual(got["gaps"], [])

    def test_a_header_that_contradicts_its_key(self):
        wrong, right = batch_key(1, "n", 2, 4), batch_key(1, "n", 5, 6)
        self.put(wrong, batch(7, 9, 3))
        self.put(right, batch(5, 6, 2))
        result = self.ok("wal", "--json", self.path("b"), "--prefix", NS)
        self.assertEqual(result.json["contradictions"],
                         [{"object": wrong, "first_seq": 7, "last_seq": 9}])
        self.assertEqual(len(result.json["records"]), 5)
        text = self.ok("wal", self.path("b"), "--prefix", NS).out.decode()
        self.assertIn(f"other numbers in its header, 7 to 9: {wrong}\n", text)

    def test_a_table_names_them_and_the_status_stays(self):
        for seq in (1, 3, 7):
            self.put(chunk_key(1, "n", seq), record())
        self.put(chunk_key(2, "n", 3), record())
        text = self.ok("wal", self.path("b"), "--prefix", NS).out.decode()
        self.assertIn("gap: node n, 2 missing\ngap: node n, 4 to 6 missing\n", text)
        self.assertIn(f"twice: node n, 3: {chunk_key(1, 'n', 3)}, {chunk_key(2, 'n', 3)}\n", text)

    def test_what_is_refused_is_refused_once(self):
        self.put(chunk_key(1, "n", 1), b"damaged")
        self.put(chunk_key(1, "n", 2), record())
        for how in ([], ["--json"]):
            result = self.refused("wal", *how, self.path("b"), "--prefix", NS)
            self.assertEqual(result.out.count(b"truncated"), 1, result.out)
            self.assertNotIn(b"more)", result.err)


if __name__ == "__main__":
    unittest.main()
