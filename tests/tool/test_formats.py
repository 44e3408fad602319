# SPDX-License-Identifier: Apache-2.0
"""show and verify against upstream's verdicts on thousands of good and bad objects."""
import json
import unittest

from harness import STATUSES, ToolTest, golden, read, table

REASONS = {"accepted": "ok", "truncated": "truncated", "too_small": "truncated",
           "empty": "truncated", "trailing": "trailing-bytes", "magic": "bad-magic",
           "body_len": "bad-length", "comp_rows": "bad-count", "index_rows": "bad-count",
           "raw_rows_over_window": "bad-count", "raw_rows_over_total": "bad-count",
           "end_marker": "bad-end-marker", "n_layers": "bad-shape", "ratio": "bad-shape",
           "layout": "bad-shape", "version": "unsupported-version", "crc": "bad-checksum",
           "block_seq": "wrong-block", "token_count": "wrong-block"}


def cell(text):
    """Bytes of a cell."""
    if text.startswith("rep:"):
        _, byte, count = text.split(":")
        return bytes.fromhex(byte) * int(count)
    return b"" if text in ("-", "none") else bytes.fromhex(text)


def items(text):
    return [] if text == "empty" else text.split(",")


def crc32c(data, table_=[]):
    if not table_:
        for i in range(256):
            for _ in range(8):
                i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
            table_.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table_[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def mutated(data, ops, tail):
    data = bytearray(data)
    for op in ops:
        if op[0] == "put":
            data[op[1]:op[1] + len(op[2]) // 2] = bytes.fromhex(op[2])
        elif op[0] == "append":
            data += bytes.fromhex(op[1])
        elif op[0] == "truncate":
            del data[op[1]:]
        elif op[0] == "flip":
            data[op[1] // 8] ^= 1 << op[1] % 8
        elif op[0] == "fixcrc":
            return None if tail else data[:-4] + crc32c(data[24:-4]).to_bytes(4, "little")
    return bytes(data)


class FormatTest(ToolTest):
    def store(self, objects):
        """Paths of files with these bytes."""
        return [self.write(f"o/{i}", data) for i, data in enumerate(objects)]

    def judge(self, paths, *options):
        """What verify says of each file."""
        out = []
        for i in range(0, len(paths), 500):
            part = paths[i:i + 500]
            result = self.run_tool("verify", "--json", *options, *part)
            got = result.json
            self.assertEqual([row["path"] for row in got], part)
            self.assertTrue(all(row["status"] in STATUSES for row in got))
            self.assertEqual(result.code, int(any(row["status"] != "ok" for row in got)))
            out += got
        return [row["status"] for row in out]

    def fields(self, data, *options):
        return self.ok("show", "--json", *options, self.write("one", data)).json[0]["fields"]

    def compare(self, rows, format_, words):
        """Compatible mode accepts what upstream accepts; the default accepts no more, and refuses
        with the status of upstream's reason where upstream refuses."""
        paths = self.store([data for _, data, _ in rows])
        strict = self.judge(paths, "--as", format_)
        compat = self.judge(paths, "--as", format_, "--compat")
        for (name, _, outcome), s, c in zip(rows, strict, compat):
            with self.subTest(name):
                self.assertEqual(c == "ok", outcome == "ok", (outcome, c))
                if outcome != "ok":
                    self.assertNotEqual(s, "ok")
                    self.assertIn(c, words[outcome])
                    if s not in words[outcome]:
                        # What only we look at was met first.
                        self.assertIn(s, ("bad-length", "bad-offset", "bad-count",
                                          "trailing-bytes"))


class Engine(FormatTest):
    def test_block_verdicts(self):
        rows = json.loads(read(golden("engine", "kvb1_verdicts.json")))
        data = {r["object"]: read(golden("engine", r["object"])) for r in rows}
        for row in rows:
            path = self.write("block", mutated(data[row["object"]], row["ops"], False))
            for options in ((), ("--as", "kvblock")):
                got = self.run_tool("verify", "--json", "--block-seq", "0", "--block-tokens", "128",
                                    *options, path).json
                want = REASONS[row["reason"]]
                if not options and want == "truncated" and len(read(path)) < 4:
                    self.assertIn(got[0]["status"], ("truncated", "bad-magic"))
                else:
                    self.assertEqual(got[0]["status"], want, row["name"])

    def test_tail_verdicts(self):
        rows = json.loads(read(golden("engine", "raw_tail_verdicts.json")))
        data = {r["object"]: read(golden("engine", r["object"])) for r in rows}
        done = 0
        for row in rows:
            object_ = mutated(data[row["object"]], row["ops"], True)
            if object_ is None:
                continue  # repairing the CRC of 23 MB takes Python too long
            path = self.write("tail", object_)
            got = self.run_tool("verify", "--json", "--as", "rawtail", "--compat", path).json[0]
            self.assertEqual(got["status"], REASONS[row["reason"]], row["name"])
            done += 1
        self.assertGreater(done, 40)


class Shows(FormatTest):
    def test_block(self):
        for seq, name in ((0, "b_t128_k3_s0.kvb1"), (1, "b_t128_k1_s1.kvb1")):
            path = golden("engine", name)
            data = read(path)
            row = self.ok("show", "--json", path).json[0]
            self.assertEqual([row[k] for k in ("format", "wrapped", "status")],
                             ["kvblock", False, "ok"])
            fields = {key: row["fields"][key] for key in ("magic", "version", "block_seq",
                      "token_count", "n_layers", "body_len")}
            self.assertEqual(fields, {"magic": "KVB1", "version": 2, "block_seq": seq,
                                      "token_count": 128, "n_layers": 43, "body_len": 1761700})
            at, extents = 24, []
            for layer in range(43):
                ratio = 0 if layer < 2 else 4 if layer % 2 == 0 else 128
                self.assertEqual(int.from_bytes(data[at:at + 4], "little"), ratio)
                at += 4
                if ratio:
                    extents.append((layer, "comp", at + 4, 128 // ratio, 128 // ratio * 2048))
                    at += 4 + 128 // ratio * 2048
                if ratio == 4:
                    extents.append((layer, "index", at + 4, 32, 32 * 512))
                    at += 4 + 32 * 512
            got = [tuple(e[k] for k in ("layer", "kind", "offset", "rows", "bytes"))
                   for e in row["extents"]]
            self.assertEqual(got, extents)
            self.assertEqual(at + 4, len(data))

    def test_tail(self):
        for name, rows, total in (("t_r128_n133_k3.rtt1", 128, 133), ("t_r5_n5_k3.rtt1", 5, 5),
                                  ("t_r0_n0.rtt1", 0, 0)):
            path = golden("engine", name)
            row = self.ok("show", "--json", path).json[0]
            self.assertEqual((row["format"], row["status"]), ("rawtail", "ok"))
            self.assertEqual((row["fields"]["n_raw_rows"], row["fields"]["original_total_tokens"]),
                             (rows, total))
            kinds = [e["kind"] for e in row["extents"]]
            self.assertEqual(kinds.count("raw"), 43 if rows else 0)
            self.assertEqual((kinds.count("state-kv"), kinds.count("state-score")), (41, 41))
            self.assertEqual(kinds.count("index-state-kv"), 21)
            # Extents do not overlap and leave only numbers between them.
            at, gaps = 36, 0
            for extent in row["extents"]:
                self.assertGreaterEqual(extent["offset"], at)
                gaps += extent["offset"] - at
                at = extent["offset"] + extent["bytes"]
            size = len(read(path))
            self.assertEqual(gaps + size - 4 - at, 4 * (41 + 21))

    def test_tail_fits(self):
        path = golden("engine", "t_r128_n133_k3.rtt1")
        for options, status in (((), "ok"), (("--block-tokens", "128"), "ok"),
                                (("--block-tokens", "128", "--block-seq", "0"), "ok"),
                                (("--block-tokens", "128", "--block-seq", "1"), "does-not-fit"),
                                (("--block-tokens", "256"), "does-not-fit"),
                                (("--block-tokens", "64"), "does-not-fit")):
            got = self.run_tool("verify", "--json", *options, path).json[0]
            self.assertEqual(got["status"], status, options)
            self.assertTrue(got["detail"].endswith("tail of 133 tokens, 128 raw rows"))
            self.assertEqual(got["detail"].startswith("it is intact, but does not fit here: "),
                             status != "ok")

    def test_another_block_is_refused(self):
        path = golden("engine", "b_t128_k1_s1.kvb1")
        for options, status in ((("--block-seq", "1"), "ok"), (("--block-seq", "0"), "wrong-block"),
                                (("--block-tokens", "128"), "ok"),
                                (("--block-tokens", "256"), "wrong-block"),
                                (("--block-tokens", "100"), "wrong-block")):
            got = self.run_tool("verify", "--json", *options, path).json[0]
            self.assertEqual(got["status"], status, options)

    def test_as_reads_nothing_else(self):
        block = golden("engine", "b_t128_k1_s1.kvb1")
        for format_ in ("rawtail", "compressed", "zstd", "wal", "segment", "manifest", "delta",
                        "envelope", "metavalue", "large-manifest"):
            row = self.refused("show", "--json", "--as", format_, block, names=block).json[0]
            self.assertEqual((row["format"], row["fields"], row["extents"]), (format_, {}, []))
        self.usage("show", "--as", "tar", block, names="tar")
        self.usage("verify", "--as", "", block, names="--as")

    def test_nothing_known_and_nothing_at_all(self):
        text = self.write("text", b"hello")
        empty = self.write("empty", b"")
        rows = self.refused("verify", "--json", text, empty, self.dir, self.path("no")).json
        self.assertEqual([r["status"] for r in rows],
                         ["bad-magic", "truncated", "unreadable", "missing"])
        self.assertEqual([r["format"] for r in rows], [None] * 4)
        for command in ("show", "verify"):
            for path in (text, empty, self.dir, self.path("no")):
                self.refused(command, path, names=path)
                self.refused(command, "--json", path, names=path)


class Vectors(FormatTest):
    EOF = {"err:unexpected_eof": ("truncated", "trailing-bytes"),
           "err:invalid_magic": ("bad-magic",),
           "err:checksum": ("bad-checksum",), "err:field_too_large": ("bad-count",),
           "upstream:alloc": ("truncated", "bad-count")}

    def test_wal_records(self):
        rows = [(r["name"], cell(r["wire_hex"]), r["outcome"])
                for r in table("vectors", "format_wal_record.tsv")
                if r["op"] == "decode" and r["name"] != "magic_batch"]  # a batch is an object too
        self.assertGreater(len(rows), 400)
        self.compare(rows, "wal", self.EOF)

    def test_wal_record_fields(self):
        for r in table("vectors", "format_wal_record.tsv"):
            if r["op"] == "encode" and r["outcome"] == "ok" and len(r["wire_hex"]) < 10000:
                f = self.fields(cell(r["wire_hex"]), "--as", "wal")
                for name in ("key", "meta", "payload"):
                    data = cell(r[name + "_hex"])
                    self.assertEqual((f[name + "_hex"], f[name + "_len"]), (data.hex(), len(data)))

    def test_wal_batches(self):
        rows = [(r["name"], cell(r["wire_hex"]), r["outcome"])
                for r in table("vectors", "format_wal_batch.tsv")]
        self.assertGreater(len(rows), 1500)
        self.compare(rows, "wal", self.EOF)

    def test_wal_batch_fields(self):
        for r in table("vectors", "format_wal_batch.tsv")[:60]:
            if r["outcome"] != "ok":
                continue
            f = self.fields(cell(r["wire_hex"]), "--as", "wal", "--compat")
            got = [f"{x['key_hex'] or '-'}:{x['meta_hex'] or '-'}:{x['payload_hex'] or '-'}"
                   for x in f.get("records", [f])]
            self.assertEqual(got, items(r["records"]), r["name"])

    def test_segments(self):
        rows = [(r["name"], cell(r["wire_hex"]), r["outcome"])
                for r in table("vectors", "format_segment.tsv") if r["op"] == "index"]
        self.assertGreater(len(rows), 500)
        self.compare(rows, "segment", self.EOF)

    def test_segment_fields(self):
        done = 0
        for r in table("vectors", "format_segment.tsv"):
            if r["op"] != "index" or r["outcome"] != "ok" or done > 60:
                continue
            f = self.fields(cell(r["wire_hex"]), "--as", "segment", "--compat")
            got = [f"{e['key_hex'] or '-'}:{e['payload_offset']}:{e['payload_len']}"
                   for e in f["entries"]]
            self.assertEqual(got, items(r["entries"]), r["name"])
            done += 1

    def test_envelopes(self):
        rows = [(r["name"], cell(r["wire_hex"]), r["outcome"])
                for r in table("vectors", "daemon_envelope.tsv") if r["op"] == "decode"]
        self.compare(rows, "envelope", {"err:too_short": ("truncated",),
                                        "err:bad_magic": ("bad-magic",),
                                        "err:bad_version": ("unsupported-version",),
                                        "err:bad_length": ("bad-length",),
                                        "err:bad_crc": ("bad-checksum",)})
        good = [data for _, data, outcome in rows if outcome == "ok"][-1]
        self.assertEqual(self.fields(good)["body_len"], len(good) - 16)

    def test_metadata_values(self):
        rows = [(r["name"], cell(r["value_hex"]), "ok" if r["outcome"] == "ok" else "none")
                for r in table("vectors", "radix_metavalue.tsv") if r["op"] == "decode"]
        self.compare(rows, "metavalue", {"none": ("truncated", "trailing-bytes", "bad-magic",
                                                  "unsupported-version", "bad-length")})
        for r in table("bucket", "slatedb_values.tsv"):
            f = self.fields(cell(r["value_hex"]))
            self.assertEqual([f["block_seq"], f["payload_bytes"], f["last_access_ns"]],
                             [int(r[k]) for k in ("block_seq", "payload_bytes", "last_access_ns")])
            self.assertEqual(f["parent_hash"], "00" * 32)

    def test_metadata_fields(self):
        for r in table("vectors", "radix_metavalue.tsv"):
            if r["op"] == "value":
                f = self.fields(cell(r["value_hex"]))
                got = ":".join(str(f[k]) for k in ("parent_hash", "block_seq", "payload_bytes",
                               "last_access_ns", "model_digest", "layout_tag_hex", "ext_flags"))
                self.assertEqual(got, r["meta"])

    def json_documents(self, format_, name):
        rows = table("vectors", name)
        got = self.judge(self.store([cell(r["json_hex"]) for r in rows]), "--as", format_)
        words = {"err:unsupported_schema": ("unsupported-version",),
                 "err:empty_field": ("bad-field",),
                 "err:missing_field": ("bad-field",), "err:wrong_type": ("bad-field",),
                 "err:json": ("truncated", "trailing-bytes", "bad-text", "bad-number", "bad-syntax",
                              "too-deep", "bad-field"), "ok": ("ok",)}
        for row, status in zip(rows, got):
            self.assertIn(status, words[row["dispatch"]], row["name"])
        return [r for r in rows if r["dispatch"] == "ok"]

    def test_manifests(self):
        for r in self.json_documents("manifest", "core_manifest_json.tsv")[:200]:
            f = self.fields(cell(r["json_hex"]), "--as", "manifest")
            self.assertEqual([f["schema_version"], f["epoch_ms"], f["checksum32"]],
                             [int(r[k]) for k in ("schema_version", "epoch_ms", "checksum32")])
            got = [":".join(e[k].encode().hex() for k in ("object_id", "key_range_start",
                            "key_range_end")) for e in f["entries"]]
            self.assertEqual(got, items(r["entries"]), r["name"])

    def test_deltas(self):
        for r in self.json_documents("delta", "core_delta_json.tsv")[:200]:
            f = self.fields(cell(r["json_hex"]), "--as", "delta")
            self.assertEqual([f["schema_version"], f["epoch_ms"], f["seq"]],
                             [int(r[k]) for k in ("schema_version", "epoch_ms", "seq")])
            for key in ("tenant_id", "fingerprint", "prefix_hash", "payload_digest", "write_id"):
                self.assertEqual(f[key].encode(), cell(r[key + "_hex"]), r["name"])

    def test_wrappers(self):
        """A frame of the format before zstd 0.8 is refused on purpose; the rest is as upstream."""
        rows = [r for r in table("vectors", "node_wbz1.tsv")
                if r["op"] == "decode" and not r["name"].startswith("frame_legacy_")]
        paths = self.store([cell(r["wire_hex"]) for r in rows])
        compat = self.judge(paths, "--as", "compressed", "--compat")
        self.assertEqual(set(compat), {"ok"})
        strict = self.judge(paths, "--as", "compressed")
        for row, status in zip(rows, strict):
            self.assertEqual(status == "ok", row["outcome"] == "decoded", (row["name"], status))

    def test_unwrap_is_upstreams_get(self):
        done = 0
        for row in table("vectors", "node_wbz1.tsv"):
            if row["op"] != "decode" or row["name"].startswith("frame_legacy_") or \
                    row["raw"][:3] in ("xs:", "lo:", "wd:") or len(row["wire_hex"]) > 2000:
                continue
            done += 1
            if done % 4:
                continue
            data = cell(row["wire_hex"])
            path, out = self.write("in", data), self.path("out")
            self.ok("unwrap", "--compat", path, "-o", out)
            want = cell(row["raw"]) if row["outcome"] == "decoded" else data
            self.assertEqual(read(out), want, row["name"])
        self.assertGreater(done, 400)

    def test_detection_of_good_objects(self):
        for format_, name, column, keep in (
                ("wal", "format_wal_record.tsv", "wire_hex", lambda r: r["op"] == "encode"),
                ("wal", "format_wal_batch.tsv", "wire_hex", lambda r: "published" in r["name"]),
                ("segment", "format_segment.tsv", "wire_hex", lambda r: r["op"] == "encode"),
                ("envelope", "daemon_envelope.tsv", "wire_hex", lambda r: r["op"] == "encode"),
                ("metavalue", "radix_metavalue.tsv", "value_hex", lambda r: r["op"] == "value"),
                ("manifest", "core_manifest_json.tsv", "json_hex", lambda r: r["dispatch"] == "ok"),
                ("delta", "core_delta_json.tsv", "json_hex", lambda r: r["dispatch"] == "ok")):
            objects = [cell(r[column]) for r in table("vectors", name)
                       if keep(r) and r.get("outcome", "ok") in ("ok", "none")][:400]
            paths = [self.write(f"{format_}/{i}", data) for i, data in enumerate(objects)]
            rows = self.ok("verify", "--json", *paths).json
            self.assertEqual({r["format"] for r in rows}, {format_}, name)


if __name__ == "__main__":
    unittest.main()
