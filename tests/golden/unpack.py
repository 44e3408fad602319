#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Unpacks the golden archives into the build tree: unpack.py STAMP DIR ARCHIVE...

Packed members are unpacked too: every *.xz file, and bucket/bucket.tar.xz. Checks the sums that the
golden data itself carries (engine/SHA256SUMS and the bucket's MANIFEST.tsv).
"""
import hashlib
import lzma
import os
import shutil
import sys
import tarfile


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(f.read()).hexdigest()


def unpack(archive, folder):
    with tarfile.open(archive, "r:xz") as tar:
        for member in tar.getmembers():
            if not (member.isfile() or member.isdir()) or member.name.startswith(("/", "..")):
                sys.exit(f"{archive}: unexpected member {member.name}")
        tar.extractall(folder)


def check_sums(folder):
    with open(os.path.join(folder, "engine", "SHA256SUMS")) as f:
        for line in f:
            want, name = line.split()
            if sha256(os.path.join(folder, "engine", name)) != want:
                sys.exit(f"engine/{name}: wrong SHA-256")
    with open(os.path.join(folder, "bucket", "MANIFEST.tsv"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    for key, size, want in (row[:3] for row in rows[1:]):
        if size == "-":
            continue
        path = os.path.join(folder, "bucket", "bucket", key)
        if os.path.getsize(path) != int(size) or sha256(path) != want:
            sys.exit(f"bucket: {key}: wrong size or SHA-256")


def main():
    stamp, folder, archives = sys.argv[1], sys.argv[2], sys.argv[3:]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for archive in archives:
        unpack(archive, folder)
    unpack(os.path.join(folder, "bucket", "bucket.tar.xz"), os.path.join(folder, "bucket"))
    for root, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".xz") and not name.endswith(".tar.xz"):
                path = os.path.join(root, name)
                with lzma.open(path) as packed, open(path[:-3], "wb") as plain:
                    shutil.copyfileobj(packed, plain)
    check_sums(folder)
    with open(stamp, "w") as f:
        f.write("ok\n")


main()
