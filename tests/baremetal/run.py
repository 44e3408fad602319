#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs an image in an emulator under a time limit: run.py [--want X TEXT] SECONDS EMULATOR... IMAGE

Passes the image's TAP on. The run counts only if it is whole: a plan, as many results, and an exit
status that agrees with them. Exit status: 0 all cases passed, 1 some failed, 99 anything else (no
emulator, a fault, the time limit, half a report). With --want 1 or --want 99, 0 if and only if it
would have been that and the output has the text: for images that must fail, each in its own way.
"""
import re
import subprocess
import sys

PASSED, FAILED, ERROR = 0, 1, 99


def run(seconds, command):
    """(verdict, output, why)"""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        return ERROR, (late.stdout or b"").decode(errors="replace"), f"no end after {seconds} s"
    except OSError as error:
        return ERROR, "", f"cannot start the emulator: {error}"
    output = done.stdout.decode(errors="replace")
    plan = re.findall(r"^1\.\.(\d+)$", output, re.M)
    results = re.findall(r"^(not )?ok (\d+)", output, re.M)
    status = done.returncode
    if len(plan) == 1 and int(plan[0]) > 0 and not re.search("^Bail out!", output, re.M) \
            and [int(number) for _, number in results] == list(range(1, int(plan[0]) + 1)) \
            and status == (FAILED if any(bad for bad, _ in results) else PASSED):
        return status, output, None
    return ERROR, output, f"status {status}, {len(results)} results" \
        + "".join("; " + line for line in done.stderr.decode(errors="replace").splitlines()[-3:])


def main():
    args = sys.argv[1:]
    want = None
    if args[0] == "--want":
        want, text = int(args[1]), args[2]
        args = args[3:]
    verdict, output, why = run(float(args[0]), args[1:])
    if why is not None and "Bail out!" not in output:
        output += f"\nBail out! {why}\n"
    if want is not None:
        print(f"verdict {verdict}, wanted {want} and {text!r}\n{output}")
        sys.exit(0 if verdict == want and text in output else 1)
    sys.stdout.write(output)
    if verdict != PASSED:  # what --print-errorlogs shows
        sys.stderr.write("".join(line + "\n" for line in output.splitlines()
                                 if re.match("not ok|#|Bail", line)))
    sys.exit(verdict)


main()
