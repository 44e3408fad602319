# SPDX-License-Identifier: Apache-2.0
"""Sessions in a document: blocks of ```console, each "$ COMMAND" followed by what it prints.

    console.py FILE DIR    prints the document with what the commands print now

Commands run in DIR, one after the other, by sh; a command goes on in the next line behind a
backslash. "$ echo $?" is the exit status of the one before. "$ cat NAME" of a file that is not there
makes it of what stands below.
"""
import os
import subprocess
import sys


def run(command, folder, code, env):
    """What a command prints (standard output, then standard error), and its exit status."""
    done = subprocess.run(["sh", "-c", f"(exit {code})\n{command}"], cwd=folder, env=env,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    return (done.stdout + done.stderr).decode(), done.returncode


def block(lines, folder, env):
    """The lines of one block as they are now."""
    out, code = [], 0
    at = 0
    while at < len(lines):
        command = [lines[at]]
        at += 1
        while command[-1].endswith("\\"):
            command.append(lines[at])
            at += 1
        below = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        text = "\n".join(command)[2:]
        name = text[4:] if text.startswith("cat ") else None
        if name and not os.path.exists(os.path.join(folder, name)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write("".join(line + "\n" for line in lines[below:at]))
        printed, code = run(text, folder, code, env)
        out += command + printed.splitlines()
    return out


def document(text, folder, env):
    """The document as it would be if it were written now."""
    out, inside = [], None
    for line in text.splitlines():
        if inside is not None and line == "```":
            out += block(inside, folder, env)
            inside = None
        if inside is None:
            out.append(line)
        else:
            inside.append(line)
        if line == "```console":
            inside = []
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as source:
        sys.stdout.write(document(source.read(), sys.argv[2], dict(os.environ)))
