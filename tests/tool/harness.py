# SPDX-License-Identifier: Apache-2.0
"""Runs the tool the way people do: arguments in, exit status and two streams out."""
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import unittest

TOOL = os.environ["WMBT_TOOL"]
# What starts it: in a cross build an emulator.
COMMAND = [*shlex.split(os.environ.get("WMBT_TOOL_WRAPPER", "")), TOOL]
GOLDEN = os.path.join(os.environ["WMBT_TEST_DATA"], "golden")
BUCKET = os.path.join(GOLDEN, "bucket", "bucket")
PROMPTS = os.path.join(GOLDEN, "bucket", "prompts")

# Names that `status` may have: those of wmbt_status_name(), and the tool's own.
STATUSES = set("""ok missing unreadable bad-argument buffer-too-small not-representable truncated
    trailing-bytes bad-magic bad-length bad-count bad-offset bad-order bad-text bad-number
    bad-syntax bad-field bad-end-marker bad-bitstream bad-shape bad-tag too-large too-deep full
    unsupported-version unsupported-algorithm unsupported-window unsupported-dictionary
    unsupported-shape bad-checksum bad-digest wrong-block wrong-model wrong-layout wrong-context
    unknown-context does-not-fit""".split())


def golden(*parts):
    return os.path.join(GOLDEN, *parts)


def rows(*parts):
    """Rows of a table, as lists of cells; comments are left out."""
    with open(golden(*parts), encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def table(*parts):
    """Rows of a table whose first line, or whose line "#columns:", names the columns."""
    with open(golden(*parts), encoding="utf-8") as f:
        lines = [line.rstrip("\n") for line in f]
    heads = [line.split("\t")[1:] for line in lines if line.startswith("#columns:")]
    body = [line.split("\t") for line in lines if not line.startswith("#")]
    head = heads[0] if heads else body.pop(0)
    return [dict(zip(head, row)) for row in body]


def read(path):
    with open(path, "rb") as f:
        return f.read()


def only_object_pairs(pairs):
    """json's hook: a key that occurs twice is a mistake."""
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key occurs twice: {keys}")
    return dict(pairs)


class Result:
    def __init__(self, run):
        self.code = run.returncode
        self.out = run.stdout
        self.err = run.stderr

    @property
    def json(self):
        text = self.out.decode("utf-8")
        return json.loads(text, object_pairs_hook=only_object_pairs)

    @property
    def lines(self):
        return self.out.decode("utf-8").splitlines()


class ToolTest(unittest.TestCase):
    """A test with a directory of its own."""
    maxDiff = 2000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="wombatkv-test-")
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, data):
        path = self.path(name)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, "wb", buffering=0) as f:
            f.write(data)
        return path

    def run_tool(self, *args, stdin=b""):
        args = [os.fsencode(a) if isinstance(a, str) else a for a in args]
        run = subprocess.run([*COMMAND, *args], input=stdin, capture_output=True, timeout=120,
                             check=False)
        result = Result(run)
        self.assertIn(result.code, (0, 1, 2), (args, result.err))
        if result.code == 2:
            self.assertEqual(result.out, b"", args)
        if result.code != 0:
            self.assertEqual(result.err.count(b"\n"), 1, (args, result.err))
            self.assertTrue(result.err.startswith(b"wombatkv"), result.err)
        else:
            self.assertEqual(result.err, b"", args)
        return result

    def ok(self, *args, **more):
        result = self.run_tool(*args, **more)
        self.assertEqual(result.code, 0, (args, result.err))
        return result

    def refused(self, *args, names=None, **more):
        """Exit 1; the line on standard error names the file."""
        result = self.run_tool(*args, **more)
        self.assertEqual(result.code, 1, (args, result.out[:300]))
        if names is not None:
            self.assertIn(os.fsencode(names), result.err)
        return result

    def usage(self, *args, names=None, **more):
        """Exit 2; the line on standard error names the option or argument."""
        result = self.run_tool(*args, **more)
        self.assertEqual(result.code, 2, (args, result.err))
        if names is not None:
            self.assertIn(os.fsencode(names), result.err)
        return result
