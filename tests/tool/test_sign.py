#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""wombatkv sign: golden signatures, credentials and their sources, mistakes."""
import os
import stat
import unittest

from unittest import mock

from harness import ToolTest, table


def pairs(cell):
    return [] if cell == "-" else [tuple(bytes.fromhex(x) for x in part.split("="))
                                   for part in cell.split("&")]


def arguments(row, extra=()):
    scheme = row["scheme"]
    args = ["sign", "--json", "--method", row["method"], "--time", row["time"], "--region",
            row["region"], "--service", row["service"], "--payload",
            "unsigned" if row["payload"] == "UNSIGNED-PAYLOAD" else row["payload"]]
    return args + ["--url", f"{scheme}://{row['host']}{row['target']}", "--encoded-path", *extra]


def keys(row):
    env = {"AWS_ACCESS_KEY_ID": row["access_key"], "AWS_SECRET_ACCESS_KEY": row["secret"]}
    if row["token"] != "-":
        env["AWS_SESSION_TOKEN"] = row["token"]
    return env


class Sign(ToolTest):
    def sign(self, args, env):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with mock.patch.dict(os.environ, {**clean, "HOME": self.dir, **env}, clear=True):
            return self.run_tool(*args)

    def test_golden(self):
        count = presigned = 0
        for row in table("s3", "sigv4", "sigv4.tsv"):
            fields = [x for name, value in pairs(row["headers_hex"])
                      for x in ("--header", name.decode() + ":" + value.decode())]
            if row["range"] != "-":
                fields += ["--header", "Range: bytes=" + row["range"]]
            with self.subTest(row["nr"]):
                got = self.sign(arguments(row, fields), keys(row)).json
                self.assertEqual(got["canonical_request_hex"], row["canonical_hex"])
                self.assertEqual(got["string_to_sign"],
                                 bytes.fromhex(row["string_to_sign_hex"]).decode())
                self.assertEqual(got["signed_headers"], row["signed_headers"])
                self.assertEqual(got["signature"], row["signature"])
                self.assertEqual(got["authorization"], row["authorization"])
                self.assertIsNone(got["url"])
                count += 1
                if row["presigned_query"] == "-" or count % 5:
                    continue
                got = self.sign(arguments(row, ("--presign", row["expires"])),
                                keys(row)).json
                path = row["target"].split("?")[0]
                self.assertEqual(got["url"], f"{row['scheme']}://{row['host']}{path}?"
                                             + row["presigned_query"])
                self.assertEqual(got["signature"], row["presigned_signature"])
                presigned += 1
        self.assertEqual(count, 300)
        self.assertGreater(presigned, 50)

    def test_path_as_it_means(self):
        """A key as bytes is encoded as the golden target has it."""
        tried = 0
        for row in table("s3", "sigv4", "sigv4.tsv"):
            key = bytes.fromhex(row["key_hex"]) if row["key_hex"] != "-" else b""
            if row["kind"] == "generic" or b"\0" in key or b"?" in key or "?" in row["target"] \
                    or row["headers_hex"] != "-" or row["range"] != "-":
                continue
            bucket = row["bucket"].encode() + b"/" if row["style"] == "path" else b""
            url = f"{row['scheme']}://{row['host']}/".encode() + bucket + key
            args = arguments(row)
            args.remove("--encoded-path")
            args[args.index("--url") + 1] = os.fsdecode(url)
            with self.subTest(row["nr"]):
                self.assertEqual(self.sign(args, keys(row)).json["signature"],
                                 row["signature"])
            tried += 1
        self.assertGreater(tried, 80)

    SIMPLE = ["sign", "--json", "--method", "GET", "--time", "20130524T000000Z", "--region", "r",
              "--url", "http://h/b/k"]

    def access_key(self, args, env):
        authorization = self.sign(args, env).json["authorization"]
        return authorization.split("Credential=")[1].split("/")[0]

    def test_sources(self):
        shared = os.path.join(self.dir, "shared")
        with open(shared, "w", encoding="utf-8") as f:
            f.write("# comment\n[default]\naws_access_key_id=D\naws_secret_access_key = ds\n"
                    "[other]\n aws_access_key_id = nested\naws_access_key_id = O\n"
                    "aws_secret_access_key = os\naws_session_token = ot==\nregion = eu\n")
        program = os.path.join(self.dir, "program")
        with open(program, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "P", '
                    '"SecretAccessKey": "a\\/b", "SessionToken": "t"}\'\n')
        os.chmod(program, stat.S_IRWXU)
        config = os.path.join(self.dir, "config")
        with open(config, "w", encoding="utf-8") as f:
            f.write(f"[profile asks]\ncredential_process = {program}\n"
                    "[profile fails]\ncredential_process = false\n[asks]\nregion = no\n")
        env = {"AWS_SHARED_CREDENTIALS_FILE": shared, "AWS_CONFIG_FILE": config}
        keys_in = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "es"}
        self.assertEqual(self.access_key(self.SIMPLE, env), "D")
        self.assertEqual(self.access_key(self.SIMPLE, {**env, "AWS_PROFILE": "other"}), "O")
        self.assertEqual(self.access_key(self.SIMPLE, {**env, **keys_in, "AWS_PROFILE": "other"}),
                         "E")
        self.assertEqual(self.access_key([*self.SIMPLE, "--profile", "other"],
                                         {**env, **keys_in}), "O")
        self.assertEqual(self.access_key([*self.SIMPLE, "--profile", "asks"], env), "P")
        self.assertIn("/eu/s3/", self.sign(
            [a for a in self.SIMPLE if a not in ("--region", "r")] + ["--profile", "other"],
            env).json["authorization"])
        for args, text in ((["--profile", "nobody"], "there is no profile 'nobody'"),
                           (["--profile", "fails"], "exit status 1"),
                           (["--no-sign-request"], "anonymous")):
            self.assert_usage(self.sign([*self.SIMPLE, *args], env), text)
        self.assert_usage(self.sign(self.SIMPLE, {}), "instance metadata")
        self.assert_usage(self.sign(self.SIMPLE, {"AWS_ACCESS_KEY_ID": "E"}),
                          "AWS_SECRET_ACCESS_KEY is not")

    def assert_usage(self, result, text):
        self.assertEqual(result.code, 2)
        self.assertEqual(result.out, b"")
        self.assertIn(text, result.err.decode())

    def test_mistakes(self):
        env = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "es"}
        for option, value in (("--time", "20130524"), ("--time", "20130231T000000Z"),
                              ("--time", "20130524T000000z"), ("--url", "ftp://h/"),
                              ("--url", "http://user@h/"), ("--url", "http:///k"),
                              ("--payload", "none"), ("--presign", "0"), ("--presign", "604801"),
                              ("--header", "no colon"), ("--header", "x-amz-date: 1"),
                              ("--method", ""), ("--region", "")):
            args = list(self.SIMPLE)
            if option in args:
                args[args.index(option) + 1] = value
            else:
                args += [option, value]
            with self.subTest(option + value):
                self.assert_usage(self.sign(args, env), "")

    def test_for_people(self):
        env = {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "es"}
        result = self.sign([a for a in self.SIMPLE if a != "--json"], env)
        self.assertEqual(result.code, 0)
        self.assertIn("canonical request\n  GET\n  /b/k\n", result.out.decode())
        self.assertIn("Credential=E/20130524/r/s3/aws4_request", result.out.decode())


if __name__ == "__main__":
    unittest.main()
