#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ways to the library that README.md names, gone to their end with its program: installed and
found by pkg-config and by CMake, and as a Meson subproject in a folder of any name, which must bring
neither tests nor the tool and install nothing. And the small reader of docs/GUIDE.md, installed: its
options are read out of the document."""
import glob
import json
import os
import re
import shutil
import sys
import tempfile

from common import ROOT, main, run

KEY = "kv/cabi/ds4-metal/wombatkv/v1/block/b3="  # what README's program prints begins so
CONSUMER = """project('consumer', 'c', default_options: ['buildtype=release'])
executable('consumer', 'key.c', dependencies: dependency('wombatkv-core'), install: true)
"""
CMAKE_CONSUMER = """cmake_minimum_required(VERSION 3.18)
project(consumer C)
find_package(wombatkv-core 0.1 REQUIRED)
add_executable(consumer key.c)
target_link_libraries(consumer wombatkv::core)
"""
DOCUMENTS = ["README.md", "LICENSE", "docs/GUIDE.md", "docs/API.md"]


def guide_options(text):
    """The options of the small reader in section 1."""
    section = re.search(r"^## 1\..*?(?=^## )", text, re.M | re.S)
    block = re.search(r"(?:^ {4}-D.*\n)+", section[0] if section else "", re.M)
    options = block[0].split() if block else []
    if not any(option.startswith("-Dmodules=") for option in options):
        raise RuntimeError("GUIDE.md: no -Dmodules=... in section 1")
    return options


def readme_program(folder):
    """README's program that makes a key."""
    extract = os.path.join(ROOT, "tests", "examples", "extract.py")
    program = os.path.join(folder, "key.c")
    run(sys.executable, extract, os.path.join(ROOT, "README.md"), os.path.join(folder, "root.c"),
        program)
    return program


def result(title, program):
    output = run(program)
    return [] if output.startswith(KEY) else [f"{title}: the program prints {output!r}"]


def headers_below(folder):
    paths = glob.glob(os.path.join(folder, "**", "*.h"), recursive=True)
    return {os.path.relpath(path, folder) for path in paths}


def installed(title, project, options, program, folder):
    """Installs the library alone, compiles the program with what pkg-config says, and runs it."""
    build, root = os.path.join(folder, "build"), os.path.join(folder, "root")
    run("meson", "setup", build, project, "--prefix=/opt/w", "--libdir=lib", "-Dtests=disabled",
        "-Dinspect=disabled", *options)
    run("meson", "install", "-C", build, "--destdir", root)
    prefix = os.path.join(root, "opt/w")
    where = {**os.environ, "PKG_CONFIG_SYSROOT_DIR": root,
             "PKG_CONFIG_LIBDIR": os.path.join(prefix, "lib/pkgconfig")}
    flags = run("pkg-config", "--cflags", "--libs", "wombatkv-core", env=where).split()
    missing = headers_below(os.path.join(project, "include")) \
        - headers_below(os.path.join(prefix, "include"))
    problems = [f"{title}: {name} is not installed" for name in sorted(missing)]
    documents = os.path.join(prefix, "share", "doc", "wombatkv-core")
    problems += [f"{title}: {name} is not installed" for name in DOCUMENTS
                 if not os.path.exists(os.path.join(documents, name))]
    run("gcc", program, *flags, "-o", os.path.join(folder, "key"))
    problems += result(title, os.path.join(folder, "key"))
    consumer = os.path.join(folder, "cmake")
    os.makedirs(consumer)
    shutil.copy(program, os.path.join(consumer, "key.c"))
    with open(os.path.join(consumer, "CMakeLists.txt"), "w", encoding="utf-8") as f:
        f.write(CMAKE_CONSUMER)
    run("cmake", "-GNinja", "-S", consumer, "-B", consumer + "/build", "-DCMAKE_PREFIX_PATH=" + prefix)
    run("ninja", "-C", consumer + "/build")
    return problems + result(title + ", CMake", consumer + "/build/consumer")


def introspected(build, what):
    return {item["name"] for item in json.loads(run("meson", "introspect", "--" + what, build))}


def subproject(title, project, program, folder):
    """The program in a Meson project that has the library in subprojects/."""
    consumer, build = os.path.join(folder, "consumer"), os.path.join(folder, "build")
    os.makedirs(os.path.join(consumer, "subprojects"))
    # The .wrap as it stands there, but for the folder's name.
    with open(os.path.join(project, "src", "packaging", "wombatkv-core.wrap"), encoding="utf-8") as f:
        wrap = f.read().replace("directory = wombatkv-core", "directory = elsewhere")
    with open(os.path.join(consumer, "subprojects", "some.wrap"), "w", encoding="utf-8") as f:
        f.write(wrap)
    os.symlink(project, os.path.join(consumer, "subprojects", "elsewhere"))
    shutil.copy(program, consumer)
    with open(os.path.join(consumer, "meson.build"), "w", encoding="utf-8") as f:
        f.write(CONSUMER)
    run("meson", "setup", "--wrap-mode=nodownload", build, consumer)
    extra = introspected(build, "targets") - {"consumer", "wombatkv-core"}
    problems = [f"{title}: target {name}" for name in sorted(extra)]
    problems += [f"{title}: test {name}" for name in sorted(introspected(build, "tests"))]
    if problems:  # there may be many: they are not built
        return problems
    run("ninja", "-C", build)
    root = os.path.join(folder, "root")
    run("meson", "install", "-C", build, "--destdir", root)
    files = [os.path.join(inside, name) for inside, _, names in os.walk(root) for name in names]
    problems = [f"{title}: installs {os.path.relpath(name, root)}" for name in files
                if os.path.basename(name) != "consumer"]
    return problems + result(title, os.path.join(build, "consumer"))


def attempt(title, way, *args):
    """The problems of one way, tried in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return way(title, *args, folder)
        except (RuntimeError, OSError) as error:
            return [f"{title}: {error}"]


def check(_):
    with open(os.path.join(ROOT, "docs", "GUIDE.md"), encoding="utf-8") as f:
        small = guide_options(f.read())
    with tempfile.TemporaryDirectory() as folder:
        program = readme_program(folder)
        return attempt("installed", installed, ROOT, [], program) \
            + attempt("GUIDE.md's small reader", installed, ROOT, small, program) \
            + attempt("subproject", subproject, ROOT, program)


# A stand-in for the library, whose program prints the beginning of a key.
PROJECT = {
    "meson.build": """project('wombatkv-core', 'c')
inc = include_directories('include')
lib = static_library('wombatkv-core', 'lib.c', include_directories: inc,
  install: not meson.is_subproject(),
  c_args: get_option('modules') == 'less' ? ['-DLESS'] : [])
meson.override_dependency('wombatkv-core',
  declare_dependency(link_with: lib, include_directories: inc))
if not meson.is_subproject()
  install_subdir('include/wombatkv', install_dir: get_option('includedir'), exclude_files: [])
  import('pkgconfig').generate(lib, description: 'stand-in')
  foreach name : ['README.md', 'LICENSE', 'docs/GUIDE.md', 'docs/API.md']
    install_data(name, rename: name, install_dir: 'share/doc/wombatkv-core')
  endforeach
  install_data('wombatkv-coreConfig.cmake', 'wombatkv-coreConfigVersion.cmake', install_dir: 'lib/cmake/wombatkv-core')
endif
if get_option('tests').enabled() or (get_option('tests').auto() and not meson.is_subproject())
  test('unit', find_program('true'))
endif
if get_option('inspect').auto() and not meson.is_subproject()
  executable('tool', 'lib.c')
endif
""",
    "meson_options.txt": """option('modules', type: 'combo', choices: ['all', 'less'])
option('tests', type: 'feature', value: 'auto')
option('inspect', type: 'feature', value: 'auto')
""",
    "include/wombatkv/key.h": "const char *wmbt_key(void);\n",
    "include/wombatkv/more.h": "",
    "README.md": "", "LICENSE": "", "docs/GUIDE.md": "", "docs/API.md": "",
    "src/packaging/wombatkv-core.wrap": "[wrap-git]\nurl = https://example.org\nrevision = 1\n"
                                    "directory = wombatkv-core\n[provide]\n"
                                    "dependency_names = wombatkv-core\n",
    "wombatkv-coreConfig.cmake": """set(wombatkv-core_VERSION 0.1)
add_library(wombatkv::core STATIC IMPORTED)
set_target_properties(wombatkv::core PROPERTIES
  IMPORTED_LOCATION "${CMAKE_CURRENT_LIST_DIR}/../../libwombatkv-core.a"
  INTERFACE_INCLUDE_DIRECTORIES "${CMAKE_CURRENT_LIST_DIR}/../../../include")
""",
    "wombatkv-coreConfigVersion.cmake": "set(PACKAGE_VERSION 0.1)\nset(PACKAGE_VERSION_COMPATIBLE 1)\n",
    "lib.c": """#include <wombatkv/key.h>
const char *wmbt_key(void)
{
#ifdef LESS
    return "";
#else
    return "%s";
#endif
}
""" % KEY,
}
PROGRAM = """#include <stdio.h>
#include <wombatkv/key.h>
int main(void)
{
    return puts(wmbt_key()) < 0;
}
"""
# What must be said, and what is planted in the stand-in's meson.build: which text goes, what comes.
PLANTED_INSTALLED = [
    ("key.h: No such file", "install_subdir('include/wombatkv'", "#"),
    ("LICENSE is not installed", "'LICENSE', ", ""),
    ("CMake", "install_data('wombatkv-coreConfig.cmake'", "#"),
    ("more.h is not installed", "[])\n  import", "['more.h'])\n  import"),
    ("Package wombatkv-core was not found", "import('pkgconfig')", "#"),
    ("undefined reference", "generate(lib, ", "generate(name: 'wombatkv-core', "),
    ("the program prints '\\n'", "'less' ?", "'all' ?"),
]
PLANTED_SUBPROJECT = [
    ("installs usr/local/lib", "install: not meson.is_subproject()", "install: true"),
    ("installs usr/local/share", "if not meson.is_subproject()\n  install", "if true\n  install"),
    ("test unit", "(get_option('tests').auto() and not meson.is_subproject())", "true"),
    ("target tool", "get_option('inspect').auto() and not meson.is_subproject()", "true"),
    ("wombatkv-core", "meson.override_dependency(", "#"),
    ("the program prints '\\n'", "'less' ?", "'all' ?"),
]


def write_project(folder, old="", new=""):
    for name, text in {**PROJECT, "key.c": PROGRAM}.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new) if name == "meson.build" and old else text)
    return folder, os.path.join(folder, "key.c")


def self_test(folder):
    project, program = write_project(folder)
    missed = attempt("installed", installed, project, [], program)
    missed += attempt("subproject", subproject, project, program)
    cases = [(want, attempt("less", installed, project, ["-Dmodules=" + value], program))
             for want, value in (("the program prints '\\n'", "less"), ("not one of the", "none"))]
    for want, old, new in PLANTED_INSTALLED:
        write_project(folder, old, new)
        cases.append((want, attempt("installed", installed, project, [], program)))
    for want, old, new in PLANTED_SUBPROJECT:
        write_project(folder, old, new)
        cases.append((want, attempt("subproject", subproject, project, program)))
    missed += [f"not caught: {want}: {found}" for want, found in cases
               if not any(want in problem for problem in found)]
    text = "## 1. Link\n\n    -Dmodules=a,b\n    -Dx=1 -Dy=2\n\nOr:\n\n    -Dmodules=c\n\n## 2.\n    -Dz=3\n"
    if guide_options(text) != ["-Dmodules=a,b", "-Dx=1", "-Dy=2"]:
        missed.append(f"options {guide_options(text)}")
    try:
        missed.append(f"not caught: {guide_options(text.replace('modules', 'm'))}")
    except RuntimeError:
        pass
    return missed


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(check, self_test)
