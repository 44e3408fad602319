# SPDX-License-Identifier: Apache-2.0
"""Command lines: help, usage errors, option values, and token files of every bad kind."""
import os
import pty
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import BUCKET, COMMAND, PROMPTS, ToolTest, read

COMMANDS = ["chain", "check", "conformance", "identity", "index", "key", "replay", "resolve", "restore", "reuse",
            "show", "sign", "unwrap", "verify", "wal"]
DS4 = ["--dialect", "ds4", "--fingerprint", "5f1c0a9be2d74c38a6b01e92", "--quant-bits", "2",
       "--block-tokens", "128"]
CORE = ["--dialect", "core", "--tenant", "t", "--fingerprint", "07" * 32, "--block-tokens", "4"]
HASH = "4db8ecd98814a6c5dddfa2f637955a145a6f061a84a410bd0beaad6a1bc25ff0"
PROMPT = os.path.join(PROMPTS, "two_blocks_tail.u32")


class Help(ToolTest):
    def test_every_command_explains_itself(self):
        listed = self.ok("--help").out.decode()
        self.assertEqual(sorted(re.findall(r"^  ([a-z-]+) ", listed, re.M)), COMMANDS)
        for command in COMMANDS:
            with self.subTest(command):
                self.assertIn(f"\n  {command} ", listed)
                text = self.ok(command, "--help").out.decode()
                self.assertTrue(text.startswith(f"Usage: wombatkv {command} "))
                example = text.split("\nExample:\n")[1]
                self.assertRegex(example, rf"^  ([A-Z_]+=\S+ )*wombatkv {command} ")
                self.assertEqual(self.ok("help", command).out.decode(), text)
                self.assertTrue(all(len(line) <= 100 for line in text.splitlines()))

    def test_the_document_names_every_command_and_option(self):
        folder = os.path.dirname(os.path.abspath(__file__))
        with open(os.path.join(folder, "..", "..", "docs", "TOOL.md"), encoding="utf-8") as f:
            document = f.read()
        for command in COMMANDS:
            self.assertRegex(document, rf"\n\| `{command}[ `]")
            usage = self.ok(command, "--help").out.decode()
            for option in re.findall(r"--[a-z0-9][a-z0-9-]+|(?<= )-o(?= )", usage):
                self.assertIn(option, document, command)

    def test_help_wins_over_what_is_missing(self):
        self.ok("chain", "--dialect", "ds4", "--help")

    def test_letters(self):
        self.assertEqual(self.ok("-h").out, self.ok("--help").out)
        self.assertEqual(self.ok("-V").out, self.ok("--version").out)
        for command in COMMANDS:
            self.assertEqual(self.ok(command, "-h").out, self.ok(command, "--help").out)

    def test_no_and_unknown_command(self):
        self.usage()
        self.usage("frobnicate", names="frobnicate")
        self.usage("help", "frobnicate", names="frobnicate")

    def test_version(self):
        self.assertRegex(self.ok("--version").out.decode(), r"^wombatkv \d+\.\d+\.\d+\n$")


class Generated(ToolTest):
    """The manual page and completion say what help says."""

    def options(self, command):
        """As the table of the command has them, by way of fish's completion."""
        found = re.findall(rf"seen_subcommand_from {command}' -([ls]) (\S+)",
                           self.ok("--completion", "fish").out.decode())
        return [("--" if letter == "l" else "-") + name for letter, name in found]

    def test_help_names_every_option(self):
        for command in COMMANDS:
            options = self.options(command)
            self.assertIn("--json", options)
            text = self.ok(command, "--help").out.decode()
            for option in options:
                if option != "--help":
                    self.assertRegex(text, rf"(?<![a-z0-9-]){option}(?![a-z0-9-])", command)

    def test_manual_page(self):
        page = self.write("page.1", self.ok("--man-page").out)
        plain = re.sub(r"\\([-e]|\(aq|\(ga|\(ha|\(ti|&)",
                       lambda m: {"-": "-", "e": "\\", "(aq": "'", "(ga": "`", "(ha": "^",
                                  "(ti": "~", "&": ""}[m[1]], read(page).decode())
        for command in COMMANDS:
            text = self.ok(command, "--help").out.decode()
            for line in text.split("\n", 1)[1].split("\nExample:\n")[0].splitlines():
                self.assertIn(line, plain, command)
        if shutil.which("groff") is None:
            print("# not run here: the manual page is read by groff")
            return
        run = subprocess.run(["groff", "-man", "-ww", "-Tascii", page], capture_output=True,
                             check=True)
        self.assertEqual(run.stderr, b"")
        self.assertIn(b"WOMBATKV(1)", run.stdout)

    def complete(self, *words):
        script = self.write("completion", self.ok("--completion", "bash").out)
        return subprocess.run(
            ["bash", "-c", 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wombatkv; '
             'printf "%s\n" "${COMPREPLY[@]}"', script, *words], capture_output=True, check=True
        ).stdout.decode().split()

    def test_completion(self):
        for command in COMMANDS:
            self.assertIn(command, self.complete("wombatkv", command[:2]))
            self.assertEqual(sorted(self.complete("wombatkv", command, "-")),
                             sorted(self.options(command)))
        self.assertEqual(sorted(self.complete("wombatkv", "help", "res")), ["resolve", "restore"])
        self.assertEqual(self.complete("wombatkv", "check", "--client", ""), ["core", "curl"])
        self.assertEqual(self.complete("wombatkv", "check", ""), [])  # files
        zsh = self.ok("--completion", "zsh").out.decode()
        self.assertTrue(zsh.startswith("#compdef wombatkv\n"))
        for command in COMMANDS:
            self.assertEqual(zsh.count(f"\n    {command})\n"), 1)
        for shell in ("zsh", "fish"):
            if shutil.which(shell) is None:
                print(f"# not run here: {shell} reads its completion")
                continue
            path = self.write("script", self.ok("--completion", shell).out)
            subprocess.run([shell, "-n", path], check=True)

    def test_mistakes(self):
        self.usage("--completion", names="bash, zsh or fish")
        self.usage("--completion", "sh", names="bash, zsh or fish")
        self.usage("--completion", "bash", "x", names="bash, zsh or fish")


class ChainFile(ToolTest):
    TEXT = ("# a comment\n\n dialect = ds4\nfingerprint=5f1c0a9be2d74c38a6b01e92\n"
            "quant_bits\t= 2\r\nblock-tokens = 128\nprefix = kv/cabi\nnamespace = ds4-metal")

    def test_it_says_what_options_say(self):
        path = self.write("a.chain", self.TEXT.encode())
        self.assertEqual(self.ok("chain", "--chain", path, PROMPT).out,
                         self.ok("chain", *DS4, PROMPT).out)
        given = ["resolve", "--json", "--bucket", BUCKET]
        self.assertEqual(self.ok(*given, "--chain", path, PROMPT).json,
                         self.ok(*given, *DS4, "--prefix", "kv/cabi", "--namespace", "ds4-metal",
                                 PROMPT).json)
        # The command line goes before.
        row, = self.ok(*given, "--chain", path, "--namespace", "none", PROMPT).json
        self.assertEqual((row["usable_blocks"], row["exists_up_to"]), (0, "kv/cabi/"))
        self.ok("chain", "--chain", path, "--help")

    def test_options_that_repeat(self):
        path = self.write("b.chain", b"item = 0:1:2\nitem = 3:4:5\nblock_tokens = 4\n")
        both = self.run_tool("chain", "--dialect", "none-such", "--chain", path, PROMPT)
        self.assertIn(b"none-such", both.err)  # the file is read without complaint

    def test_mistakes(self):
        for text, line, words in (("dialect", 1, "no '='"), ("\n\nbucket = x", 3, "'bucket'"),
                                  ("chain = x", 1, "'chain'"), ("json = 1", 1, "'json'"),
                                  ("short-last = ", 1, "'short-last'"), ("x\x1b[ = 1", 1, "no option"),
                                  ("dialect = ds4\ndialect = core", 2, "dialect is there twice")):
            path = self.write("bad.chain", text.encode())
            result = self.usage("chain", "--chain", path, PROMPT, names=f"bad.chain: line {line}: ")
            self.assertIn(words.encode(), result.err)
        self.usage("chain", "--chain", self.path("none"), PROMPT, names="none: ")
        self.usage("chain", "--chain", self.write("nul", b"a\0b"), PROMPT, names="nul: ")
        self.usage("chain", "--chain", self.write("large", b" " * 65537), PROMPT, names="large: ")
        self.usage("chain", "--chain", self.dir, PROMPT, names=self.dir)
        path = self.write("few.chain", b"dialect = ds4\n")
        self.usage("chain", "--chain", path, PROMPT, names="option --block-tokens is needed")


class Options(ToolTest):
    def test_unknown_option(self):
        for command in COMMANDS:
            self.usage(command, "--frobnicate", names="--frobnicate")

    def test_value_missing(self):
        self.usage("chain", PROMPT, "--dialect", names="--dialect")

    def test_value_with_equals_sign_is_explained(self):
        self.assertIn(b"next argument", self.usage("chain", "--dialect=ds4", PROMPT).err)

    def test_twice(self):
        self.usage("chain", *DS4, "--dialect", "ds4", PROMPT, names="--dialect")

    def test_each_chain_option_is_needed(self):
        for options in (DS4, CORE):
            for i in range(0, len(options), 2):
                self.usage("chain", *options[:i], *options[i + 2:], PROMPT, names=options[i])

    def test_options_of_the_other_dialect(self):
        self.usage("chain", *DS4, "--tenant", "t", PROMPT, names="--tenant")
        self.usage("chain", *CORE, "--quant-bits", "2", PROMPT, names="--quant-bits")

    def test_values_are_taken_whatever_they_are(self):
        out = self.ok("key", "block", HASH, "--prefix", "--namespace", "--namespace", "--json")
        self.assertEqual(out.lines, [f"--namespace/--json/wombatkv/v1/block/b3={HASH}"])
        out = self.ok("key", "block", HASH, "--prefix", "-p", "--namespace", "")
        self.assertEqual(out.lines, [f"-p/wombatkv/v1/block/b3={HASH}"])
        out = self.ok("key", "--prefix", "--", "--namespace", "--help", "block", HASH)
        self.assertEqual(out.lines, [f"--/--help/wombatkv/v1/block/b3={HASH}"])
        empty = CORE[:]
        empty[3] = ""
        self.assertEqual(len(self.ok("chain", *empty, PROMPT).lines), 75)

    def test_operands_after_two_dashes(self):
        out = self.ok("key", "parse", "--json", "--", "--prefix", "-x")
        self.assertEqual([row["key"] for row in out.json], ["--prefix", "-x"])

    def test_numbers(self):
        for option, bad in (("--block-tokens", ["", "x", "-128", "+128", "1e2", " 128", "0x80", "0",
                                                "127", "64", "8320", "18446744073709551616"]),
                            ("--quant-bits", ["", "x", "-1", "2147483648"])):
            for value in bad:
                options = DS4[:]
                options[options.index(option) + 1] = value
                with self.subTest(option=option, value=value):
                    self.usage("chain", *options, PROMPT, names=option)
        core = CORE[:-1]
        self.assertEqual(self.ok("chain", *core, "18446744073709551615", PROMPT).lines, [])
        self.usage("chain", *core, "0", PROMPT, names="--block-tokens")

    def test_dialect_and_fingerprint(self):
        self.usage("chain", "--dialect", "vllm", *DS4[2:], PROMPT, names="vllm")
        for bad in ("", "07", "zz" * 32, "07" * 33, "x" * 64):
            self.usage("chain", "--dialect", "core", "--tenant", "t", "--fingerprint", bad,
                       "--block-tokens", "4", PROMPT, names="--fingerprint")
        self.usage("chain", "--dialect", "ds4", "--fingerprint", "", "--quant-bits", "2",
                   "--block-tokens", "128", PROMPT, names="--fingerprint")
        self.usage("chain", "--dialect", "ds4", "--fingerprint", "f" * 128, "--quant-bits", "2",
                   "--block-tokens", "128", PROMPT, names="--fingerprint")
        self.usage("chain", "--dialect", "core", "--tenant", b"\xff", "--fingerprint", "07" * 32,
                   "--block-tokens", "4", PROMPT, names="--tenant")

    def test_operands_are_counted(self):
        self.usage("chain", *DS4)
        self.usage("chain", *DS4, PROMPT, PROMPT)
        for command in ("show", "verify"):
            self.usage(command)
        for given in ([], ["x"]):
            self.usage("reuse", *given, names="reuse: it needs the files HAVE and WANT")

    def test_error_is_one_line_whatever_the_argument(self):
        self.usage("chain", "--a\nb\r\x1b[31mc\u0085")
        self.usage("a\nb")


class Streams(ToolTest):
    """Standard streams that are full, closed or odd, and outputs that are no files."""
    SMALL = os.path.join(BUCKET, "kv/puffer-shm/default/notes/small")

    def run_with(self, *args, close=(), stdout=subprocess.PIPE, limit=None):
        def prepare():
            for fd in close:
                os.close(fd)
            if limit is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        return subprocess.run([*COMMAND, *args], stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, preexec_fn=prepare, timeout=60, check=False)

    def test_standard_output_that_takes_nothing(self):
        commands = (["--help"], ["--version"], ["chain", "--help"], ["help", "chain"],
                    ["chain", *DS4, PROMPT], ["chain", "--json", *DS4, PROMPT],
                    ["verify", PROMPT], ["verify", "--json", PROMPT])
        for args in commands:
            with open("/dev/full", "wb") as full:
                for run in (self.run_with(*args, stdout=full), self.run_with(*args, close=[1])):
                    self.assertEqual((run.returncode, run.stderr.count(b"\n")), (1, 1), args)
                    self.assertIn(b"standard output: ", run.stderr)

    def test_closed_streams(self):
        run = self.run_with("chain", *DS4, "-", close=[0])
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"chain: -: unreadable", run.stderr)
        run = self.run_with("verify", PROMPT, close=[2])
        self.assertEqual((run.returncode, run.stderr), (1, b""))
        out = self.path("out")
        run = self.run_with("unwrap", self.SMALL, "-o", out, close=[0, 1, 2])
        self.assertEqual((run.returncode, read(out)), (1, b"small value\n"))

    def test_a_reader_that_goes_away(self):
        with subprocess.Popen([*COMMAND, "help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
            run.stdout.close()
            self.assertEqual(run.stderr.read(), b"")
            run.stderr.close()

    def test_unwrap_to_standard_output(self):
        run = self.run_with("unwrap", self.SMALL, "-o", "/dev/stdout")
        self.assertEqual((run.returncode, run.stdout), (0, b"small value\n"))
        with open(self.path("there"), "wb") as f:
            f.write(b"> ")
            f.flush()
            run = self.run_with("unwrap", self.SMALL, "-o", "/dev/stdout", stdout=f)
        self.assertEqual((run.returncode, read(self.path("there"))), (0, b"> small value\n"))

    def test_unwrap_to_what_is_no_file(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        got = []
        reader = threading.Thread(target=lambda: got.append(read(pipe)))
        reader.start()
        self.ok("unwrap", self.SMALL, "-o", pipe)
        reader.join()
        self.assertEqual((got, os.path.exists(pipe), os.path.isfile(pipe)),
                         ([b"small value\n"], True, False))
        os.symlink(self.write("file", b"old"), self.path("link"))
        self.ok("unwrap", self.SMALL, "-o", self.path("link"))
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(read(self.path("file")), b"small value\n")
        for out in (self.dir, self.dir + "/", self.path("no/such"), self.path("file/x"), ""):
            err = self.refused("unwrap", self.SMALL, "-o", out, names=f"unwrap: {out}: cannot write: ").err
            self.assertNotIn(b"more)", err)

    def test_full_disk(self):
        block = os.path.join(BUCKET, "kv/cabi/ds4-metal/wombatkv/v1/block", f"b3={HASH}")
        options = ["--bucket", BUCKET, "--prefix", "kv/cabi", "--namespace", "ds4-metal", *DS4]
        old = self.write("old", b"old")
        for out in (self.path("new"), old):
            run = self.run_with("unwrap", block, "-o", out, limit=100_000)
            self.assertEqual(run.returncode, 1)
            self.assertIn(os.fsencode(out), run.stderr)
        for limit in (100, 10_000):  # the plan, or the rows
            run = self.run_with("restore", *options, PROMPT, "-o", self.path("rows"), limit=limit)
            self.assertEqual((run.returncode, run.stderr.count(b"\n")), (1, 1))
            self.assertNotIn(b"wrote", run.stdout)
        self.assertEqual((os.listdir(self.dir), read(old)), (["old"], b"old"))


class Terminal(ToolTest):
    """What differs where standard output or standard error is a terminal."""

    @staticmethod
    def run_in_terminal(stream, args, env):
        """What arrives at a terminal that is the stream named, and the exit status."""
        ours, theirs = pty.openpty()
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL,
                   "stderr": subprocess.DEVNULL, stream: theirs}
        with subprocess.Popen([*COMMAND, *args], env={**os.environ, **env}, **streams) as run:
            os.close(theirs)
            text = b""
            try:
                while part := os.read(ours, 4096):
                    text += part
            except OSError:
                pass  # how Linux says that the other side is closed
            os.close(ours)
        return text, run.returncode

    def test_colours(self):
        path = self.write("text", b"hello")
        for env, coloured in (({"TERM": "xterm", "NO_COLOR": ""}, True),
                              ({"TERM": "xterm", "NO_COLOR": "1"}, False),
                              ({"TERM": "dumb", "NO_COLOR": ""}, False)):
            text, code = self.run_in_terminal("stdout", ["verify", path], env)
            self.assertEqual((b"\x1b[31mbad-magic\x1b[0m" in text, code), (coloured, 1))
            self.assertEqual(b"\x1b" in text, coloured)
            text, _ = self.run_in_terminal("stdout", ["verify", "--json", path], env)
            self.assertNotIn(b"\x1b", text)

    def test_colours_take_no_room(self):
        small = os.path.join(BUCKET, "kv/puffer-shm/default/notes/small")
        commands = (["verify", PROMPT, small, self.path("none")], ["show", PROMPT, small],
                    ["resolve", "--bucket", BUCKET, "--prefix", "kv/cabi", "--namespace",
                     "ds4-metal", *DS4, PROMPT, os.path.join(PROMPTS, "hole.u32")],
                    ["wal", BUCKET, "--prefix", "wal/tenant-a"], ["--help"])
        for args in commands:
            text, _ = self.run_in_terminal("stdout", args, {"TERM": "xterm", "NO_COLOR": ""})
            self.assertIn(b"\x1b[0m", text)
            plain = re.sub(rb"\x1b\[\d+m", b"", text).replace(b"\r\n", b"\n")
            self.assertEqual(plain, self.run_tool(*args).out)

    def test_progress_only_on_a_terminal_and_after_a_second(self):
        slow = self.path("slow")
        os.mkfifo(slow)

        def feed():
            with open(slow, "wb") as f:
                time.sleep(1.3)
                f.write(b"hello")

        args = ["verify", slow, self.write("text", b"hello")]
        feeder = threading.Thread(target=feed)
        feeder.start()
        text, code = self.run_in_terminal("stderr", args, {"TERM": "xterm"})
        feeder.join()
        self.assertEqual(code, 1)
        self.assertRegex(text, rb"^\rverifying \[#+ +\]  50 %\r\x1b\[K"
                               rb"wombatkv verify: [^\r\n]*\r\n$")
        feeder = threading.Thread(target=feed)
        feeder.start()
        self.refused(*args)  # one line on standard error, no more
        feeder.join()
        text, _ = self.run_in_terminal("stderr", ["verify", PROMPT, PROMPT], {"TERM": "xterm"})
        self.assertEqual(text.count(b"\r"), 1)


class TokenFiles(ToolTest):
    def chain(self, path, stdin=b""):
        return self.ok("chain", "--json", *CORE, path, stdin=stdin).json

    def test_text_and_words_say_the_same(self):
        tokens = [0, 1, 4294967295, 7, 8, 9, 10, 11]
        words = self.write("a.u32", b"".join(t.to_bytes(4, "little") for t in tokens))
        text = self.write("a.txt", " \t\r\n".join(map(str, tokens)).encode())
        padded = self.write("b.u32.txt", b"\n\v 0000 01 4294967295\f7 8\n9\n10 11\n\n")
        expected = self.chain(words)
        self.assertEqual((expected["tokens"], len(expected["hashes"])), (8, 2))
        for path in (text, padded):
            self.assertEqual(self.chain(path)["hashes"], expected["hashes"])
        got = self.chain("-", stdin=b"0 1 4294967295 7 8 9 10 11")
        self.assertEqual(got["hashes"], expected["hashes"])

    def test_arrays(self):
        """JSON arrays, as tokenizers print them."""
        for text in ("[0, 1, 4294967295, 7]", " \n[0,1,4294967295,7]\r\n", "[ 0 ,\t1,4294967295 , 7 ]"):
            got = self.chain(self.write("a.json", text.encode()))
            self.assertEqual(got["hashes"], self.chain("-", stdin=b"0 1 4294967295 7")["hashes"])
        for text in (b"[]", b" [ ] \n"):
            self.assertEqual(self.chain("-", stdin=text)["tokens"], 0)
        for text, status in (("[", "bad-number"), ("[1", "bad-syntax"), ("[1,]", "bad-number"),
                             ("[,1]", "bad-number"), ("[1 2]", "bad-syntax"), ("[01]", "bad-number"),
                             ("[-1]", "bad-number"), ("[1.0]", "bad-syntax"), ("[1e1]", "bad-syntax"),
                             ("[4294967296]", "bad-number"), ("[1]]", "trailing-bytes"),
                             ("[1] 2", "trailing-bytes"), ('["1"]', "bad-number"),
                             ("[[1]]", "bad-number"), ("[1\0]", "bad-syntax")):
            self.refuse("-", status, text.encode())

    def test_no_tokens(self):
        for name, data in (("a.u32", b""), ("a.txt", b""), ("b.txt", b" \n\n")):
            got = self.chain(self.write(name, data))
            self.assertEqual((got["tokens"], got["hashes"]), (0, []))
        self.assertEqual(self.chain("-")["tokens"], 0)

    def refuse(self, path, status, stdin=b""):
        got = self.refused("chain", "--json", *CORE, path, names=path, stdin=stdin)
        self.assertEqual((got.json["status"], got.json["hashes"]), (status, []))
        self.assertEqual(self.refused("chain", *CORE, path, stdin=stdin).out, b"")

    def test_missing(self):
        self.refuse(self.path("nothing.u32"), "missing")
        self.refuse(self.path("nothing", "nothing"), "missing")
        self.refuse(os.path.join(self.write("f", b""), "g"), "missing")
        self.refuse("", "missing")

    def test_directory(self):
        self.refuse(self.dir, "unreadable")

    def test_unreadable(self):
        path = self.path("socket")
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
            self.refuse(path, "unreadable")
        if os.geteuid() != 0:
            path = self.write("a.u32", b"")
            os.chmod(path, 0)
            self.refuse(path, "unreadable")

    def test_without_end(self):
        path = self.path("sparse.u32")
        with open(path, "wb") as f:
            f.truncate((4 << 30) + 4)
        self.refuse(path, "too-large")
        got = self.refused("verify", "--json", path, names=path).json
        self.assertEqual(got[0]["status"], "too-large")

    def test_odd_size(self):
        for size in (1, 2, 3, 5):
            self.refuse(self.write(f"{size}.u32", bytes(size)), "bad-length")

    def test_not_decimal(self):
        for i, text in enumerate((b"1 x", b"-1", b"+1", b"1,2", b"1.0", b"0x10", b"1\0",
                                  b"\xef\xbb\xbf1", b"1\xc2\xa02")):
            self.refuse(self.write(f"{i}.txt", text), "bad-text")
        self.refuse("-", "bad-text", stdin=b"one")

    def test_too_large(self):
        for i, text in enumerate((b"4294967296", b"99999999999999999999999999999999999999")):
            self.refuse(self.write(f"{i}.txt", text), "bad-number")

    def test_name_with_control_characters(self):
        path = self.write("a\nb\x1b[0m.txt", b"x")
        got = self.refused("chain", "--json", *CORE, path)
        self.assertEqual(got.json["path"], path)
        path = os.fsencode(self.dir) + b"/\xff.txt"
        got = self.refused("chain", "--json", *CORE, path).json
        self.assertEqual(bytes.fromhex(got["path_hex"]), path)


if __name__ == "__main__":
    unittest.main()
