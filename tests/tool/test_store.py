#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Buckets behind S3: the same answers as from a directory, over both clients, from a store that
checks each signature and one that misbehaves."""
import os
import shutil
import unittest
from unittest import mock

import s3_server
from harness import BUCKET, PROMPTS, ToolTest, read, table

CURL = os.environ.get("WMBT_TOOL_LIBCURL") == "1"
CLIENTS = ("core", "curl") if CURL else ("core",)
KEY = "kv/cabi/plain/wombatkv/v1/block/"


def named_row(name):
    row, = (r for r in table("bucket", "prompts.tsv") if r["name"] == name)
    return row


def plain_row():
    """A prompt of two blocks and a tail that are not compressed."""
    return named_row("plain_two_blocks_tail")


def prompt_options(row):
    return ["--prefix", row["prefix"], "--namespace", row["namespace"], "--dialect", "ds4",
            "--fingerprint", row["fingerprint"], "--quant-bits", row["quant_bits"],
            "--block-tokens", row["block_tokens"], "--trust-tail",
            os.path.join(PROMPTS, row["name"] + ".u32")]


class StoreTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.server = s3_server.Server(BUCKET)
        self.addCleanup(self.server.close)
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith("AWS_") and not name.lower().endswith("_proxy")}
        env = {**clean, "HOME": self.dir, "AWS_ACCESS_KEY_ID": s3_server.ACCESS_KEY,
               "AWS_SECRET_ACCESS_KEY": s3_server.SECRET, "AWS_REGION": s3_server.REGION}
        patch = mock.patch.dict(os.environ, env, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def args(self, client="core", **more):
        args = ["--endpoint-url", self.server.url, "--client", client, "--timeout", "5"]
        for name, value in more.items():
            args += ["--" + name.replace("_", "-")] + ([] if value is True else [value])
        return args

    def block(self):
        """A plain block of the bucket."""
        folder = os.path.join(BUCKET, KEY)
        return KEY + sorted(os.listdir(folder))[0]

    def keys(self):
        """All keys of the bucket."""
        found = []
        for folder, _, names in os.walk(BUCKET):
            found += [os.path.relpath(os.path.join(folder, name), BUCKET) for name in names]
        return sorted(found)

    def resolve(self, row, bucket, *more):
        return self.run_tool("resolve", "--json", "--bucket", bucket, *prompt_options(row), *more)

    def url(self, key=""):
        return f"s3://{s3_server.BUCKET}/{key}"

    def verify(self, key, client="core", **more):
        row, = self.run_tool("verify", "--json", *self.args(client, **more), self.url(key)).json
        return row


class Same(StoreTest):
    """What a directory answers, a store answers."""

    def without_paths(self, result):
        return [{**row, "path": None} for row in result.json]

    def test_objects(self):
        keys = [k for k in self.keys() if os.path.getsize(os.path.join(BUCKET, k)) < 1 << 20]
        here = self.run_tool("show", "--json", *(os.path.join(BUCKET, k) for k in keys))
        for client in CLIENTS:
            there = self.run_tool("show", "--json", *self.args(client), *map(self.url, keys))
            self.assertEqual(there.code, here.code)
            self.assertEqual(self.without_paths(there), self.without_paths(here))

    def test_resolve(self):
        """Every sample prompt, by its own chain."""
        tried = 0
        for row in table("bucket", "prompts.tsv"):
            with self.subTest(row["name"]):
                here = self.resolve(row, BUCKET)
                for client in CLIENTS:
                    there = self.resolve(row, self.url(), *self.args(client))
                    self.assertEqual((there.code, there.json), (here.code, here.json))
                tried += 1
        self.assertEqual(tried, 49)

    def test_several_prompts(self):
        """Blocks of earlier prompts are not fetched again; connections and what was learned stay."""
        rows = [r for r in table("bucket", "prompts.tsv")
                if prompt_options(r)[:-1] == prompt_options(named_row("two_blocks_tail"))[:-1]]
        prompts = [os.path.join(PROMPTS, r["name"] + ".u32") for r in rows] * 2
        self.assertGreater(len(prompts), 4)
        options = prompt_options(rows[0])[:-1]
        here = self.run_tool("resolve", "--json", "--bucket", BUCKET, *options, *prompts)
        for client in CLIENTS:
            before = len(self.server.requests)
            there = self.run_tool("resolve", "--json", "--bucket", self.url(), *options,
                                  *self.args(client), *prompts)
            self.assertEqual((there.code, there.json), (here.code, here.json))
            first = [t for _, t, f in self.server.requests[before:]
                     if "/block/" in t and f["range"].startswith("bytes=0-")]
            self.assertEqual(len(first), len(set(first)))

    def test_lists(self):
        for prefix in ("wal/tenant-a", "wal/"):
            here = self.run_tool("wal", "--json", BUCKET, "--prefix", prefix)
            for client in CLIENTS:
                for page in (1, 3, 1000):
                    self.server.page = page
                    there = self.run_tool("wal", "--json", self.url(), "--prefix", prefix,
                                          *self.args(client))
                    self.assertEqual((there.code, there.json), (here.code, here.json))
            self.server.mood["plain"] = True
            there = self.run_tool("wal", "--json", self.url(), "--prefix", prefix, *self.args())
            self.assertEqual(there.json, here.json)
            self.server.mood["plain"] = False

    def test_odd_keys(self):
        """Keys that have to be encoded in a URL or in XML, or that XML cannot carry."""
        names = ["b3=1", "a b+c", "%41%zz", "\u00fc/\u65e5", "q?u&e=r#y;:@$,", "<x>&amp;\"'", "~!*()",
                 "a\tb\x01\x7f", "back\\slash", "a/./b", "zero"]
        for name in names:
            if name != "a/./b":
                self.write("odd/" + name, b"" if name == "zero" else name.encode())
        self.server.folder = self.path("odd")
        here = self.ok("check", "--json", self.path("odd"))
        self.assertEqual(here.json["keys"], len(names) - 1)
        for client in CLIENTS:
            there = self.ok("check", "--json", self.url(), *self.args(client))
            self.assertEqual(there.json, here.json)
            for name in names[:-2]:
                self.ok("unwrap", *self.args(client), self.url(name), "-o", self.path("out"))
                self.assertEqual(read(self.path("out")), name.encode())
            self.ok("unwrap", *self.args(client), self.url("zero"), "-o", self.path("out"))
            self.assertEqual(read(self.path("out")), b"")
            self.verify("a/./b", client)
            self.assertIn("/a/./b", self.server.requests[-1][1])

    def test_hints(self):
        """How far the keys lead is found out, and not said where the store does not list."""
        for prefix, namespace in (("kv/cabi", "none"), ("none", "none"), ("kv/cabi", "elsewhere")):
            args = ["resolve", "--json", "--prefix", prefix, "--namespace", namespace,
                    "--dialect", "ds4", "--fingerprint", "f", "--quant-bits", "2",
                    "--block-tokens", "128", os.path.join(PROMPTS, "two_blocks_tail.u32")]
            here = self.ok(*args, "--bucket", BUCKET)
            for client in CLIENTS:
                there = self.ok(*args, "--bucket", self.url(), *self.args(client))
                self.assertEqual(there.json, here.json)
                self.assertIn("max-keys=1&", self.server.requests[-1][1])
                self.server.mood["denied-list"] = True
                there = self.ok(*args, "--bucket", self.url(), *self.args(client))
                self.assertEqual(there.json[0].get("exists_up_to"), None)
                self.server.mood["denied-list"] = False

    def test_keys_that_come_twice(self):
        """A key at the end of a page and at the beginning of the next, as writers make it happen."""
        here = self.run_tool("check", "--json", BUCKET, "--prefix", "wal")
        rows = self.run_tool("wal", "--json", BUCKET, "--prefix", "wal/tenant-a")
        self.server.page, self.server.mood["repeats"] = 3, True
        for client in CLIENTS:
            args = self.args(client)
            there = self.run_tool("check", "--json", self.url(), "--prefix", "wal", *args)
            self.assertEqual(there.json, here.json)
            there = self.run_tool("wal", "--json", self.url(), "--prefix", "wal/tenant-a", *args)
            self.assertEqual(there.json, rows.json)

    def test_objects_that_go(self):
        """What was removed after it had been listed is a note. What is listed still, and is not there,
        is wrong."""
        for client in CLIENTS:
            args = ["check", "--json", self.url(), "--prefix", "segments", *self.args(client)]
            here = self.run_tool(*args).json
            self.server.gone = ["segments/gone", "segments/t/b3=+"]
            there = self.run_tool(*args).json
            self.assertEqual(there["findings"], here["findings"])
            self.assertEqual((there["keys"], there["statuses"]["missing"]), (here["keys"] + 2, 2))
            self.assertEqual([(n["key"], n["detail"]) for n in there["notes"]],
                             [(key, "it was removed after it had been listed")
                              for key in ("segments/gone", "segments/t/b3=+")])
            self.server.ghosts = ["segments/ghost"]
            there = self.refused(*args).json
            self.assertEqual([(f["key"], f["status"], f["detail"]) for f in there["findings"]
                              if f not in here["findings"]],
                             [("segments/ghost", "unreadable",
                               "it cannot be read: it is listed, but not there")])
            self.server.ghosts = []

    def test_prefix_is_a_directory(self):
        here = self.run_tool("wal", "--json", os.path.join(BUCKET, "wal"), "--prefix", "tenant-a")
        there = self.run_tool("wal", "--json", self.url("wal"), "--prefix", "tenant-a",
                              *self.args())
        self.assertEqual(there.json, here.json)
        row = plain_row()
        folder, _, row["prefix"] = row["prefix"].partition("/")
        for client in CLIENTS:
            here = self.resolve(row, os.path.join(BUCKET, folder))
            there = self.resolve(row, self.url(folder), *self.args(client))
            self.assertEqual((there.code, there.json), (here.code, here.json))
            self.assertNotEqual(there.json[0]["usable_blocks"], 0)

    def test_check(self):
        here = self.run_tool("check", "--json", BUCKET)
        for client in CLIENTS:
            there = self.run_tool("check", "--json", self.url(), *self.args(client))
            self.assertEqual((there.code, there.json), (here.code, here.json))

    def test_restore(self):
        """Every sample prompt; its rows come in order, however many objects are on their way."""
        for row in table("bucket", "prompts.tsv"):
            here, there = self.path(row["name"]), self.path(row["name"] + "-there")
            self.run_tool("restore", "--bucket", BUCKET, *prompt_options(row), "-o", here)
            for client in CLIENTS if row["name"] == plain_row()["name"] else ("core",):
                self.run_tool("restore", "--bucket", self.url(), *prompt_options(row),
                              *self.args(client), "-o", there)
                names = sorted(os.listdir(here))
                self.assertEqual(sorted(os.listdir(there)), names)
                for name in names:
                    self.assertEqual(read(os.path.join(there, name)),
                                     read(os.path.join(here, name)), (client, row["name"], name))
                shutil.rmtree(there)
            self.assertTrue(row["name"] != plain_row()["name"] or len(names) > 10)
            shutil.rmtree(here)

    def test_rows_wait_for_those_before(self):
        """A block that comes before its turn overwrites no rows, nor those of the tail."""
        row = named_row("hole")
        self.run_tool("restore", "--bucket", BUCKET, *prompt_options(row), "-o", self.path("here"))
        plan, = self.resolve(row, BUCKET).json
        keys = [b["key"] for b in plan["blocks"]]
        self.assertEqual((plan["usable_blocks"], len(keys)), (2, 5))
        names = os.listdir(self.path("here"))
        self.assertGreater(len(names), 10)
        for slow in keys:
            self.server.slow = {slow: 0.7}
            there = self.path(slow[-6:])
            self.run_tool("restore", "--bucket", self.url(), *prompt_options(row),
                          *self.args("core", connections="2"), "-o", there)
            for name in names:
                self.assertEqual(read(os.path.join(there, name)), read(self.path("here", name)))

    def test_objects_at_once(self):
        """The library's own client has several objects in flight, libcurl's path one."""
        row = plain_row()
        self.server.delay = 0.1
        for client in CLIENTS:
            self.server.objects_at_once = 0
            self.resolve(row, self.url(), *self.args(client, connections="16"))
            self.assertEqual(self.server.objects_at_once, 2 if client == "core" else 1)

    def test_unwrap(self):
        key = self.block()
        self.ok("unwrap", *self.args(), self.url(key), "-o", self.path("out"))
        self.ok("unwrap", os.path.join(BUCKET, key), "-o", self.path("want"))
        self.assertEqual(read(self.path("out")), read(self.path("want")))


class Faults(StoreTest):
    def test_missing_and_unreadable(self):
        for client in CLIENTS:
            row = self.verify("no/such/key", client)
            self.assertEqual(row["status"], "missing")
            result = self.run_tool("verify", "--json", *self.args(client), "s3://other/key")
            row, = result.json
            self.assertEqual((result.code, row["status"]), (1, "unreadable"))
            self.assertIn("404 NoSuchBucket", row["detail"])
            self.server.mood["403"] = True
            row = self.verify(self.block(), client)
            self.assertEqual(row["status"], "unreadable")
            self.assertIn("403 AccessDenied", row["detail"])
            self.assertEqual(self.verify(self.block(), client, **{"403_is_missing": True})
                             ["status"], "missing")
            self.server.mood["403"] = False

    def test_credentials(self):
        for client in CLIENTS:
            with mock.patch.dict(os.environ, AWS_SECRET_ACCESS_KEY="wrong"):
                row = self.verify(self.block(), client)
            self.assertEqual(row["status"], "unreadable")
            self.assertIn("403 SignatureDoesNotMatch", row["detail"])
            self.assertEqual(self.verify(self.block(), client, no_sign_request=True)["status"],
                             "unreadable")
            self.server.anonymous = True
            self.assertEqual(self.verify(self.block(), client, no_sign_request=True)["status"],
                             "ok")
            self.server.anonymous = False
            # another region is learned, once
            self.assertEqual(self.verify(self.block(), client, region="us-east-1")["status"], "ok")

    def test_retries(self):
        for client in CLIENTS:
            for mood in ("503", "close", "cut", "garbage"):
                with self.subTest(client + mood):
                    self.server.mood = {mood: 2}
                    self.assertEqual(self.verify(self.block(), client)["status"], "ok")
                    self.server.mood = {mood: True}
                    self.assertEqual(self.verify(self.block(), client, retries="1")["status"],
                                     "unreadable")
            # the clock is set by the store's, once
            self.server.mood = {"clock": 1}
            before = len(self.server.requests)
            self.verify(self.block(), client, retries="0")
            dates = [f["x-amz-date"] for _, _, f in self.server.requests[before:]]
            self.assertGreaterEqual(len(dates), 2)
            self.assertTrue(all(d.startswith("20261130T1320") for d in dates[1:]), dates)
            self.server.mood = {}

    def test_clock_of_several_at_once(self):
        """What was on its way when the clock was learned is signed anew as well."""
        keys = self.keys()[:6]
        here = self.run_tool("verify", "--json", *(os.path.join(BUCKET, k) for k in keys)).json
        for client in CLIENTS:
            self.server.mood, self.server.delay = {"clock": 4}, 0.1
            rows = self.run_tool("verify", "--json", *self.args(client), *map(self.url, keys)).json
            self.assertEqual([row["status"] for row in rows], [row["status"] for row in here])

    def test_several_at_once(self):
        """As many requests at once as there may be: of one object, and of several."""
        keys = self.keys()
        big = max(keys, key=lambda k: os.path.getsize(os.path.join(BUCKET, k)))
        self.assertGreater(os.path.getsize(os.path.join(BUCKET, big)), 10 << 20)
        self.server.delay = 0.1
        for client in CLIENTS:
            for count in (1, 3):
                for names in (keys[:6], [big]):
                    self.server.at_once = 0
                    self.run_tool("verify", "--json", *self.args(client, connections=str(count)),
                                  *map(self.url, names))
                    self.assertEqual(self.server.at_once, count, (client, names))

    def test_ranges(self):
        for client in CLIENTS:
            self.server.mood = {"no-ranges": True}
            self.assertEqual(self.verify(self.block(), client)["status"], "ok")
            self.server.mood = {"no-206": True}
            self.assertNotEqual(self.verify(self.block(), client)["status"], "ok")
            self.server.mood = {}

    def test_empty_object(self):
        """One store tells the size of what is empty, another only that there is no first byte."""
        row, = (r for r in table("bucket", "prompts.tsv") if r["name"] == "empty_object")
        args = ["--prefix", row["prefix"], "--namespace", row["namespace"], "--dialect", "ds4",
                "--fingerprint", row["fingerprint"], "--quant-bits", row["quant_bits"],
                "--block-tokens", row["block_tokens"],
                os.path.join(PROMPTS, "empty_object.u32")]
        here = self.refused("resolve", "--json", "--bucket", BUCKET, *args)
        for client in CLIENTS:
            for no_size in (False, True):
                self.server.mood["no-size"] = no_size
                there = self.refused("resolve", "--json", "--bucket", self.url(), *args,
                                     *self.args(client))
                self.assertEqual((there.json, there.err), (here.json, here.err))

    def test_denied_listing(self):
        """A hint that is of no use there is not given."""
        for client in CLIENTS:
            self.server.mood["403"] = True
            result = self.refused("check", self.url(), *self.args(client))
            self.assertIn(b"403 AccessDenied", result.err)
            self.assertNotIn(b"--403-is-missing", result.err)
            self.server.mood["403"] = False

    def test_prompts_from_a_store_that_misbehaves(self):
        """A prompt's plan is the same, or says of an object that the store does not give it."""
        row = plain_row()
        here = self.resolve(row, BUCKET).json
        self.server.stall = 1.5
        for client in CLIENTS:
            for mood in ("503", "close", "cut", "garbage", "reset", "stall", "no-ranges", "clock"):
                with self.subTest(client + mood):
                    # a clock is learned once: a second complaint may be about the learned one
                    self.server.mood = {mood: {"no-ranges": True, "clock": 1}.get(mood, 2)}
                    there = self.resolve(row, self.url(),
                                         *self.args(client)[:-1], "1" if mood == "stall" else "5")
                    self.assertEqual((there.code, there.json), (0, here))
            for mood, says in (("503", "503 SlowDown"), ("close", ""), ("reset", ""),
                               ("garbage", "must not be believed"), ("403", "403 AccessDenied")):
                with self.subTest(client + mood + "for ever"):
                    self.server.mood = {mood: True}
                    there = self.resolve(row, self.url(), *self.args(client, retries="1"))
                    plan, = there.json
                    self.assertEqual((there.code, plan["usable_blocks"]), (1, 0))
                    self.assertEqual({b["status"] for b in plan["blocks"]}, {"unreadable"})
                    self.assertIn(says.encode(), there.err)
            self.server.mood = {"403": True}
            there = self.resolve(row, self.url(), *self.args(client, **{"403_is_missing": True}))
            plan, = there.json
            self.assertEqual((there.code, {b["status"] for b in plan["blocks"]}), (0, {"missing"}))

    def test_replaced_half_way(self):
        """An object that is another one by now is read from its start: never a mix of the two."""
        row = plain_row()
        here = self.resolve(row, BUCKET).json
        block, tail = here[0]["blocks"][0]["key"], here[0]["raw_tail"]["key"]
        for client in CLIENTS:
            for key, count in ((block, 1), (tail, 1), (tail, 4), (tail, 11)):
                good = read(os.path.join(BUCKET, key))
                bad = good[:300000] + bytes(x ^ 1 for x in good[300000:300100]) + good[300100:]
                with self.subTest(client + key + str(count)):
                    there = self.versions(row, client, {key: [(0, bad), (count, good)]})
                    self.assertEqual((there.code, there.json), (0, here))
                    self.server.asked = {}
                    self.assertEqual(self.verify(key, client)["status"], "ok")
                    there = self.versions(row, client, {key: [(0, good), (count, bad)]})
                    plan, = there.json
                    part = plan["blocks"][0] if key == block else plan["raw_tail"]
                    self.assertEqual((there.code, part["status"]), (1, "bad-checksum"))
            # one that is shorter by now, one that is gone, one that never stays the same, and one
            # that must not be asked for again
            good = read(os.path.join(BUCKET, block))
            for versions, status in (([(0, good), (1, good[:1000])], "truncated"),
                                     ([(0, good), (1, None)], "missing"),
                                     ([(i, good + bytes(i)) for i in range(20)], "unreadable"),
                                     ([(0, good[:-1]), (1, good)], "unreadable")):
                with self.subTest(client + status):
                    retries = "0" if len(versions) == 2 and status == "unreadable" else "5"
                    there = self.versions(row, client, {block: versions}, retries=retries)
                    plan, = there.json
                    self.assertEqual(plan["blocks"][0]["status"], status)
                    self.assertEqual((there.code, plan["usable_blocks"]),
                                     (0 if status == "missing" else 1, 0))
                    if status == "unreadable":
                        self.assertIn(b"it changed while it was read", there.err)
                        self.server.asked = {}
                        self.assertEqual(self.verify(block, client, retries=retries)["status"],
                                         status)

    def test_replaced_while_restored(self):
        """Rows are those of one object, not of two."""
        row = plain_row()
        key = self.resolve(row, BUCKET).json[0]["blocks"][1]["key"]
        good = read(os.path.join(BUCKET, key))
        self.ok("restore", "--bucket", BUCKET, *prompt_options(row), "-o", self.path("here"))
        for client in CLIENTS:
            there = self.path(client)
            self.server.asked = {}
            self.server.versions = {key: [(0, good[:1000] + bytes(x ^ 1 for x in good[1000:9000]) +
                                           good[9000:]), (1, good)]}
            self.ok("restore", "--bucket", self.url(), *prompt_options(row), *self.args(client),
                    "-o", there)
            for name in sorted(os.listdir(self.path("here"))):
                self.assertEqual(read(os.path.join(there, name)), read(self.path("here", name)))

    def versions(self, row, client, versions, **more):
        """The plan of a prompt while objects are replaced."""
        self.server.versions, self.server.asked = versions, {}
        return self.resolve(row, self.url(), *self.args(client, **more))

    def test_listing_that_never_ends(self):
        for client in CLIENTS:
            self.server.mood = {"same-token": True}
            result = self.run_tool("wal", "--json", self.url(), "--prefix", "wal/tenant-a",
                                   *self.args(client))
            self.assertEqual(result.code, 1)
            self.server.mood = {}

    def test_keys_are_encoded(self):
        self.verify(self.block())
        self.assertIn("/b3%3D", self.server.requests[-1][1])

    def test_usage(self):
        key = self.url(self.block())
        self.usage("verify", "--client", "core", "--endpoint-url", "https://127.0.0.1", key)
        self.usage("verify", *self.args("neither"), key, names="--client")
        self.usage("verify", "--client", "core", "s3:///key")
        if not CURL:
            self.usage("verify", "--endpoint-url", self.server.url, key, names="libcurl")
        with mock.patch.dict(os.environ, AWS_ACCESS_KEY_ID=""):
            self.usage("verify", *self.args(), key, names="no credentials")

    def test_nobody_there(self):
        self.server.close()
        for client in CLIENTS:
            row = self.verify(self.block(), client, retries="1")
            self.assertEqual(row["status"], "unreadable")


if __name__ == "__main__":
    unittest.main()
