#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What documents and comments point at is there: links and their anchors, sections that are named in
quotes after a document, names of the library, paths."""
import glob
import os
import re
import sys

from common import ROOT, main

TEXTS = ["README.md", "cross/README.md", "tests/README.md", "docs/*.md"]
CODE = ["include/wombatkv/*.h", "src/**/*.[ch]", "tests/**/*.[ch]", "tests/**/*.py", "tests/**/*.sh"]
# Their names are held against what is built by the gates that write them.
TABLES = {"docs/COMPLEXITY.md", "docs/STACK.md", "docs/SIZES.md", "docs/COUNTS.md"}
# Of its tables of names, what the first column has is gone: no alias is kept.
CHANGELOG = "docs/CHANGELOG.md"
# Names that stand for any: of rules, and of variables that are not C.
STAND_INS = {"wmbt_x_init", "WMBT_X_BYTES", "WMBT_CFG_X"}
STAND_IN_PATH = re.compile(r"/(\w+_)?x(\.\w+|/?)$")


def files(root, patterns):
    """{path: text}"""
    found = {}
    for pattern in patterns:
        for path in glob.glob(os.path.join(root, pattern), recursive=True):
            with open(path, encoding="utf-8") as f:
                found[os.path.relpath(path, root)] = f.read()
    return found


def headings(text):
    return re.findall(r"^#+ (.*)$", text, re.M)


def anchor(heading):
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(root, path, texts):
    for link in re.findall(r"\]\(([^)\s]+)\)", texts[path]):
        if "://" in link:
            continue
        name, _, wanted = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(os.path.join(root, target)):
            yield f"{path}: no {link}"
        elif wanted and wanted not in map(anchor, headings(texts.get(target, ""))):
            yield f"{path}: no section {link}"


def references(path, text, texts):
    """docs/X.md, "Section": a section's name, or its beginning."""
    plain = re.sub(r"\s*\n[ *#/]*", " ", text)
    for name, section in re.findall(r'\b([A-Z]+\.md)\)?(?:, "([^"]+)")?', plain):
        document = texts.get("docs/" + name, texts.get(name))
        if document is None:
            yield f"{path}: no {name}"
        elif section and not any(heading.startswith(section) for heading in headings(document)) \
                and f"**{section}" not in document:
            yield f"{path}: {name} has no '{section}'"


def old_names(text):
    """The names of the first column of tables that begin with | was | is |."""
    found, inside = set(), False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        inside = cells[1:3] == ["was", "is"] or (inside and line.startswith("|"))
        if inside:
            found |= set(re.findall(r"\b(?:wmbt|WMBT)_\w+\b(?!\.)", cells[1]))
    return found


def problems_in(root):
    texts, code = files(root, TEXTS), files(root, CODE)
    known = "".join(code.values())
    for path, text in texts.items():
        yield from links(root, path, texts)
        gone = old_names(text) if path == CHANGELOG else set()
        for name in sorted(gone):
            if re.search(rf"\b{name}\b", known):
                yield f"{path}: {name} is still there"
        for name in sorted(set(re.findall(r"\b(?:wmbt|WMBT)_\w+", text)) - STAND_INS - gone):
            if name.rstrip("_") not in known and path not in TABLES:
                yield f"{path}: no {name}"
        for name in sorted(set(re.findall(r"`((?:tests|src|cross|include|docs)/[\w./-]+)`", text))):
            if not STAND_IN_PATH.search(name) and not os.path.exists(os.path.join(root, name)):
                yield f"{path}: no {name}"
    for path, text in {**texts, **code}.items():
        if not path.endswith("checks/docs.py"):
            yield from references(path, text, texts)


def check(_):
    return list(problems_in(ROOT))


PLANTED = "[a](docs/B.md#a-section) [b](#there) `src/a.c` wmbt_a() WMBT_CFG_X docs/B.md, \"A sec\"\n## There\n"
BAD = {"[c](docs/C.md)": "no docs/C.md", "[c](docs/B.md#b)": "no section", "`src/b.c`": "no src/b.c",
       "wmbt_b()": "no wmbt_b", "docs/B.md, \"B\"": "has no 'B'", "docs/C.md": "no C.md"}


def self_test(folder):
    def write(path, text):
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
            f.write(text)

    write("docs/B.md", "# A section\n")
    write("src/a.c", "/* docs/B.md, \"A\n * section\" */ void wmbt_a(void);\n")
    write("README.md", PLANTED)
    missed = list(problems_in(folder))
    for text, want in BAD.items():
        write("README.md", PLANTED + text + "\n")
        if not any(want in problem for problem in problems_in(folder)):
            missed.append(f"not caught: {text}")
    write("README.md", PLANTED)
    write(CHANGELOG, "| was | is |\n|---|---|\n| `wmbt_z` | `wmbt_a` |\n")
    missed += list(problems_in(folder))
    write(CHANGELOG, "| was | is |\n|---|---|\n| `wmbt_a` | `wmbt_b` |\n")
    if len(list(problems_in(folder))) != 2:
        missed.append("not caught: an old name that is there, a new one that is not")
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
