# SPDX-License-Identifier: Apache-2.0
"""What the gates share: the targets, read from cross/*.txt, and compiling the library for them."""
import concurrent.futures
import configparser
import glob
import hashlib
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FREESTANDING = ["-std=c11", "-ffreestanding", "-ffunction-sections", "-fdata-sections", "-fno-common",
                "-fno-asynchronous-unwind-tables", "-DNDEBUG"]
COMPILERS_USED = ["gcc", "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "aarch64-linux-gnu-gcc"]
SKIPPED = 77  # what meson calls a skipped test
OPTIMISATIONS = ["Os", "O2", "O3"]
COMPILERS = ["gcc", "clang"]
# The library as small firmware builds it.
SMALL = ["-DWMBT_CFG_BLAKE3_KERNEL=1", "-DWMBT_CFG_CRC32C_KERNEL=1", "-DWMBT_CFG_STATUS_NAMES=0",
         "-DWMBT_CFG_WRITERS=0", "-DWMBT_CFG_READER_BOUND=0"]


class Target:
    """A machine and its compilers."""

    def __init__(self, name, cross_file=None):
        self.name = name
        self.gcc, self.clang = ["gcc"], ["clang-19"]
        self.binutils, self.linker_args = "", []
        if cross_file:
            values = read_constants(os.path.join(ROOT, "cross", cross_file))
            self.gcc = [values["gcc"]] + values["cpu_args"]
            self.clang = ["clang-19", "--target=" + values["clang_target"]] + values["cpu_args"]
            self.binutils = values["gcc"][:-len("gcc")]
            if values["clang_target"].startswith("riscv32"):
                self.linker_args = ["-m", "elf32lriscv"]

    def compiler(self, which):
        return self.gcc if which == "gcc" else self.clang

    def tool(self, name):
        return self.binutils + name


def read_constants(*paths):
    """The section [constants] of cross files, the later ones over the first: expressions that Python
    understands, too."""
    parser = configparser.ConfigParser(interpolation=None)
    for path in paths:
        with open(path, encoding="utf-8") as f:
            parser.read_file(f)
    values = {}
    for name, text in parser["constants"].items():
        values[name] = eval(text, {}, values)  # pylint: disable=eval-used
    return values


TARGETS = [Target("x86-64"), Target("cortex-a78", "cortex-a78.txt"),
           Target("cortex-m0plus", "cortex-m0plus.txt"), Target("cortex-m4", "cortex-m4.txt"),
           Target("cortex-m33", "cortex-m33.txt"), Target("cortex-r5", "cortex-r5.txt"),
           Target("rv32imac", "rv32imac.txt"), Target("rv64gc", "rv64gc.txt")]


def target(name):
    return next(t for t in TARGETS if t.name == name)


def run(*command, **more):
    """The output of a command; ends the gate if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, check=False, **more)
    if done.returncode != 0:
        raise RuntimeError(" ".join(command) + "\n" + done.stdout[-2000:] + done.stderr)
    return done.stdout


LEVELS = ["base", "hash", "identity", "format", "wire", "index", "reader", "client"]


class Module:
    """A stanza of src/modules.ini. Suites and harnesses are {name: [what it needs besides]}; what a
    module needs is {name: the option with which it does, or None}."""

    def __init__(self, name, row):
        def words(key):
            return row.get(key, "").split()
        self.name, self.level, self.keys = name, row.get("level", ""), set(row)
        self.headers, self.sources = words("headers"), words("sources")
        self.needs = {word.split(":")[0]: (word.split(":") + [None])[1] for word in words("needs")}
        self.part_of = words("part_of")
        self.suites, self.fuzz = ({word.split(":")[0]: word.split(":")[1].split(",") if ":" in word else []
                                   for word in words(key)} for key in ("suites", "fuzz"))

    def has_switch(self):
        return self.name != "base" and not self.part_of


def read_modules(root=ROOT):
    """{name: Module} in the order of src/modules.ini."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=["="], comment_prefixes=["#"])
    with open(os.path.join(root, "src", "modules.ini"), encoding="utf-8") as f:
        parser.read_file(f)
    return {name: Module(name, parser[name]) for name in parser.sections()}


def tracked(root=ROOT):
    """The files of the tree, without what is built: those that git has, if it is a checkout's root."""
    if os.path.exists(os.path.join(root, ".git")):
        names = run("git", "ls-files", cwd=root).splitlines()
        return [name for name in names if os.path.exists(os.path.join(root, name))]
    names = []
    for folder, inner, files in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith("build")]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
    return sorted(names)


def library_sources():
    """The sources of the library, below src/ without the tool."""
    found = glob.glob(os.path.join(ROOT, "src", "**", "*.c"), recursive=True)
    return sorted(os.path.relpath(path, ROOT) for path in found
                  if not os.path.relpath(path, ROOT).startswith(os.path.join("src", "inspect")))


def fresh(path):
    """True if the object is newer than all that its .d file names."""
    try:
        made = os.path.getmtime(path)
        with open(path[:-2] + ".d", encoding="utf-8") as f:
            names = f.read().split(":", 1)[1].replace("\\\n", " ").split()
        return all(os.path.getmtime(os.path.join(ROOT, name)) < made for name in names)
    except OSError:
        return False


def public_functions():
    """{module: [its public functions]}, of the headers."""
    found = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "include", "wombatkv", "*.h"))):
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)
        names = re.findall(r"WMBT_API\b[^;(]*?\b(wmbt_\w+)\(", text)
        if names:
            found[os.path.basename(path)[:-2]] = names
    return found


class Build:
    """The library for one machine, compiler, optimisation and configuration."""

    def __init__(self, machine, which, optimisation, base, config=(), sources=None, more=()):
        self.machine, self.which, self.optimisation = machine, which, optimisation
        self.flags = machine.compiler(which) + ["-" + optimisation] + FREESTANDING + list(config) \
            + ["-Iinclude", "-Isrc"] + list(more)
        if which == "gcc":
            self.flags.append("-fcallgraph-info=su,da")
        key = hashlib.sha256(" ".join(self.flags).encode()).hexdigest()[:8]
        self.folder = os.path.join(base, f"{machine.name}-{which}-{optimisation}-{key}")
        self.sources = library_sources() if sources is None else sources
        self.title = f"{machine.name} {which} -{optimisation}"

    def object_of(self, source):
        return os.path.join(self.folder, source.replace(os.sep, "_")[:-2] + ".o")

    def objects(self):
        return [self.object_of(source) for source in self.sources]

    def commands(self):
        os.makedirs(self.folder, exist_ok=True)
        for source in self.sources:
            if not fresh(self.object_of(source)):
                yield self.flags + ["-MMD", "-c", source, "-o", self.object_of(source)]


def compile_all(builds):
    """Compiles what is not fresh, as many at a time as there are processors."""
    commands = [command for build in builds for command in build.commands()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for _ in pool.map(lambda command: run(*command, cwd=ROOT), commands):
            pass


def planted(machine, which, optimisation, folder, text):
    """A build of one source with the given text, for self-tests."""
    source = os.path.join(folder, "planted.c")
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    build = Build(machine, which, optimisation, folder, sources=[source])
    build.object_of = lambda _: os.path.join(build.folder, "planted.o")
    compile_all([build])
    return build


def main(check, self_test, update=None):
    """GATE.py BUILD_DIR | --self-test | --update BUILD_DIR"""
    args = sys.argv[1:]
    if args == ["--self-test"]:
        with tempfile.TemporaryDirectory() as folder:
            problems = self_test(folder)
    elif len(args) == 2 and args[0] == "--update" and update:
        problems = update(args[1])
    elif len(args) == 1:
        problems = check(args[0])
    else:
        sys.exit(main.__doc__)
    if problems is None:
        sys.exit(SKIPPED)
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
