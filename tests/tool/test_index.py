# SPDX-License-Identifier: Apache-2.0
"""index: images of tables and buckets, what they answer, and what is refused."""
import os
import random
import unittest

from harness import BUCKET, PROMPTS, ToolTest, read, table

FIELDS = ["parent", "block_seq", "payload_bytes", "last_access_ns", "model_digest", "layout_tag",
          "ext_flags"]


def entries(count, seed=1):
    """Chains of 20 blocks, whose parents come first, last, or never."""
    pick = random.Random(seed)
    rows, parent = [], "-"
    for i in range(count):
        own = pick.randbytes(32).hex()
        parent = "-" if i % 20 == 0 else pick.randbytes(32).hex() if i % 20 == 7 else parent
        rows.append([own, parent, str(i % 20), str(pick.getrandbits(64)),
                     str(pick.getrandbits(64)), pick.choice(["00", "ab"]) * 24,
                     b"ds4-v1".hex() + "00" * 10, str(pick.choice([0, 2**32 - 1]))])
        parent = own
    pick.shuffle(rows)
    return rows


def text(rows):
    return "".join("\t".join(row) + "\n" for row in rows).encode()


class Index(ToolTest):
    def build(self, rows, *more):
        return self.ok("index", "build", self.write("t.tsv", text(rows)), "-o", self.path("i"),
                       "--json", *more).json

    def test_every_field_of_a_table(self):
        rows = entries(500)
        built = self.build(rows)
        parents = {row[1] for row in rows} - {"-"}
        slots = len({row[0] for row in rows} | parents)
        stat = self.ok("index", "stat", self.path("i"), "--json").json
        for answer in (built, stat):
            self.assertEqual((answer["records"], answer["capacity"], answer["contexts"],
                              answer["version"]), (500, slots, 4, 1))
            self.assertEqual(answer["bytes"], os.path.getsize(self.path("i")))
        got = self.ok("index", "lookup", self.path("i"), "--json", *[r[0] for r in rows[:200]]).json
        for row, answer in zip(rows, got):
            want = [row[1] if row[1] != "-" else "00" * 32, int(row[2]), int(row[3]), int(row[4]),
                    row[5], row[6], int(row[7])]
            self.assertEqual([answer[key] for key in ["hash", "found"] + FIELDS],
                             [row[0], True] + want)
        ghost = next(iter(parents - {row[0] for row in rows}))
        missing = self.ok("index", "lookup", self.path("i"), "--json", ghost).json
        self.assertEqual(missing, [dict({"hash": ghost, "found": False}, **dict.fromkeys(FIELDS))])

    def test_cells_that_are_left_out_are_zero_and_the_first_of_two_stays(self):
        one, two = "11" * 32, "22" * 32
        lines = f"hash\tparent\n# a comment\n\n{one}\n{two}\t{one}\t1\t99\n{one}\t-\t0\t5\n"
        self.ok("index", "build", self.write("t.tsv", lines.encode()), "-o", self.path("i"))
        got = self.ok("index", "lookup", self.path("i"), "--json", one, two).json
        self.assertEqual([got[0][key] for key in FIELDS],
                         ["00" * 32, 0, 0, 0, "00" * 24, "00" * 16, 0])
        self.assertEqual([got[1][key] for key in FIELDS],
                         [one, 1, 99, 0, "00" * 24, "00" * 16, 0])

    def test_capacity(self):
        rows = entries(100)
        self.assertEqual(self.build(rows, "--capacity", "5000")["capacity"], 5000)
        small = self.refused("index", "build", self.path("t.tsv"), "-o", self.path("no"),
                             "--capacity", "50", "--json", names="t.tsv")
        self.assertEqual(small.json["status"], "full")
        self.assertFalse(os.path.exists(self.path("no")))

    def test_prefix(self):
        rows = entries(60)
        self.build(rows)
        known = [row[0] for row in rows]
        for count in (1, 7, 60):
            for more in ([], ["ee" * 32], ["ee" * 32] + known[:3]):
                got = self.ok("index", "prefix", self.path("i"), "--json", *known[:count], *more).json
                self.assertEqual((got["hashes"], got["longest"]), (count + len(more), count))

    def test_a_bucket_answers_its_prompts(self):
        built = self.ok("index", "build", BUCKET, "-o", self.path("i"), "--json").json
        self.assertGreater(built["records"], 10)
        done = 0
        for row in table("bucket", "prompts.tsv"):
            hashes = [h for h in row["hashes"].split(",") if h not in ("", "-")]
            if not hashes:
                continue
            got = self.ok("index", "prefix", self.path("i"), "--json", "--dialect", "ds4",
                          "--fingerprint", row["fingerprint"], "--quant-bits", row["quant_bits"],
                          "--block-tokens", row["block_tokens"],
                          os.path.join(PROMPTS, row["name"] + ".u32")).json
            found = [answer["found"] for answer in
                     self.ok("index", "lookup", self.path("i"), "--json", *hashes).json]
            self.assertEqual(got["hashes"], len(hashes))
            self.assertEqual(got["longest"], (found + [False]).index(False), row["name"])
            done += got["longest"] > 0
        self.assertGreater(done, 10)
        none = self.ok("index", "build", BUCKET, "--prefix", "nobody", "-o", self.path("e"), "--json").json
        self.assertEqual(none["records"], 0)

    def test_damaged_images_are_refused(self):
        self.build(entries(12))
        image = read(self.path("i"))
        for at in list(range(0, 128, 4)) + list(range(129, len(image), 257)):
            damaged = bytearray(image)
            damaged[at] ^= 1 << at % 8
            path = self.write("d", bytes(damaged))
            got = self.refused("index", "stat", path, "--json", names="d").json
            self.assertNotIn("records", got)
        for length in (0, 3, 127, 128, len(image) - 1):
            got = self.refused("index", "stat", self.write("d", image[:length]), "--json").json
            self.assertEqual(got["status"], "truncated")
        self.assertEqual(self.refused("index", "lookup", self.path("d"), "--json", "11" * 32).json, [])
        longer = self.refused("index", "prefix", self.write("d", image + b"x"), "--json", "11" * 32)
        self.assertEqual(longer.json["status"], "trailing-bytes")
        self.refused("index", "stat", self.path("nobody"))

    def test_bad_tables(self):
        good = "11" * 32
        for line, status in ((good[:-1], "bad-length"), (good[:-1] + "x", "bad-text"),
                             (f"{good}\t12", "bad-length"), (f"{good}\t-\t-1", "bad-number"),
                             (f"{good}\t-\t4294967296", "bad-number"),
                             (f"{good}\t-\t0\t18446744073709551616", "bad-number"),
                             (f"{good}\t-\t0\t0\t0\t{'00' * 23}", "bad-length"),
                             (f"{good}\t-\t0\t0\t0\t-\t{'00' * 15}", "bad-length"),
                             (f"{good}\t-\t0\t0\t0\t-\t-\t0\t0", "bad-field")):
            path = self.write("t.tsv", ("22" * 32 + "\n" + line + "\n").encode())
            got = self.refused("index", "build", path, "-o", self.path("i"), "--json", names="line 2")
            self.assertEqual(got.json["status"], status, line)
            self.assertFalse(os.path.exists(self.path("i")))

    def test_usage(self):
        for args in (["index"], ["index", "what"], ["index", "stat"], ["index", "lookup", "i"],
                     ["index", "build", "t"], ["index", "lookup", "i", "12"],
                     ["index", "build", "t", "-o", "i", "--capacity", "x"]):
            self.assertEqual(self.run_tool(*args).code, 2, args)


if __name__ == "__main__":
    unittest.main()
