# SPDX-License-Identifier: Apache-2.0
"""Tables of numbers in a document: written, read back, and compared."""
import os
import re

from common import COMPILERS_USED, ROOT, run

# Growth above both is a failure.
GROWTH_PERCENT, GROWTH_LEAST = 1, 4


class Table:
    """Rows of a name, numbers (None is "-") and a text."""

    def __init__(self, title, intro, columns, last_column=None):
        self.title, self.intro, self.columns, self.last = title, intro, columns, last_column
        self.rows = {}

    def add(self, name, numbers, text=""):
        self.rows[name] = (list(numbers), text)

    def lines(self):
        heads = ["", *self.columns] + ([self.last] if self.last else [])
        yield f"## {self.title}\n\n{self.intro}\n"
        yield "| " + " | ".join(heads) + " |"
        yield "|---" + "|---:" * len(self.columns) + ("|---|" if self.last else "|")
        for name, (numbers, text) in self.rows.items():
            cells = [name] + ["-" if n is None else str(n) for n in numbers]
            yield "| " + " | ".join(cells + ([text] if self.last else [])) + " |"
        yield ""


def versions():
    """The compilers that the numbers are of, without a distribution's revision of the package."""
    found = [re.search(r"\) (\d+(?:\.\d+)+)", run(name, "--version")) for name in COMPILERS_USED]
    return ", ".join(f"{name} {match[1]}" for name, match in zip(COMPILERS_USED, found))


def write(document, head, tables):
    path = os.path.join(ROOT, "docs", document)
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{head}\n\nCompilers: {versions()}\n\n")
        f.write("\n".join(line for table in tables for line in table.lines()))
    return []


def read(text):
    """{(title, row): [cells]}"""
    found, title = {}, ""
    for line in text.splitlines():
        if line.startswith("## "):
            title = line[3:]
        elif line.startswith("| ") and not line.startswith("|  |"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            found[title, cells[0]] = cells[1:]
    return found


def compare(document, text, tables, how):
    """What grew, came or went against the committed document."""
    old = read(text)
    for table in tables:
        for name, (numbers, _) in table.rows.items():
            before = old.pop((table.title, name), None)
            if before is None or len(before) < len(numbers):
                yield f"docs/{document}: no row for {name} in '{table.title}'; {how}"
                continue
            for column, was, number in zip(table.columns, before, numbers):
                if number is None:
                    continue
                limit = 0 if was == "-" else int(was) + max(GROWTH_LEAST,
                                                            int(was) * GROWTH_PERCENT // 100)
                if number > limit:
                    yield f"{table.title}: {name}: {column}: {was} grew to {number}; {how}"
    for title, name in old:
        yield f"docs/{document}: '{title}' has a row {name} that is no more; {how}"


def check(document, tables, how):
    path = os.path.join(ROOT, "docs", document)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if versions() not in text:
        print(f"# docs/{document} holds the numbers of other compilers than these: {versions()}")
        return None
    return list(compare(document, text, tables, how))
