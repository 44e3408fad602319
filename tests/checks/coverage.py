#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the unit suites and the corpora of the fuzz harnesses never do in the library: functions that are
not called, branches that are taken one way only, and conditions that never decide alone (MC/DC). It has
to be what docs/TRUST.md lists with a reason, no more and no less.

    coverage.py BUILD_DIR          builds with clang into BUILD_DIR, runs, compares; prints TAP
    coverage.py --update BUILD_DIR   writes the list after a run: rows keep their reasons, new ones say
                                     that no test does it yet, for which there has to be a reason
    coverage.py --self-test

A row of the list names the source, the function and the text of the branch or decision, not its line: a
change elsewhere in the file does not make it stale. A line is executed when the branches before it are
taken, so that it has no row of its own. The build has the portable kernels only: which others run is for
the machine to say (`each kernel`), and what is covered must not depend on it.
"""
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile

from common import ROOT, run

FLAGS = "-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc"
SUITES = {"unit", "fuzz"}
# Programs with the library built once more, for a purpose of their own.
OTHER_BUILDS = {"index_tsan", "index_threads", "index_steps", "doublefetch", "doublefetch_reader", "links"}
NO_REASON = "no test yet"
# Sources for one machine, and the header with WMBT_ASSERT, whose condition is not evaluated here.
OUT = re.compile(r"src/hash/(x86|aarch64|riscv)/|include/wombatkv/config\.h$")
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
TRUST = os.path.join(ROOT, "docs", "TRUST.md")
MIN_LINES, MIN_BRANCHES, MIN_CONDITIONS = 99.4, 99.0, 99.0

Missing = collections.namedtuple("Missing", "source function text what")


def programs(build):
    """[(name, command, environment)] of the tests that count."""
    tests = json.loads(run("meson", "introspect", "--tests", build))
    return [(test["name"], test["cmd"], test["env"]) for test in tests
            if SUITES & {suite.split(":")[-1] for suite in test["suite"]} and test["name"] not in OTHER_BUILDS
            and test["cmd"][0].startswith(build)]


def set_up(build):
    if not os.path.exists(os.path.join(build, "build.ninja")):
        run("meson", "setup", build, "--wipe" if os.path.exists(build) else "-Dinspect=disabled",
            "-Dinspect=disabled", "-Dtests=enabled", "-Dbuildtype=debug", "-Doptimization=1",
            "-Db_lundef=false", "-Ddispatch=disabled", "-Dc_args=" + FLAGS, "-Dc_link_args=-fprofile-instr-generate",
            env={**os.environ, "CC": "clang-19"}, cwd=ROOT)
    run("ninja", "-C", build, "build.ninja")  # the programs of now
    # Names of the programs, and the unpacked test data.
    names = {os.path.relpath(command[0], build) for _, command, _ in programs(build)}
    data = [f"tests/{stamp}.stamp" for stamp in ("golden", "vectors", "verdicts")]
    run("ninja", "-C", build, *sorted(names), *data)


def measure(build):
    """Runs the programs; the names of those that failed."""
    folder = os.path.join(build, "profiles")
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))

    def one(job):
        number, (name, command, environment) = job
        environment = {**os.environ, **environment,
                       "LLVM_PROFILE_FILE": os.path.join(folder, f"{number}.profraw")}
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return name if done.returncode != 0 else None
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [name for name in pool.map(one, enumerate(programs(build))) if name]


def export(build):
    folder = os.path.join(build, "profiles")
    merged = os.path.join(build, "all.profdata")
    run("llvm-profdata-19", "merge", "-o", merged,
        *(os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".profraw")))
    objects = []
    for program in sorted({command[0] for _, command, _ in programs(build)}):
        objects += ["-object", program]
    return json.loads(run("llvm-cov-19", "export", "-skip-expansions", "-instr-profile=" + merged,
                          *objects[1:]))["data"][0]


def within(inner, outer):
    return tuple(outer[:2]) <= tuple(inner[:2]) and tuple(inner[2:4]) <= tuple(outer[2:4])


class Source:
    """A file of the library, whose places are merged over all that include it."""

    def __init__(self, name, text):
        self.name, self.lines = name, text.split("\n")
        self.functions = {}  # (first line, last line, name): calls
        self.branches = {}  # place: [taken, not taken]
        self.decisions = {}  # place: [whether each condition decided alone]
        self.regions = {}  # place: executions

    def text_of(self, place):
        line, column, end_line, end_column = place
        if line == end_line:
            found = self.lines[line - 1][column - 1:end_column - 1]
        else:
            found = " ".join([self.lines[line - 1][column - 1:], *self.lines[line:end_line - 1],
                              self.lines[end_line - 1][:end_column - 1]])
        return re.sub(r"\s+", " ", found).strip()

    def function_at(self, line):
        names = [name for first, last, name in self.functions if first <= line <= last]
        return names[0] if names else "?"

    def missing(self):
        never = set()
        for (first, last, name), calls in self.functions.items():
            if calls == 0:
                never.update(range(first, last + 1))
                yield Missing(self.name, name, "", "never called")
        one_way = set()
        for place, (taken, not_taken) in self.branches.items():
            if place[0] in never or (taken and not_taken):
                continue
            one_way.add(place)
            what = "never reached" if not taken and not not_taken else \
                "never true" if not taken else "never false"
            yield Missing(self.name, self.function_at(place[0]), self.text_of(place), what)
        for place, alone in self.decisions.items():
            if place[0] in never or all(alone) or any(within(branch, place) for branch in one_way):
                continue  # a condition that has one value never decides: said already
            which = ", ".join(str(n) for n, decided in enumerate(alone, 1) if not decided)
            yield Missing(self.name, self.function_at(place[0]), self.text_of(place),
                          f"condition {which} never decides alone")


def sources_of(data, root=ROOT):
    """{name: Source} of what llvm-cov exports."""
    found = {}

    def source(function, file_id):
        name = os.path.relpath(function["filenames"][file_id], root)
        if not name.startswith(("src/", "include/")) or name.startswith("src/inspect/") \
                or OUT.match(name):
            return None
        if name not in found:
            with open(os.path.join(root, name), encoding="utf-8") as f:
                found[name] = Source(name, f.read())
        return found[name]
    for function in data["functions"]:
        regions = function["regions"]
        home = source(function, regions[0][5])
        if home:
            key = (regions[0][0], regions[0][2], re.split("[:;]", function["name"])[-1])
            home.functions[key] = home.functions.get(key, 0) + function["count"]
        for region in regions:
            where = source(function, region[5])
            if where and region[7] == 0:
                key = tuple(region[:4])
                where.regions[key] = where.regions.get(key, 0) + region[4]
        for branch in function["branches"]:
            where = source(function, branch[6])
            # A constant is no branch: nothing is counted although its function ran.
            if where:
                counts = where.branches.setdefault(tuple(branch[:4]), [0, 0])
                counts[0] += branch[4]
                counts[1] += branch[5]
        for record in function.get("mcdc_records", []):
            # A record does not say its file: it is that of the branches in it.
            inside = [branch[6] for branch in function["branches"] if within(branch, record)]
            where = source(function, inside[0]) if inside else None
            if where:
                key = tuple(record[:4])
                old = where.decisions.get(key, [False] * len(record[-1]))
                where.decisions[key] = [a or b for a, b in zip(old, record[-1])]
    return found


def executed(source):
    """{line: whether it ran}: of the innermost region that begins at or encloses it."""
    lines = {}
    for place in sorted(source.regions, key=lambda p: (p[0], p[1], -p[2], -p[3])):
        for line in range(place[0], place[2] + 1):
            begins_here = line != place[0] or source.lines[line - 1][:place[1] - 1].strip(" }") == ""
            if begins_here or line not in lines:
                lines[line] = source.regions[place] != 0
    return lines


def figures(sources):
    """(line, branch and MC/DC coverage in percent)"""
    lines = [ran for source in sources for ran in executed(source).values()]
    branches = [count != 0 for source in sources for counts in source.branches.values() for count in counts]
    alone = [one for source in sources for decision in source.decisions.values() for one in decision]
    return [100.0 * sum(found) / len(found) if found else 100.0 for found in (lines, branches, alone)]


def listed(text):
    """(rows of the list in TRUST.md, problems)"""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        return [], ["docs/TRUST.md: no list of coverage"]
    rows, problems = [], []
    for line in text.split(BEGIN)[1].split(END)[0].strip().split("\n")[2:]:
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) != 5 or not cells[4]:
            problems.append(f"docs/TRUST.md: not source, function, text, what, reason: {line}")
        else:
            rows.append(Missing(*(cell.strip("`") for cell in cells[:4])))
            if cells[4] == NO_REASON:
                problems.append(f"docs/TRUST.md: no test, and no reason for that: {row_of(rows[-1])}")
    return rows, problems


def row_of(missing):
    cells = [f"`{part}`" if part else "" for part in missing[:3]] + [missing.what]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " | "


def compare(found, text):
    rows, problems = listed(text)
    more, less = collections.Counter(found), collections.Counter(rows)
    problems += [f"not tested, and not in docs/TRUST.md: {row_of(row)}" for row in sorted(more - less)]
    problems += [f"docs/TRUST.md: stale, the tests do it: {row_of(row)}" for row in sorted(less - more)]
    return problems


def all_missing(sources):
    return [missing for name in sorted(sources) for missing in sources[name].missing()]


def update(build):
    """Writes the list; rows that stay keep their reasons."""
    with open(TRUST, encoding="utf-8") as f:
        text = f.read()
    reasons = {}
    for line in text.split(BEGIN)[1].split(END)[0].strip().split("\n")[2:]:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        reasons[tuple(cell.strip("`").replace("\\|", "|") for cell in cells[:4])] = cells[4]
    rows = "".join(f"{row_of(row)}{reasons.get(tuple(row), NO_REASON)} |\n"
                   for row in sorted(all_missing(sources_of(export(build)))))
    with open(TRUST, "w", encoding="utf-8") as f:
        f.write(text.split(BEGIN)[0] + BEGIN + "\n| source | function | condition | what | why |\n"
                "|---|---|---|---|---|\n" + rows + END + text.split(END)[1])


def check(build):
    build = os.path.abspath(build)
    set_up(build)
    failed = measure(build)
    sources = sources_of(export(build))
    found = all_missing(sources)
    with open(TRUST, encoding="utf-8") as f:
        text = f.read()
    problems = compare(found, text)
    lines, branches, alone = figures(sources.values())
    problems += [f"the program of {name} fails" for name in failed]
    print("1..1")
    print(f"# lines {lines:.2f} %, branches {branches:.2f} %, MC/DC {alone:.2f} %; {len(found)} exceptions")
    if lines < MIN_LINES or branches < MIN_BRANCHES or alone < MIN_CONDITIONS:
        problems.append(f"less than {MIN_LINES}, {MIN_BRANCHES} and {MIN_CONDITIONS} %")
    print("".join(f"# {problem}\n" for problem in problems) +
          f"{'not ' * bool(problems)}ok 1 - what no test does is what docs/TRUST.md says")
    return 1 if problems else 0


PLANTED = """static int wmbt_a(int x, int y)
{
    if (x > 1 && y > 1) {
        return 1;
    }
    return 0;
}
int wmbt_never(void);
int wmbt_never(void)
{
    return 1;
}
int main(void)
{
    return wmbt_a(2, 2) + wmbt_a(0, 2) - 1;
}
"""


def self_test(folder):
    os.makedirs(os.path.join(folder, "src"))
    with open(os.path.join(folder, "src", "a.c"), "w", encoding="utf-8") as f:
        f.write(PLANTED)
    run("clang-19", *FLAGS.split(), "-o", "a", os.path.join(folder, "src", "a.c"), cwd=folder)
    run("./a", cwd=folder, env={**os.environ, "LLVM_PROFILE_FILE": "a.profraw"})
    run("llvm-profdata-19", "merge", "-o", "a.profdata", "a.profraw", cwd=folder)
    data = json.loads(run("llvm-cov-19", "export", "-skip-expansions", "-instr-profile=a.profdata", "a",
                          cwd=folder))["data"][0]
    sources = sources_of(data, folder)
    found = all_missing(sources)
    expected = [Missing("src/a.c", "wmbt_never", "", "never called"),
                Missing("src/a.c", "wmbt_a", "y > 1", "never false")]
    missed = [] if found == expected else [f"wrong: {found}"]
    good = f"{BEGIN}\n| a | b |\n|---|---|\n" + "".join(row_of(row) + "a reason |\n" for row in found) + END
    missed += compare(found, good)
    for rows, text in ((found + [Missing("src/a.c", "wmbt_a", "x", "never true")], good),
                       (found[1:], good), (found, good.replace("a reason", "")),
                       (found, good.replace("a reason", NO_REASON)), (found, "nothing")):
        if not compare(rows, text):
            missed.append(f"not caught: {rows} with {text}")
    alone = Source("src/a.c", "a && b\n")
    alone.decisions[(1, 1, 1, 7)] = [True, False]
    if [row.what for row in alone.missing()] != ["condition 2 never decides alone"]:
        missed.append(f"conditions: {list(alone.missing())}")
    if not 70.0 < figures(sources.values())[0] < 90.0:
        missed.append(f"lines: {figures(sources.values())}")
    return missed


def main():
    args = sys.argv[1:]
    if args == ["--self-test"]:
        with tempfile.TemporaryDirectory() as folder:
            sys.exit("\n".join(self_test(os.path.realpath(folder))) or 0)
    if len(args) == 2 and args[0] == "--update":
        sys.exit(update(os.path.abspath(args[1])))
    if len(args) != 1:
        sys.exit(__doc__)
    sys.exit(check(args[0]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
