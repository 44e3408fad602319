#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""src/modules.ini, the table of modules, against the tree: modules.py BUILD_DIR compares, --update
BUILD_DIR writes what follows from it into config.h, wombatkv.h, meson_options.txt and DESIGN.md."""
import glob
import os
import re
import shutil
import sys
import textwrap

from common import LEVELS, ROOT, main, read_modules

KEYS = {"level", "headers", "needs", "sources", "suites", "fuzz", "part_of"}
# What a suite or a harness may need that is no module.
OPTIONS = {"writers", "status_names", "experimental_model_keys", "external", "reader_tokens",
           "reader_collect", "reader_bound"}
HOW = "python3 tests/checks/modules.py --update BUILD_DIR"
CONFIG, ALL, CHOICES, DESIGN = ("include/wombatkv/config.h", "include/wombatkv/wombatkv.h",
                                "meson_options.txt", "docs/DESIGN.md")


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8") as f:
        return f.read()


def below(root, pattern):
    found = glob.glob(os.path.join(root, pattern), recursive=True)
    return sorted(os.path.relpath(path, root) for path in found)


def and_list(words):
    return " and ".join([", ".join(words[:-1])] * (len(words) > 1) + words[-1:])


def filled(first, rest, needed):
    """The words of a condition in lines that begin so."""
    words, lines = needed.split(" && "), [first]
    for i, word in enumerate(words):
        word += " &&" if i + 1 < len(words) else ""
        if len(lines[-1] + word) > 98:
            lines.append(rest)
        lines[-1] += ("" if lines[-1].endswith(" ") else " ") + word
    return lines


def rule(module):
    """What config.h says of a module's switch and needs, as clang-format leaves it."""
    switch = f"WMBT_CFG_{module.name.upper()}"
    text = f'#if !WMBT_IS_SWITCH_({switch})\n#    error "{switch} is 0 or 1"\n'
    names = [name for name, option in module.needs.items() if option is None]
    optional = "".join(f"#elif {switch} && WMBT_CFG_{option.upper()} && !WMBT_CFG_{name.upper()}\n"
                       f'#    error "{module.name} needs {name} for {option}"\n'
                       for name, option in module.needs.items() if option is not None)
    if not names:
        return text + optional + "#endif\n"
    needed = " && ".join("WMBT_CFG_" + name.upper() for name in names)
    needed = f"!({needed})" if len(names) > 1 else "!" + needed
    lines = [f"#elif {switch} && {needed}"]
    if len(lines[0]) > 100:
        first = f"#elif {switch} &&"
        lines = min([first] + filled("    ", "      ", needed), filled(first + " ", " " * (len(first) + 3), needed),
                    key=len)
        width = max(map(len, lines[:-1]))
        lines = [line.ljust(width) + " \\" for line in lines[:-1]] + lines[-1:]
    return text + "\n".join(lines) + f'\n#    error "{module.name} needs {and_list(names)}"\n' \
        + optional + "#endif\n"


def written(root, modules):
    """{file: its text with the parts that follow from the table}"""
    own = [module for module in modules.values() if module.has_switch()]
    switches = ""
    for level in LEVELS:
        names = [module.name.upper() for module in own if module.level == level]
        if names:
            switches += f"/* {level} */\n" + "".join(
                f"#ifndef WMBT_CFG_{name}\n#    define WMBT_CFG_{name} 1\n#endif\n"
                for name in names) + "\n"
    texts = {CONFIG: replaced(read(root, CONFIG), r"/\* hash \*/\n", switches,
                              r"/\* --- choices -")}
    texts[CONFIG] = replaced(texts[CONFIG], r"(?<=/\* Modules. \*/\n)",
                             "".join(map(rule, own)),
                             r"\n/\* --- the compiler:")
    headers = sorted(header for module in modules.values() for header in module.headers)
    texts[ALL] = replaced(read(root, ALL), r"(?<=WOMBATKV_WOMBATKV_H\n\n)(?=#include)",
                          "".join(f'#include "wombatkv/{header}.h"\n' for header in headers),
                          r"\n#endif")
    choices = textwrap.fill("choices: ['all', " + ", ".join(f"'{module.name}'" for module in own) + "],",
                            100, initial_indent="  ", subsequent_indent="    ")
    texts[CHOICES] = replaced(read(root, CHOICES), r"  choices: \['(all|blake3)'", choices + "\n",
                              "  value: \\['all'\\],\n  description: 'Modules to build")
    text = read(root, DESIGN)
    for level in LEVELS:
        names = [header for module in modules.values() if module.level == level
                 for header in module.headers]
        if names:
            text = re.sub(rf"^\| {level} \| `[^`]*` \|", f"| {level} | `{' '.join(names)}` |", text,
                          flags=re.M)
    return {**texts, DESIGN: text}


def replaced(text, begin, new, end):
    """The text with `new` from where `begin` is found up to where `end` is found next."""
    first = re.search(begin, text)
    last = re.compile(end).search(text, first.start()) if first else None
    if not last:
        raise RuntimeError(f"no {begin} with {end} behind it")
    return text[:first.start()] + new + text[last.start():]


def table_problems(modules):
    """What is wrong with the table alone."""
    seen, highest = [], 0
    for module in modules.values():
        for key in sorted(module.keys - KEYS):
            yield f"[{module.name}]: no key {key}"
        if module.level not in LEVELS:
            yield f"[{module.name}]: no level {module.level}"
        elif LEVELS.index(module.level) < highest:
            yield f"[{module.name}]: stands behind a module of a higher level"
        else:
            highest = LEVELS.index(module.level)
        seen.append(module)
        names = [known.name for known in seen if known.has_switch()]
        for need, option in module.needs.items():
            if need not in names or need == module.name:
                yield f"[{module.name}]: needs {need}, which is no module that stands before it"
            if option not in OPTIONS | {None}:
                yield f"[{module.name}]: needs {need} with {option}, which is no option"
        for user in module.part_of:
            if user not in modules or not modules[user].has_switch():
                yield f"[{module.name}]: is part of {user}, which is no module"
        for name, needs in [*module.suites.items(), *module.fuzz.items()]:
            for need in needs:
                if need not in OPTIONS and need not in modules:
                    yield f"[{module.name}]: {name} needs {need}, which is no module"


def compare_lists(what, listed, there):
    for name in sorted(set(listed) - set(there)):
        yield f"src/modules.ini: no {what} {name}"
    for name in sorted(set(there) - set(listed)):
        yield f"{what} {name} is not in src/modules.ini"
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"src/modules.ini: {what} {name} stands there twice"


def tree_problems(root, modules):
    """What the table and the files have not in common."""
    def listed(key, form):
        return [form.format(name) for module in modules.values() for name in getattr(module, key)]
    yield from compare_lists("header", listed("headers", "include/wombatkv/{}.h")
                             + ["include/wombatkv/wombatkv.h"], below(root, "include/wombatkv/*.h"))
    yield from compare_lists("source", listed("sources", "src/{}"),
                             [name for name in below(root, "src/**/*.c")
                              if not name.startswith("src/inspect/")])
    bodies = below(root, "tests/bodies/*.c")
    yield from compare_lists("suite", listed("suites", "tests/bodies/{}.c"), bodies)
    for name in bodies:
        if f"\nWMBT_SUITE({os.path.basename(name)[:-2]}, " not in read(root, name):
            yield f"{name}: defines no suite of its name"
    yield from compare_lists("harness", listed("fuzz", "tests/fuzz/fuzz_{}.c"),
                             below(root, "tests/fuzz/fuzz_*.c"))
    entered = read(root, "tests/meson.build")
    for name in below(root, "tests/*/meson.build"):
        if f"'{name.split('/')[1]}'" not in entered:
            yield f"{name}: tests/meson.build does not enter its folder"
    for module in modules.values():
        switches = [f"WMBT_CFG_{name.upper()}" for name in module.part_of or [module.name]]
        for source in module.sources if module.name != "base" else []:
            path = os.path.join(root, "src", source)
            if not source.startswith(module.level + "/"):
                yield f"src/{source}: [{module.name}] is of level {module.level}"
            elif os.path.exists(path) and not any(re.search(rf"#\s*if .*\b{switch}\b", read(root, path))
                                                  for switch in switches):
                yield f"src/{source}: does not ask for {switches[0]}"


def problems_in(root):
    modules = read_modules(root)
    problems = list(table_problems(modules)) + list(tree_problems(root, modules))
    if not problems:
        problems += [f"{name}: not what src/modules.ini says: {HOW}"
                    for name, text in written(root, modules).items() if text != read(root, name)]
    return problems


def check(_):
    return problems_in(ROOT)


def update(_):
    for name, text in written(ROOT, read_modules()).items():
        with open(os.path.join(ROOT, name), "w", encoding="utf-8") as f:
            f.write(text)
    return problems_in(ROOT)


# What must be said, the file that is changed, which text goes and what comes.
PLANTED = [
    ("no key sorces", "src/modules.ini", "sources = hash/fnv1a.c", "sorces = hash/fnv1a.c"),
    ("no level hush", "src/modules.ini", "level = hash", "level = hush"),
    ("behind a module of a higher", "src/modules.ini", "level = wire", "level = base"),
    ("needs fnv1b, which is no module", "src/modules.ini", "needs = fnv1a", "needs = fnv1b"),
    ("needs facts, which is no module that stands before", "src/modules.ini", "needs = fnv1a",
     "needs = facts"),
    ("with reader_coins, which is no option", "src/modules.ini", "chain:reader_tokens",
     "chain:reader_coins"),
    ("config.h: not what", CONFIG, "&& WMBT_CFG_READER_TOKENS &&", "&&"),
    ("part of manifset", "src/modules.ini", "part_of = manifest", "part_of = manifset"),
    ("store needs chian", "src/modules.ini", "store:chain", "store:chian"),
    ("suite tests/bodies/fnv1a.c is not in", "src/modules.ini", "suites = fnv1a\n", "\n"),
    ("suite tests/bodies/fnv1a.c stands there twice", "src/modules.ini", "suites = sha256",
     "suites = sha256 fnv1a"),
    ("no suite tests/bodies/fnv1b.c", "src/modules.ini", "suites = fnv1a", "suites = fnv1b"),
    ("fnv1a.c: defines no suite", "tests/bodies/fnv1a.c", "WMBT_SUITE(fnv1a", "WMBT_SUITE(fnv1b"),
    ("harness tests/fuzz/fuzz_wal.c is not in", "src/modules.ini", "fuzz = wal", "fuzz ="),
    ("source src/hash/fnv1a.c is not in", "src/modules.ini", "hash/fnv1a.c", ""),
    ("header include/wombatkv/wal.h is not in", "src/modules.ini", "headers = wal", "headers ="),
    ("is of level format", "src/modules.ini", "[wal]\nlevel = format\nheaders = wal\nneeds = fnv1a\n"
     "sources =", "[wal]\nlevel = format\nheaders = wal\nneeds = fnv1a\nsources = hash/fnv1a.c"),
    ("does not ask for WMBT_CFG_FNV1A", "src/hash/fnv1a.c", "WMBT_CFG_FNV1A", "1"),
    ("kernels/meson.build: tests/meson.build does not", "tests/meson.build", "'kernels'", "'kernel'"),
    ("config.h: not what", CONFIG, "#ifndef WMBT_CFG_WAL\n", "#ifndef WMBT_CFG_LAW\n"),
    ("config.h: not what", CONFIG, "wal needs fnv1a", "wal needs sha256"),
    ("wombatkv.h: not what", ALL, '#include "wombatkv/wal.h"\n', ""),
    ("meson_options.txt: not what", CHOICES, "'wal'", "'law'"),
    ("DESIGN.md: not what", DESIGN, "`envelope", "`letter"),
]


def self_test(folder):
    root = os.path.join(folder, "tree")
    names = set(below(ROOT, "src/**/*.c")) | set(below(ROOT, "include/wombatkv/*.h")) \
        | set(below(ROOT, "tests/meson.build")) | set(below(ROOT, "tests/*/meson.build")) \
        | set(below(ROOT, "tests/bodies/*.c")) | set(below(ROOT, "tests/fuzz/*.c")) \
        | {"src/modules.ini", CHOICES, DESIGN}
    for name in names:
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        shutil.copy(os.path.join(ROOT, name), os.path.join(root, name))
    missed = [f"false alarm: {problem}" for problem in problems_in(root)]
    for want, name, old, new in PLANTED:
        text = read(root, name)
        if old not in text:
            missed.append(f"nothing to plant in {name}: {old!r}")
            continue
        with open(os.path.join(root, name), "w", encoding="utf-8") as f:
            f.write(text.replace(old, new, 1))
        found = problems_in(root)
        if not any(want in problem for problem in found):
            missed.append(f"not caught: {want}: {found}")
        shutil.copy(os.path.join(ROOT, name), os.path.join(root, name))
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test, update)
