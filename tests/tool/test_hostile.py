# SPDX-License-Identifier: Apache-2.0
"""What others put into a bucket: texts that a terminal obeys, files and folders without end, names."""
import json
import os
import subprocess
import sys
import unicodedata
import unittest

from harness import BUCKET, COMMAND, TOOL, ToolTest
from test_wal import record

SMALL = os.path.join(BUCKET, "kv/puffer-shm/default/notes/small")
INVISIBLE = ("Cc", "Cf", "Zl", "Zp")
MIB = 1 << 20
# AddressSanitizer's memory comes on top, and a realloc() of its takes both.
SANITIZED = os.environ.get("WMBT_TOOL_SANITIZED") == "1"


def invisible():
    """All characters that are not shown, but NUL and the line end."""
    return [chr(c) for c in range(1, sys.maxunicode + 1)
            if unicodedata.category(chr(c)) in INVISIBLE and chr(c) != "\n"]


class HostileTest(ToolTest):
    def measured(self, *args):
        """(exit status, peak memory in bytes, CPU seconds, output)"""
        with open(self.path("said"), "wb") as said, open(self.path("err"), "wb") as err:
            with subprocess.Popen([*COMMAND, *args], stdout=said, stderr=err,
                                  stdin=subprocess.DEVNULL) as child:
                _, status, used = os.wait4(child.pid, 0)
                child.returncode = os.waitstatus_to_exitcode(status)
        with open(self.path("said"), "rb") as f:
            return child.returncode, used.ru_maxrss * 1024, used.ru_utime + used.ru_stime, f.read()


class Text(HostileTest):
    def delta(self, text):
        fact = {"schema_version": 1, "epoch_ms": 1, "seq": 1, "tenant_id": text, "fingerprint": "f",
                "prefix_hash": "h", "payload_digest": "d", "write_id": "w"}
        return self.write("fact.json", json.dumps(fact).encode())

    def assert_visible(self, out):
        seen = {c for c in out.decode() if unicodedata.category(c) in INVISIBLE and c != "\n"}
        self.assertEqual(seen, set())

    def test_tables_escape_what_is_not_shown(self):
        path = self.delta("".join(invisible()))
        for command in ("show", "replay"):
            out = self.ok(command, path).out
            self.assert_visible(out)
            for c in "\x1b\x9b\u202e\u2066\u200b\u2028\ufeff\U000e0041":
                escaped = "".join(f"\\x{byte:02x}" for byte in c.encode())
                self.assertIn(escaped, out.decode(), repr(c))

    def test_json_escapes_it_and_is_the_same_text(self):
        text = "a" + "".join(invisible()) + "\n\t\"\\é中😀"
        path = self.delta(text)
        for command, find in (("show", lambda j: j[0]["fields"]["tenant_id"]),
                              ("replay", lambda j: j["winners"][0]["tenant_id"])):
            result = self.ok(command, "--json", path)
            self.assert_visible(result.out)
            self.assertEqual(find(result.json), text)
            self.assertIn("é中😀", result.out.decode())

    def test_what_is_shown_stays(self):
        shown = "".join(chr(c) for c in range(0x20, 0x3000)
                        if unicodedata.category(chr(c))[0] in "LMNPS")
        self.assertIn(shown.replace("\\", "\\\\"),
                      self.ok("show", "--json", self.delta(shown)).out.decode().replace('\\"', '"'))
        self.assertIn(shown, self.ok("show", self.delta(shown)).out.decode())

    def test_names(self):
        name = "name\u202egnp.u32"
        self.write(name, b"?")
        result = self.refused("show", self.path(name))
        self.assert_visible(result.out)
        self.assert_visible(result.err)
        self.assertIn(rb"name\xe2\x80\xaegnp.u32", result.err)


class Size(HostileTest):
    def sparse(self, name, beginning, size):
        path = self.write(name, beginning)
        os.truncate(path, size)
        return path

    def test_what_no_format_begins_with_is_not_read(self):
        path = self.sparse("zeros", b"", 3 << 30)
        formats = "kvblock rawtail compressed zstd wal segment manifest delta envelope metavalue"
        for args in ((), *(("--as", f) for f in (formats + " large-manifest").split())):
            for command in ("show", "verify"):
                small = self.write("small", b"\0" * 5000)
                code, peak, _, out = self.measured(command, "--json", *args, path)
                self.assertEqual((code, peak < 32 * MIB), (1, True), (command, args, peak))
                status = json.loads(out)[0]["status"]
                same = self.refused(command, "--json", *args, small).json[0]["status"]
                self.assertEqual(status, same, (command, args))
        self.assertEqual(json.loads(self.measured("show", "--json", path)[3])[0]["bytes"], 3 << 30)

    def test_larger_than_a_format_can_be(self):
        for mark, status in ((b"KVB1", "too-large"), (b"1TTR", "too-large"), (b"{", "too-large"),
                             (b"v001", "trailing-bytes")):
            path = self.sparse("large", mark, (1 << 30) + 1)
            code, peak, _, out = self.measured("verify", "--json", path)
            self.assertEqual((code, json.loads(out)[0]["status"]), (1, status), mark)
            self.assertLess(peak, 32 * MIB)
            os.remove(path)

    def test_a_beginning_of_white_space_may_be_a_document(self):
        fact = (b'{"schema_version":1,"epoch_ms":1,"seq":1,"tenant_id":"t","fingerprint":"f",'
                b'"prefix_hash":"h","payload_digest":"d","write_id":"w"}')
        for path in (self.write("spaces", b" " * 100_000 + fact),
                     self.write("more", fact + b"\n" * 100_000)):
            self.assertEqual(self.ok("verify", "--json", path).json[0]["format"], "delta")

    def test_an_object_in_a_wal_that_is_none(self):
        self.sparse("b/wal/t/00000000000000000001/chunk-n-00000000000000000001.bin", b"", 1 << 30)
        code, peak, _, out = self.measured("wal", "--json", self.path("b"), "--prefix", "wal/t")
        self.assertEqual((code, json.loads(out)["refused"][0]["status"]), (1, "bad-magic"))
        self.assertLess(peak, 32 * MIB)

    def test_identity_files(self):
        path = self.write("lines", b"\n" * 500_000 + b"tenant = a\n" * 2)
        code, _, cpu, _ = self.measured("identity", path)
        self.assertEqual(code, 2)
        self.assertLess(cpu, 2.0)
        self.usage("identity", path, names="line 500002: tenant: it stands on line 500001 already")
        self.refused("identity", self.sparse("large", b"", (1 << 20) + 1), names="too-large")


class Depth(HostileTest):
    def test_folders_that_no_key_can_name(self):
        here = os.open(self.dir, os.O_RDONLY)
        self.addCleanup(os.close, here)
        self.write("b/wal/t/00000000000000000001/chunk-n-00000000000000000001.bin", b"")
        at = os.open(self.path("b/wal/t"), os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("f", dir_fd=at)
            below = os.open("f", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(at)
        code, _, cpu, out = self.measured("wal", "--json", self.path("b"), "--prefix", "wal/t")
        self.assertEqual((code, json.loads(out)["audit"]["total"]), (1, 1))
        self.assertLess(cpu, 2.0)
        subprocess.run(["rm", "-rf", self.path("b")], check=True)


class Names(HostileTest):
    def test_links_are_followed(self):
        for to in ("target", "folder/target", self.path("folder/absolute")):
            os.makedirs(self.path("folder"), exist_ok=True)
            if os.path.lexists(self.path("link")):
                os.remove(self.path("link"))
            os.symlink(to, self.path("link"))
            if not os.path.lexists(self.path("chain")):
                os.symlink("link", self.path("chain"))
            for _ in range(2):  # the target is not there, and is
                self.ok("unwrap", SMALL, "-o", self.path("chain"))
                self.assertTrue(os.path.islink(self.path("link")))
                with open(self.path(to), "rb") as f:
                    self.assertEqual(f.read(), b"small value\n")
        os.symlink("circle", self.path("circle"))
        self.refused("unwrap", SMALL, "-o", self.path("circle"), names="cannot write")
        os.symlink("no/such", self.path("nowhere"))
        self.refused("unwrap", SMALL, "-o", self.path("nowhere"), names="cannot write")

    def test_names_that_the_file_system_takes(self):
        for length in (1, 249, 252, 255):
            self.ok("unwrap", SMALL, "-o", self.path("a" * length))
        self.assertEqual(sorted(map(len, os.listdir(self.dir))), [1, 249, 252, 255])
        self.refused("unwrap", SMALL, "-o", self.path("a" * 256), names="cannot write")


class Many(HostileTest):
    """Keys cost few bytes each, whatever is said of them: a million has to be checked in 128 MiB."""

    def fill(self, folder, count, data, name):
        """Files of one content in folders of 10,000: names of a few that it is written to."""
        for i in range(count):
            if i % 10000 == 0:
                os.makedirs(self.path(folder, "%020d" % (i // 10000)))
                source = self.write("source", data)
            os.link(source, self.path(folder, "%020d" % (i // 10000), name % i))
        return self.path(folder.split("/", 1)[0])

    def peak(self, folder):
        """Peak memory of a check, whose answer goes to "said". A process begins as a copy of the one
        that starts it, and what that one takes counts: here it is a small one."""
        starter = ("import os, sys; os.dup2(os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY), 1); "
                   "_, status, used = os.wait4(os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:]), 0); "
                   "sys.exit(print(os.waitstatus_to_exitcode(status), used.ru_maxrss, "
                   "file=sys.stderr))")
        run = subprocess.run([sys.executable, "-I", "-S", "-c", starter, self.path("said"), TOOL,
                              "check", "--json", folder], capture_output=True, check=True,
                             env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=0"})
        code, peak = run.stderr.split()[-2:]
        return int(code), int(peak) * 1024

    def check(self, data, name, status, rows):
        count = 40000
        _, before = self.peak(self.fill("few/wal/a", 100, data, name))
        code, peak = self.peak(self.fill("many/wal/a", count, data, name))
        seen, last = 0, ""
        with open(self.path("said"), encoding="utf-8") as f:
            for line in f:
                if line.startswith('    {"key": '):
                    self.assertLess(last, line)
                    seen, last = seen + 1, line
        self.assertEqual((code, seen), (status, count if rows else 0))
        spare = 8 * MIB if SANITIZED else 2 * MIB
        self.assertLess(peak - before, 64 * count + spare)

    def test_numbers(self):
        self.check(record(), "chunk-a-node-of-some-length-%020d.bin", 0, False)

    def test_notes(self):
        self.check(b"x", "a-name-that-no-format-has-%040d", 0, True)

    def test_findings(self):
        self.check(b"", "chunk-a-node-of-some-length-%020d.bin", 1, True)


if __name__ == "__main__":
    unittest.main()
