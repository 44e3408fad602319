#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small changes to the library, one at a time: does a suite notice?

    mutate.py [--sample N] [--seed N] [--shard I/N] [--only TEXT] [-j N] BUILD_DIR [MORE...]
                                          TAP: one test, survivors as #
    mutate.py --quick BUILD_DIR [...]     quick cases only
    mutate.py --again BUILD_DIR [...]     survivors of earlier runs once more, with all there is
    mutate.py --list BUILD_DIR...         what runs came to, by source, and survivors without a reason
    mutate.py --count                     how many there are
    mutate.py --self-test

Without --sample all of them; --shard 0/4 is a quarter, and BUILD_DIR/results.jsonl has what is done, so
that a run goes on where it stopped; MORE are folders of other shards. --only: sources whose path has a
word of the text, in the words' order.

An object has many mutants of a source, each as a copy of its function, and a number chooses. A copy
whose code is the original's is no mutant. A case that does not come to a function is not run for it; those
that found most so far come first; a time of the CPU above ten times the usual (three, and a second, if
that is less) counts as noticed. Then the module's fuzz corpora and, for the reader, its model. What
survives is compiled as users do (-O2), compared once more, and tried in the other configurations whose source
differs, with their shorter cases, one with sanitizers among them. Code that none has is of other machines: no
mutant.

The run fails if more than 4 % survive of those that survivors.tsv does not list as meaning the same.
"""
import argparse
import collections
import concurrent.futures
import functools
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
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from mutants import (ROOT, function_of, functions_of, line_of, mutants_of,  # noqa: E402
                     text_of, with_marks, with_mutants)  # pylint: disable=wrong-import-position
from common import fresh, read_modules, run  # noqa: E402 # pylint: disable=wrong-import-order,wrong-import-position

MAX_SURVIVORS = 0.04
FLAGS = ["-std=c11", "-DNDEBUG", "-ffreestanding", "-ffunction-sections", "-fdata-sections",
         "-fno-common", "-fno-asynchronous-unwind-tables", "-w", "-Iinclude", "-Isrc"]
TEST_FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-DNDEBUG", "-w", "-Iinclude", "-Isrc", "-Isrc/inspect", "-Itests",
              "-Itests/mutation"]
# What is not set is a pattern, which MSan's build of the same suites would refuse to read.
MUTANT_FLAGS = FLAGS + ["-O1", "-ftrivial-auto-var-init=pattern", "-fno-jump-tables", "-fno-tree-switch-conversion"]
# What is chosen when the library is configured.
SMALL = ["-DWMBT_CFG_BLAKE3_KERNEL=1", "-DWMBT_CFG_CRC32C_KERNEL=1", "-DWMBT_CFG_SHA256_KERNEL=1",
         "-DWMBT_CFG_XXH_KERNEL=1", "-DWMBT_CFG_ZSTD_FAST=0", "-DWMBT_CFG_EXPERIMENTAL_MODEL_KEYS=1",
         "-DWMBT_PREFETCHES=0", "-DWMBT_WIDE_REGISTERS=0"]
SANITIZED = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CONFIGURATIONS = {  # name: flags
    "default": [], "sanitized": SANITIZED, "small": SMALL + SANITIZED,
    # Of other machines: nothing that is x86-64's. An index that can be stopped at every load and store.
    "table": ["-DWMBT_CFG_CRC32C_KERNEL=2", "-DWMBT_CFG_BLAKE3_KERNEL=2", "-U__SSE2__",
              "-DWMBT_BLAKE3_RUN=wmbt_blake3_run_portable",
              f'-DWMBT_CONFIG_FILE="{ROOT}/tests/index/steps_config.h"'] + SANITIZED}
if " avx2 " in text_of("/proc/cpuinfo"):
    # What gives a machine's kernels their work.
    CONFIGURATIONS["machine"] = ["-march=x86-64-v3"]
BATCH_BYTES = 1000000
QUICK_SECONDS = 0.3
MAX_OTHERS_SECONDS = 4.0  # for cases of other modules
MAX_CASE_SECONDS = 2.0  # but in the first configuration
READER = ["tests/reader/stock.c"]
MODEL = READER + ["tests/reader/model.c", "tests/reader/calls.c", "tests/reader/drive.c"]
STEPS = {"index_steps": (["tests/index/steps.c"], ["16"])}
PROGRAMS = {  # name: (sources, arguments)
    "reader_model": (MODEL + ["tests/reader/model_main.c"], ["1500"]),
    "reader_engine": (READER + ["tests/reader/lives.c"], ["3000"]),
}


def mutated_sources(modules):
    """{source: module}: what a build without a machine's kernels has; texts of statuses are no code."""
    return {f"src/{source}": module for module in modules.values() for source in module.sources
            if not re.search(r"/(x86|aarch64|riscv)/", source) and "status_name" not in source}


def all_mutants(modules):
    return [mutant for source in mutated_sources(modules) for mutant in mutants_of(source, text_of(source))]


def row_of(mutant):
    """The first three cells of a row of survivors.tsv: none needs the line's number."""
    old = re.sub(r"\s+", " ", text_of(mutant.source)[mutant.start:mutant.end])
    new = re.sub(r"\s+", " ", mutant.new) or "(deleted)"
    return mutant.source, line_of(mutant)[1], f"{old} -> {new}"


@functools.lru_cache(maxsize=None)
def parsed(source):
    return functions_of(text_of(source))


def label_of(source, i):
    """A function's name, and which it is where each branch of an #if has one of that name."""
    names = [f.name.text for f in parsed(source)]
    return f"{source}:{names[i]}" + f"#{names[:i].count(names[i])}" * (names.count(names[i]) > 1)


def key_of(mutant):
    """What a result is remembered under: it stays when other functions of the source change."""
    f = parsed(mutant.source)[function_of(parsed(mutant.source), mutant)]
    body = text_of(mutant.source)[f.start:f.end]
    return [mutant.source, hashlib.sha256(body.encode()).hexdigest()[:16], mutant.start - f.start,
            mutant.end - f.start, mutant.new]


# --- programs --------------------------------------------------------------------------------------

def limits():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def no_core():
    """The same for what maps terabytes for its shadow."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@functools.lru_cache(maxsize=None)
def preprocessed(source, flags):
    """What a configuration makes of a source: one that was tried needs no second trial."""
    return hashlib.sha256(run("gcc", *FLAGS, *flags, "-E", "-P", source, cwd=ROOT).encode()).hexdigest()


class Work:
    """The library and the tests in one configuration, compiled once, and which case comes to what."""

    def __init__(self, folder, data, modules, configuration):
        self.folder = os.path.abspath(folder)
        self.data, self.modules, self.config = data, modules, CONFIGURATIONS[configuration]
        self.environment = {**os.environ, "WMBT_TEST_DATA": self.data, "ASAN_OPTIONS": "detect_leaks=0"}
        self.limits = no_core if SANITIZED[0] in self.config else limits
        self.sources = mutated_sources(modules)
        self.suites = [name for module in modules.values() for name, needs in module.suites.items()
                       if "external" not in needs]
        self.cases, self.reaching, self.harnesses = [], {}, {}
        self.left_out = {}  # source: numbers of functions that are not in this configuration
        self.lock = threading.Lock()

    def object_of(self, source):
        return os.path.join(self.folder, source.replace("/", "_")[:-2] + ".o")

    def compile(self, source, flags, out=None):
        out = out or self.object_of(source)
        if not fresh(out):
            run("gcc", *flags, *self.config, "-MMD", "-c", source, "-o", out, cwd=ROOT)
        return out

    def link(self, objects, out):
        run("gcc", "-no-pie", *self.config, "-o", out, *objects, cwd=ROOT)
        return out

    def build(self):
        os.makedirs(self.folder, exist_ok=True)
        suites = "".join(f"S({suite})\n" for suite in self.suites)
        header = os.path.join(self.folder, "suites.h")
        if not os.path.exists(header) or text_of(header) != suites:
            with open(header, "w", encoding="utf-8") as f:
                f.write(suites)
        flags = TEST_FLAGS + ["-I" + self.folder]
        support = [os.path.relpath(path, ROOT) for pattern in ("tests/support/*.c", "src/inspect/conformance/*.c")
                   for path in sorted(glob.glob(os.path.join(ROOT, pattern)))]
        self.chosen = self.compile("tests/mutation/chosen.c", TEST_FLAGS)
        self.support = [self.compile(source, TEST_FLAGS) for source in support] + [self.chosen]
        self.tests = self.support + [self.compile(f"tests/bodies/{suite}.c", TEST_FLAGS) for suite in self.suites]
        self.tests.append(self.compile("tests/mutation/front.c", flags))
        library = [f"src/{source}" for module in self.modules.values() for source in module.sources]
        self.library = {source: self.compile(source, FLAGS + ["-O2"]) for source in library}
        self.measure()

    def measure(self):
        """What each case costs, and the functions that it comes to: once for a suite, while the library has
        the same functions. (If it calls others since, a mutant may survive that would not.)"""
        names = [(source, i) for source in self.library if source in self.sources
                 for i in range(len(parsed(source)))]
        labels = [label_of(source, i) for source, i in names]
        numbers = {label: name for label, name in zip(labels, names)}
        state, front = hashlib.sha256("\n".join(labels).encode()), None
        for suite in self.suites:
            key = state.copy()
            with open(self.object_of(f"tests/bodies/{suite}.c"), "rb") as f:
                key.update(f.read())
            measured = os.path.join(self.folder, f"cases-{suite}-{key.hexdigest()[:16]}")
            if not os.path.exists(measured):
                front = front or self.marked()
                told = run(front, "measure", suite, env=self.environment, preexec_fn=self.limits)
                told = re.sub(r"(\d+) (?=[\d ]*$)", lambda number: labels[int(number[1])] + " ", told, flags=re.M)
                with open(measured, "w", encoding="utf-8") as f:
                    f.write(told)
            with open(measured, encoding="utf-8") as f:
                for line in f:
                    self.take_measure(line.rstrip("\n"), numbers)

    def leaves_out(self, source, number):
        """True if this configuration has nothing of a function."""
        with self.lock:
            if source not in self.left_out:
                path = os.path.join(self.folder, "there_" + source.replace("/", "_"))
                with open(path, "w", encoding="utf-8") as f:
                    f.write(with_marks(text_of(source), 0))
                told = run("gcc", *FLAGS, *self.config, "-I" + os.path.dirname(source), "-E", "-P", path, cwd=ROOT)
                there = {int(mark) for mark in re.findall(r"wmbt_reached *\[(\d+)\] *=", told)}
                self.left_out[source] = set(range(len(parsed(source)))) - there
        return number in self.left_out[source]

    def marked(self):
        """All suites, with a library whose functions say that they were called."""
        objects, first = [], 0
        for source, plain in self.library.items():
            if source not in self.sources:
                objects.append(plain)
                continue
            path = os.path.join(self.folder, "marked_" + source.replace("/", "_"))
            with open(path, "w", encoding="utf-8") as f:
                f.write(with_marks(text_of(source), first))
            first += len(parsed(source))
            run("gcc", *MUTANT_FLAGS, *self.config, "-I" + os.path.dirname(source), "-c", path, "-o",
                path[:-2] + ".o", cwd=ROOT)
            objects.append(path[:-2] + ".o")
        return self.link([*self.tests, *objects], os.path.join(self.folder, "measure"))

    def take_measure(self, line, numbers):
        suite, name, cost, reached = line.split("\t")
        if cost.startswith("failed"):
            raise RuntimeError(f"{suite}: {name} fails without a change")
        for label in reached.split():
            self.reaching.setdefault(numbers[label], []).append(len(self.cases))
        self.cases.append((suite, int(cost) / 1e6))

    def suites_of(self, source):
        module = self.sources[source]
        return set(module.suites).union(*(self.modules[name].suites for name in module.part_of))

    def programs_for(self, source):
        """{name: (objects, arguments)} of what is run behind the suites."""
        module = self.sources[source]
        found = {}
        for name in list(module.fuzz) + [name for user in module.part_of for name in self.modules[user].fuzz]:
            sources = [f"tests/fuzz/fuzz_{name}.c", "tests/fuzz/replay.c"]
            found[f"corpus {name}"] = (sources + MODEL if name == "reader" else sources,
                                       [os.path.join(ROOT, "tests/fuzz/corpus", name)])
        if module.level in ("reader", "client"):
            found.update(PROGRAMS)
        if module.level == "index" and any("steps_config" in flag for flag in self.config):
            found.update(STEPS)
        compared = ["-DWMBT_FUZZ_LIBZSTD"] if os.path.exists("/usr/include/zstd.h") else []
        with self.lock:
            return {name: ([self.compile(source, TEST_FLAGS + compared) for source in sources] +
                           (["-lzstd"] if compared and name == "corpus zstd" else []), arguments)
                    for name, (sources, arguments) in found.items()}

    @functools.lru_cache(maxsize=None)
    def code(self, source):
        return self.code_of(source, text_of(source))

    def code_of(self, source, text):
        """What -O2 makes of a source, which has no lines' numbers."""
        done = subprocess.run(["gcc", *FLAGS, *self.config, "-O2", "-I" + os.path.dirname(source), "-S", "-o", "-",
                               "-x", "c", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, cwd=ROOT, check=True)
        return hashlib.sha256(done.stdout.encode()).hexdigest()


def refused_by(messages):
    """Numbers of mutants that errors are of. One in a macro is where that is defined, and behind it a note says
    where it was expanded."""
    found = re.findall(r"^mutant-(\d+):\d+:\d+: (?:error|note: in expansion)", messages, re.M)
    return {int(number) for number in found}


class Batch:
    """Mutants of one source in one program."""

    def __init__(self, work, source, mutants, quick):
        self.work, self.source, self.quick = work, source, quick
        self.mutants = dict(enumerate(mutants, 1))
        self.invalid = {}
        self.base = os.path.join(work.folder, source.replace("/", "_")[:-2])
        self.functions = functions_of(text_of(source))
        self.kills = collections.Counter()
        self.front, self.programs, self.codes = None, {}, None

    def compile(self):
        """Leaves out those that the compiler refuses."""
        path, out = self.base + ".all.c", self.base + ".all.o"
        while self.mutants:
            with open(path, "w", encoding="utf-8") as f:
                f.write(with_mutants(text_of(self.source), self.mutants, self.source))
            done = subprocess.run(["gcc", *MUTANT_FLAGS, *self.work.config, "-I" + os.path.dirname(self.source), "-c",
                                   path, "-o", out], stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False)
            if done.returncode == 0:
                break
            refused = refused_by(done.stderr)
            if not refused:
                raise RuntimeError(f"{self.source}: {done.stderr[:2000]}")
            for number in refused & set(self.mutants):
                self.invalid[number] = self.mutants.pop(number)
        library = [path if path != self.work.library[self.source] else out for path in self.work.library.values()]
        self.library = library
        self.front = self.work.link([*self.work.tests, *library], self.base + ".front")

    def same(self, number):
        """True if the copy is the original's machine code; no table is part of that code."""
        if self.codes is None:
            told = run("objdump", "-dr", "--no-show-raw-insn", "--no-addresses", self.base + ".all.o")
            self.codes = dict(re.findall(r"^<(\w+)>:\n(.*?)(?=^$|\Z)", told, re.M | re.S))
        name = self.functions[function_of(self.functions, self.mutants[number])].name.text
        if f"{name}__{number}" not in self.codes:
            return True  # this configuration leaves it out
        codes = [self.codes[f"{name}__{which}"].replace(f"<{name}__{which}+", "<") for which in (number, "is")]
        return codes[0] == codes[1]

    def order(self, mutant):
        """The cases for a mutant with their limits: those that find most in their time first."""
        at = (self.source, function_of(self.functions, mutant))
        own = self.work.suites_of(self.source)

        def worth(i):
            suite, seconds = self.work.cases[i]
            found = self.kills[(at, i)] + self.kills[i] / 5 + (0.05 if suite in own else 0.01)
            return -found / (seconds + 0.0003)
        spent, words = 0.0, []
        for i in sorted(self.work.reaching.get(at, []), key=worth):
            suite, seconds = self.work.cases[i]
            if self.work.config and seconds > MAX_CASE_SECONDS:
                continue
            if suite not in own:
                spent += seconds
                if spent > (QUICK_SECONDS if self.quick else MAX_OTHERS_SECONDS):
                    continue
            if seconds < QUICK_SECONDS or not self.quick:
                words.append(f"{i}:{120 + int(1000 * min(10 * seconds, 3 * seconds + 1))}")
        return words

    def program_says(self, number):
        """The program behind the suites that notices the mutant, or None."""
        for name, (objects, arguments) in self.work.programs_for(self.source).items():
            if name not in self.programs:
                path = f"{self.base}.{name.replace(' ', '_')}"
                self.work.link([*self.work.support, *self.library, *objects], path)
                begin = time.monotonic()
                self.call(path, arguments, 0, 100)
                self.programs[name] = path, time.monotonic() - begin
            path, usual = self.programs[name]
            if self.call(path, arguments, number, 2 + int(10 * usual)) != 0:
                return name
        return None

    def call(self, path, arguments, number, seconds):
        def bounds():
            self.work.limits()
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
        try:
            return subprocess.run([path, *arguments], env={**self.work.environment, "WMBT_MUTANT": str(number)},
                                  check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, preexec_fn=bounds, timeout=600).returncode
        except subprocess.TimeoutExpired:
            return 1

    def survives(self, mutant, number):
        """The same code, noticed by a program, or neither."""
        text = text_of(self.source)
        try:
            if self.work.code_of(self.source, text[:mutant.start] + mutant.new + text[mutant.end:]) \
                    == self.work.code(self.source):
                return "same", ""
        except subprocess.CalledProcessError:
            return "invalid", ""
        name = self.program_says(number)
        return ("killed", name) if name else ("survived", "")

    def run(self):
        """(mutant, outcome, by what) of each."""
        self.compile()
        for mutant in self.invalid.values():
            yield mutant, "invalid", ""
        with subprocess.Popen([self.front, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True, env=self.work.environment,
                              preexec_fn=self.work.limits) as front:
            for number, mutant in self.mutants.items():
                if self.same(number):
                    yield mutant, "same", ""
                    continue
                front.stdin.write(f"{number} {' '.join(self.order(mutant))}\n")
                front.stdin.flush()
                answer = front.stdout.readline().strip()
                if answer == "survived":
                    yield (mutant, *(("survived", "") if self.quick else self.survives(mutant, number)))
                    continue
                case = int(answer)
                self.kills[((self.source, function_of(self.functions, mutant)), case)] += 1
                self.kills[case] += 1
                yield mutant, "killed", self.work.cases[case][0]
            front.stdin.close()
        for path in [self.front, *(path for path, _ in self.programs.values())]:
            os.unlink(path)


# --- runs ------------------------------------------------------------------------------------------

SURVIVORS = os.path.join(ROOT, "tests", "mutation", "survivors.tsv")


@functools.lru_cache(maxsize=None)
def library_text():
    names = glob.glob(os.path.join(ROOT, "src", "**", "*.[ch]"), recursive=True) \
        + glob.glob(os.path.join(ROOT, "include", "wombatkv", "*.h"))
    return "\n".join(text_of(name) for name in sorted(names) if "/inspect/" not in name)


def only_asked_for_zero(change, line):
    """True for a 1 that is 2 instead, in a field that all of the library only sets or compares with 0."""
    found = re.search(r"(?:\.|->)(\w+) = 1;", line)
    if change != "1 -> (1 + 1)" or not found:
        return False
    uses = re.findall(rf"(?:\.|->){found[1]}\b *([^ ;,)]*) *([^ ;,)]*)", library_text())
    return all(what == "=" or what in ("==", "!=") and value in ("0", "0u") for what, value in uses)


def only_longer(change, line, body):
    """True for an array on the stack, or a table, with an element more, whose size nothing asks for."""
    found = re.fullmatch(r"(\w+) -> \(\1 \+ 1\)", change)
    if not found or not re.match(r"(static )?(const )?\w+ \w+\[", line):
        return False
    names = [name for name, size in re.findall(r"(\w+)\[([^]/-]*)\]", line.split("=")[0].split(";")[0])
             if re.search(rf"\b{found[1]}\b", size)]
    return names != [] and not any(re.search(rf"sizeof \(?{name}\b", body) for name in names)


class Listed:
    """What survivors.tsv explains. A cell with "..." matches anything there; a gap explains nothing."""

    def __init__(self, text):
        self.exact, self.patterns = {}, []
        for row in (line.split("\t") for line in text.split("\n") if line and not line.startswith("#")):
            if len(row) != 4 or not row[3].strip():
                raise RuntimeError("survivors.tsv: " + "|".join(row))
            if any("..." in cell for cell in row[:3]):
                self.patterns.append(([re.compile(re.escape(cell).replace(r"\.\.\.", ".*"), re.S) for cell in row[:3]],
                                      row[3]))
            else:
                self.exact[tuple(row[:3])] = row[3]

    def reason(self, mutant):
        """Why the mutant means the same; None if nothing says so."""
        row = row_of(mutant)
        if only_asked_for_zero(row[2], row[1]):
            return "only asked whether it is 0"
        f = parsed(mutant.source)[function_of(parsed(mutant.source), mutant)]
        if only_longer(row[2], row[1], text_of(mutant.source)[f.start:f.end]):
            return "room that nothing uses"
        inside = (f"{mutant.source}:{f.name.text}", *row[1:])
        reason = self.exact.get(row) or self.exact.get(inside) or next(
            (why for cells, why in self.patterns if cells[0].fullmatch(row[0]) or cells[0].fullmatch(inside[0])
             if all(cell.fullmatch(text) for cell, text in zip(cells[1:], row[1:]))), None)
        return None if reason is None or reason.startswith("gap") else reason


def verdict(results, known):
    """(lines, True if too many survive)"""
    tried = [mutant for mutant, (outcome, _) in results if outcome in ("killed", "survived")]
    survivors = [mutant for mutant, (outcome, _) in results if outcome == "survived"]
    fresh_ones = [mutant for mutant in survivors if known.reason(mutant) is None]
    lines = [f"# {len(tried)} mutants, {len(tried) - len(survivors)} noticed, {len(survivors)} not, "
             f"of which {len(survivors) - len(fresh_ones)} mean the same"]
    for mutant in fresh_ones:
        source, line, change = row_of(mutant)
        lines.append(f"# survived: {source}:{line_of(mutant)[0]}: {line}: {change}")
    return lines, len(fresh_ones) > MAX_SURVIVORS * max(len(tried), 1)


def read_results(folders):
    """{key: (outcome, by what)}; the first folder wins, and of its lines the last."""
    done = {}
    for folder in reversed(folders):
        path = os.path.join(folder, "results.jsonl")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                for row in map(json.loads, f):
                    done[tuple(row["mutant"])] = tuple(row["outcome"])
    return done


def batches_of(mutants):
    """Lists of mutants of one source that a compiler takes at once."""
    by_source = collections.defaultdict(list)
    for mutant in mutants:
        by_source[mutant.source].append(mutant)
    for source, chosen in by_source.items():
        functions, batch, size = functions_of(text_of(source)), [], 0
        for mutant in chosen:
            f = functions[function_of(functions, mutant)]
            if batch and size + f.end - f.start > BATCH_BYTES:
                yield source, batch
                batch, size = [], 0
            batch.append(mutant)
            size += f.end - f.start
        yield source, batch


class Runs:
    """Configurations, made when a source needs them."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.folder, exist_ok=True)
        if not os.path.exists(os.path.join(self.data, "verdicts.stamp")):
            run("sh", "tests/data.sh", self.data, cwd=ROOT)
        self.modules, self.works = read_modules(), {}
        self.results = open(os.path.join(self.folder, "results.jsonl"), "a",  # pylint: disable=consider-using-with
                            encoding="utf-8")
        self.lock = threading.Lock()

    def work(self, name):
        with self.lock:
            if name not in self.works:
                self.works[name] = Work(os.path.join(self.folder, name), self.data, self.modules, name)
                self.works[name].build()
            return self.works[name]

    def write(self, mutant, outcome):
        with self.lock:
            self.results.write(json.dumps({"mutant": key_of(mutant), "outcome": outcome}) + "\n")
            self.results.flush()

    def do(self, source, mutants, quick):
        """In each configuration in which a case comes to the function, until one notices; the first
        only if it is to be quick. What all of them leave out is of other targets, and what is the same
        code in one may be of a branch that another has."""
        left, absent, tried = mutants, set(mutants), collections.defaultdict(set)
        alike, survivors = set(), set()
        for name, flags in CONFIGURATIONS.items():
            done = tried[SANITIZED[0] in flags, preprocessed(source, tuple(flags))]
            if done.issuperset(left):
                continue
            work = self.work(name)
            reached = {m for m in left if (source, function_of(parsed(source), m)) in work.reaching}
            some = [m for m in left if m in reached - done]
            absent = {m for m in absent - reached if work.leaves_out(source, function_of(parsed(source), m))}
            over = set()
            for mutant, outcome, by in Batch(work, source, some, quick).run() if some else []:
                if outcome in ("survived", "same") and not quick:
                    (alike if outcome == "same" else survivors).add(mutant)
                else:
                    self.write(mutant, [outcome, by])
                    over.add(mutant)
            left = [m for m in left if m not in over]
            done |= reached
        same = set() if quick else absent | alike - survivors
        for mutant in left:
            self.write(mutant, ["same" if mutant in same else "survived", ""])


def chosen_mutants(arguments):
    words = arguments.only.split() or [""]
    chosen = [mutant for mutant in all_mutants(read_modules()) if any(word in mutant.source for word in words)]
    if arguments.sample:
        chosen = random.Random(arguments.seed).sample(chosen, min(arguments.sample, len(chosen)))
    shard, of = map(int, arguments.shard.split("/"))
    return sorted(chosen[shard::of], key=lambda mutant: [word not in mutant.source for word in words])


def run_all(arguments):
    chosen = chosen_mutants(arguments)
    done = read_results(arguments.build)
    if arguments.again:
        chosen = [mutant for mutant in chosen if done.get(tuple(key_of(mutant)), ("",))[0] == "survived"]
    left = [mutant for mutant in chosen if arguments.again or tuple(key_of(mutant)) not in done]
    if left:
        runs = Runs(arguments.build[0])
        with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
            for _ in pool.map(lambda batch: runs.do(*batch, arguments.quick), list(batches_of(left))):
                pass
        done = read_results(arguments.build)
    with open(SURVIVORS, encoding="utf-8") as f:
        lines, bad = verdict([(mutant, done[tuple(key_of(mutant))]) for mutant in chosen], Listed(f.read()))
    print("\n".join(["1..1", *lines, f"{'not ' * bad}ok 1 - suites notice what is changed"]))
    return 1 if bad else 0


def list_results(folders):
    """By source: mutants, tried, noticed, same, invalid, survivors; then survivors without a reason."""
    done = read_results(folders)
    table, results = collections.defaultdict(collections.Counter), []
    for mutant in all_mutants(read_modules()):
        outcome = done.get(tuple(key_of(mutant)))
        table[mutant.source]["mutants"] += 1
        if outcome:
            table[mutant.source][outcome[0]] += 1
            results.append((mutant, outcome))
    with open(SURVIVORS, encoding="utf-8") as f:
        lines, _ = verdict(results, Listed(f.read()))
    columns = ["mutants", "killed", "same", "invalid", "survived"]
    print("\t".join(["source", *columns]))
    table["all"] = sum(table.values(), collections.Counter())
    for source, row in table.items():
        print("\t".join([source, *(str(row[name]) for name in columns)]))
    print("\n".join(lines))


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
    if refused_by("mutant-1:2:3: error: a\nmutant-2:2:3: warning: b\n"
                  "x.c:1:2: error: c\nmutant-13:4:5: note: in expansion of macro 'M'\n") != {1, 13}:
        missed.append("mutants that are refused")
    labels = [label_of(source, i) for source in mutated_sources(modules) for i in range(len(parsed(source)))]
    if len(set(labels)) != len(labels):
        missed.append("two functions of one label")
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        for folder, outcomes in (first, ("survived", "killed")), (second, ("survived",)):
            with open(os.path.join(folder, "results.jsonl"), "w", encoding="utf-8") as f:
                f.writelines(json.dumps({"mutant": ["x.c"], "outcome": [what, ""]}) + "\n" for what in outcomes)
        if read_results([first, second]) != {("x.c",): ("killed", "")}:
            missed.append("what was found out last")
    results = [(mutant, ("killed", "x")) for mutant in one[:95]] \
        + [(mutant, ("survived", "")) for mutant in one[95:100]]
    rows = ["\t".join([*row_of(mutant), "why"]) for mutant in one[95:97]]
    table = "# what\n" + "\n".join(rows) + "\n"
    if not verdict(results, Listed(""))[1] or verdict(results, Listed(table))[1]:
        missed.append("5 survivors of 100, of which two are known")
    if not verdict(results, Listed(table.replace("why", "gap: none yet")))[1]:
        missed.append("gaps that count as explained")
    if not only_asked_for_zero("1 -> (1 + 1)", "slot->unsure = 1;") \
            or only_asked_for_zero("1 -> (1 + 1)", "x->depth = 1;") \
            or only_asked_for_zero("1 -> (1 - 1)", "slot->unsure = 1;"):
        missed.append("what is only asked whether it is 0")
    if not only_longer("8 -> (8 + 1)", "uint8_t seed[8];", "x = sizeof other;") \
            or only_longer("8 -> (8 + 1)", "uint8_t seed[8];", "x = sizeof seed;") \
            or only_longer("8 -> (8 - 1)", "uint8_t seed[8];", "") \
            or only_longer("4u -> (4u + 1)", "uint8_t seed[BYTES / 4u];", "") \
            or only_longer("8 -> (8 + 1)", "uint32_t h[1][8];", "") \
            or only_longer("8 -> (8 + 1)", "x = seed[8];", ""):
        missed.append("what is only longer")
    if verdict(results, Listed(f"{one[95].source}\t...\t... -> ...\twhy\n"))[1]:
        missed.append("a pattern that matches nothing")
    return missed + self_test_of_copies()


COPIES = """
static int twice(const int values[2], int (*more)(int))
{
    return values[0] + more(values[1]);
}
static int same(int a) { return a; }
void put(int *to)
{
    const int values[2] = {3, 4};
    *to = twice(values, same);
}
"""


def self_test_of_copies():
    """Each number is the change that it stands for, and 0 the original."""
    mutants = dict(enumerate(mutants_of("copies.c", COPIES), 1))
    text = with_mutants(COPIES, mutants, "copies.c") + """
#include <stdio.h>
#include <stdlib.h>
unsigned wmbt_mutant; unsigned char *wmbt_reached;
int main(int argc, char **argv)
{
    int n = 0;
    wmbt_mutant = (unsigned)atoi(argv[argc - 1]);
    put(&n);
    printf("%d", n);
}
"""
    expected = {("+", "-"): "-1", ("*to = twice(values, same)", ""): "0", ("3", "(3 + 1)"): "8"}
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "copies.c")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        run("gcc", "-w", "-o", path[:-2], path)
        if run(path[:-2], "0") != "7":
            missed.append("the original among its mutants")
        seen = {(COPIES[m.start:m.end], m.new): run(path[:-2], str(number)) for number, m in mutants.items()}
    if any(seen.get(change) != value for change, value in expected.items()):
        missed.append(f"copies: {seen}")
    if [f.arguments for f in functions_of(COPIES)] != [["values", "more"], ["a"], ["to"]]:
        missed.append("arguments' names")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--only", default="")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count())
    parser.add_argument("build", nargs="*")
    arguments = parser.parse_args()
    if arguments.self_test:
        sys.exit("\n".join(self_test()) or 0)
    if arguments.count:
        counted = collections.Counter(mutant.source for mutant in all_mutants(read_modules()))
        print("\n".join(f"{n:6} {source}" for source, n in sorted(counted.items())), sum(counted.values()))
        sys.exit(0)
    if not arguments.build:
        parser.error("BUILD_DIR")
    sys.exit(list_results(arguments.build) if arguments.list else run_all(arguments))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
