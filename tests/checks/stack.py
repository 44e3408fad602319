#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Worst-case stack of every public function, through the call graph that GCC writes. Recursion,
frames of variable size, calls of unknown functions and undeclared indirect calls are errors. The
table is docs/STACK.md: stack.py BUILD_DIR compares, --update BUILD_DIR writes it."""
import os
import re
import sys

import tables
from common import SMALL, Build, compile_all, main, planted, public_functions, target

os.environ["CCACHE_DISABLE"] = "1"  # a compiler cache gives objects back, but no call graphs
# {function: [functions that it may call through a pointer]}
INDIRECT = {"wmbt_compressed_unwrap": ["wmbt_zstd_codec"],  # or a codec of the caller's
            "wmbt_reader_unwrap": ["wmbt_zstd_codec", "wmbt_zstd_codec_step"]}
# {name that the loader resolves: [kernels that it can mean]}, src/hash/x86/dispatch.c and
# src/format/zstd/x86/dispatch.c.
LOADED = {
    "wmbt_crc32c_loaded": ["wmbt_crc32c_avx512", "wmbt_crc32c_avx2", "wmbt_crc32c_sse42",
                           "wmbt_crc32c_slice8"],
    "wmbt_crc32c_shift_loaded": ["wmbt_crc32c_shift_sse42", "wmbt_crc32c_shift_table"],
    "wmbt_crc32c_product_loaded": ["wmbt_crc32c_product_sse42", "wmbt_crc32c_product_steps"],
    "wmbt_blake3_run_loaded": ["wmbt_blake3_run_avx512", "wmbt_blake3_run_avx2",
                               "wmbt_blake3_run_sse41", "wmbt_blake3_run_portable"],
    "wmbt_sha256_loaded": ["wmbt_sha256_shani", "wmbt_sha256_rolled"],
    "wmbt_zstd_sequences_loaded": ["wmbt_zstd_sequences_avx2", "wmbt_zstd_sequences_portable"],
    "wmbt_zstd_one_loaded": ["wmbt_zstd_one_avx2", "wmbt_zstd_one_portable"],
    "wmbt_zstd_many_loaded": ["wmbt_zstd_many_avx2", "wmbt_zstd_many_portable"],
}
# Other engines' dialects: the tables of functions in src/identity/dialects.
ENGINE_CALLS = {"init": ["wmbt_engine_init"], "reset": ["wmbt_engine_reset"],
                "begin_block": ["wmbt_engine_begin", "wmbt_aibrix_begin"],
                "add": ["wmbt_engine_add"], "end_block": ["wmbt_engine_end"],
                "push": ["wmbt_aibrix_push"]}
for call, functions in ENGINE_CALLS.items():
    INDIRECT["wmbt_chain_" + call] = functions
# Where those of a chain, and the unwrapping, are compiled into their callers.
INDIRECT["wmbt_chain_push_many"] = [name for names in ENGINE_CALLS.values() for name in names]
INDIRECT["wmbt_reader_advance"] = INDIRECT["wmbt_reader_unwrap"]
HASHES = ["wmbt_engine_" + name for name in ("sha256", "xxh3", "xxh64", "fnv64", "blake3")]
HASHES.append("wmbt_sglang_wide")
STARTS = [name + "_start" for name in HASHES]
UPDATES = [name + "_update" for name in HASHES]
FINALS = [name + "_final" for name in HASHES if name != "wmbt_engine_xxh3"] \
    + ["wmbt_engine_xxh3_final64", "wmbt_engine_xxh3_final128"]
INDIRECT["wmbt_engine_start"] = STARTS
for name in ("put", "put_parent", "put_le32", "put_le64", "add_le", "add_be"):
    INDIRECT["wmbt_engine_" + name] = UPDATES
for name in ("dynamo_root", "dynamo_chain", "dynamo_finish", "llmd_seed", "llmd_root_fnv",
             "llmd_root_xxh64"):
    INDIRECT["wmbt_" + name] = FINALS
INDIRECT["wmbt_engine_finish"] = FINALS + [
    "wmbt_dynamo_finish", "wmbt_dynamo_finish_lineage", "wmbt_dynamo_finish_lineage_v1_2",
    "wmbt_llmd_finish_sha256"]
INDIRECT["wmbt_engine_check"] = ["wmbt_dialect_check_items"]
INDIRECT["wmbt_engine_bytes"] = ["wmbt_engine_blake3_room"]
INDIRECT["wmbt_engine_init"] = FINALS + ["wmbt_engine_blake3_room"] + ["wmbt_" + name for name in (
    "vllm_root_cbor", "vllm_pickle_root", "sglang_root", "sglang_root_of_events", "dynamo_root",
    "lmcache_root_blake3", "lmcache_root_cbor", "llmd_root_fnv", "llmd_root_xxh64",
    "llmd_root_sha256", "trtllm_root", "aibrix_root")]
INDIRECT["wmbt_engine_take"] = ["wmbt_" + name for name in (
    "vllm_pickle_keep", "vllm_tail_cbor", "vllm_pickle", "sglang_add_pairs", "sglang_add_wide",
    "dynamo_add_slots", "dynamo_tail_sorted", "lmcache_tail_empty", "llmd_tail_maps",
    "llmd_tail_texts", "trtllm_add", "engine_add_le", "engine_add_be", "engine_cbor_tokens",
    "engine_cbor_null")]
INDIRECT["wmbt_engine_begin"] = STARTS + INDIRECT["wmbt_engine_take"] + ["wmbt_" + name for name in (
    "sglang_header_wide", "llmd_header_xxh64", "engine_put_parent", "engine_cbor_begin_bytes",
    "engine_cbor_begin_number")]
WRITERS = ["wmbt_pickle_string", "wmbt_pickle_integer", "wmbt_pickle_mark", "wmbt_cbor_string",
           "wmbt_engine_cbor_integer", "wmbt_cbor_mark"]
for name in ("entry", "entries", "extras", "tail_cbor"):
    INDIRECT["wmbt_vllm_" + name] = WRITERS
# Stack of the compilers' own helpers: they are leaves that save a few registers.
HELPERS = {"__aeabi_uidiv": 16, "__aeabi_uidivmod": 16, "__aeabi_lmul": 24,
           "__gnu_thumb1_case_uqi": 8, "__gnu_thumb1_case_uhi": 8, "__gnu_thumb1_case_sqi": 8,
           "__gnu_thumb1_case_shi": 8}
BUDGETS = [("BLAKE3", ["blake3"], 450),
           ("identity", ["metadata", "chain", "objkey", "reuse", "boundary", "prefix", "plan"], 600),
           ("zstd decoder", ["zstd"], 512),
           ("any call of a reader", ["kvblock", "rawtail", "reader"], 1024)]

SMALL_TARGETS = ["cortex-m0plus", "cortex-m4", "rv32imac", "rv64gc"]
FAST_TARGETS = ["cortex-m4", "rv32imac", "rv64gc", "cortex-a78", "x86-64"]
HEAD = """# Stack

Bytes of stack that the deepest public function of each module needs, with all that it calls:
the frames that GCC states, summed over the call graph by tests/checks/stack.py. No function of the
library recurses, has a frame of variable size or calls through a pointer that is not declared there.
After an intended change: `python3 tests/checks/stack.py --update /tmp/checks`."""


class Graph:
    """The call graph of a build."""

    def __init__(self, build):
        self.frame, self.calls, self.problems = {}, {}, []
        for path in build.objects():
            with open(path[:-2] + ".ci", encoding="utf-8") as f:
                for line in f:
                    self.read(line)
        self.known = {}
        # Static functions have their file before their name.
        self.titles = {title.split(":")[-1]: title for title in self.frame}

    def read(self, line):
        node = re.match(r'node: { title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \(([^)]*)\)', line)
        edge = re.match(r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', line)
        if node:
            self.frame[node[1]] = int(node[2])
            if node[3] not in ("static", "dynamic,bounded"):  # bounded: the number is the bound
                self.problems.append(f"{node[1]}: frame is {node[3]}")
        elif edge:
            self.calls.setdefault(edge[1], set()).add(edge[2])

    def callees(self, name):
        for callee in sorted(self.calls.get(name, ())):
            if callee == "__indirect_call":
                # Of a static function, or of a part or copy that the compiler made, the name.
                short = name.split(":")[-1].split(".")[0]
                if short not in INDIRECT:
                    self.problems.append(f"{name}: undeclared indirect call")
                yield from (self.titles.get(name, name) for name in INDIRECT.get(short, ()))
            elif callee in LOADED and callee not in self.frame:
                yield from LOADED[callee]
            else:
                yield callee

    def worst(self, name, above=()):
        """(bytes, the way down)"""
        if name in above:
            self.problems.append("recursion: " + " > ".join(above + (name,)))
            return 0, [name]
        if name in HELPERS:
            return HELPERS[name], [name]
        if name not in self.frame:
            self.problems.append(f"{above[-1] if above else '?'}: call of unknown {name}")
            return 0, [name]
        if name not in self.known:
            most, way = 0, []
            for callee in self.callees(name):
                below, path = self.worst(callee, above + (name,))
                if below > most or not way:
                    most, way = below, path
            self.known[name] = (self.frame[name] + most, [name] + way)
        return self.known[name]

    def all_problems(self):
        for name in list(self.frame):
            self.worst(name)
        return sorted(set(self.problems))


def per_module(title, intro, builds):
    """(table, problems)"""
    table = tables.Table(title, intro, [build.machine.name for build in builds],
                         "deepest on " + builds[0].machine.name)
    graphs = [Graph(build) for build in builds]
    for module, names in public_functions().items():
        worsts = [max((graph.worst(name) for name in names if name in graph.frame),
                      default=(None, [])) for graph in graphs]
        if any(number is not None for number, _ in worsts):
            way = " > ".join(name.split(":")[-1] for name in worsts[0][1])
            table.add(module, [number for number, _ in worsts], f"`{way}`")
    problems = [f"{build.title}: {problem}" for build, graph in zip(builds, graphs)
                for problem in graph.all_problems()]
    return table, problems


def budget_table(modules):
    columns = [name for name in modules.columns if name in ("cortex-m4", "rv32imac")]
    table = tables.Table("Budgets", "Of the table below, against what was planned.",
                         ["planned"] + columns, "verdict")
    for name, members, budget in BUDGETS:
        rows = [modules.rows[module][0] for module in members if module in modules.rows]
        if rows:
            worst = [max(row[modules.columns.index(column)] or 0 for row in rows)
                     for column in columns]
            over = max(worst) - budget
            table.add(name, [budget] + worst, f"over by {over}" if over > 0 else "kept")
    return table


def measure(base):
    small = [Build(target(name), "gcc", "Os", base, SMALL) for name in SMALL_TARGETS]
    fast = [Build(target(name), "gcc", "O3", base) for name in FAST_TARGETS]
    compile_all(small + fast)
    host = Build(target("x86-64"), "gcc", "O3", base, ["-DWMBT_CFG_DISPATCH=1"])
    compile_all([host])
    loaded = [f"{host.title}, dispatch: {problem}" for problem in Graph(host).all_problems()]
    first, problems = per_module(
        "Small: -Os, small kernels, no writers", "As firmware builds it (cross/README.md).", small)
    second, more = per_module("Fast: -O3, default options", "Kernels and writers as by default.", fast)
    return [budget_table(first), first, second], problems + more + loaded


def check(base):
    found, problems = measure(base)
    grown = tables.check("STACK.md", found, "python3 tests/checks/stack.py --update DIR")
    return problems or (None if grown is None else grown)


def update(base):
    found, problems = measure(base)
    tables.write("STACK.md", HEAD, found)
    return problems


PLANTED = {
    "recursion": "int wmbt_x(int a); int wmbt_y(int a);"
                 "__attribute__((noinline)) int wmbt_y(int a) { return a > 9 ? wmbt_x(a - 1) * 3 : 1; }"
                 "__attribute__((noinline)) int wmbt_x(int a) { return a ? wmbt_y(a) + 1 : 0; }",
    "frame is dynamic": "void wmbt_use(char *p); void wmbt_x(int n);"
                        "void wmbt_x(int n) { char b[n]; wmbt_use(b); wmbt_use(b); }",
    "call of unknown wmbt_use": "void wmbt_use(int a); void wmbt_x(int n); void wmbt_x(int n)"
                                "{ wmbt_use(n); wmbt_use(n + 1); }",
    "undeclared indirect call": "void wmbt_x(void (*f)(int)); void wmbt_x(void (*f)(int))"
                                "{ f(1); f(2); }",
}
DEEP = """void wmbt_leaf(volatile char *p); void wmbt_x(void); void wmbt_y(void);
__attribute__((noinline)) void wmbt_leaf(volatile char *p) { volatile char b[200]; b[0] = *p; *p = b[0]; }
__attribute__((noinline)) void wmbt_y(void) { volatile char b[100]; b[0] = 1; wmbt_leaf(b); b[1] = 1; }
void wmbt_x(void) { volatile char b[400]; b[0] = 1; wmbt_y(); b[1] = 2; }"""


def self_test(folder):
    missed = []
    for want, text in PLANTED.items():
        found = Graph(planted(target("cortex-m4"), "gcc", "O2", folder, text)).all_problems()
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
    graph = Graph(planted(target("cortex-m4"), "gcc", "O2", folder, DEEP))
    depth, way = graph.worst("wmbt_x")
    if not 700 <= depth <= 760 or way != ["wmbt_x", "wmbt_y", "wmbt_leaf"] or graph.all_problems():
        missed.append(f"wrong depth: {depth} {way} {graph.all_problems()}")
    table = tables.Table("T", "", ["a"])
    for name, number in {"one": 101, "two": 105, "four": 1020, "five": 9}.items():
        table.add(name, [number])
    found = list(tables.compare("D", "## T\n| one | 100 |\n| two | 100 |\n| three | 1 |\n"
                                     "| four | 1010 |\n", [table], "how"))
    if [re.search("one|two|three|four|five", text)[0] for text in found] != ["two", "five", "three"]:
        missed.append(f"growth is not seen: {found}")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
