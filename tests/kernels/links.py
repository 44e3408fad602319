#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs in which the loader picks kernels, in every way that linkers and compilers make them: each
must start, find the best kernels for this CPU and compute what is published: links.py FOLDER"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLAGS = ["-std=gnu11", "-O1", "-DWMBT_CFG_DISPATCH=1", "-Iinclude", "-Isrc", "-Itests/support"]
PROGRAM = ["tests/kernels/chosen.c", "tests/support/kernels.c"]
EACH = "tests/kernels/each.c"
HERE = [[]]
# CPUs with fewer instruction sets, as an emulator plays them.
OLDER = [["qemu-x86_64", "-cpu", cpu] for cpu in ("qemu64", "Westmere", "Haswell", "max")]
AARCH64 = [["qemu-aarch64", "-cpu", cpu, "-L", "/usr/aarch64-linux-gnu"] for cpu in ("max", "cortex-a57")]
GCC = {
    "-O0": ["-O0"],
    "-O3, position-independent": ["-O3", "-fPIE", "-pie"],
    "-static": ["-static"],
    "-static-pie": ["-static-pie", "-fPIE"],
    "-z now, not position-independent": ["-Wl,-z,now", "-Wl,-z,relro", "-fno-pie", "-no-pie"],
    "-z lazy": ["-Wl,-z,lazy"],
    "-fno-plt": ["-fno-plt", "-fPIE", "-pie"],
    "stack protector": ["-fstack-protector-all", "-D_FORTIFY_SOURCE=2"],
    "stack protector, -static-pie": ["-fstack-protector-all", "-static-pie", "-fPIE"],
    "AddressSanitizer, UBSan, -z now": ["-fsanitize=address,undefined", "-Wl,-z,now",
                                        "-fno-sanitize-recover=all"],
    "ThreadSanitizer": ["-fsanitize=thread"],
    "profiling": ["-fprofile-arcs", "-ftest-coverage"],
    "-finstrument-functions": ["-finstrument-functions"],
    "link-time optimisation": ["-flto"],
}
CLANG = {
    "-O3": ["-O3"],
    "stack protector, -static": ["-fstack-protector-all", "-static"],
    "AddressSanitizer": ["-fsanitize=address"],
    "MemorySanitizer": ["-fsanitize=memory", "-fPIE", "-pie"],
    "fuzzer": ["-fsanitize=fuzzer-no-link,address"],
    "coverage": ["-fprofile-instr-generate", "-fcoverage-mapping"],
}


def sources():
    found = glob.glob(os.path.join(ROOT, "src", "**", "*.c"), recursive=True)
    return sorted(os.path.relpath(path, ROOT) for path in found
                  if not os.path.relpath(path, ROOT).startswith(os.path.join("src", "inspect")))


def chosen():
    """What the programs need, the modules with kernels: as one file they compile in a moment."""
    return [name for name in sources()
            if name.startswith(("src/hash/", "src/format/zstd/", "src/base/"))]


def one_file(folder, name, files):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(f'#include "{file[len("src/"):]}"\n' for file in files))
    return path


def run(command, **more):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=300, **more)
    return done.returncode, done.stdout


def attempt(folder, title, command, program, emulators):
    """(title, what went wrong or None, what it printed)"""
    code, output = run(command + ["-o", program])
    if code != 0:
        return title, "not built: " + output[-1500:], ""
    environment = dict(os.environ, LLVM_PROFILE_FILE=os.path.join(folder, "profile"),
                       GCOV_PREFIX=folder)
    for emulator in emulators:
        code, output = run(emulator + [program], env=environment)
        if code != 0:
            return title, f"{' '.join(emulator)} ended with {code}: {output[-1500:]}", output
    return title, None, output


def attempts(folder):
    """(title, command without its -o, what it is run by)"""
    whole = one_file(folder, "chosen_library.c", chosen())
    everything = one_file(folder, "library.c", sources())
    for compiler, ways in ("gcc", GCC), ("clang-19", CLANG):
        for way, flags in ways.items():
            yield f"{compiler} {way}", [compiler, *FLAGS, *flags, whole, *PROGRAM], HERE
    yield "gcc, all sources in one command", ["gcc", *FLAGS, *sources(), *PROGRAM], HERE
    yield "clang-19, all sources as one file", ["clang-19", *FLAGS, everything, *PROGRAM], HERE
    yield "gcc -march=native, all sources as one file", \
        ["gcc", *FLAGS, "-march=native", everything, *PROGRAM], HERE
    each = [EACH, PROGRAM[1]]
    yield "older CPUs: which kernels", ["gcc", *FLAGS, "-static", whole, *PROGRAM], OLDER
    yield "older CPUs: each kernel", ["gcc", *FLAGS, "-static", whole, *each], OLDER
    if shutil.which("aarch64-linux-gnu-gcc") and shutil.which("qemu-aarch64"):
        arm = ["aarch64-linux-gnu-gcc", *FLAGS, whole]
        yield "AArch64: which kernels, -static", [*arm, "-static", *PROGRAM], AARCH64
        yield "AArch64: which kernels, stack protector, -z now", \
            [*arm, "-fPIE", "-pie", "-Wl,-z,now", "-fstack-protector-all", *PROGRAM], AARCH64
        yield "AArch64: each kernel", [*arm, "-static", *each], AARCH64
    library = os.path.join(folder, "libchosen.so")
    code, output = run(["gcc", *FLAGS, "-fPIC", "-shared", "-Wl,-z,now", "-Dmain=wmbt_test_main", whole,
                        *PROGRAM, "-o", library])
    main_file = os.path.join(folder, "main.c")
    with open(main_file, "w", encoding="utf-8") as f:
        f.write("int wmbt_test_main(void); int main(void) { return wmbt_test_main(); }\n")
    yield "in a shared library" + (output if code else ""), \
        ["gcc", main_file, library, "-Wl,-rpath," + os.path.abspath(folder)], HERE


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    todo = list(attempts(folder))
    bad, shown = 0, False
    print(f"1..{len(todo)}")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        def one(item):
            number, (title, command, emulators) = item
            return attempt(folder, title, command, os.path.join(folder, f"p{number}"), emulators)
        for number, (title, problem, output) in enumerate(pool.map(one, enumerate(todo)), 1):
            if not shown and problem is None:
                print(output, end="")
                shown = True
            print(f"{'not ok' if problem else 'ok'} {number} - {title}")
            if problem:
                bad += 1
                print("".join(f"# {line}\n" for line in problem.splitlines()), end="")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
