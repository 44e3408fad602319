# SPDX-License-Identifier: Apache-2.0
"""check: the sample bucket against its tables, and buckets in which one thing is wrong."""
import os
import shutil
import unittest

from harness import BUCKET, ToolTest, table
from test_wal import NS, batch, batch_key, chunk_key, record

SHM = "kv/puffer-shm/default"
# (notes/over-limit is a manifest: a value above the limit of one frame.)
BLOCK, TAIL = "/wombatkv/v1/block/b3=", "/wombatkv/v1/sidecar/raw_tail/b3="
# Intact by themselves: only a reader that knows the prompt can refuse them.
NEED_A_PROMPT = {"kvb1-block-seq", "rtt1-shorter-than-blocks"}


def kind_of(key):
    """By the rules of the formats, written again."""
    name = key.rsplit("/", 1)[1]
    if BLOCK in key or TAIL in key:
        return "block" if BLOCK in key else "raw-tail"
    if "/__wmbt_kv_shm_large/" in key:
        return "chunk"
    if name.endswith(".bin") and name.split("-")[0] in ("chunk", "batch"):
        return "wal" if name.startswith("chunk") else "wal-batch"
    top = {"segments": "segment", "manifests": "fact-manifest", "deltas": "delta"}
    if key.split("/")[0] in top:
        return top[key.split("/")[0]]
    return "manifest" if name == "over-limit" else "other"


class Sample(ToolTest):
    def test_findings_are_those_of_the_table(self):
        rows = {r["key"]: r for r in table("bucket", "MANIFEST.tsv") if r["size"] != "-"}
        got = self.refused("check", "--json", BUCKET).json
        bad = {key for key, r in rows.items()
               if (r["verdict"] not in ("ok", "-") and r["verdict"] not in NEED_A_PROMPT
                   and "through manifest" not in r["verdict"])
               or (r["verdict"] == "-" and "refused" in r["upstream_outcome"]
                   and not key.endswith("notes.txt"))}
        self.assertEqual({f["key"] for f in got["findings"]}, bad)
        self.assertEqual(got["keys"], len(rows))
        self.assertEqual(got["bytes"], sum(int(r["size"]) for r in rows.values()))
        kinds = {}
        for key in rows:
            kind = kind_of(key)
            kinds[kind] = kinds.get(kind, 0) + 1
        self.assertEqual(got["kinds"], kinds)
        self.assertEqual(sum(got["statuses"].values()), len(rows))
        self.assertEqual(got["statuses"]["ok"], len(rows) - len(bad))
        self.assertEqual((got["gaps"], got["repeats"]), ([], []))
        self.assertEqual(sorted(n["key"].rsplit("/", 1)[1] for n in got["notes"]),
                         ["limit", "notes.txt", "small"])

    def test_a_status_is_that_of_verify(self):
        for finding in self.refused("check", "--json", BUCKET).json["findings"]:
            if finding["kind"] in ("block", "raw-tail", "wal-batch", "segment"):
                path = os.path.join(BUCKET, finding["key"])
                self.assertEqual(self.refused("verify", "--json", path).json[0]["status"],
                                 finding["status"], finding)

    def test_prefix(self):
        for prefix in ("kv/cabi/plain", "kv/cabi/plain/"):
            got = self.ok("check", "--json", BUCKET, "--prefix", prefix).json
            self.assertEqual((got["keys"], got["kinds"]), (3, {"block": 2, "raw-tail": 1}))
        got = self.ok("check", "--json", BUCKET, "--prefix", "wal/tenant-a/fp-5f1c0a9b").json
        self.assertEqual(got["keys"], 11)  # not the sibling whose name begins so
        got = self.ok("check", "--json", BUCKET, "--prefix", "nobody").json
        self.assertEqual((got["keys"], got["bytes"], got["kinds"], got["statuses"]), (0, 0, {}, {}))

    def test_for_people(self):
        result = self.refused("check", BUCKET)
        lines = result.lines
        self.assertEqual(len(lines), len(self.refused("check", "--json", BUCKET).json["findings"]) + 1)
        self.assertTrue(lines[-1].startswith("126 keys, 59.8 MiB: 74 block, 10 raw-tail, "))
        self.ok("check", BUCKET, "--prefix", f"{SHM}/notes")
        strict = self.refused("check", "--strict", BUCKET, "--prefix", f"{SHM}/notes")
        self.assertIn(b"note  kv/puffer-shm/default/notes/small: ", strict.out)

    def test_mistakes(self):
        self.usage("check", names="bucket")
        self.usage("check", BUCKET, BUCKET)
        self.refused("check", self.path("none"), names="none")
        self.refused("check", self.write("file", b""), names="file")


class Values(ToolTest):
    """A copy of the values in chunks."""

    def setUp(self):
        super().setUp()
        shutil.copytree(os.path.join(BUCKET, SHM), self.path("b", SHM))
        os.chmod(self.path("b"), 0o755)
        chunks = self.path("b", SHM, "__wmbt_kv_shm_large")
        self.ids = {len(os.listdir(os.path.join(chunks, i))): os.path.join(chunks, i)
                    for i in os.listdir(chunks)}

    def check(self, *more):
        return self.run_tool("check", "--json", self.path("b"), *more).json

    def test_whole(self):
        self.assertEqual(self.check()["findings"], [])

    def test_a_chunk_is_missing(self):
        os.remove(os.path.join(self.ids[6], "00000003"))
        got = self.check()["findings"]
        self.assertEqual([(f["kind"], f["status"]) for f in got], [("raw-tail", "truncated")])
        self.assertIn("chunk 3: missing", got[0]["detail"])

    def test_a_chunk_is_another(self):
        shutil.copy(os.path.join(self.ids[6], "00000001"), os.path.join(self.ids[6], "00000000"))
        got = self.check()["findings"]
        self.assertEqual([(f["kind"], f["status"]) for f in got], [("raw-tail", "bad-digest")])

    def test_a_chunk_of_another_length(self):
        os.replace(os.path.join(self.ids[2], "00000001"), os.path.join(self.ids[2], "00000000"))
        self.write(os.path.join(self.ids[2], "00000001"), b"x")
        got = self.check()["findings"]
        self.assertEqual([(f["kind"], f["status"]) for f in got], [("manifest", "bad-length")])

    def test_a_chunk_that_is_damaged(self):
        path = os.path.join(self.ids[6], "00000002")
        with open(path, "r+b") as f:
            f.truncate(1000)
        got = self.check()["findings"]
        self.assertEqual(sorted((f["kind"], f["status"]) for f in got),
                         [("chunk", "truncated"), ("raw-tail", "truncated")])

    def test_chunks_without_a_manifest_are_a_note(self):
        os.remove(self.path("b", SHM, "notes/over-limit"))
        got = self.check()
        self.assertEqual(got["findings"], [])
        self.assertEqual([n["detail"] for n in got["notes"] if n["kind"] == "chunk"],
                         ["no manifest names it"] * 2)
        self.refused("check", "--strict", self.path("b"))

    def test_a_tail_without_its_block_is_a_note(self):
        blocks = self.path("b", SHM, BLOCK[1:-3])
        for name in os.listdir(blocks):
            os.remove(os.path.join(blocks, name))
        got = self.check()
        self.assertEqual([n["kind"] for n in got["notes"]], ["other"] * 2 + ["raw-tail"] * 2)
        self.assertEqual(got["findings"], [])


class Folders(ToolTest):
    def test_order(self):
        """In the order of keys, in which '-' and '.' come before what is in a folder."""
        keys = ["a-b", "a.b", "a/b", "a/b-c/d", "a/b/c", "a0", "b/" * 100 + "c", "b0"]
        keys.remove("a/b")
        for key in keys:
            self.write("b/" + key, b"")
        got = self.ok("check", "--json", self.path("b")).json
        self.assertEqual([note["key"] for note in got["notes"]], sorted(keys))

    def test_a_folder_that_cannot_be_read(self):
        """It is named; what stands beside it is checked."""
        if os.geteuid() == 0:
            print("# not run here: a folder that root cannot read")
            return
        for key in ("a/x", "b/x", "c/x"):
            self.write("b/" + key, b"")
        os.chmod(self.path("b/b"), 0)
        self.addCleanup(os.chmod, self.path("b/b"), 0o700)
        got = self.refused("check", "--json", self.path("b"), names="b/: ").json
        self.assertEqual([note["key"] for note in got["notes"]], ["a/x", "c/x"])
        self.assertEqual([f["status"] for f in got["findings"]], ["unreadable"])


class Numbers(ToolTest):
    def put(self, key, data):
        self.write("b/" + key, data)

    def test_a_header_that_contradicts_its_key(self):
        self.put(batch_key(1, "n", 2, 4), batch(7, 9, 3))
        self.put(batch_key(1, "n", 5, 5), record())
        self.put(chunk_key(1, "n", 6), batch(6, 6, 1))
        got = self.refused("check", "--json", self.path("b")).json
        self.assertEqual([(f["kind"], f["status"]) for f in got["findings"]],
                         [("wal-batch", "wrong-block"), ("wal-batch", "wrong-block"),
                          ("wal", "wrong-block")])

    def test_gaps_and_repeats_are_exit_status_1(self):
        for epoch, seq in ((1, 3), (1, 6)):
            self.put(chunk_key(epoch, "n", seq), record())
        got = self.refused("check", "--json", self.path("b"), names="1 gap and 0 repeats").json
        self.assertEqual(got["gaps"], [{"prefix": NS, "node": "n", "first_missing": 4,
                                        "last_missing": 5}])
        self.assertEqual(got["first_seq"], [{"prefix": NS, "node": "n", "seq": 3}])
        self.put(batch_key(2, "n", 4, 6), batch(4, 6, 3))
        got = self.refused("check", "--json", self.path("b"), names="0 gaps and 1 repeat").json
        self.assertEqual((got["gaps"], [r["seq"] for r in got["repeats"]]), ([], [6]))
        self.assertIn("twice: node n, 6: ", self.refused("check", self.path("b")).out.decode())

    def test_what_is_no_file(self):
        self.put(chunk_key(1, "n", 1), record())
        os.symlink("nowhere", self.path("b", NS, "link"))
        got = self.refused("check", "--json", self.path("b")).json
        self.assertEqual([(f["key"], f["status"]) for f in got["findings"]],
                         [(f"{NS}/link", "unreadable")])


if __name__ == "__main__":
    unittest.main()
