#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small changes to the library, one at a time: does a suite notice?

    mutate.py [--sample N] [--seed N] [--shard I/N] [--only TEXT] BUILD_DIR   TAP: one test, survivors as #
    mutate.py --count                                      how many there are
    mutate.py --self-test

Without --sample all of them: hours; --shard 0/4 is a quarter, and BUILD_DIR/results.jsonl has what is
done, so that a run goes on where it stopped. --only: sources whose path has the text. A mutant is
compiled with the library's flags; one whose code is the original's is no mutant. The suites of its
module run first, then those of modules that need it, then the module's fuzz corpora; a time above ten
times the usual counts as noticed. The run fails if more than 4 % survive of those that docs/TRUST.md
does not list as meaning the same.
"""
import argparse
import bisect
import collections
import glob
import hashlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "checks"))
from common import ROOT, read_modules, run  # noqa: E402 # pylint: disable=wrong-import-position

MAX_SURVIVORS = 0.04
FLAGS = ["-std=c11", "-O2", "-DNDEBUG", "-ffreestanding", "-ffunction-sections", "-fdata-sections",
         "-fno-common", "-fno-asynchronous-unwind-tables", "-w", "-Iinclude", "-Isrc"]
TEST_FLAGS = ["-std=c11", "-O2", "-DNDEBUG", "-w", "-Iinclude", "-Isrc", "-Isrc/inspect", "-Itests"]
BEGIN, END = "<!-- mutation: begin -->", "<!-- mutation: end -->"

# --- where and what --------------------------------------------------------------------------------

TOKEN = re.compile(r"""
    (?P<skip>\s+ | //[^\n]* | /\*.*?\*/ | (?m:^[ \t]*\#)(?:\\\n|[^\n])*)
  | (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*')
  | (?P<number>(?:0[xX][0-9a-fA-F]+|\d+)[uUlL]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[^\w\s])
""", re.S | re.X)
SWAPS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="],
         "!=": ["=="], "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"], "&": ["|"],
         "|": ["&"], "^": ["|"], "<<": [">>"], ">>": ["<<"], "&&": ["||"], "||": ["&&"],
         "+=": ["-="], "-=": ["+="], "|=": ["="], "&=": ["="], "^=": ["="], "<<=": ["="], ">>=": ["="],
         "++": ["--"], "--": ["++"]}
NO_STATEMENT = {"return", "if", "for", "while", "do", "switch", "case", "default", "break", "continue",
                "goto", "else", "static", "const", "struct", "enum", "typedef", "extern"}
LEFT_OUT = {"WMBT_ASSERT", "WMBT_STATIC_ASSERT", "WMBT_HIDE_POINTER", "_Static_assert", "sizeof"}
MAX_LIST = 8  # longer lists of values are tables

Token = collections.namedtuple("Token", "kind text start end")
Mutant = collections.namedtuple("Mutant", "source start end new")


def tokens_of(text):
    return [Token(match.lastgroup, match[0], match.start(), match.end())
            for match in TOKEN.finditer(text) if match.lastgroup != "skip"]


def closing(tokens, i):
    """The index of what closes the bracket at i."""
    depth = 0
    for k in range(i, len(tokens)):
        depth += tokens[k].text in "([{" and tokens[k].kind == "op"
        depth -= tokens[k].text in ")]}" and tokens[k].kind == "op"
        if depth == 0:
            return k
    return len(tokens) - 1


def is_value(token):
    """True if an operator behind the token has two operands."""
    return token.kind in ("word", "number", "text") and token.text != "return" or token.text in (")", "]")


def statement(tokens, i):
    """The index of the ';' if a statement that can be deleted begins at i."""
    first = tokens[i]
    if tokens[i - 1].text not in (";", "{", "}", ":") or first.text in NO_STATEMENT | LEFT_OUT:
        return None
    star = first.text in ("*", "++", "--")
    if not star and (first.kind != "word" or tokens[i + 1].text not in
                     ("=", ".", "->", "[", "(", "++", "--") and tokens[i + 1].text[-1:] != "="):
        return None
    k = i
    while tokens[k].text != ";":
        if tokens[k].text in ("{", "}"):
            return None
        k = closing(tokens, k) + 1 if tokens[k].text in ("(", "[") else k + 1
    return k


def in_body(tokens):
    """Indices of the tokens in functions, without tables and what is left out."""
    i = 0
    while i < len(tokens):
        if tokens[i].text == "{":
            end = closing(tokens, i)
            if tokens[i - 1].text == ")":
                yield from without_tables(tokens, i + 1, end)
            i = end
        i += 1


def without_tables(tokens, i, end):
    while i < end:
        if tokens[i].text == "{" and tokens[i - 1].text == "=":
            close = closing(tokens, i)
            if sum(token.text == "," for token in tokens[i:close]) >= MAX_LIST:
                i = close
        elif tokens[i].text in LEFT_OUT and tokens[i + 1].text == "(":
            i = closing(tokens, i + 1)
        else:
            yield i
        i += 1


def changes_at(tokens, text, i):
    """(start, end, new) of the changes at a token."""
    token = tokens[i]
    if token.kind == "op":
        if token.text in SWAPS and (is_value(tokens[i - 1]) or token.text in ("++", "--")):
            for new in SWAPS[token.text]:
                yield token.start, token.end, new
    elif token.kind == "number":
        for new in ("+", "-"):
            yield token.start, token.end, f"({token.text} {new} 1)"
    elif token.text in ("if", "while") and tokens[i + 1].text == "(":
        end = tokens[closing(tokens, i + 1)].end
        yield tokens[i + 1].start, end, f"(!{text[tokens[i + 1].start:end]})"
    elif token.text == "return" and tokens[i + 2].text == ";":
        value = tokens[i + 1]
        if value.text in ("true", "false"):
            yield value.start, value.end, "false" if value.text == "true" else "true"
        elif value.text.startswith("WMBT_"):
            yield value.start, value.end, "WMBT_OK" if value.text != "WMBT_OK" else "WMBT_BAD_CHECKSUM"
            if value.text != "WMBT_OK":
                yield value.start, value.end, \
                    "WMBT_BAD_ORDER" if value.text != "WMBT_BAD_ORDER" else "WMBT_BAD_MAGIC"
    stop = statement(tokens, i)
    if stop is not None:
        yield token.start, tokens[stop].start, ""


def mutants_of(source, text):
    tokens = tokens_of(text)
    found = {}
    for i in in_body(tokens):
        for start, end, new in changes_at(tokens, text, i):
            found[(start, end, new)] = None
    return [Mutant(source, *change) for change in sorted(found)]


def text_of(source):
    with open(os.path.join(ROOT, source), encoding="utf-8") as f:
        return f.read()


def mutated_sources(modules):
    """{source: module}: what a build without a machine's kernels has; texts of statuses are no code."""
    return {f"src/{source}": module for module in modules.values() for source in module.sources
            if not re.match(r"hash/(x86|aarch64|riscv)/", source) and "status_name" not in source}


def all_mutants(modules):
    return [mutant for source in mutated_sources(modules) for mutant in mutants_of(source, text_of(source))]


def line_of(mutant):
    """(number, text) of the mutant's line."""
    text = text_of(mutant.source)
    starts = [match.start() for match in re.finditer(r"^", text, re.M)]
    number = bisect.bisect_right(starts, mutant.start)
    return number, text.split("\n")[number - 1].strip()


def row_of(mutant):
    """The first three cells of a row of docs/TRUST.md: neither needs the line's number."""
    old = re.sub(r"\s+", " ", text_of(mutant.source)[mutant.start:mutant.end])
    new = re.sub(r"\s+", " ", mutant.new) or "(deleted)"
    return mutant.source, line_of(mutant)[1], f"{old} -> {new}"


# --- programs --------------------------------------------------------------------------------------

class Work:
    """The objects of the library and the tests, compiled once."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.modules = read_modules()
        self.sources = mutated_sources(self.modules)
        self.data = os.path.join(self.folder, "data")
        self.suites = [name for module in self.modules.values() for name, needs in module.suites.items()
                       if "external" not in needs]
        self.seconds = {}
        self.codes = {}

    def object_of(self, source):
        return os.path.join(self.folder, "objects", source.replace("/", "_")[:-2] + ".o")

    def compile(self, source, flags, out=None):
        out = out or self.object_of(source)
        os.makedirs(os.path.dirname(out), exist_ok=True)
        run("gcc", *flags, "-c", source, "-o", out, cwd=ROOT)
        return out

    def build(self):
        os.makedirs(self.folder, exist_ok=True)
        if not os.path.exists(os.path.join(self.data, "verdicts.stamp")):
            run("sh", "tests/data.sh", self.data, cwd=ROOT)
        with open(os.path.join(self.folder, "suites.h"), "w", encoding="utf-8") as f:
            f.write("".join(f"S({suite})\n" for suite in self.suites))
        library = [self.compile(f"src/{source}", FLAGS) for module in self.modules.values()
                   for source in module.sources]
        support = [os.path.relpath(path, ROOT) for pattern in ("tests/support/*.c", "src/inspect/conformance/*.c")
                   for path in sorted(glob.glob(os.path.join(ROOT, pattern)))]
        bodies = [f"tests/bodies/{suite}.c" for suite in self.suites]
        flags = TEST_FLAGS + ["-I" + self.folder]
        self.library = library
        self.support = [self.compile(source, flags) for source in support]
        self.tests = self.support + [self.compile(source, flags)
                                     for source in bodies + ["tests/mutation/front.c"]]
        self.replay = self.compile("tests/fuzz/replay.c", TEST_FLAGS)
        front = self.link(library, self.tests, "original")
        for suite in self.suites:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            if self.call([front, suite], 600) != 0:
                raise RuntimeError(f"{suite} fails without a change")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            self.seconds[suite] = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def link(self, library, tests, name):
        out = os.path.join(self.folder, name)
        run("gcc", "-o", out, *tests, *library, "-Wl,--gc-sections", cwd=ROOT)
        return out

    def call(self, command, seconds):
        def limits():
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
            resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            return subprocess.run(command, env={**os.environ, "WMBT_TEST_DATA": self.data}, check=False,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, preexec_fn=limits,
                                  timeout=60 * seconds).returncode
        except subprocess.TimeoutExpired:
            return 1

    def suites_for(self, module):
        """Those of the module, then those of modules that need it: quick ones first."""
        users = {module.name}
        grown = True
        while grown:
            more = {other.name for other in self.modules.values() if users & set(other.needs)}
            more |= {user for name in users for user in self.modules[name].part_of}
            grown = not more <= users
            users |= more
        if module.name == "base":
            users = set(self.modules)
        own = [suite for suite in module.suites if suite in self.suites]
        own += [suite for name in module.part_of for suite in self.modules[name].suites if suite in self.suites]
        rest = [suite for name, other in self.modules.items() for suite, needs in other.suites.items()
                if users & {name, *needs} and suite in self.suites and suite not in own]
        return sorted(own, key=self.seconds.get) + sorted(rest, key=self.seconds.get)

    def harnesses_for(self, module):
        names = list(module.fuzz) + [name for user in module.part_of for name in self.modules[user].fuzz]
        return [name for name in names if name != "reader"]  # needs the model

    def code(self, path):
        stripped = path + ".stripped"
        run("objcopy", "--strip-unneeded", "--remove-section=.comment", path, stripped)
        with open(stripped, "rb") as f:
            return hashlib.sha256(f.read()).hexdigest()

    def original_code(self, source):
        """Compiled under the mutants' name, which is in the object."""
        if source not in self.codes:
            self.codes[source] = self.code(self.compile_text(source, text_of(source)))
        return self.codes[source]

    def compile_text(self, source, text):
        changed = os.path.join(self.folder, "mutant.c")
        with open(changed, "w", encoding="utf-8") as f:
            f.write(text)
        return self.compile(changed, FLAGS + ["-I" + os.path.join(ROOT, os.path.dirname(source))],
                            os.path.join(self.folder, "mutant.o"))

    def try_one(self, mutant):
        """killed: by what; survived; same: the same code; invalid: does not compile."""
        text = text_of(mutant.source)
        original = self.original_code(mutant.source)
        try:
            changed = self.compile_text(mutant.source, text[:mutant.start] + mutant.new + text[mutant.end:])
        except RuntimeError:
            return "invalid", ""
        if self.code(changed) == original:
            return "same", ""
        module = self.sources[mutant.source]
        library = [changed if path == self.object_of(mutant.source) else path for path in self.library]
        front = self.link(library, self.tests, "front")
        for suite in self.suites_for(module):
            if self.call([front, suite], 5 + int(10 * self.seconds[suite])) != 0:
                return "killed", suite
        for name in self.harnesses_for(module):
            harness = self.object_of(f"tests/fuzz/fuzz_{name}.c")
            if not os.path.exists(harness):
                self.compile(f"tests/fuzz/fuzz_{name}.c", TEST_FLAGS)
            replay = self.link(library, [harness, self.replay, *self.support], "replay")
            if self.call([replay, os.path.join(ROOT, "tests/fuzz/corpus", name)], 60) != 0:
                return "killed", f"corpus {name}"
        return "survived", ""


# --- runs ------------------------------------------------------------------------------------------

def listed(text):
    """{(source, line, change)} of docs/TRUST.md."""
    if BEGIN not in text:
        return set()
    rows = set()
    for line in text.split(BEGIN)[1].split(END)[0].strip().split("\n")[2:]:
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[3]:
            rows.add(tuple(cell.strip("`") for cell in cells[:3]))
    return rows


def verdict(results, known):
    """(lines, True if too many survive)"""
    tried = [mutant for mutant, (outcome, _) in results if outcome in ("killed", "survived")]
    survivors = [mutant for mutant, (outcome, _) in results if outcome == "survived"]
    fresh = [mutant for mutant in survivors if row_of(mutant) not in known]
    lines = [f"# {len(tried)} mutants, {len(tried) - len(survivors)} noticed, {len(survivors)} not, "
             f"of which {len(survivors) - len(fresh)} mean the same"]
    for mutant in fresh:
        source, line, change = row_of(mutant)
        lines.append(f"# survived: {source}:{line_of(mutant)[0]}: {line}: {change}")
    return lines, len(fresh) > MAX_SURVIVORS * max(len(tried), 1)


def run_all(arguments):
    modules = read_modules()
    chosen = [mutant for mutant in all_mutants(modules) if arguments.only in mutant.source]
    if arguments.sample:
        chosen = random.Random(arguments.seed).sample(chosen, min(arguments.sample, len(chosen)))
    shard, of = map(int, arguments.shard.split("/"))
    chosen = chosen[shard::of]
    work = Work(arguments.build)
    work.build()
    path = os.path.join(work.folder, "results.jsonl")
    done = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            for row in map(json.loads, f):
                done[tuple(row["mutant"] + [row["text"]])] = row["outcome"]
    results = []
    with open(path, "a", encoding="utf-8") as f:
        for mutant in chosen:
            key = tuple(list(mutant) + [line_of(mutant)[1]])
            if key not in done:
                done[key] = work.try_one(mutant)
                f.write(json.dumps({"mutant": mutant, "text": key[-1], "outcome": done[key]}) + "\n")
                f.flush()
            results.append((mutant, done[key]))
    with open(os.path.join(ROOT, "docs", "TRUST.md"), encoding="utf-8") as f:
        lines, bad = verdict(results, listed(f.read()))
    print("\n".join(["1..1", *lines, f"{'not ' * bad}ok 1 - suites notice what is changed"]))
    return 1 if bad else 0


def self_test():
    missed = []
    text = """#include "x.h"
static const int table[] = {1, 2, 3};
static int f(int a, int *p)
{
    static const int t[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    int b = -a;
    WMBT_ASSERT(a < 3);
    if (a < 1 && p) { /* a > 2 */
        *p = a + 1;
        g(a);
        b |= 2;
    }
    return WMBT_FULL;
}
"""
    found = {(text[m.start:m.end], m.new) for m in mutants_of("x.c", text)}
    expected = {("<", "<="), ("<", ">="), ("1", "(1 + 1)"), ("1", "(1 - 1)"), ("&&", "||"),
                ("(a < 1 && p)", "(!(a < 1 && p))"), ("*p = a + 1", ""), ("+", "-"), ("g(a)", ""),
                ("b |= 2", ""), ("|=", "="), ("2", "(2 + 1)"), ("2", "(2 - 1)"), ("WMBT_FULL", "WMBT_OK"),
                ("WMBT_FULL", "WMBT_BAD_ORDER")}
    if found != expected:
        missed.append(f"wrong: {sorted(found ^ expected)}")
    modules = read_modules()
    one = all_mutants(modules)
    if len(one) < 1000 or random.Random(1).sample(one, 5) != random.Random(1).sample(all_mutants(modules), 5):
        missed.append(f"{len(one)} mutants, or other ones each time")
    with tempfile.TemporaryDirectory():
        results = [(mutant, ("killed", "x")) for mutant in one[:95]] \
            + [(mutant, ("survived", "")) for mutant in one[95:100]]
        cells = [" | ".join(f"`{cell}`".replace("|", "\\|") for cell in row_of(mutant)) for mutant in one[95:97]]
        table = f"{BEGIN}\n| a |\n|---|\n" + "".join(f"| {row} | why |\n" for row in cells) + END
        if not verdict(results, set())[1] or verdict(results, listed(table))[1]:
            missed.append("5 survivors of 100, of which two are known")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--only", default="")
    parser.add_argument("build", nargs="?")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit("\n".join(self_test()) or 0)
    if arguments.count:
        counted = collections.Counter(mutant.source for mutant in all_mutants(read_modules()))
        print("\n".join(f"{n:6} {source}" for source, n in sorted(counted.items())), sum(counted.values()))
        sys.exit(0)
    if not arguments.build:
        parser.error("BUILD_DIR")
    sys.exit(run_all(arguments))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
