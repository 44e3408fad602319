#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs `wombatkv identity` on the identity files of the model: check_identity_tool.py TOOL VECTORS

Exit status, fingerprint, model digest and what is printed of each field must be the model's. Names
that can never be accepted are refused.
"""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing is written beside the sources
import fingerprint_model as model


def run(tool, path, options):
    done = subprocess.run([tool, "identity", "--json", path] + options, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def same_fields(text, fields):
    """Each field printed is, read again, the one of the file; null is unknown."""
    context = model.parse_file(text, model.new_context())
    for name in model.NAMES:
        printed = fields.get(name)
        again = (model.UNKNOWN, None) if printed is None else model.parse_value(name,
                                                                                printed.encode())
        if again != context[name]:
            return False
    return set(fields) == set(model.NAMES)


def main():
    tool, vectors = sys.argv[1:]
    failures, done = [], 0
    with open(vectors, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.identity")
        for name, start, text, accept, _, fingerprint, digest in rows:
            if start != "-":
                continue
            with open(path, "wb") as f:
                f.write(model.expand(text))
            options = []
            for field in accept.split(",") if accept != "-" else []:
                zero = field == model.ZERO_OPTION
                options += ["--accept-zero-layout"] if zero else ["--accept-unknown", field]
            status, out, err = run(tool, path, options)
            done += 1
            if fingerprint == "refused":
                good = status == 2 and out == b"" and err.count(b"\n") == 1 and path.encode() in err
            else:
                known = fingerprint != "unknown-context"
                try:
                    said = json.loads(out)
                except ValueError:
                    said = {}
                good = (status == (0 if known else 1) and "fingerprint" in said
                        and same_fields(model.expand(text), said.get("fields", {}))
                        and said["fingerprint"] == (fingerprint if known else None)
                        and said.get("model_digest", "") == (digest if digest != "-" else None))
            if not good:
                failures.append("%s: exit %d\n%s%s" % (name, status, out.decode(),
                                                       err.decode(errors="replace")))
        with open(path, "wb") as f:
            f.write(model.plain(model.BASE))
        for field in ("tenant", "cache_salt", "no_such_field", "", "zero-layout", "Layout"):
            status, out, err = run(tool, path, ["--accept-unknown", field])
            done += 1
            if status != 2 or out != b"" or err.count(b"\n") != 1:
                failures.append("--accept-unknown '%s': exit %d\n%s" % (field, status,
                                                                        err.decode()))
    for text in failures[:20]:
        print(text)
    print("%d runs, %d not as the model says" % (done, len(failures)))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
