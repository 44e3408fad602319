# SPDX-License-Identifier: Apache-2.0
"""identity and reuse: files, fingerprints, verdicts, exit statuses."""
import itertools
import unittest

from harness import ToolTest

GOOD = {"model_sha256": "ab" * 32, "weight_quant": "fp8-block128", "tokenizer_sha256": "cd" * 32,
        "position": "rope theta=10000", "compute_dtype": "bf16", "kv_dtype": "f32",
        "kv_scale": "none", "layout": "ds4-v1", "layers": "0-42", "tp": "replicated", "pp": "0/1",
        "cp": "0/1", "lora_sha256": "none", "tenant": "tenant-a", "cache_salt": "none",
        "multimodal_sha256": "none", "served_name": "deepseek-v4-flash"}
OTHER = {"model_sha256": "ac" * 32, "weight_quant": "none", "tokenizer_sha256": "ce" * 32,
         "position": "rope theta=20000", "compute_dtype": "f16", "kv_dtype": "bf16",
         "kv_scale": "per-head", "layout": "other", "layers": "0-41", "tp": "0/1", "pp": "0/2",
         "cp": "1/2", "lora_sha256": "ef" * 32, "tenant": "none", "cache_salt": "s",
         "multimodal_sha256": "01" * 32 + "," + "02" * 32, "served_name": "x"}
NEVER = ("tenant", "cache_salt")


class IdentityTest(ToolTest):
    def context(self, name, fields, line="{} = {}\n"):
        text = "".join(line.format(k, v) for k, v in fields.items())
        return self.write(name, text.encode())

    def without(self, *names):
        return {k: v for k, v in GOOD.items() if k not in names}


class Identity(IdentityTest):
    def test_complete(self):
        got = self.ok("identity", "--json", self.context("a", GOOD)).json
        self.assertRegex(got["fingerprint"], "^[0-9a-f]{64}$")
        self.assertEqual(got["model_digest"], "ab" * 24)
        self.assertEqual(got["fields"], GOOD)
        self.assertIn(got["fingerprint"], self.ok("identity", self.context("a", GOOD)).out.decode())

    def test_order_spacing_comments_and_case_do_not_matter(self):
        want = self.ok("identity", "--json", self.context("a", GOOD)).json["fingerprint"]
        upper = {k: v.upper() if "sha256" in k and v != "none" else v for k, v in GOOD.items()}
        turned = dict(reversed(list(upper.items())))
        for line in ("{}={}\n", "# x\n\n\t{}  =\t{}  \r\n", "{} = {}   # comment\n"):
            got = self.ok("identity", "--json", self.context("b", turned, line)).json
            self.assertEqual(got["fingerprint"], want)

    def test_every_field_changes_the_fingerprint_but_the_name(self):
        seen = set()
        for name in GOOD:
            got = self.ok("identity", "--json", self.context("a", {**GOOD, name: OTHER[name]})).json
            seen.add(got["fingerprint"])
        base = self.ok("identity", "--json", self.context("a", GOOD)).json["fingerprint"]
        self.assertEqual(len(seen), len(GOOD))
        self.assertEqual(len(seen | {base}), len(GOOD))  # served_name is not in it

    def test_unknown(self):
        for name in GOOD:
            path = self.context("a", self.without(name))
            if name == "served_name":
                self.assertIsNone(self.ok("identity", "--json", path).json["fields"][name])
                continue
            got = self.refused("identity", "--json", path, names=name).json
            self.assertIsNone(got["fingerprint"])
            self.assertIsNone(got["fields"][name])
            if name in NEVER:
                continue
            got = self.ok("identity", "--json", path, "--accept-unknown", name).json
            self.assertRegex(got["fingerprint"], "^[0-9a-f]{64}$")
            self.assertNotEqual(got["fingerprint"],
                                self.ok("identity", "--json", self.context("b", GOOD)).json[
                                    "fingerprint"])
        two = self.context("a", self.without("tp", "pp"))
        self.refused("identity", two, "--accept-unknown", "tp")
        self.ok("identity", two, "--accept-unknown", "tp", "--accept-unknown", "pp")

    def test_zero_layout(self):
        path = self.context("a", {**GOOD, "layout": "zero"})
        self.assertIsNone(self.refused("identity", "--json", path).json["fingerprint"])
        self.ok("identity", path, "--accept-zero-layout")

    def test_bad_files(self):
        for fields in ({"layers": "5-4"}, {"layers": "x"}, {"tp": "1/1"}, {"tp": "1"},
                       {"model_sha256": "ab"}, {"model_sha256": "none"}, {"layout": "a" * 17},
                       {"multimodal_sha256": "ab,"}, {"tenant": ""}):
            path = self.context("a", {**GOOD, **fields})
            err = self.usage("identity", path, names=path).err.decode()
            self.assertIn(next(iter(fields)), err)
        for text in (b"what = x\n", b"tp = 0/1\ntp = 0/1\n", b"tp\n", b"tenant = \xff\n",
                     b"a\0b = c", b"= x\n"):
            path = self.write("a", text)
            self.usage("identity", path, names=path)
            self.usage("identity", "--json", path, names=path)
    def test_each_cause_has_its_words_and_its_line(self):
        digest, text = "ab" * 32, "x" * 4097
        for cause, lines in (
                ("line 2: there is no field 'what'", "tp = 0/1\nwhat = x"),
                ("line 3: tp: it stands on line 1 already", "tp = 0/1\n#\n tp = 0/2 # again\n"),
                ("line 1: it is not of the form `field = value`", "tp # = 0/1"),
                ("line 2: tp: it has no value", "\ntp =  # none\n"),
                ("line 1: it is not UTF-8", b"tenant = \xff"),
                ("line 1: it has a NUL byte", "tenant = a\0b"),
                ("line 1: model_sha256: it cannot be `none`", "model_sha256 = none"),
                ("line 1: lora_sha256: a digest that is not 64 hex digits", "lora_sha256 = ab"),
                ("line 1: multimodal_sha256: a digest that is not", f"multimodal_sha256 = {digest},"),
                ("no hex digit", "lora_sha256 = " + "zz" * 32),
                ("line 1: layout: longer than the 16 bytes", "layout = " + "a" * 17),
                ("line 1: layout: a layout tag has visible ASCII", "layout = a b"),
                ("line 1: tenant: longer than 4096 bytes", f"tenant = {text}"),
                ("line 1: layers: it is not of the form FIRST-LAST", "layers = 5"),
                ("line 1: layers: '5-4': FIRST is above LAST", "layers = 5-4"),
                ("line 1: layers: 'a-4': FIRST and LAST must be decimal", "layers = a-4"),
                ("below 2^32", "layers = 0-4294967296"),
                ("line 1: tp: it is neither of the form RANK/SIZE", "tp = 1"),
                ("line 1: tp: '1/1': RANK is not below SIZE", "tp = 1/1"),
                ("line 1: tp: '-1/2': RANK and SIZE must be decimal", "tp = -1/2")):
            data = lines if isinstance(lines, bytes) else lines.encode()
            self.usage("identity", self.write("bad", data), names=cause)

    def test_missing_and_empty_files(self):
        self.refused("identity", self.path("none"), names="none")
        self.refused("identity", "--json", self.dir, names=self.dir)
        got = self.refused("identity", "--json", self.write("e", b"")).json
        self.assertIsNone(got["fingerprint"])

    def test_options(self):
        path = self.context("a", GOOD)
        for name in (*NEVER, "what", "", "TP"):
            self.usage("identity", path, "--accept-unknown", name, names="--accept-unknown")
            self.usage("reuse", path, path, "--accept-unknown", name, names="--accept-unknown")
        self.usage("identity")
        self.usage("identity", path, path)
        self.usage("reuse", path)


class Reuse(IdentityTest):
    def verdict(self, have, want, *options):
        result = self.run_tool("reuse", "--json", self.context("have", have),
                               self.context("want", want), *options)
        got = result.json
        self.assertEqual(result.code, int(got["decision"] == "deny"))
        self.assertIn(got["decision"], ("reuse", "deny"))
        return got["decision"], got["mismatches"], got["unknown"]

    def test_same(self):
        self.assertEqual(self.verdict(GOOD, GOOD), ("reuse", [], []))

    def test_one_field_differs(self):
        for name in GOOD:
            decision = "reuse" if name == "served_name" else "deny"
            self.assertEqual(self.verdict(GOOD, {**GOOD, name: OTHER[name]}),
                             (decision, [name], []))

    def test_one_field_unknown(self):
        for name, side in itertools.product(GOOD, (0, 1, 2)):
            have = GOOD if side == 1 else self.without(name)
            want = GOOD if side == 0 else self.without(name)
            decision = "reuse" if name == "served_name" else "deny"
            self.assertEqual(self.verdict(have, want), (decision, [], [name]))
            if name not in NEVER:
                self.assertEqual(self.verdict(have, want, "--accept-unknown", name),
                                 ("reuse", [], [name]))

    def test_zero_layout(self):
        zero = {**GOOD, "layout": "zero"}
        self.assertEqual(self.verdict(zero, zero), ("deny", ["layout"], []))
        self.assertEqual(self.verdict(zero, zero, "--accept-zero-layout"), ("reuse", [], []))
        self.assertEqual(self.verdict(zero, GOOD, "--accept-zero-layout"), ("deny", ["layout"], []))

    def test_several(self):
        want = {**OTHER, "tp": GOOD["tp"]}
        self.assertEqual(self.verdict(GOOD, want), ("deny", [n for n in GOOD if n != "tp"], []))

    def test_missing(self):
        path = self.context("a", GOOD)
        for args in ((path, self.path("none")), (self.path("none"), path)):
            got = self.refused("reuse", "--json", *args, names="none").json
            self.assertEqual(got["decision"], "deny")


if __name__ == "__main__":
    unittest.main()
