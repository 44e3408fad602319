#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What other people's tools say of the text: clang-format, codespell, shellcheck, pyflakes, pmccabe;
and whether tests use every public function and macro with arguments. Prints TAP; --update writes the
table of the most complex functions, docs/COMPLEXITY.md: lint.py BUILD_DIR"""
import os
import re
import subprocess
import sys

from common import ROOT, main, public_functions, tracked

MAX_COMPLEXITY = 18
WORST = 10
DOCUMENT = os.path.join("docs", "COMPLEXITY.md")
HEAD = f"""# Complexity

The {WORST} functions of src/ with the highest cyclomatic complexity, counted by pmccabe (a switch's cases
count each). None may be above {MAX_COMPLEXITY}. After an intended change:
`python3 tests/checks/lint.py --update build`.

| function | | complexity | lines |
|---|---|---:|---:|
"""
# Words that are no mistakes: terms, and parts of inputs that are wrong on purpose.
WORDS = "crate,hart,statics,want's,nulll,ot,boun,te,fo,ans,inout,siz"
NO_TEXT = re.compile(r"\.(xz|bin|u32|gz)$|^tests/(fuzz/(corpus|regressions)|vectors)/|^LICENSE$")
# Macros that no test of C can use alone.
OF_THE_COMPILER = {"WMBT_STATIC_ASSERT"}


def lines_of(root, command, names):
    """What a tool prints about files, one line each; a tool that fails silently says its status."""
    if not names:
        return []
    done = subprocess.run(command + names, cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    lines = done.stdout.splitlines()
    return lines if lines or done.returncode == 0 else [f"{command[0]}: status {done.returncode}"]


def ending(root, *ends):
    return [name for name in tracked(root) if name.endswith(ends)]


def layout(root):
    lines = lines_of(root, ["clang-format-19", "--dry-run", "-Werror"], ending(root, ".c", ".h"))
    return sorted({re.sub(r":\d+:\d+: error: code .*", ": is not as clang-format-19 -i leaves it", line)
                   for line in lines if ": error: " in line or ": status " in line})


def spelling(root):
    names = [name for name in tracked(root) if not NO_TEXT.search(name)]
    return lines_of(root, ["codespell", "-L", WORDS], names)


def shell(root):
    names = ending(root, ".sh") + [name for name in tracked(root) if name == ".ci/run"]
    return lines_of(root, ["shellcheck", "-f", "gcc"], names)


def python(root):
    return lines_of(root, ["pyflakes3"], ending(root, ".py"))


def complexities(root):
    """(complexity, lines, function, file), the highest first."""
    found = []
    for line in lines_of(root, ["pmccabe"], [name for name in ending(root, ".c")
                                             if name.startswith("src/")]):
        cells = line.split("\t")
        if len(cells) == 6:
            name, function = re.match(r"(.*)\(\d+\): (.*)", cells[5]).groups()
            found.append((int(cells[0]), int(cells[4]), function, name))
        else:
            raise RuntimeError(line)
    return sorted(found, key=lambda row: (-row[0], row[3], row[2]))


def table(root):
    return HEAD + "".join(f"| `{function}` | {name[4:]} | {number} | {lines} |\n"
                          for number, lines, function, name in complexities(root)[:WORST])


def complexity(root):
    problems = [f"{name}: {function}: complexity {number}"
                for number, _, function, name in complexities(root) if number > MAX_COMPLEXITY]
    path = os.path.join(root, DOCUMENT)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            if f.read() != table(root):
                problems.append(f"{DOCUMENT} is out of date: python3 tests/checks/lint.py --update DIR")
    else:
        problems.append(f"no {DOCUMENT}")
    return problems


def texts(root, folder, *ends):
    found = {}
    for name in ending(root, *ends):
        if name.startswith(folder):
            with open(os.path.join(root, name), encoding="utf-8") as f:
                found[name] = f.read()
    return found


def used(root, functions=None):
    """Public functions and macros with arguments that no test and no example names. Macros that end
    in "_" are steps of others."""
    known = "".join(texts(root, "tests/", ".c", ".h").values())
    names = {name: f"include/wombatkv/{module}.h"
             for module, found in (functions or {}).items() for name in found}
    for path, text in texts(root, "include/", ".h").items():
        for name in re.findall(r"^#\s*define (WMBT_\w+)\(", text, re.M):
            if not name.endswith("_") and name not in OF_THE_COMPILER:
                names[name] = path
    words = set(re.findall(r"\b(?:wmbt|WMBT)_\w+", known))
    return [f"{path}: no test uses {name}" for name, path in sorted(names.items())
            if name not in words]


CHECKS = {"clang-format": layout, "codespell": spelling, "shellcheck": shell, "pyflakes": python,
          "complexity": complexity, "public names are used by tests": used}


def check(_):
    problems = []
    print(f"1..{len(CHECKS)}")
    for number, (name, run) in enumerate(CHECKS.items(), 1):
        found = run(ROOT, public_functions()) if run is used else run(ROOT)
        print(f"{'not ' * bool(found)}ok {number} - {name}")
        problems += [f"# {name}: {line}" for line in found[:40]]
    return problems


def update(_):
    text = table(ROOT)
    with open(os.path.join(ROOT, DOCUMENT), "w", encoding="utf-8") as f:
        f.write(text)
    return []


IFS = "".join(f"    if (a == {i}) {{\n        b++;\n    }}\n" for i in range(MAX_COMPLEXITY))
# What must be said, by which check, of which file.
PLANTED = [
    ("is not as clang-format", layout, "src/a.c", "int  a;\n"),
    ("te" "h ==> the", spelling, "README.md", "te" "h end\n"),
    ("SC2086", shell, "a.sh", "#!/bin/sh\nrm $1\n"),
    ("undefined name", python, "a.py", "print(b)\n"),
    (f"complexity {MAX_COMPLEXITY + 1}", complexity, "src/a.c",
     f"int f(int a)\n{{\n    int b = 0;\n{IFS}    return b;\n}}\n"),
    ("is out of date", complexity, DOCUMENT, HEAD),
    ("no test uses WMBT_Y", used, "include/wombatkv/a.h", "#define WMBT_Y(a) (a)\n"),
    ("no test uses WMBT_Z", used, "include/wombatkv/a.h", "#    define WMBT_Z(a) (a)\n"),
]
CLEAN = {"src/a.c": "int f(int a)\n{\n    return a;\n}\n", "a.sh": "#!/bin/sh\necho a\n",
         "a.py": "print(1)\n", "README.md": "The end.\n", "tests/a.c": "int a = WMBT_X(1);\n",
         "include/wombatkv/a.h": "#define WMBT_X(a) (a)\n#define WMBT_X_STEP_(a) (a)\n"}


def self_test(folder):
    def write(name, text):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(text)
    with open(os.path.join(ROOT, ".clang-format"), encoding="utf-8") as f:
        write(".clang-format", f.read())
    for name, text in CLEAN.items():
        write(name, text)
    write(DOCUMENT, table(folder))
    missed = [f"false alarm: {line}" for run in CHECKS.values() for line in run(folder)]
    for want, run, name, text in PLANTED:
        write(name, text)
        found = run(folder)
        if not any(want in line for line in found):
            missed.append(f"not caught: {want}: {found}")
        write(name, CLEAN.get(name, "") or table(folder))
    if used(folder, {"a": ["wmbt_a"]}) != ["include/wombatkv/a.h: no test uses wmbt_a"]:
        missed.append("not caught: a function that no test uses")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
