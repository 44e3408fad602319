# SPDX-License-Identifier: Apache-2.0
"""docs/TOOL.md and the examples of --help: all of them run, and print what stands there."""
import os
import shutil
import subprocess
import unittest

import console
from harness import BUCKET, GOLDEN, PROMPTS, TOOL, ToolTest
from test_args import COMMANDS
from test_identity import GOOD

TOOL_MD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "TOOL.md")


class Examples(ToolTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        os.symlink(TOOL, self.path("bin/wombatkv"))
        os.mkdir(self.path("here"))
        os.symlink(BUCKET, self.path("here/bucket"))
        for name in ("vllm_sha256_cbor.tsv", "sglang_hicache.tsv"):
            shutil.copy(os.path.join(GOLDEN, "dialects", name), self.path("here", name))
        self.env = {**os.environ, "LC_ALL": "C",
                    "PATH": self.path("bin") + os.pathsep + os.environ["PATH"]}

    def test_document(self):
        prompt = "two_blocks_tail.u32"
        shutil.copy(os.path.join(PROMPTS, prompt), self.path("here", prompt))
        with open(TOOL_MD, encoding="utf-8") as f:
            text = f.read()
        now = console.document(text, self.path("here"), self.env)
        self.assertEqual(text.splitlines(), now.splitlines())
        for command in COMMANDS:
            self.assertIn(f"wombatkv {command} ", text.split("\n## Examples\n")[1])

    def test_help(self):
        shutil.copy(os.path.join(PROMPTS, "two_blocks_tail.u32"), self.path("here/prompt.u32"))
        for name, left_out in (("deployment", "position"), ("stored", ""), ("mine", "")):
            text = "".join(f"{k} = {v}\n" for k, v in GOOD.items() if k != left_out)
            self.write(f"here/{name}.identity", text.encode())
        for command in COMMANDS:
            example = self.ok(command, "--help").out.decode().split("\nExample:\n")[1]
            run = subprocess.run(["sh", "-c", example], cwd=self.path("here"), env=self.env,
                                 capture_output=True, timeout=60, check=False)
            self.assertEqual((run.returncode, run.stderr), (0, b""), example)
            self.assertNotEqual(run.stdout, b"")


if __name__ == "__main__":
    unittest.main()
