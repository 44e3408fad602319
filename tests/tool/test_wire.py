#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""show and verify --as http-response and s3-list: recorded exchanges and hostile answers."""
import re
import unittest

from harness import ToolTest, golden, read, table

SAYS = {"object": {"object", "part"}, "object-from-0": {"whole-instead"}, "absent": {"missing"},
        "beyond-end": {"bad-range"}, "changed": {"changed"}, "not-modified": {"not-modified"},
        "list": {"object"}, "denied": {"denied"}, "clock": {"denied"}, "config": {"failed"},
        "redirect": {"redirect"}, "retry": {"busy"}, "other": {"failed"}}


def fields_of(result):
    row, = result.json
    return row["status"], row["fields"]


class Responses(ToolTest):
    def show(self, path, row, if_match="-"):
        args = ["show", "--json", "--as", "http-response", "--method", row["method"]]
        if re.fullmatch(r"\d+-\d+", row["asked"]):
            args += ["--range", row["asked"]]
        if if_match != "-":
            args += ["--if-match", if_match]
        return self.run_tool(*args, path)

    def test_exchanges(self):
        tried = 0
        for row in table("s3", "exchanges", "exchanges.tsv"):
            if row["resp"] != "1" or row["asked"] in ("9-3", "0-3,10-13", "0-9,100-109") \
                    or not re.fullmatch(r"-|\d+-\d+", row["asked"]) or row["method"] == "PUT":
                continue
            path = golden("s3", "exchanges", row["name"] + ".resp.bin")
            if row["name"].split("_", 1)[1] in ("keepalive_two", "pipelined_two", "head_then_get"):
                continue
            with self.subTest(row["name"]):
                result = self.show(path, row)
                status, fields = fields_of(result)
                self.assertEqual(fields["http_status"], int(row["status"]))
                tried += 1
                if row["meaning"] == "unusable":
                    self.assertNotEqual(status, "ok")
                    self.assertEqual(result.code, 1)
                    continue
                self.assertEqual(status, "ok")
                self.assertEqual(fields["framing"], row["framing"])
                self.assertEqual(fields["body_bytes"], int(row["body_len"]))
                self.assertTrue(fields["complete"])
                self.assertIn(fields["says"], SAYS[row["meaning"]])
                self.assertEqual(fields["etag"], None if row["etag"] == "-" else row["etag"])
                found = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)", row["content_range"])
                self.assertEqual(fields["content_range"], found and {
                    "first": found[1] and int(found[1]), "last": found[2] and int(found[2]),
                    "size": int(found[3])})
                if row["connection"] == "keep" and "then" not in row["name"] \
                        and "two" not in row["name"]:
                    self.assertTrue(fields["reusable"])
        self.assertGreater(tried, 130)

    def test_hostile(self):
        for row in table("s3", "hostile", "hostile.tsv"):
            if row["op"] == "list" or row["known_size"] != "-" or row["asked"].startswith("-5") \
                    or row["name"] == "080_until_close_open":  # a file has an end
                continue
            path = golden("s3", "hostile", row["name"] + ".resp.bin")
            with self.subTest(row["name"]):
                status, fields = fields_of(self.show(path, row, row["if_match"]))
                if row["verdict"] == "refuse":
                    self.assertNotIn(status, ("ok", "truncated"))
                elif row["verdict"] == "incomplete":
                    self.assertNotEqual(status, "ok")
                elif row["verdict"] == "ok":
                    self.assertEqual(status, "ok")
                if status != "ok":
                    self.assertFalse(fields["complete"] or fields["reusable"])
                    continue
                self.assertIn(fields["says"], SAYS[row["meaning"]])
                self.assertEqual(fields["body_bytes"], int(row["body_len"]))
                if row["reuse"] != "-":
                    self.assertEqual(fields["reusable"], row["reuse"] == "y")

    def test_retry_after(self):
        for name, seconds in (("133_nginx_slow_down", 3), ("134_nginx_too_many", None)):
            path = golden("s3", "exchanges", name + ".resp.bin")
            _, fields = fields_of(self.run_tool("show", "--json", "--as", "http-response", path))
            if seconds is not None:
                self.assertEqual(fields["retry_after_s"], seconds)
        path = self.write("later", b"HTTP/1.1 503 x\r\nDate: Sun, 06 Nov 1994 08:49:07 GMT\r\n"
                                   b"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                   b"Content-Length: 0\r\n\r\n")
        _, fields = fields_of(self.run_tool("show", "--json", "--as", "http-response", path))
        self.assertEqual(fields["retry_after_s"], 30)
        self.assertEqual(fields["says"], "busy")

    def test_verify(self):
        good = golden("s3", "hostile", "057_range_good.resp.bin")
        args = ("verify", "--json", "--as", "http-response", "--range")
        self.assertEqual(self.ok(*args, "0-127", good).json[0]["status"], "ok")
        self.assertEqual(self.refused(*args, "1-127", good, names=good).json[0]["status"],
                         "bad-field")
        for value in ("0", "5-3", "a-b", "-5", "1-"):
            self.usage(*args, value, good, names="--range")
        self.usage("verify", "--as", "http-response", "--method", "PUT", good, names="--method")
        self.ok("show", "--as", "http-response", "--range", "0-127", good)


class Lists(ToolTest):
    def body(self, name):
        """The document of an exchange with a length."""
        head, _, body = read(golden(*name)).partition(b"\r\n\r\n")
        return body if b"ransfer-" not in head else None

    def show(self, document):
        path = self.write("list.xml", document)
        return fields_of(self.run_tool("show", "--json", "--as", "s3-list", path))

    def test_exchanges(self):
        tried = 0
        for row in table("s3", "exchanges", "lists.tsv"):
            document = self.body(("s3", "exchanges", row["name"] + ".resp.bin"))
            if document is None:
                continue
            with self.subTest(row["name"]):
                status, fields = self.show(document)
                if row["well_formed"] != "yes":
                    self.assertNotEqual(status, "ok")
                    continue
                self.assertEqual(status, "ok")
                want = [] if row["keys_hex_size"] == "-" else \
                    [entry.split(":") for entry in row["keys_hex_size"].split(",")]
                self.assertEqual(fields["keys"],
                                 [{"key_hex": key, "bytes": int(size)} for key, size in want])
                self.assertEqual(fields["truncated"], row["is_truncated"] == "true")
                token = None if row["next_token_hex"] == "-" else \
                    bytes.fromhex(row["next_token_hex"]).decode()
                self.assertEqual(fields["token"], token)
                tried += 1
        self.assertGreater(tried, 15)

    def test_hostile(self):
        tried = 0
        for row in table("s3", "hostile", "hostile.tsv"):
            if row["op"] != "list" or row["token_hex"] != "-":
                continue
            with self.subTest(row["name"]):
                status, fields = self.show(self.body(("s3", "hostile", row["name"] + ".resp.bin")))
                tried += 1
                if row["verdict"] == "refuse":
                    self.assertNotEqual(status, "ok")
                    continue
                if row["verdict"] == "ok":
                    self.assertEqual(status, "ok")
                if status == "ok":
                    self.assertEqual([entry["key_hex"] for entry in fields["keys"]],
                                     row["keys_hex"].split(","))
        self.assertGreater(tried, 30)


if __name__ == "__main__":
    unittest.main()
