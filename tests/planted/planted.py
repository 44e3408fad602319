#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each fault of tests/planted/*.patch in a copy of the tree and runs the command that shows it.

    planted.py [--some N] BUILD_DIR [NAME...]   TAP; NAME: of a patch without .patch
    planted.py --applies                        whether all of them still apply
    planted.py --new NAME TEST [BUILD] FAULT    makes NAME.patch of what `git diff` has; BUILD: build-CPU
    planted.py --self-test

A patch has a header and then what `git diff -U1` prints:

    Fault: what is wrong, in one line
    Test: the test that must fail
    Command: meson test -C build TEST

The command is the quickest that shows it, as it would be typed in a checkout. "build" is a native
build, "build-NAME" one with cross/NAME.txt; a copy has those that commands name. Before anything is
planted each command has to succeed, and with the fault the test it names has to have failed: a copy
that does not build any more shows nothing. --some N: N of them, others with every commit.
"""
import concurrent.futures
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "checks"))
from common import ROOT, tracked  # noqa: E402 # pylint: disable=wrong-import-position
HEADER = re.compile(r"Fault: (?P<fault>.+)\nTest: (?P<test>.+)\nCommand: (?P<command>.+)\n+(?=diff )")
FAILED = {"FAIL", "ERROR", "TIMEOUT"}
SECONDS = 1200  # for building and running on a machine that does other things, too
PATIENCE = "0.4"  # of a test's own time: a fault may be a loop without end


class Fault:
    def __init__(self, path):
        self.path, self.name = path, os.path.basename(path)[:-len(".patch")]
        with open(path, encoding="utf-8") as f:
            match = HEADER.match(f.read())
        if not match:
            raise ValueError(f"{path}: no header of Fault, Test and Command")
        self.fault, self.test, self.command = match["fault"], match["test"], match["command"]
        found = re.search(r"-C (build\S*)", self.command)
        self.build = found[1] if found else None
        with open(path, encoding="utf-8") as f:
            self.files = re.findall(r"^\+\+\+ b/(.*)$", f.read(), re.M)


def faults(names=(), folder=HERE):
    found = [Fault(path) for path in sorted(glob.glob(os.path.join(folder, "*.patch")))]
    missing = set(names) - {fault.name for fault in found}
    if missing:
        raise ValueError(f"no patch {', '.join(sorted(missing))}")
    return [fault for fault in found if not names or fault.name in names]


def call(command, cwd, **more):
    return subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **more)


def git_apply(patch, tree, *options):
    """None, or why the patch does not apply to the tree."""
    done = call(["git", "apply", *options, os.path.abspath(patch)], tree,
                env={**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.abspath(tree))})
    return done.stdout.strip() or "git apply failed" if done.returncode != 0 else None


def does_not_apply(folder=HERE, root=ROOT):
    """A line for each patch that does not apply any more."""
    with tempfile.TemporaryDirectory() as tree:
        for fault in faults(folder=folder):
            for name in fault.files:
                source = os.path.join(root, name)
                if os.path.exists(source) and not os.path.exists(os.path.join(tree, name)):
                    os.makedirs(os.path.dirname(os.path.join(tree, name)) or tree, exist_ok=True)
                    shutil.copy(source, os.path.join(tree, name))
            why = git_apply(fault.path, tree, "--check")
            if why or not fault.files:
                yield f"tests/planted/{fault.name}.patch: {why or 'changes nothing'}"


class Copy:
    """A copy of the tree with its builds."""

    def __init__(self, tree, data):
        self.tree, self.data = tree, data
        self.builds = set()
        self.clean = {}  # command: whether it succeeds without a fault

    def sync(self):
        """The tree as it is here. What did not change keeps its time: builds stay fresh."""
        for name in tracked(ROOT):
            here, there = os.path.join(ROOT, name), os.path.join(self.tree, name)
            os.makedirs(os.path.dirname(there), exist_ok=True)
            with open(here, "rb") as f:
                text = f.read()
            if os.path.exists(there):
                with open(there, "rb") as f:
                    if f.read() == text:
                        continue
            shutil.copyfile(here, there)
            shutil.copymode(here, there)

    def set_up(self, build):
        """None, or what Meson says."""
        if build is None or build in self.builds:
            return None
        self.builds.add(build)
        # Set up again if the options have changed.
        folder, options = os.path.join(self.tree, build), os.path.join(ROOT, "meson_options.txt")
        if os.path.exists(folder + "/build.ninja") \
                and os.path.getmtime(folder + "/options") > os.path.getmtime(options):
            return None
        shutil.rmtree(folder, ignore_errors=True)
        how = ["--cross-file", f"cross/{build[len('build-'):]}.txt"] if build != "build" \
            else ["-Doptimization=1"]
        done = call(["meson", "setup", build, "-Dtests=enabled", "-Dtest_data=" + self.data, *how],
                    self.tree)
        if done.returncode != 0:
            return done.stdout[-2000:]
        with open(folder + "/options", "w", encoding="utf-8"):
            return None

    def run(self, fault):
        """(what became of the named test: OK, FAIL, ... or None; output)"""
        log = os.path.join(self.tree, fault.build or "", "meson-logs", "testlog.json")
        if os.path.exists(log):
            os.remove(log)
        command = shlex.split(fault.command)
        if command[:2] == ["meson", "test"]:
            command += ["--timeout-multiplier", PATIENCE]
        try:
            done = call(command, self.tree, timeout=SECONDS)
        except subprocess.TimeoutExpired as late:
            # A script of its own may hang by the fault.
            return None if fault.build else "TIMEOUT", f"no end within {SECONDS} s:\n{late.stdout}"
        if fault.build is None:
            return "FAIL" if done.returncode else "OK", done.stdout
        result = None
        if os.path.exists(log):
            with open(log, encoding="utf-8") as f:
                for test in map(json.loads, f):
                    if test["name"].rsplit(" / ", 1)[-1] == fault.test:
                        result = test["result"]
        return result, done.stdout

    def try_one(self, fault):
        """None, or why the fault was not shown."""
        wrong = self.set_up(fault.build)
        if wrong:
            return f"{fault.build}: {wrong}"
        if fault.command not in self.clean:
            result, output = self.run(fault)
            self.clean[fault.command] = None if result == "OK" else output[-2000:]
        if self.clean[fault.command] is not None:
            return f"without the fault: {fault.command}:\n{self.clean[fault.command]}"
        wrong = git_apply(fault.path, self.tree)
        if wrong:
            return wrong
        try:
            result, output = self.run(fault)
        finally:
            for name in fault.files:
                shutil.copyfile(os.path.join(ROOT, name), os.path.join(self.tree, name))
        if result in FAILED:
            return None
        return f"{fault.test} did not fail, it is {result}: {fault.command}\n" \
            + (output[-2000:] if result is None else "")


def chosen(found, some):
    """`some` of the faults, others with every commit; all if that is None."""
    if some is None or some >= len(found):
        return found
    commits = call(["git", "rev-list", "--count", "HEAD"], ROOT).stdout.strip()
    start = (int(commits) if commits.isdigit() else 0) * some % len(found)
    return sorted((found + found)[start:start + some], key=lambda fault: fault.name)


def new(name, test, fault, build="build"):
    diff = call(["git", "diff", "-U1", "--", ".", ":!tests/planted"], ROOT).stdout
    if not diff:
        sys.exit("git diff says that nothing is changed")
    command = f"meson test -C {build} {shlex.quote(test)}"
    if os.path.exists(os.path.join(ROOT, "tests", "checks", test + ".py")):
        command = f"python3 -B tests/checks/{test}.py build"  # Meson would build everything
    with open(os.path.join(HERE, name + ".patch"), "w", encoding="utf-8") as f:
        f.write(f"Fault: {fault}\nTest: {test}\nCommand: {command}\n\n{diff}")


def run_all(base, found):
    base = os.path.abspath(base)
    data = os.path.join(base, "data")
    if not os.path.exists(os.path.join(data, "verdicts.stamp")):
        subprocess.run(["sh", os.path.join(ROOT, "tests", "data.sh"), data], check=True)
    # Those with one command are tried in one copy: its programs are built once.
    found = sorted(found, key=lambda fault: (fault.build or "", fault.command, fault.name))
    workers = min(os.cpu_count() or 1, len(found))

    def work(number):
        copy = Copy(os.path.join(base, f"copy{number}"), data)
        copy.sync()
        share = found[number * len(found) // workers:(number + 1) * len(found) // workers]
        return [(fault, copy.try_one(fault)) for fault in share]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        outcomes = [outcome for part in pool.map(work, range(workers)) for outcome in part]
    bad = 0
    print(f"1..{len(outcomes)}")
    for number, (fault, why) in enumerate(outcomes, 1):
        print(f"{'not ' * bool(why)}ok {number} - {fault.name}: {fault.test}")
        if why:
            bad += 1
            print("".join(f"# {line}\n" for line in why.splitlines()), end="")
    return bad


def self_test():
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a.c"), "w", encoding="utf-8") as f:
            f.write("int a;\nint b;\nint c;\n")

        def plant(text):
            with open(os.path.join(folder, "x.patch"), "w", encoding="utf-8") as f:
                f.write(text)
            try:
                return list(does_not_apply(folder, folder))
            except ValueError as error:
                return [str(error)]
        header = "Fault: a\nTest: t\nCommand: meson test -C build t\n\n"
        good = header + "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,3 @@\n int a;\n" \
            "-int b;\n+int d;\n int c;\n"
        missed += plant(good)
        for bad in (good.replace("-int b", "-int e"), good.replace("Test: t\n", ""),
                    good.replace("a/a.c", "a/b.c").replace("b/a.c", "b/b.c"), header + "diff\n"):
            if not plant(bad):
                missed.append(f"not caught: {bad}")
    names = [fault.name for fault in chosen(faults(), 5)]
    if len(faults()) > 5 and len(set(names)) != 5:
        missed.append(f"--some 5 chose {names}")
    return missed


def main():
    args = sys.argv[1:]
    some = None
    if args[:1] == ["--some"]:
        some, args = int(args[1]), args[2:]
    if args == ["--self-test"]:
        sys.exit("\n".join(self_test()) or 0)
    if args == ["--applies"]:
        sys.exit("\n".join(does_not_apply()) or 0)
    if args[:1] == ["--new"] and len(args) in (4, 5):
        return new(args[1], args[2], args[-1], *args[3:-1])
    if not args or args[0].startswith("-"):
        sys.exit(__doc__)
    return sys.exit(1 if run_all(args[0], chosen(faults(args[1:]), some)) else 0)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
